"""Trials of a search by Optuna: proposed by TPE, pruned by the median, remembered in a journal file.

The law: a proposal is a function of the search's seed, the trial's number and the trials that ended before it, and is
written in one piece; so a search that is killed anywhere proposes the same trials when it goes on. Therefore each
proposal is drawn in a study in memory, by a sampler seeded for it alone, and then put into the durable one.

Sources: J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011 (TPE); S. Watanabe et al.,
PED-ANOVA, IJCAI 2023 (importances); https://optuna.readthedocs.io/en/stable/reference/storages.html
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.errors import ConfigError, PrerequisiteError
from cli_tuner.ports import Axis, EndedTrial

JOURNAL = "trials.journal"
_DIGITS = 4  # of a drawn number: a learning rate that a person can read and write
_NEEDED_FOR_IMPORTANCE = 4
_FACTS, _WHY = "facts", "why"
_STATES = {"COMPLETE": "succeeded", "PRUNED": "pruned", "FAIL": "failed"}


class OptunaTrials:
    """The trials of one search; one process at a time, which the caller sees to.

    Args:
        folder: Where the journal is kept.
        axes: What is varied.
        seed: Seed of the proposals.
        startup: Trials that are drawn evenly, and ended ones that pruning needs.
        prune_from_step: First step that may be pruned; None prunes nothing.
        facts: What makes the search what it is; another search's journal is refused.

    Raises:
        PrerequisiteError: Optuna is not installed.
        ConfigError: The folder holds another search.
    """

    def __init__(
        self, folder: Path, axes: Sequence[Axis], *, seed: int, startup: int, prune_from_step: int | None,
        facts: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self._optuna = optuna = _import()
        self._seed, self._startup, self._axes = seed, startup, axes
        folder.mkdir(parents=True, exist_ok=True)
        self._storage = _storage(optuna, folder / JOURNAL)
        self._study = optuna.create_study(
            storage=self._storage, study_name="search", direction="minimize", load_if_exists=True
        )
        self._pruner = optuna.pruners.NopPruner()
        if prune_from_step is not None:
            self._pruner = optuna.pruners.MedianPruner(n_startup_trials=startup, n_warmup_steps=prune_from_step)
        _check_same(self._study, facts, folder)

    def next(self, first: Mapping[str, int | float | str] | None) -> OptunaTrial:
        """Return the trial that was never ended, else a new one: the very first tries `first`, if given."""
        running = self._study.get_trials(states=(self._optuna.trial.TrialState.RUNNING,))
        if not running:
            number = len(self._study.trials)
            values = dict(first) if first is not None and number == 0 else self._drawn(number)
            state = self._optuna.trial.TrialState.RUNNING
            self._study.add_trial(
                self._optuna.trial.create_trial(state=state, params=values, distributions=self._distributions())
            )
            running = self._study.get_trials(states=(state,))
        return OptunaTrial(self._study, self._storage, self._pruner, running[0], self._optuna)

    def ended(self) -> list[EndedTrial]:
        """Return the ended trials by number."""
        return [_ended(trial) for trial in self._study.trials if trial.state.is_finished()]

    def importances(self) -> dict[str, float]:
        """Return how much each axis mattered, in [0, 1], together 1; empty where too few trials tell."""
        complete = self._study.get_trials(states=(self._optuna.trial.TrialState.COMPLETE,))
        if len(complete) < _NEEDED_FOR_IMPORTANCE or len({trial.value for trial in complete}) == 1:
            return {}
        evaluator = self._optuna.importance.PedAnovaImportanceEvaluator()
        found = self._optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {name: float(found.get(name, 0.0)) for name in (axis.name for axis in self._axes)}

    def _drawn(self, number: int) -> dict[str, object]:
        seed = int.from_bytes(hashlib.sha256(f"{self._seed} {number}".encode()).digest()[:4], "little")
        sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=self._startup, multivariate=True)
        study = self._optuna.create_study(sampler=sampler, direction="minimize")
        study.add_trials([trial for trial in self._study.trials if trial.state.is_finished()])
        values = study.ask(self._distributions()).params
        return {axis.name: _rounded(axis, values[axis.name]) for axis in self._axes}

    def _distributions(self) -> dict[str, object]:
        return {axis.name: _distribution(self._optuna.distributions, axis) for axis in self._axes}


class OptunaTrial:
    """One trial that has no end yet; what is said to it is in the journal when the call returns."""

    def __init__(self, study: Any, storage: Any, pruner: Any, trial: Any, optuna: Any) -> None:
        self._study, self._storage, self._pruner, self._optuna = study, storage, pruner, optuna
        self._id = trial._trial_id
        self.number: int = trial.number
        self.values: dict[str, int | float | str] = dict(trial.params)

    def report(self, step: int, loss: float) -> bool:
        """Remember an evaluation loss, and tell whether the trial is hopeless; a step is heard once."""
        if step in self._storage.get_trial(self._id).intermediate_values:
            return False
        self._storage.set_trial_intermediate_value(self._id, step, loss)
        return self.is_hopeless()

    def is_hopeless(self) -> bool:
        """Tell whether its newest reported loss is worse than the median of the earlier trials at that step."""
        return bool(self._pruner.prune(self._study, self._storage.get_trial(self._id)))

    def end(self, state: str, loss: float | None = None, why: str = "") -> None:
        """End it: `succeeded` with a loss, `pruned`, or `failed`."""
        if why:
            self._storage.set_trial_user_attr(self._id, _WHY, why)
        named = {ours: theirs for theirs, ours in _STATES.items()}[state]
        values = [loss] if state == "succeeded" and loss is not None else None
        if state == "pruned":
            reported = self._storage.get_trial(self._id).intermediate_values
            values = [reported[max(reported)]] if reported else None
        self._storage.set_trial_state_values(self._id, self._optuna.trial.TrialState[named], values)


def _import() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise PrerequisiteError("a search needs Optuna", hint="pip install 'cli-tuner[search]'") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def _storage(optuna: Any, path: Path) -> Any:
    """Open the journal.

    NOTE: Optuna cannot read a journal whose last line a kill -9 cut short once another line follows, and its lock file,
    a link to a relative path, is waited for without end after one. We are alone here, so the line goes and no lock is
    taken.
    """
    from optuna.storages.journal import JournalFileBackend

    if path.is_file():
        data = path.read_bytes()
        if not data.endswith(b"\n"):
            with path.open("rb+") as handle:
                handle.truncate(data.rfind(b"\n") + 1)
    return optuna.storages.JournalStorage(JournalFileBackend(str(path), lock_obj=_Alone()))


class _Alone:
    """The lock of a journal that nobody else writes."""

    def acquire(self) -> bool:
        """Hold it."""
        return True

    def release(self) -> None:
        """Give it back."""


def _check_same(study: Any, facts: Mapping[str, Any], folder: Path) -> None:
    wanted = json.loads(json.dumps(dict(facts)))
    before = study.user_attrs.get(_FACTS)
    if before is None:
        study.set_user_attr(_FACTS, wanted)
    elif before != wanted:
        changed = sorted(key for key in {*before, *wanted} if before.get(key) != wanted.get(key))
        raise ConfigError(
            f"{folder}: holds a search with other {', '.join(changed)}",
            hint="give this one another --name, or restore these to go on with that one",
        )


def _distribution(distributions: Any, axis: Axis) -> Any:
    if axis.choices:
        return distributions.CategoricalDistribution(list(axis.choices))
    if axis.whole:
        return distributions.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return distributions.FloatDistribution(axis.low, axis.high, log=axis.log)


def _rounded(axis: Axis, value: Any) -> Any:
    if axis.choices or axis.whole:
        return value
    return min(max(float(f"{value:.{_DIGITS - 1}e}"), axis.low), axis.high)


def _ended(trial: Any) -> EndedTrial:
    return EndedTrial(
        trial.number, dict(trial.params), _STATES[trial.state.name], trial.value, trial.last_step,
        str(trial.user_attrs.get(_WHY, "")),
    )  # fmt: skip
