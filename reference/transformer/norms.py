"""Normalisation of activations: which axes share a mean and a variance, and what follows it.

Every variance is divided by n, and epsilon is added to it under the root. Inputs of less than float32's precision are
widened to float32 and the result is rounded once, to the dtype of x; running moments keep theirs.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class RunningMoments(NamedTuple):
    """Mean and variance of each channel, averaged over the batches seen so far."""

    mean: Float[Tensor, "channels"]
    variance: Float[Tensor, "channels"]


def standardize_tokens(x: Float[Tensor, "*batch channels"], epsilon: float) -> Float[Tensor, "*batch channels"]:
    """Each token shifted and scaled over its channels: LayerNorm without gain and bias.

        y = (x - mean) / sqrt(variance + epsilon)

    The mean of y is 0 and its variance is variance / (variance + epsilon).

    Domain: epsilon >= 0, else ValueError. Equal channels, or a single one, become 0; at epsilon = 0 they are excluded.
    Source: Ba et al. 2016, arXiv:1607.06450, section 3; `elementwise_affine=False` in PyTorch.
    Differs: libraries set epsilon to 1e-5 (PyTorch), 1e-6 (DiT, VAR) or 1e-12 (BERT). `standardize_vector` is the
    limit epsilon -> 0.
    Notes: R001-026, R003-026.
    """
    return _standardize(_widen(x), (-1,), epsilon).to(x.dtype)


def layer_norm(
    x: Float[Tensor, "*batch channels"],
    gain: Float[Tensor, "channels"],
    bias: Float[Tensor, "channels"],
    epsilon: float,
) -> Float[Tensor, "*batch channels"]:
    """Each token standardised over its channels, then scaled and shifted channel by channel.

        y = gain (x - mean) / sqrt(variance + epsilon) + bias

    Domain: epsilon >= 0, else ValueError. Equal channels, or a single one, become the bias; at epsilon = 0 they are
    excluded.
    Source: Ba et al. 2016, arXiv:1607.06450, section 3.
    Differs: some write (x - mean) / (std + epsilon), with n - 1 under the root (The Annotated Transformer).
    Notes: R001-025, R003-026, R003-030.
    """
    return (gain * _standardize(_widen(x), (-1,), epsilon) + bias).to(x.dtype)


def rms_norm(
    x: Float[Tensor, "*batch channels"], gain: Float[Tensor, "channels"], epsilon: float
) -> Float[Tensor, "*batch channels"]:
    """Each token divided by its root mean square, then scaled channel by channel.

        y = gain x / sqrt(mean(x^2) + epsilon)

    At gain 1 the mean square of y is m / (m + epsilon), where m = mean(x^2).

    Domain: epsilon >= 0, else ValueError. A zero token stays zero; at epsilon = 0 it is excluded.
    Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4, which leaves epsilon out.
    Differs: Gemma stores gain - 1. Llama's code rounds to the dtype of x before the gain. PyTorch sets epsilon to the
    spacing at 1 of the dtype unless told otherwise.
    Notes: R001-012, R001-025, R003-230.
    """
    _check(epsilon)
    wide = _widen(x)
    return (gain * wide / (wide.square().mean(-1, keepdim=True) + epsilon).sqrt()).to(x.dtype)


def image_layer_norm(
    x: Float[Tensor, "*batch channels height width"],
    gain: Float[Tensor, "channels height width"],
    bias: Float[Tensor, "channels height width"],
    epsilon: float,
) -> Float[Tensor, "*batch channels height width"]:
    """Each image standardised over all its entries, with a gain and a bias for every entry.

        y = gain (x - mean) / sqrt(variance + epsilon) + bias

    Domain: epsilon >= 0, else ValueError. An image of equal entries becomes the bias; at epsilon = 0 it is excluded.
    Source: Ba et al. 2016, arXiv:1607.06450, section 3; `LayerNorm([C, H, W])` in PyTorch.
    Differs: ConvNeXt's LayerNorm for images standardises the channels of each pixel alone.
    Notes: R003-027.
    """
    return (gain * _standardize(_widen(x), (-3, -2, -1), epsilon) + bias).to(x.dtype)


def group_norm(
    x: Float[Tensor, "batch channels *size"],
    groups: int,
    gain: Float[Tensor, "channels"],
    bias: Float[Tensor, "channels"],
    epsilon: float,
) -> Float[Tensor, "batch channels *size"]:
    """Each image standardised over groups of consecutive channels, then scaled and shifted channel by channel.

    A group is channels / groups consecutive channels with all their pixels, and has one mean and one variance.

    Domain: groups divides the channels, epsilon >= 0; else ValueError. A group of equal entries becomes the bias; at
    epsilon = 0 it is excluded.
    Source: Wu & He 2018, arXiv:1803.08494, section 3.
    Differs: with one group the statistics are those of `image_layer_norm`, but gain and bias are one number a channel.
    Notes: R003-028.
    """
    channels = x.shape[1]
    if groups < 1 or channels % groups:
        raise ValueError(f"groups must divide the channels; got {groups} groups of {channels} channels")
    grouped = torch.unflatten(_widen(x), 1, (groups, -1))
    standardized = _standardize(grouped, tuple(range(2, grouped.ndim)), epsilon).flatten(1, 2)
    return (_along_channels(gain, x) * standardized + _along_channels(bias, x)).to(x.dtype)


def instance_norm(
    x: Float[Tensor, "batch channels *size"],
    gain: Float[Tensor, "channels"],
    bias: Float[Tensor, "channels"],
    epsilon: float,
) -> Float[Tensor, "batch channels *size"]:
    """Each channel of each image standardised over its pixels: group norm with a group for every channel.

    Domain: epsilon >= 0, else ValueError. A channel of equal pixels, or of one, becomes the bias; at epsilon = 0 it is
    excluded.
    Source: Ulyanov et al. 2016, arXiv:1607.08022, section 2.
    Differs: `torch.nn.InstanceNorm2d` has neither gain nor bias unless told otherwise, and refuses a single pixel.
    Notes: R003-028.
    """
    return group_norm(x, x.shape[1], gain, bias, epsilon)


def batch_norm_in_training(
    x: Float[Tensor, "batch channels *size"],
    moments: RunningMoments,
    gain: Float[Tensor, "channels"],
    bias: Float[Tensor, "channels"],
    momentum: float,
    epsilon: float,
) -> tuple[Float[Tensor, "batch channels *size"], RunningMoments]:
    """Each channel standardised over batch and pixels, and the running moments after this batch.

        y = gain (x - mean) / sqrt(variance + epsilon) + bias
        running mean     <- (1 - momentum) running mean     + momentum mean
        running variance <- (1 - momentum) running variance + momentum variance n / (n - 1)

    The variance has divisor n, the number of values of the channel in the batch; the running one is unbiased.

    Domain: n >= 2 values for every channel, 0 <= momentum <= 1, epsilon >= 0; else ValueError. Equal values become the
    bias; at epsilon = 0 they are excluded.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2; the running average as in PyTorch.
    Differs: in Keras momentum is the weight of the running moments, 1 - momentum here. PyTorch gives all batches the
    same weight if momentum is None.
    Notes: R003-025, R003-030.
    """
    count = len(x) * math.prod(x.shape[2:])
    if count < 2:
        raise ValueError(f"a variance needs at least two values for every channel; got {count}")
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must lie in [0, 1]; got {momentum}")
    wide, axes = _widen(x), (0, *range(2, x.ndim))
    y = _along_channels(gain, x) * _standardize(wide, axes, epsilon) + _along_channels(bias, x)
    mean = (1 - momentum) * _widen(moments.mean) + momentum * wide.mean(axes)
    variance = (1 - momentum) * _widen(moments.variance) + momentum * wide.var(axes, correction=1)
    return y.to(x.dtype), RunningMoments(mean.to(moments.mean.dtype), variance.to(moments.variance.dtype))


def batch_norm_in_evaluation(
    x: Float[Tensor, "batch channels *size"],
    moments: RunningMoments,
    gain: Float[Tensor, "channels"],
    bias: Float[Tensor, "channels"],
    epsilon: float,
) -> Float[Tensor, "batch channels *size"]:
    """Each channel shifted and scaled by the moments gathered in training: a fixed affine map, whatever the batch.

        y = gain (x - running mean) / sqrt(running variance + epsilon) + bias

    Domain: epsilon >= 0, else ValueError; running variance >= 0, and above 0 at epsilon = 0.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2, step 11.
    Notes: R003-025.
    """
    _check(epsilon)
    centred = _widen(x) - _along_channels(moments.mean, x)
    deviation = (_along_channels(_widen(moments.variance), x) + epsilon).sqrt()
    return (_along_channels(gain, x) * centred / deviation + _along_channels(bias, x)).to(x.dtype)


def _standardize(x: Tensor, axes: tuple[int, ...], epsilon: float) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon), with one mean and one variance for all entries along the axes."""
    _check(epsilon)
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.square().mean(axes, keepdim=True) + epsilon).sqrt()


def _along_channels(values: Tensor, x: Tensor) -> Tensor:
    """One number for each channel, in a shape that broadcasts along the second axis of x."""
    return values.reshape(-1, *[1] * (x.ndim - 2))


def _check(epsilon: float) -> None:
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0; got {epsilon}")


def _widen(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
