"""Laws of `reference.numerics.low_precision`."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers, steps

HALF = 2.0**-11


def rounded_product(left, right, dtype):
    """Product of float16 factors, whose terms and sums are rounded to a dtype and the result to float16."""
    left, right = left.half().numpy().astype(dtype), right.half().numpy().astype(dtype)
    total = np.zeros((len(left), right.shape[1]), dtype)
    for column, row in zip(left.T, right, strict=True):
        total += np.outer(column, row)
    return torch.from_numpy(total.astype(np.float16)).double()


def magnitude_sums(left, right):
    columns = right.T.tolist()
    sums = [[math.fsum(abs(a * b) for a, b in zip(row, column, strict=True)) for column in columns] for row in left]
    return torch.tensor(sums, dtype=torch.float64)


@pytest.mark.parametrize(("dtype", "significand_bits"), [(torch.float16, 11), (torch.bfloat16, 8), (torch.float32, 24)])
def test_unit_roundoff_is_lost_at_one(unit_roundoff, dtype, significand_bits):
    """1 + u is 1 and 1 + 2 u the number after it, so that u is the largest relative error of rounding."""
    one, u = torch.ones((), dtype=dtype), unit_roundoff(significand_bits)
    assert one + u == one
    assert one + 2 * u == torch.nextafter(one, 2 * one)


@given(count=st.integers(0, 7), roundoff=st.sampled_from([2.0**-24, 2.0**-11, 2.0**-8, 0.0625, 0.1]))
def test_rounding_growth_bounds_products_of_roundings(rounding_growth, count, roundoff):
    """gamma / (1 + gamma) is n u, and n factors 1 + u or 1 / (1 - u) are at most 1 + gamma."""
    gamma, u = rounding_growth(count, roundoff), Fraction(roundoff)
    assert_close(gamma, float(1 / (1 - count * u) - 1))
    assert_at_most(float(max((1 + u) ** count, (1 - u) ** -count) - 1), gamma, 1.0)


@given(left=normals(3, 5), right=normals(5, 7), roundoff=st.sampled_from([HALF, 0.0625]))
def test_product_error_bound_holds_in_half_precision(product_error_bound, left, right, roundoff):
    """(k + 2) u / (1 - (k + 2) u) sums of magnitudes bound the error of float16 products of float16 factors."""
    left, right = 16 * left, 16 * right
    bound = product_error_bound(left, right, roundoff)
    sums = magnitude_sums(left.tolist(), right)
    assert_close(bound, sums / (1 / (7 * roundoff) - 1))
    error = (rounded_product(left, right, np.float16) - left @ right).abs()
    assert_at_most(-bound, -error, sums)


@given(
    left=normals(3, 5), right=normals(5, 7), roundoffs=st.sampled_from([(HALF, 2.0**-24), (0.0625, HALF), (HALF, 0.0)])
)
def test_mixed_product_error_bound_holds_for_float32_sums(mixed_product_error_bound, left, right, roundoffs):
    """(1 + u)^3 / (1 - k v) - 1 sums of magnitudes bound the error if sums are kept in float32."""
    left, right, (u, v) = 16 * left, 16 * right, map(Fraction, roundoffs)
    bound = mixed_product_error_bound(left, right, *roundoffs)
    sums = magnitude_sums(left.tolist(), right)
    assert_close(bound, sums * float((1 + u) ** 3 / (1 - 5 * v) - 1))
    if roundoffs[1]:
        error = (rounded_product(left, right, np.float32) - left @ right).abs()
        assert_at_most(-bound, -error, sums)


@given(x=dyadics(-16, 16, 2, 3, 5, grid=8), y=dyadics(-16, 16, 2, 3, 5, grid=8))
def test_dot_condition_equals_ratio_of_sums(dot_condition, x, y):
    """The condition is the sum of the terms' magnitudes over that of their sum, at least 1 and inf if they cancel."""
    x[..., 2], y[..., 2] = 1.5, -2.0
    rows = [list(map(Fraction, row)) for row in (x * y).flatten(0, 1).tolist()]
    ratios = [float(sum(map(abs, row)) / abs(sum(row))) if sum(row) else math.inf for row in rows]
    assert_close(dot_condition(x, y), torch.tensor(ratios, dtype=torch.float64).reshape(2, 3))


@pytest.mark.parametrize(("second", "condition"), [(-1.5, math.inf), (1.5, 1), (-1.0, 5)])
def test_dot_condition_equals_worked_example(dot_condition, second, condition):
    """Terms that cancel to nothing have condition inf, and terms of one sign 1; 3 - 2 has 5."""
    assert_close(dot_condition(numbers(1.5, 2), numbers(2, second)), condition)


@given(x=dyadics(-1024, 1024, 2, 3, 5, grid=16), y=dyadics(-31, 31, 2, 3, 5, grid=1))
def test_running_dot_rounds_every_product_and_sum(running_dot, x, y):
    """In float16 it is the sum of rounded products, one after another, each sum rounded; without terms it is 0."""
    total = np.zeros((2, 3), np.float16)
    for a, b in zip(x.movedim(-1, 0).numpy(), y.movedim(-1, 0).numpy(), strict=True):
        total += a.astype(np.float16) * b.astype(np.float16)
    assert_equal(running_dot(x.half(), y.half()), torch.from_numpy(total))
    assert_equal(running_dot(x, y), (x * y).sum(-1))
    assert_equal(running_dot(x[..., :0], y[..., :0]), torch.zeros(2, 3))


@given(x=dyadics(-1024, 1024, 3, 5, grid=16), y=dyadics(-31, 31, 3, 5, grid=1), odd=dyadics(-512, 511, 3, 1, grid=1))
def test_excess_error_of_running_dot_is_at_most_its_number_of_roundings(
    excess_error, running_dot, dot_condition, rounding_growth, x, y, odd
):
    """In float16 the error is the excess times u sum |x_i y_i|, and the excess of six terms at most gamma_6 / u."""
    x = torch.cat([x, (2 * odd + 1) / 32], -1)
    y = torch.cat([y, torch.ones_like(odd)], -1)
    exact, observed = (x * y).sum(-1), running_dot(x.half(), y.half())
    excess = excess_error(observed, exact, dot_condition(x, y), HALF)
    off = (observed.double() - exact).abs() / (HALF * (x * y).abs().sum(-1))
    assert_close(excess, off, off + 1 / HALF)
    assert_at_most(excess, rounding_growth(6, HALF) / HALF, off + 1 / HALF)


@given(exact=dyadics(1, 4096, 2, 3), error=normals(2, 3), condition=dyadics(64, 1024, 3, grid=64))
def test_excess_error_counts_roundings_of_the_data(excess_error, exact, error, condition):
    """Data that is off by n u gives a result that is off by n u times its condition, and counts as n."""
    observed = exact * (1 + error * condition * HALF)
    count = excess_error(observed, exact, condition, HALF)
    assert_close(count, error.abs(), error.abs() + 1 / HALF)


def test_unit_roundoff_rejects_empty_significands(unit_roundoff):
    """The first bit is always there, and with it alone numbers are off by half of themselves; each more halves that."""
    assert_rejects(unit_roundoff, 0)
    assert_equal(unit_roundoff(1), 0.5)
    assert_equal(unit_roundoff(113), unit_roundoff(53) * unit_roundoff(60))


@pytest.mark.parametrize(("count", "roundoff"), [(-1, 0.25), (3, -0.25), (4, 0.25), (2, math.nan)])
def test_rounding_growth_rejects_what_has_no_bound(rounding_growth, count, roundoff):
    """There is no bound once n u is 1; below, as for 3 / 4, there is, and for 0 it is 0."""
    assert_close(rounding_growth(3, 0.25), 3.0)
    assert_equal(rounding_growth(3, 0.0), 0.0)
    assert_rejects(rounding_growth, count, roundoff)


def test_product_error_bound_rejects_what_has_no_bound(product_error_bound, mixed_product_error_bound, excess_error):
    """Too many roundings have no bound, and roundoffs are not negative; if only sums are rounded theirs is left."""
    left, right = steps(3, 2), steps(2, 5)
    assert_close(mixed_product_error_bound(left, right, 0.0, 0.25), left.abs() @ right.abs())
    assert_rejects(product_error_bound, left, right, 0.25)
    assert_rejects(mixed_product_error_bound, left, right, 0.25, 0.5)
    assert_rejects(mixed_product_error_bound, left, right, -0.25, 0.25)
    assert_rejects(excess_error, left, left + 9, left.abs() + 1, 0.0)
    assert_rejects(excess_error, left, left + 9, left.abs() + 1, -0.25)
