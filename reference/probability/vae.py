"""The variational autoencoder with diagonal Gaussian encoders: its loss term by term, its samples, its aggregate.

Encoders and decoders return a mean and a log variance. Losses are in nats per sample, summed over dimensions.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reference.diffusion.likelihood import gaussian_log_likelihood, normal_kl
from reference.diffusion.posteriors import sample_gaussian
from reference.diffusion.transitions import mutual_information
from reference.probability.information import kl_divergence
from reference.training.losses import sigmoid_log_loss


class KlSplit(NamedTuple):
    """The average divergence of the encoder from the prior, as what z tells of x and what the average q lacks."""

    mutual_information: Float[Tensor, ""]
    aggregate_kl: Float[Tensor, ""]


def diagonal_gaussian_kl(
    mean: Float[Tensor, "*batch latents"], log_variance: Float[Tensor, "*batch latents"]
) -> Float[Tensor, "*batch"]:
    """KL(N(mean, exp log_variance) || N(0, I)) of each sample, summed over its latents.

        KL = sum_j (mean_j^2 + exp(log_variance_j) - 1 - log_variance_j) / 2

    Domain: every real number.
    Source: Kingma & Welling 2013, arXiv:1312.6114, appendix B.
    Differs: with log standard deviations s, log_variance is 2 s; sum_j (mean_j^2 + exp(s_j) - 1 - s_j) is twice the KL
    only if exp(s_j) is the variance.
    Notes: R003-110, R003-111, R003-112.
    """
    return (mean**2 + torch.expm1(log_variance) - log_variance).sum(-1) / 2


def latent_code(
    mean: Float[Tensor, "*batch latents"],
    log_scale: Float[Tensor, "*batch latents"],
    noise: Float[Tensor, "*batch latents"],
) -> Float[Tensor, "*batch latents"]:
    """Sample of an encoder that returns log standard deviations.

        c = mean + exp(log_scale) noise

    Domain: every real log scale; at -inf the mean.
    Source: Kingma & Welling 2013, arXiv:1312.6114, section 2.4.
    Differs: `sample_gaussian` takes the log variance 2 log_scale, and so does the KL that belongs to this code.
    Notes: R003-106, R003-111.
    """
    return mean + log_scale.exp() * noise


def gaussian_reconstruction_nll(
    x: Float[Tensor, "*batch dim"], mean: Float[Tensor, "*batch dim"], log_variance: Float[Tensor, "*#batch #dim"]
) -> Float[Tensor, "*batch"]:
    """Negative log density of each sample under a Gaussian decoder.

        |x - mean|^2 / (2 sigma^2) + D / 2 log(2 pi sigma^2),   sigma^2 = exp(log_variance), of each entry or shared

    Domain: every real number. The shared variance that minimises it is the mean squared error.
    Source: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2.
    Differs: a mean squared error is 2 sigma^2 / D times the first term alone, so against it the KL weighs D times as
    much, at sigma^2 = 1/2.
    Notes: R003-109.
    """
    return -gaussian_log_likelihood(x, mean, log_variance / 2).sum(-1)


def bernoulli_reconstruction_nll(
    x: Float[Tensor, "*batch dim"], logits: Float[Tensor, "*batch dim"]
) -> Float[Tensor, "*batch"]:
    """Negative log probability of each sample under a Bernoulli decoder, which is binary cross-entropy.

        -sum_d (x_d log p_d + (1 - x_d) log(1 - p_d)),   p = 1 / (1 + exp(-logits))

    Domain: x in [0, 1], finite logits. For x between 0 and 1 it is a cross-entropy, least at p = x, and no likelihood.
    Source: Kingma & Welling 2013, arXiv:1312.6114, appendix C.1.
    Notes: R003-109.
    """
    return sigmoid_log_loss(logits, x).sum(-1)


def expected_linear_log_likelihood(
    x: Float[Tensor, "dim"],
    weight: Float[Tensor, "dim latents"],
    bias: Float[Tensor, "dim"],
    mean: Float[Tensor, "latents"],
    covariance: Float[Tensor, "latents latents"],
    variance: Float[Tensor, ""],
) -> Float[Tensor, ""]:
    """E_q[log p(x | z)] for x ~ N(weight z + bias, variance I) and q(z) = N(mean, covariance), without sampling.

        -(|x - bias - W mean|^2 + tr(W S W^T)) / (2 variance) - D / 2 log(2 pi variance)

    Domain: variance > 0, a positive semidefinite covariance; at 0 the log likelihood at the mean.
    Source: Tipping & Bishop 1999, Probabilistic principal component analysis, appendix B.
    Notes: R003-058.
    """
    residual = x - bias - weight @ mean
    trace = (weight @ covariance * weight).sum()
    return -(residual.square().sum() + trace) / (2 * variance) - len(x) / 2 * torch.log(2 * math.pi * variance)


def mixture_prior_kl_bound(
    mean: Float[Tensor, "*batch latents"],
    log_variance: Float[Tensor, "*batch latents"],
    weights: Float[Tensor, "components"],
    prior_means: Float[Tensor, "components latents"],
    prior_log_variances: Float[Tensor, "components latents"],
) -> Float[Tensor, "*batch"]:
    """Upper bound on the KL of an encoder's diagonal Gaussian q from a mixture prior, which has no closed form.

        KL(q || sum_k w_k N_k) <= sum_k w_k KL(q || N_k)

    Domain: weights >= 0 that sum to 1. Exact if all components are equal; one standard component is the plain VAE.
    Source: convexity of KL: Cover & Thomas 2006, Elements of Information Theory, theorem 2.7.2.
    Differs: -log sum_k w_k exp(-KL(q || N_k)) is a bound too, and never larger (Hershey & Olsen 2007).
    Notes: R003-105.
    """
    kl = normal_kl(mean[..., None, :], log_variance[..., None, :], prior_means, prior_log_variances)
    return kl.sum(-1) @ weights


def vae_loss(
    x: Float[Tensor, "batch dim"],
    encode: Callable[[Tensor], tuple[Tensor, Tensor]],
    decode: Callable[[Tensor], tuple[Tensor, Tensor]],
    noise: Float[Tensor, "batch latents"],
) -> Float[Tensor, "batch"]:
    """Minus the evidence lower bound of each sample, for one draw of the latents.

        -log p(x | z) + KL(q(z | x) || N(0, I)),   z ~ q(z | x) made of the given noise

    `encode(x)` returns mean and log variance of q(z | x), `decode(z)` those of p(x | z). The mean over the noise is
    -log p(x) + KL(q(z | x) || p(z | x)); a single draw may lie below it.

    Domain: every real x.
    Source: Kingma & Welling 2013, arXiv:1312.6114, eqs. 3 and 10.
    Differs: the paper maximises the bound itself, of which this is the negative.
    Notes: R003-107, R003-108.
    """
    mean, log_variance = encode(x)
    reconstruction, reconstruction_log_variance = decode(sample_gaussian(mean, log_variance, noise))
    nll = gaussian_reconstruction_nll(x, reconstruction, reconstruction_log_variance)
    return nll + diagonal_gaussian_kl(mean, log_variance)


def vae_sample(
    decode: Callable[[Tensor], tuple[Tensor, Tensor]],
    z: Float[Tensor, "batch latents"],
    noise: Float[Tensor, "batch dim"],
) -> Float[Tensor, "batch dim"]:
    """New data: a sample of the decoder's Gaussian at latents drawn from the prior.

        x = mean + exp(log_variance / 2) noise,   (mean, log_variance) = decode(z)

    For a decoder W z + b of variance sigma^2 it is a sample of N(b, W W^T + sigma^2 I).

    Domain: standard normal z and noise.
    Source: Kingma & Welling 2013, arXiv:1312.6114, section 2.1 and appendix C.2.
    Differs: pictures of samples usually show the mean alone, which varies less than the data.
    Notes: R003-104.
    """
    return sample_gaussian(*decode(z), noise)


def aggregate_moments(
    means: Float[Tensor, "batch latents"], variances: Float[Tensor, "batch latents"]
) -> tuple[Float[Tensor, "latents"], Float[Tensor, "latents latents"]]:
    """Mean and covariance of q(z), the average of the diagonal Gaussians q(z | x_i) over the data.

        mean = 1 / N sum_i means_i,   covariance = 1 / N sum_i (diag(variances_i) + d_i d_i^T),   d_i = means_i - mean

    Latents that are independent given x may so be correlated on the whole.

    Domain: at least one row, variances >= 0; ValueError without rows.
    Source: the law of total covariance; the aggregated posterior of Makhzani et al. 2015, arXiv:1511.05644, eq. 1.
    Notes: R003-115.
    """
    if len(means) < 1:
        raise ValueError(f"the average needs at least one row; got {len(means)}")
    mean = means.mean(0)
    deviations = means - mean
    return mean, variances.mean(0).diag() + deviations.T @ deviations / len(means)


def average_kl_split(
    data: Float[Tensor, "data"], q: Float[Tensor, "data latents"], prior: Float[Tensor, "latents"]
) -> KlSplit:
    """The two parts of the average KL(q(z | x) || p(z)) over the data, for latents that can be enumerated, in nats.

        sum_i data_i KL(q_i || prior) = I(x; z) + KL(q(z) || prior),   q(z) = sum_i data_i q_i(z)

    At 0 the code tells nothing of x. Only the second part says how well q(z) matches the prior.

    Domain: data, prior and rows of q are probabilities. Infinite where the prior misses a z that q(z) has.
    Source: Hoffman & Johnson 2016, ELBO surgery.
    Notes: R003-114.
    """
    return KlSplit(mutual_information(q, data), kl_divergence(data @ q, prior))
