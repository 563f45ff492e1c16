"""Laws of `reference.transformer.activations`."""

import math

import pytest
import torch
from hypothesis import given
from scipy import special, stats

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.strategies import dyadics, normals


def wide(*shape):
    """Numbers up to 1024, where exp overflows in every dtype."""
    return dyadics(-(2**20), 2**20, *shape, grid=1024)


@given(x=wide(2, 3))
def test_relu_is_half_of_number_and_size(relu, x):
    """relu(x) = (x + |x|) / 2, so that relu(x) - relu(-x) = x, and doing it twice is doing it once."""
    y = relu(x)
    assert_equal(y, (x + x.abs()) / 2)
    assert_equal(relu(y) - relu(-x), x)


@pytest.mark.autograd
@given(x=wide(2, 3))
def test_relu_has_slope_zero_or_one(relu, x):
    """The slope is 1 above 0, and 0 below and at 0."""
    x = torch.cat([x, torch.zeros(1, 3)]).requires_grad_()
    (slope,) = torch.autograd.grad(relu(x).sum(), x)
    assert_equal(slope, (x > 0).double())


@given(x=normals(2, 3))
def test_silu_equals_half_a_hyperbolic_tangent(silu, x):
    """silu(x) = x (1 + tanh(x / 2)) / 2, even where exp(-x) or exp(x) is infinite."""
    x = torch.cat([x, 8 * x, torch.tensor([[1024.0, -1024.0, 0.0]])])
    assert_close(silu(x), x * (1 + torch.tanh(x / 2)) / 2, x.abs())


@given(x=normals(2, 3))
def test_silu_is_least_at_lambert_w(silu, x):
    """With w = W(1/e), nothing lies below silu(-1 - w) = -w, and silu(x) - silu(-x) = x."""
    w = special.lambertw(1 / math.e).real
    assert_close(silu(torch.tensor([-1 - w], dtype=torch.float64)), -w)
    assert_at_most(-silu(x), w, 1)
    assert_close(silu(x) - silu(-x), x, x.abs())


@given(x=dyadics(-(2**16), 2**16, 2, 3))
def test_gelu_equals_number_times_normal_distribution_function(gelu, x):
    """gelu(x) = x P(Z <= x) for a standard normal Z, so that gelu(x) - gelu(-x) = x."""
    assert_close(gelu(x), x * torch.as_tensor(stats.norm.cdf(x)), x.abs())
    assert_close(gelu(x) - gelu(-x), x, x.abs())


@given(x=dyadics(-(2**16), 2**16, 2, 3))
def test_gelu_tanh_equals_cubic_logistic_gate(gelu_tanh, x):
    """(1 + tanh u) / 2 is the logistic function of 2 u, here of sqrt(8 / pi) (x + 0.044715 x^3)."""
    x = torch.cat([x, 16 * x])
    gate = torch.special.expit(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))
    assert_close(gelu_tanh(x), x * gate, x.abs())


@given(x=dyadics(-(2**15), 2**15, 2, 3))
def test_gelu_tanh_is_within_its_bound_of_gelu(gelu_tanh, gelu, x):
    """The two differ by at most 4.7324e-4, which is nearly reached at 2.699 and -2.699."""
    x = torch.cat([x, torch.tensor([[0.0, 2.699, -2.699]], dtype=torch.float64)])
    difference = gelu_tanh(x) - gelu(x)
    assert_at_most(difference.abs(), 4.7324e-4, 1 + x.abs())
    assert_at_most(-difference[-1], torch.tensor([0, -4.7323e-4, -4.7323e-4]), 4)


def weights(*shape):
    return dyadics(-32, 32, *shape, grid=16)


@given(x=weights(2, 3), gate_weight=weights(5, 3), gate_bias=weights(5), up_weight=weights(5, 3), up_bias=weights(5))
def test_swiglu_equals_gate_times_value_for_every_unit(swiglu, x, gate_weight, gate_bias, up_weight, up_bias):
    """Unit h of a token is g u / (1 + exp(-g)), with g and u affine in the token by the h-th rows of the weights."""
    gate_bias[2] = 1024
    y = swiglu(x, gate_weight, gate_bias, up_weight, up_bias)
    for token, out in zip(x, y, strict=True):
        gate, up = (gate_weight * token).sum(1) + gate_bias, (up_weight * token).sum(1) + up_bias
        assert_close(out, gate * up / (1 + torch.exp(-gate)), (14 + gate.abs()) * (14 + up.abs()))


@given(x=weights(2, 3, 5), gate_weight=weights(7, 5), gate_bias=weights(7))
def test_swiglu_reduces_to_silu_at_value_one(swiglu, x, gate_weight, gate_bias):
    """With the weight of the value 0 and its bias b, the unit is b silu(g) = b g (1 + tanh(g / 2)) / 2."""
    nothing, up_bias = torch.zeros(7, 5, dtype=torch.float64), torch.arange(7, dtype=torch.float64) - 2
    gate = (x[..., None, :] * gate_weight).sum(-1) + gate_bias
    y = swiglu(x, gate_weight, gate_bias, nothing, up_bias)
    assert_close(y, up_bias * gate * (1 + torch.tanh(gate / 2)) / 2, 22 * up_bias.abs())


@given(x=weights(2, 3), gate_weight=weights(5, 3), up_weight=weights(5, 3), down_weight=weights(3, 5))
def test_swiglu_feed_forward_adds_up_its_units(swiglu_feed_forward, x, gate_weight, up_weight, down_weight):
    """Every unit adds its gated value along its own column of the down projection."""
    scale = torch.tensor([[1], [4096]])
    x = scale * x
    expected = torch.zeros(2, 3, dtype=torch.float64)
    for unit in range(5):
        gate, up = (x * gate_weight[unit]).sum(1), (x * up_weight[unit]).sum(1)
        expected += (gate * up * torch.special.expit(gate))[:, None] * down_weight[:, unit]
    y = swiglu_feed_forward(x, gate_weight, up_weight, down_weight)
    assert_close(y, expected, 12 * 12 * scale**2 * down_weight.abs().sum(1))


@given(x=weights(2, 3), gate_weight=weights(5, 3), up_weight=weights(5, 3), down_weight=weights(3, 5))
def test_swiglu_feed_forward_is_linear_in_value_and_not_in_gate(
    swiglu_feed_forward, x, gate_weight, up_weight, down_weight
):
    """Opposite values cancel; opposite gates leave g u, as silu(g) - silu(-g) = g."""
    y = swiglu_feed_forward(x, gate_weight, up_weight, down_weight)
    assert_close(swiglu_feed_forward(x, gate_weight, -up_weight, down_weight), -y, y.abs() + 1)
    opposite = swiglu_feed_forward(x, -gate_weight, up_weight, down_weight)
    product = ((x @ gate_weight.mT) * (x @ up_weight.mT)) @ down_weight.mT
    assert_close(y - opposite, product, 12 * 12 * down_weight.abs().sum(1))
