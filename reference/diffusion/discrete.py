"""Diffusion of categories under any transition matrices: marginals, the step back, its bound and losses, sampling.

Q_t = transitions[t - 1] is the row-stochastic matrix of step t = 1..T, Q_t[i, j] = q(x_t = j | x_{t-1} = i). For a step
back from t to any s < t, `between` is the product of the steps after s, and `cumulative_s` that of those up to s.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.probability.information import kl_divergence


class DiscreteBound(NamedTuple):
    """Terms of the bound on -log p(x_0): terms[0] is the decoder's, terms[t] that of step t + 1."""

    terms: Float[Tensor, "steps batch"]
    prior: Float[Tensor, "batch"]


def cumulative_transitions(
    transitions: Float[Tensor, "steps classes classes"],
) -> Float[Tensor, "steps classes classes"]:
    """Transition matrices from the data to the result of every step.

        out[t - 1] = Q_bar_t = Q_1 Q_2 ... Q_t

    Domain: entries >= 0 and rows that sum to 1 up to the root of the rounding unit; else ValueError.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 3.
    Differs: with column-stochastic matrices, as in VQ-Diffusion, all is transposed and the order reversed.
    Notes: R000-011.
    """
    _check_stochastic(transitions)
    return _cumulative_from_identity(transitions)[1:]


def transition_between(
    transitions: Float[Tensor, "steps classes classes"], s: int, t: int
) -> Float[Tensor, "classes classes"]:
    """Transition matrix from the result of transitions[s] to that of transitions[t].

        transitions[s + 1] transitions[s + 2] ... transitions[t]

    Domain: -1 <= s <= t < T, where -1 stands for the data, and a table as in `cumulative_transitions`; else ValueError.
    The identity at s = t.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 3, from a later start.
    Notes: R000-011.
    """
    _check_stochastic(transitions)
    if not -1 <= s <= t < len(transitions):
        raise ValueError(f"need -1 <= s <= t < {len(transitions)}; got s = {s}, t = {t}")
    return _cumulative_from_identity(transitions[s + 1 : t + 1])[-1]


def categorical_marginal(
    x_0: Float[Tensor, "*batch classes"], cumulative: Float[Tensor, "classes classes"]
) -> Float[Tensor, "*batch classes"]:
    """Probabilities of x_t for data that is one-hot, or given by probabilities itself.

        q(x_t = j) = sum_i x_0[i] Q_bar_t[i, j]

    Domain: rows of x_0 that sum to 1.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 3.
    Notes: R000-011.
    """
    return x_0 @ cumulative


def gumbel_noise(uniform: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Standard Gumbel noise, finite also where the uniform number is 0 or 1.

        G = -log(-log u)

    Domain: 0 <= uniform <= 1. The ends are moved to the nearest numbers inside, 0 to the smallest normal one.
    Source: Gumbel 1954; Maddison et al. 2014, arXiv:1411.0030, section 2.
    Differs: -log(-log(u + e) + e) is common; e = 1e-20 is 0 in float16, where both ends stay infinite.
    Notes: R000-013.
    """
    number = torch.finfo(uniform.dtype)
    return -torch.log(-torch.log(uniform.clamp(number.tiny, 1 - number.eps / 2)))


def gumbel_max(
    logits: Float[Tensor, "*batch classes"], uniform: Float[Tensor, "*batch classes"]
) -> Int64[Tensor, "*batch"]:
    """Sample of a categorical distribution for the given uniform numbers.

        k = argmax_j (logits[j] + G_j),   P(k) = softmax(logits)[k]

    Domain: logits are log probabilities up to a constant; -inf is never chosen if another one is finite.
    0 <= uniform <= 1. Uniform numbers with 24 random bits choose classes of probability below 2^-23 too rarely.
    Source: Maddison et al. 2014, arXiv:1411.0030, section 2.
    Notes: R000-013.
    """
    return (logits + gumbel_noise(uniform)).argmax(-1)


def log_add_exp(x: Float[Tensor, "*shape"], y: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Logarithm of a sum whose terms are given by their logarithms.

        log(exp x + exp y) = max(x, y) + log(1 + exp(-|x - y|)),   gradient softmax([x, y]), also at x = y

    Domain: every real number, and -inf for one of the two; if both are, the value is -inf and the gradient NaN.
    Source: Blanchard et al. 2021, "Accurately computing the log-sum-exp and softmax functions".
    Notes: R000-012.
    """
    return torch.logaddexp(x, y)


def categorical_posterior(
    x_t: Int64[Tensor, "*batch"],
    x_0: Int64[Tensor, "*batch"],
    between: Float[Tensor, "classes classes"],
    cumulative_s: Float[Tensor, "classes classes"],
) -> Float[Tensor, "*batch classes"]:
    """Probabilities q(x_s | x_t, x_0) of the state at s, for the matrix `between` from s to t.

        q(x_s = j | x_t, x_0) = between[j, x_t] cumulative_s[x_0, j] / (cumulative_s between)[x_0, x_t]

    Domain: classes 0..K-1. At cumulative_s = I, where x_s is the data, it is one-hot x_0. Where x_0 cannot reach x_t
    there is no posterior: the row is NaN.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 3, where s = t - 1.
    Differs: implementations that add an epsilon inside the logarithms return something for impossible pairs.
    Notes: R000-012.
    """
    return _normalized(between.T[x_t] * cumulative_s[x_0])


def reverse_from_joint(
    x_t: Int64[Tensor, "*batch"],
    probabilities: Float[Tensor, "*batch classes"],
    between: Float[Tensor, "classes classes"],
    cumulative_s: Float[Tensor, "classes classes"],
) -> Float[Tensor, "*batch classes"]:
    """Probabilities of x_s from those of x_0, by weighing pairs (x_s, x_t) as if x_t told nothing about x_0.

        p(x_s = j | x_t) ~ between[j, x_t] sum_i p_i cumulative_s[i, j]

    Exact if p is the distribution of the data itself, before x_t is seen. For an absorbing chain and p(MASK) = 0 it
    agrees with `reverse_from_mixture`.

    Domain: rows of probabilities that sum to 1. NaN where p cannot reach x_t.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 4.
    Differs: see `reverse_from_mixture`, which suits a network that is trained to predict q(x_0 | x_t).
    Notes: R000-012.
    """
    return _normalized(between.T[x_t] * (probabilities @ cumulative_s))


def reverse_from_mixture(
    x_t: Int64[Tensor, "*batch"],
    probabilities: Float[Tensor, "*batch classes"],
    between: Float[Tensor, "classes classes"],
    cumulative_s: Float[Tensor, "classes classes"],
) -> Float[Tensor, "*batch classes"]:
    """Probabilities of x_s as the mean of the posteriors of every x_0, weighed by its probability given x_t.

        p(x_s = j | x_t) = sum_i p_i q(x_s = j | x_t, x_0 = i)

    The sum goes over the classes i that can reach x_t, and their p_i are scaled to sum to 1. Exact if p is
    q(x_0 | x_t). At cumulative_s = I it is p, restricted to those classes.

    Domain: rows of probabilities. NaN where none of the classes that can reach x_t has any; elsewhere gradients are
        finite too.
    Source: Gu et al. 2021 (VQ-Diffusion), arXiv:2111.14822, section 4.2.
    Differs: D3PM's code takes `reverse_from_joint`.
    Notes: R000-012.
    """
    reach = (cumulative_s @ between).T[x_t]
    weights = probabilities / torch.where(reach > 0, reach, torch.inf)
    return _normalized(between.T[x_t] * (weights @ cumulative_s))


def auxiliary_cross_entropy(
    logits: Float[Tensor, "*batch classes"], x_0: Int64[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """Negative log probability of the data under the predicted one, in nats: D3PM's auxiliary loss.

        -log softmax(logits)[x_0]

    Domain: classes 0..K-1.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 5.
    Notes: R000-019.
    """
    return -logits.log_softmax(-1).gather(-1, x_0[..., None]).squeeze(-1)


def discrete_variational_bound(
    x_0: Int64[Tensor, "batch"],
    transitions: Float[Tensor, "steps classes classes"],
    reverse: Float[Tensor, "steps classes classes"],
    prior: Float[Tensor, "classes"],
) -> DiscreteBound:
    """Every term of the bound on -log p(x_0) of one variable, in nats, with exact expectations over x_t.

        -log p(x_0) <= KL(q(x_T | x_0) || prior) - E_{q(x_1 | x_0)} log p(x_0 | x_1)
                       + sum_{t=2..T} E_{q(x_t | x_0)} KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t))

    reverse[t - 1, i, j] is the model's p(x_{t-1} = j | x_t = i). Each mean is taken at once, over the pairs (j, i), as
    KL(q(j, i | x_0) || q(i | x_0) p(j | i)), which at t = 1, where j = x_0 for certain, is -E log p(x_0 | x_1).

    Domain: T >= 1; row-stochastic tables. Infinite where the model misses a step that is possible.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 1.
    Differs: Monte Carlo estimates draw t with probability p_t and divide its term by p_t.
    Notes: R000-019.
    """
    cumulative, terms = _cumulative_from_identity(transitions), []
    for t in range(len(transitions)):
        pairs = cumulative[t][x_0][:, :, None] * transitions[t]
        model = pairs.sum(1, keepdim=True) * reverse[t].T
        terms.append(kl_divergence(pairs.flatten(1), model.flatten(1)))
    last = cumulative[-1][x_0]
    return DiscreteBound(torch.stack(terms), kl_divergence(last, prior.expand_as(last)))


def d3pm_loss(
    denoiser: Callable[[Tensor, int], Tensor],
    x_0: Int64[Tensor, "batch length"],
    t: int,
    uniform: Float[Tensor, "batch length classes"],
    transitions: Float[Tensor, "steps classes classes"],
    coefficient: float,
) -> Float[Tensor, "batch"]:
    """Loss of one step of each sequence in nats: its term of the bound, and the auxiliary cross-entropy.

        sum over positions of KL(q(x_s | x_t, x_0) || p(x_s | x_t)) - coefficient log softmax(logits)[x_0]

    x_t, the result of transitions[t], is drawn by `gumbel_max`, and logits = denoiser(x_t, t) are those of x_0. x_s is
    what transitions[t] starts from, and p(x_s | x_t) is `reverse_from_mixture` of softmax(logits). At t = 0, where x_s
    is the data, the divergence is -log p(x_0 | x_t).

    Domain: 0 <= t < T and coefficient >= 0, else ValueError; row-stochastic transitions, which are not checked here.
        Gradients are finite wherever the loss is.
    Source: Austin et al. 2021 (D3PM), arXiv:2107.03006, eq. 5; Gu et al. 2021, arXiv:2111.14822, section 4.2.
    Differs: D3PM's code takes `reverse_from_joint` and means over positions. The bound is T times the mean
    over t, plus the prior's term.
    Notes: R000-019.
    """
    if not 0 <= t < len(transitions):
        raise ValueError(f"t must lie in 0..{len(transitions) - 1}; got {t}")
    if not coefficient >= 0:
        raise ValueError(f"coefficient must not be negative; got {coefficient}")
    before = _cumulative_from_identity(transitions[:t])[-1]
    x_t = gumbel_max((before @ transitions[t])[x_0].log(), uniform)
    logits = denoiser(x_t, t)
    posterior = categorical_posterior(x_t, x_0, transitions[t], before)
    reverse = reverse_from_mixture(x_t, logits.softmax(-1), transitions[t], before)
    return (kl_divergence(posterior, reverse) + coefficient * auxiliary_cross_entropy(logits, x_0)).sum(1)


def substitution_log_probabilities(
    logits: Float[Tensor, "*batch classes"], x_t: Int64[Tensor, "*batch"], absorbing: int
) -> Float[Tensor, "*batch classes"]:
    """Log probabilities of x_0 that never name MASK and carry over what is not masked.

        x_t = MASK: log softmax over the classes other than MASK, -inf for MASK;   else log one-hot x_t

    Domain: 0 <= absorbing < K, the class MASK; else ValueError. Finite for every possible token, in float16 too.
    Source: Sahoo et al. 2024 (MDLM), arXiv:2406.07524, section 3.2 (SUBS).
    Differs: MDLM's code adds -1e6 for -inf, which float16 cannot hold.
    Notes: R000-012.
    """
    classes = logits.shape[-1]
    if not 0 <= absorbing < classes:
        raise ValueError(f"absorbing must lie in 0..{classes - 1}; got {absorbing}")
    token = torch.arange(classes, device=logits.device)
    predicted = torch.where(token == absorbing, -torch.inf, logits).log_softmax(-1)
    carried = (token == x_t[..., None]).to(logits.dtype).log()
    return torch.where((x_t == absorbing)[..., None], predicted, carried)


def mask_and_replace_marginal(
    x_0: Float[Tensor, "*batch tokens"], keep_bar: Float[Tensor, "*#batch 1"], mask_bar: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch tokens+1"]:
    """Probabilities of x_t under mask-and-replace, MASK last, without a matrix.

        q(x_t = k) = keep_bar x_0[k] + (1 - keep_bar - mask_bar) / N,   q(x_t = MASK) = mask_bar

    keep_bar is the product of all keep = a, mask_bar is 1 minus that of all 1 - mask = 1 - c, for steps that turn a
    token into MASK with c, else keep it with a and replace it by any of the N tokens, itself included, with the rest.

    Domain: keep_bar >= 0, mask_bar >= 0, keep_bar + mask_bar <= 1; rows of x_0 that sum to 1. In float32
    1 - keep_bar - mask_bar cancels near the ends, where it is small beside 1, and may round to less than 0.
    Source: Gu et al. 2021 (VQ-Diffusion), arXiv:2111.14822, section 4.1.
    Notes: R000-011, R000-014.
    """
    replaced = (1 - keep_bar - mask_bar) / x_0.shape[-1]
    return torch.cat([keep_bar * x_0 + replaced, mask_bar.expand(*x_0.shape[:-1], 1)], -1)


def mask_and_replace_reverse(
    x_t: Int64[Tensor, "*batch"],
    probabilities: Float[Tensor, "*batch tokens"],
    keep: Float[Tensor, "*#batch 1"],
    mask: Float[Tensor, "*#batch 1"],
    keep_bar_s: Float[Tensor, "*#batch 1"],
    mask_bar_s: Float[Tensor, "*#batch 1"],
) -> Float[Tensor, "*batch tokens+1"]:
    """Probabilities of x_s under mask-and-replace, MASK last, as the mean of posteriors, without a matrix.

        p(x_s = j | x_t) = sum_i p_i q(x_s = j | x_t, x_0 = i)
                         ~ q(x_t | x_s = j) sum_i w_i q(x_s = j | x_0 = i),   w_i ~ p_i / q(x_t | x_0 = i)

    Steps from s to t keep a token with `keep`, mask it with `mask` and replace it with r = 1 - keep - mask; those up to
    s do so with keep_bar_s, mask_bar_s and r_s. MASK is reached by all tokens alike, so that w = p, and x_t = k by

        q(x_t = k | x_0 = i) = keep keep_bar_s [i = k] + (keep r_s + r (1 - mask_bar_s)) / N

    It is `reverse_from_mixture` for matrices `mask_and_replace_transition` and data that is never MASK, in time that
    grows as N. The sum goes over the tokens that can reach x_t. At keep_bar_s = 1 it is p, restricted to those.

    Domain: x_t in 0..N, where N is MASK; both keep and mask, and float32, as in `mask_and_replace_marginal`. NaN where
    none of the tokens that can reach x_t has any probability.
    Source: Gu et al. 2021 (VQ-Diffusion), arXiv:2111.14822, eq. 11, by the closed form of eq. 8 and the appendix.
    Differs: implementations in logarithms return something for impossible x_t, where they cut log 0 at -70.
    Notes: R000-012, R000-014.
    """
    tokens = probabilities.shape[-1]
    masked = (x_t == tokens)[..., None]
    same = x_t[..., None] == torch.arange(tokens, device=x_t.device)
    replaced = 1 - keep - mask
    replaced_t = keep * (1 - keep_bar_s - mask_bar_s) + replaced * (1 - mask_bar_s)
    reach = torch.where(masked, 1, keep * keep_bar_s * same + replaced_t / tokens)
    weights = _normalized(probabilities / torch.where(reach > 0, reach, torch.inf))
    last = torch.where(masked, mask, keep * same + replaced / tokens)
    likelihood = torch.cat([last, masked.to(last.dtype)], -1)
    return _normalized(likelihood * mask_and_replace_marginal(weights, keep_bar_s, mask_bar_s))


def discrete_sample(
    denoiser: Callable[[Tensor, int], Tensor],
    x_T: Int64[Tensor, "*batch"],
    uniform: Float[Tensor, "steps *batch classes"],
    transitions: Float[Tensor, "steps classes classes"],
) -> Int64[Tensor, "*batch"]:
    """Sample of x_0, one step back at a time from x_T.

        for t = T-1..0:   x_s = gumbel_max(log p(x_s | x_t), uniform[t]),   which is x_t for the next t

    x_t is the result of transitions[t], and p(x_s | x_t) is `reverse_from_mixture` of softmax(denoiser(x_t, t)).

    Domain: row-stochastic transitions, which are not checked here; 0 <= uniform <= 1.
    Source: Gu et al. 2021 (VQ-Diffusion), arXiv:2111.14822, section 4.2.
    Differs: D3PM's code takes `reverse_from_joint` and leaves out the noise at t = 0, so that it returns the mode.
    Notes: R000-012, R000-013.
    """
    cumulative, x = _cumulative_from_identity(transitions), x_T.clone()
    for t in reversed(range(len(transitions))):
        probabilities = denoiser(x, t).softmax(-1)
        x = gumbel_max(reverse_from_mixture(x, probabilities, transitions[t], cumulative[t]).log(), uniform[t])
    return x


def _cumulative_from_identity(
    transitions: Float[Tensor, "steps classes classes"],
) -> Float[Tensor, "steps+1 classes classes"]:
    """I, Q_1, Q_1 Q_2, ...: entry t leads from the data to what transitions[t] starts from."""
    *_, classes = transitions.shape
    products = [torch.eye(classes, dtype=transitions.dtype, device=transitions.device)]
    for transition in transitions:
        products.append(products[-1] @ transition)
    return torch.stack(products)


def _normalized(weights: Float[Tensor, "*batch classes"]) -> Float[Tensor, "*batch classes"]:
    return weights / weights.sum(-1, keepdim=True)


def _check_stochastic(transitions: Float[Tensor, "steps classes classes"]) -> None:
    sums = transitions.sum(-1)
    if (transitions < 0).any() or not ((sums - 1).abs() <= torch.finfo(transitions.dtype).eps ** 0.5).all():
        raise ValueError(
            f"rows must be probabilities that sum to 1; got sums from {sums.min()} to {sums.max()} "
            f"and entries from {transitions.min()}"
        )
