"""Bars with intervals, as small SVG drawings that stretch with the table cell they stand in."""

from __future__ import annotations

from markupsafe import Markup

from cli_tuner.records.evaluation import Score
from cli_tuner.report.curves import Points
from cli_tuner.report.metrics import meaning


def bar(name: str, score: Score | None, css: str) -> Markup:
    """Draw a value and its interval on the metric's own scale, 0 to 1 or -1 to 1; an empty scale without a value."""
    low = meaning(name).low

    def place(value: float) -> float:
        return round(100 * (min(max(value, low), 1.0) - low) / (1.0 - low), 2)

    zero = place(0.0)
    drawn = '<rect class="track" x="0" y="2" width="100" height="8"/>'
    if score is not None and score.value is not None:
        at = place(score.value)
        drawn += f'<rect class="{css}" x="{min(zero, at)}" y="2" width="{abs(at - zero):.2f}" height="8"/>'
        if score.ci_low is not None and score.ci_high is not None:
            drawn += _whisker(place(score.ci_low), place(score.ci_high))
    if low < 0:
        drawn += f'<line class="zero" x1="{zero}" x2="{zero}" y1="0" y2="12"/>'
    return _drawing(drawn)


def _whisker(left: float, right: float) -> str:
    ends = "".join(f'<line class="whisker" x1="{end}" x2="{end}" y1="3.5" y2="8.5"/>' for end in (left, right))
    return f'<line class="whisker" x1="{left}" x2="{right}" y1="6" y2="6"/>{ends}'


def share(rows: int, most: int) -> Markup:
    """Draw a count against the largest count."""
    width = round(100 * rows / most, 2) if most else 0
    return _drawing(f'<rect class="count" x="0" y="1" width="{width}" height="10"/>')


def sparkline(points: Points) -> Markup:
    """Draw the course of a curve without axes; at least two points."""
    (x0, _), (x1, _) = points[0], points[-1]
    low, high = min(y for _, y in points), max(y for _, y in points)
    places = [
        f"{round(96 * (x - x0) / ((x1 - x0) or 1) + 2, 1)} {round(22 - 20 * (y - low) / ((high - low) or 1), 1)}"
        for x, y in points
    ]
    shell = Markup('<svg class="spark" viewBox="0 0 100 24" aria-hidden="true"><path d="{}"/></svg>')
    return shell.format("M" + "L".join(places))


def _drawing(inner: str) -> Markup:
    shell = Markup('<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">{}</svg>')
    return shell.format(Markup(inner))  # noqa: S704  (numbers of ours)
