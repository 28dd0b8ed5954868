"""Does a completion do what the reference does? Judged by form, by running both on several trees, and with a reason.

A pair is accepted when both have one canonical form, when they differ only in options that change how the answer is
shown, or when on every tree they leave the same files changed and say the same (`alike.py`), and on one at least there
is something to compare. A row whose reference cannot be run here (a program that is missing, an answer that varies) or
never leaves a trace is not decided, unless by form: it counts neither as right nor as wrong. A completion is run only
when the safety analysis calls it SAFE.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from cli_tuner.evaluate.cases import Case
from cli_tuner.evaluate.outcomes import Known, by_outcomes, difference, is_missing, kind_of
from cli_tuner.evaluate.row_tree import planted, tree_for
from cli_tuner.evaluate.sandbox import HarnessError, Sandbox
from cli_tuner.evaluate.score import Scored
from cli_tuner.evaluate.shown import shown_apart
from cli_tuner.evaluate.tree import World
from cli_tuner.evaluate.variants import variants
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level
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

    def to_json(self) -> dict[str, object]:
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
            kinds.append(kind_of(runs))
            if kinds[-1] == "counted":
                varies = any(first.stdout != second.stdout for first, second in runs)
                known.append(Known(reference, [first for first, _ in runs], varies))
        return min(kinds, key=KINDS.index), known, worlds

    def _text(self, text: str, case: Case, kind: str, known: Sequence[Known], worlds: Sequence[World]) -> Judgement:
        if not text:
            return Judgement(0.0, "no command")
        rooted = _at_root if worlds and worlds[0].whole else str
        if why := by_form(rooted(text), [rooted(one) for one in case.references]):
            return Judgement(1.0, why)
        if kind != "counted":
            return Judgement(None, _UNDECIDED[kind])
        if analyze(text).level is not Level.SAFE:
            return Judgement(0.0, NOT_SAFE)
        mine = [self.sandbox.run(text, world) for world in worlds]
        if is_missing(mine[0]):
            return Judgement(None, "it calls a program that is not installed here")
        for one in known:
            if why := by_outcomes(one, mine, text):
                return Judgement(1.0, why)
        return Judgement(0.0, difference(known[0].outcomes, mine))


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
