"""Wrong variants of `reference.probability.coins`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.coins import TwoCoins, coin_em_step, coin_log_likelihood, coin_responsibilities


def _check(tosses):
    if tosses < 1:
        raise ValueError(f"no tosses: {tosses}")


def _powers(coins, heads, tosses):
    _check(tosses)
    theta = torch.stack(tuple(coins))
    return theta ** heads[:, None] * (1 - theta) ** (tosses - heads[:, None])


def _log_powers(coins, heads, tosses):
    _check(tosses)
    theta = torch.stack(tuple(coins))
    return torch.xlogy(heads[:, None], theta) + torch.special.xlog1py(tosses - heads[:, None], -theta)


def _from(gamma, heads, tosses):
    return TwoCoins(*((gamma * heads[:, None]).sum(0) / (tosses * gamma.sum(0))).unbind())


@mistake(of=coin_responsibilities, seen="catalogue R004-049")
def coin_responsibilities_that_underflow(coins, heads, tosses):
    """powers are multiplied instead of logarithms added, so that many tosses give 0 / 0"""
    joint = _powers(coins, heads, tosses)
    return joint / joint.sum(1, keepdim=True)


@mistake(of=coin_responsibilities, seen="catalogue R003-084")
def coin_responsibilities_over_trials(coins, heads, tosses):
    """the probabilities of each coin are normalised over the trials instead of over the coins"""
    return _log_powers(coins, heads, tosses).softmax(0)


@mistake(of=coin_responsibilities, seen="catalogue R004-049")
def coin_responsibilities_of_heads_alone(coins, heads, tosses):
    """tails are left out of the probability of a trial"""
    _check(tosses)
    return torch.xlogy(heads[:, None], torch.stack(tuple(coins))).softmax(1)


@mistake(of=coin_responsibilities, seen="hmmlearn/hmmlearn#217")
def coin_responsibilities_with_log_0_masked(coins, heads, tosses):
    """the log of a probability of 0 is replaced by 0, as if the impossible were certain"""
    _check(tosses)
    theta = torch.stack(tuple(coins))
    log_heads, log_tails = (torch.where(p > 0, p.log(), 0) for p in (theta, 1 - theta))
    return (heads[:, None] * log_heads + (tosses - heads[:, None]) * log_tails).softmax(1)


@mistake(of=coin_responsibilities, seen="hmmlearn/hmmlearn#77")
def coin_responsibilities_with_epsilon(coins, heads, tosses):
    """a small number is added to every entry before rows are normalised"""
    gamma = _log_powers(coins, heads, tosses).softmax(1) + 1e-6
    return gamma / gamma.sum(1, keepdim=True)


@mistake(of=coin_responsibilities, seen="E003-027")
def coin_responsibilities_that_decide(coins, heads, tosses):
    """the likelier coin gets the whole trial, which is hard EM"""
    gamma = coin_responsibilities(coins, heads, tosses)
    return (gamma == gamma.amax(1, keepdim=True)).to(gamma.dtype)


@mistake(of=coin_responsibilities, seen="catalogue R004-049")
def coin_responsibilities_without_check(coins, heads, tosses):
    """trials without tosses get an answer"""
    theta = torch.stack(tuple(coins))
    return (torch.xlogy(heads[:, None], theta) + torch.special.xlog1py(tosses - heads[:, None], -theta)).softmax(1)


@variant(of=coin_responsibilities, seen="Do & Batzoglou 2008, doi:10.1038/nbt1406")
def coin_responsibilities_with_binomial_coefficient(coins, heads, tosses):
    """the binomial coefficient is the same for both coins and cancels"""
    n = torch.tensor(tosses, dtype=coins.heads_a.dtype)
    ways = torch.lgamma(n + 1) - torch.lgamma(heads.to(n) + 1) - torch.lgamma(n - heads + 1)
    return (_log_powers(coins, heads, tosses) + ways[:, None]).softmax(1)


@mistake(of=coin_responsibilities, seen="catalogue R003-091")
def coin_responsibilities_halved_for_what_cannot_be(coins, heads, tosses):
    """a trial that neither coin can give is shared by both"""
    return coin_responsibilities(coins, heads, tosses).nan_to_num(nan=0.5)


@mistake(of=coin_em_step, seen="catalogue R004-049")
def coin_em_step_divided_by_trials(coins, heads, tosses):
    """expected heads are divided by all tosses instead of by those that the coin is expected to have had"""
    gamma = coin_responsibilities(coins, heads, tosses)
    return TwoCoins(*((gamma * heads[:, None]).sum(0) / (tosses * len(heads))).unbind())


@mistake(of=coin_em_step, seen="catalogue R004-049")
def coin_em_step_that_counts_tails(coins, heads, tosses):
    """the share of tails is returned"""
    theta = coin_em_step(coins, heads, tosses)
    return TwoCoins(1 - theta.heads_a, 1 - theta.heads_b)


@mistake(of=coin_em_step, seen="E003-027")
def coin_em_step_with_hard_labels(coins, heads, tosses):
    """each trial belongs wholly to its likelier coin"""
    gamma = coin_responsibilities(coins, heads, tosses)
    return _from((gamma >= gamma.flip(1)).to(gamma.dtype), heads, tosses)


@mistake(of=coin_em_step, seen="hmmlearn/hmmlearn#470")
def coin_em_step_with_prior_counts(coins, heads, tosses):
    """one head and one tail are added to the counts of each coin"""
    gamma = coin_responsibilities(coins, heads, tosses)
    return TwoCoins(*(((gamma * heads[:, None]).sum(0) + 1) / (tosses * gamma.sum(0) + 2)).unbind())


@mistake(of=coin_em_step, seen="hmmlearn/hmmlearn commit f421c7e")
def coin_em_step_that_stays(coins, heads, tosses):
    """the coins are returned as they were, since the loop ends before its update"""
    coin_responsibilities(coins, heads, tosses)
    return TwoCoins(coins.heads_a.clone(), coins.heads_b.clone())


@mistake(of=coin_em_step, seen="catalogue R004-049")
def coin_em_step_that_swaps_coins(coins, heads, tosses):
    """coin a gets the heads of coin b"""
    return TwoCoins(*reversed(coin_em_step(coins, heads, tosses)))


@mistake(of=coin_em_step, seen="catalogue R004-049")
def coin_em_step_of_heads_alone(coins, heads, tosses):
    """tails are left out of the probability of a trial"""
    return _from(coin_responsibilities_of_heads_alone(coins, heads, tosses), heads, tosses)


@mistake(of=coin_em_step, seen="catalogue R004-049")
def coin_em_step_that_underflows(coins, heads, tosses):
    """the probabilities of the trials are multiplied powers, so that many tosses give 0 / 0"""
    return _from(coin_responsibilities_that_underflow(coins, heads, tosses), heads, tosses)


@mistake(of=coin_em_step, seen="catalogue R004-049")
def coin_em_step_that_keeps_unused_coins(coins, heads, tosses):
    """a coin that can have given no trial keeps its probability, as if it had been learned"""
    fitted = coin_em_step(coins, heads, tosses)
    return TwoCoins(*(torch.where(new.isnan(), old, new) for new, old in zip(fitted, coins, strict=True)))


@variant(of=coin_em_step, seen="Do & Batzoglou 2008, doi:10.1038/nbt1406")
def coin_em_step_by_mean_share(coins, heads, tosses):
    """where all trials have equally many tosses it is the weighted mean of their shares of heads"""
    gamma = coin_responsibilities(coins, heads, tosses)
    return TwoCoins(*((gamma * (heads.to(gamma.dtype)[:, None] / tosses)).sum(0) / gamma.sum(0)).unbind())


@mistake(of=coin_log_likelihood, seen="catalogue R003-100")
def coin_log_likelihood_with_mean_outside(coins, heads, tosses):
    """the logarithms are averaged instead of the probabilities"""
    return _log_powers(coins, heads, tosses).mean(1)


@mistake(of=coin_log_likelihood, seen="catalogue R004-049")
def coin_log_likelihood_without_prior(coins, heads, tosses):
    """the probability 1/2 of each coin is left out"""
    return coin_log_likelihood(coins, heads, tosses) + math.log(2)


@mistake(of=coin_log_likelihood, seen="catalogue R004-049")
def coin_log_likelihood_that_underflows(coins, heads, tosses):
    """powers are multiplied instead of logarithms added, so that many tosses give log 0"""
    return _powers(coins, heads, tosses).mean(1).log()


@mistake(of=coin_log_likelihood, seen="E003-027")
def coin_log_likelihood_of_likelier_coin(coins, heads, tosses):
    """only the likelier coin is counted"""
    return _log_powers(coins, heads, tosses).amax(1) - math.log(2)


@mistake(of=coin_log_likelihood, seen="catalogue R004-049")
def coin_log_likelihood_of_counts(coins, heads, tosses):
    """the number of sequences with as many heads is counted in"""
    n = torch.tensor(tosses, dtype=coins.heads_a.dtype)
    ways = torch.lgamma(n + 1) - torch.lgamma(heads.to(n) + 1) - torch.lgamma(n - heads + 1)
    return coin_log_likelihood(coins, heads, tosses) + ways
