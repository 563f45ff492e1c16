"""Noise schedules: the variances beta_1, ..., beta_T and the signal levels alpha_bar that they leave.

Tables are float64 and one-dimensional; entry i belongs to time i + 1. They are made once, so they check their values.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor


def linear_beta_schedule(num_steps: int, beta_start: float = 1e-4, beta_end: float = 0.02) -> Float[Tensor, "steps"]:
    """Betas that rise by equal amounts from beta_start to beta_end.

        beta_t = beta_start + (t - 1) / (T - 1) (beta_end - beta_start)

    Domain: num_steps >= 2, betas in (0, 1]; else ValueError. The defaults leave alpha_bar_T = 4.04e-5 at T = 1000 but
    0.13 at T = 200: a shorter chain needs `timestep_scaled_linear_beta_schedule`.
    Source: Ho et al. 2020, arXiv:2006.11239, section 4.
    Notes: R002-006, R002-015, R003-123, R003-127.
    """
    _check_num_steps(num_steps)
    return _checked(torch.linspace(beta_start, beta_end, num_steps, dtype=torch.float64))


def timestep_scaled_linear_beta_schedule(num_steps: int) -> Float[Tensor, "steps"]:
    """The linear schedule of 1000 steps, scaled to T steps so that the sum of the betas stays 10.05.

        beta_t = (1000 / T) (1e-4 + (t - 1) / (T - 1) (0.02 - 1e-4))

    Domain: num_steps > 20; at 20 the last beta is 1 and below it exceeds 1, so ValueError.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.3; "linear" in its code and in DiT.
    Differs: those libraries accept T = 20 and, because linspace then holds one number, T = 1.
    Notes: R001-100, R004-093.
    """
    if num_steps <= 20:
        raise ValueError(f"num_steps must exceed 20, or the last beta reaches 20 / num_steps >= 1; got {num_steps}")
    scale = 1000 / num_steps
    return linear_beta_schedule(num_steps, scale * 1e-4, scale * 0.02)


def scaled_linear_beta_schedule(
    num_steps: int, beta_start: float = 1e-4, beta_end: float = 0.02
) -> Float[Tensor, "steps"]:
    """Betas whose square roots rise by equal amounts: the "quadratic" schedule, called "scaled_linear" by diffusers.

        sqrt(beta_t) = sqrt(beta_start) + (t - 1) / (T - 1) (sqrt(beta_end) - sqrt(beta_start))

    Domain: num_steps >= 2, betas in (0, 1]; else ValueError.
    Source: Rombach et al. 2021, arXiv:2112.10752, appendix; "quad" in the code of Ho et al. 2020, arXiv:2006.11239.
    Notes: R001-100.
    """
    _check_num_steps(num_steps)
    _checked(torch.tensor([beta_start, beta_end], dtype=torch.float64))
    return torch.linspace(math.sqrt(beta_start), math.sqrt(beta_end), num_steps, dtype=torch.float64) ** 2


def sigmoid_beta_schedule(
    num_steps: int, beta_start: float = 1e-4, beta_end: float = 0.02, logit_range: float = 6.0
) -> Float[Tensor, "steps"]:
    """Betas that follow a sigmoid between beta_start and beta_end, without reaching either.

        beta_t = beta_start + (beta_end - beta_start) sigmoid(r (2 (t - 1) / (T - 1) - 1)),   r = logit_range

    Domain: num_steps >= 2, betas in (0, 1]; else ValueError.
    Source: Xu et al. 2022 (GeoDiff), arXiv:2203.02923, released code.
    Differs: the sigmoid schedule of Jabri et al. 2022, arXiv:2212.11972, shapes alpha_bar, not beta.
    Notes: R001-100.
    """
    _check_num_steps(num_steps)
    logits = torch.linspace(-logit_range, logit_range, num_steps, dtype=torch.float64)
    return _checked(beta_start + (beta_end - beta_start) * torch.sigmoid(logits))


def warmup_beta_schedule(
    num_steps: int, beta_start: float = 1e-4, beta_end: float = 0.02, warmup_fraction: float = 0.1
) -> Float[Tensor, "steps"]:
    """Betas that rise linearly over the first floor(T warmup_fraction) steps and stay at beta_end.

    Domain: num_steps >= 2, betas in (0, 1], 0 <= warmup_fraction <= 1; else ValueError. A warm-up of no steps leaves
    the constant schedule; one of a single step leaves beta_start, then beta_end.
    Source: code of Ho et al. 2020, arXiv:2006.11239 ("warmup10", "warmup50").
    Notes: R001-100.
    """
    _check_num_steps(num_steps)
    if not 0 <= warmup_fraction <= 1:
        raise ValueError(f"warmup_fraction must lie in [0, 1]; got {warmup_fraction}")
    rise = torch.linspace(beta_start, beta_end, int(num_steps * warmup_fraction), dtype=torch.float64)
    return _checked(torch.cat([rise, torch.full((num_steps - len(rise),), beta_end, dtype=torch.float64)]))


def constant_beta_schedule(num_steps: int, beta: float) -> Float[Tensor, "steps"]:
    """The same beta at every step, so that alpha_bar_t = (1 - beta)^t.

    Domain: num_steps >= 2, beta in (0, 1]; else ValueError.
    Source: code of Ho et al. 2020, arXiv:2006.11239 ("const").
    Notes: R001-100.
    """
    _check_num_steps(num_steps)
    return _checked(torch.full((num_steps,), beta, dtype=torch.float64))


def jsd_beta_schedule(num_steps: int) -> Float[Tensor, "steps"]:
    """Betas 1 / T, 1 / (T - 1), ..., 1, which erase the same fraction 1 / T of the signal variance at every step.

        beta_t = 1 / (T - t + 1),   alpha_bar_t = 1 - t / T

    Domain: num_steps >= 2; else ValueError. The last beta is 1: alpha_bar_T = 0.
    Source: Sohl-Dickstein et al. 2015, arXiv:1503.03585, section 2.4.1; "jsd" in the code of Ho et al. 2020.
    Notes: R001-100.
    """
    _check_num_steps(num_steps)
    return 1 / torch.linspace(num_steps, 1, num_steps, dtype=torch.float64)


def cosine_alpha_bar(time: Float[Tensor, "*shape"], offset: float = 0.008) -> Float[Tensor, "*shape"]:
    """Signal level of the cosine schedule at a time in [0, 1].

        alpha_bar(u) = f(u) / f(0),   f(u) = cos(pi / 2 (u + s) / (1 + s))^2,   s = offset

    Domain: 0 <= time <= 1; falls from 1 to 0.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 17.
    Differs: libraries leave out f(0) = 0.99984, which cancels in the betas. The square is of the cosine.
    Notes: R004-101.
    """
    quarter_turn = math.pi / 2 / (1 + offset)
    return (torch.cos((time + offset) * quarter_turn) / math.cos(offset * quarter_turn)) ** 2


def sqrt_alpha_bar(time: Float[Tensor, "*shape"], offset: float = 1e-4) -> Float[Tensor, "*shape"]:
    """Signal level of the square-root schedule at a time in [0, 1].

        alpha_bar(u) = 1 - sqrt(u + s),   s = offset

    Domain: 0 <= time <= 1; falls from 1 - sqrt(s) to just below 0, which the cap of the betas absorbs.
    Source: Li et al. 2022 (Diffusion-LM), arXiv:2205.14217, appendix A.
    Notes: R001-100.
    """
    return 1 - torch.sqrt(time + offset)


def betas_for_alpha_bar(
    alpha_bar: Callable[[Float[Tensor, "times"]], Float[Tensor, "times"]], num_steps: int, max_beta: float = 0.999
) -> Float[Tensor, "steps"]:
    """Betas of the chain that visits the levels of a function of time in [0, 1] at equal intervals.

        beta_t = min(1 - alpha_bar(t / T) / alpha_bar((t - 1) / T), max_beta)

    Domain: num_steps >= 2, max_beta in (0, 1], alpha_bar strictly decreasing; else ValueError. Where the cap acts,
    the chain no longer ends at alpha_bar(1).
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.2.
    Notes: R004-102.
    """
    _check_num_steps(num_steps)
    _checked(torch.tensor([max_beta], dtype=torch.float64))
    levels = alpha_bar(torch.linspace(0, 1, num_steps + 1, dtype=torch.float64))
    return _checked((1 - levels[1:] / levels[:-1]).clamp(max=max_beta))


def cosine_beta_schedule(num_steps: int, offset: float = 0.008, max_beta: float = 0.999) -> Float[Tensor, "steps"]:
    """Betas of the cosine schedule, from its alpha_bar with a cap.

        beta_t = min(1 - f(t / T) / f((t - 1) / T), max_beta),   f = cosine_alpha_bar

    Domain: num_steps >= 2, max_beta in (0, 1]; else ValueError. At T = 1000 only the last beta is capped, and
    alpha_bar_T is 2.4e-9 instead of 0.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 17; "squaredcos_cap_v2" in diffusers and DiT.
    Notes: R001-100, R002-006, R004-101.
    """
    return betas_for_alpha_bar(lambda time: cosine_alpha_bar(time, offset), num_steps, max_beta)


def sqrt_beta_schedule(num_steps: int, offset: float = 1e-4, max_beta: float = 0.999) -> Float[Tensor, "steps"]:
    """Betas of the square-root schedule for text, from its alpha_bar with a cap.

        beta_t = min(1 - f(t / T) / f((t - 1) / T), max_beta),   f = sqrt_alpha_bar

    Domain: num_steps >= 2, max_beta in (0, 1]; else ValueError. The last beta is always capped, since f(1) < 0.
    Source: Li et al. 2022 (Diffusion-LM), arXiv:2205.14217, appendix A.
    Notes: R001-100.
    """
    return betas_for_alpha_bar(lambda time: sqrt_alpha_bar(time, offset), num_steps, max_beta)


def alpha_bar_from_betas(betas: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """Fraction of the signal variance that is left after each step.

        alpha_bar_t = prod_{s <= t} (1 - beta_s)

    Domain: betas in (0, 1]; else ValueError. A beta of 1 leaves 0 from there on.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 4.
    Notes: R002-001, R002-016, R003-123, R003-138.
    """
    return (1 - _checked(betas)).cumprod(0)


def log_alpha_bar_from_betas(betas: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """Logarithm of alpha_bar, which neither underflows nor loses small betas.

        log alpha_bar_t = sum_{s <= t} log(1 - beta_s)

    Domain: betas in (0, 1]; else ValueError. A beta of 1 gives -inf from there on.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 4.
    Notes: R002-001, R003-138.
    """
    return torch.log1p(-_checked(betas)).cumsum(0)


def betas_from_alpha_bar(alpha_bar: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """The betas of a chain that visits the given levels in turn, starting from alpha_bar_0 = 1.

        beta_t = 1 - alpha_bar_t / alpha_bar_{t-1}

    Domain: 1 > alpha_bar_1 > ... > alpha_bar_T >= 0; else ValueError.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 4, solved for beta.
    Notes: R001-104.
    """
    previous = torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])
    return _checked(1 - alpha_bar / previous)


def snr(alpha_bar: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Signal-to-noise ratio of variances.

        SNR = alpha_bar / (1 - alpha_bar)

    Domain: 0 <= alpha_bar <= 1; infinite at 1.
    Source: Kingma et al. 2021, arXiv:2107.00630, eq. 2.
    Notes: R004-081, R003-127.
    """
    return alpha_bar / (1 - alpha_bar)


def log_snr(alpha_bar: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Logarithm of the signal-to-noise ratio.

        log SNR = log alpha_bar - log(1 - alpha_bar)

    Domain: 0 <= alpha_bar <= 1; -inf at 0 and inf at 1.
    Source: Kingma et al. 2021, arXiv:2107.00630, section 3.1.
    Notes: R004-081.
    """
    return torch.log(alpha_bar) - torch.log1p(-alpha_bar)


def alpha_bar_from_log_snr(log_snr: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Signal level with the given log-SNR in a variance-preserving chain.

        alpha_bar = sigmoid(log SNR)

    Domain: every real number.
    Source: Kingma et al. 2021, arXiv:2107.00630, eq. 4.
    Notes: R004-081.
    """
    return torch.sigmoid(log_snr)


def rescale_zero_terminal_snr(betas: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """Betas of the chain whose last level holds no signal, while the first stays where it was.

        r_t = sqrt(alpha_bar_t),   r'_t = (r_t - r_T) r_1 / (r_1 - r_T),   beta'_t = 1 - (r'_t / r'_{t-1})^2

    Domain: at least two betas, each in (0, 1) but the last, which may be 1; else ValueError. The last beta becomes 1.
    Source: Lin et al. 2023, arXiv:2305.08891, algorithm 1.
    Notes: R001-100.
    """
    _check_num_steps(len(betas))
    root = alpha_bar_from_betas(betas).sqrt()
    rescaled = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return betas_from_alpha_bar(rescaled**2)


def extract(
    table: Float[Tensor, "steps"], timesteps: Int[Tensor, "batch"], num_dims: int
) -> Float[Tensor, "batch *ones"]:
    """The table's entries at each sample's timestep, shaped to broadcast over a batch of num_dims axes.

        out[b, 0, ..., 0] = table[timesteps[b]]

    Domain: 0 <= timesteps < len(table), num_dims >= 1. Keeps the table's dtype.
    Source: code of Ho et al. 2020, arXiv:2006.11239 (`extract`).
    Differs: guided-diffusion casts to float32 here; in float64 tables the entries then lose half their digits.
    Notes: R001-109, R002-017, R003-126.
    """
    return table[timesteps].reshape(len(timesteps), *[1] * (num_dims - 1))


def _check_num_steps(num_steps: int) -> None:
    if num_steps < 2:
        raise ValueError(f"a schedule needs at least two steps; got {num_steps}")


def _checked(betas: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    outside = ~((betas > 0) & (betas <= 1))
    if outside.any():
        index = int(outside.nonzero()[0])
        raise ValueError(f"betas must lie in (0, 1]; got {betas[index].item()} at index {index}")
    return betas
