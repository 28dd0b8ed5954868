"""The worked examples of docs/contributing.md hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli_tuner.config.targets import find_target
from cli_tuner.shell.programs.program import program

pytestmark = pytest.mark.contract
PAGE = Path("docs/contributing.md").read_text("utf-8")


def fences(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_the_examples_in_python_run() -> None:
    row, example = fences("python")
    exec(compile(row, "contributing.md", "exec"), {"program": program})
    exec(compile(example, "contributing.md", "exec"), {})


def test_the_gpu_of_the_example_can_be_planned_for(tmp_path: Path) -> None:
    (row,) = fences("yaml")
    (tmp_path / "gpus.yaml").write_text(row, "utf-8")
    target = find_target("a40", tmp_path / "gpus.yaml")
    assert target.name == "NVIDIA A40" and target.bf16
