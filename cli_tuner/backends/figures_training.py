"""The curve of a training as pictures, PNG and PDF: the same points give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli_tuner.backends.figures import new_figure
from cli_tuner.errors import CliTunerError

# matplotlib would write its version and the time into each file.
_NO_METADATA: dict[str, dict[str, object]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}


def draw_curve(points: Sequence[tuple[float, float]], checkpoints: Sequence[int], label: str, path: Path) -> list[Path]:
    """Draw one loss over steps, kept checkpoints marked, as `<path>.png` and `<path>.pdf`.

    Args:
        points: `(step, loss in nats a token)`, by step.
        checkpoints: Steps whose checkpoint is kept.
        label: What the loss is.
        path: Where, without suffix.

    Raises:
        PrerequisiteError: matplotlib is not installed.
        CliTunerError: The file system refused.
    """
    figure = new_figure(4.5)
    axes = figure.add_subplot()
    steps, values = zip(*points, strict=True)
    axes.plot(steps, values, linewidth=1.6, marker="o" if len(points) <= 25 else "", markersize=4)
    inside = [step for step in checkpoints if steps[0] <= step <= steps[-1]]
    for place, step in enumerate(inside):
        axes.axvline(step, color="0.6", linewidth=1, linestyle=":", label="kept checkpoint" if place == 0 else None)
    axes.set(xlabel="optimiser step", ylabel="loss, nats a token", title=label)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if inside:
        axes.legend(frameon=False)
    return [_save(figure, path.with_name(f"{path.name}.{kind}"), kind) for kind in _NO_METADATA]


def _save(figure: Any, path: Path, kind: str) -> Path:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(temporary, dpi=150, format=kind, metadata=_NO_METADATA[kind])
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise CliTunerError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="free some space or choose another folder, then run the same command again",
        ) from error
    return path
