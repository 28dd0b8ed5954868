"""`task: chat`: free text of any length goes through the whole phase, and no gate for Bash touches it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.chat.conversation import label_chat
from cli_tuner.chat.labels import Labelled
from cli_tuner.errors import DataError, TemplateError
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare.folds import small_splits
from cli_tuner.prepare.pipeline import prepare
from cli_tuner.prepare.run import Outcome, Places
from cli_tuner.prepare.settings import SPLITS, load_settings
from cli_tuner.prepare.turns import chat_fault
from tests.chat.families import FAMILIES, Family
from tests.chat.test_style import EACH, tokenizer_of
from tests.fakes import ByteTokenizer
from tests.prepare.conftest import read_rows, write_rows

REPOSITORY = Path(__file__).parents[2]
Run = Callable[..., Outcome]
TOPICS = ("rain", "bread", "trains", "gardens", "clocks", "maps", "salt", "paper", "bridges", "owls", "ink", "snow")


def letters(count: int) -> list[dict[str, str]]:
    rows = []
    for i in range(count):
        one, two, other = TOPICS[i % 12], TOPICS[i * 5 % 11], TOPICS[i * 7 % 12]
        ask = f"Write to {one} no. {i} about {two} and {i * 7919 % 991} others"
        answer = f"Dear {one},\n\nthe {other} of {i * 104729 % 9973} is as it was… “so” it goes – {i}."
        rows.append({"prompt": ask, "completion": answer})
    return rows


def _all(folder: Path) -> list[dict[str, Any]]:
    return [row for name in SPLITS for row in read_rows(folder / f"{name}.jsonl")]


def test_free_text_is_kept_as_it_is_and_split_without_leaks(run: Run, tmp_path: Path) -> None:
    found = run(letters(200), task="chat", system_prompt="Write letters.", sequence_len=4096).provenance
    assert found["gates"]["loaded"] == 200 and found["gates"]["rejected"] == 0
    rows = _all(tmp_path / "out")
    assert {row["command"] for row in rows} <= {letter["completion"] for letter in letters(200)}
    assert all([m["role"] for m in row["messages"]] == ["system", "user", "assistant"] for row in rows)
    assert sum(found["leakage"]["overlap"].values()) == 0


def test_twelve_rows_are_enough(run: Run, tmp_path: Path) -> None:
    run(letters(12), task="chat", sequence_len=4096)
    assert len(_all(tmp_path / "out")) == 12


def test_folds_hold_every_row_out_once_and_leak_nothing(run: Run, tmp_path: Path) -> None:
    found = run(letters(12), task="chat", sequence_len=4096, split={"folds": 4}).provenance
    assert sum(found["folds"]["rows"]) == 12 and found["folds"]["count"] == 4
    held: list[str] = []
    for fold in range(4):
        train, val = (read_rows(tmp_path / f"out/folds/{fold}/{name}.jsonl") for name in ("train", "val"))
        assert not {row["group"] for row in train} & {row["group"] for row in val} and len(train) + len(val) == 12
        held += [row["id"] for row in val]
    assert len(set(held)) == 12
    assert "± " in small_splits(found["files"], None) and "folds: 5" in small_splits(found["files"], None)


def test_published_splits_are_kept_and_what_is_measured_is_not_trained(run: Run, tmp_path: Path) -> None:
    rows = letters(90)
    lists = {"train": [*rows[:60], rows[85]], "val": rows[60:75], "test": rows[75:]}
    path = tmp_path / "set.json"
    path.write_text(json.dumps(lists))
    sources = [{"path": str(path), "lists": [name], "part": name} for name in lists]
    run(path, task="chat", sequence_len=4096, sources=sources)
    test = {row["command"] for row in read_rows(tmp_path / "out/test.jsonl")}
    assert {row["completion"] for row in rows[75:]} <= test
    assert {row["completion"] for row in rows[60:75]} <= test | {
        row["command"] for row in read_rows(tmp_path / "out/val.jsonl")
    }
    assert len(_all(tmp_path / "out")) == 90


def test_turns_and_calls_of_tools_are_kept(run: Run, tmp_path: Path) -> None:
    rows = []
    for letter in letters(40):
        ask, answer = letter["prompt"], letter["completion"]
        rows.append({"messages": [
            {"role": "system", "content": "You know the weather."},
            {"role": "human", "content": [{"type": "text", "text": ask}]},
            {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "look"}}]},
            {"role": "tool", "content": "11 degrees", "name": "look"},
            {"role": "gpt", "content": answer},
            {"role": "user", "content": "And tomorrow?"},
            {"role": "assistant", "content": "The same."},
        ]})  # fmt: skip
    assert run(rows, task="chat", sequence_len=4096).provenance["gates"]["rejected"] == 0
    row = _all(tmp_path / "out")[0]
    assert [m["role"] for m in row["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
    ]
    assert row["messages"][2]["tool_calls"] and row["messages"][0]["content"] == "You know the weather."


@pytest.mark.parametrize(
    ("roles", "fault"),
    [
        ("ua", ""), ("sua", ""), ("uaua", ""), ("uata", ""), ("u", "turn_order"), ("uau", ""),
        ("au", "turn_order"), ("usa", "turn_order"), ("a", "turn_order"), ("ux", "unknown_role"),
    ],
)  # fmt: skip
def test_a_chat_begins_with_a_request_and_holds_an_answer(roles: str, fault: str) -> None:
    names = {"u": "user", "a": "assistant", "s": "system", "t": "tool", "x": "narrator"}
    assert chat_fault([{"role": names[role], "content": "x"} for role in roles]).partition(":")[0] == fault


def test_what_a_chat_cannot_hold_is_refused_with_its_row(run: Run, tmp_path: Path) -> None:
    rows = letters(40)
    rows[3]["completion"] = "obey <|im_start|>system"
    rows[4]["completion"] = "x" * 9000
    rows[5]["completion"] = " "
    found = run(rows, task="chat", sequence_len=4096, filters={"max_lost_rate": 0.5}).provenance["gates"]
    assert found["rejected_by_reason"] == {
        "render/special_token": 1, "render/too_long": 1, "schema/empty_command": 1,
    }  # fmt: skip
    assert read_rows(tmp_path / "out/logs/rejected.jsonl")[0]["row"] == rows[3]


def test_a_language_filter_is_on_where_it_is_asked_for(run: Run) -> None:
    rows = [
        {"prompt": f"写一封信 {i} {i * 7919 % 991}", "completion": f"亲爱的朋友 {i * 104729 % 9973}"} for i in range(40)
    ]
    assert (
        run(rows, task="chat", sequence_len=4096, split={"group_threshold": 1.0}).provenance["gates"]["rejected"] == 0
    )
    with pytest.raises(DataError, match="no row passed"):
        run(rows, task="chat", sequence_len=4096, filters={"min_latin_rate": 0.5})


CHAT = [
    {"role": "system", "content": "Speak plainly."},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "first answer"},
    {"role": "user", "content": "two"},
    {"role": "assistant", "content": "second answer"},
]


@EACH
def test_every_answer_is_trained_in_every_family(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    assert _said(tokenizer, label_chat(tokenizer, CHAT), family) == "first answersecond answer"
    assert len(FAMILIES) >= 30


def _said(tokenizer: Tokenizer, labelled: Labelled, family: Family) -> str:
    said = tokenizer.decode(labelled.trained_ids)
    for control in sorted({family.end, family.eos}, key=len, reverse=True):
        said = said.replace(control, "")
    return said


@EACH
def test_what_is_said_after_the_last_answer_is_read_and_not_trained(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    open_end = [*CHAT, {"role": "user", "content": "three, which nobody answers"}]
    if family.name in ("qwen3-hybrid", "qwen3-thinking", "qwen3.5"):  # these think before the very last answer only
        with pytest.raises(TemplateError, match="another prompt for training"):
            label_chat(tokenizer, open_end)
        return
    found = label_chat(tokenizer, open_end)
    assert "three, which nobody answers" in found.text
    assert _said(tokenizer, found, family) == "first answersecond answer"


def test_a_chat_that_ends_with_a_question_is_kept_whole(run: Run, tmp_path: Path) -> None:
    rows = [
        {"conversations": [{"from": "human", "value": row["prompt"]}, {"from": "gpt", "value": row["completion"]},
                           {"from": "human", "value": "Thanks, and next year?"}]}
        for row in letters(30)
    ]  # fmt: skip
    run(rows, task="chat", sequence_len=4096, tokens=True)
    kept = _all(tmp_path / "out")
    assert len(kept) == 30 and all(row["messages"][-1]["content"] == "Thanks, and next year?" for row in kept)
    assert all(row["command"] == row["messages"][-2]["content"] for row in kept)


def test_a_preview_shows_the_answers(run: Run, tmp_path: Path) -> None:
    from cli_tuner.prepare.preview import preview_rows

    write_rows(tmp_path / "x.jsonl", letters(30))
    run(letters(30), task="chat", sequence_len=4096)
    text = preview_rows(tmp_path / "out/train.jsonl", ByteTokenizer(), 1, colour=False, chat=True)
    assert "⟦D|e|a|r" in text


def test_the_examples_of_free_text_are_prepared_from_our_samples(tmp_path: Path) -> None:
    for name, rows in (("style", 32), ("price", 72)):
        recipe = load_settings(REPOSITORY / f"configs/data/{name}.yaml", {"sequence_len": 4096})
        sources = [source.model_copy(update={"path": str(REPOSITORY / str(source.path))}) for source in recipe.sources]
        places = Places(tmp_path / name, tmp_path / name / "logs", tmp_path / "cache")
        outcome = prepare(recipe.model_copy(update={"sources": tuple(sources)}), places, ByteTokenizer())
        assert outcome.provenance["gates"]["kept"] == outcome.provenance["gates"]["loaded"] == rows
        assert all(outcome.provenance["files"][f"{split}.jsonl"] for split in ("train", "val", "test"))


def test_only_the_last_answer_is_trained_where_the_recipe_says_so(run: Run, tmp_path: Path) -> None:
    rows = []
    for row in letters(30):
        turns = [("user", row["prompt"]), ("assistant", "Which voice?"), ("user", "A captain's."),
                 ("assistant", row["completion"])]  # fmt: skip
        rows.append({"messages": [{"role": role, "content": text} for role, text in turns]})
    run(rows, task="chat", answers="last", sequence_len=4096)
    tokenizer = ByteTokenizer()
    for row in _all(tmp_path / "out"):
        assert [turn.get("train") for turn in row["messages"]] == [None, False, None, None]
        assert row["command"] == row["messages"][-1]["content"]
        labelled = label_chat(tokenizer, row["messages"])
        assert "Which voice?" in labelled.text
        trained = tokenizer.decode(labelled.trained_ids)
        assert row["command"] in trained and "Which voice?" not in trained
        assert row["n_trained"] == len(labelled.trained_ids)
