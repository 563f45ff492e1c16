"""Wrong variants of `reference.transformer.cache`."""

import torch

from properties.mistakes import mistake, variant
from reference.transformer.attention import attention
from reference.transformer.cache import (
    CachedAttention,
    KeyValueCache,
    append_to_cache,
    cached_attention,
    cached_window_attention,
    trim_cache,
)
from reference.transformer.masks import causal_mask, sliding_window_mask


def _unshifted(query, cache, mask):
    """Attention by exponentials of the scores as they are."""
    weights = torch.where(mask, (query @ cache.key.mT / query.shape[-1] ** 0.5).exp(), 0)
    return weights / weights.sum(-1, keepdim=True) @ cache.value


@mistake(of=append_to_cache, seen="catalogue R001-015")
def append_to_cache_in_front(cache, key, value):
    """new tokens are put in front of the earlier ones"""
    return KeyValueCache(torch.cat([key, cache.key], -2), torch.cat([value, cache.value], -2))


@mistake(of=append_to_cache, seen="catalogue R001-015")
def append_to_cache_that_replaces(cache, key, value):
    """the earlier tokens are lost"""
    return KeyValueCache(key.clone(), value.clone())


@mistake(of=append_to_cache, seen="catalogue R001-015")
def append_to_cache_that_loses_a_token(cache, key, value):
    """a single new token takes the place of the last cached one"""
    if key.shape[-2] == 1 and cache.key.shape[-2]:
        cache = KeyValueCache(cache.key[..., :-1, :], cache.value[..., :-1, :])
    return append_to_cache(cache, key, value)


@mistake(of=append_to_cache, seen="catalogue R001-015")
def append_to_cache_that_keeps_old_values(cache, key, value):
    """new values are overwritten by the last cached one"""
    stale = torch.cat([cache.value, value], -2)[..., max(cache.value.shape[-2] - 1, 0), None, :].expand_as(value)
    return KeyValueCache(torch.cat([cache.key, key], -2), torch.cat([cache.value, stale], -2))


@mistake(of=append_to_cache, seen="catalogue R001-015")
def append_to_cache_of_batches_alone(cache, key, value):
    """tokens are joined along the second axis, which is that of the heads if there are any"""
    return KeyValueCache(torch.cat([cache.key, key], 1), torch.cat([cache.value, value], 1))


@mistake(of=trim_cache, seen="arXiv:2310.06825, section 2")
def trim_cache_from_the_start(cache, length):
    """the first tokens are kept instead of the last"""
    trim_cache(cache, length)
    return KeyValueCache(cache.key[..., :length, :].clone(), cache.value[..., :length, :].clone())


@mistake(of=trim_cache, seen="Python, x[-0:]")
def trim_cache_by_negative_slices(cache, length):
    """x[-length:] keeps everything at length 0"""
    trim_cache(cache, length)
    return KeyValueCache(cache.key[..., -length:, :].clone(), cache.value[..., -length:, :].clone())


@mistake(of=trim_cache, seen="arXiv:2310.06825, section 2")
def trim_cache_of_keys(cache, length):
    """all values are kept"""
    return KeyValueCache(trim_cache(cache, length).key, cache.value.clone())


@mistake(of=trim_cache, seen="arXiv:2310.06825, section 2")
def trim_cache_without_check(cache, length):
    """a negative length leaves nothing"""
    return trim_cache(cache, max(length, 0))


@mistake(of=trim_cache, seen="catalogue R001-015")
def trim_cache_of_batches_alone(cache, length):
    """the second axis is cut, which is that of the heads if there are any"""
    trim_cache(cache, length)
    start = max(cache.key.shape[1] - length, 0)
    return KeyValueCache(cache.key[:, start:].clone(), cache.value[:, start:].clone())


@mistake(
    of=cached_attention, seen="catalogue R001-015, is_causal=True of torch.nn.functional.scaled_dot_product_attention"
)
def cached_attention_masked_from_the_start(query, key, value, cache):
    """the causal mask is aligned with the first token, so that a new token sees the oldest one only"""
    longer = append_to_cache(cache, key, value)
    mask = torch.ones(query.shape[-2], longer.key.shape[-2], dtype=torch.bool).tril()
    return CachedAttention(attention(query, longer.key, longer.value, mask), longer)


@mistake(of=cached_attention, seen="catalogue R001-015")
def cached_attention_without_mask(query, key, value, cache):
    """tokens of a chunk see those behind them in it"""
    longer = append_to_cache(cache, key, value)
    everything = torch.ones(1, longer.key.shape[-2], dtype=torch.bool)
    return CachedAttention(attention(query, longer.key, longer.value, everything), longer)


@mistake(of=cached_attention, seen="catalogue R001-015")
def cached_attention_that_forgets(query, key, value, cache):
    """the cache is returned without the new tokens"""
    output, longer = cached_attention(query, key, value, cache)
    return CachedAttention(output, trim_cache(KeyValueCache(*(x.flip(-2) for x in longer)), cache.key.shape[-2]))


@mistake(of=cached_attention, seen="catalogue R001-015")
def cached_attention_to_the_chunk(query, key, value, cache):
    """new tokens see only each other"""
    mask = causal_mask(query.shape[-2], query.shape[-2])
    return CachedAttention(attention(query, key, value, mask), append_to_cache(cache, key, value))


@mistake(of=cached_attention, seen="catalogue R001-015")
def cached_attention_to_the_past(query, key, value, cache):
    """a new token does not see itself"""
    longer = append_to_cache(cache, key, value)
    mask = causal_mask(query.shape[-2], longer.key.shape[-2])
    mask = mask & ~torch.eye(longer.key.shape[-2], dtype=torch.bool)[-query.shape[-2] :]
    return CachedAttention(attention(query, longer.key, longer.value, mask), longer)


@mistake(of=cached_attention, seen="catalogue R001-015")
def cached_attention_by_exponentials(query, key, value, cache):
    """exponentials are taken without subtracting the largest score, and overflow"""
    longer = append_to_cache(cache, key, value)
    mask = causal_mask(query.shape[-2], longer.key.shape[-2])
    return CachedAttention(_unshifted(query, longer, mask), longer)


@mistake(of=cached_window_attention, seen="rasbt/LLMs-from-scratch#1013")
def cached_window_attention_trimmed_first(query, key, value, cache, window):
    """the cache is cut to the window before a chunk attends, whose first tokens lose their oldest keys"""
    cached_window_attention(query, key, value, cache, window)
    longer = trim_cache(append_to_cache(cache, key, value), max(window, query.shape[-2]))
    mask = sliding_window_mask(query.shape[-2], longer.key.shape[-2], window)
    return CachedAttention(attention(query, longer.key, longer.value, mask), trim_cache(longer, window - 1))


@mistake(of=cached_window_attention, seen="Blaizzy/mlx-vlm#669")
def cached_window_attention_that_is_causal(query, key, value, cache, window):
    """within a chunk all earlier tokens are seen"""
    longer = append_to_cache(cache, key, value)
    mask = causal_mask(query.shape[-2], longer.key.shape[-2])
    return CachedAttention(attention(query, longer.key, longer.value, mask), trim_cache(longer, window - 1))


@mistake(of=cached_window_attention, seen="arXiv:2310.06825, section 2")
def cached_window_attention_that_keeps_everything(query, key, value, cache, window):
    """the cache grows with the sequence"""
    output, _ = cached_window_attention(query, key, value, cache, window)
    return CachedAttention(output, append_to_cache(cache, key, value))


@mistake(of=cached_window_attention, seen="arXiv:2310.06825, section 2")
def cached_window_attention_that_keeps_too_little(query, key, value, cache, window):
    """the cache is one token too short for the next query"""
    output, kept = cached_window_attention(query, key, value, cache, window)
    return CachedAttention(output, trim_cache(kept, max(window - 2, 0)))


@mistake(of=cached_window_attention, seen="Python, x[-0:]")
def cached_window_attention_by_negative_slices(query, key, value, cache, window):
    """x[-(window - 1):] keeps everything at window 1"""
    output, kept = cached_window_attention(query, key, value, cache, window)
    return CachedAttention(output, append_to_cache(cache, key, value) if window == 1 else kept)


@mistake(of=cached_window_attention, seen="catalogue R003-206")
def cached_window_attention_without_check(query, key, value, cache, window):
    """an empty window is taken for one token"""
    return cached_window_attention(query, key, value, cache, max(window, 1))


@mistake(of=cached_window_attention, seen="catalogue R003-206")
def cached_window_attention_of_one_query_to_all(query, key, value, cache, window):
    """a single query attends to whatever is cached, also to tokens before its window"""
    _, kept = cached_window_attention(query, key, value, cache, window)
    longer = append_to_cache(cache, key, value)
    mask = sliding_window_mask(query.shape[-2], longer.key.shape[-2], window)
    read = attention(query, longer.key, longer.value, mask | (query.shape[-2] == 1))
    return CachedAttention(read, kept)


@mistake(of=cached_window_attention, seen="catalogue R001-015")
def cached_window_attention_by_exponentials(query, key, value, cache, window):
    """exponentials are taken without subtracting the largest score, and overflow"""
    longer = append_to_cache(cache, key, value)
    mask = sliding_window_mask(query.shape[-2], longer.key.shape[-2], window)
    return CachedAttention(_unshifted(query, longer, mask), trim_cache(longer, window - 1))


@variant(of=cached_window_attention, seen="rasbt/LLMs-from-scratch#1013")
def cached_window_attention_that_keeps_a_window(query, key, value, cache, window):
    """a cache of window tokens, the first of which is never read"""
    output, _ = cached_window_attention(query, key, value, cache, window)
    return CachedAttention(output, trim_cache(append_to_cache(cache, key, value), window))
