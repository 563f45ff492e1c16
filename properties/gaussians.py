"""Expected values for laws about Gaussians, and the sizes of the terms that enter them."""

import torch
from scipy import stats
from torch import Tensor


def mean_log_ratio(mean_1: Tensor, variance_1: Tensor, mean_2: Tensor, variance_2: Tensor) -> Tensor:
    """KL(N_1 || N_2) of each element as the mean of log N_1 - log N_2 under N_1.

    The ratio is quadratic, so that its mean over the two points mean_1 +- one standard deviation is the exact one.
    """
    nodes = torch.stack([mean_1 - variance_1.sqrt(), mean_1 + variance_1.sqrt()])
    log_1 = stats.norm.logpdf(nodes, mean_1, variance_1.sqrt())
    log_2 = stats.norm.logpdf(nodes, mean_2, variance_2.sqrt())
    return torch.as_tensor(log_1 - log_2).mean(0)


def kl_magnitude(spread: Tensor, variance_1: Tensor, variance_2: Tensor) -> Tensor:
    """Largest term of a Gaussian KL whose means are made of numbers of the size of `spread`."""
    return 1 + variance_1.log().abs() + variance_2.log().abs() + (variance_1 + spread**2) / variance_2


def product_of_gaussians(x_t: Tensor, x_0: Tensor, step: Tensor, alpha_bar_s: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of q(x_s | x_t, x_0), proportional to q(x_t | x_s) q(x_s | x_0), so that precisions add.

    `step` is alpha_bar_t / alpha_bar_s.
    """
    precision = step / (1 - step) + 1 / (1 - alpha_bar_s)
    pull = step.sqrt() * x_t / (1 - step) + alpha_bar_s.sqrt() * x_0 / (1 - alpha_bar_s)
    return pull / precision, 1 / precision


def pixel_probabilities(pixel: Tensor, mean: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Probability of each value 0..255 when a Gaussian on [-1, 1] is cut into 256 bins: exact, and by a GELU.

    tanh-GELU(u) is u times the approximate distribution function. Both are at least 1e-12.
    """
    upper, lower = (((2 * pixel - 255 + side) / 255 - mean) / scale for side in (1, -1))

    def by_gelu(edge: Tensor) -> Tensor:
        return torch.where(edge == 0, 0.5, torch.nn.functional.gelu(edge, approximate="tanh") / edge)

    def between(above: Tensor, below: Tensor) -> Tensor:
        return (torch.where(pixel == 255, 1, above) - torch.where(pixel == 0, 0, below)).clamp(min=1e-12)

    exact = between(torch.as_tensor(stats.norm.cdf(upper)), torch.as_tensor(stats.norm.cdf(lower)))
    return exact, between(by_gelu(upper), by_gelu(lower))


def pixel_magnitude(mean_size: Tensor, scale: Tensor) -> Tensor:
    """Size of the terms of a bin's probability: its edges are made of numbers up to `mean_size` + 1, over the scale."""
    return 1 + (1 + mean_size) / scale


def closest(observed: Tensor, candidates: tuple[Tensor, ...]) -> Tensor:
    """The one of several accepted values that is nearest to the observed one, taken as a whole."""
    return min(candidates, key=lambda candidate: float((observed.detach() - candidate).abs().max()))
