"""Laws of `reference.diffusion.sigmas`."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, levels

# Known angles as shares of a right one, and their tangents.
SHARES = torch.tensor([[0, 2, 3, 4], [6, 8, 9, 10]], dtype=torch.float64) / 12
TANGENTS = torch.tensor(
    [
        [0.0, 2 - math.sqrt(3), math.sqrt(2) - 1, 1 / math.sqrt(3)],
        [1.0, math.sqrt(3), 1 + math.sqrt(2), 2 + math.sqrt(3)],
    ],
    dtype=torch.float64,
)

POSITIVE = dyadics(1, 4096, 2, 3, grid=256)
ROOTS = st.sets(st.integers(1, 1024), min_size=2, max_size=7).map(sorted).map(lambda k: torch.tensor(k).double() / 64)
EXPONENTS = st.sets(st.integers(-20, 20), min_size=2, max_size=7).map(sorted)


def _powers_of_two(exponents):
    return 2 ** torch.tensor(exponents, dtype=torch.float64)


@given(signal=st.lists(st.integers(1, 4095), min_size=6, max_size=6))
def test_sigma_from_alpha_bar_equals_root_of_odds(sigma_from_alpha_bar, signal):
    """k parts of signal variance in 4096 leave a noise of sigma^2 = (4096 - k) / k times that."""
    sigma = sigma_from_alpha_bar(torch.tensor(signal, dtype=torch.float64).reshape(2, 3) / 4096)
    odds = [float(Fraction(4096 - k, k)) for k in signal]
    assert_close(sigma**2, [odds[:3], odds[3:]])


@given(alpha_bar=levels(2, 3))
def test_sigma_from_alpha_bar_inverts_when_signal_and_noise_trade_places(sigma_from_alpha_bar, alpha_bar):
    """sigma(alpha_bar) sigma(1 - alpha_bar) = 1."""
    assert_close(sigma_from_alpha_bar(alpha_bar) * sigma_from_alpha_bar(1 - alpha_bar), 1.0)


def test_sigma_from_alpha_bar_reaches_its_limits(sigma_from_alpha_bar):
    """No noise gives 0, equal parts 1, and no signal infinity."""
    assert_equal(sigma_from_alpha_bar(torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64)), [0.0, 1.0, math.inf])


def test_sigma_from_alpha_bar_equals_range_of_stable_diffusion(
    sigma_from_alpha_bar, alpha_bar_from_betas, scaled_linear_beta_schedule
):
    """1000 steps from 0.00085 to 0.012 (Rombach et al. 2021) make sigma rise from 0.0292 over 1.61 to 14.61."""
    sigma = sigma_from_alpha_bar(alpha_bar_from_betas(scaled_linear_beta_schedule(1000, 0.00085, 0.012)))
    expected = torch.tensor([0.029167158151720067, 1.6128861943038753, 14.614641229333636], dtype=torch.float64)
    assert_close(sigma[[0, 499, 999]], expected, expected + 1 / expected, roundings=2000)


@given(sigma=POSITIVE)
def test_alpha_bar_from_sigma_equals_squared_cosine(alpha_bar_from_sigma, sigma):
    """sigma is the tangent of an angle whose squared cosine is the share of the signal."""
    assert_close(alpha_bar_from_sigma(sigma), torch.atan(sigma).cos() ** 2, 1.0)


@given(legs=st.lists(st.integers(1, 4095), min_size=6, max_size=6))
def test_alpha_bar_from_sigma_equals_share_of_squares(alpha_bar_from_sigma, legs):
    """A noise of k / 64 deviations for each of signal leaves 4096 parts in 4096 + k^2."""
    sigma = torch.tensor(legs, dtype=torch.float64).reshape(2, 3) / 64
    shares = [float(Fraction(4096, 4096 + k**2)) for k in legs]
    assert_close(alpha_bar_from_sigma(sigma), [shares[:3], shares[3:]])


def test_alpha_bar_from_sigma_reaches_its_limits(alpha_bar_from_sigma):
    """No noise leaves 1, equal parts 1 / 2, and infinite noise 0."""
    assert_close(alpha_bar_from_sigma(torch.tensor([0.0, 1.0, math.inf], dtype=torch.float64)), [1.0, 0.5, 0.0])


def test_v_time_from_sigma_equals_known_angles(v_time_from_sigma):
    """The time is the share of a right angle whose tangent is sigma."""
    assert_close(v_time_from_sigma(TANGENTS), SHARES)


def test_v_time_from_sigma_ends_at_one(v_time_from_sigma):
    """Pure noise, whose sigma is infinite, is reached at time 1."""
    assert_close(v_time_from_sigma(torch.tensor([0.0, math.inf], dtype=torch.float64)), [0.0, 1.0])


@given(sigma=POSITIVE)
def test_v_time_from_sigma_sums_to_one_with_reciprocal(v_time_from_sigma, sigma):
    """Signal and noise trade places half-way: the times of sigma and of 1 / sigma add up to 1."""
    assert_close(v_time_from_sigma(sigma) + v_time_from_sigma(1 / sigma), 1.0)


@given(sigma=dyadics(1, 255, 2, 3, grid=256))
def test_v_time_from_sigma_fills_a_right_angle(v_time_from_sigma, sigma):
    """By tan(2 x) = 2 tan(x) / (1 - tan(x)^2), twice the time of sigma leaves that of (1 - sigma^2) / (2 sigma)."""
    rest = v_time_from_sigma((1 - sigma**2) / (2 * sigma))
    assert_close(2 * v_time_from_sigma(sigma) + rest, 1.0)


def test_sigma_from_v_time_equals_known_tangents(sigma_from_v_time):
    """sigma is the tangent of that share of a right angle."""
    assert_close(sigma_from_v_time(SHARES), TANGENTS, 1 + TANGENTS**2)


@given(time=dyadics(0, 4095, 2, 3))
def test_sigma_from_v_time_equals_tangent_of_half_angle(sigma_from_v_time, time):
    """tan(x / 2) = (1 - cos x) / sin x = sin x / (1 + cos x), with x = pi t."""
    sine, cosine = torch.sin(math.pi * time), torch.cos(math.pi * time)
    tangent = torch.where(time < 0.5, sine / (1 + cosine), (1 - cosine) / sine)
    assert_close(sigma_from_v_time(time), tangent, 1 + tangent**2)


@given(exponents=EXPONENTS, queries=st.lists(st.integers(-24, 24), min_size=3, max_size=3))
def test_timestep_from_sigma_interpolates_exponents(timestep_from_sigma, exponents, queries):
    """On a table of powers of two the index is linear in the exponent between neighbours, and level outside."""
    expected = np.interp(queries, exponents, range(len(exponents)))
    index = timestep_from_sigma(_powers_of_two(queries), _powers_of_two(exponents))
    assert_close(index, expected.tolist(), 48.0)


@given(numerators=st.sets(st.integers(1, 2**20), min_size=2, max_size=7).map(sorted))
def test_timestep_from_sigma_counts_the_entries(timestep_from_sigma, numerators):
    """Every entry of the table has its own index, however unevenly they lie; 0 and infinity have the outermost ones."""
    sigmas = torch.tensor(numerators, dtype=torch.float64) / 4096
    queries = torch.cat([sigmas.new_zeros(1), sigmas, sigmas.new_full((1,), math.inf)])
    last = len(numerators) - 1
    assert_close(timestep_from_sigma(queries, sigmas), [0, *range(last + 1), last], 1.0)


@given(roots=ROOTS)
def test_timestep_from_sigma_is_half_way_at_geometric_means(timestep_from_sigma, roots):
    """Between neighbours a^2 and b^2 the index is half-way at a b, however unevenly the table is spaced."""
    index = timestep_from_sigma(roots[:-1] * roots[1:], roots**2)
    condition = len(roots) + roots[1:].log().abs() / roots.log().diff()
    assert_close(index, torch.arange(len(roots) - 1) + 0.5, condition)


@pytest.mark.parametrize("num_entries", [0, 1])
def test_timestep_from_sigma_rejects_tables_without_interval(timestep_from_sigma, num_entries):
    """Between fewer than two entries there is nothing to interpolate."""
    sigmas = torch.ones(num_entries, dtype=torch.float64)
    assert_rejects(timestep_from_sigma, torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64), sigmas)


@given(exponents=EXPONENTS, shares=st.lists(st.integers(0, 64), min_size=3, max_size=3))
def test_sigma_from_timestep_interpolates_exponents(sigma_from_timestep, exponents, shares):
    """On a table of powers of two the exponent is linear in the index between neighbours."""
    timestep = torch.tensor(shares, dtype=torch.float64) / 64 * (len(exponents) - 1)
    expected = 2 ** torch.as_tensor(np.interp(timestep, range(len(exponents)), exponents))
    sigma = sigma_from_timestep(timestep, _powers_of_two(exponents))
    assert_close(sigma, expected, expected * 24)


@given(numerators=st.sets(st.integers(1, 2**20), min_size=2, max_size=7).map(sorted))
def test_sigma_from_timestep_looks_up_the_entries(sigma_from_timestep, numerators):
    """At every whole index, the last one included, sigma is the entry itself."""
    sigmas = torch.tensor(numerators, dtype=torch.float64) / 4096
    timestep = torch.arange(len(numerators), dtype=torch.float64)
    assert_close(sigma_from_timestep(timestep, sigmas), sigmas, sigmas * (1 + sigmas.log().abs()))


@given(roots=ROOTS)
def test_sigma_from_timestep_is_geometric_mean_half_way(sigma_from_timestep, roots):
    """Half-way between neighbours a^2 and b^2 sigma is a b, however unevenly the table is spaced."""
    sigma = sigma_from_timestep(torch.arange(len(roots) - 1, dtype=torch.float64) + 0.5, roots**2)
    mean = roots[:-1] * roots[1:]
    assert_close(sigma, mean, mean * (1 + roots[1:].log().abs() + roots[:-1].log().abs()))
