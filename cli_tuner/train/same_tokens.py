"""Before a training: does the class that trains cut this recipe's rows into the tokens that were counted?

What `prepare` compared with the same tokenizer files is not compared again. Covered: rows and a base model that are
files here. A base of the hub that was never downloaded, and a class that cannot be loaded, are said to be unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.files import read_json, sha256_file
from cli_tuner.train.inputs import row_files

SAMPLE_ROWS = 200
"""Rows of each file whose texts are compared: the first, and evenly spaced ones after it."""

CompareTexts = Callable[[Path, Sequence[str]], Mapping[str, Any]]
"""Compares the tokens of texts under two readings of a tokenizer folder; raises where they differ."""


def check_tokens(config: Config, compare: CompareTexts) -> str:
    """Compare the tokens of the rows, and say what could not be compared; an empty text where all are equal.

    Raises:
        TemplateError: A text is cut into other tokens.
    """
    folder = Path(str(config.axolotl.get("tokenizer_config") or config.axolotl.get("base_model")))
    files = [path for path in row_files(config) if path.suffix == ".jsonl"]
    if not (folder / "tokenizer.json").is_file() or not files:
        return ""
    texts = [text for path in files if not _was_compared(path, folder) for text in _texts(path)]
    if not texts:
        return ""
    found = compare(folder, list(dict.fromkeys(texts)))
    return f"tokens were not compared with those of training: {found['why']}" if found.get("why") else ""


def _was_compared(rows: Path, folder: Path) -> bool:
    """Tell whether `prepare` wrote these very rows and compared them under these very tokenizer files."""
    told = [read_json(record) for record in sorted(rows.parent.glob("provenance*.json"))]
    here = sha256_file(rows)
    return any(
        (one.get("tokenizer_parity") or {}).get("compared")
        and here in (one.get("outputs") or {}).values()
        and _same_files(folder, (one.get("tokenizer") or {}).get("files") or {})
        for one in told
    )


def _same_files(folder: Path, digests: Mapping[str, str]) -> bool:
    return bool(digests) and all(
        (folder / name).is_file() and sha256_file(folder / name) == digest for name, digest in digests.items()
    )


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as handle:
        count = sum(1 for _ in handle)
        handle.seek(0)
        for line in islice(handle, 0, None, max(1, count // SAMPLE_ROWS)):
            if line.strip():
                yield from _strings(json.loads(line))


def _strings(value: Any) -> Iterator[str]:
    """Yield every text of a row that may be trained: what stands under any key, but for the names of roles."""
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if key not in ("role", "from"):
                yield from _strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from _strings(child)
