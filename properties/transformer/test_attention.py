"""Laws of `reference.transformer.attention`."""

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

EVERYTHING = torch.ones(1, 5, dtype=torch.bool)


def small(*shape):
    """Numbers in [-2, 2]."""
    return dyadics(-16, 16, *shape, grid=8)


def weights(*shape):
    """Numbers in [-1, 1]."""
    return dyadics(-16, 16, *shape, grid=16)


def with_an_empty_row(*shape):
    """Masks in which the last query may attend to nothing, whatever the others may."""
    return masks(*shape).map(lambda mask: torch.cat([mask[..., :-1, :], torch.zeros_like(mask[..., -1:, :])], -2))


def with_a_key(*shape):
    """Masks in which every query may attend to the second key at least."""
    return masks(*shape).map(lambda mask: mask | (torch.arange(shape[-1]) == 1))


def ones(*shape):
    return torch.ones(shape, dtype=torch.float64)


def unmasked(scores, mask):
    return torch.where(mask, scores, -math.inf)


def scaled_scores(query, key):
    return dot_products(query, key) / math.sqrt(query.shape[-1])


def size_of_reads(query, key, value):
    return attended_magnitude(query.abs() @ key.abs().mT, value)


def read_by_heads(x, memory, query_weight, key_weight, value_weight, out_weight, heads, mask):
    """Each head reads with its own rows of W_Q, W_K and W_V, and what it reads is mapped by its own columns of W_O."""
    output = 0
    rows = (weight.chunk(heads) for weight in (query_weight, key_weight, value_weight, out_weight.T))
    for own_query, own_key, own_value, own_out in zip(*rows, strict=True):
        scores = scaled_scores(dot_products(x, own_query), dot_products(memory, own_key))
        read = attended(unmasked(scores, mask), dot_products(memory, own_value))
        output = output + dot_products(read, own_out.T)
    return output


def size_by_heads(x, memory, query_weight, key_weight, value_weight, out_weight):
    """The same of absolute numbers bounds every sum on the way."""
    query, key = x.abs() @ query_weight.abs().T, memory.abs() @ key_weight.abs().T
    return size_of_reads(query, key, memory.abs() @ value_weight.abs().T) * out_weight.abs().sum(-1).max()


@given(
    query=small(2, 3, 7),
    key=small(2, 5, 7),
    value=small(2, 5, 4),
    mask=with_a_key(2, 3, 5) | with_a_key(3, 5) | with_a_key(2, 1, 5),
    queries=st.sampled_from([3, 1]),
    keys=st.integers(2, 5),
    channels=st.sampled_from([7, 1]),
)
def test_attention_equals_loop_over_pairs(attention, query, key, value, mask, queries, keys, channels):
    """Each query reads the allowed values, weighted by exp(q k / sqrt(d))."""
    query, key = query[..., :channels], key[..., :channels]
    size = size_of_reads(query, key, value)
    query, key, value, mask = query[:, :queries], key[:, :keys], value[:, :keys], mask[..., :queries, :keys]
    assert_close(attention(query, key, value, mask), attended(unmasked(scaled_scores(query, key), mask), value), size)


@pytest.mark.parametrize("keys", [5, 0])
@given(query=small(2, 3, 7), key=small(2, 5, 7), value=small(2, 5, 4), mask=masks(3, 5))
def test_attention_without_keys_reads_zeros(attention, keys, query, key, value, mask):
    """A query that may attend to nothing, or finds no keys, reads zeros; others read what they read without it."""
    size = size_of_reads(query, key, value)
    key, value, mask = key[:, :keys], value[:, :keys], mask[:, :keys] & (torch.arange(3) != 1)[:, None]
    read = attention(query, key, value, mask)
    assert_equal(read[:, 1], torch.zeros(2, 4))
    assert_close(read, attended(unmasked(scaled_scores(query, key), mask), value), size)


@given(query=small(3, 7), key=small(5, 7), value=small(5, 4), mask=with_a_key(3, 5))
def test_attention_commutes_with_permutations(attention, query, key, value, mask):
    """Turning the keys with their values changes nothing, turning the queries turns what is read; a 1 is read as 1."""
    value = torch.cat([value, ones(5, 1)], -1)
    read = attention(query, key, value, mask)
    turned = attention(query.roll(1, 0), key.roll(2, 0), value.roll(2, 0), mask.roll((1, 2), (0, 1)))
    assert_close(turned, read.roll(1, 0), size_of_reads(query, key, value))
    assert_close(read[:, -1], ones(3))


@pytest.mark.parametrize("shift", [4096.0, -4096.0])
@given(query=small(2, 3, 7), key=small(2, 5, 7), value=small(2, 5, 4), mask=with_a_key(3, 5))
def test_attention_is_invariant_to_a_shift_of_all_scores(attention, query, key, value, mask, shift):
    """The same number added to all scores of a query changes nothing, even where its exponential is infinite or 0."""
    shifted = torch.cat([query, ones(2, 3, 1)], -1), torch.cat([key, shift * ones(2, 5, 1)], -1)
    expected = attended(unmasked(dot_products(query, key) / math.sqrt(8), mask), value)
    assert_close(attention(*shifted, value, mask), expected, size_of_reads(*shifted, value))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@given(query=dyadics(-4, 4, 3, 4, grid=1), key=dyadics(-4, 4, 5, 4, grid=1), value=small(5, 2))
def test_attention_survives_low_precision(attention, query, key, value, dtype):
    """Scores up to 64, which FP16 and BF16 hold, leave the roundings of the weights and of the products."""
    read = attention(2 * query.to(dtype), key.to(dtype), value.to(dtype), EVERYTHING)
    assert_close(read, attended(dot_products(query, key), value), value.abs().max())


@pytest.mark.autograd
@given(
    query=small(3, 7),
    key=small(5, 7),
    value=small(5, 4),
    mask=with_a_key(3, 5).map(lambda mask: mask & (torch.arange(5) != 2)),
    pull=small(3, 4),
)
def test_attention_has_no_gradient_through_masked_pairs(attention, query, key, value, mask, pull):
    """No gradient reaches a key and value that no query sees; the other values share it."""
    inputs = [part.requires_grad_() for part in (query, key, value)]
    read = attention(*inputs, mask)
    _, from_key, from_value = torch.autograd.grad((read * pull).sum(), inputs)
    assert_equal(from_key[2], torch.zeros(7))
    assert_equal(from_value[2], torch.zeros(4))
    assert_close(from_value.sum(0).to(read.dtype), pull.sum(0), pull.abs().sum(0))


@pytest.mark.autograd
@given(query=small(3, 7), key=small(5, 7), value=small(5, 4), mask=with_an_empty_row(3, 5), pull=small(3, 4))
def test_attention_has_no_gradient_from_a_query_without_keys(attention, query, key, value, mask, pull):
    """No gradient, and no NaN, comes from a query that may attend to nothing."""
    inputs = [part.requires_grad_() for part in (query, key, value)]
    read = attention(*inputs, mask)
    from_query, from_key, from_value = torch.autograd.grad((read * pull).sum(), inputs)
    assert_equal(from_query[2], torch.zeros(7))
    assert_equal(from_key[~mask.any(0)].abs().sum(), torch.zeros(()))
    assert_close(from_value.sum(0).to(read.dtype), pull[mask.any(-1)].sum(0), pull.abs().sum(0))


@given(
    query=small(2, 3, 7),
    key=small(2, 5, 7),
    value=small(2, 5, 4),
    bias=small(2, 3, 5) | small(3, 5),
    mask=with_a_key(3, 5),
    queries=st.sampled_from([3, 1]),
    shift=st.sampled_from([0, 4096, -65536]),
)
def test_biased_attention_equals_loop_over_pairs(biased_attention, query, key, value, bias, mask, queries, shift):
    """Biases are added to q k / sqrt(d), and those of -inf hide a key."""
    query, bias = query[:, :queries], unmasked(8 * bias + shift, mask)[..., :queries, :]
    expected = attended(scaled_scores(query, key) + bias, value)
    size = size_of_reads(query, key, value) + 2 * (16 + abs(shift)) * value.abs().max()
    assert_close(biased_attention(query, key, value, bias), expected, size)


@given(query=small(3, 7), key=small(5, 7), value=small(5, 4), bias=small(3, 5))
def test_biased_attention_without_keys_reads_zeros(biased_attention, query, key, value, bias):
    """A query whose biases are all -inf reads zeros, and others read what they read without it."""
    bias = unmasked(bias, (torch.arange(3) != 1)[:, None])
    read = biased_attention(query, key, value, bias)
    assert_equal(read[1], torch.zeros(4))
    size = size_of_reads(query, key, value) + 4 * value.abs().max()
    assert_close(read, attended(scaled_scores(query, key) + bias, value), size)


@pytest.mark.autograd
@given(query=small(3, 7), key=small(5, 7), value=small(5, 4), bias=small(3, 5), pull=small(3, 4))
def test_biased_attention_has_no_gradient_from_a_query_without_keys(biased_attention, query, key, value, bias, pull):
    """No gradient, and no NaN, comes from a query whose biases are all -inf; what the others pull at is shared out."""
    seen = torch.arange(3) != 1
    inputs = [part.requires_grad_() for part in (query, key, value)]
    read = biased_attention(*inputs, unmasked(bias, seen[:, None]))
    from_query, from_key, from_value = torch.autograd.grad((read * pull).sum(), inputs)
    assert_equal(from_query[1], torch.zeros(7))
    assert_equal(from_key.isfinite().all(), True)
    assert_close(from_value.sum(0).to(read.dtype), pull[seen].sum(0), pull.abs().sum(0))


@given(
    query=small(2, 3, 7),
    key=small(2, 5, 7),
    value=small(2, 5, 4),
    table=small(3, 5),
    mask=with_an_empty_row(3, 5),
    shift=st.sampled_from([0, 4096, -65536]),
)
def test_score_modified_attention_equals_loop_over_pairs(
    score_modified_attention, query, key, value, table, mask, shift
):
    """The function gets q k / sqrt(d) and the places i and j of each pair, and gives what the softmax is taken of."""

    def modified(scores, i, j):
        return scores * scores / 2 + unmasked(table + shift, mask).to(scores.dtype)[i, j]

    scores = modified(scaled_scores(query, key), torch.arange(3)[:, None], torch.arange(5))
    products = query.abs() @ key.abs().mT
    size = attended_magnitude(2 + abs(shift) + products * products, value)
    assert_close(score_modified_attention(query, key, value, modified), attended(scores, value), size)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@given(scores=dyadics(-2048, 2048, 3, 2, 5, grid=64))
def test_upcast_softmax_equals_shares_of_exponentials(upcast_softmax, dtype, scores):
    """Scores in [-32, 32] have the share exp(z) of the sum of all, in low precision too, and all shifted alike."""
    scores = scores.to(dtype)
    shares = [[math.exp(score) for score in row] for row in scores.flatten(0, 1).tolist()]
    expected = torch.tensor([[share / math.fsum(row) for share in row] for row in shares], dtype=torch.float64)
    expected = expected.reshape(3, 2, 5)
    # An exponential is off by as many roundings as its argument is large, which low precision does not show.
    assert_close(upcast_softmax(scores), expected, expected * (64 if dtype == torch.float64 else 1))
    assert_close(upcast_softmax(scores.double() + 1024), expected, 1024 * expected)


@pytest.mark.parametrize("score", [0.0, 1024.0, -60000.0])
def test_upcast_softmax_divides_long_rows_evenly(upcast_softmax, score):
    """Three thousand equal scores, however large, have one three-thousandth each, though FP16 cannot count so far."""
    found = upcast_softmax(torch.full((2, 3000), score, dtype=torch.float16))
    assert_close(found, 1 / 3000, roundings=1)


@pytest.mark.parametrize("factor", [1, 4096])
@given(
    query=small(2, 3, 4),
    key=small(2, 5, 4),
    value=small(2, 5, 7),
    mask=with_an_empty_row(2, 3, 5) | masks(3, 5) | masks(1, 5),
    block_size=st.sampled_from([1, 2, 3, 5, 8]),
    keys=st.sampled_from([5, 4, 0]),
)
def test_online_softmax_attention_equals_loop_over_pairs(
    online_softmax_attention, query, key, value, mask, block_size, keys, factor
):
    """Blocks of any size give what one softmax over all keys gives, if its exponentials overflow, or there are none."""
    size = size_of_reads(query * factor, key, value)
    key, value, mask = key[:, :keys], value[:, :keys], mask[..., :keys]
    expected = attended(unmasked(factor * scaled_scores(query, key), mask), value)
    assert_close(online_softmax_attention(query * factor, key, value, mask, block_size), expected, size)


@pytest.mark.parametrize("block_size", [0, -2])
def test_online_softmax_attention_rejects_empty_blocks(online_softmax_attention, block_size):
    """Blocks without keys never come to an end."""
    query, key, value = ones(3, 7), ones(5, 7), ones(5, 4)
    assert_rejects(online_softmax_attention, query, key, value, EVERYTHING, block_size)


@given(
    query=small(2, 3, 7),
    key=small(2, 5, 7) | dyadics(240, 272, 2, 5, 7, grid=64),
    value=small(2, 5, 4),
    log_scale=dyadics(-16, 40, 2, grid=8),
    mask=with_an_empty_row(2, 3, 5) | masks(3, 5),
)
def test_cosine_attention_equals_loop_over_pairs(cosine_attention, query, key, value, log_scale, mask):
    """Scores are cosines times exp(s_h), and times 100 where that is more; vectors of length 0 have the cosine 0."""
    lengths, others = (
        torch.tensor([[math.hypot(*row) or 1 for row in head] for head in x.tolist()], dtype=torch.float64)
        for x in (query, key)
    )
    cosines = dot_products(query, key) / (lengths[..., None] * others[:, None])
    factors = torch.tensor([min(math.exp(s), 100) for s in log_scale.tolist()], dtype=torch.float64)[:, None, None]
    expected = attended(unmasked(factors * cosines, mask), value)
    size = attended_magnitude(factors * (1 + log_scale.abs().max()), value)
    assert_close(cosine_attention(query, key, value, log_scale, mask), expected, size)
    twice = cosine_attention(*(torch.stack([part, part]) for part in (query, key, value)), log_scale, mask)
    assert_close(twice, torch.stack([expected, expected]), size)


@given(query=small(2, 3, 7), key=small(2, 5, 7), value=small(2, 5, 4), log_scale=dyadics(-16, 16, 2, grid=8))
def test_cosine_attention_is_invariant_to_lengths(cosine_attention, query, key, value, log_scale):
    """Longer queries and shorter keys read the same, every scale beyond 100 too, and a constant 1 is read as 1."""
    value = torch.cat([value, ones(2, 5, 1)], -1)
    read = cosine_attention(query, key, value, log_scale, EVERYTHING)
    short = cosine_attention(4 * query, key / 2**20, value, log_scale, EVERYTHING)
    assert_close(short, read, attended_magnitude(8, value))
    largest = cosine_attention(query, key, value, 8 + log_scale, EVERYTHING)
    found = cosine_attention(query, key, value, 7 - log_scale, EVERYTHING)
    assert_close(found, largest, attended_magnitude(100, value))
    assert_close(found[..., -1], ones(2, 3))


@pytest.mark.parametrize("heads", [1, 2, 3, 6])
@given(x=small(2, 5, 6))
def test_split_heads_gives_each_head_a_slice(split_heads, x, heads):
    """Head h has the channels h d up to (h + 1) d of each token."""
    width = 6 // heads
    expected = [[[token[h * width :][:width] for token in text] for h in range(heads)] for text in x.tolist()]
    assert_equal(split_heads(x, heads).tolist(), expected)
    assert_equal(split_heads(x[0], heads), split_heads(x, heads)[0])


@pytest.mark.parametrize("heads", [-1, 0, 4, 12])
def test_split_heads_rejects_heads_that_do_not_divide(split_heads, heads):
    """Six channels cannot be cut into so many equal slices; nor can 64 channels be cut into three."""
    assert_rejects(split_heads, ones(2, 5, 6), heads)
    assert_rejects(split_heads, ones(5, 64), 3)


@given(x=small(2, 3, 5, 7) | small(2, 1, 5, 7))
def test_merge_heads_joins_slices(merge_heads, x):
    """The channels of a token are those of head 0, then those of head 1, and so on."""
    expected = [[list(itertools.chain(*heads)) for heads in zip(*text, strict=True)] for text in x.tolist()]
    assert_equal(merge_heads(x).tolist(), expected)
    assert_equal(merge_heads(x[0]), merge_heads(x)[0])


@pytest.mark.parametrize("heads", [1, 2, 3])
@given(packed=small(2, 5, 18))
def test_split_qkv_reads_rows_in_the_order_of_the_projection(split_qkv, packed, heads):
    """Channel (j H + h) d + i holds channel i of head h, of the queries, keys and values for j = 0, 1, 2."""
    width = 6 // heads
    starts = [[(j * heads + h) * width for h in range(heads)] for j in range(3)]
    expected = [[[[token[i:][:width] for token in text] for i in row] for text in packed.tolist()] for row in starts]
    assert_equal([part.tolist() for part in split_qkv(packed, heads)], expected)
    assert_equal([part.tolist() for part in split_qkv(packed[0], heads)], [part[0] for part in expected])


@pytest.mark.parametrize(("width", "heads"), [(20, 2), (18, 4), (18, 0), (16, 1)])
def test_split_qkv_rejects_widths_that_do_not_divide(split_qkv, width, heads):
    """The width must be three times a multiple of the number of heads."""
    assert_rejects(split_qkv, ones(2, 5, width), heads)


PROJECTIONS = {
    "query_weight": weights(6, 4),
    "key_weight": weights(6, 7),
    "value_weight": weights(9, 7),
    "out_weight": weights(2, 9),
}


@given(
    x=small(2, 3, 4),
    memory=small(2, 5, 7),
    mask=with_a_key(2, 3, 5) | with_a_key(2, 1, 5) | with_a_key(3, 5),
    queries=st.sampled_from([3, 1]),
    scale=st.sampled_from([1, 4096]),
    **PROJECTIONS,
)
def test_multi_head_attention_equals_sum_over_heads(
    multi_head_attention, x, memory, query_weight, key_weight, value_weight, out_weight, mask, queries, scale
):
    """Each head reads by itself, its scores scaled by its own width, and adds to the output through its part of W_O."""
    projections = query_weight, key_weight, value_weight, out_weight
    x, mask = scale * x[:, :queries], mask[..., :queries, :]
    parts = zip(x, memory, mask.expand(2, -1, -1), strict=True)
    expected = torch.stack([read_by_heads(own, other, *projections, 3, seen) for own, other, seen in parts])
    found = multi_head_attention(x, memory, *projections, 3, mask)
    assert_close(found, expected, size_by_heads(x, memory, *projections))


@given(x=small(3, 4), memory=small(5, 7), mask=masks(3, 5), **PROJECTIONS)
def test_multi_head_attention_without_keys_is_zero(
    multi_head_attention, x, memory, query_weight, key_weight, value_weight, out_weight, mask
):
    """A query that may attend to nothing has the output 0, and others have what they have without it."""
    projections, mask = (query_weight, key_weight, value_weight, out_weight), mask & (torch.arange(3) != 1)[:, None]
    found = multi_head_attention(x, memory, *projections, 3, mask)
    assert_equal(found[1], torch.zeros(2))
    assert_close(found, read_by_heads(x, memory, *projections, 3, mask), size_by_heads(x, memory, *projections))


@given(x=small(3, 4), memory=small(5, 7), shear=st.integers(-3, 3), mask=with_a_key(3, 5), **PROJECTIONS)
def test_multi_head_attention_is_invariant_to_the_choice_of_basis(
    multi_head_attention, x, memory, query_weight, key_weight, value_weight, out_weight, shear, mask
):
    """W_Q,h -> A W_Q,h with W_K,h -> A^-T W_K,h changes nothing, nor does another order of the heads."""
    upper = torch.block_diag(*[torch.tensor([[1, shear], [0, 1]], dtype=torch.float64)] * 3)
    lower = torch.block_diag(*[torch.tensor([[1, 0], [-shear, 1]], dtype=torch.float64)] * 3)
    sheared = [(upper @ query_weight).roll(2, 0), (lower @ key_weight).roll(2, 0)]
    found = multi_head_attention(x, memory, *sheared, value_weight.roll(3, 0), out_weight.roll(3, 1), 3, mask)
    expected = read_by_heads(x, memory, query_weight, key_weight, value_weight, out_weight, 3, mask)
    wide = upper.abs() @ query_weight.abs(), lower.abs() @ key_weight.abs(), value_weight, out_weight
    assert_close(found, expected, size_by_heads(x, memory, *wide))


@pytest.mark.parametrize(("heads", "value_width"), [(0, 9), (4, 8), (2, 9)])
def test_multi_head_attention_rejects_heads_that_do_not_divide(multi_head_attention, heads, value_width):
    """The number of heads must divide the width of the queries, here 6, and that of the values."""
    projections = ones(6, 4), ones(6, 7), ones(value_width, 7), ones(2, value_width)
    assert_rejects(multi_head_attention, ones(3, 4), ones(5, 7), *projections, heads, EVERYTHING)


@given(
    x=small(2, 5, 4),
    qkv_weight=weights(18, 4),
    qkv_bias=weights(18),
    out_weight=weights(7, 6),
    out_bias=weights(7),
    mask=with_an_empty_row(2, 5, 5) | masks(2, 1, 5),
    scale=st.sampled_from([1, 64]),
)
def test_packed_multi_head_attention_equals_sum_over_heads(
    packed_multi_head_attention, x, qkv_weight, qkv_bias, out_weight, out_bias, mask, scale
):
    """A bias weighs one more channel, which is 1; queries have the first third of the rows, and values the last."""
    x = scale * x
    rows = torch.cat([qkv_weight, qkv_bias[:, None]], 1).chunk(3)
    longer = torch.cat([x, ones(2, 5, 1)], -1)
    parts = zip(longer, mask, strict=True)
    expected = torch.stack([read_by_heads(own, own, *rows, out_weight, 3, seen) for own, seen in parts]) + out_bias
    found = packed_multi_head_attention(x, qkv_weight, qkv_bias, out_weight, out_bias, 3, mask)
    assert_close(found, expected, size_by_heads(longer, longer, *rows, out_weight) + out_bias.abs().max())


@given(x=small(5, 4), qkv_weight=weights(12, 4), qkv_bias=weights(12), more=weights(12), mask=masks(5, 5))
def test_packed_multi_head_attention_is_invariant_to_the_bias_of_keys(
    packed_multi_head_attention, x, qkv_weight, qkv_bias, more, mask
):
    """More bias on the keys changes nothing, and more on the values passes to the output of a query that sees any."""
    zero, identity = torch.zeros(4, dtype=torch.float64), torch.eye(4, dtype=torch.float64)
    other = qkv_bias + torch.cat([zero, more[4:]])
    plain = packed_multi_head_attention(x, qkv_weight, qkv_bias, identity, zero, 2, mask)
    found = packed_multi_head_attention(x, qkv_weight, other, identity, zero, 2, mask)
    rows = torch.cat([qkv_weight.abs(), (qkv_bias.abs() + more.abs())[:, None]], 1).chunk(3)
    longer = torch.cat([x, ones(5, 1)], -1)
    assert_close(found, plain + more[8:] * mask.any(-1, keepdim=True), size_by_heads(longer, longer, *rows, identity))


@pytest.mark.parametrize(("width", "heads"), [(20, 2), (18, 4), (18, 0)])
def test_packed_multi_head_attention_rejects_widths_that_do_not_divide(packed_multi_head_attention, width, heads):
    """Queries, keys and values of all heads need equal shares of the projection."""
    arguments = ones(5, 4), ones(width, 4), ones(width), ones(2, 6), ones(2)
    assert_rejects(packed_multi_head_attention, *arguments, heads, EVERYTHING)


@given(
    query=small(2, 4, 3, 7),
    key=small(2, 4, 5, 7),
    value=small(2, 4, 5, 2),
    mask=masks(3, 5) | masks(2, 4, 3, 5) | masks(2, 1, 3, 5),
    groups=st.sampled_from([2, 1, 4]),
    queries=st.sampled_from([3, 1]),
    scale=st.sampled_from([1, 256]),
)
def test_grouped_query_attention_equals_loop_over_heads(
    grouped_query_attention, query, key, value, mask, groups, queries, scale
):
    """Query head h reads from head floor(h groups / heads) of the keys and values: neighbours share one."""
    query, mask = scale * query[..., :queries, :], mask[..., :queries, :]
    key, value = key[:, :groups], value[:, :groups]
    shared = [h * groups // 4 for h in range(4)]
    expected = attended(unmasked(scaled_scores(query, key[:, shared]), mask), value[:, shared])
    size = size_of_reads(query, key[:, shared], value)
    assert_close(grouped_query_attention(query, key, value, mask), expected, size)
    alone = grouped_query_attention(query[0], key[0], value[0], mask if mask.ndim == 2 else mask[0])
    assert_close(alone, expected[0], size)


@pytest.mark.parametrize("groups", [0, 4, 12])
def test_grouped_query_attention_rejects_groups_that_do_not_divide(grouped_query_attention, groups):
    """Six heads of queries cannot share so many heads of keys evenly."""
    assert_rejects(grouped_query_attention, ones(6, 2, 3), ones(groups, 5, 3), ones(groups, 5, 4), EVERYTHING)


POOL = {
    "query": small(3, 2),
    "key_weight": weights(6, 7),
    "value_weight": weights(9, 7),
    "out_weight": weights(4, 9),
}


@given(tokens=small(2, 5, 7), kept=masks(2, 5), nothing=st.booleans(), scale=st.sampled_from([1, 4096]), **POOL)
def test_attention_pool_equals_loop_over_texts(
    attention_pool, tokens, query, key_weight, value_weight, out_weight, kept, nothing, scale
):
    """Each head asks its own question of the kept tokens of a text; a text without any gives zeros."""
    tokens, kept = scale * tokens, kept & torch.tensor([[True], [not nothing]])
    projections = query.reshape(6, 1), key_weight, value_weight, out_weight
    texts = zip(tokens, kept, strict=True)
    expected = torch.cat([read_by_heads(ones(1, 1), text, *projections, 3, seen) for text, seen in texts])
    found = attention_pool(tokens, query, key_weight, value_weight, out_weight, kept)
    assert_close(found, expected, size_by_heads(ones(1, 1), tokens, *projections))


@given(tokens=small(5, 7), other=small(5, 7), kept=masks(5), token=st.integers(0, 4), **POOL)
def test_attention_pool_depends_on_kept_tokens_alone(
    attention_pool, tokens, other, query, key_weight, value_weight, out_weight, kept, token
):
    """Other tokens where nothing is kept, and another order, change nothing; a single token gives its value."""
    weights_of_pool = query, key_weight, value_weight, out_weight
    hidden = torch.where(kept[:, None], tokens, other).roll(2, 0)
    expected = attention_pool(tokens, *weights_of_pool, kept)
    size = size_by_heads(ones(1, 1), tokens, query.reshape(6, 1), *weights_of_pool[1:])
    assert_close(attention_pool(hidden, *weights_of_pool, kept.roll(2)), expected, size)
    alone = attention_pool(tokens, *weights_of_pool, torch.arange(5) == token)
    value = dot_products(dot_products(tokens[token][None], value_weight), out_weight)[0]
    assert_close(alone, value, out_weight.abs() @ value_weight.abs() @ tokens[token].abs())


@pytest.mark.parametrize(("width", "value_width"), [(8, 9), (3, 9), (6, 8)])
def test_attention_pool_rejects_widths_that_do_not_fit(attention_pool, width, value_width):
    """Keys have the width of all three queries, and three must divide the width of the values."""
    projections = ones(3, 2), ones(width, 7), ones(value_width, 7), ones(4, value_width)
    assert_rejects(attention_pool, ones(5, 7), *projections, EVERYTHING[0])
