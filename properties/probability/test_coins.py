"""Laws of `reference.probability.coins`.

Whole numbers are exact where powers underflow: 4096 tosses have probabilities far below the smallest number.
"""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices
from reference.probability.coins import TwoCoins


def coins():
    """Coin a may always or never give heads, coin b may not."""
    return st.builds(TwoCoins, dyadics(0, 64, grid=64), dyadics(1, 63, grid=64))


def proper_coins():
    return st.builds(TwoCoins, dyadics(1, 63, grid=64), dyadics(1, 63, grid=64))


def trials(*counts):
    """A number of tosses, and the heads of three trials of so many."""
    return st.sampled_from(counts).flatmap(lambda tosses: st.tuples(indices(tosses + 1, 3), st.just(tosses)))


def ways(coins, heads, tosses):
    """p(h | a) and p(h | b) of the tosses of each trial, times 64^tosses, as whole numbers."""
    sides = [(int(64 * theta), 64 - int(64 * theta)) for theta in coins]
    return [[up**h * down ** (tosses - h) for up, down in sides] for h in heads.tolist()]


def exponents(coins, tosses):
    """Size of the log probability of a trial; that of an impossible side does not count."""
    sides = [side for theta in coins for side in (theta.item(), 1 - theta.item()) if side]
    return 2 + tosses * max(-math.log(side) for side in sides)


@given(coins=coins(), trial=trials(1, 6, 4096))
def test_coin_responsibilities_equals_bayes(coin_responsibilities, coins, trial):
    """gamma_c is the share of coin c in p(h | a) + p(h | b), tiny as both may be; 0 for a coin that cannot give h."""
    shares = [[way / sum(row) for way in row] for row in ways(coins, *trial)]
    expected = torch.tensor(shares, dtype=torch.float64)
    assert_close(coin_responsibilities(coins, *trial), expected, expected * exponents(coins, trial[1]))


def test_coin_responsibilities_are_nan_for_what_neither_coin_can_give(coin_responsibilities, coin_log_likelihood):
    """Coins that never and always give heads share no mixed trial: it has probability 0, and the others one coin."""
    never = torch.tensor(0, dtype=torch.float64)
    coins, heads = TwoCoins(never, never + 1), torch.tensor([0, 3, 6])
    gamma = coin_responsibilities(coins, heads, 6)
    assert_equal(gamma[[0, 2]], torch.eye(2))
    assert gamma[1].isnan().all()
    assert_close(coin_log_likelihood(coins, heads, 6), [-math.log(2), -math.inf, -math.log(2)])


@given(coins=coins(), trial=trials(1, 6, 4096))
def test_coin_log_likelihood_equals_log_of_mean_over_coins(coin_log_likelihood, coins, trial):
    """log p(h) is the log of the mean of p(h | a) and p(h | b), however small it is."""
    expected = [math.log(sum(row)) - math.log(2 * 64 ** trial[1]) for row in ways(coins, *trial)]
    assert_close(coin_log_likelihood(coins, *trial), expected, exponents(coins, trial[1]))


@given(coins=coins())
def test_coin_log_likelihood_sums_to_one(coin_log_likelihood, coins):
    """The probabilities of all 64 sequences of six tosses add up to one."""
    heads = torch.tensor([sum(sequence) for sequence in itertools.product([0, 1], repeat=6)])
    assert_close(coin_log_likelihood(coins, heads, 6).exp().sum(), 1, exponents(coins, 6))


@given(coins=coins(), trial=trials(1, 6))
def test_coin_em_step_equals_expectation_over_assignments(coin_em_step, coins, trial):
    """theta_c is E[heads given by c] / E[tosses of c] over the 8 ways in which three trials may have had coins.

    It is NaN for a coin that can have given no trial.
    """
    heads, tosses = trial
    given_by, tossed, rows = [0, 0], [0, 0], ways(coins, heads, tosses)
    for assignment in itertools.product([0, 1], repeat=3):
        weight = math.prod(row[coin] for row, coin in zip(rows, assignment, strict=True))
        for coin, h in zip(assignment, heads.tolist(), strict=True):
            given_by[coin] += weight * h
            tossed[coin] += weight * tosses
    size = exponents(coins, tosses)
    for theta, some, all_ in zip(coin_em_step(coins, heads, tosses), given_by, tossed, strict=True):
        if all_:
            assert_close(theta, some / all_, size)
    without = TwoCoins(torch.zeros_like(coins.heads_b), coins.heads_b)
    assert coin_em_step(without, heads.clamp(min=1), tosses).heads_a.isnan()


@given(coins=proper_coins(), trial=trials(1, 6))
def test_coin_em_step_never_lowers_likelihood(coin_em_step, coin_log_likelihood, coins, trial):
    """The log likelihood of all trials never falls, nor rises above that of a coin of its own for each trial."""
    heads, tosses = trial
    before = coin_log_likelihood(coins, heads, tosses).sum()
    after = coin_log_likelihood(coin_em_step(coins, heads, tosses), heads, tosses).sum()
    assert_at_most(-after, -before, 3 * exponents(coins, tosses))
    share = torch.stack([heads, tosses - heads]).double() / tosses
    assert_at_most(after, -tosses * torch.special.entr(share).sum(), 3 * exponents(coins, tosses))


@given(coins=proper_coins(), trial=trials(6))
def test_coin_em_step_commutes_with_exchange_of_coins_and_of_sides(coin_em_step, coin_responsibilities, coins, trial):
    """Coins a and b have no order, and calling heads tails turns theta into 1 - theta."""
    heads, tosses = trial
    other_side = TwoCoins(1 - coins.heads_b, 1 - coins.heads_a)
    size = exponents(coins, tosses)
    gamma = coin_responsibilities(other_side, tosses - heads, tosses)
    assert_close(gamma, coin_responsibilities(coins, heads, tosses).flip(1), size)
    moved, plain = coin_em_step(other_side, tosses - heads, tosses), coin_em_step(coins, heads, tosses)
    assert_close(moved.heads_a, 1 - plain.heads_b, size)
    assert_close(moved.heads_b, 1 - plain.heads_a, size)


@given(theta=dyadics(1, 63, grid=64), trial=trials(6, 4096))
def test_coin_em_step_keeps_equal_coins_equal(coin_em_step, coin_responsibilities, theta, trial):
    """Coins that start equal share every trial, and both become the mean share of heads, for good."""
    heads, tosses = trial
    assert_close(coin_responsibilities(TwoCoins(theta, theta), heads, tosses), 0.5)
    for heads_of_one in coin_em_step(TwoCoins(theta, theta), heads, tosses):
        assert_close(heads_of_one, heads.sum().item() / (3 * tosses))


@pytest.mark.parametrize("tosses", [0, -1])
def test_coin_responsibilities_rejects_trials_without_tosses(
    coin_responsibilities, coin_em_step, coin_log_likelihood, tosses
):
    """Nothing can be learned from a trial without tosses; one is enough."""
    half = torch.tensor(0.5, dtype=torch.float64)
    pair, none = TwoCoins(half, half / 2), torch.zeros(2, dtype=torch.int64)
    assert_equal(coin_responsibilities(pair, none, 1).shape, (2, 2))
    for function in (coin_responsibilities, coin_em_step, coin_log_likelihood):
        assert_rejects(function, pair, none, tosses)
