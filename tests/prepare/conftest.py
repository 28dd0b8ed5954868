from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.prepare.pipeline import prepare
from cli_tuner.prepare.run import Outcome, Places
from cli_tuner.prepare.settings import Settings
from tests.fakes import ByteTokenizer

NOUNS = (
    *("report", "ledger", "photo", "backup", "script", "archive", "diary", "invoice", "poem", "recipe"),
    *("novel", "letter", "ticket", "summary", "draft"),
)
TOOLS = {
    "cat": "Show what the {n} number {i} of {m} says",
    "wc -l": "How many lines has {m}, chapter {i}, the {n} edition",
    "stat": "Tell size and times of the {n} that {m} filed under {i}",
    "md5sum": "Fingerprint {n} volume {i} owned by {m}",
}


def pairs(count: int) -> list[dict[str, str]]:
    """Distinct pairs over four utilities, few of them near each other."""
    rows = []
    for i in range(count):
        tool = list(TOOLS)[i % len(TOOLS)]
        noun, other = NOUNS[i % len(NOUNS)], NOUNS[(i * 7 + i // 15) % len(NOUNS)]
        name = f"{noun}_{i * 7919 % 10007}_{other}"
        text = TOOLS[tool].format(n=noun, m=f"{other}{i * 31 % 997}", i=i * 104729 % 9973)
        rows.append({"instruction": text, "command": f"{tool} {name}.txt"})
    return rows


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Outcome]:
    """Run the phase without shellcheck on rows or a path; returns its outcome."""

    def go(source: Path | Sequence[Mapping[str, Any]], out: str = "out", **changes: Any) -> Outcome:
        path = source if isinstance(source, Path) else write_rows(tmp_path / "rows.jsonl", source)
        lint = changes.pop("lint", False)
        filters = changes.pop("filters", {})
        options = {k: changes.pop(k) for k in ("force", "workers", "shards") if k in changes}
        settings = Settings.model_validate(
            {
                "sources": [{"path": str(path)}],
                "filters": {"off": () if lint else ("lint",), **filters},
                "sequence_len": 1024,
                **changes,
            }
        )
        places = Places(tmp_path / out, tmp_path / out / "logs", tmp_path / "cache")
        return prepare(settings, places, ByteTokenizer(), **options)

    return go
