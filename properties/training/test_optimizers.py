"""Laws of `reference.training.optimizers`.

An optimizer that averages gives every gradient a weight that falls by a constant factor from step to step. The oracle
keeps all gradients and weighs them anew at each step, one coordinate at a time; it has no state but this history.
"""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.machines import SavedMachine, run_machine
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers, steps
from reference.training.optimizers import AdamState, AmsgradState, CenteredState, MomentumState

EPSILONS = st.sampled_from([0.125, 1.0])
RATES = st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0, 2.0])
SHARES = st.sampled_from([0.25, 0.5, 0.875])
BETAS = st.sampled_from([0.0, 0.25, 0.875])
MOMENTA = st.sampled_from([0.0, 0.25, 0.875, 1.0])
GRADIENTS = normals(5, 3)
SYMMETRIC = dyadics(-8, 8, 3, 3, grid=4).map(lambda factor: factor @ factor.T)


def zeros(count):
    """As many zero tensors as a state holds."""
    return [torch.zeros(3, dtype=torch.float64) for _ in range(count)]


def signed(gradient):
    """The gradient, with 1 in place of 0."""
    return torch.where(gradient == 0, 1.0, gradient)


def falling(values, factor):
    """Sum of the values, each step back weighing less by the factor."""
    return math.fsum(factor**age * value for age, value in enumerate(reversed(values)))


def average(values, factor):
    """As the sum, with weights that add up to 1."""
    return falling(values, factor) / falling([1] * len(values), factor)


def squares(values):
    return [value * value for value in values]


class Optimization(SavedMachine):
    """Steps with and without a gradient, at changing rates, which lead where all gradients so far say.

    The model holds for each coordinate its value, the size of what was added up to it, its gradients and the rates.
    `change` is that of one coordinate, from all its gradients and rates so far. Its size is the change that the same
    gradients would make if none had the sign of another, times the number of `roundings` in it, if that is not small.
    """

    def __init__(self, step, change, parameter, state, roundings):
        super().__init__((parameter, state), [(value, abs(value), (), ()) for value in parameter.tolist()])
        self.move, self.change, self.roundings = step, change, roundings

    @rule(gradient=normals(3), rate=RATES)
    def step(self, gradient, rate):
        parameter, state = self.state
        self.state = self.move(parameter, gradient, state, rate)
        self.model = [self.after(*pair, rate) for pair in zip(self.model, gradient.tolist(), strict=True)]

    @rule(rate=RATES)
    def step_without_gradient(self, rate):
        self.step(torch.zeros(3, dtype=torch.float64), rate)

    def after(self, course, gradient, rate):
        value, size, gradients, rates = course
        gradients, rates = (*gradients, gradient), (*rates, rate)
        largest = abs(self.change([*map(abs, gradients)], rates)) * self.roundings(gradients)
        return value + self.change(gradients, rates), size + largest, gradients, rates

    @invariant()
    def agrees(self):
        values, sizes, *_ = zip(*self.model, strict=True)
        assert_close(self.state[0], values, sizes)


def run_steps(step, change, parameter, state, data, roundings=lambda gradients: 1):
    """Runs an optimizer through any sequence of steps, saving and loading."""
    run_machine(Optimization(step, change, parameter, state, roundings), data)


@given(
    matrix=SYMMETRIC,
    start=normals(3),
    rate=st.sampled_from([0.0, 0.0625, 0.5, 2.0, 4095 / 4096]),
    num_steps=st.integers(1, 4),
)
def test_sgd_step_contracts_each_eigenvector_of_a_quadratic(sgd_step, matrix, start, rate, num_steps):
    """On x'Hx / 2 the start is multiplied by (1 - lr lambda)^k along every eigenvector of H, and grows beyond
    lr = 2 / lambda.
    """
    values, vectors = torch.linalg.eigh(matrix)
    point = start
    for _ in range(num_steps):
        point = sgd_step(point, matrix @ point.double(), rate)
    size = (1 + rate * matrix.abs().sum()) ** num_steps * start.abs().sum()
    assert_close(point, vectors @ ((1 - rate * values) ** num_steps * (vectors.T @ start)), size)


@given(features=dyadics(-8, 8, 5, 3, grid=4), answers=normals(5), away=normals(3), decay=st.sampled_from([0.5, 2.0]))
def test_sgd_step_contracts_towards_the_ridge_solution(sgd_step, features, answers, away, decay):
    """With weight decay lambda the mean squared error has its rest at w = (2 X'X / n + lambda I)^-1 2 X'y / n."""
    hessian, pull = 2 * features.T @ features / 5, 2 * features.T @ answers / 5
    curvature = hessian + decay * torch.eye(3, dtype=torch.float64)
    rest = torch.linalg.solve(curvature, pull)
    weights = rest + away
    size = 1 + curvature.abs().sum()
    condition = size * (pull.abs().sum() + size * (rest.abs().sum() + away.abs().sum())) / decay
    moved = sgd_step(weights, hessian @ weights - pull, 0.5, decay)
    assert_close(moved, rest + away - 0.5 * curvature @ away, condition)


@given(parameter=normals(3), gradients=normals(5, 3), rate=SHARES | st.just(0.0))
def test_minibatch_sgd_step_averages_to_step_of_full_batch(minibatch_sgd_step, parameter, gradients, rate):
    """The steps on all batches of two out of five samples have the step on all five as their mean: the mean of the
    gradients, times the rate.
    """
    sums = [first + second for first, second in itertools.combinations(gradients, 2)]
    steps = [minibatch_sgd_step(parameter, total, rate, 2) for total in sums]
    size, expected = parameter.abs() + gradients.abs().sum(0), parameter - rate * gradients.mean(0)
    assert_close(torch.stack(steps).mean(0), expected, size)
    assert_close(minibatch_sgd_step(parameter, gradients.sum(0), rate, 5), expected, size)
    assert_close(minibatch_sgd_step(parameter, gradients[0], rate, 1), parameter - rate * gradients[0], size)


@given(parameter=normals(3), beta=MOMENTA, data=st.data())
def test_momentum_step_adds_up_all_gradients(momentum_step, parameter, beta, data):
    """The step is -lr_t sum_i beta^(t-i) g_i, whatever was saved, loaded or changed on the way."""

    def change(gradients, rates):
        return -rates[-1] * falling(gradients, beta)

    def step(parameter, gradient, velocity, rate):
        return momentum_step(parameter, gradient, velocity, rate, beta)

    run_steps(step, change, parameter, *zeros(1), data)


@given(parameter=normals(3), gradient=normals(3), velocity=normals(3), decay=SHARES)
def test_momentum_step_takes_l2_as_gradient(momentum_step, sgd_step, parameter, gradient, velocity, decay):
    """Weight decay adds the gradient of lambda |theta|^2 / 2: lambda theta, as the chord of the parabola shows."""
    slope = decay * ((parameter + 1).square() - (parameter - 1).square()) / 4
    size = parameter.abs() + gradient.abs() + velocity.abs()
    moved, kept = momentum_step(parameter, gradient, velocity, 0.5, 0.75, decay)
    expected, expected_velocity = momentum_step(parameter, gradient + slope, velocity, 0.5, 0.75)
    assert_close(moved, expected, size)
    assert_close(kept, expected_velocity, size)
    assert_close(sgd_step(parameter, gradient, 0.5, decay), parameter - 0.5 * (gradient + slope), size)


@given(parameter=normals(3), beta=MOMENTA, dampening=SHARES | st.just(1.0), data=st.data())
def test_dampened_momentum_step_takes_first_gradient_whole(dampened_momentum_step, parameter, beta, dampening, data):
    """The step is -lr_t (beta^(t-1) g_1 + (1 - d) sum_{i>1} beta^(t-i) g_i)."""

    def change(gradients, rates):
        first, *rest = gradients
        return -rates[-1] * (beta ** len(rest) * first + (1 - dampening) * falling(rest, beta))

    def step(parameter, gradient, state, rate):
        return dampened_momentum_step(parameter, gradient, state, rate, beta, dampening)

    run_steps(step, change, parameter, MomentumState(0, *zeros(1)), data)


@given(parameter=normals(3), gradients=normals(2, 3))
def test_dampened_momentum_step_dampens_without_momentum(dampened_momentum_step, parameter, gradients):
    """For beta = 0 the first step is -lr g, and every later one -lr (1 - d) g."""
    moved, state = dampened_momentum_step(parameter, gradients[0], MomentumState(0, *zeros(1)), 0.5, 0.0, 0.25)
    moved, _ = dampened_momentum_step(moved, gradients[1], state, 0.5, 0.0, 0.25)
    size = parameter.abs() + gradients.abs().sum(0)
    assert_close(moved, parameter - 0.5 * gradients[0] - 0.375 * gradients[1], size)


@given(parameter=normals(3), gradients=normals(2, 3), beta=SHARES)
def test_dampened_momentum_step_reduces_to_momentum_at_no_dampening(
    dampened_momentum_step, momentum_step, parameter, gradients, beta
):
    """With dampening 0 all gradients count as they do in momentum, and every step is counted."""
    plain, state = (parameter, *zeros(1)), (parameter, MomentumState(0, *zeros(1)))
    for gradient in gradients:
        plain = momentum_step(plain[0], gradient, plain[1], 0.5, beta)
        state = dampened_momentum_step(state[0], gradient, state[1], 0.5, beta, 0.0)
    assert_close(state[0], plain[0], parameter.abs() + 2 * gradients.abs().sum(0))
    assert_equal(state[1].step, 2)


@given(parameter=normals(3), beta=MOMENTA, data=st.data())
def test_heavy_ball_step_repeats_last_change(heavy_ball_step, parameter, beta, data):
    """The step is -sum_i beta^(t-i) lr_i g_i: a changed learning rate leaves earlier steps their size. The velocity is
    the step.
    """

    def change(gradients, rates):
        return -falling([rate * gradient for rate, gradient in zip(rates, gradients, strict=True)], beta)

    def step(parameter, gradient, velocity, rate):
        moved, after = heavy_ball_step(parameter, gradient, velocity, rate, beta)
        size = parameter.abs() + beta * velocity.abs() + rate * gradient.abs()
        assert_close(after, moved.double() - parameter, size)
        return moved, after

    run_steps(step, change, parameter, *zeros(1), data)


@given(parameter=normals(3), beta=MOMENTA, data=st.data())
def test_nesterov_step_looks_one_step_ahead(nesterov_step, parameter, beta, data):
    """The step is -lr_t (g_t + beta sum_i beta^(t-i) g_i)."""

    def change(gradients, rates):
        return -rates[-1] * (gradients[-1] + beta * falling(gradients, beta))

    def step(parameter, gradient, velocity, rate):
        return nesterov_step(parameter, gradient, velocity, rate, beta)

    run_steps(step, change, parameter, *zeros(1), data)


@given(matrix=SYMMETRIC, start=normals(3), beta=BETAS)
def test_nesterov_step_equals_accelerated_gradient_at_its_look_ahead_point(nesterov_step, matrix, start, beta):
    """theta' := theta' + v with v := beta v - lr grad f(theta' + beta v) has the parameter as theta' + beta v."""
    parameter, velocity, point, change = start, *zeros(1), start, *zeros(1)
    for _ in range(3):
        parameter, velocity = nesterov_step(parameter, matrix @ parameter.double(), velocity, 0.25, beta)
        change = beta * change - 0.25 * matrix @ (point + beta * change)
        point = point + change
    size = (2 + matrix.abs().sum()) ** 3 * start.abs().sum()
    assert_close(parameter, point + beta * change, size)
    assert_close(velocity, -change / 0.25, 4 * size)


def test_sgd_step_takes_a_scaled_loss_as_a_scaled_rate(
    sgd_step, momentum_step, dampened_momentum_step, heavy_ball_step, nesterov_step
):
    """Without weight decay four times the loss moves the parameter as four times the rate does, four times as far."""
    parameter, gradients, (zero,) = numbers(1.5, -0.25, 2.0), steps(3, 3), zeros(1)
    steppers = [
        (lambda p, g, v, lr: (sgd_step(p, g, lr), v), zero),
        (lambda p, g, v, lr: momentum_step(p, g, v, lr, 0.75), zero),
        (lambda p, g, s, lr: dampened_momentum_step(p, g, s, lr, 0.75, 0.25), MomentumState(0, zero)),
        (lambda p, g, v, lr: heavy_ball_step(p, g, v, lr, 0.75), zero),
        (lambda p, g, v, lr: nesterov_step(p, g, v, lr, 0.75), zero),
    ]
    size = parameter.abs() + 16 * gradients.abs().sum(0)
    for step, start in steppers:
        plain, by_loss, by_rate = (parameter, start), (parameter, start), (parameter, start)
        for gradient in gradients:
            plain = step(plain[0], gradient, plain[1], 0.375)
            by_loss = step(by_loss[0], 4 * gradient, by_loss[1], 0.375)
            by_rate = step(by_rate[0], gradient, by_rate[1], 1.5)
        expected = parameter + 4 * (plain[0].double() - parameter)
        assert_close(by_loss[0], expected, size)
        assert_close(by_rate[0], expected, size)


@given(parameter=normals(3), epsilon=EPSILONS, data=st.data())
def test_adagrad_step_divides_by_root_of_all_squares(adagrad_step, parameter, epsilon, data):
    """The step is -lr_t g_t / (sqrt(g_1^2 + ... + g_t^2) + epsilon)."""

    def change(gradients, rates):
        return -rates[-1] * gradients[-1] / (math.hypot(*gradients) + epsilon)

    def step(parameter, gradient, square_sum, rate):
        return adagrad_step(parameter, gradient, square_sum, rate, epsilon)

    run_steps(step, change, parameter, *zeros(1), data)


@given(parameter=normals(3), rho=BETAS, epsilon=EPSILONS, data=st.data())
def test_rmsprop_step_divides_by_root_of_average_square(rmsprop_step, parameter, rho, epsilon, data):
    """The step is -lr_t g_t / (sqrt((1 - rho) sum_i rho^(t-i) g_i^2) + epsilon)."""

    def change(gradients, rates):
        return -rates[-1] * gradients[-1] / (math.sqrt((1 - rho) * falling(squares(gradients), rho)) + epsilon)

    def step(parameter, gradient, square, rate):
        return rmsprop_step(parameter, gradient, square, rate, rho, epsilon)

    run_steps(step, change, parameter, *zeros(1), data)


@given(parameter=normals(3), rho=SHARES, epsilon=EPSILONS, data=st.data())
def test_centered_rmsprop_step_divides_by_deviation(centered_rmsprop_step, parameter, rho, epsilon, data):
    """The step divides by the deviation of a variable that is g_i with probability (1 - rho) rho^(t-i), and else 0."""

    def spread(gradients):
        mean, rest = (1 - rho) * falling(gradients, rho), rho ** len(gradients)
        return (1 - rho) * falling([(gradient - mean) ** 2 for gradient in gradients], rho) + rest * mean**2

    def change(gradients, rates):
        return -rates[-1] * gradients[-1] / (math.sqrt(spread(gradients)) + epsilon)

    def roundings(gradients):
        return 1 + falling(squares(gradients), rho) / (spread(gradients) or 1)

    def step(parameter, gradient, state, rate):
        return centered_rmsprop_step(parameter, gradient, state, rate, rho, epsilon)

    run_steps(step, change, parameter, CenteredState(*zeros(2)), data, roundings)


@pytest.mark.parametrize("square", [1.0, 0.75])
def test_centered_rmsprop_step_takes_no_variance_below_zero(centered_rmsprop_step, square):
    """Where the average square is not above the squared mean, epsilon alone divides."""
    state = CenteredState(numbers(1.0, -1.0), numbers(square, square))
    moved, _ = centered_rmsprop_step(numbers(3.0, 5.0), numbers(1.0, -1.0), state, 0.5, 0.75, 0.25)
    assert_close(moved, [1.0, 7.0], 5)


@given(gradients=normals(3, 3), rho=SHARES)
def test_centered_rmsprop_step_averages_squares_as_the_plain_one(centered_rmsprop_step, rmsprop_step, gradients, rho):
    """The average of squares does not depend on what is subtracted from it, and neither is it changed by that."""
    (square,), state = zeros(1), CenteredState(*zeros(2))
    for gradient in gradients:
        _, square = rmsprop_step(gradient, gradient, square, 0.5, rho, 0.5)
        _, state = centered_rmsprop_step(gradient, gradient, state, 0.5, rho, 0.5)
    expected = [(1 - rho) * falling(squares(column), rho) for column in gradients.T.tolist()]
    assert_close(state.square, expected)
    assert_close(square, expected)


@given(parameter=normals(3), beta=BETAS, epsilon=EPSILONS, data=st.data())
def test_adam_step_divides_average_by_root_of_average_square(adam_step, parameter, beta, epsilon, data):
    """The step is -lr_t m / (sqrt(v) + epsilon), where m and v average all g_i and g_i^2 with weights that sum to 1."""

    def change(gradients, rates):
        return -rates[-1] * average(gradients, beta) / (math.sqrt(average(squares(gradients), 0.375)) + epsilon)

    def step(parameter, gradient, state, rate):
        return adam_step(parameter, gradient, state, rate, beta, 0.375, epsilon)

    run_steps(step, change, parameter, AdamState(0, *zeros(2)), data)


@given(parameter=normals(3), gradients=normals(4, 3).map(signed))
def test_adam_step_is_bounded_by_weights_of_its_averages(adam_step, parameter, gradients):
    """For epsilon = 0 no step exceeds lr (1 - b1) / sqrt((1 - b2) (1 - b1^2 / b2)) sqrt(1 - b2^t) / (1 - b1^t)."""
    state, furthest = AdamState(0, *zeros(2)), 0.0
    moved = parameter
    for t, gradient in enumerate(gradients, 1):
        moved, state = adam_step(moved, gradient, state, 0.5, 0.5, 0.75, 0.0)
        furthest += 0.25 / math.sqrt(0.25 * (1 - 0.25 / 0.75)) * math.sqrt(1 - 0.75**t) / (1 - 0.5**t)
        assert_at_most(moved, parameter + furthest, parameter.abs() + furthest)
        assert_at_most(-moved, furthest - parameter, parameter.abs() + furthest)


@given(parameter=normals(3), beta=BETAS, epsilon=EPSILONS, data=st.data())
def test_amsgrad_step_divides_by_root_of_largest_average_square(amsgrad_step, parameter, beta, epsilon, data):
    """The step divides by the root of the largest of the averages (1 - b2) sum_i b2^(t-i) g_i^2, over 1 - b2^t."""

    def change(gradients, rates):
        history = squares(gradients)
        largest = max(falling(history[: t + 1], 0.375) for t in range(len(history)))
        size = math.sqrt(largest / falling([1] * len(history), 0.375))
        return -rates[-1] * average(gradients, beta) / (size + epsilon)

    def step(parameter, gradient, state, rate):
        return amsgrad_step(parameter, gradient, state, rate, beta, 0.375, epsilon)

    run_steps(step, change, parameter, AmsgradState(0, *zeros(3)), data)


@pytest.mark.parametrize("decay", [0.0, 0.75, 10.0])
@given(parameter=normals(3), rate=RATES, num_steps=st.integers(1, 4))
def test_decoupled_decay_is_geometric(decoupled_decay, adamw_step, lion_step, parameter, rate, decay, num_steps):
    """Without gradients theta is theta_0 (1 - lr lambda)^t."""
    weights, by_adam, by_lion = parameter, (parameter, AdamState(0, *zeros(2))), (parameter, *zeros(1))
    for _ in range(num_steps):
        weights = decoupled_decay(weights, rate, decay)
        by_adam = adamw_step(by_adam[0], *zeros(1), by_adam[1], rate, decay)
        by_lion = lion_step(by_lion[0], *zeros(1), by_lion[1], rate, decay)
    for shrunk in (weights, by_adam[0], by_lion[0]):
        assert_close(shrunk, (1 - rate * decay) ** num_steps * parameter, (1 + rate * decay) ** num_steps * parameter)


@given(parameter=normals(3), gradients=normals(2, 3), decay=SHARES, beta=BETAS | st.just(4095 / 4096))
def test_decoupled_decay_equals_l2_without_momentum_only(
    decoupled_decay, sgd_step, momentum_step, parameter, gradients, decay, beta
):
    """Decay before a step of SGD is L2 in its gradient; with momentum two steps end lr beta lambda theta_0 apart."""
    size = parameter.abs() + gradients.abs().sum(0)
    decayed = sgd_step(decoupled_decay(parameter, 0.5, decay), gradients[0], 0.5)
    assert_close(decayed, sgd_step(parameter, gradients[0], 0.5, decay), size)
    coupled, decoupled = (parameter, *zeros(1)), (parameter, *zeros(1))
    for gradient in gradients:
        coupled = momentum_step(coupled[0], gradient, coupled[1], 0.5, beta, decay)
        decoupled = momentum_step(decoupled_decay(decoupled[0], 0.5, decay), gradient, decoupled[1], 0.5, beta)
    assert_close(decoupled[0] - coupled[0], 0.5 * beta * decay * parameter, size)


@given(parameter=normals(3), gradients=normals(3, 3), decay=SHARES, epsilon=EPSILONS)
def test_adamw_step_decays_beside_the_averages(adamw_step, adam_step, parameter, gradients, decay, epsilon):
    """Each step is that of Adam less lr lambda theta, and the averages are those of the gradients without decay."""
    (moved, state), (other, plain) = (parameter, AdamState(0, *zeros(2))), (parameter, AdamState(0, *zeros(2)))
    size = parameter.abs() + 8
    for gradient in gradients:
        before = moved
        moved, state = adamw_step(before, gradient, state, 0.5, decay, 0.5, 0.75, epsilon)
        step_of_adam, plain = adam_step(other, gradient, plain, 0.5, 0.5, 0.75, epsilon)
        assert_close(moved, before.double() - 0.5 * decay * before + step_of_adam - other, size)
        other = step_of_adam
    assert_close(state.mean, plain.mean, gradients.abs().sum(0))
    assert_close(state.square, plain.square)
    assert_equal(state.step, 3)


@given(parameter=normals(3), decay=SHARES, data=st.data())
def test_lion_step_moves_by_the_rate_against_the_sign(lion_step, parameter, decay, data):
    """The step is -lr_t times the sign of (1 - b1) g_t + b1 (1 - b2) sum_{i<t} b2^(t-1-i) g_i, whatever decays.

    Gradients are whole numbers, of which the sum, and so its sign, is exact.
    """

    def change(gradients, rates):
        *earlier, gradient = map(round, gradients)
        direction = 0.625 * gradient + 0.375 * 0.5 * falling(earlier, 0.5)
        return -rates[-1] * ((direction > 0) - (direction < 0))

    def step(parameter, gradient, mean, rate):
        moved, after = lion_step(parameter, gradient.round(), mean, rate, decay, 0.375, 0.5)
        still, _ = lion_step(parameter, 0 * gradient, 0 * mean, rate, decay, 0.375, 0.5)
        return parameter + (moved - still), after

    run_steps(step, change, parameter, *zeros(1), data)


@given(parameter=normals(3), beta=BETAS, epsilon=EPSILONS, data=st.data())
def test_adabelief_step_divides_by_distance_from_average(adabelief_step, parameter, beta, epsilon, data):
    """The step of Adam with (g_i - m_i)^2 + epsilon / (1 - b2) in place of g_i^2, where m_i contains g_i."""

    def spread(gradients):
        means = [(1 - beta) * falling(gradients[: i + 1], beta) for i in range(len(gradients))]
        surprises = [(gradient - mean) ** 2 for gradient, mean in zip(gradients, means, strict=True)]
        return average([surprise + epsilon / 0.625 for surprise in surprises], 0.375)

    def change(gradients, rates):
        return -rates[-1] * average(gradients, beta) / (math.sqrt(spread(gradients)) + epsilon)

    def roundings(gradients):
        return 1 + 2 * max(map(abs, gradients)) / math.sqrt(spread(gradients))

    def step(parameter, gradient, state, rate):
        return adabelief_step(parameter, gradient, state, rate, beta, 0.375, epsilon)

    run_steps(step, change, parameter, AdamState(0, *zeros(2)), data, roundings)


@pytest.mark.parametrize("scale", [-0.25, -8.0])
def test_adam_step_is_invariant_to_size_of_loss(
    adagrad_step,
    rmsprop_step,
    centered_rmsprop_step,
    adam_step,
    amsgrad_step,
    adamw_step,
    lion_step,
    scale,
):
    """A loss that is scaled by a negative number, and epsilon by its size, moves the parameter as far the other way."""
    parameter, gradients, epsilon, (zero,) = numbers(1.5, -0.25, 2.0), steps(2, 3), 0.5, zeros(1)
    steppers = [
        (lambda p, g, s, e: adagrad_step(p, g, s, 0.5, e), zero),
        (lambda p, g, s, e: rmsprop_step(p, g, s, 0.5, 0.75, e), zero),
        (lambda p, g, s, e: centered_rmsprop_step(p, g, s, 0.5, 0.75, e), CenteredState(zero, zero)),
        (lambda p, g, s, e: adam_step(p, g, s, 0.5, 0.5, 0.75, e), AdamState(0, zero, zero)),
        (lambda p, g, s, e: amsgrad_step(p, g, s, 0.5, 0.5, 0.75, e), AmsgradState(0, zero, zero, zero)),
        (lambda p, g, s, e: adamw_step(p, g, s, 0.5, 0.0, 0.5, 0.75, e), AdamState(0, zero, zero)),
        (lambda p, g, s, e: lion_step(p, g, s, 0.5, 0.0, 0.5, 0.75), zero),
    ]
    for step, start in steppers:
        plain, scaled = (parameter, start), (parameter, start)
        for gradient in gradients:
            plain = step(plain[0], gradient, plain[1], epsilon)
            scaled = step(scaled[0], scale * gradient, scaled[1], -scale * epsilon)
        assert_close(scaled[0], 2 * parameter - plain[0].double(), parameter.abs() + 8)


@pytest.mark.parametrize("num_steps", [1, 3])
def test_adam_step_has_closed_form_for_constant_gradient(
    adam_step, adagrad_step, rmsprop_step, amsgrad_step, num_steps
):
    """For epsilon = 0 the t-th step against a constant g has length lr, with Adagrad lr / sqrt(t), with RMSProp
    lr / sqrt(1 - rho^t).
    """
    parameter, gradient, (zero,) = numbers(1.5, -0.25, 2.0), numbers(0.25, -3.0, 2.0**-12), zeros(1)
    steppers = [
        (lambda p, s: adam_step(p, gradient, s, 0.5, epsilon=0.0), AdamState(0, zero, zero), lambda t: 1),
        (lambda p, s: amsgrad_step(p, gradient, s, 0.5, epsilon=0.0), AmsgradState(0, zero, zero, zero), lambda t: 1),
        (lambda p, s: adagrad_step(p, gradient, s, 0.5, 0.0), zero, lambda t: t**-0.5),
        (lambda p, s: rmsprop_step(p, gradient, s, 0.5, 0.75, 0.0), zero, lambda t: (1 - 0.75**t) ** -0.5),
    ]
    for step, state, length in steppers:
        moved, way = parameter, 0.0
        for t in range(1, num_steps + 1):
            moved, state = step(moved, state)
            way += 0.5 * length(t)
        assert_close(moved, parameter - way * gradient.sign(), parameter.abs() + way)


@given(parameter=normals(3), gradients=normals(2, 3).map(signed), rate=SHARES)
def test_adam_step_may_forget_everything(
    adam_step, amsgrad_step, adamw_step, lion_step, rmsprop_step, centered_rmsprop_step, parameter, gradients, rate
):
    """Where averages keep nothing each step goes by its own gradient: lr long, or lr g / epsilon if no spread is left.

    Epsilon is 0 where the gradient is divided by its own size.
    """
    (zero,) = zeros(1)
    large, small = gradients.abs().amax(0), gradients.abs().amin(0)
    rising = torch.stack([small, large]) * gradients.sign()
    steppers = [
        (lambda p, g, s: adam_step(p, g, s, rate, 0.0, 0.0, 0.0), AdamState(0, zero, zero)),
        (lambda p, g, s: amsgrad_step(p, g, s, rate, 0.0, 0.0, 0.0), AmsgradState(0, zero, zero, zero)),
        (lambda p, g, s: adamw_step(p, g, s, rate, 0.0, 0.0, 0.0, 0.0), AdamState(0, zero, zero)),
        (lambda p, g, s: lion_step(p, g, s, rate, 0.0, 0.0, 0.0), zero),
        (lambda p, g, s: rmsprop_step(p, g, s, rate, 0.0, 0.0), zero),
    ]
    for step, state in steppers:
        moved = parameter
        for gradient in rising:
            moved, state = step(moved, gradient, state)
        assert_close(moved, parameter - rate * rising.sign().sum(0), parameter.abs() + 2)
    moved, _ = centered_rmsprop_step(parameter, rising[0], CenteredState(zero, zero), rate, 0.0, 0.5)
    assert_close(moved, parameter - 2 * rate * rising[0], parameter.abs() + 2 * rate * small)


@given(parameter=normals(3), gradient=normals(3).map(signed), rate=SHARES)
def test_adabelief_step_has_closed_form_without_epsilon(
    adabelief_step, centered_rmsprop_step, parameter, gradient, rate
):
    """The first gradient g is half of itself away from an average that takes half of it: the step is 2 lr long."""
    (zero,) = zeros(1)
    for moved, _ in (
        adabelief_step(parameter, gradient, AdamState(0, zero, zero), rate, 0.5, 0.0, 0.0),
        centered_rmsprop_step(parameter, gradient, CenteredState(zero, zero), rate, 0.5, 0.0),
    ):
        assert_close(moved, parameter - 2 * rate * gradient.sign(), parameter.abs() + 2)


@pytest.mark.parametrize("t", [30, 300, 5000])
def test_adam_step_corrects_its_start_however_late(adam_step, amsgrad_step, adamw_step, t):
    """After t gradients g the averages are (1 - b1^t) g and (1 - b2^t) g^2, and the next step still has length lr."""
    parameter, gradient = numbers(1.5, -0.25, 2.0), numbers(0.25, -3.0, 2.0**-12)
    mean, square = (1 - 0.9**t) * gradient, (1 - 0.999**t) * gradient.square()
    for moved, state in (
        adam_step(parameter, gradient, AdamState(t, mean, square), 0.5, epsilon=0.0),
        amsgrad_step(parameter, gradient, AmsgradState(t, mean, square, square), 0.5, epsilon=0.0),
        adamw_step(parameter, gradient, AdamState(t, mean, square), 0.5, 0.0, epsilon=0.0),
    ):
        assert_close(moved, parameter - 0.5 * gradient.sign(), parameter.abs() + 8)
        assert_equal(state.step, t + 1)


@given(parameter=normals(3), gradient=normals(3))
def test_adam_step_has_published_constants(adam_step, amsgrad_step, adamw_step, parameter, gradient):
    """Without other choices beta_1 is 0.9, beta_2 0.999 and epsilon 1e-8, so that g and then 0 go a way of
    lr g / (|g| + 1e-8) + lr (0.9 g / 1.9) / (|g| sqrt(0.999 / 1.999) + 1e-8), without 0.999 for AMSGrad.
    """
    gradient = gradient * 2.0**-24
    (zero,) = zeros(1)
    steppers = [
        (adam_step, AdamState(0, zero, zero), (), 0.999),
        (amsgrad_step, AmsgradState(0, zero, zero, zero), (), 1),
        (adamw_step, AdamState(0, zero, zero), (0.0,), 0.999),
    ]
    for step, start, decay, left in steppers:
        moved, state = step(parameter, gradient, start, 0.5, *decay)
        moved, _ = step(moved, zero, state, 0.5, *decay)
        size = gradient.abs()
        second = 0.9 / 1.9 * gradient / (size * math.sqrt(left / 1.999) + 1e-8)
        assert_close(moved, parameter - 0.5 * (gradient / (size + 1e-8) + second), parameter.abs() + 1)


@pytest.mark.parametrize(("second", "moved"), [(-0.0875, -1.0), (-0.0925, 0.0)])
def test_lion_step_has_published_constants(lion_step, second, moved):
    """Without other choices a gradient is outweighed by the next one if that is 0.9 (1 - 0.99) / (1 - 0.9) as large."""
    after, mean = lion_step(numbers(0.0), numbers(1.0), numbers(0.0), 0.5, 0.0)
    after, _ = lion_step(after, numbers(second), mean, 0.5, 0.0)
    assert_equal(after, numbers(moved))


@pytest.mark.parametrize("rate", [-0.25, math.nan])
def test_sgd_step_rejects_negative_numbers(
    sgd_step,
    minibatch_sgd_step,
    momentum_step,
    dampened_momentum_step,
    heavy_ball_step,
    nesterov_step,
    decoupled_decay,
    rate,
):
    """Learning rates, momenta and decays are not negative, and batches not empty."""
    one = numbers(1.0, 2.0)
    assert_rejects(sgd_step, one, one, rate)
    assert_rejects(sgd_step, one, one, 0.5, rate)
    assert_rejects(minibatch_sgd_step, one, one, rate, 2)
    assert_rejects(minibatch_sgd_step, one, one, 0.5, 0)
    assert_rejects(minibatch_sgd_step, one, one, 0.5, -2)
    assert_rejects(momentum_step, one, one, one, rate, 0.5)
    assert_rejects(momentum_step, one, one, one, 0.5, rate)
    assert_rejects(momentum_step, one, one, one, 0.5, 0.5, rate)
    assert_rejects(dampened_momentum_step, one, one, MomentumState(1, one), rate, 0.5, 0.5)
    assert_rejects(dampened_momentum_step, one, one, MomentumState(1, one), 0.5, rate, 0.5)
    assert_rejects(heavy_ball_step, one, one, one, rate, 0.5)
    assert_rejects(heavy_ball_step, one, one, one, 0.5, rate)
    assert_rejects(nesterov_step, one, one, one, rate, 0.5)
    assert_rejects(nesterov_step, one, one, one, 0.5, rate)
    assert_rejects(decoupled_decay, one, rate, 0.5)
    assert_rejects(decoupled_decay, one, 0.5, rate)


@pytest.mark.parametrize("number", [-0.25, math.nan])
def test_adam_step_rejects_negative_rates_and_epsilons(
    adagrad_step,
    rmsprop_step,
    centered_rmsprop_step,
    adam_step,
    amsgrad_step,
    adamw_step,
    lion_step,
    adabelief_step,
    number,
):
    """Neither a learning rate nor an epsilon nor a decay is negative."""
    one = numbers(1.0, 2.0)
    adam, amsgrad, centered = AdamState(1, one, one), AmsgradState(1, one, one, one), CenteredState(one, one)
    assert_rejects(adagrad_step, one, one, one, number, 0.5)
    assert_rejects(adagrad_step, one, one, one, 0.5, number)
    assert_rejects(rmsprop_step, one, one, one, number, 0.5, 0.5)
    assert_rejects(rmsprop_step, one, one, one, 0.5, 0.5, number)
    assert_rejects(centered_rmsprop_step, one, one, centered, number, 0.5, 0.5)
    assert_rejects(centered_rmsprop_step, one, one, centered, 0.5, 0.5, number)
    assert_rejects(adam_step, one, one, adam, number)
    assert_rejects(adam_step, one, one, adam, 0.5, epsilon=number)
    assert_rejects(amsgrad_step, one, one, amsgrad, number)
    assert_rejects(amsgrad_step, one, one, amsgrad, 0.5, epsilon=number)
    assert_rejects(adamw_step, one, one, adam, number, 0.5)
    assert_rejects(adamw_step, one, one, adam, 0.5, number)
    assert_rejects(adamw_step, one, one, adam, 0.5, 0.5, epsilon=number)
    assert_rejects(lion_step, one, one, one, number, 0.5)
    assert_rejects(lion_step, one, one, one, 0.5, number)
    assert_rejects(adabelief_step, one, one, adam, number, 0.5, 0.5, 0.5)
    assert_rejects(adabelief_step, one, one, adam, 0.5, 0.5, 0.5, number)


@pytest.mark.parametrize("share", [-0.25, 1.0, 1.25, math.nan])
def test_adam_step_rejects_averages_without_new_values(
    rmsprop_step, centered_rmsprop_step, adam_step, amsgrad_step, adamw_step, lion_step, adabelief_step, share
):
    """What an average keeps at every step is at least 0 and less than 1."""
    one = numbers(1.0, 2.0)
    adam, amsgrad, centered = AdamState(1, one, one), AmsgradState(1, one, one, one), CenteredState(one, one)
    assert_rejects(rmsprop_step, one, one, one, 0.5, share, 0.5)
    assert_rejects(centered_rmsprop_step, one, one, centered, 0.5, share, 0.5)
    assert_rejects(adam_step, one, one, adam, 0.5, share, 0.5)
    assert_rejects(adam_step, one, one, adam, 0.5, 0.5, share)
    assert_rejects(amsgrad_step, one, one, amsgrad, 0.5, share, 0.5)
    assert_rejects(amsgrad_step, one, one, amsgrad, 0.5, 0.5, share)
    assert_rejects(adamw_step, one, one, adam, 0.5, 0.5, share, 0.5)
    assert_rejects(adamw_step, one, one, adam, 0.5, 0.5, 0.5, share)
    assert_rejects(lion_step, one, one, one, 0.5, 0.5, share, 0.5)
    assert_rejects(lion_step, one, one, one, 0.5, 0.5, 0.5, share)
    assert_rejects(adabelief_step, one, one, adam, 0.5, share, 0.5, 0.5)
    assert_rejects(adabelief_step, one, one, adam, 0.5, 0.5, share, 0.5)
