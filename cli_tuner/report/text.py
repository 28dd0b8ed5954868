"""Makes text from outside harmless where a report shows it: HTML, Markdown, and JSON inside a script element.

The law: whatever a model, a data set or a config holds, it can neither leave its cell nor act on the reader. Characters
that do not print (terminal escapes, bidirectional controls, line separators, half surrogates) are shown as escapes.
"""

from __future__ import annotations

import json
import re
from typing import Any

# Of the characters that mean something to Markdown, some are escaped and the others named by their number.
_MARKS = {mark: f"\\{mark}" for mark in "*_[]~$#"}
_NAMED = {mark: f"&#{ord(mark)};" for mark in "\\|`@!"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_PLAIN = str.maketrans(_MARKS | _NAMED)
_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
LONGEST = 4_000


def visible(text: str) -> str:
    """Return `text` with every character that does not print, newline and tab aside, as its escape."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def cut(text: str, longest: int = LONGEST) -> str:
    """Return `text`, shortened to `longest` characters with a note of how many were left out."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def cell(value: Any) -> str:
    """Return `value` as one line of Markdown text that means nothing but itself, also in a table."""
    line = " ⏎ ".join(visible(str(value)).splitlines()).replace("\t", " ")
    return line.translate(_PLAIN).replace("://", "&#58;//").replace("www.", "www&#46;")


def fence(text: str) -> str:
    """Return `text` as a fenced Markdown block that it cannot end."""
    shown = visible(cut(text))
    runs = [len(run) for run in re.findall(r"`+", shown)]
    ticks = "`" * max(3, *(length + 1 for length in runs), 3)
    return f"{ticks}text\n{shown}\n{ticks}"


def script_json(value: Any) -> str:
    """Serialise for a `<script type="application/json">` element: ASCII only, and nothing that could end it."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return "".join(_SCRIPT.get(one, one) for one in text)


def quoted(text: str) -> str:
    """Write `text` as a Python string that stays on one line of a fenced block."""
    return json.dumps(visible(text), ensure_ascii=False).replace("`", "\\u0060")
