"""One step back: the posterior of the forward process between two levels s < t, and the variances used in its place.

Levels have the shape of the data with ones where they broadcast, as `schedules.extract` returns them.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from reference.diffusion.schedules import alpha_bar_from_betas


def gaussian_posterior(
    x_t: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
) -> tuple[Float[Tensor, "*batch dim"], Float[Tensor, "*#batch 1"]]:
    """Mean and variance of q(x_s | x_t, x_0) for s < t.

    With a = alpha_bar_t / alpha_bar_s:

        mean     = (sqrt(alpha_bar_s) (1 - a) x_0 + sqrt(a) (1 - alpha_bar_s) x_t) / (1 - alpha_bar_t)
        variance = (1 - a) (1 - alpha_bar_s) / (1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < alpha_bar_s <= 1. At alpha_bar_s = 1 the mean is x_0 and the variance 0.
    Source: Ho et al. 2020, arXiv:2006.11239, eqs. 6-7, where s = t - 1.
    Notes: R001-107, R003-130, R004-082.
    """
    a = alpha_bar_t / alpha_bar_s
    weight_of_x_0 = alpha_bar_s.sqrt() * (1 - a) / (1 - alpha_bar_t)
    weight_of_x_t = a.sqrt() * (1 - alpha_bar_s) / (1 - alpha_bar_t)
    variance = (1 - a) * (1 - alpha_bar_s) / (1 - alpha_bar_t)
    return weight_of_x_0 * x_0 + weight_of_x_t * x_t, variance


def posterior_mean_from_epsilon(
    x_t: Float[Tensor, "*batch dim"],
    epsilon: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
) -> Float[Tensor, "*batch dim"]:
    """Mean of q(x_s | x_t, x_0) for the x_0 that the given noise explains.

        mean = (x_t - (1 - a) / sqrt(1 - alpha_bar_t) epsilon) / sqrt(a),   a = alpha_bar_t / alpha_bar_s

    Domain: 0 < alpha_bar_t < alpha_bar_s <= 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 11, where s = t - 1.
    Notes: R003-132, R004-089.
    """
    a = alpha_bar_t / alpha_bar_s
    return (x_t - (1 - a) / (1 - alpha_bar_t).sqrt() * epsilon) / a.sqrt()


def x_0_from_posterior_mean(
    mean: Float[Tensor, "*batch dim"],
    x_t: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
) -> Float[Tensor, "*batch dim"]:
    """Clean data implied by a predicted mean of x_s: the way back for networks that predict the previous sample.

        x_0 = ((1 - alpha_bar_t) mean - sqrt(a) (1 - alpha_bar_s) x_t) / (sqrt(alpha_bar_s) (1 - a))

    with a = alpha_bar_t / alpha_bar_s.

    Domain: 0 <= alpha_bar_t < alpha_bar_s <= 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 7, solved for x_0.
    Notes: R001-105.
    """
    a = alpha_bar_t / alpha_bar_s
    pull_to_x_t = a.sqrt() * (1 - alpha_bar_s) * x_t
    return ((1 - alpha_bar_t) * mean - pull_to_x_t) / (alpha_bar_s.sqrt() * (1 - a))


def clipped_posterior_mean(
    x_t: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    alpha_bar_s: Float[Tensor, "*#batch 1"],
    bound: float = 1.0,
) -> Float[Tensor, "*batch dim"]:
    """Posterior mean for predicted data clipped to its range; the mean itself is not clipped.

        mean = posterior mean of clip(x_0, -bound, bound)

    Domain: 0 <= alpha_bar_t < alpha_bar_s <= 1, bound > 0.
    Source: Ho et al. 2020, arXiv:2006.11239, code (`p_mean_variance`).
    Notes: R001-110.
    """
    mean, _ = gaussian_posterior(x_t, x_0.clamp(-bound, bound), alpha_bar_t, alpha_bar_s)
    return mean


def sample_gaussian(
    mean: Float[Tensor, "*batch dim"], log_variance: Float[Tensor, "*#batch #dim"], noise: Float[Tensor, "*batch dim"]
) -> Float[Tensor, "*batch dim"]:
    """Sample of a diagonal Gaussian for the given standard normal noise.

        x = mean + exp(log_variance / 2) noise

    Domain: every real log variance; at -inf the mean.
    Source: Kingma & Welling 2013, arXiv:1312.6114, section 2.4.
    Notes: R003-128, R003-147, R004-090.
    """
    return mean + torch.exp(log_variance / 2) * noise


def fixed_small_log_variance(betas: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """Clipped log variance of q(x_{t-1} | x_t, x_0) at each step: the lower bound of the reverse variance.

        out_t = log(beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t)),   out_1 := out_2

    Domain: at least two betas, each in (0, 1]; else ValueError. The first variance is 0: the second stands in for it.
    Source: Ho et al. 2020, arXiv:2006.11239, section 3.2; "posterior_log_variance_clipped", "fixed_small" in code.
    Notes: R001-106, R001-107, R003-131, R004-082.
    """
    if len(betas) < 2:
        raise ValueError(f"the clipped log variance needs at least two steps; got {len(betas)}")
    alpha_bar = alpha_bar_from_betas(betas)
    variance = betas[1:] * (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:])
    return torch.cat([variance[:1], variance]).log()


def fixed_large_log_variance(betas: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """Logarithm of beta at each step, the upper bound of the reverse variance, with the first entry as small as can be.

        out_t = log beta_t,   out_1 := log of the posterior variance at step 2

    Domain: at least two betas, each in (0, 1]; else ValueError.
    Source: Ho et al. 2020, arXiv:2006.11239, section 3.2 and code ("fixed_large").
    Notes: R001-102, R001-106.
    """
    return torch.cat([fixed_small_log_variance(betas)[:1], betas[1:].log()])


def learned_log_variance(
    model_output: Float[Tensor, "batch both_channels *rest"],
) -> tuple[Float[Tensor, "batch channels *rest"], Float[Tensor, "batch channels *rest"]]:
    """The prediction and the log variance that a network returns stacked along the channel axis.

        prediction = out[:, :C],   log_variance = out[:, C:]

    Domain: an even number of channels 2 C; else ValueError.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.1 and code ("learned").
    Notes: R001-106.
    """
    channels, odd = divmod(model_output.shape[1], 2)
    if odd:
        raise ValueError(f"prediction and variance need an even number of channels; got {model_output.shape[1]}")
    return model_output[:, :channels].clone(), model_output[:, channels:].clone()


def learned_range_log_variance(
    interpolation: Float[Tensor, "*batch dim"],
    log_beta_t: Float[Tensor, "*#batch 1"],
    log_posterior_variance_t: Float[Tensor, "*#batch 1"],
) -> Float[Tensor, "*batch dim"]:
    """Log variance between its two bounds, as far as the network says.

        out = f log beta_t + (1 - f) log posterior variance,   f = (interpolation + 1) / 2

    Domain: interpolation in [-1, 1]; outside it extrapolates.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 15.
    Differs: the paper writes f itself as the network's output v in [0, 1].
    Notes: R001-106, R004-099.
    """
    fraction = (interpolation + 1) / 2
    return fraction * log_beta_t + (1 - fraction) * log_posterior_variance_t
