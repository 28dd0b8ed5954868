"""One validation from folder to report: files, then values, then completions; stops at the first wall.

Order is by cost: what files alone can refuse is refused before a heavy package is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli_tuner.config.sections import Gates
from cli_tuner.ports import Generator
from cli_tuner.validate.gates import Gate, probe_gates, weights_gates
from cli_tuner.validate.integrity import Checkpoint, inspect
from cli_tuner.validate.probes import Probe, probe


@dataclass(slots=True)
class Validation:
    """What a validation found.

    Attributes:
        checkpoint: The folder under test.
        gates: Every question with its answer, in order.
        probes: Prompts, completions and verdicts; empty when the weights were refused.
        model: Realised device and quantisation of the generation.
    """

    checkpoint: Checkpoint
    gates: list[Gate] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    model: dict[str, object] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(gate.passed for gate in self.gates)

    def to_json(self) -> dict[str, object]:
        """Return the report as a plain object."""
        return {
            "checkpoint_dir": str(self.checkpoint.path),
            "base_model": self.checkpoint.base_model,
            "run_id": self.checkpoint.record.run_id if self.checkpoint.record else None,
            "passed": self.passed,
            "gates": [gate.to_json() for gate in self.gates],
            "model": self.model,
            "probes": [one.to_json() for one in self.probes],
        }


def validate(
    checkpoint: Checkpoint,
    rows: Sequence[dict[str, object]],
    gates: Gates,
    *,
    chat: bool = False,
    adapter_facts: Callable[[Path], dict[str, object]],
    load_generator: Callable[[], tuple[Generator, dict[str, object]]],
    weights: Path,
    observe: Callable[[int], None] = lambda _: None,
) -> Validation:
    """Judge a checkpoint whose files are sound.

    Args:
        checkpoint: From `integrity.inspect`.
        rows: Held-out rows with `instruction`.
        gates: Thresholds.
        chat: Whether the task is free text: the command gates are then off.
        adapter_facts: Reads the adapter's values.
        load_generator: Loads the model; called only when the values are sound.
        weights: The adapter's safetensors file.
        observe: Told after each batch how many prompts are answered.
    """
    found = Validation(checkpoint)
    tokenizer = "as in training" if checkpoint.record else "unknown: no training record"
    record = "matches its training record" if checkpoint.record else "has no training record"
    found.gates = [
        Gate("files_whole", True, f"{len(checkpoint.tensors)} tensors; {record}", "whole"),
        Gate("tokenizer_and_template", True, tokenizer, "as in training"),
        *weights_gates(adapter_facts(weights)),
    ]
    if checkpoint.base_checked:
        found.gates.insert(1, _fit(checkpoint))
    if found.passed:
        generator, found.model = load_generator()
        if not checkpoint.base_checked:  # loading may have fetched it
            found.gates.insert(1, _fit(inspect(checkpoint.path)))
        found.probes = probe(generator, rows, chat=chat, observe=observe)
        found.gates += probe_gates(found.probes, gates, chat=chat)
    return found


def _fit(checkpoint: Checkpoint) -> Gate:
    """Return the gate on the base model: what could not be compared is unknown, and an unknown does not pass."""
    if not checkpoint.base_checked:
        return Gate("adapter_fits_base", False, "unknown: the base model's files are not on this machine", "fits")
    recorded = checkpoint.record.base_model.digests if checkpoint.record else None
    fit = "the bytes it was trained on" if recorded else "its layers fit; which bytes it was trained on is unknown"
    return Gate("adapter_fits_base", True, fit, "fits")
