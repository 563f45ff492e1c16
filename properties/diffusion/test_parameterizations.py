"""Laws of `reference.diffusion.parameterizations`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import implied, signal_and_noise
from properties.strategies import dyadics, levels, levels_and, normals

LEVELS = levels_and(0.0, 1.0, axes=2)
FROM_ZERO = levels_and(0.0, 1 - 2**-20, axes=2)
UP_TO_ONE = levels_and(2**-20, 1.0, axes=2)
GAMMAS = pytest.mark.parametrize(("given_gamma", "gamma"), [((), 5), ((0.5,), 0.5), ((20.0,), 20)])


@given(x_0=normals(4, 3, 2), epsilon=normals(4, 3, 2), alpha_bar_t=LEVELS)
def test_v_target_equals_derivative_by_angle(v_target, x_0, epsilon, alpha_bar_t):
    """v is the derivative of cos(phi) x_0 + sin(phi) epsilon, taken by a step along the imaginary axis."""
    phi = torch.acos(2 * alpha_bar_t - 1) / 2 + 1e-30j
    derivative = (phi.cos() * x_0 + phi.sin() * epsilon).imag / 1e-30
    assert_close(v_target(x_0, epsilon, alpha_bar_t), derivative, x_0.abs() + epsilon.abs())


@given(x_0=normals(2, 3), epsilon=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_v_target_preserves_norm(v_target, q_sample, x_0, epsilon, alpha_bar_t):
    """(x_t, v) is (x_0, epsilon) turned, so x_t^2 + v^2 = x_0^2 + epsilon^2, and a quarter turn back the v is x_t."""
    x_t, size = q_sample(x_0, epsilon, alpha_bar_t), x_0.abs() + epsilon.abs()
    assert_close(x_t**2 + v_target(x_0, epsilon, alpha_bar_t) ** 2, x_0**2 + epsilon**2, size**2)
    assert_close(v_target(-epsilon, x_0, alpha_bar_t), x_t, size)


@given(x_t=normals(4, 3, 2), epsilon=normals(4, 3, 2), alpha_bar_t=UP_TO_ONE)
def test_x_0_from_epsilon_solves_forward_process(x_0_from_epsilon, x_t, epsilon, alpha_bar_t):
    """x_0 is the data that x_t and the noise leave over; at alpha_bar = 1 it is x_t."""
    expected = implied("x_0", alpha_bar_t, x_t=x_t, epsilon=epsilon)
    signal, spread = signal_and_noise(alpha_bar_t)
    magnitude = (x_t.abs() + epsilon.abs() / spread.where(spread > 0, 1)) / signal
    assert_close(x_0_from_epsilon(x_t, epsilon, alpha_bar_t), expected, magnitude)


@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 1)])
@given(x_t=normals(9), epsilon=normals(9), alpha_bar_t=levels(3))
def test_x_0_from_epsilon_takes_each_sample_at_its_own_level(x_0_from_epsilon, shape, x_t, epsilon, alpha_bar_t):
    """A sample's data depends on its own level and noise only, whatever the sizes of the axes."""
    x_t, epsilon = x_t.reshape(shape), epsilon.reshape(shape)
    alpha_bar_t = alpha_bar_t.reshape(3, *[1] * (len(shape) - 1))
    x_0 = x_0_from_epsilon(x_t, epsilon, alpha_bar_t)
    each = zip(x_t, epsilon, alpha_bar_t.flatten(), strict=True)
    alone = [implied("x_0", level[None], x_t=one.flatten(), epsilon=noise.flatten()) for one, noise, level in each]
    assert_equal(x_0.shape, torch.Size(shape))
    magnitude = (x_t.abs() + epsilon.abs()) / (alpha_bar_t * (1 - alpha_bar_t)).sqrt()
    assert_close(x_0, torch.stack(alone).reshape(shape), magnitude)


@given(x_t=normals(4, 3, 2), v=normals(4, 3, 2), alpha_bar_t=LEVELS)
def test_x_0_from_v_turns_back(x_0_from_v, x_t, v, alpha_bar_t):
    """x_0 is what the turn takes to (x_t, v): x_t at alpha_bar = 1 and -v at 0."""
    expected = implied("x_0", alpha_bar_t, x_t=x_t, v=v)
    assert_close(x_0_from_v(x_t, v, alpha_bar_t), expected, x_t.abs() + v.abs())


@given(x_t=normals(4, 3, 2), score=normals(4, 3, 2), alpha_bar_t=UP_TO_ONE)
def test_x_0_from_score_solves_forward_process(x_0_from_score, x_t, score, alpha_bar_t):
    """x_0 is the data that x_t leaves over with the noise of which the score tells; at alpha_bar = 1 it is x_t."""
    expected = implied("x_0", alpha_bar_t, x_t=x_t, score=score)
    magnitude = (x_t.abs() + score.abs()) / alpha_bar_t.sqrt()
    assert_close(x_0_from_score(x_t, score, alpha_bar_t), expected, magnitude)


@given(x_t=normals(2, 3), mean=normals(2, 3), variance=dyadics(1, 64, 2, 1, grid=16), alpha_bar_t=levels(2, 1))
def test_x_0_from_score_equals_regression_on_gaussian_data(x_0_from_score, x_t, mean, variance, alpha_bar_t):
    """For data from N(m, s^2), the score of the marginal gives E[x_0 | x_t], the regression of x_0 on x_t."""
    cos, _ = signal_and_noise(alpha_bar_t)
    total = alpha_bar_t * variance + 1 - alpha_bar_t
    deviation = x_t - cos * mean
    expected = mean + cos * variance / total * deviation
    magnitude = (x_t.abs() + (1 - alpha_bar_t) * (x_t.abs() + mean.abs()) / total) / cos
    assert_close(x_0_from_score(x_t, -deviation / total, alpha_bar_t), expected, magnitude + mean.abs())


@given(x_t=normals(4, 3, 2), x_0=normals(4, 3, 2), alpha_bar_t=FROM_ZERO)
def test_epsilon_from_x_0_solves_forward_process(epsilon_from_x_0, x_t, x_0, alpha_bar_t):
    """epsilon is the noise that x_t and the data leave over; at alpha_bar = 0 it is x_t."""
    expected = implied("epsilon", alpha_bar_t, x_t=x_t, x_0=x_0)
    magnitude = (x_t.abs() + x_0.abs()) / (1 - alpha_bar_t).sqrt()
    assert_close(epsilon_from_x_0(x_t, x_0, alpha_bar_t), expected, magnitude)


@given(x_t=normals(4, 3, 2), v=normals(4, 3, 2), alpha_bar_t=LEVELS)
def test_epsilon_from_v_turns_back(epsilon_from_v, x_t, v, alpha_bar_t):
    """epsilon is what the turn takes to (x_t, v): x_t at alpha_bar = 0 and v at 1."""
    expected = implied("epsilon", alpha_bar_t, x_t=x_t, v=v)
    assert_close(epsilon_from_v(x_t, v, alpha_bar_t), expected, x_t.abs() + v.abs())


@given(score=normals(4, 3, 2), alpha_bar_t=LEVELS)
def test_epsilon_from_score_equals_standardised_displacement(epsilon_from_score, score, alpha_bar_t):
    """Where N(0, s^2) has that score, x is -s^2 score, and epsilon is x / s: -score at alpha_bar = 0, none at 1."""
    _, sin = signal_and_noise(alpha_bar_t)
    assert_close(epsilon_from_score(score, alpha_bar_t), -sin * score)


@given(x_t=normals(4, 3, 2), x_0=normals(4, 3, 2), alpha_bar_t=FROM_ZERO)
def test_v_from_x_0_turns_on(v_from_x_0, x_t, x_0, alpha_bar_t):
    """v is that of the noise which x_t and the data leave over; at alpha_bar = 0 it is -x_0."""
    expected = implied("v", alpha_bar_t, x_t=x_t, x_0=x_0)
    assert_close(v_from_x_0(x_t, x_0, alpha_bar_t), expected, (x_t.abs() + x_0.abs()) / (1 - alpha_bar_t).sqrt())


@given(x_t=normals(4, 3, 2), epsilon=normals(4, 3, 2), alpha_bar_t=UP_TO_ONE)
def test_v_from_epsilon_turns_on(v_from_epsilon, x_t, epsilon, alpha_bar_t):
    """v is that of the data which x_t and the noise leave over; at alpha_bar = 1 it is the noise."""
    expected = implied("v", alpha_bar_t, x_t=x_t, epsilon=epsilon)
    assert_close(v_from_epsilon(x_t, epsilon, alpha_bar_t), expected, (x_t.abs() + epsilon.abs()) / alpha_bar_t.sqrt())


@given(x_t=normals(4, 3, 2), score=normals(4, 3, 2), alpha_bar_t=UP_TO_ONE)
def test_v_from_score_turns_on(v_from_score, x_t, score, alpha_bar_t):
    """v is that of the noise of which the score tells, and of the data left over; at alpha_bar = 1 it is 0."""
    expected = implied("v", alpha_bar_t, x_t=x_t, score=score)
    cos, sin = signal_and_noise(alpha_bar_t)
    assert_close(v_from_score(x_t, score, alpha_bar_t), expected, (x_t.abs() + score.abs()) * sin / cos)


@given(x_t=normals(4, 3, 2), x_0=normals(4, 3, 2), alpha_bar_t=FROM_ZERO)
def test_score_from_x_0_equals_gradient_of_log_density(score_from_x_0, x_t, x_0, alpha_bar_t):
    """The score is the gradient of log q(x_t | x_0) by x_t; at alpha_bar = 0 it is -x_t."""
    cos, sin = signal_and_noise(alpha_bar_t)
    gradient = torch.func.grad(lambda x: torch.distributions.Normal(cos * x_0, sin).log_prob(x).sum())(x_t)
    assert_close(score_from_x_0(x_t, x_0, alpha_bar_t), gradient, (x_t.abs() + x_0.abs()) / (1 - alpha_bar_t))


@given(epsilon=normals(4, 3, 2), alpha_bar_t=FROM_ZERO)
def test_score_from_epsilon_equals_gradient_of_log_density(score_from_epsilon, epsilon, alpha_bar_t):
    """It is the gradient of log N(0, 1 - alpha_bar) where the noise leads; at alpha_bar = 0 it is -epsilon."""
    _, sin = signal_and_noise(alpha_bar_t)
    density = torch.distributions.Normal(torch.zeros(()), sin)
    gradient = torch.func.grad(lambda x: density.log_prob(x).sum())(sin * epsilon)
    assert_close(score_from_epsilon(epsilon, alpha_bar_t), gradient)


@given(x_t=normals(4, 3, 2), v=normals(4, 3, 2), alpha_bar_t=FROM_ZERO)
def test_score_from_v_tells_of_the_noise(score_from_v, x_t, v, alpha_bar_t):
    """The score is that of the noise which the turn takes to (x_t, v); at alpha_bar = 0 it is -x_t."""
    expected = implied("score", alpha_bar_t, x_t=x_t, v=v)
    assert_close(score_from_v(x_t, v, alpha_bar_t), expected, (x_t.abs() + v.abs()) / (1 - alpha_bar_t).sqrt())


@given(x_t=normals(2, 3), x_0=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_x_0_from_v_closes_the_circle(
    x_0_from_v, v_from_score, score_from_epsilon, epsilon_from_x_0, x_t, x_0, alpha_bar_t
):
    """From x_0 to epsilon, to the score, to v and back to x_0 nothing is lost."""
    score = score_from_epsilon(epsilon_from_x_0(x_t, x_0, alpha_bar_t), alpha_bar_t)
    returned = x_0_from_v(x_t, v_from_score(x_t, score, alpha_bar_t), alpha_bar_t)
    assert_close(returned, x_0, (x_t.abs() + x_0.abs()) / (alpha_bar_t * (1 - alpha_bar_t)).sqrt())


@given(x_t=normals(2, 3), x_0=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_x_0_from_epsilon_closes_the_circle(
    x_0_from_epsilon, epsilon_from_score, score_from_v, v_from_x_0, x_t, x_0, alpha_bar_t
):
    """From x_0 to v, to the score, to epsilon and back to x_0 nothing is lost."""
    score = score_from_v(x_t, v_from_x_0(x_t, x_0, alpha_bar_t), alpha_bar_t)
    returned = x_0_from_epsilon(x_t, epsilon_from_score(score, alpha_bar_t), alpha_bar_t)
    assert_close(returned, x_0, (x_t.abs() + x_0.abs()) / (alpha_bar_t * (1 - alpha_bar_t)).sqrt())


@given(x_t=normals(2, 3), epsilon=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_epsilon_from_v_inverts_v_from_epsilon(epsilon_from_v, v_from_epsilon, x_t, epsilon, alpha_bar_t):
    """The noise that went into v comes out of it again."""
    returned = epsilon_from_v(x_t, v_from_epsilon(x_t, epsilon, alpha_bar_t), alpha_bar_t)
    assert_close(returned, epsilon, (x_t.abs() + epsilon.abs()) / alpha_bar_t.sqrt())


@given(x_t=normals(2, 3), x_0=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_x_0_from_score_inverts_score_from_x_0(x_0_from_score, score_from_x_0, x_t, x_0, alpha_bar_t):
    """The data that went into the score comes out of it again."""
    returned = x_0_from_score(x_t, score_from_x_0(x_t, x_0, alpha_bar_t), alpha_bar_t)
    assert_close(returned, x_0, (x_t.abs() + x_0.abs()) / alpha_bar_t.sqrt())


@pytest.mark.parametrize(("given_bound", "bound"), [((), 1.0), ((0.5,), 0.5), ((2.0,), 2.0)])
@given(x_t=normals(4, 3, 2), x_0=normals(4, 3, 2), alpha_bar_t=FROM_ZERO)
def test_clipped_prediction_explains_x_t(clipped_prediction, given_bound, bound, x_t, x_0, alpha_bar_t):
    """The data moves to the nearest point of [-bound, bound], and the noise is the one that leads from there to x_t."""
    nearest = torch.tensor([sorted([-bound, value, bound])[1] for value in x_0.flatten().tolist()]).reshape(4, 3, 2)
    clipped, epsilon = clipped_prediction(x_t, x_0, alpha_bar_t, *given_bound)
    expected = implied("epsilon", alpha_bar_t, x_t=x_t, x_0=nearest.double())
    assert_equal(clipped, nearest)
    assert_close(epsilon, expected, (x_t.abs() + nearest.abs()) / (1 - alpha_bar_t).sqrt())


@given(x_t=normals(2, 3), x_0=normals(2, 3), alpha_bar_t=levels(2, 1), bound=st.sampled_from([0.25, 1.5, 3.0]))
def test_clipped_prediction_stays_on_the_line_to_x_t(clipped_prediction, q_sample, x_t, x_0, alpha_bar_t, bound):
    """Noised again with the noise that comes with it, the clipped data is x_t as before."""
    clipped, epsilon = clipped_prediction(x_t, x_0, alpha_bar_t, bound)
    assert_close(q_sample(clipped, epsilon, alpha_bar_t), x_t, x_t.abs() + bound)


def _squared_error(of, alpha_bar_t):
    """(error of the named prediction)^2 for an error of 1 in x_0: errors obey the same equations, with x_t = 0."""
    one = torch.ones_like(alpha_bar_t)
    return implied(of, alpha_bar_t, x_t=0 * one, x_0=one) ** 2


@given(alpha_bar_t=FROM_ZERO)
def test_x_0_weight_of_epsilon_loss_equals_ratio_of_errors(x_0_weight_of_epsilon_loss, alpha_bar_t):
    """|epsilon - epsilon'|^2 = w |x_0 - x_0'|^2 at the same x_t; 0 at alpha_bar = 0."""
    assert_close(x_0_weight_of_epsilon_loss(alpha_bar_t), _squared_error("epsilon", alpha_bar_t))


@given(alpha_bar_t=FROM_ZERO)
def test_x_0_weight_of_v_loss_equals_ratio_of_errors(x_0_weight_of_v_loss, alpha_bar_t):
    """|v - v'|^2 = w |x_0 - x_0'|^2 at the same x_t; 1 at alpha_bar = 0."""
    assert_close(x_0_weight_of_v_loss(alpha_bar_t), _squared_error("v", alpha_bar_t))


@given(alpha_bar_t=FROM_ZERO)
def test_x_0_weight_of_score_loss_equals_ratio_of_errors(x_0_weight_of_score_loss, alpha_bar_t):
    """|score - score'|^2 = w |x_0 - x_0'|^2 at the same x_t; 0 at alpha_bar = 0."""
    assert_close(x_0_weight_of_score_loss(alpha_bar_t), _squared_error("score", alpha_bar_t))


@given(alpha_bar_t=levels(2, 3))
def test_x_0_weight_of_v_loss_is_one_more_than_of_epsilon_loss(
    x_0_weight_of_v_loss, x_0_weight_of_epsilon_loss, x_0_weight_of_score_loss, alpha_bar_t
):
    """The weights are SNR + 1 and SNR, and their product is that of the score."""
    of_v, of_epsilon = x_0_weight_of_v_loss(alpha_bar_t), x_0_weight_of_epsilon_loss(alpha_bar_t)
    assert_close(of_v - of_epsilon, 1.0, of_v)
    assert_close(x_0_weight_of_score_loss(alpha_bar_t), of_v * of_epsilon)


def _table(of_snr, alpha_bar):
    """A function of the exact SNR, which is infinite at alpha_bar = 1, at every level."""
    levels = [Fraction(level) for level in alpha_bar.flatten().tolist()]
    values = [float(of_snr(level / (1 - level) if level < 1 else math.inf)) for level in levels]
    return torch.tensor(values, dtype=torch.float64).reshape(alpha_bar.shape)


@GAMMAS
@given(alpha_bar_t=levels_and(0.0, 0.75, 0.875, 1.0))
def test_min_snr_weight_x_0_equals_capped_ratio(min_snr_weight_x_0, given_gamma, gamma, alpha_bar_t):
    """The ratio of signal to noise, but gamma where there is more; gamma is 5 if not given."""
    expected = _table(lambda snr: gamma if snr > gamma else snr, alpha_bar_t)
    assert_close(min_snr_weight_x_0(alpha_bar_t, *given_gamma), expected)


@GAMMAS
@given(alpha_bar_t=levels_and(0.0, 0.75, 0.875, 1.0))
def test_min_snr_weight_epsilon_equals_capped_ratio(min_snr_weight_epsilon, given_gamma, gamma, alpha_bar_t):
    """1, but gamma / SNR where the SNR is more than gamma: 1 where there is no signal and 0 where there is no noise."""
    expected = _table(lambda snr: gamma / snr if snr > gamma else 1, alpha_bar_t)
    assert_close(min_snr_weight_epsilon(alpha_bar_t, *given_gamma), expected)


@GAMMAS
@given(alpha_bar_t=levels_and(0.0, 0.75, 0.875, 1.0))
def test_min_snr_weight_v_equals_capped_ratio(min_snr_weight_v, given_gamma, gamma, alpha_bar_t):
    """SNR / (SNR + 1), but gamma / (SNR + 1) where the SNR is more than gamma: 0 without signal and without noise."""
    expected = _table(lambda snr: gamma / (snr + 1) if snr > gamma else 1 - 1 / (snr + 1), alpha_bar_t)
    assert_close(min_snr_weight_v(alpha_bar_t, *given_gamma), expected)


@given(alpha_bar_t=levels(5, 1), gamma=st.integers(1, 256).map(lambda sixteenths: sixteenths / 16))
def test_min_snr_weight_x_0_weighs_the_same_error_alike(
    min_snr_weight_x_0, min_snr_weight_epsilon, min_snr_weight_v, alpha_bar_t, gamma
):
    """An error makes one loss, be it measured in x_0, epsilon or v: that of epsilon, but at most gamma times x_0's."""
    loss = _squared_error("epsilon", alpha_bar_t).clamp(max=gamma)
    assert_close(min_snr_weight_x_0(alpha_bar_t, gamma), loss)
    assert_close(min_snr_weight_epsilon(alpha_bar_t, gamma), loss / _squared_error("epsilon", alpha_bar_t))
    assert_close(min_snr_weight_v(alpha_bar_t, gamma), loss / _squared_error("v", alpha_bar_t))
