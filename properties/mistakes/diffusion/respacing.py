"""Wrong variants of `reference.diffusion.respacing`."""

import math
from fractions import Fraction

import numpy as np
import torch

from properties.mistakes import mistake, variant
from reference.diffusion.respacing import (
    RespacedChain,
    StepLevels,
    ddim_timesteps,
    leading_timesteps,
    linspace_timesteps,
    respace,
    space_timesteps,
    step_levels,
    trailing_timesteps,
)


def _spaced(num_steps, section_counts, place):
    """Timesteps kept when `place(start, j, length, count)` says where step j of a section goes."""
    if not section_counts:
        raise ValueError("no section")
    size, longer = divmod(num_steps, len(section_counts))
    kept, start = [], 0
    for index, count in enumerate(section_counts):
        length = size + (index < longer)
        if not 0 <= count <= length:
            raise ValueError(f"cannot keep {count} of {length} steps")
        kept.extend(place(start, j, length, count) for j in range(count))
        start += length
    return tuple(kept)


def _stride(length, count):
    return (length - 1) / (count - 1) if count > 1 else 1.0


@mistake(of=space_timesteps, seen="E001-3")
def space_timesteps_with_halves_up(num_steps, section_counts):
    """halves are rounded up instead of to even"""
    return _spaced(num_steps, section_counts, lambda start, j, m, k: start + math.floor(j * _stride(m, k) + 0.5))


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_with_halves_to_even_timesteps(num_steps, section_counts):
    """a half is rounded to an even timestep of the chain instead of an even step of the section"""
    return _spaced(num_steps, section_counts, lambda start, j, m, k: round(start + j * _stride(m, k)))


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_rounded_down(num_steps, section_counts):
    """the fraction is cut off instead of rounded"""
    return _spaced(num_steps, section_counts, lambda start, j, m, k: start + int(j * _stride(m, k) + 1e-9))


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_without_last_step(num_steps, section_counts):
    """the stride is m / k, so that the last step of a section is never kept"""
    return _spaced(num_steps, section_counts, lambda start, j, m, k: start + round(j * m / k))


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_with_whole_stride(num_steps, section_counts):
    """the stride is rounded before it is added up"""
    return _spaced(num_steps, section_counts, lambda start, j, m, k: start + j * int(_stride(m, k)))


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_with_longer_sections_last(num_steps, section_counts):
    """the remainder of the division lengthens the last sections instead of the first"""
    mirrored = space_timesteps(num_steps, list(section_counts)[::-1])
    return tuple(num_steps - 1 - step for step in reversed(mirrored))


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_from_midpoint(num_steps, section_counts):
    """a count of 1 keeps the middle of its section instead of the first step"""
    return _spaced(
        num_steps, section_counts, lambda start, j, m, k: start + (round(j * _stride(m, k)) if k > 1 else m // 2)
    )


@mistake(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_without_check(num_steps, section_counts):
    """a section gives as many steps as it has when more are asked for"""
    lengths = [len(part) for part in np.array_split(np.arange(num_steps), max(len(section_counts), 1))]
    counts = [min(max(count, 0), length) for count, length in zip(section_counts, lengths, strict=False)]
    return space_timesteps(num_steps, counts) if counts else ()


@variant(of=space_timesteps, seen="catalogue R001-101")
def space_timesteps_with_exact_stride(num_steps, section_counts):
    """the exact fraction is rounded instead of a sum of float64 strides, which differs at ties only"""
    return _spaced(
        num_steps, section_counts, lambda start, j, m, k: start + round(Fraction(j * (m - 1), k - 1) if k > 1 else 0)
    )


@variant(of=space_timesteps, seen="huggingface/diffusers#9261")
def space_timesteps_by_linspace(num_steps, section_counts):
    """a float64 ruler of each section is rounded, which differs at ties only"""
    return _spaced(num_steps, section_counts, lambda start, j, m, k: start + round(float(np.linspace(0, m - 1, k)[j])))


@mistake(of=ddim_timesteps, seen="catalogue R001-101")
def ddim_timesteps_with_stride_rounded_down(num_steps, count):
    """the stride is T // n and the surplus steps are cut off"""
    ddim_timesteps(num_steps, count)
    return tuple(range(0, num_steps, num_steps // count))[:count]


@mistake(of=ddim_timesteps, seen="catalogue R001-101")
def ddim_timesteps_with_largest_stride(num_steps, count):
    """of the strides that leave the right number of steps the largest is taken"""
    for stride in range(num_steps - 1, 0, -1):
        if math.ceil(num_steps / stride) == count:
            return tuple(range(0, num_steps, stride))
    raise ValueError(f"no stride for {count}")


@mistake(of=ddim_timesteps, seen="CompVis/latent-diffusion#136")
def ddim_timesteps_counted_from_one(num_steps, count):
    """every timestep is one too high, so that the last may lie past the end"""
    return tuple(step + 1 for step in ddim_timesteps(num_steps, count))


@mistake(of=ddim_timesteps, seen="catalogue R001-101")
def ddim_timesteps_of_one(num_steps, count):
    """a single step is served with a stride as long as the chain"""
    return (0,) if count == 1 else ddim_timesteps(num_steps, count)


@mistake(of=ddim_timesteps, seen="catalogue R001-101")
def ddim_timesteps_with_nearest_count(num_steps, count):
    """a count that no whole stride leaves gets the nearest one instead of an error"""
    strides = range(1, max(num_steps, 2))
    stride = min(strides, key=lambda stride: abs(math.ceil(num_steps / stride) - count))
    return tuple(range(0, num_steps, stride))


@mistake(of=leading_timesteps, seen="huggingface/diffusers#10003")
def leading_timesteps_past_the_end(num_steps, count, offset=0):
    """with an offset the last timestep may lie past the end of the tables"""
    return tuple(step + offset for step in leading_timesteps(num_steps, count))


@mistake(of=leading_timesteps, seen="catalogue R001-101")
def leading_timesteps_with_surplus(num_steps, count, offset=0):
    """the chain is walked to its end, which leaves more steps than asked for when T / n is not whole"""
    leading_timesteps(num_steps, count, offset)
    return tuple(range(offset, num_steps, num_steps // count))


@mistake(of=leading_timesteps, seen="catalogue R001-101")
def leading_timesteps_with_fractional_stride(num_steps, count, offset=0):
    """the stride T / n is rounded after the multiplication instead of down before it"""
    leading_timesteps(num_steps, count, offset)
    return tuple(round(j * num_steps / count) + offset for j in range(count))


@mistake(of=leading_timesteps, seen="CompVis/latent-diffusion#136")
def leading_timesteps_with_offset_one(num_steps, count, offset=1):
    """the timesteps are moved up by one unless told otherwise"""
    return leading_timesteps(num_steps, count, offset)


@mistake(of=leading_timesteps, seen="catalogue R001-101")
def leading_timesteps_that_trail(num_steps, count, offset=0):
    """the last timestep of each stretch is kept instead of the first"""
    leading_timesteps(num_steps, count, offset)
    return tuple(offset + (j + 1) * (num_steps // count) - 1 for j in range(count))


@mistake(of=leading_timesteps, seen="catalogue R001-101")
def leading_timesteps_of_too_many(num_steps, count, offset=0):
    """more steps than the chain has are cut down to all of them"""
    return leading_timesteps(num_steps, min(max(count, 1), num_steps), offset)


@mistake(of=linspace_timesteps, seen="catalogue R001-101")
def linspace_timesteps_rounded_down(num_steps, count):
    """the fraction is cut off by a cast to integers"""
    linspace_timesteps(num_steps, count)
    return tuple(np.linspace(0, num_steps - 1, count).astype(np.int64).tolist())


@mistake(of=linspace_timesteps, seen="E001-3")
def linspace_timesteps_with_halves_up(num_steps, count):
    """halves are rounded up instead of to even"""
    linspace_timesteps(num_steps, count)
    return tuple(math.floor(Fraction(j * (num_steps - 1), count - 1) + Fraction(1, 2)) for j in range(count))


@mistake(of=linspace_timesteps, seen="catalogue R001-101")
def linspace_timesteps_without_last_step(num_steps, count):
    """the points end one distance before the last step"""
    linspace_timesteps(num_steps, count)
    return tuple(round(j * num_steps / count) for j in range(count))


@mistake(of=linspace_timesteps, seen="catalogue R001-101")
def linspace_timesteps_past_the_end(num_steps, count):
    """the last point is T, which is past the end of the tables"""
    linspace_timesteps(num_steps, count)
    return tuple(round(j * num_steps / (count - 1)) for j in range(count))


@mistake(of=linspace_timesteps, seen="huggingface/diffusers#9261")
def linspace_timesteps_of_one(num_steps, count):
    """a single step is served, and it is the cleanest one"""
    return (0,) if count == 1 else linspace_timesteps(num_steps, count)


@variant(of=linspace_timesteps, seen="huggingface/diffusers#12633")
def linspace_timesteps_by_numpy(num_steps, count):
    """a float64 ruler is rounded, which differs at ties only"""
    linspace_timesteps(num_steps, count)
    return tuple(np.linspace(0, num_steps - 1, count).round().astype(np.int64).tolist())


@mistake(of=trailing_timesteps, seen="openvinotoolkit/openvino.genai#4161")
def trailing_timesteps_by_float_range(num_steps, count):
    """the chain is walked down in float strides, which for some counts takes one step too many, to timestep -1"""
    trailing_timesteps(num_steps, count)
    return tuple((np.round(np.arange(num_steps, 0, -num_steps / count)).astype(np.int64) - 1)[::-1].tolist())


@mistake(of=trailing_timesteps, seen="arXiv:2305.08891, table 2 read for timesteps from 0")
def trailing_timesteps_counted_from_one(num_steps, count):
    """every timestep is one too high, and the last lies past the end of the tables"""
    return tuple(step + 1 for step in trailing_timesteps(num_steps, count))


@mistake(of=trailing_timesteps, seen="catalogue R001-101")
def trailing_timesteps_rounded_after_subtraction(num_steps, count):
    """halves are rounded to even after one is subtracted, which is to odd before it"""
    trailing_timesteps(num_steps, count)
    return tuple(round((j + 1) * num_steps / count - 1) for j in range(count))


@mistake(of=trailing_timesteps, seen="huggingface/diffusers#5921")
def trailing_timesteps_that_lead(num_steps, count):
    """the first timestep of each stretch is kept, so that sampling does not begin at the noisiest level"""
    return leading_timesteps(num_steps, count)


@mistake(of=trailing_timesteps, seen="huggingface/diffusers#9261")
def trailing_timesteps_with_whole_stride(num_steps, count):
    """the stride is rounded down before the multiplication"""
    trailing_timesteps(num_steps, count)
    return tuple(num_steps - 1 - (count - 1 - j) * (num_steps // count) for j in range(count))


@mistake(of=trailing_timesteps, seen="openvinotoolkit/openvino.genai#4161")
def trailing_timesteps_without_check(num_steps, count):
    """more steps than the chain has are accepted, and some of them are the same"""
    return tuple(round((j + 1) * num_steps / count) - 1 for j in range(count))


@mistake(of=step_levels, seen="lucidrains/denoising-diffusion-pytorch#18")
def step_levels_with_padding_on_the_right(alpha_bar, timesteps):
    """the levels are shifted the wrong way, so that a step arrives at the noisier neighbour"""
    levels, _ = step_levels(alpha_bar, timesteps)
    return StepLevels(levels, torch.cat([levels[1:], levels.new_ones(1)]))


@mistake(of=step_levels, seen="huggingface/diffusers#12633")
def step_levels_with_fixed_stride(alpha_bar, timesteps):
    """the next timestep is t - T // n, whichever timesteps are kept"""
    levels, _ = step_levels(alpha_bar, timesteps)
    stride = len(alpha_bar) // len(levels)
    previous = [t - stride for t in sorted(timesteps)]
    return StepLevels(levels, torch.stack([alpha_bar[s] if s >= 0 else alpha_bar.new_ones(()) for s in previous]))


@mistake(of=step_levels, seen="lllyasviel/ControlNet#587")
def step_levels_that_end_at_first_level(alpha_bar, timesteps):
    """the last step of sampling arrives at the cleanest level of the table instead of at 1"""
    levels, _ = step_levels(alpha_bar, timesteps)
    return StepLevels(levels, torch.cat([alpha_bar[:1], levels[:-1]]))


@mistake(of=step_levels, seen="lucidrains/denoising-diffusion-pytorch#81")
def step_levels_from_shifted_table(alpha_bar, timesteps):
    """both levels are read from the table of previous levels, so that every step is taken one level too clean"""
    step_levels(alpha_bar, timesteps)
    levels = torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])[sorted(timesteps)]
    return StepLevels(levels, torch.cat([alpha_bar.new_ones(1), levels[:-1]]))


@mistake(of=step_levels, seen="CompVis/latent-diffusion#136")
def step_levels_with_wasted_step(alpha_bar, timesteps):
    """the last step of sampling arrives where it started, and noise is left"""
    levels, _ = step_levels(alpha_bar, timesteps)
    return StepLevels(levels, torch.cat([levels[:1], levels[:-1]]))


@mistake(of=step_levels, seen="catalogue R001-107")
def step_levels_of_full_chain(alpha_bar, timesteps):
    """a step arrives at the neighbour in the full chain instead of the next kept level"""
    levels, _ = step_levels(alpha_bar, timesteps)
    return StepLevels(levels, torch.cat([alpha_bar.new_ones(1), alpha_bar[:-1]])[sorted(timesteps)])


@mistake(of=step_levels, seen="catalogue R001-103")
def step_levels_in_given_order(alpha_bar, timesteps):
    """timesteps are taken in the order in which they come"""
    step_levels(alpha_bar, timesteps)
    levels = alpha_bar[list(timesteps)]
    return StepLevels(levels, torch.cat([levels.new_ones(1), levels[:-1]]))


@mistake(of=step_levels, seen="catalogue R001-103")
def step_levels_that_wrap_around(alpha_bar, timesteps):
    """a negative timestep counts from the end, and one that comes twice makes a step that goes nowhere"""
    levels = alpha_bar[sorted(timesteps)] if timesteps else alpha_bar[:0]
    return StepLevels(levels, torch.cat([levels.new_ones(1), levels[:-1]])[: len(levels)])


@mistake(of=respace, seen="E001-21")
def respace_divided_by_alpha(betas, timesteps):
    """the level is divided by the previous kept alpha instead of the previous kept alpha_bar"""
    chain = respace(betas, timesteps)
    previous = torch.cat([betas.new_ones(1), (1 - betas)[chain.timestep_map[:-1]]])
    return RespacedChain(1 - torch.cumprod(1 - betas, 0)[chain.timestep_map] / previous, chain.timestep_map)


@mistake(of=respace, seen="catalogue R001-104")
def respace_that_picks_betas(betas, timesteps):
    """the betas of the kept steps are taken over, so that the noise of the others is lost"""
    chain = respace(betas, timesteps)
    return RespacedChain(betas[chain.timestep_map], chain.timestep_map)


@mistake(of=respace, seen="catalogue R001-104")
def respace_that_adds_betas(betas, timesteps):
    """the betas of the steps between are added instead of compounded"""
    chain = respace(betas, timesteps)
    sums = betas.cumsum(0)[chain.timestep_map]
    return RespacedChain(sums.diff(prepend=sums.new_zeros(1)), chain.timestep_map)


@mistake(of=respace, seen="catalogue R001-104")
def respace_with_first_beta_of_full_chain(betas, timesteps):
    """the first beta is that of the full chain, even if the first kept step is a later one"""
    chain = respace(betas, timesteps)
    return RespacedChain(torch.cat([betas[:1], chain.betas[1:]]), chain.timestep_map)


@mistake(of=respace, seen="E004-33")
def respace_that_cannot_skip(betas, timesteps):
    """the chain is cut off after as many steps, as if a Markov chain could not skip any"""
    chain = respace(betas, timesteps)
    return RespacedChain(betas[: len(chain.betas)].clone(), chain.timestep_map)


@mistake(of=respace, seen="Stability-AI/stablediffusion#226")
def respace_that_renumbers_timesteps(betas, timesteps):
    """the network is told the index in the shorter chain instead of the timestep of the full one"""
    chain = respace(betas, timesteps)
    return RespacedChain(chain.betas, torch.arange(len(chain.betas)))


@mistake(of=respace, seen="catalogue R001-100")
def respace_that_caps_betas(betas, timesteps):
    """betas are capped at 0.999, which leaves signal where the chain should end in pure noise"""
    chain = respace(betas, timesteps)
    return RespacedChain(chain.betas.clamp(max=0.999), chain.timestep_map)


@mistake(of=respace, seen="catalogue R001-103")
def respace_without_check(betas, timesteps):
    """timesteps that come twice count once, those that are not there are dropped, and any beta is accepted"""
    kept = torch.tensor(sorted({t for t in timesteps if 0 <= t < len(betas)}), dtype=torch.int64)
    levels = torch.cat([betas.new_ones(1), torch.cumprod(1 - betas, 0)[kept]])
    return RespacedChain(1 - levels[1:] / levels[:-1], kept)


@mistake(of=respace, seen="catalogue R001-104")
def respace_with_floor(betas, timesteps):
    """betas are clipped to at least 1e-4, so that short steps are lengthened"""
    chain = respace(betas, timesteps)
    return chain._replace(betas=chain.betas.clamp(min=1e-4))
