"""Losses that draw vectors together that belong together, and drive the others apart, by distances or by a softmax.

Items of one label belong together. The loss of a ranking by Bradley and Terry is `ranking_loss`.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.linalg import vector_norm

from reference.probability.norms import l2_normalize
from reference.training.losses import mean_of_kept, softmax_log_loss


class HardestTriplets(NamedTuple):
    """For each item as the anchor the index of a positive and of a negative, and whether there is one of each."""

    positive: Int64[Tensor, "items"]
    negative: Int64[Tensor, "items"]
    kept: Bool[Tensor, "items"]


def contrastive_loss(
    first: Float[Tensor, "*batch channels"],
    second: Float[Tensor, "*batch channels"],
    is_pair: Bool[Tensor, "*batch"],
    margin: float,
) -> Float[Tensor, "*batch"]:
    """Squared distance of vectors that belong together; of others the square of what they lack to the margin.

        loss = d^2 for a pair, else max(0, m - d)^2,   d = |x - y|_2

    0 iff a pair coincides, or others are at least m apart. The two vectors can be swapped, and moved and turned alike.

    Domain: margin >= 0, else ValueError. At d = 0 the gradient is 0: others that coincide are not driven apart.
    Source: Hadsell et al. 2006, "Dimensionality reduction by learning an invariant mapping".
    Differs: there it is half of this, with Y = 1 for vectors that do not belong together.
    Notes: R003-009.
    """
    _check_margin(margin)
    distance = vector_norm(first - second, dim=-1)
    return torch.where(is_pair, distance, (margin - distance).clamp(min=0)).square()


def triplet_loss(
    anchor: Float[Tensor, "*batch channels"],
    positive: Float[Tensor, "*batch channels"],
    negative: Float[Tensor, "*batch channels"],
    margin: float,
) -> Float[Tensor, "*batch"]:
    """How much farther the positive is from the anchor than the negative less a margin.

        loss = max(0, d(a, p) - d(a, n) + m),   d(x, y) = |x - y|_2

    0 iff the negative is farther away by at least m; m if all three coincide.

    Domain: margin >= 0, else ValueError. A distance of 0 has gradient 0.
    Source: Schroff et al. 2015, arXiv:1503.03832, section 3.1, with distances that are not squared.
    Differs: there distances are squared. torch.nn.functional.triplet_margin_loss adds 1e-6 to every difference.
    Notes: R003-010.
    """
    _check_margin(margin)
    return (vector_norm(anchor - positive, dim=-1) - vector_norm(anchor - negative, dim=-1) + margin).clamp(min=0)


def hardest_triplets(distances: Float[Tensor, "items items"], labels: Int64[Tensor, "items"]) -> HardestTriplets:
    """For each item the farthest other item of its label, and the nearest one of another label.

        p(a) = argmax_{p != a, y_p = y_a} d(a, p),   n(a) = argmin_{y_n != y_a} d(a, n)

    Domain: finite distances. Of equally far items the first. An item without another of its label, or without one of
    another label, is not kept, and its two indices are its own.
    Source: Hermans et al. 2017, arXiv:1703.07737, section 2 ("batch hard").
    Notes: R003-010.
    """
    own = torch.arange(len(labels), device=labels.device)
    alike = labels[:, None] == labels
    is_positive = alike & (own[:, None] != own)
    kept = is_positive.any(1) & ~alike.all(1)
    positive = distances.masked_fill(~is_positive, -math.inf).argmax(1)
    negative = distances.masked_fill(alike, math.inf).argmin(1)
    return HardestTriplets(torch.where(kept, positive, own), torch.where(kept, negative, own), kept)


def batch_hard_triplet_loss(
    embeddings: Float[Tensor, "items channels"], labels: Int64[Tensor, "items"], margin: float
) -> Float[Tensor, ""]:
    """Mean triplet loss over the items of a batch as anchors, each with its hardest positive and negative.

        loss = mean_a max(0, max_{p != a, y_p = y_a} d(a, p) - min_{y_n != y_a} d(a, n) + m)

    It is the largest loss of any triplets, one for each anchor.

    Domain: margin >= 0, else ValueError. Anchors without a positive or a negative are left out of sum and number; where
    that is all of them the loss is 0.
    Source: Hermans et al. 2017, arXiv:1703.07737, section 2 ("batch hard").
    Differs: that sums over anchors. Some code divides by the number of triplets with a loss above 0.
    Notes: R003-010.
    """
    distances = vector_norm(embeddings[:, None] - embeddings, dim=-1)
    positive, negative, kept = hardest_triplets(distances, labels)
    return mean_of_kept(triplet_loss(embeddings, embeddings[positive], embeddings[negative], margin), kept)


def n_pair_loss(
    anchors: Float[Tensor, "pairs channels"], positives: Float[Tensor, "pairs channels"]
) -> Float[Tensor, ""]:
    """How badly each anchor finds its positive among those of all pairs, by inner products.

        loss = mean_i log(1 + sum_{j != i} exp(f_i . g_j - f_i . g_i)) = mean_i (-log softmax_j(f_i . g_j)[i])

    log N if all products of N pairs are equal.

    Domain: finite vectors; at least one pair, else ValueError; a single one has loss 0.
    Source: Sohn 2016, "Improved deep metric learning with multi-class N-pair loss objective".
    Differs: there squared lengths of the vectors are added to it.
    Notes: R003-011.
    """
    _check_pairs(anchors)
    return softmax_log_loss(anchors @ positives.T, torch.arange(len(anchors), device=anchors.device)).mean()


def info_nce_loss(
    scores: Float[Tensor, "*batch candidates"], positive: Int64[Tensor, "*batch"], temperature: float
) -> Float[Tensor, "*batch"]:
    """Negative log probability with which the positive is told from the other candidates, in nats.

        loss = -log(exp(s_positive / tau) / sum_k exp(s_k / tau))

    log N for N equal scores. If the positive is drawn from p(y | x) and N - 1 others from p(y), log N - E[loss] <=
    I(X; Y) for all scores; it is never above log N, however large the information.

    Domain: temperature > 0, else ValueError; finite scores. The positive is one of the candidates.
    Source: van den Oord et al. 2018, arXiv:1807.03748, eq. 4 and section 2.3, with log f_k = s_k / tau.
    Notes: R003-012.
    """
    _check_temperature(temperature)
    return softmax_log_loss(scores / temperature, positive)


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
    Notes: R003-012, R003-228.
    """
    _check_pairs(first)
    scale = log_scale.clamp(max=math.log(100)).exp()
    logits = scale * l2_normalize(first) @ l2_normalize(second).T
    partner = torch.arange(len(first), device=first.device)
    return (softmax_log_loss(logits, partner) + softmax_log_loss(logits.T, partner)).mean() / 2


def nt_xent_loss(
    first: Float[Tensor, "pairs channels"], second: Float[Tensor, "pairs channels"], temperature: float
) -> Float[Tensor, ""]:
    """How badly each of 2 N views finds the other view of its image among the 2 N - 1 others, by cosines.

        loss = mean_i -log(exp(z_i . z_j(i) / tau) / sum_{k != i} exp(z_i . z_k / tau)),   z = x / |x|_2

    The mean is over all 2 N views. log(2 N - 1) if all cosines are equal. The two views of an image can be swapped.

    Domain: temperature > 0 and at least one pair, else ValueError; a single pair has loss 0. Zero vectors have cosine 0
    with all others.
    Source: Chen et al. 2020, arXiv:2002.05709, eq. 1 and algorithm 1.
    Notes: none.
    """
    _check_pairs(first)
    pairs = torch.arange(len(first), device=first.device)
    return supervised_contrastive_loss(torch.cat([first, second]), pairs.repeat(2), temperature)


def supervised_contrastive_loss(
    embeddings: Float[Tensor, "items channels"], labels: Int64[Tensor, "items"], temperature: float
) -> Float[Tensor, ""]:
    """How badly each item finds those of its label among all other items, by cosines.

        loss = mean_i mean_{p != i, y_p = y_i} -log(exp(z_i . z_p / tau) / sum_{k != i} exp(z_i . z_k / tau))

    with z = x / |x|_2. `nt_xent_loss` has two items of each label.

    Domain: temperature > 0, else ValueError. Items without another of their label are candidates for others and no
    anchors; where that is all of them the loss is 0. Zero vectors have cosine 0 with all others.
    Source: Khosla et al. 2020, arXiv:2004.11362, eq. 2, with the mean for the sum over i.
    Differs: eq. 3 of the paper has the logarithm outside of the mean over positives, and is never larger.
    Notes: none.
    """
    _check_temperature(temperature)
    z = l2_normalize(embeddings)
    is_self = torch.eye(len(z), dtype=torch.bool, device=z.device)
    log_p = (z @ z.T / temperature).masked_fill(is_self, -math.inf).log_softmax(1)
    is_positive = (labels[:, None] == labels) & ~is_self
    number = is_positive.sum(1)
    losses = -torch.where(is_positive, log_p, 0).sum(1) / number
    return mean_of_kept(losses, number > 0)


def _check_margin(margin: float) -> None:
    if not margin >= 0:
        raise ValueError(f"margin must be at least 0; got {margin}")


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0; got {temperature}")


def _check_pairs(vectors: Tensor) -> None:
    if not len(vectors):
        raise ValueError(f"a contrast needs at least one pair; got {len(vectors)}")
