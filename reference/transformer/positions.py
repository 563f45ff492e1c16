"""Where a token stands: learned and sinusoidal vectors to add, and rotary positions, which turn pairs of channels.

A pair of channels turns by the angle position times frequency. `rope_interleaved` pairs neighbours, `rope_half_split`
the two halves of a head; both take the cosines and sines of `rope_angles`, whose last axis counts pairs.
"""

import math

import torch
from jaxtyping import Float, Int64, Real
from torch import Tensor


def learned_position_embedding(
    table: Float[Tensor, "positions channels"], positions: Int64[Tensor, "*tokens"]
) -> Float[Tensor, "*tokens channels"]:
    """The row of a learned table for each position, to be added to the token embeddings.

        out = onehot(positions) @ table

    Domain: positions in 0..P-1 for a table of P rows; else IndexError (on a GPU a device assertion). There is no way
    beyond the longest trained position.
    Source: Devlin et al. 2018, arXiv:1810.04805, section 3 (512 positions).
    Differs: indexing as in table[positions] takes negative positions from the end.
    Notes: R003-207, R003-209.
    """
    return torch.nn.functional.embedding(positions, table)


def sinusoidal_position_embedding(
    positions: Float[Tensor, "*tokens"], channels: int, base: float = 10000.0
) -> Float[Tensor, "*tokens channels"]:
    """Sine and cosine of each angle in turn, to be added to the token embeddings.

        out[2 i] = sin(p f_i),   out[2 i + 1] = cos(p f_i),   f_i = base^(-2 i / channels)

    Embeddings have squared norm channels / 2, and PE(p) . PE(p + k) = sum_i cos(k f_i) for every p.

    Domain: channels even and at least 2, 1 < base < infinity; else ValueError. Positions need not be whole.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5.
    Differs: tensor2tensor and fairseq put all sines before all cosines and divide i by channels / 2 - 1, so that the
    slowest frequency is exactly 1 / base. `timestep_embedding_sin_cos` has that order with the frequencies used here.
    Notes: R003-207, R003-208.
    """
    angles = rope_angles(positions, rope_frequencies(channels, base).to(positions))
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def rope_frequencies(channels: int, base: float = 10000.0) -> Float[Tensor, "pairs"]:
    """Angle by which each pair of channels turns from one position to the next, in radians.

        f_i = base^(-2 i / channels),   i = 0..channels/2-1

    Domain: channels even and at least 2, 1 < base < infinity; else ValueError. f_0 = 1 for every base.
    Source: Su et al. 2021, arXiv:2104.09864, section 3.2.2.
    Differs: the paper counts pairs from 1. Larger bases are usual for long contexts, such as 5e5 and 1e6.
    Notes: R003-208, R003-210, R003-213.
    """
    pairs = _pairs(channels)
    if base <= 1 or not math.isfinite(base):
        raise ValueError(f"base must be above 1 and finite; got {base}")
    return base ** -(torch.arange(pairs, dtype=torch.float64) / pairs)


def partial_rope_frequencies(channels: int, fraction: float, base: float = 10000.0) -> Float[Tensor, "pairs"]:
    """Frequencies for heads of which only the first channels are rotated: those of a head that is so much narrower.

        f_i = base^(-2 i / r),   i = 0..r/2-1,   r = floor(fraction channels)

    Use with `partial_rope_half_split` or `partial_rope_interleaved`.

    Domain: 0 < fraction <= 1, r even and at least 2, 1 < base < infinity; else ValueError.
    Source: GPT-NeoX, Black et al. 2022, arXiv:2204.06745 (a quarter of the channels); `partial_rotary_factor` in
    transformers.
    Differs: `proportional_rope_frequencies` keeps the exponents of the whole head.
    Notes: R003-210.
    """
    return rope_frequencies(_share(channels, fraction), base)


def proportional_rope_frequencies(channels: int, fraction: float, base: float = 10000.0) -> Float[Tensor, "pairs"]:
    """Frequencies of a whole head of which only the first, fastest pairs are rotated; the others stand still.

        f_i = base^(-2 i / channels) for i < floor(fraction channels / 2),   0 for the other pairs

    Use with rotations of the whole head, which pair channel i with i + channels / 2 in the half-split layout.

    Domain: 0 < fraction <= 1, channels even and at least 2, 1 < base < infinity; else ValueError. A fraction below
    2 / channels rotates nothing.
    Source: transformers, code ("proportional" in `modeling_rope_utils`).
    Differs: `partial_rope_frequencies` counts exponents in the rotated channels alone.
    Notes: R003-210.
    """
    frequencies = rope_frequencies(channels, base)
    moving = torch.arange(len(frequencies)) < _share(channels, fraction) // 2
    return torch.where(moving, frequencies, 0.0)


def rope_angles(
    positions: Real[Tensor, "*tokens"], frequencies: Float[Tensor, "pairs"]
) -> Float[Tensor, "*tokens pairs"]:
    """Angle of every pair of channels at every position, in radians.

        out[.., i] = position f_i

    Domain: positions need not be whole, nor start at 0: with a key-value cache they go on from its length. bfloat16
    holds all whole positions up to 256 only and float16 up to 2048, so that angles need more precision than x.
    Source: Su et al. 2021, arXiv:2104.09864, section 3.2.2.
    Notes: R003-210, R003-214, R003-219, R003-220.
    """
    return positions[..., None] * frequencies


def rope_wavelengths(frequencies: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Number of positions after which each pair of channels has made a full turn.

        wavelength = 2 pi / f

    For `rope_frequencies` they grow from 2 pi in the ratio base^(2 / channels) and stay below 2 pi base.

    Domain: frequencies >= 0; a pair that stands still has an infinite wavelength.
    Source: Peng et al. 2023 (YaRN), arXiv:2309.00071, section 2.
    Notes: R003-214, R003-220.
    """
    return 2 * math.pi / frequencies


def rope_interleaved(
    x: Float[Tensor, "*batch tokens channels"],
    cosine: Float[Tensor, "*#batch tokens pairs"],
    sine: Float[Tensor, "*#batch tokens pairs"],
) -> Float[Tensor, "*batch tokens channels"]:
    """Queries or keys with each pair of neighbouring channels turned by its angle.

        out[2 i]     = x[2 i] cos_i - x[2 i + 1] sin_i
        out[2 i + 1] = x[2 i] sin_i + x[2 i + 1] cos_i

    so that (R_m q) . (R_n k) = q . R_{n - m} k, which for one pair and d = n - m is

        (q_0 k_0 + q_1 k_1) cos(d f) + (q_1 k_0 - q_0 k_1) sin(d f)

    Domain: twice as many channels as pairs; else ValueError. Norms are kept if cos^2 + sin^2 = 1; scalings such as
    YaRN's and xPos multiply both tables.
    Source: Su et al. 2021, arXiv:2104.09864, section 3.4.2. In this layout: RoFormer, GPT-J, Meta's Llama code
    (complex numbers), diffusers' Flux.
    Differs: `rope_half_split` pairs other channels; weights trained with one layout are of no use with the other until
    permuted by `half_split_projection`. Turning by minus the angle, as in nanochat, exchanges before and after: its
    weights fit once one member of every pair is negated in queries and keys.
    Notes: R003-210, R003-211, R003-212, R003-219.
    """
    _require_pairs(x, cosine)
    first, second = x[..., ::2], x[..., 1::2]
    return torch.stack([first * cosine - second * sine, first * sine + second * cosine], dim=-1).flatten(-2)


def rope_half_split(
    x: Float[Tensor, "*batch tokens channels"],
    cosine: Float[Tensor, "*#batch tokens pairs"],
    sine: Float[Tensor, "*#batch tokens pairs"],
) -> Float[Tensor, "*batch tokens channels"]:
    """Queries or keys with channels i and i + channels / 2 turned as a pair by its angle.

        out[i]     = x[i] cos_i - x[i + h] sin_i
        out[i + h] = x[i] sin_i + x[i + h] cos_i,   h = channels / 2

    which with both tables repeated once is x * cos + rotate_half(x) * sin, rotate_half(x) = [-x[h:], x[:h]].

    Domain: twice as many channels as pairs; else ValueError. Norms are kept if cos^2 + sin^2 = 1.
    Source: Su et al. 2021, arXiv:2104.09864, section 3.4.2, with the channels of each head permuted. In this layout:
    GPT-NeoX, and Llama, Mistral, Qwen in transformers.
    Differs: as `rope_interleaved`.
    Notes: R003-210, R003-211, R003-212, R003-219.
    """
    _require_pairs(x, cosine)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def partial_rope_interleaved(
    x: Float[Tensor, "*batch tokens channels"],
    cosine: Float[Tensor, "*#batch tokens pairs"],
    sine: Float[Tensor, "*#batch tokens pairs"],
) -> Float[Tensor, "*batch tokens channels"]:
    """Queries or keys of which the first channels are turned in neighbouring pairs; the others are left alone.

        out = [rope_interleaved(x[:2 pairs]), x[2 pairs:]]

    Domain: at least twice as many channels as pairs; else ValueError.
    Source: GPT-J, code (64 of 256 channels); `rotary_dim` in transformers.
    Notes: R003-212.
    """
    turned, left = _split(x, cosine)
    return torch.cat([rope_interleaved(turned, cosine, sine), left], dim=-1)


def partial_rope_half_split(
    x: Float[Tensor, "*batch tokens channels"],
    cosine: Float[Tensor, "*#batch tokens pairs"],
    sine: Float[Tensor, "*#batch tokens pairs"],
) -> Float[Tensor, "*batch tokens channels"]:
    """Queries or keys of which the first channels are turned, paired across their own two halves; the others are not.

        out = [rope_half_split(x[:2 pairs]), x[2 pairs:]]

    Domain: at least twice as many channels as pairs; else ValueError.
    Source: GPT-NeoX, Black et al. 2022, arXiv:2204.06745; `partial_rotary_factor` in transformers.
    Notes: R003-212.
    """
    turned, left = _split(x, cosine)
    return torch.cat([rope_half_split(turned, cosine, sine), left], dim=-1)


def half_split_channels(x: Float[Tensor, "*shape channels"]) -> Float[Tensor, "*shape channels"]:
    """Channels of an interleaved head in half-split order: first members of all pairs, then all second members.

        out = [x_0, x_2, ..., x_1, x_3, ...],   rope_half_split(out) = half_split_channels(rope_interleaved(x))

    Domain: channels even and at least 2; else ValueError.
    Source: transformers, code (`permute` in the conversion of Llama weights).
    Notes: R003-212.
    """
    _pairs(x.shape[-1])
    return torch.cat([x[..., ::2], x[..., 1::2]], dim=-1)


def interleaved_channels(x: Float[Tensor, "*shape channels"]) -> Float[Tensor, "*shape channels"]:
    """Channels of a half-split head in interleaved order: the inverse of `half_split_channels`.

        out = [x_0, x_h, x_1, x_{h+1}, ...],   h = channels / 2

    Domain: channels even and at least 2; else ValueError.
    Source: transformers, code (`permute` in the conversion of Llama weights), undone.
    Notes: R003-212.
    """
    _pairs(x.shape[-1])
    return torch.stack(x.chunk(2, dim=-1), dim=-1).flatten(-2)


def half_split_projection(weight: Float[Tensor, "out *inputs"], heads: int) -> Float[Tensor, "out *inputs"]:
    """Weight or bias of a query or key projection for half-split rotation, from one for interleaved rotation.

        head by head, rows in the order of `half_split_channels`

    Scores stay what they were if queries and keys are both converted. Values and the output projection stay as they
    are.

    Domain: heads >= 1 that divide the rows into even widths; else ValueError.
    Source: transformers, code (`permute` in the conversion of Llama weights).
    Notes: R003-212.
    """
    rows = _rows_last(weight, heads)
    return half_split_channels(rows).movedim(-1, 1).flatten(0, 1)


def interleaved_projection(weight: Float[Tensor, "out *inputs"], heads: int) -> Float[Tensor, "out *inputs"]:
    """Weight or bias of a query or key projection for interleaved rotation, from one for half-split rotation.

        head by head, rows in the order of `interleaved_channels`

    Domain: heads >= 1 that divide the rows into even widths; else ValueError.
    Source: transformers, code (`permute` in the conversion of Llama weights), undone.
    Notes: R003-212.
    """
    rows = _rows_last(weight, heads)
    return interleaved_channels(rows).movedim(-1, 1).flatten(0, 1)


def xpos_scales(
    positions: Float[Tensor, "*tokens"], center: float, channels: int, gamma: float = 0.4, scale_base: float = 512.0
) -> Float[Tensor, "*tokens pairs"]:
    """Factor of each pair of channels by which xPos multiplies queries, and divides keys, besides turning them.

        scale_i(p) = zeta_i^((p - center) / scale_base),   zeta_i = (2 i / channels + gamma) / (1 + gamma)

    Scores then carry zeta_i^((m - n) / scale_base), which falls with the distance of an earlier key. The centre cancels
    from scores and keeps the factors within range. Both channels of a pair have the same factor.

    Domain: channels even and at least 2, gamma > 0, scale_base > 0; else ValueError. 1 at the centre.
    Source: Sun et al. 2022, arXiv:2212.10554; torchscale and lucidrains/rotary-embedding-torch, code.
    Notes: R003-213.
    """
    pairs = _pairs(channels)
    if gamma <= 0 or scale_base <= 0:
        raise ValueError(f"gamma and scale_base must be positive; got {gamma} and {scale_base}")
    zeta = (torch.arange(pairs).to(positions) / pairs + gamma) / (1 + gamma)
    return zeta ** ((positions[..., None] - center) / scale_base)


def _pairs(channels: int) -> int:
    pairs, odd = divmod(channels, 2)
    if pairs < 1 or odd:
        raise ValueError(f"channels turn in pairs; got {channels}")
    return pairs


def _share(channels: int, fraction: float) -> int:
    if not 0 < fraction <= 1:
        raise ValueError(f"the rotated fraction must be in (0, 1]; got {fraction}")
    return math.floor(fraction * channels)


def _require_pairs(x: Tensor, cosine: Tensor) -> None:
    if x.shape[-1] != 2 * cosine.shape[-1]:
        raise ValueError(f"{cosine.shape[-1]} pairs need twice as many channels; got {x.shape[-1]}")


def _split(x: Tensor, cosine: Tensor) -> tuple[Tensor, Tensor]:
    rotated = 2 * cosine.shape[-1]
    if rotated > x.shape[-1]:
        raise ValueError(f"{cosine.shape[-1]} pairs need at least twice as many channels; got {x.shape[-1]}")
    return x[..., :rotated], x[..., rotated:]


def _rows_last(weight: Tensor, heads: int) -> Tensor:
    if heads < 1 or len(weight) % heads:
        raise ValueError(f"{len(weight)} rows do not make {heads} heads")
    return weight.reshape(heads, -1, *weight.shape[1:]).movedim(1, -1)
