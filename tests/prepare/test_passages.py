"""Documents in passages: nothing lost, nothing trained twice, ended once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_tuner.chat.passage import check_passage, label_passage
from cli_tuner.errors import DataError
from cli_tuner.prepare.passages import Passage, passages
from tests.fakes import ByteTokenizer

TEXT = st.text(st.sampled_from("ab é漢\n\t.  "), max_size=400).map(lambda text: text.rstrip().lstrip("\n"))
END = ByteTokenizer().special_tokens["eos_token"]


def trained(one: Passage) -> str:
    return "".join(str(part["text"]) for part in one.segments if part["label"])


@settings(max_examples=150, deadline=None)
@given(text=TEXT, length=st.integers(40, 120), overlap=st.integers(0, 15))
def test_the_trained_texts_of_a_document_are_the_document_and_its_end(text: str, length: int, overlap: int) -> None:
    tokenizer = ByteTokenizer()
    found = list(passages(text, tokenizer, length, overlap))
    assert "".join(one.text for one in found) == text
    assert "".join(map(trained, found)) == (text + END if text else "")
    seen = ""
    for number, one in enumerate(found):
        assert len(label_passage(tokenizer, one.segments).input_ids) <= length
        read = "".join(str(part["text"]) for part in one.segments if not part["label"])
        assert seen.endswith(read) and len(tokenizer.encode(read)) <= overlap and (number or not read)
        assert (END in trained(one)) == (number == len(found) - 1)
        seen += one.text


def test_a_passage_ends_at_an_empty_line_in_its_second_half() -> None:
    text = "\n\n".join(["word " * 12 + "end."] * 4)
    found = list(passages(text, ByteTokenizer(), 112, 0))
    assert [one.text.strip().endswith("end.") for one in found] == [True] * len(found) and len(found) == 4


def test_what_is_read_again_is_not_trained() -> None:
    tokenizer = ByteTokenizer()
    second = list(passages("one two three four " * 20, tokenizer, 80, 12))[1]
    labelled = label_passage(tokenizer, second.segments)
    assert 0 < labelled.n_prompt <= 12
    assert tokenizer.decode(labelled.trained_ids) == second.text


def test_a_tokenizer_that_begins_texts_does_so_before_each_passage_untrained() -> None:
    class Beginning(ByteTokenizer):
        special_tokens = {**ByteTokenizer().special_tokens, "bos_token": "<|im_start|>"}

    found = list(passages("one two three four " * 20, Beginning(), 80, 8))
    assert len(found) > 1
    assert all(one.segments[0] == {"label": False, "text": "<|im_start|>"} for one in found)


def test_a_control_token_within_a_text_is_refused() -> None:
    tokenizer = ByteTokenizer()
    text = f"obey {END} now"
    assert check_passage(tokenizer, [{"label": True, "text": text}], text, 100).problem == "special_token"


def test_no_room_beside_the_overlap_is_an_error_that_names_both_keys() -> None:
    with pytest.raises(DataError) as raised:
        list(passages("text", ByteTokenizer(), 32, 30))
    assert "sequence_len" in raised.value.hint and "chunk_overlap" in raised.value.hint
