"""Checks on the committed sample pairs in data/samples: counts, columns, syntax, flaws, regeneration."""

import json
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
FLAWS = {
    "empty_instruction",
    "empty_command",
    "syntax",
    "placeholder",
    "prose",
    "markdown_fence",
    "multiple_lines",
    "dangerous",
    "exact_duplicate",
    "near_duplicate",
    "over_long",
    "control_characters",
    "non_ascii",
}
TOPICS = {
    "archives",
    "files",
    "find",
    "git",
    "network",
    "permissions",
    "processes",
    "scripting",
    "system",
    "text",
}


def clean_files() -> list[Path]:
    return sorted(p for p in SAMPLES.glob("*.jsonl") if p.name != "flawed.jsonl")


def read(path: Path) -> list:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def clean() -> list[dict[str, str]]:
    return [row for path in clean_files() for row in read(path)]


@pytest.fixture(scope="module")
def flawed() -> list[dict[str, str]]:
    return [row for row in read(SAMPLES / "flawed.jsonl") if isinstance(row, dict) and "flaw" in row]


def parses(commands: list[str]) -> bool:
    """Parse all commands with one `bash -n`, which runs nothing; braces keep rows apart."""
    script = "".join(f"row{n}() {{\n{command}\n}}\n" for n, command in enumerate(commands))
    return subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True).returncode == 0


def word_pairs(row: dict[str, str]) -> set[tuple[str, str]]:
    words = re.findall(r"\w+", f"{row['instruction']} {row['command']}".lower())
    return set(pairwise(words))


def test_there_are_enough_clean_rows_of_both_makes(clean):
    templated = sum(row["id"].startswith("template-") for row in clean)
    assert len(clean) >= 1500
    assert 0.35 <= templated / len(clean) <= 0.65


def test_every_topic_has_a_hand_written_and_a_templated_file():
    names = {path.stem for path in clean_files()}
    assert TOPICS | {f"template_{topic}" for topic in TOPICS} == names


def test_clean_rows_have_exactly_three_non_empty_text_columns(clean):
    for row in clean:
        assert set(row) == {"id", "instruction", "command"}, row
        assert all(isinstance(value, str) and value == value.strip() != "" for value in row.values()), row


def test_ids_are_unique_over_all_files(clean, flawed):
    ids = Counter(row["id"] for row in clean + flawed)
    assert [name for name, n in ids.items() if n > 1] == []


def test_no_clean_pair_occurs_twice(clean):
    pairs = Counter((row["instruction"].lower(), row["command"]) for row in clean)
    assert [pair for pair, n in pairs.items() if n > 1] == []


def test_clean_commands_are_one_printable_line_without_placeholders(clean):
    for row in clean:
        assert row["command"].isprintable(), row
        assert not re.search(r"<[a-z][a-z_-]*>|\[[A-Z_]{3,}\]|YOUR_|/path/to", row["command"]), row
        # {{...}} is a Go template in docker --format; nowhere else
        assert "{{" not in row["command"] or row["command"].startswith("docker "), row


def test_clean_commands_parse_as_bash(clean):
    commands = [row["command"] for row in clean]
    # two orders, so that two broken rows cannot fix each other by standing side by side
    assert parses(commands)
    assert parses(sorted(commands, key=lambda command: command[::-1]))


def test_clean_commands_begin_with_many_different_utilities(clean):
    first = {match[0] for row in clean if (match := re.match(r"[a-z][\w-]*(?= |$)", row["command"]))}
    assert len(first) >= 90


def test_some_instructions_have_several_commands(clean):
    answers = Counter(row["instruction"] for row in clean)
    assert sum(n > 1 for n in answers.values()) >= 40


def test_no_clean_command_is_blatantly_destructive(clean):
    blatant = re.compile(
        r"\bsudo\b|\brm -\w*r|\bdd\b.* of=|\bmkfs|\|\s*(ba)?sh\b"
        r"|\b0?777\b|/dev/(tcp|sd|nvme)|\beval\b|> /etc/|\bshred\b"
    )
    assert [row for row in clean if blatant.search(row["command"])] == []


def test_flawed_rows_name_their_flaw_and_every_kind_occurs_often(flawed):
    counts = Counter(row["flaw"] for row in flawed)
    assert set(counts) == FLAWS
    assert min(counts.values()) >= 4
    assert counts["dangerous"] >= 20
    assert 60 <= len(flawed) <= 90


def test_two_flawed_lines_are_not_rows_at_all():
    odd = [row for row in read(SAMPLES / "flawed.jsonl") if not isinstance(row, dict) or "flaw" not in row]
    assert len(odd) == 2
    assert all(not isinstance(row, dict) or "command" not in row for row in odd)


def test_flawed_rows_show_the_flaw_that_they_name(clean, flawed):
    pairs = {(row["instruction"], row["command"]) for row in clean}
    shows = {
        "empty_instruction": lambda row: not row["instruction"].strip(),
        "empty_command": lambda row: not row["command"].strip(),
        "syntax": lambda row: not parses([row["command"]]),
        "multiple_lines": lambda row: "\n" in row["command"],
        "markdown_fence": lambda row: row["command"].startswith("`"),
        "over_long": lambda row: max(len(row["instruction"]), len(row["command"])) > 2000,
        "control_characters": lambda row: not (row["instruction"] + row["command"]).isprintable(),
        "non_ascii": lambda row: not row["command"].isascii(),
        "exact_duplicate": lambda row: (row["instruction"], row["command"]) in pairs,
        "near_duplicate": lambda row: (row["instruction"], row["command"]) not in pairs,
    }
    for row in flawed:
        assert shows.get(row["flaw"], lambda _: True)(row), row


def test_near_duplicates_are_close_to_a_clean_row(clean, flawed):
    known = [word_pairs(row) for row in clean]
    for row in flawed:
        if row["flaw"] == "near_duplicate":
            own = word_pairs(row)
            assert max(len(own & other) / len(own | other) for other in known) >= 0.8, row


def test_the_generator_writes_the_committed_templated_files_again(tmp_path):
    subprocess.run(
        [sys.executable, str(SAMPLES / "generate.py"), str(tmp_path)], check=True, capture_output=True
    )
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in SAMPLES.glob("template_*.jsonl")}


def test_the_readme_states_the_true_counts():
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for path in sorted(SAMPLES.glob("*.jsonl")):
        assert f"| `{path.name}` | {len(read(path)):,} |" in readme, path.name
