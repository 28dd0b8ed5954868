"""Trains one config from the command line: `train` and `ablate` both come here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli_tuner.cli import console

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from cli_tuner.config.load import Config
    from cli_tuner.runs.layout import RunDir
    from cli_tuner.train.launcher import Launcher
    from cli_tuner.train.plan import Plan


@dataclass(frozen=True, slots=True)
class Machine:
    """What training here can count on: the first GPU if there is one, and the mode of W&B."""

    gpu: dict[str, str] | None
    wandb_mode: str


def this_machine() -> Machine:
    """Read `.env`, ask for a GPU and decide the W&B mode."""
    from cli_tuner.provenance.environment import gpus

    found = gpus()
    return Machine(found[0] if found else None, tracking_mode())


def tracking_mode() -> str:
    """Read `.env` and return the W&B mode; a server or key that refuses stops no run, it is kept offline."""
    from cli_tuner.config.environment import read_dotenv, wandb_mode, wandb_refusal

    read_dotenv()
    mode = wandb_mode()
    refusal = wandb_refusal() if mode == "online" else ""
    if not refusal:
        return mode
    console.say(f"warning: {refusal}; the run is kept offline, `wandb sync` uploads it later")
    return "offline"


def realised(config: Config, machine: Machine, *, tiny: bool = False) -> Config:
    """Return the config as it will be trained here; warnings are said, contradictions raised."""
    from cli_tuner.config.check import require
    from cli_tuner.config.realise import realise
    from cli_tuner.config.targets import of_gpu
    from cli_tuner.train.tiny import tiny as made_tiny

    target = of_gpu(machine.gpu)
    resolved = realise(made_tiny(config) if tiny else config, target)
    # Without a GPU, `check_machine` says what is missing; here only what the config says against itself.
    for remark in require(resolved, target if machine.gpu else None).warnings:
        console.say(f"warning: {remark}")
    return resolved


def train_one(
    config: Config,
    machine: Machine,
    *,
    resume: str | None,
    launcher: Launcher,
    unwanted: Callable[[RunDir], bool] = lambda _: False,
    tells: bool = False,
) -> tuple[Plan, dict[str, object]]:
    """Check, launch and watch one training; return its plan and final status.

    Args:
        config: What is trained.
        machine: What it can count on.
        resume: What to go on with, as `open_plan` takes it.
        launcher: What starts the processes.
        unwanted: Ends it early.
        tells: Whether those whom the config names are told of its end.
    """
    from cli_tuner.cli.training_progress import TrainingProgress
    from cli_tuner.locks import Locks
    from cli_tuner.train.launch import launch, read_status
    from cli_tuner.train.notify import missing, notify
    from cli_tuner.train.session import open_plan

    with Locks() as locks:
        plan = open_plan(
            config,
            resume=resume,
            launcher=launcher,
            has_gpu=machine.gpu is not None,
            wandb_mode=machine.wandb_mode,
            ensure_base=_ensure_tiny_base,
            say=console.say,
            locks=locks,
            compare=compare_tokens,
        )
        console.say(f"run {plan.run.run_id}: log in {plan.run.log}")
        settings = config.section.notify if tells else None
        if settings is not None and (why := missing(settings)):
            console.say(f"warning: {why}")
        try:
            with TrainingProgress(lambda: str(read_status(plan.run).get("state") or "")) as progress:
                return plan, launch(plan, progress.observe, config.section.supervision, locks.descriptors, unwanted)
        finally:
            if settings is not None:
                notify(settings, plan.run, console.say)


def compare_tokens(folder: Path, texts: Sequence[str]) -> dict[str, object]:
    """Compare the tokens of texts under a tokenizer's file and its class; equal questions are asked once."""
    from cli_tuner.backends.tokenizer_parity import compare_texts
    from cli_tuner.config.environment import cache_home

    return compare_texts(folder, texts, cache_home() / "tokens")


def _ensure_tiny_base(base_model: Any) -> None:
    from cli_tuner.backends.tiny_base import ensure_named

    if ensure_named(str(base_model)):
        console.say(f"built the tiny base model in {base_model}")
