"""Lengths of vectors and the four scalings that are called normalisation, of which each fixes something else."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def p_norm(x: Float[Tensor, "*batch dim"], p: float) -> Float[Tensor, "*batch"]:
    """Length of each vector in the norm l_p.

        |x|_p = (sum_i |x_i|^p)^(1/p),   |x|_inf = max_i |x_i|

    The largest element is factored out, so that no power overflows or underflows.

    Domain: p >= 1, infinity included, else ValueError: below 1 the sum of two vectors may be longer than both
    together. Finite x.
    Source: textbook.
    Differs: `torch.linalg.vector_norm` takes any p and does not rescale.
    Notes: R003-018.
    """
    if not p >= 1:
        raise ValueError(f"p must be at least 1; got {p}")
    largest = x.abs().amax(-1)
    if p == math.inf:
        return largest
    unit = torch.where(largest > 0, largest, 1)
    return unit * (x / unit[..., None]).abs().pow(p).sum(-1).pow(1 / p)


def l2_normalize(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Each vector scaled to Euclidean length 1, in its own direction.

        y = x / |x|_2

    Its mean and its variance (divisor d) are not 0 and 1: they satisfy mean^2 + variance = 1 / d.

    Domain: finite x. A zero vector has no direction and stays zero; its gradient is NaN.
    Source: textbook.
    Differs: `torch.nn.functional.normalize` divides by max(|x|, 1e-12), so that shorter vectors stay short.
    Notes: R003-021, R003-024.
    """
    length = p_norm(x, 2)[..., None]
    return x / torch.where(length > 0, length, 1)


def min_max_scale(data: Float[Tensor, "samples features"]) -> Float[Tensor, "samples features"]:
    """Each feature mapped onto [0, 1], in order: its least value to 0 and its greatest to 1.

        y = (x - min) / (max - min)

    Domain: at least one sample and no constant feature; else ValueError.
    Source: textbook.
    Differs: scikit-learn's MinMaxScaler maps a constant feature to 0.
    Notes: R003-022.
    """
    if not len(data):
        raise ValueError(f"data must hold at least one sample; got {len(data)}")
    low, high = data.amin(0), data.amax(0)
    constant = low == high
    if constant.any():
        raise ValueError(f"features {constant.nonzero().flatten().tolist()} are constant and have no range")
    return (data - low) / (high - low)


def cosine_similarity(a: Float[Tensor, "*batch dim"], b: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch"]:
    """Cosine of the angle between two vectors, whatever their lengths.

        cos(a, b) = a . b / (|a|_2 |b|_2)

    Rounding is kept from leaving [-1, 1], where acos ends.

    Domain: finite vectors. 0 if one of them is zero.
    Source: textbook.
    Differs: `torch.nn.functional.cosine_similarity` replaces lengths below 1e-8 by 1e-8.
    Notes: R003-023, R004-027.
    """
    return (l2_normalize(a) * l2_normalize(b)).sum(-1).clamp(-1, 1)


def standardize_vector(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Each vector shifted and scaled to mean 0 and variance 1 over its own elements: layer norm without parameters.

        z = (x - mean) / std,   std = sqrt(sum_i (x_i - mean)^2 / d),   hence |z|_2 = sqrt(d)

    The first element is taken off before the mean, which costs elements far from 0 fewer digits.

    Domain: finite x. A vector of equal elements becomes zero; its gradient is NaN.
    Source: Ba et al. 2016, arXiv:1607.06450, eq. 3, without gain and bias.
    Differs: `torch.nn.functional.layer_norm` adds eps to the variance. `standardize` scales features over samples,
    which leaves the length of a row free.
    Notes: R003-024.
    """
    shifted = x - x[..., :1]
    return math.sqrt(x.shape[-1]) * l2_normalize(shifted - shifted.mean(-1, keepdim=True))
