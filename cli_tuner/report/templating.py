"""The templates of the package: one place where text becomes a page, so that nothing reaches one unescaped."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cli_tuner.report.text import cell, cut, fence, quoted, visible


@cache
def environment(*, html: bool) -> Environment:
    """Return the environment of HTML templates (everything is escaped) or of Markdown ones.

    In both, characters that do not print are shown as escapes, whatever expression they come from.
    """
    made = Environment(
        loader=PackageLoader("cli_tuner.report"),
        autoescape=html,  # noqa: S701  (Markdown has its own filters)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    made.filters.update(cut=cut, cell=cell, fence=fence, quoted=quoted)
    return made


def _visible(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def asset(name: str) -> Markup:
    """Return a style sheet or script of the package as it stands."""
    environment_ = environment(html=False)
    assert environment_.loader is not None
    source, _, _ = environment_.loader.get_source(environment_, name)
    return Markup(source)  # noqa: S704  (our own file)


def policy(style: str, script: str = "") -> str:
    """Return a content security policy that allows this style sheet and this script, and nothing else at all."""
    scripts = f"script-src {_hash(script)}; " if script else ""
    return f"default-src 'none'; style-src {_hash(style)}; {scripts}img-src data:; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
