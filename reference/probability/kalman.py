"""Linear Gaussian state space models: the Kalman filter and the Rauch-Tung-Striebel smoother.

    x_1 ~ N(mean, covariance),   x_{t+1} = F x_t + N(0, Q),   y_t = H x_t + N(0, R)

F is the transition, Q the process noise, H the observation matrix and R the observation noise; Q and R are covariances.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class LinearGaussianState(NamedTuple):
    """Mean and covariance of the state; of every step, where there is a leading axis."""

    mean: Float[Tensor, "*steps dim"]
    covariance: Float[Tensor, "*steps dim dim"]


class StateSpaceModel(NamedTuple):
    """The matrices F, Q, H and R, the same at every step."""

    transition: Float[Tensor, "dim dim"]
    process_noise: Float[Tensor, "dim dim"]
    observation_matrix: Float[Tensor, "observed dim"]
    observation_noise: Float[Tensor, "observed observed"]


def kalman_predict(
    state: LinearGaussianState, transition: Float[Tensor, "dim dim"], process_noise: Float[Tensor, "dim dim"]
) -> LinearGaussianState:
    """The state one step later, before anything is observed there.

        mean = F m,   covariance = F P F^T + Q

    Domain: symmetric positive semidefinite covariances, which the result is too.
    Source: Kalman 1960, "A new approach to linear filtering and prediction problems".
    Differs: libraries for control add B u for a known input u.
    Notes: R003-094.
    """
    covariance = transition @ state.covariance @ transition.mT + process_noise
    return LinearGaussianState(transition @ state.mean, _symmetric(covariance))


def kalman_update(
    state: LinearGaussianState,
    observation: Float[Tensor, "observed"],
    observation_matrix: Float[Tensor, "observed dim"],
    observation_noise: Float[Tensor, "observed observed"],
) -> tuple[LinearGaussianState, Float[Tensor, ""]]:
    """The state given an observation, and the log density that the observation had before it was made.

        S = H P H^T + R,   K = P H^T S^-1
        mean = m + K (y - H m),   covariance = (I - K H) P (I - K H)^T + K R K^T
        log N(y; H m, S) = -((y - H m)^T S^-1 (y - H m) + log det S + n log(2 pi)) / 2

    Domain: symmetric positive semidefinite P and R; torch.linalg.LinAlgError unless S is positive definite. The
    covariance, in Joseph's form, stays symmetric and positive however small R is.
    Source: Kalman 1960, "A new approach to linear filtering and prediction problems"; Bucy & Joseph 1968 for the form.
    Differs: (I - K H) P is the same number, but loses symmetry and sign to rounding.
    Notes: R003-094.
    """
    mean, covariance = state
    innovation = observation - observation_matrix @ mean
    seen = observation_matrix @ covariance
    root = torch.linalg.cholesky(seen @ observation_matrix.mT + observation_noise)
    gain = torch.cholesky_solve(seen, root).mT
    unseen = torch.eye(len(mean), dtype=mean.dtype, device=mean.device) - gain @ observation_matrix
    updated = unseen @ covariance @ unseen.mT + gain @ observation_noise @ gain.mT
    distance = torch.linalg.solve_triangular(root, innovation[:, None], upper=False).square().sum()
    log_normalizer = root.diagonal().log().sum() + len(observation) * math.log(2 * math.pi) / 2
    return LinearGaussianState(mean + gain @ innovation, _symmetric(updated)), -distance / 2 - log_normalizer


def kalman_filter(
    prior: LinearGaussianState, model: StateSpaceModel, observations: Float[Tensor, "steps observed"]
) -> tuple[LinearGaussianState, Float[Tensor, ""]]:
    """The state at each step given the observations up to it, and the log density of all observations.

        x_t | y_1..y_t,   log p(y) = sum_t log p(y_t | y_1..y_{t-1})

    The prior is that of the first observed state: it is updated before anything is predicted.

    Domain: at least one observation; else ValueError. Covariances as in `kalman_update`.
    Source: Kalman 1960, "A new approach to linear filtering and prediction problems".
    Differs: filterpy and most libraries for control start one step earlier, and predict before they update.
    Notes: R003-094.
    """
    if not len(observations):
        raise ValueError(f"there must be at least one observation; got {len(observations)}")
    predicted, means, covariances = prior, [], []
    log_likelihood = observations.new_zeros(())
    for observation in observations:
        state, term = kalman_update(predicted, observation, model.observation_matrix, model.observation_noise)
        means.append(state.mean)
        covariances.append(state.covariance)
        log_likelihood = log_likelihood + term
        predicted = kalman_predict(state, model.transition, model.process_noise)
    return LinearGaussianState(torch.stack(means), torch.stack(covariances)), log_likelihood


def rts_smoother(
    filtered: LinearGaussianState, transition: Float[Tensor, "dim dim"], process_noise: Float[Tensor, "dim dim"]
) -> LinearGaussianState:
    """The state at each step given all observations, from the filtered states.

        m-, P- = prediction from m_t, P_t,   G = P_t F^T (P-)^-1
        smoothed mean       = m_t + G (smoothed mean_{t+1} - m-)
        smoothed covariance = P_t + G (smoothed covariance_{t+1} - P-) G^T

    Domain: at least one step; else ValueError. torch.linalg.LinAlgError unless each P- is positive definite. At the
    last step filtered and smoothed agree.
    Source: Rauch, Tung & Striebel 1965, "Maximum likelihood estimates of linear dynamic systems".
    Notes: R003-094.
    """
    if not len(filtered.mean):
        raise ValueError(f"there must be at least one step; got {len(filtered.mean)}")
    means, covariances = [filtered.mean[-1]], [filtered.covariance[-1]]
    for mean, covariance in zip(filtered.mean[:-1].flip(0), filtered.covariance[:-1].flip(0), strict=True):
        predicted = kalman_predict(LinearGaussianState(mean, covariance), transition, process_noise)
        gain = torch.cholesky_solve(transition @ covariance, torch.linalg.cholesky(predicted.covariance)).mT
        means.append(mean + gain @ (means[-1] - predicted.mean))
        covariances.append(_symmetric(covariance + gain @ (covariances[-1] - predicted.covariance) @ gain.mT))
    return LinearGaussianState(torch.stack(means[::-1]), torch.stack(covariances[::-1]))


def _symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.mT) / 2
