"""Opens the model that answers: an adapter checkpoint or a merged model; `generate` and `serve` both come here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from cli_tuner.backends.hf_generate import Decoding
    from cli_tuner.ports import Generator, Tokenizer
    from cli_tuner.records.training import TrainingRecord

# A model of this size answers on a CPU while a person waits; above it a GPU is asked for.
_CPU_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Opened:
    """A loaded model.

    Attributes:
        generator: Answers chats.
        tokenizer: Its own, to check requests with.
        facts: What answers, for logs: name, digest of the weights, device.
    """

    generator: Generator
    tokenizer: Tokenizer
    facts: dict[str, object]


def open_model(folder: Path | None, *, load_in_4bit: bool | None, allow_cpu: bool, decoding: Decoding) -> Opened:
    """Verify the files of a checkpoint or merged model, then load it.

    Args:
        folder: The checkpoint or merged model; None for the checkpoint of the newest run.
        load_in_4bit: Quantise to NF4; None for as it was trained, and never for a merged model.
        allow_cpu: Load a large model without a GPU.
        decoding: How tokens are chosen.
    """
    from cli_tuner.backends.hf_model import HfGenerator
    from cli_tuner.backends.hf_tokenizer import HfTokenizer

    path = folder or _newest()
    base_model, adapter, weights, quantised = _verified(path)
    four_bit = quantised if load_in_4bit is None else load_in_4bit
    _need_gpu(Path(base_model), allow_cpu=allow_cpu, four_bit=four_bit)
    tokenizer = HfTokenizer(path)
    console.say(f"loading {path} …")
    generator = HfGenerator(base_model, adapter, load_in_4bit=four_bit, decoding=decoding)
    facts = {"name": path.name, "folder": str(path), "weights": weights, **generator.facts()}
    return Opened(generator, tokenizer, facts)


def open_upstream(url: str, model: str, tokenizer: Path | None, decoding: Decoding) -> Opened:
    """Reach a model that another server runs; its tokenizer is needed here to check requests."""
    from cli_tuner.backends.hf_tokenizer import HfTokenizer
    from cli_tuner.backends.http_model import HttpGenerator

    if tokenizer is None:
        raise DataError(
            "--upstream needs the model's tokenizer here", hint="--tokenizer FOLDER, with tokenizer.json and template"
        )
    local = HfTokenizer(tokenizer)
    generator = HttpGenerator(url, model, decoding=decoding, api_key=os.environ.get("CLI_TUNER_UPSTREAM_KEY", ""))
    facts = generator.facts()
    return Opened(generator, local, {"name": facts["model"], "weights": {}, **facts})


def _newest() -> Path:
    from cli_tuner.runs.layout import find_run
    from cli_tuner.runs.registry import summary

    named = summary(find_run())["checkpoint_dir"]
    if named is None or not Path(named).is_dir():
        raise DataError("the newest run left no checkpoint", hint="name one: --checkpoint-dir models/checkpoints/…")
    return Path(named)


def _verified(path: Path) -> tuple[str, Path | None, dict[str, str], bool]:
    """Return base model, adapter, digests of the weights, and whether training was in 4 bits."""
    from cli_tuner.provenance.manifest import digests
    from cli_tuner.release.merged import is_model, require_recorded
    from cli_tuner.validate import integrity
    from cli_tuner.validate.recipe import was_quantised

    if not is_model(path):
        checkpoint = integrity.inspect(path)
        weights = integrity.ADAPTER_WEIGHTS
        return checkpoint.base_model, path, _recorded(checkpoint.record, weights), was_quantised(checkpoint)
    record = require_recorded(path)
    subjects = record.subjects if record else digests(path)
    found = {name: digest for name, digest in subjects.items() if name.endswith(".safetensors")}
    if not found:
        raise CheckpointError(f"{path}: its weights are no safetensors", hint="merge or save the model again")
    return str(path), None, found, False


def _recorded(record: TrainingRecord | None, name: str) -> dict[str, str]:
    return {name: record.subjects[name]} if record else {}


def _need_gpu(base: Path, *, allow_cpu: bool, four_bit: bool) -> None:
    from cli_tuner.provenance.environment import need_gpu

    size_bytes = sum(file.stat().st_size for file in base.glob("*.safetensors")) if base.is_dir() else None
    small = size_bytes is not None and size_bytes <= _CPU_BYTES
    need_gpu(allow_cpu=allow_cpu or small, four_bit=four_bit)
