"""The policy file, read strictly: pydantic models, every fault at once, and no pattern that can match nothing."""

from __future__ import annotations

import difflib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cli_tuner.errors import SafetyError
from cli_tuner.safety.policy import Pattern, Policy
from cli_tuner.safety.rules.table import BY_ID, CATEGORIES
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.evaluate import evaluate
from cli_tuner.shell.globs import glob_matches
from cli_tuner.shell.patterns import late

_GROUP = late(r"[!@?+*]\(")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


def _known(rule_id: str) -> str:
    if rule_id not in BY_ID:
        raise ValueError("no such rule")
    return rule_id


Severities = dict[Annotated[str, AfterValidator(_known)], Level]


class Profile(_Strict):
    """What one profile judges."""

    description: str = ""
    """For people."""
    families_off: list[str] = []
    """Families of rules that are not judged."""
    severities: Severities = {}
    """Severities that differ from the rule table: rule id, level."""
    review_is_dangerous: bool = False
    """Whether what needs a review is refused."""

    @field_validator("families_off")
    @classmethod
    def _families(cls, names: list[str]) -> list[str]:
        unknown = [name for name in names if name not in CATEGORIES]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: no such family; there are: {', '.join(CATEGORIES)}")
        return names


class Entry(_Strict):
    """A glob over one effective invocation."""

    pattern: str
    """The glob, as `check --explain` writes what would run."""
    reason: Annotated[str, Field(pattern=r"\S")]
    """Why it is there."""
    expires: date | None = None
    """Its last day."""
    unless: str = ""
    """A glob over what it leaves out."""
    except_hosts: list[str] = []
    """It leaves out what names these hosts and no other."""

    @field_validator("pattern")
    @classmethod
    def _names_a_program(cls, pattern: str) -> str:
        if not pattern.strip("* "):
            raise ValueError("expected a glob that names a program")
        return _can_match(pattern)

    @field_validator("unless")
    @classmethod
    def _leaves_something_out(cls, unless: str) -> str:
        return _can_match(unless) if unless else unless

    @model_validator(mode="after")
    def _fits_its_pattern(self) -> Entry:
        if self.unless and not glob_matches(_sample(self.unless), self.pattern):
            raise ValueError(f"unless: `{self.unless}` leaves nothing out of `{self.pattern}`")
        return self

    def built(self) -> Pattern:
        """Return what the analyser uses."""
        return Pattern(self.pattern, self.reason, self.expires, self.unless, tuple(self.except_hosts))


class Allowance(Entry):
    """An entry of `allow`: it needs a last day."""

    expires: date


class PolicyFile(_Strict):
    """A policy file, such as configs/safety.yaml."""

    version: Literal[1]
    profiles: dict[str, Profile | None]
    severities: Severities = {}
    """Severities that differ from the rule table, for every profile."""
    allow: list[Allowance] = []
    """Effective invocations that are fine."""
    deny: list[Entry] = []
    """Effective invocations that are never fine."""
    protected_paths: list[Annotated[str, Field(pattern=r"^/")]] = []
    """Folders that count as files the system needs."""

    def policy(self, name: str) -> Policy:
        """Return one profile as the analyser uses it."""
        profile = self.profiles[name] or Profile()
        return Policy(
            profile=name,
            off=frozenset(profile.families_off),
            levels={**self.severities, **profile.severities},
            allow=tuple(each.built() for each in self.allow),
            deny=tuple(each.built() for each in self.deny),
            protected_paths=tuple(path.rstrip("/") or "/" for path in self.protected_paths),
            review_is_dangerous=profile.review_is_dangerous,
        )


def _sample(glob: str) -> str:
    """Return a text that the glob matches, if it matches any."""
    text = glob.replace("*", "x").replace("?", "x")
    while "[" in text and "]" in text[text.index("[") :]:
        start = text.index("[")
        end = text.index("]", start)
        text = text[:start] + (text[start + 1 : end].lstrip("!")[:1] or "x") + text[end + 1 :]
    return text


def _can_match(glob: str) -> str:
    """Refuse a glob that no effective invocation can match: what it says would run is written another way."""
    if _GROUP.search(glob):
        raise ValueError(f"`{glob}` can match nothing: there are no !(…) groups; name what to leave out in `unless`")
    shown = [each.shown() for each in evaluate(_sample(glob)).invocations]
    if any(glob_matches(text, glob) for text in shown):
        return glob
    told = f"; what would run is written `{shown[0]}`" if shown else ""
    raise ValueError(f"`{glob}` can match nothing{told}: one invocation, without quotes, `~`, `|` and `!(…)`")


def read(path: Path, profile: str) -> Policy:
    """Return a profile of the policy file.

    Raises:
        SafetyError: The file is missing or malformed, or the profile is not in it; all faults are told at once.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SafetyError(
            f"{path}: no such policy file", hint="configs/safety.yaml is the one that comes with the project"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SafetyError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(document, dict):
        raise SafetyError(
            f"{path}: expected keys and values, found {type(document).__name__}",
            hint=f"keys: {', '.join(sorted(PolicyFile.model_fields))}",
        )
    faults: list[str] = []
    try:
        found = PolicyFile.model_validate(document)
    except ValidationError as error:
        faults = [_told(each) for each in error.errors()]
    else:
        if profile in found.profiles:
            return found.policy(profile)
        faults = [f"profiles: no profile named {profile!r}; there are: {', '.join(found.profiles) or 'none'}"]
    lines = "\n".join(faults)
    raise SafetyError(
        f"{path}: {len(faults)} fault(s) in the safety policy\n{lines}", hint="see docs/safety.md, the policy file"
    )


def _told(error: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    place = place.removesuffix(".[key]")
    if error["type"] == "enum":
        return f"{place}: {error['input']!r} is not SAFE, REVIEW or DANGEROUS"
    if error["type"] == "extra_forbidden":
        known = {name for model in (PolicyFile, Profile, Entry) for name in model.model_fields}
        near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
        return f"{place}: not a key" + (f"; did you mean {near[0]}?" if near else "")
    if error["loc"][-1] == "reason" and error["type"] in ("missing", "string_pattern_mismatch"):
        return f"{place}: say why"
    if error["loc"][-1] == "expires":
        return f"{place}: expected a day, such as 2027-01-31"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
