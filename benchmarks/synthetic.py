"""Synthetic pairs in any number, with the repetition of real sets: for measuring how the phase grows.

    python benchmarks/synthetic.py 1000000 > rows.jsonl        # or chats.jsonl: python benchmarks/synthetic.py 9 chats

Requests are put together from clauses (what, which ones, where, how shown), each in several wordings, around
made-up names, of which new ones keep coming as in real text; the command follows from the clauses. 55 % of the
rows are new; the rest repeat an earlier row, mostly a recent one: the same again, in other case or punctuation,
with one name or number changed, or with another command. Covered: lengths and repetition like NL2Bash's, which
has 60 groups for 100 rows where these have 63. Not covered: sense; nobody would ask for most of it.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator

SEED = 7
RECENT = 20_000
"""Earlier rows that may be repeated: a sample of all of them, of fixed size."""

_SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
_COMMON_NAMES = 40
_EXTENSIONS = "txt log csv py sh conf json xml md html gz bak tmp jpg png c h java sql yaml".split()  # noqa: SIM905
_ACTIONS = (
    ("ls -l", ("List", "Show", "Print a long listing of", "Display details of")),
    ("rm -i", ("Delete after asking", "Remove, with a prompt for each,", "Ask, then erase")),
    ("wc -l", ("Count the lines of", "How many lines are in", "Tell the number of lines in")),
    ("md5sum", ("Compute MD5 sums of", "Print the md5 checksum of", "Fingerprint")),
    ("gzip -k", ("Compress", "Make a gzip copy of", "Gzip but keep")),
    ("file", ("Tell the type of", "Identify", "What kind of data is in")),
    ("stat -c '%n %s'", ("Print name and size of", "Show the sizes of", "Report how large are")),
    ("head -n {n}", ("Show the first {n} lines of", "Print {n} leading lines from", "Display the top {n} lines of")),
    ("tail -n {n}", ("Show the last {n} lines of", "Print {n} trailing lines from", "Display the end ({n} lines) of")),
    ("grep -n '{word}'", ("Search for '{word}' in", "Find lines with {word} in", "Look up {word}, numbered, in")),
    ("grep -c '{word}'", ("Count lines that hold {word} in", "How often does '{word}' match in", "Tally {word} in")),
    ("sed 's/{word}/{other}/g'", ("Replace {word} by {other} in", "Put {other} for {word} in", "Change {word} in")),
    ("awk '{{print ${n}}}'", ("Print column {n} of", "Extract field number {n} from", "Show only the {n}th word of")),
    ("cp -t /backup/{word}", ("Copy to /backup/{word}", "Back up into /backup/{word}", "Save below /backup/{word}")),
    ("sort -k {n}", ("Sort by field {n}", "Print in order of column {n}", "Order by the {n}th key")),
)  # fmt: skip
_TESTS = (
    ("-name '*.{ext}'", ("named *.{ext}", "that end in .{ext}", "with the suffix .{ext}", "of type {ext}")),
    ("-mtime -{n}", ("changed in the last {n} days", "modified less than {n} days ago", "touched within {n} days")),
    ("-size +{n}k", ("larger than {n} kB", "over {n} kilobytes", "bigger than {n} KiB")),
    ("-user {word}", ("owned by {word}", "that belong to user {word}", "of the user {word}")),
    ("-iname '*{other}*'", ("whose name contains {other}", "with {other} in the name", "called like {other}")),
    ("-newer {word}.{ext}", ("newer than {word}.{ext}", "changed after {word}.{ext} was", "fresher than {word}.{ext}")),
    ("-perm {mode}", ("with mode {mode}", "whose permissions are {mode}", "that have rights {mode}")),
    ("-maxdepth {n}", ("at most {n} levels deep", "no deeper than {n} folders", "down to depth {n}")),
)
_PLACES = ("in {path}", "below {path}", "under the directory {path}", "from {path}", "inside folder {path}")
_ENDINGS = (
    ("", ("",)),
    (" | sort -u", (", sorted without repeats", " and sort them, once each", ", unique and in order")),
    (" > /tmp/{word}.{ext}", (" and write that to /tmp/{word}.{ext}", ", output in /tmp/{word}.{ext}")),
    (" | tee {word}.{ext}", (", also saving to {word}.{ext}", " while keeping a copy in {word}.{ext}")),
    (" | head -{n}", (", only {n} results", ", stopping after {n} of them")),
)
_NUMBER = re.compile(r"\b\d+\b")

Pair = tuple[str, str]


def rows(count: int, seed: int = SEED) -> Iterator[dict[str, str]]:
    """Yield `count` rows, the same for the same seed; memory does not grow."""
    draw = random.Random(seed)
    earlier: list[Pair] = []
    for number in range(count):
        pair = _repeat(draw, earlier[int(len(earlier) * draw.random() ** 0.5)]) if earlier else None
        pair = pair or _new(draw)
        if len(earlier) < RECENT:
            earlier.append(pair)
        elif draw.random() < max(0.05, RECENT / (number + 1)):
            earlier[draw.randrange(RECENT)] = pair
        yield {"instruction": pair[0], "command": pair[1]}


def chats(count: int, seed: int = SEED) -> Iterator[dict[str, list[dict[str, str]]]]:
    """Yield `count` conversations of one to three requests in made-up prose; one in eight repeats an earlier one."""
    draw = random.Random(seed)
    earlier: list[list[dict[str, str]]] = []

    def prose() -> str:
        sentences = [" ".join(_name(draw) for _ in range(draw.randint(5, 18))) for _ in range(draw.randint(1, 6))]
        return ". ".join(sentences) + "."

    for _ in range(count):
        if earlier and draw.random() < 0.125:
            messages = [dict(turn) for turn in draw.choice(earlier)]
            messages[-1]["content"] += draw.choice(("", f" {_name(draw)}."))
        else:
            messages = [{"role": "system", "content": "Answer briefly."}] if draw.random() < 0.5 else []
            for _ in range(draw.choice((1, 1, 1, 2, 3))):
                messages += [{"role": "user", "content": prose()}, {"role": "assistant", "content": prose()}]
        if len(earlier) < RECENT:
            earlier.append(messages)
        yield {"messages": messages}


def _name(draw: random.Random) -> str:
    """Draw a name: some of them often, and ever new ones (Zipf's and Heaps' laws)."""
    rank = int(_COMMON_NAMES * (draw.random() ** -2 - 1)) % 10**7
    syllables = []
    while rank or len(syllables) < 2:
        rank, digit = divmod(rank * 7 + 3 if not syllables else rank, len(_SYLLABLES))
        syllables.append(_SYLLABLES[digit])
    return "".join(syllables)


def _new(draw: random.Random) -> Pair:
    slots = {
        "n": str(draw.randint(1, 99)),
        "word": _name(draw),
        "other": _name(draw),
        "ext": draw.choice(_EXTENSIONS),
        "mode": draw.choice(("644", "755", "600", "777", "u+x")),
        "path": "/" + "/".join(_name(draw) for _ in range(draw.randint(1, 3))),
    }
    action, saying = draw.choice(_ACTIONS)
    tests = draw.sample(_TESTS, draw.choice((0, 0, 0, 1, 1, 2)))
    ending, said = draw.choice(_ENDINGS) if draw.random() < 0.4 else _ENDINGS[0]
    which = [draw.choice(wordings) for _, wordings in tests] or ["{other}*.{ext}"]
    place = draw.choice(_PLACES)
    files = draw.choice(("files", "all files", "every file", "the regular files"))
    clauses = [place, *which] if draw.random() < 0.5 else [*which, place]
    request = " ".join([draw.choice(saying), files, *clauses]) + draw.choice(said) + draw.choice(("", "", ".", "?"))
    found = " ".join(["find {path}", *(test for test, _ in tests)])
    shapes = (f"{found} | xargs {action}", f"{action} $({found})", f"{found} -exec {action} {{{{}}}} +")
    command = draw.choice(shapes) if tests else f"{action} {{path}}/{{other}}*.{{ext}}"
    return request.format(**slots), (command + ending).format(**slots)


def _repeat(draw: random.Random, pair: Pair) -> Pair | None:
    """Say an earlier pair again, as real sets do; None where a new one is due."""
    request, command = pair
    lot = draw.random()
    if lot < 0.15:
        return pair
    if lot < 0.22:
        return draw.choice((request.lower(), request.rstrip(".?") + "!", request.replace(" ", "  ", 1))), command
    if lot < 0.30:
        return request, draw.choice((f"LC_ALL=C {command}", f"{command} 2>/dev/null", f"sudo {command}"))
    if lot < 0.38:
        old, new = command.partition("/")[2].split("/")[0].split()[0], _name(draw)
        return request.replace(old, new), command.replace(old, new)
    if lot < 0.45 and (found := _NUMBER.search(command)):
        new = str(draw.randint(1, 99))
        return re.sub(rf"\b{found.group()}\b", new, request), re.sub(rf"\b{found.group()}\b", new, command)
    return None


if __name__ == "__main__":
    for row in (chats if "chats" in sys.argv[2:] else rows)(int(sys.argv[1])):
        sys.stdout.write(json.dumps(row) + "\n")
