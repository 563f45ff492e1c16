"""Biases of attention scores that depend on the distance between query and key: ALiBi, and the buckets of T5."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.transformer.masks import relative_positions


def alibi_slopes(heads: int) -> Float[Tensor, "{heads}"]:
    """How fast the bias of each head grows with the distance.

        m_h = 2^(-8 h / heads),   h = 1..heads,   if heads is a power of two

    Otherwise those of the largest power of two P below it, and then, for j = 0, 1, ..., 2^(-8 (j + 1/2) / P): every
    other slope of 2 P heads.

    Domain: heads >= 1, else ValueError.
    Source: Press et al. 2021, arXiv:2108.12409, section 3; code (`get_slopes`) for other numbers of heads.
    Notes: R003-207.
    """
    if heads < 1:
        raise ValueError(f"slopes need at least one head; got {heads}")
    power = 2 ** (heads.bit_length() - 1)
    own = torch.arange(1, power + 1, dtype=torch.float64)
    borrowed = torch.arange(heads - power, dtype=torch.float64) + 0.5
    return 2.0 ** (-8 / power * torch.cat([own, borrowed]))


def alibi_bias(slopes: Float[Tensor, "heads"], queries: int, keys: int) -> Float[Tensor, "heads {queries} {keys}"]:
    """Bias of the scores of each head: the further away a key, the lower.

        out[h, i, j] = -m_h |i + keys - queries - j|

    0 at the query's own place and negative elsewhere, on both sides.

    Domain: 0 <= queries <= keys, else ValueError.
    Source: Press et al. 2021, arXiv:2108.12409, section 3, for keys before the query.
    Differs: m_h (j - i) without absolute value gives the same causal attention, but rewards keys behind the query.
    Some add m_h j, which differs from it by a constant in each row.
    Notes: R003-207.
    """
    return -slopes[:, None, None] * relative_positions(queries, keys).abs().to(slopes.device)


def t5_causal_buckets(
    relative: Int64[Tensor, "*shape"], num_buckets: int = 32, max_distance: int = 128
) -> Int64[Tensor, "*shape"]:
    """Bucket of a key's position relative to the query, for decoders: fine for near keys, coarse for far ones.

        bucket(n) = n                                                          for n < E,   E = floor(num_buckets / 2)
        bucket(n) = E + floor(log(n / E) / log(max_distance / E) (num_buckets - E)),   at most num_buckets - 1

    with n = max(-relative, 0): keys behind the query share the bucket 0. A distance at which the logarithm is exact
    opens a bucket, whatever the rounding.

    Domain: num_buckets >= 2 and max_distance > E, else ValueError.
    Source: Raffel et al. 2019, arXiv:1910.10683, section 2.1; code (`_relative_position_bucket`, causal).
    Differs: implementations round logarithms in float32.
    Notes: R003-207.
    """
    return _buckets((-relative).clamp(min=0), num_buckets, max_distance)


def t5_bidirectional_buckets(
    relative: Int64[Tensor, "*shape"], num_buckets: int = 32, max_distance: int = 128
) -> Int64[Tensor, "*shape"]:
    """Bucket of a key's position relative to the query, for encoders: half of the buckets for each side.

        bucket = (H if relative > 0 else 0) + bucket of |relative| among H,   H = num_buckets / 2

    where the latter is that of `t5_causal_buckets`.

    Domain: num_buckets even and >= 4, and max_distance > floor(H / 2), else ValueError.
    Source: Raffel et al. 2019, arXiv:1910.10683, section 2.1; code (`_relative_position_bucket`, bidirectional).
    Notes: R003-207.
    """
    half, odd = divmod(num_buckets, 2)
    if odd:
        raise ValueError(f"two sides need an even number of buckets; got {num_buckets}")
    return torch.where(relative > 0, half, 0) + _buckets(relative.abs(), half, max_distance)


def _buckets(distance: Tensor, num_buckets: int, max_distance: int) -> Tensor:
    exact = num_buckets // 2
    if exact < 1 or max_distance <= exact:
        raise ValueError(f"{num_buckets} buckets need more than {exact} positions; got {max_distance}")
    rest = num_buckets - exact
    starts = [math.ceil(exact * (max_distance / exact) ** (k / rest) - 1e-9) for k in range(1, rest)]
    return distance.clamp(max=exact) + (distance[..., None] >= torch.tensor(starts, device=distance.device)).sum(-1)
