"""Wrong variants of `reference.numerics.scaled_formats`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.formats import decode_float, encode_float, largest_finite
from reference.numerics.rounding import round_towards_zero, saturate
from reference.numerics.scaled_formats import (
    dequantize_float,
    float_block_scale,
    float_scale,
    mx_scale,
    mx_scale_up,
    quantize_float,
    scaled_matmul,
)


def magnitudes(x, block):
    return x.abs().unflatten(-1, (-1, block)).amax(-1)


@mistake(of=float_scale, seen="NVIDIA/TransformerEngine#786")
def float_scale_inverted(x, format):
    """the factor to multiply with before the cast is returned instead of the one to multiply with after it"""
    return 1 / float_scale(x, format)


@mistake(of=float_scale, seen="E003-003")
def float_scale_of_maximum(x, format):
    """the largest number is taken instead of the largest magnitude, so that negative numbers saturate"""
    return torch.where(x.any(), x.amax() / largest_finite(format), 1)


@mistake(of=float_scale, seen="pytorch/ao#4713")
def float_scale_of_zeros_is_zero(x, format):
    """a tensor of zeros has a scale of 0, by which nothing can be divided"""
    return x.abs().amax() / largest_finite(format)


@mistake(of=float_scale, seen="huggingface/kernels-community#680")
def float_scale_of_at_least_a_trillionth(x, format):
    """against division by 0 the scale is at least 1e-12, for which smaller numbers are all 0"""
    return torch.where(x.any(), float_scale(x, format).clamp(min=1e-12), 1)


@mistake(of=float_scale, seen="catalogue R003-003")
def float_scale_to_240(x, format):
    """the top binade of E4M3 is left out, as if it held infinity and NaN alone"""
    return float_scale(x, format) * (448 / 240 if format == "E4M3" else 1)


@mistake(of=float_scale, seen="catalogue R003-004")
def float_scale_of_e4m3(x, format):
    """every format is scaled to the largest number of E4M3"""
    return float_scale(x, "E4M3")


@mistake(of=float_scale, seen="pytorch/ao#4725")
def float_scale_of_bfloat16(x, format):
    """the largest magnitude is rounded to BF16 first, and may saturate by that"""
    return float_scale(x.bfloat16().to(x.dtype), format)


@mistake(of=float_block_scale, seen="pytorch/ao#4713")
def float_block_scale_of_zeros_is_zero(x, block, format):
    """a block of zeros has a scale of 0, by which nothing can be divided"""
    return magnitudes(x, block) / largest_finite(format)


@mistake(of=float_block_scale, seen="E003-116")
def float_block_scale_of_the_row(x, block, format):
    """all blocks of a row have the scale of the largest of them, which costs the others their bits"""
    scale = float_block_scale(x, block, format)
    return scale.amax(-1, keepdim=True).expand(scale.shape).clone()


@mistake(of=float_block_scale, seen="huggingface/kernels-community#680")
def float_block_scale_of_at_least_a_trillionth(x, block, format):
    """against division by 0 the scales are at least 1e-12, for which smaller numbers are all 0"""
    return torch.where(magnitudes(x, block) > 0, float_block_scale(x, block, format).clamp(min=1e-12), 1)


@mistake(of=float_block_scale, seen="vllm-project/tpu-inference#2405")
def float_block_scale_of_interleaved_blocks(x, block, format):
    """a block takes every other entry instead of a run"""
    return float_block_scale(x.unflatten(-1, (block, -1)).mT.flatten(-2), block, format)


@mistake(of=float_block_scale, seen="catalogue R003-003")
def float_block_scale_of_squares(x, block, format):
    """a block is a square, as that of a weight, where the rows fill such blocks"""
    scale = float_block_scale(x, block, format)
    if x.ndim < 2 or x.shape[-2] % block:
        return scale
    return scale.unflatten(-2, (-1, block)).amax(-2).repeat_interleave(block, -2)


@mistake(of=float_block_scale, seen="pytorch/ao#2035")
def float_block_scale_rounded_to_a_power_of_two(x, block, format):
    """the scale is the next power of two above, as E8M0 needs it"""
    return torch.exp2(float_block_scale(x, block, format).log2().ceil())


@mistake(of=float_block_scale, seen="catalogue R003-006")
def float_block_scale_without_check(x, block, format):
    """what is left over behind the last whole block is ignored"""
    block = max(1, block)
    return float_block_scale(x[..., : x.shape[-1] // block * block], block, format)


@mistake(of=mx_scale, seen="pytorch/ao#516")
def mx_scale_from_the_ceiling(x, block, format):
    """the logarithm is rounded up, so that most blocks lose a bit of their range"""
    _, top = torch.frexp(torch.tensor(largest_finite(format)))
    return torch.exp2((magnitudes(x, block).log2().ceil() - top + 1).clamp(min=-127))


@mistake(of=mx_scale, seen="ml-explore/mlx#4353")
def mx_scale_to_nearest(x, block, format):
    """max |x| / largest is rounded to the nearest power of two"""
    return torch.exp2((magnitudes(x, block) / largest_finite(format)).log2().round().clamp(min=-127))


@mistake(of=mx_scale, seen="pytorch/ao#2035")
def mx_scale_rounded_up(x, block, format):
    """the scale of the specification is twice as large where the largest number would saturate"""
    return mx_scale_up(x, block, format)


@mistake(of=mx_scale, seen="vllm-project/compressed-tensors#630")
def mx_scale_rounded_towards_one(x, block, format):
    """the exponent is cut off towards 0, which is up where it is negative"""
    _, top = torch.frexp(torch.tensor(largest_finite(format)))
    return torch.exp2((magnitudes(x, block).log2() - top + 1).trunc().clamp(min=-127))


@mistake(of=mx_scale, seen="pytorch/ao#4725")
def mx_scale_of_bfloat16(x, block, format):
    """the largest magnitude is rounded to BF16 first, which takes it over the next power of two"""
    return mx_scale(magnitudes(x, block).bfloat16().to(x.dtype), 1, format)


@mistake(of=mx_scale, seen="pytorch/ao#4725")
def mx_scale_by_a_rounded_logarithm(x, block, format):
    """the logarithm is computed in FP32, where that of a number just below a power of two is a whole number"""
    _, top = torch.frexp(torch.tensor(largest_finite(format)))
    exponent = magnitudes(x, block).float().log2().floor() - top + 1
    return torch.exp2(exponent.clamp(min=-127)).to(x.dtype)


@mistake(of=mx_scale, seen="pytorch/ao#4725")
def mx_scale_of_single_precision(x, block, format):
    """float64 is rounded to FP32 first, which takes numbers over the next power of two"""
    return mx_scale(x.float(), block, format).to(x.dtype)


@mistake(of=mx_scale, seen="catalogue R003-003")
def mx_scale_without_range_of_format(x, block, format):
    """the largest magnitude goes to the binade of 1, so that the exponents of the format are of no use"""
    return torch.exp2(torch.frexp(magnitudes(x, block)).exponent.to(x.dtype) - 1).clamp(min=2.0**-127)


@mistake(of=mx_scale, seen="catalogue R003-006")
def mx_scale_of_zeros_is_one(x, block, format):
    """a block of zeros has scale 1"""
    return torch.where(magnitudes(x, block) == 0, 1, mx_scale(x, block, format))


@mistake(of=mx_scale, seen="NVIDIA/TransformerEngine#3262")
def mx_scale_of_at_least_the_smallest_normal(x, block, format):
    """the least scale is the smallest normal FP32 number, 2^-126, and not that of E8M0"""
    return mx_scale(x, block, format).clamp(min=2.0**-126)


@mistake(of=mx_scale, seen="leanprover/TensorLib#99")
def mx_scale_below_e8m0(x, block, format):
    """the exponent is not kept within E8M0"""
    _, top = torch.frexp(torch.tensor(largest_finite(format)))
    return torch.exp2((torch.frexp(magnitudes(x, block)).exponent - top).to(x.dtype))


@mistake(of=mx_scale, seen="catalogue R003-006")
def mx_scale_without_check(x, block, format):
    """what is left over behind the last whole block is ignored"""
    block = max(1, block)
    return mx_scale(x[..., : x.shape[-1] // block * block], block, format)


@variant(of=mx_scale, seen="pytorch/ao#516")
def mx_scale_from_bits(x, block, format):
    """the exponent is read from the bits of the largest magnitude"""
    _, top = torch.frexp(torch.tensor(largest_finite(format)))
    exponent = (magnitudes(x, block).double().view(torch.int64) >> 52) - 1023 - (top - 1)
    return torch.exp2(exponent.clamp(min=-127).to(x.dtype))


@mistake(of=mx_scale_up, seen="catalogue R003-006")
def mx_scale_up_without_check(x, block, format):
    """what is left over behind the last whole block is ignored"""
    block = max(1, block)
    return mx_scale_up(x[..., : x.shape[-1] // block * block], block, format)


@mistake(of=mx_scale_up, seen="pytorch/ao#436")
def mx_scale_up_rounded_down(x, block, format):
    """the scale of the specification saturates whatever is above the largest number of its binade"""
    return mx_scale(x, block, format)


@mistake(of=mx_scale_up, seen="ml-explore/mlx#4353")
def mx_scale_up_to_nearest(x, block, format):
    """max |x| / largest is rounded to the nearest power of two, which saturates every other block"""
    return torch.exp2((magnitudes(x, block) / largest_finite(format)).log2().round().clamp(min=-127))


@mistake(of=mx_scale_up, seen="pytorch/ao#2035")
def mx_scale_up_of_powers_of_two(x, block, format):
    """the logarithms of both are rounded before they are subtracted, so that the top binade of the format is wasted"""
    _, top = torch.frexp(torch.tensor(largest_finite(format)))
    return torch.exp2((magnitudes(x, block).log2().ceil() - top + 1).clamp(min=-127))


@mistake(of=mx_scale_up, seen="pytorch/ao#4725")
def mx_scale_up_by_a_rounded_logarithm(x, block, format):
    """the logarithm is computed in FP32, where that of a number just above a power of two is a whole number"""
    exponent = (magnitudes(x, block) / largest_finite(format)).float().log2().ceil()
    return torch.exp2(exponent.clamp(min=-127)).to(x.dtype)


@mistake(of=mx_scale_up, seen="pytorch/ao#4725")
def mx_scale_up_of_single_precision(x, block, format):
    """float64 is rounded to FP32 first, so that numbers just above the largest one saturate"""
    return mx_scale_up(x.float(), block, format).to(x.dtype)


@mistake(of=mx_scale_up, seen="NVIDIA/TransformerEngine#3262")
def mx_scale_up_of_at_least_the_smallest_normal(x, block, format):
    """the least scale is the smallest normal FP32 number, 2^-126, and not that of E8M0"""
    return mx_scale_up(x, block, format).clamp(min=2.0**-126)


@mistake(of=quantize_float, seen="pytorch/ao#436")
def quantize_float_without_saturation(x, scale, format):
    """what is beyond the largest number overflows, to infinity or NaN"""
    return encode_float(x / scale, format)


@mistake(of=quantize_float, seen="catalogue R003-003")
def quantize_float_saturating_before_the_scale(x, scale, format):
    """the tensor is clipped to the range of the format before it is scaled"""
    return encode_float(saturate(x, format) / scale, format)


@mistake(of=quantize_float, seen="NVIDIA/TransformerEngine#786")
def quantize_float_times_scale(x, scale, format):
    """the tensor is multiplied by the scale instead of divided"""
    return quantize_float(x, 1 / scale, format)


@mistake(of=quantize_float, seen="catalogue R003-003")
def quantize_float_cut_off(x, scale, format):
    """the bits that the format does not have are cut off instead of rounded"""
    return encode_float(round_towards_zero(saturate(x / scale, format), format), format)


@mistake(of=quantize_float, seen="NVIDIA/Model-Optimizer#1397")
def quantize_float_of_nan_is_the_largest(x, scale, format):
    """NaN is taken for something that is too large"""
    return quantize_float(x.nan_to_num(nan=torch.inf), scale, format)


@mistake(of=quantize_float, seen="jax-ml/ml_dtypes#260")
def quantize_float_that_only_saturates_infinities(x, scale, format):
    """infinities saturate, but finite numbers overflow"""
    ratio = x / scale
    return encode_float(torch.where(ratio.isinf(), saturate(ratio, format), ratio), format)


@mistake(of=quantize_float, seen="catalogue R003-003")
def quantize_float_without_negative_zero(x, scale, format):
    """the sign of what rounds to 0 is lost"""
    codes = quantize_float(x, scale, format)
    return torch.where(decode_float(codes, format) == 0, 0, codes)


@mistake(of=quantize_float, seen="NVIDIA/TransformerEngine#2408")
def quantize_float_with_least_scale_taken_for_one(x, scale, format):
    """the least scale of E8M0, the code 0, is taken for that of zeros alone, and the tensor is not divided by it"""
    return quantize_float(x, torch.where(scale == 2.0**-127, 1, scale), format)


@variant(of=quantize_float, seen="NVIDIA/TransformerEngine#786")
def quantize_float_times_reciprocal(x, scale, format):
    """the tensor is multiplied by a rounded 1 / s"""
    return encode_float(saturate(x * (1 / scale), format), format)


@mistake(of=dequantize_float, seen="NVIDIA/TransformerEngine#786")
def dequantize_float_over_scale(codes, scale, format):
    """the numbers are divided by the scale instead of multiplied"""
    return decode_float(codes, format).to(scale.dtype) / scale


@mistake(of=dequantize_float, seen="quic/efficient-transformers#349")
def dequantize_float_without_scale(codes, scale, format):
    """the numbers are those of the codes, the scale is left out"""
    return torch.ones_like(scale) * decode_float(codes, format).to(scale.dtype)


@mistake(of=dequantize_float, seen="sgl-project/sglang#39193")
def dequantize_float_by_power_of_two(codes, scale, format):
    """the scale is taken for a power of two, as in E8M0, and the rest of its bits cut off"""
    return dequantize_float(codes, torch.exp2(torch.frexp(scale).exponent.to(scale.dtype) - 1), format)


@mistake(of=dequantize_float, seen="catalogue R003-004")
def dequantize_float_of_e4m3(codes, scale, format):
    """every code is taken for one of E4M3"""
    return dequantize_float(codes, scale, "E4M3")


@mistake(of=dequantize_float, seen="catalogue R003-004")
def dequantize_float_in_half_precision(codes, scale, format):
    """numbers are kept in FP16 before they are scaled, which does not hold those of formats with 8 exponent bits"""
    dequantize_float(codes, scale, format)
    return scale * decode_float(codes, format).half().to(scale.dtype)


@mistake(of=dequantize_float, seen="catalogue R003-003")
def dequantize_float_in_wide_precision(codes, scale, format):
    """the numbers of a float32 scale are returned in float64"""
    return dequantize_float(codes, scale.double(), format)


@mistake(of=dequantize_float, seen="catalogue R003-003")
def dequantize_float_of_any_format(codes, scale, format):
    """codes of FP32 are read as if they had 16 bits"""
    return dequantize_float(codes, scale, "BF16" if format == "FP32" else format)


@mistake(of=dequantize_float, seen="NVIDIA/TransformerEngine#3262")
def dequantize_float_flushing_scales(codes, scale, format):
    """a scale below the smallest normal FP32 number, as the least of E8M0, is taken for 0"""
    return dequantize_float(codes, torch.where(scale < 2.0**-126, 0, scale), format)


@mistake(of=scaled_matmul, seen="torch-spyre/torch-spyre#4305")
def scaled_matmul_without_scales(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """the numbers are those of the codes, the scales are left out"""
    ones = torch.ones_like(left_scale), torch.ones_like(right_scale)
    return scaled_matmul(left, right, *ones, left_format, right_format)


@mistake(of=scaled_matmul, seen="pytorch/pytorch#190449")
def scaled_matmul_with_one_scale(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """only the left scale is applied"""
    return scaled_matmul(left, right, left_scale, torch.ones_like(right_scale), left_format, right_format)


@mistake(of=scaled_matmul, seen="NVIDIA/TransformerEngine#786")
def scaled_matmul_over_scales(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """the product is divided by the scales instead of multiplied"""
    return scaled_matmul(left, right, 1 / left_scale, 1 / right_scale, left_format, right_format)


@mistake(of=scaled_matmul, seen="sgl-project/sglang#39193")
def scaled_matmul_by_powers_of_two(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """the scales are taken for powers of two, as in E8M0, and the rest of their bits cut off"""
    left_scale, right_scale = (
        torch.exp2(torch.frexp(scale).exponent.to(scale.dtype) - 1) for scale in (left_scale, right_scale)
    )
    return scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)


@mistake(of=scaled_matmul, seen="vllm-project/tpu-inference#2405")
def scaled_matmul_with_tiled_scales(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """the scales are repeated as a whole instead of each for its block"""
    inner = len(right)
    scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)
    scales = left_scale.repeat(1, inner // left_scale.shape[1]), right_scale.repeat(inner // len(right_scale), 1)
    return scaled_matmul(left, right, *scales, left_format, right_format)


@mistake(of=scaled_matmul, seen="E003-116")
def scaled_matmul_with_scales_of_the_first_block(
    left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"
):
    """the product of all codes is taken first, and times the scales of the first block at the end"""
    scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)
    return scaled_matmul(left, right, left_scale[:, :1], right_scale[:1], left_format, right_format)


@mistake(of=scaled_matmul, seen="catalogue R003-004")
def scaled_matmul_of_one_format(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """both factors are taken for codes of the left format"""
    return scaled_matmul(left, right, left_scale, right_scale, left_format, left_format)


@mistake(of=scaled_matmul, seen="catalogue R003-004")
def scaled_matmul_of_gradients(left, right, left_scale, right_scale, left_format="E5M2", right_format="E4M3"):
    """if nothing is said the left factor is in E5M2"""
    return scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)


@mistake(of=scaled_matmul, seen="deepseek-ai/DeepGEMM#37")
def scaled_matmul_in_half_precision(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """sums are kept with a few bits, as tensor cores do that do not promote them"""
    product = scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)
    fraction, exponent = torch.frexp(product)
    return torch.ldexp((fraction * 2**14).round() / 2**14, exponent)


@mistake(of=scaled_matmul, seen="NVIDIA/TensorRT-Model-Connect#1115")
def scaled_matmul_with_blocks_of_a_guessed_size(
    left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"
):
    """blocks that do not fill the inner axis are taken for the last of equal size, cut short"""
    inner = len(right)
    left_scale = left_scale.repeat_interleave(-(-inner // left_scale.shape[1]), 1)[:, :inner]
    right_scale = right_scale.repeat_interleave(-(-inner // len(right_scale)), 0)[:inner]
    return scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)


@mistake(of=scaled_matmul, seen="catalogue R003-003")
def scaled_matmul_that_hides_nan(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """terms that are NaN are left out"""
    scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)
    left = torch.where(decode_float(left, left_format).isnan(), 0, left)
    right = torch.where(decode_float(right, right_format).isnan(), 0, right)
    return scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)


@mistake(of=scaled_matmul, seen="catalogue R003-003")
def scaled_matmul_in_wide_precision(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """the sums of float32 scales are returned in float64"""
    return scaled_matmul(left, right, left_scale.double(), right_scale.double(), left_format, right_format)


@mistake(of=scaled_matmul, seen="catalogue R003-003")
def scaled_matmul_of_any_format(left, right, left_scale, right_scale, left_format="E4M3", right_format="E4M3"):
    """codes of FP32 are read as if they had 16 bits"""
    left_format, right_format = ("BF16" if name == "FP32" else name for name in (left_format, right_format))
    return scaled_matmul(left, right, left_scale, right_scale, left_format, right_format)
