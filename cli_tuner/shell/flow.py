"""What passes between commands: text where it is known, and tags for where it came from.

A tag is `net` (downloaded), `decoded`, `history`, `random`, `env`, or `file:<path>`. Unknown parts of a
known text are single private-use characters, so that text with holes is still ordinary `str`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cli_tuner.shell.patterns import late

UNSET = "\ue000"  # a variable that this text never sets: may be empty
OUTPUT = "\ue001"  # output of a command that is not known here
FILLED = "\ue002"  # a value that is not known but is not empty
STAR, QUESTION, BRACKET = "\ue010", "\ue011", "\ue012"  # globs that the shell would expand
FIELD, HARD_FIELD = "\ue020", "\ue021"  # where the shell splits a word
UNKNOWNS = frozenset({UNSET, OUTPUT, FILLED})

_PRIVATE = late("[\ue000-\ue02f]")
_UNKNOWN = late(f"[{UNSET}{OUTPUT}{FILLED}]")
_SHOWN = str.maketrans({UNSET: "$?", OUTPUT: "$(?)", FILLED: "$_", STAR: "*", QUESTION: "?", BRACKET: "[", FIELD: " "})
_GLOBS = str.maketrans({STAR: "*", QUESTION: "?", BRACKET: "[", FIELD: " ", HARD_FIELD: " "})
_ACTIVE = str.maketrans({"*": STAR, "?": QUESTION, "[": BRACKET})

NO_TAGS: frozenset[str] = frozenset()


def clean(text: str) -> str:
    """Replace the private-use characters that this package gives a meaning of its own."""
    return _PRIVATE.sub("\ufffd", text) if _PRIVATE.search(text) else text


def shown(text: str) -> str:
    """Return `text` as a person reads it: holes as `$?`, globs as typed."""
    return text.translate(_SHOWN)


def plain(text: str) -> str:
    """Turn active globs and field borders back into the characters they stand for."""
    return text.translate(_GLOBS)


def active(text: str) -> str:
    """Make the glob characters of an unquoted expansion active."""
    return text.translate(_ACTIVE)


def is_known(text: str) -> bool:
    """Tell whether `text` has no holes."""
    return _UNKNOWN.search(text) is None


def narrowed(tag: str, to: str = "some") -> str:
    """Return the tag of a search after a filter."""
    kind, colon, root = tag.partition(":")
    return f"{to}:{root}" if colon and kind in ("found", "broad", "glob", "owned", "aged") else tag


def _hole(text: str | None) -> str:
    return OUTPUT + "\n" if text is None else text


@dataclass(slots=True, frozen=True)
class Flow:
    """A stream or a value: its text where known, and where it comes from."""

    text: str | None = None
    tags: frozenset[str] = NO_TAGS

    def merged(self, other: Flow | None) -> Flow:
        """Return both one after the other."""
        if other is None:
            return self
        text = None if self.text is None and other.text is None else _hole(self.text) + _hole(other.text)
        text = text if text is None or text.strip(OUTPUT + "\n") else (None if OUTPUT in text else text)
        return Flow(text, self.tags | other.tags)

    def tagged(self, *tags: str) -> Flow:
        """Return the same stream with more tags."""
        return Flow(self.text, self.tags.union(tags))


EMPTY = Flow("")


@dataclass(slots=True)
class Word:
    """One word after expansion; `start` and `end` are character offsets into the original text."""

    text: str
    start: int
    end: int
    quoted: bool = False
    flow: Flow | None = None

    @property
    def tags(self) -> frozenset[str]:
        """Where the word's substitutions got their text from."""
        return self.flow.tags if self.flow else NO_TAGS


@dataclass(slots=True)
class Variable:
    """A shell variable: its values (one, or an array's), where they came from, and what else a branch may leave."""

    values: list[str] = field(default_factory=list)
    tags: frozenset[str] = NO_TAGS
    array: bool = False
    others: tuple[str, ...] = ()
