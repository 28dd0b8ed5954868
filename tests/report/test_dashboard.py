"""The dashboard: every run is listed, whatever state its folder is in."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from cli_tuner.files import write_json, write_text
from cli_tuner.report.dashboard import dashboard, entries
from cli_tuner.runs.layout import RunDir
from cli_tuner.runs.registry import runs


def test_no_runs_say_how_to_make_one() -> None:
    assert "make smoke" in dashboard([])


def test_a_finished_run_shows_its_numbers(run: RunDir) -> None:
    one = entries([run])[0]
    assert one.state == "succeeded"
    assert one.eval_loss is not None and one.eval_loss[1] < one.eval_loss[0]
    assert one.tuned is not None
    assert one.gates == (3, 3)
    assert one.project == "cli-tuner"
    page = dashboard([one])
    for said in (run.run_id, "75.3 %", "8.6 %", "3 / 3", f"cli-tuner report --run {run.run_id}"):
        assert said in page
    assert "href" not in page.replace('href="data:,"', "")


def test_a_run_that_trains_shows_how_far_it_is_and_the_page_reloads(run: RunDir) -> None:
    assert 'http-equiv="refresh"' not in dashboard(entries([run]))
    write_json(run.record, {"state": "running", "supervisor_pid": os.getpid()})
    line = {"step": 2, "max_steps": 10, "loss": 1.5, "elapsed_s": 4.0, "memory/max_active (GiB)": 7.25}
    write_text(run.metrics, json.dumps(line) + "\n")
    page = dashboard(entries([run]))
    assert "step 2/10  loss 1.5  GiB 7.25  16 s left" in page
    assert '<meta http-equiv="refresh" content="5">' in page


def test_a_report_that_was_written_is_linked_by_a_relative_address(run: RunDir) -> None:
    write_text(run.path / "report/report.html", "x")
    assert f'href="{run.run_id}/report/report.html"' in dashboard(entries([run]))


def test_the_newest_run_comes_first_and_torn_runs_are_listed(run: RunDir) -> None:
    runs_dir = run.path.parent
    for name, text in (("29990101-000000-new-0000", "{"), ("20000101-000000-old-0000", "[]")):
        folder = runs_dir / name
        folder.mkdir()
        for file in ("run.json", "evaluation.json", "validation.json", "metrics.jsonl", "config.yaml"):
            (folder / file).write_text(text)
    (runs_dir / "29990102-000000-empty-0000").mkdir()
    found = entries(runs(runs_dir))
    assert [one.run_id[:4] for one in found] == ["2999", "2999", "2026", "2000"]
    page = dashboard(found)
    assert all(one.run_id in page for one in found)


def test_hostile_names_and_states_stay_text(run: RunDir) -> None:
    evil = run.path.parent / "<img src=x onerror=alert(1)>\u202e"
    shutil.copytree(run.path, evil)
    (evil / "run.json").write_text('{"state": "<script>alert(1)</script>"}')
    (evil / "wandb/offline-run-<b>").mkdir(parents=True)
    write_text(evil / "report/report.html", "x")
    page = dashboard(entries([RunDir(Path(evil))]))
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>off" not in page
    assert "\u202e" not in page
    assert "%3Cimg" in page
