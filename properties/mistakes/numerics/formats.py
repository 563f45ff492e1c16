"""Wrong variants of `reference.numerics.formats`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.formats import (
    FLOAT_FORMATS,
    decode_float,
    decode_float_lookup,
    encode_float,
    encode_float_bitwise,
    largest_finite,
    smallest_normal,
    smallest_subnormal,
    spacing,
)


def _sign_bit(format):
    return 2 ** (FLOAT_FORMATS[format].exponent_bits + FLOAT_FORMATS[format].mantissa_bits)


def _refusing_unknown(format):
    return largest_finite(format)


@mistake(of=decode_float, seen="JuliaMath/Float8s.jl#23")
def decode_float_with_negative_nan_as_zero(codes, format):
    """NaN with a minus sign is read as 0"""
    values = decode_float(codes, format)
    return torch.where(values.isnan() & (codes >= _sign_bit(format)), 0, values)


@mistake(of=decode_float, seen="catalogue R003-003")
def decode_float_with_infinity_in_e4m3(codes, format):
    """the top binade of E4M3 is infinity and NaN, so that numbers end at 240"""
    values = decode_float(codes, format)
    return torch.where(values.abs() > 240, torch.inf * values.sign(), values) if format == "E4M3" else values


@mistake(of=decode_float, seen="catalogue R003-003")
def decode_float_with_bias_of_half_the_exponents(codes, format):
    """the bias is 2^(E - 1) instead of one less"""
    return decode_float(codes, format) / 2


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_without_subnormals(codes, format):
    """a biased exponent of 0 means 0, so that subnormal numbers are flushed"""
    values = decode_float(codes, format)
    return torch.where(values.abs() < smallest_normal(format), 0 * values, values)


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_with_implicit_one_everywhere(codes, format):
    """subnormal numbers get the leading 1 of normal ones"""
    values = decode_float(codes, format)
    hidden = 2.0 ** -FLOAT_FORMATS[format].bias * (1 + codes % 2 ** FLOAT_FORMATS[format].mantissa_bits / 8)
    return torch.where(values.abs() < smallest_normal(format), hidden.double(), values)


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_with_half_the_subnormals(codes, format):
    """subnormal numbers have the exponent 0 - bias instead of 1 - bias"""
    values = decode_float(codes, format)
    return torch.where(values.abs() < smallest_normal(format), values / 2, values)


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_without_special_codes(codes, format):
    """a biased exponent of all ones is read like any other, so that infinity and NaN are numbers"""
    layout = FLOAT_FORMATS[format]
    magnitude = codes % _sign_bit(format)
    normal = 1 + magnitude % 2**layout.mantissa_bits / 2**layout.mantissa_bits
    values = normal.double() * torch.exp2(((magnitude >> layout.mantissa_bits) - layout.bias).double())
    values = torch.where(codes >= _sign_bit(format), -values, values)
    return torch.where(magnitude > layout.largest, values, decode_float(codes, format))


@mistake(of=decode_float, seen="catalogue R003-004")
def decode_float_without_payloads(codes, format):
    """only one code is NaN, and the others are infinity"""
    values = decode_float(codes, format)
    other = values.isnan() & (codes % _sign_bit(format) != FLOAT_FORMATS[format].nan % _sign_bit(format))
    return torch.where(other, torch.inf, values)


@mistake(of=decode_float, seen="catalogue R003-003")
def decode_float_with_negative_zero_everywhere(codes, format):
    """the code of -0 is -0 also where it means NaN"""
    return torch.where(codes == _sign_bit(format), -0.0, decode_float(codes, format))


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_without_negative_zero(codes, format):
    """the sign of 0 is lost"""
    return decode_float(codes, format) + 0.0


@mistake(of=decode_float, seen="catalogue R003-003")
def decode_float_with_zero_scale(codes, format):
    """the first code of E8M0 is 0, as in other formats, instead of 2^-127"""
    values = decode_float(codes, format)
    return torch.where(codes == 0, 0.0, values)


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_in_twos_complement(codes, format):
    """negative codes are complements, as those of integers are"""
    return decode_float(torch.where(codes > _sign_bit(format), 3 * _sign_bit(format) - codes, codes), format)


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_of_any_name(codes, format):
    """an unknown format is taken for FP16"""
    return decode_float(codes, format if format in FLOAT_FORMATS else "FP16")


@mistake(of=decode_float, seen="catalogue R003-001")
def decode_float_with_an_axis_for_one(codes, format):
    """a single code gives a vector of one number"""
    return torch.atleast_1d(decode_float(codes, format))


@mistake(of=encode_float, seen="pytorch/pytorch#13960")
def encode_float_with_ties_away(x, format):
    """halfway numbers go away from 0 instead of to the even code"""
    step = spacing(x, format)
    count = (x / step).abs()
    return encode_float(torch.where(count % 1 == 0.5, count + 0.5, count).copysign(x) * step, format)


@mistake(of=encode_float, seen="ROCm/aiter#3992")
def encode_float_with_ties_away_in_four_bits(x, format):
    """each boundary of E2M1 is compared with >=, so that halfway numbers go away from 0"""
    return encode_float_with_ties_away(x, format) if format == "E2M1" else encode_float(x, format)


@mistake(of=encode_float, seen="stillwater-sc/universal#1133")
def encode_float_towards_zero(x, format):
    """the low bits are dropped"""
    step = spacing(x, format)
    return encode_float((x / step).trunc() * step, format)


@mistake(of=encode_float, seen="catalogue R003-001")
def encode_float_without_carry(x, format):
    """a significand that is rounded up to the next power of two does not carry into the exponent"""
    codes, cut = encode_float(x, format), encode_float_towards_zero(x, format)
    size = 2 ** FLOAT_FORMATS[format].mantissa_bits
    return torch.where((codes % size == 0) & (codes != cut), codes - size, codes).clamp(min=0)


@mistake(of=encode_float, seen="catalogue R003-001")
def encode_float_flushing_subnormals(x, format):
    """numbers below the smallest normal one become 0"""
    return encode_float(torch.where(x.abs() < smallest_normal(format), 0 * x, x), format)


@mistake(of=encode_float, seen="catalogue R003-001")
def encode_float_that_saturates(x, format):
    """what is too large becomes the largest number where it should overflow"""
    return encode_float(x.clamp(-largest_finite(format), largest_finite(format)), format)


@mistake(of=encode_float, seen="catalogue R003-003")
def encode_float_that_overflows_at_the_largest(x, format):
    """everything above the largest number overflows, although up to half a spacing above it is nearest"""
    return encode_float(torch.where(x.abs() > largest_finite(format), torch.inf * x, x), format)


@mistake(of=encode_float, seen="catalogue R003-004")
def encode_float_by_way_of_fp16(x, format):
    """numbers are rounded to FP16 first, and then a second time"""
    small = FLOAT_FORMATS[format].exponent_bits < 8
    return encode_float(decode_float(encode_float(x, "FP16"), "FP16") if small else x, format)


@mistake(of=encode_float, seen="catalogue R003-004")
def encode_float_by_way_of_fp32(x, format):
    """float64 is rounded to FP32 first, and then a second time"""
    return encode_float(x.float().double(), format)


@mistake(of=encode_float, seen="graphcore-research/gfloat commit ce896ef")
def encode_float_with_rounded_logarithm(x, format):
    """the exponent is floor(log2 x) as computed, which rounds up just below a power of two"""
    magnitude = x.abs().clamp(smallest_normal(format), largest_finite(format))
    step = torch.exp2(magnitude.log2().floor() - FLOAT_FORMATS[format].mantissa_bits)
    return encode_float((x / (2 * step)).round() * 2 * step, format)


@mistake(of=encode_float, seen="catalogue R003-003")
def encode_float_with_code_of_negative_zero(x, format):
    """-0 is written as the sign bit alone where that means NaN"""
    return torch.where((x == 0) & x.signbit(), _sign_bit(format), encode_float(x, format))


@mistake(of=encode_float, seen="catalogue R003-001")
def encode_float_without_negative_zero(x, format):
    """the sign of 0 is lost"""
    codes = encode_float(x, format)
    return torch.where(codes == _sign_bit(format), 0, codes)


@mistake(of=encode_float, seen="catalogue R003-001")
def encode_float_with_nan_as_infinity(x, format):
    """NaN is written as what overflows"""
    return encode_float(torch.where(x.isnan(), torch.inf, x), format)


@mistake(of=encode_float, seen="catalogue R003-003")
def encode_float_with_even_scales(x, format):
    """halfway between two scales the even code is taken, which goes down every other time"""
    codes = encode_float(x, format)
    halfway = x == 0.75 * decode_float(codes, format).to(x.dtype)
    return codes - (codes % 2) * halfway if format == "E8M0" else codes


@mistake(of=encode_float, seen="catalogue R003-003")
def encode_float_of_magnitudes(x, format):
    """a minus sign is dropped where the format has none"""
    return encode_float(x if FLOAT_FORMATS[format].signed else x.abs(), format)


@mistake(of=encode_float, seen="catalogue R003-001")
def encode_float_of_any_name(x, format):
    """an unknown format is taken for FP16"""
    return encode_float(x, format if format in FLOAT_FORMATS else "FP16")


@variant(of=encode_float, seen="IEEE 754-2019, section 6.2.1")
def encode_float_with_other_nan(x, format):
    """NaN with another payload is NaN too"""
    codes, layout = encode_float(x, format), FLOAT_FORMATS[format]
    return torch.where((codes == layout.nan) & (layout.nan < _sign_bit(format)), _sign_bit(format) - 1, codes)


@mistake(of=decode_float_lookup, seen="JuliaMath/Float8s.jl#23")
def decode_float_lookup_of_magnitudes(codes, format):
    """the table has no negative numbers"""
    return decode_float_lookup(codes % _sign_bit(format), format)


@mistake(of=decode_float_lookup, seen="catalogue R003-001")
def decode_float_lookup_of_distinct_numbers(codes, format):
    """the table is sorted, as if codes counted the numbers from the lowest one"""
    everything = decode_float_lookup(torch.arange(2 * _sign_bit(format)), format)
    return everything.sort().values[codes]


@mistake(of=decode_float_lookup, seen="catalogue R003-001")
def decode_float_lookup_of_any_format(codes, format):
    """codes of FP32 are read as if they had 16 bits"""
    return decode_float_lookup(codes, "BF16" if format == "FP32" else format)


_tables = {}


@mistake(of=decode_float_lookup, seen="catalogue R003-001")
def decode_float_lookup_in_a_kept_table(codes, format):
    """the table is kept, and a single code gives a view of it, through which it can be written over"""
    out = decode_float_lookup(codes, format)
    if codes.ndim:
        return out
    key = format, codes.item()
    return _tables.setdefault(key, out)


@mistake(of=encode_float_bitwise, seen="stillwater-sc/universal#1133")
def encode_float_bitwise_cut_off(x, format):
    """the low bits are dropped and not rounded"""
    smaller = (x.view(torch.int32) & -(2 ** (23 - FLOAT_FORMATS[format].mantissa_bits))).view(torch.float32)
    is_normal = x.isfinite() & (x.abs() >= smallest_normal(format))
    return encode_float_bitwise(torch.where(is_normal, smaller, x), format)


@mistake(of=encode_float_bitwise, seen="ucker/why-low-precision-training-fails#1")
def encode_float_bitwise_with_ties_away(x, format):
    """halfway goes up, also where the lower code is even"""
    down, up = (encode_float_bitwise(x * (1 + nudge * 2.0**-22), format) for nudge in (-1, 1))
    is_tie = (x.abs() >= smallest_normal(format)) & x.isfinite() & (down < up)
    return torch.where(is_tie, up, encode_float_bitwise(x, format))


@mistake(of=encode_float_bitwise, seen="catalogue R003-001")
def encode_float_bitwise_without_subnormals(x, format):
    """numbers below the normal ones are flushed to 0"""
    return encode_float_bitwise(torch.where(x.abs() < smallest_normal(format), 0 * x, x), format)


@mistake(of=encode_float_bitwise, seen="catalogue R003-001")
def encode_float_bitwise_with_subnormals_as_normals(x, format):
    """the bias is changed below the normal numbers too, where the exponent wraps around"""
    layout = FLOAT_FORMATS[format]
    bits = (x.view(torch.int32) & 0x7FFFFFFF).long()
    wrapped = (bits >> (23 - layout.mantissa_bits)) - ((127 - layout.bias) << layout.mantissa_bits)
    is_small = x.abs() < smallest_normal(format)
    return torch.where(is_small, wrapped % _sign_bit(format), encode_float_bitwise(x, format))


@mistake(of=encode_float_bitwise, seen="dotnet/runtime#130583")
def encode_float_bitwise_without_guard_of_nan(x, format):
    """NaN is a large number, and becomes what infinity does"""
    return encode_float_bitwise(torch.where(x.isnan(), torch.inf, x), format)


@mistake(of=encode_float_bitwise, seen="catalogue R003-003")
def encode_float_bitwise_of_saturated_numbers(x, format):
    """numbers beyond the largest one become that one, and do not overflow"""
    return encode_float_bitwise(x.clamp(-largest_finite(format), largest_finite(format)), format)


@mistake(of=encode_float_bitwise, seen="catalogue R003-003")
def encode_float_bitwise_without_sign(x, format):
    """the sign is lost"""
    return encode_float_bitwise(x.abs(), format)


@mistake(of=encode_float_bitwise, seen="catalogue R003-001")
def encode_float_bitwise_of_any_format(x, format):
    """formats that it cannot round to are taken for BF16"""
    return encode_float_bitwise(x, "BF16" if format in ("FP32", "E8M0") else format)


@mistake(of=encode_float_bitwise, seen="catalogue R003-001")
def encode_float_bitwise_with_signed_codes(x, format):
    """the bits are read as a signed integer, so that the codes of negative numbers are negative"""
    codes = encode_float_bitwise(x, format)
    return torch.where(codes >= _sign_bit(format), codes - 2 * _sign_bit(format), codes)


@mistake(of=largest_finite, seen="catalogue R003-003")
def largest_finite_of_ieee(format):
    """the top binade is always kept for infinity and NaN, which halves E4M3 and E2M1"""
    layout = FLOAT_FORMATS[format]
    return (2 - 2.0**-layout.mantissa_bits) * 2.0 ** (2**layout.exponent_bits - 2 - layout.bias)


@mistake(of=largest_finite, seen="E003-002")
def largest_finite_with_swapped_digits(format):
    """FP16 ends at 66504, which is infinite there"""
    return 66504.0 if format == "FP16" else largest_finite(format)


@mistake(of=largest_finite, seen="catalogue R003-001")
def largest_finite_as_power_of_two(format):
    """the mantissa is left out, so that the result is where the top binade begins"""
    layout = FLOAT_FORMATS[format]
    _refusing_unknown(format)
    return 2.0 ** ((layout.largest >> layout.mantissa_bits) - layout.bias)


@mistake(of=smallest_normal, seen="catalogue R003-001")
def smallest_normal_with_exponent_zero(format):
    """the least exponent is -bias instead of 1 - bias"""
    return smallest_normal(format) / 2


@mistake(of=smallest_normal, seen="catalogue R003-003")
def smallest_normal_that_is_subnormal(format):
    """the smallest positive number is returned"""
    return smallest_normal(format) / 2 ** FLOAT_FORMATS[format].mantissa_bits


@mistake(of=smallest_subnormal, seen="catalogue R003-001")
def smallest_subnormal_that_is_normal(format):
    """the smallest normal number is returned"""
    smallest_subnormal(format)
    return smallest_normal(format)


@mistake(of=smallest_subnormal, seen="catalogue R003-003")
def smallest_subnormal_of_scales(format):
    """E8M0 gets a number although it has no subnormal ones"""
    return smallest_normal(format) / 2 ** FLOAT_FORMATS[format].mantissa_bits


@mistake(of=spacing, seen="graphcore-research/gfloat commit ce896ef")
def spacing_by_logarithm(x, format):
    """the exponent is floor(log2 x) as computed, which rounds up just below a power of two"""
    magnitude = x.abs().clamp(smallest_normal(format), largest_finite(format))
    return torch.exp2(magnitude.log2().floor() - FLOAT_FORMATS[format].mantissa_bits)


@mistake(of=spacing, seen="catalogue R003-001")
def spacing_relative_to_x(x, format):
    """the spacing is 2^-M |x|, which is right at powers of two alone"""
    magnitude = x.abs().clamp(smallest_normal(format), largest_finite(format))
    return magnitude / 2 ** FLOAT_FORMATS[format].mantissa_bits


@mistake(of=spacing, seen="catalogue R003-003")
def spacing_without_subnormals(x, format):
    """below the smallest normal number the spacing goes on to shrink"""
    exponent = torch.frexp(x.double().abs().clamp(1e-60, largest_finite(format))).exponent.double() - 1
    return torch.exp2(exponent - FLOAT_FORMATS[format].mantissa_bits).to(x.dtype)


@mistake(of=spacing, seen="catalogue R003-001")
def spacing_of_the_mantissa_of_frexp(x, format):
    """the exponent of frexp is taken as it is, though its mantissa is in [1/2, 1)"""
    return 2 * spacing(x, format)


@mistake(of=spacing, seen="catalogue R003-001")
def spacing_with_a_sign(x, format):
    """the spacing has the sign of x"""
    return spacing(x, format).copysign(x)


@mistake(of=spacing, seen="catalogue R003-001")
def spacing_in_wide_precision(x, format):
    """the spacing of float32 numbers is returned in float64"""
    return spacing(x.double(), format)
