"""Exact draws from one distribution by way of another: rejection sampling and speculative decoding."""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reference.language.sampling import inverse_cdf_sample


def rejection_bound(
    p: Float[Tensor, "*batch outcomes"], q: Float[Tensor, "*batch outcomes"]
) -> Float[Tensor, "*batch"]:
    """Smallest M with p <= M q everywhere: one draw in M from q is accepted.

        M = max_x p(x) / q(x)   over the x with p(x) > 0

    Domain: entries >= 0. M >= 1 if both sum to one; infinite where q misses an outcome that p has.
    Source: von Neumann 1951, "Various techniques used in connection with random digits".
    Notes: R003-235.
    """
    return (p / torch.where(p > 0, q, 1)).amax(-1)


def rejection_mask(
    p_x: Float[Tensor, "*batch"],
    q_x: Float[Tensor, "*batch"],
    bound: Float[Tensor, "*#batch"],
    uniform: Float[Tensor, "*batch"],
) -> Bool[Tensor, "*batch"]:
    """Which draws x ~ q are accepted, for the given uniform numbers: what is accepted is distributed as p.

        accept if uniform bound q(x) < p(x), with probability p(x) / (bound q(x)); at the rate 1 / bound overall

    p may be known up to a factor, which then scales the bound.

    Domain: 0 <= uniform < 1 and bound q >= p everywhere. Where the bound is too small all draws are accepted, and the
    result follows min(p, bound q) instead of p.
    Source: von Neumann 1951, "Various techniques used in connection with random digits".
    Notes: R003-235.
    """
    return uniform * bound * q_x < p_x


def residual_distribution(
    p: Float[Tensor, "*batch vocab"], q: Float[Tensor, "*batch vocab"]
) -> Float[Tensor, "*batch vocab"]:
    """Distribution of the token that replaces a rejected one of q, so that the outcome follows p.

        r(x) = max(0, p(x) - q(x)) / sum_y max(0, p(y) - q(y)),   p = min(p, q) + (1 - sum min(p, q)) r

    Domain: rows of p that sum to one. At q = 0 it is p; so it is at q = p, where nothing is ever rejected.
    Source: Leviathan et al. 2022, arXiv:2211.17192, section 2.3; Chen et al. 2023, arXiv:2302.01318.
    Notes: R003-235.
    """
    surplus = torch.clamp(p - q, min=0)
    total = surplus.sum(-1, keepdim=True)
    return torch.where(total > 0, surplus / total, p)


def log_residual(log_p: Float[Tensor, "*shape"], log_q: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Logarithm of max(0, p - q), the residual before it is normalised, from the logarithms of both.

        log p + log(1 - exp(-d)),   d = log p - log q

    taken as log(-expm1(-d)) for d < log 2 and as log1p(-exp(-d)) above, so that neither a small nor a large d is lost.

    Domain: every real number and -inf; -inf where p <= q.
    Source: Maechler 2012, "Accurately computing log(1 - exp(-|a|))", eq. 7.
    Notes: R003-235.
    """
    d = log_p - log_q
    log_share = torch.where(d < math.log(2), torch.log(-torch.expm1(-d)), torch.log1p(-torch.exp(-d)))
    return torch.where(d > 0, log_p + log_share, -math.inf)


def speculative_step(
    draft: Int64[Tensor, "*batch drafts"],
    q: Float[Tensor, "*batch drafts vocab"],
    p: Float[Tensor, "*batch drafts+1 vocab"],
    uniform: Float[Tensor, "*batch drafts+1"],
) -> tuple[Int64[Tensor, "*batch"], Int64[Tensor, "*batch"]]:
    """How many of the drafted tokens are kept, and the token that follows them: together as if drawn from p.

        draft_i is kept if all before it are and uniform_i q_i(draft_i) < p_i(draft_i)
        next ~ residual_distribution(p_n, q_n) after n < drafts kept tokens, ~ p_n after all

    q_i and p_i are the distributions of the small and the large model after the first i drafted tokens. The last of
    the uniform numbers draws the next token, by `inverse_cdf_sample`.

    Domain: rows of p and q that sum to one, 0 <= uniform < 1; draft_i drawn from this very q_i, filters and temperature
    included.
    Source: Leviathan et al. 2022, arXiv:2211.17192, algorithm 1; Chen et al. 2023, arXiv:2302.01318, algorithm 2.
    Notes: R003-235.
    """
    q_x, p_x = (table.gather(-1, draft[..., None]).squeeze(-1) for table in (q, p[..., :-1, :]))
    accepted = (uniform[..., :-1] * q_x < p_x).cumprod(-1).sum(-1)
    nothing_rejected = torch.zeros_like(p[..., :1, :])
    after = residual_distribution(p, torch.cat([q, nothing_rejected], -2))
    row = accepted[..., None, None].expand(*accepted.shape, 1, p.shape[-1])
    return accepted, inverse_cdf_sample(after.gather(-2, row).squeeze(-2), uniform[..., -1])
