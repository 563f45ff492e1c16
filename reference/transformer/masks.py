"""Which keys each query may attend to: masks by distance, and masks of sequences that lie side by side in a pack.

Queries are the last tokens of the keys: query i stands at i + keys - queries, as it does when keys are cached.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import pad

from reference.transformer.attention import attention


def relative_positions(queries: int, keys: int) -> Int64[Tensor, "{queries} {keys}"]:
    """Position of each key, counted from each query.

        out[i, j] = j - (i + keys - queries)

    Domain: 0 <= queries <= keys, else ValueError. Rows do not depend on how many queries stand before them.
    Source: Shaw et al. 2018, arXiv:1803.02155, section 3.2.
    Differs: T5 calls the same number memory_position - context_position; some count from the key.
    Notes: R001-015, R003-207.
    """
    if not 0 <= queries <= keys:
        raise ValueError(f"queries are the last of the {keys} keys; got {queries}")
    return torch.arange(keys) - torch.arange(keys - queries, keys)[:, None]


def causal_mask(queries: int, keys: int) -> Bool[Tensor, "{queries} {keys}"]:
    """Each query attends to itself and to all tokens before it.

        out[i, j] = j <= i + keys - queries

    A single query attends to every key.

    Domain: 0 <= queries <= keys, else ValueError.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3.
    Differs: `is_causal=True` in PyTorch's attention sets j <= i, which is right only for as many queries as keys.
    Notes: R001-015, R003-205.
    """
    return relative_positions(queries, keys) <= 0


def sliding_window_mask(queries: int, keys: int, window: int) -> Bool[Tensor, "{queries} {keys}"]:
    """Each query attends to the last tokens up to and including itself, `window` of them.

        out[i, j] = p - window < j <= p,   p = i + keys - queries

    After L layers a token depends on (window - 1) L tokens before it.

    Domain: 0 <= queries <= keys and window >= 1, else ValueError. From window = keys on it is the causal mask.
    Source: Jiang et al. 2023, arXiv:2310.06825, section 2 and figure 1.
    Differs: the text there says i - window to i, one token more than its figure. FlashAttention's left window does not
    count the token itself: it is window - 1.
    Notes: R003-206.
    """
    if window < 1:
        raise ValueError(f"a window must hold at least the token itself; got {window}")
    relative = relative_positions(queries, keys)
    return (-window < relative) & (relative <= 0)


def local_mask(tokens: int, radius: int) -> Bool[Tensor, "{tokens} {tokens}"]:
    """Each token attends to all tokens at most `radius` away, on both sides.

        out[i, j] = |i - j| <= radius

    After L layers a token depends on L radius tokens on each side.

    Domain: radius >= 0, else ValueError. 0 leaves each token to itself, and tokens - 1 allows everything.
    Source: Beltagy et al. 2020, arXiv:2004.05150, section 3.1, whose window w is 2 radius.
    Notes: R003-206.
    """
    if radius < 0:
        raise ValueError(f"a radius must not be negative; got {radius}")
    return relative_positions(tokens, tokens).abs() <= radius


def block_mask(
    mask: Bool[Tensor, "*batch queries keys"], query_block: int, key_block: int
) -> Bool[Tensor, "*batch query_blocks key_blocks"]:
    """Which blocks of a mask hold anything that must be computed.

        out[I, J] = any of mask[i, j] with floor(i / query_block) = I and floor(j / key_block) = J

    Every allowed pair is in such a block, and no such block is without one. The last blocks may be smaller.

    Domain: blocks of at least 1, else ValueError.
    Source: Dong et al. 2024, arXiv:2412.05496 (FlexAttention, `BlockMask`).
    Notes: R001-017, R003-174.
    """
    if query_block < 1 or key_block < 1:
        raise ValueError(f"blocks must hold at least one query and one key; got {query_block} and {key_block}")
    queries, keys = mask.shape[-2:]
    whole = pad(mask, (0, -keys % key_block, 0, -queries % query_block))
    tiles = torch.unflatten(torch.unflatten(whole, -1, (-1, key_block)), -3, (-1, query_block))
    return tiles.any(-1).any(-2)


def cumulative_lengths(lengths: Int64[Tensor, "sequences"]) -> Int64[Tensor, "sequences+1"]:
    """Where each of several sequences starts when they lie side by side, and where the last one ends.

        out = (0, l_1, l_1 + l_2, ..., l_1 + ... + l_B)

    Sequence b has the tokens out[b] up to but not including out[b + 1].

    Domain: lengths >= 0.
    Source: Dao et al. 2022, arXiv:2205.14135, code (`cu_seqlens`).
    Differs: FlashAttention takes int32.
    Notes: R001-090.
    """
    return pad(lengths.cumsum(0), (1, 0))


def segment_ids(boundaries: Int64[Tensor, "boundaries"], tokens: int) -> Int64[Tensor, "{tokens}"]:
    """Number of the sequence that each token of a pack belongs to, from 0; -1 behind the last one.

        out_i = b   where boundaries[b] <= i < boundaries[b + 1]

    `packed_causal_mask` takes these numbers as documents.

    Domain: boundaries as of `cumulative_lengths`; an empty sequence has no token. tokens >= 0.
    Source: Dao et al. 2022, arXiv:2205.14135, code (`cu_seqlens`).
    Notes: R001-090.
    """
    places = torch.arange(tokens, device=boundaries.device)
    started = (boundaries[:, None] <= places).sum(0)
    return torch.where(places < boundaries[-1], started - 1, -1)


def segment_mask(
    query_segments: Int64[Tensor, "*batch queries"], key_segments: Int64[Tensor, "*batch keys"]
) -> Bool[Tensor, "*batch queries keys"]:
    """Each query attends to all keys of its own sequence.

        out[i, j] = (s_i = s_j >= 0)

    Blocks along the diagonal, one for each sequence. Windows of equal size never see each other in any layer.

    Domain: sequences of a row have different numbers. Padding, -1, attends to nothing.
    Source: Krell et al. 2021, arXiv:2107.02027, section 3.
    Notes: R001-090, R003-206.
    """
    same = query_segments[..., :, None] == key_segments[..., None, :]
    return same & (key_segments >= 0)[..., None, :]


def packed_attention(
    query: Float[Tensor, "*batch queries d"],
    key: Float[Tensor, "*batch keys d"],
    value: Float[Tensor, "*batch keys e"],
    query_boundaries: Int64[Tensor, "boundaries"],
    key_boundaries: Int64[Tensor, "boundaries"],
) -> Float[Tensor, "*batch queries e"]:
    """Attention within each of several sequences of different lengths that lie side by side.

        out of sequence b = attention(q_b, k_b, v_b),   q_b = query[query_boundaries[b] : query_boundaries[b + 1]]

    Domain: boundaries as of `cumulative_lengths`. Queries of a sequence without keys, and queries behind the last
    sequence, read zeros.
    Source: Dao et al. 2022, arXiv:2205.14135, code (`flash_attn_varlen_func`).
    Notes: R001-090, R001-097.
    """
    query_segments = segment_ids(query_boundaries, query.shape[-2])
    key_segments = segment_ids(key_boundaries, key.shape[-2])
    return attention(query, key, value, segment_mask(query_segments, key_segments))
