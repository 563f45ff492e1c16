"""Probabilistic principal component analysis: x = W z + mean + noise, with z ~ N(0, I) and noise ~ N(0, sigma^2 I).

W is determined up to a rotation of z. Compare W W^T + sigma^2 I, the covariance of x, never W.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class PPCA(NamedTuple):
    """Mean, loadings W and noise variance sigma^2."""

    mean: Float[Tensor, "dim"]
    loadings: Float[Tensor, "dim latent"]
    noise_variance: Float[Tensor, ""]


def ppca_maximum_likelihood(data: Float[Tensor, "points dim"], num_latent: int) -> PPCA:
    """The model under which the data is most likely, in closed form.

        mean = sum x / n,   sigma^2 = mean of the dim - q smallest eigenvalues of the covariance (divisor n)
        W = U (L - sigma^2 I)^(1/2),   with the q largest eigenvalues L and their eigenvectors U

    Domain: 1 <= q = num_latent < dim, and data that does not lie in q dimensions, where the likelihood has no bound;
    else ValueError.
    Source: Tipping & Bishop 1999, "Probabilistic principal component analysis", section 3.2, with R = I.
    Differs: scikit-learn's PCA divides by n - 1. Signs and order of the columns of W are a convention.
    Notes: R003-093.
    """
    points, dim = data.shape
    if not 1 <= num_latent < dim:
        raise ValueError(f"num_latent must lie in 1..{dim - 1} for data of {dim} dimensions; got {num_latent}")
    if not points:
        raise ValueError(f"data must hold at least one point; got {points}")
    mean = data.mean(0)
    _, roots, axes = torch.linalg.svd((data - mean) / math.sqrt(points), full_matrices=False)
    noise_variance = roots[num_latent:].square().sum() / (dim - num_latent)
    if not noise_variance.sqrt() > dim * torch.finfo(data.dtype).eps * data.abs().max():
        raise ValueError(f"the data lies in {num_latent} dimensions: the noise variance is {noise_variance}")
    stretch = (roots[:num_latent].square() - noise_variance).clamp(min=0).sqrt()
    return PPCA(mean, axes[:num_latent].T * stretch, noise_variance)


def ppca_posterior(
    model: PPCA, x: Float[Tensor, "*batch dim"]
) -> tuple[Float[Tensor, "*batch latent"], Float[Tensor, "latent latent"]]:
    """Mean and covariance of z given x; the covariance is the same for every x.

        M = W^T W + sigma^2 I,   mean = M^-1 W^T (x - mean),   covariance = sigma^2 M^-1

    Domain: sigma^2 > 0.
    Source: Tipping & Bishop 1999, "Probabilistic principal component analysis", section 3.1.
    Differs: PCA projects by (W^T W)^-1 W^T, the limit at sigma^2 = 0; the posterior mean is shorter.
    Notes: R003-093.
    """
    mean, loadings, noise_variance = model
    inner = loadings.T @ loadings
    inverse = torch.linalg.inv(inner + noise_variance * torch.eye(len(inner), dtype=inner.dtype, device=inner.device))
    return (x - mean) @ loadings @ inverse, noise_variance * inverse


def ppca_log_likelihood(model: PPCA, x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch"]:
    """Log density of each x, in terms of the posterior mean m and covariance V of z.

        log N(x; mean, W W^T + sigma^2 I)
            = -(|x - mean - W m|^2 / sigma^2 + |m|^2 + dim log(2 pi sigma^2) - log det V) / 2

    Domain: sigma^2 > 0.
    Source: Tipping & Bishop 1999, "Probabilistic principal component analysis", section 3.1.
    Notes: R003-093.
    """
    latent, covariance = ppca_posterior(model, x)
    residual = x - model.mean - latent @ model.loadings.T
    distance = residual.square().sum(-1) / model.noise_variance + latent.square().sum(-1)
    log_volume = x.shape[-1] * (2 * math.pi * model.noise_variance).log() - torch.logdet(covariance)
    return -(distance + log_volume) / 2


def ppca_em_step(model: PPCA, data: Float[Tensor, "points dim"]) -> PPCA:
    """The model after one step of EM, with the mean of the data from the first step on.

        z_n, V = posterior of each x_n, with the new mean
        W       = (sum_n (x_n - mean) z_n^T) (sum_n z_n z_n^T + n V)^-1
        sigma^2 = (sum_n |x_n - mean - W z_n|^2 / n + tr(W V W^T)) / dim

    The likelihood of the data never falls. Data without spread leaves W = 0 and sigma^2 = 0.

    Domain: sigma^2 > 0; at least one point, else ValueError.
    Source: Tipping & Bishop 1999, "Probabilistic principal component analysis", appendix B.
    Notes: R003-086, R003-093.
    """
    if not len(data):
        raise ValueError(f"data must hold at least one point; got {len(data)}")
    mean = data.mean(0)
    latent, covariance = ppca_posterior(model._replace(mean=mean), data)
    second_moment = latent.T @ latent / len(data) + covariance
    loadings = torch.linalg.solve(second_moment, latent.T @ (data - mean) / len(data)).T
    residual = data - mean - latent @ loadings.T
    unexplained = residual.square().sum(1).mean() + (loadings @ covariance @ loadings.T).trace()
    return PPCA(mean, loadings, unexplained / data.shape[1])
