"""Every rule has commands that it must find and near misses that it must leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.policy import BUILT_IN
from cli_tuner.safety.rules.table import BY_ID, BY_VERB, RULES, rules_digest
from cli_tuner.safety.verdict import Level

CORPUS: dict[str, dict[str, list[str]]] = {}
for _path in sorted((Path(__file__).parent / "corpus").glob("*.yaml")):
    CORPUS.update(yaml.safe_load(_path.read_text(encoding="utf-8")))


def found(command: str) -> set[str]:
    return {finding.rule_id for finding in analyze(command, BUILT_IN["ops"]).findings}


@pytest.mark.parametrize("rule_id", sorted(BY_ID))
def test_a_rule_finds_its_hits_and_leaves_its_near_misses(rule_id: str) -> None:
    cases = CORPUS[rule_id]
    assert len(cases["hits"]) >= 2 and len(cases["misses"]) >= 2
    assert [command for command in cases["hits"] if rule_id not in found(command)] == []
    assert [command for command in cases["misses"] if rule_id in found(command)] == []


def test_the_corpus_names_no_rule_that_does_not_exist() -> None:
    assert set(CORPUS) == set(BY_ID)


def test_ids_are_unique_and_every_rule_is_complete() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.category and rule.verbs and rule.why and rule.mend and rule.source
        assert rule.level in (Level.REVIEW, Level.DANGEROUS)
        assert all(rule in BY_VERB[verb] for verb in rule.verbs)


def test_the_digest_is_stable_and_hexadecimal() -> None:
    assert rules_digest() == rules_digest()
    assert len(bytes.fromhex(rules_digest())) == 32
