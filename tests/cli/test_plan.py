"""`cli-tuner plan`: the verdict, the exit code and the document."""

from __future__ import annotations

import json

import pytest

from cli_tuner.cli.main import main


def test_the_full_recipe_fits_24_gb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "configs/full.yaml", "--target", "rtx-4090"]) == 0
    shown = capsys.readouterr()
    assert "fits: about 8." in shown.err
    assert "5,046,272 of 7,615,616,512" in shown.out and "eval_on_start" in shown.out


def test_a_4_gb_card_is_refused_with_what_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "configs/full.yaml", "--target", "gtx-1650"]) == 1
    told = capsys.readouterr().err
    assert "does not fit" in told and "--set base_model=Qwen/Qwen2.5-Coder-1.5B-Instruct" in told
    assert "[bf16-on-old-gpu]" in told


def test_the_document_holds_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "configs/low_vram.yaml", "--target", "gtx-1650", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["fits"] is True and facts["memory"]["peak_bytes"] < 4 * 2**30
    assert facts["table"]["saves"] == [100, 200, 300, 400, 500]
    assert all(part["source"] and part["formula"] for part in facts["memory"]["parts"])


def test_a_wrong_config_is_refused_before_anything_is_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "configs/full.yaml", "--set", "lora_rr=8"]) == 2
    assert "did you mean lora_r?" in capsys.readouterr().err


def test_a_recipe_of_the_tiny_model_is_planned_for_the_cpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "configs/smoke.yaml", "--target", "cpu", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["fits"] is None and facts["table"]["steps"] == 10
