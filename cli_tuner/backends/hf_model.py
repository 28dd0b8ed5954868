"""Generates with a transformers model and a LoRA adapter on it: batched, left-padded, in inference mode.

Safetensors only and never code from the hub. Greedy unless a temperature is given; with one, seeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError
from cli_tuner.ports import Completion, Message


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are chosen.

    Attributes:
        max_new_tokens: Longest completion, in tokens.
        temperature: 0 is greedy; above, sampling.
        top_p: Nucleus mass in (0, 1]; used when sampling.
        seed: Seeds the sampling.
        batch_size: Prompts that are answered together.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 42
    batch_size: int = 16


def adapter_facts(path: Path) -> dict[str, Any]:
    """Read an adapter's tensors: how many, how many not finite, and whether its update is all zeros.

    A LoRA update is B x A; B starts at zero, so an adapter whose every B is zero changes nothing
    (https://arxiv.org/abs/2106.09685, section 4.1).

    Raises:
        CheckpointError: safetensors cannot read what its header promises, such as a type that it does not know.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    n_tensors = n_not_finite = 0
    all_zero = True
    try:
        with safe_open(str(path), framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118  (safe_open is no mapping)
                tensor = tensors.get_tensor(name).float()
                n_tensors += 1
                n_not_finite += not bool(torch.isfinite(tensor).all())
                all_zero &= ".lora_A." in name or not bool(tensor.any())
    except (SafetensorError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"{path}: its tensors cannot be read: {error}", hint="train again") from error
    return {"n_tensors": n_tensors, "n_not_finite": n_not_finite, "all_zero": all_zero}


class HfGenerator:
    """A base model with an adapter on it.

    Args:
        base_model: Folder or hub id.
        adapter: Checkpoint folder; its tokenizer and chat template are used.
        load_in_4bit: Quantise the base to NF4 as in training.
        decoding: How tokens are chosen.

    Raises:
        CheckpointError: The model or adapter cannot be loaded.
    """

    def __init__(self, base_model: str, adapter: Path, *, load_in_4bit: bool, decoding: Decoding) -> None:
        _quieten()
        import torch
        from transformers import AutoTokenizer

        self._decoding = decoding
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(str(adapter), padding_side="left", trust_remote_code=False)
            self._model = _load(base_model, adapter, load_in_4bit)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise CheckpointError(
                f"{adapter}: cannot be loaded on {base_model}: {first}",
                hint="is the base model here or on the hub, and is it the one that the adapter was trained on?",
            ) from error
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        torch.manual_seed(decoding.seed)

    def facts(self) -> dict[str, Any]:
        """Return the realised device and quantisation."""
        names = [type(module).__name__ for module in self._model.modules() if hasattr(module, "in_features")]
        return {
            "device": self._model.device.type,
            "n_linear4bit": _count_quantised(self._model),
            "n_linear": len(names),
        }

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        """Answer each chat; prompts of similar length share a batch, the order of the answers is that of the chats."""
        prompts = [self._render(chat) for chat in chats]
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        answers: dict[int, Completion] = {}
        for start in range(0, len(order), self._decoding.batch_size):
            batch = order[start : start + self._decoding.batch_size]
            answers.update(zip(batch, self._answer([prompts[index] for index in batch]), strict=True))
        return [answers[index] for index in range(len(prompts))]

    def _render(self, chat: Sequence[Message]) -> list[int]:
        text = self._tokenizer.apply_chat_template([dict(m) for m in chat], add_generation_prompt=True, tokenize=False)
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _answer(self, prompts: list[list[int]]) -> list[Completion]:
        import torch

        batch = self._tokenizer.pad({"input_ids": prompts}, return_tensors="pt").to(self._model.device)
        sampling = self._decoding.temperature > 0
        choice = {"temperature": self._decoding.temperature, "top_p": self._decoding.top_p} if sampling else {}
        with torch.inference_mode():
            output = self._model.generate(
                **batch,
                max_new_tokens=self._decoding.max_new_tokens,
                do_sample=sampling,
                pad_token_id=self._tokenizer.pad_token_id,
                **choice,
            )
        width = batch["input_ids"].shape[1]
        return [self._completion(row[width:].tolist()) for row in output]

    def _completion(self, ids: list[int]) -> Completion:
        ends = self._model.generation_config.eos_token_id
        stops = {self._tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        length = next((index for index, token in enumerate(ids) if token in stops), None)
        kept = ids if length is None else ids[:length]
        text = self._tokenizer.decode(kept, skip_special_tokens=False)
        return Completion(text, len(kept) + (length is not None), "length" if length is None else "end")


def _quieten() -> None:
    """Keep what libraries say while loading out of our output: none of it is for the user to act on."""
    import logging

    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()


def _load(base_model: str, adapter: Path, load_in_4bit: bool) -> Any:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    cuda = torch.cuda.is_available()
    dtype = torch.bfloat16 if cuda and torch.cuda.is_bf16_supported() else torch.float16 if cuda else torch.float32
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    base = AutoModelForCausalLM.from_pretrained(
        base_model,
        dtype=dtype,
        device_map={"": "cuda:0" if cuda else "cpu"},
        quantization_config=quantisation if load_in_4bit else None,
        use_safetensors=True,
        trust_remote_code=False,
    )
    model = PeftModel.from_pretrained(base, str(adapter), use_safetensors=True)
    return model.eval()


def _count_quantised(model: Any) -> int:
    return sum(hasattr(getattr(module, "weight", None), "quant_state") for module in model.modules())
