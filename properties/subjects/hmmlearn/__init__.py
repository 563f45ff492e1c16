"""Judges hmmlearn: its hidden Markov models.

    forward and backward                  lattices of BaseHMM.score_samples
    log likelihood                        BaseHMM.score
    posteriors                            BaseHMM.score_samples, _hmmc.compute_log_xi_sum
    best path                             BaseHMM.decode
    step of Baum-Welch                    CategoricalHMM.fit with n_iter=1 and the flat priors it has

Log emissions reach a model through a subclass that looks them up: the samples are the numbers of their rows. The sum
of xi over the steps is taken over one step at a time.
"""

import logging

import numpy as np
from hmmlearn import _hmmc
from hmmlearn.base import BaseHMM
from hmmlearn.hmm import CategoricalHMM

from reference.probability.hmm import CategoricalHiddenMarkovModel

PACKAGES = ("hmmlearn", "scikit-learn")
ARRAYS = "numpy"

logging.getLogger("hmmlearn").setLevel(logging.ERROR)  # it warns that there are fewer symbols than parameters


class _Given(BaseHMM):
    """A model of which the log emissions are given, and the lattices kept."""

    def _compute_log_likelihood(self, X):
        return self.log_emission[X[:, 0]]

    def _compute_posteriors_log(self, *lattices):
        self.lattices = lattices
        return super()._compute_posteriors_log(*lattices)


def _model(model, log_emission):
    given = _Given(len(model.initial))
    given.startprob_, given.transmat_ = model
    given.log_emission = log_emission
    return given, np.arange(len(log_emission))[:, None]


def _score_samples(model, log_emission):
    given, samples = _model(model, log_emission)
    _, posteriors = given.score_samples(samples)
    return posteriors, *given.lattices


def hmm_forward(model, log_emission):
    return _score_samples(model, log_emission)[1]


def hmm_backward(model, log_emission):
    return _score_samples(model, log_emission)[2]


def hmm_log_likelihood(model, log_emission):
    given, samples = _model(model, log_emission)
    return np.float64(given.score(samples))


def hmm_posteriors(model, log_emission):
    gamma, forward, backward = _score_samples(model, log_emission)
    xi = np.empty((len(gamma) - 1, *model.transition.shape))
    for t in range(len(xi)):
        one = slice(t, t + 2)
        log_xi = _hmmc.compute_log_xi_sum(forward[[t, -1]], model.transition, backward[one], log_emission[one])
        xi[t] = np.exp(log_xi)
    return gamma, xi


def hmm_viterbi(model, log_emission):
    given, samples = _model(model, log_emission)
    log_probability, path = given.decode(samples)
    return path, np.float64(log_probability)


def baum_welch_step(model, sequences):
    states, symbols = model.emission.shape
    fitted = CategoricalHMM(states, n_features=symbols, n_iter=1, init_params="")
    fitted.startprob_, fitted.transmat_, fitted.emissionprob_ = model
    samples = np.array([symbol for sequence in sequences for symbol in sequence], dtype=np.int64)
    fitted.fit(samples[:, None], [len(sequence) for sequence in sequences])
    return CategoricalHiddenMarkovModel(fitted.startprob_, fitted.transmat_, fitted.emissionprob_)
