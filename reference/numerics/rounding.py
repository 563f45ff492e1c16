"""Numbers rounded to a floating-point format and returned as numbers: what a cast there and back leaves.

x is float32 or float64 and is rounded once, from its own precision. Numbers beyond the largest one follow IEEE 754: the
roundings to the nearest overflow, a directed one only if it leads away from 0. For saturation, `saturate` first. A name
that is not in FLOAT_FORMATS raises ValueError.
"""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.numerics.formats import decode_float, encode_float, largest_finite, spacing


def round_nearest_even(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Nearest number of a format; of two equally near, the one whose code is even.

        out = decode(encode(x))

    Domain: every x. What rounds beyond the largest number becomes infinity, in a format without one NaN, in E2M1 the
        largest number. In E8M0 0 becomes the least number, halfway goes up, and a minus sign, of -0 too, gives NaN.
    Source: IEEE 754-2019, section 4.3.1, roundTiesToEven.
    Notes: R001-077, R003-001, R003-003, R003-004.
    """
    return decode_float(encode_float(x, format), format).to(x.dtype)


def round_nearest_away(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Nearest number of a format; of two equally near, the one further from 0, as TF32 operands are converted.

    Domain: as round_nearest_even; a number halfway between the largest one and the next overflows.
    Source: IEEE 754-2019, section 4.3.1, roundTiesToAway; NVIDIA PTX ISA, cvt.rna.tf32.
    Differs: hardware may also drop the low bits of TF32 operands, which is round_towards_zero.
    Notes: R003-002.
    """
    count = x / spacing(x, format)
    whole = count.trunc()
    nearest = torch.where((count - whole).abs() >= 0.5, whole + count.sign(), whole)
    return round_nearest_even(nearest * spacing(x, format), format)


def round_towards_zero(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Number of a format that is nearest to x and no further from 0: the low bits are dropped.

    Domain: every x. Finite numbers beyond the largest one become that one; infinity stays, or is NaN without one. E8M0
        has nothing below its least number, which small numbers become.
    Source: IEEE 754-2019, sections 4.3.2 and 7.4, roundTowardZero.
    Notes: R003-002.
    """
    inside = torch.where(x.isinf(), x, saturate(x, format))
    step = spacing(x, format)
    return round_nearest_even((inside / step).trunc() * step, format)


def round_towards_positive(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Smallest number of a format that is not below x.

    Domain: every x. Above the largest number it overflows; finite numbers below the most negative one become that one.
    Source: IEEE 754-2019, sections 4.3.2 and 7.4, roundTowardPositive.
    Notes: R003-001.
    """
    inside = torch.where(x.isinf(), x, x.clamp(min=-largest_finite(format)))
    step = spacing(x, format)
    return round_nearest_even((inside / step).ceil() * step, format)


def round_towards_negative(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Largest number of a format that is not above x.

    Domain: every x. Below the most negative number it overflows; finite numbers above the largest one become that one.
        E8M0 has nothing below its least number, which small numbers become.
    Source: IEEE 754-2019, sections 4.3.2 and 7.4, roundTowardNegative.
    Notes: R003-001.
    """
    inside = torch.where(x.isinf(), x, x.clamp(max=largest_finite(format)))
    step = spacing(x, format)
    return round_nearest_even((inside / step).floor() * step, format)


def round_stochastic(
    x: Float[Tensor, "*shape"], bits: Int64[Tensor, "*shape"], num_bits: int, format: str
) -> Float[Tensor, "*shape"]:
    """One of the two numbers of a format around x, the nearer one more often, for given random bits.

    With f the part of the spacing by which |x| exceeds its lower neighbour, and b the random number:

        up if b + 1/2 < 2^num_bits f,   so that   P(up) = round(2^num_bits f) / 2^num_bits

    The mean is x where f is a multiple of 2^-num_bits, and elsewhere off by at most half of that; numbers of the format
    stay.

    Domain: bits uniform on 0..2^num_bits - 1, 1 <= num_bits <= 52; else ValueError. A step beyond the largest number
        overflows as in round_nearest_even.
    Source: Gupta et al. 2015, arXiv:1502.02551, section 3, with a finite number of random bits.
    Differs: without the 1/2 a comparison b < 2^num_bits f rounds up too often, floor(f + b / 2^num_bits) too seldom.
    Notes: R003-001.
    """
    if not 1 <= num_bits <= 52:
        raise ValueError(f"from 1 to 52 random bits are needed; got {num_bits}")
    count = x / spacing(x, format)
    whole = count.trunc()
    up = bits.double() + 0.5 < (count - whole).abs().double() * 2**num_bits
    return round_nearest_even(torch.where(up, whole + count.sign(), whole) * spacing(x, format), format)


def saturate(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """x clipped to the finite range of a format, the infinities too; rounded afterwards, nothing overflows.

        out = min(max(x, -largest), largest)

    Domain: every x; NaN stays.
    Source: Micikevicius et al. 2022, arXiv:2209.05433, section 3, saturating conversion.
    Notes: R003-003, R003-004.
    """
    return x.clamp(-largest_finite(format), largest_finite(format))


def bfloat16_bits(float32_bits: Int64[Tensor, "*shape"]) -> Int64[Tensor, "*shape"]:
    """Bits of the BF16 number nearest to an FP32 number, ties to even, in integer arithmetic.

        out = (bits + 0x7fff + (bits >> 16) % 2) >> 16

    The sum carries into the upper half where the lower one is above 0x8000, or equal to it and the upper one odd. NaN
    is left out of it, keeps its upper half and is made quiet: its payload may lie in the lower half, or carry.

    Domain: bits from 0 to 2^32 - 1.
    Source: Kalamkar et al. 2019, arXiv:1905.12322.
    Notes: R003-001.
    """
    upper = float32_bits >> 16
    rounded = (float32_bits + 0x7FFF + upper % 2) >> 16
    is_nan = float32_bits % 2**31 > 0x7F800000
    return torch.where(is_nan, upper | 0x40, rounded)
