"""The generated part of docs/config.md: our keys and our rules, from the code that uses them.

`python -m cli_tuner.config.reference` rewrites it between its two marks; a test fails when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli_tuner.config.contradictions import RULES
from cli_tuner.config.sections import Section
from cli_tuner.config.targets import targets
from cli_tuner.files import write_text

BEGIN, END = "<!-- generated: python -m cli_tuner.config.reference -->", "<!-- end of the generated part -->"
DOCUMENT = Path("docs/config.md")


def reference() -> str:
    """Return the generated part as Markdown, its marks included."""
    schema = Section.model_json_schema(by_alias=True)
    keys = "\n".join(_rows(schema, schema.get("$defs", {}), "cli_tuner"))
    rules = "\n".join(f"| `{one.id}` | {one.severity} | `{one.key}` | {one.why} | {one.fix} |" for one in RULES)
    gpus = "\n".join(
        f"| `{one.id}` | {one.name} | {one.memory_gib:g} | {one.compute_capability or '-'} | {_can(one)} |"
        for one in targets().values()
    )
    return f"""{BEGIN}

### Our keys

| key | default | what it is |
|---|---|---|
{keys}

### What is refused or reported

| rule | severity | key | what happens otherwise | fix |
|---|---|---|---|---|
{rules}

### Targets

| `--target` | machine | GiB | compute capability | trains in |
|---|---|---|---|---|
{gpus}

{END}"""


def _can(target: Any) -> str:
    return "bf16" if target.bf16 else "fp16 with loss scaling" if target.has_gpu else "float32"


def _rows(schema: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[str]:
    for key, field in schema["properties"].items():
        below = field.get("$ref") or next((one["$ref"] for one in field.get("allOf", []) if "$ref" in one), None)
        if below:
            yield from _rows(definitions[below.rpartition("/")[2]], definitions, f"{path}.{key}")
            continue
        default = field.get("default")
        shown = "-" if default is None else f"`{default}`"
        text = " ".join(str(field.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{path}.{key}` | {shown} | {text} |"


def renewed(text: str) -> str:
    """Return `text` with its generated part renewed."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{reference()}{rest.partition(END)[2]}"


if __name__ == "__main__":
    write_text(DOCUMENT, renewed(DOCUMENT.read_text("utf-8")))
