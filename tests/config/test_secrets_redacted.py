"""What is shown of configs and messages holds no secret, and everything else unchanged."""

from __future__ import annotations

import pytest

from cli_tuner.config.secrets import REDACTED, redacted, redacted_text

TOKEN = "hf_" + "aB3" * 8


def test_secrets_go_by_their_key_at_every_depth_and_references_stay() -> None:
    config = {
        "wandb_api_key": "0123456789",
        "hub_api_key": "${HUB_API_KEY}",
        "nested": [{"password": "hunter22", "name": "kept"}, "text"],
        "secret": ["one", "two"],
        "lora_r": 8,
        "learning_rate": 2e-4,
        "hf_use_auth_token": True,
        "resume": None,
    }
    assert redacted(config) == {
        "wandb_api_key": REDACTED,
        "hub_api_key": "${HUB_API_KEY}",
        "nested": [{"password": REDACTED, "name": "kept"}, "text"],
        "secret": [REDACTED, REDACTED],
        "lora_r": 8,
        "learning_rate": 2e-4,
        "hf_use_auth_token": True,
        "resume": None,
    }
    assert config["wandb_api_key"] == "0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"401 for token {TOKEN}: denied",
        f"--set hub_token={TOKEN}",
        "WANDB_API_KEY=0123456789abcdef",
        "{'password': 'hunter22'}",
        "git clone https://me:hunter22@host/repo",
        "AKIA" + "A1" * 8,
        "ghp_" + "a1" * 18,
    ],
)
def test_a_message_loses_what_looks_like_a_token(text: str) -> None:
    shown = redacted_text(text)
    assert REDACTED in shown
    for secret in (TOKEN, "0123456789abcdef", "hunter22", "A1A1A1A1", "a1a1a1a1"):
        assert secret not in shown


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "models/checkpoints/phase2-final",
        "pad_token: <|endoftext|>",
        "tokens/s 1500; 40 tokens",
        "https://host:8080/path",
        "5aa1f0" * 10,
        "WANDB_API_KEY=${WANDB_API_KEY}",
    ],
)
def test_everything_else_is_left_alone(text: str) -> None:
    assert redacted_text(text) == text
