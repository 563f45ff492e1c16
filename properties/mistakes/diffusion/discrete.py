"""Wrong variants of `reference.diffusion.discrete`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.discrete import (
    DiscreteBound,
    auxiliary_cross_entropy,
    categorical_marginal,
    categorical_posterior,
    cumulative_transitions,
    d3pm_loss,
    discrete_sample,
    discrete_variational_bound,
    gumbel_max,
    gumbel_noise,
    log_add_exp,
    mask_and_replace_marginal,
    mask_and_replace_reverse,
    reverse_from_joint,
    reverse_from_mixture,
    substitution_log_probabilities,
    transition_between,
)
from reference.probability.information import kl_divergence


def _products(transitions):
    """I, Q_1, Q_1 Q_2, ..., also for tables that are not checked."""
    products = [torch.eye(transitions.shape[-1], dtype=transitions.dtype)]
    for transition in transitions:
        products.append(products[-1] @ transition)
    return torch.stack(products)


@mistake(of=cumulative_transitions, seen="E000-1")
def cumulative_transitions_of_one_step(transitions):
    """the matrix of the last step alone is taken for that of all steps up to it"""
    return transitions + 0 * cumulative_transitions(transitions)


@mistake(of=cumulative_transitions, seen="catalogue R000-011")
def cumulative_transitions_in_reverse_order(transitions):
    """the product is Q_t ... Q_1, which is another one as soon as the matrices do not commute"""
    cumulative_transitions(transitions)
    return _products(transitions.mT)[1:].mT.contiguous()


@mistake(of=cumulative_transitions, seen="catalogue R000-011")
def cumulative_transitions_for_columns(transitions):
    """the result is indexed [to, from]"""
    return cumulative_transitions(transitions).mT.contiguous()


@mistake(of=cumulative_transitions, seen="catalogue R000-011")
def cumulative_transitions_elementwise(transitions):
    """the entries are multiplied one by one instead of the matrices"""
    cumulative_transitions(transitions)
    return transitions.cumprod(0)


@mistake(of=cumulative_transitions, seen="catalogue R000-012")
def cumulative_transitions_one_step_late(transitions):
    """entry t leads to what step t starts from, not to its result"""
    cumulative_transitions(transitions)
    return _products(transitions)[:-1]


@mistake(of=cumulative_transitions, seen="catalogue R000-010")
def cumulative_transitions_without_check(transitions):
    """rows that are no probabilities get a product all the same"""
    return _products(transitions)[1:]


@mistake(of=cumulative_transitions, seen="catalogue R000-010")
def cumulative_transitions_of_exact_rows_only(transitions):
    """rows that sum to 1 but for rounding are refused"""
    if (transitions.sum(-1) != 1).any():
        raise ValueError("rows must sum to 1")
    return cumulative_transitions(transitions)


@mistake(of=transition_between, seen="catalogue R000-011")
def transition_between_with_step_of_s(transitions, s, t):
    """the step that led to s is taken once more"""
    return transition_between(transitions, max(s - 1, -1), t)


@mistake(of=transition_between, seen="catalogue R000-011")
def transition_between_without_step_of_t(transitions, s, t):
    """the last step is left out"""
    transition_between(transitions, s, t)
    return _products(transitions[s + 1 : t])[-1].clone()


@mistake(of=transition_between, seen="catalogue R000-011")
def transition_between_in_reverse_order(transitions, s, t):
    """the product starts with the last step"""
    transition_between(transitions, s, t)
    return _products(transitions[s + 1 : t + 1].flip(0))[-1].clone()


@mistake(of=transition_between, seen="microsoft/LayoutGeneration")
def transition_between_of_one_step(transitions, s, t):
    """however many steps are skipped, the matrix is that of the last"""
    return transition_between(transitions, s if s == t else t - 1, t) + 0 * transition_between(transitions, s, t)


@mistake(of=transition_between, seen="catalogue R000-011")
def transition_between_without_check(transitions, s, t):
    """indices outside the table count from its end or are cut, and time may run backwards"""
    return _products(transitions[s + 1 : t + 1])[-1].clone()


@mistake(of=categorical_marginal, seen="E000-2")
def categorical_marginal_for_columns(x_0, cumulative):
    """the matrix is multiplied from the left, Q x, which reads its columns"""
    return x_0 @ cumulative.T


@mistake(of=categorical_marginal, seen="cloneofsimo/d3pm#4")
def categorical_marginal_of_the_likeliest_class(x_0, cumulative):
    """data that is given by probabilities is rounded to its likeliest class"""
    return cumulative[x_0.argmax(-1)]


@mistake(of=categorical_marginal, seen="catalogue R000-013")
def categorical_marginal_normalised_by_softmax(x_0, cumulative):
    """probabilities are taken for logits and go through a softmax"""
    return (x_0 @ cumulative).softmax(-1)


@variant(of=categorical_marginal, seen="cloneofsimo/d3pm#4")
def categorical_marginal_by_rows(x_0, cumulative):
    """for one-hot data it reads row x_0 of the matrix, which is what the product does"""
    return (x_0[..., None] * cumulative).sum(-2)


@mistake(of=gumbel_noise, seen="sgl-project/sglang#25133")
def gumbel_noise_infinite_at_the_ends(uniform):
    """a uniform number of exactly 0 or 1 gives infinite noise"""
    return -torch.log(-torch.log(uniform))


@mistake(of=gumbel_noise, seen="catalogue R000-013")
def gumbel_noise_with_absolute_guard(uniform):
    """1e-30 is added inside the logarithms, which float16 rounds to 0"""
    return -torch.log(-torch.log(uniform + 1e-30) + 1e-30)


@mistake(of=gumbel_noise, seen="catalogue R000-013")
def gumbel_noise_clipped_early(uniform):
    """uniform numbers are clipped to [1e-6, 1 - 1e-6], which cuts the noise off at 13.8"""
    return -torch.log(-torch.log(uniform.clamp(1e-6, 1 - 1e-6)))


@mistake(of=gumbel_noise, seen="vllm-project/vllm#43150")
def gumbel_noise_in_low_precision(uniform):
    """the noise is computed in half the precision of the uniform numbers"""
    low = {torch.float64: torch.float32, torch.float32: torch.float16}.get(uniform.dtype, torch.bfloat16)
    number = torch.finfo(low)
    noise = -torch.log(-torch.log(uniform.to(low).clamp(number.tiny, 1 - number.eps / 2)))
    return noise.to(uniform.dtype)


@mistake(of=gumbel_noise, seen="catalogue R000-013")
def gumbel_noise_of_minima(uniform):
    """the sign is wrong: it is the noise of a minimum"""
    return -gumbel_noise(uniform)


@mistake(of=gumbel_noise, seen="catalogue R000-013")
def gumbel_noise_with_one_logarithm(uniform):
    """one logarithm is missing, so that the noise is exponential"""
    return torch.exp(-gumbel_noise(uniform))


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_of_probabilities(logits, uniform):
    """probabilities are passed where log probabilities belong, which samples the softmax of the probabilities"""
    return (logits.softmax(-1) + gumbel_noise(uniform)).argmax(-1)


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_without_noise(logits, uniform):
    """the likeliest class is returned, whatever the noise"""
    return logits.argmax(-1)


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_with_exponential_noise(logits, uniform):
    """the noise is -log u, with one logarithm too few"""
    return (logits - torch.log(uniform.clamp(min=1e-30))).argmax(-1)


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_with_noise_subtracted(logits, uniform):
    """the noise is subtracted"""
    return (logits - gumbel_noise(uniform)).argmax(-1)


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_at_another_temperature(logits, uniform):
    """the noise is a little too large, so that rare classes are chosen too often"""
    return (logits + 1.02 * gumbel_noise(uniform)).argmax(-1)


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_clipped_early(logits, uniform):
    """uniform numbers are clipped to 1e-6 from both ends, below what is drawn for many classes"""
    return gumbel_max(logits, uniform.clamp(1e-6, 1 - 1e-6))


@mistake(of=gumbel_max, seen="sgl-project/sglang#33423")
def gumbel_max_with_infinite_noise(logits, uniform):
    """a uniform number of 1 makes its class win, and that of an impossible one gives NaN, which wins too"""
    return (logits - torch.log(-torch.log(uniform))).argmax(-1)


@mistake(of=gumbel_max, seen="catalogue R000-013")
def gumbel_max_of_clamped_logits(logits, uniform):
    """logits are cut off at -70, so that the impossible is chosen where all others lie further below"""
    return gumbel_max(logits.clamp(min=-70), uniform)


@variant(of=gumbel_max, seen="vllm-project/vllm#37798")
def gumbel_max_by_exponential_race(logits, uniform):
    """the largest p / E, with E = -log u, is the largest log p + G"""
    number = torch.finfo(uniform.dtype)
    return (logits.softmax(-1) / -torch.log(uniform.clamp(number.tiny, 1 - number.eps / 2))).argmax(-1)


@mistake(of=log_add_exp, seen="tensorflow/probability, commit 1f7a150db")
def log_add_exp_with_gradient_of_one_term_at_ties(x, y):
    """the value is right, but at x = y the gradient is that of the first term alone"""
    gap = torch.where(x == y, 0, torch.where(x > y, y - x, x - y))
    return torch.where(x >= y, x, y) + torch.log1p(torch.exp(gap))


@mistake(of=log_add_exp, seen="tensorflow/probability, commit 1f7a150db")
def log_add_exp_that_overflows(x, y):
    """the exponentials are taken as they are, so that large terms overflow and small ones vanish"""
    return (x.exp() + y.exp()).log()


@mistake(of=log_add_exp, seen="tensorflow/probability, commit 1f7a150db")
def log_add_exp_from_the_first_term(x, y):
    """the first term is taken out even if it is the smaller one, or -inf"""
    return x + torch.log1p(torch.exp(y - x))


@mistake(of=log_add_exp, seen="catalogue R000-012")
def log_add_exp_that_is_the_maximum(x, y):
    """the smaller term is dropped"""
    return torch.maximum(x, y)


@mistake(of=log_add_exp, seen="catalogue R000-012")
def log_add_exp_clamped(x, y):
    """log probabilities are clamped at -70, so that impossible ones are not"""
    return torch.logaddexp(x.clamp(min=-70), y.clamp(min=-70))


@variant(of=log_add_exp, seen="tensorflow/probability, commit 1f7a150db")
def log_add_exp_by_logsumexp(x, y):
    """the sum over a new axis of two is the same, gradient included"""
    return torch.stack([x, y]).logsumexp(0)


@mistake(of=categorical_posterior, seen="microsoft/VQ-Diffusion#20")
def categorical_posterior_from_rows(x_t, x_0, between, cumulative_s):
    """row x_t of the matrix is read, where to go from x_t, instead of column x_t, where x_t may come from"""
    return categorical_posterior(x_t, x_0, between.T, cumulative_s)


@mistake(of=categorical_posterior, seen="catalogue R000-012")
def categorical_posterior_from_column_of_x_0(x_t, x_0, between, cumulative_s):
    """column x_0 of the cumulative matrix is read instead of its row"""
    return categorical_posterior(x_t, x_0, between, cumulative_s.T)


@mistake(of=categorical_posterior, seen="catalogue R000-012")
def categorical_posterior_of_t(x_t, x_0, between, cumulative_s):
    """the cumulative matrix of t is taken where that of s belongs"""
    return categorical_posterior(x_t, x_0, between, cumulative_s @ between)


@mistake(of=categorical_posterior, seen="catalogue R000-012")
def categorical_posterior_not_normalised(x_t, x_0, between, cumulative_s):
    """the probability of x_t is not divided by"""
    return between.T[x_t] * cumulative_s[x_0]


@mistake(of=categorical_posterior, seen="catalogue R000-012")
def categorical_posterior_of_forward_step(x_t, x_0, between, cumulative_s):
    """what x_t says is left out: it is the marginal of x_s"""
    return cumulative_s[x_0] + 0 * between[x_t]


@mistake(of=categorical_posterior, seen="google-research/d3pm")
def categorical_posterior_with_epsilon(x_t, x_0, between, cumulative_s):
    """1e-6 is added inside the logarithms, so that what is impossible is not, and impossible pairs get an answer"""
    return ((between.T[x_t] + 1e-6).log() + (cumulative_s[x_0] + 1e-6).log()).softmax(-1)


@variant(of=categorical_posterior, seen="microsoft/VQ-Diffusion")
def categorical_posterior_by_logarithms(x_t, x_0, between, cumulative_s):
    """products of probabilities are sums of their logarithms, which a softmax normalises"""
    return (between.T[x_t].log() + cumulative_s[x_0].log()).softmax(-1)


@mistake(of=reverse_from_joint, seen="catalogue R000-012")
def reverse_from_joint_that_is_the_mixture(x_t, probabilities, between, cumulative_s):
    """the posteriors of every x_0 are averaged, which suits q(x_0 | x_t) and not the distribution of the data"""
    return reverse_from_mixture(x_t, probabilities, between, cumulative_s)


@mistake(of=reverse_from_joint, seen="microsoft/VQ-Diffusion#20")
def reverse_from_joint_from_rows(x_t, probabilities, between, cumulative_s):
    """row x_t of the matrix is read instead of column x_t"""
    return reverse_from_joint(x_t, probabilities, between.T, cumulative_s)


@mistake(of=reverse_from_joint, seen="catalogue R000-012")
def reverse_from_joint_of_the_likeliest_x_0(x_t, probabilities, between, cumulative_s):
    """the predicted probabilities are rounded to the likeliest class"""
    return categorical_posterior(x_t, probabilities.argmax(-1), between, cumulative_s)


@mistake(of=reverse_from_joint, seen="catalogue R000-012")
def reverse_from_joint_of_data(x_t, probabilities, between, cumulative_s):
    """the prediction of x_0 is taken for that of x_s"""
    weights = between.T[x_t] * probabilities
    return weights / weights.sum(-1, keepdim=True)


@mistake(of=reverse_from_joint, seen="google-research/d3pm")
def reverse_from_joint_with_epsilon(x_t, probabilities, between, cumulative_s):
    """1e-6 is added inside the logarithms"""
    return ((between.T[x_t] + 1e-6).log() + (probabilities @ cumulative_s + 1e-6).log()).softmax(-1)


@mistake(of=reverse_from_mixture, seen="catalogue R000-012")
def reverse_from_mixture_that_is_joint(x_t, probabilities, between, cumulative_s):
    """pairs are weighed as if the predicted probabilities did not know x_t yet"""
    return reverse_from_joint(x_t, probabilities, between, cumulative_s)


@mistake(of=reverse_from_mixture, seen="microsoft/VQ-Diffusion#20")
def reverse_from_mixture_from_rows(x_t, probabilities, between, cumulative_s):
    """row x_t of the matrix is read instead of column x_t"""
    return reverse_from_mixture(x_t, probabilities, between.T, cumulative_s)


@mistake(of=reverse_from_mixture, seen="catalogue R000-012")
def reverse_from_mixture_that_loses_mass(x_t, probabilities, between, cumulative_s):
    """what goes to classes that cannot reach x_t is lost, so that the sum falls short of 1"""
    reach = (cumulative_s @ between).T[x_t]
    weights = probabilities / torch.where(reach > 0, reach, torch.inf)
    return between.T[x_t] * (weights @ cumulative_s)


@mistake(of=reverse_from_mixture, seen="catalogue R000-012")
def reverse_from_mixture_undefined_for_impossible_classes(x_t, probabilities, between, cumulative_s):
    """one class that cannot reach x_t makes everything 0/0"""
    reach = (cumulative_s @ between).T[x_t]
    weights = between.T[x_t] * ((probabilities / reach) @ cumulative_s)
    return weights / weights.sum(-1, keepdim=True)


@mistake(of=reverse_from_mixture, seen="catalogue R000-012")
def reverse_from_mixture_without_gradient(x_t, probabilities, between, cumulative_s):
    """the value is right, but 0/0 behind a where makes the gradient NaN"""
    reach = (cumulative_s @ between).T[x_t]
    weights = between.T[x_t] * (torch.where(reach > 0, probabilities / reach, 0) @ cumulative_s)
    return weights / weights.sum(-1, keepdim=True)


@mistake(of=reverse_from_mixture, seen="microsoft/LayoutGeneration")
def reverse_from_mixture_with_floors(x_t, probabilities, between, cumulative_s):
    """every entry of the matrices is at least 1e-30, so that classes that cannot reach x_t take part"""
    between, cumulative_s = between.clamp(min=1e-30), cumulative_s.clamp(min=1e-30)
    return reverse_from_mixture(x_t, probabilities, between, cumulative_s)


@mistake(of=reverse_from_mixture, seen="catalogue R000-012")
def reverse_from_mixture_with_floored_reach(x_t, probabilities, between, cumulative_s):
    """the chance of reaching x_t is at least 1e-6 before it divides, so that what is rarer counts for less"""
    weights = probabilities / (cumulative_s @ between).T[x_t].clamp(min=1e-6)
    reverse = between.T[x_t] * (weights @ cumulative_s)
    return reverse / reverse.sum(-1, keepdim=True)


@mistake(of=reverse_from_mixture, seen="catalogue R000-012")
def reverse_from_mixture_of_the_likeliest_x_0(x_t, probabilities, between, cumulative_s):
    """the predicted probabilities are rounded to the likeliest class"""
    return categorical_posterior(x_t, probabilities.argmax(-1), between, cumulative_s)


@mistake(of=auxiliary_cross_entropy, seen="octo-models/octo#79")
def auxiliary_cross_entropy_of_raw_logits(logits, x_0):
    """the logits are not normalised, so that the loss has no lower bound"""
    return -logits.gather(-1, x_0[..., None])[..., 0]


@mistake(of=auxiliary_cross_entropy, seen="octo-models/octo#79")
def auxiliary_cross_entropy_of_probabilities(logits, x_0):
    """the logarithm is missing"""
    return -logits.softmax(-1).gather(-1, x_0[..., None])[..., 0]


@mistake(of=auxiliary_cross_entropy, seen="octo-models/octo#79")
def auxiliary_cross_entropy_of_softmax_twice(logits, x_0):
    """probabilities are passed on as logits, so that the softmax is applied twice"""
    return auxiliary_cross_entropy(logits.softmax(-1), x_0)


@mistake(of=auxiliary_cross_entropy, seen="octo-models/octo#79")
def auxiliary_cross_entropy_that_underflows(logits, x_0):
    """the softmax is taken without subtracting the largest logit"""
    exponentials = logits.exp()
    return -(exponentials / exponentials.sum(-1, keepdim=True)).log().gather(-1, x_0[..., None])[..., 0]


@mistake(of=auxiliary_cross_entropy, seen="octo-models/octo#79")
def auxiliary_cross_entropy_infinite_for_certain_errors(logits, x_0):
    """the logarithm is taken of a softmax that has become 0"""
    return -logits.softmax(-1).log().gather(-1, x_0[..., None])[..., 0]


@mistake(of=auxiliary_cross_entropy, seen="catalogue R000-019")
def auxiliary_cross_entropy_without_gradient(logits, x_0):
    """the loss is cut off from the logits, so that nothing is learnt from it"""
    return auxiliary_cross_entropy(logits.detach(), x_0)


@mistake(of=auxiliary_cross_entropy, seen="catalogue R000-019")
def auxiliary_cross_entropy_squeezed(logits, x_0):
    """every axis of size one is squeezed off, also that of a batch of one"""
    return auxiliary_cross_entropy(logits, x_0).squeeze()


@variant(of=auxiliary_cross_entropy, seen="IINemo/lm-polygraph#157")
def auxiliary_cross_entropy_of_log_softmax_twice(logits, x_0):
    """log-softmax of log-softmax is log-softmax"""
    return auxiliary_cross_entropy(logits.log_softmax(-1), x_0)


@mistake(of=discrete_variational_bound, seen="microsoft/LayoutGeneration")
def discrete_variational_bound_without_prior(x_0, transitions, reverse, prior):
    """the divergence from the prior is left out, although it is not 0"""
    terms, to_prior = discrete_variational_bound(x_0, transitions, reverse, prior)
    return DiscreteBound(terms, 0 * to_prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-019")
def discrete_variational_bound_without_decoder(x_0, transitions, reverse, prior):
    """the first step has no term, as if p(x_0 | x_1) were certain"""
    terms, to_prior = discrete_variational_bound(x_0, transitions, reverse, prior)
    return DiscreteBound(torch.cat([0 * terms[:1], terms[1:]]), to_prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-019")
def discrete_variational_bound_from_last_to_first(x_0, transitions, reverse, prior):
    """the terms are listed in the order of sampling"""
    terms, to_prior = discrete_variational_bound(x_0, transitions, reverse, prior)
    return DiscreteBound(terms.flip(0), to_prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-012")
def discrete_variational_bound_for_columns(x_0, transitions, reverse, prior):
    """the model's table is read as [to, from]"""
    return discrete_variational_bound(x_0, transitions, reverse.mT, prior)


@mistake(of=discrete_variational_bound, seen="E000-1")
def discrete_variational_bound_with_one_step_marginals(x_0, transitions, reverse, prior):
    """x_t is drawn by the last step alone, as if it started from the data"""
    single = [
        discrete_variational_bound(x_0, q[None], p[None], prior) for q, p in zip(transitions, reverse, strict=True)
    ]
    return DiscreteBound(torch.cat([bound.terms for bound in single]), single[-1].prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-019")
def discrete_variational_bound_with_wrong_sign(x_0, transitions, reverse, prior):
    """the bound on log p(x_0) is returned, which lies below, instead of that on -log p(x_0)"""
    terms, to_prior = discrete_variational_bound(x_0, transitions, reverse, prior)
    return DiscreteBound(-terms, -to_prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-019")
def discrete_variational_bound_with_all_states_alike(x_0, transitions, reverse, prior):
    """the mean over x_t is taken as if all classes were equally likely"""
    terms, to_prior = discrete_variational_bound(x_0, transitions, reverse, prior)
    before, rows = _products(transitions), []
    for t in range(len(transitions)):
        pairs = before[t][x_0][:, :, None] * transitions[t]
        true = (pairs / pairs.sum(1, keepdim=True)).nan_to_num()
        rows.append(kl_divergence(true.mT, reverse[t].expand_as(true)).mean(-1))
    return DiscreteBound(torch.stack(rows) + 0 * terms, to_prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-019")
def discrete_variational_bound_with_least_probability(x_0, transitions, reverse, prior):
    """what the model rules out counts as a probability of 1e-10"""
    return discrete_variational_bound(x_0, transitions, reverse.clamp(min=1e-10), prior)


@mistake(of=discrete_variational_bound, seen="catalogue R000-019")
def discrete_variational_bound_with_swapped_prior(x_0, transitions, reverse, prior):
    """the divergence from the prior is taken the other way round"""
    terms, _ = discrete_variational_bound(x_0, transitions, reverse, prior)
    last = _products(transitions)[-1][x_0]
    return DiscreteBound(terms, kl_divergence(prior.expand_as(last), last))


@mistake(of=d3pm_loss, seen="cloneofsimo/d3pm#1")
def d3pm_loss_on_clean_data(denoiser, x_0, t, uniform, transitions, coefficient):
    """the denoiser is called on x_0, which makes its task trivial"""
    return d3pm_loss(lambda x_t, index: denoiser(x_0, index), x_0, t, uniform, transitions, coefficient)


@mistake(of=d3pm_loss, seen="cloneofsimo/d3pm#5")
def d3pm_loss_with_coefficient_of_bound(denoiser, x_0, t, uniform, transitions, coefficient):
    """the coefficient multiplies the bound instead of the cross-entropy, so that 0 trains the cross-entropy alone"""
    bound = d3pm_loss(denoiser, x_0, t, uniform, transitions, 0.0)
    both = d3pm_loss(denoiser, x_0, t, uniform, transitions, 1.0)
    return coefficient * bound + both - bound


@mistake(of=d3pm_loss, seen="catalogue R000-019")
def d3pm_loss_averaged_over_positions(denoiser, x_0, t, uniform, transitions, coefficient):
    """the mean over the positions is taken instead of the sum"""
    return d3pm_loss(denoiser, x_0, t, uniform, transitions, coefficient) / x_0.shape[1]


@mistake(of=d3pm_loss, seen="tqch/ddpm-torch#20")
def d3pm_loss_with_frozen_timestep(denoiser, x_0, t, uniform, transitions, coefficient):
    """the denoiser is told the last timestep whatever it is"""
    last = len(transitions) - 1
    return d3pm_loss(lambda x_t, _: denoiser(x_t, last), x_0, t, uniform, transitions, coefficient)


def _loss(denoiser, x_0, t, transitions, coefficient, x_t, reverse_from):
    before = _products(transitions)[t]
    logits = denoiser(x_t, t)
    reverse = reverse_from(x_t, logits.softmax(-1), transitions[t], before)
    kl = kl_divergence(categorical_posterior(x_t, x_0, transitions[t], before), reverse)
    return (kl + coefficient * auxiliary_cross_entropy(logits, x_0)).sum(1)


@mistake(of=d3pm_loss, seen="google-research/d3pm")
def d3pm_loss_of_the_joint_form(denoiser, x_0, t, uniform, transitions, coefficient):
    """the step back is that of `reverse_from_joint`, which does not suit a prediction of q(x_0 | x_t)"""
    x_t = gumbel_max(_products(transitions)[t + 1][x_0].log(), uniform)
    return _loss(denoiser, x_0, t, transitions, coefficient, x_t, reverse_from_joint)


@mistake(of=d3pm_loss, seen="E000-1")
def d3pm_loss_noised_by_one_step(denoiser, x_0, t, uniform, transitions, coefficient):
    """x_t is drawn by the last step alone, as if it started from the data"""
    x_t = gumbel_max(transitions[t][x_0].log(), uniform)
    return _loss(denoiser, x_0, t, transitions, coefficient, x_t, reverse_from_mixture)


@mistake(of=d3pm_loss, seen="catalogue R000-012")
def d3pm_loss_noised_one_step_too_little(denoiser, x_0, t, uniform, transitions, coefficient):
    """x_t is drawn from the marginal of the step before"""
    x_t = gumbel_max(_products(transitions)[t][x_0].log(), uniform)
    return _loss(denoiser, x_0, t, transitions, coefficient, x_t, reverse_from_mixture)


@mistake(of=d3pm_loss, seen="catalogue R000-013")
def d3pm_loss_noised_by_probabilities(denoiser, x_0, t, uniform, transitions, coefficient):
    """probabilities are passed to the Gumbel-max trick instead of their logarithms"""
    x_t = gumbel_max(_products(transitions)[t + 1][x_0], uniform)
    return _loss(denoiser, x_0, t, transitions, coefficient, x_t, reverse_from_mixture)


@mistake(of=d3pm_loss, seen="catalogue R000-019")
def d3pm_loss_without_gradient_of_bound(denoiser, x_0, t, uniform, transitions, coefficient):
    """only the auxiliary loss is learnt from"""
    loss = d3pm_loss(denoiser, x_0, t, uniform, transitions, coefficient)
    auxiliary = coefficient * (loss - d3pm_loss(denoiser, x_0, t, uniform, transitions, 0.0))
    return loss.detach() + auxiliary - auxiliary.detach()


@mistake(of=d3pm_loss, seen="catalogue R000-019")
def d3pm_loss_with_undefined_gradient(denoiser, x_0, t, uniform, transitions, coefficient):
    """classes that p misses are left out after the logarithm of q has been taken, so that their gradient is NaN"""
    before = _products(transitions)[t]
    x_t = gumbel_max((before @ transitions[t])[x_0].log(), uniform)
    logits = denoiser(x_t, t)
    p = categorical_posterior(x_t, x_0, transitions[t], before)
    q = reverse_from_mixture(x_t, logits.softmax(-1), transitions[t], before)
    kl = torch.where(p > 0, p * (p.log() - q.log()), 0).sum(-1)
    return (kl + coefficient * auxiliary_cross_entropy(logits, x_0)).sum(1) + 0 * d3pm_loss(
        denoiser, x_0, t, uniform, transitions, coefficient
    )


@mistake(of=d3pm_loss, seen="catalogue R000-019")
def d3pm_loss_without_check(denoiser, x_0, t, uniform, transitions, coefficient):
    """an index outside the table, or a negative coefficient, gets a loss all the same"""
    t = min(t, len(transitions) - 1)
    x_t = gumbel_max(_products(transitions)[t + 1][x_0].log(), uniform)
    return _loss(denoiser, x_0, t, transitions, coefficient, x_t, reverse_from_mixture)


@mistake(of=substitution_log_probabilities, seen="kuleshov-group/mdlm#7")
def substitution_log_probabilities_with_large_number(logits, x_t, absorbing):
    """MASK is forbidden by adding -1e6 times a mask, which is NaN in float16, where 1e6 is infinite"""
    fixed = substitution_log_probabilities(logits, x_t, absorbing)
    token = torch.arange(logits.shape[-1])
    penalty = torch.tensor(-1e6, dtype=logits.dtype) * (token == absorbing).to(logits.dtype)
    return torch.where((x_t == absorbing)[..., None], (logits + penalty).log_softmax(-1), fixed)


@mistake(of=substitution_log_probabilities, seen="arXiv:2406.07524, section 3.2")
def substitution_log_probabilities_that_predict_mask(logits, x_t, absorbing):
    """MASK may be predicted for the data"""
    fixed = substitution_log_probabilities(logits, x_t, absorbing)
    return torch.where((x_t == absorbing)[..., None], logits.log_softmax(-1), fixed)


@mistake(of=substitution_log_probabilities, seen="arXiv:2406.07524, section 3.2")
def substitution_log_probabilities_without_renormalisation(logits, x_t, absorbing):
    """MASK is struck out after the softmax, and its probability is lost"""
    fixed = substitution_log_probabilities(logits, x_t, absorbing)
    struck = torch.where(torch.arange(logits.shape[-1]) == absorbing, -torch.inf, logits.log_softmax(-1))
    return torch.where((x_t == absorbing)[..., None], struck, fixed)


@mistake(of=substitution_log_probabilities, seen="arXiv:2406.07524, section 3.2")
def substitution_log_probabilities_that_change_tokens(logits, x_t, absorbing):
    """tokens that are not masked are predicted anew instead of carried over"""
    return substitution_log_probabilities(logits, torch.full_like(x_t, absorbing), absorbing)


@mistake(of=substitution_log_probabilities, seen="arXiv:2406.07524, section 3.2")
def substitution_log_probabilities_with_mask_last(logits, x_t, absorbing):
    """MASK is taken to be the last class"""
    substitution_log_probabilities(logits, x_t, absorbing)
    return substitution_log_probabilities(logits, x_t, logits.shape[-1] - 1)


@mistake(of=substitution_log_probabilities, seen="arXiv:2406.07524, section 3.2")
def substitution_log_probabilities_without_check(logits, x_t, absorbing):
    """a MASK outside the classes is counted from their end or never met"""
    return substitution_log_probabilities(logits, x_t, absorbing % logits.shape[-1])


@variant(of=substitution_log_probabilities, seen="kuleshov-group/mdlm#7")
def substitution_log_probabilities_with_lowest_number(logits, x_t, absorbing):
    """the lowest number of the dtype in place of -inf leaves no probability either"""
    log_probabilities = substitution_log_probabilities(logits, x_t, absorbing)
    return log_probabilities.clamp(min=torch.finfo(logits.dtype).min)


@mistake(of=mask_and_replace_marginal, seen="catalogue R000-014")
def mask_and_replace_marginal_with_mask_first(x_0, keep_bar, mask_bar):
    """MASK is the first class instead of the last"""
    return mask_and_replace_marginal(x_0, keep_bar, mask_bar).roll(1, -1)


@mistake(of=mask_and_replace_marginal, seen="catalogue R000-014")
def mask_and_replace_marginal_shared_with_mask(x_0, keep_bar, mask_bar):
    """what is replaced is divided by the number of all classes, MASK included"""
    tokens = keep_bar * x_0 + (1 - keep_bar - mask_bar) / (x_0.shape[-1] + 1)
    return torch.cat([tokens, mask_bar.expand(*x_0.shape[:-1], 1)], -1)


@mistake(of=mask_and_replace_marginal, seen="catalogue R000-014")
def mask_and_replace_marginal_without_replacement(x_0, keep_bar, mask_bar):
    """tokens are kept or masked, and never replaced by others"""
    return torch.cat([(1 - mask_bar) * x_0, mask_bar.expand(*x_0.shape[:-1], 1)], -1)


@mistake(of=mask_and_replace_marginal, seen="catalogue R000-014")
def mask_and_replace_marginal_without_itself(x_0, keep_bar, mask_bar):
    """a token is replaced by the others only, never by itself"""
    replaced = (1 - keep_bar - mask_bar) / (x_0.shape[-1] - 1)
    return torch.cat([keep_bar * x_0 + replaced * (1 - x_0), mask_bar.expand(*x_0.shape[:-1], 1)], -1)


@mistake(of=mask_and_replace_marginal, seen="catalogue R000-014")
def mask_and_replace_marginal_with_mask_kept_out(x_0, keep_bar, mask_bar):
    """the probability of MASK is not taken from what is replaced, so that the sum exceeds 1"""
    tokens = keep_bar * x_0 + (1 - keep_bar) / x_0.shape[-1]
    return torch.cat([tokens, mask_bar.expand(*x_0.shape[:-1], 1)], -1)


def _reverse(x_t, weights, keep, mask, keep_bar_s, mask_bar_s):
    """q(x_t | x_s) times the marginal of the given weights of x_0, scaled to sum to 1."""
    tokens = weights.shape[-1]
    masked, same = (x_t == tokens)[..., None], x_t[..., None] == torch.arange(tokens)
    column = torch.where(masked, mask, keep * same + (1 - keep - mask) / tokens)
    before = mask_and_replace_marginal(weights / weights.sum(-1, keepdim=True), keep_bar_s, mask_bar_s)
    reverse = torch.cat([column, masked.to(column.dtype)], -1) * before
    return reverse / reverse.sum(-1, keepdim=True)


def _reach(x_t, tokens, keep, mask, keep_bar_s, mask_bar_s):
    """q(x_t | x_0) for every token x_0."""
    same = x_t[..., None] == torch.arange(tokens)
    keep_bar, mask_bar = keep * keep_bar_s, 1 - (1 - mask) * (1 - mask_bar_s)
    return torch.where((x_t == tokens)[..., None], mask_bar, keep_bar * same + (1 - keep_bar - mask_bar) / tokens)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-012")
def mask_and_replace_reverse_that_is_joint(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """pairs are weighed as if the predicted probabilities did not know x_t yet"""
    return _reverse(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s)


@mistake(of=mask_and_replace_reverse, seen="microsoft/VQ-Diffusion#20")
def mask_and_replace_reverse_from_rows(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """row x_t of the matrix of the step is read instead of column x_t, so that a token comes from MASK"""
    reverse = mask_and_replace_reverse(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s)
    tokens = probabilities.shape[-1]
    weights = probabilities / _reach(x_t, tokens, keep, mask, keep_bar_s, mask_bar_s)
    before = mask_and_replace_marginal(weights / weights.sum(-1, keepdim=True), keep_bar_s, mask_bar_s)
    row = mask_and_replace_marginal((x_t[..., None] == torch.arange(tokens)).to(keep.dtype), keep, mask)
    rows = row * before / (row * before).sum(-1, keepdim=True)
    return torch.where((x_t == tokens)[..., None], reverse, rows)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-011")
def mask_and_replace_reverse_with_marginal_of_t(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """keep_bar and mask_bar are those up to t, where those up to s belong"""
    totals = keep * keep_bar_s, mask_bar_s + mask * (1 - mask_bar_s)
    return mask_and_replace_reverse(x_t, probabilities, keep, mask, *totals)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-014")
def mask_and_replace_reverse_with_totals_for_step(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """the step from s to t is taken for all steps up to t"""
    totals = keep * keep_bar_s, mask_bar_s + mask * (1 - mask_bar_s)
    return mask_and_replace_reverse(x_t, probabilities, *totals, keep_bar_s, mask_bar_s)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-014")
def mask_and_replace_reverse_with_levels_of_first_sample(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """the levels of the first sample are used for the whole batch"""
    first = (level.flatten()[:1] for level in (keep, mask, keep_bar_s, mask_bar_s))
    return mask_and_replace_reverse(x_t, probabilities, *(level.expand(*x_t.shape[:-1], 1, 1) for level in first))


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-014")
def mask_and_replace_reverse_with_mask_first(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """MASK is the first class of the result instead of the last"""
    return mask_and_replace_reverse(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s).roll(1, -1)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-014")
def mask_and_replace_reverse_without_replacement(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """tokens are masked only, so that what is seen of them is taken for the data"""
    return mask_and_replace_reverse(x_t, probabilities, 1 - mask, mask, 1 - mask_bar_s, mask_bar_s)


@mistake(of=mask_and_replace_reverse, seen="microsoft/VQ-Diffusion#18")
def mask_and_replace_reverse_without_mask(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """MASK is struck out at every step, although it is impossible only at the data"""
    reverse = mask_and_replace_reverse(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s)
    tokens = reverse[..., :-1] / reverse[..., :-1].sum(-1, keepdim=True)
    return torch.cat([tokens, torch.zeros_like(tokens[..., :1])], -1)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-012")
def mask_and_replace_reverse_of_the_likeliest_x_0(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """the predicted probabilities are rounded to the likeliest token"""
    likeliest = probabilities.argmax(-1, keepdim=True) == torch.arange(probabilities.shape[-1])
    return mask_and_replace_reverse(x_t, likeliest.to(probabilities.dtype), keep, mask, keep_bar_s, mask_bar_s)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-014")
def mask_and_replace_reverse_that_loses_rare_tokens(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """tokens of probability below 1e-6 are given none"""
    reverse = mask_and_replace_reverse(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s)
    return torch.where(reverse < 1e-6, 0, reverse)


@mistake(of=mask_and_replace_reverse, seen="huggingface/diffusers, VQDiffusionPipeline")
def mask_and_replace_reverse_with_floors(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """probabilities are at least e^-70, so that tokens that cannot reach x_t take part"""
    floor = math.exp(-70)
    reach = _reach(x_t, probabilities.shape[-1], keep, mask, keep_bar_s, mask_bar_s).clamp(min=floor)
    return _reverse(x_t, probabilities.clamp(min=floor) / reach, keep, mask, keep_bar_s, mask_bar_s)


@mistake(of=mask_and_replace_reverse, seen="catalogue R000-012")
def mask_and_replace_reverse_without_gradient(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """the value is right, but 0/0 behind a where makes the gradient NaN"""
    reach = _reach(x_t, probabilities.shape[-1], keep, mask, keep_bar_s, mask_bar_s)
    weights = torch.where(reach > 0, probabilities / reach, 0)
    return _reverse(x_t, weights, keep, mask, keep_bar_s, mask_bar_s)


@variant(of=mask_and_replace_reverse, seen="microsoft/VQ-Diffusion#15")
def mask_and_replace_reverse_divided_by_chance_of_mask(x_t, probabilities, keep, mask, keep_bar_s, mask_bar_s):
    """where x_t is MASK the prediction is divided by q(MASK | x_0) too, which is the same for every token"""
    reach = _reach(x_t, probabilities.shape[-1], keep, mask, keep_bar_s, mask_bar_s)
    weights = probabilities / torch.where(reach > 0, reach, torch.inf)
    return _reverse(x_t, weights, keep, mask, keep_bar_s, mask_bar_s)


def _sample(denoiser, x_T, uniform, transitions, back, last_noise=1.0):
    x, before = x_T, _products(transitions)
    for t in reversed(range(len(transitions))):
        log_probabilities = back(x, denoiser(x, t).softmax(-1), transitions[t], before[t]).log()
        noise = gumbel_noise(uniform[t]) * (last_noise if t == 0 else 1)
        x = (log_probabilities + noise).argmax(-1)
    return x


@mistake(of=discrete_sample, seen="google-research/d3pm")
def discrete_sample_of_the_joint_form(denoiser, x_T, uniform, transitions):
    """the step back is that of `reverse_from_joint`, which does not suit a prediction of q(x_0 | x_t)"""
    return _sample(denoiser, x_T, uniform, transitions, reverse_from_joint)


@mistake(of=discrete_sample, seen="google-research/d3pm")
def discrete_sample_without_noise_at_the_end(denoiser, x_T, uniform, transitions):
    """the last step takes the likeliest class instead of a sample"""
    return _sample(denoiser, x_T, uniform, transitions, reverse_from_mixture, last_noise=0)


@mistake(of=discrete_sample, seen="catalogue R000-012")
def discrete_sample_with_noise_in_order_of_drawing(denoiser, x_T, uniform, transitions):
    """the uniform numbers are used from the first on, although the steps run from the last"""
    return discrete_sample(denoiser, x_T, uniform.flip(0), transitions)


@mistake(of=discrete_sample, seen="catalogue R000-012")
def discrete_sample_with_one_noise(denoiser, x_T, uniform, transitions):
    """every step gets the same uniform numbers"""
    return discrete_sample(denoiser, x_T, uniform[:1].expand(uniform.shape), transitions)


@mistake(of=discrete_sample, seen="tqch/ddpm-torch#20")
def discrete_sample_with_frozen_timestep(denoiser, x_T, uniform, transitions):
    """the denoiser is told the last timestep at every step"""
    last = len(transitions) - 1
    return discrete_sample(lambda x_t, t: denoiser(x_t, last), x_T, uniform, transitions)


@mistake(of=discrete_sample, seen="catalogue R000-012")
def discrete_sample_that_predicts_from_the_start(denoiser, x_T, uniform, transitions):
    """the denoiser sees the first state at every step"""
    return discrete_sample(lambda x_t, t: denoiser(x_T, t), x_T, uniform, transitions)


@mistake(of=discrete_sample, seen="catalogue R000-012")
def discrete_sample_one_step_short(denoiser, x_T, uniform, transitions):
    """the last step is left out, so that the result is x_1"""
    calls = []

    def recorded(x_t, t):
        calls.append(x_t)
        return denoiser(x_t, t)

    discrete_sample(recorded, x_T, uniform, transitions)
    return calls[-1].clone()


@mistake(of=discrete_sample, seen="microsoft/VQ-Diffusion#20")
def discrete_sample_from_rows(denoiser, x_T, uniform, transitions):
    """rows of the matrices are read where columns belong"""
    return _sample(
        denoiser,
        x_T,
        uniform,
        transitions,
        lambda x, p, between, cumulative: reverse_from_mixture(x, p, between.T, cumulative),
    )
