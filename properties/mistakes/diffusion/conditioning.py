"""Wrong variants of `reference.diffusion.conditioning`."""

import math

import torch
from torch.nn.functional import linear, pad, scaled_dot_product_attention

from properties.mistakes import mistake, variant
from reference.diffusion.conditioning import cross_attention, drop_conditions


@mistake(of=drop_conditions, seen="lucidrains/DALLE2-pytorch, commit 0d1c07c")
def drop_conditions_with_inverted_mask(condition, null_condition, uniform, probability):
    """the probability is that of keeping a condition instead of dropping it"""
    return drop_conditions(condition, null_condition, uniform, 1 - probability)


@mistake(of=drop_conditions, seen="arXiv:2207.12598, algorithm 1")
def drop_conditions_with_swapped_branches(condition, null_condition, uniform, probability):
    """the draws that should drop a condition keep it"""
    kept = drop_conditions(condition, null_condition, uniform, probability) == condition
    return torch.where(kept, null_condition, condition)


@mistake(of=drop_conditions, seen="arXiv:2207.12598, algorithm 1")
def drop_conditions_at_equality(condition, null_condition, uniform, probability):
    """a draw of exactly the probability drops too, so that probability 0 drops now and then"""
    drop_conditions(condition, null_condition, uniform, probability)
    return torch.where((uniform <= probability)[:, None], null_condition, condition)


@mistake(of=drop_conditions, seen="catalogue R003-150")
def drop_conditions_never(condition, null_condition, uniform, probability):
    """no condition is dropped, and the unconditional prediction is never learned"""
    return drop_conditions(condition, null_condition, uniform, 0 * probability)


@mistake(of=drop_conditions, seen="arXiv:2207.12598, algorithm 1")
def drop_conditions_of_the_whole_batch(condition, null_condition, uniform, probability):
    """one draw decides for the whole batch"""
    return drop_conditions(condition, null_condition, uniform[:1].expand_as(uniform), probability)


@mistake(of=drop_conditions, seen="arXiv:2207.12598, algorithm 1")
def drop_conditions_to_zero(condition, null_condition, uniform, probability):
    """dropped conditions become zeros instead of the null condition"""
    return drop_conditions(condition, torch.zeros_like(null_condition), uniform, probability)


@mistake(of=drop_conditions, seen="arXiv:2207.12598, algorithm 1")
def drop_conditions_without_check(condition, null_condition, uniform, probability):
    """a probability outside [0, 1] is taken"""
    return torch.where((uniform < probability)[:, None], null_condition, condition)


@variant(of=drop_conditions, seen="lucidrains/DALLE2-pytorch, commit 0d1c07c")
def drop_conditions_by_keep_mask(condition, null_condition, uniform, probability):
    """a mask of what is kept, with the probability 1 - p, is the same"""
    drop_conditions(condition, null_condition, uniform, probability)
    kept = 1 - uniform <= 1 - probability
    return torch.where(kept[:, None], condition, null_condition)


def _heads(queries_from, memory, query_weight, key_weight, value_weight):
    return linear(queries_from, query_weight), linear(memory, key_weight), linear(memory, value_weight)


@mistake(of=cross_attention, seen="E003-052")
def cross_attention_to_the_image(queries_from, memory, query_weight, key_weight, value_weight):
    """keys and values come from the image, which is self-attention and ignores the text"""
    image = pad(queries_from, (0, memory.shape[-1] - queries_from.shape[-1]))
    return cross_attention(queries_from, image, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="catalogue R002-009")
def cross_attention_scaled_by_channels(queries_from, memory, query_weight, key_weight, value_weight):
    """logits are divided by the root of the number of channels instead of the width of the head"""
    factor = math.sqrt(query_weight.shape[0] / query_weight.shape[1])
    return cross_attention(queries_from, memory, factor * query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_without_scale(queries_from, memory, query_weight, key_weight, value_weight):
    """logits are not divided by the root of the width"""
    factor = math.sqrt(len(query_weight))
    return cross_attention(queries_from, memory, factor * query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_divided_by_width(queries_from, memory, query_weight, key_weight, value_weight):
    """logits are divided by the width instead of its root"""
    factor = 1 / math.sqrt(len(query_weight))
    return cross_attention(queries_from, memory, factor * query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_normalised_over_image(queries_from, memory, query_weight, key_weight, value_weight):
    """the softmax runs over the image tokens instead of the text tokens"""
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    mixed = torch.softmax(q @ k.mT / math.sqrt(len(query_weight)), dim=-2) @ v
    return mixed + 0 * cross_attention(queries_from, memory, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_that_overflows(queries_from, memory, query_weight, key_weight, value_weight):
    """exponentials are taken without subtracting the largest logit, and overflow"""
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    weights = torch.exp(q @ k.mT / math.sqrt(len(query_weight)))
    read = weights @ v / weights.sum(-1, keepdim=True)
    return read + 0 * cross_attention(queries_from, memory, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_with_clamped_logits(queries_from, memory, query_weight, key_weight, value_weight):
    """logits are clamped against overflow, so that no token can be read nearly alone"""
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    mixed = torch.softmax((q @ k.mT / math.sqrt(len(query_weight))).clamp(-4, 4), dim=-1) @ v
    return mixed + 0 * cross_attention(queries_from, memory, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_without_normalisation(queries_from, memory, query_weight, key_weight, value_weight):
    """weights are sigmoids of the logits, and do not sum to one"""
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    mixed = torch.sigmoid(q @ k.mT / math.sqrt(len(query_weight))) @ v
    return mixed + 0 * cross_attention(queries_from, memory, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="catalogue R002-009")
def cross_attention_with_causal_mask(queries_from, memory, query_weight, key_weight, value_weight):
    """image token i reads only the text tokens up to i, so that the order of the text matters"""
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    scale = 1 / math.sqrt(len(query_weight))
    mixed = scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
    return mixed + 0 * cross_attention(queries_from, memory, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="catalogue R002-009")
def cross_attention_of_pooled_text(queries_from, memory, query_weight, key_weight, value_weight):
    """the text is averaged to one token first"""
    pooled = memory.mean(-2, keepdim=True) + 0 * memory
    return cross_attention(queries_from, pooled, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="catalogue R003-151")
def cross_attention_of_pooled_image(queries_from, memory, query_weight, key_weight, value_weight):
    """all image tokens ask with their mean, and read the same"""
    pooled = queries_from.mean(-2, keepdim=True).expand_as(queries_from)
    return cross_attention(pooled, memory, query_weight, key_weight, value_weight)


@mistake(of=cross_attention, seen="arXiv:1706.03762, eq. 1")
def cross_attention_without_check(queries_from, memory, query_weight, key_weight, value_weight):
    """an empty text is read as zeros"""
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    return torch.softmax(q @ k.mT / math.sqrt(len(query_weight)), dim=-1) @ v


@variant(of=cross_attention, seen="openai/improved-diffusion#54")
def cross_attention_with_split_scale(queries_from, memory, query_weight, key_weight, value_weight):
    """queries and keys each divided by the fourth root of the width give the same logits"""
    cross_attention(queries_from, memory, query_weight, key_weight, value_weight)
    root = len(query_weight) ** 0.25
    q, k, v = _heads(queries_from, memory, query_weight / root, key_weight / root, value_weight)
    return torch.softmax(q @ k.mT, dim=-1) @ v


@variant(of=cross_attention, seen="arXiv:1706.03762, section 3.2")
def cross_attention_with_shifted_keys(queries_from, memory, query_weight, key_weight, value_weight):
    """a constant added to all keys adds the same to all logits of a query, and drops out"""
    cross_attention(queries_from, memory, query_weight, key_weight, value_weight)
    q, k, v = _heads(queries_from, memory, query_weight, key_weight, value_weight)
    logits = q @ (k - k[..., :1, :]).mT / math.sqrt(len(query_weight))
    return torch.softmax(logits, dim=-1) @ v


@mistake(of=cross_attention, seen="catalogue R003-151")
def cross_attention_without_tokens_of_zeros(queries_from, memory, query_weight, key_weight, value_weight):
    """text tokens whose entries are all 0 are taken for padding and not read"""
    read = cross_attention(queries_from, memory, query_weight, key_weight, value_weight)
    q, k, v = linear(queries_from, query_weight), linear(memory, key_weight), linear(memory, value_weight)
    logits = q @ k.mT / math.sqrt(len(query_weight))
    there = memory.any(-1)[..., None, :]
    return torch.where(there.any(-1, keepdim=True), logits.where(there, -torch.inf).softmax(-1) @ v, read)
