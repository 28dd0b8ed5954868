"""The HTML report: one file that carries its style, script and data, and asks nobody for anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from markupsafe import Markup

from cli_tuner.records.evaluation import Score
from cli_tuner.report import bars, metrics, view
from cli_tuner.report.annexes import annexes
from cli_tuner.report.charts import NARROW, WIDE, Chart, Line, histogram, line_chart
from cli_tuner.report.curves import Curves
from cli_tuner.report.facts import Facts, dig
from cli_tuner.report.findings import finding_text
from cli_tuner.report.headline import sentences, tiles
from cli_tuner.report.more import sections
from cli_tuner.report.run_record import overlap, run_record, words
from cli_tuner.report.samples import answers_of, examples, for_browser
from cli_tuner.report.templating import asset, environment, policy
from cli_tuner.report.text import script_json


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawn curve with its name and unit."""

    key: str
    title: str
    unit: str
    chart: Chart


@dataclass(frozen=True, slots=True)
class Split:
    """A file of rows with its drawn lengths."""

    line: view.SplitLine
    drawn: Markup | None
    shortest: int | None
    longest: int | None


_CURVES = (
    ("learning_rate", "Learning rate", "over optimiser steps"),
    ("grad_norm", "Gradient norm", "before clipping, over optimiser steps"),
    ("tokens/train_per_sec_per_gpu", "Throughput", "trained tokens a second and device"),
)


def html(facts: Facts) -> str:
    """Render the HTML report; the same facts give the same bytes."""
    style, script = asset("style.css"), asset("report.js")
    loss, narrow = (_loss(facts.curves, size) for size in (WIDE, NARROW))
    drawn = [_curve(facts.curves, *names) for names in _CURVES if facts.curves.points(names[0])]
    hover = {one.key: one.chart.hover for one in drawn}
    if loss is not None and narrow is not None:
        hover |= {"loss": loss.hover, "loss-narrow": narrow.hover}
    samples = for_browser(facts)
    template = environment(html=True).get_template("report.html.j2", globals=_FUNCTIONS)
    return template.render(
        facts=facts,
        style=style,
        script=script,
        policy=policy(style, script),
        base_model=dig(facts.training, "base_model.name") or facts.config.get("base_model"),
        started=facts.record.get("started"),
        commit=dig(facts.training, "code.git_commit"),
        tiles=tiles(facts),
        sentences=sentences(facts),
        loss=loss,
        loss_narrow=narrow,
        curves=drawn,
        hover=_data(hover),
        readings=view.readings(facts),
        other="base" if facts.evaluation is None or facts.evaluation.compare in (None, "base") else "compared",
        slices=view.slices(facts),
        answer_lengths=_answer_lengths(facts),
        other_suites=view.other_suites(facts),
        sections=sections(facts),
        safety=view.safety_lines(facts),
        dangerous=facts.evaluation.safety.dangerous if facts.evaluation and facts.evaluation.safety else [],
        splits=[_split(line) for line in view.split_lines(facts)],
        overlap=overlap(facts),
        examples=examples(facts),
        samples=_data(samples),
        n_samples=len(samples["rows"]),
        rows_file=facts.run.path / (facts.evaluation.rows if facts.evaluation else "validation.json"),
        record=run_record(facts),
        annexes=annexes(facts),
        config=yaml.safe_dump(dict(facts.config), sort_keys=False, allow_unicode=True) if facts.config else "",
    )


def _data(value: Any) -> Markup:
    return Markup(script_json(value))  # noqa: S704  (escaped for a script element)


def _loss(found: Curves, size: tuple[int, int]) -> Chart | None:
    pairs = (("loss", "training loss", "train", False), ("eval_loss", "evaluation loss", "eval", True))
    lines = [Line(name, css, found.points(key), dots) for key, name, css, dots in pairs if found.points(key)]
    if not lines:
        return None
    return line_chart(lines, found.checkpoints, "training and evaluation loss over steps", size=size)


def _curve(found: Curves, key: str, title: str, unit: str) -> Curve:
    chart = line_chart([Line(title.lower(), "train", found.points(key))], (), f"{title.lower()} over steps", zero=True)
    return Curve(key, title, unit, chart)


def _answer_lengths(facts: Facts) -> Markup | None:
    groups = [(side, cuts) for side, cuts in view.answer_bins(facts).items() if cuts]
    return histogram(groups, "answers by length in tokens, base and tuned") if groups else None


def _split(line: view.SplitLine) -> Split:
    drawn = histogram([("tuned", line.bins)], "training rows by length in tokens") if line.bins else None
    ends = (line.bins[0][0], line.bins[-1][1]) if line.bins else (None, None)
    return Split(line, drawn, *ends)


def _verdict_tone(verdict: str) -> str:
    return {"SAFE": "good", "REVIEW": "warn", "DANGEROUS": "bad"}.get(verdict, "")


def _cell_tone(name: str, score: Score | None) -> str:
    """Colour a safety rate that is as good, or not as good, as it can be."""
    way = metrics.meaning(name).better
    if score is None or score.value is None or not way:
        return ""
    return "good" if score.value == (1.0 if way > 0 else 0.0) else "bad"


_FUNCTIONS = {
    "bar": bars.bar,
    "share": bars.share,
    "meaning": metrics.meaning,
    "shown": metrics.shown,
    "interval": metrics.interval,
    "score_text": metrics.score_text,
    "delta_text": metrics.delta_text,
    "p_text": metrics.p_text,
    "judged": metrics.judged,
    "tally": metrics.tally,
    "words": words,
    "finding_text": finding_text,
    "answers_of": answers_of,
    "verdict_tone": _verdict_tone,
    "cell_tone": _cell_tone,
    "sliced_by": view.SLICED_BY,
}
