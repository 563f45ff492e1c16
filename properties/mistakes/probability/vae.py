"""Wrong variants of `reference.probability.vae`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.likelihood import normal_kl
from reference.diffusion.posteriors import sample_gaussian
from reference.probability.information import kl_divergence
from reference.probability.vae import (
    KlSplit,
    aggregate_moments,
    average_kl_split,
    bernoulli_reconstruction_nll,
    diagonal_gaussian_kl,
    expected_linear_log_likelihood,
    gaussian_reconstruction_nll,
    latent_code,
    mixture_prior_kl_bound,
    vae_loss,
    vae_sample,
)


@mistake(of=diagonal_gaussian_kl, seen="catalogue R003-110")
def diagonal_gaussian_kl_of_clamped_log_variance(mean, log_variance):
    """the log variance is kept between -20 and 20, so that the divergence of a sharper encoder stays as it is"""
    return diagonal_gaussian_kl(mean, log_variance.clamp(-20, 20))


@mistake(of=diagonal_gaussian_kl, seen="GlassyWing/nvae#3")
def diagonal_gaussian_kl_summed_over_batch(mean, log_variance):
    """samples are added up too, so that the divergence grows with the batch"""
    return diagonal_gaussian_kl(mean, log_variance).sum().expand(mean.shape[:-1]).clone()


@mistake(of=diagonal_gaussian_kl, seen="catalogue R003-112")
def diagonal_gaussian_kl_averaged_over_latents(mean, log_variance):
    """the latents are averaged instead of added up"""
    return diagonal_gaussian_kl(mean, log_variance) / mean.shape[-1]


@mistake(of=diagonal_gaussian_kl, seen="ericjang/draw#2")
def diagonal_gaussian_kl_with_constant_per_sample(mean, log_variance):
    """1 is subtracted once per sample instead of once per latent"""
    return ((mean**2 + log_variance.exp() - log_variance).sum(-1) - 1) / 2


@mistake(of=diagonal_gaussian_kl, seen="E003-036")
def diagonal_gaussian_kl_of_log_std(mean, log_variance):
    """the log variance is taken for a log standard deviation"""
    return diagonal_gaussian_kl(mean, 2 * log_variance)


@mistake(of=diagonal_gaussian_kl, seen="AndrewSpano/Disentangled-Variational-Autoencoder#12")
def diagonal_gaussian_kl_of_halved_log_variance(mean, log_variance):
    """the standard deviation stands where the variance belongs"""
    return diagonal_gaussian_kl(mean, log_variance / 2)


@mistake(of=diagonal_gaussian_kl, seen="catalogue R003-111")
def diagonal_gaussian_kl_without_half(mean, log_variance):
    """the factor 1/2 is left out, which gives twice the divergence"""
    return 2 * diagonal_gaussian_kl(mean, log_variance)


@mistake(of=diagonal_gaussian_kl, seen="catalogue R003-110")
def diagonal_gaussian_kl_with_wrong_sign(mean, log_variance):
    """the sign is that of the term in the bound, minus the divergence"""
    return -diagonal_gaussian_kl(mean, log_variance)


@mistake(of=diagonal_gaussian_kl, seen="catalogue R003-110")
def diagonal_gaussian_kl_reversed(mean, log_variance):
    """the divergence is taken from N(0, I) to the encoder's Gaussian"""
    zeros = torch.zeros_like(mean)
    return normal_kl(zeros, zeros, mean, log_variance).sum(-1)


@variant(of=diagonal_gaussian_kl, seen="mhw32/multimodal-vae-public#5, wyu-du/GP-VAE#10")
def diagonal_gaussian_kl_with_log_of_one(mean, log_variance):
    """the prior's log variance may be written as log(1), which is 0"""
    return normal_kl(mean, log_variance, torch.zeros_like(mean), torch.ones_like(mean).log()).sum(-1)


@mistake(of=latent_code, seen="E003-036")
def latent_code_scaled_by_log(mean, log_scale, noise):
    """the log standard deviation is used as the standard deviation"""
    return mean + log_scale.clamp(min=-1e4) * noise


@mistake(of=latent_code, seen="E003-036")
def latent_code_of_log_variance(mean, log_scale, noise):
    """the log standard deviation is taken for a log variance"""
    return sample_gaussian(mean, log_scale, noise)


@mistake(of=latent_code, seen="catalogue R003-106")
def latent_code_scaled_by_variance(mean, log_scale, noise):
    """noise scaled by the variance instead of the standard deviation"""
    return mean + torch.exp(2 * log_scale) * noise


@mistake(of=latent_code, seen="catalogue R003-106")
def latent_code_with_floor(mean, log_scale, noise):
    """the scale has a floor, so that noise is left when the log scale goes to -inf"""
    return mean + (log_scale.exp() + 1e-6) * noise


@mistake(of=latent_code, seen="catalogue R003-106")
def latent_code_by_softplus(mean, log_scale, noise):
    """softplus makes the scale positive instead of the exponential"""
    return mean + torch.nn.functional.softplus(log_scale) * noise


@mistake(of=latent_code, seen="catalogue R003-106")
def latent_code_with_constant_scale(mean, log_scale, noise):
    """the value is right, but no gradient reaches the scale"""
    return mean + log_scale.exp().detach() * noise


@mistake(of=gaussian_reconstruction_nll, seen="catalogue R003-109")
def gaussian_reconstruction_nll_averaged_over_entries(x, mean, log_variance):
    """the entries are averaged, so that the KL weighs D times as much"""
    return gaussian_reconstruction_nll(x, mean, log_variance) / x.shape[-1]


@mistake(of=gaussian_reconstruction_nll, seen="catalogue R003-109")
def gaussian_reconstruction_nll_as_squared_error(x, mean, log_variance):
    """the squared error alone is returned, as if the variance did not matter"""
    return ((x - mean) ** 2 + 0 * log_variance).sum(-1)


@mistake(of=gaussian_reconstruction_nll, seen="catalogue R001-094")
def gaussian_reconstruction_nll_without_normaliser(x, mean, log_variance):
    """log sigma is left out, so that the largest variance is always the best"""
    return ((x - mean) ** 2 * torch.exp(-log_variance) + math.log(2 * math.pi)).sum(-1) / 2


@mistake(of=gaussian_reconstruction_nll, seen="catalogue R003-109")
def gaussian_reconstruction_nll_with_log_std(x, mean, log_variance):
    """the log variance is taken for a log standard deviation"""
    return gaussian_reconstruction_nll(x, mean, 2 * log_variance)


@mistake(of=gaussian_reconstruction_nll, seen="E003-034")
def gaussian_reconstruction_nll_with_wrong_sign(x, mean, log_variance):
    """the log likelihood is returned instead of its negative"""
    return -gaussian_reconstruction_nll(x, mean, log_variance)


@mistake(of=gaussian_reconstruction_nll, seen="catalogue R003-109")
def gaussian_reconstruction_nll_that_counts_the_normaliser_once(x, mean, log_variance):
    """the normaliser is counted once per sample instead of once per entry"""
    normaliser = (log_variance + math.log(2 * math.pi)).expand(x.shape).mean(-1)
    return (((x - mean) ** 2 * torch.exp(-log_variance)).sum(-1) + normaliser) / 2


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_averaged_over_entries(x, logits):
    """the entries are averaged, so that the KL weighs D times as much"""
    return bernoulli_reconstruction_nll(x, logits) / x.shape[-1]


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_by_probabilities(x, logits):
    """the logarithm is taken of probabilities, which for far logits are 0 or 1"""
    p = torch.sigmoid(logits)
    return -(x * p.log() + (1 - x) * (1 - p).log()).sum(-1)


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_of_clipped_probabilities(x, logits):
    """probabilities are kept 1e-7 away from 0 and 1, so that a sure and wrong decoder pays too little"""
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return -(x * p.log() + (1 - x) * (1 - p).log()).sum(-1)


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_of_ones_only(x, logits):
    """the term of the zeros is left out"""
    return -(x * torch.nn.functional.logsigmoid(logits)).sum(-1)


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_of_sigmoid_twice(x, logits):
    """the sigmoid is applied to logits that went through it already"""
    return bernoulli_reconstruction_nll(x, torch.sigmoid(logits))


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_swapped(x, logits):
    """the logit is taken for that of 0"""
    return bernoulli_reconstruction_nll(x, -logits)


@mistake(of=bernoulli_reconstruction_nll, seen="catalogue R003-109")
def bernoulli_reconstruction_nll_of_rounded_data(x, logits):
    """grey values are rounded to bits before they are compared"""
    return bernoulli_reconstruction_nll(x.round(), logits)


@variant(of=bernoulli_reconstruction_nll, seen="torch.nn.functional.binary_cross_entropy_with_logits")
def bernoulli_reconstruction_nll_by_softplus(x, logits):
    """softplus(logit) - x logit is the same sum"""
    return (torch.nn.functional.softplus(logits) - x * logits).sum(-1)


@mistake(of=expected_linear_log_likelihood, seen="catalogue R003-058")
def expected_linear_log_likelihood_at_the_mean(x, weight, bias, mean, covariance, variance):
    """the likelihood at the mean of q is taken for the mean of the likelihood"""
    return expected_linear_log_likelihood(x, weight, bias, mean, 0 * covariance, variance)


@mistake(of=expected_linear_log_likelihood, seen="catalogue R003-058")
def expected_linear_log_likelihood_of_marginal(x, weight, bias, mean, covariance, variance):
    """the density at x after z is averaged out is returned, which is the log of a mean and not a mean of logs"""
    total = weight @ covariance @ weight.T + variance * torch.eye(len(x), dtype=x.dtype)
    return torch.distributions.MultivariateNormal(weight @ mean + bias, total, validate_args=False).log_prob(x)


@mistake(of=expected_linear_log_likelihood, seen="catalogue R003-058")
def expected_linear_log_likelihood_with_trace_of_covariance(x, weight, bias, mean, covariance, variance):
    """the trace is that of the covariance itself, without the decoder"""
    at_mean = expected_linear_log_likelihood(x, weight, bias, mean, 0 * covariance, variance)
    return at_mean - covariance.trace() / (2 * variance)


@mistake(of=expected_linear_log_likelihood, seen="catalogue R003-058")
def expected_linear_log_likelihood_with_diagonal_only(x, weight, bias, mean, covariance, variance):
    """the correlation of the latents is left out"""
    return expected_linear_log_likelihood(x, weight, bias, mean, covariance.diag().diag(), variance)


@mistake(of=expected_linear_log_likelihood, seen="catalogue R003-109")
def expected_linear_log_likelihood_without_normaliser(x, weight, bias, mean, covariance, variance):
    """log(2 pi variance) is counted once instead of once per entry"""
    full = expected_linear_log_likelihood(x, weight, bias, mean, covariance, variance)
    return full + (len(x) - 1) / 2 * torch.log(2 * math.pi * variance)


@mistake(of=expected_linear_log_likelihood, seen="catalogue R003-058")
def expected_linear_log_likelihood_for_standard_deviation(x, weight, bias, mean, covariance, variance):
    """the variance is taken for a standard deviation"""
    return expected_linear_log_likelihood(x, weight, bias, mean, covariance, variance**2)


def _component_kl(mean, log_variance, prior_means, prior_log_variances):
    return normal_kl(mean[..., None, :], log_variance[..., None, :], prior_means, prior_log_variances).sum(-1)


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_of_nearest_component(mean, log_variance, weights, prior_means, prior_log_variances):
    """the divergence from the nearest component is returned, whatever its weight"""
    return _component_kl(mean, log_variance, prior_means, prior_log_variances).amin(-1) + 0 * weights.sum()


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_with_equal_weights(mean, log_variance, weights, prior_means, prior_log_variances):
    """all components weigh the same"""
    return _component_kl(mean, log_variance, prior_means, prior_log_variances).mean(-1) + 0 * weights.sum()


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_with_one_batch_axis(mean, log_variance, weights, prior_means, prior_log_variances):
    """components are put behind the first axis, which is right with one batch axis alone"""
    kl = normal_kl(mean[:, None], log_variance[:, None], prior_means, prior_log_variances)
    return kl.sum(-1) @ weights


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_from_merged_prior(mean, log_variance, weights, prior_means, prior_log_variances):
    """the mixture is replaced by the Gaussian of its mean and variance"""
    centre = weights @ prior_means
    spread = weights @ (prior_log_variances.exp() + prior_means**2) - centre**2
    return normal_kl(mean, log_variance, centre, spread.log()).sum(-1)


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_with_reversed_divergences(mean, log_variance, weights, prior_means, prior_log_variances):
    """the divergences are taken from the components to q"""
    kl = normal_kl(
        prior_means.expand(*mean.shape[:-1], *prior_means.shape),
        prior_log_variances,
        mean[..., None, :],
        log_variance[..., None, :],
    )
    return kl.sum(-1) @ weights


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_averaged_over_latents(mean, log_variance, weights, prior_means, prior_log_variances):
    """the latents are averaged instead of added up"""
    bound = mixture_prior_kl_bound(mean, log_variance, weights, prior_means, prior_log_variances)
    return bound / mean.shape[-1]


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_of_standard_prior(mean, log_variance, weights, prior_means, prior_log_variances):
    """the prior stays N(0, I)"""
    return diagonal_gaussian_kl(mean, log_variance) + 0 * (weights @ (prior_means + prior_log_variances)).sum()


@mistake(of=mixture_prior_kl_bound, seen="catalogue R003-105")
def mixture_prior_kl_bound_from_below(mean, log_variance, weights, prior_means, prior_log_variances):
    """half of the mean divergence is returned, which may lie below the divergence from the mixture"""
    return mixture_prior_kl_bound(mean, log_variance, weights, prior_means, prior_log_variances) / 2


def _terms(x, encode, decode, noise):
    mean, log_variance = encode(x)
    decoded = decode(sample_gaussian(mean, log_variance, noise))
    return gaussian_reconstruction_nll(x, *decoded), diagonal_gaussian_kl(mean, log_variance)


@mistake(of=vae_loss, seen="E003-034")
def vae_loss_with_wrong_sign(x, encode, decode, noise):
    """the evidence lower bound itself is returned, which minimising makes worse"""
    return -vae_loss(x, encode, decode, noise)


@mistake(of=vae_loss, seen="catalogue R003-108")
def vae_loss_with_divergence_subtracted(x, encode, decode, noise):
    """the divergence is subtracted from the reconstruction term"""
    nll, kl = _terms(x, encode, decode, noise)
    return nll - kl


@mistake(of=vae_loss, seen="catalogue R003-108")
def vae_loss_without_divergence(x, encode, decode, noise):
    """the divergence is left out: a plain autoencoder with noise"""
    nll, _ = _terms(x, encode, decode, noise)
    return nll


@mistake(of=vae_loss, seen="catalogue R003-108")
def vae_loss_with_mean_and_sum(x, encode, decode, noise):
    """the reconstruction is averaged over entries while the divergence is summed"""
    nll, kl = _terms(x, encode, decode, noise)
    return nll / x.shape[-1] + kl


@mistake(of=vae_loss, seen="GlassyWing/nvae#3")
def vae_loss_with_divergence_of_the_batch(x, encode, decode, noise):
    """each sample pays for the divergence of the whole batch"""
    nll, kl = _terms(x, encode, decode, noise)
    return nll + kl.sum()


@mistake(of=vae_loss, seen="kaist-dmlab/TRAP#1")
def vae_loss_with_aliased_heads(x, encode, decode, noise):
    """the log variance is read from the outputs that hold the mean"""
    return vae_loss(x, lambda data: (encode(data)[0],) * 2, decode, noise)


@mistake(of=vae_loss, seen="catalogue R003-107")
def vae_loss_at_the_mean(x, encode, decode, noise):
    """the decoder sees the mean of q instead of a sample"""
    return vae_loss(x, encode, decode, 0 * noise)


@mistake(of=vae_loss, seen="catalogue R003-082")
def vae_loss_with_one_noise(x, encode, decode, noise):
    """the same noise is used for every sample of the batch"""
    return vae_loss(x, encode, decode, noise[:1].expand(noise.shape))


@mistake(of=vae_loss, seen="AndrewSpano/Disentangled-Variational-Autoencoder#12")
def vae_loss_with_two_readings_of_the_scale(x, encode, decode, noise):
    """the sample takes the encoder's second output for a log standard deviation, the divergence for a log variance"""
    mean, log_variance = encode(x)
    decoded = decode(latent_code(mean, log_variance, noise))
    return gaussian_reconstruction_nll(x, *decoded) + diagonal_gaussian_kl(mean, log_variance)


@mistake(of=vae_loss, seen="catalogue R003-107")
def vae_loss_with_one_decoder_variance(x, encode, decode, noise):
    """the decoder's first log variance serves all entries of a sample"""

    def shared(z):
        mean, log_variance = decode(z)
        return mean, log_variance[:, :1]

    return vae_loss(x, encode, shared, noise)


@mistake(of=vae_loss, seen="catalogue R003-107")
def vae_loss_with_encoder_variance_of_first_row(x, encode, decode, noise):
    """the first sample's log variances serve the whole batch"""

    def shared(data):
        mean, log_variance = encode(data)
        return mean, log_variance[:1].expand_as(log_variance)

    return vae_loss(x, shared, decode, noise)


@mistake(of=vae_loss, seen="catalogue R003-107")
def vae_loss_of_detached_sample(x, encode, decode, noise):
    """the value is right, but the reconstruction sends no gradient through the sample to the encoder"""
    mean, log_variance = encode(x)
    decoded = decode(sample_gaussian(mean, log_variance, noise).detach())
    return gaussian_reconstruction_nll(x, *decoded) + diagonal_gaussian_kl(mean, log_variance)


@mistake(of=vae_loss, seen="E003-035")
def vae_loss_of_collapsed_encoder(x, encode, decode, noise):
    """latents are drawn from the prior N(0, I), as if each q(z | x) had reached it"""
    mean, log_variance = encode(x)
    return gaussian_reconstruction_nll(x, *decode(noise)) + diagonal_gaussian_kl(mean, log_variance)


@mistake(of=vae_sample, seen="catalogue R003-104")
def vae_sample_that_is_the_mean(decode, z, noise):
    """the mean of the decoder is returned, without its noise"""
    return vae_sample(decode, z, 0 * noise)


@mistake(of=vae_sample, seen="catalogue R003-104")
def vae_sample_scaled_by_variance(decode, z, noise):
    """noise scaled by the variance instead of the standard deviation"""
    mean, log_variance = decode(z)
    return mean + log_variance.exp() * noise


@mistake(of=vae_sample, seen="catalogue R003-104")
def vae_sample_with_one_variance(decode, z, noise):
    """the first entry's variance serves all entries of a sample"""
    mean, log_variance = decode(z)
    return mean + torch.exp(log_variance[:, :1] / 2) * noise


@mistake(of=vae_sample, seen="catalogue R003-104")
def vae_sample_with_unit_variance(decode, z, noise):
    """the variance of the decoder is taken to be 1"""
    mean, _ = decode(z)
    return mean + noise


@mistake(of=vae_sample, seen="E003-032")
def vae_sample_with_variance_of_latent_density(decode, z, noise):
    """the noise grows with the prior density of z, as if a likely code had a large variance"""
    density = torch.exp(-z.square().sum(-1, keepdim=True) / 2)
    return vae_sample(decode, z, density * noise)


@mistake(of=aggregate_moments, seen="E003-037")
def aggregate_moments_without_spread_of_means(means, variances):
    """the covariance is the average variance, diagonal, as if the latents were independent on the whole"""
    mean, _ = aggregate_moments(means, variances)
    return mean, variances.mean(0).diag()


@mistake(of=aggregate_moments, seen="catalogue R003-115")
def aggregate_moments_of_means_only(means, variances):
    """the variances of the encoder are left out"""
    return aggregate_moments(means, 0 * variances)


@mistake(of=aggregate_moments, seen="catalogue R003-115")
def aggregate_moments_of_sample(means, variances):
    """the spread of the means is divided by N - 1"""
    mean, covariance = aggregate_moments(means, variances)
    average = variances.mean(0).diag()
    return mean, average + (covariance - average) * len(means) / (len(means) - 1)


@mistake(of=aggregate_moments, seen="textbook: Var X = E[X^2] - E[X]^2")
def aggregate_moments_by_second_moments(means, variances):
    """the square of the mean is subtracted from the mean square, which loses all digits of data far from 0"""
    mean, _ = aggregate_moments(means, variances)
    return mean, variances.mean(0).diag() + means.T @ means / len(means) - torch.outer(mean, mean)


@mistake(of=aggregate_moments, seen="catalogue R003-115")
def aggregate_moments_of_deviations(means, variances):
    """standard deviations are averaged and squared instead of variances"""
    mean, covariance = aggregate_moments(means, variances)
    return mean, covariance + (variances.sqrt().mean(0) ** 2 - variances.mean(0)).diag()


@mistake(of=aggregate_moments, seen="catalogue R003-115")
def aggregate_moments_of_no_data(means, variances):
    """the average of no rows is 0 instead of an error"""
    if len(means):
        return aggregate_moments(means, variances)
    return means.sum(0), variances.sum(0).diag()


@mistake(of=average_kl_split, seen="E003-035")
def average_kl_split_without_information(data, q, prior):
    """the whole average divergence is put down to the mismatch of q(z) and the prior"""
    return KlSplit(torch.zeros_like(prior[0]), data @ kl_divergence(q, prior.expand(q.shape)))


@mistake(of=average_kl_split, seen="catalogue R003-114")
def average_kl_split_in_bits(data, q, prior):
    """the information is given in bits and the divergence in nats"""
    information, mismatch = average_kl_split(data, q, prior)
    return KlSplit(information / math.log(2), mismatch)


@mistake(of=average_kl_split, seen="catalogue R003-114")
def average_kl_split_of_equally_likely_data(data, q, prior):
    """all data weigh the same"""
    return average_kl_split(torch.full_like(data, 1 / len(data)), q, prior)


@mistake(of=average_kl_split, seen="catalogue R003-114")
def average_kl_split_with_reversed_mismatch(data, q, prior):
    """the second part is KL(p(z) || q(z))"""
    information, _ = average_kl_split(data, q, prior)
    return KlSplit(information, kl_divergence(prior, data @ q))


@mistake(of=average_kl_split, seen="catalogue R003-114")
def average_kl_split_swapped(data, q, prior):
    """the two parts are exchanged"""
    information, mismatch = average_kl_split(data, q, prior)
    return KlSplit(mismatch, information)


@mistake(of=average_kl_split, seen="catalogue R003-114")
def average_kl_split_by_difference(data, q, prior):
    """the first part is the average less the second, which is inf - inf where the prior misses a z"""
    aggregate_kl = kl_divergence(data @ q, prior)
    return KlSplit(data @ kl_divergence(q, prior.expand(q.shape)) - aggregate_kl, aggregate_kl)
