"""Worked numbers of layer, group and batch norm, and statements about them that are often met and wrong."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close, assert_equal
from reference.probability.norms import p_norm, standardize_vector
from reference.transformer.norms import (
    RunningMoments,
    batch_norm_in_evaluation,
    batch_norm_in_training,
    group_norm,
    image_layer_norm,
    instance_norm,
    layer_norm,
    rms_norm,
    standardize_tokens,
)

IMAGES = (torch.arange(120, dtype=torch.float64) * 11 % 120 / 16).reshape(2, 6, 5, 2)
ONE, ZERO = torch.ones(6, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)
MOMENTS = RunningMoments(ZERO, ONE)


@pytest.mark.claim("R003-026")
def test_layer_norm_divides_by_n():
    """(1, 0, 0, 0) becomes (1.732, -0.577, -0.577, -0.577), of length 2; with n - 1 its first entry would be 1.5."""
    x = table(1, 0, 0, 0)
    assert standardize_tokens(x, 0.0).tolist() == [printed("1.732"), *[printed("-0.577")] * 3]
    assert_close(p_norm(standardize_tokens(x, 0.0), 2.0), 2)
    assert_close((x - x.mean()) / x.std(), table(1.5, -0.5, -0.5, -0.5))
    assert_close(standardize_tokens(x, 0.0), standardize_vector(x), 2)


@pytest.mark.claim("R001-012", "R001-026")
def test_epsilon_breaks_scale_invariance_of_small_inputs():
    """Mean square and variance m become m / (m + epsilon): at 1e-5, 1.6e-6 becomes 0.138, a quarter of it 0.038."""
    x = math.sqrt(1.6e-6) * table(1, -1)
    for scale, square in ((1, "0.138"), (0.5, "0.038")):
        assert rms_norm(scale * x, table(1, 1), 1e-5).square().mean() == printed(square)
        assert standardize_tokens(scale * x, 1e-5).square().mean() == printed(square)


@pytest.mark.claim("R001-025")
def test_layer_norm_ignores_an_offset_that_rms_norm_does_not():
    """x + 3 has the layer norm of x and another RMS norm; -x turns both round."""
    x, gain, bias = table(1, -2, 0.5), table(1, 1, 1), table(0, 0, 0)
    assert_close(layer_norm(x + 3, gain, bias, 0.0), layer_norm(x, gain, bias, 0.0), 4)
    assert (rms_norm(x + 3, gain, 0.0) - rms_norm(x, gain, 0.0)).abs().min() > 0.1
    assert_close(rms_norm(-x, gain, 0.0), -rms_norm(x, gain, 0.0))


@pytest.mark.claim("R003-230")
def test_gain_of_gemma_is_stored_less_one():
    """In bfloat16 1 + 15.8125 rounds to 16.75, so that 1 is to be added in float32: unit tokens then become 16.8125."""
    weight, unit = torch.tensor([15.8125]).bfloat16(), torch.ones(1).bfloat16()
    assert 1 + weight == 16.75
    assert rms_norm(unit.float(), 1 + weight.float(), 0.0) == 16.8125
    assert rms_norm(unit, 1 + weight, 0.0).dtype == torch.bfloat16


@pytest.mark.claim("R003-230")
def test_bfloat16_tokens_are_rounded_once():
    """RMS norm of bfloat16 tokens is the exact one rounded to bfloat16; rounded before the gain too, many are not."""
    x, gain = (torch.arange(-60, 60) / 8).reshape(8, 15).bfloat16(), 1 + torch.arange(15).bfloat16() / 128
    y, exact = rms_norm(x, gain, 0.125), rms_norm(x.double(), gain.double(), 0.125)
    assert_equal(y, exact.bfloat16())
    rounded_twice = gain * rms_norm(x, torch.ones(15).bfloat16(), 0.125)
    assert (rounded_twice != y).float().mean() > 0.1


@pytest.mark.claim("E003-010", "R003-027", "R003-028")
def test_one_group_has_the_statistics_of_layer_norm_and_fewer_parameters():
    """GroupNorm(1) equals LayerNorm([C, H, W]) while gains are 1: it has 2 C parameters, and the other 2 C H W."""
    entries, gain = torch.ones(6, 5, 2, dtype=torch.float64), torch.arange(1.0, 7.0).double()
    plain = group_norm(IMAGES, 1, ONE, ZERO, 0.125)
    assert_close(plain, image_layer_norm(IMAGES, entries, 0 * entries, 0.125), 4)
    assert 2 * gain.numel() == 12
    assert 2 * entries.numel() == 120
    ramp = torch.arange(60).reshape(6, 5, 2).double()
    free = image_layer_norm(IMAGES, ramp, 0 * ramp, 0.125)
    factors = (free / plain).reshape(2, 6, 10)
    assert factors.amin(2).ne(factors.amax(2)).all()  # no gain of a channel does this
    assert_close(group_norm(IMAGES, 6, gain, ONE, 0.125), instance_norm(IMAGES, gain, ONE, 0.125), 40)


@pytest.mark.claim("R003-028")
def test_group_norm_of_128_channels_keeps_the_shape():
    """GroupNorm(32, 128) on (16, 128, 32, 32), here of 2 x 2 pixels, has groups of 4 channels; 3 do not divide 128."""
    images = (torch.arange(16 * 128 * 4, dtype=torch.float64) * 7 % 509).reshape(16, 128, 2, 2)
    gain = torch.ones(128, dtype=torch.float64)
    y = group_norm(images, 32, gain, 0 * gain, 0.0)
    assert y.shape == (16, 128, 2, 2)
    assert_close(y.reshape(16, 32, 16).square().mean(2), 1)
    with pytest.raises(ValueError, match="3 groups of 128"):
        group_norm(images, 3, gain, gain, 0.0)


@pytest.mark.claim("E003-011", "R003-025", "R003-030")
def test_batch_norm_mixes_samples_and_group_norm_does_not():
    """Another second image changes what batch norm makes of the first in training, and not what the other norms do."""
    other = torch.cat([IMAGES[:1], IMAGES[1:].flip(1) * 3])

    def first(norm):
        return norm(other)[0] - norm(IMAGES)[0]

    assert first(lambda x: batch_norm_in_training(x, MOMENTS, ONE, ZERO, 0.1, 1e-5)[0]).abs().min() > 1e-3
    for norm in (
        lambda x: batch_norm_in_evaluation(x, MOMENTS, ONE, ZERO, 1e-5),
        lambda x: group_norm(x, 3, ONE, ZERO, 1e-5),
        lambda x: standardize_tokens(x, 1e-5),
    ):
        assert_equal(first(norm), torch.zeros(6, 5, 2))


@pytest.mark.claim("R003-025")
def test_batch_norm_in_evaluation_fuses_into_a_convolution():
    """A convolution followed by it is a convolution with weights times gain / std and another bias."""
    kernel = torch.arange(24, dtype=torch.float64).reshape(4, 6, 1, 1) / 8 - 1
    gain, bias, moments = table(1, 2, -1, 0.5), table(0, 1, 2, 3), RunningMoments(table(5, 6, 7, 8), table(1, 2, 3, 4))
    factor = gain / (moments.variance + 0.125).sqrt()
    separate = batch_norm_in_evaluation(torch.conv2d(IMAGES, kernel), moments, gain, bias, 0.125)
    fused = torch.conv2d(IMAGES, kernel * factor[:, None, None, None], bias - factor * moments.mean)
    assert_close(fused, separate, 200)


@pytest.mark.claim("R003-025")
def test_gradient_of_batch_norm_sums_to_zero():
    """An offset of a whole channel changes nothing in training, so the gradient of a loss sums to 0 over the batch."""
    images = IMAGES.clone().requires_grad_()
    y, _ = batch_norm_in_training(images, MOMENTS, ONE, ZERO, 0.1, 1e-5)
    (gradient,) = torch.autograd.grad((y**3 * torch.arange(5.0)[:, None]).sum(), images)
    assert_close(gradient.sum((0, 2, 3)), ZERO, gradient.abs().sum())


@pytest.mark.claim("R003-025")
def test_momentum_of_pytorch_is_the_weight_of_the_batch():
    """torch.nn.BatchNorm1d with momentum 0.1 keeps 0.9 of its running mean, and tracks the unbiased variance."""
    layer = torch.nn.BatchNorm1d(2, dtype=torch.float64)
    layer(table(1, 10, 3, 30).reshape(2, 2))
    assert_close(layer.running_mean, table(0.2, 2))
    assert_close(layer.running_var, table(0.9 + 0.1 * 2, 0.9 + 0.1 * 200))
