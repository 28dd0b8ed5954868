"""How many tokens a recipe reads: trained, masked and padding, from the prepared rows themselves.

With the base model's tokenizer on this machine the rows are tokenised as training does; without it the count is
guessed from the length of the text, and said to be a guess. A large file is counted from evenly spaced rows.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.chat.template import render
from cli_tuner.errors import DataError, TemplateError
from cli_tuner.ports import Tokenizer

MAX_ROWS = 1500
_CHARACTERS_PER_TOKEN = 3.3  # of English and Bash in a vocabulary of 128k to 152k
_TOKENS_PER_TURN = 5  # the marks around a message
_AGAIN = "run `cli-tuner prepare` again"
_PAD_MULTIPLE = 64  # axolotl/core/builders/causal.py, `pad_to_multiple_of`


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one pass over the rows.

    Attributes:
        rows: Rows in the files.
        trained: Tokens that count in the loss.
        masked: Tokens that are read and do not count.
        padding: Tokens that fill a batch up; computed like text, to no use.
        sequences: What the model sees: rows, or packed sequences.
        longest: Tokens of the longest row that was counted.
        too_long: Rows with more than `sequence_len` tokens, of which Axolotl drops or cuts the rest.
        source: How they were counted.
    """

    rows: int
    trained: int
    masked: int
    padding: int
    sequences: int
    longest: int
    source: str
    too_long: int = 0

    @property
    def total(self) -> int:
        """All tokens that are computed."""
        return self.trained + self.masked + self.padding


def count_tokens(values: Mapping[str, Any], key: str, tokenizer: Tokenizer | None) -> Tokens | None:
    """Count the tokens of one pass over `datasets` or `test_datasets`; None where there are no local rows.

    Args:
        values: The Axolotl keys.
        key: `datasets` or `test_datasets`.
        tokenizer: The base model's; None when it is not on this machine.

    Raises:
        DataError: A file is not JSON lines, or holds no conversation.
    """
    entries = [one for one in values.get(key) or [] if isinstance(one, Mapping)]
    named = [(Path(str(one.get("path"))), one) for one in entries]
    files = [(path, one) for path, one in named if path.suffix == ".jsonl" and path.is_file()]
    if not files:
        return None
    lengths: list[tuple[int, int]] = []
    rows = 0
    for path, entry in files:
        field = str(entry.get("field_messages") or "messages")
        found = [as_messages(one, entry) for one in _conversations(path, field)]
        if not found and entry.get("type") == "chat_template":
            raise DataError(f"{path}: holds no row with a list `{field}`", hint=_AGAIN)
        rows += len(found)
        lengths += [_length(one, tokenizer) for one in _spread(found, MAX_ROWS // len(files))]
    if not lengths:  # rows of another kind than conversations
        return None
    if key == "datasets" and not any(trained for trained, _ in lengths):
        mapping = "message_property_mappings: {role: from, content: value}"
        raise DataError(
            f"{', '.join(str(path) for path, _ in files)}: no token of these rows would be trained",
            hint=f"name the keys of a message ({mapping} for ShareGPT) and the roles that answer (roles_to_train)",
        )
    scale = rows / len(lengths)
    source = "the base model's own tokenizer" if tokenizer else f"guessed: {_CHARACTERS_PER_TOKEN} characters a token"
    counted = "" if scale == 1 else f", {len(lengths)} rows of {rows}"
    return _add_up(values, key, lengths, rows, source + counted)


def _conversations(path: Path, field: str) -> Iterator[Sequence[Mapping[str, str]]]:
    try:
        with path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):
                row = _row(line, f"{path}:{number}") if line.strip() else {}
                found = row.get(field) if isinstance(row, Mapping) else None
                if isinstance(found, list) and all(isinstance(one, Mapping) for one in found):
                    yield found
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text", hint=_AGAIN) from error


_ROLES = {"gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant", "human": "user"}


def as_messages(row: Sequence[Mapping[str, Any]], entry: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return messages with `role` and `content`, by the names that a data set gives these keys and its roles.

    Source: axolotl/prompt_strategies/chat_template.py, `message_property_mappings` and `roles`.
    """
    keys = entry.get("message_property_mappings") or {}
    role_key = keys.get("role") or entry.get("message_field_role") or "role"
    content_key = keys.get("content") or entry.get("message_field_content") or "content"
    roles = {old: new for new, olds in (entry.get("roles") or {}).items() for old in olds} or _ROLES
    trained = entry.get("roles_to_train") or ["assistant", "gpt"]
    messages = []
    for one in row:
        role = str(one.get(role_key) or "")
        answers = role in trained or roles.get(role, role) in trained
        content = str(one.get(content_key) or "")
        messages.append({"role": "assistant" if answers else roles.get(role, role), "content": content})
    return messages


def _row(line: str, place: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: not JSON", hint=_AGAIN) from error


def _spread(rows: Sequence[Any], at_most: int) -> Sequence[Any]:
    if len(rows) <= at_most:
        return rows
    return [rows[index * len(rows) // at_most] for index in range(at_most)]


def _length(messages: Sequence[Mapping[str, str]], tokenizer: Tokenizer | None) -> tuple[int, int]:
    """Return `(trained, masked)` tokens of one conversation."""
    answers = [str(one.get("content") or "") for one in messages if one.get("role") == "assistant"]
    if tokenizer is not None:
        try:
            text = render(tokenizer.chat_template, messages, special_tokens=tokenizer.special_tokens).text
            trained = sum(len(tokenizer.encode(answer)) + 1 for answer in answers)
            return trained, max(0, len(tokenizer.encode(text)) - trained)
        except TemplateError:
            pass  # a template that refuses the row is `prepare`'s to report; the plan guesses
    guess = [math.ceil(len(str(one.get("content") or "")) / _CHARACTERS_PER_TOKEN) for one in messages]
    trained = sum(math.ceil(len(answer) / _CHARACTERS_PER_TOKEN) + 1 for answer in answers)
    return trained, max(0, sum(guess) + _TOKENS_PER_TURN * len(messages) - trained)


def _add_up(values: Mapping[str, Any], key: str, lengths: Sequence[tuple[int, int]], rows: int, source: str) -> Tokens:
    totals = [trained + masked for trained, masked in lengths]
    scale = rows / max(1, len(lengths))
    limit = int(values.get("sequence_len") or 512)
    packed = values.get("sample_packing") if key == "datasets" else values.get("eval_sample_packing")
    if key != "datasets" and packed is None:
        packed = values.get("sample_packing")
    batch = int((values.get("micro_batch_size") if key == "datasets" else values.get("eval_batch_size")) or 1)
    if packed:
        bins = pack(totals, limit)
        sequences, computed = bins, bins * limit
    else:
        sequences, computed = len(totals), _padded(totals, batch, limit if values.get("pad_to_sequence_len") else None)
    return Tokens(
        rows=rows,
        trained=round(scale * sum(trained for trained, _ in lengths)),
        masked=round(scale * sum(masked for _, masked in lengths)),
        padding=round(scale * max(0, computed - sum(totals))),
        sequences=round(scale * sequences),
        longest=max(totals, default=0),
        source=source,
        too_long=round(scale * sum(one > limit for one in totals)),
    )


def pack(lengths: Sequence[int], limit: int) -> int:
    """Return how many sequences of `limit` tokens hold all rows, first fit by falling length (as Axolotl packs)."""
    room: list[int] = []
    for length in sorted((min(one, limit) for one in lengths), reverse=True):
        for index, left in enumerate(room):
            if left >= length:
                room[index] -= length
                break
        else:
            room.append(limit - length)
    return len(room)


def _padded(lengths: Sequence[int], batch: int, whole: int | None) -> int:
    """Return the tokens that are computed when each batch is padded to its longest row, rounded up to 64."""
    order = list(lengths)
    random.Random(0).shuffle(order)  # noqa: S311  (an estimate, not a secret)
    total = 0
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        longest = whole or math.ceil(max(part) / _PAD_MULTIPLE) * _PAD_MULTIPLE
        total += longest * len(part)
    return total
