"""Which samples each process reads, in which order and in which batches.

Items stand for the indices of samples. Every function is the same on all ranks but for the rank that it is given.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch

from reference.diffusion.layout_data import strided_shard
from reference.transformer.patches import padding_to_multiple

Item = TypeVar("Item")


class SamplerState(NamedTuple):
    """The epoch, and how many batches of it have been read: what a checkpoint must hold to go on from there."""

    epoch: int = 0
    position: int = 0


def epoch_order(num_samples: int, seed: int, epoch: int) -> tuple[int, ...]:
    """A random order of all samples that depends on seed + epoch alone.

    Ranks that share the seed agree on it without a message, and each epoch has another one. The global generator is
    neither read nor changed.

    Domain: num_samples >= 0, else ValueError.
    Source: PyTorch, DistributedSampler; Tian et al. 2024 (VAR), arXiv:2404.02905, code (`DistInfiniteBatchSampler`).
    Differs: in PyTorch the epoch stays 0, and with it the order, unless `set_epoch` is called.
    Notes: R001-004.
    """
    if num_samples < 0:
        raise ValueError(f"the number of samples must not be negative; got {num_samples}")
    return tuple(torch.randperm(num_samples, generator=torch.Generator().manual_seed(seed + epoch)).tolist())


def repeat_to_multiple(items: Sequence[Item], multiple: int) -> tuple[Item, ...]:
    """The items, followed by the first of them again, up to a multiple.

        out_i = items[i mod N],   0 <= i < ceil(N / B) B

        >>> repeat_to_multiple("abcde", 4)
        ('a', 'b', 'c', 'd', 'e', 'a', 'b', 'c')
        >>> repeat_to_multiple("ab", 5)
        ('a', 'b', 'a', 'b', 'a')

    Domain: multiple >= 1, else ValueError. No items stay none.
    Source: PyTorch, DistributedSampler.
    Differs: items + items[: B - N mod B] appends a whole B if B divides N, and falls short if N < B - N mod B.
    Notes: R001-073.
    """
    missing = padding_to_multiple(len(items), multiple)
    return tuple(items[place % len(items)] for place in range(len(items) + missing))


def contiguous_shard(items: Sequence[Item], rank: int, world_size: int) -> tuple[Item, ...]:
    """The share of one of W ranks: every item on one rank, in order, and no more than one item more here than there.

        items[b_r : b_{r+1}],   b_r = floor(r N / W)

        >>> [contiguous_shard("abcdefg", rank, 3) for rank in range(3)]
        [('a', 'b'), ('c', 'd'), ('e', 'f', 'g')]

    Domain: 0 <= rank < world_size, else ValueError. Shares are empty for some ranks if N < W.
    Source: Tian et al. 2024 (VAR), arXiv:2404.02905, code (`EvalDistributedSampler`).
    Differs: that code truncates linspace(0, N, W + 1), whose rounding puts some bounds one lower, as for N = 122 and
    W = 14. `numpy.array_split` gives the larger shares to the first ranks. Both divide the data all the same.
    Notes: R001-005.
    """
    if not 0 <= rank < world_size:
        raise ValueError(f"rank must be at least 0 and less than {world_size}; got {rank}")
    start, stop = (edge * len(items) // world_size for edge in (rank, rank + 1))
    return tuple(items[start:stop])


def padded_shard(items: Sequence[Item], rank: int, world_size: int) -> tuple[Item, ...]:
    """The share of one of W ranks, equally long on all: every W-th item, the first ones repeated where items lack.

        >>> [padded_shard("abcdefg", rank, 3) for rank in range(3)]
        [('a', 'd', 'g'), ('b', 'e', 'a'), ('c', 'f', 'b')]

    An average over all ranks counts the repeated items twice: measure on `contiguous_shard` or `strided_shard`.

    Domain: 0 <= rank < world_size, else ValueError.
    Source: PyTorch, DistributedSampler.
    Notes: R001-005.
    """
    return strided_shard(repeat_to_multiple(items, world_size), rank, world_size)


def truncated_shard(items: Sequence[Item], rank: int, world_size: int) -> tuple[Item, ...]:
    """The share of one of W ranks, equally long on all: every W-th item, without the last N mod W.

        >>> [truncated_shard("abcdefg", rank, 3) for rank in range(3)]
        [('a', 'd'), ('b', 'e'), ('c', 'f')]

    Domain: 0 <= rank < world_size, else ValueError. Empty if N < W.
    Source: PyTorch, DistributedSampler with drop_last.
    Notes: R001-005.
    """
    shard = strided_shard(items, rank, world_size)
    return shard[: len(items) // world_size]


def consecutive_batches(items: Sequence[Item], batch_size: int) -> tuple[tuple[Item, ...], ...]:
    """Lists of B items, in the order of the items; the last one holds the rest.

        batch k = items[k B : (k + 1) B],   0 <= k < ceil(N / B)

        >>> consecutive_batches("abcde", 2)
        (('a', 'b'), ('c', 'd'), ('e',))

    Domain: batch_size >= 1, else ValueError.
    Source: PyTorch, BatchSampler.
    Notes: R001-064.
    """
    if batch_size < 1:
        raise ValueError(f"a batch must hold at least one item; got {batch_size}")
    return tuple(tuple(items[start : start + batch_size]) for start in range(0, len(items), batch_size))


def full_batches(items: Sequence[Item], batch_size: int) -> tuple[tuple[Item, ...], ...]:
    """Lists of B items, in the order of the items, without the last N mod B.

        batch k = items[k B : (k + 1) B],   0 <= k < floor(N / B)

        >>> full_batches("abcde", 2)
        (('a', 'b'), ('c', 'd'))

    Domain: batch_size >= 1, else ValueError. None if N < B.
    Source: PyTorch, BatchSampler with drop_last.
    Notes: R001-064.
    """
    return tuple(batch for batch in consecutive_batches(items, batch_size) if len(batch) == batch_size)


def num_batches(num_samples: int, batch_size: int, world_size: int) -> int:
    """Number of batches that each rank reads in an epoch, from a share as long as that of the others.

        ceil(ceil(N / W) / B) = ceil(N / (W B))

    With W = 1 it is the length of a data loader. That of its sampler is the number of samples.

    Domain: num_samples >= 0, batch_size >= 1, world_size >= 1; else ValueError.
    Source: PyTorch, DistributedSampler and BatchSampler.
    Differs: a loader with drop_last has floor(ceil(N / W) / B) batches.
    Notes: R001-065.
    """
    if num_samples < 0 or batch_size < 1 or world_size < 1:
        raise ValueError(f"{num_samples} samples cannot be read by {world_size} ranks in batches of {batch_size}")
    return -(-num_samples // (world_size * batch_size))


def endless_batch(
    state: SamplerState, order_of: Callable[[int], Sequence[int]], global_batch: int, rank: int, world_size: int
) -> tuple[tuple[int, ...], SamplerState]:
    """The next batch of a rank, and the state after it; behind the last batch of an epoch the next one begins.

        order = order_of(epoch), repeated to a multiple of the global batch
        batch = share of the rank in order[position b : (position + 1) b],   b = global batch / W

    `order_of(epoch)` returns the samples of an epoch in its order, the same on all ranks, as `epoch_order` does. All
    ranks together read every sample of it, the first ones again if the global batch does not divide their number. A
    run that goes on from a saved state reads what it would have read without the interruption.

    Domain: W divides the global batch, 0 <= rank < world_size, position less than the number of batches in the epoch,
    which has samples; else ValueError.
    Source: Tian et al. 2024 (VAR), arXiv:2404.02905, code (`DistInfiniteBatchSampler`, with fill_last).
    Differs: that code counts an epoch before it compares it with the one to start from, and so never skips the batches
    that were read before.
    Notes: R001-004.
    """
    if world_size < 1 or global_batch < 1 or global_batch % world_size:
        raise ValueError(f"{world_size} ranks must divide the global batch; got {global_batch}")
    order = repeat_to_multiple(order_of(state.epoch), global_batch)
    batches = consecutive_batches(contiguous_shard(order, rank, world_size), global_batch // world_size)
    if not 0 <= state.position < len(batches):
        raise ValueError(f"the epoch has {len(batches)} batches; got position {state.position}")
    last = state.position + 1 == len(batches)
    return batches[state.position], SamplerState(state.epoch + last, 0 if last else state.position + 1)
