"""The filter of `runs list --where`: `eval_loss<1 and phase=full`, over the facts of a run.

    TEST        NAME OP VALUE, or NAME alone: it is there, and not false or empty
    OP          = != < <= > >= ~ (contains, letter case aside)
    joined by   and, or, not, ( )
    VALUE       a number, a word, 'a text', true, false

A fact that was not recorded passes no comparison but `!=`: an unknown is neither small nor large.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from cli_tuner.errors import DataError
from cli_tuner.runs.facts import Facts, check_name

Test = Callable[[Facts], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<op><=|>=|!=|==|=|<|>|~)|(?P<par>[()])|(?P<text>'[^']*'|\"[^\"]*\")|(?P<word>[^\s()<>=!~'\"]+))"
)
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def where(text: str, found: Sequence[Facts]) -> Test:
    """Read a filter.

    Args:
        text: As above.
        found: The runs, for the names of their facts.

    Raises:
        DataError: It cannot be read, or names a fact that no run has.
    """
    return _Reader(text, found).whole()


class _Reader:
    def __init__(self, text: str, found: Sequence[Facts]) -> None:
        self._text, self._found = text, found
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise self._fault(f"cannot be read from {text[place:]!r}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()

    def _fault(self, why: str) -> DataError:
        return DataError(f"--where {self._text}: {why}", hint="--where 'eval_loss<1 and (phase=full or tags=keep)'")

    def _next(self, *words: str) -> bool:
        """Take the next token if it is one of these words."""
        if self._tokens and self._tokens[0][0] in ("word", "par") and self._tokens[0][1].lower() in words:
            self._tokens.pop(0)
            return True
        return False

    def whole(self) -> Test:
        test = self._either()
        if self._tokens:
            raise self._fault(f"{self._tokens[0][1]!r} is one too many")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._next("or"):
            tests.append(self._both())
        return lambda facts: any(test(facts) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._next("and"):
            tests.append(self._one())
        return lambda facts: all(test(facts) for test in tests)

    def _one(self) -> Test:
        if self._next("not"):
            inner = self._one()
            return lambda facts: not inner(facts)
        if self._next("("):
            inner = self._either()
            if not self._next(")"):
                raise self._fault("a ) is missing")
            return inner
        if not self._tokens or self._tokens[0][0] != "word":
            raise self._fault("a name is missing" if not self._tokens else f"{self._tokens[0][1]!r} is no name")
        name = self._tokens.pop(0)[1]
        check_name(name, self._found)
        if not self._tokens or self._tokens[0][0] != "op":
            return lambda facts: bool(facts.get(name))
        op = self._tokens.pop(0)[1]
        if not self._tokens or self._tokens[0][0] not in ("word", "text"):
            raise self._fault(f"a value is missing after {name}{op}")
        kind, value = self._tokens.pop(0)
        return _comparison(name, op, value[1:-1] if kind == "text" else _value(value))


def _value(word: str) -> Any:
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    try:
        return float(word)
    except ValueError:
        return word


def _comparison(name: str, op: str, value: Any) -> Test:
    def test(facts: Facts) -> bool:
        known = facts.get(name)
        if op in ("=", "==", "!="):
            return _equal(known, value) is (op != "!=")
        if known is None:
            return False
        if op == "~":
            return str(value).lower() in (" ".join(known) if isinstance(known, list) else str(known)).lower()
        both_numbers = isinstance(known, int | float) and isinstance(value, int | float)
        return bool(_ORDER[op](*((known, value) if both_numbers else (str(known), str(value)))))

    return test


def _equal(known: Any, value: Any) -> bool:
    if isinstance(known, list):
        return str(value) in known
    if isinstance(known, bool) or isinstance(value, bool):
        return known is value
    if isinstance(known, int | float):
        return bool(known == value)
    return known is not None and str(known) == (f"{value:g}" if isinstance(value, float) else str(value))
