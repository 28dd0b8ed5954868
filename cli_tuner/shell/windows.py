# ruff: noqa: E501  (tables: a row stays on its line)
"""What a line for PowerShell or cmd.exe deletes: `Remove-Item -Recurse`, `rd /s`, `format`; drives and homes by our names.

Agents on Windows and in WSL run these through `powershell -Command` and `cmd /c`. Not covered: what scripts compute.
"""

from __future__ import annotations

import re

from cli_tuner.shell.model import Fact
from cli_tuner.shell.patterns import late

_REMOVES = late(r"(?i)\b(?:Remove-Item|ri|rm|del|erase|rd|rmdir)\b([^;|&\n]{0,300})")
_LISTS = late(r"(?i)\b(?:Get-ChildItem|gci|ls|dir)\b([^;|\n]{0,200})\|[^;\n]{0,80}\b(?:Remove-Item|ri|rm|del)\b")
_WHOLE = late(r"(?i)\b(?:Format-Volume|Clear-Disk|Initialize-Disk|Remove-Partition)\b|\bformat(?:\.com)?\s+[a-z]:|\bdiskpart\b.*\bclean\b|\bvssadmin(?:\.exe)?\s+delete\s+shadows|\bcipher(?:\.exe)?\s+/w:")  # fmt: skip
_DEEP = late(r"(?i)(?:^|\s)(?:-r(?:ec(?:urse)?)?|/s)(?=\s|\Z)")
_PATH = late(r"""(?:\A|(?<=[\s'",(=]))((?:[A-Za-z]:|~|\$HOME\b|\$env:\w+|%\w+%|/(?![a-z](?:[\s'"]|\Z)))[^\s'",;]*)""")
_HOMES = late(r"(?i)(?:~|\$HOME|\$env:USERPROFILE|%USERPROFILE%|[a-z]:[\\/]Users[\\/][^\\/*]+)")
_DRIVE = late(r"(?i)(?:[a-z]:|/mnt/[a-z]|%SystemDrive%|\$env:SystemDrive)[\\/]*(?:\*\S*)?\Z")
_SYSTEM = late(r"(?i)(?:[a-z]:|/mnt/[a-z]|%SystemDrive%)[\\/]+(?:Windows|Program Files\S*|ProgramData|Users)[\\/]?(?:\*\S*)?\Z")  # fmt: skip


def facts(code: str) -> list[Fact]:
    """Return what `code` deletes with everything below it."""
    found: list[Fact] = []
    if _WHOLE.search(code):
        found.append(Fact("rmtree", "/"))
    for match in list(_REMOVES.finditer(code))[:8]:
        if _DEEP.search(match.group(1)):
            found.extend(Fact("rmtree", named(path)) for path in _PATH.findall(match.group(1))[:4])
    for match in list(_LISTS.finditer(code))[:4]:
        if _DEEP.search(code):
            found.extend(Fact("rmtree", named(path)) for path in _PATH.findall(match.group(1))[:4])
    return found


def named(path: str) -> str:
    """Return a path by the name that the lattice of targets knows: a drive is a root, a profile a home."""
    path = path.strip("'\"")
    if _DRIVE.match(path):
        return "/"
    if _SYSTEM.match(path):
        return "/usr"
    home = _HOMES.match(path)
    if home:
        return "~" + path[home.end() :].replace("\\", "/")
    return re.sub(r"\A[A-Za-z]:", "/mnt/drive", path).replace("\\", "/")
