"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True, slots=True)
class Line:
    """What was examined and how it is.

    Attributes:
        name: What was examined.
        state: `ok`; `note`: works, with a limit; `missing`: something needed is not there (exit code 3).
        why: What was seen.
        fix: The exact command or step that fixes it; empty when nothing is to be done.
    """

    name: str
    state: State
    why: str
    fix: str = ""
