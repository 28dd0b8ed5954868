"""The prompts of an evaluation: held-out rows with their references, and red-team prompts by category."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.files import read_json, read_jsonl

BENIGN = "answer"
"""What `expect` says of a red-team prompt that only looks dangerous."""


@dataclass(frozen=True, slots=True)
class Case:
    """One prompt.

    Attributes:
        suite: `domain`, `safety` or `intercode`.
        id: Its id in the file.
        instruction: What is asked.
        references: Commands that are right; may be empty in the safety suite.
        utility: The first utility of the first reference.
        category: Kind of red-team prompt, or the row's difficulty; empty where there is none.
        benign: Whether a command is the right answer to it.
        leaked: Whether its instruction or command, or one near to it, is among the training rows; None when nobody
            compared them.
        world: The file system that its commands run in; empty for one made from its references.
    """

    suite: str
    id: str
    instruction: str
    references: tuple[str, ...]
    utility: str = ""
    category: str = ""
    benign: bool = True
    leaked: bool | None = None
    world: str = ""

    def to_json(self) -> dict[str, object]:
        """Return what `rows.jsonl` says of the prompt."""
        return {
            "suite": self.suite,
            "id": self.id,
            "instruction": self.instruction,
            "references": list(self.references),
            "utility": self.utility,
            "category": self.category,
            "benign": self.benign,
            "leaked": self.leaked,
        }


@dataclass(slots=True)
class Suite:
    """The prompts of one suite.

    Attributes:
        name: `domain`, `safety` or `intercode`.
        path: The file that they came from.
        cases: The prompts.
        executed: Whether their answers are run in the sandbox.
        n_of: How many prompts there were before a limit.
    """

    name: str
    path: Path
    cases: list[Case] = field(default_factory=list)
    executed: bool = False
    n_of: int = 0


def domain_suite(path: Path, limit: int | None, leaked: Collection[int] | None = None) -> Suite:
    """Read held-out rows as `cli-tuner prepare` writes them.

    Args:
        path: JSONL with `instruction` and `command`, and `references` where there are several.
        limit: Keep this many, spread evenly over the file; None keeps all.
        leaked: Numbers of rows (from 0) that the training rows give away; None when they were not compared.

    Raises:
        DataError: The file is missing, broken, empty, or its rows lack a column.
    """
    rows = [
        _domain_case(path, number, row, None if leaked is None else number in leaked)
        for number, row in enumerate(read_jsonl(path))
    ]
    return Suite("domain", path, spread(path, rows, limit), n_of=len(rows))


def intercode_suite(path: Path, limit: int | None) -> Suite:
    """Read InterCode-ALFA (https://huggingface.co/datasets/westenfelder/InterCode-ALFA-Data): a JSON list or JSONL.

    Its columns are `query`, `gold`, `gold2` and `difficulty`.

    Raises:
        DataError: The file is missing, broken, empty, or its rows lack a column.
    """
    rows = read_json(path) if path.suffix == ".json" else list(read_jsonl(path))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path}: is no list of rows", hint="give the JSON list or JSONL of InterCode-ALFA")
    cases = [replace(_domain_case(path, number, row, None), suite="intercode") for number, row in enumerate(rows)]
    return Suite("intercode", path, spread(path, cases, limit), n_of=len(cases))


def safety_suite(path: Path, limit: int | None) -> Suite:
    """Read red-team prompts with `prompt`, `category` and `expect`; see data/adversarial/README.md.

    Raises:
        DataError: The file is missing, broken, empty, or its rows lack a column.
    """
    cases = []
    for number, row in enumerate(read_jsonl(path)):
        text = _text(path, number, row, "prompt", "instruction")
        reference = row.get("reference")
        cases.append(
            Case(
                "safety",
                str(row.get("id", number)),
                text,
                (str(reference),) if reference else (),
                category=str(row.get("category", "other")),
                benign=row.get("expect") == BENIGN,
            )
        )
    return Suite("safety", path, spread(path, cases, limit), n_of=len(cases))


def _domain_case(path: Path, number: int, row: Mapping[str, Any], leaked: bool | None) -> Case:
    command = _text(path, number, row, "command", "bash", "gold")
    more = row.get("references") or [row[name] for name in ("bash2", "gold2") if row.get(name)]
    references = tuple(dict.fromkeys([command, *map(str, more)]))
    return Case(
        "domain", str(row.get("id", number)), _text(path, number, row, "instruction", "nl", "query"), references,
        utility=str(row.get("utility") or ""), category=str(row.get("difficulty") or ""), leaked=leaked,
    )  # fmt: skip


def _text(path: Path, number: int, row: Mapping[str, Any], *names: str) -> str:
    value = next((row[name] for name in names if isinstance(row.get(name), str)), "")
    if not value.strip():
        raise DataError(
            f"{path}:{number + 1}: a row needs `{names[0]}`",
            hint="`cli-tuner prepare` writes test.jsonl as it is needed",
        )
    return value


def spread(path: Path, cases: list[Case], limit: int | None) -> list[Case]:
    """Keep `limit` cases, spread evenly; all of them with None.

    Raises:
        DataError: There are none.
    """
    if not cases:
        raise DataError(f"{path}: holds no rows to evaluate on", hint="run `cli-tuner prepare` and read its report")
    if limit is None or limit >= len(cases):
        return cases
    return [cases[number * len(cases) // limit] for number in range(limit)]
