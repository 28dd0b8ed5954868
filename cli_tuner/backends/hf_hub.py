"""The model hub: fetches a base model's files, and uploads a release so that a broken upload goes on."""

from __future__ import annotations

from pathlib import Path

from cli_tuner.errors import DataError, PrerequisiteError

_MODEL_FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "LICENSE*", "NOTICE*")


def base_folder(name: str) -> Path:
    """Return the folder of a base model: itself, or its files of the hub (safetensors only, never code).

    Raises:
        DataError: The hub knows no such model, or it is not here and not a hub id.
        PrerequisiteError: The hub asks for a login or cannot be reached.
    """
    if Path(name).is_dir():
        return Path(name)
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise DataError(f"{name}: no such base model folder", hint="the checkpoint names it; put it back there")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(_MODEL_FILES)))
    except GatedRepoError as error:
        raise PrerequisiteError(f"{name}: the hub asks for a login", hint="set HF_TOKEN in .env") from error
    except RepositoryNotFoundError as error:
        raise DataError(f"{name}: the hub knows no such model", hint="check the id in adapter_config.json") from error
    except OSError as error:
        raise PrerequisiteError(f"{name}: the hub cannot be reached: {error}", hint="download it first") from error
