"""Wrong variants of `reference.probability.gaussian_mixture`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.gaussian_mixture import (
    GaussianMixture,
    fit_mixture,
    hard_mixture_em_step,
    mixture_em_step,
    mixture_from_assignment,
    mixture_log_density,
    mixture_lower_bound,
    mixture_m_step,
    mixture_moments,
    responsibilities,
)


def _log_joint(mixture, data, log_weights=None):
    roots = torch.linalg.cholesky(mixture.covariances)
    centred = (data - mixture.means[:, None]).mT
    distances = torch.linalg.solve_triangular(roots, centred, upper=False).square().sum(1).T
    log_det = 2 * roots.diagonal(dim1=1, dim2=2).log().sum(1)
    density = -(distances + log_det + data.shape[1] * math.log(2 * math.pi)) / 2
    return (mixture.weights.log() if log_weights is None else log_weights) + density


def _hard(labels, count, like):
    return torch.nn.functional.one_hot(labels, count).to(like.dtype)


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_with_weights_outside(mixture, data):
    """the weighted mean of the log densities stands for the log of the weighted density"""
    return _log_joint(mixture, data, 0) @ mixture.weights


@mistake(of=mixture_log_density, seen="catalogue R003-084")
def mixture_log_density_that_underflows(mixture, data):
    """densities are added and then the logarithm is taken, which is -inf far away"""
    return _log_joint(mixture, data).exp().sum(1).log()


@mistake(of=mixture_log_density, seen="E003-024")
def mixture_log_density_without_weights(mixture, data):
    """the components are added without their weights, so that the density integrates to their number"""
    return _log_joint(mixture, data, 0).logsumexp(1)


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_of_likeliest_component(mixture, data):
    """only the likeliest component is counted"""
    return _log_joint(mixture, data).amax(1)


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_without_determinant(mixture, data):
    """the determinant of the covariance is left out, so that the density does not integrate to one"""
    roots = torch.linalg.cholesky(mixture.covariances)
    log_det = roots.diagonal(dim1=1, dim2=2).log().sum(1)
    return (_log_joint(mixture, data) + log_det).logsumexp(1)


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_with_root_of_2_pi_once(mixture, data):
    """the factor sqrt(2 pi) is counted once instead of once a dimension"""
    return mixture_log_density(mixture, data) + (data.shape[1] - 1) / 2 * math.log(2 * math.pi) + data.sum() * 0


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_of_precisions(mixture, data):
    """the covariances are taken for precisions"""
    mixture_log_density(mixture, data)
    return mixture_log_density(mixture._replace(covariances=torch.linalg.inv(mixture.covariances)), data)


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_of_diagonals(mixture, data):
    """the covariances between dimensions are dropped"""
    diagonal = mixture.covariances.diagonal(dim1=1, dim2=2).diag_embed()
    return mixture_log_density(mixture._replace(covariances=diagonal), data)


@mistake(of=mixture_log_density, seen="catalogue R003-100")
def mixture_log_density_without_check(mixture, data):
    """a singular covariance gets a density of its pseudo-inverse"""
    centred = data - mixture.means[:, None]
    inverse = torch.linalg.pinv(mixture.covariances)
    distances = ((centred @ inverse) * centred).sum(2).T
    log_det = torch.linalg.eigvalsh(mixture.covariances).abs().clamp(min=1e-300).log().sum(1)
    constant = data.shape[1] * math.log(2 * math.pi)
    return (mixture.weights.log() - (distances + log_det + constant) / 2).logsumexp(1)


@mistake(of=mixture_log_density, seen="catalogue R003-087")
def mixture_log_density_by_expanded_squares(mixture, data):
    """x^T P x - 2 x^T P mu + mu^T P mu has lost the distances of data far from 0"""
    mixture_log_density(mixture, data)
    pulls = (torch.linalg.inv(mixture.covariances) @ mixture.means[..., None])[..., 0]
    squares = torch.einsum("ni,kij,nj->nk", data, torch.linalg.inv(mixture.covariances), data)
    distances = squares - 2 * data @ pulls.T + (pulls * mixture.means).sum(1)
    constants = torch.linalg.slogdet(mixture.covariances).logabsdet + data.shape[1] * math.log(2 * math.pi)
    return (mixture.weights.log() - (distances + constants) / 2).logsumexp(1)


@variant(of=mixture_log_density, seen="Bishop 2006, eq. 9.70")
def mixture_log_density_by_its_bound(mixture, data):
    """log joint less log posterior is the same for every component"""
    joint = _log_joint(mixture, data)
    likeliest = joint.argmax(1, keepdim=True)
    return (joint.gather(1, likeliest) - joint.log_softmax(1).gather(1, likeliest))[:, 0]


@mistake(of=responsibilities, seen="catalogue R003-084")
def responsibilities_over_samples(mixture, data):
    """each component is normalised over the samples instead of each sample over the components"""
    return _log_joint(mixture, data).softmax(0)


@mistake(of=responsibilities, seen="catalogue R003-084")
def responsibilities_that_underflow(mixture, data):
    """densities are divided by their sum, which is 0 / 0 far away"""
    joint = _log_joint(mixture, data).exp()
    return joint / joint.sum(1, keepdim=True)


@mistake(of=responsibilities, seen="catalogue R003-084")
def responsibilities_shifted_by_one_maximum(mixture, data):
    """the largest log density of all samples is subtracted instead of that of each, so that far ones underflow"""
    joint = _log_joint(mixture, data)
    shifted = (joint - joint.amax()).exp()
    return shifted / shifted.sum(1, keepdim=True)


@mistake(of=responsibilities, seen="catalogue R003-084")
def responsibilities_without_weights(mixture, data):
    """the weights of the components are left out"""
    return _log_joint(mixture, data, 0).softmax(1)


@mistake(of=responsibilities, seen="catalogue R003-084")
def responsibilities_without_determinant(mixture, data):
    """the determinants are left out, as if they were equal"""
    log_det = torch.linalg.cholesky(mixture.covariances).diagonal(dim1=1, dim2=2).log().sum(1)
    return (_log_joint(mixture, data) + log_det).softmax(1)


@mistake(of=responsibilities, seen="hmmlearn/hmmlearn#77")
def responsibilities_with_epsilon(mixture, data):
    """a small number is added to every entry before rows are normalised, so that none is 0"""
    gamma = _log_joint(mixture, data).softmax(1) + 1e-6
    return gamma / gamma.sum(1, keepdim=True)


@mistake(of=responsibilities, seen="hmmlearn/hmmlearn#217")
def responsibilities_with_log_0_masked(mixture, data):
    """the log of a weight of 0 is replaced by 0, which makes it 1"""
    return _log_joint(mixture, data, mixture.weights.log().nan_to_num(neginf=0)).softmax(1)


@mistake(of=responsibilities, seen="E003-027")
def responsibilities_that_decide(mixture, data):
    """the likeliest component gets the whole sample, which is hard EM"""
    return _hard(_log_joint(mixture, data).argmax(1), len(mixture.weights), data)


@mistake(of=mixture_m_step, seen="catalogue R003-085")
def mixture_m_step_divided_by_all_samples(data, responsibilities, variance_floor=0.0):
    """means and covariances are divided by N instead of by N_k"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    weights = fitted.weights[:, None]
    return GaussianMixture(fitted.weights, fitted.means * weights, fitted.covariances * weights[..., None])


@mistake(of=mixture_m_step, seen="catalogue R003-085")
def mixture_m_step_around_mean_of_all(data, responsibilities, variance_floor=0.0):
    """covariances are taken around the mean of all data instead of around that of the component"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    apart = fitted.means - data.mean(0)
    return fitted._replace(covariances=fitted.covariances + apart[:, :, None] * apart[:, None])


@mistake(of=mixture_m_step, seen="catalogue R003-085")
def mixture_m_step_unbiased(data, responsibilities, variance_floor=0.0):
    """covariances are divided by N_k - 1, which is not the maximum of the likelihood"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    counts = responsibilities.sum(0)[:, None, None]
    return fitted._replace(covariances=fitted.covariances * counts / (counts - 1.0625))


@mistake(of=mixture_m_step, seen="catalogue R003-085")
def mixture_m_step_in_one_pass(data, responsibilities, variance_floor=0.0):
    """covariances are E[x x^T] - mu mu^T, which cancels far from 0"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    shares = responsibilities / responsibilities.sum(0)
    second = torch.einsum("nk,ni,nj->kij", shares, data, data)
    floor = variance_floor * torch.eye(data.shape[1], dtype=data.dtype)
    return fitted._replace(covariances=second - fitted.means[:, :, None] * fitted.means[:, None] + floor)


@mistake(of=mixture_m_step, seen="catalogue R003-090")
def mixture_m_step_with_counts_for_weights(data, responsibilities, variance_floor=0.0):
    """the weights are N_k, without the constraint that they sum to one"""
    return mixture_m_step(data, responsibilities, variance_floor)._replace(weights=responsibilities.sum(0))


@mistake(of=mixture_m_step, seen="catalogue R003-090")
def mixture_m_step_with_equal_weights(data, responsibilities, variance_floor=0.0):
    """the weights are not fitted"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    return fitted._replace(weights=torch.full_like(fitted.weights, 1 / len(fitted.weights)))


@mistake(of=mixture_m_step, seen="catalogue R003-086")
def mixture_m_step_with_floor_of_scikit_learn(data, responsibilities, variance_floor=1e-6):
    """a floor of 1e-6 is added unless told otherwise"""
    return mixture_m_step(data, responsibilities, variance_floor)


@mistake(of=mixture_m_step, seen="catalogue R003-087")
def mixture_m_step_with_floor_in_every_entry(data, responsibilities, variance_floor=0.0):
    """the floor is added to every entry of the covariance instead of to its diagonal"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    off = variance_floor * (1 - torch.eye(data.shape[1], dtype=data.dtype))
    return fitted._replace(covariances=fitted.covariances + off)


@mistake(of=mixture_m_step, seen="catalogue R003-087")
def mixture_m_step_with_variances_raised_to_floor(data, responsibilities, variance_floor=0.0):
    """variances below the floor are raised to it, which leaves the other directions of the covariance singular"""
    mixture_m_step(data, responsibilities, variance_floor)
    fitted = mixture_m_step(data, responsibilities)
    variances = fitted.covariances.diagonal(dim1=1, dim2=2)
    raised = (variance_floor - variances).clamp(min=0).diag_embed()
    return fitted._replace(covariances=fitted.covariances + raised)


@mistake(of=mixture_m_step, seen="catalogue R003-085")
def mixture_m_step_of_diagonals(data, responsibilities, variance_floor=0.0):
    """the covariances between dimensions are dropped"""
    fitted = mixture_m_step(data, responsibilities, variance_floor)
    return fitted._replace(covariances=fitted.covariances.diagonal(dim1=1, dim2=2).diag_embed())


@mistake(of=mixture_m_step, seen="catalogue R003-087")
def mixture_m_step_with_minimal_count(data, responsibilities, variance_floor=0.0):
    """N_k is raised to 1 where it is less"""
    mixture_m_step(data, responsibilities, variance_floor)
    counts = responsibilities.sum(0).clamp(min=1)
    means = responsibilities.T @ data / counts[:, None]
    centred = data - means[:, None]
    scatter = (responsibilities.T[..., None] * centred).mT @ centred / counts[:, None, None]
    return GaussianMixture(counts / len(data), means, scatter + variance_floor * torch.eye(data.shape[1]).to(data))


@mistake(of=mixture_m_step, seen="catalogue R003-087")
def mixture_m_step_without_check(data, responsibilities, variance_floor=0.0):
    """a negative floor and empty data are accepted"""
    counts = responsibilities.sum(0)
    means = responsibilities.T @ data / counts[:, None]
    centred = data - means[:, None]
    scatter = (responsibilities.T[..., None] * centred).mT @ centred / counts[:, None, None]
    return GaussianMixture(counts / len(data), means, scatter + variance_floor * torch.eye(data.shape[1]).to(data))


@mistake(of=mixture_m_step, seen="catalogue R003-090")
def mixture_m_step_with_empty_components_at_zero(data, responsibilities, variance_floor=0.0):
    """a component without samples gets mean and covariance 0, as if it had been fitted to a point there"""
    return GaussianMixture(*(field.nan_to_num() for field in mixture_m_step(data, responsibilities, variance_floor)))


@mistake(of=mixture_em_step, seen="victorkristof/linear-regressions-mixture#1")
def mixture_em_step_with_old_weights_for_counts(mixture, data, variance_floor=0.0):
    """covariances are divided by N times the weight of the step before instead of by N_k"""
    fitted = mixture_em_step(mixture, data)
    scaled = fitted.covariances * (fitted.weights / mixture.weights)[:, None, None]
    floor = variance_floor * torch.eye(data.shape[1], dtype=data.dtype)
    return mixture_em_step(mixture, data, variance_floor)._replace(covariances=scaled + floor)


@mistake(of=mixture_em_step, seen="catalogue R003-085")
def mixture_em_step_around_old_means(mixture, data, variance_floor=0.0):
    """covariances are taken around the means of the step before"""
    fitted = mixture_em_step(mixture, data, variance_floor)
    apart = fitted.means - mixture.means
    return fitted._replace(covariances=fitted.covariances + apart[:, :, None] * apart[:, None])


@mistake(of=mixture_em_step, seen="catalogue R003-095")
def mixture_em_step_that_is_hard(mixture, data, variance_floor=0.0):
    """each sample belongs wholly to its likeliest component"""
    return hard_mixture_em_step(mixture, data, variance_floor)


@mistake(of=mixture_em_step, seen="catalogue R003-086")
def mixture_em_step_that_keeps_weights(mixture, data, variance_floor=0.0):
    """the weights are not updated"""
    return mixture_em_step(mixture, data, variance_floor)._replace(weights=mixture.weights.clone())


@mistake(of=mixture_em_step, seen="hmmlearn/hmmlearn commit f421c7e")
def mixture_em_step_that_stays(mixture, data, variance_floor=0.0):
    """the mixture is returned as it was, since the loop ends before its update"""
    mixture_em_step(mixture, data, variance_floor)
    return GaussianMixture(*(field.clone() for field in mixture))


@mistake(of=mixture_em_step, seen="catalogue R003-084")
def mixture_em_step_without_weights_in_e_step(mixture, data, variance_floor=0.0):
    """the E-step leaves out the weights"""
    return mixture_m_step(data, _log_joint(mixture, data, 0).softmax(1), variance_floor)


@mistake(of=mixture_em_step, seen="E003-030")
def mixture_em_step_from_loose_responsibilities(mixture, data, variance_floor=0.0):
    """half of the responsibilities is spread evenly, so that the bound is not tight and the likelihood may fall"""
    gamma = responsibilities(mixture, data)
    return mixture_m_step(data, gamma / 2 + 0.5 / gamma.shape[1], variance_floor)


@mistake(of=mixture_em_step, seen="catalogue R003-086")
def mixture_em_step_without_floor(mixture, data, variance_floor=0.0):
    """the floor is not passed on"""
    mixture_em_step(mixture, data, variance_floor)
    return mixture_em_step(mixture, data)


@mistake(of=mixture_em_step, seen="catalogue R003-083")
def mixture_em_step_in_order_of_weight(mixture, data, variance_floor=0.0):
    """components are sorted by weight, as if they had an order"""
    fitted = mixture_em_step(mixture, data, variance_floor)
    return GaussianMixture(*(field[fitted.weights.argsort()] for field in fitted))


@mistake(of=hard_mixture_em_step, seen="catalogue R003-095")
def hard_mixture_em_step_that_is_soft(mixture, data, variance_floor=0.0):
    """samples are shared out instead of decided"""
    return mixture_em_step(mixture, data, variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-087")
def hard_mixture_em_step_to_nearest_mean(mixture, data, variance_floor=0.0):
    """samples go to the nearest mean, whatever the weights and the covariances are"""
    labels = torch.cdist(data, mixture.means).argmin(1)
    return mixture_m_step(data, _hard(labels, len(mixture.weights), data), variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-095")
def hard_mixture_em_step_without_weights(mixture, data, variance_floor=0.0):
    """samples go to the component of highest density, whatever its weight"""
    labels = _log_joint(mixture, data, 0).argmax(1)
    return mixture_m_step(data, _hard(labels, len(mixture.weights), data), variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-095")
def hard_mixture_em_step_without_correlations(mixture, data, variance_floor=0.0):
    """samples are assigned by the variances alone, without the correlations"""
    apart = mixture.covariances * torch.eye(data.shape[1], dtype=data.dtype)
    return hard_mixture_em_step(mixture._replace(covariances=apart), data, variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-095")
def hard_mixture_em_step_of_round_covariances(mixture, data, variance_floor=0.0):
    """samples are assigned as if every component had its mean variance in all directions"""
    mean = mixture.covariances.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    alike = mean * torch.eye(data.shape[1], dtype=data.dtype)
    return hard_mixture_em_step(mixture._replace(covariances=alike), data, variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-095")
def hard_mixture_em_step_with_ties_to_the_last(mixture, data, variance_floor=0.0):
    """of equally probable components the last is taken"""
    count = len(mixture.weights)
    labels = count - 1 - _log_joint(mixture, data).flip(1).argmax(1)
    return mixture_m_step(data, _hard(labels, count, data), variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-086")
def hard_mixture_em_step_without_floor(mixture, data, variance_floor=0.0):
    """the floor is not passed on"""
    hard_mixture_em_step(mixture, data, variance_floor)
    return hard_mixture_em_step(mixture, data)


@variant(of=hard_mixture_em_step, seen="Celeux & Govaert 1992")
def hard_mixture_em_step_by_responsibilities(mixture, data, variance_floor=0.0):
    """the likeliest component has the largest responsibility, unless rounding makes them equal"""
    labels = responsibilities(mixture, data).argmax(1)
    return mixture_m_step(data, _hard(labels, len(mixture.weights), data), variance_floor)


@mistake(of=hard_mixture_em_step, seen="catalogue R003-095")
def hard_mixture_em_step_without_empty_components(mixture, data, variance_floor=0.0):
    """a component that no sample belongs to is dropped, and those after it change their number"""
    fitted = hard_mixture_em_step(mixture, data, variance_floor)
    return GaussianMixture(*(field[fitted.weights > 0] for field in fitted))


@mistake(of=mixture_lower_bound, seen="catalogue R003-099")
def mixture_lower_bound_with_negative_entropy(mixture, data, responsibilities):
    """the entropy of the responsibilities is subtracted"""
    joint = torch.where(responsibilities > 0, responsibilities * _log_joint(mixture, data), 0)
    return joint.sum(1) - torch.special.entr(responsibilities).sum(1)


@mistake(of=mixture_lower_bound, seen="catalogue R003-098")
def mixture_lower_bound_without_entropy(mixture, data, responsibilities):
    """the entropy of the responsibilities is left out, so that the bound is never tight"""
    return torch.where(responsibilities > 0, responsibilities * _log_joint(mixture, data), 0).sum(1)


@mistake(of=mixture_lower_bound, seen="catalogue R003-098")
def mixture_lower_bound_with_0_log_0(mixture, data, responsibilities):
    """a responsibility of 0 gives NaN"""
    return (responsibilities * (_log_joint(mixture, data) - responsibilities.log())).sum(1)


@mistake(of=mixture_lower_bound, seen="catalogue R003-098")
def mixture_lower_bound_with_reversed_divergence(mixture, data, responsibilities):
    """KL(posterior || gamma) is subtracted instead of KL(gamma || posterior)"""
    posterior = _log_joint(mixture, data).softmax(1)
    lost = torch.where(posterior > 0, posterior * (posterior / responsibilities).log(), 0).sum(1)
    return mixture_log_density(mixture, data) - lost


@mistake(of=mixture_lower_bound, seen="E003-026")
def mixture_lower_bound_of_log_density(mixture, data, responsibilities):
    """the log density itself is returned, whatever the responsibilities are"""
    return mixture_log_density(mixture, data) + 0 * mixture_lower_bound(mixture, data, responsibilities).nan_to_num()


@mistake(of=mixture_lower_bound, seen="catalogue R003-098")
def mixture_lower_bound_without_weights(mixture, data, responsibilities):
    """the weights of the components are left out"""
    terms = responsibilities * (_log_joint(mixture, data, 0) - responsibilities.log())
    return torch.where(responsibilities > 0, terms, 0).sum(1)


@mistake(of=mixture_lower_bound, seen="hmmlearn/hmmlearn#217")
def mixture_lower_bound_with_log_0_masked(mixture, data, responsibilities):
    """the log of a weight of 0 is replaced by 0, so that the impossible costs nothing"""
    log_weights = mixture.weights.log().nan_to_num(neginf=0)
    terms = responsibilities * (_log_joint(mixture, data, log_weights) - responsibilities.log())
    return torch.where(responsibilities > 0, terms, 0).sum(1)


@mistake(of=fit_mixture, seen="vlfeat/vlfeat#106")
def fit_mixture_that_ignores_starts(starts, data, num_steps, variance_floor=0.0):
    """it starts from the data instead of from the given mixtures"""
    fit_mixture(starts, data, 0)
    spread = data.T.cov(correction=0).reshape(1, data.shape[1], -1).expand_as(starts[0].covariances)
    own = GaussianMixture(starts[0].weights, data[: len(starts[0].weights)], spread)
    return fit_mixture([own], data, num_steps, variance_floor)


@mistake(of=fit_mixture, seen="hmmlearn/hmmlearn commit f421c7e")
def fit_mixture_that_tests_before_it_updates(starts, data, num_steps, variance_floor=0.0):
    """the loop ends before its last update, so that one step returns the start"""
    fit_mixture(starts, data, num_steps, variance_floor)
    return fit_mixture(starts, data, max(num_steps - 1, 0), variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_of_first_start(starts, data, num_steps, variance_floor=0.0):
    """only the first start is used"""
    return fit_mixture(starts[:1], data, num_steps, variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_of_last_start(starts, data, num_steps, variance_floor=0.0):
    """the last start overwrites the others"""
    return fit_mixture(starts[-1:], data, num_steps, variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_of_worst_start(starts, data, num_steps, variance_floor=0.0):
    """the mixture of lowest likelihood is kept, as if it were a loss"""
    fitted = [fit_mixture([start], data, num_steps, variance_floor) for start in starts]
    fit_mixture(starts, data, num_steps, variance_floor)
    return min(fitted, key=lambda mixture: mixture_log_density(mixture, data).sum().item())


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_of_best_start_before_fitting(starts, data, num_steps, variance_floor=0.0):
    """the starts are compared before they are fitted"""
    fit_mixture(starts, data, num_steps, variance_floor)
    return fit_mixture([fit_mixture(starts, data, 0)], data, num_steps, variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_that_averages_starts(starts, data, num_steps, variance_floor=0.0):
    """the fitted mixtures are averaged, though their components have no order"""
    fit_mixture(starts, data, num_steps, variance_floor)
    fitted = [fit_mixture([start], data, num_steps, variance_floor) for start in starts]
    return GaussianMixture(*(torch.stack(fields).mean(0) for fields in zip(*fitted, strict=True)))


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_without_floor(starts, data, num_steps, variance_floor=0.0):
    """the floor is not passed on"""
    fit_mixture(starts, data, num_steps, variance_floor)
    return fit_mixture(starts, data, num_steps)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_of_first_start_without_steps(starts, data, num_steps, variance_floor=0.0):
    """without steps nothing is compared, and the first start is returned"""
    return fit_mixture(starts if num_steps else starts[:1], data, num_steps, variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-086")
def fit_mixture_without_floor_at_several_starts(starts, data, num_steps, variance_floor=0.0):
    """the floor is not passed on where several starts are compared"""
    return fit_mixture(starts, data, num_steps, variance_floor if len(starts) == 1 else 0.0)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_without_check(starts, data, num_steps, variance_floor=0.0):
    """a negative number of steps counts as none"""
    return fit_mixture(starts, data, max(num_steps, 0), variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_that_takes_the_last_of_equals(starts, data, num_steps, variance_floor=0.0):
    """a start replaces the best one if it is no worse"""
    return fit_mixture(starts[::-1], data, num_steps, variance_floor)


@mistake(of=fit_mixture, seen="catalogue R003-087")
def fit_mixture_that_skips_collapsed_starts(starts, data, num_steps, variance_floor=0.0):
    """a start that collapses is left out without a word"""
    if len(starts) < 2:
        return fit_mixture(starts, data, num_steps, variance_floor)
    held = []
    for start in starts:
        try:
            held.append(fit_mixture([start], data, num_steps, variance_floor))
        except torch.linalg.LinAlgError:
            continue
    return fit_mixture(held, data, 0)


@mistake(of=fit_mixture, seen="catalogue R003-086")
def fit_mixture_that_keeps_the_best_step(starts, data, num_steps, variance_floor=0.0):
    """the most likely mixture on the way is returned, though with a floor the last one may be less likely"""
    fit_mixture(starts, data, num_steps, variance_floor)
    met = [fit_mixture([start], data, steps, variance_floor) for start in starts for steps in range(num_steps + 1)]
    return fit_mixture(met, data, 0)


@mistake(of=mixture_from_assignment, seen="catalogue R003-087")
def mixture_from_assignment_with_equal_weights(data, labels, num_components, variance_floor=0.0):
    """every component gets the same weight"""
    fitted = mixture_from_assignment(data, labels, num_components, variance_floor)
    return fitted._replace(weights=torch.full_like(fitted.weights, 1 / num_components))


@mistake(of=mixture_from_assignment, seen="catalogue R003-087")
def mixture_from_assignment_with_one_covariance(data, labels, num_components, variance_floor=0.0):
    """every component gets the covariance of all data"""
    fitted = mixture_from_assignment(data, labels, num_components, variance_floor)
    floor = variance_floor * torch.eye(data.shape[1], dtype=data.dtype)
    covariance = data.T.cov(correction=0).reshape(floor.shape) + floor
    return fitted._replace(covariances=covariance.repeat(num_components, 1, 1))


@mistake(of=mixture_from_assignment, seen="catalogue R003-083")
def mixture_from_assignment_in_order_of_size(data, labels, num_components, variance_floor=0.0):
    """components are sorted by the size of their clusters instead of by label"""
    fitted = mixture_from_assignment(data, labels, num_components, variance_floor)
    return GaussianMixture(*(field[fitted.weights.argsort()] for field in fitted))


@mistake(of=mixture_from_assignment, seen="catalogue R003-087")
def mixture_from_assignment_without_check(data, labels, num_components, variance_floor=0.0):
    """a component without samples gets NaN for its mean, and a label without component is dropped"""
    gamma = labels[:, None] == torch.arange(num_components)
    return mixture_m_step(data, gamma.to(data.dtype), variance_floor)


@mistake(of=mixture_from_assignment, seen="catalogue R003-087")
def mixture_from_assignment_without_floor(data, labels, num_components, variance_floor=0.0):
    """the floor is not passed on"""
    mixture_from_assignment(data, labels, num_components, variance_floor)
    return mixture_from_assignment(data, labels, num_components)


@mistake(of=mixture_moments, seen="hmmlearn/hmmlearn#78")
def mixture_moments_without_spread_of_means(mixture):
    """the covariance is the mean of those of the components, without that of their means"""
    mean, _ = mixture_moments(mixture)
    return mean, torch.einsum("k,kij->ij", mixture.weights, mixture.covariances)


@mistake(of=mixture_moments, seen="hmmlearn/hmmlearn#78")
def mixture_moments_around_0(mixture):
    """the mean is not subtracted from the second moment"""
    mean, covariance = mixture_moments(mixture)
    return mean, covariance + mean[:, None] * mean


@mistake(of=mixture_moments, seen="catalogue R003-100")
def mixture_moments_without_weights(mixture):
    """the components count alike, whatever their weights are"""
    return mixture_moments(mixture._replace(weights=torch.full_like(mixture.weights, 1 / len(mixture.weights))))


@mistake(of=mixture_moments, seen="catalogue R003-100")
def mixture_moments_with_squared_weights(mixture):
    """the covariance is that of a weighted sum of independent components, with squared weights"""
    mean, _ = mixture_moments(mixture)
    return mean, torch.einsum("k,kij->ij", mixture.weights**2, mixture.covariances)


@mistake(of=mixture_moments, seen="catalogue R003-085")
def mixture_moments_in_one_pass(mixture):
    """the covariance is E[x x^T] - mean mean^T, which cancels far from 0"""
    mean, _ = mixture_moments(mixture)
    second = mixture.covariances + mixture.means[:, :, None] * mixture.means[:, None]
    return mean, torch.einsum("k,kij->ij", mixture.weights, second) - mean[:, None] * mean
