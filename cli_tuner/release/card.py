"""The README of a release: the run's model card, or a short one from the records; every number is a recorded one.

Source of the metadata: https://huggingface.co/docs/hub/model-cards#model-card-metadata.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from cli_tuner.errors import DataError
from cli_tuner.files import read_json
from cli_tuner.release.contents import Contents

_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")
_FRONT = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
_GUARDED = (
    "Commands of a model can do harm. Judge every one before it runs, as `cli-tuner generate` and `cli-tuner serve` do."
)


def readme(contents: Contents, training: Mapping[str, Any]) -> str:
    """Return the README: the run's model card where there is one, with what a merge adds to it."""
    metadata, body = split(contents.card) if contents.card else (_metadata(training), _body(contents, training))
    if contents.is_merged:
        metadata = _of_a_whole_model(metadata)
        body = f"{body.rstrip()}\n\n{_merge_section(contents.record)}"
    front = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=1_000)
    return f"---\n{front}---\n{body.rstrip()}\n"


def split(card: str) -> tuple[dict[str, Any], str]:
    """Cut a card into its metadata and its text.

    Raises:
        DataError: The metadata is not YAML, or not keys and values.
    """
    match = _FRONT.match(card)
    try:
        metadata = yaml.safe_load(match[1]) if match else {}
    except yaml.YAMLError as error:
        raise DataError(f"the model card: its metadata is not YAML: {error}", hint="please report it") from error
    if not isinstance(metadata, dict):
        raise DataError("the model card: its metadata is not keys and values", hint="please report it")
    return metadata, card[match.end() :] if match else card


def _metadata(training: Mapping[str, Any]) -> dict[str, Any]:
    base = training.get("base_model") or {}
    name = base.get("name")
    on_hub = isinstance(name, str) and base.get("digests") is None and _HUB_ID.fullmatch(name)
    return {
        **({"base_model": name, "base_model_relation": "adapter"} if on_hub else {}),
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["cli-tuner", "bash", "shell"],
    }


def _of_a_whole_model(metadata: Mapping[str, Any]) -> dict[str, Any]:
    relation = {"base_model_relation": "finetune"} if "base_model" in metadata else {}
    tags = [tag for tag in metadata.get("tags") or [] if tag not in ("lora", "qlora", "adapter")]
    return {**metadata, **relation, "library_name": "transformers", "tags": tags}


def _body(contents: Contents, training: Mapping[str, Any]) -> str:
    base, result = training.get("base_model") or {}, training.get("result") or {}
    losses = [
        f"| {label} | {result[key]['value']:.4f} (step {result[key]['step']}) |"
        for key, label in (
            ("train_loss_final", "training loss at the end"),
            ("eval_loss_final", "evaluation loss at the end"),
        )
        if key in result
    ]
    return "\n".join(
        [
            f"# {training.get('phase') or contents.folder.name}",
            "",
            "Writes one Bash command from a request in plain words. Every number is copied from `provenance.json`.",
            "",
            _GUARDED,
            "",
            "| what | recorded |",
            "|---|---|",
            f"| run | {training.get('run_id') or 'not recorded'} |",
            f"| base model | {base.get('name') or 'not recorded'} |",
            f"| steps | {result.get('steps', 'not recorded')} |",
            *losses,
            *_gates(contents),
            "",
            "`SHA256SUMS` lists the digest of every file: `sha256sum -c SHA256SUMS`.",
            "",
        ]
    )


def _gates(contents: Contents) -> list[str]:
    path = contents.files.get("validation.json")
    gates = read_json(path).get("gates", []) if path else []
    return [f"| {gate['name']} | {_shown(gate['value'])} (asked for {gate['threshold']}) |" for gate in gates]


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _merge_section(record: Mapping[str, Any]) -> str:
    proof, drift = record["proof"], record["proof"].get("drift_4bit")
    rows = [f"| {one['name']} | {_figure(one['value'])} | {one['threshold']} |" for one in record["checks"]]
    drifted = (
        f"From the adapter on the 4-bit base that it was trained on, the merged model differs by a KL divergence of "
        f"{drift['kl_mean']:.2e} nats a token; {drift['top1_agreement']:.1%} of the next tokens are the same.\n"
        if drift and drift.get("kl_mean") is not None
        else ""
    )
    return "\n".join(
        [
            "## Merged",
            "",
            f"The adapter was merged into `{record['base_model']['name']}` in full precision and compared with it in",
            f"float32 on {proof['n_prompts']} fixed prompts, {proof['n_positions']} next-token distributions:",
            "",
            "| check | measured | asked for |",
            "|---|---|---|",
            *rows,
            "",
            drifted,
        ]
    )


def _figure(value: object) -> str:
    return f"{value:.2e}" if isinstance(value, float) and 0 < value < 0.01 else _shown(value)
