"""Sampling that starts from a given image: image-to-image, inpainting, and the embedding of a new word.

A denoiser returns predicted clean data and is told the timestep of the full chain, zero-based. Levels have the shape of
the data with ones where they broadcast, as `schedules.extract` returns them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from reference.diffusion.forward import q_between, q_sample
from reference.diffusion.posteriors import gaussian_posterior, sample_gaussian
from reference.diffusion.respacing import step_levels
from reference.diffusion.samplers import _kept, ddim_sample
from reference.training.optimizers import sgd_step


class InpaintingNoise(NamedTuple):
    """Noise of inpainting: entries [i, u] belong to visit u of the i-th kept timestep in ascending order, from 0.

    `jump` is for the step back up that begins the visit (not used in the first), `reverse` for the model's step down,
    `known` for the given part at the level below.
    """

    reverse: Float[Tensor, "kept resamples batch *dims"]
    known: Float[Tensor, "kept resamples batch *dims"]
    jump: Float[Tensor, "kept resamples batch *dims"]


def strength_timesteps(timesteps: Sequence[int], strength: float) -> tuple[int, ...]:
    """The cleanest of the kept timesteps, ascending, as many as image-to-image of this strength runs.

        the first k of the n timesteps,   k = max {k : k / n <= strength} = floor(strength n)

        >>> strength_timesteps((900, 700, 500, 300, 100), 0.5)
        (100, 300)

    The quotients are compared, not the product taken: 0.29 of 100 steps is 29, though 0.29 * 100 < 29 in floats.

    Domain: strength in [0, 1], else ValueError; 0 keeps none, 1 all. Timesteps in any order.
    Source: Meng et al. 2021 (SDEdit), arXiv:2108.01073, section 3 (t_0), in steps of a shortened chain.
    Differs: diffusers takes int(n * strength), one step fewer where that product falls short of a whole number.
    Notes: R003-152.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in [0, 1]; got {strength}")
    return tuple(t for k, t in enumerate(sorted(timesteps), 1) if k / len(timesteps) <= strength)


def image_to_image(
    denoiser: Callable[[Tensor, int], Tensor],
    x_0: Float[Tensor, "batch *dims"],
    noise: Float[Tensor, "batch *dims"],
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Sequence[int],
    strength: float,
) -> Float[Tensor, "batch *dims"]:
    """Variation of an image: noised to the level of the last timestep that is left, and brought down by DDIM.

        kept = strength_timesteps(timesteps, strength)
        out = ddim_sample(denoiser, q_sample(x_0, noise, alpha_bar[max kept]), ..., kept, eta = 0)

    Domain: strength in [0, 1]; kept timesteps as in `ddim_sample`; else ValueError. Where none is left, as at strength
    0, the result is x_0.
    Source: Meng et al. 2021 (SDEdit), arXiv:2108.01073, section 3; DDIM steps: arXiv:2010.02502, eq. 12.
    Differs: SDEdit itself takes stochastic steps.
    Notes: R003-152.
    """
    kept = strength_timesteps(timesteps, strength)
    if not kept:
        return x_0.clone()
    start = step_levels(alpha_bar, kept).alpha_bar_t[-1]
    x_t = q_sample(x_0, noise, start.reshape([1] * x_0.ndim))
    return ddim_sample(denoiser, x_t, noise.new_zeros(len(kept), *noise.shape), alpha_bar, kept, 0.0)


def inpainting_blend(
    x_s: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    noise: Float[Tensor, "*batch dim"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
    known: Bool[Tensor, "*#batch #dim"],
) -> Float[Tensor, "*batch dim"]:
    """The model's sample at level s, with the given part of the image put in at the same level.

        out = q_sample(x_0, noise, alpha_bar_s) where known, x_s elsewhere

    Domain: 0 <= alpha_bar_s <= 1. At 1 the known part is x_0 itself. The mask is True where the image is kept.
    Source: Lugmayr et al. 2022 (RePaint), arXiv:2201.09865, eq. 8.
    Differs: eq. 8a prints level t for the known part of x_{t-1}. Stable Diffusion's inpainting marks the part to be
    made, unlike RePaint, whose mask is ours.
    Notes: R003-156.
    """
    return torch.where(known, q_sample(x_0, noise, alpha_bar_s), x_s)


def inpaint(
    denoiser: Callable[[Tensor, int], Tensor],
    x_T: Float[Tensor, "batch *dims"],
    x_0: Float[Tensor, "batch *dims"],
    known: Bool[Tensor, "#batch *#dims"],
    noise: InpaintingNoise,
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Sequence[int],
    num_resamples: int,
) -> Float[Tensor, "batch *dims"]:
    """Sample that agrees with x_0 where it is known; each step down is taken U times, with a step back up in between.

        for t = tau_n, ..., tau_1 and s the kept timestep below, clean below tau_1:
            for u = 1..U:
                x_t = sample of q(x_t | x_s)   if u > 1 and s is not clean
                x_s = sample of q(x_s | x_t, denoiser(x_t, t)), with the known part at level s
            x_t = x_s

    So all U visits of tau_1 see the same x_t.

    Domain: num_resamples U >= 1; distinct timesteps in 0..T-1, at least one, in any order, each with U noises of each
    kind; 1 > alpha_bar[tau_1] > alpha_bar[tau_2] > ... >= 0; else ValueError. The mask is True where x_0 is kept.
    Source: Lugmayr et al. 2022 (RePaint), arXiv:2201.09865, algorithm 1.
    Differs: line 5 of algorithm 1 prints level t for the known part of x_{t-1}, and a variance for its standard
    deviation. In its experiments a jump goes back ten steps at once.
    Notes: R003-156.
    """
    if num_resamples < 1:
        raise ValueError(f"num_resamples must be at least 1; got {num_resamples}")
    kept, levels = _kept(alpha_bar, timesteps, x_T.ndim)
    _check_noise(noise, (len(kept), num_resamples, *x_T.shape))
    x_t = x_s = x_T
    for i in reversed(range(len(kept))):
        alpha_bar_t, alpha_bar_s = levels.alpha_bar_t[i], levels.alpha_bar_s[i]
        for u in range(num_resamples):
            if u > 0 and i > 0:
                x_t = q_between(x_s, noise.jump[i, u], alpha_bar_s, alpha_bar_t)
            mean, variance = gaussian_posterior(x_t, denoiser(x_t, kept[i]), alpha_bar_t, alpha_bar_s)
            x_s = sample_gaussian(mean, variance.log(), noise.reverse[i, u])
            x_s = inpainting_blend(x_s, x_0, noise.known[i, u], alpha_bar_s, known)
        x_t = x_s
    return x_t


def textual_inversion_gradient(
    loss: Callable[[Tensor], Tensor], embeddings: Float[Tensor, "vocabulary dim"], token: int
) -> Float[Tensor, "vocabulary dim"]:
    """Gradient of a loss in the embedding of one word, 0 for all others, those in the prompt included.

        out[w] = d loss / d embeddings[w] if w = token, else 0

    Domain: a scalar loss of the whole table; 0 <= token < vocabulary, else ValueError.
    Source: Gal et al. 2022 (textual inversion), arXiv:2208.01618, eq. 2.
    Notes: R003-157.
    """
    frozen = _frozen(embeddings, token)
    return torch.func.grad(loss)(embeddings).masked_fill(frozen, 0)


def textual_inversion_step(
    embeddings: Float[Tensor, "vocabulary dim"],
    gradient: Float[Tensor, "vocabulary dim"],
    token: int,
    learning_rate: float,
    weight_decay: float = 0.0,
) -> Float[Tensor, "vocabulary dim"]:
    """The table after a step of gradient descent on the embedding of one word, bit by bit the same for all others.

        out[w] = e - learning_rate (gradient[w] + weight_decay e) if w = token, else e,   e = embeddings[w]

    A gradient of 0 does not freeze a row: weight decay would still shrink it.

    Domain: 0 <= token < vocabulary; learning_rate and weight_decay as in `sgd_step`; else ValueError.
    Source: Gal et al. 2022 (textual inversion), arXiv:2208.01618, section 3; frozen rows: diffusers, whose training
    script writes them back after each step.
    Notes: R003-157.
    """
    stepped = sgd_step(embeddings, gradient, learning_rate, weight_decay)
    return torch.where(_frozen(embeddings, token), embeddings, stepped)


def _check_noise(noise: InpaintingNoise, shape: tuple[int, ...]) -> None:
    for name, values in noise._asdict().items():
        if values.shape != shape:
            raise ValueError(f"noise for {name} must have shape {shape}; got {tuple(values.shape)}")


def _frozen(embeddings: Float[Tensor, "vocabulary dim"], token: int) -> Bool[Tensor, "vocabulary 1"]:
    if not 0 <= token < len(embeddings):
        raise ValueError(f"token must lie in 0..{len(embeddings) - 1}; got {token}")
    return torch.arange(len(embeddings), device=embeddings.device)[:, None] != token
