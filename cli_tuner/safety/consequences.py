# ruff: noqa: E501  (tables: a row stays on its line)
"""Words for a security engineer: what a target is, and why a family of findings matters."""

from __future__ import annotations

PLACES = {
    "root": "the root of the filesystem", "system": "a tree that the system needs", "critical": "a file that the system needs",
    "home": "a whole home", "device": "a raw disk", "maybe": "the root or a system tree, if a variable is empty", "site": "software or data installed by hand",
    "mount": "a whole mounted disk", "here": "everything in the working directory", "beneath": "inside the system's folders", "dotfile": "settings and keys of a user",
    "unknown": "known only at run time", "temp": "a temporary file", "null": "a device without content",
}  # fmt: skip
TRAITS = {
    "recursive": "with all below it", "searched": "whatever a search finds", "secret": "holds keys or password hashes", "credential": "often holds credentials",
    "sudoers": "says who may become root", "accounts": "says who may log in", "keys": "says whose keys may log in", "cron": "runs again and again", "unit": "starts by itself",
    "startup": "every new shell runs it", "log": "a log", "history": "a shell's history", "preload": "loaded into every program", "repository": "the inside of a git repository",
    "net": "what comes from the network", "decoded": "what comes out of a decoder", "environment": "the whole environment", "env": "the whole environment",
}  # fmt: skip
# Family of rules -> what follows, and whether it can be undone.
MATTERS = {
    "filesystem": "what is deleted or overwritten is gone without a backup; the machine or the work may be lost",
    "disks": "a filesystem is lost as a whole, and rescue tools find little of it",
    "remote-execution": "whoever holds that address, or the way to it, runs code with the rights of this user, and nothing is left to look at",
    "reverse-shell": "somebody else sits at this machine, past the firewall, with the rights of this user",
    "exfiltration": "what has left cannot be called back: keys and tokens in it must be changed everywhere",
    "credentials": "what is read stands in terminals, transcripts and logs from then on, and opens other systems",
    "permissions": "others can read or change what they should not, or the owner no longer can; the old modes are not recorded",
    "privilege": "whoever gets hold of this user gets hold of the machine",
    "exhaustion": "the machine stops answering; others on it lose their work",
    "persistence": "it runs again after a restart or a log-in, long after this session was looked at",
    "defence-evasion": "what happens next is not seen, not stopped and not in the logs",
    "system": "the machine, its network or what others use on it stops",
    "obfuscation": "nobody can tell by reading what would run, so nobody can have approved it",
    "terminal": "what is shown is not what would run",
    "operations": "it acts on what others share: data, clusters, history or releases that may have no backup",
    "policy": "whoever owns the policy ruled it out",
    "guard": "it is not one plain command, so it cannot be judged as one",
}


def target_in_words(target: str, place: str, traits: frozenset[str]) -> str:
    """Return what an action is on, with what kind of thing that is."""
    kinds = [PLACES[place]] if place in PLACES else []
    kinds += [TRAITS[trait] for trait in sorted(traits) if trait in TRAITS]
    if target in TRAITS:
        return TRAITS[target]
    shown = target or "what it is given"
    return f"{shown} ({', '.join(kinds)})" if kinds else shown
