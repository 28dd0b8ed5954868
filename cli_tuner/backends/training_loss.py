"""One objective whatever the batch shape: every trained token of an optimiser step weighs the same.

Axolotl 0.19 lets each micro batch weigh the same, so that micro batch 1 x accumulation 4 trains another loss than
4 x 1 (its trainer looks for `num_items_in_batch` in `forward`, where models take it through `**kwargs`; see
https://github.com/huggingface/transformers/issues/34191). The weighing here asks nothing of the model: its mean loss of
a micro batch is scaled by that batch's share of the step's trained tokens, over all processes. It therefore holds for
every architecture and kernel whose loss is a mean over tokens. An evaluation is weighed in the same way, so that it
does not depend on `eval_batch_size`.

Not covered: trainers with a loss of their own (preference training, distillation) and parallelism that splits one
sequence; these keep their own weighing, and `reason` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli_tuner.backends.training_rows import RowLog

_IGNORE_INDEX = -100
_OWN_LOSS = ("orpo_alpha",)
_SPLIT_SEQUENCES = ("tp_size", "cp_size", "sp_size")


class TokenLoss:
    """Stands between a trainer and its `compute_loss`.

    Args:
        trainer: The trainer; its methods are replaced by `install`.
        rows: Keeps the loss of every row; None keeps nothing.

    Attributes:
        reason: Why this trainer weighs its loss by itself; empty when every token weighs the same.
    """

    def __init__(self, trainer: Any, rows: RowLog | None = None) -> None:
        self._trainer = trainer
        self._rows = rows
        self._compute = trainer.compute_loss
        self._evaluate = trainer.evaluation_loop
        self._evaluated: list[Any] = []
        self.reason = _reason(trainer)

    def install(self) -> None:
        """Take the place of the trainer's own weighing, where that is possible."""
        if self.reason:
            return
        trainer = self._trainer
        trainer.model_accepts_loss_kwargs = True  # the step's tokens are counted only then
        if trainer.args.world_size > 1:
            trainer.args.average_tokens_across_devices = True
        trainer.compute_loss = self.compute
        trainer.evaluation_loop = self.evaluate

    def compute(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Return the micro batch's share of the step's loss; the signature is `Trainer.compute_loss`'s.

        Args:
            model: The model as it was prepared.
            inputs: One micro batch on its device.
            return_outputs: Whether the model's outputs are wanted too.
            num_items_in_batch: Trained tokens of the whole step, over all processes.
        """
        row_facts = self._rows.take(inputs) if self._rows is not None else None
        if not model.training:
            return self._of_evaluation(model, inputs, return_outputs)
        n_tokens = self._targets(inputs).ne(_IGNORE_INDEX).sum()
        loss, outputs = self._compute(model, inputs, return_outputs=True)
        if row_facts is not None and self._rows is not None:
            self._rows.note(self._trainer.state.global_step + 1, row_facts, loss, outputs, inputs["labels"])
        if num_items_in_batch is not None:
            share = n_tokens / num_items_in_batch * self._trainer.accelerator.num_processes
            # Without a trained token the mean is 0/0; it must add nothing.
            loss = (loss * share).where(n_tokens > 0, loss.new_zeros(()))
        return (loss, outputs) if return_outputs else loss

    def _targets(self, inputs: Any) -> Any:
        """Return the labels that the loss counts: a causal loss never counts the first of a row."""
        if "shift_labels" in inputs:
            return inputs["shift_labels"]
        labels = inputs["labels"]
        return labels[..., 1:] if getattr(self._trainer, "_loss_shifts_labels", False) else labels

    def _of_evaluation(self, model: Any, inputs: Any, return_outputs: bool) -> Any:
        counts = self._targets(inputs).ne(_IGNORE_INDEX).flatten(1).sum(1)
        loss, outputs = self._compute(model, inputs, return_outputs=True)
        sums = (loss.detach().float() * counts).nan_to_num()
        if self._trainer.args.world_size > 1:
            sums = _row_sums(outputs, self._targets(inputs), sums)
        pairs = _torch().stack([sums, counts.float()], dim=1)
        # Several processes evaluate some rows twice to fill the last batch; those are left out here.
        self._evaluated.append(self._trainer.accelerator.gather_for_metrics(pairs).sum(0))
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Run an evaluation and put the mean over all its trained tokens in the place of the mean of batch means."""
        self._evaluated = []
        out = self._evaluate(*args, **kwargs)
        name = f"{kwargs.get('metric_key_prefix', 'eval')}_loss"
        if self._evaluated and name in (out.metrics or {}):
            total, n_tokens = _torch().stack(self._evaluated).double().sum(0).tolist()
            if n_tokens:
                out.metrics[name] = total / n_tokens
        return out


def _row_sums(outputs: Any, targets: Any, shared: Any) -> Any:
    """Return each row's summed loss, from the logits where a kernel left them, else its share of the batch's."""
    logits = outputs.get("logits") if isinstance(outputs, dict) else None
    if logits is None or logits.shape[1] < targets.shape[1]:
        return shared
    functional = _torch().nn.functional
    rows = [
        functional.cross_entropy(row[: len(wanted)].float(), wanted, ignore_index=_IGNORE_INDEX, reduction="sum")
        for row, wanted in zip(logits, targets, strict=True)
    ]
    return _torch().stack(rows)


def _reason(trainer: Any) -> str:
    from axolotl.core.trainers.base import AxolotlTrainer

    kind = type(trainer)
    if getattr(kind, "compute_loss", None) is not AxolotlTrainer.compute_loss:
        return f"{kind.__name__} computes a loss of its own"
    own = [key for key in _OWN_LOSS if getattr(trainer.args, key, None)]
    if own:
        return f"{own[0]} is a loss of its own"
    if trainer.args.n_gpu > 1:
        return "one process drives several GPUs (start one process a GPU)"
    split = getattr(trainer.accelerator, "parallelism_config", None)
    shared = [name for name in _SPLIT_SEQUENCES if (getattr(split, name, 1) or 1) > 1]
    return f"{shared[0]} > 1 splits sequences over processes" if shared else ""


def _torch() -> Any:
    import torch

    return torch
