"""The Markdown report and the model card: whole tables, no markup from outside, recorded numbers only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from cli_tuner.report.card import metadata, model_card
from cli_tuner.report.facts import Facts
from cli_tuner.report.gather import gather
from cli_tuner.report.markdown import markdown
from cli_tuner.runs.layout import RunDir
from tests.report.fake_evaluation import NASTY
from tests.report.fake_run import SECRET

PLOTS = [("training_loss.png", "training loss")]


def tables(text: str) -> list[list[int]]:
    """Cells of each row of each table."""
    found: list[list[int]] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append(0)
        elif token.type in ("td_open", "th_open"):
            found[-1][-1] += 1
    return found


@pytest.mark.parametrize("form", ["report", "card"])
def test_every_table_is_whole_and_nothing_is_html(facts: Facts, form: str) -> None:
    text = markdown(facts, PLOTS) if form == "report" else model_card(facts).split("---\n", 2)[2]
    assert all(len(set(rows)) == 1 and len(rows) > 1 for rows in tables(text))
    kinds = {token.type for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)}
    assert "html_block" not in kinds
    lines = {len(line) - len(line.lstrip("|")) for line in text.splitlines() if line.startswith("|")}
    assert lines == {1}
    assert SECRET not in text
    assert not set(re.findall(r"[^\n\x20-\x7e]", text)) - set("·–→…⏎ï")


def test_every_table_of_the_source_is_read_as_one(facts: Facts) -> None:
    text = markdown(facts, PLOTS)
    assert len(tables(text)) == len(re.findall(r"^\|[-:| ]+\|$", text, flags=re.MULTILINE))


def test_the_report_shows_hostile_answers_as_blocks(facts: Facts) -> None:
    tokens = MarkdownIt("commonmark").parse(markdown(facts, PLOTS))
    blocks = {token.content.rstrip("\n") for token in tokens if token.type == "fence"}
    assert NASTY["table"] in blocks
    assert NASTY["script"] in blocks


def test_the_report_of_a_bare_run_names_what_is_missing(run: RunDir) -> None:
    (run.path / "evaluation.json").unlink()
    run.validation.unlink()
    text = markdown(gather(run), [])
    assert "`cli-tuner evaluate --checkpoint-dir models/checkpoints/demo` makes it" in text
    assert "`cli-tuner validate --checkpoint-dir models/checkpoints/demo` makes it" in text
    assert "## Base and tuned" not in text


def numbers(value: Any) -> set[float]:
    if isinstance(value, dict):
        return {one for child in value.values() for one in numbers(child)}
    if isinstance(value, list):
        return {one for child in value for one in numbers(child)}
    return {value} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def test_the_card_holds_recorded_numbers_only(facts: Facts) -> None:
    recorded = numbers(json.loads((facts.run.path / "evaluation.json").read_text())) | numbers(
        dict(facts.training or {})
    )
    claimed = numbers(metadata(facts)["model-index"])
    assert len(claimed) > 10
    assert claimed <= recorded


def test_the_cards_metadata_is_plain_yaml(facts: Facts) -> None:
    text = model_card(facts)
    assert yaml.safe_load(text.split("---\n")[1]) == metadata(facts)
    assert "&id" not in text


def test_a_local_base_model_is_not_passed_for_one_of_the_hub(facts: Facts) -> None:
    assert "base_model" not in metadata(facts)
    assert "models/toy\\_base" in model_card(facts)


def test_a_base_model_and_data_of_the_hub_are_linked(run: RunDir) -> None:
    path = Path("models/checkpoints/demo/provenance.json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "base_model": {"name": "Qwen/Qwen2.5-Coder-7B-Instruct", "digests": None}}))
    facts = gather(run)
    facts.data = {"sources": [{"hub": "owner/rows", "licence": "MIT"}]}
    found = metadata(facts)
    assert found["base_model"] == "Qwen/Qwen2.5-Coder-7B-Instruct"
    assert found["base_model_relation"] == "adapter"
    assert found["datasets"] == ["owner/rows"]


def test_a_card_without_an_evaluation_claims_no_quality(run: RunDir) -> None:
    (run.path / "evaluation.json").unlink()
    facts = gather(run)
    assert "Not evaluated." in model_card(facts)
    assert [one["metrics"][0]["type"] for one in metadata(facts)["model-index"][0]["results"]] == ["loss"]


@pytest.mark.contract
def test_the_hub_reads_the_card_offline(facts: Facts) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard(model_card(facts))
    found = {(one.dataset_name, one.metric_name): one.metric_value for one in card.data.eval_results}
    assert facts.evaluation is not None
    expected = facts.evaluation.tuned["exact_match"].value
    assert found["data/processed/test.jsonl", "Exact match (raw)"] == expected
    assert found["data/processed/val.jsonl", "Evaluation loss, nats a token"] == 0.31
    assert ModelCard(str(card)).data.to_dict() == card.data.to_dict()
