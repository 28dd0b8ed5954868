# ruff: noqa: SIM905  (names are one string)
"""Where the content of files comes from: copies, archives, compressed and encrypted forms of other files.

What is remembered is a tag (`file:<path>`, `env`, …), never the content.
"""

from __future__ import annotations

import posixpath

from cli_tuner.shell import files
from cli_tuner.shell.flow import NO_TAGS, Flow, Word, is_known
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.programs.table import find
from cli_tuner.shell.protocol import Shell

_TOLD = frozenset({"env", "history", "secret-variable", "dump", "moved", "printed-secret", "capture", "clipboard"})
_SUFFIXES = {
    "gzip": ".gz", "pigz": ".gz", "bzip2": ".bz2", "pbzip2": ".bz2", "xz": ".xz", "zstd": ".zst", "lzma": ".lzma",
    "lz4": ".lz4", "brotli": ".br",
}  # fmt: skip


UNPACKED = "\0unpacked"
# What builds a project, as `make` does: running it is what its source was fetched for.
BUILDS = frozenset(
    "configure config Configure autogen.sh bootstrap bootstrap.sh buildconf gradlew mvnw waf make".split()
)
_CHECKS = late(r"-\w*c|--check(?:=.*)?|--verify|-V\w*|verify\S*")
_CHECKERS = frozenset(
    "sha256sum sha384sum sha512sum b2sum shasum gpg gpg2 gpgv minisign cosign slsa-verifier rsign signify".split()
)
_UNPACKERS = frozenset("tar bsdtar unzip 7z unar cpio".split())
_PACKERS = frozenset(
    "tar gtar bsdtar zip 7z 7za rar gzip pigz bzip2 pbzip2 xz zstd lzma lz4 brotli openssl gpg gpg2 age".split()
)


def archived(evaluator: Shell, invocation: Invocation, tags: frozenset[str]) -> None:
    """Note what an archiver leaves here, or in the archive that it makes."""
    if invocation.program in _CHECKERS:
        _verified(evaluator, invocation)
    if invocation.program in _UNPACKERS:
        _unpack(evaluator, invocation, tags)
    if invocation.program in _PACKERS:
        packed(evaluator, invocation)


def _verified(evaluator: Shell, invocation: Invocation) -> None:
    """Note of downloads whose digest or signature is checked that they are what their publisher meant."""
    texts = invocation.texts()
    checks = invocation.program == "gpgv" or any(_CHECKS.fullmatch(text) for text in texts)
    if not checks:
        return
    told = " ".join([*texts, (invocation.stdin.text or "") if invocation.stdin is not None else ""])
    fresh = [(path, flow) for path, flow in evaluator.state.files.items() if "net" in flow.tags]
    named = [(path, flow) for path, flow in fresh if posixpath.basename(path) in told]
    for path, flow in named or (fresh if not evaluator.conditional_depth else []):
        evaluator.state.files[path] = Flow(flow.text, frozenset({"verified"}))


def _unpack(evaluator: Shell, invocation: Invocation, tags: frozenset[str]) -> None:
    """Remember that what now lies in this folder came out of a downloaded archive."""
    for word in invocation.words:
        held = evaluator.state.files.get(files.file_key(evaluator, word.text))
        tags = tags | (held.tags if held else NO_TAGS)
    if "net" in tags:
        evaluator.save(UNPACKED, Flow(None, frozenset({"unpacked"})))


def held(evaluator: Shell, invocation: Invocation) -> None:
    """Let words that name files which this text wrote carry where their content came from."""
    evaluator.spend(len(invocation.words[:256]) * min(len(evaluator.state.files), 64) >> 3)
    for word in invocation.words[:256]:
        if word.text[:1] == "-" and "=" not in word.text and "@" not in word.text:
            continue
        path = word.text.rpartition("@")[2] if "@" in word.text else word.text.rpartition("=")[2]
        told = _inside(evaluator, files.file_key(evaluator, path))
        if told:
            word.flow = Flow(word.flow.text if word.flow else None, word.tags | told)


def _inside(evaluator: Shell, key: str) -> frozenset[str]:
    found: set[str] = set()
    for path, flow in list(evaluator.state.files.items())[:64]:
        within = bool(key) and path.startswith(key + "/")
        if path == key or within:
            found.update(tag for tag in flow.tags if tag in _TOLD or tag.startswith("file:"))
        if within:
            found.add(f"file:{path}")
    return frozenset(found)


def packed(evaluator: Shell, invocation: Invocation) -> None:
    """Remember what an archiver, a compressor or a cipher put into the file that it makes."""
    program = invocation.program
    row = find(program)
    options = row.grammar.read(invocation.words) if row is not None else read_options(invocation.words)
    operands = options.operands
    if program in ("tar", "gtar", "bsdtar"):
        _keep(evaluator, options.value("f", "file"), operands)
    elif program in ("zip", "7z", "7za", "rar"):
        operands = [word for word in operands if program == "zip" or word.text not in ("a", "u")]
        text = invocation.stdin.text if invocation.stdin is not None else None
        listed = frozenset(f"file:{line}" for line in (text or "").split("\n")[:32] if line)
        fed = invocation.stdin_tags() | listed if "@" in options.flags else NO_TAGS
        _keep(evaluator, operands[0] if operands else None, operands[1:], fed)
    elif program in _SUFFIXES and not {"c", "d"} & options.flags and not options.has("stdout", "decompress"):
        suffix = options.value("S", "suffix")
        for word in operands:
            target = word.text + (suffix.text if suffix is not None else _SUFFIXES[program])
            _keep(evaluator, Word(target, word.start, word.end), [word])
    elif program in ("openssl", "gpg", "gpg2", "age"):
        _ciphered(evaluator, invocation)


def _ciphered(evaluator: Shell, invocation: Invocation) -> None:
    pairs = list(zip(invocation.words, invocation.words[1:], strict=False))
    out = next((value for name, value in pairs if name.text in ("-out", "-o", "--output")), None)
    sources = [value for name, value in pairs if name.text == "-in"]
    _keep(evaluator, out, sources or [word for word in invocation.words[-1:] if invocation.program != "openssl"])


def _keep(evaluator: Shell, target: Word | None, sources: list[Word], fed: frozenset[str] = NO_TAGS) -> None:
    if target is None or target.text == "-" or not is_known(target.text):
        return
    tags = fed.union(*(word.tags for word in sources), (f"file:{word.text}" for word in sources[:32]))
    evaluator.save(files.file_key(evaluator, target.text), Flow(None, tags))


def copied(evaluator: Shell, sources: list[Word], target: str, *, moved: bool = False) -> None:
    """Remember that `target` (a file, or a folder) now holds what `sources` held."""
    for word in sources[:32]:
        known = evaluator.state.files.get(files.file_key(evaluator, word.text))
        renamed = posixpath.dirname(word.text) == posixpath.dirname(target) != ""
        flow = (known or Flow()).tagged(f"file:{word.text}", *(("moved",) if moved and not renamed else ()))
        for path in (target, posixpath.join(target, posixpath.basename(word.text))):
            evaluator.save(files.file_key(evaluator, path), flow)
