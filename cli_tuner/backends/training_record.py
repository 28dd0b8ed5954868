"""The record of a training, made of realised values: what was built, seen, learnt and written.

Written by the training process itself into the checkpoint as `provenance.json`; nothing in it is copied from
the config as a wish, except the config, which is named as such.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cli_tuner.backends.training_rows import names_of
from cli_tuner.backends.training_trackers import guarded
from cli_tuner.backends.wandb_lineage import checkpoint_artifact, data_artifact, use
from cli_tuner.config.sections import Section
from cli_tuner.errors import DataError, LaunchError
from cli_tuner.files import read_json, read_jsonl, sha256_file
from cli_tuner.provenance.base import base_digests, pin_base
from cli_tuner.provenance.environment import code, gpus, installed, machine, packages
from cli_tuner.provenance.manifest import RECORD_NAME, digests, tokenizer_files
from cli_tuner.records import training
from cli_tuner.runs.layout import now

_IGNORE_INDEX = -100
_POOL = ThreadPoolExecutor(max_workers=1)  # hashes the base model's gigabytes while steps run


def realised_model(model: Any) -> dict[str, object]:
    """Describe the loaded model as it is: layer classes, quantisation, precisions, parameters, adapter digest."""
    linear = Counter(type(module).__name__ for module in model.modules() if _is_linear(module))
    quantised = [module for module in model.modules() if _is_linear(module) and hasattr(module.weight, "quant_state")]
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return {
        "n_linear4bit": linear["Linear4bit"],
        "linear_layers": dict(sorted(linear.items())),
        "quantisation": _quantisation(quantised[0]) if quantised else None,
        "trainable_parameters": sum(parameter.numel() for parameter in trainable),
        "trainable_dtype": sorted({str(parameter.dtype).removeprefix("torch.") for parameter in trainable}),
        "adapter_sha256_at_start": weights_digest(model),
    }


def _is_linear(module: Any) -> bool:
    import torch

    return isinstance(module, torch.nn.Linear)


def _quantisation(layer: Any) -> dict[str, object]:
    state = getattr(layer.weight, "quant_state", None)
    return {
        "type": getattr(layer.weight, "quant_type", None),
        "double": bool(getattr(state, "nested", getattr(layer.weight, "compress_statistics", False))),
        "blocksize": getattr(state, "blocksize", None),
        "compute_dtype": str(getattr(layer, "compute_dtype", None) or layer.weight.dtype).removeprefix("torch."),
    }


def weights_digest(model: Any) -> str:
    """Hash names and bytes of all trainable parameters, in name order (64 hex digits)."""
    import torch

    digest = hashlib.sha256()
    for name, parameter in sorted(model.named_parameters()):
        if parameter.requires_grad:
            digest.update(name.encode())
            digest.update(parameter.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


class TrainingRecord:
    """Collects facts while training runs, and writes them at the end.

    Args:
        section: Our own section of the config.
        folder: Where `metrics.jsonl` is; after a resume it also holds the steps before the interruption.
    """

    def __init__(self, section: Section, folder: Path) -> None:
        self._section = section
        self._folder = folder
        self._started = now()
        self._facts: dict[str, object] = {}
        self._base = training.BaseModelRecord()
        self._materials = training.Materials()
        self._world_size = 1
        self._base_digests: Future[dict[str, str] | None] | None = None
        self.model: dict[str, object] = {}
        self.steps = 0
        self.saved_step = 0

    def start(self, cfg: Any, trainer: Any, own_loss: str) -> None:
        """Note what the trainer realised: precision, device, optimiser, tokens, data and config digests.

        Args:
            cfg: Axolotl's config.
            trainer: The trainer.
            own_loss: Why it weighs its loss by itself; empty when every trained token of a step weighs the same.
        """
        arguments = trainer.args
        self._facts = {
            "config": {
                "file": str(cfg.axolotl_config_path),
                "sha256": sha256_file(Path(cfg.axolotl_config_path)),
                "text": Path(cfg.axolotl_config_path).read_text(encoding="utf-8"),
            },
            "threads": threads(),
            "method": {
                "adapter": cfg.adapter,
                "r": cfg.lora_r,
                "alpha": cfg.lora_alpha,
                "dropout": cfg.lora_dropout,
            },
            "precision": {name: bool(getattr(arguments, name)) for name in ("bf16", "fp16", "tf32")},
            "device": {"type": arguments.device.type, "world_size": arguments.world_size, "gpus": gpus()},
            "training": {
                "optimizer": str(getattr(arguments.optim, "value", arguments.optim)),
                "seed": arguments.seed,
                "learning_rate": arguments.learning_rate,
                "loss_weighting": own_loss or "token",
                "effective_batch_size": arguments.train_batch_size
                * arguments.gradient_accumulation_steps
                * arguments.world_size,
                "rows": {"train": len(trainer.train_dataset), "eval": len(trainer.eval_dataset or [])},
                "rows_sha256": {
                    "train": rows_digest(trainer.train_dataset),
                    "eval": rows_digest(trainer.eval_dataset or []),
                },
                "tokens": _tokens(trainer.train_dataset),
            },
        }
        self._world_size = arguments.world_size
        self._materials = self._taken(cfg)
        self._base = training.BaseModelRecord(name=cfg.base_model, revision=_revision(trainer.model))
        self._base_digests = _POOL.submit(base_digests, cfg.base_model, self._base.revision)

    def _taken(self, cfg: Any) -> training.Materials:
        files = [entry["path"] for entry in (*(cfg.datasets or []), *(cfg.test_datasets or []))]
        record = self._section.data_provenance
        return training.Materials(
            data={path: sha256_file(Path(path)) for path in files if Path(path).is_file()},
            data_provenance={record: sha256_file(Path(record))} if record and Path(record).is_file() else None,
        )

    def link_tracker(self) -> None:
        """Write into the live W&B run which run, data and checkpoint it belongs to."""
        import wandb

        if wandb.run is None:
            return
        self._facts["wandb"] = {
            "run_id": wandb.run.id,
            "project": wandb.run.project,
            "mode": "offline" if wandb.run.offline else "disabled" if wandb.run.disabled else "online",
        }
        wandb.config.update(
            {
                "cli_tuner_run": {
                    "run_id": self._section.run_id,
                    "phase": self._section.phase,
                    "model": self.model,
                    "materials": self._materials.plain(),
                    "code": code(),
                }
            },
            allow_val_change=True,
        )
        use(wandb.run, data_artifact(self._materials.plain()))

    def finish(self, model: Any) -> None:
        """Note the adapter's weights as they are now.

        Raises:
            LaunchError: They are still what they were before the first step.
        """
        self.model["adapter_sha256_at_end"] = weights_digest(model)
        if self.model["adapter_sha256_at_end"] == self.model["adapter_sha256_at_start"]:
            raise LaunchError("the adapter is what it was before training: nothing was learnt")

    def write(self, folder: Path, warn: Callable[[str], None]) -> dict[str, object]:
        """Write `provenance.json` into the checkpoint; return the few facts that the status repeats.

        Args:
            folder: The checkpoint.
            warn: Hears that the tracker refused the record.
        """
        self._base.digests = self._base_digests.result() if self._base_digests else None
        summary = {
            "steps": self.steps,
            "saved_step": self.saved_step,
            "world_size": self._world_size,
            "n_linear4bit": self.model.get("n_linear4bit"),
            **self._losses(),
        }
        pin_base(folder, self._base.revision)
        subjects = digests(folder, leave_out=(RECORD_NAME, "debug.log"))  # the log is still being written
        files = tokenizer_files(subjects)
        record = {
            "phase": self._section.phase,
            "run_id": self._section.run_id,
            "allowed": self._section.allow or [],
            **history(self._folder / "run.json"),
            "started": self._started,
            "ended": now(),
            **self._facts,
            "base_model": self._base.plain(),
            "materials": self._materials.plain(),
            "model": self.model,
            "result": summary,
            "code": code(),
            "packages": packages(),
            "distributions": installed(),
            "machine": machine(),
            "tokenizer": {"files": files, "template_sha256": files.get("chat_template.jinja")},
            "subjects": subjects,
        }
        for place in (folder, self._folder):  # the next run may take the output folder; a report wants it still
            training.TrainingRecord.model_validate(record).write(place / RECORD_NAME)
        guarded("W&B", lambda: _track_record(folder / RECORD_NAME, self._section.run_id, summary), warn)
        return summary

    def _losses(self) -> dict[str, object]:
        return losses_of(list(read_jsonl(self._folder / "metrics.jsonl")), self.saved_step)


def threads() -> dict[str, object]:
    """Return how many threads torch computes with, and what asked for it: other numbers may give other bytes."""
    import torch

    return {"torch": torch.get_num_threads(), "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS")}


def history(run_record: Path) -> dict[str, object]:
    """Return what the supervisor wrote of this run: what was asked for, and how earlier attempts ended.

    Without a supervisor both are None, which is not "never interrupted".
    """
    try:
        known = read_json(run_record)
    except DataError:
        return {"recipe": None, "attempts": None}
    return {"recipe": known.get("recipe"), "attempts": known.get("attempts")}


def losses_of(lines: Sequence[Mapping[str, Any]], saved_step: int) -> dict[str, object]:
    """Return the first losses and those of the weights that were saved, each with its step.

    A training loss that was not logged at that step is the last one before it. An evaluation loss is that step's own or
    is left out: another step's would be another adapter's.
    """
    facts: dict[str, object] = {}
    for name, prefix in (("loss", "train_loss"), ("eval_loss", "eval_loss")):
        logged = [{"step": line["step"], "value": line[name]} for line in lines if name in line]
        if not logged:
            continue
        facts[f"{prefix}_first"] = logged[0]
        of_saved = [one for one in logged if one["step"] <= saved_step]
        if of_saved and (name == "loss" or of_saved[-1]["step"] == saved_step):
            facts[f"{prefix}_final"] = of_saved[-1]
    return facts


def _track_record(record: Path, run_id: str | None, summary: Mapping[str, Any]) -> None:
    """Put the record and its figures into the live W&B run: the link from the run to its checkpoint."""
    import wandb

    if wandb.run is None:
        return
    wandb.run.summary["cli_tuner_result"] = dict(summary)
    wandb.run.log_artifact(checkpoint_artifact(record, run_id))


def _revision(model: Any) -> str | None:
    """Return the commit of the hub's repository that the base model was loaded from; None of a local folder."""
    found = getattr(getattr(model, "config", None), "_commit_hash", None)
    return found if isinstance(found, str) else None


def rows_digest(dataset: Any) -> str:
    """Hash the names of all tokenised rows in order (64 hex digits): evidence also of rows that came from the hub."""
    digest = hashlib.sha256()
    for batch in dataset.iter(1000) if len(dataset) else ():
        for name in names_of(batch):
            digest.update(name.to_bytes(8, "little"))
    return digest.hexdigest()


def _tokens(dataset: Any) -> dict[str, int]:
    total = trained = 0
    for labels in dataset["labels"]:
        total += len(labels)
        trained += sum(label != _IGNORE_INDEX for label in labels)
    return {"total": total, "trained": trained, "masked": total - trained}
