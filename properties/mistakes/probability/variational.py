"""Wrong variants of `reference.probability.variational`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.variational import (
    cavi_categorical_sweep,
    cavi_gaussian_sweep,
    elbo,
    evidence,
    exact_posterior,
    importance_weighted_bound,
    mean_field_variances,
    reparameterized_sample,
)


@mistake(of=evidence, seen="catalogue R003-049")
def evidence_that_underflows(prior, log_likelihood):
    """probabilities are added up without logsumexp, so that far data have probability 0"""
    return (prior * log_likelihood.exp()).sum(-1).log()


@mistake(of=evidence, seen="catalogue R003-089")
def evidence_by_average_of_logs(prior, log_likelihood):
    """the average of log p(x | z) is taken for the logarithm of the average, above which it cannot lie"""
    return (prior * log_likelihood).sum(-1)


@mistake(of=evidence, seen="catalogue R003-049")
def evidence_of_most_likely_latent(prior, log_likelihood):
    """only the most probable latent is counted"""
    return (prior.log() + log_likelihood).amax(-1)


@mistake(of=evidence, seen="catalogue R003-049")
def evidence_under_flat_prior(prior, log_likelihood):
    """all latents are taken to be equally likely beforehand"""
    return torch.logsumexp(log_likelihood, -1) - math.log(len(prior))


@mistake(of=evidence, seen="catalogue R003-088")
def evidence_with_log_prior_left_out(prior, log_likelihood):
    """the likelihoods of all latents are added up without the prior"""
    return torch.logsumexp(log_likelihood, -1) + 0 * prior.sum()


@mistake(of=evidence, seen="catalogue R003-088")
def evidence_without_the_largest_likelihood(prior, log_likelihood):
    """the largest likelihood is taken out, even of a z that the prior excludes, and the rest vanishes"""
    largest = log_likelihood.amax(-1, keepdim=True)
    return ((log_likelihood - largest).exp() @ prior).log() + largest.squeeze(-1)


@variant(of=evidence, seen="textbook: the log-sum-exp trick")
def evidence_relative_to_largest_term(prior, log_likelihood):
    """the largest term may be taken out of the sum by hand, if it is not 0"""
    log_joint = prior.log() + log_likelihood
    largest = log_joint.amax(-1, keepdim=True).nan_to_num(neginf=0)
    return largest.squeeze(-1) + (log_joint - largest).exp().sum(-1).log()


@mistake(of=evidence, seen="catalogue R003-049")
def evidence_that_is_nan_for_what_cannot_be(prior, log_likelihood):
    """the largest log probability is subtracted even if it is -inf"""
    log_joint = prior.log() + log_likelihood
    highest = log_joint.amax(-1, keepdim=True)
    return ((log_joint - highest).exp().sum(-1, keepdim=True).log() + highest).squeeze(-1)


@mistake(of=exact_posterior, seen="catalogue R003-088")
def exact_posterior_that_underflows(log_joint):
    """the joint probabilities are made before they are normalised, so that far data give 0 / 0"""
    joint = log_joint.exp()
    return joint / joint.sum(-1, keepdim=True)


@mistake(of=exact_posterior, seen="E003-027")
def exact_posterior_of_hard_assignment(log_joint):
    """all the mass goes to the most probable latent"""
    return torch.nn.functional.one_hot(log_joint.argmax(-1), log_joint.shape[-1]).to(log_joint.dtype)


@mistake(of=exact_posterior, seen="catalogue R003-088")
def exact_posterior_normalised_over_data(log_joint):
    """the sum over data is set to one instead of the sum over latents"""
    return torch.softmax(log_joint, 0)


@mistake(of=exact_posterior, seen="hmmlearn/hmmlearn#77")
def exact_posterior_with_a_floor(log_joint):
    """1e-8 is added to every share, so that excluded latents get one"""
    share = torch.softmax(log_joint, -1) + 1e-8
    return share / share.sum(-1, keepdim=True)


@mistake(of=exact_posterior, seen="catalogue R003-088")
def exact_posterior_that_is_flat_for_what_cannot_be(log_joint):
    """-inf is replaced by the lowest float, so that data which cannot be have equally likely causes"""
    return exact_posterior(log_joint.clamp(min=torch.finfo(log_joint.dtype).min))


@mistake(of=elbo, seen="catalogue R003-099")
def elbo_without_entropy(q, log_joint):
    """the entropy of q is left out"""
    return torch.where(q > 0, q * log_joint, 0).sum(-1)


@mistake(of=elbo, seen="catalogue R003-099")
def elbo_with_entropy_subtracted(q, log_joint):
    """the entropy of q is subtracted instead of added"""
    return (torch.where(q > 0, q * log_joint, 0) - torch.special.entr(q)).sum(-1)


@mistake(of=elbo, seen="catalogue R003-049")
def elbo_with_reversed_divergence(q, log_joint):
    """KL(p(z | x) || q) is subtracted from log p(x) instead of KL(q || p(z | x))"""
    posterior = torch.softmax(log_joint, -1)
    gap = torch.special.entr(posterior) + posterior * q.clamp(min=1e-30).log()
    return torch.logsumexp(log_joint, -1) + gap.sum(-1)


@mistake(of=elbo, seen="catalogue R003-049")
def elbo_with_gap_added(q, log_joint):
    """KL(q || p(z | x)) is added to log p(x), which makes an upper bound"""
    return 2 * torch.logsumexp(log_joint, -1) - elbo(q, log_joint)


@mistake(of=elbo, seen="E003-034")
def elbo_with_wrong_sign(q, log_joint):
    """the loss is returned, which is minus the bound"""
    return -elbo(q, log_joint)


@mistake(of=elbo, seen="catalogue R003-049")
def elbo_of_normalised_joint(q, log_joint):
    """the posterior takes the place of the joint, which leaves minus the divergence"""
    return elbo(q, torch.log_softmax(log_joint, -1))


@mistake(of=elbo, seen="catalogue R003-089")
def elbo_that_is_the_evidence(q, log_joint):
    """q has no influence: log p(x) itself is returned"""
    return torch.logsumexp(log_joint, -1) + 0 * q.sum(-1)


@mistake(of=elbo, seen="catalogue R003-049")
def elbo_of_nan_at_excluded_latents(q, log_joint):
    """0 log 0 is NaN"""
    return (q * (log_joint - q.log())).sum(-1)


@mistake(of=elbo, seen="catalogue R003-089")
def elbo_that_ignores_impossible_latents(q, log_joint):
    """a latent that the joint excludes counts for nothing although q has it"""
    allowed = log_joint > -math.inf
    return torch.where(allowed, torch.where(allowed, q * log_joint, 0) + torch.special.entr(q), 0).sum(-1)


@mistake(of=elbo, seen="catalogue R003-049")
def elbo_with_masked_nan(q, log_joint):
    """the value is masked after the product was taken, so that gradients at excluded latents are NaN"""
    return torch.where(q > 0, q * (log_joint - q.log()), 0).sum(-1)


@mistake(of=importance_weighted_bound, seen="AntixK/PyTorch-VAE#34")
def importance_weighted_bound_with_weights_in_the_graph(log_weights):
    """the log weights are averaged with normalised weights, through which the gradient passes as well"""
    return (torch.softmax(log_weights, -1) * log_weights).sum(-1)


@mistake(of=importance_weighted_bound, seen="arXiv:1509.00519, section 3")
def importance_weighted_bound_by_average_of_logs(log_weights):
    """the log weights are averaged, which is the ELBO for every number of samples"""
    return log_weights.mean(-1)


@mistake(of=importance_weighted_bound, seen="catalogue R003-089")
def importance_weighted_bound_without_average(log_weights):
    """the weights are added up and not divided by their number"""
    if log_weights.shape[-1] < 1:
        return importance_weighted_bound(log_weights)
    return torch.logsumexp(log_weights, -1)


@mistake(of=importance_weighted_bound, seen="arXiv:1509.00519, section 3")
def importance_weighted_bound_that_underflows(log_weights):
    """the weights are made before they are averaged, so that far data give -inf"""
    if log_weights.shape[-1] < 1:
        return importance_weighted_bound(log_weights)
    return log_weights.exp().mean(-1).log()


@mistake(of=importance_weighted_bound, seen="arXiv:1509.00519, section 3")
def importance_weighted_bound_with_stopped_gradient(log_weights):
    """the gradient passes through the log weights as if each sample had the same weight"""
    equal = log_weights.mean(-1)
    return importance_weighted_bound(log_weights.detach()) + equal - equal.detach()


@mistake(of=importance_weighted_bound, seen="arXiv:1509.00519, section 3")
def importance_weighted_bound_of_no_samples(log_weights):
    """no samples at all give -inf instead of an error"""
    return torch.logsumexp(log_weights, -1) - math.log(max(log_weights.shape[-1], 1))


@variant(of=importance_weighted_bound, seen="tensorflow/probability#189")
def importance_weighted_bound_from_local_elbos(log_weights):
    """log p - log q of each sample enters the logsumexp: that is the right weight, and no second bound is taken"""
    elbo_local = log_weights
    largest = importance_weighted_bound(elbo_local).detach()[..., None].nan_to_num(neginf=0)
    return largest.squeeze(-1) + (elbo_local - largest).exp().mean(-1).log()


@mistake(of=importance_weighted_bound, seen="catalogue R003-089")
def importance_weighted_bound_that_is_nan_without_weight(log_weights):
    """the largest log weight is subtracted even if it is -inf"""
    if not log_weights.shape[-1]:
        raise ValueError("no samples")
    highest = log_weights.amax(-1, keepdim=True)
    return ((log_weights - highest).exp().mean(-1, keepdim=True).log() + highest).squeeze(-1)


@mistake(of=reparameterized_sample, seen="E003-043")
def reparameterized_sample_scaled_by_variance(mean, std, noise):
    """noise scaled by the variance instead of the standard deviation"""
    return mean + std**2 * noise


@mistake(of=reparameterized_sample, seen="catalogue R003-082")
def reparameterized_sample_outside_the_graph(mean, std, noise):
    """the sample is drawn without gradients, so that nothing reaches mean and standard deviation"""
    with torch.no_grad():
        z = mean + std * noise
    return z + 0 * (mean + std)


@mistake(of=reparameterized_sample, seen="catalogue R003-082")
def reparameterized_sample_of_log_std(mean, std, noise):
    """the standard deviation is taken for its logarithm"""
    return mean + std.exp() * noise


@mistake(of=reparameterized_sample, seen="catalogue R003-082")
def reparameterized_sample_with_one_noise(mean, std, noise):
    """the same noise is used for every row"""
    return mean + std * noise[:1]


@mistake(of=reparameterized_sample, seen="catalogue R003-082")
def reparameterized_sample_that_is_the_mean(mean, std, noise):
    """the mean is returned, without any noise"""
    return mean + 0 * std * noise


@variant(of=reparameterized_sample, seen="textbook: symmetry of the normal distribution")
def reparameterized_sample_in_another_order(mean, std, noise):
    """the order of the terms does not matter"""
    return noise * std + mean


@mistake(of=cavi_gaussian_sweep, seen="catalogue R003-103")
def cavi_gaussian_sweep_at_once(mean, precision, current):
    """all means are moved at once from the old ones (Jacobi), which need not converge"""
    mean_field_variances(precision)
    return current - precision @ (current - mean) / precision.diagonal()


@mistake(of=cavi_gaussian_sweep, seen="catalogue R003-103")
def cavi_gaussian_sweep_by_covariance(mean, precision, current):
    """the covariance stands in the place of the precision"""
    return cavi_gaussian_sweep(mean, torch.linalg.inv(precision), current)


@mistake(of=cavi_gaussian_sweep, seen="Bishop 2006, eq. 10.13")
def cavi_gaussian_sweep_with_wrong_sign(mean, precision, current):
    """the pull of the other coordinates is added instead of subtracted"""
    for j, axis in enumerate(torch.eye(len(mean), dtype=mean.dtype)):
        others = precision[j] @ (current - mean) / precision[j, j] - (current - mean)[j]
        current = current + (mean[j] + others - current[j]) * axis
    mean_field_variances(precision)
    return current


@mistake(of=cavi_gaussian_sweep, seen="Bishop 2006, eq. 10.13")
def cavi_gaussian_sweep_without_diagonal(mean, precision, current):
    """the pull of the other coordinates is not divided by L_jj"""
    mean_field_variances(precision)
    for j, axis in enumerate(torch.eye(len(mean), dtype=mean.dtype)):
        others = precision[j] @ (current - mean) - precision[j, j] * (current - mean)[j]
        current = current + (mean[j] - others - current[j]) * axis
    return current


@mistake(of=cavi_gaussian_sweep, seen="catalogue R003-103")
def cavi_gaussian_sweep_from_last_to_first(mean, precision, current):
    """the coordinates are visited in the opposite order"""
    return cavi_gaussian_sweep(mean.flip(0), precision.flip(0, 1), current.flip(0)).flip(0)


@mistake(of=cavi_gaussian_sweep, seen="Bishop 2006, section 10.1.2")
def cavi_gaussian_sweep_without_check(mean, precision, current):
    """an indefinite precision, for which the ascent does not converge, is accepted"""
    for j, axis in enumerate(torch.eye(len(mean), dtype=mean.dtype)):
        current = current - precision[j] @ (current - mean) / precision[j, j] * axis
    return current


@variant(of=cavi_gaussian_sweep, seen="Bishop 2006, eqs. 10.13 and 10.15")
def cavi_gaussian_sweep_by_other_coordinates(mean, precision, current):
    """the mean of a coordinate may be written as that given the others"""
    mean_field_variances(precision)
    for j, axis in enumerate(torch.eye(len(mean), dtype=mean.dtype)):
        others = (precision[j] * (1 - axis)) @ (current - mean)
        current = torch.where(axis == 1, mean - others / precision[j, j], current)
    return current


@mistake(of=cavi_gaussian_sweep, seen="catalogue R003-103")
def cavi_gaussian_sweep_with_positive_determinant(mean, precision, current):
    """a precision is accepted if its determinant is positive, as it is with two negative eigenvalues"""
    if not torch.linalg.det(precision) > 0:
        raise ValueError("no precision")
    for j, axis in enumerate(torch.eye(len(mean), dtype=mean.dtype)):
        current = current - precision[j] @ (current - mean) / precision[j, j] * axis
    return current


@mistake(of=mean_field_variances, seen="catalogue R003-103")
def mean_field_variances_of_marginals(precision):
    """the marginal variances are returned, which a factorised q does not reach"""
    mean_field_variances(precision)
    return torch.linalg.inv(precision).diagonal().clone()


@mistake(of=mean_field_variances, seen="catalogue R003-103")
def mean_field_variances_of_covariance(precision):
    """the covariance stands in the place of the precision"""
    return mean_field_variances(torch.linalg.inv(precision))


@mistake(of=mean_field_variances, seen="catalogue R003-103")
def mean_field_variances_as_precisions(precision):
    """the precisions L_jj are returned"""
    return 1 / mean_field_variances(precision)


@mistake(of=mean_field_variances, seen="catalogue R003-103")
def mean_field_variances_as_deviations(precision):
    """standard deviations are returned"""
    return mean_field_variances(precision).sqrt()


@mistake(of=mean_field_variances, seen="Bishop 2006, section 10.1.2")
def mean_field_variances_without_check(precision):
    """a matrix that is no precision gets variances all the same, negative ones if need be"""
    return 1 / precision.diagonal()


@mistake(of=cavi_categorical_sweep, seen="catalogue R003-103")
def cavi_categorical_sweep_at_once(log_joint, q_columns):
    """both factors are made from the old ones (Jacobi), the old rows being taken as equally likely"""
    rows, _ = cavi_categorical_sweep(log_joint, q_columns)
    return rows, torch.softmax(log_joint.mean(0), -1)


@mistake(of=cavi_categorical_sweep, seen="Bishop 2006, eq. 10.9")
def cavi_categorical_sweep_by_arithmetic_means(log_joint, q_columns):
    """probabilities are averaged instead of their logarithms"""
    rows = log_joint.exp() @ q_columns
    columns = (rows / rows.sum()) @ log_joint.exp()
    return rows / rows.sum(), columns / columns.sum()


@mistake(of=cavi_categorical_sweep, seen="Bishop 2006, eq. 10.9")
def cavi_categorical_sweep_of_marginals(log_joint, q_columns):
    """the marginals of the joint are returned, which minimise the other divergence KL(p || q)"""
    joint = torch.softmax((log_joint + 0 * q_columns).flatten(), 0).reshape(log_joint.shape)
    return joint.sum(1), joint.sum(0)


@mistake(of=cavi_categorical_sweep, seen="Bishop 2006, eq. 10.9")
def cavi_categorical_sweep_given_most_probable(log_joint, q_columns):
    """each factor is conditioned on the most probable value of the other one"""
    rows = torch.softmax(log_joint[:, q_columns.argmax()], -1)
    return rows, torch.softmax(log_joint[rows.argmax()], -1)


@mistake(of=cavi_categorical_sweep, seen="Bishop 2006, eq. 10.9")
def cavi_categorical_sweep_without_joint(log_joint, q_columns):
    """the columns that were given are returned as they are"""
    rows, _ = cavi_categorical_sweep(log_joint, q_columns)
    return rows, q_columns.clone()


@mistake(of=cavi_categorical_sweep, seen="catalogue R003-103")
def cavi_categorical_sweep_that_overflows(log_joint, q_columns):
    """exponentials are normalised without taking the largest out, and overflow or vanish"""
    rows = (log_joint @ q_columns).exp()
    rows = rows / rows.sum()
    columns = (rows @ log_joint).exp()
    return rows, columns / columns.sum()


@mistake(of=cavi_categorical_sweep, seen="catalogue R003-103")
def cavi_categorical_sweep_with_square_tables_transposed(log_joint, q_columns):
    """rows are taken for columns in the second half of the pass, where a square table lets that pass"""
    rows, columns = cavi_categorical_sweep(log_joint, q_columns)
    square = log_joint.shape[0] == log_joint.shape[1]
    return rows, torch.softmax(log_joint @ rows, 0) if square else columns
