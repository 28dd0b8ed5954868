"""Small real implementations of the ports, for unit tests: no network, no torch, no files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.ports import Completion, Message

CHATML = (Path(__file__).parent / "fixtures/chat_templates/chatml.jinja").read_text(encoding="utf-8")


class ByteTokenizer:
    """One token a UTF-8 byte, one token a special token: every cut is provable, every length is known."""

    def __init__(
        self,
        chat_template: str = CHATML,
        special: Sequence[str] = ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._template = chat_template
        self._special = list(special)
        self._names = dict(names or {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"})
        self._cut = re.compile("(" + "|".join(map(re.escape, self._special)) + ")")

    @property
    def chat_template(self) -> str:
        return self._template

    @property
    def special_tokens(self) -> Mapping[str, str]:
        return self._names

    @property
    def special_ids(self) -> frozenset[int]:
        return frozenset(range(256, 256 + len(self._special)))

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for piece in self._cut.split(text):
            ids += [256 + self._special.index(piece)] if piece in self._special else piece.encode()
        return ids

    def decode(self, token_ids: Sequence[int]) -> str:
        return b"".join(self._special[i - 256].encode() if i >= 256 else bytes([i]) for i in token_ids).decode(
            errors="replace"
        )


class ListSource:
    """A row source over a list."""

    def __init__(self, rows: Sequence[Mapping[str, object]], name: str = "list") -> None:
        self.name = name
        self._rows = list(rows)

    def rows(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        for number, row in enumerate(self._rows, start=1):
            yield f"{self.name}:{number}", row


class FakeGenerator:
    """Answers each prompt from a table; keeps what it was asked."""

    def __init__(self, answers: Mapping[str, str] | None = None, default: str = "ls -l", batch_size: int = 4) -> None:
        self._answers = dict(answers or {})
        self._default = default
        self._batch_size = batch_size
        self.asked: list[list[Message]] = []

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        answers = {number: one for batch in self.stream(chats) for number, one in batch.items()}
        return [answers[number] for number in range(len(chats))]

    def stream(self, chats: Sequence[Sequence[Message]], done: Collection[int] = ()) -> Iterator[dict[int, Completion]]:
        numbers = range(len(chats))
        for start in range(0, len(chats), self._batch_size):
            batch = numbers[start : start + self._batch_size]
            if not set(batch) <= set(done):
                yield {number: self._answer(chats[number]) for number in batch}

    def _answer(self, chat: Sequence[Message]) -> Completion:
        self.asked.append(list(chat))
        text = self._answers.get(chat[-1]["content"], self._default)
        return Completion(text, len(text.split()) + 1, "end")


class MemoryTracker:
    """A run that is kept in memory."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.tables: dict[str, tuple[list[str], list[list[Any]]]] = {}
        self.finished = False

    def log(self, values: Mapping[str, float]) -> None:
        self.values.update(values)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.tables[name] = (list(columns), [list(row) for row in rows])

    def finish(self) -> Mapping[str, Any]:
        self.finished = True
        return {"run_id": "memory", "mode": "disabled", "dir": "", "url": None}
