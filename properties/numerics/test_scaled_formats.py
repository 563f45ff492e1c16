"""Laws of `reference.numerics.scaled_formats`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal, assert_identical
from properties.oracles import float_numbers, gap_above, numbers_around, place_among, rungs, signed_rung
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals, numbers, steps

FORMATS = pytest.mark.parametrize("format", ["E4M3", "E5M2", "E2M1", "E4M3FNUZ"])


def largest(format):
    return rungs(format)[-1].item()


def powers(*shape):
    """Powers of two from 2^-100 to 2^100."""
    return dyadics(-100, 100, *shape, grid=1).map(torch.exp2)


def significands(*shape):
    """Numbers in [1, 2) of 24 bits, half of them near an end."""
    return dyadics(2**23, 2**24 - 1, *shape, grid=2**23)


def scales(*shape):
    return dyadics(1, 64, *shape, grid=16)


def finite_codes(format, index):
    codes = float_numbers(format).isfinite().nonzero().flatten()
    return codes[index % len(codes)]


def blocks_of(maxima, place):
    """Blocks of five numbers, of which the one at a place, with a minus sign, has the largest magnitude."""
    return (maxima[..., None] * numbers(-1, 0.5, -0.25, 0, 0.875).roll(place)).flatten(-2)


@FORMATS
@given(x=normals(2, 3), size=significands(), place=st.integers(0, 5))
def test_float_scale_takes_the_largest_magnitude_to_the_largest_number(float_scale, x, size, place, format):
    """Divided by the scale, the largest magnitude is the largest number of the format: 448 in E4M3, 57344 in E5M2."""
    x.view(-1)[place] = -4 * size
    assert_close(float_scale(x, format), 4 * size / largest(format))


@FORMATS
@given(size=significands(2, 5, 4), place=st.integers(0, 4))
def test_float_block_scale_is_that_of_the_block_alone(float_block_scale, size, place, format):
    """Each run of five has the scale of its own largest magnitude, whatever the others hold."""
    x = blocks_of(size, place)
    assert_close(float_block_scale(x, 5, format), size / largest(format))
    assert_close(float_block_scale(x, 20, format), size.amax(-1, keepdim=True) / largest(format))


def test_float_scale_of_zeros_is_one(float_scale, float_block_scale):
    """Nothing but zeros, in a tensor or a block, can be divided by the scale."""
    x = numbers(0, 0, 0, 1.5, -2, 1)
    assert_equal(float_scale(0 * x, "E4M3"), 1.0)
    assert_close(float_block_scale(x, 3, "E4M3"), numbers(1, 2 / 448))


def test_float_block_scale_of_one_entry_is_its_own(float_block_scale, mx_scale, mx_scale_up):
    """If a block is a single entry its scale has all of it but the sign."""
    x = numbers(-896, 0.875, 288)
    assert_close(float_block_scale(x, 1, "E4M3"), numbers(2, 2**-9, 288 / 448))
    assert_equal(mx_scale(x, 1, "E4M3"), numbers(2, 2**-9, 1))
    assert_equal(mx_scale_up(x, 1, "E4M3"), numbers(2, 2**-9, 1))


@pytest.mark.parametrize("size", [2.0**-60, 2.0**60])
@given(x=normals(2, 6))
def test_float_scale_is_proportional_to_the_tensor(float_scale, float_block_scale, x, size):
    """Scales grow and shrink with the numbers, however far."""
    x[:, 2:4] = numbers(-4.5, 4.5)
    assert_close(float_scale(size * x, "E5M2"), size * 4.5 / 57344)
    assert_close(float_block_scale(size * x, 3, "E5M2"), torch.full((2, 2), size * 4.5 / 57344, dtype=torch.float64))


@FORMATS
@given(significand=significands(2, 3, 4), power=powers(2, 3, 4), place=st.integers(0, 4))
def test_mx_scale_takes_the_largest_magnitude_into_the_top_binade(mx_scale, significand, power, place, format):
    """m 2^e with 1 <= m < 2, divided by the scale, is m times the largest power of two in the format."""
    significand[0, :, 0] = numbers(1, 2 - 2**-23, 1 + 2**-23)
    significand[1, :, 0] = numbers(1, 2 - 2**-52, 2 - 2**-40)
    top = max(number for number in rungs(format).tolist() if math.frexp(number)[0] == 0.5)
    scale = mx_scale(blocks_of(significand * power, place), 5, format)
    arrived = (significand * power).to(scale.dtype).double()
    assert_equal(scale, torch.where(arrived == 2 * power, 2 * power, power) / top)


@FORMATS
@given(significand=significands(2, 3, 4), power=powers(2, 3, 4), place=st.integers(0, 4))
def test_mx_scale_up_is_the_least_that_saturates_nothing(mx_scale_up, significand, power, place, format):
    """Of all powers of two it is the first times which the largest number reaches the largest magnitude."""
    significand[0, :, 0] = torch.frexp(rungs(format)[-1]).mantissa * 2 + numbers(0, 2**-23, -(2**-23))
    significand[1, :, 0] = torch.frexp(rungs(format)[-1]).mantissa * 2 + numbers(0, 2**-52, 2**-40)
    maxima = significand * power
    scale = mx_scale_up(blocks_of(maxima, place), 5, format)
    candidates = torch.exp2(torch.arange(-127, 128).double())
    reach = candidates * largest(format) >= maxima.to(scale.dtype).double()[..., None]
    assert_equal(scale, candidates[reach.int().argmax(-1)])


@pytest.mark.parametrize("maximum", [0.0, 2.0**-126, 2.0**-125 + 2.0**-126])
def test_mx_scale_is_at_least_that_of_e8m0(mx_scale, mx_scale_up, maximum):
    """Zeros, and numbers too small for a scale of their own, have the least scale, 2^-127; the next block keeps its."""
    x = numbers(0, -maximum, 448, -3)
    assert_equal(mx_scale(x, 2, "E4M3"), numbers(2**-127, 1))
    assert_equal(mx_scale_up(x, 2, "E4M3"), numbers(2**-127, 1))


@FORMATS
@pytest.mark.parametrize("scale", [2.0**-60, 0.25, 2.0**60])
def test_quantize_float_finds_the_nearest_number(quantize_float, format, scale):
    """The number with the code is the nearest to x / s, at a tie the one whose code is even, or else the largest."""
    x = torch.cat([numbers_around(format).float(), torch.tensor([1e30, -1e30, torch.inf, -torch.inf])]).double()
    index, part = place_among(x, format)
    up = (part > 0.5) | (part == 0.5) & (index % 2 == 1)
    nearest = signed_rung(x.clamp(-(2.0**100), 2.0**100), (index + up).clamp(max=len(rungs(format)) - 1), format)
    codes = quantize_float(scale * torch.stack([x, 2 * x]), numbers(scale, 2 * scale)[:, None], format)
    assert_identical(float_numbers(format)[codes], nearest.expand(2, -1))


def test_quantize_float_divides_by_the_least_scale(quantize_float, dequantize_float):
    """2^-127, the code 0 of E8M0 and no normal number of FP32, is a scale like any other."""
    codes = quantize_float(numbers(2, -3, 448) * 2**-127, numbers(2**-127), "E4M3")
    assert_equal(float_numbers("E4M3")[codes], numbers(2, -3, 448))
    assert_equal(dequantize_float(codes, numbers(2**-127), "E4M3"), numbers(2, -3, 448) * 2**-127)


@pytest.mark.parametrize("format", ["E4M3", "E5M2", "E4M3FNUZ"])
def test_quantize_float_keeps_nan(quantize_float, format):
    """A NaN is none of the numbers of the format, saturation or not; its neighbours stay what they are."""
    codes = quantize_float(numbers(0.5, math.nan, -1), numbers(0.5), format)
    assert_identical(float_numbers(format)[codes], numbers(1, math.nan, -2))


@FORMATS
@given(x=normals(2, 3, 5))
def test_quantize_float_errs_by_half_a_spacing_at_scales_that_saturate_nothing(
    quantize_float, dequantize_float, float_scale, float_block_scale, mx_scale_up, x, format
):
    """Every entry comes back within half of the scaled spacing around it, and has the same code again."""
    x[..., 2] = -4.5
    for scale in [float_scale(x, format), float_block_scale(x, 5, format), mx_scale_up(x, 5, format)]:
        codes = quantize_float(x, scale, format)
        restored = dequantize_float(codes, scale, format)
        index, _ = place_among(x / scale.double(), format)
        half = gap_above(index, format) * scale.double() / 2
        assert_at_most(restored, x + half, 4.5)
        assert_at_most(-restored, half - x, 4.5)
        assert_equal(quantize_float(restored, scale, format), codes)


@pytest.mark.parametrize("format", ["E4M3", "E5M2", "E2M1", "E4M3FNUZ", "BF16", "E8M0"])
@given(power=powers(3, 1), scale=scales(3, 1))
def test_dequantize_float_equals_number_times_scale(dequantize_float, power, scale, format):
    """Each code stands for its number times the scale of its row, to the last bit if that is a power of two; a float32
    scale gives float32.
    """
    table = float_numbers(format)
    codes = torch.arange(len(table)).repeat(3, 1)
    assert_identical(dequantize_float(codes, power, format), table * power)
    assert_equal(dequantize_float(codes, power.float(), format).dtype, torch.float32)
    finite = table.isfinite()
    assert_close(dequantize_float(codes[:, finite], scale / 4, format), table[finite] * scale / 4)


@pytest.mark.parametrize("formats", [(), ("E5M2", "E4M3"), ("E2M1", "E5M2")])
@pytest.mark.parametrize(
    ("rows", "left_blocks", "right_blocks", "columns"),
    [(1, 1, 1, 1), (2, 1, 1, 5), (2, 3, 3, 5), (1, 2, 2, 5), (2, 6, 6, 1), (2, 1, 3, 1), (1, 6, 2, 5)],
)
@given(left=indices(254, 2, 6), right=indices(254, 6, 5), left_scale=scales(2, 6), right_scale=scales(6, 5))
def test_scaled_matmul_equals_sums_of_products(
    scaled_matmul, left, right, left_scale, right_scale, rows, left_blocks, right_blocks, columns, formats
):
    """Entries are sums of products of numbers, each that of its code times the scale of its row or column and block."""
    left_format, right_format = formats or ("E4M3", "E4M3")
    left, right = finite_codes(left_format, left), finite_codes(right_format, right)
    left_scale, right_scale = left_scale[:rows, :left_blocks].clone(), right_scale[:right_blocks, :columns].clone()
    left_real = float_numbers(left_format)[left] * left_scale[:, torch.arange(6) * left_blocks // 6]
    right_real = float_numbers(right_format)[right] * right_scale[torch.arange(6) * right_blocks // 6]
    terms = left_real[:, :, None] * right_real  # exact, as their factors have a few bits each
    product = scaled_matmul(left, right, left_scale, right_scale, *formats)
    assert_close(product, terms.sum(1), terms.abs().sum(1))


def test_scaled_matmul_keeps_every_digit_of_long_sums(scaled_matmul):
    """20001 products of 1 and 1, an odd number of 15 bits, which accumulators of 14 do not hold; of float32 scales the
    sums are float32.
    """
    one = float_numbers("E4M3").tolist().index(1.0)
    scale = numbers(1)[:, None]
    product = scaled_matmul(torch.full((2, 20001), one), torch.full((20001, 3), one), scale, scale)
    assert_equal(product, torch.full((2, 3), 20001.0))
    codes = torch.full((2, 2), one)
    assert_equal(scaled_matmul(codes, codes, scale.float(), scale.float()).dtype, torch.float32)


def test_scaled_matmul_hides_no_nan(scaled_matmul):
    """A NaN among the codes is one in every sum that it is part of, and in no other; so is an infinity."""
    scale, ones = numbers(1)[:, None], torch.full((2, 3), 0x3C)
    left = torch.tensor([[0x3C, 0x7E], [0x3C, 0x3C], [0x3C, 0xFC]])
    product = scaled_matmul(left, ones, scale, scale, "E5M2", "E5M2")
    assert_identical(product, numbers(math.nan, 2, -math.inf)[:, None].expand(3, 3))


@pytest.mark.parametrize("block", [0, -5, 4, 16])
def test_float_block_scale_rejects_blocks_that_do_not_divide(float_block_scale, mx_scale, mx_scale_up, block):
    """Blocks have one entry or more, and together as many as the axis."""
    assert_rejects(float_block_scale, steps(2, 15), block, "E4M3")
    assert_rejects(mx_scale, steps(2, 15), block, "E4M3")
    assert_rejects(mx_scale_up, steps(2, 15), block, "E4M3")


@pytest.mark.parametrize("blocks", [0, 4, 12])
def test_scaled_matmul_rejects_blocks_that_do_not_divide(scaled_matmul, blocks):
    """The blocks of each matrix have one entry or more, and together as many as the inner axis."""
    left, right, one = torch.ones(2, 6).long(), torch.ones(6, 5).long(), torch.ones(1, 1)
    assert_rejects(scaled_matmul, left, right, torch.ones(2, blocks), one)
    assert_rejects(scaled_matmul, left, right, one, torch.ones(blocks, 5))


def test_float_scale_rejects_unknown_formats(
    float_scale, float_block_scale, mx_scale, mx_scale_up, quantize_float, dequantize_float, scaled_matmul
):
    """A format has to be known by its name, and a table of FP32 does not fit."""
    x, codes, scale = steps(2, 3), torch.ones(3, 3).long(), torch.ones(1, 1)
    assert_rejects(float_scale, x, "FP9")
    assert_rejects(float_block_scale, x, 3, "FP9")
    assert_rejects(mx_scale, x, 3, "FP9")
    assert_rejects(mx_scale_up, x, 3, "FP9")
    assert_rejects(quantize_float, x, numbers(0.5), "FP9")
    assert_rejects(dequantize_float, codes, numbers(0.5), "FP9")
    assert_rejects(scaled_matmul, codes, codes, scale, scale, "FP9")
    assert_rejects(scaled_matmul, codes, codes, scale, scale, "E4M3", "FP9")
    assert_rejects(dequantize_float, codes, numbers(0.5), "FP32")
    assert_rejects(scaled_matmul, codes, codes, scale, scale, "FP32")
    assert_rejects(scaled_matmul, codes, codes, scale, scale, "E4M3", "FP32")
