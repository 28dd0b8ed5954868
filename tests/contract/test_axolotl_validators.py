"""Axolotl's validators beside stand-ins say what they say with everything that they import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends.axolotl_check import ask
from cli_tuner.config.axolotl import known_keys
from cli_tuner.config.check import check
from cli_tuner.config.deep import plain
from cli_tuner.config.load import load
from tests.config.test_foreign import CROSS_KEYS, PLAIN

pytestmark = pytest.mark.contract
HOPPER = {"bf16": True, "fp8": True, "tf32": True, "n_gpu": 1, "compute_capability": "sm_90"}
RECIPES = ("full", "smoke", "toy", "demo", "low_vram", "style_transfer")


def both(raw: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask beside stand-ins, in the real child, and with all imports, in this process."""
    from axolotl.integrations.base import PluginManager

    question = json.dumps({"config": raw, "capabilities": HOPPER, "deep": False})
    child = [sys.executable, "-m", "cli_tuner.backends.axolotl_check"]
    done = subprocess.run(child, input=question, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    PluginManager.get_instance().plugins.clear()
    return json.loads(done.stdout.splitlines()[-1]), ask(json.loads(json.dumps(raw)), HOPPER)


def agree(raw: dict[str, Any]) -> None:
    light, whole = both(raw)
    assert light["unanswered"] == []
    assert light["faults"] == whole["faults"]
    assert {key for key in light["realised"] if key not in whole["realised"]} == set()


@pytest.mark.parametrize("recipe", RECIPES)
def test_our_recipes_are_judged_alike(recipe: str) -> None:
    agree(plain(load(Path("configs") / f"{recipe}.yaml").axolotl))


@pytest.mark.parametrize("kind", CROSS_KEYS)
def test_what_is_refused_across_keys_is_refused_alike(kind: str) -> None:
    raw = {**PLAIN, **CROSS_KEYS[kind][0]}
    agree({key: value for key, value in raw.items() if value != "-"})


def test_every_plugin_that_ships_can_be_named_beside_stand_ins() -> None:
    for name in sorted(known_keys()["plugins"]):
        if "llm_compressor" not in name:  # its third party is not installed: Axolotl itself only logs that
            question = json.dumps({"config": {**PLAIN, "plugins": [name]}, "capabilities": HOPPER, "deep": False})
            child = [sys.executable, "-m", "cli_tuner.backends.axolotl_check"]
            done = subprocess.run(child, input=question, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, (name, done.stderr[-1000:])
            answer = json.loads(done.stdout.splitlines()[-1])
            assert answer["unanswered"] == [], (name, answer)


def test_targets_are_looked_up_among_the_modules_of_a_base_that_is_here(tmp_path: Path) -> None:
    from transformers import AutoConfig

    sizes = {
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 99,
    }
    AutoConfig.for_model("phi", **sizes).save_pretrained(tmp_path / "base")
    flags = [f"base_model={tmp_path}/base", "lora_target_modules=[q_proj, Wqkv]"]
    found = [one for one in check(Path("configs/smoke.yaml"), flags, deep=True).errors if one.id == "unknown-targets"]
    assert any("no module" in one.why and "Wqkv" in one.why and "q_proj" not in one.why for one in found)


def test_a_plugin_that_starts_programs_when_it_is_registered_starts_none(tmp_path: Path) -> None:
    plugin = "axolotl.integrations.nemo_gym.NemoGymPlugin"
    gym = {"plugins": [plugin], "nemo_gym_enabled": True, "nemo_gym_dir": str(tmp_path / "gym")}
    question = json.dumps({"config": {**PLAIN, **gym}, "capabilities": HOPPER, "deep": False})
    child = [sys.executable, "-m", "cli_tuner.backends.axolotl_check"]
    done = subprocess.run(child, input=question, capture_output=True, text=True, timeout=120)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert any("would start `git clone" in text for text in answer["warnings"])
    assert any("nemo_gym_config_paths" in text for text in answer["faults"])
    assert list(tmp_path.iterdir()) == []
