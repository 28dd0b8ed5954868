# ruff: noqa: SIM905  (tables: names are one string)
"""Files that come from elsewhere or are no files: `scp`, `tftp`, `git clone`, `mkfifo`; and who runs them.

What is remembered is a tag (`net`, `unpacked`, `fifo`), never the content.
"""

from __future__ import annotations

import posixpath

from cli_tuner.shell import files, provenance
from cli_tuner.shell.flow import Flow
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.programs.table import program
from cli_tuner.shell.protocol import Shell
from cli_tuner.shell.provenance import UNPACKED

_REMOTE = late(r"(?:[\w.-]+@)?[\w.-]+:(?!\\).*|(?:rsync|scp|sftp|ftp|https?)://.+")
_DOWNLOADED = Flow(None, frozenset({"net"}))
_RUN_FILES = frozenset("java mono wine dotnet javaws appletviewer".split())


def note(evaluator: Shell, invocation: Invocation) -> None:
    """Remember what `invocation` brings in, or tag it with where what it runs comes from."""
    name = invocation.program
    if name in _COPIERS:
        _copied(evaluator, invocation)
    elif name in ("tftp", "lwp-download", "ftpget", "atftp"):
        _got(evaluator, invocation)
    elif name in ("git", "hg") and "clone" in invocation.texts():
        _cloned(evaluator, invocation)
    elif name in ("mkfifo", "mknod"):
        for word in invocation.words:
            if word.text[:1] != "-" and word.text != "p":
                evaluator.save(files.file_key(evaluator, word.text), Flow(None, frozenset({"fifo"})))
    elif name in _RUN_FILES:
        _runs(evaluator, invocation, "run:net")
    elif name in _INSTALLERS and _INSTALLS.search(" ".join(invocation.texts())):
        _runs(evaluator, invocation, "installs:net")


_COPIERS = frozenset("scp pscp rsync sftp".split())
_INSTALLERS = frozenset("dpkg rpm apt apt-get dnf yum pip pip3 gem installer".split())
_INSTALLS = late(r"(?:^|\s)(?:install|localinstall|-i|-[iU]\w*|-pkg)(?=\s)")
NOTED = _COPIERS | _RUN_FILES | _INSTALLERS | frozenset("tftp lwp-download ftpget atftp git hg mkfifo mknod".split())


def _copied(evaluator: Shell, invocation: Invocation) -> None:
    operands = program(invocation.program).grammar.read(invocation.words).operands
    if len(operands) < 2 or _REMOTE.fullmatch(operands[-1].text):
        return
    target = operands[-1].text
    for word in operands[:-1]:
        if _REMOTE.fullmatch(word.text):
            inside = posixpath.join(target, posixpath.basename(word.text.rpartition(":")[2]))
            for path in (target, inside):
                evaluator.save(files.file_key(evaluator, path), _DOWNLOADED)
        else:
            provenance.copied(evaluator, [word], target)


def _got(evaluator: Shell, invocation: Invocation) -> None:
    options = read_options(invocation.words, ("r", "l", "c", "u", "p"))
    names = [value.text for name in ("r", "l") if (value := options.value(name)) is not None]
    operands = [word.text for word in options.operands]
    names += operands[1:] if invocation.program in ("lwp-download", "ftpget") else []
    if invocation.program in ("tftp", "atftp") and operands and not names:
        names.append(operands[-1].split()[-1])
    for name in names:
        evaluator.save(files.file_key(evaluator, posixpath.basename(name)), _DOWNLOADED)
        evaluator.save(files.file_key(evaluator, name), _DOWNLOADED)


def _cloned(evaluator: Shell, invocation: Invocation) -> None:
    words = read_options(invocation.words, "b branch depth o origin c config u reference".split()).operands
    texts = [word.text for word in words][1:]
    came = Flow(None, frozenset({"unpacked"}))
    evaluator.save(UNPACKED, came)
    if texts:
        folder = texts[1] if len(texts) > 1 else posixpath.basename(texts[0].rstrip("/")).removesuffix(".git")
        evaluator.save(files.file_key(evaluator, folder) + "/", came)


def _runs(evaluator: Shell, invocation: Invocation, tag: str) -> None:
    for word in invocation.words:
        held = evaluator.state.files.get(files.file_key(evaluator, word.text))
        if "net" in (word.tags if "process" in word.tags else held.tags if held else ()):
            invocation.tags |= {tag}
