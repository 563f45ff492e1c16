"""Worked numbers of self-organising maps, and statements about them that are wrong."""

import math

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from reference.probability.som import (
    gaussian_neighborhood,
    linear_decay,
    som_train,
    som_update,
    squared_grid_distances,
)

MAP = torch.tensor([[0.0, 4.0, 8.0], [12.0, 16.0, 20.0]], dtype=torch.float64)[:, :, None]
UNIT = torch.tensor([0, 1])


@pytest.mark.claim("E004-12")
def test_neighbourhood_is_centred_on_the_winner():
    """Of a step of 1/2 towards 5, the winner at 4 takes all and the node at 20 exp(-1); around each node all would."""
    moved = som_update(MAP, torch.tensor([5.0], dtype=torch.float64), UNIT, 0.5, 1.0)
    near, far = math.exp(-0.5) / 2, math.exp(-1) / 2
    assert_close(((moved - MAP) / (5 - MAP)).squeeze(2), [[near, 0.5, near], [far, near, far]], 20)


@pytest.mark.claim("E004-13")
def test_neighbourhood_falls_with_distance():
    """theta is 1 at the winner and less at each greater distance, where a distance would be 0 there and grow."""
    squared = squared_grid_distances(3, 4, torch.tensor([0, 0]))
    theta = gaussian_neighborhood(squared.double(), 1.5)
    assert theta[0, 0] == 1
    assert (theta.diff(dim=0) < 0).all()
    assert (theta.diff(dim=1) < 0).all()
    assert (squared.diff(dim=0) > 0).all()


@pytest.mark.claim("R004-056")
def test_rate_goes_from_a_jump_to_a_standstill():
    """At alpha(0) = 1 the winner lands on the sample; alpha(lambda) = 0 would move nothing."""
    x = torch.tensor([[5.0]], dtype=torch.float64)
    assert_equal(som_train(MAP, x, torch.tensor([0]), 1.0, 1.0)[0, 1], x[0])
    assert_equal(som_update(MAP, x[0], UNIT, linear_decay(10, 10), 1.0), MAP)
