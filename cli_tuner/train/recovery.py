"""Going on with a run that ended early, to the bytes that it would have reached.

The laws: a checkpoint is used only if every file has the digest that was recorded when it was written; an incomplete
one falls back to the newest whole one; another config or other rows are refused with the difference shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli_tuner.config.load import SECTION_KEY, Config
from cli_tuner.errors import CheckpointError, CliTunerError, ConfigError, DataError
from cli_tuner.files import read_json, write_text
from cli_tuner.provenance.manifest import CHECKPOINT_DIGESTS, RECORD_NAME, changed
from cli_tuner.runs import rows
from cli_tuner.runs.layout import RUNS, RunDir
from cli_tuner.runs.registry import runs

_OURS = ("output_dir", "dataset_prepared_path", "resume_from_checkpoint")
_LADDER = (
    "micro_batch_size",
    "gradient_accumulation_steps",
    "eval_batch_size",
    "sequence_len",
    "excess_length_strategy",
)
_STATES = {  # transformers, and its FSDP and DeepSpeed forms
    "state of the trainer": ("trainer_state.json",),
    "state of the optimiser": ("optimizer", "global_step"),
    "state of the schedule": ("scheduler", "global_step"),
    "state of the random numbers": ("rng_state",),
}
_LOOKS_ONLY = ("wandb_name", "wandb_project", "wandb_entity", "wandb_mode", "wandb_run_id")


def checkpoints(staging: Path) -> list[Path]:
    """Return the `checkpoint-N` folders, newest first."""
    found = [path for path in staging.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    return sorted(found, key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)


def is_whole(checkpoint: Path) -> bool:
    """Tell whether every file of a checkpoint has the bytes that were recorded when it was saved."""
    with suppress(OSError, DataError):
        recorded = read_json(checkpoint / CHECKPOINT_DIGESTS)
        return bool(recorded) and changed(checkpoint, recorded) == []
    return False


def newest_whole_checkpoint(staging: Path) -> Path | None:
    """Return the newest whole checkpoint; incomplete ones are skipped."""
    return next((path for path in checkpoints(staging) if is_whole(path)), None)


@dataclass(frozen=True, slots=True)
class Resumable:
    """What a run is taken up from.

    Attributes:
        run: The run.
        checkpoint: Its newest checkpoint that can be resumed; None starts it again from step 0.
        passed_over: Newer runs, and checkpoints, that were not taken, each with the reason.
    """

    run: RunDir
    checkpoint: Path | None
    passed_over: tuple[str, ...] = ()


def resumable(config: Config, data_digest: str, output_dir: Path, folder: Path = RUNS) -> Resumable | None:
    """Return what `--resume auto` takes: the newest checkpoint of the same config and rows, else a run without one.

    Raises:
        ConfigError: All unfinished runs into `output_dir` had another config; the newest one's differences are shown.
        DataError: They had other rows.
        CheckpointError: Only weights were kept, from which nothing can be resumed.
    """
    passed: list[str] = []
    refusals: list[CliTunerError] = []
    from_zero: RunDir | None = None
    for run in unfinished(output_dir, folder):
        try:
            check_same(config, data_digest, run)
            checkpoint = _newest(run, passed)
        except CliTunerError as error:
            refusals.append(error)
            passed.append(f"{run.run_id}: {error.message}")
            continue
        if checkpoint is not None:
            return Resumable(run, checkpoint, tuple(passed))
        passed.append(f"{run.run_id}: has no whole checkpoint")
        from_zero = from_zero or run
    if from_zero is not None:
        return Resumable(from_zero, None, tuple(passed[:-1]) if len(passed) == 1 else tuple(passed))
    if refusals:
        raise refusals[0]
    return None


def _newest(run: RunDir, passed: list[str]) -> Path | None:
    """Return a run's newest checkpoint that can be resumed; note those that cannot."""
    for checkpoint in checkpoints(staging_of(run)):
        if not is_whole(checkpoint):
            passed.append(f"{checkpoint} is incomplete")
            continue
        check_complete(checkpoint)
        return checkpoint
    return None


def unfinished(output_dir: Path, folder: Path = RUNS) -> Iterator[RunDir]:
    """Yield the runs into `output_dir` that have not ended well since the last that did, newest first."""
    for run in reversed(runs(folder)):
        with suppress(DataError):
            record = read_json(run.record)
            if record.get("output_dir") != str(output_dir):
                continue
            if record.get("state") == "succeeded":
                return
            if record.get("state") != "pruned":
                yield run


def taken_by_auto(folder: Path = RUNS) -> dict[str, str]:
    """Map the runs that `--resume auto` would take, one an output and config, to their checkpoint's name.

    Digests are not computed here: a checkpoint that was damaged since it was saved is found when it is taken up.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    ended_well: set[str] = set()
    for run in reversed(runs(folder)):
        with suppress(CliTunerError, OSError, KeyError, TypeError, yaml.YAMLError):
            record = read_json(run.record)
            output_dir = str(record["output_dir"])
            if record.get("state") == "succeeded":
                ended_well.add(output_dir)
            if output_dir in ended_well:
                continue
            key = json.dumps([output_dir, _comparable(yaml.safe_load(run.config.read_text(encoding="utf-8")))])
            newest = next((one for one in checkpoints(staging_of(run)) if (one / CHECKPOINT_DIGESTS).is_file()), None)
            if newest is not None and key not in seen:
                check_complete(newest)
                seen.add(key)
                found[run.run_id] = newest.name
    return found


def staging_of(run: RunDir) -> Path:
    """Return where a run writes its checkpoints."""
    return Path(str(read_json(run.record).get("staging")))


def check_complete(checkpoint: Path) -> None:
    """Refuse a checkpoint of weights alone.

    Raises:
        CheckpointError: The states of optimiser, schedule or random numbers are missing (`save_only_model: true`).
    """
    names = [path.name for path in checkpoint.iterdir()]
    missing = [what for what, prefixes in _STATES.items() if not any(name.startswith(prefixes) for name in names)]
    if missing:
        raise CheckpointError(
            f"{checkpoint}: holds no {', no '.join(missing)}: a run that goes on from it would be another run",
            hint="train it again without --resume, with save_only_model: false",
        )


def finished(config: Config, data_digest: str, output_dir: Path, folder: Path = RUNS) -> RunDir | None:
    """Return the run that trained this config on these rows into `output_dir`, if its output is still there."""
    with suppress(DataError, ConfigError, OSError):
        run = RunDir(folder / str(read_json(output_dir / RECORD_NAME)["run_id"]))
        if read_json(run.record).get("state") == "succeeded":
            check_same(config, data_digest, run)
            return run
    return None


def run_of(checkpoint: Path, folder: Path = RUNS) -> RunDir:
    """Return the run that a checkpoint belongs to.

    Raises:
        CheckpointError: It is no checkpoint of a run of ours, or it is incomplete.
    """
    for run in runs(folder):
        with suppress(DataError, KeyError, TypeError):
            if Path(read_json(run.record)["staging"]).resolve() == checkpoint.resolve().parent:
                if not is_whole(checkpoint):
                    raise CheckpointError(
                        f"{checkpoint}: is incomplete", hint="use --resume auto: it takes the newest whole one"
                    )
                check_complete(checkpoint)
                return run
    raise CheckpointError(f"{checkpoint}: belongs to no unfinished run in {folder}", hint="use --resume auto")


def check_same(config: Config, data_digest: str, run: RunDir) -> None:
    """Refuse to continue a run with another config or other rows.

    Raises:
        ConfigError: The config differs; every difference is shown.
        DataError: The rows differ.
    """
    before = yaml.safe_load(run.config.read_text(encoding="utf-8"))
    differences = list(_differences(_comparable(before), _comparable(config.complete())))
    if differences:
        raise ConfigError(
            "\n".join([f"{run.run_id} was trained with another config:", *differences]),
            hint="restore these values to go on, or train without --resume to start anew",
        )
    if read_json(run.record).get("data_digest") != data_digest:
        raise DataError(
            f"{run.run_id} was trained on other rows, or with another tokenizer, than the config names now",
            hint="prepare the same rows again to go on, or train without --resume to start anew",
        )


def _comparable(config: Mapping[str, Any]) -> dict[str, object]:
    kept = {key: value for key, value in config.items() if key not in (*_OURS, *_LADDER, *_LOOKS_ONLY, SECTION_KEY)}
    size = int(config.get("micro_batch_size") or 1) * int(config.get("gradient_accumulation_steps") or 1)
    return {**kept, "effective batch": size}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield f"{key}: {json.dumps(before.get(key))} -> {json.dumps(after.get(key))}"


def batch_shape_of(run: RunDir, config: dict[str, object]) -> dict[str, object]:
    """Return `config` with the smaller micro batches that the run had come down to when memory ran out."""
    for attempt in read_json(run.record).get("attempts", []):
        config.update(attempt.get("next") or {})
    return config


def rewind(run: RunDir, checkpoint: Path | None) -> None:
    """Cut metrics and row losses back to the checkpoint's step, so that no step is told twice."""
    step = int(checkpoint.name.rpartition("-")[2]) if checkpoint else -1
    rows.cut(run.path, step)
    if not run.metrics.is_file():
        return
    kept = []
    for line in run.metrics.read_text(encoding="utf-8").splitlines(keepends=True):
        with suppress(ValueError):
            if json.loads(line)["step"] <= step and line.endswith("\n"):
                kept.append(line)
    write_text(run.metrics, "".join(kept))
    with suppress(OSError):
        (run.path / "heartbeat").unlink()
