"""Runs side by side: differences with where they were asked for, paired tests on shared prompts, curves together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_tuner.cli.main import main
from cli_tuner.evaluate.compare import compare as paired_test
from cli_tuner.files import write_json, write_jsonl
from cli_tuner.report.comparison import compared, page, plot
from cli_tuner.runs.facts import all_facts
from cli_tuner.runs.layout import RUNS, RunDir


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def answer(name: str, score: float, instruction: str = "list") -> dict[str, Any]:
    scores = {"exact_match": score, "chrf": None}
    return {
        "suite": "domain",
        "id": name,
        "instruction": f"{instruction} {name}",
        "tuned": {"scores": scores},
        "base": {},
    }


def make(name: str, rate: float, digest: str, scores: list[float], instruction: str = "list") -> RunDir:
    run = RunDir(RUNS / name)
    run.path.mkdir(parents=True)
    config = {"learning_rate": rate, "seed": 42, "output_dir": name, "cli_tuner": {"run_id": name, "phase": "smoke"}}
    run.config.write_text(yaml.safe_dump(config))
    recipe = {"file": "configs/smoke.yaml", "set": [f"learning_rate={rate}"] if rate != 1 else []}
    write_json(run.record, {"state": "succeeded", "recipe": recipe, "output_dir": f"models/checkpoints/{name}"})
    write_json(run.path / "provenance.json", {
        "run_id": name, "subjects": {}, "materials": {"data": {"data/train.jsonl": digest * 64}},
        "base_model": {"name": "models/base"}, "result": {"eval_loss_final": {"step": 2, "value": rate}},
    })  # fmt: skip
    write_jsonl(run.metrics, [{"step": step, "loss": rate + step, "eval_loss": rate} for step in range(3)])
    write_jsonl(
        run.path / "evaluation/rows.jsonl", [answer(str(n), score, instruction) for n, score in enumerate(scores)]
    )
    return run


def both(*more: RunDir) -> Any:
    runs = [make("a", 1, "1", [0, 0, 0, 1]), make("b", 2, "2", [1, 1, 1, 1, 1]), *more]
    return compared(runs, {one["run_id"]: one for one in all_facts()}, paired_test)


def test_only_what_differs_is_listed_with_where_it_was_asked_for() -> None:
    found = both()
    assert found.config == [
        {"key": "learning_rate", "values": [1, 2], "origins": ["configs/smoke.yaml", "--set learning_rate=2"]}
    ]
    assert found.data == [{"what": "train.jsonl", "values": ["1" * 64, "2" * 64]}]
    assert {one["name"]: one["values"] for one in found.outcomes}["eval_loss"] == [1, 2]


def test_the_paired_test_is_on_the_prompts_that_both_answered() -> None:
    (one,) = both().paired
    assert (one.runs, one.metric, one.n, one.wins, one.losses) == (["a", "b"], "exact_match", 4, 3, 0)
    assert (one.delta, one.test) == (0.75, "mcnemar_exact")
    third = make("c", 1, "1", [1, 1], instruction="other words for")
    runs = [RunDir(RUNS / "a"), third]
    assert compared(runs, {one["run_id"]: one for one in all_facts()}, paired_test).paired == []


def test_curves_lie_over_each_other_on_the_page_and_in_the_terminal() -> None:
    found = both()
    html = page(found)
    assert html == page(found) and html.count('class="line run0"') == html.count('class="line run1"') == 2
    assert "http" not in html.partition("<body")[2].replace("http://www.w3.org", "")
    drawn = plot(found.curves["loss"], 20, 5)
    assert len(drawn) == 7 and {"A", "B"} <= set("".join(drawn))
    assert drawn[0].lstrip().startswith("4 |") and drawn[4].lstrip().startswith("1 |")
    assert plot({}) == [] and plot({"x": []}) == []


def test_a_name_from_outside_is_only_text_on_the_page() -> None:
    run = make("d", 3, "3", [])
    config = yaml.safe_load(run.config.read_text())
    run.config.write_text(yaml.safe_dump({**config, "x": "<script>alert(1)</script>"}))
    assert "<script>alert" not in page(both(run))


def test_the_command_prints_one_document_and_writes_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    both()
    assert main(["runs", "compare", "a", "b", "--json", "--html", "cmp.html"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == ["a", "b"]
    assert Path("cmp.html").is_file()
    assert main(["runs", "compare", "a", "b"]) == 0
    assert "--set learning_rate=2" in capsys.readouterr().out
    for argv, code in ((["a"], 2), (["a", "a"], 2), (["a", "none"], 2)):
        assert main(["runs", "compare", *argv]) == code
        assert "hint: " in capsys.readouterr().err
