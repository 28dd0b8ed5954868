"""`cli-tuner config`: what it prints, what it exits with, and what it does not import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_tuner.cli.main import main


@pytest.fixture(autouse=True)
def _no_services(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_a_good_config_is_ok_on_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "configs/full.yaml", "--target", "rtx-4090"]) == 0
    assert "configs/full.yaml: ok on rtx-4090" in capsys.readouterr().err


def test_a_misspelled_key_exits_2_with_file_line_path_and_the_right_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("seed: 1\nwandb_run_name: x\n", encoding="utf-8")
    assert main(["config", "check", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"{file}:2: wandb_run_name" in told and "did you mean wandb_name?" in told


def test_a_contradiction_exits_2_and_says_how_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "configs/full.yaml", "--set", "adapter=lora"]) == 2
    told = capsys.readouterr().err
    assert "[4bit-without-qlora]" in told and "fix: adapter: qlora" in told


def test_a_warning_does_not_fail_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["config", "check", "configs/full.yaml", "--set", "num_epochs=1", "--set", "output_dir=no/where", "--json"]
    assert main(argv) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], [one["rule"] for one in report["remarks"]]) == (True, ["max-steps-beat-epochs"])


def test_an_unknown_target_is_a_usage_error_that_names_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "configs/full.yaml", "--target", "rtx-1"]) == 2
    assert "rtx-4090" in capsys.readouterr().err


def test_show_prints_a_config_that_can_be_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "configs/ablations/rank4.yaml", "--target", "t4"]) == 0
    file = tmp_path / "c.yaml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["config", "diff", str(file), "configs/ablations/rank4.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_show_origin_names_the_line_of_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", "configs/ablations/rank4.yaml", "--origin", "--json", "--set", "seed=1"]) == 0
    origins = {one["key"]: one["origin"] for one in json.loads(capsys.readouterr().out)}
    assert origins["lora_r"].startswith("configs/ablations/rank4.yaml:") and origins["seed"] == "--set"


def test_the_schema_is_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False


def test_faults_and_contradictions_are_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"extends: {Path('configs/full.yaml').resolve()}\nlora_rr: 1\nadapter: lora\n", encoding="utf-8")
    assert main(["config", "check", str(file), "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    found = [(one["rule"], one["path"], one["file"], one["line"], one["policy"]) for one in report["faults"]]
    full = str(Path("configs/full.yaml").resolve())
    line = 1 + Path(full).read_text().splitlines().index("load_in_4bit: true")
    assert report["ok"] is False
    assert found == [
        ("unknown-key", "lora_rr", str(file), 2, True), ("4bit-without-qlora", "load_in_4bit", full, line, True),
    ]  # fmt: skip
    assert report["faults"][0]["message"] == "lora_rr is not an Axolotl key (did you mean lora_r?)"


def test_a_file_that_is_no_yaml_is_a_json_document_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("a: [\n", encoding="utf-8")
    assert main(["config", "check", str(tmp_path / "c.yaml"), "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False and "not valid YAML" in report["faults"][0]["message"]
