# ruff: noqa: SIM905  (tables: names are one string)
"""Write a pipeline of simple commands in one way: files as operands, filters in order, `sort -u`.

Each rule states what both sides do: the same output and exit code, and the same effect on files, when files that
are named can be read as text. Rules that a failing command in the middle would tell apart hold under Bash's own
default, where a pipeline's exit code is that of its last command; `canonical` skips all where `pipefail` is set.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cli_tuner.shell.forms.invocations import simple
from cli_tuner.shell.forms.options import Reading, read
from cli_tuner.shell.forms.table import TABLE
from cli_tuner.shell.forms.words import Arg, literal
from cli_tuner.shell.patterns import late


@dataclass(slots=True)
class Feed:
    """One redirection: operator, descriptor as typed, and its word."""

    operator: str
    descriptor: str
    target: Arg

    @property
    def reads(self) -> bool:
        """Tell whether it gives the command its standard input."""
        return self.operator in ("<", "<<<") and self.descriptor == ""

    def text(self) -> str:
        """Return how it is written."""
        space = "" if self.operator in (">&", "<&") else " "
        return f"{self.descriptor}{self.operator}{space}{self.target.text}"


@dataclass(slots=True)
class Stage:
    """One command of a pipeline: simple, or text that stays as it is."""

    words: list[Arg] = field(default_factory=list)
    feeds: list[Feed] = field(default_factory=list)
    assigns: list[str] = field(default_factory=list)
    fixed: str | None = None

    @property
    def name(self) -> str:
        """The program, empty where it is not a plain known command."""
        bare = self.fixed is None and not self.assigns and bool(self.words)
        return (self.words[0].value or "") if bare else ""

    def reading(self) -> Reading | None:
        """Return the options and operands of a command of the table."""
        utility = TABLE.get(self.name)
        return read(self.name, utility, self.words[1:]) if utility else None

    def text(self) -> str:
        """Return how it is written."""
        if self.fixed is not None:
            return self.fixed
        return " ".join([*self.assigns, *(word.text for word in self.words), *(feed.text() for feed in self.feeds)])


# What they print is the same for one file named as operand and for the same bytes on standard input.
_BY_OPERAND = frozenset(
    "cat tac rev nl grep head tail sort uniq cut sed awk gawk mawk fold fmt expand unexpand od base64 base32 "
    "paste".split()
)
# They print the name of an operand, or take none.
_BY_INPUT = frozenset("wc tr md5sum sha1sum sha224sum sha256sum sha384sum sha512sum cksum xargs".split())
_SPEAKS_OF_NAMES = {
    "grep": ("H", "l", "L", "r", "R", "f", "label", "d", "D", "b", "U", "e"),
    "tail": ("f", "F", "follow", "retry", "pid", "v"),
    "head": ("v",),
    "sort": ("o", "m", "c", "C", "files0-from"),
    "sed": ("i", "s", "e", "f", "follow-symlinks"),
    "awk": ("f",), "gawk": ("f",), "mawk": ("f",),
    "xargs": ("a", "o", "p"),
    "wc": (), "cat": (),
}  # fmt: skip
_SCRIPTED = {"grep": 1, "sed": 1, "awk": 1, "gawk": 1, "mawk": 1}  # operands that are no files
_AWK_READS = late(r"FILENAME|ARG[CVI]|getline|system|\||ERRNO|FNR|/dev/|@")
_SED_READS = late(r"F|/dev/|[wWrR] ")
_PLAIN_FILTER = frozenset("EFGPivwx")


def pipeline(stages: list[Stage]) -> str:
    """Return the normal form of a pipeline; its stages are changed."""
    for number, stage in enumerate(stages):
        if stage.fixed is None:
            stage.words = simple(stage.words, piped=number > 0)
    for stage in stages:
        _one_a_line(stage, piped=stage is not stages[-1])
    _echo_to_word(stages)
    _cat_to_operand(stages)
    _input_to_operand(stages[0])
    _sort_unique(stages)
    _filters_in_order(stages)
    return " | ".join(stage.text() for stage in stages)


def _one_a_line(stage: Stage, *, piped: bool) -> None:
    """`ls -1` is `ls` where no terminal shows it."""
    found = stage.reading() if stage.name == "ls" else None
    if found is not None and (piped or any(feed.operator == ">" and not feed.descriptor for feed in stage.feeds)):
        found.options = [option for option in found.options if option.name != "1"]
        stage.words = [stage.words[0], *found.words()]


def _echo_to_word(stages: list[Stage]) -> None:
    """`echo x | cmd` is `cmd <<< x`: both feed `x` and a newline."""
    if len(stages) < 2 or stages[0].name != "echo" or stages[0].feeds or len(stages[0].words) != 2:
        return
    word, following = stages[0].words[1], stages[1]
    if word.many or word.may_be_option or "\\" in word.text or not _takes_input(following):
        return
    following.feeds.insert(0, Feed("<<<", "", word))
    del stages[0]


def _takes_input(stage: Stage) -> bool:
    """Tell whether a command of the table reads nothing but standard input."""
    found = stage.reading()
    if found is None or stage.name not in _BY_OPERAND | _BY_INPUT or any(feed.reads for feed in stage.feeds):
        return False
    if found.has(*_SPEAKS_OF_NAMES.get(stage.name, ())):
        return False
    operands = found.plain()
    if stage.name in ("tr", "xargs"):
        return operands is not None or stage.name == "xargs"
    if stage.name == "paste":
        return operands == []
    return (
        operands is not None
        and len(operands) == _SCRIPTED.get(stage.name, 0)
        and _script_ignores_names(stage, operands)
    )


def _script_ignores_names(stage: Stage, operands: list[Arg]) -> bool:
    if stage.name == "sed":
        return operands[0].value is not None and not _SED_READS.search(operands[0].value)
    if stage.name.endswith("awk"):
        return operands[0].value is not None and not _AWK_READS.search(operands[0].value)
    return True


def _cat_to_operand(stages: list[Stage]) -> None:
    """`cat f | grep x` is `grep x f`, `cat f | wc` is `wc < f`."""
    while len(stages) > 1 and stages[0].name == "cat":
        source = _only_file(stages[0])
        following = stages[1]
        if source is None or not _takes_input(following) or _writes_to(stages, source):
            return
        following.feeds.insert(0, Feed("<", "", source))
        following.words = simple(following.words, piped=True)
        del stages[0]
        _input_to_operand(following)


def _only_file(stage: Stage) -> Arg | None:
    """Return the one file that a bare `cat` shows."""
    words, feeds = stage.words[1:], stage.feeds
    file = words[0] if len(words) == 1 and not feeds else feeds[0].target if len(feeds) == 1 and not words else None
    if feeds and (feeds[0].operator != "<" or feeds[0].descriptor):
        return None
    return None if file is None or file.many or file.may_be_option else file


def _writes_to(stages: list[Stage], source: Arg) -> bool:
    """Tell whether the file could be written while it is read: then it matters who opens it when."""
    name = _last_part(source)
    for stage in stages:
        targets = [feed.target for feed in stage.feeds if feed.operator[0] in ">&"]
        if stage.name in ("", "tee", "sed", "cp", "mv", "dd", "rm"):
            targets += stage.words[1:]
        if stage.fixed is not None or any(_last_part(target) in (name, "") for target in targets):
            return True
    return False


def _last_part(word: Arg) -> str:
    return "" if word.value is None else word.value.rstrip("/").rpartition("/")[2]


def _input_to_operand(stage: Stage) -> None:
    """`sort < f` is `sort f`."""
    feeds = [feed for feed in stage.feeds if feed.reads]
    if len(feeds) != 1 or feeds[0].operator != "<" or stage.name not in _BY_OPERAND:
        return
    file = feeds[0].target
    stage.feeds.remove(feeds[0])
    if file.many or file.may_be_option or not _takes_input(stage) or _writes_to([stage], file) or "=" in file.text:
        stage.feeds.insert(0, feeds[0])
        return
    stage.words = simple([*stage.words, file])


def _sort_unique(stages: list[Stage]) -> None:
    """`sort | uniq` is `sort -u`, also turned round; with any other order equal keys need not be equal lines."""
    for number in range(len(stages) - 1, 0, -1):
        first, second = stages[number - 1 : number + 1]
        if first.name != "sort" or [word.value for word in second.words] != ["uniq"] or first.feeds or not second.name:
            continue
        found = first.reading()
        if found is None or found.rest or any(option.name not in ("r", "u") for option in found.options):
            continue
        if any(feed.reads for feed in second.feeds) or any(_writes_to([second], word) for word in first.words[1:]):
            continue
        first.words = simple([first.words[0], literal("-u"), *first.words[1:]]) if not found.has("u") else first.words
        first.feeds = second.feeds
        del stages[number]


def _filters_in_order(stages: list[Stage]) -> None:
    """Two plain greps in a row may change places; a file that the first one reads stays with the first."""
    start = 0
    while start < len(stages):
        end = start
        while end < len(stages) and _filter(stages[end], last=False):
            end += 1
        if end < len(stages) and _filter(stages[end], last=True):
            end += 1
        if end - start > 1:
            _sort_filters(stages, start, end)
        start = max(end, start + 1)


def _filter(stage: Stage, *, last: bool) -> bool:
    """Tell whether a grep only picks lines, from one file or from its input."""
    found = stage.reading() if stage.name == "grep" else None
    operands = found.plain() if found else None
    if found is None or operands is None or not 1 <= len(operands) <= 2 or (stage.feeds and not last):
        return False
    quiet = all(feed.operator[0] == ">" and not feed.descriptor for feed in stage.feeds)
    return quiet and all(option.name in _PLAIN_FILTER for option in found.options)


def _sort_filters(stages: list[Stage], start: int, end: int) -> None:
    run = stages[start:end]
    readings = [stage.reading() for stage in run]
    operands = [(found.plain() or []) if found else [] for found in readings]
    if any(len(each) > 1 for each in operands[1:]):
        return
    file = operands[0][1:]
    if file and _writes_to(run, file[0]):
        return
    feeds = run[-1].feeds
    bare = [
        Stage(simple([stage.words[0], *(found.words() if found else [])]))
        for stage, found in zip(run, readings, strict=True)
    ]
    if file:
        bare[0].words = bare[0].words[:-1]
    bare.sort(key=Stage.text)
    bare[0].words = [*bare[0].words, *file]
    bare[-1].feeds = feeds
    stages[start:end] = bare
