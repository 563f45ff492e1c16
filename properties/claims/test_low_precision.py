"""Worked numbers of rounding errors, and statements about them that are often met and wrong."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed
from properties.closeness import assert_close
from reference.numerics.low_precision import product_error_bound, rounding_growth, unit_roundoff


@pytest.mark.claim("R001-044")
def test_rounding_the_factors_costs_more_than_the_product():
    """In BF16 1 + 2^-8 is 1: its square is off by 0.0078 of itself, more than gamma_1 = 0.0039, less than gamma_3."""
    u, x = unit_roundoff(8), torch.tensor([[1 + 2.0**-8]])
    assert x.bfloat16() == 1
    error = (x @ x - (x.bfloat16() @ x.bfloat16()).float()).item()
    assert error / (x @ x).item() == printed("0.0078")
    assert rounding_growth(1, u) == printed("0.0039")
    assert rounding_growth(1, u) * (x @ x).item() < error <= product_error_bound(x, x, u).item()


@pytest.mark.claim("R001-044")
def test_sums_depend_on_their_order():
    """In FP16 2048 + 1 + 1 is 2048 from the left and 2050 from the right."""
    large, one = torch.tensor([2048.0, 1.0]).half()
    assert (large + one) + one == 2048
    assert large + (one + one) == 2050


@pytest.mark.claim("R001-060")
def test_clamp_before_a_logarithm_bounds_it_and_stops_the_gradient():
    """log max(x, 1e-12) is at least -27.631, with gradient 0 below 1e-12; 256 empty bins gain 2.56e-10."""
    x = torch.tensor([0.0, 1e-20, 1e-12, 0.5, -3.0], dtype=torch.float64, requires_grad=True)
    clamped = x.clamp(min=1e-12)
    clamped.log().sum().backward()
    assert clamped.log().min().item() == printed("-27.631")
    assert clamped.clamp(min=1e-12).equal(clamped)
    assert x.grad[[0, 1, 4]].tolist() == [0, 0, 0]
    assert_close(x.grad[3], 2.0)
    assert torch.zeros(256, dtype=torch.float64).clamp(min=1e-12).sum().item() == printed("2.56e-10")
    assert_close(math.exp(-27.631), 1e-12, 1e-12, roundings=2.0**43)
