"""Mixtures of Gaussians with full covariance, fitted by EM.

A mixture on the line has dim = 1. The steps take a mixture and return one, so that loops and restarts stay outside.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class GaussianMixture(NamedTuple):
    """Weights on the simplex, means and covariances of the components, whose order means nothing."""

    weights: Float[Tensor, "components"]
    means: Float[Tensor, "components dim"]
    covariances: Float[Tensor, "components dim dim"]


def mixture_log_density(mixture: GaussianMixture, data: Float[Tensor, "samples dim"]) -> Float[Tensor, "samples"]:
    """Log density of the mixture at each sample.

        log p(x) = log sum_k pi_k N(x; mu_k, S_k)

    Domain: weights >= 0 that sum to 1; unless every covariance is positive definite, torch.linalg.LinAlgError. It has
    no upper bound as a covariance shrinks around a sample.
    Source: Bishop 2006, eq. 9.7.
    Notes: R003-086, R003-100.
    """
    return _log_joint(mixture, data).logsumexp(1)


def responsibilities(
    mixture: GaussianMixture, data: Float[Tensor, "samples dim"]
) -> Float[Tensor, "samples components"]:
    """Probability that each component gave each sample: the E-step.

        gamma_ik = pi_k N(x_i; mu_k, S_k) / sum_j pi_j N(x_i; mu_j, S_j)

    Log densities are normalised, so that a sample far from every component still has a row that sums to one.

    Domain: as `mixture_log_density`. A component of weight 0 has none.
    Source: Bishop 2006, eq. 9.23.
    Notes: R003-084, R003-091.
    """
    return _log_joint(mixture, data).softmax(1)


def mixture_m_step(
    data: Float[Tensor, "samples dim"],
    responsibilities: Float[Tensor, "samples components"],
    variance_floor: float = 0.0,
) -> GaussianMixture:
    """The mixture that makes the bound of `mixture_lower_bound` largest for the given responsibilities: the M-step.

        N_k = sum_i gamma_ik,   pi_k = N_k / N,   mu_k = sum_i gamma_ik x_i / N_k
        S_k = sum_i gamma_ik (x_i - mu_k)(x_i - mu_k)^T / N_k + variance_floor I

    Without a floor the mixture has the mean and the covariance of the data, whatever the responsibilities are.

    Domain: at least one sample and variance_floor >= 0, else ValueError; rows that sum to one. At N_k = 0 the mean and
    the covariance of the component are NaN. Where samples span less than dim dimensions S_k is singular without a
    floor.
    Source: Bishop 2006, eqs. 9.24-9.27.
    Differs: scikit-learn's floor, reg_covar, is 1e-6 unless told otherwise, and 10 eps is added to N_k.
    Notes: R003-085, R003-090, R003-100.
    """
    if not len(data):
        raise ValueError(f"a mixture needs at least one sample; got {len(data)}")
    if not variance_floor >= 0:
        raise ValueError(f"variance_floor must not be negative; got {variance_floor}")
    counts = responsibilities.sum(0)
    means = responsibilities.T @ data / counts[:, None]
    centred = [data - mean for mean in means]
    scatter = torch.stack([(gamma * x.T) @ x for gamma, x in zip(responsibilities.T, centred, strict=True)])
    floor = variance_floor * torch.eye(data.shape[1], dtype=data.dtype, device=data.device)
    return GaussianMixture(counts / len(data), means, scatter / counts[:, None, None] + floor)


def mixture_em_step(
    mixture: GaussianMixture, data: Float[Tensor, "samples dim"], variance_floor: float = 0.0
) -> GaussianMixture:
    """The mixture after one iteration of EM, which never lowers the likelihood unless there is a floor.

        M-step at gamma = responsibilities(mixture, data)

    Components with equal means and equal covariances stay equal. At a fixed point the gradient of the log likelihood is
    0 in means and covariances, and N in every weight, which is 0 along the simplex.

    Domain: as `responsibilities` and `mixture_m_step`.
    Source: Dempster et al. 1977, section 4.3; Bishop 2006, section 9.2.2.
    Notes: R003-083, R003-086, R003-095, R003-099, R003-101.
    """
    return mixture_m_step(data, responsibilities(mixture, data), variance_floor)


def hard_mixture_em_step(
    mixture: GaussianMixture, data: Float[Tensor, "samples dim"], variance_floor: float = 0.0
) -> GaussianMixture:
    """The mixture after one iteration of hard EM: each sample belongs wholly to its most probable component.

        gamma_ik = 1 if k = argmax_j pi_j N(x_i; mu_j, S_j), else 0;   then the M-step

    It drives overlapping components apart, and does not find the true ones however much data there is.

    Domain: as `responsibilities` and `mixture_m_step`; of equally probable components the first.
    Source: Celeux & Govaert 1992, "A classification EM algorithm for clustering".
    Notes: R003-095.
    """
    labels = _log_joint(mixture, data).argmax(1)
    return mixture_m_step(data, _one_hot(labels, len(mixture.weights), data), variance_floor)


def mixture_lower_bound(
    mixture: GaussianMixture,
    data: Float[Tensor, "samples dim"],
    responsibilities: Float[Tensor, "samples components"],
) -> Float[Tensor, "samples"]:
    """Lower bound on the log density of each sample, for any responsibilities whose rows sum to one.

        log p(x_i) >= sum_k gamma_ik log(pi_k N(x_i; mu_k, S_k) / gamma_ik)

    The difference is KL(gamma_i || posterior), so that it is tight at the responsibilities of the mixture. A rise of
    the bound that starts from any others may lower the likelihood.

    Domain: as `mixture_log_density`, gamma >= 0, where 0 log 0 = 0.
    Source: Bishop 2006, eqs. 9.70-9.72.
    Notes: R003-098, R003-099.
    """
    terms = responsibilities * (_log_joint(mixture, data) - responsibilities.log())
    return torch.where(responsibilities > 0, terms, 0).sum(1)


def fit_mixture(
    starts: Sequence[GaussianMixture], data: Float[Tensor, "samples dim"], num_steps: int, variance_floor: float = 0.0
) -> GaussianMixture:
    """The mixture of highest likelihood among those that num_steps iterations of EM make of each start.

    Domain: at least one start and num_steps >= 0, else ValueError; at num_steps = 0 the best start itself. Of equally
    likely mixtures the first. torch.linalg.LinAlgError if a component collapses from any start.
    Source: Bishop 2006, section 9.2.1 (collapse, restarts).
    Notes: R003-086, R003-087.
    """
    if not starts:
        raise ValueError(f"EM needs at least one start; got {starts}")
    if num_steps < 0:
        raise ValueError(f"num_steps must not be negative; got {num_steps}")
    fitted = list(starts)
    for _ in range(num_steps):
        fitted = [mixture_em_step(mixture, data, variance_floor) for mixture in fitted]
    best = max(fitted, key=lambda mixture: mixture_log_density(mixture, data).sum().item())
    return GaussianMixture(*(field.clone() for field in best))


def mixture_from_assignment(
    data: Float[Tensor, "samples dim"],
    labels: Int64[Tensor, "samples"],
    num_components: int,
    variance_floor: float = 0.0,
) -> GaussianMixture:
    """The mixture with the share, the mean and the covariance of each cluster: a start for EM from k-means.

    Domain: as `mixture_m_step`; ValueError for a label outside 0..num_components-1, and for a cluster without samples.
    Source: Bishop 2006, section 9.2.2.
    Notes: R003-087.
    """
    clusters = sorted(set(labels.tolist()))
    if clusters != list(range(num_components)):
        raise ValueError(f"every label of 0..{num_components - 1} and no other must occur; got {clusters}")
    return mixture_m_step(data, _one_hot(labels, num_components, data), variance_floor)


def mixture_moments(mixture: GaussianMixture) -> tuple[Float[Tensor, "dim"], Float[Tensor, "dim dim"]]:
    """Mean and covariance of the whole mixture: the covariances within the components, and that of their means.

        mean = sum_k pi_k mu_k,   covariance = sum_k pi_k (S_k + (mu_k - mean)(mu_k - mean)^T)

    Domain: weights >= 0 that sum to 1.
    Source: textbook; the law of total variance.
    Notes: R003-085, R003-100.
    """
    mean = mixture.weights @ mixture.means
    centred = mixture.means - mean
    within = (mixture.weights[:, None, None] * mixture.covariances).sum(0)
    return mean, within + (mixture.weights[:, None] * centred).mT @ centred


def _log_joint(mixture: GaussianMixture, data: Tensor) -> Tensor:
    """log pi_k N(x_i; mu_k, S_k), a row per sample."""
    roots = torch.linalg.cholesky(mixture.covariances)
    centred = [(data - mean).T for mean in mixture.means]
    whitened = [torch.linalg.solve_triangular(L, x, upper=False) for L, x in zip(roots, centred, strict=True)]
    distances = torch.stack([z.square().sum(0) for z in whitened], 1)
    log_det = 2 * roots.diagonal(dim1=1, dim2=2).log().sum(1)
    return mixture.weights.log() - (distances + log_det + data.shape[1] * math.log(2 * math.pi)) / 2


def _one_hot(labels: Tensor, count: int, like: Tensor) -> Tensor:
    return (labels[:, None] == torch.arange(count, device=labels.device)).to(like.dtype)
