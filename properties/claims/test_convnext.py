"""Statements about ConvNeXt and EdgeNeXt that are often met and wrong, and what their blocks cost."""

import pytest
import torch
from torch.nn.functional import linear
from torch.overrides import TorchFunctionMode

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.transformer.attention import attention
from reference.transformer.conditioning import pointwise_convolution
from reference.vision.convnext import split_depthwise, transposed_attention
from reference.vision.convolution import convolution_weight_count


class MultiplyAdds(TorchFunctionMode):
    """Counts the multiplications of all matrix products."""

    total = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in (torch.Tensor.matmul, torch.Tensor.__matmul__):
            self.total += result.numel() * args[0].shape[-1]
        return result


@pytest.mark.claim("E004-24", "R004-075")
def test_channels_are_moved_last_by_permuting():
    """Reshaping (2, 3, 4, 5) to (2, 4, 5, 3) leaves no pixel whole; permuted, a 1 x 1 convolution is linear."""
    x, weight, bias = torch.arange(120.0).reshape(2, 3, 4, 5).double(), steps(7, 3), steps(7)
    permuted, reshaped = x.permute(0, 2, 3, 1), x.reshape(2, 4, 5, 3)
    assert int((permuted == reshaped).all(-1).sum()) == 0
    assert_close(linear(permuted, weight, bias), pointwise_convolution(x, weight, bias).permute(0, 2, 3, 1), 2000)


@pytest.mark.claim("E004-24", "R004-075")
def test_the_seven_by_seven_convolution_is_depthwise():
    """At 96 channels it has 4704 weights; a plain one would have 451584."""
    assert convolution_weight_count(7, 96, 96, groups=96) == 4704
    assert convolution_weight_count(7, 96, 96) == 451584


@pytest.mark.claim("R004-077")
def test_attention_between_channels_costs_in_proportion_to_tokens():
    """Twice the tokens take twice the operations of attention between channels, and four times those between tokens."""
    one, everything = torch.ones(1), torch.ones(64, 64, dtype=torch.bool)

    def operations(function, tokens):
        x = torch.ones(1, tokens, 8)
        with MultiplyAdds() as counted:
            function(x, x, x)
        return counted.total

    for function, growth in (
        (lambda q, k, v: transposed_attention(q, k, v, one), 2),
        (lambda q, k, v: attention(q, k, v, everything[: q.shape[1], : q.shape[1]]), 4),
    ):
        assert operations(function, 64) == growth * operations(function, 32) > 0


@pytest.mark.claim("R004-077")
def test_channels_that_scales_do_not_divide_fall_into_a_narrower_last_part():
    """EdgeNeXt-S has 160 channels in 3 scales: 54, 54, and 52 that are kept."""
    x = steps(1, 160, 1, 1)
    y = split_depthwise(x, [torch.zeros(54, 1, 3, 3).double()] * 2, [torch.zeros(54).double()] * 2)
    assert_equal(y[:, 108:], x[:, 108:])
    assert_equal(y[:, :108], torch.zeros(1, 108, 1, 1))
