"""`cli-tuner ablate`: what is refused before anything is trained, and what a search prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.cli import ablate_report, training
from cli_tuner.cli.main import main
from cli_tuner.files import write_json
from tests.validate.checkpoints import make_base

SEARCH = """
config: configs/smoke.yaml
axes:
  lora_r: [4, 8, 16]
  learning_rate: {low: 0.001, high: 0.01, log: true}
trials: 5
startup: 2
repeats: 3
"""


@pytest.fixture
def search(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for real trainings: the loss is that of the rank; return the outputs that were trained."""
    trained: list[str] = []

    def train_one(config: Any, *_: Any, **__: Any) -> Any:
        output = Path(str(config.axolotl["output_dir"]))
        value = config.axolotl["lora_r"] / 10 + (config.axolotl["seed"] % 7) / 1000
        write_json(
            output / "provenance.json", {"run_id": "x", "result": {"eval_loss_final": {"step": 9, "value": value}}}
        )
        trained.append(output.name)
        return None, {}

    monkeypatch.setattr(training, "train_one", train_one)
    monkeypatch.setattr(
        ablate_report, "is_done", lambda config: (Path(config.axolotl["output_dir"]) / "provenance.json").exists()
    )
    monkeypatch.setenv("WANDB_MODE", "disabled")
    make_base(checkout / "models/tiny_base")
    (checkout / "search.yaml").write_text(SEARCH, "utf-8")
    return trained


def test_a_search_prints_its_trials_and_names_a_winner_that_seeds_agree_on(
    search: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    assert main(["ablate", "--search", "search.yaml"]) == 0
    out, err = capsys.readouterr()
    assert "Trials, one seed" in out
    assert "With further seeds" in out
    assert "beats the recipe" in out or "is shown to beat the recipe" in out
    assert "trial 0 (lora_r 8, learning_rate 0.005): succeeded" in err
    assert Path("models/ablations/search-search/what_mattered.png").read_bytes().startswith(b"\x89PNG")
    n = len(search)
    assert main(["ablate", "--search", "search.yaml", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(search) == n  # nothing is trained twice
    assert json.loads(Path("models/ablations/search-search/study.json").read_text()) == report
    assert [trial["number"] for trial in report["trials"]] == [0, 1, 2, 3, 4]


REFUSED: dict[str, tuple[list[str], str, int]] = {
    "no such file": (["--search", "none.yaml"], "none.yaml: no such file", 2),
    "with --set": (["--search", "search.yaml", "--set", "seed=1"], "takes neither", 2),
    "with --axis": (["--search", "search.yaml", "--axis", "lora_r=4,8"], "takes neither", 2),
    "with a folder": (["configs/ablations", "--search", "search.yaml"], "takes neither", 2),
    "no axes": ([], "--axis", 2),
}


@pytest.mark.parametrize(("argv", "said", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_searched_is_refused(
    search: list[str], refused: Callable[..., str], argv: list[str], said: str, code: int
) -> None:
    assert said in refused("ablate", *argv, code=code)
    assert search == []


def test_without_optuna_the_extra_is_named(
    search: list[str], refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "cli-tuner[search]" in refused("ablate", "--search", "search.yaml", code=3)
    assert search == []
