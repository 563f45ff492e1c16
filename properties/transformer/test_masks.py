"""Laws of `reference.transformer.masks`."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import attended, attended_magnitude, dot_products
from properties.rejection import assert_rejects
from properties.strategies import dyadics, masks

SIZES = [(0, 3), (1, 5), (3, 7), (5, 5)]
LENGTHS = st.lists(st.integers(0, 3), min_size=1, max_size=4)


def small(*shape):
    """Numbers in [-2, 2]."""
    return dyadics(-16, 16, *shape, grid=8)


def last_rows(queries, keys, allowed):
    """The rows of the last queries in a table of all tokens against all."""
    return [[allowed(i, j) for j in range(keys)] for i in range(keys)][keys - queries :]


def boundaries(lengths):
    return [0, *itertools.accumulate(lengths)]


@pytest.mark.parametrize(("queries", "keys"), SIZES)
def test_relative_positions_count_from_the_query(relative_positions, queries, keys):
    """Queries are the last tokens: whatever their number, a row of theirs is that of the table of all tokens."""
    assert_equal(relative_positions(queries, keys).tolist(), last_rows(queries, keys, lambda i, j: j - i))


@pytest.mark.parametrize(("queries", "keys"), [(4, 3), (-1, 3), (1, 0)])
def test_relative_positions_rejects_more_queries_than_keys(relative_positions, causal_mask, queries, keys):
    """Every query is a key too, and there are no negative numbers of either."""
    assert_rejects(relative_positions, queries, keys)
    assert_rejects(causal_mask, queries, keys)


@pytest.mark.parametrize(("queries", "keys"), SIZES)
def test_causal_mask_equals_last_rows_of_triangle(causal_mask, queries, keys):
    """Token i attends to the tokens 0 to i; a single query, the last token, attends to all."""
    assert_equal(causal_mask(queries, keys).tolist(), last_rows(queries, keys, lambda i, j: j <= i))


@pytest.mark.parametrize("window", [1, 2, 4, 9])
@pytest.mark.parametrize(("queries", "keys"), SIZES)
def test_sliding_window_mask_allows_the_last_tokens(sliding_window_mask, queries, keys, window):
    """Token i attends to i - window + 1, ..., i, as far as they exist: in all to min(window, i + 1) tokens."""
    seen = last_rows(queries, keys, lambda i, j: j in range(i - window + 1, i + 1))
    assert_equal(sliding_window_mask(queries, keys, window).tolist(), seen)


@pytest.mark.parametrize("window", [2, 3])
@pytest.mark.parametrize("layers", [2, 3])
def test_sliding_window_mask_reaches_further_with_each_layer(sliding_window_mask, window, layers):
    """What L layers reach is a window of L (window - 1) + 1 tokens."""
    reached = torch.linalg.matrix_power(sliding_window_mask(11, 11, window).double(), layers) > 0
    assert_equal(reached.tolist(), sliding_window_mask(11, 11, layers * (window - 1) + 1).tolist())
    assert_equal(reached.sum(-1).tolist(), [min(i + 1, layers * (window - 1) + 1) for i in range(11)])


@pytest.mark.parametrize(("queries", "keys", "window"), [(3, 5, 0), (3, 5, -1), (4, 3, 2)])
def test_sliding_window_mask_rejects_empty_windows(sliding_window_mask, queries, keys, window):
    """A window holds at least the token itself, and every query is a key."""
    assert_rejects(sliding_window_mask, queries, keys, window)


@pytest.mark.parametrize("radius", [0, 1, 2, 6, 9])
def test_local_mask_allows_neighbours(local_mask, radius):
    """Token i attends to i - radius, ..., i + radius: to itself alone at radius 0."""
    expected = last_rows(7, 7, lambda i, j: j in range(i - radius, i + radius + 1))
    assert_equal(local_mask(7, radius).tolist(), expected)


@pytest.mark.parametrize("layers", [2, 3])
def test_local_mask_reaches_further_with_each_layer(local_mask, layers):
    """L layers of radius 2 reach 2 L tokens on each side: 4 L + 1 in all."""
    reached = torch.linalg.matrix_power(local_mask(15, 2).double(), layers) > 0
    assert_equal(reached.tolist(), local_mask(15, 2 * layers).tolist())
    assert_equal(int(reached[7].sum()), 4 * layers + 1)


def test_local_mask_rejects_negative_radii(local_mask):
    """A token is at distance 0 of itself."""
    assert_rejects(local_mask, 5, -1)


@given(mask=masks(2, 5, 7) | masks(1, 2, 5, 7), query_block=st.integers(1, 6), key_block=st.integers(1, 8))
def test_block_mask_keeps_blocks_that_hold_anything(block_mask, mask, query_block, key_block):
    """A block is computed if, and only if, it holds an allowed pair; the last ones may be smaller."""
    bands = [table.split(query_block) for table in mask.reshape(2, 5, 7)]
    expected = [[[bool(block.any()) for block in band.split(key_block, 1)] for band in table] for table in bands]
    found = block_mask(mask, query_block, key_block)
    assert_equal(found.reshape(2, *found.shape[-2:]).tolist(), expected)


@pytest.mark.parametrize(("query_block", "key_block"), [(0, 2), (2, 0), (-1, 2)])
def test_block_mask_rejects_empty_blocks(block_mask, query_block, key_block):
    """Blocks hold at least one query and one key."""
    assert_rejects(block_mask, torch.ones(3, 5, dtype=torch.bool), query_block, key_block)


@given(lengths=LENGTHS)
def test_cumulative_lengths_mark_starts_and_end(cumulative_lengths, lengths):
    """They start at 0, end at the sum of all lengths, and differ by the lengths, some of which may be 0."""
    assert_equal(cumulative_lengths(torch.tensor(lengths)).tolist(), boundaries(lengths))


@given(lengths=LENGTHS, rest=st.integers(0, 2))
def test_segment_ids_repeat_numbers_by_length(segment_ids, lengths, rest):
    """Sequence b has its number as often as it has tokens; behind the last one is padding, -1."""
    expected = [number for number, length in enumerate(lengths) for _ in range(length)] + [-1] * rest
    assert_equal(segment_ids(torch.tensor(boundaries(lengths)), len(expected)).tolist(), expected)


@given(query=dyadics(-1, 2, 2, 3, grid=1), key=dyadics(-1, 2, 2, 5, grid=1))
def test_segment_mask_allows_pairs_of_one_sequence(segment_mask, query, key):
    """A query attends to the keys with its number, in its own row of the batch, and padding to nothing."""
    pairs = zip(query.tolist(), key.tolist(), strict=True)
    expected = [[[i == j and i != -1 for j in keys] for i in queries] for queries, keys in pairs]
    assert_equal(segment_mask(query.long(), key.long()).tolist(), expected)
    assert_equal(segment_mask(query[0].long(), key[0].long()).tolist(), expected[0])


@given(
    query=small(2, 7, 3),
    key=small(2, 8, 3),
    value=small(2, 8, 5),
    lengths=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=3)
    | st.just([(2, 2), (1, 1), (2, 2)]),
    rest=st.tuples(st.integers(0, 1), st.integers(0, 2)),
    scale=st.sampled_from([1, 1024]),
)
def test_packed_attention_equals_attention_of_each_sequence(packed_attention, query, key, value, lengths, rest, scale):
    """Each sequence reads from its own keys what it reads alone; whatever stands behind the last one reads zeros."""
    query = scale * query
    size = attended_magnitude(query.abs() @ key.abs().mT, value)
    query_ends, key_ends = (boundaries(column) for column in zip(*lengths, strict=True))
    query, ends = query[:, : query_ends[-1] + rest[0]], key_ends[-1] + rest[1]
    key, value = key[:, :ends], value[:, :ends]
    expected, starts = torch.zeros(*query.shape[:-1], 5, dtype=torch.float64), zip(query_ends, key_ends, strict=True)
    for (i, j), (next_i, next_j) in itertools.pairwise(starts):
        scores = dot_products(query[:, i:next_i], key[:, j:next_j]) / math.sqrt(3)
        expected[:, i:next_i] = attended(scores, value[:, j:next_j])
    found = packed_attention(query, key, value, torch.tensor(query_ends), torch.tensor(key_ends))
    assert_close(found, expected, size)
