"""Laws of `reference.transformer.rope_scaling`."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics

WIDTHS = st.integers(2, 7).map(lambda pairs: 2 * pairs)
BASES = st.sampled_from([1.5, 8.0, 50.0, 10000.0])
FACTORS = st.sampled_from([0.5, 1.0, 1.5, 2.5, 8.0])
SPEEDS = dyadics(1, 4096, 5)


@st.composite
def heads(draw, *marks):
    """Channels, base and original length, which is just above or below that of a mark's turns at a whole index."""
    channels, base, turns = draw(WIDTHS), draw(BASES), draw(st.sampled_from(marks))
    index = draw(st.one_of(st.integers(0, channels // 2), st.sampled_from([-2, channels - 1, channels + 1])))
    length = math.tau * turns * base ** (2 * index / channels)
    return channels, base, max(1, draw(st.sampled_from([math.floor, math.ceil]))(length))


def plain(channels, base, count=None):
    """The frequencies of as many pairs, by default of all, as fractions of the circle of the first pair."""
    return [math.exp(-2 * i / channels * math.log(base)) for i in range(count or channels // 2)]


def geometric(channels, base, stretch):
    """Frequencies in equal ratios from 1 to the last plain one over the stretch."""
    return np.geomspace(1, plain(channels, base)[-1] / stretch, channels // 2)


def shrunk(frequencies, kept, factor):
    """Frequencies kept by a share and divided by the factor for the rest."""
    return [f * (share + (1 - share) / factor) for f, share in zip(frequencies, kept, strict=True)]


def kept_by_index(channels, base, length, fast, slow):
    """Share 1 up to the last index of `fast` turns, 0 from the first of `slow`, found by looking at each index."""
    turns = [length * f / math.tau for f in plain(channels, base, channels)]
    low = max((i for i, made in enumerate(turns) if made >= fast), default=0)
    high = min((i for i, made in enumerate(turns) if made <= slow), default=channels - 1)
    return [float(i <= low) if low == high else np.interp(i, [low, high], [1, 0]) for i in range(channels // 2)]


@given(speeds=SPEEDS, positions=dyadics(-512, 512, 3, grid=8), factor=st.sampled_from([1, 2.5, 3, 7]))
def test_linear_scaled_frequencies_stretches_positions(
    linear_scaled_frequencies, rope_angles, speeds, positions, factor
):
    """Position s m gets the angles that m had."""
    scaled = linear_scaled_frequencies(speeds, float(factor)).double()
    expected = [[m * f for f in speeds.tolist()] for m in positions.tolist()]
    assert_close(rope_angles(positions * factor, scaled), expected)


@given(bits=st.integers(0, 4), pairs=st.integers(2, 7), base=BASES)
def test_ntk_aware_base_equals_root_of_last_pair(ntk_aware_base, bits, pairs, base):
    """To divide the last of n frequencies by 2^(k (n - 1)) the base grows by 2^(k n)."""
    expected = base * 2.0 ** (bits * pairs)
    assert_close(ntk_aware_base(2 * pairs, base, 2.0 ** (bits * (pairs - 1))), expected, expected * (1 + bits * pairs))


@given(channels=WIDTHS, base=BASES, factor=st.sampled_from([1.0, 1.5, 2.5, 8.0]))
def test_ntk_aware_frequencies_falls_in_equal_ratios_to_the_last_over_the_factor(
    ntk_aware_frequencies, channels, base, factor
):
    """The first frequency stays 1, the last is divided by s, and ratios of neighbours are equal."""
    expected = geometric(channels, base, factor)
    condition = expected * (1 + math.log(base * factor))
    assert_close(ntk_aware_frequencies(channels, base, factor), expected, condition)


def test_ntk_aware_base_falls_with_factors_below_one(ntk_aware_base, ntk_aware_frequencies, part_ntk_frequencies):
    """Half the length takes the base of two pairs to a quarter."""
    assert_close(ntk_aware_base(4, 16.0, 0.5), 4.0)
    assert_close(ntk_aware_frequencies(4, 16.0, 0.5), [1, 0.5])
    assert_close(part_ntk_frequencies(4, 16.0, 0.5, 1), [1, 0.5])


@given(
    channels=WIDTHS,
    base=BASES,
    factor=st.sampled_from([0.5, 1.0, 2.5, 8.0]),
    original_length=st.integers(1, 40),
    beyond=st.sampled_from([-30, -1, 0, 1, 30, 160]),
)
def test_dynamic_ntk_frequencies_follows_the_length(
    dynamic_ntk_frequencies, channels, base, factor, original_length, beyond
):
    """Up to the original length nothing changes; s (n - L) / L + 1 is what divides the last frequency beyond it.

    A longer sequence before it does not matter.
    """
    length = original_length + beyond
    dynamic_ntk_frequencies(channels, base, factor, 9 * original_length, original_length)
    stretch = 1 + Fraction(factor) * max(beyond, 0) / original_length
    expected = geometric(channels, base, float(stretch))
    condition = expected * (1 + factor * abs(length) / original_length + math.log(base * stretch))
    assert_close(dynamic_ntk_frequencies(channels, base, factor, length, original_length), expected, condition)


@given(
    turns=dyadics(1, 64 * 40, 5, grid=64),
    factor=FACTORS,
    length=st.integers(1, 5000),
    band=st.sampled_from([(1.0, 32.0), (0.0, 0.5), (0.75, 4.0), (2.0, 2.0625)]),
)
def test_ntk_by_parts_frequencies_is_linear_in_the_number_of_turns(
    ntk_by_parts_frequencies, llama3_frequencies, turns, factor, length, band
):
    """Pairs with few turns within L are divided by s, those with many are kept, and a straight line joins the ends."""
    frequencies = turns * math.tau / length
    expected = shrunk(frequencies.tolist(), np.interp(turns, band, [0, 1]), factor)
    condition = frequencies * max(1, 1 / factor) * (1 + turns / (band[1] - band[0]))
    assert_close(ntk_by_parts_frequencies(frequencies, factor, length, *band), expected, condition)
    assert_close(llama3_frequencies(frequencies, factor, *band, length), expected, condition)
    if band == (1.0, 32.0):
        assert_close(ntk_by_parts_frequencies(frequencies, factor, length), expected, condition)


@given(head=heads(16.0, 2.0, 1.25, 0.75), factor=st.sampled_from([1.5, 2.5, 8.0]))
def test_part_ntk_frequencies_passes_from_plain_to_ntk_to_linear(part_ntk_frequencies, head, factor):
    """From 16 turns down to 2 plain frequencies give way to others: of 1.25 turns NTK-aware, of 0.75 divided by s."""
    channels, base, length = head
    pieces = zip(
        plain(channels, base),
        geometric(channels, base, factor),
        kept_by_index(channels, base, length, 16, 2),
        kept_by_index(channels, base, length, 1.25, 0.75),
        strict=True,
    )
    expected = [f * kept + (1 - kept) * (ntk * share + f / factor * (1 - share)) for f, ntk, kept, share in pieces]
    condition = torch.tensor(expected) * (1 + math.log(base * factor))
    assert_close(part_ntk_frequencies(channels, base, factor, length), expected, condition)


def test_part_ntk_frequencies_keeps_pairs_of_sixteen_turns(part_ntk_frequencies):
    """Of pairs that make 18.2, 17.2 and 16.2 turns none is changed."""
    frequencies = torch.tensor(plain(14, 1.5)[:4], dtype=torch.float64)
    length = round(16.2 * math.tau / frequencies[3].item())
    assert_close(part_ntk_frequencies(14, 1.5, 4.0, length)[:4], frequencies, frequencies * (1 + math.log(6)))


@given(head=heads(32.0, 4.0, 1.0, 0.5), factor=FACTORS, given_turns=st.sampled_from([(), (4.0, 0.5), (3.0, 2.5)]))
def test_yarn_frequencies_is_linear_between_whole_indices(yarn_frequencies, head, factor, given_turns):
    """Pairs are kept up to the last index of 32 turns, divided by s from the first of 1, and blended between."""
    channels, base, length = head
    kept = kept_by_index(channels, base, length, *(given_turns or (32, 1)))
    expected = shrunk(plain(channels, base), kept, factor)
    condition = torch.tensor(plain(channels, base)) * max(1, 1 / factor) * (1 + math.log(base))
    assert_close(yarn_frequencies(channels, base, factor, length, *given_turns), expected, condition)


@given(head=heads(32.0, 4.0, 1.0, 0.5), factor=FACTORS, given_turns=st.sampled_from([(), (4.0, 0.5)]))
def test_yarn_frequencies_untruncated_is_linear_in_the_logarithm_of_the_turns(
    yarn_frequencies_untruncated, head, factor, given_turns
):
    """The ramp runs from 32 turns to 1, or from and to those of index 0 and channels - 1 where these are nearer."""
    channels, base, length = head
    turns = [length * f / math.tau for f in plain(channels, base, channels)]
    fast, slow = (min(max(end, turns[-1]), turns[0]) for end in given_turns or (32.0, 1.0))
    width = math.log(fast / slow)
    kept = [np.interp(math.log(made / slow), [0, width], [0, 1]) if width else made >= fast for made in turns]
    frequencies = plain(channels, base)
    condition = torch.tensor(frequencies) * max(1, 1 / factor) * (1 + 4 * math.log(base * length * 64) / (width or 1))
    observed = yarn_frequencies_untruncated(channels, base, factor, length, *given_turns)
    assert_close(observed, shrunk(frequencies, kept[: channels // 2], factor), condition)


@pytest.mark.parametrize(
    ("channels", "base", "length", "low", "high"),
    [
        (128, 1e4, 4096, 20, 46),
        (128, 1e6, 32768, 23, 40),
        (64, 1e4, 2048, 8, 21),
        (128, 1e4, 2048, 16, 41),
    ],
)
def test_yarn_frequencies_has_known_ends_of_the_ramp(yarn_frequencies, channels, base, length, low, high):
    """Heads of well-known models keep pairs 0..low, divide those from high on by s and blend the ones between."""
    frequencies = torch.tensor(plain(channels, base), dtype=torch.float64)
    scaled = yarn_frequencies(channels, base, 4.0, length)
    shares = (scaled.double() / frequencies).tolist()
    assert_close(scaled[: low + 1], frequencies[: low + 1], frequencies[: low + 1] * math.log(base))
    assert_close(scaled[high:], frequencies[high:] / 4, frequencies[high:] * math.log(base))
    assert all(0.2501 < share < 0.9999 for share in shares[low + 1 : high])


@given(tens=st.sampled_from([-20, -10, 0, 5, 25, 80]))
def test_yarn_attention_factor_is_linear_in_the_logarithm(yarn_attention_factor, yarn_attention_factor_by_mscale, tens):
    """exp(10 k) gives 1 + k, and 1 where it is at most 1; with coefficients (1 + a k) / (1 + b k)."""
    k = max(Fraction(tens, 10), 0)
    factor = math.exp(tens)
    assert_close(yarn_attention_factor(factor), float(1 + k))
    for a, b in ((1.0, 0.0), (0.0, 1.0), (3.0, 3.0), (0.75, 2.0)):
        expected = (1 + Fraction(a) * k) / (1 + Fraction(b) * k)
        assert_close(yarn_attention_factor_by_mscale(factor, a, b), float(expected))


@given(
    speeds=SPEEDS,
    short=dyadics(64, 512, 5, grid=64),
    long=dyadics(64, 4096, 5, grid=64),
    original_length=st.integers(1, 9),
    beyond=st.integers(-4, 4),
)
def test_longrope_frequencies_divides_each_pair_by_its_factor(
    longrope_frequencies, speeds, short, long, original_length, beyond
):
    """The long table is for lengths beyond the original one, the short one for that length and less, even after it."""
    table = long if beyond > 0 else short
    longrope_frequencies(speeds, short, long, 2 * original_length, original_length)
    expected = [float(Fraction(f) / Fraction(by)) for f, by in zip(speeds.tolist(), table.tolist(), strict=True)]
    observed = longrope_frequencies(speeds, short, long, original_length + beyond, original_length)
    assert_close(observed, expected)


@given(root=st.integers(2, 90), power=st.sampled_from([-3, -1, 0, 1, 8]))
def test_longrope_attention_factor_equals_root_of_one_plus_power(longrope_attention_factor, root, power):
    """A factor of L^(k / 2) gives sqrt(1 + k / 2), and one of at most 1 gives 1."""
    observed = longrope_attention_factor(float(root) ** power, root**2)
    assert_close(observed, math.sqrt(1 + max(power, 0) / 2))


@pytest.mark.parametrize("factor", [-1.0, 0.0, math.inf, math.nan])
def test_linear_scaled_frequencies_rejects_impossible_factors(
    linear_scaled_frequencies,
    ntk_aware_base,
    ntk_aware_frequencies,
    dynamic_ntk_frequencies,
    ntk_by_parts_frequencies,
    part_ntk_frequencies,
    yarn_frequencies,
    yarn_frequencies_untruncated,
    yarn_attention_factor,
    yarn_attention_factor_by_mscale,
    llama3_frequencies,
    longrope_attention_factor,
    factor,
):
    """A scaling factor is positive and finite."""
    speeds = torch.tensor([1, 0.5], dtype=torch.float64)
    assert_equal(linear_scaled_frequencies(speeds, 0.5), [2, 1])
    assert_rejects(linear_scaled_frequencies, speeds, factor)
    assert_rejects(ntk_aware_base, 4, 10.0, factor)
    assert_rejects(ntk_aware_frequencies, 4, 10.0, factor)
    assert_rejects(dynamic_ntk_frequencies, 4, 10.0, factor, 30, 20)
    assert_rejects(ntk_by_parts_frequencies, speeds, factor, 20)
    assert_rejects(part_ntk_frequencies, 4, 10.0, factor, 20)
    assert_rejects(yarn_frequencies, 4, 10.0, factor, 20)
    assert_rejects(yarn_frequencies_untruncated, 4, 10.0, factor, 20)
    assert_rejects(yarn_attention_factor, factor)
    assert_rejects(yarn_attention_factor_by_mscale, factor, 1.0, 0.5)
    assert_rejects(llama3_frequencies, speeds, factor, 1.0, 4.0, 20)
    assert_rejects(longrope_attention_factor, factor, 20)


@pytest.mark.parametrize("length", [-5, 0])
def test_dynamic_ntk_frequencies_rejects_impossible_lengths(
    dynamic_ntk_frequencies,
    ntk_by_parts_frequencies,
    part_ntk_frequencies,
    yarn_frequencies,
    yarn_frequencies_untruncated,
    llama3_frequencies,
    longrope_frequencies,
    longrope_attention_factor,
    length,
):
    """A model was trained on at least one token, and on two where the logarithm of their number divides."""
    speeds = torch.tensor([1, 0.5], dtype=torch.float64)
    assert_equal(longrope_frequencies(speeds, speeds, speeds, 1, 1), [1, 1])
    assert_close(longrope_attention_factor(4.0, 2), math.sqrt(3))
    assert_rejects(dynamic_ntk_frequencies, 4, 10.0, 2.0, 30, length)
    assert_rejects(ntk_by_parts_frequencies, speeds, 2.0, length)
    assert_rejects(part_ntk_frequencies, 4, 10.0, 2.0, length)
    assert_rejects(yarn_frequencies, 4, 10.0, 2.0, length)
    assert_rejects(yarn_frequencies_untruncated, 4, 10.0, 2.0, length)
    assert_rejects(llama3_frequencies, speeds, 2.0, 1.0, 4.0, length)
    assert_rejects(longrope_frequencies, speeds, speeds, speeds, 30, length)
    assert_rejects(longrope_attention_factor, 2.0, length + 1)


@pytest.mark.parametrize(
    ("channels", "base"), [(-4, 10.0), (0, 10.0), (5, 10.0), (4, 1.0), (4, -2.0), (4, math.inf), (4, math.nan)]
)
def test_ntk_aware_base_rejects_impossible_heads(
    ntk_aware_base,
    ntk_aware_frequencies,
    dynamic_ntk_frequencies,
    part_ntk_frequencies,
    yarn_frequencies,
    yarn_frequencies_untruncated,
    channels,
    base,
):
    """Channels turn in pairs, and the base is above 1 and finite; a single pair is first and last at once.

    Factors below 1 must leave the base above 1.
    """
    assert_close(ntk_aware_base(4, 1.25, 1.0), 1.25)
    assert_rejects(ntk_aware_base, channels, base, 2.0)
    assert_rejects(ntk_aware_base, 2, 10.0, 2.0)
    assert_rejects(ntk_aware_frequencies, channels, base, 2.0)
    assert_rejects(ntk_aware_frequencies, 4, 3.0, 0.5)
    assert_rejects(dynamic_ntk_frequencies, channels, base, 2.0, 30, 20)
    assert_rejects(part_ntk_frequencies, channels, base, 2.0, 20)
    assert_rejects(yarn_frequencies, channels, base, 2.0, 20)
    assert_rejects(yarn_frequencies_untruncated, channels, base, 2.0, 20)


@pytest.mark.parametrize(("low", "high"), [(-0.5, 4.0), (4.0, 4.0), (4.0, 1.0), (math.nan, 4.0), (1.0, math.nan)])
def test_ntk_by_parts_frequencies_rejects_bands_without_width(
    ntk_by_parts_frequencies, llama3_frequencies, yarn_frequencies, yarn_frequencies_untruncated, low, high
):
    """A band of turns has a lower end that is not negative and an upper end above it; a logarithm needs it above 0."""
    speeds = torch.tensor([1, 0.5], dtype=torch.float64)
    assert_equal(llama3_frequencies(torch.zeros_like(speeds), 2.0, 0.0, 4.0, 20), [0, 0])
    assert_close(ntk_by_parts_frequencies(speeds * math.tau, 2.0, 1, 0.0, 0.25), speeds * math.tau)
    assert_rejects(ntk_by_parts_frequencies, speeds, 2.0, 20, low, high)
    assert_rejects(llama3_frequencies, speeds, 2.0, low, high, 20)
    assert_rejects(yarn_frequencies, 4, 10.0, 2.0, 20, high, low)
    assert_rejects(yarn_frequencies_untruncated, 4, 10.0, 2.0, 20, high, low)
    assert_rejects(yarn_frequencies, 4, 10.0, 2.0, 20, 4.0, 0.0)
    assert_rejects(yarn_frequencies_untruncated, 4, 10.0, 2.0, 20, 4.0, 0.0)


@pytest.mark.parametrize(("mscale", "mscale_all_dim"), [(-0.5, 1.0), (1.0, -0.5)])
def test_yarn_attention_factor_by_mscale_rejects_negative_coefficients(
    yarn_attention_factor_by_mscale, mscale, mscale_all_dim
):
    """Scores are never scaled down by a longer context."""
    assert_equal(yarn_attention_factor_by_mscale(4.0, 0.0, 0.0), 1)
    assert_rejects(yarn_attention_factor_by_mscale, 4.0, mscale, mscale_all_dim)
