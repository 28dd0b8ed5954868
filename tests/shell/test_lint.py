from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest

from cli_tuner.errors import CliTunerError, PrerequisiteError
from cli_tuner.shell import lint as module
from cli_tuner.shell.lint import TIMED_OUT, lint, lint_cached, shellcheck_path, shellcheck_version, verdict_cache

COMMANDS = ["ls -la", "echo 'x", "exit -1", "for f in *; do echo $f; done", "if [ a; then", "ls -la"]


@pytest.fixture(scope="module")
def binary() -> str:
    return shellcheck_path()


def _script(folder: Path, body: str) -> str:
    path = folder / "shellcheck"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def test_only_errors_count_and_each_command_has_a_verdict(binary: str) -> None:
    verdicts = lint(COMMANDS, binary)
    assert verdicts[0] == verdicts[3] == verdicts[5] == ""
    assert "SC1073" in verdicts[1] and verdicts[2] == "SC2242" and "SC1073" in verdicts[4]


def test_the_size_of_a_batch_changes_no_verdict(binary: str) -> None:
    assert lint(COMMANDS, binary, batch=1) == lint(COMMANDS, binary, batch=4) == lint(COMMANDS, binary)


def test_a_stray_rc_file_changes_no_verdict(binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".shellcheckrc").write_text("disable=all\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert lint(["exit -1"], binary) == ["SC2242"]


def test_a_command_that_hangs_the_checker_is_found_alone(tmp_path: Path, binary: str) -> None:
    slow = _script(tmp_path, f'grep -q HANG -- *.sh && exec sleep 5\nexec "{binary}" "$@"')
    commands = ["ls", "exit -1", "echo HANG", "pwd"]
    assert lint(commands, slow, timeout_s=0.4) == ["", "SC2242", TIMED_OUT, ""]


def test_a_checker_without_verdict_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CliTunerError, match="gave no verdict"):
        lint(["ls"], _script(tmp_path, "echo boom >&2; exit 3"))
    with pytest.raises(PrerequisiteError, match="names no version"):
        shellcheck_version(_script(tmp_path, "echo hello"))


def test_a_missing_checker_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match="not installed") as caught:
        shellcheck_path()
    assert "--off lint" in caught.value.hint


def test_known_verdicts_are_not_asked_again(tmp_path: Path, binary: str) -> None:
    count = tmp_path / "count"
    counting = _script(tmp_path, f'echo x >> "{count}"\nexec "{binary}" "$@"')
    cache = verdict_cache(tmp_path / "cache.sqlite", "0.11.0")
    first = lint_cached(COMMANDS, counting, cache, batch=2)
    asked = count.read_text().count("x")
    assert asked == 3  # five distinct commands, two a batch
    assert lint_cached(COMMANDS, counting, cache, batch=2) == first == lint(COMMANDS, binary)
    assert count.read_text().count("x") == asked
    cache.close()


def test_a_time_out_is_not_remembered(tmp_path: Path, binary: str) -> None:
    slow = _script(tmp_path, f'grep -q HANG -- *.sh && exec sleep 5\nexec "{binary}" "$@"')
    cache = verdict_cache(tmp_path / "cache.sqlite", "0.11.0")
    assert lint_cached(["echo HANG", "exit -1"], slow, cache, timeout_s=0.4) == [TIMED_OUT, "SC2242"]
    assert cache.get(["echo HANG", "exit -1"]) == {"exit -1": "SC2242"}
    assert lint_cached(["echo HANG"], binary, cache) == [""]


def test_another_version_of_the_checker_is_asked_again(tmp_path: Path) -> None:
    one = verdict_cache(tmp_path / "cache.sqlite", "0.10.0")
    one.put([("ls", "SC1")])
    assert one.get(["ls", "pwd"]) == {"ls": "SC1"}
    one.close()
    assert verdict_cache(tmp_path / "cache.sqlite", "0.11.0").get(["ls"]) == {}


def test_a_damaged_cache_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").write_bytes(os.urandom(4096))
    assert verdict_cache(tmp_path / "cache.sqlite", "1").get(["ls"]) == {}


NEIGHBOURS = [
    "exit -1",
    "[ a ==b ]",
    "echo $@ ${a[@]}",
    'if [ -z "$a"]; then echo b; fi',
    "for f in $(ls); do rm $f; done",
    "cat <<END",
    "echo a \\",
    "# shellcheck disable=all",
    "f() { echo $1; }",
    "alias ls=ls",
    'echo "it\'s"',
    "echo it's; echo isn't",
    "$a=b",
    "[ 1 -gt b ]",
    "echo `date",
    "exec ls",
    "a=(1 2); echo $a",
    "while read a; do ssh b; done < c",
    "done",
    "(",
    ")",
    "echo a; }",
]


def test_no_neighbour_changes_a_verdict(binary: str) -> None:
    alone = [lint([command], binary)[0] for command in NEIGHBOURS]
    clean = [f"find . -name '*.{number}' -size +{number}k | xargs -0 ls" for number in range(30)]
    for seed in range(6):
        commands = [*NEIGHBOURS, *clean]
        random.Random(seed).shuffle(commands)
        together = dict(zip(commands, lint(commands, binary), strict=True))
        assert [together[command] for command in NEIGHBOURS] == alone
        assert not any(together[command] for command in clean)


def test_clean_commands_share_files(tmp_path: Path, binary: str) -> None:
    files = tmp_path / "files"
    counting = _script(tmp_path, f'ls *.sh >> "{files}"\nexec "{binary}" "$@"')
    assert lint([f"ls {number}" for number in range(45)], counting) == [""] * 45
    assert len(files.read_text().split()) == 3
