"""What a model must show before it is shipped: the policy of `cli-tuner ship`, such as configs/ship.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cli_tuner.errors import ConfigError


class ShipPolicy(BaseModel):
    """Every key has a default; what is switched off is told as such."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    signed: bool = False
    """Whether the records of the run must be signed by the key that is asked for."""
    suites: tuple[str, ...] = ("domain", "safety")
    """Suites that the model must have been evaluated on."""
    more_is_better: tuple[str, ...] = ("exact_match", "canonical_match", "syntax_valid_rate", "safe_rate")
    """Metrics that may not be lower than the base's, or the last release's, beyond chance (95 % interval)."""
    less_is_better: tuple[str, ...] = ("dangerous_rate", "over_refusal_rate")
    """Metrics that may not be higher."""
    against_last_release: bool = True
    """Whether it is also compared with the last release, on the prompts that both answered."""
    general: Literal["when_there", "required", "off"] = "when_there"
    """Whether general tasks may not be worse than the base's beyond chance."""
    leak_free: bool = True
    """Whether no prompt may be in the training data, and no pair of rows in two splits."""
    licences: tuple[str, ...] = (
        "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "CC0-1.0", "CC-BY-4.0", "Unlicense", "0BSD",
    )  # fmt: skip
    """SPDX ids of data and base that this release is compatible with; letter case aside."""
    base_licence: str | None = None
    """Licence of the base model where its own files do not name it."""


def load_policy(path: Path | None) -> ShipPolicy:
    """Read a policy; the defaults without a file.

    Raises:
        ConfigError: The file is missing, is not YAML, or holds keys or values that are none; all of them at once.
    """
    if path is None:
        return ShipPolicy()
    try:
        return ShipPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}", hint="--policy FILE") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {error}", hint="see configs/ship.yaml") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc'])) or 'policy'}: {one['msg']}" for one in error.errors()]
        raise ConfigError("\n".join([f"{path}: is no policy:", *lines]), hint="see configs/ship.yaml") from error
