"""Does a completion do what the reference does? Judged by form, by running both on several trees, and with a reason.

A pair is accepted when both have one canonical form, when they differ only in options that change how the answer is
shown, or when on every tree they leave the same files changed and say the same (`alike.py`), and on one at least there
is something to compare. A row whose reference cannot be run here (a program that is missing, an answer that varies) or
never leaves a trace is not decided, unless by form: it counts neither as right nor as wrong. A completion is run only
when the safety analysis calls it SAFE.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cli_tuner.evaluate.alike import alike, masked
from cli_tuner.evaluate.cases import Case
from cli_tuner.evaluate.row_tree import planted, tree_for
from cli_tuner.evaluate.sandbox import HarnessError, Outcome, Sandbox
from cli_tuner.evaluate.score import Scored
from cli_tuner.evaluate.shown import shown_apart
from cli_tuner.evaluate.tree import Effect, World
from cli_tuner.evaluate.variants import variants
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.answer.lexicon import UTILITIES
from cli_tuner.shell.canonical import canonical

METRIC = "execution_match"
WORKERS = 2
WorldOf = Callable[[Case], World]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether one command does what a row's references do.

    Attributes:
        score: 1 or 0; None where it cannot be decided here.
        why: The reason, in words.
    """

    score: float | None
    why: str


@dataclass(slots=True)
class Executed:
    """What was run.

    Attributes:
        judged: Side to one judgement a case.
        counts: Rows by what became of their references.
        undecided: Ids of the cases that could not be decided for a side, with the reason.
    """

    judged: dict[str, list[Judgement]]
    counts: dict[str, int] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what the report says beside the metric."""
        accepted = {
            side: dict(Counter(one.why for one in rows if one.score).most_common())
            for side, rows in self.judged.items()
        }
        not_run = {f"{side}_not_run": sum(one.why == NOT_SAFE for one in rows) for side, rows in self.judged.items()}
        return {"counts": {**self.counts, **not_run}, "accepted_because": accepted, "undecided": self.undecided}


NOT_SAFE = "not run: the safety analysis does not call it SAFE"
KINDS = ("counted", "not_safe", "flaky", "cannot_run_here", "nothing_to_compare", "harness_error")


def own_world(case: Case) -> World:
    """Return the small tree that is made from a row's references."""
    return World(tree_for(case.references))


def execute(
    cases: Sequence[Case],
    sides: Mapping[str, Sequence[Scored]],
    sandbox: Sandbox,
    observe: Callable[[int], None] = lambda _: None,
    world_of: WorldOf = own_world,
) -> Executed:
    """Judge the extracted commands of each side by what they do.

    Args:
        cases: Prompts with references.
        sides: Completions of each side, in the order of the cases.
        sandbox: Where they run.
        observe: Told after each case how many are done.
        world_of: The file system of a case.
    """
    done = Executed({side: [] for side in sides}, dict.fromkeys(KINDS, 0))
    with ThreadPoolExecutor(WORKERS) as pool:
        texts = [[scored[number].extracted for scored in sides.values()] for number in range(len(cases))]
        judge = Judge(sandbox, world_of)
        found = pool.map(lambda pair: judge.row(pair[0], pair[1]), zip(cases, texts, strict=True))
        for number, (case, (kind, judged)) in enumerate(zip(cases, found, strict=True), start=1):
            done.counts[kind] += 1
            for side, one in zip(sides, judged, strict=True):
                done.judged[side].append(one)
                if one.score is None:
                    done.undecided[case.id] = one.why
            observe(number)
    return done


@dataclass(frozen=True, slots=True)
class Known:
    """A reference and what it did on each tree; `varies` when its numbers change from run to run."""

    reference: str
    outcomes: list[Outcome]
    varies: bool


@dataclass(slots=True)
class Judge:
    """Judges commands against the references of a case."""

    sandbox: Sandbox
    world_of: WorldOf = own_world

    def row(self, case: Case, texts: Sequence[str]) -> tuple[str, list[Judgement]]:
        """Return what became of the references, and a judgement a text."""
        try:
            kind, known, worlds = self._references(case)
            return kind, [self._text(text.strip(), case, kind, known, worlds) for text in texts]
        except HarnessError as error:
            return "harness_error", [Judgement(None, f"the sandbox broke: {error.message}")] * len(texts)

    def _references(self, case: Case) -> tuple[str, list[Known], list[World]]:
        """Run the references twice on every tree; only those whose answer can be compared are returned."""
        safe = [one for one in case.references if analyze(one).level is Level.SAFE]
        if not safe:
            return "not_safe", [], []
        base = self.world_of(case)
        tree = planted(base.tree, case.references, whole=True) if base.whole else base.tree
        grown = variants(World(tree, base.whole, base.now, base.variables), case.references)
        worlds = [base, *grown[base.tree is tree :]] if base.whole else grown
        known, kinds = [], []
        for reference in safe:
            runs = [(self.sandbox.run(reference, world), self.sandbox.run(reference, world)) for world in worlds]
            kinds.append(_kind(runs))
            if kinds[-1] == "counted" or (
                kinds[-1] == "nothing_to_compare" and not any(one.exit_code for one, _ in runs)
            ):
                varies = any(first.stdout != second.stdout for first, second in runs)
                known.append(Known(reference, [first for first, _ in runs], varies))
        return min(kinds, key=KINDS.index), known, worlds

    def _text(self, text: str, case: Case, kind: str, known: Sequence[Known], worlds: Sequence[World]) -> Judgement:
        if not text:
            return Judgement(0.0, "no command")
        rooted = _at_root if worlds and worlds[0].whole else str
        if why := by_form(rooted(text), [rooted(one) for one in case.references]):
            return Judgement(1.0, why)
        if kind not in ("counted", "nothing_to_compare"):
            return Judgement(None, _UNDECIDED[kind])
        if analyze(text).level is not Level.SAFE:
            return Judgement(0.0 if kind == "counted" else None, NOT_SAFE)
        mine = [self.sandbox.run(text, world) for world in worlds]
        if _is_missing(mine[0]):
            return Judgement(None, "it calls a program that is not installed here")
        if kind == "nothing_to_compare":
            loud = bool(known) and any(one.observable for one in mine)
            return (
                Judgement(0.0, "it leaves a trace, the reference none") if loud else Judgement(None, _UNDECIDED[kind])
            )
        for one in known:
            if why := by_outcomes(one, mine):
                return Judgement(1.0, why)
        return Judgement(0.0, _difference(known[0].outcomes, mine))


_UNDECIDED = {
    "not_safe": "the reference is not SAFE, so it was not run",
    "flaky": "the reference does not do the same twice",
    "cannot_run_here": "the reference calls a program that is not installed here",
    "nothing_to_compare": "the reference leaves neither output nor a change on any tree",
    "harness_error": "the sandbox broke",
}


def _at_root(command: str) -> str:
    """Write absolute paths as relative ones: the same for a command that starts in `/`."""
    return re.sub(r"(?<=[\s\"'=(])/(?=[A-Za-z_])", "", command)


def by_form(text: str, references: Sequence[str]) -> str:
    """Return why a command is one of the references by its form alone, empty where it is not."""
    if any(text == one.strip() for one in references):
        return "the same text"
    if canonical(text) in map(canonical, references):
        return "the same canonical form"
    if shown_apart(text) in map(shown_apart, references):
        return "the same but for options that change how it is shown"
    return ""


def by_outcomes(known: Known, given: Sequence[Outcome]) -> str:
    """Return why a command did the same as a reference on every tree, empty where it did not."""
    reasons = [_same(known, one, other) for one, other in zip(known.outcomes, given, strict=True)]
    if not all(reasons):
        return ""
    weakest = max((why for why in reasons if why != _SILENT), key=_STRENGTH.index, default="")
    return weakest and f"{weakest}, on {len(reasons)} trees"


def _kind(runs: Sequence[tuple[Outcome, Outcome]]) -> str:
    if any(_is_missing(first) for first, _ in runs):
        return "cannot_run_here"
    if any(not _repeats(first, second) for first, second in runs):
        return "flaky"
    return "counted" if any(first.observable for first, _ in runs) else "nothing_to_compare"


def _repeats(first: Outcome, second: Outcome) -> bool:
    """Tell whether two runs did the same, but for printed numbers where enough else is printed to compare."""
    if first.effect != second.effect or first.failure or second.failure:
        return False
    said = [masked(outcome.stdout.decode("utf-8", "replace")) for outcome in (first, second)]
    return first.stdout == second.stdout or (said[0] == said[1] and len(_LETTERS.findall(said[0])) >= _ENOUGH)


_LETTERS = re.compile(r"[A-Za-z]{2,}")
_ENOUGH = 3


_MISSING = re.compile(
    r"([\w.+-]+): (?:command )?not found"
    r"|(?:xargs|env|nohup|timeout|nice|time|find): [‘'\"]?([\w.+-]+)[’'\"]?: No such file"
)


def _is_missing(outcome: Outcome) -> bool:
    """Tell whether a program of which it is known that it exists was not found."""
    return any(set(names) & _absent() for names in _MISSING.findall(outcome.stderr))


@cache
def _absent() -> frozenset[str]:
    return frozenset(name for name in UTILITIES if name.islower() and shutil.which(name) is None)


_SILENT = "nothing, both"
_MESSAGE = "the same effect, and a message"
_MASKED = "the same output but for numbers that vary from run to run"
_STRENGTH = (
    "the same effect", "the same output", "the same output but for blanks",
    "the same output but for how paths begin and end", "the same lines; the reference promises no order",
    "the same but for the name of the file that was asked about", "the same lines, numbered",
    "the same sizes in other units", "the same lines with more said in each", _MESSAGE, _MASKED,
)  # fmt: skip
_KEEPS_TIMES = re.compile(r"\btouch\b|\btar\b|rsync|cpio|--preserve|--archive|\bcp\b[^|;&]* -\w*[ap]")


def _same(known: Known, wanted: Outcome, given: Outcome) -> str:
    if given.failure or _files(known.reference, wanted.effect) != _files(known.reference, given.effect):
        return ""
    if not wanted.stdout and not given.stdout:
        return "the same effect" if wanted.effect else _SILENT
    said = [outcome.stdout.decode("utf-8", "replace") for outcome in (wanted, given)]
    if wanted.effect and _only_tells(said[0], wanted.effect):
        return _MESSAGE
    if known.varies:
        return _MASKED if masked(said[0]) == masked(said[1]) else ""
    return alike(said[0], said[1], known.reference)


def _only_tells(said: str, effect: Effect) -> bool:
    """Tell whether an output is empty or only names, line by line, what was changed, as `-v` does."""
    names = {name.rpartition("/")[2] for name in effect}
    return all(any(name in line for name in names) for line in said.splitlines())


def _files(reference: str, effect: Effect) -> Effect:
    """Return an effect without times of files that have a content, unless the reference has to do with times."""
    if _KEEPS_TIMES.search(reference):
        return effect
    return {name: what[:3] if what and what[0] == "file" else what for name, what in effect.items()}


def _difference(wanted: Sequence[Outcome], given: Sequence[Outcome]) -> str:
    for number, (one, other) in enumerate(zip(wanted, given, strict=True)):
        if other.failure:
            return f"{other.failure} on tree {number}"
        if one.effect != other.effect:
            return f"other files changed on tree {number}"
        if one.stdout != other.stdout:
            return f"another output on tree {number}"
    return "another output"
