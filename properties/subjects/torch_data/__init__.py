"""Judges torch.utils.data: its samplers.

    order of an epoch                     DistributedSampler on one rank, after set_epoch
    shares of equal length                DistributedSampler without shuffling, also with drop_last
    batches, also without the rest        BatchSampler
    number of batches                     len of a BatchSampler of a DistributedSampler

The indices that a sampler deals are looked up in the items.
"""

from torch.utils.data import BatchSampler, DistributedSampler

PACKAGES = ("torch",)


def _samples(number):
    if number < 0:
        raise NotImplementedError("torch.utils.data has no data sets of negative length")
    return range(number)


def epoch_order(num_samples, seed, epoch):
    sampler = DistributedSampler(_samples(num_samples), 1, 0, seed=seed)
    sampler.set_epoch(epoch)
    return tuple(sampler)


def padded_shard(items, rank, world_size):
    return tuple(items[i] for i in DistributedSampler(items, world_size, rank, shuffle=False))


def truncated_shard(items, rank, world_size):
    return tuple(items[i] for i in DistributedSampler(items, world_size, rank, shuffle=False, drop_last=True))


def consecutive_batches(items, batch_size):
    return tuple(map(tuple, BatchSampler(items, batch_size, drop_last=False)))


def full_batches(items, batch_size):
    return tuple(map(tuple, BatchSampler(items, batch_size, drop_last=True)))


def num_batches(num_samples, batch_size, world_size):
    share = DistributedSampler(_samples(num_samples), world_size, 0)
    return len(BatchSampler(share, batch_size, drop_last=False))
