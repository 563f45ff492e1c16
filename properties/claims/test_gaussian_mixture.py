"""Worked numbers of mixtures and EM, and statements about them that are often met and wrong, each with a witness."""

import math

import pytest
import torch
from scipy import integrate, stats

from properties.claims.test_diffusion import printed
from properties.closeness import assert_at_most, assert_close
from reference.probability.gaussian_mixture import (
    GaussianMixture,
    hard_mixture_em_step,
    mixture_em_step,
    mixture_from_assignment,
    mixture_log_density,
    mixture_lower_bound,
    mixture_m_step,
)


def on_the_line(weights, means, variances):
    """A mixture of one dimension."""
    fields = (torch.tensor(field, dtype=torch.float64) for field in (weights, means, variances))
    weights, means, variances = fields
    return GaussianMixture(weights, means[:, None], variances[:, None, None])


def samples(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def log_likelihood(mixture, data):
    return mixture_log_density(mixture, data).sum()


def two_overlapping(count):
    """Equally likely samples of N(-1, 1) / 2 + N(1, 1) / 2, the middles of equal shares of each component."""
    normal = torch.from_numpy(stats.norm.ppf([(i + 0.5) / count for i in range(count)]))
    return torch.cat([normal - 1, normal + 1])[:, None]


@pytest.mark.claim("E003-024")
@pytest.mark.parametrize(("first", "total"), [(0.7, "1.00"), (0.5, "0.80")])
def test_weights_that_do_not_sum_to_one_make_no_density(first, total):
    """Beside 0.2 and 0.1 the first weight must be 0.7: with 0.5 the mixture integrates to 0.8."""
    mixture, x = on_the_line([first, 0.2, 0.1], [-1, 0.5, 3], [1, 0.5, 2]), torch.arange(-80, 81).double() / 4
    assert mixture_log_density(mixture, x[:, None]).exp().sum() / 4 == printed(total)


@pytest.mark.claim("E003-025")
def test_em_raises_the_likelihood_and_not_the_parameters():
    """Fitted to -6, -5.5, -5 and -4 the mean falls from 0 to -5.125 and log p rises from -57.30 to -4.77."""
    data = samples(-6, -5.5, -5, -4)
    start = on_the_line([1.0], [0], [1])
    fitted = start._replace(means=mixture_em_step(start, data).means)
    assert fitted.means.item() == -5.125
    assert (log_likelihood(start, data), log_likelihood(fitted, data)) == (printed("-57.30"), printed("-4.77"))


@pytest.mark.claim("E003-027", "R003-095")
def test_hard_em_drives_components_apart():
    """Of N(-1, 1) and N(1, 1), equally likely, an E-step with argmax makes means of +-1.1666 and one with the posterior
    keeps +-1; started at +-1.1666 the hard step stays there.
    """
    half = integrate.quad(lambda x: x * (stats.norm.pdf(x, 1) + stats.norm.pdf(x, -1)), 0, 12)[0]
    assert half == printed("1.16663")
    assert half == pytest.approx(2 * stats.norm.cdf(1) - 1 + 2 * stats.norm.pdf(1), rel=1e-9)
    data = two_overlapping(4096)
    for centre in (1, half):
        start = on_the_line([0.5, 0.5], [-centre, centre], [1, 1])
        hard = hard_mixture_em_step(start, data).means.flatten().tolist()
        assert hard == [pytest.approx(-half, abs=1e-3), pytest.approx(half, abs=1e-3)]
    soft = mixture_em_step(on_the_line([0.5, 0.5], [-1, 1], [1, 1]), data)
    assert soft.means.flatten().tolist() == [pytest.approx(-1, abs=1e-3), pytest.approx(1, abs=1e-3)]
    assert soft.covariances.flatten().tolist() == [pytest.approx(1, abs=1e-2)] * 2


@pytest.mark.claim("E003-030", "R003-099")
def test_raising_a_loose_bound_may_lower_the_likelihood():
    """For samples 0 and 4 shared half and half, the means (0, 4) become (2, 2): the bound rises from -9.838 to -5.838
    and log p falls from -3.224 to -5.838; from the posterior it cannot fall.
    """
    data, halves = samples(0, 4), torch.full((2, 2), 0.5, dtype=torch.float64)
    start = on_the_line([0.5, 0.5], [0, 4], [1, 1])
    loose = start._replace(means=mixture_m_step(data, halves).means)
    assert loose.means.flatten().tolist() == [2, 2]
    bounds = [mixture_lower_bound(mixture, data, halves).sum().item() for mixture in (start, loose)]
    assert bounds == [printed("-9.838"), printed("-5.838")]
    assert log_likelihood(start, data) == printed("-3.224")
    assert log_likelihood(loose, data) == printed("-5.838")
    tight = start._replace(means=mixture_em_step(start, data).means)
    assert log_likelihood(tight, data) > log_likelihood(start, data)


@pytest.mark.claim("E003-031", "R003-100")
def test_maximum_likelihood_is_not_one_component():
    """One component is fitted at the Gaussian maximum; two are fitted by maximum likelihood as well, to a higher one,
    which has no bound as a variance shrinks around a sample.
    """
    data = samples(-3, -2, -1.5, 2, 2.5, 4)
    one = mixture_em_step(on_the_line([1.0], [7], [3]), data)
    assert_close(one.means, data.mean())
    assert_close(one.covariances, data.var(correction=0))
    assert log_likelihood(one, data) == pytest.approx(stats.norm.logpdf(data, *stats.norm.fit(data)).sum())
    two = mixture_from_assignment(data, torch.tensor([0, 0, 0, 1, 1, 1]), 2)
    assert log_likelihood(mixture_em_step(two, data), data) > log_likelihood(one, data) + 2
    shrinking = [log_likelihood(on_the_line([0.5, 0.5], [4, 0], [4.0**-k, 9]), data) for k in (10, 20, 30)]
    assert torch.stack(shrinking).diff().tolist() == [pytest.approx(10 * math.log(2), rel=1e-3)] * 2


@pytest.mark.claim("R003-083")
def test_equal_means_are_stuck_only_with_equal_variances():
    """Components at one mean stay equal where their variances are, though the weights differ; variances 1 and 4 move
    apart, and the means with them.
    """
    data = samples(-3, -1, 0, 0.5, 5)
    stuck = mixture_em_step(on_the_line([0.25, 0.75], [1, 1], [2, 2]), data)
    assert_close(stuck.means[0], stuck.means[1])
    assert_close(stuck.covariances[0], stuck.covariances[1])
    assert_close(stuck.weights, torch.tensor([0.25, 0.75]))
    free = mixture_em_step(on_the_line([0.25, 0.75], [1, 1], [1, 4]), data)
    assert free.covariances[1] > 2 * free.covariances[0]
    assert abs(free.means[1] - free.means[0]) > 0.05


@pytest.mark.claim("R003-086")
def test_floor_voids_the_guarantee():
    """At the maximum for one component a step with a floor of 1 lowers log p; one without leaves it."""
    data = samples(-1, 0, 0.5, 1)
    best = mixture_m_step(data, torch.ones(4, 1, dtype=torch.float64))
    assert log_likelihood(mixture_em_step(best, data, 1.0), data) < log_likelihood(best, data) - 0.5
    assert_close(log_likelihood(mixture_em_step(best, data), data), log_likelihood(best, data), 16)


@pytest.mark.claim("R003-101")
def test_gradient_at_a_fixed_point_is_zero_along_the_simplex():
    """Converged EM has no gradient of log p in means and variances, and N = 6 in both weights, so none along
    pi_2 = 1 - pi_1.
    """
    data = samples(-3, -2, -1.5, 2, 2.5, 4)
    mixture = on_the_line([0.5, 0.5], [-2, 3], [1, 1])
    for _ in range(40):
        mixture = mixture_em_step(mixture, data)
    fields = [field.requires_grad_() for field in mixture]
    weights, means, covariances = torch.autograd.grad(log_likelihood(GaussianMixture(*fields), data), fields)
    assert_close(weights, 6, 6, roundings=2**12)
    assert_at_most(means.abs(), 0, 64, roundings=2**12)
    assert_at_most(covariances.abs(), 0, 64, roundings=2**12)
