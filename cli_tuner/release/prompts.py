"""The fixed prompts that a merge is proved on: 200 requests that need no file and never change.

They exercise the model, not its skill: what counts is that two models answer them alike.
"""

from __future__ import annotations

_ACTIONS = (
    "list", "count", "find", "show the size of", "copy", "archive", "sort", "compress", "print the names of", "search"
)  # fmt: skip
_THINGS = (
    "all pdf files", "the largest log files", "empty folders below /srv", "files changed today", "lines with errors",
    "every Python script", "hidden files in my home", "the ten newest pictures", "files owned by root",
    "duplicate lines of notes.txt", "running processes", "open ports", "words in a.txt", "csv files bigger than 10 MB",
    "symbolic links in /usr/bin", "the last 20 lines of app.log", "files that end in .bak", "git branches",
    "mounted disks", "environment variables that start with A",
)  # fmt: skip

PROMPTS = tuple(f"{action} {thing}" for thing in _THINGS for action in _ACTIONS)
"""200 instructions."""
