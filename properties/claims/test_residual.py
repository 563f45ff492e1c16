"""Worked numbers of residual blocks, and statements about them that are often met and wrong, each with a witness."""

import functools
import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close, assert_equal
from reference.transformer.norms import standardize_tokens
from reference.transformer.residual import (
    drop_path_rates,
    post_norm_block,
    pre_norm_block,
    residual_block,
    residual_scale,
)

TOKENS = table(1, -2, 0.5, 3, 0.25, 5).reshape(1, 2, 3)
_norm = functools.partial(standardize_tokens, epsilon=0.0)


@pytest.mark.claim("E003-012", "R003-031")
def test_bert_is_post_norm():
    """BERT and GPT-1 are post-norm, GPT-2 is pre-norm: without its branches only a pre-norm block is the identity."""
    blocks = [functools.partial(block, attend=torch.zeros_like, feed_forward=torch.zeros_like) for block in _blocks()]
    pre, post = (block(TOKENS, attention_norm=_norm, feed_forward_norm=_norm) for block in blocks)
    assert_equal(pre, TOKENS)
    assert_close(post, _norm(TOKENS), 3)
    assert (post - TOKENS).abs().max() > 1
    assert_close(blocks[1](post, attention_norm=_norm, feed_forward_norm=_norm), post, 3)


@pytest.mark.claim("R003-032")
def test_pre_norm_stacks_grow_with_depth_and_keep_the_gradient():
    """Branches at right angles add 1 to the mean square each, so it grows with depth; without them the slope is 1."""
    x = torch.zeros(1, 1, 64, dtype=torch.float64)
    for depth in range(1, 4):
        writes = [8 * torch.eye(64, dtype=torch.float64)[2 * depth + k].reshape(1, 1, 64) for k in (0, 1)]
        x = pre_norm_block(x, lambda v, w=writes: w[0], lambda v, w=writes: w[1], torch.tanh, torch.tanh)
        assert_close(x.square().mean(), 2 * depth)
    leaf = TOKENS.clone().requires_grad_()
    y = pre_norm_block(leaf, torch.zeros_like, torch.zeros_like, _norm, _norm)
    assert_equal(torch.autograd.grad(y.sum(), leaf)[0], torch.ones(1, 2, 3))


@pytest.mark.claim("R003-031")
def test_post_norm_blocks_return_normalised_tokens():
    """Whatever the branches add, each token that a post-norm block returns has length sqrt(d)."""
    y = post_norm_block(TOKENS, torch.exp, torch.square, _norm, _norm)
    assert_close(y.norm(dim=-1), math.sqrt(3))


@pytest.mark.claim("R001-042")
def test_scaled_branches_keep_the_variance_below_e():
    """After 24 branches of unit gain at right angles the variance is 2^24, and 2.664 < e if they are scaled."""
    plain = scaled = table(1, 0)
    for _ in range(24):
        plain = residual_block(plain, _quarter_turn)
        scaled = residual_block(scaled, lambda v: residual_scale(12) * _quarter_turn(v))
    assert_equal(plain.square().sum(), 2.0**24)
    assert scaled.square().sum() == printed("2.664")


@pytest.mark.claim("R001-042")
def test_scaled_weights_scale_the_branch_only_without_bias():
    """s W x is s times W x, while s W x + b is not s times W x + b: at initialisation b is 0."""
    weight, bias, s = torch.arange(6).reshape(2, 3).double(), table(1, -2), residual_scale(8)
    branch = functools.partial(torch.nn.functional.linear, TOKENS)
    assert_close(branch(s * weight), s * branch(weight), 30)
    assert (branch(s * weight, bias) - s * branch(weight, bias)).abs().min() > 0.7


@pytest.mark.claim("R001-033")
def test_linear_drop_rates_leave_depth_times_one_minus_half():
    """24 blocks with rates from 0 to 0.1 are expected to keep 22.8; counted from 1, as the paper does, 22.75."""
    assert sum(1 - rate for rate in drop_path_rates(24, 0.1)) == printed("22.80")
    assert sum(1 - 0.1 * block / 24 for block in range(1, 25)) == printed("22.75")


def _quarter_turn(v):
    return torch.stack([-v[1], v[0]])


def _blocks():
    return pre_norm_block, post_norm_block
