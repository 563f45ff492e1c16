"""Gradients of micro-batches, added up before the optimizer steps."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def accumulated_gradient(gradients: Float[Tensor, "micro_batches *shape"]) -> Float[Tensor, "*shape"]:
    """Gradient of the mean loss of the joined batch, from those of the mean losses of micro-batches of equal size.

        sum_r g_r / k

    It is what k backward passes on loss / k add up to.

    Domain: at least one micro-batch, else ValueError; all of the same number of samples, for sequences of the same
    number of tokens that count in the loss.
    Source: textbook.
    Notes: R001-010.
    """
    if len(gradients) == 0:
        raise ValueError(f"needs at least one micro-batch; got gradients of shape {tuple(gradients.shape)}")
    return gradients.sum(0) / len(gradients)


def weighted_gradient(
    gradients: Float[Tensor, "micro_batches *shape"], counts: Sequence[int]
) -> Float[Tensor, "*shape"]:
    """Gradient of the mean loss of the joined batch, from those of the mean losses of micro-batches of any sizes.

        sum_r (n_r / N) g_r,   N = sum_r n_r

    Domain: one count n_r >= 0 for each micro-batch, not all 0; else ValueError.
    Source: textbook.
    Notes: R001-010.
    """
    total = sum(counts)
    if not total or min(counts) < 0 or len(counts) != len(gradients):
        raise ValueError(f"{len(gradients)} micro-batches need a count each, one of them positive; got {counts}")
    shares = gradients.new_tensor([count / total for count in counts])
    return torch.tensordot(shares, gradients, dims=1)


def steps_optimizer(epoch: int, iteration: int, iterations_per_epoch: int, micro_batches: int) -> bool:
    """Whether the optimizer steps after this iteration, which others only add their gradients to.

        (epoch iterations_per_epoch + iteration + 1) mod micro_batches = 0

    Iterations are counted across epochs, so that an accumulation may begin in one epoch and end in the next: N
    iterations have floor(N / micro_batches) steps. Ranks need to exchange gradients in these iterations only.

    Domain: epoch >= 0, 0 <= iteration < iterations_per_epoch, micro_batches >= 1; else ValueError.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`train_one_ep`, `stepping`).
    Notes: R001-010, R001-083.
    """
    if epoch < 0 or not 0 <= iteration < iterations_per_epoch:
        raise ValueError(f"no iteration {iteration} of {iterations_per_epoch} in epoch {epoch}")
    if micro_batches < 1:
        raise ValueError(f"an accumulation has at least one micro-batch; got {micro_batches}")
    return (epoch * iterations_per_epoch + iteration + 1) % micro_batches == 0
