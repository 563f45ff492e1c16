"""Laws of `reference.training.clipping`."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers

TENSORS = st.tuples(normals(2, 3), normals(5), normals(), normals(1, 2, 2)).map(list)
BOUNDS = st.sampled_from([0.125, 1.0, 30.0])


def length(*tensors):
    """Hypotenuse of all elements."""
    return math.hypot(*itertools.chain.from_iterable(tensor.double().flatten().tolist() for tensor in tensors))


@given(gradients=TENSORS, cut=st.integers(1, 4))
def test_global_norm_equals_hypotenuse_of_all_elements(global_norm, gradients, cut):
    """The square of the norm is the sum of all squares, however they are spread over tensors."""
    assert_close(global_norm(gradients), length(*gradients))
    assert_close(global_norm(gradients[:cut]), length(*gradients[:cut]))


@given(gradients=TENSORS, max_norm=BOUNDS)
def test_clip_by_global_norm_shortens_along_the_gradient(clip_by_global_norm, gradients, max_norm):
    """All elements are multiplied by one factor in [0, 1]: 1 below max_norm - 1e-6, and max_norm / (norm + 1e-6) above;
    the norm before is told.
    """
    clipped, norm = clip_by_global_norm(gradients, max_norm)
    whole = length(*gradients)
    factor = min(1.0, max_norm / (whole + 1e-6))
    assert_close(norm, whole)
    for shortened, gradient in zip(clipped, gradients, strict=True):
        assert_close(shortened, factor * gradient)


@pytest.mark.parametrize(
    ("max_norm", "factor"), [(0.0, 0.0), (1.25, 1.25 / (1.25 + 1e-6)), (1.5, 1.0), (math.inf, 1.0)]
)
def test_clip_by_global_norm_leaves_shorter_gradients_alone(clip_by_global_norm, max_norm, factor):
    """A gradient of length 1.25 is kept by limits clearly above, loses 1e-6 by its own length, and is 0 for limit 0."""
    gradient = numbers(0.75, 0.0, -1.0)
    (clipped,), _ = clip_by_global_norm([gradient], max_norm)
    assert_close(clipped, factor * gradient)


def test_clip_by_global_norm_hides_no_nan(clip_by_global_norm, clip_shards):
    """A NaN in one gradient is in the norm, and so in all gradients, of every rank."""
    for number, is_nan in ((math.nan, True), (2.0, False)):
        (first, second), norm = clip_by_global_norm([numbers(number, 1.0), numbers(3.0)], 0.5)
        assert_equal(torch.cat([first, second, norm[None]]).isnan(), torch.full((4,), is_nan))
        _, (of_rank, norm) = clip_shards([[numbers(number, 1.0)], [numbers(3.0)]], 0.5)
        assert_equal(torch.cat([*of_rank, norm[None]]).isnan(), torch.full((2,), is_nan))


@given(gradients=TENSORS, max_norm=BOUNDS | st.sampled_from([0.0, math.inf]), cut=st.integers(1, 2))
def test_clip_shards_equals_clipping_on_one_rank(clip_shards, gradients, max_norm, cut):
    """However the parameters are spread over ranks, all shrink by the factor of the norm of all."""
    clipped = clip_shards([gradients[:cut], gradients[cut : cut + 1], gradients[cut + 1 :]], max_norm)
    whole = length(*gradients)
    factor = min(1.0, max_norm / (whole + 1e-6))
    for shard in clipped:
        assert_close(shard.norm, whole)
    for shortened, gradient in zip(itertools.chain(*(shard.gradients for shard in clipped)), gradients, strict=True):
        assert_close(shortened, factor * gradient)


@given(gradient=dyadics(-8, 8, 2, 3, grid=4), bound=st.sampled_from([0.0, 0.5, 1.25]))
def test_clip_by_value_moves_to_nearest_number_within(clip_by_value, gradient, bound):
    """Each element becomes the middle one of -bound, itself and bound."""
    middle = [sorted([-bound, number, bound])[1] for number in gradient.flatten().tolist()]
    assert_equal(clip_by_value(gradient, bound).flatten(), middle)


@pytest.mark.parametrize("limit", [-0.25, math.nan])
def test_clip_by_global_norm_rejects_negative_limits(clip_by_global_norm, clip_shards, clip_by_value, limit):
    """Nothing is shorter than 0."""
    assert_rejects(clip_by_global_norm, [numbers(3.0, 4.0)], limit)
    assert_rejects(clip_shards, [[numbers(3.0, 4.0)]], limit)
    assert_rejects(clip_by_value, numbers(3.0, 4.0), limit)


@pytest.mark.parametrize("limit", [0.0, 0.5])
def test_global_norm_rejects_no_gradients(global_norm, clip_by_global_norm, clip_shards, limit):
    """A model without gradients was not differentiated, and no rank is without parameters."""
    assert_rejects(global_norm, [])
    assert_rejects(clip_by_global_norm, [], limit)
    assert_rejects(clip_shards, [], limit)
    assert_rejects(clip_shards, [[numbers(3.0)], []], limit)
