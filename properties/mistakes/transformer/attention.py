"""Wrong variants of `reference.transformer.attention`."""

import functools
import math

import torch
from torch.nn.functional import linear, normalize

from properties.mistakes import mistake, variant
from reference.transformer.attention import (
    attention,
    attention_pool,
    biased_attention,
    cosine_attention,
    grouped_query_attention,
    merge_heads,
    multi_head_attention,
    online_softmax_attention,
    packed_multi_head_attention,
    score_modified_attention,
    split_heads,
    split_qkv,
    upcast_softmax,
)


def _scores(query, key):
    return query @ key.mT / math.sqrt(query.shape[-1])


def _read(scores, value):
    """The softmax with -inf in place of masked scores, which leaves zeros where a row has no other."""
    weights = torch.where(scores > -math.inf, scores, torch.finfo(scores.dtype).min).softmax(-1)
    return torch.where(scores > -math.inf, weights, 0).to(value.dtype) @ value


def _unshifted(scores, value):
    """The softmax by exponentials of the scores as they are, which leaves zeros where all vanish."""
    weights = scores.exp()
    total = weights.sum(-1, keepdim=True)
    return weights / torch.where(total == 0, 1, total) @ value


@mistake(of=attention, seen="mlc-ai/mlc-llm#3426")
def attention_without_scale(query, key, value, mask):
    """scores are not divided by the root of the number of channels"""
    return attention(math.sqrt(query.shape[-1]) * query, key, value, mask)


@mistake(of=attention, seen="catalogue R003-169")
def attention_with_two_channels_at_least(query, key, value, mask):
    """scores of a single channel are divided by sqrt(2)"""
    return attention(query / math.sqrt(2) if query.shape[-1] == 1 else query, key, value, mask)


@mistake(of=attention, seen="E003-060")
def attention_divided_by_channels(query, key, value, mask):
    """scores are divided by the number of channels instead of its root"""
    return attention(query / math.sqrt(query.shape[-1]), key, value, mask)


@mistake(of=attention, seen="E003-062, mnist-dits")
def attention_scaled_by_length(query, key, value, mask):
    """scores are divided by the root of the number of tokens instead of channels"""
    return attention(query * math.sqrt(query.shape[-1] / key.shape[-2]), key, value, mask)


@mistake(of=attention, seen="catalogue R003-168")
def attention_of_clipped_scores(query, key, value, mask):
    """scores are clipped to -50 and 50, so that beyond them no key is preferred"""
    return _read(torch.where(mask, _scores(query, key).clamp(-50, 50), -math.inf), value)


@mistake(of=attention, seen="catalogue R003-168")
def attention_normalised_over_queries(query, key, value, mask):
    """the softmax runs over the queries instead of the keys"""
    scores = torch.where(mask, _scores(query, key), torch.finfo(query.dtype).min)
    return torch.where(mask, scores.softmax(-2), 0) @ value


@mistake(of=attention, seen="FrancescoSaverioZuppichini/ViT#2")
def attention_scaled_after_the_softmax(query, key, value, mask):
    """the softmax is scaled instead of the scores, so that weights do not sum to 1"""
    return attention_without_scale(query, key, value, mask) / math.sqrt(query.shape[-1])


@mistake(of=attention, seen="pytorch/pytorch#41508")
def attention_that_is_nan_without_keys(query, key, value, mask):
    """a query that may attend to nothing reads NaN, the softmax of -inf everywhere"""
    return torch.where(mask, _scores(query, key), -math.inf).softmax(-1) @ value


@mistake(of=attention, seen="pytorch/pytorch#41508")
def attention_with_nan_gradients(query, key, value, mask):
    """NaN is replaced by 0 after the softmax of -inf, and comes back in the gradient"""
    scores = _scores(query, key) + torch.where(mask, 0.0, -math.inf)
    return scores.softmax(-1).nan_to_num().to(value.dtype) @ value


@mistake(of=attention, seen="huggingface/transformers, additive masks of finfo.min")
def attention_to_everything_without_keys(query, key, value, mask):
    """a query that may attend to nothing reads the mean of all values"""
    return torch.where(mask, _scores(query, key), torch.finfo(query.dtype).min).softmax(-1) @ value


@mistake(of=attention, seen="hyunwoongko/transformer#40")
def attention_with_masked_queries(query, key, value, mask):
    """the mask hides whole queries instead of keys"""
    return attention(query, key, value, mask.any(-1, keepdim=True).expand_as(mask))


@mistake(of=attention, seen="torch.nn.MultiheadAttention, whose boolean masks are True where hidden")
def attention_with_inverted_mask(query, key, value, mask):
    """True hides a key instead of allowing it"""
    return attention(query, key, value, ~mask)


@mistake(of=attention, seen="lucidrains/memory-compressed-attention#2")
def attention_masked_after_the_softmax(query, key, value, mask):
    """weights of masked keys are set to 0 after the softmax, and the rest does not sum to 1"""
    return torch.where(mask, _scores(query, key).softmax(-1), 0) @ value


@mistake(of=attention, seen="gabrielmittag/NISQA#17")
def attention_with_infinite_weights(query, key, value, mask):
    """weights of masked keys are set to -inf after the softmax"""
    return torch.where(mask, _scores(query, key).softmax(-1), -math.inf) @ value


@mistake(of=attention, seen="arXiv:1706.03762, section 3.2.3")
def attention_with_a_weak_mask(query, key, value, mask):
    """10 is subtracted from masked scores, which leaves them some weight"""
    return torch.where(mask.any(-1, keepdim=True), (_scores(query, key) - 10.0 * ~mask).softmax(-1), 0) @ value


@mistake(of=attention, seen="catalogue R003-248")
def attention_that_overflows(query, key, value, mask):
    """exponentials are taken without subtracting the largest score, and overflow in low precision"""
    weights = torch.where(mask, torch.exp(_scores(query, key)), 0)
    total = weights.sum(-1, keepdim=True)
    return weights @ value / torch.where(total == 0, 1, total)


@mistake(of=attention, seen="catalogue R003-205")
def attention_with_causal_mask(query, key, value, mask):
    """key j is hidden from the queries before j, so that order matters"""
    return attention(query, key, value, mask & torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).tril())


@mistake(of=attention, seen="arXiv:1706.03762, eq. 1")
def attention_of_sigmoids(query, key, value, mask):
    """weights are sigmoids of the scores, and do not sum to 1"""
    return torch.where(mask, _scores(query, key).sigmoid(), 0) @ value


@mistake(of=attention, seen="catalogue R003-168")
def attention_of_a_single_query_to_everything(query, key, value, mask):
    """the mask is dropped for a single query, as if it came after all keys"""
    return attention(query, key, value, mask if query.shape[-2] > 1 else torch.ones_like(mask))


@variant(of=attention, seen="arXiv:1706.03762, section 3.2")
def attention_with_shifted_keys(query, key, value, mask):
    """a constant added to all keys adds the same to all scores of a query, and drops out"""
    return attention(query, key - key[..., :1, :].detach(), value, mask)


@mistake(of=biased_attention, seen="arXiv:1910.10683, section 2.1")
def biased_attention_added_before_the_scale(query, key, value, bias):
    """the bias is divided by the root of the number of channels too"""
    return biased_attention(query, key, value, bias / math.sqrt(query.shape[-1]))


@mistake(of=biased_attention, seen="huggingface/transformers, T5")
def biased_attention_without_scale(query, key, value, bias):
    """scores are not divided by the root of the number of channels"""
    return biased_attention(math.sqrt(query.shape[-1]) * query, key, value, bias)


@mistake(of=biased_attention, seen="arXiv:2108.12409, section 3")
def biased_attention_added_to_weights(query, key, value, bias):
    """the bias is added to the weights instead of the scores"""
    hidden = torch.where(bias > -math.inf, 0, bias)
    finite = torch.where(bias > -math.inf, bias, 0)
    return biased_attention(query, key, value, hidden.expand_as(bias)) + finite @ value


@mistake(of=biased_attention, seen="pytorch/pytorch#41508")
def biased_attention_that_is_nan_without_keys(query, key, value, bias):
    """a query whose biases are all -inf reads NaN"""
    return (_scores(query, key) + bias).softmax(-1) @ value


@mistake(of=biased_attention, seen="arXiv:2108.12409, section 3")
def biased_attention_with_the_bias_subtracted(query, key, value, bias):
    """finite biases are subtracted"""
    return biased_attention(query, key, value, torch.where(bias > -math.inf, -bias, bias))


@mistake(of=biased_attention, seen="catalogue R001-017")
def biased_attention_that_ignores_finite_biases(query, key, value, bias):
    """the bias is used as a mask: only -inf has an effect"""
    return biased_attention(query, key, value, torch.where(bias > -math.inf, 0, bias))


@mistake(of=biased_attention, seen="catalogue R001-017")
def biased_attention_by_exponentials(query, key, value, bias):
    """exponentials are taken without subtracting the largest score, and overflow or vanish"""
    return _unshifted(_scores(query, key) + bias, value)


@mistake(of=biased_attention, seen="catalogue R001-017")
def biased_attention_that_hides_low_biases(query, key, value, bias):
    """biases below -10000 hide a key, as if they were -inf"""
    return biased_attention(query, key, value, torch.where(bias < -1e4, -math.inf, bias))


@mistake(of=biased_attention, seen="catalogue R001-017")
def biased_attention_of_a_single_query_without_bias(query, key, value, bias):
    """finite biases are dropped for a single query"""
    dropped = bias if query.shape[-2] > 1 else torch.where(bias > -math.inf, 0, bias)
    return biased_attention(query, key, value, dropped)


@mistake(of=biased_attention, seen="catalogue R001-017")
def biased_attention_with_nan_in_the_gradient(query, key, value, bias):
    """NaN is replaced by 0 in the weights of a query without keys, and stays in the gradient"""
    return torch.nan_to_num((_scores(query, key) + bias).softmax(-1), 0.0) @ value


@mistake(of=score_modified_attention, seen="catalogue R001-017")
def score_modified_attention_before_the_scale(query, key, value, score_mod):
    """the function gets q k^T, and its result is divided by the root of the number of channels"""
    root = math.sqrt(query.shape[-1])
    return score_modified_attention(
        query, key, value, lambda scores, i, j: score_mod(scores * root, i, j).to(scores.dtype) / root
    )


@mistake(of=score_modified_attention, seen="catalogue R001-017")
def score_modified_attention_with_places_from_one(query, key, value, score_mod):
    """places of keys are counted from the last one instead of the first"""
    last = key.shape[-2] - 1
    return score_modified_attention(query, key, value, lambda scores, i, j: score_mod(scores, i, last - j))


@mistake(of=score_modified_attention, seen="catalogue R001-017")
def score_modified_attention_that_is_nan_without_keys(query, key, value, score_mod):
    """a query whose scores are all -inf reads NaN"""
    places = torch.arange(query.shape[-2])[:, None], torch.arange(key.shape[-2])
    return score_mod(_scores(query, key), *places).to(value.dtype).softmax(-1) @ value


@mistake(of=score_modified_attention, seen="catalogue R001-017")
def score_modified_attention_of_weights(query, key, value, score_mod):
    """the function is applied to the softmax instead of the scores"""
    places = torch.arange(query.shape[-2])[:, None], torch.arange(key.shape[-2])
    weights = score_mod(_scores(query, key).softmax(-1), *places).to(value.dtype)
    return torch.where(weights > -math.inf, weights, 0) @ value


@mistake(of=score_modified_attention, seen="catalogue R001-017")
def score_modified_attention_by_exponentials(query, key, value, score_mod):
    """exponentials are taken without subtracting the largest score, and overflow or vanish"""
    places = torch.arange(query.shape[-2])[:, None], torch.arange(key.shape[-2])
    return _unshifted(score_mod(_scores(query, key), *places), value)


@mistake(of=score_modified_attention, seen="catalogue R001-017")
def score_modified_attention_that_hides_low_scores(query, key, value, score_mod):
    """scores below -10000 hide a key, as if they were -inf"""
    places = torch.arange(query.shape[-2])[:, None], torch.arange(key.shape[-2])
    scores = score_mod(_scores(query, key), *places)
    return _read(torch.where(scores < -1e4, -math.inf, scores), value)


@variant(of=upcast_softmax, seen="catalogue R003-248")
def upcast_softmax_by_logarithms(scores):
    """the exponential of the log-softmax, which is off by as many roundings as the logarithm is large"""
    return scores.double().log_softmax(-1).exp().to(scores.dtype)


@mistake(of=upcast_softmax, seen="catalogue R003-248")
def upcast_softmax_without_shift(scores):
    """exponentials are taken without subtracting the largest score, and overflow"""
    shares = scores.exp()
    return shares / shares.sum(-1, keepdim=True)


@mistake(of=upcast_softmax, seen="arXiv:1710.03740, section 3.3")
def upcast_softmax_with_a_narrow_sum(scores):
    """the sum is kept in the dtype of the scores, where it stalls"""
    shares = (scores - scores.amax(-1, keepdim=True)).exp()
    return shares / functools.reduce(torch.add, shares.unbind(-1))[..., None]


@mistake(of=upcast_softmax, seen="arXiv:1805.02867, section 2")
def upcast_softmax_with_base_two(scores):
    """powers of 2 are taken without multiplying the scores by log2(e)"""
    return upcast_softmax((scores.double() * math.log(2)).to(scores.dtype))


@mistake(of=upcast_softmax, seen="catalogue R003-168")
def upcast_softmax_over_the_wrong_axis(scores):
    """the softmax runs over the first axis instead of the last"""
    return scores.softmax(0)


@mistake(of=upcast_softmax, seen="arXiv:1710.03740, section 3.3")
def upcast_softmax_with_clamped_scores(scores):
    """scores are clamped against overflow"""
    return upcast_softmax(scores.clamp(-11, 11))


@mistake(of=upcast_softmax, seen="catalogue R003-248")
def upcast_softmax_without_shift_in_double_precision(scores):
    """the largest score is subtracted in lower precision only"""
    shares = scores.exp()
    return shares / shares.sum(-1, keepdim=True) if scores.dtype == torch.float64 else upcast_softmax(scores)


@mistake(of=online_softmax_attention, seen="arXiv:1805.02867, algorithm 3")
def online_softmax_attention_with_stale_values(query, key, value, mask, block_size):
    """what has been read is not rescaled when a larger score turns up"""
    peaks, totals, reads = zip(*_blocks(query, key, value, mask, block_size), strict=True)
    highest = torch.stack(peaks).amax(0)
    total = sum(torch.exp(peak - highest) * part for peak, part in zip(peaks, totals, strict=True))
    return sum(reads) / torch.where(total == 0, 1, total)


@mistake(of=online_softmax_attention, seen="arXiv:1805.02867, algorithm 3")
def online_softmax_attention_with_a_stale_sum(query, key, value, mask, block_size):
    """the sum of weights is not rescaled when a larger score turns up"""
    peaks, totals, reads = zip(*_blocks(query, key, value, mask, block_size), strict=True)
    highest = torch.stack(peaks).amax(0)
    read = sum(torch.exp(peak - highest) * part for peak, part in zip(peaks, reads, strict=True))
    return read / torch.where(sum(totals) == 0, 1, sum(totals))


@mistake(of=online_softmax_attention, seen="arXiv:2205.14135, algorithm 1")
def online_softmax_attention_that_averages_blocks(query, key, value, mask, block_size):
    """what each block reads is averaged, whatever the weights of the blocks"""
    _, totals, reads = zip(*_blocks(query, key, value, mask, block_size), strict=True)
    return sum(read / torch.where(total == 0, 1, total) for read, total in zip(reads, totals, strict=True)) / len(reads)


@mistake(of=online_softmax_attention, seen="arXiv:2205.14135, algorithm 1")
def online_softmax_attention_that_drops_the_last_block(query, key, value, mask, block_size):
    """keys beyond the last whole block are left out"""
    whole = max(key.shape[-2] // max(block_size, 1) * block_size, 1)
    kept = mask & (torch.arange(key.shape[-2]) < whole)
    return online_softmax_attention(query, key, value, kept, block_size)


@mistake(of=online_softmax_attention, seen="pytorch/pytorch#41508")
def online_softmax_attention_that_is_nan_after_an_empty_block(query, key, value, mask, block_size):
    """a block without allowed keys gives -inf - -inf"""
    read, total, highest = 0.0, 0.0, torch.tensor(-math.inf, dtype=query.dtype)
    for start in range(0, key.shape[-2], block_size):
        block = slice(start, start + block_size)
        scores = torch.where(mask[..., block], _scores(query, key[..., block, :]), -math.inf)
        peak = torch.maximum(highest, scores.amax(-1, keepdim=True))
        weights, shrink = torch.exp(scores - peak), torch.exp(highest - peak)
        total = shrink * total + weights.sum(-1, keepdim=True)
        read, highest = shrink * read + weights @ value[..., block, :], peak
    return read / total


@mistake(of=online_softmax_attention, seen="arXiv:1805.02867, section 2")
def online_softmax_attention_without_maximum(query, key, value, mask, block_size):
    """exponentials are summed without subtracting the largest score, and overflow"""
    online_softmax_attention(query, key, value, mask, block_size)
    weights = torch.where(mask, torch.exp(_scores(query, key)), 0)
    total = weights.sum(-1, keepdim=True)
    return weights @ value / torch.where(total == 0, 1, total)


@mistake(of=online_softmax_attention, seen="arXiv:2205.14135, algorithm 1")
def online_softmax_attention_without_check(query, key, value, mask, block_size):
    """blocks of no keys, or of fewer, are taken for one block"""
    return online_softmax_attention(query, key, value, mask, block_size if block_size > 0 else key.shape[-2])


def _blocks(query, key, value, mask, block_size):
    """Largest score, sum of weights, and weighted values of each block of keys by itself."""
    for start in range(0, key.shape[-2], block_size):
        block = slice(start, start + block_size)
        scores = torch.where(mask[..., block], _scores(query, key[..., block, :]), torch.finfo(query.dtype).min)
        peak = scores.amax(-1, keepdim=True)
        weights = torch.where(mask[..., block], torch.exp(scores - peak), 0)
        yield peak, weights.sum(-1, keepdim=True), weights @ value[..., block, :]


@variant(of=online_softmax_attention, seen="arXiv:2205.14135, section 3.1")
def online_softmax_attention_of_separate_blocks(query, key, value, mask, block_size):
    """blocks computed apart and joined by their largest scores at the end give the same"""
    if block_size < 1 or not key.shape[-2]:
        return online_softmax_attention(query, key, value, mask, block_size)
    peaks, totals, reads = zip(*_blocks(query, key, value, mask, block_size), strict=True)
    shares = torch.exp(torch.stack(peaks) - torch.stack(peaks).amax(0))
    total = (shares * torch.stack(totals)).sum(0)
    return (shares * torch.stack(reads)).sum(0) / torch.where(total == 0, 1, total)


@mistake(of=cosine_attention, seen="VAR code")
def cosine_attention_without_lengths(query, key, value, log_scale, mask):
    """queries and keys are not normalised"""
    scores = log_scale.clamp(max=math.log(100)).exp()[:, None, None] * (query @ key.mT)
    return _read(torch.where(mask, scores, -math.inf), value)


@mistake(of=cosine_attention, seen="VAR code")
def cosine_attention_of_normalised_queries_alone(query, key, value, log_scale, mask):
    """only the queries are normalised, and longer keys weigh more"""
    lengths = query.norm(dim=-1, keepdim=True)
    scores = log_scale.clamp(max=math.log(100)).exp()[:, None, None] * (query / lengths.clamp(min=1e-12) @ key.mT)
    return _read(torch.where(mask, scores, -math.inf), value)


@mistake(of=cosine_attention, seen="catalogue R004-071")
def cosine_attention_scaled_twice(query, key, value, log_scale, mask):
    """scores are divided by the root of the number of channels as well"""
    root = math.sqrt(query.shape[-1])
    return cosine_attention(query, key, value, log_scale.clamp(max=math.log(100)) - math.log(root), mask)


@mistake(of=cosine_attention, seen="VAR code")
def cosine_attention_with_the_logarithm_for_the_scale(query, key, value, log_scale, mask):
    """the learned logarithm multiplies the cosines instead of its exponential"""
    return _read(torch.where(mask, log_scale[:, None, None] * _cosines(query, key), -math.inf), value)


@mistake(of=cosine_attention, seen="VAR code")
def cosine_attention_without_bound(query, key, value, log_scale, mask):
    """the scale may exceed 100"""
    return _read(torch.where(mask, log_scale.exp()[:, None, None] * _cosines(query, key), -math.inf), value)


@mistake(of=cosine_attention, seen="VAR code")
def cosine_attention_bounded_after_the_exponential(query, key, value, log_scale, mask):
    """the scale itself is bounded by log 100 instead of its logarithm"""
    return cosine_attention(query, key, value, log_scale.clamp(max=math.log(math.log(100))), mask)


@mistake(of=cosine_attention, seen="VAR code")
def cosine_attention_with_one_scale(query, key, value, log_scale, mask):
    """all heads use the scale of the first"""
    return cosine_attention(query, key, value, log_scale[:1].expand_as(log_scale).clone(), mask)


@mistake(of=cosine_attention, seen="Swin V2, whose scale is a temperature")
def cosine_attention_divided_by_the_scale(query, key, value, log_scale, mask):
    """cosines are divided by the scale instead of multiplied"""
    return cosine_attention(query, key, value, -log_scale, mask)


@mistake(of=cosine_attention, seen="catalogue R004-071")
def cosine_attention_with_least_lengths(query, key, value, log_scale, mask):
    """lengths below 1 / 1000 are taken for that, so that the cosines of short vectors are near 0"""
    cosines = normalize(query, dim=-1, eps=1e-3) @ normalize(key, dim=-1, eps=1e-3).mT
    scale = log_scale.clamp(max=math.log(100)).exp()[:, None, None]
    return _read(torch.where(mask, scale * cosines, -math.inf), value)


@mistake(of=cosine_attention, seen="catalogue R004-071")
def cosine_attention_scaled_along_the_batch(query, key, value, log_scale, mask):
    """the scales belong to the first axis, which is that of the heads only without a batch"""
    scale = log_scale.clamp(max=math.log(100)).exp().reshape(-1, *[1] * (query.ndim - 1))
    cosines = normalize(query, dim=-1) @ normalize(key, dim=-1).mT
    return _read(torch.where(mask, scale * cosines, -math.inf), value)


def _cosines(query, key):
    lengths = [x.norm(dim=-1, keepdim=True).clamp(min=1e-12) for x in (query, key)]
    return (query / lengths[0]) @ (key / lengths[1]).mT


@mistake(of=split_heads, seen="catalogue R001-016")
def split_heads_without_transpose(x, heads):
    """tokens and channels are reshaped to heads at once, so that heads share out tokens"""
    return x.reshape(*split_heads(x, heads).shape).clone()


@mistake(of=split_heads, seen="catalogue R003-172")
def split_heads_interleaved(x, heads):
    """head h has every channel h + k heads instead of a slice"""
    split_heads(x, heads)
    return torch.stack([x[..., h::heads] for h in range(heads)], -3)


@mistake(of=split_heads, seen="E003-062")
def split_heads_that_drops_channels(x, heads):
    """channels that are left over when heads do not divide them are dropped"""
    width = x.shape[-1] // max(heads, 1)
    return torch.stack([x[..., h * width : (h + 1) * width] for h in range(max(heads, 1))], -3)


@mistake(of=split_heads, seen="catalogue R001-016")
def split_heads_of_batches_alone(x, heads):
    """heads become the second axis, whatever the number of axes"""
    split_heads(x, heads)
    return torch.stack(x.chunk(heads, -1), 1)


@mistake(of=merge_heads, seen="catalogue R001-016")
def merge_heads_without_transpose(x):
    """heads and tokens are reshaped at once, so that tokens mix"""
    heads, tokens, channels = x.shape[-3:]
    return x.reshape(*x.shape[:-3], tokens, heads * channels).clone()


@mistake(of=merge_heads, seen="catalogue R003-172")
def merge_heads_interleaved(x):
    """the first channels of all heads come first, then the second ones"""
    return torch.stack(x.unbind(-3), -1).flatten(-2)


@mistake(of=merge_heads, seen="catalogue R001-016")
def merge_heads_that_adds(x):
    """heads are averaged and repeated instead of joined"""
    return torch.cat([x.mean(-3)] * x.shape[-3], -1)


@mistake(of=merge_heads, seen="catalogue R001-016")
def merge_heads_of_batches_alone(x):
    """the second axis is taken for that of the heads, whatever the number of axes"""
    return torch.cat(x.unbind(1), -1)


@mistake(of=split_qkv, seen="EleutherAI/gpt-neox, whose projection has the order (H, 3, d)")
def split_qkv_by_heads_first(packed, heads):
    """the rows are read as (H, 3, d)"""
    split_qkv(packed, heads)
    query, key, value = packed.unflatten(-1, (heads, 3, -1)).movedim(-2, 0).transpose(-3, -2)
    return query.clone(), key.clone(), value.clone()


@mistake(of=split_qkv, seen="catalogue R001-016")
def split_qkv_interleaved(packed, heads):
    """queries, keys and values are taken from every third channel"""
    query, key, value = (split_heads(packed[..., j::3], heads) for j in range(3))
    split_qkv(packed, heads)
    return query, key, value


@mistake(of=split_qkv, seen="catalogue R001-016")
def split_qkv_with_values_before_keys(packed, heads):
    """the order is query, value, key"""
    query, key, value = split_qkv(packed, heads)
    return query, value, key


@mistake(of=split_qkv, seen="catalogue R004-071")
def split_qkv_without_permute(packed, heads):
    """the reshape is not followed by a permutation: tokens are shared out to heads"""
    return tuple(
        part.reshape(split.shape) for part, split in zip(packed.chunk(3, -1), split_qkv(packed, heads), strict=True)
    )


@mistake(of=split_qkv, seen="catalogue R004-071")
def split_qkv_that_drops_channels(packed, heads):
    """channels that are left over are dropped"""
    width = packed.shape[-1] // (3 * max(heads, 1)) * 3 * max(heads, 1)
    return split_qkv(packed[..., :width], max(heads, 1))


@mistake(of=split_qkv, seen="catalogue R001-016")
def split_qkv_of_batches_alone(packed, heads):
    """heads become the second axis, whatever the number of axes"""
    split_qkv(packed, heads)
    return tuple(torch.stack(part.chunk(heads, -1), 1) for part in packed.chunk(3, -1))


@mistake(of=multi_head_attention, seen="FareedKhan-dev/train-llm-from-scratch#3")
def multi_head_attention_scaled_by_model_width(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """scores are divided by the root of the width of all heads together"""
    weights = query_weight / math.sqrt(max(heads, 1)), key_weight, value_weight, out_weight
    return multi_head_attention(queries_from, memory, *weights, heads, mask)


@mistake(of=multi_head_attention, seen="catalogue R003-172")
def multi_head_attention_in_one_head(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """the channels are not split, so that there is a single head"""
    return multi_head_attention(queries_from, memory, query_weight, key_weight, value_weight, out_weight, 1, mask)


@mistake(of=multi_head_attention, seen="catalogue R001-016")
def multi_head_attention_without_transpose(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """what the heads read is reshaped without moving the heads behind the tokens"""
    query, key = split_heads(linear(queries_from, query_weight), heads), split_heads(linear(memory, key_weight), heads)
    read = attention(query, key, split_heads(linear(memory, value_weight), heads), mask[..., None, :, :])
    return linear(merge_heads_without_transpose(read), out_weight)


@mistake(of=multi_head_attention, seen="catalogue R003-171")
def multi_head_attention_with_normalised_queries(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """queries are normalised after the projection, so that the basis of the head matters"""
    query, key = split_heads(linear(queries_from, query_weight), heads), split_heads(linear(memory, key_weight), heads)
    query = query / query.norm(dim=-1, keepdim=True).clamp(min=1e-12)
    read = attention(query, key, split_heads(linear(memory, value_weight), heads), mask[..., None, :, :])
    return linear(merge_heads(read), out_weight)


@mistake(of=multi_head_attention, seen="arXiv:1706.03762, section 3.2.2")
def multi_head_attention_with_interleaved_heads(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """the outputs of the heads are interleaved channel by channel before the last projection"""
    query, key = split_heads(linear(queries_from, query_weight), heads), split_heads(linear(memory, key_weight), heads)
    read = attention(query, key, split_heads(linear(memory, value_weight), heads), mask[..., None, :, :])
    return linear(merge_heads_interleaved(read), out_weight)


@mistake(of=multi_head_attention, seen="catalogue R001-016")
def multi_head_attention_that_ignores_the_mask(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """every query attends to every key"""
    weights = query_weight, key_weight, value_weight, out_weight
    return multi_head_attention(queries_from, memory, *weights, heads, torch.ones_like(mask))


@mistake(of=multi_head_attention, seen="catalogue R003-172")
def multi_head_attention_without_check(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """if the number of heads does not divide the width, there is one head"""
    divides = heads > 0 and not len(query_weight) % heads and not len(value_weight) % heads
    weights = query_weight, key_weight, value_weight, out_weight
    return multi_head_attention(queries_from, memory, *weights, heads if divides else 1, mask)


@mistake(of=multi_head_attention, seen="catalogue R001-016")
def multi_head_attention_by_exponentials(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """exponentials are taken without subtracting the largest score, and overflow"""
    query, key, value = (
        split_heads(linear(x, weight), heads)
        for x, weight in ((queries_from, query_weight), (memory, key_weight), (memory, value_weight))
    )
    scores = torch.where(mask[..., None, :, :], _scores(query, key), -math.inf)
    return linear(merge_heads(_unshifted(scores, value)), out_weight)


@mistake(of=multi_head_attention, seen="catalogue R001-016")
def multi_head_attention_of_a_single_query_to_everything(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """the mask is dropped for a single query, as if it came after all keys"""
    seen = mask if queries_from.shape[-2] > 1 else torch.ones_like(mask)
    return multi_head_attention(queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, seen)


@mistake(of=multi_head_attention, seen="catalogue R001-016")
def multi_head_attention_with_masks_of_batches_alone(
    queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask
):
    """the heads get their axis behind the first of the mask, which is that of the queries in a mask for all texts"""
    query, key, value = (
        split_heads(linear(x, weight), heads)
        for x, weight in ((queries_from, query_weight), (memory, key_weight), (memory, value_weight))
    )
    seen = mask[:, None] if queries_from.ndim > 2 else mask
    return linear(merge_heads(attention(query, key, value, seen)), out_weight)


@mistake(of=packed_multi_head_attention, seen="FrancescoSaverioZuppichini/ViT#1")
def packed_multi_head_attention_scaled_by_model_width(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """scores are divided by the root of the width of all heads together"""
    query, key, value = split_qkv(linear(x, qkv_weight, qkv_bias), heads)
    read = attention(query / math.sqrt(heads), key, value, mask[..., None, :, :])
    return linear(merge_heads(read), out_weight, out_bias)


@mistake(of=packed_multi_head_attention, seen="EleutherAI/gpt-neox, whose projection has the order (H, 3, d)")
def packed_multi_head_attention_by_heads_first(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """the rows of the projection are read as (H, 3, d)"""
    query, key, value = split_qkv_by_heads_first(linear(x, qkv_weight, qkv_bias), heads)
    return linear(merge_heads(attention(query, key, value, mask[..., None, :, :])), out_weight, out_bias)


@mistake(of=packed_multi_head_attention, seen="catalogue R001-028")
def packed_multi_head_attention_without_first_bias(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """queries, keys and values get no bias"""
    return packed_multi_head_attention(x, qkv_weight, 0 * qkv_bias, out_weight, out_bias, heads, mask)


@mistake(of=packed_multi_head_attention, seen="catalogue R001-028")
def packed_multi_head_attention_without_last_bias(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """the output gets no bias"""
    return packed_multi_head_attention(x, qkv_weight, qkv_bias, out_weight, 0 * out_bias, heads, mask)


@mistake(of=packed_multi_head_attention, seen="VAR code, whose zero bias is that of the keys")
def packed_multi_head_attention_without_bias_of_queries(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """the bias that is left out is that of the queries instead of the keys"""
    kept = torch.arange(len(qkv_bias)) >= len(qkv_bias) // 3
    return packed_multi_head_attention(x, qkv_weight, qkv_bias * kept, out_weight, out_bias, heads, mask)


@mistake(of=packed_multi_head_attention, seen="catalogue R004-071")
def packed_multi_head_attention_that_drops_channels(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """rows of the projection that are left over are dropped"""
    query, key, value = split_qkv_that_drops_channels(linear(x, qkv_weight, qkv_bias), heads)
    read = merge_heads(attention(query, key, value, mask[..., None, :, :]))
    return linear(read, out_weight[:, : read.shape[-1]], out_bias)


@mistake(of=packed_multi_head_attention, seen="catalogue R001-016")
def packed_multi_head_attention_by_exponentials(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """exponentials are taken without subtracting the largest score, and overflow"""
    query, key, value = split_qkv(linear(x, qkv_weight, qkv_bias), heads)
    scores = torch.where(mask[..., None, :, :], _scores(query, key), -math.inf)
    return linear(merge_heads(_unshifted(scores, value)), out_weight, out_bias)


@mistake(of=packed_multi_head_attention, seen="catalogue R001-016")
def packed_multi_head_attention_with_masks_of_batches_alone(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """the axis of the heads is put behind the first of the mask, which is that of the queries without a batch"""
    query, key, value = split_qkv(linear(x, qkv_weight, qkv_bias), heads)
    return linear(merge_heads(attention(query, key, value, mask[:, None])), out_weight, out_bias)


@variant(of=packed_multi_head_attention, seen="VAR code")
def packed_multi_head_attention_without_bias_of_keys(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    """a bias of the keys adds the same to all scores of a query, and may be left out"""
    third = len(qkv_bias) // 3
    kept = torch.arange(len(qkv_bias)) // max(third, 1) != 1
    return packed_multi_head_attention(x, qkv_weight, qkv_bias * kept, out_weight, out_bias, heads, mask)


@mistake(of=grouped_query_attention, seen="onnx/onnx#7274")
def grouped_query_attention_with_tiled_heads(query, key, value, mask):
    """heads of keys are tiled, so that query head h reads from head h modulo groups"""
    times = query.shape[-3] // max(key.shape[-3], 1)
    if times * key.shape[-3] != query.shape[-3]:
        raise ValueError(f"{key.shape[-3]} groups")
    key, value = (torch.cat([x] * times, -3) for x in (key, value))
    return attention(query, key, value, mask)


@mistake(of=grouped_query_attention, seen="PrimeIntellect-ai/prime-rl#2681")
def grouped_query_attention_with_repeated_tokens(query, key, value, mask):
    """tokens are repeated instead of heads"""
    times = query.shape[-3] // max(key.shape[-3], 1)
    if times * key.shape[-3] != query.shape[-3]:
        raise ValueError(f"{key.shape[-3]} groups")
    key, value = (
        x.repeat_interleave(times, -2).reshape(*x.shape[:-3], query.shape[-3], *x.shape[-2:]) for x in (key, value)
    )
    return attention(query, key, value, mask)


@mistake(of=grouped_query_attention, seen="E003-105")
def grouped_query_attention_with_one_group(query, key, value, mask):
    """all query heads read from the first head of keys, as if there were no other"""
    if key.shape[-3] < 1 or query.shape[-3] % key.shape[-3]:
        raise ValueError(f"{key.shape[-3]} groups")
    return grouped_query_attention(query, key[..., :1, :, :], value[..., :1, :, :], mask)


@mistake(of=grouped_query_attention, seen="catalogue R003-231")
def grouped_query_attention_with_averaged_groups(query, key, value, mask):
    """all query heads read from the mean of all heads of keys"""
    if key.shape[-3] < 1 or query.shape[-3] % key.shape[-3]:
        raise ValueError(f"{key.shape[-3]} groups")
    return grouped_query_attention(query, key.mean(-3, keepdim=True), value.mean(-3, keepdim=True), mask)


@mistake(of=grouped_query_attention, seen="catalogue R003-231")
def grouped_query_attention_without_check(query, key, value, mask):
    """if groups do not divide heads, the last ones are left out or shared by more"""
    heads, groups = query.shape[-3], key.shape[-3]
    shared = [min(h // max(heads // max(groups, 1), 1), groups - 1) for h in range(heads)]
    return attention(query, key[..., shared, :, :], value[..., shared, :, :], mask)


@mistake(of=grouped_query_attention, seen="catalogue R003-231")
def grouped_query_attention_by_exponentials(query, key, value, mask):
    """exponentials are taken without subtracting the largest score, and overflow"""
    grouped_query_attention(query, key, value, mask)
    key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    return _unshifted(torch.where(mask, _scores(query, key), -math.inf), value)


@mistake(of=grouped_query_attention, seen="catalogue R003-231")
def grouped_query_attention_of_a_single_query_to_everything(query, key, value, mask):
    """the mask is dropped for a single query, as if it came after all keys"""
    return grouped_query_attention(query, key, value, mask if query.shape[-2] > 1 else torch.ones_like(mask))


@mistake(of=grouped_query_attention, seen="catalogue R003-231")
def grouped_query_attention_with_masks_of_heads_alone(query, key, value, mask):
    """a mask for all heads is split into groups like one with a part for each head"""
    split = mask.unflatten(-3, (key.shape[-3], -1)).flatten(-4, -3) if mask.ndim > 2 else mask
    return grouped_query_attention(query, key, value, split)


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_of_padding(tokens, query, key_weight, value_weight, out_weight, kept):
    """padding is read as well"""
    return attention_pool(tokens, query, key_weight, value_weight, out_weight, torch.ones_like(kept))


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_with_one_query(tokens, query, key_weight, value_weight, out_weight, kept):
    """all heads ask the question of the first"""
    return attention_pool(tokens, query[:1].expand_as(query), key_weight, value_weight, out_weight, kept)


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_scaled_by_text_width(tokens, query, key_weight, value_weight, out_weight, kept):
    """scores are divided by the root of the width of the text instead of a head's"""
    factor = math.sqrt(query.shape[1] / tokens.shape[-1])
    return attention_pool(tokens, factor * query, key_weight, value_weight, out_weight, kept)


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_that_is_a_mean(tokens, query, key_weight, value_weight, out_weight, kept):
    """the values are averaged without weights"""
    return attention_pool(tokens, 0 * query, key_weight, value_weight, out_weight, kept)


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_of_the_first_token(tokens, query, key_weight, value_weight, out_weight, kept):
    """the first kept token stands for the text, so that order matters"""
    first = kept & (kept.cumsum(-1) == 1)
    return attention_pool(tokens, query, key_weight, value_weight, out_weight, first)


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_without_check(tokens, query, key_weight, value_weight, out_weight, kept):
    """widths that do not fit the heads are cut"""
    heads, d = query.shape
    key_weight = torch.cat([key_weight, key_weight.new_zeros(heads * d, key_weight.shape[1])])[: heads * d]
    width = len(value_weight) // heads * heads
    return attention_pool(tokens, query, key_weight, value_weight[:width], out_weight[:, :width], kept)


@mistake(of=attention_pool, seen="catalogue R001-097")
def attention_pool_by_exponentials(tokens, query, key_weight, value_weight, out_weight, kept):
    """exponentials are taken without subtracting the largest score, and overflow"""
    attention_pool(tokens, query, key_weight, value_weight, out_weight, kept)
    key, value = (split_heads(linear(tokens, weight), len(query)) for weight in (key_weight, value_weight))
    scores = torch.where(kept[..., None, None, :], _scores(query[:, None], key), -math.inf)
    return linear(merge_heads(_unshifted(scores, value)), out_weight).squeeze(-2)
