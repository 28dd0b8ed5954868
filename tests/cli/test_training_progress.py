"""What is shown while a training runs is true of now: its phase at once, no old evaluation, no line twice."""

from __future__ import annotations

import pytest

from cli_tuner.cli.training_progress import TrainingProgress


def test_the_phase_is_shown_from_the_start_and_each_once(capsys: pytest.CaptureFixture[str]) -> None:
    phases = iter(["", "loading_data", "loading_data", "loading_model", "unheard_of"])
    with TrainingProgress(lambda: next(phases)) as progress:
        for _ in range(5):
            progress.observe([])
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" …")[0] for line in lines] == ["starting Axolotl", "reading the rows", "loading the model"]


def test_an_evaluation_loss_is_shown_with_its_own_step_and_the_summary_is_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with TrainingProgress() as progress:
        progress.observe([{"step": 1, "max_steps": 2, "loss": 2.5}, {"step": 1, "max_steps": 2, "eval_loss": 2.25}])
        progress.observe([{"step": 2, "max_steps": 2, "loss": 2.0}, {"step": 2, "max_steps": 2, "train_loss": 2.2}])
    lines = capsys.readouterr().err.splitlines()[1:]
    assert lines == ["step 1/2  loss 2.5", "step 1/2  loss 2.5  eval loss 2.25", "step 2/2  loss 2"]
