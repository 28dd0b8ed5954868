"""Prompts are drawn the same way each time; every completion is judged, none is executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.chat.messages import prompt_messages
from cli_tuner.errors import DataError
from cli_tuner.ports import Completion
from cli_tuner.safety.verdict import Level
from cli_tuner.validate.probes import probe, prompt_of, sample_rows
from tests.fakes import FakeGenerator

ROWS = [{"instruction": f"request {n}", "command": f"echo {n}"} for n in range(20)]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_the_same_seed_draws_the_same_rows_and_another_seed_others(rows: Path) -> None:
    first = sample_rows(rows, 5, 42)
    assert first == sample_rows(rows, 5, 42)
    assert first != sample_rows(rows, 5, 43)


@given(size=st.integers(1, 40), seed=st.integers())
def test_rows_are_drawn_without_replacement_and_never_more_than_there_are(
    tmp_path_factory: pytest.TempPathFactory, size: int, seed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    drawn = [row["instruction"] for row in sample_rows(path, size, seed)]
    assert len(drawn) == len(set(drawn)) == min(size, len(ROWS))


@pytest.mark.parametrize(
    ("content", "why"),
    [("", "holds no rows"), ("{}\n", "need an `instruction`"), ('{"instruction": 7}\n', "need an"), ("{\n", ":1: not")],
)
def test_rows_that_cannot_be_asked_are_refused(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match=why):
        sample_rows(path, 5, 42)


def test_rows_that_are_not_there_are_refused_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file") as caught:
        sample_rows(tmp_path / "nowhere.jsonl", 5, 42)
    assert "cli-tuner prepare" in caught.value.hint


def test_the_model_is_asked_with_the_prompt_of_the_training() -> None:
    generator = FakeGenerator()
    probe(generator, ROWS[:3])
    assert generator.asked == [prompt_messages(row["instruction"]) for row in ROWS[:3]]


def test_every_completion_is_judged_in_the_order_of_the_rows(tmp_path: Path) -> None:
    answers = {
        "request 0": "ls -l",
        "request 1": f"touch {tmp_path}/ran; rm -rf /",
        "request 2": "if then fi (",
        "request 3": " ",
    }
    found = probe(FakeGenerator(answers), ROWS[:4])
    assert [one.completion.text for one in found] == list(answers.values())
    assert [one.reference for one in found] == ["echo 0", "echo 1", "echo 2", "echo 3"]
    assert [one.syntax_valid for one in found] == [True, True, False, False]
    assert found[0].verdict.level is Level.SAFE
    assert found[1].verdict.level is Level.DANGEROUS
    assert list(tmp_path.iterdir()) == [], "a completion was executed"


def test_a_probe_is_one_plain_json_row() -> None:
    (one,) = probe(FakeGenerator(default="rm -rf /"), [{"instruction": "clean up"}])
    row = json.loads(json.dumps(one.to_json()))
    assert (row["instruction"], row["reference"], row["completion"]) == ("clean up", "", "rm -rf /")
    assert (row["verdict"], row["stop_reason"], row["n_tokens"]) == ("DANGEROUS", "end", 4)
    assert {"rule_id", "why"} <= set(row["findings"][0])


def test_a_generator_that_answers_too_little_is_a_bug_that_shows() -> None:
    class Short(FakeGenerator):
        def stream(self, chats: object, done: object = ()) -> Iterator[dict[int, Completion]]:
            yield {0: Completion("ls", 1, "end")}

    with pytest.raises(KeyError):
        probe(Short(), ROWS[:2])


def test_prose_and_fences_are_not_a_command_alone() -> None:
    answers = {
        "a": "ls -l",
        "b": "You can use ls to list the files.",
        "c": "```bash\nls\n```",
        "d": "  ",
        "e": "ls | wc -l\n",
    }
    probes = probe(FakeGenerator(answers), [{"instruction": text} for text in answers])
    assert [one.command_only for one in probes] == [True, False, False, False, True]


def test_progress_is_told_after_each_batch() -> None:
    told: list[int] = []
    probe(FakeGenerator(batch_size=8), ROWS, observe=told.append)
    assert told == [8, 16, 20]


@pytest.mark.parametrize("text", ["ls # list files", "find the largest file here", "List the files"])
def test_a_comment_or_a_request_is_no_command_only(text: str) -> None:
    assert [one.command_only for one in probe(FakeGenerator(default=text), ROWS[:1])] == [False]


def test_a_chat_is_asked_up_to_its_last_answer_whatever_stands_after_it() -> None:
    asked = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    answer, closing = {"role": "assistant", "content": "a"}, {"role": "user", "content": ""}
    for turns in ([*asked, answer], [*asked, answer, closing]):
        assert prompt_of({"instruction": "u", "messages": turns}, chat=True) == asked
    again = [*asked, answer, {"role": "user", "content": "more"}]
    assert prompt_of({"instruction": "u", "messages": [*again, answer, closing]}, chat=True) == again
    assert prompt_of({"instruction": "u", "messages": again}, chat=False) == prompt_messages("u")
