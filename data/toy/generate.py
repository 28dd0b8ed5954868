"""Write the rows of the toy: `known/rows.jsonl` teaches the toy base, `new/rows.jsonl` is what it learns.

Twelve commands each, none in both, every one in several wordings over the same files, folders and words. Law: the
same tables and seed give the same bytes. Not covered: anything like the breadth of real requests; that is what
data/samples and your own sources are for.

Usage: python data/toy/generate.py [folder]
"""

from __future__ import annotations

import itertools
import json
import random
import re
import sys
from pathlib import Path

SEED = 20261121
ROWS = 240
POOLS = {
    "file": "notes.txt report.md data.csv app.log config.yaml main.py todo.txt users.json index.html server.log "
    "budget.csv draft.md setup.py events.json photo.png backup.sql".split(),
    "folder": "src docs tests music photos reports archive scripts public logs build images".split(),
    "place": "/tmp /srv/data /opt/tools /mnt/backup /var/www /home/anna".split(),
    "word": "error warning timeout retry failed login debug success invoice missing".split(),
    "n": "2 3 5 8 10 12 20 25 40 50".split(),
    "host": "example.com gnu.org web01 db.internal nas kernel.org mail01 backup.local".split(),
    "name": "alpha beta gamma delta spring winter final daily".split(),
}
KNOWN = {
    "ls -l {place}/{folder}": "list {folder} in {place} with details|what is in {place}/{folder}, long form"
    "|show the contents of {folder} under {place} with sizes and dates",
    "cp {file} {place}/": "copy {file} to {place}|put a copy of {file} into {place}|{place} needs a copy of {file}",
    "mv {file} {folder}/": "move {file} into {folder}|put {file} away in the folder {folder}|relocate {file} to {folder}",
    "mkdir -p {folder}/{name}": "make a folder {name} inside {folder}|create the directory {folder}/{name}"
    "|{folder} should get a subfolder called {name}",
    "head -n {n} {file}": "show the first {n} lines of {file}|print the top {n} lines of {file}"
    "|how does {file} begin, {n} lines please",
    "grep {word} {file}": "find lines with {word} in {file}|which lines of {file} mention {word}|search {file} for {word}",
    "wc -l {folder}/{file}": "count the lines of {file} in {folder}|how many lines does {folder}/{file} have"
    "|line count for {file} under {folder}",
    "touch {folder}/{file}": "create an empty {file} in {folder}|make a blank file {folder}/{file}"
    "|update the time of {file} in {folder}",
    "ln -s {place}/{file} {name}": "make a link {name} to {file} in {place}|link {place}/{file} as {name}"
    "|{name} should point at {place}/{file}",
    "chmod u+x {folder}/{file}": "make {file} in {folder} executable for me|let the owner run {folder}/{file}"
    "|set the execute bit for the owner on {file} in {folder}",
    "ping -c {n} {host}": "ping {host} {n} times|send {n} pings to {host}|is {host} up? try {n} times",
    "cat {folder}/{file}": "print {file} from {folder}|show me {folder}/{file}|what does {file} in {folder} say",
}
NEW = {
    "tail -n {n} {file}": "show the last {n} lines of {file}|print the bottom {n} lines of {file}"
    "|how does {file} end, {n} lines please",
    "find {place} -name {file}": "where under {place} is {file}|locate {file} anywhere below {place}"
    "|look through {place} for a file called {file}",
    "sort {file} > {folder}/{name}": "sort {file} and save it as {name} in {folder}|write the sorted {file} to {folder}/{name}"
    "|order the lines of {file}, result in {folder}/{name}",
    "tar -czf {name}.tar.gz {folder}": "pack {folder} into {name}.tar.gz|compress the folder {folder} as {name}.tar.gz"
    "|make an archive {name}.tar.gz of {folder}",
    "du -sh {place}/{folder}": "how big is {folder} in {place}|total size of {place}/{folder}"
    "|space that {folder} takes under {place}",
    "cut -d, -f{n} {file}": "column {n} of {file}, split at commas|extract field {n} from {file}"
    "|only the comma separated field {n} of {file}",
    "diff {file} {place}/{file}": "compare {file} with the one in {place}|differences between {file} and its copy in {place}"
    "|has {file} changed against {place}",
    "grep -c {word} {folder}/{file}": "how often is {word} in {file} of {folder}, as a number|count lines with {word} in {folder}/{file}"
    "|number of {word} lines in {file} under {folder}",
    "sha256sum {place}/{file}": "checksum of {file} in {place}|sha256 of {place}/{file}|hash the file {file} under {place}",
    "gzip -k {folder}/{file}": "gzip {file} in {folder} and keep it|compress {folder}/{file} but keep the original"
    "|zip {file} of {folder} without deleting it",
    "uniq -c {folder}/{file}": "collapse repeated lines of {file} in {folder} with counts|repeated lines in {folder}/{file}, counted"
    "|squeeze equal neighbours of {file} under {folder} and count",
    "scp {file} {host}:{place}/": "send {file} to {place} on {host}|upload {file} to {host}, folder {place}"
    "|copy {file} over the network to {host} into {place}",
}


def rows(templates: dict[str, str], seed: int) -> list[dict[str, str]]:
    """Fill every template with distinct draws of its slots, each in one drawn wording."""
    draw = random.Random(seed)
    found = []
    for command, wordings in templates.items():
        slots = list(dict.fromkeys(re.findall(r"{(\w+)}", command)))
        filled = list(itertools.product(*(POOLS[slot] for slot in slots)))
        pairs = [(wording, values) for values in filled for wording in wordings.split("|")]
        for wording, values in draw.sample(pairs, min(ROWS, len(pairs))):
            slot = dict(zip(slots, values, strict=True))
            found.append({"instruction": wording.format(**slot), "command": command.format(**slot)})
    return found


def main(folder: Path) -> None:
    """Write both files."""
    for name, templates in (("known", KNOWN), ("new", NEW)):
        lines = [
            json.dumps({"id": f"{name}-{number:04}", **row}) + "\n"
            for number, row in enumerate(rows(templates, SEED), start=1)
        ]
        target = folder / name / "rows.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
