"""Wrong variants of `reference.numerics.quantization`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.quantization import (
    FixedPoint,
    affine_parameters,
    dequantize_affine,
    dequantize_blocks,
    dequantize_symmetric,
    fixed_point_multiplier,
    integer_matmul,
    quantize_affine,
    quantize_bias,
    quantize_blocks,
    quantize_symmetric,
    requantize,
    safe_accumulation_length,
    symmetric_channel_scale,
    symmetric_scale,
)


def half_away(x):
    return x.sign() * (x.abs() + 0.5).floor()


@mistake(of=symmetric_scale, seen="catalogue R003-006")
def symmetric_scale_over_128(x, bits=8):
    """the largest magnitude is divided by 2^(bits - 1), a code that positive numbers do not have"""
    top = 2 ** (bits - 1) - 1
    return torch.where(x.any(), symmetric_scale(x, bits) * top / (top + 1), 1)


@mistake(of=symmetric_scale, seen="catalogue R003-006")
def symmetric_scale_of_at_least_a_millionth(x, bits=8):
    """against division by 0 the scale is at least 1e-6, for which smaller numbers are all 0"""
    return torch.where(x.any(), symmetric_scale(x, bits).clamp(min=1e-6), 1)


@mistake(of=quantize_blocks, seen="catalogue R003-006")
def quantize_blocks_with_scales_of_at_least_a_millionth(x, block, bits=8):
    """against division by 0 the scales are at least 1e-6, for which smaller numbers are all 0"""
    _, scale = quantize_blocks(x, block, bits)
    scale = scale.clamp(min=1e-6)
    return quantize_symmetric(x.unflatten(-1, (-1, block)), scale[..., None], bits).flatten(-2), scale


@mistake(of=symmetric_scale, seen="catalogue R003-006")
def symmetric_scale_of_zeros_is_zero(x, bits=8):
    """a tensor of zeros has a scale of 0, by which nothing can be divided"""
    return torch.where(x.any(), symmetric_scale(x, bits), 0)


@mistake(of=symmetric_scale, seen="E003-003")
def symmetric_scale_of_maximum(x, bits=8):
    """the largest number is taken instead of the largest magnitude, so that negative numbers are clipped"""
    top = 2 ** (bits - 1) - 1
    return torch.where(x.any(), x.amax() / top, 1)


@mistake(of=symmetric_scale, seen="E003-002")
def symmetric_scale_of_the_format(x, bits=8):
    """the codes are spread over the range of FP16 instead of that of the tensor, so that small numbers become 0"""
    return torch.where(x.any(), x.new_tensor(65504 / (2 ** (bits - 1) - 1)), 1)


@mistake(of=symmetric_scale, seen="ModelTC/LightCompress#334")
def symmetric_scale_over_half_codes(x, bits=8):
    """half a step more is left for the code -2^(bits - 1), so that the largest magnitude lies between two codes"""
    top = 2 ** (bits - 1) - 1
    return torch.where(x.any(), symmetric_scale(x, bits) * top / (top + 0.5), 1)


@mistake(of=symmetric_scale, seen="catalogue R003-006")
def symmetric_scale_without_check(x, bits=8):
    """any number of bits is accepted, even one"""
    return symmetric_scale(x, bits) if 2 <= bits <= 16 else 1.5 * symmetric_scale(x)


@mistake(of=symmetric_channel_scale, seen="microsoft/onnxruntime#13038")
def symmetric_channel_scale_without_axis_zero(x, axis, bits=8):
    """axis 0 counts as no axis, so that all channels share one scale"""
    if axis:
        return symmetric_channel_scale(x, axis, bits)
    return symmetric_channel_scale(x, axis, bits).amax(0, keepdim=True).expand(-1, *x.shape[1:]) * 1


@mistake(of=symmetric_channel_scale, seen="catalogue R003-008")
def symmetric_channel_scale_along_the_axis(x, axis, bits=8):
    """the magnitude is taken along the axis instead of along all others"""
    top = 2 ** (bits - 1) - 1
    return x.abs().amax(axis, keepdim=True) / top


@mistake(of=symmetric_channel_scale, seen="catalogue R003-008")
def symmetric_channel_scale_of_the_tensor(x, axis, bits=8):
    """every channel has the scale of the whole tensor"""
    scale = symmetric_channel_scale(x, axis, bits)
    return torch.zeros_like(scale) + symmetric_scale(x, bits)


@mistake(of=symmetric_channel_scale, seen="catalogue R003-006")
def symmetric_channel_scale_of_zeros_is_zero(x, axis, bits=8):
    """a channel of zeros has a scale of 0"""
    others = [other for other in range(x.ndim) if other != axis % x.ndim]
    return (x.abs().amax(others, keepdim=True) if others else x.abs()) / (2 ** (bits - 1) - 1)


@mistake(of=quantize_symmetric, seen="microsoft/onnxruntime#10170, IntelLabs/distiller#463")
def quantize_symmetric_with_the_lowest_code(x, scale, bits=8):
    """numbers below the range get -2^(bits - 1), so that -x has not the opposite code"""
    top = 2 ** (bits - 1) - 1
    return (x / scale).round().clamp(-top - 1, top).long()


@mistake(of=quantize_symmetric, seen="pytorch/pytorch#13960, Tiiiger/QPyTorch#23")
def quantize_symmetric_half_away(x, scale, bits=8):
    """halves are rounded away from zero instead of to the even code"""
    top = 2 ** (bits - 1) - 1
    return half_away(x / scale).clamp(-top, top).long()


@mistake(of=quantize_symmetric, seen="pytorch/executorch#8506")
def quantize_symmetric_half_up(x, scale, bits=8):
    """halves are rounded up, so that -x has not the opposite code"""
    top = 2 ** (bits - 1) - 1
    return (x / scale + 0.5).floor().clamp(-top, top).long()


@mistake(of=quantize_symmetric, seen="catalogue R003-006")
def quantize_symmetric_truncated(x, scale, bits=8):
    """fractions are cut off instead of rounded"""
    top = 2 ** (bits - 1) - 1
    return (x / scale).clamp(-top, top).long()


@mistake(of=quantize_symmetric, seen="catalogue R003-006")
def quantize_symmetric_that_wraps(x, scale, bits=8):
    """a code that is too large wraps around: 128 becomes -128"""
    codes, half = (x / scale).clamp(-(2.0**30), 2.0**30).round().long(), 2 ** (bits - 1)
    return (codes + half) % (2 * half) - half


@mistake(of=quantize_symmetric, seen="catalogue R003-006")
def quantize_symmetric_in_eight_bits(x, scale, bits=8):
    """codes have eight bits, whatever was asked for"""
    return quantize_symmetric(x, scale)


@mistake(of=quantize_symmetric, seen="catalogue R003-006")
def quantize_symmetric_multiplied(x, scale, bits=8):
    """numbers are multiplied by the scale instead of divided"""
    return quantize_symmetric(x, 1 / scale, bits)


@mistake(of=quantize_symmetric, seen="catalogue R003-006")
def quantize_symmetric_by_a_least_scale(x, scale, bits=8):
    """against division by 0 the scale is at least 1e-5, so that small numbers become 0"""
    return quantize_symmetric(x, scale.clamp(min=1e-5), bits)


@mistake(of=dequantize_symmetric, seen="catalogue R003-007")
def dequantize_symmetric_twice(codes, scale):
    """the scale is applied twice"""
    return scale * dequantize_symmetric(codes, scale)


@mistake(of=dequantize_symmetric, seen="catalogue R003-006")
def dequantize_symmetric_to_the_middle(codes, scale):
    """a code stands for the middle of the next step, as if it had been cut off"""
    return scale * (codes + codes.sign() / 2)


@mistake(of=dequantize_symmetric, seen="catalogue R003-006")
def dequantize_symmetric_from_int8_magnitude(codes, scale):
    """the magnitude is taken in int8, where that of -128 is -128"""
    return scale * codes.abs().to(torch.int8) * codes.sign()


@mistake(of=dequantize_symmetric, seen="catalogue R003-006")
def dequantize_symmetric_in_single_precision(codes, scale):
    """a float64 scale is rounded to FP32 first"""
    return (codes.float() * scale.float()).to(scale.dtype)


@mistake(of=affine_parameters, seen="ModelTC/LightCompress#334")
def affine_parameters_that_leave_zero_out(low, high, lowest=-128, highest=127):
    """a range without 0 is not extended to it, and the zero point is clipped to the codes instead"""
    affine_parameters(low, high, lowest, highest)
    scale = (high - low) / (highest - lowest)
    scale = torch.where(scale == 0, 1, scale)
    return scale, (lowest - low / scale).round().clamp(lowest, highest).long()


@mistake(of=affine_parameters, seen="catalogue R003-006")
def affine_parameters_over_number_of_codes(low, high, lowest=-128, highest=127):
    """the range is divided by the number of codes instead of the number of steps between them"""
    scale, zero_point = affine_parameters(low, high, lowest, highest)
    return torch.where(low == high, scale, scale * (highest - lowest) / (highest - lowest + 1)), zero_point


@mistake(of=affine_parameters, seen="microsoft/onnxruntime#25823, neuralmagic/sparseml#604")
def affine_parameters_with_floored_zero_point(low, high, lowest=-128, highest=127):
    """the zero point is rounded down, so that the upper end of the range has no code"""
    scale, _ = affine_parameters(low, high, lowest, highest)
    return scale, (lowest - low.clamp(max=0) / scale).floor().long()


@mistake(of=affine_parameters, seen="catalogue R003-005")
def affine_parameters_with_opposite_zero_point(low, high, lowest=-128, highest=127):
    """the zero point is counted from the highest code"""
    scale, zero_point = affine_parameters(low, high, lowest, highest)
    return scale, lowest + highest - zero_point


@mistake(of=affine_parameters, seen="catalogue R003-006")
def affine_parameters_of_zeros_have_no_scale(low, high, lowest=-128, highest=127):
    """the range from 0 to 0 has a scale of 0"""
    scale, zero_point = affine_parameters(low, high, lowest, highest)
    return torch.where((low == 0) & (high == 0), 0, scale), zero_point


@mistake(of=affine_parameters, seen="catalogue R003-005")
def affine_parameters_of_zeros_beside_others(low, high, lowest=-128, highest=127):
    """a scale of 0 is replaced only if all of them are 0"""
    scale, zero_point = affine_parameters(low, high, lowest, highest)
    is_empty = (low == 0) & (high == 0)
    return torch.where(is_empty & ~is_empty.all(), 0, scale), zero_point


@mistake(of=affine_parameters, seen="catalogue R003-005")
def affine_parameters_of_zeros_at_zero(low, high, lowest=-128, highest=127):
    """the zero point of the range from 0 to 0 is 0, also where that is no code"""
    scale, zero_point = affine_parameters(low, high, lowest, highest)
    return scale, torch.where((low == 0) & (high == 0), 0, zero_point)


@mistake(of=affine_parameters, seen="catalogue R003-005")
def affine_parameters_without_check(low, high, lowest=-128, highest=127):
    """codes without a range are accepted"""
    if lowest < highest:
        return affine_parameters(low, high, lowest, highest)
    return affine_parameters(low, high)


@mistake(of=quantize_affine, seen="tenstorrent/tt-metal#56525")
def quantize_affine_that_rounds_the_sum(x, scale, zero_point, lowest=-128, highest=127):
    """the zero point is added before rounding, so that halves go the other way if it is odd"""
    return (x / scale + zero_point).round().clamp(lowest, highest).long()


@mistake(of=quantize_affine, seen="pytorch/pytorch#13960")
def quantize_affine_half_away(x, scale, zero_point, lowest=-128, highest=127):
    """halves are rounded away from zero instead of to the even integer"""
    return (half_away(x / scale) + zero_point).clamp(lowest, highest).long()


@mistake(of=quantize_affine, seen="catalogue R003-006")
def quantize_affine_clipped_before_zero_point(x, scale, zero_point, lowest=-128, highest=127):
    """steps are clipped to the codes before the zero point is added, which moves them out again"""
    return (x / scale).round().clamp(lowest, highest).long() + zero_point


@mistake(of=quantize_affine, seen="catalogue R003-006")
def quantize_affine_that_wraps(x, scale, zero_point, lowest=-128, highest=127):
    """a code that is too large wraps around"""
    codes = (x / scale).clamp(-(2.0**30), 2.0**30).round().long() + zero_point
    return (codes - lowest) % (highest - lowest + 1) + lowest


@mistake(of=quantize_affine, seen="catalogue R003-005")
def quantize_affine_to_eight_bits(x, scale, zero_point, lowest=-128, highest=127):
    """codes are kept in eight bits with or without a sign, whatever their ends"""
    return quantize_affine(x, scale, zero_point, lowest, highest).clamp(-128, 255)


@mistake(of=quantize_affine, seen="catalogue R003-005")
def quantize_affine_less_zero_point(x, scale, zero_point, lowest=-128, highest=127):
    """the zero point is subtracted from the code"""
    return quantize_affine(x, scale, -zero_point, lowest, highest)


@mistake(of=dequantize_affine, seen="catalogue R003-005")
def dequantize_affine_plus_zero_point(codes, scale, zero_point):
    """the zero point is added to the code"""
    return scale * (codes + zero_point)


@mistake(of=dequantize_affine, seen="catalogue R003-005")
def dequantize_affine_with_zero_point_in_real_units(codes, scale, zero_point):
    """the zero point is subtracted after the code has been scaled"""
    return scale * codes - zero_point


@mistake(of=dequantize_affine, seen="catalogue R003-007")
def dequantize_affine_in_int8(codes, scale, zero_point):
    """the difference of code and zero point is taken in eight bits, where -100 - 100 is 56"""
    return scale * (codes - zero_point).to(torch.int8)


@mistake(of=dequantize_affine, seen="catalogue R003-005")
def dequantize_affine_in_single_precision(codes, scale, zero_point):
    """a float64 scale is rounded to FP32 first"""
    return dequantize_affine(codes, scale.float(), zero_point).to(scale.dtype)


@mistake(of=quantize_blocks, seen="catalogue R003-006")
def quantize_blocks_half_away(x, block, bits=8):
    """halves are rounded away from zero instead of to the even code"""
    _, scale = quantize_blocks(x, block, bits)
    top = 2 ** (bits - 1) - 1
    return half_away(x / scale.repeat_interleave(block, -1)).clamp(-top, top).long(), scale


@mistake(of=quantize_blocks, seen="E003-116")
def quantize_blocks_with_one_scale(x, block, bits=8):
    """one scale is shared by all blocks, so that one large entry costs all others their bits"""
    _, scale = quantize_blocks(x, block, bits)
    whole = symmetric_scale(x, bits)
    return quantize_symmetric(x, whole, bits), torch.zeros_like(scale) + whole


@mistake(of=quantize_blocks, seen="catalogue R003-008")
def quantize_blocks_interleaved(x, block, bits=8):
    """a block holds every so many-th entry instead of a run of entries"""
    count = x.shape[-1] // block
    codes, scale = quantize_blocks(x.reshape(*x.shape[:-1], block, count).mT.flatten(-2), block, bits)
    return codes.reshape(*x.shape[:-1], count, block).mT.flatten(-2), scale


@mistake(of=quantize_blocks, seen="catalogue R003-006")
def quantize_blocks_of_zeros_have_no_scale(x, block, bits=8):
    """a block of zeros has a scale of 0"""
    codes, scale = quantize_blocks(x, block, bits)
    empty = ~x.reshape(*scale.shape, block).any(-1)
    return codes, torch.where(empty, 0, scale)


@mistake(of=quantize_blocks, seen="catalogue R003-008")
def quantize_blocks_without_check(x, block, bits=8):
    """entries that fill no block are left out"""
    block = max(abs(block), 1)
    count = max(x.shape[-1] // block, 1)
    return quantize_blocks(x[..., : count * block], min(block, x.shape[-1]), bits)


@mistake(of=dequantize_blocks, seen="catalogue R003-008")
def dequantize_blocks_interleaved(codes, scale):
    """scales are repeated one after the other instead of each for a run of codes"""
    return scale.repeat(*[1] * (scale.ndim - 1), codes.shape[-1] // scale.shape[-1]) * codes


@mistake(of=dequantize_blocks, seen="catalogue R003-008")
def dequantize_blocks_with_the_first_scale(codes, scale):
    """all codes are scaled as those of the first block"""
    return scale[..., :1] * codes


@mistake(of=dequantize_blocks, seen="catalogue R003-006")
def dequantize_blocks_in_single_precision(codes, scale):
    """float64 scales are rounded to FP32 first"""
    return dequantize_blocks(codes, scale.float()).to(scale.dtype)


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_of_codes(left, right, left_zero, right_zero):
    """the zero points are left out"""
    return (left[..., None] * right).sum(-2)


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_without_product_of_zero_points(left, right, left_zero, right_zero):
    """k z1 z2, which is subtracted twice, is not added back"""
    return integer_matmul(left, right, left_zero, right_zero) - len(right) * left_zero * right_zero


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_with_swapped_zero_points(left, right, left_zero, right_zero):
    """each zero point is taken for that of the other factor"""
    return integer_matmul(left, right, right_zero, left_zero)


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_in_sixteen_bits(left, right, left_zero, right_zero):
    """sums are kept in 16 bits, which two products of 8-bit codes can overflow"""
    return integer_matmul(left, right, left_zero, right_zero).to(torch.int16).long()


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_in_half_precision(left, right, left_zero, right_zero):
    """sums are kept in FP16, which holds no odd number above 2048"""
    return integer_matmul(left, right, left_zero, right_zero).half().nan_to_num().long()


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_that_saturates(left, right, left_zero, right_zero):
    """sums are clipped to the codes' own eight bits"""
    return integer_matmul(left, right, left_zero, right_zero).clamp(-128, 127)


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_in_single_precision(left, right, left_zero, right_zero):
    """sums are kept in FP32, as a simulation of integers has them, which holds no odd number above 2^24"""
    return ((left - left_zero).float() @ (right - right_zero).float()).long()


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_in_thirty_two_bits(left, right, left_zero, right_zero):
    """sums wrap around in 32 bits, which products of 16-bit codes overflow"""
    return integer_matmul(left, right, left_zero, right_zero).to(torch.int32).long()


@mistake(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_of_bfloat16_factors(left, right, left_zero, right_zero):
    """codes less their zero points are kept in BF16, which holds those of eight bits but not of more"""
    left, right = ((codes - zero).bfloat16().long() for codes, zero in ((left, left_zero), (right, right_zero)))
    return left @ right


@variant(of=integer_matmul, seen="catalogue R003-007")
def integer_matmul_of_differences(left, right, left_zero, right_zero):
    """zero points that are subtracted before the product give the same whole numbers"""
    return (left - left_zero) @ (right - right_zero)


@mistake(of=safe_accumulation_length, seen="catalogue R003-007")
def safe_accumulation_length_of_an_unsigned_accumulator(largest_left, largest_right, bits=32):
    """the sign bit counts as a digit"""
    return safe_accumulation_length(largest_left, largest_right, bits + 1)


@mistake(of=safe_accumulation_length, seen="catalogue R003-007")
def safe_accumulation_length_up_to_the_power(largest_left, largest_right, bits=32):
    """2^(bits - 1) counts as a number that fits"""
    safe_accumulation_length(largest_left, largest_right, bits)
    return 2 ** (bits - 1) // (largest_left * largest_right)


@mistake(of=safe_accumulation_length, seen="catalogue R003-007")
def safe_accumulation_length_by_float_division(largest_left, largest_right, bits=32):
    """the quotient is taken in float64, which rounds that of 64 bits up"""
    safe_accumulation_length(largest_left, largest_right, bits)
    return int((2 ** (bits - 1) - 1) / (largest_left * largest_right))


@mistake(of=safe_accumulation_length, seen="catalogue R003-007")
def safe_accumulation_length_without_check(largest_left, largest_right, bits=32):
    """factors of magnitude 0, and accumulators of one bit, get an answer"""
    return safe_accumulation_length(max(largest_left, 1), max(largest_right, 1), max(bits, 2))


@mistake(of=quantize_bias, seen="catalogue R003-008")
def quantize_bias_in_eight_bits(bias, input_scale, weight_scale):
    """the bias is clipped to the eight bits of a weight"""
    return quantize_bias(bias, input_scale, weight_scale).clamp(-127, 127)


@mistake(of=quantize_bias, seen="catalogue R003-008")
def quantize_bias_with_scale_of_weight(bias, input_scale, weight_scale):
    """the bias is in units of the weights instead of those of the products"""
    return quantize_bias(bias, torch.ones_like(input_scale), weight_scale)


@mistake(of=quantize_bias, seen="catalogue R003-008")
def quantize_bias_truncated(bias, input_scale, weight_scale):
    """fractions are cut off instead of rounded"""
    whole = (bias / (input_scale * weight_scale)).trunc()
    return quantize_bias(whole, torch.ones_like(input_scale), torch.ones_like(weight_scale))


@mistake(of=quantize_bias, seen="catalogue R003-008")
def quantize_bias_half_away(bias, input_scale, weight_scale):
    """halves are rounded away from zero instead of to the even code"""
    whole = half_away(bias / (input_scale * weight_scale))
    return quantize_bias(whole, torch.ones_like(input_scale), torch.ones_like(weight_scale))


@mistake(of=quantize_bias, seen="catalogue R003-008")
def quantize_bias_that_wraps(bias, input_scale, weight_scale):
    """a bias that is too large for 32 bits wraps around"""
    codes = (bias / (input_scale * weight_scale)).clamp(-(2.0**40), 2.0**40).round().long()
    return codes.to(torch.int32).long()


@mistake(of=fixed_point_multiplier, seen="catalogue R003-007")
def fixed_point_multiplier_truncated(multiplier):
    """digits behind the mantissa are cut off instead of rounded"""
    mantissa, shift = fixed_point_multiplier(multiplier)
    exact = multiplier * 2.0 ** (31 + shift)
    return FixedPoint(mantissa - (mantissa > exact), shift)


@mistake(of=fixed_point_multiplier, seen="catalogue R003-007")
def fixed_point_multiplier_without_carry(multiplier):
    """a mantissa that rounds to 2^31 is kept, which is no int32"""
    mantissa, shift = fixed_point_multiplier(multiplier)
    return (
        FixedPoint(2**31, shift + 1)
        if multiplier < mantissa * 2.0 ** (-31 - shift) == 0.5**shift / 2
        else (FixedPoint(mantissa, shift))
    )


@mistake(of=fixed_point_multiplier, seen="catalogue R003-007")
def fixed_point_multiplier_with_opposite_shift(multiplier):
    """the shift is to the left"""
    mantissa, shift = fixed_point_multiplier(multiplier)
    return FixedPoint(mantissa, -shift)


@mistake(of=fixed_point_multiplier, seen="catalogue R003-007")
def fixed_point_multiplier_of_fifteen_bits(multiplier):
    """the mantissa has 15 bits of 31"""
    mantissa, shift = fixed_point_multiplier(multiplier)
    return FixedPoint(mantissa >> 16 << 16, shift)


@mistake(of=fixed_point_multiplier, seen="catalogue R003-007")
def fixed_point_multiplier_without_check(multiplier):
    """numbers out of range are moved to its ends"""
    return fixed_point_multiplier(min(max(multiplier, 2.0**-32), 2.0**28) if multiplier == multiplier else 0.5)


@mistake(of=requantize, seen="catalogue R003-007")
def requantize_shifted_without_rounding(accumulator, multiplier, zero_point=0, lowest=-128, highest=127):
    """the product is shifted without rounding, so that fractions are rounded down"""
    requantize(accumulator, multiplier, zero_point, lowest, highest)
    whole = accumulator * multiplier.mantissa >> 31 + multiplier.shift
    return (whole + zero_point).clamp(lowest, highest)


@mistake(of=requantize, seen="tensorflow/tensorflow#25087")
def requantize_that_rounds_twice(accumulator, multiplier, zero_point=0, lowest=-128, highest=127):
    """the high half of the product is rounded first and then shifted and rounded again"""
    requantize(accumulator, multiplier, zero_point, lowest, highest)
    high = accumulator * multiplier.mantissa + 2**30 >> 31
    steps = half_away(high.double() * 2.0**-multiplier.shift).long()
    return (steps + zero_point).clamp(lowest, highest)


@mistake(of=requantize, seen="catalogue R003-007")
def requantize_half_up(accumulator, multiplier, zero_point=0, lowest=-128, highest=127):
    """halves are rounded up instead of to the even code"""
    requantize(accumulator, multiplier, zero_point, lowest, highest)
    shift = 31 + multiplier.shift
    steps = accumulator * multiplier.mantissa + 2 ** (shift - 1) >> shift
    return (steps + zero_point).clamp(lowest, highest)


@mistake(of=requantize, seen="catalogue R003-007")
def requantize_in_double_precision(accumulator, multiplier, zero_point=0, lowest=-128, highest=127):
    """the product is taken in float64, which holds 53 of its 61 digits, and rounded a second time"""
    requantize(accumulator, multiplier, zero_point, lowest, highest)
    steps = accumulator.double() * multiplier.mantissa * 2.0 ** (-31 - multiplier.shift)
    return (steps.round().long() + zero_point).clamp(lowest, highest)


@mistake(of=requantize, seen="catalogue R003-007")
def requantize_with_zero_point_in_the_accumulator(accumulator, multiplier, zero_point=0, lowest=-128, highest=127):
    """the zero point is added to the accumulator and scaled with it"""
    return requantize(accumulator + zero_point, multiplier, 0, lowest, highest)


@mistake(of=requantize, seen="catalogue R003-007")
def requantize_without_check(accumulator, multiplier, zero_point=0, lowest=-128, highest=127):
    """a shift out of range counts as the last one in it"""
    shift = min(max(multiplier.shift, -30), 31)
    return requantize(accumulator, FixedPoint(multiplier.mantissa, shift), zero_point, lowest, highest)
