"""Wrong variants of `reference.training.contrastive`."""

import math

import torch
from torch.nn.functional import cross_entropy, normalize

from properties.mistakes import mistake, variant
from reference.probability.norms import l2_normalize
from reference.training.contrastive import (
    HardestTriplets,
    batch_hard_triplet_loss,
    clip_loss,
    contrastive_loss,
    hardest_triplets,
    info_nce_loss,
    n_pair_loss,
    nt_xent_loss,
    supervised_contrastive_loss,
    triplet_loss,
)
from reference.training.losses import mean_of_kept, softmax_log_loss


def _loss(logits):
    partner = torch.arange(len(logits))
    return (softmax_log_loss(logits, partner) + softmax_log_loss(logits.T, partner)).mean() / 2


def _cosines(first, second):
    return l2_normalize(first) @ l2_normalize(second).T


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_rows_alone(first, second, log_scale):
    """only the vectors of the first tower are asked for their partners"""
    logits = log_scale.clamp(max=math.log(100)).exp() * _cosines(first, second)
    return softmax_log_loss(logits, torch.arange(len(first))).mean()


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_summed_over_towers(first, second, log_scale):
    """the losses of rows and columns are added and not averaged"""
    return 2 * clip_loss(first, second, log_scale)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_products(first, second, log_scale):
    """vectors are not normalised, so that long ones attract"""
    return _loss(log_scale.clamp(max=math.log(100)).exp() * first @ second.T)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_divided_by_the_scale(first, second, log_scale):
    """the learned number is taken for the logarithm of a temperature and divides"""
    return _loss((-log_scale).exp() * _cosines(first, second))


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_with_the_logarithm_for_the_scale(first, second, log_scale):
    """cosines are multiplied by the learned number itself and not by its exponential"""
    return _loss(log_scale.clamp(max=100) * _cosines(first, second))


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_an_unbounded_scale(first, second, log_scale):
    """the scale grows beyond 100"""
    return _loss(log_scale.exp() * _cosines(first, second))


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_without_the_partner_below(first, second, log_scale):
    """the partner is left out of the sum over candidates, so that the loss of a certain pair is negative"""
    logits = log_scale.clamp(max=math.log(100)).exp() * _cosines(first, second)
    others = logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)
    rows, columns = others.logsumexp(1), others.logsumexp(0)
    return (rows + columns - 2 * logits.diagonal()).mean() / 2 + 0 * clip_loss(first, second, log_scale)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_an_empty_batch(first, second, log_scale):
    """the mean over no pairs is NaN"""
    return clip_loss(first, second, log_scale) if len(first) else log_scale * torch.nan


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_short_vectors(first, second, log_scale):
    """vectors are divided by lengths of at least 0.01, so that short ones are not normalised"""
    clip_loss(first, second, log_scale)
    first, second = (x / x.norm(dim=-1, keepdim=True).clamp(min=1e-2) for x in (first, second))
    return _loss(log_scale.exp().clamp(max=100) * first @ second.T)


@variant(of=clip_loss, seen="open_clip, code")
def clip_loss_by_log_softmax_of_both_axes(first, second, log_scale):
    """both cross-entropies are read off the diagonals of log softmaxes along the two axes"""
    if not len(first):
        return clip_loss(first, second, log_scale)
    logits = log_scale.clamp(max=math.log(100)).exp() * _cosines(first, second)
    return -(logits.log_softmax(0).diagonal() + logits.log_softmax(1).diagonal()).mean() / 2


@mistake(of=contrastive_loss, seen="catalogue R003-009")
def contrastive_loss_with_flipped_labels(first, second, is_pair, margin):
    """True is read as "do not belong together", as in the paper"""
    return contrastive_loss(first, second, ~is_pair, margin)


@mistake(of=contrastive_loss, seen="catalogue R003-009")
def contrastive_loss_with_a_margin_on_squares(first, second, is_pair, margin):
    """the margin is compared with the squared distance"""
    square = (first - second).square().sum(-1)
    lack = (margin - square).clamp(min=0)
    return torch.where(is_pair, square, lack) + 0 * contrastive_loss(first, second, is_pair, margin)


@mistake(of=contrastive_loss, seen="catalogue R003-009")
def contrastive_loss_with_undefined_slope(first, second, is_pair, margin):
    """the root of 0 has the slope infinity, and NaN comes of it where vectors coincide"""
    distance = (first - second).square().sum(-1).sqrt()
    lack = (margin - distance).clamp(min=0).square()
    return torch.where(is_pair, distance.square(), lack) + 0 * contrastive_loss(first, second, is_pair, margin)


@mistake(of=contrastive_loss, seen="Hadsell et al. 2006")
def contrastive_loss_with_halves(first, second, is_pair, margin):
    """both terms are halved, as in the paper"""
    return contrastive_loss(first, second, is_pair, margin) / 2


@mistake(of=contrastive_loss, seen="catalogue R003-009")
def contrastive_loss_without_end(first, second, is_pair, margin):
    """vectors that are far enough apart cost again"""
    distance = (first - second).norm(dim=-1)
    contrastive_loss(first, second, is_pair, margin)
    return torch.where(is_pair, distance, margin - distance).square()


@mistake(of=contrastive_loss, seen="catalogue R003-009")
def contrastive_loss_without_check(first, second, is_pair, margin):
    """without a margin nothing is driven apart"""
    return contrastive_loss(first, second, is_pair, max(0.0, margin))


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_of_squares(anchor, positive, negative, margin):
    """distances are squared"""
    near, far = ((anchor - other).square().sum(-1) for other in (positive, negative))
    return (near - far + margin).clamp(min=0) + 0 * triplet_loss(anchor, positive, negative, margin)


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_with_an_epsilon(anchor, positive, negative, margin):
    """1e-6 is added to every difference, as torch does"""
    triplet_loss(anchor, positive, negative, margin)
    near, far = ((anchor - other + 1e-6).norm(dim=-1) for other in (positive, negative))
    return (near - far + margin).clamp(min=0)


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_with_swapped_roles(anchor, positive, negative, margin):
    """the positive is driven away and the negative drawn near"""
    return triplet_loss(anchor, negative, positive, margin)


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_with_a_negative_margin(anchor, positive, negative, margin):
    """the margin is taken off, so that a negative may be nearer than the positive"""
    far = (anchor - negative).norm(dim=-1)
    triplet_loss(anchor, positive, negative, margin)
    return ((anchor - positive).norm(dim=-1) - far - margin).clamp(min=0)


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_without_end(anchor, positive, negative, margin):
    """negatives that are far enough away are driven on, and the loss is below 0"""
    loss = triplet_loss(anchor, positive, negative, margin)
    return (anchor - positive).norm(dim=-1) - (anchor - negative).norm(dim=-1) + margin + 0 * loss


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_with_undefined_slope(anchor, positive, negative, margin):
    """the root of 0 has the slope infinity, and NaN comes of it where vectors coincide"""
    near, far = ((anchor - other).square().sum(-1).sqrt() for other in (positive, negative))
    return (near - far + margin).clamp(min=0) + 0 * triplet_loss(anchor, positive, negative, margin)


@mistake(of=triplet_loss, seen="catalogue R003-010")
def triplet_loss_without_check(anchor, positive, negative, margin):
    """a margin below 0 is taken for 0"""
    return triplet_loss(anchor, positive, negative, max(0.0, margin))


@mistake(of=hardest_triplets, seen="jinnnju/PaAno#1")
def hardest_triplets_with_the_farthest_negative(distances, labels):
    """the negative is the farthest, and so the easiest"""
    negative = hardest_triplets(-distances, labels).negative
    return hardest_triplets(distances, labels)._replace(negative=negative)


@mistake(of=hardest_triplets, seen="KevinMusgrave/pytorch-metric-learning#476")
def hardest_triplets_with_products_for_a_mask(distances, labels):
    """distances are multiplied by the mask, so that where all positives coincide with the anchor any item may win"""
    alike = labels[:, None] == labels
    others = alike & ~torch.eye(len(labels), dtype=torch.bool)
    _, negative, kept = hardest_triplets(distances, labels)
    own = torch.arange(len(labels))
    return HardestTriplets(torch.where(kept, (distances * others).argmax(1), own), negative, kept)


@mistake(of=hardest_triplets, seen="catalogue R003-010")
def hardest_triplets_with_the_nearest_positive(distances, labels):
    """the positive is the nearest, and so the easiest"""
    positive = hardest_triplets(-distances, labels).positive
    return hardest_triplets(distances, labels)._replace(positive=positive)


@mistake(of=hardest_triplets, seen="catalogue R003-010")
def hardest_triplets_with_the_anchor_as_positive(distances, labels):
    """an anchor without another item of its label is its own positive"""
    positive = hardest_triplets(distances, labels).positive
    alike = labels[:, None] == labels
    own = torch.arange(len(labels))
    has_negative = ~alike.all(1)
    negative = torch.where(has_negative, distances.masked_fill(alike, math.inf).argmin(1), own)
    return HardestTriplets(positive, negative, has_negative)


@mistake(of=hardest_triplets, seen="arXiv:1503.03832, section 3.2")
def hardest_triplets_with_semi_hard_negatives(distances, labels):
    """the negative is the nearest of those that are farther than the positive"""
    hardest = hardest_triplets(distances, labels)
    farther = distances > distances.gather(1, hardest.positive[:, None])
    farther &= labels[:, None] != labels
    semi_hard = distances.masked_fill(~farther, math.inf).argmin(1)
    return hardest._replace(negative=torch.where(farther.any(1) & hardest.kept, semi_hard, hardest.negative))


@mistake(of=hardest_triplets, seen="catalogue R003-010")
def hardest_triplets_of_the_columns(distances, labels):
    """distances are read from the other item to the anchor"""
    return hardest_triplets(distances.T, labels)


@mistake(of=hardest_triplets, seen="catalogue R003-010")
def hardest_triplets_below_a_largest_distance(distances, labels):
    """items of the anchor's label are masked by a distance of 100000, and farther negatives are never found"""
    found = hardest_triplets(distances, labels)
    nearest = distances.masked_fill(labels[:, None] == labels, 1e5).argmin(1)
    return found._replace(negative=torch.where(found.kept, nearest, found.negative))


@mistake(of=hardest_triplets, seen="catalogue R003-010")
def hardest_triplets_of_small_labels(distances, labels):
    """labels are kept in bytes, where those 256 apart are one"""
    return hardest_triplets(distances, labels.to(torch.int8).long())


@variant(of=hardest_triplets, seen="lists of positives and negatives")
def hardest_triplets_by_ranking(distances, labels):
    """the first of all items, ranked by distance, that has the label that is wanted"""
    own, alike = torch.arange(len(labels)), labels[:, None] == labels
    positive, negative, kept = own.clone(), own.clone(), torch.zeros(len(labels), dtype=torch.bool)
    for a in range(len(labels)):
        far_to_near = distances[a].argsort(descending=True, stable=True).tolist()
        near_to_far = distances[a].argsort(stable=True).tolist()
        positives = [k for k in far_to_near if alike[a, k] and k != a]
        negatives = [k for k in near_to_far if not alike[a, k]]
        if positives and negatives:
            positive[a], negative[a], kept[a] = positives[0], negatives[0], True
    return HardestTriplets(positive, negative, kept)


@mistake(of=batch_hard_triplet_loss, seen="jinnnju/PaAno#1")
def batch_hard_triplet_loss_of_the_farthest(embeddings, labels, margin):
    """the negative is the farthest of all, so that hardly any anchor has a loss"""
    d = torch.cdist(embeddings, embeddings)
    positive, _, kept = hardest_triplets(d, labels)
    _, negative, _ = hardest_triplets(-d, labels)
    return mean_of_kept(triplet_loss(embeddings, embeddings[positive], embeddings[negative], margin), kept)


@mistake(of=batch_hard_triplet_loss, seen="catalogue R003-010")
def batch_hard_triplet_loss_over_active_anchors(embeddings, labels, margin):
    """anchors without a loss are left out of the mean, which then does not fall as they become more"""
    d = torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")
    positive, negative, kept = hardest_triplets(d, labels)
    losses = triplet_loss(embeddings, embeddings[positive], embeddings[negative], margin)
    return mean_of_kept(losses, kept & (losses > 0))


@mistake(of=batch_hard_triplet_loss, seen="catalogue R003-010")
def batch_hard_triplet_loss_over_all_items(embeddings, labels, margin):
    """anchors that have no triplet are counted"""
    *_, kept = hardest_triplets(torch.cdist(embeddings, embeddings), labels)
    return batch_hard_triplet_loss(embeddings, labels, margin) * kept.sum() / len(labels)


@mistake(of=batch_hard_triplet_loss, seen="Hermans et al. 2017")
def batch_hard_triplet_loss_summed(embeddings, labels, margin):
    """losses of anchors are added up"""
    *_, kept = hardest_triplets(torch.cdist(embeddings, embeddings), labels)
    return batch_hard_triplet_loss(embeddings, labels, margin) * kept.sum()


@mistake(of=batch_hard_triplet_loss, seen="catalogue R003-010")
def batch_hard_triplet_loss_of_all_triplets(embeddings, labels, margin):
    """the losses of all triplets are averaged"""
    alike = labels[:, None] == labels
    d = torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")
    valid = (alike & ~torch.eye(len(labels), dtype=torch.bool))[:, :, None] & ~alike[:, None]
    losses = (d[:, :, None] - d[:, None] + margin).clamp(min=0)
    return mean_of_kept(losses, valid) + 0 * batch_hard_triplet_loss(embeddings, labels, margin)


@mistake(of=batch_hard_triplet_loss, seen="catalogue R003-010")
def batch_hard_triplet_loss_with_undefined_slope(embeddings, labels, margin):
    """distances are roots, whose slope at 0 is infinite: the diagonal alone makes the gradient NaN"""
    d = (embeddings[:, None] - embeddings).square().sum(-1).sqrt()
    positive, negative, kept = hardest_triplets(d, labels)
    near, far = (d.gather(1, index[:, None])[:, 0] for index in (positive, negative))
    loss = mean_of_kept((near - far + margin).clamp(min=0), kept)
    return loss + 0 * batch_hard_triplet_loss(embeddings, labels, margin)


@variant(of=batch_hard_triplet_loss, seen="torch.cdist")
def batch_hard_triplet_loss_by_cdist(embeddings, labels, margin):
    """the library's distances have slope 0 at 0 as well"""
    distances = torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")
    positive, negative, kept = hardest_triplets(distances, labels)
    near, far = (distances.gather(1, index[:, None])[:, 0] for index in (positive, negative))
    losses = (near - far + margin).clamp(min=0)
    return mean_of_kept(losses, kept) + 0 * batch_hard_triplet_loss(embeddings, labels, margin)


@mistake(of=n_pair_loss, seen="catalogue R003-011")
def n_pair_loss_that_overflows(anchors, positives):
    """exponentials are formed without taking the largest product out, and overflow"""
    z = anchors @ positives.T
    odds = (z - z.diagonal()[:, None]).exp().sum(1)
    return odds.log().mean() + 0 * n_pair_loss(anchors, positives)


@mistake(of=n_pair_loss, seen="catalogue R003-011")
def n_pair_loss_with_the_positive_twice(anchors, positives):
    """the sum runs over the positive too, beside the 1"""
    z = anchors @ positives.T
    margin = torch.logsumexp(torch.cat([z, z.diagonal()[:, None]], 1), 1) - z.diagonal()
    return margin.mean() + 0 * n_pair_loss(anchors, positives)


@mistake(of=n_pair_loss, seen="catalogue R003-011")
def n_pair_loss_of_the_positives(anchors, positives):
    """each positive is asked for its anchor"""
    return n_pair_loss(positives, anchors)


@mistake(of=n_pair_loss, seen="catalogue R003-011")
def n_pair_loss_of_cosines(anchors, positives):
    """vectors are normalised"""
    return n_pair_loss(l2_normalize(anchors), l2_normalize(positives))


@mistake(of=n_pair_loss, seen="catalogue R003-011")
def n_pair_loss_summed(anchors, positives):
    """losses of pairs are added up"""
    return n_pair_loss(anchors, positives) * len(anchors)


@mistake(of=n_pair_loss, seen="catalogue R003-011")
def n_pair_loss_of_no_pairs(anchors, positives):
    """the mean over no pairs is NaN"""
    return n_pair_loss(anchors, positives) if len(anchors) else anchors.mean()


@mistake(of=info_nce_loss, seen="catalogue R003-012")
def info_nce_loss_multiplied_by_the_temperature(scores, positive, temperature):
    """scores are multiplied by the temperature"""
    return info_nce_loss(scores, positive, 1 / temperature if temperature else temperature)


@mistake(of=info_nce_loss, seen="catalogue R003-012")
def info_nce_loss_without_the_positive_below(scores, positive, temperature):
    """the positive is missing from the sum over candidates, so that the loss may be negative"""
    checked = 0 * info_nce_loss(scores, positive, temperature)
    z = scores / temperature
    others = z.scatter(-1, positive[..., None], -math.inf)
    return checked + others.logsumexp(-1) - z.gather(-1, positive[..., None])[..., 0]


@mistake(of=info_nce_loss, seen="catalogue R003-012")
def info_nce_loss_over_the_batch(scores, positive, temperature):
    """scores are normalised over the batch and not over the candidates"""
    log_p = (scores / temperature).log_softmax(-2)
    return -log_p.gather(-1, positive[..., None])[..., 0] + 0 * info_nce_loss(scores, positive, temperature)


@mistake(of=info_nce_loss, seen="catalogue R003-012")
def info_nce_loss_of_the_first(scores, positive, temperature):
    """the first candidate is taken for the positive"""
    return info_nce_loss(scores, 0 * positive, temperature)


@mistake(of=info_nce_loss, seen="catalogue R003-012")
def info_nce_loss_scaled_by_the_temperature(scores, positive, temperature):
    """the loss is multiplied by the temperature"""
    return temperature * info_nce_loss(scores, positive, temperature)


@mistake(of=info_nce_loss, seen="catalogue R003-012")
def info_nce_loss_without_check(scores, positive, temperature):
    """a temperature that is not above 0 gives NaN, or takes the least score for the best"""
    return softmax_log_loss(scores / temperature, positive)


@mistake(of=nt_xent_loss, seen="lucidrains/contrastive-learner#2")
def nt_xent_loss_over_fewer_views(first, second, temperature):
    """the sum over 2 N views is divided by 2 (N - 1)"""
    return nt_xent_loss(first, second, temperature) * len(first) / max(len(first) - 1, 1)


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, eq. 1")
def nt_xent_loss_with_itself_below(first, second, temperature):
    """a view is among its own candidates"""
    views = l2_normalize(torch.cat([first, second]))
    partner = torch.arange(2 * len(first)).roll(len(first))
    return softmax_log_loss(views @ views.T / temperature, partner).mean() + 0 * nt_xent_loss(
        first, second, temperature
    )


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, eq. 1")
def nt_xent_loss_with_zero_for_itself(first, second, temperature):
    """the cosine of a view with itself is set to 0 and not to -inf, so that it is a candidate still"""
    views = l2_normalize(torch.cat([first, second]))
    logits = (views @ views.T / temperature).masked_fill(torch.eye(len(views), dtype=torch.bool), 0)
    partner = torch.arange(len(views)).roll(len(first))
    return softmax_log_loss(logits, partner).mean() + 0 * nt_xent_loss(first, second, temperature)


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, eq. 1")
def nt_xent_loss_of_neighbours(first, second, temperature):
    """views 2 k and 2 k + 1 are taken for pairs, but the batch holds all first views before all second"""
    views = torch.cat([first, second])
    return (
        nt_xent_loss(views[::2], views[1::2], temperature) if len(first) else nt_xent_loss(first, second, temperature)
    )


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, eq. 1")
def nt_xent_loss_of_two_towers(first, second, temperature):
    """the candidates are the N second views only"""
    nt_xent_loss(first, second, temperature)
    logits = _cosines(first, second) / temperature
    return _loss(logits)


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, table 5")
def nt_xent_loss_of_products(first, second, temperature):
    """vectors are not normalised"""
    views = torch.cat([first, second])
    logits = (views @ views.T / temperature).masked_fill(torch.eye(len(views), dtype=torch.bool), -math.inf)
    partner = torch.arange(len(views)).roll(len(first))
    return softmax_log_loss(logits, partner).mean() + 0 * nt_xent_loss(first, second, temperature)


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, algorithm 1")
def nt_xent_loss_of_first_views(first, second, temperature):
    """only first views are asked for their partners"""
    views = l2_normalize(torch.cat([first, second]))
    logits = (views @ views.T / temperature).masked_fill(torch.eye(len(views), dtype=torch.bool), -math.inf)
    losses = softmax_log_loss(logits, torch.arange(len(views)).roll(len(first)))
    return losses[: len(first)].mean() + 0 * nt_xent_loss(first, second, temperature)


@mistake(of=nt_xent_loss, seen="catalogue R003-012")
def nt_xent_loss_without_check(first, second, temperature):
    """the mean over no views, and what a temperature of 0 gives, is NaN"""
    if not len(first) or not temperature > 0:
        return first.mean() * torch.nan
    return nt_xent_loss(first, second, temperature)


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, eq. 1")
def nt_xent_loss_of_short_vectors(first, second, temperature):
    """vectors are divided by lengths of at least 0.01, so that short ones are not normalised"""
    nt_xent_loss(first, second, temperature)
    labels = torch.arange(len(first)).repeat(2)
    return supervised_contrastive_loss_of_short_vectors(torch.cat([first, second]), labels, temperature)


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, eq. 3")
def supervised_contrastive_loss_with_the_logarithm_outside(embeddings, labels, temperature):
    """the logarithm is taken of the mean probability of the positives"""
    checked = 0 * supervised_contrastive_loss(embeddings, labels, temperature)
    is_self = torch.eye(len(labels), dtype=torch.bool)
    p = (_cosines(embeddings, embeddings) / temperature).masked_fill(is_self, -math.inf).softmax(1)
    is_positive = (labels[:, None] == labels) & ~is_self
    number = is_positive.sum(1)
    mean = torch.where(number > 0, (p * is_positive).sum(1) / number.clamp(min=1), 1)
    return checked - mean_of_kept(mean.log(), number > 0)


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, eq. 2")
def supervised_contrastive_loss_without_rivals_alike(embeddings, labels, temperature):
    """positives compete with other labels only, and not with each other"""
    checked = 0 * supervised_contrastive_loss(embeddings, labels, temperature)
    alike = labels[:, None] == labels
    z = _cosines(embeddings, embeddings) / temperature
    rivals = torch.logaddexp(z, z.masked_fill(alike, -math.inf).logsumexp(1, keepdim=True))
    is_positive = alike & ~torch.eye(len(labels), dtype=torch.bool)
    number = is_positive.sum(1)
    return checked + mean_of_kept(((rivals - z) * is_positive).sum(1) / number.clamp(min=1), number > 0)


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, eq. 2")
def supervised_contrastive_loss_summed_over_positives(embeddings, labels, temperature):
    """the surprisals of the positives are added and not averaged, so that frequent labels count more"""
    checked = 0 * supervised_contrastive_loss(embeddings, labels, temperature)
    is_self = torch.eye(len(labels), dtype=torch.bool)
    log_p = (_cosines(embeddings, embeddings) / temperature).masked_fill(is_self, -math.inf).log_softmax(1)
    is_positive = (labels[:, None] == labels) & ~is_self
    return checked - mean_of_kept(torch.where(is_positive, log_p, 0).sum(1), is_positive.any(1))


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, eq. 2")
def supervised_contrastive_loss_over_all_items(embeddings, labels, temperature):
    """items without another of their label are counted"""
    anchors = ((labels[:, None] == labels).sum(1) > 1).sum()
    return supervised_contrastive_loss(embeddings, labels, temperature) * anchors / len(labels)


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, code, which multiplies by tau over a base temperature")
def supervised_contrastive_loss_scaled_by_the_temperature(embeddings, labels, temperature):
    """the loss is multiplied by the temperature"""
    return temperature * supervised_contrastive_loss(embeddings, labels, temperature)


@mistake(of=supervised_contrastive_loss, seen="google-deepmind/optax commit 51537b4e")
def supervised_contrastive_loss_with_zero_times_infinity(embeddings, labels, temperature):
    """the log probability of an item itself, -inf, is multiplied by 0, which is NaN"""
    is_self = torch.eye(len(labels), dtype=torch.bool)
    log_p = (_cosines(embeddings, embeddings) / temperature).masked_fill(is_self, -math.inf).log_softmax(1)
    is_positive = (labels[:, None] == labels) & ~is_self
    number = is_positive.sum(1)
    losses = -(is_positive * log_p).sum(1) / number.clamp(min=1)
    return mean_of_kept(losses, number > 0) + 0 * supervised_contrastive_loss(embeddings, labels, temperature)


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, eq. 2")
def supervised_contrastive_loss_of_short_vectors(embeddings, labels, temperature):
    """vectors are divided by lengths of at least 0.01, so that short ones are not normalised"""
    supervised_contrastive_loss(embeddings, labels, temperature)
    units, own = embeddings / embeddings.norm(dim=-1, keepdim=True).clamp(min=1e-2), torch.eye(len(labels)).bool()
    log_p = (units @ units.T / temperature).masked_fill(own, -torch.inf).log_softmax(1)
    positive = (labels[:, None] == labels) & ~own
    number = positive.sum(1)
    return mean_of_kept(-torch.where(positive, log_p, 0).sum(1) / number.clamp(min=1), number > 0)


@mistake(of=supervised_contrastive_loss, seen="arXiv:2004.11362, eq. 2")
def supervised_contrastive_loss_of_small_labels(embeddings, labels, temperature):
    """labels are kept in bytes, where those 256 apart are one"""
    return supervised_contrastive_loss(embeddings, labels.to(torch.int8).long(), temperature)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_with_a_fixed_scale(first, second, log_scale):
    """the scale is detached, and not learned"""
    return clip_loss(first, second, log_scale.detach())


@mistake(of=nt_xent_loss, seen="arXiv:2002.05709, eq. 1")
def nt_xent_loss_of_very_short_vectors(first, second, temperature):
    """lengths below 1e-12 count as 1e-12, and short vectors stay short"""
    nt_xent_loss(first, second, temperature)
    z, partner = normalize(torch.cat([first, second]), dim=-1), torch.arange(2 * len(first)).roll(len(first))
    logits = (z @ z.T / temperature).masked_fill(torch.eye(len(z), dtype=torch.bool), -torch.inf)
    return cross_entropy(logits, partner)


@mistake(of=hardest_triplets, seen="catalogue R003-010")
def hardest_triplets_below_a_billion(distances, labels):
    """a billion stands for infinity, and hides negatives that are farther away"""
    alike = labels[:, None] == labels
    right = hardest_triplets(distances, labels)
    negative = distances.masked_fill(alike, 1e9).argmin(1)
    return right._replace(negative=torch.where(right.kept, negative, right.negative))
