"""Laws of `reference.transformer.relative_bias`."""

import functools

import mpmath
import pytest
import torch
from hypothesis import given

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import levels

DISTANCES = torch.arange(-143, 144).reshape(7, 41)
BUCKETS = [(), (32, 128), (32, 17), (8, 20), (7, 30), (6, 17), (3, 9), (2, 2), (9, 128), (17, 27)]
SIDES = [(), (32, 128), (32, 9), (16, 20), (14, 30), (6, 17), (4, 2), (18, 128), (34, 27)]


def published_slopes(heads):
    """The recursion of the paper's code, in exponents of 2."""
    power = 2 ** (len(bin(heads)) - 3)
    first = 2.0 ** -(power.bit_length() - 4)
    if power == heads:
        return [first * h for h in range(1, heads + 1)]
    return published_slopes(power) + published_slopes(2 * power)[::2][: heads - power]


@functools.cache
def bucket(distance, num_buckets=32, max_distance=128):
    """By logarithms of fifty digits, of which those that should be whole are a hair more than that."""
    exact = num_buckets // 2
    if distance < exact:
        return distance
    with mpmath.workdps(50):
        share = mpmath.log(mpmath.mpf(distance) / exact) / mpmath.log(mpmath.mpf(max_distance) / exact)
        return min(exact + int(share * (num_buckets - exact) + mpmath.mpf(10) ** -40), num_buckets - 1)


@pytest.mark.parametrize("heads", [1, 2, 3, 4, 7, 8, 12, 15, 16, 24])
def test_alibi_slopes_equals_published_recursion(alibi_slopes, heads):
    """Heads whose number is a power of two share 8 doublings; others borrow every other slope of the next power."""
    found = alibi_slopes(heads)
    assert_close(found, [2.0**-exponent for exponent in published_slopes(heads)])
    assert_equal(len(found), heads)


@pytest.mark.parametrize("heads", [0, -1])
def test_alibi_slopes_rejects_no_heads(alibi_slopes, heads):
    """There is no slope without a head."""
    assert_rejects(alibi_slopes, heads)


@pytest.mark.parametrize(("queries", "keys"), [(1, 5), (3, 7), (5, 5)])
@given(slopes=levels(2))
def test_alibi_bias_falls_with_distance(alibi_bias, queries, keys, slopes):
    """On both sides each step away costs one slope, and the rows of the last queries are those of all tokens."""
    table = [[[-slope * abs(i - j) for j in range(keys)] for i in range(keys)] for slope in slopes.tolist()]
    assert_close(alibi_bias(slopes, queries, keys), torch.tensor(table, dtype=torch.float64)[:, keys - queries :])


@pytest.mark.parametrize(("queries", "keys"), [(4, 3), (-1, 3)])
def test_alibi_bias_rejects_more_queries_than_keys(alibi_bias, queries, keys):
    """Every query is a key too."""
    assert_rejects(alibi_bias, torch.tensor([0.5, 0.25], dtype=torch.float64), queries, keys)


@pytest.mark.parametrize("sizes", BUCKETS)
def test_t5_causal_buckets_grow_by_logarithms(t5_causal_buckets, sizes):
    """Keys behind the query share bucket 0, near ones have their own, and the rest is cut evenly in logarithms."""
    expected = [[bucket(max(-distance, 0), *sizes) for distance in row] for row in DISTANCES.tolist()]
    assert_equal(t5_causal_buckets(DISTANCES, *sizes).tolist(), expected)


@pytest.mark.parametrize("sizes", SIDES)
def test_t5_bidirectional_buckets_tell_before_from_after(t5_bidirectional_buckets, sizes):
    """Keys behind the query have the upper half of the buckets, and each half is as that of a decoder."""
    half, longest = (sizes or (32, 128))[0] // 2, (sizes or (32, 128))[1]
    expected = [[half * (d > 0) + bucket(abs(d), half, longest) for d in row] for row in DISTANCES.tolist()]
    assert_equal(t5_bidirectional_buckets(DISTANCES, *sizes).tolist(), expected)


@pytest.mark.parametrize(("num_buckets", "max_distance"), [(1, 9), (0, 9), (32, 16), (7, 2)])
def test_t5_causal_buckets_rejects_what_leaves_no_far_keys(t5_causal_buckets, num_buckets, max_distance):
    """There are near buckets and far ones, and the greatest distance is beyond the near ones."""
    assert_rejects(t5_causal_buckets, DISTANCES, num_buckets, max_distance)


@pytest.mark.parametrize(("num_buckets", "max_distance"), [(2, 9), (7, 9), (0, 9), (32, 8), (14, 2)])
def test_t5_bidirectional_buckets_rejects_what_leaves_no_far_keys(t5_bidirectional_buckets, num_buckets, max_distance):
    """Two equal halves need an even number, at least 4, and the greatest distance is beyond the near buckets."""
    assert_rejects(t5_bidirectional_buckets, DISTANCES, num_buckets, max_distance)
