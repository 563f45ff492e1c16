"""Wrong variants of `reference.language.speculative`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.language.sampling import inverse_cdf_sample
from reference.language.speculative import (
    log_residual,
    rejection_bound,
    rejection_mask,
    residual_distribution,
    speculative_step,
)


def _drawn(distribution, accepted, uniform):
    """The number of accepted drafts, and a token of the distribution after them."""
    row = accepted[..., None, None].expand(*accepted.shape, 1, distribution.shape[-1])
    return accepted, inverse_cdf_sample(distribution.gather(-2, row).squeeze(-2), uniform[..., -1])


def _accepted(draft, q, p, uniform):
    q_x, p_x = (table.gather(-1, draft[..., None]).squeeze(-1) for table in (q, p[..., :-1, :]))
    return uniform[..., :-1] * q_x < p_x


@mistake(of=rejection_bound, seen="catalogue R003-235")
def rejection_bound_inverted(p, q):
    """the ratio is q / p"""
    return (q / torch.where(q > 0, p, 1)).amax(-1)


@mistake(of=rejection_bound, seen="catalogue R003-235")
def rejection_bound_of_maxima(p, q):
    """the largest p is divided by the largest q, which may be too small"""
    return p.amax(-1) / q.amax(-1)


@mistake(of=rejection_bound, seen="catalogue R003-235")
def rejection_bound_with_zero_over_zero(p, q):
    """an outcome that neither has makes the bound NaN"""
    return (p / q).amax(-1)


@mistake(of=rejection_bound, seen="catalogue R003-235")
def rejection_bound_within_support(p, q):
    """outcomes that q misses are passed over, so that the bound is finite and wrong"""
    return torch.where(q > 0, p / torch.where(q > 0, q, 1), 0).amax(-1)


@mistake(of=rejection_bound, seen="catalogue R003-235")
def rejection_bound_of_at_least_one(p, q):
    """the bound is at least 1, also where p does not sum to one"""
    return rejection_bound(p, q).clamp(min=1)


@mistake(of=rejection_mask, seen="catalogue R003-235")
def rejection_mask_without_bound(p_x, q_x, bound, uniform):
    """the bound is left out, as if it were 1"""
    return uniform * q_x + 0 * bound < p_x


@mistake(of=rejection_mask, seen="catalogue R003-235")
def rejection_mask_ignoring_proposal(p_x, q_x, bound, uniform):
    """the proposal's density is left out, so that its shape stays in the result"""
    return uniform * bound + 0 * q_x < p_x


@mistake(of=rejection_mask, seen="catalogue R003-235")
def rejection_mask_of_the_rejected(p_x, q_x, bound, uniform):
    """what should be rejected is accepted"""
    return uniform * bound * q_x >= p_x


@mistake(of=rejection_mask, seen="catalogue R003-235")
def rejection_mask_with_equality(p_x, q_x, bound, uniform):
    """a uniform number of 0 accepts what is impossible"""
    return uniform * bound * q_x <= p_x


@mistake(of=residual_distribution, seen="arXiv:2211.17192, section 2.3")
def residual_distribution_that_is_the_target(p, q):
    """a rejected token is replaced by a draw from p itself, which counts what was accepted twice"""
    return p + 0 * q


@mistake(of=residual_distribution, seen="arXiv:2211.17192, section 2.3")
def residual_distribution_of_absolute_difference(p, q):
    """tokens that the draft model prefers keep their absolute difference"""
    difference = (p - q).abs()
    total = difference.sum(-1, keepdim=True)
    return torch.where(total > 0, difference / torch.where(total > 0, total, 1), p)


@mistake(of=residual_distribution, seen="arXiv:2211.17192, section 2.3")
def residual_distribution_not_normalized(p, q):
    """the surplus is not divided by its sum"""
    return torch.where((p == q).all(-1, keepdim=True), p, (p - q).clamp(min=0))


@mistake(of=residual_distribution, seen="arXiv:2211.17192, section 2.3")
def residual_distribution_swapped(p, q):
    """the surplus of the draft model is returned"""
    return residual_distribution(q, p)


@mistake(of=residual_distribution, seen="arXiv:2211.17192, section 2.3")
def residual_distribution_undefined_at_equality(p, q):
    """where p = q it is 0 / 0"""
    surplus = (p - q).clamp(min=0)
    return surplus / surplus.sum(-1, keepdim=True)


@mistake(of=residual_distribution, seen="catalogue R003-235")
def residual_distribution_with_epsilon(p, q):
    """1e-8 is added to the sum, so that a small residual does not sum to one"""
    surplus = (p - q).clamp(min=0)
    total = surplus.sum(-1, keepdim=True)
    return torch.where(total > 0, surplus / (total + 1e-8), p)


@mistake(of=log_residual, seen="vllm-project/vllm#46665")
def log_residual_that_rounds_small_ratios(log_p, log_q):
    """1 - q / p rounds to 1 where q is much smaller than p"""
    share = (1 - torch.exp(log_q - log_p)).log()
    return torch.where(log_p > log_q, log_p + share, -math.inf)


@mistake(of=log_residual, seen="vllm-project/vllm#46665")
def log_residual_with_slip(log_p, log_q):
    """log1p is given 1 - q / p instead of -q / p"""
    share = torch.log1p(1 - torch.exp(log_q - log_p))
    return torch.where(log_p > log_q, log_p + share, -math.inf)


@mistake(of=log_residual, seen="vllm-project/vllm#46665")
def log_residual_that_cancels(log_p, log_q):
    """probabilities are subtracted, which loses the digits of their logarithms"""
    return (log_p.exp() - log_q.exp()).clamp(min=0).log()


@mistake(of=log_residual, seen="vllm-project/vllm#46665")
def log_residual_undefined_where_nothing_is_left(log_p, log_q):
    """where p < q it is the logarithm of a negative number"""
    return log_p + torch.log(-torch.expm1(log_q - log_p))


@mistake(of=log_residual, seen="catalogue R003-235")
def log_residual_that_underflows(log_p, log_q):
    """the probability that is left is formed before its logarithm is taken, and is 0 where log p is very low"""
    return (log_p.exp() * -torch.expm1((log_q - log_p).nan_to_num()).clamp(max=0)).log()


@mistake(of=log_residual, seen="catalogue R003-235")
def log_residual_of_probabilities_only(log_p, log_q):
    """logarithms above 0 are taken for 0, though densities have them"""
    return log_residual(log_p.clamp(max=0), log_q.clamp(max=0))


@mistake(of=speculative_step, seen="deepseek-ai/DeepSpec#31")
def speculative_step_with_another_draft_distribution(draft, q, p, uniform):
    """the ratio takes other draft probabilities than the draft was drawn from, here without its temperature"""
    tempered = q.sqrt() / q.sqrt().sum(-1, keepdim=True)
    return speculative_step(draft, tempered, p, uniform)


@mistake(of=speculative_step, seen="arXiv:2211.17192, algorithm 1")
def speculative_step_with_draw_from_target(draft, q, p, uniform):
    """a rejected draft is replaced by a draw from p instead of the residual"""
    return _drawn(p, _accepted(draft, q, p, uniform).long().cumprod(-1).sum(-1), uniform)


@mistake(of=speculative_step, seen="arXiv:2211.17192, algorithm 1")
def speculative_step_counting_all_accepted(draft, q, p, uniform):
    """accepted drafts after a rejected one are counted"""
    accepted = _accepted(draft, q, p, uniform).sum(-1)
    after = residual_distribution(p, torch.cat([q, torch.zeros_like(p[..., :1, :])], -2))
    return _drawn(after, accepted, uniform)


@mistake(of=speculative_step, seen="arXiv:2211.17192, algorithm 1")
def speculative_step_with_row_of_next_draft(draft, q, p, uniform):
    """the token after a rejection is drawn from the distribution of the following position"""
    accepted, _ = speculative_step(draft, q, p, uniform)
    after = residual_distribution(p, torch.cat([q, torch.zeros_like(p[..., :1, :])], -2))
    _, following = _drawn(after, (accepted + 1).clamp(max=draft.shape[-1]), uniform)
    return accepted, following


@mistake(of=speculative_step, seen="arXiv:2211.17192, algorithm 1")
def speculative_step_accepting_likelier_only(draft, q, p, uniform):
    """a draft is accepted only if the large model finds it at least as likely, and never by chance"""
    return speculative_step(
        draft, q, p, torch.cat([torch.full_like(uniform[..., :-1], 1 - 2**-20), uniform[..., -1:]], -1)
    )


@mistake(of=speculative_step, seen="arXiv:2211.17192, algorithm 1")
def speculative_step_without_last_token(draft, q, p, uniform):
    """after all drafts are accepted the next token is drawn from the draft's last distribution"""
    return speculative_step(draft, q, torch.cat([p[..., :-1, :], q[..., -1:, :]], -2), uniform)


@variant(of=speculative_step, seen="arXiv:2211.17192, algorithm 1")
def speculative_step_by_ratios(draft, q, p, uniform):
    """a ratio above 1 need not be cut to 1 before it is compared with a number below 1"""
    q_x, p_x = (table.gather(-1, draft[..., None]).squeeze(-1) for table in (q, p[..., :-1, :]))
    ratio = torch.where(q_x > 0, p_x / torch.where(q_x > 0, q_x, 1), torch.where(p_x > 0, math.inf, 0))
    after = residual_distribution(p, torch.cat([q, torch.zeros_like(p[..., :1, :])], -2))
    return _drawn(after, (uniform[..., :-1] < ratio).long().cumprod(-1).sum(-1), uniform)
