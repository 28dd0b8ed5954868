"""Copies docs/ into a folder for mkdocs, with the reference pages that are generated from the code.

Links that leave docs/ (to a config, a module) lead nowhere on a site without a repository: they become plain code.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from cli_tuner.evaluate.metric import BINARY, NAMES
from cli_tuner.safety.rules.table import RULES

DOCS = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?://|#|mailto:)([^)\s]+)\)")


def within(text: str, page: Path) -> str:
    """Return the text of a page with links out of docs/ as plain code."""

    def link(found: re.Match[str]) -> str:
        target = (page.parent / found[2].partition("#")[0]).resolve()
        return found[0] if target.is_relative_to(DOCS) and target.is_file() else f"`{found[1].strip('`')}`"

    return LINK.sub(link, text)


def row(*cells: object) -> str:
    """Return one row of a table."""
    return "| " + " | ".join(str(cell).replace("|", "&#124;").replace("\n", " ") for cell in cells) + " |"


def rules() -> str:
    """Return the page of the safety rules."""
    head = f"# Rules\n\nThe {len(RULES)} rules by which a command is judged, and what is safer.\n\n"
    table = [row("id", "category", "verdict", "why", "safer"), row(*["---"] * 5)]
    table += [row(f"`{rule.id}`", rule.category, rule.level.name, rule.why, rule.mend) for rule in RULES]
    return head + "\n".join(table) + "\n"


def metrics() -> str:
    """Return the page of the metrics."""
    head = (
        "# Metrics\n\nIn the order in which they are shown; what each means is in [evaluation](../evaluation.md).\n\n"
    )
    table = [row("metric", "a row gives", "interval"), row(*["---"] * 3)]
    table += [
        row(f"`{name}`", *(("yes or no", "Wilson") if name in BINARY else ("a score", "percentile bootstrap")))
        for name in NAMES
    ]
    return head + "\n".join(table) + "\n"


def kind(schema: dict[str, Any]) -> str:
    """Return the type of a field in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "const" in schema:
        return f"`{schema['const']}`"
    inner = schema.get("items") or schema.get("additionalProperties")
    return f"{schema.get('type', 'any')}" + (f" of {kind(inner)}" if isinstance(inner, dict) and inner else "")


def records() -> str:
    """Return the page of the record schemas."""
    text = [
        "# Records\n\nThe files that one phase writes and another reads. The JSON Schemas lie in `docs/records/`.\n"
    ]
    for path in sorted((DOCS / "records").glob("*.json")):
        schema = json.loads(path.read_text("utf-8"))
        text.append(f"## {path.stem}\n\n{schema.get('description', '')}\n")
        for name, part in [("", schema), *sorted(schema.get("$defs", {}).items())]:
            if not part.get("properties"):
                continue
            text.append(f"### {path.stem}: {name}\n\n{part.get('description', '')}\n" if name else "")
            lines = [row("field", "kind", "required", "what it is"), row(*["---"] * 4)]
            lines += [
                row(
                    f"`{field}`",
                    kind(of),
                    "yes" if field in part.get("required", ()) else "",
                    of.get("description", ""),
                )
                for field, of in part["properties"].items()
            ]
            text.append("\n".join(lines) + "\n")
    return "\n".join(text)


def stage(out: Path) -> None:
    """Write the pages into an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    for page in sorted(DOCS.rglob("*.md")):
        target = out / page.relative_to(DOCS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(within(page.read_text("utf-8"), page), "utf-8")
    shutil.copytree(DOCS / "images", out / "images")
    shutil.copy(DOCS / "site" / "site.css", out)
    (out / "reference").mkdir()
    for name, text in (("rules", rules()), ("metrics", metrics()), ("records", records())):
        (out / "reference" / f"{name}.md").write_text(text, "utf-8")


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
