"""What is wrong with a config as it is written, in one class from the YAML to the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cli_tuner.config.source import Origin


class Misfit(NamedTuple):
    """A key or value that does not fit: the rule that says so, its dotted path, and why."""

    rule: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a config as it is written.

    Attributes:
        rule: The kind of fault: `unknown-key`, `wrong-kind`, `out-of-bounds`, `row-type`, `written-twice`, `secret`,
            `section`, `yaml`; of what loses nothing of meaning: `dropped-key`, `said-twice`, `anchor-holder`,
            `old-name`, `allowed-key`.
        path: The dotted path that is pointed at; empty where there is none.
        origin: Where it was written.
        message: What is wrong, and what to write instead.
        policy: Whether Axolotl itself takes it, so that `cli_tuner.allow` can.
    """

    rule: str
    path: str
    origin: Origin
    message: str
    policy: bool = False

    def __str__(self) -> str:
        return f"{self.origin}: {self.message}"

    @property
    def order(self) -> tuple[bool, str, int]:
        """Sort key: by file and line; flags come last."""
        return self.origin.file.startswith("--"), self.origin.file, self.origin.line


ALLOWABLE = frozenset({"unknown-key", "row-type", "wrong-kind", "out-of-bounds", "written-twice"})
"""Rules that `cli_tuner.allow` sets aside for one key (`RULE:PATH`), where Axolotl itself takes what is written."""

NOTES = frozenset({"dropped-key", "said-twice", "anchor-holder", "old-name", "allowed-key", "foreign-key"})
"""Rules whose faults lose nothing of meaning, or were allowed: they are reported and refuse nothing."""
