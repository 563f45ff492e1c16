"""Worked numbers of contrastive losses, and what PyTorch does otherwise."""

import math

import pytest
import torch
from torch.nn.functional import triplet_margin_loss

from properties.claims.test_diffusion import printed
from properties.closeness import assert_close
from properties.strategies import steps
from reference.training.contrastive import info_nce_loss, triplet_loss


@pytest.mark.claim("R003-010")
def test_library_adds_to_every_difference():
    """triplet_margin_loss adds 1e-6 to every difference: of a positive at (1, 1, 1, 1) and a negative at (-1, ..., -1)
    it makes distances of 2 - 2e-6 and 2 + 2e-6 to 0, and with a margin of 0.5 a loss of 0.499996, not 0.5.
    """
    a, one = torch.zeros(1, 4, dtype=torch.float64), torch.ones(1, 4, dtype=torch.float64)
    assert triplet_loss(a, one, -one, 0.5) == 0.5
    assert triplet_margin_loss(a, one, -one, margin=0.5) == printed("0.499996")
    x = steps(3, 4), steps(3, 4).flip(0) / 2, steps(3, 4).roll(1, 0)
    assert_close(triplet_margin_loss(*x, margin=1.5, eps=0, reduction="none"), triplet_loss(*x, 1.5), 16)


@pytest.mark.claim("R003-012")
def test_info_nce_measures_no_more_than_log_of_the_candidates():
    """Eight equal scores cost log 8 = 2.07944; with eight candidates, however well told apart, log 8 - loss is at most
    that, though copies of 64 equally likely outcomes share log 64 = 4.15888 nats.
    """
    positive = torch.tensor([5])
    assert info_nce_loss(torch.zeros(1, 8, dtype=torch.float64), positive, 0.5) == printed("2.07944")
    certain = info_nce_loss(100 * torch.eye(8, dtype=torch.float64)[5:6], positive, 0.5)
    assert math.log(8) - certain == printed("2.07944")
