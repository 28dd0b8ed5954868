# ruff: noqa: E501  (tables: a row stays on its line)
"""git: its own options, settings on the command line, aliases, and the options of its subcommands spelled in full.

Sources: git(1), git-config(1) and the manual of each subcommand. `canonical` gives the words that rules read.
"""

from __future__ import annotations

import re
import shlex

from cli_tuner.shell.flow import Word
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs.grammar import Grammar, grammar

TOP = grammar("C c git-dir work-tree namespace exec-path super-prefix config-env", stops=True)
_SUBCOMMANDS: dict[str, Grammar] = {
    "push": grammar("repo o push-option receive-pack exec", "force-with-lease recurse-submodules signed", "force mirror delete prune all tags dry-run follow-tags set-upstream force-if-includes verbose quiet no-verify"),
    "reset": grammar("pathspec-from-file", "", "hard soft mixed merge keep quiet patch"),
    "clean": grammar("e exclude", "", "force dry-run quiet interactive"),
    "checkout": grammar("b B orphan conflict pathspec-from-file", "track recurse-submodules", "force ours theirs patch detach merge quiet"),
    "switch": grammar("c C orphan conflict", "track", "force discard-changes detach merge guess quiet"),
    "restore": grammar("s source conflict pathspec-from-file", "", "staged worktree patch ours theirs merge quiet"),
    "gc": grammar("", "prune", "aggressive auto quiet force keep-largest-pack no-prune cruft"),
    "branch": grammar("u set-upstream-to", "color sort track", "delete force move copy list remotes all verbose merged contains"),
    "tag": grammar("m message F file u local-user", "sort", "delete force list annotate verify"),
    "filter-repo": grammar("path replace-text replace-message mailmap path-rename source target refs analyze-dir subdirectory-filter", "", "force invert-paths analyze dry-run"),
    "filter-branch": grammar("tree-filter index-filter env-filter msg-filter commit-filter parent-filter tag-name-filter subdirectory-filter setup d original", "", "force prune-empty"),
    "rebase": grammar("x exec onto s strategy X strategy-option", "", "interactive root abort continue skip autosquash autostash"),
    "stash": grammar("m message pathspec-from-file", "", "all include-untracked keep-index patch quiet"),
    "reflog": grammar("expire expire-unreachable", "", "all dry-run rewrite updateref"),
    "commit": grammar("m message F file C reuse-message c reedit-message author date t template fixup squash", "gpg-sign", "amend all no-verify allow-empty"),
    "log": grammar("grep author committer since until after before format pretty n max-count S G L skip", "", ""),
    "difftool": grammar("x extcmd t tool", "", "no-prompt dir-diff"), "mergetool": grammar("t tool"), "grep": grammar("e f A B C m max-count", "O open-files-in-pager"),
    "worktree": grammar("b B reason expire", "", "force"), "remote": grammar("t m"), "update-ref": grammar("m", "", "stdin delete no-deref"), "clone": grammar("b branch o origin u upload-pack reference c config depth template separate-git-dir j jobs"),
    "fetch": grammar("depth upload-pack refmap o server-option j jobs"), "ls-remote": grammar("upload-pack exec sort"), "pull": grammar("s strategy X upload-pack depth"), "archive": grammar("format prefix o output remote exec"),
}  # fmt: skip
_NOUNS = frozenset({"reflog", "worktree", "stash", "remote"})  # what they do stands in the next word
# Options of subcommands, and settings, whose value is a command.
_RUNS = {
    "rebase": {"x", "exec"}, "difftool": {"x", "extcmd"}, "grep": {"O", "open-files-in-pager"}, "clone": {"u", "upload-pack"}, "fetch": {"upload-pack"},
    "pull": {"upload-pack"}, "ls-remote": {"upload-pack", "exec"}, "push": {"receive-pack", "exec"}, "archive": {"exec"},
    "filter-branch": {"tree-filter", "index-filter", "env-filter", "msg-filter", "commit-filter", "parent-filter", "tag-name-filter", "setup"},
}  # fmt: skip
_RUNNING_SETTING = late(
    r"(?i)(?:core\.(?:editor|pager|sshcommand|fsmonitor|askpass|gitproxy|alternaterefscommand)|sequence\.editor|pager\.\S+|diff\.external|(?:diff|merge|difftool|mergetool|filter)\.\S+\.(?:command|cmd|textconv|driver|clean|smudge|process)|gpg(?:\.\w+)?\.program|credential(?:\.\S+)?\.helper|uploadpack\.packobjectshook|sendemail\.\S*cmd|interactive\.difffilter|browser\.\S+\.cmd|man\.\S+\.cmd)\Z"
)
_BUILTIN_HELPERS = late(r"(?:cache|store|osxkeychain|libsecret|manager(?:-core)?|wincred)\b|true\Z|false\Z|\s*\Z")


def canonical(program: str, words: list[Word]) -> list[str]:
    """Return the subcommand and its words with aliases of `-c` resolved, options in full, and values taken off."""
    settings, rest = split(program, words)
    if not rest:
        return []
    aliases = {key[6:]: value for key, value in settings if key.startswith("alias.")}
    alias = aliases.get(rest[0].text)
    if alias is not None and not alias.startswith("!"):
        try:
            rest = [*(Word(part, rest[0].start, rest[0].end) for part in shlex.split(alias)), *rest[1:]]
        except ValueError:
            return []
    verb = rest[0].text if rest else ""
    read = _SUBCOMMANDS.get(verb)
    if read is None:
        return [word.text for word in rest]
    found = read.read(rest[1:])
    flags = [
        f"-{flag}" if len(flag) == 1 else f"--{flag}"
        for flag in sorted(found.flags)
        if len(flag) == 1 or flag in _longs(read)
    ]
    shown = [f"--{name}={value.text}" for name, value in found.every if name in ("prune", "force-with-lease")]
    forced = (
        ["--force"]
        if (verb, "clean.requireforce")
        in {("clean", key) for key, value in settings if value in ("false", "no", "0", "off")}
        else []
    )
    pruned = (
        ["--prune=now"]
        if verb == "gc" and any(key == "gc.pruneexpire" and value in ("now", "all", "0") for key, value in settings)
        else []
    )
    parted = ["--"] if "--" in [word.text for word in rest] else []
    operands = [word.text for word in found.operands]
    noun = operands[:1] if verb in _NOUNS else []
    return [verb, *noun, *flags, *shown, *forced, *pruned, *parted, *operands[len(noun) :]]


def inert(words: list[Word]) -> bool:
    """Tell whether `--help` or `--version` keeps git from acting; as the value of an option they do not."""
    top = TOP.read(words)
    if top.flags & {"help", "version"}:
        return True
    read = _SUBCOMMANDS.get(top.operands[0].text) if top.operands else None
    return "help" in (read or Grammar()).read(top.operands[1:]).flags


def _longs(read: Grammar) -> frozenset[str]:
    return read.valued | read.optional | read.flags


def split(program: str, words: list[Word]) -> tuple[list[tuple[str, str]], list[Word]]:
    """Return the settings of `-c` and the words from the subcommand on; `git-reset` is `git reset`."""
    if program.startswith("git-"):
        return [], [Word(program[4:], words[0].start if words else 0, words[0].end if words else 0), *words]
    top = TOP.read(words)
    pairs = [word.text.partition("=") for word in top.all_values({"c"})]
    return [
        (key.lower() if not key.startswith("alias.") else key, value.lower() if not key.startswith("alias.") else value)
        for key, _, value in pairs
    ], top.operands


def commands(program: str, words: list[Word]) -> list[Word]:
    """Return the words that git would hand to a shell: hooks of options, settings and subcommands."""
    top = TOP.read(words) if program == "git" else None
    found: list[Word] = []
    for word in top.all_values({"c"}) if top is not None else ():
        found += _set_to(word)
    rest = split(program, words)[1]
    for word in rest[1:]:
        if word.text.startswith("ext::"):  # a transport that is a command; `% ` stands for a blank, gitremote-ext(1)
            parts = [part.replace("% ", " ").replace("%%", "%") for part in re.split(r"(?<!%) ", word.text[5:])]
            found.append(Word(" ".join(map(shlex.quote, parts)), word.start, word.end))
    verb, behind = (rest[0].text, rest[1:]) if rest else ("", [])
    read = _SUBCOMMANDS.get(verb)
    if verb == "clone" and read is not None:
        found += [each for word in read.read(behind).all_values({"c", "config"}) for each in _set_to(word)]
    if read is not None and verb in _RUNS:
        found += read.read(behind).all_values(_RUNS[verb])
    texts = [word.text for word in behind]
    if verb == "bisect" and texts[:1] == ["run"]:
        found.append(_joined(behind[1:]))
    elif verb == "submodule" and "foreach" in texts:
        found.append(_joined([word for word in behind[texts.index("foreach") + 1 :] if word.text[:2] != "--"]))
    elif verb == "config":
        found += _configured([word for word in behind if word.text[:1] != "-"])
    return [word for word in found if word.text.strip()]


def _set_to(word: Word) -> list[Word]:
    """Return the command in a setting `key=value` that is one."""
    key, _, value = word.text.partition("=")
    runs = value[1:] if key.startswith("alias.") and value[:1] == "!" else value if _RUNNING_SETTING.match(key) else ""
    return [Word(runs.lstrip("!"), word.start, word.end)] if runs and not _BUILTIN_HELPERS.match(runs) else []


def _configured(words: list[Word]) -> list[Word]:
    words = words[1:] if words and words[0].text == "set" else words
    if len(words) < 2:
        return []
    key, value = words[0].text, words[1]
    if key.startswith("alias."):
        return [Word(value.text[1:], value.start, value.end)] if value.text[:1] == "!" else []
    value = Word(value.text.lstrip("!"), value.start, value.end)
    return [value] if _RUNNING_SETTING.match(key) and not _BUILTIN_HELPERS.match(value.text) else []


def _joined(words: list[Word]) -> Word:
    text = " ".join(word.text if len(words) == 1 or " " not in word.text else shlex.quote(word.text) for word in words)
    return Word(text, words[0].start, words[-1].end) if words else Word("", 0, 0)
