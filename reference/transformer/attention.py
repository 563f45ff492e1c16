"""Scaled dot-product attention in its forms: masked, biased, in blocks of keys, with heads, with shared heads, pooled.

Tokens come before channels and heads before tokens. Masks are True where a query may attend to a key.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import linear

from reference.language.batching import masked_scores
from reference.probability.norms import l2_normalize


def attention(
    query: Float[Tensor, "*batch queries d"],
    key: Float[Tensor, "*batch keys d"],
    value: Float[Tensor, "*batch keys e"],
    mask: Bool[Tensor, "*#batch #queries keys"],
) -> Float[Tensor, "*batch queries e"]:
    """What each query reads: the mean of the values it may attend to, weighted by the softmax of its scores.

        out = softmax(q k^T / sqrt(d)) v,   the softmax being over the keys that the mask allows

    Weights of a row sum to 1, so that each output is a convex combination of values; they are equal where q = 0. The
    order of the keys does not matter, and queries do not see each other. The softmax is that of `upcast_softmax`.

    Domain: finite scores; d >= 1. A query that may attend to nothing, or finds no keys, reads zeros, with gradient 0.
    Source: Vaswani et al. 2017, arXiv:1706.03762, eq. 1 and section 3.2.3; Child et al. 2019, arXiv:1904.10509.
    Differs: with -inf in place of masked scores a query that may attend to nothing reads NaN; with the most negative
    number it reads the mean of all values.
    Notes: R003-168, R003-169, R003-170, R003-174, R003-205.
    """
    return _read(_scores(query, key), value, mask)


def biased_attention(
    query: Float[Tensor, "*batch queries d"],
    key: Float[Tensor, "*batch keys d"],
    value: Float[Tensor, "*batch keys e"],
    bias: Float[Tensor, "*#batch #queries keys"],
) -> Float[Tensor, "*batch queries e"]:
    """Attention with numbers added to the scores, such as those of ALiBi; -inf hides a key.

        out = softmax(q k^T / sqrt(d) + bias) v

    Domain: bias < inf. A query whose biases are all -inf reads zeros.
    Source: Raffel et al. 2019, arXiv:1910.10683, section 2.1; Press et al. 2021, arXiv:2108.12409, section 3.
    Differs: T5 does not divide the scores by sqrt(d).
    Notes: R001-017.
    """
    scores = _scores(query, key) + bias
    return _read(scores, value, scores > -math.inf)


def score_modified_attention(
    query: Float[Tensor, "*batch queries d"],
    key: Float[Tensor, "*batch keys d"],
    value: Float[Tensor, "*batch keys e"],
    score_mod: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Float[Tensor, "*batch queries e"]:
    """Attention whose scores, already divided by sqrt(d), are any function of themselves and of the two places.

        out = softmax(score_mod(q k^T / sqrt(d), i, j)) v

    `score_mod(scores, query_index, key_index)` gets all scores, and indices "queries 1" and "keys" from 0.

    Domain: score_mod < inf. -inf hides a key; a query that attends to nothing reads zeros.
    Source: Dong et al. 2024, arXiv:2412.05496 (FlexAttention, `score_mod`).
    Differs: FlexAttention calls score_mod for each pair, with its batch and head.
    Notes: R001-017.
    """
    places = [torch.arange(x.shape[-2], device=x.device) for x in (query, key)]
    scores = score_mod(_scores(query, key), places[0][:, None], places[1])
    return _read(scores, value, scores > -math.inf)


def upcast_softmax(scores: Float[Tensor, "*batch keys"]) -> Float[Tensor, "*batch keys"]:
    """Softmax over the last axis, computed in float32 or more and rounded once to the dtype of the scores.

        w_j = exp(z_j - max z) / sum_k exp(z_k - max z)

    In FP16 the sum of thousands of weights stalls (2048 + 1 = 2048), and exp(12) alone exceeds 65504.

    Domain: finite scores. Added constants do not matter.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, section 3.3.
    Notes: R003-248.
    """
    wide = scores.to(torch.promote_types(scores.dtype, torch.float32))
    return torch.softmax(wide, -1).to(scores.dtype)


def online_softmax_attention(
    query: Float[Tensor, "*batch queries d"],
    key: Float[Tensor, "*batch keys d"],
    value: Float[Tensor, "*batch keys e"],
    mask: Bool[Tensor, "*#batch #queries keys"],
    block_size: int,
) -> Float[Tensor, "*batch queries e"]:
    """The same as `attention`, from one pass over blocks of keys, without the matrix of all scores.

        m' = max(m, max_j s_j),   total' = exp(m - m') total + sum_j exp(s_j - m'),   the same for the values read

    for the scores s_j of each block, and out = read / total at the end. Scores of masked keys count as the most
    negative number in m, and as weight 0 in the sums.

    Domain: block_size >= 1, else ValueError. The last block may be smaller. Otherwise as `attention`.
    Source: Milakov & Gimelshein 2018, arXiv:1805.02867, algorithm 3; Dao et al. 2022, arXiv:2205.14135, algorithm 1.
    Notes: R003-168.
    """
    if block_size < 1:
        raise ValueError(f"a block must hold at least one key; got {block_size}")
    read = query.new_zeros(*query.shape[:-1], value.shape[-1])
    total = query.new_zeros(*query.shape[:-1], 1)
    highest = torch.full_like(total, torch.finfo(query.dtype).min)
    for start in range(0, key.shape[-2], block_size):
        block = slice(start, start + block_size)
        kept = mask[..., block]
        scores = masked_scores(_scores(query, key[..., block, :]), kept)
        peak = torch.maximum(highest, scores.amax(-1, keepdim=True))
        weights = torch.where(kept, torch.exp(scores - peak), 0)
        shrink = torch.exp(highest - peak)
        total = shrink * total + weights.sum(-1, keepdim=True)
        read = shrink * read + weights @ value[..., block, :]
        highest = peak
    return read / torch.where(total == 0, 1, total)


def cosine_attention(
    query: Float[Tensor, "*batch heads queries d"],
    key: Float[Tensor, "*batch heads keys d"],
    value: Float[Tensor, "*batch heads keys e"],
    log_scale: Float[Tensor, "heads"],
    mask: Bool[Tensor, "*#batch_and_heads #queries keys"],
) -> Float[Tensor, "*batch heads queries e"]:
    """Attention by the cosine between query and key, times a learned factor for each head: QK normalisation.

        out = softmax(exp(min(s_h, log 100)) q k^T / (|q| |k|)) v

    Lengths of queries and keys do not matter, and scores are at most 100.

    Domain: finite vectors. A zero vector has score 0 with all others. s_h = log 4 at the start in VAR.
    Source: Henry et al. 2020, arXiv:2010.04245; VAR code (`attn_l2_norm`); log 100 as in CLIP.
    Differs: Swin V2 bounds the scale by 1 / 0.01 too, but starts at 10. QK-norm also names a LayerNorm or RMSNorm of
    each head's queries and keys, whose scores are divided by sqrt(d) (ViT-22B, Qwen3).
    Notes: R004-071.
    """
    scale = log_scale.clamp(max=math.log(100)).exp()[:, None, None]
    return _read(scale * (l2_normalize(query) @ l2_normalize(key).mT), value, mask)


def split_heads(
    x: Float[Tensor, "*batch tokens channels"], heads: int
) -> Float[Tensor, "*batch {heads} tokens head_channels"]:
    """Channels of each token cut into equal slices, one for each head.

        out[h, n, i] = x[n, h d + i],   d = channels / heads

    Domain: heads >= 1 divides the number of channels, else ValueError.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
    Differs: some give every head the full width: their projections have heads * channels rows.
    Notes: R001-016, R003-172.
    """
    if heads < 1 or x.shape[-1] % heads:
        raise ValueError(f"heads must divide the {x.shape[-1]} channels; got {heads}")
    return torch.stack(x.chunk(heads, -1), -3)


def merge_heads(x: Float[Tensor, "*batch heads tokens head_channels"]) -> Float[Tensor, "*batch tokens channels"]:
    """The outputs of all heads side by side for each token: the inverse of `split_heads`.

        out[n, h d + i] = x[h, n, i]

    Domain: at least one head.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
    Notes: R001-016, R003-172.
    """
    return torch.cat(x.unbind(-3), -1)


def split_qkv(
    packed: Float[Tensor, "*batch tokens three_width"], heads: int
) -> tuple[
    Float[Tensor, "*batch {heads} tokens d"],
    Float[Tensor, "*batch {heads} tokens d"],
    Float[Tensor, "*batch {heads} tokens d"],
]:
    """Queries, keys and values of each head, from the result of one projection.

        q[h, n, i] = packed[n, h d + i],   k[h, n, i] = packed[n, (H + h) d + i],   v: (2 H + h) d + i

    which is reshape(B, N, 3, H, d).permute(2, 0, 3, 1, 4).

    Domain: 3 and then heads >= 1 divide the width, else ValueError.
    Source: Dosovitskiy et al. 2020, arXiv:2010.11929, appendix A, eq. 5; timm code.
    Differs: GPT-NeoX and BLOOM order the rows of the projection (H, 3, d).
    Notes: R001-016, R004-071.
    """
    if packed.shape[-1] % 3:
        raise ValueError(f"queries, keys and values need a width that 3 divides; got {packed.shape[-1]}")
    query, key, value = packed.chunk(3, -1)
    return split_heads(query, heads), split_heads(key, heads), split_heads(value, heads)


def multi_head_attention(
    queries_from: Float[Tensor, "*batch queries channels"],
    memory: Float[Tensor, "*batch keys memory_channels"],
    query_weight: Float[Tensor, "width channels"],
    key_weight: Float[Tensor, "width memory_channels"],
    value_weight: Float[Tensor, "value_width memory_channels"],
    out_weight: Float[Tensor, "out value_width"],
    heads: int,
    mask: Bool[Tensor, "*#batch #queries keys"],
) -> Float[Tensor, "*batch queries out"]:
    """Attention in several heads, each with its own slice of the projected channels, joined by a last projection.

        out = [head_1, ..., head_H] W_O^T,   head_h = attention of the h-th slices of x W_Q^T, y W_K^T and y W_V^T

    which is the sum of head_h W_O,h^T. Scores are divided by the root of the width of a head. They stay the same for
    W_Q,h -> A W_Q,h and W_K,h -> A^-T W_K,h.

    Domain: heads >= 1 divides width and value_width, else ValueError. Self-attention for memory = queries_from.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2.
    Notes: R001-016, R001-028, R003-171, R003-172, R003-249.
    """
    query, key = split_heads(linear(queries_from, query_weight), heads), split_heads(linear(memory, key_weight), heads)
    value = split_heads(linear(memory, value_weight), heads)
    return linear(merge_heads(attention(query, key, value, mask[..., None, :, :])), out_weight)


def packed_multi_head_attention(
    x: Float[Tensor, "*batch tokens channels"],
    qkv_weight: Float[Tensor, "three_width channels"],
    qkv_bias: Float[Tensor, "three_width"],
    out_weight: Float[Tensor, "out width"],
    out_bias: Float[Tensor, "out"],
    heads: int,
    mask: Bool[Tensor, "*#batch #tokens tokens"],
) -> Float[Tensor, "*batch tokens out"]:
    """Multi-head self-attention from one projection to queries, keys and values, with biases.

        out = [head_1, ..., head_H] W_O^T + b_O,   (q, k, v)_h = the slices of x W^T + b

    The bias of the keys adds the same to all scores of a query, and drops out.

    Domain: 3 heads divides the rows of qkv_weight, which `split_qkv` orders; else ValueError.
    Source: Dosovitskiy et al. 2020, arXiv:2010.11929, appendix A; timm code.
    Notes: R001-016, R001-028, R004-071.
    """
    query, key, value = split_qkv(linear(x, qkv_weight, qkv_bias), heads)
    return linear(merge_heads(attention(query, key, value, mask[..., None, :, :])), out_weight, out_bias)


def grouped_query_attention(
    query: Float[Tensor, "*batch heads queries d"],
    key: Float[Tensor, "*batch groups keys d"],
    value: Float[Tensor, "*batch groups keys e"],
    mask: Bool[Tensor, "*#batch_and_heads #queries keys"],
) -> Float[Tensor, "*batch heads queries e"]:
    """Attention in which consecutive query heads share a head of keys and values.

        out_h = attention(q_h, k_g, v_g),   g = floor(h / (heads / groups))

    Multi-query attention is the case of one group, multi-head attention that of as many groups as heads.

    Domain: groups >= 1 divides heads, else ValueError.
    Source: Ainslie et al. 2023, arXiv:2305.13245, section 2.2; Shazeer 2019, arXiv:1911.02150, for one group.
    Notes: R003-231.
    """
    heads, queries, groups = query.shape[-3], query.shape[-2], key.shape[-3]
    if groups < 1 or heads % groups:
        raise ValueError(f"heads of keys must divide the {heads} heads of queries; got {groups}")
    mask = mask.expand(*query.shape[:-1], key.shape[-2])
    # The queries of all heads of a group are rows of one attention, so that no key is copied.
    rows, kept = (torch.unflatten(x, -3, (groups, heads // groups)).flatten(-3, -2) for x in (query, mask))
    out = attention(rows, key, value, kept)
    return torch.unflatten(out, -2, (heads // groups, queries)).flatten(-4, -3)


def attention_pool(
    tokens: Float[Tensor, "*batch tokens channels"],
    query: Float[Tensor, "heads d"],
    key_weight: Float[Tensor, "width channels"],
    value_weight: Float[Tensor, "value_width channels"],
    out_weight: Float[Tensor, "out value_width"],
    kept: Bool[Tensor, "*batch tokens"],
) -> Float[Tensor, "*batch out"]:
    """One vector for a text of any length: what a learned query of each head reads from it.

        out = [head_1, ..., head_H] W_O^T,   head_h = softmax(q_h K_h^T / sqrt(d)) V_h over the kept tokens

    The order of the tokens does not matter; a single one gives its value, projected.

    Domain: width = heads * d, and heads divides value_width; else an error. A text of which nothing is kept gives 0.
    Source: Lee et al. 2018, arXiv:1810.00825, section 3.2, for one seed; Infinity code (`TextAttentivePool`).
    Differs: Infinity adds a bias to values and output but not to keys, and packs texts as in `packed_attention`.
    Notes: R001-097.
    """
    heads, d = query.shape
    key, value = split_heads(linear(tokens, key_weight), heads), split_heads(linear(tokens, value_weight), heads)
    asked = query[:, None].expand(*key.shape[:-2], 1, d)
    read = merge_heads(attention(asked, key, value, kept[..., None, None, :]))
    return linear(read, out_weight).squeeze(-2)


def _scores(query: Tensor, key: Tensor) -> Tensor:
    return query @ key.mT / math.sqrt(query.shape[-1])


def _read(scores: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    weights = torch.where(mask, upcast_softmax(masked_scores(scores, mask)), 0)
    return weights @ value
