"""Wrong variants of `reference.diffusion.embedding`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.embedding import timestep_embedding_cos_sin, timestep_embedding_sin_cos


def _cos_sin(angles, width):
    return torch.cat([angles.cos(), angles.sin(), angles.new_zeros(len(angles), width % 2)], dim=1)


def _sin_cos(angles, width):
    return torch.cat([angles.sin(), angles.cos(), angles.new_zeros(len(angles), width % 2)], dim=1)


def _angles(timesteps, indices, divisor, max_period):
    return timesteps[:, None] * max_period ** (-indices.to(timesteps.dtype) / divisor)


def _interleaved(first, second, width):
    pairs = torch.stack([first, second], dim=2).flatten(1)
    return torch.cat([pairs, pairs.new_zeros(len(pairs), width % 2)], dim=1)


@mistake(of=timestep_embedding_cos_sin, seen="hojonathanho/diffusion#15")
def timestep_embedding_cos_sin_down_to_period(timesteps, width, max_period=10000.0):
    """the index is divided by h - 1 instead of h, so that the slowest frequency is 1 / max_period"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    half = width // 2
    return _cos_sin(_angles(timesteps, torch.arange(half), max(half - 1, 1), max_period), width)


@mistake(of=timestep_embedding_cos_sin, seen="flashinfer-ai/flashinfer#3819")
def timestep_embedding_cos_sin_swapped(timesteps, width, max_period=10000.0):
    """sines come before cosines"""
    return timestep_embedding_sin_cos(timesteps, width, max_period)


@mistake(of=timestep_embedding_cos_sin, seen="facebookresearch/DiT#78")
def timestep_embedding_cos_sin_interleaved(timesteps, width, max_period=10000.0):
    """cosines and sines alternate instead of standing in two halves"""
    embedding, half = timestep_embedding_cos_sin(timesteps, width, max_period), width // 2
    return _interleaved(embedding[:, :half], embedding[:, half : 2 * half], width)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_of_whole_timesteps(timesteps, width, max_period=10000.0):
    """timesteps are cast to integers"""
    return timestep_embedding_cos_sin(timesteps.floor(), width, max_period)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R003-177")
def timestep_embedding_cos_sin_with_integer_exponents(timesteps, width, max_period=10000.0):
    """the index is divided by h in integers, so that all frequencies are 1"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    return _cos_sin(_angles(timesteps, torch.arange(width // 2) // (width // 2), 1, max_period), width)


@mistake(of=timestep_embedding_cos_sin, seen="arXiv:1706.03762, section 3.5 read for odd widths")
def timestep_embedding_cos_sin_of_odd_width(timesteps, width, max_period=10000.0):
    """the exponent is 2 i / width also for an odd width, where h is less than width / 2"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    return _cos_sin(_angles(timesteps, 2 * torch.arange(width // 2), width, max_period), width)


@mistake(of=timestep_embedding_cos_sin, seen="arXiv:1706.03762, section 3.5")
def timestep_embedding_cos_sin_of_width(timesteps, width, max_period=10000.0):
    """the index is divided by the width instead of half of it"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    return _cos_sin(_angles(timesteps, torch.arange(width // 2), width, max_period), width)


@mistake(of=timestep_embedding_cos_sin, seen="BrianPulfer/PapersReimplementations#9")
def timestep_embedding_cos_sin_unpaired(timesteps, width, max_period=10000.0):
    """a sine has another frequency than its cosine"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    half = width // 2
    cosines = _angles(timesteps, torch.arange(half), half, max_period).cos()
    sines = _angles(timesteps, torch.arange(half) + 0.5, half, max_period).sin()
    return torch.cat([cosines, sines, cosines.new_zeros(len(cosines), width % 2)], dim=1)


@mistake(of=timestep_embedding_cos_sin, seen="sihyun-yu/REPA#40")
def timestep_embedding_cos_sin_of_fraction(timesteps, width, max_period=10000.0):
    """timesteps are divided by 1000, so that the embedding hardly changes"""
    return timestep_embedding_cos_sin(timesteps / 1000, width, max_period)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_with_rising_frequencies(timesteps, width, max_period=10000.0):
    """frequencies grow with the index instead of falling"""
    return timestep_embedding_cos_sin(timesteps, width, 1 / max_period if max_period else max_period)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_with_zero_first(timesteps, width, max_period=10000.0):
    """the zero of an odd width comes first instead of last"""
    return timestep_embedding_cos_sin(timesteps, width, max_period).roll(width % 2, dims=1)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_with_zero_between(timesteps, width, max_period=10000.0):
    """the zero of an odd width stands between cosines and sines"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    angles = _angles(timesteps, torch.arange(width // 2), width // 2, max_period)
    return torch.cat([angles.cos(), angles.new_zeros(len(angles), width % 2), angles.sin()], dim=1)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_with_last_frequency_at_odd_end(timesteps, width, max_period=10000.0):
    """an odd width ends in one more cosine instead of a zero"""
    embedding = timestep_embedding_cos_sin(timesteps, width, max_period)
    extra = torch.cos(timesteps / max_period)[:, None]
    return torch.cat([embedding[:, : width // 2 * 2], extra[:, : width % 2]], dim=1)


@mistake(of=timestep_embedding_cos_sin, seen="gmongaras/Diffusion_models_from_scratch#10")
def timestep_embedding_cos_sin_along_the_batch(timesteps, width, max_period=10000.0):
    """cosine and sine are laid out along the batch instead of the width"""
    embedding, half = timestep_embedding_cos_sin(timesteps, width, max_period), width // 2
    wave = embedding.clone()
    wave[1::2, :half], wave[1::2, half : 2 * half] = embedding[1::2, half : 2 * half], embedding[1::2, :half]
    return wave


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_with_shorter_period(timesteps, width, max_period=1000.0):
    """the period is 1000 unless told otherwise"""
    return timestep_embedding_cos_sin(timesteps, width, max_period)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_of_fixed_period(timesteps, width, max_period=10000.0):
    """the period is 10000 whatever was asked for"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    return timestep_embedding_cos_sin(timesteps, width)


@mistake(of=timestep_embedding_cos_sin, seen="arXiv:1706.03762, section 3.5")
def timestep_embedding_cos_sin_of_turns(timesteps, width, max_period=10000.0):
    """angles are measured in turns instead of radians"""
    return timestep_embedding_cos_sin(2 * math.pi * timesteps, width, max_period)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_of_remainder(timesteps, width, max_period=10000.0):
    """timesteps are taken modulo 2 pi, which is right for the fastest frequency only"""
    return timestep_embedding_cos_sin(timesteps.remainder(2 * math.pi), width, max_period)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R002-007")
def timestep_embedding_cos_sin_in_single_precision(timesteps, width, max_period=10000.0):
    """angles are computed in float32 whatever the precision of the timesteps"""
    return timestep_embedding_cos_sin(timesteps.float(), width, max_period).to(timesteps.dtype)


@mistake(of=timestep_embedding_cos_sin, seen="catalogue R003-177")
def timestep_embedding_cos_sin_without_check(timesteps, width, max_period=10000.0):
    """a width without a pair, or an impossible period, gets an embedding all the same"""
    half = max(width // 2, 0)
    period = torch.tensor(max_period, dtype=timesteps.dtype)
    angles = timesteps[:, None] * period ** -(torch.arange(half, dtype=timesteps.dtype) / max(half, 1))
    return _cos_sin(angles, max(width, 0))


@variant(of=timestep_embedding_cos_sin, seen="huggingface/diffusers#3981")
def timestep_embedding_cos_sin_by_rotation(timesteps, width, max_period=10000.0):
    """the real and imaginary parts of a complex exponential are cosine and sine"""
    timestep_embedding_cos_sin(timesteps, width, max_period)
    turns = torch.exp(1j * _angles(timesteps, torch.arange(width // 2), width // 2, max_period))
    return torch.cat([turns.real, turns.imag, timesteps.new_zeros(len(timesteps), width % 2)], dim=1)


@mistake(of=timestep_embedding_sin_cos, seen="lucidrains/denoising-diffusion-pytorch#126")
def timestep_embedding_sin_cos_down_to_period(timesteps, width, max_period=10000.0):
    """the index is divided by h - 1 instead of h, so that the slowest frequency is 1 / max_period"""
    timestep_embedding_sin_cos(timesteps, width, max_period)
    half = width // 2
    return _sin_cos(_angles(timesteps, torch.arange(half), max(half - 1, 1), max_period), width)


@mistake(of=timestep_embedding_sin_cos, seen="sunlabuiuc/PyHealth#1216")
def timestep_embedding_sin_cos_with_nan_at_width_two(timesteps, width, max_period=10000.0):
    """the index is divided by h - 1, which is 0 / 0 at width 2"""
    timestep_embedding_sin_cos(timesteps, width, max_period)
    return _sin_cos(_angles(timesteps, torch.arange(width // 2), width // 2 - 1, max_period), width)


@mistake(of=timestep_embedding_sin_cos, seen="catalogue R002-007")
def timestep_embedding_sin_cos_swapped(timesteps, width, max_period=10000.0):
    """cosines come before sines"""
    return timestep_embedding_cos_sin(timesteps, width, max_period)


@mistake(of=timestep_embedding_sin_cos, seen="huggingface/blog#2183")
def timestep_embedding_sin_cos_interleaved(timesteps, width, max_period=10000.0):
    """sines and cosines alternate instead of standing in two halves"""
    embedding, half = timestep_embedding_sin_cos(timesteps, width, max_period), width // 2
    return _interleaved(embedding[:, :half], embedding[:, half : 2 * half], width)


@mistake(of=timestep_embedding_sin_cos, seen="catalogue R002-007")
def timestep_embedding_sin_cos_of_whole_timesteps(timesteps, width, max_period=10000.0):
    """timesteps are cast to integers"""
    return timestep_embedding_sin_cos(timesteps.floor(), width, max_period)


@mistake(of=timestep_embedding_sin_cos, seen="arXiv:1706.03762, section 3.5")
def timestep_embedding_sin_cos_of_negative_time(timesteps, width, max_period=10000.0):
    """the angle runs backwards, so that all sines have the wrong sign"""
    return timestep_embedding_sin_cos(-timesteps, width, max_period)


@mistake(of=timestep_embedding_sin_cos, seen="arXiv:1706.03762, section 3.5")
def timestep_embedding_sin_cos_starting_below_one(timesteps, width, max_period=10000.0):
    """the index runs from 1 to h instead of 0 to h - 1"""
    timestep_embedding_sin_cos(timesteps, width, max_period)
    half = width // 2
    return _sin_cos(_angles(timesteps, torch.arange(half) + 1, half, max_period), width)


@mistake(of=timestep_embedding_sin_cos, seen="catalogue R003-177")
def timestep_embedding_sin_cos_of_unit_norm(timesteps, width, max_period=10000.0):
    """the embedding is normalised to length 1"""
    embedding = timestep_embedding_sin_cos(timesteps, width, max_period)
    return embedding / math.sqrt(width // 2)


@mistake(of=timestep_embedding_sin_cos, seen="catalogue R002-007")
def timestep_embedding_sin_cos_with_shorter_period(timesteps, width, max_period=1000.0):
    """the period is 1000 unless told otherwise"""
    return timestep_embedding_sin_cos(timesteps, width, max_period)


@mistake(of=timestep_embedding_sin_cos, seen="catalogue R003-177")
def timestep_embedding_sin_cos_without_check(timesteps, width, max_period=10000.0):
    """a width without a pair, or an impossible period, gets an embedding all the same"""
    swapped, half = timestep_embedding_cos_sin_without_check(timesteps, width, max_period), max(width // 2, 0)
    return torch.cat([swapped[:, half : 2 * half], swapped[:, :half], swapped[:, 2 * half :]], dim=1)


@variant(of=timestep_embedding_sin_cos, seen="allenai/allennlp#2993")
def timestep_embedding_sin_cos_by_quarter_turn(timesteps, width, max_period=10000.0):
    """a cosine is the sine of an angle that is a quarter turn further"""
    embedding = timestep_embedding_sin_cos(timesteps, width, max_period)
    angles = _angles(timesteps, torch.arange(width // 2), width // 2, max_period)
    quarter = torch.sin(angles + math.pi / 2)
    return torch.cat([angles.sin(), quarter, embedding[:, width // 2 * 2 :]], dim=1)
