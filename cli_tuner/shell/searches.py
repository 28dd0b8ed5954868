# ruff: noqa: SIM905  (tables: names are one string)
"""Programs that list files: what `find`, `fd` and `ls` find, how narrowly, and what `-exec` runs on it."""

from __future__ import annotations

from cli_tuner.shell.flow import OUTPUT, QUESTION, STAR, Flow, Word, narrowed, plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.running import fill, run_inner

_FIND_RUN = ("-exec", "-execdir", "-ok", "-okdir")
# Names that editors, compilers and crashes leave behind.
_LEFTOVER = late(
    r"\*~|#\*#|\*\.(?:bak|tmp|temp|swp|swo|pyc|pyo|o|obj|orig|rej|old|class)|core(?:\.\*)?|\.DS_Store|Thumbs\.db|__pycache__"
)
_FIND_END = (";", "+")
# How much a test narrows a search: 2 for what picks single files, 1 for a wildcard, a size or an age.
_STRONG = frozenset(
    "-user -group -uid -gid -nouser -nogroup -inum -samefile -newer -anewer -cnewer -newermt -lname -perm".split()
)
_WEAK = frozenset("-size -mtime -atime -ctime -mmin -amin -cmin -fstype -links -used -maxdepth".split())
# What is picked by its owner, age or size, whatever it is called.
_OWNED = frozenset("-user -group -uid -gid -mmin -amin -cmin -newer -anewer -cnewer -newermt -perm".split())
_SELECTS = (_STRONG | _WEAK | frozenset(["-empty"])) - {"-maxdepth", "-fstype"}
_NAMED = frozenset("-name -iname -path -ipath -wholename -iwholename -regex -iregex".split())


def find(evaluator: Shell, invocation: Invocation) -> Flow:
    """Run what `-exec` names on what is found."""
    words = invocation.words
    item = Word(OUTPUT, invocation.start, invocation.end, flow=Flow(None, find_tags(invocation)))
    at = 0
    while at < len(words):
        if words[at].text in _FIND_RUN:
            end = next((p for p in range(at + 1, len(words)) if words[p].text in _FIND_END), len(words))
            each = item
            if words[at].text[:3] == "-ok":  # it asks for every one
                each = Word(OUTPUT, item.start, item.end, flow=Flow(None, frozenset(map(narrowed, item.tags))))
            command = fill(words[at + 1 : end], "{}", each)
            run_inner(evaluator, invocation, command)
            invocation.wraps = False
            at = end
        at += 1
    return Flow(None, item.tags)


def find_tags(invocation: Invocation) -> frozenset[str]:
    """Tag every root of a search: `found:` all, `broad:` an age or size, `glob:` a wildcard, `some:` a filter."""
    roots: list[str] = []
    for word in invocation.words:
        if word.text[:1] in ("-", "(", "!"):
            if word.text in ("-H", "-L", "-P") or word.text.startswith(("-O", "-D")):
                continue
            break
        roots.append(word.text)
    texts = invocation.texts()
    if "-prune" in texts:
        texts = _after_prune(texts)
    score = _narrowness(texts, everywhere="/" in roots)
    named = any(text in _NAMED and not _negated(texts, place) for place, text in enumerate(texts))
    kind = "some" if score > 1 else "found" if not score else "glob" if named else "broad"
    excluded = [place for place, text in enumerate(texts) if text in _NAMED and _negated(texts, place)]
    whole = any(root.startswith(("/", "~")) for root in roots)
    if excluded and whole and not named and not _SELECTS.intersection(texts):
        kind = "aged"  # all but a few
    elif not named and score and _OWNED.intersection(texts):
        kind = "owned" if score > 1 else "aged"
    return frozenset(f"{kind}:{root}" for root in roots or ["."]) | {"items"}


def _after_prune(texts: list[str]) -> list[str]:
    """Names before `-prune -o` tell what is left out, not what is hit."""
    for place in range(len(texts) - 1, 0, -1):
        if texts[place] in ("-o", "-or") and texts[place - 1] == "-prune":
            return texts[place + 1 :]
    return texts


def _narrowness(texts: list[str], *, everywhere: bool) -> int:
    score = 0
    for place, text in enumerate(texts):
        if text in _STRONG or text.startswith("-newer"):
            score += 2
        elif text == "-empty":  # what is empty holds nothing, unless the system waits for it
            score += 1 if everywhere or _negated(texts, place) else 2
        elif (
            text in _WEAK
            or (text in _FIND_RUN and place + 1 < len(texts) and "grep" in texts[place + 1])
            or (text == "-type" and texts[place + 1 : place + 2] == ["l"])
        ):
            score += 1
        elif text in _NAMED and place + 1 < len(texts):
            score += _name_narrowness(texts[place + 1], leftovers=not everywhere and not _negated(texts, place))
    return score


def _negated(texts: list[str], place: int) -> bool:
    return texts[place - 1 : place] in (["!"], ["-not"])


def _name_narrowness(pattern: str, *, leftovers: bool) -> int:
    if leftovers and _LEFTOVER.fullmatch(plain(pattern)):
        return 2
    value = pattern.strip("./" + STAR)
    return 0 if value in ("", "*", "*.*") else 1 if "*" in value or STAR in pattern else 2


def fd(evaluator: Shell, invocation: Invocation) -> Flow:
    """`fd PATTERN ROOT… -x COMMAND`: a search like `find`, whose item is appended where no `{}` says where."""
    words = invocation.words
    end = next((p for p, word in enumerate(words) if word.text in ("-x", "-X", "--exec", "--exec-batch")), len(words))
    operands = read_options(words[:end], "t type e extension d max-depth E exclude S size".split()).operands
    narrow = (operands and operands[0].text not in (".", "", ".*")) or any(w.text in ("-e", "-S") for w in words[:end])
    roots = [word.text for word in operands[1:]] or ["."]
    tags = frozenset(f"{'some' if narrow else 'found'}:{root}" for root in roots) | {"items"}
    item = Word(OUTPUT, invocation.start, invocation.end, flow=Flow(None, tags))
    command = words[end + 1 :]
    if command:
        holder = any("{" in word.text for word in command)
        run_inner(evaluator, invocation, fill(command, "{}", item) if holder else [*command, item])
        invocation.wraps = False
    return Flow(None, tags)


def listed_tags(invocation: Invocation) -> frozenset[str]:
    """Tag the folders that are listed, as a search that finds all of them or what a wildcard leaves."""
    found: set[str] = {"items"}
    for word in [word for word in invocation.words if word.text[:1] != "-"] or [Word(".", 0, 0)]:
        folder, _, last = word.text.rpartition("/")
        globbed = STAR in last or QUESTION in last
        kind = ("some" if last.strip(STAR + QUESTION + ".") else "found") if globbed else "found"
        root = (
            ("/" if word.text.startswith("/") else ".") if globbed and not folder else folder if globbed else word.text
        )
        if globbed or last not in ("-", ""):
            found.add(f"{kind}:{root}")
        elif word.text.endswith("/"):
            found.add(f"{kind}:{word.text}")
    return frozenset(found)
