"""Worked numbers of ancestral sampling and DDIM, and statements about them that are often met and wrong.

Samplers of Gaussian data with the best predictor are affine, so one unit of each source of noise gives the variance.
"""

import pytest
import torch
from torch import Tensor

from properties.claims.test_diffusion import printed, reverse_kernel, table
from properties.closeness import assert_close, assert_equal
from reference.diffusion.posteriors import fixed_small_log_variance
from reference.diffusion.respacing import step_levels
from reference.diffusion.samplers import ancestral_sample, ddim_sample, ddim_sigma, ddim_step
from reference.diffusion.schedules import (
    alpha_bar_from_betas,
    cosine_beta_schedule,
    linear_beta_schedule,
    timestep_scaled_linear_beta_schedule,
)


def linear_alpha_bar() -> Tensor:
    """Levels of the linear schedule over 1000 steps."""
    return alpha_bar_from_betas(linear_beta_schedule(1000))


def best_guess(x_t: Tensor, alpha_bar_t: Tensor, mean: float, variance: float) -> Tensor:
    """E[x_0 | x_t] for data N(mean, variance)."""
    gain = alpha_bar_t.sqrt() * variance / (alpha_bar_t * variance + 1 - alpha_bar_t)
    return mean + gain * (x_t - alpha_bar_t.sqrt() * mean)


def ancestral_moments(
    alpha_bar: Tensor, log_variance: Tensor, mean: float, variance: float, start: float
) -> tuple[Tensor, Tensor]:
    """Mean and variance of the samples of data N(mean, variance), from N(0, start)."""
    steps = len(alpha_bar)
    units = torch.cat([torch.zeros(1, steps + 1), torch.eye(steps + 1)]).double()
    sampled = ancestral_sample(
        lambda x_t, t: (best_guess(x_t, alpha_bar[t], mean, variance), log_variance[t, None, None]),
        units[:, :1] * start**0.5,
        units[:, 1:].T[:, :, None],
        alpha_bar,
        range(steps),
    )
    return sampled[0].squeeze(), (sampled[1:] - sampled[0]).square().sum()


@pytest.mark.claim("R003-142")
@pytest.mark.parametrize(("large", "variance"), [(True, "0.2511"), (False, "0.2446")])
def test_data_lie_between_the_samples_of_large_and_small_variance(large, variance):
    """Over 500 steps data N(1, 1/4) come out with mean 0.9984, and with variance 0.2511 if noise of variance beta_t is
    added, 0.2446 if of the posterior's.
    """
    betas = linear_beta_schedule(501)[1:]
    log_variance = betas.log() if large else fixed_small_log_variance(betas)
    found = ancestral_moments(alpha_bar_from_betas(betas), log_variance, 1.0, 0.25, 1.0)
    assert found == (printed("0.9984"), printed(variance))


@pytest.mark.claim("R002-013")
def test_exact_reverse_variance_lies_between_those_in_use():
    """Var(x_s | x_t) is the posterior's for a point, beta_t for data of variance 1, and between them for variance 0.49;
    over 6 steps that comes out as 0.3994, 0.2783 or 0.4495 with the exact one, the posterior's or beta_t.
    """
    betas = linear_beta_schedule(6, 0.1, 0.5)
    alpha_bar = alpha_bar_from_betas(betas)
    point, exact, unit = (reverse_kernel(*step_levels(alpha_bar, range(6)), variance)[1] for variance in (0, 0.49, 1))
    small = fixed_small_log_variance(betas)
    assert_close(point[1:], small[1:].exp(), 1)
    assert_close(unit, betas, 1)
    assert ((point < exact) & (exact < unit)).all()
    start = 0.49 * alpha_bar[-1].item() + 1 - alpha_bar[-1].item()
    found = [ancestral_moments(alpha_bar, log, 0.0, 0.49, start)[1] for log in (exact.log(), small, betas.log())]
    assert found == [printed("0.3994"), printed("0.2783"), printed("0.4495")]
    assert_close(found[0], 0.49 - exact[0], 1)


@pytest.mark.claim("R003-143")
def test_frames_of_a_sampling_loop():
    """Of i = 500..1, told to the network as i / 500, 32 have i % 20 = 0, i = 500 or i < 8; with x_T and z given there
    is nothing random.
    """
    alpha_bar, told = alpha_bar_from_betas(linear_beta_schedule(500)), []

    def denoiser(x_t, t):
        told.append((t + 1) / 500)
        return x_t / 2, table(-4)

    arguments = denoiser, table(0.5, -1.5)[:, None], torch.zeros(500, 2, 1).double(), alpha_bar, range(500)
    state, first = torch.get_rng_state(), ancestral_sample(*arguments)
    assert told == [i / 500 for i in range(500, 0, -1)]
    assert sum(round(500 * time) % 20 == 0 or time == 1 or round(500 * time) < 8 for time in told) == 32
    assert_equal(ancestral_sample(*arguments), first)
    assert_equal(torch.get_rng_state(), state)


@pytest.mark.claim("R002-014")
@pytest.mark.parametrize(
    ("schedule", "num_steps", "std"),
    [
        (cosine_beta_schedule, 10, "0.613"),
        (cosine_beta_schedule, 100, "0.691"),
        (cosine_beta_schedule, 1000, "0.699"),
        (timestep_scaled_linear_beta_schedule, 100, "0.684"),
        (timestep_scaled_linear_beta_schedule, 1000, "0.698"),
    ],
)
def test_deterministic_sampling_reaches_the_variance_of_the_data_in_the_limit(schedule, num_steps, std):
    """DDIM at eta = 0 draws data N(0, 0.7^2) with standard deviation 0.613, 0.691, 0.699 in 10, 100, 1000 steps of the
    cosine schedule, and 0.684, 0.698 in 100, 1000 steps of the linear one.
    """
    alpha_bar = alpha_bar_from_betas(schedule(num_steps))
    start, noise = torch.ones(1, 1).double(), torch.zeros(num_steps, 1, 1).double()
    slope = ddim_sample(
        lambda x_t, t: best_guess(x_t, alpha_bar[t], 0.0, 0.49), start, noise, alpha_bar, range(num_steps), 0.0
    )
    assert slope == printed(std)


@pytest.mark.claim("R004-098", "R002-014")
def test_weights_of_a_ddim_step_with_posterior_variance():
    """At t = 501 of 1000 and eta = 1, x_0 weighs k = 0.0030581 and x_t m = 0.9941044, as in the posterior, and sigma^2
    is 0.0100513.
    """
    alpha_bar_t, alpha_bar_s = (level[500] for level in step_levels(linear_alpha_bar(), range(1000)))
    k, m, sigma = ddim_step(table(0, 1, 0), table(1, 0, 0), table(0, 0, 1), alpha_bar_t, alpha_bar_s, 1.0)
    assert (k, m, sigma**2) == (printed("0.0030581"), printed("0.9941044"), printed("0.0100513"))
    assert_close(k + m * alpha_bar_t.sqrt(), alpha_bar_s.sqrt(), 1)
    assert_close(sigma**2 + m**2 * (1 - alpha_bar_t), 1 - alpha_bar_s, 1)


@pytest.mark.claim("E004-32")
def test_levels_of_ddim_are_cumulative():
    """With betas 0.1, ..., 0.5 over 10 steps and x_0 = 1, the step from t = 7 at eta = 0 has mean 0.484 and variance
    0.766 = 1 - alpha_bar_6; with alpha for alpha_bar, 0.438 and 0.748.
    """
    betas = linear_beta_schedule(10, 0.1, 0.5)
    alpha_bar = alpha_bar_from_betas(betas)
    centre, spread = alpha_bar[6].sqrt(), (1 - alpha_bar[6]).sqrt()
    x_t, x_0 = torch.stack([centre, centre + spread]), table(1, 1)

    def moments(level_t, level_s):
        mean, moved = ddim_step(x_t, x_0, 0 * x_0, level_t[None], level_s[None], 0.0)
        return mean, (moved - mean) ** 2

    assert moments(alpha_bar[6], alpha_bar[5]) == (printed("0.484"), printed("0.766"))
    assert moments(1 - betas[6], 1 - betas[5]) == (printed("0.438"), printed("0.748"))


@pytest.mark.claim("R001-114", "R004-097")
@pytest.mark.parametrize(("eta", "steps"), [(1.0, []), (1.2, []), (1.5, [2]), (2.0, [2, 3, 4, 5])])
def test_eta_beyond_1_may_leave_no_root(eta, steps):
    """Of the 1000 steps of the linear schedule, sigma^2 exceeds 1 - alpha_bar_s at t = 2 for eta = 1.5, at t = 2..5 for
    eta = 2, and never for eta <= 1, so eta stops there.
    """
    levels = step_levels(linear_alpha_bar(), range(1000))
    left = 1 - levels.alpha_bar_s - (eta * ddim_sigma(*levels, 1.0)) ** 2
    assert (left.sqrt().isnan().nonzero().flatten() + 1).tolist() == steps
    if eta > 1:
        with pytest.raises(ValueError, match=str(eta)):
            ddim_sigma(*levels, eta)


@pytest.mark.claim("R004-097")
def test_rounding_may_leave_no_root():
    """In float32, 1 - alpha_bar_s - sigma^2 at eta = 1 is below 0 for a step from t = 983 to 11 of the linear schedule;
    written as a product with a sum it has its root.
    """
    alpha_bar_t, alpha_bar_s = linear_alpha_bar()[[982, 10], None].float()
    sigma = ((1 - alpha_bar_s) / (1 - alpha_bar_t)).sqrt() * (1 - alpha_bar_t / alpha_bar_s).sqrt()
    assert 1 - alpha_bar_s - sigma**2 < 0
    x_t, x_0 = torch.ones(1), torch.zeros(1)
    weight = ddim_step(x_t, x_0, x_0, alpha_bar_t, alpha_bar_s, 1.0)
    exact = ddim_step(x_t.double(), x_0.double(), x_0.double(), alpha_bar_t.double(), alpha_bar_s.double(), 1.0)
    assert_close(weight, exact, exact / (1 - alpha_bar_s))
