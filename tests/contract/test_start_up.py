"""The command line starts light: no heavy package is imported to show help or to refuse a wrong config."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.contract

HEAVY = (
    "torch",
    "transformers",
    "axolotl",
    "datasets",
    "wandb",
    "pandas",
    "matplotlib",
    "peft",
    "accelerate",
    "numpy",
)
PROBE = """
import json, sys
from cli_tuner.cli.main import main
code = main({argv!r})
print(json.dumps([code, sorted(name for name in {heavy!r} if name in sys.modules), "rich" in sys.modules]))
"""


def probe(*argv: str) -> tuple[int, list[str], bool]:
    script = PROBE.format(argv=list(argv), heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, heavy, rich = json.loads(done.stdout.splitlines()[-1])
    return code, heavy, rich


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["train", "--help"],
        ["validate", "--help"],
        ["prepare", "--help"],
        ["check", "--help"],
        ["generate", "--help"],
        ["serve", "--help"],
        ["merge", "--help"],
        ["publish", "--help"],
        ["export", "--help"],
    ],
)
def test_help_imports_nothing_heavy(argv: list[str]) -> None:
    code, heavy, rich = probe(*argv)
    assert (code, heavy, rich) == (0, [], False)


def test_a_wrong_config_is_refused_without_anything_heavy() -> None:
    code, heavy, _ = probe("train", "--config", "configs/full.yaml", "--set", "lora_rr=8")
    assert (code, heavy) == (2, [])


def test_a_missing_checkpoint_is_refused_without_torch() -> None:
    code, heavy, _ = probe("validate", "--checkpoint-dir", "no/such/folder")
    assert (code, heavy) == (2, [])
