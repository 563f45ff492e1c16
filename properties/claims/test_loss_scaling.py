"""Worked numbers of loss scaling, and what PyTorch's gradient scaler does."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed
from properties.closeness import assert_equal
from reference.numerics.loss_scaling import LossScale, found_on_any_rank, unscale_gradient, update_loss_scale


@pytest.mark.claim("R003-255")
def test_scaled_gradient_survives_and_is_still_rounded():
    """1e-8 is 0 in FP16, 1024 times it comes back as 1.0012e-8: the gradient is not lost, but it is rounded to FP16."""
    assert torch.tensor(1e-8).half() == 0
    scaled = torch.tensor(1024e-8).half()
    gradient = unscale_gradient(scaled, torch.tensor(1024.0))
    assert gradient.item() == printed("1.0012e-8")
    assert (scaled / 1024) == 0


@pytest.mark.claim("R001-052")
def test_gradient_scaler_skips_halves_and_has_to_be_updated():
    """After an overflow `step` leaves the parameters alone, `update` halves S, and without it, and a second time for
    one step, `unscale_` raises.
    """
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.5)
    scaler = torch.amp.GradScaler("cpu", init_scale=16.0, growth_interval=2)
    state = LossScale(torch.tensor(16.0), torch.tensor(0))
    for factor, moved in ((math.inf, 0.0), (1.0, 0.5), (1.0, 0.5), (math.nan, 0.0), (1.0, 0.5)):
        before = weight.detach().clone()
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.unscale_(optimizer)
        with pytest.raises(RuntimeError, match="already been called"):
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        with pytest.raises(RuntimeError, match="after step"):
            scaler.unscale_(optimizer)
        scaler.update()
        state = update_loss_scale(state, torch.tensor(not math.isfinite(factor)), growth_interval=2)
        assert_equal(before - weight, torch.full((2,), moved))
        assert (scaler.get_scale(), scaler.state_dict()["_growth_tracker"]) == (state.scale, state.tracker)


@pytest.mark.claim("R001-053")
def test_ranks_that_do_not_agree_drift_apart():
    """Two ranks with equal parameters stay equal if both skip; if only the one that overflowed does, they differ."""
    found = torch.tensor([False, True])
    weights, stepped = torch.ones(2), torch.zeros(2)
    alone, agreed = torch.where(found, weights, stepped), torch.where(found_on_any_rank(found), weights, stepped)
    assert alone[0] != alone[1]
    assert agreed[0] == agreed[1] == 1
