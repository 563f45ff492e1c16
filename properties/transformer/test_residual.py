"""Laws of `reference.transformer.residual`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals

IDENTITY = torch.eye(3, dtype=torch.float64)


def matrices():
    return dyadics(-2, 2, 3, 3, grid=1)


def times(matrix):
    """The linear layer x -> x A."""
    return lambda x: x @ matrix.to(x.dtype)


@given(x=dyadics(-8, 8, 2, 5, 3, grid=1), matrix=matrices())
def test_residual_block_adds_one_path_around_the_branch(residual_block, x, matrix):
    """Two blocks of a linear branch are I + 2 A + A^2: the paths around both, through one of them, and through both."""
    y = residual_block(residual_block(x, times(matrix)), times(matrix))
    assert_equal(y, x @ (IDENTITY + 2 * matrix + matrix @ matrix))


@pytest.mark.autograd
@given(x=dyadics(-8, 8, 2, 3, grid=1))
def test_residual_block_has_jacobian_of_branch_and_identity(residual_block, x):
    """The slope of x + x^2 / 2 is 1 + x: the gradient passes around the branch and through it."""
    x.requires_grad_()
    (slope,) = torch.autograd.grad(residual_block(x, lambda v: v.square() / 2).sum(), x)
    assert_equal(slope, 1 + x.detach())


@pytest.mark.parametrize("shape", [(2, 1), (3,), (1, 2, 3), ()])
def test_residual_block_rejects_branches_that_change_the_shape(residual_block, pre_norm_block, post_norm_block, shape):
    """A sum that broadcasts is no residual."""
    x, other, same = torch.ones(1, 2, 3).double(), torch.ones(1, *shape).double(), lambda v: 2 * v
    assert_rejects(residual_block, x[0], lambda v: other[0])
    for block in (pre_norm_block, post_norm_block):
        assert_rejects(block, x, lambda v: other, same, same, same)
        assert_rejects(block, x, same, lambda v: other, same, same)


@given(x=dyadics(-8, 8, 2, 5, 3, grid=1), layers=st.tuples(*[matrices()] * 4))
def test_pre_norm_block_normalises_the_branches_alone(pre_norm_block, x, layers):
    """With linear layers the block is (I + N_1 A) (I + N_2 F): no norm meets the path around the branches."""
    attend, feed_forward, first, second = layers
    expected = x @ (IDENTITY + first @ attend) @ (IDENTITY + second @ feed_forward)
    assert_equal(pre_norm_block(x, *map(times, layers)), expected)


@given(x=dyadics(-8, 8, 2, 5, 3, grid=1), layers=st.tuples(*[matrices()] * 4))
def test_post_norm_block_normalises_the_sums(post_norm_block, x, layers):
    """With linear layers the block is (I + A) N_1 (I + F) N_2."""
    attend, feed_forward, first, second = layers
    expected = x @ (IDENTITY + attend) @ first @ (IDENTITY + feed_forward) @ second
    assert_equal(post_norm_block(x, *map(times, layers)), expected)


@given(x=normals(2, 3, 5), rate=st.integers(0, 8), uniform=dyadics(0, 7, 2, grid=8))
def test_drop_path_keeps_or_drops_whole_samples(drop_path, x, rate, uniform):
    """A sample with uniform >= rate is divided by 1 - rate, and the others are 0: all at rate 1, none at rate 0."""
    rate = rate / 8
    rows = [row / (1 - rate) if draw >= rate else 0 * row for row, draw in zip(x, uniform.tolist(), strict=True)]
    assert_close(drop_path(x, rate, uniform), torch.stack(rows))
    assert_close(drop_path(x[..., None], rate, uniform), torch.stack(rows)[..., None])


@given(x=normals(3), rate=st.integers(0, 7))
def test_drop_path_preserves_the_mean(drop_path, x, rate):
    """Over all uniform numbers the mean is x and the mean square x^2 / (1 - rate)."""
    uniform = torch.arange(8, dtype=torch.float64) / 8
    y = drop_path(x.expand(8, 3), rate / 8, uniform)
    assert_close(y.mean(0), x, 8 * x.abs())
    assert_close(y.square().mean(0), x.square() * 8 / (8 - rate))


@pytest.mark.parametrize("rate", [-0.125, 1.125, math.nan])
def test_drop_path_rejects_impossible_rates(drop_path, drop_path_rates, rate):
    """A rate is a probability."""
    assert_rejects(drop_path, torch.ones(2, 3).double(), rate, torch.tensor([0.25, 0.75]).double())
    assert_rejects(drop_path_rates, 5, rate)


@given(depth=st.integers(2, 12), last=st.integers(0, 64))
def test_drop_path_rates_rise_linearly(drop_path_rates, depth, last):
    """Rate l is last l / (depth - 1), and the expected number of blocks kept is depth (1 - last / 2)."""
    rates = drop_path_rates(depth, last / 64)
    assert_close(rates, [float(Fraction(last * block, 64 * (depth - 1))) for block in range(depth)])
    assert_close(sum(1 - rate for rate in rates), depth * (1 - last / 128), depth)


@pytest.mark.parametrize(("depth", "expected"), [(1, [0.0]), (2, [0.0, 1.0])])
def test_drop_path_rates_start_at_zero(drop_path_rates, depth, expected):
    """A single block is never dropped, and of two the last may be dropped for sure."""
    assert_equal(drop_path_rates(depth, 1.0), expected)


@pytest.mark.parametrize("depth", [0, -1])
def test_residual_scale_rejects_stacks_without_blocks(residual_scale, drop_path_rates, depth):
    """There is no branch to scale or to drop."""
    assert_rejects(residual_scale, depth)
    assert_rejects(drop_path_rates, depth, 0.5)


@given(depth=st.integers(1, 200))
def test_residual_scale_keeps_growth_below_e(residual_scale, depth):
    """2 depth branches of variance s^2 add up to 1, and compounded they multiply the variance by less than e."""
    s = residual_scale(depth)
    assert_close(2 * depth * s**2, 1)
    growth = math.expm1(2 * depth * math.log1p(s**2))
    assert_at_most(growth, math.e - 1)
    assert_at_most(1.25, growth)
