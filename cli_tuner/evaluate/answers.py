"""Completions that survive a kill: each batch is appended to a JSONL file and synced before the next is asked.

The law: an evaluation that was killed anywhere and goes on ends with the completions of one that was not, because the
same prompts make the same batches and an incomplete batch is asked again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from cli_tuner.files import write_text
from cli_tuner.ports import Completion, Generator, Message


def answer(
    load: Callable[[], Generator],
    chats: Sequence[Sequence[Message]],
    path: Path,
    observe: Callable[[int], None] = lambda _: None,
) -> list[Completion]:
    """Return a completion a chat; those in `path` are not asked again, new ones are appended to it.

    Args:
        load: Returns the model; called only when a completion is missing.
        chats: The prompts, the same ones in the same order as when `path` was begun.
        path: JSONL, one completion a line with its `index`.
        observe: Told how many are answered, at the start and after each batch.
    """
    found = _read(path, len(chats))
    observe(len(found))
    if len(found) == len(chats):
        return [found[index] for index in range(len(chats))]
    generator = load()
    with path.open("a", encoding="utf-8") as file:
        for batch in generator.stream(chats, frozenset(found)):
            new = {index: one for index, one in sorted(batch.items()) if index not in found}
            file.writelines(json.dumps({"index": index, **asdict(one)}) + "\n" for index, one in new.items())
            file.flush()
            os.fsync(file.fileno())
            found.update(new)
            observe(len(found))
    return [found[index] for index in range(len(chats))]


def _read(path: Path, n_chats: int) -> dict[int, Completion]:
    """Return what is whole in the file, and cut off a last line that a kill left incomplete."""
    if not path.is_file():
        return {}
    found: dict[int, Completion] = {}
    lines = path.read_bytes().split(b"\n")
    for line in lines[:-1]:
        try:
            row = json.loads(line)
            index, sure = row["index"], row.get("confidence")
            sure = None if sure is None else float(sure)
            one = Completion(str(row["text"]), int(row["n_tokens"]), str(row["stop_reason"]), sure)
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(index, int) and 0 <= index < n_chats:
            found[index] = one
    whole = (json.dumps({"index": index, **asdict(one)}) + "\n" for index, one in found.items())
    write_text(path, "".join(whole))
    return found
