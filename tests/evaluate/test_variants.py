"""Generated trees lie on both sides of what a reference asks, and hold nothing unnatural."""

from __future__ import annotations

import pytest

from cli_tuner.evaluate.row_tree import tree_for
from cli_tuner.evaluate.tree import Tree, World
from cli_tuner.evaluate.variants import N_VARIANTS, variants


def grown(*references: str) -> list[Tree]:
    return [world.tree for world in variants(World(tree_for(references)), references)]


def test_the_row_s_own_tree_comes_first_and_the_others_are_the_same_each_time() -> None:
    first, *others = grown("find docs -name '*.md'")
    assert first == tree_for(("find docs -name '*.md'",)) and len(others) == N_VARIANTS
    assert others == grown("find docs -name '*.md'")[1:]


@pytest.mark.parametrize(
    ("reference", "sizes"),
    [("find docs -size +1k", {1023, 1024, 1025}), ("find docs -size -3c", {2, 3, 4})],
)
def test_sizes_stand_on_both_sides_of_a_bound(reference: str, sizes: set[int]) -> None:
    for tree in grown(reference)[1:]:
        assert sizes <= {len(entry.content) for entry in tree.values() if entry.content is not None}


@pytest.mark.parametrize(("test", "unit"), [("-mtime +31", 86_400), ("-mmin -5", 60), ("-amin +60", 60)])
def test_ages_stand_on_both_sides_of_a_bound(test: str, unit: int) -> None:
    bound = int(test.split()[1].lstrip("+-"))
    for tree in grown(f"find logs {test}")[1:]:
        ages = {entry.age_s / unit for name, entry in tree.items() if name.startswith("logs/b")}
        assert any(bound - 1 < age < bound for age in ages) and any(bound < age < bound + 1 for age in ages)


def test_names_match_a_pattern_match_it_but_for_the_case_and_do_not() -> None:
    names = {name.rpartition("/")[2] for tree in grown("find src -name 'x*.py'")[1:] for name in tree}
    assert {"xalpha.py", "XUPPER.PY", "NOTES.md"} <= names


def test_no_folder_looks_like_a_file_and_folders_come_before_what_is_in_them() -> None:
    for tree in grown("find src docs -name '*.txt' -perm 644", "grep -r TODO src")[1:]:
        names = list(tree)
        for name, entry in tree.items():
            assert entry.content is not None or "." not in name.rpartition("/")[2].lstrip(".")
            above = name.rpartition("/")[0]
            assert not above or names.index(above) < names.index(name)


def test_a_file_that_is_named_has_other_lines_with_what_is_searched_and_blank_ones() -> None:
    first, *others = grown("grep needle notes.txt")
    for tree in others:
        content = tree["notes.txt"].content
        assert content != first["notes.txt"].content and content is not None
        assert b"needle" in content and b"\n\n" in content
