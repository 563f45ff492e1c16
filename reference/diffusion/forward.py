"""The forward process: from clean data to any level of noise, with the noise given.

Levels have the shape of the data with ones where they broadcast, as `schedules.extract` returns them.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def q_step(
    x_s: Float[Tensor, "*batch dim"], noise: Float[Tensor, "*batch dim"], beta_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Sample of q(x_t | x_{t-1}) for the given standard normal noise.

        x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) noise

    Domain: 0 <= beta_t <= 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 2.
    Notes: R003-122, R004-078, R004-080.
    """
    return (1 - beta_t).sqrt() * x_s + beta_t.sqrt() * noise


def q_between(
    x_s: Float[Tensor, "*batch dim"],
    noise: Float[Tensor, "*batch dim"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
) -> Float[Tensor, "*batch dim"]:
    """Sample of q(x_t | x_s) for any earlier level s, for the given standard normal noise.

        x_t = sqrt(a) x_s + sqrt(1 - a) noise,   a = alpha_bar_t / alpha_bar_s

    Domain: 0 <= alpha_bar_t <= alpha_bar_s <= 1, alpha_bar_s > 0.
    Source: Kingma et al. 2021, arXiv:2107.00630, section 3.1 and appendix A.
    Notes: R003-135, R004-078, R004-080.
    """
    a = alpha_bar_t / alpha_bar_s
    return a.sqrt() * x_s + (1 - a).sqrt() * noise


def q_sample(
    x_0: Float[Tensor, "*batch dim"], noise: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Sample of q(x_t | x_0) in closed form for the given standard normal noise.

        x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise

    Domain: 0 <= alpha_bar_t <= 1. At 1 it is x_0, at 0 the noise.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 4.
    Notes: R001-108, R002-002, R002-017, R003-124, R003-127, R003-129, R003-139, R004-080.
    """
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise


def q_mean_variance(
    x_0: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> tuple[Float[Tensor, "*batch dim"], Float[Tensor, "*#batch 1"]]:
    """Mean and variance of q(x_t | x_0).

        mean = sqrt(alpha_bar_t) x_0,   variance = 1 - alpha_bar_t

    Domain: 0 <= alpha_bar_t <= 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 4.
    Notes: R001-108, R002-002.
    """
    return alpha_bar_t.sqrt() * x_0, 1 - alpha_bar_t


def q_sample_with_context(
    x_0: Float[Tensor, "*batch dim"],
    noise: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    context: Bool[Tensor, "*batch dim"],
) -> Float[Tensor, "*batch dim"]:
    """Noised targets beside a clean context, for conditional models that see part of the data.

        out = x_0 where context, q_sample(x_0, noise, alpha_bar_t) elsewhere

    Domain: 0 <= alpha_bar_t <= 1. The mask is True where data is kept clean.
    Source: Tashiro et al. 2021 (CSDI), arXiv:2107.03502, section 4.
    Notes: R002-011, R002-017.
    """
    return torch.where(context, x_0, q_sample(x_0, noise, alpha_bar_t))


def offset_noise(
    noise: Float[Tensor, "batch channels *rest"], offset: Float[Tensor, "batch channels"], strength: float
) -> Float[Tensor, "batch channels *rest"]:
    """Noise with a common random shift for each channel of each sample.

        out[b, c, ...] = noise[b, c, ...] + strength offset[b, c]

    With standard normal noise and offset, two entries of one channel have covariance strength^2, and each has variance
    1 + strength^2.

    Domain: every real strength; 0.1 is usual.
    Source: Guttenberg 2023, "Diffusion with offset noise" (crosslabs.org).
    Differs: some trainers draw one shift per sample.
    Notes: R003-155.
    """
    return noise + strength * offset.reshape(*offset.shape, *[1] * (noise.ndim - 2))


def balanced_offset_weights(alpha_bar: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """Strength of the offset at each step for which training adds to the noise what the step back takes from it.

        psi_t = sigma_t / sigma_T,   sigma_t = sqrt((1 - alpha_bar_t) / alpha_bar_t)

    Domain: 1 > alpha_bar_1 > ... > alpha_bar_T > 0. Rises to 1.
    Source: Kutsuna 2024, arXiv:2412.03134, algorithm 1 (the balanced strategy), whose recursion this solves.
    Differs: OneTrainer leaves the factor sqrt(alpha_bar_t) out of psi_t.
    Notes: R003-155.
    """
    sigma = ((1 - alpha_bar) / alpha_bar).sqrt()
    return sigma / sigma[-1]
