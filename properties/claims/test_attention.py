"""Worked numbers of attention, and statements about it that are often met and wrong, each with a witness."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import linear, scaled_dot_product_attention

from properties.closeness import assert_close, assert_equal
from reference.diffusion.parameterizations import score_from_epsilon
from reference.transformer.attention import (
    attention,
    cosine_attention,
    grouped_query_attention,
    multi_head_attention,
    split_heads,
    upcast_softmax,
)
from reference.transformer.cache import KeyValueCache, append_to_cache, cached_attention
from reference.transformer.masks import causal_mask, local_mask, segment_mask


def wave(*shape):
    """Numbers in [-1, 1] in no simple order."""
    return torch.arange(math.prod(shape), dtype=torch.float64).mul(2.5).sin().reshape(shape)


def everything(keys):
    return torch.ones(1, keys, dtype=torch.bool)


def weights(query, key, mask):
    """What is read from an identity is the weights themselves."""
    return attention(query, key, torch.eye(len(key), dtype=torch.float64), mask)


@pytest.mark.claim("R003-169", "R001-018", "E003-060")
@pytest.mark.parametrize(("values", "variance"), [((-1, 1), 1), ((0, 2), 3)])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_dot_products_grow_as_the_root_of_the_channels(channels, values, variance):
    """Of independent entries with mean 0 and variance 1, q.k has variance d: 4 at d = 16; with mean 1 it has 3 d."""
    vectors = torch.tensor([*itertools.product(values, repeat=channels)], dtype=torch.float64)
    products = vectors @ vectors.T
    assert_close(products.var(correction=0), variance * channels)
    assert_close((products / math.sqrt(channels)).var(correction=0), variance)


@pytest.mark.claim("R001-018")
def test_the_score_of_the_noised_data_is_no_attention_score():
    """The gradient of log q(x_t | x_0) is -epsilon / sqrt(1 - alpha_bar_t)."""
    x_0, epsilon, level = torch.tensor([[0.5, -1.25, 2.0]]).double(), wave(1, 3), torch.tensor([[0.25]]).double()
    x_t = (level.sqrt() * x_0 + (1 - level).sqrt() * epsilon).requires_grad_()
    density = torch.distributions.Normal(level.sqrt() * x_0, (1 - level).sqrt()).log_prob(x_t)
    (gradient,) = torch.autograd.grad(density.sum(), x_t)
    assert_close(score_from_epsilon(epsilon, level), gradient, 4)


@pytest.mark.claim("R003-169")
def test_large_scores_stop_gradients_only_if_one_is_the_largest():
    """The derivative of the softmax of c z goes to 0 for z = (1, 0) as c grows, and stays at 1/4 for z = (1, 1)."""
    slopes = []
    for scores in ([64.0, 0.0], [64.0, 64.0]):
        jacobian = torch.autograd.functional.jacobian(upcast_softmax, torch.tensor(scores, dtype=torch.float64))
        slopes.append(float(jacobian.abs().max()))
    assert slopes[0] < 1e-20
    assert slopes[1] == 0.25


@pytest.mark.claim("R003-170", "E003-059")
@pytest.mark.parametrize("tokens", [3, 6])
def test_scores_grow_with_the_square_of_tokens_and_outputs_do_not(tokens):
    """q k^T is n x n, with 2 n times the tokens four times as much; softmax(q k^T) v is n x d_v, twice as much."""
    query, key, value = wave(tokens, 5), wave(tokens, 5) / 2, wave(tokens, 7)
    assert weights(query, key, everything(tokens)).numel() == 9 * (tokens // 3) ** 2
    assert attention(query, key, value, everything(tokens)).numel() == 21 * (tokens // 3)


@pytest.mark.claim("R003-171")
def test_scores_have_the_rank_of_the_projection_and_keep_it_without_norms():
    """q k^T has rank d at most; W_Q A with W_K A^-T keeps it, unless queries and keys are normalised."""
    query, key, change = wave(5, 2), wave(7, 2).flip(0), torch.tensor([[1.0, 2.0], [0.0, 1.0]]).double()
    assert torch.linalg.matrix_rank(query @ key.T) == 2
    changed = query @ change, key @ change.inverse().T
    assert_close(weights(*changed, everything(7)), weights(query, key, everything(7)), 1)
    arguments = torch.eye(7, dtype=torch.float64)[None], torch.zeros(1, dtype=torch.float64), everything(7)
    plain = cosine_attention(query[None], key[None], *arguments)
    assert (cosine_attention(changed[0][None], changed[1][None], *arguments) - plain).abs().max() > 0.01


@pytest.mark.claim("R003-249")
def test_queries_can_take_over_what_keys_learn():
    """Keys (1, 0) and (0, 1) make q the scores; those of other key weights K' are those of W_K under W_Q K' W_K^-T."""
    fruit_or_company = torch.tensor([[0.9, 0.1], [0.2, 0.8]], dtype=torch.float64)
    assert_equal(fruit_or_company @ torch.eye(2).double().T, fruit_or_company)
    x, y, out = wave(3, 4), wave(5, 4) + 0.25, torch.eye(4, dtype=torch.float64)
    query_weight, old, new = wave(4, 4), wave(4, 4).T + 2 * out, wave(4, 4).roll(1, 0) - out
    taken_over = old.inverse().T @ new.T @ query_weight
    found = multi_head_attention(x, y, taken_over, old, out, out, 1, everything(5))
    assert_close(found, multi_head_attention(x, y, query_weight, new, out, out, 1, everything(5)), 64)


@pytest.mark.claim("R003-205", "E003-091")
def test_without_positions_scores_move_with_their_tokens():
    """Another order of tokens turns rows and columns of the weights, which differ; under a causal mask it does not."""
    tokens, order = wave(5, 3), [3, 0, 4, 2, 1]
    plain = weights(tokens, tokens, everything(5))
    assert_close(weights(tokens[order], tokens[order], everything(5)), plain[order][:, order], 4)
    assert plain.max() - plain.min() > 0.1
    causal = weights(tokens, tokens, causal_mask(5, 5))
    assert (weights(tokens[order], tokens[order], causal_mask(5, 5)) - causal[order][:, order]).abs().max() > 0.1


@pytest.mark.claim("R003-206")
def test_windows_save_only_if_there_are_several():
    """1024 tokens have 1048576 pairs, 65536 in windows of 8 x 8, 8192 in windows of 8; 64 tokens are one of 8 x 8."""
    for tokens, side, pairs in ((1024, 64, 65536), (1024, 8, 8192), (1024, 1024, 1048576), (64, 64, 4096)):
        windows = torch.arange(tokens) // side
        assert int(segment_mask(windows, windows).sum()) == pairs
    windows = torch.arange(12) // 3
    reached = torch.linalg.matrix_power(segment_mask(windows, windows).double(), 4) > 0
    assert_equal(reached, segment_mask(windows, windows))
    assert int((torch.linalg.matrix_power(local_mask(12, 1).double(), 4) > 0)[6].sum()) == 2 * 4 * 1 + 1


@pytest.mark.claim("E003-062")
def test_64_channels_are_not_split_into_three_heads():
    """64 is no multiple of 3: three heads need projections of their own width, as where each has all 64."""
    with pytest.raises(ValueError, match="64"):
        split_heads(wave(2, 64), 3)
    with pytest.raises(AssertionError):
        nn.MultiheadAttention(64, 3)
    assert split_heads(wave(2, 3 * 64), 3).shape == (3, 2, 64)


@pytest.mark.claim("R003-231", "E003-105")
def test_four_heads_of_keys_are_no_multi_query_attention():
    """32 heads of queries on 4 of keys share them 8 to 1; multi-query attention has a single head of keys."""
    query, key = wave(32, 2, 3), wave(4, 5, 3)
    read = grouped_query_attention(query, key, key, everything(5))
    for head in (0, 7, 8, 31):
        assert_close(read[head], attention(query[head], key[head // 8], key[head // 8], everything(5)), 1)
    single = grouped_query_attention(query, key[:1], key[:1], everything(5))
    assert (single[8:] - read[8:]).abs().max() > 0.01


@pytest.mark.claim("R003-248")
def test_exponentials_of_moderate_scores_overflow_in_half_precision():
    """exp(12) = 162755 is infinite in FP16, whose largest number is 65504; the softmax of (12, 0) is finite there."""
    scores = torch.tensor([12.0, 0.0], dtype=torch.float16)
    assert scores.exp()[0] == math.inf
    assert math.exp(12) > torch.finfo(torch.float16).max == 65504
    assert_close(upcast_softmax(scores), [1 / (1 + math.exp(-12)), math.exp(-12)], 1)


@pytest.mark.claim("R001-015")
def test_is_causal_is_wrong_for_a_query_behind_cached_keys():
    """PyTorch aligns its causal mask with the first key: a single query then reads the first value alone."""
    query, key, value = wave(1, 3), wave(5, 3) / 2, wave(5, 2)
    from_the_start = scaled_dot_product_attention(query[None], key[None], value[None], is_causal=True)[0]
    assert_close(from_the_start, value[:1])
    cache = KeyValueCache(key[:4], value[:4])
    found = cached_attention(query, key[4:], value[4:], cache).output
    assert_close(found, attention(query, key, value, everything(5)), 1)
    assert (found - from_the_start).abs().max() > 0.1


@pytest.mark.claim("R001-015")
def test_a_cache_holds_keys_and_values():
    """Two numbers for each head, channel and token, and layer: 2 H d a token."""
    heads, d = 3, 5
    empty = KeyValueCache(torch.zeros(heads, 0, d), torch.zeros(heads, 0, d))
    cache = append_to_cache(empty, torch.ones(heads, 7, d), torch.ones(heads, 7, d))
    assert sum(part.numel() for part in cache) == 2 * heads * d * 7


@pytest.mark.claim("R001-028")
def test_a_linear_layer_is_affine():
    """f(x) = x W^T + b has f(0) = b and f(x + y) - f(x) - f(y) + f(0) = 0; without b it is linear."""
    weight, bias, x, y = wave(2, 3), wave(2), wave(5, 3), wave(5, 3) + 1
    expected = [
        [sum(w * v for w, v in zip(row, token, strict=True)) for row in weight.tolist()] for token in x.tolist()
    ]
    assert_close(linear(x, weight), expected, 3)
    assert_equal(linear(0 * x, weight, bias), bias.expand(5, 2))
    four = [linear(z, weight, bias) for z in (x + y, x, y, 0 * x)]
    assert_close(four[0] - four[1] - four[2] + four[3], torch.zeros(5, 2), 8)


@pytest.mark.claim("E004-21")
def test_tabs_among_spaces_do_not_compile():
    """A block whose lines are indented by spaces and by a tab is a TabError."""
    with pytest.raises(TabError):
        compile("def attend(q):\n        q = q\n\tk = q\n        return k\n", "listing", "exec")
