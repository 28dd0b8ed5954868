"""A search that is killed anywhere tells the same; what it tells comes from seeds that nothing was chosen by.

The trainings are stand-ins that write what a real one leaves behind; Optuna is the real one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.ablate.search import Found, HopelessError, Trainings, Unwanted, eval_losses, search
from cli_tuner.ablate.space import Space, read_space
from cli_tuner.config.load import Config
from cli_tuner.errors import CliTunerError, ConfigError, DataError, LaunchError, PrerequisiteError
from cli_tuner.files import write_json, write_jsonl
from cli_tuner.runs.layout import RUNS, RunDir
from cli_tuner.runs.why import metrics

pytest.importorskip("optuna")
REPOSITORY = Path(__file__).parents[2]
SEARCH = """
config: configs/smoke.yaml
set: [eval_steps=2]
axes:
  learning_rate: {low: 0.0001, high: 0.1, log: true}
  lora_r: [4, 8, 16]
  warmup_steps: {low: 0, high: 8}
trials: 9
startup: 4
seed: 7
prune_from_step: 4
finalists: 2
repeats: 3
"""


SHORT = (
    SEARCH.replace("trials: 9", "trials: 6").replace("startup: 4", "startup: 3").replace("finalists: 2", "finalists: 1")
)


class KilledError(BaseException):
    """Stands for kill -9: nothing may catch it."""


@dataclass
class FakeTrainings:
    """Trains in no time: the loss depends on the values, the seed and the step; killed at the n-th thing that happens.

    Attributes:
        kill_at: Number of the event that ends the process; 0 for none.
        fails: Ranks whose training fails.
    """

    kill_at: int = 0
    fails: tuple[int, ...] = ()
    told: list[str] = field(default_factory=list)
    trained: list[str] = field(default_factory=list)
    events: int = 0

    def happens(self) -> None:
        self.events += 1
        if self.events == self.kill_at:
            raise KilledError

    def loss(self, config: Config, step: int) -> float:
        values = config.axolotl
        far = abs(math.log10(values["learning_rate"]) + 2.3) + abs(values["lora_r"] - 8) / 40
        return round(5.0 - (3.0 - far) * step / 10 + (values["seed"] * 7919 % 13) / 400, 6)

    def train(self, config: Config, unwanted: Unwanted) -> dict[str, Any]:
        output = Path(str(config.axolotl["output_dir"]))
        run = RunDir(RUNS / output.name)
        run.path.mkdir(parents=True, exist_ok=True)
        self.trained.append(output.name)
        if config.axolotl["lora_r"] in self.fails:
            raise LaunchError("crashed: on purpose")
        kept = [line for line in metrics(run) if line["step"] <= 4]  # resumed from the checkpoint of step 4
        if kept:  # Axolotl evaluates where a run resumes
            kept.append({"step": 5, "max_steps": 10, "eval_loss": 99.0})
        write_jsonl(run.metrics, kept)
        for step in range(2 if not kept else max(line["step"] for line in kept[:-1]) + 2, 11, 2):
            self.happens()
            kept.append({"step": step, "max_steps": 10, "eval_loss": self.loss(config, step)})
            write_jsonl(run.metrics, kept)
            self.happens()
            if unwanted(run):
                self.happens()
                raise HopelessError("pruned: fell behind")
        record = {"run_id": run.run_id, "result": {"eval_loss_final": {"step": 10, "value": self.loss(config, 10)}}}
        write_json(output / "provenance.json", record)
        self.happens()
        return record

    def tell(self, text: str) -> None:
        self.told.append(text)
        self.happens()


def is_done(config: Config) -> bool:
    return (Path(str(config.axolotl["output_dir"])) / "provenance.json").exists()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Space]:
    """Go to a fresh folder with the search in it."""

    def go(name: str, text: str = SEARCH) -> Space:
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        Path("configs").symlink_to(REPOSITORY / "configs")
        Path("search.yaml").write_text(text, "utf-8")
        return read_space(Path("search.yaml"))

    return go


def run(space: Space, fake: FakeTrainings) -> Found:
    from cli_tuner.backends.optuna_trials import OptunaTrials

    home = Path("models/ablations/search")
    trials = OptunaTrials(
        home, space.axes, seed=space.search.seed, startup=space.search.startup,
        prune_from_step=space.search.prune_from_step, facts={"axes": list(space.search.axes)},
    )  # fmt: skip
    return search(space, trials, Trainings(home, lambda config: config, fake.train, is_done, fake.tell))


def test_trials_start_with_the_recipe_are_pruned_and_the_best_are_trained_with_other_seeds(
    here: Callable[[str], Space],
) -> None:
    fake = FakeTrainings()
    found = run(here("one"), fake)
    assert [trial.number for trial in found.trials] == list(range(9))
    assert found.trials[0].values == {"learning_rate": 0.005, "lora_r": "8", "warmup_steps": 2}
    assert {trial.state for trial in found.trials} == {"succeeded", "pruned"}
    assert all(trial.step >= 4 for trial in found.trials if trial.state == "pruned" and trial.step is not None)
    assert [result.member.seed for result in found.finals] == [8, 8, 8, 9, 9, 9, 10, 10, 10]
    variants = {result.member.variant for result in found.finals}
    assert "base" in variants
    best = sorted(
        (trial for trial in found.trials[1:] if trial.state == "succeeded"), key=lambda trial: trial.loss or 0
    )
    assert variants - {"base"} == {f"trial-{trial.number:03}" for trial in best[:2]}
    assert sum(found.importances.values()) == pytest.approx(1.0)
    assert found.importances["learning_rate"] > found.importances["warmup_steps"]


def test_killed_anywhere_it_tells_the_same(here: Callable[[str], Space]) -> None:
    whole = FakeTrainings()
    wanted = run(here("whole", SHORT), whole).to_json()
    for kill_at in range(3, whole.events + 1, whole.events // 5):
        space = here(f"killed-{kill_at}", SHORT)
        with pytest.raises(KilledError):
            run(space, FakeTrainings(kill_at=kill_at))
        with pytest.raises(KilledError):
            run(space, FakeTrainings(kill_at=2))
        assert run(space, FakeTrainings()).to_json() == wanted, kill_at


def test_a_journal_cut_short_in_its_last_line_goes_on_to_the_same(here: Callable[[str], Space]) -> None:
    wanted = run(here("whole", SHORT), FakeTrainings()).to_json()
    for cut in (1, 200):
        space = here(f"cut-{cut}", SHORT)
        with pytest.raises(KilledError):
            run(space, FakeTrainings(kill_at=25))
        journal = Path("models/ablations/search/trials.journal")
        journal.write_bytes(journal.read_bytes()[:-cut])
        assert run(space, FakeTrainings()).to_json() == wanted, cut


def test_what_is_done_is_not_trained_again_and_more_trials_may_be_asked_for(here: Callable[[str], Space]) -> None:
    space = here("more")
    first = run(space, FakeTrainings())
    again = FakeTrainings()
    assert run(space, again).to_json() == first.to_json()
    assert again.trained == []
    Path("search.yaml").write_text(SEARCH.replace("trials: 9", "trials: 11"), "utf-8")
    longer = run(read_space(Path("search.yaml")), FakeTrainings())
    assert longer.trials[:9] == first.trials
    assert len(longer.trials) == 11


def test_a_trial_that_fails_does_not_stop_the_search(here: Callable[[str], Space]) -> None:
    found = run(here("failing"), FakeTrainings(fails=(4, 16)))
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert {trial.values["lora_r"] for trial in failed} <= {"4", "16"}
    assert failed
    assert any("on purpose" in trial.why for trial in failed)
    assert found.verdict.runner_up is not None


def test_what_would_fail_every_trial_ends_none_of_them(here: Callable[[str], Space]) -> None:
    class Refuses(FakeTrainings):
        def train(self, config: Config, unwanted: Unwanted) -> dict[str, Any]:
            raise error

    space = here("refused")
    for error in (PrerequisiteError("no GPU"), DataError("no rows"), LaunchError("crashed: the recipe's own fault")):
        with pytest.raises(CliTunerError, match=error.message):
            run(space, Refuses())
    assert run(space, FakeTrainings()).trials[0].state == "succeeded"


def test_a_recipe_beyond_its_axes_is_still_what_the_best_is_held_against(here: Callable[[str], Space]) -> None:
    found = run(here("beyond", SEARCH.replace("[4, 8, 16]", "[4, 16]")), FakeTrainings())
    assert found.trials[0].values["lora_r"] in ("4", "16")
    assert "base" in {result.member.variant for result in found.finals}


def test_equal_values_are_trained_once(here: Callable[[str], Space]) -> None:
    text = SEARCH[: SEARCH.index("axes:")] + "axes:\n  lora_r: [4, 8, 16]\ntrials: 6\nseed: 7\n"
    fake = FakeTrainings()
    found = run(here("equal", text), fake)
    assert len(set(fake.trained)) == len(fake.trained)
    assert [trial for trial in found.trials if trial.why.startswith("the same as trial")]
    assert len({str(trial.values) for trial in found.trials}) <= 3


def test_another_search_in_the_folder_is_refused_and_a_wrong_end_of_an_axis_before_anything_is_trained(
    here: Callable[[str], Space],
) -> None:
    space = here("other")
    run(space, FakeTrainings())
    Path("search.yaml").write_text(SEARCH.replace("warmup_steps", "weight_decay"), "utf-8")
    with pytest.raises(ConfigError, match="other axes"):
        run(read_space(Path("search.yaml")), FakeTrainings())
    fake = FakeTrainings()
    with pytest.raises(ConfigError, match="lora_rr"):
        run(here("wrong", SEARCH.replace("lora_r:", "lora_rr:")), fake)
    assert fake.trained == []


def test_only_evaluations_between_first_and_last_step_are_reported() -> None:
    lines: list[dict[str, Any]] = [
        {"step": 0, "max_steps": 4, "eval_loss": 9.0}, {"step": 2, "max_steps": 4, "loss": 1.0},
        {"step": 2, "max_steps": 4, "eval_loss": 3.0}, {"step": 4, "max_steps": 4, "eval_loss": 2.0},
        {"step": 3, "max_steps": 4, "eval_loss": "nan"},
    ]  # fmt: skip
    assert eval_losses(lines) == [(2, 3.0)]
    resumed: list[dict[str, Any]] = [{"step": step, "max_steps": 9, "eval_loss": 1.0 * step} for step in (3, 4, 5, 8)]
    assert eval_losses(resumed, 4) == [(4, 4.0), (8, 8.0)]
    assert eval_losses(resumed, 0.5) == [(3, 3.0), (4, 4.0), (5, 5.0), (8, 8.0)]
