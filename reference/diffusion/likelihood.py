"""Likelihoods and divergences of Gaussians, and the variational bound of a diffusion model, in nats."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reference.diffusion.forward import q_mean_variance, q_sample
from reference.diffusion.posteriors import gaussian_posterior


class VariationalBound(NamedTuple):
    """Terms of the bound on -log p(x_0) of each sample: terms[0] is the decoder's, terms[t] the step to level t."""

    terms: Float[Tensor, "steps batch"]
    prior: Float[Tensor, "batch"]


def normal_kl(
    mean_1: Float[Tensor, "*shape"],
    log_variance_1: Float[Tensor, "*#shape"],
    mean_2: Float[Tensor, "*#shape"],
    log_variance_2: Float[Tensor, "*#shape"],
) -> Float[Tensor, "*shape"]:
    """KL(N(mean_1, exp log_variance_1) || N(mean_2, exp log_variance_2)) of each element.

        KL = (log_variance_2 - log_variance_1 + exp(log_variance_1 - log_variance_2)
              + (mean_1 - mean_2)^2 exp(-log_variance_2) - 1) / 2

    Domain: every real number, as far as the exponentials are finite.
    Source: Kingma & Welling 2013, arXiv:1312.6114, appendix B, for any second Gaussian.
    Notes: R001-095, R003-137, R004-088.
    """
    distance = (mean_1 - mean_2) ** 2 * torch.exp(-log_variance_2)
    difference = log_variance_1 - log_variance_2
    return (torch.exp(difference) - difference + distance - 1) / 2


def multivariate_normal_kl(
    mean_1: Float[Tensor, "dim"],
    covariance_1: Float[Tensor, "dim dim"],
    mean_2: Float[Tensor, "dim"],
    covariance_2: Float[Tensor, "dim dim"],
) -> Float[Tensor, ""]:
    """KL divergence between two Gaussians with full covariance.

        KL = (tr(S_2^-1 S_1) + (m_2 - m_1)^T S_2^-1 (m_2 - m_1) - n + log det S_2 - log det S_1) / 2

    Domain: symmetric covariances; unless both are positive definite, torch.linalg.LinAlgError.
    Source: Duchi, "Derivations for linear algebra and optimization", section 9.
    Notes: R004-087.
    """
    root_1, root_2 = torch.linalg.cholesky(covariance_1), torch.linalg.cholesky(covariance_2)
    trace = torch.linalg.solve_triangular(root_2, root_1, upper=False).square().sum()
    difference = torch.linalg.solve_triangular(root_2, (mean_2 - mean_1)[:, None], upper=False)
    log_det_ratio = 2 * (root_2.diagonal().log() - root_1.diagonal().log()).sum()
    return (trace + difference.square().sum() - len(mean_1) + log_det_ratio) / 2


def approx_standard_normal_cdf(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Standard normal distribution function by a hyperbolic tangent, within 1.8e-4.

        Phi(x) ~ (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2

    Domain: every real number.
    Source: Page 1977; Hendrycks & Gimpel 2016 (GELU), arXiv:1606.08415, section 2.
    Notes: R001-093.
    """
    return (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def gaussian_log_likelihood(
    x: Float[Tensor, "*shape"], mean: Float[Tensor, "*#shape"], log_scale: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Log density of each element under N(mean, exp(log_scale)^2): the decoder for continuous data such as latents.

        log p = -((x - mean) / exp(log_scale))^2 / 2 - log_scale - log(2 pi) / 2

    Domain: every real number.
    Source: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2.
    Differs: DiT and its descendants leave out -log_scale, so that the density does not integrate to one.
    Notes: R001-094, R002-010.
    """
    return -(((x - mean) * torch.exp(-log_scale)) ** 2) / 2 - log_scale - math.log(2 * math.pi) / 2


def discretized_gaussian_log_likelihood(
    x: Float[Tensor, "*shape"], mean: Float[Tensor, "*#shape"], log_scale: Float[Tensor, "*#shape"]
) -> Float[Tensor, "*shape"]:
    """Log probability of each 8-bit value, scaled to [-1, 1], under a Gaussian cut into 256 bins.

        log(Phi((x + 1/255 - mean) / scale) - Phi((x - 1/255 - mean) / scale)),   scale = exp(log_scale)

    The first and last bin reach to infinity. Probabilities below 1e-12 count as 1e-12.

    Domain: x on the grid 2 k / 255 - 1, k = 0..255; for other data use `gaussian_log_likelihood`.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 13.
    Differs: the code of that paper and its descendants take Phi from `approx_standard_normal_cdf`.
    Notes: R001-116, R004-086.
    """
    upper = torch.where(x > 0.999, torch.inf, (x + 1 / 255 - mean) * torch.exp(-log_scale))
    lower = torch.where(x < -0.999, -torch.inf, (x - 1 / 255 - mean) * torch.exp(-log_scale))
    probability = torch.special.ndtr(upper) - torch.special.ndtr(lower)
    return probability.clamp(min=1e-12).log()


def prior_kl(
    x_0: Float[Tensor, "batch *dims dim"], alpha_bar_T: Float[Tensor, "*#batch_and_dims 1"]
) -> Float[Tensor, "batch"]:
    """KL of the last level of the chain from its standard normal prior, in nats per sample: the term L_T.

        sum over elements of KL(N(sqrt(alpha_bar_T) x_0, 1 - alpha_bar_T) || N(0, 1))

    Domain: 0 <= alpha_bar_T < 1. No parameters; 0 at alpha_bar_T = 0.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 5 (L_T).
    Notes: R004-085.
    """
    mean, variance = q_mean_variance(x_0, alpha_bar_T)
    kl = normal_kl(mean, variance.log(), torch.zeros_like(mean), torch.zeros_like(mean))
    return kl.flatten(1).sum(1)


def posterior_kl(
    x_0: Float[Tensor, "batch *dims dim"],
    x_t: Float[Tensor, "batch *dims dim"],
    mean: Float[Tensor, "batch *dims dim"],
    log_variance: Float[Tensor, "*#batch_and_dims #dim"],
    alpha_bar_t: Float[Tensor, "*#batch_and_dims 1"],
    alpha_bar_s: Float[Tensor, "*#batch_and_dims 1"],
) -> Float[Tensor, "batch"]:
    """KL of the true step back from the model's, in nats per sample: the terms L_{t-1}.

        sum over elements of KL(q(x_s | x_t, x_0) || N(mean, exp log_variance))

    Domain: 0 <= alpha_bar_t < alpha_bar_s < 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 5 (L_{t-1}).
    Notes: R003-136, R004-079, R004-084, R004-088.
    """
    true_mean, true_variance = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return normal_kl(true_mean, true_variance.log(), mean, log_variance).flatten(1).sum(1)


def decoder_nll(
    x_0: Float[Tensor, "batch *dims dim"],
    mean: Float[Tensor, "batch *dims dim"],
    log_variance: Float[Tensor, "*#batch_and_dims #dim"],
) -> Float[Tensor, "batch"]:
    """Negative log probability of 8-bit data under the last step of the model, in nats per sample: the term L_0.

        -sum over elements of log p(x_0 | x_1), the discretised Gaussian with scale exp(log_variance / 2)

    Domain: x_0 on the grid 2 k / 255 - 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eqs. 5 (L_0) and 13.
    Notes: R001-116, R004-086.
    """
    return -discretized_gaussian_log_likelihood(x_0, mean, log_variance / 2).flatten(1).sum(1)


def variational_bound(
    x_0: Float[Tensor, "batch *dims dim"],
    noise: Float[Tensor, "steps batch *dims dim"],
    alpha_bar: Float[Tensor, "steps"],
    reverse: Callable[[Tensor, int], tuple[Tensor, Tensor]],
    log_likelihood: Callable[[Tensor, Tensor, Tensor], Tensor] = discretized_gaussian_log_likelihood,
) -> VariationalBound:
    """Every term of the bound on -log p(x_0), in nats per sample, with fresh noise at every level.

        -log p(x_0) <= L_T + sum_{t=2..T} KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)) - log p(x_0 | x_1)

    `reverse(x_t, t)` returns the model's mean and log variance of the level below, t = 0..T-1 being the index into
    alpha_bar; `log_likelihood(x_0, mean, log_scale)` scores the data at t = 0.

    Domain: 1 > alpha_bar_1 > ... > alpha_bar_T >= 0.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 5.
    Notes: R003-136, R004-079, R004-084.
    """
    one = [1] * x_0.ndim
    terms = []
    for t, level in enumerate(alpha_bar):
        x_t = q_sample(x_0, noise[t], level.reshape(one))
        mean, log_variance = reverse(x_t, t)
        if t == 0:
            terms.append(-log_likelihood(x_0, mean, log_variance / 2).flatten(1).sum(1))
        else:
            below = alpha_bar[t - 1].reshape(one)
            terms.append(posterior_kl(x_0, x_t, mean, log_variance, level.reshape(one), below))
    return VariationalBound(torch.stack(terms), prior_kl(x_0, alpha_bar[-1].reshape(one)))


def bits_per_dim(nats: Float[Tensor, "*batch"], num_dims: int, data_scale: float = 1.0) -> Float[Tensor, "*batch"]:
    """A negative log likelihood in bits per dimension, for data in its own units.

        nats / (num_dims log 2) + log2(data_scale)

    The likelihood is that of the data divided by data_scale: 127.5 for 8-bit data scaled to [-1, 1] under a density,
    1 for probabilities.

    Domain: num_dims >= 1, data_scale > 0; else ValueError.
    Source: Theis et al. 2015, arXiv:1511.01844, section 3.1.
    Notes: R004-085.
    """
    if num_dims < 1:
        raise ValueError(f"num_dims must be at least 1; got {num_dims}")
    if not data_scale > 0:
        raise ValueError(f"data_scale must be positive; got {data_scale}")
    return nats / (num_dims * math.log(2)) + math.log2(data_scale)
