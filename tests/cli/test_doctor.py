"""`cli-tuner doctor`: exit code 0 or 3, a table or a document."""

from __future__ import annotations

import json

import pytest

from cli_tuner.cli.main import main
from cli_tuner.doctor import examine
from cli_tuner.doctor.line import Line


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("missing", 3)])
def test_the_exit_code_tells_whether_something_needed_is_missing(
    state: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(examine, "examine", lambda: [Line("torch", state, "why", "fix")])  # type: ignore[arg-type]
    assert main(["doctor", "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is (code == 0) and document["lines"][0]["fix"] == "fix"
    assert main(["doctor"]) == code
    assert "torch" in capsys.readouterr().out
