"""Laws of `reference.diffusion.standardization`."""

import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals

STDS = dyadics(1, 64, 3, grid=16)


@st.composite
def spread_data(draw, rows=5, dims=3):
    """Data without a constant dimension: the second row lies above the first."""
    data = draw(normals(rows, dims))
    data[1] = data[0] + draw(dyadics(1, 8192, dims))
    return data


def largest(data):
    """The largest size in each dimension."""
    return data.abs().amax(0)


@given(data=spread_data())
def test_fit_standardization_equals_exact_moments(fit_standardization, data):
    """Mean and root of the mean squared distance from it, each dimension by itself, in rational arithmetic."""
    columns = data.T.tolist()
    fitted = fit_standardization(data)
    assert_close(fitted.mean, [statistics.fmean(column) for column in columns], largest(data))
    assert_close(fitted.std, [statistics.pstdev(column) for column in columns], largest(data))


@given(data=spread_data(), scale=st.sampled_from([-2.0, -0.5, 0.5, 2.0]), shift=dyadics(4096000, 8192000, 3))
def test_fit_standardization_commutes_with_affine_maps(fit_standardization, data, scale, shift):
    """a x + b has a times the mean, plus b, and |a| times the standard deviation, also if b is many of them."""
    fitted, moved = fit_standardization(data), fit_standardization(scale * data + shift)
    size = abs(scale) * largest(data) + shift.abs()
    assert_close(moved.mean, scale * fitted.mean + shift, size)
    assert_close(moved.std, abs(scale) * fitted.std, size)


@pytest.mark.parametrize("gap", [2.0**-20, 2.0**-12, 1.0, 6.0])
def test_fit_standardization_equals_half_the_distance_of_two_rows(fit_standardization, gap):
    """Two rows lie one standard deviation from their midpoint, however close they are."""
    fitted = fit_standardization(torch.tensor([[0.5, -1.0], [0.5 + gap, -1.0 - 2 * gap]], dtype=torch.float64))
    assert_close(fitted.mean, [0.5 + gap / 2, -1.0 - gap])
    assert_close(fitted.std, [gap / 2, gap], 1 + gap)


@pytest.mark.parametrize("value", [0.1, math.log(1e-5)])
@pytest.mark.parametrize("dim", [0, 1, 2])
def test_fit_standardization_rejects_constant_dimensions(fit_standardization, dim, value):
    """A dimension that never changes has no scale, also where rounding gives it a standard deviation above 0."""
    data = torch.tensor([[1.0, 2.0, 4.0], [3.0, -1.0, 0.5]] * 4, dtype=torch.float64)[:7]
    data[:, dim] = value
    assert_rejects(fit_standardization, data)
    assert_rejects(fit_standardization, data[:, dim : dim + 1].clone())


@pytest.mark.parametrize("rows", [0, 1])
def test_fit_standardization_rejects_fewer_than_two_rows(fit_standardization, rows):
    """No row has no mean, and one row no spread."""
    assert_rejects(fit_standardization, torch.full((rows, 3), 0.5, dtype=torch.float64))


@given(data=spread_data())
def test_standardize_yields_zero_mean_and_unit_variance(standardize, fit_standardization, data):
    """Data standardised by their own moments have, in each dimension, the moments 0 and 1."""
    standard = standardize(data, *fit_standardization(data))
    condition = largest(data) / data.std(0, correction=0) * len(data)
    assert_close(standard.mean(0), 0.0, condition)
    assert_close(standard.square().mean(0), 1.0, condition)


@given(units=normals(2, 1, 3), mean=normals(3), std=STDS)
def test_standardize_counts_standard_deviations_from_mean(standardize, units, mean, std):
    """A point that is y standard deviations above the mean becomes y."""
    assert_close(standardize(mean + units * std, mean, std), units, units.abs() + mean.abs() / std)


@given(data=normals(2, 1, 3), mean=normals(3), std=STDS)
def test_unstandardize_inverts_standardize(unstandardize, standardize, data, mean, std):
    """Data come back from their standardised form, in which the mean is 0."""
    back = unstandardize(standardize(data, mean, std), mean, std)
    assert_close(back, data, data.abs() + mean.abs())
    assert_equal(unstandardize(torch.zeros(1, 3, dtype=torch.float64), mean, std), mean[None])


@given(units=normals(2, 1, 3), mean=normals(3), std=STDS)
def test_unstandardize_is_affine_through_mean_and_one_deviation(unstandardize, units, mean, std):
    """0 comes back as the mean, 1 as one standard deviation above it, and all else on the line through them."""
    line = (1 - units) * mean + units * (mean + std)
    assert_close(unstandardize(units, mean, std), line, mean.abs() + (units * std).abs())
