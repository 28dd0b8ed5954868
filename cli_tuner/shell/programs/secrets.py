# ruff: noqa: E501, SIM905  (tables: a row stays on its line)
"""What prints stored secrets: the clients of clusters, clouds, forges and password stores, and secret scanners."""

from __future__ import annotations

from cli_tuner.shell.patterns import late

_PRINT: dict[str, str] = {
    "kubectl": r"\bget\s+(?:\S+\s+)*?(?:\w+,)*secrets?\b.*(?:-o|--output)[= ]*(?![= ]|name|wide)|\bconfig\s+view\b.*--raw|\bcreate\s+token\b", "aws": r"get-secret-value|get-parameters?\b.*--with-decryption|configure\s+(?:get\s+\S*(?:secret|token)|export-credentials)|get-session-token|get-login-password|get-password-data|sts\s+assume-role|get-authorization-token",
    "gcloud": r"print-(?:access|identity)-token|secrets\s+versions\s+access|print-settings", "az": r"keyvault\s+secret\s+show|get-access-token|\bkeys\s+list|list-keys|show-connection-string",
    "gh": r"auth\s+token|auth\s+status.*(?:-t|--show-token)", "glab": r"auth\s+(?:token|status.*-t)", "vault": r"\A(?:kv\s+get|read|print\s+token|token\s+lookup)", "op": r"\A(?:read|item\s+get|inject(?!.*(?:-o|--out-file))|document\s+get)",
    "bw": r"\Aget\b|\Aexport\b|\Alist\s+items", "pass": r"\A(?:show\s+)?(?!(?:ls|list|git|init|help|version|otp)\Z)[\w./-]+\Z", "doppler": r"\Asecrets\b(?!\s+(?:upload|delete|set|note))", "heroku": r"\Aconfig(?::get)?(?=\s|\Z)", "flyctl": r"auth\s+token", "fly": r"auth\s+token", "npm": r"config\s+get\s+\S*_auth",
    "security": r"find-\w+-password|dump-keychain", "secret-tool": r"\A(?:lookup|search)", "gpg": r"--export-secret", "gpg2": r"--export-secret", "docker": r"\bcontext\s+export|\binspect\b.*\.Env\b", "wg": r"\Ashowconf|show\s+\S+\s+private-key", "infisical": r"\Aexport|\Asecrets\s*(?:-|\Z)", "netlify": r"env:(?:get|list)", "stripe": r"config\s+--list", "ps": r"(?:\A|\s)(?:-?\w*e\w*ww|auxe\w*|eww\w*)(?=\s|\Z)", "terraform": r"\Aoutput\b.*-(?:raw|json)|state\s+pull", "pulumi": r"--show-secrets", "railway": r"\Avariables", "flask": r"\Aconfig\s+show", "circleci": r"\Acontext\s+show", "chamber": r"\A(?:read|export)", "sops": r"(?:-d|--decrypt)\b|\Adecrypt", "ansible-vault": r"\A(?:view|decrypt)", "wrangler": r"\Akv.*get", "supabase": r"projects\s+api-keys", "openssl": r"\Apkcs12\b(?=.*-(?:nodes|noenc)\b)(?!.*-out\b)",
}  # fmt: skip
# A secret and the verb that shows it, in either order, as words or joined by dashes.
_NOUN = r"(?:secrets?|credentials?|passwords?|passwd|passphrase|tokens?|api-?keys?|access-?keys?|private-?keys?|signing-?keys?|connection-?strings?|kubeconfig|mnemonic|recovery-?(?:keys?|codes?)|secret-values?)"
_SHOW = r"(?:get|show|read|view|reveal|export|print|access|decrypt|dump|fetch|retrieve|lookup|cat|display)"
_REVEALS = late(
    rf"\A(?:\S+\s+){{0,4}}?(?:{_NOUN}[\s:]+(?:\S+[\s:]+)?{_SHOW}(?:-\w+)?|{_SHOW}[\s:]+{_NOUN}|{_SHOW}-(?:\w+-)?{_NOUN}(?:-value)?|auth[\s:]+(?:print-\S*)?tokens?|list-\S*(?:credentials|connection-strings))(?=\s|\Z)"
    r"|--(?:show|print|reveal|display)-(?:secrets?|tokens?|passwords?|values?|sensitive)\b|--(?:reveal|unmask|with-decryption)\b|\bcredential\s+fill\b"
    r"|(?:^|\s)(?:--decrypt|decrypt)\s(?:.*\s)?[\w./-]*(?:secret|credential|passw|token|vault|\.env\b)[\w./-]*"
)
# Names, states and files that the words above also stand for.
_NOT_SHOWN = late(
    r"\bget-credentials\b|\b(?:list|describe|create|set|put|rotate|update|add|delete|remove|rm|revoke|configure)(?=\s|\Z)(?!.*--(?:show|reveal|unmask|with-dec))|--(?:help|dry-run|metadata|out(?:put)?-file)\b|kubeconfig\s+save|\bexport\s+kubeconfig\b|\bget\s+secrets?\b|policy|--query\s+'?\S*(?:Arn|Name)\b|password-(?:policy|requirements)"
)
_STORES = frozenset("gopass passage rbw lpass dcli keepassxc-cli keyring kpcli pass-cli conjur akeyless bao".split())
_FROM_STORE = late(
    r"\A(?:-\S+\s+)*(?:show|get|read|cat|code|otp|password|secret|kv\s+get|variable\s+(?:get|value)|get-secret-value|export|dump)\b"
)
_DECRYPTERS = frozenset("age rage gpg gpg2 openssl".split())
_DECRYPTS = late(
    r"(?:^|\s)(?:-d|--decrypt)\s(?!.*\s(?:-o|--output|-out)\s)(?:.*\s)?[\w./-]*(?:secret|credential|passw|token|vault|\.env\b)[\w./-]*|--export-secret"
)

# Scanners print what they find: of interest where it is sent away.
_SCANNERS = {"trufflehog": late(""), "gitleaks": late(""), "detect-secrets": late(r"\Ascan")}
_PRINT["oc"] = _PRINT["k"] = _PRINT["kubectl"]
_COMPILED = {program: late(pattern) for program, pattern in _PRINT.items()}


_HINT = late(
    r"(?i)secret|credential|passw|passphrase|token|api-?key|[-_ ]keys?\b|kubeconfig|connection|mnemonic|reveal|decrypt|unmask|\s-d\s"
)
_SAYERS = frozenset(
    "echo printf grep egrep fgrep rg ag ack man info which whereis type test [ [[ cat less more head tail ls find fd sed awk gawk mawk jq yq tr cut "
    "sort export declare local readonly alias cd mkdir touch cp mv rm read expr let tldr logger say notify-send printenv vi vim nano bash sh zsh "
    "source . eval exec trap history complete wc diff tee python node perl ruby ssh-keygen file tree stat kubectl k oc docker podman git-secret curl wget".split()
)


def _reveals(program: str, joined: str) -> bool:
    """Tell whether a stored secret is asked for in so many words, whatever the program."""
    if program in _DECRYPTERS:
        return _DECRYPTS.search(joined) is not None
    if program in _STORES and _FROM_STORE.search(joined):
        return True
    if program in _SAYERS or not _HINT.search(joined):
        return False
    return _REVEALS.search(joined) is not None and _NOT_SHOWN.search(joined) is None


def prints(program: str, texts: list[str], *, scanners: bool = True) -> bool:
    """Tell whether the invocation prints a stored secret; a scanner may print one."""
    if not texts:
        return False
    joined = " ".join(text for text in texts[:24] if len(text) < 400)
    pattern = _COMPILED.get(program) or (_SCANNERS.get(program) if scanners else None)
    if pattern is not None and pattern.search(joined) is not None:
        return True
    return _reveals(program, joined)
