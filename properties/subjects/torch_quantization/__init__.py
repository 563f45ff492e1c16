"""Judges the quantisation of torch: its observers, its quantised tensors and its products of int8 and of FP8.

    scales                                MinMaxObserver, PerChannelMinMaxObserver with the symmetric schemes
    scale and zero point                  PerChannelMinMaxObserver with the affine scheme, of both ends of a range
    codes, and back                       quantize_per_channel, dequantize of a tensor made of codes
    product of codes                      _int_mm
    product of codes with scales          nn.functional.scaled_mm, of tensors with a scale each

An observer has the range of codes that is asked for, a quantised tensor that of qint8 or quint8, with each number for a
channel. Its codes are made a tensor as qint32. Inner axis and columns of a product of FP8 are filled up with zeros to
multiples of 16. All of it is computed in float32.
"""

import torch
from torch.ao.quantization.observer import MinMaxObserver, PerChannelMinMaxObserver
from torch.nn.functional import ScalingType, pad, scaled_mm

PACKAGES = ("torch",)
DTYPE = "float32"

_FP8 = {
    "E4M3": torch.float8_e4m3fn,
    "E5M2": torch.float8_e5m2,
    "E4M3FNUZ": torch.float8_e4m3fnuz,
    "E5M2FNUZ": torch.float8_e5m2fnuz,
}
_DTYPES = {(-128, 127): torch.qint8, (0, 255): torch.quint8}


def _observed(kind, x, qscheme, dtype, lowest, highest, **axis):
    observer = kind(dtype=dtype, qscheme=qscheme, quant_min=lowest, quant_max=highest, **axis)
    observer(x)
    return observer.calculate_qparams()


def _codes(bits):
    """The dtype of symmetric codes, and their ends."""
    top = 2 ** (bits - 1) - 1
    return torch.qint8 if bits <= 8 else torch.int16, -top, top


# Scales and zero points


def symmetric_scale(x, bits=8):
    scale, _ = _observed(MinMaxObserver, x, torch.per_tensor_symmetric, *_codes(bits))
    return scale[0].clone()


def symmetric_channel_scale(x, axis, bits=8):
    scale, _ = _observed(PerChannelMinMaxObserver, x, torch.per_channel_symmetric, *_codes(bits), ch_axis=axis)
    return scale.reshape([-1 if one == axis % x.ndim else 1 for one in range(x.ndim)])


def affine_parameters(low, high, lowest=-128, highest=127):
    if 0 < lowest < highest:
        raise NotImplementedError("observers of torch have 0 among their codes")
    if highest - lowest > 255:
        raise NotImplementedError("observers of torch have 256 codes at most")
    ranges = torch.stack([low.flatten(), high.flatten()], -1)
    dtype = torch.qint8 if lowest < 0 else torch.quint8
    ends = dtype, lowest, highest
    scale, zero_point = _observed(PerChannelMinMaxObserver, ranges, torch.per_channel_affine, *ends, ch_axis=0)
    return scale.reshape(low.shape), zero_point.reshape(low.shape).long()


# Codes


def _of_each(x, scale, zero_point):
    return [values.expand(x.shape).flatten() for values in (scale, zero_point)]


def quantize_affine(x, scale, zero_point, lowest=-128, highest=127):
    if (lowest, highest) not in _DTYPES:
        raise NotImplementedError(f"quantised tensors of torch have no codes from {lowest} to {highest}")
    if ((zero_point < lowest) | (zero_point > highest)).any():
        raise NotImplementedError("quantised tensors of torch have a code for a zero point")
    codes = torch.quantize_per_channel(x.flatten(), *_of_each(x, scale, zero_point), 0, _DTYPES[lowest, highest])
    return codes.int_repr().reshape(x.shape).long()


def dequantize_affine(codes, scale, zero_point):
    flat = codes.int().flatten()
    quantized = torch._make_per_channel_quantized_tensor(flat, *_of_each(codes, scale, zero_point), 0)
    return quantized.dequantize().reshape(codes.shape)


def dequantize_symmetric(codes, scale):
    return dequantize_affine(codes, scale, torch.tensor(0))


def integer_matmul(left, right, left_zero, right_zero):
    if left_zero or right_zero:
        raise NotImplementedError("_int_mm has no zero points")
    products = torch._int_mm(left.reshape(-1, len(right)).to(torch.int8), right.to(torch.int8))
    return products.reshape(*left.shape[:-1], -1).long()


def _fp8(codes, format):
    if format not in _FP8:
        raise NotImplementedError(f"torch multiplies no matrices of the format {format!r}")
    return codes.to(torch.uint8).view(_FP8[format])


def scaled_matmul(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    if not left_scale.shape == right_scale.shape == (1, 1):
        raise NotImplementedError("on the CPU scaled_mm has one scale for each tensor")
    inner, columns = right.shape
    left = _fp8(pad(left, (0, -inner % 16)), left_format)
    right = _fp8(pad(right, (0, -columns % 16, 0, -inner % 16)), right_format)
    scales = left_scale, ScalingType.TensorWise, right_scale, ScalingType.TensorWise
    product = scaled_mm(left, right.T.contiguous().T, *scales, output_dtype=torch.float32)
    return product[:, :columns].clone()
