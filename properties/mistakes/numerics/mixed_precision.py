"""Wrong variants of `reference.numerics.mixed_precision`."""

import torch

from properties.mistakes import mistake, variant
from reference.numerics.loss_scaling import found_nonfinite, unscale_gradient, update_loss_scale
from reference.numerics.mixed_precision import (
    MixedPrecisionState,
    lost_updates,
    mixed_precision_adam_bytes,
    mixed_precision_step,
)


@mistake(of=mixed_precision_step, seen="catalogue R003-256")
def mixed_precision_step_without_master_weights(state, scaled_gradient, learning_rate, growth_interval=2000):
    """weights are kept in the precision of the gradients, so that small steps are lost"""
    stepped = mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)
    return stepped._replace(master=stepped.master.to(scaled_gradient.dtype).to(state.master.dtype))


@mistake(of=mixed_precision_step, seen="catalogue R003-256")
def mixed_precision_step_of_half_precision(state, scaled_gradient, learning_rate, growth_interval=2000):
    """the step is rounded to FP16 before it is taken, so that small ones are 0"""
    stepped = mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)
    gradient = unscale_gradient(scaled_gradient, state.loss_scale.scale)
    move = (learning_rate * gradient).half().to(state.master.dtype)
    return stepped._replace(master=torch.where(move.isfinite().all(), state.master - move, stepped.master))


@mistake(of=mixed_precision_step, seen="catalogue R001-052")
def mixed_precision_step_that_clips(state, scaled_gradient, learning_rate, growth_interval=2000):
    """entries of the gradient above 1 are clipped, which nobody asked for"""
    stepped = mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)
    gradient = unscale_gradient(scaled_gradient, state.loss_scale.scale)
    clipped = state.master - learning_rate * gradient.clamp(-1, 1)
    return stepped._replace(master=torch.where(gradient.isfinite().all(), clipped, state.master))


@mistake(of=mixed_precision_step, seen="huggingface/transformers#11144, pytorch/pytorch#67590")
def mixed_precision_step_that_counts_skipped_steps(state, scaled_gradient, learning_rate, growth_interval=2000):
    """skipped steps are counted, so that the schedule of the learning rate moves without a step"""
    stepped = mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)
    return stepped._replace(steps=state.steps + 1)


@mistake(of=mixed_precision_step, seen="Haian-Jin/LVSM#19")
def mixed_precision_step_without_update_after_skip(state, scaled_gradient, learning_rate, growth_interval=2000):
    """a skipped step leaves the scale as it is, so that the next one overflows too"""
    stepped = mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)
    return state if found_nonfinite([scaled_gradient]) else stepped


@mistake(of=mixed_precision_step, seen="catalogue R001-052")
def mixed_precision_step_without_skip(state, scaled_gradient, learning_rate, growth_interval=2000):
    """the step is taken although the gradient is not finite"""
    stepped = mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)
    gradient = unscale_gradient(scaled_gradient, state.loss_scale.scale)
    return stepped._replace(master=state.master - learning_rate * gradient)


@mistake(of=mixed_precision_step, seen="catalogue R001-052")
def mixed_precision_step_without_unscaling(state, scaled_gradient, learning_rate, growth_interval=2000):
    """the gradient of the scaled loss is used as it is"""
    one = state.loss_scale._replace(scale=torch.ones_like(state.loss_scale.scale))
    stepped = mixed_precision_step(state._replace(loss_scale=one), scaled_gradient, learning_rate, growth_interval)
    loss_scale = update_loss_scale(state.loss_scale, found_nonfinite([scaled_gradient]), 2.0, 0.5, growth_interval)
    return stepped._replace(loss_scale=loss_scale)


@mistake(of=mixed_precision_step, seen="catalogue R001-052")
def mixed_precision_step_with_updated_scale(state, scaled_gradient, learning_rate, growth_interval=2000):
    """the scale is updated first, and the gradient divided by one that it was not multiplied with"""
    found = found_nonfinite([scaled_gradient])
    loss_scale = update_loss_scale(state.loss_scale, found, 2.0, 0.5, growth_interval)
    gradient = unscale_gradient(scaled_gradient, loss_scale.scale)
    master = torch.where(found, state.master, state.master - learning_rate * gradient)
    return MixedPrecisionState(master, loss_scale, state.steps + ~found)


@mistake(of=mixed_precision_step, seen="catalogue R001-052")
def mixed_precision_step_uphill(state, scaled_gradient, learning_rate, growth_interval=2000):
    """the step is added instead of subtracted"""
    return mixed_precision_step(state, scaled_gradient, -learning_rate, growth_interval)


@mistake(of=mixed_precision_step, seen="catalogue R001-052")
def mixed_precision_step_that_grows_after_1000(state, scaled_gradient, learning_rate, growth_interval=1999):
    """the scale grows a step earlier if nothing is said"""
    return mixed_precision_step(state, scaled_gradient, learning_rate, growth_interval)


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_below_half_a_spacing(weights, updates):
    """what is smaller than half the spacing above the weight counts as lost; below a power of two it is a quarter"""
    infinity = torch.full_like(weights, torch.inf)
    spacing = torch.nextafter(weights.abs(), infinity) - weights.abs()
    return updates.abs() < spacing / 2


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_below_a_quarter_of_the_spacing(weights, updates):
    """what is smaller than a quarter of the spacing counts as lost, which is too few"""
    infinity = torch.full_like(weights, torch.inf)
    spacing = torch.nextafter(weights.abs(), infinity) - weights.abs()
    return (updates.abs() < spacing / 4) | (updates == 0)


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_relative_to_epsilon(weights, updates):
    """updates below eps times the weight count as lost, which are twice too many"""
    return updates.abs() < torch.finfo(weights.dtype).eps * weights.abs()


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_in_wide_precision(weights, updates):
    """the difference is taken in FP64, where nothing is lost"""
    return weights.double() - updates.double() == weights.double()


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_in_half_precision(weights, updates):
    """the difference is taken in FP16 whatever the precision of the weights"""
    return weights.half() - updates.half() == weights.half()


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_that_are_close(weights, updates):
    """weights that are close count as the same, which no last bit shows"""
    return torch.isclose(weights - updates, weights)


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_without_subnormals(weights, updates):
    """numbers below the smallest normal one are taken for 0"""
    least = torch.finfo(weights.dtype).smallest_normal
    weights, updates, moved = (torch.where(x.abs() < least, 0 * x, x) for x in (weights, updates, weights - updates))
    return moved == weights


@mistake(of=lost_updates, seen="catalogue R003-256")
def lost_updates_of_sums(weights, updates):
    """the update is added instead of subtracted, and spacings differ on the two sides of a power of two"""
    return weights + updates == weights


@mistake(of=mixed_precision_adam_bytes, seen="E003-117")
def mixed_precision_adam_bytes_without_master(trained, frozen=0):
    """the master weights are left out: 12 bytes instead of 16"""
    return mixed_precision_adam_bytes(trained, frozen) - 4 * trained


@mistake(of=mixed_precision_adam_bytes, seen="catalogue R003-257")
def mixed_precision_adam_bytes_with_moments_for_all(trained, frozen=0):
    """frozen parameters have moments and gradients too"""
    return mixed_precision_adam_bytes(trained + frozen)


@mistake(of=mixed_precision_adam_bytes, seen="catalogue R003-257")
def mixed_precision_adam_bytes_without_frozen(trained, frozen=0):
    """the weights of frozen parameters are left out"""
    mixed_precision_adam_bytes(trained, frozen)
    return 16 * trained


@mistake(of=mixed_precision_adam_bytes, seen="catalogue R003-257")
def mixed_precision_adam_bytes_in_thirty_two_bits(trained, frozen=0):
    """the number of bytes wraps around at 4 GiB"""
    return mixed_precision_adam_bytes(trained, frozen) % 2**32


@mistake(of=mixed_precision_adam_bytes, seen="catalogue R003-257")
def mixed_precision_adam_bytes_in_single_precision(trained, frozen=0):
    """the number of bytes is rounded to 24 digits"""
    return int(torch.tensor(mixed_precision_adam_bytes(trained, frozen), dtype=torch.float32).item())


@mistake(of=mixed_precision_adam_bytes, seen="catalogue R003-257")
def mixed_precision_adam_bytes_without_check(trained, frozen=0):
    """negative counts are accepted"""
    return 16 * trained + 2 * frozen


@variant(of=mixed_precision_adam_bytes, seen="catalogue R003-257")
def mixed_precision_adam_bytes_by_parts(trained, frozen=0):
    """2 bytes for every weight and 14 more for trained ones are the same"""
    mixed_precision_adam_bytes(trained, frozen)
    return 2 * (trained + frozen) + 14 * trained
