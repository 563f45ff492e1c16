"""EM at its smallest: each trial tosses one of two coins many times, and which one is not recorded."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class TwoCoins(NamedTuple):
    """Probability of heads of two coins, each of which is picked for half of the trials."""

    heads_a: Float[Tensor, ""]
    heads_b: Float[Tensor, ""]


def coin_responsibilities(coins: TwoCoins, heads: Int64[Tensor, "trials"], tosses: int) -> Float[Tensor, "trials 2"]:
    """Probability that coin a, and that coin b, was tossed in each trial, given its heads: the E-step.

        gamma_ic = p(h_i | c) / (p(h_i | a) + p(h_i | b)),   p(h | c) = theta_c^h (1 - theta_c)^(n - h)

    Domain: 0 <= theta <= 1, 0 <= heads <= tosses; ValueError for tosses < 1. NaN for a trial that neither coin can
    give.
    Source: Do & Batzoglou 2008, doi:10.1038/nbt1406, figure 1b.
    Differs: with the binomial coefficient of h in both terms it is the same.
    Notes: R003-091, R004-049.
    """
    return _sequence_log_likelihood(coins, heads, tosses).softmax(1)


def coin_em_step(coins: TwoCoins, heads: Int64[Tensor, "trials"], tosses: int) -> TwoCoins:
    """The coins after one iteration of EM: the heads that each is expected to have given, over its expected tosses.

        theta_c = sum_i gamma_ic h_i / (n sum_i gamma_ic)

    Domain: as `coin_responsibilities`, at least one trial. NaN for a coin that can have given no trial.
    Source: Do & Batzoglou 2008, doi:10.1038/nbt1406, figure 1b.
    Notes: R003-086, R004-049.
    """
    gamma = coin_responsibilities(coins, heads, tosses)
    heads_of_a, heads_of_b = (gamma * heads[:, None]).sum(0) / (tosses * gamma.sum(0))
    return TwoCoins(heads_of_a, heads_of_b)


def coin_log_likelihood(coins: TwoCoins, heads: Int64[Tensor, "trials"], tosses: int) -> Float[Tensor, "trials"]:
    """Log probability of the sequence of tosses of each trial, whichever coin it was.

        log p(h) = log(p(h | a) / 2 + p(h | b) / 2)

    Domain: as `coin_responsibilities`; -inf for a trial that neither coin can give.
    Source: Do & Batzoglou 2008, doi:10.1038/nbt1406.
    Differs: the probability of the number of heads has log binomial(n, h) more, which no parameter changes.
    Notes: R004-049.
    """
    return _sequence_log_likelihood(coins, heads, tosses).logsumexp(1) - math.log(2)


def _sequence_log_likelihood(coins: TwoCoins, heads: Tensor, tosses: int) -> Tensor:
    if tosses < 1:
        raise ValueError(f"a trial needs at least one toss; got {tosses}")
    theta = torch.stack(tuple(coins))
    return torch.xlogy(heads[:, None], theta) + torch.special.xlog1py(tosses - heads[:, None], -theta)
