"""Laws of `reference.diffusion.objectives`."""

import itertools
import math
import statistics
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from properties.closeness import assert_close
from properties.oracles import (
    closest,
    kl_magnitude,
    mean_log_ratio,
    pixel_magnitude,
    pixel_probabilities,
    product_of_gaussians,
)
from properties.rejection import assert_rejects
from properties.strategies import dyadics, levels, normals, pixels

H = 2.0**-10
SIGNS = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)


@dataclass(frozen=True)
class HybridCase:
    """Two samples, one at a step between noisy levels and one at the step to the data, and what their losses are."""

    arguments: dict[str, Tensor]
    error: Tensor
    bounds: tuple[Tensor, ...]
    bound_size: Tensor

    def losses(self, weight):
        """The loss with each of the two decoders that are accepted."""
        return tuple(self.error.square().mean((1, 2)) + weight * bound for bound in self.bounds)

    @property
    def size_of_error(self):
        return self.arguments["noise"].abs() + self.arguments["epsilon"].abs()

    def magnitude(self, weight):
        return self.size_of_error.square().mean((1, 2)) + weight * self.bound_size


@st.composite
def hybrid_cases(draw):
    pixel, noise, error = draw(pixels(2, 3, 1)), draw(normals(2, 1, 2)), draw(dyadics(-2048, 2048, 2, 3, 1))
    log_variance = draw(dyadics(-8192, 4096, 2, 3, 2))
    near = draw(st.sampled_from([2**-12, 0.25, 0.75, 1 - 2**-12, 1 - 2**-16]))
    below = torch.full((1, 1, 1), near, dtype=torch.float64)
    step = torch.cat([draw(levels(1, 1, 1)), draw(dyadics(1024, 3072, 1, 1, 1))])
    alpha_bar_s = torch.cat([below, torch.ones(1, 1, 1)])
    alpha_bar_t = step * alpha_bar_s
    pixel, noise, error = torch.broadcast_tensors(pixel, noise, error)
    x_0 = (2 * pixel - 255) / 255
    x_t = alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise
    x_0_hat = x_0 - ((1 - alpha_bar_t) / alpha_bar_t).sqrt() * error
    variance, reach = log_variance.exp(), (1 + x_t.abs() + noise.abs()) / step.sqrt()
    true_mean, true_variance = product_of_gaussians(x_t[:1], x_0[:1], step[:1], below)
    mean, _ = product_of_gaussians(x_t[:1], x_0_hat[:1], step[:1], below)
    divergence = mean_log_ratio(true_mean, true_variance, mean, variance[:1]).mean((1, 2))
    both = pixel_probabilities(pixel[1:], x_0_hat[1:], variance[1:].sqrt())
    size = [
        kl_magnitude(reach[:1], true_variance, variance[:1]),
        pixel_magnitude(reach[1:], variance[1:].sqrt()) / both[0],
    ]
    arguments = {"x_0": x_0, "x_t": x_t, "noise": noise, "epsilon": noise + error, "log_variance": log_variance}
    return HybridCase(
        arguments | {"alpha_bar_t": alpha_bar_t, "alpha_bar_s": alpha_bar_s},
        error,
        tuple(torch.cat([divergence, -p.log().mean((1, 2))]) for p in both),
        torch.cat(size).mean((1, 2)),
    )


def rates(function, case, direction):
    """Rates of the loss along a direction of the log variance: by autograd, and by differences exact to degree four."""
    log_variance = case.arguments["log_variance"].clone().requires_grad_()

    def along(steps):
        return function(case.arguments | {"log_variance": log_variance + steps * H * direction})

    loss = along(0)
    (gradient,) = torch.autograd.grad(loss.sum(), log_variance)
    two_before, before, after, two_after = (along(steps).detach().double() for steps in (-2, -1, 1, 2))
    rate = (8 * (after - before) - (two_after - two_before)) / (12 * H)
    return (gradient * direction).sum((1, 2)).to(loss.dtype), rate


def contexts(batch, size):
    """Masks of a batch of flattened samples, each with at least one element outside the context."""
    codes = st.lists(st.integers(0, 2**size - 2), min_size=batch, max_size=batch)
    return codes.map(lambda drawn: (torch.tensor(drawn)[:, None] >> torch.arange(size)) % 2 == 1)


@pytest.mark.parametrize("shape", [(2, 8), (4, 4, 1), (2, 1, 4, 2)])
@given(prediction=dyadics(-65536, 65536, 16), target=dyadics(-65536, 65536, 16))
def test_simple_loss_equals_gaussian_log_likelihood(simple_loss, prediction, target, shape):
    """Of each sample, -2 times the mean log density of the target under N(prediction, 1) is the loss plus log(2 pi)."""
    nll = -torch.as_tensor(stats.norm.logpdf(target, prediction)).reshape(shape[0], -1).mean(1)
    size = (target - prediction).square().reshape(shape[0], -1).mean(1) + math.log(2 * math.pi)
    assert_close(simple_loss(prediction.reshape(shape), target.reshape(shape)), 2 * nll - math.log(2 * math.pi), size)


@pytest.mark.autograd
@given(prediction=normals(2, 3, 5), target=normals(2, 3, 5))
def test_simple_loss_pulls_with_every_error(simple_loss, prediction, target):
    """Each element of the prediction is pulled by its error, all with one weight."""
    prediction = prediction.requires_grad_()
    loss = simple_loss(prediction, target)
    (gradient,) = torch.autograd.grad(loss.sum(), prediction)
    assert_close(gradient.to(loss.dtype), 2 * (prediction - target) / 15, 1)


@given(centre=normals(3), spread=dyadics(1024, 8192, 3), alpha_bar_t=levels(1))
def test_simple_loss_of_best_guess_of_noise_equals_share_of_signal(simple_loss, centre, spread, alpha_bar_t):
    """For data N(m, s^2), the mean noise given x_t misses it by alpha_bar s^2 / (alpha_bar s^2 + 1 - alpha_bar).

    The loss is quadratic in data and noise, so that the four points of signs +-1 average it exactly.
    """
    x_0, noise = centre + SIGNS[:, :1] * spread, SIGNS[:, 1:].expand(4, 3)
    x_t = alpha_bar_t.sqrt() * x_0 + (1 - alpha_bar_t).sqrt() * noise
    signal, rest = alpha_bar_t * spread**2, 1 - alpha_bar_t
    guess = rest.sqrt() * (x_t - alpha_bar_t.sqrt() * centre) / (signal + rest)
    share = (signal / (signal + rest)).mean()
    assert_close(simple_loss(guess, noise).mean(), share, (1 + guess.abs().max()) ** 2)


@given(prediction=normals(3, 2, 5), target=normals(3, 2, 5), exponents=dyadics(-3, 3, 2, grid=1))
def test_weighted_loss_equals_gaussian_log_likelihood(weighted_loss, prediction, target, exponents):
    """Weight 1 / (2 sigma^2) makes it the mean -log density under N(prediction, sigma^2), less that of the mode."""
    sigma = 2**exponents
    loss = weighted_loss(prediction, target, torch.cat([1 / (2 * sigma**2), torch.zeros(1)]))
    below_mode = stats.norm.logpdf(0, 0, sigma[:, None, None]) - stats.norm.logpdf(
        target[:2], prediction[:2], sigma[:, None, None]
    )
    expected = torch.as_tensor(below_mode).mean((1, 2))
    assert_close(loss[:2], expected, expected + 1 + sigma.log().abs())
    assert_close(loss[2], 0)


@pytest.mark.autograd
@given(prediction=normals(3, 5), target=normals(3, 5), weight=dyadics(0, 4096, 3))
def test_weighted_loss_pulls_with_weighted_errors(weighted_loss, prediction, target, weight):
    """Each element of the prediction is pulled by its error, times the weight of its sample."""
    prediction = prediction.requires_grad_()
    loss = weighted_loss(prediction, target, weight)
    (gradient,) = torch.autograd.grad(loss.sum(), prediction)
    assert_close(gradient.to(loss.dtype), weight[:, None] * (2 * (prediction - target) / 5), 1)


@given(x_0=normals(2, 3), x_0_hat=normals(2, 3), alpha_bar_t=levels(2, 1))
def test_weighted_loss_of_x_0_equals_error_of_noise_at_weight_snr(weighted_loss, x_0, x_0_hat, alpha_bar_t):
    """The error of a guess of x_0, times alpha_bar / (1 - alpha_bar), is that of the noise which the guess implies."""
    noise, noise_hat = (-alpha_bar_t.sqrt() * x / (1 - alpha_bar_t).sqrt() for x in (x_0, x_0_hat))
    snr = (alpha_bar_t / (1 - alpha_bar_t)).flatten()
    size = snr * ((x_0.abs() + x_0_hat.abs()) ** 2).mean(1)
    assert_close(weighted_loss(x_0_hat, x_0, snr), (noise - noise_hat).square().mean(1), size)


@given(prediction=normals(3, 2, 3), target=normals(3, 2, 3), context=contexts(2, 6))
def test_target_loss_equals_mean_over_what_is_left(target_loss, prediction, target, context):
    """Take the context out of a sample, and the mean squared error of the rest is the loss; without context, of all."""
    context = torch.cat([context, torch.zeros(1, 6, dtype=torch.bool)])
    squares = (target - prediction).square().flatten(1).tolist()
    left = [list(itertools.compress(row, kept)) for row, kept in zip(squares, (~context).tolist(), strict=True)]
    expected = [statistics.fmean(row) for row in left]
    assert_close(target_loss(prediction, target, context.reshape(3, 2, 3)), expected)


@pytest.mark.autograd
@given(prediction=normals(2, 2, 3), target=normals(2, 2, 3), context=contexts(2, 6))
def test_target_loss_has_no_gradient_in_context(target_loss, prediction, target, context):
    """Nothing can be gained from the context; each other element pulls with its error, all with one weight."""
    context = context.reshape(2, 2, 3)
    prediction = prediction.requires_grad_()
    loss = target_loss(prediction, target, context)
    (gradient,) = torch.autograd.grad(loss.sum(), prediction)
    pull = torch.where(context, 0, 2 * (prediction - target)) / (~context).sum((1, 2), keepdim=True)
    assert_close(gradient.to(loss.dtype), pull)


@given(prediction=normals(2, 3), target=normals(2, 3))
def test_target_loss_is_nan_without_targets(target_loss, prediction, target):
    """A sample that is all context has no loss, which is not the same as a loss of 0; other samples keep theirs."""
    loss = target_loss(prediction, target, torch.tensor([[True, True, True], [True, False, True]]))
    assert loss[0].isnan()
    assert_close(loss[1], (prediction[1, 1] - target[1, 1]) ** 2)


@given(variance=dyadics(1, 16384, 2, 3), step=levels(2, 3), alpha_bar_s=levels(2, 3))
def test_variational_epsilon_weight_equals_divergence_of_unit_errors(
    variational_epsilon_weight, variance, step, alpha_bar_s
):
    """An error of 1 in epsilon moves the posterior mean to where a model of that variance pays the weight."""
    alpha_bar_t = step * alpha_bar_s
    error_of_x_0 = ((1 - alpha_bar_t) / alpha_bar_t).sqrt()
    moved, _ = product_of_gaussians(torch.zeros(2, 3), error_of_x_0, step, alpha_bar_s)
    price = mean_log_ratio(torch.zeros(2, 3), variance, moved, variance)
    weight = variational_epsilon_weight(alpha_bar_t, alpha_bar_s, variance)
    assert_close(weight, price, 1 + variance.log().abs() + price / (1 - step))


@given(step=levels(2, 3), alpha_bar_s=levels(2, 3))
def test_variational_epsilon_weight_equals_growth_of_snr_at_true_variance(
    variational_epsilon_weight, step, alpha_bar_s
):
    """With the posterior's own variance the weight is (SNR(s) / SNR(t) - 1) / 2 (Kingma et al. 2021, eq. 14)."""
    alpha_bar_t = step * alpha_bar_s
    _, variance = product_of_gaussians(torch.zeros(2, 3), torch.zeros(2, 3), step, alpha_bar_s)
    growth = (alpha_bar_s / alpha_bar_t) * ((1 - alpha_bar_t) / (1 - alpha_bar_s))
    assert_close(
        variational_epsilon_weight(alpha_bar_t, alpha_bar_s, variance), (growth - 1) / 2, 1 / (step * (1 - alpha_bar_s))
    )


@given(variance=dyadics(1, 16384, 2, 3), alpha_bar_t=levels(2, 3))
def test_variational_epsilon_weight_reduces_to_that_of_x_0_at_clean_level(
    variational_epsilon_weight, variance, alpha_bar_t
):
    """At alpha_bar_s = 1 the mean is the guess of x_0, whose squared error is that of epsilon over the SNR."""
    snr = alpha_bar_t / (1 - alpha_bar_t)
    weight = variational_epsilon_weight(alpha_bar_t, torch.ones_like(alpha_bar_t), variance)
    assert_close(weight, 1 / (2 * variance * snr), 1 / (2 * variance * alpha_bar_t))


@pytest.mark.parametrize(("options", "weight"), [({}, 0.001), ({"vlb_weight": 64.0}, 64.0)])
@given(case=hybrid_cases())
def test_hybrid_loss_equals_squared_error_plus_bound(hybrid_loss, case, options, weight):
    """A sample pays the error of epsilon and a thousandth, or as told, of its step's divergence or decoder's -log p."""
    loss = hybrid_loss(**case.arguments, **options)
    assert_close(loss, closest(loss, case.losses(weight)), case.magnitude(weight))
    alone = hybrid_loss(**{name: values[1:] for name, values in case.arguments.items()}, **options)
    assert_close(alone, loss[1:], case.magnitude(weight)[1:])


@pytest.mark.autograd
@given(case=hybrid_cases())
def test_hybrid_loss_has_no_gradient_of_bound_in_epsilon(hybrid_loss, case):
    """However heavy the bound, epsilon is pulled by its own error alone."""
    epsilon = case.arguments["epsilon"].clone().requires_grad_()
    loss = hybrid_loss(**case.arguments | {"epsilon": epsilon}, vlb_weight=64.0)
    (gradient,) = torch.autograd.grad(loss.sum(), epsilon)
    assert_close(gradient.to(loss.dtype), 2 * case.error / 6, 2 * case.size_of_error / 6)


@pytest.mark.autograd
@given(case=hybrid_cases(), direction=dyadics(-1, 1, 2, 3, 2, grid=1))
def test_hybrid_loss_has_gradient_of_bound_in_log_variance(hybrid_loss, case, direction):
    """Along every direction, the gradient in the log variance is the rate at which the loss changes."""
    pull, rate = rates(lambda arguments: hybrid_loss(**arguments, vlb_weight=0.5), case, direction)
    assert_close(pull, rate, case.magnitude(0.5) / H)


@pytest.mark.parametrize("num_steps", [1, 4000])
@given(case=hybrid_cases())
def test_rescaled_hybrid_loss_equals_squared_error_plus_bound(rescaled_hybrid_loss, case, num_steps):
    """It is the error of epsilon plus num_steps thousandths of the bound's term."""
    loss = rescaled_hybrid_loss(**case.arguments, num_steps=num_steps)
    assert_close(loss, closest(loss, case.losses(num_steps / 1000)), case.magnitude(num_steps / 1000))


@pytest.mark.autograd
@given(case=hybrid_cases())
def test_rescaled_hybrid_loss_has_no_gradient_of_bound_in_epsilon(rescaled_hybrid_loss, case):
    """However many steps, epsilon is pulled by its own error alone."""
    epsilon = case.arguments["epsilon"].clone().requires_grad_()
    loss = rescaled_hybrid_loss(**case.arguments | {"epsilon": epsilon}, num_steps=4000)
    (gradient,) = torch.autograd.grad(loss.sum(), epsilon)
    assert_close(gradient.to(loss.dtype), 2 * case.error / 6, 2 * case.size_of_error / 6)


@pytest.mark.autograd
@given(case=hybrid_cases(), direction=dyadics(-1, 1, 2, 3, 2, grid=1))
def test_rescaled_hybrid_loss_has_gradient_of_bound_in_log_variance(rescaled_hybrid_loss, case, direction):
    """Along every direction, the gradient in the log variance is the rate at which the loss changes."""
    pull, rate = rates(lambda arguments: rescaled_hybrid_loss(**arguments, num_steps=500), case, direction)
    assert_close(pull, rate, case.magnitude(0.5) / H)


@pytest.mark.parametrize("num_steps", [0, -1])
def test_rescaled_hybrid_loss_rejects_chains_without_steps(rescaled_hybrid_loss, num_steps):
    """A bound without steps has no terms."""
    x, level = torch.full((2, 3), 0.5, dtype=torch.float64), torch.full((2, 1), 0.5, dtype=torch.float64)
    assert_rejects(rescaled_hybrid_loss, x, x, x, x, x, level / 2, level, num_steps)


@given(term=dyadics(-16384, 65536, 5), num_steps=st.integers(1, 12))
def test_rescaled_bound_equals_sum_of_equal_terms(rescaled_bound, term, num_steps):
    """A bound whose num_steps terms are all like the one seen is their sum."""
    assert_close(rescaled_bound(term, num_steps), term.expand(num_steps, 5).sum(0))


@given(terms=st.integers(2, 12).flatmap(lambda steps: dyadics(-16384, 65536, steps)))
def test_rescaled_bound_is_unbiased(rescaled_bound, terms):
    """Over a uniformly drawn timestep its mean is the sum of all terms."""
    assert_close(rescaled_bound(terms, len(terms)).mean(), terms.sum(), terms.abs().sum())


@pytest.mark.parametrize("num_steps", [0, -1])
def test_rescaled_bound_rejects_chains_without_steps(rescaled_bound, num_steps):
    """A bound without steps has no terms."""
    assert_rejects(rescaled_bound, torch.ones(2, dtype=torch.float64), num_steps)
