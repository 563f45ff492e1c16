"""Worked numbers of initial weights, and what PyTorch's initialisers draw."""

import math

import pytest
import torch
from torch import nn

from properties.claims.test_diffusion import printed
from properties.closeness import assert_close
from reference.training.initialization import (
    fans,
    kaiming_bound,
    kaiming_std,
    leaky_relu_gain,
    linear_bound,
    truncated_normal,
    truncated_normal_std,
    uniform_initialization,
    xavier_bound,
    xavier_std,
)

SHAPE = (7, 64)
FANS = fans(SHAPE)


def linear_weights():
    return nn.Linear(64, 7, dtype=torch.float64).weight.detach()


def filled(initialize, **arguments):
    return lambda: initialize(torch.empty(SHAPE, dtype=torch.float64), **arguments)


def drawn(draw, seed=1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return draw()


@pytest.mark.claim("R001-029")
@pytest.mark.parametrize(
    ("draw", "bound"),
    [
        (linear_weights, linear_bound(64)),
        (filled(nn.init.kaiming_uniform_), kaiming_bound(64)),
        (filled(nn.init.kaiming_uniform_, a=0.5, mode="fan_out"), kaiming_bound(7, 0.5)),
        (filled(nn.init.xavier_uniform_, gain=1.5), xavier_bound(*FANS, 1.5)),
    ],
)
def test_uniform_initialisers_of_pytorch_scale_uniform_numbers(draw, bound):
    """nn.Linear, kaiming_uniform_ and xavier_uniform_ draw uniform numbers and stretch them to their bounds."""
    uniform = drawn(lambda: torch.rand(SHAPE, dtype=torch.float64))
    assert_close(drawn(draw), uniform_initialization(uniform, bound), bound)


@pytest.mark.claim("R001-029")
@pytest.mark.parametrize(
    ("draw", "std"),
    [
        (filled(nn.init.kaiming_normal_, a=0.5), kaiming_std(64, 0.5)),
        (filled(nn.init.xavier_normal_), xavier_std(*FANS)),
    ],
)
def test_normal_initialisers_of_pytorch_scale_normal_numbers(draw, std):
    """kaiming_normal_ and xavier_normal_ multiply standard normal numbers by their deviations."""
    assert_close(drawn(draw), std * drawn(lambda: torch.randn(SHAPE, dtype=torch.float64)))


@pytest.mark.claim("R001-029")
def test_layer_of_64_inputs_draws_weights_and_biases_within_an_eighth():
    """sqrt(6 / ((1 + 5) 64)) = 1 / sqrt(64) = 0.125, a third of the variance that a linear layer needs; the bound for a
    ReLU would be 0.306. PyTorch's own gain of a leaky ReLU is that of slope 0.01 unless told otherwise.
    """
    assert_close(linear_bound(64), 0.125)
    bias = drawn(lambda: nn.Linear(64, 7, dtype=torch.float64).bias.detach())
    uniform = drawn(lambda: [torch.rand(size, dtype=torch.float64) for size in (7 * 64, 7)])[1]
    assert_close(bias, uniform_initialization(uniform, 0.125), 0.125)
    assert_close(math.sqrt(6 / ((1 + 5) * 64)), 0.125)
    assert kaiming_bound(64) == printed("0.306")
    assert_close(nn.init.calculate_gain("leaky_relu"), leaky_relu_gain(0.01))
    assert_close(nn.init.calculate_gain("relu"), leaky_relu_gain(0.0))


@pytest.mark.claim("R001-029")
def test_normal_of_small_deviation_is_not_cut_at_two():
    """Bounds of 2 cut a normal of deviation 1 to 0.8796, and one of deviation 0.02, a hundred deviations wide, not at
    all: there PyTorch's bounds are to be 0.04.
    """
    assert truncated_normal_std(1.0, 2.0) == printed("0.8796")
    assert truncated_normal_std(0.02, 2.0) == 0.02
    assert truncated_normal_std(0.02, 0.04) == printed("0.01759")
    far = torch.tensor([2.0**-20], dtype=torch.float64)
    assert truncated_normal(far, 0.02, 2.0).item() < -0.09
    assert truncated_normal(far, 0.02, 0.04).item() == printed("-0.040")


@pytest.mark.claim("R001-029")
def test_fan_of_a_grouped_convolution_is_that_of_its_group():
    """A 3 x 3 convolution of 6 channels in 2 groups has 3 * 9 inputs per output, and the bound 1 / sqrt(27)."""
    layer = drawn(lambda: nn.Conv2d(6, 8, 3, groups=2))
    assert fans(layer.weight.shape).fan_in == 27
    assert 0.95 / math.sqrt(27) < layer.weight.abs().max().item() <= 1 / math.sqrt(27)
