# ruff: noqa: SIM905  (tables: names are one string)
"""A normal form of a command: commands with equal forms do the same.

Covered: blanks, comments, quotes, order and spelling of options (`shell/forms/table.py`), tests of `find`, words
handed on by `xargs`, `-exec` and `sudo`, and pipelines (`cat f | grep x` is `grep x f`).

The law: sound for equality, never complete; and the form is itself Bash that does what the command does. The
same output, exit code and effect on files are meant, with GNU utilities, without aliases, when files that are
named can be read as text. `tests/shell/test_canonical_by_execution.py` runs both sides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from cli_tuner.shell.flow import clean
from cli_tuner.shell.forms.pipelines import Feed, Stage, pipeline
from cli_tuner.shell.forms.words import Arg, literal, words
from cli_tuner.shell.parse import ASSIGNMENT, KEYWORDS, MAX_LENGTH, Script, leaf, parse_tree
from cli_tuner.shell.patterns import late

if TYPE_CHECKING:
    import tree_sitter

_TOKEN = late(r"\n+|[;&|()<>]+|[^\s;&|()<>]+|[^\S\n]+")
# What changes the meaning of later commands, or is hidden from the tree: carriage returns, `{fd}>`, `time {`.
_UNSURE = late(
    r"\r|\bfor\s*\(\(|\{[A-Za-z_]\w*\}[<>]|\w\s*\(\s*\)|POSIXLY_CORRECT|BASH_ENV"
    r"|(?:\A|[;&|\n({`!]|\b(?:do|then|else|eval|builtin|command)\s)\s*"
    r"(?:alias|unalias|shopt|enable|set|trap|hash|coproc|time|function)(?![\w./-])"
)
_PIPE_STATUS = late(r"pipefail|PIPESTATUS")
_DECLARES = frozenset("export declare local readonly typeset eval let exec builtin command".split())
_INSIDE = frozenset(
    "program list subshell compound_statement do_group if_statement elif_clause else_clause while_statement "
    "for_statement negated_command".split()
)
_SIMPLE = frozenset(["command", "redirected_statement"])
MAX_NESTED = 4


@lru_cache(maxsize=1 << 15)
def canonical(command: str) -> str:
    """Return the normal form of `command`; text that is not understood is its own stripped text."""
    text = clean(command)
    form = _form(text, 0) if len(text) <= MAX_LENGTH and "\0" not in text else None
    return text.strip(" \t\n") if form is None else form


def _form(text: str, depth: int) -> str | None:
    """Return the normal form, None where the text should stay as it is."""
    if _UNSURE.search(text) or depth > MAX_NESTED:
        return None
    script = parse_tree(text)
    if not script.sound or script.masked.heredocs:
        return None
    rewriter = _Rewriter(script, depth)
    rewriter.node(script.root, len(text))
    return rewriter.whole()


class _Rewriter:
    """Finds the pipelines of a script, writes them anew, and leaves the rest but for blanks and comments."""

    def __init__(self, script: Script, depth: int) -> None:
        self.script = script
        self.depth = depth
        self.done: dict[int, tuple[int, str]] = {}
        self.plain = _PIPE_STATUS.search(script.text) is None

    def node(self, node: tree_sitter.Node | None, end: int) -> None:
        """Rewrite what is below `node`, whose last command reaches to `end`."""
        if node is None or node.type == "function_definition":
            return
        if node.type == "pipeline" or node.type in _SIMPLE:
            self._pipeline(node, end if node.type != "pipeline" else node.end_byte)
        elif node.type in _INSIDE:
            for child in node.named_children:
                self.node(child, child.end_byte)

    def _pipeline(self, node: tree_sitter.Node, end: int) -> None:
        body = node.child_by_field_name("body") if node.type == "redirected_statement" else node
        if body is None:
            return
        if body.type == "list" or (body is not node and body.type in _INSIDE):
            self._attached(body, node)
            return
        parts = body.named_children if body.type == "pipeline" else [node]
        ends = [node.end_byte if part is parts[-1] else part.end_byte for part in parts]
        stages = [self._stage(part, end) for part, end in zip(parts, ends, strict=True)]
        found = [stage for stage in stages if stage is not None]
        if len(found) == len(parts) and self.plain:
            self._join_errors(body, found)
            self.done[node.start_byte] = (node.end_byte, pipeline(found))
            return
        for part, stage, end in zip(parts, stages, ends, strict=True):
            if stage is not None:
                self.done[part.start_byte] = (end, pipeline([stage]))
            elif part is not node:
                self.node(part, part.end_byte)

    def _attached(self, body: tree_sitter.Node, node: tree_sitter.Node) -> None:
        """A redirection behind a list belongs to its last command; behind a compound, to the compound."""
        if body.type != "list":
            self.node(body, body.end_byte)
            return
        *before, last = body.named_children
        for child in before:
            self.node(child, child.end_byte)
        stage = self._stage(last, node.end_byte) if last.type in _SIMPLE else None
        if stage is not None:
            self.done[last.start_byte] = (node.end_byte, pipeline([stage]))

    def _join_errors(self, body: tree_sitter.Node, stages: list[Stage]) -> None:
        """`a |& b` is `a 2>&1 | b`."""
        if body.type == "pipeline":
            joints = [child.type for child in body.children if child.type in ("|", "|&")]
            for joint, stage in zip(joints, stages[:-1], strict=True):
                if joint == "|&":
                    stage.feeds += _feeds(">&", "2", literal("1"))

    def _stage(self, node: tree_sitter.Node, end: int) -> Stage | None:
        inner = node.child_by_field_name("body") if node.type == "redirected_statement" else node
        if node.type not in _SIMPLE or inner is None or inner.type != "command":
            return None
        cut = leaf(self.script, node.start_byte, end)
        raws = [self.script.text[start:stop] for start, stop in cut.words]
        stage = Stage()
        while raws and ASSIGNMENT.match(raws[0]):
            stage.assigns.append(raws.pop(0))
        if not raws or raws[0].startswith(("[[", "((")):
            return None
        for raw in raws:
            stage.words += self._words(raw)
        if not stage.words or stage.words[0].value in _DECLARES:
            return None
        for item in cut.redirects:
            target = self._words(self.script.text[item.start : item.end])
            if item.heredoc is not None or len(target) != 1:
                return None
            stage.feeds += _feeds(item.operator, item.descriptor, target[0])
        return stage

    def _words(self, raw: str) -> list[Arg]:
        return words(raw, lambda code: _form(code, self.depth + 1) if code.strip() and "#" not in code else None)

    def whole(self) -> str:
        """Return the text with what was rewritten in its place."""
        out: list[str] = []
        at = 0
        for token in _TOKEN.finditer(self.script.masked.text):
            start = token.start()
            if start < at:
                continue
            if start in self.done:
                at, text = self.done[start]
            else:
                text, at = self._token(token.group(), start)
            if not text.isspace():
                out.append(text)
            elif text == "\n" and out and out[-1] == " ":
                out[-1] = text
            elif out and not out[-1][-1].isspace():
                out.append(text)
        while out and (out[-1].isspace() or out[-1] == ";"):
            out.pop()
        return "".join(out)

    def _token(self, shown: str, start: int) -> tuple[str, int]:
        """Return how a token outside every pipeline is written, and where it ends."""
        raw = self.script.text[start : start + len(shown)]
        if shown.isspace():
            return "\n" if shown[0] == "\n" else " ", start + len(shown)
        if shown[0] in "<>":
            operator = self.script.masked.redirects.get(start, shown[0])
            end = start + len(operator) - operator.startswith("&")  # the mask shows `&>` as ` >`
            return operator if operator.endswith("&") else operator + " ", end
        if shown[0] in ";&|()":
            cut = re.match(r"[;&|()]+", shown)
            length = cut.end() if cut else len(shown)
            return raw[:length], start + length
        if "=" in raw or raw in KEYWORDS:
            return raw, start + len(shown)
        found = self._words(raw)
        known = len(found) == 1 and found[0].value is not None
        return found[0].text if known else raw, start + len(shown)


def _feeds(operator: str, descriptor: str, target: Arg) -> list[Feed]:
    """Return a redirection in its normal form: `&> f` is `> f 2>&1`."""
    number = target.value is not None and re.fullmatch(r"\d+-?|-", target.value) is not None
    if operator in ("&>", "&>>") or (operator == ">&" and not number and not descriptor):
        plain = ">>" if operator == "&>>" else ">"
        return [Feed(plain, "", target), Feed(">&", "2", literal("1"))]
    usual = {">": "1", ">>": "1", ">&": "1", ">|": "1", "<": "0", "<<<": "0", "<&": "0"}
    return [Feed(operator, "" if usual.get(operator) == descriptor else descriptor, target)]
