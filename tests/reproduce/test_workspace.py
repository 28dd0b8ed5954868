"""A folder to make a training again in: what the record pins is compared first, and nothing outside is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner.cli.main import main
from cli_tuner.errors import CliTunerError, DataError, ProvenanceError
from cli_tuner.files import read_json, sha256_file, write_json
from cli_tuner.reproduce.original import open_original
from cli_tuner.reproduce.workspace import differing_rows, lay_out
from tests.release.chain import make_chain

RUN = "20260101-000000-smoke-0001"
CONFIG = """base_model: models/base
output_dir: models/checkpoints/smoke.partial
dataset_prepared_path: data/.tokenized/1234
resume_from_checkpoint: x
cli_tuner: {phase: smoke, run_id: old, run_dir: old}
"""


@pytest.fixture(autouse=True)
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_chain(1)
    base = Path("models/base")
    base.mkdir()
    (base / "model.safetensors").write_bytes(b"base")
    known = sha256_file(base / "model.safetensors")
    rewrite(Path("data/provenance.json"), {"settings": {"seed": 7, "tokenizer": "models/base"}})
    named = {"data/provenance.json": sha256_file(Path("data/provenance.json"))}
    materials = read_json(Path(f"models/runs/{RUN}/provenance.json"))["materials"]
    for folder in (f"models/runs/{RUN}", "models/adapter"):
        rewrite(Path(folder) / "provenance.json", {
            "config": {"file": "config.yaml", "text": CONFIG}, "materials": {**materials, "data_provenance": named},
            "base_model": {"name": "models/base", "digests": {"model.safetensors": known}},
        })  # fmt: skip


def rewrite(path: Path, changes: dict[str, Any]) -> None:
    write_json(path, {**read_json(path), **changes})


def test_config_and_recipe_are_the_recorded_ones_less_what_belonged_to_that_run() -> None:
    original = open_original(RUN)
    assert original.weights == Path("models/adapter/adapter_model.safetensors") and original.metrics is None
    lay_out(original, Path("again"))
    config = yaml.safe_load(Path("again/reproduce.yaml").read_text())
    assert config == {
        "base_model": "models/base", "output_dir": "models/checkpoints/reproduced",
        "dataset_prepared_path": "data/.tokenized", "cli_tuner": {"phase": "smoke"},
    }  # fmt: skip
    recipe = yaml.safe_load(Path("again/rows.yaml").read_text())
    assert recipe == {"seed": 7, "tokenizer": "models/base", "sources": [{"path": "raw", "licence": "MIT"}]}
    assert Path("again/raw/pairs.jsonl").read_bytes() == Path("raw/pairs.jsonl").read_bytes()
    assert Path("again/models/base").resolve() == Path("models/base").resolve()
    assert differing_rows(original, Path("again")) == ["data/train.jsonl", "data/val.jsonl"]  # not made yet
    Path("again/data").symlink_to(Path("data").resolve())
    assert differing_rows(original, Path("again")) == []


@pytest.mark.parametrize("name", ["raw/pairs.jsonl", "models/base/model.safetensors"])
def test_what_it_was_made_from_must_be_here_as_it_was(name: str) -> None:
    Path(name).write_bytes(b"others")
    with pytest.raises(DataError, match="has other bytes") as caught:
        lay_out(open_original(RUN), Path("again"))
    assert Path(name).name in caught.value.message and not Path("again").exists()
    Path(name).unlink()
    with pytest.raises(DataError):
        lay_out(open_original(RUN), Path("again"))


def test_a_folder_that_is_there_is_not_overwritten() -> None:
    Path("again").mkdir()
    Path("again/mine").touch()
    with pytest.raises(CliTunerError, match="is there already"):
        lay_out(open_original(RUN), Path("again"))


def test_it_can_be_named_by_the_folder_of_its_run_or_adapter_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    original = open_original(str(tmp_path / "models/runs" / RUN))
    assert original.data is not None and original.record.run_id == RUN
    assert open_original(str(tmp_path / "models/adapter")).weights is not None
    with pytest.raises(DataError):
        lay_out(original, Path("again"))  # the sources are not below this folder


def test_what_has_no_record_or_no_config_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for what in ("raw", "none", "models/none"):
        assert main(["reproduce", what]) == 2
    assert capsys.readouterr().err.count("hint: ") == 3
    rewrite(Path(f"models/runs/{RUN}/provenance.json"), {"config": {}})
    with pytest.raises(ProvenanceError, match="does not hold the config"):
        open_original(RUN)
