"""Evidence and its lower bounds over latents that can be enumerated, pathwise samples, and mean-field ascent.

A joint table holds log p(x, z) for the given x and every z along its last axis. Logarithms are natural.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def evidence(
    prior: Float[Tensor, "latents"], log_likelihood: Float[Tensor, "*batch latents"]
) -> Float[Tensor, "*batch"]:
    """Log probability of the data with the latent summed out.

        log p(x) = log sum_z p(z) p(x | z)

    Domain: a prior with entries >= 0 that sum to 1. -inf where no z has x.
    Source: Bishop 2006, Pattern Recognition and Machine Learning, section 9.2.
    Notes: R003-049, R003-088.
    """
    return torch.logsumexp(prior.log() + log_likelihood, -1)


def exact_posterior(log_joint: Float[Tensor, "*batch latents"]) -> Float[Tensor, "*batch latents"]:
    """Probabilities of the latent given the data: the E-step, at which the lower bound is tight.

        p(z | x) = p(x, z) / sum_z' p(x, z')

    Domain: log probabilities, -inf included. NaN where all are -inf: such x do not occur.
    Source: Bishop 2006, section 9.4; Neal & Hinton 1998.
    Notes: R003-088, R003-089.
    """
    return torch.softmax(log_joint, -1)


def elbo(q: Float[Tensor, "*batch latents"], log_joint: Float[Tensor, "*batch latents"]) -> Float[Tensor, "*batch"]:
    """Evidence lower bound: what is left of log p(x) when q stands in for the posterior.

        L(q) = sum_z q(z) (log p(x, z) - log q(z)) = log p(x) - KL(q || p(z | x)),   0 log 0 = 0

    Raising L over the joint raises log p(x) only if q was the posterior before.

    Domain: q with entries >= 0 that sum to 1. -inf where q has a z that p(x, z) excludes; a z that q excludes counts
    for nothing and gets a gradient of 0.
    Source: Bishop 2006, eqs. 9.70-9.72; Neal & Hinton 1998.
    Notes: R003-049, R003-088, R003-089, R003-099, R003-107.
    """
    held = q > 0
    return (q * (torch.where(held, log_joint, 0) - torch.where(held, q, 1).log())).sum(-1)


def importance_weighted_bound(log_weights: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch"]:
    """Lower bound on log p(x) from K samples of q: the logarithm of their average importance weight.

        L_K = log(1 / K sum_k w_k),   log w_k = log p(x, z_k) - log q(z_k)

    Its mean over the samples rises with K from the ELBO to log p(x), and exp(L_K) has the mean p(x) for every K.

    Domain: at least one sample; else ValueError. -inf where every weight is 0.
    Source: Burda et al. 2015 (IWAE), arXiv:1509.00519, section 3.
    Notes: R003-089.
    """
    samples = log_weights.shape[-1]
    if samples < 1:
        raise ValueError(f"the bound needs at least one sample; got {samples}")
    return torch.logsumexp(log_weights, -1) - math.log(samples)


def reparameterized_sample(
    mean: Float[Tensor, "*batch dim"], std: Float[Tensor, "*#batch #dim"], noise: Float[Tensor, "*batch dim"]
) -> Float[Tensor, "*batch dim"]:
    """Sample of N(mean, std^2) as a differentiable function of its parameters.

        z = mean + std noise

    Gradients pass through z, so that those of E[f(z)] are E[f'(z)] and E[f'(z) noise].

    Domain: std >= 0; at 0 the mean.
    Source: Kingma & Welling 2013, arXiv:1312.6114, section 2.4.
    Differs: `sample_gaussian` takes the log variance, `latent_code` the log standard deviation.
    Notes: R003-082.
    """
    return mean + std * noise


def cavi_gaussian_sweep(
    mean: Float[Tensor, "dim"], precision: Float[Tensor, "dim dim"], current: Float[Tensor, "dim"]
) -> Float[Tensor, "dim"]:
    """Means of a factorised q after one pass of coordinate ascent towards N(mean, inv(precision)).

        m_j <- mean_j - sum_{i != j} L_ji (m_i - mean_i) / L_jj   for j = 1, 2, ..., with the m_i of this pass if i < j

    Repeated, it converges to the mean, at once if L is diagonal. The variances of q are `mean_field_variances`.

    Domain: a symmetric, positive definite precision L; ValueError unless positive definite.
    Source: Bishop 2006, section 10.1.2, eqs. 10.13 and 10.15; Blei et al. 2016, arXiv:1601.00670, algorithm 1.
    Notes: R003-103.
    """
    _check_precision(precision)
    for j, axis in enumerate(torch.eye(len(mean), dtype=mean.dtype, device=mean.device)):
        current = current - precision[j] @ (current - mean) / precision[j, j] * axis
    return current


def mean_field_variances(precision: Float[Tensor, "dim dim"]) -> Float[Tensor, "dim"]:
    """Variances of the factorised q that minimises KL(q || N(mean, inv(L))), those of each z_j given all others.

        v_j = 1 / L_jj <= inv(L)_jj

    Domain: a symmetric, positive definite precision L; ValueError unless positive definite. Equal iff L is diagonal.
    Source: Bishop 2006, section 10.1.2, eqs. 10.12-10.15.
    Notes: R003-103.
    """
    _check_precision(precision)
    return 1 / precision.diagonal()


def cavi_categorical_sweep(
    log_joint: Float[Tensor, "rows columns"], q_columns: Float[Tensor, "columns"]
) -> tuple[Float[Tensor, "rows"], Float[Tensor, "columns"]]:
    """Both factors of q(i, j) = q_rows(i) q_columns(j) after one pass of coordinate ascent on the lower bound.

        q_rows(i)    proportional to exp(sum_j q_columns(j) log p(x, i, j))
        q_columns(j) proportional to exp(sum_i q_rows(i) log p(x, i, j)),   with the new q_rows

    It never lowers the bound, and finds a joint that factorises in one pass.

    Domain: a finite log_joint, normalised or not; q_columns with entries >= 0 that sum to 1.
    Source: Bishop 2006, eq. 10.9; Blei et al. 2016, arXiv:1601.00670, eq. 17 and algorithm 1.
    Notes: R003-103.
    """
    q_rows = torch.softmax(log_joint @ q_columns, -1)
    return q_rows, torch.softmax(q_rows @ log_joint, -1)


def _check_precision(precision: Float[Tensor, "dim dim"]) -> None:
    if torch.linalg.cholesky_ex(precision).info != 0:
        raise ValueError(f"a precision must be positive definite; got {precision.tolist()}")
