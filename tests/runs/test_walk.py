"""From a run, an adapter or a merged model back to the sources: whole, or every broken link by its name."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tuner.errors import ProvenanceError
from cli_tuner.files import read_json, sha256_file, write_json
from cli_tuner.provenance.manifest import digests
from cli_tuner.provenance.signing import open_signer
from cli_tuner.runs import walk
from cli_tuner.runs.layout import RUNS, RunDir
from tests.release.chain import make_chain

ADAPTER, MERGED = Path("models/adapter"), Path("models/merged")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    make_chain(1, merged=True)
    base = Path("models/base")
    base.mkdir()
    (base / "model.safetensors").write_bytes(b"base")
    return RunDir(RUNS / "20260101-000000-smoke-0001")


def found(run: RunDir) -> set[tuple[str, str]]:
    return {(one.word, one.name) for one in walk.walk_run(run).findings if "models/base" not in one.name}


def test_an_untouched_run_adapter_and_merged_model_hold(run: RunDir) -> None:
    assert found(run) == set()
    for folder in (ADAPTER, MERGED):
        assert [one for one in walk.walk_folder(folder).findings if "models/base" not in one.name] == []


def test_an_export_is_walked_through_the_merge_to_the_sources(run: RunDir) -> None:
    folder = Path("models/exports/x")
    (folder / "model").mkdir(parents=True)
    (folder / "model/weights.gguf").write_bytes(b"GGUF")
    merge = read_json(MERGED / "provenance.json")
    known = {
        "format": "gguf", "merge": merge, "merge_sha256": sha256_file(MERGED / "provenance.json"),
        "subjects": digests(folder, leave_out=()),
    }  # fmt: skip
    write_json(folder / "export.json", known)

    def said() -> set[tuple[str, str]]:
        return {(one.word, one.name) for one in walk.walk_folder(folder).findings if "models/base" not in one.name}

    assert said() == set()
    (folder / "model/weights.gguf").write_bytes(b"GGUG")
    Path("raw/pairs.jsonl").unlink()
    assert said() == {("changed", "models/exports/x/model/weights.gguf"), ("missing", "raw/pairs.jsonl")}
    write_json(folder / "export.json", {"format": "gguf"})
    assert said() == {("unknown", "models/exports/x/export.json")}


FILES = (
    "models/adapter/adapter_model.safetensors",
    "models/adapter/tokenizer.json",
    "data/train.jsonl",
    "data/val.jsonl",
    "raw/pairs.jsonl",
)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_or_missing_file_is_named(name: str, run: RunDir) -> None:
    path = Path(name)
    content = bytearray(path.read_bytes())
    content[random.Random(name).randrange(len(content))] ^= 1
    path.write_bytes(content)
    assert found(run) == {("changed", name)}
    path.unlink()
    assert found(run) == {("missing", name)}


def test_what_was_added_to_a_model_is_named(run: RunDir) -> None:
    (ADAPTER / "pytorch_model.bin").write_bytes(b"x")
    assert found(run) == {("added", "models/adapter/pytorch_model.bin")}


def data_again() -> None:
    write_json(Path("data/provenance.json"), {**read_json(Path("data/provenance.json")), "plan_sha256": "9" * 64})


def no_data_record() -> None:
    Path("data/provenance.json").unlink()


def others_output() -> None:
    write_json(ADAPTER / "provenance.json", {**read_json(ADAPTER / "provenance.json"), "run_id": "another"})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (data_again, {("changed", "data/provenance.json"), ("unknown", "train -> prepare")}),
        (no_data_record, {("missing", "data/provenance.json"), ("unknown", "train -> prepare")}),
        (others_output, {("missing", "checkpoint of 20260101-000000-smoke-0001")}),
    ],
)
def test_a_broken_link_is_named(change: Callable[[], None], expected: set[tuple[str, str]], run: RunDir) -> None:
    change()
    assert found(run) == expected


def test_the_tested_bytes_must_be_the_trained_ones(run: RunDir) -> None:
    report = read_json(run.validation)
    write_json(run.validation, {**report, "digests": {**report["digests"], "tokenizer.json": "0" * 64}})
    assert found(run) == {("changed", "validate -> train: tokenizer.json")}
    write_json(run.validation, {key: value for key, value in report.items() if key != "digests"})
    assert found(run) == {("unknown", str(run.validation))}


def test_a_signed_run_tells_every_change_of_its_records(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("models/base/model.safetensors").unlink()
    for path in (run.path / "provenance.json", ADAPTER / "provenance.json"):  # a base that nobody can look at here
        write_json(path, {**read_json(path), "base_model": {"name": "me/base", "revision": "8" * 40}})
    signer = open_signer()
    assert len(walk.sign_run(run, signer)) == 4
    place = run.path / "attestations"

    def said() -> set[tuple[str, str]]:
        walked = walk.walk_run(run)
        walk.signed(walked, place, signer.key, allow_unsigned=False)
        return {(one.word, one.name) for one in walked.findings}

    assert said() == set()
    for record in (run.validation, run.path / "evaluation.json"):
        before = record.read_bytes()
        write_json(record, {**read_json(record), "note": "slightly better"})
        assert said() == {("changed", str(record))}
        record.write_bytes(before)
    (place / "train.dsse.json").unlink()
    assert said() == {("unsigned", "train")}
    run.validation.unlink()
    assert said() == {("unsigned", "train"), ("missing", "record of validate")}
    Path("data/train.jsonl").write_text("others")
    with pytest.raises(ProvenanceError, match=r"changed: data/train\.jsonl"):
        walk.sign_run(run, signer)
