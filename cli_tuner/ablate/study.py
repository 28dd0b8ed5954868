"""Ablations: one recipe, varied along an axis, over several seeds, each member a real training of its own.

The laws: members never share a run or an output folder; what has been trained is not trained again (same config,
same rows); a member that fails does not stop the others; a variant is compared with the base of the same seed.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from cli_tuner.config.load import Config, load
from cli_tuner.errors import CliTunerError, ConfigError, ExitCode
from cli_tuner.files import read_json

BASE = "base"
STUDIES = Path("models/ablations")


@dataclass(frozen=True, slots=True)
class Member:
    """One training of a study.

    Attributes:
        variant: Name of the variant, `base` for the recipe itself.
        seed: Its seed.
        config: What is trained, with an output folder of its own.
    """

    variant: str
    seed: int
    config: Config

    @property
    def name(self) -> str:
        """Return the member's name, unique in the study."""
        return f"{self.variant}-seed{self.seed}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a member ended: `succeeded` with a loss, or another state with the reason."""

    member: Member
    state: str
    eval_loss: float | None = None
    why: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One variant over its seeds.

    Attributes:
        variant: Its name.
        n: Members that succeeded.
        failed: Members that did not.
        mean: Mean of the final evaluation loss (nats a token); None without a member.
        spread: Sample standard deviation over seeds; None under two.
        delta: Mean difference to the base of the same seed; None for the base itself.
        delta_spread: Its sample standard deviation; None under two pairs.
    """

    variant: str
    n: int
    failed: int
    mean: float | None
    spread: float | None
    delta: float | None
    delta_spread: float | None


def variants_of_axes(config: Path, axes: Sequence[str], overrides: Sequence[str]) -> dict[str, tuple[Path, list[str]]]:
    """Return name -> (config, overrides) for every combination of `key=v1,v2,…` axes, the base first.

    Raises:
        ConfigError: An axis is not `key=v1,v2`.
    """
    parsed = [_axis(axis) for axis in axes]
    found: dict[str, tuple[Path, list[str]]] = {BASE: (config, list(overrides))}
    for values in itertools.product(*(values for _, values in parsed)):
        changes = [f"{key}={value}" for (key, _), value in zip(parsed, values, strict=True)]
        name = "-".join(f"{change.partition('=')[0]}_{_slug(change.partition('=')[2])}" for change in changes)
        found[name] = (config, [*overrides, *changes])
    return found


def _axis(text: str) -> tuple[str, list[str]]:
    key, _, values = text.partition("=")
    if not key or not values:
        raise ConfigError(f"--axis {text}: write it as --axis lora_r=4,8,16")
    parsed = yaml.safe_load(f"[{values}]")
    return key.strip(), [
        yaml.safe_dump(value, default_flow_style=True).strip().removesuffix("\n...") for value in parsed
    ]


def _slug(text: str) -> str:
    return "".join(character if character.isalnum() or character in ".-" else "_" for character in text).strip("_")


def variants_of_folder(folder: Path, overrides: Sequence[str]) -> dict[str, tuple[Path, list[str]]]:
    """Return name -> (overlay, overrides) for every overlay of a folder, and the one config they extend as base.

    Raises:
        ConfigError: No overlays, or they extend different configs.
    """
    overlays = sorted(folder.glob("*.yaml"))
    parents = {
        (path.parent / str((yaml.safe_load(path.read_text("utf-8")) or {}).get("extends"))).resolve()
        for path in overlays
    }
    if len(parents) != 1:
        raise ConfigError(f"{folder}: needs overlays that all extend one config", hint="see configs/ablations/")
    (base,) = parents
    base = base.relative_to(Path.cwd()) if base.is_relative_to(Path.cwd()) else base
    found = {BASE: (base, list(overrides))}
    return found | {path.stem: (path, list(overrides)) for path in overlays}


def members(
    variants: Mapping[str, tuple[Path, list[str]]], seeds: Sequence[int], study: Path, adapt: Callable[[Config], Config]
) -> list[Member]:
    """Resolve every variant at every seed; seeds outermost, so that an early stop leaves whole comparisons.

    Args:
        variants: Name -> (config, overrides).
        seeds: Seeds.
        study: Folder of the study; members write below it.
        adapt: Changes every config in the same way, e.g. to a tiny one.

    Raises:
        ConfigError: Any of the configs is wrong; nothing is trained then.
    """
    found = []
    for seed, (name, (path, overrides)) in itertools.product(seeds, variants.items()):
        config = adapt(load(path, [*overrides, f"seed={seed}"]))
        if not config.axolotl.get("test_datasets") and not config.axolotl.get("val_set_size"):
            raise ConfigError(
                f"{path}: names no evaluation rows: there would be no loss to compare",
                hint="name them in test_datasets:, as configs/smoke.yaml does",
            )
        own = {"output_dir": str(study / f"{name}-seed{seed}"), "wandb_name": f"{study.name}-{name}-seed{seed}"}
        section = config.section.model_copy(update={"phase": f"ablate-{_slug(name)[:32]}-s{seed}"})
        found.append(Member(name, seed, replace(config, axolotl={**config.axolotl, **own}, section=section)))
    return found


def run_members(
    wanted: Sequence[Member],
    train: Callable[[Config], dict[str, object]],
    is_done: Callable[[Config], bool],
    tell: Callable[[Result], None],
) -> list[Result]:
    """Train what is not trained yet, and go on past failures.

    Args:
        wanted: The members, in order.
        train: Trains one config; raises CliTunerError.
        is_done: Whether a config's output is there, trained from the same config and rows.
        tell: Hears each result as it comes.

    Raises:
        CliTunerError: Interrupted; what was trained stays and is reused by the next call.
    """
    results = []
    for member in wanted:
        result = _one(member, train, is_done)
        tell(result)
        results.append(result)
    return results


def _one(member: Member, train: Callable[[Config], dict[str, object]], is_done: Callable[[Config], bool]) -> Result:
    reused = is_done(member.config)
    try:
        if not reused:
            train(member.config)
    except CliTunerError as error:
        if error.exit_code == ExitCode.INTERRUPTED:
            raise
        return Result(member, error.message.partition(":")[0], why=error.message)
    record = read_json(Path(str(member.config.axolotl["output_dir"])) / "provenance.json")
    final = record["result"].get("eval_loss_final") or {}
    why = "" if final else "it was trained, but no evaluation loss of the saved weights was recorded"
    return Result(member, "succeeded", eval_loss=final.get("value"), why=why, reused=reused)


def compare(results: Sequence[Result]) -> list[Row]:
    """Summarise each variant, in order of appearance, against the base of the same seed."""
    return list(_rows(results))


def _rows(results: Sequence[Result]) -> Iterator[Row]:
    losses = {(r.member.variant, r.member.seed): r.eval_loss for r in results if r.eval_loss is not None}
    for variant in dict.fromkeys(result.member.variant for result in results):
        own = [loss for (name, _), loss in losses.items() if name == variant]
        paired = [
            loss - losses[BASE, seed]
            for (name, seed), loss in losses.items()
            if name == variant != BASE and (BASE, seed) in losses
        ]
        failed = sum(result.member.variant == variant and result.eval_loss is None for result in results)
        yield Row(
            variant, len(own), failed, _mean(own), _spread(own), _mean(paired), _spread(paired),
        )  # fmt: skip


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _spread(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 else None
