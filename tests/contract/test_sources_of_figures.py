"""A number that stands for a measurement names what measured it, and what it names is still there.

A figure is a number with a unit of time, memory or share, a rate with three decimals, or `n of m`, outside code. Three
laws: in docs/measurements.md it stands below a command of its own section. Elsewhere it stands again in
docs/measurements.md, to which that document then links, or (not in the README) below a command of its section that
measures, or directly above it. What was never measured (a bound in the code, a card's memory, a size by arithmetic)
is listed below with its reason, and the list holds nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.contract
RECORD = Path("docs/measurements.md")
GENERATED = {"cli.md"}
DOCUMENTS = [
    Path("README.md"),
    *(path for path in sorted(Path("docs").rglob("*.md")) if path != RECORD and path.name not in GENERATED),
]
NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
FIGURE = re.compile(
    rf"(?<![\w.,/-]){NUMBER}(?: (?:to|of) {NUMBER})?\s?"
    r"(?:%|ms|us|s|seconds?|minutes?|hours?|MB|GB|MiB|GiB|KiB|kB|times|prompts/s)(?![\w/])"
    rf"|(?<![\w.,])0\.\d{{3}}(?![\w.])|(?<![\w.,]){NUMBER} of {NUMBER}(?![\w.])"
)
MEASURES = re.compile(
    r"`[^`\n]*(?:python (?:-m )?benchmarks[/.]|pytest |tests/\w+/|\btime "
    r"|\bmake (?:demo|faults|gpu-proof|smoke|test|toy-base)\b|cli-tuner (?:plan|prepare|evaluate|reproduce)\b)"
)
LEVEL, BOUND, SIZE, CARD, SUM = (
    "the level of an interval",
    "a bound or setting of the code",
    "the size of a file",
    "a card's memory",
    "arithmetic on shapes",
)
NOT_MEASURED: dict[str, dict[str, str]] = {
    "README.md": {"93 MB": SIZE, "24 GB": CARD, "4 GB": CARD},
    "docs/config.md": {"16 GB": CARD, "40 GB": CARD, "80 GB": CARD, "141 GB": CARD},
    "docs/dashboard.md": {"5 s": BOUND},
    "docs/data.md": {"30 %": BOUND, "10 %": BOUND, "20 %": BOUND, "80 %": BOUND, "1 MiB": BOUND},
    "docs/evaluation.md": {"95 %": LEVEL, "93 MB": SIZE},
    "docs/installing.md": {"3 GB": SIZE},
    "docs/lineage.md": {"95 %": LEVEL, "0.1 %": BOUND},
    "docs/release.md": {"90 %": BOUND, "28 GB": SUM},
    "docs/reports.md": {"95 %": LEVEL, "1.5 times": BOUND},
    "docs/safety.md": {"64 KiB": BOUND},
    "docs/search.md": {"95 %": LEVEL},
}


def sections(path: Path) -> list[str]:
    """Return the text below each heading, without code blocks."""
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.split(r"^#+ ", text, flags=re.MULTILINE)


def figures(text: str) -> set[str]:
    return {" ".join(found[0].split()) for found in FIGURE.finditer(re.sub(r"`[^`\n]*`", "", text))}


def blocks(section: str) -> list[str]:
    return [block for block in re.split(r"\n\s*\n", section) if block.strip()]


def test_a_figure_of_the_measurements_stands_below_the_command_that_gave_it() -> None:
    lost = []
    for section in sections(RECORD):
        known = False
        for block in blocks(section):
            known = known or bool(MEASURES.search(block))
            lost += [f"{section.splitlines()[0]}: {each}" for each in sorted(figures(block)) if not known]
    assert not lost


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_a_figure_elsewhere_has_a_source(path: Path) -> None:
    recorded = figures(RECORD.read_text("utf-8")) if "measurements.md" in path.read_text("utf-8") else set()
    unsourced: set[str] = set()
    for near in (blocks(section) for section in sections(path)):
        for place, block in enumerate(near):
            beside = path.name != "README.md" and any(MEASURES.search(each) for each in near[: place + 2])
            unsourced |= set() if beside else figures(block) - recorded
    listed = set(NOT_MEASURED.get(path.as_posix(), {}))
    assert unsourced <= listed, "name the command that measured it, or link to its figure in docs/measurements.md"
    assert listed <= set().union(*map(figures, sections(path))), "a figure of the list is gone: take it off"


@pytest.mark.parametrize("path", [*DOCUMENTS, RECORD], ids=str)
def test_what_a_document_names_by_path_is_there(path: Path) -> None:
    named = re.findall(r"`[^`\n]*?\b((?:benchmarks|tests|cli_tuner)/[\w/.-]*[\w/])", path.read_text("utf-8"))
    assert [each for each in named if not Path(each).exists()] == []


def test_the_law_would_find_a_figure_without_a_source() -> None:
    assert figures(
        "It takes 12.5 s and 3 MiB, 0.912 of it in 4 of 5 runs; `sleep 9 s` and version 2.13.0 do not count."
    ) == {
        "12.5 s",
        "3 MiB",
        "0.912",
        "4 of 5",
    }
    assert not MEASURES.search("as fast as `cli-tuner check`") and MEASURES.search("(`python benchmarks/guard.py`)")
