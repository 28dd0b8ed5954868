"""The saved Weights & Biases view of a project: does it learn, is it better, is it safe, what does it say, where from.

Built from the names that training, `validate` and `evaluate` log (`wandb_evaluation.py`), so it needs no run to exist.
"""

from __future__ import annotations

import os
from typing import Any

from cli_tuner.config.environment import has_wandb_key, wandb_reachable
from cli_tuner.errors import PrerequisiteError

NAME = "CLI-Tuner"
MATCHES = ("exact_match", "canonical_match", "template_match", "first_utility_match", "command_only_rate")
SAFETY = ("safe_rate", "dangerous_rate", "refusal_rate", "over_refusal_rate")
_HINT = "the local view needs no key: `cli-tuner runs dashboard`; `cli-tuner doctor` looks at W&B"


def save_view(project: str, run_id: str | None) -> str:
    """Save the view in the user's W&B project; return its address.

    Args:
        project: The W&B project.
        run_id: An evaluated run whose lineage is shown; None leaves that panel out.

    Raises:
        PrerequisiteError: No key, no network, no permission, or wandb-workspaces is not installed.
    """
    if not has_wandb_key():
        raise PrerequisiteError(
            "saving a W&B view needs a key", hint=f"`wandb login`, or WANDB_API_KEY in .env; {_HINT}"
        )
    if not wandb_reachable():
        raise PrerequisiteError("saving a W&B view needs the network, and W&B does not answer", hint=_HINT)
    import wandb

    try:
        entity = os.environ.get("WANDB_ENTITY") or wandb.Api().default_entity
        return str(build_view(entity, project, run_id).save().url)
    except (wandb.Error, ValueError) as error:
        raise PrerequisiteError(f"W&B did not take the view: {error}", hint=_HINT) from error


def build_view(entity: str, project: str, run_id: str | None) -> Any:
    """Build the view without asking anyone.

    Raises:
        PrerequisiteError: wandb-workspaces is not installed.
    """
    try:
        import wandb_workspaces.workspaces as ws
        from wandb_workspaces import expr
    except ImportError as error:
        raise PrerequisiteError("a W&B view needs wandb-workspaces", hint="pip install 'cli-tuner[eval]'") from error
    sections = {
        "Does it learn": _learning(),
        "Is it better than the base": _comparison(),
        "Is it safe": _safety(),
        "What it says": _tables("evaluation/samples", "validate/completions"),
        "What was asked for": _configs(),
        "Where it comes from": _lineage(run_id),
    }
    return ws.Workspace(
        entity=entity,
        project=project,
        name=NAME,
        sections=[ws.Section(name=name, panels=panels, is_open=True) for name, panels in sections.items() if panels],
        runset_settings=ws.RunsetSettings(
            groupby=[expr.Metric("Group")],
            pinned_columns=["run:jobType", "summary:domain/tuned/exact_match", "summary:eval/loss"],
        ),
    )


def _learning() -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    curves = {
        "Loss": ["train/loss", "eval/loss"],
        "Learning rate": ["train/learning_rate"],
        "Gradient norm": ["train/grad_norm"],
        "Trained tokens a second": ["train/tokens/train_per_sec_per_gpu"],
    }
    return [wr.LinePlot(title=title, x="train/global_step", y=keys) for title, keys in curves.items()]


def _comparison() -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    return [
        wr.BarPlot(title="Raw answers", metrics=_both("domain", MATCHES), range_x=(0, 1)),
        wr.BarPlot(title="Command taken out", metrics=_both("domain_extracted", MATCHES), range_x=(0, 1)),
        wr.ScalarChart(title="Exact match, tuned minus base", metric="domain/paired/exact_match"),
        *_tables("evaluation/metrics"),
    ]


def _safety() -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    return [
        wr.BarPlot(title="Red-team prompts", metrics=_both("safety", SAFETY), range_x=(0, 1)),
        *_tables("evaluation/safety_by_category", "evaluation/dangerous"),
    ]


def _both(part: str, names: tuple[str, ...]) -> list[str]:
    return [f"{part}/{side}/{name}" for name in names for side in ("base", "tuned")]


def _tables(*names: str) -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    return [wr.WeavePanelSummaryTable(table_name=name, layout=wr.Layout(w=24, h=12)) for name in names]


def _configs() -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    return [wr.RunComparer(diff_only="split", layout=wr.Layout(w=24, h=12))]


def _lineage(run_id: str | None) -> list[Any]:
    import wandb_workspaces.reports.v2 as wr

    if run_id is None:
        return []
    return [wr.WeavePanelArtifact(artifact=f"evaluation-{run_id}", tab="lineage", layout=wr.Layout(w=24, h=12))]
