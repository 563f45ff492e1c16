"""Worked numbers of the tokenizer of VAR, and statements about it that are often met and wrong, each with a witness."""

from fractions import Fraction

import numpy as np
import pytest

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.transformer.residual_vq import (
    area_resize,
    bicubic_resize,
    multiscale_encode,
    scale_bounds,
    shared_phi_indices,
)

SIDES = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16)


@pytest.mark.claim("R001-088")
def test_var_has_680_tokens():
    """The ten scales of VAR begin at 0, 1, 5, 14, 30, 55, 91, 155, 255, 424, and the last one ends at 680."""
    bounds = scale_bounds(SIDES)
    assert [begin for begin, _ in bounds] == [0, 1, 5, 14, 30, 55, 91, 155, 255, 424]
    assert [end for _, end in bounds] == [1, 5, 14, 30, 55, 91, 155, 255, 424, 680]


@pytest.mark.claim("R001-086")
def test_two_scales_of_var_lie_midway_between_modules():
    """Scales 2 and 7 are equally near to two of the four ticks; it is rounding that gives them the later one."""
    ticks = [Fraction(3 + 10 * j, 36) for j in range(4)]
    for scale, (earlier, later) in {2: (0, 1), 7: (2, 3)}.items():
        assert ticks[later] - Fraction(scale, 9) == Fraction(scale, 9) - ticks[earlier]
        rounded = np.abs(np.linspace(1 / 3 / 4, 1 - 1 / 3 / 4, 4) - scale / 9)
        assert rounded.argmin() == later == shared_phi_indices(10, 4)[scale]
    assert np.abs(np.linspace(1 / 4, 3 / 4, 2) - 1 / 2).argmin() == 0 != shared_phi_indices(3, 2)[1]


@pytest.mark.claim("R001-085")
def test_the_rest_may_grow():
    """A scale may leave more than it found, though 0 is a code: here 12 becomes 13.07; only f_hat + rest stays."""
    f = table(0, -1, 1, -1, -1, -1, 1, -1, 1, 0, 0, -1, -1, -1, 1, 0).reshape(1, 4, 4)
    code = multiscale_encode(f, table(0, 1, -1)[:, None], (2, 4), lambda h, k: h)
    assert f.square().sum() == 12
    assert code.rest[0].square().sum().item() == printed("13.07")
    assert_close(code.f_hat[0] + code.rest[0], f, 2)


@pytest.mark.claim("R001-085")
def test_shrinking_does_not_undo_upsampling():
    """Of one pixel 16 x 16 are made and one again; of 2 x 2 pixels with a single 1 it comes back as 0.86."""
    one, four = table(0.75).reshape(1, 1, 1), table(1, 0, 0, 0).reshape(1, 2, 2)
    assert_close(area_resize(bicubic_resize(one, 16), 1), one)
    assert area_resize(bicubic_resize(four, 16), 2)[0, 0, 0].item() == printed("0.86")
