"""Generation with real transformers, PEFT and bitsandbytes on the tiny base model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tuner.chat.messages import prompt_messages
from cli_tuner.errors import CheckpointError, DataError

pytestmark = pytest.mark.contract

TEXTS = ["list files", "show the last 5 lines of notes.txt", "find it", "how many words are in essay.md, please?", "x"]
CHATS = [prompt_messages(text) for text in TEXTS]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from cli_tuner.backends.tiny_base import ensure

    folder = tmp_path_factory.mktemp("models") / "base"
    ensure(folder)
    return folder


def adapter(base: Path, folder: Path, seed: int, scale: float = 0.3) -> Path:
    """Save a LoRA adapter with drawn weights, as a training would leave it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    tuned = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"]))
    for name, weights in tuned.named_parameters():
        if "lora_B" in name:
            weights.data.normal_(std=scale)
    tuned.save_pretrained(str(folder))
    AutoTokenizer.from_pretrained(base).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="module")
def tuned(base: Path) -> Path:
    return adapter(base, base.parent / "tuned", seed=1)


def pair(base: Path, tuned: Path, other: Path | None = None, **decoding: Any) -> Any:
    from cli_tuner.backends.hf_model import Decoding, HfPair

    return HfPair(str(base), tuned, other, load_in_4bit=False, decoding=Decoding(max_new_tokens=8, **decoding))


def test_batches_give_what_one_prompt_at_a_time_gives(base: Path, tuned: Path) -> None:
    for side in ("base", "tuned"):
        alone, together = (getattr(pair(base, tuned, batch_size=size), side).generate(CHATS) for size in (1, 4))
        assert together == alone
    assert any(one.n_tokens > 1 for one in together)


def test_both_sides_come_from_one_base_and_switching_back_and_forth_changes_nothing(base: Path, tuned: Path) -> None:
    from cli_tuner.backends.hf_model import Decoding, HfGenerator

    loaded = pair(base, tuned)
    tuned_first, plain, tuned_again = (side.generate(CHATS) for side in (loaded.tuned, loaded.base, loaded.tuned))
    assert tuned_first == tuned_again != plain
    decoding = Decoding(max_new_tokens=8)
    assert plain == HfGenerator(str(base), None, load_in_4bit=False, decoding=decoding).generate(CHATS)
    assert tuned_first == HfGenerator(str(base), tuned, load_in_4bit=False, decoding=decoding).generate(CHATS)


def test_another_checkpoint_takes_the_place_of_the_base(base: Path, tuned: Path, tmp_path: Path) -> None:
    other = adapter(base, tmp_path / "other", seed=2)
    loaded = pair(base, tuned, other)
    assert loaded.base.generate(CHATS) == pair(base, other).tuned.generate(CHATS)
    assert loaded.tuned.generate(CHATS) == pair(base, tuned).tuned.generate(CHATS)
    assert loaded.prove_active(CHATS)["mean_kl"] > 0


def test_an_adapter_that_changes_nothing_is_refused(base: Path, tuned: Path, tmp_path: Path) -> None:
    assert pair(base, tuned).prove_active(CHATS)["max_logit_difference"] > 0
    with pytest.raises(CheckpointError, match="answers exactly as"):
        pair(base, adapter(base, tmp_path / "zero", seed=3, scale=0.0)).prove_active(CHATS)


def test_what_is_done_is_not_answered_again_and_two_goes_give_what_one_gives(base: Path, tuned: Path) -> None:
    generator = pair(base, tuned, batch_size=2).tuned
    whole = list(generator.stream(CHATS))
    assert sorted(number for batch in whole for number in batch) == list(range(len(CHATS)))
    first = frozenset(whole[0])
    cut = frozenset(list(whole[1])[:1])
    assert list(generator.stream(CHATS, first)) == whole[1:]
    assert list(generator.stream(CHATS, first | cut)) == whole[1:]
    assert list(generator.stream(CHATS, range(len(CHATS)))) == []


def test_a_batch_too_large_for_memory_is_halved_until_it_fits(
    base: Path, tuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    generator = pair(base, tuned, batch_size=5).tuned
    expected = generator.generate(CHATS)
    real, sizes = generator._model.generate, []

    def small_memory(**inputs: Any) -> Any:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > limit:
            raise torch.OutOfMemoryError("out of memory")
        return real(**inputs)

    monkeypatch.setattr(generator._model, "generate", small_memory)
    limit = 2
    assert generator.generate(CHATS) == expected
    assert sizes == [5, 2, 2, 1]
    limit = 0
    with pytest.raises(CheckpointError, match=r"one prompt of .* does not fit into memory"):
        generator.generate(CHATS)


def test_a_prompt_without_room_for_an_answer_is_refused(base: Path, tuned: Path) -> None:
    with pytest.raises(DataError, match="do not fit into the model's context of 2048"):
        pair(base, tuned).tuned.generate([prompt_messages("word " * 3000)])


def test_an_empty_list_gives_an_empty_list(base: Path, tuned: Path) -> None:
    assert pair(base, tuned).tuned.generate([]) == []


def test_in_4_bits_the_layers_are_quantised_and_the_adapter_still_counts(base: Path, tuned: Path) -> None:
    from cli_tuner.backends.hf_model import Decoding, HfPair

    loaded = HfPair(str(base), tuned, load_in_4bit=True, decoding=Decoding(max_new_tokens=4))
    assert loaded.facts()["n_linear4bit"] == 28
    assert loaded.prove_active(CHATS)["max_logit_difference"] > 0
    assert loaded.tuned.generate(CHATS) == loaded.tuned.generate(CHATS)


def test_a_folder_that_is_no_adapter_is_a_clear_error(base: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be loaded on"):
        pair(base, tmp_path)


HOSTILE = {
    "do_sample": True, "temperature": 1.9, "top_k": 3, "top_p": 0.3, "repetition_penalty": 5.0, "num_beams": 3,
    "no_repeat_ngram_size": 1, "min_new_tokens": 7, "suppress_tokens": [5, 6, 7], "length_penalty": 3.0,
}  # fmt: skip


def test_a_hostile_generation_config_of_the_base_changes_no_answer(base: Path, tuned: Path, tmp_path: Path) -> None:
    import json
    import shutil

    hostile = tmp_path / "hostile"
    shutil.copytree(base, hostile)
    config = hostile / "generation_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **HOSTILE}))
    calm, other = pair(base, tuned), pair(hostile, tuned)
    for side in ("base", "tuned"):
        assert getattr(other, side).generate(CHATS) == getattr(calm, side).generate(CHATS), side
    realised = other.facts()["decoding"]
    assert realised == calm.facts()["decoding"]
    assert (realised["do_sample"], realised["repetition_penalty"], realised["num_beams"]) == (False, 1.0, 1)


@pytest.mark.parametrize(
    ("capability", "wanted"),
    [(None, "float32"), ((6, 1), "float16"), ((7, 5), "float16"), ((8, 0), "bfloat16"), ((12, 0), "bfloat16")],
)
def test_a_gpu_that_only_emulates_bfloat16_computes_in_float16(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int] | None, wanted: str
) -> None:
    import torch

    from cli_tuner.backends.hf_model import compute_dtype

    monkeypatch.setattr(torch.cuda, "is_available", lambda: capability is not None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)
    assert compute_dtype() is getattr(torch, wanted)
