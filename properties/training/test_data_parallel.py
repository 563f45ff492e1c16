"""Laws of `reference.training.data_parallel`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import normals, numbers, steps
from reference.transformer.norms import RunningMoments

COUNTS = st.sampled_from([[1, 3], [4, 0, 2], [2, 1, 5], [3, 3], [5], [0, 1, 1, 4]])
POSITIVE = st.sampled_from([[1, 3], [4, 1, 2], [2, 1, 5], [3, 3], [5], [2, 1, 1, 4]])
IMPOSSIBLE = pytest.mark.parametrize("counts", [[2, 1], [2, 1, 3, 1], [3, -1, 2], [0, 0, 0], []])
EPSILONS = st.sampled_from([0.25, 1.0, 4.0])


def samples_with(counts, *shape):
    """The numbers of samples on the ranks, and the samples."""
    return counts.flatmap(lambda drawn: st.tuples(st.just(drawn), normals(sum(drawn), *shape)))


def on_each_rank(samples, counts, statistic):
    """The statistic of each rank's samples, and something else where there are none."""
    shards = samples.split(counts)
    return torch.stack([statistic(shard) if len(shard) else steps(*shard.shape[1:]).abs() for shard in shards])


def standardized(x, epsilon):
    """Each column less its mean, over the root of its variance and epsilon."""
    centred = x - x.mean(0)
    return centred / (centred.square().mean(0) + epsilon).sqrt()


def sensitivity(x, epsilon):
    """How much larger than x's roundings those of `standardized` are, at most, and the size of what is divided."""
    scale = (x.var(0, correction=0) + epsilon).sqrt()
    return (1 + (x.abs().amax(0) / scale).square()), 2 * x.abs().amax(0) / scale, scale


@given(case=samples_with(COUNTS, 2, 3))
def test_data_parallel_gradient_equals_that_of_the_joined_batch(
    data_parallel_gradient, data_parallel_gradient_from_sums, case
):
    """On every rank it is the mean over the samples of all ranks, from the means of the ranks or from their sums."""
    counts, samples = case
    means = on_each_rank(samples, counts, lambda shard: shard.mean(0))
    sums = torch.stack([shard.sum(0) for shard in samples.split(counts)])
    expected = torch.stack([samples.mean(0)] * len(counts))
    assert_close(data_parallel_gradient(means, counts), expected, 4)
    assert_close(data_parallel_gradient_from_sums(sums, counts), expected, 4)


@pytest.mark.parametrize("max_norm", [0.25, 64.0])
@given(case=samples_with(COUNTS, 2, 3))
def test_clipped_data_parallel_gradient_is_no_longer_than_the_bound(clipped_data_parallel_gradient, case, max_norm):
    """On every rank it has the direction of the joined batch's gradient, and its length up to the bound."""
    counts, samples = case
    means = on_each_rank(samples, counts, lambda shard: shard.mean(0))
    joined = samples.mean(0)
    length = torch.linalg.vector_norm(joined).item()
    factor = 1.0 if length + 1e-6 <= max_norm else max_norm / (length + 1e-6)
    condition = 1 + 4 * joined.numel() ** 0.5 / max(length, 1e-6)
    size = min(1.0, factor) * (4 + joined.abs() * condition)
    clipped = clipped_data_parallel_gradient(means, counts, max_norm)
    assert_close(clipped, torch.stack([factor * joined] * len(counts)), size)


@IMPOSSIBLE
def test_data_parallel_gradient_rejects_impossible_counts(
    data_parallel_gradient,
    data_parallel_gradient_from_sums,
    clipped_data_parallel_gradient,
    pooled_moments,
    counts,
):
    """Three ranks have three counts, none below 0, and a sample among them."""
    gradients = steps(3, 5)
    assert_close(data_parallel_gradient(gradients, [0, 1, 0]), gradients[1].expand(3, 5))
    assert_rejects(data_parallel_gradient, gradients, counts)
    assert_rejects(data_parallel_gradient_from_sums, gradients, counts)
    assert_rejects(clipped_data_parallel_gradient, gradients, counts, 1.0)
    assert_rejects(pooled_moments, gradients, gradients.abs(), counts)


def test_clipped_data_parallel_gradient_rejects_negative_bounds(clipped_data_parallel_gradient):
    """No vector is shorter than 0."""
    assert_equal(clipped_data_parallel_gradient(steps(3, 5), [1, 2, 4], 0.0), torch.zeros(3, 5))
    for bound in (-0.5, math.nan):
        assert_rejects(clipped_data_parallel_gradient, steps(3, 5), [1, 2, 4], bound)


@given(case=samples_with(COUNTS, 3))
def test_pooled_moments_equal_those_of_the_joined_batch(pooled_moments, case):
    """From counts, means and variances of the ranks come mean and variance of all samples."""
    counts, samples = case
    means = on_each_rank(samples, counts, lambda shard: shard.mean(0))
    variances = on_each_rank(samples, counts, lambda shard: shard.square().mean(0) - shard.mean(0).square())
    mean, variance = pooled_moments(means, variances.clamp(min=0), counts)
    assert_close(mean, samples.mean(0), 4)
    assert_close(variance, samples.square().mean(0) - samples.mean(0).square(), 32)


@given(case=samples_with(POSITIVE, 3), gain=normals(3), bias=normals(3), epsilon=EPSILONS)
def test_synchronized_batch_norm_standardizes_the_joined_batch(synchronized_batch_norm, case, gain, bias, epsilon):
    """However the samples are spread over the ranks, they are shifted and scaled by the moments of all of them."""
    counts, x = case
    y, _ = synchronized_batch_norm(x, counts, RunningMoments(steps(3), steps(3)), gain, bias, 0.25, epsilon)
    growth, size, _ = sensitivity(x, epsilon)
    assert_close(y, gain * standardized(x, epsilon) + bias, gain.abs() * growth * size + bias.abs())


@given(case=samples_with(POSITIVE, 3), old=normals(2, 3), momentum=st.sampled_from([0.0, 0.25, 0.625, 1.0]))
def test_synchronized_batch_norm_keeps_unbiased_moments(synchronized_batch_norm, case, old, momentum):
    """The running moments move towards the mean and the variance with divisor N - 1, N counting all ranks."""
    counts, x = case
    ones = torch.ones(3, dtype=torch.float64)
    _, running = synchronized_batch_norm(x, counts, RunningMoments(*old), ones, ones, momentum, 0.25)
    mean, variance = x.mean(0), (x - x.mean(0)).square().sum(0) / (len(x) - 1)
    assert_close(running.mean, old[0] + momentum * (mean - old[0]), 8)
    assert_close(running.variance, old[1] + momentum * (variance - old[1]), 64)


@given(case=samples_with(POSITIVE, 3), direction=normals(9, 3), gain=normals(3), epsilon=EPSILONS)
def test_synchronized_batch_norm_gradient_differentiates_the_joined_batch(
    synchronized_batch_norm_gradient, case, direction, gain, epsilon
):
    """It is the gradient of sum(gain z dy) of the standardised joined batch z, through its mean and variance."""
    counts, x = case
    dy = direction[: len(x)]
    _, pull_back = torch.func.vjp(lambda samples: gain * standardized(samples, epsilon), x)
    growth, size, scale = sensitivity(x, epsilon)
    terms = dy.abs() + dy.abs().mean(0) * (1 + size.square())
    dx = synchronized_batch_norm_gradient(x, dy, counts, gain, epsilon)
    assert_close(dx, pull_back(dy)[0], gain.abs() / scale * growth * terms)
    assert_equal(synchronized_batch_norm_gradient(x[:1], dy[:1], [1], gain, epsilon + 1), torch.zeros(1, 3))


@pytest.mark.parametrize("counts", [[1, 2], [2, 0, 2], [5, -1], [2, 3], []])
def test_synchronized_batch_norm_rejects_impossible_counts(
    synchronized_batch_norm, synchronized_batch_norm_gradient, counts
):
    """Four samples are spread over ranks of which none is without."""
    x, one = steps(4, 3), torch.ones(3, dtype=torch.float64)
    moments = RunningMoments(one, one)
    assert_rejects(synchronized_batch_norm, x, counts, moments, one, one, 0.25, 0.5)
    assert_rejects(synchronized_batch_norm_gradient, x, x, counts, one, 0.5)


@pytest.mark.parametrize(
    ("count", "momentum", "epsilon"),
    [(1, 0.25, 0.5), (2, -0.25, 0.5), (2, 1.25, 0.5), (2, math.nan, 0.5), (2, 0.25, -0.5), (2, 0.25, math.nan)],
)
def test_synchronized_batch_norm_rejects_impossible_numbers(
    synchronized_batch_norm, synchronized_batch_norm_gradient, count, momentum, epsilon
):
    """A variance of a batch takes two samples, a running average weights between 0 and 1, and a root no negative."""
    x, one = numbers(1, 3)[:, None], torch.ones(1, dtype=torch.float64)
    moments = RunningMoments(0 * one, one)
    y, _ = synchronized_batch_norm(x, [1, 1], moments, one, one, 1.0, 0.0)
    assert_equal(y.flatten().tolist(), [0, 2])
    assert_equal(synchronized_batch_norm_gradient(x, x, [1, 1], one, 0.0), torch.zeros(2, 1))
    assert_rejects(synchronized_batch_norm, x[:count], [1] * count, moments, one, one, momentum, epsilon)
    assert_rejects(synchronized_batch_norm_gradient, x, x, [1, 1], one, -0.5)
    assert_rejects(synchronized_batch_norm_gradient, x, x, [1, 1], one, math.nan)
