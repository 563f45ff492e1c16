"""Wrong variants of `reference.training.learning_rates`."""

import math
import re

from properties.mistakes import mistake
from reference.training.learning_rates import (
    DecayGroups,
    cosine_rate,
    decay_groups,
    layer_rate,
    linear_epoch_rate,
    progressive_stage,
    warmup_rate,
)


@mistake(of=warmup_rate, seen="karpathy/nanoGPT commit dc81cb36")
def warmup_rate_from_zero(learning_rate, step, warmup_steps):
    """the first step has rate 0 and is lost"""
    warmup_rate(learning_rate, step, warmup_steps)
    return learning_rate * min(step / max(warmup_steps, 1), 1.0)


@mistake(of=warmup_rate, seen="karpathy/nanoGPT commit dc81cb36")
def warmup_rate_that_ends_a_step_early(learning_rate, step, warmup_steps):
    """the last step of the warm-up has all of the rate already"""
    warmup_rate(learning_rate, step, warmup_steps)
    return learning_rate * min((step + 1) / max(warmup_steps, 1), 1.0)


@mistake(of=warmup_rate, seen="karpathy/nanoGPT commit dc81cb36")
def warmup_rate_that_goes_on(learning_rate, step, warmup_steps):
    """the rate grows beyond the warm-up"""
    warmup_rate(learning_rate, step, warmup_steps)
    return learning_rate * (step + 1) / (warmup_steps + 1)


@mistake(of=warmup_rate, seen="karpathy/nanoGPT commit dc81cb36")
def warmup_rate_without_check(learning_rate, step, warmup_steps):
    """a step before the first gets a rate"""
    return learning_rate * min((step + 1) / max(warmup_steps + 1, 1), 1.0)


@mistake(of=cosine_rate, seen="catalogue R003-141")
def cosine_rate_to_zero(learning_rate, least_rate, step, num_steps):
    """the rate falls to 0 and the least rate is added to it"""
    return least_rate + cosine_rate(learning_rate, 0.0, step, num_steps)


@mistake(of=cosine_rate, seen="catalogue R003-141")
def cosine_rate_over_a_whole_turn(learning_rate, least_rate, step, num_steps):
    """the cosine runs through a whole turn, back up to the rate of the start"""
    cosine_rate(learning_rate, least_rate, step, num_steps)
    return least_rate + (learning_rate - least_rate) * (1 + math.cos(2 * math.pi * step / num_steps)) / 2


@mistake(of=cosine_rate, seen="catalogue R003-141")
def cosine_rate_over_a_quarter_turn(learning_rate, least_rate, step, num_steps):
    """the cosine runs through a quarter of a turn"""
    cosine_rate(learning_rate, least_rate, step, num_steps)
    return least_rate + (learning_rate - least_rate) * math.cos(math.pi * step / num_steps / 2)


@mistake(of=cosine_rate, seen="catalogue R003-141")
def cosine_rate_that_never_ends(learning_rate, least_rate, step, num_steps):
    """steps after the last get the least rate instead of an error"""
    return cosine_rate(learning_rate, least_rate, min(step, num_steps), num_steps)


@mistake(of=linear_epoch_rate, seen="catalogue R003-141")
def linear_epoch_rate_from_one(learning_rate, epoch, num_epochs):
    """epochs are counted from 1, so that the last one has rate 0"""
    linear_epoch_rate(learning_rate, epoch, num_epochs)
    return learning_rate * (1 - (epoch + 1) / num_epochs)


@mistake(of=linear_epoch_rate, seen="catalogue R003-141")
def linear_epoch_rate_to_zero(learning_rate, epoch, num_epochs):
    """the last epoch has rate 0"""
    linear_epoch_rate(learning_rate, epoch, num_epochs)
    return learning_rate * (1 - epoch / max(num_epochs - 1, 1))


@mistake(of=linear_epoch_rate, seen="catalogue R003-141")
def linear_epoch_rate_beyond_the_end(learning_rate, epoch, num_epochs):
    """an epoch after the last has rate 0 instead of an error"""
    return learning_rate * (1 - epoch / max(num_epochs, 1))


@mistake(of=layer_rate, seen="catalogue R001-009")
def layer_rate_upside_down(learning_rate, decay, layer, num_layers):
    """the first layer has all of the rate and the head the least"""
    return layer_rate(learning_rate, decay, num_layers - layer, num_layers)


@mistake(of=layer_rate, seen="catalogue R001-009")
def layer_rate_below_the_head(learning_rate, decay, layer, num_layers):
    """the head is counted as one layer below the top"""
    return decay * layer_rate(learning_rate, decay, layer, num_layers)


@mistake(of=layer_rate, seen="catalogue R001-009")
def layer_rate_linear(learning_rate, decay, layer, num_layers):
    """rates fall in equal parts instead of by equal factors"""
    layer_rate(learning_rate, decay, layer, num_layers)
    return learning_rate * (1 - (1 - decay) * (num_layers - layer))


@mistake(of=layer_rate, seen="catalogue R001-009")
def layer_rate_without_check(learning_rate, decay, layer, num_layers):
    """layers above the head get a rate above all others"""
    return learning_rate * (decay or 1.0) ** (num_layers - layer)


@mistake(of=decay_groups, seen="catalogue R001-008")
def decay_groups_with_decayed_biases(shapes, exempt=()):
    """vectors are decayed unless they are called bias"""
    return decay_groups(dict.fromkeys(shapes, (1, 1)), exempt)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_without_exemptions(shapes, exempt=()):
    """the exempt words are ignored"""
    return decay_groups(shapes)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_that_exempt_last_words_only(shapes, exempt=()):
    """a name is exempt where it ends in the word, and not where it contains it"""
    return decay_groups(shapes, [name for name in shapes if any(name.endswith(word) for word in exempt)])


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_with_names_in_both(shapes, exempt=()):
    """parameters with an exempt name are in both groups"""
    groups = decay_groups(shapes, exempt)
    return DecayGroups(decay_groups(shapes).decayed, groups.not_decayed)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_that_lose_names(shapes, exempt=()):
    """exempt parameters are in neither group, and are not trained"""
    return DecayGroups(decay_groups(shapes, exempt).decayed, decay_groups(shapes).not_decayed)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_with_decayed_numbers(shapes, exempt=()):
    """parameters without an axis are decayed"""
    return decay_groups({name: shape or (1, 1) for name, shape in shapes.items()}, exempt)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_with_bias_anywhere(shapes, exempt=()):
    """tables whose name contains bias in any place are not decayed"""
    return decay_groups(shapes, ["bias", *exempt])


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_by_patterns(shapes, exempt=()):
    """exempt words are regular expressions, in which a dot stands for any letter"""
    exempted = {name for name in shapes if any(re.search(word, name) for word in exempt)}
    decayed = [name for name in decay_groups(shapes, exempt).decayed if name not in exempted]
    return DecayGroups(decayed, [name for name in shapes if name not in decayed])


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_of_the_first_word(shapes, exempt=()):
    """the first exempt word alone is looked for"""
    return decay_groups(shapes, exempt[:1])


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_without_kernels(shapes, exempt=()):
    """weights of convolutions, with four axes, are not decayed"""
    return decay_groups({name: shape[: len(shape) % 4] for name, shape in shapes.items()}, exempt)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_by_last_part(shapes, exempt=()):
    """a bias is a parameter whose part behind the last dot is bias, and not one that ends in it"""
    names = {name.replace("_bias", "_b"): name for name in shapes}
    groups = decay_groups({new: shapes[name] for new, name in names.items()}, exempt)
    return DecayGroups(*([names[new] for new in group] for group in groups))


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_rounded_down(iteration, warmup_end, growth_end, first_stage, last_stage):
    """stages are rounded down"""
    stage = progressive_stage(iteration, warmup_end, growth_end, first_stage, last_stage)
    if warmup_end < iteration < growth_end:
        return first_stage + (iteration - warmup_end) * (last_stage - first_stage) // (growth_end - warmup_end)
    return stage


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_with_halves_up(iteration, warmup_end, growth_end, first_stage, last_stage):
    """halves are rounded up instead of to the even number"""
    stage = progressive_stage(iteration, warmup_end, growth_end, first_stage, last_stage)
    if warmup_end < iteration < growth_end:
        progress = (iteration - warmup_end) / (growth_end - warmup_end)
        return first_stage + math.floor(progress * (last_stage - first_stage) + 0.5)
    return stage


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_of_all_training(iteration, warmup_end, growth_end, first_stage, last_stage):
    """growth begins at the first iteration instead of after the warm-up"""
    return progressive_stage(iteration, 0, growth_end, first_stage, last_stage)


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_without_first_stage(iteration, warmup_end, growth_end, first_stage, last_stage):
    """growth begins at stage 0"""
    if iteration >= 0 and first_stage <= last_stage:
        return progressive_stage(iteration, warmup_end, growth_end, 0, last_stage)
    return progressive_stage(iteration, warmup_end, growth_end, first_stage, last_stage)


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_with_growth_first(iteration, warmup_end, growth_end, first_stage, last_stage):
    """an iteration that ends both warm-up and growth has the last stage"""
    stage = progressive_stage(iteration, warmup_end, growth_end, first_stage, last_stage)
    return last_stage if iteration >= growth_end else stage


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_without_check(iteration, warmup_end, growth_end, first_stage, last_stage):
    """stages may shrink"""
    return progressive_stage(max(iteration, 0), warmup_end, growth_end, first_stage, max(first_stage, last_stage))


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_that_ends_early(iteration, warmup_end, growth_end, first_stage, last_stage):
    """the last stage begins behind the end of growth, even during the warm-up"""
    stage = progressive_stage(iteration, warmup_end, growth_end, first_stage, last_stage)
    return last_stage if iteration > growth_end else stage


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_by_axes_longer_than_one(shapes, exempt=()):
    """axes of size 1 do not count, and a matrix of one row is not decayed"""
    return decay_groups({name: tuple(size for size in shape if size > 1) for name, shape in shapes.items()}, exempt)


@mistake(of=decay_groups, seen="catalogue R001-049")
def decay_groups_of_any_case(shapes, exempt=()):
    """capital letters count as small ones, and names that only look like an exempt word are exempt"""
    spelt = {name.lower(): name for name in shapes}
    groups = decay_groups({name.lower(): shape for name, shape in shapes.items()}, [word.lower() for word in exempt])
    return type(groups)(*([spelt[name] for name in group] for group in groups))


@mistake(of=progressive_stage, seen="catalogue R001-084")
def progressive_stage_rounded_with_the_first(iteration, warmup_end, growth_end, first_stage, last_stage):
    """the first stage is added before rounding, so that halves go to another even number"""
    right = progressive_stage(iteration, warmup_end, growth_end, first_stage, last_stage)
    if not warmup_end < iteration < growth_end:
        return right
    progress = (iteration - warmup_end) / (growth_end - warmup_end)
    return round(first_stage + progress * (last_stage - first_stage))
