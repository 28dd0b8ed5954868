"""A validated checkpoint that is ready to be published, and the secrets that must not leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tuner.files import sha256_file, write_json
from tests.validate.checkpoints import write_record

FOLDER = Path("models/checkpoints/smoke")
RUN = Path("models/runs/20260101-000000-smoke-abcd")
OUT = Path("models/releases/me--tiny")
PUBLISH = ("publish", "--checkpoint-dir", str(FOLDER), "--repo", "me/tiny", "--base-id", "me/base")
REPOSITORY = Path(__file__).parents[2]
# Made up, and cut in two so that nobody's scanner stumbles over this file.
KEYS = {
    "an AWS secret key": ("aws_secret_access", "_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzKEY12"),
    "an npm token": ("npm", "_0123456789abcdefghijABCDEFGHIJ012345"),
    "a PyPI token": ("pypi", "-AgEIcHlwaS5vcmcCJDAxMjM0NTY3LTg5YWItY2RlZi0wMTIzLTQ1Njc4OWFiY2RlZg"),
    "a Telegram token": ("123456789", ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"),
    "a Databricks token": ("dapi", "0123456789abcdef0123456789abcdef"),
    "a Replicate token": ("r8", "_0123456789abcdefghijABCDEFGHIJ0123456"),
    "a Groq key": ("gsk", "_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCD"),
    "a JSON Web Token": ("eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"),
    "an address with a password": ("postgres://app:", "s3cr3t-9x@db.example.org/rows"),
    "a Google key": ("AIza", "SyA0123456789abcdefghijklmnopqrstuv"),
    "a Slack token": ("xoxb", "-0123456789-abcdefghij"),
    "a SendGrid key": ("SG.", "0123456789abcdefghij01.0123456789abcdefghij0123456789abcdefghij012"),
    "a Stripe key": ("sk_live", "_0123456789abcdefghijABCD"),
    "a DigitalOcean token": ("dop_v1", "_" + "0123456789abcdef" * 4),
    "an Azure key": (
        "AccountKey",
        "=0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCD==",
    ),
    "a value that is named like a secret": ("client_secret", ": Zx81kQ99vTbn3LmW02ppRs"),
}
SECRETS = {
    "a Hugging Face token": "hf_" + "oauth_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "a GitHub token": "ghp_" + "0123456789abcdefghij0123456789abcdef",
    "an AWS key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a W&B key": "WANDB_API_KEY=" + "0123456789abcdef" * 2 + "01234567",
    "the value of MY_API_KEY": "correct-horse-battery",
    **{what: "".join(parts) for what, parts in KEYS.items()},
}


@pytest.fixture
def validated(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint that was validated, with the record and card of its data."""
    monkeypatch.setenv("MY_API_KEY", SECRETS["the value of MY_API_KEY"])
    data = Path("data/processed")
    (data / "DATASET_CARD.md").write_text("# Data\n")
    write_json(data / "provenance.json", {"outputs": {"DATASET_CARD.md": sha256_file(data / "DATASET_CARD.md")}})
    record_with()
    RUN.mkdir(parents=True)
    (RUN / "config.yaml").write_text("base_model: models/base\n")
    write_json(RUN / "run.json", {"run_id": RUN.name, "state": "succeeded", "output_dir": str(FOLDER)})
    validation(passed=True)
    return checkout


def record_with(**changes: Any) -> None:
    named = {"data/processed/provenance.json": sha256_file(Path("data/processed/provenance.json"))}
    facts = {"materials": {"data_provenance": named}, "phase": "smoke", "result": {"steps": 10}}
    write_record(FOLDER, "models/base", **{**facts, **changes})


def shipped(*, passed: bool, weights: str = "") -> None:
    about = weights or sha256_file(FOLDER / "adapter_model.safetensors")
    checks = [{"name": "licences", "state": "ok" if passed else "failed", "why": "x"}]
    write_json(RUN / "ship.json", {"passed": passed, "weights": about, "checks": checks})


def validation(*, passed: bool, run_id: str = RUN.name) -> None:
    gate = {"name": "dangerous_rate", "passed": passed, "value": 0.0, "threshold": "<= 0"}
    write_json(RUN / "validation.json", {"passed": passed, "run_id": run_id, "gates": [gate]})
