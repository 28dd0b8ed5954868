# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Commands typed into a program or handed to many machines: `!cmd` of `ed` or `ftp`, crontab lines, `ansible -a`.

Sources: GTFOBins (function Shell) and the man pages of the programs named. Not covered: key strokes.
"""

from __future__ import annotations

import re

from cli_tuner.shell import outputs, running
from cli_tuner.shell.flow import Flow, Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import read_options
from cli_tuner.shell.protocol import Handler, Shell

# Programs that take commands line by line on standard input, and how a line starts that goes to a shell.
_LINED = frozenset(
    "ed ex vi vim nvim ftp sftp lftp tnftp bc dc mysql mariadb psql sqlite3 gdb lldb smbclient debugfs cqlsh sqlplus".split()
)
_DATABASES = frozenset("mysql mariadb psql sqlite3".split())
_TYPED = late(r"^[ \t]*(?:\\?!|\\system\b|\.shell\b|\.system\b|shell\b|system\b)[ \t]*(\S[^\n]*)$", re.MULTILINE)
_CRON_LINE = late(r"^[ \t]*(?:@(?:reboot|yearly|annually|monthly|weekly|daily|hourly)|(?:[\d*/,A-Za-z-]+[ \t]+){4}[\d*/,A-Za-z-]+)[ \t]+(\S[^\n]*)$", re.MULTILINE)  # fmt: skip
_ANSIBLE_SHELLS = ("", "shell", "command", "raw", "script", "ansible.builtin.shell", "ansible.builtin.command")
_SSM = late(r"commands?\"?\s*[=:]\s*\[?\s*['\"]([^'\"\]]+)")


def typed(evaluator: Shell, invocation: Invocation) -> None:
    """Run the lines of standard input that such a program hands to a shell."""
    flow = invocation.stdin
    if invocation.program in _DATABASES and "net" in invocation.stdin_tags():
        invocation.tags |= {"run:remote"}
    if invocation.program in _LINED and flow is not None and flow.text:
        for found in list(_TYPED.finditer(flow.text))[:16]:
            _run(evaluator, invocation, found.group(1))


def _run(evaluator: Shell, invocation: Invocation, text: str) -> None:
    running.run_string(evaluator, invocation, Word(text, invocation.start, invocation.end), invocation.program)
    invocation.wraps = False


def crontab(evaluator: Shell, invocation: Invocation) -> Flow:
    """Run the commands of the table that is installed; the user's own table is what `-l` prints."""
    options = read_options(invocation.words, ("u",))
    if "l" in options.flags:
        return Flow(None, frozenset({"crontab"}))
    operand = next((word for word in options.operands if word.text not in ("-", "/dev/stdin")), None)
    if operand is not None:
        held = operand.flow if "process" in operand.tags else evaluator.state.files.get(operand.text)
        invocation.stdin = held or invocation.stdin
    flow = invocation.stdin
    for found in list(_CRON_LINE.finditer(flow.text if flow is not None and flow.text else ""))[:16]:
        _run(evaluator, invocation, found.group(1))
    return Flow("")


def ansible(evaluator: Shell, invocation: Invocation) -> Flow:
    """`ansible HOSTS -m shell -a COMMAND`."""
    options = read_options(invocation.words, "a args m module-name i inventory u user e f l".split())
    module, command = options.value("m", "module-name"), options.value("a", "args")
    if command is not None and (module.text if module else "") in _ANSIBLE_SHELLS:
        return running.run_string(evaluator, invocation, command, "ansible")
    return outputs.output(evaluator, invocation)


def after_word(*marks: str) -> Handler:
    """Build a handler for programs whose command stands after one of `marks` (or in `mark=value`)."""

    def handler(evaluator: Shell, invocation: Invocation) -> Flow:
        words = invocation.words
        for place, word in enumerate(words):
            name, equals, value = word.text.partition("=")
            if word.text in marks and place + 1 < len(words):
                rest = [each for each in words[place + 1 :] if each.text != "--"]
                return running.run_words(evaluator, invocation, rest, invocation.program, shared=False)
            if equals and name in marks and value:
                inner = Word(value, word.start, word.end, word.quoted, word.flow)
                return running.run_string(evaluator, invocation, inner, invocation.program)
        return outputs.output(evaluator, invocation)

    return handler


def cloud(evaluator: Shell, invocation: Invocation) -> Flow:
    """`aws ssm send-command`, `gcloud compute ssh --command`, `az vm run-command --scripts`."""
    texts = invocation.texts()
    if "ssm" in texts:
        for word in invocation.words:
            for found in _SSM.finditer(word.text):
                _run(evaluator, invocation, found.group(1))
    if {"ssh", "run-command"} & set(texts):
        return after_word("--command", "--scripts", "--")(evaluator, invocation)
    return outputs.output(evaluator, invocation)


_TERMINALS = "xterm gnome-terminal konsole xfce4-terminal x-terminal-emulator urxvt rxvt alacritty kitty foot terminator lxterminal mate-terminal st ptyxis ghostty"
RUNNERS: dict[str, Handler] = {
    "crontab": crontab, "ansible": ansible, "salt": after_word("cmd.run", "cmd.shell"), "adb": after_word("shell", "exec-out"),
    **dict.fromkeys(("aws", "gcloud", "az"), cloud),
    **dict.fromkeys(_TERMINALS.split(), after_word("-e", "-x", "--", "--command", "--execute")),
}  # fmt: skip
