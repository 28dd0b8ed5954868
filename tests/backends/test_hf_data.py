from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType, SimpleNamespace

import pytest

from cli_tuner.backends.hf_data import ATTEMPTS, HubSource, open_hub, with_retry
from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.prepare.settings import Settings, SourceSettings
from cli_tuner.prepare.sources import load_rows, open_sources

ROWS = [{"nl_command": "List all files", "bash_code": "ls -a"}, {"nl_command": "Print the folder", "bash_code": "pwd"}]
SHA = "a" * 40

STOP = Settings.model_validate({"filters": {"bad_line": "stop"}})


class GatedRepoError(Exception):
    pass


class RepositoryNotFoundError(Exception):
    pass


class RevisionNotFoundError(Exception):
    pass


class HfHubHTTPError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(f"{status} Server Error")
        self.response = SimpleNamespace(status_code=status)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A hub in memory, in the place of the two packages."""
    state = SimpleNamespace(asked=[], fail=lambda: None)

    def load_dataset(*args: object, **options: object) -> list[dict[str, str]]:
        state.asked.append((args, options))
        state.fail()
        return ROWS

    def dataset_info(name: str, revision: str | None) -> SimpleNamespace:
        state.fail()
        return SimpleNamespace(sha=SHA)

    errors = ModuleType("huggingface_hub.errors")
    errors.__dict__.update(
        GatedRepoError=GatedRepoError,
        RepositoryNotFoundError=RepositoryNotFoundError,
        RevisionNotFoundError=RevisionNotFoundError,
        HfHubHTTPError=HfHubHTTPError,
    )
    package = ModuleType("huggingface_hub")
    package.__dict__.update(errors=errors, HfApi=lambda: SimpleNamespace(dataset_info=dataset_info))
    datasets = ModuleType("datasets")
    datasets.__dict__.update(load_dataset=load_dataset)
    for name, module in (("datasets", datasets), ("huggingface_hub", package), ("huggingface_hub.errors", errors)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("cli_tuner.backends.hf_data.time.sleep", lambda seconds: None)
    return state


def _raises(error: Exception) -> object:
    def fail() -> None:
        raise error

    return fail


def test_a_hub_source_is_pinned_to_its_commit_and_runs_no_remote_code(hub: SimpleNamespace) -> None:
    settings = Settings(sources=(SourceSettings(hub="org/name", split="train"),))
    opened = open_sources(settings, open_hub)
    assert [row.command for row in load_rows(opened, STOP)] == ["ls -a", "pwd"]
    assert hub.asked == [(("org/name", None), {"split": "train", "revision": SHA})]
    facts = opened[0].facts()
    assert facts["parts"][0]["commit"] == SHA and facts["parts"][0]["columns"]["command"] == "bash_code"
    assert next(iter(opened[0].parts[0][0].rows())).origin == f"org/name@{SHA[:12]}/train:0"


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (RepositoryNotFoundError("404"), DataError, "knows no such data set"),
        (GatedRepoError("403"), PrerequisiteError, "asks for a login"),
        (RevisionNotFoundError("no such revision"), DataError, "no such revision"),
        (ValueError("Unknown split"), DataError, "Unknown split"),
        (FileNotFoundError("no data files"), DataError, "no data files"),
        (HfHubHTTPError(401), PrerequisiteError, "cannot be reached"),
    ],
)
def test_what_the_hub_refuses_is_one_clear_error(
    hub: SimpleNamespace, error: Exception, kind: type[Exception], message: str
) -> None:
    hub.fail = _raises(error)
    with pytest.raises(kind, match=message):
        open_hub(SourceSettings(hub="org/name"))


def test_a_network_fault_is_retried_with_growing_waits(hub: SimpleNamespace) -> None:
    calls: list[int] = []
    waits: list[float] = []

    def call() -> str:
        calls.append(1)
        if len(calls) < ATTEMPTS:
            raise HfHubHTTPError(503)
        return "done"

    assert with_retry(call, "org/name", waits.append) == "done"
    assert waits == [1.0, 2.0, 4.0]
    with pytest.raises(PrerequisiteError, match="cannot be reached"):
        with_retry(_raises(ConnectionError("refused")), "org/name", waits.append)  # type: ignore[arg-type]


def test_without_datasets_the_hint_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(PrerequisiteError, match="need `datasets`"):
        open_hub(SourceSettings(hub="org/name"))
    assert HubSource(SourceSettings(hub="a/b"), SHA, ROWS).name == f"a/b@{SHA[:12]}/train"


class _Hub(BaseHTTPRequestHandler):
    """Answers as the hub does for data sets that are missing, gated or not to be had today."""

    def do_GET(self) -> None:
        kind = self.path.rpartition("/")[0].rpartition("/")[2]
        status, code = {"missing": (404, "RepoNotFound"), "gated": (403, "GatedRepo")}.get(kind, (503, ""))
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.contract
@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("missing/set", DataError, "knows no such data set"),
        ("gated/set", PrerequisiteError, "asks for a login"),
        ("busy/set", PrerequisiteError, "cannot be reached"),
        ("nobody/listens", PrerequisiteError, "cannot be reached"),
    ],
)
def test_the_real_client_against_a_server_that_refuses(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Exception], message: str
) -> None:
    pytest.importorskip("datasets")
    waits: list[float] = []
    server = HTTPServer(("127.0.0.1", 0), _Hub)
    if name == "nobody/listens":
        server.server_close()
    else:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr("cli_tuner.backends.hf_data.time.sleep", waits.append)
    try:
        with pytest.raises(kind, match=message):
            open_hub(SourceSettings(hub=name))
    finally:
        if name != "nobody/listens":
            server.shutdown()
            server.server_close()
    assert waits == ([1.0, 2.0, 4.0] if message == "cannot be reached" else [])
