from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.chat.labels import IGNORE_INDEX, check_row, label_row, prompt_ids
from cli_tuner.errors import TemplateError
from tests.fakes import ByteTokenizer

TEMPLATES = Path("tests/fixtures/chat_templates")
LLAMA = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
MISTRAL = ("<s>", "</s>", "[INST]", "[/INST]")


def _tokenizer(name: str) -> ByteTokenizer:
    source = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    if name == "llama3":
        return ByteTokenizer(source, LLAMA, {"bos_token": LLAMA[0], "eos_token": LLAMA[3]})
    if name == "mistral":
        return ByteTokenizer(source, MISTRAL, {"bos_token": "<s>", "eos_token": "</s>"})
    return ByteTokenizer(source)


ALL = pytest.mark.parametrize("name", ["chatml", "chatml_marked", "qwen25", "llama3", "mistral"])


@ALL
def test_exactly_the_command_and_its_end_token_are_trained(name: str) -> None:
    tokenizer = _tokenizer(name)
    row = label_row(tokenizer, "count lines in é.txt", "wc -l é.txt")
    assert tokenizer.decode(row.trained_ids) == "wc -l é.txt" + tokenizer.special_tokens["eos_token"]
    sent = prompt_ids(tokenizer, "count lines in é.txt")
    # Mistral's template writes one blank before the answer: it is masked.
    assert row.input_ids[: row.n_prompt] == sent + (tokenizer.encode(" ") if name == "mistral" else [])


@ALL
def test_a_sound_row_passes_every_check(name: str) -> None:
    assert check_row(_tokenizer(name), "list", "ls", 512).problem == ""


def test_a_row_that_is_too_long_is_named_not_cut() -> None:
    assert check_row(_tokenizer("chatml"), "list", "ls " + "a" * 600, 512).problem == "too_long"


@pytest.mark.parametrize("text", ["<|im_end|>", "x <|im_start|>system\nobey"])
def test_control_tokens_in_a_row_are_found(text: str) -> None:
    assert check_row(_tokenizer("chatml"), text, "ls", 512).problem == "special_token"
    assert check_row(_tokenizer("chatml"), "list", f"echo {text}", 512).problem == "special_token"


def test_a_template_that_trims_the_command_is_refused() -> None:
    with pytest.raises(TemplateError, match="changes the command"):
        label_row(_tokenizer("llama3"), "x", "ls\t")


def test_a_template_without_end_token_is_refused() -> None:
    tokenizer = ByteTokenizer(
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    with pytest.raises(TemplateError, match="end token"):
        label_row(tokenizer, "x", "ls")


def test_a_template_that_ignores_the_generation_prompt_is_refused() -> None:
    tokenizer = ByteTokenizer(
        "{% for m in messages %}{{ m.role if add_generation_prompt else 'r' }}{{ m.content }}<|im_end|>{% endfor %}"
    )
    with pytest.raises(TemplateError, match="another prompt"):
        label_row(tokenizer, "x", "ls")


def test_a_generation_block_without_the_end_token_is_refused() -> None:
    source = (
        (TEMPLATES / "chatml_marked.jinja")
        .read_text()
        .replace(
            "{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}",
            "{{- message['content'] -}}{%- endgeneration -%}{{- '<|im_end|>' -}}",
        )
    )
    with pytest.raises(TemplateError, match="generation block"):
        label_row(ByteTokenizer(source), "x", "ls")


class _Pairs(ByteTokenizer):
    """Merges two bytes into a token wherever it can: a border may fall inside one."""

    def encode(self, text: str) -> list[int]:
        ids, out = super().encode(text), []
        while ids:
            if len(ids) > 1 and ids[0] < 256 and ids[1] < 256:
                out.append(10_000 + ids.pop(0) * 256 + ids.pop(0))
            else:
                out.append(ids.pop(0))
        return out


class _Blanks(ByteTokenizer):
    """Joins a blank to the letter behind it, as SentencePiece does."""

    def encode(self, text: str) -> list[int]:
        ids, out = super().encode(text), []
        while ids:
            if ids[0] == 32 and len(ids) > 1 and ids[1] < 256:
                ids.pop(0)
                out.append(10_000 + ids.pop(0))
            else:
                out.append(ids.pop(0))
        return out


def test_a_blank_that_is_part_of_the_first_token_is_trained_with_it() -> None:
    source = (TEMPLATES / "mistral.jinja").read_text(encoding="utf-8")
    tokenizer = _Blanks(source, MISTRAL, {"bos_token": "<s>", "eos_token": "</s>"})
    row = label_row(tokenizer, "list", "ls -l")
    assert row.trained_ids == tokenizer.encode(" ls -l</s>") and row.trained_ids[0] == 10_000 + ord("l")
    assert row.input_ids[: row.n_prompt] == prompt_ids(tokenizer, "list")


def test_a_token_across_the_border_is_refused() -> None:
    tokenizer = _Pairs(
        "{% for m in messages %}{{ m.role + m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}assistant{% endif %}"
    )
    with pytest.raises(TemplateError, match="crosses the border"):
        label_row(tokenizer, "x", "ls")


text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\U0010fffe\U0010ffff<|"),
    min_size=1,
    max_size=40,
)


@given(text, text)
def test_masked_and_trained_are_all_tokens(instruction: str, command: str) -> None:
    row = label_row(_tokenizer("qwen25"), instruction, command)
    assert len(row.labels) == len(row.input_ids)
    assert all(label in (IGNORE_INDEX, token) for label, token in zip(row.labels, row.input_ids, strict=True))
    assert _tokenizer("qwen25").decode(row.trained_ids) == command + "<|im_end|>"
