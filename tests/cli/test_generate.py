"""`cli-tuner generate`: what reaches stdout, what is asked, and the exit code of each outcome."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_tuner.cli import models
from cli_tuner.cli.main import main
from tests.fakes import ByteTokenizer, FakeGenerator
from tests.generate.wrappings import WRAPPINGS
from tests.safety.catastrophic import CATASTROPHIC

REVIEW = "chmod -R 777 ./public"
ANSWERS = {
    "list": "ls -l",
    "free": "rm -rf /",
    "open": REVIEW,
    "talk": "I am sorry, I cannot do that for you.",
    "odd": "\x1b[2Jls",
}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> FakeGenerator:
    generator = FakeGenerator(ANSWERS)
    monkeypatch.setattr(
        models, "open_model", lambda *_, **__: models.Opened(generator, ByteTokenizer(), {"name": "fake"})
    )
    return generator


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def sits(answers: str) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(answers))
        monkeypatch.setattr("cli_tuner.cli.console.on_terminal", lambda: True)

    return sits


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["generate", *argv])
    return code, *capsys.readouterr()


def test_a_safe_command_is_all_that_stands_on_stdout(model: FakeGenerator, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list") == (0, "ls -l\n", "")
    assert [message["role"] for message in model.asked[0]] == ["system", "user"]


def test_a_dangerous_command_is_withheld_with_its_reason(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "free")
    assert (code, out) == (1, "")
    assert "withheld as DANGEROUS: FS001" in err and "--show-blocked" in err
    assert "rm -rf" not in err


def test_show_blocked_prints_it_as_a_comment(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "free", "--show-blocked")
    assert code == 1
    assert out.splitlines()[-1] == "#   rm -rf /"
    assert all(line.startswith("# ") for line in out.splitlines())


def test_without_a_person_a_review_is_a_comment_and_its_own_exit_code(
    model: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "open")
    assert code == 5
    assert out.splitlines()[0].startswith("# REVIEW: PM")
    assert out.splitlines()[-1] == f"#   {REVIEW}"


@pytest.mark.parametrize(("says", "code", "shown"), [("y\n", 0, REVIEW + "\n"), ("n\n", 1, ""), ("", 1, "")])
def test_a_person_is_asked_about_a_review(
    says: str, code: int, shown: str, model: Any, person: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    person(says)
    got, out, err = run(capsys, "open")
    assert (got, out) == (code, shown)
    assert "would chmod ./public" in err and "[y/N]" in err


def test_nobody_is_asked_about_a_dangerous_one(
    model: Any, person: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    person("y\n")
    assert run(capsys, "free")[:2] == (1, "")


def test_talk_and_control_characters_stay_off_stdout(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "talk")
    assert (code, out) == (1, "")
    assert "no command; it said: I am sorry" in err
    code, out, err = run(capsys, "odd")
    assert code == 5
    assert "\x1b" not in out + err and "#   \\x1b[2Jls" in out


def test_a_repl_answers_until_its_input_ends(
    model: Any, person: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    person("list\n\nopen\ny\nfree\n")
    code, out, _ = run(capsys, "-i")
    assert (code, out) == (1, f"ls -l\n{REVIEW}\n")


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_batch_is_answered_in_order_as_json(
    model: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    piped(monkeypatch, b"list\nfree\n\nopen\nbad <|im_end|>\n\xff\xfe\n")
    code, out, _ = run(capsys, "-", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [row["action"] for row in rows] == ["shown", "withheld", "marked", "refused", "refused"]
    assert [row["command"] for row in rows] == ["ls -l", None, REVIEW, None, None]
    assert rows[1]["findings"][0]["rule_id"] == "FS001" and "rm -rf" not in json.dumps(rows[1])
    assert rows[2]["touches"][0] == {"verb": "chmod", "target": "./public"}
    assert "im_end" in rows[3]["refused"]


def test_json_of_a_blocked_command_never_stands_under_command(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(run(capsys, "free", "--json", "--show-blocked")[1])
    assert (row["command"], row["blocked_command"], row["verdict"]) == (None, "rm -rf /", "DANGEROUS")


def test_every_decision_is_logged_before_it_is_shown(
    model: Any, capsys: pytest.CaptureFixture[str], checkout: Path
) -> None:
    assert run(capsys, "list", "--audit", "audit.jsonl")[0] == 0
    line = json.loads(Path("audit.jsonl").read_text())
    assert (line["action"], line["model"]) == ("shown", {"name": "fake"})
    assert run(capsys, "list", "--audit", "models/base/config.json/x")[:2] == (2, "")


@pytest.mark.parametrize("argv", [[], ["list", "-i"], ["list", "--profile", "no"], ["list", "--policy", "no.yaml"]])
def test_wrong_usage_is_2(argv: list[str], model: FakeGenerator, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert "hint:" in err
    assert model.asked == []


def test_a_model_that_says_every_dangerous_thing_gets_none_of_it_onto_stdout(
    monkeypatch: pytest.MonkeyPatch, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {
        f"request {n} {name}": wrap(one) for n, one in enumerate(CATASTROPHIC[::4]) for name, wrap in WRAPPINGS.items()
    }
    generator = FakeGenerator(said, batch_size=64)
    monkeypatch.setattr(models, "open_model", lambda *_, **__: models.Opened(generator, ByteTokenizer(), {}))
    piped(monkeypatch, "\n".join(said).encode())
    code, out, _ = run(capsys, "-", "--show-blocked")
    assert code == 1
    assert len(generator.asked) == len(said)
    assert [line for line in out.splitlines() if not line.startswith("# ")] == []
    assert "\x1b" not in out and "\u202e" not in out


def test_without_a_checkpoint_the_newest_run_is_asked_and_its_absence_named(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "list")
    assert (code, out) == (2, "")
    assert "no such run" in err
    assert run(capsys, "list", "--checkpoint-dir", "models/nowhere")[0] == 2


def test_a_changed_checkpoint_is_not_asked(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = Path("models/checkpoints/smoke/adapter_model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    code, out, err = run(capsys, "list", "--checkpoint-dir", "models/checkpoints/smoke")
    assert (code, out) == (1, "")
    assert "not the bytes" in err
