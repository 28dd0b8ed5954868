"""One evaluation from prompts to `evaluation.json`: both models on the same prompts, resumable, deterministic.

`evaluation/` in the run folder holds `plan.json` (digests of every input), one completions file a suite and side,
and `rows.jsonl`. The same plan goes on where it was killed; another plan moves the old folder aside and starts anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cli_tuner.chat.messages import SYSTEM_PROMPT, prompt_messages
from cli_tuner.errors import DataError
from cli_tuner.evaluate.answers import answer
from cli_tuner.evaluate.calibration import calibration
from cli_tuner.evaluate.cases import Case, Suite
from cli_tuner.evaluate.execution import METRIC, WorldOf, execute, own_world
from cli_tuner.evaluate.failures import why_wrong
from cli_tuner.evaluate.redteam import score_answer
from cli_tuner.evaluate.result import SIDES, domain_result, safety_result
from cli_tuner.evaluate.sandbox import Sandbox
from cli_tuner.evaluate.score import Scored, score
from cli_tuner.files import locked, read_json, sha256_file, sha256_text, write_json, write_jsonl
from cli_tuner.ports import Completion, Generator
from cli_tuner.records.evaluation import EvaluationRecord
from cli_tuner.safety.rules.table import rules_digest

FORMAT = 1
FOLDER = "evaluation"
REPORT = "evaluation.json"
FACTS = "models.json"
Observe = Callable[[str, int, int], None]
"""Told what is asked, of how many prompts, and how many are answered."""


@dataclass(frozen=True, slots=True)
class Models:
    """Two models that answer, and what is known of them.

    Attributes:
        base: What is compared with.
        tuned: The checkpoint under test.
        facts: Realised device, quantisation and the proof that the adapter is active.
    """

    base: Generator
    tuned: Generator
    facts: Mapping[str, Any]


def evaluate(
    folder: Path,
    suites: Sequence[Suite],
    asked: Mapping[str, Any],
    load_models: Callable[[], Models],
    observe: Observe = lambda *_: None,
    sandbox: Sandbox | None = None,
    world_of: WorldOf = own_world,
) -> EvaluationRecord:
    """Evaluate both models on all suites and write the result.

    Args:
        folder: The run folder.
        suites: Prompts; the domain suite or the safety suite, or both.
        asked: What identifies the models and decoding: `run_id`, `checkpoint_dir`, `base_model`, `compare`,
            `decoding` and `digests`.
        load_models: Loads the models; not called when every completion is there already.
        observe: Told what is asked, of how many prompts, and how many are answered, after each batch.
        sandbox: Where completions of suites that are to be executed run; None executes nothing.
        world_of: The file system in which a case runs; by default a small tree made from its references.

    Returns:
        What `evaluation.json` holds.

    Raises:
        CliTunerError: Another evaluation of this run is going on.
    """
    with locked(folder, "another evaluation of this run is going on", "wait for it; it can be continued if it dies"):
        return _evaluate(folder, suites, asked, load_models, observe, sandbox, world_of)


def _evaluate(
    folder: Path,
    suites: Sequence[Suite],
    asked: Mapping[str, Any],
    load_models: Callable[[], Models],
    observe: Observe,
    sandbox: Sandbox | None,
    world_of: WorldOf,
) -> EvaluationRecord:
    place = folder / FOLDER
    plan = plan_of(suites, asked)
    open_folder(place, plan)
    answered = _answers(place, suites, load_models, observe)
    facts = read_json(place / FACTS)
    scored = {
        (suite.name, side): [
            score_answer(one, case) if suite.name == "safety" else score(one, case.references)
            for one, case in zip(answered[suite.name, side], suite.cases, strict=True)
        ]
        for suite in suites
        for side in SIDES
    }
    executed = _executed(suites, scored, sandbox, observe, world_of) if sandbox else {}
    known = {**asked, "model": facts, "digests": {**asked["digests"], "plan": plan["sha256"]}}
    result = _result(suites, scored, known, executed)
    write_jsonl(place / "rows.jsonl", (row for suite in suites for row in _rows(suite, scored)))
    result.write(folder / REPORT)
    return result


def plan_of(suites: Sequence[Suite], asked: Mapping[str, Any]) -> dict[str, object]:
    """Say what the completions depend on."""
    plan = {
        "format": FORMAT,
        "system_prompt": sha256_text(SYSTEM_PROMPT),
        "suites": {
            suite.name: sha256_text(json.dumps([(case.id, case.instruction) for case in suite.cases]))
            for suite in suites
        },
        "asked": {key: asked[key] for key in ("base_model", "compare", "decoding", "digests")},
    }
    return {**plan, "sha256": sha256_text(json.dumps(plan, sort_keys=True, default=str))}


def open_folder(place: Path, plan: Mapping[str, Any]) -> None:
    """Go on in the folder of an evaluation with the same plan; one with another plan is moved aside."""
    try:
        earlier = read_json(place / "plan.json") if place.is_dir() else None
    except DataError:
        earlier = None
    if place.is_dir() and (not isinstance(earlier, dict) or earlier.get("sha256") != plan["sha256"]):
        aside = next(
            path for number in range(1, 10_000) if not (path := place.with_name(f"{FOLDER}.{number}")).exists()
        )
        place.rename(aside)
    place.mkdir(parents=True, exist_ok=True)
    write_json(place / "plan.json", dict(plan))


def _answers(
    place: Path, suites: Sequence[Suite], load_models: Callable[[], Models], observe: Observe
) -> dict[tuple[str, str], list[Completion]]:
    loaded: list[Models] = []

    def load(side: str) -> Generator:
        if not loaded:
            loaded.append(load_models())
            write_json(place / FACTS, dict(loaded[0].facts))
        return loaded[0].base if side == "base" else loaded[0].tuned

    if not (place / FACTS).is_file():
        load("base")
    found = {}
    for suite in suites:
        chats = [prompt_messages(case.instruction) for case in suite.cases]
        for side in SIDES:
            told = partial(observe, f"{suite.name}, {side}", len(chats))
            found[suite.name, side] = answer(partial(load, side), chats, place / f"{suite.name}-{side}.jsonl", told)
    if loaded:  # a server may have refused a setting meanwhile
        write_json(place / FACTS, dict(loaded[0].facts))
    return found


def _executed(
    suites: Sequence[Suite],
    scored: Mapping[tuple[str, str], Sequence[Scored]],
    sandbox: Sandbox,
    observe: Observe,
    world_of: WorldOf,
) -> dict[str, object]:
    """Judge the commands of every suite that is to be executed, and enter each row's score beside the others."""
    facts: dict[str, object] = {}
    for suite in (one for one in suites if one.executed):
        sides = {side: scored[suite.name, side] for side in SIDES}
        told = partial(observe, f"{suite.name}, executed", len(suite.cases))
        executed = execute(suite.cases, sides, sandbox, told, world_of)
        for side, rows in sides.items():
            for row, judged in zip(rows, executed.judged[side], strict=True):
                row.enter(METRIC, judged.score, judged.why)
        facts[suite.name] = executed.to_json()
    return facts


def _rows(suite: Suite, scored: Mapping[tuple[str, str], Sequence[Scored]]) -> list[dict[str, object]]:
    sides = zip(suite.cases, *(scored[suite.name, side] for side in SIDES), strict=True)
    return [
        {**case.to_json(), **{side: _side(one, case) for side, one in zip(SIDES, both, strict=True)}}
        for case, *both in sides
    ]


def _side(one: Scored, case: Case) -> dict[str, object]:
    why = why_wrong(one, case.references) if case.suite != "safety" else ""
    return {**one.to_json(), **({"why_wrong": why} if why else {})}


def _n_leaked(suite: Suite) -> int | None:
    known = [case.leaked for case in suite.cases if case.leaked is not None]
    return sum(known) if known else None


def _result(
    suites: Sequence[Suite],
    scored: Mapping[tuple[str, str], Sequence[Scored]],
    asked: Mapping[str, Any],
    executed: Mapping[str, object],
) -> EvaluationRecord:
    result: dict[str, object] = {
        "schema": EvaluationRecord.current(),
        "format": FORMAT,
        **asked,
        "suites": [suite.name for suite in suites],
        "data": {
            suite.name: {
                "path": str(suite.path),
                "sha256": sha256_file(suite.path),
                "n": len(suite.cases),
                "n_of": suite.n_of,
                "n_leaked": _n_leaked(suite),
            }
            for suite in suites
        },
        "rules": rules_digest(),
        "rows": f"{FOLDER}/rows.jsonl",
    }
    for suite in suites:
        sides = [scored[suite.name, side] for side in SIDES]
        if suite.name == "safety":
            result["safety"] = safety_result(suite.cases, *sides)
            continue
        part = domain_result(suite.cases, *sides)
        part["calibration"] = {side: calibration(scored[suite.name, side]) for side in SIDES}
        part |= {"execution": executed[suite.name]} if suite.name in executed else {}
        result |= part if suite.name == "domain" else {suite.name: part}
    return EvaluationRecord.model_validate(result)
