"""Laws of `reference.probability.covariate_shift`."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import designs, dyadics, masks, normals, numbers, simplex


def both_classes():
    """Labels of 7 samples, not all alike."""
    return masks(5).map(lambda drawn: torch.cat([torch.tensor([True, False]), drawn]))


def counts(*shape):
    """Numbers of samples, from 1 to 4."""
    return dyadics(1, 4, *shape, grid=1).map(torch.Tensor.long)


def cells(of_source, of_target):
    """One-hot features and labels of so many samples in each cell."""
    cell = torch.arange(len(of_source))
    features = torch.eye(len(cell), dtype=torch.float64)[
        torch.cat([cell.repeat_interleave(of_source), cell.repeat_interleave(of_target)])
    ]
    return features, torch.arange(len(features)) >= of_source.sum()


@pytest.mark.parametrize(("penalty", "unit"), [(0.0, 1), (0.75, 1), (0.75, 1024)])
@given(weights=dyadics(-16, 16, 3, grid=16), features=designs(), labels=both_classes())
def test_logistic_regression_step_reaches_the_minimum_of_the_local_parabola(
    logistic_regression_step, weights, features, labels, penalty, unit
):
    """There the gradient of the loss, and its Hessian times the step, add up to 0; with a penalty from far off too."""
    weights = unit * weights
    signed = torch.where(labels, 1.0, -1.0)[:, None] * features
    margins = signed @ weights
    gradient = penalty * weights - signed.T @ torch.as_tensor(special.expit((-margins).numpy()))
    hessian = penalty * torch.eye(3, dtype=torch.float64) + signed.T @ (signed / (2 + 2 * margins[:, None].cosh()))
    moved = logistic_regression_step(weights, features, labels, penalty)
    size = torch.linalg.cond(hessian) * (1 + weights.abs().max() + (7 + penalty) / torch.linalg.eigvalsh(hessian)[0])
    assert_close(moved, weights - torch.linalg.inv(hessian) @ gradient, size)


@pytest.mark.parametrize("penalty", [-0.5, math.nan])
def test_logistic_regression_step_rejects_negative_penalty(logistic_regression_step, fit_logistic_regression, penalty):
    """A penalty is not negative, and steps are counted from 0; without penalty a column of zeros has no weight."""
    features, labels = numbers(1, 2, -0.5, 0, 0, 0).reshape(2, 3).T, torch.tensor([True, False, False])
    assert_rejects(logistic_regression_step, numbers(0.5, 0.25), features, labels, penalty)
    assert_rejects(logistic_regression_step, numbers(0.5, 0.25), features, labels, 0.0)
    assert_rejects(fit_logistic_regression, features, labels, 0.5, -1)


@given(of_source=counts(3), of_target=counts(3))
def test_fit_logistic_regression_equals_log_odds_in_each_cell(
    fit_logistic_regression, importance_weights, weighted_risk, of_source, of_target
):
    """With a weight for each cell, weights are log(m_k / n_k), and the weighted risk is exactly that of the target."""
    features, labels = cells(of_source, of_target)
    weights = fit_logistic_regression(features, labels, 0.0, 6)
    assert_close(weights, (of_target / of_source.double()).log(), 4)
    n, m = of_source.sum().item(), of_target.sum().item()
    losses = numbers(2, -1, 0.5)
    ratios = importance_weights(weights.double(), n, m).double()
    risk = weighted_risk(features[:n] @ losses, features[:n] @ ratios)
    assert_close(risk, (of_target * losses).sum() / m, 64)


@given(features=designs(), labels=both_classes(), exponent=st.integers(0, 3))
def test_fit_logistic_regression_balances_residuals_and_penalty(fit_logistic_regression, features, labels, exponent):
    """At the fit X^T (labels - p) = lambda w, from weights 0 at 0 steps."""
    penalty = 2.0**exponent
    assert_equal(fit_logistic_regression(features, labels, penalty, 0), torch.zeros(3))
    weights = fit_logistic_regression(features, labels, penalty, 7)
    p = torch.as_tensor(special.expit((features @ weights.double()).numpy()))
    assert_close(penalty * weights, features.T @ (labels.double() - p), 64 * (1 + penalty))


@given(means=normals(2), std=dyadics(8, 64, grid=16), z=normals(3), n=st.integers(1, 99), m=st.integers(1, 99))
def test_importance_weights_equals_ratio_of_densities(importance_weights, means, std, z, n, m):
    """The best classifier of two Gaussians of equal variance has a linear logit, which holds the odds m / n."""
    source, target = means
    x = source + std * z
    logits = (target - source) / std**2 * (x - (source + target) / 2) + math.log(m / n)
    expected = torch.as_tensor(stats.norm.pdf(x, target, std) / stats.norm.pdf(x, source, std))
    size = (target - source).abs() / std**2 * (x.abs() + source.abs() + target.abs()) + 8
    assert_close(importance_weights(logits, n, m), expected, size * expected)


@given(exponents=dyadics(-100, 100, 5, grid=1), n=st.integers(1, 99), m=st.integers(1, 99))
def test_importance_weights_equals_odds(importance_weights, exponents, n, m):
    """Odds of 2^k for the target are a weight of 2^k n / m, without a limit."""
    assert_close(
        importance_weights(exponents * math.log(2), n, m), 2.0**exponents * n / m, 100 * 2.0**exponents * n / m
    )


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (-2, 3), (3, -2)])
def test_importance_weights_rejects_distributions_without_samples(importance_weights, n, m):
    """No classifier was trained on one class."""
    assert_equal(importance_weights(numbers(0, 0), 1, 1), [1, 1])
    assert_rejects(importance_weights, numbers(0.5, 2), n, m)


@pytest.mark.parametrize("samples", [1, 2])
@given(q=simplex(3, least=1), p=simplex(3), losses=normals(3))
def test_weighted_risk_is_unbiased(weighted_risk, q, p, losses, samples):
    """Over all samples of q it averages to the risk under p, if the weights are p / q."""
    draws = torch.tensor(list(itertools.product(range(3), repeat=samples)))
    risks = weighted_risk(losses[draws], (p / q)[draws])
    average = (risks * q[draws].prod(-1).to(risks.dtype)).sum()
    assert_close(average, (p * losses).sum(), losses.abs().max())


@given(losses=normals(5), others=normals(5), weights=dyadics(0, 64, 5, grid=16), factor=dyadics(-16, 16, grid=4))
def test_weighted_risk_is_linear(weighted_risk, losses, others, weights, factor):
    """It is linear in the losses and in the weights, whose scale counts: losses of 1 give their mean."""
    size = weights.max() * (losses.abs().max() + 4 * others.abs().max())
    both = weighted_risk(losses, weights).double() + factor * weighted_risk(others, weights).double()
    assert_equal(weighted_risk(numbers(1, 1, 1, 1), numbers(0, 4, 1, 1)), 1.5)
    assert_close(weighted_risk(losses + factor * others, weights), both, size)
    assert_close(weighted_risk(others, factor * weights), factor * weighted_risk(others, weights).double(), 4 * size)


def test_weighted_risk_rejects_no_samples(weighted_risk):
    """Nothing has no mean; one sample has its own weighted loss."""
    assert_equal(weighted_risk(numbers(3), numbers(0.5)), 1.5)
    assert_rejects(weighted_risk, torch.zeros(2, 0, dtype=torch.float64), torch.zeros(2, 0, dtype=torch.float64))


@given(weights=dyadics(0, 64, 2, 5, grid=16), first=dyadics(1, 64, 2, 1, grid=16), exponent=st.integers(-100, 60))
def test_effective_sample_size_equals_ratio_of_moments(effective_sample_size, weights, first, exponent):
    """It is (sum w)^2 / sum w^2 in exact arithmetic, between 1 and n, and of weights of any size."""
    weights = torch.cat([first, weights], 1)
    expected = []
    for row in weights.tolist():
        row = [Fraction(weight) for weight in row]
        expected.append(float(sum(row) ** 2 / sum(weight**2 for weight in row)))
    size = effective_sample_size(2.0**exponent * weights)
    assert_close(size, expected)
    assert_at_most(size, 6, 6)
    assert_at_most(-size, -1, 1)


@given(weight=dyadics(1, 64, grid=16), samples=st.integers(1, 6))
def test_effective_sample_size_counts_equal_weights(effective_sample_size, weight, samples):
    """n equal weights count as n, however many zeros there are besides; zeros alone count as nothing known."""
    weights = torch.cat([weight.expand(samples), torch.zeros(3)])
    assert_close(effective_sample_size(weights), samples)
    assert effective_sample_size(0 * weights).isnan()
