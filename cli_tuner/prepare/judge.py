"""What is to be said of a row by itself: refused, and why, or its facts; each distinct row is judged once.

Judgements are remembered across runs, by the texts of the row and everything else that decides them (recipe,
tokenizer, rules, code, shellcheck): after a small change only new rows are judged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.chat.conversation import check_chat
from cli_tuner.chat.labels import check_row
from cli_tuner.chat.passage import check_passage
from cli_tuner.errors import TemplateError
from cli_tuner.ports import Tokenizer
from cli_tuner.prepare.filters import Candidate, Reason, chain, first_reason
from cli_tuner.prepare.keys import collapse_space
from cli_tuner.prepare.settings import Settings
from cli_tuner.shell.answer.lexicon import utility_of
from cli_tuner.shell.canonical import canonical
from cli_tuner.shell.lint import TIMED_OUT, lint_cached, verdict_cache
from cli_tuner.shell.remembered import Remembered

KEPT_FILES = 4
Facts = dict[str, Any]
"""Columns of a row that passed: references, utility, safety, lint, token counts, canonical form."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every shard needs and no shard changes.

    Attributes:
        shellcheck: The binary and its version; None when the filter is off.
        cache: Folder of what is remembered across runs.
        salt: Digest of everything that decides a judgement besides the row's texts.
    """

    settings: Settings
    tokenizer: Tokenizer
    shellcheck: tuple[str, str] | None
    cache: Path
    salt: str


def judge(rows: Sequence[Candidate], tools: Tools) -> list[Facts | Reason]:
    """Judge rows, those that earlier runs know by looking them up."""
    keys = [_key(row) for row in rows]
    distinct = dict(zip(keys, rows, strict=True))
    with closing(Remembered(memory_path(tools), tools.salt)) as memory:
        known = {key: _read(text) for key, text in memory.get(distinct).items()}
        todo = {key: row for key, row in distinct.items() if key not in known}
        fresh = dict(zip(todo, _judge(list(todo.values()), tools), strict=True))
        memory.put((key, _written(answer)) for key, answer in fresh.items() if not _passing(answer))
    known.update(fresh)
    return [known[key] for key in keys]


def unknown(rows: Sequence[Candidate], tools: Tools) -> set[str]:
    """Return the distinct rows that no earlier run has judged."""
    keys = {_key(row) for row in rows}
    path = memory_path(tools)
    if not path.is_file():
        return keys
    with closing(Remembered(path, tools.salt)) as memory:
        return keys - memory.get(keys).keys()


def memory_path(tools: Tools) -> Path:
    """Return the file of the judgements: one for each salt, so that it can be dropped whole."""
    return tools.cache / f"rows-{tools.salt[:16]}.sqlite"


def forget_oldest(folder: Path) -> None:
    """Drop the judgements of all but the last few recipes and versions."""
    files = sorted(folder.glob("rows-*.sqlite"), key=lambda path: path.stat().st_mtime_ns)
    for path in files[:-KEPT_FILES]:
        for part in folder.glob(f"{path.name}*"):
            part.unlink(missing_ok=True)


def _key(row: Candidate) -> str:
    turns = [json.dumps(row.messages or row.segments, sort_keys=True)] if row.is_free_text else []
    return "\0".join((row.instruction, row.command, *row.references, *turns))


def _written(answer: Facts | Reason) -> str:
    if isinstance(answer, Reason):
        return json.dumps([answer.filter, answer.reason, answer.detail])
    return json.dumps(answer)


def _read(text: str) -> Facts | Reason:
    answer = json.loads(text)
    return answer if isinstance(answer, dict) else Reason(*answer)


def _passing(answer: Facts | Reason) -> bool:
    """Tell whether an answer may be another one next time."""
    return isinstance(answer, Reason) and (answer.filter, answer.reason) == ("lint", "timeout")


def _judge(rows: Sequence[Candidate], tools: Tools) -> list[Facts | Reason]:
    checks = chain(tools.settings.filters)
    found = [first_reason(checks, row) or _render(row, tools) for row in rows]
    passed = [number for number, answer in enumerate(found) if not isinstance(answer, Reason)]
    codes = _lint([rows[number].command for number in passed], tools)
    for number, code in zip(passed, codes, strict=True):
        found[number] = _linted(found[number], code, tools)
    return found


def _render(row: Candidate, tools: Tools) -> Facts | Reason:
    try:
        if row.segments:
            check = check_passage(tools.tokenizer, row.segments, row.command, tools.settings.sequence_len)
        elif row.messages:
            check = check_chat(tools.tokenizer, row.messages, tools.settings.sequence_len)
        else:
            check = check_row(tools.tokenizer, row.instruction, row.command, tools.settings.sequence_len)
    except TemplateError as error:
        return Reason("render", "template", error.message)
    if check.labelled is None or check.problem:
        tokens = f"{len(check.labelled.input_ids)} tokens" if check.labelled else ""
        return Reason("render", check.problem, tokens)
    return {
        "references": row.references,
        "canonical": collapse_space(row.command) if row.is_free_text else canonical(row.command),
        "utility": "" if row.is_free_text else utility_of(row.command),
        "safety": "" if row.is_free_text else row.safety,
        "safety_rules": row.safety_rules,
        "lint": "",
        "n_tokens": len(check.labelled.input_ids),
        "n_trained": len(check.labelled.trained_ids),
    }


def _lint(commands: list[str], tools: Tools) -> list[str]:
    if tools.shellcheck is None or not commands:
        return [""] * len(commands)
    binary, version = tools.shellcheck
    filters = tools.settings.filters
    with closing(verdict_cache(tools.cache / "shellcheck.sqlite", version)) as cache:
        return lint_cached(commands, binary, cache, batch=filters.lint_batch, timeout_s=filters.lint_timeout_s)


def _linted(facts: Facts | Reason, codes: str, tools: Tools) -> Facts | Reason:
    """Fill in the shellcheck codes; a row that hangs it is kept aside, one with errors by policy."""
    filters = tools.settings.filters
    if codes == TIMED_OUT:
        return Reason("lint", "timeout", f"shellcheck took more than {filters.lint_timeout_s:g} s")
    if codes and filters.lint_rejects:
        return Reason("lint", "lint_error", codes)
    assert not isinstance(facts, Reason)
    return {**facts, "lint": codes}
