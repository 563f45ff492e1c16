"""Laws of `reference.diffusion.layout_data`."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects, assert_rejects_index
from properties.strategies import dyadics, normals

sequences = st.lists(st.integers(1, 137), min_size=1, max_size=7)
workers = st.integers(1, 4).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
tokens_of_seven = dyadics(0, 6, 2, 3, grid=1).map(torch.Tensor.long)


def one_hot(tokens, size):
    """1 at the place of each token, 0 elsewhere."""
    return (tokens[..., None] == torch.arange(size)).double()


@given(tokens=sequences, spare=st.integers(0, 5))
def test_pad_tokens_appends_padding(pad_tokens, tokens, spare):
    """The sequence stays in front, and 3, the id of PAD, fills the rest; padding again changes nothing."""
    length = len(tokens) + spare
    padded = pad_tokens(tokens, length)
    assert_equal(padded, (*tokens, *itertools.repeat(3, spare)))
    assert_equal(pad_tokens(padded, length), padded)


@given(tokens=sequences, missing=st.integers(1, 8))
def test_pad_tokens_rejects_sequences_that_are_too_long(pad_tokens, tokens, missing):
    """What has just the length is returned as it is, and nothing is ever cut."""
    assert_equal(pad_tokens(tokens, len(tokens)), tuple(tokens))
    assert_rejects(pad_tokens, tokens, len(tokens) - missing)


@given(worker=workers, count=st.integers(0, 11))
def test_strided_shard_deals_items_in_turn(strided_shard, worker, count):
    """Worker r gets the items whose number leaves r when divided by W: all of them go to one worker each, in order."""
    rank, world_size = worker
    items = list(range(100, 100 + count))
    dealt = [
        item for item, receiver in zip(items, itertools.cycle(range(world_size)), strict=False) if receiver == rank
    ]
    assert_equal(strided_shard(items, rank, world_size), tuple(dealt))


@pytest.mark.parametrize(("rank", "world_size"), [(-1, 3), (3, 3), (4, 3), (0, 0), (-1, 0), (-2, -1)])
def test_strided_shard_rejects_ranks_outside_the_world(strided_shard, rank, world_size):
    """Of three workers the last is number 2, and there is at least one worker."""
    assert_equal(strided_shard([7, 8, 9], 2, 3), (9,))
    assert_rejects(strided_shard, [7, 8, 9], rank, world_size)


@given(worker=workers, batch_size=st.integers(1, 4), full=st.integers(1, 3), rest=st.integers(0, 3))
def test_infinite_batches_repeats_full_batches_of_shard(
    infinite_batches, strided_shard, worker, batch_size, full, rest
):
    """Each worker runs through its items again and again, without the last N mod B, in batches of B."""
    rank, world_size = worker
    items = list(range(100, 100 + (full * batch_size + rest % batch_size) * world_size))
    batches = itertools.islice(infinite_batches(strided_shard(items, rank, world_size), batch_size), 2 * full + 1)
    epoch = items[rank::world_size][: full * batch_size]
    stream = iter([*epoch, *epoch, *epoch[:batch_size]])
    assert_equal(list(batches), [*zip(*[stream] * batch_size, strict=True)])


@pytest.mark.parametrize("batch_size", [-1, 0, 6])
def test_infinite_batches_rejects_sizes_without_a_full_batch(infinite_batches, batch_size):
    """Five items make batches of at most five, and an empty batch is none."""
    items = [7, 8, 9, 10, 11]
    assert_equal(next(infinite_batches(items, 5)), tuple(items))
    assert_rejects(lambda: next(infinite_batches(items, batch_size)))


@given(table=normals(7, 5), tokens=tokens_of_seven)
def test_token_embeddings_equals_product_with_one_hot(token_embeddings, table, tokens):
    """The lookup is onehot(tokens) @ table, so that equal tokens have equal vectors."""
    assert_equal(token_embeddings(table, tokens), one_hot(tokens, 7) @ table)


@pytest.mark.autograd
@given(table=normals(7, 5), tokens=tokens_of_seven, weight=normals(2, 3, 5))
def test_token_embeddings_adds_gradient_of_repeated_tokens(token_embeddings, table, tokens, weight):
    """The gradient of a row is the sum over the places of its token, and 0 for a token that does not occur."""
    embedded = token_embeddings(table.requires_grad_(), tokens)
    (gradient,) = torch.autograd.grad((embedded * weight).sum(), table)
    places = one_hot(tokens, 7).flatten(0, 1).T
    flat = weight.flatten(0, 1)
    assert_close(gradient.to(embedded.dtype), places @ flat, places @ flat.abs())


@pytest.mark.parametrize("token", [-7, -1, 7])
def test_token_embeddings_rejects_ids_without_a_row(token_embeddings, token):
    """A table of seven rows has one for each of 0..6 and none for MASK = 7, nor is -1 its last."""
    table = torch.arange(14, dtype=torch.float64).reshape(7, 2)
    assert_equal(token_embeddings(table, torch.tensor([6, 0])), [[12, 13], [0, 1]])
    assert_rejects_index(token_embeddings, table, torch.tensor([6, token]))
