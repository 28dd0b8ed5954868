"""Everything that can be said of a config without loading data or weights, in one report.

`check` adds to `load` what the config says against itself and against the machine it is meant for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli_tuner.config.contradictions import contradictions
from cli_tuner.config.environment import has_wandb_key
from cli_tuner.config.load import Config, load
from cli_tuner.config.predicates import Case
from cli_tuner.config.realise import realise
from cli_tuner.config.secrets import missing_secrets
from cli_tuner.config.targets import Target
from cli_tuner.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong with a config.

    Attributes:
        severity: `error` or `warning`.
        id: The rule.
        place: `file:line` or `--set`.
        key: The dotted path that is pointed at.
        why: What happens if it is left so.
        mend: What to write instead.
    """

    severity: str
    id: str
    place: str
    key: str
    why: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.key}: {self.why}; mend: {self.mend} [{self.id}]"


@dataclass(slots=True)
class Report:
    """The result of one check."""

    config: Config
    remarks: list[Remark] = field(default_factory=list)

    @property
    def errors(self) -> list[Remark]:
        """What makes the config wrong."""
        return [remark for remark in self.remarks if remark.severity == "error"]

    @property
    def warnings(self) -> list[Remark]:
        """What is legal and probably not meant."""
        return [remark for remark in self.remarks if remark.severity == "warning"]


def check(path: Path, overrides: Sequence[str] = (), target: Target | None = None) -> Report:
    """Load a config and judge it.

    Raises:
        ConfigError: Names, kinds, secrets or YAML are wrong (all faults at once).
    """
    return judge(load(path, overrides), target)


def judge(config: Config, target: Target | None = None) -> Report:
    """Judge a loaded config, on `target` when one is named."""
    meant = realise(config, target) if target is not None else config
    case = Case(
        values=meant.axolotl,
        section=config.section,
        target=target,
        output_record=_record_in(config.axolotl.get("output_dir")),
        max_positions=_max_positions(config.axolotl.get("base_model")),
        has_wandb_key=has_wandb_key(),
    )
    report = Report(config)
    for rule in contradictions(case):
        report.remarks.append(Remark(rule.severity, rule.id, str(config.at(rule.key)), rule.key, rule.why, rule.mend))
    for name in missing_secrets(config.axolotl):
        why = f"the environment does not hold {name}"
        report.remarks.append(Remark("warning", "secret-missing", str(config.path), name, why, f"{name}=… in .env"))
    return report


def require(config: Config, target: Target | None = None) -> Report:
    """Judge a config and refuse it when anything is wrong.

    Raises:
        ConfigError: The errors, all at once.
    """
    report = judge(config, target)
    if report.errors:
        lines = [f"{one.place}: {one.key}: {one.why} [{one.id}]" for one in report.errors]
        raise ConfigError("\n".join(lines), hint="mend: " + "; ".join(one.mend for one in report.errors))
    return report


def _record_in(folder: Any) -> Mapping[str, Any]:
    return _json_in(folder, "provenance.json")


def _max_positions(base_model: Any) -> int | None:
    found = _json_in(base_model, "config.json").get("max_position_embeddings")
    return found if isinstance(found, int) else None


def _json_in(folder: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(folder, str):
        return {}
    try:
        loaded = json.loads((Path(folder) / name).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
