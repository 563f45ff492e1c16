"""The noise-to-signal ratio sigma, by which samplers outside the variance-preserving family count time."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def sigma_from_alpha_bar(alpha_bar: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Ratio of noise to signal standard deviation.

        sigma = sqrt((1 - alpha_bar) / alpha_bar)

    Domain: 0 <= alpha_bar <= 1; infinite at 0.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, eq. 14.
    Notes: R004-081.
    """
    return torch.sqrt((1 - alpha_bar) / alpha_bar)


def alpha_bar_from_sigma(sigma: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Signal level of the variance-preserving chain with the given noise-to-signal ratio.

        alpha_bar = 1 / (1 + sigma^2)

    Domain: sigma >= 0.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, eq. 14, solved for alpha_bar.
    Notes: R004-081.
    """
    return 1 / (1 + sigma**2)


def v_time_from_sigma(sigma: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Time in [0, 1) on the clock of v-diffusion, where signal and noise trace a quarter turn.

        t = 2 / pi atan(sigma)

    Domain: sigma >= 0; t is 1/2 where signal and noise are equal and tends to 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, section 4 (alpha = cos, sigma = sin).
    Notes: R004-081.
    """
    return torch.atan(sigma) * (2 / math.pi)


def sigma_from_v_time(time: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Noise-to-signal ratio at a time of the v-diffusion clock.

        sigma = tan(pi t / 2)

    Domain: 0 <= time < 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, section 4.
    Notes: R004-081.
    """
    return torch.tan(time * (math.pi / 2))


def timestep_from_sigma(sigma: Float[Tensor, "batch"], sigmas: Float[Tensor, "steps"]) -> Float[Tensor, "batch"]:
    """Fractional index of sigma in an increasing table, linear in log sigma between the two entries around it.

        t = i + (log sigma - log sigma_i) / (log sigma_{i+1} - log sigma_i),   sigma_i <= sigma <= sigma_{i+1}

    Domain: at least two entries, else ValueError, positive and strictly increasing. Outside the table, its first or
    last index.
    Source: Karras et al. 2022, arXiv:2206.00364, appendix C.3, with interpolation between indices.
    Notes: R004-081.
    """
    if len(sigmas) < 2:
        raise ValueError(f"between fewer than two sigmas there is nothing to interpolate; got {len(sigmas)}")
    lower = (torch.searchsorted(sigmas, sigma) - 1).clamp(0, len(sigmas) - 2)
    low, high = sigmas[lower].log(), sigmas[lower + 1].log()
    return lower + ((sigma.log() - low) / (high - low)).clamp(0, 1)


def sigma_from_timestep(timestep: Float[Tensor, "batch"], sigmas: Float[Tensor, "steps"]) -> Float[Tensor, "batch"]:
    """Sigma at a fractional index of an increasing table, linear in log sigma.

        log sigma = (1 - w) log sigma_i + w log sigma_{i+1},   i = floor(t),   w = t - i

    Domain: 0 <= timestep <= len(sigmas) - 1, entries positive.
    Source: Karras et al. 2022, arXiv:2206.00364, appendix C.3, with interpolation between indices.
    Notes: R004-081.
    """
    lower = timestep.floor().long().clamp(0, len(sigmas) - 2)
    weight = timestep - lower
    return torch.exp((1 - weight) * sigmas[lower].log() + weight * sigmas[lower + 1].log())
