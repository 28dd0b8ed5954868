"""Data sets of the Hugging Face hub as a RowSource, through `datasets`: cached, retried, no remote code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from cli_tuner.errors import DataError, PrerequisiteError
from cli_tuner.ports import RawRow

ATTEMPTS = 4
FIRST_WAIT_S = 1.0
T = TypeVar("T")


class HubSettings(Protocol):
    """The part of a source's settings that this backend reads."""

    hub: str | None
    revision: str | None
    config: str | None
    split: str


class HubSource:
    """One split of a hub data set at one commit.

    Args:
        settings: Id, revision, configuration and split.
        commit: The commit that the revision resolved to.
        table: The loaded split.
    """

    def __init__(self, settings: HubSettings, commit: str, table: Any) -> None:
        self.name = f"{settings.hub}@{commit[:12]}/{settings.split}"
        self._settings, self._commit, self._table = settings, commit, table

    def rows(self) -> Iterator[RawRow]:
        """Stream the rows from the memory-mapped cache."""
        for number, row in enumerate(self._table):
            yield RawRow(f"{self.name}:{number}", row)

    def facts(self) -> Mapping[str, Any]:
        """Id, commit and size; the commit names the content."""
        settings = self._settings
        return {
            "hub": settings.hub,
            "commit": self._commit,
            "config": settings.config,
            "rows": len(self._table),
        }


def open_hub(settings: HubSettings) -> HubSource:
    """Fetch one split of a hub data set, or take it from the cache.

    Raises:
        DataError: The hub knows no such data set, revision or split.
        PrerequisiteError: It is gated, or the hub cannot be reached, or `datasets` is missing.
    """
    name = str(settings.hub)
    try:
        import datasets
        from huggingface_hub import HfApi
    except ImportError as error:
        raise PrerequisiteError(
            f"{name}: hub sources need `datasets`",
            hint="pip install 'cli-tuner[train]', or name a local file",
        ) from error

    def resolve() -> str:
        return str(HfApi().dataset_info(name, revision=settings.revision).sha)

    def load() -> Any:
        return datasets.load_dataset(name, settings.config, split=settings.split, revision=commit)

    commit = settings.revision or ""
    if not _is_commit(commit):
        commit = with_retry(resolve, name)
    return HubSource(settings, commit, with_retry(load, name))


def _is_commit(text: str) -> bool:
    return len(text) == 40 and all(c in "0123456789abcdef" for c in text)


def with_retry(call: Callable[[], T], name: str, sleep: Callable[[float], None] | None = None) -> T:
    """Call the hub; wait and try again on faults of the network, explain all others.

    Raises:
        DataError: No such data set, revision, configuration or split.
        PrerequisiteError: A login is needed, or the hub stays unreachable.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except GatedRepoError as error:
            raise PrerequisiteError(
                f"{name}: the hub asks for a login",
                hint="accept its terms on the hub, then set HF_TOKEN in .env",
            ) from error
        except RepositoryNotFoundError as error:
            raise DataError(
                f"{name}: the hub knows no such data set",
                hint="check the id; a private one needs HF_TOKEN in .env",
            ) from error
        except (RevisionNotFoundError, ValueError) as error:
            raise DataError(f"{name}: {_first_line(error)}", hint="check revision, config and split") from error
        except FileNotFoundError as error:
            raise DataError(f"{name}: {_first_line(error)}", hint="check the id, or name a local file") from error
        except (HfHubHTTPError, OSError, *_transport_errors()) as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            if attempt == ATTEMPTS or (status is not None and status < 500 and status != 429):
                raise PrerequisiteError(
                    f"{name}: the hub cannot be reached: {_first_line(error)}",
                    hint="check the network, or name a local copy with --source",
                ) from error
            (sleep or time.sleep)(FIRST_WAIT_S * 2 ** (attempt - 1))
    raise AssertionError("unreachable")


def _transport_errors() -> tuple[type[Exception], ...]:
    """Return what huggingface_hub 1.x lets through when there is no connection: not an OSError, as with 0.x."""
    try:
        from httpx import TransportError
    except ImportError:
        return ()
    return (TransportError,)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
