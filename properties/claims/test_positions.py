"""Worked numbers of positions, and statements about them that are often met and wrong, each with a witness."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.transformer.positions import (
    learned_position_embedding,
    rope_angles,
    rope_frequencies,
    rope_half_split,
    rope_interleaved,
    rope_wavelengths,
    sinusoidal_position_embedding,
)


def score(rotate, q, k, m, n):
    """(R_m q) . (R_n k), base 10000."""
    frequencies = rope_frequencies(len(q))
    at_m, at_n = (rope_angles(table(p), frequencies) for p in (m, n))
    return (rotate(q[None], at_m.cos(), at_m.sin()) * rotate(k[None], at_n.cos(), at_n.sin())).sum()


def similarity(distances, channels):
    """Sum of the cosines of all pairs at each distance: the score of equal keys and queries of ones, per 2."""
    return rope_angles(distances, rope_frequencies(channels)).cos().sum(-1)


@pytest.mark.claim("R003-207")
def test_a_prefix_changes_scores_of_absolute_positions_alone():
    """A prefix of 100 tokens leaves RoPE's scores alone and changes those of tokens that carry an added position."""
    q, k = table(0.3, 0.4, -1.0, 2.0), table(1.5, -0.5, 0.25, 1.0)
    assert_close(score(rope_half_split, q, k, 105, 109), score(rope_half_split, q, k, 5, 9), 100 * q.norm() * k.norm())
    indexed = [(q + m) @ (k + n) for m, n in ((5, 9), (105, 109))]
    assert indexed[1] > 100 * indexed[0]
    added = [(q + a) @ (k + b) for a, b in (sinusoidal_position_embedding(table(m, m + 4), 4) for m in (5, 105))]
    assert abs(added[1] - added[0]) > 0.1


@pytest.mark.claim("R003-209")
def test_a_table_of_512_positions_has_no_513th():
    """Position 511 is the last of a table of 512; the next one raises IndexError."""
    positions = torch.arange(1024, dtype=torch.float64).reshape(512, 2)
    assert learned_position_embedding(positions, torch.tensor([511])).tolist() == [[1022, 1023]]
    with pytest.raises(IndexError):
        learned_position_embedding(positions, torch.arange(513))


@pytest.mark.claim("E003-092", "R003-211")
def test_the_sine_does_not_cancel():
    """q = (1, 2), k = (3, -1) score 3.02398 = 0.95534 + 2.06864 with k 0.3 ahead and -1.1133 with k 0.3 behind."""
    q, k = table(1, 2), table(3, -1)
    for rotate in (rope_interleaved, rope_half_split):
        assert score(rotate, q, k, 0, 0.3) == printed("3.02398")
        assert score(rotate, q, k, 0.3, 0) == printed("-1.1133")
        assert_close(score(rotate, q, 2 * q, 0, 0.3), score(rotate, q, 2 * q, 0.3, 0), 10)
    assert (q @ k * math.cos(0.3), 7 * math.sin(0.3)) == (printed("0.95534"), printed("2.06864"))


@pytest.mark.claim("R003-210", "R003-219")
def test_the_opposite_turn_exchanges_before_and_after():
    """Turned by minus the angle, weights give the scores of mirrored distances, or the same if mirrored themselves."""
    q, k = table(0.5, -1.5, 2.0, 0.75), table(1.0, 0.25, -0.5, 3.0)
    mirror, ahead = table(1, -1, 1, -1), score(rope_interleaved, q, k, 3, 8)
    assert_close(score(rope_interleaved, q, k, -3, -8), score(rope_interleaved, q, k, 8, 3), 100)
    assert abs(score(rope_interleaved, q, k, -3, -8) - ahead) > 1
    assert_close(score(rope_interleaved, mirror * q, mirror * k, -3, -8), ahead, 100)
    assert_close(score(rope_interleaved, q, k, 0, 5), ahead, 100)


@pytest.mark.claim("R003-212")
def test_the_other_layout_gives_other_scores():
    """Queries and keys of one layout, turned in the other, keep their norms and have scores of their own."""
    q, k = table(0.5, -1.5, 2.0, 0.75), table(1.0, 0.25, -0.5, 3.0)
    assert_close(score(rope_half_split, q, k, 4, 4), q @ k, 10)
    assert abs(score(rope_half_split, q, k, 4, 9) - score(rope_interleaved, q, k, 4, 9)) > 1


@pytest.mark.claim("E003-093", "R003-213")
def test_nearer_is_not_always_more_similar():
    """With 128 channels the sum of cosines rises from 42.344 to 42.381 between distances 11 and 12, and on 49 % of the
    steps up to 2000; it never exceeds 64, its value at distance 0.
    """
    decay = similarity(torch.arange(2001, dtype=torch.float64), 128)
    assert (decay[11], decay[12]) == (printed("42.344"), printed("42.381"))
    assert (decay.diff() > 0).double().mean() == printed("0.49")
    assert decay[0] == 64
    assert decay[1:].abs().max() < 64


@pytest.mark.claim("R003-213")
def test_the_bound_on_scores_falls_no_more_steadily():
    """The bound of the RoFormer paper, the mean size of the partial sums, is 4.47 at distance 1000 and 5.05 at 2000; it
    rises first from 18 to 19, and on 49 % of the steps.
    """
    angles = rope_angles(torch.arange(2001, dtype=torch.float64), rope_frequencies(128))
    bound = torch.complex(angles.cos(), angles.sin()).cumsum(-1).abs().mean(-1)
    assert (bound[1000], bound[2000]) == (printed("4.47"), printed("5.05"))
    assert (bound.diff() > 0).nonzero()[0] == 18
    assert (bound.diff() > 0).double().mean() == printed("0.49")


@pytest.mark.claim("R003-213")
def test_a_larger_base_lets_similarity_fall_more_slowly():
    """At distance 1000 of 128 channels the sum of cosines is larger for base 500000 than for base 10000."""
    angles = [rope_angles(table(1000), rope_frequencies(128, base)) for base in (1e4, 5e5)]
    near, far = (angle.cos().sum() for angle in angles)
    assert far > 1.5 * near


@pytest.mark.claim("E003-094", "R003-214")
@pytest.mark.parametrize(("channels", "longest"), [(64, 47117), (128, 54410), (512, 60611)])
def test_wavelengths_stay_below_two_pi_times_the_base(channels, longest):
    """The first pair repeats after 6.28 positions; base 10000 gives no wavelength of 62832 or more for any width."""
    wavelengths = rope_wavelengths(rope_frequencies(channels))
    assert wavelengths[0] == printed("6.28")
    assert wavelengths[-1] == printed(str(longest))
    assert wavelengths[-1] < 62832
    assert_close(wavelengths[1:] / wavelengths[:-1], 10000 ** (2 / channels), roundings=64)


@pytest.mark.claim("R003-214")
def test_no_whole_distance_repeats_the_first_pair():
    """Among the first 2000 positions 710 comes nearest to a whole number of turns, and misses it by 6.03e-5."""
    angles = rope_angles(torch.arange(1, 2000, dtype=torch.float64), rope_frequencies(2))[:, 0]
    missed = torch.remainder(angles + math.pi, math.tau) - math.pi
    assert missed.abs().argmin() + 1 == 710
    assert missed.abs().min() == printed("6.03e-5")


@pytest.mark.claim("R003-220")
def test_one_pair_cannot_tell_aliased_positions_apart():
    """A pair of period 2000 has sine 0 and cosine -1 at positions 1000 and 3000; a second pair tells them apart."""
    angles = rope_angles(table(1000, 3000), math.tau / table(2000, 7))
    assert_close(angles.cos()[:, 0], -1)
    assert_close(angles.sin()[:, 0], 0, angles[:, 0])
    assert (angles[0, 1].cos() - angles[1, 1].cos()).abs() > 0.1
