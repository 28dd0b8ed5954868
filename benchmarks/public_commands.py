"""Collect the commands of public CI files, Dockerfiles and READMEs from git clones, as JSONL on stdout.

    python benchmarks/public_commands.py CLONE... > public.jsonl

A row is one RUN instruction of a Dockerfile, one logical line of a README's shell fence, or one `run:` step of a
GitHub workflow, and a step of several plain lines once more line by line. `${{ … }}` becomes the word `value`, as the
host puts a value there before a shell sees the step. Steps of other shells than Bash are left out, and each text
counts once; what `bash -n` refuses (templates, PowerShell, printed output) is left out.
The collection is other people's text: keep it out of the repository.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_WORKFLOW = re.compile(r"(?:^|/)\.github/(?:workflows|actions)/.*\.ya?ml$|^ci/.*\.ya?ml$")
_DOCKERFILE = re.compile(r"(?:^|/)(?:Dockerfile[^/]*|[^/]+\.[Dd]ockerfile)$")
_README = re.compile(r"(?:^|/)(?:README|INSTALL|CONTRIBUTING)[^/]*\.md$")
_FENCE = re.compile(r"^[ \t]*```[ \t]*(?:bash|sh|shell|console|terminal|zsh)[ \t]*\n(.*?)^[ \t]*```", re.M | re.S)
_QUOTED = re.compile(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.S)
_BLOCK_WORD = re.compile(
    r"\s*(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|function|\{|\}|\(|\))\b|.*(?:<<|\{|\($)"
)


def joined(text: str) -> list[str]:
    """Return the logical lines of a script: continued and quoted lines together, no comments, no empty ones."""
    found: list[str] = []
    open_quote = False
    for line in re.sub(r"\\\n[ \t]*", " ", text).splitlines():
        if open_quote:
            found[-1] += "\n" + line
        elif line.strip() and not line.strip().startswith("#"):
            found.append(line.strip())
        open_quote = bool(found) and len(_QUOTED.sub("", found[-1])) != len(
            re.sub("['\"]", "", _QUOTED.sub("", found[-1]))
        )
    return found


def of_workflow(text: str) -> Iterator[str]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return
    for script in _steps(documents):
        script = re.sub(r"\$\{\{.*?\}\}", "value", script, flags=re.S).strip("\n")
        yield script
        if "\n" in script and not any(_BLOCK_WORD.match(line) for line in joined(script)):
            yield from joined(script)


def _steps(node: Any, shell: str = "bash") -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _steps(each, shell)
    elif isinstance(node, dict):
        if "windows" in str(node.get("runs-on", "")) + str(node.get("name", "")).lower():
            shell = "pwsh"
        defaults = node.get("defaults")
        run = defaults.get("run") if isinstance(defaults, dict) else None
        shell = str(run.get("shell", shell)) if isinstance(run, dict) else shell
        if isinstance(node.get("run"), str) and str(node.get("shell", shell)).split()[0] in ("bash", "sh"):
            yield node["run"]
        for key, each in node.items():
            if key != "run":
                yield from _steps(each, shell)


def of_dockerfile(text: str) -> Iterator[str]:
    text = re.sub(r"^[ \t]*#.*\n", "", text, flags=re.M)
    for match in re.finditer(r"^RUN[ \t]+((?:.*\\\n)*.*)$", text, re.M):
        script = re.sub(r"^(?:--\w+=\S+\s+(?:\\\n\s*)?)+", "", match[1]).strip()
        if script and script[0] != "[" and "<<" not in script:
            yield re.sub(r"\\\n[ \t]*", " ", script)


def of_readme(text: str) -> Iterator[str]:
    for match in _FENCE.finditer(text):
        prompts = re.search(r"^[ \t]*[$%#>] \S", match[1], re.M) is not None
        for line in joined(match[1] if not prompts else re.sub(r"^[ \t]*[$%] ", "$ ", match[1], flags=re.M)):
            if not prompts or line.startswith("$ "):
                yield line.removeprefix("$ ")


def is_bash(text: str) -> bool:
    """Tell whether Bash can read `text`: templates, PowerShell and printed output cannot be run."""
    return subprocess.run(["bash", "-n"], input=text, capture_output=True, encoding="utf-8").returncode == 0


_KINDS = (("ci", _WORKFLOW, of_workflow), ("dockerfile", _DOCKERFILE, of_dockerfile), ("readme", _README, of_readme))


def collect(clone: Path) -> Iterator[dict[str, str]]:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(clone), *words], capture_output=True, check=True, encoding="utf-8", errors="replace"
        ).stdout

    for path in git("ls-tree", "-r", "--name-only", "HEAD").splitlines():
        for kind, pattern, read in _KINDS:
            if pattern.search(path):
                texts = [each for each in read(git("show", f"HEAD:{path}")) if is_bash(each)]
                yield from ({"command": each, "kind": kind, "path": path} for each in texts)


def main() -> None:
    seen: set[str] = set()
    for clone in map(Path, sys.argv[1:]):
        for row in collect(clone):
            if row["command"] not in seen:
                seen.add(row["command"])
                print(json.dumps({**row, "clone": clone.name}))


if __name__ == "__main__":
    main()
