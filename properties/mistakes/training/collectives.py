"""Wrong variants of `reference.training.collectives`."""

import torch

from properties.mistakes import mistake, variant
from reference.training.collectives import (
    RingResult,
    all_gather,
    all_reduce_mean,
    all_reduce_sum,
    all_to_all,
    broadcast,
    grouped_all_reduce_sum,
    reduce_scatter_sum,
    reduce_sum,
    ring_all_reduce,
)


@mistake(of=reduce_sum, seen="catalogue R001-001")
def reduce_sum_to_rank_0(tensors, destination):
    """the sum is on rank 0, and read on the destination"""
    reduce_sum(tensors, destination)
    return reduce_sum(tensors, 0)


@mistake(of=reduce_sum, seen="catalogue R001-001")
def reduce_sum_of_the_others(tensors, destination):
    """the destination's own tensor is left out of the sum"""
    reduced = reduce_sum(tensors, destination)
    reduced[destination] -= tensors[destination]
    return reduced


@mistake(of=reduce_sum, seen="catalogue R001-001")
def reduce_sum_on_every_rank(tensors, destination):
    """all ranks hold the sum"""
    reduce_sum(tensors, destination)
    return all_reduce_sum(tensors)


@mistake(of=reduce_sum, seen="catalogue R001-001")
def reduce_sum_to_any_rank(tensors, destination):
    """ranks are counted from the end, so that one outside of the world is inside"""
    return reduce_sum(tensors, destination % len(tensors))


@mistake(of=broadcast, seen="catalogue R001-020")
def broadcast_of_the_mean(tensors, source):
    """buffers are averaged over the ranks instead of copied from one"""
    broadcast(tensors, source)
    return all_reduce_mean(tensors)


@mistake(of=broadcast, seen="catalogue R001-021")
def broadcast_from_rank_0(tensors, source):
    """rank 0 sends, whichever was asked for"""
    broadcast(tensors, source)
    return broadcast(tensors, 0)


@mistake(of=broadcast, seen="catalogue R001-021")
def broadcast_to_nobody(tensors, source):
    """every rank keeps its own tensor, as if a checkpoint were loaded on one rank after wrapping"""
    broadcast(tensors, source)
    return tensors.clone()


@mistake(of=broadcast, seen="pytorch/pytorch#130515")
def broadcast_without_gradient(tensors, source):
    """the source gets no gradient, because its rank is compared with a rank of another group"""
    return broadcast(tensors, source).detach() + 0 * tensors


@mistake(of=broadcast, seen="pytorch/pytorch#130515")
def broadcast_from_any_rank(tensors, source):
    """ranks are counted from the end, so that one outside of the world is inside"""
    return broadcast(tensors, source % len(tensors))


@mistake(of=broadcast, seen="catalogue R001-020")
def broadcast_in_half_precision(tensors, source):
    """the tensor is sent in half precision"""
    return broadcast(tensors.half(), source).to(tensors.dtype)


@mistake(of=all_reduce_sum, seen="catalogue R001-054")
def all_reduce_sum_that_averages(tensors):
    """the sum is divided by the number of ranks"""
    return all_reduce_mean(tensors)


@mistake(of=all_reduce_sum, seen="catalogue R001-001")
def all_reduce_sum_on_rank_0_only(tensors):
    """only rank 0 holds the sum, as after a reduction"""
    return reduce_sum(tensors, 0)


@mistake(of=all_reduce_sum, seen="lightly-ai/lightly#1920")
def all_reduce_sum_without_gradient(tensors):
    """the exchange passes no gradient on: a rank gets only what it sends back itself"""
    return all_reduce_sum(tensors).detach() + tensors - tensors.detach()


@mistake(of=all_reduce_sum, seen="catalogue R001-054")
def all_reduce_sum_in_half_precision(tensors):
    """tensors are sent in half precision to save bandwidth"""
    return all_reduce_sum(tensors.half()).to(tensors.dtype)


@mistake(of=all_reduce_mean, seen="catalogue R001-054")
def all_reduce_mean_that_sums(tensors):
    """the sum is not divided by the number of ranks"""
    return all_reduce_sum(tensors)


@mistake(of=all_reduce_mean, seen="catalogue R001-001")
def all_reduce_mean_divided_twice(tensors):
    """the mean is divided by the number of ranks once more"""
    return all_reduce_mean(tensors) / len(tensors)


@mistake(of=grouped_all_reduce_sum, seen="catalogue R001-022")
def grouped_all_reduce_sum_over_all(tensors, groups):
    """the sum runs over all ranks instead of the group"""
    grouped_all_reduce_sum(tensors, groups)
    return all_reduce_sum(tensors)


@mistake(of=grouped_all_reduce_sum, seen="pytorch/pytorch#130515")
def grouped_all_reduce_sum_by_rank_in_group(tensors, groups):
    """ranks within the group are taken for ranks of the world"""
    grouped_all_reduce_sum(tensors, groups)
    out = tensors.clone()
    for group in groups:
        out[[*group]] = tensors[: len(group)].sum(0)
    return out


@mistake(of=grouped_all_reduce_sum, seen="catalogue R001-022")
def grouped_all_reduce_sum_without_the_rest(tensors, groups):
    """ranks in no group end with zeros"""
    out = grouped_all_reduce_sum(tensors, groups)
    members = [rank for group in groups for rank in group]
    out[[rank for rank in range(len(tensors)) if rank not in members]] = 0
    return out


@mistake(of=grouped_all_reduce_sum, seen="catalogue R001-022")
def grouped_all_reduce_sum_without_check(tensors, groups):
    """a rank that is in two groups gets the sum of the last, and ranks are counted from the end"""
    out = tensors.clone()
    for group in groups:
        out[[rank % len(tensors) for rank in group]] = tensors[[rank % len(tensors) for rank in group]].sum(0)
    return out


@mistake(of=reduce_scatter_sum, seen="catalogue R001-001")
def reduce_scatter_sum_in_turn(tensors):
    """rows are dealt to the ranks in turn instead of in blocks"""
    reduce_scatter_sum(tensors)
    total = tensors.sum(0)
    return torch.stack([total[rank :: len(tensors)] for rank in range(len(tensors))])


@mistake(of=reduce_scatter_sum, seen="catalogue R001-001")
def reduce_scatter_sum_of_the_next_rank(tensors):
    """each rank gets the part of the next one, which is where the first half of a ring ends"""
    return reduce_scatter_sum(tensors).roll(-1, 0)


@mistake(of=reduce_scatter_sum, seen="catalogue R001-001")
def reduce_scatter_sum_without_sum(tensors):
    """each rank keeps its part of its own tensor"""
    share = reduce_scatter_sum(tensors).shape[1]
    return torch.stack([own[rank * share : (rank + 1) * share] for rank, own in enumerate(tensors)])


@mistake(of=reduce_scatter_sum, seen="catalogue R001-001")
def reduce_scatter_sum_that_drops_the_rest(tensors):
    """rows that do not divide evenly are dropped in silence"""
    whole = tensors.shape[1] // len(tensors) * len(tensors)
    return reduce_scatter_sum(tensors[:, :whole])


@mistake(of=reduce_scatter_sum, seen="catalogue R001-001")
def reduce_scatter_sum_of_matrices(tensors):
    """tensors are taken for matrices, and further axes for rows"""
    reduce_scatter_sum(tensors)
    return tensors.sum(0).reshape(len(tensors), -1, tensors.shape[-1])


@mistake(of=all_gather, seen="lightly-ai/lightly#1977")
def all_gather_without_gradient(tensors):
    """a rank gets only the gradient that it sends back itself, which leaves 1/W of it after averaging"""
    world_size, size = tensors.shape[:2]
    out = all_gather(tensors).detach()
    own = torch.stack(
        [torch.roll(torch.cat([x, *[0 * x] * (world_size - 1)]), rank * size, 0) for rank, x in enumerate(tensors)]
    )
    return out + own - own.detach()


@mistake(of=all_gather, seen="catalogue R001-001")
def all_gather_with_own_part_first(tensors):
    """each rank puts its own tensor first"""
    joined = all_gather(tensors)
    return torch.stack([row.roll(-rank * tensors.shape[1], 0) for rank, row in enumerate(joined)])


@mistake(of=all_gather, seen="catalogue R001-001")
def all_gather_interleaved(tensors):
    """rows of the ranks alternate"""
    return torch.stack([tensors.transpose(0, 1).flatten(0, 1)] * len(tensors))


@mistake(of=all_gather, seen="catalogue R001-001")
def all_gather_of_matrices(tensors):
    """tensors are taken for matrices, and further axes for rows"""
    return tensors.reshape(1, -1, tensors.shape[-1]).repeat(len(tensors), 1, 1)


@mistake(of=all_to_all, seen="catalogue R001-001")
def all_to_all_that_stays(tensors):
    """no part leaves its rank"""
    all_to_all(tensors)
    return tensors.clone()


@mistake(of=all_to_all, seen="catalogue R001-001")
def all_to_all_from_the_last_rank(tensors):
    """parts stand in the order of ranks from the last to the first"""
    return all_to_all(tensors.flip(0))


@mistake(of=all_to_all, seen="catalogue R001-001")
def all_to_all_that_drops_the_rest(tensors):
    """rows that do not divide evenly are dropped in silence"""
    whole = tensors.shape[1] // len(tensors) * len(tensors)
    return all_to_all(tensors[:, :whole])


@mistake(of=ring_all_reduce, seen="catalogue R001-001")
def ring_all_reduce_with_whole_tensors(tensors):
    """whole tensors go around the ring instead of parts, W / 2 times as much"""
    result = ring_all_reduce(tensors)
    return RingResult(result.tensors, torch.full((len(tensors),), (len(tensors) - 1) * tensors[0].numel()))


@mistake(of=ring_all_reduce, seen="catalogue R001-001")
def ring_all_reduce_without_second_round(tensors):
    """the sums stay where they arose: each rank has the sum of one part only"""
    result = ring_all_reduce(tensors)
    world_size, share = len(tensors), tensors.shape[1] // len(tensors)
    out = tensors.clone()
    for rank in range(world_size):
        whole = (rank + 1) % world_size * share
        out[rank, whole : whole + share] = result.tensors[rank, whole : whole + share]
    return RingResult(out, result.elements_sent // 2)


@mistake(of=ring_all_reduce, seen="catalogue R001-001")
def ring_all_reduce_with_a_step_too_many(tensors):
    """the first round takes W steps, so that a rank's own part is added twice"""
    result = ring_all_reduce(tensors)
    share = tensors.shape[1] // len(tensors)
    twice = torch.cat([own[rank * share : (rank + 1) * share] for rank, own in enumerate(tensors)])
    return RingResult(result.tensors + twice, result.elements_sent + share * tensors[0, 0].numel())


@mistake(of=ring_all_reduce, seen="catalogue R001-001")
def ring_all_reduce_that_drops_the_rest(tensors):
    """rows that do not divide evenly are dropped in silence"""
    whole = tensors.shape[1] // len(tensors) * len(tensors)
    return ring_all_reduce(tensors[:, :whole])


@mistake(of=ring_all_reduce, seen="catalogue R001-001")
def ring_all_reduce_that_counts_a_matrix(tensors):
    """of the elements sent two axes are counted"""
    result, ranks = ring_all_reduce(tensors), len(tensors)
    sent = 2 * (ranks - 1) * tensors.shape[1] * tensors.shape[-1] // ranks
    return result._replace(elements_sent=torch.full_like(result.elements_sent, sent))


@variant(of=ring_all_reduce, seen="catalogue R001-001")
def ring_all_reduce_in_two_halves(tensors):
    """a reduce-scatter and an all-gather each send (W - 1) / W of the elements"""
    parts = reduce_scatter_sum(tensors)
    sent = 2 * (len(tensors) - 1) * parts[0].numel()
    return RingResult(all_gather(parts), torch.full((len(tensors),), sent))


@variant(of=all_reduce_mean, seen="catalogue R001-054")
def all_reduce_mean_divided_before(tensors):
    """each rank divides by W before the sum, which keeps it from overflowing"""
    return all_reduce_sum(tensors / len(tensors))


@variant(of=all_to_all, seen="catalogue R001-001")
def all_to_all_by_gathering(tensors):
    """every rank gathers everything and keeps its parts"""
    world_size, share = len(tensors), tensors.shape[1] // len(tensors)
    if tensors.shape[1] % world_size:
        raise ValueError(f"{world_size} ranks must divide the size; got {tensors.shape[1]}")
    joined = torch.unflatten(all_gather(tensors), 1, (world_size, world_size, share))
    return torch.stack([torch.cat([own[rank] for own in table]) for rank, table in enumerate(joined)])


@mistake(of=broadcast, seen="catalogue R001-001")
def broadcast_by_a_masked_sum(tensors, source):
    """the others are multiplied by 0 and added, so that a NaN on any rank reaches all"""
    broadcast(tensors, source)
    shares = (torch.arange(len(tensors)) == source).to(tensors.dtype)
    return torch.stack([torch.tensordot(shares, tensors, 1)] * len(tensors))


@mistake(of=all_reduce_sum, seen="catalogue R001-054")
def all_reduce_sum_by_way_of_float32(tensors):
    """what is sent is rounded to float32, and to half as many bits if it was that"""
    narrow = torch.float32 if tensors.dtype == torch.float64 else torch.bfloat16
    return all_reduce_sum(tensors.to(narrow).to(tensors.dtype))


@mistake(of=reduce_sum, seen="catalogue R001-001")
def reduce_sum_by_way_of_float32(tensors, destination):
    """what is sent is rounded to float32, and to half as many bits if it was that"""
    narrow = torch.float32 if tensors.dtype == torch.float64 else torch.bfloat16
    return reduce_sum(tensors.to(narrow).to(tensors.dtype), destination)


@mistake(of=grouped_all_reduce_sum, seen="catalogue R001-022")
def grouped_all_reduce_sum_over_the_world_without_groups(tensors, groups):
    """no groups stand for one group of all ranks"""
    return grouped_all_reduce_sum(tensors, groups) if groups else all_reduce_sum(tensors)


@mistake(of=reduce_scatter_sum, seen="catalogue R001-001")
def reduce_scatter_sum_without_axes_of_one(tensors):
    """a share of one row loses its axis"""
    return reduce_scatter_sum(tensors).squeeze(1)
