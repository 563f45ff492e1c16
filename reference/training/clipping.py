"""Gradients whose size is limited."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class ClippedGradients(NamedTuple):
    """Gradients after clipping, and the norm of all of them together before."""

    gradients: list[Tensor]
    norm: Float[Tensor, ""]


def _shortened(gradients: Sequence[Tensor], norm: Float[Tensor, ""], max_norm: float) -> ClippedGradients:
    if not max_norm >= 0:
        raise ValueError(f"max_norm must not be negative; got {max_norm}")
    factor = (max_norm / (norm + 1e-6)).clamp(max=1)
    return ClippedGradients([factor * gradient for gradient in gradients], norm.clone())


def global_norm(gradients: Sequence[Tensor]) -> Float[Tensor, ""]:
    """Length of all gradients as one vector.

        sqrt(sum over all tensors and elements of g^2)

    Domain: at least one tensor, of any shapes; else ValueError.
    Source: textbook.
    Notes: R001-011.
    """
    if not gradients:
        raise ValueError(f"no gradients have no norm; got {gradients}")
    return torch.stack([gradient.square().sum() for gradient in gradients]).sum().sqrt()


def clip_by_global_norm(gradients: Sequence[Tensor], max_norm: float) -> ClippedGradients:
    """Gradients shortened together to a length of `max_norm` where they are longer, and their norm before.

        g := g min(1, max_norm / (norm + 1e-6)),   norm = global_norm of all gradients

    They keep their direction. The result is up to 1e-6 shorter than max_norm, and gradients that are within 1e-6 of it
    are shortened too, so that a second clipping changes the result again. A NaN anywhere makes all of them NaN.

    Domain: max_norm >= 0, else ValueError; at 0 the gradients are 0.
    Source: PyTorch, `torch.nn.utils.clip_grad_norm_`; Pascanu et al. 2012, arXiv:1211.5063, algorithm 1.
    Differs: the paper, TensorFlow and optax divide by the norm itself.
    Notes: R001-011.
    """
    return _shortened(gradients, global_norm(gradients), max_norm)


def clip_shards(shards: Sequence[Sequence[Tensor]], max_norm: float) -> list[ClippedGradients]:
    """What each rank holds after clipping, where every rank has the gradients of other parameters.

        norm = sqrt(sum over the ranks of norm_r^2),   norm_r = global_norm of the gradients of rank r

    The ranks exchange one number each and shorten their gradients by the same factor.

    Domain: at least one rank, and at least one gradient on each; else ValueError. Otherwise as `clip_by_global_norm`.
    Source: Rajbhandari et al. 2019 (ZeRO), arXiv:1910.02054; PyTorch, `clip_grad_norm_` of sharded modules.
    Notes: R001-011.
    """
    norm = global_norm([global_norm(shard) for shard in shards])
    return [_shortened(shard, norm, max_norm) for shard in shards]


def clip_by_value(gradient: Float[Tensor, "*shape"], bound: float) -> Float[Tensor, "*shape"]:
    """Gradient with every element moved into [-bound, bound], which changes its direction.

        min(max(g, -bound), bound)

    Domain: bound >= 0, else ValueError; at 0 the result is 0.
    Source: PyTorch, `torch.nn.utils.clip_grad_value_`.
    Notes: R001-011.
    """
    if not bound >= 0:
        raise ValueError(f"bound must not be negative; got {bound}")
    return gradient.clamp(-bound, bound)
