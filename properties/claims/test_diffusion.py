"""Worked numbers of Gaussian diffusion, and statements about it that are often met and wrong, each with a witness.

Time runs from 1 to T. Expectations are exact: a quadratic function of a standard normal has the mean of its values at
-1 and 1, and a sampler of Gaussian data with the best predictor is an affine chain.
"""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from scipy import integrate, special, stats
from torch import Tensor
from torch.nn.functional import kl_div

from properties.closeness import assert_close, assert_equal
from properties.harness.contracts import Conventions, under_contract
from reference.diffusion.embedding import timestep_embedding_cos_sin, timestep_embedding_sin_cos
from reference.diffusion.fid import frechet_distance
from reference.diffusion.forward import q_mean_variance, q_sample, q_sample_with_context, q_step
from reference.diffusion.likelihood import (
    bits_per_dim,
    discretized_gaussian_log_likelihood,
    gaussian_log_likelihood,
    multivariate_normal_kl,
    normal_kl,
    posterior_kl,
    prior_kl,
    variational_bound,
)
from reference.diffusion.objectives import simple_loss, target_loss
from reference.diffusion.parameterizations import x_0_from_epsilon
from reference.diffusion.posteriors import (
    fixed_large_log_variance,
    fixed_small_log_variance,
    gaussian_posterior,
    learned_range_log_variance,
    posterior_mean_from_epsilon,
    sample_gaussian,
)
from reference.diffusion.respacing import linspace_timesteps, respace, space_timesteps, step_levels
from reference.diffusion.schedules import (
    alpha_bar_from_betas,
    betas_from_alpha_bar,
    constant_beta_schedule,
    linear_beta_schedule,
    snr,
    timestep_scaled_linear_beta_schedule,
)

Step = Callable[[Tensor, Tensor, Tensor], Tensor]


def printed(digits: str) -> object:
    """Equal to every number that rounds to these digits."""
    half_a_unit = Decimal((0, (5,), Decimal(digits).as_tuple().exponent - 1))
    return pytest.approx(float(digits), rel=0, abs=float(half_a_unit))


def table(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def linear_alpha_bar(num_steps: int, start: str = "1e-4", end: str = "2e-2") -> float:
    """alpha_bar_T of betas that rise linearly, in rational arithmetic."""
    first, rise = Fraction(start), (Fraction(end) - Fraction(start)) / (num_steps - 1)
    return float(math.prod(1 - first - rise * t for t in range(num_steps)))


def without_noise_at_the_end(variances: Tensor) -> Tensor:
    """The variances of a sampler whose step to time 0 adds no noise."""
    return torch.cat([torch.zeros_like(variances[:1]), variances[1:]])


def sampled(betas: Tensor, step: Step, variances: Tensor) -> tuple[float, float]:
    """Mean and variance of x_0 for standard normal x_T, where x_{t-1} has the mean step(x_t, ...), affine in x_t."""
    levels = step_levels(alpha_bar_from_betas(betas), range(len(betas)))
    at_0, at_1 = step(table(0, 1).expand(len(betas), 2), levels.alpha_bar_t[:, None], levels.alpha_bar_s[:, None]).T
    mean, variance = 0.0, 1.0
    for offset, slope, added in torch.stack([at_0, at_1 - at_0, variances]).flip(1).T.tolist():
        mean, variance = offset + slope * mean, slope**2 * variance + added
    return mean, variance


def best_noise(x_t: Tensor, alpha_bar_t: Tensor, scale: Tensor, mean: float, variance: float) -> Tensor:
    """E[epsilon | x_t] for x_t = sqrt(alpha_bar_t) x_0 + scale epsilon and data N(mean, variance)."""
    return scale * (x_t - alpha_bar_t.sqrt() * mean) / (alpha_bar_t * variance + scale**2)


def step_of_best_predictor(mean: float, variance: float) -> Step:
    """The mean of a sampling step whose network has learned the noise in data N(mean, variance)."""

    def step(x_t: Tensor, alpha_bar_t: Tensor, alpha_bar_s: Tensor) -> Tensor:
        noise = best_noise(x_t, alpha_bar_t, (1 - alpha_bar_t).sqrt(), mean, variance)
        return posterior_mean_from_epsilon(x_t, noise, alpha_bar_t, alpha_bar_s)

    return step


def reverse_kernel(alpha_bar_t: Tensor, alpha_bar_s: Tensor, variance: float) -> tuple[Tensor, Tensor]:
    """Slope and variance of q(x_s | x_t) for data N(0, variance), by conditioning the joint Gaussian."""
    variance_s, variance_t = (level * variance + 1 - level for level in (alpha_bar_s, alpha_bar_t))
    covariance = (alpha_bar_t / alpha_bar_s).sqrt() * variance_s
    return covariance / variance_t, variance_s - covariance**2 / variance_t


def kl_by_quadrature(p: stats.distributions.rv_frozen, q: stats.distributions.rv_frozen) -> float:
    """KL(p || q) of two densities that live within [-12, 12]."""
    return integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), -12, 12)[0]


# Schedules and shorter chains


@pytest.mark.claim("R003-123")
def test_linear_schedule_leaves_no_signal_after_a_thousand_steps():
    """Betas from 1e-4 to 0.02 over 1000 steps leave alpha_bar_T = 4.0358e-5, sqrt(alpha_bar_T) = 0.0063528; betas made
    in float32 are off by up to 1.42e-9.
    """
    betas = linear_beta_schedule(1000)
    alpha_bar = alpha_bar_from_betas(betas)
    assert alpha_bar[0] == printed("0.9999")
    assert alpha_bar[-1] == printed("4.0358e-5")
    assert alpha_bar[-1].sqrt() == printed("0.0063528")
    assert_close(alpha_bar[-1], linear_alpha_bar(1000), roundings=2 * 1000)
    assert alpha_bar[-1] < (1 - betas[0]) ** 1000
    made_in_float32 = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float32).double()
    assert (made_in_float32 - betas).abs().max() == printed("1.42e-9")


@pytest.mark.claim("R003-127")
def test_early_frames_of_a_steep_schedule_are_mostly_signal():
    """Betas from 0.02 to 0.1 over 1000 steps end at alpha_bar_T = 9.9e-28, but the 15th noised image still has signal
    0.855720 and noise 0.517439.
    """
    alpha_bar = alpha_bar_from_betas(linear_beta_schedule(1000, 0.02, 0.1))
    assert alpha_bar[0] == printed("0.98")
    assert alpha_bar[14] == printed("0.732257")
    assert q_sample(table(1), table(0), alpha_bar[14]) == printed("0.855720")
    assert q_sample(table(0), table(1), alpha_bar[14]) == printed("0.517439")
    assert alpha_bar[-1] == printed("9.9e-28")
    assert_close(alpha_bar[-1], linear_alpha_bar(1000, "0.02", "0.1"), roundings=2 * 1000)


@pytest.mark.claim("R002-006")
@pytest.mark.parametrize(
    ("num_steps", "total", "last", "kl"),
    [
        (200, "2.010", "0.13218", "0.0709"),
        (500, "5.025", "0.006353", "0.00319"),
        (1000, "10.050", "4.0358e-5", "2.0e-5"),
    ],
)
def test_unscaled_linear_schedule_needs_many_steps(num_steps, total, last, kl):
    """Betas from 1e-4 to 0.02 add up to T 0.01005, alpha_bar_T < exp(-sum), and unit-variance data stay
    -log(1 - alpha_bar_T) / 2 nats from the prior.
    """
    betas = linear_beta_schedule(num_steps)
    alpha_bar_T = alpha_bar_from_betas(betas)[-1]
    assert betas.sum() == printed(total)
    assert alpha_bar_T == printed(last)
    assert alpha_bar_T < torch.exp(-betas.sum())
    to_prior = prior_kl(table(-1, 1)[:, None], alpha_bar_T[None, None]).mean()
    assert to_prior == printed(kl)
    assert to_prior == pytest.approx(-math.log1p(-linear_alpha_bar(num_steps)) / 2, rel=1e-8)


@pytest.mark.claim("E002-1")
def test_linear_schedule_starts_at_a_small_beta():
    """The linear schedule rises from 1e-4 to 2e-2 and its first SNR is 9999; from 1e-1 to 2e-2 it would fall, and the
    first SNR be 9.
    """
    right, wrong = linear_beta_schedule(1000), linear_beta_schedule(1000, 1e-1, 2e-2)
    assert (right.diff() > 0).all()
    assert (wrong.diff() < 0).all()
    assert snr(alpha_bar_from_betas(right))[0] == printed("9999")
    assert snr(alpha_bar_from_betas(wrong))[0] == printed("9")


@pytest.mark.claim("E002-3")
@pytest.mark.parametrize(
    ("schedule", "num_steps", "left", "mean"),
    [
        (linear_beta_schedule, 200, "0.364", "1.736"),
        (linear_beta_schedule, 500, "0.080", "1.987"),
        (linear_beta_schedule, 1000, "0.006", "1.9999"),
        (timestep_scaled_linear_beta_schedule, 200, "0.006", "1.9999"),
    ],
)
def test_unscaled_betas_on_a_short_chain_leave_signal(schedule, num_steps, left, mean):
    """Betas from 1e-4 to 0.02 over 200 steps leave sqrt(alpha_bar_T) = 0.364, so that data of mean 2 are sampled from
    N(0, 1) with mean 1.736; scaled by 1000 / T, with 1.9999.
    """
    betas = schedule(num_steps)
    alpha_bar_T = alpha_bar_from_betas(betas)[-1]
    assert alpha_bar_T.sqrt() == printed(left)
    reached, variance = sampled(betas, step_of_best_predictor(2.0, 1.0), betas)
    assert reached == printed(mean)
    assert reached == pytest.approx(2 * (1 - alpha_bar_T.item()), rel=1e-9)
    assert variance == pytest.approx(1, rel=1e-9)


@pytest.mark.claim("E003-041")
def test_signal_vanishes_because_betas_have_a_large_sum():
    """Constant betas of 0.01 leave alpha_bar_1000 = 4.3e-5 and falling ones as much as rising ones, but betas that rise
    from 1e-9 to 1e-6 leave 0.9995.
    """
    assert alpha_bar_from_betas(constant_beta_schedule(1000, 0.01))[-1] == printed("4.3e-5")
    assert alpha_bar_from_betas(linear_beta_schedule(1000, 0.02, 1e-4))[-1] == printed("4.0358e-5")
    rising = linear_beta_schedule(1000, 1e-9, 1e-6)
    assert (rising.diff() > 0).all()
    assert alpha_bar_from_betas(rising)[-1] == printed("0.9995")


@pytest.mark.claim("E003-047")
def test_beta_of_time_0_must_stay_out_of_every_product():
    """A table over t = 0..500 whose entry alpha_bar_0 is set to 1 after the product keeps 1 - beta_0 in all others:
    alpha_bar_1 is 0.99976021 instead of 0.99986020, and the last step removes 0.009028 of 0.015485 epsilon.
    """
    betas = linear_beta_schedule(501)
    patched = alpha_bar_from_betas(betas)
    patched[0] = 1
    right = torch.cat([table(1), alpha_bar_from_betas(betas[1:])])
    assert (patched[1], right[1]) == (printed("0.99976021"), printed("0.99986020"))
    assert (patched[500], right[500]) == (printed("0.00628876"), printed("0.00628939"))
    broken = (patched[1:] / patched[:-1] - (1 - betas[1:])).abs() > 1e-9
    assert broken.nonzero().tolist() == [[0]]
    assert_close(betas_from_alpha_bar(right[1:]), betas[1:], 1)
    removed, present = betas[1] / (1 - patched[1]).sqrt(), (1 - patched[1]).sqrt()
    assert (removed, present, present - removed) == (printed("0.009028"), printed("0.015485"), printed("0.00646"))
    x_0, noise = table(0.75), table(-1.5)
    x_1 = q_sample(x_0, noise, right[1:2])
    assert_close(posterior_mean_from_epsilon(x_1, noise, right[1:2], right[:1]), x_0, 2)


@pytest.mark.claim("E004-31")
@pytest.mark.parametrize(("num_steps", "last_beta", "left"), [(20, "1.0", "0.0"), (10, "2.0", "-2.4e-4")])
def test_scaled_linear_schedule_needs_more_than_20_steps(num_steps, last_beta, left):
    """Scaled by 1000 / T the last beta is 20 / T: 1 at T = 20, and 2 at T = 10, where alpha_bar_T = -2.4e-4 has no
    root; at T = 21 alpha_bar_T = 8.0e-9.
    """
    betas = torch.linspace(0.1 / num_steps, 20 / num_steps, num_steps, dtype=torch.float64)
    alpha_bar_T = (1 - betas).prod()
    assert betas[-1] == printed(last_beta)
    assert alpha_bar_T == printed(left)
    assert alpha_bar_T.sqrt().isnan() == (num_steps < 20)
    with pytest.raises(ValueError, match=str(num_steps)):
        timestep_scaled_linear_beta_schedule(num_steps)
    assert alpha_bar_from_betas(timestep_scaled_linear_beta_schedule(21))[-1] == printed("8.0e-9")


@pytest.mark.claim("E001-3")
def test_halves_are_rounded_to_even():
    """Python, NumPy and torch round 0.5, 1.5, 2.5, 3.5 to 0, 2, 2, 4, so that a stride of 2.5 keeps the timesteps 0, 2,
    5; rounding halves up gives 1, 2, 3, 4, and 0, 3, 5.
    """
    halves, even = [0.5, 1.5, 2.5, 3.5], [0, 2, 2, 4]
    assert [round(half) for half in halves] == even
    assert np.round(halves).tolist() == even
    assert table(*halves).round().tolist() == even
    assert [int(Decimal(half).to_integral_value(ROUND_HALF_UP)) for half in halves] == [1, 2, 3, 4]
    assert space_timesteps(6, [3]) == linspace_timesteps(6, 3) == (0, 2, 5)


@pytest.mark.claim("E001-21")
def test_respaced_beta_divides_by_the_cumulative_product():
    """Of betas 1/2, 1/4, 3/4, 1/2 with the last three steps kept, beta' = 1 - alpha_bar / (alpha_bar kept
    before) = 5/8, 3/4, 1/2; dividing by alpha = 1 - beta kept before leaves alpha_bar_T = 9/1024 instead of 3/64.
    """
    betas = table(1 / 2, 1 / 4, 3 / 4, 1 / 2)
    assert_close(respace(betas, (1, 2, 3)).betas, table(5 / 8, 3 / 4, 1 / 2))
    alpha_bar = alpha_bar_from_betas(betas)[1:]
    wrong = 1 - alpha_bar / torch.cat([table(1), 1 - betas[1:3]])
    assert_close((1 - wrong).prod(), 9 / 1024)
    assert_close(alpha_bar[-1], 3 / 64)


@pytest.mark.claim("E004-33")
def test_ddpm_can_skip_steps():
    """Betas 1 - alpha_bar_t / alpha_bar_s between 50 of 1000 steps keep every level, and the exact reverse kernels
    between them turn N(0, 1) into data N(1, 1/4) to 5 digits.
    """
    betas = linear_beta_schedule(1000)
    chain = respace(betas, linspace_timesteps(1000, 50))
    assert chain.betas.max() == printed("0.337")
    assert_close(alpha_bar_from_betas(chain.betas), alpha_bar_from_betas(betas)[chain.timestep_map], roundings=2 * 50)
    _, variances = reverse_kernel(*step_levels(alpha_bar_from_betas(betas), chain.timestep_map.tolist()), 0.25)
    mean, variance = sampled(chain.betas, step_of_best_predictor(1.0, 0.25), variances)
    assert (mean, variance) == (printed("0.99999"), printed("0.25000"))


# The forward process


@pytest.mark.claim("E003-042")
def test_noising_needs_both_roots():
    """x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon keeps variance 1; without the roots it would be
    alpha_bar_t^2 + (1 - alpha_bar_t)^2, 1/2 at the lowest.
    """
    levels = alpha_bar_from_betas(linear_beta_schedule(1000))[:, None]
    one, zero = torch.ones_like(levels), torch.zeros_like(levels)
    assert_close(q_sample(one, zero, levels) ** 2 + q_sample(zero, one, levels) ** 2, one)
    assert_close(q_step(one, zero, levels) ** 2 + q_step(zero, one, levels) ** 2, one)
    assert_close(x_0_from_epsilon(q_sample(one, -one, levels), -one, levels), one, 1 / levels.sqrt())
    assert (levels**2 + (1 - levels) ** 2).min() == printed("0.5000")


@pytest.mark.claim("E002-8")
def test_roots_multiply_data_and_noise():
    """sqrt(alpha_bar_t) y_0 + sqrt(1 - alpha_bar_t) epsilon is a sum of two products; commas between the factors make a
    triple of it.
    """
    y_0, noise, alpha_bar_t = table(0.5), table(-1.0), table(0.64)
    literal = alpha_bar_t.sqrt(), y_0 + (1 - alpha_bar_t).sqrt(), noise
    assert isinstance(literal, tuple)
    assert [part.item() for part in literal] == pytest.approx([0.8, 1.1, -1.0])
    assert_close(q_sample(y_0, noise, alpha_bar_t), table(-0.2), 1)


@pytest.mark.claim("E002-9")
def test_noising_returns_the_noised_data_alone():
    """Noise and level are drawn outside, so x_t is all there is to return, the same for the same arguments; unpacking
    x_t, noise and t from it fails.
    """
    x_0, noise, levels = table(0.5, -1.0)[:, None], table(1.5, 0.25)[:, None], table(0.36, 0.64)[:, None]
    state = torch.get_rng_state()
    x_t = q_sample(x_0, noise, levels)
    assert torch.equal(torch.get_rng_state(), state)
    assert_close(x_t, [[1.5], [-0.65]], 2)
    with pytest.raises(ValueError, match="expected 3"):
        _, _, _ = q_sample(x_0, noise, levels)


@pytest.mark.claim("E003-046", "R003-139")
def test_noise_is_scaled_by_a_root():
    """With noise times 1 - alpha_bar_t instead of its root, unit-variance data fall to variance 0.7500 at t = 183, and
    a model of N(1, 1/4) trained on it samples a variance of 0.4584 instead of 0.2511.
    """
    betas = linear_beta_schedule(501)[1:]
    levels = alpha_bar_from_betas(betas)
    variances = levels + (1 - levels) ** 2
    assert (variances.argmin() + 1, variances.min()) == (183, printed("0.7500"))
    assert_close(q_sample(table(0), table(1), levels) ** 2 + levels, torch.ones_like(levels))

    def step_of_wrong_predictor(x_t, alpha_bar_t, alpha_bar_s):
        noise = best_noise(x_t, alpha_bar_t, 1 - alpha_bar_t, 1.0, 0.25)
        return posterior_mean_from_epsilon(x_t, noise, alpha_bar_t, alpha_bar_s)

    added = without_noise_at_the_end(betas)
    assert sampled(betas, step_of_best_predictor(1.0, 0.25), added) == (printed("0.9984"), printed("0.2511"))
    assert sampled(betas, step_of_wrong_predictor, added)[1] == printed("0.4584")


@pytest.mark.claim("E003-044", "R003-133")
@pytest.mark.parametrize(("t", "kurtosis"), [(50, "1.114"), (51, "1.118"), (500, "2.988"), (1000, "3.000")])
def test_marginal_of_noised_data_is_not_gaussian(t, kurtosis):
    """q(x_t | x_0) is Gaussian, but for x_0 = 1 or -1 the marginal of x_t has kurtosis 3 - 2 alpha_bar_t^2, near 3 only
    at the end: 1.114 after 50 of 1000 steps, 2.988 after 500.
    """
    alpha_bar_t = alpha_bar_from_betas(linear_beta_schedule(1000))[t - 1]
    means, variance = q_mean_variance(table(-1, 1), alpha_bar_t)
    components = [stats.norm(mean, variance.sqrt().item()) for mean in means.tolist()]
    second, fourth = (np.mean([component.moment(order) for component in components]) for order in (2, 4))
    assert fourth / second**2 == printed(kurtosis)
    assert fourth / second**2 == pytest.approx(3 - 2 * alpha_bar_t.item() ** 2, rel=1e-12)
    assert [component.stats("k") for component in components] == [0, 0]


@pytest.mark.claim("E004-26")
def test_noising_has_no_inverse():
    """Different data reach the same x_t under different noise, and I(x_0; x_t) = log(1 + SNR) / 2 of unit-variance data
    falls at every step, from 4.61 nats at t = 1 to 2.0e-5 at t = 1000.
    """
    x_0, noise = table(1.0, 0.25)[:, None], table(0.0, 1.0)[:, None]
    assert_close(q_sample(x_0, noise, table(0.64, 0.64)[:, None]), [[0.8], [0.8]])
    alpha_bar = alpha_bar_from_betas(linear_beta_schedule(1000))
    information = snr(alpha_bar).log1p() / 2
    assert_close(information, -torch.log1p(-alpha_bar) / 2, (snr(alpha_bar) + 1) ** 0.5)
    assert (information.diff() < 0).all()
    assert (information[0], information[-1]) == (printed("4.61"), printed("2.0e-5"))


# Objectives


@pytest.mark.claim("E004-26")
def test_network_answers_with_the_noise():
    """The loss is 0 for a network that returns epsilon, and E[(epsilon - x_0)^2] = 2 for one that returns the clean
    data, from which the sampler does not get x_0 back.
    """
    x_0, noise = torch.cartesian_prod(table(-1, 1), table(-1, 1)).T[:, :, None]
    level, clean = table(0.64)[:, None], table(1)[:, None]
    x_t = q_sample(x_0, noise, level)
    assert_equal(simple_loss(noise, noise), torch.zeros(4))
    assert_equal(simple_loss(x_0, noise).mean(), 2.0)
    assert_close(posterior_mean_from_epsilon(x_t, noise, level, clean), x_0, 4)
    assert (posterior_mean_from_epsilon(x_t, x_0, level, clean) - x_0).abs().max() == printed("1.5")


@pytest.mark.claim("R002-003")
def test_least_loss_of_gaussian_data():
    """For data N(m, s^2) no predictor of the noise has a loss below alpha_bar s^2 / (alpha_bar s^2 + 1 - alpha_bar),
    which the affine E[epsilon | x_t] attains; 0 has loss 1.
    """
    mean, variance, alpha_bar = 0.5, 0.25, table(0.36)
    x_0, noise = torch.cartesian_prod(mean + variance**0.5 * table(-1, 1), table(-1, 1)).T[:, :, None]
    x_t = q_sample(x_0, noise, alpha_bar)
    best = best_noise(x_t, alpha_bar, (1 - alpha_bar).sqrt(), mean, variance)
    least = Fraction(36, 100) * Fraction(1, 4) / (Fraction(36, 100) * Fraction(1, 4) + Fraction(64, 100))
    assert_close(simple_loss(best, noise).mean(), float(least), 1)
    assert_close(simple_loss(torch.zeros_like(noise), noise).mean(), 1.0)
    assert_close(simple_loss(best + (x_t - 0.3) / 8, noise).mean(), float(least) + (0.36 * variance + 0.64) / 64, 1)
    assert_close(simple_loss(best + 1 / 8, noise).mean(), float(least) + 1 / 64, 1)


@pytest.mark.claim("E002-6")
def test_prediction_without_the_last_axis_broadcasts():
    """Noise of shape (4, 4, 1) less its own values in shape (4, 4) has shape (4, 4, 4) and a mean square of 2 instead
    of 0; only for b != p, neither of them 1, does it raise.
    """
    noise = table(1, 1, -1, -1)[:, None, None].expand(4, 4, 1)
    difference = noise - noise.squeeze(-1)
    assert difference.shape == (4, 4, 4)
    assert difference.square().mean() == 2
    level = table(0.64)[:, None, None]
    assert x_0_from_epsilon(q_sample(noise, noise, level), noise, level).shape == noise.shape
    assert_equal(simple_loss(noise, noise), torch.zeros(4))
    assert (torch.ones(4, 1, 1) - torch.ones(4, 1)).shape == (4, 4, 1)
    assert (torch.ones(1, 4, 1) - torch.ones(1, 4)).shape == (1, 4, 4)
    with pytest.raises(RuntimeError, match="must match"):
        torch.ones(2, 3, 1) - torch.ones(2, 3)
    with pytest.raises(TypeCheckError):
        under_contract("simple_loss", simple_loss, Conventions())(noise.squeeze(-1), noise)


@pytest.mark.claim("E002-7")
def test_context_mask_must_reach_noising_and_loss():
    """A context entry stays clean and out of the loss, whatever is predicted there: errors 30, 1/2, 3/2 with the first
    in the context cost 1.25, and 300.83 if the mask is ignored.
    """
    x_0, noise, level = table(0.5, -1.0, 2.0)[None], table(1.5, 0.25, -0.5)[None], table(0.64)[None]
    context = torch.tensor([[True, False, False]])
    x_t = q_sample_with_context(x_0, noise, level, context)
    assert_close(x_t, [[0.5, -0.65, 1.3]], 2)
    assert_close(q_sample(x_0, noise, level), [[1.3, -0.65, 1.3]], 2)
    prediction = noise + table(30, 1 / 2, 3 / 2)
    assert_close(target_loss(prediction, noise, context), table(1.25))
    assert simple_loss(prediction, noise) == printed("300.83")


@pytest.mark.claim("E002-5")
@pytest.mark.parametrize("embedding", [timestep_embedding_cos_sin, timestep_embedding_sin_cos])
def test_embedding_is_made_on_the_device_of_the_timesteps(embedding):
    """Frequencies and padding belong on the device of the timesteps; made without one they lie on the default device,
    from which they cannot be multiplied with timesteps elsewhere.
    """
    timesteps = torch.arange(3.0)
    with torch.device("meta"):
        careless, embedded = torch.ones(3), embedding(timesteps, 7)
    with pytest.raises(RuntimeError, match="device"):
        timesteps[:, None] * careless
    assert embedded.device == timesteps.device
    assert_equal(embedded, embedding(timesteps, 7))


# One step back, and the whole way


@pytest.mark.claim("E002-2")
@pytest.mark.parametrize(("num_steps", "collapsed"), [(1000, "1.75e-4"), (200, "4.1e-4")])
def test_posterior_weighs_with_the_level_below(num_steps, collapsed):
    """With beta_t sqrt(alpha_bar_t) / (1 - alpha_bar_t) and beta_t / sqrt(1 - alpha_bar_t) as weights of x_0 and x_t,
    samples of standard normal data have variance 1.75e-4 at T = 1000; with those of the posterior, 0.9999.
    """

    def right(x_t, alpha_bar_t, alpha_bar_s):
        return gaussian_posterior(x_t, alpha_bar_t.sqrt() * x_t, alpha_bar_t, alpha_bar_s)[0]

    def wrong(x_t, alpha_bar_t, alpha_bar_s):
        beta_t = 1 - alpha_bar_t / alpha_bar_s
        weight_of_x_0 = beta_t * alpha_bar_t.sqrt() / (1 - alpha_bar_t)
        return weight_of_x_0 * alpha_bar_t.sqrt() * x_t + beta_t / (1 - alpha_bar_t).sqrt() * x_t

    betas = linear_beta_schedule(num_steps)
    added = without_noise_at_the_end(betas)
    assert sampled(betas, right, added) == (0, printed("0.9999"))
    assert sampled(betas, wrong, added) == (0, printed(collapsed))


@pytest.mark.claim("E002-2")
@pytest.mark.parametrize(
    ("t", "right", "wrong"),
    [
        (501, ("0.0030581", "0.9941044"), ("0.0030426", "0.0104757")),
        (1, ("1.0000000", "0.0000000"), ("0.99995", "0.01")),
    ],
)
def test_weights_of_the_posterior(t, right, wrong):
    """x_0 and x_t weigh 0.0030581 and 0.9941044 at t = 501 of 1000, and 1 and 0 at t = 1; alpha_bar_t in place of
    alpha_bar_{t-1} makes it 0.0030426 and 0.0104757, and 0.99995 and 0.01.
    """
    betas = linear_beta_schedule(1000)
    beta_t, alpha_bar_t, alpha_bar_s = (
        values[t - 1] for values in (betas, *step_levels(alpha_bar_from_betas(betas), range(1000)))
    )
    weights, _ = gaussian_posterior(table(0, 1), table(1, 0), alpha_bar_t, alpha_bar_s)
    assert weights.tolist() == [printed(digits) for digits in right]
    assert beta_t * alpha_bar_t.sqrt() / (1 - alpha_bar_t) == printed(wrong[0])
    assert beta_t / (1 - alpha_bar_t).sqrt() == printed(wrong[1])


@pytest.mark.claim("E002-4")
def test_sigma_is_a_standard_deviation():
    """In x_{t-1} = mean + sigma_t z the variance is sigma_t^2, so that beta_t = 0.02 takes sigma_t = sqrt(0.02) and a
    variance of 0.02; sigma_t = 0.02 gives 4e-4.
    """
    z = table(-1, 1)
    back, forth = sample_gaussian(table(0.5, 0.5), table(0.02).log(), z), q_step(table(0.5, 0.5), z, table(0.02))
    assert_close(back.mean(), 0.5)
    assert_close(torch.stack([back, forth]).var(1, correction=0), 0.02, 1)
    assert (0.5 + 0.02 * z).var(correction=0) == pytest.approx(4e-4)


@pytest.mark.claim("E003-043")
def test_standard_normal_is_multiplied_by_a_root():
    """x + sqrt(y) z is a draw from N(x, y) for standard normal z, quantile by quantile; for y = 4, x + y z has variance
    16.
    """
    probabilities = np.linspace(0.05, 0.95, 7)
    z = torch.from_numpy(stats.norm.ppf(probabilities))
    drawn = sample_gaussian(torch.full_like(z, 0.5), table(4).log(), z)
    assert_close(drawn, stats.norm.ppf(probabilities, 0.5, 2), 4)
    assert (0.5 + 4 * table(-1, 1)).var(correction=0) == 16


@pytest.mark.claim("E003-051", "R003-147")
def test_sampling_without_noise_collapses_the_variance():
    """The noise of a sampling step is the spread of the reverse kernel: over 500 steps data N(1, 1/4) come out with
    variance 0.2511, and with 3.97e-4 if only means are taken.
    """
    betas = linear_beta_schedule(501)[1:]
    step = step_of_best_predictor(1.0, 0.25)
    added = sample_gaussian(torch.zeros(2, 500), betas.log(), table(-1, 1)[:, None]).var(0, correction=0)
    assert sampled(betas, step, without_noise_at_the_end(added)) == (printed("0.9984"), printed("0.2511"))
    assert sampled(betas, step, torch.zeros_like(betas)) == (printed("0.9984"), printed("3.97e-4"))


@pytest.mark.claim("R003-148")
def test_one_step_from_noise_returns_the_mean_of_the_data():
    """E[x_0 | x_T] has variance alpha_bar_T s^4 / (alpha_bar_T s^2 + 1 - alpha_bar_T): 2.52e-6 for data N(1, 1/4) and
    T = 1000, where a thousand steps give 0.2508.
    """
    betas = linear_beta_schedule(1000)
    alpha_bar_T = alpha_bar_from_betas(betas)[-1:]
    x_T = alpha_bar_T.sqrt() + (alpha_bar_T / 4 + 1 - alpha_bar_T).sqrt() * table(-1, 1)
    noise = best_noise(x_T, alpha_bar_T, (1 - alpha_bar_T).sqrt(), 1.0, 0.25)
    one_shot = x_0_from_epsilon(x_T, noise, alpha_bar_T)
    assert one_shot.mean() == printed("1.00000")
    exact = linear_alpha_bar(1000)
    assert one_shot.var(correction=0) == printed("2.52e-6")
    assert one_shot.var(correction=0) == pytest.approx(exact / 16 / (exact / 4 + 1 - exact), rel=1e-6)
    stepwise = sampled(betas, step_of_best_predictor(1.0, 0.25), without_noise_at_the_end(betas))
    assert stepwise == (printed("1.0000"), printed("0.2508"))


@pytest.mark.claim("E001-7")
def test_large_variance_is_not_that_of_the_posterior():
    """The fixed-large variance is beta_t, of which the posterior's is 0.4547 at t = 2, 0.7431 at t = 5 and 0.9639 at
    t = 50; only the first entries agree.
    """
    betas = linear_beta_schedule(1000)
    small, large = fixed_small_log_variance(betas), fixed_large_log_variance(betas)
    assert_close(large[1:].exp(), betas[1:], 10 * betas[1:])
    assert_equal(large[0], small[0])
    shares = (small - large).exp()[[1, 4, 49]].tolist()
    assert shares == [printed("0.4547"), printed("0.7431"), printed("0.9639")]


@pytest.mark.claim("R004-099")
@pytest.mark.parametrize(
    ("t", "ratio"), [(2, "0.4547"), (5, "0.7431"), (10, "0.8528"), (50, "0.9639"), (1000, "0.999999")]
)
def test_learned_variance_lies_between_close_bounds(t, ratio):
    """The posterior variance is (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t) of beta_t, from 0.4547 at t = 2 to 0.999999
    at t = 1000, and half-way between the logarithms it is the root of that.
    """
    betas = linear_beta_schedule(1000)
    alpha_bar = alpha_bar_from_betas(betas)
    lower, upper = fixed_small_log_variance(betas)[t - 1], betas[t - 1].log()
    assert lower.exp() / betas[t - 1] == printed(ratio)
    assert_close(lower.exp() / betas[t - 1], (1 - alpha_bar[t - 2]) / (1 - alpha_bar[t - 1]), 1 / betas[0])
    middle = learned_range_log_variance(table(0), upper, lower)
    assert_close(middle.exp() ** 2, lower.exp() * betas[t - 1], 100 * betas[t - 1] ** 2)


# The variational bound


@pytest.mark.claim("R004-079")
def test_bound_of_exact_reverse_kernels():
    """For data N(0, 0.49), betas 0.1, 0.18, ..., 0.5 and the exact reverse kernels, the bound is
    H(x_0) + KL(q(x_T) || p(x_T)) = 1.0630003543744 nats, above the model's E[-log p(x_0)].
    """
    betas = linear_beta_schedule(6, 0.1, 0.5)
    alpha_bar = alpha_bar_from_betas(betas)
    slopes, variances = reverse_kernel(*step_levels(alpha_bar, range(6)), 0.49)
    x_0, noise = torch.cartesian_prod(table(-0.7, 0.7), table(-1, 1)).T[:, :, None]
    bound = variational_bound(
        x_0,
        noise.expand(6, 4, 1),
        alpha_bar,
        lambda x_t, t: (slopes[t] * x_t, variances[t].log().expand(x_t.shape)),
        gaussian_log_likelihood,
    )
    total = (bound.terms.sum(0) + bound.prior).mean()
    assert total == printed("1.0630003543744")
    at_end = 1 - 0.51 * math.prod((0.9, 0.82, 0.74, 0.66, 0.58, 0.5))
    data, last, prior = (stats.norm(0, variance**0.5) for variance in (0.49, at_end, 1))
    assert total == pytest.approx(data.entropy() + kl_by_quadrature(last, prior), rel=1e-12)
    _, variance = sampled(betas, lambda x_t, *_: slopes[:, None] * x_t, variances)
    assert data.entropy() < -data.expect(stats.norm(0, variance**0.5).logpdf) < total


@pytest.mark.claim("E004-27")
def test_prior_is_the_second_argument_of_its_term():
    """L_T = KL(q(x_T | x_0) || p(x_T)): the prior p(x_T) = N(0, 1) does not know x_0, and for x_0 = 2 and
    alpha_bar_T = 0.13218 the term is 0.269, 0.310 with the two exchanged.
    """
    x_0, alpha_bar_T = table(2)[:, None], table(0.13218)[:, None]
    mean, variance = q_mean_variance(x_0, alpha_bar_T)
    q, p = stats.norm(mean.item(), variance.sqrt().item()), stats.norm(0, 1)
    right, exchanged = kl_by_quadrature(q, p), kl_by_quadrature(p, q)
    assert (right, exchanged) == (printed("0.269"), printed("0.310"))
    assert prior_kl(x_0, alpha_bar_T).item() == pytest.approx(right, rel=1e-10)
    assert prior_kl(x_0 / 2, alpha_bar_T) != pytest.approx(right, rel=0.1)
    assert_equal(prior_kl(x_0, torch.zeros(1, 1)), table(0))


@pytest.mark.claim("R004-085")
def test_prior_term_of_images_is_negligible():
    """After 1000 steps the prior's term of a value x in [-1, 1] is at most 2.9113e-5 bits, at |x| = 1."""
    alpha_bar_T = alpha_bar_from_betas(linear_beta_schedule(1000))[-1][None, None]
    grid = (2 * torch.arange(256, dtype=torch.float64) - 255) / 255
    bits = bits_per_dim(prior_kl(grid[:, None], alpha_bar_T), 1)
    assert bits.max() == printed("2.9113e-5")
    assert torch.equal(bits.topk(2).indices.sort().values, torch.tensor([0, 255]))
    assert_close(bits_per_dim(prior_kl(grid.reshape(1, 256), alpha_bar_T), 256), bits.mean()[None], roundings=300)


@pytest.mark.claim("E004-28")
@pytest.mark.parametrize(("mean", "log_scale", "literal"), [(0.0, -1.0, "0.9936"), (0.3, -6.0, "0.99925")])
def test_pixel_probability_integrates_the_density(mean, log_scale, literal):
    """A pixel has the mass of its bin, the outer bins reaching to infinity, and the 256 masses add up to 1; the density
    at the pixel times 2/255 adds up to 0.9936 for N(0, exp(-1)^2).
    """
    values = (2 * torch.arange(256, dtype=torch.float64) - 255) / 255
    log_mass = discretized_gaussian_log_likelihood(values, table(mean), table(log_scale))
    assert 1 - 1e-14 < log_mass.exp().sum() < 1 + 257e-12
    edges = np.concatenate([[-np.inf], np.arange(-254, 255, 2) / 255, [np.inf]])
    mass = np.diff(stats.norm.cdf(edges, mean, math.exp(log_scale)))
    assert_close(log_mass.exp(), mass.clip(1e-12), 1)
    assert (2 / 255 * stats.norm.pdf(values, mean, math.exp(log_scale))).sum() == printed(literal)


@pytest.mark.claim("E004-29")
def test_half_multiplies_every_term_of_the_gaussian_kl():
    """KL = (tr + quadratic form - n + log det ratio) / 2 is 0 for equal Gaussians; with half of the trace alone it is
    -1.5 in three dimensions, though right by chance for N(0, 1) and N(1, 1), where both give 0.5.
    """

    def half_of_the_trace_alone(mean_1, covariance_1, mean_2, covariance_2):
        precision, difference = covariance_2.inverse(), mean_2 - mean_1
        others = difference @ precision @ difference - len(mean_1) + (covariance_2.det() / covariance_1.det()).log()
        return (precision @ covariance_1).trace() / 2 + others

    mean, covariance = table(1, -2, 0.5), torch.diag(table(1, 4, 0.25)) + 0.125
    assert_close(multivariate_normal_kl(mean, covariance, mean, covariance), 0.0, 3)
    assert_equal(normal_kl(mean, mean, mean, mean), torch.zeros(3))
    assert half_of_the_trace_alone(mean, covariance, mean, covariance) == printed("-1.5000")
    by_chance = table(0), table(1)[None], table(1), table(1)[None]
    assert multivariate_normal_kl(*by_chance) == half_of_the_trace_alone(*by_chance) == 0.5
    wider = table(0), table(1)[None], table(0), table(4)[None]
    right = kl_by_quadrature(stats.norm(0, 1), stats.norm(0, 2))
    assert multivariate_normal_kl(*wider).item() == pytest.approx(right, rel=1e-10)
    assert normal_kl(table(0), table(0), table(0), table(4).log()).item() == pytest.approx(right, rel=1e-10)
    assert (right, half_of_the_trace_alone(*wider)) == (printed("0.318"), printed("0.511"))


@pytest.mark.claim("E004-30", "R004-088")
def test_variance_beta_costs_a_constant():
    """With the exact mean but variance beta_t the terms of the bound are (r - 1 - log r) / 2 per dimension,
    r = beta_tilde_t / beta_t: 0.12139 nats at t = 2, 0.00601 at t = 10, 0.33716 in all; the mean adds
    |difference|^2 / (2 beta_t).
    """
    betas = linear_beta_schedule(1000)
    levels = step_levels(alpha_bar_from_betas(betas), range(1000))
    alpha_bar_t, alpha_bar_s = levels.alpha_bar_t[1:, None], levels.alpha_bar_s[1:, None]
    x_0, x_t = table(0.5).expand(999, 1), table(-0.25).expand(999, 1)
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    log_beta, log_beta_tilde = betas[1:, None].log(), fixed_small_log_variance(betas)[1:, None]
    left = posterior_kl(x_0, x_t, mean, log_beta, alpha_bar_t, alpha_bar_s)
    assert [left[0], left[8], left.sum()] == [printed("0.12139"), printed("0.00601"), printed("0.33716")]
    ratio = (log_beta_tilde - log_beta).exp().flatten()
    assert_close(left, (ratio - 1 - ratio.log()) / 2, 1 / betas[0])
    exact = posterior_kl(x_0, x_t, mean, log_beta_tilde, alpha_bar_t, alpha_bar_s)
    assert_close(exact, torch.zeros(999), 1 / betas[0])
    moved = normal_kl(mean, log_beta_tilde, mean + 3 * betas[1:, None].sqrt(), log_beta)
    assert_close(moved.flatten() - left, torch.full((999,), 4.5), 1 / betas[0])


# Statements about divergences, moments and optimisers that need no function of their own


@pytest.mark.claim("R003-121", "E003-040")
def test_most_likely_parameters_are_nearest_to_the_data():
    """KL(p_data || p_theta) + E[log p_theta] = -H(p_data) for every theta, so maximum likelihood minimises KL and needs
    samples of p_data, never its density.
    """
    values, data = np.arange(3), np.array([0.3, 0.2, 0.5])
    thetas = np.linspace(0.05, 0.95, 91)
    model = stats.binom.pmf(values, 2, thetas[:, None])
    likelihood, divergence = (data * np.log(model)).sum(1), special.rel_entr(data, model).sum(1)
    np.testing.assert_allclose(divergence + likelihood, -special.entr(data).sum(), rtol=1e-13)
    assert likelihood.argmax() == divergence.argmin()
    assert thetas[likelihood.argmax()] == pytest.approx(data @ values / 2)
    backward = special.rel_entr(model, data).sum(1)
    assert backward.argmin() != likelihood.argmax()


@pytest.mark.claim("E003-040")
@pytest.mark.parametrize(
    ("num_dims", "num_samples", "error"),
    [(2, 19, "0.10"), (5, 768, "0.100"), (10, 842_000, "0.100"), (784, 60_000, "1.000")],
)
def test_kernel_density_estimate_fails_for_images(num_dims, num_samples, error):
    """The best Gaussian kernel estimate of a standard normal density at 0 needs 842000 samples in 10 dimensions for a
    relative mean square error of 0.1 (Silverman 1986, table 4.2); from 60000 in 784 it is no better than 0.
    """
    widths = np.geomspace(0.1, 4, 2000)
    mean_of_kernel = (1 + widths**2) ** (-num_dims / 2)
    with np.errstate(over="ignore"):
        mean_square_of_kernel = (widths * np.sqrt(2 + widths**2)) ** -float(num_dims)
    variance = (mean_square_of_kernel - mean_of_kernel**2) / num_samples
    assert ((mean_of_kernel - 1) ** 2 + variance).min() == printed(error)


@pytest.mark.claim("E003-045")
def test_lower_fid_is_better():
    """FID is a distance, 0 for the moments of the data, and noise raises it: N(0, 1) is (sqrt(variance) - 1)^2 = 0,
    0.0024, 0.1716, 5.367 from variances 1, 1.1, 2, 11.
    """
    variances, data = table(1, 1.1, 2, 11), (table(0), table(1)[None])
    distances = [frechet_distance(*data, table(0), variance[None, None]).item() for variance in variances]
    assert distances == [0, printed("0.0024"), printed("0.1716"), printed("5.367")]
    assert distances == pytest.approx(((variances.sqrt() - 1) ** 2).tolist(), rel=1e-12)


@pytest.mark.claim("R004-083")
def test_torch_takes_the_logarithm_of_q_first():
    """torch.nn.functional.kl_div(log q, p) is KL(p || q), (log 2) / 2 for p = (1/2, 1/2, 0) and q = (1/4, 1/2, 1/4)
    with 0 log 0 = 0; with p and q exchanged KL is infinite, with q for log q the result is negative.
    """
    p, q = table(1 / 2, 1 / 2, 0), table(1 / 4, 1 / 2, 1 / 4)
    divergence = special.rel_entr(p.numpy(), q.numpy()).sum()
    assert divergence == pytest.approx(math.log(2) / 2)
    assert kl_div(q.log(), p, reduction="sum").item() == pytest.approx(divergence)
    assert kl_div(p.log(), q, reduction="sum") == special.rel_entr(q.numpy(), p.numpy()).sum() == math.inf
    assert kl_div(q, p, reduction="sum") == printed("-1.068")


@pytest.mark.claim("R002-022")
def test_first_step_of_adamw():
    """From zero state AdamW moves w by -lr (g / (|g| + eps) + decay w); Adam, with the decay inside the gradient, by
    -lr sign(g + decay w) unless that is as small as eps.
    """
    gradient, rate, decay, eps = table(-0.5, 3e-8, 100.0), 1e-4, 0.5, 1e-8
    moved = {}
    for optimizer in (torch.optim.AdamW, torch.optim.Adam):
        weight = torch.nn.Parameter(table(2.0, 2.0, 2.0))
        weight.grad = gradient.clone()
        optimizer([weight], lr=rate, eps=eps, weight_decay=decay).step()
        moved[optimizer] = (weight.detach() - 2) / rate
    expected = [-(-1 + 1), -(0.75 + 1), -(1 + 1)]
    assert moved[torch.optim.AdamW].tolist() == pytest.approx(expected, abs=1e-6)
    assert moved[torch.optim.Adam].tolist() == pytest.approx([-1, -1, -1], abs=1e-6)
