"""Worked numbers of Gaussians, and statements about them that are often met and wrong, each with a witness."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.probability.gaussian import (
    linear_gaussian_marginal,
    mahalanobis_squared,
    multivariate_normal_log_density,
    normal_interval_probability,
)


@pytest.mark.claim("R003-054")
def test_density_is_no_probability():
    """The density of N(0, 0.1^2) reaches 3.989, and its mass within 0.01 of the peak is 0.0797."""
    zero = table(0)
    assert multivariate_normal_log_density(zero, zero, table(0.01)[None]).exp() == printed("3.989")
    assert normal_interval_probability(table(-0.01), table(0.01), zero, table(0.1)) == printed("0.0797")


@pytest.mark.claim("R003-063")
def test_second_parameter_of_a_normal_prior_is_a_variance():
    """N(0.2, 9) has the standard deviation 3: [-8.8, 9.2] holds 0.9973, [-9, 9] 0.99724; with 9 it would be 0.683."""
    low, high, mean = table(-8.8, -9, -8.8), table(9.2, 9, 9.2), table(0.2)
    probability = normal_interval_probability(low, high, mean, table(3, 3, 9)).tolist()
    assert probability == [printed("0.9973"), printed("0.99724"), printed("0.683")]


@pytest.mark.claim("R003-062")
@pytest.mark.parametrize(("dim", "mass"), [(1, "0.683"), (2, "0.393"), (3, "0.199")])
def test_one_standard_deviation_holds_less_in_more_dimensions(dim, mass):
    """m^2 <= 1 has the mass of a chi-square variable with dim degrees of freedom: 0.683, 0.393, 0.199."""
    root = torch.tensor([[1, 0, 0], [2, 3, 0], [-1, 0.5, 0.25]], dtype=torch.float64)[:dim, :dim]
    nodes, weights = (torch.from_numpy(array) / 2 for array in np.polynomial.legendre.leggauss(20))
    radii, mean = nodes + 0.5, table(1, -2, 3)[:dim]
    points = mean + radii[:, None] * root[:, 0]
    assert mahalanobis_squared(points, mean, root @ root.T).tolist() == pytest.approx(radii.square().tolist())
    density = multivariate_normal_log_density(points, mean, root @ root.T).exp()
    shells = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2) * radii ** (dim - 1) * root.diagonal().prod()
    assert (weights * shells * density).sum() == printed(mass)
    assert stats.chi2.cdf(1, dim) == printed(mass)


@pytest.mark.claim("R003-048")
def test_plugging_in_the_prior_mean_is_not_marginalising():
    """A mean from N(1, 3) observed with variance 2 gives N(1, 5); plugging in the mean would leave variance 2."""
    one = table(1)
    mean, variance = linear_gaussian_marginal(one, table(3)[None], one[None], 0 * one, table(2)[None])
    assert (mean.item(), variance.item()) == (1, 5)


@pytest.mark.claim("R003-058")
def test_expected_log_likelihood_of_a_linear_decoder_has_a_trace():
    """E[log N(x; W z, s^2 I)] over z of N(m, S) is -(|x - W m|^2 + tr(W S W^T)) / (2 s^2) - d log(2 pi s^2) / 2."""
    x, m, w = table(1, -2, 0.5), table(0.5, -1), table(1, 0.5, -2, 1, 0.25, 3).reshape(3, 2)
    spread, variance = table(2, 0.5, 0.5, 1).reshape(2, 2), 1.5
    reach = math.sqrt(2) * torch.linalg.cholesky(spread).T
    noise = variance * torch.eye(3, dtype=torch.float64)
    log_p = [multivariate_normal_log_density(x, w @ z, noise) for z in torch.cat([m - reach, m + reach])]
    at_mean = multivariate_normal_log_density(x, w @ m, noise)
    trace = torch.trace(w @ spread @ w.T) / (2 * variance)
    assert_close(torch.stack(log_p).mean(), at_mean - trace, at_mean.abs() + trace)
    assert trace > 5
