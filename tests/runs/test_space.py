"""What may go goes, and what a release, a tag, a merge or a resumption needs stays, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.errors import CliTunerError, DataError
from cli_tuner.files import write_json
from cli_tuner.locks import Locks
from cli_tuner.runs.layout import RUNS, RunDir, point_latest_at
from cli_tuner.runs.notes import tag
from cli_tuner.runs.space import free, may_go, removable


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def failed(number: int, state: str = "crashed") -> RunDir:
    run = RunDir(RUNS / f"20260101-000000-x-{number:04x}")
    staging = Path(f"models/checkpoints/out-{number}.partial")
    (staging / "checkpoint-5").mkdir(parents=True)
    (staging / "checkpoint-5/weights").write_bytes(b"x" * 1000)
    write_json(
        run.record,
        {"number": number, "state": state, "output_dir": f"models/checkpoints/out-{number}", "staging": str(staging)},
    )
    return run


def everything() -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in Path("models").rglob("*") if path.is_file() and path.name[0] != "."
    }


def test_only_what_nobody_needs_may_go() -> None:
    gone, tagged, released, merged, resumable, going = (failed(number) for number in range(6))
    tag(tagged, ["keep"], [])
    for run, place in ((released, "models/releases/me--x"), (merged, "models/merged/x")):
        write_json(Path(place) / "provenance.json", {"run_id": run.run_id})
    write_json(going.record, {"state": "running", "staging": "models/checkpoints/out-5.partial"})
    before = everything()
    found = may_go({resumable.run_id})
    assert [(one.run_id, str(one.path), one.size_bytes) for one in found] == [
        (gone.run_id, "models/checkpoints/out-0.partial", 1000)
    ]
    assert everything() == before
    for one in found:
        free(one)
    assert everything() == {name: content for name, content in before.items() if "out-0.partial" not in name}
    assert may_go({resumable.run_id}) == []


def test_what_a_later_run_replaced_and_an_evaluation_put_aside_may_go() -> None:
    run = RunDir(RUNS / "one")
    write_json(run.record, {"state": "succeeded", "output_dir": "models/checkpoints/a"})
    write_json(Path("models/checkpoints/a.previous/provenance.json"), {"run_id": "one"})
    (run.path / "evaluation").mkdir()
    (run.path / "evaluation.1").mkdir()
    assert sorted(str(one.path) for one in may_go(())) == [
        "models/checkpoints/a.previous",
        "models/runs/one/evaluation.1",
    ]


def test_a_run_that_is_needed_is_not_removed_unless_it_is_forced() -> None:
    run = failed(1)
    tag(run, ["keep"], [])
    with pytest.raises(DataError, match="is tagged keep"):
        removable(run, force=False)
    write_json(Path("models/releases/x/provenance.json"), {"run_id": run.run_id})
    with pytest.raises(DataError, match="models/releases/x came from it"):
        removable(run, force=False)
    for one in reversed(removable(run, force=True)):
        free(one)
    assert everything().keys() == {"models/releases/x/provenance.json"}


def test_latest_names_the_newest_that_is_left() -> None:
    older, newer = failed(1), failed(2)
    point_latest_at(newer)
    for run, left in ((newer, older), (older, None)):
        for one in reversed(removable(run, force=False)):
            free(one)
        assert (RUNS / "latest").exists() is (left is not None)
        assert left is None or (RUNS / "latest").resolve().name == left.run_id


def test_nothing_of_a_run_that_is_going_on_is_removed() -> None:
    run = failed(1)
    before = everything()
    with Locks() as locks:
        locks.take(run.lock, "run", {})
        with pytest.raises(CliTunerError):
            free(may_go(())[0])
    assert everything() == before
