"""One merge from checkpoint to released folder: plan, write, prove, record, rename.

The laws: nothing lies at `out` that was not proved; what failed its proof is kept aside under another name; what was
there before is never overwritten.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cli_tuner.chat.messages import prompt_messages
from cli_tuner.config.sections import Release
from cli_tuner.errors import CheckpointError, CliTunerError
from cli_tuner.files import read_json, write_json
from cli_tuner.ports import Change, Message
from cli_tuner.provenance.environment import code, machine, packages
from cli_tuner.provenance.manifest import RECORD_NAME, TOKENIZER_FILES, changed, digests
from cli_tuner.records.merge import MergedWeights, MergeRecord
from cli_tuner.records.training import TrainingRecord
from cli_tuner.release.lora import plan
from cli_tuner.release.parity import Check, judge, thresholds
from cli_tuner.release.prompts import PROMPTS
from cli_tuner.runs.layout import now

_FROM_BASE = ("config.json", "LICENSE*", "NOTICE*", "USE_POLICY*")


class Weights(Protocol):
    """What is done with tensors, by a backend."""

    def shapes(self, folder: Path) -> dict[str, list[int]]:
        """Return the shape of every tensor of a model, or of an adapter."""
        ...

    def write(
        self, base: Path, adapter: Path, changes: Mapping[str, Change], out: Path, *, float32: bool
    ) -> MergedWeights:
        """Write the merged weights into `out`; return counts, dtypes and sizes."""
        ...

    def prove(
        self,
        base: Path,
        adapter: Path,
        merged: Path,
        chats: Sequence[Sequence[Message]],
        max_new_tokens: int,
        *,
        four_bit: bool,
    ) -> dict[str, object]:
        """Compare the merged model with the adapter on its base; see `backends.hf_parity`."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """What is merged.

    Attributes:
        checkpoint: The adapter's folder, whose files were checked.
        base: Folder of the full-precision base model.
        base_name: How the adapter names it: folder or hub id.
        four_bit: Whether the base was quantised in training.
        record: The training's record; None when it has none.
    """

    checkpoint: Path
    base: Path
    base_name: str
    four_bit: bool
    record: TrainingRecord | None


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge, or another look at one, came to.

    Attributes:
        folder: Where the model lies: at `out`, or aside when it was refused.
        checks: Every question with its answer.
        record: The document that stands in its `provenance.json`.
    """

    folder: Path
    checks: list[Check]
    record: MergeRecord

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, object]:
        """Return the outcome as plain data."""
        return {"out": str(self.folder), **self.record.document(), "passed": self.passed}


def merge(
    source: Source,
    out: Path,
    weights: Weights,
    release: Release,
    say: Callable[[str], None],
    *,
    float32: bool = False,
) -> Merged:
    """Merge an adapter into its base and prove it.

    Args:
        source: From `cli.merge`.
        out: Folder to make; must not exist.
        weights: The backend.
        release: Thresholds and the size of the proof.
        say: Tells a person what goes on.
        float32: Write float32 instead of the base's own type.

    Raises:
        CliTunerError: `out` exists.
        CheckpointError: The adapter cannot be merged faithfully.
    """
    if out.exists():
        raise CliTunerError(
            f"{out}: is there already", hint="choose another --out, or prove it again with --verify-only"
        )
    config = read_json(source.checkpoint / "adapter_config.json")
    shapes, base_shapes = weights.shapes(source.checkpoint), weights.shapes(source.base)
    changes = plan(config, shapes, base_shapes, read_json(source.base / "config.json"))
    with _staging(out) as staging:
        say(f"merging {len(changes)} of {len(base_shapes)} tensors into {source.base_name} …")
        facts = weights.write(
            source.base, source.checkpoint / "adapter_model.safetensors", changes, staging, float32=float32
        )
        _copy_the_rest(source, staging)
        if float32:
            _declare_float32(staging / "config.json")
        checks, proof = _prove(source, staging, weights, release, facts.dtypes, say)
        record = _record(source, facts, checks, proof, digests(staging))
        record.write(staging / RECORD_NAME)
        passed = all(check.passed for check in checks)
        target = out if passed else _aside(out)
        staging.rename(target)
    return Merged(target, checks, record)


def verify(source: Source, folder: Path, weights: Weights, release: Release, say: Callable[[str], None]) -> Merged:
    """Prove an existing merged folder again: its bytes against its record, then as after the merge.

    Raises:
        CheckpointError: It has no record.
    """
    from cli_tuner.release.merged import merge_record

    record = merge_record(folder)
    if record is None:
        raise CheckpointError(f"{folder}: no record of a merge", hint="`cli-tuner merge --out …` makes one")
    wrong = changed(folder, record.subjects)
    intact = Check("bytes", not wrong, wrong or f"{len(record.subjects)} files as recorded", "as recorded")
    checks, proof = _prove(source, folder, weights, release, record.weights.dtypes, say)
    again = {**record.document(), "proof": proof, "checks": [one.to_json() for one in checks]}
    return Merged(folder, [intact, *checks], MergeRecord.parse(again))


def _prove(
    source: Source, folder: Path, weights: Weights, release: Release, dtypes: list[str], say: Callable[[str], None]
) -> tuple[list[Check], dict[str, object]]:
    say(f"proving it on {release.n_prompts} prompts, in float32 …")
    chats = [prompt_messages(text) for text in PROMPTS[: release.n_prompts]]
    proof = weights.prove(
        source.base, source.checkpoint, folder, chats, release.max_new_tokens, four_bit=source.four_bit
    )
    return judge(proof, thresholds(release, dtypes)), proof


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        staging.chmod(0o755)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _aside(out: Path) -> Path:
    numbers = (out.with_name(f"{out.name}.refused{f'-{number}' if number else ''}") for number in range(1000))
    return next(path for path in numbers if not path.exists())


def _copy_the_rest(source: Source, folder: Path) -> None:
    """Copy what a server needs beside the weights; tokenizer and template are those that were trained with."""
    for pattern in _FROM_BASE:
        for file in source.base.glob(pattern):
            shutil.copyfile(file, folder / file.name)
    _write_decoding(source.base / "generation_config.json", folder)
    trained = (source.checkpoint / "tokenizer.json").is_file()
    for name in TOKENIZER_FILES:
        file = (source.checkpoint if trained else source.base) / name
        if file.is_file():
            shutil.copyfile(file, folder / name)


def _declare_float32(path: Path) -> None:
    """Name the type that the weights have now: transformers loads in the one that the config names."""
    known = {key: value for key, value in read_json(path).items() if key not in ("dtype", "torch_dtype")}
    write_json(path, {**known, "dtype": "float32"})


def _write_decoding(base: Path, folder: Path) -> None:
    """Keep the base's token ids and nothing else of how it decodes: servers take penalties and sampling from here."""
    known = read_json(base) if base.is_file() else {}
    ids = {name: value for name, value in known.items() if name.endswith("_token_id")}
    write_json(folder / "generation_config.json", {**ids, "do_sample": False})


def _record(
    source: Source,
    facts: MergedWeights,
    checks: list[Check],
    proof: dict[str, object],
    subjects: dict[str, str],
) -> MergeRecord:
    training = source.record
    document = {
        "schema": MergeRecord.current(),
        "run_id": training.run_id if training else None,
        "training": training.document() if training else None,
        "ended": now(),
        "adapter": {"digests": _digests_of(source.checkpoint)},
        "base_model": {"name": source.base_name, "digests": _digests_of(source.base)},
        "weights": facts,
        "proof": proof,
        "checks": [check.to_json() for check in checks],
        "passed": all(check.passed for check in checks),
        "code": code(),
        "packages": packages(),
        "machine": machine(),
        "subjects": subjects,
    }
    return MergeRecord.model_validate(document)


def _digests_of(folder: Path) -> dict[str, str]:
    """Hash the files at the top of a folder: what decides its answers, not earlier checkpoints below it."""
    below = [
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.parent != folder
    ]
    return digests(folder, leave_out=below)
