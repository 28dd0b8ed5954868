from __future__ import annotations

from dataclasses import replace

import pytest

from cli_tuner.chat.labels import check_row, label_row, prompt_text, style_of
from cli_tuner.chat.messages import prompt_messages
from cli_tuner.chat.style import Style
from cli_tuner.errors import TemplateError
from tests.chat.families import FAMILIES, Family
from tests.fakes import ByteTokenizer

EACH = pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])


def tokenizer_of(family: Family) -> ByteTokenizer:
    controls = list(dict.fromkeys([family.eos, family.bos, *family.controls]))
    return ByteTokenizer(family.template, controls, {"bos_token": family.bos, "eos_token": family.eos})


@EACH
def test_the_style_of_a_family_is_found_from_its_template(family: Family) -> None:
    found = style_of(tokenizer_of(family))
    assert found == replace(Style(end=family.end, own_end=family.end != family.eos), **family.style)


@EACH
def test_a_prompt_is_what_a_row_holds_before_its_answer(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    row = label_row(tokenizer, "list files", "ls -l 'ä b'")
    prompt = prompt_text(tokenizer, prompt_messages("list files"))
    lead, _ = row.text.rsplit("ls -l 'ä b'", 1)
    assert lead == prompt + style_of(tokenizer).blank
    assert prompt_messages("x")[0]["content"] in prompt and "list files" in prompt
    assert "<think>" not in prompt or "</think>" in prompt, "the answer is no thought"


@EACH
def test_the_command_and_the_end_of_its_turn_are_trained(family: Family) -> None:
    tokenizer = tokenizer_of(family)
    row = check_row(tokenizer, "list files", "ls -l", 4096)
    assert row.problem == "" and row.labelled is not None
    said = tokenizer.decode(row.labelled.trained_ids)
    assert said in ("ls -l" + family.end, "ls -l" + family.end + family.eos)


@EACH
def test_a_control_token_of_the_family_in_a_row_is_found(family: Family) -> None:
    assert check_row(tokenizer_of(family), "list", f"echo {family.end}", 4096).problem == "special_token"


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        ("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", "drops the answer"),
        ("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}", "no end token"),
        (
            "{% for m in messages %}{{ m.role if add_generation_prompt else 'r' }}{{ m.content }}</s>{% endfor %}",
            "another",
        ),
        ("{% for m in messages %}{{ raise_exception('never') }}{% endfor %}", "never"),
        ("{% for m in messages %}", "Jinja"),
    ],
)
def test_a_template_that_cannot_be_trained_with_is_refused_with_the_cause(template: str, cause: str) -> None:
    with pytest.raises(TemplateError, match=cause):
        style_of(ByteTokenizer(template, ["</s>"], {"eos_token": "</s>"}))
