"""Into a Python that is somebody else's: what is missing is added, and no version that was there changes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli_tuner.errors import LaunchError, PrerequisiteError
from cli_tuner.install import environment

THEIRS = {"torch": "2.13.0+cu130", "axolotl": "0.21.0", "rich": "14.0.0"}
Adopt = Callable[..., list[str]]


@pytest.fixture
def adopt(monkeypatch: pytest.MonkeyPatch) -> Adopt:
    """Adopt a Python; give what pip was asked for, its constraints last."""

    def adopt(after: dict[str, str], *, status: int = 0, stderr: str = "") -> list[str]:
        states: Iterator[dict[str, str]] = iter([THEIRS, after])
        asked: list[str] = []

        def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            asked.extend([*argv, Path(argv[argv.index("-c") + 1]).read_text("utf-8")])
            return subprocess.CompletedProcess(argv, status, "", stderr)

        monkeypatch.setattr(environment, "_versions", lambda: next(states))
        monkeypatch.setattr("cli_tuner.install.environment.subprocess.run", run)
        environment.adopt(asked.append)
        return asked

    return adopt


def test_every_version_that_is_there_is_a_constraint_and_what_came_is_named(adopt: Adopt) -> None:
    *argv, constraints, said = adopt({**THEIRS, "tree-sitter": "0.26.1", "cli-tuner": "1.0"})
    assert constraints.splitlines() == [f"{name}=={version}" for name, version in THEIRS.items()]
    assert argv[-2:] == ["-e", str(environment.CHECKOUT)]
    assert said.startswith("added cli-tuner, tree-sitter; no version that was there changed")


@pytest.mark.parametrize("after", [{**THEIRS, "rich": "15.0.0"}, {"torch": "2.13.0+cu130", "axolotl": "0.21.0"}])
def test_a_version_that_changed_all_the_same_is_told(adopt: Adopt, after: dict[str, str]) -> None:
    with pytest.raises(LaunchError, match="the version of rich changed"):
        adopt(after)


def test_a_python_that_may_not_be_installed_into_is_refused_with_its_own_reason(adopt: Adopt) -> None:
    with pytest.raises(PrerequisiteError, match="takes no installation: error: externally-managed-environment"):
        adopt(THEIRS, status=1, stderr="\nerror: externally-managed-environment\n\nmore\n")
