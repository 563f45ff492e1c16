"""Wrong variants of `reference.probability.covariate_shift`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.covariate_shift import (
    effective_sample_size,
    fit_logistic_regression,
    importance_weights,
    logistic_regression_step,
    weighted_risk,
)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_with_labels_exchanged(weights, features, labels, penalty):
    """the source is taken for the class True"""
    return logistic_regression_step(weights, features, ~labels, penalty)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_without_pull_of_penalty(weights, features, labels, penalty):
    """the penalty is added to the curvature but not to the gradient, so that it only damps the step"""
    p = torch.sigmoid(features @ weights)
    system = (features.T * p * (1 - p)) @ features + penalty * torch.eye(len(weights), dtype=weights.dtype)
    return logistic_regression_step(weights, features, labels, penalty) + torch.linalg.solve(system, penalty * weights)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_with_penalty_doubled(weights, features, labels, penalty):
    """the penalty is lambda |w|^2, without the half"""
    return logistic_regression_step(weights, features, labels, 2 * penalty)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_with_constant_curvature(weights, features, labels, penalty):
    """the curvature is that at p = 1/2, which bounds it, so that steps are too short"""
    moved = logistic_regression_step(weights, features, labels, penalty)
    p, identity = torch.sigmoid(features @ weights), penalty * torch.eye(len(weights), dtype=weights.dtype)
    gradient = ((features.T * p * (1 - p)) @ features + identity) @ (weights - moved)
    return weights - torch.linalg.solve(features.T @ features / 4 + identity, gradient)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_without_check(weights, features, labels, penalty):
    """a negative penalty is taken for none, and a singular system solved anyhow"""
    return logistic_regression_step(weights, features, labels, penalty if penalty > 0 else 1e-12)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_of_clamped_probabilities(weights, features, labels, penalty):
    """probabilities are kept 0.001 away from 0 and 1"""
    logistic_regression_step(weights, features, labels, penalty)
    p = torch.sigmoid(features @ weights).clamp(1e-3, 1 - 1e-3)
    hessian = (features.T * (p * (1 - p))) @ features + penalty * torch.eye(len(weights), dtype=weights.dtype)
    return weights - torch.linalg.solve(hessian, features.T @ (p - labels.to(p)) + penalty * weights)


@mistake(of=logistic_regression_step, seen="catalogue R004-008")
def logistic_regression_step_that_overflows(weights, features, labels, penalty):
    """the sigmoid is exp(z) / (1 + exp(z)), which is NaN for a large z"""
    odds = (features @ weights).exp()
    return logistic_regression_step(weights, features, labels, penalty) + 0 * (odds / (1 + odds)).sum()


@mistake(of=fit_logistic_regression, seen="catalogue R004-008")
def fit_logistic_regression_with_labels_exchanged(features, labels, penalty, num_steps):
    """the source is taken for the class True, which inverts the weights of the samples"""
    return fit_logistic_regression(features, ~labels, penalty, num_steps)


@mistake(of=fit_logistic_regression, seen="catalogue R004-008")
def fit_logistic_regression_with_default_penalty(features, labels, penalty, num_steps):
    """a penalty of 1 is always there, as by scikit-learn's default"""
    return fit_logistic_regression(features, labels, 1 + penalty, num_steps)


@mistake(of=fit_logistic_regression, seen="catalogue R004-008")
def fit_logistic_regression_in_one_step(features, labels, penalty, num_steps):
    """only one step is done"""
    return fit_logistic_regression(features, labels, penalty, min(num_steps, 1))


@mistake(of=fit_logistic_regression, seen="catalogue R004-008")
def fit_logistic_regression_without_check(features, labels, penalty, num_steps):
    """a negative number of steps returns the start"""
    return fit_logistic_regression(features, labels, penalty, max(num_steps, 0))


@mistake(of=importance_weights, seen="catalogue R004-007")
def importance_weights_with_a_limit(logits, num_source, num_target):
    """logits are cut at 20, so that no weight is large, and the risk is biased"""
    return importance_weights(logits.clamp(max=20), num_source, num_target)


@mistake(of=importance_weights, seen="E004-3")
def importance_weights_without_sample_sizes(logits, num_source, num_target):
    """exp of the logit is taken for p / q, though it holds the odds m / n"""
    importance_weights(logits, num_source, num_target)
    return logits.exp()


@mistake(of=importance_weights, seen="E004-3")
def importance_weights_with_sample_sizes_inverted(logits, num_source, num_target):
    """the factor is m / n instead of n / m"""
    return importance_weights(logits, num_target, num_source)


@mistake(of=importance_weights, seen="catalogue R004-007")
def importance_weights_of_source(logits, num_source, num_target):
    """the ratio is q / p"""
    return 1 / importance_weights(logits, num_source, num_target)


@mistake(of=importance_weights, seen="catalogue R004-008")
def importance_weights_by_probability(logits, num_source, num_target):
    """the probability of the target is taken for its odds, which keeps weights small"""
    importance_weights(logits, num_source, num_target)
    return num_source / num_target * torch.sigmoid(logits)


@mistake(of=importance_weights, seen="E004-3")
def importance_weights_without_check(logits, num_source, num_target):
    """a distribution of which there are no samples has a density"""
    return importance_weights(logits, max(num_source, 1), max(num_target, 1))


@mistake(of=weighted_risk, seen="catalogue R004-007")
def weighted_risk_self_normalised(losses, weights):
    """the weights are divided by their sum, which is biased"""
    weighted_risk(losses, weights)
    return (weights * losses).sum(-1) / weights.sum(-1).clamp(min=1e-9)


@mistake(of=weighted_risk, seen="catalogue R004-007")
def weighted_risk_with_ratio_inverted(losses, weights):
    """the losses are divided by the weights"""
    return weighted_risk(losses, 1 / weights.clamp(min=0.125))


@mistake(of=weighted_risk, seen="catalogue R004-007")
def weighted_risk_without_weights(losses, weights):
    """the weights are left out, and the risk is that of the source"""
    return weighted_risk(losses, torch.ones_like(weights))


@mistake(of=weighted_risk, seen="catalogue R004-007")
def weighted_risk_summed(losses, weights):
    """the sum is returned instead of the mean"""
    return weighted_risk(losses, weights) * losses.shape[-1]


@mistake(of=weighted_risk, seen="catalogue R004-007")
def weighted_risk_of_nothing(losses, weights):
    """no samples give NaN without an error"""
    return (weights * losses).mean(-1)


@mistake(of=effective_sample_size, seen="catalogue R004-007")
def effective_sample_size_inverted(weights):
    """the sum of the squared shares is returned, not what it is one over"""
    return 1 / effective_sample_size(weights)


@mistake(of=effective_sample_size, seen="catalogue R004-007")
def effective_sample_size_of_normalised_weights(weights):
    """the sum is taken to be 1 already"""
    return 1 / weights.square().sum(-1)


@mistake(of=effective_sample_size, seen="catalogue R004-007")
def effective_sample_size_by_entropy(weights):
    """exp of the entropy of the shares is returned, which counts equal weights alike"""
    share = weights / weights.sum(-1, keepdim=True)
    return torch.special.entr(share).sum(-1).exp()


@mistake(of=effective_sample_size, seen="catalogue R004-007")
def effective_sample_size_by_largest_weight(weights):
    """the sum is divided by the largest weight, another measure that counts equal weights alike"""
    return weights.sum(-1) / weights.amax(-1)


@variant(of=effective_sample_size, seen="catalogue R004-007")
def effective_sample_size_by_variance(weights):
    """n over 1 plus the squared coefficient of variation of the weights, with divisor n"""
    spread = (weights / weights.mean(-1, keepdim=True) - 1).square().mean(-1)
    return weights.shape[-1] / (1 + spread)


@mistake(of=effective_sample_size, seen="catalogue R004-007")
def effective_sample_size_of_nothing(weights):
    """weights that are all 0 count as no sample, where nothing is known of their shares"""
    return effective_sample_size(weights).nan_to_num()
