"""Wrong variants of `reference.probability.kalman`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.kalman import (
    LinearGaussianState,
    StateSpaceModel,
    kalman_filter,
    kalman_predict,
    kalman_update,
    rts_smoother,
)


@mistake(of=kalman_predict, seen="catalogue R003-094")
def kalman_predict_with_transposed_transition(state, transition, process_noise):
    """the transition is used as [from, to], as for row vectors"""
    return kalman_predict(state, transition.T, process_noise)


@mistake(of=kalman_predict, seen="catalogue R003-094")
def kalman_predict_without_process_noise(state, transition, process_noise):
    """the process noise is left out, so that the filter trusts itself more and more"""
    return kalman_predict(state, transition, 0 * process_noise)


@mistake(of=kalman_predict, seen="catalogue R003-094")
def kalman_predict_with_noise_inside(state, transition, process_noise):
    """the process noise is added before the step and moved by it"""
    return kalman_predict(
        LinearGaussianState(state.mean, state.covariance + process_noise), transition, 0 * process_noise
    )


@mistake(of=kalman_predict, seen="catalogue R003-094")
def kalman_predict_with_unmoved_covariance(state, transition, process_noise):
    """only the mean is moved, and the covariance merely grows"""
    return LinearGaussianState(transition @ state.mean, state.covariance + process_noise)


@mistake(of=kalman_predict, seen="catalogue R003-094")
def kalman_predict_with_one_factor(state, transition, process_noise):
    """the covariance is multiplied by the transition from the left only"""
    covariance = transition @ state.covariance + process_noise
    return LinearGaussianState(transition @ state.mean, (covariance + covariance.T) / 2)


@mistake(of=kalman_predict, seen="catalogue R003-094")
def kalman_predict_with_independent_coordinates(state, transition, process_noise):
    """covariances off the diagonal are left out"""
    diagonal = state.covariance.diagonal().diag()
    return kalman_predict(LinearGaussianState(state.mean, diagonal), transition, process_noise)


def _standard_update(state, observation, observation_matrix, observation_noise):
    """Gain, innovation and its covariance."""
    innovation = observation - observation_matrix @ state.mean
    total = observation_matrix @ state.covariance @ observation_matrix.T + observation_noise
    return torch.linalg.solve(total, observation_matrix @ state.covariance).T, innovation, total


@mistake(of=kalman_update, seen="Bucy & Joseph 1968")
def kalman_update_without_josephs_form(state, observation, observation_matrix, observation_noise):
    """(I - K H) P is computed as it stands, and cancels to a variance of zero or less when the observation is exact"""
    gain, innovation, _ = _standard_update(state, observation, observation_matrix, observation_noise)
    (_, log_density) = kalman_update(state, observation, observation_matrix, observation_noise)
    covariance = state.covariance - gain @ observation_matrix @ state.covariance
    return LinearGaussianState(state.mean + gain @ innovation, covariance), log_density


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_half_of_josephs_form(state, observation, observation_matrix, observation_noise):
    """K R K^T is left out of Joseph's form"""
    gain, innovation, _ = _standard_update(state, observation, observation_matrix, observation_noise)
    _, log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    unseen = torch.eye(len(state.mean), dtype=gain.dtype) - gain @ observation_matrix
    return LinearGaussianState(state.mean + gain @ innovation, unseen @ state.covariance @ unseen.T), log_density


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_gain_over_trace(state, observation, observation_matrix, observation_noise):
    """the gain is P H^T / trace(S), a number where the inverse of a matrix belongs"""
    _, innovation, total = _standard_update(state, observation, observation_matrix, observation_noise)
    (_, covariance), log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    gain = state.covariance @ observation_matrix.T / total.trace()
    return LinearGaussianState(state.mean + gain @ innovation, covariance), log_density


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_of_the_mean_only(state, observation, observation_matrix, observation_noise):
    """the covariance stays as it was"""
    (mean, _), log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    return LinearGaussianState(mean, state.covariance.clone()), log_density


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_wrong_sign(state, observation, observation_matrix, observation_noise):
    """the correction is subtracted, so that the mean moves away from the observation"""
    (mean, covariance), log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    return LinearGaussianState(2 * state.mean - mean, covariance), log_density


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_without_constant_in_density(state, observation, observation_matrix, observation_noise):
    """log(2 pi) is left out of the log density"""
    updated, log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    return updated, log_density + len(observation) * math.log(2 * math.pi) / 2


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_without_determinant_in_density(state, observation, observation_matrix, observation_noise):
    """log det S is left out of the log density"""
    updated, log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    _, _, total = _standard_update(state, observation, observation_matrix, observation_noise)
    return updated, log_density + torch.logdet(total) / 2


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_density_after(state, observation, observation_matrix, observation_noise):
    """the observation is scored by the updated state, which has seen it already"""
    updated, _ = kalman_update(state, observation, observation_matrix, observation_noise)
    return updated, kalman_update(updated, observation, observation_matrix, observation_noise)[1]


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_density_of_the_noise_only(state, observation, observation_matrix, observation_noise):
    """the observation is scored under R alone, as if the state were known"""
    updated, _ = kalman_update(state, observation, observation_matrix, observation_noise)
    known = LinearGaussianState(state.mean, 0 * state.covariance)
    return updated, kalman_update(known, observation, observation_matrix, observation_noise)[1]


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_standard_deviations(state, observation, observation_matrix, observation_noise):
    """the observation noise is squared, as if it held standard deviations"""
    return kalman_update(state, observation, observation_matrix, observation_noise @ observation_noise)


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_without_check(state, observation, observation_matrix, observation_noise):
    """the absolute determinant lets an observation through whose covariance is not positive definite"""
    gain, innovation, total = _standard_update(state, observation, observation_matrix, observation_noise)
    unseen = torch.eye(len(state.mean), dtype=gain.dtype) - gain @ observation_matrix
    covariance = unseen @ state.covariance @ unseen.T + gain @ observation_noise @ gain.T
    distance = innovation @ torch.linalg.solve(total, innovation)
    log_volume = torch.linalg.slogdet(2 * math.pi * total)[1]
    return LinearGaussianState(state.mean + gain @ innovation, covariance), -(distance + log_volume) / 2


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_by_precisions(state, observation, observation_matrix, observation_noise):
    """the information form adds precisions, which a state or an observation without noise does not have"""
    _, innovation, total = _standard_update(state, observation, observation_matrix, observation_noise)
    root = torch.linalg.cholesky(total)
    weight = torch.linalg.solve(observation_noise, observation_matrix).T
    inverse = torch.linalg.inv(torch.linalg.inv(state.covariance) + weight @ observation_matrix)
    covariance = (inverse + inverse.T) / 2
    distance = torch.linalg.solve_triangular(root, innovation[:, None], upper=False).square().sum()
    log_volume = 2 * (math.sqrt(2 * math.pi) * root.diagonal()).log().sum()
    mean = state.mean + covariance @ weight @ innovation
    return LinearGaussianState(mean, covariance), -(distance + log_volume) / 2


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_determinant(state, observation, observation_matrix, observation_noise):
    """the determinant is formed before its logarithm is taken, and vanishes for many exact observations"""
    updated, log_density = kalman_update(state, observation, observation_matrix, observation_noise)
    spread = observation_matrix @ state.covariance @ observation_matrix.T + observation_noise
    return updated, log_density + (torch.logdet(spread) - torch.det(spread).log()) / 2


@mistake(of=kalman_update, seen="catalogue R003-094")
def kalman_update_with_positive_determinant(state, observation, observation_matrix, observation_noise):
    """a spread is accepted if its determinant is positive, as it is with two negative eigenvalues"""
    spread = observation_matrix @ state.covariance @ observation_matrix.T + observation_noise
    if torch.det(spread) > 0 and torch.linalg.cholesky_ex(spread).info:
        gain = torch.linalg.solve(spread, observation_matrix @ state.covariance).T
        covariance = state.covariance - gain @ observation_matrix @ state.covariance
        innovation = observation - observation_matrix @ state.mean
        return LinearGaussianState(state.mean + gain @ innovation, covariance), spread.det().log()
    return kalman_update(state, observation, observation_matrix, observation_noise)


@mistake(of=kalman_filter, seen="filterpy, KalmanFilter.batch_filter")
def kalman_filter_that_predicts_first(prior, model, observations):
    """the prior is taken to be one step before the first observation"""
    return kalman_filter(kalman_predict(prior, model.transition, model.process_noise), model, observations)


@mistake(of=kalman_filter, seen="catalogue R003-094")
def kalman_filter_that_returns_predictions(prior, model, observations):
    """the states are those predicted for each step, before its observation"""
    (means, covariances), log_density = kalman_filter(prior, model, observations)
    later = [
        kalman_predict(LinearGaussianState(*state), model.transition, model.process_noise)
        for state in zip(means[:-1], covariances[:-1], strict=True)
    ]
    moments = zip(*[prior, *later], strict=True)
    return LinearGaussianState(*(torch.stack(part) for part in moments)), log_density


@mistake(of=kalman_filter, seen="catalogue R003-094")
def kalman_filter_with_density_of_last_step(prior, model, observations):
    """the log density is that of the last observation given those before it"""
    filtered, log_density = kalman_filter(prior, model, observations)
    before = kalman_filter(prior, model, observations[:-1])[1] if len(observations) > 1 else 0
    return filtered, log_density - before


@mistake(of=kalman_filter, seen="catalogue R003-094")
def kalman_filter_with_average_density(prior, model, observations):
    """the log density is divided by the number of steps"""
    filtered, log_density = kalman_filter(prior, model, observations)
    return filtered, log_density / len(observations)


@mistake(of=kalman_filter, seen="catalogue R003-094")
def kalman_filter_without_process_noise(prior, model, observations):
    """the process noise is left out of the steps"""
    still = StateSpaceModel(model.transition, 0 * model.process_noise, *model[2:])
    return kalman_filter(prior, still, observations)


@mistake(of=kalman_filter, seen="catalogue R003-094")
def kalman_filter_that_forgets(prior, model, observations):
    """each step starts from the prior again"""
    steps = [kalman_filter(prior, model, row[None]) for row in observations]
    means, covariances = zip(*(state for state, _ in steps), strict=True)
    together = kalman_filter(prior, model, observations)[1]
    return LinearGaussianState(torch.cat(means), torch.cat(covariances)), together


@mistake(of=kalman_filter, seen="catalogue R003-094")
def kalman_filter_without_check(prior, model, observations):
    """without observations it returns the prior"""
    if len(observations):
        return kalman_filter(prior, model, observations)
    return LinearGaussianState(prior.mean[None].clone(), prior.covariance[None].clone()), torch.zeros(())


def _smoothed(filtered, transition, process_noise, step):
    """The backward pass with another formula for one step."""
    states = [(filtered.mean[-1], filtered.covariance[-1])]
    for mean, covariance in zip(filtered.mean[:-1].flip(0), filtered.covariance[:-1].flip(0), strict=True):
        predicted = kalman_predict(LinearGaussianState(mean, covariance), transition, process_noise)
        states.append(step(mean, covariance, predicted, *states[-1]))
    means, covariances = zip(*states[::-1], strict=True)
    return LinearGaussianState(torch.stack(means), torch.stack(covariances))


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_that_returns_the_filtered(filtered, transition, process_noise):
    """the filtered states are returned, which know the past only"""
    rts_smoother(filtered, transition, process_noise)
    return LinearGaussianState(filtered.mean.clone(), filtered.covariance.clone())


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_towards_the_filtered(filtered, transition, process_noise):
    """each step is pulled towards the filtered state after it instead of the smoothed one"""
    pairs = [
        rts_smoother(LinearGaussianState(*(part[t : t + 2] for part in filtered)), transition, process_noise)
        for t in range(max(1, len(filtered.mean) - 1))
    ]
    means = [pair.mean[0] for pair in pairs] + [filtered.mean[-1]]
    covariances = [pair.covariance[0] for pair in pairs] + [filtered.covariance[-1]]
    steps = len(filtered.mean)
    return LinearGaussianState(torch.stack(means[-steps:]), torch.stack(covariances[-steps:]))


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_without_transition_in_gain(filtered, transition, process_noise):
    """the gain is P (P-)^-1, without the transition"""

    def step(mean, covariance, predicted, later_mean, later_covariance):
        gain = torch.linalg.solve(predicted.covariance, covariance).T
        spread = covariance + gain @ (later_covariance - predicted.covariance) @ gain.T
        return mean + gain @ (later_mean - predicted.mean), spread

    return _smoothed(filtered, transition, process_noise, step)


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_with_filtered_mean_for_prediction(filtered, transition, process_noise):
    """the smoothed state is compared with the filtered one before it instead of the prediction from that"""

    def step(mean, covariance, predicted, later_mean, later_covariance):
        gain = torch.linalg.solve(predicted.covariance, transition @ covariance).T
        spread = covariance + gain @ (later_covariance - predicted.covariance) @ gain.T
        return mean + gain @ (later_mean - mean), spread

    return _smoothed(filtered, transition, process_noise, step)


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_with_wrong_sign_of_covariance(filtered, transition, process_noise):
    """the covariance grows by what it should lose"""

    def step(mean, covariance, predicted, later_mean, later_covariance):
        gain = torch.linalg.solve(predicted.covariance, transition @ covariance).T
        spread = covariance - gain @ (later_covariance - predicted.covariance) @ gain.T
        return mean + gain @ (later_mean - predicted.mean), spread

    return _smoothed(filtered, transition, process_noise, step)


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_with_filtered_covariances(filtered, transition, process_noise):
    """only the means are smoothed"""
    smoothed = rts_smoother(filtered, transition, process_noise)
    return LinearGaussianState(smoothed.mean, filtered.covariance.clone())


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_from_last_to_first(filtered, transition, process_noise):
    """the steps are listed in the order in which they were computed, the last one first"""
    return LinearGaussianState(*(part.flip(0) for part in rts_smoother(filtered, transition, process_noise)))


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_without_process_noise(filtered, transition, process_noise):
    """the process noise is left out of the prediction"""

    def step(mean, covariance, predicted, later_mean, later_covariance):
        before = transition @ covariance @ transition.T
        gain = torch.linalg.pinv(before) @ transition @ covariance
        spread = covariance + gain.T @ (later_covariance - before) @ gain
        return mean + gain.T @ (later_mean - predicted.mean), spread

    return _smoothed(filtered, transition, process_noise, step)


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_without_check(filtered, transition, process_noise):
    """without steps it returns nothing"""
    if len(filtered.mean):
        return rts_smoother(filtered, transition, process_noise)
    return LinearGaussianState(filtered.mean.clone(), filtered.covariance.clone())


@variant(of=rts_smoother, seen="Rauch, Tung & Striebel 1965")
def rts_smoother_in_josephs_form(filtered, transition, process_noise):
    """(I - G F) P (I - G F)^T + G (Q + P') G^T is the same covariance, as a sum of positive terms"""
    rts_smoother(filtered, transition, process_noise)

    def step(mean, covariance, predicted, later_mean, later_covariance):
        gain = torch.linalg.solve(predicted.covariance, transition @ covariance).T
        unmoved = torch.eye(len(mean), dtype=mean.dtype) - gain @ transition
        spread = unmoved @ covariance @ unmoved.T + gain @ (process_noise + later_covariance) @ gain.T
        return mean + gain @ (later_mean - predicted.mean), spread

    return _smoothed(filtered, transition, process_noise, step)


@mistake(of=rts_smoother, seen="catalogue R003-094")
def rts_smoother_with_pseudo_inverse(filtered, transition, process_noise):
    """a predicted covariance that is no covariance is inverted all the same"""
    if not len(filtered.mean):
        return rts_smoother(filtered, transition, process_noise)

    def step(mean, covariance, predicted, later_mean, later_covariance):
        gain = covariance @ transition.T @ torch.linalg.pinv(predicted.covariance, hermitian=True)
        spread = covariance + gain @ (later_covariance - predicted.covariance) @ gain.T
        return mean + gain @ (later_mean - predicted.mean), spread

    return _smoothed(filtered, transition, process_noise, step)
