"""Runs side by side: what was asked for differently, trained on other rows, came out otherwise, and how it went there.

Reads what lies in the run folders. Paired tests are made on the prompts that two evaluations share, answer by answer,
by the test that the caller hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypedDict

from pydantic import ValidationError

from cli_tuner.config.views import flat
from cli_tuner.errors import DataError
from cli_tuner.files import read_jsonl
from cli_tuner.records.evaluation import PairedRow, Row
from cli_tuner.records.run import RunRecord
from cli_tuner.records.training import TrainingRecord
from cli_tuner.report.charts import WIDE, Line, line_chart
from cli_tuner.report.curves import Points, curves
from cli_tuner.report.gather import config_of
from cli_tuner.report.templating import asset, environment, policy
from cli_tuner.runs.facts import Facts
from cli_tuner.runs.layout import RunDir

_OWN = ("output_dir", "dataset_prepared_path", "cli_tuner.run_id", "cli_tuner.run_dir", "resume_from_checkpoint")
_OUTCOMES = ("state", "eval_loss_first", "eval_loss", "train_loss", "steps", "passed", "trained_tokens", "rows")
_COLOURS = 8
PairedTest = Callable[[str, Sequence[float | None], Sequence[float | None]], Any]
"""Compares two scores a prompt by metric; the answer has `to_json()`."""


class AskedFor(TypedDict):
    """A key of the config, and where each of its values was written."""

    key: str
    values: list[object]
    origins: list[str | None]


class Made(TypedDict):
    """What a run was trained on, by digest or name."""

    what: str
    values: list[str | None]


class Outcome(TypedDict):
    """A loss, a gate or a metric."""

    name: str
    values: list[object]


@dataclass(slots=True)
class Comparison:
    """What differs between runs; in each row of a table one value a run, None where it was not recorded.

    Attributes:
        runs: Run ids.
        config: Key, values, and where each value was written.
        data: What of the rows differs.
        outcomes: Losses, gates and metrics, alike or not.
        paired: Every later run against the first, by suite and metric, on the prompts that both answered.
        curves: Series to run to points.
    """

    runs: list[str]
    config: list[AskedFor] = field(default_factory=list)
    data: list[Made] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    paired: list[PairedRow] = field(default_factory=list)
    curves: dict[str, dict[str, Points]] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "runs": self.runs, "config": self.config, "data": self.data, "outcomes": self.outcomes,
            "paired": [one.plain() for one in self.paired], "curves": self.curves,
        }  # fmt: skip


def compared(runs: Sequence[RunDir], facts: Mapping[str, Facts], test: PairedTest) -> Comparison:
    """Compare runs.

    Args:
        runs: At least two.
        facts: Facts by run id.
        test: The paired test of two runs.
    """
    found = Comparison([run.run_id for run in runs])
    configs = [dict(flat(config_of(run))) for run in runs]
    records = [RunRecord.find(run.record) or RunRecord() for run in runs]
    trained = [TrainingRecord.find(run.path / "provenance.json") for run in runs]
    for key in sorted({*(key for config in configs for key in config)} - {*_OWN}):
        values = [config.get(key) for config in configs]
        if any(value != values[0] for value in values):
            origins = [
                _origin(record, key) if key in config else None for record, config in zip(records, configs, strict=True)
            ]
            found.config.append({"key": key, "values": values, "origins": origins})
    found.data = list(_data(trained))
    metrics = sorted({*(key for run in runs for key in facts[run.run_id])} - {*_OUTCOMES})
    for name in (*_OUTCOMES, *metrics):
        values = [facts[run.run_id].get(name) for run in runs]
        if name in _OUTCOMES or (all(isinstance(one, float) or one is None for one in values) and any(values)):
            found.outcomes.append({"name": name, "values": values})
    for other in runs[1:]:
        found.paired += list(paired(runs[0], other, test))
    for run in runs:
        for name, points in _curves(run).items():
            found.curves.setdefault(name, {})[run.run_id] = points
    return found


def _origin(record: RunRecord, key: str) -> str:
    """Say where a value was asked for: a flag of the command, or the file that was named."""
    recipe = record.recipe
    if recipe is None:
        return "config.yaml"
    flag = next((one for one in recipe.set if one.partition("=")[0] == key), None)
    return f"--set {flag}" if flag else recipe.file or "config.yaml"


def _data(trained: Sequence[TrainingRecord | None]) -> Iterator[Made]:
    by_name = [
        {PurePosixPath(path).name: digest for path, digest in one.materials.data.items()} if one else {}
        for one in trained
    ]
    for name in sorted({name for one in by_name for name in one}):
        digests = [one.get(name) for one in by_name]
        if any(digest != digests[0] for digest in digests):
            yield {"what": name, "values": digests}
    base = [(one.base_model.name, one.base_model.revision) if one else None for one in trained]
    if any(one != base[0] for one in base):
        yield {"what": "base model", "values": [one[0] if one else None for one in base]}


def paired(first: RunDir, other: RunDir, test: PairedTest) -> Iterator[PairedRow]:
    """Compare the tuned answers of two runs on the prompts that both answered, by suite and metric."""
    before, after = _answers(first), _answers(other)
    shared = [key for key in before if key in after and before[key].instruction == after[key].instruction]
    for suite in sorted({key[0] for key in shared}):
        keys = [key for key in shared if key[0] == suite]
        scores = [[tuned.scores if (tuned := one[key].tuned) else {} for key in keys] for one in (before, after)]
        for name in sorted({name for side in scores for row in side for name in row}):
            columns = [[row.get(name) for row in side] for side in scores]
            answer = test(name, columns[0], columns[1]).to_json()
            if answer["n"]:
                names = {"runs": [first.run_id, other.run_id], "suite": suite, "metric": name}
                yield PairedRow.model_validate({**names, **answer})


def _answers(run: RunDir) -> dict[tuple[str, str], Row]:
    try:
        rows = [Row.model_validate(row) for row in read_jsonl(run.path / "evaluation/rows.jsonl")]
    except (DataError, ValidationError):
        return {}
    return {(row.suite, str(row.id)): row for row in rows if row.tuned}


def _curves(run: RunDir) -> dict[str, Points]:
    try:
        return dict(curves(read_jsonl(run.metrics), ()).series)
    except DataError:
        return {}


def plot(series: Mapping[str, Points], width: int = 60, height: int = 12) -> list[str]:
    """Draw curves over each other in characters, one letter a run, for the terminal."""
    every = [point for points in series.values() for point in points]
    if not every:
        return []
    x0, x1 = min(x for x, _ in every), max(x for x, _ in every)
    y0, y1 = min(y for _, y in every), max(y for _, y in every)
    grid = [[" "] * width for _ in range(height)]
    for letter, points in zip("ABCDEFGH", series.values(), strict=False):
        for x, y in points:
            column = round((x - x0) / ((x1 - x0) or 1) * (width - 1))
            line = round((y1 - y) / ((y1 - y0) or 1) * (height - 1))
            grid[line][column] = letter if grid[line][column] in (" ", letter) else "*"
    edge = {0: f"{y1:9.4g}", height - 1: f"{y0:9.4g}"}
    drawn = [f"{edge.get(number, ''):>9} |{''.join(line).rstrip()}" for number, line in enumerate(grid)]
    return [*drawn, f"{'':9} +{'-' * width}", f"{'':10} {x0:<{width - 8}g}{x1:>8g}"]


def page(found: Comparison) -> str:
    """Render the comparison as one page that loads nothing; the same runs give the same bytes."""
    style = asset("style.css")
    charts = [
        (name, line_chart(
            [Line(run, f"run{number % _COLOURS}", points) for number, (run, points) in enumerate(of_runs.items())],
            [], f"{name} of {', '.join(of_runs)} over steps", size=WIDE,
        ).svg)
        for name, of_runs in found.curves.items() if all(of_runs.values())
    ]  # fmt: skip
    template = environment(html=True).get_template("comparison.html.j2")
    return template.render(found=found, charts=charts, style=style, script="", policy=policy(style))
