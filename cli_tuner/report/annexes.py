"""What regulators and the Model Openness Framework ask of a model, answered from recorded facts alone.

Sources: Regulation (EU) 2024/1689, Annex XI section 1 and Annex XII (https://eur-lex.europa.eu/eli/reg/2024/1689/oj),
White et al., The Model Openness Framework (https://arxiv.org/abs/2403.13784). The law: a question that no record
answers is listed as not recorded. Not covered: what is asked beyond these tables; this is no assessment of law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli_tuner.report.facts import Facts, dig
from cli_tuner.report.headline import duration
from cli_tuner.report.run_record import words

UNKNOWN = "not recorded"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of an annex: where it stands, what it asks, and what was recorded."""

    place: str
    asks: str
    value: str


@dataclass(frozen=True, slots=True)
class Annex:
    """A table of questions and answers."""

    title: str
    answers: list[Answer]


def annexes(facts: Facts) -> list[Annex]:
    """Return the tables; every question is in them, answered or not."""
    known = _known(facts)
    tables = {
        "EU AI Act, Annex XI section 1 (technical documentation)": _XI,
        "EU AI Act, Annex XII (information for downstream providers)": _XII,
        "Model Openness Framework": _MOF,
    }
    return [
        Annex(title, [Answer(place, asks, known.get(key) or UNKNOWN) for place, asks, key in rows])
        for title, rows in tables.items()
    ]


def _known(facts: Facts) -> dict[str, str]:
    training, data = facts.training or {}, facts.data or {}
    evaluated = facts.evaluation
    suites = ", ".join(evaluated.data) if evaluated else ""
    rows = dig(training, "training.rows") or {}
    return {
        "task": _task(facts),
        "architecture": _architecture(training),
        "formats": "text in, text out" if training else "",
        "context": _counted(facts.config.get("sequence_len"), "tokens a row in training"),
        "licence": "",
        "integration": "chat template and tokenizer beside the weights; `cli-tuner generate`, `serve` and `export`",
        "software": words({name: one for name, one in (dig(training, "packages") or {}).items() if one}),
        "hardware": words(dig(training, "device")) or words(dig(training, "machine")),
        "method": _method(training),
        "objective": "cross entropy of the answer's tokens, nats a token" if training else "",
        "data": "; ".join(_sources(data)),
        "curation": _curation(data),
        "points": words(rows),
        "compute": _compute(facts),
        "evaluation": f"{suites}: see Evaluation" if suites else "",
        "leakage": _leakage(data),
        "training code": words(dig(training, "code.git_commit")),
        "preprocessing code": words(dig(data, "code.git_commit")),
        "parameters": _digest(training, "adapter_model.safetensors"),
        "checkpoints": _counted(len(_checkpoints(training)), "kept, with digests") if _checkpoints(training) else "",
        "evaluation data": words({name: one.sha256 for name, one in evaluated.data.items() if one})
        if evaluated
        else "",
        "config": words(dig(training, "config.sha256")),
        "samples": "see Examples" if facts.rows else "",
        "card": "MODEL_CARD.md" if training else "",
        "data card": "DATASET_CARD.md" if data else "",
        "report": "this report",
    }


def _task(facts: Facts) -> str:
    task = dig(facts.config, "cli_tuner.task")
    told = {
        "command": "a request in natural language answered with one Bash command",
        "chat": "conversation in text",
        "completion": "plain text",
    }
    return told.get(str(task), "")


def _architecture(training: Mapping[str, Any]) -> str:
    base, trained = dig(training, "base_model.name"), dig(training, "model.trainable_parameters")
    return (
        f"{words(dig(training, 'method.adapter'))} adapter of {trained:,} parameters on {base}"
        if base and trained
        else ""
    )


def _method(training: Mapping[str, Any]) -> str:
    kept = {"adapter", "r", "alpha", "dropout"}
    method = {key: value for key, value in (dig(training, "method") or {}).items() if key in kept}
    chosen = {
        key: dig(training, f"training.{key}") for key in ("optimizer", "learning_rate", "effective_batch_size", "seed")
    }
    return words({**method, **chosen})


def _sources(data: Mapping[str, Any]) -> Iterator[str]:
    for source in data.get("sources") or []:
        name = dig(source, "path") or dig(source, "hub")
        if name:
            yield f"{name}, licence {dig(source, 'licence') or 'unknown'}"


def _curation(data: Mapping[str, Any]) -> str:
    gates = dig(data, "gates") or {}
    kept = {name: gates.get(name) for name in ("loaded", "rejected", "deduplicated", "kept")}
    return words(kept) if any(value is not None for value in kept.values()) else ""


def _leakage(data: Mapping[str, Any]) -> str:
    clean = dig(data, "leakage.clean")
    return "" if clean is None else "no pair of splits shares a row" if clean else "splits share rows"


def _compute(facts: Facts) -> str:
    took = duration(facts.curves.elapsed_s) if facts.curves.elapsed_s else ""
    tokens = dig(facts.training, "training.tokens.total")
    return ", ".join(
        filter(None, [took, _counted(tokens, "tokens an epoch"), "floating-point operations not recorded"])
    )


def _counted(number: Any, what: str) -> str:
    return f"{number:,} {what}" if isinstance(number, int) else ""


def _digest(training: Mapping[str, Any], name: str) -> str:
    found = (training.get("subjects") or {}).get(name)
    return f"{name}, sha256 {found}" if found else ""


def _checkpoints(training: Mapping[str, Any]) -> set[str]:
    return {name.partition("/")[0] for name in training.get("subjects") or {} if name.startswith("checkpoint-")}


_Rows = tuple[tuple[str, str, str], ...]
_XI: _Rows = (
    ("1(a)", "tasks that it is intended for, and systems it can be part of", "task"),
    ("1(b)", "acceptable use policies", ""),
    ("1(c)", "date of release and methods of distribution", ""),
    ("1(d)", "architecture and number of parameters", "architecture"),
    ("1(e)", "modality and format of inputs and outputs", "formats"),
    ("1(f)", "licence", "licence"),
    ("2(a)", "technical means to integrate it", "integration"),
    ("2(b)", "design specifications and training process", "method"),
    ("2(b)", "what it is optimised for", "objective"),
    ("2(c)", "data: type and provenance", "data"),
    ("2(c)", "data: curation", "curation"),
    ("2(c)", "data: number of data points", "points"),
    ("2(c)", "data: measures against unsuitable sources and biases", ""),
    ("2(c)", "data: training kept apart from testing", "leakage"),
    ("2(d)", "computational resources and training time", "compute"),
    ("2(e)", "known or estimated energy consumption", ""),
)
_XII: _Rows = (
    ("1(a)", "tasks that it is intended for", "task"),
    ("1(b)", "acceptable use policies", ""),
    ("1(c)", "date of release and methods of distribution", ""),
    ("1(d)", "hardware and software that it interacts with", "hardware"),
    ("1(e)", "versions of relevant software", "software"),
    ("1(f)", "architecture and number of parameters", "architecture"),
    ("1(g)", "modality and format of inputs and outputs", "formats"),
    ("1(h)", "licence", "licence"),
    ("2(a)", "technical means to integrate it", "integration"),
    ("2(b)", "maximum size of inputs and outputs", "context"),
    ("2(c)", "data used for training, testing and validation", "data"),
)
_MOF: _Rows = (
    ("III", "model architecture", "architecture"),
    ("III", "model parameters (final)", "parameters"),
    ("III", "technical report", "report"),
    ("III", "evaluation results", "evaluation"),
    ("III", "model card", "card"),
    ("III", "data card", "data card"),
    ("III", "sample model outputs", "samples"),
    ("II", "training code", "training code"),
    ("II", "inference code", "integration"),
    ("II", "evaluation code", ""),
    ("II", "evaluation data", "evaluation data"),
    ("II", "supporting libraries and tools", "software"),
    ("I", "research paper", ""),
    ("I", "datasets", "data"),
    ("I", "data preprocessing code", "preprocessing code"),
    ("I", "model parameters (intermediate)", "checkpoints"),
    ("I", "model metadata (configuration)", "config"),
)
