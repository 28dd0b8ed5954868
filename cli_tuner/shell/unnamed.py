# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Commands among the words of a program that no row names: `foreman run rm -rf /`, `tool --exec 'rm -rf /'`.

Who writes a destructive command with its paths behind another program means it to run; a program whose
words are text (`echo`, `grep`, `man`) is the exception and is named.
"""

from __future__ import annotations

from cli_tuner.shell import foreign, running
from cli_tuner.shell.flow import UNSET, Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.protocol import Shell

MAX_WORDS = 24
_SAYS = frozenset(
    "echo printf grep egrep fgrep rg ag ack zgrep man info help tldr cheat type which whereis whatis apropos command alias unalias trap test [ [[ "
    "cat less more head tail ls find fd locate history logger notify-send say cowsay figlet git gh glab hub svn hg apt apt-get aptitude dnf yum "
    "apk brew pacman zypper dpkg rpm pip pip3 npm ln cp mv rm mkdir touch chmod chown chgrp install tee stat file basename dirname expr let read "
    "export declare local readonly typeset set unset return exit jq yq sed awk gawk mawk tr cut sort uniq wc diff cmp comm fold fmt pr column "
    "curl wget http https mail mailx sendmail wall write dialog whiptail zenity useradd usermod groupadd userdel docker-compose strings "
    "sha256sum md5sum base64 xxd shellcheck shfmt bash sh zsh vi vim nano emacs code explainshell fc jobs kill pkill pgrep killall complete compgen bind".split()
)
_DESTROYS = frozenset("rm rimraf shred dd wipefs blkdiscard chmod chown chgrp truncate mkfs sgdisk".split())
_HEAD = late(
    r"\s*(?:[:!]?\s*)(?:sudo\s+)?(?:/usr)?(?:/s?bin/)?(rm|shred|dd|wipefs|mkfs(?:\.\w+)?|chmod|chown|curl|wget|bash|sh|nc|truncate)\s+\S"
)
_CALLS = late(
    r"\b(?:system|exec\w*|execute\w*|popen|spawn\w*|shell(?:-command)?|execute_process|delete-directory|rmtree|unlink)\b\s*[(\s\"']|\.execute\(\)|\"\s*\.!"
)
_TEXT_OPTIONS = late(
    r"-{1,2}(?:m|message|msg|title|body|text|description|desc|subject|summary|name|label|comment|note|query|grep|pattern|reason|annotation|tag|prompt|p)(?:=.*)?"
)


def commands(evaluator: Shell, invocation: Invocation) -> None:
    """Run the destructive command that stands among the words of a program that is not known to run one."""
    if invocation.program in ("curl", "wget", "http"):
        for word in invocation.words:
            name, _, text = word.text.partition("=")
            if name in ("cmd", "command", "exec") and text:
                running.run_string(evaluator, invocation, Word(text, word.start, word.end), "posted")
                invocation.wraps = False
    if invocation.program in _SAYS or not invocation.words or not evaluator.may_go_on():
        return
    words = invocation.words[:MAX_WORDS]
    for place, word in enumerate(words):
        text = word.text
        before = words[place - 1].text if place else ""
        if _DESTROYS.intersection((text.rpartition("/")[2], text)) or _formats(text):
            if any(_touches(each.text) for each in words[place + 1 :]):
                running.run_inner(evaluator, invocation, invocation.words[place:])
                invocation.wraps = False
                return
        elif " " in text and not _TEXT_OPTIONS.fullmatch(before):
            _text(evaluator, invocation, word)


def _formats(text: str) -> bool:
    return text.startswith("mkfs.")


def _touches(text: str) -> bool:
    """Tell whether a word is a path that matters to a command that destroys."""
    return text[:1] in ("/", "~", UNSET) or text.startswith(("of=/", "../", "./")) or text in (".", "..", "*")


def _text(evaluator: Shell, invocation: Invocation, word: Word) -> None:
    text = word.text.partition("=")[2] if word.text[:2] == "--" else word.text
    if _HEAD.match(text):
        running.run_string(evaluator, invocation, Word(text.lstrip(" :!"), word.start, word.end), invocation.program)
        invocation.wraps = False
    elif _CALLS.search(text):
        found = foreign.read_code(invocation.program, text)
        invocation.facts.extend(found.facts)
        for command in found.commands[:8]:
            running.run_string(evaluator, invocation, Word(command, word.start, word.end), invocation.program)
            invocation.wraps = False
