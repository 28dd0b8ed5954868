"""What `ablate` wires together: the trainer of a member, what counts as done, the table and the plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from cli_tuner.ablate.study import Result, Row
from cli_tuner.cli import console
from cli_tuner.cli.training import Machine
from cli_tuner.config.load import Config
from cli_tuner.errors import PrerequisiteError
from cli_tuner.files import write_json


def trainer(machine: Machine) -> Callable[[Config], dict[str, object]]:
    """Return the function that trains one member, going on with it where an earlier call was interrupted."""
    from cli_tuner.cli.training import train_one
    from cli_tuner.train.launcher import Launcher

    return lambda config: train_one(config, machine, resume="auto", launcher=Launcher())[1]


def is_done(config: Config) -> bool:
    """Tell whether this config was trained on these rows already."""
    from cli_tuner.train.inputs import check_rows, prepared_digest
    from cli_tuner.train.plan import output_folder
    from cli_tuner.train.recovery import finished

    return finished(config, prepared_digest(config, check_rows(config)), output_folder(config)) is not None


def keep(home: Path, results: Sequence[Result], rows: Sequence[Row]) -> dict[str, object]:
    """Write study.json and comparison.png; return the report."""
    report: dict[str, object] = {
        "members": [
            {
                "name": result.member.name,
                "state": result.state,
                "eval_loss": result.eval_loss,
                "why": result.why,
                "output_dir": result.member.config.axolotl["output_dir"],
            }
            for result in results
        ],
        "variants": [asdict(row) for row in rows],
        "plot": None,
    }
    try:
        from cli_tuner.backends.figures import draw_ablation

        drawn = {row.variant: (row.mean, row.spread) for row in rows if row.mean is not None}
        if drawn:
            draw_ablation(drawn, home / "comparison.png")
            report["plot"] = str(home / "comparison.png")
    except PrerequisiteError as error:
        console.error(error.message, error.hint)
    write_json(home / "study.json", report)
    return report


def show(report: dict[str, object], rows: Sequence[Row], *, as_json: bool) -> None:
    """Print the comparison."""
    if as_json:
        console.emit_json(report)
        return
    comparison("Ablation", rows)
    if report["plot"]:
        console.say(f"plot: {report['plot']}")


def comparison(title: str, rows: Sequence[Row]) -> None:
    """Print variants over their seeds."""
    shown = [
        (
            row.variant,
            row.n,
            row.failed,
            _with_spread(row.mean, row.spread),
            _with_spread(row.delta, row.delta_spread, "+"),
        )
        for row in rows
    ]
    columns = ("variant", "trained", "failed", "eval loss (mean ± sd)", "paired delta to base")
    console.table(title, columns, shown)


def _with_spread(mean: float | None, spread: float | None, sign: str = "") -> str:
    if mean is None:
        return "-"
    return f"{mean:{sign}.4f}" + (f" ± {spread:.4f}" if spread is not None else "")
