"""What must happen inside the training process, as an Axolotl plugin: the config names it, Axolotl calls it.

It seeds before the LoRA weights are drawn (Axolotl does not), makes NF4 layers trainable on CPUs with
AVX512-BF16, refuses keys that Axolotl would drop, and writes three files into the run folder: `status.json`
(the truth about the run's state), `metrics.jsonl` (a line a logged step) and, when training ended well,
`provenance.json` in the output folder. Imported by the training child alone.

Works with and without `cli-tuner train`: without it, `output_dir` is the run folder.
Hooks and their order: https://docs.axolotl.ai/docs/custom_integrations.html
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from axolotl.integrations.base import BasePlugin
from pydantic import BaseModel

from cli_tuner.backends.axolotl_plugins import foreign_keys
from cli_tuner.backends.training_record import TrainingRecord, realised_model
from cli_tuner.backends.training_stream import StopRequestedError, Stream, orphaned
from cli_tuner.backends.training_trackers import guard, keep_wandb_going
from cli_tuner.config.axolotl import foreign_plugins, misfits
from cli_tuner.config.dropped import is_allowed
from cli_tuner.config.secrets import expand, redacted_text
from cli_tuner.config.sections import Section
from cli_tuner.errors import ConfigError
from cli_tuner.locks import Locks
from cli_tuner.runs.layout import RunDir


class CliTunerArgs(BaseModel):
    """The config keys that this plugin adds to Axolotl's schema."""

    cli_tuner: Section | None = None


class CliTunerPlugin(BasePlugin):  # type: ignore[misc]  # Axolotl ships no types
    """Seeds, corrects, watches and records one Axolotl training."""

    def __init__(self) -> None:
        super().__init__()
        self._record: TrainingRecord | None = None
        self._stream: Stream | None = None
        self._follow: Any = None
        self._locks = Locks()
        self._ends = 0

    def get_input_args(self) -> str:
        """Name the pydantic class of our own config section."""
        return f"{__name__}.{CliTunerArgs.__name__}"

    def register(self, cfg: dict[str, object]) -> None:
        """Refuse unknown keys while they are still visible, and say that the plugin is alive.

        Raises:
            ConfigError: A key that Axolotl would silently drop.
        """
        own = foreign_keys(foreign_plugins(cfg))
        found = misfits({key: value for key, value in cfg.items() if key != "axolotl_config_path"})
        section = Section.model_validate(cfg.get("cli_tuner") or {})
        dropped = (one for one in found if one.rule in ("unknown-key", "foreign-key") and one.path not in own)
        faults = [one.why for one in dropped if not is_allowed("unknown-key", one.path, section.allow)]
        if faults:
            raise ConfigError("; ".join(faults))
        expand(cfg)
        _ask_no_driver_about_peers()
        _restore_numbered_cpus()
        os.environ.setdefault("AXOLOTL_DO_NOT_TRACK", "1")
        if not os.environ.get("WANDB_API_KEY"):
            os.environ.setdefault("WANDB_MODE", "offline")
        if int(os.environ.get("RANK", "0")) == 0:
            if section.run_dir:
                run = RunDir(Path(section.run_dir))
                self._locks.take(run.trainer_lock, f"run {run.run_id}", {"run_id": run.run_id}, inherited=False)
            folder = Path(section.run_dir or str(cfg["output_dir"]))
            self._stream = Stream(folder, section.run_id)
            self._stream.status("starting")
            self._record = TrainingRecord(section, folder)
            sys.excepthook = _reporting_to(self._stream)

    def load_datasets(self, cfg: Any, preprocess: bool = False) -> None:
        """Say that rows are being read (Axolotl reads them), and put every CPU process on the CPU.

        NOTE: with several processes and no CUDA, Axolotl 0.19 maps process n to device n, which does not exist.
        """
        import torch

        if not torch.cuda.is_available():
            cfg.device_map = {"": "cpu"}
        self._say("loading_data")

    def pre_model_load(self, cfg: Any) -> None:
        """Seed every generator before the adapter's weights are drawn."""
        from transformers import set_seed

        if cfg.seed is not None:
            set_seed(cfg.seed)
        self._say("loading_model")
        if cfg.use_wandb or cfg.wandb_project:
            keep_wandb_going(self._warn)

    def post_model_load(self, cfg: Any, model: Any) -> None:
        """Keep 4-bit layers differentiable on this CPU and note what was really built."""
        _keep_cpu_layers_trainable(model)
        if self._record is not None:
            self._record.model = realised_model(model)

    def get_training_args(self, cfg: Any) -> dict[str, object]:
        """Log NaN losses as they are: the default filter reports them as 0."""
        return {"logging_nan_inf_filter": False}

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Follow the training step by step."""
        from cli_tuner.backends.training_callback import FollowCallback
        from cli_tuner.backends.training_loss import TokenLoss
        from cli_tuner.backends.training_order import EpochOrder
        from cli_tuner.backends.training_rows import NamingCollator, RowLog, left_out

        section = cfg.cli_tuner or Section()
        rows = RowLog(Path(section.run_dir or cfg.output_dir), int(os.environ.get("RANK", "0")))
        loss = TokenLoss(trainer, rows)
        loss.install()
        if not loss.reason:
            trainer.data_collator = NamingCollator(trainer.data_collator, left_out())
        elif trainer.args.gradient_accumulation_steps * trainer.args.world_size > 1:
            self._warn(f"micro batches weigh the same, whatever they hold: {loss.reason}")
        guard(trainer.callback_handler.callbacks, self._warn)
        if self._record is not None:
            self._record.start(cfg, trainer, loss.reason)
        self._follow = FollowCallback(trainer, self._stream, self._record, EpochOrder(trainer), rows)
        return [self._follow]

    def post_train(self, cfg: Any, model: Any) -> None:
        """Note the adapter's final weights; called before and again after the last save."""
        self._ends += 1
        if self._interrupted():
            return
        if self._record is not None:
            self._record.finish(model)
        if self._ends == 2 and self._follow is not None:
            self._follow.evaluate_what_was_saved()

    def post_train_unload(self, cfg: Any) -> None:
        """Write the record into the output folder and close the status.

        NOTE: Axolotl 0.21 calls it in a `finally`, so also while an exception ends the training.
        """
        if self._record is None or self._stream is None or sys.exc_info()[0] is not None:
            return
        if self._interrupted():
            self._stream.status("interrupted")
            return
        summary = self._record.write(Path(cfg.output_dir), self._warn)
        self._stream.status("trained", **summary)

    def _warn(self, text: str) -> None:
        if self._stream is not None:
            self._stream.warn(text)

    def _interrupted(self) -> bool:
        return self._follow is not None and self._follow.stop_asked

    def _say(self, state: str) -> None:
        """Say the state; a training whose supervisor has gone ends here, before it costs anything."""
        if orphaned():
            raise StopRequestedError(f"stopped in {state}: the supervisor that started this training has gone")
        if self._stream is not None:
            self._stream.status(state)


def _reporting_to(stream: Stream) -> Callable[..., None]:
    """Return an excepthook that writes into the status what ended the process, then does what was done before."""
    earlier = sys.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        with suppress(Exception):  # a full disk must not hide the error itself
            names = [base.__name__ for base in kind.__mro__]
            stopped = "StopRequestedError" in names
            stream.status(
                "interrupted" if stopped else "failed",
                failed_in=stream.state,
                error={"classes": names, "message": redacted_text(str(error))[:2000]},
            )
        earlier(kind, error, trace)

    return report


def _ask_no_driver_about_peers() -> None:
    """Let several CPU processes start with a CUDA build of torch.

    NOTE: Axolotl asks CUDA whether two devices reach each other (`axolotl.utils.environment.check_cuda_p2p_support`),
    and without a driver the question itself raises; without devices there is nothing to switch off.
    """
    import torch

    if not torch.cuda.is_available():
        torch.cuda.can_device_access_peer = lambda *_: True


@functools.cache  # torch sorts its loaders, and cannot order two of one priority
def _restore_numbered_cpus() -> None:
    """Let several CPU processes resume.

    NOTE: transformers 5.16 restores the optimiser to the device `cpu:0`, a name that torch's loader does not know
    (`Trainer._load_optimizer_and_scheduler`; 5.20 says `cpu`).
    """
    from torch.serialization import register_package

    def restore(storage: Any, location: str) -> Any:
        return storage if location.startswith("cpu:") else None

    register_package(9, lambda _: None, restore)


def _keep_cpu_layers_trainable(model: Any) -> None:
    """Stop bitsandbytes from repacking weights at the first evaluation.

    NOTE: on CPUs with AVX512-BF16 its 4-bit layers switch to an inference layout that has no backward pass
    (bitsandbytes 0.50, `Linear4bit.forward`); training then dies after the first evaluation.
    """
    import torch

    if torch.cuda.is_available():
        return
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
