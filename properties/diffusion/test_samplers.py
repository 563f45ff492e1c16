"""Laws of `reference.diffusion.samplers`.

What a denoiser is asked is part of the result: a spy keeps the timestep and the sample of every call.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import implied, product_of_gaussians
from properties.rejection import assert_rejects
from properties.strategies import chains, dyadics, level_tables, levels, levels_and, normals

ETAS = st.integers(0, 8).map(lambda k: k / 8)
OUTSIDE = [-(2.0**-20), 1 + 2.0**-20, math.nan]
NO_CHAINS = [
    ([0.75, 0.5, 0.25], []),
    ([0.75, 0.5, 0.25], [0, 0]),
    ([0.75, 0.5, 0.25], [-1, 0]),
    ([0.75, 0.5, 0.25], [0, 3]),
    ([0.25, 0.5, 0.75], [0, 2]),
    ([0.75, 0.5, 0.5], [1, 2]),
    ([1.0, 0.5, 0.25], [0, 2]),
    ([0.75, 0.5, -0.25], [0, 2]),
    ([0.75, math.nan, 0.25], [1, 2]),
]


def ratios(*shape):
    """Levels, or ratios of two levels, away from 0 and 1: there 1 - alpha_bar_s - sigma^2 is lost in rounding."""
    return dyadics(1, 63, *shape, grid=64)


def deviations(step, alpha_bar_s, eta):
    """Standard deviations of old and fresh noise in a DDIM step; step is alpha_bar_t / alpha_bar_s."""
    fresh = eta**2 / (step / (1 - step) + 1 / (1 - alpha_bar_s))
    return (1 - alpha_bar_s - fresh).sqrt(), fresh.sqrt()


def guess(x_t, t):
    """A network that depends on the timestep, and clips."""
    return (x_t * 0.75 + t / 8 + 0.25).clamp(-2, 2)


def spied(denoiser):
    """The denoiser, and lists that fill with the timesteps and the samples that it is asked about."""
    timesteps, samples = [], []

    def spy(x, t):
        timesteps.append(int(t))
        samples.append(x.clone())
        return denoiser(x, t)

    return spy, timesteps, samples


def guesses(samples, timesteps):
    return torch.stack([guess(x, t) for x, t in zip(samples, timesteps, strict=True)])


def sources(kept):
    """Start and noises of a chain, in rows: nothing at first, then one unit of each source, for every one of 3 entries.

    A sampler with an affine denoiser answers with its mean, and then with what each source adds to it.
    """
    rows = torch.cat([torch.zeros(1, kept + 1), torch.eye(kept + 1)]).double()[:, :, None].expand(-1, -1, 3)
    return rows[:, 0], rows[:, 1:].transpose(0, 1)


def mean_and_variance(rows):
    """Of what the sampler makes of `sources`."""
    return rows[..., 0, :], (rows[..., 1:, :] - rows[..., :1, :]).square().sum(-2)


@given(
    x_t=normals(2, 2, 3),
    x_0=normals(2, 2, 3),
    noise=normals(2, 2, 3),
    step=levels(2, 1, 1),
    alpha_bar_s=levels(2, 1, 1),
    exponent=st.integers(-6, 6),
)
def test_ancestral_step_equals_product_of_gaussians_plus_noise(
    ancestral_step, x_t, x_0, noise, step, alpha_bar_s, exponent
):
    """q(x_t | x_s) q(x_s | x_0) has its peak at the mean, and a log variance of k log 4 adds 2^k standard normals."""
    mean, _ = product_of_gaussians(x_t, x_0, step, alpha_bar_s)
    size, _ = product_of_gaussians(x_t.abs(), x_0.abs(), step, alpha_bar_s)
    exponents = exponent * torch.tensor([[[1, -1, 0.5]]], dtype=torch.float64)
    spread = 2**exponents * noise
    x_s = ancestral_step(x_t, x_0, noise, step * alpha_bar_s, alpha_bar_s, math.log(4) * exponents)
    assert_close(x_s, mean + spread, size + spread.abs() * (1 + abs(exponent)))


@given(
    x_t=normals(4, 3),
    x_0=normals(4, 3),
    noise=normals(4, 3),
    step=dyadics(1, 15, 4, 1, grid=16),
    alpha_bar_s=levels_and(1 - 2**-20),
)
def test_ancestral_step_reduces_to_x_0_at_clean_level(ancestral_step, x_t, x_0, noise, step, alpha_bar_s):
    """At alpha_bar_s = 1 the sample is x_0, whatever the variance, and its neighbours in the batch get their noise."""
    level = torch.cat([torch.ones(1, 1), alpha_bar_s])
    x_s = ancestral_step(x_t, x_0, noise, step * level, level, torch.zeros(1, 1, dtype=torch.float64))
    mean, _ = product_of_gaussians(x_t[1:], x_0[1:], step[1:], alpha_bar_s)
    assert_close(x_s, torch.cat([x_0[:1], mean + noise[1:]]), x_t.abs() + x_0.abs() + noise.abs())


@given(
    chain=chains(level_tables(3, 5, least=1), 2),
    x_T=normals(2, 3),
    noise=normals(6, 2, 3),
    log_variance=normals(6, 1, 1),
)
def test_ancestral_sample_steps_from_level_to_level(ancestral_sample, chain, x_T, noise, log_variance):
    """Asked once at each kept timestep, from level 0 upwards, the denoiser's x_0 and log variance set the step to the
    next, whose noise has the same index; the step to the clean level is x_0.
    """
    alpha_bar, timesteps = torch.cat([chain[0], torch.zeros(1)]), [len(chain[0]), *chain[1]]
    kept = sorted(timesteps)
    spy, asked, samples = spied(lambda x_t, t: (guess(x_t, t), log_variance[t].expand(2, 1)))
    sampled = ancestral_sample(spy, x_T, noise[: len(kept)], alpha_bar, timesteps)
    assert_equal(asked, kept[::-1])
    assert_equal(samples[0], x_T)
    x, x_0 = torch.stack(samples[::-1]), guesses(samples[::-1], kept)
    step, below = (alpha_bar[kept][1:] / alpha_bar[kept][:-1])[:, None, None], alpha_bar[kept][:-1, None, None]
    mean, _ = product_of_gaussians(x[1:], x_0[1:], step, below)
    spread = (log_variance[kept][1:] / 2).exp() * noise[1 : len(kept)]
    assert_close(x[:-1], mean + spread, x[1:].abs() + x_0[1:].abs() + 4 * spread.abs())
    assert_close(sampled, x_0[0], x[0].abs() + x_0[0].abs())


@given(chain=chains(level_tables(3), 2), centre=normals(3), spread=dyadics(1024, 8192, 3))
def test_ancestral_sample_preserves_marginals_of_gaussian_data(ancestral_sample, chain, centre, spread):
    """With E[x_0 | x_t] and Var(x_s | x_t) of data N(m, S), x_t is N(sqrt(alpha_bar) m, alpha_bar S + 1 - alpha_bar) at
    every level, and the last step, without noise, takes Var(x_0 | x_1) from S.
    """
    alpha_bar, timesteps = chain
    kept, S = sorted(timesteps), spread**2
    level = alpha_bar[kept][:, None]
    below = torch.cat([torch.ones(1, 1), level[:-1]])
    mean, variance = level.sqrt() * centre, level * S + 1 - level
    precision, step = 1 / S + level / (1 - level), level / below
    log_variance = -(1 / (below * S + 1 - below) + step / (1 - step)).log()

    def denoiser(x_t, t):
        i = kept.index(t)
        return (centre / S + (level.sqrt() / (1 - level))[i] * x_t) / precision[i], log_variance[i].expand(x_t.shape)

    start, noise = sources(len(kept))
    spy, _, samples = spied(denoiser)
    sampled = ancestral_sample(spy, mean[-1] + variance[-1].sqrt() * start, noise, alpha_bar, timesteps)
    found_mean, found_variance = mean_and_variance(torch.stack([sampled, *samples[::-1]]))
    largest, smallest = spread.clamp(min=1), spread.clamp(max=1)
    size, roundings = (centre.abs() + largest) * largest / smallest, 32 * len(kept)
    assert_close(found_mean, torch.cat([centre[None], mean]), size, roundings)
    assert_close(found_variance, torch.cat([S - 1 / precision[:1], variance]), size * largest, roundings)


@pytest.mark.parametrize("kept", [2, 4])
def test_ancestral_sample_rejects_noise_for_other_steps(ancestral_sample, kept):
    """Each kept timestep has its noise."""
    x_T, alpha_bar = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.75, 0.5, 0.25], dtype=torch.float64)
    noise = torch.zeros(kept, 2, 3, dtype=torch.float64)
    assert_rejects(ancestral_sample, lambda x_t, t: (x_t, x_t), x_T, noise, alpha_bar, (0, 1, 2))


@pytest.mark.parametrize(("alpha_bar", "timesteps"), NO_CHAINS)
def test_ancestral_sample_rejects_what_is_no_chain(ancestral_sample, alpha_bar, timesteps):
    """Timesteps are distinct indices of the table, and their levels fall from below 1 to no less than 0."""
    x_T, noise = torch.ones(2, 3, dtype=torch.float64), torch.zeros(len(timesteps), 2, 3, dtype=torch.float64)
    table = torch.tensor(alpha_bar, dtype=torch.float64)
    assert_rejects(ancestral_sample, lambda x_t, t: (x_t, x_t), x_T, noise, table, timesteps)


@given(step=levels(2, 3), alpha_bar_s=levels(2, 3), eta=ETAS)
def test_ddim_sigma_equals_eta_posterior_deviations(ddim_sigma, step, alpha_bar_s, eta):
    """sigma is eta times the standard deviation of q(x_s | x_t, x_0), of which precisions add."""
    precision = step / (1 - step) + 1 / (1 - alpha_bar_s)
    assert_close(ddim_sigma(step * alpha_bar_s, alpha_bar_s, eta), eta / precision.sqrt())


@pytest.mark.parametrize("eta", [0.0, 1.0])
@given(alpha_bar=levels(3))
def test_ddim_sigma_reduces_to_the_noise_at_the_end(ddim_sigma, alpha_bar, eta):
    """From pure noise to a level it is eta sqrt(1 - alpha_bar_s), from the level to clean data 0."""
    alpha_bar_t, alpha_bar_s = torch.stack([0 * alpha_bar, alpha_bar]), torch.stack([alpha_bar, alpha_bar**0])
    expected = torch.stack([eta * (1 - alpha_bar).sqrt(), 0 * alpha_bar])
    assert_close(ddim_sigma(alpha_bar_t, alpha_bar_s, eta), expected, 1)


@pytest.mark.parametrize("eta", OUTSIDE)
def test_ddim_sigma_rejects_eta_outside_unit_interval(ddim_sigma, eta):
    """Beyond 1 the fresh noise may exceed all the noise there is."""
    assert_rejects(ddim_sigma, *torch.tensor([[0.25], [0.5]], dtype=torch.float64), eta)


@given(
    x_0=normals(2, 2, 3),
    epsilon=normals(2, 2, 3),
    noise=normals(2, 2, 3),
    step=ratios(2, 1, 1),
    alpha_bar_s=ratios(2, 1, 1),
    eta=ETAS,
)
def test_ddim_step_keeps_variance_of_noise(ddim_step, x_0, epsilon, noise, step, alpha_bar_s, eta):
    """x_s is sqrt(alpha_bar_s) x_0, eta posterior deviations of fresh noise, and as much of the old as makes up
    variance 1 - alpha_bar_s.
    """
    alpha_bar_t = step * alpha_bar_s
    x_t = alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * epsilon
    old, fresh = deviations(step, alpha_bar_s, eta)
    size = x_t.abs() + 2 * x_0.abs() + (1 - alpha_bar_s) / old * epsilon.abs() + noise.abs()
    x_s = ddim_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta)
    assert_close(x_s, alpha_bar_s.sqrt() * x_0 + old * epsilon + fresh * noise, size)


@given(x_t=normals(2, 3), x_0=normals(2, 3), noise=normals(2, 3), step=ratios(2, 1), alpha_bar_s=ratios(2, 1))
def test_ddim_step_reduces_to_posterior_at_eta_1(ddim_step, x_t, x_0, noise, step, alpha_bar_s):
    """x_s has the mean and the variance of q(x_s | x_t, x_0), as in ancestral sampling."""
    mean, variance = product_of_gaussians(x_t, x_0, step, alpha_bar_s)
    old, fresh = deviations(step, alpha_bar_s, 1)
    size = (x_t.abs() + x_0.abs()) * (1 - alpha_bar_s).sqrt() / old + fresh * noise.abs()
    x_s = ddim_step(x_t, x_0, noise, step * alpha_bar_s, alpha_bar_s, 1.0)
    assert_close(x_s, mean + variance.sqrt() * noise, size)


@given(x_0=normals(2, 3), epsilon=normals(2, 3), noise=normals(2, 3), step=levels(2, 1), alpha_bar_s=levels(2, 1))
def test_ddim_step_keeps_epsilon_at_eta_0(ddim_step, x_0, epsilon, noise, step, alpha_bar_s):
    """One step, or two through a level in between, lead from sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) epsilon to the
    same at another level; noise is ignored.
    """
    way = step * alpha_bar_s, alpha_bar_s, (1 + alpha_bar_s) / 2
    x_t, halfway, expected = (level.sqrt() * x_0 + (1 - level).sqrt() * epsilon for level in way)
    first = ddim_step(x_t, x_0, noise, way[0], way[1], 0.0)
    second = ddim_step(first.double(), x_0, noise, way[1], way[2], 0.0)
    assert_close(first, halfway, x_0.abs() + epsilon.abs())
    assert_close(second, expected, x_0.abs() + epsilon.abs(), 32)


@pytest.mark.parametrize(("eta", "old"), [(0.0, 1.0), (0.6, 0.8)])
@given(x_t=normals(2, 3), x_0=normals(2, 3), noise=normals(2, 3), alpha_bar=levels(1, 1))
def test_ddim_step_reduces_to_noise_and_data_at_the_ends(ddim_step, x_t, x_0, noise, alpha_bar, eta, old):
    """Where alpha_bar_t = 0, x_t is the old noise; where alpha_bar_s = 1, the sample is x_0."""
    one = torch.ones(1, 1)
    x_s = ddim_step(x_t, x_0, noise, torch.cat([0 * one, alpha_bar]), torch.cat([alpha_bar, one]), eta)
    from_noise = alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * (old * x_t + eta * noise)
    size = x_t.abs() + x_0.abs() + noise.abs()
    assert_close(x_s, torch.cat([from_noise[:1], x_0[1:]]), size)


@given(x_T=normals(2, 3), x_0=normals(2, 3), noise=normals(2, 3), alpha_bar_s=levels(2, 1))
def test_ddim_step_forgets_pure_noise_at_eta_1(ddim_step, x_T, x_0, noise, alpha_bar_s):
    """From alpha_bar_t = 0 the sample is sqrt(alpha_bar_s) x_0 + sqrt(1 - alpha_bar_s) noise, up to the root of the
    roundings in 1 - alpha_bar_s - sigma^2, which is 0.
    """
    x_s = ddim_step(x_T, x_0, noise, 0 * alpha_bar_s, alpha_bar_s, 1.0)
    size = x_0.abs() + noise.abs() + x_T.abs()
    expected = alpha_bar_s.sqrt() * x_0 + (1 - alpha_bar_s).sqrt() * noise
    assert_close(x_s, expected, size, roundings=4 / torch.finfo(x_s.dtype).eps ** 0.5)


@pytest.mark.parametrize("eta", OUTSIDE)
def test_ddim_step_rejects_eta_outside_unit_interval(ddim_step, eta):
    """Beyond 1 the variance left to the old noise may be negative."""
    x, levels = torch.ones(2, 3, dtype=torch.float64), torch.tensor([[0.25], [0.5]], dtype=torch.float64)
    assert_rejects(ddim_step, x, x, x, levels / 2, levels, eta)


@given(
    chain=chains(level_tables(3, 5, least=1), 2),
    x_T=normals(2, 3),
    noise=normals(6, 2, 3),
    eta=st.integers(0, 7).map(lambda k: k / 8),
)
def test_ddim_sample_steps_from_level_to_level(ddim_sample, chain, x_T, noise, eta):
    """Asked once at each kept timestep, noisiest first, the denoiser's x_0, the epsilon that follows from it and the
    noise of the same index set the step to the next level, from level 0 upwards; the step to the clean level is x_0.
    """
    alpha_bar, timesteps = torch.cat([chain[0], torch.zeros(1)]), [len(chain[0]), *chain[1]]
    kept = sorted(timesteps)
    spy, asked, samples = spied(guess)
    sampled = ddim_sample(spy, x_T, noise[: len(kept)], alpha_bar, timesteps, eta)
    assert_equal(asked, kept[::-1])
    assert_equal(samples[0], x_T)
    x, x_0 = torch.stack(samples[::-1]), guesses(samples[::-1], kept)
    level = alpha_bar[kept][:, None, None]
    old, fresh = deviations(level[1:] / level[:-1], level[:-1], eta)
    epsilon = implied("epsilon", level[1:], x_t=x[1:].double(), x_0=x_0[1:].double())
    expected = level[:-1].sqrt() * x_0[1:] + old * epsilon + fresh * noise[1 : len(kept)]
    size = x[1:].abs() + 2 * x_0[1:].abs() + (1 - level[:-1]) / old * epsilon.abs() + noise[1 : len(kept)].abs()
    assert_close(x[:-1], expected, size)
    assert_close(sampled, x_0[0], x[0].abs() + x_0[0].abs())


@given(chain=chains(level_tables(3, least=1), 2), centre=normals(3), eta=ETAS)
def test_ddim_sample_preserves_marginals_of_a_point(ddim_sample, chain, centre, eta):
    """If all data are c, x_t is N(sqrt(alpha_bar) c, 1 - alpha_bar) at every level for every eta, and c at the end."""
    alpha_bar, timesteps = chain
    kept = sorted(timesteps)
    level = torch.cat([torch.ones(1), alpha_bar[kept]])[:, None]
    start, noise = sources(len(kept))
    spy, _, samples = spied(lambda x_t, t: centre.expand(x_t.shape))
    x_T = level[-1].sqrt() * centre + (1 - level[-1]).sqrt() * start
    sampled = ddim_sample(spy, x_T, noise, alpha_bar, timesteps, eta)
    mean, variance = mean_and_variance(torch.stack([sampled, *samples[::-1]]))
    assert_close(mean, level.sqrt() * centre, centre.abs(), 16 * len(kept))
    assert_close(variance, (1 - level).expand(-1, 3), 1 + centre.abs(), 32 * len(kept))


@given(
    chain=chains(level_tables(3, 5, least=1), 2),
    centre=normals(3),
    spread=dyadics(1024, 8192, 3),
    x_T=normals(2, 3),
    noise=normals(6, 2, 3),
)
def test_ddim_sample_turns_gaussian_data_at_eta_0(ddim_sample, chain, centre, spread, x_T, noise):
    """With E[x_0 | x_t] of data N(m, S), each step multiplies the distance from sqrt(alpha_bar) m by (u_s . u_t) /
    |u_t|^2, where u = (sqrt(alpha_bar S), sqrt(1 - alpha_bar)), and noise is not used.
    """
    alpha_bar, timesteps = torch.cat([chain[0], torch.zeros(1)]), [len(chain[0]), *chain[1]]
    kept = sorted(timesteps)
    level = torch.cat([torch.ones(1), alpha_bar[kept]])[:, None]
    u = torch.stack([level.sqrt() * spread, (1 - level).sqrt().expand(-1, 3)])

    def denoiser(x_t, t):
        i = 1 + kept.index(t)
        return centre + spread * (u[0] / u.square().sum(0))[i] * (x_t - level[i].sqrt() * centre)

    spy, _, samples = spied(denoiser)
    sampled = ddim_sample(spy, x_T, noise[: len(kept)] * math.nan, alpha_bar, timesteps, 0.0)
    gains = (u[:, 1:] * u[:, :-1]).sum(0) / u[:, 1:].square().sum(0)
    slopes = torch.cat([gains, torch.ones(1, 3)]).flip(0).cumprod(0).flip(0)[:, None]
    expected = level.sqrt()[:, None] * centre + slopes * x_T
    largest, smallest = spread.clamp(min=1), spread.clamp(max=1)
    size = (centre.abs() + x_T.abs() + largest) * largest / smallest
    assert_close(torch.stack([sampled, *samples[::-1]]), expected, size, 16 * len(kept))


@pytest.mark.parametrize("eta", [0.0, 0.5])
@pytest.mark.parametrize("kept", [2, 4])
def test_ddim_sample_rejects_noise_for_other_steps(ddim_sample, kept, eta):
    """Each kept timestep has its noise, whether it is used or not."""
    x_T, alpha_bar = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.75, 0.5, 0.25], dtype=torch.float64)
    noise = torch.zeros(kept, 2, 3, dtype=torch.float64)
    assert_rejects(ddim_sample, lambda x_t, t: x_t, x_T, noise, alpha_bar, (0, 1, 2), eta)


@pytest.mark.parametrize(("alpha_bar", "timesteps"), NO_CHAINS)
def test_ddim_sample_rejects_what_is_no_chain(ddim_sample, alpha_bar, timesteps):
    """Timesteps are distinct indices of the table, and their levels fall from below 1 to no less than 0."""
    x_T, noise = torch.ones(2, 3, dtype=torch.float64), torch.zeros(len(timesteps), 2, 3, dtype=torch.float64)
    table = torch.tensor(alpha_bar, dtype=torch.float64)
    assert_rejects(ddim_sample, lambda x_t, t: x_t, x_T, noise, table, timesteps, 0.5)


@pytest.mark.parametrize("eta", OUTSIDE)
def test_ddim_sample_rejects_eta_outside_unit_interval(ddim_sample, eta):
    """Beyond 1 the variance left to the old noise may be negative."""
    x_T, alpha_bar = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.75, 0.25], dtype=torch.float64)
    assert_rejects(ddim_sample, lambda x_t, t: x_t, x_T, torch.stack([x_T, x_T]), alpha_bar, (0, 1), eta)


@given(x_0=normals(3, 4, 2), epsilon=normals(3, 4, 2), step=levels(2, 1, 1), alpha_bar_s=levels(3, 1, 1))
def test_ddim_encode_step_keeps_data_and_noise(ddim_encode_step, x_0, epsilon, step, alpha_bar_s):
    """The noise in x_s is the noise in x_t, and all of x_t where alpha_bar_t = 0."""
    alpha_bar_t = torch.cat([step, torch.zeros(1, 1, 1)]) * alpha_bar_s
    x_s, x_t = (level.sqrt() * x_0 + (1 - level).sqrt() * epsilon for level in (alpha_bar_s, alpha_bar_t))
    size = x_0.abs() + (x_s.abs() + x_0.abs()) * ((1 - alpha_bar_t) / (1 - alpha_bar_s)).sqrt()
    assert_close(ddim_encode_step(x_s, x_0, alpha_bar_s, alpha_bar_t), x_t, size)


@given(chain=chains(level_tables(3, 5, least=1), 2), x=normals(2, 3))
def test_ddim_encode_steps_from_level_to_level(ddim_encode, chain, x):
    """Asked once at each kept timestep but the last, cleanest first, the denoiser's x_0 and the epsilon that follows
    from it make up the sample at the next level, down to level 0.
    """
    alpha_bar, timesteps = torch.cat([chain[0], torch.zeros(1)]), [len(chain[0]), *chain[1]]
    kept = sorted(timesteps)
    spy, asked, samples = spied(guess)
    encoded = ddim_encode(spy, x, alpha_bar, timesteps)
    assert_equal(asked, kept[:-1])
    assert_equal(samples[0], x)
    x_s, x_0 = torch.stack(samples), guesses(samples, kept[:-1])
    level, above = alpha_bar[kept][:-1, None, None], alpha_bar[kept][1:, None, None]
    epsilon = implied("epsilon", level, x_t=x_s.double(), x_0=x_0.double())
    size = x_0.abs() + (x_s.abs() + x_0.abs()) / (1 - level).sqrt()
    expected = implied("x_t", above, x_0=x_0.double(), epsilon=epsilon)
    assert_close(torch.stack([*samples[1:], encoded]), expected, size)


@given(chain=chains(level_tables(3, least=1), 2), x_0=normals(2, 3), epsilon=normals(2, 3))
def test_ddim_encode_is_undone_by_sampling_with_constant_epsilon(ddim_encode, ddim_sample, chain, x_0, epsilon):
    """A denoiser that knows the noise carries x_0 from the first kept level to the last, and back to clean data."""
    alpha_bar, timesteps = chain
    kept = sorted(timesteps)
    scale = (1 - alpha_bar).sqrt()

    def denoiser(x, t):
        return (x - scale[t] * epsilon) / alpha_bar[t].sqrt()

    first, last = kept[0], kept[-1]
    encoded = ddim_encode(denoiser, alpha_bar[first].sqrt() * x_0 + scale[first] * epsilon, alpha_bar, timesteps)
    size, roundings = (x_0.abs() + epsilon.abs()) / (alpha_bar[last].sqrt() * scale[first]), 32 * len(kept)
    assert_close(encoded, alpha_bar[last].sqrt() * x_0 + scale[last] * epsilon, size, roundings)
    noise = torch.zeros(len(kept), 2, 3, dtype=torch.float64)
    assert_close(ddim_sample(denoiser, encoded.double(), noise, alpha_bar, timesteps, 0.0), x_0, size, roundings)


@given(chain=chains(level_tables(3), 1), x=normals(2, 3))
def test_ddim_encode_stays_at_a_single_timestep(ddim_encode, chain, x):
    """From a level to itself there is no step, and nothing to ask."""
    spy, asked, _ = spied(guess)
    assert_equal(ddim_encode(spy, x, chain[0], chain[1][:1]), x)
    assert_equal(asked, [])


@pytest.mark.parametrize(("alpha_bar", "timesteps"), NO_CHAINS)
def test_ddim_encode_rejects_what_is_no_chain(ddim_encode, alpha_bar, timesteps):
    """Timesteps are distinct indices of the table, and their levels fall from below 1 to no less than 0."""
    x, table = torch.ones(2, 3, dtype=torch.float64), torch.tensor(alpha_bar, dtype=torch.float64)
    assert_rejects(ddim_encode, lambda x_s, s: x_s, x, table, timesteps)
