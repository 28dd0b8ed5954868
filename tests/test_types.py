"""No signature that another room calls takes or returns `dict[str, Any]`: what passes a wall is a class, or JSON."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "cli_tuner"
LOOSE = "dict[str, Any]"
MOST_LINES = 119


def modules() -> dict[str, ast.Module]:
    found = {}
    for path in ROOT.rglob("*.py"):
        name = ".".join(("cli_tuner", *path.relative_to(ROOT).with_suffix("").parts))
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


def room(module: str) -> str:
    return module.split(".")[1]


def annotations(node: ast.AST) -> Iterator[ast.expr | None]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.returns
        every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
        yield from (one.annotation for one in every if one)
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.Assign):
        yield node.value  # an alias hides the same thing


def is_loose(node: ast.AST) -> bool:
    return any(one is not None and LOOSE in ast.unparse(one) for one in annotations(node))


def loose_names(tree: ast.Module) -> set[str]:
    """Return the top names of a module whose signature, public method or field is loose."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            public = [one for one in node.body if not getattr(one, "name", "").startswith("_")]
            found |= {node.name} if any(map(is_loose, public)) else set()
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= {node.name} if is_loose(node) else set()
        elif isinstance(node, ast.Assign) and is_loose(node):
            found |= {ast.unparse(target) for target in node.targets}
    return found


def crossing(trees: dict[str, ast.Module]) -> set[str]:
    loose = {module: loose_names(tree) for module, tree in trees.items()}
    found = set()
    for module, tree in trees.items():
        whole = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    whole[one.asname or one.name] = f"{node.module}.{one.name}"
                    if room(module) != room(f"{node.module}.") and one.name in loose.get(node.module, ()):
                        found.add(f"{node.module}.{one.name}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                origin = whole.get(node.value.id, "")
                if node.attr in loose.get(origin, ()) and room(origin) != room(module):
                    found.add(f"{origin}.{node.attr}")
    return found


def test_no_signature_between_two_rooms_is_loose() -> None:
    assert crossing(modules()) == set()


def test_the_search_sees_functions_methods_fields_and_aliases() -> None:
    made = ast.parse(
        "from typing import Any\nAlias = dict[str, Any]\ndef one(x: int) -> dict[str, Any]: ...\n"
        "class Two:\n    def three(self, *, y: dict[str, Any]) -> None: ...\nclass Four:\n    five: dict[str, Any]\n"
        "class Six:\n    def _seven(self) -> dict[str, Any]: ...\ndef eight() -> dict[str, object]: ...\n"
    )
    user = ast.parse("from cli_tuner.a.b import one, Alias, Six, eight\nfrom cli_tuner.a import b\nb.Two; b.Four\n")
    within = ast.parse("from cli_tuner.a.b import one\n")
    trees = {"cli_tuner.a.b": made, "cli_tuner.c.d": user, "cli_tuner.a.e": within}
    assert crossing(trees) == {f"cli_tuner.a.b.{name}" for name in ("one", "Alias", "Two", "Four")}


def test_few_lines_are_loose() -> None:
    lines = [line for path in ROOT.rglob("*.py") for line in path.read_text("utf-8").splitlines() if LOOSE in line]
    assert len(lines) <= MOST_LINES
