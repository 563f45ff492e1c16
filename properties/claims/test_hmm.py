"""Worked numbers of hidden Markov models and Kalman filters, and a statement about paths that is often wrong."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close, assert_equal
from reference.probability.hmm import HiddenMarkovModel, hmm_forward, hmm_posteriors, hmm_viterbi
from reference.probability.kalman import LinearGaussianState, StateSpaceModel, kalman_filter


@pytest.mark.claim("R003-092")
def test_umbrellas_of_two_days_tell_of_rain():
    """Rain follows rain with 0.7, and an umbrella is seen with 0.9 in rain and 0.2 else: on two days with an umbrella
    rain has probability 0.818 and 0.883 given the past, and 0.883 on both given everything.
    """
    model = HiddenMarkovModel(table(0.5, 0.5), table(0.7, 0.3, 0.3, 0.7).reshape(2, 2))
    umbrella = table(0.9, 0.2).log().expand(2, 2)
    filtered = hmm_forward(model, umbrella).softmax(1)[:, 0]
    smoothed = hmm_posteriors(model, umbrella)[0][:, 0]
    for seen, digits in zip([*filtered, *smoothed], ("0.818", "0.883", "0.883", "0.883"), strict=True):
        assert seen == printed(digits)


@pytest.mark.claim("R003-092")
def test_most_probable_states_may_make_an_impossible_path():
    """If 40 % begin in state 0 and go on to 1, and all others go on to 2, then 0 and 2 are the most probable states,
    and the step from 0 to 2 never happens; the most probable path is 0, 1.
    """
    after = table(0, 1, 0, 0, 0, 1, 0, 0, 1).reshape(3, 3)
    model, unseen = HiddenMarkovModel(table(0.4, 0.3, 0.3), after), torch.zeros(2, 3, dtype=torch.float64)
    gamma, _ = hmm_posteriors(model, unseen)
    assert_equal(gamma.argmax(1), [0, 2])
    assert_equal(after[0, 2], 0.0)
    path, log_probability = hmm_viterbi(model, unseen)
    assert_equal(path, [0, 1])
    assert_close(log_probability, math.log(0.4))


@pytest.mark.claim("R003-094")
def test_variance_of_a_random_walk_tends_to_the_golden_ratio():
    """With process and observation noise of variance 1, that of the filtered state falls from 1 / 2 over 3 / 5 and
    8 / 13 to 0.6180, and that of the prediction is 1.6180.
    """
    one = table(1)[:, None]
    (_, variance), _ = kalman_filter(
        LinearGaussianState(one[0], one), StateSpaceModel(one, one, one, one), one.expand(20, 1)
    )
    assert_close(variance[:3].flatten(), table(1 / 2, 3 / 5, 8 / 13))
    assert variance[-1].item() == printed("0.6180")
    assert variance[-1].item() + 1 == printed("1.6180")
