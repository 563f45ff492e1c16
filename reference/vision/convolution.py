"""Convolutions as networks compute them: correlations, in which no kernel is flipped, and what they cost and see.

Kernels are (out, in, height, width). Stride, padding and dilation are the same along both axes of an image, and what
lies beyond its border is 0.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad


def convolution_size(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Number of places along one axis at which a kernel fits into the padded image.

        out = floor((n + 2 p - d (k - 1) - 1) / s) + 1

    The last pixels of an image may lie in no window.

    Domain: kernel_size, stride, dilation >= 1, padding >= 0, and d (k - 1) < n + 2 p; else ValueError.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationship 15.
    Differs: pooling layers may round up (ceil_mode).
    Notes: R003-036, R004-010.
    """
    if min(kernel_size, stride, dilation) < 1 or padding < 0:
        raise ValueError(
            f"kernel, stride and dilation must be at least 1 and padding 0; got {kernel_size}, {stride}, {dilation}, "
            f"{padding}"
        )
    room = size + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError(f"a kernel of {kernel_size} at dilation {dilation} does not fit into {size} + 2 x {padding}")
    return room // stride + 1


def image_windows(
    x: Float[Tensor, "*batch height width"], kernel_height: int, kernel_width: int, stride: int = 1, dilation: int = 1
) -> Float[Tensor, "*batch rows columns kernel_height kernel_width"]:
    """The pixels under a kernel at each place where it fits: what "im2col" lays out as columns of a matrix.

        out[i, j, u, v] = x[i s + d u, j s + d v]

    Domain: as `convolution_size` without padding.
    Source: Chellapilla et al. 2006; torch.nn.functional.unfold.
    Notes: R003-036.
    """
    for size, kernel_size in zip(x.shape[-2:], (kernel_height, kernel_width), strict=True):
        convolution_size(size, kernel_size, stride, 0, dilation)
    high, wide = dilation * (kernel_height - 1) + 1, dilation * (kernel_width - 1) + 1
    windows = x.unfold(-2, high, stride).unfold(-2, wide, stride)
    return windows[..., ::dilation, ::dilation].clone()


def correlation(
    x: Float[Tensor, "*batch channels height width"],
    weight: Float[Tensor, "out in_channels kernel_height kernel_width"],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Float[Tensor, "*batch out rows columns"]:
    """Cross-correlation of an image with each kernel: what a convolution layer computes but for its bias.

        out[o, i, j] = sum_{c, u, v} w[o, c, u, v] x_pad[c, i s + d u, j s + d v]

    At stride 1 it commutes with shifts, at stride s with shifts by multiples of s, up to the border.

    Domain: as `convolution_size`, along both axes; kernels have the channels of x; else ValueError.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 2.
    Differs: convolution in mathematics, and in scipy.signal.convolve, flips the kernel: w[-u, -v].
    Notes: R003-036, R004-010.
    """
    if padding < 0 or x.shape[-3] != weight.shape[1]:
        raise ValueError(f"kernels of {weight.shape[1]} channels do not fit {x.shape[-3]} channels padded by {padding}")
    windows = image_windows(pad(x, (padding,) * 4), weight.shape[-2], weight.shape[-1], stride, dilation)
    return torch.einsum("...cijuv,ocuv->...oij", windows, weight)


def convolution_layer(
    x: Float[Tensor, "*batch channels height width"],
    weight: Float[Tensor, "out channels kernel_height kernel_width"],
    bias: Float[Tensor, "out"],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Float[Tensor, "*batch out rows columns"]:
    """Correlation plus one bias for each output channel.

        out[o] = sum_c correlation(x[c], w[o, c]) + b[o]

    Domain: as `correlation`.
    Source: LeCun et al. 1998, section II; torch.nn.Conv2d.
    Differs: as `correlation`.
    Notes: R003-036, R004-010.
    """
    return correlation(x, weight, stride, padding, dilation) + bias[:, None, None]


def grouped_correlation(
    x: Float[Tensor, "*batch channels height width"],
    weight: Float[Tensor, "out group_channels kernel_height kernel_width"],
    groups: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Float[Tensor, "*batch out rows columns"]:
    """Correlation in groups of channels that do not see one another.

        out = [correlation(x^1, w^1), ..., correlation(x^g, w^g)],   x^i and w^i the i-th of g equal parts

    Of the C_out outputs the first C_out / g see the first C_in / g channels, and so on.

    Domain: as `correlation`; g divides C_out, and C_in is g times the channels of a kernel; else ValueError.
    Source: Krizhevsky et al. 2012, section 3.5.
    Notes: R003-037.
    """
    _check_groups(groups, x.shape[-3], len(weight))
    pairs = zip(x.chunk(groups, -3), weight.chunk(groups), strict=True)
    return torch.cat([correlation(part, kernels, stride, padding, dilation) for part, kernels in pairs], -3)


def block_diagonal_weight(
    weight: Float[Tensor, "out group_channels kernel_height kernel_width"], groups: int
) -> Float[Tensor, "out channels kernel_height kernel_width"]:
    """Kernels of the dense correlation that equals a grouped one: 0 wherever an output does not see a channel.

        out[o, c] = w[o, c - a C_in/g] if c is in the group a = floor(o g / C_out) of o, else 0

    Domain: g divides C_out; else ValueError.
    Source: Krizhevsky et al. 2012, section 3.5, for the grouping; the rest is linear algebra.
    Notes: R003-037.
    """
    out, channels, *kernel = weight.shape
    _check_groups(groups, out)
    blocks = weight.reshape(groups, out // groups, channels, *kernel)
    diagonal = torch.eye(groups, dtype=weight.dtype, device=weight.device)
    return torch.einsum("ab,aocuv->aobcuv", diagonal, blocks).reshape(out, groups * channels, *kernel)


def depthwise_correlation(
    x: Float[Tensor, "*batch channels height width"],
    weight: Float[Tensor, "channels kernel_height kernel_width"],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Float[Tensor, "*batch channels rows columns"]:
    """Correlation of every channel with a kernel of its own: as many groups as channels.

        out[c, i, j] = sum_{u, v} w[c, u, v] x_pad[c, i s + d u, j s + d v]

    Domain: as `correlation`.
    Source: Howard et al. 2017 (MobileNets), arXiv:1704.04861, eq. 3.
    Differs: with m kernels for each channel torch puts the m outputs of a channel side by side, as groups do.
    Notes: R003-038.
    """
    return grouped_correlation(x, weight[:, None], len(weight), stride, padding, dilation)


def causal_convolution(
    x: Float[Tensor, "*batch channels length"], weight: Float[Tensor, "out channels kernel_size"], dilation: int = 1
) -> Float[Tensor, "*batch out length"]:
    """Correlation along a sequence whose last weight is that of the present; zeros stand for what was before it.

        out[o, t] = sum_{c, u} w[o, c, u] x[c, t - d (k - 1 - u)]

    Domain: as `convolution_size`.
    Source: van den Oord et al. 2016 (WaveNet), arXiv:1609.03499, section 2.1.
    Notes: R003-036.
    """
    past = pad(x, (dilation * (weight.shape[-1] - 1), 0))
    return correlation(past[..., None, :], weight[..., None, :], dilation=dilation).squeeze(-2)


def receptive_field(kernel_sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> int:
    """Number of pixels along one axis from the first to the last that a pixel behind the given layers depends on.

        r_l = r_{l-1} + d_l (k_l - 1) s_1 ... s_{l-1},   r_0 = 1

    The stride of the last layer does not count. At a border some of these pixels are padding.

    Domain: every entry at least 1, as many of each; else ValueError. Without layers 1.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, section 5.1, for the dilated kernel; the rest is counting.
    Notes: R003-161.
    """
    field, jump = 1, 1
    for kernel_size, stride, dilation in zip(kernel_sizes, strides, dilations, strict=True):
        if min(kernel_size, stride, dilation) < 1:
            raise ValueError(f"a layer needs numbers of at least 1; got {kernel_size}, {stride}, {dilation}")
        field += dilation * (kernel_size - 1) * jump
        jump *= stride
    return field


def convolution_weight_count(kernel_size: int, channels: int, out: int, groups: int = 1) -> int:
    """Number of weights of a convolution with square kernels, without its C_out biases, which groups do not save.

        N = k^2 C_in C_out / g

        >>> [convolution_weight_count(3, 8, 8, groups) for groups in (1, 2, 8)]
        [576, 288, 72]

    Domain: k >= 1, and g >= 1 divides both numbers of channels; else ValueError.
    Source: Krizhevsky et al. 2012, section 3.5, for the groups; the rest is counting.
    Notes: R003-037, R003-038.
    """
    _check_groups(groups, channels, out)
    if kernel_size < 1:
        raise ValueError(f"a kernel has a side of at least 1; got {kernel_size}")
    return kernel_size**2 * (channels // groups) * out


def convolution_multiply_adds(
    rows: int, columns: int, kernel_size: int, channels: int, out: int, groups: int = 1
) -> int:
    """Number of multiplications, each with its addition, of a convolution whose output has rows x columns pixels.

        N = H W k^2 C_in C_out / g

    Half the side and twice the channels cost the same.

    Domain: as `convolution_weight_count`; rows, columns >= 1; else ValueError. Padding counts as pixels.
    Source: Howard et al. 2017 (MobileNets), arXiv:1704.04861, eq. 2.
    Differs: counted as floating-point operations it is twice as many.
    Notes: R003-160.
    """
    if min(rows, columns) < 1:
        raise ValueError(f"the output has a pixel; got {rows} x {columns}")
    return rows * columns * convolution_weight_count(kernel_size, channels, out, groups)


def _check_groups(groups: int, *counts: int) -> None:
    if groups < 1 or any(count < 1 or count % groups for count in counts):
        raise ValueError(f"{' and '.join(map(str, counts))} channels do not fall into {groups} groups")
