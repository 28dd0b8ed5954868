"""What `config check` says of configs of others: `python benchmarks/configs.py CORPUS.jsonl [--show RULE]`.

A row of the corpus is `{"set", "name", "yaml", "axolotl": "ok" or what Axolotl said}`; no corpus is part of the
project. Printed: how often both accept, only one refuses, or both; the rules that refuse what Axolotl accepts; how many
base models `plan` knows. A refusal that Axolotl does not make is not yet a false one: read them with `--show`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from cli_tuner.config.check import check
from cli_tuner.errors import CliTunerError
from cli_tuner.train.shapes import find_shape


def verdict(path: Path) -> tuple[str, list[dict[str, Any]], str]:
    """Return what we say of a config, the faults that are no policy, and its base model."""
    try:
        report = check(path)
    except CliTunerError as error:
        return "refuses", [{"rule": "unreadable", "path": "", "message": error.message}], ""
    faults = report.as_json()["faults"]
    hard = [one for one in faults if not one["policy"]]
    base = str(report.config.axolotl.get("base_model"))
    return "refuses" if hard else "policy" if faults else "accepts", hard, base


def main() -> None:
    """Judge every config of a corpus."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--show", help="print what this rule refuses of what Axolotl accepts")
    options = parser.parse_args()
    table: Counter[tuple[str, str, str]] = Counter()
    rules: Counter[str] = Counter()
    known = guessed = 0
    rows = [json.loads(line) for line in options.corpus.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            path = Path(folder) / "config.yaml"
            path.write_text(row["yaml"], encoding="utf-8")
            ours, hard, base = verdict(path)
            theirs = "accepts" if row["axolotl"] == "ok" else "refuses"
            table[row["set"], theirs, ours] += 1
            shape = find_shape(base)
            known += shape is not None
            guessed += shape is not None and bool(shape.stated)
            if theirs == "accepts":
                rules.update({one["rule"] for one in hard})
                for one in hard:
                    if one["rule"] == options.show:
                        print(f"{row['name']}: {one['message']}")
    print(f"{'set':10} {'Axolotl':8} {'ours':8} configs")
    for (kind, theirs, ours), count in sorted(table.items()):
        print(f"{kind:10} {theirs:8} {ours:8} {count}")
    print("rules that refuse what Axolotl accepts:", dict(rules.most_common()))
    print(f"base models known to plan: {known} of {len(rows)}, {guessed} of them by the size in their name")


if __name__ == "__main__":
    main()
