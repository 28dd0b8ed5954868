"""`cli-tuner serve`: who may be served, and the real thing: the tiny model behind a real socket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli_tuner.cli import serving
from cli_tuner.errors import CliTunerError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_key(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(serving.TOKEN, raising=False)
    assert serving.token_for(host) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "127.0.0.1.example.org", ""])
def test_any_other_address_needs_a_key(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(serving.TOKEN, raising=False)
    with pytest.raises(CliTunerError, match="no API key"):
        serving.token_for(host)
    monkeypatch.setenv(serving.TOKEN, "short")
    with pytest.raises(CliTunerError, match="shorter"):
        serving.token_for(host)
    monkeypatch.setenv(serving.TOKEN, "x" * 16)
    assert serving.token_for(host) == "x" * 16


def test_it_refuses_to_start_before_anything_is_loaded(refused: Callable[..., str]) -> None:
    assert "no API key" in refused("serve", "--host", "0.0.0.0", code=2)
    assert "needs the model's tokenizer" in refused("serve", "--upstream", "http://127.0.0.1:9/v1", code=2)


@pytest.mark.contract
def test_the_tiny_model_answers_200_clients_at_once_and_ends_gracefully(tmp_path: Path) -> None:
    import openai

    from tests.release.adapters import make_adapter, make_base

    adapter = make_adapter(tmp_path / "adapter", make_base(tmp_path / "base"))
    argv = [sys.executable, "-m", "cli_tuner.cli", "serve", "--checkpoint-dir", str(adapter), "--port", "0"]
    argv += [
        "--max-new-tokens",
        "4",
        "--no-load-in-4bit",
        "--audit",
        str(tmp_path / "audit.jsonl"),
        "--batch-size",
        "32",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as server:
        assert server.stderr is not None
        address = next(found[0] for line in server.stderr if (found := re.search(r"http://\S+/v1", line)))
        client = openai.OpenAI(base_url=address, api_key="none", timeout=120)

        def ask(number: int) -> str:
            messages = [{"role": "user", "content": f"list file {number}"}]
            answer = client.chat.completions.create(model="adapter", messages=messages)  # type: ignore[arg-type]
            return str(answer.cli_tuner["action"])  # type: ignore[attr-defined]

        with ThreadPoolExecutor(200) as threads:
            actions = list(threads.map(ask, range(200)))
        server.send_signal(signal.SIGTERM)
        said = server.stderr.read()
    assert (server.returncode, said) == (0, "stopped\n")
    assert len(actions) == 200
    assert set(actions) <= {"shown", "marked", "withheld", "no_command"}
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 200
