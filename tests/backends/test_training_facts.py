"""What is recorded is what was saved; what tracks a training never ends it; a finished run trains no step more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.contract

LINES = [
    {"step": 0, "eval_loss": 7.0},
    {"step": 1, "loss": 6.9},
    {"step": 2, "loss": 6.8},
    {"step": 2, "eval_loss": 6.856},
    {"step": 3, "loss": 6.7},
    {"step": 4, "loss": 6.988},
    {"step": 4, "eval_loss": 6.883},
]


def test_the_losses_are_those_of_the_step_that_was_saved() -> None:
    from cli_tuner.backends.training_record import losses_of

    found = losses_of(LINES, 2)
    assert found["eval_loss_final"] == {"step": 2, "value": 6.856}
    assert found["train_loss_final"] == {"step": 2, "value": 6.8}
    assert found["eval_loss_first"] == {"step": 0, "value": 7.0}
    assert losses_of(LINES, 4)["eval_loss_final"]["value"] == 6.883


def test_an_evaluation_of_another_step_is_not_taken_for_that_of_the_saved_one() -> None:
    from cli_tuner.backends.training_record import losses_of

    found = losses_of(LINES, 3)
    assert "eval_loss_final" not in found
    assert found["train_loss_final"]["step"] == 3


@pytest.mark.parametrize(
    ("best", "asked", "step"), [("out/checkpoint-2", True, 2), ("out/checkpoint-2", False, 9), (None, True, 9)]
)
def test_the_saved_step_is_the_best_only_where_the_config_asks(best: str | None, asked: bool, step: int) -> None:
    from cli_tuner.backends.training_callback import saved_step

    state = SimpleNamespace(best_model_checkpoint=best, global_step=9)
    assert saved_step(SimpleNamespace(load_best_model_at_end=asked), state) == step


def follow(trainer: Any) -> Any:
    from cli_tuner.backends.training_callback import FollowCallback

    return FollowCallback(trainer, None, None, SimpleNamespace(begin=lambda _: None), SimpleNamespace())  # type: ignore[arg-type]


def trainer_at(step: int) -> Any:
    return SimpleNamespace(
        state=SimpleNamespace(global_step=step, max_steps=10, best_model_checkpoint=None, log_history=[]),
        control=SimpleNamespace(should_training_stop=False, should_save=False),
        get_batch_samples=lambda *_: (["a batch"], 7),
        args=SimpleNamespace(load_best_model_at_end=False),
        eval_dataset=["a row"],
        evaluate=lambda: None,
    )


@pytest.mark.parametrize(("step", "batches", "stops"), [(9, (["a batch"], 7), False), (10, ([], None), True)])
def test_a_run_that_resumes_at_its_last_step_trains_none_more(step: int, batches: Any, stops: bool) -> None:
    trainer = trainer_at(step)
    follow(trainer)
    assert trainer.get_batch_samples(iter([]), 1, "cpu") == batches
    assert trainer.control.should_training_stop is stops


@pytest.mark.parametrize(
    ("logged", "n"), [([], 1), ([{"step": 9, "eval_loss": 1.0}], 1), ([{"step": 10, "eval_loss": 1.0}], 0)]
)
def test_what_was_saved_is_evaluated_once(logged: list[dict[str, Any]], n: int) -> None:
    trainer = trainer_at(10)
    trainer.state.log_history = logged
    evaluations: list[int] = []
    trainer.evaluate = lambda: evaluations.append(1)
    follow(trainer).evaluate_what_was_saved()
    assert len(evaluations) == n


def test_a_tracker_that_fails_is_warned_about_once_and_called_no_more() -> None:
    from transformers import TrainerCallback

    from cli_tuner.backends.training_trackers import guard

    class MLflowCallback(TrainerCallback):  # type: ignore[misc]
        calls = 0

        def on_log(self, *_: Any, **__: Any) -> None:
            self.calls += 1
            raise ConnectionError("no server\nand more")

    class Ours(TrainerCallback):  # type: ignore[misc]
        def on_log(self, *_: Any, **__: Any) -> None:
            raise ArithmeticError

    tracker, ours, said = MLflowCallback(), Ours(), list[str]()
    guard([tracker, ours], said.append)
    for _ in range(3):
        tracker.on_log(None, None, None)
    assert tracker.calls == 1
    assert said == ["MLflowCallback failed (ConnectionError: no server): the training goes on without it"]
    with pytest.raises(ArithmeticError):
        ours.on_log(None, None, None)


def test_wandb_that_fails_in_mid_run_says_how_to_upload_what_it_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import TrainerCallback

    from cli_tuner.backends.training_trackers import guard

    class WandbCallback(TrainerCallback):  # type: ignore[misc]
        def on_log(self, *_: Any, **__: Any) -> None:
            raise ConnectionError("no server")

    monkeypatch.setenv("WANDB_DIR", "models/runs/mine")
    tracker, said = WandbCallback(), list[str]()
    guard([tracker], said.append)
    tracker.on_log(None, None, None)
    assert said[0].endswith("; upload what it kept with `wandb sync models/runs/mine/wandb/*run-*`")


def test_wandb_that_refuses_goes_on_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    from cli_tuner.backends.training_trackers import keep_wandb_going

    modes: list[str] = []

    def init(**kwargs: Any) -> str:
        modes.append(kwargs.get("mode", "online"))
        if modes[-1] != "offline":
            raise wandb.errors.CommError("500")
        return "a run"

    said: list[str] = []
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr(wandb, "init", init)
    keep_wandb_going(said.append)
    assert wandb.init(project="x") == "a run"
    assert modes == ["online", "offline"]
    assert "wandb sync" in said[0]


def test_a_step_is_logged_then_saved_then_evaluated_and_random_numbers_are_given_back() -> None:
    import torch

    trainer, done = trainer_at(10), list[str]()
    trainer.model = None
    trainer.control.should_save = True
    trainer._save_checkpoint = lambda *_, **__: done.append("saved")
    trainer.callback_handler = SimpleNamespace(on_save=lambda args, state, control: control)
    trainer.evaluate = lambda: done.append(f"evaluated, drew {torch.rand(1).shape[0]}")
    follow(trainer)
    before = torch.get_rng_state()
    trainer.evaluate()
    assert done == ["saved", "evaluated, drew 1"]
    assert trainer.control.should_save is False
    assert torch.equal(before, torch.get_rng_state())


def test_what_was_saved_is_restored_to_a_numbered_cpu() -> None:
    import io

    import torch

    from cli_tuner.backends.axolotl_plugin import _restore_numbered_cpus

    saved = io.BytesIO()
    torch.save({"state": torch.arange(3)}, saved)
    saved.seek(0)
    _restore_numbered_cpus()
    _restore_numbered_cpus()  # a process may register the plugin for several configs
    found = torch.load(saved, map_location=torch.device("cpu:0"), weights_only=True)
    assert found["state"].tolist() == [0, 1, 2]
