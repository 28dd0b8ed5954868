"""The model card in the form of the Hugging Face hub, with recorded numbers only.

Prompts: https://huggingface.co/docs/hub/model-cards (metadata, `model-index`). Not covered: licence, citation, carbon;
nothing is claimed that was not recorded. A base model or data set that lies in a local folder gets no link to the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from cli_tuner.records.evaluation import Prompts, Score
from cli_tuner.report import metrics, view
from cli_tuner.report.facts import Facts, dig
from cli_tuner.report.run_record import Line, run_record
from cli_tuner.report.templating import environment

_TOPICS = {"command": ("bash", "shell")}
_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")


def model_card(facts: Facts) -> str:
    """Render `MODEL_CARD.md`."""
    sections = {section.title: section.lines for section in run_record(facts)}
    template = environment(html=False).get_template("model_card.md.j2")
    text = template.render(
        facts=facts,
        metadata=yaml.safe_dump(metadata(facts), sort_keys=False, allow_unicode=False, width=1_000),
        name=_name(facts),
        method=str(dig(facts.training, "method.adapter") or facts.config.get("adapter") or "fine-tuning"),
        base_model=_base_model(facts) or "unknown",
        checkpoint=facts.checkpoint_dir or dig(facts.record, "output_dir") or "unknown",
        task=_task(facts),
        data=sections.get("Data and overlap check", []),
        training=[*sections.get("Training arguments", []), *sections.get("LoRA", [])],
        provenance=[
            *sections.get("Date", []),
            *sections.get("Code", []),
            *sections.get("Environment", []),
            *_digests(sections),
        ],
        readings=view.readings(facts),
        sources=[_source_words(suite, source) for suite, source in _sources(facts)],
        other="base" if facts.evaluation is None or facts.evaluation.compare in (None, "base") else "compared",
        safety=view.safety_lines(facts),
        meaning=metrics.meaning,
        shown=metrics.shown,
        score_text=metrics.score_text,
        delta_text=metrics.delta_text,
    )
    return text.strip() + "\n"


def _digests(sections: dict[str, list[Line]]) -> list[Line]:
    return [line for line in sections.get("Outputs", []) if line.name.startswith("sha256")]


def _task(facts: Facts) -> str:
    return str(dig(facts.config, "cli_tuner.task") or "command")


def _name(facts: Facts) -> str:
    return str(dig(facts.config, "cli_tuner.phase") or facts.run.run_id)


def _base_model(facts: Facts) -> str | None:
    found = dig(facts.training, "base_model.name") or facts.config.get("base_model")
    return found if isinstance(found, str) else None


def metadata(facts: Facts) -> dict[str, object]:
    """Return the card's metadata: what it derives from, what it is, and the metrics that were recorded."""
    base, adapter = _base_model(facts), dig(facts.training, "method.adapter") or facts.config.get("adapter")
    on_hub = bool(base and _HUB_ID.fullmatch(base)) and dig(facts.training, "base_model.digests") is None
    hubs = [dig(source, "hub") for source in dig(facts.data, "sources") or []]
    found: dict[str, object] = {
        "base_model": base if on_hub and facts.training else None,
        "base_model_relation": "adapter" if on_hub and facts.training and adapter else None,
        "library_name": "peft" if adapter else "transformers",
        "pipeline_tag": "text-generation",
        "datasets": sorted({hub for hub in hubs if isinstance(hub, str)}) or None,
        "tags": ["cli-tuner", "axolotl", *([str(adapter)] if adapter else []), *_TOPICS.get(_task(facts), ())],
        "model-index": _index(facts),
    }
    return {key: value for key, value in found.items() if value}


def _index(facts: Facts) -> list[dict[str, object]]:
    results = [*_loss(facts), *_evaluated(facts)]
    return [{"name": _name(facts), "results": results}] if results else []


def _loss(facts: Facts) -> Iterator[dict[str, object]]:
    final = dig(facts.training, "result.eval_loss_final.value")
    recorded, asked = dig(facts.training, "materials.data") or {}, facts.config.get("test_datasets") or []
    name = next((path for path in (dig(one, "path") for one in asked) if path in recorded), None)
    if isinstance(final, float) and name:
        metric = {"type": "loss", "value": final, "name": "Evaluation loss, nats a token"}
        yield _result({"type": "custom", "name": name, "revision": recorded[name]}, [metric])


def _result(dataset: dict[str, object], listed: list[dict[str, object]]) -> dict[str, object]:
    task = {"type": "text-generation", "name": "Text generation"}
    return {"task": task, "dataset": {key: value for key, value in dataset.items() if value}, "metrics": listed}


def _evaluated(facts: Facts) -> Iterator[dict[str, object]]:
    found = facts.evaluation
    for suite, source in _sources(facts):
        listed: list[dict[str, object]] = []
        if found is not None and suite == "domain":
            listed = [
                *_metrics(found.tuned, "raw"),
                *_metrics(found.extracted.tuned if found.extracted else {}, "extracted"),
            ]
        elif found is not None and suite == "safety" and found.safety is not None:
            listed = [*_metrics(found.safety.tuned, "raw")]
        if listed:
            yield _result({"type": "custom", "name": source.path, "revision": source.sha256}, listed)


def _metrics(scores: dict[str, Score], reading: str) -> Iterator[dict[str, object]]:
    for name in metrics.ordered(scores):
        score = scores[name]
        if score.value is not None:
            args = {"reading": reading, "n": score.n, "ci_low": score.ci_low, "ci_high": score.ci_high}
            yield {
                "type": name,
                "value": score.value,
                "name": f"{metrics.meaning(name).label} ({reading})",
                "args": args,
            }


def _sources(facts: Facts) -> list[tuple[str, Prompts]]:
    data = facts.evaluation.data if facts.evaluation else {}
    return [(suite, source) for suite, source in data.items() if source is not None]


def _source_words(suite: str, source: Prompts) -> str:
    leaked = f", {source.n_leaked:,} of them also in the training data" if source.n_leaked is not None else ""
    return f"{suite}: {source.path}, {source.n:,} prompts{leaked}, sha256 {source.sha256}"
