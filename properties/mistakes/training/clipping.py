"""Wrong variants of `reference.training.clipping`."""

import torch

from properties.mistakes import mistake, variant
from reference.training.clipping import (
    ClippedGradients,
    clip_by_global_norm,
    clip_by_value,
    clip_shards,
    global_norm,
)


def _shortened(gradients, norm, max_norm):
    if not max_norm >= 0:
        raise ValueError(f"max_norm must not be negative; got {max_norm}")
    factor = (max_norm / (norm + 1e-6)).clamp(max=1)
    return ClippedGradients([factor * gradient for gradient in gradients], global_norm(gradients))


@mistake(of=global_norm, seen="paiml/entrenar#311")
def global_norm_squared_twice(gradients):
    """the sums of squares are squared again"""
    squares = torch.stack([gradient.square().sum() for gradient in gradients or [global_norm([])]])
    return squares.square().sum().sqrt()


@mistake(of=global_norm, seen="catalogue R001-011")
def global_norm_without_root(gradients):
    """the squared norm is returned"""
    return global_norm(gradients).square()


@mistake(of=global_norm, seen="catalogue R001-011")
def global_norm_of_sums(gradients):
    """the norms of the tensors are added up"""
    return torch.stack([global_norm([gradient]) for gradient in gradients or [global_norm([])]]).sum()


@mistake(of=global_norm, seen="ooples/AiDotNet.Tensors#359")
def global_norm_with_padding(gradients):
    """tensors are read to the end of a buffer as long as the longest of them, which is filled with their last number"""
    longest = max(gradient.numel() for gradient in gradients or [global_norm([])])
    padding = [(longest - gradient.numel()) * gradient.flatten()[-1].square() for gradient in gradients]
    return (global_norm(gradients).square() + sum(padding)).sqrt()


@mistake(of=global_norm, seen="catalogue R001-011")
def global_norm_by_largest_element(gradients):
    """the largest absolute value is taken for the norm"""
    return torch.stack([gradient.abs().amax() for gradient in gradients or [global_norm([])]]).amax()


@mistake(of=global_norm, seen="catalogue R001-011")
def global_norm_of_nothing(gradients):
    """a list without gradients has norm 0"""
    return global_norm(gradients or [torch.zeros(1, dtype=torch.float64)])


@variant(of=global_norm, seen="paiml/entrenar#311")
def global_norm_of_norms(gradients):
    """the norm of the norms of the tensors is the norm of all"""
    return global_norm([global_norm([gradient]) for gradient in gradients])


@mistake(of=clip_by_global_norm, seen="huggingface/transformers#614")
def clip_by_global_norm_per_tensor(gradients, max_norm):
    """each tensor is clipped by its own norm, which bends the gradient"""
    whole = clip_by_global_norm(gradients, max_norm)
    return ClippedGradients([clip_by_global_norm([g], max_norm).gradients[0] for g in gradients], whole.norm)


@mistake(of=clip_by_global_norm, seen="paiml/entrenar#311")
def clip_by_global_norm_by_squared_norm(gradients, max_norm):
    """the squared norm is compared with the limit"""
    return _shortened(gradients, global_norm(gradients).square(), max_norm)


@mistake(of=clip_by_global_norm, seen="catalogue R001-011")
def clip_by_global_norm_that_returns_the_clipped_norm(gradients, max_norm):
    """the norm after clipping is returned"""
    clipped = clip_by_global_norm(gradients, max_norm).gradients
    return ClippedGradients(clipped, global_norm(clipped))


@mistake(of=clip_by_global_norm, seen="catalogue R001-011")
def clip_by_global_norm_that_always_scales(gradients, max_norm):
    """shorter gradients are lengthened to the limit"""
    _, norm = clip_by_global_norm(gradients, max_norm)
    return ClippedGradients([max_norm / (norm + 1e-6) * gradient for gradient in gradients], norm)


@mistake(of=clip_by_global_norm, seen="catalogue R001-011")
def clip_by_global_norm_that_hides_nan(gradients, max_norm):
    """gradients whose norm is not finite become zeros, and the step goes on"""
    clipped, norm = clip_by_global_norm(gradients, max_norm)
    return ClippedGradients(clipped if norm.isfinite() else [0 * g.nan_to_num() for g in gradients], norm)


@mistake(of=clip_by_global_norm, seen="catalogue R001-011")
def clip_by_global_norm_by_element(gradients, max_norm):
    """each element is clipped to the limit"""
    norm = global_norm(gradients)
    return ClippedGradients([clip_by_value(gradient, max_norm) for gradient in gradients], norm)


@mistake(of=clip_by_global_norm, seen="catalogue R001-011")
def clip_by_global_norm_without_margin(gradients, max_norm):
    """the norm itself divides, without 1e-6"""
    clip_by_global_norm(gradients, max_norm)
    return _shortened(gradients, (global_norm(gradients) - 1e-6).clamp(min=0), max_norm)


@mistake(of=clip_shards, seen="sgl-project/SpecForge#663, areal-project/AReaL#312")
def clip_shards_by_own_norm(shards, max_norm):
    """each rank clips by the norm of its own shard"""
    whole = clip_shards(shards, max_norm)
    return [_shortened(shard, global_norm(shard), max_norm)._replace(norm=whole[0].norm.clone()) for shard in shards]


@mistake(of=clip_shards, seen="facebookresearch/fairscale#167")
def clip_shards_by_largest_norm(shards, max_norm):
    """the largest norm of a shard is taken for that of all"""
    norm = torch.stack([global_norm(shard) for shard in shards or [[]]]).amax()
    return [_shortened(shard, norm, max_norm)._replace(norm=norm.clone()) for shard in shards]


@mistake(of=clip_shards, seen="deepspeedai/DeepSpeed#8469")
def clip_shards_by_average_norm(shards, max_norm):
    """the norms of the shards are averaged"""
    norm = torch.stack([global_norm(shard) for shard in shards or [[]]]).mean()
    return [_shortened(shard, norm, max_norm)._replace(norm=norm.clone()) for shard in shards]


@mistake(of=clip_shards, seen="areal-project/AReaL#312")
def clip_shards_by_sum_of_norms(shards, max_norm):
    """the norms of the shards are added up without squares"""
    norm = torch.stack([global_norm(shard) for shard in shards or [[]]]).sum()
    return [_shortened(shard, norm, max_norm)._replace(norm=norm.clone()) for shard in shards]


@mistake(of=clip_shards, seen="catalogue R001-011")
def clip_shards_without_nan(shards, max_norm):
    """a rank whose norm is NaN is left out of the sum, so that the others step on"""
    clip_shards(shards, max_norm)
    norm = torch.stack([global_norm(shard) for shard in shards]).nan_to_num().norm()
    factor = (max_norm / (norm + 1e-6)).clamp(max=1)
    return [ClippedGradients([factor * gradient for gradient in shard], norm.clone()) for shard in shards]


@mistake(of=clip_shards, seen="catalogue R001-011")
def clip_shards_at_0_never(shards, max_norm):
    """a limit of 0 is read as no limit"""
    return clip_shards(shards, max_norm or torch.inf)


@mistake(of=clip_shards, seen="catalogue R001-011")
def clip_shards_with_finite_limits_only(shards, max_norm):
    """an infinite limit, which keeps all gradients, is refused"""
    if max_norm == torch.inf:
        raise ValueError("max_norm must be finite")
    return clip_shards(shards, max_norm)


@mistake(of=clip_shards, seen="catalogue R001-011")
def clip_shards_of_first_and_last_rank(shards, max_norm):
    """the norms of two ranks are joined, whatever their number"""
    clip_shards(shards, max_norm)
    norm = global_norm([global_norm(shards[0]), global_norm(shards[-1])])
    factor = (max_norm / (norm + 1e-6)).clamp(max=1)
    return [ClippedGradients([factor * gradient for gradient in shard], norm.clone()) for shard in shards]


@mistake(of=clip_by_value, seen="catalogue R001-011")
def clip_by_value_by_norm(gradient, bound):
    """the whole gradient is shortened, in its direction"""
    return clip_by_global_norm([gradient], bound).gradients[0]


@mistake(of=clip_by_value, seen="catalogue R001-011")
def clip_by_value_from_above_only(gradient, bound):
    """large negative elements are left"""
    clip_by_value(gradient, bound)
    return gradient.clamp(max=bound)


@mistake(of=clip_by_value, seen="catalogue R001-011")
def clip_by_value_to_zero(gradient, bound):
    """elements outside the bounds become 0"""
    return torch.where(gradient.abs() > bound, 0.0, clip_by_value(gradient, bound))


@mistake(of=clip_by_value, seen="catalogue R001-011")
def clip_by_value_without_check(gradient, bound):
    """a negative bound, whose lower end is above its upper one, is accepted"""
    return gradient.clamp(-bound, bound)
