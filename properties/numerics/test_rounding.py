"""Laws of `reference.numerics.rounding`.

Where numbers go in and come back, they are rounded to the dtype of the result first: a subject that works in float32 is
judged by what it was handed.
"""

import math

import numpy as np
import pytest
import torch

from properties.closeness import assert_equal, assert_identical, assert_identical_everywhere
from properties.oracles import float_numbers, gap_above, numbers_around, place_among, rungs, signed_rung
from properties.rejection import assert_rejects
from properties.strategies import numbers

FORMATS = ["E5M2", "E4M3", "E5M2FNUZ", "E4M3FNUZ", "E2M1", "E8M0", "FP16", "BF16", "TF32"]


@pytest.mark.parametrize("format", FORMATS)
def test_round_nearest_away_finds_the_nearest_number(round_nearest_away, format):
    """Less than half a spacing above a number it is that one, from half a spacing on the next one."""

    def nearest(x):
        index, part = place_among(x, format)
        return signed_rung(x, index + (part >= 0.5), format)

    assert_identical_everywhere(lambda x: round_nearest_away(x, format), numbers_around(format), nearest)


@pytest.mark.parametrize("format", ["E5M2", "TF32"])
def test_round_nearest_away_leaves_less_than_half_of_the_smallest_number(round_nearest_away, format):
    """The float64 number just below half of the smallest one goes to 0, although adding a half gives 1."""
    half = rungs(format)[1] / 2
    x = torch.stack([half, torch.nextafter(half, 0 * half), half / 2])
    rounded = round_nearest_away(x, format)
    assert_equal(rounded, torch.where(x.to(rounded.dtype) < half, 0.0, 2 * half))


def test_round_nearest_away_carries_as_integers_do(round_nearest_away, round_towards_zero):
    """TF32 operands are FP32 bits with the low 13 cleared, after adding the highest of these or as they are."""
    bits = torch.cat([torch.arange(0, 0x7F800000, 40503), 0x3F800FFF + torch.arange(3), 0x7F7FEFFF + torch.arange(3)])
    bits = torch.cat([bits, bits + 2**31])

    def number(some):
        return torch.from_numpy(some.numpy().astype(np.uint32).view(np.float32)).double()

    x = number(bits)
    assert_identical(round_nearest_away(x, "TF32"), number((bits + 2**12) // 2**13 * 2**13))
    assert_identical(round_towards_zero(x, "TF32"), number(bits // 2**13 * 2**13))


@pytest.mark.parametrize("format", FORMATS)
def test_round_towards_zero_finds_the_neighbour_on_its_side(
    round_towards_zero, round_towards_positive, round_towards_negative, format
):
    """Of the two neighbours of x one is towards zero, one is not below x, and one is not above."""

    def inner(x):
        return signed_rung(x, place_among(x, format)[0], format)

    def outer(x):
        index, part = place_among(x, format)
        return signed_rung(x, index + (part > 0), format)

    x = numbers_around(format)
    assert_identical_everywhere(lambda some: round_towards_zero(some, format), x, inner)
    assert_identical_everywhere(
        lambda some: round_towards_positive(some, format),
        x,
        lambda some: torch.where(some < 0, inner(some), outer(some)),
    )
    assert_identical_everywhere(
        lambda some: round_towards_negative(some, format),
        x,
        lambda some: torch.where(some < 0, outer(some), inner(some)),
    )


@pytest.mark.parametrize(
    ("format", "largest", "overflow"),
    [("E4M3", 448.0, math.nan), ("E5M2", 57344.0, math.inf), ("E5M2FNUZ", 57344.0, math.nan), ("E2M1", 6.0, 6.0)],
)
def test_round_towards_zero_never_overflows(
    round_towards_zero, round_towards_positive, round_towards_negative, round_nearest_away, format, largest, overflow
):
    """A finite number beyond the largest one stays finite unless it is rounded away from 0; infinity stays as it is."""
    x = numbers(largest + 0.03125, 2.0**100, math.inf, -largest - 0.03125, -(2.0**100), -math.inf, math.nan)
    lost = overflow if format == "E2M1" else math.nan
    inner = numbers(largest, largest, overflow, -largest, -largest, -overflow, lost)
    outer = numbers(overflow, overflow, overflow, -overflow, -overflow, -overflow, lost)
    nearest = numbers(largest, overflow, overflow, -largest, -overflow, -overflow, lost)
    assert_identical(round_towards_zero(x, format), inner)
    assert_identical(round_towards_positive(x, format), torch.where(x < 0, inner, outer))
    assert_identical(round_towards_negative(x, format), torch.where(x < 0, outer, inner))
    assert_identical(round_nearest_away(x, format), nearest)


def test_round_towards_positive_keeps_scales_above_their_least(
    round_towards_zero, round_towards_positive, round_towards_negative, round_nearest_away
):
    """Below 2^-127 E8M0 has nothing: every rounding ends there, and at NaN for what has a minus sign."""
    x, least = numbers(0.0, 2.0**-140, -(2.0**-140), -1.0), numbers(2.0**-127, 2.0**-127, math.nan, math.nan)
    for rounded in (round_towards_zero, round_towards_positive, round_towards_negative, round_nearest_away):
        assert_identical(rounded(x, "E8M0"), least)


@pytest.mark.parametrize("format", [*FORMATS, "FP32"])
def test_round_towards_zero_keeps_single_precision(
    round_nearest_even,
    round_nearest_away,
    round_towards_zero,
    round_towards_positive,
    round_towards_negative,
    round_stochastic,
    saturate,
    format,
):
    """A float32 number is rounded as the float64 number that it is, also NaN, and stays float32; the result is a number
    of the format, and those stay.
    """
    inner = "BF16" if format == "FP32" else format
    kept = rungs(inner)[-300:].float()
    x = torch.cat([numbers_around(inner), numbers(math.nan, math.inf)]).float()
    payloads = torch.tensor([0x7F800001, 0x7F801000, 0x7FFFF000, 0x7FFFFFFF], dtype=torch.int32)
    x = torch.cat([x, payloads.view(torch.float32)])
    x = x[~x.isnan()] if format == "E2M1" else x  # what E2M1 has for NaN is another law's
    bits = torch.arange(len(x)) % 8

    def by_chance(some, name):
        return round_stochastic(some, bits[: len(some)], 3, name)

    for rounded in (
        round_nearest_even,
        round_nearest_away,
        round_towards_zero,
        round_towards_positive,
        round_towards_negative,
        by_chance,
        saturate,
    ):
        narrow = rounded(x, format)
        assert_equal(narrow.dtype, torch.float32)
        assert_identical(narrow, rounded(x.double(), format))
        assert_identical(rounded(kept, format), kept)
    narrow = round_towards_zero(x, format)
    assert format == "FP32" or not place_among(narrow[narrow.isfinite()], format)[1].any()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("num_bits", [1, 3])
def test_round_stochastic_preserves_the_mean(round_stochastic, num_bits, format):
    """The mean over all n random bits of a number that is k / 2^n of a spacing above one of the format is itself."""
    count = 2**num_bits
    index = torch.arange(len(rungs(format)) - 1)[:: len(rungs(format)) // 128 + 1]
    part = torch.arange(count) / count
    x = (rungs(format)[index][:, None] + part * gap_above(index, format)[:, None]).flatten()
    x = (x if format == "E8M0" else torch.cat([x, -x]))[:, None].expand(-1, count)
    rounded = round_stochastic(x, torch.arange(count).expand_as(x), num_bits, format)
    assert not place_among(rounded, format)[1].any()
    assert_equal(rounded.double().sum(-1), count * x[:, 0])


@pytest.mark.parametrize("format", ["E5M2", "BF16"])
@pytest.mark.parametrize("num_bits", [1, 3])
def test_round_stochastic_goes_up_as_often_as_the_nearest_share(round_stochastic, num_bits, format):
    """Of 2^n random numbers 2^n f round away from 0, to the nearest whole number, down at a tie."""
    count = 2**num_bits
    x = numbers_around(format)
    x = x[x.abs() < rungs(format)[-1]]
    rounded = round_stochastic(x[:, None].expand(-1, count), torch.arange(count).expand(len(x), -1), num_bits, format)
    arrived = x.to(rounded.dtype)
    index, part = place_among(arrived, format)
    ups = (part * count).floor() + (part * count % 1 > 0.5)
    inner, outer = signed_rung(arrived, index, format)[:, None], signed_rung(arrived, index + 1, format)[:, None]
    expected = torch.where(torch.arange(count) < count - ups[:, None], inner, outer)
    assert_equal(rounded.abs().sort(-1).values, expected.abs())
    assert_equal(rounded.signbit(), expected.signbit())


@pytest.mark.parametrize(
    ("format", "largest", "overflow"), [("E4M3", 448.0, math.nan), ("E5M2", 57344.0, math.inf), ("E2M1", 6.0, 6.0)]
)
def test_round_stochastic_overflows_above_the_largest_number(round_stochastic, format, largest, overflow):
    """Of the numbers that 3 random bits make of one a quarter of a spacing above the largest 2 overflow, and all of
    those of larger ones and of infinity; NaN stays.
    """
    above = largest * (1 + (largest - rungs(format)[-2].item()) / largest / 4)
    x = numbers(above, -above, 2 * largest, -(2.0**100), math.inf, -math.inf, math.nan)[:, None].expand(7, 8)
    rounded = round_stochastic(x, torch.arange(8).expand(7, 8), 3, format)
    overflows = torch.arange(8) < torch.tensor([2, 2, 8, 8, 8, 8])[:, None]
    ends = x[:6].sign() * torch.where(overflows, overflow, largest)
    assert_identical(rounded[:6].sort(-1).values, ends.sort(-1).values)
    assert format == "E2M1" or rounded[6].isnan().all()


@pytest.mark.parametrize("digits", [18, 38])
@pytest.mark.parametrize("num_bits", [40, 52])
def test_round_stochastic_uses_all_of_its_random_bits(round_stochastic, num_bits, digits):
    """Of many random numbers the last that rounds up and the first that does not are told apart, from either end, also
    if x has many digits of its own.
    """
    x = torch.full((6,), -1.0625 - 2.0 ** (-digits - 2), dtype=torch.float64)
    dtype = round_stochastic(x[:1], torch.tensor([0]), num_bits, "E5M2").dtype
    threshold = int((-x[0].to(dtype).double().item() - 1) * 4 * 2**num_bits)
    bits = torch.tensor([0, threshold - 1, threshold])
    rounded = round_stochastic(x, torch.cat([bits, 2**num_bits - 1 - bits]), num_bits, "E5M2")
    assert_equal(rounded.sort().values, numbers(-1.25, -1.25, -1.0, -1.0, -1.0, -1.0))


@pytest.mark.parametrize("num_bits", [-1, 0, 53])
def test_round_stochastic_rejects_impossible_numbers_of_bits(round_stochastic, num_bits):
    """From 1 to 52 random bits can be compared with a part of a spacing."""
    assert_rejects(round_stochastic, numbers(1.0, 2.0), torch.tensor([0, 0]), num_bits, "E5M2")


@pytest.mark.parametrize(
    ("format", "largest"), [("E4M3", 448.0), ("E5M2", 57344.0), ("FP16", 65504.0), ("E2M1", 6.0), ("E8M0", 2.0**127)]
)
def test_saturate_is_bounded_by_largest_number(saturate, round_nearest_even, format, largest):
    """It is the median of x and the two ends; infinity becomes the largest number, and NaN stays."""
    x = torch.cat([torch.arange(-60, 61) / 32 * largest, numbers(math.inf, -math.inf, math.nan)])
    ends = torch.full_like(x, largest)
    assert_identical(saturate(x, format), torch.stack([x, ends, -ends]).median(0).values)
    assert_equal(round_nearest_even(saturate(numbers(math.inf), format), format), numbers(largest))
    inside = x[x.abs() < largest]
    assert_identical(saturate(inside, format), inside)


@pytest.mark.parametrize("lower", [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF])
def test_bfloat16_bits_equals_nearest_even_upper_half(bfloat16_bits, lower):
    """The next upper half is nearer if the lower one is more than half of it, and as near, but even, if it is half."""
    upper = torch.arange(2**16)
    upper = upper[upper % 2**15 <= (0x7F80 if lower == 0 else 0x7F7F)]
    nearest = upper + (1 if lower > 0x8000 else 0 if lower < 0x8000 else upper % 2)
    assert_equal(bfloat16_bits(upper * 2**16 + lower), nearest)


@pytest.mark.parametrize("lower", [0, 1, 0x7FFF, 0x8000, 0xFFFF])
def test_bfloat16_bits_preserves_nan(bfloat16_bits, lower):
    """NaN stays NaN wherever its payload lies, and is quiet; its sign and its payload are free."""
    upper = torch.arange(2**16)
    upper = upper[upper % 2**15 >= (0x7F81 if lower == 0 else 0x7F80)]
    bits = bfloat16_bits(upper * 2**16 + lower)
    assert float_numbers("BF16")[bits].isnan().all()
    assert_equal(bits // 2**6 % 2, torch.ones_like(bits))
