"""Which column is the request and which the command: by name; what a name promises is checked in `doubts.py`.

A row that has other columns than the first is mapped by its own: a file may hold more than one layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.prepare.settings import Columns
from cli_tuner.prepare.turns import chat_fault, is_chat, pair, pair_fault

# In the order of preference; where they come from is told in docs/data.md.
_INSTRUCTIONS = (
    "nl_command nl invocation instruction prompt query question description natural_language english task input"
)
_COMMANDS = "bash_code bash cmd command output completion response answer gold target code"
INSTRUCTION_NAMES, COMMAND_NAMES = _INSTRUCTIONS.split(), _COMMANDS.split()
CHAT_NAMES = ("messages", "conversations", "conversation", "chat", "dialogue")
TEXT_NAMES = ("text", "content", "document", "body", "passage", "article", "page_content", "raw_content")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
REFERENCE_NAMES = ("bash2", "gold2", "references")
SPEAKING_NAMES = frozenset(
    [*INSTRUCTION_NAMES, *COMMAND_NAMES, "system", "system_prompt", "context", "history", "passage"]
)
"""Columns that may say what the row needs: text in one that is not used is told, never dropped silently."""
MOST_LAYOUTS = 1000


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns in use; a chat is both.

    Attributes:
        context: Columns whose text follows the request.
        unused: Columns that are not used though their names promise text of the row.
        others: Columns that are not used and whose names promise nothing; no part of what a mapping is.
        ignored: Columns and roles that the recipe leaves out.
    """

    instruction: str
    command: str
    references: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_chat(self) -> bool:
        """True where one column holds the turns."""
        return self.instruction == self.command

    def describe(self) -> dict[str, Any]:
        """The mapping as it is recorded."""
        more = {"context": list(self.context), "ignored": list(self.ignored)}
        told = {name: value for name, value in more.items() if value}
        return {"instruction": self.instruction, "command": self.command, "references": list(self.references), **told}


def map_columns(names: Sequence[str], wanted: Columns, where: str, example: Mapping[str, Any]) -> Mapped:
    """Choose the columns by `wanted`, else by the names in use, first hit; case and spaces do not count.

    Where the row's own columns do not hold both, those of objects in it are looked at, as `outer.inner`.

    Raises:
        DataError: A wanted column is missing, or no name is known; shows the columns and a row.
    """
    lower = {_plain(name): name for name in reversed(names)}
    instruction, command = _both(wanted, lower)
    if not (instruction and command) and (inner := _nested(example)):
        instruction, command = _both(wanted, {**inner, **lower})
    chat = next((lower[name] for name in CHAT_NAMES if name in lower), None)
    chat = chat or next((name for name, value in example.items() if is_chat(value)), None)
    if chat and not (instruction and command) and not (wanted.instruction or wanted.command):
        instruction = command = chat
    for role, found in (("instruction", instruction), ("command", command)):
        if not found:
            raise DataError(
                f"{where}: no {role} column among {', '.join(names)}\nfirst row: {short(example)}",
                hint=f"name it in the recipe: columns: {{{role}: NAME}}, or --column {role}=NAME",
            )
    references = wanted.references or tuple(lower[n] for n in REFERENCE_NAMES if n in lower)
    context = tuple(name for name in wanted.context if name in names)
    used = {instruction, command, *references, *context, *wanted.ignore}
    left = [name for name in names if name not in used]
    unused = tuple(name for name in left if _plain(name) in SPEAKING_NAMES)
    others = tuple(name for name in left if name not in unused)
    return Mapped(instruction, command, references, context, unused, wanted.ignore, others)


def map_text(names: Sequence[str], wanted: Columns, where: str, example: Mapping[str, Any]) -> Mapped:
    """Choose the column of a document's text by `wanted`, else by its name; the request of such rows is empty.

    Raises:
        DataError: A wanted column is missing, or no name is known; shows the columns and a row.
    """
    lower = {_plain(name): name for name in reversed(names)}
    text = _choose(wanted.text, TEXT_NAMES, lower)
    if not text:
        raise DataError(
            f"{where}: no text column among {', '.join(names)}\nfirst row: {short(example)}",
            hint="name it in the recipe: columns: {text: NAME}, or --column text=NAME",
        )
    left = tuple(name for name in names if name not in (text, *wanted.context, *wanted.ignore))
    context = tuple(name for name in wanted.context if name in names)
    return Mapped("", text, (), context, (), wanted.ignore, left)


def _both(wanted: Columns, lower: Mapping[str, str]) -> tuple[str, str]:
    instruction = _choose(wanted.instruction, INSTRUCTION_NAMES, lower)
    return instruction, _choose(wanted.command, [n for n in COMMAND_NAMES if lower.get(n) != instruction], lower)


def _nested(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of the objects in a row, by their plain names and by their whole ones."""
    whole = [f"{name}.{key}" for name, value in row.items() if isinstance(value, Mapping) for key in value]
    return {**{_plain(name.partition(".")[2]): name for name in reversed(whole)}, **{name: name for name in whole}}


def cell(values: Mapping[str, Any], name: str) -> Any:
    """Return a cell by its column, which may be one of an object in the row (`outer.inner`); None if absent."""
    if name in values or "." not in name:
        return values.get(name)
    outer, _, inner = name.partition(".")
    held = values.get(outer)
    return held.get(inner) if isinstance(held, Mapping) else None


def _plain(name: str) -> str:
    return _NO_LETTER.sub("_", name.lower()).strip("_") or name


def _choose(wanted: str | None, known: Sequence[str], lower: Mapping[str, str]) -> str:
    if wanted is not None:
        return wanted if wanted in lower.values() else ""
    return next((lower[name] for name in known if name in lower), "")


class Layouts:
    """How the rows of one part are mapped, by the columns they have.

    Args:
        wanted: What the recipe says about columns.
        where: Name of the part, for messages.
        task: What rows are: pairs, conversations of any length, or documents.
    """

    def __init__(self, wanted: Columns, where: str, task: str = "command") -> None:
        self._wanted, self._where, self._chats = wanted, where, task == "chat"
        self._map = map_text if task == "completion" else map_columns
        self._known: dict[tuple[str, ...], Mapped | None] = {}
        self.settled: set[str] = set()
        self.refusal: DataError | None = None

    def of(self, values: Mapping[str, Any]) -> Mapped | None:
        """Return how a row is mapped; None where its columns are not known."""
        names = tuple(values)
        if names not in self._known:
            if len(self._known) >= MOST_LAYOUTS:
                self._known.clear()
            try:
                self._known[names] = self._map(names, self._wanted, self._where, values)
            except DataError as error:
                self.refusal = self.refusal or error
                if any(isinstance(value, list | Mapping) or value is None for value in values.values()):
                    return None  # what a cell holds may make the next row one that is known
                self._known[names] = None
        return self._known[names]

    def fault(self, values: Mapping[str, Any], mapped: Mapped) -> str:
        """Return why a mapped row cannot be used whole; columns in `settled` were looked at before."""
        if mapped.is_chat and self._chats:
            return chat_fault(cell(values, mapped.instruction))
        if mapped.is_chat:
            return pair_fault(cell(values, mapped.instruction), mapped.ignored)
        open_names = (name for name in mapped.unused if name not in self.settled)
        unused = next((name for name in open_names if holds_text(values.get(name))), "")
        return f"unused_column: {unused}" if unused else ""


def holds_text(value: Any) -> bool:
    """Tell whether a cell says anything."""
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def extract(values: Mapping[str, Any], mapped: Mapped) -> tuple[Any, Any, list[Any]]:
    """Take instruction, command and further references out of one row; None where a column is absent."""
    if mapped.is_chat:
        asked, answered = pair(cell(values, mapped.instruction))
        return _text(asked), _text(answered), []
    further: list[Any] = []
    for name in mapped.references:
        value = values.get(name)
        further += value if isinstance(value, list) else [value]
    command = _text(cell(values, mapped.command))
    if isinstance(command, list) and command:
        command, further = command[0], [*command[1:], *further]
    instruction = _in_context(_text(cell(values, mapped.instruction)), [_text(values.get(n)) for n in mapped.context])
    return instruction, command, [v for v in further if isinstance(v, str) and v.strip()]


def _in_context(instruction: Any, texts: Sequence[Any]) -> Any:
    said = [text for text in (instruction, *texts) if isinstance(text, str) and text.strip()]
    return "\n\n".join(said) if texts and said else instruction


def _text(value: Any) -> Any:
    """Read bytes as text where they are: some writers of Parquet do not mark their strings."""
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def short(row: Mapping[str, Any]) -> str:
    """Show the beginning of a row on one line."""
    return "{" + ", ".join(f"{k}: {str(v)[:60]!r}" for k, v in list(row.items())[:6]) + "}"
