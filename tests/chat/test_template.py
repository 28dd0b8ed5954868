from pathlib import Path

import pytest

from cli_tuner.chat.messages import SYSTEM_PROMPT, prompt_messages, training_messages
from cli_tuner.chat.template import has_generation_markers, render, template_digest
from cli_tuner.errors import TemplateError

TEMPLATES = Path("tests/fixtures/chat_templates")
NAMES = {"bos_token": "<s>", "eos_token": "</s>"}


def _read(name: str) -> str:
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def test_chatml_renders_byte_for_byte() -> None:
    text = render(_read("chatml"), training_messages("list files", "ls"), special_tokens={}).text
    assert text == (
        f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n<|im_start|>user\nlist files<|im_end|>\n"
        "<|im_start|>assistant\nls<|im_end|>\n"
    )


@pytest.mark.parametrize("name", ["chatml", "chatml_marked", "qwen25", "llama3", "mistral"])
def test_the_inference_prompt_is_the_beginning_of_the_training_row(name: str) -> None:
    prompt = render(_read(name), prompt_messages("a"), special_tokens=NAMES, add_generation_prompt=True).text
    assert render(_read(name), training_messages("a", "ls"), special_tokens=NAMES).text.startswith(prompt)


def test_generation_markers_give_the_span_and_leave_no_trace() -> None:
    marked = render(_read("chatml_marked"), training_messages("a", "ls -l"), special_tokens={})
    ((start, end),) = marked.generated
    assert marked.text[start:end] == "ls -l<|im_end|>"
    assert marked.text == render(_read("chatml"), training_messages("a", "ls -l"), special_tokens={}).text
    assert has_generation_markers(_read("chatml_marked")) and not has_generation_markers(_read("chatml"))


def test_a_refusing_template_is_one_clear_error() -> None:
    with pytest.raises(TemplateError, match="System role not supported"):
        render(_read("no_system"), prompt_messages("a"), special_tokens=NAMES)


def test_a_broken_template_and_an_escape_from_the_sandbox_are_errors() -> None:
    for source in (
        "{% for %}",
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
    ):
        with pytest.raises(TemplateError):
            render(source, prompt_messages("a"), special_tokens={})


def test_noncharacters_in_a_message_are_refused() -> None:
    with pytest.raises(TemplateError, match="noncharacter"):
        render(_read("chatml"), prompt_messages("\U0010fffe"), special_tokens={})


def test_tojson_and_clock_are_those_of_transformers() -> None:
    source = "{{ '<é>' | tojson }}{{ strftime_now('%Y') | length }}{% for i in [1,2] %}{% break %}{% endfor %}"
    assert render(source, [], special_tokens={}).text == '"<é>"4'


def test_the_digest_changes_with_one_byte() -> None:
    assert template_digest("a") != template_digest("a ") and len(template_digest("a")) == 64
