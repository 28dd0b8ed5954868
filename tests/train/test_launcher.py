from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.errors import ConfigError, PrerequisiteError
from cli_tuner.train.launcher import Launcher

CONFIG = Path("run/config.yaml")


def test_without_a_file_every_value_that_a_home_folder_could_set_is_given() -> None:
    argv = Launcher().argv(CONFIG, has_gpu=True, precision="bf16")
    assert argv[-3:] == ["-m", "axolotl.cli.train", "run/config.yaml"]
    assert {"--num_machines=1", "--num_processes=1", "--mixed_precision=bf16", "--dynamo_backend=no"} <= set(argv)
    assert "--cpu" not in argv


def test_on_a_cpu_it_says_so_and_asks_for_no_mixed_precision() -> None:
    argv = Launcher().argv(CONFIG, has_gpu=False, precision="bf16")
    assert "--cpu" in argv
    assert "--mixed_precision=no" in argv


def test_a_file_decides_and_extra_arguments_come_before_the_module(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    argv = Launcher(accelerate_config=file, extra=("--machine_rank", "1")).argv(CONFIG, has_gpu=True, precision="bf16")
    assert argv[argv.index("accelerate.commands.launch") + 1 :] == [
        "--config_file", str(file), "--machine_rank", "1", "-m", "axolotl.cli.train", str(CONFIG),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("launcher", "processes"),
    [
        (Launcher(), 1),
        (Launcher(extra=("--num_processes", "4")), 4),
        (Launcher(extra=("--num-processes=4",)), 4),
        (Launcher("torchrun"), 1),
        (Launcher("torchrun", extra=("--nproc_per_node=2", "--nnodes", "3")), 6),
        (Launcher("torchrun", extra=("--nproc-per-node", "gpu")), None),
    ],
)
def test_it_knows_how_many_processes_are_asked_for(launcher: Launcher, processes: int | None) -> None:
    assert launcher.processes() == processes


def test_a_file_counts_processes_too(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("num_processes: 8\n", "utf-8")
    assert Launcher(accelerate_config=file).processes() == 8


@pytest.mark.parametrize(
    ("launcher", "words"),
    [
        (Launcher("mpirun"), "not one of accelerate, torchrun, ray"),
        (Launcher(accelerate_config=Path("no/such.yaml")), "no such file"),
        (Launcher("torchrun", accelerate_config=Path("no/such.yaml")), "goes with --launcher accelerate"),
        (Launcher(extra=("--num_processes=2",)), "one process on a CPU"),
    ],
)
def test_what_would_start_something_else_is_refused(launcher: Launcher, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        launcher.check(has_gpu=False)


def test_two_processes_on_two_gpus_are_fine() -> None:
    Launcher(extra=("--num_processes=2",)).check(has_gpu=True)
    Launcher("torchrun", extra=("--nproc_per_node=2",)).check(has_gpu=False)


def test_ray_is_started_by_axolotl_itself_and_counts_its_own_workers() -> None:
    launcher = Launcher("ray")
    assert launcher.argv(CONFIG, has_gpu=True, precision="bf16")[1:] == ["-m", "axolotl.cli.train", str(CONFIG)]
    assert launcher.processes() is None


@pytest.mark.parametrize(("kind", "use_ray"), [("ray", False), ("accelerate", True), ("torchrun", True)])
def test_ray_on_one_side_only_is_refused_with_the_whole_line(kind: str, use_ray: bool) -> None:
    with pytest.raises(ConfigError, match="does not go with --launcher") as caught:
        Launcher(kind).check(has_gpu=True, use_ray=use_ray)
    assert "--launcher ray --set use_ray=true" in caught.value.hint


def test_ray_that_is_not_installed_is_a_prerequisite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli_tuner.train.launcher.find_spec", lambda _: None)
    with pytest.raises(PrerequisiteError, match="not installed") as caught:
        Launcher("ray").check(has_gpu=True, use_ray=True)
    assert "ray[train]" in caught.value.hint
