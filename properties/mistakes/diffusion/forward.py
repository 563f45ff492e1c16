"""Wrong variants of `reference.diffusion.forward`."""

import itertools

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.forward import (
    balanced_offset_weights,
    offset_noise,
    q_between,
    q_mean_variance,
    q_sample,
    q_sample_with_context,
    q_step,
)


@mistake(of=q_step, seen="E003-042")
def q_step_without_roots(x_s, noise, beta_t):
    """the previous sample is scaled by 1 - beta and the noise by beta, without their square roots"""
    return (1 - beta_t) * x_s + beta_t * noise


@mistake(of=q_step, seen="E003-043, E002-4")
def q_step_scaled_by_variance(x_s, noise, beta_t):
    """noise scaled by the variance instead of the standard deviation"""
    return (1 - beta_t).sqrt() * x_s + beta_t * noise


@mistake(of=q_step, seen="catalogue R003-122")
def q_step_with_beta_as_standard_deviation(x_s, noise, beta_t):
    """beta is taken for the standard deviation of the noise"""
    return (1 - beta_t**2).sqrt() * x_s + beta_t * noise


@mistake(of=q_step, seen="catalogue R003-122")
def q_step_that_keeps_the_signal(x_s, noise, beta_t):
    """noise is added to the previous sample without shrinking it, so that the variance grows at every step"""
    return x_s + beta_t.sqrt() * noise


@mistake(of=q_step, seen="catalogue R003-122")
def q_step_with_swapped_weights(x_s, noise, beta_t):
    """the weights of the previous sample and of the noise are exchanged"""
    return beta_t.sqrt() * x_s + (1 - beta_t).sqrt() * noise


@mistake(of=q_step, seen="catalogue R003-122")
def q_step_with_levels_in_a_column(x_s, noise, beta_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return q_step(x_s, noise, beta_t.reshape(-1, 1))


@variant(of=q_step, seen="Song et al. 2020, arXiv:2011.13456, section 3.4")
def q_step_as_ornstein_uhlenbeck(x_s, noise, beta_t):
    """a step of the variance-preserving process for the time -log(1 - beta) is the same"""
    time = -torch.log1p(-beta_t)
    return torch.exp(-time / 2) * x_s + (-torch.expm1(-time)).sqrt() * noise


@mistake(of=q_between, seen="catalogue R003-135")
def q_between_with_difference_of_variances(x_s, noise, alpha_bar_s, alpha_bar_t):
    """the variance of the move is the difference of those at both ends, as if the old noise did not shrink"""
    return (alpha_bar_t / alpha_bar_s).sqrt() * x_s + (alpha_bar_s - alpha_bar_t).sqrt() * noise


@mistake(of=q_between, seen="catalogue R003-135")
def q_between_with_difference_of_standard_deviations(x_s, noise, alpha_bar_s, alpha_bar_t):
    """standard deviations are subtracted, where it is the variances that add up"""
    spread = (1 - alpha_bar_t).sqrt() - (alpha_bar_t / alpha_bar_s * (1 - alpha_bar_s)).sqrt()
    return (alpha_bar_t / alpha_bar_s).sqrt() * x_s + spread * noise


@mistake(of=q_between, seen="lucidrains/imagen-pytorch commit 52d5a73")
def q_between_that_goes_nowhere(x_s, noise, alpha_bar_s, alpha_bar_t):
    """both levels are taken from the start, so that x_s stays as it is"""
    return q_between(x_s, noise, alpha_bar_s, alpha_bar_s)


@mistake(of=q_between, seen="catalogue R004-078")
def q_between_that_starts_from_clean_data(x_s, noise, alpha_bar_s, alpha_bar_t):
    """x_s is noised as if it were clean data, with alpha_bar_t instead of alpha_bar_t / alpha_bar_s"""
    return alpha_bar_t.sqrt() * x_s + (1 - alpha_bar_t).sqrt() * noise


@mistake(of=q_between, seen="catalogue R004-080")
def q_between_without_roots(x_s, noise, alpha_bar_s, alpha_bar_t):
    """the ratio of the levels is used without its square root"""
    a = alpha_bar_t / alpha_bar_s
    return a * x_s + (1 - a) * noise


@mistake(of=q_between, seen="catalogue R004-080")
def q_between_as_mixture(x_s, noise, alpha_bar_s, alpha_bar_t):
    """each entry is either old or new, a mixture, where the two are to be summed"""
    return torch.where(alpha_bar_t / alpha_bar_s > 0.5, x_s, noise)


@mistake(of=q_between, seen="catalogue R003-135")
def q_between_with_levels_in_a_column(x_s, noise, alpha_bar_s, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return q_between(x_s, noise, alpha_bar_s.reshape(-1, 1), alpha_bar_t.reshape(-1, 1))


@variant(of=q_between, seen="Kingma et al. 2021, arXiv:2107.00630, appendix A")
def q_between_by_signal_lost(x_s, noise, alpha_bar_s, alpha_bar_t):
    """the share of the signal that is lost, (alpha_bar_s - alpha_bar_t) / alpha_bar_s, is the variance of the move"""
    lost = (alpha_bar_s - alpha_bar_t) / alpha_bar_s
    return alpha_bar_t.sqrt() / alpha_bar_s.sqrt() * x_s + lost.sqrt() * noise


@variant(of=q_between, seen="Kingma et al. 2021, arXiv:2107.00630, appendix A")
def q_between_by_variance_left_over(x_s, noise, alpha_bar_s, alpha_bar_t):
    """the variance at t without what is left of that at s is the variance of the move"""
    a = alpha_bar_t / alpha_bar_s
    return a.sqrt() * x_s + ((1 - alpha_bar_t) - a * (1 - alpha_bar_s)).clamp(min=0).sqrt() * noise


@mistake(of=q_sample, seen="E003-042")
def q_sample_without_roots(x_0, noise, alpha_bar_t):
    """the data is scaled by alpha_bar and the noise by 1 - alpha_bar, without their square roots"""
    return alpha_bar_t * x_0 + (1 - alpha_bar_t) * noise


@mistake(of=q_sample, seen="E003-046, ermongroup/CSDI#9")
def q_sample_scaled_by_variance(x_0, noise, alpha_bar_t):
    """noise scaled by the variance 1 - alpha_bar instead of the standard deviation"""
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t) * noise


@mistake(of=q_sample, seen="E002-8")
def q_sample_with_lost_factors(x_0, noise, alpha_bar_t):
    """the formula is read with stray commas, so that the roots multiply nothing and data and noise are just added"""
    return x_0 + noise + 0 * alpha_bar_t


@mistake(of=q_sample, seen="catalogue R002-002")
def q_sample_with_one_minus_root(x_0, noise, alpha_bar_t):
    """the noise is scaled by 1 - sqrt(alpha_bar) instead of sqrt(1 - alpha_bar)"""
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t.sqrt()) * noise


@mistake(of=q_sample, seen="blt2114/twisted_diffusion_sampler#3")
def q_sample_with_noise_scaled_by_data(x_0, noise, alpha_bar_t):
    """the standard deviation is multiplied with the data"""
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * x_0 * noise


@mistake(of=q_sample, seen="huggingface/diffusers#5158")
def q_sample_that_explodes(x_0, noise, alpha_bar_t):
    """x_0 + sigma noise with sigma = sqrt(1 / alpha_bar - 1), as in a variance-exploding scheduler"""
    return x_0 + (1 / alpha_bar_t.clamp(min=1e-8) - 1).sqrt() * noise


@mistake(of=q_sample, seen="catalogue R002-002")
def q_sample_with_one_noise_for_all(x_0, noise, alpha_bar_t):
    """every sample of the batch gets the noise of the first"""
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise[:1]


@mistake(of=q_sample, seen="catalogue R003-124")
def q_sample_at_the_level_of_its_neighbour(x_0, noise, alpha_bar_t):
    """the index of the level is shifted by one"""
    return q_sample(x_0, noise, alpha_bar_t.roll(1, 0))


@mistake(of=q_sample, seen="catalogue R002-017")
def q_sample_with_levels_along_the_last_axis(x_0, noise, alpha_bar_t):
    """levels of the batch are broadcast along the last axis, which goes unnoticed where both have one size"""
    return q_sample(x_0, noise, alpha_bar_t.flatten())


@mistake(of=q_sample, seen="E002-6")
def q_sample_with_squeezed_noise(x_0, noise, alpha_bar_t):
    """a last axis of size 1 is squeezed away from the noise, so that samples are mixed by broadcasting"""
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise.squeeze(-1)


@mistake(of=q_sample, seen="catalogue R003-129")
def q_sample_with_clamped_level(x_0, noise, alpha_bar_t):
    """the level is kept away from 0, so that a trace of the data is left in pure noise"""
    return q_sample(x_0, noise, alpha_bar_t.clamp(min=1e-5))


@variant(of=q_sample, seen="Salimans & Ho 2022, arXiv:2202.00512, appendix D")
def q_sample_by_angle(x_0, noise, alpha_bar_t):
    """a turn of the data by phi = atan2(sqrt(1 - alpha_bar), sqrt(alpha_bar)) towards the noise is the same"""
    phi = torch.atan2((1 - alpha_bar_t).sqrt(), alpha_bar_t.sqrt())
    return phi.cos() * x_0 + phi.sin() * noise


@mistake(of=q_mean_variance, seen="tqch/ddpm-torch#9")
def q_mean_variance_with_standard_deviation(x_0, alpha_bar_t):
    """the standard deviation is returned for the variance"""
    return alpha_bar_t.sqrt() * x_0, (1 - alpha_bar_t).sqrt()


@mistake(of=q_mean_variance, seen="tqch/ddpm-torch#9")
def q_mean_variance_with_log_variance(x_0, alpha_bar_t):
    """the logarithm of the variance is returned for the variance"""
    return alpha_bar_t.sqrt() * x_0, (1 - alpha_bar_t).log()


@mistake(of=q_mean_variance, seen="blt2114/twisted_diffusion_sampler#3")
def q_mean_variance_scaled_by_data(x_0, alpha_bar_t):
    """the variance is multiplied with the square of the data"""
    return alpha_bar_t.sqrt() * x_0, (1 - alpha_bar_t) * x_0**2


@mistake(of=q_mean_variance, seen="catalogue R002-002")
def q_mean_variance_without_root(x_0, alpha_bar_t):
    """the mean is alpha_bar x_0, without the square root"""
    return alpha_bar_t * x_0, 1 - alpha_bar_t


@mistake(of=q_mean_variance, seen="catalogue R001-108")
def q_mean_variance_of_the_signal(x_0, alpha_bar_t):
    """alpha_bar is returned for the variance, which is 1 - alpha_bar"""
    return alpha_bar_t.sqrt() * x_0, 1 * alpha_bar_t


@mistake(of=q_mean_variance, seen="catalogue R001-108")
def q_mean_variance_with_levels_in_a_column(x_0, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return q_mean_variance(x_0, alpha_bar_t.reshape(-1, 1))


@mistake(of=q_sample_with_context, seen="E002-7")
def q_sample_with_context_ignored(x_0, noise, alpha_bar_t, context):
    """the mask is accepted and never used"""
    return q_sample(x_0, noise, alpha_bar_t)


@mistake(of=q_sample_with_context, seen="catalogue R002-011")
def q_sample_with_context_inverted(x_0, noise, alpha_bar_t, context):
    """the mask is inverted: the context is noised and the targets stay clean"""
    return torch.where(context, q_sample(x_0, noise, alpha_bar_t), x_0)


@mistake(of=q_sample_with_context, seen="catalogue R002-011")
def q_sample_with_context_shrunk(x_0, noise, alpha_bar_t, context):
    """the noise is left out of the context, but the data there is still scaled by sqrt(alpha_bar)"""
    return q_sample(x_0, torch.where(context, 0, noise), alpha_bar_t)


@mistake(of=q_sample_with_context, seen="catalogue R002-011")
def q_sample_with_context_noised_once_per_sample(x_0, noise, alpha_bar_t, context):
    """a sample with any context at all is left clean as a whole"""
    return torch.where(context.any(-1, keepdim=True), x_0, q_sample(x_0, noise, alpha_bar_t))


@mistake(of=q_sample_with_context, seen="catalogue R002-017")
def q_sample_with_context_with_levels_in_a_column(x_0, noise, alpha_bar_t, context):
    """the levels are brought into one column, which fits rows of features but no images"""
    return q_sample_with_context(x_0, noise, alpha_bar_t.reshape(-1, 1), context)


@variant(of=q_sample_with_context, seen="ermongroup/CSDI, set_input_to_diffmodel")
def q_sample_with_context_by_product(x_0, noise, alpha_bar_t, context):
    """a sum weighted by the mask and its complement is the same for finite numbers"""
    kept = context.to(x_0.dtype)
    return kept * x_0 + (1 - kept) * q_sample(x_0, noise, alpha_bar_t)


@mistake(of=offset_noise, seen="catalogue R003-155")
def offset_noise_shared_by_channels(noise, offset, strength):
    """one shift per sample, shared by all its channels"""
    return offset_noise(noise, offset[:, :1].expand_as(offset), strength)


@mistake(of=offset_noise, seen="catalogue R003-155")
def offset_noise_shared_by_batch(noise, offset, strength):
    """one shift per channel, shared by the whole batch"""
    return offset_noise(noise, offset[:1].expand_as(offset), strength)


@mistake(of=offset_noise, seen="catalogue R003-155")
def offset_noise_renormalised(noise, offset, strength):
    """the sum is divided by sqrt(1 + strength^2), as if training noise had to keep its variance"""
    return offset_noise(noise, offset, strength) / (1 + strength**2) ** 0.5


@mistake(of=offset_noise, seen="catalogue R003-155")
def offset_noise_with_variance_for_strength(noise, offset, strength):
    """the shift is scaled by strength^2, its variance"""
    return offset_noise(noise, offset, strength**2)


@mistake(of=offset_noise, seen="catalogue R003-155")
def offset_noise_interpolated(noise, offset, strength):
    """the noise is scaled down by 1 - strength to make room for the shift"""
    return offset_noise((1 - strength) * noise, offset, strength)


@mistake(of=balanced_offset_weights, seen="Nerogar/OneTrainer#1118")
def balanced_offset_weights_with_single_step_level(alpha_bar):
    """alpha_{t-1} of a single step stands where the cumulative product alpha_bar_{t-1} belongs"""
    alpha = alpha_bar / torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])
    total, totals = alpha_bar.new_ones(()), [alpha_bar.new_ones(())]
    for before, now in itertools.pairwise(alpha):
        total = total * (1 + (1 - now) / (now * (1 - before)))
        totals.append(total)
    weights = torch.stack(totals) * (alpha_bar / (1 - alpha_bar)).sqrt()
    return weights / weights[-1]


@mistake(of=balanced_offset_weights, seen="Nerogar/OneTrainer#1118, after the change")
def balanced_offset_weights_without_signal(alpha_bar):
    """the factor sqrt(alpha_bar_t), by which the offsets of earlier steps shrink, is left out"""
    weights = (1 - alpha_bar).sqrt() / alpha_bar
    return weights / weights[-1]


@mistake(of=balanced_offset_weights, seen="catalogue R003-155")
def balanced_offset_weights_not_normalised(alpha_bar):
    """the weights are not divided by the last one"""
    return ((1 - alpha_bar) / alpha_bar).sqrt()


@mistake(of=balanced_offset_weights, seen="catalogue R002-002")
def balanced_offset_weights_without_root(alpha_bar):
    """sigma_t is not rooted, which leaves a ratio of variances"""
    weights = (1 - alpha_bar) / alpha_bar
    return weights / weights[-1]


@mistake(of=balanced_offset_weights, seen="catalogue R003-155")
def balanced_offset_weights_constant(alpha_bar):
    """one weight for all steps, as in offset noise without balance"""
    return torch.ones_like(alpha_bar)


@mistake(of=balanced_offset_weights, seen="catalogue R003-155")
def balanced_offset_weights_reversed(alpha_bar):
    """the weights are listed from the last step to the first"""
    return balanced_offset_weights(alpha_bar).flip(0)
