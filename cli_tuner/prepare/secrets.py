"""Keys and tokens in a text, by the detectors of `detect-secrets` (https://github.com/Yelp/detect-secrets).

Off by default: example keys in documentation commands set it off too. Needs the extra `data`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from cli_tuner.errors import PrerequisiteError

_DETECTORS = (
    *("AWSKeyDetector", "AzureStorageKeyDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector"),
    *("NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector"),
    *("StripeDetector", "TwilioKeyDetector", "BasicAuthDetector"),
)


@functools.cache
def _plugins() -> Sequence[Any]:
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    except ImportError as error:
        raise PrerequisiteError(
            "the filter `secrets` needs detect-secrets", hint="pip install 'cli-tuner[data]', or --off secrets"
        ) from error
    known = get_mapping_from_secret_type_to_class().values()
    return [kind() for kind in known if kind.__name__ in _DETECTORS]


def find_secret(text: str) -> str:
    """Name the kind of secret that `text` holds, or return an empty string; the secret itself is not shown."""
    for plugin in _plugins():
        if any(True for _ in plugin.analyze_string(text)):
            return str(plugin.secret_type)
    return ""
