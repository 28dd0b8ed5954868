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
from cli_tuner.records.data import DataRecord
from cli_tuner.release.contents import DATA_RECORD, Contents
from cli_tuner.release.stranger import Base

_USAGE = re.compile(r"^## How to use\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_FRONT = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
_GUARDED = (
    "Commands of a model can do harm. Judge every one before it runs, as `cli-tuner generate` and `cli-tuner serve` do."
)


def readme(contents: Contents, training: Mapping[str, Any], base: Base, how: str, stated: Mapping[str, object]) -> str:
    """Return the README: the run's model card where there is one, with what a stranger needs and a merge adds.

    Args:
        contents: What is released.
        training: The training's record.
        base: The base model as a stranger asks for it.
        how: The section "How to use".
        stated: Licence and languages, where they are known.
    """
    metadata, body = split(contents.card) if contents.card else (_metadata(), _body(contents, training))
    metadata = {**stated, **_origin(base), **metadata, **_declared(contents)}
    body = _with_usage(body, how)
    if contents.is_merged:
        metadata = _of_a_whole_model(metadata)
        body = f"{body.rstrip()}\n\n{_merge_section(contents.record)}"
    front = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True, width=1_000)
    return f"---\n{front}---\n{body.rstrip()}\n"


def split(card: str) -> tuple[dict[str, object], str]:
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


def _with_usage(body: str, how: str) -> str:
    """Put the section that loads this very release in the place of the card's own, or before the second heading."""
    known = _USAGE.search(body)
    if known:
        return f"{body[: known.start()]}{how}\n{body[known.end() :]}"
    return f"{body.rstrip()}\n\n{how}"


def _origin(base: Base) -> dict[str, object]:
    return {"base_model": base.id, "base_model_relation": "adapter"} if base.id else {}


def _declared(contents: Contents) -> dict[str, object]:
    """Return what the data's record says of its sources."""
    if DATA_RECORD not in contents.files:
        return {}
    sources = DataRecord.read(contents.files[DATA_RECORD]).sources
    hubs = sorted({source.hub for source in sources if source.hub})
    return {"datasets": hubs} if hubs else {}


def _metadata() -> dict[str, object]:
    return {
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["cli-tuner", "bash", "shell"],
    }


def _of_a_whole_model(metadata: Mapping[str, Any]) -> dict[str, object]:
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
