# ruff: noqa: E501  (commands and tables stay on one line)
"""The policy file: strict, complete in its complaints, and never broader than one invocation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cli_tuner.errors import SafetyError
from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.policy import BUILT_IN, Pattern, load_policy
from cli_tuner.safety.verdict import Level

OURS = Path(__file__).parents[2] / "configs" / "safety.yaml"


@pytest.mark.parametrize("profile", ["default", "ops", "strict"])
def test_the_file_in_configs_says_what_is_built_in(profile: str) -> None:
    assert load_policy(OURS, profile) == BUILT_IN[profile]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\nprofiles: {default: {families_off: [operations]}}\n" + text, encoding="utf-8")
    return path


def test_severities_can_be_changed(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, "severities: {SY001: REVIEW, PM007: SAFE}\n"))
    assert analyze("reboot", policy).level is Level.REVIEW
    assert analyze("chmod 777 x", policy).level is Level.SAFE


def test_an_allowance_covers_its_invocation_only(tmp_path: Path) -> None:
    policy = replace(
        BUILT_IN["default"], allow=(Pattern("reboot*", "kiosk", date(2030, 1, 1)),), today=date(2029, 1, 1)
    )
    assert analyze("reboot", policy).level is Level.SAFE
    assert analyze("reboot; rm -rf /", policy).level is Level.DANGEROUS
    assert analyze("reboot", replace(policy, today=date(2030, 1, 2))).level is Level.DANGEROUS


def test_a_denial_wins(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, "deny: [{pattern: 'vim *', reason: we use nano}]\n"))
    verdict = analyze("sudo vim x", policy)
    assert verdict.level is Level.DANGEROUS and "we use nano" in verdict.findings[0].why


def test_protected_paths_count_as_critical(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, "protected_paths: [/srv/ledger]\n"))
    assert analyze("rm /srv/ledger/2024.db", policy).level is Level.DANGEROUS
    assert analyze("cat /srv/ledger/2024.db", policy).level is Level.SAFE


def test_strict_refuses_what_needs_review() -> None:
    assert analyze("chmod 777 x", BUILT_IN["strict"]).level is Level.DANGEROUS


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "severitys: {}\nseverities: {XX999: SAFE, SY001: LOW}\nallow: [{pattern: '*', reason: ''}]\nprotected_paths: [relative]\n",
    )
    with pytest.raises(SafetyError) as caught:
        load_policy(path)
    for part in (
        "did you mean severities",
        "XX999: no such rule",
        "LOW",
        "allow[0].pattern",
        "allow[0].reason",
        "allow[0].expires",
        "protected_paths[0]",
    ):
        assert part in caught.value.message


@pytest.mark.parametrize("text", ["- a\n", "a: [", "version: 2\n"])
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SafetyError):
        load_policy(path)


def test_missing_files_and_profiles_are_named(tmp_path: Path) -> None:
    with pytest.raises(SafetyError, match="no such policy file"):
        load_policy(tmp_path / "none.yaml")
    with pytest.raises(SafetyError, match="no profile named 'x'"):
        load_policy(None, "x")
    with pytest.raises(SafetyError, match="no profile named 'x'"):
        load_policy(OURS, "x")


def test_only_one_host_is_one_denial_with_an_exception(tmp_path: Path) -> None:
    text = "deny: [{pattern: 'curl *', unless: 'curl * https://good.example/*', reason: only our mirror}]\n"
    policy = load_policy(write(tmp_path, text))
    assert analyze("curl -s https://good.example/a", policy).level is Level.SAFE
    assert analyze("curl -s https://other.example/a", policy).level is Level.DANGEROUS


@pytest.mark.parametrize("pattern", ["curl !(x) *", " curl *"])
def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(SafetyError, match="1 fault") as caught:
        load_policy(write(tmp_path, f"deny: [{{pattern: '{pattern}', reason: r}}]\n"))
    assert "can match nothing" in caught.value.message


@pytest.mark.parametrize(
    ("pattern", "written"),
    [("curl * | sh", "curl x"), ("rm -rf ~/build", "rm -rf /home/user/build"), ('rm -rf "./build"', "rm -rf ./build"), ("cd x && rm -rf y", "cd x"), ("$HOME/bin/x *", "/home/user/bin/x x")],
)  # fmt: skip
def test_a_pattern_must_match_what_it_says_would_run(tmp_path: Path, pattern: str, written: str) -> None:
    with pytest.raises(SafetyError) as caught:
        load_policy(write(tmp_path, f"deny: [{{pattern: '{pattern}', reason: r}}]\n"))
    assert f"is written `{written}`" in caught.value.message


@pytest.mark.parametrize(
    "pattern", ["curl *", "*/rm -rf *", "git push --force*", "sudo [ab]pt *", "rm -rf ./build", "bash -c *"]
)
def test_a_pattern_that_can_match_is_taken(tmp_path: Path, pattern: str) -> None:
    assert load_policy(write(tmp_path, f"deny: [{{pattern: '{pattern}', reason: r}}]\n")).deny[0].pattern == pattern


def test_an_exception_that_leaves_nothing_out_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SafetyError, match="leaves nothing out"):
        load_policy(write(tmp_path, "deny: [{pattern: 'curl *', unless: 'wget *', reason: r}]\n"))


ONE_HOST = "deny: [{pattern: 'curl *', except_hosts: [good.example], reason: only our mirror}]\n"


@pytest.mark.parametrize(
    "command",
    [
        "curl -fsSL https://good.example/a -o a.json",
        "curl good.example/a",
        "sudo curl -H 'X: 1' https://u@good.example:8443/a?b=c",
    ],
)
def test_the_one_host_may_be_asked(tmp_path: Path, command: str) -> None:
    assert analyze(command, load_policy(write(tmp_path, ONE_HOST))).level is not Level.DANGEROUS


@pytest.mark.parametrize(
    "command",
    ["curl https://other.example/a", "curl https://other.example/https://good.example/", "curl https://good.example/a https://other.example/b", "curl -x evil.example:80 https://good.example/a", "curl other.example/good.example", "curl https://good.example@other.example/", "curl https://good.example.other.example/", "curl -K conf", "curl --resolve good.example:443:6.6.6.6 https://good.example/", "curl $URL", "env curl https://other.example"],
)  # fmt: skip
def test_no_other_host_passes_beside_it(tmp_path: Path, command: str) -> None:
    assert analyze(command, load_policy(write(tmp_path, ONE_HOST))).level is Level.DANGEROUS


def test_an_allowance_is_two_lines(tmp_path: Path) -> None:
    policy = load_policy(
        write(
            tmp_path,
            "allow:\n  - {pattern: 'rm -rf ./data',\n     reason: made again by every build, expires: 2037-12-31}\n",
        )
    )
    assert analyze("rm -rf ./data", BUILT_IN["default"]).level is Level.REVIEW
    assert analyze("rm -rf ./data", policy).level is Level.SAFE
    assert analyze("rm -rf ./data ./db", policy).level is Level.REVIEW
