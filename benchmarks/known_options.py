"""Compile cli_tuner/evaluate/known_options.txt: the options that programs really have.

    npm pack @withfig/autocomplete@2.692.3 && tar xzf withfig-autocomplete-*.tgz
    python benchmarks/known_options.py package

Two sources, joined: Fig's completion specs (https://github.com/withfig/autocomplete, MIT, "ISC" in its package.json;
written for macOS in part) and, for what is installed here, the program's own `--help`, asked in the sandbox. Only
programs that commands of the shell commonly use, and that have no subcommands, are kept. Needs node and bubblewrap.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli_tuner.evaluate.fixture_tree import base_tree  # noqa: E402
from cli_tuner.evaluate.known_options import NOT_ASKED, PATH  # noqa: E402
from cli_tuner.evaluate.sandbox import Limits, Sandbox  # noqa: E402
from cli_tuner.shell.answer.lexicon import UTILITIES  # noqa: E402
from cli_tuner.shell.forms.table import TABLE  # noqa: E402

MORE = frozenset(["make", "rg", "jq"])
_OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z0-9][\w-]*)")
_READ = """
import fs from 'fs'; import path from 'path'; import {pathToFileURL} from 'url';
const names = x => [x.name].flat();
const options = list => (list || []).flatMap(names).filter(n => typeof n === 'string' && n.startsWith('-'));
const out = {};
for (const file of fs.readdirSync(process.argv[2]).filter(f => f.endsWith('.js'))) {
  try {
    const spec = (await import(pathToFileURL(path.join(process.argv[2], file)).href)).default;
    for (const name of names(spec)) {
      const own = out[name] ??= {options: [], subs: 0};
      own.options.push(...options(spec.options)); own.subs += (spec.subcommands || []).length;
    }
  } catch {}
}
console.log(JSON.stringify(out));
"""


def fig(package: Path) -> dict[str, dict[str, Any]]:
    """Return program to `{"options", "subs"}`: its options as the specs name them, and how many subcommands it has."""
    with tempfile.TemporaryDirectory() as work:
        build = Path(work) / "build"
        shutil.copytree(package / "build", build)
        (build / "package.json").write_text('{"type": "module"}')
        script = Path(work) / "read.mjs"
        script.write_text(_READ)
        done = subprocess.run(["node", str(script), str(build)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def own_help(program: str, sandbox: Sandbox) -> set[str]:
    """Return the options that a program's `--help` names; none where it is not installed or has no help."""
    if shutil.which(program) is None:
        return set()
    outcome = sandbox.run(f"{program} --help 2>&1; {program} --help all 2>&1", base_tree())
    return set(_OPTION.findall(outcome.stdout.decode("utf-8", "replace")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the unpacked npm package")
    options = parser.parse_args()
    specs = fig(options.package)
    wanted = sorted(name for name in (UTILITIES | MORE) - NOT_ASKED if re.fullmatch(r"[a-z][\w.-]*", name))
    licence = "".join(f"# {line}".rstrip() + "\n" for line in (options.package / "LICENSE").read_text().splitlines())
    lines = []
    with Sandbox(Limits(timeout_s=2.0, cpu_s=2)) as sandbox:
        for name in wanted:
            spec = specs.get(name, {"options": [], "subs": 0})
            if spec["subs"] and name not in TABLE:
                continue  # which options go with which subcommand is not known well enough
            found = set(spec["options"]) | own_help(name, sandbox)
            if row := TABLE.get(name):
                found |= {f"-{letter}" for letter in row.flags + row.valued + row.optional}
                found |= {f"--{long}" for long in row.longs or {}}
            if found:
                lines.append(f"{name}\t{' '.join(sorted(found))}\n")
    head = "# Options that programs have; see benchmarks/known_options.py. From Fig's specs under this licence:\n#\n"
    PATH.write_text(head + licence + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} programs, {PATH.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
