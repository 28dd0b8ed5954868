"""The forms of keys and tokens that services document, and of what is named like a secret.

Each form is one that its service gives out today: a fixed beginning and length, so that a vocabulary of a million
entries or a command of the data does not look like one. Sources: the services' documentation and the public rules of
secret scanners (https://docs.github.com/en/code-security/reference/secret-security/supported-secret-scanning-patterns).
"""

from __future__ import annotations

import re

_EXACT = {
    "a Hugging Face token": r"\b(?:hf_(?:oauth_)?|api_org_)[A-Za-z0-9._-]{30,}",
    "an OpenAI or Anthropic key": r"\bsk-(?:proj-|ant-|or-v1-|svcacct-)?[A-Za-z0-9_-]{32,}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})",
    "a GitLab token": r"\bgl(?:pat|dt|rt|ptt|soat|cbt)-[A-Za-z0-9_-]{20,}",
    "an AWS key": r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b",
    "an AWS secret key": r"(?i:aws.{0,20}(?:secret|key).{0,20}?)[\"'=: ]{1,5}[A-Za-z0-9/+]{40}\b",
    "a Google key": r"\b(?:AIza[0-9A-Za-z_-]{35}|GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{40,})",
    "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "a W&B key": r"(?i:wandb[_-]?api[_-]?key|api\.wandb\.ai)\W{1,20}(?:password\s+)?(?:local-)?[0-9a-f]{40}\b"
    r"|\bwandb_v1_[A-Za-z0-9_]{20,}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b|(?i:_authToken)=[A-Za-z0-9_-]{30,}",
    "a PyPI token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "a Telegram token": r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b",
    "a Discord token": r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"
    r"|discord(?:app)?\.com/api/webhooks/\d{17,}/[A-Za-z0-9_-]{50,}",
    "a Databricks token": r"\bdapi[0-9a-f]{32}(?:-\d)?\b|\bdkea[0-9a-f]{32}\b",
    "a Replicate token": r"\br8_[A-Za-z0-9]{37}\b",
    "a Groq key": r"\bgsk_[A-Za-z0-9]{40,}",
    "an xAI, Perplexity or NVIDIA key": r"\b(?:xai|pplx|nvapi)-[A-Za-z0-9_-]{40,}",
    "a Pinecone key": r"\bpcsk_[A-Za-z0-9_]{40,}",
    "a Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}|\bwhsec_[A-Za-z0-9]{30,}",
    "a Twilio key": r"\bSK[0-9a-f]{32}\b",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}",
    "a Mailgun key": r"\bkey-[0-9a-f]{32}\b",
    "a DigitalOcean token": r"\bdo[opr]_v1_[0-9a-f]{64}\b",
    "a Docker token": r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    "a Vault token": r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}",
    "a Grafana, Linear, Notion or Shopify token": r"\b(?:gls?[ac]_|lin_api_|ntn_|shp(?:at|ca|pa|ss)_)[A-Za-z0-9_]{32,}",
    "an Azure key": r"(?i:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42,}={0,2}",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}",
    "an age key": r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b",
}
_PATTERNS = {what: re.compile(pattern) for what, pattern in _EXACT.items()}
_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>{}$]{1,64}:([^\s/@\"'<>{}$]{3,128})@[A-Za-z0-9\[]", re.IGNORECASE
)
_NAMED = re.compile(
    r"(?i)(?:api[_-]?key|secret(?:[_-]?key)?|(?:access|auth|bearer)[_-]?token|passw(?:or)?d|credentials?)"
    r"[\"']?\s*[:=]\s*[\"']?([A-Za-z0-9+/_.~-]{16,})"
)
_PLACEHOLDERS = re.compile(r"(?i)^(?:pass(?:word|wd)?|secret|token|x+|\*+|changeme|example|your.*|my.*|pw|p@ss.*)$")


def secret_forms(text: str, *, exact_only: bool) -> list[str]:
    """Name the kinds of secret in a text, never the secrets.

    Args:
        text: A whole file.
        exact_only: Leave out what only looks like a secret by its name; for vocabularies.
    """
    found = [what for what, pattern in _PATTERNS.items() if pattern.search(text)]
    if any(not _PLACEHOLDERS.match(one[1]) for one in _URL.finditer(text)):
        found.append("an address with a password")
    if not exact_only and any(_is_random(one[1]) for one in _NAMED.finditer(text)):
        found.append("a value that is named like a secret")
    return found


def _is_random(value: str) -> bool:
    """Tell what was drawn from what was written: letters and digits mixed, many different ones, no words or paths."""
    mixed = any(one.isdigit() for one in value) and any(one.isalpha() for one in value)
    return mixed and len(set(value)) >= 10 and not _PLACEHOLDERS.match(value) and value.count("/") < 2
