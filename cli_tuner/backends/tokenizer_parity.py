"""Does the class that training and inference load cut texts into the tokens that we counted and labelled?

transformers rebuilds a tokenizer's pre-tokenizer by its class, whatever `tokenizer.json` says, so the same file may
give other ids (https://github.com/huggingface/transformers/issues/45812, #45920, #48206). A difference is an error
that shows the first text; a class that cannot be loaded here is said to be unknown, never equal.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from cli_tuner.backends.hf_tokenizer import HfTokenizer
from cli_tuner.errors import TemplateError
from cli_tuner.files import dump_json, read_json, sha256_text, write_json

TIMEOUT_S = 600
_UNUSED = ("torch", "torchao", "torchvision", "tensorflow", "jax")
_HINT = (
    "training and inference would see other tokens than were counted; set tokenizer_class in tokenizer_config.json to "
    "the class that fits its tokenizer.json, or use another version of transformers"
)


def compare_texts(folder: Path, texts: Sequence[str], cache: Path) -> dict[str, object]:
    """Compare as `check_parity` does, with the tokens that `tokenizer.json` itself gives."""
    ours = HfTokenizer(folder)
    return check_parity(folder, texts, [ours.encode(text) for text in texts], cache)


def require_same(folder: Path, texts: Sequence[str], theirs: Any) -> int:
    """Compare a class of transformers that is loaded in this process with its own `tokenizer.json`.

    Args:
        folder: What it was loaded from.
        texts: Rendered prompts or rows.
        theirs: The loaded tokenizer.

    Returns:
        How many texts were compared; 0 where the folder holds no `tokenizer.json`.

    Raises:
        TemplateError: A text has other tokens; shows it.
    """
    if not (folder / "tokenizer.json").is_file():
        return 0
    ours, release = HfTokenizer(folder), version("transformers")
    others = [theirs(text, add_special_tokens=False)["input_ids"] for text in texts]
    _same(
        folder,
        texts,
        [ours.encode(text) for text in texts],
        others,
        f"{type(theirs).__name__} of transformers {release}",
    )
    return len(texts)


def check_parity(folder: Path, texts: Sequence[str], ids: Sequence[Sequence[int]], cache: Path) -> dict[str, object]:
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
    answer = _ask(folder, texts)
    if "why" in answer:
        return {"compared": 0, "why": f"transformers {release} cannot load it: {answer['why']}"}
    name = answer["name"]
    _same(folder, texts, ids, answer["ids"], f"{name} of transformers {release}")
    return {"compared": len(texts), "class": name, "transformers": release}


def _same(
    folder: Path, texts: Sequence[str], ids: Sequence[Sequence[int]], others: Sequence[Sequence[int]], who: str
) -> None:
    for text, own, other in zip(texts, ids, others, strict=True):
        if list(own) != list(other):
            pairs = enumerate(zip(own, other, strict=False))
            place = next((number for number, (a, b) in pairs if a != b), min(len(own), len(other)))
            theirs, ours = list(other[place : place + 4]), list(own[place : place + 4])
            raise TemplateError(
                f"{folder}: {who} cuts a row into other tokens than its tokenizer.json: "
                f"from token {place} {ours} there, {theirs} by {who.split()[0]}\n  {text[:400]!r}",
                hint=_HINT,
            )


class _Answer(TypedDict, total=False):
    """What the other process says: the class and the tokens, or why there are none."""

    why: str
    name: str
    ids: list[list[int]]


def _ask(folder: Path, texts: Sequence[str]) -> _Answer:
    """Let a process of its own tokenise: transformers stays out of this one."""
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps([str(folder.absolute()), list(texts)]),
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
    )  # fmt: skip
    if done.returncode:
        return {"why": (done.stderr.strip().splitlines() or ["it died"])[-1][:200]}
    answer: _Answer = json.loads(done.stdout)
    return answer


def _answer() -> None:
    """Read a folder and texts from stdin, write the class and the tokens to stdout."""
    folder, texts = json.load(sys.stdin)
    # NOTE: with torch found, importing a tokenizer of transformers 5.16 takes 11 s of CPU time instead of 2.
    find_spec = importlib.util.find_spec
    importlib.util.find_spec = lambda name, package=None: None if name in _UNUSED else find_spec(name, package)
    from transformers import AutoTokenizer

    try:
        theirs = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        sys.stdout.write(json.dumps({"why": str(error).splitlines()[0][:200]}))
        return
    ids = [theirs(text, add_special_tokens=False)["input_ids"] for text in texts]
    sys.stdout.write(json.dumps({"name": type(theirs).__name__, "ids": ids}))


if __name__ == "__main__":
    _answer()
