"""What mattered in a search, as a picture: the loss over each axis, the most important first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cli_tuner.backends.figures import new_figure, save
from cli_tuner.ports import Axis, EndedTrial

_COLOURS = {"succeeded": "C0", "pruned": "0.6"}


def draw_search(
    axes: Sequence[Axis], trials: Sequence[EndedTrial], importances: Mapping[str, float], path: Path
) -> None:
    """Draw a panel an axis: its values against the evaluation loss, ended and pruned trials apart.

    Args:
        axes: What was varied.
        trials: The trials; those without a loss are left out.
        importances: How much each axis mattered, in [0, 1]; empty where it is not known.
        path: The PNG file.

    Raises:
        PrerequisiteError: matplotlib is not installed.
    """
    figure = new_figure(3.0 * len(axes))
    ordered = sorted(axes, key=lambda axis: -importances.get(axis.name, 0.0))
    for place, axis in enumerate(ordered, start=1):
        panel = figure.add_subplot(len(axes), 1, place)
        for state, colour in _COLOURS.items():
            shown = [trial for trial in trials if trial.state == state and trial.loss is not None]
            places = [axis.choices.index(str(trial.values[axis.name])) for trial in shown] if axis.choices else [
                trial.values[axis.name] for trial in shown
            ]  # fmt: skip
            panel.scatter(places, [trial.loss for trial in shown], color=colour, label=state)
        if axis.choices:
            panel.set_xticks(range(len(axis.choices)), axis.choices)
        elif axis.log:
            panel.set_xscale("log")
        share = f", {importances[axis.name]:.0%} of what mattered" if axis.name in importances else ""
        panel.set(title=f"{axis.name}{share}", ylabel="evaluation loss")
        panel.grid(axis="y", alpha=0.3)
        if place == 1:
            panel.legend(frameon=False)
    save(figure, path)
