"""Laws of `reference.probability.norms`."""

import itertools
import math
import statistics
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals


def nonzero(*shape):
    """Vectors whose first element is positive."""
    *batch, dim = shape
    parts = st.tuples(dyadics(1, 256, *batch, 1, grid=64), dyadics(-256, 256, *batch, dim - 1, grid=64))
    return parts.map(lambda pair: torch.cat(pair, -1))


def exponents():
    return st.sampled_from([-100, 0, 3, 100])


def lengths(rows):
    return torch.tensor([math.hypot(*row) for row in rows.tolist()], dtype=torch.float64)


@pytest.mark.parametrize("p", [1.0, 1.25, 2.0, 64.0, 1024.0])
@given(x=nonzero(1, 3), exponent=exponents())
def test_p_norm_equals_root_of_powers(p_norm, x, p, exponent):
    """|2^k x|_p is 2^k times the p-th root of the sum of the p-th powers, for any p from 1 on and at any scale."""
    x = torch.cat([x, torch.tensor([[1.0, -1.0, 1.0]])])
    expected = [float(mpmath.fsum(abs(mpmath.mpf(v)) ** p for v in row) ** (1 / mpmath.mpf(p))) for row in x.tolist()]
    unit = 2.0**exponent
    assert_close(p_norm(unit * x, p), unit * torch.tensor(expected, dtype=torch.float64))


@given(x=normals(2, 5, 3), y=normals(2, 5, 3), quarters=st.integers(4, 64))
def test_p_norm_is_monotone_in_p(p_norm, x, y, quarters):
    """max |x_i| = |x|_inf <= |x|_q <= |x|_p <= |x|_1 for p <= q, and each obeys the triangle inequality."""
    p = quarters / 4
    assert_equal(p_norm(x, float("inf")), x.abs().amax(-1))
    chain = [p_norm(x, q) for q in (math.inf, p + 1, p, 1.0)]
    for lower, upper in itertools.pairwise(chain):
        assert_at_most(lower, upper)
    assert_at_most(p_norm(x + y, p), chain[2] + p_norm(y, p), x.abs().sum(-1) + y.abs().sum(-1))


@pytest.mark.parametrize("p", [0.999, 0.5, 0.0, -1.0, -math.inf, math.nan])
def test_p_norm_rejects_p_below_one(p_norm, p):
    """Below 1 there is no norm."""
    assert_rejects(p_norm, torch.tensor([[3.0, -4.0]], dtype=torch.float64), p)


@given(x=nonzero(5, 3), exponent=exponents())
def test_l2_normalize_equals_direction(l2_normalize, x, exponent):
    """Each vector is divided by its hypotenuse, however long or short it is; a zero vector stays zero."""
    expected = x / lengths(x)[:, None]
    zero = torch.zeros(1, 3, dtype=torch.float64)
    assert_close(l2_normalize(torch.cat([2.0**exponent * x, zero])[None])[0], torch.cat([expected, zero]))


@given(a=nonzero(5, 3), b=nonzero(5, 3))
def test_l2_normalize_makes_chords_of_cosines(l2_normalize, cosine_similarity, a, b):
    """Normalising twice is normalising once, and normalised vectors satisfy |a - b|^2 = 2 - 2 cos(a, b)."""
    y, z = l2_normalize(a), l2_normalize(b)
    assert_close(l2_normalize(y), y, 1)
    assert_close(cosine_similarity(a, b), 1 - (y - z).square().sum(-1) / 2, 2)


@given(a=nonzero(5, 3), b=nonzero(5, 3), scale=exponents(), unit=exponents())
def test_cosine_similarity_ignores_lengths(cosine_similarity, a, b, scale, unit):
    """cos(s a, u b) is that of the triangle with sides a, b and a - b for all s, u > 0, and turns its sign with s."""
    sides, difference = lengths(a) * lengths(b), (a - b).square().sum(-1)
    expected = (a.square().sum(-1) + b.square().sum(-1) - difference) / (2 * sides)
    assert_close(cosine_similarity(2.0**scale * a, 2.0**unit * b), expected, 1)
    assert_close(cosine_similarity(-(2.0**scale) * a, 2.0**unit * b), -expected, 1)


@given(a=nonzero(2, 7, 3), factor=dyadics(1, 256, 2, 7, 1, grid=64))
def test_cosine_similarity_is_bounded_by_one(cosine_similarity, a, factor):
    """A positive multiple is at cosine 1 and a negative one at -1, and no rounding leads beyond; zero is at 0."""
    for sign in (1, -1):
        similarity = cosine_similarity(a, sign * factor * a)
        assert_close(similarity, sign)
        assert_at_most(similarity.abs(), 1, roundings=0)
    assert_equal(cosine_similarity(0 * a, a), torch.zeros(2, 7))


@given(
    steps=dyadics(-16, 16, 2, 3, grid=1),
    gap=dyadics(1, 16, 2, 2, grid=1),
    offset=dyadics(-(2**20), 2**20, 2, 1, grid=1),
    exponent=exponents(),
)
def test_standardize_vector_equals_exact_z_scores(standardize_vector, steps, gap, offset, exponent):
    """(x - mean) / std over the d elements, far from 0 and at any scale, has length sqrt(d); equal ones become 0."""
    rows = torch.cat([steps, steps[:, :2] + gap], 1)
    exact = [[Fraction(int(v)) for v in row] for row in rows.tolist()]
    spread = [statistics.pvariance(row) for row in exact]
    expected = [[float(v - statistics.mean(row)) / s**0.5 for v in row] for row, s in zip(exact, spread, strict=True)]
    x = torch.cat([2.0**exponent * (offset + rows), torch.full((1, 5), 0.7, dtype=torch.float64)])
    z = standardize_vector(x[None])[0]
    assert_close(z, [*expected, [0] * 5], math.sqrt(5))
    assert_close(z.square().sum(-1), [5, 5, 0])


@given(
    rows=dyadics(-16, 16, 5, 3, grid=1),
    gap=dyadics(1, 16, 1, 3, grid=1),
    offset=dyadics(-(2**20), 2**20, 3, grid=1),
    exponent=exponents(),
)
def test_min_max_scale_fills_the_unit_interval(min_max_scale, rows, gap, offset, exponent):
    """The share of the range below each value: 0 and 1 exactly at the ends, whatever the origin and the unit."""
    rows = torch.cat([rows, rows[:1] + gap])
    columns = [[(Fraction(v) - min(c)) / Fraction(max(c) - min(c)) for v in c] for c in rows.T.tolist()]
    expected = torch.tensor([[float(v) for v in c] for c in columns], dtype=torch.float64).T
    y = min_max_scale(2.0**exponent * (offset + rows))
    assert_close(y, expected)
    assert_equal(y.amin(0), torch.zeros(3))
    assert_equal(y.amax(0), torch.ones(3))


@given(rows=dyadics(-16, 16, 5, 3, grid=1), gap=dyadics(1, 16, 1, 3, grid=1))
def test_min_max_scale_turns_round_with_the_sign(min_max_scale, rows, gap):
    """Scaling twice is scaling once, and -x is mapped to 1 - y."""
    rows = torch.cat([rows, rows[:1] + gap])
    y = min_max_scale(rows)
    assert_equal(min_max_scale(y), y)
    assert_close(min_max_scale(-rows), 1 - y, 1)


@pytest.mark.parametrize("data", [[], [[1, 2]], [[1, 2], [1, 3]], [[1, 5], [2, 5], [3, 5]]])
def test_min_max_scale_rejects_features_without_a_range(min_max_scale, data):
    """No samples, one sample, or a feature that is constant leave nothing to divide by."""
    assert_rejects(min_max_scale, torch.tensor(data, dtype=torch.float64).reshape(-1, 2))
