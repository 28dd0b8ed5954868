"""What `prepare` wires together: the tokenizer that the recipe names, and who runs the shards."""

from __future__ import annotations

from functools import partial
from typing import Any

from cli_tuner.errors import ConfigError

MADE_HERE = ("models/tiny_base", "models/toy_init")
"""Base models that are built on first use; others do not import the builder."""
ENGINES = ("local", "datatrove")


def open_tokenizer(name: str, revision: str | None) -> Any:
    """Open a model folder's or hub model's tokenizer; make a base model of ours where it is asked for and missing."""
    from cli_tuner.backends.hf_tokenizer import load_tokenizer

    if name in MADE_HERE:
        from cli_tuner.backends.tiny_base import ensure_named

        ensure_named(name)
    return load_tokenizer(name, revision)


def token_parity(tokenizer: Any) -> Any:
    """Return what compares tokens with the class of transformers that training and inference load."""

    def compare(texts: Any, ids: Any) -> Any:
        from cli_tuner.backends.tokenizer_parity import check_parity
        from cli_tuner.prepare.flags import CACHE

        return check_parity(tokenizer.folder, texts, ids, CACHE)

    return compare


def shard_runner(engine: str, workers: int) -> Any:
    """Choose who runs the shards: our own workers, or datatrove's executor with as many.

    Raises:
        ConfigError: No such engine.
    """
    if engine not in ENGINES:
        raise ConfigError(f"--engine {engine}: unknown", hint=f"known: {', '.join(ENGINES)}")
    if engine == "local":
        from cli_tuner.prepare.workers import run_shards

        return run_shards
    from cli_tuner.backends.datatrove_tasks import run_local
    from cli_tuner.prepare.spool import shards_by

    return shards_by(partial(run_local, workers=workers))
