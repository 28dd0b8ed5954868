"""What `ablate --search` wires together: Optuna, real trainings, the tables, the plot and the record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console

if TYPE_CHECKING:
    from cli_tuner.ablate.search import Found
    from cli_tuner.ablate.space import Space
    from cli_tuner.config.load import Config


def run_search(file: Path, name: str | None, *, tiny: bool) -> tuple[dict[str, object], Found]:
    """Search as a file says; return the report and what was found.

    Raises:
        ConfigError: The file, or a config that it leads to, is wrong.
        PrerequisiteError: Optuna or scipy is not installed.
    """
    from cli_tuner.ablate.search import Trainings, search
    from cli_tuner.ablate.space import read_space
    from cli_tuner.ablate.study import STUDIES
    from cli_tuner.backends.optuna_trials import OptunaTrials
    from cli_tuner.cli.ablate_report import is_done
    from cli_tuner.cli.training import realised, this_machine, train_one
    from cli_tuner.config.load import load
    from cli_tuner.locks import Locks
    from cli_tuner.train.launcher import Launcher

    space = read_space(file)
    home = STUDIES / (name or f"search-{file.stem}")
    machine = this_machine()
    recipe = realised(load(space.config, space.overrides({})), machine, tiny=tiny)
    with Locks() as locks:
        locks.take(home / ".lock", f"search {home}", {"run_id": f"search {home.name}"})
        trials = OptunaTrials(
            home, space.axes, seed=space.search.seed, startup=space.search.startup,
            prune_from_step=space.search.prune_from_step, facts=_facts(space, recipe),
        )  # fmt: skip
        before = len(trials.ended())
        console.say(
            f"{space.search.trials} trials ({before} are there), then {space.search.finalists} and the recipe with"
            f" {space.search.repeats} further seeds, below {home}; the same command goes on after an interruption"
        )
        trainings = Trainings(
            home=home,
            adapt=lambda config: realised(config, machine, tiny=tiny),
            train=lambda config, unwanted: train_one(
                config, machine, resume="auto", launcher=Launcher(), unwanted=unwanted
            )[1],
            is_done=is_done,
            tell=console.say,
        )
        found = search(space, trials, trainings)
        return _keep(home, space, found), found


def _facts(space: Space, recipe: Config) -> dict[str, object]:
    """Return what must be the same for a search to go on: all but how many trials, finalists and repeats."""
    from cli_tuner.train.inputs import check_rows

    search = space.search.model_dump(mode="json", exclude={"trials", "finalists", "repeats", "config", "set"})
    return {**search, "recipe": recipe.complete(), "rows": check_rows(recipe)}


def _keep(home: Path, space: Space, found: Found) -> dict[str, object]:
    """Write study.json and what_mattered.png; return the report."""
    from cli_tuner.backends.figures_search import draw_search
    from cli_tuner.errors import PrerequisiteError
    from cli_tuner.files import write_json

    report: dict[str, object] = {**found.to_json(), "plot": None}
    try:
        draw_search(space.axes, found.trials, found.importances, home / "what_mattered.png")
        report["plot"] = str(home / "what_mattered.png")
    except PrerequisiteError as error:
        console.error(error.message, error.hint)
    write_json(home / "study.json", report)
    return report


def show_search(report: dict[str, object], found: Found) -> None:
    """Print the trials, the further seeds and the verdict."""
    from cli_tuner.ablate.study import compare
    from cli_tuner.cli.ablate_report import comparison

    def loss(value: float | None) -> str:
        return "-" if value is None else f"{value:.4f}"

    names = list(found.trials[0].values) if found.trials else []
    rows = [
        (one.number, *(one.values[name] for name in names), one.state if one.step is None or one.state != "pruned"
         else f"pruned at step {one.step}", loss(one.loss), one.why)
        for one in found.trials
    ]  # fmt: skip
    console.table("Trials, one seed", ("trial", *names, "ended", "eval loss", "remark"), rows)
    comparison("With further seeds", compare(found.finals))
    if found.importances:
        console.table(
            "What mattered", ("axis", "share"),
            [(name, f"{share:.0%}") for name, share in sorted(found.importances.items(), key=lambda one: -one[1])],
        )  # fmt: skip
    console.emit(found.verdict.text)
    if report["plot"]:
        console.say(f"plot: {report['plot']}")
