"""Wrong variants of `reference.language.sampling`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.language.sampling import (
    inverse_cdf_sample,
    min_p_filter,
    penalize_frequency,
    penalize_repetition,
    sampling_probabilities,
    soft_cap_logits,
    temperature_logits,
    top_k_filter,
    top_p_filter,
    typical_filter,
)


def _keep(mask, logits):
    return torch.where(mask, logits, -math.inf)


def _nucleus(logits, p, rule):
    """Logits kept by a rule on the sorted probabilities and on their sum so far."""
    order = logits.argsort(dim=-1, descending=True, stable=True)
    sorted_p = torch.softmax(logits, -1).gather(-1, order)
    return _keep(rule(sorted_p, sorted_p.cumsum(-1)).gather(-1, order.argsort(-1)), logits)


@mistake(of=temperature_logits, seen="google-deepmind/gemma#562")
def temperature_logits_divided_by_zero(logits, temperature):
    """logits are divided by a temperature of 0"""
    temperature_logits(logits, temperature)
    return (logits - logits.amax(-1, keepdim=True)) / temperature


@mistake(of=temperature_logits, seen="suno-ai/bark#270")
def temperature_logits_always_first_at_zero(logits, temperature):
    """at temperature 0 the choice is always the first token"""
    if temperature == 0:
        return _keep(torch.arange(logits.shape[-1]) == 0, torch.zeros_like(logits))
    return temperature_logits(logits, temperature)


@mistake(of=temperature_logits, seen="catalogue R004-040")
def temperature_logits_scaling_probabilities(logits, temperature):
    """probabilities are divided by the temperature, which renormalisation takes back"""
    if temperature == 0:
        return temperature_logits(logits, temperature)
    return (torch.softmax(logits, -1) / temperature).log()


@mistake(of=temperature_logits, seen="catalogue R003-232")
def temperature_logits_multiplied(logits, temperature):
    """logits are multiplied by the temperature"""
    return temperature_logits(logits, 1 / temperature if temperature else temperature)


@mistake(of=temperature_logits, seen="catalogue R003-232")
def temperature_logits_with_one_maximum(logits, temperature):
    """at temperature 0 only the first of several maxima is left"""
    if temperature == 0:
        return _keep(torch.arange(logits.shape[-1]) == logits.argmax(-1, keepdim=True), torch.zeros_like(logits))
    return temperature_logits(logits, temperature)


@mistake(of=temperature_logits, seen="catalogue R003-232")
def temperature_logits_with_floor(logits, temperature):
    """the temperature is kept away from 0 by a constant that still lets other tokens through"""
    return temperature_logits(logits, max(temperature, 1e-5))


@mistake(of=temperature_logits, seen="catalogue R004-040")
def temperature_logits_without_check(logits, temperature):
    """a negative temperature is accepted, and prefers what is unlikely"""
    if temperature == 0:
        return temperature_logits(logits, temperature)
    return (logits - logits.amax(-1, keepdim=True)) / temperature


@variant(of=temperature_logits, seen="catalogue R003-232")
def temperature_logits_of_log_probabilities(logits, temperature):
    """a constant added to all logits is no part of the distribution"""
    return torch.log_softmax(temperature_logits(logits, temperature), -1)


@mistake(of=temperature_logits, seen="catalogue R003-232")
def temperature_logits_with_the_least_float(logits, temperature):
    """at temperature 0 the others get the least finite number instead of -inf"""
    cold = temperature_logits(logits, temperature)
    return cold.clamp(min=torch.finfo(cold.dtype).min) if temperature == 0 else cold


@mistake(of=soft_cap_logits, seen="karpathy/nanochat commit 16788ee")
def soft_cap_logits_in_bfloat16(logits, cap):
    """the cap is applied in bfloat16 and the result widened afterwards"""
    return soft_cap_logits(logits.bfloat16(), cap).to(logits.dtype)


@mistake(of=soft_cap_logits, seen="arXiv:2408.00118, section 2")
def soft_cap_logits_without_rescaling(logits, cap):
    """logits are not divided by the cap before the hyperbolic tangent"""
    return soft_cap_logits(logits, cap) * 0 + cap * torch.tanh(logits)


@mistake(of=soft_cap_logits, seen="arXiv:2408.00118, section 2")
def soft_cap_logits_hard(logits, cap):
    """logits are cut off at the cap, so that all above it become equal"""
    return logits.clamp(-cap, cap)


@mistake(of=soft_cap_logits, seen="catalogue R003-232")
def soft_cap_logits_by_overflowing_exponentials(logits, cap):
    """the hyperbolic tangent is (e^2x - 1) / (e^2x + 1), which is NaN where e^2x overflows"""
    power = torch.exp(2 * logits / cap)
    return soft_cap_logits(logits, cap) * 0 + cap * (power - 1) / (power + 1)


@mistake(of=penalize_repetition, seen="arXiv:1909.05858, section 4.1")
def penalize_repetition_dividing_negative_logits(logits, ids, penalty):
    """negative logits are divided too, which makes repeated tokens likelier"""
    divided = penalize_repetition(logits.abs(), ids, penalty)
    return torch.where(logits < 0, -divided, divided)


@mistake(of=penalize_repetition, seen="huggingface/transformers RepetitionPenaltyLogitsProcessor")
def penalize_repetition_at_each_occurrence(logits, ids, penalty):
    """a token that occurs twice is penalised twice"""
    for position in range(ids.shape[-1]):
        logits = penalize_repetition(logits, ids[..., position : position + 1], penalty)
    return logits + 0


@mistake(of=penalize_repetition, seen="huggingface/transformers RepetitionPenaltyLogitsProcessor")
def penalize_repetition_of_other_tokens(logits, ids, penalty):
    """the tokens that do not occur are penalised"""
    return penalize_repetition(logits, ids, penalty) * 0 + logits - penalize_repetition(logits, ids, penalty) + logits


@mistake(of=penalize_repetition, seen="huggingface/transformers RepetitionPenaltyLogitsProcessor")
def penalize_repetition_without_check(logits, ids, penalty):
    """a penalty that is no positive number is accepted"""
    seen = torch.zeros_like(logits).scatter(-1, ids, 1) > 0
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


@mistake(of=penalize_frequency, seen="OpenAI API reference")
def penalize_frequency_with_swapped_penalties(logits, ids, frequency, presence):
    """the frequency penalty is taken once, and the presence penalty for each occurrence"""
    return penalize_frequency(logits, ids, presence, frequency)


@mistake(of=penalize_frequency, seen="OpenAI API reference")
def penalize_frequency_added(logits, ids, frequency, presence):
    """penalties are added, which makes repetition likelier"""
    return penalize_frequency(logits, ids, -frequency, -presence)


@mistake(of=penalize_frequency, seen="OpenAI API reference")
def penalize_frequency_counted_once(logits, ids, frequency, presence):
    """all occurrences count as one"""
    return penalize_frequency(logits, ids, 0.0, frequency + presence)


@mistake(of=penalize_frequency, seen="catalogue R001-099")
def penalize_frequency_over_batch(logits, ids, frequency, presence):
    """what occurs in one row is penalised in all"""
    everything = ids.reshape(*[1] * (logits.ndim - 1), -1).expand(*logits.shape[:-1], -1)
    return penalize_frequency(logits, everything, frequency, presence)


@mistake(of=penalize_frequency, seen="OpenAI API reference")
def penalize_frequency_without_check(logits, ids, frequency, presence):
    """an infinite penalty makes tokens that never occurred NaN"""
    counts = torch.zeros_like(logits).scatter_add(-1, ids, torch.ones_like(ids, dtype=logits.dtype))
    return logits - frequency * counts - presence * (counts > 0)


@mistake(of=top_k_filter, seen="kingoflolz/mesh-transformer-jax#164")
def top_k_filter_off_by_one(logits, k):
    """k + 1 tokens stay"""
    return top_k_filter(logits, k + 1)


@mistake(of=top_k_filter, seen="catalogue R001-099")
def top_k_filter_that_breaks_ties(logits, k):
    """of logits that equal the k-th some are dropped"""
    top_k_filter(logits, k)
    rank = logits.argsort(dim=-1, descending=True, stable=True).argsort(-1)
    return _keep(rank < k, logits)


@mistake(of=top_k_filter, seen="catalogue R003-233")
def top_k_filter_with_zeros(logits, k):
    """what is dropped gets the logit 0, which is a likely one"""
    return top_k_filter(logits, k).nan_to_num(neginf=0.0)


@mistake(of=top_k_filter, seen="catalogue R003-233")
def top_k_filter_of_smallest(logits, k):
    """the k smallest logits stay"""
    return -top_k_filter(-logits, k).nan_to_num(neginf=math.inf)


@mistake(of=top_k_filter, seen="catalogue R001-099")
def top_k_filter_over_batch(logits, k):
    """the threshold is that of the row with the smallest one"""
    return _keep(logits >= logits.topk(min(k, logits.shape[-1])).values.amin(), logits)


@mistake(of=top_k_filter, seen="catalogue R001-099")
def top_k_filter_in_bfloat16(logits, k):
    """logits are compared in bfloat16, in which near ones are equal"""
    return _keep(top_k_filter(logits.bfloat16(), k) > -math.inf, logits)


@mistake(of=top_k_filter, seen="catalogue R001-099")
def top_k_filter_off_at_zero(logits, k):
    """k = 0 stands for no filter"""
    return top_k_filter(logits, k if k > 0 else logits.shape[-1])


@mistake(of=top_p_filter, seen="fishaudio/fish-speech#1171")
def top_p_filter_without_crossing_token(logits, p):
    """the token that crosses p is dropped"""
    top_p_filter(logits, p)
    return _nucleus(logits, p, lambda sorted_p, total: total <= p)


@mistake(of=top_p_filter, seen="huggingface/transformers#18976")
def top_p_filter_with_one_more_at_equality(logits, p):
    """one token too many stays where the mass is p exactly"""
    top_p_filter(logits, p)
    return _nucleus(logits, p, lambda sorted_p, total: total - sorted_p <= p)


@mistake(of=top_p_filter, seen="BlinkDL/ChatRWKV#170")
def top_p_filter_greedy_at_one(logits, p):
    """where no sum exceeds p, the index of the first that does is 0, so that p = 1 leaves one token"""
    top_p_filter(logits, p)
    return _nucleus(
        logits, p, lambda sorted_p, total: sorted_p >= sorted_p.gather(-1, (total > p).long().argmax(-1, True))
    )


@mistake(of=top_p_filter, seen="google-deepmind/simply#42")
def top_p_filter_empty_at_zero(logits, p):
    """p = 0 leaves no token"""
    return torch.full_like(logits, -math.inf) if p == 0 else top_p_filter(logits, p)


@mistake(of=top_p_filter, seen="catalogue R001-099")
def top_p_filter_off_at_zero(logits, p):
    """p = 0 stands for no filter"""
    return top_p_filter(logits, p or 1.0)


@mistake(of=top_p_filter, seen="catalogue R003-234")
def top_p_filter_on_each_probability(logits, p):
    """each probability is compared with 1 - p by itself"""
    top_p_filter(logits, p)
    return _nucleus(logits, p, lambda sorted_p, total: sorted_p >= min(1 - p, sorted_p.amax().item()))


@mistake(of=top_p_filter, seen="catalogue R003-234")
def top_p_filter_unsorted(logits, p):
    """mass is summed in the order of the ids instead of that of the probabilities"""
    top_p_filter(logits, p)
    probabilities = torch.softmax(logits, -1)
    return _keep(probabilities.cumsum(-1) - probabilities < p, logits)


@mistake(of=top_p_filter, seen="catalogue R003-234")
def top_p_filter_that_trusts_a_sum_of_one(logits, p):
    """at p = 1 unlikely tokens are dropped as soon as the sum has rounded to 1"""
    top_p_filter(logits, p)
    return _nucleus(logits, p, lambda sorted_p, total: total - sorted_p < p)


@mistake(of=top_p_filter, seen="catalogue R003-234")
def top_p_filter_in_sorted_order(logits, p):
    """the mask of the sorted tokens is used without sorting it back"""
    top_p_filter(logits, p)
    sorted_p = torch.softmax(logits, -1).sort(-1, descending=True).values
    return _keep(sorted_p.cumsum(-1) - sorted_p < p, logits)


@mistake(of=top_p_filter, seen="catalogue R003-234")
def top_p_filter_by_overflowing_exponentials(logits, p):
    """probabilities are shares of exp(z), which overflows for large logits"""
    top_p_filter(logits, p)
    power = logits.exp()
    return top_p_filter((power / power.sum(-1, keepdim=True)).log(), p) * 0 + logits


@mistake(of=top_p_filter, seen="transformers TopPLogitsWarper")
def top_p_filter_keeping_highest_ids(logits, p):
    """of equally likely tokens those of the highest ids stay"""
    return top_p_filter(logits.flip(-1), p).flip(-1)


@mistake(of=top_p_filter, seen="catalogue R003-234")
def top_p_filter_without_check(logits, p):
    """a mass below 0 or above 1 is accepted"""
    return top_p_filter(logits, min(max(p, 0.0), 1.0) if p == p else 1.0)


@variant(of=top_p_filter, seen="VAR, models/helpers.py")
def top_p_filter_from_below(logits, p):
    """dropping the tail of mass 1 - p at most is keeping the smallest head of mass p"""
    flipped = logits.flip(-1)
    order = flipped.argsort(dim=-1, stable=True)
    tail = torch.softmax(flipped, -1).gather(-1, order).cumsum(-1)
    keep = (tail > 1 - p) | (torch.arange(logits.shape[-1]) == logits.shape[-1] - 1)
    kept = _keep(keep.gather(-1, order.argsort(-1)), flipped).flip(-1)
    return top_p_filter(logits, p) if p in (0, 1) or p != p or not 0 <= p <= 1 else kept


@mistake(of=min_p_filter, seen="sgl-project/sglang-jax#1563")
def min_p_filter_on_logits(logits, ratio):
    """logits instead of probabilities are compared, so that a constant added to them changes the result"""
    min_p_filter(logits, ratio)
    return _keep(logits >= ratio * logits.amax(-1, keepdim=True), logits)


@mistake(of=min_p_filter, seen="sgl-project/sglang-jax#1563")
def min_p_filter_with_zeros(logits, ratio):
    """what is dropped gets the logit 0, which is a likely one"""
    return min_p_filter(logits, ratio).nan_to_num(neginf=0.0)


@mistake(of=min_p_filter, seen="lucidrains/x-transformers commit 0c7bcf1")
def min_p_filter_over_batch(logits, ratio):
    """the largest probability is taken over the whole batch"""
    min_p_filter(logits, ratio)
    p = torch.softmax(logits, -1)
    return _keep(p >= ratio * p.amax(), logits)


@mistake(of=min_p_filter, seen="arXiv:2407.01082")
def min_p_filter_with_absolute_threshold(logits, ratio):
    """the threshold is the ratio itself, not that of the largest probability"""
    min_p_filter(logits, ratio)
    p = torch.softmax(logits, -1)
    return _keep((p >= ratio) | (p == p.amax(-1, keepdim=True)), logits)


@mistake(of=min_p_filter, seen="arXiv:2407.01082")
def min_p_filter_without_equality(logits, ratio):
    """a token at exactly the ratio is dropped"""
    min_p_filter(logits, ratio)
    return _keep(torch.exp(logits - logits.amax(-1, keepdim=True)) > ratio, logits)


@mistake(of=min_p_filter, seen="catalogue R003-234")
def min_p_filter_without_what_underflows(logits, ratio):
    """tokens whose probability rounds to 0 are left out at a ratio of 0"""
    kept = min_p_filter(logits, ratio)
    relative = torch.exp(logits - logits.amax(-1, keepdim=True))
    return torch.where(relative > 0, kept, -math.inf)


@mistake(of=typical_filter, seen="arXiv:2202.00666")
def typical_filter_by_probability(logits, mass):
    """the likeliest tokens are kept, which is top-p"""
    return top_p_filter(logits, mass)


@mistake(of=typical_filter, seen="arXiv:2202.00666")
def typical_filter_of_least_surprise(logits, mass):
    """the sign of the distance is kept, so that the least informative tokens come first"""
    return -typical_filter(-logits, mass).nan_to_num(neginf=math.inf)


@mistake(of=typical_filter, seen="arXiv:2202.00666")
def typical_filter_with_nan_entropy(logits, mass):
    """0 log 0 is NaN, so that one impossible token spoils the entropy"""
    log_p = torch.log_softmax(logits, -1)
    average = -(log_p.exp() * log_p).sum(-1, keepdim=True)
    typical_filter(logits, mass)
    return logits + 0 * average


@mistake(of=typical_filter, seen="arXiv:2202.00666")
def typical_filter_around_uniform_entropy(logits, mass):
    """distances are taken from log V instead of from the entropy"""
    typical_filter(logits, mass)
    if mass == 1:
        return logits.clone()
    p = torch.softmax(logits, -1)
    order = (p.log() + math.log(p.shape[-1])).abs().argsort(dim=-1, stable=True)
    before = p.gather(-1, order).cumsum(-1) - p.gather(-1, order)
    return _keep((before <= mass).gather(-1, order.argsort(-1)), logits)


@mistake(of=typical_filter, seen="catalogue R003-234")
def typical_filter_over_batch(logits, mass):
    """the entropy is the mean over the batch"""
    typical_filter(logits, mass)
    if mass == 1:
        return logits.clone()
    log_p = torch.log_softmax(logits, -1)
    entropy = -torch.where(log_p > -math.inf, log_p.exp() * log_p, 0).sum(-1).mean()
    order = (log_p + entropy).abs().argsort(dim=-1, stable=True)
    p = log_p.exp().gather(-1, order)
    kept = (p.cumsum(-1) - p < mass) | (torch.arange(p.shape[-1]) == 0)
    return _keep(kept.gather(-1, order.argsort(-1)), logits)


@mistake(of=sampling_probabilities, seen="catalogue R003-236")
def sampling_probabilities_with_top_p_first(logits, temperature, k, p):
    """top-p comes before top-k"""
    sampling_probabilities(logits, temperature, k, p)
    return torch.softmax(top_k_filter(top_p_filter(temperature_logits(logits, temperature), p), k), -1)


@mistake(of=sampling_probabilities, seen="ml-explore/mlx-lm#388")
def sampling_probabilities_without_renormalizing(logits, temperature, k, p):
    """the mass p is measured on what top-k leaves without renormalising it"""
    kept = top_k_filter(temperature_logits(logits, temperature), k)
    share = torch.softmax(temperature_logits(logits, temperature), -1)
    mass = torch.where(kept > -math.inf, share, 0).sum().item()
    return torch.softmax(top_p_filter(kept, min(p / mass, 1.0)), -1)


@mistake(of=sampling_probabilities, seen="sgl-project/sglang-jax#1563")
def sampling_probabilities_with_temperature_last(logits, temperature, k, p):
    """the mass p is measured before the temperature is applied"""
    return torch.softmax(temperature_logits(top_p_filter(top_k_filter(logits, k), p), temperature), -1)


@mistake(of=sampling_probabilities, seen="catalogue R003-236")
def sampling_probabilities_without_last_renormalization(logits, temperature, k, p):
    """what is dropped is set to 0 and the rest does not sum to one"""
    kept = sampling_probabilities(logits, temperature, k, p)
    return torch.where(kept > 0, torch.softmax(temperature_logits(logits, temperature), -1), 0)


@mistake(of=sampling_probabilities, seen="catalogue R001-099")
def sampling_probabilities_over_batch(logits, temperature, k, p):
    """the k-th largest logit is the smallest in the batch"""
    sampling_probabilities(logits, temperature, k, p)
    cool = temperature_logits(logits, temperature)
    threshold = cool.topk(min(k, cool.shape[-1])).values.amin()
    return torch.softmax(top_p_filter(_keep(cool >= threshold, cool), p), -1)


@mistake(of=sampling_probabilities, seen="catalogue R001-099")
def sampling_probabilities_that_break_ties(logits, temperature, k, p):
    """of logits that equal the k-th some are dropped"""
    sampling_probabilities(logits, temperature, k, p)
    rank = logits.argsort(dim=-1, descending=True, stable=True).argsort(-1)
    return torch.softmax(top_p_filter(temperature_logits(_keep(rank < k, logits), temperature), p), -1)


@mistake(of=sampling_probabilities, seen="catalogue R003-236")
def sampling_probabilities_never_flatter(logits, temperature, k, p):
    """a temperature above 1 is taken for 1"""
    return sampling_probabilities(logits, min(temperature, 1.0), k, p)


@mistake(of=sampling_probabilities, seen="catalogue R003-236")
def sampling_probabilities_off_at_zero(logits, temperature, k, p):
    """p = 0 stands for no filter"""
    return sampling_probabilities(logits, temperature, k, p or 1.0)


@mistake(of=sampling_probabilities, seen="catalogue R003-236")
def sampling_probabilities_unchanged_at_zero(logits, temperature, k, p):
    """a temperature of 0 stands for none"""
    return sampling_probabilities(logits, temperature or 1.0, k, p)


@mistake(of=sampling_probabilities, seen="catalogue R003-236")
def sampling_probabilities_without_check(logits, temperature, k, p):
    """settings that mean nothing are taken for no restriction"""
    return sampling_probabilities(logits, temperature if temperature >= 0 else 1.0, max(k, 1), min(max(p, 0.0), 1.0))


@mistake(of=inverse_cdf_sample, seen="catalogue R001-099")
def inverse_cdf_sample_with_closed_upper_ends(weights, uniform):
    """a number at the upper end of a share goes to it, so that 0 can choose a token of weight 0"""
    return (weights.cumsum(-1) < uniform[..., None] * weights.sum(-1, keepdim=True)).sum(-1)


@mistake(of=inverse_cdf_sample, seen="catalogue R001-099")
def inverse_cdf_sample_off_the_end(weights, uniform):
    """a number of 1 falls beyond the last token"""
    return (weights.cumsum(-1) <= uniform[..., None] * weights.sum(-1, keepdim=True)).sum(-1)


@mistake(of=inverse_cdf_sample, seen="catalogue R001-099")
def inverse_cdf_sample_without_total(weights, uniform):
    """weights are taken to sum to one"""
    return (weights.cumsum(-1) <= uniform[..., None]).sum(-1).clamp(max=weights.shape[-1] - 1)


@mistake(of=inverse_cdf_sample, seen="catalogue R001-099")
def inverse_cdf_sample_clamped_to_last(weights, uniform):
    """what falls beyond the end goes to the last token, also if its weight is 0"""
    beyond = (weights.cumsum(-1) <= uniform[..., None] * weights.sum(-1, keepdim=True)).sum(-1)
    return beyond.clamp(max=weights.shape[-1] - 1)


@mistake(of=inverse_cdf_sample, seen="catalogue R001-099")
def inverse_cdf_sample_of_first_row(weights, uniform):
    """every row is drawn from the weights of the first"""
    first = weights.flatten(0, -2)[:1] if weights.ndim > 1 else weights
    return inverse_cdf_sample(first.expand(weights.shape), uniform)


@mistake(of=inverse_cdf_sample, seen="catalogue R001-099")
def inverse_cdf_sample_with_epsilon(weights, uniform):
    """the weights are divided by their sum and 1e-8, so that small ones fall short of 1"""
    shares = weights / (weights.sum(-1, keepdim=True) + 1e-8)
    reached = (shares.cumsum(-1) <= uniform[..., None]).sum(-1)
    return torch.where(uniform == 1, inverse_cdf_sample(weights, uniform), reached.clamp(max=weights.shape[-1] - 1))
