"""The HTML report: self-contained, harmless whatever it shows, and the same bytes for the same run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from cli_tuner.files import sha256_text
from cli_tuner.report.facts import Facts
from cli_tuner.report.gather import gather
from cli_tuner.report.page import html
from cli_tuner.runs.layout import RunDir
from tests.report.fake_evaluation import NASTY
from tests.report.fake_run import SECRET


class Page(HTMLParser):
    """Elements with their attributes, the text of each script and style, and all other text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag if tag in self.inside else ""
        if self._open:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open][-1] += data
        else:
            self.text += data


@pytest.fixture
def page(facts: Facts) -> Page:
    return Page(html(facts))


def test_nothing_points_out_of_the_file(page: Page) -> None:
    pointing = ("src", "href", "action", "srcset", "data", "poster", "background", "ping")
    found = {value for _, given in page.elements for name, value in given.items() if name in pointing}
    assert all(value and (value.startswith("#") or value == "data:,") for value in found)
    assert {tag for tag, _ in page.elements} & {"iframe", "object", "embed", "img", "form", "base", "audio"} == set()
    assert "url(" not in page.inside["style"][0]
    assert "@import" not in page.inside["style"][0]


def test_the_policy_allows_our_style_and_script_and_nothing_else(page: Page) -> None:
    policy = next(
        given["content"] for _, given in page.elements if given.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    runs = page.inside["script"][-1]
    for name, text in (("style-src", page.inside["style"][0]), ("script-src", runs)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not any(name == "style" or name.startswith("on") for _, given in page.elements for name in given)


def test_hostile_text_makes_no_element_and_is_shown_as_it_was(page: Page) -> None:
    scripts = [given for tag, given in page.elements if tag == "script"]
    assert [given.get("id") for given in scripts] == ["curves", "samples-data", None]
    assert not any(tag in ("b", "img") and given.get("src") for tag, given in page.elements)
    samples = json.loads(page.inside["script"][1])
    texts = {row["tuned"]["text"] for row in samples["rows"]}
    assert NASTY["script"] in texts
    assert NASTY["markup"] in texts
    assert "\\x1b[31mrm -rf /\\x1b[0m\\x07" in texts
    assert NASTY["script"] in page.text  # an example of the static part


def test_no_character_of_the_page_acts_on_a_terminal_or_on_the_order_of_text(facts: Facts) -> None:
    text = html(facts)
    assert set(re.findall(r"[^\n\t\x20-\x7e]", text)) <= set("·–→▲…")
    text.encode()


def test_the_same_facts_give_the_same_bytes(facts: Facts, run: RunDir) -> None:
    digests = {sha256_text(html(one)) for one in (facts, gather(run), gather(run))}  # a difference would be too long
    assert len(digests) == 1


def test_no_secret_is_on_the_page(facts: Facts) -> None:
    assert SECRET not in html(facts)


def test_each_part_of_the_evaluation_is_there(page: Page) -> None:
    for said in (
        "Raw answers", "Command taken out", "75.3 %", "+66.7", "benign lookalike", "Dangerous answers (16)",
        "By utility", "kept checkpoint", "Learning rate", "Gradient norm", "Throughput", "Data and overlap check",
        "Cost", "training, wall time", "0 pairs by 2 comparisons", "6cf224c3ae26d31769241e22c1e7b3b9786b0d4c", "nf4",
    ):  # fmt: skip
        assert said in page.text, said
    assert sum(tag == "svg" and given.get("class") == "chart" for tag, given in page.elements) == 7


def test_every_id_that_is_linked_exists_once(page: Page) -> None:
    ids = [given["id"] for _, given in page.elements if given.get("id")]
    assert len(ids) == len(set(ids))
    linked = {given["href"][1:] for tag, given in page.elements if tag == "a" and given["href"]}
    assert linked <= set(ids)


def _without_evaluation(run: RunDir) -> None:
    (run.path / "evaluation.json").unlink()


def _without_validation(run: RunDir) -> None:
    _without_evaluation(run)
    run.validation.unlink()


def _bare(run: RunDir) -> None:
    _without_validation(run)
    run.metrics.unlink()
    run.record.unlink()


@pytest.mark.parametrize("breaking", [_without_evaluation, _without_validation, _bare])
def test_what_is_missing_is_said_with_the_command(run: RunDir, breaking: Callable[[RunDir], None]) -> None:
    breaking(run)
    facts = gather(run)
    page = Page(html(facts))
    assert "Not in this report" in page.text
    for one in facts.missing:
        assert one.why in page.text
        assert one.command in page.text


def test_an_evaluation_without_a_base_is_shown(run: RunDir) -> None:
    path = run.path / "evaluation.json"
    loaded = json.loads(path.read_text())
    empty = {"base": {}, "paired": {}}
    loaded.update(empty, compare=None, extracted=None, slices={}, safety=None, data={})
    path.write_text(json.dumps(loaded))
    rows = run.path / "evaluation/rows.jsonl"
    lines = [{**json.loads(line), "base": None} for line in rows.read_text("utf-8").split("\n") if line]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    page = Page(html(gather(run)))
    assert "75.3 %" in page.text


def test_a_reading_that_changed_nothing_is_said_once(run: RunDir) -> None:
    path = run.path / "evaluation.json"
    loaded = json.loads(path.read_text())
    loaded["extracted"] = {side: loaded[side] for side in ("base", "tuned", "paired")}
    path.write_text(json.dumps(loaded))
    assert "Command taken out: the same numbers" in Page(html(gather(run))).text


def test_intercode_is_a_scorecard_of_its_own(run: RunDir) -> None:
    path = run.path / "evaluation.json"
    loaded = json.loads(path.read_text())
    loaded["intercode"] = {"base": loaded["base"], "tuned": loaded["tuned"], "paired": {}, "slices": {}, "examples": {}}
    loaded["execution"] = {"tuned": {"execution_match": {"value": 0.25, "n": 4}}, "refused": 3}
    path.write_text(json.dumps(loaded))
    text = Page(html(gather(run))).text
    assert "InterCode-ALFA: raw answers" in text
    assert "tuned.execution_match" in text


def test_a_metric_over_no_prompts_is_a_dash_never_a_zero(run: RunDir) -> None:
    path = run.path / "evaluation.json"
    loaded = json.loads(path.read_text())
    none = {"value": None, "n": 0, "ci_low": None, "ci_high": None, "method": "none"}
    loaded["tuned"] = {"exact_match": none}
    loaded["base"] = {"exact_match": {"value": 0.5, "n": 2, "ci_low": 0.1, "ci_high": 0.9}}
    loaded["paired"] = {"exact_match": {"delta": None, "n": 0}}
    loaded["extracted"] = None
    path.write_text(json.dumps(loaded))
    facts = gather(run)
    assert "Exact match" in Page(html(facts)).text
    assert not any(one.startswith("Exact match on") for one in Page(html(facts)).text.splitlines())
