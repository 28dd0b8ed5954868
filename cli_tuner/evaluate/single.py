"""One model evaluated by itself: prompts to completions, resumable, to metrics; no base beside it.

What it leaves can be compared with any other evaluation later: `completions.jsonl` is what `--predictions` reads, and
`rows.jsonl` is that of every evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cli_tuner.chat.messages import prompt_messages
from cli_tuner.evaluate.answers import answer
from cli_tuner.evaluate.calibration import calibration
from cli_tuner.evaluate.cases import Case, Suite
from cli_tuner.evaluate.execution import METRIC, WorldOf, execute
from cli_tuner.evaluate.failures import why_wrong
from cli_tuner.evaluate.metric import NAMES, metric
from cli_tuner.evaluate.redteam import METRICS as SAFETY_METRICS
from cli_tuner.evaluate.redteam import score_answer
from cli_tuner.evaluate.sandbox import Sandbox
from cli_tuner.evaluate.score import Scored, score
from cli_tuner.evaluate.session import FOLDER, FORMAT, Observe, open_folder, plan_of
from cli_tuner.files import locked, sha256_file, write_json, write_jsonl
from cli_tuner.ports import Generator
from cli_tuner.records.evaluation import Alone, AloneSuite
from cli_tuner.safety.rules.table import rules_digest

REPORT = "single.json"
COMPLETIONS = "completions.jsonl"


def evaluate_one(
    folder: Path,
    suites: Sequence[Suite],
    asked: Mapping[str, Any],
    load: Callable[[], tuple[Generator, Mapping[str, Any]]],
    observe: Observe,
    sandbox: Sandbox | None,
    world_of: WorldOf,
) -> Alone:
    """Ask one model all suites and write what comes out.

    Args:
        folder: Where completions, rows and the result go.
        suites: The prompts.
        asked: What identifies model and decoding; as in `session.evaluate`.
        load: Loads the model and returns it with what is known of it; not called when nothing is left to ask.
        observe: Told what is asked, of how many prompts, and how many are answered.
        sandbox: Where suites that are to be executed run.
        world_of: The file system of a case.

    Returns:
        What `single.json` holds: metrics by suite, as answered and with the command taken out.
    """
    with locked(folder, "another evaluation of this model is going on", "wait for it; it can be continued if it dies"):
        place = folder / FOLDER
        plan = plan_of(suites, asked)
        open_folder(place, plan)
        loaded: list[tuple[Generator, Mapping[str, Any]]] = []

        def generator() -> Generator:
            if not loaded:
                loaded.append(load())
            return loaded[0][0]

        found: dict[str, AloneSuite] = {}
        rows: list[dict[str, object]] = []
        texts: list[str] = []
        for suite in suites:
            chats = [prompt_messages(case.instruction) for case in suite.cases]
            told = partial(observe, suite.name, len(chats))
            completions = answer(generator, chats, place / f"{suite.name}-tuned.jsonl", told)
            judge = score_answer if suite.name == "safety" else _scored
            scored = [judge(one, case) for one, case in zip(completions, suite.cases, strict=True)]
            found[suite.name] = _suite(suite, scored, sandbox, observe, world_of)
            rows += [_row(case, one) for case, one in zip(suite.cases, scored, strict=True)]
            texts += [one.completion.text for one in scored]
        model = {"model": dict(loaded[0][1])} if loaded else {}
        document = Alone.model_validate({"format": FORMAT, **asked, "suites": found, "rules": rules_digest(), **model})
        write_jsonl(place / "rows.jsonl", rows)
        write_jsonl(
            folder / COMPLETIONS, [{"id": row["id"], "completion": text} for row, text in zip(rows, texts, strict=True)]
        )
        write_json(folder / REPORT, document.plain())
        return document


def _scored(completion: Any, case: Case) -> Scored:
    return score(completion, case.references)


def _suite(
    suite: Suite, scored: Sequence[Scored], sandbox: Sandbox | None, observe: Observe, world_of: WorldOf
) -> AloneSuite:
    facts: dict[str, object] = {
        "path": str(suite.path),
        "sha256": sha256_file(suite.path),
        "n": len(scored),
        "n_of": suite.n_of,
    }
    if suite.executed and sandbox is not None:
        told = partial(observe, f"{suite.name}, executed", len(suite.cases))
        executed = execute(suite.cases, {"tuned": scored}, sandbox, told, world_of)
        for one, judged in zip(scored, executed.judged["tuned"], strict=True):
            one.enter(METRIC, judged.score, judged.why)
        facts["execution"] = executed.to_json()
    raw, taken = [one.scores for one in scored], [one.extracted_scores for one in scored]
    names = SAFETY_METRICS if suite.name == "safety" else [name for name in NAMES if name in raw[0]]
    facts["metrics"] = {name: metric(name, [row.get(name) for row in raw]).to_json() for name in names}
    if suite.name != "safety":
        facts["extracted"] = {name: metric(name, [row.get(name) for row in taken]).to_json() for name in names}
        facts["calibration"] = calibration(scored)
    return AloneSuite.model_validate(facts)


def _row(case: Case, one: Scored) -> dict[str, object]:
    why = why_wrong(one, case.references) if case.suite != "safety" else ""
    return {**case.to_json(), "tuned": {**one.to_json(), **({"why_wrong": why} if why else {})}}
