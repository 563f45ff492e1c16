"""Wrong variants of `reference.diffusion.ode`."""

import itertools
import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.ode import (
    asymmetric_times,
    epsilon_from_velocity,
    euler_sample,
    euler_step,
    flow_euler_sample,
    flow_euler_step,
    flow_interpolation,
    flow_velocity,
    heun_sample,
    heun_step,
    karras_sigmas,
    shifted_flow_time,
    vp_sigma,
    vp_sigma_derivative,
    x_0_from_velocity,
)


@mistake(of=karras_sigmas, seen="huggingface/diffusers#6477")
def karras_sigmas_that_repeat_the_last(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the table ends with sigma_min twice instead of 0, so that noise remains"""
    sigmas = karras_sigmas(num_steps, sigma_min, sigma_max, rho)
    return torch.cat([sigmas[:-1], sigmas[-2:-1]])


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5 misread")
def karras_sigmas_without_zero(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the table ends at sigma_min, so that noise remains"""
    return karras_sigmas(num_steps, sigma_min, sigma_max, rho)[:-1].clone()


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5 misread")
def karras_sigmas_over_num_steps(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the index is divided by n instead of n - 1, so that sigma_min is never reached"""
    karras_sigmas(num_steps, sigma_min, sigma_max, rho)
    share = torch.arange(num_steps, dtype=torch.float64) / num_steps
    high, low = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    return torch.cat([(high + share * (low - high)) ** rho, share.new_zeros(1)])


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5 misread")
def karras_sigmas_with_rho_inverted(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """powers of order rho lie equally far apart instead of roots"""
    return karras_sigmas(num_steps, sigma_min, sigma_max, 1 / rho)


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5 misread")
def karras_sigmas_evenly_spaced(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the sigmas themselves lie equally far apart, whatever rho says"""
    karras_sigmas(num_steps, sigma_min, sigma_max, rho)
    return karras_sigmas(num_steps, sigma_min, sigma_max, 1.0)


@mistake(of=karras_sigmas, seen="crowsonkb/k-diffusion, get_sigmas_exponential in its place")
def karras_sigmas_by_equal_ratios(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the logarithms of the sigmas lie equally far apart, as for an infinite rho"""
    sigmas = karras_sigmas(num_steps, sigma_min, sigma_max, rho)
    logs = torch.linspace(math.log(sigma_max), math.log(sigma_min), num_steps, dtype=torch.float64)
    return torch.cat([logs.exp(), sigmas[-1:]])


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5 misread")
def karras_sigmas_without_sigma_min(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the 0 takes the place of sigma_min instead of following it"""
    longer = karras_sigmas(num_steps + 1, sigma_min, sigma_max, rho)
    return torch.cat([longer[:-2], longer[-1:]]) if num_steps else karras_sigmas(0)


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5, listed from data to noise")
def karras_sigmas_that_rise(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """the sigmas rise from 0"""
    return karras_sigmas(num_steps, sigma_min, sigma_max, rho).flip(0)


@mistake(of=karras_sigmas, seen="arXiv:2206.00364, eq. 5 at n = 1")
def karras_sigmas_that_start_low(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """a single step starts from sigma_min instead of sigma_max"""
    sigmas = karras_sigmas(num_steps, sigma_min, sigma_max, rho)
    return sigmas if num_steps > 1 else sigmas.new_tensor([sigma_min, 0.0])


@mistake(of=karras_sigmas, seen="crowsonkb/k-diffusion, get_sigmas_karras")
def karras_sigmas_without_check(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """an impossible range gets a table all the same"""
    share = torch.linspace(0, 1, max(num_steps, 0), dtype=torch.float64)
    high, low = (abs(sigma) ** (1 / rho if rho else 0.0) for sigma in (sigma_max, sigma_min))
    return torch.cat([(high + share * (low - high)) ** rho, share.new_zeros(1)])


@variant(of=karras_sigmas, seen="crowsonkb/k-diffusion, get_sigmas_karras")
def karras_sigmas_by_ramp(num_steps, sigma_min=0.002, sigma_max=80.0, rho=7.0):
    """a ramp from 0 to 1 between the roots is equally spaced too"""
    karras_sigmas(num_steps, sigma_min, sigma_max, rho)
    ramp = torch.linspace(0, 1, num_steps, dtype=torch.float64)
    roots = (1 - ramp) * sigma_max ** (1 / rho) + ramp * sigma_min ** (1 / rho)
    return torch.cat([roots**rho, ramp.new_zeros(1)])


@mistake(of=euler_step, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_step_with_slope_at_the_end(x, x_0, sigma, sigma_next):
    """the slope is divided by the sigma at the end of the step"""
    return x + (sigma_next - sigma) * (x - x_0) / (sigma_next + 1e-12)


@mistake(of=euler_step, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_step_away_from_the_data(x, x_0, sigma, sigma_next):
    """the step has the wrong sign and leads to more noise"""
    return x - (sigma_next - sigma) * (x - x_0) / sigma


@mistake(of=euler_step, seen="arXiv:2206.00364, eq. 3 misread")
def euler_step_with_score_for_slope(x, x_0, sigma, sigma_next):
    """the slope is divided by sigma^2, as if it were the score"""
    return x + (sigma_next - sigma) * (x - x_0) / sigma**2


@mistake(of=euler_step, seen="arXiv:2206.00364, eq. 1 misread")
def euler_step_in_variance(x, x_0, sigma, sigma_next):
    """the noise shrinks by the ratio of the variances instead of the standard deviations"""
    return x_0 + (sigma_next / sigma) ** 2 * (x - x_0)


@mistake(of=euler_step, seen="arXiv:2010.02502, eq. 12 in sigma")
def euler_step_that_keeps_the_noise(x, x_0, sigma, sigma_next):
    """the prediction is noised again with all of x instead of its noise"""
    return x_0 + sigma_next / sigma * x


@mistake(of=euler_step, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_step_that_takes_x_0_for_noise(x, x_0, sigma, sigma_next):
    """the prediction is taken for the noise"""
    return x + (sigma_next - sigma) * x_0


@mistake(of=euler_step, seen="arXiv:2206.00364, algorithm 1")
def euler_step_with_levels_in_a_column(x, x_0, sigma, sigma_next):
    """the levels are brought into one column, which fits rows of features but no images"""
    return euler_step(x, x_0, sigma.reshape(-1, 1), sigma_next.reshape(-1, 1))


@mistake(of=euler_step, seen="arXiv:2206.00364, algorithm 1")
def euler_step_with_floor_under_sigma(x, x_0, sigma, sigma_next):
    """sigma is kept above 0.01, which leaves out the last steps down to 0.002"""
    return x_0 + sigma_next / sigma.clamp(min=0.01) * (x - x_0)


@variant(of=euler_step, seen="arXiv:2206.00364, algorithm 1")
def euler_step_along_the_slope(x, x_0, sigma, sigma_next):
    """moving x along its slope is the same point on the line to x_0"""
    return x + (sigma_next - sigma) * ((x - x_0) / sigma)


def _heun(denoiser, x, sigma, sigma_next, told, divisor):
    """A Heun step whose second call and second slope use the given sigmas."""
    slope = (x - denoiser(x, sigma)) / sigma
    ahead = x + (sigma_next - sigma) * slope
    return x + (sigma_next - sigma) * (slope + (ahead - denoiser(ahead, told)) / divisor) / 2


@mistake(of=heun_step, seen="huggingface/diffusers#1512")
def heun_step_with_starting_sigma(denoiser, x, sigma, sigma_next):
    """the second stage converts the prediction and takes its slope at the sigma of the first"""
    return _heun(denoiser, x, sigma, sigma_next, sigma, sigma)


@mistake(of=heun_step, seen="huggingface/diffusers#1512")
def heun_step_with_starting_sigma_in_slope(denoiser, x, sigma, sigma_next):
    """the second slope is divided by the sigma of the first"""
    return _heun(denoiser, x, sigma, sigma_next, sigma_next, sigma)


@mistake(of=heun_step, seen="huggingface/diffusers#1512")
def heun_step_with_starting_sigma_for_denoiser(denoiser, x, sigma, sigma_next):
    """the denoiser is told the starting sigma at the end of the step"""
    return _heun(denoiser, x, sigma, sigma_next, sigma, sigma_next)


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_step_without_prediction(denoiser, x, sigma, sigma_next):
    """the second slope is taken at x instead of the end of the Euler step"""
    slope, second = (x - denoiser(x, sigma)) / sigma, (x - denoiser(x, sigma_next)) / sigma_next
    return x + (sigma_next - sigma) * (slope + second) / 2


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_step_from_the_prediction(denoiser, x, sigma, sigma_next):
    """the mean slope is followed from the end of the Euler step instead of from x"""
    corrected = heun_step(denoiser, x, sigma, sigma_next)
    return corrected + (sigma_next - sigma) * (x - denoiser(x, sigma)) / sigma


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_step_with_sum_of_slopes(denoiser, x, sigma, sigma_next):
    """the two slopes are added without the factor 1/2"""
    return 2 * heun_step(denoiser, x, sigma, sigma_next) - x


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_step_with_second_slope_only(denoiser, x, sigma, sigma_next):
    """the slope at the end of the step replaces the mean of the two"""
    first = euler_step(x, denoiser(x, sigma), sigma, sigma_next)
    return 2 * heun_step(denoiser, x, sigma, sigma_next) - first


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_step_that_averages_predictions(denoiser, x, sigma, sigma_next):
    """the two predictions of x_0 are averaged instead of the two slopes"""
    first = denoiser(x, sigma)
    second = denoiser(euler_step(x, first, sigma, sigma_next), sigma_next)
    return euler_step(x, (first + second) / 2, sigma, sigma_next)


@mistake(of=heun_step, seen="crowsonkb/k-diffusion, sample_dpm_2 in its place")
def heun_step_at_the_middle(denoiser, x, sigma, sigma_next):
    """the slope half-way is taken: the midpoint rule, of second order but another one"""
    middle = (sigma + sigma_next) / 2
    half_way = euler_step(x, denoiser(x, sigma), sigma, middle)
    return x + (sigma_next - sigma) * (half_way - denoiser(half_way, middle)) / middle


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1 without its correction")
def heun_step_of_first_order(denoiser, x, sigma, sigma_next):
    """the Euler step is returned uncorrected"""
    return euler_step(x, denoiser(x, sigma), sigma, sigma_next)


@mistake(of=heun_step, seen="arXiv:2206.00364, algorithm 1")
def heun_step_with_floor_under_sigma(denoiser, x, sigma, sigma_next):
    """sigma is kept above 0.01, which leaves out the last steps down to 0.002"""
    return heun_step(denoiser, x, sigma.clamp(min=0.01), sigma_next.clamp(min=0.01))


@variant(of=heun_step, seen="arXiv:2206.00364, algorithm 1")
def heun_step_as_mean_of_two_euler_steps(denoiser, x, sigma, sigma_next):
    """the mean of the steps along either slope is the step along their mean"""
    first = euler_step(x, denoiser(x, sigma), sigma, sigma_next)
    slope = (first - denoiser(first, sigma_next)) / sigma_next
    return (first + x + (sigma_next - sigma) * slope) / 2


@mistake(of=euler_sample, seen="lucidrains/imagen-pytorch commit 1e15940")
def euler_sample_with_whole_sigmas(denoiser, x, sigmas):
    """the denoiser is told sigma cut to a whole number"""
    return euler_sample(lambda x, sigma: denoiser(x, sigma.trunc()), x, sigmas)


@mistake(of=euler_sample, seen="Stability-AI/stablediffusion#226")
def euler_sample_with_index(denoiser, x, sigmas):
    """the denoiser is told the index of the step instead of its sigma"""
    euler_sample(lambda x, sigma: x, x, sigmas)
    for i in range(len(sigmas) - 1):
        x = euler_step(x, denoiser(x, torch.full_like(sigmas[i], i)), sigmas[i], sigmas[i + 1])
    return x


@mistake(of=euler_sample, seen="huggingface/diffusers#5832")
def euler_sample_told_the_next_sigma(denoiser, x, sigmas):
    """the denoiser is told the sigma that the step leads to"""
    euler_sample(lambda x, sigma: x, x, sigmas)
    for i in range(len(sigmas) - 1):
        x = euler_step(x, denoiser(x, sigmas[i + 1]), sigmas[i], sigmas[i + 1])
    return x


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_sample_without_last_step(denoiser, x, sigmas):
    """the last step is left out, so that noise remains"""
    euler_sample(lambda x, sigma: x, x, sigmas)
    return euler_sample(denoiser, x, sigmas[:-1]) if len(sigmas) > 2 else x.clone()


@mistake(of=euler_sample, seen="clip_denoised, arXiv:2006.11239, code")
def euler_sample_with_clipped_predictions(denoiser, x, sigmas):
    """predictions of x_0 are clipped to [-1, 1]"""
    return euler_sample(lambda x, sigma: denoiser(x, sigma).clamp(-1, 1), x, sigmas)


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_sample_that_always_denoises(denoiser, x, sigmas):
    """the prediction of x_0 is returned even if the last sigma is not 0"""
    euler_sample(lambda x, sigma: x, x, sigmas)
    return euler_sample(denoiser, x, torch.cat([sigmas[:-1], 0 * sigmas[-1:]]))


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_sample_with_frozen_prediction(denoiser, x, sigmas):
    """x_0 is predicted once and kept for all steps"""
    x_0 = denoiser(x, sigmas[0]) if len(sigmas) > 1 else x
    return euler_sample(lambda x, sigma: denoiser(x, sigma) * 0 + x_0, x, sigmas)


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_sample_of_the_start(denoiser, x, sigmas):
    """the denoiser is shown the first x at every step"""
    return euler_sample(lambda _, sigma: denoiser(x, sigma), x, sigmas)


@mistake(of=euler_sample, seen="an index off by one, arXiv:2206.00364, algorithm 1")
def euler_sample_without_check(denoiser, x, sigmas):
    """a table without a step returns the noise as a sample"""
    return euler_sample(denoiser, x, sigmas) if len(sigmas) > 1 else x.clone()


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1 in its place")
def euler_sample_of_second_order(denoiser, x, sigmas):
    """the denoiser is asked twice a step, as for Heun"""
    return heun_sample(denoiser, x, sigmas)


def _heun_sample(step, denoiser, x, sigmas):
    """The sampler around another Heun step."""
    heun_sample(lambda x, sigma: x, x, sigmas)
    for i in range(len(sigmas) - 1):
        if sigmas[i + 1] > 0:
            x = step(denoiser, x, sigmas[i], sigmas[i + 1])
        else:
            x = euler_step(x, denoiser(x, sigmas[i]), sigmas[i], sigmas[i + 1])
    return x


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1")
def euler_sample_with_floor_under_sigma(denoiser, x, sigmas):
    """sigma is kept above 0.01, which leaves out the last steps down to 0.002"""
    return euler_sample(denoiser, x, torch.where(sigmas > 0, sigmas.clamp(min=0.01), 0))


@mistake(of=euler_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def euler_sample_that_tells_a_batch_of_one_sigma(denoiser, x, sigmas):
    """the denoiser is told a vector of one sigma instead of a tensor without axes"""
    return euler_sample(lambda x, sigma: denoiser(x, sigma[None]), x, sigmas)


@mistake(of=heun_sample, seen="huggingface/diffusers#1512")
def heun_sample_with_starting_sigma(denoiser, x, sigmas):
    """the second stage converts the prediction and takes its slope at the sigma of the first"""
    return _heun_sample(heun_step_with_starting_sigma, denoiser, x, sigmas)


@mistake(of=heun_sample, seen="huggingface/diffusers#1512")
def heun_sample_with_starting_sigma_for_denoiser(denoiser, x, sigmas):
    """the denoiser is told the starting sigma at the end of each step"""
    return _heun_sample(heun_step_with_starting_sigma_for_denoiser, denoiser, x, sigmas)


@mistake(of=heun_sample, seen="lucidrains/imagen-pytorch commit 1e15940")
def heun_sample_with_whole_sigmas(denoiser, x, sigmas):
    """the denoiser is told sigma cut to a whole number"""
    return heun_sample(lambda x, sigma: denoiser(x, sigma.trunc()), x, sigmas)


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1 without its condition")
def heun_sample_that_divides_by_zero(denoiser, x, sigmas):
    """the step to sigma 0 is corrected too, with a slope that is 0 / 0"""
    heun_sample(lambda x, sigma: x, x, sigmas)
    for i in range(len(sigmas) - 1):
        x = heun_step(denoiser, x, sigmas[i], sigmas[i + 1])
    return x


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_sample_that_always_ends_with_euler(denoiser, x, sigmas):
    """the last step is never corrected, even if it ends above sigma 0"""
    heun_sample(lambda x, sigma: x, x, sigmas)
    before = heun_sample(denoiser, x, sigmas[:-1]) if len(sigmas) > 2 else x
    return euler_step(before, denoiser(before, sigmas[-2]), sigmas[-2], sigmas[-1])


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_sample_without_last_step(denoiser, x, sigmas):
    """the sampler stops before the step to sigma 0"""
    heun_sample(lambda x, sigma: x, x, sigmas)
    kept = sigmas[sigmas > 0]
    return heun_sample(denoiser, x, kept) if len(kept) > 1 else x.clone()


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1 with half the calls")
def heun_sample_that_reuses_slopes(denoiser, x, sigmas):
    """the second slope of a step serves as the first of the next, although x was corrected in between"""
    heun_sample(lambda x, sigma: x, x, sigmas)
    slope = (x - denoiser(x, sigmas[0])) / sigmas[0]
    for i in range(len(sigmas) - 1):
        step, before = sigmas[i + 1] - sigmas[i], slope
        if sigmas[i + 1] > 0:
            ahead = x + step * before
            slope = (ahead - denoiser(ahead, sigmas[i + 1])) / sigmas[i + 1]
        x = x + step * (before + slope) / 2
    return x


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1 without its correction")
def heun_sample_of_first_order(denoiser, x, sigmas):
    """every step is an Euler step"""
    return euler_sample(denoiser, x, sigmas)


@mistake(of=heun_sample, seen="an index off by one, arXiv:2206.00364, algorithm 1")
def heun_sample_without_check(denoiser, x, sigmas):
    """a table without a step returns the noise as a sample"""
    return heun_sample(denoiser, x, sigmas) if len(sigmas) > 1 else x.clone()


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1")
def heun_sample_by_euler_near_the_end(denoiser, x, sigmas):
    """steps that end below 0.01 are Euler steps, and not just the one that ends at 0"""
    for sigma, sigma_next in itertools.pairwise(sigmas):
        if sigma_next < 0.01:
            x = euler_step(x, denoiser(x, sigma), sigma, sigma_next)
        else:
            x = heun_step(denoiser, x, sigma, sigma_next)
    return x + 0 * heun_sample(lambda x, sigma: x, x, sigmas)


@mistake(of=heun_sample, seen="arXiv:2206.00364, algorithm 1 misread")
def heun_sample_that_takes_small_sigmas_for_0(denoiser, x, sigmas):
    """sigmas below 1e-3 count as 0"""
    return heun_sample(denoiser, x, torch.where(sigmas < 1e-3, 0, sigmas))


@mistake(of=vp_sigma, seen="arXiv:2206.00364, table 1 misread")
def vp_sigma_that_is_noise_alone(time, beta_min, beta_max):
    """the standard deviation of the noise is not divided by the scale of the signal"""
    sigma = vp_sigma(time, beta_min, beta_max)
    return sigma / (1 + sigma**2).sqrt()


@mistake(of=vp_sigma, seen="arXiv:2206.00364, table 1 misread")
def vp_sigma_squared(time, beta_min, beta_max):
    """the ratio of the variances is returned instead of its root"""
    return vp_sigma(time, beta_min, beta_max) ** 2


@mistake(of=vp_sigma, seen="arXiv:2011.13456, appendix C misread")
def vp_sigma_with_half_the_exponent(time, beta_min, beta_max):
    """the exponent of the scale of the signal is used for its variance"""
    return vp_sigma(time, beta_min / 2, beta_max / 2)


@mistake(of=vp_sigma, seen="arXiv:2011.13456, appendix C misread")
def vp_sigma_without_half(time, beta_min, beta_max):
    """the integral of t is t^2 instead of t^2 / 2"""
    return torch.expm1(
        vp_sigma(time, beta_min, beta_max) * 0 + beta_min * time + (beta_max - beta_min) * time**2
    ).sqrt()


@mistake(of=vp_sigma, seen="arXiv:2011.13456, appendix C misread")
def vp_sigma_with_full_slope(time, beta_min, beta_max):
    """beta rises by beta_max instead of beta_max - beta_min"""
    return vp_sigma(time, beta_min, beta_max + beta_min)


@mistake(of=vp_sigma, seen="arXiv:2011.13456, appendix C misread")
def vp_sigma_of_beta_itself(time, beta_min, beta_max):
    """t beta(t) stands in for the integral of beta"""
    return torch.expm1(vp_sigma(time, beta_min, beta_max) * 0 + time * (beta_min + (beta_max - beta_min) * time)).sqrt()


@mistake(of=vp_sigma, seen="arXiv:2206.00364, table 1 misread")
def vp_sigma_that_cancels(time, beta_min, beta_max):
    """exp(B) - 1 loses its digits at early times"""
    vp_sigma(time, beta_min, beta_max)
    return (torch.exp(beta_min * time + (beta_max - beta_min) * time**2 / 2) - 1).sqrt()


@mistake(of=vp_sigma, seen="yang-song/score_sde_pytorch, VPSDE")
def vp_sigma_without_check(time, beta_min, beta_max):
    """betas that are not positive or fall get a sigma all the same"""
    return torch.expm1(beta_min * time + (beta_max - beta_min) * time**2 / 2).sqrt()


@mistake(of=vp_sigma_derivative, seen="deepinv/deepinv#1343")
def vp_sigma_derivative_twice_as_large(time, beta_min, beta_max):
    """the 2 of the root's derivative is missing from the denominator"""
    return 2 * vp_sigma_derivative(time, beta_min, beta_max)


@mistake(of=vp_sigma_derivative, seen="arXiv:2206.00364, table 1 misread")
def vp_sigma_derivative_without_exponential(time, beta_min, beta_max):
    """the exponential of the inner derivative is missing"""
    sigma = vp_sigma(time, beta_min, beta_max)
    return vp_sigma_derivative(time, beta_min, beta_max) / (1 + sigma**2)


@mistake(of=vp_sigma_derivative, seen="arXiv:2011.13456, appendix C misread")
def vp_sigma_derivative_of_noise_alone(time, beta_min, beta_max):
    """the derivative is that of the noise's standard deviation, not of its ratio to the signal"""
    sigma = vp_sigma(time, beta_min, beta_max)
    return vp_sigma_derivative(time, beta_min, beta_max) / (1 + sigma**2) ** 1.5


@mistake(of=vp_sigma_derivative, seen="arXiv:2206.00364, table 1 misread")
def vp_sigma_derivative_of_square(time, beta_min, beta_max):
    """the derivative is that of sigma^2"""
    return 2 * vp_sigma(time, beta_min, beta_max) * vp_sigma_derivative(time, beta_min, beta_max)


@mistake(of=vp_sigma_derivative, seen="arXiv:2206.00364, table 1 misread")
def vp_sigma_derivative_kept_finite(time, beta_min, beta_max):
    """a small number is added to sigma, so that the slope at time 0 stays finite"""
    sigma = vp_sigma(time, beta_min, beta_max)
    return (beta_min + (beta_max - beta_min) * time) * (1 + sigma**2) / (2 * (sigma + 1e-12))


@mistake(of=flow_interpolation, seen="facebookresearch/flow_matching, CondOTScheduler read for time 0 = clean")
def flow_interpolation_from_noise_to_data(x_0, noise, time):
    """time runs the other way: noise at 0, data at 1"""
    return flow_interpolation(x_0, noise, 1 - time)


@mistake(of=flow_interpolation, seen="arXiv:2006.11239, eq. 4 in its place")
def flow_interpolation_that_preserves_variance(x_0, noise, time):
    """the weights are roots, as in diffusion, instead of linear in time"""
    return (1 - time).sqrt() * x_0 + time.sqrt() * noise


@mistake(of=flow_interpolation, seen="arXiv:2210.02747, section 4.1")
def flow_interpolation_with_noise_left(x_0, noise, time):
    """a little noise is left at time 0, as in flow matching with sigma_min > 0"""
    return flow_interpolation(x_0, noise, time) + 1e-5 * (1 - time) * noise


@mistake(of=flow_interpolation, seen="arXiv:2206.00364, section 2 in its place")
def flow_interpolation_that_keeps_the_data(x_0, noise, time):
    """the data is not scaled down, as in x_0 + sigma epsilon"""
    return x_0 + time * noise


@mistake(of=flow_interpolation, seen="arXiv:2209.03003, section 2")
def flow_interpolation_with_times_in_a_column(x_0, noise, time):
    """the times are brought into one column, which fits rows of features but no images"""
    return flow_interpolation(x_0, noise, time.reshape(-1, 1))


@mistake(of=flow_velocity, seen="arXiv:2209.03003, eq. 1 with time 0 clean")
def flow_velocity_towards_data(x_0, noise):
    """the sign belongs to a time that runs from noise to data"""
    return x_0 - noise


@mistake(of=flow_velocity, seen="arXiv:2202.00512, v in its place")
def flow_velocity_of_diffusion(x_0, noise):
    """the velocity on the quarter circle half-way is returned instead of that on the straight path"""
    return (noise - x_0) / math.sqrt(2)


@mistake(of=x_0_from_velocity, seen="arXiv:2209.03003, eq. 1 with time 0 clean")
def x_0_from_velocity_along_it(x_t, velocity, time):
    """the velocity is followed instead of gone back along"""
    return x_t + time * velocity


@mistake(of=x_0_from_velocity, seen="facebookresearch/flow_matching, time the other way")
def x_0_from_velocity_with_time_reversed(x_t, velocity, time):
    """1 - t stands where t belongs"""
    return x_t - (1 - time) * velocity


@mistake(of=x_0_from_velocity, seen="velocity taken for noise, arXiv:2209.03003")
def x_0_from_velocity_taken_for_noise(x_t, velocity, time):
    """the velocity is taken for the noise and x_t divided by the weight of the data"""
    return (x_t - time * velocity) / (1 - time).clamp(min=1e-6)


@mistake(of=x_0_from_velocity, seen="arXiv:2209.03003, section 2")
def x_0_from_velocity_with_times_in_a_column(x_t, velocity, time):
    """the times are brought into one column, which fits rows of features but no images"""
    return x_0_from_velocity(x_t, velocity, time.reshape(-1, 1))


@mistake(of=epsilon_from_velocity, seen="arXiv:2209.03003, eq. 1 with time 0 clean")
def epsilon_from_velocity_against_it(x_t, velocity, time):
    """the velocity is gone back along instead of followed"""
    return x_t - (1 - time) * velocity


@mistake(of=epsilon_from_velocity, seen="facebookresearch/flow_matching, time the other way")
def epsilon_from_velocity_with_time_reversed(x_t, velocity, time):
    """t stands where 1 - t belongs"""
    return x_t + time * velocity


@mistake(of=epsilon_from_velocity, seen="velocity taken for noise, arXiv:2209.03003")
def epsilon_from_velocity_without_x_t(x_t, velocity, time):
    """the data is not added to the velocity"""
    return velocity + 0 * time * x_t


@mistake(of=epsilon_from_velocity, seen="arXiv:2209.03003, section 2")
def epsilon_from_velocity_with_times_in_a_column(x_t, velocity, time):
    """the times are brought into one column, which fits rows of features but no images"""
    return epsilon_from_velocity(x_t, velocity, time.reshape(-1, 1))


@mistake(of=flow_euler_step, seen="arXiv:2209.03003, eq. 1 with time 0 clean")
def flow_euler_step_backwards(x_t, velocity, time, time_next):
    """the step has the wrong sign and leads back to noise"""
    return x_t - (time_next - time) * velocity


@mistake(of=flow_euler_step, seen="arXiv:2209.03003, section 2 misread")
def flow_euler_step_of_the_whole_time(x_t, velocity, time, time_next):
    """the step goes back by the whole time instead of the difference"""
    return x_t - time * velocity


@mistake(of=flow_euler_step, seen="arXiv:2010.02502, eq. 12 in its place")
def flow_euler_step_of_diffusion(x_t, velocity, time, time_next):
    """the predicted data and noise are put together with weights whose squares add up to 1"""
    x_0, noise = x_t - time * velocity, x_t + (1 - time) * velocity
    return (1 - time_next).sqrt() * x_0 + time_next.sqrt() * noise


@mistake(of=flow_euler_step, seen="arXiv:2209.03003, section 2")
def flow_euler_step_with_times_in_a_column(x_t, velocity, time, time_next):
    """the times are brought into one column, which fits rows of features but no images"""
    return flow_euler_step(x_t, velocity, time.reshape(-1, 1), time_next.reshape(-1, 1))


@mistake(of=flow_euler_sample, seen="lucidrains/imagen-pytorch commit 1e15940")
def flow_euler_sample_with_whole_times(velocity, x_1, times):
    """the network is told the time cut to a whole number, which is 0"""
    return flow_euler_sample(lambda x_t, time: velocity(x_t, time.trunc()), x_1, times)


@mistake(of=flow_euler_sample, seen="huggingface/diffusers, FlowMatchEulerDiscreteScheduler")
def flow_euler_sample_told_thousandths(velocity, x_1, times):
    """the network is told 1000 times the time"""
    return flow_euler_sample(lambda x_t, time: velocity(x_t, 1000 * time), x_1, times)


@mistake(of=flow_euler_sample, seen="huggingface/diffusers#5832")
def flow_euler_sample_told_the_next_time(velocity, x_1, times):
    """the network is told the time that the step leads to"""
    x_t = flow_euler_sample(lambda x_t, time: 0 * x_t, x_1, times)
    for i in range(len(times) - 1):
        x_t = flow_euler_step(x_t, velocity(x_t, times[i + 1]), times[i], times[i + 1])
    return x_t


@mistake(of=flow_euler_sample, seen="facebookresearch/flow_matching, time the other way")
def flow_euler_sample_told_time_reversed(velocity, x_1, times):
    """the network is told 1 - t"""
    return flow_euler_sample(lambda x_t, time: velocity(x_t, 1 - time), x_1, times)


@mistake(of=flow_euler_sample, seen="arXiv:2209.03003, section 2 misread")
def flow_euler_sample_with_equal_steps(velocity, x_1, times):
    """all steps are equally long, whatever the times say"""
    x_t = flow_euler_sample(lambda x_t, time: 0 * x_t, x_1, times)
    for i in range(len(times) - 1):
        x_t = x_t + (times[-1] - times[0]) / (len(times) - 1) * velocity(x_t, times[i])
    return x_t


@mistake(of=flow_euler_sample, seen="arXiv:2209.03003, section 2 misread")
def flow_euler_sample_without_last_step(velocity, x_1, times):
    """the last step is left out, so that noise remains"""
    flow_euler_sample(lambda x_t, time: 0 * x_t, x_1, times)
    return flow_euler_sample(velocity, x_1, times[:-1]) if len(times) > 2 else x_1.clone()


@mistake(of=flow_euler_sample, seen="an index off by one, arXiv:2209.03003, section 2")
def flow_euler_sample_without_check(velocity, x_1, times):
    """a table without a step returns the noise as a sample"""
    return flow_euler_sample(velocity, x_1, times) if len(times) > 1 else x_1.clone()


@mistake(of=shifted_flow_time, seen="huggingface/diffusers#13246")
def shifted_flow_time_applied_twice(time, shift):
    """the shift is applied to a time that is shifted already"""
    return shifted_flow_time(shifted_flow_time(time, shift), shift)


@mistake(of=shifted_flow_time, seen="arXiv:2403.03206, section 5.3.2 with time 0 noise")
def shifted_flow_time_towards_data(time, shift):
    """the shift is inverted and leads to less noise"""
    return shifted_flow_time(time, 1 / shift if shift else 0.0)


@mistake(of=shifted_flow_time, seen="huggingface/diffusers, time_shift with mu")
def shifted_flow_time_by_logarithm(time, shift):
    """the shift is taken for its logarithm"""
    shifted_flow_time(time, shift)
    return shifted_flow_time(time, math.exp(shift))


@mistake(of=shifted_flow_time, seen="arXiv:2403.03206, section 5.3.2 misread")
def shifted_flow_time_of_variances(time, shift):
    """the ratio of variances is shifted instead of that of standard deviations"""
    shifted_flow_time(time, shift)
    return shifted_flow_time(time, math.sqrt(shift))


@mistake(of=shifted_flow_time, seen="arXiv:2403.03206, section 5.3.2 misread")
def shifted_flow_time_without_denominator(time, shift):
    """the time itself is multiplied and cut at 1"""
    shifted_flow_time(time, shift)
    return (shift * time).clamp(max=1)


@mistake(of=shifted_flow_time, seen="huggingface/diffusers, FlowMatchEulerDiscreteScheduler")
def shifted_flow_time_without_check(time, shift):
    """a shift that is not positive or not finite gets times all the same"""
    return shift * time / (1 + (shift - 1) * time)


@variant(of=shifted_flow_time, seen="huggingface/diffusers, time_shift with mu")
def shifted_flow_time_by_odds(time, shift):
    """shift / (shift + 1 / t - 1) is the same number"""
    shifted_flow_time(time, shift)
    return shift / (shift + (1 / time - 1))


@mistake(of=asymmetric_times, seen="lucidrains/bit-diffusion#10")
def asymmetric_times_without_delay(num_steps, delay):
    """the delay comes too late to have an effect"""
    asymmetric_times(num_steps, delay)
    return asymmetric_times(num_steps, 0)


@mistake(of=asymmetric_times, seen="lucidrains/bit-diffusion, time_delay")
def asymmetric_times_in_units_of_time(num_steps, delay):
    """the delay is a time instead of a number of steps"""
    return asymmetric_times(num_steps, delay * num_steps)


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_below_zero(num_steps, delay):
    """the last steps aim at times below 0"""
    now, _ = asymmetric_times(num_steps, delay).unbind(1)
    return torch.stack([now, now - (1 + delay) / num_steps], 1)


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_that_delay_both(num_steps, delay):
    """the time that the network is told is delayed too"""
    now, then = asymmetric_times(num_steps, delay).unbind(1)
    return torch.stack([(now - delay / num_steps).clamp(min=0), then], 1)


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_with_shorter_steps(num_steps, delay):
    """the delay is subtracted from the step instead of added to it"""
    now, _ = asymmetric_times(num_steps, delay).unbind(1)
    return torch.stack([now, (now - (1 - delay) / num_steps).clamp(0, 1)], 1)


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_in_a_chain(num_steps, delay):
    """each step starts from where the last one aimed, so that the delays add up"""
    now, then = asymmetric_times(num_steps, delay).unbind(1)
    return torch.stack([torch.cat([now[:1], then[:-1]]), then], 1)


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_with_whole_delay(num_steps, delay):
    """a delay of part of a step is cut off"""
    asymmetric_times(num_steps, delay)
    return asymmetric_times(num_steps, int(delay))


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_that_rise(num_steps, delay):
    """the steps are listed from data to noise"""
    return asymmetric_times(num_steps, delay).flip(0)


@mistake(of=asymmetric_times, seen="arXiv:2208.04202, asymmetric time intervals misread")
def asymmetric_times_without_check(num_steps, delay):
    """a negative delay or no steps are accepted"""
    step = torch.arange(max(num_steps, 0), dtype=torch.float64)
    return torch.stack([1 - step / num_steps, (1 - (step + 1 + delay) / num_steps).clamp(min=0)], 1)
