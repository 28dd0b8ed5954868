"""Regular expressions that are compiled when they are first used.

The tables hold some 300 of them, 40 ms of start-up; one command needs a tenth. Used as `re.Pattern` is.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Late:
    def __init__(self, pattern: str, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        compiled = self.__dict__.get("_compiled") or re.compile(*self._source)
        value = getattr(compiled, name)
        self.__dict__.update({"_compiled": compiled, name: value})  # found without this method from now on
        return value


def late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return a pattern that is compiled at its first use."""
    return cast("re.Pattern[str]", _Late(pattern, int(flags)))
