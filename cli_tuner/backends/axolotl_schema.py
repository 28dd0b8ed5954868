"""Writes what the installed Axolotl knows of its keys to `config/axolotl_keys.json`: names, kinds, choices, defaults.

Axolotl drops a key that it does not know without a word, and importing its schema takes 4 to 12 s. This
cached copy keeps our own start light; a contract test compares it with the installed Axolotl.
Run `make schema` after changing the pin.

A kind is `null`, `any`, `dict` (any keys below), `bool`, `int`, `float`, `str`, `{"choices": [...]}`,
`{"list": [kinds]}` or `{"model": name}`. Not covered: bounds, and what Axolotl's validators check across keys.
"""

from __future__ import annotations

import importlib
import types
import typing
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any, Union

from pydantic import AliasChoices, BaseModel

from cli_tuner.files import write_text

KEYS_FILE = Path(__file__).parent.parent / "config" / "axolotl_keys.json"
PLUGINS = (
    "axolotl.integrations.liger.LigerPlugin",
    "axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin",
)
_SCALARS = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null", dict: "dict", Any: "any"}
_OUR_SCHEDULERS = ("one_cycle", "rex")  # axolotl.core.trainers.mixins.scheduler adds these to those of transformers


def axolotl_keys() -> dict[str, Any]:
    """Walk Axolotl's input schema.

    Returns:
        `{"axolotl": version, "root": model, "models": {model: {key: [kinds]}}, "plugins": {plugin: model},
        "defaults": {key: value}}`.
    """
    from axolotl.utils.schemas.config import AxolotlInputConfig

    models: dict[str, dict[str, list[Any]]] = {}
    _walk(AxolotlInputConfig, models)
    root = AxolotlInputConfig.__name__
    models[root]["optimizer"] = [{"choices": _optimizers()}, "null"]
    models[root]["lr_scheduler"] = [{"choices": _schedulers()}, "null"]
    plugins = {name: _plugin_model(name, models) for name in PLUGINS}
    return {
        "axolotl": version("axolotl"), "root": root, "models": models, "plugins": plugins,
        "defaults": _defaults(AxolotlInputConfig),
    }  # fmt: skip


def _plugin_model(name: str, models: dict[str, dict[str, list[Any]]]) -> str:
    """Walk the keys that an Axolotl plugin adds when a config names it."""
    module, _, plugin = name.rpartition(".")
    path = getattr(importlib.import_module(module), plugin)().get_input_args()
    module, _, args = path.rpartition(".")
    model: type[BaseModel] = getattr(importlib.import_module(module), args)
    _walk(model, models)
    return model.__name__


def _optimizers() -> list[str]:
    """Return every name that Axolotl's `optimizer: str | CustomSupportedOptimizers` leads to in the end."""
    from axolotl.utils.schemas.enums import CustomSupportedOptimizers
    from transformers.training_args import OptimizerNames

    return sorted({one.value for one in (*OptimizerNames, *CustomSupportedOptimizers)})


def _schedulers() -> list[str]:
    from transformers.trainer_utils import SchedulerType

    return sorted({*(one.value for one in SchedulerType), *_OUR_SCHEDULERS})


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    plain = (bool, int, float, str)
    values = {name: field.default for name, field in model.model_fields.items()}
    return {name: value for name, value in values.items() if isinstance(value, plain) and not isinstance(value, Enum)}


def _walk(model: type[BaseModel], models: dict[str, dict[str, list[Any]]]) -> None:
    if model.__name__ in models:
        return
    keys: dict[str, list[Any]] = {}
    models[model.__name__] = keys
    for name, field in model.model_fields.items():
        kinds = _unique(_kinds(field.annotation))
        for key in (name, *_aliases(field.validation_alias), *_aliases(field.alias)):
            keys[key] = kinds
        for child in _models_in(field.annotation):
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


def _unique(kinds: typing.Iterable[Any]) -> list[Any]:
    result: list[Any] = []
    for kind in kinds:
        if kind not in result:
            result.append(kind)
    return result


def _kinds(annotation: Any) -> list[Any]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _SCALARS:
        return [_SCALARS[annotation]]
    if origin in (Union, types.UnionType):
        return [kind for argument in arguments for kind in _kinds(argument)]
    if origin is typing.Annotated:
        return _kinds(arguments[0])
    if origin is typing.Literal:
        return [{"choices": list(arguments)}]
    if annotation in (list, tuple, set) or origin in (list, tuple, set):
        inner = [kind for argument in arguments if argument is not ... for kind in _kinds(argument)]
        return [{"list": _unique(inner) or ["any"]}]
    return ["dict"] if origin is dict else _kinds_of_class(annotation)


def _kinds_of_class(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [{"model": annotation.__name__}]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        values = [one.value for one in annotation]
        # Some enums hold torch's own types, which a validator of Axolotl makes from their names.
        return [{"choices": values}] if all(isinstance(value, (str, int)) for value in values) else ["any"]
    return ["any"]


def main() -> None:
    """Write the cached copy, one key a line so that a change of version reads well in a diff."""
    import json

    write_text(KEYS_FILE, json.dumps(axolotl_keys(), sort_keys=True, indent=0) + "\n")


if __name__ == "__main__":
    main()
