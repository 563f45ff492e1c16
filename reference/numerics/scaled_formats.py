"""Tensors as codes of a narrow float format times scales: of a tensor, of its rows, or of blocks along the last axis.

    x ~ s D(code)

For blocks, give x and codes an axis for each block, and scales one of size 1 behind them.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.numerics.formats import decode_float_lookup, encode_float, largest_finite
from reference.numerics.quantization import _in_blocks, _positive
from reference.numerics.rounding import saturate

LEAST_EXPONENT = -127  # of a scale in E8M0


def float_scale(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, ""]:
    """Scale at which the largest magnitude of a tensor is the largest number of a format.

        s = max |x| / largest

    Domain: at least one element, all finite. A tensor of zeros has scale 1. A name in FLOAT_FORMATS, else ValueError.
    Source: Micikevicius et al. 2022, arXiv:2209.05433, section 2 (scaling before the cast).
    Differs: Transformer Engine names 1 / s the scale. Libraries keep s above some small number instead.
    Notes: R003-003, R003-004.
    """
    return _positive(x.abs().amax() / largest_finite(format))


def float_block_scale(x: Float[Tensor, "*batch dim"], block: int, format: str) -> Float[Tensor, "*batch blocks"]:
    """Scale of each run of `block` consecutive entries of the last axis; with one block that of each row.

        s_b = max |x_b| / largest

    Domain: finite numbers; block divides the last axis, else ValueError. A block of zeros has scale 1. A name in
        FLOAT_FORMATS, else ValueError.
    Source: DeepSeek-AI 2024, arXiv:2412.19437, section 3.3.2 (tile-wise grouping along the inner dimension).
    Notes: R003-003, R003-004.
    """
    return _positive(_block_magnitude(x, block) / largest_finite(format))


def mx_scale(x: Float[Tensor, "*batch dim"], block: int, format: str) -> Float[Tensor, "*batch blocks"]:
    """Power of two for each block that takes its largest magnitude into the top binade of the format.

        s_b = 2^max(floor(log2 max |x_b|) - floor(log2 largest), -127)

    What lies above the largest number of that binade saturates. The scale is a number of E8M0.

    Domain: magnitudes below 2^128; block, which is 32 in MX, divides the last axis, else ValueError. A block of zeros
        has 2^-127. A name in FLOAT_FORMATS, else ValueError.
    Source: OCP Microscaling Formats 1.0, section 6.3; Rouhani et al. 2023, arXiv:2310.10537, algorithm 1.
    Differs: `mx_scale_up` does not saturate. Where the logarithm is computed in floating point, numbers just below a
        power of two get twice their scale.
    Notes: R003-003, R003-004.
    """
    magnitude = _block_magnitude(x, block)
    _, exponent = torch.frexp(magnitude)
    _, top = math.frexp(largest_finite(format))
    return _power_of_two(exponent - top, magnitude)


def mx_scale_up(x: Float[Tensor, "*batch dim"], block: int, format: str) -> Float[Tensor, "*batch blocks"]:
    """Smallest power of two for each block at which nothing in it is beyond the largest number of the format.

        s_b = 2^max(ceil(log2(max |x_b| / largest)), -127)

    Domain: as `mx_scale`.
    Source: Mishra et al. 2025, arXiv:2506.08027, round-up of the scale.
    Differs: `mx_scale` is that of the specification; it is this one or half of it.
    Notes: R003-003, R003-004.
    """
    magnitude = _block_magnitude(x, block)
    fraction, exponent = torch.frexp(magnitude)
    top_fraction, top = math.frexp(largest_finite(format))
    return _power_of_two(exponent - top + (fraction > top_fraction), magnitude)


def quantize_float(x: Float[Tensor, "*shape"], scale: Float[Tensor, "*#shape"], format: str) -> Int64[Tensor, "*shape"]:
    """Codes of the numbers of a format that are nearest to x / s; what lies beyond the largest gets its code.

        code = encode(clip(x / s, -largest, largest))

    Domain: s > 0; x / s is rounded to its own dtype first. Infinities get the codes of the largest numbers; NaN stays
        where the format has it. A name in FLOAT_FORMATS, else ValueError.
    Source: Micikevicius et al. 2022, arXiv:2209.05433, section 2 (scaling before the cast); OCP Microscaling Formats
        1.0, section 6.3, for blocks.
    Differs: some multiply by a rounded 1 / s, which can move an x near the middle of two numbers.
    Notes: R003-003, R003-004.
    """
    return encode_float(saturate(x / scale, format), format)


def dequantize_float(
    codes: Int64[Tensor, "*shape"], scale: Float[Tensor, "*#shape"], format: str
) -> Float[Tensor, "*shape"]:
    """Numbers that codes of a format stand for, times their scales.

        x = s D(code)

    Domain: s > 0; codes and a name as for `decode_float_lookup`, else ValueError.
    Source: Micikevicius et al. 2022, arXiv:2209.05433, section 2 (unscaling after the arithmetic).
    Notes: R003-003, R003-004.
    """
    return scale * decode_float_lookup(codes, format).to(scale.dtype)


def scaled_matmul(
    left: Int64[Tensor, "m k"],
    right: Int64[Tensor, "k n"],
    left_scale: Float[Tensor, "#m left_blocks"],
    right_scale: Float[Tensor, "right_blocks #n"],
    left_format: str = "E4M3",
    right_format: str = "E4M3",
) -> Float[Tensor, "m n"]:
    """Product of two matrices of codes, whose scales belong to blocks along the inner axis.

        out_ij = sum_k s_ib D(left_ik) s'_cj D'(right_kj),   b and c the blocks of k

    With one block they are scales of rows and columns; with one row or column too, that of the tensor.

    Domain: scales > 0; each number of blocks divides k, else ValueError; codes and names as for `decode_float_lookup`,
        else ValueError. Sums are kept in the precision of the scales.
    Source: DeepSeek-AI 2024, arXiv:2412.19437, section 3.3.2 (fine-grained quantization), with FP32 accumulation;
        OCP Microscaling Formats 1.0, section 6.2 (general dot product).
    Notes: R003-003, R003-004.
    """
    left_real = dequantize_float(left, _along_inner_axis(left_scale, len(right), 1), left_format)
    right_real = dequantize_float(right, _along_inner_axis(right_scale, len(right), 0), right_format)
    return left_real @ right_real


def _along_inner_axis(scale: Tensor, size: int, axis: int) -> Tensor:
    blocks = scale.shape[axis]
    if blocks < 1 or size % blocks:
        raise ValueError(f"{blocks} blocks of scales do not divide {size} inner entries")
    return scale.repeat_interleave(size // blocks, axis)


def _block_magnitude(x: Tensor, block: int) -> Tensor:
    return _in_blocks(x, block).abs().amax(-1)


def _power_of_two(exponent: Tensor, magnitude: Tensor) -> Tensor:
    exponent = torch.where(magnitude == 0, LEAST_EXPONENT, exponent).clamp(min=LEAST_EXPONENT)
    return torch.exp2(exponent.double()).to(magnitude.dtype)
