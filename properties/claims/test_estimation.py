"""Worked numbers of estimation, and statements about it that are often met and wrong, each with a witness."""

import itertools
import math

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close, assert_equal
from reference.probability.estimation import (
    SearchState,
    bayesian_information_criterion,
    expected_tables,
    gaussian_maximum_likelihood,
    gaussian_score,
    lasso_regression,
    least_squares,
    map_on_grid,
    propose_evaluate_refit,
    ridge_regression,
    unbiased_covariance,
)

COSTS = table(10, 0, 8, 7)
LINES = torch.stack([torch.ones(4), torch.arange(4)], 1).double()


@pytest.mark.claim("E003-021", "R003-071")
def test_divisor_n_is_biased_under_perfect_sampling():
    """Over all 64 samples of 3 from {1, 2, 4, 7} the variance with divisor n averages 3.5 = 2/3 of 5.25, with n - 1
    5.25, and the root of the latter 2.044, below the true 2.291.
    """
    samples = [torch.stack(draw)[:, None] for draw in itertools.product(table(1, 2, 4, 7), repeat=3)]
    biased = torch.stack([gaussian_maximum_likelihood(sample)[1] for sample in samples])
    unbiased = torch.stack([unbiased_covariance(sample) for sample in samples])
    assert table(1, 2, 4, 7).var(correction=0) == 5.25
    assert biased.mean() == printed("3.50000")
    assert unbiased.mean() == printed("5.25000")
    assert unbiased.sqrt().mean() == printed("2.044")
    assert math.sqrt(5.25) == printed("2.291")


@pytest.mark.claim("R003-070", "R003-072")
def test_maximum_likelihood_of_four_numbers():
    """1, 2, 4 and 7 have mean 3.5 and variance 5.25, where both scores are 0; at 7, the unbiased variance, the score in
    the variance is -1/14.
    """
    data = table(1, 2, 4, 7)
    mean, covariance = gaussian_maximum_likelihood(data[:, None])
    assert (mean, covariance) == (3.5, 5.25)
    assert_close(torch.stack(gaussian_score(data, mean[0], covariance[0, 0])), 0, 1)
    assert_close(gaussian_score(data, mean[0], table(7)[0])[1], -1 / 14, 1)


@pytest.mark.claim("R003-077")
def test_map_moves_with_the_variable_and_maximum_likelihood_does_not():
    """Two heads of three under a flat prior: the mode is 2/3 in theta and at theta = 3/5 in the log odds, whose density
    takes the factor theta (1 - theta); the likelihood is highest at 2/3 in both.
    """
    theta = torch.arange(1, 15, dtype=torch.float64) / 15
    log_likelihood = 2 * theta.log() + (1 - theta).log()
    of_log_odds = theta.log() + (1 - theta).log()
    flat = torch.zeros_like(theta)
    assert_equal(theta[map_on_grid(log_likelihood, flat)], 2 / 3)
    assert_equal(theta[map_on_grid(log_likelihood, of_log_odds)], 3 / 5)


@pytest.mark.claim("R003-050")
def test_sharp_prior_leaves_the_nearest_grid_point():
    """As the prior N(0.6, s^2) sharpens, the MAP estimate on the grid 0, 1/4, ..., 1 goes to 1/2, not to 0.6."""
    grid = table(0, 0.25, 0.5, 0.75, 1)
    log_likelihood = torch.as_tensor(stats.norm.logpdf(grid, 0.1, 0.25))
    wide, sharp = (torch.as_tensor(stats.norm.logpdf(grid, 0.6, s)) for s in (4, 1e-3))
    assert_equal(grid[map_on_grid(log_likelihood, wide)], 0)
    assert_equal(grid[map_on_grid(log_likelihood, sharp)], 0.5)


@pytest.mark.claim("E003-016", "R003-051", "R003-052")
def test_surrogate_search_is_not_grid_search():
    """A line fitted to the values 10, 0, 8, 7 misleads: from points 1 and 2 the search goes on to 3 and sees the best
    value, 10, last. On a line its best comes at the latest one evaluation after as many as there are weights.
    """
    state = SearchState(torch.tensor([1, 2]), COSTS[1:3], least_squares(LINES[1:3], COSTS[1:3]))
    state = propose_evaluate_refit(state, COSTS.take, LINES)
    assert_equal(state.indices, [1, 2, 3])
    assert state.values.max() < COSTS.max()
    assert_equal(propose_evaluate_refit(state, COSTS.take, LINES).values.max(), 10)
    line = 3 - 2 * LINES[:, 1]
    state = SearchState(torch.tensor([2]), line[2:3], table(0, 1))
    state = propose_evaluate_refit(state, line.take, LINES)
    assert_close(state.weights, table(3, -2), 32)
    assert state.values.max() < line.max()
    assert_equal(propose_evaluate_refit(state, line.take, LINES).values.max(), 3)


@pytest.mark.claim("R003-079", "R003-080", "R003-081")
def test_ridge_shrinks_and_lasso_selects():
    """With orthonormal columns, X^T y = (3, 0.5) and lambda = 1 ridge has (1.5, 0.25) and the lasso (2, 0)."""
    identity, targets = torch.eye(2, dtype=torch.float64), table(3, 0.5)
    assert_close(ridge_regression(identity, targets, 1.0), table(1.5, 0.25))
    assert_equal(lasso_regression(identity, targets, 1.0, 1), table(2, 0))


@pytest.mark.claim("R003-102")
def test_criterion_finds_two_clusters():
    """Of 40 samples at -10 and 10, spread by 1, two Gaussians have the lowest BIC, below one and below four."""
    quantiles = torch.as_tensor(stats.norm.ppf((torch.arange(20) + 0.5) / 20))
    data = torch.cat([quantiles - 10, quantiles + 10])
    criteria = []
    for clusters in (1, 2, 4):
        parts = data.reshape(clusters, -1)
        fits = [stats.norm(part.mean(), part.std(correction=0)) for part in parts]
        density = sum(torch.as_tensor(fit.pdf(data)) / clusters for fit in fits)
        criteria.append(bayesian_information_criterion(density.log().sum(), 3 * clusters - 1, 40))
    assert torch.stack(criteria).argmin() == 1


@pytest.mark.claim("R003-102")
def test_tables_grow_like_a_logarithm():
    """At concentration 1 ten customers open 2.929 tables on average, the harmonic number, and a hundred 5.187."""
    assert expected_tables(table(1), 10) == printed("2.929")
    assert expected_tables(table(1), 100) == printed("5.187")
