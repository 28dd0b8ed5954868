"""What looks like a mistake in a source before any work is done; each stops the run and names the edit that allows it.

Names alone mislead (a column called `output` may hold a program's output), so a mapping stands only when at least
80 % of the command column reads as commands, at most 20 % of the instruction column does, no text that belongs to the
row is left out, the requests are not one and the same, and neither are the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cli_tuner.errors import DataError
from cli_tuner.prepare.clean import clean_command
from cli_tuner.prepare.columns import Mapped, cell, extract, holds_text, short
from cli_tuner.prepare.dedupe import KINDS
from cli_tuner.prepare.shingles import Hashes
from cli_tuner.prepare.turns import turns
from cli_tuner.shell.answer.lexicon import has_shell_syntax, reads_as_command

MIN_COMMAND_RATE = 0.8
MAX_INSTRUCTION_RATE = 0.2
MIN_SUSPECTS = 3
"""So many instructions must read as Bash before their rate counts: a small set may hold a terse request or two."""
MANY_ANSWERS = 5
"""A request with so many different answers asks for none of them; what asks may stand in another column."""
MAX_MANY_RATE = 0.1
"""Largest share of rows that may have such a request. Measured: NL2Bash 2 %, tldr 6 %."""
PROSE_WORDS = 4
"""Words from which the text of a column whose name says nothing may be part of what is asked."""
MIN_ROWS = 10
"""Rows below which nothing is said about what repeats."""

Pair = tuple[str, str]


def check_content(pairs: Sequence[Pair], where: str, mapped: Mapped) -> None:
    """Check a sample of (instruction, command) texts by what they say.

    Raises:
        DataError: The mapping is doubtful; shows the rates and rows.
    """
    if not pairs:
        return
    cleaned = [(instruction, clean_command(command)[0]) for instruction, command in pairs]
    commands = sum(reads_as_command(command) for _, command in cleaned) / len(pairs)
    suspects = sum(reads_as_command(text) and has_shell_syntax(text) for text, _ in cleaned)
    instructions = suspects / len(pairs)
    if commands >= MIN_COMMAND_RATE and (suspects < MIN_SUSPECTS or instructions <= MAX_INSTRUCTION_RATE):
        return
    raise DataError(
        f"{where}: the columns {mapped.instruction!r} -> {mapped.command!r} look wrong: {commands:.0%} of the "
        f"commands and {instructions:.0%} of the instructions read as Bash\n{_shown(pairs)}",
        hint="name the right ones: --column instruction=NAME --column command=NAME",
    )


def check_variety(pairs: Sequence[Pair], where: str, mapped: Mapped, allow: Collection[str]) -> None:
    """Check that requests tell their answers apart, and that there is more than one answer.

    Raises:
        DataError: Many answers to one request, or one answer to all.
    """
    answers: dict[str, set[str]] = {}
    for request, command in pairs:
        answers.setdefault(request.strip().lower(), set()).add(command)
    many = [(request, found) for request, found in answers.items() if len(found) >= MANY_ANSWERS]
    rows = sum(request.strip().lower() in {name for name, _ in many} for request, _ in pairs)
    if rows > max(MAX_MANY_RATE * len(pairs), MIN_ROWS) and "many_answers" not in allow:
        raise DataError(
            f"{where}: {rows} of {len(pairs)} rows share {len(many)} request{'s' * (len(many) > 1)} with "
            f"{MANY_ANSWERS} or more different answers each\n"
            + _shown([(many[0][0], command) for command in sorted(many[0][1])]),
            hint=_other_column(mapped, "or --allow many_answers"),
        )
    distinct = {command for _, command in pairs}
    if len(distinct) == 1 and len(answers) >= MIN_ROWS and "constant_answer" not in allow:
        raise DataError(
            f"{where}: {len(answers)} different requests have one and the same answer\n{_shown(pairs)}",
            hint=f"is {mapped.command!r} the right column? --column command=NAME, or --allow constant_answer",
        )


def check_all_answers(
    instructions: Hashes,
    kinds: NDArray[np.int8],
    read: Callable[[Sequence[int]], Sequence[Mapping[str, Any]]],
    allow: Collection[str],
) -> None:
    """Check over the whole set, after equal rows were found, that requests tell their answers apart.

    The check on the first rows of each source sees a wrong column early; this one sees what comes later.

    Args:
        instructions: The key of each row's request.
        kinds: Of `dedupe.KINDS`, which equal rows have.
        read: Reads rows by number.
        allow: Doubts that are allowed.

    Raises:
        DataError: Too many rows share a request with many different answers; shows one of them.
    """
    apart = np.flatnonzero((kinds == KINDS.index("kept")) | (kinds == KINDS.index("reference")))
    requests, inverse, answers = np.unique(instructions[apart], return_inverse=True, return_counts=True)
    rows = int(answers[answers >= MANY_ANSWERS].sum())
    if not len(requests) or rows <= max(MAX_MANY_RATE * len(apart), MIN_ROWS) or "many_answers" in allow:
        return
    shared = read(apart[inverse == int(np.argmax(answers))][:MANY_ANSWERS].tolist())
    shown = "\n".join(f"  {one['origin']}: {one['instruction']!r} -> {one['command']!r}" for one in shared)
    raise DataError(
        f"{rows} of {len(apart)} different rows have a request with {MANY_ANSWERS} or more different answers, "
        f"among them\n{shown}",
        hint="does the request stand in another column? --column instruction=NAME, or --allow many_answers",
    )


def _other_column(mapped: Mapped, otherwise: str) -> str:
    if mapped.is_chat:
        return f"what tells the rows apart may stand in another turn or column; {otherwise}"
    return (
        f"is {mapped.instruction!r} the right column? --column instruction=NAME, or add what belongs to the request: "
        f"--column context=NAME; {otherwise}"
    )


def check_unused(rows: Iterable[tuple[Mapping[str, Any], Mapped]], where: str) -> set[str]:
    """Check that no text of the rows is left out; return the columns that hold text of no consequence.

    A column that says the same in nearly every row describes the set, not the row; one that repeats the row's own
    text, or holds tags, names and commands, is not missed.

    Raises:
        DataError: A column is not used though its name, or the prose in it, says that the row may need it.
    """
    found: dict[str, list[str]] = {}
    told: dict[str, list[str]] = {}
    total = 0
    for values, mapped in rows:
        total += 1
        for name in mapped.unused:
            if holds_text(values.get(name)):
                found.setdefault(name, []).append(str(values[name]))
        for name in mapped.others:
            if isinstance(text := values.get(name), str) and text.strip():
                told.setdefault(name, []).append(text if _adds(text, values, mapped) else "")
    prose = {name: kept for name, texts in told.items() if 2 * len(kept := [t for t in texts if t]) > len(texts)}
    for name, texts in {
        **found,
        **{name: texts for name, texts in prose.items() if len(texts) >= MIN_SUSPECTS},
    }.items():
        if len(set(texts)) > max(1, 0.1 * len(texts)):
            raise DataError(
                f"{where}: the column {name!r} holds text in {len(texts)} of {total} rows and is not used\n"
                + "\n".join(f"  {short({name: text})}" for text in texts[:3]),
                hint=f"--column context={name} puts it after the request, --column ignore={name} leaves it out",
            )
    return set(found)


def _adds(text: str, values: Mapping[str, Any], mapped: Mapped) -> bool:
    """Tell whether a text is prose that the row's request and answer do not hold already."""
    if len(text.split()) < PROSE_WORDS or reads_as_command(text):
        return False
    asked, answer, _ = extract(values, mapped)
    chat = turns(cell(values, mapped.instruction)) if mapped.is_chat else ()
    said = "\n".join(str(one) for one in (asked, answer, *(turn.text for turn in chat)))
    whole = isinstance(answer, str) and answer.strip() and answer.strip() in text
    return not whole and text.strip() not in said


def check_turns(faults: Sequence[tuple[str, Any]], total: int, where: str) -> None:
    """Check that the chats do not bring a system prompt that would be replaced by ours.

    Args:
        faults: Why sampled chats cannot be used, and what they say.
        total: Chats in the sample.
        where: Name of the source.

    Raises:
        DataError: Most of them do.
    """
    texts = [said for fault, said in faults if fault.startswith("unused_turn")]
    if len(texts) * 2 > total:
        raise DataError(
            f"{where}: {len(texts)} of {total} chats have a system turn of their own, which would be replaced by ours\n"
            f"  {str(texts[0])[:200]!r}",
            hint="--column ignore=system trains with ours",
        )


def _shown(pairs: Sequence[Pair]) -> str:
    return "\n".join(f"  {short({'instruction': i, 'command': c})}" for i, c in pairs[:3])
