"""What a training reads and needs, checked before anything is paid for.

Covered: row files exist, hold rows and hold messages; a local base model is there, in safetensors, without
remote code; the output folder is one that a training may replace; the machine can do the precision that is
asked for. Not covered: whether a model on the hub exists (that needs a network).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli_tuner.config.load import Config
from cli_tuner.errors import CheckpointError, ConfigError, DataError, PrerequisiteError
from cli_tuner.files import sha256_file, sha256_text

_TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "vocab.json",
    "merges.txt", "added_tokens.json",
)  # fmt: skip
_OUTPUT_SIGNS = ("*.safetensors", "adapter_config.json", "checkpoint-*", "provenance.json", "debug.log")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


def row_files(config: Config) -> list[Path]:
    """Return the local row files that the config names, training first."""
    return [Path(path) for path in data_paths(config) if path.endswith((".jsonl", ".json", ".parquet", ".csv"))]


def data_paths(config: Config) -> Iterator[str]:
    """Yield every path or hub id of rows that the config names."""
    for entry in _entries(config):
        path = entry.get("path")
        if isinstance(path, str):
            yield path


def _entries(config: Config) -> Iterator[dict[str, object]]:
    for key in ("datasets", "test_datasets"):
        listed = config.axolotl.get(key) or []
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise ConfigError(
                f"{config.origins.get(key, config.path)}: `{key}:` is a list of mappings, each with a `path:`",
                hint="see configs/smoke.yaml",
            )
        yield from listed


def check_rows(config: Config) -> str:
    """Check every row file; return one digest of them all.

    Raises:
        ConfigError: The config names no training rows.
        DataError: A file is missing, empty, malformed, or its rows lack what the config says they hold.
    """
    if not config.axolotl.get("datasets") and not config.axolotl.get("pretraining_dataset"):
        raise ConfigError(f"{config.path}: `datasets:` names no training rows", hint="see configs/smoke.yaml")
    lines = []
    for path in row_files(config):
        if not path.is_file():
            raise DataError(f"{path}: no such file (named in {config.path})", hint=_where_rows_are(config, path))
        if path.suffix == ".jsonl":
            _check_jsonl(path, _entry(config, path))
        lines.append(f"{sha256_file(path)}  {path.as_posix()}\n")
    return sha256_text("".join(lines))


def _where_rows_are(config: Config, path: Path) -> str:
    """Return what to do about rows that are missing: a wrong working directory is the commonest cause."""
    for folder in config.path.absolute().parents:
        if (folder / path).is_file():
            return f"paths are taken from the working directory: cd {folder} and run the same command there"
    return "run `cli-tuner prepare` first"


def _entry(config: Config, path: Path) -> dict[str, object]:
    return next(entry for entry in _entries(config) if Path(str(entry.get("path"))) == path)


def _check_jsonl(path: Path, entry: dict[str, object]) -> None:
    field = entry.get("field_messages", "messages") if entry.get("type") == "chat_template" else None
    count = number = 0
    again = "run `cli-tuner prepare` again"
    try:
        with path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, start=1):
                if not line.strip():
                    continue
                count += 1
                row = json.loads(line)
                messages = row.get(field) if isinstance(row, dict) else None
                if field and not (isinstance(messages, list) and all(isinstance(one, dict) for one in messages)):
                    raise DataError(f"{path}:{number}: no list `{field}` in this row", hint=again)
                if field and not messages:
                    raise DataError(f"{path}:{number}: `{field}` is empty in this row", hint=again)
                _check_trained_turns(f"{path}:{number}", messages if field else None, entry)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{number}: not JSON: {error.msg}", hint=again) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text somewhere after line {number}: {error.reason}", hint=again) from error
    except OSError as error:
        raise DataError(f"{path}: not readable: {error.strerror or error}", hint="check its permissions") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: not readable as JSON: {error}", hint=again) from error
    if not count:
        raise DataError(f"{path}: holds no rows", hint="run `cli-tuner prepare` again and read its report")


def _check_trained_turns(where: str, messages: Any, entry: Mapping[str, Any]) -> None:
    if entry.get("message_field_training") or not any(one.get("train") is False for one in messages or ()):
        return
    raise DataError(
        f"{where}: a turn says `train: false`, which Axolotl only reads where the recipe says so",
        hint="message_field_training: train, in this entry of datasets:",
    )


PLUGIN = "cli_tuner.backends.axolotl_plugin.CliTunerPlugin"


def with_plugin(config: Config) -> Config:
    """Return a config that names our plugin, without which nothing would guard or record the run."""
    named = list(config.axolotl.get("plugins") or [])
    return config if PLUGIN in named else replace(config, axolotl={**config.axolotl, "plugins": [PLUGIN, *named]})


def check_deepspeed(config: Config) -> None:
    """Refuse DeepSpeed settings that are not here.

    Raises:
        ConfigError: `deepspeed:` names a file that does not exist.
    """
    name = config.axolotl.get("deepspeed")
    if isinstance(name, str) and name and not Path(name).is_file():
        where = config.origins.get("deepspeed", config.path)
        raise ConfigError(f"{where}: deepspeed: {name}: no such file", hint="run `axolotl fetch deepspeed_configs`")


def check_base_model(config: Config) -> None:
    """Refuse code from the hub, and a local base model that is missing or not safetensors.

    Raises:
        ConfigError: No base model, a local folder that is not there, or remote code is asked for.
        CheckpointError: The local folder holds no safetensors.
    """
    name = config.axolotl.get("base_model")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{config.path}: `base_model:` is missing", hint="see configs/smoke.yaml")
    if config.axolotl.get("trust_remote_code") and "remote-code" not in (config.section.allow or []):
        raise ConfigError(
            f"{config.origins.get('trust_remote_code', config.path)}: trust_remote_code must stay false",
            hint="it would run code from the hub on this machine; choose a model that transformers knows",
        )
    if config.axolotl.get("save_safetensors") is False and "pickled-weights" not in (config.section.allow or []):
        raise ConfigError(
            f"{config.path}: save_safetensors must stay true", hint="pickles can run code when they are loaded"
        )
    folder = Path(name)
    if folder.is_dir():
        if not list(folder.glob("*.safetensors")):
            kind = "pickle weights only" if any(list(folder.glob(glob)) for glob in _PICKLES) else "no weights"
            raise CheckpointError(
                f"{name}: {kind}; a base model needs *.safetensors",
                hint="pickles can run code when loaded; take the safetensors of this model, or remove an empty folder",
            )
    elif name.startswith((".", "/", "models/")):
        raise ConfigError(f"{name}: no such base model folder", hint="check base_model: in the config")


def prepared_digest(config: Config, rows_digest: str) -> str:
    """Return one digest of all that tokenised rows depend on: the rows, and a local base model's tokenizer.

    Axolotl's own key of its tokenised rows knows the tokenizer by its path alone
    (`axolotl.utils.data.shared.generate_dataset_hash_from_config`), so another vocabulary or chat template in the
    same folder would be trained with the old tokens.
    """
    folder = Path(str(config.axolotl.get("tokenizer_config") or config.axolotl.get("base_model")))
    files = [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]
    return sha256_text("".join([rows_digest, *(f"{sha256_file(file)}  {file.name}\n" for file in files)]))


def check_output_dir(config: Config, folder: Path) -> None:
    """Refuse an output folder that no training wrote: a finished run moves what is there aside, the next removes it.

    Raises:
        ConfigError: `folder` is a file, or a folder of something else.
    """
    where = config.origins.get("output_dir", config.path)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{where}: output_dir: {folder} is a file", hint="choose another folder")
    if folder.is_dir() and any(folder.iterdir()) and not any(any(folder.glob(sign)) for sign in _OUTPUT_SIGNS):
        raise ConfigError(
            f"{where}: output_dir: {folder} holds files that no training wrote, and would be replaced",
            hint="choose an empty or a new folder, e.g. models/checkpoints/mine",
        )


def check_machine(config: Config, *, has_gpu: bool) -> None:
    """Refuse a precision or kernel that this machine does not have.

    Raises:
        PrerequisiteError: The config needs a CUDA GPU and there is none.
    """
    if has_gpu:
        return
    needs = [key for key in ("bf16", "fp16", "tf32", "bfloat16", "float16") if config.axolotl.get(key) is True]
    needs += [key for key in ("lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel") if config.axolotl.get(key)]
    if needs:
        raise PrerequisiteError(
            f"{config.path}: needs a CUDA GPU ({', '.join(needs)}), and this machine shows none",
            hint="`make smoke` trains for real on a CPU; run this config on a machine where `nvidia-smi` lists a GPU",
        )
