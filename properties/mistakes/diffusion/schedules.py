"""Wrong variants of `reference.diffusion.schedules`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.schedules import (
    alpha_bar_from_betas,
    alpha_bar_from_log_snr,
    betas_for_alpha_bar,
    betas_from_alpha_bar,
    constant_beta_schedule,
    cosine_alpha_bar,
    cosine_beta_schedule,
    extract,
    jsd_beta_schedule,
    linear_beta_schedule,
    log_alpha_bar_from_betas,
    log_snr,
    rescale_zero_terminal_snr,
    scaled_linear_beta_schedule,
    sigmoid_beta_schedule,
    snr,
    sqrt_alpha_bar,
    sqrt_beta_schedule,
    timestep_scaled_linear_beta_schedule,
    warmup_beta_schedule,
)


def _line(start, end, num_steps):
    return torch.linspace(start, end, num_steps, dtype=torch.float64)


def _falls(visited):
    return 1 - visited[1:] / visited[:-1]


@mistake(of=linear_beta_schedule, seen="E002-1")
def linear_beta_schedule_from_a_tenth(num_steps, beta_start=1e-1, beta_end=0.02):
    """betas fall from 0.1, so that the first step has an SNR of 9 instead of 9999"""
    return linear_beta_schedule(num_steps, beta_start, beta_end)


@mistake(of=linear_beta_schedule, seen="catalogue R003-123")
def linear_beta_schedule_in_single_precision(num_steps, beta_start=1e-4, beta_end=0.02):
    """the table is made in float32 and converted to float64 when its digits are lost"""
    return linear_beta_schedule(num_steps, beta_start, beta_end).float().double()


@mistake(of=linear_beta_schedule, seen="catalogue R003-138")
def linear_beta_schedule_after_the_start(num_steps, beta_start=1e-4, beta_end=0.02):
    """the first beta is one increment above beta_start"""
    return linear_beta_schedule(num_steps + 1, beta_start, beta_end)[1:].clone()


@mistake(of=linear_beta_schedule, seen="catalogue R003-123")
def linear_beta_schedule_before_the_end(num_steps, beta_start=1e-4, beta_end=0.02):
    """the last beta is one increment below beta_end"""
    return linear_beta_schedule(num_steps + 1, beta_start, beta_end)[:-1].clone()


@mistake(of=linear_beta_schedule, seen="Comfy-Org/ComfyUI#1998, CompVis/stable-diffusion#314")
def linear_beta_schedule_of_roots(num_steps, beta_start=1e-4, beta_end=0.02):
    """the roots of the betas rise by equal amounts, which others call scaled linear"""
    return scaled_linear_beta_schedule(num_steps, beta_start, beta_end)


@mistake(of=linear_beta_schedule, seen="catalogue R002-015")
def linear_beta_schedule_without_check(num_steps, beta_start=1e-4, beta_end=0.02):
    """a chain of one step, or an impossible beta, gets a table all the same"""
    return _line(beta_start, beta_end, num_steps)


@variant(of=linear_beta_schedule, seen="R003-138, without the shift")
def linear_beta_schedule_by_a_ramp(num_steps, beta_start=1e-4, beta_end=0.02):
    """a ramp from 0 to 1, stretched and shifted, is the same line"""
    linear_beta_schedule(num_steps, beta_start, beta_end)
    return (beta_end - beta_start) * _line(0, 1, num_steps) + beta_start


@mistake(of=timestep_scaled_linear_beta_schedule, seen="E002-3, zoubohao/DenoisingDiffusionProbabilityModel-ddpm-#14")
def timestep_scaled_linear_beta_schedule_without_scale(num_steps):
    """betas of 1000 steps are used for any number of steps, so that short chains do not end in noise"""
    timestep_scaled_linear_beta_schedule(num_steps)
    return linear_beta_schedule(num_steps)


@mistake(of=timestep_scaled_linear_beta_schedule, seen="E004-31, lucidrains/imagen-pytorch#161")
def timestep_scaled_linear_beta_schedule_without_check(num_steps):
    """20 steps or fewer get betas of 1 and more"""
    return _line(0.1 / num_steps, 20 / num_steps, num_steps)


@mistake(of=timestep_scaled_linear_beta_schedule, seen="catalogue R004-093")
def timestep_scaled_linear_beta_schedule_of_twenty_steps(num_steps):
    """20 steps are accepted, of which the last has a beta of 1"""
    return linear_beta_schedule(num_steps, 0.1 / num_steps, 20 / num_steps)


@mistake(of=timestep_scaled_linear_beta_schedule, seen="NVlabs/I2SB#11")
def timestep_scaled_linear_beta_schedule_with_fixed_start(num_steps):
    """only the last beta is scaled"""
    timestep_scaled_linear_beta_schedule(num_steps)
    return linear_beta_schedule(num_steps, 1e-4, 20 / num_steps)


@mistake(of=timestep_scaled_linear_beta_schedule, seen="catalogue R002-006")
def timestep_scaled_linear_beta_schedule_with_inverse_scale(num_steps):
    """betas are multiplied by T / 1000 instead of 1000 / T"""
    timestep_scaled_linear_beta_schedule(num_steps)
    return linear_beta_schedule(num_steps, num_steps * 1e-7, num_steps * 2e-5)


@mistake(of=scaled_linear_beta_schedule, seen="Comfy-Org/ComfyUI#1998, CompVis/stable-diffusion#314")
def scaled_linear_beta_schedule_of_variances(num_steps, beta_start=1e-4, beta_end=0.02):
    """the betas rise by equal amounts instead of their roots"""
    return linear_beta_schedule(num_steps, beta_start, beta_end)


@mistake(of=scaled_linear_beta_schedule, seen="catalogue R001-100")
def scaled_linear_beta_schedule_of_roots(num_steps, beta_start=1e-4, beta_end=0.02):
    """the roots are not squared"""
    return scaled_linear_beta_schedule(num_steps, beta_start, beta_end).sqrt()


@mistake(of=scaled_linear_beta_schedule, seen="catalogue R001-100")
def scaled_linear_beta_schedule_of_squares(num_steps, beta_start=1e-4, beta_end=0.02):
    """the ends are squared and the table rooted, instead of the other way round"""
    scaled_linear_beta_schedule(num_steps, beta_start, beta_end)
    return _line(beta_start**2, beta_end**2, num_steps).sqrt()


@mistake(of=scaled_linear_beta_schedule, seen="catalogue R001-100")
def scaled_linear_beta_schedule_of_logarithms(num_steps, beta_start=1e-4, beta_end=0.02):
    """betas grow by equal factors"""
    scaled_linear_beta_schedule(num_steps, beta_start, beta_end)
    return _line(math.log(beta_start), math.log(beta_end), num_steps).exp()


@mistake(of=scaled_linear_beta_schedule, seen="arXiv:2112.10752, appendix")
def scaled_linear_beta_schedule_with_defaults_of_latent_diffusion(num_steps, beta_start=0.00085, beta_end=0.012):
    """unless told otherwise, betas lead from 0.00085 to 0.012, as in one family of models"""
    return scaled_linear_beta_schedule(num_steps, beta_start, beta_end)


@mistake(of=scaled_linear_beta_schedule, seen="catalogue R002-015")
def scaled_linear_beta_schedule_without_check(num_steps, beta_start=1e-4, beta_end=0.02):
    """a chain of one step, or an impossible beta, gets a table all the same"""
    return _line(abs(beta_start) ** 0.5, abs(beta_end) ** 0.5, num_steps) ** 2


@mistake(of=sigmoid_beta_schedule, seen="catalogue R001-100")
def sigmoid_beta_schedule_from_the_middle(num_steps, beta_start=1e-4, beta_end=0.02, logit_range=6.0):
    """logits begin at 0, so that betas begin half-way"""
    sigmoid_beta_schedule(num_steps, beta_start, beta_end, logit_range)
    return beta_start + (beta_end - beta_start) * torch.sigmoid(_line(0, logit_range, num_steps))


@mistake(of=sigmoid_beta_schedule, seen="catalogue R001-100")
def sigmoid_beta_schedule_that_reaches_its_ends(num_steps, beta_start=1e-4, beta_end=0.02, logit_range=6.0):
    """the curve is stretched until it begins at beta_start and ends at beta_end"""
    table = sigmoid_beta_schedule(num_steps, beta_start, beta_end, logit_range)
    rise = torch.sigmoid(_line(-logit_range, logit_range, num_steps))
    share = (rise - rise[0]) / (rise[-1] - rise[0])
    return beta_start + (beta_end - beta_start) * share + 0 * table


@mistake(of=sigmoid_beta_schedule, seen="arXiv:2212.11972, sigmoid from -3 to 3")
def sigmoid_beta_schedule_with_range_of_three(num_steps, beta_start=1e-4, beta_end=0.02, logit_range=3.0):
    """unless told otherwise, logits end at 3 instead of 6"""
    return sigmoid_beta_schedule(num_steps, beta_start, beta_end, logit_range)


@mistake(of=sigmoid_beta_schedule, seen="catalogue R001-100")
def sigmoid_beta_schedule_without_start(num_steps, beta_start=1e-4, beta_end=0.02, logit_range=6.0):
    """the rise is not added to beta_start"""
    return sigmoid_beta_schedule(num_steps, beta_start, beta_end, logit_range) - beta_start


@mistake(of=sigmoid_beta_schedule, seen="catalogue R002-015")
def sigmoid_beta_schedule_without_check(num_steps, beta_start=1e-4, beta_end=0.02, logit_range=6.0):
    """a chain of one step, or an impossible beta, gets a table all the same"""
    return beta_start + (beta_end - beta_start) * torch.sigmoid(_line(-logit_range, logit_range, num_steps))


@mistake(of=warmup_beta_schedule, seen="catalogue R001-100")
def warmup_beta_schedule_rounded_up(num_steps, beta_start=1e-4, beta_end=0.02, warmup_fraction=0.1):
    """a part of a step counts as a step of the warm-up"""
    warm = math.ceil(num_steps * warmup_fraction)
    return warmup_beta_schedule(num_steps, beta_start, beta_end, warm / num_steps)


@mistake(of=warmup_beta_schedule, seen="catalogue R001-100")
def warmup_beta_schedule_with_late_plateau(num_steps, beta_start=1e-4, beta_end=0.02, warmup_fraction=0.1):
    """beta_end is reached one step after the warm-up instead of at its end"""
    warmup_beta_schedule(num_steps, beta_start, beta_end, warmup_fraction)
    warm = int(num_steps * warmup_fraction)
    level = torch.full((num_steps - warm,), beta_end, dtype=torch.float64)
    return torch.cat([_line(beta_start, beta_end, warm + 1)[:warm], level])


@mistake(of=warmup_beta_schedule, seen="catalogue R001-100")
def warmup_beta_schedule_that_cools_down(num_steps, beta_start=1e-4, beta_end=0.02, warmup_fraction=0.1):
    """the rise comes after the plateau"""
    return warmup_beta_schedule(num_steps, beta_start, beta_end, warmup_fraction).roll(
        -int(num_steps * warmup_fraction)
    )


@mistake(of=warmup_beta_schedule, seen="code of arXiv:2006.11239, warmup50")
def warmup_beta_schedule_of_half_the_steps(num_steps, beta_start=1e-4, beta_end=0.02, warmup_fraction=0.5):
    """unless told otherwise, half of the steps are warm-up instead of a tenth"""
    return warmup_beta_schedule(num_steps, beta_start, beta_end, warmup_fraction)


@mistake(of=warmup_beta_schedule, seen="code of arXiv:2006.11239")
def warmup_beta_schedule_without_check(num_steps, beta_start=1e-4, beta_end=0.02, warmup_fraction=0.1):
    """a chain of one step, an impossible beta, or a warm-up longer than the chain gets a table all the same"""
    table = torch.full((num_steps,), beta_end, dtype=torch.float64)
    warm = int(num_steps * warmup_fraction) if math.isfinite(warmup_fraction) else 0
    table[: max(warm, 0)] = _line(beta_start, beta_end, max(warm, 0))[:num_steps]
    return table


@mistake(of=constant_beta_schedule, seen="catalogue R002-001")
def constant_beta_schedule_of_alpha(num_steps, beta):
    """the table holds what is left of the variance instead of what is added"""
    return 1 - constant_beta_schedule(num_steps, beta)


@mistake(of=constant_beta_schedule, seen="catalogue R002-006")
def constant_beta_schedule_shared_out(num_steps, beta):
    """beta is divided among the steps"""
    return constant_beta_schedule(num_steps, beta) / num_steps


@mistake(of=constant_beta_schedule, seen="catalogue R003-123")
def constant_beta_schedule_in_single_precision(num_steps, beta):
    """the table is made in float32 and converted to float64 when its digits are lost"""
    return constant_beta_schedule(num_steps, beta).float().double()


@mistake(of=constant_beta_schedule, seen="catalogue R002-015")
def constant_beta_schedule_without_check(num_steps, beta):
    """a chain of one step, or an impossible beta, gets a table all the same"""
    return torch.full((num_steps,), beta, dtype=torch.float64)


@mistake(of=jsd_beta_schedule, seen="catalogue R001-100")
def jsd_beta_schedule_reversed(num_steps):
    """betas fall from 1 to 1 / T"""
    return jsd_beta_schedule(num_steps).flip(0)


@mistake(of=jsd_beta_schedule, seen="catalogue R003-123")
def jsd_beta_schedule_one_step_early(num_steps):
    """beta_t is 1 / (T - t), kept finite at the end, as if the first step were step 0"""
    return 1 / (jsd_beta_schedule(num_steps).reciprocal() - 1).clamp(min=1)


@mistake(of=jsd_beta_schedule, seen="catalogue R003-123")
def jsd_beta_schedule_one_step_late(num_steps):
    """beta_t is 1 / (T - t + 2), so that the chain ends with half of its last signal"""
    return 1 / (jsd_beta_schedule(num_steps).reciprocal() + 1)


@mistake(of=jsd_beta_schedule, seen="catalogue R001-100")
def jsd_beta_schedule_of_equal_betas(num_steps):
    """every step erases 1 / T of what is left instead of what there was"""
    return constant_beta_schedule(num_steps, 1 / num_steps)


@mistake(of=jsd_beta_schedule, seen="catalogue R002-015")
def jsd_beta_schedule_without_check(num_steps):
    """a chain of one step gets a table all the same"""
    return 1 / _line(num_steps, 1, num_steps)


@mistake(of=cosine_alpha_bar, seen="catalogue R004-101")
def cosine_alpha_bar_without_square(time, offset=0.008):
    """the cosine is not squared, as in the schedule of D3PM"""
    return cosine_alpha_bar(time, offset).sqrt()


@mistake(of=cosine_alpha_bar, seen="catalogue R004-101")
def cosine_alpha_bar_of_squared_angle(time, offset=0.008):
    """the angle is squared instead of the cosine, which leaves 0.81 half-way"""
    angle = math.pi / 2 * (time + offset) / (1 + offset)
    return torch.cos(angle**2) / math.cos((math.pi / 2 * offset / (1 + offset)) ** 2)


@mistake(of=cosine_alpha_bar, seen="openai/improved-diffusion, code")
def cosine_alpha_bar_without_normalisation(time, offset=0.008):
    """the level at time 0 is 0.99984 instead of 1, which cancels only in the betas"""
    return cosine_alpha_bar(time, offset) * math.cos(math.pi / 2 * offset / (1 + offset)) ** 2


@mistake(of=cosine_alpha_bar, seen="catalogue R004-101")
def cosine_alpha_bar_beyond_the_quarter_turn(time, offset=0.008):
    """the offset is added to time but not to its range, so that levels pass 0 before the end"""
    return (torch.cos(math.pi / 2 * (time + offset)) / math.cos(math.pi / 2 * offset)) ** 2


@mistake(of=cosine_alpha_bar, seen="CleanDiffuserTeam/CleanDiffuser#31")
def cosine_alpha_bar_cut_off(time, offset=0.008):
    """time is cut off at 0.9946, so that some signal is left at the end"""
    return cosine_alpha_bar(time.clamp(max=0.9946), offset)


@mistake(of=cosine_alpha_bar, seen="Laurent2916/Diffusers.jl, Cosine.jl")
def cosine_alpha_bar_with_small_offset(time, offset=0.001):
    """unless told otherwise, the offset is 0.001 instead of 0.008"""
    return cosine_alpha_bar(time, offset)


@variant(of=cosine_alpha_bar, seen="catalogue R004-101")
def cosine_alpha_bar_by_half_angles(time, offset=0.008):
    """(1 + cos of twice the angle) / 2 is the square of the cosine"""
    raised = 1 + torch.cos(math.pi * (time + offset) / (1 + offset))
    return raised / (1 + math.cos(math.pi * offset / (1 + offset)))


@mistake(of=sqrt_alpha_bar, seen="arXiv:2205.14217, appendix A")
def sqrt_alpha_bar_with_offset_outside(time, offset=1e-4):
    """the offset is added to the root instead of to time"""
    return 1 - time.sqrt() - offset


@mistake(of=sqrt_alpha_bar, seen="arXiv:2205.14217, appendix A")
def sqrt_alpha_bar_of_what_is_left(time, offset=1e-4):
    """the root is taken of 1 - time"""
    return torch.sqrt((1 - time - offset).clamp(min=0))


@mistake(of=sqrt_alpha_bar, seen="arXiv:2205.14217, appendix A")
def sqrt_alpha_bar_kept_positive(time, offset=1e-4):
    """levels below 0 are raised to 0"""
    return sqrt_alpha_bar(time, offset).clamp(min=0)


@mistake(of=sqrt_alpha_bar, seen="catalogue R004-101")
def sqrt_alpha_bar_with_offset_of_cosine(time, offset=0.008):
    """unless told otherwise, the offset is that of the cosine schedule"""
    return sqrt_alpha_bar(time, offset)


@mistake(of=betas_for_alpha_bar, seen="catalogue R004-102")
def betas_for_alpha_bar_with_swapped_times(alpha_bar, num_steps, max_beta=0.999):
    """the level before a step is divided by the level after it"""
    betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    visited = alpha_bar(_line(0, 1, num_steps + 1))
    return (1 - visited[:-1] / visited[1:]).abs().clamp(max=max_beta)


@mistake(of=betas_for_alpha_bar, seen="Project-MONAI/GenerativeModels#489")
def betas_for_alpha_bar_one_step_late(alpha_bar, num_steps, max_beta=0.999):
    """levels are taken at times 0 to T - 1, so that the first step adds no noise"""
    table = betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    return torch.cat([table.new_zeros(1), table[:-1]])


@mistake(of=betas_for_alpha_bar, seen="catalogue R004-101")
def betas_for_alpha_bar_on_a_grid_of_t_points(alpha_bar, num_steps, max_beta=0.999):
    """T points instead of T + 1 cover the time from 0 to 1, so that steps are too long and one is missing"""
    betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    table = _falls(alpha_bar(_line(0, 1, num_steps))).clamp(max=max_beta)
    return torch.cat([table, table[-1:]])


@mistake(of=betas_for_alpha_bar, seen="arXiv:2102.09672, section 3.2")
def betas_for_alpha_bar_without_cap(alpha_bar, num_steps, max_beta=0.999):
    """betas above max_beta are kept"""
    betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    return _falls(alpha_bar(_line(0, 1, num_steps + 1)))


@mistake(of=betas_for_alpha_bar, seen="catalogue R004-102")
def betas_for_alpha_bar_with_looser_cap(alpha_bar, num_steps, max_beta=0.9999):
    """unless told otherwise, the cap is 0.9999 instead of 0.999"""
    return betas_for_alpha_bar(alpha_bar, num_steps, max_beta)


@mistake(of=betas_for_alpha_bar, seen="openai/guided-diffusion#42")
def betas_for_alpha_bar_with_lowered_cap(alpha_bar, num_steps, max_beta=0.999):
    """a cap of 1 is lowered to 0.999"""
    betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    return betas_for_alpha_bar(alpha_bar, num_steps, min(max_beta, 0.999))


@mistake(of=betas_for_alpha_bar, seen="catalogue R004-102")
def betas_for_alpha_bar_by_difference(alpha_bar, num_steps, max_beta=0.999):
    """beta is the fall of the level itself, not relative to the level before"""
    betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    return -alpha_bar(_line(0, 1, num_steps + 1)).diff().clamp(min=-max_beta)


@mistake(of=betas_for_alpha_bar, seen="catalogue R001-104")
def betas_for_alpha_bar_relative_to_the_start(alpha_bar, num_steps, max_beta=0.999):
    """the level after a step is divided by the first level instead of the level before"""
    betas_for_alpha_bar(alpha_bar, num_steps, max_beta)
    visited = alpha_bar(_line(0, 1, num_steps + 1))
    return (1 - visited[1:] / visited[0]).clamp(max=max_beta)


@mistake(of=betas_for_alpha_bar, seen="lucidrains/denoising-diffusion-pytorch, clip(betas, 0, 0.999)")
def betas_for_alpha_bar_clipped_at_zero(alpha_bar, num_steps, max_beta=0.999):
    """where levels do not fall, betas of 0 are returned in silence"""
    return _falls(alpha_bar(_line(0, 1, num_steps + 1))).clamp(0, max_beta)


@mistake(of=betas_for_alpha_bar, seen="catalogue R004-102")
def betas_for_alpha_bar_with_floor(alpha_bar, num_steps, max_beta=0.999):
    """betas are clipped to at least 1e-4, which takes signal from the first cosine steps"""
    return betas_for_alpha_bar(alpha_bar, num_steps, max_beta).clamp(min=min(1e-4, max_beta))


@mistake(of=cosine_beta_schedule, seen="catalogue R004-101")
def cosine_beta_schedule_without_square(num_steps, offset=0.008, max_beta=0.999):
    """the cosine is not squared"""
    return betas_for_alpha_bar(lambda time: cosine_alpha_bar(time, offset).sqrt(), num_steps, max_beta)


@mistake(of=cosine_beta_schedule, seen="Laurent2916/Diffusers.jl, Cosine.jl")
def cosine_beta_schedule_with_small_offset(num_steps, offset=0.001, max_beta=0.999):
    """unless told otherwise, the offset is 0.001 instead of 0.008"""
    return cosine_beta_schedule(num_steps, offset, max_beta)


@mistake(of=cosine_beta_schedule, seen="catalogue R004-101")
def cosine_beta_schedule_without_offset(num_steps, offset=0.008, max_beta=0.999):
    """the offset is ignored"""
    return cosine_beta_schedule(num_steps, 0.0, max_beta)


@mistake(of=cosine_beta_schedule, seen="Project-MONAI/MONAI#8427")
def cosine_beta_schedule_one_step_late(num_steps, offset=0.008, max_beta=0.999):
    """levels are taken at times 0 to T - 1, so that alpha_bar_1 is 1 and the posterior 0 / 0"""
    table = cosine_beta_schedule(num_steps, offset, max_beta)
    return torch.cat([table.new_zeros(1), table[:-1]])


@mistake(of=cosine_beta_schedule, seen="openai/guided-diffusion#42")
def cosine_beta_schedule_without_cap(num_steps, offset=0.008, max_beta=0.999):
    """the last beta is 1, so that no signal is left to divide by"""
    cosine_beta_schedule(num_steps, offset, max_beta)
    return cosine_beta_schedule(num_steps, offset, 1.0)


@mistake(of=cosine_beta_schedule, seen="Denoising-Diffusion-Probabilistic-Models on PyPI, clip(betas, 0.0001, 0.9999)")
def cosine_beta_schedule_with_floor(num_steps, offset=0.008, max_beta=0.999):
    """betas below 1e-4 are raised to it"""
    return cosine_beta_schedule(num_steps, offset, max_beta).clamp(min=1e-4, max=max_beta)


@mistake(of=cosine_beta_schedule, seen="catalogue R001-100")
def cosine_beta_schedule_with_fixed_cap(num_steps, offset=0.008, max_beta=0.999):
    """the cap is 0.999 whatever was asked for"""
    return cosine_beta_schedule(num_steps, offset)


@mistake(of=cosine_beta_schedule, seen="openai/guided-diffusion#42")
def cosine_beta_schedule_with_lowered_cap(num_steps, offset=0.008, max_beta=0.999):
    """a cap of 1 is lowered to 0.999"""
    cosine_beta_schedule(num_steps, offset, max_beta)
    return cosine_beta_schedule(num_steps, offset, min(max_beta, 0.999))


@mistake(of=cosine_beta_schedule, seen="lucidrains/denoising-diffusion-pytorch, clip(betas, 0, 0.999)")
def cosine_beta_schedule_without_check(num_steps, offset=0.008, max_beta=0.999):
    """a chain of one step, or a cap that is no beta, gets a table all the same"""
    return _falls(cosine_alpha_bar(_line(0, 1, num_steps + 1), offset)).clamp(max=max_beta)


@variant(of=cosine_beta_schedule, seen="lucidrains/denoising-diffusion-pytorch#19, jannerm/diffuser#68")
def cosine_beta_schedule_on_a_stretched_grid(num_steps, offset=0.008, max_beta=0.999):
    """T + 1 points from 0 to T + 1, divided by T + 1, are the times t / T, though T + 1 looks like an error"""
    cosine_beta_schedule(num_steps, offset, max_beta)
    points = num_steps + 1
    return _falls(cosine_alpha_bar(_line(0, points, points) / points, offset)).clamp(max=max_beta)


@variant(of=cosine_beta_schedule, seen="openai/improved-diffusion, code")
def cosine_beta_schedule_without_normalisation(num_steps, offset=0.008, max_beta=0.999):
    """f(0) cancels in the ratio of two levels"""
    scale = math.cos(math.pi / 2 * offset / (1 + offset)) ** 2
    return betas_for_alpha_bar(lambda time: scale * cosine_alpha_bar(time, offset), num_steps, max_beta)


@mistake(of=sqrt_beta_schedule, seen="arXiv:2205.14217, appendix A")
def sqrt_beta_schedule_of_line(num_steps, offset=1e-4, max_beta=0.999):
    """levels fall along a line instead of a root"""
    return betas_for_alpha_bar(lambda time: 1 - time, num_steps, max_beta)


@mistake(of=sqrt_beta_schedule, seen="arXiv:2205.14217, appendix A")
def sqrt_beta_schedule_without_offset(num_steps, offset=1e-4, max_beta=0.999):
    """the offset is ignored"""
    return sqrt_beta_schedule(num_steps, 0.0, max_beta)


@mistake(of=sqrt_beta_schedule, seen="arXiv:2205.14217, appendix A")
def sqrt_beta_schedule_without_cap(num_steps, offset=1e-4, max_beta=0.999):
    """the last beta exceeds 1, so that alpha_bar is negative and its root NaN"""
    sqrt_beta_schedule(num_steps, offset, max_beta)
    return _falls(sqrt_alpha_bar(_line(0, 1, num_steps + 1), offset))


@mistake(of=sqrt_beta_schedule, seen="catalogue R001-100")
def sqrt_beta_schedule_after_first_level(num_steps, offset=1e-4, max_beta=0.999):
    """the first beta leads from 1 to the level at time 0, and the last level is never reached"""
    sqrt_beta_schedule(num_steps, offset, max_beta)
    visited = sqrt_alpha_bar(_line(0, 1, num_steps + 1)[:-1], offset)
    return (1 - visited / torch.cat([visited.new_ones(1), visited[:-1]])).clamp(max=max_beta)


@mistake(of=sqrt_beta_schedule, seen="catalogue R002-015")
def sqrt_beta_schedule_without_check(num_steps, offset=1e-4, max_beta=0.999):
    """a chain of one step, or a cap that is no beta, gets a table all the same"""
    return _falls(sqrt_alpha_bar(_line(0, 1, num_steps + 1), offset)).clamp(max=max_beta)


@mistake(of=alpha_bar_from_betas, seen="catalogue R002-001")
def alpha_bar_from_betas_of_betas(betas):
    """the betas are multiplied up instead of what they leave"""
    alpha_bar_from_betas(betas)
    return betas.cumprod(0)


@mistake(of=alpha_bar_from_betas, seen="E003-047")
def alpha_bar_from_betas_with_first_entry_reset(betas):
    """the first entry is set to 1 after the products, which all keep its factor"""
    alpha_bar = alpha_bar_from_betas(betas)
    return torch.cat([alpha_bar.new_ones(1), alpha_bar[1:]])


@mistake(of=alpha_bar_from_betas, seen="Project-MONAI/GenerativeModels#489")
def alpha_bar_from_betas_of_previous_steps(betas):
    """entry t is the level before step t, so that the first is 1"""
    alpha_bar = alpha_bar_from_betas(betas)
    return torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])


@mistake(of=alpha_bar_from_betas, seen="lucidrains/denoising-diffusion-pytorch#18")
def alpha_bar_from_betas_of_following_steps(betas):
    """entry t is the level after step t + 1, and the last is 1"""
    alpha_bar = alpha_bar_from_betas(betas)
    return torch.cat([alpha_bar[1:], alpha_bar.new_ones(1)])


@mistake(of=alpha_bar_from_betas, seen="Nerogar/OneTrainer#1118")
def alpha_bar_from_betas_of_single_steps(betas):
    """what each step leaves is not multiplied up"""
    alpha_bar_from_betas(betas)
    return 1 - betas


@mistake(of=alpha_bar_from_betas, seen="catalogue R002-001")
def alpha_bar_from_betas_in_single_precision(betas):
    """products are taken in float32"""
    return alpha_bar_from_betas(betas.float()).to(betas.dtype)


@mistake(of=alpha_bar_from_betas, seen="E003-041")
def alpha_bar_from_betas_by_exponential(betas):
    """exp(-sum of betas) is the limit of short steps, not the product"""
    alpha_bar_from_betas(betas)
    return torch.exp(-betas.cumsum(0))


@mistake(of=alpha_bar_from_betas, seen="E003-041")
def alpha_bar_from_betas_by_sum(betas):
    """betas are subtracted from 1, as if each were a share of what there was at first"""
    alpha_bar_from_betas(betas)
    return 1 - betas.cumsum(0)


@mistake(of=alpha_bar_from_betas, seen="lucidrains/imagen-pytorch#161")
def alpha_bar_from_betas_without_check(betas):
    """a beta above 1 makes levels negative, and their roots NaN"""
    return (1 - betas).cumprod(0)


@variant(of=alpha_bar_from_betas, seen="catalogue R003-123")
def alpha_bar_from_betas_by_logarithms(betas):
    """the exponential of summed logarithms is the product"""
    return log_alpha_bar_from_betas(betas).exp()


@mistake(of=log_alpha_bar_from_betas, seen="catalogue R002-001")
def log_alpha_bar_from_betas_after_product(betas):
    """the logarithm is taken of the product, which is 0 for long chains"""
    return alpha_bar_from_betas(betas).log()


@mistake(of=log_alpha_bar_from_betas, seen="catalogue R002-015")
def log_alpha_bar_from_betas_without_log1p(betas):
    """1 - beta is rounded before its logarithm is taken, so that small betas vanish"""
    log_alpha_bar_from_betas(betas)
    return torch.log(1 - betas).cumsum(0)


@mistake(of=log_alpha_bar_from_betas, seen="E003-041")
def log_alpha_bar_from_betas_of_first_order(betas):
    """log(1 - beta) is replaced by -beta"""
    log_alpha_bar_from_betas(betas)
    return -betas.cumsum(0)


@mistake(of=log_alpha_bar_from_betas, seen="catalogue R002-001")
def log_alpha_bar_from_betas_in_bits(betas):
    """the logarithm has base 2"""
    return log_alpha_bar_from_betas(betas) / math.log(2)


@mistake(of=log_alpha_bar_from_betas, seen="catalogue R002-001")
def log_alpha_bar_from_betas_kept_finite(betas):
    """1 - beta is kept above 1e-12, so that a beta of 1 leaves some signal"""
    return log_alpha_bar_from_betas(betas.clamp(max=1 - 1e-12))


@mistake(of=log_alpha_bar_from_betas, seen="lucidrains/imagen-pytorch#161")
def log_alpha_bar_from_betas_without_check(betas):
    """a beta outside (0, 1] gets a number or NaN in silence"""
    return torch.log1p(-betas).cumsum(0)


@mistake(of=betas_from_alpha_bar, seen="lucidrains/denoising-diffusion-pytorch#18")
def betas_from_alpha_bar_shifted_the_wrong_way(alpha_bar):
    """each level is compared with the one after it instead of the one before it"""
    betas_from_alpha_bar(alpha_bar)
    following = torch.cat([alpha_bar[1:], alpha_bar.new_zeros(1)])
    return 1 - following / alpha_bar.clamp(min=1e-30)


@mistake(of=betas_from_alpha_bar, seen="catalogue R001-104")
def betas_from_alpha_bar_without_division(alpha_bar):
    """beta is the fall of the level itself, not relative to the level before"""
    betas_from_alpha_bar(alpha_bar)
    return -torch.cat([alpha_bar.new_ones(1), alpha_bar]).diff()


@mistake(of=betas_from_alpha_bar, seen="catalogue R001-104")
def betas_from_alpha_bar_of_levels(alpha_bar):
    """each level is compared with the clean data instead of the level before it"""
    betas_from_alpha_bar(alpha_bar)
    return 1 - alpha_bar


@mistake(of=betas_from_alpha_bar, seen="catalogue R001-104")
def betas_from_alpha_bar_of_deviations(alpha_bar):
    """the root of the ratio of levels is subtracted from 1"""
    return 1 - (1 - betas_from_alpha_bar(alpha_bar)).sqrt()


@mistake(of=betas_from_alpha_bar, seen="catalogue R004-102")
def betas_from_alpha_bar_with_cap(alpha_bar):
    """betas are capped at 0.999, so that a last level of 0 is not reached"""
    return betas_from_alpha_bar(alpha_bar).clamp(max=0.999)


@mistake(of=betas_from_alpha_bar, seen="lucidrains/denoising-diffusion-pytorch, clip(betas, 0, 0.999)")
def betas_from_alpha_bar_without_check(alpha_bar):
    """levels that do not fall, or fall below 0, get betas all the same"""
    return 1 - alpha_bar / torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])


@mistake(of=betas_from_alpha_bar, seen="catalogue R001-104")
def betas_from_alpha_bar_with_floor(alpha_bar):
    """betas are clipped to at least 1e-4, so that the first levels are missed"""
    return betas_from_alpha_bar(alpha_bar).clamp(min=1e-4)


@mistake(of=snr, seen="catalogue R004-081")
def snr_of_deviations(alpha_bar):
    """standard deviations are divided instead of variances"""
    return (alpha_bar / (1 - alpha_bar)).sqrt()


@mistake(of=snr, seen="huggingface/diffusers#1733")
def snr_inverted(alpha_bar):
    """noise is divided by signal"""
    return (1 - alpha_bar) / alpha_bar


@mistake(of=snr, seen="TiankaiHang/Min-SNR-Diffusion-Training#4")
def snr_kept_finite(alpha_bar):
    """clean and empty levels are patched, so that the ratio stays between 1e-8 and 1e8"""
    return snr(alpha_bar).clamp(1e-8, 1e8)


@mistake(of=snr, seen="catalogue R004-081")
def snr_of_signal_and_total(alpha_bar):
    """1 / (1 - alpha_bar) is the ratio of everything to noise, which is one more"""
    return 1 / (1 - alpha_bar)


@variant(of=snr, seen="jychoi118/P2-weighting#16")
def snr_by_total(alpha_bar):
    """everything divided by noise, less one, is signal divided by noise"""
    return 1 / (1 - alpha_bar) - 1


@variant(of=snr, seen="huggingface/diffusers#7342")
def snr_by_roots(alpha_bar):
    """the square of the ratio of standard deviations is the ratio of variances"""
    return (alpha_bar.sqrt() / (1 - alpha_bar).sqrt()) ** 2


@mistake(of=log_snr, seen="catalogue R004-081")
def log_snr_of_deviations(alpha_bar):
    """the logarithm is taken of the ratio of standard deviations, as in lambda of DPM-Solver"""
    return (torch.log(alpha_bar) - torch.log1p(-alpha_bar)) / 2


@mistake(of=log_snr, seen="arXiv:2107.00630, section 3.1")
def log_snr_with_opposite_sign(alpha_bar):
    """the sign is that of gamma, which rises with noise"""
    return torch.log1p(-alpha_bar) - torch.log(alpha_bar)


@mistake(of=log_snr, seen="catalogue R004-081")
def log_snr_in_decibels(alpha_bar):
    """the ratio is given in decibels instead of nats"""
    return 10 * torch.log10(alpha_bar / (1 - alpha_bar))


@mistake(of=log_snr, seen="huggingface/diffusers#6024")
def log_snr_kept_finite(alpha_bar):
    """levels are kept away from 0 and 1"""
    return torch.logit(alpha_bar, eps=1e-12)


@variant(of=log_snr, seen="torch.logit")
def log_snr_by_logit(alpha_bar):
    """the logit of the level is its log-SNR"""
    return torch.logit(alpha_bar)


@mistake(of=alpha_bar_from_log_snr, seen="huggingface/diffusers, betas_for_alpha_bar with laplace")
def alpha_bar_from_log_snr_with_root(log_snr):
    """the standard deviation of the signal is returned instead of its variance"""
    return torch.sigmoid(log_snr).sqrt()


@mistake(of=alpha_bar_from_log_snr, seen="arXiv:2107.00630, eq. 4")
def alpha_bar_from_log_snr_of_noise(log_snr):
    """the share of the noise is returned, as for gamma, the negative log-SNR"""
    return torch.sigmoid(-log_snr)


@mistake(of=alpha_bar_from_log_snr, seen="catalogue R004-081")
def alpha_bar_from_log_snr_of_deviations(log_snr):
    """the log-SNR is taken for that of standard deviations, as lambda of DPM-Solver"""
    return torch.sigmoid(2 * log_snr)


@mistake(of=alpha_bar_from_log_snr, seen="huggingface/diffusers, betas_for_alpha_bar with laplace")
def alpha_bar_from_log_snr_that_overflows(log_snr):
    """exp(log_snr) overflows for clean data, which gives NaN"""
    odds = log_snr.exp()
    return odds / (1 + odds)


@variant(of=alpha_bar_from_log_snr, seen="catalogue R004-081")
def alpha_bar_from_log_snr_by_exponential(log_snr):
    """1 / (1 + exp(-log_snr)) overflows only to 1 / inf = 0"""
    return 1 / (1 + torch.exp(-log_snr))


@mistake(of=rescale_zero_terminal_snr, seen="arXiv:2305.08891, algorithm 1")
def rescale_zero_terminal_snr_of_variances(betas):
    """alpha_bar is shifted and scaled instead of its root"""
    left = (1 - betas).cumprod(0)
    rescale_zero_terminal_snr(betas)
    return betas_from_alpha_bar((left - left[-1]) * left[0] / (left[0] - left[-1]))


@mistake(of=rescale_zero_terminal_snr, seen="arXiv:2305.08891, algorithm 1")
def rescale_zero_terminal_snr_without_scale(betas):
    """roots are shifted but not scaled, so that the first level changes too"""
    rescale_zero_terminal_snr(betas)
    root = (1 - betas).cumprod(0).sqrt()
    return betas_from_alpha_bar((root - root[-1]) ** 2)


@mistake(of=rescale_zero_terminal_snr, seen="arXiv:2305.08891, algorithm 1")
def rescale_zero_terminal_snr_from_clean_data(betas):
    """roots are scaled as if the chain began at alpha_bar_0 = 1, so that the first level changes too"""
    rescale_zero_terminal_snr(betas)
    root = (1 - betas).cumprod(0).sqrt()
    return betas_from_alpha_bar(((root - root[-1]) / (1 - root[-1])) ** 2)


@mistake(of=rescale_zero_terminal_snr, seen="arXiv:2305.08891, algorithm 1")
def rescale_zero_terminal_snr_by_last_beta(betas):
    """only the last beta is set to 1"""
    rescale_zero_terminal_snr(betas)
    return torch.cat([betas[:-1], betas.new_ones(1)])


@mistake(of=rescale_zero_terminal_snr, seen="huggingface/diffusers#6024")
def rescale_zero_terminal_snr_with_a_remainder(betas):
    """the last beta stays below 1, so that sigma remains finite"""
    return rescale_zero_terminal_snr(betas).clamp(max=1 - 2**-24)


@mistake(of=rescale_zero_terminal_snr, seen="arXiv:2305.08891, algorithm 1")
def rescale_zero_terminal_snr_without_square(betas):
    """the rescaled roots are taken for levels"""
    rescale_zero_terminal_snr(betas)
    root = (1 - betas).cumprod(0).sqrt()
    return betas_from_alpha_bar((root - root[-1]) * root[0] / (root[0] - root[-1]))


@mistake(of=rescale_zero_terminal_snr, seen="huggingface/diffusers, rescale_zero_terminal_snr")
def rescale_zero_terminal_snr_without_check(betas):
    """a chain of one step, or an impossible beta, gets a table with NaN"""
    root = (1 - betas).cumprod(0).sqrt()
    rescaled = (root - root[-1:]) * root[:1] / (root[:1] - root[-1:])
    return 1 - rescaled**2 / torch.cat([root.new_ones(1), rescaled[:-1] ** 2])[: len(betas)]


@mistake(of=rescale_zero_terminal_snr, seen="catalogue R001-100")
def rescale_zero_terminal_snr_with_floor(betas):
    """betas are clipped to at least 1e-4, so that the first level moves"""
    return rescale_zero_terminal_snr(betas).clamp(min=1e-4)


@mistake(of=extract, seen="catalogue R003-126")
def extract_in_single_precision(table, timesteps, num_dims):
    """entries are cast to float32, which takes half of their digits"""
    return extract(table.float(), timesteps, num_dims).to(table.dtype)


@mistake(of=extract, seen="catalogue R002-017")
def extract_without_axes(table, timesteps, num_dims):
    """the result has one axis, and is multiplied along the features if these are as many as the samples"""
    return table[timesteps]


@mistake(of=extract, seen="jolibrain/joliGEN#527")
def extract_with_two_axes(table, timesteps, num_dims):
    """the result has two axes, however many the data has"""
    return table[timesteps][:, None]


@mistake(of=extract, seen="catalogue R002-017")
def extract_along_the_last_axis(table, timesteps, num_dims):
    """samples lie along the last axis instead of the first"""
    return table[timesteps].reshape(*[1] * (num_dims - 1), len(timesteps))


@mistake(of=extract, seen="catalogue R003-123")
def extract_one_step_early(table, timesteps, num_dims):
    """timestep t is looked up at t - 1, as if counted from 1"""
    return extract(table, timesteps - 1, num_dims)


@mistake(of=extract, seen="catalogue R001-109")
def extract_of_first_timestep(table, timesteps, num_dims):
    """all samples get the entry of the first sample's timestep"""
    return extract(table, timesteps[:1].expand(len(timesteps)), num_dims)


@mistake(of=extract, seen="catalogue R001-109")
def extract_in_order_of_timesteps(table, timesteps, num_dims):
    """entries come sorted by timestep instead of in the order of the samples"""
    return extract(table, timesteps.sort().values, num_dims)
