"""Judges ml_dtypes: its dtypes of NumPy for eight bits and fewer, and bfloat16.

    codes to numbers, and back            view as integers, astype
    rounding to nearest                   astype there and back
    range                                 finfo: max, smallest_normal, smallest_subnormal
    BF16 from FP32                        astype of the bits viewed as float32

FP16 and FP32 are NumPy's own, and TF32 is nobody's.
"""

import ml_dtypes
import numpy as np

PACKAGES = ("ml_dtypes",)
ARRAYS = "numpy"

_DTYPES = {
    "BF16": ml_dtypes.bfloat16,
    "E5M2": ml_dtypes.float8_e5m2,
    "E4M3": ml_dtypes.float8_e4m3fn,
    "E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "E2M1": ml_dtypes.float4_e2m1fn,
    "E8M0": ml_dtypes.float8_e8m0fnu,
}


def _dtype(format):
    if format not in _DTYPES:
        raise NotImplementedError(f"ml_dtypes has no dtype for a format of the name {format!r}")
    return np.dtype(_DTYPES[format])


def _bits(numbers):
    return numbers.view(f"uint{8 * numbers.itemsize}").astype(np.int64)


# Formats


def decode_float(codes, format):
    dtype = _dtype(format)
    return codes.astype(f"uint{8 * dtype.itemsize}").view(dtype).astype(np.float64)


def encode_float(x, format):
    return _bits(x.astype(_dtype(format)))


def largest_finite(format):
    return float(ml_dtypes.finfo(_dtype(format)).max)


def smallest_normal(format):
    return float(ml_dtypes.finfo(_dtype(format)).smallest_normal)


def smallest_subnormal(format):
    return float(ml_dtypes.finfo(_dtype(format)).smallest_subnormal)


# Rounding


def round_nearest_even(x, format):
    return x.astype(_dtype(format)).astype(x.dtype)


def bfloat16_bits(float32_bits):
    return _bits(float32_bits.astype(np.uint32).view(np.float32).astype(ml_dtypes.bfloat16))
