"""Laws of `reference.transformer.cache`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import attended, attended_magnitude, dot_products
from properties.rejection import assert_rejects
from properties.strategies import dyadics
from reference.transformer.cache import KeyValueCache

SEQUENCE = {
    "query": dyadics(-16, 16, 2, 6, 7, grid=8) | dyadics(-1024, 1024, 2, 6, 7, grid=1),
    "key": dyadics(-16, 16, 2, 6, 7, grid=8),
    "value": dyadics(-16, 16, 2, 6, 4, grid=8),
    "cuts": st.sets(st.integers(1, 5)).map(lambda cuts: torch.tensor([0, *sorted(cuts), 6]).diff().tolist()),
}
HEADS = st.sampled_from([(2,), (1, 2)])


def empty():
    return KeyValueCache(torch.zeros(2, 0, 7, dtype=torch.float64), torch.zeros(2, 0, 4, dtype=torch.float64))


def in_chunks(step, query, key, value, chunks):
    """What all chunks read, one after the other, and the cache that the last one leaves."""
    cache, read = empty(), []
    for parts in zip(*(x.split(chunks, -2) for x in (query, key, value)), strict=True):
        output, cache = step(*parts, cache)
        read.append(output)
    return torch.cat(read, -2), cache


def read_at_once(query, key, value, window):
    """Token i reads from the tokens i - window + 1 to i."""
    distance = torch.arange(6)[:, None] - torch.arange(6)
    scores = dot_products(query, key) / math.sqrt(7)
    return attended(torch.where((distance >= 0) & (distance < window), scores, -math.inf), value)


@given(cached=st.integers(0, 6), key=SEQUENCE["key"], value=SEQUENCE["value"], heads=HEADS)
def test_append_to_cache_puts_new_tokens_behind(append_to_cache, cached, key, value, heads):
    """The cache holds the tokens in the order in which they came, its keys and its values apart."""
    key, value = (x.reshape(*heads, 6, -1) for x in (key, value))
    cache = KeyValueCache(key[..., :cached, :], value[..., :cached, :])
    longer = append_to_cache(cache, key[..., cached:, :], value[..., cached:, :])
    assert_equal(longer.key, key.to(longer.key.dtype))
    assert_equal(longer.value, value.to(longer.value.dtype))


@given(length=st.sampled_from([0, 1, 4, 6, 9]), key=SEQUENCE["key"], value=SEQUENCE["value"], heads=HEADS)
def test_trim_cache_keeps_the_last_tokens(trim_cache, length, key, value, heads):
    """All of a cache that is no longer than that, and nothing at length 0."""
    key, value = (x.reshape(*heads, 6, -1) for x in (key, value))
    shorter = trim_cache(KeyValueCache(key, value), length)
    assert_equal(shorter.key.tolist(), key.flip(-2)[..., :length, :].flip(-2).tolist())
    assert_equal(shorter.value.tolist(), value.flip(-2)[..., :length, :].flip(-2).tolist())
    assert_equal(trim_cache(KeyValueCache(key, value), 7).key.tolist(), key.tolist())


def test_trim_cache_rejects_negative_lengths(trim_cache):
    """A cache cannot hold less than nothing."""
    assert_rejects(trim_cache, empty(), -1)


@given(**SEQUENCE)
def test_cached_attention_is_invariant_to_chunks(cached_attention, query, key, value, cuts):
    """However the sequence is cut, token i reads from the tokens 0 to i, and the cache ends with all of them."""
    read, cache = in_chunks(cached_attention, query, key, value, cuts)
    assert_close(read, read_at_once(query, key, value, 6), attended_magnitude(query.abs() @ key.abs().mT, value))
    assert_equal(cache.key.tolist(), key.tolist())
    assert_equal(cache.value.tolist(), value.tolist())


@given(window=st.sampled_from([1, 2, 3, 9]), **SEQUENCE)
def test_cached_window_attention_is_invariant_to_chunks(cached_window_attention, window, query, key, value, cuts):
    """However the sequence is cut, token i reads from the last tokens up to it; window - 1 are kept, or one more, and
    a cache that holds others is read alike.
    """
    read, cache = in_chunks(lambda *parts: cached_window_attention(*parts, window), query, key, value, cuts)
    size = attended_magnitude(query.abs() @ key.abs().mT, value)
    expected = read_at_once(query, key, value, window)
    assert_close(read, expected, size)
    older = KeyValueCache(key[:, :5], value[:, :5])
    last, _ = cached_window_attention(query[:, 5:], key[:, 5:], value[:, 5:], older, window)
    assert_close(last, expected[:, 5:], size.max())
    start = 6 - cache.key.shape[1]
    assert start in (max(6 - window, 0), max(7 - window, 0))
    assert_equal(cache.key.tolist(), key[:, start:].tolist())
    assert_equal(cache.value.tolist(), value[:, start:].tolist())


@pytest.mark.parametrize("window", [0, -1])
def test_cached_window_attention_rejects_empty_windows(cached_window_attention, window):
    """A token sees at least itself."""
    tokens = torch.ones(2, 3, 7, dtype=torch.float64)
    assert_rejects(cached_window_attention, tokens, tokens, tokens[..., :4], empty(), window)
