"""Brace expansion: `{a,b}`, `{1..9}`, `{a..f..2}`, nested and beside other text, up to a bound."""

from __future__ import annotations

from cli_tuner.shell.patterns import late

MAX_WORDS = 128
MAX_WORK = 60_000  # characters looked at, over all partial words
_RANGE = late(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?")


def expand_braces(raw: str) -> list[str]:
    """Return the raw words that `raw` stands for, at most `MAX_WORDS` of them."""
    if len(raw) > 4096:
        return [raw]
    done: list[str] = []
    todo = [(raw, 0)]
    work = 0
    while todo and len(done) < MAX_WORDS and work < MAX_WORK:
        word, after = todo.pop()
        work += len(word)
        found = _first(word, after)
        if found is None:
            done.append(word)
            continue
        start, end, options = found
        if not options:
            todo.append((word, start + 1))
            continue
        todo.extend((word[:start] + option + word[end:], start) for option in reversed(options))
    return done


def _first(word: str, after: int) -> tuple[int, int, list[str]] | None:
    """Find the first brace that is not quoted: (start, end, options)."""
    at = after
    while at < len(word):
        character = word[at]
        if character == "\\":
            at += 1
        elif character in "'\"":
            end = word.find(character, at + 1)
            if end < 0:
                return None
            at = end
        elif character == "$" and word[at + 1 : at + 2] in ("{", "("):
            return None
        elif character == "{":
            end, parts = _parts(word, at)
            return at, end, _options(parts)
        at += 1
    return None


def _parts(word: str, start: int) -> tuple[int, list[str]]:
    depth, at, begin = 0, start, start + 1
    parts: list[str] = []
    while at < len(word):
        character = word[at]
        if character == "\\":
            at += 1
        elif character in "'\"":
            end = word.find(character, at + 1)
            if end < 0:
                return at, []
            at = end
        elif character == "{":
            depth += 1
        elif character == "," and depth == 1:
            parts.append(word[begin:at])
            begin = at + 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                parts.append(word[begin:at])
                return at + 1, parts
        at += 1
    return at, []


def _options(parts: list[str]) -> list[str]:
    if len(parts) > 1:
        return parts
    match = _RANGE.fullmatch(parts[0]) if parts else None
    return _range(*match.groups()) if match else []


def _range(first: str, last: str, step: str | None) -> list[str]:
    numeric = first.lstrip("-").isdigit() and last.lstrip("-").isdigit()
    if not numeric and (len(first) != 1 or len(last) != 1):
        return []
    low, high = (int(first[:9]), int(last[:9])) if numeric else (ord(first), ord(last))
    stride = abs(int(step[:9])) if step else 1
    stride = (stride or 1) if high >= low else -(stride or 1)
    values = range(low, high + (1 if stride > 0 else -1), stride)[:MAX_WORDS]
    return [str(value) if numeric else chr(value) for value in values]
