from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_tuner.config.sections import Supervision
from cli_tuner.train.smaller_batches import _next as next_shape

STRICT, SHORTER = Supervision(), Supervision(allow_shorter_sequences=True)


@pytest.mark.parametrize(
    ("config", "evaluating", "settings", "change"),
    [
        ({"micro_batch_size": 4, "gradient_accumulation_steps": 1}, False, STRICT, (2, 2)),
        ({"micro_batch_size": 3, "gradient_accumulation_steps": 2}, False, STRICT, (1, 6)),
        ({"micro_batch_size": 1, "gradient_accumulation_steps": 4}, False, STRICT, None),
        ({"micro_batch_size": 4}, True, STRICT, {"eval_batch_size": 2}),
        ({"micro_batch_size": 4, "gradient_accumulation_steps": 1, "eval_batch_size": 1}, True, STRICT, (2, 2)),
        ({"micro_batch_size": 1, "sequence_len": 512}, False, STRICT, None),
    ],
)
def test_the_next_shape(config: dict[str, Any], evaluating: bool, settings: Supervision, change: Any) -> None:
    if isinstance(change, tuple):
        change = {"micro_batch_size": change[0], "gradient_accumulation_steps": change[1]}
    assert next_shape(config, evaluating, settings) == change


def test_sequences_are_shortened_only_when_allowed_and_never_below_128() -> None:
    config: dict[str, Any] = {"micro_batch_size": 1, "gradient_accumulation_steps": 1, "sequence_len": 512}
    lengths = []
    while (change := next_shape(config, False, SHORTER)) is not None:
        config.update(change)
        lengths.append(config["sequence_len"])
    assert lengths == [256, 128]


@given(micro=st.integers(1, 64), steps=st.integers(1, 64))
def test_the_effective_batch_never_changes_and_the_retries_end(micro: int, steps: int) -> None:
    config: dict[str, Any] = {"micro_batch_size": micro, "gradient_accumulation_steps": steps}
    for _ in range(10):
        change = next_shape(config, False, STRICT)
        if change is None:
            break
        assert change["micro_batch_size"] < config["micro_batch_size"]
        config.update(change)
        assert config["micro_batch_size"] * config["gradient_accumulation_steps"] == micro * steps
    assert config["micro_batch_size"] == 1
