"""Reverse-mode differentiation: over a graph, along a chain of stages, and with stages run twice to save memory."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Stage(NamedTuple):
    """A function and its vector-Jacobian product: vjp(x, y_bar) = J(x)^T y_bar, J(x) the Jacobian at the input x."""

    forward: Callable[[Tensor], Tensor]
    vjp: Callable[[Tensor, Tensor], Tensor]


class ChainGradient(NamedTuple):
    """Output of a chain of stages, and the gradient of y_bar . y with respect to its input."""

    y: Tensor
    x_bar: Tensor


def path_gradients(derivatives: Float[Tensor, "nodes nodes"]) -> Float[Tensor, "nodes"]:
    """Gradient of the last node of a graph with respect to every node, in one sweep backwards.

        bar_n = 1,   bar_i = sum over j > i of bar_j d node_j / d node_i

    which is the sum, over all paths from i to the last node, of the products of the derivatives along the path.

    Domain: derivatives[i, j] = d node_j / d node_i with nodes numbered so that i < j, 0 without an edge; what stands on
    and below the diagonal is not read. At least one node, else ValueError.
    Source: textbook.
    Notes: R001-014.
    """
    nodes = len(derivatives)
    if nodes < 1:
        raise ValueError(f"a graph has at least one node; got {nodes}")
    bars = derivatives.new_ones(1)
    for node in reversed(range(nodes - 1)):
        bar = (derivatives[node, node + 1 :] * bars).sum()
        bars = torch.cat([bar[None], bars])
    return bars


def chain_backward(stages: Sequence[Stage], x: Float[Tensor, "*x"], y_bar: Float[Tensor, "*y"]) -> ChainGradient:
    """Output of stages applied one after the other, and its gradient, with the input of every stage kept.

        x_i = f_i(x_{i-1}),   bar_{i-1} = J_i(x_{i-1})^T bar_i

    Every stage runs once in each direction. A chain may be split anywhere, as it is over devices: the gradient of the
    rear part is the y_bar of the front part.

    Domain: at least one stage, else ValueError.
    Source: textbook.
    Notes: R001-014, R001-019.
    """
    if not stages:
        raise ValueError(f"a chain has at least one stage; got {stages}")
    inputs = [x]
    for stage in stages:
        inputs.append(stage.forward(inputs[-1]))
    y = inputs.pop()
    for stage in reversed(stages):
        y_bar = stage.vjp(inputs.pop(), y_bar)
    return ChainGradient(y, y_bar)


def checkpointed_backward(
    stages: Sequence[Stage], x: Float[Tensor, "*x"], y_bar: Float[Tensor, "*y"], segment: int
) -> ChainGradient:
    """Output and gradient of `chain_backward`, with the input of every segment kept and the rest computed again.

        forward:    keep the input of each run of `segment` stages
        backward:   for each run, from the last: run it again from its input, keeping everything, and go back through it

    Every stage runs forward twice, and must do the same both times: a random one, such as dropout, restores its random
    state. `checkpoint_storage` says how much is kept.

    Domain: at least one stage, segment >= 1; else ValueError. The last segment may be shorter.
    Source: Chen et al. 2016, arXiv:1604.06174, section 4.
    Differs: PyTorch's `checkpoint` without re-entry stops the second run at the last value that is needed.
    Notes: R001-047.
    """
    if not stages or segment < 1:
        raise ValueError(f"stages and segment must not be empty; got {len(stages)} stages and segment {segment}")
    segments = [stages[start : start + segment] for start in range(0, len(stages), segment)]
    kept = []
    for part in segments:
        kept.append(x)
        for stage in part:
            x = stage.forward(x)
    for part in reversed(segments):
        y_bar = chain_backward(part, kept.pop(), y_bar).x_bar
    return ChainGradient(x, y_bar)


def checkpoint_storage(num_stages: int, segment: int) -> int:
    """Outputs of stages that `checkpointed_backward` holds at once, at the most.

        ceil(n / k) + k,   n stages in segments of k <= n

    The least is about 2 sqrt(n), at k = sqrt(n). `chain_backward` holds n.

    Domain: num_stages, segment >= 1; else ValueError. A segment of more than n stages counts as one of n.
    Source: Chen et al. 2016, arXiv:1604.06174, section 4.
    Notes: R001-047.
    """
    if num_stages < 1 or segment < 1:
        raise ValueError(f"num_stages and segment must be at least 1; got {num_stages} and {segment}")
    return -(-num_stages // segment) + min(segment, num_stages)
