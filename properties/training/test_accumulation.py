"""Laws of `reference.training.accumulation`."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, steps

COUNTS = st.lists(st.integers(0, 3), min_size=3, max_size=3).map(lambda counts: [*counts, 2])


def mean_gradient(features, answers, weights):
    """Gradient of the mean of (x w - y)^2, the sum over samples one by one."""
    slopes = [2 * (row @ weights - answer) * row for row, answer in zip(features, answers, strict=True)]
    return sum(slopes, torch.zeros(3, dtype=torch.float64)) / max(len(slopes), 1)


def gradients_of_parts(features, answers, weights, counts):
    parts = zip(features.split(counts), answers.split(counts), strict=True)
    return torch.stack([mean_gradient(*part, weights) for part in parts])


@given(
    features=dyadics(-8, 8, 6, 3, grid=4), answers=normals(6), weights=normals(3), size=st.sampled_from([1, 2, 3, 6])
)
def test_accumulated_gradient_equals_gradient_of_joined_batch(accumulated_gradient, features, answers, weights, size):
    """Least squares on 6 samples have the same gradient in one batch and in 6, 3 or 2 micro-batches of equal size."""
    gradients = gradients_of_parts(features, answers, weights, [size] * (6 // size))
    scale = features.abs().max() * (features.abs() @ weights.abs() + answers.abs()).max() * 2
    assert_close(accumulated_gradient(gradients), mean_gradient(features, answers, weights), scale + 1)


@given(features=dyadics(-8, 8, 11, 3, grid=4), answers=normals(11), weights=normals(3), counts=COUNTS)
def test_weighted_gradient_equals_gradient_of_joined_batch(weighted_gradient, features, answers, weights, counts):
    """Least squares have the same gradient in one batch and in micro-batches of any sizes, also empty ones."""
    used = sum(counts)
    features, answers = features[:used], answers[:used]
    gradients = gradients_of_parts(features, answers, weights, counts)
    scale = features.abs().max() * (features.abs() @ weights.abs() + answers.abs()).max() * 2
    assert_close(weighted_gradient(gradients, counts), mean_gradient(features, answers, weights), scale + 1)


@pytest.mark.parametrize("shape", [(), (2,), (2, 5)])
def test_weighted_gradient_weighs_tensors_of_any_shape(weighted_gradient, accumulated_gradient, shape):
    """With counts 1, 0 and 3 the first gradient counts a quarter and the last three quarters, in every element."""
    first, middle, last = steps(3, *shape)
    stacked = torch.stack([first, middle, last])
    assert_close(weighted_gradient(stacked, [1, 0, 3]), (first + 3 * last) / 4, first.abs() + last.abs())
    size = first.abs() + middle.abs() + last.abs()
    assert_close(accumulated_gradient(stacked), (first + middle + last) / 3, size)


@pytest.mark.parametrize(("micro_batches", "per_epoch"), [(1, 3), (2, 5), (3, 5), (4, 3)])
def test_steps_optimizer_steps_after_every_full_accumulation(steps_optimizer, micro_batches, per_epoch):
    """In N iterations, epochs joined, there are floor(N / k) steps, each with the k-th gradient that it adds up."""
    waiting, taken = 0, []
    for iteration in range(3 * per_epoch):
        waiting += 1
        stepped = steps_optimizer(*divmod(iteration, per_epoch), per_epoch, micro_batches)
        assert_equal(stepped, waiting == micro_batches)
        taken += [iteration] * stepped
        waiting = 0 if stepped else waiting
    assert_equal(len(taken), 3 * per_epoch // micro_batches)


@pytest.mark.parametrize(
    "arguments", [(-1, 0, 5, 2), (0, -1, 5, 2), (0, 5, 5, 2), (0, 7, 5, 2), (0, 0, 0, 2), (0, 1, 5, 0), (0, 1, 5, -2)]
)
def test_steps_optimizer_rejects_impossible_iterations(steps_optimizer, arguments):
    """Epochs and iterations are counted from 0, and an accumulation has at least one micro-batch."""
    assert_rejects(steps_optimizer, *arguments)


@pytest.mark.parametrize("counts", [[0, 0], [3], [1, 2, 3], [-1, 3]])
def test_weighted_gradient_rejects_counts_that_do_not_fit(weighted_gradient, counts):
    """Two micro-batches have two counts, none negative and not both 0."""
    assert_rejects(weighted_gradient, steps(2, 3), counts)


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_accumulated_gradient_rejects_no_micro_batches(accumulated_gradient, weighted_gradient, shape):
    """Without a micro-batch there is no gradient."""
    assert_rejects(accumulated_gradient, torch.zeros(shape, dtype=torch.float64))
    assert_rejects(weighted_gradient, torch.zeros(shape, dtype=torch.float64), [])
