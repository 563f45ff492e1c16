"""Laws of `reference.probability.vae`."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import kl_magnitude, mean_log_ratio, relative_entropy
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, masks, normals, simplex

# Means over two latents of standard normal noise are exact at these four points if the function is quadratic.
CUBATURE = math.sqrt(2) * torch.tensor([[1, 0], [-1, 0], [0, 1], [0, -1]], dtype=torch.float64)


def log_variances(*shape):
    return dyadics(-12288, 12288, *shape)


@given(mean=normals(2, 3, 5), log_variance=log_variances(2, 3, 5))
def test_diagonal_gaussian_kl_adds_mean_log_ratios(diagonal_gaussian_kl, mean, log_variance):
    """It is the mean of log q(z) - log p(z) under q of each sample, added up over its latents."""
    variance, one = log_variance.exp(), torch.ones(2, 3, 5, dtype=torch.float64)
    expected = mean_log_ratio(mean, variance, 0 * one, one).sum(2)
    assert_close(diagonal_gaussian_kl(mean, log_variance), expected, kl_magnitude(mean, variance, one).sum(2))


@pytest.mark.autograd
@pytest.mark.parametrize("scale", [-64, 0, 32])
@given(mean=normals(2, 3), log_variance=log_variances(2, 3))
def test_diagonal_gaussian_kl_pulls_towards_the_prior(diagonal_gaussian_kl, mean, log_variance, scale):
    """Its gradients are the mean and (variance - 1) / 2, which vanish together at N(0, I) alone, at every scale."""
    log_variance = log_variance + scale
    mean.requires_grad_(), log_variance.requires_grad_()
    kl = diagonal_gaussian_kl(mean, log_variance)
    in_mean, in_log = (part.to(kl.dtype) for part in torch.autograd.grad(kl.sum(), (mean, log_variance)))
    assert_close(in_mean, mean)
    assert_close(in_log, (log_variance.exp() - 1) / 2, 1 + log_variance.detach().exp())


@given(mean=normals(2, 3), exponent=st.integers(-4, 4), noise=normals(2, 3))
def test_latent_code_equals_shift_by_exponential(latent_code, mean, exponent, noise):
    """A log scale of k log 2 moves the code by 2^k standard normals, and one of -inf not at all."""
    log_scale = torch.tensor([[exponent * math.log(2)], [-math.inf]], dtype=torch.float64).expand(2, 3)
    spread = torch.stack([2.0**exponent * noise[0], 0 * noise[1]])
    assert_close(latent_code(mean, log_scale, noise), mean + spread, mean.abs() + spread.abs() * (1 + abs(exponent)))


@pytest.mark.autograd
@given(mean=normals(2, 3), log_scale=dyadics(-6144, 6144, 2, 3), noise=normals(2, 3))
def test_latent_code_has_pathwise_gradients(latent_code, mean, log_scale, noise):
    """The code moves with its mean, and with its log scale as far as noise has led it from the mean."""
    code = latent_code(mean.requires_grad_(), log_scale.requires_grad_(), noise)
    in_mean, in_log = (part.to(code.dtype) for part in torch.autograd.grad(code.sum(), (mean, log_scale)))
    assert_close(in_mean, 1)
    assert_close(in_log, code.detach() - mean, code.abs() + mean.abs())


@given(mean=normals(2, 3), log_scale=dyadics(-6144, 6144, 2, 3))
def test_latent_code_has_the_divergence_of_twice_its_log_scale(latent_code, diagonal_gaussian_kl, mean, log_scale):
    """The mean of log q(c) - log p(c) over its own codes is the KL at log variance 2 log scale."""
    codes = torch.stack([latent_code(mean, log_scale, torch.full_like(mean, sign)) for sign in (-1, 1)])
    ratio = stats.norm.logpdf(codes, mean, log_scale.exp()) - stats.norm.logpdf(codes)
    size = kl_magnitude(mean, (2 * log_scale).exp(), torch.ones(())) + mean.abs() / log_scale.exp()
    assert_close(diagonal_gaussian_kl(mean, 2 * log_scale), ratio.mean(0).sum(1), size.sum(1))


@given(x=normals(2, 3, 5), mean=normals(2, 3, 5), log_variance=log_variances(2, 1, 1))
def test_gaussian_reconstruction_nll_adds_log_densities(gaussian_reconstruction_nll, x, mean, log_variance):
    """It is minus the sum of the log densities of a sample's entries, whose variance they share or not."""
    scale = (log_variance / 2).exp()
    size = 1 + log_variance.abs() + (1 + log_variance.abs()) * ((x - mean) / scale) ** 2
    expected = -torch.as_tensor(stats.norm.logpdf(x, mean, scale)).sum(2)
    assert_close(gaussian_reconstruction_nll(x, mean, log_variance), expected, size.sum(2))
    assert_close(gaussian_reconstruction_nll(x, mean, log_variance.expand(2, 3, 5)), expected, size.sum(2))


@given(mean=normals(2, 3), distance=dyadics(1, 16384, 2, 3), log_ratio=log_variances(2, 1))
def test_gaussian_reconstruction_nll_is_least_at_mean_squared_error(
    gaussian_reconstruction_nll, mean, distance, log_ratio
):
    """At r times the mean squared error m it is D / 2 (log(2 pi m r) + 1 / r), least at r = 1."""
    error = distance.square().mean(1, keepdim=True)
    nll = gaussian_reconstruction_nll(mean + distance, mean, error.log() + log_ratio)
    log_variance = error.log() + log_ratio
    expected = 3 / 2 * (math.log(2 * math.pi) + log_variance + (-log_ratio).exp())
    size = 3 * (1 + error.log().abs() + log_ratio.abs()) * (1 + (-log_ratio).exp() * (1 + mean.abs().amax(1, True)))
    assert_close(nll, expected.squeeze(1), size.squeeze(1))


@given(x=dyadics(0, 4096, 2, 3, 5), logits=normals(2, 3, 5))
def test_bernoulli_reconstruction_nll_exceeds_entropy_by_divergence(bernoulli_reconstruction_nll, x, logits):
    """Cross-entropy of x and p is the entropy of x plus KL(x || p), added up over a sample."""
    bits, sides = torch.stack([x, 1 - x], -1), torch.stack([logits, -logits], -1)
    entropy = torch.as_tensor(special.entr(bits.numpy())).sum(-1)
    expected = entropy + relative_entropy(bits, torch.as_tensor(special.expit(sides.numpy())))
    assert_close(bernoulli_reconstruction_nll(x, logits), expected.sum(2), (1 + logits.abs()).sum(2))


@given(x=masks(2, 3), sure=masks(2, 3), reach=dyadics(1024, 8192, 2, 3, grid=1))
def test_bernoulli_reconstruction_nll_is_finite_for_far_logits(bernoulli_reconstruction_nll, x, sure, reach):
    """A decoder that is sure of the right bit pays nothing, and one that is sure of the wrong bit pays |logit|."""
    logits = torch.where(sure, reach, -reach)
    expected = torch.where(x == sure, 0, reach).sum(1)
    assert_close(bernoulli_reconstruction_nll(x.double(), logits), expected)


@pytest.mark.parametrize("known", [False, True])
@given(
    x=normals(3),
    weight=normals(3, 2),
    bias=normals(3),
    mean=normals(2),
    covariance=covariances(2),
    exponent=st.integers(-3, 3),
)
def test_expected_linear_log_likelihood_equals_mean_over_latents(
    expected_linear_log_likelihood, x, weight, bias, mean, covariance, exponent, known
):
    """It is the mean of log N(x; W z + bias, variance I) over q(z), and its value at the mean if that is all of q."""
    covariance = covariance * (not known)
    root = torch.linalg.cholesky(covariance + known * torch.eye(2)) * (not known)
    z = mean + CUBATURE @ root.T
    expected = stats.norm.logpdf(x, z @ weight.T + bias, 2.0**exponent).sum(1).mean()
    reach = x.abs() + bias.abs() + weight.abs() @ (mean.abs() + 2 * root.abs().sum(1))
    size = 3 * (1 + abs(exponent)) + (reach**2).sum() / 4.0**exponent
    variance = torch.tensor(4.0**exponent, dtype=torch.float64)
    assert_close(expected_linear_log_likelihood(x, weight, bias, mean, covariance, variance), expected, size)


@given(
    mean=normals(2, 5, 2),
    log_variance=log_variances(2, 5, 2),
    weights=simplex(3),
    prior_means=normals(3, 2),
    prior_log_variances=log_variances(3, 2),
)
def test_mixture_prior_kl_bound_equals_mean_over_components(
    mixture_prior_kl_bound, mean, log_variance, weights, prior_means, prior_log_variances
):
    """It is the mean of KL(q || N_k) over the components, each added up over the latents."""
    variance, prior_variances = log_variance.exp(), prior_log_variances.exp()
    pairs = [(prior_means[k].expand(2, 5, 2), prior_variances[k].expand(2, 5, 2)) for k in range(3)]
    kl = torch.stack([mean_log_ratio(mean, variance, *pair).sum(-1) for pair in pairs], -1)
    size = [kl_magnitude(mean.abs() + pair[0].abs(), variance, pair[1]).sum(-1) for pair in pairs]
    bound = mixture_prior_kl_bound(mean, log_variance, weights, prior_means, prior_log_variances)
    assert_close(bound, kl @ weights, torch.stack(size, -1) @ weights)


@given(
    mean=normals(1),
    exponent=st.integers(-2, 2),
    weights=simplex(3),
    prior_means=normals(3, 1),
    prior_log_variances=dyadics(-4096, 8192, 3, 1),
)
def test_mixture_prior_kl_bound_is_bounded_by_divergence_from_mixture(
    mixture_prior_kl_bound, mean, exponent, weights, prior_means, prior_log_variances
):
    """It is at least KL(q || sum_k w_k N_k), a sum over a lattice that converges faster than any power of its step."""
    scale = 2.0**exponent
    z = mean + scale * torch.arange(-72, 73) / 8
    components = stats.norm.logpdf(z, prior_means, (prior_log_variances / 2).exp())
    log_ratio = stats.norm.logpdf(z, mean, scale) - special.logsumexp(components, axis=0, b=weights[:, None])
    kl = (stats.norm.pdf(z, mean, scale) * log_ratio).sum() * scale / 8
    log_variance = torch.full((1,), 2 * math.log(scale), dtype=torch.float64)
    bound = mixture_prior_kl_bound(mean, log_variance, weights, prior_means, prior_log_variances)
    spread = (mean - prior_means).abs().max() + 1
    size = kl_magnitude(spread, torch.tensor(scale**2), prior_log_variances.exp().min())
    assert_at_most(-bound, -kl, size)


def linear(weight, bias, log_variance):
    return lambda values: (values.double() @ weight.T + bias, log_variance.expand(len(values), -1))


def gaussian_kl(mean, variance, other_mean, other_covariance):
    """KL(N(mean, diag variance) || N(other_mean, other_covariance)) in two dimensions, as a mean of log ratios."""
    points = mean + CUBATURE * variance.sqrt()
    log_q = stats.norm.logpdf(points, mean, variance.sqrt()).sum(1)
    return (log_q - stats.multivariate_normal.logpdf(points, other_mean, other_covariance)).mean()


@given(
    x=normals(3, 3),
    weight=dyadics(-8192, 8192, 3, 2),
    bias=normals(3),
    slope=dyadics(-4096, 4096, 2, 3),
    offset=normals(2),
    log_variance=dyadics(-4096, 4096, 2),
    exponent=st.integers(-1, 2),
)
def test_vae_loss_exceeds_minus_evidence_by_divergence_from_posterior(
    vae_loss, x, weight, bias, slope, offset, log_variance, exponent
):
    """For a decoder W z + b of variance s^2, its mean is KL(q || p(z | x)) - log N(x; b, W W^T + s^2 I)."""
    noise_variance = 4.0**exponent
    decoder_log_variance = torch.tensor([math.log(noise_variance)], dtype=torch.float64)
    models = linear(slope, offset, log_variance), linear(weight, bias, decoder_log_variance)
    losses = vae_loss(x.repeat(4, 1), *models, CUBATURE.repeat_interleave(3, 0)).reshape(4, 3)
    covariance = weight @ weight.T + noise_variance * torch.eye(3)
    gain = torch.linalg.solve(covariance, weight).T
    posterior_covariance = torch.eye(2) - gain @ weight
    posterior_mean = (x - bias) @ gain.T
    log_evidence = stats.multivariate_normal.logpdf(x, bias, covariance)
    q_mean, q_variance = x @ slope.T + offset, log_variance.exp()
    gaps = [gaussian_kl(q_mean[i], q_variance, posterior_mean[i], posterior_covariance) for i in range(3)]
    reach = (x.abs() + bias.abs()).sum(1) + weight.abs().sum() * (q_mean.abs() + 2 * q_variance.sqrt()).sum(1)
    size = 10 + reach**2 / noise_variance + q_mean.square().sum(1) + q_variance.sum()
    expected = torch.tensor(gaps) - torch.as_tensor(log_evidence)
    assert_close(losses.mean(0), expected, size * torch.linalg.cond(covariance))


@given(x=normals(2, 3), columns=dyadics(1, 8, 2, grid=4), bias=normals(3), exponent=st.integers(-1, 2))
def test_vae_loss_equals_minus_evidence_at_exact_encoder(vae_loss, x, columns, bias, exponent):
    """An encoder that returns the posterior, diagonal where columns of W are orthogonal, has mean loss -log p(x)."""
    noise_variance = 4.0**exponent
    weight = torch.tensor([[1, 2], [2, 1], [2, -2]], dtype=torch.float64) / 3 * columns
    precision = columns**2 / noise_variance + 1
    encode = linear(
        weight.T / noise_variance / precision[:, None], -bias @ weight / noise_variance / precision, -precision.log()
    )
    decode = linear(weight, bias, torch.tensor([math.log(noise_variance)], dtype=torch.float64))
    losses = vae_loss(x.repeat(4, 1), encode, decode, CUBATURE.repeat_interleave(2, 0)).reshape(4, 2)
    expected = -stats.multivariate_normal.logpdf(x, bias, weight @ weight.T + noise_variance * torch.eye(3))
    reach = (x.abs() + bias.abs()).sum(1) + columns.sum()
    assert_close(losses.mean(0), expected, 10 + 4 * reach**2 / noise_variance)


@given(x=dyadics(-64, 64, 5, 3, grid=64), z_noise=dyadics(-64, 64, 5, 2, grid=64), x_noise=normals(5, 3))
def test_vae_loss_takes_variances_row_by_row_and_entry_by_entry(vae_loss, vae_sample, x, z_noise, x_noise):
    """Both networks give every sample and every entry of it a variance of its own."""

    def encode(x):
        return x[:, :2], x[:, 1:]

    def decode(z):
        return torch.cat([z, z[:, :1]], 1), torch.cat([z[:, 1:], z], 1)

    mean, variance, one = x[:, :2], x[:, 1:].exp(), torch.ones(5, 2, dtype=torch.float64)
    decoded, log_variance = decode(mean + variance.sqrt() * z_noise)
    scale = (log_variance / 2).exp()
    nll = -torch.as_tensor(stats.norm.logpdf(x, decoded, scale)).sum(1)
    expected = nll + mean_log_ratio(mean, variance, 0 * one, one).sum(1)
    assert_close(vae_loss(x, encode, decode, z_noise), expected, 2**10)
    assert_close(vae_sample(decode, mean, x_noise), decode(mean)[0] + (decode(mean)[1] / 2).exp() * x_noise, 16)


@pytest.mark.autograd
@given(x=normals(5, 2), mean=normals(5, 2), log_variance=dyadics(-4096, 4096, 5, 2), noise=normals(5, 2))
def test_vae_loss_has_pathwise_gradients(vae_loss, x, mean, log_variance, noise):
    """Behind a decoder that returns the code with variance 1, both terms pull on the encoder's mean and variance."""
    mean.requires_grad_(), log_variance.requires_grad_()
    loss = vae_loss(x, lambda _: (mean, log_variance), lambda z: (z, torch.zeros_like(z)), noise)
    in_mean, in_log = (part.to(loss.dtype) for part in torch.autograd.grad(loss.sum(), (mean, log_variance)))
    moved = (log_variance.detach() / 2).exp() * noise
    error = mean.detach() + moved - x
    assert_close(in_mean, error + mean, 64)
    assert_close(in_log, (error * moved + log_variance.exp() - 1) / 2, 64)


@given(weight=normals(3, 2), bias=normals(3), exponent=st.integers(-2, 2))
def test_vae_sample_has_moments_of_linear_model(vae_sample, weight, bias, exponent):
    """A decoder W z + b of variance s^2 moves b by W along z and by s along the noise: N(b, W W^T + s^2 I)."""
    decode = linear(weight, bias, torch.tensor([exponent * math.log(4)], dtype=torch.float64))
    z, noise = 1 + torch.eye(6, 2, dtype=torch.float64), torch.eye(6, 3, dtype=torch.float64).roll(2, 0)
    *moved, centre = vae_sample(decode, z, noise)
    factor = torch.stack(moved) - centre
    reach = bias.abs() + 2 * weight.abs().sum(1) + 2.0**exponent
    assert_close(centre, bias + weight.sum(1), reach)
    covariance = weight @ weight.T + 4.0**exponent * torch.eye(3)
    assert_close(factor.T @ factor, covariance, 8 * torch.outer(reach, reach))
    assert_close(factor[:2], weight.T, reach)


@pytest.mark.parametrize("offset", [0, 2**20])
@given(means=dyadics(-64, 64, 5, 3, grid=4), scales=dyadics(0, 16, 5, 3, grid=4))
def test_aggregate_moments_equals_moments_of_mixture(aggregate_moments, means, scales, offset):
    """They are those of the points m_i +- sqrt(3) s_ij e_j, which have the moments of q(z | x_i) in three latents."""
    spokes = math.sqrt(3) * scales[:, :, None] * torch.eye(3)
    points = torch.cat([means[:, None] + spokes, means[:, None] - spokes]).reshape(-1, 3)
    mean, covariance = aggregate_moments(means + offset, scales**2)
    size = offset + 16
    assert_close(mean, points.mean(0) + offset, size)
    assert_close(covariance, np.cov(points.T, ddof=0), size * 32)


def test_aggregate_moments_rejects_no_data(aggregate_moments):
    """Without data there is no average, while that of one sample is its own Gaussian."""
    assert_rejects(aggregate_moments, *torch.zeros(2, 0, 3, dtype=torch.float64))
    moments = torch.tensor([[0.5, -1, 2], [0.25, 3, 0]], dtype=torch.float64)
    mean, covariance = aggregate_moments(moments[:1], moments[1:])
    assert_equal(mean, moments[0])
    assert_equal(covariance, moments[1].diag())


@given(data=simplex(3), q=simplex(3, 5), prior=simplex(5, least=1))
def test_average_kl_split_adds_up_to_average_divergence(average_kl_split, data, q, prior):
    """Both parts together are the average of KL(q_i || prior) over the data."""
    split = average_kl_split(data, q, prior)
    expected = data @ relative_entropy(q, prior.expand(3, 5))
    assert_close(split.mutual_information + split.aggregate_kl, expected, 2 * math.log(64))


@given(data=simplex(3), q=simplex(3, 5), prior=simplex(5))
def test_average_kl_split_separates_dependence_from_mismatch(average_kl_split, data, q, prior):
    """I(x; z) is KL of the joint from the product of its marginals, 0 for a collapsed q; the rest is that of q(z).

    Where the prior misses a z only the rest is infinite.
    """
    split, joint = average_kl_split(data, q, prior), data[:, None] * q
    expected = relative_entropy(joint, torch.outer(data, joint.sum(0))).sum()
    assert_close(split.mutual_information, expected, 2 * math.log(64))
    assert_close(split.aggregate_kl, relative_entropy(joint.sum(0), prior), 2 * math.log(64))
    collapsed = average_kl_split(data, q[:1].expand(3, 5), prior)
    assert_close(collapsed.mutual_information, 0, 2 * math.log(64))
