# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Effects of the programs that change modes, owners, attributes and capabilities."""

from __future__ import annotations

import re

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, on_word, options_of
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_MODE = late(r"(?:[0-7]{1,5}|[ugoa]*[-+=][rwxXstugo]*(?:,?[ugoa]*[-+=][rwxXstugo]*)*|[+-][rwxXst]+)")
_WORLD_WRITE = late(r"(?:[ao]|[ugo]*o[ugo]*|\A|,)[+=][rxXst]*w")


def _octal_traits(mode: str) -> tuple[str, ...]:
    found: list[str] = []
    digits = mode.rjust(5, "0")
    if int(digits[-1]) & 2:
        found.append("open")
        if int(digits[-4]) & 1:
            found.append("sticky")  # nobody can remove what is another's
    if int(digits[-4]) & 4:
        found.append("setid")
    elif int(digits[-4]) & 2:
        found.append("setgid")
    if digits[-3:] == "000" or digits[-3] == "0":
        found.append("closed")
    elif not found:
        found.append("tight" if digits[-2:] in ("00", "40") and digits[-3:] != "740" else "plain")
    return tuple(found)


def mode_traits(mode: str) -> tuple[str, ...]:
    """Return `open` (all may write), `setid`, `closed` (nobody may) for a mode."""
    found: list[str] = []
    if re.fullmatch(r"[0-7]{3,5}", mode):
        return _octal_traits(mode)
    if re.fullmatch(r"0+", mode):
        return ("closed",)
    if _WORLD_WRITE.search(mode) or re.search(r"a[+=]\w*w|o[+=]\w*w", mode):
        found.append("open")
    if re.search(r"(?:u|a|\A|,|ug|uo)[+=]\w*s", mode):
        found.append("setid")
    elif re.search(r"g[+=]\w*s", mode):
        found.append("setgid")
    if re.search(r"(?:\A|[ugoa,])-[rwx]*s", mode):
        found.append("unsetid")
    if not found and re.fullmatch(r"(?:(?:[ugoa]*\+[rwxX]+|[go]+-[rwxX]+|[go]+=),?)+", mode):
        found.append("mild")  # only adds rights, and not for all to write, or takes them from others
        if not re.search(r"[goa+]*\+|\A\+", mode) or re.fullmatch(r"(?:u\+[rwX]+,)?[go]+(?:-rwxX?|=|-[rwx]+)", mode):
            found.append("tight")
    if re.fullmatch(r"[uga]{0,3}\+r?x", mode):
        found.append("runnable")
    if re.search(r"a[-=](?:\Z|,|rwx)|a-[rx]|\A-[rx]|u-[rx]|ugo-[rwx]+", mode):
        found.append("closed")
    return tuple(found)


def _chmod(invocation: Invocation) -> Effects:
    words = [word for word in invocation.words if not re.fullmatch(r"-(?:[cfvRHLP]+)", word.text)]
    recursive = any(re.fullmatch(r"-[cfvHLP]*R[cfvRHLP]*", word.text) for word in invocation.words)
    options = options_of(invocation, "reference")
    recursive = recursive or options.has("recursive")
    words = [word for word in words if not word.text.startswith("--")]
    mode = words[0].text if words and _MODE.fullmatch(words[0].text) else ""
    for word in words[1:] if mode else words:
        traits = mode_traits(mode) if mode else ("no-mode",)
        yield from on_word(invocation, "chmod", word, *traits, *(("recursive",) if recursive else ()))


def _chown(invocation: Invocation) -> Effects:
    options = options_of(invocation, "reference from")
    recursive = ("recursive",) if options.has("R", "recursive") else ()
    operands = options.operands[0 if options.value("reference") else 1 :] or options.operands
    owner = options.operands[0].text if options.operands else ""
    root = ("to-root",) if re.match(r"(?:root|0)(?::|\Z)", owner) else ()
    for word in operands:
        yield from on_word(invocation, "chown", word, *recursive, *root)


def _chattr(invocation: Invocation) -> Effects:
    flags = next(
        (
            word.text
            for word in invocation.words
            if re.fullmatch(r"[-+=][aAcCdDeijsStTu]+", word.text) and word.text not in ("-R", "-V", "-f")
        ),
        "",
    )
    recursive = ("recursive",) if "-R" in invocation.texts() else ()
    for word in invocation.words:
        if word.text[:1] not in "-+=" or not word.text:
            kind = (
                "unlock"
                if flags.startswith("-") and set("ia") & set(flags)
                else "lock"
                if set("ia") & set(flags)
                else "other"
            )
            yield on_path(invocation, "chattr", word, kind, *recursive)


def _setfacl(invocation: Invocation) -> Effects:
    options = options_of(invocation, "m modify x remove M X set restore")
    spec = options.value("m", "modify", "set")
    opens = (
        ("open",)
        if spec is not None and re.search(r"(?:^|,)(?:o|other|u|user|g|group):[^,]*:[rx]*w", spec.text)
        else ()
    )
    recursive = ("recursive",) if options.has("R", "recursive") else ()
    for word in options.operands:
        yield on_path(invocation, "acl", word, *opens, *recursive)
    if options.value("restore") is not None:
        yield effect(invocation, "acl", "restore")


def _setcap(invocation: Invocation) -> Effects:
    words = [word for word in invocation.words if word.text[:1] != "-"]
    if "-r" in invocation.texts() or not words:
        return
    strong = re.search(
        r"cap_(?:setuid|setgid|sys_admin|sys_ptrace|dac_\w+|chown|fowner|sys_module|sys_rawio|setfcap|all)|=ep|\ball",
        words[0].text,
    )
    for word in words[1:]:
        yield on_path(invocation, "setcap", word, "strong" if strong else "weak")


PERMISSIONS: dict[str, Maker] = {
    "chmod": _chmod, "gchmod": _chmod, "chown": _chown, "gchown": _chown, "chgrp": _chown, "chattr": _chattr, "chflags": _chattr,
    "setfacl": _setfacl, "setcap": _setcap, "lchown": _chown,
}  # fmt: skip
