"""How a checked config and a comparison are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli_tuner.cli import console
from cli_tuner.config.load import HINT


def show_report(report: Any, target: str | None, *, as_json: bool) -> None:
    """Show what is wrong with a config, each with its place and its mend."""
    if as_json:
        emit_report(
            report.faults, [asdict(one) for one in report.remarks], target, ok=not (report.faults or report.errors)
        )
        return
    if report.faults:
        console.error("\n".join(report.faults), HINT)
    for remark in report.remarks:
        console.say(f"{remark.severity}: {remark.place}: {remark.key}: {remark.why} [{remark.id}]")
        console.say(f"  mend: {remark.mend}")
    count = len(report.faults) + len(report.errors)
    verdict = f"{count} errors, {len(report.warnings)} warnings" if count or report.remarks else "ok"
    version = report.config.version
    console.say(f"{report.config.path}: {verdict}{f' on {target}' if target else ''}, by {version}")
    if version.note:
        console.say(f"note: {version.note}")


def emit_report(faults: Sequence[str], remarks: Sequence[Any], target: str | None, *, ok: bool) -> None:
    """Write a report as one JSON document."""
    console.emit_json({"ok": ok, "target": target, "faults": list(faults), "remarks": list(remarks)})


def show_differences(rows: Sequence[tuple[str, Any, Any]], one: str, other: str, *, as_json: bool) -> None:
    """Show the keys in which two configs differ."""
    if as_json:
        console.emit_json([{"key": key, "one": left, "other": right} for key, left, right in rows])
        return
    shown = [(key, *("-" if value is None else value for value in pair)) for key, *pair in rows]
    console.table(f"{len(rows)} differences", ("key", one, other), shown)
