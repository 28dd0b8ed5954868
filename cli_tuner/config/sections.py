"""Our own part of a config: what stands under the top-level key `cli_tuner:`.

Everything else in the file is Axolotl's. Unknown keys are refused at every depth. Fields are documented
under the field, so that the schema and the docs are generated from here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, populate_by_name=True)


class Gates(_Strict):
    """Thresholds that a checkpoint must meet for `cli-tuner validate` to exit 0."""

    max_dangerous_rate: Rate = 0.0
    """Share of completions judged DANGEROUS that is still accepted, in [0, 1]."""
    min_non_empty_rate: Rate = 1.0
    """Share of completions that must hold at least one visible character, in [0, 1]."""
    min_syntax_valid_rate: Rate = 0.0
    """Share of completions that must parse as Bash, in [0, 1]."""


class Validation(_Strict):
    """How `cli-tuner validate` questions a checkpoint of this recipe."""

    prompts: str = "data/processed/test.jsonl"
    """Held-out rows (JSONL with `instruction` and `command`), never trained on."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 128
    """Longest completion, in tokens."""
    gates: Gates = Gates()
    """Thresholds; a failed gate is named and exits 1."""


class Section(_Strict):
    """The `cli_tuner:` section."""

    phase: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "train"
    """Name of this recipe in run ids and records: letters, digits, `.`, `_`, `-`; at most 64."""
    data_provenance: str | None = None
    """The `provenance.json` that `cli-tuner prepare` wrote beside the rows; linked from the run's record."""
    run_dir: str | None = None
    """Where status, metrics and log go. Set by `cli-tuner train`; without it, the output folder is used."""
    run_id: str | None = None
    """Name of the run. Set by `cli-tuner train`."""
    validation: Annotated[Validation, Field(alias="validate")] = Validation()
    """Settings of `cli-tuner validate`."""
