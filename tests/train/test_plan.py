"""A plan is derived, not run: the frozen Axolotl config, the launch line and the child's environment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cli_tuner.config.load import Config, load
from cli_tuner.runs.layout import RunDir
from cli_tuner.train.launcher import Launcher
from cli_tuner.train.plan import Plan, make_plan, output_folder

CONFIGS = Path(__file__).parents[2] / "configs"
RUN = RunDir(Path("models/runs/20260101-000000-smoke-abcd"))
DIGEST = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_API_KEY", "0123456789" * 4)
    monkeypatch.setenv("HF_TOKEN", "hf_0123456789")
    Path("models/tiny_base").mkdir(parents=True)
    Path("data/processed").mkdir(parents=True)
    for name in ("train_smoke", "val_smoke"):
        Path(f"data/processed/{name}.jsonl").touch()


def smoke(*overrides: str) -> Config:
    return load(CONFIGS / "smoke.yaml", overrides)


def plan(config: Config, *, has_gpu: bool = False, wandb_mode: str = "offline") -> Plan:
    return make_plan(config, RUN, launcher=Launcher(), data_digest=DIGEST, has_gpu=has_gpu, wandb_mode=wandb_mode)


def test_the_smoke_plan_is_the_one_that_was_read_and_approved(golden: Callable[[str, str], None]) -> None:
    made = plan(smoke())
    argv = ["python" if word == sys.executable else word for word in made.argv]
    env = {**dict(sorted(made.env.items())), "CLI_TUNER_SUPERVISOR_PID": "PID"}
    assert made.env["CLI_TUNER_SUPERVISOR_PID"] == str(os.getpid())
    golden("train/smoke.argv.json", json.dumps({"argv": argv, "env": env}, indent=2) + "\n")
    golden("train/smoke.yaml", yaml.safe_dump(dict(made.axolotl), sort_keys=False, allow_unicode=True))


def test_what_is_frozen_is_the_config_but_for_where_things_go() -> None:
    config = smoke()
    made = plan(config)
    moved = {"output_dir", "dataset_prepared_path", "cli_tuner"}
    assert {k: v for k, v in made.axolotl.items() if k not in moved} == {
        k: v for k, v in config.axolotl.items() if k not in moved
    }
    assert made.axolotl["output_dir"] == str(made.staging)
    assert made.axolotl["cli_tuner"]["run_dir"] == str(RUN.path)
    assert made.axolotl["cli_tuner"]["run_id"] == RUN.run_id
    assert yaml.safe_load(yaml.safe_dump(dict(made.axolotl))) == made.axolotl


def test_making_a_plan_changes_neither_the_config_nor_the_disk(tmp_path: Path) -> None:
    config = smoke()
    before, files = json.dumps(config.complete(), default=str), sorted(tmp_path.rglob("*"))
    plan(config)
    assert json.dumps(config.complete(), default=str) == before
    assert sorted(tmp_path.rglob("*")) == files


def test_a_run_writes_beside_its_output_folder_under_its_own_name() -> None:
    made = plan(smoke("output_dir=models/checkpoints/mine/"))
    assert made.output_dir == Path("models/checkpoints/mine")
    assert made.staging.parent == made.output_dir.parent  # a rename, not a copy
    assert RUN.run_id in made.staging.name


@pytest.mark.parametrize("named", ["./", ".", "/", "..", "../.."])
def test_a_folder_that_cannot_be_replaced_is_not_written_to(named: str) -> None:
    assert output_folder(smoke(f"output_dir={named}")) == Path("models/checkpoints/smoke")


def test_the_home_folder_is_meant_by_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert output_folder(smoke("output_dir=~/out")) == Path("/home/me/out")


def test_without_an_output_folder_the_phase_names_it() -> None:
    config = smoke("cli_tuner.phase=trial")
    del config.axolotl["output_dir"]
    assert plan(config).output_dir == Path("models/checkpoints/trial")


def test_other_rows_are_tokenised_into_another_folder() -> None:
    def folder(digest: str) -> str:
        made = make_plan(smoke(), RUN, launcher=Launcher(), data_digest=digest, has_gpu=False, wandb_mode="offline")
        return str(made.axolotl["dataset_prepared_path"])

    folders = {folder(DIGEST), folder(DIGEST[::-1])}
    assert len(folders) == 2
    assert {Path(folder).parent for folder in folders} == {Path("data/processed/.tokenized")}


@pytest.mark.parametrize(
    ("has_gpu", "bf16", "precision", "cpu"),
    [(False, False, "no", True), (False, True, "no", True), (True, True, "bf16", False), (True, False, "no", False)],
)
def test_device_and_precision_of_the_launch_line_follow_the_machine(
    has_gpu: bool, bf16: bool, precision: str, cpu: bool
) -> None:
    argv = plan(smoke(f"bf16={str(bf16).lower()}"), has_gpu=has_gpu).argv
    assert f"--mixed_precision={precision}" in argv
    assert ("--cpu" in argv) is cpu
    assert list(argv[-3:]) == ["-m", "axolotl.cli.train", str(RUN.config)]


def test_no_secret_is_part_of_a_plan() -> None:
    made = plan(smoke())
    text = json.dumps([dict(made.axolotl), list(made.argv), dict(made.env)], default=str)
    assert os.environ["WANDB_API_KEY"] not in text
    assert os.environ["HF_TOKEN"] not in text


@pytest.mark.parametrize("mode", ["online", "offline", "disabled"])
def test_the_child_gets_the_mode_of_w_and_b_that_was_decided(mode: str) -> None:
    env = plan(smoke(), wandb_mode=mode).env
    assert env["WANDB_MODE"] == mode
    assert env["WANDB_DIR"] == str(RUN.path)


def test_the_hub_is_asked_only_for_what_is_not_here() -> None:
    assert plan(smoke()).env.get("HF_HUB_OFFLINE") == "1"
    Path("data/processed/val_smoke.jsonl").unlink()
    assert "HF_HUB_OFFLINE" not in plan(smoke()).env
    Path("data/processed/val_smoke.jsonl").touch()
    assert "HF_HUB_OFFLINE" not in plan(smoke("base_model=Qwen/Qwen2.5-Coder-7B-Instruct")).env
