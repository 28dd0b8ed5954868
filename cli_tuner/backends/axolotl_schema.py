"""Writes the list of keys that the installed Axolotl knows to `config/axolotl_keys.json`.

Axolotl drops a key that it does not know without a word, and importing its schema takes 7 to 12 s. This
cached copy keeps our own start light; a contract test compares it with the installed Axolotl.
Run `python -m cli_tuner.backends.axolotl_schema` after changing the pin.
"""

from __future__ import annotations

import types
import typing
from importlib.metadata import version
from pathlib import Path
from typing import Any, Union

from pydantic import AliasChoices, BaseModel

from cli_tuner.files import write_json

KEYS_FILE = Path(__file__).parent.parent / "config" / "axolotl_keys.json"


def axolotl_keys() -> dict[str, Any]:
    """Walk Axolotl's input schema.

    Returns:
        `{"axolotl": version, "root": model, "models": {model: {key: [models below it]}}}`.
        A key with no model below it takes any value.
    """
    from axolotl.utils.schemas.config import AxolotlInputConfig

    models: dict[str, dict[str, list[str]]] = {}
    _walk(AxolotlInputConfig, models)
    return {"axolotl": version("axolotl"), "root": AxolotlInputConfig.__name__, "models": models}


def _walk(model: type[BaseModel], models: dict[str, dict[str, list[str]]]) -> None:
    if model.__name__ in models:
        return
    keys: dict[str, list[str]] = {}
    models[model.__name__] = keys
    for name, field in model.model_fields.items():
        below = list(_models_in(field.annotation))
        open_ended = _takes_free_mapping(field.annotation)
        for key in (name, *_aliases(field.validation_alias), *_aliases(field.alias)):
            keys[key] = [] if open_ended else sorted({child.__name__ for child in below})
        for child in below:
            _walk(child, models)


def _aliases(alias: Any) -> list[str]:
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    return [alias] if isinstance(alias, str) else []


def _models_in(annotation: Any) -> typing.Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _takes_free_mapping(annotation: Any) -> bool:
    """Tell whether a plain dict is accepted where this annotation stands, so that any key may be below it."""
    origin = typing.get_origin(annotation)
    if annotation is dict or origin is dict:
        return True
    if origin in (Union, types.UnionType, typing.Annotated, list):
        return any(_takes_free_mapping(argument) for argument in typing.get_args(annotation))
    return False


if __name__ == "__main__":
    write_json(KEYS_FILE, axolotl_keys())
