"""Laws of `reference.numerics.quantization`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals, numbers, steps
from reference.numerics.quantization import FixedPoint

BITS = pytest.mark.parametrize("given_bits", [(), (2,), (16,)])
CODES = pytest.mark.parametrize("ends", [(), (0, 255), (3, 60), (0, 1), (-1000, 5000)])


def top_of(given_bits):
    return 2 ** ((*given_bits, 8)[0] - 1) - 1


def powers(*shape):
    """Scales 1, 1/2, 1/4, 1/8 and 1/16."""
    return dyadics(0, 4, *shape, grid=1).map(lambda exponents: 2.0**-exponents)


def codes(*shape, low=-128, high=127):
    return dyadics(low, high, *shape, grid=1).map(torch.Tensor.long)


def magnitudes(*shape):
    """Sizes of channels or blocks: 1/2, 1, 2 and 4."""
    return indices(4, *shape).map(lambda size: numbers(0.5, 1, 2, 4)[size])


def within(value, low, high):
    return sorted([low, value, high])[1]


def each(function, *tensors):
    """The function of the entries of tensors, which broadcast, as fractions."""
    tensors = torch.broadcast_tensors(*tensors)
    columns = [map(Fraction, tensor.flatten().tolist()) for tensor in tensors]
    results = [float(function(*entries)) for entries in zip(*columns, strict=True)]
    return torch.tensor(results, dtype=torch.float64).reshape(tensors[0].shape)


def assert_within_half_a_step(restored, x, scale, size):
    assert_at_most(restored, x + scale / 2, size)
    assert_at_most(-restored, scale / 2 - x, size)


@BITS
@given(x=normals(2, 3), sign=st.sampled_from([-1, 1]))
def test_symmetric_scale_gives_largest_magnitude_the_largest_code(symmetric_scale, x, sign, given_bits):
    """2^(bits - 1) - 1 steps, 127 if nothing is said, reach the largest magnitude."""
    x[1, 0] = sign * 4.5
    assert_close(symmetric_scale(x, *given_bits), 4.5 / top_of(given_bits))


def test_symmetric_scale_of_zeros_is_one(symmetric_scale, symmetric_channel_scale, quantize_blocks):
    """Nothing but zeros has steps of 1, in a tensor, a channel or a block, and codes of 0."""
    x = numbers(0, 0, 0, 1.5, -2, 1).reshape(2, 3)
    assert_equal(symmetric_scale(0 * x), 1.0)
    assert_close(symmetric_channel_scale(x, 0), numbers(1, 2 / 127)[:, None])
    codes, scale = quantize_blocks(x.flatten(), 3)
    assert_equal(codes, torch.tensor([0, 0, 0, 95, -127, 64]))
    assert_close(scale, numbers(1, 2 / 127))


@pytest.mark.parametrize(("axis", "given_bits"), [(0, ()), (1, (2,)), (2, ()), (-1, (16,)), (-3, (5,))])
@given(size=magnitudes(3, 1, 1), inner=dyadics(-16, 16, 3, 2, 5, grid=16))
def test_symmetric_channel_scale_is_that_of_the_channel_alone(symmetric_channel_scale, size, inner, axis, given_bits):
    """Top steps reach the largest magnitude of each channel, whatever the others hold."""
    inner[:, 1, 3] = -1.0
    scale = symmetric_channel_scale((size * inner).movedim(0, axis), axis, *given_bits)
    assert_equal(scale.shape, size.movedim(0, axis).shape)
    assert_close(scale, (size / top_of(given_bits)).movedim(0, axis))


def test_symmetric_channel_scale_of_a_vector_is_that_of_each_entry(symmetric_channel_scale):
    """If there is no other axis every entry is a channel."""
    assert_close(symmetric_channel_scale(numbers(-254, 0, 381), 0), numbers(2, 1, 3))


@pytest.mark.parametrize("size", [2.0**-60, 2.0**60])
@given(x=normals(2, 6))
def test_symmetric_scale_is_proportional_to_the_tensor(
    symmetric_scale, symmetric_channel_scale, affine_parameters, quantize_blocks, x, size
):
    """Steps grow and shrink with the numbers, however far, and codes of blocks and zero points stay."""
    x[:, 2:4] = numbers(-4.5, 4.5)
    assert_close(symmetric_scale(size * x) / size, 4.5 / 127)
    assert_close(symmetric_channel_scale(size * x, 0) / size, torch.full((2, 1), 4.5 / 127, dtype=torch.float64))
    scale, zero_point = affine_parameters(x.amin(1), x.amax(1))
    scaled, same_zero_point = affine_parameters(size * x.amin(1), size * x.amax(1))
    assert_close(scaled / size, scale)
    assert_equal(same_zero_point, zero_point)
    codes, steps = quantize_blocks(x, 3)
    same_codes, scaled_steps = quantize_blocks(size * x, 3)
    assert_equal(same_codes, codes)
    assert_close(scaled_steps / size, steps)
    assert_close(steps, torch.full((2, 2), 4.5 / 127, dtype=torch.float64))


@BITS
@given(x=dyadics(-320, 320, 2, 3, 5, grid=2), scale=powers(3, 1).map(lambda power: 8 * power))
def test_quantize_symmetric_equals_nearest_code(quantize_symmetric, x, scale, given_bits):
    """The code is the whole number nearest to x / s, the even one of two, or the last one of its sign."""
    top = top_of(given_bits)
    expected = each(lambda value, step: within(round(value / step), -top, top), x, scale)
    assert_equal(quantize_symmetric(x, scale, *given_bits), expected)


@BITS
@given(x=normals(2, 3))
def test_quantize_symmetric_is_within_half_a_step(
    quantize_symmetric, dequantize_symmetric, symmetric_scale, x, given_bits
):
    """At the tensor's scale every entry comes back within s / 2 and has the same code again; -x has opposite codes,
    and 2^k x at the scale 2^k s the same.
    """
    x[1, 0] = -4.5
    scale = symmetric_scale(x, *given_bits)
    codes = quantize_symmetric(x, scale, *given_bits)
    restored = dequantize_symmetric(codes, scale)
    assert_within_half_a_step(restored, x, scale, 4.5)
    assert_equal(codes[1, 0], -top_of(given_bits))
    assert_equal(quantize_symmetric(restored, scale, *given_bits), codes)
    assert_equal(quantize_symmetric(-x, scale, *given_bits), -codes)
    for size in (4.0, 2.0**-60, 2.0**60):
        assert_equal(quantize_symmetric(size * x, size * scale, *given_bits), codes)


@given(codes=codes(2, 3, 5), scale=powers(3, 1))
def test_dequantize_symmetric_equals_steps_from_zero(dequantize_symmetric, codes, scale):
    """A code is a number of steps of its channel's scale, whether that has one digit or many."""
    assert_equal(dequantize_symmetric(codes, scale), each(lambda code, step: code * step, codes, scale))
    assert_close(dequantize_symmetric(codes, scale / 3), each(lambda code, step: code * step, codes, scale / 3))


@CODES
@given(x=normals(2, 5), offset=dyadics(-8, 8, 2, 1, grid=1))
def test_affine_parameters_cover_their_range_and_zero(
    affine_parameters, quantize_affine, dequantize_affine, x, offset, ends
):
    """As many steps as there are codes, less 1, reach from the least entry or 0 to the largest or 0; every entry comes
    back within s / 2, and 0 exactly.
    """
    x, (lowest, highest) = x + offset, ends or (-128, 127)
    x[:, 2] = offset[:, 0] + 4.5
    low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    scale, zero_point = affine_parameters(low, high, *ends)
    reach = [max(0, *row) - min(0, *row) for row in x.tolist()]
    assert_close(scale, torch.tensor(reach, dtype=torch.float64)[:, None] / (highest - lowest))
    assert lowest <= int(zero_point.min()) <= int(zero_point.max()) <= highest
    codes = quantize_affine(x, scale, zero_point, *ends)
    assert_within_half_a_step(dequantize_affine(codes, scale, zero_point), x, scale, x.abs().max())
    zeros = quantize_affine(torch.zeros_like(x), scale, zero_point, *ends)
    assert_equal(zeros, zero_point.expand(2, 5))
    assert_equal(dequantize_affine(zeros, scale, zero_point), torch.zeros(2, 5))


@pytest.mark.parametrize("ends", [(), (0, 255), (3, 60)])
def test_affine_parameters_of_zeros_have_scale_one(affine_parameters, ends):
    """The range from 0 to 0 has steps of 1, and a zero point that is a code, also beside ranges that are not empty."""
    lowest, highest = ends or (-128, 127)
    zeros = torch.zeros(2, 3, dtype=torch.float64)
    for high in (zeros, zeros + numbers(0, 0, highest - lowest)):
        scale, zero_point = affine_parameters(zeros, high, *ends)
        assert_close(scale, torch.ones(2, 3))
        assert lowest <= int(zero_point.min()) <= int(zero_point.max()) <= highest


@CODES
@given(
    x=dyadics(-320, 320, 2, 3, 5, grid=2), scale=powers(3, 1).map(lambda power: 8 * power), zero_point=codes(2, 1, 1)
)
def test_quantize_affine_equals_nearest_code(quantize_affine, x, scale, zero_point, ends):
    """The code is z and the whole number nearest to x / s, the even one of two, or the last one on its side."""
    lowest, highest = ends or (-128, 127)
    expected = each(lambda value, step, zero: within(round(value / step) + zero, lowest, highest), x, scale, zero_point)
    for size in (1.0, 2.0**-60, 64.0):
        assert_equal(quantize_affine(size * x, size * scale, zero_point, *ends), expected)
    far = each(lambda value, step, zero: within(round(64 * value / step) + zero, lowest, highest), x, scale, zero_point)
    assert_equal(quantize_affine(64 * x, scale, zero_point, *ends), far)


@given(codes=codes(2, 3, 5), scale=powers(3, 1), zero_point=codes(2, 1, 1))
def test_dequantize_affine_equals_steps_from_zero_point(dequantize_affine, codes, scale, zero_point):
    """A code is as many steps as it is away from the zero point, up to 255, whatever the digits of the scale."""
    expected = each(lambda code, step, zero: (code - zero) * step, codes, scale, zero_point)
    assert_equal(dequantize_affine(codes, scale, zero_point), expected)
    assert_close(dequantize_affine(codes, scale / 3, zero_point), expected / 3)


@pytest.mark.parametrize(("x", "symmetric", "affine"), [(math.inf, 127, 127), (-math.inf, -127, -128)])
def test_quantize_affine_saturates_infinities(quantize_affine, quantize_symmetric, x, symmetric, affine):
    """An infinite number has the last code of its sign."""
    scale = numbers(0.25)
    assert_equal(quantize_symmetric(numbers(x, 1), scale), torch.tensor([symmetric, 4]))
    assert_equal(quantize_affine(numbers(x, 1), scale, torch.tensor([5])), torch.tensor([affine, 9]))


@BITS
@given(size=magnitudes(2, 3, 2, 1), inner=dyadics(-16, 16, 2, 3, 2, 5, grid=16))
def test_quantize_blocks_is_within_half_a_step_of_the_block(
    quantize_blocks, dequantize_blocks, size, inner, given_bits
):
    """Top steps reach the largest magnitude of each run of five, which comes back within half of its own step and has
    the same codes at any size.
    """
    inner[..., 2] = -1.0
    x, step = (size * inner).flatten(2), size / top_of(given_bits)
    codes, scale = quantize_blocks(x, 5, *given_bits)
    assert_close(scale, step[..., 0])
    assert_within_half_a_step(dequantize_blocks(codes, scale), x, step.expand(2, 3, 2, 5).flatten(2), size.max())
    alone, _ = quantize_blocks(inner.flatten(2), 5, *given_bits)
    assert_equal(codes, alone)


def test_quantize_blocks_of_one_entry_have_the_last_code(quantize_blocks, dequantize_blocks):
    """If a block is a single entry its scale holds all of it but the sign."""
    codes, scale = quantize_blocks(numbers(-254, 0, 381), 1)
    assert_equal(codes, torch.tensor([-127, 0, 127]))
    assert_close(scale, numbers(2, 1, 3))
    assert_close(dequantize_blocks(codes, scale), numbers(-254, 0, 381))


def test_quantize_blocks_round_halves_to_even(quantize_blocks):
    """If a block reaches to 127 its steps are 1, and the middle of two codes goes to the even one."""
    codes, scale = quantize_blocks(numbers(0.5, -1.5, 2.5, 127, -63.5, 0.75, -254, 3, 5, 126), 5)
    assert_equal(scale, numbers(1, 2))
    assert_equal(codes, torch.tensor([0, -2, 2, 127, -64, 0, -127, 2, 2, 63]))


@given(codes=codes(2, 3, 10), scale=powers(2, 3, 2))
def test_dequantize_blocks_equals_steps_of_the_block(dequantize_blocks, codes, scale):
    """A code is a number of steps of the block that it lies in; two blocks of ten codes hold five each."""
    expected = each(lambda code, step: code * step, codes.reshape(2, 3, 2, 5), scale[..., None])
    assert_equal(dequantize_blocks(codes, scale), expected.flatten(2))
    assert_close(dequantize_blocks(codes, scale / 3), expected.flatten(2) / 3)


@pytest.mark.parametrize("shift", [0, 1])
@given(left=codes(2, 3, 5), right=codes(5, 7), left_zero=codes(), right_zero=codes())
def test_integer_matmul_equals_sum_of_products(integer_matmul, left, right, left_zero, right_zero, shift):
    """Entries are sums of products of codes less their zero points, exact whole numbers; also if those are 0."""
    left_zero, right_zero = shift * left_zero, shift * right_zero
    columns = (right - right_zero).T.tolist()
    expected = [
        [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in rows]
        for rows in (left - left_zero).tolist()
    ]
    assert_equal(integer_matmul(left, right, left_zero, right_zero), torch.tensor(expected))


def test_integer_matmul_keeps_every_digit_of_long_sums(integer_matmul):
    """1201 products of 127 and 127 are 19370929, an odd number above 2^24, which float32 does not hold."""
    left, right = torch.full((2, 1201), 127), torch.full((1201, 3), 127)
    zero = torch.tensor(0)
    assert_equal(integer_matmul(left, right, zero, zero), torch.full((2, 3), 1201 * 127**2))


def test_integer_matmul_holds_products_of_sixteen_bits(integer_matmul):
    """5 products of 65535 and 65533, the differences of codes and zero points of 16 bits, are beyond 32 bits."""
    left, right = torch.full((2, 5), 2**15 - 1), torch.full((5, 3), 2 - 2**15)
    sums = integer_matmul(left, right, torch.tensor(-(2**15)), torch.tensor(2**15 - 1))
    assert_equal(sums, torch.full((2, 3), -5 * 65535 * 65533))


@given(x=normals(3, 5), weight=normals(5, 7))
def test_integer_matmul_errs_by_half_steps_of_its_factors(
    integer_matmul, symmetric_scale, quantize_symmetric, dequantize_symmetric, x, weight
):
    """Dequantised once with s_x s_w, a product is off by at most sum |x| s_w / 2 + |w| s_x / 2 + s_x s_w / 4."""
    x[0, 0], weight[0, 0] = 4.5, -4.5
    s_x, s_w, zero = symmetric_scale(x), symmetric_scale(weight), torch.tensor(0)
    sums = integer_matmul(quantize_symmetric(x, s_x), quantize_symmetric(weight, s_w), zero, zero)
    bound = x.abs().sum(1)[:, None] * s_w / 2 + weight.abs().sum(0) * s_x / 2 + 5 * s_x * s_w / 4
    assert_within_half_a_step(dequantize_symmetric(sums, s_x * s_w), x @ weight, 2 * bound, x.abs() @ weight.abs())


@given(left=st.integers(1, 300), right=st.integers(1, 300), given_bits=st.sampled_from([(), (2,), (16,), (64,)]))
def test_safe_accumulation_length_is_the_last_that_fits(safe_accumulation_length, left, right, given_bits):
    """So many of the largest products stay below 2^(bits - 1), and one more does not."""
    length, limit = safe_accumulation_length(left, right, *given_bits), 2 ** ((*given_bits, 32)[0] - 1)
    assert_equal(type(length), int)
    assert length * left * right < limit <= (length + 1) * left * right


@given(
    counts=dyadics(-4096, 4096, 2, 3, grid=4),
    size=st.sampled_from([1, 2.0**23]),
    input_scale=powers(),
    weight_scale=powers(3),
)
def test_quantize_bias_equals_nearest_int32(quantize_bias, counts, size, input_scale, weight_scale):
    """The code is the whole number nearest to b / (s_x s_w), the even one of two, or the last one of 32 bits."""
    bias = size * counts * input_scale * weight_scale
    expected = each(lambda count: within(round(count), -(2**31), 2**31 - 1), size * counts)
    assert_equal(quantize_bias(bias, input_scale, weight_scale), expected)
    assert_equal(quantize_bias(2.0**-60 * bias, 2.0**-40 * input_scale, 2.0**-20 * weight_scale), expected)


def test_quantize_bias_saturates_infinities(quantize_bias):
    """An infinite bias has the last code of its sign; halfway between two codes is the even one."""
    scale = numbers(0.5)
    codes = quantize_bias(numbers(-math.inf, math.inf, 0.75, 0.625, -0.875), scale, scale)
    assert_equal(codes, torch.tensor([-(2**31), 2**31 - 1, 3, 2, -4]))


@pytest.mark.parametrize(
    ("multiplier", "mantissa", "shift"),
    [
        (0.5, 2**30, 0),
        (0.75, 3 * 2**29, 0),
        (1.0, 2**30, -1),
        (1 - 2.0**-40, 2**30, -1),
        (2.0**-32, 2**30, 31),
        (2.0**29 - 2.0**-24, 2**30, -30),
        (0.0003, 1319413953, 11),
    ],
)
def test_fixed_point_multiplier_equals_worked_example(fixed_point_multiplier, multiplier, mantissa, shift):
    """A mantissa that rounds to 2^31 is halved, and the shift is one less."""
    result = fixed_point_multiplier(multiplier)
    assert_equal(tuple(result), (mantissa, shift))
    assert_equal(tuple(map(type, result)), (int, int))


@given(fraction=st.floats(0.5, 1, exclude_max=True), exponent=st.integers(-31, 29))
def test_fixed_point_multiplier_is_within_half_a_unit(fixed_point_multiplier, fraction, exponent):
    """The mantissa has 31 bits, and times its power of two it is off by at most half a unit."""
    multiplier = math.ldexp(fraction, exponent)
    mantissa, shift = fixed_point_multiplier(multiplier)
    assert 2**30 <= mantissa < 2**31
    assert abs(Fraction(multiplier) - mantissa * Fraction(2) ** (-31 - shift)) <= Fraction(2) ** (-32 - shift)


@pytest.mark.parametrize(
    ("arguments", "zero_point", "lowest", "highest"),
    [((), 0, -128, 127), ((5,), 5, -128, 127), ((-3, -90, 1000), -3, -90, 1000)],
)
@given(
    accumulator=codes(2, 3, low=-(2**31), high=2**31 - 1),
    mantissa=st.sampled_from([2**30, 2**30 + 1, 3 * 2**29, 2**31 - 1]),
    shift=st.sampled_from([-30, -2, 0, 1, 3, 5, 20, 25, 31]),
)
def test_requantize_equals_nearest_code(
    requantize, accumulator, mantissa, shift, arguments, zero_point, lowest, highest
):
    """The code is z and the whole number nearest to the product, the even one of two, or the last one on its side."""
    factor = mantissa * Fraction(2) ** (-31 - shift)
    expected = each(lambda value: within(round(value * factor) + zero_point, lowest, highest), accumulator)
    assert_equal(requantize(accumulator, FixedPoint(mantissa, shift), *arguments), expected)


@pytest.mark.parametrize("shift", [0, 3, 20])
def test_requantize_rounds_halves_to_even(requantize, shift):
    """The middle of two codes goes to the even one, before z is added, and what is next to it to the nearer one."""
    ties = (2 * torch.arange(-40, 41) + 1) * 2**shift
    sums = torch.stack([ties - 1, ties, ties + 1])
    expected = each(lambda value: round(value / 2 ** (shift + 1)) + 7, sums)
    assert_equal(requantize(sums, FixedPoint(2**30, shift), 7), expected)


def test_requantize_keeps_every_digit_of_the_product(requantize):
    """(2^30 - 1) (2^31 - 1) / 2^31 is 2^-31 above the middle of two codes, which shows in a product of 61 digits."""
    codes = requantize(torch.tensor([2**30 - 1, 1 - 2**30]), FixedPoint(2**31 - 1, 0), 7, -(2**31), 2**31 - 1)
    assert_equal(codes, torch.tensor([2**30 + 6, 8 - 2**30]))


@pytest.mark.parametrize("bits", [1, 0, 17])
def test_symmetric_scale_rejects_impossible_widths(
    symmetric_scale, symmetric_channel_scale, quantize_symmetric, quantize_blocks, bits
):
    """One bit has no code above 0, and more than 16 are for accumulators."""
    x = steps(2, 3)
    assert_rejects(symmetric_scale, x, bits)
    assert_rejects(symmetric_channel_scale, x, 0, bits)
    assert_rejects(quantize_symmetric, x, numbers(0.5), bits)
    assert_rejects(quantize_blocks, x, 3, bits)


@pytest.mark.parametrize("ends", [(5, 5), (6, 5)])
def test_affine_parameters_reject_codes_without_a_range(affine_parameters, quantize_affine, requantize, ends):
    """The lowest code is below the highest."""
    x = steps(2, 3)
    assert_rejects(affine_parameters, x, x + 1, *ends)
    assert_rejects(quantize_affine, x, numbers(0.5), torch.tensor([5]), *ends)
    assert_rejects(requantize, torch.tensor([3, 4]), FixedPoint(2**30, 0), 5, *ends)


@pytest.mark.parametrize("block", [0, -5, 4, 16])
def test_quantize_blocks_rejects_blocks_that_do_not_divide(quantize_blocks, dequantize_blocks, block):
    """Blocks have one entry or more, and together as many as the axis."""
    assert_rejects(quantize_blocks, steps(2, 15), block)
    assert_rejects(dequantize_blocks, steps(2, 15).long(), steps(2, 4))


@pytest.mark.parametrize("arguments", [(0, 5), (5, 0), (-1, -5), (5, 7, 1)])
def test_safe_accumulation_length_rejects_impossible_factors(safe_accumulation_length, arguments):
    """Factors have magnitudes of at least 1, and accumulators a sign and a bit."""
    assert_rejects(safe_accumulation_length, *arguments)


@pytest.mark.parametrize("multiplier", [0.0, -0.5, math.nan, math.inf, 2.0**29, math.nextafter(2.0**-32, 0)])
def test_fixed_point_multiplier_rejects_numbers_out_of_range(fixed_point_multiplier, multiplier):
    """A multiplier is at least 2^-32 and below 2^29."""
    assert_rejects(fixed_point_multiplier, multiplier)


@pytest.mark.parametrize("shift", [-31, 32])
def test_requantize_rejects_shifts_out_of_range(requantize, shift):
    """Outside -30..31 the product has nothing to round, or is below half a code; at 31 it can still reach it."""
    assert_equal(requantize(torch.tensor([2**31 - 1, 2]), FixedPoint(2**31 - 1, 31)), torch.tensor([1, 0]))
    assert_rejects(requantize, torch.tensor([3, 4]), FixedPoint(2**30, shift))
