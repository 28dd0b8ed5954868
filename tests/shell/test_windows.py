# ruff: noqa: E501  (tables: a row stays on its line)
"""Lines for PowerShell and cmd.exe: what they delete, by our names."""

from __future__ import annotations

import pytest

from cli_tuner.safety.analyze import analyze
from cli_tuner.safety.verdict import Level
from cli_tuner.shell.windows import named


@pytest.mark.parametrize(
    ("path", "name"),
    [("C:\\", "/"), ("d:", "/"), ("C:\\Windows", "/usr"), ("C:\\Users\\me\\Documents", "~/Documents"), ("~", "~"), ("C:\\work\\build", "/mnt/drive/work/build")],
)  # fmt: skip
def test_drives_and_profiles_have_names_of_ours(path: str, name: str) -> None:
    assert named(path) == name


@pytest.mark.parametrize(
    "command",
    ["cmd.exe /c 'rd /s /q C:\\'", 'cmd /c "del /s /q C:\\Users\\me"', "pwsh -c 'rm -r -fo ~'", "powershell.exe -Command 'Remove-Item -Recurse -Force C:\\Users\\me'", "powershell -c 'Get-ChildItem C:\\ -Recurse | Remove-Item -Force'", "cmd /c 'format d: /q'"],
)  # fmt: skip
def test_what_deletes_a_drive_or_a_profile_is_dangerous(command: str) -> None:
    assert analyze(command).level is Level.DANGEROUS


@pytest.mark.parametrize("command", ["cmd /c 'rd /s /q build'", "pwsh -c 'Remove-Item -Recurse ./dist'", "pwsh -c 'Get-ChildItem C:\\'", "cmd.exe /c 'dir C:\\'"])  # fmt: skip
def test_what_deletes_a_folder_of_the_project_or_lists_is_not(command: str) -> None:
    assert analyze(command).level is Level.SAFE
