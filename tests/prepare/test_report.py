"""What is written beside the rows: record, card, Croissant; and what is read back from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner.errors import DataError
from cli_tuner.files import read_json, sha256_file
from cli_tuner.prepare.card import COLUMNS
from cli_tuner.prepare.preview import paint, preview_row
from cli_tuner.prepare.run import Outcome, Places
from cli_tuner.prepare.stats import bars, compare, find_row, histogram, split_stats, steps_per_epoch
from cli_tuner.prepare.summary import _shares, stats_tables, summary_rows
from tests.fakes import ByteTokenizer
from tests.prepare.conftest import pairs, read_rows

pytestmark = pytest.mark.integration

Run = Callable[..., Outcome]


def test_the_record_names_inputs_outputs_versions_and_gates(run: Run, tmp_path: Path) -> None:
    run(pairs(60))
    record = read_json(tmp_path / "out/provenance.json")
    (part,) = record["sources"][0]["parts"]
    assert part["files"] == {"rows.jsonl": sha256_file(tmp_path / "rows.jsonl")}
    assert part["columns"] == {"instruction": "instruction", "command": "command", "references": []}
    assert record["sources"][0]["licence"] == "unknown"
    for name, digest in record["outputs"].items():
        assert sha256_file(tmp_path / "out" / name) == digest
    for name, digest in record["logs"].items():
        assert sha256_file(tmp_path / "out/logs" / name) == digest
    assert len(record["versions"]["safety_rules_sha256"]) == len(record["tokenizer"]["template_sha256"]) == 64
    assert record["versions"]["shellcheck"] == "off" and record["settings"]["seed"] == 42
    assert "sources_sha256" in record["code"]


def test_the_card_is_hub_format_and_copies_the_record(run: Run, tmp_path: Path) -> None:
    record = run(pairs(60)).provenance
    text = (tmp_path / "out/DATASET_CARD.md").read_text()
    _, head, body = text.split("---\n", 2)
    front = yaml.safe_load(head)
    assert front["configs"][0]["data_files"][1] == {"split": "validation", "path": "val.jsonl"}
    assert front["license"] == "unknown" and front["size_categories"] == ["n<1K"]
    assert f"| train | {record['files']['train.jsonl']:,} |" in body
    assert all(f"`{name}`" in body for name in COLUMNS)


def test_croissant_is_valid_and_its_columns_are_those_of_the_rows(run: Run, tmp_path: Path) -> None:
    run(pairs(60))
    document = read_json(tmp_path / "out/croissant.json")
    row = read_rows(tmp_path / "out/train.jsonl")[0]
    assert {f["name"] for f in document["recordSet"][0]["field"]} == set(row) - {"messages", "references"}
    for file in document["distribution"]:
        assert sha256_file(tmp_path / "out" / file["contentUrl"]) == file["sha256"]
    croissant = pytest.importorskip("mlcroissant")
    issues = croissant.Dataset(jsonld=str(tmp_path / "out/croissant.json")).metadata.issues
    assert not issues.errors


def test_stats_count_what_is_in_the_files(run: Run, tmp_path: Path) -> None:
    provenance = run(pairs(100)).provenance
    found = split_stats(tmp_path / "out")
    assert sum(split.rows for split in found.values()) == provenance["gates"]["kept"]
    train = read_rows(tmp_path / "out/train.jsonl")
    assert found["train"].tokens == sum(row["n_tokens"] for row in train)
    assert found["train"].record()["utilities"]["cat"] == sum(row["utility"] == "cat" for row in train)
    titles = [title for title, _, _ in stats_tables(found, provenance["gates"])]
    assert titles[0] == "Rows that left" and len(titles) == 4
    assert ("kept", f"{provenance['gates']['kept']:,}") in summary_rows(
        provenance, Places(tmp_path, tmp_path, tmp_path)
    )


def test_a_histogram_holds_every_row() -> None:
    lengths = {10: 3, 11: 1, 500: 2}
    assert sum(rows for _, _, rows in histogram(lengths)) == 6 and histogram({}) == []
    assert bars(lengths)[0][2] == "█" * 40 and len(bars(lengths)[-1][2]) > 0


def test_steps_of_an_epoch_follow_the_config(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("micro_batch_size: 2\ngradient_accumulation_steps: 4\nmax_steps: 5\n")
    assert steps_per_epoch(17, path) == {"batch": 8, "steps_per_epoch": 3, "max_steps": 5}


def test_a_row_is_found_by_the_beginning_of_its_id(run: Run, tmp_path: Path) -> None:
    run(pairs(40))
    row = read_rows(tmp_path / "out/val.jsonl")[0]
    assert find_row(tmp_path / "out", row["id"][:12]) == ("val", row)
    with pytest.raises(DataError, match="no row zzz"):
        find_row(tmp_path / "out", "zzz")
    with pytest.raises(DataError, match="rows begin with"):
        find_row(tmp_path / "out", "")


def test_a_difference_names_rows_and_facts(run: Run, tmp_path: Path) -> None:
    run(pairs(60), "a")
    run(pairs(62), "b")
    found = compare(tmp_path / "a", tmp_path / "b")
    assert len(found.added) == 2 and not found.removed and not found.empty
    assert ("gates.loaded", "60", "62") in found.record
    assert any(fact.startswith("sources.0.parts") for fact, _, _ in found.record)
    assert found.counts()[0] == ("added", "2", "\n".join(found.added))
    assert compare(tmp_path / "a", tmp_path / "a").empty


def test_a_preview_shows_the_trained_tokens_and_no_control_character(run: Run, tmp_path: Path) -> None:
    run(pairs(40))
    row = read_rows(tmp_path / "out/train.jsonl")[0]
    plain = preview_row(row, ByteTokenizer(), colour=False)
    trained = plain[plain.index("⟦") + 1 : plain.index("⟧")].replace("|", "")
    assert trained == row["command"].replace("|", "") + "<im_end>" and row["id"] in plain
    assert "\x1b[30;42m" in preview_row(row, ByteTokenizer(), colour=True)
    assert "\x1b" not in preview_row({**row, "command": "printf '\x1b[2J'"}, ByteTokenizer(), colour=False)


def _dealt(train: int, val: int, test: int, **source: Any) -> dict[str, Any]:
    files = {"train.jsonl": train, "val.jsonl": val, "test.jsonl": test}
    return {
        "files": files, "sources": [source], "groups": {"count": 7, "largest": [60, 2, 1]},
        "settings": {"split": {"train": 0.8, "val": 0.1, "test": 0.1}},
    }  # fmt: skip


def test_a_split_that_groups_made_larger_is_explained_and_one_as_asked_is_not() -> None:
    (said,) = _shares(_dealt(60, 30, 10))
    assert "train 60% of the rows (80% asked), val 30% of the rows (10% asked)" in said and "test" not in said
    assert "7 groups, the largest of 60" in said
    assert _shares(_dealt(80, 10, 10)) == []
    assert _shares(_dealt(60, 30, 10, part="val")) == []  # published splits are not dealt


def test_painted_parts_are_marked_with_and_without_colour_and_hold_no_control_character() -> None:
    parts = [("user\x1b[2J ", False), ("ls\x07", True)]
    assert paint(parts, colour=False) == "user\\x1b[2J ⟦ls\\x07⟧"
    assert paint(parts, colour=True) == "\x1b[90muser\\x1b[2J \x1b[0m\x1b[30;42mls\\x07\x1b[0m"
