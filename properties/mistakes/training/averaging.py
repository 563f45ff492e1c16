"""Wrong variants of `reference.training.averaging`."""

import torch

from properties.mistakes import mistake
from reference.training.averaging import averaged_weights, debiased_average, moving_average_step


@mistake(of=moving_average_step, seen="huggingface/pytorch-image-models#1182")
def moving_average_step_with_exchanged_shares(average, value, decay):
    """decay is the share of the new value"""
    return moving_average_step(value, average, decay)


@mistake(of=moving_average_step, seen="catalogue R003-040")
def moving_average_step_that_accumulates(average, value, decay):
    """the new value is added whole"""
    return moving_average_step(average, value, decay) + decay * value


@mistake(of=moving_average_step, seen="catalogue R003-043")
def moving_average_step_without_check(average, value, decay):
    """a share outside [0, 1] is accepted"""
    return decay * average + (1 - decay) * value


@mistake(of=moving_average_step, seen="catalogue R003-043")
def moving_average_step_of_a_coarse_decay(average, value, decay):
    """the decay is rounded to bfloat16, where all shares close to 1 are 1"""
    return moving_average_step(average, value, torch.tensor(decay).bfloat16().item())


@mistake(of=debiased_average, seen="karpathy/nanochat#818")
def debiased_average_counted_from_two(average, decay, num_values):
    """the count is increased before the correction, which is then 1 - decay^(n + 1)"""
    return debiased_average(average, decay, num_values + (num_values > 0))


@mistake(of=debiased_average, seen="huggingface/pytorch-image-models#1182")
def debiased_average_without_correction(average, decay, num_values):
    """the start is left in the average"""
    debiased_average(average, decay, num_values)
    return average.clone()


@mistake(of=debiased_average, seen="karpathy/convnetjs#107")
def debiased_average_multiplied(average, decay, num_values):
    """the average is multiplied by 1 - decay^n"""
    debiased_average(average, decay, num_values)
    return average * (1 - decay**num_values)


@mistake(of=debiased_average, seen="catalogue R003-043")
def debiased_average_without_check(average, decay, num_values):
    """an average of no values is infinite"""
    return average / ((1 - decay**num_values) or 1e-30)


@mistake(of=debiased_average, seen="catalogue R003-043")
def debiased_average_with_a_bounded_correction(average, decay, num_values):
    """the correction is at most a hundredfold"""
    debiased_average(average, decay, num_values)
    return average / max(1 - decay**num_values, 0.01)


@mistake(of=averaged_weights, seen="lucidrains/ema-pytorch commit 638f152")
def averaged_weights_of_parameters_only(averages, current, decay):
    """running statistics are left as they were"""
    moved = averaged_weights(averages, current, decay)
    return {name: averages[name].clone() if "running" in name else value for name, value in moved.items()}


@mistake(of=averaged_weights, seen="catalogue R001-056")
def averaged_weights_with_copied_buffers(averages, current, decay):
    """running statistics are copied from the model and not averaged"""
    moved = averaged_weights(averages, current, decay)
    return {name: current[name].clone() if "running" in name else value for name, value in moved.items()}


@mistake(of=averaged_weights, seen="catalogue R001-056")
def averaged_weights_with_averaged_counts(averages, current, decay):
    """whole numbers are averaged too, and cut off"""
    moved = averaged_weights(averages, current, decay)
    mixed = {name: decay * averages[name] + (1 - decay) * current[name] for name in moved}
    return {name: mixed[name].to(value.dtype) for name, value in moved.items()}


@mistake(of=averaged_weights, seen="catalogue R001-046")
def averaged_weights_of_common_names(averages, current, decay):
    """names that only one of the two has are dropped in silence"""
    names = averages.keys() & current.keys()
    return averaged_weights({name: averages[name] for name in names}, {name: current[name] for name in names}, decay)


@mistake(of=averaged_weights, seen="catalogue R001-056")
def averaged_weights_of_flags(averages, current, decay):
    """flags are neither averaged nor copied"""
    moved = averaged_weights(averages, current, decay)
    flags = {name: averages[name].clone() for name, value in current.items() if value.dtype == torch.bool}
    return {**moved, **flags}


@mistake(of=averaged_weights, seen="catalogue R001-056")
def averaged_weights_without_single_numbers(averages, current, decay):
    """tensors without an axis are taken for counts and copied"""
    moved = averaged_weights(averages, current, decay)
    return {name: value.clone() if not value.ndim else moved[name] for name, value in current.items()}
