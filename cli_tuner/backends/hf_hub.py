"""The model hub: fetches a base model's files, and uploads a release so that a broken upload goes on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli_tuner.errors import CheckpointError, DataError, PrerequisiteError
from cli_tuner.files import sha256_file

_MODEL_FILES = ("*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "LICENSE*", "NOTICE*")


def base_folder(name: str, revision: str | None = None) -> Path:
    """Return the folder of a base model: itself, or its files of the hub (safetensors only, never code).

    Args:
        name: Folder or hub id.
        revision: The commit that an adapter was trained on; None for the newest.

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
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(_MODEL_FILES)))
    except GatedRepoError as error:
        raise PrerequisiteError(f"{name}: the hub asks for a login", hint="set HF_TOKEN in .env") from error
    except RepositoryNotFoundError as error:
        raise DataError(f"{name}: the hub knows no such model", hint="check the id in adapter_config.json") from error
    except OSError as error:
        raise PrerequisiteError(f"{name}: the hub cannot be reached: {error}", hint="download it first") from error


_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def card_fault(card: str) -> str:
    """Return why the hub would not take a model card, or an empty string; asks the hub's own classes, offline.

    Covered: YAML, the types of the metadata and `model-index`, as `huggingface_hub.ModelCard` reads them, and ids that
    must look like ids. Not covered: whether an id exists, which the hub is asked when the card is uploaded.
    """
    from huggingface_hub import ModelCard
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    if not card.startswith("---\n"):
        return "has no metadata"
    try:
        found = ModelCard(card, ignore_metadata_errors=False)
        data = found.data.to_dict()
        bases = data.get("base_model") or []
        for name in bases if isinstance(bases, list) else [bases]:
            validate_repo_id(name)
    except (ValueError, TypeError, KeyError, AttributeError, HFValidationError) as error:
        return f"is not a model card: {error}"
    if "model-index" in _front_matter(card) and not found.data.eval_results:
        return "has a model-index that the hub does not read"
    return ""


def _front_matter(card: str) -> Mapping[str, Any]:
    import yaml

    loaded = yaml.safe_load(card.split("---\n", 2)[1])
    return loaded if isinstance(loaded, dict) else {}


def check_repo(name: str) -> None:
    """Refuse a repository name that the hub would not take.

    Raises:
        DataError: It is not `owner/name`.
    """
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise DataError(f"{name}: {error}", hint="--repo owner/name") from error
    if not _REPO.fullmatch(name):
        raise DataError(f"{name}: is not owner/name", hint="--repo owner/name")


def upload(folder: Path, repo: str, *, private: bool, message: str) -> dict[str, object]:
    """Upload a folder as one commit; what an earlier, broken attempt uploaded is not sent again.

    NOTE: huggingface_hub 1.33 sends `upload_folder` in several commits where hf_xet is installed, and waits without end
    for a hub that does not speak Xet. One commit by git-lfs is what every hub knows: all of the release, or nothing.

    Returns:
        `{"repo", "url", "commit", "private", "files"}`, after comparing the digest of every file on the hub.

    Raises:
        PrerequisiteError: No login, no right to write, or the hub cannot be reached.
        CheckpointError: The hub holds other bytes than were sent.
    """
    import httpx
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    constants.HF_HUB_DISABLE_XET = True
    api = HfApi()  # HF_ENDPOINT names another hub, HF_TOKEN who asks
    try:
        api.whoami()
        api.create_repo(repo, private=private, exist_ok=True)
        commit = api.create_commit(repo_id=repo, operations=_additions(folder), commit_message=message)
        info = api.model_info(repo, revision=commit.oid, files_metadata=True)
    except LocalTokenNotFoundError as error:
        raise PrerequisiteError("no login at the hub", hint="set HF_TOKEN in .env, or `hf auth login`") from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        hint = (
            "is HF_TOKEN one that may write there?"
            if status in (401, 403)
            else "run the same command again: it goes on"
        )
        raise PrerequisiteError(f"the hub refuses: {status}: {_in_short(error)}", hint=hint) from error
    except (OSError, httpx.HTTPError, RuntimeError) as error:
        raise PrerequisiteError(
            f"the upload broke off: {_in_short(error)}", hint="run the same command again: it goes on where it was"
        ) from error
    except ValueError as error:  # what huggingface_hub raises when the hub does not take a README
        raise CheckpointError(f"the hub does not take the release: {_in_short(error)}", hint="fix its card") from error
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    wrong = _wrong(info.siblings or [], files)
    if wrong:
        raise CheckpointError(
            f"{repo}: the hub holds other bytes: {', '.join(wrong)}", hint="run the same command again"
        )
    return {
        "repo": repo,
        "url": commit.commit_url,
        "commit": commit.oid,
        "private": bool(info.private),
        "files": len(files),
    }


def _additions(folder: Path) -> list[Any]:
    from huggingface_hub import CommitOperationAdd

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [CommitOperationAdd(path.relative_to(folder).as_posix(), path) for path in files]


def _in_short(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return " ".join(lines[:3]) or type(cause).__name__


def _wrong(siblings: list[Any], files: Mapping[str, Path]) -> list[str]:
    """Name the files that the hub does not hold as they are here: by SHA-256 (large files) or git blob id."""
    there = {one.rfilename: one for one in siblings}
    wrong = []
    for name, path in files.items():
        remote = there.get(name)
        lfs = getattr(remote, "lfs", None)
        here = sha256_file(path) if lfs else _blob_id(path)
        if remote is None or here != (lfs["sha256"] if lfs else remote.blob_id):
            wrong.append(name)
    return sorted(wrong)


def _blob_id(path: Path) -> str:
    """Return git's id of a file: the SHA-1 of `blob SIZE`, a zero byte and the content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
