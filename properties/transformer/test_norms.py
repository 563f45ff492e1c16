"""Laws of `reference.transformer.norms`."""

import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals
from reference.transformer.norms import RunningMoments


def epsilons():
    return st.sampled_from([2.0**-20, 0.0625, 0.5, 3.0])


def tokens(*shape):
    """Small whole numbers, not all equal along the last axis."""
    *rows, dim = shape
    parts = st.tuples(dyadics(-16, 16, *rows, dim - 1, grid=1), dyadics(1, 16, *rows, 1, grid=1))
    return parts.map(lambda pair: torch.cat([pair[0], pair[0][..., :1] + pair[1]], -1))


def entries(*shape):
    """Numbers around 0 or around 4096."""
    return normals(*shape) | normals(*shape).map(lambda x: 4096 + x)


def by_pairs(x, label, epsilon):
    """Standardised entries, and how large the terms are that make them up; a label shares a mean and a variance.

    An entry is as far from the mean as it is, on average, from all entries of its label, and the variance is half the
    mean squared difference of their pairs.
    """
    flat, label = x.flatten(), label.expand(x.shape).flatten()
    share = (label[:, None] == label).double()
    share = share / share.sum(1, keepdim=True)
    difference = flat[:, None] - flat
    variance = share @ (share * difference**2).sum(1) / 2
    scale = 1 / (variance + epsilon).sqrt()
    return ((share * difference).sum(1) * scale).reshape(x.shape), (x.abs().max() * scale).reshape(x.shape)


def along_channels(values, x):
    return values.reshape(-1, *[1] * (x.ndim - 2))


def token_label(x):
    return torch.arange(x[..., 0].numel()).reshape(*x.shape[:-1], 1)


def group_label(x, groups):
    """One label for every image and run of consecutive channels."""
    channels = [channel * groups // x.shape[1] for channel in range(x.shape[1])]
    images = torch.arange(len(x)).reshape(-1, *[1] * (x.ndim - 1))
    return groups * images + along_channels(torch.tensor(channels), x)


def channel_label(x):
    return along_channels(torch.arange(x.shape[1]), x)


LOW_PRECISION = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])


def assert_rounded_once(y, expected, size):
    """Half a spacing of the dtype of y, and 16 roundings of float32 on the way."""
    ratio = torch.finfo(torch.float32).eps / torch.finfo(y.dtype).eps
    assert_close(y, expected, expected.abs() + 32 * ratio * size, roundings=0.5)


@given(x=entries(2, 3, 5), epsilon=epsilons())
def test_standardize_tokens_equals_mean_difference_to_own_channels(standardize_tokens, x, epsilon):
    """A channel is at its mean difference to all channels of its token, in units of sqrt(variance + epsilon)."""
    expected, size = by_pairs(x, token_label(x), epsilon)
    assert_close(standardize_tokens(x, epsilon), expected, size)


@given(x=tokens(2, 3, 5), factor=st.sampled_from([3, -0.5, 64]), offset=dyadics(-256, 256, 2, 3, 1, grid=1))
def test_standardize_tokens_ignores_scale_and_offset(standardize_tokens, x, factor, offset):
    """At epsilon = 0, a x + c gives what x gives, turned round if a < 0, and its length is sqrt(d)."""
    y = standardize_tokens(factor * x + offset, 0.0)
    expected, size = by_pairs(x, token_label(x), 0.0)
    assert_close(y, math.copysign(1, factor) * expected, size + offset.abs() * size / (abs(factor) * x.abs().max()))
    assert_close(y.square().sum(-1), 5, 5 * (1 + size[..., 0] + offset[..., 0].abs() * size[..., 0] / abs(factor)))


@given(x=normals(2, 3, 5), gain=normals(5), bias=normals(5), epsilon=epsilons())
def test_layer_norm_equals_mean_difference_to_own_channels(layer_norm, x, gain, bias, epsilon):
    """Gain and bias act on each channel after the token has been standardised by itself."""
    standardized, size = by_pairs(x, token_label(x), epsilon)
    assert_close(layer_norm(x, gain, bias, epsilon), gain * standardized + bias, gain.abs() * size + bias.abs())


@given(
    x=tokens(2, 3, 5),
    centre=dyadics(-4096, 4096, 2, 3, 1, grid=1),
    gain=normals(6),
    bias=normals(6),
    epsilon=epsilons(),
)
def test_layer_norm_is_rms_norm_of_centred_tokens(layer_norm, rms_norm, x, centre, gain, bias, epsilon):
    """With the mean taken off beforehand, however large, the root mean square is the standard deviation."""
    centred = torch.cat([x, -x.sum(-1, keepdim=True)], -1)
    expected = rms_norm(centred, gain, epsilon) + bias
    spread = (centred.square().mean(-1, keepdim=True) + epsilon).sqrt()
    size = gain.abs() * (centre.abs() + centred.abs().amax()) / spread + bias.abs()
    assert_close(layer_norm(centre + centred, gain, bias, epsilon), expected, size)


@pytest.mark.parametrize("channels", [1, 3])
@given(level=normals(2, 1), gain=normals(3), bias=normals(3), epsilon=epsilons())
def test_layer_norm_maps_equal_channels_to_bias(
    layer_norm,
    image_layer_norm,
    group_norm,
    instance_norm,
    batch_norm_in_training,
    level,
    gain,
    bias,
    epsilon,
    channels,
):
    """Where nothing varies there is nothing but the bias, a single channel included."""
    gain, bias, x = gain[:channels], bias[:channels], level.expand(2, channels)
    image, equal = x[..., None, None], torch.full((2, channels), level[0, 0].item(), dtype=torch.float64)
    moments = RunningMoments(bias, gain.square())
    size = gain.abs() * level.abs() / epsilon**0.5 + bias.abs()
    assert_close(layer_norm(x, gain, bias, epsilon), bias.expand(2, channels), size)
    per_entry = image_layer_norm(image, gain[:, None, None], bias[:, None, None], epsilon)
    assert_close(per_entry[..., 0, 0], bias.expand(2, channels), size)
    assert_close(group_norm(x, 1, gain, bias, epsilon), bias.expand(2, channels), size)
    assert_close(instance_norm(image, gain, bias, epsilon)[..., 0, 0], bias.expand(2, channels), size)
    y, _ = batch_norm_in_training(equal, moments, gain, bias, 0.0, epsilon)
    assert_close(y, bias.expand(2, channels), size[:1])


@given(x=normals(2, 3, 5), gain=normals(5), epsilon=epsilons())
def test_rms_norm_equals_ratio_of_hypotenuses(rms_norm, x, gain, epsilon):
    """The divisor is the hypotenuse of sqrt(epsilon) and |x| / sqrt(d); no mean is subtracted, and zero stays zero."""
    x = torch.cat([x, torch.zeros(2, 1, 5)], 1)
    rows = [math.hypot(math.sqrt(epsilon), math.hypot(*row) / math.sqrt(5)) for row in x.reshape(8, 5).tolist()]
    expected = gain * x / torch.tensor(rows, dtype=torch.float64).reshape(2, 4, 1)
    assert_close(rms_norm(x, gain, epsilon), expected)


@given(query=tokens(3, 5), key=tokens(7, 5), gain=st.sampled_from([0.5, 3.0]), exponent=st.sampled_from([-20, 0, 20]))
def test_rms_norm_bounds_scores_of_queries_and_keys(rms_norm, query, key, gain, exponent):
    """At epsilon = 0 a token has length gain sqrt(d), so |q . k| / sqrt(d) is at most gain^2 sqrt(d), as at k = -q."""
    factors = torch.full((5,), gain, dtype=torch.float64)
    q, k = rms_norm(2.0**exponent * query, factors, 0.0), rms_norm(2.0**-exponent * key, factors, 0.0)
    bound = gain**2 * math.sqrt(5)
    assert_at_most((q @ k.mT / math.sqrt(5)).abs(), bound, bound)
    opposite = rms_norm(-query, factors, 0.0)
    assert_close((q * opposite).sum(-1) / math.sqrt(5), -bound)


@LOW_PRECISION
@given(x=dyadics(-(2**17), 2**17, 2, 3, 5, grid=512), gain=normals(5), bias=normals(5), epsilon=epsilons())
def test_layer_norm_rounds_once_to_low_precision(
    layer_norm, standardize_tokens, rms_norm, x, gain, bias, epsilon, dtype
):
    """The error is half a spacing of float16 or bfloat16, also for inputs whose squares float16 cannot hold."""
    x, gain, bias = x.to(dtype), gain.to(dtype), bias.to(dtype)
    wide, g, b = x.double(), gain.double(), bias.double()
    standardized, size = by_pairs(wide, token_label(x), epsilon)
    assert_rounded_once(standardize_tokens(x, epsilon), standardized, size)
    assert_rounded_once(layer_norm(x, gain, bias, epsilon), g * standardized + b, g.abs() * size + b.abs())
    scaled = g * wide / (wide.square().mean(-1, keepdim=True) + epsilon).sqrt()
    assert_rounded_once(rms_norm(x, gain, epsilon), scaled, scaled.abs())


@given(x=entries(1, 2, 3, 1, 5), gain=normals(3, 1, 5), bias=normals(3, 1, 5), epsilon=epsilons())
def test_image_layer_norm_equals_mean_difference_to_own_image(image_layer_norm, x, gain, bias, epsilon):
    """All entries of an image share one mean and one variance, and each has a gain and a bias of its own."""
    standardized, size = by_pairs(x, torch.arange(2).reshape(2, 1, 1, 1), epsilon)
    y = image_layer_norm(x, gain, bias, epsilon)
    assert_close(y, gain * standardized + bias, gain.abs() * size + bias.abs())


@pytest.mark.parametrize(("groups", "size"), [(1, (5,)), (2, (1, 2)), (3, ()), (2, (2, 1, 2))])
@given(values=entries(2, 6, 5), gain=normals(6), bias=normals(6), epsilon=epsilons())
def test_group_norm_equals_mean_difference_to_own_group(group_norm, values, gain, bias, epsilon, groups, size):
    """Consecutive channels, all their pixels and no other image share one mean and one variance."""
    x = values[..., : math.prod(size)].reshape(2, 6, *size)
    standardized, terms = by_pairs(x, group_label(x, groups), epsilon)
    g, b = along_channels(gain, x), along_channels(bias, x)
    assert_close(group_norm(x, groups, gain, bias, epsilon), g * standardized + b, g.abs() * terms + b.abs())


@pytest.mark.parametrize("groups", [0, -1, -2, 4, 5, 12])
def test_group_norm_rejects_groups_that_do_not_divide_channels(group_norm, groups):
    """Six channels have 1, 2, 3 or 6 groups."""
    x, ones = torch.arange(60, dtype=torch.float64).reshape(2, 6, 5), torch.ones(6, dtype=torch.float64)
    assert_rejects(group_norm, x, groups, ones, ones, 0.5)


@pytest.mark.parametrize("size", [(1, 5), (5,), (2, 1, 2)])
@given(values=entries(2, 3, 5), gain=normals(3), bias=normals(3), epsilon=epsilons())
def test_instance_norm_equals_mean_difference_to_own_pixels(instance_norm, values, gain, bias, epsilon, size):
    """The pixels of one channel of one image share one mean and one variance, along as many axes as there are."""
    x = values[..., : math.prod(size)].reshape(2, 3, *size)
    standardized, size = by_pairs(x, group_label(x, 3), epsilon)
    g, b = along_channels(gain, x), along_channels(bias, x)
    assert_close(instance_norm(x, gain, bias, epsilon), g * standardized + b, g.abs() * size + b.abs())


@pytest.mark.parametrize("shape", [(2, 3, 1, 5), (1, 3, 5), (2, 3)])
@given(values=entries(30), gain=normals(3), bias=normals(3), epsilon=epsilons())
def test_batch_norm_in_training_equals_mean_difference_to_own_channel(
    batch_norm_in_training, values, gain, bias, epsilon, shape
):
    """The values of a channel in the whole batch share one mean and one variance, whatever the running moments are."""
    x = values[: math.prod(shape)].reshape(shape)
    standardized, terms = by_pairs(x, channel_label(x), epsilon)
    g, b = along_channels(gain, x), along_channels(bias, x)
    y, _ = batch_norm_in_training(x, RunningMoments(bias, gain.square()), gain, bias, 1.0, epsilon)
    assert_close(y, g * standardized + b, g.abs() * terms + b.abs())


@given(
    x=normals(2, 3, 5),
    mean=normals(3),
    variance=dyadics(0, 4096, 3, grid=64),
    momentum=st.sampled_from([0.125, 0.0, 1.0]),
    epsilon=epsilons(),
    offset=st.sampled_from([0, 4096]),
)
def test_batch_norm_in_training_moves_running_moments(
    batch_norm_in_training, x, mean, variance, epsilon, momentum, offset
):
    """Running moments go the share `momentum` of the way to the mean and the sample variance of each channel."""
    ones = torch.ones(3, dtype=torch.float64)
    largest, x = x.abs().max(), x + offset
    _, moments = batch_norm_in_training(x, RunningMoments(mean, variance), ones, ones, momentum, epsilon)
    columns = x.transpose(0, 1).reshape(3, 10).tolist()
    to_mean = torch.tensor([statistics.mean(column) for column in columns], dtype=torch.float64)
    to_variance = torch.tensor([statistics.variance(column) for column in columns], dtype=torch.float64)
    assert_close(moments.mean, mean + momentum * (to_mean - mean), mean.abs() + largest + offset)
    size = variance + largest**2 + offset * (1 + largest)
    assert_close(moments.variance, variance + momentum * (to_variance - variance), size)


@pytest.mark.parametrize(
    ("shape", "momentum"),
    [((1, 3), 0.5), ((1, 3, 1), 0.5), ((0, 3, 5), 0.5), ((2, 3), -0.125), ((2, 3), 1.125), ((2, 3), math.nan)],
)
def test_batch_norm_in_training_rejects_single_values_and_impossible_momenta(batch_norm_in_training, shape, momentum):
    """Less than two values have no unbiased variance, and an average has no weight outside [0, 1]."""
    x, ones = torch.arange(math.prod(shape), dtype=torch.float64).reshape(shape), torch.ones(3, dtype=torch.float64)
    assert_rejects(batch_norm_in_training, x, RunningMoments(ones, ones), ones, ones, momentum, 0.5)


@pytest.mark.parametrize("size", [(1, 5), ()])
@given(
    scores=dyadics(-256, 256, 2, 3, 5, grid=64),
    mean=dyadics(-256, 256, 3, grid=64),
    deviation=dyadics(32, 256, 3, grid=64),
    gain=normals(3),
    bias=normals(3),
    unit=st.sampled_from([1, 2.0**-20]),
)
def test_batch_norm_in_evaluation_is_a_fixed_affine_map(
    batch_norm_in_evaluation, scores, mean, deviation, gain, bias, unit, size
):
    """k deviations sqrt(running variance + epsilon) from the running mean become bias + k gain, whatever the batch."""
    scores = scores[..., : math.prod(size)].reshape(2, 3, *size)
    x = along_channels(mean, scores) + along_channels(deviation, scores) * scores
    moments = RunningMoments(unit * mean, unit**2 * (deviation**2 - 0.125))
    y = batch_norm_in_evaluation(unit * x, moments, gain, bias, unit**2 * 0.125)
    terms = along_channels((1 + mean.abs()) / deviation, scores) + scores.abs()
    g, b = along_channels(gain, scores), along_channels(bias, scores)
    assert_close(y, g * scores + b, g.abs() * terms + b.abs())


@LOW_PRECISION
@given(x=dyadics(-(2**16), 2**16, 2, 4, 3, grid=512), gain=normals(4), bias=normals(4), mean=normals(4))
def test_group_norm_rounds_once_to_low_precision(
    group_norm,
    instance_norm,
    image_layer_norm,
    batch_norm_in_training,
    batch_norm_in_evaluation,
    x,
    gain,
    bias,
    mean,
    dtype,
):
    """The error of every norm of images is half a spacing of the dtype, that of the running moments included."""
    x, gain, bias, mean = x.to(dtype), gain.to(dtype), bias.to(dtype), mean.to(dtype)
    wide, g, b, largest = x.double(), gain.double()[:, None], bias.double()[:, None], x.double().abs().max()
    standardized, size = by_pairs(wide, group_label(x, 2), 0.5)
    expected, terms = g * standardized + b, g.abs() * size + b.abs()
    assert_rounded_once(group_norm(x, 2, gain, bias, 0.5), expected, terms)
    standardized, size = by_pairs(wide, torch.arange(2)[:, None, None], 0.5)
    per_entry = image_layer_norm(x[:, None], gain[:, None].expand(1, 4, 3), bias[:, None].expand(1, 4, 3), 0.5)[:, 0]
    assert_rounded_once(per_entry, g * standardized + b, g.abs() * size + b.abs())
    standardized, size = by_pairs(wide, group_label(x, 4), 0.5)
    assert_rounded_once(instance_norm(x, gain, bias, 0.5), g * standardized + b, g.abs() * size + b.abs())
    moments = RunningMoments(mean, gain.square())
    y, moved = batch_norm_in_training(x, moments, gain, bias, 0.375, 0.5)
    standardized, size = by_pairs(wide, channel_label(x), 0.5)
    assert_rounded_once(y, g * standardized + b, g.abs() * size + b.abs())
    to_mean, to_variance = wide.mean((0, 2)), wide.transpose(0, 1).flatten(1).var(1)
    assert_rounded_once(moved.mean, 0.625 * mean.double() + 0.375 * to_mean, largest)
    assert_rounded_once(moved.variance, 0.625 * moments.variance.double() + 0.375 * to_variance, 16 + largest**2)
    centred, deviation = wide - mean.double()[:, None], (moments.variance.double() + 0.5).sqrt()[:, None]
    fixed = batch_norm_in_evaluation(x, moments, gain, bias, 0.5)
    assert_rounded_once(fixed, g * centred / deviation + b, (g.abs() * (largest + 4) / deviation + b.abs()))


@pytest.mark.parametrize("epsilon", [-(2.0**-20), -1.0, math.nan])
def test_layer_norm_rejects_negative_epsilon(
    layer_norm,
    standardize_tokens,
    rms_norm,
    image_layer_norm,
    group_norm,
    instance_norm,
    batch_norm_in_training,
    batch_norm_in_evaluation,
    epsilon,
):
    """A variance does not become smaller to be divided by."""
    x, ones = torch.arange(6, dtype=torch.float64).reshape(2, 3), torch.ones(3, dtype=torch.float64)
    moments = RunningMoments(ones, ones)
    assert_rejects(layer_norm, x, ones, ones, epsilon)
    assert_rejects(standardize_tokens, x, epsilon)
    assert_rejects(rms_norm, x, ones, epsilon)
    assert_rejects(image_layer_norm, x[None], x[None], x[None], epsilon)
    assert_rejects(group_norm, x, 1, ones, ones, epsilon)
    assert_rejects(instance_norm, x[..., None], ones, ones, epsilon)
    assert_rejects(batch_norm_in_training, x, moments, ones, ones, 0.5, epsilon)
    assert_rejects(batch_norm_in_evaluation, x, moments, ones, ones, epsilon)
