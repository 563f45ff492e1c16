"""From noise to data step by step, by ancestral sampling or by DDIM, and back by DDIM.

A denoiser is told the timestep of the full chain, zero-based. Levels have the shape of the data with ones where they
broadcast, as `schedules.extract` returns them.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from reference.diffusion.forward import q_sample
from reference.diffusion.parameterizations import epsilon_from_x_0
from reference.diffusion.posteriors import gaussian_posterior, sample_gaussian
from reference.diffusion.respacing import StepLevels, step_levels


def ancestral_step(
    x_t: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    noise: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
    log_variance: Float[Tensor, "*#batch #dim"],
) -> Float[Tensor, "*batch dim"]:
    """Sample of the model's step to a cleaner level, around the posterior mean for the predicted clean data.

        x_s = E[x_s | x_t, x_0] + exp(log_variance / 2) noise,   without the noise where alpha_bar_s = 1

    Domain: 0 <= alpha_bar_t < alpha_bar_s <= 1. At alpha_bar_s = 1 the result is x_0, whatever the variance.
    Source: Ho et al. 2020, arXiv:2006.11239, algorithm 2 and eq. 11, where s = t - 1.
    Notes: R002-013, R003-142.
    """
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return torch.where(alpha_bar_s == 1, mean, sample_gaussian(mean, log_variance, noise))


def ancestral_sample(
    denoiser: Callable[[Tensor, int], tuple[Tensor, Tensor]],
    x_T: Float[Tensor, "batch *dims"],
    noise: Float[Tensor, "kept batch *dims"],
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Sequence[int],
) -> Float[Tensor, "batch *dims"]:
    """Data sampled by ancestral steps from the last kept timestep down to the clean level.

        x_0, log_variance = denoiser(x_t, t)
        x_s = ancestral_step(x_t, x_0, noise[i], ..., log_variance),   t = tau_i, s = tau_{i-1}

    noise[i] belongs to the step that leaves tau_i, the i-th kept timestep in ascending order; noise[0] is not used.

    Domain: distinct timesteps in 0..T-1, at least one, in any order, each with its noise;
    1 > alpha_bar[tau_0] > alpha_bar[tau_1] > ... >= 0; else ValueError.
    Source: Ho et al. 2020, arXiv:2006.11239, algorithm 2; shorter chains: arXiv:2102.09672, section 4.
    Notes: R002-020, R003-142, R003-143.
    """
    kept, levels = _kept(alpha_bar, timesteps, x_T.ndim)
    _check_noise(noise, kept)
    x_t = x_T
    for i in reversed(range(len(kept))):
        x_0, log_variance = denoiser(x_t, kept[i])
        x_t = ancestral_step(x_t, x_0, noise[i], levels.alpha_bar_t[i], levels.alpha_bar_s[i], log_variance)
    return x_t


def ddim_sigma(
    alpha_bar_t: Float[Tensor, "*shape"], alpha_bar_s: Float[Tensor, "*shape"], eta: float
) -> Float[Tensor, "*shape"]:
    """Standard deviation of the noise in a DDIM step: eta times that of the posterior q(x_s | x_t, x_0).

        sigma = eta sqrt((1 - alpha_bar_s) (1 - alpha_bar_t / alpha_bar_s) / (1 - alpha_bar_t))

    Domain: 0 <= alpha_bar_t < alpha_bar_s <= 1; eta in [0, 1], else ValueError, since beyond 1 sigma^2 may exceed
    1 - alpha_bar_s. At alpha_bar_s = 1 it is 0.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, eq. 16, whose alpha is our alpha_bar.
    Notes: R001-114, R002-014.
    """
    if not 0 <= eta <= 1:
        raise ValueError(f"eta must lie in [0, 1]; got {eta}")
    return eta * (1 - alpha_bar_s).sqrt() * ((1 - alpha_bar_t / alpha_bar_s) / (1 - alpha_bar_t)).sqrt()


def ddim_step(
    x_t: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    noise: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
    eta: float,
) -> Float[Tensor, "*batch dim"]:
    """Sample of q_sigma(x_s | x_t, x_0), the step that keeps q(x_s | x_0) for every eta.

        x_s = sqrt(alpha_bar_s) x_0 + sqrt(1 - alpha_bar_s - sigma^2) epsilon + sigma noise
        epsilon = (x_t - sqrt(alpha_bar_t) x_0) / sqrt(1 - alpha_bar_t),   sigma = ddim_sigma(...)

    epsilon follows from x_0, which may have been clipped. The difference under the root, which rounding could make
    negative, is written as a product with a sum:

        (1 - alpha_bar_s) (1 - eta^2 + eta^2 a (1 - alpha_bar_s) / (1 - alpha_bar_t)),   a = alpha_bar_t / alpha_bar_s

    Domain: 0 <= alpha_bar_t < alpha_bar_s <= 1; eta in [0, 1], else ValueError. At alpha_bar_s = 1 the result is x_0.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, eqs. 7 and 12, whose alpha is our alpha_bar.
    Differs: diffusers keeps the network's epsilon beside a clipped x_0, unless told use_clipped_model_output.
    Notes: R001-114, R002-014, R004-097, R004-098.
    """
    sigma = ddim_sigma(alpha_bar_t, alpha_bar_s, eta)
    share_in_posterior = alpha_bar_t / alpha_bar_s * (1 - alpha_bar_s) / (1 - alpha_bar_t)
    scale = (1 - alpha_bar_s).sqrt() * (1 - eta**2 + eta**2 * share_in_posterior).sqrt()
    weight_t = scale / (1 - alpha_bar_t).sqrt()
    weight_0 = alpha_bar_s.sqrt() - weight_t * alpha_bar_t.sqrt()
    mean = weight_0 * x_0 + weight_t * x_t
    return mean + sigma * noise if eta else mean


def ddim_sample(
    denoiser: Callable[[Tensor, int], Tensor],
    x_T: Float[Tensor, "batch *dims"],
    noise: Float[Tensor, "kept batch *dims"],
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Sequence[int],
    eta: float,
) -> Float[Tensor, "batch *dims"]:
    """Data sampled by DDIM steps from the last kept timestep down to the clean level.

        x_s = ddim_step(x_t, denoiser(x_t, t), noise[i], ..., eta),   t = tau_i, s = tau_{i-1}

    noise[i] belongs to the step that leaves tau_i, the i-th kept timestep in ascending order; noise[0] is not used, nor
    is any at eta = 0.

    Domain: distinct timesteps in 0..T-1, at least one, in any order, each with its noise;
    1 > alpha_bar[tau_0] > alpha_bar[tau_1] > ... >= 0; eta in [0, 1]; else ValueError.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, section 4.2 and eq. 12.
    Differs: diffusers with set_alpha_to_one=False ends at alpha_bar[0] instead of the clean level.
    Notes: R001-114, R001-117, R002-014.
    """
    kept, levels = _kept(alpha_bar, timesteps, x_T.ndim)
    _check_noise(noise, kept)
    x_t = x_T
    for i in reversed(range(len(kept))):
        x_0 = denoiser(x_t, kept[i])
        x_t = ddim_step(x_t, x_0, noise[i], levels.alpha_bar_t[i], levels.alpha_bar_s[i], eta)
    return x_t


def ddim_encode_step(
    x_s: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
) -> Float[Tensor, "*batch dim"]:
    """The step of DDIM at eta = 0 in the other direction, to a noisier level.

        x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon
        epsilon = (x_s - sqrt(alpha_bar_s) x_0) / sqrt(1 - alpha_bar_s)

    It undoes a step down if the same epsilon is predicted at both ends.

    Domain: 0 <= alpha_bar_t < alpha_bar_s < 1; clean data determine no epsilon. At alpha_bar_t = 0 it is the result.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, section 4.3.
    Notes: R001-115.
    """
    return q_sample(x_0, epsilon_from_x_0(x_s, x_0, alpha_bar_s), alpha_bar_t)


def ddim_encode(
    denoiser: Callable[[Tensor, int], Tensor],
    x: Float[Tensor, "batch *dims"],
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Sequence[int],
) -> Float[Tensor, "batch *dims"]:
    """Data at the level of the first kept timestep, carried by DDIM to that of the last.

        x_t = ddim_encode_step(x_s, denoiser(x_s, s), ...),   s = tau_i, t = tau_{i+1}

    The denoiser is asked at the level and the timestep that a step leaves, so never at the last.

    Domain: distinct timesteps in 0..T-1, at least one, in any order;
    1 > alpha_bar[tau_0] > alpha_bar[tau_1] > ... >= 0; else ValueError. With one timestep the result is x.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, section 4.3.
    Differs: `ddim_reverse_sample` of arXiv:2102.09672 goes one step further, to level 0: append 0 to alpha_bar.
    Notes: R001-115.
    """
    kept, levels = _kept(alpha_bar, timesteps, x.ndim)
    x_s = x.clone()
    for i in range(len(kept) - 1):
        x_s = ddim_encode_step(x_s, denoiser(x_s, kept[i]), levels.alpha_bar_t[i], levels.alpha_bar_t[i + 1])
    return x_s


def _kept(alpha_bar: Float[Tensor, "steps"], timesteps: Sequence[int], ndim: int) -> tuple[list[int], StepLevels]:
    levels = step_levels(alpha_bar, timesteps)
    fall = (levels.alpha_bar_t >= 0) & (levels.alpha_bar_t < levels.alpha_bar_s)
    if not fall.all():
        raise ValueError(f"levels must fall from below 1 to no less than 0; got {levels.alpha_bar_t}")
    shape = [-1, *[1] * ndim]
    return sorted(timesteps), StepLevels(levels.alpha_bar_t.reshape(shape), levels.alpha_bar_s.reshape(shape))


def _check_noise(noise: Float[Tensor, "kept batch *dims"], kept: list[int]) -> None:
    if len(noise) != len(kept):
        raise ValueError(f"each of the {len(kept)} kept timesteps needs its noise; got {len(noise)}")
