"""Worked numbers of the variational autoencoder, and statements about it that are often met and wrong."""

import math

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from reference.diffusion.likelihood import multivariate_normal_kl
from reference.diffusion.posteriors import sample_gaussian
from reference.probability.vae import (
    aggregate_moments,
    diagonal_gaussian_kl,
    gaussian_reconstruction_nll,
    latent_code,
    vae_loss,
    vae_sample,
)
from reference.probability.variational import mean_field_variances


@pytest.mark.claim("R003-104")
def test_decoder_samples_around_its_mean():
    """If z = 0.6 is decoded to N(5, 1), then 4.8 and 5.3 are samples, 0.2 below and 0.3 standard deviations above."""

    def decode(z):
        return 5 * z / 0.6, 0 * z

    samples = vae_sample(decode, table(0.6, 0.6)[:, None], table(-0.2, 0.3)[:, None])
    assert samples.flatten().tolist() == pytest.approx([4.8, 5.3])


@pytest.mark.claim("E003-028")
def test_parameters_of_the_encoder_are_not_those_of_the_model():
    """For given z the gradient of log p(x | z) reaches the decoder alone; samples of q carry it to the encoder too."""
    x, noise, z = table(1, -2)[:, None], table(0.5, -1)[:, None], table(0.25, 0.75)[:, None]
    theta, phi = table(1.5)[0].requires_grad_(), table(0.75)[0].requires_grad_()

    def encode(x):
        return phi * x, 0 * x

    def decode(z):
        return theta * z, 0 * z

    fixed = gaussian_reconstruction_nll(x, *decode(z)).sum()
    in_theta, in_phi = torch.autograd.grad(fixed, (theta, phi), allow_unused=True)
    assert in_theta != 0
    assert in_phi is None
    drawn = gaussian_reconstruction_nll(x, *decode(sample_gaussian(*encode(x), noise))).sum()
    assert all(gradient != 0 for gradient in torch.autograd.grad(drawn, (theta, phi)))


@pytest.mark.claim("E003-032")
def test_likely_codes_have_no_larger_variance():
    """A decoder of constant variance spreads data alike at z = 0 and at z = 3, where the prior is 90 times lower."""

    def decode(z):
        return 2 * z, torch.full_like(z, math.log(0.25))

    z = table(0, 3)[:, None]
    spread = vae_sample(decode, z, torch.ones_like(z)) - vae_sample(decode, z, -torch.ones_like(z))
    assert spread.flatten().tolist() == pytest.approx([1, 1])
    assert stats.norm.pdf(0) / stats.norm.pdf(3) == printed("90")


@pytest.mark.claim("E003-033")
def test_normal_prior_does_not_make_the_data_unimodal():
    """z ~ N(0, 1) decoded to N(3 sign(z), 0.25) gives two modes: 48 % of the data within 1 of each of -3 and 3, and
    none within 0.5 of 0, out of 100 x 100 equally likely pairs of z and noise.
    """
    quantiles = torch.as_tensor(stats.norm.ppf((torch.arange(100) + 0.5) / 100))
    z, noise = (values.reshape(-1, 1) for values in torch.meshgrid(quantiles, quantiles, indexing="ij"))
    x = vae_sample(lambda z: (3 * z.sign(), torch.full_like(z, math.log(0.25))), z, noise)
    near = [((x - centre).abs() < width).double().mean() for centre, width in ((-3, 1), (0, 0.5), (3, 1))]
    assert [float(share) for share in near] == pytest.approx([0.48, 0, 0.48], abs=0.005)


@pytest.mark.claim("E003-035", "R003-114")
def test_average_divergence_at_the_optimum_is_the_mutual_information():
    """For x ~ N(2 z, 0.5) the best encoder is N(0.4444 x, 0.1111): the KL is 1.0986 = log 3 = I(x; z) on average, each
    q(z | x) is far from N(0, 1), and the average of all is N(0, 1).
    """
    x = math.sqrt(4.5) * table(-1, 1)[:, None]
    mean, variance = 2 / 4.5 * x, torch.full_like(x, 0.5 / 4.5)
    assert mean[1] / x[1] == printed("0.4444")
    assert variance[0] == printed("0.1111")

    def decode(z):
        return 2 * z, torch.full_like(z, math.log(0.5))

    losses = [vae_loss(x, lambda x: (mean, variance.log()), decode, torch.full_like(x, sign)) for sign in (-1.0, 1.0)]
    assert torch.stack(losses).mean(0).tolist() == pytest.approx(-stats.norm.logpdf(x[:, 0], 0, math.sqrt(4.5)))
    kl = diagonal_gaussian_kl(mean, variance.log()).mean()
    assert kl == printed("1.0986")
    assert kl == pytest.approx(math.log(1 + 4 / 0.5) / 2)
    centre, spread = aggregate_moments(mean, variance)
    assert centre.item() == pytest.approx(0)
    assert spread.item() == pytest.approx(1)


@pytest.mark.claim("E003-036", "R003-106", "R003-111")
def test_regulariser_reads_its_code_as_a_log_variance():
    """At s = 1, m = 0 the regulariser exp(s) - 1 - s + m^2 is 0.71828, twice the KL of variance exp(s); the code
    m + exp(s) e has variance exp(2 s), for which twice the KL is 4.38906.
    """
    m, s = table(0)[None], table(1)[None]
    regulariser = (s.exp() - 1 - s + m**2).sum()
    assert regulariser == printed("0.71828")
    assert 2 * diagonal_gaussian_kl(m, s) == printed("0.71828")
    assert 2 * diagonal_gaussian_kl(m, 2 * s) == printed("4.38906")
    codes = torch.stack([latent_code(m, s, sign * torch.ones_like(m)) for sign in (-1, 1)])
    assert codes.var(correction=0) == pytest.approx(math.exp(2))
    assert sample_gaussian(m, s, torch.ones_like(m)).square() == pytest.approx(math.e)


@pytest.mark.claim("E003-037", "R003-115")
def test_latents_correlate_on_average_and_not_given_the_data():
    """With means (0.8 x, 0.8 x) and standard deviations 0.6 the latents are independent given x, and have covariance
    0.64 and variance 1 over data of variance 1.
    """
    means, variances = 0.8 * table(-1, 1)[:, None].expand(2, 2), torch.full((2, 2), 0.36, dtype=torch.float64)
    _, given_x = aggregate_moments(means[:1], variances[:1])
    assert torch.equal(given_x, variances[0].diag())
    _, overall = aggregate_moments(means, variances)
    assert overall.flatten().tolist() == pytest.approx([1, 0.64, 0.64, 1])


@pytest.mark.claim("R003-113", "R003-107")
def test_diagonal_encoder_falls_short_of_a_correlated_posterior():
    """For x ~ N(z_1 + z_2, 1) the posterior has precision (2, 1; 1, 2), and the best diagonal encoder misses log p(x)
    by its KL from it, log(4 / 3) / 2 = 0.1438.
    """
    x, precision = table(1.5)[None], table(2, 1, 1, 2).reshape(2, 2)
    mean, variances = x.expand(1, 2) / 3, mean_field_variances(precision)
    gap = multivariate_normal_kl(mean[0], variances.diag(), mean[0], torch.linalg.inv(precision))
    assert gap == printed("0.1438")
    points = math.sqrt(2) * torch.cat([torch.eye(2), -torch.eye(2)]).double()

    def encode(x):
        return mean.expand(len(x), 2), variances.log().expand(len(x), 2)

    loss = vae_loss(x.expand(4, 1), encode, lambda z: (z.sum(1, keepdim=True), 0 * z[:, :1]), points).mean()
    assert loss.item() == pytest.approx(gap.item() - stats.norm.logpdf(1.5, 0, math.sqrt(3)))
