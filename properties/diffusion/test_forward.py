"""Laws of `reference.diffusion.forward`."""

import functools
import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import signal_and_noise
from properties.strategies import betas, dyadics, level_tables, levels, levels_and, masks, normals

LEVELS = levels_and(0.0, 1.0, axes=2)
STRENGTHS = st.integers(-12, 12).map(lambda eighths: eighths / 8)
TRIPLES = torch.tensor([[3.0, 4.0, 5.0], [5.0, 12.0, 13.0], [8.0, 15.0, 17.0]], dtype=torch.float64)


@given(x_s=normals(4, 3, 2), noise=normals(4, 3, 2), beta_t=LEVELS)
def test_q_step_equals_turn_towards_noise(q_step, x_s, noise, beta_t):
    """x_t is x_s turned towards the noise by the angle with sin^2 = beta: x_s at beta = 0, the noise at beta = 1."""
    signal, spread = signal_and_noise(1 - beta_t)
    assert_close(q_step(x_s, noise, beta_t), signal * x_s + spread * noise, x_s.abs() + noise.abs())


@given(x_s=normals(4, 3, 2), noise=normals(4, 3, 2), step=LEVELS, alpha_bar_s=levels(4, 1, 1))
def test_q_between_equals_turn_by_ratio_of_levels(q_between, x_s, noise, step, alpha_bar_s):
    """The ratio of the levels is cos^2 of the turn: x_s if they are equal, the noise if t has no signal."""
    signal, spread = signal_and_noise(step)
    x_t = q_between(x_s, noise, alpha_bar_s, step * alpha_bar_s)
    assert_close(x_t, signal * x_s + spread * noise, x_s.abs() + noise.abs() / spread.where(spread > 0, 1))


@given(step=levels(2, 1), alpha_bar_s=levels(2, 1))
def test_q_between_leads_from_marginal_to_marginal(q_between, q_sample, step, alpha_bar_s):
    """After q(x_s | x_0) it gives q(x_t | x_0), and Cov(x_s, x_t | x_0) = sqrt(alpha_bar_t / alpha_bar_s) Var(x_s)."""
    x_0, first, second = torch.eye(3, dtype=torch.float64)[:, None].repeat(1, 2, 1)
    x_s = q_sample(x_0, first, alpha_bar_s)
    x_t = q_between(x_s, second, alpha_bar_s, step * alpha_bar_s)
    assert_close(x_t[:, :1] ** 2, step * alpha_bar_s, 1.0)
    assert_close((x_t[:, 1:] ** 2).sum(1, keepdim=True), 1 - step * alpha_bar_s, 1.0)
    assert_close(x_s[:, 1:2] * x_t[:, 1:2], signal_and_noise(step)[0] * (1 - alpha_bar_s), 1.0)


@given(alpha_bar_s=dyadics(1, 256, 2, 1, grid=256), steps=dyadics(1, 256, 2, 2, 1, grid=256))
def test_q_between_composes(q_between, alpha_bar_s, steps):
    """Two moves are one: their gains multiply, and the variance of the first shrinks before the second adds its own."""
    one, none = torch.ones(2, 1, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.float64)
    alpha_bar_u, alpha_bar_t = steps[0] * alpha_bar_s, steps[0] * steps[1] * alpha_bar_s
    gain = q_between(q_between(one, none, alpha_bar_s, alpha_bar_u), none, alpha_bar_u, alpha_bar_t)
    old = q_between(q_between(none, one, alpha_bar_s, alpha_bar_u), none, alpha_bar_u, alpha_bar_t)
    new, spread = q_between(none, one, alpha_bar_u, alpha_bar_t), q_between(none, one, alpha_bar_s, alpha_bar_t)
    assert_close(gain**2, steps[0] * steps[1])
    assert_close(q_between(one, none, alpha_bar_s, alpha_bar_t), gain)
    assert_close(spread**2, old**2 + new**2, 1.0)


@given(x_0=normals(4, 2), noise=normals(4, 2), alpha_bar_t=levels_and(0.0, 1.0))
def test_q_sample_equals_turn_of_data_into_noise(q_sample, x_0, noise, alpha_bar_t):
    """x_t = cos(phi) x_0 + sin(phi) noise, where cos(2 phi) = 2 alpha_bar - 1: the noise at 0, the data at 1."""
    signal, spread = signal_and_noise(alpha_bar_t)
    assert_close(q_sample(x_0, noise, alpha_bar_t), signal * x_0 + spread * noise, x_0.abs() + noise.abs())


@given(betas=betas(max_steps=6))
def test_q_sample_equals_composition_of_steps(q_sample, q_step, betas):
    """T steps weigh x_0 and the T noises by a unit vector, and q_sample gathers the noises into one of that length."""
    x_0, *noises = torch.eye(len(betas) + 1, dtype=torch.float64)[:, None]
    steps = zip(noises, betas[:, None, None], strict=True)
    weights = functools.reduce(lambda x, step: q_step(x, *step), steps, x_0)
    alpha_bar, (signal, noise) = (1 - betas).prod()[None, None], torch.eye(2, dtype=torch.float64)[:, None]
    gathered = torch.cat([weights[:, :1] ** 2, (weights[:, 1:] ** 2).sum(1, keepdim=True)], 1)
    assert_close(gathered, torch.cat([alpha_bar, 1 - alpha_bar], 1), 1.0, roundings=4 * len(betas))
    assert_close(q_sample(signal, noise, alpha_bar) ** 2, gathered, 1.0, roundings=4 * len(betas))


@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 1)])
@given(x_0=normals(9), noise=normals(9))
def test_q_sample_noises_each_sample_at_its_own_level(q_sample, shape, x_0, noise):
    """A sample at the level (a / c)^2, where a^2 + b^2 = c^2, becomes (a x_0 + b noise) / c, whatever the others do."""
    a, b, c = TRIPLES.T.reshape(3, 3, *[1] * (len(shape) - 1))
    x_0, noise = x_0.reshape(shape), noise.reshape(shape)
    x_t = q_sample(x_0, noise, (a / c) ** 2)
    assert_equal(x_t.shape, torch.Size(shape))
    assert_close(x_t, (a * x_0 + b * noise) / c, x_0.abs() + noise.abs())


@given(x_0=normals(4, 3, 2), alpha_bar_t=LEVELS)
def test_q_mean_variance_equals_projections_of_turn(q_mean_variance, x_0, alpha_bar_t):
    """The mean is cos(phi) x_0 and the variance sin(phi)^2, the same for all data."""
    signal, spread = signal_and_noise(alpha_bar_t)
    mean, variance = q_mean_variance(x_0, alpha_bar_t)
    assert_close(mean, signal * x_0)
    assert_close(variance, spread**2)


@given(x_0=normals(4, 2), alpha_bar_t=levels_and(0.0, 1.0))
def test_q_mean_variance_equals_moments_of_q_sample(q_mean_variance, q_sample, x_0, alpha_bar_t):
    """They are those of x_t over the two noises +-1, and mean^2 = x_0^2 (1 - variance)."""
    mean, variance = q_mean_variance(x_0, alpha_bar_t)
    above, below = (q_sample(x_0, sign * torch.ones_like(x_0), alpha_bar_t) for sign in (1.0, -1.0))
    assert_close((above + below) / 2, mean, x_0.abs() + 1)
    assert_close(((above - below) / 2) ** 2, variance, x_0.abs() + 1)
    assert_close(mean**2, x_0**2 * (1 - variance), x_0**2)


@given(x_0=normals(4, 3, 2), noise=normals(4, 3, 2), alpha_bar_t=LEVELS, context=masks(4, 3, 2))
def test_q_sample_with_context_keeps_context(q_sample_with_context, x_0, noise, alpha_bar_t, context):
    """What is context stays as it is, to the last bit, and all else is turned into noise."""
    signal, spread = signal_and_noise(alpha_bar_t)
    x_t = q_sample_with_context(x_0, noise, alpha_bar_t, context)
    assert_equal(x_t[context], x_0[context])
    assert_close(x_t, torch.where(context, x_0, signal * x_0 + spread * noise), x_0.abs() + noise.abs())


@given(x_0=normals(4, 2), noises=normals(2, 4, 2), alpha_bar_t=levels_and(0.0, 1.0), context=masks(4, 2))
def test_q_sample_with_context_is_invariant_to_noise_under_context(
    q_sample_with_context, x_0, noises, alpha_bar_t, context
):
    """Two noises lead apart by sin(phi) of their difference outside the context, and not at all inside."""
    first, second = (q_sample_with_context(x_0, noise, alpha_bar_t, context) for noise in noises)
    apart = signal_and_noise(alpha_bar_t)[1] * (noises[0] - noises[1])
    assert_close(first - second, apart.masked_fill(context, 0), x_0.abs() + noises.abs().sum(0))
    assert_equal((first - second)[context], torch.zeros(int(context.sum())))


@pytest.mark.parametrize("rest", [(), (4,), (2, 2)])
@given(noise=normals(2, 3, 4), offset=dyadics(-256, 256, 2, 3, grid=64), strength=STRENGTHS)
def test_offset_noise_moves_each_channel_of_each_sample(offset_noise, rest, noise, offset, strength):
    """Every entry of a channel moves by strength times the channel's own offset, exactly."""
    noise = noise[..., : math.prod(rest)].reshape(2, 3, *rest)
    channels = [noise[b, c] + strength * offset[b, c].item() for b, c in itertools.product(range(2), range(3))]
    assert_equal(offset_noise(noise, offset, strength), torch.stack(channels).reshape(2, 3, *rest))


@given(strength=STRENGTHS)
def test_offset_noise_has_covariance_within_channels(offset_noise, strength):
    """Independent standard normals get the covariance I + strength^2 in a channel, and none between channels."""
    sources = torch.eye(8, dtype=torch.float64)
    entries = offset_noise(sources[:, :6].reshape(8, 2, 3), sources[:, 6:].contiguous(), strength).reshape(8, 6)
    same_channel = torch.kron(torch.eye(2), torch.ones(3, 3))
    assert_close(entries.T @ entries, torch.eye(6) + strength**2 * same_channel, 1 + strength**2)


@given(alpha_bar=level_tables(2, 8, grid=256, least=1))
def test_balanced_offset_weights_equal_recursion(balanced_offset_weights, alpha_bar):
    """The offset of x_t grows as if added to x_{t-1} in just the amount that the mean of the step back takes away.

    With x_t = sqrt(alpha_t) (x_{t-1} + gamma_t xi) + sqrt(beta_t) epsilon the offset of x_t is
    sqrt(alpha_bar_t) S_t xi, S_t = S_{t-1} + gamma_t / sqrt(alpha_bar_{t-1}), and the mean of x_{t-1} takes gamma_t xi
    away. In units of the noise both are equal where S_t / S_{t-1} = 1 + beta_t / (alpha_t (1 - alpha_bar_{t-1})).
    """
    level = [Fraction(value) for value in alpha_bar.tolist()]
    growth = [1 + (1 - t / s) / (t / s * (1 - s)) for s, t in itertools.pairwise(level)]
    total = list(itertools.accumulate(growth, lambda before, factor: before * factor, initial=Fraction(1)))
    squares = [part**2 * t / (1 - t) for part, t in zip(total, level, strict=True)]
    expected = torch.tensor([math.sqrt(square / squares[-1]) for square in squares], dtype=torch.float64)
    assert_close(balanced_offset_weights(alpha_bar), expected)


@given(alpha_bar=level_tables(2, 8, grid=256, least=1))
def test_balanced_offset_weights_rise_to_one(balanced_offset_weights, alpha_bar):
    """The noisier the level, the larger the weight, and the last is 1."""
    weights = balanced_offset_weights(alpha_bar)
    assert_equal(weights[-1], 1.0)
    assert_equal(weights.argsort(), torch.arange(len(weights)))
