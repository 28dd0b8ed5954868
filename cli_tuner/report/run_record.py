"""The run record in its standard template: what was realised, not what was wished for.

Each line says where it was read: `record` (written by the training process of what it built and saw) or `config` (what
was asked for, where the process records nothing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.report.facts import Facts, dig
from cli_tuner.report.headline import duration


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: its name, its value in words, and where it was read."""

    name: str
    value: str
    source: str = "record"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the template."""

    title: str
    lines: list[Line]


def run_record(facts: Facts) -> list[Section]:
    """Fill the template; a line without a value is left out, a section without lines too."""
    parts = {
        "Date": _date(facts),
        "Code": _code(facts),
        "Model": _model(facts),
        "Data and overlap check": _data(facts),
        "Training arguments": _arguments(facts),
        "LoRA": _lora(facts),
        "Environment": _environment(facts),
        "Outputs": _outputs(facts),
    }
    filled = {title: [line for line in lines if line.value] for title, lines in parts.items()}
    return [Section(title, lines) for title, lines in filled.items() if lines]


def words(value: Any) -> str:
    """Write a recorded value; nothing for what was not recorded."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
        case Mapping():
            return ", ".join(f"{key} {words(one)}" for key, one in value.items() if one is not None)
        case list() | tuple():
            return ", ".join(words(one) for one in value)
        case _:
            return str(value)


def _lines(facts: Facts, **paths: str) -> Iterator[Line]:
    for name, path in paths.items():
        yield Line(name.replace("_", " "), words(dig(facts.training, path)))


def _date(facts: Facts) -> Iterator[Line]:
    yield Line("started", words(facts.record.get("started")))
    yield Line("ended", words(facts.record.get("ended")))
    if facts.curves.elapsed_s:
        yield Line("steps took", duration(facts.curves.elapsed_s))
    yield Line("state", facts.state)
    yield Line("fault", words(facts.record.get("fault")))


def _code(facts: Facts) -> Iterator[Line]:
    commit, dirty = words(dig(facts.training, "code.git_commit")), dig(facts.training, "code.git_dirty")
    yield Line("commit", f"{commit} with uncommitted changes" if commit and dirty else commit)
    yield from _lines(facts, sources_sha256="code.sources_sha256", config_sha256="config.sha256")
    argv = facts.record.get("argv") or []
    shown = [part.rpartition("/")[2] if place == 0 else part for place, part in enumerate(map(str, argv))]
    yield Line("launched", " ".join(shown))


def _model(facts: Facts) -> Iterator[Line]:
    yield Line("base model", words(dig(facts.training, "base_model.name") or facts.config.get("base_model")))
    digests = dig(facts.training, "base_model.digests") or {}
    yield from (Line(f"sha256 of {name}", words(digest)) for name, digest in digests.items() if "safetensors" in name)
    yield from _lines(facts, linear_layers="model.linear_layers", quantisation="model.quantisation")


def _data(facts: Facts) -> Iterator[Line]:
    for name, digest in (dig(facts.training, "materials.data") or {}).items():
        yield Line(name, f"sha256 {digest}")
    yield from _lines(facts, rows="training.rows", tokens="training.tokens")
    for source in dig(facts.data, "sources") or []:
        name = words(dig(source, "hub") or dig(source, "path"))
        yield Line("source", f"{name}, licence {words(dig(source, 'licence'))}", "data record")
    yield Line("rows kept", words(dig(facts.data, "gates.kept")), "data record")
    yield Line("overlap between splits", overlap(facts), "data record")
    for suite, source in (facts.evaluation.data if facts.evaluation else {}).items():
        if source is not None and source.n_leaked is not None:
            said = f"{source.n_leaked:,} of {source.n:,} prompts also stand in the training data"
            yield Line(f"overlap with the {suite} suite", said, "evaluation")


def overlap(facts: Facts) -> str:
    """Say what the overlap check of the data found."""
    found = dig(facts.data, "leakage.overlap")
    if not isinstance(found, Mapping):
        return ""
    pairs, near = sum(found.values()), words(dig(facts.data, "leakage.near_threshold"))
    return f"{pairs:,} pairs by {len(found)} comparisons, near-duplicates from Jaccard {near}"


def _arguments(facts: Facts) -> Iterator[Line]:
    yield from _lines(
        facts, optimizer="training.optimizer", learning_rate="training.learning_rate",
        effective_batch_size="training.effective_batch_size", seed="training.seed", steps="result.steps",
        precision="precision",
    )  # fmt: skip
    asked = ("lr_scheduler", "warmup_steps", "weight_decay", "max_grad_norm", "sequence_len", "sample_packing")
    yield from (Line(key.replace("_", " "), words(facts.config.get(key)), "config") for key in asked)


def _lora(facts: Facts) -> Iterator[Line]:
    yield from _lines(facts, adapter="method.adapter", r="method.r", alpha="method.alpha", dropout="method.dropout")
    modules = facts.config.get("lora_target_modules")
    linear = "all linear layers" if facts.config.get("lora_target_linear") else ""
    yield Line("target modules", words(modules) or linear, "config")
    yield from _lines(
        facts, trained_parameters="model.trainable_parameters", trained_in="model.trainable_dtype",
        weights_sha256_before="model.adapter_sha256_at_start", weights_sha256_after="model.adapter_sha256_at_end",
    )  # fmt: skip


def _environment(facts: Facts) -> Iterator[Line]:
    gpus = dig(facts.training, "device.gpus") or []
    yield Line("device", words(dig(facts.training, "device.type")))
    yield from (Line("GPU", words(gpu)) for gpu in gpus)
    yield from _lines(facts, processes="device.world_size")
    yield from (Line(name, words(value)) for name, value in (dig(facts.training, "machine") or {}).items())
    packages = dig(facts.training, "packages") or {}
    yield Line("packages", ", ".join(f"{name} {version}" for name, version in packages.items() if version))


def _outputs(facts: Facts) -> Iterator[Line]:
    yield Line("checkpoint", facts.checkpoint_dir or "")
    subjects = dig(facts.training, "subjects") or {}
    top = {name: digest for name, digest in subjects.items() if name.endswith(".safetensors") and "/" not in name}
    yield from (Line(f"sha256 of {name}", words(digest)) for name, digest in top.items())
    yield Line("files with digests", words(len(subjects) or None))
    yield Line("kept checkpoints", words(list(facts.curves.checkpoints)))
    yield Line("evaluation loss", _losses(facts))
    yield Line("run folder", str(facts.run.path))
    yield Line("Weights & Biases", words(dig(facts.training, "wandb")))


def _losses(facts: Facts) -> str:
    ends = [dig(facts.training, f"result.eval_loss_{end}") for end in ("first", "final")]
    return ", ".join(f"{words(dig(end, 'value'))} at step {words(dig(end, 'step'))}" for end in ends if end)
