"""What a text is, if it is not one command that runs as written: a fence, several lines, a placeholder, prose.

Each returns a detail or nothing, looks at the text alone, and is cheap. What could be fixed was fixed before
(`prepare/clean.py`).
"""

from __future__ import annotations

import re

from cli_tuner.prepare.clean import TYPOGRAPHIC
from cli_tuner.shell.answer.lexicon import KEYWORDS, reads_as_command, stop_word_count

_FENCE = re.compile(r"```|^`[^`]*`$")
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_MARKS = ("{{", "YOUR", "your", "<", "[", "path", "sd", "eth", "...")
_PLACEHOLDERS = (
    re.compile(r"(?:^|[\s=:@/])<[A-Za-z][\w .|-]*>"),
    re.compile(r"(?:^|[\s=:/])\[[A-Za-z]{4,}\](?=[\s/.]|$)"),
    re.compile(r"(?:^|[\s=:/])\[[A-Za-z]+[ _][A-Za-z _]*\](?=[\s/.]|$)"),
    re.compile(r"\[(?:your|insert|the) [^\]]*\]", re.IGNORECASE),
    re.compile(r"<[A-Za-z][\w-]*>$"),
)
_EVEN_QUOTED = (
    re.compile(r"\{\{[^{}]*\}\}"),
    re.compile(r"(?<![A-Z_$])YOUR[_-][A-Z_-]+|(?<![\w$])your[_-]\w+"),
    re.compile(r"(?<![\w-])path/to\b|(?<!\w)path_to_\w+"),
    re.compile(r"(?<=/dev/)(?:sd|hd|vd|tty|nvme)[XY]+\d*|(?<![\w-])(?:eth|sd)X\b"),
)
_MEANS_TEMPLATE = re.compile(
    r"\b(?:docker|podman|kubectl|git|go|gh|helm|nerdctl)\b.*--(?:format|template|output|pretty)|-f\s*'?\{\{"
)
_DOTS = (
    re.compile(r"(?:^|[\s=,(#])\.\.\.(?=[\s;|&),]|$)"),
    re.compile(r"[\w})\]-]\.\.\.(?=[\s;|&)]|$)"),
    re.compile(r"[\[<{(]\s*\.\.\.\s*[\]>})]"),
    re.compile(r"https?://\S*\.\.\."),
)
_LISTED_DOTS = re.compile(r"[\s,]\.\.\.(?=[\s'\"}\])]|$)")
_LEADING_DOTS = re.compile(r"(?:^|\s)\.\.\.\w")
_QUOTED_DOTS = re.compile(r"'\s*\.\.\.\s*'|\"\s*\.\.\.\s*\"")
_QUOTED_NAME = re.compile(r"(['\"])<[A-Za-z][\w .-]*>\1")
_STANDS_FOR = re.compile(
    r"(['\"])<(?:[a-z]+[ _-])?(?:file[ _-]?name|file|path|dir|directory|folder|phrase|pattern|string|cmd|"
    r"username|host[ _-]?name)s?>\1",
    re.IGNORECASE,
)
"""Names that no markup has, so that they stand for something in a search too."""
_PATTERN_TOOLS = re.compile(r"\b(?:grep|egrep|fgrep|rg|ag|ack|sed|awk|perl|expr)\b")
_TEXT_TOOLS = re.compile(r"\b(?:echo|printf|grep|egrep|fgrep|rg|ag|ack|logger|read|say|notify-send|wall|expr)\b")
_EXEC = re.compile(r"\s-(?:exec|execdir|ok|okdir)\s+(?=\S)")
_EXEC_END = re.compile(r"(?:^|\s)(?:\\;|';'|\";\"|\\\\;|\\?\+|'\+'|\"\+\")(?=[\s)'\"`|;&]|$)")
_SENTENCE_WORDS = "the a an of this that which it its you your i my is are was be should would can does how what who"
_SENTENCE = frozenset(_SENTENCE_WORDS.split())
_PARAMETERS = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|'[^']*'|\"[^\"]*\"")
_SAID = "echo printf say espeak logger wall notify-send figlet cowsay banner git"
SPEAKING = frozenset(_SAID.split())
"""Programs whose arguments may be a sentence."""


def misshapen(command: str, multiline: bool) -> tuple[str, str]:
    """Return why `command` is not one command that runs as written, in one word and a detail; empty when it is."""
    if _FENCE.search(command):
        return "markdown_fence", ""
    if "\n" in command and not multiline:
        return "multiple_lines", f"{command.count(chr(10)) + 1} lines"
    if all(line.lstrip().startswith("#") for line in command.splitlines() if line.strip()):
        return "comment", ""
    for name, check in (("placeholder", placeholder), ("ellipsis", ellipsis), ("typographic", typographic)):
        if found := check(command):
            return name, found
    if unfinished_exec(command):
        return "unfinished_exec", "find is given no end of -exec: \\; or +"
    return ("prose", "") if prose(command) else ("", "")


def placeholder(command: str) -> str:
    """Return a placeholder that was left in."""
    if not any(mark in command for mark in _MARKS):
        return ""
    bare = _QUOTED.sub('""', command)
    found = next((match for pattern in _PLACEHOLDERS if (match := pattern.search(bare))), None)
    for number, pattern in enumerate(_EVEN_QUOTED):
        if found is None and not (number == 0 and _MEANS_TEMPLATE.search(command)):
            found = pattern.search(command)
    if found is None and not _PATTERN_TOOLS.search(bare) and "nix" not in command:
        found = _QUOTED_NAME.search(command)
    found = found or _STANDS_FOR.search(command)
    return found.group().strip() if found else ""


def ellipsis(command: str) -> str:
    """Return dots that stand for something left out; `./...`, `a...b` and a regular expression do not."""
    if "…" in command:
        return "…"
    if "..." not in command:
        return ""
    bare = _QUOTED.sub('""', command)
    found = next((match for pattern in _DOTS if (match := pattern.search(bare))), None)
    if found is None and not _TEXT_TOOLS.search(bare):
        found = _QUOTED_DOTS.search(command)
    if found is None and not _PATTERN_TOOLS.search(bare):
        found = _LISTED_DOTS.search(command)
    if found is None and not command.startswith("git "):
        found = _LEADING_DOTS.search(bare)
    return found.group().strip() if found else ""


def typographic(command: str) -> str:
    """Return a typographic quote, or a dash outside quotes, that could not be fixed."""
    if command.isascii():
        return ""
    found = TYPOGRAPHIC.search(_QUOTED.sub("", command)) or re.search("[‘’“”„‟]", command)
    return found.group() if found else ""


def unfinished_exec(command: str) -> bool:
    """Tell whether an `-exec` of find has no end that find would see."""
    if "find" not in command:
        return False
    starts = [match.end() for match in _EXEC.finditer(command)]
    ends = [*(match.start() for match in _EXEC.finditer(command)), len(command)][1:]
    return any(not _EXEC_END.search(command, start, end) for start, end in zip(starts, ends, strict=True))


def prose(text: str) -> bool:
    """Tell whether `text` is a sentence: some command lines hold small words too (`ip rule add from all`)."""
    first = text.split()[0]
    if stop_word_count(text) < 2 or first in KEYWORDS or first in SPEAKING or reads_as_command(text):
        return False
    words = [word.strip(",.?!:()").lower() for word in _PARAMETERS.sub(" ", text).split()]
    is_capital = first[:1].isupper() and first[1:].islower() and not first.endswith(":")
    marks = sum(word in _SENTENCE for word in words)
    return marks >= 2 or (marks and is_capital) or text.rstrip().endswith((".", "?", ";"))
