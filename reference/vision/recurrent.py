"""Recurrent networks: a state that reads a sequence step by step, what it predicts, and its gradient through time.

Sequences are (batch, steps, channels). A step maps an input and the state before it to the state after it.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import linear

from reference.transformer.residual import Layer

Step = Callable[[Tensor, Tensor], Tensor]


class RecurrentOutput(NamedTuple):
    """Logits of each step, and the last state, from which the next part of the sequence goes on."""

    logits: Float[Tensor, "batch steps out"]
    state: Float[Tensor, "batch hidden"]


class RecurrentGradient(NamedTuple):
    """Gradient of a loss with respect to the weights, the inputs and the state before the first step."""

    weight_x: Float[Tensor, "hidden channels"]
    weight_h: Float[Tensor, "hidden hidden"]
    bias: Float[Tensor, "hidden"]
    x: Float[Tensor, "batch steps channels"]
    state: Float[Tensor, "batch hidden"]


class LstmState(NamedTuple):
    """What an LSTM shows, and the cell in which it remembers."""

    hidden: Float[Tensor, "*batch hidden"]
    cell: Float[Tensor, "*batch hidden"]


def autoregressive_predictions(
    x: Float[Tensor, "batch steps channels"], order: int, predict: Layer
) -> Float[Tensor, "batch predictions out"]:
    """Predictions of each value from the `order` values before it, the last one for the value that is still to come.

        out = (y_{n+1}, ..., y_{T+1}),   y_t = predict(x_{t-n}, ..., x_{t-1}),   n = order

    Domain: 1 <= order <= T; else ValueError. `predict` maps (batch, order, channels) to (batch, out).
    Source: textbook.
    Notes: R004-012.
    """
    if not 1 <= order <= x.shape[1]:
        raise ValueError(f"order must be from 1 to the {x.shape[1]} steps; got {order}")
    return torch.stack([predict(x[:, t - order : t]) for t in range(order, x.shape[1] + 1)], 1)


def latent_autoregressive_predictions(
    x: Float[Tensor, "batch steps channels"], state: Float[Tensor, "batch hidden"], step: Step, predict: Layer
) -> Float[Tensor, "batch predictions out"]:
    """Predictions of each value from a state that has read all values before it, however many these are.

        out = (y_1, ..., y_{T+1}),   y_t = predict(h_t),   h_1 = state,   h_{t+1} = step(x_t, h_t)

    The first is made of the given state alone, and the last is for the value that is still to come.

    Domain: T >= 1; else ValueError. `predict` maps (batch, hidden) to (batch, out).
    Source: textbook.
    Notes: R004-012.
    """
    states = recurrent_states(x, state, step)
    return torch.stack([predict(h) for h in (state, *states.unbind(1))], 1)


def recurrent_step(
    x: Float[Tensor, "*batch channels"],
    state: Float[Tensor, "*batch hidden"],
    weight_x: Float[Tensor, "hidden channels"],
    weight_h: Float[Tensor, "hidden hidden"],
    bias: Float[Tensor, "hidden"],
) -> Float[Tensor, "*batch hidden"]:
    """State after one more input.

        h' = tanh(W_x x + W_h h + b)

    At W_h = 0 it is a layer of a perceptron that reads x alone.

    Domain: every real number; the state stays in [-1, 1].
    Source: Elman 1990, "Finding structure in time"; torch.nn.RNNCell.
    Differs: textbooks that multiply rows write x W_xh + h W_hh, with both weights transposed. torch has two biases,
    which are added up. Other activations, such as relu, take the place of tanh.
    Notes: R004-013.
    """
    return torch.tanh(linear(x, weight_x, bias) + linear(state, weight_h))


def joined_recurrent_step(
    x: Float[Tensor, "*batch channels"],
    state: Float[Tensor, "*batch hidden"],
    weight: Float[Tensor, "hidden joined"],
    bias: Float[Tensor, "hidden"],
) -> Float[Tensor, "*batch hidden"]:
    """State after one more input, by one product with the input and the state joined.

        h' = tanh(W [x, h] + b),   W = [W_x, W_h]

    Domain: a weight as wide as input and state together; else ValueError.
    Source: textbook.
    Differs: as `recurrent_step`; there W_xh stands above W_hh.
    Notes: R004-013.
    """
    joined = torch.cat([x, state], -1)
    if weight.shape[1] != joined.shape[-1]:
        raise ValueError(f"the weight must have {joined.shape[-1]} columns, x before h; got {weight.shape[1]}")
    return torch.tanh(linear(joined, weight, bias))


def recurrent_states(
    x: Float[Tensor, "batch steps channels"], state: Float[Tensor, "batch hidden"], step: Step
) -> Float[Tensor, "batch steps hidden"]:
    """States after each step of a sequence.

        h_t = step(x_t, h_{t-1}),   h_0 = state

    The sequence may be cut anywhere: the last state of one part is the first of the next.

    Domain: at least one step; else ValueError.
    Source: Elman 1990, "Finding structure in time".
    Differs: torch.nn.RNN stacks along axis 0 unless batch_first is set.
    Notes: R004-013, R004-014.
    """
    _check_steps(x)
    states = []
    for x_t in x.unbind(1):
        state = step(x_t, state)
        states.append(state)
    return torch.stack(states, 1)


def recurrent_states_of_lengths(
    x: Float[Tensor, "batch steps channels"],
    lengths: Int64[Tensor, "batch"],
    state: Float[Tensor, "batch hidden"],
    step: Step,
) -> Float[Tensor, "batch steps hidden"]:
    """States after each step of padded sequences, each of which keeps its state when its own steps are over.

        h_t = step(x_t, h_{t-1}) for t <= length, else h_{t-1},   h_0 = state

    The last state is the one at the end of each sequence, whatever the padding holds.

    Domain: at least one step; else ValueError. A sequence of length 0 keeps the given state.
    Source: torch.nn.utils.rnn.pack_padded_sequence.
    Differs: torch returns 0 for the steps behind the end, and the states at the end apart.
    Notes: R004-013.
    """
    _check_steps(x)
    states = []
    for t, x_t in enumerate(x.unbind(1)):
        state = torch.where((t < lengths)[:, None], step(x_t, state), state)
        states.append(state)
    return torch.stack(states, 1)


def recurrent_network(
    x: Float[Tensor, "batch steps channels"],
    state: Float[Tensor, "batch hidden"],
    step: Step,
    weight: Float[Tensor, "out hidden"],
    bias: Float[Tensor, "out"],
) -> RecurrentOutput:
    """Logits of each step from its state, and the last state.

        o_t = W h_t + b

    The logits are stacked along axis 1, which is one product with all states at once.

    Domain: as `recurrent_states`.
    Source: textbook.
    Differs: with the steps along axis 0 the logits are (steps, batch, out), as torch.nn.RNN has its states.
    Notes: R004-015.
    """
    states = recurrent_states(x, state, step)
    return RecurrentOutput(linear(states, weight, bias), states[:, -1].clone())


def greedy_continuation(
    prefix: Int64[Tensor, "batch prefix"],
    num_predictions: int,
    state: Float[Tensor, "batch hidden"],
    step: Step,
    predict: Layer,
) -> Int64[Tensor, "batch tokens"]:
    """A prefix and the tokens that follow it, each the most likely one after all before it.

        h_t = step(w_t, h_{t-1}),   h_0 = state,   w_{t+1} = argmax predict(h_t) from the end of the prefix on

    The prefix is read first and none of its tokens is predicted; then every prediction is read in its turn.

    Domain: a prefix of at least one token, num_predictions >= 0; else ValueError. `step` reads tokens (batch,),
    `predict` returns logits (batch, vocabulary); the first of several largest is taken.
    Source: textbook.
    Notes: R004-014.
    """
    if prefix.shape[1] < 1 or num_predictions < 0:
        raise ValueError(f"at least 1 token must be read and 0 predicted; got {prefix.shape[1]} and {num_predictions}")
    tokens = [*prefix.unbind(1)]
    for t in range(prefix.shape[1] + num_predictions - 1):
        state = step(tokens[t], state)
        if t + 1 == len(tokens):
            tokens.append(predict(state).argmax(-1))
    return torch.stack(tokens, 1)


def recurrent_gradient(
    x: Float[Tensor, "batch steps channels"],
    state: Float[Tensor, "batch hidden"],
    weight_x: Float[Tensor, "hidden channels"],
    weight_h: Float[Tensor, "hidden hidden"],
    bias: Float[Tensor, "hidden"],
    states_bar: Float[Tensor, "batch steps hidden"],
) -> RecurrentGradient:
    """Gradient of sum_t states_bar_t . h_t, by backpropagation through time.

        delta_t = (states_bar_t + W_h^T delta_{t+1}) (1 - h_t^2),   delta_{T+1} = 0

        for W_x: sum_t delta_t x_t^T     for x_t: W_x^T delta_t
        for W_h: sum_t delta_t h_{t-1}^T     for h_0: W_h^T delta_1     for b: sum_t delta_t

    with h_t of `recurrent_step`. What a state adds to a loss of its own is states_bar_t = dL_t / dh_t. A gradient that
    comes from k steps later has k factors W_h^T diag(1 - h^2): it vanishes or explodes as the k-th power.

    Domain: as `recurrent_states`.
    Source: Werbos 1990, "Backpropagation through time: what it does and how to do it".
    Notes: R004-017.
    """
    states = recurrent_states(x, state, lambda x_t, h: recurrent_step(x_t, h, weight_x, weight_h, bias))
    later, reverse = torch.zeros_like(state), []
    for h, bar in zip(reversed(states.unbind(1)), reversed(states_bar.unbind(1)), strict=True):
        delta = (bar + later) * (1 - h**2)
        later = delta @ weight_h
        reverse.append(delta)
    deltas = torch.stack(reverse[::-1], 1)
    before = torch.cat([state[:, None], states[:, :-1]], 1)
    for_weight_x = torch.einsum("bth,btc->hc", deltas, x)
    for_weight_h = torch.einsum("bth,btc->hc", deltas, before)
    return RecurrentGradient(for_weight_x, for_weight_h, deltas.sum((0, 1)), deltas @ weight_x, later)


def truncated_recurrent_gradient(
    x: Float[Tensor, "batch steps channels"],
    state: Float[Tensor, "batch hidden"],
    weight_x: Float[Tensor, "hidden channels"],
    weight_h: Float[Tensor, "hidden hidden"],
    bias: Float[Tensor, "hidden"],
    states_bar: Float[Tensor, "batch steps hidden"],
    window: int,
) -> RecurrentGradient:
    """Gradient as by `recurrent_gradient`, which does not pass from one window of steps to the one before.

    The state passes forward from window to window, where it counts as given (detached, in code). What is left is the
    sum of the gradients of all windows; for the state it is that of the first. With window >= T nothing is cut off.

    Domain: at least one step, window >= 1; else ValueError.
    Source: Williams & Peng 1990, "An efficient gradient-based algorithm for on-line training of recurrent networks".
    Differs: their BPTT(h) goes back by h steps from every step, not from the end of every window.
    Notes: R004-017.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1; got {window}")
    states = recurrent_states(x, state, lambda x_t, h: recurrent_step(x_t, h, weight_x, weight_h, bias))
    before = torch.cat([state[:, None], states], 1)[:, ::window].unbind(1)
    windows = zip(torch.split(x, window, 1), before, torch.split(states_bar, window, 1), strict=False)
    parts = [recurrent_gradient(inputs, given, weight_x, weight_h, bias, bars) for inputs, given, bars in windows]
    return RecurrentGradient(
        weight_x=torch.stack([part.weight_x for part in parts]).sum(0),
        weight_h=torch.stack([part.weight_h for part in parts]).sum(0),
        bias=torch.stack([part.bias for part in parts]).sum(0),
        x=torch.cat([part.x for part in parts], 1),
        state=parts[0].state,
    )


def lstm_step(
    x: Float[Tensor, "*batch channels"],
    state: LstmState,
    weight_x: Float[Tensor, "gates channels"],
    weight_h: Float[Tensor, "gates hidden"],
    bias: Float[Tensor, "gates"],
) -> LstmState:
    """State of a long short-term memory after one more input.

        i, f, g, o = the four quarters of W_x x + W_h h + b, in this order
        c' = sigmoid(f) c + sigmoid(i) tanh(g),   h' = sigmoid(o) tanh(c')

    Where f is large and i small the cell keeps what it holds.

    Domain: 4 x hidden rows in weights and biases; else ValueError.
    Source: Gers et al. 2000, "Learning to forget"; torch.nn.LSTMCell.
    Differs: torch has two biases, which are added up. TensorFlow's BasicLSTMCell has the order i, g, f, o and adds 1 to
    f. The LSTM of 1997 has no f; others let the gates see c too (peepholes).
    Notes: R004-013.
    """
    _check_gates(4, weight_h, weight_x, bias)
    i, f, g, o = (linear(x, weight_x, bias) + linear(state.hidden, weight_h)).chunk(4, -1)
    cell = f.sigmoid() * state.cell + i.sigmoid() * g.tanh()
    return LstmState(o.sigmoid() * cell.tanh(), cell)


def gru_step(
    x: Float[Tensor, "*batch channels"],
    state: Float[Tensor, "*batch hidden"],
    weight_x: Float[Tensor, "gates channels"],
    weight_h: Float[Tensor, "gates hidden"],
    bias_x: Float[Tensor, "gates"],
    bias_h: Float[Tensor, "gates"],
) -> Float[Tensor, "*batch hidden"]:
    """State of a gated recurrent unit after one more input.

        r_x, z_x, n_x = the thirds of W_x x + b_x,   r_h, z_h, n_h those of W_h h + b_h
        r = sigmoid(r_x + r_h),   z = sigmoid(z_x + z_h),   n = tanh(n_x + r n_h)
        h' = (1 - z) n + z h

    At z = 1 the state is kept.

    Domain: 3 x hidden rows in weights and biases; else ValueError.
    Source: Cho et al. 2014, arXiv:1406.1078, section 2.3; torch.nn.GRUCell.
    Differs: the paper has no bias and resets the state before the product, W_h (r h). Chung et al. 2014,
    arXiv:1412.3555, exchange z and 1 - z.
    Notes: R004-013.
    """
    _check_gates(3, weight_h, weight_x, bias_x, bias_h)
    r_x, z_x, n_x = linear(x, weight_x, bias_x).chunk(3, -1)
    r_h, z_h, n_h = linear(state, weight_h, bias_h).chunk(3, -1)
    r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
    return (1 - z) * (n_x + r * n_h).tanh() + z * state


def _check_steps(x: Tensor) -> None:
    if x.shape[1] < 1:
        raise ValueError(f"a sequence has at least one step; got {x.shape[1]}")


def _check_gates(gates: int, weight_h: Tensor, *others: Tensor) -> None:
    hidden, rows = weight_h.shape[1], [len(parameter) for parameter in (weight_h, *others)]
    if any(count != gates * hidden for count in rows):
        raise ValueError(f"weights and biases must have {gates} x {hidden} rows; got {rows}")
