"""Where a sentence holds a command: behind which words, between which marks, and where prose goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_VERB = r"(?:using|use|running|run|trying|try|typing|type|executing|execute|entering|enter|issue|with|is|be|do|by|via)"
_FILL = r"(?:[ \t]+(?:the|this|following|a|an|command|line|bash|shell|linux|unix|one-liner))*"
_LEAD = re.compile(rf"\b{_VERB}{_FILL}[ \t]*[:,]?[ \t]*[*_(]*\Z", re.IGNORECASE)
_ORDER = r"(?:(?:this|that|it|so) with|using|use|run|try|type|execute|enter)"
_LEAD_ON = re.compile(rf"\b{_ORDER}{_FILL}[ \t]*:?[ \t]+(?=[\w./~$(\[{{])", re.IGNORECASE)
_STRONG = re.compile(
    r"(?:\A|(?<=[.!?,] ))(?:just |simply |you can |please |then )?(?:use|run|try|type|execute|enter)[ \t]*:?[ \t]+"
    r"|\b(?:command|answer|solution|one-liner)\b[^.:\n]{0,40}?\b(?:is|would be)\b[ \t]*:?[ \t]+",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[*_)]*[ \t]*(?:\Z|\n|[.,;:!|]|to |command|in (?:your|the|a) (?:terminal|shell)|in bash|at the |which |and |or "
    r"|from )"
)
_MARKED = re.compile(
    r"`(?P<n>[^`\n]+?(?:(?<=[\s=\"'(:])`[^\s`][^`\n]*`[^`\n]*)+)`"  # a span with substitutions in back-ticks within
    r"|(?P<t>`{1,2})(?!`)(?P<c>[^\n]+?)(?<!`)(?P=t)(?!`)|<code>(?P<h>[^\n]+?)</code>|\*\*(?P<b>[^\n*]+(?:\*[^\n*]+)*)\*\*"
    r"|(?<![^\s(])\"(?P<d>[^\n]+?)\"(?=[\s.,;:!?)]|\Z)|(?<![^\s(])'(?P<s>[^\n]+?)'(?=[\s.,;:!?)]|\Z)|“(?P<e>[^\n”]+)”|‘(?P<f>[^\n’]+)’"
)
_REMARK = re.compile(r"\s+(?:[—–―•←]|<-|//|;{2,})\s+(?=[A-Za-z(]).*$|\s+\((?=[A-Za-z][A-Za-z ,.'-]+\)\s*\.?\Z).*$")
_WEAK_REMARK = re.compile(r"\s+[-:]\s+(?=[A-Za-z][a-z]+\s+[a-z]).*$")
_END = re.compile(
    r"[.!?](?=\s|$)|,(?=\s)|;(?=\s+[A-Za-z]+\s)|\s+(?=(?:to|which|that|this|and then|and it|in order|where|as it"
    r"|so that|because|for|from|on|in|command|instead|will|and)\b)|$"
)
_CONTEXT = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A marked part of a text.

    Attributes:
        text: What stands between the marks.
        is_code: Whether the marks say code (back-ticks, `<code>`), rather than quotes or bold.
        is_led: Whether the words around it say that it is to be run.
    """

    text: str
    is_code: bool
    is_led: bool


def marked(text: str) -> Iterator[Part]:
    """Yield the marked parts of a text, in order."""
    for match in _MARKED.finditer(text):
        within = next(one for name in "nchbdsef" if (one := match[name]) is not None)
        before = text[max(0, match.start() - _CONTEXT) : match.start()]
        alone = before.rstrip(" \t*_")[-1:] in ("", ":", "|", "\n")
        led = alone or (_LEAD.search(before) is not None and _AFTER.match(text, match.end()) is not None)
        is_code = any(match[name] is not None for name in "nch") or within[:1] == "`"
        yield Part(within, is_code, led)


def ordered(text: str) -> Iterator[str]:
    """Yield what follows words that can only lead to a command, up to the end of the line."""
    for line in text.split("\n"):
        for match in _STRONG.finditer(line):
            rest = line[match.end() :].strip()
            yield rest[:-1] if rest.endswith(".") and rest[-2:-1].isalnum() else rest


def led(text: str) -> Iterator[str]:
    """Yield the rest of each line behind words that lead to a command."""
    for line in text.split("\n"):
        for match in _LEAD_ON.finditer(line):
            yield line[match.end() :]


def ends(text: str) -> Iterator[str]:
    """Yield the beginnings of `text` up to where a sentence may end or go on in prose, the longest first."""
    cuts = {match.start() for match in _END.finditer(text)}
    for cut in sorted(cuts, reverse=True):
        one = text[:cut].rstrip()
        yield one[:-1] if one.endswith(".") and one[-2:-1].isalnum() else one


def without_remark(line: str, *, weak: bool = False) -> str:
    """Cut off what explains the command behind a long dash or in brackets; `weak` takes a hyphen or colon too."""
    return (_WEAK_REMARK if weak else _REMARK).sub("", line)
