"""What Axolotl has to be told about the chat template, as `prepare` found and recorded it for the very rows.

A key that the config sets itself stands. Without a record nothing is added.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cli_tuner.config.load import Config
from cli_tuner.errors import ConfigError, DataError
from cli_tuner.files import read_json


def with_style(config: Config) -> Config:
    """Add the template's arguments and the token that ends a turn, where it is not the tokenizer's own end token.

    Raises:
        ConfigError: The config sets another end of turn than the rows were made for.
    """
    style = _recorded(config)
    wanted: dict[str, object] = {}
    if style.get("own_end"):
        wanted["eot_tokens"] = [style["end_token"]]
    if style.get("arguments"):
        wanted["chat_template_kwargs"] = style["arguments"]
    if (given := config.axolotl.get("eot_tokens")) and wanted.get("eot_tokens", given) != given:
        raise ConfigError(
            f"{config.at('eot_tokens')}: eot_tokens {given}, but the rows end their turns with {style['end_token']}",
            hint="remove the key, or prepare the rows again for this model",
        )
    return replace(config, axolotl={**wanted, **config.axolotl})


def _recorded(config: Config) -> dict[str, object]:
    name = config.section.data_provenance
    try:
        record = read_json(Path(name)) if name else {}
    except DataError:
        return {}
    return dict((record.get("tokenizer") or {}).get("style") or {})
