"""Worked numbers of conditioned transformers, and statements about them that are often met and wrong.

Steps of training are plain gradient descent. "Trains" means that the gradient is not 0.
"""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, cosine_similarity, gelu, linear

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.transformer.conditioning import (
    Modulation,
    adaln_zero_block,
    controlled_block,
    dit_final_layer,
    dit_modulation,
    pointwise_convolution,
    shared_var_modulation,
    var_final_norm,
    var_modulation,
)
from reference.transformer.norms import standardize_tokens


def ramp(*shape: int) -> Tensor:
    """Distinct numbers in [-1, 1), in no simple order."""
    return steps(*shape) / 2


def zeros(*shape: int) -> Tensor:
    return torch.zeros(*shape, dtype=torch.float64)


def trained(loss: Tensor, parameters: dict[str, Tensor]) -> set[str]:
    """Moves every parameter down its gradient by an eighth of it, and says which ones moved."""
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    moved = {name for name, gradient in zip(parameters, gradients, strict=True) if gradient.any()}
    with torch.no_grad():
        for parameter, gradient in zip(parameters.values(), gradients, strict=True):
            parameter -= gradient / 8
    return moved


def leaves(**parameters: Tensor) -> dict[str, Tensor]:
    return {name: parameter.clone().requires_grad_() for name, parameter in parameters.items()}


# Adaptive norms


@pytest.mark.claim("E001-4", "R001-092")
def test_shared_modulation_differs_between_samples():
    """Blocks that share the map of the condition differ by the same amount for every sample, but samples differ by
    their conditions; W and b have 6 C (D + 1) parameters once, and each block 6 C.
    """
    channels, dim, condition, table = 5, 4, ramp(3, 4), ramp(2, 6, 5)
    weight, bias = ramp(6 * channels, dim), ramp(6 * channels)
    first, second = (torch.stack(shared_var_modulation(condition, weight, bias, block)) for block in table)
    assert (first.diff(dim=1) != 0).any(0).all()
    between = first - second
    assert_close(between, between[:, :1].expand(6, 3, channels), 8)
    assert weight.numel() + bias.numel() == 6 * channels * (dim + 1)
    assert table[0].numel() == 6 * channels


@pytest.mark.claim("E001-19")
def test_modulation_is_six_times_as_wide_as_the_condition():
    """For 4 samples and 1024 channels a condition has 4 x 1024 numbers, the modulation of a block 4 x 6 x 1024."""
    condition = zeros(4, 1024)
    modulation = var_modulation(condition, zeros(1, 1024).expand(6 * 1024, 1024), zeros(6 * 1024))
    assert condition.numel() == 4 * 1024
    assert sum(part.numel() for part in modulation) == 4 * 6 * 1024


@pytest.mark.claim("R001-027")
def test_condition_before_the_head_starts_in_proportion_to_the_initial_weight():
    """With no bias and W scaled by s the output is LN(x) at s = 0 for every condition, and its gradient in the
    condition grows as s; W itself has a gradient at s = 0.
    """
    x, weight = ramp(2, 3, 5), ramp(10, 4)
    steering = []
    for s in (0.0, 0.25, 0.5):
        condition = ramp(2, 4).requires_grad_()
        scaled = (s * weight).requires_grad_()
        out = var_final_norm(x, condition, scaled, zeros(10))
        by_condition, by_weight = torch.autograd.grad((out * ramp(2, 3, 5)).sum(), (condition, scaled))
        steering.append(by_condition)
        assert by_weight.any()
        if s == 0:
            assert_equal(out.detach(), standardize_tokens(x, 1e-6))
    assert not steering[0].any()
    assert_close(steering[2], 2 * steering[1])


@pytest.mark.claim("R003-175", "R004-107")
def test_adaln_zero_starts_as_the_identity_and_trains_from_its_end():
    """With all modulation and the last linear map at 0, blocks are the identity and the output is 0; at step 0 only the
    last map trains, at step 1 the maps of the condition do too, at step 2 what the blocks hold besides.
    """
    x, condition, target = ramp(2, 3, 5), ramp(2, 4), ramp(2, 3, 7) + 2
    parameters = leaves(
        block=zeros(30, 4),
        inner=ramp(5, 5),
        final_modulation=zeros(10, 4),
        final=zeros(7, 5),
    )

    def output() -> tuple[Tensor, Tensor]:
        def sub_layer(h: Tensor) -> Tensor:
            return linear(h, parameters["inner"])

        modulation = dit_modulation(condition, parameters["block"], zeros(30))
        h = adaln_zero_block(x, modulation, sub_layer, sub_layer)
        return h, dit_final_layer(
            h, condition, parameters["final_modulation"], zeros(10), parameters["final"], zeros(7)
        )

    h, out = output()
    assert_equal(h, x)
    assert not out.any()
    order = []
    for _ in range(3):
        order.append(trained((output()[1] - target).square().mean(), parameters))
    assert order == [{"final"}, {"final", "final_modulation", "block"}, set(parameters)]


@pytest.mark.claim("R003-175")
def test_modulated_block_is_a_pre_norm_block_where_gates_are_one():
    """At gates of 1 and scales and shifts of 0 the condition is gone: x + f(LN(x)), then x + g(LN(x))."""
    x, gate, none = ramp(2, 3, 5), torch.ones(2, 5, dtype=torch.float64), zeros(2, 5)
    out = adaln_zero_block(x, Modulation(none, none, gate, none, none, gate), lambda h: h.cumsum(1), torch.tanh)
    middle = x + standardize_tokens(x, 1e-6).cumsum(1)
    assert_close(out, middle + standardize_tokens(middle, 1e-6).tanh(), 8)


# Zero layers


@pytest.mark.claim("R003-159", "E003-055")
def test_zero_convolutions_train_because_of_their_input():
    """A zero layer trains because its input is not 0, wherever it stands: at step 0 only the output convolution does,
    at step 1 the copy and the convolution before it too.
    """
    x, control, target = ramp(3, 2, 7), ramp(5, 2, 7) + 0.5, ramp(3, 2, 7) + 2
    parameters = leaves(
        weight_in=zeros(3, 5), bias_in=zeros(3), copy=ramp(3, 3), weight_out=zeros(3, 3), bias_out=zeros(3)
    )

    def loss() -> Tensor:
        convolutions = {name: parameter for name, parameter in parameters.items() if name != "copy"}

        def trained_copy(h: Tensor) -> Tensor:
            return gelu(pointwise_convolution(h, parameters["copy"], zeros(3)))

        return (controlled_block(x, control, torch.sin, trained_copy, **convolutions) - target).square().sum() / 64

    assert [trained(loss(), parameters) for _ in range(2)] == [{"weight_out", "bias_out"}, set(parameters)]


@pytest.mark.claim("R003-159", "E003-055")
@pytest.mark.parametrize("steps", [1, 5])
def test_two_zero_layers_in_series_train_their_last_bias_only(steps):
    """Without a way around them both weights and the inner bias of two zero layers stay 0 for good; the output bias,
    whose gradient is that of the output, trains.
    """
    x, target = ramp(3, 2, 7), ramp(4, 2, 7) + 2
    parameters = leaves(weight=zeros(3, 3), bias=zeros(3), last_weight=zeros(4, 3), last_bias=zeros(4))
    for _ in range(steps):
        h = pointwise_convolution(x, parameters["weight"], parameters["bias"])
        out = pointwise_convolution(h, parameters["last_weight"], parameters["last_bias"])
        moved = trained((out - target).square().sum() / 64, parameters)
    assert moved == {"last_bias"}
    assert not any(parameters[name].any() for name in ("weight", "bias", "last_weight"))


# Layers beside them


@pytest.mark.claim("E003-056")
def test_halving_an_image_and_doubling_its_channels_leaves_the_cost_of_a_convolution():
    """A 3 x 3 convolution of 10 channels at 100 x 100 takes 9000000 multiply-adds, one of 20 channels at 50 x 50 as
    many; only the one from 10 to 20 channels takes 4500000.
    """

    def multiply_adds(side: int, channels_in: int, channels_out: int) -> int:
        ones = torch.ones(1, channels_in, side, side)
        return int(conv2d(ones, torch.ones(channels_out, channels_in, 3, 3), padding=1)[:, :, 1:-1, 1:-1].max()) * (
            side * side * channels_out
        )

    assert multiply_adds(100, 10, 10) == multiply_adds(50, 20, 20) == 9_000_000
    assert multiply_adds(50, 10, 20) == 4_500_000


@pytest.mark.claim("E003-057")
def test_an_embedding_of_two_linear_layers_is_not_one():
    """linear, GELU, linear is no affine map, as one layer would be; added to a feature map an embedding shifts it and
    keeps differences within it, and only multiplied by it scales them.
    """
    points = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)
    embedded = linear(gelu(linear(points, ramp(3, 1), ramp(3))), ramp(1, 3), ramp(1)).squeeze()
    assert abs(float(embedded[0] + embedded[2] - 2 * embedded[1])) > 0.01
    image, embedding = ramp(2, 3, 4), ramp(2)[:, None, None] - 1
    assert_close((image + embedding).diff(), image.diff(), 4)
    assert_close((image * embedding).diff(), image.diff() * embedding, 4)


@pytest.mark.claim("E003-058")
def test_a_vector_may_be_closer_to_a_longer_one_than_to_itself():
    """Without projections two equal words have the largest cosine, but (1, 0) has the product 3 with (3, 0) and 1 with
    itself.
    """
    x, y = torch.tensor([1.0, 0.0]), torch.tensor([3.0, 0.0])
    assert x @ y == 3 > x @ x == 1
    assert cosine_similarity(x, y, 0) == cosine_similarity(x, x, 0) == 1
