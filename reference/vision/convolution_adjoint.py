"""The matrix of a convolution, and its transpose: what "transposed convolution" and "deconvolution" stand for."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from reference.vision.convolution import convolution_size, correlation


def convolution_matrix(
    weight: Float[Tensor, "out channels kernel_height kernel_width"],
    height: int,
    width: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> Float[Tensor, "outputs inputs"]:
    """Matrix C of a correlation of images of height x width, so that the flattened output is C times the flattened x.

        C[(o, i, j), (c, i s + d u - p, j s + d v - p)] = w[o, c, u, v],   all else 0

    Its columns are what the correlation makes of the images that are 1 in one pixel and 0 elsewhere.

    Domain: as `correlation`.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, section 4.1.
    Notes: R003-166.
    """
    inputs = weight.shape[1] * height * width
    basis = torch.eye(inputs, dtype=weight.dtype, device=weight.device).reshape(inputs, -1, height, width)
    return correlation(basis, weight, stride, padding, dilation).flatten(1).mT


def transposed_convolution_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, output_padding: int = 0
) -> int:
    """Number of pixels along one axis of a transposed convolution: a size from which the convolution returns to n.

        out = (n - 1) s - 2 p + d (k - 1) + output_padding + 1

    A convolution of stride s makes n pixels of s different sizes; output_padding = 0..s-1 tells them apart.

    Domain: as `convolution_size`, n >= 1, 0 <= output_padding < stride, and out >= 1; else ValueError.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationship 14; torch.nn.ConvTranspose2d for the dilation.
    Differs: torch also takes an output_padding below the dilation, whose last pixels no kernel reaches.
    Notes: R003-167.
    """
    if not 0 <= output_padding < stride:
        raise ValueError(f"output_padding must be at least 0 and below the stride {stride}; got {output_padding}")
    out = (size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1
    convolution_size(out, kernel_size, stride, padding, dilation)
    if out < 1:
        raise ValueError(f"a padding of {padding} leaves nothing of {size} pixels")
    return out


def transposed_convolution(
    x: Float[Tensor, "*batch channels height width"],
    weight: Float[Tensor, "channels out kernel_height kernel_width"],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    output_padding: int = 0,
) -> Float[Tensor, "*batch out rows columns"]:
    """Transpose of a correlation with the same kernels, applied to x: each pixel stamps the kernels, and stamps add up.

        out[o, i s + d u - p, j s + d v - p] += w[c, o, u, v] x[c, i, j]   for all c, i, j, u, v
        <correlation(a, w), x> = <a, out>

    It is the correlation, with flipped kernels and stride 1, of x spread out by s - 1 zeros between pixels. It is the
    gradient of the correlation, and not its inverse: the size comes back, the values do not.

    Domain: as `transposed_convolution_size`. Kernels are those of the correlation: its outputs come first.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 4; Zeiler et al. 2010 call it deconvolution.
    Differs: as `transposed_convolution_size`.
    Notes: R003-166, R003-167.
    """
    rows, columns = x.shape[-2:]
    high, wide = (dilation * (kernel_size - 1) - padding for kernel_size in weight.shape[-2:])
    for size, kernel_size in zip(x.shape[-2:], weight.shape[-2:], strict=True):
        transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding)
    spread = pad(x[..., :, None, :, None], (0, stride - 1, 0, 0, 0, stride - 1)).flatten(-4, -3).flatten(-2)
    inner = spread[..., : (rows - 1) * stride + 1, : (columns - 1) * stride + 1]
    outer = pad(inner, (wide, wide + output_padding, high, high + output_padding))
    return correlation(outer, weight.transpose(0, 1).flip(-2, -1), dilation=dilation)


def overlap_counts(size: int, kernel_size: int, stride: int) -> tuple[int, ...]:
    """How many of n pixels reach each pixel of a transposed convolution along one axis, without padding or dilation.

        out_q = number of i with 0 <= q - s i < k

    Away from the borders the counts are k / s where s divides k, and alternate between two values elsewhere: the
    checkerboard of upsampling networks. Along two axes counts multiply.

        >>> overlap_counts(4, 4, 2), overlap_counts(4, 3, 2)
        ((1, 1, 2, 2, 2, 2, 2, 2, 1, 1), (1, 1, 2, 1, 2, 1, 2, 1, 1))

    Domain: as `transposed_convolution_size`.
    Source: Odena et al. 2016, "Deconvolution and checkerboard artifacts", Distill.
    Notes: R003-167.
    """
    pixels = range(transposed_convolution_size(size, kernel_size, stride))
    return tuple(sum(0 <= pixel - stride * i < kernel_size for i in range(size)) for pixel in pixels)
