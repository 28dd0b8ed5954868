"""Answers chats with a transformers model in batches: left-padded, sorted by length, in inference mode.

The law: in float32, greedy completions are those of the one-at-a-time loop, token for token, whatever the batch
(`benchmarks/generation.py` compares them; in 16 bit or 4 bit, padding can tip a tie between two tokens).
Nothing of how tokens are chosen comes from the base's `generation_config.json` (sampling, penalties, forced tokens):
of it only the ids of the end tokens are kept, and what holds instead is told by `realised`.
Where memory runs out a batch is halved and asked again, down to one prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.backends.tokenizer_parity import require_same
from cli_tuner.chat.style import Style, find_style
from cli_tuner.errors import CheckpointError, DataError
from cli_tuner.ports import Completion, Message


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are chosen.

    Attributes:
        max_new_tokens: Longest completion, in tokens.
        temperature: 0 is greedy; above, sampling.
        top_p: Nucleus mass in (0, 1]; used when sampling.
        seed: Seeds the sampling.
        batch_size: Prompts that are answered together; 16 to 32 are best on a CPU.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 42
    batch_size: int = 32


class BatchGenerator:
    """A loaded model that answers chats.

    Args:
        model: A causal language model of transformers or PEFT, in evaluation mode.
        tokenizer: Its tokenizer, padding on the left, with a pad token.
        decoding: How tokens are chosen.
        adapters: Enters the state of the model that is to answer, such as "without the adapter".
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        decoding: Decoding,
        adapters: Callable[[], AbstractContextManager[Any]],
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._decoding = decoding
        self._adapters = adapters
        self._fits = decoding.batch_size
        ends = model.generation_config.eos_token_id
        self._style = _style(tokenizer)
        own = tokenizer.convert_tokens_to_ids(self._style.end)
        self._stops = {tokenizer.eos_token_id, own, *(ends if isinstance(ends, list) else [ends])} - {None}
        self._settings = _settings(decoding, sorted(self._stops), tokenizer.pad_token_id)
        _take_over(model, self._settings)

    def realised(self) -> dict[str, object]:
        """Return every setting that chooses tokens, as it holds."""
        return dict(self._settings)

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        """Answer each chat, in order."""
        answers = {number: one for batch in self.stream(chats) for number, one in batch.items()}
        return [answers[number] for number in range(len(chats))]

    def stream(self, chats: Sequence[Sequence[Message]], done: Collection[int] = ()) -> Iterator[dict[int, Completion]]:
        """Answer batch by batch, prompts of similar length together; see `ports.Generator.stream`.

        Raises:
            DataError: A prompt leaves no room for an answer in the model's context.
            CheckpointError: Not even one prompt fits into memory.
        """
        prompts = [self.render(chat) for chat in chats]
        self._check_room(prompts)
        finished = frozenset(done)
        order = sorted(range(len(prompts)), key=lambda number: (len(prompts[number]), number))
        for start in range(0, len(order), self._decoding.batch_size):
            batch = order[start : start + self._decoding.batch_size]
            if not finished.issuperset(batch):
                answers = self._answer([prompts[number] for number in batch])
                yield dict(zip(batch, answers, strict=True))

    def render(self, chat: Sequence[Message]) -> list[int]:
        """Return the token ids of a chat, up to where the answer begins."""
        ids: list[int] = self._tokenizer(self.written(chat), add_special_tokens=False)["input_ids"]
        return ids

    def written(self, chat: Sequence[Message]) -> str:
        """Return a chat as text, up to where the answer begins."""
        style = self._style
        return style.prompt(
            self._tokenizer.apply_chat_template(
                [dict(m) for m in style.messages(chat)], add_generation_prompt=True, tokenize=False, **style.arguments
            )
        )

    def require_same_tokens(self, folder: Path, chats: Sequence[Sequence[Message]]) -> int:
        """Compare the tokens of prompts with those of the `tokenizer.json` in `folder`; return how many.

        Raises:
            TemplateError: A prompt has other tokens; shows it.
        """
        return require_same(folder, [self.written(chat) for chat in chats], self._tokenizer)

    def logits(self, prompts: Sequence[list[int]]) -> Any:
        """Return the logits of the token after each prompt: float32, on the CPU, (prompts, vocabulary)."""
        import torch

        with torch.inference_mode(), self._adapters():
            output = self._model(**self._padded(prompts))
            return output.logits[:, -1].float().cpu()

    def _check_room(self, prompts: Sequence[list[int]]) -> None:
        room = getattr(self._model.config, "max_position_embeddings", None)
        longest = max(map(len, prompts), default=0)
        if room and longest + self._decoding.max_new_tokens > room:
            raise DataError(
                f"a prompt of {longest} tokens and {self._decoding.max_new_tokens} new ones do not fit into the "
                f"model's context of {room}",
                hint="lower --max-new-tokens, or leave the longest rows out",
            )

    def _padded(self, prompts: Sequence[list[int]]) -> Any:
        return self._tokenizer.pad({"input_ids": list(prompts)}, return_tensors="pt").to(self._model.device)

    def _answer(self, prompts: list[list[int]]) -> list[Completion]:
        """Answer prompts in as few rounds as fit into memory."""
        import torch

        answers: list[Completion] = []
        while len(answers) < len(prompts):
            batch = prompts[len(answers) : len(answers) + self._fits]
            try:
                answers += self._one_batch(batch)
                continue
            except torch.OutOfMemoryError as error:
                if len(batch) == 1:
                    raise CheckpointError(
                        f"one prompt of {len(batch[0])} tokens does not fit into memory",
                        hint="lower --max-new-tokens, or load the base model in 4 bits",
                    ) from error
                self._fits = len(batch) // 2
            torch.cuda.empty_cache()
        return answers

    def _one_batch(self, prompts: list[list[int]]) -> list[Completion]:
        import torch

        batch = self._padded(prompts)
        greedy = _Sureness() if self._decoding.temperature == 0 else None
        with torch.inference_mode(), self._adapters():
            output = self._model.generate(**batch, **({"logits_processor": [greedy]} if greedy else {}))
        width = batch["input_ids"].shape[1]
        rows = output[:, width:].tolist()
        sure = greedy.by_row() if greedy else [[] for _ in rows]
        return [self._completion(row, one) for row, one in zip(rows, sure, strict=True)]

    def _completion(self, ids: list[int], sure: list[float]) -> Completion:
        length = next((index for index, token in enumerate(ids) if token in self._stops), None)
        kept = ids if length is None else ids[:length]
        text = self._tokenizer.decode(kept, skip_special_tokens=False)
        n_tokens = len(kept) + (length is not None)
        mean = round(sum(sure[:n_tokens]) / n_tokens, 4) if sure and n_tokens else None
        return Completion(text, n_tokens, "length" if length is None else "end", mean)


class _Sureness:
    """Looks at the logits of each step as a processor of `generate`, and changes nothing.

    A greedy token is the most likely one, so its log-probability needs no more than the logits of its own step: all
    steps' logits, which `output_logits` keeps, would be gigabytes.
    """

    def __init__(self) -> None:
        self._steps: list[list[float]] = []

    def __call__(self, _ids: Any, scores: Any) -> Any:
        wide = scores.float()
        self._steps.append((wide.amax(-1) - wide.logsumexp(-1)).tolist())
        return scores

    def by_row(self) -> list[list[float]]:
        """Return each row's log-probabilities, a number a step."""
        return [list(row) for row in zip(*self._steps, strict=True)]


def _settings(decoding: Decoding, ends: list[int], pad: int) -> dict[str, object]:
    """Return the generation settings in the words of transformers; what is not named has its neutral value there."""
    sampling = decoding.temperature > 0
    return {
        "max_new_tokens": decoding.max_new_tokens,
        "do_sample": sampling,
        "temperature": decoding.temperature if sampling else None,
        "top_p": decoding.top_p if sampling else None,
        "top_k": 0 if sampling else None,
        "num_beams": 1,
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "eos_token_id": ends,
        "pad_token_id": pad,
    }


def _take_over(model: Any, settings: dict[str, object]) -> None:
    """Put our settings in the place of those that came with the model: `generate` would fill gaps from them."""
    from transformers import GenerationConfig

    fresh = GenerationConfig(**{name: value for name, value in settings.items() if value is not None})
    model.generation_config = fresh
    if hasattr(model, "get_base_model"):
        model.get_base_model().generation_config = fresh


def _style(tokenizer: Any) -> Style:
    """Find how conversations are put to the template of a tokenizer of transformers."""
    controls = tokenizer.convert_ids_to_tokens(
        [number for number, token in tokenizer.added_tokens_decoder.items() if token.special]
    )
    names = {name: str(text) for name, text in tokenizer.special_tokens_map.items() if isinstance(text, str)}
    return find_style(tokenizer.chat_template, names, controls)
