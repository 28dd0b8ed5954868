"""`cli-tuner runs compare`: two or more runs side by side, in the terminal and on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli_tuner.cli import console, options
from cli_tuner.errors import DataError

if TYPE_CHECKING:
    from cli_tuner.report.comparison import Comparison

HELP = """Compare runs: what was asked for differently and where, the rows, what came out, and the curves together.

Runs that were evaluated on the same prompts are compared prompt by prompt, with paired tests against the first. The
same as a page that loads nothing: --html.

Examples:

  cli-tuner runs compare RUN1 RUN2

  cli-tuner runs compare RUN1 RUN2 latest --html models/runs/comparison.html
"""


def compare(
    run_ids: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Run ids, or `latest`.")],
    html: Annotated[Path | None, typer.Option(help="Also write this page.")] = None,
    json: options.Json = False,
) -> None:
    """Compare runs."""
    from cli_tuner.evaluate.compare import compare as test
    from cli_tuner.files import write_text
    from cli_tuner.report.comparison import compared, page
    from cli_tuner.runs.facts import all_facts
    from cli_tuner.runs.layout import find_run

    runs = list({run.run_id: run for run in map(find_run, run_ids)}.values())
    if len(runs) < 2:
        raise DataError("two different runs are needed", hint="`cli-tuner runs list` shows them")
    found = compared(runs, {str(one["run_id"]): one for one in all_facts()}, test)
    if html is not None:
        write_text(html, page(found))
    if json:
        console.emit_json(found.to_json())
    else:
        _show(found)
    if html is not None:
        console.say(f"page: {html}")


def _show(found: Comparison) -> None:
    from cli_tuner.report.comparison import plot

    console.table(
        "What came out", ("", *found.runs), [(one["name"], *map(_cell, one["values"])) for one in found.outcomes]
    )
    if found.paired:
        rows = [
            (one.runs[1], one.suite, one.metric, one.n, _cell(one.delta),
             f"{_cell(one.ci_low)} … {_cell(one.ci_high)}", _cell(one.p_value))
            for one in found.paired
        ]  # fmt: skip
        columns = ("run", "suite", "metric", "prompts", "difference", "95 % interval", "p")
        console.table(f"On the same prompts, less {found.runs[0]}", columns, rows)
    config = [
        (one["key"], *(_asked(*pair) for pair in zip(one["values"], one["origins"], strict=True)))
        for one in found.config
    ]
    console.table("What was asked for", ("key", *found.runs), config or [("the same config", *[""] * len(found.runs))])
    data = [(one["what"], *(str(value or "-")[:16] for value in one["values"])) for one in found.data]
    console.table(
        "What they were trained on", ("", *found.runs), data or [("the same rows and base", *[""] * len(found.runs))]
    )
    for name in ("eval_loss", "loss"):
        drawn = plot(found.curves.get(name, {}))
        if drawn:
            letters = ", ".join(f"{letter} {run}" for letter, run in zip("ABCDEFGH", found.curves[name], strict=False))
            console.emit("\n".join([f"{name} by step: {letters}; * where they meet", *drawn]))


def _asked(value: Any, origin: str | None) -> str:
    return f"{_cell(value)}\n({origin})" if origin else "-"


def _cell(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
