"""Going on with a run that ended early, to the bytes that it would have reached.

The laws: a checkpoint is used only if every file has the digest that was recorded when it was written; a torn one
falls back to the newest whole one; another config or other rows are refused with the difference shown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from cli_tuner.config.load import SECTION_KEY, Config
from cli_tuner.errors import CheckpointError, ConfigError, DataError
from cli_tuner.files import read_json, write_text
from cli_tuner.provenance.manifest import CHECKPOINT_DIGESTS, RECORD_NAME, changed
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
    """Return the newest whole checkpoint; torn ones are skipped."""
    return next((path for path in checkpoints(staging) if is_whole(path)), None)


def unfinished(output_dir: Path, folder: Path = RUNS) -> RunDir | None:
    """Return the newest run into `output_dir` if it did not succeed, else None."""
    for run in reversed(runs(folder)):
        with suppress(DataError):
            record = read_json(run.record)
            if record.get("output_dir") == str(output_dir):
                return None if record.get("state") == "succeeded" else run
    return None


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
        CheckpointError: It is no checkpoint of a run of ours, or it is torn.
    """
    for run in runs(folder):
        with suppress(DataError, KeyError, TypeError):
            if Path(read_json(run.record)["staging"]).resolve() == checkpoint.resolve().parent:
                if not is_whole(checkpoint):
                    raise CheckpointError(
                        f"{checkpoint}: is torn", hint="use --resume auto: it takes the newest whole one"
                    )
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


def _comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in config.items() if key not in (*_OURS, *_LADDER, *_LOOKS_ONLY, SECTION_KEY)}
    bite = int(config.get("micro_batch_size") or 1) * int(config.get("gradient_accumulation_steps") or 1)
    return {**kept, "effective batch": bite}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield f"{key}: {json.dumps(before.get(key))} -> {json.dumps(after.get(key))}"


def bites_of(run: RunDir, config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` with the smaller bites that the run had come down to when memory ran out."""
    for attempt in read_json(run.record).get("attempts", []):
        config.update(attempt.get("next") or {})
    return config


def wait_for_the_old_process(run: RunDir, *, timeout_s: float = 60.0) -> None:
    """Wait until the run's earlier training process has gone.

    Raises:
        CheckpointError: It still trains.
    """
    deadline = time.monotonic() + timeout_s
    while (pid := _living(run)) is not None:
        if time.monotonic() > deadline:
            raise CheckpointError(f"{run.run_id} is still training as process {pid}", hint=f"stop it: kill {pid}")
        time.sleep(0.2)


def _living(run: RunDir) -> int | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        pid = int(json.loads(run.status.read_text(encoding="utf-8"))["pid"])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        if str(run.config) in command and not _is_zombie(pid):
            return pid
    return None


def _is_zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    return False


def rewind(run: RunDir, checkpoint: Path | None) -> None:
    """Cut the metrics stream back to the checkpoint's step, so that no step is told twice."""
    step = int(checkpoint.name.rpartition("-")[2]) if checkpoint else -1
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
