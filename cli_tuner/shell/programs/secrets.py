# ruff: noqa: E501  (tables: a row stays on its line)
"""What prints stored secrets: the clients of clusters, clouds, forges and password stores, and secret scanners."""

from __future__ import annotations

from cli_tuner.shell.patterns import late

_PRINT: dict[str, str] = {
    "kubectl": r"\bget\s+(?:\S+\s+)*?secrets?\b.*(?:-o|--output)[= ]*(?![= ]|name|wide)|\bconfig\s+view\b.*--raw", "aws": r"get-secret-value|get-parameters?\b.*--with-decryption|configure\s+(?:get\s+\S*(?:secret|token)|export-credentials)|get-session-token|get-login-password|assume-role|get-authorization-token",
    "gcloud": r"print-(?:access|identity)-token|secrets\s+versions\s+access|print-settings", "az": r"keyvault\s+secret\s+show|get-access-token|\bkeys\s+list|list-keys|show-connection-string",
    "gh": r"auth\s+token|auth\s+status.*(?:-t|--show-token)", "glab": r"auth\s+(?:token|status.*-t)", "vault": r"\A(?:kv\s+get|read|print\s+token|token\s+lookup)", "op": r"\A(?:read|item\s+get|inject(?!.*(?:-o|--out-file))|document\s+get)",
    "bw": r"\Aget\b|\Aexport\b|\Alist\s+items", "pass": r"\A(?:show\s+)?(?!(?:ls|list|git|init|help|version|otp)\Z)[\w./-]+\Z", "doppler": r"\Asecrets\b(?!\s+(?:upload|delete|set|note))", "heroku": r"\Aconfig", "flyctl": r"auth\s+token", "fly": r"auth\s+token", "npm": r"config\s+get\s+\S*_auth",
    "security": r"find-\w+-password|dump-keychain", "secret-tool": r"\A(?:lookup|search)", "gpg": r"--export-secret", "gpg2": r"--export-secret", "docker": r"\bcontext\s+export|\binspect\b.*\.Env\b", "terraform": r"\Aoutput\b.*-(?:raw|json)|state\s+pull", "pulumi": r"--show-secrets", "railway": r"\Avariables", "flask": r"\Aconfig\s+show", "circleci": r"\Acontext\s+show", "chamber": r"\A(?:read|export)", "sops": r"(?:-d|--decrypt)\b|\Adecrypt", "ansible-vault": r"\A(?:view|decrypt)", "wrangler": r"\Akv.*get", "supabase": r"secrets|projects\s+api-keys",
}  # fmt: skip
# Scanners print what they find: of interest where it is sent away.
_SCANNERS = {"trufflehog": late(""), "gitleaks": late(""), "detect-secrets": late(r"\Ascan")}
_PRINT["oc"] = _PRINT["k"] = _PRINT["kubectl"]
_COMPILED = {program: late(pattern) for program, pattern in _PRINT.items()}


def prints(program: str, texts: list[str], *, scanners: bool = True) -> bool:
    """Tell whether the invocation prints a stored secret; a scanner may print one."""
    pattern = _COMPILED.get(program) or (_SCANNERS.get(program) if scanners else None)
    return pattern is not None and pattern.search(" ".join(texts)) is not None
