"""How a checked config and a comparison are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli_tuner.cli import console
from cli_tuner.config.load import hint_for


def show_report(report: Any, target: str | None, *, as_json: bool) -> None:
    """Show what is wrong with a config, each with its place and its fix."""
    if as_json:
        console.emit_json({**report.as_json(), "target": target})
        return
    if report.faults:
        console.error("\n".join(map(str, report.faults)), hint_for(report.faults))
    for remark in sorted(report.remarks, key=lambda one: one.severity):
        where = f"{remark.key}: " if remark.key else ""
        console.say(f"{remark.severity}: {remark.place}: {where}{remark.why} [{remark.id}]")
        if remark.fix:
            console.say(f"  fix: {remark.fix}")
    count = len(report.faults) + len(report.errors)
    verdict = f"{count} errors, {len(report.warnings)} warnings" if count or report.remarks else "ok"
    version = report.config.version
    console.say(f"{report.config.path}: {verdict}{f' on {target}' if target else ''}, by {version}")
    if version.note:
        console.say(f"note: {version.note}")


def show_unreadable(message: str) -> None:
    """Write the report of a file that is no config, as JSON."""
    from cli_tuner.config.versions import axolotl_version

    facts = {"rule": "yaml", "path": "", "file": None, "line": None, "policy": False}
    version = str(axolotl_version()).removeprefix("Axolotl ")
    faults = [{**facts, "message": line} for line in message.splitlines()]
    console.emit_json({"ok": False, "axolotl": version, "faults": faults, "remarks": []})


def show_differences(rows: Sequence[tuple[str, Any, Any]], one: str, other: str, *, as_json: bool) -> None:
    """Show the keys in which two configs differ."""
    if as_json:
        console.emit_json([{"key": key, "one": left, "other": right} for key, left, right in rows])
        return
    shown = [(key, *("-" if value is None else value for value in pair)) for key, *pair in rows]
    console.table(f"{len(rows)} differences", ("key", one, other), shown)


def as_yaml(found: Any, file: str) -> str:
    """Return an imported config as YAML, a comment at each change and at the end what was lost."""
    import yaml

    lines = [f"# Imported by `cli-tuner config import` from {file} ({found.source})."]
    for key, value in found.values.items():
        text = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=110).rstrip()
        note = f"  # {_short(found.notes[key])}" if key in found.notes else ""
        head, separator, rest = text.partition("\n")
        inside = bool(separator) and isinstance(value, str)  # a comment would be a part of the text
        lines.append(f"{note.strip()}\n{text}" if inside and note else f"{head}{note}{separator}{rest}")
    if found.lost:
        lines.append("# Without a counterpart:")
        lines += [f"# {_short(key)}: {_short(value)}  ({why})" for key, value, why in found.lost]
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    text = " ".join("".join(one if one.isprintable() else " " for one in str(value)).split())
    return text if len(text) <= 80 else text[:77] + "..."
