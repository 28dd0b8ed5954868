"""The order of rows is a function of seed and epoch: what was drawn before changes nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("axolotl")]


def order(sampler: Any, epoch: int, seed: int = 42) -> list[int]:
    from cli_tuner.backends.training_order import RowOrder

    made = RowOrder(sampler, seed)
    made.epoch = epoch
    return list(made)


def test_an_epoch_has_one_order_and_the_next_another() -> None:
    import torch
    from torch.utils.data import RandomSampler

    first = order(RandomSampler(range(50)), 0)
    torch.rand(7)
    assert order(RandomSampler(range(50)), 0) == first
    assert order(RandomSampler(range(50)), 1) != first
    assert order(RandomSampler(range(50)), 0, seed=7) != first
    assert sorted(first) == list(range(50))


def test_the_order_is_the_one_that_accelerate_draws() -> None:
    from accelerate.data_loader import SeedableRandomSampler
    from torch.utils.data import RandomSampler

    theirs = SeedableRandomSampler(range(50), data_seed=42)
    for epoch in range(3):
        theirs.set_epoch(epoch)
        assert order(RandomSampler(range(50)), epoch) == list(theirs)


def test_a_sampler_that_draws_from_the_global_generator_is_fixed_and_leaves_it_alone() -> None:
    import torch
    from torch.utils.data import Sampler

    class Drawing(Sampler[int]):
        def __len__(self) -> int:
            return 9

        def __iter__(self) -> Any:
            return iter(torch.randperm(9).tolist())

    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = order(Drawing(), 1)
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(3)
    assert order(Drawing(), 1) == first


def test_packs_are_as_many_in_every_epoch_and_the_same_after_a_resume() -> None:
    import numpy as np
    from axolotl.utils.samplers.multipack import MultipackBatchSampler
    from torch.utils.data import RandomSampler

    from cli_tuner.backends.training_order import EpochOrder

    lengths = np.random.default_rng(5).integers(5, 90, 60)

    def trainer() -> Any:
        def make() -> Any:
            return MultipackBatchSampler(
                RandomSampler(range(60)), batch_size=1, batch_max_len=128, lengths=lengths, bin_size=64, num_processes=1
            )

        return SimpleNamespace(args=SimpleNamespace(data_seed=None, seed=42), _get_train_sampler=make)

    through, later = trainer(), trainer()
    whole, resumed = EpochOrder(through), EpochOrder(later)
    packs, again = through._get_train_sampler(), later._get_train_sampler()
    epochs = []
    for epoch in range(6):
        whole.begin(epoch)
        epochs.append(list(packs))
        assert len(epochs[-1]) == len(packs)
    assert epochs[0] != epochs[1]
    resumed.begin(4)
    assert list(again) == epochs[4]
