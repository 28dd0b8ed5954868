from __future__ import annotations

import tempfile
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_tuner.prepare.dedupe import minhash_pairs
from cli_tuner.prepare.groups import UnionFind
from cli_tuner.prepare.join import jaccard, near_pairs
from cli_tuner.prepare.shingles import StoredSets, gram_sets, normalise_text


def naive_grams(text: str, kind: str) -> set[tuple[str, ...]]:
    """The definition, with no hash and no numpy."""
    units = list(text) if kind == "chars" else text.split()
    return {tuple(units[i : i + 5]) for i in range(len(units) - 4)} or {tuple(units)}


def naive_pairs(texts: list[str], kind: str, threshold: float) -> set[tuple[int, int]]:
    sets = [naive_grams(text, kind) for text in texts]
    return {
        (a, b)
        for a, b in combinations(range(len(texts)), 2)
        if len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= threshold
    }


def components(count: int, pairs: set[tuple[int, int]]) -> list[int]:
    union = UnionFind(np.arange(count))
    union.connect(np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2))
    return union.roots.tolist()


def _stored(texts: list[str], kind: str) -> StoredSets:
    sets = gram_sets(texts, kind)  # type: ignore[arg-type]
    file = tempfile.TemporaryFile()  # noqa: SIM115 -- the sets read from it; it goes with them
    sets.grams.tofile(file)
    file.flush()
    return StoredSets(sets.starts, file)


WORDS = ("list", "all", "the", "files", "in", "home", "below", "sorted", "by", "size", "and", "date", "of", "each")
words = st.sampled_from(WORDS)
texts = st.lists(st.lists(words, min_size=1, max_size=40).map(" ".join), min_size=2, max_size=25)


@settings(deadline=None)
@given(
    texts, st.sampled_from(["chars", "words"]), st.sampled_from([0.5, 0.75, 0.8, 0.9, 1.0]), st.sampled_from([0, 99])
)
def test_the_join_connects_exactly_what_the_definition_connects(
    texts: list[str], kind: str, threshold: float, parts_from: int
) -> None:
    sets = _stored(texts, kind)
    found = {tuple(pair) for part in near_pairs(sets, threshold, parts_from=parts_from) for pair in part.tolist()}
    expected = naive_pairs(texts, kind, threshold)
    assert found <= expected
    assert components(len(texts), found) == components(len(texts), expected)
    touched = {row for pair in found for row in pair}
    assert touched == {row for pair in expected for row in pair}


@given(texts)
def test_jaccard_is_the_definition(texts: list[str]) -> None:
    sets = _stored(texts, "chars")
    pairs = np.array(list(combinations(range(len(texts)), 2)), dtype=np.int64)
    naive = [naive_grams(text, "chars") for text in texts]
    expected = [len(naive[a] & naive[b]) / len(naive[a] | naive[b]) for a, b in pairs.tolist()]
    assert jaccard(sets, pairs) == pytest.approx(expected)


def test_a_short_text_has_one_gram_and_equals_only_itself() -> None:
    sets = _stored(["ls", "ls", "lsx", ""], "chars")
    assert sets.sizes.tolist() == [1, 1, 1, 1]
    assert [p.tolist() for p in near_pairs(sets, 0.8)] == [[[0, 1]]]


def test_minhash_finds_no_pair_that_is_none() -> None:
    lines = [f"show the {n} largest files below /srv/data/{n % 3} by size" for n in range(24)]
    sets = _stored(lines, "chars")
    exact = {tuple(p) for part in near_pairs(sets, 0.8) for p in part.tolist()}
    found = {tuple(p) for part in minhash_pairs(sets, 0.8, 128) for p in part.tolist()}
    assert found <= naive_pairs(lines, "chars", 0.8)
    assert len(found & exact) >= 0.5 * len(exact)


def test_normal_form_ignores_case_width_punctuation_and_space() -> None:
    assert normalise_text("  List  ALL\tfiles, (in “ﬁnal”)!") == normalise_text("list all files in ﬁnal")
    assert normalise_text("ＬＳ＿x") == "ls x"
