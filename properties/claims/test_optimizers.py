"""Worked numbers of optimizers, and statements about them that are often met and wrong."""

import math

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from properties.strategies import numbers
from reference.training.clipping import clip_by_global_norm
from reference.training.optimizers import (
    AdamState,
    CenteredState,
    adagrad_step,
    adam_step,
    adamw_step,
    centered_rmsprop_step,
    momentum_step,
    rmsprop_step,
    sgd_step,
)

ZERO = numbers(0.0, 0.0)


def clipped(gradient):
    return clip_by_global_norm([gradient], 1.0).gradients[0]


RULES = {
    "SGD": lambda p, g, s, lr: (sgd_step(p, g, lr), s),
    "momentum": lambda p, g, s, lr: (momentum_step(p, g, s.mean, lr, 0.9)[0], s._replace(mean=0.9 * s.mean + g)),
    "decay": lambda p, g, s, lr: (sgd_step(p, g, lr, 0.1), s),
    "clipping": lambda p, g, s, lr: (sgd_step(p, clipped(g), lr), s),
    "Adam": lambda p, g, s, lr: adam_step(p, g, s, lr, epsilon=0.0),
    "AdamW": lambda p, g, s, lr: adamw_step(p, g, s, lr, 0.1, epsilon=0.0),
}


def course(rule, scale, rate):
    """Weights after 20 steps on scale (w_1^2 + 4 w_2^2) / 2 from (3, -2)."""
    weights, state = numbers(3.0, -2.0), AdamState(0, ZERO, ZERO)
    for _ in range(20):
        weights, state = RULES[rule](weights, scale * numbers(1.0, 4.0) * weights, state, rate)
    return weights


@pytest.mark.claim("R001-007")
@pytest.mark.parametrize(
    ("rule", "as_rate", "ignored"),
    [
        ("SGD", True, False),
        ("momentum", True, False),
        ("decay", False, False),
        ("clipping", False, False),
        ("Adam", False, True),
        ("AdamW", False, True),
    ],
)
def test_a_scaled_loss_is_a_scaled_rate_for_sgd_only(rule, as_rate, ignored):
    """Three times the loss is three times the rate for SGD and momentum, neither with weight decay nor with clipping,
    and changes nothing for Adam.
    """
    by_loss, by_rate, plain = course(rule, 3, 0.01), course(rule, 1, 0.03), course(rule, 1, 0.01)
    assert as_rate == torch.allclose(by_loss, by_rate, rtol=1e-9)
    assert ignored == torch.allclose(by_loss, plain, rtol=1e-9)


@pytest.mark.claim("R003-041", "E003-013")
@pytest.mark.parametrize("gradient", [0.01, 1.0, 100.0])
def test_adagrad_divides_by_a_root_that_contains_the_current_gradient(gradient):
    """The first step of Adagrad is -lr for any positive gradient: -0.1 for 0.01, 1 and 100 at lr 0.1. Without the root
    it is -0.1 / g, and by the sum of earlier squares it is infinite.
    """
    g = numbers(gradient)
    moved, square_sum = adagrad_step(numbers(0.0), g, numbers(0.0), 0.1, 1e-10)
    assert_close(moved, -0.1 / (1 + 1e-10 / gradient))
    assert_close(-0.1 * g / square_sum, -0.1 / g)
    assert_equal(-0.1 * g / numbers(0.0).sqrt(), [-math.inf])


@pytest.mark.claim("R003-040")
def test_momentum_accumulates_and_does_not_average():
    """Under a constant gradient of 1 and beta 0.75 the velocity tends to 4; that of an average tends to 1."""
    accumulated, averaged = numbers(0.0), numbers(0.0)
    for _ in range(150):
        _, accumulated = momentum_step(numbers(0.0), numbers(1.0), accumulated, 0.1, 0.75)
        _, averaged = momentum_step(numbers(0.0), numbers(0.25), averaged, 0.1, 0.75)
    assert_close(accumulated, 4.0)
    assert_close(averaged, 1.0)


@pytest.mark.claim("R003-042")
def test_rmsprop_starts_with_long_steps():
    """With rho 0.75 the first step is twice the rate, and under a constant gradient steps tend to the rate."""
    first, square = rmsprop_step(numbers(0.0), numbers(5.0), numbers(0.0), 0.1, 0.75, 0.0)
    assert_close(first, -0.2)
    for _ in range(150):
        late, square = rmsprop_step(numbers(0.0), numbers(5.0), square, 0.1, 0.75, 0.0)
    assert_close(late, -0.1)


@pytest.mark.claim("R003-042")
def test_variance_of_a_constant_gradient_is_rounded_below_zero():
    """With g = 2.9 and rho = 0.9 rounding takes v - m^2 below 0, where its root is NaN; counted as 0 it is harmless."""
    mean = square = 0.0
    while square >= mean * mean:
        mean = 0.9 * mean + (1 - 0.9) * 2.9
        square = 0.9 * square + (1 - 0.9) * (2.9 * 2.9)
    assert square - mean * mean > -1e-14
    state = CenteredState(numbers(2.9), numbers(square - mean * mean + 2.9 * 2.9))
    moved, _ = centered_rmsprop_step(numbers(0.0), numbers(2.9), state, 0.01, 0.9, 1e-8)
    assert moved.isfinite().all()


@pytest.mark.claim("R003-043")
def test_steps_of_adam_may_exceed_the_bound_of_its_paper():
    """After 10^5 steps without gradient one gradient moves the parameter by lr 0.1 / sqrt(0.001) = 3.162 lr, the bound
    of the paper; gradients that then grow by 0.999 / 0.9 at each step move it by up to 7.27 lr at once.
    """
    rested = AdamState(100_000, numbers(0.0), numbers(0.0))
    moved, _ = adam_step(numbers(0.0), numbers(1.0), rested, 1.0, epsilon=0.0)
    assert_close(moved, -0.1 / math.sqrt(0.001), roundings=1024)
    state, bound = rested, 0.1 / math.sqrt(0.001 * (1 - 0.81 / 0.999))
    for t in range(200):
        moved, state = adam_step(numbers(0.0), numbers((0.999 / 0.9) ** t), state, 1.0, epsilon=0.0)
    assert 7.26 < -moved.item() < 1.0001 * bound < 7.28


@pytest.mark.claim("R003-043")
@pytest.mark.parametrize("gradient", [0.01, 1.0, 100.0])
def test_first_step_of_adam_has_the_length_of_the_rate(gradient):
    """At lr 0.1 and epsilon 0 the first step is -0.1 for 0.01, 1 and 100; for g = epsilon it is half of lr."""
    start = AdamState(0, numbers(0.0), numbers(0.0))
    moved, _ = adam_step(numbers(0.0), numbers(gradient), start, 0.1, epsilon=0.0)
    assert_close(moved, -0.1, roundings=1024)
    moved, _ = adam_step(numbers(0.0), numbers(gradient), start, 0.1, epsilon=gradient)
    assert_close(moved, -0.05, roundings=1024)


@pytest.mark.claim("R003-044")
def test_adam_with_l2_does_not_shrink_all_weights_alike():
    """Without gradients AdamW shrinks every weight by 1 - lr lambda at each step, 0.99^5 after five; Adam with L2 takes
    about 5 lr off each, whatever its size.
    """
    weights = coupled = numbers(8.0, 2.0)
    decoupled_state = state = AdamState(0, ZERO, ZERO)
    for _ in range(5):
        weights, decoupled_state = adamw_step(weights, ZERO, decoupled_state, 0.1, 0.1)
        coupled, state = adam_step(coupled, 0.1 * coupled, state, 0.1)
    assert_close(weights, 0.99**5 * numbers(8.0, 2.0))
    assert (numbers(8.0, 2.0) - coupled).tolist() == [pytest.approx(0.5, abs=0.005)] * 2


@pytest.mark.claim("R004-005")
def test_descent_fits_the_slope_long_before_the_intercept():
    """For y = 2.138 x + 3.213 on x = 0..99 the curvatures are 0.50742 and 6568.493, so that rates up to 3.0448e-4
    converge; ten steps of 1e-4 from (1, 0) reach slope 2.186120 and intercept 0.019504, the last from loss 2.588323.
    """
    x = torch.arange(100, dtype=torch.float64)
    design, y = torch.stack([x, torch.ones_like(x)], 1), 2.138 * x + 3.213
    curvatures = torch.linalg.eigvalsh(2 * design.T @ design / 100)
    assert curvatures.tolist() == [pytest.approx(0.50742, abs=5e-6), pytest.approx(6568.493, abs=5e-4)]
    assert 2 / curvatures[1].item() == pytest.approx(3.0448e-4, abs=5e-9)
    assert -1 / math.log1p(-1e-4 * curvatures[0].item()) == pytest.approx(19707, abs=0.5)

    def descend(rate, num_steps):
        weights, losses = numbers(1.0, 0.0), []
        for _ in range(num_steps):
            residual = design @ weights - y
            losses.append(residual.square().mean().item())
            weights = sgd_step(weights, 2 * design.T @ residual / 100, rate)
        return weights, losses

    weights, losses = descend(1e-4, 10)
    assert weights.tolist() == [pytest.approx(2.186120, abs=5e-7), pytest.approx(0.019504, abs=5e-7)]
    assert losses[-1] == pytest.approx(2.588323, abs=5e-7)
    assert descend(3.0e-4, 200)[1][-1] < losses[0] < descend(3.1e-4, 200)[1][-1]
