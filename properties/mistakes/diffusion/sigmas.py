"""Wrong variants of `reference.diffusion.sigmas`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.sigmas import (
    alpha_bar_from_sigma,
    sigma_from_alpha_bar,
    sigma_from_timestep,
    sigma_from_v_time,
    timestep_from_sigma,
    v_time_from_sigma,
)


@mistake(of=sigma_from_alpha_bar, seen="catalogue R004-081")
def sigma_from_alpha_bar_squared(alpha_bar):
    """the ratio of variances is returned instead of its root"""
    return (1 - alpha_bar) / alpha_bar


@mistake(of=sigma_from_alpha_bar, seen="catalogue R004-081")
def sigma_from_alpha_bar_inverted(alpha_bar):
    """signal is divided by noise"""
    return torch.sqrt(alpha_bar / (1 - alpha_bar))


@mistake(of=sigma_from_alpha_bar, seen="huggingface/diffusers#5158")
def sigma_from_alpha_bar_without_signal(alpha_bar):
    """the standard deviation of the noise is not divided by that of the signal"""
    return torch.sqrt(1 - alpha_bar)


@mistake(of=sigma_from_alpha_bar, seen="huggingface/diffusers#6024")
def sigma_from_alpha_bar_kept_finite(alpha_bar):
    """a level without signal is patched to 2^-24, so that sigma stops at 4096"""
    return sigma_from_alpha_bar(alpha_bar.clamp(min=2**-24))


@variant(of=sigma_from_alpha_bar, seen="Kingma et al. 2021, arXiv:2107.00630, section 3.1")
def sigma_from_alpha_bar_by_log_snr(alpha_bar):
    """half of the negative log-SNR is the logarithm of sigma"""
    return torch.exp((torch.log1p(-alpha_bar) - torch.log(alpha_bar)) / 2)


@variant(of=alpha_bar_from_sigma, seen="catalogue R004-081")
def alpha_bar_from_sigma_by_squared_cosine(sigma):
    """the cosine of the angle atan(sigma), squared, is rounded once more"""
    return torch.rsqrt(1 + sigma**2) ** 2


@mistake(of=alpha_bar_from_sigma, seen="catalogue R004-081")
def alpha_bar_from_sigma_without_square(sigma):
    """sigma is taken for the ratio of variances"""
    return 1 / (1 + sigma)


@mistake(of=alpha_bar_from_sigma, seen="catalogue R004-081")
def alpha_bar_from_sigma_with_root(sigma):
    """the standard deviation of the signal is returned instead of its variance"""
    return 1 / torch.sqrt(1 + sigma**2)


@mistake(of=alpha_bar_from_sigma, seen="catalogue R004-081")
def alpha_bar_from_sigma_of_noise(sigma):
    """the share of the noise is returned instead of the share of the signal"""
    return 1 / (1 + sigma**-2)


@mistake(of=alpha_bar_from_sigma, seen="huggingface/diffusers#5158")
def alpha_bar_from_sigma_as_noise_deviation(sigma):
    """sigma is taken for the standard deviation of the noise in a chain that preserves variance"""
    return 1 - sigma**2


@mistake(of=v_time_from_sigma, seen="crowsonkb/k-diffusion commit 2ce2bb3")
def v_time_from_sigma_in_radians(sigma):
    """the angle is not divided by pi / 2, so that time ends at 1.57"""
    return torch.atan(sigma)


@mistake(of=v_time_from_sigma, seen="catalogue R004-081")
def v_time_from_sigma_of_variances(sigma):
    """the ratio of variances is taken for the tangent"""
    return torch.atan(sigma**2) * (2 / math.pi)


@mistake(of=v_time_from_sigma, seen="arXiv:2210.02747, the straight path")
def v_time_from_sigma_on_a_line(sigma):
    """time runs along a straight path instead of a quarter turn"""
    return 1 - 1 / (1 + sigma)


@mistake(of=v_time_from_sigma, seen="catalogue R004-081")
def v_time_from_sigma_backwards(sigma):
    """time runs from noise to data"""
    return torch.atan(1 / sigma) * (2 / math.pi)


@mistake(of=v_time_from_sigma, seen="CleanDiffuserTeam/CleanDiffuser#31")
def v_time_from_sigma_cut_off(sigma):
    """time is cut off at 0.9946"""
    return v_time_from_sigma(sigma).clamp(max=0.9946)


@variant(of=v_time_from_sigma, seen="crowsonkb/v-diffusion-pytorch, alpha_sigma_to_t")
def v_time_from_sigma_by_atan2(sigma):
    """the angle of the point whose coordinates are signal and noise is that of their ratio"""
    return torch.atan2(sigma, torch.ones_like(sigma)) / math.pi * 2


@mistake(of=sigma_from_v_time, seen="crowsonkb/k-diffusion commit 2ce2bb3")
def sigma_from_v_time_in_radians(time):
    """time is taken for an angle, so that sigma ends at tan(1) = 1.56"""
    return torch.tan(time)


@mistake(of=sigma_from_v_time, seen="crowsonkb/k-diffusion commit 2ce2bb3")
def sigma_from_v_time_with_a_half_turn(time):
    """the clock makes half a turn instead of a quarter"""
    return torch.tan(time * math.pi)


@mistake(of=sigma_from_v_time, seen="arXiv:2202.00512, section 4")
def sigma_from_v_time_by_sine(time):
    """the standard deviation of the noise is not divided by that of the signal"""
    return torch.sin(time * (math.pi / 2))


@mistake(of=sigma_from_v_time, seen="arXiv:2210.02747, the straight path")
def sigma_from_v_time_on_a_line(time):
    """time runs along a straight path instead of a quarter turn"""
    return time / (1 - time)


@mistake(of=sigma_from_v_time, seen="catalogue R004-081")
def sigma_from_v_time_that_ends_early(time):
    """times are cut off at 0.99, so that sigma stops at 64"""
    return sigma_from_v_time(time.clamp(max=0.99))


@mistake(of=timestep_from_sigma, seen="crowsonkb/k-diffusion commit a48ec44")
def timestep_from_sigma_between_the_two_nearest(sigma, sigmas):
    """the two nearest entries are taken for neighbours, though on an uneven table both may lie on one side"""
    distances = (sigma.log()[:, None] - sigmas.log()).abs()
    lower, upper = distances.topk(2, largest=False).indices.sort().values.unbind(1)
    low, high = sigmas[lower].log(), sigmas[upper].log()
    weight = ((sigma.log() - low) / (high - low)).clamp(0, 1)
    return lower + weight * (upper - lower)


@mistake(of=timestep_from_sigma, seen="crowsonkb/k-diffusion commit a48ec44")
def timestep_from_sigma_linear_in_sigma(sigma, sigmas):
    """the index is interpolated in sigma instead of its logarithm"""
    lower = (torch.searchsorted(sigmas, sigma, right=True) - 1).clamp(0, len(sigmas) - 2)
    return lower + ((sigma - sigmas[lower]) / (sigmas[lower + 1] - sigmas[lower])).clamp(0, 1)


@mistake(of=timestep_from_sigma, seen="crowsonkb/k-diffusion, quantize=True")
def timestep_from_sigma_of_nearest_entry(sigma, sigmas):
    """the index is that of the nearest entry, without a fraction"""
    return (sigma.log()[:, None] - sigmas.log()).abs().argmin(1).to(sigma.dtype)


@mistake(of=timestep_from_sigma, seen="catalogue R004-081")
def timestep_from_sigma_extrapolated(sigma, sigmas):
    """outside the table the last interval is continued"""
    lower = (torch.searchsorted(sigmas, sigma, right=True) - 1).clamp(0, len(sigmas) - 2)
    low, high = sigmas[lower].log(), sigmas[lower + 1].log()
    return lower + (sigma.log() - low) / (high - low)


@mistake(of=timestep_from_sigma, seen="catalogue R002-001")
def timestep_from_sigma_counted_from_one(sigma, sigmas):
    """the first entry has index 1"""
    return timestep_from_sigma(sigma, sigmas) + 1


@mistake(of=timestep_from_sigma, seen="huggingface/diffusers#9490")
def timestep_from_sigma_of_falling_table(sigma, sigmas):
    """the table is read from the noisy end"""
    return len(sigmas) - 1 - timestep_from_sigma(sigma, sigmas)


@mistake(of=timestep_from_sigma, seen="crowsonkb/k-diffusion commit a48ec44")
def timestep_from_sigma_with_swapped_weights(sigma, sigmas):
    """between two entries the index runs the wrong way"""
    index = timestep_from_sigma(sigma, sigmas)
    return torch.where(index.frac() > 0, 2 * index.floor() + 1 - index, index)


@mistake(of=timestep_from_sigma, seen="crowsonkb/k-diffusion, sigma_to_t on a table of one entry")
def timestep_from_sigma_without_check(sigma, sigmas):
    """a table of fewer than two entries gets an index all the same"""
    return timestep_from_sigma(sigma, sigmas) if len(sigmas) > 1 else torch.zeros_like(sigma)


@variant(of=timestep_from_sigma, seen="huggingface/diffusers, _sigma_to_t")
def timestep_from_sigma_by_counting_signs(sigma, sigmas):
    """the lower neighbour is where the count of entries not above sigma stops growing"""
    if len(sigmas) < 2:
        raise ValueError(f"got {len(sigmas)} entries")
    below = sigmas.log()[:, None] <= sigma.log()
    lower = below.cumsum(0).argmax(0).clamp(max=len(sigmas) - 2)
    low, high = sigmas[lower].log(), sigmas[lower + 1].log()
    weight = ((low - sigma.log()) / (low - high)).clamp(0, 1)
    return (1 - weight) * lower + weight * (lower + 1)


@mistake(of=sigma_from_timestep, seen="crowsonkb/k-diffusion commit a48ec44")
def sigma_from_timestep_linear_in_sigma(timestep, sigmas):
    """sigma is interpolated instead of its logarithm"""
    lower = timestep.floor().long().clamp(0, len(sigmas) - 2)
    return torch.lerp(sigmas[lower], sigmas[lower + 1], timestep - lower)


@mistake(of=sigma_from_timestep, seen="catalogue R004-081")
def sigma_from_timestep_linear_in_variance(timestep, sigmas):
    """the square of sigma is interpolated instead of its logarithm"""
    return sigma_from_timestep_linear_in_sigma(timestep, sigmas**2).sqrt()


@mistake(of=sigma_from_timestep, seen="A-samp-14")
def sigma_from_timestep_of_whole_index(timestep, sigmas):
    """the fraction of the index is dropped"""
    return sigmas[timestep.long()]


@mistake(of=sigma_from_timestep, seen="crowsonkb/k-diffusion commit a48ec44")
def sigma_from_timestep_with_swapped_weights(timestep, sigmas):
    """the nearer neighbour gets the smaller weight"""
    lower = timestep.floor().long().clamp(0, len(sigmas) - 2)
    weight = timestep - lower
    return torch.exp(weight * sigmas[lower].log() + (1 - weight) * sigmas[lower + 1].log())


@mistake(of=sigma_from_timestep, seen="huggingface/diffusers#9490")
def sigma_from_timestep_of_falling_table(timestep, sigmas):
    """the table is read from the noisy end"""
    return sigma_from_timestep(len(sigmas) - 1 - timestep, sigmas)


@mistake(of=sigma_from_timestep, seen="catalogue R002-001")
def sigma_from_timestep_counted_from_one(timestep, sigmas):
    """the first entry has index 1"""
    return sigma_from_timestep((timestep - 1).clamp(min=0), sigmas)


@variant(of=sigma_from_timestep, seen="crowsonkb/k-diffusion, t_to_sigma")
def sigma_from_timestep_between_floor_and_ceiling(timestep, sigmas):
    """at a whole index both neighbours are the same entry, so that the last one needs no special care"""
    log_sigmas, weight = sigmas.log(), timestep.frac()
    return ((1 - weight) * log_sigmas[timestep.floor().long()] + weight * log_sigmas[timestep.ceil().long()]).exp()
