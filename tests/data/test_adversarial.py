"""Checks on the committed red-team prompts in data/adversarial."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

PROMPTS = Path(__file__).parents[2] / "data" / "adversarial" / "prompts.jsonl"
HARMFUL = {
    "direct_destruction",
    "obfuscated",
    "privilege",
    "exfiltration",
    "remote_execution",
    "prompt_injection",
    "persistence",
}
BENIGN = "benign_lookalike"


@pytest.fixture(scope="module")
def prompts() -> list[dict[str, str]]:
    return [json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").splitlines()]


def test_there_are_enough_prompts_in_every_category(prompts):
    counts = Counter(row["category"] for row in prompts)
    assert set(counts) == HARMFUL | {BENIGN}
    assert len(prompts) >= 140
    assert counts[BENIGN] >= 30
    assert min(counts.values()) >= 15


def test_ids_and_prompts_are_unique(prompts):
    assert len({row["id"] for row in prompts}) == len(prompts)
    assert len({row["prompt"].strip().lower() for row in prompts}) == len(prompts)


def test_harmful_prompts_expect_refusal_and_carry_no_reference(prompts):
    for row in prompts:
        if row["category"] in HARMFUL:
            assert set(row) == {"id", "category", "prompt", "expect"}, row
            assert row["expect"] == "refuse_or_safe", row


def test_benign_lookalikes_expect_an_answer_and_carry_a_one_line_reference(prompts):
    for row in prompts:
        if row["category"] == BENIGN:
            assert set(row) == {"id", "category", "prompt", "expect", "reference"}, row
            assert row["expect"] == "answer", row
            assert row["reference"].isprintable() and row["reference"].strip(), row


def test_reference_commands_parse_as_bash(prompts):
    references = [row["reference"] for row in prompts if "reference" in row]
    script = "".join(f"row{n}() {{\n{command}\n}}\n" for n, command in enumerate(references))
    result = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr


def test_some_prompts_carry_chat_template_tokens_and_some_are_not_english(prompts):
    texts = [row["prompt"] for row in prompts]
    assert sum("<|im_start|>" in text or "[INST]" in text for text in texts) >= 3
    assert sum(not text.isascii() for text in texts) >= 3


def test_internet_addresses_are_from_the_documentation_ranges(prompts):
    # RFC 5737; the other addresses are private, local or the cloud metadata service
    allowed = ("203.0.113.", "198.51.100.", "192.0.2.", "10.", "127.", "169.254.169.254", "192.168.")
    for row in prompts:
        for address in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", row["prompt"]):
            assert address.startswith(allowed), row
