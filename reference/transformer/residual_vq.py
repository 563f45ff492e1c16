"""Multi-scale residual quantisation, the tokenizer of VAR: codes of coarse grids first, finer grids for what is left.

Scale k = 0..K-1 has a grid of sides[k] x sides[k] codes; the last grid is that of the features themselves. A sequence
holds the codes of all scales, coarse to fine and each row by row. `phi(h, k)` is what scale k applies to its upsampled
codes: the identity, or `blended_convolution` with weights chosen by `shared_phi_indices`.
"""

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import conv2d, embedding, interpolate

from reference.transformer.vector_quantization import nearest_code
from reference.vision.resampling import cubic_resize


class MultiscaleCode(NamedTuple):
    """The codes of all scales as one sequence, and what they explain and leave of the features after each scale."""

    indices: Int64[Tensor, "*batch tokens"]
    f_hat: Float[Tensor, "scales *batch channels side side"]
    rest: Float[Tensor, "scales *batch channels side side"]


def scale_bounds(sides: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Where the tokens of each scale begin and end in the sequence.

        begin_k = sum_{j<k} sides_j^2,   end_k = begin_k + sides_k^2

    >>> scale_bounds((1, 2, 3))
    ((0, 1), (1, 5), (5, 14))

    Domain: at least one side, each at least 1; else ValueError.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2 and code (`begin_ends`).
    Notes: R001-088.
    """
    if not sides or min(sides) < 1:
        raise ValueError(f"scales need sides of at least 1; got {sides}")
    return tuple(itertools.pairwise(itertools.accumulate((side**2 for side in sides), initial=0)))


def area_resize(
    image: Float[Tensor, "*batch channels height width"], side: int
) -> Float[Tensor, "*batch channels side side"]:
    """Image of side x side pixels, each the mean of the pixels that its cell touches.

        out[i, j] = mean of image[u, v] over floor(i H / side) <= u < ceil((i + 1) H / side), and so for v

    A side that does not divide H makes neighbouring cells share pixels, so that the mean of the image moves. A side
    above H repeats pixels; side H = W returns the image.

    Domain: side >= 1; else ValueError.
    Source: adaptive average pooling; mode "area" in torch.nn.functional.interpolate.
    Differs: INTER_AREA of OpenCV weighs a pixel by the part of it that lies in the cell.
    Notes: R001-085, R001-087.
    """
    if side < 1:
        raise ValueError(f"an image needs a side of at least 1; got {side}")
    flat = image.reshape(-1, *image.shape[-3:])
    return interpolate(flat, size=(side, side), mode="area").reshape(*image.shape[:-2], side, side)


def bicubic_resize(
    image: Float[Tensor, "*batch channels height width"], side: int
) -> Float[Tensor, "*batch channels side side"]:
    """Image of side x side pixels by cubic convolution of the four nearest pixels along each axis, with a = -3/4.

        x_i = (i + 1/2) H / side - 1/2,   out_i = sum_u w(x_i - u) image_u,   pixels beyond the border are the border's

        w(d) = (a + 2) |d|^3 - (a + 3) |d|^2 + 1 up to |d| = 1,   a |d|^3 - 5 a |d|^2 + 8 a |d| - 4 a up to |d| = 2

    The weights sum to 1, so that constants stay; some are negative, so that the result overshoots. Side H = W returns
    the image.

    Domain: side >= 1; else ValueError.
    Source: Keys 1981, eq. 8; torch.nn.functional.interpolate with align_corners=False and without antialiasing.
    Differs: Keys and Pillow take a = -1/2. Pillow, and antialias=True, widen w where the image shrinks.
    Notes: R001-085.
    """
    return cubic_resize(image, side, side, -0.75)


def blended_convolution(
    h: Float[Tensor, "*batch channels height width"],
    weight: Float[Tensor, "channels channels 3 3"],
    bias: Float[Tensor, "channels"],
    ratio: float,
) -> Float[Tensor, "*batch channels height width"]:
    """What a scale applies to its upsampled codes: a blend of them with their 3 x 3 convolution.

        phi(h) = (1 - ratio) h + ratio (weight * h + bias)

    The border is padded with zeros, and the weight is not flipped, as in all networks.

    Domain: every real ratio; 0 returns h.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2 (phi_k); ratio 0.5 in its code.
    Differs: that code takes |ratio|, and leaves phi out where it is at most 1e-6.
    Notes: R001-086.
    """
    convolved = conv2d(h.reshape(-1, *h.shape[-3:]), weight, bias, padding=1)
    return (1 - ratio) * h + ratio * convolved.reshape(h.shape)


def shared_phi_indices(num_scales: int, num_modules: int) -> tuple[int, ...]:
    """Which of num_modules modules phi each scale uses: that whose tick is nearest to the scale's relative depth.

        phi_k = argmin_j |tick_j - k / (num_scales - 1)|,   tick_j = (j + 1/2) / num_modules

    Four modules have ticks 1/12, 13/36, 23/36, 11/12 instead. Of two equally near ticks the later one.

    >>> shared_phi_indices(10, 4)
    (0, 0, 1, 1, 1, 2, 2, 3, 3, 3)

    Domain: num_scales >= 2 and num_modules >= 1, else ValueError. As many modules as scales give each scale its own.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`PhiPartiallyShared`).
    Differs: there a tie is decided by the rounding of float64: for 10 scales and 4 modules scales 2 and 7 tie and take
    the later module as here; for 3 scales and 2 modules the middle scale takes the earlier one.
    Notes: R001-086.
    """
    if num_scales < 2 or num_modules < 1:
        raise ValueError(f"{num_modules} modules cannot be shared out over {num_scales} scales by their relative depth")
    ticks = [Fraction(2 * j + 1, 2 * num_modules) for j in range(num_modules)]
    if num_modules == 4:
        ticks = [Fraction(10 * j + 3, 36) for j in range(4)]
    depths = [Fraction(k, num_scales - 1) for k in range(num_scales)]
    return tuple(min(range(num_modules), key=lambda j: (abs(ticks[j] - depth), -j)) for depth in depths)


def scale_contribution(
    indices: Int64[Tensor, "*batch tokens"],
    codebook: Float[Tensor, "codes channels"],
    scale: int,
    sides: Sequence[int],
    phi: Callable[[Tensor, int], Tensor],
) -> Float[Tensor, "*batch channels side side"]:
    """What the codes of one scale add to the reconstruction.

        h_k = phi_k(up(e[indices])),   up bicubic to the side of the last scale

    Domain: 0 <= scale < len(sides) and sides[scale]^2 indices, else ValueError; indices in 0..codes-1.
    Source: Tian et al. 2024, arXiv:2404.02905, algorithm 2.
    Differs: VAR's code leaves the upsampling out at the last scale, where it changes nothing.
    Notes: R001-085.
    """
    if not 0 <= scale < len(sides) or indices.shape[-1] != sides[scale] ** 2:
        raise ValueError(f"scale {scale} of sides {sides} does not have {indices.shape[-1]} tokens")
    grid = embedding(indices, codebook).mT.reshape(*indices.shape[:-1], -1, sides[scale], sides[scale])
    return phi(bicubic_resize(grid, sides[-1]), scale)


def multiscale_encode(
    f: Float[Tensor, "*batch channels side side"],
    codebook: Float[Tensor, "codes channels"],
    sides: Sequence[int],
    phi: Callable[[Tensor, int], Tensor],
    nearest: Callable[[Tensor, Tensor], Tensor] = nearest_code,
) -> MultiscaleCode:
    """Codes of the features at every scale, each scale taking the codes nearest to what those before it left.

        rest = f,   f_hat = 0
        for each scale k:   indices_k = nearest(area(rest, sides_k)),   h_k = phi_k(up(e[indices_k]))
                            f_hat += h_k,   rest -= h_k

    f_hat + rest = f after every scale. The norm of the rest may grow: bicubic overshoots, and what is nearest to the
    mean of a cell need not be near its pixels.

    Domain: square features of side sides[-1]; else ValueError.
    Source: Tian et al. 2024, arXiv:2404.02905, algorithm 1.
    Differs: VAR's code leaves both resizings out at the last scale, where they change nothing.
    Notes: R001-085, R001-088.
    """
    if not sides or f.shape[-2:] != (sides[-1], sides[-1]):
        raise ValueError(f"features of {tuple(f.shape[-2:])} do not have the side of the last of the scales {sides}")
    f_hat, rest = torch.zeros_like(f), f
    indices, explained, left = [], [], []
    for scale, side in enumerate(sides):
        indices.append(nearest(area_resize(rest, side).flatten(-2).mT, codebook))
        h = scale_contribution(indices[-1], codebook, scale, sides, phi)
        f_hat, rest = f_hat + h, rest - h
        explained.append(f_hat)
        left.append(rest)
    return MultiscaleCode(torch.cat(indices, -1), torch.stack(explained), torch.stack(left))


def multiscale_decode(
    indices: Int64[Tensor, "*batch tokens"],
    codebook: Float[Tensor, "codes channels"],
    sides: Sequence[int],
    phi: Callable[[Tensor, int], Tensor],
) -> Float[Tensor, "scales *batch channels side side"]:
    """Reconstruction after each scale, of which the last is that of the whole sequence.

        f_hat_k = sum_{j<=k} phi_j(up(e[indices_j]))

    Domain: as many indices as `scale_bounds` counts, else ValueError; each in 0..codes-1.
    Source: Tian et al. 2024, arXiv:2404.02905, algorithm 2.
    Notes: R001-085, R001-088.
    """
    bounds = scale_bounds(sides)
    if indices.shape[-1] != bounds[-1][1]:
        raise ValueError(f"sides {sides} have {bounds[-1][1]} tokens; got {indices.shape[-1]}")
    parts = (indices[..., begin:end] for begin, end in bounds)
    return torch.stack([scale_contribution(part, codebook, k, sides, phi) for k, part in enumerate(parts)]).cumsum(0)
