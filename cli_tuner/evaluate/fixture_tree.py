# ruff: noqa: SIM905  (tables: names are one string)
"""The tree that every sandboxed command meets: small, of many kinds, the same byte for byte each time."""

from __future__ import annotations

import gzip
import io
import tarfile
from functools import cache

from cli_tuner.evaluate.tree import EPOCH, Entry, Tree

WORDS = (
    "alpha beta gamma delta error warning info timeout checksum TODO FIXME retry foo bar baz hello world test user "
    "root admin connection failed Berlin Paris Tokyo apple banana cherry import def main return print class".split()
)
_MAIN = b'#include <stdio.h>\n\nint main(void) {\n\tprintf("hello\\n");\n\treturn 0;\n}\n'


def _text(seed: int, lines: int) -> bytes:
    """Return lines of words and numbers, some twice, in an order that is not sorted."""
    out = []
    for number in range(lines):
        at = (seed * 7 + number * 5) % len(WORDS)
        row = [WORDS[(at + step * 3) % len(WORDS)] for step in range(2 + (seed + number) % 4)]
        out.append(f"{' '.join(row)} {(seed + number * 37) % 101}")
    return ("\n".join([*out, *out[1:4], *out[1:2]]) + "\n").encode()


def _csv(lines: int) -> bytes:
    rows = ["id,name,city,amount"]
    rows += [f"{n},{WORDS[n % 10]},{WORDS[21 + n % 3]},{(n * 37) % 101}" for n in range(1, lines)]
    return ("\n".join(rows) + "\n").encode()


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            facts = tarfile.TarInfo(name)
            facts.size, facts.mtime, facts.uid, facts.gid = len(content), EPOCH - 86_400, 1000, 1000
            archive.addfile(facts, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


@cache
def base_tree() -> Tree:
    """Return the tree without additions."""
    hour, day = 3600, 86_400
    return {
        "docs": Entry(mode=0o755, age_s=day),
        "docs/guide.md": Entry(b"# Guide\n\nInstall, then run.\n\n## Usage\n\n    run --help\n", age_s=30 * day),
        "docs/notes.txt": Entry(_text(1, 12), age_s=2 * day),
        "docs/old": Entry(mode=0o755, age_s=400 * day),
        "docs/old/notes.txt": Entry(_text(2, 5), age_s=400 * day),
        "docs/old/empty.txt": Entry(b"", age_s=400 * day),
        "logs": Entry(mode=0o755, age_s=hour),
        "logs/app.log": Entry(_text(3, 40), age_s=hour),
        "logs/access.log": Entry(_text(4, 25), age_s=5 * day),
        "logs/app.log.1.gz": Entry(gzip.compress(_text(5, 10), mtime=0), age_s=9 * day),
        "src": Entry(mode=0o755, age_s=3 * hour),
        "src/main.c": Entry(_MAIN, age_s=3 * hour),
        "src/util.c": Entry(b"/* TODO: test */\nint add(int a, int b) { return a + b; }\n", age_s=40 * day),
        "src/util.h": Entry(b"int add(int a, int b);\n", age_s=40 * day),
        "src/app.py": Entry(b"import sys\n\n\ndef main():\n    print('hello')  # TODO\n    return 0\n", age_s=6 * hour),
        "src/build.sh": Entry(b"#!/bin/bash\necho building\nexit 0\n", mode=0o755, age_s=8 * day),
        "src/deep": Entry(mode=0o755, age_s=8 * day),
        "src/deep/er": Entry(mode=0o755, age_s=8 * day),
        "src/deep/er/leaf.txt": Entry(b"leaf\n", age_s=8 * day),
        "data": Entry(mode=0o755, age_s=2 * hour),
        "data/table.csv": Entry(_csv(16), age_s=2 * hour),
        "data/numbers.txt": Entry("".join(f"{(n * 7919) % 50}\n" for n in range(30)).encode(), age_s=4 * day),
        "data/big.txt": Entry(_text(6, 700), age_s=10 * day),
        "data/bundle.tar.gz": Entry(_archive({"inside/a.txt": b"a\n", "inside/b.txt": b"b\n"}), age_s=11 * day),
        "data/with space.txt": Entry(b"one two\nthree\n", age_s=12 * day),
        "empty": Entry(mode=0o755, age_s=20 * day),
        "file.txt": Entry(_text(7, 15), age_s=day),
        "file1.txt": Entry(b"a\nb\nc\nd\n", age_s=day),
        "file2.txt": Entry(b"b\nc\ne\n", age_s=2 * day),
        "script.sh": Entry(b"#!/bin/bash\n# says hello\necho hello \"$@\"\n", mode=0o755, age_s=7 * day),
        "words.txt": Entry(b"pear\napple\nPear\nfig\napple\nbanana\n\nfig\ncherry\n", age_s=3 * day),
        "tabs.tsv": Entry(b"k1\tv1\tx\nk2\tv2\ty\nk1\tv3\tz\n", age_s=3 * day),
        "link.txt": Entry(b"file.txt", age_s=day, link=True),
        ".hidden": Entry(b"secret\n", mode=0o600, age_s=15 * day),
        ".config": Entry(mode=0o700, age_s=15 * day),
        ".config/app.conf": Entry(b"# settings\nport=8080\nhost=localhost\ndebug=true\n", age_s=15 * day),
    }  # fmt: skip
