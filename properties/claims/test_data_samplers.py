"""Samplers of PyTorch and of VAR's code, and statements about them that are often met and wrong."""

import itertools

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, SequentialSampler

from reference.training.samplers import (
    consecutive_batches,
    contiguous_shard,
    epoch_order,
    full_batches,
    num_batches,
    padded_shard,
    repeat_to_multiple,
    truncated_shard,
)


@pytest.mark.claim("R001-065", "E001-2")
def test_the_length_of_a_sampler_is_not_the_number_of_iterations():
    """For 10 samples in batches of 3 a sampler has length 10, and a batch sampler and a loader have length 4."""
    loader = DataLoader(range(10), batch_size=3)
    assert (len(loader.sampler), len(loader.batch_sampler), len(loader), len(list(loader))) == (10, 4, 4, 4)
    assert num_batches(10, 3, 1) == 4
    assert len(DataLoader(range(10), batch_size=3, drop_last=True)) == 3


@pytest.mark.claim("R001-064")
@pytest.mark.parametrize("count", [0, 2, 9, 10])
def test_a_batch_sampler_cuts_what_its_sampler_yields(count):
    """Lists of B indices, with drop_last only the full ones; a loader takes no other option beside it."""
    sampler = SequentialSampler(range(count))
    batches, full = BatchSampler(sampler, 3, drop_last=False), BatchSampler(sampler, 3, drop_last=True)
    assert list(map(tuple, batches)) == list(consecutive_batches(range(count), 3))
    assert list(map(tuple, full)) == list(full_batches(range(count), 3))
    assert (len(batches), len(full)) == (-(-count // 3), count // 3)
    for option in ({"batch_size": 3}, {"shuffle": True}, {"sampler": sampler}, {"drop_last": True}):
        with pytest.raises(ValueError, match="mutually exclusive"):
            DataLoader(range(count), batch_sampler=batches, **option)


@pytest.mark.claim("R001-005", "R001-073")
@pytest.mark.parametrize(("count", "ranks"), [(7, 3), (6, 3), (2, 5), (5, 4)])
def test_distributed_sampler_repeats_or_drops(count, ranks):
    """DistributedSampler repeats the first samples, as often as it takes, or with drop_last drops the last ones."""
    for rank in range(ranks):
        options = {"num_replicas": ranks, "rank": rank, "shuffle": False}
        assert tuple(DistributedSampler(range(count), **options)) == padded_shard(range(count), rank, ranks)
        assert tuple(DistributedSampler(range(count), **options, drop_last=True)) == truncated_shard(
            range(count), rank, ranks
        )


@pytest.mark.claim("R001-005")
def test_padded_shards_count_samples_twice_in_an_evaluation():
    """Of 7 samples the first alone is wrong, 6 / 7 right; three padded shards count it twice and say 7 / 9."""
    right = [False, *[True] * 6]
    padded = [right[i] for rank in range(3) for i in padded_shard(range(7), rank, 3)]
    exact = [right[i] for rank in range(3) for i in contiguous_shard(range(7), rank, 3)]
    assert (sum(padded), len(padded)) == (7, 9)
    assert (sum(exact), len(exact)) == (6, 7)


@pytest.mark.claim("R001-005")
def test_truncated_linspace_may_put_a_bound_one_lower():
    """For N = 122 and W = 14 rounding moves the bound at the half; the data is divided as evenly all the same."""
    ends = np.linspace(0, 122, 15, dtype=int).tolist()
    lengths = [len(contiguous_shard(range(122), rank, 14)) for rank in range(14)]
    exact = [0, *itertools.accumulate(lengths)]
    assert [(seen, wanted) for seen, wanted in zip(ends, exact, strict=True) if seen != wanted] == [(60, 61)]
    assert sorted(after - before for before, after in itertools.pairwise(ends)) == sorted(lengths)


@pytest.mark.claim("R001-073")
@pytest.mark.parametrize(
    ("count", "multiple", "sliced", "right"), [(1, 4, 2, 4), (3, 8, 6, 8), (4, 8, 8, 8), (8, 8, 16, 8)]
)
def test_appending_a_slice_of_the_items_misses_some_multiples(count, multiple, sliced, right):
    """x + x[: B - N mod B] has 2 items for N = 1 and B = 4, 6 for 3 and 8, 16 for 8 and 8: too few, or B too many."""
    items = list(range(count))
    assert len(items + items[: multiple - count % multiple]) == sliced
    assert len(repeat_to_multiple(items, multiple)) == right


@pytest.mark.claim("R001-004")
def test_repeated_augmentation_leaves_samples_out():
    """Repeating the first ceil(N / k) of a shuffled epoch k times each, as VAR's sampler does, covers only those."""
    order = torch.tensor(epoch_order(11, 0, 1))
    kept = order[: -(-11 // 3)].repeat_interleave(3)[:12]
    assert kept.unique().tolist() == sorted(order[:4].tolist())
