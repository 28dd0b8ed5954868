"""How a checked config and a comparison are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli_tuner.cli import console


def show_report(report: Any, target: str | None, *, as_json: bool) -> None:
    """Show what is wrong with a config, each with its place and its mend."""
    if as_json:
        facts = {"ok": not report.errors, "target": target, "remarks": [asdict(one) for one in report.remarks]}
        console.emit_json(facts)
        return
    for remark in report.remarks:
        console.say(f"{remark.severity}: {remark.place}: {remark.key}: {remark.why} [{remark.id}]")
        console.say(f"  mend: {remark.mend}")
    verdict = f"{len(report.errors)} errors, {len(report.warnings)} warnings" if report.remarks else "ok"
    console.say(f"{report.config.path}: {verdict}{f' on {target}' if target else ''}")


def show_differences(rows: Sequence[tuple[str, Any, Any]], one: str, other: str, *, as_json: bool) -> None:
    """Show the keys in which two configs differ."""
    if as_json:
        console.emit_json([{"key": key, "one": left, "other": right} for key, left, right in rows])
        return
    shown = [(key, *("-" if value is None else value for value in pair)) for key, *pair in rows]
    console.table(f"{len(rows)} differences", ("key", one, other), shown)
