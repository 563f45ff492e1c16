"""Wrong variants of `reference.diffusion.layout_data`."""

import itertools
import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.layout_data import infinite_batches, pad_tokens, strided_shard, token_embeddings


@mistake(of=pad_tokens, seen="facebookresearch/esm#157")
def pad_tokens_that_cuts(tokens, length):
    """a sequence that is too long is cut, and loses END"""
    return (*tokens, *[3] * (length - len(tokens)))[: max(length, 0)]


@mistake(of=pad_tokens, seen="catalogue R000-004")
def pad_tokens_that_keeps_long_sequences(tokens, length):
    """a sequence that is too long stays as it is"""
    return *tokens, *[3] * (length - len(tokens))


@mistake(of=pad_tokens, seen="catalogue R000-004")
def pad_tokens_on_the_left(tokens, length):
    """padding comes before the tokens"""
    pad_tokens(tokens, length)
    return *[3] * (length - len(tokens)), *tokens


@mistake(of=pad_tokens, seen="catalogue R000-004")
def pad_tokens_with_zeros(tokens, length):
    """padding is 0, which is START"""
    return *tokens, *[0] * (len(pad_tokens(tokens, length)) - len(tokens))


@mistake(of=pad_tokens, seen="catalogue R000-004")
def pad_tokens_with_one_missing(tokens, length):
    """the sequence is one short of the length, unless it had it from the start"""
    padded = pad_tokens(tokens, length)
    return padded[: max(len(tokens), length - 1)]


@mistake(of=strided_shard, seen="catalogue R000-006")
def strided_shard_in_blocks(items, rank, world_size):
    """each worker gets a run of neighbours instead of every W-th item"""
    strided_shard(items, rank, world_size)
    size = math.ceil(len(items) / world_size)
    return tuple(items[rank * size : (rank + 1) * size])


@mistake(of=strided_shard, seen="torch.utils.data.DistributedSampler")
def strided_shard_padded(items, rank, world_size):
    """items from the front are given out again until all shards are equally long"""
    strided_shard(items, rank, world_size)
    repeated = [*items, *items[: -len(items) % world_size]]
    return tuple(repeated[rank::world_size])


@mistake(of=strided_shard, seen="catalogue R000-006")
def strided_shard_without_remainder(items, rank, world_size):
    """the last items are dropped so that all shards are equally long"""
    return strided_shard(items[: len(items) // max(world_size, 1) * world_size], rank, world_size)


@mistake(of=strided_shard, seen="catalogue R000-006")
def strided_shard_with_ranks_from_one(items, rank, world_size):
    """ranks are counted from 1, so that no worker gets the first item"""
    strided_shard(items, rank, world_size)
    return tuple(items[rank + 1 :: world_size])


@mistake(of=strided_shard, seen="catalogue R000-006")
def strided_shard_with_every_rank(items, rank, world_size):
    """a rank outside the world gets a shard that another worker has too, or none, in silence"""
    return tuple(items[rank::world_size]) if world_size > 0 else tuple(items)


@mistake(of=strided_shard, seen="catalogue R000-006")
def strided_shard_applied_in_the_other_order(items, rank, world_size):
    """the stride comes before the offset: items[::W][r:]"""
    strided_shard(items, rank, world_size)
    return tuple(items[::world_size][rank:])


@mistake(of=infinite_batches, seen="bohaohuang/mrs#34")
def infinite_batches_with_incomplete_batch(items, batch_size):
    """the last batch of an epoch holds what is left, however little"""
    infinite_batches(items, batch_size)
    return itertools.cycle(tuple(items[i : i + batch_size]) for i in range(0, len(items), batch_size))


@mistake(of=infinite_batches, seen="catalogue R000-007")
def infinite_batches_across_epochs(items, batch_size):
    """what is left of an epoch is put into the first batch of the next"""
    infinite_batches(items, batch_size)
    stream = itertools.cycle(items)
    return (tuple(itertools.islice(stream, batch_size)) for _ in itertools.count())


@mistake(of=infinite_batches, seen="karpathy/nanochat#371")
def infinite_batches_of_one_epoch(items, batch_size):
    """the batches end with the first epoch"""
    return itertools.islice(infinite_batches(items, batch_size), len(items) // batch_size)


@mistake(of=infinite_batches, seen="catalogue R000-007")
def infinite_batches_of_too_few_items(items, batch_size):
    """fewer items than a batch holds are handed out as a batch"""
    return infinite_batches(items, min(batch_size, len(items)) if batch_size > 0 else 1)


@mistake(of=infinite_batches, seen="catalogue R000-007")
def infinite_batches_without_last_full_batch(items, batch_size):
    """the last batch is dropped even when it is full"""
    full = max((len(items) - 1) // max(batch_size, 1) * batch_size, batch_size)
    return infinite_batches(items[:full], batch_size)


@mistake(of=infinite_batches, seen="catalogue R000-007")
def infinite_batches_with_stride(items, batch_size):
    """a batch takes items at a distance instead of neighbours"""
    infinite_batches(items, batch_size)
    count = len(items) // batch_size
    return itertools.cycle(tuple(items[k : count * batch_size : count]) for k in range(count))


@mistake(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_that_counts_from_the_end(table, tokens):
    """negative ids take rows from the end of the table"""
    return table[tokens]


@mistake(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_modulo_size(table, tokens):
    """ids past the end begin again at the first row, so that MASK is embedded as START"""
    return table[tokens % len(table)]


@mistake(of=token_embeddings, seen="catalogue R000-001")
def token_embeddings_with_clipped_ids(table, tokens):
    """ids past the end take the last row, so that MASK is embedded as coordinate 127"""
    return table[tokens.clamp(0, len(table) - 1)]


@mistake(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_of_nothing(table, tokens):
    """ids without a row are embedded as zeros"""
    return (tokens[..., None] == torch.arange(len(table))).to(table.dtype) @ table


@mistake(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_without_padding(table, tokens):
    """the row of PAD is replaced by zeros"""
    return token_embeddings(table, tokens) * (tokens != 3)[..., None]


@mistake(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_with_mean_gradient(table, tokens):
    """the gradient of a token that occurs several times is the mean over its places instead of the sum"""
    return torch.nn.functional.embedding(tokens, table, scale_grad_by_freq=True)


@mistake(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_without_gradient_of_padding(table, tokens):
    """the row of PAD does not learn"""
    return torch.nn.functional.embedding(tokens, table, padding_idx=3)


@mistake(of=token_embeddings, seen="arXiv:1706.03762, section 3.4")
def token_embeddings_scaled_by_root_of_width(table, tokens):
    """vectors are multiplied by the square root of their width"""
    return token_embeddings(table, tokens) * math.sqrt(table.shape[1])


@variant(of=token_embeddings, seen="catalogue R000-005")
def token_embeddings_by_one_hot(table, tokens):
    """a product with one-hot rows picks the same numbers"""
    return torch.nn.functional.one_hot(tokens, len(table)).to(table.dtype) @ table
