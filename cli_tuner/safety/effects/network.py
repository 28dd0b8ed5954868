"""Effects of the programs that talk to a network: sending, serving, sockets joined to shells, tunnels."""

from __future__ import annotations

import re

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, options_of
from cli_tuner.safety.effects.files import remote_path
from cli_tuner.shell.flow import Word
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.outputs import _CURL_VALUED, _WGET_VALUED

_LOCAL = re.compile(r"(?:https?://)?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?|0\.0\.0\.0)(?=[:/]|\Z)")
_SHELL = re.compile(r"(?:^|[\s/:\"',=])(?:ba|da|z|k|c|a|tc|fi)?sh\b|cmd(?:\.exe)?\b|powershell|busybox|python\d?\b|perl\b")
_URL = re.compile(r"(?:https?|ftps?|tftp|gopher|dict|ldap|smb|rest|sftp)://")


def _url(words: list[Word]) -> Word | None:
    return next((word for word in words if _URL.match(word.text) or "." in word.text), None)


def _local(words: list[Word]) -> tuple[str, ...]:
    return ("local",) if any(_LOCAL.match(word.text) for word in words) else ()


def _piped(invocation: Invocation, *traits: str) -> Effects:
    """Sending what standard input brings: the files and sources named by its tags."""
    for tag in sorted(invocation.stdin_tags()):
        kind, _, path = tag.partition(":")
        if kind == "file" and path:
            yield on_path(invocation, "send", invocation.head, *traits, "stream", path=path)
        elif kind in ("env", "history", "shell"):
            yield effect(invocation, "send", kind, kind, *traits)


def _data(invocation: Invocation, word: Word, *traits: str) -> Effects:
    """A value of `-d`/`-F`: `@file`, `name=@file`, `name=<file`, standard input, or literal text."""
    text = word.text
    match = re.match(r"(?:[^@=<]*=)?[@<]\"?([^;\"]+)", text)
    path = match.group(1) if match else ""
    if path == "-" or text in ("@-", "-"):
        yield from _piped(invocation, *traits)
    elif path:
        yield on_path(invocation, "send", word, *traits, path=path)
    for tag in word.tags:
        kind, _, name = tag.partition(":")
        if kind == "file" and name:
            yield on_path(invocation, "send", word, *traits, "inline", path=name)
        elif kind in ("env", "history"):
            yield effect(invocation, "send", kind, kind, *traits, word=word)
        elif kind == "output":
            yield effect(invocation, "send", text, "computed", *traits, word=word)


def _curl(invocation: Invocation) -> Effects:
    options = options_of(invocation, " ".join(_CURL_VALUED))
    traits = _local(options.operands)
    for word in invocation.words:
        if word.text.startswith(("gopher://", "dict://")):
            yield effect(invocation, "connect", word.text, word=word)
        if word.text.startswith("file://"):
            yield on_path(invocation, "read", word, path=word.text[7:])
    for place, word in enumerate(invocation.words):
        name = word.text
        form = ("upload",) if re.fullmatch(r"--form|-[a-zA-Z]*F", name) else ()
        if place + 1 < len(invocation.words) and (name in _CURL_DATA or re.fullmatch(r"-[a-zA-Z]*[dF]", name)):
            yield from _data(invocation, invocation.words[place + 1], *form, *traits)
        elif re.match(r"(?:-[dF]|--(?:data(?:-\w+)?|form|json|upload-file)=)\S*@", name):
            yield from _data(invocation, Word(re.sub(r"^(?:-[dF]|--[\w-]+=)", "", name), word.start, word.end), *traits)
    upload = options.value("T", "upload-file")
    if upload is not None:
        yield from _piped(invocation, *traits) if upload.text == "-" else [on_path(invocation, "send", upload, "upload", *traits)]
    for name in ("H", "header", "u", "user", "A", "b", "cookie"):
        value = options.value(name)
        if value is not None and value.tags:
            yield from _data(invocation, value, *traits)
    yield from _in_url(invocation, options.operands)
    yield from _written(invocation, options.value("o", "output"))


_CURL_DATA = frozenset("-d --data --data-raw --data-binary --data-urlencode --data-ascii -F --form --form-string --json".split())


def _in_url(invocation: Invocation, words: list[Word]) -> Effects:
    for word in words:
        for tag in word.tags:
            kind, _, name = tag.partition(":")
            if kind == "file" and name:
                yield on_path(invocation, "send", word, "inline", path=name)
            elif kind in ("env", "history"):
                yield effect(invocation, "send", kind, kind, word=word)


def _written(invocation: Invocation, word: Word | None) -> Effects:
    if word is not None and word.text not in ("-", "/dev/stdout"):
        yield on_path(invocation, "write", word, "downloaded")


def _wget(invocation: Invocation) -> Effects:
    options = options_of(invocation, " ".join(_WGET_VALUED))
    traits = _local(options.operands)
    for name in ("post-file", "body-file"):
        word = options.value(name)
        if word is not None:
            yield from _piped(invocation, *traits) if word.text in ("-", "/dev/stdin") else [on_path(invocation, "send", word, "upload", *traits)]
    for name in ("post-data", "body-data", "header"):
        word = options.value(name)
        if word is not None:
            yield from _data(invocation, word, *traits)
            if name == "post-data" and not word.tags:
                yield effect(invocation, "send", word.text, "literal", *traits, word=word)
    inputs = options.value("i", "input-file")
    if inputs is not None:
        yield on_path(invocation, "read", inputs)
    yield from _in_url(invocation, options.operands)
    yield from _written(invocation, options.value("O", "output-document"))
    yield from _written(invocation, options.value("o", "output-file", "a", "append-output"))


_NC_VALUED = "e c exec sh-exec p s w i x X q g G k T I O P V source-port wait"


def _netcat(invocation: Invocation) -> Effects:
    options = options_of(invocation, _NC_VALUED.replace(" k", ""))
    program = options.value("e", "c", "exec", "sh-exec", "lua-exec")
    listens = options.has("l", "listen") or any(re.match(r"-\w*l", text) for text in invocation.texts())
    if program is not None and (_SHELL.search(program.text) or "exec" in options.flags or "e" in options.flags):
        yield effect(invocation, "bind-shell" if listens else "reverse-shell", program.text, word=program)
        return
    if any(re.fullmatch(r"-\w*e\w*", text) for text in invocation.texts()) and any(_SHELL.search(word.text) for word in options.operands):
        yield effect(invocation, "reverse-shell", "-e")
    if options.has("z"):
        return
    traits = (*_local(options.operands), *(("listens",) if listens else ()))
    if "shell" in invocation.stdin_tags():
        yield effect(invocation, "reverse-shell", "a shell feeds the socket")
    yield from _piped(invocation, *traits)
    if listens:
        yield effect(invocation, "listen", " ".join(invocation.texts()))


def _socat(invocation: Invocation) -> Effects:
    joined = " ".join(invocation.texts())
    lower = joined.lower()
    runs = re.search(r"(?:exec|system|shell):", lower)
    net = re.search(r"(?:tcp|udp|openssl|ssl|sctp|vsock)[46]?(?:-\w+)?:|socks", lower)
    if runs and net:
        yield effect(invocation, "bind-shell" if "listen" in lower else "reverse-shell", joined)
    elif net:
        for found in re.finditer(r"(?:file|open|gopen|create):([^,\s]+)|(?:^|\s)(/[^,\s:]+)", joined):
            verb = "send" if "-u" in joined or found.start() < (net.start() if net else 0) else "send"
            yield on_path(invocation, verb, invocation.head, path=found.group(1) or found.group(2))
        yield from _piped(invocation)
        if "shell" in invocation.stdin_tags():
            yield effect(invocation, "reverse-shell", joined)


def _client(invocation: Invocation) -> Effects:
    """`telnet`, `openssl s_client`, `ncat` without options: whatever comes on standard input leaves."""
    texts = invocation.texts()
    if invocation.program == "openssl" and not any(text in ("s_client", "s_server") for text in texts):
        from cli_tuner.safety.effects.files import FILES

        yield from FILES["openssl"](invocation)
        return
    if "shell" in invocation.stdin_tags():
        yield effect(invocation, "reverse-shell", " ".join(texts))
    yield from _piped(invocation)


def _scp(invocation: Invocation) -> Effects:
    options = options_of(invocation, "c F i J l o P S D X")
    operands = options.operands
    if len(operands) < 2:
        return
    remote = operands[-1]
    if remote_path(remote.text) or ":" in remote.text:
        for word in operands[:-1]:
            if ":" not in word.text:
                yield on_path(invocation, "send", word, "copy", *(("recursive",) if options.has("r") else ()))
    else:
        yield on_path(invocation, "write", remote, "copied")


def _ssh(invocation: Invocation) -> Effects:
    options = options_of(invocation, "B b c D E e F I i J L l m O o p Q R S W w", until_operand=True)
    yield from _piped(invocation, "ssh")
    if options.has("R"):
        yield effect(invocation, "tunnel", "-R")


def _named_in_script(invocation: Invocation) -> Effects:
    """`ftp`, `sftp`, `tftp`, `smbclient`: `put FILE` in an option, standard input or a later line."""
    joined = " ".join(invocation.texts()) + "\n" + (invocation.stdin.text or "" if invocation.stdin else "")
    for found in re.finditer(r"\b(?:m?put|send|append|reput)\s+(\S+)|-(?:u|c)\s+(?:put\s+)?(/\S+)", joined):
        yield on_path(invocation, "send", invocation.head, "upload", path=(found.group(1) or found.group(2)).strip("'\""))
    yield from _piped(invocation)


def _guess(invocation: Invocation) -> Effects:
    if invocation.looped and not any(word.text in ("-e", "-f") for word in invocation.words):
        yield effect(invocation, "attack", "passwords in a loop")


def _put_line(invocation: Invocation) -> Effects:
    """A bare `put FILE` line, as typed into an FTP client."""
    for word in invocation.words[:1]:
        yield on_path(invocation, "send", word, "upload")


def _serve(pattern: str) -> Maker:
    compiled = re.compile(pattern)

    def make(invocation: Invocation) -> Effects:
        found = compiled.search(" ".join(invocation.texts()))
        if found:
            yield effect(invocation, "serve", found.group().strip())

    return make


def _sends_words(invocation: Invocation) -> Effects:
    """Programs whose operands leave the machine: mail, backup to a remote, upload tools."""
    joined = " ".join(invocation.texts())
    for word in invocation.words:
        if word.text[:1] == "/" or word.text.startswith(("~", "@", "./", "file:")):
            yield on_path(invocation, "send", word, "upload", path=word.text.lstrip("@").removeprefix("file:"))
    if not joined:
        return
    yield from _piped(invocation)


def _dns(invocation: Invocation) -> Effects:
    for word in invocation.words:
        tags = word.tags
        for tag in tags:
            kind, _, path = tag.partition(":")
            if kind == "file" and path:
                yield on_path(invocation, "send", word, "dns", path=path)
            elif kind in ("output", "env", "history", "decoded", "encoded"):
                yield effect(invocation, "send", word.text, "dns", "computed", *({"encoded"} & tags), word=word)
    options = options_of(invocation, "f")
    batch = options.value("f")
    if batch is not None:
        yield on_path(invocation, "read", batch)


def _miner(invocation: Invocation) -> Effects:
    yield effect(invocation, "mine", invocation.program)


def _attack(invocation: Invocation) -> Effects:
    yield effect(invocation, "attack", invocation.program)


def _hping(invocation: Invocation) -> Effects:
    options = options_of(invocation, "d data E file sign e p s i a")
    file = options.value("E", "file")
    if file is not None:
        yield on_path(invocation, "send", file, "upload")
    if options.has("flood"):
        yield effect(invocation, "attack", "--flood")


def _ping(invocation: Invocation) -> Effects:
    if options_of(invocation, "c i s w W I p t").has("f"):
        yield effect(invocation, "attack", "ping -f", "mild")


def _nmap(invocation: Invocation) -> Effects:
    joined = " ".join(invocation.texts())
    if re.search(r"--script[= ]\S*(?:vuln|exploit|brute|dos|malware)", joined):
        yield effect(invocation, "attack", "nmap scripts", "mild")


def _tunnel(invocation: Invocation) -> Effects:
    yield effect(invocation, "tunnel", invocation.program)


def _socket_tool(invocation: Invocation) -> Effects:
    if any(_SHELL.search(word.text) for word in invocation.words):
        yield effect(invocation, "reverse-shell", " ".join(invocation.texts()))


def _xterm(invocation: Invocation) -> Effects:
    display = options_of(invocation, "display e").value("display")
    if display is not None and re.match(r"[\w.-]{3,}:\d", display.text) and not _LOCAL.match(display.text):
        yield effect(invocation, "reverse-shell", display.text, word=display)


ATTACKERS = frozenset(
    "hydra medusa ncrack patator slowloris slowhttptest goldeneye t50 mdk3 mdk4 aireplay-ng sqlmap msfconsole msfvenom metasploit "
    "responder ettercap bettercap arpspoof dnsspoof dsniff john hashcat crackmapexec nikto wpscan beef-xss setoolkit linpeas.sh "
    "linenum.sh LinEnum.sh linpeas mimipenguin mimipenguin.sh laZagne.py lazagne pspy pspy64 unix-privesc-check chisel impacket-secretsdump "
    "AutoSUID.sh linux-exploit-suggester.sh lse.sh sudo_bruteforce.sh".split()
)

NETWORK: dict[str, Maker] = {
    "curl": _curl, "wget": _wget, "wget2": _wget, **dict.fromkeys(("nc", "ncat", "netcat", "nc.traditional", "nc.openbsd", "pnscan", "cryptcat", "sbd", "dbd", "powercat", "rcat"), _netcat),
    "socat": _socat, **dict.fromkeys(("telnet", "openssl", "gnutls-cli", "websocat", "rlogin", "rsh"), _client), "scp": _scp, "pscp": _scp, "sftp": _named_in_script,
    "ssh": _ssh, **dict.fromkeys(("ftp", "lftp", "tftp", "ncftp", "ncftpput", "smbclient", "ftpput", "atftp", "cadaver"), _named_in_script),
    **dict.fromkeys(("put", "mput"), _put_line),
    "busybox": _serve(r"\bhttpd\b.*"), "httpd": _serve(r"-p\s*\d+.*"), "tailscale": _sends_words, "python": _serve(r"-m\s+(?:http\.server|SimpleHTTPServer|pyftpdlib|uploadserver)\b.*"),
    "php": _serve(r"-S\s+\S+.*"), "ruby": _serve(r"-run\s.*httpd.*"), "code": _serve(r"\btunnel\b.*"), "kubectl": _serve(r"\bproxy\b.*--(?:address[= ](?!127|localhost)|www[= ]|accept-hosts)\S*"), "sshpass": _guess, "npx": _serve(r"\b(?:http-server|serve|localtunnel)\b.*"),
    **dict.fromkeys(("mail", "mailx", "mutt", "sendmail", "restic", "rclone", "borg", "duplicity", "s3cmd", "gsutil", "croc", "wormhole", "transfer", "ffsend", "lp", "lpr", "ab", "xh", "http", "https", "httpie", "megaput", "gdrive", "dropbox_uploader", "pastebinit", "termbin", "nqq", "whois", "finger"), _sends_words),
    **dict.fromkeys(("dig", "nslookup", "host", "drill", "resolvectl"), _dns),
    **dict.fromkeys("xmrig minerd cpuminer ccminer ethminer cgminer bfgminer t-rex nbminer lolMiner phoenixminer xmr-stak nanominer teamredminer gminer claymore minergate cryptonight srbminer kdevtmpfsi kinsing".split(), _miner),
    **dict.fromkeys(ATTACKERS, _attack), **dict.fromkeys(("hping3", "hping", "nping"), _hping), "ping": _ping, "nmap": _nmap,
    **dict.fromkeys(("ngrok", "frpc", "bore", "cloudflared", "localtunnel", "lt", "pagekite", "ligolo", "sshuttle", "iodine", "dnscat", "dnscat2", "ptunnel"), _tunnel),
    "socket": _socket_tool, "pwncat": _socket_tool, "xterm": _xterm,
}  # fmt: skip
