"""`cli-tuner evaluate --model` and `--server` without a checkpoint: one model by itself; and two runs compared."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli_tuner.cli import console
from cli_tuner.errors import ConfigError
from cli_tuner.files import read_json, sha256_text

if TYPE_CHECKING:
    from cli_tuner.backends.hf_generate import Decoding
    from cli_tuner.cli.evaluation import Asked
    from cli_tuner.ports import Generator

ROWS = Path("data/processed/test.jsonl")
TWO_NAMES = "base,tuned"
"""What `--served` is where nobody gave it: names of two models, so of none here."""


def evaluate_model(name: str | None, asked: Asked, *, as_json: bool) -> None:
    """Evaluate a base, a merged model or a served one by itself.

    Args:
        name: Folder or hub id; None for the model of `asked.server`.
        asked: The flags.
        as_json: Whether to print one JSON document.

    Raises:
        CliTunerError: The model cannot be loaded, or a suite cannot be read.
    """
    from cli_tuner.backends.hf_generate import Decoding
    from cli_tuner.cli import evaluation
    from cli_tuner.cli.evaluate_report import show_one
    from cli_tuner.cli.evaluation_suites import suites
    from cli_tuner.evaluate.single import evaluate_one
    from cli_tuner.provenance.environment import need_gpu
    from cli_tuner.runs.layout import RUNS

    if asked.compare != "base":
        raise ConfigError(
            "--model: is evaluated by itself",
            hint="then compare: cli-tuner evaluate --predictions RUN_FOLDER --compare OTHER_RUN_FOLDER",
        )
    decoding = Decoding(asked.max_new_tokens or 128, batch_size=asked.batch_size)
    what, digests = (name, _digests(name)) if name else (f"{asked.server} {_served(asked)}".strip(), {})
    if name:
        need_gpu(allow_cpu=asked.allow_cpu or _small(name), four_bit=bool(asked.load_in_4bit))
    found = suites(asked, asked.data or ROWS)
    four_bit = bool(asked.load_in_4bit) if name else None
    facts = {
        "run_id": None, "checkpoint_dir": None, "base_model": what, "compare": None,
        "decoding": {**asdict(decoding), "load_in_4bit": four_bit}, "digests": {"model": digests},
    }  # fmt: skip
    folder = RUNS / f"{Path(str(what).rstrip('/')).name or 'model'}-evaluate-{sha256_text(f'{what}{digests}')[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    console.say(f"results go to {folder}")
    plan = evaluation.EvaluationPlan(folder, found, facts, asked.batch_size, bool(four_bit), _never)

    def load() -> tuple[Generator, Mapping[str, Any]]:
        return _loaded(name, asked, decoding)

    with evaluation.sandbox(plan, asked.tree) as (sandbox, world_of), evaluation.progress() as observe:
        document = evaluate_one(folder, found, facts, load, observe, sandbox, world_of)
    show_one(document, folder, as_json=as_json)


def compare_folders(first: Path, second: Path, *, as_json: bool) -> None:
    """Compare two evaluations on the prompts that both were asked, tested in pairs."""
    from cli_tuner.cli.evaluate_report import show_shared
    from cli_tuner.evaluate.shared import compare_runs

    show_shared(compare_runs(first, second), as_json=as_json)


def _never() -> Any:
    raise AssertionError("one model is loaded by itself")


def _served(asked: Asked) -> str:
    return "" if asked.served == TWO_NAMES else asked.served


def _loaded(name: str | None, asked: Asked, decoding: Decoding) -> tuple[Generator, Mapping[str, Any]]:
    if name is None:
        from cli_tuner.backends.http_model import HttpGenerator

        key = os.environ.get("VLLM_API_KEY", "")
        remote = HttpGenerator(str(asked.server), _served(asked), decoding=decoding, api_key=key)
        return remote, remote.facts()
    from cli_tuner.backends.hf_model import HfGenerator, use_threads

    console.say(f"loading {name} …")
    if asked.threads:
        use_threads(asked.threads)
    local = HfGenerator(name, None, load_in_4bit=bool(asked.load_in_4bit), decoding=decoding)
    return local, local.facts()


def _digests(name: str) -> dict[str, str]:
    """Return the digests of a folder's weights and tokenizer, after comparing them with its record; {} for a hub id."""
    from cli_tuner.provenance.manifest import RECORD_NAME, digests
    from cli_tuner.records.merge import MergeRecord
    from cli_tuner.release.merged import is_model, require_recorded

    folder = Path(name)
    if not folder.is_dir():
        return {}
    if not is_model(folder):
        raise ConfigError(f"--model {name}: is no whole model", hint=f"an adapter: --checkpoint-dir {name}")
    record = read_json(folder / RECORD_NAME) if (folder / RECORD_NAME).is_file() else {}
    if isinstance(record, dict) and record.get("schema") == MergeRecord.current():
        require_recorded(folder)
    return {
        file: digest for file, digest in digests(folder).items() if file.endswith((".safetensors", ".json", ".jinja"))
    }


def _small(name: str) -> bool:
    folder = Path(name)
    return folder.is_dir() and sum(file.stat().st_size for file in folder.glob("*.safetensors")) <= 2 << 30
