"""Reading and writing files so that nothing is lost.

The law: a path either holds its earlier bytes or the complete new ones, never a part; a write that
fails (disk full, kill) leaves the earlier file untouched. JSON is written with sorted keys and a final
newline, so equal content is equal bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cli_tuner.errors import CliTunerError, DataError

_DAMAGED = "it is damaged or of another format; fix it, or make it again"


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[str]]:
    """Open a temporary neighbour of `path` for writing; rename it over `path` on success.

    Raises:
        CliTunerError: The file system refused (full, read-only); `path` is as it was.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w",
            dir=path.parent,
            prefix=f".{path.name}.",
            suffix=".tmp",
            delete=False,
            encoding="utf-8",
            newline="\n",
        ) as handle:
            temporary = handle.name
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        # NOTE: mkstemp makes files private (0600); give them the mode that open() would have given.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise CliTunerError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="nothing was changed; free some space or choose another folder, then run the same command again",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(folder: Path, taken: str, hint: str) -> Iterator[None]:
    """Hold `folder` by its `.lock`, so that two processes never write there at a time; the lock dies with us.

    Args:
        folder: Made where it is missing.
        taken: Said when another process holds it.
        hint: What to do then.

    Raises:
        CliTunerError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CliTunerError(f"{folder}: {taken}", hint=hint) from error
        yield


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_write(path) as handle:
        handle.write(text)


def dump_json(value: Any) -> str:
    """Serialise deterministically: sorted keys, two-space indent, final newline, no NaN."""
    return _dump(value, indent=2, sort_keys=True, allow_nan=False, default=str) + "\n"


def _dump(value: Any, **style: Any) -> str:
    """Serialise readably; text that UTF-8 cannot hold (half a surrogate pair) makes the document all escapes."""
    text = json.dumps(value, ensure_ascii=False, **style)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, **style)
    return text


def write_json(path: Path, value: Any) -> None:
    """Write `value` with `dump_json`, whole or not at all."""
    write_text(path, dump_json(value))


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write one JSON object a line; return the number of rows."""
    count = 0
    with atomic_write(path) as handle:
        for count, row in enumerate(rows, start=1):  # noqa: B007  (the last value is the result)
            handle.write(_dump(row) + "\n")
    return count


def read_json(path: Path) -> Any:
    """Read one JSON file.

    Raises:
        DataError: Missing, unreadable, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint="check the path, and the folder you are in") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not readable as JSON: {error}", hint=_DAMAGED) from error


def read_jsonl(path: Path) -> Iterator[dict[str, object]]:
    """Yield the objects of a JSONL file that we wrote ourselves.

    Raises:
        DataError: Missing file, or a line that is not a JSON object (named by its number).
    """
    number = 0
    try:
        with path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):  # noqa: B007  (named in the last error)
                if line.strip():
                    yield _object(line)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint="run `cli-tuner prepare` first") from None
    except OSError as error:
        raise DataError(f"{path}: not readable: {error.strerror or error}", hint=_DAMAGED) from error
    except UnicodeDecodeError as error:
        why = f"not UTF-8 text somewhere after line {number}: {error.reason}"
        raise DataError(f"{path}: {why}", hint=_DAMAGED) from error
    except (ValueError, RecursionError) as error:
        why = getattr(error, "msg", str(error))  # a JSONDecodeError counts its lines from this one
        raise DataError(f"{path}:{number}: not readable as JSONL: {why}", hint=_DAMAGED) from error


def _object(line: str) -> dict[str, object]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, found {type(row).__name__}")
    return row


def sha256_file(path: Path) -> str:
    """Hash the bytes of a file; equal to what `sha256sum` prints (64 hex digits)."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(handle)


def _sha256(handle: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for block in iter(lambda: handle.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


def sha256_text(text: str) -> str:
    """Hash the UTF-8 bytes of `text` (64 hex digits)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
