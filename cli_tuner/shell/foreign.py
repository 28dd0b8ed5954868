# ruff: noqa: E501  (tables: a row stays on its line, names are one string)
"""Read code of another language for what it would do: shell commands it starts, files, sockets, decoding.

One scanner for all languages, because the names of the calls differ less than their grammars: literal
strings are found, joined and decoded, then calls are looked up in tables. Not covered: values that the
code computes by other means; those make no fact.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from dataclasses import dataclass, field
from functools import cache

from cli_tuner.shell import ansi, windows
from cli_tuner.shell.model import Fact
from cli_tuner.shell.patterns import late

MAX_CODE = 1 << 14
_S = r"""(?:[rbfuq@]{0,2})(?:"((?:[^"\\]|\\.){0,4000})"|'((?:[^'\\]|\\.){0,4000})')"""
_LITERAL = late(_S, re.DOTALL)
_JOINED = late(r"""(?<=[^\s(,=\[:+{])(["'])\s*(?:\+|\.\.|\.|~|<>)\s*[rbfu]?\1""")
_Q_QUOTED = late(r"\b[qQ]q?[{(\[<]([^{}()\[\]<>]{0,2000})[})\]>]")
_ADJACENT = late(r"""(?<=\w)"[ \t]+"(?=[^"\s,)])""")
_CHR = late(r"\b(?:chr|String\.fromCharCode|char|string\.char)\s*\(\s*(\d{1,3})\s*\)")
_CHR_LIST = late(r"(?:String\.fromCharCode|string\.char)\s*\(\s*(\d{1,3}(?:\s*,\s*\d{1,3})+)\s*\)")
_RUN = late(
    r"(?:\b(?:system|popen[234]?|exec|execl|execlp|execv|execvp|execve|spawn\w*|shell_exec|passthru|proc_open|pcntl_exec"
    r"|execSync|execFile|execFileSync|spawnSync|check_output|check_call|call|run|getoutput|getstatusoutput|qx|shellescape"
    r"|execute|exec!|ProcessBuilder|callCommand|esyscmd|syscmd|Popen|doShellScript|do shell script|createProcess"
    r"|startProcess|sh|cmd|Exec|Command|(?:async-)?shell-command(?:-to-string)?|call-process(?:-shell-command)?|start-process|shell|term|start_process|os_cmd)\b)\s*[(\[{]*\s*(?:String\[\]\s*\{\s*)?(?:\w+=)?[(\[{]*\s*"
    + _S,
    re.DOTALL,
)
_RUN_LIST = late(
    r"(?:\b(?:system|exec)\s+(?=[\"'])|(?:run|call|[pP]open|check_output|check_call|spawn\w*|execFile\w*|execl?v?p?e?|system|ProcessBuilder|Command|Exec)\s*\(\s*)"
    r"(?:String\[\]\s*\{|\[|(?=[\"']))\s*(" + _S.replace("(", "(?:").replace("(?:?:", "(?:")
    + r"(?:\s*,\s*(?:\{\s*args\s*:\s*)?[\[{]?\s*" + _S.replace("(", "(?:").replace("(?:?:", "(?:") + r"){1,12})",
    re.DOTALL,
)  # fmt: skip
_QUOTED_RUN = (
    late(r"\b(?:exec|system)\s*\(?\s*qw\s*[(\[{<]([^)\]}>]{1,2000})"),
    late(r"\b(?:e?syscmd)\(`([^`']{1,2000})'"),
    late(r"[\"']([^\"'\n]{1,2000})[\"']\s*(?:\.execute\(\)|\.!)"),
    late(r"%x[\[({|]([^\])}|]{1,2000})"),
    late(r"\bqx\s*[\[({/|]([^\])}/|]{1,2000})"),
    late(r"(?:^|[\s=(;])`([^`]{1,2000})`"),
    late(r"(?:^|[;{]\s*)!\s*([^\n;]{1,2000})"),
)
_TCL_RUN = late(r"(?:^|[\s;\[{\"])(?:exec|spawn|system)\s+(?:-\w+\s+)*(?!\{?\*)([^\n;\]}]{1,2000})")
# A name that is given one literal, and a call that runs the name.
_NAMED = late(r"(?:^|[\s;{(])[$@]?(\w{1,40})\s*:?=\s*" + _S + r"(?=\s*(?:[;\n})]|\Z))", re.DOTALL)
_RUN_NAME = late(
    r"\b(?:system|popen|exec\w*|shell_exec|passthru|run|call|check_output|Popen|getoutput|spawn\w*|execute)\s*\(?\s*\$?(\w{1,40})\s*(?=[),;}\n]|\Z)"
)
_PIPE_NAME = late(r"\b(\w{1,40})\s*\|\s*getline|\|&?\s*(?=[A-Za-z_]\w*\s*[;}\n])(\w{1,40})")
_RENAMED = late(
    r"\b(?:system|popen|exec\w*|spawn\w*|run|call|Popen|check_output)(?:\s+as\s+|\s*:\s*)([A-Za-z_]\w{0,40})\b"
)
_WALKS = late(
    r"(?:os\.walk|glob\.i?glob|iglob|rglob|scandir|listdir|Dir\.glob|Dir\[|readdirSync|File::Find|find\(|glob)\s*\(?\s*"
    + _S
)
_PICKS = late(r"\bif\b|endswith|fnmatch|suffix|match|=~|extname|\.filter")
_REMOVES = late(r"\b(?:os\.remove|os\.unlink|unlink|rmtree|rmdir|unlinkSync|rmSync|File\.delete|rm_rf|removedirs)\b")
_PIPES = late(_S + r"\s*\|\s*getline|\|&?\s*" + _S, re.DOTALL)
_PERL_PIPE = late(r"""\bopen\b\s*\(?[^;]{0,60}?,\s*["']\s*(?:\|-?\s*["',\s]*|-\|["',\s]*)?([^"']*\|?)["']""")
_SED_RUN = late(r"(?:^|[;\n{]\s*)(?:\d+|\$|/[^/]*/)?\s*e\s+([^\n;]+)")
_SED_EVAL = late(r"\As(.)(?:\\.|(?!\1).)*\1((?:\\.|(?!\1).)*)\1[gIimp\d]*e[gIimp\d]*\Z", re.DOTALL)
_SED_WRITE = late(r"(?:^|[;\n{/gp\d]\s*)(?:w|W)\s+(/[^\s;]+)")
_RUNS_DECODED = late(
    r"(?:system|popen|run|call|check_output|check_call|exec\w*|spawn\w*|Popen)\s*\(\s*\[?[^'\"]{0,60}(?:b64decode|decode|fromhex|unhexlify|atob|Buffer|from)"
)
_DECODERS = late(
    r"b64decode|base64_decode|decode_base64|fromhex|unhexlify|from_hex|atob|\.decode\(['\"](?:base64|hex|rot)|str_rot13"
    r"|Buffer\.from\([^)]*['\"](?:base64|hex)|a85decode|b32decode|(?:un)?pack\s*\(?\s*['\"][umH]|codecs\.decode|gzinflate|zlib\.decompress"
)
_WHOLE_ENVIRONMENT = r"\bos\.environ\b(?!\s*(?:\[|\.(?!copy\(|items\()))|process\.env\b(?![.\[\w])|\bENV\.(?:to_h|to_hash|inspect|to_a)\b|%ENV\b|(?<!\w)getenv\(\s*\)|\$_(?:ENV|SERVER)\b(?!\[)|\bos\.Environ\(\)|System\.getenv\(\)"
# Calls and what they mean; the first group, where there is one, is the target.
_VERBS: tuple[tuple[str, str], ...] = (
        ("rmtree", r"(?:rmtree|rm_rf|rm_r|remove_tree|removeSync|remove_entry_secure|rmSync|rimraf|deleteRecursive|File::Path)\W[^'\"\n]{0,30}?" + _S),
        ("rmtree", r"\b(?:rm|rmdir|rmSync|rmdirSync)\s*\(\s*" + _S + r"\s*,\s*\{[^}]{0,60}recursive"),
        ("rmtree", r"\b(?:removeDirectoryRecursive|removePathForcibly|del_dir_r|deleteDirectory|deleteRecursively|RemoveAll|remove_dir_all|rm-rf|delete-tree)\b[\s(]*" + _S), ("rmtree", r"\bdelete\(\s*" + _S + r"\s*,\s*['\"]rf"), ("rmtree", r"\bfile\s+delete\s+-force\s+(?:--\s+)?([/~][^\s;\]]*)"),
        ("rmtree", r"\b(?:unlink|delete-directory)\s*\(?\s*" + _S + r"\s*(?:,\s*recursive\s*=\s*T|\s(?:t|'t)\b)"),
        ("rmtree", r"\brm\s*\(\s*" + _S + r"\s*[,;]\s*recursive\s*=\s*true"),
        ("rmtree", r"(?i)\bRemove-Item\b(?=[^;|\n]{0,200}\s-rec)[^;|\n]{0,200}?\s(?:-Path\s+)?['\"]?((?:/|~|\$HOME)[^\s;'\"|]*)"),
        ("unlink", r"\b(?:unlink|os\.remove|unlinkSync|File\.delete|fs\.rm|os\.rmdir)\b\s*\(?\s*" + _S),
        ("write", r"\bopen\s*\(?\s*" + _S + r"\s*,\s*['\"][wa]"),
        ("write", r"\b(?:writeFileSync|writeFile|appendFileSync|file_put_contents|File\.write|IO\.write|createWriteStream|write_text)\s*\(\s*" + _S),
        ("write", r"\bopen\b[^;\n]{0,40}?['\"]\s*\+?>>?\s*['\"]?\s*,?\s*['\"]?(/[^\"';\s)]+)()"),
        ("write", r"\b(?:OpenFile|os\.Create|WriteFile|FileWriter|FileOutputStream|WriteAllText)\s*\(\s*" + _S),
        ("write", r"\bprint(?:f)?\b[^;\n|]{0,200}?>>?\s*" + _S),
        ("write", r"\bio\.open\s*\(?\s*" + _S + r"\s*,\s*['\"][wa]"),
        ("read", r"\b(?:open|readFileSync|readFile|ReadFile|OpenFile|createReadStream|file_get_contents|File\.read|IO\.read|io\.open|io\.lines|readlines|slurp|fopen|readfile|read|ReadAllText|include|File\.open|show_source|highlight_file|file|FileReader|FileInputStream|Files\.\w+|Paths\.get|Scanner|File)\s*\(?\s*" + _S),
        ("read", r"\bopen\b[^;\n]{0,40}?['\"]<['\"]\s*,\s*" + _S),
        ("chmod", r"\b(?:chmod|chmodSync)\b\s*\(?[^'\"\n]{0,20}" + _S),
        ("socket", r"import\s+socket|\.connect\(\(|socket\.socket|\bSocket\b|TCPSocket|fsockopen|socket_create|net\.connect|net\.Socket|createConnection|IO::Socket|use Socket|require\(?['\"]socket|/inet/(?:tcp|udp)/|java\.net\.Socket|sock_connect|net\.Dial|using Sockets|\[socket |create_connection|stream_socket_client|TCPServer|createServer|require\(['\"]net['\"]\)|socketpair"),
        ("fetch", r"\b(?:get|getstore|fetch|load|open|read|slurp|request)\s*\(?\s*['\"]https?://|['\"]requests['\"]\)|urlopen|urlretrieve|requests\.(?:get|post)|http\.get|https\.get|fetch\(|LWP::|Net::HTTP|open-uri|URI\.open|file_get_contents\(\s*['\"]https?:|curl_exec|http\.request|urllib|httplib|HTTPConnection|Invoke-WebRequest|DownloadString|socket\.http|require\(['\"]https?['\"]\)"),
        ("send", r"requests\.post|urlopen\([^)]*,|\bPOST\b|http\.request|storbinary|sendmail|\.put\(|:send\(|\.send\("),
        ("dup", r"dup2|\bSTDIN\b\s*,\s*['\"][<>]&|\.pipe\(|fileno\(\)|0<&\d|<&\d|reopen|\|&|io\.popen|IO\.popen|exec_shell|p\.getInputStream|pipeline\(|exec \$c|exec\s+\{\*\}|fdopen"),
        ("eval", r"(?<![.\w])(?:exec|eval|compile|loadstring|load|instance_eval|new Function|assert|create_function|IEX|Invoke-Expression)\b\s*\(?"),
        ("fork_loop", r"while\s*\(\s*(?:1|true)\s*\)\s*\{?\s*system\s*\([^)]{0,80}&\s*['\"]|(?:while|until|for|loop|forever|\bdo\b)[^\n]{0,60}fork|fork[^\n]{0,30}(?:while|until|loop)\b|fork\s*\(?\)?\s*(?:\|\||&&|and|or)\s*redo|loop\s*\{\s*fork|fork while|fork\(\)\s+for\b"),
        ("setuid", r"\b(?:setuid|setgid|setresuid|POSIX::setuid|posix_setuid|Process::Sys\.setuid|process\.setuid)\b\s*\(\s*0"),
        ("shell", r"['\"](?:ba|da|z|k)?sh(?:\.exe)?['\"]|/bin/(?:ba|da|z|k|c|a)?sh\b|pty\.spawn|\bcmd\.exe|['\"](?:ba|z)?sh['\"]\s*,?\s*['\"]?-i?"),
        ("shell_loop", r"exec\s+\{\*\}\$|popen\(|IO\.popen|getline c|eval \$e|spawn\(|run\(pipeline|ProcessBuilder|exec\(|system\s*\(?\s*\$_|`\$\w+`"),
        ("server", r"http\.server|SimpleHTTP|httpd|WEBrick|\.listen\(|HTTP::Server"),
        ("environment", _WHOLE_ENVIRONMENT),
        ("ask", r"with hidden answer"), ("unlink", r"(?i)\bdelete\s+POSIX\s+file\s+" + _S),
        ("kill", r"os\.kill\(\s*-1|kill\s*\(?\s*9\s*,\s*-1|process\.kill\(-1"),
        ("fill", r"while\s*\(?\s*(?:1|True|true)\s*\)?\s*[:{]?[^\n]{0,60}(?:\.append\(|malloc|bytearray)|\[\s*0?\s*\]\s*\*\s*10\*\*\d\d|' ' ?\* ?\(?10\*\*1\d"),
)  # fmt: skip


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


@dataclass(slots=True)
class Code:
    """What was found in a piece of code."""

    commands: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


def read_code(language: str, code: str, depth: int = 0) -> Code:
    """Return the shell commands that `code` starts and the facts about it."""
    text = _folded(code[:MAX_CODE])
    for match in list(_RENAMED.finditer(text))[:8]:
        text = re.sub(rf"(?<![\w.]){match.group(1)}\s*\(", "system(", text)
    if language in ("perl", "ruby"):
        text = _Q_QUOTED.sub(lambda match: _quote(match.group(1)), text)
    if language.endswith("awk") or language.startswith("python"):
        text = _ADJACENT.sub("", text)
    found = Code()
    if language in ("sed", "gsed"):
        return _sed(text)
    found.facts.extend(windows.facts(text) if language in ("pwsh", "powershell") else ())
    awk = language.endswith("awk")
    for command in (*_commands(text, awk=awk), *_through_names(text), *_tcl(language, text)):
        if command.strip() and command not in found.commands:
            found.commands.append(command)
    if awk and "system" not in text and "|" not in text and "/inet/" not in text and ">" not in text:
        return found
    for verb, pattern in _VERBS:
        for match in list(_compiled(pattern).finditer(text))[:8]:
            found.facts.append(Fact(verb, ansi.unescape(next((group for group in match.groups() if group), ""))))
    walked = _WALKS.search(text) if _REMOVES.search(text) else None
    if walked and (_first(walked.groups()) == "/" or not _PICKS.search(text)):
        found.facts.append(Fact("rmtree", _first(walked.groups()).rstrip("*") or "."))
    if _DECODERS.search(text):
        found.facts.append(Fact("decode"))
        if depth < 3:
            _decode(language, text, found, depth)
        if _RUNS_DECODED.search(text) and not found.commands:
            found.facts.append(Fact("opaque"))
    return found


# Calls that say the user's home, in Python, JavaScript, Ruby, Perl, PHP and Go; and paths put together.
_HOMES = late(
    r"""(?:pathlib\.)?Path\.home\(\)|(?:os\.path\.expanduser|Path)\(\s*["']~["']\s*\)(?:\.expanduser\(\))?|os\.environ(?:\.get\(|\[)\s*["']HOME["']\s*[)\]]|(?:os\.)?getenv\(\s*["']HOME["']\s*\)"""
    r"""|process\.env(?:\.HOME\b|\[["']HOME["']\])|(?:require\(["'](?:node:)?os["']\)|\bos)\.homedir\(\)|\bDir\.home\b|\bENV(?:\[["']HOME["']\]|\.fetch\(["']HOME["']\))|\$ENV\{["']?HOME["']?\}|\$_(?:SERVER|ENV)\[["']HOME["']\]|Deno\.env\.get\(["']HOME["']\)"""
)
_HOME_AND = late(r"""\"~\"\s*[+.]\s*'([^'"\n]{0,200})'""")
_BELOW = late(
    r"""["']([^"'\n]{0,200})["']\s*/\s*["']([^"'\n]{0,200})["']|(?:path\.|File\.)?\b(?:join|resolve)\(\s*["']([^"'\n]{0,200})["']\s*,\s*["']([^"'\n]{0,200})["']\s*\)"""
)


def _below(match: re.Match[str]) -> str:
    folder, name = (match.group(1), match.group(2)) if match.group(1) is not None else (match.group(3), match.group(4))
    return f'"{folder}/{name}"'


def _folded(text: str) -> str:
    if "ome" in text or "HOME" in text or '"~"' in text or "'~'" in text:
        text = _HOMES.sub('"~"', text)
        text = _HOME_AND.sub(r'"~\1"', text)
        for _ in range(3):
            text = _BELOW.sub(_below, text)
    text = _CHR_LIST.sub(lambda match: _quote("".join(chr(int(n)) for n in match.group(1).split(","))), text)
    text = _CHR.sub(lambda match: _quote(chr(int(match.group(1)))), text)
    for _ in range(4):
        joined = _JOINED.sub("", text)
        if joined == text:
            break
        text = joined
    return text


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _commands(text: str, *, awk: bool) -> list[str]:
    found = [_first(match.groups()) for match in _RUN.finditer(text)]
    for match in _RUN_LIST.finditer(text):
        parts = [_first(each.groups()) for each in _LITERAL.finditer(match.group(1))]
        if parts and parts[0] in found:
            found.remove(parts[0])
        found.append(" ".join("'" + part.replace("'", "'\\''") + "'" for part in parts))
    for pattern in _QUOTED_RUN if not awk else ():
        found.extend(match.group(1) for match in pattern.finditer(text))
    if awk:
        found.extend(_first(match.groups()) for match in _PIPES.finditer(text))
    for match in _PERL_PIPE.finditer(text):
        if "|" in match.group(0):
            found.append(match.group(1).strip("| "))
    return [ansi.unescape(each) for each in found]


def _through_names(text: str) -> list[str]:
    """Commands that a call takes from a name given a literal before: `c = "…"; system(c)`."""
    literals = {match.group(1): _first(match.groups()[1:]) for match in list(_NAMED.finditer(text))[:32]}
    if not literals:
        return []
    names = [_first(match.groups()) for match in (*_RUN_NAME.finditer(text), *_PIPE_NAME.finditer(text))]
    return [ansi.unescape(literals[name]) for name in names if name in literals]


def _tcl(language: str, text: str) -> list[str]:
    if language not in ("tclsh", "wish", "expect"):
        return []
    return [match.group(1) for match in _TCL_RUN.finditer(text) if "$" not in match.group(1)[:1]]


def _first(groups: tuple[str | None, ...]) -> str:
    return next((group for group in groups if group), "")


def _sed(text: str) -> Code:
    found = Code([match.group(1) for match in _SED_RUN.finditer(text)])
    whole = _SED_EVAL.match(text.strip())
    if whole:
        found.commands.append(whole.group(2).replace("\\" + whole.group(1), whole.group(1)))
    found.facts.extend(Fact("write", match.group(1)) for match in _SED_WRITE.finditer(text))
    return found


def _decode(language: str, text: str, found: Code, depth: int) -> None:
    for match in list(_LITERAL.finditer(text))[:16]:
        for decoded in decodings(_first(match.groups()), rotated="rot" in text):
            inner = read_code(language, decoded, depth + 1)
            found.commands.extend(inner.commands)
            found.facts.extend(inner.facts)
            if _RUNS_DECODED.search(text) and not inner.commands:
                found.commands.append(decoded)


def decodings(text: str, *, rotated: bool = False) -> list[str]:
    """Return the readable texts that `text` may encode."""
    found: list[str] = []
    if len(text) < 6 or len(text) > MAX_CODE:
        return found
    for decode in (_from_rot13,) if rotated else (_from_base64, bytes.fromhex):
        try:
            raw = decode(text)
            decoded = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        except (ValueError, binascii.Error):
            continue
        if decoded.replace("\n", "").replace("\t", "").isprintable():
            found.append(decoded)
    return found


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _from_rot13(text: str) -> str:
    return codecs.decode(text, "rot13")
