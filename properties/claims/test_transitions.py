"""Worked numbers of the transition matrices of discrete diffusion, and statements about them that are often wrong."""

from fractions import Fraction

import pytest

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close, assert_equal
from reference.diffusion.transitions import (
    absorbing_transition,
    discretized_gaussian_transition,
    mask_and_replace_schedule,
)


def largest_commutator(num_classes, first, second):
    """The largest entry of Q_1 Q_2 - Q_2 Q_1 for Gaussian matrices of two betas."""
    one, other = discretized_gaussian_transition(table(first, second), num_classes)
    return (one @ other - other @ one).abs().max()


@pytest.mark.claim("E000-2", "R000-010")
def test_row_vectors_multiply_row_stochastic_matrices_from_the_left():
    """One step takes the row vector x to x Q; Q x loses mass where Q absorbs (0.7 of 1 is left at beta = 0.3), though
    symmetric matrices do not show it.
    """
    x = table(1, 0, 0, 0)
    absorbing = absorbing_transition(table(0.3), 4, 3)[0]
    assert_close(x @ absorbing, [0.7, 0, 0, 0.3])
    assert (absorbing @ x).sum() == printed("0.7")
    gaussian = discretized_gaussian_transition(table(0.3), 4)[0]
    assert_equal(x @ gaussian, gaussian @ x)


@pytest.mark.claim("R000-016")
def test_diagonal_of_gaussian_matrices_does_not_fall_with_beta():
    """Of 128 classes number 63 stays with probability 0.281, 0.028, 0.159 and 0.459 for beta = 1e-3, 0.1, 1 and 11.5,
    and 128/255 in the limit; of the end classes 0 and 127 the probability to stay only falls.
    """
    stays = discretized_gaussian_transition(table(1e-3, 0.1, 1, 11.5, 1e9), 128).diagonal(dim1=-2, dim2=-1)
    for seen, digits in zip(stays[:4, 63], ("0.281", "0.028", "0.159", "0.459"), strict=True):
        assert seen == printed(digits)
    assert stays[4, 63].item() == pytest.approx(float(Fraction(128, 255)), rel=1e-6)
    assert (stays[:, [0, 127]].diff(dim=0) < 0).all()


@pytest.mark.claim("R000-016")
def test_gaussian_matrices_do_not_commute():
    """Matrices of 16 classes with betas 0.02 and 0.5 have a commutator of 0.01978, and of 0.0253 with 0.024 and 0.2:
    the order of the steps matters from four classes on, while for two and three the eigenvectors are the same.
    """
    assert largest_commutator(16, 0.02, 0.5) == printed("0.01978")
    assert largest_commutator(16, 0.024, 0.2) == printed("0.0253")
    assert largest_commutator(4, 0.2, 1) > 1e-3
    assert_close(largest_commutator(3, 0.2, 1), 0.0, 1.0)
    assert_close(largest_commutator(2, 0.2, 1), 0.0, 1.0)


@pytest.mark.claim("R000-014")
def test_published_mask_and_replace_schedule_hardly_replaces():
    """With the published ends keep_bar + mask_bar is 0.999999 at every step, so that of a million tokens at any time
    one has been replaced: the chain is all but absorbing.
    """
    _, _, keep_bar, mask_bar = mask_and_replace_schedule(100)
    assert_close(1 - keep_bar - mask_bar, 1e-6, 1.0)
