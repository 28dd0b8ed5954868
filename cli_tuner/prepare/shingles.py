"""Text as a set of 5-grams, hashed to 64 bits in bulk: what nearness is measured on.

A text with fewer than five units (characters or words) has one gram, the whole of it. Two different grams
share a hash with probability 2^-64; that can only make texts look nearer, so a proof of no leakage stands.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["chars", "words"]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]

N_GRAM = 5
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_NOT_WORD = re.compile(r"[^\w]+|_+")


def normalise_text(text: str) -> str:
    """Fold case, width and composition (NFKC); turn punctuation and white space into single spaces."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _NOT_WORD.sub(" ", folded).strip()


@dataclass(frozen=True, slots=True)
class GramSets:
    """Sets of grams in rows: row `i` owns `grams[starts[i]:starts[i + 1]]`, sorted and distinct."""

    starts: Numbers
    grams: Hashes

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Numbers:
        """Number of grams of each row, at least 1."""
        return np.diff(self.starts)


def gram_sets(texts: Sequence[str], kind: Kind) -> GramSets:
    """Cut each text into its set of 5-grams of characters or of words.

    Args:
        texts: Already normalised as the caller wants to compare them.
        kind: Words are what white space separates.
    """
    units, lengths = _char_units(texts) if kind == "chars" else _word_units(texts)
    ends = np.cumsum(lengths)
    rolled = np.zeros(max(len(units) - N_GRAM + 1, 0), dtype=np.uint64)
    for k in range(N_GRAM):
        rolled = _mix(rolled + units[k : len(units) - N_GRAM + 1 + k] + np.uint64(k + 1))
    row = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)[: len(rolled)]
    inside = np.arange(len(rolled)) + N_GRAM <= ends[row]
    return _as_sets(row[inside], rolled[inside], len(texts))


def _as_sets(row: Numbers, grams: Hashes, n_rows: int) -> GramSets:
    order = np.lexsort((grams, row))
    row, grams = row[order], grams[order]
    fresh = np.ones(len(row), dtype=bool)
    fresh[1:] = (row[1:] != row[:-1]) | (grams[1:] != grams[:-1])
    counts = np.bincount(row[fresh], minlength=n_rows)
    return GramSets(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), grams[fresh])


def _char_units(texts: Sequence[str]) -> tuple[Hashes, Numbers]:
    padded = [text if len(text) >= N_GRAM else text.ljust(N_GRAM, "\0") for text in texts]
    lengths = np.fromiter(map(len, padded), dtype=np.int64, count=len(padded))
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return codes.astype(np.uint64), lengths


def _word_units(texts: Sequence[str]) -> tuple[Hashes, Numbers]:
    words: list[int] = []
    lengths: list[int] = []
    for text in texts:
        hashes = [_word_hash(word) for word in text.split()]
        hashes += [0] * (N_GRAM - len(hashes))
        words += hashes
        lengths.append(len(hashes))
    return np.array(words, dtype=np.uint64), np.array(lengths, dtype=np.int64)


@functools.lru_cache(maxsize=1 << 16)
def _word_hash(word: str) -> int:
    return hash64(word)


def hash64(text: str) -> int:
    """Hash text to 64 bits, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _mix(values: Any) -> Any:
    """Spread bits (the finaliser of splitmix64, https://prng.di.unimi.it/splitmix64.c)."""
    values = values * _MULTIPLIER
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
