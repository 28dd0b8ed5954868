# ruff: noqa: E501  (tables: a row stays on its line)
"""Effects of what keeps files elsewhere: repositories, backups, the stores of clouds, gists."""

from __future__ import annotations

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, options_of
from cli_tuner.safety.effects.network import in_url, piped
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late
from cli_tuner.shell.programs import git

_ELSEWHERE = late(r"(?:https?|ssh|git)://|[\w.-]+@[\w.-]+:")


def _git(invocation: Invocation) -> Effects:
    """What is put into a repository, and what is read out of it by `REVISION:path`."""
    rest = git.split(invocation.program, invocation.words)[1]
    verb = rest[0].text if rest else ""
    for word in rest[1:]:
        if verb in ("add", "stage") and word.text[:1] != "-":
            held = ("holds-secrets",) if word.tags & {"env", "printed-secret", "history"} else ()
            yield on_path(invocation, "stage", word, *held)
        elif verb == "push" and _ELSEWHERE.match(word.text) and {"--all", "--mirror"} & {each.text for each in rest}:
            yield effect(invocation, "send", word.text, "upload", word=word)
        elif verb == "log" and {"-p", "--patch"} & {each.text for each in rest} and word.text[:1] != "-":
            yield on_path(invocation, "read", word, path=word.text.lstrip("*"))
        elif verb in ("show", "cat-file") and ":" in word.text and word.text[:1] != "-":
            yield on_path(invocation, "read", word, path=word.text.rpartition(":")[2])


_SENDS = {
    "restic": "backup", "borg": "create", "rclone": "copy sync copyto move moveto", "duplicity": "full incremental",
}  # fmt: skip


def _backup(invocation: Invocation) -> Effects:
    """A backup tool sends only by some of its subcommands, and to another machine only where one is named."""
    options = options_of(invocation)
    operands = options.operands
    verbs = _SENDS[invocation.program].split()
    place = next((at for at, word in enumerate(operands) if word.text in verbs), -1)
    if options.has("dry-run", "n") or (place < 0 and invocation.program != "duplicity"):
        return
    repo = options.value("r", "repo")
    for word in operands[place + 1 :]:
        if ":" not in word.text and "$" not in word.text:
            local = ("local",) if repo is not None and repo.text[:1] in "/." else ()
            yield on_path(invocation, "send", word, "copy", *local)


_STORES = {
    "aws": ("s3", "cp mv sync"), "gcloud": ("storage", "cp rsync mv"), "az": ("storage", "upload upload-batch"), "s5cmd": ("", "cp sync mv"),
    "mc": ("", "cp mirror mv"), "b2": ("", "upload-file sync"), "azcopy": ("", "copy sync"), "huggingface-cli": ("", "upload"), "hf": ("", "upload"),
}  # fmt: skip


def _stored(invocation: Invocation) -> Effects:
    """What is copied from this machine into a cloud's storage."""
    noun, verbs = _STORES[invocation.program]
    texts = invocation.texts()
    verb = next((place for place, text in enumerate(texts) if text in verbs.split()), -1)
    if verb < 0 or (noun and noun not in texts[:verb]) or {"--dryrun", "--dry-run", "-n"} & set(texts):
        return
    for word in invocation.words[verb + 1 :]:
        if word.text[:1] != "-" and "://" not in word.text:
            yield on_path(invocation, "send", word, "copy")
            yield from in_url(invocation, [word])


def _gist(invocation: Invocation) -> Effects:
    """`gh gist create FILE` publishes; a port of a codespace may be opened to everybody."""
    texts = invocation.texts()
    if texts[:2] == ["gist", "create"]:
        yield from in_url(invocation, invocation.words[2:])
        yield from piped(invocation)
    elif "visibility" in texts and any(":public" in text for text in texts):
        yield effect(invocation, "serve", " ".join(texts)[:80])


UPLOADS: dict[str, Maker] = {
    "git": _git, "gh": _gist, **dict.fromkeys(_SENDS, _backup), **dict.fromkeys(_STORES, _stored),
}  # fmt: skip
