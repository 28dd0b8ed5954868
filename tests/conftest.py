"""Laws of the whole test run: unit tests stay light and offline; goldens are rewritten only when asked."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

HEAVY = frozenset({"torch", "transformers", "axolotl", "accelerate", "peft", "bitsandbytes", "datasets", "wandb"})
REAL = frozenset({"contract", "e2e", "slow"})
GOLDENS = Path(__file__).parent / "goldens"

settings.register_profile("same", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
SAMPLED = os.environ.get("HYPOTHESIS_PROFILE") != "search"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="rewrite tests/goldens with what is made now")


def is_unit(item: pytest.Item | None) -> bool:
    return item is not None and not REAL & {mark.name for mark in item.iter_markers()}


def heavy_modules() -> set[str]:
    return {name for name in HEAVY if name in sys.modules}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run unit tests first, so that what they import shows; then what trains, so that no worker is idle at the end.

    Of the cases of a law every sixth is run; all of them in `make check`.
    """
    cases: Counter[str] = Counter()
    for item in list(items) if SAMPLED else []:
        if item.get_closest_marker("law") and item.get_closest_marker("slow") is None:
            name = item.nodeid.partition("[")[0]
            if cases[name] % 6:
                items.remove(item)
            cases[name] += 1
    items.sort(key=lambda item: (not is_unit(item), "e2e" not in item.keywords))


def pytest_collection_finish(session: pytest.Session) -> None:
    if heavy_modules():
        raise pytest.UsageError(f"a test module imports {', '.join(sorted(heavy_modules()))} while it is collected")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    yield
    if is_unit(item) and heavy_modules():
        pytest.exit(f"unit test {item.nodeid} imported {', '.join(sorted(heavy_modules()))}", returncode=1)


@pytest.fixture(autouse=True)
def no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that a unit test makes."""
    if not is_unit(request.node):
        return

    def refuse(_: Any, address: Any) -> None:
        raise AssertionError(f"a unit test connects to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with `tests/goldens/<name>`, or write it there with `--update-goldens`."""

    def compare(name: str, text: str) -> None:
        path = GOLDENS / name
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: run pytest --update-goldens and read the difference"
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what Axolotl answered out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
