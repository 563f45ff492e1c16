"""Judges filterpy: its Kalman filter and smoother.

    prediction                            predict
    update                                update with return_all=True
    filter                                KalmanFilter.batch_filter with update_first=True, and a Saver
    smoother                              KalmanFilter.rts_smoother

The log density of all observations is the sum of KalmanFilter.log_likelihood, which the Saver keeps of every step.
"""

import numpy as np
from filterpy.common import Saver
from filterpy.kalman import KalmanFilter, predict, update

from reference.probability.kalman import LinearGaussianState

PACKAGES = ("filterpy", "scipy")
ARRAYS = "numpy"


def kalman_predict(state, transition, process_noise):
    return LinearGaussianState(*predict(*state, transition, process_noise))


def kalman_update(state, observation, observation_matrix, observation_noise):
    updated = update(*state, observation, observation_noise, observation_matrix, return_all=True)
    mean, covariance, *_, log_likelihood = updated
    return LinearGaussianState(mean, covariance), log_likelihood


def kalman_filter(prior, model, observations):
    kalman = KalmanFilter(dim_x=len(prior.mean), dim_z=observations.shape[1])
    kalman.x, kalman.P = prior
    kalman.F, kalman.Q, kalman.H, kalman.R = model
    saver = Saver(kalman)
    means, covariances, _, _ = kalman.batch_filter(observations, update_first=True, saver=saver)
    return LinearGaussianState(means, covariances), np.sum(saver["log_likelihood"])


def rts_smoother(filtered, transition, process_noise):
    kalman = KalmanFilter(dim_x=len(transition), dim_z=1)
    kalman.F, kalman.Q = transition, process_noise
    means, covariances, _, _ = kalman.rts_smoother(*filtered)
    return LinearGaussianState(means, covariances)
