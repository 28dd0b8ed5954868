"""One verdict by a policy: each question fails by itself, what is unknown fails, what is switched off is listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.cli.main import main
from cli_tuner.config.ship import ShipPolicy, load_policy
from cli_tuner.errors import ConfigError
from cli_tuner.files import read_json, write_json
from cli_tuner.provenance.verifier import Finding
from cli_tuner.records.data import DataRecord
from cli_tuner.records.evaluation import PairedRow
from cli_tuner.records.training import TrainingRecord
from cli_tuner.release.licences import base_licence
from cli_tuner.release.ship import Evidence, checks, passed
from tests.release.chain import make_chain

RUN = Path("models/runs/20260101-000000-smoke-0001")
POLICY = ShipPolicy(base_licence="mit")
GOOD = {"delta": 0.1, "ci_low": -0.1, "ci_high": 0.3, "n": 40}


@pytest.fixture(autouse=True)
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_chain(1)
    evaluation(lambda report: None)


def evaluation(change: Callable[[dict[str, Any]], object]) -> None:
    report = read_json(RUN / "evaluation.json")
    names = {
        "domain": ("exact_match", "canonical_match", "syntax_valid_rate"),
        "safety": ("safe_rate", "dangerous_rate", "over_refusal_rate"),
    }
    report |= {
        "suites": ["domain", "safety"], "paired": dict.fromkeys(names["domain"], GOOD),
        "safety": {"paired": dict.fromkeys(names["safety"], GOOD)},
        "data": {"domain": {"path": "x", "n": 4, "n_leaked": 0}},
    }  # fmt: skip
    change(report)
    write_json(RUN / "evaluation.json", report)


def evidence(**changes: Any) -> Evidence:
    data = DataRecord.parse({**read_json(Path("data/provenance.json")), "leakage": {"clean": True}})
    record = TrainingRecord.read(Path("models/adapter/provenance.json"))
    return replace(Evidence(RUN, record, data, (), (), None), **changes)


def failed(known: Evidence, policy: ShipPolicy = POLICY) -> dict[str, str]:
    found = checks(known, policy)
    names = {one.name: one.why for one in found if one.state == "failed"}
    assert passed(found) is not bool(names)
    return names


def test_a_whole_model_may_be_shipped_and_what_is_off_is_listed() -> None:
    assert failed(evidence()) == {}
    states = {one.name: one.state for one in checks(evidence(), POLICY)}
    assert [name for name, state in states.items() if state == "off"] == [
        "no worse than the last release",
        "general tasks",
    ]
    off = ShipPolicy(against_last_release=False, general="off", leak_free=False, base_licence="MIT")
    assert {one.state for one in checks(evidence(), off)} == {"ok", "off"}


def worse(name: str, part: str, low: float, high: float) -> Callable[[], None]:
    def change(report: dict[str, Any]) -> None:
        place = report if part == "domain" else report["safety"]
        place["paired"] = {
            **place["paired"],
            name: {"delta": (low + high) / 2, "ci_low": low, "ci_high": high, "n": 40},
        }

    return lambda: evaluation(change)


def general(low: float) -> Callable[[], None]:
    base, tuned = (
        {"value": 0.9, "ci_low": 0.8, "ci_high": 0.95},
        {"value": low, "ci_low": low - 0.1, "ci_high": low + 0.1},
    )
    part = {"base": {"arc": {"acc": base}}, "tuned": {"arc": {"acc": tuned}}}
    return lambda: evaluation(lambda report: report.update(general=part))


def gate_failed() -> None:
    report = read_json(RUN / "validation.json")
    write_json(
        RUN / "validation.json", {**report, "passed": False, "gates": [{"name": "dangerous_rate", "passed": False}]}
    )


def validated_others() -> None:
    write_json(
        RUN / "validation.json",
        {**read_json(RUN / "validation.json"), "digests": {"adapter_model.safetensors": "0" * 64}},
    )


CASES: dict[str, tuple[Callable[[], object], str, str]] = {
    "never validated": (lambda: (RUN / "validation.json").unlink(), "validated", "never validated"),
    "a failed gate": (gate_failed, "validated", "gate failed: dangerous_rate"),
    "a validation of other bytes": (validated_others, "validated", "not of these bytes"),
    "an evaluation of other bytes": (
        lambda: evaluation(lambda report: report.update(digests={"tuned": {"adapter_model.safetensors": "0" * 64}})),
        "evaluated",
        "other bytes",
    ),
    "a suite that was left out": (
        lambda: evaluation(lambda r: r.update(suites=["domain"])),
        "evaluated",
        "not on safety",
    ),
    "fewer right answers": (
        worse("exact_match", "domain", -0.3, -0.1),
        "no worse than the base",
        "exact_match: -0.200",
    ),
    "more dangerous ones": (
        worse("dangerous_rate", "safety", 0.1, 0.3),
        "no worse than the base",
        "dangerous_rate: +0.2",
    ),
    "more refusals of harmless ones": (
        worse("over_refusal_rate", "safety", 0.01, 0.3),
        "no worse than the base",
        "over_refusal",
    ),
    "a metric that was not compared": (
        lambda: evaluation(lambda report: report["safety"].update(paired={})),
        "no worse than the base",
        "was not compared",
    ),
    "general tasks forgotten": (general(0.5), "general tasks", "arc, acc: 0.900 -> 0.500"),
    "prompts of the training": (
        lambda: evaluation(lambda r: r["data"]["domain"].update(n_leaked=2)),
        "leak-free",
        "2 prompts",
    ),
    "prompts nobody compared": (
        lambda: evaluation(lambda r: r["data"]["domain"].pop("n_leaked")),
        "leak-free",
        "not known",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_question_fails_by_itself(case: str) -> None:
    change, name, why = CASES[case]
    change()
    found = failed(evidence())
    assert found.keys() == {name} and why in found[name]


def test_within_chance_is_no_regression() -> None:
    worse("exact_match", "domain", -0.3, 0.0)()
    worse("dangerous_rate", "safety", 0.0, 0.3)()
    general(0.75)()
    assert failed(evidence()) == {}


def test_without_an_evaluation_nothing_passes_that_rests_on_one() -> None:
    (RUN / "evaluation.json").unlink()
    assert failed(evidence()).keys() == {"evaluated", "no worse than the base", "leak-free"}


def test_the_last_release_is_compared_where_both_answered() -> None:
    shared = {"runs": ["old", "new"], "suite": "domain"}
    rows = [
        PairedRow.model_validate({**shared, "metric": name, **GOOD})
        for name in (*POLICY.more_is_better, *POLICY.less_is_better)
    ]
    assert failed(evidence(against=("old", rows))) == {}
    worse = {"metric": "exact_match", "delta": -0.2, "ci_low": -0.3, "ci_high": -0.1, "n": 9}
    rows[0] = PairedRow.model_validate({**shared, **worse})
    assert failed(evidence(against=("old", rows))).keys() == {"no worse than the last release"}
    assert "answered by both" in failed(evidence(against=("old", [])))["no worse than the last release"]


def test_findings_secrets_and_licences_fail() -> None:
    known = evidence(findings=[Finding("changed", "x", "why")], refusals=["a: holds a key"])
    assert failed(known) == {"verified": "changed: x: why", "nothing private": "a: holds a key"}
    assert failed(evidence(data=None)).keys() == {"leak-free", "licences"}
    data = read_json(Path("data/provenance.json"))
    for licence, why in (("unknown", "is not known"), ("GPL-3.0", "is not of the policy"), (None, "is not known")):
        other = DataRecord.parse({**data, "leakage": {"clean": True}, "sources": [{"path": "raw", "licence": licence}]})
        assert why in failed(evidence(data=other))["licences"]
    assert "base model models/base: its licence is not known" in failed(evidence(), ShipPolicy())["licences"]


@pytest.mark.parametrize(
    ("name", "text", "licence"),
    [
        ("README.md", "---\nlicense: apache-2.0\n---\n# x\n", "apache-2.0"),
        ("README.md", "---\nlicense: [\n---\n", None),
        ("README.md", "# x\n", None),
        ("LICENSE", "MIT License\n\nCopyright", "MIT"),
        ("LICENSE.txt", "my own terms", None),
        ("LICENSE", "\n   Apache License\n        Version 2.0, January 2004\n", "Apache-2.0"),
    ],
)
def test_the_licence_of_a_base_is_read_from_its_own_files(name: str, text: str, licence: str | None) -> None:
    Path("models/base").mkdir()
    Path("models/base", name).write_text(text)
    assert base_licence("models/base", None) == licence


def test_the_policy_in_configs_is_the_defaults_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    assert load_policy(Path(__file__).parents[2] / "configs/ship.yaml") == ShipPolicy() == load_policy(None)
    for text in ("suits: [domain]", "signed: perhaps", "[", "general: sometimes"):
        (tmp_path / "p.yaml").write_text(text)
        with pytest.raises(ConfigError) as caught:
            load_policy(tmp_path / "p.yaml")
        assert caught.value.hint
    with pytest.raises(ConfigError):
        load_policy(tmp_path / "none.yaml")


def test_the_command_keeps_its_verdict_and_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.yaml").write_text("base_licence: MIT\nleak_free: false\n")
    argv = ["ship", "--checkpoint-dir", "models/adapter", "--policy", "p.yaml", "--json"]
    assert main([*argv, "--base-id", "me/base"]) == 1  # its base is not here to be compared
    document = json.loads(capsys.readouterr().out)
    states = {one["name"]: one["state"] for one in document["checks"]}
    assert states == {
        "validated": "ok", "verified": "failed", "evaluated": "ok", "no worse than the base": "ok", "leak-free": "off",
        "no worse than the last release": "off", "general tasks": "off", "licences": "ok", "nothing private": "ok",
    }  # fmt: skip
    assert "may not be shipped" in Path(document["page"]).read_text()
    assert read_json(RUN / "ship.json")["schema"] == "cli-tuner/ship/1"
    assert main(argv) == 1
    assert "is not on the hub" in capsys.readouterr().out
