"""Wrong variants of `reference.transformer.norms`."""

import torch

from properties.mistakes import mistake, variant
from reference.transformer.norms import (
    RunningMoments,
    batch_norm_in_evaluation,
    batch_norm_in_training,
    group_norm,
    image_layer_norm,
    instance_norm,
    layer_norm,
    rms_norm,
    standardize_tokens,
)


def _standardized(x, axes, epsilon, correction=0):
    variance, mean = torch.var_mean(x, axes, correction=correction, keepdim=True)
    return (x - mean) / (variance + epsilon).sqrt()


def _standardized_by_squares(x, axes, epsilon):
    mean = x.mean(axes, keepdim=True)
    variance = (x.square().mean(axes, keepdim=True) - mean.square()).clamp(min=0)
    return (x - mean) / (variance + epsilon).sqrt()


def _along_channels(values, x):
    return values.reshape(-1, *[1] * (x.ndim - 2))


@mistake(of=standardize_tokens, seen="harvardnlp/annotated-transformer#119")
def standardize_tokens_with_sample_variance(x, epsilon):
    """the variance is divided by n - 1 instead of n"""
    standardize_tokens(x, epsilon)
    return _standardized(x, -1, epsilon, 1)


@mistake(of=standardize_tokens, seen="tracel-ai/burn#2185")
def standardize_tokens_with_epsilon_outside_the_root(x, epsilon):
    """epsilon is added to the standard deviation instead of the variance"""
    return (x - x.mean(-1, keepdim=True)) / (x.std(-1, correction=0, keepdim=True) + epsilon)


@mistake(of=standardize_tokens, seen="131250208/TPlinker-joint-extraction#37")
def standardize_tokens_that_squares(x, epsilon):
    """the centred token is divided by the square of variance + epsilon instead of its root"""
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return (x - mean) / (variance + epsilon) ** 2


@mistake(of=standardize_tokens, seen="catalogue R003-026")
def standardize_tokens_over_the_sequence(x, epsilon):
    """the tokens of a sequence share one mean and one variance"""
    return _standardized(x, tuple(range(1, x.ndim)), epsilon)


@mistake(of=standardize_tokens, seen="catalogue R001-025")
def standardize_tokens_without_mean(x, epsilon):
    """the mean is not subtracted, as in RMSNorm"""
    return rms_norm(x, torch.ones_like(x[..., 0, :] if x.ndim > 1 else x).reshape(-1, x.shape[-1])[0], epsilon)


@mistake(of=standardize_tokens, seen="catalogue R003-026")
def standardize_tokens_to_length_one(x, epsilon):
    """centred tokens are scaled to length 1 instead of sqrt(d)"""
    return standardize_tokens(x, epsilon) / x.shape[-1] ** 0.5


@mistake(of=standardize_tokens, seen="catalogue R001-026")
def standardize_tokens_by_difference_of_squares(x, epsilon):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    standardize_tokens(x, epsilon)
    return _standardized_by_squares(x, -1, epsilon)


@mistake(of=standardize_tokens, seen="catalogue R001-026")
def standardize_tokens_with_least_epsilon(x, epsilon):
    """an epsilon below 1e-5 is taken for that"""
    standardize_tokens(x, epsilon)
    return standardize_tokens(x, max(epsilon, 1e-5))


@mistake(of=layer_norm, seen="codertimo/BERT-pytorch#30")
def layer_norm_with_sample_variance(x, gain, bias, epsilon):
    """the variance is divided by n - 1 instead of n"""
    layer_norm(x, gain, bias, epsilon)
    return gain * _standardized(x, -1, epsilon, min(1, x.shape[-1] - 1)) + bias


@mistake(of=layer_norm, seen="harvardnlp/annotated-transformer#122")
def layer_norm_by_sample_deviation(x, gain, bias, epsilon):
    """the token is divided by std + epsilon, with n - 1 under the root"""
    centred = x - x.mean(-1, keepdim=True)
    return gain * centred / (x.std(-1, keepdim=True, correction=min(1, x.shape[-1] - 1)) + epsilon) + bias


@mistake(of=layer_norm, seen="tracel-ai/burn#2185")
def layer_norm_with_epsilon_outside_the_root(x, gain, bias, epsilon):
    """epsilon is added to the standard deviation instead of the variance"""
    return gain * (x - x.mean(-1, keepdim=True)) / (x.std(-1, correction=0, keepdim=True) + epsilon) + bias


@mistake(of=layer_norm, seen="131250208/TPlinker-joint-extraction#37")
def layer_norm_that_squares(x, gain, bias, epsilon):
    """the centred token is divided by the square of variance + epsilon instead of its root"""
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return gain * (x - mean) / (variance + epsilon) ** 2 + bias


@mistake(of=layer_norm, seen="catalogue R003-026")
def layer_norm_over_the_sequence(x, gain, bias, epsilon):
    """the tokens of a sequence share one mean and one variance"""
    return gain * _standardized(x, tuple(range(1, x.ndim)), epsilon) + bias


@mistake(of=layer_norm, seen="catalogue R003-030")
def layer_norm_over_the_batch(x, gain, bias, epsilon):
    """each channel is standardised over the batch, as in batch norm"""
    return gain * _standardized(x, tuple(range(x.ndim - 1)), epsilon) + bias


@mistake(of=layer_norm, seen="catalogue R001-025")
def layer_norm_without_bias(x, gain, bias, epsilon):
    """the bias is left out"""
    return layer_norm(x, gain, 0 * bias, epsilon)


@mistake(of=layer_norm, seen="catalogue R003-026")
def layer_norm_with_scaled_bias(x, gain, bias, epsilon):
    """the bias is added before the gain multiplies"""
    return layer_norm(x, gain, gain * bias, epsilon)


@mistake(of=layer_norm, seen="InternLM/lmdeploy#2842")
def layer_norm_with_gain_one_plus_weight(x, gain, bias, epsilon):
    """the gain is taken for its difference from 1"""
    return layer_norm(x, 1 + gain, bias, epsilon)


@mistake(of=layer_norm, seen="amd/IRON#139")
def layer_norm_that_rounds_before_the_gain(x, gain, bias, epsilon):
    """the standardised token is rounded to the dtype of the input before the gain multiplies it"""
    return gain * standardize_tokens(x, epsilon) + bias


@mistake(of=layer_norm, seen="flax.linen.LayerNorm, use_fast_variance")
def layer_norm_by_difference_of_squares(x, gain, bias, epsilon):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    return gain * _standardized_by_squares(x, -1, epsilon) + bias


@variant(of=layer_norm, seen="catalogue R001-025")
def layer_norm_by_rms_norm(x, gain, bias, epsilon):
    """the root mean square of a centred token is its standard deviation"""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    centred = wide - wide.mean(-1, keepdim=True)
    return (rms_norm(centred, gain.to(wide.dtype), epsilon) + bias).to(x.dtype)


@mistake(of=rms_norm, seen="catalogue R001-012")
def rms_norm_that_subtracts_the_mean(x, gain, epsilon):
    """the mean is subtracted, as in layer norm"""
    return layer_norm(x, gain, 0 * gain, epsilon)


@mistake(of=rms_norm, seen="allenai/OLMo#281")
def rms_norm_with_epsilon_outside_the_root(x, gain, epsilon):
    """epsilon is added to the root mean square instead of the mean square"""
    return gain * x / (x.square().mean(-1, keepdim=True).sqrt() + epsilon)


@mistake(of=rms_norm, seen="catalogue R001-012")
def rms_norm_over_the_tokens(x, gain, epsilon):
    """the mean square is taken over tokens instead of channels"""
    return gain * x / (x.square().mean(-2, keepdim=True) + epsilon).sqrt()


@mistake(of=rms_norm, seen="catalogue R003-230")
def rms_norm_by_length(x, gain, epsilon):
    """the token is divided by its length instead of its root mean square"""
    return gain * x / (x.square().sum(-1, keepdim=True) + epsilon).sqrt()


@mistake(of=rms_norm, seen="catalogue R003-230")
def rms_norm_with_gain_one_plus_weight(x, gain, epsilon):
    """the gain is taken for its difference from 1, as in Gemma"""
    return rms_norm(x, 1 + gain, epsilon)


@mistake(of=rms_norm, seen="huggingface/transformers#29402")
def rms_norm_that_rounds_before_the_gain(x, gain, epsilon):
    """the scaled token is rounded to the dtype of the input before the gain multiplies it"""
    return gain * rms_norm(x, torch.ones_like(gain), epsilon)


@mistake(of=rms_norm, seen="amd/IRON#139")
def rms_norm_that_rounds_the_divisor(x, gain, epsilon):
    """the inverse root mean square is rounded to the dtype of the input"""
    inverse = (x.float() if x.dtype.itemsize < 4 else x).square().mean(-1, keepdim=True).add(epsilon).rsqrt()
    return (inverse.to(x.dtype).to(inverse.dtype) * x * gain).to(x.dtype)


@mistake(of=rms_norm, seen="catalogue R001-012")
def rms_norm_that_squares_in_low_precision(x, gain, epsilon):
    """squares are taken in the dtype of the input, where they overflow or lose digits"""
    return x / (x.square().mean(-1, keepdim=True) + epsilon).sqrt() * gain


@mistake(of=rms_norm, seen="catalogue R001-012")
def rms_norm_without_root(x, gain, epsilon):
    """the token is divided by its mean square"""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return (gain * wide / (wide.square().mean(-1, keepdim=True) + epsilon)).to(x.dtype)


@mistake(of=rms_norm, seen="catalogue R003-230")
def rms_norm_without_gain(x, gain, epsilon):
    """the gain is left out"""
    return rms_norm(x, torch.ones_like(gain), epsilon)


@mistake(of=rms_norm, seen="catalogue R001-012")
def rms_norm_with_absolute_values(x, gain, epsilon):
    """the signs of the token are lost"""
    return rms_norm(x.abs(), gain, epsilon)


@variant(of=rms_norm, seen="stanford-cs336/assignment2-systems#2")
def rms_norm_by_reciprocal_root(x, gain, epsilon):
    """multiplying by rsqrt is dividing by the root"""
    rms_norm(x, gain, epsilon)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon) * gain).to(x.dtype)


@variant(of=rms_norm, seen="huggingface/transformers#29402")
def rms_norm_by_offset_gain(x, gain, epsilon):
    """a stored gain - 1 to which 1 is added in float32, as in Gemma, is the same gain"""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    stored = gain.to(wide.dtype) - 1
    return rms_norm(wide, 1 + stored, epsilon).to(x.dtype)


@mistake(of=image_layer_norm, seen="catalogue R003-027")
def image_layer_norm_over_channels(x, gain, bias, epsilon):
    """each pixel is standardised over its channels, as in ConvNeXt"""
    return gain * _standardized(x, -3, epsilon) + bias


@mistake(of=image_layer_norm, seen="catalogue R003-027")
def image_layer_norm_over_pixels(x, gain, bias, epsilon):
    """each channel is standardised by itself, as in instance norm"""
    return gain * _standardized(x, (-2, -1), epsilon) + bias


@mistake(of=image_layer_norm, seen="catalogue R003-027")
def image_layer_norm_over_the_batch(x, gain, bias, epsilon):
    """the images of a batch share one mean and one variance"""
    return gain * _standardized(x, tuple(range(x.ndim)), epsilon) + bias


@mistake(of=image_layer_norm, seen="E003-010")
def image_layer_norm_with_gain_per_channel(x, gain, bias, epsilon):
    """gain and bias of the first pixel are used for the whole channel"""
    return image_layer_norm(x, gain[:, :1, :1].expand_as(gain), bias[:, :1, :1].expand_as(bias), epsilon)


@mistake(of=image_layer_norm, seen="harvardnlp/annotated-transformer#119")
def image_layer_norm_with_sample_variance(x, gain, bias, epsilon):
    """the variance is divided by n - 1 instead of n"""
    return gain * _standardized(x, (-3, -2, -1), epsilon, min(1, gain.numel() - 1)) + bias


@mistake(of=image_layer_norm, seen="catalogue R003-027")
def image_layer_norm_by_difference_of_squares(x, gain, bias, epsilon):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    image_layer_norm(x, gain, bias, epsilon)
    return gain * _standardized_by_squares(x, (-3, -2, -1), epsilon) + bias


@mistake(of=image_layer_norm, seen="catalogue R003-027")
def image_layer_norm_with_least_epsilon(x, gain, bias, epsilon):
    """an epsilon below 1e-5 is taken for that"""
    image_layer_norm(x, gain, bias, epsilon)
    return image_layer_norm(x, gain, bias, max(epsilon, 1e-5))


@mistake(of=group_norm, seen="catalogue R003-028")
def group_norm_of_interleaved_channels(x, groups, gain, bias, epsilon):
    """a group is every groups-th channel instead of consecutive ones"""
    order = torch.arange(x.shape[1]).reshape(-1, groups).T.flatten()
    plain = group_norm(x[:, order], groups, torch.ones_like(gain), torch.zeros_like(bias), epsilon)
    return _along_channels(gain, x) * plain[:, order.argsort()] + _along_channels(bias, x)


@mistake(of=group_norm, seen="tensorflow/addons#751")
def group_norm_of_reshaped_channels_last(x, groups, gain, bias, epsilon):
    """the groups are cut from an array whose channels are last, which mixes pixels and channels"""
    last = x.movedim(1, -1)
    mixed = last.reshape(len(x), groups, -1)
    plain = _standardized(mixed, -1, epsilon).reshape(last.shape).movedim(-1, 1)
    group_norm(x, groups, gain, bias, epsilon)
    return _along_channels(gain, x) * plain + _along_channels(bias, x)


@mistake(of=group_norm, seen="pytorch/pytorch#87846")
def group_norm_per_pixel(x, groups, gain, bias, epsilon):
    """each pixel is standardised over the channels of its group alone"""
    group_norm(x, groups, gain, bias, epsilon)
    plain = _standardized(x.unflatten(1, (groups, -1)), 2, epsilon).flatten(1, 2)
    return _along_channels(gain, x) * plain + _along_channels(bias, x)


@mistake(of=group_norm, seen="catalogue R003-028")
def group_norm_with_exchanged_counts(x, groups, gain, bias, epsilon):
    """the number of groups is taken for the number of channels in a group"""
    group_norm(x, groups, gain, bias, epsilon)
    return group_norm(x, x.shape[1] // groups, gain, bias, epsilon)


@mistake(of=group_norm, seen="catalogue R003-028")
def group_norm_with_gain_per_group(x, groups, gain, bias, epsilon):
    """one gain and one bias, of the first channel, serve a whole group"""
    first = torch.arange(len(gain)) // (len(gain) // groups) * (len(gain) // groups)
    return group_norm(x, groups, gain[first], bias[first], epsilon)


@mistake(of=group_norm, seen="E003-011")
def group_norm_over_the_batch(x, groups, gain, bias, epsilon):
    """the images of a batch share their means and variances"""
    group_norm(x, groups, gain, bias, epsilon)
    grouped = x.unflatten(1, (groups, -1))
    plain = _standardized(grouped, (0, *range(2, grouped.ndim)), epsilon).flatten(1, 2)
    return _along_channels(gain, x) * plain + _along_channels(bias, x)


@mistake(of=group_norm, seen="catalogue R003-028")
def group_norm_with_a_smaller_last_group(x, groups, gain, bias, epsilon):
    """groups that do not divide the channels are cut unevenly instead of refused"""
    ones = torch.ones_like(gain)
    parts = x.tensor_split(max(groups, 1), 1)
    plain = [group_norm(part, 1, *[ones[: part.shape[1]]] * 2, epsilon) - 1 for part in parts if part.shape[1]]
    return _along_channels(gain, x) * torch.cat(plain, 1) + _along_channels(bias, x)


@mistake(of=group_norm, seen="catalogue R003-028")
def group_norm_by_difference_of_squares(x, groups, gain, bias, epsilon):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    group_norm(x, groups, gain, bias, epsilon)
    parts = x.unflatten(1, (groups, -1))
    standardized = _standardized_by_squares(parts, tuple(range(2, parts.ndim)), epsilon).flatten(1, 2)
    return _along_channels(gain, x) * standardized + _along_channels(bias, x)


@mistake(of=group_norm, seen="catalogue R003-028")
def group_norm_with_least_epsilon(x, groups, gain, bias, epsilon):
    """an epsilon below 1e-5 is taken for that"""
    group_norm(x, groups, gain, bias, epsilon)
    return group_norm(x, groups, gain, bias, max(epsilon, 1e-5))


@mistake(of=instance_norm, seen="catalogue R003-028")
def instance_norm_of_one_group(x, gain, bias, epsilon):
    """all channels of an image share one mean and one variance"""
    return group_norm(x, 1, gain, bias, epsilon)


@mistake(of=instance_norm, seen="catalogue R003-025")
def instance_norm_over_the_batch(x, gain, bias, epsilon):
    """a channel shares its mean and its variance with the other images, as in batch norm"""
    return batch_norm_in_training(x, RunningMoments(0 * bias, gain.square()), gain, bias, 0.5, epsilon)[0]


@mistake(of=instance_norm, seen="catalogue R003-028")
def instance_norm_with_sample_variance(x, gain, bias, epsilon):
    """the variance is divided by n - 1 instead of n"""
    axes, correction = tuple(range(2, x.ndim)), min(1, x[0, 0].numel() - 1)
    return _along_channels(gain, x) * _standardized(x, axes, epsilon, correction) + _along_channels(bias, x)


@mistake(of=instance_norm, seen="catalogue R003-028")
def instance_norm_by_difference_of_squares(x, gain, bias, epsilon):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    instance_norm(x, gain, bias, epsilon)
    standardized = _standardized_by_squares(x, tuple(range(2, x.ndim)), epsilon)
    return _along_channels(gain, x) * standardized + _along_channels(bias, x)


@mistake(of=instance_norm, seen="catalogue R003-028")
def instance_norm_in_low_precision(x, gain, bias, epsilon):
    """mean and variance are rounded to the dtype of x on the way"""
    instance_norm(x, gain, bias, epsilon)
    standardized = _standardized(x, tuple(range(2, x.ndim)), epsilon)
    return _along_channels(gain, x) * standardized + _along_channels(bias, x)


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_with_biased_running_variance(x, moments, gain, bias, momentum, epsilon):
    """the running variance follows the variance with divisor n instead of n - 1"""
    y, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    variance = x.var((0, *range(2, x.ndim)), correction=0)
    return y, RunningMoments(moved.mean, (1 - momentum) * moments.variance + momentum * variance)


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_with_sample_variance(x, moments, gain, bias, momentum, epsilon):
    """the batch is divided by its unbiased standard deviation"""
    _, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    plain = _standardized(x, (0, *range(2, x.ndim)), epsilon, 1)
    return _along_channels(gain, x) * plain + _along_channels(bias, x), moved


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_with_momentum_of_keras(x, moments, gain, bias, momentum, epsilon):
    """momentum is the weight of the running moments instead of the batch's"""
    return batch_norm_in_training(x, moments, gain, bias, 1 - momentum, epsilon)


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_of_evaluation(x, moments, gain, bias, momentum, epsilon):
    """the running moments, and not the batch's, standardise the batch"""
    _, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    return batch_norm_in_evaluation(x, moments, gain, bias, epsilon), moved


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_over_the_batch_alone(x, moments, gain, bias, momentum, epsilon):
    """each pixel has its own mean and variance over the batch"""
    _, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    return _along_channels(gain, x) * _standardized(x, 0, epsilon) + _along_channels(bias, x), moved


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_without_update(x, moments, gain, bias, momentum, epsilon):
    """the running moments stay as they were"""
    y, _ = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    return y, RunningMoments(moments.mean.clone(), moments.variance.clone())


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_of_deviations(x, moments, gain, bias, momentum, epsilon):
    """the running variance follows the standard deviation"""
    y, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    deviation = x.std((0, *range(2, x.ndim)))
    return y, RunningMoments(moved.mean, (1 - momentum) * moments.variance + momentum * deviation)


@mistake(of=batch_norm_in_training, seen="PyTorch")
def batch_norm_in_training_without_check(x, moments, gain, bias, momentum, epsilon):
    """a single value for each channel gets a variance of 0, and any momentum is taken"""
    axes, correction = (0, *range(2, x.ndim)), 1 if x[:, 0].numel() > 1 else 0
    mean = (1 - momentum) * moments.mean + momentum * x.mean(axes)
    variance = (1 - momentum) * moments.variance + momentum * x.var(axes, correction=correction)
    y = _along_channels(gain, x) * _standardized(x, axes, epsilon) + _along_channels(bias, x)
    return y, RunningMoments(mean, variance)


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_by_difference_of_squares(x, moments, gain, bias, momentum, epsilon):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    _, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    standardized = _standardized_by_squares(x, (0, *range(2, x.ndim)), epsilon)
    return _along_channels(gain, x) * standardized + _along_channels(bias, x), moved


@mistake(of=batch_norm_in_training, seen="catalogue R003-025")
def batch_norm_in_training_with_running_variance_by_squares(x, moments, gain, bias, momentum, epsilon):
    """the running variance moves to mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    y, moved = batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)
    rows = x.transpose(0, 1).flatten(1).to(torch.promote_types(x.dtype, torch.float32))
    variance = (rows.square().mean(1) - rows.mean(1).square()) * rows.shape[1] / (rows.shape[1] - 1)
    kept = (1 - momentum) * moments.variance + momentum * variance
    return y, RunningMoments(moved.mean, kept.to(moments.variance.dtype))


@mistake(of=batch_norm_in_evaluation, seen="catalogue R003-025")
def batch_norm_in_evaluation_of_training(x, moments, gain, bias, epsilon):
    """the batch is standardised by its own moments, as if eval() had been forgotten"""
    batch_norm_in_evaluation(x, moments, gain, bias, epsilon)
    plain = _standardized(x, (0, *range(2, x.ndim)), epsilon)
    return _along_channels(gain, x) * plain + _along_channels(bias, x)


@mistake(of=batch_norm_in_evaluation, seen="tracel-ai/burn#2185")
def batch_norm_in_evaluation_with_epsilon_outside_the_root(x, moments, gain, bias, epsilon):
    """epsilon is added to the standard deviation instead of the variance"""
    deviation = moments.variance.sqrt() + epsilon
    centred = (x - _along_channels(moments.mean, x)) / _along_channels(deviation, x)
    return _along_channels(gain, x) * centred + _along_channels(bias, x)


@mistake(of=batch_norm_in_evaluation, seen="catalogue R003-025")
def batch_norm_in_evaluation_without_root(x, moments, gain, bias, epsilon):
    """x is divided by the running variance instead of its root"""
    squared = RunningMoments(moments.mean, (moments.variance + epsilon).square() - epsilon)
    return batch_norm_in_evaluation(x, squared, gain, bias, epsilon)


@mistake(of=batch_norm_in_evaluation, seen="catalogue R003-025")
def batch_norm_in_evaluation_with_least_epsilon(x, moments, gain, bias, epsilon):
    """an epsilon below 1e-5 is taken for that"""
    batch_norm_in_evaluation(x, moments, gain, bias, epsilon)
    return batch_norm_in_evaluation(x, moments, gain, bias, max(epsilon, 1e-5))


@variant(of=batch_norm_in_evaluation, seen="catalogue R003-025")
def batch_norm_in_evaluation_fused(x, moments, gain, bias, epsilon):
    """one factor and one offset for each channel are what a preceding convolution can take over"""
    batch_norm_in_evaluation(x, moments, gain, bias, epsilon)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    factor = gain / (moments.variance.to(wide.dtype) + epsilon).sqrt()
    offset = bias - factor * moments.mean
    return (_along_channels(factor, x) * wide + _along_channels(offset, x)).to(x.dtype)


@mistake(of=instance_norm, seen="catalogue R003-028")
def instance_norm_of_slices(x, gain, bias, epsilon):
    """only the last two axes share a mean and a variance, so that a volume is standardised slice by slice"""
    if x.ndim < 5:
        return instance_norm(x, gain, bias, epsilon)
    slices = [instance_norm(part, gain, bias, epsilon) for part in x.unbind(2)]
    return torch.stack(slices, 2)
