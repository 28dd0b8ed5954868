"""Figures as PNG files, by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.errors import PrerequisiteError

LENGTH_BINS = 40


def draw_lengths(lengths: Mapping[str, Mapping[int, int]], path: Path) -> None:
    """Draw how long rows are, one outline a split, all over the same bins.

    Args:
        lengths: Split name to rows by length in tokens.
        path: The PNG file.

    Raises:
        PrerequisiteError: matplotlib is not installed.
    """
    figure = new_figure(4.5)
    axes = figure.add_subplot()
    every = [length for counts in lengths.values() for length in counts] or [0]
    width = max(1, -(-(max(every) - min(every) + 1) // LENGTH_BINS))
    bins = range(min(every), max(every) + 2 * width, width)
    for name, counts in lengths.items():
        rows = sum(counts.values())
        axes.hist(
            list(counts), bins=bins, weights=list(counts.values()), histtype="step", linewidth=1.6,
            label=f"{name} ({rows:,} rows)",
        )  # fmt: skip
    axes.set(xlabel="tokens in a row", ylabel=f"rows in a bin of {width} token{'s' * (width > 1)} (log)", yscale="log")
    axes.set_title("Length of rows")
    axes.legend(frameon=False)
    save(figure, path)


def draw_ablation(losses: Mapping[str, tuple[float, float | None]], path: Path) -> None:
    """Draw the final evaluation loss of each variant with its spread over seeds, best on top.

    Args:
        losses: Variant -> mean loss (nats a token) and its standard deviation, None with one seed.
        path: The PNG file.

    Raises:
        PrerequisiteError: matplotlib is not installed.
    """
    ordered = sorted(losses.items(), key=lambda item: -item[1][0])
    figure = new_figure(1.2 + 0.45 * len(ordered))
    axes = figure.add_subplot()
    for height, (name, (mean, spread)) in enumerate(ordered):
        axes.errorbar(mean, height, xerr=spread, fmt="o", capsize=4, color="C3" if name == "base" else "C0")
    axes.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    axes.set(xlabel="final evaluation loss, mean and standard deviation over seeds (lower is better)")
    axes.grid(axis="x", alpha=0.3)
    axes.margins(y=0.15)
    save(figure, path)


def new_figure(height_inch: float) -> Any:
    """Return an empty figure, 8 inches wide.

    Raises:
        PrerequisiteError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PrerequisiteError("drawing needs matplotlib", hint="pip install 'cli-tuner[data]'") from error
    return Figure(figsize=(8, height_inch), layout="constrained")


def save(figure: Any, path: Path) -> None:
    """Write a figure as PNG; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
