"""One shard through everything that looks at a row alone: filters, rendering, shellcheck.

The law: a shard depends on its rows, the recipe and the code only, never on other shards or on the number of
workers; its `done.json` is written last, so a shard is either complete or done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.chat.labels import check_row
from cli_tuner.errors import TemplateError
from cli_tuner.files import read_json, write_json, write_jsonl
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare.filters import Candidate, Reason, chain, first_reason, read_row, rejected_record
from cli_tuner.prepare.keys import COMMAND_FORMS
from cli_tuner.prepare.settings import Settings
from cli_tuner.prepare.shingles import hash64, normalise_text
from cli_tuner.prepare.sources import LoadedRow
from cli_tuner.shell.lexicon import utility_of
from cli_tuner.shell.lint import TIMED_OUT, VerdictCache, lint_cached

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tools:
    """What every shard needs and no shard changes.

    Attributes:
        shellcheck: The binary and its version; None when the filter is off.
        cache: File of the verdict cache.
    """

    settings: Settings
    tokenizer: Tokenizer
    shellcheck: tuple[str, str] | None
    cache: Path


def run_shard(folder: Path, number: int, rows: Sequence[LoadedRow], tools: Tools) -> dict[str, int]:
    """Take one shard through the row filters and write what is kept and what is not.

    Returns:
        Counts: `loaded`, `kept`, and one `filter/reason` entry for each kind of refusal.
    """
    kept: list[Record] = []
    rejected: list[Record] = []
    checks = chain(tools.settings.filters)
    for row in rows:
        found = _take(row, checks, tools)
        if isinstance(found, Reason):
            rejected.append(rejected_record(row.origin, found, dict(row.raw)))
        else:
            kept.append(found)
    kept, hung = _lint(kept, tools)
    rejected += hung
    counts = Counter(f"{r['filter']}/{r['reason']}" for r in rejected)
    counts.update(loaded=len(rows), kept=len(kept))
    if counts["loaded"] != len(kept) + len(rejected):
        raise AssertionError(f"shard {number}: {len(rows)} loaded, {len(kept)} kept, {len(rejected)} rejected")
    write_jsonl(folder / f"{number:06d}.kept.jsonl", kept)
    write_jsonl(folder / f"{number:06d}.rejected.jsonl", rejected)
    write_json(folder / f"{number:06d}.done.json", dict(counts))
    return dict(counts)


def shard_done(folder: Path, number: int) -> dict[str, int] | None:
    """Return the counts of a shard that an earlier, killed run completed."""
    path = folder / f"{number:06d}.done.json"
    return dict(read_json(path)) if path.is_file() else None


def _take(row: LoadedRow, checks: Sequence[Any], tools: Tools) -> Record | Reason:
    settings = tools.settings
    weight = settings.sources[row.source].weight
    if weight < 1.0 and hash64(f"{settings.seed}\0{row.origin}") >= weight * 2.0**64:
        return Reason("sample", "not_sampled", f"weight {weight}")
    candidate = read_row(row)
    if isinstance(candidate, Reason):
        return candidate
    return first_reason(checks, candidate) or _render(candidate, tools)


def _render(row: Candidate, tools: Tools) -> Record | Reason:
    try:
        check = check_row(tools.tokenizer, row.instruction, row.command, tools.settings.sequence_len)
    except TemplateError as error:
        return Reason("render", "template", error.message)
    if check.labelled is None or check.problem:
        tokens = f"{len(check.labelled.input_ids)} tokens" if check.labelled else ""
        return Reason("render", check.problem, tokens)
    return {
        "instruction": row.instruction,
        "command": row.command,
        "references": row.references,
        "utility": utility_of(row.command),
        "safety": row.safety,
        "safety_rules": row.safety_rules,
        "lint": "",
        "n_tokens": len(check.labelled.input_ids),
        "n_trained": len(check.labelled.trained_ids),
        "source": row.source,
        "origin": row.origin,
        "exact_key": hash64(f"{row.instruction}\0{row.command}"),
        "instruction_key": hash64(normalise_text(row.instruction)),
        "command_keys": [
            [hash64(form(command)) for form in COMMAND_FORMS.values()] for command in (row.command, *row.references)
        ],
    }


def _lint(rows: list[Record], tools: Tools) -> tuple[list[Record], list[Record]]:
    """Fill in the shellcheck codes; a row that hangs it is kept aside, one with errors by policy."""
    filters = tools.settings.filters
    if tools.shellcheck is None or not rows:
        return rows, []
    binary, version = tools.shellcheck
    cache = VerdictCache(tools.cache, version)
    try:
        commands = [row["command"] for row in rows]
        codes = lint_cached(commands, binary, cache, batch=filters.lint_batch, timeout_s=filters.lint_timeout_s)
    finally:
        cache.close()
    kept, rejected = [], []
    for row, found in zip(rows, codes, strict=True):
        if found == TIMED_OUT:
            why = Reason("lint", "timeout", f"shellcheck took more than {filters.lint_timeout_s:g} s")
        elif found and filters.lint_rejects:
            why = Reason("lint", "lint_error", found)
        else:
            kept.append({**row, "lint": found})
            continue
        raw = {"instruction": row["instruction"], "command": row["command"]}
        rejected.append(rejected_record(row["origin"], why, raw))
    return kept, rejected
