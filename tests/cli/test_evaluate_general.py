"""`cli-tuner evaluate --suite …,general`: kept in the report, not run twice, never alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.backends import hf_model, lm_eval_tasks, wandb_evaluation
from cli_tuner.cli.main import main
from tests.cli.test_evaluate import GOOD, Pair

FOLDER = Path("models/checkpoints/smoke")
EVALUATE = ("evaluate", "--checkpoint-dir", str(FOLDER), "--allow-cpu", "--suite", "domain,general")
SCORE = {"value": 0.5, "n": 4, "ci_low": 0.1, "ci_high": 0.9, "method": "lm_eval_stderr"}


@pytest.fixture
def ran(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put fakes behind the ports; return what the harness was asked."""
    asked: list[Any] = []

    def run_tasks(base_model: str, tuned: Path, other: Path | None, tasks: lm_eval_tasks.Tasks) -> dict[str, Any]:
        asked.append((base_model, tuned, other, tasks.names, tasks.limit))
        return {"base": {"t": {"acc": SCORE}}, "tuned": {"t": {"acc": {**SCORE, "value": 0.25}}}}

    monkeypatch.setattr(hf_model, "HfPair", Pair)
    monkeypatch.setattr(hf_model, "adapter_facts", lambda _: GOOD)
    monkeypatch.setattr(wandb_evaluation, "track_evaluation", lambda *_, **__: {"mode": "offline"})
    monkeypatch.setattr(lm_eval_tasks, "run_tasks", run_tasks)
    monkeypatch.setattr(lm_eval_tasks, "facts", lambda names: {"tasks": list(names)})
    return asked


def test_it_is_kept_in_the_report_and_not_run_twice(ran: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EVALUATE, "--general-tasks", "t", "--limit", "9", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["general"]["tuned"]["t"]["acc"]["value"] == 0.25
    assert found["base"]["exact_match"]["n"] == 1
    (report,) = Path("models/runs").glob("*/evaluation.json")
    assert json.loads(report.read_text("utf-8"))["general"] == found["general"]
    assert ran == [("models/base", FOLDER, None, ("t",), 9)]
    assert main([*EVALUATE, "--general-tasks", "t", "--limit", "9"]) == 0
    assert len(ran) == 1
    assert "t: acc" in capsys.readouterr().out
    assert main([*EVALUATE, "--general-tasks", "t,u", "--limit", "9"]) == 0
    assert len(ran) == 2


def test_it_never_stands_alone(ran: list[Any], refused: Callable[..., str]) -> None:
    assert "goes beside another suite" in refused(*EVALUATE[:-1], "general", code=2)
    assert ran == []
