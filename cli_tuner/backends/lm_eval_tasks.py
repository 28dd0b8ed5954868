"""Runs tasks of EleutherAI's lm-evaluation-harness on base and tuned, by its own API, to see what was forgotten.

Source: https://github.com/EleutherAI/lm-evaluation-harness. Its figures and standard errors are taken as they are;
the interval is 1.96 of its standard errors. Tasks come from the harness or from a folder of task YAML of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.errors import ConfigError, PrerequisiteError

_Z = 1.959964
_HINT = "`lm-eval ls tasks` lists the harness's own; --general-path names a folder of task YAML"


@dataclass(frozen=True, slots=True)
class Tasks:
    """What to run.

    Attributes:
        names: Tasks or groups of the harness.
        folder: Further task YAML; None for the harness's own only.
        limit: At most this many rows a task.
        load_in_4bit: Quantise the base to NF4.
        batch_size: Rows at a time.
    """

    names: tuple[str, ...]
    folder: Path | None = None
    limit: int | None = None
    load_in_4bit: bool = False
    batch_size: int = 8


def run_tasks(base_model: str, tuned: Path, other: Path | None, tasks: Tasks) -> dict[str, object]:
    """Run every task on both sides, which share one loaded base; return side to task to measure to value and interval.

    Args:
        base_model: Folder or hub id.
        tuned: The checkpoint; its tokenizer serves both sides.
        other: A second checkpoint in the place of `base`; None for the bare base model.
        tasks: What to run.

    Raises:
        PrerequisiteError: The harness is not installed.
        ConfigError: It knows no such task.
        CheckpointError: The model or an adapter cannot be loaded.
    """
    manager = _manager(tasks)
    from cli_tuner.backends.hf_model import load_with_adapters

    model, tokenizer = load_with_adapters(
        base_model, {"tuned": tuned, **({"other": other} if other else {})}, tasks.load_in_4bit, 0
    )
    found = {"tuned": _one(model, tokenizer, tasks, manager)}
    if other:
        model.set_adapter("other", inference_mode=True)
        return {"base": _one(model, tokenizer, tasks, manager), **found}
    with model.disable_adapter():
        return {"base": _one(model, tokenizer, tasks, manager), **found}


def _manager(tasks: Tasks) -> Any:
    try:
        from lm_eval.tasks import TaskManager
    except ModuleNotFoundError as error:
        raise PrerequisiteError(
            "the lm-evaluation-harness is not installed", hint="pip install 'cli-tuner[general]', or leave general out"
        ) from error
    manager = TaskManager(include_path=str(tasks.folder) if tasks.folder else None)
    unknown = [name for name in tasks.names if name not in manager.all_tasks]
    if unknown or not tasks.names:
        raise ConfigError(f"the lm-evaluation-harness has no task {', '.join(unknown) or 'given'}", hint=_HINT)
    return manager


def _one(model: Any, tokenizer: Any, tasks: Tasks, manager: Any) -> dict[str, object]:
    import logging

    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    found = simple_evaluate(
        model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=tasks.batch_size),
        tasks=list(tasks.names),
        limit=tasks.limit,
        task_manager=manager,
        log_samples=False,
        bootstrap_iters=1000,
    )
    counts = found.get("n-samples", {})
    return {task: _scores(values, counts.get(task, {}).get("effective")) for task, values in found["results"].items()}


def _scores(values: Mapping[str, Any], n: int | None) -> dict[str, object]:
    """Return the numbers of one task: `acc,none` becomes `acc`."""
    found: dict[str, object] = {}
    for key, value in values.items():
        name, comma, how = key.partition(",")
        if not comma or name.endswith("_stderr") or not isinstance(value, int | float):
            continue
        error = values.get(f"{name}_stderr,{how}")
        reach = _Z * error if isinstance(error, int | float) else None
        found[name if how == "none" else f"{name} ({how})"] = {
            "value": float(value),
            **({} if n is None else {"n": n}),
            "ci_low": None if reach is None else float(value) - reach,
            "ci_high": None if reach is None else float(value) + reach,
            "method": "none" if reach is None else "lm_eval_stderr",
        }
    return found


def facts(names: Sequence[str]) -> dict[str, object]:
    """Return what ran the tasks."""
    from importlib.metadata import version

    return {"harness": "lm_eval", "version": version("lm_eval"), "tasks": list(names)}
