"""Worked numbers of the course's ContextUnet, and statements about it that are wrong, each with a witness."""

import contextlib
import functools
import math

import numpy as np
import pytest
import torch

from properties.claims.test_diffusion import printed
from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.transformer.activations import gelu
from reference.transformer.norms import RunningMoments, batch_norm_in_evaluation, batch_norm_in_training
from reference.vision.unet import (
    conv_norm_gelu,
    embed_fc,
    join_skip,
    masked_context,
    modulate_features,
    residual_conv_block,
    unet,
    unet_down,
    unet_middle,
    unet_sides,
    unet_up,
)

MOMENTS = RunningMoments(steps(3) / 8, steps(3) / 4 + 1)
ONE, ZERO = torch.ones(3).double(), torch.zeros(3).double()
TRAINING = functools.partial(batch_norm_in_training, moments=MOMENTS, gain=ONE, bias=ZERO, momentum=0.1, epsilon=1e-5)
EVALUATION = functools.partial(batch_norm_in_evaluation, moments=MOMENTS, gain=ONE, bias=ZERO, epsilon=1e-5)


def course_network(x, context, time, pool, growth, features=1):
    """ContextUnet with `features` channels, constant weights, and tanh for its norms."""

    def layer(channels, out):
        kernel, bias = torch.full((out, channels, 3, 3), 0.125), torch.zeros(out)
        return lambda v: conv_norm_gelu(v, kernel, bias, torch.tanh)

    def down(channels, out):
        return lambda v: unet_down(v, lambda w: layer(out, out)(layer(channels, out)(w)))

    def up(channels, out, modulated):
        kernel, block = torch.full((channels, out, 2, 2), 0.125), layer(out, out)
        return lambda v, skip: unet_up(modulated(v), skip, kernel, torch.zeros(out), lambda w: block(block(w)))

    def modulated(v):
        embeddings = [
            embed_fc(
                condition, torch.ones(3, condition.shape[-1]), torch.ones(3), torch.ones(v.shape[1], 3), torch.ones(1)
            )
            for condition in (context, time)
        ]
        return modulate_features(v, *embeddings)

    first = residual_conv_block(x, layer(1, features), layer(features, features))
    kernel = torch.full((2 * features, 2 * features, growth, growth), 0.125)
    return join_skip(
        unet(
            first,
            [down(features, features), down(features, 2 * features)],
            lambda v: unet_middle(v, pool, kernel, torch.zeros(2 * features), torch.tanh),
            [up(4 * features, features, modulated), up(2 * features, features, modulated)],
        ),
        first,
    )


def runs(side, pool, growth):
    with contextlib.suppress(RuntimeError, ValueError):
        shape = course_network(torch.ones(1, 1, side, side), torch.ones(1, 2), torch.ones(1, 1), pool, growth).shape
        unet_sides(side, 2, pool, growth)
        return shape == (1, 2, side, side)
    with pytest.raises(ValueError, match=r".+"):
        unet_sides(side, 2, pool, growth)
    return False


@pytest.mark.claim("E003-049", "R003-144", "R003-164")
def test_context_unet_runs_for_four_sides():
    """With its pool of 4 it runs for 16, 20, 24 and 28 and no other multiple of 4; a pool of 7 takes multiples of 28,
    and one of a quarter of the side every multiple of 4.
    """
    sides = range(4, 44, 2)
    assert [side for side in sides if runs(side, 4, side // 4)] == [16, 20, 24, 28]
    assert [side for side in (14, 28, 42, 56, 60) if runs(side, 7, 7)] == [28, 56]
    assert [side for side in sides if runs(side, side // 4, side // 4)] == [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]


@pytest.mark.claim("E003-050", "R003-144")
def test_the_second_step_down_doubles_the_channels():
    """16 x 16 pixels of 64 features become (64, 8, 8) and then (128, 4, 4), not 256 channels both times."""
    x = torch.zeros(1, 64, 16, 16)
    once = unet_down(x, lambda v: v)
    twice = unet_down(once, lambda v: torch.cat([v, v], 1))
    assert (once.shape, twice.shape) == ((1, 64, 8, 8), (1, 128, 4, 4))


@pytest.mark.claim("R003-163")
def test_dividing_by_1_414_does_not_keep_the_variance():
    """Two independent terms of variance 1 become 2 / 1.414^2 = 1.000302; but GELU turns a standard normal into numbers
    of mean 0.2821 and variance 0.3456, so that x of variance 1 becomes 0.673.
    """
    variance = 2 / 1.414**2
    assert variance == printed("1.000302")
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    values, weights = gelu(torch.as_tensor(nodes)), torch.as_tensor(weights) / math.sqrt(2 * math.pi)
    mean, square = float((weights * values).sum()), float((weights * values**2).sum())
    assert mean == printed("0.2821")
    assert square - mean**2 == printed("0.3456")
    assert (1 + square - mean**2) / 1.414**2 == printed("0.673")


@pytest.mark.claim("R003-163", "R003-144")
def test_zero_weights_are_a_shortcut_in_training_alone():
    """In training BatchNorm removes the biases of the convolutions, so that zero weights leave x / 1.414; in evaluation
    the biases remain.
    """
    x, kernel, bias = steps(2, 3, 4, 5), torch.zeros(3, 3, 3, 3).double(), steps(3) + 0.5
    layers = {
        norm: functools.partial(conv_norm_gelu, kernel=kernel, bias=bias, normalize=norm)
        for norm in (lambda v: TRAINING(v)[0], EVALUATION)
    }
    trained, evaluated = (residual_conv_block(x, layer, layer) for layer in layers.values())
    assert_close(trained, x / 1.414, 1)
    assert (evaluated - x / 1.414).abs().max() > 0.1


@pytest.mark.claim("R003-144")
def test_biases_before_batch_norm_get_no_gradient_in_training():
    """Their gradient is 0 up to rounding in training, and not in evaluation."""
    x, kernel, bias = steps(2, 3, 4, 5), steps(3, 3, 3, 3) / 4, steps(3).requires_grad_()
    for norm, still in ((lambda v: TRAINING(v)[0], True), (EVALUATION, False)):
        weighed = conv_norm_gelu(x, kernel, bias, norm) * steps(2, 3, 4, 5).flip(0)
        (gradient,) = torch.autograd.grad(weighed.sum(), bias)
        assert (gradient.abs().max() < 1e-12) == still


@pytest.mark.claim("R003-144", "R003-162")
def test_no_context_is_a_context_of_zeros():
    """Its embedding is not zero, but of the first weights none gets a gradient from it; from another context all do."""
    context, weight_in = torch.tensor([[1.0, 2.0, 3.0]]).double(), (steps(5, 3) / 2).requires_grad_()
    for kept in (False, True):
        given = masked_context(context, torch.tensor([kept]))
        embedding = embed_fc(given, weight_in, steps(5) + 0.25, steps(4, 5), steps(4))
        (gradient,) = torch.autograd.grad(embedding.square().sum(), weight_in)
        assert embedding.abs().min() > 0
        assert bool((gradient != 0).all()) == kept
    assert_equal(masked_context(context, torch.tensor([False])), torch.zeros(1, 3))
