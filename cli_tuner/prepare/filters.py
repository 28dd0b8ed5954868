"""Filters: each keeps a row or gives the reason why not, in one word and, where it helps, a detail.

Order, cheapest first, so that the dear ones see few rows: what the reader found, schema, shape, language
(about 10 us together), syntax by the parser, danger by the analyser, rendering (below 1 ms), and last of all
shellcheck (about 1 ms a distinct command, in batches, `shell/lint.py`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cli_tuner.prepare.clean import clean_command
from cli_tuner.prepare.loaded import LoadedRow
from cli_tuner.prepare.settings import Filters
from cli_tuner.prepare.shapes import misshapen
from cli_tuner.safety.analyze import analyze
from cli_tuner.shell.parse import parse_ok

ORDER = (
    "sample",
    "read",
    "schema",
    "shape",
    "language",
    "syntax",
    "danger",
    "secrets",
    "pii",
    "render",
    "lint",
    "exclude",
)
"""The filters in the order in which a row meets them."""
DELIBERATE = ("placeholder", "ellipsis", "typographic", "unfinished_exec", "multiple_lines")
"""Shapes that a set may hold many of without being misread."""
REMEMBERED = 4096
"""Commands whose verdict is held in memory."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row is refused."""

    filter: str
    reason: str
    detail: str = ""


@dataclass(slots=True)
class Candidate:
    """A row on its way through the filters; the analyser's verdict, and what was fixed, are kept for the record."""

    origin: str
    source: int
    instruction: str
    command: str
    references: list[str] = field(default_factory=list)
    fixed: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    segments: list[dict[str, Any]] = field(default_factory=list)
    safety: str = "SAFE"
    safety_rules: str = ""

    @property
    def is_free_text(self) -> bool:
        """True for a conversation or a passage of a document."""
        return bool(self.messages or self.segments)


_INVISIBLE = ("Cc", "Cf", "Cs", "Cn", "Co")
_SUSPECT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|[^\x00-\x7f]")


def read_row(row: LoadedRow) -> Candidate | Reason:
    """Turn a loaded row into a candidate with cleaned texts; refuse what is no pair of texts."""
    if row.fault:
        reason, _, detail = row.fault.partition(": ")
        return Reason("read", reason, detail)
    for name, value in (("instruction", row.instruction), ("command", row.command)):
        if value is None:
            return Reason("schema", "missing_column", name)
        if not isinstance(value, str):
            return Reason("schema", "not_text", f"{name} is a {type(value).__name__}")
    references = [clean_command(str(text))[0] for text in row.references]
    if row.messages or row.segments:
        return Candidate(
            row.origin, row.source, row.instruction, row.command, messages=row.messages, segments=row.segments
        )
    command, fixed = clean_command(row.command)
    return Candidate(row.origin, row.source, row.instruction.strip(), command, references, fixed)


def chain(filters: Filters) -> list[Callable[[Candidate], Reason | None]]:
    """Return the row filters that are switched on, in order; rendering and shellcheck come after them."""
    known: list[tuple[str, Callable[[Candidate], Reason | None]]] = [
        ("schema", lambda row: schema(row, filters)),
        ("shape", lambda row: shape(row, filters.multiline)),
        ("language", lambda row: language(row, filters.min_latin_rate)),
        ("syntax", syntax),
        ("danger", lambda row: danger(row, filters.review)),
    ]
    wanted = [check for name, check in known if name not in filters.off]
    scans = [scan for scan, is_on in ((secrets, filters.secrets), (pii, filters.pii)) if is_on]
    return [*wanted, *scans]


def first_reason(checks: Sequence[Callable[[Candidate], Reason | None]], row: Candidate) -> Reason | None:
    """Ask the filters in order; the first refusal counts."""
    return next((reason for check in checks if (reason := check(row)) is not None), None)


def schema(row: Candidate, limits: Filters) -> Reason | None:
    """Empty, too short, too long, or characters that no honest row holds."""
    for name, text in (("instruction", row.instruction), ("command", row.command)):
        if not text.strip():
            return Reason("schema", f"empty_{name}")
        if bad := _control(text, ("Cc", "Cs", "Cn") if row.is_free_text else _INVISIBLE):
            return Reason("schema", "control_character", f"U+{ord(bad):04X} in the {name}")
    if len(row.instruction) < limits.min_instruction_chars:
        return Reason("schema", "short_instruction", f"{len(row.instruction)} characters")
    if len(row.instruction) > limits.max_instruction_chars:
        return Reason("schema", "long_instruction", f"{len(row.instruction)} characters")
    if len(row.command) > limits.max_command_chars:
        return Reason("schema", "long_command", f"{len(row.command)} characters")
    if not any(c.isalnum() for c in row.instruction):
        return Reason("schema", "empty_instruction", "no letter and no digit")
    return None


def _control(text: str, kinds: tuple[str, ...] = _INVISIBLE) -> str:
    """Find a control, invisible or direction-changing character, lone surrogate or noncharacter."""
    for match in _SUSPECT.finditer(text):
        char = match.group()
        if char.isascii() or char == "\ufffd" or unicodedata.category(char) in kinds:
            return char
    return ""


def shape(row: Candidate, multiline: bool) -> Reason | None:
    """Not one command that runs as written; references that are not are dropped with it."""
    row.references = [text for text in row.references if not misshapen(text, multiline)[0]]
    reason, detail = misshapen(row.command, multiline)
    return Reason("shape", reason, detail) if reason else None


def language(row: Candidate, min_latin_rate: float) -> Reason | None:
    """Not the language of the task: too few Latin letters among the letters, in either text."""
    for name, text in (("instruction", row.instruction), ("command", row.command)):
        if text.isascii():
            continue
        letters = [c for c in text if c.isalpha()]
        latin = sum(c.isascii() or "LATIN" in unicodedata.name(c, "") for c in letters)
        if letters and latin < min_latin_rate * len(letters):
            return Reason("language", "not_latin", f"{latin} of {len(letters)} letters of the {name}")
    return None


def syntax(row: Candidate) -> Reason | None:
    """Does not parse as Bash."""
    return None if _parses(row.command) else Reason("syntax", "parse_error")


_parses = lru_cache(maxsize=REMEMBERED)(parse_ok)


@lru_cache(maxsize=REMEMBERED)
def _verdict(command: str) -> tuple[str, str, str]:
    """Return level, rules and the first reason: commands repeat, mostly within a few rows."""
    verdict = analyze(command)
    rules = ",".join(sorted({finding.rule_id for finding in verdict.findings}))
    return verdict.level.name, rules, next((finding.why for finding in verdict.findings), "")


def danger(row: Candidate, review: str) -> Reason | None:
    """DANGEROUS is refused, REVIEW by policy; references that are not safe are dropped with it."""
    row.safety, row.safety_rules, why = _verdict(row.command)
    row.references = [text for text in row.references if _harmless(text)]
    if row.safety == "DANGEROUS" or (row.safety == "REVIEW" and review == "reject"):
        return Reason("danger", row.safety.lower(), f"{row.safety_rules}: {why}")
    return None


def _harmless(command: str) -> bool:
    return bool(command) and "\n" not in command and _parses(command) and _verdict(command)[0] == "SAFE"


def secrets(row: Candidate) -> Reason | None:
    """A key or token, by the detectors of `detect-secrets` (extra `data`); names the kind, never the text."""
    from cli_tuner.prepare.secrets import find_secret

    return _held(row, "secrets", "secret", find_secret)


def pii(row: Candidate) -> Reason | None:
    """Personal data, by the detectors of `datafog-core` (extra `data`); names the kind, never the text."""
    from cli_tuner.prepare.pii import find_pii

    return _held(row, "pii", "personal_data", find_pii)


def _held(row: Candidate, name: str, reason: str, find: Callable[[str], str]) -> Reason | None:
    """Ask a scanner; a further reference that holds something is dropped, not the row."""
    row.references = [text for text in row.references if not find(text)]
    kind = find(row.command) or (not row.segments and find(row.instruction))  # of a passage it is a digest
    return Reason(name, reason, kind) if kind else None


def rejected_record(origin: str, why: Reason, row: dict[str, Any]) -> dict[str, Any]:
    """One line of `rejected.jsonl`; what JSON cannot hold (a date, an image, NaN) is shown as text."""
    shown = json.loads(json.dumps(row, default=_shown), parse_constant=str)
    return {"origin": origin, "filter": why.filter, "reason": why.reason, "detail": why.detail, "row": shown}


def fixed_record(row: LoadedRow, kept: dict[str, Any]) -> dict[str, Any]:
    """One line of `fixed.jsonl`: the command as it was and as it is kept."""
    return {"origin": row.origin, "fixed": kept["fixed"], "before": row.command, "after": kept["command"]}


def is_lost(name: str, reason: str) -> bool:
    """Tell whether a refused row was lost to a fault: not what a filter is there to keep out."""
    return name in ("read", "schema", "syntax", "render") or (name == "shape" and reason not in DELIBERATE)


def _shown(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
