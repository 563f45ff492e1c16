"""Laws of `reference.diffusion.posteriors`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import product_of_gaussians
from properties.rejection import assert_rejects
from properties.strategies import betas, dyadics, levels, levels_and, normals

STEPS = levels_and(0.0, axes=2)


@given(x_t=normals(3, 2, 3), x_0=normals(3, 2, 3), step=STEPS, alpha_bar_s=levels(3, 1, 1))
def test_gaussian_posterior_equals_product_of_gaussians(gaussian_posterior, x_t, x_0, step, alpha_bar_s):
    """q(x_s | x_t, x_0) is the normalised product of q(x_t | x_s) and q(x_s | x_0): precisions add."""
    mean, variance = gaussian_posterior(x_t, x_0, step * alpha_bar_s, alpha_bar_s)
    expected_mean, expected_variance = product_of_gaussians(x_t, x_0, step, alpha_bar_s)
    size, _ = product_of_gaussians(x_t.abs(), x_0.abs(), step, alpha_bar_s)
    assert_close(mean, expected_mean, size)
    assert_close(variance, expected_variance)


@given(x_0=normals(2, 3), noise=normals(2, 3), step=levels(2, 1), alpha_bar_s=levels(2, 1))
def test_gaussian_posterior_preserves_marginal(gaussian_posterior, x_0, noise, step, alpha_bar_s):
    """Averaged over q(x_t | x_0), the posterior is q(x_s | x_0): same mean, and variances that add up to it."""
    alpha_bar_t = step * alpha_bar_s
    centre, variance = gaussian_posterior(alpha_bar_t.sqrt() * x_0, x_0, alpha_bar_t, alpha_bar_s)
    moved, _ = gaussian_posterior(alpha_bar_t.sqrt() * x_0 + noise, x_0, alpha_bar_t, alpha_bar_s)
    gain = step.sqrt() * (1 - alpha_bar_s) / (1 - alpha_bar_t)
    assert_close(centre, alpha_bar_s.sqrt() * x_0)
    assert_close(moved - centre, gain * noise, x_0.abs() + noise.abs())
    assert_close(variance, 1 - alpha_bar_s - gain**2 * (1 - alpha_bar_t), 1 - alpha_bar_s)


@given(x_t=normals(3, 2), x_0=normals(3, 2), alpha_bar_t=levels_and(1 - 2**-20))
def test_gaussian_posterior_reduces_to_x_0_at_clean_level(gaussian_posterior, x_t, x_0, alpha_bar_t):
    """At alpha_bar_s = 1 nothing is left to sample: the mean is x_0 and the variance 0."""
    mean, variance = gaussian_posterior(x_t, x_0, alpha_bar_t, torch.ones_like(alpha_bar_t))
    assert_close(mean, x_0, x_0.abs() + x_t.abs())
    assert_equal(variance, torch.zeros_like(variance))


@given(x_0=normals(2, 3, 4), noise=normals(2, 3, 4), step=levels(2, 1, 1), alpha_bar_s=levels(2, 1, 1))
def test_posterior_mean_from_epsilon_equals_mean_given_x_0(posterior_mean_from_epsilon, x_0, noise, step, alpha_bar_s):
    """The noise and the clean data that make up x_t give one posterior mean, by completing the square."""
    alpha_bar_t = step * alpha_bar_s
    x_t = alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise
    to_x_t, to_x_0 = step.sqrt() * (1 - alpha_bar_s), alpha_bar_s.sqrt() * (1 - step)
    expected = (to_x_t * x_t + to_x_0 * x_0) / (1 - alpha_bar_t)
    mean = posterior_mean_from_epsilon(x_t, noise, alpha_bar_t, alpha_bar_s)
    assert_close(mean, expected, (x_t.abs() + noise.abs()) / step.sqrt())


@given(x_0=normals(3, 2), noise=normals(3, 2), alpha_bar_t=levels_and(1 - 2**-20))
def test_posterior_mean_from_epsilon_reduces_to_x_0_at_clean_level(
    posterior_mean_from_epsilon, x_0, noise, alpha_bar_t
):
    """At alpha_bar_s = 1 the mean is the clean data that the noise explains."""
    x_t = alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise
    mean = posterior_mean_from_epsilon(x_t, noise, alpha_bar_t, torch.ones_like(alpha_bar_t))
    assert_close(mean, x_0, (x_t.abs() + noise.abs()) / alpha_bar_t.sqrt())


@given(x_0=normals(3, 2), x_t=normals(3, 2), step=levels(3, 1), alpha_bar_s=levels_and(1.0))
def test_x_0_from_posterior_mean_inverts_posterior(
    x_0_from_posterior_mean, gaussian_posterior, x_0, x_t, step, alpha_bar_s
):
    """The clean data that went into the posterior mean comes out of it again."""
    alpha_bar_t = step * alpha_bar_s
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    condition = (1 - alpha_bar_t) * (x_0.abs() + x_t.abs()) / (alpha_bar_s.sqrt() * (1 - step))
    assert_close(x_0_from_posterior_mean(mean, x_t, alpha_bar_t, alpha_bar_s), x_0, condition)


@given(mean=normals(3, 2, 3), x_t=normals(3, 2, 3), step=STEPS, alpha_bar_s=levels(3, 1, 1))
def test_x_0_from_posterior_mean_equals_difference_of_precisions(x_0_from_posterior_mean, mean, x_t, step, alpha_bar_s):
    """Take the pull of x_t from the precision-weighted mean and the pull of x_0 is left."""
    pull_of_mean = (step / (1 - step) + 1 / (1 - alpha_bar_s)) * mean
    pull_of_x_t = step.sqrt() * x_t / (1 - step)
    scale = (1 - alpha_bar_s) / alpha_bar_s.sqrt()
    x_0 = x_0_from_posterior_mean(mean, x_t, step * alpha_bar_s, alpha_bar_s)
    assert_close(x_0, (pull_of_mean - pull_of_x_t) * scale, (pull_of_mean.abs() + pull_of_x_t.abs()) * scale)


@pytest.mark.parametrize("given_bound", [(), (0.5,), (2.0,)])
@given(x_t=normals(2, 3), x_0=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_clipped_posterior_mean_equals_clipped_data_at_clean_level(
    clipped_posterior_mean, x_t, x_0, alpha_bar_t, given_bound
):
    """At alpha_bar_s = 1 the mean is x_0, moved to the nearest point of [-bound, bound], [-1, 1] if not given."""
    bound = given_bound[0] if given_bound else 1.0
    nearest = torch.tensor([sorted([-bound, value, bound])[1] for value in x_0.flatten().tolist()]).reshape(2, 3)
    mean = clipped_posterior_mean(x_t, x_0, alpha_bar_t, torch.ones_like(alpha_bar_t), *given_bound)
    assert_close(mean, nearest)


@given(x_t=normals(3, 2, 3), x_0=dyadics(-4096, 4096, 3, 2, 3), step=STEPS, alpha_bar_s=levels(3, 1, 1))
def test_clipped_posterior_mean_reduces_to_posterior_mean_within_bounds(
    clipped_posterior_mean, x_t, x_0, step, alpha_bar_s
):
    """Data in [-1, 1] is left alone, and the mean itself is never clipped, however far out x_t lies."""
    mean = clipped_posterior_mean(x_t, x_0, step * alpha_bar_s, alpha_bar_s)
    expected, _ = product_of_gaussians(x_t, x_0, step, alpha_bar_s)
    size, _ = product_of_gaussians(x_t.abs(), x_0.abs(), step, alpha_bar_s)
    assert_close(mean, expected, size)


@given(mean=normals(2, 3), noise=normals(2, 3), exponent=dyadics(-16, 16, 3, grid=1))
def test_sample_gaussian_equals_shift_by_standard_deviation(sample_gaussian, mean, noise, exponent):
    """A variance of 4^k moves the sample by 2^k standard normals, and a variance of 0 not at all."""
    log_variance = torch.stack([exponent * math.log(4), torch.full_like(exponent, -math.inf)])
    spread = torch.stack([exponent.exp2() * noise[0], 0 * noise[1]])
    condition = mean.abs() + spread.abs() * (1 + exponent.abs())
    assert_close(sample_gaussian(mean, log_variance, noise), mean + spread, condition)


@pytest.mark.parametrize("smallness", [1.0, 2.0**-80])
@given(betas=betas())
def test_fixed_small_log_variance_equals_difference_of_precisions(fixed_small_log_variance, betas, smallness):
    """1 / variance is alpha_t / beta_t + 1 / (1 - alpha_bar_{t-1}), however small the betas after the first are; the
    first entry, of variance 0, is the second's.
    """
    betas = torch.cat([betas[:1], smallness * betas[1:], torch.ones(1)])
    alpha_bar = torch.cumprod(1 - betas, 0)
    precision = (1 - betas[1:]) / betas[1:] + 1 / (1 - alpha_bar[:-1])
    expected = -torch.cat([precision[:1], precision]).log()
    assert_close(fixed_small_log_variance(betas), expected, 1 + expected.abs(), roundings=4 * len(betas))


@given(betas=betas())
def test_fixed_large_log_variance_equals_beta_after_first_step(fixed_large_log_variance, betas):
    """exp of the table is beta, and at the first step the variance that the second step has at the least."""
    betas = torch.cat([betas, torch.ones(1)])
    alpha_bar_1, beta_2 = 1 - betas[0], betas[1]
    first = 1 / ((1 - beta_2) / beta_2 + 1 / (1 - alpha_bar_1))
    expected = torch.cat([first[None], betas[1:]])
    assert_close(fixed_large_log_variance(betas).exp(), expected, expected * (1 + expected.log().abs()))


@given(betas=betas())
def test_fixed_large_log_variance_exceeds_posterior_variance_by_growth_of_noise(
    fixed_large_log_variance, fixed_small_log_variance, betas
):
    """beta_t is (1 - alpha_bar_t) / (1 - alpha_bar_{t-1}) >= 1 posterior variances; at the first step they meet."""
    large, small = fixed_large_log_variance(betas), fixed_small_log_variance(betas)
    noise = 1 - torch.cumprod(1 - betas, 0)
    growth = torch.cat([torch.ones(1, dtype=torch.float64), noise[1:] / noise[:-1]]).log()
    assert_close(large - small, growth, 1 + large.abs() + small.abs(), roundings=4 * len(betas))


@pytest.mark.parametrize("num_steps", [0, 1])
def test_fixed_small_log_variance_rejects_short_chains(fixed_small_log_variance, num_steps):
    """Without a second step there is nothing to put in place of the first variance."""
    assert_rejects(fixed_small_log_variance, torch.full((num_steps,), 0.5, dtype=torch.float64))


@pytest.mark.parametrize("beta", [0.0, -0.25, 1.25, math.nan])
def test_fixed_large_log_variance_rejects_impossible_betas(fixed_large_log_variance, fixed_small_log_variance, beta):
    """A beta outside (0, 1] has no chain."""
    assert_rejects(fixed_large_log_variance, torch.tensor([0.5, beta, 0.5], dtype=torch.float64))
    assert_rejects(fixed_small_log_variance, torch.tensor([0.5, beta, 0.5], dtype=torch.float64))


@pytest.mark.parametrize("rest", [(), (5,), (2, 4)])
@given(data=st.data())
def test_learned_log_variance_inverts_concatenation(learned_log_variance, rest, data):
    """What was stacked along the channel axis comes apart again, the prediction first."""
    prediction, log_variance = data.draw(normals(2, 2, 3, *rest))
    first, second = learned_log_variance(torch.cat([prediction, log_variance], dim=1))
    assert_equal(first, prediction)
    assert_equal(second, log_variance)


@pytest.mark.parametrize("channels", [1, 3])
def test_learned_log_variance_rejects_odd_channels(learned_log_variance, channels):
    """An odd number of channels cannot be split in two."""
    assert_rejects(learned_log_variance, torch.ones(2, channels, 5, dtype=torch.float64))


@given(
    fraction=dyadics(-8192, 8192, 2, 3, 4), log_beta=dyadics(-40960, 0, 2, 1, 1), log_small=dyadics(-40960, 0, 2, 1, 1)
)
def test_learned_range_log_variance_is_affine_between_bounds(learned_range_log_variance, fraction, log_beta, log_small):
    """1 gives log beta, -1 the posterior's log variance, 0 their mean, and all else lies on the line through them."""
    ones = torch.ones(2, 3, 4, dtype=torch.float64)
    at_one = learned_range_log_variance(ones, log_beta, log_small)
    at_minus_one = learned_range_log_variance(-ones, log_beta, log_small)
    assert_close(at_one, log_beta.expand(2, 3, 4), log_small.abs() + log_beta.abs())
    assert_close(at_minus_one, log_small.expand(2, 3, 4), log_small.abs() + log_beta.abs())
    line = (log_beta + log_small) / 2 + fraction * (log_beta - log_small) / 2
    condition = (log_beta.abs() + log_small.abs()) * (1 + fraction.abs())
    assert_close(learned_range_log_variance(fraction, log_beta, log_small), line, condition)
