"""One verdict on a model that is to be released: every question of the policy, its answer, and what it rests on.

The law: what was not recorded, or cannot be read, does not pass; a check that is switched off is listed as `off`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_tuner.config.ship import ShipPolicy
from cli_tuner.provenance.verifier import Finding
from cli_tuner.records.checks import ValidationRecord
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import EvaluationRecord, Paired, PairedRow
from cli_tuner.records.training import TrainingRecord
from cli_tuner.release.licences import licences

_SHARES = ("acc", "exact_match", "f1")  # measures of lm-eval of which more is better


@dataclass(frozen=True, slots=True)
class Check:
    """One question of the policy.

    Attributes:
        name: The question.
        state: `ok`, `failed`, or `off`.
        why: What the answer rests on.
    """

    name: str
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the model that is to be shipped.

    Attributes:
        run: Folder of its run.
        record: Its training record.
        data: The record of its rows; None where it is not at hand.
        findings: What `verify` found of it.
        refusals: Why `publish` would refuse it: secrets, places, pickles, its base.
        against: The last release's run id, and each metric compared with it: None where there is none.
    """

    run: Path
    record: TrainingRecord
    data: DataRecord | None
    findings: Sequence[Finding]
    refusals: Sequence[str]
    against: tuple[str, Sequence[PairedRow]] | None


def checks(known: Evidence, policy: ShipPolicy) -> list[Check]:
    """Answer every question of the policy."""
    validation = ValidationRecord.find(known.run / "validation.json")
    evaluation = EvaluationRecord.find(known.run / "evaluation.json")
    return [
        _validated(known, validation),
        _answer("verified", [": ".join(one) for one in known.findings], "every byte and link holds"),
        _evaluated(known, evaluation, policy),
        *_no_worse(known, evaluation, policy),
        _leak_free(known, evaluation, policy),
        _answer("licences", list(_licence_faults(known, policy)), "all known, all of the policy"),
        _answer("nothing private", list(known.refusals), "no secret, no place of this machine, no pickle"),
    ]


def passed(found: Sequence[Check]) -> bool:
    """Tell whether nothing failed."""
    return all(one.state != "failed" for one in found)


def _answer(name: str, faults: Sequence[str], else_: str) -> Check:
    return Check(name, "failed", "; ".join(faults)) if faults else Check(name, "ok", else_)


def _of_these_bytes(known: Evidence, digests: Mapping[str, Any] | None) -> bool:
    subjects = known.record.subjects
    return bool(digests) and all(subjects.get(name) == digest for name, digest in (digests or {}).items())


def _validated(known: Evidence, validation: ValidationRecord | None) -> Check:
    if validation is None:
        return Check("validated", "failed", "it was never validated: `cli-tuner validate --checkpoint-dir …`")
    faults = [f"gate failed: {one.name}" for one in validation.gates if not one.passed]
    if not validation.passed and not faults:
        faults = ["the validation did not pass"]
    if not _of_these_bytes(known, validation.digests):
        faults.append("not of these bytes, or of which is not recorded: validate again")
    return _answer("validated", faults, f"{len(validation.gates)} gates passed")


def _evaluated(known: Evidence, evaluation: EvaluationRecord | None, policy: ShipPolicy) -> Check:
    if evaluation is None:
        faults = [f"never: `cli-tuner evaluate --suite {','.join(policy.suites)}`"] if policy.suites else []
        return _answer("evaluated", faults, "no suite is asked for")
    faults = [f"not on {suite}" for suite in policy.suites if suite not in evaluation.suites]
    tuned = evaluation.digests.get("tuned")
    if not _of_these_bytes(known, tuned if isinstance(tuned, dict) else None):
        faults.append("other bytes than these: evaluate again")
    return _answer("evaluated", faults, f"on {', '.join(evaluation.suites)}")


def _no_worse(known: Evidence, evaluation: EvaluationRecord | None, policy: ShipPolicy) -> Iterator[Check]:
    paired = dict(evaluation.paired) if evaluation else {}
    if evaluation and evaluation.safety:
        paired |= evaluation.safety.paired
    yield _answer("no worse than the base", list(_regressions(paired, policy)), "no metric beyond chance")
    if not policy.against_last_release:
        yield Check("no worse than the last release", "off", "switched off by the policy")
    elif known.against is None:
        yield Check("no worse than the last release", "off", "there is no earlier release")
    else:
        name, rows = known.against
        shared: dict[str, Paired] = {row.metric: row for row in rows}
        faults = list(_regressions(shared, policy)) if shared else [f"{name}: no prompt was answered by both"]
        yield _answer("no worse than the last release", faults, f"{name}: no metric beyond chance")
    yield _general(evaluation, policy)


def _regressions(paired: Mapping[str, Paired], policy: ShipPolicy) -> Iterator[str]:
    """Yield the metrics that were not compared, and those whose whole interval is on the worse side of zero."""
    for name in (*policy.more_is_better, *policy.less_is_better):
        one = paired.get(name)
        if one is None or one.delta is None or one.ci_low is None or one.ci_high is None:
            yield f"{name}: was not compared"
        elif (one.ci_high < 0) if name in policy.more_is_better else (one.ci_low > 0):
            yield f"{name}: {one.delta:+.3f} [{one.ci_low:+.3f}, {one.ci_high:+.3f}] on {one.n} prompts"


def _general(evaluation: EvaluationRecord | None, policy: ShipPolicy) -> Check:
    name = "general tasks"
    found = evaluation.general if evaluation else None
    if policy.general == "off" or (policy.general == "when_there" and not found):
        return Check(name, "off", "switched off by the policy" if policy.general == "off" else "were not measured")
    measured = 0
    worse = []
    for task, measures in found.base.items() if found else ():
        for measure, base in measures.items():
            tuned = found.tuned.get(task, {}).get(measure) if found else None
            if not measure.startswith(_SHARES) or tuned is None or base.ci_low is None or tuned.ci_high is None:
                continue
            measured += 1
            if tuned.ci_high < base.ci_low:
                worse.append(f"{task}, {measure}: {base.value:.3f} -> {tuned.value:.3f}")
    return _answer(
        name, worse if measured else ["none was measured with an interval"], f"{measured} measures, none worse"
    )


def _leak_free(known: Evidence, evaluation: EvaluationRecord | None, policy: ShipPolicy) -> Check:
    if not policy.leak_free:
        return Check("leak-free", "off", "switched off by the policy")
    faults = []
    if known.data is None:
        faults.append("the record of the rows is not at hand")
    elif known.data.leakage.get("clean") is not True:
        faults.append("the splits share rows, or it was not proved that they do not")
    prompts = evaluation.data.get("domain") if evaluation else None
    leaked = prompts.n_leaked if prompts else None
    if leaked is None:
        faults.append("whether its prompts are in the training rows is not known")
    elif leaked:
        faults.append(f"{leaked} prompts of the evaluation are in the training rows")
    return _answer("leak-free", faults, "no prompt and no pair of splits shares a row")


def _licence_faults(known: Evidence, policy: ShipPolicy) -> Iterator[str]:
    allowed = {one.lower() for one in policy.licences}
    sources = known.data.sources if known.data else []
    if not sources:
        yield "the sources of the rows are not recorded"
    for what, licence in licences(sources, known.record.base_model, policy.base_licence):
        if not licence or licence.lower() == "unknown":
            yield f"{what}: its licence is not known"
        elif licence.lower() not in allowed:
            yield f"{what}: {licence} is not of the policy"
