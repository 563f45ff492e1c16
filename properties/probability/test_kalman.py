"""Laws of `reference.probability.kalman`.

States and observations are jointly Gaussian: what the recursions find is conditioned on at once. `condition` is the
condition number of the covariance that this takes.
"""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, normals
from reference.probability.kalman import LinearGaussianState, StateSpaceModel

OFFSETS = st.sampled_from([0.0, 2.0**20])
ONE = torch.ones(1, 1, dtype=torch.float64)


def matrices(*shape):
    return dyadics(-16, 16, *shape, grid=16)


def states(dim):
    return st.builds(LinearGaussianState, normals(dim), covariances(dim))


def state_space_models(dim, observed):
    return st.builds(
        StateSpaceModel, matrices(dim, dim), covariances(dim), matrices(observed, dim), covariances(observed)
    )


def joint_moments(prior, model, steps):
    """Moments of all states, x = A (x_1, w_1, w_2, ...), and the matrices that make observations of them."""
    eye = torch.eye(steps, dtype=torch.float64)
    forward = torch.kron(torch.ones(steps - 1).double().diag(-1), model.transition)
    spread = torch.linalg.inv(torch.eye(len(forward), dtype=torch.float64) - forward)
    noise = torch.block_diag(prior.covariance, *[model.process_noise] * (steps - 1))
    mean = spread[:, : len(prior.mean)] @ prior.mean
    seen, blur = torch.kron(eye, model.observation_matrix), torch.kron(eye, model.observation_noise)
    return mean, spread @ noise @ spread.T, seen, blur


def conditioned(mean, covariance, seen, blur, observations):
    """Moments of x given y = seen x + N(0, blur), and the log density of y."""
    total = seen @ covariance @ seen.T + blur
    gain = torch.linalg.solve(total, seen @ covariance).T
    log_density = stats.multivariate_normal.logpdf(observations, seen @ mean, total)
    return mean + gain @ (observations - seen @ mean), covariance - gain @ seen @ covariance, log_density


def blocks(matrix, count):
    """The square blocks on the diagonal."""
    dim = len(matrix) // count
    return torch.stack([matrix[t * dim : (t + 1) * dim, t * dim : (t + 1) * dim] for t in range(count)])


def condition_of(covariance, seen, blur):
    """Condition number of the joint covariance of x and y."""
    across = covariance @ seen.T
    return torch.linalg.cond(
        torch.cat([torch.cat([covariance, across], 1), torch.cat([across.T, seen @ across + blur], 1)])
    )


@given(state=states(3), transition=matrices(3, 3), process_noise=covariances(3), offset=OFFSETS)
def test_kalman_predict_moves_points_on_the_ellipsoid(kalman_predict, state, transition, process_noise, offset):
    """2 n points that have the mean and covariance of the state are moved by F, and then Q is added."""
    reach = torch.linalg.cholesky(state.covariance).T * 3**0.5
    moved = torch.cat([reach, -reach]) @ transition.T
    far = state.mean + offset
    mean, covariance = kalman_predict(LinearGaussianState(far, state.covariance), transition, process_noise)
    assert_close(mean, transition @ far, transition.abs() @ far.abs())
    widths = state.covariance.diagonal().sqrt()
    size = process_noise.abs() + torch.outer(transition.abs() @ widths, transition.abs() @ widths)
    assert_close(covariance, moved.T @ moved / 6 + process_noise, size)


@given(state=states(3), first=matrices(3, 3), second=matrices(3, 3), noise=covariances(3))
def test_kalman_predict_composes(kalman_predict, state, first, second, noise):
    """Two steps are one of the product of their transitions, with the noise of both, the first moved by the second."""
    mean, covariance = kalman_predict(LinearGaussianState(*kalman_predict(state, first, noise)), second, noise / 2)
    both = second @ first
    at_once = kalman_predict(state, both, second @ noise @ second.T + noise / 2)
    reach = second.abs() @ first.abs()
    widths = reach @ state.covariance.diagonal().sqrt() + second.abs() @ noise.diagonal().sqrt()
    assert_close(mean, both @ state.mean, reach @ state.mean.abs())
    assert_close(covariance, at_once[1], torch.outer(widths, widths) + noise.abs())


@given(state=states(3), observation=normals(2), seen=matrices(2, 3), noise=covariances(2), offset=OFFSETS)
def test_kalman_update_adds_precisions(kalman_update, state, observation, seen, noise, offset):
    """P'^-1 = P^-1 + H^T R^-1 H and P'^-1 m' = P^-1 m + H^T R^-1 y, wherever the origin; y has N(H m, H P H^T + R)."""
    shift = torch.full((3,), offset, dtype=torch.float64)
    (mean, covariance), log_density = kalman_update(
        LinearGaussianState(state.mean + shift, state.covariance), observation + seen @ shift, seen, noise
    )
    precision, weight = torch.linalg.inv(state.covariance), torch.linalg.solve(noise, seen).T
    expected = torch.linalg.inv(precision + weight @ seen)
    pull = expected @ (precision @ state.mean + weight @ observation)
    condition = condition_of(state.covariance, seen, noise)
    size = (state.mean.abs().max() + observation.abs().max() + 2 * offset + 1) * condition
    assert_close(mean, pull + shift, size)
    assert_close(covariance, expected, condition * state.covariance.abs().max())
    centre, total = seen @ state.mean, seen @ state.covariance @ seen.T + noise
    away = 1 + (observation - centre).abs().sum()
    wanted = stats.multivariate_normal.logpdf(observation, centre, total)
    assert_close(log_density, wanted, away * size)


@given(state=states(3), first=normals(1), second=normals(2), seen=matrices(3, 3), noise=covariances(2))
def test_kalman_update_is_the_same_at_once_and_in_turn(kalman_update, state, first, second, seen, noise):
    """Observations with independent noise may be taken together or in turn, and their densities multiply."""
    observation, blur = torch.cat([first, second]), torch.block_diag(ONE / 2, noise)
    (mean, covariance), log_density = kalman_update(state, observation, seen, blur)
    between, term = kalman_update(state, first, seen[:1], ONE / 2)
    (later_mean, later_covariance), last_term = kalman_update(LinearGaussianState(*between), second, seen[1:], noise)
    condition = condition_of(state.covariance, seen, blur)
    reach = 1 + state.mean.abs().sum() + observation.abs().sum()
    assert_close(later_mean, mean, condition * reach)
    assert_close(later_covariance, covariance, condition * state.covariance.abs().max())
    assert_close(term + last_term, log_density, condition * reach**2)
    moved = seen @ state.covariance @ seen.T + blur
    assert_close(
        log_density, stats.multivariate_normal.logpdf(observation, seen @ state.mean, moved), condition * reach**2
    )


@given(means=normals(24), observations=normals(24), exponent=st.sampled_from([0, 30]))
def test_kalman_update_multiplies_densities_of_independent_coordinates(kalman_update, means, observations, exponent):
    """24 coordinates, each seen with a noise as large as its own, meet half way, also where det S is below any float.

    The variance halves.
    """
    unit, identity = 2.0**-exponent, torch.eye(24, dtype=torch.float64)
    spread = unit**2 * identity
    (mean, covariance), log_density = kalman_update(
        LinearGaussianState(unit * means, spread), unit * observations, identity, spread
    )
    assert_close(mean, unit * (means + observations) / 2, unit * (means.abs() + observations.abs()))
    assert_close(covariance, spread / 2, unit**2)
    terms = torch.as_tensor(stats.norm.logpdf(unit * observations, unit * means, unit * math.sqrt(2)))
    away = (means.abs() + observations.abs()).square()
    assert_close(log_density, terms.sum(), terms.abs().sum() + away.sum() + 24 * exponent)


@given(state=states(2), observation=normals(1), exponent=st.integers(10, 30))
def test_kalman_update_keeps_variances_positive(kalman_update, state, observation, exponent):
    """However exactly the first coordinate is seen, a variance of R / 2 or more is left, and symmetry is not lost."""
    large, small = 2.0**exponent * state.covariance, 2.0**-exponent * ONE
    first = torch.tensor([[1, 0]], dtype=torch.float64)
    (mean, covariance), _ = kalman_update(LinearGaussianState(state.mean, large), observation, first, small)
    widths = covariance.diagonal().sqrt()
    assert_at_most(-covariance[0, 0], -small[0, 0] / 2)
    assert_close(covariance, covariance.T, torch.outer(widths, widths))
    rest = large[1, 1] - large[0, 1] ** 2 / (large[0, 0] + small[0, 0])
    assert_close(covariance[1, 1], rest, large[1, 1])
    left = small[0] / (large[0, 0] + small[0])
    assert_close(
        mean[:1], observation + left * (state.mean[:1] - observation), 1 + state.mean[:1].abs() + observation.abs()
    )


@given(state=states(2), exact=normals(1), observation=normals(1))
def test_kalman_update_believes_what_has_no_noise(kalman_update, state, exact, observation):
    """What is seen without noise is known for certain, and a noisy observation of it changes nothing any more."""
    first = torch.tensor([[1, 0]], dtype=torch.float64)
    known, log_density = kalman_update(state, exact, first, 0 * ONE)
    (variance, across), (_, other) = state.covariance
    away, condition = exact[0] - state.mean[0], torch.linalg.cond(state.covariance)
    reach = condition * (1 + state.mean.abs().sum() + exact.abs().sum())
    expected = torch.stack([exact[0], state.mean[1] + across / variance * away])
    assert_close(known[0], expected, reach)
    left = torch.tensor([[0, 0], [0, other - across**2 / variance]], dtype=torch.float64)
    assert_close(known[1], left, condition * state.covariance.abs().max())
    assert_close(log_density, stats.norm.logpdf(away, 0, variance.sqrt()), reach**2)
    (mean, covariance), _ = kalman_update(LinearGaussianState(expected, left), observation, first, ONE)
    assert_close(mean, expected, reach)
    assert_close(covariance, left, condition * state.covariance.abs().max())


@pytest.mark.parametrize("noise", [[[-3, 0], [0, 1]], [[1, 4], [4, 1]], [[0, 1], [1, 0]], [[-3, 0], [0, -3]]])
def test_kalman_update_rejects_observations_without_spread(kalman_update, noise):
    """An observation whose covariance is not positive definite has no density."""
    state = LinearGaussianState(torch.ones(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64))
    seen = torch.tensor([[1, 0, 0], [0, 1, 0]], dtype=torch.float64)
    assert_rejects(kalman_update, state, seen[:, 0], seen, torch.tensor(noise, dtype=torch.float64))


@given(prior=states(2), model=state_space_models(2, 3), observations=st.integers(1, 4).flatmap(lambda n: normals(n, 3)))
def test_kalman_filter_conditions_on_the_past(kalman_filter, prior, model, observations):
    """Step t has the moments of x_t given y_1..y_t under the joint Gaussian, of which the density of y is taken too."""
    steps, flat = len(observations), observations.flatten()
    (means, covariances), log_density = kalman_filter(prior, model, observations)
    assert_equal(covariances.shape, (steps, 2, 2))
    mean, covariance, seen, blur = joint_moments(prior, model, steps)
    condition = condition_of(covariance, seen, blur)
    size = condition * (1 + mean.abs().max() + flat.abs().max())
    for t in range(steps):
        known = 3 * (t + 1)
        given_past = conditioned(mean, covariance, seen[:known], blur[:known, :known], flat[:known])
        assert_close(means[t], given_past[0].reshape(steps, 2)[t], size)
        assert_close(covariances[t], blocks(given_past[1], steps)[t], condition * covariance.abs().max())
    assert_close(log_density, given_past[2], size * (1 + (flat - seen @ mean).abs().sum()))


@pytest.mark.parametrize("steps", [1, 2, 200])
def test_kalman_filter_of_a_random_walk_has_fibonacci_variances(kalman_filter, steps):
    """With all variances one, that of step t is F(2 t) / F(2 t + 1): 1/2, 3/5, 8/13 and so on, to 0.618...

    An observation has the variance F(2 t + 1) / F(2 t - 1) given those before it: all have F(2 T + 1) together.
    """
    model = StateSpaceModel(ONE, ONE, ONE, ONE)
    prior = LinearGaussianState(ONE[0], ONE)
    (means, covariances), log_density = kalman_filter(prior, model, ONE.expand(steps, 1))
    numbers = [1, 1]
    while len(numbers) < 2 * steps + 1:
        numbers.append(sum(numbers[-2:]))
    expected = [numbers[2 * t + 1] / numbers[2 * t + 2] for t in range(steps)]
    assert_close(covariances.flatten(), expected)
    assert_close(means, torch.ones(steps, 1))
    assert_close(log_density, -(steps * math.log(2 * math.pi) + math.log(numbers[2 * steps])) / 2, roundings=16 + steps)


def test_kalman_filter_rejects_nothing_to_see(kalman_filter):
    """There must be an observation."""
    prior = LinearGaussianState(ONE[0], ONE)
    assert_rejects(kalman_filter, prior, StateSpaceModel(ONE, ONE, ONE, ONE), ONE[:0])


@given(prior=states(2), model=state_space_models(2, 3), observations=st.integers(1, 4).flatmap(lambda n: normals(n, 3)))
def test_rts_smoother_conditions_on_everything(rts_smoother, prior, model, observations):
    """Each step has the moments of x_t given all observations, past and future, under the joint Gaussian."""
    steps, flat = len(observations), observations.flatten()
    mean, covariance, seen, blur = joint_moments(prior, model, steps)
    past = [
        conditioned(mean, covariance, seen[: 3 * t], blur[: 3 * t, : 3 * t], flat[: 3 * t])[:2]
        for t in range(1, steps + 1)
    ]
    filtered = LinearGaussianState(
        torch.stack([m.reshape(steps, 2)[t] for t, (m, _) in enumerate(past)]),
        torch.stack([blocks(c, steps)[t] for t, (_, c) in enumerate(past)]),
    )
    means, covariances = rts_smoother(filtered, model.transition, model.process_noise)
    assert_equal(covariances.shape, (steps, 2, 2))
    condition = condition_of(covariance, seen, blur)
    size = condition * (1 + mean.abs().max() + flat.abs().max())
    assert_close(means, past[-1][0].reshape(steps, 2), size)
    assert_close(covariances, blocks(past[-1][1], steps), condition * covariance.abs().max())


@given(means=normals(4, 3), covariance=covariances(3), offset=OFFSETS)
def test_rts_smoother_of_a_constant_state_is_the_last(rts_smoother, means, covariance, offset):
    """A state that never moves is known at every step as it is at the last, however far from the origin."""
    shares = torch.tensor([1, 0.5, 0.375, 0.25], dtype=torch.float64)[:, None, None]
    filtered = LinearGaussianState(means + offset, covariance * shares)
    still, none = torch.eye(3, dtype=torch.float64), torch.zeros(3, 3, dtype=torch.float64)
    smoothed, left = rts_smoother(filtered, still, none)
    condition = torch.linalg.cond(covariance)
    assert_close(smoothed, filtered.mean[-1].expand(4, 3), condition * (means.abs().max() + offset))
    assert_close(left, filtered.covariance[-1].expand(4, 3, 3), condition * covariance.abs().max())


@pytest.mark.parametrize("noise", [[[0, 0], [0, 0]], [[1, 2], [2, 1]], [[-1, 0], [0, -1]]])
def test_rts_smoother_rejects_predictions_without_spread(rts_smoother, noise):
    """A state that is predicted without a positive definite covariance tells nothing of the one before."""
    filtered = LinearGaussianState(
        torch.ones(3, 2, dtype=torch.float64), torch.eye(2, dtype=torch.float64).repeat(3, 1, 1)
    )
    forgotten = torch.zeros(2, 2, dtype=torch.float64)
    assert_rejects(rts_smoother, filtered, forgotten, torch.tensor(noise, dtype=torch.float64))


def test_rts_smoother_rejects_no_steps(rts_smoother):
    """There must be a step to smooth."""
    assert_rejects(rts_smoother, LinearGaussianState(ONE[:0], ONE[:0, :, None]), ONE, ONE)
