"""Wrong variants of `reference.transformer.relative_bias`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.transformer.masks import relative_positions
from reference.transformer.relative_bias import (
    alibi_bias,
    alibi_slopes,
    t5_bidirectional_buckets,
    t5_causal_buckets,
)


@mistake(of=alibi_slopes, seen="arXiv:2108.12409, code (`get_slopes`)")
def alibi_slopes_that_are_geometric(heads):
    """the slopes of a number of heads that is no power of two form one geometric sequence"""
    alibi_slopes(heads)
    return 2.0 ** (-8 * torch.arange(1, heads + 1, dtype=torch.float64) / heads)


@mistake(of=alibi_slopes, seen="arXiv:2108.12409, section 3")
def alibi_slopes_from_one(heads):
    """the first slope is 1 instead of the ratio of the sequence"""
    slopes = alibi_slopes(heads)
    return torch.cat([torch.ones(1, dtype=torch.float64), slopes[:-1]])


@mistake(of=alibi_slopes, seen="arXiv:2108.12409, code (`get_slopes`)")
def alibi_slopes_with_neighbours(heads):
    """the missing slopes are the first ones of the next power of two instead of every other one"""
    power = 2 ** (heads.bit_length() - 1)
    return torch.cat([alibi_slopes(heads)[:power], alibi_slopes(2 * power)[: heads - power]])


@mistake(of=alibi_slopes, seen="arXiv:2108.12409, code (`get_slopes`)")
def alibi_slopes_in_order(heads):
    """slopes are sorted, so that they belong to other heads"""
    return alibi_slopes(heads).sort(descending=True).values


@mistake(of=alibi_slopes, seen="arXiv:2108.12409, section 3")
def alibi_slopes_of_halves(heads):
    """the slopes are powers of 1/2 whatever the number of heads, as they are for eight"""
    alibi_slopes(heads)
    return 2.0 ** -torch.arange(1, heads + 1, dtype=torch.float64)


@mistake(of=alibi_slopes, seen="arXiv:2108.12409, section 3")
def alibi_slopes_without_check(heads):
    """without heads there are no slopes"""
    return alibi_slopes(heads) if heads > 0 else torch.zeros(0, dtype=torch.float64)


@mistake(of=alibi_slopes, seen="catalogue R003-207")
def alibi_slopes_that_are_geometric_above_sixteen(heads):
    """more than 16 heads share one geometric sequence, whatever their number"""
    slopes = alibi_slopes(heads)
    return slopes if heads <= 16 else 2 ** (-8 * torch.arange(1, heads + 1) / heads)


@mistake(of=alibi_bias, seen="lucidrains/x-transformers, commit 4ed4d0a")
def alibi_bias_that_rewards_the_future(slopes, queries, keys):
    """the distance keeps its sign, so that keys behind the query get a bonus"""
    return slopes[:, None, None] * relative_positions(queries, keys)


@mistake(of=alibi_bias, seen="lucidrains/x-transformers, commit dcae403")
def alibi_bias_from_the_start(slopes, queries, keys):
    """queries are taken for the first tokens, although others are cached"""
    relative_positions(queries, keys)
    return -slopes[:, None, None] * (torch.arange(keys) - torch.arange(queries)[:, None]).abs()


@mistake(of=alibi_bias, seen="arXiv:2108.12409, section 3")
def alibi_bias_with_reversed_sign(slopes, queries, keys):
    """far keys are rewarded"""
    return -alibi_bias(slopes, queries, keys)


@mistake(of=alibi_bias, seen="arXiv:2108.12409, section 3")
def alibi_bias_by_key_position(slopes, queries, keys):
    """the bias grows with the position of the key, which is right only up to a constant and under a causal mask"""
    return slopes[:, None, None] * torch.arange(keys) + 0 * alibi_bias(slopes, queries, keys)


@mistake(of=alibi_bias, seen="arXiv:2108.12409, section 3")
def alibi_bias_without_check(slopes, queries, keys):
    """more queries than keys get a bias all the same"""
    relative = torch.arange(keys) - torch.arange(max(queries, 0))[:, None] - (keys - queries)
    return -slopes[:, None, None] * relative.abs()


@mistake(of=t5_causal_buckets, seen="lucidrains/x-transformers, commit 6d0c641")
def t5_causal_buckets_of_both_sides(relative, num_buckets=32, max_distance=128):
    """the buckets are shared between past and future, though no query sees the future"""
    t5_causal_buckets(relative, num_buckets, max_distance)
    half = num_buckets // 2
    return t5_bidirectional_buckets(relative, 2 * max(half, 2), max(max_distance, half))


@mistake(of=t5_causal_buckets, seen="arXiv:1910.10683, code")
def t5_causal_buckets_of_the_future(relative, num_buckets=32, max_distance=128):
    """the sign is reversed: tokens before the query share a bucket"""
    return t5_causal_buckets(-relative, num_buckets, max_distance)


@mistake(of=t5_causal_buckets, seen="arXiv:1910.10683, code")
def t5_causal_buckets_without_limit(relative, num_buckets=32, max_distance=128):
    """distances beyond the greatest get buckets that do not exist"""
    exact = num_buckets // 2
    distance, found = (-relative).clamp(min=0), t5_causal_buckets(relative, num_buckets, max_distance)
    return torch.where(distance > max_distance, exact + distance, found)


@mistake(of=t5_causal_buckets, seen="arXiv:1910.10683, code")
def t5_causal_buckets_rounded(relative, num_buckets=32, max_distance=128):
    """the logarithm is rounded to the nearest bucket instead of down"""
    return _by_logarithm((-relative).clamp(min=0), num_buckets, max_distance, torch.round)


@mistake(of=t5_causal_buckets, seen="arXiv:1910.10683, code")
def t5_causal_buckets_of_equal_width(relative, num_buckets=32, max_distance=128):
    """far buckets are equally wide, without a logarithm"""
    exact = num_buckets // 2
    distance, near = (-relative).clamp(min=0), t5_causal_buckets(relative, num_buckets, max_distance)
    far = exact + (distance - exact) * (num_buckets - exact) // (max_distance - exact)
    return torch.where(distance < exact, near, far.clamp(max=num_buckets - 1))


@mistake(of=t5_causal_buckets, seen="arXiv:1910.10683, code")
def t5_causal_buckets_with_fixed_sizes(relative, num_buckets=32, max_distance=128):
    """the greatest distance is 128 whatever was asked for"""
    t5_causal_buckets(relative, num_buckets, max_distance)
    return t5_causal_buckets(relative, num_buckets, 128)


@mistake(of=t5_causal_buckets, seen="arXiv:1910.10683, code")
def t5_causal_buckets_without_check(relative, num_buckets=32, max_distance=128):
    """a greatest distance among the near buckets is let through"""
    exact = num_buckets // 2
    if exact and max_distance > exact:
        return t5_causal_buckets(relative, num_buckets, max_distance)
    return (-relative).clamp(min=0, max=max(num_buckets - 1, 0))


@mistake(of=t5_causal_buckets, seen="catalogue R003-207")
def t5_causal_buckets_by_rounded_logarithm(relative, num_buckets=32, max_distance=128):
    """a logarithm that should be whole may be rounded down to the bucket before"""
    t5_causal_buckets(relative, num_buckets, max_distance)
    return _by_logarithm((-relative).clamp(min=0), num_buckets, max_distance, torch.floor)


@variant(of=t5_causal_buckets, seen="huggingface/transformers, modeling_t5.py")
def t5_causal_buckets_by_logarithm(relative, num_buckets=32, max_distance=128):
    """the logarithm in float64, with a hair added where it should be whole"""
    t5_causal_buckets(relative, num_buckets, max_distance)
    return _by_logarithm((-relative).clamp(min=0), num_buckets, max_distance, lambda share: (share + 1e-12).floor())


def _by_logarithm(distance, num_buckets, max_distance, whole):
    t5_causal_buckets(distance, num_buckets, max_distance)
    exact = num_buckets // 2
    share = torch.log(distance.clamp(min=exact).double() / exact) / math.log(max_distance / exact)
    far = exact + whole(share * (num_buckets - exact)).long()
    return torch.where(distance < exact, distance, far.clamp(max=num_buckets - 1))


@mistake(of=t5_bidirectional_buckets, seen="lucidrains/x-transformers, commit 6d0c641")
def t5_bidirectional_buckets_of_one_side(relative, num_buckets=32, max_distance=128):
    """all buckets belong to the past, and the future shares one"""
    t5_bidirectional_buckets(relative, num_buckets, max_distance)
    return t5_causal_buckets(relative, num_buckets, max(max_distance, num_buckets // 2 + 1))


@mistake(of=t5_bidirectional_buckets, seen="arXiv:1910.10683, code")
def t5_bidirectional_buckets_with_swapped_sides(relative, num_buckets=32, max_distance=128):
    """keys before the query have the upper half"""
    return t5_bidirectional_buckets(-relative, num_buckets, max_distance)


@mistake(of=t5_bidirectional_buckets, seen="arXiv:1910.10683, code")
def t5_bidirectional_buckets_of_distances(relative, num_buckets=32, max_distance=128):
    """before and after are not told apart"""
    return t5_bidirectional_buckets(-relative.abs(), num_buckets, max_distance)


@mistake(of=t5_bidirectional_buckets, seen="arXiv:1910.10683, code")
def t5_bidirectional_buckets_that_move_the_query(relative, num_buckets=32, max_distance=128):
    """the query's own place has the first bucket of the upper half"""
    found = t5_bidirectional_buckets(relative, num_buckets, max_distance)
    return torch.where(relative == 0, num_buckets // 2, found)


@mistake(of=t5_bidirectional_buckets, seen="arXiv:1910.10683, code")
def t5_bidirectional_buckets_without_check(relative, num_buckets=32, max_distance=128):
    """an odd number of buckets, or too few, is let through"""
    half = max(num_buckets // 2, 2)
    return torch.where(relative > 0, half, 0) + t5_causal_buckets(
        -relative.abs(), half, max(max_distance, half // 2 + 1)
    )


@mistake(of=t5_bidirectional_buckets, seen="catalogue R003-207")
def t5_bidirectional_buckets_by_rounded_logarithm(relative, num_buckets=32, max_distance=128):
    """a logarithm that should be whole may be rounded down to the bucket before"""
    t5_bidirectional_buckets(relative, num_buckets, max_distance)
    half = num_buckets // 2
    return torch.where(relative > 0, half, 0) + _by_logarithm(relative.abs(), half, max_distance, torch.floor)
