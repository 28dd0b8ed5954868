# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects of the programs that delete, overwrite, move and search files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cli_tuner.safety import targets
from cli_tuner.safety.effects import said
from cli_tuner.safety.effects.base import (
    SEARCHED,
    Effect,
    Effects,
    Maker,
    effect,
    on_path,
    on_word,
    options_of,
)
from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import git

_FIND_WRITES = ("-fprint", "-fprintf", "-fls", "-fprint0")


# They delete folders without being told to.
_WHOLE = frozenset("rimraf del del-cli premove rm-rf trash trash-put rmtrash".split())


def _delete(invocation: Invocation) -> Effects:
    options = options_of(invocation)
    whole = invocation.program in _WHOLE
    recursive = ("recursive",) if whole or options.flags & {"r", "R"} or options.has("recursive") else ()
    force = ("force",) if options.has("f", "force") else ()
    asks = ("asks",) if options.flags & {"i", "I"} and not force else ()
    trash = ("trash",) if invocation.program in ("trash", "trash-put", "gio") else ()
    for word in options.operands:
        moved = ("moved",) if "moved" in word.tags else ()
        yield from on_word(invocation, "delete", word, *recursive, *force, *asks, *trash, *moved)
    if options.has("no-preserve-root"):
        yield effect(invocation, "delete", "", "no-preserve-root")


# Programs of other trades that delete: where their verb or option stands, and how much of the operands it means.
_ALSO = {
    "gio": (("trash", "remove"), ()), "kioclient": (("del", "remove"), ()), "kioclient5": (("del", "remove"), ()), "rclone": (("purge", "delete", "rmdirs"), ()),
    "cmake": (("remove_directory",), ()), "tmpwatch": ((), ("broad",)), "tmpreaper": ((), ("broad",)), "7z": (("-sdel",), ()), "7za": (("-sdel",), ()), "zip": (("-m", "-rm", "-mr", "--move"), ()),
}  # fmt: skip


def _also(invocation: Invocation) -> Effects:
    """Paths of this machine that a program of another trade deletes with all below them."""
    verbs, traits = _ALSO[invocation.program]
    texts = invocation.texts()
    if verbs and not set(verbs) & set(texts):
        return
    for word in invocation.words:
        if word.text[:1] in ("/", "~") or word.text.startswith(("./", "../")) or word.text in (".", ".."):
            yield from on_word(invocation, "delete", word, "recursive", *traits)


def _cleaned(invocation: Invocation) -> Effects:
    """`git clean -f` where the working tree is a home or a system's folder."""
    words = git.split(invocation.program, invocation.words)[1]
    texts = [word.text for word in words]
    folder = options_of(invocation, until_operand=True).value("C")
    place = folder.text if folder is not None else invocation.cwd
    forced = any(text == "--force" or (text[:1] == "-" and text[1:2] != "-" and "f" in text) for text in texts[1:])
    if texts[:1] == ["clean"] and forced and place and targets.classify(place) in ("home", "root", "system"):
        yield on_path(invocation, "delete", words[0], "recursive", path=place)


def _wipe(invocation: Invocation) -> Effects:
    options = options_of(invocation, "n iterations s size random-source p pattern l")
    recursive = ("recursive",) if options.flags & {"r", "R"} else ()
    for word in options.operands:
        yield from on_word(invocation, "wipe", word, *recursive)


def _truncate(invocation: Invocation) -> Effects:
    options = options_of(invocation, "s size r reference o")
    size = options.value("s", "size")
    grows = size is not None and size.text[:1] not in ("0", "-") and size.text not in ("", "0")
    for word in options.operands:
        yield from on_word(invocation, "overwrite", word, "grow" if grows else "truncate")


def _move(invocation: Invocation) -> Effects:
    options = options_of(invocation, "t target-directory S suffix")
    folder = options.value("t", "target-directory")
    sources, ends = options.operands, [folder] if folder is not None else options.operands[-1:]
    sources = sources if folder is not None else sources[:-1]
    void = any(targets.normal(word.text) == "/dev/null" for word in options.operands)
    for word in sources:
        yield from on_word(invocation, "discard" if void else "move", word)
    for word in ends:
        if targets.normal(word.text) != "/dev/null":
            yield on_path(invocation, "write", word, "moved")


def _copy(invocation: Invocation) -> Effects:
    options = options_of(invocation, "t target-directory S suffix m mode o owner g group")
    folder = options.value("t", "target-directory")
    ends = [folder] if folder is not None else options.operands[-1:]
    sources = options.operands if folder is not None else options.operands[:-1]
    null = any(word.text in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random") for word in sources)
    shell = any(re.search(r"/(?:ba|da|z)?sh\Z", word.text) for word in sources)
    for word in ends if sources else []:
        yield on_path(
            invocation,
            "overwrite" if null else "write",
            word,
            "blank" if null else "copied",
            *(("shell",) if shell else ()),
        )
    for word in sources:
        yield on_path(invocation, "read", word, "copied")
        if word.text == "/etc/passwd":
            yield effect(invocation, "copy-accounts", word.text, word=word)
    mode = options.value("m", "mode")
    if mode is not None and ends:
        yield from mode_effects(invocation, mode.text, ends, recursive=False)


def _link(invocation: Invocation) -> Effects:
    options = options_of(invocation, "t target-directory S suffix")
    operands = options.operands
    if len(operands) > 1:
        void = ("truncate",) if targets.normal(operands[0].text) == "/dev/null" else ()
        void = (*void, "replaces") if options.has("n", "T", "no-dereference", "no-target-directory") else void
        yield on_path(invocation, "overwrite" if "truncate" in void else "link", operands[-1], "linked", *void)
        yield on_path(invocation, "read", operands[0], "linked")


def _tee(invocation: Invocation) -> Effects:
    options = options_of(invocation)
    append = "append" if options.has("a", "append") else "truncate-new"
    for word in options.operands:
        yield on_path(invocation, "write", word, append, *_fed(invocation))
        if append != "append" and invocation.program == "tee" and f"file:{word.text}" in invocation.stdin_tags():
            yield on_path(invocation, "overwrite", word, "own-input")


def _fed(invocation: Invocation) -> tuple[str, ...]:
    flow = invocation.stdin
    if flow is None or (flow.text is None and "net" not in flow.tags):
        return ()
    return ("empty",) if flow.text is not None and not flow.text.strip() else said.traits(flow)


def _dd(invocation: Invocation) -> Effects:
    for word in invocation.words:
        name, _, value = word.text.partition("=")
        if name == "of" and value:
            blank = any(
                each.text in ("if=/dev/zero", "if=/dev/urandom", "if=/dev/random", "if=/dev/null")
                for each in invocation.words
            )
            yield on_path(
                invocation,
                "overwrite" if blank else "write",
                word,
                *(("blank",) if blank else ("dd",)),
                path=value,
            )
            if blank and not any(each.text.startswith(("count=", "bs=1 ", "count_bytes")) for each in invocation.words):
                yield on_path(invocation, "fill", word, path=value)
        elif name == "if" and value:
            yield on_path(invocation, "read", word, path=value)


def _find(invocation: Invocation) -> Effects:
    from cli_tuner.shell.searches import find_tags

    texts = invocation.texts()
    if "-delete" in texts:
        place = texts.index("-delete")
        word = invocation.words[place]
        for tag in find_tags(invocation):
            kind, _, root = tag.partition(":")
            if root:
                yield on_path(invocation, "delete", word, "recursive", *SEARCHED[kind], "searched", path=root)
    for place, text in enumerate(texts[:-1]):
        if text in _FIND_WRITES:
            yield on_path(invocation, "write", invocation.words[place + 1])


def _rsync(invocation: Invocation) -> Effects:
    options = options_of(
        invocation,
        "e rsh f filter exclude include exclude-from include-from T temp-dir B bwlimit port password-file",
    )
    operands = options.operands
    if len(operands) < 2:
        return
    dry = options.has("n", "dry-run")
    deletes = any(flag.startswith(("delete", "del")) for flag in options.flags)
    if deletes:
        yield on_path(invocation, "sync-delete", operands[-1], *(("dry",) if dry else ()))
    if options.has("remove-source-files") and not dry:
        for word in operands[:-1]:
            yield on_path(invocation, "delete", word, "recursive")
    if remote_path(operands[-1].text):
        for word in operands[:-1]:
            yield on_path(invocation, "send", word, "copy", "recursive")
            for tag in word.tags:
                if tag.startswith("file:"):
                    yield on_path(invocation, "send", word, "copy", path=tag[5:])
    else:
        yield on_path(invocation, "write", operands[-1], "copied")


_REMOTE = late(r"(?:[\w.-]+@)?[\w.\-\[\]]+::?\S*|rsync://.+|scp://.+|sftp://.+")


def remote_path(text: str) -> bool:
    """Tell whether a word of `scp` or `rsync` names another host."""
    return (bool(_REMOTE.fullmatch(text)) and not text.startswith(("/", "./"))) or ("@" in text and ":" in text)


def _sed(invocation: Invocation) -> Effects:
    options = options_of(invocation, "e expression f file l s")
    if "i" not in options.flags and not any(flag.startswith(("i", "in-place")) for flag in options.flags):
        return
    operands = options.operands if options.has("e", "expression", "f") else options.operands[1:]
    empties = any(each in ("d", "1,$d", "/./d", "/.*/d") for each in invocation.texts())
    opens = any(said.OPENS.search(text) for text in invocation.texts())
    for word in operands:
        traits = (*(("truncate",) if empties else ()), *(("said-opens",) if opens else ()))
        yield from on_word(invocation, "edit", word, *traits)


def _edit(invocation: Invocation) -> Effects:
    for word in options_of(invocation, "c cmd u S T").operands:
        if word.text[:1] != "+":
            yield on_path(invocation, "edit", word, "interactive")


def _patch(invocation: Invocation) -> Effects:
    options = options_of(invocation, "p i d o r D F z strip input directory output")
    if not options.has("dry-run"):
        for word in options.operands[:1]:
            yield on_path(invocation, "edit", word)


def _applied(invocation: Invocation) -> Effects:
    """`patch`, `git apply`, `git am`: a change as it comes from the network."""
    applies = invocation.program == "patch" or {"apply", "am"} & set(invocation.texts()[:3])
    if applies and "net" in invocation.stdin_tags():
        yield effect(invocation, "patched", "net", "net")


def _touch(invocation: Invocation) -> Effects:
    options = options_of(invocation, "d date t r reference")
    if options.flags & {"t", "d", "r", "date", "reference"}:
        model = options.value("r", "reference")
        from_system = model is not None and targets.classify(model.text, invocation.cwd) in (
            "critical",
            "beneath",
            "system",
        )
        for word in options.operands:
            yield on_path(invocation, "backdate", word, *(("from-system",) if from_system else ()))
    else:
        for word in options.operands:
            yield on_path(invocation, "touch", word)


def mode_effects(invocation: Invocation, mode: str, words: list[Word], *, recursive: bool) -> Iterable[Effect]:
    """Make the effects of a mode on paths; shared by `chmod` and `install -m`."""
    from cli_tuner.safety.effects.permissions import mode_traits

    for word in words:
        yield from on_word(invocation, "chmod", word, *mode_traits(mode), *(("recursive",) if recursive else ()))


def _patched(invocation: Invocation) -> Effects:
    yield from _patch(invocation)
    yield from _applied(invocation)


def _in_repository(invocation: Invocation) -> Effects:
    yield from _cleaned(invocation)
    yield from _applied(invocation)


FILES: dict[str, Maker] = {
    **dict.fromkeys(("rm", "grm", "unlink", "srm", "trash", "trash-put", "rimraf", "del", "safe-rm", "del-cli", "premove", "rm-rf", "rmtrash"), _delete),
    **dict.fromkeys(("shred", "gshred", "wipe", "scrub", "bcwipe", "sfill", "sswap", "nwipe", "secure-delete"), _wipe),
    "truncate": _truncate, "mv": _move, "gmv": _move, "cp": _copy, "gcp": _copy, "install": _copy, "ln": _link, "tee": _tee,
    "sponge": _tee, "dd": _dd, "dcfldd": _dd, "gdd": _dd, "dc3dd": _dd, "ddrescue": _dd, "find": _find, "gfind": _find,
    "rsync": _rsync, "git": _in_repository, **dict.fromkeys(_ALSO, _also), "sed": _sed, "gsed": _sed, "touch": _touch, "patch": _patched,
    **dict.fromkeys("vi vim nvim nano emacs ed ex pico joe micro mcedit gedit kate ee jed code subl".split(), _edit),
}  # fmt: skip
