"""Judges torch.distributions, and what torch.nn.functional and torch.linalg have for vectors, matrices and losses.

    density of a Gaussian, of PPCA        MultivariateNormal, LowRankMultivariateNormal
    log density of each element           Normal.log_prob; of a sample also Independent
    probability of an interval            difference of Normal.cdf
    sample of a Gaussian, Gumbel noise    Normal.rsample, Gumbel.rsample
    density of a mixture, total variance  MixtureSameFamily
    Beta                                  Beta.mean, .mode, .variance
    Bernoulli sequence, two coins         Independent Bernoulli; MixtureSameFamily of two of them
    entropy, posterior, log probability   Categorical
    KL divergences                        kl_divergence of Categorical, Normal, Independent, MultivariateNormal
    cross-entropy                         torch.nn.functional.cross_entropy of the logarithms
    losses of the generator               torch.nn.functional.binary_cross_entropy_with_logits
    normalisation, cosine, shrinkage      torch.nn.functional.normalize, cosine_similarity, softshrink
    norm, determinant, least squares      torch.linalg.vector_norm, det, lstsq
    covariances                           torch.cov

Arguments are validated, as they are by default, but in three places where the library would refuse what it can compute:
the standard deviation of a sample and the variance of a group may be 0, and the data of a Bernoulli decoder may lie
between 0 and 1. Where the library takes standard deviations, it is given the roots of variances, or the exponentials of
their logarithms. Uniform and normal noise is what torch draws.

lstsq is told to use LAPACK's gelsd. With gelsy, its default, the fit to columns that depend on each other is not the
same twice (pytorch/pytorch#187411).
"""

from unittest.mock import patch

import torch
from torch.distributions import (
    Bernoulli,
    Beta,
    Categorical,
    Gumbel,
    Independent,
    LowRankMultivariateNormal,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    kl,
)
from torch.nn import functional

PACKAGES = ("torch",)


# Gaussians


def multivariate_normal_log_density(x, mean, covariance):
    return MultivariateNormal(mean, covariance).log_prob(x)


def ppca_log_likelihood(model, x):
    variances = model.noise_variance.expand_as(model.mean)
    return LowRankMultivariateNormal(model.mean, model.loadings, variances).log_prob(x)


def gaussian_log_likelihood(x, mean, log_scale):
    return Normal(mean, log_scale.exp()).log_prob(x)


def gaussian_reconstruction_nll(x, mean, log_variance):
    return -_diagonal(mean, log_variance).log_prob(x)


def normal_interval_probability(low, high, mean, std):
    normal = Normal(mean, std)
    return normal.cdf(high) - normal.cdf(low)


def reparameterized_sample(mean, std, noise):
    with patch("torch.distributions.normal._standard_normal", return_value=noise):
        return Normal(mean, std, validate_args=False).rsample()


def sample_gaussian(mean, log_variance, noise):
    return reparameterized_sample(mean, (log_variance / 2).exp(), noise)


def latent_code(mean, log_scale, noise):
    return reparameterized_sample(mean, log_scale.exp(), noise)


def normal_kl(mean_1, log_variance_1, mean_2, log_variance_2):
    return kl.kl_divergence(Normal(mean_1, (log_variance_1 / 2).exp()), Normal(mean_2, (log_variance_2 / 2).exp()))


def diagonal_gaussian_kl(mean, log_variance):
    nothing = torch.zeros_like(mean)
    return kl.kl_divergence(_diagonal(mean, log_variance), _diagonal(nothing, nothing))


def multivariate_normal_kl(mean_1, covariance_1, mean_2, covariance_2):
    return kl.kl_divergence(MultivariateNormal(mean_1, covariance_1), MultivariateNormal(mean_2, covariance_2))


def _diagonal(mean, log_variance):
    return Independent(Normal(mean, (log_variance / 2).exp()), 1)


# Mixtures


def mixture_log_density(mixture, data):
    components = MultivariateNormal(mixture.means, mixture.covariances)
    return MixtureSameFamily(Categorical(mixture.weights), components).log_prob(data)


def total_variance(group_probabilities, group_means, group_variances):
    groups = Normal(group_means, group_variances.sqrt(), validate_args=False)
    return MixtureSameFamily(Categorical(group_probabilities), groups).variance


def coin_log_likelihood(coins, heads, tosses):
    theta = torch.stack(tuple(coins))
    sequence = Independent(Bernoulli(theta[:, None].expand(2, tosses)), 1)
    either = Categorical(torch.full_like(theta, 0.5))
    return MixtureSameFamily(either, sequence).log_prob(_draws(heads[:, None], tosses, theta))


# Beta and Bernoulli


def beta_mean(alpha, beta):
    return Beta(alpha, beta).mean


def beta_mode(alpha, beta):
    return Beta(alpha, beta).mode


def beta_variance(alpha, beta):
    return Beta(alpha, beta).variance


def bernoulli_log_likelihood(theta, successes, trials):
    if not 0 <= successes <= trials:
        raise NotImplementedError("torch.distributions takes the draws, of which so many cannot be successes")
    sequence = Independent(Bernoulli(theta[..., None].expand(*theta.shape, trials)), 1)
    return sequence.log_prob(_draws(successes, trials, theta))


def bernoulli_reconstruction_nll(x, logits):
    return -Independent(Bernoulli(logits=logits, validate_args=False), 1).log_prob(x)


def _draws(successes, trials, like):
    return (torch.arange(trials, device=like.device) < successes).to(like)


# Finitely many outcomes


def entropy(p):
    return Categorical(p).entropy()


def kl_divergence(p, q):
    return kl.kl_divergence(Categorical(p), Categorical(q))


def cross_entropy(p, q):
    return functional.cross_entropy(q.log().movedim(-1, 0)[None], p.movedim(-1, 0)[None], reduction="none")[0]


def exact_posterior(log_joint):
    return Categorical(logits=log_joint).probs


def auxiliary_cross_entropy(logits, x_0):
    return -Categorical(logits=logits).log_prob(x_0)


def gumbel_noise(uniform):
    with patch.object(torch, "rand", return_value=uniform):
        return Gumbel(torch.zeros_like(uniform), torch.ones_like(uniform)).rsample()


def generator_loss_saturating(logits):
    return -functional.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def generator_loss_non_saturating(logits):
    return functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


# Vectors, matrices and data


def p_norm(x, p):
    return torch.linalg.vector_norm(x, p, dim=-1)


def l2_normalize(x):
    return functional.normalize(x, dim=-1)


def cosine_similarity(a, b):
    return functional.cosine_similarity(a, b, dim=-1)


def soft_threshold(x, threshold):
    return functional.softshrink(x, threshold)


def determinant(matrix):
    return torch.linalg.det(matrix)


def least_squares(features, targets):
    return torch.linalg.lstsq(features, targets[:, None], driver="gelsd").solution[:, 0]


def gaussian_maximum_likelihood(data):
    return data.mean(0), torch.cov(data.T, correction=0).reshape(data.shape[1], data.shape[1])


def unbiased_covariance(data):
    return torch.cov(data.T).reshape(data.shape[1], data.shape[1])
