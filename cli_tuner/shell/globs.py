"""Matches text against a shell pattern, as `fnmatch.fnmatchcase` does.

The standard library remembers 32,768 compiled patterns, which over a corpus of a million commands comes to half a
gigabyte a process; a few hundred serve as well.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable

PATH_MAX = 4096  # limits.h: no file has a longer name


def glob_matches(text: str, pattern: str) -> bool:
    """Tell whether the whole of `text` matches `pattern` (`*`, `?`, `[…]`), case counted."""
    return len(pattern) <= PATH_MAX and _matcher(pattern)(text) is not None


@functools.lru_cache(maxsize=512)
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(fnmatch.translate(pattern)).match
