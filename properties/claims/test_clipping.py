"""Worked numbers of clipping, and statements about it that are often met and wrong."""

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from properties.strategies import numbers
from reference.training.clipping import clip_by_global_norm


def clipped_length(length, max_norm):
    return clip_by_global_norm([numbers(length)], max_norm).gradients[0].item()


@pytest.mark.claim("R001-011")
def test_clipping_tells_the_norm_from_before():
    """(3, 4, 0) clipped to 1 becomes (0.6, 0.8, 0) up to 2e-7, and the norm told is 5; a gradient of norm 0.5 stays."""
    (clipped,), norm = clip_by_global_norm([numbers(3.0, 4.0, 0.0)], 1.0)
    assert_equal(norm, 5.0)
    assert_close(clipped, numbers(0.6, 0.8, 0.0) / (1 + 2e-7))
    (short,), _ = clip_by_global_norm([numbers(0.3, 0.4, 0.0)], 1.0)
    assert_equal(short, numbers(0.3, 0.4, 0.0))


@pytest.mark.claim("R001-011")
def test_clipping_with_a_margin_is_not_idempotent():
    """Because of the 1e-6 a second clipping shortens again: with limit 1e-6 from 5e-6 to 0.833 limits, then to 0.455.
    A gradient of 0.9 limits becomes one of 0.474, although it was short enough.
    """
    once = clipped_length(5e-6, 1e-6)
    assert once / 1e-6 == pytest.approx(0.833, abs=5e-4)
    assert clipped_length(once, 1e-6) / 1e-6 == pytest.approx(0.455, abs=5e-4)
    assert clipped_length(0.9e-6, 1e-6) / 1e-6 == pytest.approx(0.474, abs=5e-4)


@pytest.mark.claim("R001-011")
def test_clipping_does_not_commute_with_averaging():
    """Gradients (10, 0) and (0, 1) of two ranks, each clipped to 1, have a mean along (1, 1); their clipped mean is
    along (10, 1).
    """
    ranks = [numbers(10.0, 0.0), numbers(0.0, 1.0)]
    by_rank = torch.stack([clip_by_global_norm([rank], 1.0).gradients[0] for rank in ranks]).mean(0)
    (by_mean,), _ = clip_by_global_norm([torch.stack(ranks).mean(0)], 1.0)
    assert_close(by_rank[0] / by_rank[1], 1.0, roundings=2.0**34)
    assert_close(by_mean[0] / by_mean[1], 10.0)
