"""Laws of `reference.vision.recurrent`."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_close, assert_equal
from properties.oracles import dot_products
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, steps
from reference.vision.recurrent import LstmState, RecurrentGradient

NETWORK = {"x": (2, 4, 3), "state": (2, 5), "weight_x": (5, 3), "weight_h": (5, 5), "bias": (5,)}


def whole(bound, *shape):
    """Whole numbers, small enough for sums of their products to be exact."""
    return dyadics(-bound, bound, *shape, grid=1)


def halves(*shape):
    """Numbers in [-1/2, 1/2], whose sums of products do not saturate a sigmoid."""
    return dyadics(-64, 64, *shape, grid=128)


def networks():
    """An input, a state before it, and the weights that read both, of random numbers."""
    return st.fixed_dictionaries({name: halves(*shape) for name, shape in NETWORK.items()})


def expit(z):
    """1 / (1 + exp(-z))."""
    return torch.as_tensor(special.expit(z.numpy()))


def tanh(z):
    """By a sigmoid of twice the number."""
    return 2 * expit(2 * z) - 1


def adding(matrix):
    """The step h' = x + U h."""
    return lambda x, h: x + h @ matrix.T.to(h.dtype)


def driven(x, state, matrix):
    """h_0 and all states of h' = x + U h: the sum of U^k of every number that was put in k steps before."""
    put_in = [state, *x.unbind(1)]
    powers = [torch.as_tensor(np.linalg.matrix_power(matrix.numpy().T, k)) for k in range(len(put_in))]
    return torch.stack([sum(put_in[s] @ powers[t - s] for s in range(t + 1)) for t in range(len(put_in))], 1)


def derivatives(states_bar, **network):
    """Derivative of sum_t states_bar_t . h_t in every number that goes in, each moved by 1e-30 i."""
    flat = np.concatenate([network[name].numpy().ravel() for name in NETWORK])
    moved = flat + 1e-30j * np.eye(len(flat))
    shapes = [tuple(network[name].shape) for name in NETWORK]
    parts = np.split(moved, np.cumsum([np.prod(shape) for shape in shapes])[:-1].astype(int), axis=1)
    x, h, weight_x, weight_h, bias = (part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True))
    loss = 0
    for t in range(x.shape[2]):
        h = np.tanh(x[:, :, t] @ weight_x.transpose(0, 2, 1) + h @ weight_h.transpose(0, 2, 1) + bias[:, None])
        loss = loss + (h * states_bar[:, t].numpy()).sum((1, 2))
    slopes = np.split(loss.imag / 1e-30, np.cumsum([np.prod(shape) for shape in shapes])[:-1].astype(int))
    named = {name: torch.tensor(s).reshape(shape) for name, s, shape in zip(NETWORK, slopes, shapes, strict=True)}
    return RecurrentGradient(**named), torch.tensor(h[0].real)


def gradient_size(states_bar, x, state, weight_x, weight_h, bias):
    """Bound of all gradients and their errors: a path from each state back to the start, through at most T slopes, and
    a slope 1 - h^2 is off by twice as much as its state.
    """
    num_steps, gain = x.shape[1], 1 + weight_h.abs().sum(0).max() + weight_h.abs().sum(1).max()
    paths = gain**num_steps
    off = (1 + x.abs().max() * weight_x.abs().sum(1).max() + bias.abs().max() + state.abs().max()) * paths
    per_number = 1 + x.abs().max() + state.abs().max() + weight_x.abs().sum(0).max()
    return states_bar.abs().sum() * paths * per_number * (1 + 2 * num_steps * off)


@given(x=halves(2, 3), state=halves(2, 5), weight=halves(5, 8), bias=halves(5), far=st.sampled_from([0, 1000]))
def test_recurrent_step_equals_sigmoid_of_both_sums(recurrent_step, joined_recurrent_step, x, state, weight, bias, far):
    """h' = 2 sigmoid(2 (W_x x + W_h h + b)) - 1, also by the one weight [W_x, W_h]; at W_h = 0 no state is read."""
    bias = bias + far
    z = dot_products(torch.cat([x, state], 1), weight) + bias
    size = 1 + dot_products(torch.cat([x, state], 1).abs(), weight.abs()) + bias.abs()
    assert_close(recurrent_step(x, state, weight[:, :3], weight[:, 3:], bias), tanh(z), size)
    assert_close(joined_recurrent_step(x, state, weight, bias), tanh(z), size)
    assert_close(joined_recurrent_step(x[None], state[None], weight, bias)[0], tanh(z), size)
    assert_close(joined_recurrent_step(x[1], state[1], weight, bias), tanh(z)[1], size[1])
    assert_close(recurrent_step(x[1], state[1], weight[:, :3], weight[:, 3:], bias), tanh(z)[1], size[1])
    without = tanh(dot_products(x, weight[:, :3]) + bias)
    assert_close(recurrent_step(x, state, weight[:, :3], 0 * weight[:, 3:], bias), without, size)


@pytest.mark.parametrize("columns", [3, 5, 7, 9])
def test_joined_recurrent_step_rejects_other_widths(joined_recurrent_step, columns):
    """Three channels and a state of five need eight columns."""
    assert_rejects(joined_recurrent_step, steps(2, 3), steps(2, 5), steps(5, columns), steps(5))


@given(x=whole(8, 2, 4, 3), state=whole(8, 2, 3), matrix=whole(2, 3, 3), lengths=indices(6, 2))
def test_recurrent_states_equal_sums_of_powers(
    recurrent_states, recurrent_states_of_lengths, x, state, matrix, lengths
):
    """For h' = x + U h the state is sum_{s <= t} U^(t - s) x_s + U^t h_0, and the same numbers in two parts; behind the
    end of a sequence, where nothing is read, it is that at its end.
    """
    expected = driven(x, state, matrix)
    states = recurrent_states(x, state, adding(matrix))
    assert_equal(states, expected[:, 1:])
    assert_equal(recurrent_states(x[:, 3:], states[:, 2].double(), adding(matrix)), expected[:, 4:])
    ends = [[min(t, length) for t in range(1, 5)] for length in lengths.tolist()]
    frozen = torch.stack([row[end] for row, end in zip(expected, ends, strict=True)])
    padded = torch.where((torch.arange(4) < lengths[:, None])[..., None], x, math.nan)
    assert_equal(recurrent_states_of_lengths(padded, lengths, state, adding(matrix)), frozen)


@given(x=whole(8, 2, 4, 3), state=whole(8, 2, 3), matrix=whole(2, 3, 3), weight=whole(2, 5, 3), bias=whole(8, 5))
def test_recurrent_network_reads_every_state(recurrent_network, x, state, matrix, weight, bias):
    """For h' = x + U h the logits (batch, steps, out) are W h_t + b, and the state for what follows is the last one."""
    states = driven(x, state, matrix)
    logits, last = recurrent_network(x, state, adding(matrix), weight, bias)
    assert_equal(logits, torch.stack([dot_products(row, weight) for row in states[:, 1:]]) + bias)
    assert_equal(last, states[:, 4])
    rest, _ = recurrent_network(x[:, 1:], states[:, 1], adding(matrix), weight, bias)
    assert_equal(logits[:, 1:], rest.double())


@given(x=whole(8, 2, 4, 3), state=whole(8, 2, 3), matrix=whole(2, 3, 3))
def test_latent_autoregressive_predictions_fold_all_values_before(latent_autoregressive_predictions, x, state, matrix):
    """For h' = x + U h and y = 2 h - 3 the prediction of x_t holds x_1 to x_(t-1), and there is one for t = T + 1."""
    predictions = latent_autoregressive_predictions(x, state, adding(matrix), lambda h: 2 * h - 3)
    assert_equal(predictions, 2 * driven(x, state, matrix) - 3)


@pytest.mark.parametrize("order", [1, 3, 4, 5])
@given(x=whole(8, 2, 5, 3))
def test_autoregressive_predictions_see_the_values_before(autoregressive_predictions, x, order):
    """The prediction of x_t is made of x_(t-n) to x_(t-1), in this order; the last one for t = T + 1."""
    seen = [[[v for place in row[t - order : t] for v in place] for t in range(order, 6)] for row in x.tolist()]
    assert_equal(autoregressive_predictions(x, order, lambda window: window.flatten(1)), torch.tensor(seen))


@pytest.mark.parametrize("order", [-1, 0, 6])
def test_autoregressive_predictions_reject_impossible_orders(autoregressive_predictions, order):
    """Five steps allow orders from 1 to 5."""
    assert_rejects(autoregressive_predictions, steps(2, 5, 3), order, lambda window: window.sum(1))


@pytest.mark.parametrize("length", [1, 3])
@given(prefix=indices(7, 2, 3), state=dyadics(0, 6, 2, 1, grid=1), num_predictions=st.integers(0, 4))
def test_greedy_continuation_reads_each_token_once(greedy_continuation, prefix, state, num_predictions, length):
    """A state 3 h + w + 1 modulo 7 knows all that was read; the next token is the first of the largest logits -|v - h|
    // 2, which is h - 1, or 0 at h = 0.
    """
    prefix, expected = prefix[:, :length], []
    for (h,), row in zip(state.long().tolist(), prefix.tolist(), strict=True):
        for token in row[:-1]:
            h = (3 * h + token + 1) % 7
        for _ in range(num_predictions):
            h = (3 * h + row[-1] + 1) % 7
            row.append(max(h - 1, 0))
        expected.append(row)
    tokens = greedy_continuation(
        prefix,
        num_predictions,
        state,
        lambda token, h: (3 * h + token[:, None] + 1) % 7,
        lambda h: -((h - torch.arange(7)).abs() // 2),
    )
    assert_equal(tokens, torch.tensor(expected))


@pytest.mark.parametrize(("length", "num_predictions"), [(0, 0), (0, 2), (3, -1)])
def test_greedy_continuation_rejects_an_empty_prefix(greedy_continuation, length, num_predictions):
    """Something must have been read before there is a token to go on from, and none can be taken back."""
    prefix = torch.ones(2, length).long()
    step, predict = (lambda token, h: h + token[:, None]), (lambda h: h)
    assert_rejects(greedy_continuation, prefix, num_predictions, steps(2, 5), step, predict)


@given(network=networks(), states_bar=whole(8, 2, 4, 5), num_steps=st.sampled_from([4, 1]))
def test_recurrent_gradient_equals_derivatives(recurrent_gradient, network, states_bar, num_steps):
    """Every number that goes in moves sum_t states_bar_t . h_t as its gradient says, by an imaginary step."""
    network["x"], states_bar = network["x"][:, :num_steps], states_bar[:, :num_steps]
    expected, _ = derivatives(states_bar, **network)
    gradient, size = recurrent_gradient(**network, states_bar=states_bar), gradient_size(states_bar, **network)
    for name in RecurrentGradient._fields:
        assert_close(getattr(gradient, name), getattr(expected, name), size)


@given(states_bar=whole(8, 2, 4, 3), weight_x=whole(2, 3, 5), weight_h=whole(2, 3, 3))
def test_recurrent_gradient_is_a_product_of_jacobians(recurrent_gradient, states_bar, weight_x, weight_h):
    """Where all states are 0 the slopes are 1, and what comes from k steps later has k factors W_h."""
    gradient = recurrent_gradient(
        torch.zeros(2, 4, 5).double(),
        torch.zeros(2, 3).double(),
        weight_x,
        weight_h,
        torch.zeros(3).double(),
        states_bar,
    )
    deltas = driven(states_bar.flip(1), torch.zeros(2, 3).double(), weight_h.T)[:, 1:].flip(1)
    assert_equal(gradient.state, deltas[:, 0] @ weight_h)
    assert_equal(gradient.x, deltas @ weight_x)
    assert_equal(gradient.bias, deltas.sum((0, 1)))


@pytest.mark.parametrize("window", [1, 3, 5])
@given(network=networks(), states_bar=halves(2, 4, 5))
def test_truncated_recurrent_gradient_sums_over_windows(truncated_recurrent_gradient, window, network, states_bar):
    """Each window has the derivatives of its own losses, with the state at its start held fixed."""
    size, parts, start = gradient_size(states_bar, **network), [], network["state"]
    for inputs, bars in zip(network["x"].split(window, 1), states_bar.split(window, 1), strict=True):
        part, start = derivatives(bars, **{**network, "x": inputs, "state": start})
        parts.append(part)
    gradient = truncated_recurrent_gradient(**network, states_bar=states_bar, window=window)
    for name in ("weight_x", "weight_h", "bias"):
        assert_close(getattr(gradient, name), sum(getattr(part, name) for part in parts), size)
    assert_close(gradient.x, torch.cat([part.x for part in parts], 1), size)
    assert_close(gradient.state, parts[0].state, size)


@pytest.mark.parametrize("window", [0, -1])
def test_truncated_recurrent_gradient_rejects_empty_windows(truncated_recurrent_gradient, window):
    """A window has at least one step."""
    network = {name: steps(*shape) for name, shape in NETWORK.items()}
    assert_rejects(truncated_recurrent_gradient, **network, states_bar=steps(2, 4, 5), window=window)


def test_recurrent_states_reject_sequences_without_steps(
    recurrent_states,
    recurrent_states_of_lengths,
    recurrent_network,
    latent_autoregressive_predictions,
    recurrent_gradient,
    truncated_recurrent_gradient,
):
    """Without a step there is no state to return."""
    x, state, step = torch.ones(2, 0, 3).double(), steps(2, 5), lambda x, h: h
    network = {**{name: steps(*shape) for name, shape in NETWORK.items()}, "x": x}
    bars = torch.ones(2, 0, 5).double()
    assert_rejects(recurrent_states, x, state, step)
    assert_rejects(recurrent_states_of_lengths, x, torch.tensor([0, 1]), state, step)
    assert_rejects(recurrent_network, x, state, step, steps(4, 5), steps(4))
    assert_rejects(latent_autoregressive_predictions, x, state, step, lambda h: h)
    assert_rejects(recurrent_gradient, **network, states_bar=bars)
    assert_rejects(truncated_recurrent_gradient, **network, states_bar=bars, window=3)


@given(x=halves(2, 3), hidden=halves(2, 5), cell=halves(2, 5), weight=halves(20, 8), bias=halves(20))
def test_lstm_step_equals_its_four_gates(lstm_step, x, hidden, cell, weight, bias):
    """Rows 0-4 of the weights let in, 5-9 forget, 10-14 are what is let in, and 15-19 show."""
    both, z = torch.cat([x, hidden], 1), {}
    for gate, name in enumerate("ifgo"):
        z[name] = dot_products(both, weight[5 * gate : 5 * gate + 5]) + bias[5 * gate : 5 * gate + 5]
    size = (2 + dot_products(both.abs(), weight.abs()).amax() + bias.abs().amax()) * (2 + cell.abs())
    expected = expit(z["f"]) * cell + expit(z["i"]) * tanh(z["g"])
    state = lstm_step(x, LstmState(hidden, cell), weight[:, :3], weight[:, 3:], bias)
    assert_close(state.cell, expected, size)
    assert_close(state.hidden, expit(z["o"]) * tanh(expected), size)
    alone = lstm_step(x[0], LstmState(hidden[0], cell[0]), weight[:, :3], weight[:, 3:], bias)
    assert_close(alone.cell, expected[0], size[0])


@given(x=whole(2, 2, 3), hidden=halves(2, 5), cell=whole(4, 2, 5), weight=whole(1, 20, 3))
def test_lstm_step_keeps_or_replaces_its_cell(lstm_step, x, hidden, cell, weight):
    """Behind biases of 1000 and -1000 gates are open and shut: (i, f, g, o) = (0, 1, 1, 0) keeps c and shows nothing,
    and (1, 0, 1, 1) puts 1 in place of c and shows tanh 1.
    """
    zeros = torch.zeros(20, 5).double()
    for gates, expected, shown in (((-1, 1, 1, -1), cell, 0.0), ((1, -1, 1, 1), 1.0, 0.7615941559557649)):
        bias = 1000 * torch.tensor(gates).double().repeat_interleave(5)
        state = lstm_step(x, LstmState(hidden, cell), weight, zeros, bias)
        assert_close(state.cell, expected, 1 + cell.abs())
        assert_close(state.hidden, shown, 1)


@given(x=halves(2, 3), state=halves(2, 5), weight=halves(15, 8), biases=halves(2, 15))
def test_gru_step_equals_its_three_gates(gru_step, x, state, weight, biases):
    """Rows 0-4 of the weights reset, 5-9 keep, and of rows 10-14 what comes from the state, its bias included, is
    multiplied by the reset.
    """
    of_x = dot_products(x, weight[:, :3]) + biases[0]
    of_h = dot_products(state, weight[:, 3:]) + biases[1]
    reset, keep = expit(of_x + of_h)[:, :5], expit(of_x + of_h)[:, 5:10]
    new = tanh(of_x[:, 10:] + reset * of_h[:, 10:])
    both = torch.cat([x, state], 1).abs()
    size = 2 + dot_products(both, weight.abs()).amax() + biases.abs().sum(0).amax()
    expected = keep * state + (1 - keep) * new
    size = size**2 * (1 + state.abs())
    assert_close(gru_step(x, state, weight[:, :3], weight[:, 3:], *biases), expected, size)
    assert_close(gru_step(x[0], state[0], weight[:, :3], weight[:, 3:], *biases), expected[0], size[0])


@given(x=whole(2, 2, 3), state=halves(2, 5), weight=whole(1, 15, 3), weight_h=whole(1, 15, 5))
def test_gru_step_keeps_or_replaces_its_state(gru_step, x, state, weight, weight_h):
    """Behind biases of 1000 and -1000, z = 1 keeps the state, and z = 0 with r = 0 replaces it by tanh of W x alone."""
    for r, z, expected in ((1, 1, state), (-1, -1, tanh(dot_products(x, weight[10:])))):
        bias = 1000 * torch.tensor([r, z, 0]).double().repeat_interleave(5)
        assert_close(gru_step(x, state, weight, weight_h, bias, 0 * bias), expected, 8)


@pytest.mark.parametrize(("of_lstm", "of_gru"), [(1, 1), (2, 2), (3, 4), (5, 5), (8, 6)])
def test_lstm_step_rejects_other_numbers_of_gates(lstm_step, gru_step, of_lstm, of_gru):
    """An LSTM has four gates and a GRU three."""
    x, state = steps(2, 3), steps(2, 5)
    assert_rejects(
        lstm_step, x, LstmState(state, state), steps(5 * of_lstm, 3), steps(5 * of_lstm, 5), steps(5 * of_lstm)
    )
    bias = steps(5 * of_gru)
    assert_rejects(gru_step, x, state, steps(5 * of_gru, 3), steps(5 * of_gru, 5), bias, bias)
