"""Worked numbers of discrete diffusion, and statements about it that are often met and wrong, each with a witness."""

import numpy as np
import pytest
import torch
from torch import Tensor

from properties.claims.test_diffusion import printed, table
from reference.diffusion.discrete import (
    categorical_marginal,
    categorical_posterior,
    cumulative_transitions,
    gumbel_max,
    reverse_from_joint,
    reverse_from_mixture,
)
from reference.diffusion.timestep_sampling import (
    LossHistory,
    importance_timesteps,
    loss_second_moment_probabilities,
    uniform_timesteps,
)
from reference.probability.information import kl_divergence

MASK = torch.tensor(3)


def absorbing(keep: float) -> Tensor:
    """The chain of three tokens and MASK = 3 that keeps a token with the given probability."""
    return keep * torch.eye(4, dtype=torch.float64) + (1 - keep) * table(0, 0, 0, 1)


@pytest.mark.claim("E000-1")
def test_marginal_takes_all_steps():
    """q(x_t | x_0) takes the product of all matrices: after three steps of an absorbing chain with beta = 0.3 it is
    (.343, 0, 0, .657), while Q_t alone gives (.7, 0, 0, .3).
    """
    steps = absorbing(0.7).expand(3, 4, 4)
    assert categorical_marginal(table(1, 0, 0, 0), cumulative_transitions(steps)[2]).tolist() == pytest.approx(
        [0.343, 0, 0, 0.657]
    )
    assert categorical_marginal(table(1, 0, 0, 0), steps[2]).tolist() == pytest.approx([0.7, 0, 0, 0.3])


@pytest.mark.claim("E000-2")
def test_row_vectors_stand_left_of_the_matrix():
    """With Q[from, to] the probabilities are x Q; Q x is none: it sums to 0.7 for a token, to 1.9 for MASK."""
    q = absorbing(0.7)
    assert categorical_marginal(torch.eye(4, dtype=torch.float64), q).sum(1).tolist() == pytest.approx([1, 1, 1, 1])
    assert (q @ table(1, 0, 0, 0)).tolist() == pytest.approx([0.7, 0, 0, 0])
    assert (q @ table(0, 0, 0, 1)).sum().item() == pytest.approx(1.9)


@pytest.mark.claim("R000-012")
@pytest.mark.parametrize(("p", "gap"), [((0.5, 0.3, 0.2, 0.0), "0.000"), ((0.4, 0.3, 0.2, 0.1), "0.016")])
def test_joint_and_mixture_differ_for_absorbing_chains_that_may_start_masked(p, gap):
    """At MASK the two ways to use p(x_0 | x_t) agree only if p(MASK) = 0, not for every p."""
    arguments = MASK, table(*p), absorbing(5 / 6), absorbing(0.6)
    assert (reverse_from_joint(*arguments) - reverse_from_mixture(*arguments)).abs().max() == printed(gap)


@pytest.mark.claim("R000-013")
def test_gumbel_max_wants_log_probabilities():
    """argmax(log p + G) has the probabilities p = (.5, .3, .15, .05) and the maximum the mean 0.5772, Euler's constant;
    argmax(p + G) has softmax(p) = (.3164, .2590, .2229, .2017).
    """
    p, width = table(0.5, 0.3, 0.15, 0.05), 1 / 32
    largest = torch.arange(-8, 60, width, dtype=torch.float64)[:, None]

    def density(logits: Tensor) -> Tensor:
        """Of the largest number, split by the class that has it."""
        return (logits - largest).exp() * (-(logits - largest).exp().sum(1, keepdim=True)).exp()

    assert (width * density(p.log()).sum(0)).tolist() == pytest.approx(p.tolist())
    assert (width * (largest * density(p.log())).sum()).item() == pytest.approx(np.euler_gamma)
    chosen = (width * density(p).sum(0)).tolist()
    assert chosen == [printed(digits) for digits in ("0.3164", "0.2590", "0.2229", "0.2017")]


@pytest.mark.claim("R000-013")
@pytest.mark.parametrize(("exponent", "expected"), [(23, "9.2e-8"), (24, "3.5e-8"), (25, "9.3e-9"), (26, "1.1e-9")])
def test_uniform_numbers_of_24_bits_choose_rare_classes_too_rarely(exponent, expected):
    """With u = k / 2^24 a class of p = 2^-23, 2^-24, 2^-25, 2^-26 wins 0.77, 0.58, 0.31, 0.075 times as often as it
    should, which is not never: it wins with u = 1 - m / 2^24 if the other class has u < exp(-m 2^24 p).
    """
    p = 2.0**-exponent
    logits, m = torch.tensor([p, 1 - p]).log(), torch.arange(1, 100)
    low, high = torch.zeros_like(m), torch.full_like(m, 2**24)
    while (low < high).any():
        other = (low + high) // 2
        wins = gumbel_max(logits.expand(len(m), 2), torch.stack([2**24 - m, other], 1) / 2**24) == 0
        low, high = torch.where(wins, other + 1, low), torch.where(wins, high, other)
    assert low.sum().item() / 2**48 == printed(expected)


@pytest.mark.claim("R000-019")
@pytest.mark.parametrize(("p", "bias"), [(0.3, "-8.3e-6"), (1e-3, "-3.4e-4"), (1e-6, "-0.18"), (1e-9, "-1.27")])
def test_epsilon_inside_the_logarithms_has_no_small_bias(p, bias):
    """log(. + 1e-6) in the logits of q and p makes the divergence too small, not by at most K 1e-6 = 4e-6 but by 1.27
    nats where the model gives the data 1e-9 (MASK at step 6 of 10, four classes).
    """
    between, cumulative = absorbing(4 / 5), absorbing(1 / 2)
    model = table(p, (1 - p) / 2, (1 - p) / 2, 0)

    def kl(eps: float) -> float:
        rows = [(between[:, 3] + eps).log() + (x @ cumulative + eps).log() for x in (table(1, 0, 0, 0), model)]
        return kl_divergence(*(row.softmax(-1) for row in rows)).item()

    exact = kl_divergence(
        categorical_posterior(MASK, torch.tensor(0), between, cumulative),
        reverse_from_mixture(MASK, model, between, cumulative),
    )
    assert kl(0) == pytest.approx(exact.item())
    assert kl(1e-6) - kl(0) == printed(bias)


@pytest.mark.claim("R000-008")
def test_weighted_losses_have_the_mean_of_all():
    """With p_t = (1/2, 1/4, 1/8, 1/8) the mean of weight times loss is that of the losses, 29, and so it is for uniform
    timesteps, which need no weight.
    """
    losses, grid = table(1, 10, 5, 100), (torch.arange(8, dtype=torch.float64) + 0.5) / 8
    timesteps, weights = importance_timesteps(table(1 / 2, 1 / 4, 1 / 8, 1 / 8), grid)
    assert (weights * losses[timesteps]).mean() == 29
    assert losses[uniform_timesteps(grid, 4)].mean() == 29
    assert importance_timesteps(table(1 / 4, 1 / 4, 1 / 4, 1 / 4), grid).weights.tolist() == [1] * 8


@pytest.mark.claim("R000-009")
def test_root_mean_square_losses_are_the_best_probabilities():
    """For losses of root mean square r = (1, 2, 3, 10) the second moment sum r_t^2 / p_t is (sum r_t)^2 = 256 if p_t is
    proportional to r_t, and 456 if it is uniform, or proportional to r_t^2.
    """
    r = table(1, 2, 3, 10)
    history = LossHistory(r[:, None] * table(1.4, 0.2), torch.full((4,), 2))
    best = loss_second_moment_probabilities(history, uniform_fraction=0)
    assert (r**2 / best).sum().item() == pytest.approx(256)
    others = torch.stack([torch.full_like(r, 1 / 4), r**2 / (r**2).sum()])
    assert (r**2 / others).sum(1).tolist() == pytest.approx([456, 456])
    nearby = best + 0.01 * (torch.eye(4) - torch.eye(4).roll(1, 0))
    assert ((r**2 / nearby).sum(1) > 256).all()
