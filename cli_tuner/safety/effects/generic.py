# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects that any invocation can have: redirections, assignments, paths in its words, what it is fed to run."""

from __future__ import annotations

import re

from cli_tuner.safety import targets
from cli_tuner.safety.effects import said
from cli_tuner.safety.effects.base import Effect, Effects, effect, on_path
from cli_tuner.shell.environment import COMMAND_VARIABLES
from cli_tuner.shell.flow import FILLED, OUTPUT, UNSET, Word, is_known, plain
from cli_tuner.shell.interpreters import SHELLS
from cli_tuner.shell.model import Fact, Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.settings import prints_settings

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
_WEB_SHELL = late(
    r"<\?(?:php|=).{0,300}?(?:system|exec|passthru|popen|eval|assert|proc_open|`).{0,40}\$_(?:GET|POST|REQUEST|COOKIE|SERVER)\b"
    r"|Runtime\.getRuntime\(\)\.exec\(\s*request\.getParameter",
    re.DOTALL,
)
_HISTORY = frozenset("HISTFILE HISTSIZE HISTFILESIZE HISTCONTROL HISTIGNORE SAVEHIST".split())


def web_shells(invocation: Invocation) -> Effects:
    """Text that a web server would run for whoever asks, written to a file or into a database's outfile."""
    printed = invocation.stdout.text or ""
    written = any(item.writes for item in invocation.redirects)
    fed = (
        invocation.stdin.text if invocation.stdin is not None and invocation.program in ("tee", "cat", "sponge") else ""
    )
    texts = [printed if written else "", fed or "", *(invocation.texts() if invocation.program in SQL else [])]
    if any("$_" in text or "getRuntime" in text for text in texts) and any(_WEB_SHELL.search(text) for text in texts):
        yield effect(invocation, "web-shell", invocation.program)


def redirections(invocation: Invocation) -> Effects:
    """Files that redirections read or write."""
    for item in invocation.redirects:
        target = item.target.text
        if item.operator in ("<<", "<<-", "<<<") or (item.operator in (">&", "<&") and re.fullmatch(r"\d*-?", target)):
            continue
        if target.startswith(("/dev/tcp/", "/dev/udp/")):
            yield from _socket(invocation, item.target)
        elif item.writes:
            if (
                item.descriptor in ("", "1")
                and "file:/etc/passwd" in invocation.stdout.tags
                and invocation.program == "cat"
            ):
                yield effect(invocation, "copy-accounts", target)
            yield _written(invocation, item.operator, item.target, item.descriptor)
            if item.operator in (">", ">|") and item.descriptor in ("", "1") and _reads(invocation, target):
                yield on_path(invocation, "overwrite", item.target, "own-input")
        elif "process" not in item.target.tags:
            yield on_path(invocation, "read", item.target, "redirected")


_DATA_WORDS = frozenset("echo printf test [ [[ mkdir touch cd ls stat : true".split())


def _reads(invocation: Invocation, target: str) -> bool:
    """Tell whether what a redirection empties is what the command, or the pipeline before it, still has to read."""
    if invocation.program in _DATA_WORDS or target.startswith("/dev/") or not is_known(target):
        return False
    return f"file:{target}" in invocation.stdin_tags() or target in invocation.texts()


def _written(invocation: Invocation, operator: str, target: Word, descriptor: str) -> Effect:
    append = operator in (">>", "&>>")
    if prints_settings(invocation.head.text, invocation.program, invocation.texts()):
        return on_path(invocation, "write", target, "said-setting", "said-benign")
    if append:
        return on_path(invocation, "write", target, "append", *said.traits(invocation.stdout))
    blank = invocation.program in ("", ":", "true", "{") or (
        invocation.program in ("echo", "printf", "cat") and not (invocation.stdout.text or "x").strip()
    )
    blank = blank or (invocation.stdout.text == "" and invocation.program in ("chmod", "mkdir", "touch", "sleep"))
    blank = blank or (invocation.program == "cat" and invocation.texts() == ["/dev/null"])
    traits = ("truncate",) if blank else ("truncate-new", *said.traits(invocation.stdout))
    if descriptor not in ("", "1", "&"):
        traits = ("truncate-new", "errors")
    return on_path(invocation, "overwrite" if blank else "write", target, *traits)


def _socket(invocation: Invocation, target: Word) -> Effects:
    interactive = invocation.program in SHELLS or "shell" in invocation.stdout.tags
    looped = invocation.program == "{" or "net" in invocation.stdin_tags()
    if interactive or (any(item.operator == "&>" for item in invocation.redirects) and looped):
        yield effect(invocation, "reverse-shell", target.text, word=target)
        return
    sent = {tag for word in invocation.words for tag in word.tags} | invocation.stdin_tags() | invocation.stdout.tags
    for tag in sorted(sent):
        kind, _, path = tag.partition(":")
        if kind == "file" and path:
            yield on_path(invocation, "send", target, "stream", path=path)
    if invocation.program in ("cat", "base64", "tar"):
        for word in invocation.words:
            if word.text[:1] != "-":
                yield on_path(invocation, "send", word, "stream")
    yield effect(invocation, "connect", target.text, word=target)


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


def fed(invocation: Invocation) -> Effects:
    """Code that comes from somewhere else: a download, a decoder, history, a variable."""
    for tag in sorted(invocation.tags):
        kind, _, source = tag.partition(":")
        if kind == "run" and source:
            name = source.partition(":")[0]
            if name != "variable" or not _plain_use(invocation):
                yield effect(invocation, "run", source, name)
        elif kind == "helper":
            yield effect(invocation, "helper", source, *(("temp",) if targets.classify(source) == "temp" else ()))
        elif kind == "installs":
            yield effect(invocation, "foreign-package", invocation.program)
        elif tag == "globbed":
            yield effect(invocation, "hidden-name", invocation.head.text)
    if "recursion" in invocation.tags:
        traits = [each for each in ("piped",) if each in invocation.tags]
        yield effect(
            invocation,
            "recursion",
            invocation.program,
            *traits,
            *(("background",) if invocation.background else ()),
        )


ENDLESS = frozenset({"yes", "cat", "dd", "cp", "tail", "sort", "tac", "rev"})
_BOTTOMLESS = ("/dev/zero", "/dev/urandom", "/dev/random")


def facts(invocation: Invocation) -> Effects:
    """What code in another language would do."""
    if not invocation.facts:
        return
    verbs = {fact.verb for fact in invocation.facts}
    if "socket" in verbs and ("shell" in verbs or "shell_loop" in verbs) and ({"dup", "shell"} & verbs):
        yield effect(invocation, "reverse-shell", "code")
    if "environment" in verbs and verbs & {"send", "fetch", "socket"}:
        yield effect(invocation, "send", "env", "env")
    if "fetch" in verbs and "eval" in verbs:
        yield effect(invocation, "run", "net", "net")
    if "eval" in verbs and "net" in invocation.stdin_tags() and "stdin" in invocation.code.lower():
        yield effect(invocation, "run", "net", "net")
    if "opaque" in verbs:
        yield effect(invocation, "run", "output", "output")
    if "decode" in verbs and "eval" in verbs:
        yield effect(invocation, "run", "decoded", "decoded")
    if "ask" in verbs:
        yield effect(invocation, "spy", "a dialogue that asks for a password")
    for fact in invocation.facts:
        yield from _fact(invocation, fact, verbs)


def _fact(invocation: Invocation, fact: Fact, verbs: set[str]) -> Effects:
    head = invocation.words[0] if invocation.words else invocation.head
    if fact.verb in ("fork_loop", "fill", "setuid", "server"):
        yield effect(
            invocation,
            {"fork_loop": "recursion", "fill": "fill", "setuid": "setuid", "server": "serve"}[fact.verb],
            "code",
            "piped",
            "big",
        )
    elif fact.verb == "kill":
        yield effect(invocation, "kill-all", "-1")
    elif fact.target:
        if fact.verb == "rmtree":
            yield on_path(invocation, "delete", head, "recursive", path=_home(fact.target))
        elif fact.verb == "unlink":
            yield on_path(invocation, "delete", head, path=_home(fact.target))
        elif fact.verb == "write":
            yield on_path(invocation, "write", head, "truncate-new", path=_home(fact.target))
        elif fact.verb == "chmod":
            yield on_path(invocation, "chmod", head, path=_home(fact.target))
        elif fact.verb == "read":
            yield on_path(invocation, "read", head, path=_home(fact.target))
            if verbs & {"send", "fetch", "socket"}:
                yield on_path(invocation, "send", head, "code", path=_home(fact.target))


def _home(path: str) -> str:
    return "/home/user" + path[1:] if path.startswith("~") else path


SQL = frozenset({"mysql", "mariadb", "psql", "sqlite3"})
PRINTERS = SQL | {"echo", "printf", "cat", "tee", "sponge"}


_TOUCHES = frozenset("root system critical home device maybe here dotfile beneath site".split())
_MAY_FORCE = late(
    r"-\w*[rR]\w*|--rec\w*|--force|-delete|-exec\w*|-ok\w*|of=.*|if=.*|[-+]?[0-7]{3,4}|[ugoa]*[+=-][rwxst]+"
)


def _plain_use(invocation: Invocation) -> bool:
    """Tell whether `"$TOOL" …` does no harm whatever tool it is: its words name nothing that matters, and hold no code."""
    if invocation.head.text != UNSET or not invocation.words or invocation.stdin_tags() or invocation.head.tags:
        return False
    for word in invocation.words:
        text = word.text
        if word.tags or "://" in text or re.search(r"[\s;|&$`(){}]", plain(text)) or _MAY_FORCE.fullmatch(text):
            return False
        if text[:1] != "-" and is_known(text) and targets.classify(text, invocation.cwd) in _TOUCHES:
            return False
    return True


def unresolved(invocation: Invocation) -> Effects:
    """A program whose name is not known."""
    if invocation.program != "?":
        return
    text = invocation.head.text
    sources = {tag for tag in invocation.tags if tag.startswith("run:")}
    holes = OUTPUT in text or FILLED in text or UNSET in text
    if _plain_use(invocation):
        return
    if holes and not sources - {"run:output", "run:read", "run:variable", "run:secret-variable"}:
        kind = "output" if OUTPUT in text else "variable"
        yield effect(invocation, "unresolved", plain(text), kind)


def loops(invocation: Invocation) -> Effects:
    """Endless output into a file, and loops that start jobs without end."""
    if invocation.program == "yes" and not invocation.wraps:
        for item in invocation.redirects:
            if item.target.text != "/dev/null":
                yield effect(invocation, "fill", item.target.text, "big")
        if invocation.background or any(item.target.text == "/dev/null" for item in invocation.redirects):
            yield effect(invocation, "endless", "yes")
    if invocation.program in ("cat", "dd", "cp") and any(
        text in ("/dev/zero", "/dev/urandom", "if=/dev/zero", "if=/dev/urandom") for text in invocation.texts()
    ):
        for item in invocation.redirects:
            if item.writes and item.target.text != "/dev/null" and item.descriptor in ("", "1"):
                yield effect(invocation, "fill", item.target.text, "big")
    if invocation.program in ("tail", "sort", "tac", "rev") and any(text in _BOTTOMLESS for text in invocation.texts()):
        yield effect(invocation, "endless", "memory")
    if "spawned" in invocation.tags and not invocation.parent:
        yield effect(invocation, "spawn", invocation.program)
    if not (invocation.looped and invocation.background):
        return
    itself = "$0" in (invocation.head.text, *invocation.texts()[:1])
    if itself or ("spawned" in invocation.tags and invocation.head.text in ("bash", "sh")):
        yield effect(invocation, "recursion", invocation.head.text, "background")
