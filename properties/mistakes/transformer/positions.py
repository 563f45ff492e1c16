"""Wrong variants of `reference.transformer.positions`."""

import torch

from properties.mistakes import mistake, variant
from reference.transformer.positions import (
    half_split_channels,
    half_split_projection,
    interleaved_channels,
    interleaved_projection,
    learned_position_embedding,
    partial_rope_frequencies,
    partial_rope_half_split,
    partial_rope_interleaved,
    proportional_rope_frequencies,
    rope_angles,
    rope_frequencies,
    rope_half_split,
    rope_interleaved,
    rope_wavelengths,
    sinusoidal_position_embedding,
    xpos_scales,
)


def _of_the_first_sample(cosine, sine):
    return (cosine[:1], sine[:1]) if cosine.ndim > 2 else (cosine, sine)


@mistake(of=learned_position_embedding, seen="catalogue R003-209")
def learned_position_embedding_from_the_end(table, positions):
    """negative positions are taken from the end of the table"""
    return table[positions]


@mistake(of=learned_position_embedding, seen="catalogue R003-209")
def learned_position_embedding_clamped(table, positions):
    """positions beyond the table get its last row instead of an error"""
    return table[positions.clamp(0, len(table) - 1)]


@mistake(of=learned_position_embedding, seen="catalogue R003-209")
def learned_position_embedding_wrapped(table, positions):
    """positions beyond the table start from its first row again"""
    return table[positions % len(table)]


@mistake(of=learned_position_embedding, seen="huggingface/transformers, RoBERTa's positions")
def learned_position_embedding_from_one(table, positions):
    """positions are counted from 1, so that the first row is never used"""
    return torch.nn.functional.embedding(positions + 1, torch.cat([table, table[-1:]]))


@mistake(of=sinusoidal_position_embedding, seen="catalogue R003-208")
def sinusoidal_position_embedding_concatenated(positions, channels, base=10000.0):
    """all sines come before all cosines instead of in turn"""
    return half_split_channels(sinusoidal_position_embedding(positions, channels, base))


@mistake(of=sinusoidal_position_embedding, seen="catalogue R003-208")
def sinusoidal_position_embedding_with_exponent_of_the_channel(positions, channels, base=10000.0):
    """exponents are i / channels instead of 2 i / channels for the pairs"""
    angles = rope_angles(positions, rope_frequencies(2 * channels, base)[: channels // 2].to(positions))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2) + 0 * sinusoidal_position_embedding(
        positions, channels, base
    )


@mistake(of=sinusoidal_position_embedding, seen="tensor2tensor, fairseq")
def sinusoidal_position_embedding_down_to_one_over_base(positions, channels, base=10000.0):
    """the exponents run up to 1 instead of stopping one pair before it"""
    pairs = channels // 2
    frequencies = base ** -(torch.arange(pairs).to(positions) / max(pairs - 1, 1))
    angles = positions[..., None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


@mistake(of=sinusoidal_position_embedding, seen="catalogue R003-208")
def sinusoidal_position_embedding_with_cosine_first(positions, channels, base=10000.0):
    """even channels are cosines and odd ones sines"""
    return sinusoidal_position_embedding(positions, channels, base).unflatten(-1, (-1, 2)).flip(-1).flatten(-2)


@mistake(of=sinusoidal_position_embedding, seen="catalogue R003-208")
def sinusoidal_position_embedding_without_pairs(positions, channels, base=10000.0):
    """each channel has a frequency of its own, so that products depend on the position"""
    angles = positions[..., None] * base ** -(torch.arange(channels).to(positions) / channels)
    even = torch.arange(channels) % 2 == 0
    return torch.where(even, angles.sin(), angles.cos())


@mistake(of=sinusoidal_position_embedding, seen="catalogue R003-207")
def sinusoidal_position_embedding_of_one_sequence(positions, channels, base=10000.0):
    """positions get a second axis for the channels, whatever the number of axes"""
    angles = positions[:, None] * rope_frequencies(channels, base).to(positions)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(-2)


@mistake(of=rope_frequencies, seen="huggingface/diffusers#10115")
def rope_frequencies_of_default_base(channels, base=10000.0):
    """the base is not passed on: it is 10000 whatever was asked for"""
    return rope_frequencies(channels)


@mistake(of=rope_frequencies, seen="catalogue R003-210")
def rope_frequencies_with_exponent_of_the_pair(channels, base=10000.0):
    """exponents are i / channels instead of 2 i / channels"""
    return rope_frequencies(channels, base).sqrt()


@mistake(of=rope_frequencies, seen="catalogue R003-210")
def rope_frequencies_counted_from_one(channels, base=10000.0):
    """pairs are counted from 1, so that no pair turns by 1"""
    return rope_frequencies(channels, base) * base ** (-2 / channels)


@mistake(of=rope_frequencies, seen="catalogue R003-210")
def rope_frequencies_that_are_periods(channels, base=10000.0):
    """the exponent has the wrong sign: periods are returned for frequencies"""
    return 1 / rope_frequencies(channels, base)


@mistake(of=rope_frequencies, seen="E003-093")
def rope_frequencies_of_base_500000(channels, base=500000.0):
    """the base is 500000 unless another is asked for"""
    return rope_frequencies(channels, base)


@mistake(of=rope_frequencies, seen="catalogue R003-210")
def rope_frequencies_without_check(channels, base=10000.0):
    """odd widths and impossible bases get frequencies all the same"""
    pairs = max(channels // 2, 1)
    return base ** -(torch.arange(pairs, dtype=torch.float64) / pairs)


@mistake(of=partial_rope_frequencies, seen="pie-project/pie#602")
def partial_rope_frequencies_with_exponents_of_the_head(channels, fraction, base=10000.0):
    """exponents are counted in all channels of the head instead of the rotated ones"""
    rotated = len(partial_rope_frequencies(channels, fraction, base))
    return base ** -(2 * torch.arange(rotated, dtype=torch.float64) / channels)


@mistake(of=partial_rope_frequencies, seen="AI-Hypercomputer/maxtext#4616")
def partial_rope_frequencies_of_the_whole_head(channels, fraction, base=10000.0):
    """the fraction is ignored, and the whole head is rotated"""
    return rope_frequencies(channels, base)


@mistake(of=partial_rope_frequencies, seen="catalogue R003-210")
def partial_rope_frequencies_rounded_up(channels, fraction, base=10000.0):
    """the rotated width is rounded to an even number, up if need be, and never refused"""
    pairs = max(round(abs(fraction) * channels / 2), 1)
    return rope_frequencies(2 * pairs, base)


@mistake(of=proportional_rope_frequencies, seen='transformers, "proportional"')
def proportional_rope_frequencies_with_exponents_of_the_rotated(channels, fraction, base=10000.0):
    """exponents are counted in the rotated channels instead of all of the head"""
    proportional_rope_frequencies(channels, fraction, base)
    moving = int(fraction * channels) // 2
    still = torch.zeros(channels // 2 - moving, dtype=torch.float64)
    return torch.cat([rope_frequencies(2 * max(moving, 1), base)[:moving], still])


@mistake(of=proportional_rope_frequencies, seen='transformers, "proportional"')
def proportional_rope_frequencies_that_move_on(channels, fraction, base=10000.0):
    """the pairs beyond the fraction are rotated too"""
    return rope_frequencies(channels, base)


@mistake(of=proportional_rope_frequencies, seen='transformers, "proportional"')
def proportional_rope_frequencies_of_the_slow_pairs(channels, fraction, base=10000.0):
    """the slowest pairs are rotated and the fastest stand still"""
    frequencies = rope_frequencies(channels, base)
    still = len(frequencies) - int(proportional_rope_frequencies(channels, fraction, base).count_nonzero())
    return torch.where(torch.arange(len(frequencies)) < still, 0.0, frequencies)


@mistake(of=proportional_rope_frequencies, seen='transformers, "proportional"')
def proportional_rope_frequencies_without_check(channels, fraction, base=10000.0):
    """a fraction below 0 or above 1 gets frequencies all the same"""
    frequencies = rope_frequencies(channels, base)
    return torch.where(torch.arange(len(frequencies)) < int(fraction * channels) // 2, frequencies, 0.0)


@mistake(of=rope_angles, seen="catalogue R003-215")
def rope_angles_of_whole_positions(positions, frequencies):
    """fractions of positions are cut off, as by integer division"""
    return rope_angles(positions.trunc() if positions.is_floating_point() else positions, frequencies)


@mistake(of=rope_angles, seen="catalogue R003-210")
def rope_angles_from_zero(positions, frequencies):
    """positions are counted anew from 0, whatever is in the key-value cache"""
    return rope_angles(positions - positions.flatten()[0], frequencies)


@mistake(of=rope_angles, seen="catalogue R003-214")
def rope_angles_in_degrees(positions, frequencies):
    """angles are taken for degrees"""
    return rope_angles(positions, frequencies) * (torch.pi / 180)


@mistake(of=rope_wavelengths, seen="catalogue R003-214")
def rope_wavelengths_without_two_pi(frequencies):
    """the reciprocal of a frequency in radians is taken for a wavelength"""
    return 1 / frequencies


@mistake(of=rope_wavelengths, seen="catalogue R003-214")
def rope_wavelengths_in_degrees(frequencies):
    """a full turn is 360"""
    return 360 / frequencies


@mistake(of=rope_wavelengths, seen='transformers, "proportional"')
def rope_wavelengths_of_moving_pairs(frequencies):
    """a pair at rest gets a large wavelength in place of an infinite one"""
    return rope_wavelengths(frequencies.clamp(min=1e-6))


@mistake(of=rope_interleaved, seen="rasbt/LLMs-from-scratch#746")
def rope_interleaved_across_halves(x, cosine, sine):
    """channels i and i + channels / 2 are paired instead of neighbours"""
    return rope_half_split(x, cosine, sine)


@mistake(of=rope_interleaved, seen="lucidrains/rotary-embedding-torch@204cb02")
def rope_interleaved_recombined_by_halves(x, cosine, sine):
    """neighbours are taken apart, but joined again as two halves"""
    swapped = torch.cat([-x[..., 1::2], x[..., ::2]], dim=-1)
    return x * cosine.repeat_interleave(2, -1) + swapped * sine.repeat_interleave(2, -1)


@mistake(of=rope_interleaved, seen="lucidrains/rotary-embedding-torch@4ae4ca0")
def rope_interleaved_with_tables_of_halves(x, cosine, sine):
    """cosines, sines and scales are repeated as two halves, so that the members of a pair differ in theirs"""
    swapped = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
    return x * torch.cat([cosine, cosine], -1) + swapped * torch.cat([sine, sine], -1)


@mistake(of=rope_interleaved, seen="karpathy/nanochat#489")
def rope_interleaved_backwards(x, cosine, sine):
    """pairs turn by minus the angle, which exchanges before and after"""
    return rope_interleaved(x, cosine, -sine)


@mistake(of=rope_interleaved, seen="E003-092")
def rope_interleaved_without_sine(x, cosine, sine):
    """the sine is left out as if it cancelled, so that before and after look the same"""
    return rope_interleaved(x, cosine, 0 * sine)


@mistake(of=rope_interleaved, seen="catalogue R003-212")
def rope_interleaved_mirrored(x, cosine, sine):
    """both members of a pair get the sine with the same sign, which is no rotation"""
    first, second = x[..., ::2], x[..., 1::2]
    return torch.stack([first * cosine + second * sine, first * sine + second * cosine], dim=-1).flatten(-2)


@mistake(of=rope_interleaved, seen="catalogue R003-212")
def rope_interleaved_without_check(x, cosine, sine):
    """tables that are too long for the channels are cut, and channels without a table are dropped"""
    pairs = min(x.shape[-1] // 2, cosine.shape[-1])
    turned = rope_interleaved(x[..., : 2 * pairs], cosine[..., :pairs], sine[..., :pairs])
    return torch.cat([turned, x[..., 2 * pairs :]], dim=-1)


@mistake(of=rope_interleaved, seen="catalogue R003-210")
def rope_interleaved_by_tables_of_the_first_sample(x, cosine, sine):
    """all samples have the positions of the first"""
    return rope_interleaved(x, *_of_the_first_sample(cosine, sine))


@variant(of=rope_interleaved, seen="Meta's Llama code, RoFormer")
def rope_interleaved_by_complex_numbers(x, cosine, sine):
    """a product of complex numbers is the same rotation"""
    if x.shape[-1] != 2 * cosine.shape[-1]:
        raise ValueError(f"{cosine.shape[-1]} pairs need twice as many channels; got {x.shape[-1]}")
    numbers = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(numbers * torch.complex(cosine, sine)).flatten(-2)


@variant(of=rope_interleaved, seen="catalogue R003-212")
def rope_interleaved_by_a_dense_matrix(x, cosine, sine):
    """the product with a block-diagonal matrix is the same rotation"""
    if x.shape[-1] != 2 * cosine.shape[-1]:
        raise ValueError(f"{cosine.shape[-1]} pairs need twice as many channels; got {x.shape[-1]}")
    blocks = torch.stack([cosine, -sine, sine, cosine], dim=-1).unflatten(-1, (2, 2))
    matrix = torch.stack([torch.block_diag(*token) for token in blocks.flatten(0, -4)])
    matrix = matrix.unflatten(0, cosine.shape[:-1])
    return torch.einsum("...tij,...tj->...ti", matrix, x)


@mistake(of=rope_half_split, seen="NeuraLegion/shainet#111")
def rope_half_split_of_neighbours(x, cosine, sine):
    """neighbouring channels are paired instead of i and i + channels / 2"""
    return rope_interleaved(x, cosine, sine)


@mistake(of=rope_half_split, seen="anuj0456/OpenArch#13")
def rope_half_split_with_cosine_on_one_half(x, cosine, sine):
    """only the first half is multiplied by the cosine"""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second + first * sine], dim=-1)


@mistake(of=rope_half_split, seen="catalogue R003-212")
def rope_half_split_backwards(x, cosine, sine):
    """rotate_half has the wrong sign, so that pairs turn by minus the angle"""
    return rope_half_split(x, cosine, -sine)


@mistake(of=rope_half_split, seen="catalogue R003-212")
def rope_half_split_without_sign(x, cosine, sine):
    """rotate_half exchanges the halves without a minus"""
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine + second * sine, second * cosine + first * sine], dim=-1)


@mistake(of=rope_half_split, seen="catalogue R003-212")
def rope_half_split_with_alternating_tables(x, cosine, sine):
    """each cosine and sine is repeated in turn, as for neighbouring pairs"""
    first, second = x.chunk(2, dim=-1)
    repeated = [table.repeat_interleave(2, dim=-1) for table in (cosine, sine)]
    return x * repeated[0] + torch.cat([-second, first], dim=-1) * repeated[1]


@mistake(of=rope_half_split, seen="huggingface/transformers#48652")
def rope_half_split_of_a_part(x, cosine, sine):
    """a head that is wider than the tables is rotated in part without a word"""
    return partial_rope_half_split(x, cosine, sine)


@mistake(of=rope_half_split, seen="catalogue R003-210")
def rope_half_split_by_tables_of_the_first_sample(x, cosine, sine):
    """all samples have the positions of the first"""
    return rope_half_split(x, *_of_the_first_sample(cosine, sine))


@variant(of=rope_half_split, seen="transformers, GPT-NeoX")
def rope_half_split_by_rotate_half(x, cosine, sine):
    """x cos + rotate_half(x) sin with repeated tables is the same rotation"""
    if x.shape[-1] != 2 * cosine.shape[-1]:
        raise ValueError(f"{cosine.shape[-1]} pairs need twice as many channels; got {x.shape[-1]}")
    first, second = x.chunk(2, dim=-1)
    both = [torch.cat([table, table], dim=-1) for table in (cosine, sine)]
    return x * both[0] + torch.cat([-second, first], dim=-1) * both[1]


@mistake(of=partial_rope_interleaved, seen="catalogue R003-212")
def partial_rope_interleaved_of_the_last_channels(x, cosine, sine):
    """the last channels are rotated instead of the first ones"""
    kept = x.shape[-1] - 2 * cosine.shape[-1]
    if kept < 0:
        raise ValueError(f"too few channels: {x.shape[-1]}")
    return torch.cat([x[..., :kept], rope_interleaved(x[..., kept:], cosine, sine)], dim=-1)


@mistake(of=partial_rope_interleaved, seen="catalogue R003-212")
def partial_rope_interleaved_that_drops_the_rest(x, cosine, sine):
    """the channels that are not rotated are set to zero"""
    kept = 2 * cosine.shape[-1]
    return torch.cat([partial_rope_interleaved(x, cosine, sine)[..., :kept], 0 * x[..., kept:]], dim=-1)


@mistake(of=partial_rope_interleaved, seen="rasbt/LLMs-from-scratch#750")
def partial_rope_interleaved_across_halves(x, cosine, sine):
    """the rotated channels are paired across their halves instead of as neighbours"""
    return partial_rope_half_split(x, cosine, sine)


@mistake(of=partial_rope_interleaved, seen="catalogue R003-212")
def partial_rope_interleaved_with_cut_tables(x, cosine, sine):
    """tables that are too long for the head are cut without a word"""
    pairs = min(x.shape[-1] // 2, cosine.shape[-1])
    return partial_rope_interleaved(x, cosine[..., :pairs], sine[..., :pairs])


@mistake(of=partial_rope_interleaved, seen="catalogue R003-212")
def partial_rope_interleaved_by_tables_of_the_first_sample(x, cosine, sine):
    """all samples have the positions of the first"""
    return partial_rope_interleaved(x, *_of_the_first_sample(cosine, sine))


@mistake(of=partial_rope_half_split, seen="pie-project/pie#602")
def partial_rope_half_split_across_the_head(x, cosine, sine):
    """channel i is paired with that half a head away instead of half the rotated width"""
    pairs, half = cosine.shape[-1], x.shape[-1] // 2
    fixed, out = partial_rope_half_split(x, cosine, sine), x.clone()
    pairs = min(pairs, half)
    first, second = x[..., :pairs], x[..., half : half + pairs]
    out[..., :pairs] = first * cosine[..., :pairs] - second * sine[..., :pairs]
    out[..., half : half + pairs] = first * sine[..., :pairs] + second * cosine[..., :pairs]
    return out + 0 * fixed


@mistake(of=partial_rope_half_split, seen="AI-Hypercomputer/maxtext#4742")
def partial_rope_half_split_of_the_whole_head(x, cosine, sine):
    """all of the head is rotated, the rest by the first frequencies again"""
    pairs, channels = cosine.shape[-1], x.shape[-1]
    if 2 * pairs > channels:
        raise ValueError(f"too few channels: {channels}")
    again = torch.arange(channels // 2) % pairs
    turned = rope_half_split(x[..., : channels // 2 * 2], cosine[..., again], sine[..., again])
    return torch.cat([turned, x[..., channels // 2 * 2 :]], dim=-1)


@mistake(of=partial_rope_half_split, seen="catalogue R003-212")
def partial_rope_half_split_of_neighbours(x, cosine, sine):
    """neighbouring channels are paired instead of the halves of the rotated part"""
    return partial_rope_interleaved(x, cosine, sine)


@mistake(of=partial_rope_half_split, seen="catalogue R003-212")
def partial_rope_half_split_by_tables_of_the_first_sample(x, cosine, sine):
    """all samples have the positions of the first"""
    return partial_rope_half_split(x, *_of_the_first_sample(cosine, sine))


@mistake(of=half_split_channels, seen="NeuraLegion/shainet#111")
def half_split_channels_undone(x):
    """the permutation is the inverse one"""
    return interleaved_channels(x)


@mistake(of=half_split_channels, seen="catalogue R003-212")
def half_split_channels_with_second_members_first(x):
    """the second members of the pairs come first"""
    return half_split_channels(x).roll(x.shape[-1] // 2, dims=-1)


@mistake(of=half_split_channels, seen="catalogue R003-212")
def half_split_channels_of_odd_widths(x):
    """an odd width is permuted too, though one channel has no partner"""
    return torch.cat([x[..., ::2], x[..., 1::2]], dim=-1)


@mistake(of=interleaved_channels, seen="NeuraLegion/shainet#111")
def interleaved_channels_undone(x):
    """the permutation is the inverse one"""
    return half_split_channels(x)


@mistake(of=interleaved_channels, seen="jzhang38/TinyLlama#24")
def interleaved_channels_left_alone(x):
    """nothing is permuted"""
    return interleaved_channels(half_split_channels(x))


@mistake(of=half_split_projection, seen="huggingface/nanotron#427")
def half_split_projection_left_alone(weight, heads):
    """weights are converted as if they were trained half-split, which changes nothing"""
    return interleaved_projection(half_split_projection(weight, heads), heads)


@mistake(of=half_split_projection, seen="huggingface/transformers#25199")
def half_split_projection_undone(weight, heads):
    """the conversion goes the wrong way"""
    return interleaved_projection(weight, heads)


@mistake(of=half_split_projection, seen="jzhang38/TinyLlama#24")
def half_split_projection_across_heads(weight, heads):
    """rows are permuted over all heads together instead of within each"""
    half_split_projection(weight, heads)
    return torch.cat([weight[::2], weight[1::2]])


@mistake(of=half_split_projection, seen="catalogue R003-212")
def half_split_projection_without_check(weight, heads):
    """rows that do not make whole heads are permuted all the same"""
    width = max(len(weight) // max(heads, 1), 1)
    parts = [weight[start : start + width] for start in range(0, len(weight), width)]
    return torch.cat([torch.cat([part[::2], part[1::2]]) for part in parts])


@mistake(of=interleaved_projection, seen="huggingface/nanotron#427")
def interleaved_projection_left_alone(weight, heads):
    """weights are converted as if they were trained interleaved, which changes nothing"""
    return half_split_projection(interleaved_projection(weight, heads), heads)


@mistake(of=interleaved_projection, seen="huggingface/transformers#25199")
def interleaved_projection_undone(weight, heads):
    """the conversion goes the wrong way"""
    return half_split_projection(weight, heads)


@mistake(of=interleaved_projection, seen="catalogue R003-212")
def interleaved_projection_across_heads(weight, heads):
    """rows are permuted over all heads together instead of within each"""
    interleaved_projection(weight, heads)
    return interleaved_projection(weight, 1)


@mistake(of=xpos_scales, seen="lucidrains/rotary-embedding-torch@2605ece")
def xpos_scales_with_wrong_precedence(positions, center, channels, gamma=0.4, scale_base=512.0):
    """only the centre is divided by the scale base, not the distance from it"""
    return xpos_scales(scale_base * positions, center, channels, gamma, scale_base)


@mistake(of=xpos_scales, seen="lucidrains/rotary-embedding-torch@22cac59")
def xpos_scales_without_positions(positions, center, channels, gamma=0.4, scale_base=512.0):
    """the constants of the pairs are returned whatever the position"""
    return xpos_scales(0 * positions + scale_base, 0.0, channels, gamma, scale_base)


@mistake(of=xpos_scales, seen="catalogue R003-213")
def xpos_scales_that_grow(positions, center, channels, gamma=0.4, scale_base=512.0):
    """the exponent has the wrong sign, so that scores grow with distance"""
    return 1 / xpos_scales(positions, center, channels, gamma, scale_base)


@mistake(of=xpos_scales, seen="arXiv:2212.10554 and torchscale")
def xpos_scales_of_the_channel(positions, center, channels, gamma=0.4, scale_base=512.0):
    """pairs are numbered by their first channel, twice as fast as they should be"""
    zeta = (2 * torch.arange(channels // 2).to(positions) / (channels // 2) + gamma) / (1 + gamma)
    return zeta ** ((positions[..., None] - center) / scale_base) + 0 * xpos_scales(
        positions, center, channels, gamma, scale_base
    )


@mistake(of=xpos_scales, seen="arXiv:2212.10554 and torchscale")
def xpos_scales_by_squared_distance(positions, center, channels, gamma=0.4, scale_base=512.0):
    """the exponent is not linear in the position, so that scores depend on where they are"""
    bent = center + (positions - center).abs() * (positions - center) / scale_base
    return xpos_scales(bent, center, channels, gamma, scale_base)


@mistake(of=xpos_scales, seen="arXiv:2212.10554 and torchscale")
def xpos_scales_without_check(positions, center, channels, gamma=0.4, scale_base=512.0):
    """scales that are zero or not defined are returned all the same"""
    pairs = max(channels // 2, 1)
    zeta = (torch.arange(pairs).to(positions) / pairs + gamma) / (1 + gamma)
    return zeta ** ((positions[..., None] - center) / (scale_base or 1))


@mistake(of=xpos_scales, seen="catalogue R003-213")
def xpos_scales_of_one_sequence(positions, center, channels, gamma=0.4, scale_base=512.0):
    """positions get a second axis for the pairs, whatever the number of axes"""
    xpos_scales(positions, center, channels, gamma, scale_base)
    zeta = (torch.arange(channels // 2).to(positions) / (channels // 2) + gamma) / (1 + gamma)
    return zeta ** ((positions[:, None] - center) / scale_base)


@mistake(of=half_split_channels, seen="catalogue R003-212")
def half_split_channels_of_empty_heads(x):
    """a head without channels is let through"""
    return half_split_channels(x) if x.shape[-1] else x.clone()


@mistake(of=interleaved_channels, seen="catalogue R003-212")
def interleaved_channels_of_empty_heads(x):
    """a head without channels is let through"""
    return interleaved_channels(x) if x.shape[-1] else x.clone()


@variant(of=rope_half_split, seen="catalogue R003-210")
def rope_half_split_in_single_precision(x, cosine, sine):
    """pairs are turned in float32, in which they are returned"""
    return rope_half_split(x.float(), cosine.float(), sine.float())
