"""Writes what the installed Axolotl knows to `config/schemas/<version>.json`: keys, plugins, row types, defaults.

Axolotl silently drops a key that it does not know, and importing its schema takes 4 to 12 s. These copies, one
a version, keep our own start light; a contract test compares the one of the installed version with it. Run
`make schema` after installing another version (docs/axolotl-versions.md).

A kind is `null`, `any`, `dict` (any keys below), `bool`, `int`, `float`, `str`, `{"choices": [...]}`,
`{"list": [kinds]}` or `{"model": name}`. Not covered: bounds, and what Axolotl's validators check across keys.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from enum import Enum
from importlib.metadata import metadata, version
from pathlib import Path
from typing import Any, Union

from pydantic import AliasChoices, BaseModel

from cli_tuner.backends.axolotl_plugins import plugin_args
from cli_tuner.backends.axolotl_rows import row_types
from cli_tuner.files import write_text

SCHEMAS = Path(__file__).parent.parent / "config" / "schemas"
_SCALARS = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null", dict: "dict", Any: "any"}
_OUR_SCHEDULERS = ("one_cycle", "rex")  # axolotl.core.trainers.mixins.scheduler adds these to those of transformers


def axolotl_keys() -> dict[str, object]:
    """Walk the installed Axolotl.

    Returns:
        `{"axolotl": version, "python": [major, minor] that it needs at least, "root": model,
        "models": {model: {key: [kinds]}}, "plugins": {plugin: model or None}, "rows": {method: {module: [functions]}},
        "defaults": {key: value}, "closed": [traps of earlier versions that this one does not have]}`.
    """
    from axolotl.utils.schemas.config import AxolotlInputConfig

    models: dict[str, dict[str, list[Any]]] = {}
    _walk(AxolotlInputConfig, models)
    root = AxolotlInputConfig.__name__
    models[root]["optimizer"] = [{"choices": _optimizers()}, "null"]
    models[root]["lr_scheduler"] = [{"choices": _schedulers()}, "null"]
    plugins = {name: _walked(args, models) for name, args in plugin_args().items()}
    return {
        "axolotl": version("axolotl"), "python": _python(), "root": root, "models": models, "plugins": plugins,
        "rows": row_types(), "defaults": _defaults(AxolotlInputConfig), "closed": sorted(_closed()),
    }  # fmt: skip


def schema_file(release: str) -> Path:
    """Return where the copy of a release such as `0.21.0` is kept: `0.21.json`."""
    return SCHEMAS / f"{'.'.join(release.split('.')[:2])}.json"


def _python() -> list[int]:
    lowest = re.search(r">=\s*(\d+)\.(\d+)", metadata("axolotl")["Requires-Python"] or "")
    return [int(part) for part in lowest.groups()] if lowest else [3, 10]


def _closed() -> typing.Iterator[str]:
    """Yield the names of traps that this version has closed, each asked of the code that closes it."""
    import axolotl.train

    if hasattr(axolotl.train, "seed_model_initialization"):
        yield "adapter-unseeded"
    if _trackio_works():
        yield "trackio-broken"


def _trackio_works() -> bool:
    """Ask whether trackio takes what transformers passes; without it (`make setup FULL=1`), what is known stays."""
    from transformers.integrations.integration_utils import TrackioCallback

    try:
        import trackio
    except ImportError:
        known = schema_file(version("axolotl"))
        return bool(known.is_file() and "trackio-broken" in json.loads(known.read_text("utf-8"))["closed"])
    passes = re.findall(r"(\w+)=", inspect.getsource(TrackioCallback.setup).partition("trackio.init(")[2])
    return "bucket_id" not in passes or "bucket_id" in inspect.signature(trackio.init).parameters


def _walked(args: type[BaseModel] | None, models: dict[str, dict[str, list[Any]]]) -> str | None:
    if args is None:
        return None
    _walk(args, models)
    return args.__name__


def _optimizers() -> list[str]:
    """Return every name that Axolotl's `optimizer: str | CustomSupportedOptimizers` leads to in the end."""
    from axolotl.utils.schemas.enums import CustomSupportedOptimizers
    from transformers.training_args import OptimizerNames

    return sorted({one.value for one in (*OptimizerNames, *CustomSupportedOptimizers)})


def _schedulers() -> list[str]:
    from transformers.trainer_utils import SchedulerType

    return sorted({*(one.value for one in SchedulerType), *_OUR_SCHEDULERS})


def _defaults(model: type[BaseModel]) -> dict[str, object]:
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
    """Write the copy of the installed version, one key a line so that a change of version reads well in a diff."""
    keys = axolotl_keys()
    write_text(schema_file(str(keys["axolotl"])), json.dumps(keys, sort_keys=True, indent=0) + "\n")


if __name__ == "__main__":
    main()
