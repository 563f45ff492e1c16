"""Uniform quantisation: real numbers as integer codes times a scale, and arithmetic on the codes.

Scales and zero points have the shape of the data with ones where they broadcast: none for a tensor, one axis for
channels. Codes are int64 here, so that nothing overflows; `safe_accumulation_length` says when int32 does.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class FixedPoint(NamedTuple):
    """The number mantissa 2^(-31 - shift), with 2^30 <= mantissa < 2^31."""

    mantissa: int
    shift: int


def symmetric_scale(x: Float[Tensor, "*shape"], bits: int = 8) -> Float[Tensor, ""]:
    """Scale at which the largest magnitude of a tensor gets the largest code.

        s = max |x| / (2^(bits - 1) - 1)

    Domain: bits from 2 to 16, else ValueError; at least one element. A tensor of zeros has scale 1.
    Source: Wu et al. 2020, arXiv:2004.09602, section 3.1 (scale quantization), where s stands for 1 / s.
    Differs: with the code -2^(bits - 1) in use some divide by 2^(bits - 1) - 1/2.
    Notes: R003-006.
    """
    return _positive(x.abs().amax() / _largest_code(bits))


def symmetric_channel_scale(x: Float[Tensor, "..."], axis: int, bits: int = 8) -> Float[Tensor, "..."]:
    """Scale of each channel along an axis, with ones for all other axes: the output channels of a weight are axis 0.

        s_c = max |x_c| / (2^(bits - 1) - 1)

    Domain: bits from 2 to 16, else ValueError; a negative axis counts from the last. A channel of zeros has scale 1.
    Source: Wu et al. 2020, arXiv:2004.09602, section 3.2 (granularity).
    Notes: R003-008.
    """
    others = [other for other in range(x.ndim) if other != axis % x.ndim]
    magnitude = x.abs().amax(others, keepdim=True) if others else x.abs()
    return _positive(magnitude / _largest_code(bits))


def quantize_symmetric(
    x: Float[Tensor, "*shape"], scale: Float[Tensor, "*#shape"], bits: int = 8
) -> Int64[Tensor, "*shape"]:
    """Codes of a tensor without a zero point: 0 is 0, and -x has the opposite code.

        q = clip(round(x / s), -top, top),   top = 2^(bits - 1) - 1

    Domain: s > 0; bits from 2 to 16, else ValueError. Infinities get the last codes; NaN has none.
    Source: Wu et al. 2020, arXiv:2004.09602, section 3.1 (scale quantization).
    Differs: halves go to the even code here, in PyTorch and in NumPy, away from zero in TFLite. PyTorch multiplies by
    1 / s, which can move an x near the middle of two codes. Some also use the code -top - 1.
    Notes: R003-005, R003-006.
    """
    top = _largest_code(bits)
    return (x / scale).round().clamp(-top, top).long()


def dequantize_symmetric(codes: Int64[Tensor, "*shape"], scale: Float[Tensor, "*#shape"]) -> Float[Tensor, "*shape"]:
    """Numbers that codes without a zero point stand for; with s = s_x s_w those of a sum of products of codes.

        x = s q

    Domain: s > 0.
    Source: Wu et al. 2020, arXiv:2004.09602, section 3.1 (scale quantization).
    Notes: R003-006, R003-007.
    """
    return scale * codes


def affine_parameters(
    low: Float[Tensor, "*shape"], high: Float[Tensor, "*shape"], lowest: int = -128, highest: int = 127
) -> tuple[Float[Tensor, "*shape"], Int64[Tensor, "*shape"]]:
    """Scale and zero point that spread the codes over a range, which is first made to contain 0.

        s = (max(high, 0) - min(low, 0)) / (highest - lowest),   z = round(lowest - min(low, 0) / s)

    Zero is then exact, as padding needs, and z is a code.

    Domain: low <= high, apart by 0 or a normal number; lowest < highest, else ValueError. At low = high = 0 the scale
    is 1.
    Source: Jacob et al. 2017, arXiv:1712.05877, section 2.1 and eq. 1; section 3 (ranges).
    Differs: of a symmetric range the zero point is a tie, which rounding errors decide.
    Notes: R003-005.
    """
    _check_codes(lowest, highest)
    low, high = low.clamp(max=0), high.clamp(min=0)
    scale = _positive((high - low) / (highest - lowest))
    return scale, (lowest - low / scale).round().long()


def quantize_affine(
    x: Float[Tensor, "*shape"],
    scale: Float[Tensor, "*#shape"],
    zero_point: Int64[Tensor, "*#shape"],
    lowest: int = -128,
    highest: int = 127,
) -> Int64[Tensor, "*shape"]:
    """Codes of a tensor, of which zero_point stands for 0.

        q = clip(round(x / s) + z, lowest, highest)

    Domain: s > 0; lowest < highest, else ValueError. Infinities get the last codes; NaN has none.
    Source: Jacob et al. 2017, arXiv:1712.05877, eq. 1, solved for q.
    Differs: halves of x / s go to the even integer before z is added; TFLite rounds them away from zero, and some
    round x / s + z.
    Notes: R003-005.
    """
    _check_codes(lowest, highest)
    return ((x / scale).round() + zero_point).clamp(lowest, highest).long()


def dequantize_affine(
    codes: Int64[Tensor, "*shape"], scale: Float[Tensor, "*#shape"], zero_point: Int64[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Numbers that codes with a zero point stand for.

        x = s (q - z)

    Domain: s > 0. The difference of two 8-bit codes needs 9 bits.
    Source: Jacob et al. 2017, arXiv:1712.05877, eq. 1.
    Notes: R003-005.
    """
    return scale * (codes - zero_point)


def quantize_blocks(
    x: Float[Tensor, "*batch dim"], block: int, bits: int = 8
) -> tuple[Int64[Tensor, "*batch dim"], Float[Tensor, "*batch blocks"]]:
    """Symmetric codes, and a scale for each run of `block` consecutive entries of the last axis.

        s_b = max |x_b| / (2^(bits - 1) - 1),   q_b = clip(round(x_b / s_b), -top, top)

    Domain: block divides the last axis, and bits is from 2 to 16, else ValueError. A block of zeros has scale 1.
    Source: Dettmers et al. 2021, arXiv:2110.02861, section 2.1 (block-wise quantization), with uniform codes.
    Notes: R003-006.
    """
    blocks = _in_blocks(x, block)
    scale = _positive(blocks.abs().amax(-1, keepdim=True) / _largest_code(bits))
    return quantize_symmetric(blocks, scale, bits).flatten(-2), scale.squeeze(-1).clone()


def dequantize_blocks(
    codes: Int64[Tensor, "*batch dim"], scale: Float[Tensor, "*batch blocks"]
) -> Float[Tensor, "*batch dim"]:
    """Numbers that codes in equal blocks along the last axis stand for.

        x_b = s_b q_b

    Domain: the number of blocks divides the last axis, else ValueError.
    Source: Dettmers et al. 2021, arXiv:2110.02861, section 2.1 (block-wise quantization), with uniform codes.
    Notes: R003-006.
    """
    if codes.shape[-1] % scale.shape[-1]:
        raise ValueError(f"{scale.shape[-1]} blocks do not divide {codes.shape[-1]} codes")
    return (scale[..., None] * codes.reshape(*scale.shape, codes.shape[-1] // scale.shape[-1])).flatten(-2)


def integer_matmul(
    left: Int64[Tensor, "*batch m k"],
    right: Int64[Tensor, "k n"],
    left_zero: Int64[Tensor, ""],
    right_zero: Int64[Tensor, ""],
) -> Int64[Tensor, "*batch m n"]:
    """Product of two matrices of codes less their zero points, where only the product of the codes costs k m n.

        sum_k (q1 - z1) (q2 - z2) = sum_k q1 q2 - z1 sum_k q2 - z2 sum_k q1 + k z1 z2

    Times s1 s2 it is the product of the real matrices, dequantised once.

    Domain: sums of products of codes below 2^53, as two million of 16 bits are.
    Source: Jacob et al. 2017, arXiv:1712.05877, eq. 7.
    Notes: R003-007.
    """
    products = (left.double() @ right.double()).long()  # exact; PyTorch has no matmul of integers on GPUs
    return (
        products
        - left_zero * right.sum(-2)
        - right_zero * left.sum(-1, keepdim=True)
        + (len(right) * left_zero * right_zero)
    )


def safe_accumulation_length(largest_left: int, largest_right: int, bits: int = 32) -> int:
    """How many products of two factors up to these magnitudes a signed accumulator holds, whatever their signs.

        K = floor((2^(bits - 1) - 1) / (largest_left largest_right))

    Less their zero points, 8-bit codes have magnitudes up to 255.

    Domain: magnitudes of at least 1, bits >= 2, else ValueError.
    Source: Jacob et al. 2017, arXiv:1712.05877, section 2.2 (int32 accumulators).
    Notes: R003-007.
    """
    if min(largest_left, largest_right) < 1 or bits < 2:
        raise ValueError(f"no accumulator of {bits} bits for factors up to {largest_left} and {largest_right}")
    return (2 ** (bits - 1) - 1) // (largest_left * largest_right)


def quantize_bias(
    bias: Float[Tensor, "*shape"], input_scale: Float[Tensor, "*#shape"], weight_scale: Float[Tensor, "*#shape"]
) -> Int64[Tensor, "*shape"]:
    """INT32 codes of a bias in the units of the accumulator that it is added to, without a zero point.

        q = clip(round(b / (s_x s_w)), -2^31, 2^31 - 1)

    Off by at most s_x s_w / 2.

    Domain: scales above 0. Infinities get the last codes.
    Source: Jacob et al. 2017, arXiv:1712.05877, eq. 11.
    Differs: halves go to the even code; a bias that stays FP32 is exact.
    Notes: R003-008.
    """
    codes = (bias / (input_scale * weight_scale)).round().clamp(-(2**31), 2**31)
    return codes.long().clamp(max=2**31 - 1)  # 2^31 - 1 is no float32


def fixed_point_multiplier(multiplier: float) -> FixedPoint:
    """Nearest number with a mantissa of 31 bits to M = s_1 s_2 / s_3, which takes an accumulator to codes of scale s_3.

        M ~ mantissa 2^(-31 - shift),   2^30 <= mantissa < 2^31

    Domain: 2^-32 <= M < 2^29, else ValueError.
    Source: Jacob et al. 2017, arXiv:1712.05877, eqs. 5-6, where M is below 1 and mantissa 2^-31 is M_0.
    Notes: R003-007.
    """
    if not 2.0**-32 <= multiplier < 2.0**29:
        raise ValueError(f"multiplier {multiplier} is not in [2^-32, 2^29)")
    fraction, exponent = math.frexp(multiplier)
    mantissa = round(fraction * 2**31)
    return FixedPoint(mantissa // 2, -exponent - 1) if mantissa == 2**31 else FixedPoint(mantissa, -exponent)


def requantize(
    accumulator: Int64[Tensor, "*shape"],
    multiplier: FixedPoint,
    zero_point: int = 0,
    lowest: int = -128,
    highest: int = 127,
) -> Int64[Tensor, "*shape"]:
    """Codes of the next layer from INT32 sums of products, by integers alone.

        q = clip(round(accumulator mantissa 2^(-31 - shift)) + z, lowest, highest)

    Domain: |accumulator| <= 2^31; a shift from -30 to 31 and lowest < highest, else ValueError.
    Source: Jacob et al. 2017, arXiv:1712.05877, section 2.2.
    Differs: one rounding, halves to the even integer; gemmlowp and TFLite round twice, first the doubled high half of
    the product and then the shift, so that some codes are off by one.
    Notes: R003-007.
    """
    _check_codes(lowest, highest)
    if not -30 <= multiplier.shift <= 31:
        raise ValueError(f"shift {multiplier.shift} is not from -30 to 31")
    shift = 31 + multiplier.shift
    product = accumulator * multiplier.mantissa
    to_even = 2 ** (shift - 1) - 1 + (product >> shift & 1)
    return ((product + to_even >> shift) + zero_point).clamp(lowest, highest)


def _largest_code(bits: int) -> int:
    if not 2 <= bits <= 16:
        raise ValueError(f"symmetric codes have 2 to 16 bits; got {bits}")
    return 2 ** (bits - 1) - 1


def _check_codes(lowest: int, highest: int) -> None:
    if lowest >= highest:
        raise ValueError(f"lowest code {lowest} is not below the highest, {highest}")


def _in_blocks(x: Tensor, block: int) -> Tensor:
    if block < 1 or x.shape[-1] % block:
        raise ValueError(f"blocks of {block} do not divide {x.shape[-1]} entries")
    return x.reshape(*x.shape[:-1], x.shape[-1] // block, block)


def _positive(scale: Tensor) -> Tensor:
    return torch.where(scale == 0, 1, scale)
