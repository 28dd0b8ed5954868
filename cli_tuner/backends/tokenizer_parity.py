"""Does the class that training and inference load cut texts into the tokens that we counted and labelled?

transformers rebuilds a tokenizer's pre-tokenizer by its class, whatever `tokenizer.json` says, so the same file may
give other ids (https://github.com/huggingface/transformers/issues/45812, #45920, #48206). A difference is an error
that shows the first text; a class that cannot be loaded here is said to be unknown, never equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cli_tuner.errors import TemplateError
from cli_tuner.files import dump_json, read_json, sha256_text, write_json

_HINT = (
    "training and inference would see other tokens than were counted; set tokenizer_class in tokenizer_config.json to "
    "the class that fits its tokenizer.json, or use another version of transformers"
)


def check_parity(folder: Path, texts: Sequence[str], ids: Sequence[Sequence[int]], cache: Path) -> dict[str, Any]:
    """Compare the tokens of texts with those of transformers' own class.

    Args:
        folder: The tokenizer's.
        texts: Rendered rows.
        ids: Their tokens as we have them.
        cache: Folder of what earlier runs compared; equal files, texts and versions are not compared again.

    Returns:
        Facts for the record: the class, the number of texts, or why nothing could be compared.

    Raises:
        TemplateError: A text has other tokens; shows it.
    """
    try:
        release = version("transformers")
    except ModuleNotFoundError:
        return {"compared": 0, "why": "transformers is not installed"}
    if not _names_class(folder):
        return {"compared": 0, "why": "neither tokenizer_config.json nor config.json names a class"}
    files = {path.name: sha256_text(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json*"))
             if path.name.startswith(("tokenizer", "special_tokens", "added_tokens", "config"))}  # fmt: skip
    known = cache / f"tokens-{sha256_text(dump_json([files, release, list(texts)]))[:16]}.json"
    if known.is_file():
        return dict(read_json(known))
    found = _compared(folder, texts, ids, release)
    write_json(known, found)
    return dict(found)


def _names_class(folder: Path) -> bool:
    """Tell whether transformers can know the class, without importing it."""
    names = (("tokenizer_config.json", "tokenizer_class"), ("config.json", "model_type"))
    return any((folder / file).is_file() and read_json(folder / file).get(key) for file, key in names)


def _compared(folder: Path, texts: Sequence[str], ids: Sequence[Sequence[int]], release: str) -> Mapping[str, Any]:
    from transformers import AutoTokenizer

    try:
        theirs = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        return {"compared": 0, "why": f"transformers {release} cannot load it: {str(error).splitlines()[0][:200]}"}
    name = type(theirs).__name__
    for text, own in zip(texts, ids, strict=True):
        other = theirs(text, add_special_tokens=False)["input_ids"]
        if list(other) != list(own):
            place = next(
                (n for n, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), min(len(own), len(other))
            )
            raise TemplateError(
                f"{folder}: {name} of transformers {release} cuts a row into other tokens than its tokenizer.json, "
                f"from token {place}: {theirs.convert_ids_to_tokens(own[place : place + 4])} there, "
                f"{theirs.convert_ids_to_tokens(other[place : place + 4])} by {name}\n  {text[:400]!r}",
                hint=_HINT,
            )
    return {"compared": len(texts), "class": name, "transformers": release}
