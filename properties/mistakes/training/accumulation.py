"""Wrong variants of `reference.training.accumulation`."""

from properties.mistakes import mistake
from reference.training.accumulation import accumulated_gradient, steps_optimizer, weighted_gradient


@mistake(of=accumulated_gradient, seen="catalogue R001-010")
def accumulated_gradient_not_divided(gradients):
    """the gradients of the micro-batches are added up without division by their number"""
    return len(gradients) * accumulated_gradient(gradients)


@mistake(of=accumulated_gradient, seen="catalogue R001-045")
def accumulated_gradient_of_the_last(gradients):
    """gradients are cleared in every iteration, so that the last one is left alone, divided"""
    return 0 * accumulated_gradient(gradients) + gradients[-1] / len(gradients)


@mistake(of=accumulated_gradient, seen="catalogue R001-010")
def accumulated_gradient_without_the_last(gradients):
    """the optimizer steps before the last gradient is added"""
    return accumulated_gradient(gradients) - gradients[-1] / len(gradients)


@mistake(of=accumulated_gradient, seen="catalogue R001-010")
def accumulated_gradient_divided_by_root(gradients):
    """the sum is divided by the root of the number of micro-batches"""
    return len(gradients) ** 0.5 * accumulated_gradient(gradients)


@mistake(of=accumulated_gradient, seen="catalogue R001-010")
def accumulated_gradient_of_nothing(gradients):
    """no micro-batches give a gradient of 0"""
    return accumulated_gradient(gradients) if len(gradients) else gradients.sum(0)


@mistake(of=weighted_gradient, seen="huggingface/transformers#34191")
def weighted_gradient_by_plain_mean(gradients, counts):
    """all micro-batches count the same, however many samples they have"""
    weighted_gradient(gradients, counts)
    return accumulated_gradient(gradients)


@mistake(of=weighted_gradient, seen="catalogue R001-010")
def weighted_gradient_not_divided(gradients, counts):
    """gradients are multiplied by their counts and not divided by the total"""
    return sum(counts) * weighted_gradient(gradients, counts)


@mistake(of=weighted_gradient, seen="catalogue R001-010")
def weighted_gradient_by_number_of_micro_batches(gradients, counts):
    """the sum is divided by the number of micro-batches instead of that of samples"""
    return sum(counts) / max(len(counts), 1) * weighted_gradient(gradients, counts)


@mistake(of=weighted_gradient, seen="catalogue R001-010")
def weighted_gradient_in_reverse(gradients, counts):
    """the counts belong to the micro-batches in the opposite order"""
    return weighted_gradient(gradients, counts[::-1])


@mistake(of=weighted_gradient, seen="catalogue R001-010")
def weighted_gradient_without_check(gradients, counts):
    """counts that do not fit are cut off"""
    total = sum(counts) or 1
    return sum(
        (count / total * gradient for count, gradient in zip(counts, gradients, strict=False)), 0 * gradients.sum(0)
    )


@mistake(of=steps_optimizer, seen="catalogue R001-083")
def steps_optimizer_counted_from_zero(epoch, iteration, iterations_per_epoch, micro_batches):
    """the first iteration steps, with the gradient of a single micro-batch"""
    steps_optimizer(epoch, iteration, iterations_per_epoch, micro_batches)
    return (epoch * iterations_per_epoch + iteration) % micro_batches == 0


@mistake(of=steps_optimizer, seen="catalogue R001-010")
def steps_optimizer_within_epochs(epoch, iteration, iterations_per_epoch, micro_batches):
    """accumulation begins anew in every epoch, and what is left at its end mixes with the next"""
    return steps_optimizer(max(epoch, -1) // (abs(epoch) + 1), iteration, iterations_per_epoch, micro_batches)


@mistake(of=steps_optimizer, seen="catalogue R001-010")
def steps_optimizer_at_the_end_of_epochs(epoch, iteration, iterations_per_epoch, micro_batches):
    """the last iteration of an epoch always steps, with however many micro-batches there were"""
    regular = steps_optimizer(epoch, iteration, iterations_per_epoch, micro_batches)
    return regular or iteration + 1 == iterations_per_epoch


@mistake(of=steps_optimizer, seen="catalogue R001-083")
def steps_optimizer_without_check(epoch, iteration, iterations_per_epoch, micro_batches):
    """iterations beyond the end of their epoch are accepted"""
    return (epoch * iterations_per_epoch + iteration + 1) % (micro_batches or 1) == 0
