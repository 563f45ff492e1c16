"""Worked numbers of activations and gated layers."""

import pytest
import torch
from scipy import special

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.transformer.activations import gelu, gelu_tanh, silu, swiglu


@pytest.mark.claim("R001-023", "R003-017")
def test_silu_dips_to_minus_0278465():
    """The only minimum of SiLU is -0.2784645 at x = -1.2784645, which is -W(1/e), and its slope at 0 is 1/2."""
    w = special.lambertw(1 / torch.e).real
    x = table(-1 - w, 0).requires_grad_()
    (slope,) = torch.autograd.grad(silu(x).sum(), x)
    assert (silu(-1 - table(w)), -1 - w) == (printed("-0.2784645"), printed("-1.2784645"))
    assert_close(slope, table(0, 0.5), 1)


@pytest.mark.claim("R003-017")
def test_quick_gelu_is_neither_silu_nor_gelu():
    """x sigmoid(1.702 x) is 0.0203 below GELU at 2.27 and 0.115 above SiLU at 1; the tanh form is 0.00047 off."""
    x = table(1, 2.27, 2.699)
    quick = x * torch.sigmoid(1.702 * x)
    assert (gelu(x) - quick)[1] == printed("0.0203")
    assert (quick - silu(x))[0] == printed("0.115")
    assert (gelu_tanh(x) - gelu(x))[2] == printed("0.000473")


@pytest.mark.claim("R003-016")
def test_swiglu_of_128_channels_has_66048_parameters():
    """SwiGLU(128, 256) maps (16, 128) to (16, 256) by 2 (128 * 256 + 256) = 66048 parameters."""
    weights = [torch.ones(256, 128), torch.ones(256), torch.ones(256, 128), torch.ones(256)]
    assert swiglu(torch.ones(16, 128), *weights).shape == (16, 256)
    assert sum(weight.numel() for weight in weights) == 66048


@pytest.mark.claim("R003-016")
def test_gated_layer_of_two_thirds_holds_as_many_weights():
    """Three matrices of hidden width 8 d / 3 hold 8 d^2 weights, as do the two of a plain layer of width 4 d."""
    d = 768
    assert 3 * d * (8 * d // 3) == 2 * d * (4 * d)
