# ruff: noqa: E501, SIM905  (tables: a row stays on its line, names are one string)
"""Effects of the programs that join a socket to a shell, listen, tunnel, mine or attack."""

from __future__ import annotations

import re

from cli_tuner.safety.effects.base import Effects, Maker, effect, on_path, options_of
from cli_tuner.safety.effects.network import LOCAL, local_traits, piped
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

_SHELL = late(r"(?:^|[\s/:\"',=])(?:ba|da|z|k|c|a|tc|fi)?sh\b|cmd(?:\.exe)?\b|powershell|busybox|python\d?\b|perl\b")
_NC_VALUED = "e c exec sh-exec p s w i x X q g G k T I O P V source-port wait"


def _netcat(invocation: Invocation) -> Effects:
    options = options_of(invocation, _NC_VALUED.replace(" k", ""))
    program = options.value("e", "c", "exec", "sh-exec", "lua-exec")
    listens = options.has("l", "listen") or any(re.match(r"-\w*l", text) for text in invocation.texts())
    if program is not None and (_SHELL.search(program.text) or "exec" in options.flags or "e" in options.flags):
        yield effect(invocation, "bind-shell" if listens else "reverse-shell", program.text, word=program)
        return
    if any(re.fullmatch(r"-\w*e\w*", text) for text in invocation.texts()) and any(
        _SHELL.search(word.text) for word in options.operands
    ):
        yield effect(invocation, "reverse-shell", "-e")
    if options.has("z"):
        return
    traits = (*local_traits(options.operands), *(("listens",) if listens else ()))
    if "shell" in invocation.stdin_tags():
        yield effect(invocation, "reverse-shell", "a shell feeds the socket")
    yield from piped(invocation, "raw", *traits)
    if listens:
        yield effect(invocation, "listen", " ".join(invocation.texts()))


_SOCKET = late(
    r"(?i)(?:tcp|udp|openssl|ssl|sctp|dccp|vsock|udplite|socks|proxy|websocket)[46]?(?:-[a-z]+)*[46]?(?=[:,]|\Z)|socks"
)
_PROGRAM = late(r"(?i)(?:exec|system|shell)(?=[:,]|\Z)")
_FILE = late(r"(?i)(?:open|file|gopen|creat|create):[\"']?([^,\"']+)|([\"']?/[^,:\"']+)")


def _socat(invocation: Invocation) -> Effects:
    words = options_of(invocation).operands
    parts = [(word, part) for word in words for part in word.text.split("!!")]
    joined = " ".join(invocation.texts())
    net = any(_SOCKET.match(part) or "socket" in word.tags for word, part in parts)
    if net and any(_PROGRAM.match(part) for _, part in parts):
        listens = re.search(r"(?i)listen|-l:", joined)
        yield effect(invocation, "bind-shell" if listens else "reverse-shell", joined)
        return
    if net or any(_PROGRAM.match(part) for _, part in parts):
        for word, part in parts:
            named = _FILE.match(part)
            if named and net:
                yield on_path(invocation, "send", word, "stream", path=named.group(1) or named.group(2))
            for tag in word.tags:
                if tag.startswith("file:") and net:
                    yield on_path(invocation, "send", word, "stream", path=tag[5:])
    if net:
        yield from piped(invocation)
        if "shell" in invocation.stdin_tags():
            yield effect(invocation, "reverse-shell", joined)


def _client(invocation: Invocation) -> Effects:
    """`telnet`, `openssl s_client`, `ncat` without options: whatever comes on standard input leaves."""
    texts = invocation.texts()
    if invocation.program == "openssl" and not any(text in ("s_client", "s_server") for text in texts):
        return
    if "shell" in invocation.stdin_tags():
        yield effect(invocation, "reverse-shell", " ".join(texts))
    yield from piped(invocation)


def _guess(invocation: Invocation) -> Effects:
    if invocation.looped and not any(word.text in ("-e", "-f") for word in invocation.words):
        yield effect(invocation, "attack", "passwords in a loop")


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


_ASKS = frozenset(
    "version --version -v help --help -h list ls status update login logout config auth user diagnose route info invite enable access delete cleanup private verify completion".split()
)


def _tunnel(invocation: Invocation) -> Effects:
    if not _ASKS.intersection(invocation.texts()[:3]):
        yield effect(invocation, "tunnel", invocation.program)


def _socket_tool(invocation: Invocation) -> Effects:
    if any(_SHELL.search(word.text) for word in invocation.words):
        yield effect(invocation, "reverse-shell", " ".join(invocation.texts()))


def _shared_terminal(invocation: Invocation) -> Effects:
    if invocation.words:
        yield effect(invocation, "bind-shell", " ".join(invocation.texts()))


def _websocat(invocation: Invocation) -> Effects:
    joined = " ".join(invocation.texts())
    if re.search(r"(?:^|\s)(?:exec|cmd|sh-c):\s*\S*", joined):
        listens = re.search(r"(?:^|\s)(?:-s\b|--server|(?:ws|tcp|unix)-l(?:isten)?:)", joined)
        yield effect(invocation, "bind-shell" if listens else "reverse-shell", joined)
    else:
        yield from _client(invocation)


def _ztcp(invocation: Invocation) -> Effects:
    yield effect(invocation, "reverse-shell", " ".join(invocation.texts()))


def _xterm(invocation: Invocation) -> Effects:
    display = options_of(invocation, "display e").value("display")
    if display is not None and re.match(r"[\w.-]{3,}:\d", display.text) and not LOCAL.match(display.text):
        yield effect(invocation, "reverse-shell", display.text, word=display)


ATTACKERS = frozenset(
    "hydra medusa ncrack patator slowloris slowhttptest goldeneye t50 mdk3 mdk4 aireplay-ng sqlmap msfconsole msfvenom metasploit "
    "responder ettercap bettercap arpspoof dnsspoof dsniff john hashcat crackmapexec nikto wpscan beef-xss setoolkit linpeas.sh "
    "linenum.sh LinEnum.sh linpeas mimipenguin mimipenguin.sh laZagne.py lazagne pspy pspy64 unix-privesc-check chisel impacket-secretsdump "
    "AutoSUID.sh linux-exploit-suggester.sh lse.sh sudo_bruteforce.sh".split()
)


_MINERS = (
    "xmrig minerd cpuminer ccminer ethminer cgminer bfgminer t-rex nbminer lolMiner phoenixminer xmr-stak nanominer teamredminer gminer claymore minergate "
    "cryptonight srbminer kdevtmpfsi kinsing"
)
_TUNNELS = "tmate upterm teleconsole ngrok frpc bore cloudflared localtunnel lt pagekite ligolo sshuttle iodine dnscat dnscat2 ptunnel devtunnel zrok localtonet pinggy"
SOCKETS: dict[str, Maker] = {
    **dict.fromkeys("nc ncat netcat nc.traditional nc.openbsd pnscan cryptcat sbd dbd powercat rcat".split(), _netcat), "socat": _socat,
    **dict.fromkeys("telnet openssl gnutls-cli rlogin rsh".split(), _client), "websocat": _websocat,
    **dict.fromkeys("ttyd gotty shellinaboxd wetty".split(), _shared_terminal), **dict.fromkeys(_MINERS.split(), _miner),
    **dict.fromkeys(ATTACKERS, _attack), **dict.fromkeys(("hping3", "hping", "nping"), _hping), "ping": _ping, "nmap": _nmap, "sshpass": _guess,
    **dict.fromkeys(_TUNNELS.split(), _tunnel), "socket": _socket_tool, "pwncat": _socket_tool, "ztcp": _ztcp, "xterm": _xterm,
}  # fmt: skip
