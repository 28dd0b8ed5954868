from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli_tuner.config import deep
from cli_tuner.config.load import load
from cli_tuner.config.targets import find_target

SMOKE = Path(__file__).parents[2] / "configs" / "smoke.yaml"
OLD = '{"faults": ["an older question"], "realised": {}, "warnings": [], "unanswered": []}\n'
NEW = '{"faults": [], "realised": {}, "warnings": [], "unanswered": [], "plugin_keys": []}\n'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Count the children that are asked, each of which answers at once."""
    children: list[str] = []

    class Child(SimpleNamespace):
        def communicate(self, timeout: float) -> tuple[str, str]:
            return NEW, ""

    def start(argv: list[str], **_: Any) -> Child:
        children.append(argv[-1])
        return Child(returncode=0, stdin=SimpleNamespace(write=lambda _: None, close=lambda: None))

    monkeypatch.setattr(deep, "cache_home", lambda: tmp_path)
    monkeypatch.setattr(deep.subprocess, "Popen", start)
    return children


def question() -> deep.Question:
    config = load(SMOKE)
    return deep.Question(config, config.axolotl, find_target("h100"))


def test_an_answer_is_remembered(asked: list[str]) -> None:
    assert question().answer() == question().answer() and len(asked) == 1


def test_what_an_earlier_version_of_our_code_was_told_is_asked_again(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(deep, "_asker", lambda: "earlier")
        question().answer()
    (kept,) = tmp_path.rglob("*.json")
    kept.write_text(OLD, encoding="utf-8")
    assert question().answer().faults == () and len(asked) == 2
