"""Binary floating-point formats as data, and the way between codes and numbers.

A code without its sign bit counts the magnitudes upwards, so that the next code is the next number. Numbers that a
format cannot hold are rounded in `rounding`.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor


class FloatFormat(NamedTuple):
    """Fields and special codes of a format, all without the sign bit, which stands above the exponent.

    Codes above `largest`, that of the largest finite number, are NaN, except `infinity`; `nan` is the NaN that is
    written, and where that is the code of -0 there is one zero. A code of -1 is missing. `lowest` is the lowest biased
    exponent of a normal number, 0 in a format without zero and subnormal numbers.
    """

    exponent_bits: int
    mantissa_bits: int
    bias: int
    largest: int
    infinity: int
    nan: int
    lowest: int = 1
    signed: bool = True


# The first four, and E5M2, follow IEEE 754; TF32 from NVIDIA's A100 whitepaper, BF16 from arXiv:1905.12322. E4M3 and
# E5M2 from arXiv:2209.05433, the FNUZ formats from arXiv:2206.02915, the last two from OCP Microscaling Formats 1.0.
FLOAT_FORMATS = {
    "FP32": FloatFormat(8, 23, 127, largest=0x7F7FFFFF, infinity=0x7F800000, nan=0x7FC00000),
    "TF32": FloatFormat(8, 10, 127, largest=0x3FBFF, infinity=0x3FC00, nan=0x3FE00),
    "FP16": FloatFormat(5, 10, 15, largest=0x7BFF, infinity=0x7C00, nan=0x7E00),
    "BF16": FloatFormat(8, 7, 127, largest=0x7F7F, infinity=0x7F80, nan=0x7FC0),
    "E5M2": FloatFormat(5, 2, 15, largest=0x7B, infinity=0x7C, nan=0x7E),
    "E4M3": FloatFormat(4, 3, 7, largest=0x7E, infinity=-1, nan=0x7F),
    "E5M2FNUZ": FloatFormat(5, 2, 16, largest=0x7F, infinity=-1, nan=0x80),
    "E4M3FNUZ": FloatFormat(4, 3, 8, largest=0x7F, infinity=-1, nan=0x80),
    "E2M1": FloatFormat(2, 1, 1, largest=0x7, infinity=-1, nan=-1),
    "E8M0": FloatFormat(8, 0, 127, largest=0xFE, infinity=-1, nan=0xFF, lowest=0, signed=False),
}


def decode_float(codes: Int64[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Numbers that the codes of a format stand for, in float64.

    With sign s, biased exponent e and mantissa m of M bits:

        (-1)^s 2^(e - bias) (1 + m / 2^M)   for e > 0,      (-1)^s 2^(1 - bias) m / 2^M   for e = 0

    but for the special codes: infinities and NaN. E8M0 has neither sign nor mantissa, and 2^(0 - bias) at e = 0.

    Domain: codes from 0 to 2^bits - 1; a name in FLOAT_FORMATS, else ValueError.
    Source: IEEE 754-2019, section 3.4; Micikevicius et al. 2022, arXiv:2209.05433, section 3; OCP Microscaling Formats
        1.0, section 5.
    Differs: "E4M3" is the form without infinities, often called E4M3FN; its top binade holds numbers up to 448.
    Notes: R003-001, R003-003, R003-004.
    """
    layout = _layout(format)
    sign_bit = 2 ** (layout.exponent_bits + layout.mantissa_bits)
    magnitude = codes % sign_bit
    biased, mantissa = magnitude >> layout.mantissa_bits, magnitude % 2**layout.mantissa_bits
    significand = mantissa + (biased >= layout.lowest) * 2**layout.mantissa_bits
    exponent = biased.clamp(min=layout.lowest) - layout.bias - layout.mantissa_bits
    value = significand * torch.exp2(exponent.double())
    value = torch.where((magnitude > layout.largest) | (codes == layout.nan), torch.nan, value)
    value = torch.where(magnitude == layout.infinity, torch.inf, value)
    return torch.where(codes >= sign_bit, -value, value)


def encode_float(x: Float[Tensor, "*shape"], format: str) -> Int64[Tensor, "*shape"]:
    """Codes of the numbers of a format that are nearest to x; of two equally near, of the even one.

        code = 2^M (e + bias - 1) + round(|x| / 2^(e - M)),   e = max(floor(log2 |x|), least exponent)

    plus the sign bit: a significand that is rounded up to the next power of two carries into the exponent by itself.
    What rounds beyond the largest number overflows: to infinity, in a format without one to NaN, in E2M1, which has
    neither, to the largest number, as does NaN. For other roundings encode what they return; to saturate, do so first.

    Domain: every x, rounded once from its own precision. In E8M0 0 becomes the least number, and a minus sign NaN. A
        name in FLOAT_FORMATS, else ValueError.
    Source: IEEE 754-2019, sections 4.3.1 and 7.4; Micikevicius et al. 2022, arXiv:2209.05433, section 3.
    Differs: which NaN is written is not the same everywhere. Casts of some versions of PyTorch saturate in E4M3.
        E8M0 has one significand, 1, so that halfway goes up. Its 0 is NaN in ml_dtypes.
    Notes: R003-001, R003-003, R003-004.
    """
    layout = _layout(format)
    magnitude = x.double().abs().clamp(max=2 * largest_finite(format))
    exponent = _exponent(magnitude, format)
    count = (magnitude / torch.exp2((exponent - layout.mantissa_bits).double())).round().long()
    code = ((exponent + layout.bias - 1) * 2**layout.mantissa_bits + count).clamp(min=0)
    return _signed_or_special(code, x, layout)


def decode_float_lookup(codes: Int64[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """The numbers of `decode_float`, each looked up in the table of all codes, which pays where codes are many.

        out = table[code],   table = decode(0..2^bits - 1)

    Domain: codes from 0 to 2^bits - 1; a name in FLOAT_FORMATS, but for FP32, whose table is too long; else ValueError.
    Source: as `decode_float`.
    Notes: R003-001, R003-003, R003-004.
    """
    layout = _layout(format)
    if format == "FP32":
        raise ValueError(f"a table of 2^32 numbers is too long; got {format}")
    num_codes = 2 ** (layout.signed + layout.exponent_bits + layout.mantissa_bits)
    return decode_float(torch.arange(num_codes, device=codes.device), format)[codes]


def encode_float_bitwise(x: Float32[Tensor, "*shape"], format: str) -> Int64[Tensor, "*shape"]:
    """The codes of `encode_float` from the bits of FP32 numbers, in integer arithmetic.

    Above the subnormal numbers the bits are cut off behind M of the mantissa, rounded as in `bfloat16_bits`, and the
    bias is changed. Below, the sum with 2^23 times the smallest number has the code in its last bits: the processor
    rounds it to that.

    Domain: every x. Formats that are narrower than FP32 and have a mantissa, else ValueError.
    Source: as `encode_float`.
    Notes: R003-001, R003-003, R003-004.
    """
    layout = _layout(format)
    if format in ("FP32", "E8M0"):
        raise ValueError(f"the mantissa must be shorter than that of FP32, and there; got {format}")
    dropped = 23 - layout.mantissa_bits
    magnitude = x.abs()
    bits = magnitude.view(torch.int32)
    odd = (bits >> dropped) & 1
    normal = ((bits + (2 ** (dropped - 1) - 1 + odd)) >> dropped) - ((127 - layout.bias) << layout.mantissa_bits)
    shift = torch.full((), smallest_subnormal(format) * 2.0**23, dtype=x.dtype, device=x.device)
    subnormal = (magnitude + shift).view(torch.int32) - shift.view(torch.int32)
    code = torch.where(magnitude < smallest_normal(format), subnormal, normal)
    return _signed_or_special(code, x, layout).long()


def _signed_or_special(code: Tensor, x: Tensor, layout: FloatFormat) -> Tensor:
    """The code of |x| with the sign bit, or that of infinity, NaN or the largest number where x or the code says so."""
    too_large = x.isnan() | (code > layout.largest)
    code = torch.where(too_large, max(layout.largest, layout.infinity), code)
    code = code + x.signbit().to(code.dtype) * 2 ** (layout.exponent_bits + layout.mantissa_bits)
    if layout.nan < 0:
        return code
    code = torch.where(code == layout.nan, 0, code)
    lost = x.isnan() | (too_large & (layout.infinity < 0)) | (x.signbit() & (not layout.signed))
    return torch.where(lost, layout.nan, code)


def largest_finite(format: str) -> float:
    """Largest finite number of a format.

    Domain: a name in FLOAT_FORMATS, else ValueError.
    Source: IEEE 754-2019, section 3.3; Micikevicius et al. 2022, arXiv:2209.05433, table 1.
    Notes: R003-001, R003-003, R003-004.
    """
    layout = _layout(format)
    biased, mantissa = divmod(layout.largest, 2**layout.mantissa_bits)
    return (1 + mantissa / 2**layout.mantissa_bits) * 2.0 ** (biased - layout.bias)


def smallest_normal(format: str) -> float:
    """Smallest positive number of a format whose significand has all its bits: 2^(1 - bias), in E8M0 2^-bias.

    Domain: a name in FLOAT_FORMATS, else ValueError.
    Source: IEEE 754-2019, section 3.3; Micikevicius et al. 2022, arXiv:2209.05433, table 1.
    Notes: R003-001, R003-003.
    """
    layout = _layout(format)
    return 2.0 ** (layout.lowest - layout.bias)


def smallest_subnormal(format: str) -> float:
    """Smallest positive number of a format, which is also the distance between its numbers near 0: 2^(1 - bias - M).

    Domain: a name in FLOAT_FORMATS, but for E8M0, which has no subnormal numbers; else ValueError.
    Source: IEEE 754-2019, section 3.3; Micikevicius et al. 2022, arXiv:2209.05433, table 1.
    Notes: R003-001, R003-003, R003-004.
    """
    layout = _layout(format)
    if layout.mantissa_bits == 0:
        raise ValueError(f"a format without mantissa bits has no subnormal numbers; got {format}")
    return 2.0 ** (layout.lowest - layout.bias - layout.mantissa_bits)


def spacing(x: Float[Tensor, "*shape"], format: str) -> Float[Tensor, "*shape"]:
    """Distance between the two neighbouring numbers of a format that x lies between, away from 0 if it is one of them.

        2^(e - M),   e = max(floor(log2 |x|), least exponent)

    Domain: every x but NaN, in float32 or float64. Beyond the largest number it is that of the top binade. A name in
        FLOAT_FORMATS, else ValueError.
    Source: IEEE 754-2019, section 3.3.
    Differs: numpy.spacing has the sign of x. Where floor(log2 x) is computed as written, numbers just below a power of
        two get twice their spacing, since the logarithm is rounded up.
    Notes: R003-001, R003-003.
    """
    exponent = _exponent(x.double().abs(), format)
    return torch.exp2((exponent - _layout(format).mantissa_bits).double()).to(x.dtype)


def _exponent(magnitude: Float[Tensor, "*shape"], format: str) -> Int64[Tensor, "*shape"]:
    """floor(log2) of the normal number that is nearest to a magnitude."""
    _, exponent = torch.frexp(magnitude.clamp(smallest_normal(format), largest_finite(format)))
    return exponent.long() - 1


def _layout(format: str) -> FloatFormat:
    if format not in FLOAT_FORMATS:
        raise ValueError(f"the formats are {', '.join(FLOAT_FORMATS)}; got {format}")
    return FLOAT_FORMATS[format]
