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
from cli_tuner.config.load import Config, read
from cli_tuner.config.predicates import Case
from cli_tuner.config.realise import realise
from cli_tuner.config.secrets import missing_secrets
from cli_tuner.config.targets import Target
from cli_tuner.errors import ConfigError

_PATHS = ("base_model", "output_dir", "resume_from_checkpoint", "lora_model_dir", "deepspeed")


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
    """The result of one check.

    Attributes:
        config: What was checked, without what is in `faults`.
        remarks: What it says against itself and against the machine.
        faults: Wrong names, kinds, secrets and YAML, each with its place.
    """

    config: Config
    remarks: list[Remark] = field(default_factory=list)
    faults: tuple[str, ...] = ()

    @property
    def errors(self) -> list[Remark]:
        """What makes the config wrong."""
        return [remark for remark in self.remarks if remark.severity == "error"]

    @property
    def warnings(self) -> list[Remark]:
        """What is legal and probably not meant."""
        return [remark for remark in self.remarks if remark.severity == "warning"]


def check(
    path: Path, overrides: Sequence[str] = (), target: Target | None = None, axolotl: str | None = None
) -> Report:
    """Load a config and judge it; names and kinds that are wrong do not hide what the rest says against itself.

    Raises:
        ConfigError: The file cannot be read as a YAML mapping at all.
    """
    draft = read(path, overrides, axolotl)
    report = judge(draft.config, target, draft.unreadable) if draft.whole else Report(draft.config)
    report.faults = draft.faults
    return report


def judge(config: Config, target: Target | None = None, unreadable: frozenset[str] = frozenset()) -> Report:
    """Judge a loaded config, on `target` when one is named; rules that look at an `unreadable` key are left out."""
    meant = realise(config, target) if target is not None else config
    case = Case(
        values=meant.axolotl,
        section=config.section,
        target=target,
        output_record=_json_in(config.axolotl.get("output_dir"), "provenance.json"),
        base_config=_json_in(config.axolotl.get("base_model"), "config.json"),
        paths={key: _found(config.axolotl[key]) for key in _PATHS if config.axolotl.get(key)},
        has_wandb_key=has_wandb_key(),
        unreadable=unreadable,
        release=config.version.release,
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


def _found(path: Any) -> str:
    try:
        return "folder" if Path(str(path)).is_dir() else "file" if Path(str(path)).exists() else "nothing"
    except (OSError, ValueError):  # too long, or a NUL
        return "nothing"


def _json_in(folder: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(folder, str):
        return {}
    try:
        loaded = json.loads((Path(folder) / name).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
