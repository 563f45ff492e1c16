"""Laws of `reference.numerics.formats`.

Where numbers go in and come back, they are rounded to the dtype of the result first: a subject that works in float32 is
judged by what it was handed.
"""

import functools
import math

import numpy as np
import pytest
import torch

from properties.closeness import assert_equal, assert_identical, assert_identical_everywhere
from properties.oracles import float_numbers, gap_above, numbers_around, place_among, rungs, signed_rung
from properties.rejection import assert_rejects
from properties.strategies import numbers

FORMATS = ["E5M2", "E4M3", "E5M2FNUZ", "E4M3FNUZ", "E2M1", "E8M0", "FP16", "BF16", "TF32"]


def machine_number(bits, kind=np.uint32, number=np.float32):
    """The number that these bits are to the machine."""
    return torch.from_numpy(bits.numpy().astype(kind).view(number)).double()


@functools.cache
def patterns():
    """Every forty-thousandth pattern of 32 bits, and those at the ends of all binades."""
    ends = torch.arange(512) * 2**23
    return torch.cat([torch.arange(0, 2**32, 40503), ends, ends + 1, ends + 2**23 - 1])


def nearest(x, format):
    """The number of a format that is nearest to x, at a tie the one whose code is even; E2M1 has 6 for NaN."""
    index, part = place_among(x, format)
    up = (part > 0.5) | (part == 0.5) & ((index % 2 == 1) | (format == "E8M0"))
    return torch.where(x.isnan() & (format != "E2M1"), torch.nan, signed_rung(x, index + up, format))


@pytest.mark.parametrize("format", FORMATS)
def test_decode_float_equals_one_spacing_after_the_other(decode_float, decode_float_lookup, format):
    """From 0 each code is one spacing above the last, to the largest number; then come infinity and NaN, if any."""
    table = float_numbers(format)
    codes = torch.arange(len(table)).flip(0).reshape(2, -1)
    assert_identical_everywhere(lambda some: decode_float(some, format), codes, lambda some: table[some])
    assert_identical_everywhere(lambda some: decode_float_lookup(some, format), codes, lambda some: table[some])


@pytest.mark.parametrize("format", ["FP32", "BF16", "E5M2"])
def test_decode_float_reads_bits_as_the_machine_does(decode_float, format):
    """FP32 is the machine's own; BF16 is its upper half, and E5M2 that of the machine's half precision."""
    codes = {"FP32": patterns(), "BF16": torch.arange(2**16), "E5M2": torch.arange(2**8)}[format]

    def by_machine(bits):
        if format == "E5M2":
            return machine_number(bits * 2**8, np.uint16, np.float16)
        return machine_number(bits * (2**16 if format == "BF16" else 1))

    assert_identical_everywhere(lambda bits: decode_float(bits, format), codes, by_machine)


@pytest.mark.parametrize("format", FORMATS)
def test_encode_float_inverts_decoding(encode_float, format):
    """Every number of a format, infinity and -0 included, has its own code, and NaN one that means NaN."""
    table = float_numbers(format)
    is_nan = table.isnan()
    codes = torch.arange(len(table))[~is_nan]
    assert_identical_everywhere(lambda some: encode_float(table[some], format), codes, lambda some: some)
    assert table[encode_float(table[is_nan], format)].isnan().all()


@pytest.mark.parametrize("format", FORMATS)
def test_encode_float_finds_the_nearest_number(encode_float, round_nearest_even, format):
    """Of all numbers the code is that of the nearest one, at a tie the even one; beyond the largest it overflows."""
    x = numbers_around(format)
    dtype = round_nearest_even(x[:1], format).dtype
    assert_identical_everywhere(lambda some: round_nearest_even(some, format), x, lambda some: nearest(some, format))
    assert_identical_everywhere(
        lambda some: float_numbers(format)[encode_float(some, format)].to(dtype), x, lambda some: nearest(some, format)
    )


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "E8M0"])
def test_encode_float_bitwise_finds_the_nearest_number(encode_float_bitwise, format):
    """The same holds for FP32 numbers of every size, subnormal ones, infinities and NaN; codes are bit patterns."""
    x = torch.cat([numbers_around(format), machine_number(patterns())]).float().reshape(1, -1)
    assert_identical_everywhere(
        lambda some: float_numbers(format)[encode_float_bitwise(some, format)],
        x,
        lambda some: nearest(some.double(), format),
    )
    table = float_numbers(format)
    codes = (~table.isnan()).nonzero().flatten()
    assert_equal(encode_float_bitwise(table[codes].float(), format), codes)


def test_encode_float_rounds_to_fp32_as_the_machine_does(encode_float, round_nearest_even):
    """Halfway between two FP32 numbers, and just beside it, the bits are those that the processor rounds to."""
    bits = patterns()
    tie = (machine_number(bits) + machine_number((bits + 1) % 2**32)) / 2
    x = torch.cat([tie, tie * (1 + 2.0**-40), tie * (1 - 2.0**-40)])
    x = x[~x.isnan()]
    dtype = round_nearest_even(x[:1], "FP32").dtype
    assert_identical_everywhere(lambda some: round_nearest_even(some, "FP32"), x, torch.Tensor.float)
    assert_identical_everywhere(
        lambda some: machine_number(encode_float(some, "FP32")).to(dtype), x, torch.Tensor.float
    )


@pytest.mark.parametrize(
    ("format", "x", "expected"),
    [
        ("E4M3", 464.0, 448.0),
        ("E4M3", 464.03125, math.nan),
        ("E4M3", -math.inf, math.nan),
        ("E5M2", -61439.5, -57344.0),
        ("E5M2", 61440.0, math.inf),
        ("E5M2", -(2.0**100), -math.inf),
        ("E4M3FNUZ", 247.5, 240.0),
        ("E4M3FNUZ", 248.0, math.nan),
        ("E5M2FNUZ", -61439.5, -57344.0),
        ("E5M2FNUZ", -61440.0, math.nan),
        ("E5M2FNUZ", -(2.0**-19), 0.0),
        ("FP16", 65519.5, 65504.0),
        ("FP16", 65520.0, math.inf),
        ("FP32", math.nan, math.nan),
        ("TF32", 2.0**128 - 2.0**104, math.inf),
        ("E2M1", -100.0, -6.0),
        ("E2M1", math.nan, 6.0),
        ("E8M0", 0.0, 2.0**-127),
        ("E8M0", 2.0**-140, 2.0**-127),
        ("E8M0", -1.0, math.nan),
        ("E8M0", math.inf, math.nan),
        ("E8M0", -math.inf, math.nan),
        ("E8M0", math.nan, math.nan),
    ],
)
def test_encode_float_overflows_and_underflows_by_the_rules(encode_float, round_nearest_even, format, x, expected):
    """Overflow begins halfway to the number that would come next; without infinity it is NaN, in E2M1 the largest."""
    x, expected = torch.tensor(x, dtype=torch.float64), torch.tensor(expected, dtype=torch.float64)
    assert_identical(round_nearest_even(x, format), expected)
    code = encode_float(x, format)
    assert_identical(machine_number(code) if format == "FP32" else float_numbers(format)[code], expected)


def test_decode_float_reads_one_code_afresh(decode_float, decode_float_lookup):
    """A single code is a number without axes, and stays it when what was read before is written over."""
    for decode in (decode_float, decode_float_lookup):
        decode(torch.tensor(57), "E4M3").zero_()
        assert_equal(decode(torch.tensor(57), "E4M3"), 1.125)


@pytest.mark.parametrize(
    ("format", "largest", "normal", "subnormal"),
    [
        ("FP32", (2 - 2.0**-23) * 2.0**127, 2.0**-126, 2.0**-149),
        ("TF32", (2 - 2.0**-10) * 2.0**127, 2.0**-126, 2.0**-136),
        ("FP16", 65504.0, 2.0**-14, 2.0**-24),
        ("BF16", (2 - 2.0**-7) * 2.0**127, 2.0**-126, 2.0**-133),
        ("E5M2", 57344.0, 2.0**-14, 2.0**-16),
        ("E4M3", 448.0, 2.0**-6, 2.0**-9),
        ("E5M2FNUZ", 57344.0, 2.0**-15, 2.0**-17),
        ("E4M3FNUZ", 240.0, 2.0**-7, 2.0**-10),
        ("E2M1", 6.0, 1.0, 0.5),
    ],
)
def test_largest_finite_equals_published_range(
    largest_finite, smallest_normal, smallest_subnormal, format, largest, normal, subnormal
):
    """The largest, the smallest normal and the smallest subnormal number are those of the tables of the standards."""
    assert_equal(largest_finite(format), largest)
    assert_equal(smallest_normal(format), normal)
    assert_equal(smallest_subnormal(format), subnormal)


def test_smallest_subnormal_rejects_scales_without_mantissa(largest_finite, smallest_normal, smallest_subnormal):
    """E8M0 holds the powers of two from 2^-127 to 2^127 and nothing below."""
    assert_equal(largest_finite("E8M0"), 2.0**127)
    assert_equal(smallest_normal("E8M0"), 2.0**-127)
    assert_rejects(smallest_subnormal, "E8M0")


@pytest.mark.parametrize("format", FORMATS)
def test_spacing_equals_gap_between_neighbours(spacing, format):
    """It is the gap between the two numbers around x, above x if that is one, however close it is to the next gap."""
    below = torch.nextafter(rungs(format)[-300:], numbers(0.0))
    x = torch.cat([numbers_around(format), below, numbers(0.0, 2.0**127, -math.inf)])
    assert_identical_everywhere(
        lambda some: spacing(some, format), x, lambda some: gap_above(place_among(some, format)[0], format)
    )


def test_spacing_equals_difference_to_the_next_bits(spacing):
    """In FP32 it is the number of the next bits less that of these, in the precision of x."""
    bits = patterns()[patterns() < 0x7F7FFFFF]
    x = machine_number(bits)
    assert_identical(spacing(x, "FP32"), machine_number(bits + 1) - x)
    narrow = spacing(x.float(), "FP32")
    assert_equal(narrow.dtype, torch.float32)
    assert_identical(narrow, machine_number(bits + 1) - x)


def test_encode_float_bitwise_rejects_formats_without_bits_to_round(encode_float_bitwise, decode_float_lookup):
    """FP32 has all bits of the mantissa and E8M0 none; and a table of all of FP32 does not fit."""
    assert_equal(encode_float_bitwise(numbers(1.0, 2.0).float(), "E2M1"), torch.tensor([2, 4]))
    assert_equal(decode_float_lookup(torch.tensor([2, 4]), "E2M1"), [1, 2])
    assert_rejects(encode_float_bitwise, numbers(1.0, 2.0).float(), "FP32")
    assert_rejects(encode_float_bitwise, numbers(1.0, 2.0).float(), "E8M0")
    assert_rejects(decode_float_lookup, torch.tensor([1, 2]), "FP32")


@pytest.mark.parametrize("format", ["E3M4", "fp16", ""])
def test_decode_float_rejects_unknown_formats(
    decode_float,
    encode_float,
    decode_float_lookup,
    encode_float_bitwise,
    largest_finite,
    smallest_normal,
    smallest_subnormal,
    spacing,
    format,
):
    """A format is one of the ten names."""
    assert_rejects(decode_float, torch.tensor([1, 2]), format)
    assert_rejects(encode_float, numbers(1.0, 2.0), format)
    assert_rejects(decode_float_lookup, torch.tensor([1, 2]), format)
    assert_rejects(encode_float_bitwise, numbers(1.0, 2.0).float(), format)
    assert_rejects(spacing, numbers(1.0, 2.0), format)
    assert_rejects(largest_finite, format)
    assert_rejects(smallest_normal, format)
    assert_rejects(smallest_subnormal, format)
