"""Worked numbers of floating-point formats, and statements about them that are often met and wrong."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from properties.closeness import assert_equal
from properties.strategies import numbers
from reference.numerics.formats import decode_float, encode_float, largest_finite
from reference.numerics.rounding import (
    bfloat16_bits,
    round_nearest_away,
    round_nearest_even,
    round_stochastic,
    round_towards_zero,
)


@pytest.mark.claim("R001-036")
def test_repr_reads_back_and_six_digits_need_not():
    """repr has as many digits as are needed to read the same number back; the format g has six, .2f rounds the binary
    number, which is below 2.675, and takes the even digit at a true tie.
    """
    for x in (0.1, 1 / 3, math.pi * 1e100, 5e-324, 2.0**53 + 2, -0.0):
        assert math.copysign(1, float(repr(x))) == math.copysign(1, x)
        assert float(repr(x)) == x
    assert float(f"{1 / 3:g}") != 1 / 3
    assert (f"{0.00030:g}", f"{1 / 3:g}") == ("0.0003", "0.333333")
    assert (f"{2.675:.2f}", f"{0.125:.2f}", f"{0.375:.2f}") == ("2.67", "0.12", "0.38")
    assert Fraction(2.675) < Fraction("2.675")


@pytest.mark.claim("R001-077")
def test_halves_go_to_the_even_neighbour_on_both_sides():
    """Python, NumPy and torch round n + 1/2 to the even one of n and n + 1, so that round(-x) = -round(x)."""
    halves = [n + 0.5 for n in range(-7, 7)]
    for rounded in ([round(x) for x in halves], np.round(halves).tolist(), torch.tensor(halves).round().tolist()):
        assert all(x % 2 == 0 for x in rounded)
        assert [-x for x in reversed(rounded)] == rounded
        assert all(abs(x - half) == 0.5 for x, half in zip(rounded, halves, strict=True))


@pytest.mark.claim("R003-001")
def test_numbers_of_half_precision():
    """FP16 ends at 65504 and begins at 2^-24, BF16 ends at 3.38953e38; whole numbers are exact up to 2^(M + 1) = 2048
    and 256, and not the next one.
    """
    assert largest_finite("FP16") == 65504
    assert_equal(decode_float(torch.tensor([1, 0x0400]), "FP16"), numbers(2.0**-24, 2.0**-14))
    assert f"{largest_finite('BF16'):.5e}" == "3.38953e+38"
    for format, last in (("FP16", 2048), ("BF16", 256)):
        whole = torch.arange(-last, last + 1).double()
        assert_equal(round_nearest_even(whole, format), whole)
        assert_equal(round_nearest_even(numbers(last + 1), format), numbers(last))


@pytest.mark.claim("R003-003", "R003-004")
def test_eight_and_four_numbers_from_one_to_two():
    """In [1, 2) E4M3 has the eight numbers 1 + k/8 and E5M2 the four numbers 1 + k/4; the tie 1.0625 goes down to 1."""
    for format, count in (("E4M3", 8), ("E5M2", 4)):
        every = decode_float(torch.arange(256), format)
        assert_equal(every[(every >= 1) & (every < 2)], 1 + torch.arange(count) / count)
    assert_equal(round_nearest_even(numbers(1.0625, 1.1875), "E4M3"), numbers(1.0, 1.25))


@pytest.mark.claim("R003-004")
def test_e5m2_is_the_rounded_upper_byte_of_fp16():
    """Every number of FP16 encodes to its upper byte, one more where the lower byte is beyond half, or half and the
    upper one odd; NaN does not take part.
    """
    codes = torch.arange(2**16)
    values = decode_float(codes, "FP16")
    upper, lower = codes // 256, codes % 256
    expected = upper + ((lower > 128) | (lower == 128) & (upper % 2 == 1))
    assert_equal(encode_float(values, "E5M2")[~values.isnan()], expected[~values.isnan()])


@pytest.mark.claim("R003-002")
def test_tf32_errs_by_half_as_much_when_it_rounds():
    """For normal FP32 numbers the relative error is at most 2^-11 if operands are rounded and below 2^-10 if they are
    cut off; the worst cases are at 1 + 2^-11 and just below 1 + 2^-10.
    """
    x = 1 + torch.arange(2**14).double() * 2.0**-13
    rounded, cut = round_nearest_away(x, "TF32"), round_towards_zero(x, "TF32")
    assert 2.0**-12 < ((rounded - x).abs() / x).max() <= 2.0**-11
    assert 2.0**-11 < ((cut - x).abs() / x).max() < 2.0**-10


@pytest.mark.claim("E003-001")
def test_tf32_is_a_mode_of_matmul_and_no_dtype():
    """Tensors are FP32 by default, and matrix products of them are computed in full unless TF32 is allowed."""
    assert torch.tensor(1.0).dtype == torch.float32
    assert not hasattr(torch, "tfloat32")
    assert not hasattr(torch, "tf32")
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.claim("E003-002")
def test_fp16_ends_at_65504_on_both_sides():
    """The finite numbers of FP16 are symmetric; 66504 is infinite."""
    ends = numbers(-66504.0, -65504.0, 65504.0, 66504.0)
    assert_equal(round_nearest_even(ends, "FP16"), numbers(-math.inf, -65504.0, 65504.0, math.inf))
    assert_equal(ends.half().double(), numbers(-math.inf, -65504.0, 65504.0, math.inf))


@pytest.mark.claim("R003-001")
def test_bfloat16_rounds_to_nearest_even():
    """1.00390625 is a tie and goes to 1, 1.01171875 is one and goes to 1.015625, and 3.14 goes to 3.140625."""
    x = torch.tensor([1.00390625, 1.01171875, 3.14])
    bits = bfloat16_bits(x.view(torch.int32).long())
    assert_equal(decode_float(bits, "BF16"), numbers(1.0, 1.015625, 3.140625))
    assert_equal(decode_float(bits, "BF16"), x.bfloat16().double())


@pytest.mark.claim("R003-001")
def test_a_running_mean_stalls_in_bf16_unless_rounding_is_stochastic():
    """v <- v + 2^-10 (1 - v) in BF16 stays at 3/4, since 2^-12 is less than half a spacing of 2^-8; the mean over all
    random numbers of five bits moves by exactly 2^-12.
    """
    v = numbers(0.75) + 2.0**-10 * (1 - numbers(0.75))
    assert_equal(round_nearest_even(v, "BF16"), numbers(0.75))
    assert_equal(round_stochastic(v.expand(32), torch.arange(32), 5, "BF16").mean(), v[0])
