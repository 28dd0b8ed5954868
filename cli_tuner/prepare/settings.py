"""What `configs/data/*.yaml` may say: one model a section, unknown keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cli_tuner.config.source import read_document
from cli_tuner.errors import ConfigError

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
SPLITS = ("train", "val", "test")
LARGE_SET = 50_000
"""Rows above which groups are made without a margin below the proof."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class Columns(_Strict):
    """Which columns to read; what is not named is found by name and checked by content."""

    text: str | None = None
    """With `task: completion`, the column of a document's text."""
    instruction: str | None = None
    """Column of the request in natural language."""
    command: str | None = None
    """Column of the Bash command."""
    references: tuple[str, ...] = ()
    """Columns of further commands that are right as well."""
    context: tuple[str, ...] = ()
    """Columns whose text follows the request after an empty line, such as Alpaca's `input`; of a document, precedes it,
    such as its title."""
    ignore: tuple[str, ...] = ()
    """Columns, and roles of a chat such as `system`, that are knowingly not used."""


class SourceSettings(_Strict):
    """Where rows come from: exactly one of `path` and `hub`."""

    path: str | None = None
    """A JSONL, JSON, CSV, TSV, Parquet or Arrow file, a folder of them, or one of two paired line files; with
    `task: completion` also a text file (`.txt`, `.md`), which is one document."""
    hub: str | None = None
    """A data set id on the Hugging Face hub."""
    revision: str | None = None
    """Commit, tag or branch of the hub data set; recorded as the commit it resolved to."""
    config: str | None = None
    """Named configuration of the hub data set."""
    split: str = "train"
    """Split of the hub data set."""
    licence: str = "unknown"
    """SPDX id or words; written to the data set card."""
    encoding: str | None = None
    """Encoding of text files; found where it is not named."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """Delimiter of CSV and TSV; found where it is not named."""
    lists: tuple[str, ...] = ()
    """Named lists of a JSON document to read; all of them where none is named."""
    columns: Columns = Columns()
    """Column names, where the automatic mapping is not wanted."""
    part: Literal["train", "val", "test"] | None = None
    """Keep the rows of this source in one split, as the set was published. Where a row of train says what one of val
    or test says, its whole group goes there: the split that is measured wins."""
    weight: Annotated[float, Field(gt=0.0, le=100.0)] = 1.0
    """Below 1, the share of rows kept (by hash); above 1, how often its train rows are repeated."""

    @model_validator(mode="after")
    def _one_place(self) -> SourceSettings:
        if (self.path is None) == (self.hub is None):
            raise ValueError("a source names exactly one of `path` and `hub`")
        return self


class Filters(_Strict):
    """Which rows are refused; every filter can be switched off by name."""

    off: tuple[Literal["shape", "language", "syntax", "danger", "lint"], ...] = ()
    """Filters that do not run."""
    secrets: bool = False
    """Refuse rows that hold a key or token, by `detect-secrets` (extra `data`)."""
    pii: bool = False
    """Refuse rows that hold personal data (e-mail, telephone, card, US SSN), by `datafog-core` (extra `data`)."""
    min_instruction_chars: Annotated[int, Field(ge=1)] = 3
    """Shorter instructions are refused."""
    max_instruction_chars: Annotated[int, Field(ge=1)] = 1000
    """Longer instructions are refused."""
    max_command_chars: Annotated[int, Field(ge=1)] = 2000
    """Longer commands are refused."""
    max_line_bytes: Annotated[int, Field(ge=1024)] = 1 << 20
    """Longer lines of a source are refused without being loaded."""
    min_latin_rate: Rate = 0.8
    """Least share of Latin letters among the letters of an instruction."""
    multiline: bool = False
    """Keep commands of several lines."""
    review: Literal["keep", "reject"] = "keep"
    """What happens to commands that the analyser marks REVIEW; kept ones are marked and counted."""
    lint_rejects: bool = False
    """Refuse rows with shellcheck errors too. By default they are recorded: valid Bash is not the same."""
    lint_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Longest time for one batch of shellcheck; a row that exceeds it alone is kept aside."""
    lint_batch: Annotated[int, Field(ge=1, le=5000)] = 500
    """Commands per shellcheck process."""
    max_lost_rate: Rate = 0.1
    """Largest share of a source's rows that may be lost to faults; more stops the run. What a filter refuses by its
    purpose (danger, placeholders, secrets, ...) is not lost."""
    bad_line: Literal["skip", "stop"] = "skip"
    """What a line that cannot be read does: is kept aside, or stops the run."""


class Dedupe(_Strict):
    """Which rows say the same."""

    references: Literal["merge", "rows"] = "merge"
    """Several commands for one instruction: references of one example, or rows of their own."""
    near_threshold: Rate = 0.9
    """Jaccard similarity (5-grams of characters of instruction and command) of a near-duplicate; 1 = off."""
    method: Literal["exact", "minhash"] = "exact"
    """`exact` finds every near-duplicate; `minhash` uses datasketch's MinHash-LSH, which may miss some."""
    permutations: Annotated[int, Field(ge=16, le=512)] = 128
    """MinHash permutations."""


class Split(_Strict):
    """How groups are dealt to train, val and test."""

    train: Rate = 0.8
    """Share of rows for training."""
    val: Rate = 0.1
    """Share of rows for validation while training."""
    test: Rate = 0.1
    """Share of rows held out to the end."""
    assignment: Literal["stratified", "hash"] = "stratified"
    """`stratified` deals every utility out in proportion; `hash` never moves a group when rows are added."""
    group_threshold: Annotated[float, Field(ge=0.5, le=1.0)] | None = None
    """Rows this near share a group. By default 0.75, below the proof's 0.8 so that other normalisations find
    nothing either; 0.8 for more than 50,000 rows, where the margin costs more than the rest of the phase."""
    folds: Annotated[int, Field(ge=0, le=100)] = 0
    """Also write so many folds, under `folds/`, in which every row is held out once; for small sets."""
    exclude: tuple[str, ...] = ()
    """Benchmark files: rows that equal or come near one of theirs are refused."""
    smoke_train: Annotated[int, Field(ge=1)] = 64
    """Rows of train_smoke.jsonl."""
    smoke_val: Annotated[int, Field(ge=1)] = 16
    """Rows of val_smoke.jsonl."""

    @model_validator(mode="after")
    def _whole(self) -> Split:
        if abs(self.train + self.val + self.test - 1.0) > 1e-9 or self.train == 0.0:
            raise ValueError("train + val + test must be 1, and train more than 0")
        return self

    def threshold(self, n_rows: int) -> float:
        """Return the nearness that joins groups of `n_rows` rows."""
        if self.group_threshold is not None:
            return self.group_threshold
        return 0.75 if n_rows <= LARGE_SET else 0.8


Doubt = Literal["many_answers", "constant_answer", "empty_split"]
"""What stops a run unless the recipe allows it."""


class Settings(_Strict):
    """A whole data recipe."""

    sources: tuple[SourceSettings, ...] = (SourceSettings(path="data/samples", licence="MIT"),)
    """Where rows come from, in this order: of equal rows the first is kept."""
    filters: Filters = Filters()
    """Which rows are refused."""
    dedupe: Dedupe = Dedupe()
    """Which rows say the same."""
    split: Split = Split()
    """How rows are dealt out."""
    tokenizer: str = "models/tiny_base"
    """Model folder or hub id whose tokenizer and chat template render the rows."""
    tokenizer_revision: str | None = None
    """Revision of a hub tokenizer."""
    task: Literal["command", "chat", "completion"] = "command"
    """`command`: one request, one Bash command. `chat`: free text, conversations of any length; the gates for Bash are
    off, every answer of the assistant is trained. `completion`: documents of plain text, in passages."""
    chunk_overlap: Annotated[int, Field(ge=0)] = 64
    """With `task: completion`, how many tokens of the passage before are read again, untrained, before a passage."""
    answers: Literal["all", "last"] = "all"
    """With `task: chat`, which answers are trained: every one, or the last of each conversation alone. Earlier ones are
    written with `train: false`, which Axolotl reads where the recipe says `message_field_training: train`."""
    system_prompt: str | None = None
    """With `task: chat`, the system prompt of rows that bring none; with `command` it is ours."""
    allow: tuple[Doubt, ...] = ()
    """What looks like a mistake and is none: one request with many answers, one answer for all requests, a split
    without rows."""
    sequence_len: Annotated[int, Field(ge=16)] = 512
    """Longest row in tokens; a longer one is refused, never cut."""
    tokens: bool = False
    """Also write the rows tokenised (`input_ids`, `attention_mask`, `labels`) under `tokens/<digest of the rows>/`."""
    seed: int = 42
    """Decides split, sampling and smoke rows."""

    @property
    def documents(self) -> bool:
        """Whether rows are passages of documents."""
        return self.task == "completion"

    @model_validator(mode="before")
    @classmethod
    def _fit_task(cls, values: Any) -> Any:
        """Give free text its defaults: no gate for Bash, several answers are rows of their own."""
        if not isinstance(values, dict) or values.get("task") not in ("chat", "completion"):
            return values
        filters, dedupe = dict(values.get("filters") or {}), dict(values.get("dedupe") or {})
        off = {*(filters.get("off") or ()), "shape", "syntax", "danger", "lint"}
        filters["off"] = sorted(off if "min_latin_rate" in filters else {*off, "language"})
        for name in ("max_instruction_chars", "max_command_chars"):
            filters.setdefault(name, 1 << 20)
        filters["min_instruction_chars"] = filters.get("min_instruction_chars", 1)
        dedupe.setdefault("references", "rows")
        return {**values, "filters": filters, "dedupe": dedupe}


def load_settings(path: Path, changes: dict[str, Any]) -> Settings:
    """Read a data recipe and lay the flags over it.

    Args:
        path: YAML file.
        changes: Top-level keys with their new values.

    Raises:
        ConfigError: Missing file, unknown key or bad value; all of them at once.
    """
    document = read_document(path)
    try:
        return Settings.model_validate({**document.values, **changes})
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'recipe'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(
            "\n".join(f"{path}: {line}" for line in lines), hint="the keys are described in docs/data.md"
        ) from error
