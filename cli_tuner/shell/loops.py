"""Loops without an end that start jobs and wait for none of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cli_tuner.shell.patterns import late

if TYPE_CHECKING:
    import tree_sitter


_ALWAYS = late(
    r"(?:(?:/usr)?/bin/)?true|:|\[\[?\s+(?:1|true|-n\s+\w+)\s+\]\]?|\(\(\s*(?:1|true)\s*\)\)|test\s+1|sleep\s+0|let\s+1"
)
_NEVER = late(r"(?:(?:/usr)?/bin/)?false|\[\[?\s+\]\]?|\(\(\s*0\s*\)\)")
_NO_CONDITION = late(r"for\s*\(\([^;]*;\s*(?:1\s*)?;[^;]*\)\)")
_LEAVES = late(r"\b(?:break|exit|return|read|wait)\b")
_HOLDS = late(r"(?:wait|read|exit|return|break|sleep\s+[^\s;&]+)\b")
_COMPOUND = frozenset({"if_statement", "while_statement", "for_statement", "case_statement"})


def spawns(node: tree_sitter.Node, text: str) -> bool:
    """Tell whether the loop `node` has no end and starts jobs that nothing waits for."""
    if not _endless(node, text):
        return False
    body = node.child_by_field_name("body")
    children = body.children if body is not None else []
    last, jobs = -1, 0
    for place, child in enumerate(children):
        follows = children[place + 1].type if place + 1 < len(children) else ""
        if child.is_named and (follows == "&" or _detaches(child, text)):
            last, jobs = place, jobs + 1
        elif child.is_named and child.type in _COMPOUND and _may_leave(child, text):
            return False
    detached = any(_detaches(child, text) for child in children)
    first = last + 1 if jobs > 1 else 0
    after = [
        _text(each, text) for place, each in enumerate(children) if place >= first and place != last and each.is_named
    ]
    if any(re.match(r"read\b", _text(child, text)) for child in children):
        return False
    if any(each.startswith("disown") for each in after):
        return True
    return not any(_HOLDS.match(each) and not (detached and each.startswith("wait")) for each in after)


def _endless(node: tree_sitter.Node, text: str) -> bool:
    if node.type == "c_style_for_statement":
        return bool(_NO_CONDITION.match(_text(node, text)))
    condition = node.child_by_field_name("condition")
    if condition is None:
        return False
    until = _text(node, text).startswith("until")
    return bool((_NEVER if until else _ALWAYS).fullmatch(_text(condition, text).strip("; \n")))


def _detaches(node: tree_sitter.Node, text: str) -> bool:
    """Tell whether a subshell leaves a job behind that the loop cannot wait for."""
    return node.type == "subshell" and "&" in _text(node, text) and "wait" not in _text(node, text)


def _may_leave(node: tree_sitter.Node, text: str) -> bool:
    """Tell whether a branch that can be taken ends the loop or waits."""
    condition = node.child_by_field_name("condition")
    never = condition is not None and _NEVER.fullmatch(_text(condition, text).strip("; \n"))
    return not never and bool(_LEAVES.search(_text(node, text)))


def _text(node: tree_sitter.Node, text: str) -> str:
    return text[node.start_byte : node.end_byte]
