"""Tracking decides nothing: a tracker that fails is warned about and left out, and the training goes on.

W&B that cannot start goes on offline, so that nothing is lost. Covered is what transformers and Axolotl call trackers
(W&B, TensorBoard, MLflow, Trackio, Comet and the others), whatever they raise: their errors have no common class.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

Say = Callable[[str], None]


def keep_wandb_going(say: Say) -> None:
    """Make `wandb.init` go on offline where the server or the key refuses.

    Args:
        say: Hears the warning.
    """
    import wandb

    start = wandb.init

    def init(*args: Any, **kwargs: Any) -> Any:
        try:
            return start(*args, **kwargs)
        except Exception as error:  # wandb raises its own, requests' and pydantic's errors
            if os.environ.get("WANDB_MODE") == "offline":
                raise
            os.environ["WANDB_MODE"] = "offline"
            say(f"W&B did not start ({_short(error)}): the run is kept offline; upload it later with `wandb sync`")
            return start(*args, **{**kwargs, "mode": "offline"})

    wandb.init = init


def guard(callbacks: list[Any], say: Say) -> None:
    """Keep the errors of trackers away from the training; a tracker that failed once is not called again."""
    for callback in callbacks:
        if _is_tracker(callback):
            _guard(callback, say)


def guarded(name: str, action: Callable[[], None], say: Say) -> None:
    """Do one thing with a tracker; its failure is a warning."""
    try:
        action()
    except Exception as error:
        say(f"{name} failed ({_short(error)}): the training goes on without it")


def _is_tracker(callback: Any) -> bool:
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    kind = type(callback).__name__.lower()
    names = [name.partition("_")[0] for name in INTEGRATION_TO_CALLBACK] + ["telemetry"]
    return isinstance(callback, tuple(INTEGRATION_TO_CALLBACK.values())) or any(name in kind for name in names)


def _guard(callback: Any, say: Say) -> None:
    failed: list[str] = []

    def guarding(event: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if failed:
                return None
            try:
                return method(*args, **kwargs)
            except Exception as error:
                failed.append(event)
                name, why = type(callback).__name__, _short(error)
                say(f"{name} failed ({why}): the training goes on without it{_kept(name)}")
                return None

        return call

    for event in [name for name in dir(callback) if name.startswith("on_")]:
        setattr(callback, event, guarding(event, getattr(callback, event)))


def _kept(name: str) -> str:
    """Say how to upload what W&B had kept on disk before it failed."""
    if "wandb" not in name.lower():
        return ""
    return f"; upload what it kept with `wandb sync {os.environ.get('WANDB_DIR', '.')}/wandb/*run-*`"


def _short(error: Exception) -> str:
    from cli_tuner.config.secrets import redacted_text

    lines = str(error).strip().splitlines()
    return redacted_text(f"{type(error).__name__}: {lines[0] if lines else 'no message'}")[:300]
