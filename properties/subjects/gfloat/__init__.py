"""Judges gfloat: its formats, and its rounding, encoding and decoding of arrays.

    codes to numbers                      decode_ndarray
    numbers to codes                      encode_ndarray of what round_ndarray returns
    range                                 FormatInfo: max, smallest_normal, smallest_subnormal
    rounding                              round_ndarray with TiesToEven, TiesToAway, TowardZero, TowardPositive,
                                          TowardNegative
    stochastic rounding                   round_ndarray with Stochastic
    BF16 from FP32                        decode_ndarray, round_ndarray, encode_ndarray
    scales of MX                          block.compute_scale_amax of each block
    codes at a scale                      encode_ndarray of what round_ndarray returns with sat=True

The two FNUZ formats are the finite ones of IEEE P3109 with the same fields. TF32, which gfloat does not have, is
described to it. What overflows in E2M1, which has neither infinity nor NaN, is saturated, since it would raise.
"""

import gfloat
import numpy as np
from gfloat import Domain, FormatInfo, RoundMode, Signedness, formats
from gfloat.block import compute_scale_amax

PACKAGES = ("gfloat",)
ARRAYS = "numpy"

_FORMATS = {
    "FP32": formats.format_info_binary32,
    "TF32": FormatInfo(
        "tf32",
        k=19,
        precision=11,
        bias=127,
        is_signed=True,
        domain=Domain.Extended,
        has_nz=True,
        num_high_nans=2**10 - 1,
        has_subnormals=True,
        is_twos_complement=False,
    ),
    "FP16": formats.format_info_binary16,
    "BF16": formats.format_info_bfloat16,
    "E5M2": formats.format_info_ocp_e5m2,
    "E4M3": formats.format_info_ocp_e4m3,
    "E5M2FNUZ": formats.format_info_p3109(8, 3, Signedness.Signed, Domain.Finite),
    "E4M3FNUZ": formats.format_info_p3109(8, 4, Signedness.Signed, Domain.Finite),
    "E2M1": formats.format_info_ocp_e2m1,
    "E8M0": formats.format_info_ocp_e8m0,
}


def _info(format):
    if format not in _FORMATS:
        raise NotImplementedError(f"the formats of gfloat are not chosen by name, and not by {format!r}")
    return _FORMATS[format]


def _round(x, format, mode, **random):
    return gfloat.round_ndarray(_info(format), x, mode, sat=format == "E2M1", **random)


# Formats


def decode_float(codes, format):
    return gfloat.decode_ndarray(_info(format), codes)


def encode_float(x, format):
    return gfloat.encode_ndarray(_info(format), round_nearest_even(x, format)).astype("int64")


def largest_finite(format):
    return float(_info(format).max)


def smallest_normal(format):
    return float(_info(format).smallest_normal)


def smallest_subnormal(format):
    return float(_info(format).smallest_subnormal)


# Rounding


def round_nearest_even(x, format):
    return _round(x, format, RoundMode.TiesToEven)


def round_nearest_away(x, format):
    return _round(x, format, RoundMode.TiesToAway)


def round_towards_zero(x, format):
    return _round(x, format, RoundMode.TowardZero)


def round_towards_positive(x, format):
    return _round(x, format, RoundMode.TowardPositive)


def round_towards_negative(x, format):
    return _round(x, format, RoundMode.TowardNegative)


def round_stochastic(x, bits, num_bits, format):
    return _round(x, format, RoundMode.Stochastic, srbits=bits, srnumbits=num_bits)


def bfloat16_bits(float32_bits):
    return encode_float(decode_float(float32_bits, "FP32"), "BF16")


# Scales


def mx_scale(x, block, format):
    emax = _info(format).emax
    return np.apply_along_axis(lambda run: compute_scale_amax(emax, run), -1, x.reshape(*x.shape[:-1], -1, block))


def quantize_float(x, scale, format):
    saturated = gfloat.round_ndarray(_info(format), x / scale, RoundMode.TiesToEven, sat=True)
    return gfloat.encode_ndarray(_info(format), saturated).astype("int64")
