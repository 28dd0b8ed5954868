from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tuner.ablate import study as ablate
from cli_tuner.ablate.study import Member, Result
from cli_tuner.config.load import Config
from cli_tuner.errors import CliTunerError, ConfigError, LaunchError
from cli_tuner.files import write_json
from cli_tuner.train.outcome import TrainingInterrupted

SMOKE = Path("configs/smoke.yaml")


def planned(tmp_path: Path, axes: list[str], seeds: list[int]) -> list[Member]:
    return ablate.members(ablate.variants_of_axes(SMOKE, axes, []), seeds, tmp_path / "study", lambda config: config)


def trained(config: Config, loss: float) -> dict[str, Any]:
    record = {"result": {"eval_loss_final": {"step": 10, "value": loss}}}
    write_json(Path(str(config.axolotl["output_dir"])) / "provenance.json", record)
    return record


def test_axes_make_every_combination_and_the_base_comes_first() -> None:
    found = ablate.variants_of_axes(SMOKE, ["lora_r=4,16", "learning_rate=0.001,0.002"], ["max_steps=2"])
    assert next(iter(found)) == "base"
    assert len(found) == 1 + 2 * 2
    assert found["lora_r_4-learning_rate_0.001"][1] == ["max_steps=2", "lora_r=4", "learning_rate=0.001"]


def test_the_overlays_of_the_repository_are_a_study_of_full() -> None:
    found = ablate.variants_of_folder(Path("configs/ablations"), [])
    assert found["base"][0] == Path("configs/full.yaml")
    assert {"rank4", "rank16", "qv_only", "all_linear", "no_quantisation", "no_dropout", "lr_1e-4"} < set(found)


def test_members_never_share_an_output_folder_or_a_phase(tmp_path: Path) -> None:
    members = planned(tmp_path, ["lora_r=4,16"], [1, 2])
    folders = [member.config.axolotl["output_dir"] for member in members]
    assert len(members) == 6
    assert len(set(folders)) == len({member.config.section.phase for member in members}) == 6
    assert [member.config.axolotl["seed"] for member in members] == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("axis", ["lora_r", "=4", "lora_r="])
def test_an_axis_without_key_or_values_is_refused(axis: str) -> None:
    with pytest.raises(ConfigError, match="--axis"):
        ablate.variants_of_axes(SMOKE, [axis], [])


def test_a_wrong_key_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lora_rr"):
        planned(tmp_path, ["lora_rr=4,8"], [1])


def test_a_folder_without_overlays_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="extend one config"):
        ablate.variants_of_folder(tmp_path, [])


def test_a_failure_does_not_stop_the_others_and_done_members_are_reused(tmp_path: Path) -> None:
    members = planned(tmp_path, ["lora_r=4,16"], [1])
    trained(members[2].config, 0.5)

    def train(config: Config) -> dict[str, Any]:
        if config.axolotl["lora_r"] == 4:
            raise LaunchError("oom: memory ran out")
        return trained(config, 1.0)

    told: list[Result] = []
    results = ablate.run_members(members, train, lambda config: config.axolotl["lora_r"] == 16, told.append)
    assert told == results
    assert [(r.state, r.eval_loss, r.reused) for r in results] == [
        ("succeeded", 1.0, False), ("oom", None, False), ("succeeded", 0.5, True),
    ]  # fmt: skip


def test_an_interruption_stops_the_study(tmp_path: Path) -> None:
    def train(config: Config) -> dict[str, Any]:
        raise TrainingInterrupted("interrupted: by a signal")

    with pytest.raises(CliTunerError):
        ablate.run_members(planned(tmp_path, ["lora_r=4"], [1]), train, lambda _: False, lambda _: None)


def test_deltas_are_paired_by_seed(tmp_path: Path) -> None:
    losses = {("base", 1): 1.0, ("base", 2): 2.0, ("lora_r_4", 1): 1.5, ("lora_r_4", 2): 2.7}
    members = planned(tmp_path, ["lora_r=4"], [1, 2])
    base, four = ablate.compare([Result(m, "succeeded", losses[m.variant, m.seed]) for m in members])
    assert (base.mean, base.delta) == (1.5, None)
    assert base.spread == pytest.approx(0.5**0.5)
    assert four.delta == pytest.approx(0.6)
    assert four.delta_spread == pytest.approx(0.02**0.5)


def test_a_variant_whose_base_failed_has_no_delta_and_one_seed_no_spread(tmp_path: Path) -> None:
    base, four = planned(tmp_path, ["lora_r=4"], [1])
    rows = ablate.compare([Result(base, "crashed", why="x"), Result(four, "succeeded", 1.0)])
    assert [(row.n, row.failed) for row in rows] == [(0, 1), (1, 0)]
    assert (rows[1].mean, rows[1].spread, rows[1].delta) == (1.0, None, None)
