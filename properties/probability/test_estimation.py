"""Laws of `reference.probability.estimation`."""

import itertools
import math
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import designs, dyadics, normals, numbers
from reference.probability.conjugate import RegressionState
from reference.probability.estimation import SearchState

# A distribution on whole numbers with the first four moments of a standard normal.
NODES = torch.tensor([-2, -1, 0, 1, 2], dtype=torch.float64)
NODE_PROBABILITIES = torch.tensor([1, 2, 6, 2, 1], dtype=torch.float64) / 12


def with_residual(pull, free, features):
    """A residual r with X^T r = pull, for X of `designs`; the last four of its numbers are free."""
    return torch.cat([pull - features[3:].T @ free, free])


def penalties():
    """Numbers from 1/16 to 4."""
    return st.integers(1, 64).map(lambda k: k / 16)


def coefficients(*shape):
    return dyadics(-32, 32, *shape, grid=16)


@pytest.mark.parametrize("offset", [0, 2**18])
@given(data=dyadics(-64, 64, 5, 5, grid=16), dim=st.sampled_from([1, 2, 5]))
def test_gaussian_maximum_likelihood_equals_average_over_pairs(
    gaussian_maximum_likelihood, unbiased_covariance, data, dim, offset
):
    """n^2 covariances are the sum of (x_i - x_j)(x_i - x_j)^T over pairs, of which n (n - 1) / 2 are not 0."""
    data = data[:, :dim].contiguous()
    pairs = torch.stack([first - second for first, second in itertools.combinations(data, 2)])
    total = pairs.T @ pairs
    spread = data.abs().max() * (data.abs().max() + offset)
    mean, covariance = gaussian_maximum_likelihood(data + offset)
    assert_close(mean, data.sum(0) / 5 + offset, offset + data.abs().max())
    assert_close(covariance, total / 25, spread)
    assert_equal(unbiased_covariance(data + offset).shape, (dim, dim))
    assert_close(unbiased_covariance(data + offset), total / 20, spread)


@given(data=dyadics(-64, 64, 5, 2, grid=16), matrix=dyadics(-16, 16, 3, 2, grid=8), shift=normals(3))
def test_gaussian_maximum_likelihood_commutes_with_affine_maps(
    gaussian_maximum_likelihood, unbiased_covariance, data, matrix, shift
):
    """Data A x + b have the mean A m + b and the covariance A C A^T."""
    mean, covariance = gaussian_maximum_likelihood(data)
    unbiased = unbiased_covariance(data)
    mapped = data @ matrix.T + shift
    of_mapped, covariance_of_mapped = gaussian_maximum_likelihood(mapped)
    size = 1 + matrix.abs().sum() * data.abs().max() + shift.abs().max()
    assert_close(of_mapped, matrix @ mean.double() + shift, size)
    assert_close(covariance_of_mapped, matrix @ covariance.double() @ matrix.T, size**2)
    assert_close(unbiased_covariance(mapped), matrix @ unbiased.double() @ matrix.T, size**2)


@given(first=normals(1, 3), second=normals(1, 3))
def test_gaussian_maximum_likelihood_has_no_spread_at_one_sample(
    gaussian_maximum_likelihood, unbiased_covariance, first, second
):
    """One sample is its own mean, with covariance 0; two have the unbiased covariance d d^T / 2, d what they differ."""
    mean, covariance = gaussian_maximum_likelihood(first)
    assert_equal(mean, first[0])
    assert_equal(covariance, torch.zeros(3, 3))
    size = (first.abs() + second.abs()).max() ** 2
    assert_close(unbiased_covariance(torch.cat([first, second])), (first - second).T @ (first - second) / 2, size)


@pytest.mark.parametrize("too_few", [0, 1])
def test_unbiased_covariance_rejects_too_few_samples(gaussian_maximum_likelihood, unbiased_covariance, too_few):
    """Nothing has no mean, and one sample says nothing of the spread."""
    assert_rejects(gaussian_maximum_likelihood, torch.zeros(0, 3, dtype=torch.float64))
    assert_rejects(unbiased_covariance, torch.full((too_few, 3), 0.5, dtype=torch.float64))


@given(data=normals(5), mean=normals(), variance=dyadics(1, 64, grid=16))
def test_gaussian_score_equals_gradient_of_log_density(gaussian_score, data, mean, variance):
    """Its parts are the derivatives of sum_i log N(x_i; mean, variance)."""

    def log_density(m, v):
        return torch.distributions.Normal(m, v.sqrt()).log_prob(data).sum()

    in_mean, in_variance = torch.autograd.functional.jacobian(log_density, (mean, variance))
    deviation = (data - mean).abs()
    observed = gaussian_score(data, mean, variance)
    assert_close(observed[0], in_mean, 5 * (data.abs().max() + mean.abs()) / variance)
    assert_close(observed[1], in_variance, 5 / variance + deviation.square().sum() / variance**2)


@given(data=dyadics(-64, 64, 5, 1, grid=16), spread=dyadics(1, 16, grid=16))
def test_gaussian_score_vanishes_at_maximum_likelihood(gaussian_score, gaussian_maximum_likelihood, data, spread):
    """Where mean and variance are those of the data the likelihood is stationary; beyond the mean it falls."""
    data = data + spread * numbers(-8, -2, 0, 3, 7)[:, None]
    mean, covariance = gaussian_maximum_likelihood(data)
    variance, size = data.var(correction=0), 1 + data.abs().max()
    estimates = mean[0].double(), covariance[0, 0].double()
    in_mean, in_variance = gaussian_score(data[:, 0], *estimates)
    assert_close(in_mean, 0, 5 * size / variance)
    assert_close(in_variance, 0, 5 * size**2 / variance**2)
    beyond, _ = gaussian_score(data[:, 0], estimates[0] + 1, variance)
    assert_close(beyond, -5 / variance, 5 * size / variance)


@given(mean=normals(), std=dyadics(1, 32, grid=16), num_samples=st.integers(1, 9))
def test_gaussian_fisher_information_equals_covariance_of_score(
    gaussian_fisher_information, gaussian_score, mean, std, num_samples
):
    """Over a distribution with Gaussian moments the score of a draw has mean 0 and the information as covariance."""
    scores = [gaussian_score((mean + std * node)[None], mean, std**2) for node in NODES]
    scores = torch.stack([torch.stack(score) for score in scores])
    weights = NODE_PROBABILITIES[:, None].to(scores.dtype)
    of_mean, of_variance = gaussian_fisher_information(num_samples, std**2)
    zero = torch.zeros_like(of_mean)
    expected = torch.stack([torch.stack([of_mean, zero]), torch.stack([zero, of_variance])]) / num_samples
    units, loss = torch.stack([1 / std, 1 / std**2]), 1 + mean.abs() / std
    assert_close((weights * scores).T @ scores, expected, 16 * loss**2 * units[:, None] * units)
    assert_close((weights * scores).sum(0), 0, 16 * loss * units)
    variances = torch.stack([std**2, 4 * std**2])
    of_means, of_variances = gaussian_fisher_information(num_samples, variances)
    assert_close(torch.stack([of_mean, *of_means]), num_samples / variances[[0, 0, 1]])
    assert_close(torch.stack([of_variance, *of_variances]), num_samples / (2 * variances[[0, 0, 1]] ** 2))


def test_gaussian_fisher_information_rejects_negative_number_of_samples(gaussian_fisher_information):
    """No samples carry no information; fewer are not possible."""
    assert_equal(torch.stack(gaussian_fisher_information(0, numbers(2.5))), torch.zeros(2, 1))
    assert_equal(gaussian_fisher_information(1, numbers(0.5))[1], [2.0])
    assert_rejects(gaussian_fisher_information, -1, numbers(2.5))


@pytest.mark.parametrize("unit", [0, -30])
@given(features=designs(), weights=coefficients(3), free=coefficients(4), exponents=dyadics(-10, 2, 3, grid=1))
def test_least_squares_finds_weights_below_orthogonal_residual(least_squares, features, weights, free, exponents, unit):
    """If y - X w is orthogonal to every column of X, w is the fit, however short a column is, beside another or not."""
    exponents = exponents + unit
    targets = features @ weights + with_residual(torch.zeros(3), free, features)
    size = 64 * (weights.abs().max() + free.abs().max())
    assert_close(least_squares(features, targets), weights, size)
    steep = 4.0 ** (exponents.max() - exponents.min()) / 2.0 ** exponents.min()
    assert_close(least_squares(features * 2.0**exponents, targets), weights / 2.0**exponents, size * steep)


@given(features=designs(), pull=coefficients(3), weights=coefficients(3), free=coefficients(4))
def test_least_squares_is_the_shortest_fit(least_squares, features, pull, weights, free):
    """Of many fits it is the one in the span of the rows, X^T a; equal columns share a weight, and zeros have none."""
    rows = features.T
    size = 256 * (pull.abs().max() + weights.abs().max() + free.abs().max())
    assert_close(least_squares(rows, rows @ rows.T @ pull), rows.T @ pull, size)
    targets = features @ weights + with_residual(torch.zeros(3), free, features)
    repeated = torch.cat([features, features[:, :1], torch.zeros(7, 1)], 1)
    expected = torch.cat([weights[:1] / 2, weights[1:], weights[:1] / 2, torch.zeros(1)])
    assert_close(least_squares(repeated, targets), expected, size)


@given(features=designs(), weights=coefficients(3), free=coefficients(4), penalty=penalties())
def test_ridge_regression_leaves_residual_that_pulls_with_the_penalty(
    ridge_regression, features, weights, free, penalty
):
    """If X^T (y - X w) = lambda w, w is the fit, for more features than samples too."""
    size = 256 * (1 + penalty) * (weights.abs().max() + free.abs().max())
    targets = features @ weights + with_residual(penalty * weights, free, features)
    assert_close(ridge_regression(features, targets, penalty), weights, size)
    targets = features.T @ features @ weights + penalty * weights
    wide = 64 * 17 / penalty * (1 + penalty) * weights.abs().max()
    assert_close(ridge_regression(features.T, targets[:3], penalty), features @ weights, wide)


@given(features=designs(), targets=normals(7), noise=penalties(), prior=penalties())
def test_ridge_regression_equals_mean_under_gaussian_prior(
    ridge_regression, bayesian_regression_update, linear_negative_log_posterior, features, targets, noise, prior
):
    """At lambda = sigma^2 / tau^2 it is the mean of p(w | y), whose density falls off from there as a parabola."""
    flat = RegressionState(torch.zeros(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64) / prior)
    mean, _ = bayesian_regression_update(flat, features, targets, noise)
    observed = ridge_regression(features, targets, noise / prior)
    assert_close(observed, mean, 64 * (1 + noise / prior) * targets.abs().max())
    apart = numbers(0.5, -1, 0.25)
    low, high = (
        linear_negative_log_posterior(observed.double() + step * apart, features, targets, noise, prior)
        for step in (0, 1)
    )
    size = 32 * (1 + targets.abs().max()) ** 2 * (1 / noise + 1 / prior) + 10 * (abs(math.log(noise)) + 8)
    assert_close(high - low, (features @ apart).square().sum() / (2 * noise) + apart @ apart / (2 * prior), size)


@given(pull=coefficients(3), exponents=dyadics(-10, 2, 3, grid=1), penalty=penalties())
def test_ridge_regression_shrinks_orthogonal_columns_one_by_one(ridge_regression, pull, exponents, penalty):
    """Weights are x_j^T y / (|x_j|^2 + lambda), however short a column is beside another one."""
    features = numbers(1, 1, 1, 1, 1, -1, 1, -1, 1, -1, -1, 1).reshape(3, 4).T / 2 * 2.0**exponents
    targets = numbers(1, 1, 1, 1, 1, -1, 1, -1, 1, -1, -1, 1).reshape(3, 4).T @ pull / 2
    expected = 2.0**exponents * pull / (4.0**exponents + penalty)
    assert_close(ridge_regression(features, targets, penalty), expected, 17 / penalty * pull.abs().max())


@pytest.mark.parametrize("wrong", [-0.5, 0.0, math.nan])
def test_ridge_regression_rejects_penalties_that_are_none(
    ridge_regression, lasso_sweep, soft_threshold, linear_negative_log_posterior, wrong
):
    """Squares are penalised by a positive number, absolute values by none below 0, and a variance is positive."""
    features, targets = numbers(1, 2, 0.5).reshape(3, 1), numbers(3, -1, 2)
    assert_rejects(ridge_regression, features, targets, wrong)
    assert_rejects(linear_negative_log_posterior, numbers(2), features, targets, wrong, 0.5)
    assert_rejects(linear_negative_log_posterior, numbers(2), features, targets, 0.5, wrong)
    if wrong != 0:
        assert_rejects(soft_threshold, targets, wrong)
        assert_rejects(lasso_sweep, numbers(2), features, targets, wrong)


@given(x=dyadics(-32, 32, 2, 5, grid=8), threshold=st.integers(0, 24).map(lambda k: k / 8))
def test_soft_threshold_equals_what_the_interval_leaves(soft_threshold, x, threshold):
    """x less its projection on [-threshold, threshold]: 0 up to the threshold itself, and all of x at threshold 0."""
    x = torch.cat([x, torch.full((2, 1), threshold, dtype=torch.float64)], 1)
    assert_equal(soft_threshold(x, threshold), x - x.clamp(-threshold, threshold))


@given(
    weights=coefficients(4),
    features=designs(),
    targets=normals(7),
    penalty=penalties(),
    unit=st.sampled_from([1, 2.0**-20]),
)
def test_lasso_sweep_minimises_along_each_axis_in_turn(lasso_sweep, weights, features, targets, penalty, unit):
    """Along an axis the objective is least at 0 or at a zero of its two slopes; a column of zeros gets weight 0.

    In any unit of the features weights are as much larger as the features are smaller.
    """
    features = torch.cat([features[:, :1] / 8, features[:, 1:2], torch.zeros(7, 1), features[:, 2:]], 1)
    current = weights.clone()
    for j in (0, 1, 3):
        others = targets - features @ current.where(torch.arange(4) != j, 0)
        square, pull = features[:, j].square().sum(), features[:, j] @ others
        options = torch.stack([pull * 0, (pull - penalty) / square, (pull + penalty) / square])
        cost = (others[:, None] - features[:, j, None] * options).square().sum(0) / 2 + penalty * options.abs()
        current[j] = options[cost.argmin()]
    current[2] = 0
    size = 512 * (weights.abs().max() + targets.abs().max() + penalty)
    observed = lasso_sweep(weights / unit, unit * features, targets, unit * penalty)
    assert_close(observed, current / unit, size / unit)


@given(
    features=designs(), weights=coefficients(3), signs=dyadics(-16, 16, 3, grid=16), free=coefficients(4), p=penalties()
)
def test_lasso_sweep_is_idempotent_at_the_optimum(lasso_sweep, features, weights, signs, free, p):
    """Where x_j^T r = lambda sign(w_j), or at most lambda in size if w_j = 0, a sweep leads to w and stays."""
    weights = torch.where(signs < 0, 0, weights)
    pull = p * torch.where(weights == 0, signs, weights.sign())
    targets = features @ weights + with_residual(pull, free, features)
    size = 64 * (1 + weights.abs().max() + free.abs().max() + p)
    assert_close(lasso_sweep(weights, features, targets, p), weights, size)
    first, rest = features[:, :1], targets - features[:, 1:] @ weights[1:]
    assert_close(lasso_sweep(weights[:1] + 1, first, rest, p), weights[:1], size)


@given(
    features=designs(), weights=coefficients(3), signs=dyadics(-16, 16, 3, grid=16), free=coefficients(4), p=penalties()
)
def test_lasso_regression_converges_to_the_optimum(lasso_regression, features, weights, signs, free, p):
    """With columns that are nearly orthogonal a few sweeps suffice to satisfy the conditions of the optimum."""
    features = torch.cat([features[:3], features[3:] / 16])
    weights = torch.where(signs < 0, 0, weights)
    pull = p * torch.where(weights == 0, signs, weights.sign())
    targets = features @ weights + with_residual(pull, free, features)
    size = 16 * (1 + weights.abs().max() + free.abs().max() + p)
    assert_close(lasso_regression(features, targets, p, 11), weights, size)


@given(weights=coefficients(2), num_sweeps=st.integers(1, 40), exponent=st.integers(-20, 0))
def test_lasso_regression_takes_every_sweep(lasso_regression, weights, num_sweeps, exponent):
    """Without penalty, for two columns at cosine c, the error of the second weight falls to its c^2 at each sweep.

    It does so in any unit.
    """
    weights = 2.0**exponent * weights
    features = numbers(1, 24, 0, 7).reshape(2, 2)
    left = (24 / 25) ** (2 * num_sweeps)
    expected = weights + weights[1] * left * numbers((25 / 24) ** 2 * 24, -1)
    size = 600 * num_sweeps * weights.abs().max()
    assert_close(lasso_regression(features, features @ weights, 0.0, num_sweeps), expected, size)


@given(
    targets=dyadics(-64, 64, 4, grid=16),
    penalty=penalties().map(lambda penalty: penalty / 16),
    exponents=dyadics(-4, 4, 3, grid=1),
)
def test_lasso_regression_reduces_to_soft_threshold_at_orthogonal_columns(
    lasso_regression, soft_threshold, targets, penalty, exponents
):
    """One sweep gives what [-lambda, lambda] leaves of x_j^T y, over |x_j|^2: all zeros iff it holds every one."""
    squares = 4.0**exponents
    features = numbers(1, 1, 1, 1, 1, -1, 1, -1, 1, -1, -1, 1).reshape(3, 4).T / 2 * squares.sqrt()
    pull = features.T @ targets
    assert_equal(lasso_regression(features, targets, penalty, 0), torch.zeros(3))
    assert_equal(lasso_regression(features, targets, penalty, 1), (pull - pull.clamp(-penalty, penalty)) / squares)
    assert_equal(lasso_regression(features, targets, penalty, 2), soft_threshold(pull, penalty) / squares)
    strongest = pull.abs().max().item()
    assert_equal(lasso_regression(features, targets, strongest, 1), torch.zeros(3))
    assert_equal((lasso_regression(features, targets, strongest / 2, 1) * squares).abs().max(), strongest / 2)


def test_lasso_regression_rejects_negative_number_of_sweeps(lasso_regression):
    """Sweeps are counted from 0."""
    assert_rejects(lasso_regression, numbers(1, 2, 0.5).reshape(3, 1), numbers(3, -1, 2), 0.5, -1)


@given(weights=coefficients(2), features=normals(5, 2), targets=normals(5), noise=penalties(), prior=penalties())
def test_linear_negative_log_posterior_equals_densities(
    linear_negative_log_posterior, weights, features, targets, noise, prior
):
    """exp of minus it is the density of the data given the weights times that of the weights."""
    data = stats.norm.logpdf(targets, features @ weights, math.sqrt(noise)).sum()
    expected = -data - stats.norm.logpdf(weights, 0, math.sqrt(prior)).sum()
    error = targets.abs() + features.abs() @ weights.abs()
    size = error.square().sum() / noise + weights.square().sum() / prior + 7 * (4 + abs(math.log(noise * prior)))
    assert_close(linear_negative_log_posterior(weights, features, targets, noise, prior), expected, size)


@given(likelihood=dyadics(-6, 0, 7, grid=2), prior=dyadics(-6, 0, 7, grid=2), offset=dyadics(-64, 64, grid=2))
def test_map_on_grid_finds_first_of_best_points(map_on_grid, likelihood, prior, offset):
    """The first largest sum of all; constant factors of likelihood and prior, even huge ones, do not matter."""
    prior[2] = -math.inf
    joint = (likelihood + prior).tolist()
    assert_equal(map_on_grid(likelihood + 64 * offset, prior - offset), joint.index(max(joint)))


@pytest.mark.parametrize(
    ("likelihood", "prior"), [((), ()), ((-math.inf, -1), (-2, -math.inf)), ((-1, math.nan), (-2, -1))]
)
def test_map_on_grid_rejects_grids_without_a_possible_point(map_on_grid, likelihood, prior):
    """Of what is excluded everywhere nothing is best; one point that is possible is enough."""
    assert_equal(map_on_grid(numbers(-math.inf, -1), numbers(-2, -1)), 1)
    assert_equal(map_on_grid(numbers(-1), numbers(-2)), 0)
    assert_rejects(map_on_grid, numbers(*likelihood), numbers(*prior))


@given(
    rows=designs(),
    weights=coefficients(3),
    outcomes=normals(7),
    order=st.permutations(range(7)),
    count=st.integers(0, 6),
)
def test_propose_evaluate_refit_tries_the_best_new_candidate(
    propose_evaluate_refit, least_squares, rows, weights, outcomes, order, count
):
    """The highest prediction among candidates not evaluated yet, in exact numbers, is evaluated once and fitted."""
    tried, calls = order[:count], []
    state = SearchState(torch.tensor(tried, dtype=torch.long), outcomes[tried], weights)

    def objective(index):
        calls.append(int(index))
        return outcomes[index]

    after = propose_evaluate_refit(state, objective, rows)
    predicted = (rows @ weights).tolist()
    best = max((i for i in range(7) if i not in tried), key=predicted.__getitem__)
    assert_equal(after.indices, [*tried, best])
    assert_equal(calls, [best])
    assert_equal(after.values, outcomes[[*tried, best]])
    seen = rows[[*tried, best]]
    condition = torch.linalg.svdvals(seen)[-1].clamp(min=1e-3) ** -2
    assert_close(after.weights, least_squares(seen, outcomes[[*tried, best]]), 256 * condition)


@given(slopes=coefficients(2), order=st.permutations([-3, -2, -1, 1, 2, 4, 5]), start=coefficients(3))
def test_propose_evaluate_refit_is_exact_after_as_many_evaluations_as_weights(
    propose_evaluate_refit, slopes, order, start
):
    """A parabola is known after three points; the fourth evaluation at the latest finds its highest one."""
    points = numbers(*order)
    features = torch.stack([torch.ones(7), points, points**2], 1).double()
    weights = torch.cat([numbers(0.5), slopes])
    state = SearchState(torch.zeros(0, dtype=torch.long), numbers(), start)
    for _ in range(4):
        state = propose_evaluate_refit(state, lambda index: (features @ weights)[index], features)
    chosen = features[state.indices]
    assert_close(state.values, chosen @ weights, chosen @ weights)
    condition = torch.linalg.svdvals(chosen)
    assert_close(state.weights, weights, 32 * (condition[0] / condition[-1]) ** 2 * weights.abs().max())
    gap = (features @ weights).max() - state.values.max()
    assert_close(gap, 0, 1)


def test_propose_evaluate_refit_rejects_search_that_is_over(propose_evaluate_refit):
    """The last candidate may be proposed, however little is hoped of it, and then there is none."""
    features, outcomes = numbers(1, 2, 4).reshape(3, 1), numbers(3, 1, 2)
    state = SearchState(torch.tensor([2, 0]), outcomes[[2, 0]], numbers(-(2.0**40)))
    over = propose_evaluate_refit(state, lambda index: outcomes[index], features)
    assert_equal(over.indices, [2, 0, 1])
    assert_rejects(propose_evaluate_refit, over, lambda index: outcomes[index], features)


@given(log_likelihood=dyadics(-256, 256, 3, grid=8), parameters=st.integers(0, 6), samples=st.integers(1, 64))
def test_bayesian_information_criterion_equals_log_of_penalised_odds(
    bayesian_information_criterion, log_likelihood, parameters, samples
):
    """exp(-BIC / 2) is the likelihood over sqrt(n) for each parameter."""
    with mpmath.workdps(30):
        price = mpmath.sqrt(samples) ** parameters
        expected = [float(-2 * mpmath.log(mpmath.exp(value) / price)) for value in log_likelihood.tolist()]
    size = 2 * log_likelihood.abs() + parameters * math.log(samples)
    assert_close(bayesian_information_criterion(log_likelihood, parameters, samples), expected, size)


@pytest.mark.parametrize(("parameters", "samples"), [(-1, 7), (2, 0), (2, -7)])
def test_bayesian_information_criterion_rejects_impossible_counts(bayesian_information_criterion, parameters, samples):
    """A model has no parameter or more; data are one sample or more."""
    assert_rejects(bayesian_information_criterion, numbers(-3), parameters, samples)


@given(concentration=dyadics(1, 128, 2, 1, grid=16), customers=st.integers(0, 6))
def test_expected_tables_equals_average_over_seatings(expected_tables, concentration, customers):
    """A customer opens a table with probability alpha / (alpha + those seated), which builds p(tables) exactly."""
    expected = []
    for alpha in map(Fraction, concentration.flatten().tolist()):
        tables = [Fraction(1)]
        for seated in range(customers):
            fresh = alpha / (alpha + seated)
            joined = [*(p * (1 - fresh) for p in tables), Fraction(0)]
            tables = [
                stay + more for stay, more in zip(joined, [Fraction(0), *(p * fresh for p in tables)], strict=True)
            ]
        expected.append(float(sum(count * p for count, p in enumerate(tables))))
    assert_close(expected_tables(concentration, customers).flatten(), expected)


@pytest.mark.parametrize(("concentration", "customers"), [(0.0, 3), (-0.5, 3), (math.nan, 3), (0.5, -1)])
def test_expected_tables_rejects_impossible_restaurants(expected_tables, concentration, customers):
    """The concentration is positive, and the number of customers not negative."""
    assert_rejects(expected_tables, numbers(2, concentration), customers)
