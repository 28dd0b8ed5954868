"""Random files with random damage: every line is accounted for, and what is refused stays in the log whole."""

from __future__ import annotations

import csv
import io
import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli_tuner.errors import DataError
from cli_tuner.prepare.pipeline import prepare
from cli_tuner.prepare.readers import Reading, read_rows
from cli_tuner.prepare.run import Places
from cli_tuner.prepare.settings import Settings
from tests.fakes import ByteTokenizer
from tests.prepare.conftest import pairs
from tests.prepare.conftest import read_rows as read_log

KINDS = ("csv", "tsv", "jsonl", "json")
MARKS = [
    b'"',
    b'""',
    b",",
    b"\t",
    b"\n",
    b"\r\n",
    b"\x00",
    b"\xff",
    b"\xe9",
    b"\\",
    b"{",
    b"}",
    b"]",
    b"'",
    b"\xc3",
    b" ",
    b"",
]
Rows = list[dict[str, str]]


def written(kind: str, rows: Rows) -> bytes:
    if kind == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1).encode()
    if kind == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter="," if kind == "csv" else "\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def damaged(content: bytes, seed: int, count: int) -> bytes:
    """Put marks at random places, over what stood there or before it; the header stays."""
    lot = random.Random(seed)
    body = bytearray(content)
    start = content.index(b"\n") + 1 if b"\n" in content else 0
    for _ in range(count):
        at = lot.randrange(start, len(body)) if len(body) > start else start
        body[at : at + lot.randrange(3)] = lot.choice(MARKS)
    return bytes(body)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00\ufeff"), min_size=1, max_size=20)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.fixed_dictionaries({"nl": CELL, "bash": CELL}), min_size=1, max_size=15),
    seed=st.integers(0, 10**6),
    count=st.integers(0, 6),
)
def test_every_line_belongs_to_one_row_and_faults_keep_their_text(
    tmp_path: Path, kind: str, rows: Rows, seed: int, count: int
) -> None:
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(damaged(written(kind, rows), seed, count))
    lines = [line.removesuffix(b"\r") for line in path.read_bytes().split(b"\n")]
    filled = [line for line in (lines if kind == "jsonl" else lines[1:]) if line.strip()]
    found = list(read_rows(path, Reading(1 << 16, encoding="utf-8")))
    assert sum(row.lines for row in found) == len(filled)
    if count == 0:
        assert [dict(row.values) for row in found] == rows
    for row in found:
        if row.fault:
            number = int(row.origin.rsplit(":", 1)[1]) - 1
            assert row.values["text"].split("\n")[0] == lines[number].decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), count=st.integers(0, 8))
def test_the_books_balance_by_an_independent_count(kind: str, seed: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / f"rows.{kind}"
        path.write_bytes(damaged(written(kind, pairs(40)), seed, count))
        recipe = Settings.model_validate(
            {
                "sources": [{"path": str(path), "encoding": "utf-8"}],
                "filters": {"off": ("lint",), "max_lost_rate": 1.0},
                "allow": ["empty_split"],
                "sequence_len": 1024,
            }
        )
        places = Places(folder / "out", folder / "logs", folder / "cache")
        try:
            record = prepare(recipe, places, ByteTokenizer()).provenance
        except DataError:
            assert kind == "json" or count
            assert not (folder / "out/train.jsonl").exists()
            return
        logged = read_log(folder / "logs/rejected.jsonl")
        twice = read_log(folder / "logs/dedupe.jsonl")
        kept = [row for split in ("train", "val", "test") for row in read_log(folder / f"out/{split}.jsonl")]
        assert record["gates"]["loaded"] == len(kept) + len(logged) + len(twice)
        origins = [row["origin"] for row in (*kept, *logged, *twice)]
        assert len(set(origins)) == len(origins)
        if kind == "json":
            assert len(origins) == len(json.loads(path.read_bytes()))
            return
        lines = path.read_bytes().split(b"\n")
        covered = {int(origin.rsplit(":", 1)[1]) for origin in origins}
        text = json.dumps([*kept, *logged, *twice])
        for number, line in enumerate(lines, start=1):
            if (number == 1 and kind != "jsonl") or not line.strip() or number in covered:
                continue
            # A line of its own that began no row is the end of a cell that went over it.
            cell = line.split(b'"')[0].decode("utf-8", "backslashreplace").strip()
            assert json.dumps(cell)[1:-1] in text
