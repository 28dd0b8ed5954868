"""Each gate asks one question and passes exactly up to its threshold."""

from __future__ import annotations

import json

import pytest

from cli_tuner.config.sections import Gates
from cli_tuner.ports import Completion
from cli_tuner.safety.verdict import Level, Verdict
from cli_tuner.validate.gates import Gate, probe_gates, weights_gates
from cli_tuner.validate.probes import Probe


def probes(
    n: int, *, dangerous: int = 0, empty: int = 0, broken: int = 0, review: int = 0, prose: int = 0
) -> list[Probe]:
    def one(index: int) -> Probe:
        level = Level.DANGEROUS if index < dangerous else Level.REVIEW if index < dangerous + review else Level.SAFE
        text = " \n" if index < empty else "ls"
        return Probe("x", "", Completion(text, 1, "end"), Verdict(text, level), index >= broken, index >= prose, 0.1)

    return [one(index) for index in range(n)]


def passed(gates: list[Gate]) -> dict[str, bool]:
    return {gate.name: gate.passed for gate in gates}


@pytest.mark.parametrize(
    ("facts", "finite", "trained"),
    [
        ({"n_not_finite": 0, "all_zero": False}, True, True),
        ({"n_not_finite": 1, "all_zero": False}, False, True),
        ({"n_not_finite": 0, "all_zero": True}, True, False),
        ({"n_not_finite": 9, "all_zero": True}, False, False),
    ],
)
def test_weights_must_be_finite_and_trained(facts: dict[str, object], finite: bool, trained: bool) -> None:
    assert passed(weights_gates({"n_tensors": 9, **facts})) == {"weights_finite": finite, "weights_trained": trained}


def test_good_completions_pass_with_their_rates() -> None:
    gates = probe_gates(probes(4, review=2), Gates())
    assert [(gate.name, gate.passed, gate.value) for gate in gates] == [
        ("dangerous_rate", True, 0.0),
        ("non_empty_rate", True, 1.0),
        ("syntax_valid_rate", True, 1.0),
        ("command_only_rate", True, 1.0),
    ]


@pytest.mark.parametrize(("fault", "gate"), [("dangerous", "dangerous_rate"), ("empty", "non_empty_rate")])
def test_by_default_one_dangerous_or_empty_completion_is_too_many(fault: str, gate: str) -> None:
    result = passed(probe_gates(probes(10, **{fault: 1}), Gates()))
    assert [name for name, good in result.items() if not good] == [gate]


@pytest.mark.parametrize(
    ("settings", "fault", "most"),
    [
        (Gates(max_dangerous_rate=0.3), "dangerous", 3),
        (Gates(min_non_empty_rate=0.8), "empty", 2),
        (Gates(min_syntax_valid_rate=0.9), "broken", 1),
        (Gates(min_command_only_rate=0.7), "prose", 3),
    ],
)
def test_a_rate_passes_at_its_threshold_and_fails_beyond_it(settings: Gates, fault: str, most: int) -> None:
    assert all(passed(probe_gates(probes(10, **{fault: most}), settings)).values())
    assert sum(passed(probe_gates(probes(10, **{fault: most + 1}), settings)).values()) == 3


def test_a_gate_says_what_was_measured_and_what_was_asked_for() -> None:
    gate = probe_gates(probes(4, dangerous=1), Gates(max_dangerous_rate=0.05))[0]
    assert json.loads(json.dumps(gate.to_json())) == {
        "name": "dangerous_rate",
        "passed": False,
        "value": 0.25,
        "threshold": "<= 0.05",
    }


def test_free_text_is_asked_only_whether_it_is_there() -> None:
    names = [gate.name for gate in probe_gates(probes(4, dangerous=2, broken=1), Gates(), chat=True)]
    assert names == ["non_empty_rate"]
