# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects of variables that are set: what is loaded, which check is off, what the shell remembers."""

from __future__ import annotations

import re

from cli_tuner.safety.effects.base import Effects, effect
from cli_tuner.shell.environment import COMMAND_VARIABLES
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_PRELOADS = frozenset("LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES".split())
_LOADERS = frozenset(
    "LD_LIBRARY_PATH BASH_ENV ENV PROMPT_COMMAND PYTHONSTARTUP PERL5OPT RUBYOPT NODE_OPTIONS PERL5LIB GCONV_PATH".split()
)
# Variables that switch a check off, and the values that do it.
_GUARDS = {
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",), "PYTHONHTTPSVERIFY": ("0",), "GIT_SSL_NO_VERIFY": ("1", "true"),
    "DISABLE_DATABASE_ENVIRONMENT_CHECK": ("1", "true"), "HUSKY": ("0",), "HUSKY_SKIP_HOOKS": ("1", "true"),
    "DOCKER_CONTENT_TRUST": ("0",), "GOINSECURE": ("*",), "GONOSUMDB": ("*",),
    "GONOSUMCHECK": ("1",), "GOSUMDB": ("off",), "AWS_VERIFY_SSL": ("false", "0"), "SSL_VERIFY": ("false", "0"),
}  # fmt: skip
# They only load something foreign where their value says so.
_LOOSE = late(r"(?:\A|:)(?:/tmp|/var/tmp|/dev/shm)(?:/|:|\Z)")
_HARMLESS_LOADERS = {
    "LD_LIBRARY_PATH": _LOOSE,
    "PERL5LIB": _LOOSE,
    "RUBYOPT": late(r"-r|-I"),
    "PERL5OPT": late(r"-M|-I|-d|-m"),
}
_JAVA = frozenset(
    "JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS MAVEN_OPTS GRADLE_OPTS CATALINA_OPTS SBT_OPTS".split()
)
_AGENTS = late(r"-javaagent:|-agentpath:|-agentlib:|-Xrun|-XX:OnError")
_PLAIN_PROMPT = late(r"(?:\s*history\s+-[anrw]\s*;?)+")
_HISTORY = frozenset("HISTFILE HISTSIZE HISTFILESIZE HISTCONTROL HISTIGNORE SAVEHIST".split())


def assignments(invocation: Invocation) -> Effects:
    """Variables that change what is loaded or remembered."""
    pairs = list(invocation.assigns.items())
    if invocation.program in ("export", "declare", "typeset", "readonly"):
        pairs += [
            (name, value) for name, _, value in (word.text.partition("=") for word in invocation.words) if value or _
        ]
    for name, value in pairs:
        if name in _PRELOADS and value:
            installed = re.match(r"/(?:usr|lib|lib64|opt)/", value)
            yield effect(invocation, "preload", f"{name}={value}", *(("installed",) if installed else ()))
        elif (
            (name == "PROMPT_COMMAND" and _PLAIN_PROMPT.fullmatch(value))
            or (
                name == "NODE_OPTIONS"
                and not re.search(r"--(?:require|import|loader|experimental-loader|inspect|eval)|-r\b", value)
            )
            or (name in _HARMLESS_LOADERS and not _HARMLESS_LOADERS[name].search(value))
        ):
            continue
        elif (name in _JAVA and _AGENTS.search(value)) or (name in _LOADERS and value) or _foreign_helper(name, value):
            yield effect(invocation, "loader", f"{name}={value}")
        elif name in _GUARDS and value.lower() in _GUARDS[name]:
            yield effect(invocation, "guard-off", f"{name}={value}")
        elif name == "PATH" and re.match(r"(?:/tmp|/dev/shm|/var/tmp)(?::|\Z|/)|\.(?::|\Z)", value):
            yield effect(invocation, "loader", f"PATH={value}")
        elif name in _HISTORY and (
            (value in ("", "0", "/dev/null", "ignorespace", "ignoreboth") and name != "HISTCONTROL")
            or (name == "HISTIGNORE" and "*" in value)
        ):
            yield effect(invocation, "history-off", f"{name}={value}", *(("size",) if name.endswith("SIZE") else ()))


def _foreign_helper(name: str, value: str) -> bool:
    """Tell whether a command variable names a program that lies outside of the system's folders."""
    head = value.split(" ", 1)[0].strip("|'\"")
    return name in COMMAND_VARIABLES and "/" in head and not re.match(r"/(?:usr|bin|sbin|opt)/", head)
