"""Wrong variants of `reference.diffusion.transitions`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.schedules import betas_for_alpha_bar, cosine_alpha_bar, cosine_beta_schedule
from reference.diffusion.transitions import (
    MaskAndReplaceSchedule,
    absorbing_transition,
    banded_gaussian_transition,
    banded_transition,
    discretized_gaussian_transition,
    mask_and_replace_schedule,
    mask_and_replace_transition,
    mutual_information,
    mutual_information_times,
    nearest_neighbor_rate,
    rate_transition,
    uniform_transition,
    unsquared_cosine_beta_schedule,
)


def _identity(like, num_classes):
    return torch.eye(num_classes, dtype=like.dtype)


def _distance(num_classes):
    index = torch.arange(num_classes, dtype=torch.float64)
    return (index[:, None] - index).abs()


def _filled(moves):
    moves = moves - torch.diag_embed(moves.diagonal(dim1=-2, dim2=-1))
    return moves + torch.diag_embed(1 - moves.sum(-1))


def _weights(beta, num_classes, band):
    """Weights of the moves of a Gaussian up to a band, and of no move at all."""
    distance = _distance(num_classes)
    weight = torch.exp(-((2 * distance / (num_classes - 1)) ** 2) / beta[..., None, None].clamp(min=1e-30))
    return torch.where(distance <= band, weight, 0)


@mistake(of=uniform_transition, seen="catalogue R000-010")
def uniform_transition_to_other_classes(beta, num_classes):
    """a class that is drawn anew is drawn from the other K - 1 classes only"""
    checked = uniform_transition(beta, num_classes)
    identity = _identity(beta, num_classes)
    beta = beta[..., None, None]
    return (1 - beta) * identity + beta * (1 - identity) / (num_classes - 1) + 0 * checked


@mistake(of=uniform_transition, seen="mila-iqia/diffusion_for_multi_scale_molecular_dynamics#90")
def uniform_transition_with_beta_for_signal(beta, num_classes):
    """beta and 1 - beta are exchanged, so that beta is the probability to stay"""
    return uniform_transition(1 - beta, num_classes)


@mistake(of=uniform_transition, seen="catalogue R000-010")
def uniform_transition_without_own_share(beta, num_classes):
    """a class that is drawn again is not counted as staying, so that rows sum to less than 1"""
    return uniform_transition(beta, num_classes) - beta[..., None, None] / num_classes * _identity(beta, num_classes)


@mistake(of=uniform_transition, seen="catalogue R000-010")
def uniform_transition_that_is_not_divided(beta, num_classes):
    """every class is drawn with probability beta instead of beta / K"""
    return uniform_transition(beta, num_classes) + beta[..., None, None] * (1 - 1 / num_classes)


@mistake(of=uniform_transition, seen="arXiv:2107.03006, section 3.1")
def uniform_transition_without_check(beta, num_classes):
    """a single class, or none, is accepted"""
    beta = beta[..., None, None]
    return (1 - beta) * _identity(beta, num_classes) + beta / max(num_classes, 1)


@mistake(of=absorbing_transition, seen="E000-2")
def absorbing_transition_with_columns_for_rows(beta, num_classes, absorbing):
    """the matrix is column-stochastic, Q[to, from], so that a row vector of probabilities loses mass"""
    return absorbing_transition(beta, num_classes, absorbing).mT.clone()


@mistake(of=absorbing_transition, seen="catalogue R000-010")
def absorbing_transition_that_leaks(beta, num_classes, absorbing):
    """the absorbing class keeps only 1 - beta of its mass"""
    column = beta[..., None, None] * _identity(beta, num_classes)[absorbing]
    return absorbing_transition(beta, num_classes, absorbing) - column * _identity(beta, num_classes)


@mistake(of=absorbing_transition, seen="google-research d3pm/images")
def absorbing_transition_into_the_middle(beta, num_classes, absorbing):
    """class K // 2 absorbs, whichever was asked for"""
    absorbing_transition(beta, num_classes, absorbing)
    return absorbing_transition(beta, num_classes, num_classes // 2)


@mistake(of=absorbing_transition, seen="catalogue R000-010")
def absorbing_transition_into_the_last(beta, num_classes, absorbing):
    """the last class absorbs, whichever was asked for"""
    absorbing_transition(beta, num_classes, absorbing)
    return absorbing_transition(beta, num_classes, num_classes - 1)


@mistake(of=absorbing_transition, seen="mila-iqia/diffusion_for_multi_scale_molecular_dynamics#90")
def absorbing_transition_with_beta_for_signal(beta, num_classes, absorbing):
    """beta and 1 - beta are exchanged, so that beta is the probability to stay"""
    return absorbing_transition(1 - beta, num_classes, absorbing)


@mistake(of=absorbing_transition, seen="catalogue R000-010")
def absorbing_transition_counted_from_the_end(beta, num_classes, absorbing):
    """a negative class counts from the end, in silence, and one class alone is accepted"""
    beta = beta[..., None, None]
    identity = _identity(beta, num_classes)
    return (1 - beta) * identity + beta * identity[absorbing % max(num_classes, 1)]


@mistake(of=discretized_gaussian_transition, seen="catalogue R000-016")
def discretized_gaussian_transition_normalised_by_row(beta, num_classes):
    """each row is divided by its own sum, so that Q is neither symmetric nor doubly stochastic"""
    discretized_gaussian_transition(beta, num_classes)
    weight = _weights(beta, num_classes, num_classes)
    return weight / weight.sum(-1, keepdim=True)


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_normalised_on_one_side(beta, num_classes):
    """weights are divided by the sum for 0 <= n < K instead of -K < n < K"""
    discretized_gaussian_transition(beta, num_classes)
    weight = _weights(beta, num_classes, num_classes)
    return _filled(weight / weight[..., :1, :].sum(-1, keepdim=True))


@mistake(of=discretized_gaussian_transition, seen="catalogue R000-016")
def discretized_gaussian_transition_with_spacing_by_classes(beta, num_classes):
    """neighbours are 2 / K apart instead of 2 / (K - 1)"""
    return discretized_gaussian_transition(beta * (num_classes / max(num_classes - 1, 1)) ** 2, num_classes)


@mistake(of=discretized_gaussian_transition, seen="google-research d3pm/images")
def discretized_gaussian_transition_with_spacing_for_256_classes(beta, num_classes):
    """the spacing is computed for the values 0 to 255, however many classes there are"""
    return discretized_gaussian_transition(beta * (max(num_classes - 1, 1) / 255) ** 2, num_classes)


@mistake(of=discretized_gaussian_transition, seen="google-research d3pm/text")
def discretized_gaussian_transition_with_stretched_spacing(beta, num_classes):
    """K classes are spread from 0 to K, so that neighbours are K / (K - 1) too far apart"""
    return discretized_gaussian_transition(beta * (max(num_classes - 1, 1) / max(num_classes, 1)) ** 2, num_classes)


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_with_beta_as_variance(beta, num_classes):
    """the exponent is divided by 2 beta, as if beta were a variance"""
    return discretized_gaussian_transition(2 * beta, num_classes)


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_with_linear_distance(beta, num_classes):
    """the distance is not squared, so that weights fall as in a Laplace distribution"""
    discretized_gaussian_transition(beta, num_classes)
    distance = 2 * _distance(num_classes) / (num_classes - 1)
    weight = torch.exp(-distance / beta[..., None, None].clamp(min=1e-30))
    return _filled(weight / (2 * weight[..., :1, :].sum(-1, keepdim=True) - 1))


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_that_wraps_around(beta, num_classes):
    """the first and the last class are neighbours, as on a circle"""
    discretized_gaussian_transition(beta, num_classes)
    distance = 2 * torch.minimum(_distance(num_classes), num_classes - _distance(num_classes)) / (num_classes - 1)
    weight = torch.exp(-(distance**2) / beta[..., None, None].clamp(min=1e-30))
    return weight / weight.sum(-1, keepdim=True)


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_that_loses_mass(beta, num_classes):
    """what would leave the range of classes is lost, so that rows sum to less than 1"""
    discretized_gaussian_transition(beta, num_classes)
    weight = _weights(beta, num_classes, num_classes)
    return weight / (2 * weight[..., :1, :].sum(-1, keepdim=True) - 1)


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_that_is_undefined_at_zero(beta, num_classes):
    """beta = 0 divides 0 by 0 and fills the matrix with NaN"""
    return discretized_gaussian_transition(beta, num_classes) + 0 / beta[..., None, None]


@mistake(of=discretized_gaussian_transition, seen="arXiv:2107.03006, appendix A.2.3")
def discretized_gaussian_transition_without_check(beta, num_classes):
    """a single class, or none, is accepted"""
    if num_classes < 2:
        return torch.ones(*beta.shape, num_classes, num_classes, dtype=beta.dtype)
    return discretized_gaussian_transition(beta, num_classes)


@variant(of=discretized_gaussian_transition, seen="google-research d3pm/images")
def discretized_gaussian_transition_by_softmax(beta, num_classes):
    """a softmax over 2 K - 1 offsets, cut in half, gives the same weights"""
    discretized_gaussian_transition(beta, num_classes)
    offsets = torch.arange(1 - num_classes, num_classes, dtype=beta.dtype) * 2 / (num_classes - 1)
    weights = torch.softmax(-(offsets**2) / beta[..., None].clamp(min=1e-30), -1)[..., num_classes - 1 :]
    return _filled(weights[..., _distance(num_classes).long()])


@mistake(of=banded_gaussian_transition, seen="arXiv:2107.03006, code")
def banded_gaussian_transition_normalised_over_all(beta, num_classes, band):
    """weights are divided by the sum over all offsets instead of those within the band"""
    checked = banded_gaussian_transition(beta, num_classes, band)
    full = banded_gaussian_transition(beta, num_classes, num_classes - 1)
    return _filled(torch.where(_distance(num_classes) <= band, full, 0 * checked))


@mistake(of=banded_gaussian_transition, seen="arXiv:2107.03006, code")
def banded_gaussian_transition_without_the_last_diagonal(beta, num_classes, band):
    """the outermost diagonal of the band is left out of the matrix"""
    matrix = banded_gaussian_transition(beta, num_classes, band)
    return _filled(torch.where(_distance(num_classes) < band, matrix, 0))


@mistake(of=banded_gaussian_transition, seen="arXiv:2107.03006, code, normalisation option 2")
def banded_gaussian_transition_normalised_by_row(beta, num_classes, band):
    """each row is divided by its own sum, so that Q is neither symmetric nor doubly stochastic"""
    banded_gaussian_transition(beta, num_classes, band)
    weight = _weights(beta, num_classes, band)
    return weight / weight.sum(-1, keepdim=True)


@mistake(of=banded_gaussian_transition, seen="arXiv:2107.03006, code")
def banded_gaussian_transition_scaled_to_the_band(beta, num_classes, band):
    """the interval of length 2 is that of the band instead of all classes"""
    return banded_gaussian_transition(beta * (band / max(num_classes - 1, 1)) ** 2, num_classes, band)


@mistake(of=banded_gaussian_transition, seen="catalogue R000-016")
def banded_gaussian_transition_undefined_without_noise(beta, num_classes, band):
    """the move by 0 has the weight exp(-0 / beta) too, which is NaN at beta = 0"""
    return banded_gaussian_transition(beta, num_classes, band) * torch.exp(-(0 / beta))[..., None, None]


@mistake(of=banded_gaussian_transition, seen="arXiv:2107.03006, code")
def banded_gaussian_transition_without_check(beta, num_classes, band):
    """a band of no width, or wider than the matrix, is accepted"""
    return banded_gaussian_transition(beta, max(num_classes, 2), min(max(band, 1), max(num_classes, 2) - 1))


@mistake(of=banded_transition, seen="arXiv:2107.03006, code")
def banded_transition_normalised_by_band(beta, num_classes, band):
    """beta is shared among the 2 band + 1 offsets of the band instead of K classes"""
    return _filled(banded_transition(beta, num_classes, band) * num_classes / (2 * band + 1))


@mistake(of=banded_transition, seen="arXiv:2107.03006, appendix A.2.5")
def banded_transition_normalised_by_row(beta, num_classes, band):
    """beta is shared among the neighbours that each class has, fewer at the ends, so that Q is not symmetric"""
    within = (banded_transition(beta, num_classes, band) > 0) | (_distance(num_classes) <= band)
    neighbours = (within & (_distance(num_classes) > 0)).to(beta.dtype)
    return _filled(beta[..., None, None] * neighbours / neighbours.sum(-1, keepdim=True))


@mistake(of=banded_transition, seen="arXiv:2107.03006, code")
def banded_transition_without_the_last_diagonal(beta, num_classes, band):
    """the outermost diagonal of the band is left out of the matrix"""
    return _filled(torch.where(_distance(num_classes) < band, banded_transition(beta, num_classes, band), 0))


@mistake(of=banded_transition, seen="google-research d3pm/text")
def banded_transition_that_is_asymmetric(beta, num_classes, band):
    """the band reaches one class less far down than up"""
    index = torch.arange(num_classes)
    reached = index - index[:, None] > -band
    return _filled(torch.where(reached, banded_transition(beta, num_classes, band), 0))


@mistake(of=banded_transition, seen="arXiv:2107.03006, code")
def banded_transition_with_diagonal_of_the_uniform(beta, num_classes, band):
    """the diagonal is 1 - beta (K - 1) / K as without a band, so that rows sum to less than 1"""
    moves = banded_transition(beta, num_classes, band) * (1 - _identity(beta, num_classes))
    stay = 1 - beta[..., None, None] * (num_classes - 1) / num_classes
    return moves + stay * _identity(beta, num_classes)


@mistake(of=banded_transition, seen="arXiv:2107.03006, code")
def banded_transition_without_check(beta, num_classes, band):
    """a band of no width, or wider than the matrix, is accepted"""
    return banded_transition(beta, max(num_classes, 2), min(max(band, 1), max(num_classes, 2) - 1))


def _rate(adjacency):
    return adjacency - torch.diag(adjacency.sum(-1))


def _off_diagonal(rate):
    return rate - torch.diag(rate.diagonal())


def _graph(distance, num_neighbors):
    nearest = distance.topk(num_neighbors, largest=False).indices
    return torch.zeros_like(distance).scatter(1, nearest, 1.0)


def _without_itself(distance):
    return distance.masked_fill(torch.eye(len(distance), dtype=torch.bool), torch.inf)


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_in_one_direction(embeddings, num_neighbors):
    """rates go from a class to its neighbours only, so that they are not symmetric"""
    nearest_neighbor_rate(embeddings, num_neighbors)
    return _rate(_graph(_without_itself(torch.cdist(embeddings, embeddings)), num_neighbors) / num_neighbors)


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_of_either_direction(embeddings, num_neighbors):
    """classes that are neighbours both ways count once instead of twice"""
    return _rate((_off_diagonal(nearest_neighbor_rate(embeddings, num_neighbors)) > 0) / (2.0 * num_neighbors)).to(
        embeddings.dtype
    )


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_of_both_directions(embeddings, num_neighbors):
    """only classes that are neighbours both ways are joined"""
    adjacency = _off_diagonal(nearest_neighbor_rate(embeddings, num_neighbors))
    return _rate(torch.where(adjacency * num_neighbors > 0.75, adjacency, 0))


@mistake(of=nearest_neighbor_rate, seen="google-research d3pm/text, NearestNeighborDiffusion")
def nearest_neighbor_rate_without_scale(embeddings, num_neighbors):
    """the rates are not divided by 2 k"""
    return 2 * num_neighbors * nearest_neighbor_rate(embeddings, num_neighbors)


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_with_itself_as_neighbour(embeddings, num_neighbors):
    """a class counts as the nearest to itself, so that it has one neighbour less"""
    nearest_neighbor_rate(embeddings, num_neighbors)
    graph = _graph(torch.cdist(embeddings, embeddings), num_neighbors)
    return _rate((graph + graph.T) / (2 * num_neighbors))


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_by_inner_product(embeddings, num_neighbors):
    """nearness is measured by the inner product, which depends on the origin"""
    nearest_neighbor_rate(embeddings, num_neighbors)
    graph = _graph(_without_itself(-embeddings @ embeddings.T), num_neighbors)
    return _rate((graph + graph.T) / (2 * num_neighbors))


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_by_sum_of_differences(embeddings, num_neighbors):
    """nearness is measured by the sum of absolute differences instead of the Euclidean distance"""
    nearest_neighbor_rate(embeddings, num_neighbors)
    graph = _graph(_without_itself(torch.cdist(embeddings, embeddings, p=1)), num_neighbors)
    return _rate((graph + graph.T) / (2 * num_neighbors))


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_without_diagonal(embeddings, num_neighbors):
    """the diagonal is 0, so that rows do not sum to 0"""
    return _off_diagonal(nearest_neighbor_rate(embeddings, num_neighbors))


@mistake(of=nearest_neighbor_rate, seen="arXiv:2107.03006, appendix A.2.4")
def nearest_neighbor_rate_without_check(embeddings, num_neighbors):
    """no neighbours, or more than there are, are accepted"""
    return nearest_neighbor_rate(embeddings, min(max(num_neighbors, 1), len(embeddings) - 1))


@mistake(of=rate_transition, seen="textbook")
def rate_transition_of_each_entry(rate, time):
    """the exponential is taken of every entry instead of the matrix"""
    return torch.exp(time[..., None, None] * rate)


@mistake(of=rate_transition, seen="textbook")
def rate_transition_to_first_order(rate, time):
    """I + time R is returned, which is right for short times only and turns negative"""
    return _identity(rate, len(rate)) + time[..., None, None] * rate


@mistake(of=rate_transition, seen="E000-2")
def rate_transition_with_columns_for_rows(rate, time):
    """the matrix is column-stochastic, Q[to, from]"""
    return rate_transition(rate, time).mT.clone()


@mistake(of=rate_transition, seen="textbook")
def rate_transition_of_symmetric_rates(rate, time):
    """the eigenvectors are taken to be orthogonal, which holds for symmetric rates only"""
    values, vectors = torch.linalg.eigh(rate)
    return vectors * torch.exp(time[..., None] * values)[..., None, :] @ vectors.T


@mistake(of=rate_transition, seen="google-research d3pm/text, exponents")
def rate_transition_over_total_time(rate, time):
    """times are added up along the first axis, so that one-step matrices are cumulative ones"""
    return rate_transition(rate, time.cumsum(0))


@mistake(of=mask_and_replace_transition, seen="catalogue R000-014")
def mask_and_replace_transition_that_counts_mask(keep, mask, num_classes):
    """MASK counts as one of the classes among which the replacement is shared, so that rows sum to less than 1"""
    matrix = mask_and_replace_transition(keep, mask, num_classes)
    excess = (1 - keep - mask)[..., None, None] * (1 / num_classes - 1 / (num_classes + 1))
    matrix[..., :-1, :-1] -= excess
    return matrix


@mistake(of=mask_and_replace_transition, seen="catalogue R000-014")
def mask_and_replace_transition_with_mask_first(keep, mask, num_classes):
    """MASK is class 0 instead of the last"""
    return mask_and_replace_transition(keep, mask, num_classes).roll((1, 1), (-2, -1))


@mistake(of=mask_and_replace_transition, seen="E000-2")
def mask_and_replace_transition_with_columns_for_rows(keep, mask, num_classes):
    """the matrix is the paper's, which is column-stochastic, Q[to, from]"""
    return mask_and_replace_transition(keep, mask, num_classes).mT.clone()


@mistake(of=mask_and_replace_transition, seen="catalogue R000-014")
def mask_and_replace_transition_that_stays_with_keep_only(keep, mask, num_classes):
    """a token stays with probability keep, without the share of being replaced by itself"""
    matrix = mask_and_replace_transition(keep, mask, num_classes)
    share = (1 - keep - mask)[..., None] / num_classes
    matrix[..., :-1, :-1] -= torch.diag_embed(share.expand(*keep.shape, num_classes))
    return matrix


@mistake(of=mask_and_replace_transition, seen="catalogue R000-014")
def mask_and_replace_transition_that_unmasks(keep, mask, num_classes):
    """MASK is replaced like any other token instead of staying"""
    matrix = mask_and_replace_transition(keep, mask, num_classes)
    replace = (1 - keep - mask)[..., None] / num_classes
    matrix[..., -1, :] = torch.cat([replace.expand(*keep.shape, num_classes), (keep + mask)[..., None]], -1)
    return matrix


@mistake(of=mask_and_replace_transition, seen="catalogue R000-014")
def mask_and_replace_transition_that_is_not_divided(keep, mask, num_classes):
    """each class is drawn with the probability of any replacement instead of an N-th of it"""
    matrix = mask_and_replace_transition(keep, mask, num_classes)
    matrix[..., :-1, :-1] += (1 - keep - mask)[..., None, None] * (1 - 1 / num_classes)
    return matrix


@mistake(of=mask_and_replace_transition, seen="arXiv:2111.14822, section 4.1")
def mask_and_replace_transition_without_check(keep, mask, num_classes):
    """a single class, or none, is accepted"""
    return mask_and_replace_transition(keep, mask, max(num_classes, 2))


@mistake(of=mask_and_replace_schedule, seen="catalogue R000-014")
def mask_and_replace_schedule_with_mask_by_difference(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """a step masks what the total grows by, as a fraction of all tokens instead of those not yet masked"""
    keep, mask, keep_bar, mask_bar = mask_and_replace_schedule(num_steps, keep_start, keep_end, mask_start, mask_end)
    return MaskAndReplaceSchedule(keep, torch.cat([mask[:1], mask_bar.diff()]), keep_bar, mask_bar)


@mistake(of=mask_and_replace_schedule, seen="catalogue R000-014")
def mask_and_replace_schedule_with_product_of_masks(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """mask multiplies up to mask_bar, instead of 1 - mask to 1 - mask_bar"""
    keep, mask, keep_bar, mask_bar = mask_and_replace_schedule(num_steps, keep_start, keep_end, mask_start, mask_end)
    return MaskAndReplaceSchedule(keep, torch.cat([mask[:1], mask_bar[1:] / mask_bar[:-1]]), keep_bar, mask_bar)


@mistake(of=mask_and_replace_schedule, seen="catalogue R000-014")
def mask_and_replace_schedule_with_totals_for_steps(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """the cumulative probabilities are used in every step"""
    _, _, keep_bar, mask_bar = mask_and_replace_schedule(num_steps, keep_start, keep_end, mask_start, mask_end)
    return MaskAndReplaceSchedule(keep_bar.clone(), mask_bar.clone(), keep_bar, mask_bar)


@mistake(of=mask_and_replace_schedule, seen="microsoft/VQ-Diffusion, sentinel at index -1")
def mask_and_replace_schedule_without_time_zero(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """the first step changes nothing, as if the table began at time 0"""
    keep, mask, keep_bar, mask_bar = mask_and_replace_schedule(num_steps, keep_start, keep_end, mask_start, mask_end)
    return MaskAndReplaceSchedule(
        torch.cat([torch.ones_like(keep[:1]), keep[1:]]),
        torch.cat([torch.zeros_like(mask[:1]), mask[1:]]),
        keep_bar,
        mask_bar,
    )


@mistake(of=mask_and_replace_schedule, seen="catalogue R000-014")
def mask_and_replace_schedule_without_last_level(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """the lines stop one step before their ends"""
    mask_and_replace_schedule(num_steps, keep_start, keep_end, mask_start, mask_end)
    longer = mask_and_replace_schedule(num_steps + 1, keep_start, keep_end, mask_start, mask_end)
    return MaskAndReplaceSchedule(*(table[:-1].clone() for table in longer))


@mistake(of=mask_and_replace_schedule, seen="catalogue R000-014")
def mask_and_replace_schedule_without_check(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """ends that were chosen apart are accepted, and a token is replaced with probability below 0"""
    keep_bar = torch.linspace(keep_start, keep_end, num_steps, dtype=torch.float64)
    mask_bar = torch.linspace(mask_start, mask_end, num_steps, dtype=torch.float64)
    keep = keep_bar / torch.cat([keep_bar.new_ones(1), keep_bar])[:num_steps]
    mask = 1 - (1 - mask_bar) / (1 - torch.cat([mask_bar.new_zeros(1), mask_bar])[:num_steps])
    return MaskAndReplaceSchedule(keep, mask, keep_bar, mask_bar)


@mistake(of=mask_and_replace_schedule, seen="catalogue R000-014")
def mask_and_replace_schedule_that_checks_sums_alone(
    num_steps, keep_start=0.99999, keep_end=9e-6, mask_start=9e-6, mask_end=0.99999
):
    """keep / (1 - mask) may rise as long as keep + mask stays below 1, which replaces with probability below 0"""
    sums = keep_start + mask_start <= 1 and keep_end + mask_end <= 1
    if num_steps < 2 or not (sums and 0 <= mask_start <= mask_end and keep_start > 0 and keep_end >= 0):
        raise ValueError("no probabilities")
    keep_bar = torch.linspace(keep_start, keep_end, num_steps, dtype=torch.float64)
    mask_bar = torch.linspace(mask_start, mask_end, num_steps, dtype=torch.float64)
    keep = torch.cat([keep_bar[:1], keep_bar[1:] / keep_bar[:-1]])
    mask = torch.cat([mask_bar[:1], 1 - (1 - mask_bar[1:]) / (1 - mask_bar[:-1])])
    return MaskAndReplaceSchedule(keep, mask, keep_bar, mask_bar)


@mistake(of=unsquared_cosine_beta_schedule, seen="arXiv:2102.05379, code")
def unsquared_cosine_beta_schedule_squared(num_steps, offset=0.008, max_beta=0.999):
    """the cosine is squared, as in Gaussian diffusion"""
    return cosine_beta_schedule(num_steps, offset, max_beta)


@mistake(of=unsquared_cosine_beta_schedule, seen="arXiv:2102.05379, code")
def unsquared_cosine_beta_schedule_without_offset(num_steps, offset=0.008, max_beta=0.999):
    """the cosine starts at time 0 instead of the offset"""
    return unsquared_cosine_beta_schedule(num_steps, 0.0, max_beta)


@mistake(of=unsquared_cosine_beta_schedule, seen="arXiv:2102.05379, code")
def unsquared_cosine_beta_schedule_without_cap(num_steps, offset=0.008, max_beta=0.999):
    """the last beta is 1, whatever the cap"""
    unsquared_cosine_beta_schedule(num_steps, offset, max_beta)
    return unsquared_cosine_beta_schedule(num_steps, offset, 1.0)


@mistake(of=unsquared_cosine_beta_schedule, seen="arXiv:2102.05379, code")
def unsquared_cosine_beta_schedule_without_check(num_steps, offset=0.008, max_beta=0.999):
    """a single step, or a cap that is no probability, is accepted"""
    table = betas_for_alpha_bar(lambda time: cosine_alpha_bar(time, offset).sqrt(), max(num_steps, 2), 1.0)
    return table.clamp(max=max_beta)[-num_steps:]


@mistake(of=mutual_information, seen="arXiv:2107.03006, section 3.2")
def mutual_information_in_bits(transition, prior):
    """the information is in bits instead of nats"""
    return mutual_information(transition, prior) / math.log(2)


@mistake(of=mutual_information, seen="arXiv:2107.03006, section 3.2")
def mutual_information_that_is_entropy(transition, prior):
    """the entropy of x_t is returned, without what is left of it once x_0 is known"""
    return torch.special.entr(prior @ transition.clamp(min=0)).sum(-1)


@mistake(of=mutual_information, seen="arXiv:2107.03006, section 3.2")
def mutual_information_of_uniform_data(transition, prior):
    """all classes are taken to be equally frequent"""
    return mutual_information(transition, torch.full_like(prior, 1 / len(prior)))


@mistake(of=mutual_information, seen="arXiv:2107.03006, section 3.2")
def mutual_information_without_weights(transition, prior):
    """the entropies of the rows are averaged without the prior's weights"""
    transition = transition.clamp(min=0)
    rows = torch.special.entr(transition).sum(-1).mean(-1)
    return torch.special.entr(prior @ transition).sum(-1) - rows


@mistake(of=mutual_information, seen="textbook")
def mutual_information_with_log_of_zero(transition, prior):
    """0 log 0 is NaN"""
    marginal = prior @ transition
    return (prior[:, None] * transition * (transition / marginal[..., None, :]).log()).sum((-2, -1))


@mistake(of=mutual_information, seen="textbook")
def mutual_information_of_negative_rounding(transition, prior):
    """an entry that rounding took below 0 makes the information infinite"""
    conditional = (torch.special.entr(transition) * prior[:, None]).sum((-2, -1))
    return torch.special.entr(prior @ transition).sum(-1) - conditional


@mistake(of=mutual_information_times, seen="google-research d3pm/text, build_mutual_information_schedule")
def mutual_information_times_that_end_early(family, prior, num_steps):
    """the last step leaves 1 / (T + 1) of the information"""
    mutual_information_times(family, prior, num_steps)
    return mutual_information_times(family, prior, num_steps + 1)[:-1].clone()


@mistake(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_at_equal_intervals(family, prior, num_steps):
    """times are equally spaced, whatever the family loses between them"""
    times = mutual_information_times(family, prior, num_steps)
    return torch.arange(1, num_steps + 1, dtype=times.dtype) / num_steps


@mistake(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_of_uniform_data(family, prior, num_steps):
    """all classes are taken to be equally frequent"""
    return mutual_information_times(family, torch.full_like(prior, 1 / len(prior)), num_steps)


@mistake(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_from_zero(family, prior, num_steps):
    """the first time is 0, and the last leaves 1 / T of the information"""
    times = mutual_information_times(family, prior, num_steps)
    return torch.cat([torch.zeros_like(times[:1]), times[:-1]])


@mistake(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_backwards(family, prior, num_steps):
    """the times are listed from the last to the first"""
    return mutual_information_times(family, prior, num_steps).flip(0)


@mistake(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_for_total_loss(family, prior, num_steps):
    """the targets are fractions of the entropy of the data, of which the family may not lose all"""
    times = mutual_information_times(family, prior, num_steps)
    entropy = torch.special.entr(prior).sum()
    grid = torch.linspace(0, 1, 1025, dtype=prior.dtype)
    left = mutual_information(family(grid), prior) / entropy
    found = [grid[left <= 1 - t / num_steps][:1] for t in range(1, num_steps)]
    return torch.stack([time[0] if len(time) else times[-1] for time in found] + [times[-1]])


@mistake(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_without_check(family, prior, num_steps):
    """a family that loses nothing, or a single step, gets a table all the same"""
    try:
        return mutual_information_times(family, prior, num_steps)
    except ValueError:
        return torch.ones(num_steps, dtype=prior.dtype)


@variant(of=mutual_information_times, seen="arXiv:2107.03006, section 3.2")
def mutual_information_times_as_fraction_lost(family, prior, num_steps):
    """the fraction that is lost is the same in bits"""

    def lost(time):
        start, now, end = (mutual_information_in_bits(family(at), prior) for at in (0 * time, time, 0 * time + 1))
        return (start - now) / (start - end)

    mutual_information_times(family, prior, num_steps)
    wanted = torch.arange(1, num_steps + 1, dtype=prior.dtype) / num_steps
    times, step = torch.zeros_like(wanted), 0.5
    for _ in range(53):
        times, step = torch.where(lost(times + step) < wanted, times + step, times), step / 2
    return torch.cat([times[:-1], torch.ones_like(times[:1])])
