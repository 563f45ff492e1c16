"""Laws of `reference.diffusion.likelihood`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_at_most, assert_close
from properties.oracles import (
    closest,
    kl_magnitude,
    mean_log_ratio,
    pixel_magnitude,
    pixel_probabilities,
    product_of_gaussians,
)
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, level_tables, levels, masks, normals, pixels

SHEAR = torch.tensor([[1, 2, 0], [0, 1, -1], [1, 2, 1]], dtype=torch.float64)
NO_SIGNAL = torch.zeros(1, 1, 1, dtype=torch.float64)
LITTLE_NOISE = torch.full((1, 1, 1), 1 - 2**-12, dtype=torch.float64)
ALL_PIXELS = torch.arange(256, dtype=torch.float64)[:, None]


def on_grid(pixel):
    return (2 * pixel - 255) / 255


@given(
    mean_1=normals(2, 3),
    log_variance_1=dyadics(-40960, 40960, 2, 1),
    mean_2=normals(1, 3),
    log_variance_2=dyadics(-40960, 40960, 2, 3),
)
def test_normal_kl_equals_mean_log_ratio(normal_kl, mean_1, log_variance_1, mean_2, log_variance_2):
    """KL(p || q) is the mean of log p - log q under p, element by element."""
    variance_1, variance_2 = log_variance_1.exp(), log_variance_2.exp()
    expected = mean_log_ratio(mean_1, variance_1, mean_2, variance_2)
    kl = normal_kl(mean_1, log_variance_1, mean_2, log_variance_2)
    assert_close(kl, expected, kl_magnitude(mean_1 - mean_2, variance_1, variance_2))


@pytest.mark.autograd
@given(mean_1=normals(2, 3), mean_2=normals(2, 3), log_variances=dyadics(-12288, 12288, 2, 2, 3))
def test_normal_kl_pulls_at_both_gaussians(normal_kl, mean_1, mean_2, log_variances):
    """The means pull at each other, and log variances grow until the variance of the second is the mean square of x."""
    inputs = [x.clone().requires_grad_() for x in (mean_1, log_variances[0], mean_2, log_variances[1])]
    kl = normal_kl(*inputs)
    gradients = torch.autograd.grad(kl.sum(), inputs)
    variance_1, variance_2 = log_variances.exp()
    pull = (mean_1 - mean_2) / variance_2
    square = variance_1 + (mean_1 - mean_2).square()
    expected = torch.stack([pull, variance_1 / variance_2 / 2 - 0.5, -pull, 0.5 - square / variance_2 / 2])
    size = kl_magnitude(1 + mean_1.abs() + mean_2.abs(), variance_1, variance_2)
    assert_close(torch.stack(gradients).to(kl.dtype), expected, size)


@given(mean=normals(2, 3), distance=normals(2, 3), exponent=st.integers(-40, 40))
def test_normal_kl_reduces_to_scaled_distance_at_equal_variance(normal_kl, mean, distance, exponent):
    """Two Gaussians of variance 4^k whose means lie 2^k d apart diverge by d^2 / 2, so by nothing if they agree."""
    log_variance = torch.full((2, 3), exponent * math.log(4), dtype=torch.float64)
    mean, other = 2.0**exponent * torch.stack([mean, mean + distance])
    expected = distance**2 / 2
    size = 1 + (1 + log_variance.abs()) * expected
    assert_close(normal_kl(mean, log_variance, other, log_variance), expected, size)


@given(mean_1=normals(3), covariance_1=covariances(3), mean_2=normals(3), covariance_2=covariances(3))
def test_multivariate_normal_kl_equals_mean_log_ratio(
    multivariate_normal_kl, mean_1, covariance_1, mean_2, covariance_2
):
    """KL(p || q) is the mean of log p - log q under p, which 2 n points on the ellipsoid of p average exactly."""
    reach = math.sqrt(3) * torch.linalg.cholesky(covariance_1).T
    points = torch.cat([mean_1 - reach, mean_1 + reach])
    log_1 = stats.multivariate_normal.logpdf(points, mean_1, covariance_1)
    log_2 = stats.multivariate_normal.logpdf(points, mean_2, covariance_2)
    size = (abs(log_1) + abs(log_2)).max() * torch.linalg.cond(covariance_1) * torch.linalg.cond(covariance_2)
    kl = multivariate_normal_kl(mean_1, covariance_1, mean_2, covariance_2)
    assert_close(kl, (log_1 - log_2).mean(), size)


@given(
    mean_1=normals(3),
    variance_1=dyadics(16, 256, 3, grid=64),
    mean_2=normals(3),
    variance_2=dyadics(16, 256, 3, grid=64),
)
def test_multivariate_normal_kl_is_invariant_to_affine_maps(
    multivariate_normal_kl, mean_1, variance_1, mean_2, variance_2
):
    """However independent coordinates are mixed and moved, their divergences add up."""
    total = mean_log_ratio(mean_1, variance_1, mean_2, variance_2).sum()
    moved_1, moved_2 = ((SHEAR @ variance.diag()) @ SHEAR.T for variance in (variance_1, variance_2))
    kl = multivariate_normal_kl(SHEAR @ mean_1 + 1, moved_1, SHEAR @ mean_2 + 1, moved_2)
    size = kl_magnitude(mean_1.abs() + mean_2.abs() + 1, variance_1, variance_2).sum()
    assert_close(kl, total, size * torch.linalg.cond(SHEAR) ** 2)


@given(correlation=dyadics(-4095, 4095), spread=dyadics(1, 64, 2, grid=16))
def test_multivariate_normal_kl_equals_mutual_information(multivariate_normal_kl, correlation, spread):
    """A pair of correlation r, however close to 1, diverges from its independent marginals by -log(1 - r^2) / 2."""
    independent = spread.square().diag()
    joint = independent + correlation * spread.prod() * (1 - torch.eye(2, dtype=torch.float64))
    kl = multivariate_normal_kl(spread, joint, spread, independent)
    assert_close(kl, -torch.log1p(-(correlation**2)) / 2, spread.square().log().abs().sum() + 2 / (1 - correlation**2))


@pytest.mark.parametrize("num_dims", [2, 200])
def test_multivariate_normal_kl_adds_up_over_many_small_dimensions(multivariate_normal_kl, num_dims):
    """Each dimension of a half of the spread adds log 2 - 3/8, where the determinants are too small for a float too."""
    covariance, mean = torch.eye(num_dims, dtype=torch.float64) * 2.0**-14, torch.zeros(num_dims, dtype=torch.float64)
    kl = multivariate_normal_kl(mean, covariance, mean, 4 * covariance)
    assert_close(kl, num_dims * (math.log(2) - 3 / 8), num_dims * 16)


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("covariance", [[[1, 1], [1, 1]], [[1, 2], [2, 1]], [[-1, 0], [0, -1]], [[0, 0], [0, 0]]])
def test_multivariate_normal_kl_rejects_what_is_no_covariance(multivariate_normal_kl, covariance, second):
    """A singular or an indefinite matrix has no density."""
    mean, wrong = torch.zeros(2, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64)
    pair = (torch.eye(2, dtype=torch.float64), wrong)
    first, other = pair if second else reversed(pair)
    assert_rejects(multivariate_normal_kl, mean, first, mean, other)


@given(x=normals(2, 3))
def test_approx_standard_normal_cdf_equals_ratio_of_gelu(approx_standard_normal_cdf, x):
    """tanh-GELU(x) = x Phi(x), so their quotient is the distribution function, and 1/2 at 0."""
    expected = torch.where(x == 0, 0.5, torch.nn.functional.gelu(x, approximate="tanh") / x)
    assert_close(approx_standard_normal_cdf(x), expected, 1)


@given(x=dyadics(-32768, 32768, 2, 3))
def test_approx_standard_normal_cdf_is_close_to_normal_cdf(approx_standard_normal_cdf, x):
    """It is nowhere further than 1.8e-4 from the distribution function of the standard normal."""
    distance = (approx_standard_normal_cdf(x) - torch.special.ndtr(x)).abs()
    assert_at_most(distance, 1.8e-4, 1)


@given(x=normals(2, 3))
def test_approx_standard_normal_cdf_is_symmetric(approx_standard_normal_cdf, x):
    """What lies above x is as likely as what lies below -x."""
    assert_close(approx_standard_normal_cdf(x) + approx_standard_normal_cdf(-x), 1)


@given(x=normals(2, 3), mean=normals(2, 1), log_scale=dyadics(-40960, 12288, 1, 3))
def test_gaussian_log_likelihood_equals_normal_log_density(gaussian_log_likelihood, x, mean, log_scale):
    """It is the log density of N(mean, scale^2) at each element."""
    expected = torch.as_tensor(stats.norm.logpdf(x, mean, log_scale.exp()))
    size = 1 + log_scale.abs() + (1 + log_scale.abs()) * ((x - mean) / log_scale.exp()) ** 2
    assert_close(gaussian_log_likelihood(x, mean, log_scale), expected, size)


@given(mean=normals(1), exponent=st.integers(-4, 4))
def test_gaussian_log_likelihood_integrates_to_one(gaussian_log_likelihood, mean, exponent):
    """The density integrates to one at every scale; sums of it converge faster than any power of their step."""
    scale = 2.0**exponent
    x = mean + scale * torch.arange(-40, 41) / 4
    log_density = gaussian_log_likelihood(x, mean, torch.full((1,), math.log(scale), dtype=torch.float64))
    assert_close(log_density.exp().sum() * scale / 4, 1, 2 + 2 * abs(math.log(scale)))


@given(pixel=pixels(2, 3), near=masks(2, 1), mean=dyadics(-6144, 6144, 2, 1), log_scale=dyadics(-40960, 4096, 1, 3))
def test_discretized_gaussian_log_likelihood_equals_difference_of_cdf(
    discretized_gaussian_log_likelihood, pixel, near, mean, log_scale
):
    """A value has the probability that the Gaussian, by its exact or its tanh distribution function, gives its bin."""
    mean = torch.where(near, on_grid(pixel) + mean / 96, mean)
    probability = discretized_gaussian_log_likelihood(on_grid(pixel), mean, log_scale).exp()
    expected = closest(probability, pixel_probabilities(pixel, mean, log_scale.exp()))
    assert_close(probability, expected, pixel_magnitude(mean.abs(), log_scale.exp()))


@given(mean=dyadics(-6144, 6144, 1, 3), log_scale=dyadics(-24576, 4096, 1, 3))
def test_discretized_gaussian_log_likelihood_sums_to_one(discretized_gaussian_log_likelihood, mean, log_scale):
    """The bins fill the line: the 256 probabilities add up to one, but for at most 1e-12 each that the floor adds."""
    total = discretized_gaussian_log_likelihood(on_grid(ALL_PIXELS).expand(256, 3), mean, log_scale).exp().sum(0)
    size = 256 + 128 * pixel_magnitude(mean.abs(), log_scale.exp())[0]
    assert_at_most(total, 1 + 256e-12, size, roundings=2)
    assert_at_most(-total, -1, size, roundings=2)


@given(pixel=pixels(2, 3), distance=dyadics(16384, 65536, 2, 3))
def test_discretized_gaussian_log_likelihood_has_a_floor(discretized_gaussian_log_likelihood, pixel, distance):
    """No value is less likely than 1e-12, however far away the Gaussian lies."""
    mean = torch.where(pixel > 127, -distance, distance)
    log_likelihood = discretized_gaussian_log_likelihood(on_grid(pixel), mean, torch.full_like(mean, -2))
    assert_close(log_likelihood, math.log(1e-12))


@given(x_0=normals(3, 5, 2), level=levels(1, 1, 1))
def test_prior_kl_equals_mean_log_ratio(prior_kl, x_0, level):
    """L_T is the mean of log q(x_T | x_0) - log p(x_T), summed over a sample, from no signal to hardly any noise."""
    alpha_bar = torch.cat([level, NO_SIGNAL, LITTLE_NOISE])
    spread, noise = alpha_bar.sqrt() * x_0, (1 - alpha_bar).expand(3, 5, 2)
    kl = mean_log_ratio(spread, noise, torch.zeros_like(spread), torch.ones_like(noise))
    assert_close(prior_kl(x_0, alpha_bar), kl.sum((1, 2)), kl_magnitude(spread, noise, torch.ones(())).sum((1, 2)))


@given(x_0=normals(2, 3), level=levels(2, 1), step=levels(2, 1))
def test_prior_kl_contracts_along_the_chain(prior_kl, x_0, level, step):
    """A step of signal a leaves at most a times the divergence (log-Sobolev), which is >= W_2^2 / 2 (Talagrand)."""
    near, far = prior_kl(x_0, level), prior_kl(x_0, step * level)
    size = kl_magnitude(x_0, 1 - level, torch.ones(())).sum(1)
    transport = (level.sqrt() * x_0) ** 2 + (1 - (1 - level).sqrt()) ** 2
    assert_at_most(far, step.flatten() * near, size)
    assert_at_most(-near, -transport.sum(1) / 2, size)


@given(
    x_0=normals(3, 2, 1),
    x_t=normals(3, 1, 5),
    mean=normals(3, 2, 1),
    log_variance=dyadics(-12288, 12288, 3, 2, 1),
    step=levels(1, 1, 1),
    alpha_bar_s=levels(3, 1, 1),
)
def test_posterior_kl_equals_mean_log_ratio(posterior_kl, x_0, x_t, mean, log_variance, step, alpha_bar_s):
    """It is the mean of log q(x_s | x_t, x_0) - log p(x_s | x_t) under q, summed over a sample, at short steps too."""
    step = torch.cat([step, NO_SIGNAL, LITTLE_NOISE])
    x_0, x_t, mean = torch.broadcast_tensors(x_0, x_t, mean)
    true_mean, true_variance = product_of_gaussians(x_t, x_0, step, alpha_bar_s)
    kl = mean_log_ratio(true_mean, true_variance, mean, log_variance.exp())
    size = kl_magnitude(x_0.abs() + x_t.abs() + mean.abs(), true_variance, log_variance.exp())
    observed = posterior_kl(x_0, x_t, mean, log_variance, step * alpha_bar_s, alpha_bar_s)
    assert_close(observed, kl.sum((1, 2)), size.sum((1, 2)))


@given(x_0=normals(2, 3), x_t=normals(2, 3), shift=normals(2, 3), step=levels(2, 1), alpha_bar_s=levels(2, 1))
def test_posterior_kl_reduces_to_scaled_distance_at_true_variance(posterior_kl, x_0, x_t, shift, step, alpha_bar_s):
    """A model that has the posterior's variance v pays (distance of the means)^2 / (2 v), and no more."""
    true_mean, variance = product_of_gaussians(x_t, x_0, step, alpha_bar_s)
    size = kl_magnitude(x_0.abs() + x_t.abs() + shift.abs(), variance, variance).sum(1)
    kl = posterior_kl(x_0, x_t, true_mean + shift, variance.log(), step * alpha_bar_s, alpha_bar_s)
    assert_close(kl, (shift**2 / (2 * variance)).sum(1), size)


@given(pixel=pixels(2, 3, 1), mean=dyadics(-4096, 4096, 2, 1, 5), log_variance=dyadics(-4096, 8192, 2, 3, 1))
def test_decoder_nll_equals_minus_log_of_product(decoder_nll, pixel, mean, log_variance):
    """It is -log of the product of the probabilities of a sample's values, at the scale exp(log_variance / 2)."""
    pixel, mean = torch.broadcast_tensors(pixel, mean)
    scale = (log_variance / 2).exp()
    both = pixel_probabilities(pixel, mean, scale)
    size = (pixel_magnitude(mean.abs(), scale) / both[0]).sum((1, 2))
    nll = decoder_nll(on_grid(pixel), mean, log_variance)
    assert_close(nll, closest(nll, tuple(-p.log().sum((1, 2)) for p in both)), size)


@given(mean=dyadics(-6144, 6144), log_variance=dyadics(-81920, 8192))
def test_decoder_nll_sums_to_one_over_all_images(decoder_nll, mean, log_variance):
    """Over the 256 images of one pixel the probabilities add up to one, but for at most 1e-12 each."""
    total = (-decoder_nll(on_grid(ALL_PIXELS), mean.expand(256, 1), log_variance.expand(1, 1))).exp().sum()
    size = 256 + 128 * pixel_magnitude(mean.abs(), (log_variance / 2).exp())
    assert_at_most(total, 1 + 256e-12, size, roundings=2)
    assert_at_most(-total, -1, size, roundings=2)


@given(alpha_bar=level_tables(), centre=normals(3), spread=dyadics(1024, 8192, 3))
def test_variational_bound_equals_entropy_plus_prior_kl(
    variational_bound, gaussian_log_likelihood, alpha_bar, centre, spread
):
    """Averaged over Gaussian data, the bound of the exact reverse chain is H(x_0) + KL(q(x_T) || p(x_T)).

    Every term is quadratic in the data and in the noise, so that the four points of signs +-1 average it exactly.
    """
    above = torch.cat([torch.ones(1), alpha_bar])[:, None]
    level, step = above[1:], above[1:] / above[:-1]
    total = above * spread**2 + 1 - above
    gain = step.sqrt() * total[:-1] / total[1:]
    variance = (1 - step) * total[:-1] / total[1:]

    def reverse(x_t, t):
        mean = above[t].sqrt() * centre + gain[t] * (x_t - level[t].sqrt() * centre)
        return mean, variance[t].log().expand(4, 3)

    x_0 = centre + torch.tensor([1, 1, -1, -1])[:, None] * spread
    noise = torch.tensor([1, -1, 1, -1], dtype=torch.float64)[:, None].expand(len(alpha_bar), 4, 3)
    bound = variational_bound(x_0, noise, alpha_bar, reverse, gaussian_log_likelihood)
    to_prior = mean_log_ratio(level[-1].sqrt() * centre, total[-1], torch.zeros(3), torch.ones(3))
    size = kl_magnitude(1 + centre.abs() + 2 * spread, (1 - step) * (1 - level), variance) / (1 - step)
    expected = (torch.as_tensor(stats.norm.entropy(scale=spread)) + to_prior).sum()
    assert_close((bound.terms.sum(0) + bound.prior).mean(), expected, size.sum())


@given(
    alpha_bar=level_tables(2),
    pixel=pixels(2, 3),
    noise=normals(6, 2, 3),
    gain=dyadics(-4096, 4096, 6, 1, 1),
    log_variance=dyadics(-4096, 8192, 6, 1, 1),
)
def test_variational_bound_has_the_mean_log_ratio_of_every_step(
    variational_bound, alpha_bar, pixel, noise, gain, log_variance
):
    """At the x_t of noise[t], terms[t] is the mean of log q(x_{t-1} | x_t, x_0) - log p(x_{t-1} | x_t) under q."""
    x_0, steps, level = on_grid(pixel), len(alpha_bar), alpha_bar[:, None, None]

    def reverse(x_t, t):
        return gain[t] * x_t + t / 8, log_variance[t].expand(2, 3)

    bound = variational_bound(x_0, noise[:steps], alpha_bar, reverse)
    x_t = level.sqrt() * x_0 + (1 - level).sqrt() * noise[:steps]
    model = gain[:steps] * x_t + torch.arange(steps)[:, None, None] / 8, log_variance[:steps].exp()
    step, below = level[1:] / level[:-1], level[:-1]
    mean, variance = product_of_gaussians(x_t[1:], x_0, step, below)
    size = kl_magnitude(x_0.abs() + 2 * noise[1:steps].abs() + 1, variance, model[1][1:]) / (1 - step)
    assert_close(bound.terms[1:], mean_log_ratio(mean, variance, model[0][1:], model[1][1:]).sum(2), size.sum(2))
    spread, rest, ones = level[-1].sqrt() * x_0, (1 - level[-1]).expand(2, 3), torch.ones(2, 3, dtype=torch.float64)
    prior = mean_log_ratio(spread, rest, 0 * ones, ones)
    assert_close(bound.prior, prior.sum(1), kl_magnitude(x_0, rest, ones).sum(1))


@given(
    alpha_bar=level_tables(1, 3),
    pixel=pixels(2, 3),
    noise=dyadics(-8192, 8192, 3, 2, 3),
    mean=dyadics(-4096, 4096, 3, 1, 1),
    log_variance=dyadics(-4096, 8192, 3, 1, 1),
)
def test_variational_bound_starts_with_decoder_of_8_bit_data(
    variational_bound, alpha_bar, pixel, noise, mean, log_variance
):
    """Unless told otherwise, terms[0] is -log of the probabilities of 8-bit values under reverse(x_1, 0)."""
    steps = len(alpha_bar)

    def reverse(x_t, t):
        return mean[t] + x_t / 4, log_variance[t].expand(2, 3)

    bound = variational_bound(on_grid(pixel), noise[:steps], alpha_bar, reverse)
    x_1 = alpha_bar[0].sqrt() * on_grid(pixel) + (1 - alpha_bar[0]).sqrt() * noise[0]
    centre, scale = mean[0] + x_1 / 4, (log_variance[0] / 2).exp()
    both = pixel_probabilities(pixel, centre, scale)
    expected = closest(bound.terms[0], tuple(-p.log().sum(1) for p in both))
    assert_close(bound.terms[0], expected, (pixel_magnitude(2 + centre.abs(), scale) / both[0]).sum(1))


@given(
    x=normals(2, 3), mean=normals(2, 1), exponent=st.integers(-3, 3), data_scale=st.sampled_from([0.125, 3.0, 127.5])
)
def test_bits_per_dim_measures_data_in_its_own_units(bits_per_dim, x, mean, exponent, data_scale):
    """Data c times as large has a density 1 / c times as high in each dimension, hence log2(c) more bits."""
    scale = 2.0**exponent
    nats = -torch.as_tensor(stats.norm.logpdf(x, mean, scale)).sum(1)
    in_own_units = torch.as_tensor(stats.norm.logpdf(data_scale * x, data_scale * mean, data_scale * scale))
    expected = -in_own_units.mean(1) / math.log(2)
    assert_close(bits_per_dim(nats, 3, data_scale), expected, nats.abs() + abs(math.log2(data_scale)))


@given(bits=st.integers(1, 16), num_dims=st.integers(1, 12))
def test_bits_per_dim_counts_the_bits_of_a_uniform_code(bits_per_dim, bits, num_dims):
    """One of 2^b equally likely values in each of n dimensions costs b bits per dimension, whatever n is."""
    nats = torch.full((2, 3), math.log(2**bits) * num_dims, dtype=torch.float64)
    assert_close(bits_per_dim(nats, num_dims), bits)


@pytest.mark.parametrize("num_dims", [0, -1])
def test_bits_per_dim_rejects_data_without_dimensions(bits_per_dim, num_dims):
    """There is nothing to divide by."""
    assert_rejects(bits_per_dim, torch.ones(2, dtype=torch.float64), num_dims)


@pytest.mark.parametrize("data_scale", [0.0, -1.0, math.nan])
def test_bits_per_dim_rejects_impossible_scales(bits_per_dim, data_scale):
    """A scale is positive."""
    assert_rejects(bits_per_dim, torch.ones(2, dtype=torch.float64), 3, data_scale)
