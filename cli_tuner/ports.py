"""The seams to third parties: Protocols that phases take and `backends/` implement.

A phase names a port, never a backend; tests pass the fakes of `tests/fakes.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Message = Mapping[str, str]
"""One chat turn: `{"role": "system" | "user" | "assistant", "content": text}`."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model answered.

    Attributes:
        text: The generated text, without prompt and end token.
        n_tokens: Generated tokens, the end token included.
        stop_reason: `"end"` when the model stopped by itself, `"length"` when it was cut.
        confidence: Mean natural log-probability of the generated tokens, at most 0; None where it is not known.
    """

    text: str
    n_tokens: int
    stop_reason: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client of a server gets for one chat.

    Attributes:
        content: The command, or the marked command, or nothing.
        refusal: Why there is no content; None when there is.
        finish_reason: `stop`, `length` or `content_filter`.
        n_prompt_tokens: Tokens of the prompt.
        n_tokens: Tokens that were generated.
        guard_facts: Verdict, action and findings.
    """

    content: str
    refusal: str | None
    finish_reason: str
    n_prompt_tokens: int
    n_tokens: int
    guard_facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one tensor of the base model.

    Attributes:
        kind: `linear`, `embedding`, `dora` or `whole`.
        parts: Names of the adapter's tensors by role: `A`, `B`, `m`, and `whole`, which takes the place of W.
        scale: The factor s; 1 for a tensor that is saved whole.
        transposed: Whether the base stores inputs in rows (GPT-2's Conv1D).
    """

    kind: str
    parts: Mapping[str, str]
    scale: float
    transposed: bool


class Generator(Protocol):
    """Anything that answers chats."""

    def generate(self, chats: Sequence[Sequence[Message]]) -> list[Completion]:
        """Answer each chat, in order; `len(result) == len(chats)`."""
        ...

    def stream(self, chats: Sequence[Sequence[Message]], done: Collection[int] = ()) -> Iterator[dict[int, Completion]]:
        """Answer batch by batch: yield the completions of each by the number of its chat.

        The same chats make the same batches, whatever is done: a batch that is all in `done` is left out, any other
        is answered whole. So what is answered in two goes equals what is answered in one.
        """
        ...


class Tokenizer(Protocol):
    """Anything that turns text into token ids and back."""

    def encode(self, text: str) -> list[int]:
        """Tokenise `text`, adding nothing; special tokens in the text become their ids."""
        ...

    def decode(self, token_ids: Sequence[int]) -> str:
        """Invert `encode`, special tokens shown."""
        ...

    @property
    def chat_template(self) -> str:
        """The Jinja source that renders messages."""
        ...

    @property
    def special_tokens(self) -> Mapping[str, str]:
        """Names to text, for the template: at least `eos_token`."""
        ...

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids of all control tokens: text from outside must never contain one."""
        ...


@dataclass(frozen=True, slots=True)
class RawRow:
    """One line of a source as loaded.

    Attributes:
        origin: Where it stands: `file:line`, or `hub-id@revision/split:index`.
        values: Its columns; what could be saved of it when it is not readable.
        fault: Why it is not readable, one word and a detail; empty when it is.
        lines: How many lines of its file it stands for, blank ones left out.
    """

    origin: str
    values: Mapping[str, Any]
    fault: str = ""
    lines: int = 1


class RowSource(Protocol):
    """Anything that rows come from, in an order that never changes."""

    name: str

    def rows(self) -> Iterator[RawRow]:
        """Stream the rows, from the first, each time it is called."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What identifies the content: digests of files, or hub id, revision and split."""
        ...


class Tracker(Protocol):
    """Anything that keeps a run for review, such as Weights & Biases."""

    def log(self, values: Mapping[str, float]) -> None:
        """Record numbers."""
        ...

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Record a table."""
        ...

    def finish(self) -> Mapping[str, Any]:
        """Close the run; return how to find it (`id`, `mode`, `dir`, `url`)."""
        ...


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that a search varies.

    Attributes:
        name: Its name, a key of the config.
        choices: What is chosen from; empty for a range of numbers.
        low: Smallest number of the range.
        high: Largest number, itself included.
        log: Whether orders of magnitude are looked at.
        whole: Whether only whole numbers are meant.
    """

    name: str
    choices: Sequence[str] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False


class OpenTrial(Protocol):
    """One trial of a search that has no end yet; what is said to it outlives the process."""

    @property
    def number(self) -> int:
        """Its number, from 0."""
        ...

    @property
    def values(self) -> Mapping[str, int | float | str]:
        """What it tries: axis -> number, or YAML text of a choice."""
        ...

    def report(self, step: int, loss: float) -> bool:
        """Remember an evaluation loss, and tell whether the trial is hopeless; a step is heard once."""
        ...

    def is_hopeless(self) -> bool:
        """Tell whether its newest reported loss is worse than it should be at that step."""
        ...

    def end(self, state: str, loss: float | None = None, why: str = "") -> None:
        """End it: `succeeded` with a loss, `pruned`, or `failed`."""
        ...


@dataclass(frozen=True, slots=True)
class EndedTrial:
    """One trial of a search that has ended.

    Attributes:
        number: Its number, from 0.
        values: What it tried.
        state: `succeeded`, `pruned` or `failed`.
        loss: Its final evaluation loss, or the last that was reported; nats a token.
        step: The step of the last report; None without one.
        why: Why it failed, or which trial it repeats.
    """

    number: int
    values: Mapping[str, int | float | str]
    state: str
    loss: float | None
    step: int | None
    why: str = ""


class Trials(Protocol):
    """Anything that proposes trials, guided by those that ended, and remembers all of them through a kill -9."""

    def next(self, first: Mapping[str, int | float | str] | None) -> OpenTrial:
        """Return the trial that was never ended, else a new one: the very first tries `first`, if given."""
        ...

    def ended(self) -> list[EndedTrial]:
        """Return the ended trials by number."""
        ...

    def importances(self) -> dict[str, float]:
        """Return how much each axis mattered, in [0, 1], together 1; empty where too few trials tell."""
        ...
