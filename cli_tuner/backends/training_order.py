"""The order of the rows as a function of the seed and the epoch alone, so that a resumed run sees the same batches.

Left alone, a packed run that resumes in a later epoch packs the rows of another permutation, a resumed run of several
processes starts every epoch with the first one's order, and samplers that draw from torch's global generator depend on
all that was drawn before. The permutation is the one that accelerate's `SeedableRandomSampler` draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import BatchSampler, RandomSampler, Sampler, SequentialSampler

_COUNTED_EPOCHS = 4


class RowOrder(Sampler[int]):  # type: ignore[misc]  # torch's types are not followed
    """Yields the row numbers of one epoch.

    Args:
        sampler: The sampler whose kind of order is wanted.
        seed: Seed of the first epoch.

    Attributes:
        epoch: The epoch that the next iteration is for, from 0.
    """

    def __init__(self, sampler: Any, seed: int) -> None:
        self._sampler = sampler
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._sampler)

    def __iter__(self) -> Iterator[int]:
        seed = self._seed + self.epoch
        if isinstance(self._sampler, RandomSampler):
            generator = torch.Generator()
            generator.manual_seed(seed)
            yield from torch.randperm(len(self._sampler), generator=generator).tolist()
            return
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            order = list(self._sampler)
        yield from order


class PackOrder(BatchSampler):  # type: ignore[misc]
    """Yields the packs of one epoch, as many in every epoch.

    Args:
        packs: Axolotl's packing sampler; its rows come from `order` from now on.
        order: The order of the rows.
    """

    def __init__(self, packs: Any, order: RowOrder) -> None:
        packs.sampler = order
        self._packs = packs
        self.sampler = order
        self._n_packs = min(self._count(epoch) for epoch in range(_COUNTED_EPOCHS))
        order.epoch = 0
        self.batch_size = packs.batch_size
        self.drop_last = packs.drop_last

    def _count(self, epoch: int) -> int:
        self.sampler.epoch = epoch
        return len(self._make())

    def _make(self) -> list[Any]:
        self._packs._batches = None
        return list(self._packs.generate_batches())

    def __len__(self) -> int:
        return self._n_packs

    def __iter__(self) -> Iterator[Any]:
        found = self._make()[: self._n_packs]
        # A later epoch may pack more tightly than those that were counted; a shorter one would shift all after it.
        yield from [*found, *found[: self._n_packs - len(found)]]


class EpochOrder:
    """Makes a trainer's samplers functions of seed and epoch.

    Args:
        trainer: The trainer; its `_get_train_sampler` is replaced.
    """

    def __init__(self, trainer: Any) -> None:
        self._seed = trainer.args.data_seed if trainer.args.data_seed is not None else trainer.args.seed
        self._make = trainer._get_train_sampler
        self._order: RowOrder | None = None
        trainer._get_train_sampler = self._sampler

    def begin(self, epoch: int) -> None:
        """Say which epoch comes next, from 0."""
        if self._order is not None:
            self._order.epoch = epoch

    def _sampler(self, *args: Any, **kwargs: Any) -> Any:
        made = self._make(*args, **kwargs)
        base = made.sampler if isinstance(made, BatchSampler) else made
        if base is None or not hasattr(base, "__len__"):
            return made
        if isinstance(base, SequentialSampler) and base is made:
            return made
        self._order = RowOrder(base, self._seed)
        return PackOrder(made, self._order) if isinstance(made, BatchSampler) else self._order
