"""Places on the machine that made a file, found in its text: they tell who made it, and nobody else can open them.

Refused are: a home folder of somebody, this working folder, this environment, and in JSON and YAML any value that is
an absolute path. Not refused are relative paths, and absolute ones in what a person or a model says, such as a command
of the data: `ls /etc` names no place of ours.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_HOME = re.compile(r"(?:/home/|/Users/|\b[A-Za-z]:[\\/]+Users[\\/]+)([A-Za-z0-9][A-Za-z0-9._-]*)[\\/]+[A-Za-z0-9._-]+")
_ANYBODY = frozenset(
    {"user", "username", "users", "you", "me", "name", "alice", "bob", "shared", "public", "john", "jane"}
)
_ABSOLUTE = re.compile(r"(?:/[\w.@+-]+(?: [\w.@+-]+)*){2,}/?|~/\S+|[A-Za-z]:[\\/]\S+|\\\\\w\S+")
_SAID = frozenset(
    {"instruction", "command", "completion", "extracted", "reference", "references", "prompt", "text", "content", "why",
     "explanation", "system_prompt", "chat_template", "output", "message", "invocation", "span", "utility", "mend"}
)  # fmt: skip
_VOCABULARIES = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json"})


def portable(name: str, text: str) -> str:
    """Return a text with what lies in the working folder named relative to it.

    A working folder of one part, such as `/data`, may stand in a command that somebody said: there only values that
    begin with it are rewritten.

    Args:
        name: Name of the file; its suffix says how a value begins.
        text: Its content.
    """
    here = Path.cwd()
    if len(here.parts) > 2:
        return text.replace(f"{here}/", "")
    if len(here.parts) < 2:
        return text
    begins = r'(?<=: ")' if name.endswith(".json") else r"(?m)(?<=[:-] )"
    return re.sub(rf"{begins}{re.escape(str(here))}/(?=\S+\"?,?$)", "", text, flags=re.MULTILINE)


def local_paths(name: str, text: str) -> list[str]:
    """Return the places on a machine that a file names, each once, cut to what shows which.

    Args:
        name: Name of the file; its suffix says how it is read.
        text: Its content.
    """
    found = [here for here in _this_machine() if here in text]
    said = name.endswith((".json", ".yaml", ".yml")) and name not in _VOCABULARIES
    for value, is_value in _texts(_document(name, text)) if said else [(text, False)]:
        found += [match[0] for match in _HOME.finditer(value) if match[1].lower() not in _ANYBODY]
        found += [value] if is_value and _ABSOLUTE.fullmatch(value) else []
    return [path[:60] for path in dict.fromkeys(found)]


def _this_machine() -> Iterator[str]:
    """Yield folders of this machine that no text names by accident: those of two parts and more."""
    for path in (Path.cwd(), Path.home(), Path(sys.prefix)):
        if len(path.parts) > 2 and path != Path("/usr/local"):
            yield str(path)


def _document(name: str, text: str) -> Any:
    try:
        return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        return text


def _texts(document: Any, key: str = "") -> Iterator[tuple[str, bool]]:
    """Yield keys and values of a document and which is a value, less what somebody said; a config inside is opened."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield str(name), False
            yield from _texts(value, str(name))
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value, key)
    elif isinstance(document, str) and key == "text" and "\n" in document:
        yield from _texts(_document("", document), "")
    elif isinstance(document, str) and key not in _SAID:
        yield document, True
