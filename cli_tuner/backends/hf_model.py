"""Loads a transformers model, with LoRA adapters on it or without, and hands out generators.

Safetensors only and never code from the hub. One loaded base serves both sides of a comparison: with the adapter
off it is the base model, with the adapter on the tuned one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from cli_tuner.backends.hf_generate import BatchGenerator, Decoding
from cli_tuner.errors import CheckpointError
from cli_tuner.ports import Message
from cli_tuner.provenance.base import pinned_revision

BF16_FROM = (8, 0)
"""Compute capability of the first GPUs that compute in bfloat16 (CUDA C++ Programming Guide, Compute Capabilities)."""

__all__ = ["Decoding", "HfGenerator", "HfPair", "adapter_facts", "use_threads"]


def adapter_facts(path: Path) -> dict[str, object]:
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


def use_threads(number: int) -> None:
    """Let torch use this many CPU threads; on a shared machine, one is often faster than all."""
    import torch

    torch.set_num_threads(number)


class HfGenerator(BatchGenerator):
    """A base model with an adapter on it, or a whole model alone.

    Args:
        base_model: Folder or hub id.
        adapter: Checkpoint folder, whose tokenizer and chat template are then used; None for the model alone.
        load_in_4bit: Quantise the base to NF4 as in training.
        decoding: How tokens are chosen.

    Raises:
        CheckpointError: The model or adapter cannot be loaded.
    """

    def __init__(self, base_model: str, adapter: Path | None, *, load_in_4bit: bool, decoding: Decoding) -> None:
        adapters = {"tuned": adapter} if adapter else {}
        model, tokenizer = load_with_adapters(base_model, adapters, load_in_4bit, decoding.seed)
        super().__init__(model, tokenizer, decoding, nullcontext)

    def facts(self) -> dict[str, object]:
        """Return the realised device, quantisation and decoding."""
        return {**_facts(self._model), "decoding": self.realised()}


class HfPair:
    """Two models to compare that share one loaded base: `base` and `tuned`.

    Both are asked with the tokenizer and chat template of the tuned checkpoint.

    Args:
        base_model: Folder or hub id.
        tuned: The checkpoint under test.
        other: A second checkpoint of the same base, to take the place of `base`; None for the bare base model.
        load_in_4bit: Quantise the base to NF4 as in training.
        decoding: How tokens are chosen.

    Attributes:
        base: Answers without the tuned adapter.
        tuned: Answers with it.

    Raises:
        CheckpointError: The model or an adapter cannot be loaded.
    """

    def __init__(
        self, base_model: str, tuned: Path, other: Path | None = None, *, load_in_4bit: bool, decoding: Decoding
    ) -> None:
        adapters = {"tuned": tuned, **({"other": other} if other else {})}
        self._model, tokenizer = load_with_adapters(base_model, adapters, load_in_4bit, decoding.seed)
        first = self._with("other") if other else self._model.disable_adapter
        self.base = BatchGenerator(self._model, tokenizer, decoding, first)
        self.tuned = BatchGenerator(self._model, tokenizer, decoding, self._with("tuned"))

    def facts(self) -> dict[str, object]:
        """Return the realised device, quantisation and decoding."""
        return {**_facts(self._model), "decoding": self.tuned.realised()}

    def prove_active(self, chats: Sequence[Sequence[Message]]) -> dict[str, float]:
        """Show that the tuned adapter is switched on and changes what the model says.

        Args:
            chats: A few prompts; at least one.

        Returns:
            The largest difference between two logits, and the mean Kullback-Leibler divergence of the tuned model's
            next token from the base's, in nats.

        Raises:
            CheckpointError: Both sides give the same logits.
        """
        prompts = [self.tuned.render(chat) for chat in chats]
        base, tuned = self.base.logits(prompts), self.tuned.logits(prompts)
        difference = float((tuned - base).abs().max())
        if difference == 0.0:
            raise CheckpointError(
                f"the checkpoint answers exactly as what it is compared with: all logits of {len(prompts)} prompts "
                "are equal",
                hint="is it the checkpoint that was trained? `cli-tuner validate --checkpoint-dir …` looks inside",
            )
        tuned_log, base_log = tuned.log_softmax(-1), base.log_softmax(-1)
        divergence = float((tuned_log.exp() * (tuned_log - base_log)).sum(-1).mean())
        return {"max_logit_difference": difference, "mean_kl": divergence}

    def _with(self, name: str) -> Callable[[], AbstractContextManager[None]]:
        def enter() -> AbstractContextManager[None]:
            self._model.set_adapter(name, inference_mode=True)
            return nullcontext()

        return enter


def _facts(model: Any) -> dict[str, object]:
    import torch

    linear = [
        module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and ".lora_" not in name
    ]
    quantised = sum(hasattr(module.weight, "quant_state") for module in linear)
    return {
        "device": model.device.type,
        "dtype": str(model.dtype).removeprefix("torch."),
        "n_linear4bit": quantised,
        "n_linear": len(linear),
    }


def load_with_adapters(base_model: str, adapters: dict[str, Path], load_in_4bit: bool, seed: int) -> tuple[Any, Any]:
    """Load tokenizer, base and adapters; the first adapter is the active one and gives the tokenizer."""
    quieten()
    import torch
    from peft import PeftModel
    from transformers import AutoTokenizer

    folder = next(iter(adapters.values()), None)
    source = str(folder) if folder is not None and (folder / "tokenizer_config.json").is_file() else base_model
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, padding_side="left", trust_remote_code=False)
        pinned = next((pinned_revision(adapter) for adapter in adapters.values()), None)
        model = _load_base(base_model, load_in_4bit, None if Path(base_model).is_dir() else pinned)
        for number, (name, folder) in enumerate(adapters.items()):
            if number == 0:
                model = PeftModel.from_pretrained(model, str(folder), adapter_name=name, use_safetensors=True)
            else:
                model.load_adapter(str(folder), adapter_name=name, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f"{source}: cannot be loaded on {base_model}: {first}",
            hint="is the base model here or on the hub, and is it the one that the adapter was trained on?",
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    torch.manual_seed(seed)
    return model.eval(), tokenizer


def compute_dtype() -> Any:
    """Return the type that models compute in here: bfloat16 from Ampere on, before it float16; float32 on a CPU.

    NOTE: `torch.cuda.is_bf16_supported()` counts emulation, and so says yes on a T4.
    """
    import torch

    if not torch.cuda.is_available():
        return torch.float32
    return torch.bfloat16 if torch.cuda.get_device_capability() >= BF16_FROM else torch.float16


def _load_base(base_model: str, load_in_4bit: bool, revision: str | None) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    cuda, dtype = torch.cuda.is_available(), compute_dtype()
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return AutoModelForCausalLM.from_pretrained(
        base_model,
        revision=revision,
        dtype=dtype,
        device_map={"": "cuda:0" if cuda else "cpu"},
        quantization_config=quantisation if load_in_4bit else None,
        use_safetensors=True,
        trust_remote_code=False,
    )


def quieten() -> None:
    """Keep what libraries say while loading out of our output: none of it is for the user to act on."""
    import logging

    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
