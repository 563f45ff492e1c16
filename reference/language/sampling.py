"""The next token: logits reshaped, restricted to some tokens, and drawn from.

A filter keeps the logits of some tokens and sets the others to -inf; the softmax of its result is renormalised over
what is kept, with ratios intact. Filters do not commute, and `sampling_probabilities` states one order.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def temperature_logits(logits: Float[Tensor, "*batch vocab"], temperature: float) -> Float[Tensor, "*batch vocab"]:
    """Logits at a temperature, the largest of which is 0.

        out_i = (z_i - max z) / T,   softmax(out)_i = p_i^(1/T) / sum_j p_j^(1/T)   for p = softmax(z)

    T = 1 leaves the distribution alone, a lower one sharpens it, and T -> infinity makes it uniform.

    Domain: 0 <= T < infinity; else ValueError. T = 0 is the limit: 0 at every maximum, -inf elsewhere. A logit
    of -inf stays one.
    Source: Ackley, Hinton & Sejnowski 1985, section 2; Hinton et al. 2015, arXiv:1503.02531, eq. 1.
    Differs: implementations that return z / T differ by a constant, and divide by 0 at T = 0.
    Notes: R003-232, R004-040.
    """
    if not (temperature >= 0 and math.isfinite(temperature)):
        raise ValueError(f"temperature must be finite and at least 0; got {temperature}")
    below = logits - logits.amax(-1, keepdim=True)
    if temperature == 0:
        return torch.where(below == 0, below, -math.inf)
    return below / temperature


def soft_cap_logits(logits: Float[Tensor, "*batch vocab"], cap: float) -> Float[Tensor, "*batch vocab"]:
    """Logits pressed smoothly into (-cap, cap), in their order.

        out = cap tanh(z / cap)

    Domain: 0 < cap < infinity; else ValueError. Logits far below the cap hardly change; -inf becomes -cap, so mask
    afterwards.
    Source: Gemma team 2024, arXiv:2408.00118, section 2.
    Notes: R003-232.
    """
    if not (cap > 0 and math.isfinite(cap)):
        raise ValueError(f"cap must be finite and positive; got {cap}")
    return cap * torch.tanh(logits / cap)


def penalize_repetition(
    logits: Float[Tensor, "*batch vocab"], ids: Int64[Tensor, "*batch length"], penalty: float
) -> Float[Tensor, "*batch vocab"]:
    """Logits in which the tokens that occur in ids, however often, are made less likely by a factor.

        out_i = z_i / penalty if z_i > 0 else z_i * penalty   for i in ids,   z_i elsewhere

    Domain: 0 < penalty < infinity; else ValueError. 1 changes nothing, and below 1 repetition is favoured. The result
    depends on the constant that logits are free to have.
    Source: Keskar et al. 2019, arXiv:1909.05858, section 4.1.
    Differs: the paper divides negative logits too, which makes those tokens likelier; libraries multiply, as here.
    Notes: R001-099.
    """
    if not (penalty > 0 and math.isfinite(penalty)):
        raise ValueError(f"penalty must be finite and positive; got {penalty}")
    reduced = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(_occurrences(logits, ids) > 0, reduced, logits)


def penalize_frequency(
    logits: Float[Tensor, "*batch vocab"], ids: Int64[Tensor, "*batch length"], frequency: float, presence: float
) -> Float[Tensor, "*batch vocab"]:
    """Logits lowered for each occurrence of a token in ids, and once more for its having occurred at all.

        out_i = z_i - frequency c_i - presence [c_i > 0],   c_i = occurrences of i in ids

    Domain: finite penalties; else ValueError. Negative ones favour repetition.
    Source: OpenAI API reference, "Frequency and presence penalties".
    Differs: some count the prompt and some only what was generated; here ids decide.
    Notes: R001-099.
    """
    if not (math.isfinite(frequency) and math.isfinite(presence)):
        raise ValueError(f"penalties must be finite; got {frequency} and {presence}")
    counts = _occurrences(logits, ids)
    return logits - frequency * counts - presence * (counts > 0)


def top_k_filter(logits: Float[Tensor, "*batch vocab"], k: int) -> Float[Tensor, "*batch vocab"]:
    """Logits of the k largest, and of all that equal the k-th; -inf elsewhere.

    Domain: k >= 1; else ValueError. k = 1 keeps the maxima, and k >= vocab everything.
    Source: Fan et al. 2018, arXiv:1805.04833 (top-k random sampling).
    Differs: implementations that take the indices of a sort keep exactly k of tied logits; some read k = 0 as no
    filter.
    Notes: R001-099, R003-233.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")
    largest = logits.topk(min(k, logits.shape[-1]), dim=-1).values
    return torch.where(logits >= largest.amin(-1, keepdim=True), logits, -math.inf)


def top_p_filter(logits: Float[Tensor, "*batch vocab"], p: float) -> Float[Tensor, "*batch vocab"]:
    """Logits of the fewest tokens whose probability is at least p together, likeliest first; -inf elsewhere.

    A token is kept if the mass before it is below p, so the one that crosses p is. Of equally likely tokens the
    lowest ids are kept.

    Domain: 0 <= p <= 1; else ValueError. p = 0 keeps the likeliest, and p = 1 every token, also those whose probability
    rounding hides.
    Source: Holtzman et al. 2019, arXiv:1904.09751, section 3.1.
    Differs: transformers sorts upwards, so that other ones of tied tokens stay; some read p = 0 as no filter.
    Notes: R001-099, R003-234.
    """
    return _cheapest_of_mass(logits, -logits, p)


def min_p_filter(logits: Float[Tensor, "*batch vocab"], ratio: float) -> Float[Tensor, "*batch vocab"]:
    """Logits of the tokens whose probability is at least a ratio of the likeliest's; -inf elsewhere.

        kept where p_i >= ratio max_j p_j

    Domain: 0 <= ratio <= 1; else ValueError. 0 keeps everything, and 1 the maxima.
    Source: Nguyen et al. 2024, arXiv:2407.01082 (min-p sampling).
    Notes: R003-234.
    """
    if not 0 <= ratio <= 1:
        raise ValueError(f"ratio must be in [0, 1]; got {ratio}")
    relative = torch.exp(logits - logits.amax(-1, keepdim=True))
    return torch.where(relative >= ratio, logits, -math.inf)


def typical_filter(logits: Float[Tensor, "*batch vocab"], mass: float) -> Float[Tensor, "*batch vocab"]:
    """Logits of the fewest tokens of at least the given mass, those of the most typical information first.

        kept in the order of |-log p_i - H(p)|, smallest first, until the sum of p_i is at least mass

    The likeliest token may be dropped. Of equally typical tokens the lowest ids are kept.

    Domain: 0 <= mass <= 1; else ValueError. 0 keeps the most typical one, and 1 everything.
    Source: Meister et al. 2022, arXiv:2202.00666 (locally typical sampling).
    Notes: R003-234.
    """
    log_p = torch.log_softmax(logits, -1)
    negative_entropy = torch.where(log_p > -math.inf, log_p.exp() * log_p, 0).sum(-1, keepdim=True)
    return _cheapest_of_mass(logits, (log_p - negative_entropy).abs(), mass)


def sampling_probabilities(
    logits: Float[Tensor, "*batch vocab"], temperature: float, k: int, p: float
) -> Float[Tensor, "*batch vocab"]:
    """Distribution that the next token is drawn from: at a temperature, of the k likeliest, of these the nucleus.

        softmax(top_p(top_k(z / T)))

    The mass p is measured at the temperature, and on the k tokens renormalised.

    Domain: as `temperature_logits`, `top_k_filter` and `top_p_filter`.
    Source: Holtzman et al. 2019, arXiv:1904.09751, section 3.1; the order is that of transformers and of VAR.
    Differs: some restrict by top-p first, which may keep more; some measure p on what top-k leaves without
    renormalising it.
    Notes: R001-099, R003-236.
    """
    kept = top_p_filter(top_k_filter(temperature_logits(logits, temperature), k), p)
    return torch.softmax(kept, -1)


def inverse_cdf_sample(
    weights: Float[Tensor, "*batch vocab"], uniform: Float[Tensor, "*batch"]
) -> Int64[Tensor, "*batch"]:
    """Token in whose share of [0, 1) the given uniform number falls.

        k with F_{k-1} <= uniform F_V < F_k,   F_k = w_1 + ... + w_k

    Domain: weights >= 0, not all 0, need not sum to one; 0 <= uniform <= 1, where 1 gives the last token of positive
    weight. Tokens of weight 0 are never chosen.
    Source: Devroye 1986, "Non-uniform random variate generation", section III.2.
    Notes: R001-099.
    """
    cumulative = weights.cumsum(-1)
    total = cumulative[..., -1:]
    passed = (cumulative <= uniform[..., None] * total) & (cumulative < total)
    return passed.sum(-1)


def _occurrences(logits: Tensor, ids: Tensor) -> Tensor:
    return torch.zeros_like(logits).scatter_add(-1, ids, torch.ones_like(ids, dtype=logits.dtype))


def _cheapest_of_mass(logits: Tensor, cost: Tensor, mass: float) -> Tensor:
    if not 0 <= mass <= 1:
        raise ValueError(f"the mass to keep must be in [0, 1]; got {mass}")
    if mass == 1:
        return logits.clone()
    order = cost.argsort(dim=-1, stable=True)
    p = torch.softmax(logits, -1).gather(-1, order)
    is_first = torch.arange(p.shape[-1], device=p.device) == 0
    kept = (p.cumsum(-1) - p < mass) | is_first
    return torch.where(torch.zeros_like(kept).scatter(-1, order, kept), logits, -math.inf)
