"""Every recipe that we ship is a config that the installed Axolotl accepts whole, on the GPU it is meant for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends.axolotl_schema import axolotl_keys
from cli_tuner.config.axolotl import known_keys
from cli_tuner.config.load import load
from cli_tuner.config.versions import axolotl_version

pytestmark = pytest.mark.contract

CONFIGS = Path("configs")
NOT_AXOLOTL = (
    "configs/data/",
    "configs/accelerate/",
    "configs/cluster/",
    "configs/search/",
    "configs/safety.yaml",
    "configs/gpus.yaml",
    "configs/ship.yaml",
)
RECIPES = [path for path in sorted(CONFIGS.rglob("*.yaml")) if not path.as_posix().startswith(NOT_AXOLOTL)]
AMPERE = {"bf16": True, "fp8": False, "tf32": True, "n_gpu": 1, "compute_capability": "sm_86"}
CPU = {"bf16": False, "fp8": False, "tf32": False, "n_gpu": 1, "compute_capability": None}


def validated(raw: dict[str, Any], capabilities: dict[str, Any]) -> Any:
    from axolotl.cli.config import prepare_plugins
    from axolotl.utils.config import validate_config
    from axolotl.utils.dict import DictDefault

    config = DictDefault(raw)
    prepare_plugins(config)
    return validate_config(config, capabilities=capabilities, env_capabilities={"torch_version": "2.13.0"})


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, child in value.items() for k, v in leaves(child, f"{path}.{key}".lstrip(".")).items()}
    return {path: value}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.as_posix())
def test_axolotl_accepts_the_recipe_and_drops_nothing_of_it(path: Path, tmp_path: Path) -> None:
    config = load(path)
    raw = config.complete()
    raw["output_dir"] = raw["cli_tuner"]["run_dir"] = str(tmp_path)
    accepted = validated(raw, AMPERE)
    kept = leaves(accepted.to_dict())
    missing = [key for key in config.axolotl if key not in {name.split(".")[0] for name in kept}]
    assert missing == []


def test_full_is_the_recipe_that_the_readme_promises() -> None:
    raw = load(CONFIGS / "full.yaml").axolotl
    assert raw["base_model"] == "Qwen/Qwen2.5-Coder-7B-Instruct"
    assert (raw["adapter"], raw["load_in_4bit"]) == ("qlora", True)
    assert (raw["lora_r"], raw["lora_alpha"], raw["lora_dropout"]) == (8, 16, 0.05)
    assert raw["lora_target_modules"] == ["q_proj", "k_proj", "v_proj", "o_proj"]
    assert raw["micro_batch_size"] * raw["gradient_accumulation_steps"] == 4
    assert (raw["max_steps"], raw["warmup_steps"], raw["learning_rate"]) == (500, 50, 0.0002)
    assert (raw["save_steps"], raw["save_total_limit"], raw["eval_steps"], raw["logging_steps"]) == (
        100,
        3,
        50,
        10,
    )
    assert raw["val_set_size"] == 0
    assert raw["test_datasets"][0]["path"] == "data/processed/val.jsonl"
    assert raw["output_dir"] == "models/checkpoints/phase2-final"


def test_full_parses_as_the_file_stands_without_our_loader(tmp_path: Path) -> None:
    import yaml

    raw = yaml.safe_load((CONFIGS / "full.yaml").read_text("utf-8"))
    raw["output_dir"] = str(tmp_path)
    assert validated(raw, AMPERE).adapter == "qlora"


def test_smoke_is_accepted_on_a_machine_without_a_gpu(tmp_path: Path) -> None:
    raw = load(CONFIGS / "smoke.yaml").complete()
    raw["output_dir"] = str(tmp_path)
    assert validated(raw, CPU).load_in_4bit is True


def test_our_section_reaches_the_plugin_typed_and_a_misspelled_key_in_it_is_refused(tmp_path: Path) -> None:
    raw = load(CONFIGS / "smoke.yaml").complete()
    raw["output_dir"] = str(tmp_path)
    assert validated(raw, CPU).cli_tuner.phase == "smoke"
    raw["cli_tuner"]["fase"] = "smoke"
    with pytest.raises(ValueError, match="fase"):
        validated(raw, CPU)


def test_the_cached_schema_of_the_installed_axolotl_is_what_it_says_itself() -> None:
    assert axolotl_version().is_installed, "run `make schema`: this version has no file yet"
    assert known_keys() == axolotl_keys()


def test_axolotl_itself_drops_an_unknown_key_without_a_word(tmp_path: Path) -> None:
    """The reason for our own list; without our plugin, which refuses it."""
    raw = {
        **load(CONFIGS / "smoke.yaml").axolotl,
        "output_dir": str(tmp_path),
        "wandb_run_name": "x",
        "plugins": None,
    }
    assert "wandb_run_name" not in validated(raw, CPU)


def test_our_plugin_refuses_an_unknown_key_also_without_our_launcher(tmp_path: Path) -> None:
    from cli_tuner.errors import ConfigError

    raw = {**load(CONFIGS / "smoke.yaml").complete(), "output_dir": str(tmp_path), "wandb_run_name": "x"}
    with pytest.raises(ConfigError, match="did you mean wandb_name"):
        validated(raw, CPU)
