"""The data set card (hub format) and the Croissant description, written from the recorded facts.

Sources: https://huggingface.co/docs/hub/datasets-cards, https://docs.mlcommons.org/croissant/docs/croissant-spec.html
(version 1.0). Not covered: a citation or a DOI; nothing is claimed that was not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from cli_tuner.prepare.settings import SPLITS

COLUMNS = {
    "id": ("sc:Text", "Name of the row, from its content."),
    "instruction": ("sc:Text", "The request in natural language."),
    "command": ("sc:Text", "The Bash command."),
    "group": ("sc:Text", "Rows that must stay in one split."),
    "utility": ("sc:Text", "First utility of the command."),
    "safety": ("sc:Text", "Verdict of the analyser: SAFE or REVIEW."),
    "safety_rules": ("sc:Text", "Rules that matched, separated by commas."),
    "lint": ("sc:Text", "shellcheck error codes, separated by commas."),
    "fixed": ("sc:Text", "What was fixed in the command, separated by commas."),
    "n_tokens": ("sc:Integer", "Length of the rendered row in tokens."),
    "n_trained": ("sc:Integer", "Tokens that count in the loss."),
    "source": ("sc:Text", "Source of the recipe."),
    "origin": ("sc:Text", "File and line of the source."),
}
_HUB_SPLITS = {"train": "train", "val": "validation", "test": "test"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def card(record: Mapping[str, Any]) -> str:
    """Write DATASET_CARD.md."""
    return f"---\n{yaml.safe_dump(_front_matter(record), sort_keys=False, allow_unicode=True)}---\n\n{_body(record)}"


def _front_matter(record: Mapping[str, Any]) -> dict[str, Any]:
    rows = record["gates"]["kept"]
    licences = sorted({source["licence"] for source in record["sources"]})
    return {
        "pretty_name": _title(record),
        "language": ["en"],
        "license": licences[0].lower() if len(licences) == 1 else "other",
        "task_categories": ["text-generation"],
        "tags": _TAGS.get(_task(record), ["bash", "shell", "code"]),
        "size_categories": [next((name for limit, name in _SIZES if rows < limit), "n>1M")],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": _HUB_SPLITS[name], "path": f"{name}.jsonl"} for name in SPLITS],
            }
        ],
    }


def _body(record: Mapping[str, Any]) -> str:
    gates, leakage = record["gates"], record["leakage"]
    sources = [f"| {s['path'] or s['hub']} | {s['licence']} | {_revision(s)} |" for s in record["sources"]]
    duplicates = {f"duplicate: {kind}": n for kind, n in gates["deduplicated_by_kind"].items()}
    left = {**gates["rejected_by_reason"], **duplicates}
    columns = [f"| `{name}` | {text} |" for name, (_, text) in COLUMNS.items()]
    return "\n".join(
        [
            f"# {_title(record)}",
            "",
            f"{_subject(record)}, rendered for training by `cli-tuner prepare`.",
            "Every number below is copied from `provenance.json`.",
            "",
            "| split | rows |",
            "|---|---|",
            *(f"| {name} | {record['files'][f'{name}.jsonl']:,} |" for name in SPLITS),
            "",
            "## Sources",
            "",
            "| source | licence | revision |",
            "|---|---|---|",
            *sources,
            "",
            "## How it was made",
            "",
            f"{gates['loaded']:,} rows were loaded; {gates['rejected']:,} were rejected, "
            f"{gates['deduplicated']:,} were duplicates or further commands of one request, "
            f"{gates['kept']:,} were kept. Why rows left:",
            "",
            "| reason | rows |",
            "|---|---|",
            *(f"| {reason} | {n:,} |" for reason, n in left.items() if n),
            "",
            f"Rows that say the same, or whose 5-grams are alike (Jaccard >= "
            f"{record['groups']['threshold']}), share a split: {record['groups']['count']:,} groups. "
            f"Overlap between splits, recomputed from the files at {leakage['near_threshold']}: "
            f"{sum(leakage['overlap'].values())} pairs.",
            "",
            *_checks(record),
            "",
            "## Columns",
            "",
            "| column | meaning |",
            "|---|---|",
            "| `segments` | What a row is made of: each a text and whether it is trained. |"
            if _task(record) == "completion"
            else "| `messages` | The chat: system, user, assistant. |",
            "| `references` | All commands known for the request; the first is `command`. |",
            *columns,
            "",
        ]
    )


def _task(record: Mapping[str, Any]) -> str:
    return str(record["settings"].get("task"))


_TITLES = {"chat": "Conversations", "completion": "Documents in passages"}
_SUBJECTS = {"chat": "Conversations with their answers", "completion": "Passages of documents"}
_NAMES = {"chat": "conversations", "completion": "documents"}
_TAGS = {"chat": ["conversations"], "completion": ["text"]}


def _title(record: Mapping[str, Any]) -> str:
    return _TITLES.get(_task(record), "Natural language to one Bash command")


def _subject(record: Mapping[str, Any]) -> str:
    return _SUBJECTS.get(_task(record), "Pairs of a request and the command that answers it")


def _checks(record: Mapping[str, Any]) -> list[str]:
    """Say what was checked of the answers, and what was not."""
    if _task(record) == "completion":
        return [
            "What the texts say was not checked; `instruction` holds the digest of the document, `command` the text of "
            "the passage. Passages of one document share a split."
        ]
    if _task(record) == "chat":
        return [
            "What the answers say was not checked; `instruction` holds what was asked, `command` what was answered."
        ]
    kept = record["settings"]["filters"]["review"] == "keep"
    return [
        "Commands that our analyser calls DANGEROUS are not in the data; those marked REVIEW "
        f"{'are kept and marked' if kept else 'are not either'}.",
        "Commands were parsed and analysed, never run: that they do what the request says is not proven.",
    ]


def _revision(source: Mapping[str, Any]) -> str:
    parts = source["parts"]
    if source["hub"]:
        return str(parts[0]["commit"])
    files = sorted(digest for part in parts for digest in part["files"].values())
    return f"sha256 {files[0][:12]}…" + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def croissant(record: Mapping[str, Any]) -> dict[str, Any]:
    """Build croissant.json: the files with their digests, and the columns."""
    files = [_file(name, record["outputs"][f"{name}.jsonl"]) for name in SPLITS]
    licences = sorted({source["licence"] for source in record["sources"]})
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": _NAMES.get(_task(record), "natural-language-to-bash"),
        "description": f"{_subject(record)}, prepared by cli-tuner.",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": ", ".join(licences),
        "version": f"0.0.0+{record['content_sha256'][:12]}",
        "distribution": files,
        "recordSet": [_records(name) for name in SPLITS],
    }


def _file(name: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.jsonl",
        "name": f"{name}.jsonl",
        "contentUrl": f"{name}.jsonl",
        "encodingFormat": "application/jsonlines",
        "sha256": digest,
    }


def _records(name: str) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "description": text,
            "dataType": kind,
            "source": {"fileObject": {"@id": f"{name}.jsonl"}, "extract": {"column": column}},
        }
        for column, (kind, text) in COLUMNS.items()
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "key": {"@id": f"{name}/id"}, "field": fields}


_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
