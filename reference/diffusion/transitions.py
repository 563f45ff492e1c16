"""Transition matrices of discrete diffusion and the schedules made for them.

Matrices are row-stochastic, Q[from, to]: a row vector of probabilities moves on as p Q.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import pad

from reference.diffusion.schedules import betas_for_alpha_bar, cosine_alpha_bar

_HALVINGS = 53  # as many as a float64 in [0, 1] has binary digits


class MaskAndReplaceSchedule(NamedTuple):
    """Probabilities to keep and to mask a token in each step, and (bar) in all the steps up to it."""

    keep: Float[Tensor, "steps"]
    mask: Float[Tensor, "steps"]
    keep_bar: Float[Tensor, "steps"]
    mask_bar: Float[Tensor, "steps"]


def uniform_transition(beta: Float[Tensor, "*steps"], num_classes: int) -> Float[Tensor, "*steps classes classes"]:
    """Matrices that draw a class anew with probability beta, from all K alike.

        Q = (1 - beta) I + beta / K

    Symmetric, so that the uniform distribution is stationary. Products have this form: 1 - beta multiplies.

    Domain: 0 <= beta <= 1; num_classes >= 2, else ValueError.
    Source: Austin et al. 2021, arXiv:2107.03006, section 3.1; Hoogeboom et al. 2021, arXiv:2102.05379, section 4.
    Notes: R000-010.
    """
    _check_at_least_two("num_classes", num_classes)
    beta = beta[..., None, None]
    identity = torch.eye(num_classes, dtype=beta.dtype, device=beta.device)
    return (1 - beta) * identity + beta / num_classes


def absorbing_transition(
    beta: Float[Tensor, "*steps"], num_classes: int, absorbing: int
) -> Float[Tensor, "*steps classes classes"]:
    """Matrices that move to the absorbing class with probability beta and never leave it.

        Q_ij = (1 - beta) [i = j] + beta [j = absorbing]

    Products have this form: 1 - beta multiplies. Rows sum to one, columns do not.

    Domain: 0 <= beta <= 1; num_classes >= 2 and absorbing one of them, else ValueError.
    Source: Austin et al. 2021, arXiv:2107.03006, section 3.1.
    Differs: its code for images absorbs in class K // 2, for text in MASK.
    Notes: R000-010.
    """
    _check_at_least_two("num_classes", num_classes)
    _check_range("absorbing", absorbing, 0, num_classes - 1)
    beta = beta[..., None, None]
    identity = torch.eye(num_classes, dtype=beta.dtype, device=beta.device)
    return (1 - beta) * identity + beta * identity[absorbing]


def discretized_gaussian_transition(
    beta: Float[Tensor, "*steps"], num_classes: int
) -> Float[Tensor, "*steps classes classes"]:
    """Matrices that move to near classes rather than far ones, as a Gaussian on K points of an interval of length 2.

        Q_ij = w(i - j) / sum_{|n| < K} w(n) for i != j,   w(n) = exp(-(2 n / (K - 1))^2 / beta)

    What would leave the interval stays on the diagonal, so that Q is symmetric and the uniform distribution stationary.

    Domain: beta >= 0, the identity at 0; num_classes >= 2, else ValueError.
    Source: Austin et al. 2021, arXiv:2107.03006, appendix A.2.3.
    Differs: its code for images takes 510 n / (K - 1)^2 for 2 n / (K - 1), which agrees at K = 256; that for text
    2 K n / (K - 1)^2.
    Notes: R000-016.
    """
    _check_at_least_two("num_classes", num_classes)
    return banded_gaussian_transition(beta, num_classes, num_classes - 1)


def banded_gaussian_transition(
    beta: Float[Tensor, "*steps"], num_classes: int, band: int
) -> Float[Tensor, "*steps classes classes"]:
    """Discretised Gaussian matrices without the moves by more than `band` classes.

        Q_ij = w(i - j) / sum_{|n| <= band} w(n) for 0 < |i - j| <= band,   w(n) = exp(-(2 n / (K - 1))^2 / beta)

    Domain: beta >= 0, the identity at 0; 1 <= band <= num_classes - 1, else ValueError.
    Source: code of Austin et al. 2021, arXiv:2107.03006 ("transition_bands").
    Notes: R000-016.
    """
    _check_range("band", band, 1, num_classes - 1)
    n = torch.arange(1, band + 1, dtype=beta.dtype, device=beta.device)
    weight = torch.exp(-((2 * n / (num_classes - 1)) ** 2) / beta[..., None])
    move = weight / (1 + 2 * weight.sum(-1, keepdim=True))
    distance = _distances(num_classes, beta.device).clamp(max=band + 1)
    return _with_rest_on_diagonal(pad(move, (1, 1))[..., distance])


def banded_transition(
    beta: Float[Tensor, "*steps"], num_classes: int, band: int
) -> Float[Tensor, "*steps classes classes"]:
    """Matrices that move to each class at most `band` away with probability beta / K.

        Q_ij = beta / K for 0 < |i - j| <= band, the rest on the diagonal

    At band = K - 1 the uniform transition.

    Domain: 0 <= beta <= 1; 1 <= band <= num_classes - 1, else ValueError.
    Source: code of Austin et al. 2021, arXiv:2107.03006 ("transition_bands").
    Differs: its code for text normalises a 0/1 band, asymmetric for even widths, and is not doubly stochastic.
    Notes: R000-010.
    """
    _check_range("band", band, 1, num_classes - 1)
    within = _distances(num_classes, beta.device) <= band
    return _with_rest_on_diagonal(beta[..., None, None] / num_classes * within)


def nearest_neighbor_rate(
    embeddings: Float[Tensor, "classes dim"], num_neighbors: int
) -> Float[Tensor, "classes classes"]:
    """Rates at which classes turn into those with embeddings nearby, symmetric and on average 1 in total.

        R = (G + G^T) / (2 k) off the diagonal,   R_ii = -sum_{j != i} R_ij

    G_ij is 1 where j is one of the k other classes nearest to i. Among equally near ones the choice is free.

    Domain: 1 <= num_neighbors <= classes - 1; else ValueError.
    Source: Austin et al. 2021, arXiv:2107.03006, appendix A.2.4.
    Differs: one class of its code ("NearestNeighborDiffusion") leaves out 1 / (2 k), or scales G + G^T by Sinkhorn.
    Notes: R000-010.
    """
    _check_range("num_neighbors", num_neighbors, 1, len(embeddings) - 1)
    distance = (embeddings[:, None] - embeddings).norm(dim=-1)
    itself = torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
    nearest = distance.masked_fill(itself, torch.inf).topk(num_neighbors, largest=False).indices
    graph = torch.zeros_like(distance).scatter(1, nearest, 1.0)
    rate = (graph + graph.T) / (2 * num_neighbors)
    return rate - torch.diag(rate.sum(-1))


def rate_transition(
    rate: Float[Tensor, "classes classes"], time: Float[Tensor, "*steps"]
) -> Float[Tensor, "*steps classes classes"]:
    """Matrices of a chain that runs at constant rates for the given times.

        Q = exp(time R), the matrix exponential

    They commute and times add up. Symmetric rates give symmetric matrices.

    Domain: time >= 0, rates >= 0 off the diagonal, in rows that sum to 0.
    Source: Austin et al. 2021, arXiv:2107.03006, appendix A.2.4.
    Notes: R000-010.
    """
    return torch.linalg.matrix_exp(time[..., None, None] * rate)


def mask_and_replace_transition(
    keep: Float[Tensor, "*steps"], mask: Float[Tensor, "*steps"], num_classes: int
) -> Float[Tensor, "*steps states states"]:
    """Matrices that keep, replace or mask a token, over N classes and MASK, which comes last and absorbs.

        Q_ij = keep [i = j] + (1 - keep - mask) / N,   Q_iN = mask for i, j < N,   Q_NN = 1

    A token stays with probability keep + (1 - keep - mask) / N. Products have this form: keep and 1 - mask multiply.

    Domain: keep, mask >= 0, keep + mask <= 1; num_classes >= 2, else ValueError. MASK is not counted among them.
    Source: Gu et al. 2021, arXiv:2111.14822, section 4.1.
    Differs: the paper's matrix is the transpose, and its alpha, beta and gamma are keep, the replacement and mask.
    Notes: R000-014.
    """
    _check_at_least_two("num_classes", num_classes)
    keep = keep[..., None, None]
    mask = mask[..., None, None]
    identity = torch.eye(num_classes, dtype=keep.dtype, device=keep.device)
    matrix = pad(keep * identity + (1 - keep - mask) / num_classes, (0, 1, 0, 1))
    matrix[..., :-1, -1:] = mask
    matrix[..., -1, -1] = 1
    return matrix


def mask_and_replace_schedule(
    num_steps: int,
    keep_start: float = 0.99999,
    keep_end: float = 9e-6,
    mask_start: float = 9e-6,
    mask_end: float = 0.99999,
) -> MaskAndReplaceSchedule:
    """Probabilities to keep and to mask a token, whose cumulative ones change by equal amounts.

        keep_bar_t, mask_bar_t = start + (t - 1) / (T - 1) (end - start)
        keep_t = keep_bar_t / keep_bar_{t-1},   mask_t = 1 - (1 - mask_bar_t) / (1 - mask_bar_{t-1})

    with keep_bar_0 = 1, mask_bar_0 = 0.

    Domain: num_steps >= 2, 0 <= mask_start <= mask_end <= 1, 0 < keep_start <= 1 - mask_start, keep_end >= 0, and
    keep / (1 - mask) no larger at the end than at the start, or tokens would be replaced with probability below 0;
    else ValueError.
    Source: Gu et al. 2021, arXiv:2111.14822, section 4.1 and code ("alpha_schedule").
    Notes: R000-014.
    """
    _check_at_least_two("num_steps", num_steps)
    if not 0 <= mask_start <= mask_end:
        raise ValueError(f"mask must not fall, nor begin below 0; got {mask_start} and {mask_end}")
    if not (0 < keep_start <= 1 - mask_start and 0 <= keep_end * (1 - mask_start) <= keep_start * (1 - mask_end)):
        raise ValueError(f"keep / (1 - mask) must fall within [0, 1]; got keep {keep_start} and {keep_end}")
    keep_bar = torch.linspace(keep_start, keep_end, num_steps, dtype=torch.float64)
    mask_bar = torch.linspace(mask_start, mask_end, num_steps, dtype=torch.float64)
    keep = keep_bar / pad(keep_bar[:-1], (1, 0), value=1.0)
    mask = 1 - (1 - mask_bar) / (1 - pad(mask_bar[:-1], (1, 0)))
    return MaskAndReplaceSchedule(keep, mask, keep_bar, mask_bar)


def unsquared_cosine_beta_schedule(
    num_steps: int, offset: float = 0.008, max_beta: float = 0.999
) -> Float[Tensor, "steps"]:
    """Betas of the cosine schedule of discrete diffusion, whose cosine is not squared.

        beta_t = min(1 - f(t / T) / f((t - 1) / T), max_beta),   f(u) = cos(pi / 2 (u + s) / (1 + s)),   s = offset

    Domain: num_steps >= 2, max_beta in (0, 1]; else ValueError.
    Source: Hoogeboom et al. 2021, arXiv:2102.05379, and Austin et al. 2021, arXiv:2107.03006, code ("cosine").
    Differs: `cosine_beta_schedule` squares f.
    Notes: R004-101.
    """
    return betas_for_alpha_bar(lambda time: cosine_alpha_bar(time, offset).sqrt(), num_steps, max_beta)


def mutual_information(
    transition: Float[Tensor, "*batch from to"], prior: Float[Tensor, "from"]
) -> Float[Tensor, "*batch"]:
    """Mutual information of a class and the one that it turned into, in nats.

        I = H(p Q) - sum_i p_i H(Q_i),   H(q) = -sum_j q_j log q_j

    Domain: rows and prior are probabilities; 0 log 0 = 0, and entries that rounding took below 0 count as 0.
    Source: Cover & Thomas 2006, Elements of Information Theory, section 2.4.
    Notes: R000-010.
    """
    transition = transition.clamp(min=0)
    entropy = torch.special.entr(prior @ transition).sum(-1)
    return entropy - (torch.special.entr(transition) * prior[:, None]).sum((-2, -1))


def mutual_information_times(
    family: Callable[[Float[Tensor, "times"]], Float[Tensor, "times classes classes"]],
    prior: Float[Tensor, "classes"],
    num_steps: int,
) -> Float[Tensor, "steps"]:
    """Times in [0, 1] at which a family of cumulative matrices has lost t / T of the information that it ever loses.

        I(s_t) = I(0) + t / T (I(1) - I(0)),   I(s) = mutual_information(family(s), prior),   s_T = 1

    For family(s) = absorbing_transition(s, ...) and data outside the absorbing class, s_t = t / T: the steps between
    have betas 1 / (T - t + 1), those of `jsd_beta_schedule`.

    Domain: num_steps >= 2, I(1) < I(0); else ValueError. I falls on the way. For rates, which lose all only after
    endless time, family(s) = rate_transition(R, s time) with the time at which to end.
    Source: Austin et al. 2021, arXiv:2107.03006, section 3.2.
    Differs: its code for text aims at t / (T + 1), or at t / T with a last step that masks all.
    Notes: R000-010.
    """
    _check_at_least_two("num_steps", num_steps)
    start, end = mutual_information(family(torch.tensor([0, 1], dtype=prior.dtype, device=prior.device)), prior)
    if not end < start:
        raise ValueError(f"the family must lose information from time 0 to 1; got {start:.6g} and {end:.6g} nats")
    fraction = torch.arange(1, num_steps, dtype=prior.dtype, device=prior.device) / num_steps
    lower, upper = torch.zeros_like(fraction), torch.ones_like(fraction)
    for _ in range(_HALVINGS):
        middle = (lower + upper) / 2
        early = mutual_information(family(middle), prior) > start + fraction * (end - start)
        lower, upper = torch.where(early, middle, lower), torch.where(early, upper, middle)
    return pad(upper, (0, 1), value=1.0)


def _distances(num_classes: int, device: torch.device) -> Int64[Tensor, "classes classes"]:
    index = torch.arange(num_classes, device=device)
    return (index[:, None] - index).abs()


def _with_rest_on_diagonal(moves: Float[Tensor, "*steps classes classes"]) -> Float[Tensor, "*steps classes classes"]:
    return moves + torch.diag_embed(1 - moves.sum(-1))


def _check_at_least_two(name: str, value: int) -> None:
    if value < 2:
        raise ValueError(f"{name} must be at least 2; got {value}")


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in {low}..{high}; got {value}")
