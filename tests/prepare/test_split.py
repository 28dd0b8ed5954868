from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_tuner.chat.messages import training_messages
from cli_tuner.errors import ConfigError
from cli_tuner.prepare.groups import equal_pairs
from cli_tuner.prepare.leakage import Leakage, prove
from cli_tuner.prepare.run import Outcome
from cli_tuner.prepare.settings import Split, load_settings
from cli_tuner.prepare.split import assign, make_groups
from cli_tuner.prepare.workers import Crew
from tests.prepare.conftest import pairs, read_rows, write_rows

pytestmark = pytest.mark.integration

Run = Callable[..., Outcome]


def _groups(count: int, utilities: int = 5) -> object:
    rng = np.random.default_rng(1)
    roots = np.sort(rng.integers(0, count // 2, count)).astype(np.int64)
    keys = rng.integers(0, 2**63, count).astype(np.uint64)
    return make_groups(roots, keys, (roots % utilities).astype(np.int32))


@given(st.integers(20, 400), st.integers(0, 99), st.sampled_from(["stratified", "hash"]))
@settings(max_examples=30, deadline=None)
def test_every_group_is_in_one_split_and_shares_come_near(count: int, seed: int, assignment: str) -> None:
    groups = _groups(count)
    dealt = assign(groups, Split(assignment=assignment), seed)  # type: ignore[arg-type]
    assert len(dealt) == len(groups.sizes) and set(dealt.tolist()) <= {0, 1, 2}  # type: ignore[attr-defined]
    if assignment == "stratified" and count >= 100:
        shares = np.bincount(dealt[groups.of_row], minlength=3) / count  # type: ignore[attr-defined]
        assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)


def test_rare_utilities_are_in_every_split() -> None:
    sizes = 3
    roots = np.arange(400, dtype=np.int64)
    utilities = np.where(roots < sizes, 1, 0).astype(np.int32)
    groups = make_groups(roots, roots.astype(np.uint64) * np.uint64(7919), utilities)
    dealt = assign(groups, Split(), 42)
    assert sorted(dealt[:sizes].tolist()) == [0, 1, 2]


def test_hash_assignment_moves_nothing_when_rows_are_added(run: Run, tmp_path: Path) -> None:
    rows = pairs(150)
    split = {"assignment": "hash"}
    run(rows[:120], "a", split=split)
    run(rows, "b", split=split)
    where = [
        {row["id"]: name for name in ("train", "val", "test") for row in read_rows(tmp_path / out / f"{name}.jsonl")}
        for out in ("a", "b")
    ]
    moved = [key for key in where[0] if key in where[1] and where[0][key] != where[1][key]]
    assert not moved


def test_shares_must_be_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("split: {train: 0.9, val: 0.2, test: 0.1}\nsequence_length: 3\n")
    with pytest.raises(ConfigError, match="must be 1") as caught:
        load_settings(path, {})
    assert "sequence_length" in caught.value.message


def _row(number: int, instruction: str, command: str) -> dict[str, object]:
    return {
        "id": f"r{number}", "instruction": instruction, "command": command, "references": [command],
        "messages": training_messages(instruction, command),
    }  # fmt: skip


def _prove(folder: Path, files: dict[str, Path]) -> Leakage:
    return prove(files, Crew(1), folder / "proof")


@pytest.mark.parametrize(
    ("instruction", "command", "measure"),
    [
        ("LIST  every file, please!", "tree", "instruction_normalised"),
        ("Something else", "ls  -l 'my dir' | sort -rn | head", "command_white_space"),
        ("Something else", 'ls -l "my dir" | sort -rn | head', "command_shell_words"),
        ("Something else", "LS -l my\\ dir | sort -rn | head", "command_loose"),
        ("List every file, please now", "tree", "near_instruction_chars"),
        ("Something else", "ls -l 'my dir' | sort -rn | heat", "near_command_chars"),
    ],
)
def test_the_proof_sees_each_kind_of_leak(tmp_path: Path, instruction: str, command: str, measure: str) -> None:
    first = _row(1, "List every file, please", "ls -l 'my dir' | sort -rn | head")
    train = write_rows(tmp_path / "train.jsonl", [first, _row(2, "Go", "cd")])
    test = write_rows(tmp_path / "test.jsonl", [_row(3, instruction, command)])
    report = _prove(tmp_path, {"train": train, "test": test})
    assert report.counts[measure] >= 1 and report.examples[measure][0] == ("r1", "r3")
    assert report.record()["clean"] is False


def test_a_reference_in_another_split_is_a_leak(tmp_path: Path) -> None:
    train = write_rows(tmp_path / "train.jsonl", [_row(1, "List every file", "ls")])
    row = {**_row(2, "Anything else at all", "dir -x"), "references": ["dir -x", "ls"]}
    assert _prove(tmp_path, {"train": train, "test": write_rows(tmp_path / "test.jsonl", [row])}).total > 0


def test_equal_rows_inside_a_split_are_no_leak(tmp_path: Path) -> None:
    train = write_rows(tmp_path / "train.jsonl", [_row(1, "List every file", "ls"), _row(2, "list every file", "ls")])
    empty = write_rows(tmp_path / "test.jsonl", [])
    assert _prove(tmp_path, {"train": train, "test": empty}).total == 0


def test_equal_keys_are_chained_to_their_first_row() -> None:
    keys = np.array([5, 9, 5, 5], dtype=np.uint64)
    assert equal_pairs(keys, np.arange(4)).tolist() == [[0, 2], [0, 3]]
