"""Deterministic samplers: the probability-flow ODE in sigma, and rectified flow in time.

In sigma, x = x_0 + sigma epsilon and the denoiser returns an estimate of x_0. In rectified flow,
x_t = (1 - t) x_0 + t epsilon and the network returns the velocity. Samplers run from noise to data, so sigmas and times
fall and hold one entry more than there are steps.
"""

import itertools
import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def karras_sigmas(
    num_steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> Float[Tensor, "steps_plus_one"]:
    """Falling noise levels whose roots of order rho lie equally far apart, then 0.

        sigma_i = (sigma_max^(1/rho) + i / (n - 1) (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho,   i = 0..n-1
        sigma_n = 0

    Domain: num_steps >= 1, 0 < sigma_min < sigma_max < infinity, 0 < rho < infinity; else ValueError. A single step
    goes from sigma_max to 0.
    Source: Karras et al. 2022, arXiv:2206.00364, eq. 5 and table 1.
    Notes: none.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1; got {num_steps}")
    if not 0 < sigma_min < sigma_max < math.inf:
        raise ValueError(f"sigmas must be positive, finite and differ; got {sigma_min} to {sigma_max}")
    if not 0 < rho < math.inf:
        raise ValueError(f"rho must be positive and finite; got {rho}")
    roots = torch.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), num_steps, dtype=torch.float64)
    return torch.cat([roots**rho, roots.new_zeros(1)])


def euler_step(
    x: Float[Tensor, "*shape"],
    x_0: Float[Tensor, "*shape"],
    sigma: Float[Tensor, "*#shape"],
    sigma_next: Float[Tensor, "*#shape"],
) -> Float[Tensor, "*shape"]:
    """The sample at sigma_next, on the straight line from x through the predicted x_0.

        out = x + (sigma_next - sigma) (x - x_0) / sigma = x_0 + sigma_next / sigma (x - x_0)

    Domain: sigma > 0, sigma_next >= 0. At sigma_next = 0 the result is x_0; sigma_next > sigma goes back to noise.
    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 1 without its correction, s(t) = 1, sigma(t) = t.
    Differs: DDIM without noise is this step for x = x_t / sqrt(alpha_bar_t).
    Notes: none.
    """
    return x_0 + sigma_next / sigma * (x - x_0)


def heun_step(
    denoiser: Callable[[Tensor, Tensor], Tensor],
    x: Float[Tensor, "*shape"],
    sigma: Float[Tensor, ""],
    sigma_next: Float[Tensor, ""],
) -> Float[Tensor, "*shape"]:
    """The sample at sigma_next, by the mean of the slopes at both ends of an Euler step.

        d  = (x - D(x, sigma)) / sigma,             y = x + (sigma_next - sigma) d
        d' = (y - D(y, sigma_next)) / sigma_next,   out = x + (sigma_next - sigma) (d + d') / 2

    `denoiser(x, sigma)` returns D, its estimate of x_0.

    Domain: sigma > 0, sigma_next > 0. At sigma_next = 0 the second slope is 0 / 0: take `euler_step`.
    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 1 with s(t) = 1, sigma(t) = t.
    Notes: none.
    """
    slope = (x - denoiser(x, sigma)) / sigma
    ahead = x + (sigma_next - sigma) * slope
    slope_ahead = (ahead - denoiser(ahead, sigma_next)) / sigma_next
    return x + (sigma_next - sigma) * (slope + slope_ahead) / 2


def euler_sample(
    denoiser: Callable[[Tensor, Tensor], Tensor],
    x: Float[Tensor, "*shape"],
    sigmas: Float[Tensor, "steps_plus_one"],
) -> Float[Tensor, "*shape"]:
    """The sample at the last sigma, from x at the first, by one Euler step between neighbours.

    `denoiser(x, sigma)` returns its estimate of x_0; sigma is a zero-dimensional tensor.

    Domain: at least two sigmas, else ValueError, all positive but the last, which may be 0. Rising sigmas encode.
    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 1 without its correction.
    Notes: none.
    """
    _check_table(sigmas)
    for sigma, sigma_next in itertools.pairwise(sigmas):
        x = euler_step(x, denoiser(x, sigma), sigma, sigma_next)
    return x


def heun_sample(
    denoiser: Callable[[Tensor, Tensor], Tensor],
    x: Float[Tensor, "*shape"],
    sigmas: Float[Tensor, "steps_plus_one"],
) -> Float[Tensor, "*shape"]:
    """The sample at the last sigma, from x at the first, by one Heun step between neighbours, by an Euler step to 0.

    `denoiser(x, sigma)` returns its estimate of x_0; sigma is a zero-dimensional tensor. It is asked twice a step, once
    in a step to 0.

    Domain: at least two sigmas, else ValueError, all positive but the last, which may be 0. Rising sigmas encode.
    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 1 with s(t) = 1, sigma(t) = t.
    Notes: none.
    """
    _check_table(sigmas)
    for sigma, sigma_next in itertools.pairwise(sigmas):
        if sigma_next == 0:
            x = euler_step(x, denoiser(x, sigma), sigma, sigma_next)
        else:
            x = heun_step(denoiser, x, sigma, sigma_next)
    return x


def vp_sigma(time: Float[Tensor, "*shape"], beta_min: float, beta_max: float) -> Float[Tensor, "*shape"]:
    """Noise-to-signal ratio of the variance-preserving SDE whose beta rises linearly from beta_min to beta_max.

        sigma(t) = sqrt(exp(B) - 1),   B = integral of beta from 0 to t = beta_min t + (beta_max - beta_min) t^2 / 2

    Domain: 0 < beta_min <= beta_max < infinity, else ValueError; time in [0, 1]. At time 0 it is 0.
    Source: Song et al. 2020, arXiv:2011.13456, appendix C; Karras et al. 2022, arXiv:2206.00364, table 1 ("VP").
    Notes: none.
    """
    _check_betas(beta_min, beta_max)
    return torch.expm1(beta_min * time + (beta_max - beta_min) * time**2 / 2).sqrt()


def vp_sigma_derivative(time: Float[Tensor, "*shape"], beta_min: float, beta_max: float) -> Float[Tensor, "*shape"]:
    """Derivative in time of `vp_sigma`.

        sigma'(t) = beta(t) exp(B) / (2 sigma) = beta(t) (1 + sigma^2) / (2 sigma)

    Domain: 0 < beta_min <= beta_max < infinity, else ValueError; time in [0, 1]. At time 0 it is infinite.
    Source: Karras et al. 2022, arXiv:2206.00364, table 1 ("VP"), differentiated.
    Notes: none.
    """
    sigma = vp_sigma(time, beta_min, beta_max)
    beta = beta_min + (beta_max - beta_min) * time
    return beta * (1 + sigma**2) / (2 * sigma)


def flow_interpolation(
    x_0: Float[Tensor, "*shape"], noise: Float[Tensor, "*shape"], time: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Point on the straight path from data to noise.

        x_t = (1 - t) x_0 + t noise

    Domain: 0 <= time <= 1; x_0 at 0, noise at 1.
    Source: Liu et al. 2022, arXiv:2209.03003, section 2.
    Differs: that paper and the library flow_matching run from noise at 0 to data at 1.
    Notes: none.
    """
    return (1 - time) * x_0 + time * noise


def flow_velocity(x_0: Float[Tensor, "*shape"], noise: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Velocity d x_t / dt of the straight path, the target of the network.

        velocity = noise - x_0

    Domain: every real number.
    Source: Liu et al. 2022, arXiv:2209.03003, eq. 1.
    Differs: that paper and the library flow_matching run from noise to data, so the sign is the other.
    Notes: none.
    """
    return noise - x_0


def x_0_from_velocity(
    x_t: Float[Tensor, "*shape"], velocity: Float[Tensor, "*shape"], time: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Clean data at the end of the straight path through x_t.

        x_0 = x_t - t velocity

    Domain: 0 <= time <= 1; x_t at 0.
    Source: Liu et al. 2022, arXiv:2209.03003, section 2, solved for the data.
    Notes: none.
    """
    return x_t - time * velocity


def epsilon_from_velocity(
    x_t: Float[Tensor, "*shape"], velocity: Float[Tensor, "*shape"], time: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Noise at the other end of the straight path through x_t.

        epsilon = x_t + (1 - t) velocity

    Domain: 0 <= time <= 1; x_t at 1.
    Source: Liu et al. 2022, arXiv:2209.03003, section 2, solved for the noise.
    Notes: none.
    """
    return x_t + (1 - time) * velocity


def flow_euler_step(
    x_t: Float[Tensor, "*shape"],
    velocity: Float[Tensor, "*shape"],
    time: Float[Tensor, "*#shape"],
    time_next: Float[Tensor, "*#shape"],
) -> Float[Tensor, "*shape"]:
    """The sample at time_next, along the velocity.

        out = x_t + (time_next - time) velocity

    Domain: every pair of times; time_next < time goes towards the data.
    Source: Liu et al. 2022, arXiv:2209.03003, section 2.
    Notes: none.
    """
    return x_t + (time_next - time) * velocity


def flow_euler_sample(
    velocity: Callable[[Tensor, Tensor], Tensor],
    x_1: Float[Tensor, "*shape"],
    times: Float[Tensor, "steps_plus_one"],
) -> Float[Tensor, "*shape"]:
    """The sample at the last time, from x_1 at the first, by one Euler step between neighbours.

    `velocity(x_t, time)` is the network; time is a zero-dimensional tensor.

    Domain: at least two times, else ValueError: from 1 to 0 to sample, from 0 to 1 to encode.
    Source: Liu et al. 2022, arXiv:2209.03003, section 2.
    Differs: the schedulers of diffusers count time in thousandths.
    Notes: none.
    """
    _check_table(times)
    x_t = x_1
    for time, time_next in itertools.pairwise(times):
        x_t = flow_euler_step(x_t, velocity(x_t, time), time, time_next)
    return x_t


def shifted_flow_time(time: Float[Tensor, "*shape"], shift: float) -> Float[Tensor, "*shape"]:
    """Time moved towards the noise, by multiplying the ratio of noise to signal.

        t' = shift t / (1 + (shift - 1) t),   so that t' / (1 - t') = shift t / (1 - t)

    Domain: 0 <= time <= 1; 0 < shift < infinity, else ValueError. 0 and 1 stay; two shifts multiply.
    Source: Esser et al. 2024, arXiv:2403.03206, section 5.3.2 (resolution-dependent shifting, shift = sqrt(m / n)).
    Differs: Flux gives the logarithm of the shift, mu.
    Notes: none.
    """
    if not 0 < shift < math.inf:
        raise ValueError(f"shift must be positive and finite; got {shift}")
    return shift * time / (1 + (shift - 1) * time)


def asymmetric_times(num_steps: int, delay: int | float) -> Float[Tensor, "num_steps 2"]:
    """The times that each step starts from and aims at, `delay` steps beyond the start of the step after it.

        now_i = 1 - i / n,   next_i = max(1 - (i + 1 + delay) / n, 0),   i = 0..n-1

    Domain: num_steps >= 1, 0 <= delay < infinity; else ValueError. At delay 0 each step ends where the next begins.
    Source: Chen et al. 2022 (Analog Bits), arXiv:2208.04202, "asymmetric time intervals".
    Differs: lucidrains/bit-diffusion counts the delay in units of time: delay / n here.
    Notes: none.
    """
    if num_steps < 1:
        raise ValueError(f"num_steps must be at least 1; got {num_steps}")
    if not 0 <= delay < math.inf:
        raise ValueError(f"delay must be finite and at least 0; got {delay}")
    step = torch.arange(num_steps, dtype=torch.float64)
    return torch.stack([1 - step / num_steps, (1 - (step + 1 + delay) / num_steps).clamp(min=0)], dim=1)


def _check_table(levels: Tensor) -> None:
    if len(levels) < 2:
        raise ValueError(f"a step needs a level to start from and one to arrive at; got {len(levels)}")


def _check_betas(beta_min: float, beta_max: float) -> None:
    if not 0 < beta_min <= beta_max < math.inf:
        raise ValueError(f"beta must be positive and finite and rise; got {beta_min} to {beta_max}")
