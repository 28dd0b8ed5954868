"""What a row of a source becomes by the recipe's task: a pair, a conversation, the passages of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.chat.conversation import is_trained
from cli_tuner.files import sha256_text
from cli_tuner.ports import RawRow, Tokenizer
from cli_tuner.prepare.columns import Mapped, cell, extract
from cli_tuner.prepare.passages import passages
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.turns import conversation, train_last


@dataclass(frozen=True, slots=True)
class LoadedRow:
    """A row with its columns named as ours; `None` or another type where the source holds no text."""

    origin: str
    source: int
    instruction: Any
    command: Any
    references: list[Any] = field(default_factory=list)
    raw: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    segments: list[dict[str, Any]] = field(default_factory=list)


def passages_of(
    row: RawRow, source: int, mapped: Mapped, settings: Settings, tokenizer: Tokenizer
) -> Iterator[LoadedRow]:
    """Make rows of a document: its digest is what its passages share, so that no split and no duplicate parts them."""
    _, text, _ = extract(row.values, mapped)
    if not isinstance(text, str) or not text.strip():
        yield LoadedRow(row.origin, source, row.origin, text, [], row.values)
        return
    before = [said for name in mapped.context if isinstance(said := row.values.get(name), str) and said.strip()]
    document = "\n\n".join([*before, text.rstrip().lstrip("\n")])
    digest = sha256_text(document)[:32]
    for number, one in enumerate(passages(document, tokenizer, settings.sequence_len, settings.chunk_overlap), start=1):
        origin = row.origin if number == 1 else f"{row.origin}#{number}"
        raw = row.values if number == 1 else {"passage": number, "text": one.text}
        yield LoadedRow(origin, source, digest, one.text, [], raw, segments=one.segments)


def chat_row(row: RawRow, source: int, mapped: Mapped, settings: Settings) -> LoadedRow:
    """Make a row of a conversation: what is asked in all its turns, what is answered, and the turns."""
    if mapped.is_chat:
        messages = conversation(cell(row.values, mapped.instruction))
    else:
        instruction, answer, _ = extract(row.values, mapped)
        if not isinstance(instruction, str) or not isinstance(answer, str):
            return LoadedRow(row.origin, source, instruction, answer, [], row.values)
        said = (("user", instruction), ("assistant", answer))
        messages = [{"role": role, "content": text.strip()} for role, text in said]
    if settings.system_prompt and messages[0]["role"] != "system":
        messages.insert(0, {"role": "system", "content": settings.system_prompt})
    if settings.answers == "last":
        messages = train_last(messages)
    asked = "\n\n".join(m["content"] for m in messages if m["role"] not in ("assistant", "system"))
    answered = "\n\n".join(m["content"] for m in messages if is_trained(m))
    return LoadedRow(row.origin, source, asked, answered, [], row.values, "", messages)
