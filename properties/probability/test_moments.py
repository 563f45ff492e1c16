"""Laws of `reference.probability.moments`."""

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, normals, simplex
from reference.probability.moments import Moments

MAP = torch.tensor([[1.0, -0.5, 2.0], [0.25, 3.0, -1.0]], dtype=torch.float64)


def far_data(samples, dim):
    """Whole numbers within 16 of a centre that is up to 2^20 from 0."""
    parts = st.tuples(dyadics(-16, 16, samples, dim, grid=1), dyadics(-(2**20), 2**20, dim, grid=1))
    return parts.map(sum)


def exact(data):
    """Moments of whole numbers in integer arithmetic: n scatter = n sum x x^T - (sum x) (sum x)^T."""
    whole, n = data.long(), max(len(data), 1)
    total = whole.sum(0)
    scatter = n * whole.T @ whole - torch.outer(total, total)
    return Moments(torch.tensor(len(data)), total.double() / n, scatter.double() / n)


def repeated(moments, copies):
    """The moments of so many copies of the data."""
    return Moments(moments.num_samples * copies, moments.mean, moments.scatter * copies)


def assert_same_moments(observed, data, copies=1):
    """The moments are those of copies of the data; a mean is off by roundings of its size, a deviation with it."""
    expected = repeated(exact(data), copies)
    size = data.abs().amax(0) if len(data) else torch.zeros(data.shape[1])
    spread = 1 + (data - expected.mean).abs().amax(0) if len(data) else size
    assert_equal(observed.num_samples, expected.num_samples)
    assert_close(observed.mean, expected.mean, size)
    terms = copies * len(data)
    assert_close(observed.scatter, expected.scatter, terms * (torch.outer(size, spread) + torch.outer(spread, size)))


@given(data=far_data(5, 3), count=st.integers(0, 5))
def test_moments_of_equals_integer_sums(moments_of, data, count):
    """Mean and scatter of whole numbers are those of exact sums, also far from 0 and for one row; without rows zero."""
    assert_same_moments(moments_of(data[:count]), data[:count])
    assert_same_moments(moments_of(data), data)


@pytest.mark.parametrize("copies", [1, 2**20])
@given(
    data=far_data(6, 3),
    apart=dyadics(-64, 64, 3, grid=1),
    split=st.sampled_from([(1, 6), (0, 0), (0, 1), (4, 6), (6, 6)]),
)
def test_merge_moments_equals_moments_of_the_whole(merge_moments, data, apart, split, copies):
    """Two parts of the data, either of which may be empty, or hold millions, merge into the moments of all of it."""
    cut, size = split
    data = torch.cat([data[:cut], apart + data[cut:]])[:size]
    parts = (repeated(exact(part), copies) for part in (data[:cut], data[cut:]))
    assert_same_moments(merge_moments(*parts), data, copies)


@given(data=far_data(7, 3), batch=st.integers(0, 2))
def test_add_observation_equals_batch(add_observation, data, batch):
    """A stream of vectors after a batch, or from nothing, ends at the moments of all of them."""
    assert_same_moments(functools.reduce(add_observation, data[batch:], exact(data[:batch])), data)


@pytest.mark.parametrize("dim", [1, 3])
def test_merge_moments_rejects_other_dimensions(merge_moments, add_observation, dim):
    """Vectors of one dimension cannot join those of another, not even numbers by broadcasting."""
    moments, other = exact(torch.eye(2, dtype=torch.float64)), exact(torch.ones(3, dim, dtype=torch.float64))
    assert_rejects(merge_moments, moments, other)
    assert_rejects(merge_moments, other, moments)
    assert_rejects(add_observation, moments, other.mean)
    assert_rejects(add_observation, other, moments.mean)


@given(data=dyadics(-64, 64, 5, 3, grid=8), ddof=st.integers(0, 4))
def test_covariance_matrix_equals_numpy(covariance_matrix, data, ddof):
    """Scatter over n - ddof, which is n by default, is what NumPy makes of the data."""
    scatter = torch.from_numpy(np.cov(data.T, ddof=0) * 5)
    moments, size = Moments(torch.tensor(5), data.mean(0), scatter), data.abs().amax() ** 2
    assert_close(covariance_matrix(moments, ddof), np.cov(data.T, ddof=ddof), 5 * size)
    assert_close(covariance_matrix(moments), np.cov(data.T, ddof=0), size)


@pytest.mark.parametrize(("count", "ddof"), [(0, 0), (1, 1), (2, 3)])
def test_covariance_matrix_rejects_too_few_vectors(covariance_matrix, count, ddof):
    """No vectors have no covariance, and one has no unbiased one."""
    assert_rejects(covariance_matrix, exact(torch.ones(count, 2, dtype=torch.float64)), ddof)


@given(mean=normals(3), covariance=covariances(3), offset=normals(2))
def test_affine_moments_equals_moments_of_mapped_points(affine_moments, mean, covariance, offset):
    """Six points mean +- sqrt(3) L_i have the moments of x; mapped, they have those of A x + b."""
    reach = math.sqrt(3) * torch.linalg.cholesky(covariance).T
    mapped = torch.cat([mean - reach, mean + reach]) @ MAP.T + offset
    centred = mapped - mapped.mean(0)
    y_mean, y_covariance = affine_moments(mean, covariance, MAP, offset)
    size = MAP.abs() @ (mean.abs() + reach.abs().amax(0)) + offset.abs()
    assert_close(y_mean, mapped.mean(0), size)
    assert_close(y_covariance, centred.T @ centred / 6, torch.outer(size, size))


@given(probabilities=simplex(5), values=normals(5, 2, 3))
def test_expectation_equals_exact_sum(expectation, probabilities, values):
    """Each value counts by its probability, in exact arithmetic; for one outcome of probability 1 it is its value."""
    weights = [Fraction(p) for p in probabilities.tolist()]
    columns = values.reshape(5, 6).T.tolist()
    expected = [float(sum(p * Fraction(v) for p, v in zip(weights, column, strict=True))) for column in columns]
    mean = expectation(probabilities, values)
    assert_close(mean.flatten(), expected, values.abs().amax(0).flatten())
    assert_equal(expectation(torch.eye(5, dtype=torch.float64)[3], values), values[3])


@given(
    groups=simplex(3, grid=4096),
    within=simplex(3, 5),
    values=dyadics(-16, 16, 3, 5, grid=1),
    offset=dyadics(-(2**17), 2**17, 1, grid=1),
)
def test_total_variance_equals_variance_of_the_joint(total_variance, groups, within, values, offset):
    """Var X over all pairs of group and outcome, each with the product of its probabilities, wherever the origin is."""
    joint = groups[:, None] * within
    variance = (joint * (values - (joint * values).sum()).square()).sum()
    means = (within * values).sum(-1)
    variances = (within * (values - means[:, None]).square()).sum(-1)
    size = 16 * (32 + offset.abs())
    assert_close(total_variance(groups, offset + means, variances), variance, size[0])


@given(matrix=dyadics(-8, 8, 4, 4, grid=2), size=st.integers(0, 4))
def test_determinant_equals_sum_over_permutations(determinant, matrix, size):
    """The products of one element from each row and column, odd permutations subtracted; 1 for no rows."""
    rows = matrix[:size, :size].tolist()
    expected = Fraction(0)
    for places in itertools.permutations(range(size)):
        swaps = sum(a > b for a, b in itertools.combinations(places, 2))
        expected += (-1) ** swaps * math.prod(Fraction(rows[i][j]) for i, j in enumerate(places))
    magnitude = math.factorial(size) * matrix.abs().max() ** size + (size == 0)
    assert_close(determinant(matrix[:size, :size]), float(expected), magnitude)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0, 1], [1, 0]], -1),
        ([[0, 2], [0, 3]], 0),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], 1),
        ([[0, 0, 2], [0, 3, 7], [5, 11, 13]], -30),
        ([[2, 7, 11], [0, 3, 5], [0, 0, 5]], 30),
        ([[2**-50, 1], [1, 1]], 2**-50 - 1),
        ([[2**-50, 0, 0], [0, 2**-50, 0], [0, 0, 3]], 3 * 2**-100),
    ],
)
def test_determinant_exchanges_rows(determinant, rows, expected):
    """A zero or a tiny element is no pivot while its column has a better one, and an exchange turns the sign."""
    # By way of the logarithm the relative error is a rounding of that.
    size = abs(expected) * (1 + abs(math.log(abs(expected) or 1)))
    assert_close(determinant(torch.tensor(rows, dtype=torch.float64)), expected, size)


@given(a=dyadics(-8, 8, 3, 3, grid=2), b=dyadics(-8, 8, 3, 3, grid=2))
def test_determinant_multiplies(determinant, a, b):
    """det(A B) = det A det B = the volume of the parallelepiped that A makes of b_1 x b_2 . b_3."""
    volume, other = (torch.linalg.cross(m[0], m[1]) @ m[2] for m in (a, b))
    assert_close(determinant(a @ b), volume * other, 6 * (a @ b).abs().max() ** 3)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
def test_determinant_rejects_what_is_not_square(determinant, shape):
    """Only a square matrix has a determinant."""
    assert_rejects(determinant, torch.ones(shape, dtype=torch.float64))
