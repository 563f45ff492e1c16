"""Latent diffusion: from an encoder's output to the latents that are noised, and back; and small versions of images."""

import math

from jaxtyping import Float
from torch import Tensor

from reference.diffusion.posteriors import sample_gaussian


def encode_latents(
    mean: Float[Tensor, "*batch dim"],
    log_variance: Float[Tensor, "*#batch #dim"],
    noise: Float[Tensor, "*batch dim"],
    scale: float,
    shift: float = 0.0,
) -> Float[Tensor, "*batch dim"]:
    """Sample of an encoder's Gaussian, brought to the unit variance that diffusion expects.

        out = (mean + exp(log_variance / 2) noise - shift) scale

    The scale is 1 over the standard deviation of the samples and the shift their mean, both over the training data.

    Domain: a scale that is finite and not 0; else ValueError.
    Source: Rombach et al. 2021, arXiv:2112.10752, appendix G; `shift_factor` in diffusers.
    Differs: Stable Diffusion 1 has no shift, and the scale 0.18215.
    Notes: R003-146.
    """
    _check_scale(scale)
    return (sample_gaussian(mean, log_variance, noise) - shift) * scale


def decode_latents(
    latents: Float[Tensor, "*batch dim"], scale: float, shift: float = 0.0
) -> Float[Tensor, "*batch dim"]:
    """Input of the decoder for sampled latents: the inverse of the scaling in `encode_latents`.

        out = latents / scale + shift

    Domain: a scale that is finite and not 0; else ValueError.
    Source: Rombach et al. 2021, arXiv:2112.10752, appendix G; `shift_factor` in diffusers.
    Notes: R003-146.
    """
    _check_scale(scale)
    return latents / scale + shift


def area_downsample(
    image: Float[Tensor, "*batch height width"], factor: int
) -> Float[Tensor, "*batch small_height small_width"]:
    """Image whose pixels are the averages of blocks of factor x factor pixels, so that its mean stays.

        out[..., i, j] = sum over 0 <= u, v < factor of image[..., factor i + u, factor j + v] / factor^2

    Domain: a factor of at least 1 that divides height and width; else ValueError.
    Source: the box filter; INTER_AREA of OpenCV, Image.reduce of Pillow, avg_pool2d of torch.nn.functional.
    Differs: nearest, and bilinear without antialiasing, leave pixels out and so do not keep the mean.
    Notes: R003-145.
    """
    height, width = image.shape[-2:]
    if factor < 1 or height % factor or width % factor:
        raise ValueError(f"an image of {height} x {width} does not fall into blocks of {factor} x {factor}")
    blocks = image.reshape(*image.shape[:-2], height // factor, factor, width // factor, factor)
    return blocks.mean((-3, -1))


def _check_scale(scale: float) -> None:
    if scale == 0 or not math.isfinite(scale):
        raise ValueError(f"scale must be finite and not 0; got {scale}")
