"""Wrong variants of `reference.training.data_parallel`."""

import torch

from properties.mistakes import mistake, variant
from reference.training.clipping import clip_by_global_norm
from reference.training.collectives import all_reduce_mean, all_reduce_sum
from reference.training.data_parallel import (
    clipped_data_parallel_gradient,
    data_parallel_gradient,
    data_parallel_gradient_from_sums,
    pooled_moments,
    synchronized_batch_norm,
    synchronized_batch_norm_gradient,
)
from reference.transformer.norms import RunningMoments, batch_norm_in_training


@mistake(of=data_parallel_gradient, seen="ultralytics/ultralytics#18616")
def data_parallel_gradient_times_world_size(gradients, counts):
    """the mean loss is multiplied by the number of ranks, although gradients are averaged"""
    return len(counts) * data_parallel_gradient(gradients, counts)


@mistake(of=data_parallel_gradient, seen="huggingface/transformers#608")
def data_parallel_gradient_of_the_mean_of_means(gradients, counts):
    """ranks with fewer samples count as much as the others"""
    data_parallel_gradient(gradients, counts)
    return all_reduce_mean(gradients)


@mistake(of=data_parallel_gradient, seen="catalogue R001-002")
def data_parallel_gradient_that_sums(gradients, counts):
    """gradients of mean losses are summed over the ranks"""
    data_parallel_gradient(gradients, counts)
    return all_reduce_sum(gradients)


@mistake(of=data_parallel_gradient, seen="catalogue R001-002")
def data_parallel_gradient_divided_twice(gradients, counts):
    """gradients are weighted by n / N and then averaged, which divides by the number of ranks once more"""
    return data_parallel_gradient(gradients, counts) / len(counts)


@mistake(of=data_parallel_gradient, seen="catalogue R001-002")
def data_parallel_gradient_on_its_own(gradients, counts):
    """every rank keeps its own gradient"""
    data_parallel_gradient(gradients, counts)
    return gradients.clone()


@mistake(of=data_parallel_gradient, seen="catalogue R001-002")
def data_parallel_gradient_without_check(gradients, counts):
    """counts of other ranks are left out of account or made up"""
    counts = [max(count, 0) for count in [*counts, *[1] * len(gradients)][: len(gradients)]]
    return data_parallel_gradient(gradients, counts if any(counts) else [1] * len(gradients))


@variant(of=data_parallel_gradient, seen="ShiqiYu/OpenGait#36")
def data_parallel_gradient_scaled_and_averaged(gradients, counts):
    """losses times W n / N, averaged over the ranks, are the mean over all samples"""
    data_parallel_gradient(gradients, counts)
    share = torch.tensor(counts, dtype=gradients.dtype) / sum(counts)
    return all_reduce_mean(torch.stack([len(counts) * n * g for n, g in zip(share, gradients, strict=True)]))


@mistake(of=data_parallel_gradient_from_sums, seen="pytorch/pytorch#37359")
def data_parallel_gradient_from_sums_averaged(gradients, counts):
    """gradients of summed losses are averaged over the ranks"""
    data_parallel_gradient_from_sums(gradients, counts)
    return all_reduce_mean(gradients)


@mistake(of=data_parallel_gradient_from_sums, seen="intel/ipex-llm#2079")
def data_parallel_gradient_from_sums_of_the_sum(gradients, counts):
    """the sum is not divided by the number of samples"""
    data_parallel_gradient_from_sums(gradients, counts)
    return all_reduce_sum(gradients)


@mistake(of=data_parallel_gradient_from_sums, seen="catalogue R001-002")
def data_parallel_gradient_from_sums_per_rank(gradients, counts):
    """each rank divides by its own number of samples"""
    safe = [max(count, 1) for count in counts]
    data_parallel_gradient_from_sums(gradients, counts)
    return all_reduce_mean(torch.stack([g / n for n, g in zip(safe, gradients, strict=True)]))


@mistake(of=clipped_data_parallel_gradient, seen="karpathy/nanochat@061f83c")
def clipped_data_parallel_gradient_before_the_exchange(gradients, counts, max_norm):
    """each rank clips its own gradient, and the clipped ones are averaged"""
    clipped_data_parallel_gradient(gradients, counts, max_norm)
    return data_parallel_gradient(
        torch.stack([clip_by_global_norm([own], max_norm).gradients[0] for own in gradients]), counts
    )


@mistake(of=clipped_data_parallel_gradient, seen="catalogue R001-002")
def clipped_data_parallel_gradient_of_all_ranks(gradients, counts, max_norm):
    """the norm is that of the gradients of all ranks together, which grows with their number"""
    return torch.stack(clip_by_global_norm([*data_parallel_gradient(gradients, counts)], max_norm).gradients)


@mistake(of=clipped_data_parallel_gradient, seen="catalogue R001-011")
def clipped_data_parallel_gradient_by_value(gradients, counts, max_norm):
    """every element is clipped on its own, which changes the direction"""
    clipped_data_parallel_gradient(gradients, counts, max_norm)
    return data_parallel_gradient(gradients, counts).clamp(-max_norm, max_norm)


@mistake(of=clipped_data_parallel_gradient, seen="catalogue R001-002")
def clipped_data_parallel_gradient_unclipped(gradients, counts, max_norm):
    """nothing is clipped"""
    clipped_data_parallel_gradient(gradients, counts, max_norm)
    return data_parallel_gradient(gradients, counts)


@mistake(of=clipped_data_parallel_gradient, seen="catalogue R001-002")
def clipped_data_parallel_gradient_to_length_zero(gradients, counts, max_norm):
    """a negative bound is taken for 0"""
    return clipped_data_parallel_gradient(gradients, counts, max(max_norm, 0.0))


@mistake(of=clipped_data_parallel_gradient, seen="catalogue R001-002")
def clipped_data_parallel_gradient_normalized(gradients, counts, max_norm):
    """short gradients are stretched to the bound too"""
    joined = clipped_data_parallel_gradient(gradients, counts, max_norm)
    return max_norm * joined / (torch.linalg.vector_norm(joined[0]) + 1e-6)


@mistake(of=clipped_data_parallel_gradient, seen="catalogue R001-011")
def clipped_data_parallel_gradient_with_nan_as_bound(gradients, counts, max_norm):
    """a bound of NaN is not below 0 and accepted"""
    bound = 1.0 if max_norm != max_norm else max_norm
    return clipped_data_parallel_gradient(gradients, counts, bound)


@mistake(of=pooled_moments, seen="catalogue R001-003")
def pooled_moments_without_spread_of_means(means, variances, counts):
    """the variances of the ranks are averaged, without the spread of their means"""
    mean, _ = pooled_moments(means, variances, counts)
    return mean, (torch.tensor(counts, dtype=means.dtype) / sum(counts)) @ variances


@mistake(of=pooled_moments, seen="PaddlePaddle/Paddle#32464")
def pooled_moments_of_equal_ranks(means, variances, counts):
    """all ranks have the same weight, whatever the number of their samples"""
    pooled_moments(means, variances, counts)
    return pooled_moments(means, variances, [1] * len(counts))


@mistake(of=pooled_moments, seen="catalogue R001-003")
def pooled_moments_unbiased(means, variances, counts):
    """the variance is multiplied by N / (N - 1)"""
    mean, variance = pooled_moments(means, variances, counts)
    return mean, variance * sum(counts) / (sum(counts) - 1)


@mistake(of=pooled_moments, seen="catalogue R001-003")
def pooled_moments_around_the_mean_of_means(means, variances, counts):
    """the spread of the means is taken around their plain average"""
    mean, _ = pooled_moments(means, variances, counts)
    weights = torch.tensor(counts, dtype=means.dtype) / sum(counts)
    return mean, weights @ (variances + (means - means.mean(0)).square())


@variant(of=pooled_moments, seen="catalogue R001-003")
def pooled_moments_from_squares(means, variances, counts):
    """the mean square less the square of the mean is the same variance"""
    mean, _ = pooled_moments(means, variances, counts)
    weights = torch.tensor(counts, dtype=means.dtype) / sum(counts)
    return mean, weights @ (variances + means.square()) - mean.square()


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_that_is_local(x, counts, moments, gain, bias, momentum, epsilon):
    """each rank standardises by its own mean and variance"""
    _, running = synchronized_batch_norm(x, counts, moments, gain, bias, momentum, epsilon)
    variances = [shard.var(0, correction=0) + epsilon for shard in x.split(counts)]
    parts = [(shard - shard.mean(0)) / v.sqrt() for shard, v in zip(x.split(counts), variances, strict=True)]
    return gain * torch.cat(parts) + bias, running


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_by_average_variance(x, counts, moments, gain, bias, momentum, epsilon):
    """the variances of the ranks are averaged, without the spread of their means"""
    _, running = synchronized_batch_norm(x, counts, moments, gain, bias, momentum, epsilon)
    variance = sum(shard.var(0, correction=0) * len(shard) for shard in x.split(counts)) / len(x)
    return gain * (x - x.mean(0)) / (variance + epsilon).sqrt() + bias, running


@mistake(of=synchronized_batch_norm, seen="pytorch/pytorch#22192")
def synchronized_batch_norm_with_the_count_of_one_rank(x, counts, moments, gain, bias, momentum, epsilon):
    """the running variance is made unbiased by the number of samples on one rank"""
    y, running = synchronized_batch_norm(x, counts, moments, gain, bias, momentum, epsilon)
    variance, n = x.var(0, correction=0), counts[0]
    unbiased = variance * n / max(n - 1, 1)
    return y, RunningMoments(running.mean, (1 - momentum) * moments.variance + momentum * unbiased)


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_with_biased_running_variance(x, counts, moments, gain, bias, momentum, epsilon):
    """the running variance has divisor N"""
    y, running = synchronized_batch_norm(x, counts, moments, gain, bias, momentum, epsilon)
    variance = (1 - momentum) * moments.variance + momentum * x.var(0, correction=0)
    return y, RunningMoments(running.mean, variance)


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_with_unbiased_variance(x, counts, moments, gain, bias, momentum, epsilon):
    """samples are scaled by the variance with divisor N - 1"""
    _, running = synchronized_batch_norm(x, counts, moments, gain, bias, momentum, epsilon)
    return gain * (x - x.mean(0)) / (x.var(0, correction=1) + epsilon).sqrt() + bias, running


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_with_momentum_exchanged(x, counts, moments, gain, bias, momentum, epsilon):
    """momentum is the weight of the old moments"""
    return synchronized_batch_norm(x, counts, moments, gain, bias, 1 - momentum, epsilon)


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_without_check(x, counts, moments, gain, bias, momentum, epsilon):
    """impossible counts and numbers give a result all the same"""
    if len(x) < 2 or epsilon < 0:
        return x.clone(), moments
    return batch_norm_in_training(x, moments, gain, bias, min(max(momentum, 0.0), 1.0), epsilon)


@mistake(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_with_nan_as_momentum(x, counts, moments, gain, bias, momentum, epsilon):
    """a momentum of NaN is neither below 0 nor above 1 and accepted"""
    share = 0.0 if momentum != momentum else momentum
    return synchronized_batch_norm(x, counts, moments, gain, bias, share, epsilon)


@variant(of=synchronized_batch_norm, seen="catalogue R001-003")
def synchronized_batch_norm_of_gathered_samples(x, counts, moments, gain, bias, momentum, epsilon):
    """batch norm of all samples in one place is the same"""
    synchronized_batch_norm(x, counts, moments, gain, bias, momentum, epsilon)
    return batch_norm_in_training(x, moments, gain, bias, momentum, epsilon)


def _gradient(x, gradient, gain, epsilon, mean_of, products_of=None):
    """The gradient for the input, for given ways to average gradients and their products with the samples."""
    scale = (x.var(0, correction=0) + epsilon).sqrt()
    z = (x - x.mean(0)) / scale
    products = (products_of or mean_of)(gradient * z)
    return gain / scale * (gradient - mean_of(gradient) - z * products)


@mistake(of=synchronized_batch_norm_gradient, seen="pytorch/pytorch#36688")
def synchronized_batch_norm_gradient_divided_by_local_count(x, gradient, counts, gain, epsilon):
    """sums over all ranks are divided by the number of ranks times that of the samples on each"""
    synchronized_batch_norm_gradient(x, gradient, counts, gain, epsilon)
    divisor = torch.repeat_interleave(len(counts) * torch.tensor(counts), torch.tensor(counts))[:, None]
    return _gradient(x, gradient, gain, epsilon, lambda values: values.sum(0) / divisor)


@mistake(of=synchronized_batch_norm_gradient, seen="catalogue R001-003")
def synchronized_batch_norm_gradient_without_exchange(x, gradient, counts, gain, epsilon):
    """each rank goes back through its own samples only, although the forward pass used all"""
    synchronized_batch_norm_gradient(x, gradient, counts, gain, epsilon)

    def local(values):
        return torch.cat([part.mean(0).expand_as(part) for part in values.split(counts)])

    return _gradient(x, gradient, gain, epsilon, local)


@mistake(of=synchronized_batch_norm_gradient, seen="pytorch/pytorch#36382")
def synchronized_batch_norm_gradient_of_mean_of_means(x, gradient, counts, gain, epsilon):
    """the means of the ranks are averaged, whatever the number of their samples"""
    synchronized_batch_norm_gradient(x, gradient, counts, gain, epsilon)
    return _gradient(
        x, gradient, gain, epsilon, lambda v: torch.stack([part.mean(0) for part in v.split(counts)]).mean(0)
    )


@mistake(of=synchronized_batch_norm_gradient, seen="catalogue R001-003")
def synchronized_batch_norm_gradient_of_fixed_variance(x, gradient, counts, gain, epsilon):
    """the variance is taken for a constant"""
    synchronized_batch_norm_gradient(x, gradient, counts, gain, epsilon)
    return _gradient(x, gradient, gain, epsilon, lambda v: v.mean(0), lambda v: 0 * v.mean(0))


@mistake(of=synchronized_batch_norm_gradient, seen="catalogue R001-003")
def synchronized_batch_norm_gradient_of_fixed_moments(x, gradient, counts, gain, epsilon):
    """mean and variance are taken for constants, as if the exchange passed no gradient on"""
    synchronized_batch_norm_gradient(x, gradient, counts, gain, epsilon)
    return _gradient(x, gradient, gain, epsilon, lambda v: 0 * v.mean(0))


@mistake(of=synchronized_batch_norm_gradient, seen="catalogue R001-003")
def synchronized_batch_norm_gradient_without_check(x, gradient, counts, gain, epsilon):
    """impossible counts and numbers give a gradient all the same"""
    return _gradient(x, gradient, gain, max(epsilon, 0.0), lambda v: v.mean(0))


@mistake(of=synchronized_batch_norm_gradient, seen="catalogue R001-003")
def synchronized_batch_norm_gradient_with_nan_as_epsilon(x, gradient, counts, gain, epsilon):
    """an epsilon of NaN is not below 0 and accepted"""
    return synchronized_batch_norm_gradient(x, gradient, counts, gain, 0.0 if epsilon != epsilon else epsilon)


@mistake(of=synchronized_batch_norm_gradient, seen="catalogue R001-003")
def synchronized_batch_norm_gradient_of_two_or_more(x, gradient, counts, gain, epsilon):
    """a single sample is refused, though its gradient is 0"""
    if len(x) == 1:
        raise ValueError("needs two samples")
    return synchronized_batch_norm_gradient(x, gradient, counts, gain, epsilon)
