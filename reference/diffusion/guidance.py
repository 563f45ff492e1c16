"""Guidance: predictions pushed towards a condition, by the gradient of a classifier or by a second prediction.

`scale` counts from the unconditional prediction, which is 0; the conditional one is 1.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def classifier_gradient(
    logits_of: Callable[[Tensor], Tensor], x_t: Float[Tensor, "batch *dims dim"], labels: Int64[Tensor, "batch"]
) -> Float[Tensor, "batch *dims dim"]:
    """Gradient in x_t of the log probability that a classifier of noisy data gives to each sample's label.

        out[b] = d/dx_t[b] log softmax(logits_of(x_t))[b, labels[b]]

    `logits_of(x_t)` returns logits of shape (batch, classes); it sees x_t, so it is trained on x_t.

    Domain: 0 <= labels < classes; logits of a sample that depend on no other sample.
    Source: Dhariwal & Nichol 2021, arXiv:2105.05233, section 4.
    Notes: R004-103, R004-106.
    """

    def log_probability(x: Tensor) -> Tensor:
        return torch.log_softmax(logits_of(x), dim=1).gather(1, labels[:, None]).sum()

    return torch.func.grad(log_probability)(x_t)


def classifier_guided_mean(
    mean: Float[Tensor, "*batch dim"],
    gradient: Float[Tensor, "*batch dim"],
    variance: Float[Tensor, "*#batch #dim"],
    scale: float,
) -> Float[Tensor, "*batch dim"]:
    """Mean of a reverse step N(mean, variance) tilted by p(y | x)^scale.

        out = mean + scale variance gradient,   gradient = d/dx log p(y | x)

    Exact if log p(y | x) is linear in x. With a curvature of -a the exact shift and variance are smaller by a factor of
    1 + scale a variance, which this leaves out.

    Domain: variance >= 0, every real scale. The variance of the step stays.
    Source: Dhariwal & Nichol 2021, arXiv:2105.05233, section 4.1 and algorithm 1.
    Differs: the derivation takes the gradient at the mean, algorithm 1 and its code at the noisier sample.
    Notes: R001-112, R003-149, R004-103, R004-104, R004-105.
    """
    return mean + scale * variance * gradient


def classifier_guided_epsilon(
    epsilon: Float[Tensor, "*batch dim"],
    gradient: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    scale: float,
) -> Float[Tensor, "*batch dim"]:
    """Noise whose score is that of q(x_t) p(y | x_t)^scale, which is q(x_t | y) at scale 1 only.

        out = epsilon - scale sqrt(1 - alpha_bar_t) gradient,   gradient = d/dx_t log p(y | x_t)

    Domain: 0 <= alpha_bar_t <= 1, every real scale.
    Source: Dhariwal & Nichol 2021, arXiv:2105.05233, section 4.2 and algorithm 2, for scale 1.
    Notes: R001-113, R003-149.
    """
    return epsilon - scale * (1 - alpha_bar_t).sqrt() * gradient


def classifier_free_guidance(
    unconditional: Float[Tensor, "*shape"], conditional: Float[Tensor, "*shape"], scale: float
) -> Float[Tensor, "*shape"]:
    """Prediction moved along the line from the unconditional one at scale 0 to the conditional one at scale 1.

        out = unconditional + scale (conditional - unconditional)

    The same in noise, score, velocity, mean and clean data, as long as nothing is clipped.

    Domain: every real scale.
    Source: Nichol et al. 2021, arXiv:2112.10741 (GLIDE), section 2.3.
    Differs: the paper of classifier-free guidance counts from the conditional prediction, scale = 1 + weight: see
        `classifier_free_guidance_by_weight`. DiT guides the first three of four channels only.
    Notes: R003-150.
    """
    return unconditional + scale * (conditional - unconditional)


def classifier_free_guidance_by_weight(
    unconditional: Float[Tensor, "*shape"], conditional: Float[Tensor, "*shape"], weight: float
) -> Float[Tensor, "*shape"]:
    """Prediction moved away from the unconditional one: the conditional one at weight 0, the other at weight -1.

        out = (1 + weight) conditional - weight unconditional

    Domain: every real weight.
    Source: Ho & Salimans 2022, arXiv:2207.12598, eq. 6.
    Differs: most code takes a scale of 1 + weight: see `classifier_free_guidance`.
    Notes: R003-150.
    """
    return (1 + weight) * conditional - weight * unconditional


def guidance_scale_from_weight(weight: float) -> float:
    """The scale at which `classifier_free_guidance` equals `classifier_free_guidance_by_weight`.

        scale = 1 + weight

    Domain: every real weight.
    Source: Ho & Salimans 2022, arXiv:2207.12598, eq. 6, written as unconditional + scale (conditional - unconditional).
    Notes: R003-150.
    """
    return 1 + weight


def negative_prompt_guidance(
    negative: Float[Tensor, "*shape"], positive: Float[Tensor, "*shape"], scale: float
) -> Float[Tensor, "*shape"]:
    """Prediction moved from that for a negative prompt to that for a positive one, and on for scales above 1.

        out = negative + scale (positive - negative)

    The negative prompt stands in the place of the empty one.

    Domain: every real scale.
    Source: the `negative_prompt` of Stable Diffusion pipelines, such as those of diffusers.
    Notes: R003-153.
    """
    return negative + scale * (positive - negative)


def negative_and_unconditional_guidance(
    unconditional: Float[Tensor, "*shape"],
    positive: Float[Tensor, "*shape"],
    negative: Float[Tensor, "*shape"],
    positive_scale: float,
    negative_scale: float,
) -> Float[Tensor, "*shape"]:
    """Prediction moved from the unconditional one towards a positive and away from a negative prompt.

        out = unconditional + positive_scale (positive - unconditional) - negative_scale (negative - unconditional)

    At negative_scale = positive_scale - 1 the unconditional prediction cancels and `negative_prompt_guidance` is left.

    Domain: every real scale.
    Source: Liu et al. 2022, arXiv:2206.01714 (conjunction and negation).
    Notes: R003-154.
    """
    towards = positive_scale * (positive - unconditional)
    away = negative_scale * (negative - unconditional)
    return unconditional + towards - away


def rescale_guidance(
    guided: Float[Tensor, "batch *dims dim"], conditional: Float[Tensor, "batch *dims dim"], phi: float
) -> Float[Tensor, "batch *dims dim"]:
    """Guided prediction whose standard deviation is brought back towards that of the conditional one.

        out = phi guided std(conditional) / std(guided) + (1 - phi) guided

    std is over all axes of a sample, about its mean; the mean of the guided prediction is scaled along.

    Domain: 0 <= phi <= 1; else ValueError. A guided sample whose elements are all equal is returned as it is.
    Source: Lin et al. 2023, arXiv:2305.08891, section 3.4.
    Differs: most code divides 0 by 0 for a guided sample without spread.
    Notes: R003-150.
    """
    if not 0 <= phi <= 1:
        raise ValueError(f"phi must be in [0, 1]; got {phi}")
    axes = tuple(range(1, guided.ndim))
    flat = guided.amax(axes, keepdim=True) == guided.amin(axes, keepdim=True)
    ratio = conditional.std(axes, correction=0, keepdim=True) / guided.std(axes, correction=0, keepdim=True)
    return torch.where(flat, 1, phi * ratio + 1 - phi) * guided


def dynamic_threshold(x_0: Float[Tensor, "batch *dims dim"], quantile: float) -> Float[Tensor, "batch *dims dim"]:
    """Predicted data clipped at a quantile of its own absolute values, at least 1, and divided by it.

        out = clip(x_0, -s, s) / s,   s = max(1, quantile of |x_0| over the sample)

    The quantile is interpolated linearly between the two nearest of the sorted values.

    Domain: 0 <= quantile <= 1; else ValueError. Data in [-1, 1] stays as it is.
    Source: Saharia et al. 2022, arXiv:2205.11487 (Imagen), section 2.3 and its pseudocode.
    Differs: the text without the pseudocode leaves x_0 unclipped where the quantile is below 1. diffusers caps s at
        `sample_max_value`, 1 by default, which leaves static clipping.
    Notes: R003-150.
    """
    if not 0 <= quantile <= 1:
        raise ValueError(f"quantile must be in [0, 1]; got {quantile}")
    ordered = x_0.abs().flatten(1).sort(dim=1).values
    place = quantile * (ordered.shape[1] - 1)
    below = math.floor(place)
    bound = torch.lerp(ordered[:, below], ordered[:, math.ceil(place)], place - below).clamp(min=1)
    bound = bound.reshape(len(x_0), *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound) / bound


def guided_prediction(
    denoiser: Callable[[Tensor, Tensor], Tensor],
    x_t: Float[Tensor, "batch *dims dim"],
    condition: Float[Tensor, "batch width"],
    null_condition: Float[Tensor, "width"],
    scale: float,
) -> Float[Tensor, "batch *dims dim"]:
    """Classifier-free guidance of a denoiser that is asked twice about the same x_t.

        out = u + scale (c - u),   u = denoiser(x_t, null_condition),   c = denoiser(x_t, condition)

    `denoiser(x_t, condition)` gets one condition for each sample and drops none of its own accord.

    Domain: every real scale.
    Source: Ho & Salimans 2022, arXiv:2207.12598, algorithm 2.
    Differs: there the result is (1 + w) c - w u; see `guidance_scale_from_weight`.
    Notes: R003-150.
    """
    unconditional = denoiser(x_t, null_condition.expand_as(condition))
    return classifier_free_guidance(unconditional, denoiser(x_t, condition), scale)
