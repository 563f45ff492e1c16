"""Random weights whose size keeps the variance of a signal from layer to layer.

Standard deviations and bounds are numbers; weights are made of uniform numbers that the caller draws. A weight is
(out, in) or (out, in, *kernel).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Fans(NamedTuple):
    """How many inputs make up an output, and how many outputs an input goes into."""

    fan_in: int
    fan_out: int


def fans(weight_shape: Sequence[int]) -> Fans:
    """Inputs per output and outputs per input of a linear or convolutional weight.

        fan_in = in * kernel elements,   fan_out = out * kernel elements

    Domain: at least the two axes (out, in); else ValueError.
    Source: Glorot & Bengio 2010, section 4.2; `torch.nn.init`.
    Differs: a convolution of g groups has the shape (out, in / g, *kernel): fan_in is right, and fan_out is g times the
    outputs that an input goes into. A transposed one has (in, out, *kernel): the two are exchanged. PyTorch takes both
    as they are.
    Notes: R001-029.
    """
    if len(weight_shape) < 2:
        raise ValueError(f"a weight has at least two axes; got the shape {tuple(weight_shape)}")
    fan_out, fan_in, *kernel = weight_shape
    return Fans(fan_in * math.prod(kernel), fan_out * math.prod(kernel))


def leaky_relu_gain(negative_slope: float) -> float:
    """Factor that makes up for what a leaky ReLU takes from the mean square of a symmetric input.

        gain = sqrt(2 / (1 + a^2))

    Domain: every slope. sqrt(2) at a = 0, the ReLU, and 1 at a = 1, the identity.
    Source: He et al. 2015, arXiv:1502.01852, eq. 15.
    Notes: R001-029.
    """
    return math.sqrt(2 / (1 + negative_slope**2))


def kaiming_std(fan: int, negative_slope: float = 0.0) -> float:
    """Standard deviation of weights that keep the variance through a leaky ReLU and the linear layer behind it.

        std = gain / sqrt(fan)

    fan_in keeps the variance of the signal, fan_out that of its gradient.

    Domain: fan >= 1, else ValueError. Biases are 0, and inputs of the activation symmetric about 0.
    Source: He et al. 2015, arXiv:1502.01852, eqs. 10, 14 and 15.
    Notes: R001-029.
    """
    if fan < 1:
        raise ValueError(f"fan must be at least 1; got {fan}")
    return leaky_relu_gain(negative_slope) / math.sqrt(fan)


def kaiming_bound(fan: int, negative_slope: float = 0.0) -> float:
    """Bound b of weights uniform in [-b, b] with the standard deviation of `kaiming_std`.

        b = sqrt(3) std = gain sqrt(3 / fan)

    Domain: fan >= 1, else ValueError.
    Source: He et al. 2015, arXiv:1502.01852, eqs. 10, 14 and 15, as `torch.nn.init.kaiming_uniform_`.
    Notes: R001-029.
    """
    return math.sqrt(3) * kaiming_std(fan, negative_slope)


def xavier_std(fan_in: int, fan_out: int, gain: float = 1.0) -> float:
    """Standard deviation of weights that keep the variances of signal and gradient as well as one number can.

        std = gain sqrt(2 / (fan_in + fan_out))

    Domain: fan_in, fan_out >= 1, else ValueError. It keeps both exactly where fan_in = fan_out.
    Source: Glorot & Bengio 2010, eq. 12.
    Notes: R001-029.
    """
    if min(fan_in, fan_out) < 1:
        raise ValueError(f"fans must be at least 1; got {fan_in} and {fan_out}")
    return gain * math.sqrt(2 / (fan_in + fan_out))


def xavier_bound(fan_in: int, fan_out: int, gain: float = 1.0) -> float:
    """Bound b of weights uniform in [-b, b] with the standard deviation of `xavier_std`.

        b = sqrt(3) std = gain sqrt(6 / (fan_in + fan_out))

    Domain: fan_in, fan_out >= 1, else ValueError.
    Source: Glorot & Bengio 2010, eq. 16.
    Notes: R001-029.
    """
    return math.sqrt(3) * xavier_std(fan_in, fan_out, gain)


def linear_bound(fan_in: int) -> float:
    """Bound of the weights and biases that PyTorch gives a linear or convolutional layer unless told otherwise.

        b = 1 / sqrt(fan_in) = kaiming_bound(fan_in, sqrt(5))

    The variance of a weight is then 1 / (3 fan_in): a third of what keeps the variance of the signal.

    Domain: fan_in >= 1, else ValueError.
    Source: PyTorch, `nn.Linear.reset_parameters`.
    Notes: R001-029.
    """
    return kaiming_bound(fan_in, math.sqrt(5))


def uniform_initialization(uniform: Float[Tensor, "*shape"], bound: float) -> Float[Tensor, "*shape"]:
    """Weights uniform in [-bound, bound], from numbers uniform in [0, 1).

        w = bound (2 u - 1),   E[w] = 0,   E[w^2] = bound^2 / 3

    Domain: bound >= 0, else ValueError.
    Source: textbook.
    Notes: R001-029.
    """
    if not bound >= 0:
        raise ValueError(f"bound must not be negative; got {bound}")
    return bound * (2 * uniform - 1)


def truncated_normal(uniform: Float[Tensor, "*shape"], std: float, bound: float) -> Float[Tensor, "*shape"]:
    """Normal weights of which those outside [-bound, bound] are drawn again, by the inverse of their distribution.

        w = std sqrt(2) erfinv((2 u - 1) erf(bound / (sqrt(2) std)))

    `std` is that of the normal before it is cut; `truncated_normal_std` is that of the weights.

    Domain: uniform in [0, 1]; std, bound > 0, else ValueError. At u = 0 and 1 the bounds, at 1/2 the mean 0.
    Source: textbook; `torch.nn.init.trunc_normal_`, whose bounds are in the units of the weights too.
    Differs: JAX, TensorFlow and timm's `trunc_normal_tf_` count the bound in standard deviations.
    Notes: R001-029.
    """
    _check_cut(std, bound)
    quantile = torch.erfinv((2 * uniform - 1) * math.erf(bound / (math.sqrt(2) * std)))
    return (std * math.sqrt(2) * quantile).clamp(-bound, bound)


def truncated_normal_std(std: float, bound: float) -> float:
    """Standard deviation of a normal distribution that is cut at -bound and bound.

        std sqrt(1 - 2 z phi(z) / (2 Phi(z) - 1)),   z = bound / std

    0.8796 std at two standard deviations: whoever wants std divides by it first.

    Domain: std, bound > 0, else ValueError. It approaches bound / sqrt(3) where bound is far below std; digits are lost
    to cancellation there.
    Source: textbook.
    Differs: PyTorch and timm do not correct for it, JAX's and TensorFlow's `variance_scaling` do.
    Notes: R001-029.
    """
    _check_cut(std, bound)
    z = bound / std
    density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return std * math.sqrt(1 - 2 * z * density / math.erf(z / math.sqrt(2)))


def _check_cut(std: float, bound: float) -> None:
    if not (std > 0 and bound > 0):
        raise ValueError(f"std and bound must be positive; got {std} and {bound}")
