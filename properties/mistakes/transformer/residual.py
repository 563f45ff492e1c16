"""Wrong variants of `reference.transformer.residual`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.transformer.residual import (
    drop_path,
    drop_path_rates,
    post_norm_block,
    pre_norm_block,
    residual_block,
    residual_scale,
)


@mistake(of=residual_block, seen="catalogue R003-029")
def residual_block_without_skip(x, branch):
    """the input is not added to the branch"""
    residual_block(x, branch)
    return branch(x)


@mistake(of=residual_block, seen="catalogue R003-029")
def residual_block_in_place(x, branch):
    """the branch is added to the input in place, which overwrites it"""
    x = x.detach()
    x += residual_block(x, branch) - x
    return x.clone()


@mistake(of=residual_block, seen="catalogue R003-029")
def residual_block_that_broadcasts(x, branch):
    """a branch of another shape is broadcast against the input"""
    return x + branch(x)


@mistake(of=residual_block, seen="DeepLearning.AI diffusion course, ResidualConvBlock")
def residual_block_divided_by_root_two(x, branch):
    """the sum is divided by sqrt(2)"""
    return residual_block(x, branch) / math.sqrt(2)


@mistake(of=residual_block, seen="catalogue R003-029")
def residual_block_with_detached_branch(x, branch):
    """no gradient flows through the branch"""
    return residual_block(x, lambda v: branch(v).detach())


@mistake(of=residual_block, seen="catalogue R003-029")
def residual_block_with_detached_skip(x, branch):
    """no gradient flows around the branch"""
    residual_block(x, branch)
    return x.detach() + branch(x)


@mistake(of=pre_norm_block, seen="E003-012")
def pre_norm_block_that_is_post_norm(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the norms are applied to the sums, as in BERT"""
    return post_norm_block(x, attend, feed_forward, attention_norm, feed_forward_norm)


@mistake(of=pre_norm_block, seen="catalogue R003-032")
def pre_norm_block_that_normalises_the_stream(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the normalised tokens, and not the tokens themselves, pass around the branches"""
    z = residual_block(attention_norm(x), attend)
    return residual_block(feed_forward_norm(z), feed_forward)


@mistake(of=pre_norm_block, seen="catalogue R003-031")
def pre_norm_block_that_normalises_the_outputs(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the norms stand behind the branches instead of before them"""
    z = residual_block(x, lambda v: attention_norm(attend(v)))
    return residual_block(z, lambda v: feed_forward_norm(feed_forward(v)))


@mistake(of=pre_norm_block, seen="arXiv:2204.02311, section 2")
def pre_norm_block_in_parallel(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the feed-forward branch sees the tokens before attention, as in PaLM"""
    z = residual_block(x, lambda v: attend(attention_norm(v)))
    return z + feed_forward(feed_forward_norm(x))


@mistake(of=pre_norm_block, seen="catalogue R003-032")
def pre_norm_block_with_one_norm(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the first norm is used in both branches"""
    return pre_norm_block(x, attend, feed_forward, attention_norm, attention_norm)


@mistake(of=pre_norm_block, seen="catalogue R004-070")
def pre_norm_block_with_feed_forward_first(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the feed-forward branch comes before attention"""
    return pre_norm_block(x, feed_forward, attend, feed_forward_norm, attention_norm)


@mistake(of=pre_norm_block, seen="catalogue R004-070")
def pre_norm_block_without_second_skip(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """nothing passes around the feed-forward branch"""
    z = residual_block(x, lambda v: attend(attention_norm(v)))
    return feed_forward(feed_forward_norm(z))


@mistake(of=post_norm_block, seen="catalogue R003-031")
def post_norm_block_that_normalises_the_branch(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the norm is applied to the branch alone, and not to the sum"""
    z = residual_block(x, lambda v: attention_norm(attend(v)))
    return residual_block(z, lambda v: feed_forward_norm(feed_forward(v)))


@mistake(of=post_norm_block, seen="E003-012")
def post_norm_block_that_is_pre_norm(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the norms stand before the branches, as in GPT-2"""
    return pre_norm_block(x, attend, feed_forward, attention_norm, feed_forward_norm)


@mistake(of=post_norm_block, seen="catalogue R003-031")
def post_norm_block_without_first_norm(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """only the last sum is normalised"""
    return feed_forward_norm(residual_block(residual_block(x, attend), feed_forward))


@mistake(of=post_norm_block, seen="catalogue R003-031")
def post_norm_block_with_exchanged_norms(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the two norms are exchanged"""
    return post_norm_block(x, attend, feed_forward, feed_forward_norm, attention_norm)


@mistake(of=post_norm_block, seen="catalogue R003-031")
def post_norm_block_around_both_branches(x, attend, feed_forward, attention_norm, feed_forward_norm):
    """the second sum adds the block's input instead of the first sum"""
    z = attention_norm(residual_block(x, attend))
    return feed_forward_norm(x + feed_forward(z))


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_without_rescaling(branch, rate, uniform):
    """samples that are kept are not divided by 1 - rate"""
    return drop_path(branch, rate, uniform) * (1 - rate)


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_divided_by_rate(branch, rate, uniform):
    """samples that are kept are divided by the rate instead of 1 - rate"""
    return drop_path(branch, rate, uniform) * (1 - rate) / max(rate, 1e-6)


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_that_keeps_at_rate(branch, rate, uniform):
    """the rate is the probability to keep"""
    return drop_path(branch, 1 - rate, uniform)


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_with_strict_comparison(branch, rate, uniform):
    """a uniform number equal to the rate drops its sample, even 0 at rate 0"""
    return drop_path(branch, rate, torch.where(uniform == rate, -1, uniform))


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_of_whole_batch(branch, rate, uniform):
    """one number decides for the whole batch"""
    return drop_path(branch, rate, uniform[:1].expand_as(uniform))


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_that_is_dropout(branch, rate, uniform):
    """each element is dropped by itself, as in dropout"""
    drop_path(branch, rate, uniform)
    places = torch.arange(branch[0].numel(), dtype=branch.dtype).reshape(branch.shape[1:])
    draws = (uniform.reshape(-1, *[1] * (branch.ndim - 1)) + places / 8) % 1
    return torch.where(draws >= rate, branch / max(1 - rate, 1e-6), 0)


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_divided_by_zero(branch, rate, uniform):
    """at rate 1 the zeros are divided by zero"""
    drop_path(branch, rate, uniform)
    kept = (uniform >= rate).reshape(-1, *[1] * (branch.ndim - 1))
    return kept * branch / torch.tensor(1 - rate, dtype=branch.dtype)


@mistake(of=drop_path, seen="torchvision and timm")
def drop_path_without_check(branch, rate, uniform):
    """rates outside [0, 1] are taken as they are"""
    return drop_path(branch, min(max(rate, 0.0), 1.0), uniform)


@mistake(of=drop_path, seen="catalogue R001-033")
def drop_path_of_sequences_alone(branch, rate, uniform):
    """the draws get the axes of tokens and channels, whatever the number of axes"""
    drop_path(branch, rate, uniform)
    return torch.where(uniform[:, None, None] >= rate, branch / (1 - rate) if rate < 1 else 0 * branch, 0)


@variant(of=drop_path, seen="timm and VAR code")
def drop_path_by_floor(branch, rate, uniform):
    """the floor of 1 - rate + uniform is 1 for uniform >= rate and else 0"""
    drop_path(branch, rate, uniform)
    kept = (1 - rate + uniform).floor().reshape(-1, *[1] * (branch.ndim - 1))
    return branch / (1 - rate) * kept if rate < 1 else 0 * branch


@mistake(of=drop_path_rates, seen="arXiv:1603.09382, eq. 4")
def drop_path_rates_counted_from_one(depth, last_rate):
    """rates are counted from 1 and divided by the depth, so that the first block is dropped too"""
    drop_path_rates(depth, last_rate)
    return [last_rate * (block + 1) / depth for block in range(depth)]


@mistake(of=drop_path_rates, seen="catalogue R001-033")
def drop_path_rates_that_miss_the_last(depth, last_rate):
    """rates are divided by the depth instead of depth - 1 and never reach the last one"""
    drop_path_rates(depth, last_rate)
    return [last_rate * block / depth for block in range(depth)]


@mistake(of=drop_path_rates, seen="catalogue R001-033")
def drop_path_rates_that_fall(depth, last_rate):
    """the first block has the highest rate"""
    return drop_path_rates(depth, last_rate)[::-1]


@mistake(of=drop_path_rates, seen="catalogue R001-033")
def drop_path_rates_that_are_constant(depth, last_rate):
    """every block has the last one's rate"""
    return [last_rate for _ in drop_path_rates(depth, last_rate)]


@mistake(of=drop_path_rates, seen="torch.linspace")
def drop_path_rates_without_check(depth, last_rate):
    """a stack without blocks, or a rate that is no probability, is accepted"""
    return torch.linspace(0, last_rate, max(depth, 0), dtype=torch.float64).tolist()


@mistake(of=drop_path_rates, seen="catalogue R001-033")
def drop_path_rates_of_a_single_last_block(depth, last_rate):
    """a single block gets the last rate instead of 0"""
    rates = drop_path_rates(depth, last_rate)
    return [*rates[:-1], last_rate]


@mistake(of=residual_scale, seen="catalogue R001-042")
def residual_scale_of_depth(depth):
    """the factor is 1 / sqrt(depth), as if a block had one branch"""
    return math.sqrt(2) * residual_scale(depth)


@mistake(of=residual_scale, seen="catalogue R001-042")
def residual_scale_without_root(depth):
    """the factor is 1 / (2 depth), without the root"""
    return residual_scale(depth) ** 2


@mistake(of=residual_scale, seen="arXiv:2203.00555")
def residual_scale_of_deep_norm(depth):
    """the factor is a fourth root, as in DeepNorm"""
    return residual_scale(depth) ** 0.5


@mistake(of=residual_scale, seen="catalogue R001-042")
def residual_scale_without_check(depth):
    """a stack without blocks gets a factor"""
    return 1 / math.sqrt(2 * max(depth, 1))
