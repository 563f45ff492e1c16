"""Which noise level each training sample gets, and the weight that keeps the loss unbiased.

Timesteps are zero-based; uniform numbers in [0, 1) are given.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class WeightedTimesteps(NamedTuple):
    """A timestep for each sample, and the factor of its loss."""

    timesteps: Int[Tensor, "batch"]
    weights: Float[Tensor, "batch"]


class LossHistory(NamedTuple):
    """The last losses seen at each timestep, oldest first, and how many there are."""

    losses: Float[Tensor, "steps length"]
    counts: Int[Tensor, "steps"]


def uniform_timesteps(uniform: Float[Tensor, "batch"], num_steps: int) -> Int[Tensor, "batch"]:
    """A timestep for each sample, all equally likely, whose losses need no weight.

        t = floor(u T)

    Domain: 0 <= uniform < 1, num_steps >= 1; else ValueError for num_steps.
    Source: Ho et al. 2020, arXiv:2006.11239, algorithm 1.
    Notes: R002-019, R003-140, R004-096.
    """
    _check_num_steps(num_steps)
    return (uniform * num_steps).long()


def cubic_timesteps(uniform: Float[Tensor, "batch"], num_steps: int) -> Int[Tensor, "batch"]:
    """A timestep for each sample that is more often late than early.

        t = min(floor((1 - u^3) T), T - 1)

    Domain: 0 <= uniform < 1, num_steps >= 1; else ValueError for num_steps. At u = 0 the floor alone would be T.
    Source: Mou et al. 2023 (T2I-Adapter), arXiv:2302.08453, section 3.4.
    Notes: R004-096.
    """
    _check_num_steps(num_steps)
    return ((1 - uniform**3) * num_steps).long().clamp(max=num_steps - 1)


def importance_timesteps(probabilities: Float[Tensor, "steps"], uniform: Float[Tensor, "batch"]) -> WeightedTimesteps:
    """A timestep for each sample by the given probabilities, and the weight that makes up for them.

        t = min {k : p_0 + ... + p_k > u},   weight = 1 / (T p_t),   so that E[weight f(t)] = mean of f

    Domain: probabilities > 0 that sum to 1; 0 <= uniform < 1.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 18.
    Notes: R004-096.
    """
    timesteps = torch.searchsorted(probabilities.cumsum(0), uniform, right=True).clamp(max=len(probabilities) - 1)
    return WeightedTimesteps(timesteps, 1 / (len(probabilities) * probabilities[timesteps]))


def empty_loss_history(num_steps: int, length: int = 10) -> LossHistory:
    """A history that has seen nothing and keeps `length` losses of each timestep.

    Domain: num_steps >= 1, length >= 1; else ValueError.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.3.
    Notes: R004-096.
    """
    _check_num_steps(num_steps)
    if length < 1:
        raise ValueError(f"length must be at least 1; got {length}")
    return LossHistory(torch.zeros(num_steps, length, dtype=torch.float64), torch.zeros(num_steps, dtype=torch.int64))


def record_losses(history: LossHistory, timesteps: Int[Tensor, "batch"], losses: Float[Tensor, "batch"]) -> LossHistory:
    """The history after each pair of timestep and loss in turn; where it is full, the oldest loss makes room.

    Domain: 0 <= timesteps < T.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.3 and code.
    Notes: R004-096.
    """
    recorded, counts = history.losses.clone(), history.counts.clone()
    length = recorded.shape[1]
    for index, t in enumerate(timesteps.tolist()):
        latest = torch.cat([recorded[t, : counts[t]], losses[index : index + 1]])[-length:]
        recorded[t, : len(latest)], counts[t] = latest, len(latest)
    return LossHistory(recorded, counts)


def loss_second_moment_probabilities(history: LossHistory, uniform_fraction: float = 0.001) -> Float[Tensor, "steps"]:
    """Probabilities in proportion to the root mean square of the recorded losses, mixed with a little uniform.

        p_t = (1 - uniform_fraction) w_t / sum w + uniform_fraction / T,   w_t = sqrt(mean of L_t^2)

    Domain: 0 <= uniform_fraction <= 1, else ValueError. Uniform until every timestep has a full history; from then on
    ValueError if every loss is 0.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 18 and code.
    Notes: R004-096.
    """
    if not 0 <= uniform_fraction <= 1:
        raise ValueError(f"uniform_fraction must lie in [0, 1]; got {uniform_fraction}")
    num_steps, length = history.losses.shape
    if (history.counts < length).any():
        return history.losses.new_full((num_steps,), 1 / num_steps)
    weights = history.losses.square().mean(1).sqrt()
    if not weights.any():
        raise ValueError(f"probabilities need a loss other than 0; all {history.losses.numel()} recorded ones are 0")
    return (1 - uniform_fraction) * weights / weights.sum() + uniform_fraction / num_steps


def _check_num_steps(num_steps: int) -> None:
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1; got {num_steps}")
