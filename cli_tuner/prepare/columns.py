"""Which column holds the instruction and which the command: by name, then checked by content.

Names alone mislead (a column called `output` may hold a program's output), so the mapping stands only when at
least 80 % of the command column reads as commands, at most 20 % of the instruction column does, and the requests
are not one and the same (rows in Alpaca's shape hold them in `input`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.prepare.settings import Columns
from cli_tuner.shell.answer.lexicon import has_shell_syntax, reads_as_command

# In the order of preference; where they come from is told in docs/data.md.
_INSTRUCTIONS = (
    "nl_command nl invocation instruction prompt query question description natural_language english task input"
)
_COMMANDS = "bash_code bash cmd command output completion response answer gold target code"
INSTRUCTION_NAMES, COMMAND_NAMES = _INSTRUCTIONS.split(), _COMMANDS.split()
CHAT_NAMES = ("messages", "conversations")
REFERENCE_NAMES = ("bash2", "gold2", "references")

MIN_COMMAND_RATE = 0.8
MAX_INSTRUCTION_RATE = 0.2
MIN_SUSPECTS = 3
"""So many instructions must read as Bash before their rate counts: a small set may hold a terse request or two."""
MAX_COMMANDS_A_REQUEST = 10
SAMPLE_ROWS = 200
_ROLES = {"human": "user", "gpt": "assistant"}


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns in use; a chat is both."""

    instruction: str
    command: str
    references: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """The mapping as it is recorded."""
        return {"instruction": self.instruction, "command": self.command, "references": list(self.references)}


def map_columns(names: Sequence[str], wanted: Columns, where: str, example: Mapping[str, Any]) -> Mapped:
    """Choose the columns by `wanted`, else by the names in use (case-insensitive, first hit).

    Raises:
        DataError: A wanted column is missing, or no name is known; shows the columns and a row.
    """
    lower = {name.lower(): name for name in reversed(names)}
    instruction = _choose(wanted.instruction, INSTRUCTION_NAMES, lower)
    command = _choose(wanted.command, [n for n in COMMAND_NAMES if lower.get(n) != instruction], lower)
    chat = next((lower[name] for name in CHAT_NAMES if name in lower), None)
    if chat and not (instruction and command) and not (wanted.instruction or wanted.command):
        return Mapped(chat, chat)
    for role, found in (("instruction", instruction), ("command", command)):
        if not found:
            raise DataError(
                f"{where}: no {role} column among {', '.join(names)}\nfirst row: {_short(example)}",
                hint=f"name it in the recipe: columns: {{{role}: NAME}}, or --column {role}=NAME",
            )
    references = wanted.references or tuple(lower[n] for n in REFERENCE_NAMES if n in lower)
    return Mapped(instruction, command, references)


def _choose(wanted: str | None, known: Sequence[str], lower: Mapping[str, str]) -> str:
    if wanted is not None:
        return wanted if wanted in lower.values() else ""
    return next((lower[name] for name in known if name in lower), "")


def check_content(pairs: Sequence[tuple[str, str]], where: str, mapped: Mapped) -> None:
    """Check a sample of (instruction, command) texts by what they say.

    Raises:
        DataError: The mapping is doubtful; shows the rates and rows.
    """
    if not pairs:
        return
    commands = sum(reads_as_command(command) for _, command in pairs) / len(pairs)
    suspects = sum(reads_as_command(text) and has_shell_syntax(text) for text, _ in pairs)
    instructions = suspects / len(pairs)
    if commands >= MIN_COMMAND_RATE and (suspects < MIN_SUSPECTS or instructions <= MAX_INSTRUCTION_RATE):
        _check_variety(pairs, where, mapped)
        return
    shown = "\n".join(f"  {_short({'instruction': i, 'command': c})}" for i, c in pairs[:3])
    raise DataError(
        f"{where}: the columns {mapped.instruction!r} -> {mapped.command!r} look wrong: {commands:.0%} of the "
        f"commands and {instructions:.0%} of the instructions read as Bash\n{shown}",
        hint="name the right ones: --column instruction=NAME --column command=NAME",
    )


def _check_variety(pairs: Sequence[tuple[str, str]], where: str, mapped: Mapped) -> None:
    requests, commands = {request for request, _ in pairs}, {command for _, command in pairs}
    if len(commands) < 2 * MAX_COMMANDS_A_REQUEST or len(commands) < MAX_COMMANDS_A_REQUEST * len(requests):
        return
    raise DataError(
        f"{where}: the column {mapped.instruction!r} asks for {len(commands)} commands with {len(requests)} "
        f"instruction{'s' * (len(requests) > 1)}\n  {_short({'instruction': pairs[0][0], 'command': pairs[0][1]})}",
        hint="name the column that holds the request; in Alpaca's shape: --column instruction=input",
    )


def turns_fault(values: Mapping[str, Any], mapped: Mapped) -> str:
    """Return why a chat is no pair: a row is one request and one command, and no turn is dropped silently."""
    if mapped.instruction != mapped.command:
        return ""
    turns = [role for role, _ in _turns(values.get(mapped.instruction))]
    asked, answered = turns.count("user"), turns.count("assistant")
    if asked <= 1 and answered <= 1:
        return ""
    return f"several_turns: {asked} of the user, {answered} of the assistant"


def extract(values: Mapping[str, Any], mapped: Mapped) -> tuple[Any, Any, list[Any]]:
    """Take instruction, command and further references out of one row; None where a column is absent."""
    if mapped.instruction == mapped.command:
        said = dict(_turns(values.get(mapped.instruction)))
        return _text(said.get("user")), _text(said.get("assistant")), []
    further: list[Any] = []
    for name in mapped.references:
        value = values.get(name)
        further += value if isinstance(value, list) else [value]
    command = _text(values.get(mapped.command))
    if isinstance(command, list) and command:
        command, further = command[0], [*command[1:], *further]
    return _text(values.get(mapped.instruction)), command, [v for v in further if isinstance(v, str) and v.strip()]


def _turns(messages: Any) -> Iterator[tuple[str, Any]]:
    """Yield (role, text) of a chat in the shape of OpenAI (`role`, `content`) or of ShareGPT (`from`, `value`)."""
    for message in messages if isinstance(messages, list) else ():
        if isinstance(message, Mapping):
            role = str(message.get("role", message.get("from", "")))
            yield _ROLES.get(role, role), message.get("content", message.get("value"))


def _text(value: Any) -> Any:
    """Read bytes as text where they are: some writers of Parquet do not mark their strings."""
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _short(row: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{k}: {str(v)[:60]!r}" for k, v in list(row.items())[:6]) + "}"
