"""Asks a checkpoint for commands on held-out prompts and judges every answer. Nothing is ever executed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.chat.messages import prompt_messages
from cli_tuner.errors import DataError
from cli_tuner.files import read_jsonl
from cli_tuner.ports import Completion, Generator, Message
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Verdict
from cli_tuner.shell.answer.command_only import command_only, syntax_valid

BEGINNING = 50
"""Words of a passage that the model is asked to go on from, at most."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One prompt, the model's answer and what we think of it."""

    instruction: str
    reference: str
    completion: Completion
    verdict: Verdict
    syntax_valid: bool
    command_only: bool
    latency_s: float
    """Seconds of its batch, shared among the batch's prompts."""

    def to_json(self) -> dict[str, object]:
        """Return it as one JSONL row."""
        return {
            "instruction": self.instruction,
            "reference": self.reference,
            "completion": self.completion.text,
            "n_tokens": self.completion.n_tokens,
            "stop_reason": self.completion.stop_reason,
            "syntax_valid": self.syntax_valid,
            "command_only": self.command_only,
            "latency_s": round(self.latency_s, 4),
            "verdict": self.verdict.level.value,
            "findings": self.verdict.to_json()["findings"],
        }


def sample_rows(path: Path, sample_size: int, seed: int) -> list[dict[str, object]]:
    """Draw held-out rows without replacement, the same ones for the same seed and file.

    Raises:
        DataError: The file is missing, holds no rows, or its rows have no `instruction`.
    """
    rows = list(read_jsonl(path))
    if not rows:
        raise DataError(f"{path}: holds no rows to ask about", hint="run `cli-tuner prepare` first")
    if not all(isinstance(row.get("instruction"), str) for row in rows):
        raise DataError(f"{path}: rows need an `instruction`", hint="run `cli-tuner prepare` to make such rows")
    return random.Random(seed).sample(rows, min(sample_size, len(rows)))  # noqa: S311  (not for secrets)


def probe(
    generator: Generator,
    rows: Sequence[dict[str, object]],
    *,
    chat: bool = False,
    observe: Callable[[int], None] = lambda _: None,
) -> list[Probe]:
    """Ask for an answer per row and judge it.

    Args:
        generator: The model under test.
        rows: Objects with `instruction` and, if known, the reference `command` (or `reference`, for free text).
        chat: Whether the rows are free text, asked with their own `messages` instead of our prompt.
        observe: Told after each batch how many rows are answered.
    """
    found: dict[int, Probe] = {}
    started = time.monotonic()
    for batch in generator.stream([prompt_of(row, chat=chat) for row in rows]):
        each_s = (time.monotonic() - started) / len(batch)
        found.update({number: _judged(rows[number], done, each_s) for number, done in batch.items()})
        observe(len(found))
        started = time.monotonic()
    return [found[number] for number in range(len(rows))]


def _judged(row: dict[str, object], done: Completion, latency_s: float) -> Probe:
    return Probe(
        str(row["instruction"]), _reference(row), done, analyze(done.text),
        syntax_valid=syntax_valid(done.text),
        command_only=command_only(done.text),
        latency_s=latency_s,
    )  # fmt: skip


def prompt_of(row: Mapping[str, Any], *, chat: bool) -> list[Message]:
    """Return what the model is asked: our prompt, of a chat all before its last answer, of a passage its beginning.

    A row may go on after the answer: some templates write the end of a turn only where another follows.
    """
    if chat and "segments" in row:
        words = str(row["command"]).split()
        return [{"role": "user", "content": " ".join(words[: min(BEGINNING, -(-len(words) // 2))])}]
    messages = row.get("messages")
    if not (chat and isinstance(messages, list)):
        return prompt_messages(row["instruction"])
    answers = [number for number, one in enumerate(messages) if one.get("role") == "assistant"]
    return list(messages[: answers[-1]] if answers else messages)


def _reference(row: dict[str, object]) -> str:
    return str(row.get("command") or row.get("reference") or "")
