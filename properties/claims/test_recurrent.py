"""What torch's recurrent layers compute, in their order of gates, and how gradients through time grow."""

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from properties.strategies import numbers, steps
from reference.vision.recurrent import (
    LstmState,
    gru_step,
    lstm_step,
    recurrent_gradient,
    recurrent_states,
    recurrent_states_of_lengths,
    recurrent_step,
)

X, STATE = steps(2, 7, 3), steps(2, 5) / 2


def layer_and_weights(kind):
    """One of torch's recurrent layers with weights of random numbers, and these."""
    torch.manual_seed(0)
    layer = kind(3, 5, batch_first=True).double()
    return layer, [getattr(layer, f"{name}_l0").detach() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


@pytest.mark.claim("R004-013")
def test_the_two_biases_of_torch_are_added_up():
    """Only the sum of bias_ih and bias_hh matters in RNN and LSTM; in GRU the reset gate multiplies a part of one."""
    layer, (weight_x, weight_h, *biases) = layer_and_weights(torch.nn.RNN)
    states = recurrent_states(X, STATE, lambda x, h: recurrent_step(x, h, weight_x, weight_h, sum(biases)))
    assert_close(states, layer(X, STATE[None])[0].detach(), 8)

    layer, (weight_x, weight_h, *biases) = layer_and_weights(torch.nn.LSTM)
    state, (hidden, (last, cell)) = LstmState(STATE, STATE.flip(0)), layer(X, (STATE[None], STATE.flip(0)[None]))
    for t in range(7):
        state = lstm_step(X[:, t], state, weight_x, weight_h, sum(biases))
        assert_close(state.hidden, hidden[:, t].detach(), 16)
    assert_close(torch.stack(state), torch.cat([last, cell]).detach(), 16)

    layer, (weight_x, weight_h, *biases) = layer_and_weights(torch.nn.GRU)
    states = recurrent_states(X, STATE, lambda x, h: gru_step(x, h, weight_x, weight_h, *biases))
    assert_close(states, layer(X, STATE[None])[0].detach(), 16)
    moved = recurrent_states(X, STATE, lambda x, h: gru_step(x, h, weight_x, weight_h, sum(biases), 0 * biases[1]))
    assert (moved - states).abs().max() > 0.01


@pytest.mark.claim("R004-013")
def test_packed_sequences_end_where_their_states_freeze():
    """Packed, torch.nn.RNN returns as last states those at the ends of the sequences, and 0 behind the ends."""
    layer, (weight_x, weight_h, *biases) = layer_and_weights(torch.nn.RNN)
    lengths = torch.tensor([7, 4])
    packed = torch.nn.utils.rnn.pack_padded_sequence(X, lengths, batch_first=True)
    outputs, last = layer(packed, STATE[None])
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    states = recurrent_states_of_lengths(
        X, lengths, STATE, lambda x, h: recurrent_step(x, h, weight_x, weight_h, sum(biases))
    )
    assert_close(states[:, -1], last[0].detach(), 8)
    assert_equal(padded[1, 4:].detach(), torch.zeros(3, 5))


@pytest.mark.claim("R004-015")
def test_torch_puts_steps_first():
    """Without batch_first torch.nn.RNN reads and returns (steps, batch, channels), and takes a batch for steps."""
    layer, _ = layer_and_weights(torch.nn.RNN)
    layer.batch_first = False
    outputs, last = layer(X)
    assert tuple(outputs.shape) == (2, 7, 5)
    assert_equal(outputs[-1].detach(), last[0].detach())


@pytest.mark.claim("R004-017")
def test_gradients_through_time_are_powers():
    """A gradient from 20 steps later has the factor rho(W_h)^21 at states of 0: 0.9 leaves 0.11, and 1.1 makes 7.4; a
    state of 0.5 at 1.1 leaves 0.02, as tanh is flat there.
    """
    x, last = torch.zeros(1, 21, 1).double(), torch.zeros(1, 21, 1).double()
    last[:, -1] = 1
    zero, one = torch.zeros(1, 1).double(), torch.ones(1, 1).double()
    for radius, digits, expected in ((0.9, 2, 0.11), (1.1, 1, 7.4)):
        gradient = recurrent_gradient(x, zero, zero, radius * one, numbers(0), last)
        assert_close(gradient.state, radius**21, roundings=64)
        assert round(radius**21, digits) == expected
    flat = recurrent_gradient(x, 0.5 * one, zero, 1.1 * one, numbers(0), last)
    assert round(flat.state.item(), 2) == 0.02


@pytest.mark.claim("R004-017")
def test_backpropagation_through_time_is_autograd():
    """The recursion returns what autograd finds by keeping every step."""
    inputs = {
        "x": X,
        "state": STATE,
        "weight_x": steps(5, 3) / 2,
        "weight_h": steps(5, 5) / 2,
        "bias": steps(5) / 4,
    }
    inputs = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    states_bar = steps(2, 7, 5) + 0.25
    network = [inputs[name] for name in ("weight_x", "weight_h", "bias")]
    states = recurrent_states(inputs["x"], inputs["state"], lambda x, h: recurrent_step(x, h, *network))
    loss = (states * states_bar).sum()
    seen = recurrent_gradient(**{name: value.detach() for name, value in inputs.items()}, states_bar=states_bar)
    for name, value in inputs.items():
        assert_close(getattr(seen, name), torch.autograd.grad(loss, value, retain_graph=True)[0], 1000)
