"""Wrong variants of `reference.training.samplers`."""

import itertools
import random

import numpy as np
import torch

from properties.mistakes import mistake, variant
from reference.diffusion.layout_data import strided_shard
from reference.training.samplers import (
    SamplerState,
    consecutive_batches,
    contiguous_shard,
    endless_batch,
    epoch_order,
    full_batches,
    num_batches,
    padded_shard,
    repeat_to_multiple,
    truncated_shard,
)


@mistake(of=epoch_order, seen="pytorch/pytorch#31771")
def epoch_order_of_the_first_epoch(num_samples, seed, epoch):
    """every epoch has the same order, as without a call of set_epoch"""
    return epoch_order(num_samples, seed, 0)


@mistake(of=epoch_order, seen="meta-pytorch/torchtune#2339")
def epoch_order_without_seed(num_samples, seed, epoch):
    """the seed is always 0"""
    return epoch_order(num_samples, 0, epoch)


@mistake(of=epoch_order, seen="TensorAuto/OpenTau#501")
def epoch_order_from_the_global_generator(num_samples, seed, epoch):
    """the order is drawn from the global generator, which differs from rank to rank"""
    epoch_order(num_samples, seed, epoch)
    return tuple(torch.randperm(num_samples).tolist())


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_that_seeds_the_global_generator(num_samples, seed, epoch):
    """the global generator is seeded, so that everything else that is random starts again every epoch"""
    epoch_order(num_samples, seed, epoch)
    torch.manual_seed(seed + epoch)
    return tuple(torch.randperm(num_samples).tolist())


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_with_replacement(num_samples, seed, epoch):
    """samples are drawn with replacement, so that some are missing"""
    epoch_order(num_samples, seed, epoch)
    return tuple(random.Random(seed + epoch).choices(range(num_samples), k=num_samples))


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_unshuffled(num_samples, seed, epoch):
    """samples keep their order"""
    epoch_order(num_samples, seed, epoch)
    return tuple(range(num_samples))


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_without_check(num_samples, seed, epoch):
    """fewer samples than none have an empty order"""
    return epoch_order(max(num_samples, 0), seed, epoch)


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_that_seeds_python(num_samples, seed, epoch):
    """Python's global generator is seeded, and all that is drawn behind it repeats"""
    order = list(epoch_order(num_samples, seed, epoch))
    random.seed(seed + epoch)
    random.shuffle(order)
    return tuple(order)


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_that_seeds_numpy(num_samples, seed, epoch):
    """NumPy's global generator is seeded, and all that is drawn behind it repeats"""
    epoch_order(num_samples, seed, epoch)
    np.random.seed(seed + epoch)
    return tuple(np.random.permutation(num_samples).tolist())


@variant(of=epoch_order, seen="catalogue R001-004")
def epoch_order_of_another_generator(num_samples, seed, epoch):
    """any generator will do that starts from seed + epoch"""
    epoch_order(num_samples, seed, epoch)
    return tuple(np.random.default_rng(seed + epoch).permutation(num_samples).tolist())


@mistake(of=repeat_to_multiple, seen="catalogue R001-073")
def repeat_to_multiple_by_a_whole_one(items, multiple):
    """a whole multiple is appended where nothing is missing"""
    repeat_to_multiple(items, multiple)
    return (*items, *items[: multiple - len(items) % multiple])


@mistake(of=repeat_to_multiple, seen="pytorch/pytorch#45324")
def repeat_to_multiple_once(items, multiple):
    """the items are repeated once at most, which falls short of the multiple for few of them"""
    missing = len(repeat_to_multiple(items, multiple)) - len(items)
    return (*items, *items[:missing])


@mistake(of=repeat_to_multiple, seen="catalogue R001-073")
def repeat_to_multiple_with_the_last_item(items, multiple):
    """the last item is repeated instead of the first ones"""
    missing = len(repeat_to_multiple(items, multiple)) - len(items)
    return (*items, *list(items[-1:]) * missing)


@mistake(of=repeat_to_multiple, seen="catalogue R001-073")
def repeat_to_multiple_that_truncates(items, multiple):
    """items beyond the last multiple are dropped"""
    repeat_to_multiple(items, multiple)
    return tuple(items[: len(items) // multiple * multiple])


@mistake(of=repeat_to_multiple, seen="catalogue R001-073")
def repeat_to_multiple_without_check(items, multiple):
    """an impossible multiple is taken for 1"""
    return repeat_to_multiple(items, max(multiple, 1))


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_of_rounded_up_length(items, rank, world_size):
    """each rank takes ceil(N / W) items, so that the last ones get fewer or none"""
    contiguous_shard(items, rank, world_size)
    length = -(-len(items) // world_size)
    return tuple(items[rank * length : (rank + 1) * length])


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_without_the_rest(items, rank, world_size):
    """each rank takes floor(N / W) items, and the rest is lost"""
    contiguous_shard(items, rank, world_size)
    length = len(items) // world_size
    return tuple(items[rank * length : (rank + 1) * length])


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_with_the_rest_at_the_end(items, rank, world_size):
    """the last rank takes the whole rest"""
    shard = contiguous_shard_without_the_rest(items, rank, world_size)
    return shard if rank < world_size - 1 else tuple(items[rank * (len(items) // world_size) :])


@mistake(of=contiguous_shard, seen="numpy.array_split")
def contiguous_shard_with_larger_shares_first(items, rank, world_size):
    """the larger shares go to the first ranks"""
    contiguous_shard(items, rank, world_size)
    length, longer = divmod(len(items), world_size)
    start = rank * length + min(rank, longer)
    return tuple(items[start : start + length + (rank < longer)])


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_in_turn(items, rank, world_size):
    """items are dealt in turn"""
    return strided_shard(items, rank, world_size)


@mistake(of=contiguous_shard, seen="pytorch/pytorch#25162")
def contiguous_shard_padded(items, rank, world_size):
    """items are repeated until all ranks have equally many, and counted twice in an evaluation"""
    return contiguous_shard(repeat_to_multiple(items, world_size), rank, world_size)


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_without_check(items, rank, world_size):
    """ranks outside of the world get something too"""
    return contiguous_shard(items, rank % max(world_size, 1), max(world_size, 1))


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_at_rounded_bounds(items, rank, world_size):
    """bounds are the whole parts of equally spaced numbers, which rounding brings below a whole one"""
    contiguous_shard(items, rank, world_size)
    bounds = np.linspace(0, len(items), world_size + 1).astype(int)
    return tuple(items[bounds[rank] : bounds[rank + 1]])


@mistake(of=contiguous_shard, seen="catalogue R001-005")
def contiguous_shard_of_a_rounded_quotient(items, rank, world_size):
    """bounds are the whole parts of multiples of a rounded quotient"""
    contiguous_shard(items, rank, world_size)
    share = len(items) / world_size
    return tuple(items[int(rank * share) : int((rank + 1) * share)])


@mistake(of=padded_shard, seen="catalogue R001-005")
def padded_shard_in_blocks(items, rank, world_size):
    """each rank takes a block instead of every W-th item"""
    return contiguous_shard(repeat_to_multiple(items, world_size), rank, world_size)


@mistake(of=padded_shard, seen="areal-project/AReaL#1096")
def padded_shard_truncated(items, rank, world_size):
    """the last items are dropped instead of the first ones repeated"""
    return truncated_shard(items, rank, world_size)


@mistake(of=padded_shard, seen="catalogue R001-005")
def padded_shard_unpadded(items, rank, world_size):
    """some ranks get an item less, and the others wait for them for ever"""
    return strided_shard(items, rank, world_size)


@mistake(of=padded_shard, seen="pytorch/pytorch#45324")
def padded_shard_repeated_once(items, rank, world_size):
    """the items are repeated once at most, so that few of them do not reach all ranks"""
    missing = len(repeat_to_multiple(items, world_size)) - len(items)
    return strided_shard([*items, *items[:missing]], rank, world_size)


@mistake(of=truncated_shard, seen="catalogue R001-005")
def truncated_shard_padded(items, rank, world_size):
    """items are repeated although they should be dropped"""
    return padded_shard(items, rank, world_size)


@mistake(of=truncated_shard, seen="catalogue R001-005")
def truncated_shard_unequal(items, rank, world_size):
    """some ranks get an item more"""
    return strided_shard(items, rank, world_size)


@mistake(of=truncated_shard, seen="catalogue R001-005")
def truncated_shard_in_blocks(items, rank, world_size):
    """each rank takes a block instead of every W-th item"""
    length = len(truncated_shard(items, rank, world_size))
    return tuple(items[rank * length : (rank + 1) * length])


@mistake(of=consecutive_batches, seen="catalogue R001-064")
def consecutive_batches_without_the_rest(items, batch_size):
    """the last batch is dropped if it is not full"""
    return full_batches(items, batch_size)


@mistake(of=consecutive_batches, seen="catalogue R001-064")
def consecutive_batches_of_strided_items(items, batch_size):
    """a batch takes items far apart"""
    count = len(consecutive_batches(items, batch_size))
    return tuple(tuple(items[start::count]) for start in range(count))


@mistake(of=consecutive_batches, seen="catalogue R001-064")
def consecutive_batches_with_an_empty_one(items, batch_size):
    """an empty batch follows where the items are used up"""
    batches = consecutive_batches(items, batch_size)
    return batches if len(items) % batch_size else (*batches, ())


@mistake(of=full_batches, seen="catalogue R001-064")
def full_batches_with_the_rest(items, batch_size):
    """the last batch is kept although it is not full"""
    return consecutive_batches(items, batch_size)


@mistake(of=full_batches, seen="catalogue R001-064")
def full_batches_without_the_last(items, batch_size):
    """the last batch is dropped even if it is full"""
    return consecutive_batches(items, batch_size)[:-1]


@mistake(of=full_batches, seen="catalogue R001-064")
def full_batches_without_check(items, batch_size):
    """an impossible batch size gives no batches"""
    return full_batches(items, batch_size) if batch_size > 0 else ()


@mistake(of=num_batches, seen="E001-2")
def num_batches_of_the_sampler(num_samples, batch_size, world_size):
    """the length of the sampler, a number of samples, is taken for the number of iterations"""
    num_batches(num_samples, batch_size, world_size)
    return -(-num_samples // world_size)


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_rounded_down(num_samples, batch_size, world_size):
    """the last batch is not counted if it is not full"""
    num_batches(num_samples, batch_size, world_size)
    return num_samples // (batch_size * world_size)


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_with_one_more(num_samples, batch_size, world_size):
    """a batch is counted for the rest even if there is none"""
    num_batches(num_samples, batch_size, world_size)
    return num_samples // (batch_size * world_size) + 1


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_of_all_ranks(num_samples, batch_size, world_size):
    """the batches of one process are counted on each of several"""
    num_batches(num_samples, batch_size, world_size)
    return -(-num_samples // batch_size)


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_of_truncated_shards(num_samples, batch_size, world_size):
    """the share of a rank is rounded down before it is cut into batches"""
    num_batches(num_samples, batch_size, world_size)
    return -(-(num_samples // world_size) // batch_size)


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_without_check(num_samples, batch_size, world_size):
    """impossible numbers give a number all the same"""
    return -(-num_samples // (world_size * batch_size)) if world_size * batch_size else 0


@mistake(of=endless_batch, seen="NVlabs/LongLive#71")
def endless_batch_with_an_order_for_each_rank(state, order_of, global_batch, rank, world_size):
    """ranks shuffle by different seeds, so that they overlap and leave samples out"""
    return endless_batch(state, lambda epoch: order_of(epoch + rank), global_batch, rank, world_size)


@mistake(of=endless_batch, seen="facebookresearch/fairchem#639")
def endless_batch_that_restarts_the_epoch(state, order_of, global_batch, rank, world_size):
    """the position is forgotten: a run that goes on reads its epoch from the start"""
    batch, _ = endless_batch(SamplerState(state.epoch, 0), order_of, global_batch, rank, world_size)
    return batch, endless_batch(state, order_of, global_batch, rank, world_size)[1]


@mistake(of=endless_batch, seen="meta-pytorch/data#1513")
def endless_batch_that_forgets_the_epoch(state, order_of, global_batch, rank, world_size):
    """the order of the first epoch is used in all of them"""
    return endless_batch(state, lambda epoch: order_of(0), global_batch, rank, world_size)


@mistake(of=endless_batch, seen="catalogue R001-004")
def endless_batch_that_keeps_counting(state, order_of, global_batch, rank, world_size):
    """the position goes on into the next epoch instead of back to 0"""
    batch, following = endless_batch(state, order_of, global_batch, rank, world_size)
    return batch, SamplerState(following.epoch, state.position + 1)


@mistake(of=endless_batch, seen="intelligent-machine-learning/dlrover#591")
def endless_batch_that_skips_in_every_epoch(state, order_of, global_batch, rank, world_size):
    """what was skipped in the epoch of the restart is skipped in the next one too"""
    batch, following = endless_batch(state, order_of, global_batch, rank, world_size)
    return batch, SamplerState(following.epoch, max(following.position, state.position))


@mistake(of=endless_batch, seen="catalogue R001-004")
def endless_batch_with_the_global_batch_on_each_rank(state, order_of, global_batch, rank, world_size):
    """each rank reads as many samples as all should read together"""
    return endless_batch(state, order_of, global_batch * world_size, rank, world_size)


@mistake(of=endless_batch, seen="catalogue R001-004")
def endless_batch_in_turn(state, order_of, global_batch, rank, world_size):
    """samples are dealt to the ranks in turn instead of in blocks"""
    _, following = endless_batch(state, order_of, global_batch, rank, world_size)
    shard = padded_shard(repeat_to_multiple(order_of(state.epoch), global_batch), rank, world_size)
    return consecutive_batches(shard, global_batch // world_size)[state.position], following


@mistake(of=endless_batch, seen="catalogue R001-004")
def endless_batch_without_filling(state, order_of, global_batch, rank, world_size):
    """nothing is repeated, so that the last batch of an epoch is short or missing on some ranks"""
    _, following = endless_batch(state, order_of, global_batch, rank, world_size)
    shard = contiguous_shard(order_of(state.epoch), rank, world_size)
    start = state.position * (global_batch // world_size)
    return shard[start : start + global_batch // world_size], following


@mistake(of=endless_batch, seen="catalogue R001-004")
def endless_batch_without_check(state, order_of, global_batch, rank, world_size):
    """an impossible place gets an empty batch or a part of one"""
    order = (
        [*itertools.islice(itertools.cycle(order_of(state.epoch)), -(-len(order_of(0)) // global_batch) * global_batch)]
        if global_batch > 0
        else []
    )
    shard = order[rank * len(order) // world_size : (rank + 1) * len(order) // world_size]
    size = global_batch // world_size
    start = state.position * size
    last = start + size >= len(shard)
    return tuple(shard[start : start + size]), SamplerState(state.epoch + last, 0 if last else state.position + 1)


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_in_float32(num_samples, batch_size, world_size):
    """the quotient is rounded to float32, which has no odd numbers above 2^24"""
    num_batches(num_samples, batch_size, world_size)
    return int(np.ceil(np.float32(num_samples) / np.float32(batch_size * world_size)))


@mistake(of=num_batches, seen="catalogue R001-065")
def num_batches_of_a_positive_product(num_samples, batch_size, world_size):
    """only the product of batch size and world size is checked, and two negative numbers pass"""
    return num_batches(num_samples, batch_size * world_size, 1)


@mistake(of=epoch_order, seen="catalogue R001-004")
def epoch_order_of_two_or_more(num_samples, seed, epoch):
    """a single sample is refused"""
    if num_samples == 1:
        raise ValueError("there is nothing to shuffle")
    return epoch_order(num_samples, seed, epoch)
