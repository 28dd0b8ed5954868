"""Our own part of a config: what stands under the top-level key `cli_tuner:`.

Everything else in the file is Axolotl's. Unknown keys are refused at every depth. Fields are documented
under the field, so that the schema and the docs are generated from here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Policy = Literal[
    "4bit-without-qlora", "adapter-without-alpha", "adapter-without-rank", "adapter-without-targets",
    "base-model-already-quantised", "base-model-name", "best-model-misaligned", "best-model-without-evaluation",
    "completion-trains-the-prompt", "packing-mixes-rows", "pickled-weights", "prompt-trained", "remote-code",
    "saved-modules-in-fp16", "sequence-beyond-model", "trackio-broken", "unknown-plugin", "unknown-saved-modules",
    "unknown-targets", "weights-cannot-resume",
]  # fmt: skip
OfOneKey = Annotated[str, Field(pattern=r"^(unknown-key|row-type|wrong-kind|out-of-bounds|written-twice):.+$")]
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
    min_command_only_rate: Rate = 0.0
    """Share of completions that must be a command and nothing else (no prose, no Markdown), in [0, 1]."""


class Validation(_Strict):
    """How `cli-tuner validate` questions a checkpoint of this recipe."""

    prompts: str = "data/processed/test.jsonl"
    """Held-out rows (JSONL with `instruction` and `command`), never trained on."""
    max_new_tokens: Annotated[int, Field(ge=1, le=4096)] = 128
    """Longest completion, in tokens."""
    gates: Gates = Gates()
    """Thresholds; a failed gate is named and exits 1."""


class Parity(_Strict):
    """How near a merged model must be to its adapter on the base model, both computed in float32."""

    max_kl: Annotated[float, Field(ge=0.0)] = 1e-6
    """Largest mean Kullback-Leibler divergence of the next token, in nats."""
    min_top1_agreement: Rate = 1.0
    """Share of positions at which both must find the same token most likely, in [0, 1]."""
    min_equal_completions: Rate = 1.0
    """Share of the fixed prompts that both must complete in the same words, in [0, 1]."""
    max_weight_difference: Annotated[float, Field(ge=0.0)] = 1e-6
    """Largest difference of a merged weight from PEFT's own, relative to the largest weight of its tensor."""


class RoundedParity(Parity):
    """The same for a base model in 16 bits: its merged weights are rounded once."""

    max_kl: Annotated[float, Field(ge=0.0)] = 1e-3
    """Largest mean Kullback-Leibler divergence of the next token, in nats."""
    min_top1_agreement: Rate = 0.98
    """Share of positions at which both must find the same token most likely, in [0, 1]."""
    min_equal_completions: Rate = 0.9
    """Share of the fixed prompts that both must complete in the same words, in [0, 1]."""
    max_weight_difference: Annotated[float, Field(ge=0.0)] = 4e-3
    """Largest difference of a merged weight from PEFT's own: half a unit in the last place of bfloat16 is 3.9e-3."""


class Release(_Strict):
    """What `cli-tuner merge` and `cli-tuner publish` ask for."""

    n_prompts: Annotated[int, Field(ge=1, le=200)] = 200
    """How many of the fixed prompts a merge is proved on."""
    max_new_tokens: Annotated[int, Field(ge=1, le=512)] = 32
    """Longest completion of the proof, in tokens."""
    full_precision: Parity = Parity()
    """Thresholds for a base model in float32 or wider."""
    half_precision: RoundedParity = RoundedParity()
    """Thresholds for a base model in 16 bits."""
    max_file_bytes: Annotated[int, Field(ge=1)] = 50_000_000_000
    """Largest file that is published; the hub's own limit is 50 GB."""


class Supervision(_Strict):
    """How `cli-tuner train` watches the training process."""

    stall_factor: Annotated[float, Field(ge=2.0)] = 30.0
    """A step may take this many times the median step before the run counts as stalled."""
    stall_floor_s: Annotated[float, Field(ge=1.0)] = 600.0
    """Never call a run stalled before this many seconds without a step."""
    save_grace_s: Annotated[float, Field(ge=1.0)] = 300.0
    """Seconds that saving may take after Ctrl-C or SIGTERM."""
    oom_retries: Annotated[int, Field(ge=0, le=16)] = 4
    """How often to try again in smaller micro batches after memory ran out."""
    allow_shorter_sequences: bool = False
    """Whether `sequence_len` may be halved when no smaller micro batch is left; longer rows are then dropped."""


class Notify(_Strict):
    """Who is told when `cli-tuner train` has ended, however it ended; what goes wrong with it is a warning."""

    command: list[str] | None = None
    """Program and arguments, run without a shell; the facts come on stdin as one JSON document."""
    webhook_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Name of the environment variable (or line of `.env`) that holds an https address, which gets the same document by
    POST. The address itself is a secret and stays out of configs."""


class Section(_Strict):
    """The `cli_tuner:` section."""

    phase: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "train"
    """Name of this recipe in run ids and records: letters, digits, `.`, `_`, `-`; at most 64."""
    task: Literal["command", "chat", "completion"] = "command"
    """What is trained: `command` (an instruction in, one Bash command out, judged as such), `chat` (free text: the
    command gates are off, everything else holds) or `completion` (documents of plain text; likewise)."""
    precision: Literal["auto", "bf16", "fp16", "fp32"] | None = None
    """Who decides bf16, fp16 and tf32: empty = they stand as written; `auto` = `cli-tuner train` writes what this
    machine does best (bf16 from Ampere, fp16 with loss scaling before, float32 on a CPU); a name = that one."""
    throughput: Literal["auto"] | None = None
    """Who decides packing, attention and fused loss: empty = they stand as written; `auto` = chosen for the machine,
    as `cli-tuner plan` shows with its reasons."""
    data_provenance: str | None = None
    """The `provenance.json` that `cli-tuner prepare` wrote beside the rows; linked from the run's record."""
    allow: list[Policy | OfOneKey] | None = None
    """What Axolotl takes and we refuse, and this recipe sets aside: by the rule, or for one key (`unknown-key:NAME`;
    also `row-type`, `wrong-kind`, `out-of-bounds`, `written-twice`). The run's record names it."""
    run_dir: str | None = None
    """Where status, metrics and log go. Set by `cli-tuner train`; without it, the output folder is used."""
    run_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    """Name of the run: letters, digits, `.`, `_`, `-`. Set by `cli-tuner train`."""
    validation: Annotated[Validation, Field(alias="validate")] = Validation()
    """Settings of `cli-tuner validate`."""
    release: Release = Release()
    """Settings of `cli-tuner merge` and `cli-tuner publish`."""
    supervision: Supervision = Supervision()
    """How the training process is watched."""
    notify: Notify | None = None
    """Who is told when a training has ended."""


def section_keys() -> list[str]:
    """Return every key of our section and of what is inside it, as they are written in YAML."""
    models: tuple[type[BaseModel], ...] = (Section, Validation, Gates, Release, Parity, Supervision, Notify)
    return [field.alias or name for model in models for name, field in model.model_fields.items()]
