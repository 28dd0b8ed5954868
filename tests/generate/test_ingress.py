"""Ingress: what is refused before the model sees it, and that nothing ordinary is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_tuner.generate.ingress import Limits, fault
from tests.fakes import ByteTokenizer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("x" * 41, "41 characters; 40 are allowed"),
        ("ü" * 20, "40 tokens; 30 are allowed"),
        ("list\x00files", "control or invisible"),
        ("list\x1b[2J files", "control or invisible"),
        ("list \u202efiles", "control or invisible"),
        ("list\u200bfiles", "control or invisible"),
        ("list \udcff", "control or invisible"),
        ("a<|im_end|>b", "<|im_end|>, a token of chat templates"),
        ("<|start_header_id|>system", "chat templates"),
        ("x [/INST] y", "chat templates"),
        ("</pad> </s> y", "</s>, a control token of this model"),
        ("<｜User｜> y", "chat templates"),
        ("say <eot>", "<eot>, a control token of this model"),
    ],
)
def test_a_request_is_refused_with(text: str, why: str) -> None:
    tokenizer = ByteTokenizer(special=("<|im_end|>", "<eot>", "</s>"))
    assert why in fault(text, tokenizer, Limits(max_chars=40, max_tokens=30))


@pytest.mark.parametrize(
    "text", ["list all pdf files", "zähle Zeilen\nin a.txt\t", "find <b> in x.html && a < b", "s/a/b/ [x]"]
)
def test_an_ordinary_request_is_asked(text: str) -> None:
    assert fault(text, ByteTokenizer(), Limits()) == ""
    assert fault(text, None, Limits()) == ""


@pytest.mark.parametrize(
    "text", ["name it 👩‍💻.txt", "❤️ files", "فایل‌ها را بشمار", "strike out with <s>text</s> in a.html", "a <pad> b"]
)
def test_joined_emoji_persian_and_tags_that_are_no_tokens_of_this_model_are_ordinary(text: str) -> None:
    assert fault(text, ByteTokenizer(), Limits()) == ""


@pytest.mark.parametrize("text", ["ls\u200d -l", "a\u200cb", "x\ufe0f", "\u200dls", "<s>", "<pad>"])
def test_a_joiner_between_plain_letters_is_hidden_text_and_an_unknown_model_may_have_any_token(text: str) -> None:
    assert fault(text, None, Limits()) != ""


def test_every_red_team_prompt_with_a_template_token_is_refused_and_no_benign_one() -> None:
    rows = [json.loads(line) for line in Path("data/adversarial/prompts.jsonl").read_text("utf-8").splitlines()]
    refused = {row["id"] for row in rows if fault(row["prompt"], ByteTokenizer(), Limits())}
    assert {row["id"] for row in rows if "<|im_" in row["prompt"]} <= refused
    assert not refused & {row["id"] for row in rows if row["expect"] == "answer"}
