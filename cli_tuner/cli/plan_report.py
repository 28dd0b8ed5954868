"""How an estimate is shown: tables for a person, one document for a program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli_tuner.cli import console

_GIB = 2**30
_MOMENTS = {"always": "", "loading": "only while loading", "backward": "only in backward", "loss": "only at the loss"}


def as_facts(result: Any) -> dict[str, object]:
    """Return the estimate as plain values."""
    facts = {
        name: getattr(result, name)
        for name in ("tokens", "table", "shape", "adapter", "target", "disk", "unknown", "uncounted", "fits")
    }
    plain = {name: asdict(value) if hasattr(value, "__dataclass_fields__") else value for name, value in facts.items()}
    plain["tokens"] = {key: asdict(value) if value else None for key, value in result.tokens.items()}
    for name in ("remarks", "realised", "costs", "advice", "throughput"):
        plain[name] = [asdict(one) for one in getattr(result, name)]
    if result.memory:
        peaks = ("loading_bytes", "step_bytes", "peak_bytes")
        plain["memory"] = {name: round(getattr(result.memory, name)) for name in peaks}
        plain["memory"]["parts"] = [asdict(part) for part in result.memory.parts]
    return plain


def show(path: Path, result: Any) -> None:
    """Show the estimate as tables on stdout and the verdict on stderr."""
    for remark in result.remarks:
        console.say(f"{remark.severity}: {remark}")
    if result.realised:
        rows = [(one.key, "-" if one.written is None else one.written, one.used, one.why) for one in result.realised]
        console.table(f"{path} on {result.target.name}", ("you wrote", "value", "Axolotl will use", "because"), rows)
    console.table("The run", ("what", "how much"), _run_rows(result))
    if result.memory:
        columns = ("GPU memory", "GiB", "formula", "source", "when")
        console.table("Where the memory goes", columns, _memory_rows(result.memory))
    if result.costs:
        console.table("Time and price, within a factor of 2", ("GPU", "fits", "hours", "USD"), _cost_rows(result.costs))
    if result.throughput:
        faster = [(one.key, one.value, one.why) for one in result.throughput]
        console.table("Faster with cli_tuner.throughput: auto", ("key", "value", "because"), faster)
    for line in result.unknown:
        console.say(f"not known: {line}")
    for line in result.uncounted:
        console.say(f"not counted: {line}")
    _verdict(result)
    errors = [one.key for one in result.remarks if one.severity == "error"]
    if errors:
        console.say(
            f"will not work on {result.target.name} as it is written: {', '.join(errors)} (see the errors above)"
        )


def _run_rows(result: Any) -> Iterable[tuple[str, str]]:
    table = result.table
    for key, counted in result.tokens.items():
        if counted:
            parts = f"{counted.trained} trained, {counted.masked} masked, {counted.padding} padding"
            yield f"{key}: {counted.rows} rows", f"{parts} tokens a pass ({counted.source})"
    if table.steps:
        passes = f", {table.epochs:.2f} passes of {table.steps_per_epoch} steps" if table.epochs else ""
        yield "steps", f"{table.steps} of {table.sequences_per_step} sequences{passes}, {table.warmup} of warm-up"
        yield "saves", f"after {_steps(table.saves)}; {table.kept} are kept"
        yield "evaluations", f"at {_steps(table.evaluations)}" if table.evaluations else "none"
    if result.adapter:
        share = result.adapter.n_trainable / result.shape.n_parameters
        yield "trained parameters", f"{result.adapter.n_trainable:,} of {result.shape.n_parameters:,} ({share:.2%})"
        yield "base model", f"{result.shape.layers} layers, width {result.shape.hidden}: {result.shape.source}"
    for name, size in result.disk.items():
        if size:
            yield f"disk: {name}", _size(size)


def _cost_rows(costs: Iterable[Any]) -> Iterable[tuple[str, ...]]:
    for one in costs:
        price = f"{one.usd:.2f}" if one.target.usd_per_hour else "own card"
        yield one.target.id, "yes" if one.fits else "no", f"{one.hours:.1f}", price


def _steps(steps: tuple[int, ...]) -> str:
    shown = ", ".join(str(step) for step in (steps if len(steps) <= 6 else (*steps[:3], "…", steps[-1])))
    return f"{shown} ({len(steps)} times)"


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.1f} MB"


def _memory_rows(memory: Any) -> Iterable[tuple[str, ...]]:
    for part in memory.parts:
        yield part.name, f"{part.size_bytes / _GIB:.2f}", part.formula, part.source, _MOMENTS[part.moment]
    yield "peak while loading", f"{memory.loading_bytes / _GIB:.2f}", "loading + context", "", ""
    yield "peak of a step", f"{memory.step_bytes / _GIB:.2f}", "(always + largest moment) + 5 %", "allocator slack", ""


def _verdict(result: Any) -> None:
    if result.fits is None:
        return
    peak, room = result.memory.peak_bytes / _GIB, result.target.memory_gib
    if result.fits:
        console.say(f"fits: about {peak:.1f} GiB ({result.memory.peak_bytes / 1e9:.1f} GB) of {room:g} GiB")
        return
    console.say(f"does not fit: about {peak:.1f} GiB, and {result.target.name} has {room:g} GiB")
    for one in result.advice:
        change = " ".join(f"--set {key}={value}" for key, value in one.change.items())
        verdict = "fits" if one.fits else "not yet"
        console.say(f"  change: {change}  ({one.why}: {one.peak_bytes / _GIB:.1f} GiB, {verdict})")
    if not any(one.fits for one in result.advice):
        console.say("  no change is enough: choose a larger GPU (`fits` in the table of prices)")
