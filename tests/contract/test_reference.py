"""Reference pages hold what the code holds."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from cli_tuner.errors import ExitCode
from cli_tuner.safety.rules.table import RULES

pytestmark = pytest.mark.contract


def test_the_table_of_exit_codes_is_the_real_one() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", Path("docs/exit-codes.md").read_text("utf-8"), flags=re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [(code.value, code.name) for code in ExitCode]


def test_the_version_is_the_same_in_the_package_the_citation_and_the_changelog() -> None:
    version = re.search(r'^version = "(.+)"$', Path("pyproject.toml").read_text("utf-8"), flags=re.MULTILINE)
    assert version is not None
    cited = re.search(r"^version: (.+)$", Path("CITATION.cff").read_text("utf-8"), flags=re.MULTILINE)
    released = re.findall(r"^## \[(\d.+?)\]", Path("docs/changelog.md").read_text("utf-8"), flags=re.MULTILINE)
    assert cited is not None and cited[1] == version[1] == released[0]


def test_the_table_of_rule_families_is_the_real_one() -> None:
    text = Path("docs/safety.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z-]+) \| (\d+) \| [A-Z]{2} \|$", text, flags=re.MULTILINE)
    assert {name: int(count) for name, count in rows} == Counter(rule.category for rule in RULES)
    assert f"a table of {len(RULES)} rows" in text
