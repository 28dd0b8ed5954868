"""A search: trials that look around with one seed, then the best of them beside the recipe with further seeds.

The laws: what is told comes from the further seeds alone, for the best of many looks better than it is; a trial that
fails does not stop the search; a search that is killed anywhere goes on where it was and tells the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli_tuner.ablate.space import Space, Value
from cli_tuner.ablate.study import BASE, Member, Result, run_members
from cli_tuner.ablate.study import members as resolve
from cli_tuner.ablate.verdict import Verdict, decide
from cli_tuner.config.load import Config
from cli_tuner.errors import CliTunerError, DataError, ExitCode, LaunchError, PrerequisiteError
from cli_tuner.ports import EndedTrial, OpenTrial, Trials
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.why import metrics

Unwanted = Callable[[RunDir], bool]
"""Asked while a run goes on: whether it should end now."""
Train = Callable[[Config, Unwanted], dict[str, object]]


class HopelessError(CliTunerError):
    """A trial was ended before its end, as it was asked to."""

    exit_code = ExitCode.CHILD_FAILED


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        trials: Every trial, by number.
        finals: How each training with a further seed ended.
        verdict: What these say.
        importances: How much each axis mattered over the trials.
    """

    trials: Sequence[EndedTrial]
    finals: Sequence[Result]
    verdict: Verdict
    importances: Mapping[str, float]

    def to_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "trials": [asdict(trial) for trial in self.trials],
            "finals": [
                {"name": one.member.name, "variant": one.member.variant, "seed": one.member.seed, "state": one.state,
                 "eval_loss": one.eval_loss, "why": one.why, "output_dir": one.member.config.axolotl["output_dir"]}
                for one in self.finals
            ],
            "verdict": asdict(self.verdict),
            "importances": dict(self.importances),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trainings:
    """How a search trains.

    Attributes:
        home: Its folder.
        adapt: Changes every config in the same way, such as to what this machine does.
        train: Trains one config; raises CliTunerError.
        is_done: Whether a config's output is there, trained from the same config and rows.
        tell: Hears a line for each training that ended.
    """

    home: Path
    adapt: Callable[[Config], Config]
    train: Train
    is_done: Callable[[Config], bool]
    tell: Callable[[str], None]


def search(space: Space, trials: Trials, trainings: Trainings) -> Found:
    """Look around, then compare.

    Raises:
        ConfigError: An end of an axis is no right config; nothing is trained then.
        CliTunerError: Interrupted; the same call goes on.
    """
    recipe = _members(space, trainings, {BASE: {}}, [space.search.seed])[0].config
    _members(space, trainings, {f"axis-{n}": values for n, values in enumerate(space.corners())}, [0], adapted=False)
    own = space.own(recipe)
    while len(trials.ended()) < space.search.trials:
        trial = trials.next(own)
        _look(space, trial, own, trials.ended(), trainings)
        trainings.tell(_in_words(trials.ended()[-1]))
    ended = trials.ended()
    finals = _compare(space, ended, own, trainings)
    losses: dict[str, dict[int, float]] = {}
    for one in finals:
        if one.eval_loss is not None:
            losses.setdefault(one.member.variant, {})[one.member.seed] = one.eval_loss
    return Found(ended, finals, decide(losses, BASE), trials.importances())


def name_of(values: Mapping[str, Value], number: int, own: Mapping[str, Value] | None) -> str:
    """Name a trial; the recipe's own values are `base`, whatever the number."""
    return BASE if values == own else f"trial-{number:03}"


def eval_losses(lines: Iterable[Mapping[str, Any]], every: Any = None) -> list[tuple[int, float]]:
    """Return the evaluation losses of a run at the steps where every run of its config has one, but the first and last.

    Args:
        lines: Its metrics.
        every: Its `eval_steps`. Axolotl also evaluates where a run resumes, which one that was never killed does not.
    """
    found = {
        int(line["step"]): float(line["eval_loss"])
        for line in lines
        if isinstance(line.get("eval_loss"), int | float) and 0 < line["step"] < line.get("max_steps", 0)
    }
    regular = every if isinstance(every, int) and every > 0 else 1
    return sorted((step, loss) for step, loss in found.items() if step % regular == 0)


def _look(
    space: Space, trial: OpenTrial, own: Mapping[str, Value] | None, ended: Sequence[EndedTrial], trainings: Trainings
) -> None:
    """Train one trial, or take over what an earlier one with the same values found.

    What would fail every trial alike ends none: the trial is tried again when the search goes on.
    """
    same = next((one for one in ended if one.values == trial.values), None)
    if same is not None:
        trial.end(same.state, same.loss, why=f"the same as trial {same.number}")
        return
    name = name_of(trial.values, trial.number, own)
    refused: list[CliTunerError] = []

    def train(config: Config) -> dict[str, object]:
        every = config.axolotl.get("eval_steps")

        def unwanted(run: RunDir) -> bool:
            return any(trial.report(step, loss) for step, loss in eval_losses(metrics(run), every))

        if trial.is_hopeless():  # decided, and killed before it was written
            raise HopelessError("pruned: as decided before")
        try:
            return trainings.train(config, unwanted)
        except (PrerequisiteError, DataError) as error:
            refused.append(error)
            raise

    (member,) = _members(space, trainings, {name: trial.values}, [space.search.seed])
    (result,) = run_members([member], train, trainings.is_done, lambda _: None)
    if refused:
        raise refused[0]
    is_known = result.state == "pruned" or (result.state == "succeeded" and result.eval_loss is not None)
    state = result.state if is_known else "failed"
    if state == "failed" and name == BASE:
        raise LaunchError(f"the recipe itself does not train: {result.why}", hint="correct it, then search")
    trial.end(state, result.eval_loss, result.why if state == "failed" else "")


def _compare(
    space: Space, ended: Sequence[EndedTrial], own: Mapping[str, Value] | None, trainings: Trainings
) -> list[Result]:
    ranked = sorted(
        (one for one in ended if one.state == "succeeded" and not one.why and one.values != own),
        key=lambda one: (one.loss, one.number),
    )
    variants: dict[str, Mapping[str, Value]] = {BASE: {}}
    variants.update({name_of(one.values, one.number, own): one.values for one in ranked[: space.search.finalists]})
    seeds = [space.search.seed + 1 + number for number in range(space.search.repeats)]
    wanted = _members(space, trainings, variants, seeds)
    trainings.tell(f"{len(wanted)} further trainings: {', '.join(variants)} with {len(seeds)} other seeds each")

    def tell(result: Result) -> None:
        loss = f"eval loss {result.eval_loss:.4f}" if result.eval_loss is not None else result.why
        trainings.tell(f"{result.member.name}: {'was there' if result.reused else result.state}, {loss}")

    return run_members(wanted, lambda config: trainings.train(config, lambda _: False), trainings.is_done, tell)


def _members(
    space: Space, trainings: Trainings, variants: Mapping[str, Mapping[str, Value]], seeds: Sequence[int],
    *, adapted: bool = True,
) -> list[Member]:  # fmt: skip
    asked = {name: (space.config, space.overrides(values)) for name, values in variants.items()}
    return resolve(asked, seeds, trainings.home, trainings.adapt if adapted else lambda config: config)


def _in_words(trial: EndedTrial) -> str:
    values = ", ".join(f"{key} {value}" for key, value in trial.values.items())
    loss = f", eval loss {trial.loss:.4f}" if trial.loss is not None else ""
    at = f" at step {trial.step}" if trial.state == "pruned" else ""
    return f"trial {trial.number} ({values}): {trial.state}{at}{loss}" + (f"; {trial.why}" if trial.why else "")
