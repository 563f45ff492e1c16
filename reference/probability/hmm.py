"""Hidden Markov models: sums over all paths of states, the best path, and Baum-Welch.

The chain is x_1 ~ initial, x_{t+1} ~ transition[x_t]. What was observed enters as log_emission[t - 1, i] =
log p(y_t | x_t = i), so that any emission fits; a row of zeros is an observation that is missing.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class HiddenMarkovModel(NamedTuple):
    """Probabilities of the first state, and of each state after each: transition[from, to]."""

    initial: Float[Tensor, "states"]
    transition: Float[Tensor, "states states"]


class CategoricalHiddenMarkovModel(NamedTuple):
    """A hidden Markov model in which state i emits symbol k with probability emission[i, k]."""

    initial: Float[Tensor, "states"]
    transition: Float[Tensor, "states states"]
    emission: Float[Tensor, "states symbols"]


def hmm_forward(model: HiddenMarkovModel, log_emission: Float[Tensor, "steps states"]) -> Float[Tensor, "steps states"]:
    """Log probability of the observations up to each step together with the state there.

        log alpha_1(i) = log initial_i + log p(y_1 | i)
        log alpha_t(j) = log sum_i alpha_{t-1}(i) transition_ij + log p(y_t | j)

    Domain: at least one step, and one column per state; else ValueError. Entries >= 0, 0 included: what is impossible
    has -inf.
    Source: Rabiner 1989, "A tutorial on hidden Markov models", eqs. 19-20.
    Differs: Rabiner's scaled alpha sums to 1 at each step; logarithms need no scaling.
    Notes: R003-092.
    """
    _check_shapes(model, log_emission)
    log_transition = model.transition.log()
    log_alpha = [model.initial.log() + log_emission[0]]
    for row in log_emission[1:]:
        log_alpha.append(torch.logsumexp(log_alpha[-1][:, None] + log_transition, 0) + row)
    return torch.stack(log_alpha)


def hmm_backward(
    model: HiddenMarkovModel, log_emission: Float[Tensor, "steps states"]
) -> Float[Tensor, "steps states"]:
    """Log probability of the observations after each step, given the state there.

        log beta_T(i) = 0,   log beta_t(i) = log sum_j transition_ij p(y_{t+1} | j) beta_{t+1}(j)

    Domain: as for `hmm_forward`.
    Source: Rabiner 1989, "A tutorial on hidden Markov models", eqs. 24-25.
    Differs: Rabiner's scaled beta is divided by the scales of alpha.
    Notes: R003-092.
    """
    _check_shapes(model, log_emission)
    log_transition = model.transition.log()
    log_beta = [torch.zeros_like(log_emission[0])]
    for row in log_emission[1:].flip(0):
        log_beta.append(torch.logsumexp(log_transition + row + log_beta[-1], 1))
    return torch.stack(log_beta[::-1])


def hmm_log_likelihood(model: HiddenMarkovModel, log_emission: Float[Tensor, "steps states"]) -> Float[Tensor, ""]:
    """Log probability of all observations, summed over every path of states.

        log p(y_1..y_T) = log sum_i alpha_T(i)

    Domain: as for `hmm_forward`; -inf if no path can emit the observations.
    Source: Rabiner 1989, "A tutorial on hidden Markov models", eq. 21.
    Notes: R003-092.
    """
    return torch.logsumexp(hmm_forward(model, log_emission)[-1], 0)


def hmm_posteriors(
    model: HiddenMarkovModel, log_emission: Float[Tensor, "steps states"]
) -> tuple[Float[Tensor, "steps states"], Float[Tensor, "steps-1 states states"]]:
    """Probabilities gamma of the state at each step, and xi of each pair of neighbouring states, given everything seen.

        gamma_t(i) = alpha_t(i) beta_t(i) / p(y)
        xi_t(i, j) = alpha_t(i) transition_ij p(y_{t+1} | j) beta_{t+1}(j) / p(y),   t = 1..T-1

    Domain: as for `hmm_forward`; NaN if no path can emit the observations.
    Source: Rabiner 1989, "A tutorial on hidden Markov models", eqs. 27 and 37.
    Notes: R003-092.
    """
    log_alpha, log_beta = hmm_forward(model, log_emission), hmm_backward(model, log_emission)
    log_likelihood = torch.logsumexp(log_alpha[-1], 0)
    log_after = log_emission[1:] + log_beta[1:]
    log_xi = log_alpha[:-1, :, None] + model.transition.log() + log_after[:, None, :]
    return torch.exp(log_alpha + log_beta - log_likelihood), torch.exp(log_xi - log_likelihood)


def hmm_viterbi(
    model: HiddenMarkovModel, log_emission: Float[Tensor, "steps states"]
) -> tuple[Int64[Tensor, "steps"], Float[Tensor, ""]]:
    """The most probable path of states, and its log probability together with the observations.

        delta_1(i) = log initial_i + log p(y_1 | i)
        delta_t(j) = max_i (delta_{t-1}(i) + log transition_ij) + log p(y_t | j)

    The path is read backwards from the largest delta_T; of equals the lowest state is taken at each step back.

    Domain: as for `hmm_forward`. If no path can emit the observations, -inf and a path without meaning.
    Source: Rabiner 1989, "A tutorial on hidden Markov models", eqs. 32-35, in logarithms.
    Notes: R003-092.
    """
    _check_shapes(model, log_emission)
    log_transition = model.transition.log()
    delta, pointers = model.initial.log() + log_emission[0], []
    for row in log_emission[1:]:
        best, origin = (delta[:, None] + log_transition).max(0)
        delta = best + row
        pointers.append(origin)
    path = [delta.argmax(0, keepdim=True)]
    for origin in reversed(pointers):
        path.append(origin.gather(0, path[-1]))
    return torch.cat(path[::-1]), delta.max()


def baum_welch_step(
    model: CategoricalHiddenMarkovModel, sequences: Sequence[Int64[Tensor, "_"]]
) -> CategoricalHiddenMarkovModel:
    """The model after one step of EM on sequences of symbols, which need not be equally long.

        initial_i      = sum gamma_1(i) / number of sequences
        transition_ij ~ sum_{t<T} xi_t(i, j)
        emission_ik   ~ sum_t gamma_t(i) [y_t = k]

    with sums over all sequences, and rows divided by their sums. A state that is never left, or never visited, keeps
    the row that it had. The likelihood of the sequences never falls, and what has probability 0 keeps it.

    Domain: at least one sequence, none empty; else ValueError. Symbols 0..K-1. NaN if a sequence is impossible.
    Source: Rabiner 1989, "A tutorial on hidden Markov models", eqs. 40a-c; section V-B for several
    sequences.
    Notes: R003-086, R003-092.
    """
    if not sequences:
        raise ValueError(f"Baum-Welch needs at least one sequence; got {len(sequences)}")
    initial, transitions, emissions = (torch.zeros_like(table) for table in model)
    for symbols in sequences:
        log_emission = model.emission.log().T[symbols]
        gamma, xi = hmm_posteriors(HiddenMarkovModel(model.initial, model.transition), log_emission)
        initial = initial + gamma[0] / len(sequences)
        transitions = transitions + xi.sum(0)
        emissions = emissions.index_add(1, symbols, gamma.T)
    return CategoricalHiddenMarkovModel(
        initial, _shares(transitions, model.transition), _shares(emissions, model.emission)
    )


def _shares(counts: Tensor, otherwise: Tensor) -> Tensor:
    """Counts over the sums of their rows; rows without counts are taken from the other table."""
    total = counts.sum(1, keepdim=True)
    return torch.where(total == 0, otherwise, counts / total)


def _check_shapes(model: HiddenMarkovModel, log_emission: Tensor) -> None:
    steps, columns = log_emission.shape
    if steps < 1:
        raise ValueError(f"there must be at least one observation; got {steps}")
    states = len(model.initial)
    if columns != states or model.transition.shape != (states, states):
        raise ValueError(f"{columns} columns of log_emission do not fit a model of {states} states")
