"""Training objectives of Gaussian diffusion, one value per sample, so that the caller weights and averages them."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from reference.diffusion.likelihood import decoder_nll, posterior_kl
from reference.diffusion.posteriors import posterior_mean_from_epsilon


def simple_loss(
    prediction: Float[Tensor, "batch *dims dim"], target: Float[Tensor, "batch *dims dim"]
) -> Float[Tensor, "batch"]:
    """Mean squared error of each sample.

        L = mean over elements of (target - prediction)^2

    Domain: prediction and target of one shape.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 14.
    Notes: R002-003, R002-019, R003-140, R004-092.
    """
    return (target - prediction).square().flatten(1).mean(1)


def weighted_loss(
    prediction: Float[Tensor, "batch *dims dim"],
    target: Float[Tensor, "batch *dims dim"],
    weight: Float[Tensor, "batch"],
) -> Float[Tensor, "batch"]:
    """Mean squared error of each sample, times the weight of its noise level.

        L = weight * mean over elements of (target - prediction)^2

    Domain: weight >= 0.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 12; Hang et al. 2023, arXiv:2303.09556, eq. 8.
    Notes: R002-010, R004-091.
    """
    return weight * simple_loss(prediction, target)


def target_loss(
    prediction: Float[Tensor, "batch *dims dim"],
    target: Float[Tensor, "batch *dims dim"],
    context: Bool[Tensor, "batch *dims dim"],
) -> Float[Tensor, "batch"]:
    """Mean squared error of each sample over the elements that were noised.

        L = sum over not context of (target - prediction)^2 / number of elements not in context

    Domain: at least one element outside the context in every sample; else NaN for that sample.
    Source: Tashiro et al. 2021 (CSDI), arXiv:2107.03502, eq. 9.
    Notes: R002-011, R002-019.
    """
    noised = (~context).flatten(1)
    square = torch.where(noised, (target - prediction).square().flatten(1), 0)
    return square.sum(1) / noised.sum(1)


def variational_epsilon_weight(
    alpha_bar_t: Float[Tensor, "*shape"], alpha_bar_s: Float[Tensor, "*shape"], variance: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Weight under which the squared error of epsilon is a term of the variational bound.

        w = (1 - a)^2 / (2 variance a (1 - alpha_bar_t)),   a = alpha_bar_t / alpha_bar_s

    Domain: 0 < alpha_bar_t < alpha_bar_s <= 1; variance > 0 is that of the model.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 12, where s = t - 1 and 1 - a = beta_t.
    Notes: R003-137, R004-091.
    """
    a = alpha_bar_t / alpha_bar_s
    return (1 - a) ** 2 / (2 * variance * a * (1 - alpha_bar_t))


def hybrid_loss(
    x_0: Float[Tensor, "batch *dims dim"],
    x_t: Float[Tensor, "batch *dims dim"],
    noise: Float[Tensor, "batch *dims dim"],
    epsilon: Float[Tensor, "batch *dims dim"],
    log_variance: Float[Tensor, "batch *dims dim"],
    alpha_bar_t: Float[Tensor, "*#batch_and_dims 1"],
    alpha_bar_s: Float[Tensor, "*#batch_and_dims 1"],
    vlb_weight: float = 0.001,
) -> Float[Tensor, "batch"]:
    """Simple loss for the mean plus a weighted term of the bound, in nats per element, for the variance alone.

        L = mean (noise - epsilon)^2 + vlb_weight * L_vlb(stop_gradient(mean), log_variance) / number of elements

    The bound's term is the decoder's where alpha_bar_s = 1.

    Domain: 0 < alpha_bar_t < alpha_bar_s <= 1, one level per sample; where alpha_bar_s = 1, x_0 on the 8-bit grid.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 16.
    Differs: improved-diffusion counts the term in bits (divides by log 2). The paper's L_vlb is the sum of all terms,
    which `rescaled_hybrid_loss` estimates.
    Notes: R004-100.
    """
    mean = posterior_mean_from_epsilon(x_t, epsilon.detach(), alpha_bar_t, alpha_bar_s)
    below_data = posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)
    at_data = decoder_nll(x_0, mean, log_variance)
    bound = torch.where(alpha_bar_s.flatten() == 1, at_data, below_data)
    return simple_loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


def rescaled_hybrid_loss(
    x_0: Float[Tensor, "batch *dims dim"],
    x_t: Float[Tensor, "batch *dims dim"],
    noise: Float[Tensor, "batch *dims dim"],
    epsilon: Float[Tensor, "batch *dims dim"],
    log_variance: Float[Tensor, "batch *dims dim"],
    alpha_bar_t: Float[Tensor, "*#batch_and_dims 1"],
    alpha_bar_s: Float[Tensor, "*#batch_and_dims 1"],
    num_steps: int,
) -> Float[Tensor, "batch"]:
    """Hybrid loss with one thousandth of the whole bound, of which one term in num_steps is seen.

        L = hybrid_loss with vlb_weight = num_steps / 1000

    Domain: as `hybrid_loss`; num_steps >= 1, else ValueError.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, code ("RESCALED_MSE").
    Notes: R004-100.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1; got {num_steps}")
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps / 1000)


def rescaled_bound(term: Float[Tensor, "batch"], num_steps: int) -> Float[Tensor, "batch"]:
    """Unbiased estimate of the sum of all terms of the bound from the term at one uniformly drawn timestep.

        L = num_steps * term

    Domain: num_steps >= 1; else ValueError.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, code ("RESCALED_KL").
    Notes: R004-084.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1; got {num_steps}")
    return num_steps * term
