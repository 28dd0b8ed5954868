"""Text as a set of 5-grams, hashed to 32 bits in bulk: what nearness is measured on.

A text with fewer than five units (characters or words) has one gram, the whole of it. Two different grams
share a hash with probability 2^-32; that can only make texts look nearer, so a proof of no leakage stands.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["chars", "words"]
Grams = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]

N_GRAM = 5
GRAM_BITS = 32
CHUNK_ROWS = 4_096
"""Rows looked at together: their grams and what is made of them are held in memory."""
_GRAM_MASK = np.uint64((1 << GRAM_BITS) - 1)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_NOT_WORD = re.compile(r"[^\w]+|_+")


def normalise_text(text: str) -> str:
    """Fold case, width and composition (NFKC); turn punctuation and white space into single spaces."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _NOT_WORD.sub(" ", folded).strip()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Sets of grams in rows: those of row `i` are the ones from `starts[i]` to `starts[i + 1]`, sorted and distinct."""

    starts: Numbers

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Numbers:
        """Number of grams of each row, at least 1."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class GramSets(_Rows):
    """Sets of grams in memory."""

    grams: Grams

    def take(self, rows: Numbers) -> tuple[Grams, Numbers]:
        """Concatenate the grams of `rows`; the second array names the position in `rows` that owns each."""
        counts = self.starts[rows + 1] - self.starts[rows]
        owner = np.repeat(np.arange(len(rows)), counts)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.grams[self.starts[rows][owner] + offset], owner

    def only(self, keep: NDArray[np.bool_]) -> GramSets:
        """Empty the sets of all other rows."""
        counts = np.where(keep, self.sizes, 0)
        return GramSets(np.concatenate([[0], np.cumsum(counts)]), self.grams[np.repeat(keep, self.sizes)])


@dataclass(frozen=True, slots=True)
class StoredSets(_Rows):
    """Sets of grams in a file, as bytes of `Grams`: memory holds where rows start, what is looked at is read."""

    file: IO[bytes]

    def take(self, rows: Numbers) -> tuple[Grams, Numbers]:
        """Concatenate the grams of `rows`, as `GramSets.take` does."""
        counts = self.starts[rows + 1] - self.starts[rows]
        places = zip((4 * counts).tolist(), (4 * self.starts[rows]).tolist(), strict=True)
        found = b"".join(os.pread(self.file.fileno(), size, at) for size, at in places)
        return np.frombuffer(found, dtype=np.uint32), np.repeat(np.arange(len(rows)), counts)

    def parts(self) -> Iterator[tuple[int, GramSets]]:
        """Walk over all rows in pieces that fit in memory, each with the number of its first row."""
        for first in range(0, len(self), CHUNK_ROWS):
            starts = self.starts[first : first + CHUNK_ROWS + 1]
            self.file.seek(4 * int(starts[0]))
            grams = np.fromfile(self.file, dtype=np.uint32, count=int(starts[-1] - starts[0]))
            yield first, GramSets(starts - starts[0], grams)


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
        rolled += units[k : len(units) - N_GRAM + 1 + k]
        rolled *= _ODD
        rolled ^= rolled >> np.uint64(29)
    row = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)[: len(rolled)]
    inside = np.arange(len(rolled)) + N_GRAM <= ends[row]
    return _as_sets(row[inside], mix(rolled[inside]) >> np.uint64(64 - GRAM_BITS), len(texts))


def _as_sets(row: Numbers, grams: Hashes, n_rows: int) -> GramSets:
    # Row and gram in one number: one plain sort does for rows, order and duplicates.
    packed = np.sort((row.astype(np.uint64) << np.uint64(GRAM_BITS)) | grams)
    packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])] if len(packed) else packed
    counts = np.bincount((packed >> np.uint64(GRAM_BITS)).astype(np.int64), minlength=n_rows)
    return GramSets(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), (packed & _GRAM_MASK).astype(np.uint32))


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


def mix(values: Any) -> Any:
    """Spread bits (the finaliser of splitmix64, https://prng.di.unimi.it/splitmix64.c)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values
