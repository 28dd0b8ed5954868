# ruff: noqa: E501, SIM905, S105  (tables: a row stays on its line, names are one string)
"""Parse Bash with tree-sitter behind the guards of `mask`, and cut its leaves into words.

Grammar: tree-sitter-bash (MIT), https://github.com/tree-sitter/tree-sitter-bash. Every offset of the tree
is a character offset of the text. A tree with errors means "cannot tell", never "safe".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from cli_tuner.shell.flow import clean
from cli_tuner.shell.mask import Heredoc, Masked, mask
from cli_tuner.shell.patterns import late

if TYPE_CHECKING:
    import tree_sitter

MAX_LENGTH = 1 << 16
_TOKEN = late(r"(\d+(?=[<>])|(?=[<>]))([<>])[ ]*[ \t]*([^\s<>;|&()]*)|[^\s<>]+")
_FD_NAME = late(r"\{([A-Za-z_]\w{0,40})\}\Z")  # `{fd}` before a redirection
ASSIGNMENT = late(r"([A-Za-z_]\w*)(\[[^\]]*\])?(\+?)=", re.DOTALL)
LEAVES = frozenset(
    {
        "command",
        "redirected_statement",
        "variable_assignment",
        "variable_assignments",
        "declaration_command",
        "unset_command",
        "test_command",
    }
)
# A word, and a pipeline of simple commands, that Bash and the grammar cannot read in two ways: no tree is needed.
_PLAIN_WORD = r"""(?:[A-Za-z0-9_./:=@%+,^~*?\-]|\[[^\s\]]|\](?=\s|\Z|[^\s(])|\$(?=\w)|\{\}|\\[^\n]|'[^']*'|"(?:[^"$`\\]|\$(?![({'"])|\\[^\n])*")+"""
_PLAIN_TOKEN = late(_PLAIN_WORD)
_PLAIN = late(rf" *{_PLAIN_WORD}(?: +{_PLAIN_WORD})*(?: *\| *{_PLAIN_WORD}(?: +{_PLAIN_WORD})*)* *")
_PLAIN_COMMAND = late(rf"{_PLAIN_WORD}(?: +{_PLAIN_WORD})*")
MAX_PLAIN = 2000
_CLOSERS = frozenset("then else elif fi do done esac }".split())
_CLOSER = late(r"(?:\A|[;&|\n({])\s*(?:then|else|elif|fi|do|done|esac|\})(?=[\s;&|)]|\Z)")
_UNSEPARATED = late(
    r"(?P<name>(?<![^\s;&|({])coproc\s+[A-Za-z_]\w*\s+(?=[({]))"
    r"|(?P<end>[)}]|(?<![^\s;&|(])(?:done|fi|esac))[ \t](?=[ \t]*(?:then|else|elif|fi|do|done|esac|\})(?=[\s;&|)]|\Z))"
)
KEYWORDS = frozenset(
    "if then else elif fi for while until do done case esac select function in time coproc { } ! [[ ]]".split()
)


@dataclass(slots=True)
class RawRedirect:
    """A redirection before expansion; offsets are into the parsed text."""

    operator: str
    descriptor: str
    start: int
    end: int
    heredoc: Heredoc | None = None


@dataclass(slots=True)
class Leaf:
    """A simple command cut into raw words (start, end) and redirections."""

    words: list[tuple[int, int]] = field(default_factory=list)
    redirects: list[RawRedirect] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    """Parsed text: the masked form, and the tree; or, where none is needed, the commands of one pipeline."""

    text: str
    masked: Masked
    root: tree_sitter.Node | None
    sound: bool
    commands: list[tuple[int, int]] = field(default_factory=list)


@cache
def _parser() -> tree_sitter.Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def plain_commands(text: str) -> list[tuple[int, int]]:
    """Return the stretches of the simple commands of a plain pipeline; none where a tree is needed."""
    if len(text) > MAX_PLAIN or not _PLAIN.fullmatch(text):
        return []
    found = [match.span() for match in _PLAIN_COMMAND.finditer(text)]
    for start, end in found:
        first = text[start:end].split(" ", 1)[0]
        if first in KEYWORDS or first.startswith("[["):
            return []
    return found


def parse(text: str) -> Script:
    """Parse `text`; never raises. `Script.root` is `None` for a plain pipeline of simple commands."""
    commands = plain_commands(text)
    if commands:
        return Script(text, Masked(text), None, True, commands)
    return parse_tree(text)


def parse_tree(text: str) -> Script:
    """Parse `text` by the grammar, plain or not."""
    masked = mask(text)
    root, sound = _tree(masked.text)
    if not sound and masked.balanced:
        # NOTE: tree-sitter-bash wants a separator where Bash needs none, and knows no named coprocess.
        spelled = _UNSEPARATED.sub(_separate, masked.text)
        other, sound = _tree(spelled) if spelled != masked.text else (root, sound)
        if sound:
            root, masked = other, replace(masked, text=spelled)
    return Script(text, masked, root, sound and masked.balanced)


def _tree(text: str) -> tuple[tree_sitter.Node, bool]:
    """Return the tree of a masked text, and whether it is that of sound Bash."""
    root = _parser().parse(text.encode("ascii", "replace")).root_node
    return root, (not root.has_error or _only_nameless(root)) and not _stray(root, text)


def _separate(match: re.Match[str]) -> str:
    """Spell a compound command as the grammar knows it, every character in its place."""
    if match["name"]:
        return " " * len(match[0])
    return f"{match['end']};{match[0][len(match['end']) + 1 :]}"


def _only_nameless(root: tree_sitter.Node) -> bool:
    """Tell whether all that the grammar misses is the program of `x=$(…) > file`, which needs none."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.is_error:
            return False
        if node.is_missing:
            above = node.parent.parent if node.parent is not None and node.parent.type == "command_name" else None
            if above is None or not any(child.type.endswith("_redirect") for child in above.children):
                return False
        nodes.extend(child for child in node.children if child.has_error or child.is_missing)
    return True


def _stray(root: tree_sitter.Node, text: str) -> bool:
    """Tell whether a closing word stands where a command starts; the grammar takes it for a program."""
    if not _CLOSER.search(text):
        return False
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.type == "command_name":
            if text[node.start_byte : node.end_byte] in _CLOSERS:
                return True
        elif node.type != "command" or len(nodes) < MAX_PLAIN:
            nodes.extend(node.named_children)
    return False


def leaf(script: Script, start: int, end: int) -> Leaf:
    """Cut the stretch `start:end` of a script into words and redirections."""
    if script.root is None:
        return Leaf([token.span() for token in _PLAIN_TOKEN.finditer(script.text, start, end)])
    found = Leaf()
    masked = script.masked
    for token in _TOKEN.finditer(masked.text, start, end):
        where = token.start(2)
        if where < 0:
            found.words.append(token.span())
            continue
        operator = masked.redirects.get(where, token.group(2))
        heredoc = masked.heredocs.get(where)
        named = None if token.group(1) else _FD_NAME.search(script.text, max(start, where - 44), where)
        descriptor = named.group(1) if named else token.group(1)
        found.redirects.append(RawRedirect(operator, descriptor, token.start(3), token.end(3), heredoc))
    return found


def parse_ok(command: str) -> bool:
    """Tell whether `command` is syntactically acceptable Bash, substitutions included."""
    text = clean(command)
    if not text.strip() or len(text) > MAX_LENGTH or "\0" in text:
        return False
    return _sound(text, 0)


def _sound(text: str, depth: int) -> bool:
    script = parse(text)
    if not script.sound:
        return False
    inner = substitutions(text) if depth < 8 and ("$(" in text or "`" in text or "<(" in text) else []
    return all(_sound(code, depth + 1) for code in inner if code.strip())


def substitutions(text: str) -> list[str]:
    """Return the code of every outermost substitution of `text`."""
    from cli_tuner.shell import scan

    found: list[str] = []
    at = 0
    pattern = re.compile(r"\\.|'[^']*'|[$<>]\(|`|\"", re.DOTALL)
    quoted = False
    while match := pattern.search(text, at):
        token, at = match.group(), match.end()
        if token == '"':
            quoted = not quoted
        elif quoted and token.startswith("'"):
            at = match.start() + 1
        elif token == "`":
            end = scan.backtick_end(text, at)
            found.append(re.sub(r"\\([`\\$])", r"\1", text[at : end - 1]))
            at = max(end, at)
        elif token.endswith("(") and not (quoted and token[0] != "$"):
            end = scan.closing(text, at, ")")
            if text[at : at + 1] != "(":
                found.append(text[at : end - 1])
            at = max(end, at)
    return found


_JOINED_BRACE = late(r"\)\s*\{(?=[^\s{}])")
_BARE_FOR = late(r"(\bfor[ \t]{1,8}[A-Za-z_]\w{0,40})[ \t]{0,8}(?:;|\n|[ \t])[ \t\n]{0,16}do\b")


def parse_repaired(text: str) -> Script:
    """Parse `text`; where that fails, as what it means: `f(){cmd` and a `for` over the arguments."""
    script = parse(text)
    if not script.sound and (_JOINED_BRACE.search(text) or _BARE_FOR.search(text)):
        repaired = parse(_BARE_FOR.sub(r'\1 in "$@"; do', _JOINED_BRACE.sub("){ ", text)))
        script = repaired if repaired.sound else script
    return script
