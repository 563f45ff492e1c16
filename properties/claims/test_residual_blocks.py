"""Worked numbers of residual blocks of convolutional networks, and statements about them that are met and wrong."""

import pytest
import torch
from torch.nn.functional import conv2d

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.vision.convolution import convolution_weight_count
from reference.vision.residual_blocks import (
    bottleneck_parameter_count,
    post_activation_block,
    pre_activation_block,
    projected_block,
    res2net_split,
    squeeze_excitation,
)


@pytest.mark.claim("E004-18", "R004-066")
def test_resnext_is_as_large_as_a_bottleneck():
    """ResNeXt's 70144 weights stand beside the 69632 of ResNet's bottleneck, not the 589824 of a plain 3 x 3 layer."""
    assert bottleneck_parameter_count(256, 128, groups=32) == 70144
    assert bottleneck_parameter_count(256, 64) == 69632
    assert convolution_weight_count(3, 256, 256) == 589824


@pytest.mark.claim("R004-064")
def test_five_halvings_lead_from_224_to_7():
    """Strides of 2 in the stem, its pool and three stages leave 7 x 7 of 224 x 224 pixels."""
    x = conv2d(torch.zeros(1, 1, 224, 224), torch.zeros(1, 1, 7, 7), stride=2, padding=3)
    x = torch.nn.functional.max_pool2d(x, 3, stride=2, padding=1)
    sides = [x.shape[-1]]
    for _ in range(3):
        kernel = torch.zeros(1, 1, 3, 3)
        x = projected_block(
            x, lambda v, k=kernel: conv2d(v, k, stride=2, padding=1), kernel[0, :, :1, 0], kernel[0, 0, 0, :1], 2
        )
        sides.append(x.shape[-1])
    assert sides == [56, 28, 14, 7]


@pytest.mark.claim("R004-064")
def test_only_a_pre_activation_block_lets_every_gradient_pass():
    """Where the branch is switched off dy/dx is 1 everywhere before, and 0 at negative numbers after activation."""
    x = steps(2, 3, 5).requires_grad_()
    for block, expected in (
        (lambda v: pre_activation_block(v, torch.tanh, torch.zeros_like), torch.ones(2, 3, 5)),
        (lambda v: post_activation_block(v, torch.zeros_like), x > 0),
    ):
        assert_equal(torch.autograd.grad(block(x).sum(), x)[0], expected.double())


@pytest.mark.claim("R004-065")
def test_res2net_sees_further_with_fewer_weights():
    """Four parts of 26 channels have 18252 weights, a plain layer of 104 channels 97344; part i sees 2 i - 1 pixels."""
    assert 3 * convolution_weight_count(3, 26, 26) == 18252
    assert convolution_weight_count(3, 104, 104) == 97344
    spot = torch.zeros(1, 4, 9, 9)
    spot[..., 4, 4] = 1
    box = torch.ones(1, 1, 3, 3)
    seen = res2net_split(spot, [lambda part: conv2d(part, box, padding=1)] * 3)
    assert [int((part[4] > 0).sum()) for part in seen[0]] == [1, 3, 5, 7]


@pytest.mark.claim("R004-067")
def test_squeeze_excitation_has_8192_weights_and_halves_without_biases_alone():
    """256 channels and r = 16 make 2 C^2 / r = 8192 weights; at zero weights a bias b in the last layer makes the gates
    sigmoid(b), not 1/2.
    """
    x, none = steps(2, 256, 1, 1), torch.zeros(16, 256, dtype=torch.float64)
    assert 2 * none.numel() == 8192
    assert_equal(squeeze_excitation(x, none, none.T), x / 2)
    assert_close(torch.sigmoid(torch.tensor(1.0)), 0.7310585786)
