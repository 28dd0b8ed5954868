"""Is a merged model the adapter on its base? Compared in float32: weights, next-token distributions, and words.

Weights are compared with PEFT's own merge, distributions at the end of each prompt and along the adapter's own
completion of it, words by greedy decoding. Logits of one side wait on disk for the other, so that only one model is
loaded at a time. Source of the divergence: https://en.wikipedia.org/wiki/Kullback-Leibler_divergence, in nats.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.backends.hf_generate import BatchGenerator, Decoding
from cli_tuner.backends.hf_merge import headers, opened, shards
from cli_tuner.backends.hf_model import HfGenerator, quieten
from cli_tuner.errors import CheckpointError
from cli_tuner.ports import Message

POSITIONS = 8
"""How many next tokens of a prompt are compared: the first, and those along its completion."""


@dataclass(slots=True)
class Proof:
    """One comparison.

    Args:
        base: Folder of the full-precision base model.
        adapter: Checkpoint folder.
        merged: Folder of the merged model.
        chats: The prompts.
        max_new_tokens: Longest completion, in tokens.
    """

    base: Path
    adapter: Path
    merged: Path
    chats: Sequence[Sequence[Message]]
    max_new_tokens: int

    def run(self, *, four_bit: bool) -> dict[str, object]:
        """Compare, and measure how far the merged model is from the adapter on the 4-bit base it was trained on.

        Args:
            four_bit: Whether the base was quantised in training; without, no drift is measured.

        Returns:
            `{"kl_mean", "kl_max", "top1_agreement", "equal_completions", "n_prompts", "n_positions", "weights": {...},
            "drift_4bit": {...} | None, "device", "prompts_with_equal_tokens"}`.

        Raises:
            CheckpointError: A model cannot be loaded.
            TemplateError: The class that loads the merged tokenizer cuts a prompt into other tokens than its file.
        """
        quieten()
        decoding = Decoding(self.max_new_tokens)
        with tempfile.TemporaryDirectory(prefix="cli-tuner-parity-") as folder:
            adapted = _adapted(self.base, self.adapter, decoding)
            said = [one.text for one in adapted.generate(self.chats)]
            paths = self._paths(adapted, said)
            reference = _keep(adapted, paths, Path(folder) / "adapter")
            weights = _compare_weights(adapted.model, self.base, self.merged)
            del adapted
            merged = _Float32(_load(self.merged), self.merged, decoding)
            same_tokens = merged.require_same_tokens(self.merged, self.chats)
            again = [one.text for one in merged.generate(self.chats)]
            found = _Distance.between(reference, merged.next_tokens(paths))
            kept = _keep(merged, paths, Path(folder) / "merged") if four_bit else []
            device = merged.model.device.type
            del merged
            drift = self._drift(paths, kept, decoding) if four_bit else None
        equal = sum(one == other for one, other in zip(said, again, strict=True)) / len(said)
        return {
            **found.to_json(), "equal_completions": equal, "n_prompts": len(self.chats), "weights": weights,
            "drift_4bit": drift, "device": device, "prompts_with_equal_tokens": same_tokens,
        }  # fmt: skip

    def _paths(self, generator: _Float32, said: Sequence[str]) -> list[tuple[list[int], int]]:
        """Return the tokens of each prompt with the start of its completion, and how many next tokens to look at."""
        paths = []
        for chat, text in zip(self.chats, said, strict=True):
            prompt, answer = generator.render(chat), generator.encode(text)[: POSITIONS - 1]
            paths.append((prompt + answer, len(answer) + 1))
        return paths

    def _drift(self, paths: Sequence[tuple[list[int], int]], kept: list[Path], decoding: Decoding) -> dict[str, object]:
        quantised = _FourBit(str(self.base), self.adapter, load_in_4bit=True, decoding=decoding)
        spoken = _next_tokens(quantised.model, paths)
        return {**_Distance.between(kept, spoken).to_json(), "n_linear4bit": quantised.facts()["n_linear4bit"]}


class _Float32(BatchGenerator):
    """A model in float32 that also shows its distributions."""

    def __init__(self, model: Any, tokenizer_folder: Path, decoding: Decoding) -> None:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(tokenizer_folder), padding_side="left", trust_remote_code=False)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        super().__init__(model.eval(), tokenizer, decoding, nullcontext)
        self.model = model

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def next_tokens(self, paths: Sequence[tuple[list[int], int]]) -> Iterator[Any]:
        return _next_tokens(self.model, paths)


class _FourBit(HfGenerator):
    """The model that was trained, its base quantised as it was then."""

    @property
    def model(self) -> Any:
        return self._model


def _next_tokens(model: Any, paths: Sequence[tuple[list[int], int]]) -> Iterator[Any]:
    """Yield log-probabilities of the next token, float64 on the CPU, (positions, vocabulary), for each path."""
    import torch

    for ids, count in paths:
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids], device=model.device)).logits[0, -count:]
        yield logits.double().cpu().log_softmax(-1)


def _keep(generator: _Float32, paths: Sequence[tuple[list[int], int]], stem: Path) -> list[Path]:
    """Write the distributions to files, as float32."""
    import numpy as np

    files = []
    for number, logs in enumerate(generator.next_tokens(paths)):
        files.append(stem.with_name(f"{stem.name}-{number}.npy"))
        np.save(files[-1], logs.float().numpy())
    return files


@dataclass(slots=True)
class _Distance:
    total: float = 0.0
    largest: float = 0.0
    same: int = 0
    positions: int = 0

    @classmethod
    def between(cls, reference: Sequence[Path], others: Iterator[Any]) -> _Distance:
        """Measure how far `others` are from what was kept."""
        import numpy as np
        import torch

        found = cls()
        for file, other in zip(reference, others, strict=True):
            kept = torch.from_numpy(np.load(file)).double().log_softmax(-1)
            divergence = (kept.exp() * (kept - other)).sum(-1).clamp(min=0)
            found.total += float(divergence.sum())
            found.largest = max(float(divergence.max()), found.largest)
            found.same += int((kept.argmax(-1) == other.argmax(-1)).sum())
            found.positions += len(kept)
        return found

    def to_json(self) -> dict[str, object]:
        """Return the divergence in nats (None where it is not finite) and the agreement in [0, 1]."""
        return {
            "kl_mean": _finite(self.total / self.positions),
            "kl_max": _finite(self.largest),
            "top1_agreement": self.same / self.positions,
            "n_positions": self.positions,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _adapted(base: Path, adapter: Path, decoding: Decoding) -> _Float32:
    from peft import PeftModel

    try:
        model = PeftModel.from_pretrained(_load(base), str(adapter), use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(
            f"{adapter}: cannot be loaded on {base}: {error}", hint="is this its base model?"
        ) from error
    return _Float32(model.float(), adapter, decoding)


def _load(folder: Path) -> Any:
    """Load a model in float32, on the GPU where it fits into what is free there."""
    import torch
    from transformers import AutoModelForCausalLM

    needed = 4 * sum(file.stat().st_size for file in shards(folder)) // _bytes_a_weight(folder)
    fits = torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > 1.2 * needed
    try:
        return AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, device_map={"": "cuda:0" if fits else "cpu"}, use_safetensors=True,
            trust_remote_code=False,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(
            f"{folder}: cannot be loaded: {error}", hint="is every file of the model there?"
        ) from error


def _bytes_a_weight(folder: Path) -> int:
    with opened(shards(folder)[0]) as tensors:
        first = tensors.get_slice(next(iter(tensors.keys())))
        return {"F64": 8, "F32": 4}.get(str(first.get_dtype()), 2)


def _compare_weights(model: Any, base: Path, merged: Path) -> dict[str, object]:
    """Compare every merged tensor with PEFT's own merge of `model`, and untouched ones with the base, bit for bit.

    A model that is float32 throughout is compared with the base in float32.

    Returns:
        `{"largest_difference", "at", "n_changed", "n_untouched", "touched_without_adapter"}`: the difference relative
        to the largest weight of its tensor, and the names of tensors that differ from the base though PEFT's do not.
    """
    import torch

    expected = model.merge_and_unload(safe_merge=True).state_dict()
    widened = set(headers(shards(merged))[1].values()) == {"F32"}
    worst, at, n_changed, n_untouched = 0.0, "", 0, 0
    strangers: list[str] = []
    for ours, theirs in zip(shards(merged), shards(base), strict=True):
        with opened(ours) as new, opened(theirs) as old:
            if set(new.keys()) != set(old.keys()):
                raise CheckpointError(f"{ours}: holds other tensors than {theirs}", hint="merge again")
            for name in new.keys():  # noqa: SIM118
                mine, before = new.get_tensor(name), old.get_tensor(name)
                wanted = expected[name].cpu() if name in expected else before
                before = before.float() if widened else before
                if torch.equal(wanted.to(before.dtype), before):
                    n_untouched += 1
                    if mine.dtype != before.dtype or not torch.equal(mine, before):
                        strangers.append(name)
                    continue
                n_changed += 1
                scale = float(wanted.double().abs().max()) or 1.0
                difference = float((mine.double() - wanted.double()).abs().max()) / scale
                if not difference <= worst:
                    worst, at = difference, name
    return {
        "largest_difference": _finite(worst), "at": at, "n_changed": n_changed, "n_untouched": n_untouched,
        "touched_without_adapter": strangers,
    }  # fmt: skip
