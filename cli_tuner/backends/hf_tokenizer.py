"""The Tokenizer port over the light `tokenizers` package: no torch, no transformers, starts in milliseconds.

Reads what every model folder holds: `tokenizer.json`, `tokenizer_config.json` and, where present,
`chat_template.jinja` and `special_tokens_map.json`. Not covered: tokenizers without a `tokenizer.json`
(SentencePiece only), and templates that are Python code.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cli_tuner.errors import DataError, PrerequisiteError, TemplateError
from cli_tuner.files import read_json, sha256_file

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


class HfTokenizer:
    """A model folder's own tokenizer; pickles as its path, so worker processes load their own, once.

    Args:
        folder: A folder with `tokenizer.json`.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "tokenizer.json").is_file():
            raise DataError(
                f"{folder}: no tokenizer.json", hint="name a model folder, or `models/tiny_base` to make one"
            )
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[Path], HfTokenizer], tuple[Path]]:
        return _sent, (self.folder,)

    def encode(self, text: str) -> list[int]:
        """Tokenise `text`, adding nothing.

        Control tokens cut a text before anything else looks at it, so its pieces are tokenised one by one and
        remembered: of a training row only the instruction and the command are new. Tokenizers that look at
        what stands before a piece (SentencePiece's leading space) are asked for the whole text.
        """
        if not self._separable:
            return self._plain(text)
        ids: list[int] = []
        for piece in self._border.split(text):
            number = self._added.get(piece)
            if number is not None:
                ids.append(number)
            elif piece:
                ids += self._remembered(piece)
        return ids

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self._fast.encode(text, add_special_tokens=False).ids
        return ids

    @functools.cached_property
    def _remembered(self) -> Callable[[str], list[int]]:
        return functools.lru_cache(maxsize=256)(self._plain)

    @functools.cached_property
    def _added(self) -> dict[str, int]:
        return {token.content: number for number, token in self._fast.get_added_tokens_decoder().items()}

    @functools.cached_property
    def _border(self) -> re.Pattern[str]:
        longest_first = sorted(self._added, key=len, reverse=True)
        return re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")

    @functools.cached_property
    def _separable(self) -> bool:
        tokens = self._fast.get_added_tokens_decoder().values()
        plain = all(not (t.lstrip or t.rstrip or t.single_word or t.normalized) for t in tokens)
        known = read_json(self.folder / "tokenizer.json")
        steps = json.dumps([known.get("normalizer"), known.get("pre_tokenizer")])
        context = ("Metaspace", "Prepend", "Strip", '"add_prefix_space": true', "BertPreTokenizer")
        return bool(self._added) and plain and not any(name in steps for name in context)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Turn ids into text, special tokens shown."""
        text: str = self._fast.decode(list(token_ids), skip_special_tokens=False)
        return text

    @functools.cached_property
    def chat_template(self) -> str:
        """The template file, or the one in the config."""
        file = self.folder / "chat_template.jinja"
        source = file.read_text(encoding="utf-8") if file.is_file() else self._config.get("chat_template")
        if isinstance(source, list):
            source = next((entry["template"] for entry in source if entry.get("name") == "default"), None)
        if not source:
            raise TemplateError(f"{self.folder}: the tokenizer has no chat template", hint="use an instruct model")
        return str(source)

    @functools.cached_property
    def special_tokens(self) -> Mapping[str, str]:
        """`eos_token`, `bos_token`, ... as text, those that are set."""
        extra = self.folder / "special_tokens_map.json"
        found = {**(read_json(extra) if extra.is_file() else {}), **self._config}
        names = {k: v["content"] if isinstance(v, dict) else v for k, v in found.items() if k.endswith("_token")}
        return {k: v for k, v in names.items() if isinstance(v, str)}

    @functools.cached_property
    def special_ids(self) -> frozenset[int]:
        """Ids of every added token that is marked special."""
        added = self._fast.get_added_tokens_decoder()
        return frozenset(number for number, token in added.items() if token.special)

    def digests(self) -> dict[str, str]:
        """The sha256 of each file that decides how text is tokenised."""
        return {name: sha256_file(self.folder / name) for name in FILES if (self.folder / name).is_file()}

    @functools.cached_property
    def _config(self) -> dict[str, object]:
        path = self.folder / "tokenizer_config.json"
        return dict(read_json(path)) if path.is_file() else {}

    @functools.cached_property
    def _fast(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise PrerequisiteError(
                "the tokenizers package is not installed", hint="pip install 'cli-tuner[train]' or tokenizers"
            ) from error
        try:
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # NOTE: the Rust library raises bare Exception
            raise DataError(f"{self.folder / 'tokenizer.json'}: not a tokenizer: {error}") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


@functools.lru_cache(maxsize=1)
def _sent(folder: Path) -> HfTokenizer:
    """Open what another process sent, once: every shard names the same one."""
    return HfTokenizer(folder)


def load_tokenizer(name: str, revision: str | None = None) -> HfTokenizer:
    """Open a local folder, or fetch the tokenizer files of a hub model (no weights).

    Raises:
        DataError: No such folder or model, or it has no tokenizer.
        PrerequisiteError: The hub needs a login or cannot be reached.
    """
    folder = Path(name)
    if folder.is_dir():
        return HfTokenizer(folder)
    if name.count("/") != 1 or name.startswith((".", "/", "models/", "data/")):
        raise DataError(f"{name}: no such tokenizer folder", hint="name a model folder or a hub id such as org/model")
    return HfTokenizer(_snapshot(name, revision))


def _snapshot(name: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    except ImportError as error:
        raise PrerequisiteError("huggingface_hub is not installed", hint="pip install 'cli-tuner[train]'") from error
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES)))
    except GatedRepoError as error:
        raise PrerequisiteError(
            f"{name}: the hub asks for a login", hint="accept its terms, then set HF_TOKEN in .env"
        ) from error
    except RepositoryNotFoundError as error:
        raise DataError(f"{name}: the hub knows no such model", hint="check the spelling of the id") from error
    except (OSError, json.JSONDecodeError) as error:
        raise PrerequisiteError(f"{name}: the hub cannot be reached: {error}", hint="name a local folder") from error
