"""What processes hold after they have exchanged tensors.

The first axis counts the processes: row r of what goes in is the tensor of rank r before, row r of what comes out its
tensor after. World size W is the length of that axis.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class RingResult(NamedTuple):
    """What each rank holds after a ring all-reduce, and how many elements it has sent to its neighbour."""

    tensors: Float[Tensor, "ranks size *rest"]
    elements_sent: Int64[Tensor, "ranks"]


def reduce_sum(tensors: Float[Tensor, "ranks *shape"], destination: int) -> Float[Tensor, "ranks *shape"]:
    """The sum over the ranks, on one of them; the others keep what they had.

        out_r = sum_q x_q if r = destination,   else x_r

    Domain: 0 <= destination < W, else ValueError.
    Source: the MPI standard, reduce.
    Differs: `torch.distributed.reduce` may leave partial sums on the other ranks, so that only the destination is read.
    Notes: R001-001.
    """
    _check_rank(destination, len(tensors))
    return torch.cat([tensors[:destination], tensors.sum(0, keepdim=True), tensors[destination + 1 :]])


def broadcast(tensors: Float[Tensor, "ranks *shape"], source: int) -> Float[Tensor, "ranks *shape"]:
    """The tensor of one rank, on all of them.

        out_r = x_source

    What the other ranks had is lost, not averaged. Data parallel training does this to parameters when a model is
    wrapped, and to buffers such as running means before every forward pass, both from rank 0.

    Domain: 0 <= source < W, else ValueError.
    Source: the MPI standard, broadcast; Li et al. 2020 (PyTorch Distributed), arXiv:2006.15704.
    Notes: R001-001, R001-020, R001-021.
    """
    _check_rank(source, len(tensors))
    return torch.stack([tensors[source]] * len(tensors))


def all_reduce_sum(tensors: Float[Tensor, "ranks *shape"]) -> Float[Tensor, "ranks *shape"]:
    """The sum over the ranks, on all of them: a reduction and a broadcast from its destination.

        out_r = sum_q x_q

    Domain: every number of ranks; a single one keeps its tensor.
    Source: the MPI standard, all-reduce.
    Notes: R001-001, R001-054.
    """
    return torch.stack([tensors.sum(0)] * len(tensors))


def all_reduce_mean(tensors: Float[Tensor, "ranks *shape"]) -> Float[Tensor, "ranks *shape"]:
    """The mean over the ranks, on all of them.

        out_r = 1/W sum_q x_q

    Domain: every number of ranks; a single one keeps its tensor.
    Source: Li et al. 2020 (PyTorch Distributed), arXiv:2006.15704, on gradients.
    Notes: R001-001, R001-054.
    """
    return all_reduce_sum(tensors) / len(tensors)


def grouped_all_reduce_sum(
    tensors: Float[Tensor, "ranks *shape"], groups: Sequence[Sequence[int]]
) -> Float[Tensor, "ranks *shape"]:
    """The sum over the group that a rank is in, on each of its members; ranks in no group keep what they had.

        out_r = sum_{q in group of r} x_q

    If every rank is in a group, the sums of the groups add up to that over all ranks.

    Domain: groups hold ranks of the whole world, 0..W-1, and no rank twice; else ValueError.
    Source: the MPI standard, all-reduce on a communicator.
    Differs: in PyTorch groups may overlap, and are then reduced one after another.
    Notes: R001-022.
    """
    members = [rank for group in groups for rank in group]
    for rank in members:
        _check_rank(rank, len(tensors))
    if len(set(members)) < len(members):
        raise ValueError(f"no rank may be in two places; got {groups}")
    group_of = {rank: [*group] for group in groups for rank in group}
    return torch.stack([tensors[group_of.get(rank, [rank])].sum(0) for rank in range(len(tensors))])


def reduce_scatter_sum(tensors: Float[Tensor, "ranks size *rest"]) -> Float[Tensor, "ranks share *rest"]:
    """The sum over the ranks, of which each gets its part: W equal parts along the first axis, in the order of ranks.

        out_r = (sum_q x_q)[r size / W : (r + 1) size / W]

    Domain: W divides the size, else ValueError.
    Source: the MPI standard, reduce-scatter.
    Notes: R001-001.
    """
    return torch.unflatten(tensors.sum(0), 0, (len(tensors), _share(tensors)))


def all_gather(tensors: Float[Tensor, "ranks size *rest"]) -> Float[Tensor, "ranks joined *rest"]:
    """The tensors of all ranks one after another, in the order of ranks, on all of them.

        out_r = [x_0, x_1, ..., x_{W-1}]

    After `reduce_scatter_sum` it completes `all_reduce_sum`. The two are each other's transpose: the gradient that a
    rank gets for its tensor is the sum over all ranks of what they send back for that part.

    Domain: every number of ranks.
    Source: the MPI standard, all-gather.
    Differs: `torch.distributed.all_gather` passes no gradient on. A loss over what it gathers, with the rank's own part
    put back in place, has 1/W of its gradient after averaging over the ranks.
    Notes: R001-001.
    """
    return torch.stack([tensors.flatten(0, 1)] * len(tensors))


def all_to_all(tensors: Float[Tensor, "ranks size *rest"]) -> Float[Tensor, "ranks size *rest"]:
    """Part r of every rank on rank r, in the order of ranks: the transpose of a table of W x W parts.

        out_r = [part r of x_0, part r of x_1, ..., part r of x_{W-1}]

    Domain: W divides the size, else ValueError.
    Source: the MPI standard, all-to-all.
    Notes: R001-001.
    """
    parts = torch.unflatten(tensors, 1, (len(tensors), _share(tensors)))
    return torch.cat(parts.unbind(0), dim=1)


def ring_all_reduce(tensors: Float[Tensor, "ranks size *rest"]) -> RingResult:
    """The sum over the ranks on all of them, by messages from each rank to the next, and what each has sent.

    In step s = 0..2 W - 3 rank r sends its part (r - s) mod W to rank r + 1 mod W. That one adds it to its own in the
    first W - 1 steps, after which rank r holds the whole sum of part r + 1 mod W, and keeps it in its place in the
    others.

        elements sent by each rank = 2 (W - 1) / W size

    Domain: W divides the size, else ValueError. A single rank sends nothing.
    Source: Patarasuk & Yuan 2009, Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations.
    Notes: R001-001.
    """
    world_size, share, sent = len(tensors), _share(tensors), 0
    parts = [list(torch.unflatten(own, 0, (world_size, share)).unbind(0)) for own in tensors]
    for step in range(2 * (world_size - 1)):
        messages = [parts[rank][(rank - step) % world_size] for rank in range(world_size)]
        for rank, message in enumerate(messages):
            place, receiver = (rank - step) % world_size, parts[rank + 1 - world_size]
            receiver[place] = receiver[place] + message if step < world_size - 1 else message
        sent += messages[0].numel()
    reduced = torch.stack([torch.cat(own) for own in parts])
    return RingResult(reduced, torch.full((world_size,), sent, device=tensors.device))


def _share(tensors: Tensor) -> int:
    """Length of the part of each rank along the first axis of its tensor."""
    world_size, size = tensors.shape[:2]
    if size % world_size:
        raise ValueError(f"{world_size} ranks must divide the size; got {size}")
    return size // world_size


def _check_rank(rank: int, world_size: int) -> None:
    if not 0 <= rank < world_size:
        raise ValueError(f"a rank is at least 0 and less than {world_size}; got {rank}")
