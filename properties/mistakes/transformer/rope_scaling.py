"""Wrong variants of `reference.transformer.rope_scaling`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.transformer.positions import rope_frequencies
from reference.transformer.rope_scaling import (
    dynamic_ntk_frequencies,
    linear_scaled_frequencies,
    llama3_frequencies,
    longrope_attention_factor,
    longrope_frequencies,
    ntk_aware_base,
    ntk_aware_frequencies,
    ntk_by_parts_frequencies,
    part_ntk_frequencies,
    yarn_attention_factor,
    yarn_attention_factor_by_mscale,
    yarn_frequencies,
    yarn_frequencies_untruncated,
)

_longest = {}


@mistake(of=linear_scaled_frequencies, seen="catalogue R003-215")
def linear_scaled_frequencies_twice(frequencies, factor):
    """frequencies and positions are both divided by the factor"""
    return linear_scaled_frequencies(frequencies, factor) / factor


@mistake(of=linear_scaled_frequencies, seen="catalogue R003-215")
def linear_scaled_frequencies_upwards(frequencies, factor):
    """frequencies are multiplied by the factor, which squeezes the context"""
    return frequencies * factor


@mistake(of=linear_scaled_frequencies, seen="catalogue R003-215")
def linear_scaled_frequencies_without_check(frequencies, factor):
    """a factor of 0 or below is taken as it is"""
    return frequencies / factor


@mistake(of=linear_scaled_frequencies, seen="catalogue R003-215")
def linear_scaled_frequencies_by_whole_factors(frequencies, factor):
    """the factor is rounded to a whole number"""
    linear_scaled_frequencies(frequencies, factor)
    return frequencies / max(round(factor), 1)


@mistake(of=ntk_aware_base, seen="catalogue R003-216")
def ntk_aware_base_with_exponent_upside_down(channels, base, factor):
    """the exponent is (d - 2) / d instead of d / (d - 2)"""
    ntk_aware_base(channels, base, factor)
    return base * factor ** ((channels - 2) / channels)


@mistake(of=ntk_aware_base, seen="catalogue R003-216")
def ntk_aware_base_times_factor(channels, base, factor):
    """the base is multiplied by the factor itself, which leaves the last frequency too high"""
    return base * factor + 0 * ntk_aware_base(channels, base, factor)


@mistake(of=ntk_aware_base, seen="catalogue R003-216")
def ntk_aware_base_without_check(channels, base, factor):
    """a head without two whole pairs, or an impossible base, gets a new base all the same"""
    return base * abs(factor) ** (channels / max(channels - 2, 1))


@mistake(of=ntk_aware_base, seen="catalogue R003-216")
def ntk_aware_base_of_longer_contexts_alone(channels, base, factor):
    """a factor below 1 is taken for 1"""
    ntk_aware_base(channels, base, factor)
    return ntk_aware_base(channels, base, max(factor, 1.0))


@mistake(of=ntk_aware_frequencies, seen="catalogue R003-216")
def ntk_aware_frequencies_with_exponent_upside_down(channels, base, factor):
    """the base grows by s^((d - 2) / d) instead of s^(d / (d - 2))"""
    ntk_aware_base(channels, base, factor)
    return rope_frequencies(channels, base * factor ** ((channels - 2) / channels))


@mistake(of=ntk_aware_frequencies, seen="catalogue R003-216")
def ntk_aware_frequencies_that_are_linear(channels, base, factor):
    """all frequencies are divided by the factor, the first one too"""
    ntk_aware_base(channels, base, factor)
    return rope_frequencies(channels, base) / factor


@mistake(of=ntk_aware_frequencies, seen="huggingface/diffusers#10115")
def ntk_aware_frequencies_of_default_base(channels, base, factor):
    """the base is not passed on: it is 10000 whatever was asked for"""
    ntk_aware_base(channels, base, factor)
    return ntk_aware_frequencies(channels, 10000.0, factor)


@mistake(of=ntk_aware_frequencies, seen="catalogue R003-216")
def ntk_aware_frequencies_of_longer_contexts_alone(channels, base, factor):
    """a factor below 1 is taken for 1"""
    ntk_aware_frequencies(channels, base, factor)
    return ntk_aware_frequencies(channels, base, max(factor, 1.0))


@mistake(of=ntk_aware_frequencies, seen="catalogue R003-216")
def ntk_aware_frequencies_of_any_base(channels, base, factor):
    """a base that falls to 1 or less is used as it is"""
    ntk_aware_base(channels, base, factor)
    steps = torch.arange(channels // 2, dtype=torch.float64) / (channels - 2)
    return rope_frequencies(channels, base) * factor ** (-2 * steps)


@mistake(of=dynamic_ntk_frequencies, seen="vllm-project/vllm#41236")
def dynamic_ntk_frequencies_of_longest_context(channels, base, factor, length, original_length):
    """the length is that of the longest context, s L, whatever the sequence"""
    longest = int(factor * original_length)
    return dynamic_ntk_frequencies(channels, base, factor, longest, original_length)


@mistake(of=dynamic_ntk_frequencies, seen="vllm-project/vllm#52665")
def dynamic_ntk_frequencies_below_original_length(channels, base, factor, length, original_length):
    """the formula is used for short sequences too, where the base falls until its power is not defined"""
    stretch = factor * length / original_length - (factor - 1)
    dynamic_ntk_frequencies(channels, base, factor, length, original_length)
    power = abs(stretch) ** (channels / (channels - 2)) if stretch > 0 else math.nan
    return (base * power) ** -(torch.arange(channels // 2, dtype=torch.float64) * 2 / channels)


@mistake(of=dynamic_ntk_frequencies, seen="arXiv:2309.00071, section 3.3, read for any factor")
def dynamic_ntk_frequencies_by_ratio_of_lengths(channels, base, factor, length, original_length):
    """the scale is n / L, without the factor"""
    dynamic_ntk_frequencies(channels, base, factor, length, original_length)
    return ntk_aware_frequencies(channels, base, max(1.0, length / original_length))


@mistake(of=dynamic_ntk_frequencies, seen="arXiv:2309.00071, section 3.1")
def dynamic_ntk_frequencies_by_factor(channels, base, factor, length, original_length):
    """beyond the original length the whole factor applies at once"""
    dynamic_ntk_frequencies(channels, base, factor, length, original_length)
    return ntk_aware_frequencies(channels, base, factor if length > original_length else 1.0)


@mistake(of=dynamic_ntk_frequencies, seen="jquesnelle/yarn, dynamic scaling without NTK")
def dynamic_ntk_frequencies_that_are_linear(channels, base, factor, length, original_length):
    """positions are scaled by the current length instead of the base"""
    fixed = dynamic_ntk_frequencies(channels, base, factor, length, original_length)
    return rope_frequencies(channels, base) * fixed[-1] / rope_frequencies(channels, base)[-1]


@mistake(of=dynamic_ntk_frequencies, seen="catalogue R003-216")
def dynamic_ntk_frequencies_without_check(channels, base, factor, length, original_length):
    """an original length of 0 or below counts as 1"""
    return dynamic_ntk_frequencies(channels, base, factor, length, max(original_length, 1))


@mistake(of=dynamic_ntk_frequencies, seen="catalogue R003-216")
def dynamic_ntk_frequencies_of_longest_sequence(channels, base, factor, length, original_length):
    """the frequencies of the longest sequence so far are kept for shorter ones"""
    dynamic_ntk_frequencies(channels, base, factor, length, original_length)
    key = channels, base, factor, original_length
    _longest[key] = max(length, _longest.get(key, 0))
    return dynamic_ntk_frequencies(channels, base, factor, _longest[key], original_length)


@mistake(of=ntk_by_parts_frequencies, seen="E003-095")
def ntk_by_parts_frequencies_that_keep_the_slow_pairs(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """slow pairs keep their frequencies and fast ones are divided by the factor"""
    fixed = ntk_by_parts_frequencies(frequencies, factor, original_length, alpha, beta)
    return frequencies + frequencies / factor - fixed


@mistake(of=ntk_by_parts_frequencies, seen="jquesnelle/yarn#24")
def ntk_by_parts_frequencies_blended_in_wavelength(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """wavelengths are blended instead of frequencies"""
    ntk_by_parts_frequencies(frequencies, factor, original_length, alpha, beta)
    kept = ((original_length * frequencies / (2 * math.pi) - alpha) / (beta - alpha)).clamp(0, 1)
    return 1 / ((1 - kept) * factor / frequencies + kept / frequencies)


@mistake(of=ntk_by_parts_frequencies, seen="catalogue R003-217")
def ntk_by_parts_frequencies_without_two_pi(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """turns are counted in radians, so that too many pairs are kept"""
    return ntk_by_parts_frequencies(frequencies, factor, original_length, 2 * math.pi * alpha, 2 * math.pi * beta)


@mistake(of=ntk_by_parts_frequencies, seen="catalogue R003-217")
def ntk_by_parts_frequencies_with_a_step(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """pairs are kept or divided, with nothing between"""
    fixed = ntk_by_parts_frequencies(frequencies, factor, original_length, alpha, beta)
    middle = (frequencies + frequencies / factor) / 2
    return torch.where(fixed > middle, frequencies, frequencies / factor)


@mistake(of=ntk_by_parts_frequencies, seen="catalogue R003-217")
def ntk_by_parts_frequencies_in_logarithms(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """the blend is linear in the logarithm of the turns, as with indices, instead of in the turns"""
    ntk_by_parts_frequencies(frequencies, factor, original_length, alpha, beta)
    turns, least = original_length * frequencies / (2 * math.pi), max(alpha, 1e-6)
    kept = ((turns / least).log() / math.log(beta / least)).clamp(0, 1)
    return (1 - kept) * frequencies / factor + kept * frequencies


@mistake(of=ntk_by_parts_frequencies, seen="catalogue R003-217")
def ntk_by_parts_frequencies_without_clip(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """the blend goes on beyond its ends"""
    ntk_by_parts_frequencies(frequencies, factor, original_length, alpha, beta)
    kept = (original_length * frequencies / (2 * math.pi) - alpha) / (beta - alpha)
    return (1 - kept) * frequencies / factor + kept * frequencies


@mistake(of=ntk_by_parts_frequencies, seen="catalogue R003-217")
def ntk_by_parts_frequencies_without_check(frequencies, factor, original_length, alpha=1.0, beta=32.0):
    """bands that are empty or upside down, and lengths and factors below 0, are taken as they are"""
    kept = ((original_length * frequencies / (2 * math.pi) - alpha) / ((beta - alpha) or 1)).clamp(0, 1)
    return (1 - kept) * frequencies / factor + kept * frequencies


@mistake(of=part_ntk_frequencies, seen="catalogue R003-217")
def part_ntk_frequencies_of_the_paper(channels, base, factor, original_length):
    """the paper's form is returned, which never changes the base"""
    part_ntk_frequencies(channels, base, factor, original_length)
    return ntk_by_parts_frequencies(rope_frequencies(channels, base), factor, original_length)


@mistake(of=part_ntk_frequencies, seen="catalogue R003-217")
def part_ntk_frequencies_without_ntk(channels, base, factor, original_length):
    """linear frequencies stand in for NTK-aware ones"""
    part_ntk_frequencies(channels, base, factor, original_length)
    return yarn_frequencies(channels, base, factor, original_length, 16.0, 2.0)


@mistake(of=part_ntk_frequencies, seen="catalogue R003-217")
def part_ntk_frequencies_of_longer_contexts_alone(channels, base, factor, original_length):
    """a factor below 1 is taken for 1"""
    part_ntk_frequencies(channels, base, factor, original_length)
    return part_ntk_frequencies(channels, base, max(factor, 1.0), original_length)


@mistake(of=yarn_frequencies, seen="E003-096")
def yarn_frequencies_of_ntk_base(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the base is changed as well, so that slow pairs are divided by the factor twice"""
    fixed = yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)
    return fixed * ntk_aware_frequencies(channels, base, factor) / rope_frequencies(channels, base)


@mistake(of=yarn_frequencies, seen="E003-095")
def yarn_frequencies_that_keep_the_slow_pairs(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the ramp is upside down: slow pairs keep their frequencies and fast ones are divided by the factor"""
    frequencies = rope_frequencies(channels, base)
    fixed = yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)
    return frequencies + frequencies / factor - fixed


@mistake(of=yarn_frequencies, seen="arXiv:2309.00071, section 3.2")
def yarn_frequencies_by_turns(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the blend is linear in the number of turns, as in the paper, instead of in the index"""
    yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)
    frequencies = rope_frequencies(channels, base)
    return ntk_by_parts_frequencies(frequencies, factor, original_length, beta_slow, beta_fast)


@mistake(of=yarn_frequencies, seen="transformers, `truncate`")
def yarn_frequencies_not_truncated(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the ends of the ramp are not rounded outwards to whole indices"""
    return yarn_frequencies_untruncated(channels, base, factor, original_length, beta_fast, beta_slow)


@mistake(of=yarn_frequencies, seen="jquesnelle/yarn#24")
def yarn_frequencies_blended_in_wavelength(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """wavelengths are blended instead of frequencies"""
    frequencies = rope_frequencies(channels, base)
    fixed = yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)
    if factor == 1:
        return fixed
    ramp = (1 - fixed / frequencies) / (1 - 1 / factor)
    return 1 / (ramp * factor / frequencies + (1 - ramp) / frequencies)


@mistake(of=yarn_frequencies, seen="transformers, before `original_max_position_embeddings`")
def yarn_frequencies_of_extended_length(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """turns are counted within the extended length s L instead of the original one"""
    longer = max(round(original_length * factor), 1)
    return yarn_frequencies(channels, base, factor, longer, beta_fast, beta_slow)


@mistake(of=yarn_frequencies, seen="transformers and jquesnelle/yarn, the bound of the ramp")
def yarn_frequencies_clipped_to_the_pairs(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the ramp ends at the last pair at the latest instead of at index channels - 1"""
    fixed = yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)
    fixed[-1] = rope_frequencies(channels, base)[-1] / factor
    return fixed


@mistake(of=yarn_frequencies, seen="jquesnelle/yarn, code")
def yarn_frequencies_clipped_on_one_side(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the ends of the ramp are clipped on one side each, so that it runs backwards at extreme lengths"""
    yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)
    per_fold = channels / (2 * math.log(base))
    low = max(math.floor(per_fold * math.log(original_length / (2 * math.pi * beta_fast))), 0)
    high = min(math.ceil(per_fold * math.log(original_length / (2 * math.pi * beta_slow))), channels - 1)
    ramp = ((torch.arange(channels // 2, dtype=torch.float64) - low) / ((high - low) or 0.001)).clamp(0, 1)
    frequencies = rope_frequencies(channels, base)
    return frequencies * (1 - ramp) + frequencies / factor * ramp


@mistake(of=yarn_frequencies, seen="catalogue R003-217")
def yarn_frequencies_without_check(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """impossible ends of the ramp, lengths and factors are replaced without a word"""
    slow = max(beta_slow, 1e-6) if beta_slow == beta_slow else 1.0
    fast = beta_fast if beta_fast > slow else 2 * slow
    length, scale = max(original_length, 1), factor if 0 < factor < math.inf else 1.0
    return yarn_frequencies(channels, base, scale, length, fast, slow)


@mistake(of=yarn_frequencies_untruncated, seen="transformers, `truncate`")
def yarn_frequencies_untruncated_but_rounded(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the ends of the ramp are rounded outwards to whole indices"""
    return yarn_frequencies(channels, base, factor, original_length, beta_fast, beta_slow)


@mistake(of=yarn_frequencies_untruncated, seen="arXiv:2309.00071, section 3.2")
def yarn_frequencies_untruncated_by_turns(channels, base, factor, original_length, beta_fast=32.0, beta_slow=1.0):
    """the blend is linear in the number of turns, as in the paper, instead of in its logarithm"""
    yarn_frequencies_untruncated(channels, base, factor, original_length, beta_fast, beta_slow)
    frequencies = rope_frequencies(channels, base)
    return ntk_by_parts_frequencies(frequencies, factor, original_length, beta_slow, beta_fast)


@mistake(of=yarn_attention_factor, seen="sgl-project/sglang#33558")
def yarn_attention_factor_applied_twice(factor):
    """the factor is put into its own formula, or multiplied with itself: it is squared"""
    return yarn_attention_factor(factor) ** 2


@mistake(of=yarn_attention_factor, seen="ml-explore/mlx-lm#1507")
def yarn_attention_factor_ignored(factor):
    """the factor is 1 whatever the scale"""
    return yarn_attention_factor(factor) / yarn_attention_factor(factor)


@mistake(of=yarn_attention_factor, seen="catalogue R003-218")
def yarn_attention_factor_of_the_temperature(factor):
    """the temperature t is returned, 1 / m^2, which scores are to be divided by"""
    return yarn_attention_factor(factor) ** -2


@mistake(of=yarn_attention_factor, seen="transformers, before its guard")
def yarn_attention_factor_below_one(factor):
    """a factor below 1 makes scores smaller instead of leaving them"""
    yarn_attention_factor(factor)
    return 0.1 * math.log(factor) + 1


@mistake(of=yarn_attention_factor, seen="catalogue R003-218")
def yarn_attention_factor_without_check(factor):
    """an impossible factor counts as 1"""
    return yarn_attention_factor(factor) if 0 < factor < math.inf else 1.0


@mistake(of=yarn_attention_factor_by_mscale, seen="turboderp-org/exllamav3#259")
def yarn_attention_factor_by_mscale_cancelled(factor, mscale, mscale_all_dim):
    """the share that is said to be applied elsewhere is always taken out in full"""
    return yarn_attention_factor_by_mscale(factor, mscale, max(mscale, mscale_all_dim))


@mistake(of=yarn_attention_factor_by_mscale, seen="turboderp-org/exllamav3#259")
def yarn_attention_factor_by_mscale_as_a_product(factor, mscale, mscale_all_dim):
    """the two magnitudes are multiplied instead of divided"""
    share = yarn_attention_factor_by_mscale(factor, mscale_all_dim, 0.0)
    return yarn_attention_factor_by_mscale(factor, mscale, mscale_all_dim) * share**2


@mistake(of=yarn_attention_factor_by_mscale, seen="NVIDIA/TensorRT-LLM#16379")
def yarn_attention_factor_by_mscale_of_the_quotient(factor, mscale, mscale_all_dim):
    """the coefficients are divided and put into one magnitude"""
    yarn_attention_factor_by_mscale(factor, mscale, mscale_all_dim)
    return yarn_attention_factor_by_mscale(factor, mscale / (mscale_all_dim or 1), 0.0)


@mistake(of=yarn_attention_factor_by_mscale, seen="DeepSeek-V2, code")
def yarn_attention_factor_by_mscale_of_any_sign(factor, mscale, mscale_all_dim):
    """negative coefficients count as positive"""
    return yarn_attention_factor_by_mscale(factor, abs(mscale), abs(mscale_all_dim))


@mistake(of=llama3_frequencies, seen="ml-explore/mlx-examples#907")
def llama3_frequencies_with_ramp_reversed(frequencies, factor, low_factor, high_factor, original_length):
    """the blend runs the wrong way, with a jump at both ends"""
    fixed = llama3_frequencies(frequencies, factor, low_factor, high_factor, original_length)
    turns = original_length * frequencies / (2 * math.pi)
    between = (turns > low_factor) & (turns < high_factor)
    return torch.where(between, frequencies + frequencies / factor - fixed, fixed)


@mistake(of=llama3_frequencies, seen="lablup/mlxcel#1355")
def llama3_frequencies_unscaled(frequencies, factor, low_factor, high_factor, original_length):
    """the scaling is read from the configuration but not applied"""
    return llama3_frequencies(frequencies, factor / factor, low_factor, high_factor, original_length)


@mistake(of=llama3_frequencies, seen="E003-095")
def llama3_frequencies_with_bands_exchanged(frequencies, factor, low_factor, high_factor, original_length):
    """short waves are divided by the factor and long ones kept"""
    fixed = llama3_frequencies(frequencies, factor, low_factor, high_factor, original_length)
    return frequencies + frequencies / factor - fixed


@mistake(of=llama3_frequencies, seen="ml-explore/mlx-examples#907")
def llama3_frequencies_with_one_base(frequencies, factor, low_factor, high_factor, original_length):
    """one mean scale is used for all pairs"""
    fixed = llama3_frequencies(frequencies, factor, low_factor, high_factor, original_length)
    return frequencies * (fixed / frequencies).mean()


@mistake(of=llama3_frequencies, seen="unslothai/unsloth#6197")
def llama3_frequencies_blended_in_wavelength(frequencies, factor, low_factor, high_factor, original_length):
    """the place in the band is counted in wavelengths instead of turns"""
    fixed = llama3_frequencies(frequencies, factor, low_factor, high_factor, original_length)
    turns = original_length * frequencies / (2 * math.pi)
    longest, shortest = 1 / max(low_factor, 1e-6), 1 / high_factor
    kept = (longest - 1 / turns) / (longest - shortest)
    between = (turns > low_factor) & (turns < high_factor)
    return torch.where(between, (1 - kept) * frequencies / factor + kept * frequencies, fixed)


@variant(of=llama3_frequencies, seen="arXiv:2309.00071, section 3.2")
def llama3_frequencies_by_parts(frequencies, factor, low_factor, high_factor, original_length):
    """NTK-by-parts with alpha = low_factor and beta = high_factor is the same function"""
    return ntk_by_parts_frequencies(frequencies, factor, original_length, low_factor, high_factor)


@mistake(of=longrope_frequencies, seen="Phi-3, code")
def longrope_frequencies_multiplied(frequencies, short_factors, long_factors, length, original_length):
    """frequencies are multiplied by the factors"""
    by = longrope_frequencies(torch.ones_like(frequencies), short_factors, long_factors, length, original_length)
    return frequencies / by


@mistake(of=longrope_frequencies, seen="transformers, before the length of the sequence decided")
def longrope_frequencies_always_long(frequencies, short_factors, long_factors, length, original_length):
    """the long table is used for short sequences too"""
    return longrope_frequencies(frequencies, long_factors, long_factors, length, original_length)


@mistake(of=longrope_frequencies, seen="transformers, `longrope`")
def longrope_frequencies_long_too_early(frequencies, short_factors, long_factors, length, original_length):
    """a sequence of just the original length gets the long table"""
    return longrope_frequencies(frequencies, short_factors, long_factors, length + 1, original_length)


@mistake(of=longrope_frequencies, seen="transformers, `longrope`")
def longrope_frequencies_without_check(frequencies, short_factors, long_factors, length, original_length):
    """an original length of 0 or below is taken as it is"""
    return frequencies / (long_factors if length > original_length else short_factors)


@mistake(of=longrope_frequencies, seen="catalogue R003-215")
def longrope_frequencies_that_stay_long(frequencies, short_factors, long_factors, length, original_length):
    """after a long sequence the long table is used for short ones too"""
    longrope_frequencies(frequencies, short_factors, long_factors, length, original_length)
    key = *frequencies.tolist(), original_length
    _longest[key] = max(length, _longest.get(key, 0))
    return longrope_frequencies(frequencies, short_factors, long_factors, _longest[key], original_length)


@mistake(of=longrope_attention_factor, seen="Phi-3, code")
def longrope_attention_factor_without_root(factor, original_length):
    """the root is left out"""
    return longrope_attention_factor(factor, original_length) ** 2


@mistake(of=longrope_attention_factor, seen="catalogue R003-218")
def longrope_attention_factor_of_yarn(factor, original_length):
    """YaRN's factor is used, which does not know the original length"""
    longrope_attention_factor(factor, original_length)
    return yarn_attention_factor(factor)


@mistake(of=longrope_attention_factor, seen="Phi-3, code")
def longrope_attention_factor_below_one(factor, original_length):
    """a factor below 1 makes scores smaller instead of leaving them"""
    longrope_attention_factor(factor, original_length)
    return math.sqrt(abs(1 + math.log(factor) / math.log(original_length)))
