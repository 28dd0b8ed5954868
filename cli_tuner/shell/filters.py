# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Pure text filters: what `base64 -d`, `xxd -r`, `rev`, `tr`, `sed s///`, `gunzip`, … make of a constant.

Each filter takes the arguments and the input (or `None`) and returns (output or `None`, whether it decodes).
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import zlib
from collections.abc import Callable

from cli_tuner.shell import ansi
from cli_tuner.shell.flow import FILLED, is_known
from cli_tuner.shell.patterns import late

Filter = Callable[[list[str], "str | None"], "tuple[str | None, bool]"]
MAX_TEXT = 1 << 16
_SPEC = late(r"%(%|[-+ #0]*\d*(?:\.\d+)?[sdibqxXoucfge])")
_SUBSTITUTE = late(r"s(.)((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gIi0-9]*)", re.DOTALL)
_CLASSES = {
    "[:lower:]": "a-z",
    "[:upper:]": "A-Z",
    "[:digit:]": "0-9",
    "[:alpha:]": "a-zA-Z",
    "[:space:]": " \\t\\n",
}


def escapes(text: str) -> str:
    """Decode the escapes of `echo -e`."""
    return ansi.unescape(text)


def printf(texts: list[str]) -> str:
    """Return what `printf` prints."""
    form = ansi.unescape(texts[0])
    arguments = texts[1:]
    if len(form) > MAX_TEXT:
        return FILLED
    out: list[str] = []
    while True:
        before = len(arguments)
        out.append(_SPEC.sub(lambda match: _one(match.group(1), arguments), form))
        if not arguments or len(arguments) == before or len(out) > 256:
            return "".join(out)[:MAX_TEXT]


def _one(spec: str, arguments: list[str]) -> str:
    if spec == "%":
        return "%"
    value = arguments.pop(0) if arguments else ""
    kind = spec[-1]
    if kind == "b":
        return ansi.unescape(value)
    if kind == "c":
        return value[:1]
    if kind in "xXo" and value.lstrip("-").isdigit() and len(value) < 18:
        return format(int(value), kind)
    return value or ("0" if kind in "di" else "")


def _decoder(decode: Callable[[str], bytes], flags: tuple[str, ...], *, hides: bool = True) -> Filter:
    def run(texts: list[str], text: str | None) -> tuple[str | None, bool]:
        active = not flags or any(_given(each, flags) for each in texts)
        if not active:
            return None, False
        if text is None or not is_known(text):
            return None, hides
        try:
            return _text(decode(text)), hides
        except (ValueError, binascii.Error, zlib.error):
            return None, hides

    return run


def _given(text: str, flags: tuple[str, ...]) -> bool:
    if text in flags:
        return True
    if text.startswith("--"):
        return len(text) > 4 and any(flag.startswith(text) for flag in flags)
    return text[:1] == "-" and any(len(flag) == 2 and flag[1] in text[1:] for flag in flags)


def _text(raw: bytes) -> str | None:
    if raw[:2] == b"\x1f\x8b":
        raw = _gunzip(raw)
    text = raw[:MAX_TEXT].decode("utf-8", "replace")
    return text.replace("\0", "")


def _gunzip(raw: bytes) -> bytes:
    return zlib.decompressobj(47).decompress(raw, MAX_TEXT)


def _base64(text: str) -> bytes:
    packed = re.sub(r"[^A-Za-z0-9+/]", "", text.replace("-", "+").replace("_", "/"))
    return base64.b64decode(packed + "=" * (-len(packed) % 4))


def _base32(text: str) -> bytes:
    packed = re.sub(r"[^A-Z2-7]", "", text.upper())
    return base64.b32decode(packed + "=" * (-len(packed) % 8))


def _hex(text: str) -> bytes:
    lines = [re.sub(r"^[0-9a-f]{6,8}:\s+((?:[0-9a-f]{2,4}\s)+).*$", r"\1", line) for line in text.splitlines()]
    return bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", "".join(lines)))


def _latin(text: str) -> bytes:
    return _gunzip(text.encode("latin-1"))


def _ascii85(text: str) -> bytes:
    return base64.a85decode(text.strip(), adobe=text.strip().startswith("<~"))


def _uudecode(text: str) -> bytes:
    lines = [line for line in text.splitlines() if line and not line.startswith(("begin", "end", "`"))]
    return b"".join(binascii.a2b_uu(line) for line in lines)


def _openssl(texts: list[str], text: str | None) -> tuple[str | None, bool]:
    decodes = "-d" in texts and texts[:1] != ["dgst"]
    based = any(each in ("-base64", "-a", "base64") for each in texts)
    cipher = any(each in ("-k", "-pass", "-K", "-kfile") or "aes" in each or "des" in each for each in texts[1:])
    if not decodes:
        return None, False
    if based and not cipher and text is not None and is_known(text):
        return _decoder(_base64, ())([], text)
    return None, True


def _map(change: Callable[[str], str]) -> Filter:
    def run(texts: list[str], text: str | None) -> tuple[str | None, bool]:
        return (None if text is None or not is_known(text) else change(text)), False

    return run


def _reverse(text: str) -> str:
    return "\n".join(line[::-1] for line in text.split("\n"))


def _tac(text: str) -> str:
    return "\n".join(reversed(text.rstrip("\n").split("\n"))) + "\n"


def _cat(texts: list[str], text: str | None) -> tuple[str | None, bool]:
    return text, False


def _tr(texts: list[str], text: str | None) -> tuple[str | None, bool]:
    flags = "".join(each[1:] for each in texts if each[:1] == "-" and len(each) > 1)
    sets = [_set(each) for each in texts if each[:1] != "-" or len(each) == 1]
    if text is None or not is_known(text) or not sets or "c" in flags or "C" in flags:
        return None, False
    if "d" in flags:
        return text.translate({ord(character): None for character in sets[0]}), False
    if len(sets) < 2 or not sets[1]:
        return (text if "s" in flags else None), False
    target = sets[1].ljust(len(sets[0]), sets[1][-1])
    return text.translate({ord(a): b for a, b in zip(sets[0], target, strict=False)}), False


def _set(text: str) -> str:
    for name, letters in _CLASSES.items():
        text = text.replace(name, letters)
    text = ansi.unescape(text)
    out: list[str] = []
    at = 0
    while at < len(text):
        if at + 2 < len(text) and text[at + 1] == "-" and ord(text[at]) <= ord(text[at + 2]):
            out.extend(chr(code) for code in range(ord(text[at]), min(ord(text[at + 2]), ord(text[at]) + 256) + 1))
            at += 3
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _sed(texts: list[str], text: str | None) -> tuple[str | None, bool]:
    scripts = [each for each in texts if each[:1] != "-"]
    if text is None or not is_known(text) or len(scripts) != 1:
        return None, False
    commands = list(_SUBSTITUTE.finditer(scripts[0]))
    if not commands or ";".join(match.group() for match in commands) != scripts[0].strip("; "):
        return None, False
    for match in commands:
        _, old, new, flags = match.groups()
        if re.search(r"[\\*+?\[\](){}^$|&]", old.replace("\\.", "")) or "\\" in new or "&" in new:
            return None, False
        count = -1 if "g" in flags else 1
        text = "\n".join(line.replace(old.replace("\\.", "."), new, count) for line in text.split("\n"))
    return text, False


def _cut(texts: list[str], text: str | None) -> tuple[str | None, bool]:
    joined = " ".join(texts)
    match = re.search(r"-c\s*(\d+)?(-)?(\d+)?", joined)
    if text is None or not is_known(text) or not match:
        return None, False
    first, dash, last = match.groups()
    start = int(first or 1) - 1
    stop = int(last) if last else (None if dash else start + 1)
    return "\n".join(line[start:stop] for line in text.split("\n")), False


def _head(texts: list[str], text: str | None) -> tuple[str | None, bool]:
    match = re.fullmatch(r"-(?:n ?)?(\d+)", " ".join(texts))
    if text is None or not is_known(text) or not match:
        return (text if not texts and text and text.count("\n") < 10 else None), False
    return "".join(text.splitlines(keepends=True)[: int(match.group(1)[:6])]), False


def keeps_lines(program: str, texts: list[str]) -> bool:
    """Tell whether a filter prints lines as they come, be it fewer of them or in another order."""
    if program in ("sed", "awk", "gawk"):
        return len(texts) == 1 and texts[0].strip(" {};") in ("", "1", "print", "print $0", "NF")
    return program in ("grep", "egrep", "fgrep", "sort", "uniq", "shuf")


FILTERS: dict[str, Filter] = {
    "base64": _decoder(_base64, ("-d", "-D", "--decode")), "gbase64": _decoder(_base64, ("-d", "-D", "--decode")),
    "basenc": _decoder(_base64, ("-d", "--decode")), "b64decode": _decoder(_base64, ()),
    "base32": _decoder(_base32, ("-d", "--decode")), "ascii85": _decoder(_ascii85, ("--decode", "-d")),
    "xxd": _decoder(_hex, ("-r", "-revert")), "gunzip": _decoder(_latin, (), hides=False), "zcat": _decoder(_latin, (), hides=False),
    "gzip": _decoder(_latin, ("-d", "--decompress"), hides=False), "uudecode": _decoder(_uudecode, ()), "openssl": _openssl,
    "unbase64": _decoder(_base64, ()), "rot13": _map(lambda text: codecs.decode(text, "rot13")),
    "rev": _map(_reverse), "tac": _map(_tac), "cat": _cat, "tr": _tr, "sed": _sed, "cut": _cut, "head": _head,
}  # fmt: skip
