"""Worked numbers of rotary frequencies for long contexts, and wrong statements about them, each with a witness."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.transformer.positions import rope_angles, rope_frequencies, rope_half_split
from reference.transformer.rope_scaling import (
    linear_scaled_frequencies,
    ntk_aware_base,
    ntk_aware_frequencies,
    ntk_by_parts_frequencies,
    yarn_attention_factor,
    yarn_frequencies,
)

PLAIN = rope_frequencies(128)


@pytest.mark.claim("R003-215")
def test_interpolated_positions_are_those_of_training():
    """Stretched from 1000 to 2000, positions 1, 2, 3 get the angles of 0.5, 1, 1.5, and 2000 that of 1000."""
    scaled = rope_angles(table(1, 2, 3, 2000), linear_scaled_frequencies(PLAIN, 2000 / 1000))
    assert_close(scaled, rope_angles(table(0.5, 1, 1.5, 1000), PLAIN))
    assert scaled.max() <= rope_angles(table(1000), PLAIN).max()


@pytest.mark.claim("R003-216")
def test_ntk_aware_base_of_a_head_of_128():
    """Base 10000 and s = 4 give base 40889.94: the first frequency stays and the last is a quarter of what it was."""
    assert ntk_aware_base(128, 1e4, 4.0) == printed("40889.94")
    ratios = ntk_aware_frequencies(128, 1e4, 4.0) / PLAIN
    assert ratios[0] == 1
    assert_close(ratios[-1], 0.25)
    assert (ratios.diff() < 0).all()


@pytest.mark.claim("E003-095", "R003-217")
def test_high_frequencies_are_kept_and_low_ones_interpolated():
    """With L = 2048 and s = 4 the first pair makes 325.9 turns and is kept, the last 0.0376 and is divided by 4."""
    turns = 2048 * PLAIN / math.tau
    assert (turns[0], turns[-1]) == (printed("325.9"), printed("0.0376"))
    for scaled in (ntk_by_parts_frequencies(PLAIN, 4.0, 2048), yarn_frequencies(128, 1e4, 4.0, 2048)):
        assert_close(scaled[[0, -1]] / PLAIN[[0, -1]], [1, 0.25])


@pytest.mark.claim("R003-217")
def test_code_and_paper_blend_differently():
    """With L = 2048 and s = 4 pair 25 of 64 is scaled by 0.730 in code, by index, and 0.442 in the paper, by turns."""
    assert (yarn_frequencies(128, 1e4, 4.0, 2048) / PLAIN)[25] == printed("0.730")
    assert (ntk_by_parts_frequencies(PLAIN, 4.0, 2048) / PLAIN)[25] == printed("0.442")


@pytest.mark.claim("E003-096", "R003-218")
def test_yarn_does_not_change_the_base():
    """At s = 4 YaRN divides the last frequency by 4; with NTK-aware scaling as well it would be 16."""
    yarn, ntk = yarn_frequencies(128, 1e4, 4.0, 4096), ntk_aware_frequencies(128, 1e4, 4.0)
    assert_close((yarn / PLAIN)[-1], 0.25)
    assert_close((yarn * ntk / PLAIN**2)[-1], 0.0625)


@pytest.mark.claim("R003-218")
@pytest.mark.parametrize(("factor", "attention"), [(2, "1.0693"), (4, "1.1386294"), (8, "1.2079"), (32, "1.3466")])
def test_yarn_multiplies_scores_by_the_square(factor, attention):
    """YaRN's factor is 1.1386294 at s = 4; on both queries and keys it multiplies each score by its square, 1.2965."""
    m = yarn_attention_factor(float(factor))
    assert m == printed(attention)
    angles = rope_angles(torch.arange(3, dtype=torch.float64), rope_frequencies(4))
    x = table(1, -2, 0.5, 3, 2, 1, -1, 0.25, 1, 1, 2, -0.5).reshape(3, 4)
    scaled, unscaled = (rope_half_split(x, by * angles.cos(), by * angles.sin()) for by in (m, 1))
    assert_close(scaled @ scaled.T, m**2 * (unscaled @ unscaled.T), 20)
