"""Linear-chain conditional random fields: scores of tag sequences, sums over all of them, and the best one.

Sequences of one batch may differ in length. A row of `mask` is True up to the length of its sequence, at least 1, and
False after it; what stands in the tensors after that has no effect. Rows of another form are not looked for.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


class LinearChain(NamedTuple):
    """Scores of the first tag, of each tag after each (transitions[from, to]), and of the last tag."""

    start: Float[Tensor, "tags"]
    transitions: Float[Tensor, "tags tags"]
    end: Float[Tensor, "tags"]


def crf_score(
    chain: LinearChain,
    emissions: Float[Tensor, "batch steps tags"],
    tags: Int64[Tensor, "batch steps"],
    mask: Bool[Tensor, "batch steps"],
) -> Float[Tensor, "batch"]:
    """Score of a sequence of tags y: the logarithm of its probability, but for log Z.

        score(y) = start[y_1] + sum_{t<=T} emissions[t, y_t] + sum_{1<t<=T} transitions[y_{t-1}, y_t] + end[y_T]

    Domain: at least one step, and a chain of as many tags as the emissions have; else ValueError. Scores may be -inf
    where a tag is forbidden. Tags 0..K-1; where mask is False, any number.
    Source: Lafferty et al. 2001, "Conditional random fields"; Lample et al. 2016, arXiv:1603.01360, section 2.2.
    Differs: NCRF++ and others keep start and end as two more tags; some store transitions[to, from].
    Notes: R004-053.
    """
    _check_shapes(chain, emissions)
    tags = torch.where(mask, tags, 0)
    last = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
    emitted = emissions.gather(2, tags[:, :, None]).squeeze(2)
    moved = chain.transitions[tags[:, :-1], tags[:, 1:]]
    ends = chain.start[tags[:, 0]] + chain.end[last]
    return ends + torch.where(mask, emitted, 0).sum(1) + torch.where(mask[:, 1:], moved, 0).sum(1)


def crf_log_partition(
    chain: LinearChain, emissions: Float[Tensor, "batch steps tags"], mask: Bool[Tensor, "batch steps"]
) -> Float[Tensor, "batch"]:
    """Logarithm of the sum of exp(score) over all sequences of tags, by the forward recursion.

        log alpha_1(j) = start_j + emissions[1, j]
        log alpha_t(j) = log sum_i exp(log alpha_{t-1}(i) + transitions[i, j]) + emissions[t, j]
        log Z = log sum_j exp(log alpha_T(j) + end_j)

    Its gradient holds the expected number of times that each score is used, 0 for one that is -inf.

    Domain: as for `crf_score`; -inf if every sequence is forbidden.
    Source: Lafferty et al. 2001, "Conditional random fields"; Sutton & McCallum 2010, arXiv:1011.4088, section 4.1.
    Notes: R004-053.
    """
    return _log_sum_exp(_forward(chain, emissions, mask)[:, -1] + chain.end, 1)


def crf_log_likelihood(
    chain: LinearChain,
    emissions: Float[Tensor, "batch steps tags"],
    tags: Int64[Tensor, "batch steps"],
    mask: Bool[Tensor, "batch steps"],
) -> Float[Tensor, "batch"]:
    """Log probability of a sequence of tags given the emissions.

        log p(y | x) = score(y) - log Z

    Domain: as for `crf_score`; NaN if every sequence is forbidden.
    Source: Lafferty et al. 2001, "Conditional random fields"; Lample et al. 2016, arXiv:1603.01360, section 2.2.
    Notes: R004-053.
    """
    return crf_score(chain, emissions, tags, mask) - crf_log_partition(chain, emissions, mask)


def crf_marginals(
    chain: LinearChain, emissions: Float[Tensor, "batch steps tags"], mask: Bool[Tensor, "batch steps"]
) -> Float[Tensor, "batch steps tags"]:
    """Probability of each tag at each step given the emissions, by the forward and the backward recursion.

        log beta_T(i) = end_i
        log beta_t(i) = log sum_j exp(transitions[i, j] + emissions[t + 1, j] + log beta_{t+1}(j))
        p(y_t = i | x) = alpha_t(i) beta_t(i) / Z

    It is the gradient of log Z with respect to the emissions.

    Domain: as for `crf_score`; NaN if every sequence is forbidden. Where mask is False, 0.
    Source: Sutton & McCallum 2010, arXiv:1011.4088, section 4.1.
    Notes: R004-053.
    """
    log_alpha = _forward(chain, emissions, mask)
    log_beta = [chain.end.expand(len(emissions), -1)]
    for t in range(emissions.shape[1] - 1, 0, -1):
        after = emissions[:, t] + log_beta[-1]
        reached = torch.logsumexp(chain.transitions + after[:, None, :], 2)
        log_beta.append(torch.where(mask[:, t, None], reached, chain.end))
    log_joint = log_alpha + torch.stack(log_beta[::-1], 1)
    log_partition = torch.logsumexp(log_joint[:, :1], 2, keepdim=True)
    return torch.where(mask[:, :, None], torch.exp(log_joint - log_partition), 0)


def crf_viterbi(
    chain: LinearChain, emissions: Float[Tensor, "batch steps tags"], mask: Bool[Tensor, "batch steps"]
) -> tuple[Int64[Tensor, "batch steps"], Float[Tensor, "batch"]]:
    """The sequence of tags with the highest score, -1 where mask is False, and its score.

        delta_1(j) = start_j + emissions[1, j]
        delta_t(j) = max_i (delta_{t-1}(i) + transitions[i, j]) + emissions[t, j]

    The sequence is read backwards from the largest delta_T(j) + end_j; of equals the lowest tag is taken at each step.

    Domain: as for `crf_score`. If every sequence is forbidden, -inf and a sequence without meaning.
    Source: Viterbi 1967; Lample et al. 2016, arXiv:1603.01360, section 2.2.
    Differs: pytorch-crf and AllenNLP return lists of tags, without padding.
    Notes: R004-053.
    """
    _check_shapes(chain, emissions)
    same = torch.arange(emissions.shape[2], device=emissions.device)
    delta, origins = chain.start + emissions[:, 0], []
    for t in range(1, emissions.shape[1]):
        best, origin = (delta[:, :, None] + chain.transitions).max(1)
        delta = torch.where(mask[:, t, None], best + emissions[:, t], delta)
        origins.append(torch.where(mask[:, t, None], origin, same))
    path = [(delta + chain.end).argmax(1, keepdim=True)]
    for origin in reversed(origins):
        path.append(origin.gather(1, path[-1]))
    return torch.where(mask, torch.cat(path[::-1], 1), -1), (delta + chain.end).amax(1)


def _forward(chain: LinearChain, emissions: Tensor, mask: Tensor) -> Tensor:
    """log alpha at each step; after the end of a sequence that of its last step."""
    _check_shapes(chain, emissions)
    log_alpha = [chain.start + emissions[:, 0]]
    for t in range(1, emissions.shape[1]):
        reached = _log_sum_exp(log_alpha[-1][:, :, None] + chain.transitions, 1) + emissions[:, t]
        log_alpha.append(torch.where(mask[:, t, None], reached, log_alpha[-1]))
    return torch.stack(log_alpha, 1)


def _log_sum_exp(scores: Tensor, dim: int) -> Tensor:
    """`torch.logsumexp`, but with a gradient of 0 instead of NaN where every score is -inf."""
    highest = scores.detach().amax(dim, keepdim=True).clamp(min=torch.finfo(scores.dtype).min)
    total = (scores - highest).exp().sum(dim)
    forbidden = total == 0
    return torch.where(forbidden, -torch.inf, torch.where(forbidden, 1, total).log() + highest.squeeze(dim))


def _check_shapes(chain: LinearChain, emissions: Tensor) -> None:
    _, steps, tags = emissions.shape
    if steps < 1:
        raise ValueError(f"there must be at least one step; got {steps}")
    if chain.start.shape != (tags,) or chain.transitions.shape != (tags, tags) or chain.end.shape != (tags,):
        shapes = ", ".join(str(tuple(scores.shape)) for scores in chain)
        raise ValueError(f"a chain of shapes {shapes} does not fit emissions of {tags} tags")
