"""Low-rank adapters: a frozen weight W of shape (out, in) plus s B A, with A of shape (rank, in) and B (out, rank).

B starts at 0 and A at random, so that training starts at the frozen model and A decides where B can lead.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear


def lora_scaling(alpha: float, rank: int) -> float:
    """Factor of an adapter's update.

        s = alpha / rank

    It scales the update in every forward pass and is no learning rate: from B = 0 the first step of gradient descent
    moves s B A in proportion to s^2, that of Adam in proportion to s.

    Domain: rank >= 1, else ValueError.
    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.
    Notes: R003-241, R003-242.
    """
    _check(rank)
    return alpha / rank


def rank_stabilized_scaling(alpha: float, rank: int) -> float:
    """Factor of an adapter's update under which the size of its output does not shrink as the rank grows.

        s = alpha / sqrt(rank)

    Domain: rank >= 1, else ValueError.
    Source: Kalajdzievski 2023 (rsLoRA), arXiv:2312.03732, section 3.
    Notes: R003-241.
    """
    _check(rank)
    return alpha / math.sqrt(rank)


def lora_forward(
    x: Float[Tensor, "*batch inputs"],
    weight: Float[Tensor, "outputs inputs"],
    A: Float[Tensor, "rank inputs"],
    B: Float[Tensor, "outputs rank"],
    scaling: float,
) -> Float[Tensor, "*batch outputs"]:
    """Output of a frozen linear layer and its adapter.

        y = W x + s B (A x)

    Domain: every scaling. At B = 0 that of the frozen layer.
    Source: Hu et al. 2021, arXiv:2106.09685, eq. 3 and section 4.1.
    Differs: transposed layouts, as of GPT-2's Conv1D, hold W', A' and B'.
    Notes: R003-241, R003-242.
    """
    return linear(x, weight) + scaling * linear(linear(x, A), B)


def lora_merge(
    weight: Float[Tensor, "outputs inputs"],
    A: Float[Tensor, "rank inputs"],
    B: Float[Tensor, "outputs rank"],
    scaling: float,
) -> Float[Tensor, "outputs inputs"]:
    """One weight that does what the frozen weight and its adapter do together.

        W' = W + s B A,   of which B A has at most the given rank

    The scaling is part of W' and must not be applied again.

    Domain: every scaling.
    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.
    Notes: R003-241.
    """
    return weight + scaling * B @ A


def lora_unmerge(
    merged: Float[Tensor, "outputs inputs"],
    A: Float[Tensor, "rank inputs"],
    B: Float[Tensor, "outputs rank"],
    scaling: float,
) -> Float[Tensor, "outputs inputs"]:
    """The frozen weight that an adapter was merged into, up to rounding.

        W = W' - s B A

    Domain: the A, B and scaling that were merged. The difference from W is of the size of the roundings of W'.
    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.
    Notes: R003-241.
    """
    return merged - scaling * B @ A


def concatenate_adapters(
    A: Sequence[Float[Tensor, "_ inputs"]], B: Sequence[Float[Tensor, "outputs _"]], scalings: Sequence[float]
) -> tuple[Float[Tensor, "rank inputs"], Float[Tensor, "outputs rank"]]:
    """A and B of one adapter with scaling 1 that does what several do together, each with its own scaling.

        B A = sum_i s_i B_i A_i,   A = [A_1; A_2; ...],   B = [s_1 B_1, s_2 B_2, ...]

    The ranks add up. A weight of an adapter is a factor of its scaling.

    Domain: as many A as B as scalings, and at least one; else ValueError.
    Source: PEFT (`add_weighted_adapter` with "cat").
    Differs: sums of all A and of all B ("linear" in PEFT) also multiply the B of one adapter with the A of another.
    Notes: R003-241.
    """
    if not A:
        raise ValueError(f"there must be at least one adapter; got {len(A)}")
    parts = [(a, s * b) for a, b, s in zip(A, B, scalings, strict=True)]
    return torch.cat([a for a, _ in parts]), torch.cat([b for _, b in parts], dim=1)


def glora_merge(
    weight: Float[Tensor, "outputs inputs"],
    multipliers: Sequence[Float[Tensor, "inputs inputs"]],
    offsets: Sequence[Float[Tensor, "outputs inputs"]],
) -> Float[Tensor, "outputs inputs"]:
    """One weight for a frozen weight and several adapters that multiply it and add to it, in any order.

        W' = W + sum_i (W A_i + B_i)

    Domain: as many multipliers as offsets, else ValueError. Without any, W.
    Source: Chavan et al. 2023 (GLoRA), arXiv:2306.07967, whose terms for the bias are left out.
    Notes: R003-241.
    """
    updates = [weight @ a + b for a, b in zip(multipliers, offsets, strict=True)]
    return torch.stack([weight, *updates]).sum(0)


def lora_parameter_count(outputs: int, inputs: int, rank: int) -> int:
    """Number of trained parameters of the adapter of one weight.

        rank (inputs + outputs)

    Domain: outputs, inputs and rank >= 1; else ValueError. Below rank = inputs outputs / (inputs + outputs) it is less
    than that of the weight. Of grouped-query attention, keys and values have fewer outputs than queries.
    Source: Hu et al. 2021, arXiv:2106.09685, section 4.2.
    Notes: R003-241, R003-243.
    """
    if min(outputs, inputs) < 1:
        raise ValueError(f"a weight has at least one row and one column; got {outputs} x {inputs}")
    _check(rank)
    return rank * (inputs + outputs)


def _check(rank: int) -> None:
    if rank < 1:
        raise ValueError(f"the rank must be at least 1; got {rank}")
