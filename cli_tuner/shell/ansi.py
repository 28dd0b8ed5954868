"""Decode the escapes of `$'…'`, `echo -e` and `printf`, and add up literal integers."""

from __future__ import annotations

import ast
import operator
import re

from cli_tuner.shell.flow import FILLED
from cli_tuner.shell.patterns import late

_ESCAPE = late(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|(0?[0-7]{1,3})|c(.)|(.))", re.DOTALL)
_NAMED = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "e": "\x1b", "E": "\x1b", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def unescape(text: str) -> str:
    """Return `text` with its backslash escapes decoded; bytes above 127 as the Latin-1 character."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_one, text)


def _one(match: re.Match[str]) -> str:
    two, four, eight, octal, control, named = match.groups()
    digits = two or four or eight
    if digits:
        return _character(int(digits, 16))
    if octal:
        return _character(int(octal, 8) & 0xFF)
    if control:
        return chr(ord(control) & 0x1F)
    return _NAMED.get(named, "\\" + named)


def _character(code: int) -> str:
    private = 0xE000 <= code < 0xE030 or 0xD800 <= code < 0xE000 or code > 0x10FFFF
    return "\ufffd" if private else chr(code)


def literal_sum(text: str) -> str:
    """Evaluate integers joined by `+ - * / %`; a hole where that is not possible."""
    try:
        value = _evaluate(ast.parse(text.strip().replace("/", "//"), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, KeyError, RecursionError, MemoryError, OverflowError):
        return FILLED
    return str(value) if abs(value) < 1 << 64 else FILLED


def _evaluate(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand)
    if isinstance(node, ast.BinOp):
        result: int = _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
        return result
    raise ValueError(text_of(node))


def text_of(node: ast.expr) -> str:
    """Name a node that is not plain arithmetic."""
    return type(node).__name__
