"""General tasks through the harness's own API: figures are read as they are, both sides come from one model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_tuner.backends.lm_eval_tasks import Tasks, _scores, run_tasks
from cli_tuner.errors import ConfigError


def test_a_figure_comes_with_the_interval_of_its_standard_error() -> None:
    found = _scores(
        {"alias": "x", "acc,none": 0.5, "acc_stderr,none": 0.1, "f1,strict": 0.25, "f1_stderr,strict": "N/A"}, 20
    )
    assert set(found) == {"acc", "f1 (strict)"}
    assert found["acc"]["ci_low"] == pytest.approx(0.304, abs=1e-3)
    assert (found["acc"]["n"], found["acc"]["method"]) == (20, "lm_eval_stderr")
    assert (found["f1 (strict)"]["ci_low"], found["f1 (strict)"]["method"]) == (None, "none")


TASK = """
task: cli_tuner_shell_choice
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
metadata: {version: 1}
"""


@pytest.mark.slow
def test_a_local_task_runs_offline_on_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    base = "models/toy_base"
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, init_lora_weights=False))
    model.save_pretrained(tmp_path / "adapter")
    AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path / "adapter")
    rows = [{"q": f"count lines of f{n}:", "choices": ["wc -l", "rm"], "gold": n % 2} for n in range(6)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "task.yaml").write_text(TASK.replace("ROWS", str(tmp_path / "rows.jsonl")), "utf-8")
    tasks = Tasks(("cli_tuner_shell_choice",), tmp_path, limit=4)
    found = run_tasks(base, tmp_path / "adapter", None, tasks)
    assert set(found) == {"base", "tuned"}
    for side in found.values():
        assert side["cli_tuner_shell_choice"]["acc"]["n"] == 4
        assert side["cli_tuner_shell_choice"]["acc"]["value"] == 0.5  # one answer for all: half of them are right
    with pytest.raises(ConfigError, match="no task nowhere"):
        run_tasks(base, tmp_path / "adapter", None, Tasks(("nowhere",), tmp_path))
