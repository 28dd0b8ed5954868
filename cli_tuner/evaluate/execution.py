"""Does a completion do what the reference does? Both run in the sandbox on the same tree; nothing else tells as much.

A row counts when its reference is SAFE, runs twice alike, and leaves something to compare: output, or a change.
Rows whose reference changes from run to run are reported apart; a sandbox that breaks gives no score, never 0. A
completion that is not judged SAFE is not run and scores 0: it is not what a safe reference does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.evaluate.cases import Case
from cli_tuner.evaluate.row_tree import tree_for
from cli_tuner.evaluate.sandbox import HarnessError, Outcome, Sandbox
from cli_tuner.evaluate.score import Scored
from cli_tuner.evaluate.tree import Tree
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level

METRIC = "execution_match"
WORKERS = 2


@dataclass(slots=True)
class Executed:
    """What was run.

    Attributes:
        scores: Side to one score a case: 1, 0, or None where the case does not count.
        counts: How many references counted, were not safe, were flaky, left nothing to compare, or met a broken
            sandbox; and how many completions of each side were not run.
        flaky: Ids of the cases whose reference does not do the same twice.
    """

    scores: dict[str, list[float | None]]
    counts: dict[str, int] = field(default_factory=dict)
    flaky: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what the report says beside the metric."""
        return {"counts": self.counts, "flaky": self.flaky}


def execute(
    cases: Sequence[Case],
    sides: Mapping[str, Sequence[Scored]],
    sandbox: Sandbox,
    observe: Callable[[int], None] = lambda _: None,
) -> Executed:
    """Run references and completions; the extracted command of a completion is what is run.

    Args:
        cases: Prompts with references.
        sides: Completions of each side, in the order of the cases.
        sandbox: Where they run.
        observe: Told after each case how many are done.
    """
    done = Executed({side: [] for side in sides})
    kinds = ("counted", "not_safe", "flaky", "nothing_to_compare", "harness_error")
    done.counts = dict.fromkeys([*kinds, *(f"{side}_not_run" for side in sides)], 0)
    with ThreadPoolExecutor(WORKERS) as pool:
        texts = [[scored[number].extracted for scored in sides.values()] for number in range(len(cases))]
        found = pool.map(lambda pair: _case(pair[0], pair[1], sandbox), zip(cases, texts, strict=True))
        for number, (case, (kind, scores)) in enumerate(zip(cases, found, strict=True), start=1):
            done.counts[kind] += 1
            if kind == "flaky":
                done.flaky.append(case.id)
            for side, score in zip(sides, scores, strict=True):
                done.scores[side].append(None if score is None else float(score > 0))
                done.counts[f"{side}_not_run"] += score is not None and score < 0
            observe(number)
    return done


def _case(case: Case, texts: Sequence[str], sandbox: Sandbox) -> tuple[str, list[float | None]]:
    """Return what became of the reference, and a score a text: 1 alike, 0 not, -1 not run, None does not count."""
    nothing: list[float | None] = [None] * len(texts)
    references = [one for one in case.references if analyze(one).level is Level.SAFE]
    if not references:
        return "not_safe", nothing
    tree = tree_for(case.references)
    try:
        twice = [[sandbox.run(one, tree) for one in references] for _ in range(2)]
        if twice[0] != twice[1]:
            return "flaky", nothing
        wanted = [outcome for outcome in twice[0] if outcome.observable]
        if not wanted:
            return "nothing_to_compare", nothing
        known = dict(zip(references, twice[0], strict=True))
        return "counted", [_score(text, known, wanted, tree, sandbox) for text in texts]
    except HarnessError:
        return "harness_error", nothing


def _score(
    text: str, known: Mapping[str, Outcome], wanted: Sequence[Outcome], tree: Tree, sandbox: Sandbox
) -> float | None:
    if text in known:
        return float(known[text] in wanted)
    if not text or analyze(text).level is not Level.SAFE:
        return -1.0
    return float(sandbox.run(text, tree) in wanted)
