"""Wrong variants of `reference.numerics.loss_scaling`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.loss_scaling import (
    LossScale,
    found_nonfinite,
    found_on_any_rank,
    keep_if_found,
    unscale_gradient,
    update_loss_scale,
)


@mistake(of=unscale_gradient, seen="catalogue R003-255")
def unscale_gradient_in_half_precision(gradient, scale):
    """the gradient is divided in its own precision, where a small one becomes 0 again"""
    return (gradient / scale.to(gradient.dtype)).to(unscale_gradient(gradient, scale).dtype)


@mistake(of=unscale_gradient, seen="catalogue R001-052")
def unscale_gradient_twice(gradient, scale):
    """the gradient is divided by the scale twice"""
    return unscale_gradient(gradient, scale) / scale


@mistake(of=unscale_gradient, seen="catalogue R001-052")
def unscale_gradient_that_scales(gradient, scale):
    """the gradient is multiplied by the scale once more"""
    return gradient.to(scale.dtype) * scale


@mistake(of=unscale_gradient, seen="catalogue R001-052")
def unscale_gradient_that_normalises(gradient, scale):
    """what is not finite becomes 0, and the gradient is clipped to 1 before it is unscaled"""
    return unscale_gradient(gradient.clamp(-1, 1), scale)


@mistake(of=unscale_gradient, seen="catalogue R001-052")
def unscale_gradient_that_hides_overflow(gradient, scale):
    """infinity becomes the largest number and NaN 0, so that the step is no longer skipped"""
    return unscale_gradient(gradient, scale).nan_to_num()


@mistake(of=unscale_gradient, seen="catalogue R001-052")
def unscale_gradient_in_the_precision_of_the_scale(gradient, scale):
    """the gradient is rounded to the precision of the scale, even if that is narrower, and overflows there"""
    return gradient.to(scale.dtype) / scale


@variant(of=unscale_gradient, seen="catalogue R001-052")
def unscale_gradient_by_reciprocal(gradient, scale):
    """multiplying by 1 / S is as exact if S is a power of two, and off by two roundings otherwise"""
    return gradient.to(torch.promote_types(gradient.dtype, scale.dtype)) * (1 / scale)


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_in_the_first(gradients):
    """only the first gradient is looked at"""
    return found_nonfinite(gradients[:1])


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_without_nan(gradients):
    """infinities are found, NaN is not"""
    return found_nonfinite([gradient.nan_to_num(0.0, torch.inf, -torch.inf) for gradient in gradients])


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_without_infinities(gradients):
    """NaN is found, infinities are not"""
    return found_nonfinite([gradient.clamp(-1, 1) for gradient in gradients])


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_of_sums(gradients):
    """sums are looked at, which overflow although every entry is finite"""
    return found_nonfinite([gradient.sum() for gradient in gradients])


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_of_squared_norms(gradients):
    """sums of squares are looked at, which overflow although every entry is finite"""
    found_nonfinite(gradients)
    return ~torch.stack([gradient.float().square().sum() for gradient in gradients]).sum().isfinite()


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_in_half_precision(gradients):
    """gradients are rounded to FP16 first, where large finite ones are infinite"""
    return found_nonfinite([gradient.half() for gradient in gradients])


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_in_all(gradients):
    """a gradient counts only if none of its entries is finite"""
    found_nonfinite(gradients)
    return torch.stack([~gradient.isfinite().any() for gradient in gradients if gradient.numel()]).any()


@mistake(of=found_nonfinite, seen="catalogue R001-052")
def found_nonfinite_in_nothing(gradients):
    """an empty list counts as finite"""
    return found_nonfinite(gradients) if gradients else torch.tensor(False)


@mistake(of=found_on_any_rank, seen="catalogue R001-053")
def found_on_any_rank_without_reduction(found):
    """each rank goes by its own gradients, so that parameters drift apart"""
    found_on_any_rank(found)
    return found.clone()


@mistake(of=found_on_any_rank, seen="catalogue R001-053")
def found_on_any_rank_by_average(found):
    """the flags are averaged and compared with 1, so that all ranks have to find something"""
    found_on_any_rank(found)
    return (found.double().mean() == 1).expand(len(found)).clone()


@mistake(of=found_on_any_rank, seen="catalogue R001-053")
def found_on_any_rank_of_the_first(found):
    """all ranks go by rank 0"""
    found_on_any_rank(found)
    return found[:1].expand(len(found)).clone()


@mistake(of=found_on_any_rank, seen="catalogue R001-053")
def found_on_any_rank_by_parity(found):
    """flags are added in one bit, so that two cancel"""
    found_on_any_rank(found)
    return (found.sum() % 2 == 1).expand(len(found)).clone()


@mistake(of=found_on_any_rank, seen="catalogue R001-053")
def found_on_any_rank_in_one_place(found):
    """the flags of all ranks are one place in memory"""
    found_on_any_rank(found)
    return found.any().expand(len(found))


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_that_keeps_counting(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """a bad step does not reset the run of good ones"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    return LossScale(updated.scale, torch.where(found, state.tracker, updated.tracker))


@mistake(of=update_loss_scale, seen="Haian-Jin/LVSM#19")
def update_loss_scale_on_good_steps_only(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """nothing is updated if the step was skipped, so that the next one overflows too"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    scale = torch.where(found, state.scale, updated.scale)
    return LossScale(scale, torch.where(found, state.tracker, updated.tracker))


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_a_step_early(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """the scale grows one good step too early"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    early = ~found & (state.tracker + 2 == growth_interval)
    return LossScale(
        torch.where(early, growth_factor * state.scale, updated.scale), torch.where(early, 0, updated.tracker)
    )


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_a_step_late(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """the scale grows one good step too late"""
    return update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval + 1)


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_at_every_multiple(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """after its first growth the scale grows at every good step: the run is not counted anew"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    tracker = torch.where(~found & (state.tracker + 1 == growth_interval), state.tracker, updated.tracker)
    return LossScale(updated.scale, tracker)


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_into_infinity(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """the scale grows until it is infinite"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    due = ~found & (state.tracker + 1 == growth_interval)
    return LossScale(torch.where(due, growth_factor * state.scale, updated.scale), updated.tracker)


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_not_below_one(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """the scale never falls below 1, which some models need"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    return LossScale(updated.scale.clamp(min=1), updated.tracker)


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_of_normal_numbers(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """the scale never falls below the smallest normal FP32 number"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    return LossScale(updated.scale.clamp(min=2.0**-126), updated.tracker)


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_as_in_the_defaults_of_2_to_the_11(
    state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=1000
):
    """the scale grows after 1000 good steps if nothing is said, and is clipped at 32768"""
    updated = update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    return LossScale(updated.scale.clamp(max=32768), updated.tracker)


@mistake(of=update_loss_scale, seen="catalogue R001-052")
def update_loss_scale_without_check(state, found, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000):
    """factors that do not adapt anything are accepted"""
    if growth_factor > 1 > backoff_factor > 0 and growth_interval >= 1:
        return update_loss_scale(state, found, growth_factor, backoff_factor, growth_interval)
    return update_loss_scale(state, found)


@mistake(of=keep_if_found, seen="catalogue R001-052")
def keep_if_found_by_multiplication(before, after, found):
    """the step is multiplied by 0 to skip it, which leaves NaN where it was infinite"""
    return before + (after - before) * (~found).to(before.dtype)


@mistake(of=keep_if_found, seen="catalogue R001-052")
def keep_if_found_by_difference(before, after, found):
    """the difference is added to what was before, which rounds it to the spacing there"""
    return torch.where(found, before, before + (after - before))


@mistake(of=keep_if_found, seen="catalogue R001-052")
def keep_if_found_or_not_finite(before, after, found):
    """entries that are not finite are kept back also where nothing was found"""
    return torch.where(found | ~after.isfinite(), before, after)


@mistake(of=keep_if_found, seen="catalogue R001-052")
def keep_if_found_that_always_steps(before, after, found):
    """the step is taken although gradients were not finite"""
    return after.clone()


@mistake(of=keep_if_found, seen="catalogue R001-052")
def keep_if_found_entry_by_entry(before, after, found):
    """only entries that are not finite are kept, and the rest of the bad step is taken"""
    return torch.where(after.isfinite(), after, before)


@mistake(of=keep_if_found, seen="catalogue R001-052")
def keep_if_found_the_wrong_way_round(before, after, found):
    """good steps are skipped and bad ones taken"""
    return torch.where(found, after, before)
