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

STATES = ("trainer_state.json", "optimizer.pt", "scheduler.pt", "rng_state.pth")


def checkpoint(staging: Path, step: int, *, cut: bool = False, states: tuple[str, ...] = STATES) -> Path:
    folder = staging / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    for name in states:
        (folder / name).write_bytes(b"state")
    (folder / "adapter_model.safetensors").write_bytes(b"weights" * step)
    write_json(folder / CHECKPOINT_DIGESTS, digests(folder))
    if cut:
        (folder / "adapter_model.safetensors").write_bytes(b"wei")
    return folder


def run(
    folder: Path,
    config: Config,
    state: str = "crashed",
    data_digest: str = "rows",
    *,
    number: int = 1,
    name: str = "20260101-000000-smoke-0000",
) -> RunDir:
    found = RunDir(folder / "runs" / name)
    found.path.mkdir(parents=True)
    frozen = {**config.complete(), "output_dir": "elsewhere", "dataset_prepared_path": "elsewhere"}
    found.config.write_text(yaml.safe_dump(frozen), "utf-8")
    write_json(
        found.record,
        {
            "state": state,
            "number": number,
            "output_dir": "models/out",
            "staging": str(folder / ("staging" if number == 1 else f"staging-{number}")),
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
    checkpoint(tmp_path, 10, cut=True)
    assert recovery.newest_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-5"


def test_a_checkpoint_without_digests_was_never_whole(tmp_path: Path) -> None:
    (checkpoint(tmp_path, 5) / CHECKPOINT_DIGESTS).unlink()
    assert recovery.newest_whole_checkpoint(tmp_path) is None


def test_only_a_run_that_did_not_succeed_is_unfinished(tmp_path: Path, config: Config) -> None:
    found = run(tmp_path, config)
    assert list(recovery.unfinished(Path("models/out"), tmp_path / "runs")) == [found]
    assert list(recovery.unfinished(Path("models/other"), tmp_path / "runs")) == []
    record: dict[str, Any] = {"state": "succeeded", "output_dir": "models/out"}
    write_json(found.record, record)
    assert list(recovery.unfinished(Path("models/out"), tmp_path / "runs")) == []


def auto(folder: Path, config: Config) -> recovery.Resumable | None:
    return recovery.resumable(config, "rows", Path("models/out"), folder / "runs")


def test_auto_does_not_walk_past_a_checkpoint_because_a_later_run_has_none(tmp_path: Path, config: Config) -> None:
    good = run(tmp_path, config, number=1)
    kept = checkpoint(tmp_path / "staging", 7)
    run(tmp_path, config, number=2, name="20260101-000001-smoke-0000")
    found = auto(tmp_path, config)
    assert found is not None
    assert (found.run, found.checkpoint) == (good, kept)
    assert "20260101-000001-smoke-0000: has no whole checkpoint" in found.passed_over


def test_what_is_newest_is_asked_of_the_counter_not_of_the_name(tmp_path: Path, config: Config) -> None:
    newest = run(tmp_path, config, number=3, name="19700101-000000-smoke-0000")
    run(tmp_path, config, number=2, name="20990101-000000-smoke-0000")
    for number in (2, 3):
        checkpoint(tmp_path / f"staging-{number}", 5)
    found = auto(tmp_path, config)
    assert found is not None
    assert found.run == newest


def test_a_run_of_another_config_is_passed_over_for_one_of_this(tmp_path: Path, config: Config) -> None:
    good = run(tmp_path, config, number=1)
    checkpoint(tmp_path / "staging", 5)
    other = load(Path("configs/smoke.yaml"), ["learning_rate=0.001"])
    run(tmp_path, other, number=2, name="20260101-000001-smoke-0000")
    checkpoint(tmp_path / "staging-2", 9)
    found = auto(tmp_path, config)
    assert found is not None
    assert found.run == good
    assert any("learning_rate" in passed for passed in found.passed_over)


def test_only_runs_of_another_config_are_refused_with_the_difference(tmp_path: Path, config: Config) -> None:
    run(tmp_path, load(Path("configs/smoke.yaml"), ["learning_rate=0.001"]))
    with pytest.raises(ConfigError, match="learning_rate"):
        auto(tmp_path, config)


def test_nothing_unfinished_is_nothing(tmp_path: Path, config: Config) -> None:
    assert auto(tmp_path, config) is None


def test_a_run_without_a_checkpoint_starts_again(tmp_path: Path, config: Config) -> None:
    only = run(tmp_path, config)
    assert auto(tmp_path, config) == recovery.Resumable(only, None)


@pytest.mark.parametrize("missing", STATES)
def test_a_checkpoint_without_all_states_is_never_resumed(tmp_path: Path, config: Config, missing: str) -> None:
    run(tmp_path, config)
    weights = checkpoint(tmp_path / "staging", 5, states=tuple(name for name in STATES if name != missing))
    with pytest.raises(CheckpointError, match="holds no state of the"):
        auto(tmp_path, config)
    with pytest.raises(CheckpointError, match="holds no state of the"):
        recovery.run_of(weights, tmp_path / "runs")


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
    found = recovery.batch_shape_of(run(tmp_path, config), {"micro_batch_size": 4, "gradient_accumulation_steps": 1})
    assert found == {"micro_batch_size": 1, "gradient_accumulation_steps": 4}


def test_a_named_checkpoint_must_be_whole_and_ours(tmp_path: Path, config: Config) -> None:
    found = run(tmp_path, config)
    whole, cut = checkpoint(tmp_path / "staging", 5), checkpoint(tmp_path / "staging", 10, cut=True)
    assert recovery.run_of(whole, tmp_path / "runs") == found
    with pytest.raises(CheckpointError, match="is incomplete"):
        recovery.run_of(cut, tmp_path / "runs")
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


def test_a_run_that_was_pruned_is_never_gone_on_with(tmp_path: Path, config: Config) -> None:
    checkpoint(tmp_path / "staging", 5)
    pruned = run(tmp_path, config, "pruned")
    assert recovery.resumable(config, "rows", Path("models/out"), pruned.path.parent) is None
