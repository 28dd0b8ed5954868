"""Which files of a folder are rows: all that can be read, less what describes a data set and what `prepare` wrote.

Names that are published (`origin`, the card) never say where on this machine a file lies.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from cli_tuner.errors import DataError
from cli_tuner.files import read_json
from cli_tuner.prepare.readers import is_known

RECORD = "provenance.json"
SCHEMA = "cli-tuner/data/"
WRITTEN_FOLDERS = ("folds", "logs", "tokens", ".work", ".tokenized")
_DESCRIBING = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "croissant.json", RECORD)


def data_files(
    folder: Path, outputs: Collection[Path] = (), *, documents: bool = False
) -> tuple[list[Path], list[str]]:
    """Return the data files of a folder and of those in it, by name, and what was left out.

    Args:
        folder: Where to look.
        outputs: Folders that the run writes to; what they hold is not read unless `folder` is one of them.
        documents: Whether text files are data.

    Raises:
        DataError: There is none.
    """
    found: list[Path] = []
    left_out: list[str] = []
    for file in _walk(folder, folder, {path.resolve() for path in outputs}, documents):
        if file.name.endswith(_DESCRIBING):
            left_out.append(file.relative_to(folder).as_posix())
        else:
            found.append(file)
    if not found:
        detail = f"; left out: {', '.join(left_out)}" if left_out else ""
        raise DataError(f"{folder}: no data files in this folder{detail}", hint="it needs *.jsonl, *.csv, *.parquet, …")
    return found, left_out


def _walk(folder: Path, root: Path, outputs: Collection[Path], documents: bool) -> Iterator[Path]:
    ours = _written(folder)
    if folder != root and (ours is not None or folder.resolve() in outputs):
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or (ours is not None and entry.name in (*ours, *WRITTEN_FOLDERS)):
            continue
        if entry.is_dir():
            yield from _walk(entry, root, outputs, documents)
        elif entry.is_file() and is_known(entry, documents=documents):
            yield entry


def _written(folder: Path) -> list[str] | None:
    """Return what `prepare` wrote into a folder; None where it did not."""
    try:
        record = read_json(folder / RECORD)
    except DataError:
        return None
    if not isinstance(record, dict) or not str(record.get("schema", "")).startswith(SCHEMA):
        return None
    return [*record.get("outputs", {}), *record.get("logs", {}), RECORD]


def shown(path: Path | str) -> str:
    """Name a file or folder as it may be published: relative as given or to the working folder, else by its name."""
    text = str(path)
    if not Path(text).is_absolute():
        return Path(text).as_posix()
    relative = os.path.relpath(text)
    return Path(text).name if relative.startswith("..") else Path(relative).as_posix()
