"""The command line that starts the training processes: `accelerate launch`, `torchrun`, or Axolotl's own use of Ray.

With `use_ray: true` Axolotl itself hands the training to Ray workers, which it always asks for GPUs; they see the same
folders only on one machine or a shared file system.

Source: https://huggingface.co/docs/accelerate/package_reference/cli#accelerate-launch and
https://docs.pytorch.org/docs/stable/elastic/run.html.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import yaml

from cli_tuner.errors import ConfigError, PrerequisiteError

KINDS = ("accelerate", "torchrun", "ray")


@dataclass(frozen=True, slots=True)
class Launcher:
    """How training processes are started.

    Attributes:
        kind: `accelerate`, `torchrun` or `ray`.
        accelerate_config: A file of `accelerate config`; None starts one process on this machine.
        extra: Arguments for the launcher itself, as they are.
    """

    kind: str = "accelerate"
    accelerate_config: Path | None = None
    extra: Sequence[str] = field(default_factory=tuple)

    def argv(self, config: Path, *, has_gpu: bool, precision: str) -> list[str]:
        """Build the whole line.

        Args:
            config: The frozen Axolotl config.
            has_gpu: Whether this machine has a CUDA GPU.
            precision: What the config trains in: `bf16`, `fp16` or `no` for float32.
        """
        module = ["-m", "axolotl.cli.train", str(config)]
        if self.kind == "ray":
            return [sys.executable, *module]
        if self.kind == "torchrun":
            return [sys.executable, "-m", "torch.distributed.run", *self.extra, *module]
        # The module behind `accelerate-launch`: `accelerate launch` imports every other command too, 4 s of CPU.
        launch = [sys.executable, "-m", "accelerate.commands.launch"]
        if self.accelerate_config is not None:
            return [*launch, "--config_file", str(self.accelerate_config), *self.extra, *module]
        # Every value that a config in the user's home folder could set is given here.
        mixed = precision if has_gpu else "no"
        shape = ["--num_machines=1", "--num_processes=1", f"--mixed_precision={mixed}", "--dynamo_backend=no"]
        return [*launch, *([] if has_gpu else ["--cpu"]), *shape, *self.extra, *module]

    def processes(self) -> int | None:
        """Return how many training processes are asked for in all, or None where the launcher decides."""
        if self.kind == "ray":
            return None
        if self.kind == "torchrun":
            per_node, nodes = _option(self.extra, "nproc_per_node") or "1", _option(self.extra, "nnodes") or "1"
            return int(per_node) * int(nodes) if per_node.isdigit() and nodes.isdigit() else None
        asked = _option(self.extra, "num_processes")
        if asked is None and self.accelerate_config is not None:
            asked = str(_read(self.accelerate_config).get("num_processes", "1"))
        return int(asked) if asked and asked.isdigit() else 1

    def check(self, *, has_gpu: bool, use_ray: bool = False) -> None:
        """Refuse what would silently start something else.

        Args:
            has_gpu: Whether this machine has a CUDA GPU.
            use_ray: Whether the config says `use_ray: true`.

        Raises:
            ConfigError: An unknown launcher, a missing or malformed file, several CPU processes by accelerate, or
                Ray on one side only.
            PrerequisiteError: Ray is asked for and not installed.
        """
        if self.kind not in KINDS:
            raise ConfigError(f"--launcher {self.kind}: not one of {', '.join(KINDS)}")
        if use_ray != (self.kind == "ray"):
            raise ConfigError(
                f"use_ray: {str(use_ray).lower()} does not go with --launcher {self.kind}",
                hint="with Ray give both: --launcher ray --set use_ray=true --set ray_num_workers=2",
            )
        if use_ray and find_spec("ray") is None:
            raise PrerequisiteError("--launcher ray: Ray is not installed", hint="pip install 'ray[train]'")
        if use_ray and self.extra:
            raise ConfigError(
                "--launcher ray takes no arguments after `--`", hint="Ray's settings are keys of the config"
            )
        if self.accelerate_config is not None:
            if self.kind != "accelerate":
                raise ConfigError("--accelerate-config goes with --launcher accelerate")
            _read(self.accelerate_config)
        if self.kind == "accelerate" and not has_gpu and (self.processes() or 1) > 1:
            raise ConfigError(
                f"accelerate starts one process on a CPU, whatever is asked for ({self.processes()})",
                hint="use --launcher torchrun -- --nproc_per_node 2",
            )


def _option(arguments: Sequence[str], name: str) -> str | None:
    spellings = (f"--{name}", f"--{name.replace('_', '-')}")
    for index, argument in enumerate(arguments):
        key, equals, value = argument.partition("=")
        if key in spellings:
            return value if equals else next(iter(arguments[index + 1 : index + 2]), None)
    return None


def _read(path: Path) -> dict[str, object]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", hint="see configs/accelerate/") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path}: is no config of accelerate", hint="see configs/accelerate/")
    return loaded
