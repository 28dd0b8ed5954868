"""What a run folder holds, and what a report says of what it does not hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli_tuner.files import write_json
from cli_tuner.report.facts import Facts
from cli_tuner.report.gather import gather
from cli_tuner.runs.layout import RunDir
from tests.report.fake_run import SECRET

CHECKPOINT = Path("models/checkpoints/demo")


def missing(facts: Facts) -> dict[str, tuple[str, str]]:
    return {one.what: (one.why, one.command) for one in facts.missing}


def test_a_finished_run_misses_nothing(facts: Facts) -> None:
    assert facts.missing == []
    assert facts.checkpoint_dir == str(CHECKPOINT)
    assert (len(facts.rows), facts.n_rows) == (258, 258)
    assert facts.splits["data/processed/train.jsonl"].rows == 400
    assert facts.curves.checkpoints == (100, 200, 300, 400)
    assert facts.validation is not None


def test_a_run_that_was_only_trained_names_the_next_commands(run: RunDir) -> None:
    run.validation.unlink()
    (run.path / "evaluation.json").unlink()
    found = missing(gather(run))
    assert found["validation"][1] == f"cli-tuner validate --checkpoint-dir {CHECKPOINT}"
    assert found["evaluation"][1] == f"cli-tuner evaluate --checkpoint-dir {CHECKPOINT}"


def test_an_empty_run_folder_is_still_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models/runs/x").mkdir(parents=True)
    facts = gather(RunDir(Path("models/runs/x")))
    assert set(missing(facts)) == {"run record", "training record", "curves", "validation", "evaluation"}
    assert not any(command for what, (_, command) in missing(facts).items() if what in ("validation", "evaluation"))


def test_a_crashed_run_says_how_to_go_on(run: RunDir) -> None:
    write_json(run.record, {"state": "crashed", "output_dir": str(CHECKPOINT), "fault": "out of memory"})
    shutil.rmtree(CHECKPOINT)
    facts = gather(run)
    assert facts.state == "crashed"
    assert missing(facts)["training record"][1].startswith("cli-tuner train")
    assert facts.curves.points("loss")


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "null", '{"gates": 3}', "[" * 5_000])
@pytest.mark.parametrize("name", ["validation.json", "evaluation.json"])
def test_a_damaged_file_is_missing_and_named(run: RunDir, name: str, text: str) -> None:
    (run.path / name).write_text(text)
    facts = gather(run)
    why, command = missing(facts)[name.removesuffix(".json")]
    assert name in why
    assert command


@pytest.mark.parametrize("name", ["run.json", "metrics.jsonl", "config.yaml", "status.json"])
def test_any_other_damaged_file_ends_nothing(run: RunDir, name: str) -> None:
    (run.path / name).write_text("{")
    gather(run)


def test_numbers_of_an_evaluation_must_be_numbers(run: RunDir) -> None:
    path = run.path / "evaluation.json"
    for value in ("NaN", '"high"', "[1]"):
        loaded = json.loads(path.read_text())
        loaded["tuned"]["exact_match"]["value"] = "HERE"
        path.write_text(json.dumps(loaded).replace('"HERE"', value))
        assert "tuned.exact_match.value" in missing(gather(run))["evaluation"][0]


def test_an_evaluation_of_a_later_format_is_not_guessed_at(run: RunDir) -> None:
    path = run.path / "evaluation.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    assert "format" in missing(gather(run))["evaluation"][0]


def test_missing_or_torn_rows_leave_the_numbers(run: RunDir) -> None:
    rows = run.path / "evaluation/rows.jsonl"
    rows.write_text(rows.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    facts = gather(run)
    assert "prompts and answers" in missing(facts)
    assert facts.evaluation is not None
    rows.unlink()
    assert "prompts and answers" in missing(gather(run))


def test_an_output_folder_that_another_run_took_is_not_this_runs(run: RunDir) -> None:
    record = json.loads((CHECKPOINT / "provenance.json").read_text())
    write_json(run.path / "provenance.json", record)
    write_json(CHECKPOINT / "provenance.json", {**record, "run_id": "another"})
    facts = gather(run)
    assert facts.checkpoint_dir is None
    assert facts.training is not None
    assert "another run" in missing(facts)["checkpoint"][0]


def test_the_output_that_was_moved_aside_is_found(run: RunDir) -> None:
    CHECKPOINT.rename(f"{CHECKPOINT}.previous")
    assert gather(run).checkpoint_dir == f"{CHECKPOINT}.previous"


def test_rows_that_changed_since_the_training_are_not_counted_as_trained(run: RunDir) -> None:
    with Path("data/processed/train.jsonl").open("a") as handle:
        handle.write("{}\n")
    write_json(Path("data/processed/provenance.json"), {"leakage": {"overlap": {"x": 5}}})
    facts = gather(run)
    assert list(facts.splits) == ["data/processed/val.jsonl"]
    assert facts.data is None
    assert "data/processed/train.jsonl" in missing(facts)["length and utility of the training rows"][0]
    assert "data record" in missing(facts)


def test_no_secret_is_gathered(run: RunDir) -> None:
    record = json.loads(run.record.read_text())
    write_json(
        run.record, {**record, "state": "crashed", "fault": f"401 for token {SECRET} at https://me:hunter22@host/"}
    )
    facts = gather(run)
    text = repr((facts.record, facts.config, facts.training))
    assert SECRET not in text
    assert "hunter22" not in text
    assert "[redacted]" in text
