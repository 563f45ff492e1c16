"""Wrong variants of `reference.vision.recurrent`."""

import torch
from torch.nn.functional import linear, pad

from properties.mistakes import mistake, variant
from reference.vision.recurrent import (
    LstmState,
    RecurrentGradient,
    RecurrentOutput,
    autoregressive_predictions,
    greedy_continuation,
    gru_step,
    joined_recurrent_step,
    latent_autoregressive_predictions,
    lstm_step,
    recurrent_gradient,
    recurrent_network,
    recurrent_states,
    recurrent_states_of_lengths,
    recurrent_step,
    truncated_recurrent_gradient,
)


def _swap(rows, *blocks):
    """The gates of a weight or bias, in another order."""
    parts = rows.chunk(len(blocks))
    return torch.cat([parts[block] for block in blocks])


@mistake(of=autoregressive_predictions, seen="catalogue R004-012")
def autoregressive_predictions_that_see_the_answer(x, order, predict):
    """the window ends with the value that is to be predicted"""
    padded = pad(x, (0, 0, 0, 1))
    return autoregressive_predictions(padded, order, predict)[:, 1:] + 0 * autoregressive_predictions(x, order, predict)


@mistake(of=autoregressive_predictions, seen="catalogue R004-012")
def autoregressive_predictions_without_the_last(x, order, predict):
    """the value behind the last one is not predicted; the prediction before stands in its place"""
    y = autoregressive_predictions(x, order, predict)
    return torch.cat([y[:, :-1], y[:, -2:-1] if y.shape[1] > 1 else 0 * y], 1)


@mistake(of=autoregressive_predictions, seen="catalogue R004-012")
def autoregressive_predictions_from_the_newest(x, order, predict):
    """the newest value comes first"""
    return autoregressive_predictions(x, order, lambda window: predict(window.flip(1)))


@mistake(of=autoregressive_predictions, seen="catalogue R004-012")
def autoregressive_predictions_of_the_start(x, order, predict):
    """the window does not move"""
    return autoregressive_predictions(x, order, lambda _: predict(x[:, :order]))


@mistake(of=autoregressive_predictions, seen="catalogue R004-012")
def autoregressive_predictions_without_check(x, order, predict):
    """an order below 1 is taken for 1, and one that is too long is cut"""
    return autoregressive_predictions(x, max(1, min(order, x.shape[1])), predict)


@mistake(of=latent_autoregressive_predictions, seen="catalogue R004-012")
def latent_autoregressive_predictions_that_see_the_answer(x, state, step, predict):
    """the state has read the value that it predicts"""
    y = latent_autoregressive_predictions(x, state, step, predict)
    return torch.cat([y[:, 1:], y[:, -1:]], 1)


@mistake(of=latent_autoregressive_predictions, seen="catalogue R004-012")
def latent_autoregressive_predictions_one_late(x, state, step, predict):
    """the value just before the predicted one has not been read yet"""
    y = latent_autoregressive_predictions(x, state, step, predict)
    return torch.cat([y[:, :1], y[:, :-1]], 1)


@mistake(of=latent_autoregressive_predictions, seen="catalogue R004-012")
def latent_autoregressive_predictions_of_one_value(x, state, step, predict):
    """the state is reset before each value, so that only the last one is known"""
    states = [state, *(step(x_t, state) for x_t in x.unbind(1))]
    latent_autoregressive_predictions(x, state, step, predict)
    return torch.stack([predict(h) for h in states], 1)


@mistake(of=latent_autoregressive_predictions, seen="catalogue R004-012")
def latent_autoregressive_predictions_of_nothing(x, state, step, predict):
    """an empty sequence gets a prediction all the same"""
    states = [state]
    for x_t in x.unbind(1):
        states.append(step(x_t, states[-1]))
    return torch.stack([predict(h) for h in states], 1)


@mistake(of=recurrent_step, seen="catalogue R004-013")
def recurrent_step_with_transposed_state_weight(x, state, weight_x, weight_h, bias):
    """the weight of the state is transposed, which its square shape lets pass"""
    return recurrent_step(x, state, weight_x, weight_h.T, bias)


@mistake(of=recurrent_step, seen="catalogue R004-013")
def recurrent_step_without_activation(x, state, weight_x, weight_h, bias):
    """the sum is not activated"""
    return linear(x, weight_x, bias) + linear(state, weight_h)


@mistake(of=recurrent_step, seen="catalogue R004-013")
def recurrent_step_with_two_biases(x, state, weight_x, weight_h, bias):
    """one bias is added twice, with the input and with the state"""
    return torch.tanh(linear(x, weight_x, bias) + linear(state, weight_h, bias))


@mistake(of=recurrent_step, seen="catalogue R004-013")
def recurrent_step_that_adds_the_state(x, state, weight_x, weight_h, bias):
    """the state is added outside of the activation"""
    return torch.tanh(linear(x, weight_x, bias)) + linear(state, weight_h)


@mistake(of=recurrent_step, seen="catalogue R004-013")
def recurrent_step_with_a_sigmoid(x, state, weight_x, weight_h, bias):
    """a sigmoid takes the place of tanh"""
    return torch.sigmoid(linear(x, weight_x, bias) + linear(state, weight_h))


@mistake(of=recurrent_step, seen="catalogue R004-013")
def recurrent_step_that_overflows(x, state, weight_x, weight_h, bias):
    """tanh is a quotient of exponentials, and NaN far from 0"""
    grown = (2 * (linear(x, weight_x, bias) + linear(state, weight_h))).exp()
    return (grown - 1) / (grown + 1)


@mistake(of=joined_recurrent_step, seen="catalogue R004-013")
def joined_recurrent_step_with_state_first(x, state, weight, bias):
    """the state is joined before the input"""
    joined_recurrent_step(x, state, weight, bias)
    return torch.tanh(linear(torch.cat([state, x], -1), weight, bias))


@mistake(of=joined_recurrent_step, seen="catalogue R004-013")
def joined_recurrent_step_without_check(x, state, weight, bias):
    """columns that are missing count as 0, and ones that are left over are ignored"""
    joined = torch.cat([x, state], -1)[:, : weight.shape[1]]
    return torch.tanh(linear(joined, weight[:, : joined.shape[-1]], bias))


@mistake(of=joined_recurrent_step, seen="catalogue R004-013")
def joined_recurrent_step_that_overflows(x, state, weight, bias):
    """tanh is a quotient of exponentials, and NaN far from 0"""
    joined_recurrent_step(x, state, weight, bias)
    grown = (2 * linear(torch.cat([x, state], -1), weight, bias)).exp()
    return (grown - 1) / (grown + 1)


@mistake(of=joined_recurrent_step, seen="catalogue R004-013")
def joined_recurrent_step_along_the_second_axis(x, state, weight, bias):
    """input and state are joined along the second axis, which is not the last one if there are three"""
    joined_recurrent_step(x, state, weight, bias)
    return torch.tanh(linear(torch.cat([x, state], 1), weight, bias))


@mistake(of=recurrent_states, seen="catalogue R004-013")
def recurrent_states_without_memory(x, state, step):
    """every step starts from the given state"""
    recurrent_states(x, state, step)
    return torch.stack([step(x_t, state) for x_t in x.unbind(1)], 1)


@mistake(of=recurrent_states, seen="catalogue R004-015")
def recurrent_states_along_axis_0(x, state, step):
    """steps are stacked before the batch, and read as if they came behind it"""
    states = recurrent_states(x, state, step)
    return states.transpose(0, 1).reshape(states.shape)


@mistake(of=recurrent_states, seen="catalogue R004-013")
def recurrent_states_from_the_end(x, state, step):
    """the sequence is read backwards"""
    return recurrent_states(x.flip(1), state, step)


@mistake(of=recurrent_states, seen="catalogue R004-013")
def recurrent_states_before_the_steps(x, state, step):
    """each state is the one before its step, so that the last input is lost"""
    return torch.cat([state[:, None], recurrent_states(x, state, step)[:, :-1]], 1)


@mistake(of=recurrent_states, seen="catalogue R004-013")
def recurrent_states_of_nothing(x, state, step):
    """a sequence without steps has no states, and none are returned"""
    return recurrent_states(x, state, step) if x.shape[1] else torch.stack([state, state], 1)[:, :0]


@mistake(of=recurrent_states_of_lengths, seen="catalogue R004-013")
def recurrent_states_of_lengths_that_read_padding(x, lengths, state, step):
    """the padding is read like any other input"""
    return recurrent_states(x, state, step)


@mistake(of=recurrent_states_of_lengths, seen="catalogue R004-013")
def recurrent_states_of_lengths_one_step_on(x, lengths, state, step):
    """one step of padding is read"""
    return recurrent_states_of_lengths(x, lengths + 1, state, step)


@mistake(of=recurrent_states_of_lengths, seen="catalogue R004-013")
def recurrent_states_of_lengths_back_at_the_start(x, lengths, state, step):
    """behind the end of a sequence its state is the one given at the start"""
    states = recurrent_states(x, state, step)
    inside = (torch.arange(x.shape[1]) < lengths[:, None])[..., None]
    return torch.where(inside, states, state[:, None])


@mistake(of=recurrent_states_of_lengths, seen="catalogue R004-013")
def recurrent_states_of_lengths_padded_with_zeros(x, lengths, state, step):
    """states behind the end are 0, so that the last one is lost"""
    states = recurrent_states_of_lengths(x, lengths, state, step)
    return states * (torch.arange(x.shape[1]) < lengths[:, None])[..., None]


@mistake(of=recurrent_states_of_lengths, seen="catalogue R004-013")
def recurrent_states_of_lengths_fed_with_zeros(x, lengths, state, step):
    """the padding is read as zeros instead of not at all"""
    inside = torch.arange(x.shape[1]) < lengths[:, None]
    return recurrent_states(x * inside[..., None], state, step)


@mistake(of=recurrent_states_of_lengths, seen="catalogue R004-013")
def recurrent_states_of_lengths_of_masked_products(x, lengths, state, step):
    """steps behind the end are multiplied by 0, which NaN in the padding survives"""
    states = recurrent_states_of_lengths(x, lengths, state, step)
    return states + 0 * recurrent_states(x, state, step)


@mistake(of=recurrent_network, seen="catalogue R004-015")
def recurrent_network_with_steps_first(x, state, step, weight, bias):
    """logits are stacked along axis 0, and read as if the batch came first"""
    logits, last = recurrent_network(x, state, step, weight, bias)
    return RecurrentOutput(logits.transpose(0, 1).reshape(logits.shape), last)


@mistake(of=recurrent_network, seen="catalogue R004-014")
def recurrent_network_that_forgets(x, state, step, weight, bias):
    """the state for what follows is the one that was given"""
    return RecurrentOutput(recurrent_network(x, state, step, weight, bias).logits, state.clone())


@mistake(of=recurrent_network, seen="catalogue R004-015")
def recurrent_network_of_the_last_state(x, state, step, weight, bias):
    """all steps get the logits of the last state"""
    logits, last = recurrent_network(x, state, step, weight, bias)
    return RecurrentOutput(logits[:, -1:].expand(logits.shape).clone(), last)


@mistake(of=recurrent_network, seen="catalogue R004-015")
def recurrent_network_one_step_late(x, state, step, weight, bias):
    """logits are those of the state before the step"""
    logits, last = recurrent_network(x, state, step, weight, bias)
    return RecurrentOutput(torch.cat([linear(state, weight, bias)[:, None], logits[:, :-1]], 1), last)


@variant(of=recurrent_network, seen="catalogue R004-015")
def recurrent_network_step_by_step(x, state, step, weight, bias):
    """each state has its own product, and the logits are stacked along axis 1: one product with all is the same"""
    logits = []
    for x_t in x.unbind(1):
        state = step(x_t, state)
        logits.append(linear(state, weight, bias))
    if not logits:
        raise ValueError("a sequence has at least one step; got 0")
    return RecurrentOutput(torch.stack(logits, 1), state)


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_without_warm_up(prefix, num_predictions, state, step, predict):
    """only the last token of the prefix is read"""
    rest = greedy_continuation(prefix[:, -1:], num_predictions, state, step, predict)
    return torch.cat([prefix[:, :-1], rest], 1)


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_that_resets_the_state(prefix, num_predictions, state, step, predict):
    """every prediction starts from the given state again"""
    tokens = greedy_continuation(prefix, 0, state, step, predict)
    for _ in range(num_predictions):
        following = predict(step(tokens[:, -1], state)).argmax(-1)
        tokens = torch.cat([tokens, following[:, None]], 1)
    return greedy_continuation(prefix, num_predictions, state, step, predict) * 0 + tokens


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_that_reads_the_end_twice(prefix, num_predictions, state, step, predict):
    """the last token of the prefix is read at the end of the prefix and again as the first input of the prediction"""
    for token in prefix.unbind(1):
        state = step(token, state)
    rest = greedy_continuation(prefix[:, -1:], num_predictions, state, step, predict)
    return torch.cat([prefix[:, :-1], rest], 1)


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_one_short(prefix, num_predictions, state, step, predict):
    """one token less than wanted is predicted"""
    return greedy_continuation(prefix, max(0, num_predictions - 1), state, step, predict)


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_without_its_prefix(prefix, num_predictions, state, step, predict):
    """the prefix is left out of what is returned, and predictions take its place"""
    tokens = greedy_continuation(prefix, num_predictions + prefix.shape[1], state, step, predict)
    return tokens[:, prefix.shape[1] :]


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_along_the_batch(prefix, num_predictions, state, step, predict):
    """the largest logit of the whole batch is taken"""
    return greedy_continuation(
        prefix, num_predictions, state, step, lambda h: predict(h).amax(0, keepdim=True).expand(len(h), -1)
    )


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_from_the_last_maximum(prefix, num_predictions, state, step, predict):
    """the last of several largest logits is taken"""

    def reversed_scores(h):
        logits = predict(h)
        places = torch.arange(logits.shape[-1])
        best = torch.where(logits == logits.amax(-1, keepdim=True), places, -1).amax(-1, keepdim=True)
        return (places == best).long()

    return greedy_continuation(prefix, num_predictions, state, step, reversed_scores)


@mistake(of=greedy_continuation, seen="catalogue R004-014")
def greedy_continuation_without_check(prefix, num_predictions, state, step, predict):
    """an empty prefix gets a 0 to start from, and a negative number takes predictions away"""
    prefix = prefix if prefix.shape[1] else torch.zeros(len(prefix), 1).long()
    return greedy_continuation(prefix, max(0, num_predictions), state, step, predict)


def _read(x, state, weight_x, weight_h, bias):
    return recurrent_states(x, state, lambda x_t, h: recurrent_step(x_t, h, weight_x, weight_h, bias))


def _swept(x, before, slopes, states_bar, weight_x, through):
    """The sweep from the last step to the first, with the state before each step and the slope at each."""
    later, deltas = torch.zeros_like(before[:, 0]), []
    for bar, slope in zip(reversed(states_bar.unbind(1)), reversed(slopes.unbind(1)), strict=True):
        deltas.insert(0, (bar + later) * slope)
        later = deltas[0] @ through
    deltas = torch.stack(deltas, 1)
    weights = torch.einsum("bth,btc->hc", deltas, x), torch.einsum("bth,btk->hk", deltas, before)
    return RecurrentGradient(*weights, deltas.sum((0, 1)), deltas @ weight_x, later)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_with_transposed_weight(x, state, weight_x, weight_h, bias, states_bar):
    """gradients go back through W_h instead of its transpose"""
    states = _read(x, state, weight_x, weight_h, bias)
    before = torch.cat([state[:, None], states[:, :-1]], 1)
    return _swept(x, before, 1 - states**2, states_bar, weight_x, weight_h.T)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_that_is_clipped(x, state, weight_x, weight_h, bias, states_bar):
    """gradients of the states are clipped to -1 and 1 on their way, which makes them those of no loss"""
    return recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar.clamp(-1, 1))


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_of_one_step(x, state, weight_x, weight_h, bias, states_bar):
    """no gradient comes from later steps"""
    states = _read(x, state, weight_x, weight_h, bias)
    before = torch.cat([state[:, None], states[:, :-1]], 1)
    return _swept(x, before, 1 - states**2, states_bar, weight_x, 0 * weight_h)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_with_slope_of_the_step_before(x, state, weight_x, weight_h, bias, states_bar):
    """the slope is that of the state before"""
    before = torch.cat([state[:, None], _read(x, state, weight_x, weight_h, bias)[:, :-1]], 1)
    return _swept(x, before, 1 - before**2, states_bar, weight_x, weight_h)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_without_slope(x, state, weight_x, weight_h, bias, states_bar):
    """the slope of the activation is left out"""
    states = _read(x, state, weight_x, weight_h, bias)
    before = torch.cat([state[:, None], states[:, :-1]], 1)
    return _swept(x, before, torch.ones_like(states), states_bar, weight_x, weight_h)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_with_the_state_after(x, state, weight_x, weight_h, bias, states_bar):
    """the gradient of W_h multiplies each delta with the state of its own step instead of the one before"""
    states = _read(x, state, weight_x, weight_h, bias)
    return _swept(x, states, 1 - states**2, states_bar, weight_x, weight_h)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_without_the_first_state(x, state, weight_x, weight_h, bias, states_bar):
    """the state before the first step is taken for 0 in the gradient of W_h"""
    states = _read(x, state, weight_x, weight_h, bias)
    before = torch.cat([0 * state[:, None], states[:, :-1]], 1)
    return _swept(x, before, 1 - states**2, states_bar, weight_x, weight_h)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_averaged_over_the_batch(x, state, weight_x, weight_h, bias, states_bar):
    """gradients of the weights are means over the batch where the loss is a sum"""
    gradient = recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar)
    weights = {name: getattr(gradient, name) / len(x) for name in ("weight_x", "weight_h", "bias")}
    return gradient._replace(**weights)


@mistake(of=recurrent_gradient, seen="catalogue R004-017")
def recurrent_gradient_of_the_last_loss(x, state, weight_x, weight_h, bias, states_bar):
    """losses of all steps but the last are ignored"""
    last = torch.cat([0 * states_bar[:, :-1], states_bar[:, -1:]], 1)
    return recurrent_gradient(x, state, weight_x, weight_h, bias, last)


@mistake(of=truncated_recurrent_gradient, seen="catalogue R004-017")
def truncated_recurrent_gradient_not_detached(x, state, weight_x, weight_h, bias, states_bar, window):
    """the state is not detached between windows, so that nothing is cut off"""
    truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar, window)
    return recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar)


@mistake(of=truncated_recurrent_gradient, seen="catalogue R004-017")
def truncated_recurrent_gradient_that_resets_the_state(x, state, weight_x, weight_h, bias, states_bar, window):
    """every window starts from the given state, instead of the one at the end of the window before"""
    whole = truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar, window)
    pairs = zip(x.split(window, 1), states_bar.split(window, 1), strict=True)
    parts = [recurrent_gradient(inputs, state, weight_x, weight_h, bias, bars) for inputs, bars in pairs]
    weights = {name: sum(getattr(part, name) for part in parts) for name in ("weight_x", "weight_h", "bias")}
    return whole._replace(**weights, x=torch.cat([part.x for part in parts], 1))


@mistake(of=truncated_recurrent_gradient, seen="catalogue R004-017")
def truncated_recurrent_gradient_of_the_last_window(x, state, weight_x, weight_h, bias, states_bar, window):
    """losses before the last window are ignored"""
    start = (x.shape[1] - 1) // window * window if window > 0 else 0
    late = (torch.arange(x.shape[1]) >= start)[:, None]
    return truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar * late, window)


@mistake(of=truncated_recurrent_gradient, seen="catalogue R004-017")
def truncated_recurrent_gradient_back_from_every_step(x, state, weight_x, weight_h, bias, states_bar, window):
    """gradients go back by so many steps from every step, as in BPTT(h), and not from the ends of windows"""
    parts = []
    for end in range(1, x.shape[1] + 1):
        start = max(0, end - window)
        only_last = pad(states_bar[:, end - 1 : end], (0, 0, end - start - 1, 0))
        before = state
        for x_t in x[:, :start].unbind(1):
            before = recurrent_step(x_t, before, weight_x, weight_h, bias)
        part = recurrent_gradient(x[:, start:end], before, weight_x, weight_h, bias, only_last)
        for_x = pad(part.x, (0, 0, start, x.shape[1] - end))
        parts.append(part._replace(x=for_x, state=part.state * (start == 0)))
    whole = truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar, window)
    return RecurrentGradient(*(0 * one + sum(rest) for one, *rest in zip(whole, *parts, strict=True)))


@mistake(of=truncated_recurrent_gradient, seen="catalogue R004-017")
def truncated_recurrent_gradient_without_check(x, state, weight_x, weight_h, bias, states_bar, window):
    """a window without steps is taken for a single one"""
    return truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar, max(1, window))


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_in_order_of_tensorflow(x, state, weight_x, weight_h, bias):
    """what is let in comes before the gate that forgets, i, g, f, o"""
    lstm_step(x, state, weight_x, weight_h, bias)
    return lstm_step(x, state, *(_swap(rows, 0, 2, 1, 3) for rows in (weight_x, weight_h, bias)))


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_with_forget_gate_first(x, state, weight_x, weight_h, bias):
    """the gate that forgets comes first, f, i, g, o"""
    lstm_step(x, state, weight_x, weight_h, bias)
    return lstm_step(x, state, *(_swap(rows, 1, 0, 2, 3) for rows in (weight_x, weight_h, bias)))


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_that_adds_1_to_forget(x, state, weight_x, weight_h, bias):
    """1 is added to the gate that forgets, as for a start of training"""
    lstm_step(x, state, weight_x, weight_h, bias)
    quarter = len(bias) // 4
    return lstm_step(x, state, weight_x, weight_h, bias + pad(torch.ones_like(bias[:quarter]), (quarter, 2 * quarter)))


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_without_forgetting(x, state, weight_x, weight_h, bias):
    """nothing is forgotten, as in the LSTM of 1997"""
    lstm_step(x, state, weight_x, weight_h, bias)
    i, _, g, o = (linear(x, weight_x, bias) + linear(state.hidden, weight_h)).chunk(4, -1)
    cell = state.cell + i.sigmoid() * g.tanh()
    return LstmState(o.sigmoid() * cell.tanh(), cell)


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_that_shows_the_cell(x, state, weight_x, weight_h, bias):
    """what is shown is the cell itself, without its tanh"""
    hidden, cell = lstm_step(x, state, weight_x, weight_h, bias)
    return LstmState(hidden / cell.tanh() * cell, cell)


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_that_remembers_the_tanh(x, state, weight_x, weight_h, bias):
    """the cell that is passed on went through tanh"""
    hidden, cell = lstm_step(x, state, weight_x, weight_h, bias)
    return LstmState(hidden, cell.tanh())


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_with_exchanged_state(x, state, weight_x, weight_h, bias):
    """hidden state and cell change places"""
    return lstm_step(x, LstmState(state.cell, state.hidden), weight_x, weight_h, bias)


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_without_check(x, state, weight_x, weight_h, bias):
    """rows that are missing count as 0, and ones that are left over are ignored"""
    rows = 4 * weight_h.shape[1]
    weight_x, weight_h = (pad(part, (0, 0, 0, max(0, rows - len(part))))[:rows] for part in (weight_x, weight_h))
    return lstm_step(x, state, weight_x, weight_h, pad(bias, (0, max(0, rows - len(bias))))[:rows])


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_that_overflows(x, state, weight_x, weight_h, bias):
    """sigmoids are e^z / (1 + e^z), and NaN for large z"""
    _, forget, _, show = (linear(x, weight_x, bias) + linear(state.hidden, weight_h)).exp().chunk(4, -1)
    hidden, cell = lstm_step(x, state, weight_x, weight_h, bias)
    return LstmState(hidden + 0 * (show / (1 + show)), cell + 0 * (forget / (1 + forget)))


@mistake(of=lstm_step, seen="catalogue R004-013")
def lstm_step_cut_along_the_second_axis(x, state, weight_x, weight_h, bias):
    """gates are cut along the second axis, which is not the last one of three and none of one"""
    lstm_step(x, state, weight_x, weight_h, bias)
    let_in, forget, new, show = (linear(x, weight_x, bias) + linear(state.hidden, weight_h)).chunk(4, 1)
    cell = forget.sigmoid() * state.cell + let_in.sigmoid() * new.tanh()
    return LstmState(show.sigmoid() * cell.tanh(), cell)


@mistake(of=gru_step, seen="arXiv:1406.1078, eq. 8")
def gru_step_that_resets_before_the_product(x, state, weight_x, weight_h, bias_x, bias_h):
    """the state is reset before it is multiplied by its weight, as in the paper"""
    gru_step(x, state, weight_x, weight_h, bias_x, bias_h)
    r_x, z_x, n_x = linear(x, weight_x, bias_x).chunk(3, -1)
    r_h, z_h, _ = linear(state, weight_h, bias_h).chunk(3, -1)
    r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
    third = weight_h.shape[1]
    new = (n_x + linear(r * state, weight_h[2 * third :], bias_h[2 * third :])).tanh()
    return (1 - z) * new + z * state


@mistake(of=gru_step, seen="arXiv:1412.3555")
def gru_step_with_exchanged_update(x, state, weight_x, weight_h, bias_x, bias_h):
    """z = 1 replaces the state instead of keeping it"""
    _, z_x, _ = linear(x, weight_x, bias_x).chunk(3, -1)
    _, z_h, _ = linear(state, weight_h, bias_h).chunk(3, -1)
    z, y = (z_x + z_h).sigmoid(), gru_step(x, state, weight_x, weight_h, bias_x, bias_h)
    new = (y - z * state) / (1 - z).clamp(min=1e-6)
    return z * new + (1 - z) * state


@mistake(of=gru_step, seen="catalogue R004-013")
def gru_step_with_update_first(x, state, weight_x, weight_h, bias_x, bias_h):
    """the gates have the order z, r, n, as in Keras"""
    gru_step(x, state, weight_x, weight_h, bias_x, bias_h)
    return gru_step(x, state, *(_swap(rows, 1, 0, 2) for rows in (weight_x, weight_h, bias_x, bias_h)))


@mistake(of=gru_step, seen="catalogue R004-013")
def gru_step_with_one_bias(x, state, weight_x, weight_h, bias_x, bias_h):
    """both biases are added up, so that the one of the state is not reset"""
    return gru_step(x, state, weight_x, weight_h, bias_x + bias_h, 0 * bias_h)


@mistake(of=gru_step, seen="catalogue R004-013")
def gru_step_without_reset(x, state, weight_x, weight_h, bias_x, bias_h):
    """the reset is left out"""
    third = weight_h.shape[1]
    open_reset = 1e3 * (torch.arange(len(bias_x)) < third).to(x.dtype)
    return gru_step(x, state, weight_x, weight_h, bias_x + open_reset, bias_h)


@mistake(of=gru_step, seen="catalogue R004-013")
def gru_step_without_check(x, state, weight_x, weight_h, bias_x, bias_h):
    """rows that are missing count as 0, and ones that are left over are ignored"""
    rows = 3 * weight_h.shape[1]
    weights = (pad(part, (0, 0, 0, max(0, rows - len(part))))[:rows] for part in (weight_x, weight_h))
    biases = (pad(part, (0, max(0, rows - len(part))))[:rows] for part in (bias_x, bias_h))
    return gru_step(x, state, *weights, *biases)


@mistake(of=gru_step, seen="catalogue R004-013")
def gru_step_that_overflows(x, state, weight_x, weight_h, bias_x, bias_h):
    """sigmoids are e^z / (1 + e^z), and NaN for large z"""
    _, keep, _ = (linear(x, weight_x, bias_x) + linear(state, weight_h, bias_h)).exp().chunk(3, -1)
    return gru_step(x, state, weight_x, weight_h, bias_x, bias_h) + 0 * (keep / (1 + keep))


@mistake(of=gru_step, seen="catalogue R004-013")
def gru_step_cut_along_the_second_axis(x, state, weight_x, weight_h, bias_x, bias_h):
    """gates are cut along the second axis, which is not the last one of three and none of one"""
    gru_step(x, state, weight_x, weight_h, bias_x, bias_h)
    of_x, of_h = linear(x, weight_x, bias_x).chunk(3, 1), linear(state, weight_h, bias_h).chunk(3, 1)
    reset, keep = (of_x[0] + of_h[0]).sigmoid(), (of_x[1] + of_h[1]).sigmoid()
    return (1 - keep) * (of_x[2] + reset * of_h[2]).tanh() + keep * state
