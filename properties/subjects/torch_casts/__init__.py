"""Judges the casts of torch between its floating dtypes.

    codes to numbers, and back            view as integers, to(dtype)
    rounding to nearest                   to(dtype) there and back
    range                                 finfo: max, smallest_normal
    BF16 from FP32                        to(bfloat16) of the bits viewed as float32

TF32 is no dtype, and float4_e2m1fn_x2 has no casts.
"""

import torch

PACKAGES = ("torch",)

_DTYPES = {
    "FP32": torch.float32,
    "FP16": torch.float16,
    "BF16": torch.bfloat16,
    "E5M2": torch.float8_e5m2,
    "E4M3": torch.float8_e4m3fn,
    "E5M2FNUZ": torch.float8_e5m2fnuz,
    "E4M3FNUZ": torch.float8_e4m3fnuz,
    "E8M0": torch.float8_e8m0fnu,
}
_INTEGERS = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32}


def _dtype(format):
    if format not in _DTYPES:
        raise NotImplementedError(f"torch casts to no format of the name {format!r}")
    return _DTYPES[format]


def _bits(numbers):
    return numbers.view(_INTEGERS[numbers.itemsize]).long()


# Formats


def decode_float(codes, format):
    dtype = _dtype(format)
    return codes.to(_INTEGERS[dtype.itemsize]).view(dtype).double()


def encode_float(x, format):
    return _bits(x.to(_dtype(format)))


def largest_finite(format):
    return torch.finfo(_dtype(format)).max


def smallest_normal(format):
    return torch.finfo(_dtype(format)).smallest_normal


# Rounding


def round_nearest_even(x, format):
    return x.to(_dtype(format), copy=True).to(x.dtype)


def bfloat16_bits(float32_bits):
    return _bits(float32_bits.to(torch.uint32).view(torch.float32).bfloat16())
