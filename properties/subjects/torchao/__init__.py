"""Judges torchao: the primitives of its quantisation, its matmul of integers and its casts to MX.

    scales                                choose_qparams_affine with MappingType.SYMMETRIC, from -top to top
    scale and zero point                  choose_qparams_affine_with_min_max with MappingType.ASYMMETRIC
    codes, and back                       quantize_affine, dequantize_affine
    blocks                                the same with a block_size of the last axis
    product of codes                      kernel.intmm.int_matmul of int8
    E2M1                                  f32_to_f4_unpacked, f4_unpacked_to_f32 of mx_formats.kernels
    E8M0 to numbers                       get_fp_scale of mx_formats.mx_tensor
    numbers up to E8M0                    _to_mx_rceil of mx_formats.mx_tensor, of which the largest number is 1
    scales of float formats               _choose_scale_float8
    codes at a scale, and back            _quantize_affine_float8, _dequantize_affine_float8
    scales of MX                          to_mx of mx_formats.mx_tensor with ScaleCalculationMode FLOOR and RCEIL

A block_size takes in the axes that scale and zero point broadcast along. Codes without a zero point have one of 0, and
are of int8 or int16; the others are of int32, within the ends that are given.
E4M3 and E5M2 by themselves are casts of torch. All of it is computed in float32.
"""

import torch
from torchao.kernel.intmm import int_matmul
from torchao.prototype.mx_formats.kernels import f4_unpacked_to_f32, f32_to_f4_unpacked
from torchao.prototype.mx_formats.mx_tensor import ScaleCalculationMode, _to_mx_rceil, get_fp_scale, to_mx
from torchao.quantization import quant_primitives
from torchao.quantization.quant_primitives import MappingType

PACKAGES = ("torchao",)
DTYPE = "float32"

# Scales and zero points


def _codes(bits):
    """The dtype of symmetric codes, and their ends."""
    top = 2 ** (bits - 1) - 1
    return torch.int8 if bits <= 8 else torch.int16, -top, top


def _symmetric(x, block_size, bits, keepdim):
    ends = _codes(bits)
    scale, _ = quant_primitives.choose_qparams_affine(x, MappingType.SYMMETRIC, block_size, *ends, keepdim=keepdim)
    return scale


def symmetric_scale(x, bits=8):
    return _symmetric(x, x.shape, bits, keepdim=False)


def symmetric_channel_scale(x, axis, bits=8):
    block_size = list(x.shape)
    block_size[axis] = 1
    return _symmetric(x, block_size, bits, keepdim=True)


def affine_parameters(low, high, lowest=-128, highest=127):
    return quant_primitives.choose_qparams_affine_with_min_max(
        low, high, MappingType.ASYMMETRIC, (), torch.int32, lowest, highest, zero_point_dtype=torch.int64
    )


# Codes


def _grouped(x, scale, zero_point):
    """The sizes of the blocks of equal scale and zero point, and these one for each block."""
    scale, zero_point = torch.broadcast_tensors(scale, zero_point)
    blocks = (*[1] * (x.ndim - scale.ndim), *scale.shape)
    sizes = tuple(size // count for size, count in zip(x.shape, blocks, strict=True))
    return sizes, scale.reshape(blocks), zero_point.reshape(blocks)


def quantize_affine(x, scale, zero_point, lowest=-128, highest=127):
    return quant_primitives.quantize_affine(x, *_grouped(x, scale, zero_point), torch.int32, lowest, highest).long()


def dequantize_affine(codes, scale, zero_point):
    return quant_primitives.dequantize_affine(codes.int(), *_grouped(codes, scale, zero_point), torch.int32)


def quantize_symmetric(x, scale, bits=8):
    return quant_primitives.quantize_affine(x, *_grouped(x, scale, torch.tensor(0)), *_codes(bits)).long()


def dequantize_symmetric(codes, scale):
    return dequantize_affine(codes, scale, torch.tensor(0))


def quantize_blocks(x, block, bits=8):
    block_size = (*[1] * (x.ndim - 1), block)
    scale = _symmetric(x, block_size, bits, keepdim=True)
    codes = quant_primitives.quantize_affine(x, block_size, scale, torch.zeros_like(scale), *_codes(bits))
    return codes.long(), scale


def dequantize_blocks(codes, scale):
    return dequantize_symmetric(codes, scale)


def integer_matmul(left, right, left_zero, right_zero):
    if left_zero or right_zero:
        raise NotImplementedError("int_matmul of torchao has no zero points")
    products = int_matmul(left.reshape(-1, len(right)).to(torch.int8), right.to(torch.int8))
    return products.reshape(*left.shape[:-1], -1).long()


# Formats


def decode_float(codes, format):
    if format == "E8M0":
        return get_fp_scale(codes.to(torch.uint8))
    if format == "E2M1":
        return f4_unpacked_to_f32(codes.to(torch.uint8))
    raise NotImplementedError(f"torchao leaves a format of the name {format!r} to torch")


def encode_float(x, format):
    if format != "E2M1":
        raise NotImplementedError(f"torchao leaves a format of the name {format!r} to torch")
    return f32_to_f4_unpacked(x).long()


def round_nearest_even(x, format):
    return decode_float(encode_float(x, format), format)


def round_towards_positive(x, format):
    if format != "E8M0":
        raise NotImplementedError("torchao rounds up to E8M0 alone")
    if (x < 0).any():
        raise NotImplementedError("torchao makes scales of magnitudes, which are not negative")
    return get_fp_scale(_to_mx_rceil(x, x, 1.0)[0])


# Float formats with scales

_DTYPES = {
    "E4M3": torch.float8_e4m3fn,
    "E5M2": torch.float8_e5m2,
    "E4M3FNUZ": torch.float8_e4m3fnuz,
    "E5M2FNUZ": torch.float8_e5m2fnuz,
}
_MX_DTYPES = {"E4M3": torch.float8_e4m3fn, "E5M2": torch.float8_e5m2, "E2M1": torch.float4_e2m1fn_x2}


def _dtype(format, dtypes):
    if format not in dtypes:
        raise NotImplementedError(f"torchao scales to no format of the name {format!r}")
    return dtypes[format]


def _mx_scale(x, block, format, mode):
    scale, _ = to_mx(x.contiguous(), _dtype(format, _MX_DTYPES), block, mode)
    return get_fp_scale(scale.view(torch.uint8))


def float_scale(x, format):
    return quant_primitives._choose_scale_float8(x, x.shape, _dtype(format, _DTYPES)).reshape(())


def float_block_scale(x, block, format):
    block_size = (*[1] * (x.ndim - 1), block)
    return quant_primitives._choose_scale_float8(x, block_size, _dtype(format, _DTYPES))


def mx_scale(x, block, format):
    return _mx_scale(x, block, format, ScaleCalculationMode.FLOOR)


def mx_scale_up(x, block, format):
    return _mx_scale(x, block, format, ScaleCalculationMode.RCEIL)


def _of_as_many_axes(x, scale):
    return scale.reshape([1] * (x.ndim - scale.ndim) + list(scale.shape))


def quantize_float(x, scale, format):
    dtype = _dtype(format, _DTYPES)
    return quant_primitives._quantize_affine_float8(x, _of_as_many_axes(x, scale), dtype).view(torch.uint8).long()


def dequantize_float(codes, scale, format):
    numbers = codes.to(torch.uint8).view(_dtype(format, _DTYPES))
    return quant_primitives._dequantize_affine_float8(numbers, _of_as_many_axes(codes, scale))
