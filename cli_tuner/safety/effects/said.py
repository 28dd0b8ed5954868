# ruff: noqa: E501, SIM905, S108  (tables: a row stays on its line, names are one string)
"""What kind of text is written to a file that something else will run or obey.

A line for a shell's start-up file is read as Bash: it is `benign` where all it does is set variables, aliases,
completions and prompts, or load what an installed tool prints for that (`eval "$(pyenv init -)"`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.flow import Flow, is_known
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.settings import prints_settings

_RUNS_CODE = late(
    r"trusted=yes|allow-insecure=yes|curl|wget|\bnc\b|/dev/tcp|base64|python|bash -[ci]|\bsh -|eval|socat|NOPASSWD|LD_PRELOAD|alias\s+['\"]?(?:sudo|su|ssh|passwd|gpg|doas)=|\brm\s+-\w*r\w*\s+(?:/|~|\$HOME)|alias\s+(?:cd|ls|ll|la|git|cat|vim?|sudo|make|npm|grep|echo|clear|man|python\d?|ssh|cp|mv|mkdir|exit)=['\"]?(?:sudo\s+)?(?:rm\s+-\w*r|shred|dd\s|mkfs)"
)
# What a package manager runs before or after its work, and what turns its checks off.
_APT_HOOK = late(
    r"-(?:Pre)?Invoke|Pre-Install-Pkgs|Post-Invoke|::(?:Run|Hooks?)\b|Proxy-Auto-Detect|AllowUnauthenticated|AllowInsecure|Verify-(?:Peer|Host)"
)
_BENIGN = late(
    r"\s*(?:export\s+(?!LD_|BASH_ENV|ENV=|PROMPT_COMMAND|PATH=[\"']?(?:/tmp|\.))\w+=[\"']?[\w$/:{}.~ +-]*[\"']?|alias\s+(?!sudo|su=|ssh)[\w.-]+=[\"'](?!.*\b(?:rm|dd|curl|wget|sudo|sh|bash|nc|chmod|mkfs)\b)[\w./ =-]+[\"']|(?:source|\.)\s+[\"']?(?:[\w$~{}./-]*complet[\w.-]*|[\w$~{}./-]+/bin/activate|/etc/[\w./-]+|/usr/share/[\w./-]+)[\"']?)\s*"
)
_SETTING = late(
    r"\A\s*(?:#.*|export\s+[\w]+=.*|alias\s+[\w.-]+=.*|[A-Z_]+=.*|source\s.*|\.\s.*|eval \"?\$\(.*init.*|set -o \w+|bindkey.*|setopt.*|autoload.*|PATH=.*)?\s*\Z",
    re.DOTALL,
)
MAX_SAID = 400  # characters of a line that is read as Bash by itself
_COSTLY = late(r"\{[^}\n]*(?:,|\.\.)|\b(?:for|while|until|function)\b|\(\)")
_SETS = frozenset(
    "[ [[ test : true false export eval case set shopt setopt unsetopt autoload compinit bashcompinit zstyle bindkey bind complete compdef umask stty tput exit ulimit dircolors fpath command type hash return local declare typeset".split()
)
_SHOWS = frozenset("echo printf cat tmux neofetch fastfetch fortune cowsay date uptime".split())
_TOUCHY_NAMES = late(
    r"\A(?:LD_\w+|DYLD_\w+|BASH_ENV|ENV|PROMPT_COMMAND|PS[0-4]|IFS|HIST\w*|PYTHONSTARTUP|PERL5\w*|NODE_OPTIONS|\w*_COMMAND)\Z"
)


# Settings that let anybody in, and those that let an agent act by itself.
OPENS = late(r"(?i)\b(?:PermitRootLogin\s+yes|PermitEmptyPasswords\s+yes|AuthorizedKeysCommand\s+/)")
_AGENT = late(
    r"(?i)auto-?approve|bypassPermissions|yolo|skip-?permissions|runOn\W+folderOpen|trusted\W+true|alwaysAllow|mcpServers|\"command\"\s*:"
)


def traits(flow: Flow) -> tuple[str, ...]:
    """Return what kind of text a stream brings: a harmless setting, something that runs, or not known."""
    found = _kind(flow)
    if flow.text and OPENS.search(flow.text):
        found = (*found, "said-opens")
    return (*found, "said-agent") if flow.text and _AGENT.search(flow.text) else found


def _kind(flow: Flow) -> tuple[str, ...]:
    text = flow.text
    if "net" in flow.tags:
        return ("said-code",)
    if text is None:
        return ("said-unknown",)
    hook = ("said-hook",) if _APT_HOOK.search(text) else ()
    literal = ("said-literal",) if text.strip() and is_known(text) else ()
    if _BENIGN.fullmatch(text) or (not hook and is_known(text) and _only_sets(text)):
        return ("said-setting", "said-benign", *literal)
    if _RUNS_CODE.search(text):
        return ("said-code", *hook)
    if _SETTING.match(text) and "\n" not in text.strip():
        return ("said-setting", *literal, *hook)
    return ("said-text", *literal, *hook)


@lru_cache(maxsize=256)
def _only_sets(text: str) -> bool:
    """Tell whether a text for a shell only sets and shows; a comment alone says nothing of that kind."""
    if len(text) > MAX_SAID or "alias" in text or _COSTLY.search(text):
        return False
    found = evaluate(text)
    if found.unsound or found.limits or not found.invocations:
        return False
    return all(_sets(each) for each in found.invocations)


def _sets(invocation: Invocation) -> bool:
    names = [*invocation.assigns, *(word.text.partition("=")[0] for word in invocation.words if "=" in word.text)]
    touchy = any(_TOUCHY_NAMES.match(name) for name in names)
    relative = any(
        value.startswith(("/tmp", ".", "/dev/shm")) for name, value in invocation.assigns.items() if name == "PATH"
    )
    writes = any(item.writes and item.target.text != "/dev/null" for item in invocation.redirects)
    runs = invocation.tags - {"run:output"}  # what prints it is looked at by itself
    if touchy or relative or writes or runs or invocation.stdin is not None:
        return False
    program, texts = invocation.program, invocation.texts()
    if program in ("", "{"):
        return True
    if program == "export":
        return not any(text.startswith(("PATH=/tmp", "PATH=.", "PATH=/dev/shm")) for text in texts)
    if invocation.via in ("$( )", "<( )"):
        return prints_settings(invocation.head.text, program, texts)
    return program in _SETS or program in _SHOWS
