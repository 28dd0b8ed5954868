"""The package has no import circle, and programs stand below everything that walks a script."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import cli_tuner.shell

ROOT = Path(next(iter(cli_tuner.shell.__path__)))


def imports() -> dict[str, set[str]]:
    """Return module -> modules of the package that it names in any import: at the top, in functions, for types only."""
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ROOT.rglob("*.py")}
    known = set(names.values())
    graph: dict[str, set[str]] = {}
    for path, name in names.items():
        found = graph.setdefault(name, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cli_tuner.shell"):
                base = (node.module or "").removeprefix("cli_tuner.shell").lstrip(".")
                members = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
                found |= {each if each in known else base for each in members} & known
    return graph


def test_the_imports_of_the_package_have_no_circle() -> None:
    order = list(TopologicalSorter(imports()).static_order())  # raises CycleError with the circle in it
    assert {"evaluate", "protocol", "programs.table"} <= set(order)


def test_programs_import_nothing_that_walks_a_script() -> None:
    for name, imported in imports().items():
        if name.startswith("programs."):
            assert {each for each in imported if not each.startswith("programs.")} <= {"flow", "patterns"}, name
