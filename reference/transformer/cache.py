"""Keys and values of earlier tokens, kept so that new tokens need not compute them again."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reference.transformer.attention import attention
from reference.transformer.masks import causal_mask, sliding_window_mask


class KeyValueCache(NamedTuple):
    """Keys and values of the tokens so far, in their order."""

    key: Float[Tensor, "*batch cached d"]
    value: Float[Tensor, "*batch cached e"]


class CachedAttention(NamedTuple):
    """What new tokens read, and the cache for the tokens after them."""

    output: Float[Tensor, "*batch queries e"]
    cache: KeyValueCache


def append_to_cache(
    cache: KeyValueCache, key: Float[Tensor, "*batch tokens d"], value: Float[Tensor, "*batch tokens e"]
) -> KeyValueCache:
    """The cache with the keys and values of new tokens behind those of the earlier ones.

        K' = [K; k],   V' = [V; v]

    It grows by one token for each new one, to 2 L H d numbers a token over L layers and H heads of keys.

    Domain: the same batch. A sequence starts with a cache of no tokens.
    Source: textbook.
    Notes: R001-015.
    """
    return KeyValueCache(torch.cat([cache.key, key], -2), torch.cat([cache.value, value], -2))


def trim_cache(cache: KeyValueCache, length: int) -> KeyValueCache:
    """The last tokens of a cache, `length` of them.

    Domain: length >= 0, else ValueError. A shorter cache stays whole, and 0 leaves nothing.
    Source: textbook.
    Notes: R001-015.
    """
    if length < 0:
        raise ValueError(f"a cache cannot have a negative length; got {length}")
    start = max(cache.key.shape[-2] - length, 0)
    return KeyValueCache(cache.key[..., start:, :].clone(), cache.value[..., start:, :].clone())


def cached_attention(
    query: Float[Tensor, "*batch tokens d"],
    key: Float[Tensor, "*batch tokens d"],
    value: Float[Tensor, "*batch tokens e"],
    cache: KeyValueCache,
) -> CachedAttention:
    """Causal attention of new tokens to themselves and to all tokens of the cache, and the cache with them.

        out_i = attention of q_i to the cache and to the new tokens up to i

    However a sequence is cut into chunks, the outputs are those of causal attention over all of it at once.

    Domain: any number of new tokens, one included.
    Source: textbook; Shazeer 2019, arXiv:1911.02150, section 2.3.
    Differs: a block-causal model (VAR) may be cut only between blocks, whose tokens see each other.
    Notes: R001-015.
    """
    kept = append_to_cache(cache, key, value)
    mask = causal_mask(query.shape[-2], kept.key.shape[-2]).to(query.device)
    return CachedAttention(attention(query, kept.key, kept.value, mask), kept)


def cached_window_attention(
    query: Float[Tensor, "*batch tokens d"],
    key: Float[Tensor, "*batch tokens d"],
    value: Float[Tensor, "*batch tokens e"],
    cache: KeyValueCache,
    window: int,
) -> CachedAttention:
    """Attention of new tokens to the last `window` tokens up to themselves, and a cache of no more than they need.

    New tokens are appended first, so that n queries have window - 1 + n keys; after the attention the cache is cut to
    the window - 1 tokens that the next query can see beside itself. However a sequence is cut into chunks, the outputs
    are those of sliding-window attention over all of it at once.

    Domain: window >= 1, else ValueError. The cache holds at least the last window - 1 tokens, or all.
    Source: Jiang et al. 2023, arXiv:2310.06825, section 2 (rolling buffer cache).
    Differs: many keep window tokens, the first of which is never read.
    Notes: R001-015, R003-206.
    """
    longer = append_to_cache(cache, key, value)
    mask = sliding_window_mask(query.shape[-2], longer.key.shape[-2], window).to(query.device)
    return CachedAttention(attention(query, longer.key, longer.value, mask), trim_cache(longer, window - 1))
