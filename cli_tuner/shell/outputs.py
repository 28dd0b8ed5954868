# ruff: noqa: E501, SIM905, S108  (tables: a row stays on its line, names are one string)
"""What a program prints or leaves in a file, where its input is constant; and what a stream carries on.

Only pure text functions are computed (`echo`, `printf`, `base64 -d`, `xxd -r`, `rev`, `tr`, …); all other
programs pass on where their input came from.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from cli_tuner.shell import filters, provenance, searches
from cli_tuner.shell.flow import NO_TAGS, OUTPUT, Flow, is_known, narrowed, plain
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import secrets
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.programs.settings import prints_settings
from cli_tuner.shell.programs.table import find
from cli_tuner.shell.protocol import Shell

Output = Callable[["Shell", Invocation], Flow]
_FETCHERS = {
    "curl": ((), ("o", "output"), ("O", "remote-name", "remote-name-all")),
    "wget": ((), ("O", "output-document"), ()),
    "wget2": ((), ("O", "output-document"), ()),
    "aria2c": (("o", "out", "d", "dir", "i", "s", "x"), ("o", "out"), ()),
    "axel": (("o", "output", "n"), ("o", "output"), ()),
    "lwp-download": ((), (), ()),
    "fetch": (("o",), ("o",), ()),
    "ftpget": ((), (), ()),
}  # fmt: skip
_STDOUT_FETCHERS = frozenset(
    "curl lwp-request GET lynx w3m links elinks http https xh httpie aws gsutil ncat nc netcat telnet fetch finger whois dig host nslookup rcat".split()
)
_SOURCES = {
    "history": "history", "fc": "history", "env": "env", "printenv": "env", "nc": "socket", "ncat": "socket", "netcat": "socket",
    "telnet": "socket", "socat": "socket", "mysqldump": "dump", "pg_dump": "dump", "pg_dumpall": "dump", "mongodump": "dump", "pbpaste": "clipboard", "wl-paste": "clipboard", "tcpdump": "capture", "tshark": "capture", "xclip": "clipboard", "xsel": "clipboard", "openssl": "", "strings": "", "fortune": "output",
}  # fmt: skip
_READS = frozenset(
    "cat tac head tail less more nl base64 base32 xxd od hexdump gzip bzip2 xz zstd tar zip 7z strings grep egrep fgrep sed awk "
    "gawk cut sort uniq rev fold paste column gpg openssl zcat bzcat xzcat dd cp jq tr wc cpio ar uuencode ccrypt age".split()
)


_NARROWING = frozenset("grep egrep fgrep zgrep rg ag head tail awk gawk sed xargs comm uniq fzf".split())
_DECRYPTERS = frozenset("gpg gpg2 age ccrypt mcrypt".split())
_EXPANDERS = frozenset("xz xzcat zcat bzcat zstdcat zstd gzip bzip2 lz4 lzop brotli".split())
_ENCODERS = frozenset("base64 base32 basenc xxd od hexdump b64encode uuencode gpg".split())


def output(evaluator: Shell, invocation: Invocation) -> Flow:
    """Return what `invocation` prints; note the files that it leaves."""
    program = invocation.program
    known = _KNOWN.get(program)
    if known is not None:
        return known(evaluator, invocation)
    if invocation.via == "$( )" and prints_settings(invocation.head.text, program, invocation.texts()):
        return Flow("")
    if program in _FETCHERS:
        return _fetch(evaluator, invocation)
    pure = filters.FILTERS.get(program)
    if pure is not None:
        return _filtered(evaluator, invocation, pure)
    kept = invocation.stdin.text if invocation.stdin and filters.keeps_lines(program, invocation.texts()) else None
    return Flow(kept, _tags(evaluator, invocation))


def _tags(evaluator: Shell, invocation: Invocation) -> frozenset[str]:
    tags = invocation.stdin_tags()
    program = invocation.program
    if program == "openssl" and any(text in ("s_client", "s_server") for text in invocation.texts()):
        tags |= {"net", "socket"}
    if program == "git" and "ls-files" in invocation.texts()[:3]:
        return tags | {"some:." if any("*" in plain(text) for text in invocation.texts()) else "found:."}
    if program in ("ls", "dir", "gls"):
        return searches.listed_tags(invocation)
    if program in _NARROWING:
        kind = "broad" if _excludes(invocation) else "some"
        tags = frozenset(narrowed(tag, kind) for tag in tags)
    if program in _ENCODERS and not any(text in ("-d", "-D", "--decode", "-r") for text in invocation.texts()):
        tags |= {"encoded"}
    if program in _DECRYPTERS and any(text in ("-d", "--decrypt") for text in invocation.texts()):
        tags |= {"decoded"}
    elif program in _EXPANDERS and (
        program.endswith("cat") or any(text[:1] == "-" and "d" in text for text in invocation.texts())
    ):
        tags |= {"packed"}
    provenance.archived(evaluator, invocation, tags)
    tags |= _printed(program, invocation.texts())
    source = _SOURCES.get(program)
    if source:
        tags |= {source}
    if program in ("pgrep", "pidof", "pgrep"):
        tags |= {f"pids:{word.text}" for word in invocation.words if word.text[:1] != "-"}
    if program in _STDOUT_FETCHERS:
        tags |= {"net"}
    if program in _READS:
        for word in () if _only_pattern(invocation) else invocation.words:
            if word.text[:1] != "-":
                path = word.text.partition("=")[2] if program == "dd" else word.text
                held = evaluator.state.files.get(_key(evaluator, path))
                tags |= {f"file:{path}"} | (held.tags if held else NO_TAGS) | word.tags
    return tags


def _printed(program: str, texts: list[str]) -> frozenset[str]:
    """Tag stored secrets, and the content of an archive that goes to standard output."""
    if program in ("tar", "bsdtar", "gtar") and any(
        t == "--to-stdout" or (t[:1] == "-" and "O" in t[:4]) for t in texts
    ):
        return frozenset({"packed"})
    return frozenset({"printed-secret"}) if secrets.prints(program, texts) else NO_TAGS


def _only_pattern(invocation: Invocation) -> bool:
    """Tell whether the one word is a pattern or a program, not a file: `sed p` that is fed."""
    programs = invocation.program in _NARROWING or invocation.program in ("jq", "tr")
    return programs and invocation.stdin is not None and len(invocation.words) < 2


def _excludes(invocation: Invocation) -> bool:
    """Tell whether a filter takes a few lines away (`grep -v`), so that most of the list stays."""
    return "grep" in invocation.program and any(
        text == "--invert-match" or (text[:1] == "-" and text[1:2] != "-" and "v" in text)
        for text in invocation.texts()
    )


def _key(evaluator: Shell, path: str) -> str:
    return posixpath.normpath(posixpath.join(evaluator.state.cwd, path)) if path else ""


def _filtered(evaluator: Shell, invocation: Invocation, pure: filters.Filter) -> Flow:
    stdin = invocation.stdin
    tags = _tags(evaluator, invocation)
    names = [word.text for word in invocation.words if word.text[:1] != "-" and word.text in evaluator.state.files]
    given = next((word.flow for word in invocation.words if word.flow is not None and "process" in word.tags), None)
    if given is not None and given.text is not None and not names:
        stdin = given
    if names and invocation.program in ("cat", "base64", "rev", "tac", "xxd", "gunzip", "zcat", "bash"):
        held = evaluator.state.files[names[0]]
        stdin = held if stdin is None or stdin.text in (None, "") else stdin
    texts = [plain(text) for text in invocation.texts()]
    text = None
    if stdin is not None and stdin.text is not None and len(stdin.text) < 1 << 16:
        text = stdin.text
    printed, decodes = pure(texts, text)
    if printed is None and filters.keeps_lines(invocation.program, texts):
        printed = text
    if decodes:
        tags = tags - {"net"} | ({"net"} if "net" in tags else set()) | {"decoded"}
    return Flow(printed, tags)


def _fetch(evaluator: Shell, invocation: Invocation) -> Flow:
    valued, names, remote = _FETCHERS[invocation.program]
    row = find(invocation.program)
    options = row.grammar.read(invocation.words) if row is not None else read_options(invocation.words, valued)
    word = options.value(*names) if names else None
    urls = [operand.text for operand in options.operands]
    tags = NO_TAGS.union(*(operand.tags for operand in options.operands)) | {"net"}
    if word is not None and word.text in ("-", "/dev/stdout"):
        return Flow(None, tags)
    folder = options.value("P", "directory-prefix", "output-dir", "d", "dir")
    wants_file = (
        word is not None or options.has(*remote) or (invocation.program != "curl" and "O-" not in options.flags)
    )
    if not wants_file:
        return Flow(None, tags)
    targets = [word.text] if word is not None else [posixpath.basename(url.rstrip("/").split("?")[0]) for url in urls]
    for target in targets:
        path = posixpath.join(folder.text, target) if folder is not None and word is None else target
        evaluator.save(_key(evaluator, path), Flow(None, tags))
    return Flow("", tags & frozenset({"secret"}))


_ESCAPED = late(r"(?:\\x[0-9a-fA-F]{2}|\\0?[0-7]{3}){2}|\\u[0-9a-fA-F]{4}")


def _echo(evaluator: Shell, invocation: Invocation) -> Flow:
    words = invocation.words
    at = 0
    escapes = False
    while at < len(words) and words[at].text in ("-e", "-n", "-ne", "-en", "-E", "-nE", "-En", "-e -n"):
        escapes = escapes or "e" in words[at].text
        at += 1
    text = " ".join(plain(word.text) for word in words[at:])
    tags = NO_TAGS.union(*(word.tags for word in words[at:]))
    newline = not any("n" in word.text for word in words[:at])
    if escapes and _ESCAPED.search(text):
        tags |= {"decoded"}
    return Flow((filters.escapes(text) if escapes else text) + ("\n" if newline else ""), tags)


def _printf(evaluator: Shell, invocation: Invocation) -> Flow:
    words = [word for word in invocation.words if word.text != "--"]
    if len(words) > 2 and words[0].text == "-v":
        words = words[2:]
    texts = [plain(word.text) for word in words]
    tags = NO_TAGS.union(*(word.tags for word in words))
    if texts and _ESCAPED.search(texts[0]):
        tags |= {"decoded"}
    return Flow(filters.printf(texts) if texts else "", tags)


def _tee(evaluator: Shell, invocation: Invocation) -> Flow:
    stdin = invocation.stdin or Flow()
    append = any(text in ("-a", "--append") for text in invocation.texts())
    for word in invocation.words:
        if word.text[:1] != "-":
            evaluator.save(_key(evaluator, word.text), stdin, append=append)
    return stdin


_PROGRAM_FILE = late(r"(?:/usr(?:/local)?)?/s?bin/[\w.+-]+")


def _copy(evaluator: Shell, invocation: Invocation) -> Flow:
    row = find(invocation.program)
    options = row.grammar.read(invocation.words) if row is not None else read_options(invocation.words)
    folder = options.value("t", "target-directory")
    operands = [*options.operands, folder] if folder is not None else options.operands
    if len(operands) >= 2:
        source, target = operands[0].text, operands[-1].text
        held = evaluator.state.files.get(_key(evaluator, source))
        if held is None and _PROGRAM_FILE.fullmatch(source):
            held = Flow(None, frozenset({f"program:{posixpath.basename(source)}"}))
            for path in (target, posixpath.join(target, posixpath.basename(source))):
                evaluator.save(_key(evaluator, path), held)
        else:
            provenance.copied(evaluator, operands[:-1], target, moved=invocation.program in ("mv", "gmv"))
    return Flow("")


def _dd(evaluator: Shell, invocation: Invocation) -> Flow:
    values = dict(word.text.partition("=")[::2] for word in invocation.words)
    source = values.get("if", "")
    flow = invocation.stdin or Flow()
    if source:
        held = evaluator.state.files.get(_key(evaluator, source))
        flow = (held or Flow()).tagged(f"file:{source}")
        if source.endswith(("random", "urandom")):
            flow = flow.tagged("random")
    if "of" in values:
        evaluator.save(_key(evaluator, values["of"]), flow)
        return Flow("")
    return flow


def _nothing(evaluator: Shell, invocation: Invocation) -> Flow:
    return Flow("")


def _same(evaluator: Shell, invocation: Invocation) -> Flow:
    """`which`, `command -v`: a name as its own path."""
    operands = [word for word in invocation.words if word.text[:1] != "-"]
    return Flow(operands[0].text + "\n" if operands and is_known(operands[0].text) else OUTPUT)


def _pwd(evaluator: Shell, invocation: Invocation) -> Flow:
    return Flow((evaluator.state.cwd or ".") + "\n")


def _name_part(evaluator: Shell, invocation: Invocation) -> Flow:
    operands = [word.text for word in invocation.words if word.text[:1] != "-"]
    if not operands or not is_known(operands[0]):
        return Flow(None, frozenset())
    part = posixpath.basename if invocation.program == "basename" else posixpath.dirname
    return Flow((part(operands[0].rstrip("/") or "/") or ("." if part is posixpath.dirname else "/")) + "\n")


def _real(evaluator: Shell, invocation: Invocation) -> Flow:
    operands = [word.text for word in invocation.words if word.text[:1] != "-"]
    if len(operands) == 1 and operands[0][:1] == "/" and is_known(operands[0]):
        return Flow(posixpath.normpath(operands[0]) + "\n")
    return Flow(None, frozenset())


def _mktemp(evaluator: Shell, invocation: Invocation) -> Flow:
    return Flow("/tmp/tmp.XXXXXXXX\n")


# What they print is meant for `eval`: settings of the shell, from an installed program.
_SHELL_SETTINGS = (
    "ssh-agent dircolors direnv starship zoxide pyenv rbenv brew lesspipe fnm mise opam resize minikube docker-machine"
)
_KNOWN: dict[str, Output] = {
    **dict.fromkeys(_SHELL_SETTINGS.split(), _nothing),
    "echo": _echo, "printf": _printf, "tee": _tee, "cp": _copy, "mv": _copy, "install": _copy, "ln": _copy, "link": _copy, "dd": _dd,
    ":": _nothing, "true": _nothing, "false": _nothing, "sleep": _nothing, "exit": _nothing, "test": _nothing, "[": _nothing,
    "chmod": _nothing, "mkdir": _nothing, "touch": _nothing, "which": _same, "command": _same, "type": _same, "pwd": _pwd,
    "basename": _name_part, "dirname": _name_part, "mktemp": _mktemp, "realpath": _real, "readlink": _real,
}  # fmt: skip
