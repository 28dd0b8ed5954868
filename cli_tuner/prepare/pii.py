"""Personal data in a text, by the detectors of `datafog-core` (https://github.com/DataFog): offline, no model.

Covered: e-mail addresses, telephone numbers, payment cards, US social security numbers. Not covered: names and
postal addresses, which need a language model; dates, postcodes and IP addresses, which commands are full of.
Off by default. Needs the extra `data`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from cli_tuner.errors import PrerequisiteError

KINDS = {"EMAIL": "e-mail address", "PHONE": "telephone number", "CREDIT_CARD": "payment card", "SSN": "US SSN"}
_RESERVED = re.compile(r"@(?:[\w-]+\.)*(?:example(?:\.(?:com|org|net))?|invalid|test|localhost)$", re.IGNORECASE)
"""Domains that are nobody's (RFC 2606)."""
_LEAST_PHONE_DIGITS = 10


@functools.cache
def _scanner() -> Callable[[str], list[Any]]:
    try:
        from datafog_core import scan
    except ImportError as error:
        raise PrerequisiteError(
            "the filter `pii` needs datafog-core", hint="pip install 'cli-tuner[data]', or filters.pii: false"
        ) from error
    found: Callable[[str], list[Any]] = scan
    return found


def find_pii(text: str) -> str:
    """Name the kind of personal data that `text` holds, or return an empty string; the data itself is not shown."""
    for finding in _scanner()(text):
        kind = str(finding.entity_type)
        if kind in KINDS and _is_personal(kind, str(finding.matched_text)):
            return KINDS[kind]
    return ""


def _is_personal(kind: str, text: str) -> bool:
    """Tell personal data from what looks like it in commands: sizes, offsets, addresses of examples."""
    if kind == "EMAIL":
        return _RESERVED.search(text) is None
    if kind == "PHONE":
        return sum(c.isdigit() for c in text) >= _LEAST_PHONE_DIGITS
    return kind != "SSN" or not text.isdigit()
