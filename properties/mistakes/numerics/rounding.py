"""Wrong variants of `reference.numerics.rounding`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.formats import largest_finite, spacing
from reference.numerics.rounding import (
    bfloat16_bits,
    round_nearest_away,
    round_nearest_even,
    round_stochastic,
    round_towards_negative,
    round_towards_positive,
    round_towards_zero,
    saturate,
)


@mistake(of=round_nearest_even, seen="pytorch/executorch#8506")
def round_nearest_even_with_ties_away(x, format):
    """halfway numbers go away from 0 instead of to the even code"""
    return round_nearest_away(x, format)


@mistake(of=round_nearest_even, seen="E001-3")
def round_nearest_even_with_ties_up(x, format):
    """halves are added and the rest is dropped, so that halfway numbers go up"""
    step = spacing(x, format)
    return round_nearest_even((x / step + 0.5).floor() * step, format)


@mistake(of=round_nearest_even, seen="stillwater-sc/universal#1133")
def round_nearest_even_by_truncation(x, format):
    """the low bits are dropped"""
    return round_towards_zero(x, format)


@mistake(of=round_nearest_even, seen="catalogue R003-001")
def round_nearest_even_that_saturates(x, format):
    """what is too large becomes the largest number where it should overflow"""
    return round_nearest_even(saturate(x, format), format)


@mistake(of=round_nearest_even, seen="catalogue R003-003")
def round_nearest_even_with_infinity_everywhere(x, format):
    """formats without infinity overflow to infinity"""
    rounded = round_nearest_even(x, format)
    return torch.where(rounded.isnan() & ~x.isnan(), torch.inf * x.sign(), rounded)


@mistake(of=round_nearest_even, seen="catalogue R003-004")
def round_nearest_even_by_way_of_fp16(x, format):
    """numbers are rounded to FP16 first, and then a second time"""
    return round_nearest_even(round_nearest_even(x, "FP16"), format)


@mistake(of=round_nearest_even, seen="catalogue R003-004")
def round_nearest_even_by_way_of_fp32(x, format):
    """float64 is rounded to FP32 first, and then a second time"""
    return round_nearest_even(x.float().to(x.dtype), format)


@mistake(of=round_nearest_even, seen="catalogue R003-001")
def round_nearest_even_in_wide_precision(x, format):
    """float32 numbers are returned in float64"""
    return round_nearest_even(x.double(), format)


@mistake(of=round_nearest_away, seen="catalogue R003-002")
def round_nearest_away_with_ties_to_even(x, format):
    """halfway numbers go to the even code"""
    return round_nearest_even(x, format)


@mistake(of=round_nearest_away, seen="catalogue R003-002")
def round_nearest_away_by_truncation(x, format):
    """the low bits are dropped"""
    return round_towards_zero(x, format)


@mistake(of=round_nearest_away, seen="pytorch/executorch#21065")
def round_nearest_away_with_ties_up(x, format):
    """halfway numbers go up, towards 0 if they are negative"""
    step = spacing(x, format)
    count = x / step
    return round_nearest_even(torch.where(count % 1 == 0.5, count + 0.5, count.round()) * step, format)


@mistake(of=round_nearest_away, seen="pytorch/executorch#21065")
def round_nearest_away_by_adding_a_half(x, format):
    """a half is added before the rest is dropped, and the sum just below a half is rounded to 1"""
    step = spacing(x, format)
    return round_nearest_even(((x / step).abs() + 0.5).floor().copysign(x) * step, format)


@mistake(of=round_nearest_away, seen="catalogue R003-002")
def round_nearest_away_that_saturates(x, format):
    """numbers beyond the largest one become that one"""
    return round_nearest_away(torch.where(x.isinf(), x, saturate(x, format)), format)


@mistake(of=round_nearest_away, seen="catalogue R003-002")
def round_nearest_away_of_the_bits_of_nan(x, format):
    """half is added to the bits of TF32 operands and the rest cleared, which makes infinity or 0 of NaN"""
    if format != "TF32" or x.dtype != torch.float32:
        return round_nearest_away(x, format)
    return (x.view(torch.int32) + 2**12 & -(2**13)).view(torch.float32)


@mistake(of=round_towards_zero, seen="catalogue R003-002")
def round_towards_zero_to_nearest(x, format):
    """the nearest number is taken"""
    return round_nearest_even(x, format)


@mistake(of=round_towards_zero, seen="catalogue R003-002")
def round_towards_zero_downwards(x, format):
    """negative numbers are rounded away from 0, as by a shift of signed integers"""
    return round_towards_negative(x, format)


@mistake(of=round_towards_zero, seen="catalogue R003-001")
def round_towards_zero_with_overflow(x, format):
    """numbers beyond the largest one overflow, although that one is nearer to 0"""
    step = spacing(x, format)
    return round_nearest_even((x / step).trunc() * step, format)


@mistake(of=round_towards_zero, seen="catalogue R003-001")
def round_towards_zero_of_infinity(x, format):
    """infinity becomes the largest number"""
    return round_towards_zero(saturate(x, format), format)


@mistake(of=round_towards_zero, seen="catalogue R003-001")
def round_towards_zero_flushing_subnormals(x, format):
    """the spacing of small numbers is not that of the subnormal ones"""
    return torch.where(x.abs() < 4 * spacing(0 * x, format), 0 * x, round_towards_zero(x, format))


@mistake(of=round_towards_zero, seen="catalogue R003-002")
def round_towards_zero_by_a_mask(x, format):
    """the bits behind the mantissa are cleared, of which subnormal numbers have more, and what is left is rounded"""
    if x.dtype != torch.float32 or format in ("FP32", "E8M0"):
        return round_towards_zero(x, format)
    kept = x.view(torch.int32) & -int(2**23 * spacing(torch.ones_like(x[:1]), format).item())
    inside = torch.where(x.isnan() | x.isinf(), x, saturate(kept.view(torch.float32), format))
    return round_nearest_even(inside, format)


@mistake(of=round_towards_positive, seen="catalogue R003-001")
def round_towards_positive_away_from_zero(x, format):
    """negative numbers are rounded away from 0"""
    return torch.where(x < 0, round_towards_negative(x, format), round_towards_positive(x, format))


@mistake(of=round_towards_positive, seen="catalogue R003-001")
def round_towards_positive_by_adding_a_spacing(x, format):
    """a spacing is added to what is rounded towards 0, also to numbers of the format"""
    inner = round_towards_zero(x, format)
    return torch.where(x > 0, round_nearest_even(inner + spacing(inner, format), format), inner)


@mistake(of=round_towards_positive, seen="catalogue R003-001")
def round_towards_positive_with_negative_overflow(x, format):
    """large negative numbers overflow, although the most negative number of the format is above them"""
    below = round_nearest_even(torch.where(x < -largest_finite(format), 2 * x, x), format)
    return torch.where(x < -largest_finite(format), below, round_towards_positive(x, format))


@mistake(of=round_towards_positive, seen="catalogue R003-001")
def round_towards_positive_that_saturates(x, format):
    """numbers above the largest one become that one"""
    return round_towards_positive(torch.where(x.isinf(), x, saturate(x, format)), format)


@mistake(of=round_towards_negative, seen="catalogue R003-001")
def round_towards_negative_towards_zero(x, format):
    """negative numbers are rounded towards 0"""
    return round_towards_zero(x, format)


@mistake(of=round_towards_negative, seen="catalogue R003-003")
def round_towards_negative_by_reflection(x, format):
    """the sign is turned twice, which a format without one does not survive"""
    return -round_towards_positive(-x, format)


@mistake(of=round_towards_negative, seen="catalogue R003-001")
def round_towards_negative_with_positive_overflow(x, format):
    """numbers above the largest one overflow, although that one is below them"""
    step = spacing(x, format)
    return round_nearest_even((x / step).floor() * step, format)


@mistake(of=round_stochastic, seen="Nerogar/OneTrainer#994")
def round_stochastic_overwritten_by_nearest(x, bits, num_bits, format):
    """the nearest number is written over the random one, so that small updates are lost"""
    return round_nearest_even(x, format) if 1 <= num_bits <= 52 else round_stochastic(x, bits, num_bits, format)


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_biased_upwards(x, bits, num_bits, format):
    """the half is left out of the comparison, so that a few random bits round up too often"""
    count = x / spacing(x, format)
    up = bits < (count - count.trunc()).abs().double() * 2**num_bits
    return torch.where(up, _outer(x, format), round_towards_zero(x, format))


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_biased_downwards(x, bits, num_bits, format):
    """a multiple of 2^-num_bits is added and the rest dropped, so that a few random bits round up too seldom"""
    count = x / spacing(x, format)
    up = bits + 1 <= (count - count.trunc()).abs().double() * 2**num_bits
    return torch.where(up, _outer(x, format), round_towards_zero(x, format))


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_that_moves_numbers(x, bits, num_bits, format):
    """the random number lies in (0, 1], so that numbers of the format go up when all bits are ones"""
    up = (x / spacing(x, format)).abs().double() % 1 + (bits.double() + 1) / 2**num_bits >= 1
    return torch.where(up, _next(x, format), round_towards_zero(x, format))


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_of_a_coin(x, bits, num_bits, format):
    """both neighbours are equally likely however near they are"""
    up = bits < 2 ** (num_bits - 1)
    return torch.where(up, _outer(x, format), round_towards_zero(x, format))


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_towards_the_farther_number(x, bits, num_bits, format):
    """the probabilities of the two neighbours are exchanged"""
    count = x / spacing(x, format)
    up = bits.double() + 0.5 >= (count - count.trunc()).abs().double() * 2**num_bits
    return torch.where(up, _outer(x, format), round_towards_zero(x, format))


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_with_single_precision_bits(x, bits, num_bits, format):
    """random numbers of more than 24 bits are rounded before they are compared"""
    return round_stochastic(x, bits.float().long().clamp(max=2**num_bits - 1), num_bits, format)


@mistake(of=round_stochastic, seen="catalogue R003-001")
def round_stochastic_in_single_precision(x, bits, num_bits, format):
    """float64 is rounded to FP32 first, so that the part of a spacing has 24 digits"""
    return round_stochastic(x.float(), bits, num_bits, format).to(x.dtype)


@mistake(of=round_stochastic, seen="catalogue R003-001")
def round_stochastic_that_saturates(x, bits, num_bits, format):
    """numbers beyond the largest one become that one"""
    return round_stochastic(torch.where(x.isinf(), x, saturate(x, format)), bits, num_bits, format)


@mistake(of=round_stochastic, seen="catalogue R003-001")
def round_stochastic_below_the_largest_number(x, bits, num_bits, format):
    """a step beyond the largest number stays there, and larger ones overflow"""
    rounded = round_stochastic(x, bits, num_bits, format)
    last = largest_finite(format)
    near = x.abs() < last + spacing(torch.full_like(x, last), format)
    return torch.where(near & ~rounded.isfinite(), saturate(x, format), rounded)


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_with_eight_random_bits(x, bits, num_bits, format):
    """only the highest eight random bits are used"""
    unused = max(num_bits - 8, 0)
    return round_stochastic(x, (bits >> unused) << unused, num_bits, format)


@mistake(of=round_stochastic, seen="graphcore-research/gfloat#36")
def round_stochastic_without_check(x, bits, num_bits, format):
    """no random bits at all give the nearest number"""
    return round_stochastic(x, bits, min(max(num_bits, 1), 52), format)


@variant(of=round_stochastic, seen="Gupta et al. 2015, arXiv:1502.02551, section 3")
def round_stochastic_with_flipped_bits(x, bits, num_bits, format):
    """the largest random numbers round up instead of the smallest: just as often"""
    return round_stochastic(x, 2**num_bits - 1 - bits if num_bits > 0 else bits, num_bits, format)


@mistake(of=saturate, seen="catalogue R003-003")
def saturate_that_keeps_infinity(x, format):
    """infinity is left as it is"""
    return torch.where(x.isinf(), x, saturate(x, format))


@mistake(of=saturate, seen="catalogue R003-003")
def saturate_from_above_alone(x, format):
    """only large numbers are clipped, and not their negatives"""
    return x.clamp(max=largest_finite(format))


@mistake(of=saturate, seen="catalogue R003-003")
def saturate_nan(x, format):
    """NaN becomes the largest number"""
    return saturate(x, format).nan_to_num(nan=largest_finite(format))


@mistake(of=saturate, seen="catalogue R003-003")
def saturate_in_wide_precision(x, format):
    """float32 numbers are returned in float64"""
    return saturate(x.double(), format)


@mistake(of=saturate, seen="E003-002")
def saturate_at_swapped_digits(x, format):
    """FP16 is clipped at 66504, which is infinite there"""
    return x.clamp(-66504, 66504) if format == "FP16" else saturate(x, format)


@mistake(of=bfloat16_bits, seen="stillwater-sc/universal#1133")
def bfloat16_bits_cut_off(float32_bits):
    """the lower half is dropped, which is biased towards 0"""
    return float32_bits >> 16


@mistake(of=bfloat16_bits, seen="ucker/why-low-precision-training-fails#1")
def bfloat16_bits_by_the_first_bit_dropped(float32_bits):
    """a first dropped bit of 1 always rounds up, also at a tie with an even upper half"""
    upper = float32_bits >> 16
    return torch.where(float32_bits % 2**31 > 0x7F800000, upper | 0x40, (float32_bits + 0x8000) >> 16)


@mistake(of=bfloat16_bits, seen="catalogue R003-001")
def bfloat16_bits_with_ties_down(float32_bits):
    """ties go towards 0 although the upper half is odd"""
    upper = float32_bits >> 16
    return torch.where(float32_bits % 2**31 > 0x7F800000, upper | 0x40, (float32_bits + 0x7FFF) >> 16)


@mistake(of=bfloat16_bits, seen="dotnet/runtime#130583")
def bfloat16_bits_without_guard_of_nan(float32_bits):
    """NaN takes part in the carry, so that a low payload is lost to infinity and a high one to -0"""
    return ((float32_bits + 0x7FFF + (float32_bits >> 16) % 2) >> 16) % 2**16


@mistake(of=bfloat16_bits, seen="stillwater-sc/universal#1133")
def bfloat16_bits_with_signalling_nan(float32_bits):
    """NaN keeps its upper half as it is, which is infinity if the payload lies in the lower one"""
    return torch.where(float32_bits % 2**31 > 0x7F800000, float32_bits >> 16, bfloat16_bits(float32_bits))


@mistake(of=bfloat16_bits, seen="catalogue R003-001")
def bfloat16_bits_with_nan_for_infinity(float32_bits):
    """infinity is taken for NaN"""
    return torch.where(float32_bits % 2**31 >= 0x7F800000, float32_bits >> 16 | 0x40, bfloat16_bits(float32_bits))


@variant(of=bfloat16_bits, seen="pytorch/pytorch, c10::BFloat16")
def bfloat16_bits_with_one_nan(float32_bits):
    """every NaN becomes the same one, without its payload and its sign"""
    return torch.where(float32_bits % 2**31 > 0x7F800000, 0x7FC0, bfloat16_bits(float32_bits))


def _outer(x, format):
    """The neighbour of x that is further from 0, x itself if it is a number of the format."""
    return torch.where(x < 0, round_towards_negative(x, format), round_towards_positive(x, format))


def _next(x, format):
    """The number of the format behind the one towards 0."""
    inner = round_towards_zero(x, format)
    return round_nearest_even(inner + spacing(inner, format).copysign(x), format)
