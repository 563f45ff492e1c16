"""Training on several processes as if on one: gradients and batch statistics of the batch that they hold together.

Rank r of W holds n_r of the N samples. Where samples of all ranks are one tensor they stand in the order of ranks, and
counts are the numbers n_r.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from reference.probability.moments import total_variance
from reference.training.clipping import clip_by_global_norm
from reference.training.collectives import all_reduce_mean, all_reduce_sum
from reference.transformer.norms import RunningMoments, batch_norm_in_evaluation


def data_parallel_gradient(
    gradients: Float[Tensor, "ranks *shape"], counts: Sequence[int]
) -> Float[Tensor, "ranks *shape"]:
    """The gradient of the mean loss on the joined batch, on all ranks, from that of the mean loss on each.

        out_r = 1/W sum_q f_q g_q = sum_q n_q / N g_q,   f_q = W n_q / N

    Gradients are averaged over the ranks, so that each must first multiply its loss by f: by 1 if all hold equally many
    samples, and never by W.

    Domain: one count >= 0 for each rank, not all 0; else ValueError. A rank without samples gives a finite g of any
    value.
    Source: Li et al. 2020 (PyTorch Distributed), arXiv:2006.15704, for equal counts.
    Differs: DistributedDataParallel leaves f to its user: it returns the gradient of the mean of the mean losses.
    Notes: R001-002.
    """
    total = _total(counts, len(gradients))
    factors = torch.tensor([len(counts) * count / total for count in counts], dtype=gradients.dtype)
    return all_reduce_mean(factors.to(gradients.device).reshape(-1, *[1] * (gradients.ndim - 1)) * gradients)


def data_parallel_gradient_from_sums(
    gradients: Float[Tensor, "ranks *shape"], counts: Sequence[int]
) -> Float[Tensor, "ranks *shape"]:
    """The gradient of the mean loss on the joined batch, on all ranks, from that of the summed loss on each.

        out_r = 1/N sum_q g_q

    Domain: one count >= 0 for each rank, not all 0; else ValueError. A rank without samples gives g = 0.
    Source: textbook.
    Differs: DistributedDataParallel divides by W, not by N, which makes it the gradient neither of sum nor of mean.
    Notes: R001-002.
    """
    return all_reduce_sum(gradients) / _total(counts, len(gradients))


def clipped_data_parallel_gradient(
    gradients: Float[Tensor, "ranks *shape"], counts: Sequence[int], max_norm: float
) -> Float[Tensor, "ranks *shape"]:
    """The gradient of the mean loss on the joined batch, on all ranks, shortened to a length of at most `max_norm`.

        out_r = g min(1, max_norm / (|g| + 1e-6)),   g = sum_q n_q / N g_q

    The average is clipped, which is the same on all ranks. Gradients that each rank clips before the exchange have
    another average.

    Domain: that of `data_parallel_gradient`; max_norm >= 0, else ValueError.
    Source: PyTorch, `clip_grad_norm_` after the backward pass of DistributedDataParallel.
    Notes: R001-002, R001-011.
    """
    joined = data_parallel_gradient(gradients, counts)
    return torch.stack([clip_by_global_norm([own], max_norm).gradients[0] for own in joined])


def pooled_moments(
    means: Float[Tensor, "ranks channels"], variances: Float[Tensor, "ranks channels"], counts: Sequence[int]
) -> tuple[Float[Tensor, "channels"], Float[Tensor, "channels"]]:
    """Mean and variance of the joined batch, from those of the ranks.

        mean     = sum_r n_r / N mean_r
        variance = sum_r n_r / N (variance_r + (mean_r - mean)^2)

    Both variances have their number of samples as divisor, n_r and N.

    Domain: variances >= 0; one count >= 0 for each rank, not all 0; else ValueError. A rank without samples gives
    finite moments of any value.
    Source: the law of total variance; PyTorch, SyncBatchNorm.
    Notes: R001-003.
    """
    total = _total(counts, len(means))
    weights = torch.tensor([count / total for count in counts], dtype=means.dtype, device=means.device)
    return weights @ means, torch.func.vmap(total_variance, (None, 1, 1))(weights, means, variances)


def synchronized_batch_norm(
    x: Float[Tensor, "samples channels"],
    counts: Sequence[int],
    moments: RunningMoments,
    gain: Float[Tensor, "channels"],
    bias: Float[Tensor, "channels"],
    momentum: float,
    epsilon: float,
) -> tuple[Float[Tensor, "samples channels"], RunningMoments]:
    """Batch norm in training by the moments of all ranks, and the running moments after it, the same on every rank.

        y = gain (x - mean) / sqrt(variance + epsilon) + bias
        running mean     <- (1 - momentum) running mean     + momentum mean
        running variance <- (1 - momentum) running variance + momentum variance N / (N - 1)

    Mean and variance are those of `pooled_moments`, so that this is batch norm of the joined batch. Only n_r and two
    vectors of each rank are exchanged.

    Domain: counts >= 1 that add up to N >= 2 samples, 0 <= momentum <= 1, epsilon >= 0; else ValueError.
    Source: PyTorch, SyncBatchNorm.
    Differs: PyTorch also accepts ranks without samples.
    Notes: R001-003.
    """
    if len(x) < 2 or not 0 <= momentum <= 1:
        raise ValueError(f"needs two samples and a momentum in [0, 1]; got {len(x)} and {momentum}")
    mean, variance = _joined_moments(x, counts)
    running = RunningMoments(
        (1 - momentum) * moments.mean + momentum * mean,
        (1 - momentum) * moments.variance + momentum * variance * len(x) / (len(x) - 1),
    )
    return batch_norm_in_evaluation(x, RunningMoments(mean, variance), gain, bias, epsilon), running


def synchronized_batch_norm_gradient(
    x: Float[Tensor, "samples channels"],
    gradient: Float[Tensor, "samples channels"],
    counts: Sequence[int],
    gain: Float[Tensor, "channels"],
    epsilon: float,
) -> Float[Tensor, "samples channels"]:
    """The gradient for the input of `synchronized_batch_norm`, given that for its output.

        z  = (x - mean) / sqrt(variance + epsilon)
        dx = gain / sqrt(variance + epsilon) (dy - 1/N sum dy - z / N sum dy z)

    The sums run over all samples of all ranks: they are all-reduced from sums of each rank, and divided by N, not by W
    times the number of samples on one rank.

    Domain: counts >= 1 that add up to the number of samples, epsilon >= 0; else ValueError.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, section 3, with the sums of all ranks.
    Notes: R001-003.
    """
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0; got {epsilon}")
    mean, variance = _joined_moments(x, counts)
    scale = (variance + epsilon).sqrt()
    z = (x - mean) / scale
    sums = torch.stack([shard.sum(0) for shard in _shards(gradient, counts)])
    products = torch.stack([shard.sum(0) for shard in _shards(gradient * z, counts)])
    pull = all_reduce_sum(sums)[0] + z * all_reduce_sum(products)[0]
    return gain / scale * (gradient - pull / len(x))


def _joined_moments(x: Tensor, counts: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Mean and variance of all samples, from those on each rank."""
    shards = _shards(x, counts)
    means = torch.stack([shard.mean(0) for shard in shards])
    variances = torch.stack([shard.var(0, correction=0) for shard in shards])
    return pooled_moments(means, variances, counts)


def _shards(x: Tensor, counts: Sequence[int]) -> tuple[Tensor, ...]:
    """The samples of each rank, of which none may be without."""
    if any(count < 1 for count in counts) or sum(counts) != len(x):
        raise ValueError(f"counts must be at least 1 and add up to {len(x)} samples; got {counts}")
    return torch.split(x, [*counts])


def _total(counts: Sequence[int], world_size: int) -> int:
    """Number of samples on all ranks."""
    if len(counts) != world_size or any(count < 0 for count in counts) or sum(counts) < 1:
        raise ValueError(f"counts must be at least 0, not all 0, and one for each of {world_size} ranks; got {counts}")
    return sum(counts)
