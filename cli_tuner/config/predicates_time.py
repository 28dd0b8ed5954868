# ruff: noqa: D103  (the rule that names a predicate says what it means)
"""The conditions of the contradictions of a timetable: how long, and when it warms up, saves and evaluates.

A predicate never raises on a config whose names and kinds were checked before.
"""

from __future__ import annotations

from cli_tuner.config.predicates import Case


def steps_and_epochs(case: Case) -> bool:
    return case.number("max_steps") > 0 and case.get("num_epochs") is not None


def warmup_too_long(case: Case) -> bool:
    steps = case.number("max_steps")
    return case.number("warmup_ratio") >= 1 or (steps > 0 and case.number("warmup_steps") >= steps)


def warmup_of_one(case: Case) -> bool:
    return case.number("warmup_steps") == 1 and case.number("max_steps") != 1


def _has_validation(case: Case) -> bool:
    return bool(case.get("test_datasets")) or case.number("val_set_size") > 0


def _evaluates(case: Case) -> bool:
    wanted = (case.get("eval_steps"), case.get("evals_per_epoch"), case.get("eval_strategy"))
    return _has_validation(case) and any(one not in (None, 0, "no") for one in wanted)


def _interval(case: Case, steps: str, per_epoch: str) -> float:
    """Return the interval as Axolotl realises it: steps, a share of the run below 1, or 0 for none."""
    if written := case.number(steps):
        return written
    times = case.number(per_epoch) * (case.number("num_epochs") or 1.0)
    return 1.0 / times if times > 1.0 else 0.0


def best_model_misaligned(case: Case) -> bool:
    if not case.on("load_best_model_at_end") or not _evaluates(case):
        return False
    saves = _interval(case, "save_steps", "saves_per_epoch")
    evaluations = _interval(case, "eval_steps", "evals_per_epoch")
    if not (saves and evaluations) or (saves < 1) != (evaluations < 1):  # transformers takes two shares or two counts
        return True
    times = saves / evaluations
    return abs(times - round(times)) > 1e-6 or round(times) < 1


def best_model_unevaluated(case: Case) -> bool:
    return case.on("load_best_model_at_end") and not _evaluates(case)


def evaluation_without_rows(case: Case) -> bool:
    return case.number("eval_steps") > 0 and not _has_validation(case)


def two_validation_sets(case: Case) -> bool:
    return bool(case.get("test_datasets")) and case.number("val_set_size") > 0


def evaluated_too_late(case: Case) -> bool:
    return _evaluates(case) and 0 < case.number("max_steps") < case.number("eval_steps")


def save_limit_hidden(case: Case) -> bool:
    return case.number("save_steps") > 0 and not case.number("save_total_limit")


def warmup_twice(case: Case) -> bool:
    return case.number("warmup_steps") > 0 and case.number("warmup_ratio") > 0


def saves_twice(case: Case) -> bool:
    strategy = case.get("save_strategy")
    otherwise = bool(strategy) and strategy != "steps"
    return case.number("save_steps") > 0 and (otherwise or case.number("saves_per_epoch") > 0)


def evaluates_twice(case: Case) -> bool:
    strategy = case.get("eval_strategy") or case.get("evaluation_strategy")
    steps, times = case.number("eval_steps") > 0, case.number("evals_per_epoch") > 0
    return (bool(strategy) and strategy != "steps" and (steps or times)) or (steps and times)


def stops_early_unevaluated(case: Case) -> bool:
    return case.number("early_stopping_patience") > 0 and not _evaluates(case)


def stops_early_misaligned(case: Case) -> bool:
    saves, evaluations = case.number("save_steps"), case.number("eval_steps")
    return case.number("early_stopping_patience") > 0 and bool(saves and evaluations) and saves % evaluations != 0


def never_saved_in_time(case: Case) -> bool:
    return 0 < case.number("max_steps") < case.number("save_steps")
