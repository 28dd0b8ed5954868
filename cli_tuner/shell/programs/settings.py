# ruff: noqa: SIM905  (names are one string)
"""Tools that print settings for a shell to load: `pyenv init -`, `gh completion -s bash`, `direnv hook bash`."""

from __future__ import annotations

from cli_tuner.shell.patterns import late

_LOADS = late(
    r"(?:^|\s)(?:-?-?init|hook|shellenv|env(?=\s+activate)|completions?|activate|shell\.\w+|--alias)(?=\s|\Z)"
)
_NAME = late(r"[a-z][\w-]*")
# What they print comes from elsewhere, or is whatever their words say.
_NEVER = frozenset(
    "curl wget nc ncat bash sh zsh dash python perl ruby node php base64 xxd openssl ssh cat env sudo git rm dd socat "
    "echo printf sed awk tr rev xargs find tail head jq".split()
)


def prints_settings(head: str, program: str, texts: list[str]) -> bool:
    """Tell whether an installed tool is asked for its settings, by the word that such tools agree on."""
    if "/" in head or program in _NEVER or _NAME.fullmatch(program) is None:
        return False
    return _LOADS.search(" ".join(texts[:6])) is not None
