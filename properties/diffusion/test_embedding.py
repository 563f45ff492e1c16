"""Laws of `reference.diffusion.embedding`."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics

WIDTHS = st.integers(2, 9)
PERIODS = st.sampled_from([0.5, 2.0, 100.0, 10000.0])


def halves(embedding, width):
    """The two halves of an embedding, without the zero at the end of an odd width."""
    return embedding[:, : width // 2], embedding[:, width // 2 : width // 2 * 2]


def magnitude(timesteps, max_period):
    """Size of an angle's terms: a frequency carries the roundings of its logarithm."""
    return 1 + timesteps.abs()[:, None] * max(1, 1 / max_period) * (1 + abs(math.log(max_period)))


def turned(cosines, sines, by_cosines, by_sines):
    """Points of the unit circle turned by the angles of others: cosines and sines of the sums."""
    return cosines * by_cosines - sines * by_sines, sines * by_cosines + cosines * by_sines


@given(timesteps=dyadics(1, 96, 3, grid=64), width=WIDTHS, max_period=PERIODS)
def test_timestep_embedding_cos_sin_has_geometric_frequencies(timestep_embedding_cos_sin, timesteps, width, max_period):
    """The angles fall from t in equal ratios towards t / max_period, which would come next."""
    cosines, sines = halves(timestep_embedding_cos_sin(timesteps, width, max_period), width)
    frequencies = torch.as_tensor(np.geomspace(1, 1 / max_period, width // 2 + 1)[:-1])
    expected = timesteps[:, None] * frequencies
    assert_close(torch.atan2(sines, cosines), expected, expected * (1 + abs(math.log(max_period))))


@given(timesteps=dyadics(1, 96, 3, grid=64), width=WIDTHS, max_period=PERIODS)
def test_timestep_embedding_sin_cos_has_geometric_frequencies(timestep_embedding_sin_cos, timesteps, width, max_period):
    """The angles fall from t in equal ratios towards t / max_period, which would come next."""
    sines, cosines = halves(timestep_embedding_sin_cos(timesteps, width, max_period), width)
    frequencies = torch.as_tensor(np.geomspace(1, 1 / max_period, width // 2 + 1)[:-1])
    expected = timesteps[:, None] * frequencies
    assert_close(torch.atan2(sines, cosines), expected, expected * (1 + abs(math.log(max_period))))


@given(t=dyadics(-4096, 4096, 3, grid=64), k=dyadics(-4096, 4096, 3, grid=64), width=WIDTHS, max_period=PERIODS)
def test_timestep_embedding_cos_sin_rotates_with_time(timestep_embedding_cos_sin, t, k, width, max_period):
    """The embedding of t + k is that of t, each pair turned by the angle of k, and its squared norm is width // 2."""
    later = timestep_embedding_cos_sin(t + k, width, max_period)
    start = halves(timestep_embedding_cos_sin(t, width, max_period), width)
    turn = halves(timestep_embedding_cos_sin(k, width, max_period), width)
    condition = magnitude(t.abs() + k.abs(), max_period)
    assert_close(later[:, : width // 2 * 2], torch.cat(turned(*start, *turn), dim=1), condition)
    assert_close(later.square().sum(1), width // 2, width * condition[:, 0])


@given(t=dyadics(-4096, 4096, 3, grid=64), k=dyadics(-4096, 4096, 3, grid=64), width=WIDTHS, max_period=PERIODS)
def test_timestep_embedding_sin_cos_rotates_with_time(timestep_embedding_sin_cos, t, k, width, max_period):
    """The embedding of t + k is that of t, each pair turned by the angle of k, and its squared norm is width // 2."""
    later = timestep_embedding_sin_cos(t + k, width, max_period)
    start = halves(timestep_embedding_sin_cos(t, width, max_period), width)[::-1]
    turn = halves(timestep_embedding_sin_cos(k, width, max_period), width)[::-1]
    condition = magnitude(t.abs() + k.abs(), max_period)
    assert_close(later[:, : width // 2 * 2], torch.cat(turned(*start, *turn)[::-1], dim=1), condition)
    assert_close(later.square().sum(1), width // 2, width * condition[:, 0])


@pytest.mark.parametrize("width", [2, 3, 8, 9])
def test_timestep_embedding_cos_sin_equals_ones_and_zeros_at_zero(
    timestep_embedding_cos_sin, timestep_embedding_sin_cos, width
):
    """At time 0 all cosines are 1 and all sines 0, and an odd width ends in a 0 in either order."""
    ones, zeros, end = [1.0] * (width // 2), [0.0] * (width // 2), [0.0] * (width % 2)
    start = torch.zeros(3, dtype=torch.float64)
    assert_equal(timestep_embedding_cos_sin(start, width), [ones + zeros + end] * 3)
    assert_equal(timestep_embedding_sin_cos(start, width), [zeros + ones + end] * 3)


@pytest.mark.parametrize("width", [8, 9])
def test_timestep_embedding_cos_sin_has_decades_by_default(
    timestep_embedding_cos_sin, timestep_embedding_sin_cos, width
):
    """With a width of 8 or 9 the frequencies are 1, 1/10, 1/100 and 1/1000, unless another period is asked for."""
    angles = [1.0, 0.1, 0.01, 0.001]
    cosines, sines = [math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles]
    now, end = torch.ones(1, dtype=torch.float64), [0.0] * (width - 8)
    condition = 1 + math.log(10000)
    assert_close(timestep_embedding_cos_sin(now, width), [cosines + sines + end], condition)
    assert_close(timestep_embedding_sin_cos(now, width), [sines + cosines + end], condition)


@pytest.mark.parametrize("width", [-2, 0, 1])
def test_timestep_embedding_cos_sin_rejects_widths_without_a_pair(
    timestep_embedding_cos_sin, timestep_embedding_sin_cos, width
):
    """One angle needs a cosine and a sine."""
    timesteps = torch.tensor([0.5, 3.0], dtype=torch.float64)
    assert_rejects(timestep_embedding_cos_sin, timesteps, width)
    assert_rejects(timestep_embedding_sin_cos, timesteps, width)


@pytest.mark.parametrize("max_period", [0.0, -1.0, math.inf, math.nan])
def test_timestep_embedding_cos_sin_rejects_impossible_periods(
    timestep_embedding_cos_sin, timestep_embedding_sin_cos, max_period
):
    """A period is positive and finite."""
    timesteps = torch.tensor([0.5, 3.0], dtype=torch.float64)
    assert_rejects(timestep_embedding_cos_sin, timesteps, 4, max_period)
    assert_rejects(timestep_embedding_sin_cos, timesteps, 4, max_period)
