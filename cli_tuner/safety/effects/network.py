# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects of the programs that talk to a network: sending, serving, sockets joined to shells, tunnels."""

from __future__ import annotations

import re

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, options_of
from cli_tuner.safety.effects.files import remote_path
from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_SENT_KINDS = frozenset(
    ("env", "history", "shell", "dump", "clipboard", "capture", "secret-variable", "printed-secret")
)
_METADATA = late(r"(?:169\.254\.169\.254|metadata\.google\.internal|100\.100\.100\.200)/")
LOCAL = late(r"(?:https?://)?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0)(?=[:/]|\Z)")


def _metadata_traits(url: str) -> tuple[str, ...]:
    """Only what a machine's identity gives away is a credential."""
    return () if re.search(r"security-credentials/\w|/token\b|/identity\b|access_token", url) else ("mild",)


def local_traits(words: list[Word]) -> tuple[str, ...]:
    """Return the trait `local` where the data stays on this machine."""
    return ("local",) if any(LOCAL.match(word.text) for word in words) else ()


def piped(invocation: Invocation, *traits: str) -> Effects:
    """Sending what standard input brings: the files and sources named by its tags."""
    for tag in sorted(invocation.stdin_tags()):
        kind, _, path = tag.partition(":")
        if kind == "file" and path:
            yield on_path(invocation, "send", invocation.head, *traits, "stream", path=path)
        elif kind in _SENT_KINDS:
            yield effect(invocation, "send", kind, kind, *traits)


def _any_pipe(invocation: Invocation, *traits: str) -> Effects:
    """Uploading whatever comes in: where nothing is known of it, that it is an upload."""
    known = list(piped(invocation, *traits))
    flow = invocation.stdin
    if flow is not None and flow.text is None:
        known.append(effect(invocation, "send", "-", "computed", *traits))
    yield from known


def _data(invocation: Invocation, word: Word, *traits: str) -> Effects:
    """A value of `-d`/`-F`: `@file`, `name=@file`, `name=<file`, standard input, or literal text."""
    text = word.text
    match = re.match(r"(?:[^@=<]*=)?[@<]\"?([^;\"]+)", text)
    path = match.group(1) if match else ""
    if path == "-" or text in ("@-", "-"):
        yield from piped(invocation, *traits)
    else:
        for each in path.split(",") if path else ():
            yield on_path(invocation, "send", word, "data-file", *traits, path=each)
    for tag in word.tags:
        kind, _, name = tag.partition(":")
        if kind == "file" and name:
            yield on_path(invocation, "send", word, *traits, "inline", path=name)
        elif kind in _SENT_KINDS:
            yield effect(invocation, "send", kind, kind, *traits, word=word)
        elif kind == "output":
            yield effect(invocation, "send", text, "computed", *traits, word=word)


def _curl(invocation: Invocation) -> Effects:
    options = options_of(invocation)
    traits = local_traits(options.operands)
    for word in invocation.words:
        if word.text.startswith(("gopher://", "dict://")):
            raw = ("raw",) if re.search(r":\d+/_.", word.text) else ()
            yield effect(invocation, "connect", word.text, *raw, word=word)
        if _METADATA.search(word.text):
            yield effect(invocation, "secrets", word.text, *_metadata_traits(word.text), word=word)
        if word.text.startswith("file://"):
            yield on_path(invocation, "read", word, path=word.text[7:])
    for name, word in options.every:
        if name in _CURL_DATA:
            yield from _data(invocation, word, *(("upload",) if name in ("F", "form") else ()), *traits)
    upload = options.value("T", "upload-file")
    if upload is not None:
        yield from (
            _any_pipe(invocation, *traits)
            if upload.text in ("-", ".")
            else [on_path(invocation, "send", upload, "upload", *traits)]
        )
        yield from in_url(invocation, [upload])
    for name in ("H", "header", "u", "user", "A", "b", "cookie"):
        value = options.value(name)
        if value is not None and value.tags - {"secret-variable"}:
            yield from _data(invocation, value, *traits)
    yield from in_url(invocation, options.operands)
    yield from _written(invocation, options.value("o", "output"))
    config = options.value("K", "config")
    if config is not None and config.text in ("-", "/dev/stdin") and invocation.stdin is not None:
        for found in _CONFIGURED.finditer(invocation.stdin.text or ""):
            yield on_path(invocation, "write", config, "downloaded", path=found.group(1))


_CURL_DATA = frozenset("d data data-raw data-binary data-urlencode data-ascii F form form-string json".split())


_CONFIGURED = late(r"(?m)^[ \t]*-?-?(?:o|output)[ \t]*[=: \t][ \t]*\"?([^\s\"]+)")


def in_url(invocation: Invocation, words: list[Word]) -> Effects:
    """Sending what words hold: files and sources named by their tags."""
    for word in words:
        for tag in word.tags:
            kind, _, name = tag.partition(":")
            if kind == "file" and name:
                yield on_path(invocation, "send", word, "inline", path=name)
            elif kind in _SENT_KINDS:
                yield effect(invocation, "send", kind, kind, word=word)


def _written(invocation: Invocation, word: Word | None) -> Effects:
    if word is not None and word.text not in ("-", "/dev/stdout"):
        yield on_path(invocation, "write", word, "downloaded")


def _wget(invocation: Invocation) -> Effects:
    options = options_of(invocation)
    traits = local_traits(options.operands)
    for operand in options.operands:
        if _METADATA.search(operand.text):
            yield effect(invocation, "secrets", operand.text, *_metadata_traits(operand.text), word=operand)
    for name in ("post-file", "body-file"):
        word = options.value(name)
        if word is not None:
            yield from (
                piped(invocation, *traits)
                if word.text in ("-", "/dev/stdin")
                else [on_path(invocation, "send", word, "upload", *traits)]
            )
    for name in ("post-data", "body-data", "header"):
        word = options.value(name)
        if word is not None:
            yield from _data(invocation, word, *traits)
            if name == "post-data" and not word.tags:
                yield effect(invocation, "send", word.text, "literal", *traits, word=word)
    inputs = options.value("i", "input-file")
    if inputs is not None:
        yield on_path(invocation, "read", inputs)
    yield from in_url(invocation, options.operands)
    yield from _written(invocation, options.value("O", "output-document"))
    yield from _written(invocation, options.value("o", "output-file", "a", "append-output"))


def _scp(invocation: Invocation) -> Effects:
    options = options_of(invocation, "c F i J l o P S D X")
    operands = options.operands
    if len(operands) < 2:
        return
    remote = operands[-1]
    if remote_path(remote.text) or ":" in remote.text:
        for word in operands[:-1]:
            if ":" not in word.text:
                yield on_path(invocation, "send", word, "copy", *(("recursive",) if options.has("r") else ()))
                yield from in_url(invocation, [word])
    else:
        yield on_path(invocation, "write", remote, "copied")


def _ssh(invocation: Invocation) -> Effects:
    options = options_of(invocation, "B b c D E e F I i J L l m O o p Q R S W w", until_operand=True)
    yield from piped(invocation, "ssh")
    if options.has("R"):
        yield effect(invocation, "tunnel", "-R")


def _named_in_script(invocation: Invocation) -> Effects:
    """`ftp`, `sftp`, `tftp`, `smbclient`: `put FILE` in an option, standard input or a later line."""
    joined = " ".join(invocation.texts()) + "\n" + (invocation.stdin.text or "" if invocation.stdin else "")
    for found in re.finditer(r"\b(?:m?put|send|append|reput)\s+(\S+)|-(?:u|c)\s+(?:put\s+)?(/\S+)", joined):
        yield on_path(
            invocation,
            "send",
            invocation.head,
            "upload",
            path=(found.group(1) or found.group(2)).strip("'\""),
        )
    yield from piped(invocation)


def _put_line(invocation: Invocation) -> Effects:
    """A bare `put FILE` line, as typed into an FTP client."""
    for word in invocation.words[:1]:
        yield on_path(invocation, "send", word, "upload")


def _serve(pattern: str) -> Maker:
    compiled = re.compile(pattern)

    def make(invocation: Invocation) -> Effects:
        found = compiled.search(" ".join(invocation.texts()))
        if found:
            whole = invocation.cwd == "/" or re.search(r"(?:-h|-d|--directory|-t|--root)[= ]/(?=\s|\Z)", found.group())
            control = invocation.program == "kubectl" and re.search(r"--address[= ]|accept-hosts", found.group())
            traits = (*(("whole",) if whole else ()), *(("control",) if control else ()))
            yield effect(invocation, "serve", found.group().strip(), *traits)

    return make


def _sends_words(invocation: Invocation) -> Effects:
    """Programs whose operands leave the machine: mail, backup to a remote, upload tools."""
    joined = " ".join(invocation.texts())
    for word in invocation.words:
        if word.text[:1] == "/" or word.text.startswith(("~", "@", "./", "file:")):
            yield on_path(invocation, "send", word, "upload", path=word.text.lstrip("@").removeprefix("file:"))
    yield from in_url(invocation, invocation.words)
    if not joined:
        return
    yield from piped(invocation)


def _dns(invocation: Invocation) -> Effects:
    for word in invocation.words:
        tags = word.tags
        for tag in tags:
            kind, _, path = tag.partition(":")
            if kind == "file" and path:
                yield on_path(invocation, "send", word, "dns", path=path)
            elif kind in ("output", "env", "history", "decoded", "encoded", "secret-variable"):
                yield effect(invocation, "send", word.text, "dns", "computed", *({"encoded"} & tags), word=word)
    options = options_of(invocation, "f")
    batch = options.value("f")
    if batch is not None:
        yield on_path(invocation, "read", batch)


_SENDERS = (
    "mail mailx mutt sendmail s3cmd gsutil croc wormhole transfer ffsend lp lpr ab xh http https httpie megaput gdrive "
    "dropbox_uploader pastebinit termbin whois finger swaks sendemail smtp-cli curlie filebin ix sprunge bashupload"
)
NETWORK: dict[str, Maker] = {
    "curl": _curl, "wget": _wget, "wget2": _wget, "scp": _scp, "pscp": _scp, "ssh": _ssh, "put": _put_line, "mput": _put_line,
    **dict.fromkeys("ftp sftp lftp tftp ncftp ncftpput smbclient ftpput atftp cadaver".split(), _named_in_script),
    "busybox": _serve(r"\bhttpd\b.*"), "httpd": _serve(r"-p\s*\d+.*"), "php": _serve(r"-S\s+\S+.*"), "ruby": _serve(r"-run\s.*httpd.*"),
    "python": _serve(r"\A(?!.*(?:--bind|-b)[= ]?(?:127\.|localhost|::1)|.*http\.server\s+(?:\d+\s+)?(?:-d|--directory)[= ](?:\./)?[\w-]+(?:\s+\d+)?\Z).*-m\s+(?:http\.server|SimpleHTTPServer|pyftpdlib|uploadserver)\b.*"), "code": _serve(r"\btunnel\b.*"),
    "kubectl": _serve(r"\bproxy\b.*--(?:address[= ](?!127|localhost)|www[= ]|accept-hosts)\S*"), "npx": _serve(r"\b(?:http-server|serve|localtunnel)\b.*"),
    "tailscale": _serve(r"\Afunnel\b(?!\s+(?:status|reset|off)).*"),
    **dict.fromkeys(_SENDERS.split(), _sends_words), **dict.fromkeys(("dig", "nslookup", "host", "drill", "resolvectl", "ping"), _dns),
}  # fmt: skip
