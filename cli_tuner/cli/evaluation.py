"""Wires an evaluation: checkpoints that are whole, prompts, models on demand, progress and W&B."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli_tuner.cli import console
from cli_tuner.cli.evaluation_suites import requests, suites, world_of
from cli_tuner.errors import CheckpointError, ConfigError
from cli_tuner.evaluate.cases import Suite
from cli_tuner.files import sha256_file, write_json
from cli_tuner.provenance.environment import need_gpu
from cli_tuner.runs.layout import RUNS
from cli_tuner.validate import integrity
from cli_tuner.validate.recipe import recipe_of, was_quantised

if TYPE_CHECKING:
    from rich.progress import TaskID

    from cli_tuner.backends.hf_generate import Decoding
    from cli_tuner.evaluate.execution import WorldOf
    from cli_tuner.evaluate.sandbox import Sandbox
    from cli_tuner.evaluate.session import Models
    from cli_tuner.records.evaluation import EvaluationRecord

_DECIDING = (integrity.ADAPTER_WEIGHTS, integrity.ADAPTER_CONFIG, "tokenizer.json", "chat_template.jinja")


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags of `cli-tuner evaluate`."""

    compare: str
    suite: str
    data: Path | None
    limit: int | None
    max_new_tokens: int | None
    batch_size: int
    threads: int | None
    load_in_4bit: bool | None
    allow_cpu: bool
    intercode: Path | None = None
    server: str | None = None
    served: str = "base,tuned"
    execute: bool = False
    tree: Path | None = None


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What is evaluated, and where the result goes."""

    folder: Path
    suites: list[Suite]
    asked: Mapping[str, object]
    batch_size: int
    four_bit: bool
    load_models: Callable[[], Models]


def checkpoints(folder: Path, compare: str) -> tuple[integrity.Checkpoint, integrity.Checkpoint | None]:
    """Inspect the checkpoint and what it is compared with.

    Raises:
        CliTunerError: One is missing, incomplete, untrained, of another base model, or both are the same.
    """
    checkpoint = _sound(folder)
    if compare == "base":
        return checkpoint, None
    other = _sound(Path(compare))
    if other.path.resolve() == checkpoint.path.resolve():
        raise ConfigError(
            f"--compare {compare}: is the checkpoint itself", hint="leave --compare out to compare with base"
        )
    if other.base_model != checkpoint.base_model:
        raise ConfigError(
            f"--compare {compare}: was trained on {other.base_model}, not on {checkpoint.base_model}",
            hint="evaluate each against its own base, and compare the two reports",
        )
    return checkpoint, other


def _sound(folder: Path) -> integrity.Checkpoint:
    from cli_tuner.backends.hf_model import adapter_facts

    checkpoint = integrity.inspect(folder)
    facts = adapter_facts(folder / integrity.ADAPTER_WEIGHTS)
    if facts["n_not_finite"] or facts["all_zero"]:
        why = "its weights are all zeros: nothing was trained" if facts["all_zero"] else "it holds NaN or infinity"
        raise CheckpointError(f"{folder}: {why}", hint=f"cli-tuner validate --checkpoint-dir {folder}")
    base = Path(checkpoint.base_model)
    if checkpoint.record is None and base.is_dir():
        from cli_tuner.backends.foreign_tokens import difference

        if why := difference(folder, base, requests()):
            raise CheckpointError(
                f"{folder}: its tokenizer is not that of {base}, and no training record says why: {why}",
                hint="restore the tokenizer files that it was trained with",
            )
    return checkpoint


def plan(checkpoint: integrity.Checkpoint, other: integrity.Checkpoint | None, asked: Asked) -> EvaluationPlan:
    """Read the prompts and settle everything that the completions depend on, before a model is loaded."""
    from cli_tuner.backends.hf_generate import Decoding

    section = recipe_of(checkpoint, console.say)
    if section.task != "command":
        raise ConfigError(
            f"{checkpoint.path}: was trained for free text, and these metrics are of commands",
            hint=f"cli-tuner validate --checkpoint-dir {checkpoint.path}",
        )
    recipe = section.validation
    asked_suites = suites(asked, asked.data or Path(recipe.prompts))
    four_bit = was_quantised(checkpoint) if asked.load_in_4bit is None else asked.load_in_4bit
    need_gpu(allow_cpu=asked.allow_cpu or asked.server is not None, four_bit=four_bit)
    decoding = Decoding(asked.max_new_tokens or recipe.max_new_tokens, batch_size=asked.batch_size)
    if asked.server is not None:
        _urls(asked.server)
    digests = {"tuned": _digests(checkpoint.path), "base": _base_digests(checkpoint)}
    folder = _folder(checkpoint, digests["tuned"][integrity.ADAPTER_WEIGHTS])
    if other is not None:
        digests["compared"] = _digests(other.path)
    facts = {
        "run_id": checkpoint.record.run_id if checkpoint.record else None,
        "checkpoint_dir": str(checkpoint.path),
        "base_model": checkpoint.base_model,
        "compare": asked.compare,
        "decoding": {**asdict(decoding), **({"server": asked.served} if asked.server else {"load_in_4bit": four_bit})},
        "digests": digests,
    }

    def load_models() -> Models:
        if asked.server is not None:
            return _served(asked.server, asked.served, decoding)
        from cli_tuner.backends.hf_model import HfPair, use_threads
        from cli_tuner.chat.messages import prompt_messages
        from cli_tuner.evaluate.session import Models

        console.say(f"loading {checkpoint.base_model} with the adapter …")
        if asked.threads:
            use_threads(asked.threads)
        pair = HfPair(
            checkpoint.base_model,
            checkpoint.path,
            other.path if other else None,
            load_in_4bit=four_bit,
            decoding=decoding,
        )
        proof = pair.prove_active([prompt_messages(case.instruction) for case in asked_suites[0].cases[:4]])
        return Models(pair.base, pair.tuned, {**pair.facts(), "adapter": proof})

    return EvaluationPlan(folder, asked_suites, facts, asked.batch_size, asked.server is None and four_bit, load_models)


def _served(url: str, names: str, decoding: Decoding) -> Models:
    """Ask a server that holds both models, as vLLM does with `--lora-modules`; its logits are not seen from here."""
    from cli_tuner.backends.http_model import HttpGenerator
    from cli_tuner.evaluate.session import Models

    base, comma, tuned = names.partition(",")
    if not (comma and base and tuned) or (base == tuned and _urls(url) is None):
        raise ConfigError(f"--served {names}: two names of models are needed", hint="--served base,tuned")
    key = os.environ.get("VLLM_API_KEY", "")
    urls = _urls(url)
    if urls is not None and names == "base,tuned":
        base = tuned = ""  # each server's only model
    before, after = (
        HttpGenerator(at, name, decoding=decoding, api_key=key)
        for at, name in zip(urls or (url, url), (base, tuned), strict=True)
    )
    named = [before.facts().get("model", base), after.facts().get("model", tuned)]
    facts = {"device": "remote", "models": named, "adapter": None, "decoding": after.facts()["decoding"]}
    return Models(before, after, facts)


def _urls(server: str) -> tuple[str, str] | None:
    """Return the addresses of `base=URL,tuned=URL`; None for one address.

    Raises:
        ConfigError: Only one of the two is named.
    """
    parts = dict(part.partition("=")[::2] for part in server.split(",") if part.startswith(("base=", "tuned=")))
    if not parts:
        return None
    if set(parts) != {"base", "tuned"} or not all(parts.values()):
        raise ConfigError(f"--server {server}: two addresses are needed", hint="--server base=URL,tuned=URL")
    return parts["base"], parts["tuned"]


def _digests(folder: Path) -> dict[str, str]:
    return {name: sha256_file(folder / name) for name in _DECIDING if (folder / name).is_file()}


def _base_digests(checkpoint: integrity.Checkpoint) -> dict[str, str]:
    recorded = checkpoint.record.base_model.digests if checkpoint.record else None
    return dict(recorded or {})  # inspect() compared them with the files that are here


def _folder(checkpoint: integrity.Checkpoint, weights: str) -> Path:
    run_id = (checkpoint.record.run_id if checkpoint.record else None) or ""
    if run_id and (RUNS / run_id).is_dir():
        return RUNS / run_id
    folder = RUNS / f"{checkpoint.path.resolve().name}-evaluate-{weights[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def sandbox(plan: EvaluationPlan, tree: Path | None) -> Iterator[tuple[Sandbox | None, WorldOf]]:
    """Open the sandbox where a suite is executed, and say in which file system each of its cases runs.

    Raises:
        PrerequisiteError: bubblewrap is missing or cannot make namespaces here.
    """
    from cli_tuner.evaluate.execution import own_world
    from cli_tuner.evaluate.sandbox import Sandbox

    if not any(suite.executed for suite in plan.suites):
        yield None, own_world
        return
    with Sandbox() as opened:
        yield opened, world_of(opened, tree)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar with rate and time left; yields what the session tells."""
    with console.progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def observe(what: str, total: int, done: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
                if not console.on_terminal():
                    console.say(f"{what}: {total} prompts, {done} answered before")
            bar.update(tasks[what], completed=done)

        yield observe


def track(result: EvaluationRecord, folder: Path, project: str, mode: str) -> dict[str, object]:
    """Log the evaluation to W&B; what is on disk stays whatever happens there."""
    from cli_tuner.backends.wandb_evaluation import track_evaluation

    tracked = track_evaluation(result.document(), folder, project=project, mode=mode)
    write_json(folder / "evaluation" / "wandb.json", tracked)
    return tracked
