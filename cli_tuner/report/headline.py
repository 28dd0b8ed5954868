"""What a run comes to, in a few sentences and numbers, each copied from a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cli_tuner.records.evaluation import EvaluationRecord, Score
from cli_tuner.report.facts import Facts, dig
from cli_tuner.report.metrics import delta_text, interval, judged, meaning, p_text, shown

MATCH = "exact_match"
_SAFETY = {
    "dangerous_rate": "red-team prompts drew a dangerous command",
    "over_refusal_rate": "harmless prompts that only look dangerous got no command",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the summary: what, how much, beside what, and its tone (`good`, `bad` or none)."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


def sentences(facts: Facts) -> list[str]:
    """Say what was trained, whether it is better, and whether it is safe."""
    found = [*_trained(facts)]
    if facts.evaluation is not None:
        found = [
            *_hurt(facts.evaluation),
            *found,
            *_limited(facts.evaluation),
            *_better(facts.evaluation),
            *_safe(facts.evaluation),
            *_leaked(facts.evaluation),
        ]
    if facts.validation is not None:
        gates = facts.validation.gates
        failed = [gate.name for gate in gates if not gate.passed]
        said = f"failed: {', '.join(failed)}" if failed else "all passed"
        found.append(f"{len(gates)} gates of cli-tuner validate: {said}.")
    return found


def _trained(facts: Facts) -> Iterator[str]:
    result = dig(facts.training, "result") or {}
    steps = result.get("steps")
    if isinstance(steps, int):
        spent = f" in {duration(facts.curves.elapsed_s)}" if facts.curves.elapsed_s else ""
        yield f"Trained {steps:,} steps{spent}; {_losses(facts) or 'no evaluation loss was logged'}."
    else:
        yield f"The run is {facts.state}: there is no training record."


def _losses(facts: Facts) -> str:
    points = facts.curves.points("eval_loss")
    return f"evaluation loss {points[0][1]:.3f} → {points[-1][1]:.3f}" if len(points) > 1 else ""


def _better(found: EvaluationRecord) -> Iterator[str]:
    tuned, base, paired = found.tuned.get(MATCH), found.base.get(MATCH), found.paired.get(MATCH)
    if tuned is None or tuned.value is None:
        return
    said = f"Exact match on {tuned.n:,} held-out prompts: {_with_interval(tuned)} tuned"
    if base is not None and base.value is not None:
        said += f", {_with_interval(base)} {_other(found)}"
    if paired is not None and paired.delta is not None:
        said += f": {delta_text(MATCH, paired)} points, p {_equals(p_text(paired.p_value))}"
    yield said + "."
    lifted = found.extracted.base.get(MATCH) if found.extracted else None
    if lifted is not None and lifted.value is not None and base is not None and lifted.value != base.value:
        yield f"With the command taken out the {_other(found)} model reaches {_with_interval(lifted)}."


def _hurt(found: EvaluationRecord) -> Iterator[str]:
    """Name every column that tuning made worse beyond chance, before anything else is said."""
    parts = {"": found, "with the command taken out: ": found.extracted, "InterCode-ALFA: ": found.intercode}
    if found.intercode is not None:
        parts["InterCode-ALFA, command taken out: "] = found.intercode.extracted
    worse = [
        f"{where}{meaning(name).label} {delta_text(name, paired)} points"
        for where, sides in parts.items()
        if sides is not None
        for name, paired in sides.paired.items()
        if judged(name, paired) == "worse"
    ]
    if worse:
        yield f"Tuning made worse: {'; '.join(worse)}."


def _limited(found: EvaluationRecord) -> Iterator[str]:
    """Say where only a part of the prompts was asked."""
    parts = [
        f"{one.n:,} of {one.n_of:,} prompts of {name}" for name, one in found.data.items() if one and one.n < one.n_of
    ]
    if parts:
        yield f"Limited (`--limit`): {', '.join(parts)} were asked, spread evenly."


def _other(found: EvaluationRecord) -> str:
    return "base" if found.compare in (None, "base") else "compared"


def _equals(text: str) -> str:
    return text if text.startswith("<") else f"= {text}"


def _with_interval(score: Score) -> str:
    ends = interval(MATCH, score.ci_low, score.ci_high)
    return f"{shown(MATCH, score.value)} ({ends})" if ends else shown(MATCH, score.value)


def _safe(found: EvaluationRecord) -> Iterator[str]:
    if found.safety is None:
        return
    for name, said in _SAFETY.items():
        tuned, base = found.safety.tuned.get(name), found.safety.base.get(name)
        count, before = _prompts(tuned), _prompts(base)
        if tuned is not None and count is not None:
            compared = "" if before is None else f" ({_other(found)}: {before:,})"
            yield f"{count:,} of {tuned.n:,} {said}{compared}."


def _prompts(score: Score | None) -> int | None:
    """Turn a rate back into the prompts that it counts."""
    return None if score is None or score.value is None else round(score.value * score.n)


def _leaked(found: EvaluationRecord) -> Iterator[str]:
    data = found.data.get("domain")
    if data is None or data.n_leaked is None:
        return
    clean = found.slices.get("leaked", {}).get("clean")
    score = clean.tuned.get(MATCH) if clean is not None else None
    apart = f"; on the others alone, exact match is {_with_interval(score)}" if data.n_leaked and score else ""
    yield f"{data.n_leaked} of {data.n:,} prompts also stand in the training data{apart}."


def tiles(facts: Facts) -> list[Tile]:
    """Return the numbers that stand on top."""
    return [*_match_tiles(facts), *_loss_tile(facts), *_safety_tiles(facts), *_gate_tile(facts), *_overlap_tile(facts)]


def _match_tiles(facts: Facts) -> Iterator[Tile]:
    found = facts.evaluation
    tuned = found.tuned.get(MATCH) if found else None
    if found is None or tuned is None or tuned.value is None:
        return
    paired = found.paired.get(MATCH)
    base = found.base.get(MATCH)
    note = f"{_other(found)} {shown(MATCH, base.value)}" if base is not None else f"n = {tuned.n:,}"
    if paired is not None and paired.delta is not None:
        note += f" · {delta_text(MATCH, paired)} points"
    yield Tile(
        "Exact match",
        shown(MATCH, tuned.value),
        note,
        {"better": "good", "worse": "bad"}.get(judged(MATCH, paired), ""),
    )


def _loss_tile(facts: Facts) -> Iterator[Tile]:
    points = facts.curves.points("eval_loss")
    if points:
        fell = points[-1][1] < points[0][1]
        yield Tile("Evaluation loss", f"{points[-1][1]:.3f}", f"from {points[0][1]:.3f}", "good" if fell else "bad")


def _safety_tiles(facts: Facts) -> Iterator[Tile]:
    safety = facts.evaluation.safety if facts.evaluation else None
    one = safety.tuned.get("dangerous_rate") if safety else None
    count = _prompts(one)
    if one is not None and count is not None:
        yield Tile("Dangerous answers", f"{count:,}", f"of {one.n:,} red-team prompts", "bad" if count else "good")


def _gate_tile(facts: Facts) -> Iterator[Tile]:
    if facts.validation is not None:
        gates = facts.validation.gates
        passed = sum(gate.passed for gate in gates)
        yield Tile("Gates", f"{passed} / {len(gates)}", "passed", "good" if passed == len(gates) else "bad")


def _overlap_tile(facts: Facts) -> Iterator[Tile]:
    overlap = dig(facts.data, "leakage.overlap")
    if isinstance(overlap, Mapping):
        pairs = sum(overlap.values())
        yield Tile("Leakage", f"{pairs:,}", "pairs between splits", "bad" if pairs else "good")


def duration(seconds: float) -> str:
    """Write a time span: `45 s`, `2 min 5 s`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
