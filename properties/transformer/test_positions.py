"""Laws of `reference.transformer.positions`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects, assert_rejects_index
from properties.strategies import dyadics, indices, normals

PAIRS = st.integers(1, 6)
POSITIONS = dyadics(-4096, 4096, 5, grid=64)
BAD_BASES = [-2.0, 0.0, 1.0, math.inf, math.nan]


def turned(x, cosine, sine, pairs):
    """x with each listed pair of channels, read as a complex number, multiplied by cosine + i sine."""
    out, cosine, sine = x.tolist(), cosine.expand(len(x), -1, -1), sine.expand(len(x), -1, -1)
    for batch, reals, imaginaries in zip(out, cosine.tolist(), sine.tolist(), strict=True):
        for row, real, imaginary in zip(batch, reals, imaginaries, strict=True):
            for (first, second), *by in zip(pairs, real, imaginary, strict=True):
                number = complex(row[first], row[second]) * complex(*by)
                row[first], row[second] = number.real, number.imag
    return out


def pair_scores(q, k, distance, frequencies, step, apart):
    """(q_a k_a + q_b k_b) cos + (q_b k_a - q_a k_b) sin of the angle to a key ahead, a = step i, b = a + apart."""
    firsts = torch.arange(len(frequencies)) * step
    q_a, q_b, k_a, k_b = (vector[..., at] for vector in (q, k) for at in (firsts, firsts + apart))
    cosine, sine = circle(distance[:, None] * frequencies)
    return (q_a * k_a + q_b * k_b) * cosine + (q_b * k_a - q_a * k_b) * sine


def circle(angles):
    """Cosines and sines."""
    return angles.cos(), angles.sin()


@given(table=normals(7, 5), positions=indices(7, 2, 3))
def test_learned_position_embedding_equals_product_with_one_hot(learned_position_embedding, table, positions):
    """The lookup is onehot(positions) @ table."""
    one_hot = (positions[..., None] == torch.arange(7)).double()
    assert_equal(learned_position_embedding(table, positions), one_hot @ table)


@pytest.mark.parametrize("position", [-7, -1, 7])
def test_learned_position_embedding_rejects_positions_without_a_row(learned_position_embedding, position):
    """A table of seven rows has one for each of 0..6, and none for 7 or -1."""
    table = torch.arange(14, dtype=torch.float64).reshape(7, 2)
    assert_equal(learned_position_embedding(table, torch.tensor([6, 0])), [[12, 13], [0, 1]])
    assert_rejects_index(learned_position_embedding, table, torch.tensor([6, position]))


@given(positions=POSITIONS, pairs=PAIRS, given_base=st.sampled_from([(), (1.5,), (50.0,)]))
def test_sinusoidal_position_embedding_equals_sines_and_cosines_in_turn(
    sinusoidal_position_embedding, positions, pairs, given_base
):
    """Channels 2 i, 2 i + 1 are sine and cosine of the position over base^(2 i / channels), base 10000 by default."""
    base = given_base[0] if given_base else 10000
    spreads = [math.exp(i / pairs * math.log(base)) for i in range(pairs)]
    rows = [[f(p / spread) for spread in spreads for f in (math.sin, math.cos)] for p in positions.tolist()]
    condition = 1 + positions.abs()[:, None] * (1 + math.log(base))
    assert_close(sinusoidal_position_embedding(positions, 2 * pairs, *given_base), rows, condition)
    assert_close(sinusoidal_position_embedding(positions[None], 2 * pairs, *given_base), [rows], condition)


@given(p=POSITIONS, k=POSITIONS, pairs=PAIRS, base=st.sampled_from([1.5, 50.0, 10000.0]))
def test_sinusoidal_position_embedding_has_products_of_relative_positions(
    sinusoidal_position_embedding, p, k, pairs, base
):
    """PE(p) . PE(p + k) is PE(0) . PE(k) for every p, and PE(p) . PE(p) = channels / 2."""
    start, later = (sinusoidal_position_embedding(at, 2 * pairs, base) for at in (p, p + k))
    alone, step = (sinusoidal_position_embedding(at, 2 * pairs, base) for at in (0 * p, k))
    condition = pairs * (1 + (p.abs() + k.abs()) * (1 + math.log(base)))
    assert_close((start * later).sum(-1) - (alone * step).sum(-1), 0, condition)
    assert_close(start.square().sum(-1), pairs, condition)


@given(pairs=PAIRS, bits=st.integers(1, 4))
def test_rope_frequencies_equals_powers_of_two(rope_frequencies, pairs, bits):
    """With a base of 2^(k channels / 2) pair i turns by 2^(-k i)."""
    expected = [2.0 ** (-bits * i) for i in range(pairs)]
    assert_close(rope_frequencies(2 * pairs, 2.0 ** (bits * pairs)), expected)


def test_rope_frequencies_has_decades_by_default(
    rope_frequencies, partial_rope_frequencies, proportional_rope_frequencies
):
    """Eight rotated channels turn by 1, 1/10, 1/100 and 1/1000, whether or not others stand still."""
    assert_close(rope_frequencies(8), [1, 0.1, 0.01, 0.001])
    assert_close(partial_rope_frequencies(16, 0.5), [1, 0.1, 0.01, 0.001])
    assert_close(proportional_rope_frequencies(8, 0.5), [1, 0.1, 0, 0])


@pytest.mark.parametrize("base", BAD_BASES)
def test_rope_frequencies_rejects_impossible_bases(
    rope_frequencies,
    partial_rope_frequencies,
    proportional_rope_frequencies,
    sinusoidal_position_embedding,
    base,
):
    """Frequencies fall: the base is above 1, and finite."""
    assert_close(rope_frequencies(2, 1.25), [1])
    assert_rejects(rope_frequencies, 4, base)
    assert_rejects(partial_rope_frequencies, 8, 0.5, base)
    assert_rejects(proportional_rope_frequencies, 8, 0.5, base)
    assert_rejects(sinusoidal_position_embedding, torch.ones(3, dtype=torch.float64), 4, base)


@pytest.mark.parametrize("channels", [-2, 0, 1, 7])
def test_rope_frequencies_rejects_odd_widths(
    rope_frequencies, proportional_rope_frequencies, sinusoidal_position_embedding, xpos_scales, channels
):
    """Channels turn in pairs, and there is at least one."""
    positions = torch.ones(3, dtype=torch.float64)
    assert_close(rope_frequencies(2), [1])
    assert_rejects(rope_frequencies, channels)
    assert_rejects(proportional_rope_frequencies, channels, 0.5)
    assert_rejects(sinusoidal_position_embedding, positions, channels)
    assert_rejects(xpos_scales, positions, 0.0, channels)


@given(pairs=PAIRS, unused=st.integers(0, 9), more=st.sampled_from([0.0, 0.5, 0.9375]), bits=st.integers(1, 4))
def test_partial_rope_frequencies_equals_those_of_a_narrower_head(partial_rope_frequencies, pairs, unused, more, bits):
    """A fraction of channels that is short of one more counts its exponents in the rotated channels alone."""
    channels = 2 * pairs + unused + (more > 0)
    fraction = (2 * pairs + more) / channels + 2**-40 * (more + unused > 0)
    expected = [2.0 ** (-bits * i) for i in range(pairs)]
    assert_close(partial_rope_frequencies(channels, fraction, 2.0 ** (bits * pairs)), expected)


@pytest.mark.parametrize(("channels", "fraction"), [(16, 0.0), (16, -0.5), (16, 1.0625), (16, 0.1), (12, 0.25)])
def test_partial_rope_frequencies_rejects_fractions_without_pairs(partial_rope_frequencies, channels, fraction):
    """The rotated channels are pairs, at least one, and none beyond the head."""
    assert_close(partial_rope_frequencies(16, 0.125), [1])
    assert_rejects(partial_rope_frequencies, channels, fraction)


@given(moving=PAIRS, still=st.integers(0, 3), more=st.sampled_from([0.0, 1.0, 1.9375]), bits=st.integers(1, 4))
def test_proportional_rope_frequencies_equals_those_of_the_head_with_slow_ones_at_rest(
    proportional_rope_frequencies, moving, still, more, bits
):
    """The pairs that fit into the fraction turn by base^(-2 i / channels), and all others by 0."""
    pairs = moving + still + (more > 0)
    fraction = (2 * moving + more) / (2 * pairs) + 2**-40 * (more + still > 0)
    expected = [2.0 ** (-bits * i) if i < moving else 0 for i in range(pairs)]
    assert_close(proportional_rope_frequencies(2 * pairs, fraction, 2.0 ** (bits * pairs)), expected)


@pytest.mark.parametrize("fraction", [-0.5, 0.0, 1.0625])
def test_proportional_rope_frequencies_rejects_impossible_fractions(proportional_rope_frequencies, fraction):
    """A fraction is above 0 and at most 1; one that is too small for a pair leaves the head at rest."""
    assert_equal(proportional_rope_frequencies(6, 0.25), [0, 0, 0])
    assert_close(proportional_rope_frequencies(6, 1.0, 8.0), [1, 0.5, 0.25])
    assert_rejects(proportional_rope_frequencies, 6, fraction)


@given(positions=dyadics(-512, 512, 2, 3, grid=8), frequencies=dyadics(1, 4096, 5))
def test_rope_angles_equals_product_of_each_position_with_each_frequency(rope_angles, positions, frequencies):
    """Every position meets every frequency, whole or not."""
    expected = [[[p * f for f in frequencies.tolist()] for p in row] for row in positions.tolist()]
    assert_equal(rope_angles(positions, frequencies), expected)
    assert_equal(rope_angles(positions.mul(8).long(), frequencies), 8 * torch.tensor(expected, dtype=torch.float64))


@given(numerators=dyadics(1, 64, 5, grid=1))
def test_rope_wavelengths_equals_positions_of_a_full_turn(rope_wavelengths, numerators):
    """A pair that turns by n / 64 has turned by 2 pi after 128 pi / n positions; one at rest never has."""
    expected = [math.tau * float(1 / Fraction(int(n), 64)) for n in numerators.tolist()]
    frequencies = torch.cat([numerators / 64, torch.zeros(1, dtype=torch.float64)])
    assert_close(rope_wavelengths(frequencies), [*expected, math.inf])


TURNS = {
    "x": normals(3, 5, 4),
    "cosine": normals(3, 5, 2),
    "sine": normals(3, 5, 2),
    "left": normals(3, 5, 6),
    "samples": st.sampled_from([1, 3]),
}


@given(**TURNS)
def test_rope_interleaved_equals_complex_products_of_neighbours(
    rope_interleaved, partial_rope_interleaved, x, cosine, sine, left, samples
):
    """Channels (2 i, 2 i + 1), read as a complex number, are multiplied by cosine + i sine; others stay as they are."""
    cosine, sine = cosine[:samples], sine[:samples]
    expected = torch.tensor(turned(x, cosine, sine, [(0, 1), (2, 3)]), dtype=torch.float64)
    size = x.abs().amax(-1, keepdim=True) * (cosine.abs() + sine.abs()).amax(-1, keepdim=True)
    assert_close(rope_interleaved(x, cosine, sine), expected, size)
    partial = partial_rope_interleaved(torch.cat([x, left], dim=-1), cosine, sine)
    assert_close(partial, torch.cat([expected, left], dim=-1), torch.cat([size.expand(-1, -1, 4), 0 * left], dim=-1))


@given(**TURNS)
def test_rope_half_split_equals_complex_products_across_halves(
    rope_half_split, partial_rope_half_split, x, cosine, sine, left, samples
):
    """Channels (i, i + h), read as a complex number, are multiplied by cosine + i sine; others stay as they are."""
    cosine, sine = cosine[:samples], sine[:samples]
    expected = torch.tensor(turned(x, cosine, sine, [(0, 2), (1, 3)]), dtype=torch.float64)
    size = x.abs().amax(-1, keepdim=True) * (cosine.abs() + sine.abs()).amax(-1, keepdim=True)
    assert_close(rope_half_split(x, cosine, sine), expected, size)
    partial = partial_rope_half_split(torch.cat([x, left], dim=-1), cosine, sine)
    assert_close(partial, torch.cat([expected, left], dim=-1), torch.cat([size.expand(-1, -1, 4), 0 * left], dim=-1))


@given(q=normals(2, 5, 6), k=normals(2, 5, 6), m=POSITIONS, n=POSITIONS)
def test_rope_interleaved_has_scores_of_relative_positions(rope_interleaved, rope_half_split, rope_angles, q, k, m, n):
    """(R_m q) . (R_n k) is q . k turned by n - m alone, with a sine that tells before from after; norms stay."""
    frequencies = torch.tensor([1, 0.375, 0.0625], dtype=torch.float64)
    at_m, at_n = (circle(rope_angles(p, frequencies).double()) for p in (m, n))
    condition = (q.norm(dim=-1) * k.norm(dim=-1) + q.square().sum(-1)) * (4 + m.abs() + n.abs())
    for rotate, pairs in ((rope_interleaved, (2, 1)), (rope_half_split, (1, 3))):
        turned_q, turned_k = rotate(q, *at_m), rotate(k, *at_n)
        expected = pair_scores(q, k, n - m, frequencies, *pairs).sum(-1)
        assert_close((turned_q * turned_k).sum(-1), expected, condition)
        assert_close(turned_q.square().sum(-1), q.square().sum(-1), condition)


@pytest.mark.parametrize(("channels", "pairs"), [(2, 3), (4, 3), (5, 3), (7, 3), (8, 3), (4, 1)])
def test_rope_interleaved_rejects_widths_that_are_not_twice_the_pairs(
    rope_interleaved, rope_half_split, partial_rope_interleaved, partial_rope_half_split, channels, pairs
):
    """Three pairs are six channels; a head that is rotated in part has more, but not fewer."""
    x, table = torch.ones(5, channels, dtype=torch.float64), torch.full((5, 3), 0.5, dtype=torch.float64)
    short = table[:, :pairs].clone()
    for rotate in (rope_interleaved, partial_rope_interleaved):
        assert_equal(rotate(torch.ones(5, 6, dtype=torch.float64), table, table), [[0, 1] * 3] * 5)
    for rotate in (rope_half_split, partial_rope_half_split):
        assert_equal(rotate(torch.ones(5, 6, dtype=torch.float64), table, table), [[0] * 3 + [1] * 3] * 5)
    assert_rejects(rope_interleaved, x, short, short)
    assert_rejects(rope_half_split, x, short, short)
    if channels < 2 * pairs:
        assert_rejects(partial_rope_interleaved, x, short, short)
        assert_rejects(partial_rope_half_split, x, short, short)


@given(x=normals(2, 5, 6))
def test_half_split_channels_lists_first_members_of_pairs_before_second_ones(
    half_split_channels, interleaved_channels, x
):
    """Neighbours part: x_0 x_2 x_4 x_1 x_3 x_5. Members of two halves meet: x_0 x_3 x_1 x_4 x_2 x_5."""
    assert_equal(half_split_channels(x), x[..., [0, 2, 4, 1, 3, 5]])
    assert_equal(interleaved_channels(x), x[..., [0, 3, 1, 4, 2, 5]])
    assert_equal(interleaved_channels(half_split_channels(x[0, 0])), x[0, 0])


@given(x=normals(3, 5, 4), cosine=normals(5, 2), sine=normals(5, 2))
def test_half_split_channels_carries_one_rotation_into_the_other(
    half_split_channels, interleaved_channels, rope_half_split, x, cosine, sine
):
    """Rotating across halves between the permutation and its inverse is rotating neighbours."""
    expected = torch.tensor(turned(x, cosine, sine, [(0, 1), (2, 3)]), dtype=torch.float64)
    size = x.abs().amax(-1, keepdim=True) * (cosine.abs() + sine.abs()).amax(-1, keepdim=True)
    halves = rope_half_split(half_split_channels(x).double(), cosine, sine)
    assert_close(interleaved_channels(halves.double()).to(halves.dtype), expected, size)


@given(weight=normals(12, 3), x=normals(5, 3), heads=st.sampled_from([6, 2, 3]))
def test_half_split_projection_permutes_the_channels_of_each_head(
    half_split_projection, interleaved_projection, weight, x, heads
):
    """Row 2 i + j of a head moves to j h + i, for weights and biases alike, and back again."""
    half = 6 // heads
    rows = [head * 2 * half + 2 * i + j for head in range(heads) for j in range(2) for i in range(half)]
    converted = half_split_projection(weight, heads)
    assert_equal(converted, weight[rows])
    assert_equal(half_split_projection(weight[:, 0], heads), weight[rows, 0])
    assert_equal(interleaved_projection(weight[rows], heads), weight)
    assert_equal(interleaved_projection(weight[rows, 0], heads), weight[:, 0])


@pytest.mark.parametrize(("rows", "heads"), [(12, 0), (12, -2), (12, 5), (12, 4), (6, 2), (2, 2)])
def test_half_split_projection_rejects_heads_without_whole_pairs(
    half_split_projection, interleaved_projection, half_split_channels, interleaved_channels, rows, heads
):
    """Heads share the rows evenly, and each is made of pairs."""
    weight = torch.arange(rows * 3, dtype=torch.float64).reshape(rows, 3)
    assert_equal(half_split_projection(weight[:2], 1), weight[:2])
    assert_rejects(half_split_projection, weight, heads)
    assert_rejects(interleaved_projection, weight, heads)
    for wrong in (weight, weight[:, :0]):
        assert_rejects(half_split_channels, wrong)
        assert_rejects(interleaved_channels, wrong)


@given(
    steps=dyadics(-6, 6, 5, grid=2),
    center=st.integers(-8, 8),
    given_parameters=st.sampled_from([(), (0.25, 16.0), (2.0, 64.0)]),
)
def test_xpos_scales_equals_powers_of_a_constant_per_pair(xpos_scales, steps, center, given_parameters):
    """n scale bases from the centre a pair is scaled by ((2 i / d + gamma) / (1 + gamma))^n, gamma 0.4 and base 512."""
    gamma, scale_base = given_parameters or (0.4, 512.0)
    constants = [(Fraction(i, 3) + Fraction(str(gamma))) / (1 + Fraction(str(gamma))) for i in range(3)]
    expected = [[math.sqrt(constant ** int(2 * n)) for constant in constants] for n in steps.tolist()]
    scales = xpos_scales(center + scale_base * steps, float(center), 6, *given_parameters)
    assert_close(scales, expected, torch.tensor(expected) * (4 + 2 * steps.abs()[:, None]))
    assert_equal(xpos_scales((center + scale_base * steps)[None], float(center), 6, *given_parameters), scales[None])


@given(q=normals(5, 4), k=normals(5, 4), m=dyadics(0, 64, 5, grid=1), n=dyadics(0, 64, 5, grid=1))
def test_xpos_scales_lets_scores_fall_with_distance(xpos_scales, rope_interleaved, q, k, m, n):
    """With queries multiplied and keys divided, a pair's score is scaled by zeta^((m - n) / base) for any centre."""
    frequencies, zeta = torch.tensor([[1, 0.375], [1 / 3, 2 / 3]], dtype=torch.float64)
    expected = pair_scores(q, k, n - m, frequencies, 2, 1) * zeta ** ((m - n)[:, None] / 64)
    condition = q.norm(dim=-1) * k.norm(dim=-1) * 3 * (8 + m + n)
    for center in (0.0, 40.0):
        scale_q, scale_k = (xpos_scales(p, center, 4, 0.5, 64.0).double() for p in (m, n))
        angles_q, angles_k = (p[:, None] * frequencies for p in (m, n))
        turned_q = rope_interleaved(q, scale_q * angles_q.cos(), scale_q * angles_q.sin())
        turned_k = rope_interleaved(k, angles_k.cos() / scale_k, angles_k.sin() / scale_k)
        assert_close((turned_q * turned_k).sum(-1), expected.sum(-1), condition)


@pytest.mark.parametrize(("gamma", "scale_base"), [(0.0, 512.0), (-0.5, 512.0), (0.4, 0.0), (0.4, -512.0)])
def test_xpos_scales_rejects_scales_that_vanish(xpos_scales, gamma, scale_base):
    """gamma = 0 would scale the first pair by 0, and a base of 0 would scale by nothing defined."""
    positions = torch.tensor([0.0, 0.5], dtype=torch.float64)
    assert_close(xpos_scales(positions, 0.0, 2, 0.25, 0.5), [[1], [0.2]])
    assert_rejects(xpos_scales, positions, 0.0, 2, gamma, scale_base)
