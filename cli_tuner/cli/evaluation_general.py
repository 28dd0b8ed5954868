"""Wires the general suite: tasks of the lm-evaluation-harness beside our own suites, kept with the evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.errors import ConfigError
from cli_tuner.files import read_json, sha256_file, write_json

if TYPE_CHECKING:
    from cli_tuner.cli.evaluation import EvaluationPlan
    from cli_tuner.records.evaluation import EvaluationRecord, General, Score
    from cli_tuner.validate.integrity import Checkpoint

NAME = "general"


def without_general(suite: str) -> tuple[str, bool]:
    """Take `general` out of the list of suites; tell whether it was there.

    Raises:
        ConfigError: It stands alone: the adapter is proved active on prompts of another suite.
    """
    names = [name.strip() for name in suite.split(",") if name.strip()]
    ours = [name for name in names if name != NAME]
    if NAME in names and not ours:
        raise ConfigError(f"--suite {NAME}: goes beside another suite", hint=f"--suite safety,{NAME}")
    return ",".join(ours), NAME in names


def general(
    plan: EvaluationPlan, checkpoint: Checkpoint, other: Checkpoint | None, tasks: str, folder: Path | None,
    limit: int | None,
) -> EvaluationRecord:  # fmt: skip
    """Run the tasks, unless the same ones are there already, and enter them into `evaluation.json`."""
    from cli_tuner.backends import lm_eval_tasks
    from cli_tuner.records.evaluation import EvaluationRecord

    names = tuple(name.strip() for name in tasks.split(",") if name.strip())
    wanted = lm_eval_tasks.Tasks(names, folder, limit, plan.four_bit, plan.batch_size)
    own = sorted(folder.glob("*.y*ml")) if folder else []
    asked = {
        "tasks": list(names), "limit": limit, "load_in_4bit": wanted.load_in_4bit,
        "yaml": {path.name: sha256_file(path) for path in own}, "digests": plan.asked["digests"],
    }  # fmt: skip
    path = plan.folder / "evaluation" / "general.json"
    earlier = read_json(path) if path.is_file() else {}
    if earlier.get("asked") != asked:
        console.say(f"running {', '.join(names)} on both sides …")
        compared = other.path if other else None
        found = lm_eval_tasks.run_tasks(checkpoint.base_model, checkpoint.path, compared, wanted)
        earlier = {"asked": asked, "found": {**lm_eval_tasks.facts(names), "limit": limit, **found}}
        write_json(path, earlier)
    where = plan.folder / "evaluation.json"
    report = EvaluationRecord.parse({**read_json(where), NAME: earlier["found"]}, where)
    report.write(where)
    return report


def show(result: General) -> None:
    """Print the tasks of both sides."""
    rows = [
        (f"{task}: {measure}", score.n, _value(score), _value(result.tuned[task][measure]))
        for task, measures in result.base.items()
        for measure, score in measures.items()
    ]
    console.table("General tasks (lm-evaluation-harness)", ("measure", "n", "base", "tuned"), rows)


def _value(score: Score) -> str:
    if score.ci_low is None or score.ci_high is None:
        return f"{score.value:.3f}"
    return f"{score.value:.3f}  [{score.ci_low:.3f}, {score.ci_high:.3f}]"
