"""The rows of another trainer's config as data sets of Axolotl: by what the file says, and by the first local row.

LLaMA-Factory names its data sets in `dataset_info.json`; TRL and Unsloth name a hub id or a file. What a row is, is
read from its own keys where it is here; of a hub data set it is said to be assumed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PAIRS = (
    ("instruction", "output"), ("prompt", "completion"), ("question", "answer"), ("prompt", "response"),
    ("instruction", "response"), ("instruction", "command"),
)  # fmt: skip
_TRAIN = ("dataset", "dataset_name", "local_dataset", "train_file", "train_dataset", "data_files")
SHAREGPT = {"role": "from", "content": "value"}


def data_sets(foreign: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, list[dict[str, Any]], str]]:
    """Yield `(key, entries, where they came from)` for `datasets` and `test_datasets`."""
    own = foreign.get("datasets")
    if isinstance(own, list) and all(isinstance(one, Mapping) and "type" in one for one in own):
        yield "datasets", [_renewed(dict(one)) for one in own], "the same rows"
        return
    if own and not isinstance(own, list):
        own = [own]
    for key, names in (
        ("datasets", own or _mixed(foreign) or _first(foreign, *_TRAIN)),
        ("test_datasets", _first(foreign, "eval_dataset", "validation_file")),
    ):
        found = [_entry(one, foreign, folder, train=key == "datasets") for one in _names(names)]
        if found:
            yield key, found, "the rows of the other trainer"
    share = foreign.get("val_size") or foreign.get("val_set_size")
    if share and not _first(foreign, "eval_dataset", "validation_file"):
        yield "val_set_size", share, "was val_size"


def _renewed(entry: dict[str, Any]) -> dict[str, Any]:
    """Turn rows of Axolotl's removed `sharegpt` type into chats."""
    if str(entry.get("type")).split(".")[0].split(":")[0] != "sharegpt":
        return entry
    kept = {key: value for key, value in entry.items() if key not in ("type", "conversation")}
    field = entry.get("field_messages") or "conversations"
    return {**kept, "type": "chat_template", "field_messages": field, "message_property_mappings": SHAREGPT}


def _mixed(foreign: Mapping[str, Any]) -> list[Any]:
    """Return the parts of a mixture: TRL's `dataset_mixture`, or the handbook's `dataset_mixer` of names and shares."""
    mixture, mixer = foreign.get("dataset_mixture"), foreign.get("dataset_mixer")
    if isinstance(mixture, Mapping) and isinstance(mixture.get("datasets"), list):
        return [{**one, "name": one.get("config")} if isinstance(one, Mapping) else one for one in mixture["datasets"]]
    return list(mixer) if isinstance(mixer, Mapping) else []


def _first(foreign: Mapping[str, Any], *keys: str) -> Any:
    return next((foreign[key] for key in keys if foreign.get(key)), None)


def _names(names: Any) -> list[Any]:
    if isinstance(names, str):
        return [one.strip() for one in names.split(",") if one.strip()]
    return list(names) if isinstance(names, list) else [names] if names else []


def _entry(name: Any, foreign: Mapping[str, Any], folder: Path, *, train: bool) -> dict[str, Any]:
    if isinstance(name, Mapping):  # TRL's mixtures: {path, name, split}
        named, name = dict(name), str(name.get("path") or name.get("name") or name.get("id"))
        more = {key: named[key] for key in ("name", "split") if named.get(key)}
    else:
        name, more = str(name), {}
    listed = _listed(name, foreign, folder)
    if listed is not None:
        return listed
    file = next((one for one in (Path(name), folder / name) if one.is_file()), None)
    if file is not None:
        return {"path": str(file), "ds_type": _kind(file), **_by_row(_row(file), foreign)}
    split = foreign.get("dataset_train_split" if train else "dataset_test_split") or foreign.get("dataset_split")
    more.setdefault("split", split or ("train" if train else "test"))
    if foreign.get("dataset_config"):
        more["name"] = foreign["dataset_config"]
    return {"path": name, **more, **_by_row(None, foreign)}


def _kind(file: Path) -> str:
    return {".jsonl": "json", ".json": "json"}.get(file.suffix, file.suffix.lstrip("."))


def _listed(name: str, foreign: Mapping[str, Any], folder: Path) -> dict[str, Any] | None:
    """Look a name up in LLaMA-Factory's `dataset_info.json`."""
    where = Path(str(foreign.get("dataset_dir") or "data"))
    for place in (where, folder / where, folder):
        try:
            table = json.loads((place / "dataset_info.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(table, Mapping) and isinstance(table.get(name), Mapping):
            return _from_table(table[name], place)
    return None


def _from_table(row: Mapping[str, Any], place: Path) -> dict[str, Any]:
    columns, tags = row.get("columns") or {}, row.get("tags") or {}
    file = place / str(row.get("file_name") or "")
    where: dict[str, Any] = {"path": str(row.get("hf_hub_url") or ""), "split": row.get("split") or "train"}
    if row.get("file_name"):
        where = {"path": str(file), "ds_type": _kind(file)}
    if row.get("formatting") == "sharegpt":
        mapping = {"role": tags.get("role_tag") or "from", "content": tags.get("content_tag") or "value"}
        chats: dict[str, Any] = {"type": "chat_template", "field_messages": columns.get("messages") or "conversations"}
        return {**where, **chats, "message_property_mappings": mapping, **_roles(tags)}
    fields = {"instruction": columns.get("prompt"), "input": columns.get("query"), "output": columns.get("response")}
    if all(value in (None, key) for key, value in fields.items()):
        return {**where, "type": "alpaca"}
    return {**where, "type": _custom(fields["instruction"], fields["input"], fields["output"])}


def _roles(tags: Mapping[str, Any]) -> dict[str, Any]:
    names = {"user": tags.get("user_tag"), "assistant": tags.get("assistant_tag"), "system": tags.get("system_tag")}
    roles = {role: [tag] for role, tag in names.items() if tag}
    return {"roles": roles, "roles_to_train": ["assistant"]} if roles else {}


def _custom(instruction: Any, extra: Any, output: Any) -> dict[str, Any]:
    fields = {"field_instruction": instruction or "instruction", "field_output": output or "output"}
    shape = {"format": "{instruction}\n{input}\n", "no_input_format": "{instruction}\n"}
    return {**fields, **({"field_input": extra} if extra else {}), **shape}


def _row(file: Path) -> Mapping[str, Any] | None:
    """Return the first row of a local JSON or JSON lines file."""
    try:
        with file.open(encoding="utf-8") as handle:
            first = handle.readline() if file.suffix == ".jsonl" else handle.read(50_000_000)
        loaded = json.loads(first)
    except (OSError, ValueError):
        return None
    row = loaded[0] if isinstance(loaded, list) and loaded else loaded
    return row if isinstance(row, Mapping) else None


def _by_row(row: Mapping[str, Any] | None, foreign: Mapping[str, Any]) -> dict[str, Any]:
    """Return type and fields, by the keys of a row; of rows that are not here, chats are assumed."""
    text = foreign.get("dataset_text_field")
    if row is None:
        return (
            {"type": "completion", "field": text} if text else {"type": "chat_template", "field_messages": "messages"}
        )
    for field in ("messages", "conversations", "conversation"):
        turns = row.get(field)
        if isinstance(turns, list) and turns and isinstance(turns[0], Mapping):
            shape: dict[str, Any] = {"type": "chat_template", "field_messages": field}
            return {**shape, "message_property_mappings": SHAREGPT} if "from" in turns[0] else shape
    for prompt, answer in _PAIRS:
        if prompt in row and answer in row:
            plain = (prompt, answer) == ("instruction", "output")
            return {"type": "alpaca" if plain else _custom(prompt, row.get("input") and "input", answer)}
    return {"type": "completion", "field": text or next(iter(row), "text")}
