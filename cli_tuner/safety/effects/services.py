# ruff: noqa: SIM905  (tables: a row stays on its line, names are one string)
"""Effects of the programs that start, stop and install services."""

from __future__ import annotations

import re

from cli_tuner.safety import targets
from cli_tuner.safety.effects.base import Effects, Maker, effect, options_of
from cli_tuner.shell.model import Invocation
from cli_tuner.shell.patterns import late

SECURITY = late(
    r"auditd?|apparmor|selinux|ufw|firewalld|iptables|nftables|fail2ban|r?syslog\w*|clamav\S*|clamd|falcon\S*|crowdstrike|osqueryd?"
    r"|ossec\S*|wazuh\S*|samhain|tripwire|aide|sysmon|mdatp|cbdaemon|cbagentd|sentinel\w*|snort|suricata|falco|journald|systemd-journald|crowdsec|esets?|sophos\S*|ds_agent|xagt|nessusd|splunk\w*|auditbeat|filebeat|chkrootkit|rkhunter"
)
_CORE = late(
    r"(?:sshd?|NetworkManager|network(?:ing|d)?|systemd-\S+|dbus\S*|docker|containerd|cron|crond|postgres\S*|mysqld?|mariadb|redis\S*|mongod|kubelet|etcd|firewalld|libvirtd|getty\S*|display-manager|gdm\d?|lightdm|sddm|wpa_supplicant|dhcpcd|ntpd?|chronyd|chrony)(?:\.service)?\Z"
)
_STOPS = frozenset("stop disable mask kill isolate".split())


def _service(invocation: Invocation, verbs: list[str], units: list[str]) -> Effects:
    for verb in verbs:
        for unit in units or [""]:
            kind = "security" if SECURITY.match(unit) else "core" if _CORE.match(unit) else "other"
            if verb in _STOPS:
                yield effect(invocation, "service-stop", unit, kind)
            elif verb in ("enable", "start", "restart", "reenable", "link", "edit", "reload"):
                yield effect(invocation, "service-start", unit, kind, verb)


def _systemctl(invocation: Invocation) -> Effects:
    operands = [
        word.text
        for word in options_of(
            invocation, "t type H host M machine root state p property s signal o output n lines job-mode"
        ).operands
    ]
    if not operands:
        return
    verb, units = operands[0], operands[1:]
    power = {
        "poweroff",
        "reboot",
        "halt",
        "kexec",
        "rescue",
        "emergency",
        "suspend",
        "hibernate",
        "soft-reboot",
        "hybrid-sleep",
        "suspend-then-hibernate",
    }
    if verb in power:
        sleep = ("sleep",) if verb in ("suspend", "hibernate", "hybrid-sleep", "suspend-then-hibernate") else ()
        yield effect(invocation, "shutdown", verb, *sleep)
    elif verb in ("isolate", "set-default"):
        down = any(re.search(r"reboot|poweroff|halt|rescue|emergency|shutdown", unit) for unit in units)
        yield effect(invocation, "shutdown", " ".join(operands), *(() if down else ("sleep",)))
    elif verb in ("link", "enable") and any(unit.startswith(("/", "./")) for unit in units):
        loose = ("loose",) if targets.classify(units[0]) in ("temp", "null") else ()
        yield effect(invocation, "install-unit", units[0], *loose)
    else:
        yield from _service(invocation, [verb], units)
        if verb in ("set-environment", "import-environment") and any("LD_PRELOAD" in unit for unit in units):
            yield effect(invocation, "preload", "LD_PRELOAD")


def _sysv(invocation: Invocation) -> Effects:
    operands = [word.text for word in options_of(invocation).operands]
    if invocation.program in ("service", "rc-service", "invoke-rc.d", "sv") and len(operands) > 1:
        first, second = (operands[1], operands[0]) if invocation.program == "sv" else (operands[0], operands[1])
        yield from _service(invocation, [second], [first])
        if ".." in first:
            yield effect(invocation, "shell-escape", first)
    elif invocation.program in ("chkconfig", "update-rc.d") and len(operands) > 1:
        verb = "disable" if {"off", "disable", "remove"} & set(operands) or "--del" in invocation.texts() else "enable"
        yield from _service(invocation, [verb], operands[:1])


def _init_script(invocation: Invocation) -> Effects:
    name = invocation.head.text.rstrip("/").rsplit("/", 1)[-1]
    yield from _service(invocation, [word.text for word in invocation.words[:1]], [name])


def _launchctl(invocation: Invocation) -> Effects:
    operands = [word.text for word in invocation.words if word.text[:1] != "-"]
    verbs = {
        "unload": "stop",
        "bootout": "stop",
        "disable": "disable",
        "remove": "stop",
        "load": "enable",
        "bootstrap": "enable",
        "submit": "enable",
    }
    if operands and operands[0] in verbs:
        yield from _service(invocation, [verbs[operands[0]]], operands[1:])
        if verbs[operands[0]] == "enable":
            yield effect(invocation, "install-unit", operands[-1])


SERVICES: dict[str, Maker] = {
    "systemctl": _systemctl, "launchctl": _launchctl, "init-script": _init_script,
    **dict.fromkeys(("service", "rc-service", "invoke-rc.d", "sv", "chkconfig", "update-rc.d"), _sysv),
}  # fmt: skip
