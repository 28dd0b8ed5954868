"""The launch files are what the installed accelerate reads, and our launcher reads the same from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tuner.errors import ConfigError
from cli_tuner.train.launcher import Launcher

pytestmark = pytest.mark.contract
FILES = sorted(Path("configs/accelerate").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_accelerate_accepts_the_file_and_counts_the_same_processes(path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    loaded = load_config_from_file(str(path))
    assert loaded.num_processes == Launcher(accelerate_config=path).processes()
    assert loaded.main_training_function == "main"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_accelerate_parses_our_whole_launch_line(path: Path) -> None:
    from accelerate.commands.launch import launch_command_parser

    argv = Launcher(accelerate_config=path, extra=("--main_process_port", "29501")).argv(
        Path("config.yaml"), has_gpu=True, precision="bf16"
    )
    parsed = launch_command_parser().parse_args(argv[argv.index("accelerate.commands.launch") + 1 :])
    assert (parsed.training_script, parsed.training_script_args) == ("axolotl.cli.train", ["config.yaml"])
    assert parsed.config_file == str(path)


def test_there_is_a_file_for_each_way() -> None:
    assert {path.stem for path in FILES} == {"single", "ddp", "fsdp", "deepspeed_zero3", "multi_node"}


def test_accelerate_itself_starts_one_process_on_a_cpu_and_we_refuse_to_pretend() -> None:
    """The trap: `accelerate launch --cpu --num_processes 2` takes the simple launcher, which starts one process."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    arguments = launch_command_parser().parse_args(["--cpu", "--num_processes", "2", "script.py"])
    parsed, *_ = _validate_launch_command(arguments)
    assert parsed.use_cpu
    assert not parsed.multi_gpu
    with pytest.raises(ConfigError, match="one process on a CPU"):
        Launcher(extra=("--num_processes", "2")).check(has_gpu=False)


def test_the_slurm_script_is_valid_bash_and_the_skypilot_file_is_yaml() -> None:
    import subprocess

    import yaml

    subprocess.run(["bash", "-n", "configs/cluster/slurm.sbatch"], check=True)
    task = yaml.safe_load(Path("configs/cluster/skypilot.yaml").read_text("utf-8"))
    assert "--resume auto" in task["run"]


def test_skypilot_takes_its_file_where_it_is_installed() -> None:
    sky = pytest.importorskip("sky")
    task = sky.Task.from_yaml("configs/cluster/skypilot.yaml")
    assert {name for one in task.resources for name in one.accelerators} == {"L4", "A10G", "RTX4090"}
    assert list(task.storage_mounts) == ["/checkpoints"]
