"""`task: completion`: files and columns of plain text through the whole phase, and no chat template asked for."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.errors import DataError
from cli_tuner.prepare.preview import preview_rows
from cli_tuner.prepare.run import Outcome
from cli_tuner.prepare.settings import SPLITS
from tests.fakes import ByteTokenizer
from tests.prepare.conftest import read_rows

Run = Callable[..., Outcome]
RECIPE: dict[str, Any] = {"task": "completion", "sequence_len": 160, "chunk_overlap": 16}


def document(number: int, words: int = 90) -> str:
    draw = random.Random(number)
    return " ".join("".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(words))


def kept(folder: Path) -> list[dict[str, Any]]:
    return [row for name in SPLITS for row in read_rows(folder / f"{name}.jsonl")]


def test_passages_of_a_document_share_a_split_and_nothing_leaks(run: Run, tmp_path: Path) -> None:
    found = run([{"text": document(number)} for number in range(40)], **RECIPE).provenance
    assert found["gates"]["rejected"] == 0 and sum(found["leakage"]["overlap"].values()) == 0
    splits: dict[str, set[str]] = {}
    texts: dict[str, str] = {}
    for name in SPLITS:
        for row in read_rows(tmp_path / f"out/{name}.jsonl"):
            splits.setdefault(row["instruction"], set()).add(name)
            texts[row["instruction"]] = texts.get(row["instruction"], "") + row["command"]
    assert len(splits) == 40 and all(len(names) == 1 for names in splits.values())
    assert sorted(texts.values()) == sorted(document(number) for number in range(40))


def test_text_files_are_documents_and_are_none_for_other_tasks(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    for number in range(12):
        (folder / f"{number}.txt").write_text(document(number), encoding="utf-8")
    (folder / "deep/last.md").write_bytes("# Überschrift\r\n\r\nein Satz\r\n".encode("utf-16"))
    found = run(folder, **RECIPE)
    rows = kept(tmp_path / "out")
    assert len({row["instruction"] for row in rows}) == 13
    assert "# Überschrift\n\nein Satz" in [row["command"] for row in rows]
    origins = [row["origin"] for row in rows]
    assert len(set(origins)) == len(origins) == found.provenance["gates"]["loaded"]
    with pytest.raises(DataError, match="no data files"):
        run(folder, "other")


def test_a_document_that_stands_twice_is_kept_once(run: Run) -> None:
    rows = [{"content": document(number % 20)} for number in range(25)]
    gates = run(rows, **RECIPE).provenance["gates"]
    assert gates["deduplicated_by_kind"]["exact"] == gates["loaded"] // 5


def test_columns_are_found_named_and_put_before_the_text(run: Run, tmp_path: Path) -> None:
    rows = [{"essay": document(number), "title": f"Title {number}"} for number in range(12)]
    with pytest.raises(DataError) as raised:
        run(rows, **RECIPE)
    assert "--column text=NAME" in raised.value.hint
    columns = {"text": "essay", "context": ["title"]}
    run(rows, sources=[{"path": str(tmp_path / "rows.jsonl"), "columns": columns}], **RECIPE)
    assert any(row["command"].startswith("Title 3\n\n" + document(3)[:20]) for row in kept(tmp_path / "out"))


def test_empty_and_foreign_cells_are_refused_with_their_row(run: Run, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": document(number)} for number in range(20)]
    rows[3], rows[4] = {"text": "  "}, {"text": 7}
    rows[5]["text"] += " <|im_end|> "
    found = run(rows, filters={"max_lost_rate": 0.5}, **RECIPE).provenance["gates"]
    assert found["rejected_by_reason"] == {
        "render/special_token": 1, "schema/empty_command": 1, "schema/not_text": 1,
    }  # fmt: skip
    assert next(row["row"] for row in read_rows(tmp_path / "out/logs/rejected.jsonl")) == rows[3]


def test_a_preview_and_tokenised_rows_show_what_is_trained(run: Run, tmp_path: Path) -> None:
    found = run([{"text": document(number)} for number in range(20)], tokens=True, **RECIPE)
    tokenised = read_rows(tmp_path / "out" / found.provenance["tokens"] / "train.jsonl")
    rows = read_rows(tmp_path / "out/train.jsonl")
    assert [sum(label != -100 for label in row["labels"]) for row in tokenised] == [row["n_trained"] for row in rows]
    assert "⟦" in preview_rows(tmp_path / "out/train.jsonl", ByteTokenizer(), 2, colour=False)
    card = (tmp_path / "out/DATASET_CARD.md").read_text()
    assert "Passages of documents" in card and "`segments`" in card


def test_no_chat_template_is_needed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(self: ByteTokenizer) -> str:
        raise AssertionError("a chat template was asked for")

    monkeypatch.setattr(ByteTokenizer, "chat_template", property(absent))
    assert run([{"text": document(number)} for number in range(20)], **RECIPE).provenance["gates"]["kept"]
