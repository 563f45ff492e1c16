"""Pooling: the largest pixel or the mean of each window of an image, channel by channel.

Windows are squares of kernel_size x kernel_size pixels, `stride` apart along both axes.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from reference.vision.convolution import image_windows


def max_pool(
    x: Float[Tensor, "*batch height width"], kernel_size: int, stride: int, padding: int = 0
) -> Float[Tensor, "*batch rows columns"]:
    """Largest pixel of each window; padding is never chosen.

        out[i, j] = max over 0 <= u, v < k of x_pad[i s + u, j s + v],   x_pad = -inf beyond the border

    It commutes with increasing maps: max_pool(f(x)) = f(max_pool(x)).

    Domain: as `convolution_size`, and 2 padding <= kernel_size, so that every window has a pixel; else ValueError.
    Source: Zhou & Chellappa 1988; torch.nn.MaxPool2d.
    Differs: torch takes the kernel for the stride if none is given.
    Notes: R004-011.
    """
    return _windows(x, kernel_size, stride, padding, -math.inf).amax((-2, -1))


def average_pool(
    x: Float[Tensor, "*batch height width"], kernel_size: int, stride: int, padding: int = 0
) -> Float[Tensor, "*batch rows columns"]:
    """Mean of each window, in which padding counts as pixels of value 0.

        out[i, j] = sum over 0 <= u, v < k of x_pad[i s + u, j s + v] / k^2

    It is the correlation with a kernel of 1 / k^2. Beside a border constants shrink.

    Domain: as `max_pool`.
    Source: LeCun et al. 1998, section II; torch.nn.AvgPool2d.
    Differs: TensorFlow divides by the pixels that are in the image, as `average_pool_of_pixels`; in torch
    count_include_pad=False does.
    Notes: R004-011.
    """
    return _windows(x, kernel_size, stride, padding, 0.0).mean((-2, -1))


def average_pool_of_pixels(
    x: Float[Tensor, "*batch height width"], kernel_size: int, stride: int, padding: int = 0
) -> Float[Tensor, "*batch rows columns"]:
    """Mean of the pixels of the image that lie in each window: constants stay.

        out[i, j] = sum of x over the pixels in the window / number of them

    Domain: as `max_pool`.
    Source: torch.nn.AvgPool2d with count_include_pad=False.
    Differs: as `average_pool`.
    Notes: R004-011.
    """
    share = average_pool(torch.ones_like(x), kernel_size, stride, padding)
    return average_pool(x, kernel_size, stride, padding) / share


def global_average_pool(x: Float[Tensor, "*batch height width"]) -> Float[Tensor, "*batch"]:
    """Mean of all pixels of each channel.

        out = sum_{i, j} x[i, j] / (H W)

    Domain: images with a pixel; else ValueError.
    Source: Lin et al. 2013 (Network in network), arXiv:1312.4400, section 3.2.
    Notes: R004-011.
    """
    if 0 in x.shape[-2:]:
        raise ValueError(f"an image without pixels has no mean; got {tuple(x.shape[-2:])}")
    return x.mean((-2, -1))


def _windows(x: Tensor, kernel_size: int, stride: int, padding: int, beyond: float) -> Tensor:
    if not 0 <= 2 * padding <= kernel_size:
        raise ValueError(f"padding must be from 0 to half the kernel size {kernel_size}; got {padding}")
    return image_windows(pad(x, (padding,) * 4, value=beyond), kernel_size, kernel_size, stride)
