"""Wrong variants of `reference.diffusion.samplers`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.parameterizations import epsilon_from_x_0
from reference.diffusion.posteriors import gaussian_posterior, sample_gaussian
from reference.diffusion.respacing import step_levels
from reference.diffusion.samplers import (
    ancestral_sample,
    ancestral_step,
    ddim_encode,
    ddim_encode_step,
    ddim_sample,
    ddim_sigma,
    ddim_step,
)


def _levels(alpha_bar, timesteps, x):
    return (table.reshape(-1, *[1] * x.ndim) for table in step_levels(alpha_bar, timesteps))


def _descend(step, x_T, alpha_bar, timesteps):
    """x_T taken down the kept timesteps by step(x_t, t, i, alpha_bar_t, alpha_bar_s)."""
    kept, (starts, ends) = sorted(timesteps), _levels(alpha_bar, timesteps, x_T)
    x_t = x_T
    for i in reversed(range(len(kept))):
        x_t = step(x_t, kept[i], i, starts[i], ends[i])
    return x_t


def _ancestral(step, denoiser, x_T, noise, alpha_bar, timesteps):
    """Ancestral sampling by another step."""
    return _descend(
        lambda x_t, t, i, *levels: _answered(step, denoiser(x_t, t), x_t, noise[i], levels), x_T, alpha_bar, timesteps
    )


def _answered(step, answer, x_t, noise, levels):
    return step(x_t, answer[0], noise, *levels, answer[1])


def _ddim(step, denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """DDIM by another step."""
    return _descend(
        lambda x_t, t, i, *levels: step(x_t, denoiser(x_t, t), noise[i], *levels, eta), x_T, alpha_bar, timesteps
    )


def _one_before(timesteps):
    """For each kept timestep the one below it, and for the first one itself."""
    kept = sorted(timesteps)
    return dict(zip(kept, [kept[0], *kept[:-1]], strict=True))


@mistake(of=ancestral_step, seen="E002-4")
def ancestral_step_scaled_by_variance(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """noise scaled by the variance instead of the standard deviation"""
    return ancestral_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, 2 * log_variance)


@mistake(of=ancestral_step, seen="catalogue R003-142")
def ancestral_step_with_noise_at_the_end(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """noise is added in the last step too, to clean data"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return sample_gaussian(mean, log_variance, noise)


@mistake(of=ancestral_step, seen="catalogue R002-013")
def ancestral_step_that_silences_the_batch(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """one sample in its last step takes the noise from the whole batch"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return torch.where((alpha_bar_s == 1).any(), mean, sample_gaussian(mean, log_variance, noise))


@mistake(of=ancestral_step, seen="E003-051")
def ancestral_step_without_noise(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """the noise is left out, so that samples collapse to the mean"""
    return ancestral_step(x_t, x_0, 0 * noise, alpha_bar_t, alpha_bar_s, log_variance)


@mistake(of=ancestral_step, seen="E002-2")
def ancestral_step_with_alpha_bar_t_for_alpha_bar_s(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """the weights of the mean use alpha_bar_t where alpha_bar_s belongs"""
    beta = 1 - alpha_bar_t / alpha_bar_s
    mean = beta * alpha_bar_t.sqrt() / (1 - alpha_bar_t) * x_0 + beta / (1 - alpha_bar_t).sqrt() * x_t
    return torch.where(alpha_bar_s == 1, mean, sample_gaussian(mean, log_variance, noise))


@mistake(of=ancestral_step, seen="catalogue R003-142")
def ancestral_step_with_alpha_for_alpha_bar(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """epsilon is divided by sqrt(1 - alpha_t) instead of sqrt(1 - alpha_bar_t)"""
    a = alpha_bar_t / alpha_bar_s
    mean = (x_t - (1 - a).sqrt() * epsilon_from_x_0(x_t, x_0, alpha_bar_t)) / a.sqrt()
    return torch.where(alpha_bar_s == 1, mean, sample_gaussian(mean, log_variance, noise))


@mistake(of=ancestral_step, seen="catalogue R002-013")
def ancestral_step_with_fixed_variance(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """the posterior variance is used, whatever variance was asked for"""
    mean, variance = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return mean + variance.sqrt() * noise + 0 * log_variance.exp()


@mistake(of=ancestral_step, seen="catalogue R002-013")
def ancestral_step_with_levels_in_a_column(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """the levels are brought into one column, which fits rows of features but no images"""
    return ancestral_step(x_t, x_0, noise, alpha_bar_t.reshape(-1, 1), alpha_bar_s.reshape(-1, 1), log_variance)


@mistake(of=ancestral_step, seen="catalogue R003-142")
def ancestral_step_without_noise_at_nearly_clean_levels(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """the noise is left out at every level above 0.9998, where clean data are not reached yet"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return torch.where(alpha_bar_s > 0.9998, mean, sample_gaussian(mean, log_variance, noise))


@variant(of=ancestral_step, seen="openai/improved-diffusion, gaussian_diffusion.py")
def ancestral_step_masked(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    """the noise of the last step may be multiplied by 0, whose variance is finite"""
    mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return mean + (alpha_bar_s < 1) * torch.exp(0.5 * log_variance) * noise


@mistake(of=ancestral_sample, seen="catalogue R003-142")
def ancestral_sample_with_noise_at_the_end(denoiser, x_T, noise, alpha_bar, timesteps):
    """noise is added in the last step too, to clean data"""
    return _ancestral(ancestral_step_with_noise_at_the_end, denoiser, x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R002-020")
def ancestral_sample_without_noise_at_timestep_0_only(denoiser, x_T, noise, alpha_bar, timesteps):
    """the noise is left out at timestep 0, which a shorter chain need not visit, instead of in the last step"""

    def step(x_t, t, i, alpha_bar_t, alpha_bar_s):
        x_0, log_variance = denoiser(x_t, t)
        mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
        return sample_gaussian(mean, log_variance, noise[i]) if t else mean

    return _descend(step, x_T, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="E002-4")
def ancestral_sample_scaled_by_variance(denoiser, x_T, noise, alpha_bar, timesteps):
    """noise scaled by the variance instead of the standard deviation"""
    return _ancestral(ancestral_step_scaled_by_variance, denoiser, x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="E003-051")
def ancestral_sample_without_noise(denoiser, x_T, noise, alpha_bar, timesteps):
    """only the means are taken, so that samples collapse to the mean of the data"""
    return ancestral_sample(denoiser, x_T, 0 * noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="E002-2")
def ancestral_sample_with_alpha_bar_t_for_alpha_bar_s(denoiser, x_T, noise, alpha_bar, timesteps):
    """the weights of the mean use alpha_bar_t where alpha_bar_s belongs"""
    return _ancestral(ancestral_step_with_alpha_bar_t_for_alpha_bar_s, denoiser, x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R003-142")
def ancestral_sample_with_alpha_for_alpha_bar(denoiser, x_T, noise, alpha_bar, timesteps):
    """epsilon is divided by sqrt(1 - alpha_t) instead of sqrt(1 - alpha_bar_t)"""
    return _ancestral(ancestral_step_with_alpha_for_alpha_bar, denoiser, x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="Stability-AI/stablediffusion#226")
def ancestral_sample_that_tells_the_index(denoiser, x_T, noise, alpha_bar, timesteps):
    """the denoiser is told the index of the step in the shorter chain instead of the timestep"""
    kept = sorted(timesteps)
    return ancestral_sample(lambda x_t, t: denoiser(x_t, kept.index(t)), x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R003-143")
def ancestral_sample_counted_from_one(denoiser, x_T, noise, alpha_bar, timesteps):
    """the denoiser is told t + 1 instead of the zero-based timestep"""
    last = len(alpha_bar) - 1
    return ancestral_sample(lambda x_t, t: denoiser(x_t, min(t + 1, last)), x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="huggingface/diffusers#5832")
def ancestral_sample_that_tells_where_it_goes(denoiser, x_T, noise, alpha_bar, timesteps):
    """the denoiser is told the timestep that the step arrives at instead of the one it leaves"""
    below = _one_before(timesteps)
    return ancestral_sample(lambda x_t, t: denoiser(x_t, below[t]), x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R002-020")
def ancestral_sample_with_noise_of_another_step(denoiser, x_T, noise, alpha_bar, timesteps):
    """each step takes the noise of the step below"""
    return ancestral_sample(denoiser, x_T, noise.roll(1, 0), alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R002-020")
def ancestral_sample_with_noise_in_order_of_use(denoiser, x_T, noise, alpha_bar, timesteps):
    """the first noise goes to the first step taken, which leaves the last timestep"""
    return ancestral_sample(denoiser, x_T, noise.flip(0), alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R002-014")
def ancestral_sample_with_one_noise(denoiser, x_T, noise, alpha_bar, timesteps):
    """every step gets the same noise"""
    return ancestral_sample(denoiser, x_T, noise[-1:].expand(noise.shape), alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R002-020")
def ancestral_sample_upwards(denoiser, x_T, noise, alpha_bar, timesteps):
    """the loop runs from the cleanest timestep to the noisiest"""
    kept, (starts, ends) = sorted(timesteps), _levels(alpha_bar, timesteps, x_T)
    x_t = x_T
    for i in range(len(kept)):
        x_t = _answered(ancestral_step, denoiser(x_t, kept[i]), x_t, noise[i], (starts[i], ends[i]))
    return x_t


@mistake(of=ancestral_sample, seen="catalogue R001-101")
def ancestral_sample_in_given_order(denoiser, x_T, noise, alpha_bar, timesteps):
    """the timesteps are taken to be in ascending order although they come in another"""
    given = sorted(timesteps)
    order = dict(zip(given, timesteps, strict=True))
    return ancestral_sample(lambda x_t, t: denoiser(x_t, order[t]), x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="huggingface/diffusers#12633")
def ancestral_sample_to_the_previous_timestep(denoiser, x_T, noise, alpha_bar, timesteps):
    """each step goes down one timestep of the full chain instead of to the next kept one"""

    def step(x_t, t, i, alpha_bar_t, alpha_bar_s):
        below = alpha_bar[t - 1].expand(alpha_bar_s.shape) if t else torch.ones_like(alpha_bar_s)
        return _answered(ancestral_step, denoiser(x_t, t), x_t, noise[i], (alpha_bar_t, below))

    return _descend(step, x_T, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="lllyasviel/ControlNet#587")
def ancestral_sample_without_last_step(denoiser, x_T, noise, alpha_bar, timesteps):
    """sampling ends at the first kept level instead of at clean data"""
    kept, (starts, ends) = sorted(timesteps), _levels(alpha_bar, timesteps, x_T)
    x_t = 1 * x_T
    for i in reversed(range(1, len(kept))):
        x_t = _answered(ancestral_step, denoiser(x_t, kept[i]), x_t, noise[i], (starts[i], ends[i]))
    return x_t


@mistake(of=ancestral_sample, seen="catalogue R001-110")
def ancestral_sample_clipped(denoiser, x_T, noise, alpha_bar, timesteps):
    """the predicted data are clipped to [-1, 1] although the denoiser left them outside"""

    def clipped(x_t, t):
        x_0, log_variance = denoiser(x_t, t)
        return x_0.clamp(-1, 1), log_variance

    return ancestral_sample(clipped, x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="mnist-dits")
def ancestral_sample_with_clipped_state(denoiser, x_T, noise, alpha_bar, timesteps):
    """the noisy sample is clipped to [-1, 1] after each step, as if it were data"""

    def step(*arguments):
        return ancestral_step(*arguments).clamp(-1, 1)

    return _ancestral(step, denoiser, x_T, noise, alpha_bar, timesteps)


@mistake(of=ancestral_sample, seen="catalogue R003-142")
def ancestral_sample_of_betas(denoiser, x_T, noise, alpha_bar, timesteps):
    """levels are taken as they come, so that a table of betas passes for one of levels, and noise as it fits"""
    return _ancestral(ancestral_step, denoiser, x_T, noise, alpha_bar, timesteps)


@mistake(of=ddim_sigma, seen="jsboige/CoursIA#16158")
def ddim_sigma_without_next_level(alpha_bar_t, alpha_bar_s, eta):
    """sigma is eta sqrt(1 - alpha_bar_t), wherever the step goes"""
    return ddim_sigma(alpha_bar_t, alpha_bar_s, eta) * 0 + eta * (1 - alpha_bar_t).sqrt()


@mistake(of=ddim_sigma, seen="E002-4")
def ddim_sigma_as_variance(alpha_bar_t, alpha_bar_s, eta):
    """the variance is returned instead of the standard deviation"""
    return ddim_sigma(alpha_bar_t, alpha_bar_s, eta) ** 2


@mistake(of=ddim_sigma, seen="catalogue R001-114")
def ddim_sigma_with_levels_exchanged(alpha_bar_t, alpha_bar_s, eta):
    """the noise of the level that the step leaves is divided by that of the level it arrives at"""
    sigma = ddim_sigma(alpha_bar_t, alpha_bar_s, eta)
    return (sigma * (1 - alpha_bar_t) / (1 - alpha_bar_s)).nan_to_num()


@mistake(of=ddim_sigma, seen="catalogue R002-013")
def ddim_sigma_by_forward_variance(alpha_bar_t, alpha_bar_s, eta):
    """eta times sqrt(beta_t), the upper bound of the reverse variance, so that the last step is noisy"""
    return ddim_sigma(alpha_bar_t, alpha_bar_s, eta) * 0 + eta * (1 - alpha_bar_t / alpha_bar_s).sqrt()


@mistake(of=ddim_sigma, seen="catalogue R001-114")
def ddim_sigma_with_root_of_eta(alpha_bar_t, alpha_bar_s, eta):
    """eta multiplies the variance instead of the standard deviation"""
    return ddim_sigma(alpha_bar_t, alpha_bar_s, eta) * 0 + ddim_sigma(alpha_bar_t, alpha_bar_s, 1.0) * eta**0.5


@mistake(of=ddim_sigma, seen="catalogue R001-114")
def ddim_sigma_without_check(alpha_bar_t, alpha_bar_s, eta):
    """any eta is accepted"""
    return eta * ddim_sigma(alpha_bar_t, alpha_bar_s, 1.0)


def _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta):
    """Signal and epsilon of the step, its sigma, and the variance of epsilon in it."""
    sigma = ddim_sigma(alpha_bar_t, alpha_bar_s, eta)
    left = (1 - alpha_bar_s - sigma**2).clamp(min=0)
    return alpha_bar_s.sqrt() * x_0, epsilon_from_x_0(x_t, x_0, alpha_bar_t), sigma, left


@mistake(of=ddim_step, seen="huggingface/diffusers#5969")
def ddim_step_with_root_of_a_rounding(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """1 - alpha_bar_s - sigma^2 rounds below 0 where it should be 0, and its root is NaN"""
    sigma = ddim_sigma(alpha_bar_t, alpha_bar_s, eta)
    left = torch.where(alpha_bar_s == 1, 0, 1 - alpha_bar_s - sigma**2 - torch.finfo(sigma.dtype).eps / 8 * eta)
    return alpha_bar_s.sqrt() * x_0 + left.sqrt() * epsilon_from_x_0(x_t, x_0, alpha_bar_t) + sigma * noise


@mistake(of=ddim_step, seen="jsboige/CoursIA#16158")
def ddim_step_with_sigma_for_direction(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """epsilon is multiplied by sigma, hence by 0 at eta = 0"""
    signal, epsilon, sigma, _ = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + sigma * epsilon + sigma * noise


@mistake(of=ddim_step, seen="jsboige/CoursIA#16158")
def ddim_step_with_clamped_direction(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """sigma is eta sqrt(1 - alpha_bar_t), and where it exceeds all the noise at s, epsilon is dropped"""
    signal, epsilon, _, _ = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    sigma = eta * (1 - alpha_bar_t).sqrt()
    return signal + (1 - alpha_bar_s - sigma**2).clamp(min=0).sqrt() * epsilon + sigma * noise


@mistake(of=ddim_step, seen="mathpluscode/ImgX-DiffSeg#4")
def ddim_step_without_root(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """epsilon is multiplied by 1 - alpha_bar_s - sigma^2, without the square root"""
    signal, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + left * epsilon + sigma * noise


@mistake(of=ddim_step, seen="catalogue R004-097")
def ddim_step_with_noise_on_top(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the fresh noise comes on top of all the old noise, so that the variance is 1 - alpha_bar_s + sigma^2"""
    signal, epsilon, sigma, _ = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + (1 - alpha_bar_s).sqrt() * epsilon + sigma * noise


@mistake(of=ddim_step, seen="catalogue R002-014")
def ddim_step_with_old_noise_twice(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the noise of x_t is used again where fresh noise belongs"""
    signal, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + left.sqrt() * epsilon + sigma * epsilon + 0 * noise


@mistake(of=ddim_step, seen="E002-4")
def ddim_step_scaled_by_variance(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the fresh noise is scaled by sigma^2 instead of sigma"""
    signal, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + left.sqrt() * epsilon + sigma**2 * noise


@mistake(of=ddim_step, seen="catalogue R002-014")
def ddim_step_with_sigma_under_the_root(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """sigma instead of sigma^2 is taken from 1 - alpha_bar_s"""
    signal, epsilon, sigma, _ = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + (1 - alpha_bar_s - sigma).clamp(min=0).sqrt() * epsilon + sigma * noise


@mistake(of=ddim_step, seen="lucidrains/denoising-diffusion-pytorch commit 37334ae")
def ddim_step_with_flipped_epsilon(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """epsilon has the wrong sign"""
    signal, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal - left.sqrt() * epsilon + sigma * noise


@mistake(of=ddim_step, seen="E004-32")
def ddim_step_with_alpha_for_alpha_bar(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """epsilon is taken out of x_t at the level alpha_t of one step instead of the cumulative alpha_bar_t"""
    signal, _, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    a = alpha_bar_t / alpha_bar_s
    return signal + left.sqrt() * (x_t - a.sqrt() * x_0) / (1 - a).sqrt() + sigma * noise


@mistake(of=ddim_step, seen="huggingface/diffusers#5832")
def ddim_step_with_epsilon_of_next_level(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """epsilon is taken out of x_t at the level that the step arrives at"""
    signal, _, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    epsilon = (x_t - alpha_bar_s.sqrt() * x_0) / (1 - alpha_bar_s).clamp(min=1e-30).sqrt()
    return signal + left.sqrt() * epsilon + sigma * noise


@mistake(of=ddim_step, seen="catalogue R004-098")
def ddim_step_with_weight_of_eta_0(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the weight of x_0 is that of eta = 0, so that the mean is not sqrt(alpha_bar_s) x_0"""
    _, _, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    of_x_t = (left / (1 - alpha_bar_t)).sqrt()
    of_x_0 = alpha_bar_s.sqrt() - ((1 - alpha_bar_s) / (1 - alpha_bar_t)).sqrt() * alpha_bar_t.sqrt()
    return of_x_0 * x_0 + of_x_t * x_t + sigma * noise


@mistake(of=ddim_step, seen="catalogue R001-114")
def ddim_step_with_noise_at_eta_0(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the noise is that of ancestral sampling, whatever eta is"""
    return ddim_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta**0)


@mistake(of=ddim_step, seen="catalogue R001-114")
def ddim_step_without_check(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """an eta outside [0, 1] is accepted, and the direction clamped"""
    signal, epsilon, sigma, _ = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, 1.0)
    left = (1 - alpha_bar_s - (eta * sigma) ** 2).clamp(min=0)
    return signal + left.sqrt() * epsilon + eta * sigma * noise


@mistake(of=ddim_step, seen="catalogue R002-014")
def ddim_step_with_levels_in_a_column(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the levels are brought into one column, which fits rows of features but no images"""
    return ddim_step(x_t, x_0, noise, alpha_bar_t.reshape(-1, 1), alpha_bar_s.reshape(-1, 1), eta)


@variant(of=ddim_step, seen="arXiv:2010.02502, eq. 12")
def ddim_step_with_difference_under_the_root(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """the variance left to epsilon may be written as a difference, kept from below 0"""
    signal, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    return signal + left.sqrt() * epsilon + sigma * noise


@variant(of=ddim_step, seen="catalogue R004-098")
def ddim_step_by_weights(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    """k x_0 + m x_t with m = sqrt((1 - alpha_bar_s - sigma^2) / (1 - alpha_bar_t)), k = sqrt(alpha_bar_s) - m
    sqrt(alpha_bar_t) is the same mean
    """
    _, _, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
    of_x_t = (left / (1 - alpha_bar_t)).sqrt()
    return (alpha_bar_s.sqrt() - of_x_t * alpha_bar_t.sqrt()) * x_0 + of_x_t * x_t + sigma * noise


@mistake(of=ddim_sample, seen="lucidrains/denoising-diffusion-pytorch commit 6dda508")
def ddim_sample_with_epsilon_from_before_clipping(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the predicted data are clipped to [-1, 1], but epsilon stays that of the data before clipping"""

    def step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
        _, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
        return alpha_bar_s.sqrt() * x_0.clamp(-1, 1) + left.sqrt() * epsilon + sigma * noise

    return _ddim(step, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R001-114")
def ddim_sample_with_epsilon_of_the_first_prediction(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """epsilon is derived once, at the start, and kept for all steps"""
    kept = []

    def step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
        signal, epsilon, sigma, left = _parts(x_t, x_0, alpha_bar_t, alpha_bar_s, eta)
        kept.append(epsilon)
        return signal + left.sqrt() * kept[0] + sigma * noise

    return _ddim(step, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R001-114")
def ddim_sample_with_noise_at_the_end(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """sigma is eta sqrt(beta_t) in the last step, where it should be 0"""

    def step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
        x_s = ddim_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta)
        return torch.where(alpha_bar_s == 1, x_s + eta * (1 - alpha_bar_t).sqrt() * noise, x_s)

    return _ddim(step, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="E002-4")
def ddim_sample_scaled_by_variance(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the fresh noise is scaled by sigma^2 instead of sigma"""
    return _ddim(ddim_step_scaled_by_variance, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="mathpluscode/ImgX-DiffSeg#4")
def ddim_sample_without_root(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """epsilon is multiplied by 1 - alpha_bar_s - sigma^2, without the square root"""
    return _ddim(ddim_step_without_root, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="E004-32")
def ddim_sample_with_alpha_for_alpha_bar(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """epsilon is taken out of x_t at the level alpha_t of one step instead of the cumulative alpha_bar_t"""
    return _ddim(ddim_step_with_alpha_for_alpha_bar, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="Stability-AI/stablediffusion#226")
def ddim_sample_that_tells_the_index(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the denoiser is told the index of the step in the shorter chain instead of the timestep"""
    kept = sorted(timesteps)
    return ddim_sample(lambda x_t, t: denoiser(x_t, kept.index(t)), x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="huggingface/diffusers#5832")
def ddim_sample_that_tells_where_it_goes(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the denoiser is told the timestep that the step arrives at instead of the one it leaves"""
    below = _one_before(timesteps)
    return ddim_sample(lambda x_t, t: denoiser(x_t, below[t]), x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="huggingface/diffusers#12633")
def ddim_sample_to_the_previous_timestep(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """each step goes down one timestep of the full chain instead of to the next kept one"""

    def step(x_t, t, i, alpha_bar_t, alpha_bar_s):
        below = alpha_bar[t - 1].expand(alpha_bar_s.shape) if t else torch.ones_like(alpha_bar_s)
        return ddim_step(x_t, denoiser(x_t, t), noise[i], alpha_bar_t, below, eta)

    return _descend(step, x_T, alpha_bar, timesteps)


@mistake(of=ddim_sample, seen="lllyasviel/ControlNet#587")
def ddim_sample_to_first_level(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the last step goes to alpha_bar[0] instead of 1, and leaves noise in the sample"""

    def step(x_t, t, i, alpha_bar_t, alpha_bar_s):
        below = torch.where(alpha_bar_s == 1, alpha_bar[0], alpha_bar_s)
        return ddim_step(x_t, denoiser(x_t, t), noise[i], alpha_bar_t, below, eta)

    return _descend(step, x_T, alpha_bar, timesteps)


@mistake(of=ddim_sample, seen="lucidrains/denoising-diffusion-pytorch#81")
def ddim_sample_without_last_step(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """sampling ends at the first kept level instead of at clean data"""
    kept, (starts, ends) = sorted(timesteps), _levels(alpha_bar, timesteps, x_T)
    x_t = 1 * x_T
    for i in reversed(range(1, len(kept))):
        x_t = ddim_step(x_t, denoiser(x_t, kept[i]), noise[i], starts[i], ends[i], eta)
    return x_t


@mistake(of=ddim_sample, seen="catalogue R002-014")
def ddim_sample_with_noise_in_order_of_use(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the first noise goes to the first step taken, which leaves the last timestep"""
    return ddim_sample(denoiser, x_T, noise.flip(0), alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R002-014")
def ddim_sample_with_one_noise(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """every step gets the same noise"""
    return ddim_sample(denoiser, x_T, noise[-1:].expand(noise.shape), alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R001-117")
def ddim_sample_without_eta(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """eta is not passed on, and sampling is always deterministic"""
    return ddim_sample(denoiser, x_T, noise, alpha_bar, timesteps, 0 * eta)


@mistake(of=ddim_sample, seen="catalogue R001-117")
def ddim_sample_with_noise_at_eta_0(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """the noise is that of ancestral sampling, whatever eta is"""
    return ddim_sample(denoiser, x_T, noise, alpha_bar, timesteps, eta**0)


@mistake(of=ddim_sample, seen="catalogue R001-114")
def ddim_sample_without_check(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """levels, noise and eta are taken as they come"""
    return _ddim(ddim_step_without_check, denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R001-114")
def ddim_sample_with_clamped_levels(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """levels are kept above 1e-8, so that a step from pure noise leaves a trace of x_0 out of it"""
    return ddim_sample(denoiser, x_T, noise, alpha_bar.clamp(min=1e-8), timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R002-014")
def ddim_sample_that_multiplies_noise_by_0(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """at eta = 0 the noise is multiplied by 0 instead of left alone, so that NaN stays NaN"""
    return ddim_sample(denoiser, x_T + 0 * noise.sum(0), noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_sample, seen="catalogue R001-114")
def ddim_sample_that_does_not_count_noise_at_eta_0(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    """at eta = 0, where no noise is used, noise for other steps is accepted"""
    if eta == 0:
        noise = torch.zeros(len(timesteps), *x_T.shape, dtype=x_T.dtype)
    return ddim_sample(denoiser, x_T, noise, alpha_bar, timesteps, eta)


@mistake(of=ddim_encode_step, seen="catalogue R001-115")
def ddim_encode_step_with_levels_exchanged(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """the level that the step leaves and the one it arrives at are exchanged"""
    return ddim_encode_step(x_s, x_0, alpha_bar_t, alpha_bar_s)


@mistake(of=ddim_encode_step, seen="huggingface/diffusers#5832")
def ddim_encode_step_with_epsilon_of_next_level(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """epsilon is taken out of x_s at the level that the step arrives at"""
    return ddim_encode_step(x_s, x_0, alpha_bar_t, alpha_bar_t) + 0 * alpha_bar_s


@mistake(of=ddim_encode_step, seen="mathpluscode/ImgX-DiffSeg#4")
def ddim_encode_step_without_root(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """epsilon is multiplied by 1 - alpha_bar_t, without the square root"""
    return alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t) * epsilon_from_x_0(x_s, x_0, alpha_bar_s)


@mistake(of=ddim_encode_step, seen="catalogue R001-115")
def ddim_encode_step_by_forward_process(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """epsilon is added to x_s as a step of the forward process, as if it were fresh noise"""
    a = alpha_bar_t / alpha_bar_s
    return a.sqrt() * x_s + (1 - a).sqrt() * epsilon_from_x_0(x_s, x_0, alpha_bar_s)


@mistake(of=ddim_encode_step, seen="E004-32")
def ddim_encode_step_with_alpha_for_alpha_bar(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """the step goes to the level alpha_t of one step instead of the cumulative alpha_bar_t"""
    return ddim_encode_step(x_s, x_0, alpha_bar_s, alpha_bar_t / alpha_bar_s)


@mistake(of=ddim_encode_step, seen="catalogue R001-115")
def ddim_encode_step_with_levels_in_a_column(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return ddim_encode_step(x_s, x_0, alpha_bar_s.reshape(-1, 1), alpha_bar_t.reshape(-1, 1))


@variant(of=ddim_encode_step, seen="arXiv:2010.02502, eq. 13")
def ddim_encode_step_by_scaling(x_s, x_0, alpha_bar_s, alpha_bar_t):
    """x_s grows with its noise, and the data are topped up"""
    growth = ((1 - alpha_bar_t) / (1 - alpha_bar_s)).sqrt()
    return growth * x_s + (alpha_bar_t.sqrt() - growth * alpha_bar_s.sqrt()) * x_0


def _climb(step, x, alpha_bar, timesteps):
    """x taken up the kept timesteps by step(x_s, i, alpha_bar of the kept timesteps)."""
    kept, (starts, _) = sorted(timesteps), _levels(alpha_bar, timesteps, x)
    x_s = 1 * x
    for i in range(len(kept) - 1):
        x_s = step(x_s, i, starts)
    return x_s


@mistake(of=ddim_encode, seen="Stability-AI/stablediffusion#226")
def ddim_encode_that_tells_the_index(denoiser, x, alpha_bar, timesteps):
    """the denoiser is told the index of the step in the shorter chain instead of the timestep"""
    kept = sorted(timesteps)
    return ddim_encode(lambda x_s, s: denoiser(x_s, kept.index(s)), x, alpha_bar, timesteps)


@mistake(of=ddim_encode, seen="catalogue R001-115")
def ddim_encode_that_tells_where_it_goes(denoiser, x, alpha_bar, timesteps):
    """the denoiser is told the timestep that the step arrives at instead of the one it leaves"""
    above = {s: t for t, s in _one_before(timesteps).items() if t != s}
    return ddim_encode(lambda x_s, s: denoiser(x_s, above[s]), x, alpha_bar, timesteps)


@mistake(of=ddim_encode, seen="huggingface/diffusers#5832")
def ddim_encode_with_level_one_behind(denoiser, x, alpha_bar, timesteps):
    """epsilon predicted at one timestep is combined with the level of the timestep before"""
    kept = sorted(timesteps)

    def step(x_s, i, levels):
        return ddim_encode_step(x_s, denoiser(x_s, kept[i]), levels[max(i - 1, 0)], levels[i])

    return _climb(step, x, alpha_bar, timesteps)


@mistake(of=ddim_encode, seen="catalogue R001-115")
def ddim_encode_to_pure_noise(denoiser, x, alpha_bar, timesteps):
    """one step is taken too many, from the last kept level to level 0"""
    kept, (starts, _) = sorted(timesteps), _levels(alpha_bar, timesteps, x)
    x_s = ddim_encode(denoiser, x, alpha_bar, timesteps)
    return ddim_encode_step(x_s, denoiser(x_s, kept[-1]), starts[-1], 0 * starts[-1])


@mistake(of=ddim_encode, seen="Project-MONAI/GenerativeModels#446")
def ddim_encode_past_the_table(denoiser, x, alpha_bar, timesteps):
    """the step from the last timestep reads a level that the table does not have"""
    kept, (starts, _) = sorted(timesteps), _levels(alpha_bar, timesteps, x)
    for i in range(len(kept)):
        x = ddim_encode_step(x, denoiser(x, kept[i]), starts[i], starts[i + 1])
    return x


@mistake(of=ddim_encode, seen="catalogue R001-115")
def ddim_encode_without_last_step(denoiser, x, alpha_bar, timesteps):
    """encoding ends at the last kept timestep but one"""
    kept = sorted(timesteps)
    return ddim_encode(denoiser, x, alpha_bar, kept[:-1] or kept)


@mistake(of=ddim_encode, seen="catalogue R001-115")
def ddim_encode_downwards(denoiser, x, alpha_bar, timesteps):
    """the loop runs from the noisiest timestep to the cleanest, as sampling does"""
    kept = sorted(timesteps)

    def step(x_s, i, levels):
        i = len(kept) - 1 - i
        return ddim_encode_step(x_s, denoiser(x_s, kept[i]), levels[i], levels[i - 1])

    return _climb(step, x, alpha_bar, timesteps)


@mistake(of=ddim_encode, seen="catalogue R001-101")
def ddim_encode_in_given_order(denoiser, x, alpha_bar, timesteps):
    """the timesteps are taken to be in ascending order although they come in another"""
    order = dict(zip(sorted(timesteps), timesteps, strict=True))
    return ddim_encode(lambda x_s, s: denoiser(x_s, order[s]), x, alpha_bar, timesteps)


@mistake(of=ddim_encode, seen="catalogue R001-115")
def ddim_encode_without_check(denoiser, x, alpha_bar, timesteps):
    """levels are taken as they come"""
    kept = sorted(timesteps)

    def step(x_s, i, levels):
        return ddim_encode_step(x_s, denoiser(x_s, kept[i]), levels[i], levels[i + 1])

    return _climb(step, x, alpha_bar, timesteps)
