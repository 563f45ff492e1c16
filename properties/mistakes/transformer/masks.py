"""Wrong variants of `reference.transformer.masks`."""

import torch
from torch.nn.functional import pad

from properties.mistakes import mistake, variant
from reference.transformer.attention import attention
from reference.transformer.masks import (
    block_mask,
    causal_mask,
    cumulative_lengths,
    local_mask,
    packed_attention,
    relative_positions,
    segment_ids,
    segment_mask,
    sliding_window_mask,
)


@mistake(of=relative_positions, seen="lucidrains/x-transformers, commit dcae403")
def relative_positions_from_the_start(queries, keys):
    """queries are taken for the first tokens instead of the last"""
    relative_positions(queries, keys)
    return torch.arange(keys) - torch.arange(queries)[:, None]


@mistake(of=relative_positions, seen="arXiv:1803.02155, section 3.2")
def relative_positions_counted_from_keys(queries, keys):
    """the sign is reversed"""
    return -relative_positions(queries, keys)


@mistake(of=relative_positions, seen="arXiv:1803.02155, section 3.2")
def relative_positions_that_are_distances(queries, keys):
    """before and after are not told apart"""
    return relative_positions(queries, keys).abs()


@mistake(of=relative_positions, seen="lucidrains/x-transformers, commit cc107eb")
def relative_positions_without_check(queries, keys):
    """queries without a key get negative places"""
    return torch.arange(keys) - torch.arange(max(queries, 0))[:, None] - (keys - queries)


@mistake(of=causal_mask, seen="catalogue R001-015, is_causal=True of torch.nn.functional.scaled_dot_product_attention")
def causal_mask_from_the_start(queries, keys):
    """query i sees the first i + 1 keys, although i is counted after the cached ones"""
    causal_mask(queries, keys)
    return torch.ones(queries, keys, dtype=torch.bool).tril()


@mistake(of=causal_mask, seen="arXiv:1706.03762, section 3.2.3")
def causal_mask_without_the_diagonal(queries, keys):
    """a token does not see itself"""
    return relative_positions(queries, keys) < 0


@mistake(of=causal_mask, seen="arXiv:1706.03762, section 3.2.3")
def causal_mask_of_the_future(queries, keys):
    """True marks what is hidden"""
    return ~causal_mask(queries, keys)


@mistake(of=causal_mask, seen="catalogue R001-015")
def causal_mask_without_check(queries, keys):
    """more queries than keys are let through"""
    return torch.ones(max(queries, 0), keys, dtype=torch.bool).tril(keys - queries)


@mistake(of=sliding_window_mask, seen="catalogue R003-206")
def sliding_window_mask_that_does_not_count_the_token(queries, keys, window):
    """the window is counted without the token itself, and is one too long"""
    return sliding_window_mask(queries, keys, window) | sliding_window_mask(queries, keys, window + 1)


@mistake(of=sliding_window_mask, seen="Blaizzy/mlx-vlm#669")
def sliding_window_mask_that_is_causal(queries, keys, window):
    """the window is not passed on, and all earlier tokens are seen"""
    sliding_window_mask(queries, keys, window)
    return causal_mask(queries, keys)


@mistake(of=sliding_window_mask, seen="huggingface/transformers#32522")
def sliding_window_mask_by_slicing(queries, keys, window):
    """all queries see the last keys, which are the window of the last query alone"""
    sliding_window_mask(queries, keys, window)
    return causal_mask(queries, keys) & (torch.arange(keys) >= keys - window)


@mistake(of=sliding_window_mask, seen="arXiv:2310.06825, section 2")
def sliding_window_mask_on_both_sides(queries, keys, window):
    """tokens behind the query are seen too"""
    sliding_window_mask(queries, keys, window)
    return relative_positions(queries, keys).abs() < window


@mistake(of=sliding_window_mask, seen="huggingface/transformers#35681")
def sliding_window_mask_from_the_start(queries, keys, window):
    """queries are taken for the first tokens instead of the last"""
    sliding_window_mask(queries, keys, window)
    ones = torch.ones(queries, keys, dtype=torch.bool)
    return ones.tril() & ones.triu(1 - window)


@mistake(of=sliding_window_mask, seen="catalogue R003-206")
def sliding_window_mask_without_check(queries, keys, window):
    """an empty window hides everything"""
    relative = torch.arange(keys) - torch.arange(queries)[:, None] - (keys - queries)
    return (-window < relative) & (relative <= 0)


@mistake(of=local_mask, seen="catalogue R003-206")
def local_mask_without_its_ends(tokens, radius):
    """tokens at exactly the radius are hidden"""
    local_mask(tokens, radius)
    return relative_positions(tokens, tokens).abs() < radius


@mistake(of=local_mask, seen="arXiv:2004.05150, section 3.1, whose window is two radii")
def local_mask_of_a_window(tokens, radius):
    """the radius is taken for the width of the whole window"""
    local_mask(tokens, radius)
    return local_mask(tokens, radius // 2)


@mistake(of=local_mask, seen="catalogue R003-206")
def local_mask_of_the_past(tokens, radius):
    """only tokens before the query are seen"""
    return local_mask(tokens, radius).tril()


@mistake(of=local_mask, seen="catalogue R003-206")
def local_mask_without_check(tokens, radius):
    """a negative radius hides everything"""
    places = torch.arange(tokens)
    return (places - places[:, None]).abs() <= radius


@mistake(of=block_mask, seen="catalogue R001-017")
def block_mask_of_full_blocks(mask, query_block, key_block):
    """only blocks in which every pair is allowed are computed"""
    return ~block_mask(~mask, query_block, key_block)


@mistake(of=block_mask, seen="catalogue R001-017")
def block_mask_that_drops_the_last_blocks(mask, query_block, key_block):
    """smaller blocks at the end are left out"""
    queries, keys = mask.shape[-2] // query_block * query_block, mask.shape[-1] // key_block * key_block
    return block_mask(mask[..., :queries, :keys], query_block, key_block)


@mistake(of=block_mask, seen="catalogue R001-017")
def block_mask_of_first_pairs(mask, query_block, key_block):
    """a block is judged by its first pair"""
    block_mask(mask, query_block, key_block)
    return mask[..., ::query_block, ::key_block].clone()


@mistake(of=block_mask, seen="catalogue R003-174")
def block_mask_with_swapped_sizes(mask, query_block, key_block):
    """the sizes of the blocks are exchanged"""
    return block_mask(mask, key_block, query_block)


@mistake(of=block_mask, seen="catalogue R001-017")
def block_mask_without_check(mask, query_block, key_block):
    """blocks of no size are taken for blocks of one"""
    return block_mask(mask, max(query_block, 1), max(key_block, 1))


@mistake(of=cumulative_lengths, seen="catalogue R001-090")
def cumulative_lengths_without_zero(lengths):
    """the leading 0 is missing"""
    return lengths.cumsum(0)


@mistake(of=cumulative_lengths, seen="catalogue R001-090")
def cumulative_lengths_without_end(lengths):
    """the first sequence starts at 0, and the end of the last one is repeated from the start of it"""
    return pad(lengths.cumsum(0)[:-1], (2, 0))


@mistake(of=cumulative_lengths, seen="catalogue R001-090")
def cumulative_lengths_that_are_lengths(lengths):
    """lengths are padded but not summed"""
    return pad(lengths, (1, 0))


@mistake(of=segment_ids, seen="arXiv:2205.14135, code")
def segment_ids_that_include_the_end(boundaries, tokens):
    """the first token of a sequence is counted to the one before it"""
    places = torch.arange(tokens)
    ids = (boundaries[:, None] < places).sum(0) - 1
    return torch.where(places < boundaries[-1], ids.clamp(min=0), -1)


@mistake(of=segment_ids, seen="arXiv:2205.14135, code")
def segment_ids_that_extend_the_last_sequence(boundaries, tokens):
    """padding is counted to the last sequence"""
    ids = segment_ids(boundaries, tokens)
    return torch.where(ids < 0, len(boundaries) - 2, ids)


@mistake(of=segment_ids, seen="catalogue R001-090")
def segment_ids_from_one(boundaries, tokens):
    """sequences are counted from 1"""
    ids = segment_ids(boundaries, tokens)
    return torch.where(ids < 0, ids, ids + 1)


@mistake(of=segment_ids, seen="catalogue R001-090")
def segment_ids_that_skip_empty_sequences(boundaries, tokens):
    """empty sequences get no number, and later ones move up"""
    return segment_ids(boundaries.unique(), tokens)


@mistake(of=segment_mask, seen="arXiv:2107.02027, section 3")
def segment_mask_that_lets_padding_see_padding(query_segments, key_segments):
    """padding attends to padding"""
    return query_segments[..., :, None] == key_segments[..., None, :]


@mistake(of=segment_mask, seen="arXiv:2107.02027, section 3")
def segment_mask_of_earlier_sequences(query_segments, key_segments):
    """earlier sequences are seen too"""
    earlier = query_segments[..., :, None] >= key_segments[..., None, :]
    return earlier & (key_segments >= 0)[..., None, :]


@mistake(of=segment_mask, seen="arXiv:2107.02027, section 3")
def segment_mask_of_everything_kept(query_segments, key_segments):
    """all sequences of the pack see each other"""
    return (query_segments >= 0)[..., :, None] & (key_segments >= 0)[..., None, :]


@mistake(of=segment_mask, seen="catalogue R001-090")
def segment_mask_of_batches_alone(query_segments, key_segments):
    """the axes are those of a batch, whatever their number"""
    same = query_segments[:, :, None] == key_segments[:, None, :]
    return same & (key_segments >= 0)[:, None, :]


@mistake(of=packed_attention, seen="catalogue R001-090")
def packed_attention_across_sequences(query, key, value, query_boundaries, key_boundaries):
    """the pack is treated as one sequence"""
    ends = [boundaries[[0, -1]] for boundaries in (query_boundaries, key_boundaries)]
    return packed_attention(query, key, value, *ends)


@mistake(of=packed_attention, seen="arXiv:2205.14135, code (`cu_seqlens_k`)")
def packed_attention_with_boundaries_of_queries(query, key, value, query_boundaries, key_boundaries):
    """keys are cut at the boundaries of the queries"""
    return packed_attention(query, key, value, query_boundaries, query_boundaries)


@mistake(of=packed_attention, seen="arXiv:2205.14135, code")
def packed_attention_that_is_causal(query, key, value, query_boundaries, key_boundaries):
    """key j of the pack is hidden from the queries before j"""
    ids = [segment_ids(b, x.shape[-2]) for b, x in ((query_boundaries, query), (key_boundaries, key))]
    return attention(query, key, value, segment_mask(*ids).tril())


@mistake(of=packed_attention, seen="catalogue R001-090")
def packed_attention_that_reads_padding(query, key, value, query_boundaries, key_boundaries):
    """queries behind the last sequence read the keys behind it"""
    ids = [segment_ids(b, x.shape[-2]) for b, x in ((query_boundaries, query), (key_boundaries, key))]
    return attention(query, key, value, segment_mask_that_lets_padding_see_padding(*ids))


@mistake(of=packed_attention, seen="catalogue R001-090")
def packed_attention_by_exponentials(query, key, value, query_boundaries, key_boundaries):
    """exponentials are taken without subtracting the largest score, and overflow"""
    numbers = segment_ids(query_boundaries, query.shape[-2]), segment_ids(key_boundaries, key.shape[-2])
    shares = torch.where(segment_mask(*numbers), (query @ key.mT / query.shape[-1] ** 0.5).exp(), 0)
    total = shares.sum(-1, keepdim=True)
    return shares / torch.where(total == 0, 1, total) @ value


@variant(of=packed_attention, seen="arXiv:2205.14135, code")
def packed_attention_one_by_one(query, key, value, query_boundaries, key_boundaries):
    """a loop over the sequences, with zeros behind the last one"""
    out = query.new_zeros(*query.shape[:-1], value.shape[-1])
    starts = zip(query_boundaries.tolist(), key_boundaries.tolist(), strict=True)
    ends = zip(query_boundaries[1:].tolist(), key_boundaries[1:].tolist(), strict=True)
    for (i, j), (next_i, next_j) in zip(starts, ends, strict=False):
        everything = torch.ones(1, next_j - j, dtype=torch.bool)
        read = attention(query[..., i:next_i, :], key[..., j:next_j, :], value[..., j:next_j, :], everything)
        out[..., i:next_i, :] = read
    return out
