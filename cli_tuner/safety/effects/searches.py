# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Effects of the programs that search for secrets, pack trees and encrypt files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, on_word, options_of
from cli_tuner.safety.effects.files import remote_path
from cli_tuner.shell.flow import STAR, Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_SOUGHT = late(
    r"id_(?:rsa|dsa|ecdsa|ed25519)|\.(?:pem|ppk|kdbx|gnupg|netrc|pgpass|git-credentials|keystore|jks|p12|pfx|key|ovpn)\b|\benv\b(?!\.(?:example|sample|template|dist))|shadow|"
    r"credentials?\b|passwords?\b|wallet\.dat|authorized_keys|\.aws\b|\.ssh\b|_history|private.?key|Login Data|logins\.json|\.kube\b"
)


def _search(invocation: Invocation) -> Effects:
    texts = invocation.texts()
    perm = {
        "-4000",
        "/4000",
        "-u=s",
        "/u=s",
        "-u+s",
        "-2000",
        "/6000",
        "-6000",
        "/2000",
        "-g=s",
        "+4000",
        "-04000",
    }
    taken = ("taken",) if {"-exec", "-execdir", "-ok"} & set(texts) else ()
    for place, text in enumerate(texts[:-1]):
        sought = text in ("-name", "-iname", "-path", "-regex", "-wholename") and _SOUGHT.search(texts[place + 1])
        if sought and (taken or texts[place + 1] not in (".ssh", ".aws", ".kube") or "/" in texts[:2]):
            yield effect(invocation, "search-secrets", texts[place + 1], *taken, word=invocation.words[place + 1])
        elif text == "-perm" and texts[place + 1] in perm:
            yield effect(invocation, "search-setuid", texts[place + 1], word=invocation.words[place + 1])


def _grep(invocation: Invocation) -> Effects:
    options = options_of(invocation, "e f m A B C D d regexp file include exclude exclude-dir color max-count")
    recursive = options.has("r", "R", "recursive")
    pattern = options.value("e", "regexp") or (options.operands[0] if options.operands else None)
    if pattern is None:
        return
    sought = " ".join(word.text for word in invocation.words)
    sources = invocation.stdin_tags() | {word.text for word in options.operands[1:]}
    if any("history" in source for source in sources) and re.search(r"(?i)passw|'-p |\bpass\b|token|secret", sought):
        yield effect(invocation, "search-secrets", "history", "taken", word=pattern)
    operands = options.operands if options.value("e", "regexp") else options.operands[1:]
    if recursive and re.search(
        r"(?i)passw|secret|api.?key|token|private.?key|credential|AKIA|gh[ps]_|xox[bp]|sk-|BEGIN.{0,12}KEY",
        pattern.text,
    ):
        for word in operands:
            each = on_path(invocation, "search-secrets", word)
            if each.place not in ("named", "here", "temp", "unknown"):
                yield each
    if "env" in invocation.stdin_tags() and re.search(r"(?i)pass|key|secret|token|credential|pwd\b", pattern.text):
        yield effect(invocation, "search-secrets", "env", "env", word=pattern)


def _archive(invocation: Invocation) -> Effects:
    options = options_of(invocation, "f C directory file T X exclude I")
    texts = [text for text in invocation.texts()[:1] if "=" not in text]
    extracts = any("x" in text for text in texts) or options.has("x", "extract", "get")
    folder = options.value("C", "directory")
    if (not extracts and any("c" in text for text in texts[:1])) or options.has("create"):
        for word in invocation.words[1:]:
            yield on_path(invocation, "collect", word)
    if extracts and folder is not None:
        net = ("net",) if "net" in invocation.stdin_tags() else ()
        yield on_path(invocation, "write", folder, "extracted", *net)
    if options.has("remove-files"):
        for word in options.operands[options.value("f") is None :]:
            yield on_path(invocation, "delete", word, "recursive")
    for word in invocation.words:
        if remote_path(word.text) and "@" in word.text:
            yield effect(invocation, "connect", word.text, word=word)
    archive = options.value("f", "file")
    if archive is not None and archive.text[:1] == STAR and not extracts:
        yield on_path(invocation, "overwrite", archive, "blank")  # the first match is taken for the archive
    if archive is not None and not extracts and remote_path(archive.text) and not options.has("force-local"):
        for word in options.operands:
            yield on_path(invocation, "send", word, "copy")
    for word in invocation.words:
        named = re.search(r"(?:^|[^\w.])(/etc/[\w./-]+)", word.text)
        if named and word.text.startswith(("s", "--transform=s", "--xform=s")) and named.start():
            yield on_path(invocation, "write", word, path=named.group(1))


def _zipped(invocation: Invocation) -> Effects:
    for word in options_of(invocation).operands[1:]:
        yield on_path(invocation, "collect", word)


def _extract(invocation: Invocation) -> Effects:
    """`unzip -d`, `cpio -D`, `7z -o`: archives unpacked into a folder."""
    options = options_of(invocation, "D directory F O" if invocation.program == "cpio" else "d x P")
    folder = options.value("d", "D", "directory")
    if folder is not None and (invocation.program != "cpio" or options.has("i", "extract")):
        net = ("net",) if "net" in invocation.stdin_tags() else ()
        yield on_path(invocation, "write", folder, "extracted", *net)


def _encrypt(invocation: Invocation) -> Effects:
    options = options_of(invocation, "in out k pass K iv o output r recipient passphrase cipher-algo p P inkey")
    texts = invocation.texts()
    encrypts = {
        "gpg": options.has("c", "symmetric", "e", "encrypt"),
        "gpg2": options.has("c", "symmetric", "e", "encrypt"),
    }
    cipher = texts[:1] and (
        "-encrypt" in texts or texts[0] == "enc" or re.match(r"(?:aes|des|bf|camellia|chacha|rc4|aria|sm4)", texts[0])
    )
    acts = encrypts.get(
        invocation.program, invocation.program not in ("openssl",) or bool(cipher and "-d" not in texts)
    )
    if not acts:
        return
    words: Iterable[Word] = [value for name, value in options.values.items() if name == "in"] or options.operands
    for word in words:
        if invocation.program != "openssl" or word.text not in texts[:1]:
            yield from on_word(invocation, "encrypt", word, *(("looped",) if invocation.looped else ()))


SEARCHES: dict[str, Maker] = {
    "find": _search, "gfind": _search, "tar": _archive, "bsdtar": _archive, "unzip": _extract, "zip": _zipped, "cpio": _extract,
    **dict.fromkeys(("gpg", "gpg2", "openssl", "ccrypt", "ccencrypt", "mcrypt", "age", "aescrypt", "bcrypt"), _encrypt),
    **dict.fromkeys(("grep", "egrep", "fgrep", "rg", "ag", "ack", "zgrep"), _grep),
}  # fmt: skip
