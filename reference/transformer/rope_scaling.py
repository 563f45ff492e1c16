"""Rotary frequencies for contexts s times as long as those of training.

A pair of frequency f makes L f / (2 pi) turns within the original length L. Fast pairs have met all their angles in
training; slow ones, which made less than one turn, meet new angles beyond L unless they are divided by s.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reference.transformer.positions import rope_frequencies, rope_wavelengths


def linear_scaled_frequencies(frequencies: Float[Tensor, "pairs"], factor: float) -> Float[Tensor, "pairs"]:
    """Frequencies of position interpolation: position s m gets the angles that m had in training.

        f'_i = f_i / s

    which is the same as dividing positions by s; doing both would divide angles by s^2.

    Domain: factor s > 0 and finite; else ValueError. 1 changes nothing.
    Source: Chen et al. 2023, arXiv:2306.15595, section 2.3, where s = L' / L.
    Notes: R003-215.
    """
    _require_factor(factor)
    return frequencies / factor


def ntk_aware_base(channels: int, base: float, factor: float) -> float:
    """The base with which the first frequency stays and the last is divided by s.

        b' = b s^(d / (d - 2)),   d = channels

    Domain: channels even and at least 4, factor s > 0 and finite, 1 < base < infinity; else ValueError.
    Source: Peng et al. 2023 (YaRN), arXiv:2309.00071, section 3.1; bloc97 2023.
    Notes: R003-216.
    """
    _require_factor(factor)
    pairs, odd = divmod(channels, 2)
    if pairs < 2 or odd:
        raise ValueError(f"NTK-aware scaling needs at least two pairs of channels; got {channels}")
    if base <= 1 or not math.isfinite(base):
        raise ValueError(f"base must be above 1 and finite; got {base}")
    return float(base * factor ** (channels / (channels - 2)))


def ntk_aware_frequencies(channels: int, base: float, factor: float) -> Float[Tensor, "pairs"]:
    """Frequencies of NTK-aware scaling, divided by 1 at the first pair, by s at the last and geometrically between.

        f'_i = b'^(-2 i / d) = f_i s^(-2 i / (d - 2)),   b' = b s^(d / (d - 2)),   d = channels

    Domain: as `ntk_aware_base`, and b' > 1; else ValueError. At s = 1 those of `rope_frequencies`.
    Source: Peng et al. 2023 (YaRN), arXiv:2309.00071, section 3.1; bloc97 2023.
    Notes: R003-216.
    """
    return rope_frequencies(channels, ntk_aware_base(channels, base, factor))


def dynamic_ntk_frequencies(
    channels: int, base: float, factor: float, length: int, original_length: int
) -> Float[Tensor, "pairs"]:
    """Frequencies of NTK-aware scaling that grows with the current length n, from none at the original length L.

        NTK-aware frequencies for the factor s n / L - (s - 1) if n > L, else for 1

    Domain: as `ntk_aware_base`, original_length >= 1; else ValueError. Once a sequence is short again, so is the scale.
    Source: transformers, code ("dynamic"); emozilla 2023.
    Differs: the YaRN paper (section 3.3) scales by max(1, n / L), which is s = 1 here. Implementations that keep a
    cache compute it anew only for lengths not seen before; vLLM's is made once, for n = s L.
    Notes: R003-216.
    """
    _require_factor(factor)
    _require_length(original_length)
    longest = max(length, original_length)
    return ntk_aware_frequencies(channels, base, factor * longest / original_length - (factor - 1))


def ntk_by_parts_frequencies(
    frequencies: Float[Tensor, "pairs"], factor: float, original_length: int, alpha: float = 1.0, beta: float = 32.0
) -> Float[Tensor, "pairs"]:
    """Frequencies kept where a pair makes beta turns or more, divided by s at alpha or fewer, and blended between.

        f' = (1 - g) f / s + g f,   g = clip((r - alpha) / (beta - alpha), 0, 1),   r = L f / (2 pi)

    Domain: factor s > 0 and finite, original_length L >= 1, 0 <= alpha < beta; else ValueError. Frequencies, not
    wavelengths, are blended: g = 1/2 gives the mean of f and f / s.
    Source: Peng et al. 2023 (YaRN), arXiv:2309.00071, section 3.2.
    Differs: `yarn_frequencies`, as in code, blends linearly in the index of the pair; the ends agree and the middle
    does not. `part_ntk_frequencies` is the form that came before the paper.
    Notes: R003-217.
    """
    _require_factor(factor)
    _require_length(original_length)
    _require_band(alpha, beta)
    turns = original_length * frequencies / (2 * math.pi)
    kept = ((turns - alpha) / (beta - alpha)).clamp(0, 1)
    return (1 - kept) * frequencies / factor + kept * frequencies


def part_ntk_frequencies(channels: int, base: float, factor: float, original_length: int) -> Float[Tensor, "pairs"]:
    """Frequencies of "part NTK", the form before YaRN: plain, NTK-aware and linear ones in turn, with blends between.

        g_i  = f_ntk (1 - ramp_i) + f / s ramp_i,   ramp from the pair of 1.25 turns to that of 0.75
        f'_i = f (1 - ramp_i) + g_i ramp_i,         ramp from the pair of 16 turns to that of 2

    with the ramps of `yarn_frequencies` and the base-changed f_ntk of `ntk_aware_frequencies`.

    Domain: as `ntk_aware_base`, original_length >= 1; else ValueError.
    Source: jquesnelle/yarn, code (`LlamaPartNTKScaledRotaryEmbedding`).
    Differs: it is called NTK-by-parts too; the paper's `ntk_by_parts_frequencies` has no change of base.
    Notes: R003-217.
    """
    _require_length(original_length)
    plain, ntk = rope_frequencies(channels, base), ntk_aware_frequencies(channels, base, factor)
    scaled = _ramped(ntk, plain / factor, *_whole_ends(channels, base, original_length, 1.25, 0.75))
    return _ramped(plain, scaled, *_whole_ends(channels, base, original_length, 16.0, 2.0))


def yarn_frequencies(
    channels: int, base: float, factor: float, original_length: int, beta_fast: float = 32.0, beta_slow: float = 1.0
) -> Float[Tensor, "pairs"]:
    """Frequencies of YaRN as in code: kept up to a whole index, divided by s from another, and blended between.

        f'_i = f_i (1 - ramp_i) + f_i / s ramp_i,   ramp_i = clip((i - low) / (high - low), 0, 1)
        low = floor(index(beta_fast)),   high = ceil(index(beta_slow)),   both clipped to [0, channels - 1]
        index(r) = channels log(L / (2 pi r)) / (2 log base), the place of a pair that makes r turns within L

    Where low = high, 0.001 is added to high. Cosines and sines are then multiplied by `yarn_attention_factor`.

    Domain: factor s > 0 and finite, original_length L >= 1, 0 < beta_slow < beta_fast, channels and base as
    `rope_frequencies`; else ValueError. f / s <= f' <= f for s >= 1. The slowest pairs, even if slower than beta_slow,
    are divided by s alone: nothing changes the base.
    Source: Peng et al. 2023 (YaRN), arXiv:2309.00071, sections 3.2 and 3.4; jquesnelle/yarn and transformers, code.
    Differs: the paper blends in the number of turns, as `ntk_by_parts_frequencies`. `yarn_frequencies_untruncated`
    rounds no index. The bound is channels - 1, though there are half as many pairs, so that a ramp may end beyond
    the last. Code clips low from below and high from above only: at extreme lengths low > high and the ramp falls.
    Notes: R003-217, R003-218.
    """
    _require_length(original_length)
    frequencies = rope_frequencies(channels, base)
    ends = _whole_ends(channels, base, original_length, beta_fast, beta_slow)
    return _ramped(frequencies, linear_scaled_frequencies(frequencies, factor), *ends)


def yarn_frequencies_untruncated(
    channels: int, base: float, factor: float, original_length: int, beta_fast: float = 32.0, beta_slow: float = 1.0
) -> Float[Tensor, "pairs"]:
    """Frequencies of YaRN with a ramp between the exact indices, which is linear in the logarithm of the turns.

        as `yarn_frequencies`, with low = index(beta_fast), high = index(beta_slow)

    Domain: as `yarn_frequencies`.
    Source: transformers, code ("yarn" with `truncate=False`).
    Notes: R003-217, R003-218.
    """
    _require_length(original_length)
    frequencies = rope_frequencies(channels, base)
    ends = _ends(channels, base, original_length, beta_fast, beta_slow)
    return _ramped(frequencies, linear_scaled_frequencies(frequencies, factor), *ends)


def yarn_attention_factor(factor: float) -> float:
    """Factor of the cosines and sines of YaRN, or of queries and keys each: scores are multiplied by its square.

        m = 0.1 log(s) + 1,   1 if s <= 1

    Domain: factor s > 0 and finite; else ValueError. A configured attention factor replaces m and is used as it is.
    Source: Peng et al. 2023 (YaRN), arXiv:2309.00071, section 3.4, where m = sqrt(1 / t).
    Differs: DeepSeek's inference code multiplies the scale of the softmax by m^2 instead, and only for sequences longer
    than the original length.
    Notes: R003-218.
    """
    _require_factor(factor)
    return _magnitude(factor, 1.0)


def yarn_attention_factor_by_mscale(factor: float, mscale: float, mscale_all_dim: float) -> float:
    """Factor of the cosines and sines of YaRN where a share of it is applied elsewhere.

        m = g(mscale) / g(mscale_all_dim),   g(c) = 0.1 c log(s) + 1,   1 if s <= 1

    The softmax scale of such models carries g(mscale_all_dim)^2, so that scores are multiplied by g(mscale)^2 in all.

    Domain: factor s > 0 and finite, both coefficients >= 0; else ValueError. Equal coefficients give 1.
    Source: DeepSeek-V2, code; "yarn" with `mscale` and `mscale_all_dim` in transformers.
    Notes: R003-218.
    """
    _require_factor(factor)
    if mscale < 0 or mscale_all_dim < 0:
        raise ValueError(f"coefficients must not be negative; got {mscale} and {mscale_all_dim}")
    return _magnitude(factor, mscale) / _magnitude(factor, mscale_all_dim)


def llama3_frequencies(
    frequencies: Float[Tensor, "pairs"], factor: float, low_factor: float, high_factor: float, original_length: int
) -> Float[Tensor, "pairs"]:
    """Frequencies of Llama 3.1: short waves kept, long ones divided by s, and a blend in one band of wavelengths.

        f' = f                          wavelength < L / high_factor
        f' = f / s                      wavelength > L / low_factor
        f' = (1 - g) f / s + g f        between, g = (L / wavelength - low_factor) / (high_factor - low_factor)

    L / wavelength is a number of turns: this is `ntk_by_parts_frequencies` with alpha = low_factor, beta = high_factor.

    Domain: factor s > 0 and finite, original_length L >= 1, 0 <= low_factor < high_factor; else ValueError.
    Source: Llama 3.1, code (`apply_scaling`), with s = 8, factors 1 and 4, L = 8192.
    Notes: R003-217.
    """
    _require_factor(factor)
    _require_length(original_length)
    _require_band(low_factor, high_factor)
    turns = original_length / rope_wavelengths(frequencies)
    kept = (turns - low_factor) / (high_factor - low_factor)
    blended = (1 - kept) * frequencies / factor + kept * frequencies
    scaled = torch.where(turns < low_factor, frequencies / factor, blended)
    return torch.where(turns > high_factor, frequencies, scaled)


def longrope_frequencies(
    frequencies: Float[Tensor, "pairs"],
    short_factors: Float[Tensor, "pairs"],
    long_factors: Float[Tensor, "pairs"],
    length: int,
    original_length: int,
) -> Float[Tensor, "pairs"]:
    """Frequencies divided by factors of their own, found by search: one table for short sequences, one for long ones.

        f'_i = f_i / long_i if n > L, else f_i / short_i

    Domain: positive factors; original_length L >= 1, else ValueError. A sequence of just the original length is short.
    Source: Ding et al. 2024 (LongRoPE), arXiv:2402.13753, section 3; Phi-3, code.
    Differs: early code chose the table by the lengths in the configuration, not by that of the sequence. Keys that were
    cached while a sequence was short keep the short factors.
    Notes: R003-215.
    """
    _require_length(original_length)
    return frequencies / (long_factors if length > original_length else short_factors)


def longrope_attention_factor(factor: float, original_length: int) -> float:
    """Factor of the cosines and sines of LongRoPE: scores are multiplied by its square.

        m = sqrt(1 + log(s) / log(L)),   1 if s <= 1

    Domain: factor s > 0 and finite, original_length L >= 2; else ValueError.
    Source: Phi-3, code (`Phi3LongRoPEScaledRotaryEmbedding`), where s is the ratio of the longest lengths.
    Notes: R003-218.
    """
    _require_factor(factor)
    if original_length < 2:
        raise ValueError(f"the original length must be at least 2; got {original_length}")
    return math.sqrt(1 + math.log(max(factor, 1.0)) / math.log(original_length))


def _ends(channels: int, base: float, length: int, fast: float, slow: float) -> tuple[float, float]:
    """Places, not whole, of pairs that would make `fast` and `slow` turns within a length."""
    if not 0 < slow < fast:
        raise ValueError(f"the ramp runs from more turns to fewer, but some; got {fast} and {slow}")
    per_fold = channels / (2 * math.log(base))
    return per_fold * math.log(length / (2 * math.pi * fast)), per_fold * math.log(length / (2 * math.pi * slow))


def _whole_ends(channels: int, base: float, length: int, fast: float, slow: float) -> tuple[float, float]:
    low, high = _ends(channels, base, length, fast, slow)
    return math.floor(low), math.ceil(high)


def _ramped(before: Tensor, behind: Tensor, low: float, high: float) -> Tensor:
    """The one up to index low, the other from index high, and a blend that is linear in the index between."""
    low, high = (min(max(end, 0), 2 * len(before) - 1) for end in (low, high))
    if low == high:
        high += 0.001
    ramp = ((torch.arange(len(before), dtype=torch.float64) - low) / (high - low)).clamp(0, 1)
    return before * (1 - ramp) + behind * ramp


def _magnitude(factor: float, coefficient: float) -> float:
    return 0.1 * coefficient * math.log(max(factor, 1.0)) + 1


def _require_factor(factor: float) -> None:
    if factor <= 0 or not math.isfinite(factor):
        raise ValueError(f"the scaling factor must be positive and finite; got {factor}")


def _require_length(original_length: int) -> None:
    if original_length < 1:
        raise ValueError(f"the original length must be at least 1; got {original_length}")


def _require_band(low: float, high: float) -> None:
    if not 0 <= low < high:
        raise ValueError(f"the blend needs 0 <= lower end < upper end; got {low} and {high}")
