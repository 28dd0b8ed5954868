"""Does an adapter that nobody here trained send its base the same tokens? Compared by ids on real texts, not by bytes.

Trainers write tokenizer files anew, with another version, order of keys or white space, and mean the same. So two
tokenizers are the same when they cut the prompts of real requests, rendered by their own templates, into the same ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cli_tuner.backends.hf_tokenizer import HfTokenizer
from cli_tuner.chat.messages import prompt_messages
from cli_tuner.chat.template import render
from cli_tuner.errors import CliTunerError

_FILES = ("tokenizer.json", "chat_template.jinja", "tokenizer_config.json")


def has_tokenizer(folder: Path) -> bool:
    """Tell whether a folder brings a tokenizer; PEFT alone saves none."""
    return (folder / "tokenizer.json").is_file()


def difference(adapter: Path, base: Path, requests: Sequence[str]) -> str:
    """Return in what the adapter's tokenizer differs from its base's, empty where all requests give the same ids.

    Args:
        adapter: Folder of the adapter.
        base: Folder of the base model.
        requests: Real requests, in words.
    """
    both = [folder / name for name in _FILES for folder in (adapter, base)]
    same = all(
        one.is_file() == other.is_file() and (not one.is_file() or one.read_bytes() == other.read_bytes())
        for one, other in zip(both[::2], both[1::2], strict=True)
    )
    if same or not (has_tokenizer(adapter) and has_tokenizer(base)):
        return ""
    try:
        for request, mine, its in zip(requests, *(_ids(folder, requests) for folder in (adapter, base)), strict=True):
            if mine != its:
                return f"{request[:60]!r} gives {mine[:6]} … by its own files and {its[:6]} … by those of {base}"
    except (CliTunerError, ValueError, KeyError) as error:
        return f"its tokenizer cannot be compared with that of {base}: {error}"
    return ""


def _ids(folder: Path, requests: Sequence[str]) -> Iterator[list[int]]:
    tokenizer = HfTokenizer(folder)
    for request in requests:
        shown = render(
            tokenizer.chat_template,
            prompt_messages(request),
            special_tokens=tokenizer.special_tokens,
            add_generation_prompt=True,
        )
        yield tokenizer.encode(shown.text)
