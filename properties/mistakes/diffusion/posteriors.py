"""Wrong variants of `reference.diffusion.posteriors`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.posteriors import (
    clipped_posterior_mean,
    fixed_large_log_variance,
    fixed_small_log_variance,
    gaussian_posterior,
    learned_log_variance,
    learned_range_log_variance,
    posterior_mean_from_epsilon,
    sample_gaussian,
    x_0_from_posterior_mean,
)


@mistake(of=gaussian_posterior, seen="E002-2")
def gaussian_posterior_with_alpha_bar_t_for_alpha_bar_s(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """both weights use alpha_bar_t where alpha_bar_s belongs"""
    a = alpha_bar_t / alpha_bar_s
    mean = ((1 - a) * alpha_bar_t.sqrt() * x_0 + (1 - a) * (1 - alpha_bar_t).sqrt() * x_t) / (1 - alpha_bar_t)
    return mean, (1 - a) * (1 - alpha_bar_s) / (1 - alpha_bar_t)


@mistake(of=gaussian_posterior, seen="varun-ml/diffusion-models-tutorial#1")
def gaussian_posterior_divided_by_beta(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """the variance is divided by 1 - alpha_t instead of 1 - alpha_bar_t"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return mean, 1 - alpha_bar_s


@mistake(of=gaussian_posterior, seen="catalogue R003-130")
def gaussian_posterior_with_swapped_weights(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """the weights of x_0 and x_t are exchanged"""
    mean, variance = gaussian_posterior(x_0, x_t, alpha_bar_t, alpha_bar_s)
    return mean, variance


@mistake(of=gaussian_posterior, seen="catalogue R001-106")
def gaussian_posterior_with_beta_for_variance(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """the variance is beta_t, which is that of the forward step"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return mean, 1 - alpha_bar_t / alpha_bar_s


@mistake(of=gaussian_posterior, seen="lucidrains/denoising-diffusion-pytorch#18")
def gaussian_posterior_towards_the_noisier_side(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """alpha_bar_s is taken from the noisier neighbour of t instead of the cleaner one"""
    noisier = alpha_bar_t * alpha_bar_t / alpha_bar_s
    return gaussian_posterior(x_t, x_0, alpha_bar_t, noisier)


@mistake(of=gaussian_posterior, seen="catalogue R003-130")
def gaussian_posterior_with_levels_in_a_column(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """the levels are brought into one column, which fits rows of features but no images"""
    return gaussian_posterior(x_t, x_0, alpha_bar_t.reshape(-1, 1), alpha_bar_s.reshape(-1, 1))


@mistake(of=gaussian_posterior, seen="catalogue R001-107")
def gaussian_posterior_with_clamped_level(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """the level is kept away from 0, so that pure noise is taken for data with a trace of signal"""
    return gaussian_posterior(x_t, x_0, alpha_bar_t.clamp(min=1e-8), alpha_bar_s)


@mistake(of=gaussian_posterior, seen="catalogue R001-107")
def gaussian_posterior_with_floor_under_noise(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    noise = (1 - alpha_bar_t).clamp(min=1e-4)
    mean, variance = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return mean * (1 - alpha_bar_t) / noise, variance * (1 - alpha_bar_t) / noise


@variant(of=gaussian_posterior, seen="Kingma et al. 2021, arXiv:2107.00630, appendix A.2")
def gaussian_posterior_by_precisions(x_t, x_0, alpha_bar_t, alpha_bar_s):
    """1 / variance as a sum of precisions is the same number"""
    a = alpha_bar_t / alpha_bar_s
    noise = (1 - alpha_bar_s).clamp(min=1e-30)
    variance = 1 / (a / (1 - a) + 1 / noise)
    mean = variance * (a.sqrt() * x_t / (1 - a) + alpha_bar_s.sqrt() * x_0 / noise)
    return mean, torch.where(alpha_bar_s == 1, 0 * variance, variance)


@mistake(of=posterior_mean_from_epsilon, seen="catalogue R003-132")
def posterior_mean_from_epsilon_without_root(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    """the noise is divided by 1 - alpha_bar_t instead of its square root"""
    a = alpha_bar_t / alpha_bar_s
    return (x_t - (1 - a) / (1 - alpha_bar_t) * epsilon) / a.sqrt()


@mistake(of=posterior_mean_from_epsilon, seen="catalogue R003-132")
def posterior_mean_from_epsilon_divided_by_alpha(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    """the mean is divided by alpha_t instead of its square root"""
    a = alpha_bar_t / alpha_bar_s
    return (x_t - (1 - a) / (1 - alpha_bar_t).sqrt() * epsilon) / a


@mistake(of=posterior_mean_from_epsilon, seen="catalogue R004-089")
def posterior_mean_from_epsilon_with_root_of_beta(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    """the noise is weighted by sqrt(beta_t) instead of beta_t"""
    a = alpha_bar_t / alpha_bar_s
    return (x_t - (1 - a).sqrt() / (1 - alpha_bar_t).sqrt() * epsilon) / a.sqrt()


@mistake(of=posterior_mean_from_epsilon, seen="catalogue R003-132")
def posterior_mean_from_epsilon_with_levels_in_a_column(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    """the levels are brought into one column, which fits rows of features but no images"""
    return posterior_mean_from_epsilon(x_t, epsilon, alpha_bar_t.reshape(-1, 1), alpha_bar_s.reshape(-1, 1))


@mistake(of=posterior_mean_from_epsilon, seen="catalogue R003-132")
def posterior_mean_from_epsilon_with_floor_under_noise(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    a, noise = alpha_bar_t / alpha_bar_s, (1 - alpha_bar_t).clamp(min=1e-4)
    return (x_t - (1 - a) / noise.sqrt() * epsilon) / a.sqrt()


@mistake(of=x_0_from_posterior_mean, seen="catalogue R001-105")
def x_0_from_posterior_mean_that_keeps_x_t(mean, x_t, alpha_bar_t, alpha_bar_s):
    """the part of the mean that is owed to x_t is not taken out"""
    return (1 - alpha_bar_t) * mean / (alpha_bar_s.sqrt() * (1 - alpha_bar_t / alpha_bar_s))


@mistake(of=x_0_from_posterior_mean, seen="catalogue R001-105")
def x_0_from_posterior_mean_with_levels_in_a_column(mean, x_t, alpha_bar_t, alpha_bar_s):
    """the levels are brought into one column, which fits rows of features but no images"""
    return x_0_from_posterior_mean(mean, x_t, alpha_bar_t.reshape(-1, 1), alpha_bar_s.reshape(-1, 1))


@mistake(of=x_0_from_posterior_mean, seen="catalogue R001-105")
def x_0_from_posterior_mean_with_clamped_level(mean, x_t, alpha_bar_t, alpha_bar_s):
    """the level is kept away from 0, so that pure noise is taken for data with a trace of signal"""
    return x_0_from_posterior_mean(mean, x_t, alpha_bar_t.clamp(min=1e-8), alpha_bar_s)


@mistake(of=x_0_from_posterior_mean, seen="catalogue R001-105")
def x_0_from_posterior_mean_with_noise_left(mean, x_t, alpha_bar_t, alpha_bar_s):
    """the cleaner level is kept below 1, so that a part of x_t is taken from clean data"""
    return x_0_from_posterior_mean(mean, x_t, alpha_bar_t, alpha_bar_s.clamp(max=0.9999))


@mistake(of=clipped_posterior_mean, seen="catalogue R001-110")
def clipped_posterior_mean_that_clips_the_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    """the posterior mean is clipped instead of the predicted data"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return mean.clamp(-bound, bound)


@mistake(of=clipped_posterior_mean, seen="catalogue R001-110")
def clipped_posterior_mean_with_fixed_bound(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    """the bound is 1 whatever was asked for"""
    return clipped_posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s)


@mistake(of=clipped_posterior_mean, seen="mnist-dits")
def clipped_posterior_mean_that_clips_x_t_too(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    """the noisy sample is clipped as if it were data"""
    return clipped_posterior_mean(x_t.clamp(-bound, bound), x_0, alpha_bar_t, alpha_bar_s, bound)


@mistake(of=clipped_posterior_mean, seen="catalogue R001-110")
def clipped_posterior_mean_with_levels_in_a_column(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    """the levels are brought into one column, which fits rows of features but no images"""
    return clipped_posterior_mean(x_t, x_0, alpha_bar_t.reshape(-1, 1), alpha_bar_s.reshape(-1, 1), bound)


@mistake(of=clipped_posterior_mean, seen="catalogue R001-110")
def clipped_posterior_mean_with_clamped_level(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    """the level is kept away from 0, so that pure noise is taken for data with a trace of signal"""
    return clipped_posterior_mean(x_t, x_0, alpha_bar_t.clamp(min=1e-8), alpha_bar_s, bound)


@mistake(of=sample_gaussian, seen="E003-043, E002-4")
def sample_gaussian_scaled_by_variance(mean, log_variance, noise):
    """noise scaled by the variance instead of the standard deviation"""
    return mean + torch.exp(log_variance) * noise


@mistake(of=sample_gaussian, seen="E003-051")
def sample_gaussian_without_noise(mean, log_variance, noise):
    """the noise is left out, so that samples collapse to the mean"""
    return mean + 0 * torch.exp(log_variance) * noise


@mistake(of=sample_gaussian, seen="catalogue R003-147")
def sample_gaussian_with_one_variance_per_sample(mean, log_variance, noise):
    """every element of a sample gets the variance of the first"""
    return sample_gaussian(mean, log_variance[..., :1], noise)


@mistake(of=sample_gaussian, seen="huggingface/diffusers, DiagonalGaussianDistribution")
def sample_gaussian_with_clamped_variance(mean, log_variance, noise):
    """the logarithm of the variance is kept below 20"""
    return sample_gaussian(mean, log_variance.clamp(max=20), noise)


@mistake(of=fixed_small_log_variance, seen="catalogue R003-131")
def fixed_small_log_variance_clipped_by_epsilon(betas):
    """the first variance is replaced by a tiny constant instead of the second variance"""
    alpha_bar = torch.cumprod(1 - betas, 0)
    previous = torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])
    return (betas * (1 - previous) / (1 - alpha_bar)).clamp(min=1e-20).log()


@mistake(of=fixed_small_log_variance, seen="varun-ml/diffusion-models-tutorial#1")
def fixed_small_log_variance_divided_by_beta(betas):
    """the variance is divided by 1 - alpha_t instead of 1 - alpha_bar_t"""
    variance = 1 - torch.cumprod(1 - betas, 0)[:-1]
    return torch.cat([variance[:1], variance]).log()


@mistake(of=fixed_small_log_variance, seen="lucidrains/denoising-diffusion-pytorch#18")
def fixed_small_log_variance_with_padding_on_the_right(betas):
    """alpha_bar of the previous step is shifted the wrong way"""
    alpha_bar = torch.cumprod(1 - betas, 0)
    following = torch.cat([alpha_bar[1:], alpha_bar.new_ones(1)])
    variance = betas * (1 - following) / (1 - alpha_bar)
    return torch.cat([variance[1:2], variance[1:]]).clamp(min=1e-20).log()


@mistake(of=fixed_small_log_variance, seen="tqch/ddpm-torch#9")
def fixed_small_log_variance_that_is_a_standard_deviation(betas):
    """the table holds half of the log variance: the log of the standard deviation"""
    return fixed_small_log_variance(betas) / 2


@mistake(of=fixed_small_log_variance, seen="improved-diffusion at T = 1")
def fixed_small_log_variance_without_check(betas):
    """a chain of one step, or an impossible beta, gets a table all the same"""
    alpha_bar = torch.cumprod(1 - betas, 0)
    variance = betas[1:] * (1 - alpha_bar[:-1]) / (1 - alpha_bar[1:])
    return torch.cat([variance[:1], variance]).log()


@mistake(of=fixed_small_log_variance, seen="catalogue R001-106")
def fixed_small_log_variance_that_refuses_pure_noise(betas):
    """a beta of 1, as at the end of a chain without terminal signal, is refused"""
    if (betas >= 1).any():
        raise ValueError("betas must lie below 1")
    return fixed_small_log_variance(betas)


@mistake(of=fixed_small_log_variance, seen="catalogue R001-106")
def fixed_small_log_variance_with_floor(betas):
    """every variance below 1e-20, not only the first, is raised to it"""
    return fixed_small_log_variance(betas).clamp(min=math.log(1e-20))


@mistake(of=fixed_large_log_variance, seen="E001-7")
def fixed_large_log_variance_that_is_small(betas):
    """the posterior variance is returned, which is the lower bound"""
    return fixed_small_log_variance(betas)


@mistake(of=fixed_large_log_variance, seen="catalogue R001-106")
def fixed_large_log_variance_with_beta_at_first_step(betas):
    """the first entry is log beta_1 instead of the smaller posterior variance of the second step"""
    fixed_small_log_variance(betas)
    return betas.log()


@mistake(of=fixed_large_log_variance, seen="catalogue R001-102")
def fixed_large_log_variance_that_refuses_pure_noise(betas):
    """a beta of 1, as at the end of a chain without terminal signal, is refused"""
    if (betas >= 1).any():
        raise ValueError("betas must lie below 1")
    return fixed_large_log_variance(betas)


@mistake(of=learned_log_variance, seen="catalogue R001-110")
def learned_log_variance_interleaved(model_output):
    """prediction and variance are taken from alternating channels"""
    fixed = learned_log_variance(model_output)
    return model_output[:, ::2].clone(), model_output[:, 1::2].clone() + 0 * fixed[1]


@mistake(of=learned_log_variance, seen="catalogue R001-110")
def learned_log_variance_swapped(model_output):
    """the halves are exchanged"""
    prediction, log_variance = learned_log_variance(model_output)
    return log_variance, prediction


@mistake(of=learned_log_variance, seen="catalogue R001-110")
def learned_log_variance_that_drops_a_channel(model_output):
    """an odd channel is dropped in silence"""
    half = model_output.shape[1] // 2
    return model_output[:, :half].clone(), model_output[:, half : 2 * half].clone()


@mistake(of=learned_log_variance, seen="catalogue R001-106")
def learned_log_variance_along_the_third_axis_from_the_end(model_output):
    """an image is cut at its axis -3, which is the channel axis only with two axes after it"""
    learned_log_variance(model_output)
    return tuple(half.clone() for half in model_output.chunk(2, dim=-3 if model_output.ndim > 3 else -2))


@mistake(of=learned_range_log_variance, seen="huggingface/diffusers#2090")
def learned_range_log_variance_linear(interpolation, log_beta_t, log_posterior_variance_t):
    """the variances are interpolated instead of their logarithms"""
    fraction = (interpolation + 1) / 2
    return (fraction * log_beta_t.exp() + (1 - fraction) * log_posterior_variance_t.exp()).abs().log()


@mistake(of=learned_range_log_variance, seen="arXiv:2102.09672, eq. 15 read for outputs in [-1, 1]")
def learned_range_log_variance_without_rescaling(interpolation, log_beta_t, log_posterior_variance_t):
    """outputs in [-1, 1] are used as a fraction in [0, 1]"""
    return interpolation * log_beta_t + (1 - interpolation) * log_posterior_variance_t


@mistake(of=learned_range_log_variance, seen="catalogue R001-106")
def learned_range_log_variance_swapped(interpolation, log_beta_t, log_posterior_variance_t):
    """1 leads to the posterior variance and -1 to beta"""
    return learned_range_log_variance(interpolation, log_posterior_variance_t, log_beta_t)


@mistake(of=learned_range_log_variance, seen="catalogue R001-106")
def learned_range_log_variance_with_levels_in_a_column(interpolation, log_beta_t, log_posterior_variance_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return learned_range_log_variance(interpolation, log_beta_t.reshape(-1, 1), log_posterior_variance_t.reshape(-1, 1))
