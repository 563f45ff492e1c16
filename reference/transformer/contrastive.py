"""Contrastive learning of two towers, such as one for images and one for texts, from pairs that belong together."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from reference.language.word2vec import softmax_log_loss
from reference.probability.norms import l2_normalize


def clip_loss(
    first: Float[Tensor, "pairs channels"], second: Float[Tensor, "pairs channels"], log_scale: Float[Tensor, ""]
) -> Float[Tensor, ""]:
    """How badly each vector finds its partner among those of the other tower, by cosines.

        z_ij = exp(min(log_scale, log 100)) x_i . y_j / (|x_i| |y_j|)
        loss = mean_i (-log softmax_j(z_ij)[i] - log softmax_j(z_ji)[i]) / 2

    log N if all cosines of N pairs are equal. The towers can be swapped, and pairs come in any order.

    Domain: at least one pair, else ValueError; a single one has loss 0. Zero vectors have cosine 0 with all others.
    Source: Radford et al. 2021, arXiv:2103.00020, figure 3 and section 2.4; log 100 bounds the scale.
    Differs: InfoNCE is the half of the rows. With a batch over several devices each sees the others' vectors first.
    Notes: R003-228.
    """
    if not len(first):
        raise ValueError(f"a contrast needs at least one pair; got {len(first)}")
    scale = log_scale.clamp(max=math.log(100)).exp()
    logits = scale * l2_normalize(first) @ l2_normalize(second).T
    partner = torch.arange(len(first), device=first.device)
    return (softmax_log_loss(logits, partner) + softmax_log_loss(logits.T, partner)).mean() / 2
