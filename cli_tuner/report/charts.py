"""Charts as SVG text that follows the page's colours: lines over steps, and counts by length.

Static without a script; what the script shows under the pointer is handed over as plain numbers (`Chart.hover`).
Nothing from outside gets in here but numbers; labels are ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cli_tuner.report.breakdown import Bins
from cli_tuner.report.curves import Points

WIDE, HALF, NARROW = (1040, 300), (500, 260), (420, 240)
_MOST_POINTS = 1_500
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 34


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: its name for people, its CSS class, its points, and whether each point is marked."""

    name: str
    css: str
    points: Points
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart.

    Attributes:
        svg: The drawing.
        hover: Frame and points in numbers, for the script.
    """

    svg: Markup
    hover: dict[str, object]


class _Frame:
    """Maps values to places in a drawing and draws the axes."""

    def __init__(
        self, size: tuple[int, int], x: tuple[float, float], y: tuple[float, float], *, counts: bool = False
    ) -> None:
        self.width, self.height = size
        self.x_ticks, self.y_ticks = ticks(*x, 8 if size == WIDE else 4, whole=True), ticks(*y, 5, whole=counts)
        self.x0, self.x1 = x[0], max(x[1], x[0] + 1e-12)
        self.y0, self.y1 = min(y[0], *self.y_ticks), max(y[1], *self.y_ticks)

    def x(self, value: float) -> float:
        return round(_LEFT + (value - self.x0) / (self.x1 - self.x0) * (self.width - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(_TOP + (self.y1 - value) / (self.y1 - self.y0) * (self.height - _TOP - _BOTTOM), 1)

    def axes(self) -> str:
        right, floor = self.width - _RIGHT, self.height - _BOTTOM
        rows = "".join(
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{self.y(tick)}" y2="{self.y(tick)}"/>'
            f'<text x="{_LEFT - 7}" y="{self.y(tick) + 4}" text-anchor="end">{number(tick)}</text>'
            for tick in self.y_ticks
        )
        columns = "".join(
            f'<text x="{self.x(tick)}" y="{floor + 18}" text-anchor="middle">{number(tick)}</text>'
            for tick in self.x_ticks
        )
        return f'{rows}{columns}<line class="axis" x1="{_LEFT}" x2="{right}" y1="{floor}" y2="{floor}"/>'


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return round numbers within `low` to `high`, at most about `most` of them; with `whole`, no fractions."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    step = max(step, 1.0) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def number(value: float) -> str:
    """Write a tick: short, without an exponent where a person would not."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def line_chart(
    lines: Sequence[Line], marks: Sequence[int], title: str, *, size: tuple[int, int] = NARROW, zero: bool = False
) -> Chart:
    """Draw curves over steps.

    Args:
        lines: At least one, each with at least one point.
        marks: Steps of kept checkpoints.
        title: What a reader who cannot see it is told.
        size: Width and height in drawing units.
        zero: Whether the axis begins at zero.
    """
    thin = [Line(line.name, line.css, _thinned(line.points), line.dots) for line in lines]
    xs = [x for line in thin for x, _ in line.points]
    ys = [y for line in thin for _, y in line.points]
    low, high = (0.0 if zero else min(ys)), max(ys)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    frame = _Frame(size, (min(xs), max(xs)), (low if zero else low - room, high + room))
    drawn = "".join(_line(frame, line) for line in thin)
    cursor = f'<line class="cursor" y1="{_TOP}" y2="{frame.height - _BOTTOM}"/>'
    inner = frame.axes() + "".join(_mark(frame, step) for step in marks) + drawn + cursor
    hover = {
        "width": frame.width, "left": frame.x(frame.x0), "right": frame.x(frame.x1), "x0": frame.x0, "x1": frame.x1,
        "series": [{"name": line.name, "points": line.points} for line in thin],
    }  # fmt: skip
    return Chart(_svg(frame, inner, title), hover)


def _thinned(points: Points) -> Points:
    stride = math.ceil(len(points) / _MOST_POINTS)
    return points if stride <= 1 else [*points[:-1:stride], points[-1]]


def _line(frame: _Frame, line: Line) -> str:
    places = [(frame.x(x), frame.y(y)) for x, y in line.points]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3.2"/>' for x, y in places) if line.dots or len(places) == 1 else ""
    return f'<g class="line {line.css}"><path d="{path}"/>{dots}</g>'


def _mark(frame: _Frame, step: int) -> str:
    if not frame.x0 <= step <= frame.x1:
        return ""
    x, floor = frame.x(step), frame.height - _BOTTOM
    return (
        f'<g class="mark"><title>checkpoint-{step}</title><line x1="{x}" x2="{x}" y1="{_TOP}" y2="{floor}"/>'
        f'<path d="M{x} {floor - 9}l-5 8h10z"/></g>'
    )


def histogram(groups: Sequence[tuple[str, Bins]], title: str) -> Markup:
    """Draw counts by length, one colour a group, side by side; all groups have the same bins.

    Args:
        groups: CSS class and bins.
        title: What a reader who cannot see it is told.
    """
    cuts = groups[0][1]
    most = max(rows for _, bins in groups for _, _, rows in bins)
    frame = _Frame(HALF, (cuts[0][0], cuts[-1][1] + 1), (0.0, float(most)), counts=True)
    bars = []
    for place, (css, bins) in enumerate(groups):
        for low, high, rows in bins:
            left, right = frame.x(low), frame.x(high + 1)
            room = (right - left) * 0.88
            width = room / len(groups)
            x, top = round(left + (right - left - room) / 2 + place * width, 1), frame.y(rows)
            label = f"{low} to {high} tokens: {rows:,}"
            bars.append(
                f'<rect class="{css}" x="{x}" y="{top}" width="{max(width, 0.6):.1f}" '
                f'height="{round(frame.y(0) - top, 1)}"><title>{label}</title></rect>'
            )
    return _svg(frame, frame.axes() + "".join(bars), title)


def _svg(frame: _Frame, inner: str, title: str) -> Markup:
    box = f"0 0 {frame.width} {frame.height}"
    shell = Markup('<svg class="chart" viewBox="{}" role="img" aria-label="{}">{}</svg>')
    return shell.format(box, title, Markup(inner))  # noqa: S704  (numbers and names of ours)
