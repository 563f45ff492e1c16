"""Worked numbers of next-scale prediction, and a statement about its loss that is wrong, with a witness."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed
from properties.claims.test_residual_vq import SIDES
from properties.closeness import assert_close
from reference.transformer.residual_vq import multiscale_decode
from reference.transformer.scale_autoregression import (
    next_scale_loss,
    progressive_token_weights,
    scale_causal_mask,
    teacher_forcing_inputs,
)


@pytest.mark.claim("R001-087")
def test_var_has_one_input_less_than_tokens():
    """For 680 codes there are 679 inputs of 32 channels, whose last 256 are the reconstruction from nine scales."""
    codebook = torch.linspace(-3, 5, 3 * 32, dtype=torch.float64).sin().reshape(3, 32)
    indices = torch.arange(680)[None] % 3
    inputs = teacher_forcing_inputs(indices, codebook, SIDES, lambda h, k: h)
    assert inputs.shape == (1, 679, 32)
    nine_scales = multiscale_decode(indices, codebook, SIDES, lambda h, k: h)[-2]
    assert_close(inputs[0, -256:], nine_scales[0].flatten(1).T, 9)


@pytest.mark.claim("R001-119")
def test_var_shows_286434_pairs():
    """Of the 462400 pairs of 680 tokens 286434 are visible under the mask of scales, 231540 under that of tokens."""
    mask = scale_causal_mask(SIDES)
    assert mask.numel() == 462400
    assert mask.sum() == 286434
    assert mask.tril().sum() == 231540


@pytest.mark.claim("R001-121")
def test_equal_logits_cost_8_3178():
    """Equal logits over 4096 codes cost log 4096 = 8.3178 at every position."""
    weights = progressive_token_weights((1, 2), 1, 1.0)
    loss = next_scale_loss(torch.zeros(2, 5, 4096, dtype=torch.float64), torch.arange(10).reshape(2, 5), weights)
    assert_close(loss, 12 * math.log(2), 2 * 12)
    assert loss.item() == printed("8.3178")


@pytest.mark.claim("E001-10")
def test_unpacking_one_tensor_splits_the_batch():
    """Where a function returns logits alone, `logits, loss = ...` splits a batch of two, and raises for any other."""
    first, second = torch.arange(2 * 5 * 3).reshape(2, 5, 3)
    assert first.shape == second.shape == (5, 3)
    with pytest.raises(ValueError, match="too many values"):
        first, second = torch.arange(3 * 5 * 3).reshape(3, 5, 3)
