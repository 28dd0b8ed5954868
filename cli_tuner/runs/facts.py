"""The facts of each run by name, for lists, filters and comparisons, and the index that makes a thousand of them quick.

The run folders are the truth. `models/runs/.index.json` remembers what was read of each, with size and time of every
file that it was read from; it may be deleted at any time, and is made again where it is missing, old or damaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import read_json, sha256_file, write_json
from cli_tuner.runs.layout import RUNS, RunDir
from cli_tuner.runs.notes import NOTES, notes_of
from cli_tuner.runs.registry import state_of, weights_of

Facts = dict[str, object]
_INDEX = ".index.json"
_READ = ("run.json", "provenance.json", "validation.json", "evaluation.json", NOTES)
_PLACES = {
    "phase": ("provenance.json", "phase"),
    "steps": ("provenance.json", "result.steps"),
    "eval_loss": ("provenance.json", "result.eval_loss_final.value"),
    "eval_loss_first": ("provenance.json", "result.eval_loss_first.value"),
    "train_loss": ("provenance.json", "result.train_loss_final.value"),
    "base_model": ("provenance.json", "base_model.name"),
    "adapter": ("provenance.json", "method.adapter"),
    "r": ("provenance.json", "method.r"),
    "alpha": ("provenance.json", "method.alpha"),
    "seed": ("provenance.json", "training.seed"),
    "learning_rate": ("provenance.json", "training.learning_rate"),
    "batch_size": ("provenance.json", "training.effective_batch_size"),
    "rows": ("provenance.json", "training.rows.train"),
    "trained_tokens": ("provenance.json", "training.tokens.trained"),
    "commit": ("provenance.json", "code.git_commit"),
    "config": ("run.json", "recipe.file"),
    "number": ("run.json", "number"),
    "started": ("run.json", "started"),
    "ended": ("run.json", "ended"),
    "fault": ("run.json", "fault"),
    "passed": ("validation.json", "passed"),
    "dangerous_rate": ("evaluation.json", "safety.tuned.dangerous_rate.value"),
    "safe_rate": ("evaluation.json", "safety.tuned.safe_rate.value"),
}


def names() -> list[str]:
    """Return the facts that every run has a place for; metrics of an evaluation come on top by their own name."""
    return ["run_id", "state", "checkpoint_dir", "tags", "note", *_PLACES]


def all_facts(folder: Path = RUNS) -> list[Facts]:
    """Return the facts of all runs, in the order in which they were last started."""
    known = _read_index(folder)
    outputs: dict[str, object] = {}
    found, fresh = [], {}
    for path in folder.glob("*"):
        if not path.is_dir() or path.is_symlink() or path.name.startswith("."):
            continue
        key = _key(path)
        entry = known.get(path.name)
        stored = entry["facts"] if isinstance(entry, dict) and entry.get("key") == key else _stored(path)
        fresh[path.name] = {"key": key, "facts": stored}
        found.append(_live(RunDir(path), stored, outputs))
    if fresh != known:
        _write_index(folder, fresh)
    return sorted(found, key=lambda one: (one["number"] if isinstance(one["number"], int) else 0, one["run_id"]))


def _live(run: RunDir, stored: Mapping[str, Any], outputs: dict[str, object]) -> Facts:
    """Add what may change without the run's folder changing: whose the output folder is now."""
    facts = dict(stored)
    record = facts.pop("record")
    where = weights_of(run, record, outputs)
    superseded = record.get("state") == "succeeded" and where != record.get("output_dir")
    if where is not None and not facts.pop("has_record"):  # an older run, whose record is with its weights alone
        facts |= _of({"provenance.json": _document(Path(where) / "provenance.json")})
    facts.pop("has_record", None)
    return {
        "run_id": run.run_id,
        "state": "superseded" if superseded else state_of(record),
        "checkpoint_dir": where,
        **facts,
    }


def _stored(path: Path) -> Facts:
    documents = {name: _document(path / name) for name in _READ}
    facts = _of(documents)
    tuned = _dig(documents["evaluation.json"], "tuned")
    metrics = {name: _dig(one, "value") for name, one in tuned.items()} if isinstance(tuned, dict) else {}
    told = notes_of(RunDir(path))
    record = {key: documents["run.json"].get(key) for key in ("state", "output_dir", "staging", "supervisor_pid")}
    return {
        **metrics,
        **facts,
        "tags": told.tags,
        "note": told.note,
        "record": record,
        "has_record": bool(documents["provenance.json"]),
    }


def _of(documents: Mapping[str, Mapping[str, Any]]) -> Facts:
    return {name: _dig(documents[file], where) for name, (file, where) in _PLACES.items() if file in documents}


def _dig(document: Any, where: str) -> Any:
    for key in where.split("."):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _document(path: Path) -> dict[str, object]:
    with suppress(DataError):
        loaded = read_json(path)
        return loaded if isinstance(loaded, dict) else {}
    return {}


def _key(path: Path) -> list[Any]:
    """Return size and time of what is read of a run; None where it is not there."""
    key: list[Any] = []
    for name in _READ:
        try:
            status = (path / name).stat()
            key.append([status.st_size, status.st_mtime_ns, status.st_ino])
        except OSError:
            key.append(None)
    return key


def _code() -> str:
    return sha256_file(Path(__file__))


def _read_index(folder: Path) -> dict[str, object]:
    with suppress(DataError):
        index = read_json(folder / _INDEX)
        if isinstance(index, dict) and index.get("code") == _code() and isinstance(index.get("runs"), dict):
            return dict(index["runs"])
    return {}


def _write_index(folder: Path, runs: Mapping[str, Any]) -> None:
    with suppress(CliTunerError):  # a list that cannot be remembered is still a list
        write_json(folder / _INDEX, {"code": _code(), "runs": runs})


def ordered(found: Sequence[Facts], by: str) -> list[Facts]:
    """Sort runs by a fact, `-NAME` from the largest; those without it come last.

    Raises:
        DataError: No run has such a fact.
    """
    name, descending = by.removeprefix("-"), by.startswith("-")
    check_name(name, found)
    there = [one for one in found if one.get(name) is not None]
    numbers = all(isinstance(one[name], int | float) for one in there)
    there.sort(key=lambda one: _place(one[name], numbers), reverse=descending)
    return [*there, *(one for one in found if one.get(name) is None)]


def _place(value: object, numbers: bool) -> tuple[float, str]:
    return (value, "") if numbers and isinstance(value, int | float) else (0.0, str(value))


def check_name(name: str, found: Sequence[Facts]) -> None:
    """Refuse a name that no run has a fact of.

    Raises:
        DataError: It is unknown; what is near is named.
    """
    from difflib import get_close_matches

    known = {*names(), *(key for one in found for key in one)}
    if name not in known:
        near = get_close_matches(name, known, 3)
        hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(sorted(known))}"
        raise DataError(f"{name}: no run has such a fact", hint=hint)
