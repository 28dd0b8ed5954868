"""Keeps which rows a step saw and what each of them cost, for `cli-tuner why`.

The collator names each row by its content, before rows are padded or packed, and says where its trained tokens lie in
the batch; the loss then needs one look at the logits of the trained tokens, or none where a micro batch holds one row.
Numbers stay on the device until a step is logged or saved. Rows that are left out have their labels masked, so that
every other row keeps its batch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cli_tuner.runs.rows import RowLoss, append, file_of, row_name

LEAVE_OUT = "CLI_TUNER_LEAVE_OUT_ROWS"
_IGNORE_INDEX = -100
_NAMES, _PLACES = "cli_tuner_rows", "cli_tuner_trained"
_CHUNK_TOKENS = 128  # bounds the float32 copy of logits: 128 tokens x 152,000 words are 78 MB


def names_of(dataset: Any) -> list[int]:
    """Return the name of every tokenised row of a data set, in order."""
    return [name_of(ids, labels) for ids, labels in zip(dataset["input_ids"], dataset["labels"], strict=True)]


def name_of(input_ids: Sequence[int], labels: Sequence[int]) -> int:
    """Name one tokenised row."""
    trained = np.asarray(labels, "<i4") != _IGNORE_INDEX
    return row_name(np.asarray(input_ids, "<i4").tobytes(), trained.astype("<i4").tobytes())


class NamingCollator:
    """Puts a trainer's collator behind one that says which rows a batch holds and where their trained tokens are.

    Args:
        collator: The trainer's own.
        leave_out: Names of rows whose labels are masked.
    """

    def __init__(self, collator: Any, leave_out: frozenset[int] = frozenset()) -> None:
        self._collator = collator
        self._leave_out = leave_out

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_collator":  # a copy or pickle asks before there is a collator
            raise AttributeError(name)
        return getattr(self._collator, name)

    def __call__(self, features: Any, *args: Any, **kwargs: Any) -> Any:
        """Collate; a batch that is no list of tokenised rows passes as it is."""
        lines = [line if isinstance(line, list) else [line] for line in features]
        if features and not any(isinstance(line, list) for line in features) and self._packs():
            lines = [list(features)]
        rows = [row for line in lines for row in line]
        if not all(isinstance(row, dict) and "input_ids" in row and "labels" in row for row in rows):
            return self._collator(features, *args, **kwargs)
        names = [name_of(row["input_ids"], row["labels"]) for row in rows]
        for name, row in zip(names, rows, strict=True):
            if name in self._leave_out:
                row["labels"] = [_IGNORE_INDEX] * len(row["labels"])
        trained = [[_trained(row["labels"]) for row in line] for line in lines]
        lengths = [[len(row["input_ids"]) for row in line] for line in lines]
        batch = self._collator(features, *args, **kwargs)
        width = batch["labels"].shape[1]
        pad_left = getattr(getattr(self._collator, "tokenizer", None), "padding_side", "right") == "left"
        counts = [len(positions) for line in trained for positions in line]
        batch[_NAMES] = torch.from_numpy(np.stack([np.array(names, "<u8").view("<i8"), np.array(counts)], axis=1))
        batch[_PLACES] = _places(trained, lengths, width, pad_left=pad_left)
        return batch

    def _packs(self) -> bool:
        return "BatchSampler" in type(self._collator).__name__


def _trained(labels: Sequence[int]) -> Any:
    """Return the positions in a row that are predicted and trained; the first token of a row is never predicted."""
    found = np.flatnonzero(np.asarray(labels) != _IGNORE_INDEX)
    return found[found > 0]


def _places(trained: Any, lengths: Any, width: int, *, pad_left: bool) -> Any:
    """Return an [n, 2] tensor: place of the logits in the flattened batch, and number of the row among the rows."""
    places, number = [], 0
    for line, (positions, sizes) in enumerate(zip(trained, lengths, strict=True)):
        start = line * width + (width - sum(sizes) if pad_left else 0)
        for found, size in zip(positions, sizes, strict=True):
            places.append(np.stack([found - 1 + start, np.full(len(found), number)], axis=1))
            start += size
            number += 1
    return torch.from_numpy(np.concatenate(places).astype("int64"))


class RowLog:
    """One training process's rows.

    Args:
        folder: The run folder.
        rank: Number of the process.
    """

    def __init__(self, folder: Path, rank: int) -> None:
        self._file = file_of(folder, rank)
        self._kept: list[tuple[int, bool, Any, Any]] = []

    def take(self, inputs: Any) -> tuple[Any, Any] | None:
        """Take the facts about rows out of a batch; the model must not see them."""
        names, places = inputs.pop(_NAMES, None), inputs.pop(_PLACES, None)
        return None if names is None else (names, places)

    def note(self, step: int, facts: tuple[Any, Any], loss: Any, outputs: Any, labels: Any) -> None:
        """Keep what each row of a micro batch cost.

        Args:
            step: The optimiser step that the micro batch belongs to.
            facts: What `take` returned.
            loss: The micro batch's mean loss.
            outputs: The model's outputs; their logits may be missing.
            labels: The micro batch's labels.
        """
        names, places = facts
        counts = names[:, 1]
        with torch.no_grad():
            logits = outputs.get("logits") if isinstance(outputs, dict) else None
            shared = len(names) > 1 and (logits is None or logits.shape[:2] != labels.shape)
            if len(names) == 1 or shared:
                sums = loss.detach().float() * counts
            else:
                sums = _sums(logits, labels, places, len(names))
            self._kept.append((step, shared, names, sums))

    def flush(self) -> None:
        """Write what is kept."""
        rows = []
        for step, shared, names, sums in self._kept:
            losses = (sums / names[:, 1].clamp(min=1)).tolist()
            named, counts = names.cpu().numpy().view("<u8").T.tolist()
            rows += [
                RowLoss(step, name, count, loss, shared)
                for name, count, loss in zip(named, counts, losses, strict=True)
            ]
        self._kept = []
        append(self._file, rows)


def _sums(logits: Any, labels: Any, places: Any, n_rows: int) -> Any:
    """Return the summed loss of each row, from the logits of its trained tokens alone."""
    flat, targets = logits.flatten(0, 1), labels.flatten()
    sums = torch.zeros(n_rows, device=logits.device)
    for part in places.split(_CHUNK_TOKENS):
        losses = torch.nn.functional.cross_entropy(flat[part[:, 0]].float(), targets[part[:, 0] + 1], reduction="none")
        sums.index_add_(0, part[:, 1], losses)
    return sums


def left_out() -> frozenset[int]:
    """Return the rows that this run leaves out: a JSON list of names in the file that the environment names."""
    path = os.environ.get(LEAVE_OUT)
    return frozenset(json.loads(Path(path).read_text(encoding="utf-8"))) if path else frozenset()
