"""Everything that can be said of a config without loading data or weights, in one report.

`check` adds to `load` what the config says against itself and against the machine it is meant for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cli_tuner.config.architecture import architecture, missed_targets, snapshot
from cli_tuner.config.contradictions import Rule, contradictions
from cli_tuner.config.deep import NOT_ASKED, Answer, Question, place
from cli_tuner.config.environment import has_wandb_key
from cli_tuner.config.faults import ALLOWABLE, Fault
from cli_tuner.config.load import Config, read
from cli_tuner.config.models import known_config
from cli_tuner.config.predicates import Case
from cli_tuner.config.realise import realise
from cli_tuner.config.secrets import missing_secrets
from cli_tuner.config.targets import Target
from cli_tuner.errors import ConfigError

_PATHS = ("base_model", "output_dir", "resume_from_checkpoint", "lora_model_dir", "deepspeed")


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a config says against itself, the machine or our policy.

    Attributes:
        severity: `error` or `warning`.
        id: The rule.
        place: `file:line` or `--set`.
        key: The dotted path that is pointed at.
        why: What happens if it is left so.
        fix: What to write instead; empty where nothing need be.
        policy: Whether it is ours to forbid, and can be allowed by `cli_tuner.allow`.
    """

    severity: str
    id: str
    place: str
    key: str
    why: str
    fix: str
    policy: bool = False

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.place}: {key}{self.why}{f'; fix: {self.fix}' if self.fix else ''} [{self.id}]"

    def as_json(self) -> dict[str, object]:
        """Return it as `{"rule", "path", "file", "line", "message", "fix", "policy"}`."""
        file, _, line = self.place.rpartition(":")
        has_line = line.isdigit()
        return {
            "rule": self.id, "path": self.key, "file": file if has_line else self.place,
            "line": int(line) if has_line else None, "message": self.why, "fix": self.fix, "policy": self.policy,
        }  # fmt: skip


@dataclass(slots=True)
class Report:
    """The result of one check.

    Attributes:
        config: What was checked, without what is in `faults`.
        remarks: What it says against itself and against the machine.
        faults: Wrong names, kinds, row types, secrets and YAML, each with its place.
    """

    config: Config
    remarks: list[Remark] = field(default_factory=list)
    faults: tuple[Fault, ...] = ()

    @property
    def errors(self) -> list[Remark]:
        """What makes the config wrong."""
        return [remark for remark in self.remarks if remark.severity == "error"]

    @property
    def warnings(self) -> list[Remark]:
        """What is legal and probably not meant."""
        return [remark for remark in self.remarks if remark.severity == "warning"]

    @property
    def ok(self) -> bool:
        """Whether a training may begin."""
        return not (self.faults or self.errors)

    def as_json(self) -> dict[str, object]:
        """Return the report as one document: what refuses the config, and what is only remarked."""
        written = [
            {"rule": one.rule, "path": one.path, "file": one.origin.file, "line": one.origin.line or None,
             "message": one.message, "policy": one.policy,
             "fix": f"what the message names; or cli_tuner.allow: [{one.rule}:{one.path}]" if one.policy else ""}
            for one in self.faults
        ]  # fmt: skip
        return {
            "ok": self.ok, "axolotl": str(self.config.version).removeprefix("Axolotl "),
            "faults": [*written, *(one.as_json() for one in self.errors)],
            "remarks": [one.as_json() for one in self.warnings],
        }  # fmt: skip


def check(
    path: Path,
    overrides: Sequence[str] = (),
    target: Target | None = None,
    axolotl: str | None = None,
    *,
    deep: bool = False,
) -> Report:
    """Load a config and judge it; names and kinds that are wrong do not hide what the rest says against itself.

    Args:
        path: A YAML file.
        overrides: `--set` flags.
        target: The machine that is meant.
        axolotl: The version to judge by; None takes the installed one.
        deep: Whether to ask Axolotl with all that it imports, instead of its validators alone.

    Raises:
        ConfigError: The file cannot be read as a YAML mapping at all.
    """
    draft = read(path, overrides, axolotl)
    if not draft.whole:
        return Report(draft.config, faults=draft.faults)
    asked = Question(draft.config, draft.raw, target, deep=deep)  # answers while the rest is judged
    report = judge(draft.config, target, draft.unreadable, asked_axolotl=asked.is_asked, elsewhere=True)
    answer = asked.answer()
    foreign = [one for one in draft.notes if one.rule == "foreign-key"]
    refused = [replace(one, rule="unknown-key") for one in foreign if one.path not in answer.plugin_keys]
    faults = (_ours_alone(one, answer, draft.raw) for one in (*draft.faults, *refused))
    report.faults = tuple(sorted(faults, key=lambda fault: fault.order))
    notes = [one for one in draft.notes if one not in foreign]
    report.remarks[:0] = [Remark("warning", one.rule, str(one.origin), one.path, one.message, "") for one in notes]
    report.remarks += _answered(answer, report, draft.raw)
    if deep:
        report.remarks += _targets(draft.config)
    return report


def judge(
    config: Config,
    target: Target | None = None,
    unreadable: frozenset[str] = frozenset(),
    *,
    asked_axolotl: bool = False,
    elsewhere: bool = False,
) -> Report:
    """Judge a loaded config, on `target` when one is named.

    Args:
        config: The config.
        target: The machine that is meant.
        unreadable: Keys whose values are wrong; rules that look at one of them are left out.
        asked_axolotl: Whether Axolotl itself is asked beside: then the rules that repeat its own are left out.
        elsewhere: Whether the config may be meant for another machine: then what is not here is only remarked.
    """
    meant = realise(config, target) if target is not None else config
    case = Case(
        values=meant.axolotl,
        section=config.section,
        target=target,
        output_record=_json_in(config.axolotl.get("output_dir"), "provenance.json"),
        base_config=_json_in(config.axolotl.get("base_model"), "config.json"),
        known_base=known_config(str(config.axolotl.get("base_model"))) or {},
        paths={key: _found(config.axolotl[key]) for key in _PATHS if config.axolotl.get(key)},
        has_wandb_key=has_wandb_key(),
        unreadable=unreadable,
        release=config.version.release,
    )
    report = Report(config)
    for rule in contradictions(case):
        if not (asked_axolotl and rule.axolotls_own):
            remark = _remark(rule, config)
            softer = elsewhere and rule.of_this_machine
            report.remarks.append(replace(remark, severity="warning") if softer else remark)
    for name in missing_secrets(config.axolotl):
        why = f"the environment does not hold {name}"
        report.remarks.append(Remark("warning", "secret-missing", str(config.path), name, why, f"{name}=… in .env"))
    return report


def _remark(rule: Rule, config: Config) -> Remark:
    """Return what a rule says of this config; a policy that the config allows by name is only remarked."""
    allowed = rule.policy and rule.id in (config.section.allow or [])
    severity = "warning" if allowed else rule.severity
    why = f"{rule.why} (allowed by cli_tuner.allow)" if allowed else rule.why
    fix = rule.fix + (f"; or cli_tuner.allow: [{rule.id}]" if rule.policy and not allowed else "")
    return Remark(severity, rule.id, str(config.at(rule.key)), rule.key, why, fix, rule.policy)


def _ours_alone(fault: Fault, answer: Answer, raw: Mapping[str, Any]) -> Fault:
    """Return a fault that Axolotl does not share as the policy that it is; it drops an unknown key in any case."""
    theirs = {_top(place(text, raw)[0]) for text in answer.faults}
    asked = not answer.unknown and _top(fault.path) not in NOT_ASKED
    taken = fault.rule == "unknown-key" or (asked and _top(fault.path) not in theirs)
    return replace(fault, policy=fault.rule in ALLOWABLE and taken)


def _top(path: str) -> str:
    return re.split(r"[.\[]", path)[0]


def _answered(answer: Answer, report: Report, raw: Mapping[str, Any]) -> Iterator[Remark]:
    """Yield what Axolotl itself says, but for what was found at the same path before."""
    config, known = report.config, {fault.path for fault in report.faults if not fault.policy}
    for text in answer.faults:
        path, _ = place(text, raw)
        if path not in known:
            yield Remark("error", "axolotl", str(config.at(path)), path, text, "")
    for text in answer.warnings:
        path, _ = place(text, raw)
        yield Remark("warning", "axolotl", str(config.at(path)), path, text, "")
    if answer.unknown:
        why = f"Axolotl's own rules across keys were not asked: {answer.unknown}"
        yield Remark(
            "warning", "axolotl-not-asked", str(config.path), "", why, "config check --deep, where it is installed"
        )


def _targets(config: Config) -> Iterator[Remark]:
    """Yield what the modules of the base model, where it is here, say of the names in `lora_target_modules`."""
    folder, named = snapshot(str(config.axolotl.get("base_model"))), config.axolotl.get("lora_target_modules")
    if not named or named in ("all-linear", "all_linear") or folder is None or not (folder / "config.json").is_file():
        return
    found = architecture(folder)
    where = str(config.at("lora_target_modules"))
    if "error" in found:
        why = f"the modules of {folder} could not be listed: {found['error']}"
        yield Remark("warning", "targets-not-checked", where, "lora_target_modules", why, "")
    elif missed := missed_targets(named, found["modules"]):
        names = ", ".join(sorted({path.rpartition(".")[2] for path in found["modules"]}))
        why = f"no module of {folder} is named {', '.join(missed)}"
        yield Remark("error", "unknown-targets", where, "lora_target_modules", why, f"of {names}")


def require(config: Config, target: Target | None = None) -> Report:
    """Judge a config and refuse it when anything is wrong, by our rules and by Axolotl's own.

    Raises:
        ConfigError: The errors, all at once.
    """
    asked = Question(config, config.axolotl, target)
    report = judge(config, target, asked_axolotl=asked.is_asked)
    report.remarks += _answered(asked.answer(), report, config.axolotl)
    if report.errors:
        lines = [f"{one.place}: {one.key}: {one.why} [{one.id}]" for one in report.errors]
        hints = dict.fromkeys(one.fix for one in report.errors if one.fix)
        raise ConfigError(
            "\n".join(lines), hint="fix: " + "; ".join(hints) if hints else "see Axolotl's own words above"
        )
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
