from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner.config.load import Config, load
from cli_tuner.errors import CheckpointError, ConfigError, DataError
from cli_tuner.files import read_jsonl, write_json, write_jsonl
from cli_tuner.provenance.manifest import CHECKPOINT_DIGESTS, digests
from cli_tuner.runs.layout import RunDir
from cli_tuner.train import recovery


def checkpoint(staging: Path, step: int, *, torn: bool = False) -> Path:
    folder = staging / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights" * step)
    write_json(folder / CHECKPOINT_DIGESTS, digests(folder))
    if torn:
        (folder / "adapter_model.safetensors").write_bytes(b"wei")
    return folder


def run(folder: Path, config: Config, state: str = "crashed", data_digest: str = "rows") -> RunDir:
    found = RunDir(folder / "runs" / "20260101-000000-smoke-0000")
    found.path.mkdir(parents=True)
    frozen = {**config.complete(), "output_dir": "elsewhere", "dataset_prepared_path": "elsewhere"}
    found.config.write_text(yaml.safe_dump(frozen), "utf-8")
    write_json(
        found.record,
        {
            "state": state,
            "output_dir": "models/out",
            "staging": str(folder / "staging"),
            "data_digest": data_digest,
            "attempts": [{"next": {"micro_batch_size": 1, "gradient_accumulation_steps": 4}}, {}],
        },
    )
    return found


@pytest.fixture
def config() -> Config:
    return load(Path("configs/smoke.yaml"))


def test_the_newest_whole_checkpoint_is_taken_by_number_not_by_name(tmp_path: Path) -> None:
    for step in (5, 100, 20):
        checkpoint(tmp_path, step)
    assert recovery.newest_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-100"


def test_a_torn_checkpoint_falls_back(tmp_path: Path) -> None:
    checkpoint(tmp_path, 5)
    checkpoint(tmp_path, 10, torn=True)
    assert recovery.newest_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-5"


def test_a_checkpoint_without_digests_was_never_whole(tmp_path: Path) -> None:
    (checkpoint(tmp_path, 5) / CHECKPOINT_DIGESTS).unlink()
    assert recovery.newest_whole_checkpoint(tmp_path) is None


def test_only_a_run_that_did_not_succeed_is_unfinished(tmp_path: Path, config: Config) -> None:
    found = run(tmp_path, config)
    assert recovery.unfinished(Path("models/out"), tmp_path / "runs") == found
    assert recovery.unfinished(Path("models/other"), tmp_path / "runs") is None
    record: dict[str, Any] = {"state": "succeeded", "output_dir": "models/out"}
    write_json(found.record, record)
    assert recovery.unfinished(Path("models/out"), tmp_path / "runs") is None


def test_the_same_config_may_go_on_and_smaller_bites_are_the_same(tmp_path: Path, config: Config) -> None:
    found = run(tmp_path, config)
    config.axolotl.update(micro_batch_size=4, gradient_accumulation_steps=1, wandb_name="another name")
    recovery.check_same(config, "rows", found)


def test_every_difference_is_shown(tmp_path: Path, config: Config) -> None:
    found = run(tmp_path, config)
    config.axolotl.update(learning_rate=0.001, lora_r=4, gradient_accumulation_steps=2)
    with pytest.raises(ConfigError) as caught:
        recovery.check_same(config, "rows", found)
    for line in ("learning_rate: 0.005 -> 0.001", "lora_r: 8 -> 4", "effective batch: 4 -> 2"):
        assert line in caught.value.message


def test_other_rows_are_refused(tmp_path: Path, config: Config) -> None:
    with pytest.raises(DataError, match="other rows"):
        recovery.check_same(config, "changed", run(tmp_path, config))


def test_the_bites_that_memory_allowed_are_kept(tmp_path: Path, config: Config) -> None:
    found = recovery.bites_of(run(tmp_path, config), {"micro_batch_size": 4, "gradient_accumulation_steps": 1})
    assert found == {"micro_batch_size": 1, "gradient_accumulation_steps": 4}


def test_a_named_checkpoint_must_be_whole_and_ours(tmp_path: Path, config: Config) -> None:
    found = run(tmp_path, config)
    whole, torn = checkpoint(tmp_path / "staging", 5), checkpoint(tmp_path / "staging", 10, torn=True)
    assert recovery.run_of(whole, tmp_path / "runs") == found
    with pytest.raises(CheckpointError, match="torn"):
        recovery.run_of(torn, tmp_path / "runs")
    with pytest.raises(CheckpointError, match="belongs to no unfinished run"):
        recovery.run_of(tmp_path / "checkpoint-1", tmp_path / "runs")


def test_the_metrics_are_cut_back_to_the_checkpoint_and_a_torn_last_line_goes(tmp_path: Path) -> None:
    found = RunDir(tmp_path)
    write_jsonl(found.metrics, ({"step": step, "loss": 1.0} for step in range(1, 9)))
    with found.metrics.open("a") as handle:
        handle.write('{"step": 5, "lo')
    recovery.rewind(found, Path("checkpoint-5"))
    assert [row["step"] for row in read_jsonl(found.metrics)] == [1, 2, 3, 4, 5]
    recovery.rewind(found, None)
    assert list(read_jsonl(found.metrics)) == []


def test_an_old_process_that_is_gone_or_is_someone_else_does_not_block(tmp_path: Path) -> None:
    import os

    found = RunDir(tmp_path)
    recovery.wait_for_the_old_process(found, timeout_s=0)
    write_json(found.status, {"pid": os.getpid()})
    recovery.wait_for_the_old_process(found, timeout_s=0)
