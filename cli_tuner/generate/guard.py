"""The guard: from a completion to one judged command. Nothing is executed, and the model is not believed.

The laws: the command that may be shown is exactly the text that was judged; a command that is dangerous in any
reading (as bytes, on a terminal, without invisible characters, behind a word that is no program) is DANGEROUS; only
text that parses, reads as a command, was not cut off and holds nothing invisible can be SAFE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cli_tuner.generate.impact import Impact, impact_of
from cli_tuner.generate.readings import has_hidden, is_plain, readings
from cli_tuner.generate.statement import first_statement
from cli_tuner.ports import Completion
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.effects.derive import MAKERS
from cli_tuner.safety.policy import Policy
from cli_tuner.safety.verdict import Finding, Level, Verdict, worst
from cli_tuner.shell.answer.extract import find
from cli_tuner.shell.answer.lexicon import KEYWORDS, UTILITIES, reads_as_command, reads_as_prose
from cli_tuner.shell.parse import MAX_LENGTH, parse_ok

_TURN_END = re.compile(r"<\|[a-z_]+\|>|<｜[^｜<>]+｜>|</s>|<(?:start|end)_of_turn>")
_FENCE_LINE = re.compile(r"^[ \t>]*(?:`{3,}|~{3,}).*$|`{3,}\w*", re.MULTILINE)
_FENCE_MARK = re.compile(r"(?:`{3,}|~{3,})[\w+-]*[ \t]*")
_COMMENT = re.compile(r"^[ \t]*[#$>%]+[ \t]*", re.MULTILINE)
_BORDERS = (re.compile(r"\s+(?=\S)"), re.compile(r"(?:[`'\"(\[{<>:,;|*#]|\\n)+(?=[^\s)\]},;:>])"))
_CAPTURE = re.compile(r"[A-Za-z_]\w*\+?=\"?(?:\$\(|`)")
_MAX_PARTS = 48
_OWN = {
    "GU001": ("does not read as a command", "ask again in other words"),
    "GU002": ("was cut off at the token limit: this may be a part only", "ask for less, or raise --max-new-tokens"),
    "GU003": ("does not parse as Bash", "ask again in other words"),
    "GU004": ("holds characters that do not show", "type it anew instead of copying it"),
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a completion came to.

    Attributes:
        completion: What the model wrote, untouched.
        command: The one command, exactly as it was judged; empty when there is none.
        verdict: The judgement of `command` and, where worse, of what stood around it.
        left_out: What the model wrote after the command, which is not shown.
    """

    completion: Completion
    command: str
    verdict: Verdict
    left_out: str

    @property
    def level(self) -> Level:
        """The verdict's level."""
        return self.verdict.level

    @property
    def is_answered(self) -> bool:
        """Whether there is anything to show, or to withhold: the model did more than talk."""
        return bool(self.command) or self.level is not Level.SAFE

    def impact(self) -> Impact:
        """Return what the command would run and touch."""
        return impact_of(self.command)


def guard(completion: Completion, policy: Policy) -> Guarded:
    """Take the command out of `completion` and judge it under `policy`; never raises on any text."""
    turn = _TURN_END.split(completion.text, maxsplit=1)[0]
    taken = find(turn)
    command, left_out = first_statement(taken.command)
    is_marked = taken.where in ("fence", "bare")
    elsewhere = _elsewhere(command, completion.text, taken.command, policy, is_marked=is_marked)
    findings = [*analyze(command, policy).findings, *elsewhere]
    is_command = _is_command(command)
    if not is_command and not findings and _is_talk(command):
        return Guarded(completion, "", Verdict("", Level.SAFE), "\n".join((command, left_out)).strip())
    findings += _own(command, completion, policy, is_command=is_command)
    findings.sort(key=lambda finding: -finding.level.rank)
    verdict = Verdict(command, worst([finding.level for finding in findings]), tuple(findings))
    return Guarded(completion, command, verdict, left_out)


def _is_command(command: str) -> bool:
    if len(command) > MAX_LENGTH:
        return False
    return reads_as_command(command) or (_starts_known(command) and parse_ok(command) and not reads_as_prose(command))


def _is_talk(command: str) -> bool:
    """Tell whether the model talked, refused or said nothing: there is no command then."""
    return not command or reads_as_prose(command) or (not parse_ok(command) and command[-1:] in ".!?")


def _elsewhere(command: str, text: str, taken: str, policy: Policy, *, is_marked: bool) -> Iterator[Finding]:
    """Yield what is dangerous only in another reading of the command, or only together with what stood around it."""
    others = [taken, *readings(command)]
    unfenced = _FENCE_LINE.sub("", _TURN_END.sub("\n", text)).strip()
    around = unfenced != command
    if around:
        lines = (line.strip() for line in unfenced.split("\n")[:_MAX_PARTS])
        others += [unfenced, *readings(unfenced), _COMMENT.sub("", unfenced), _FENCE_MARK.sub("", text).strip()]
        others += [line for line in lines if line and line not in command]
    if not _starts_known(command):
        others += [tail for form in (command, *readings(command)) for tail in _tails(form)]
        others += _tails(text) if around else []
    elif not is_marked:
        others += _tails(text)
    for other in dict.fromkeys(other for other in others if other != command):
        for finding in analyze(other, policy).findings:
            if finding.level is Level.DANGEROUS:
                yield replace(finding, span=(0, len(command)))
                return


def _starts_known(command: str) -> bool:
    """Tell whether the first word is a program that is known, or sets a variable to what a program prints."""
    if not is_plain(command) and has_hidden(command):
        return False
    words = command.split(maxsplit=1)
    first = words[0].rsplit("/", 1)[-1] if words else ""
    return first in UTILITIES or first in KEYWORDS or first in MAKERS or _CAPTURE.match(command) is not None


def _tails(text: str) -> list[str]:
    """Return what follows each word border: a sentence or a label may stand before the command that it names."""
    starts = sorted({match.end() for border in _BORDERS for match in border.finditer(text[:MAX_LENGTH])})
    tails = [text[start:] for start in starts if text[start] != "-"][:_MAX_PARTS]
    return [*tails, *(tail.rstrip("`'\")]}>*., \n") for tail in tails)]


def _own(command: str, completion: Completion, policy: Policy, *, is_command: bool) -> Iterator[Finding]:
    """Yield the guard's own reasons to have a person look."""
    if completion.stop_reason == "length":
        yield _finding("GU002", command, policy)
    if not parse_ok(command):
        yield _finding("GU003", command, policy)
    elif not is_command:
        yield _finding("GU001", command, policy)
    if not is_plain(command) and has_hidden(command):
        yield _finding("GU004", command, policy)


def _finding(rule_id: str, command: str, policy: Policy) -> Finding:
    why, mend = _OWN[rule_id]
    level = Level.DANGEROUS if policy.review_is_dangerous else Level.REVIEW
    return Finding(rule_id, "guard", level, (0, len(command)), command.split("\n")[0][:80], why, mend, "docs/serve.md")
