"""Laws of `reference.probability.gan`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, simplex, unit
from reference.probability.gan import GanParameters

# Probabilities of the discriminator are 4096ths.
LARGEST_LOG = math.log(4096)


def far(*shape):
    """Logits up to 1024, or up to 40, where a sum of 1 and exp(-logit) is rounded to 1 from 37 on."""
    return st.one_of(dyadics(-(2**22), 2**22, *shape), dyadics(-40 * 4096, 40 * 4096, *shape))


def log_expit(logits):
    return torch.as_tensor(special.log_expit(logits.numpy()))


def discriminate(d, x):
    return x @ d


def generate(g, z):
    return torch.cat([z * g[0] + g[1], z * g[2]], -1)


def round_of_training(d, g, real, noise, learning_rate):
    """Both players after a round, with the gradients of -log D and -log(1 - D), 1 - D and D times those of logits."""
    fakes = generate(g, noise)
    for x, fake in zip(real, fakes, strict=False):
        up = (x * torch.special.expit(-x @ d)[:, None]).mean(0)
        down = (fake * torch.special.expit(fake @ d)[:, None]).mean(0)
        d = d + learning_rate * (up - down)
    pull = torch.special.expit(-fakes[-1] @ d)[:, None] * d
    z = noise[-1]
    return d, g + learning_rate * torch.stack([(pull[:, :1] * z).mean(), pull[:, 0].mean(), (pull[:, 1:] * z).mean()])


@given(p_data=simplex(2, 3, 5), p_generator=simplex(2, 3, 5), discriminator=dyadics(0, 4096, 2, 3, 5))
def test_gan_value_equals_expected_log_probability_of_being_right(gan_value, p_data, p_generator, discriminator):
    """V = E log D(x) over the data + E log(1 - D(x)) over the generator, where 0 log 0 = 0."""
    right = special.xlogy(p_data.numpy(), discriminator.numpy())
    right += special.xlog1py(p_generator.numpy(), -discriminator.numpy())
    observed = gan_value(p_data, p_generator, discriminator)
    assert_close(observed, torch.as_tensor(right).sum(-1), 1 + 2 * LARGEST_LOG)


@given(p_data=simplex(2, 5), p_generator=simplex(2, 5), one=dyadics(1, 4095, 2, 5), other=dyadics(1, 4095, 2, 5))
def test_gan_value_is_concave_in_discriminator(gan_value, p_data, p_generator, one, other):
    """Halfway between two discriminators V is at least the mean of theirs; at D = 1/2 it is -log 4, and never > 0."""
    tables = torch.stack([one, other, (one + other) / 2, torch.full((2, 5), 0.5)])
    values = gan_value(p_data.expand(4, 2, 5), p_generator.expand(4, 2, 5), tables)
    assert_at_most((values[0] + values[1]) / 2, values[2], 1 + 2 * LARGEST_LOG)
    assert_at_most(values[2], 0)
    assert_close(values[3], -math.log(4))


@pytest.mark.autograd
@given(p_data=simplex(2, 3, 5), p_generator=simplex(2, 3, 5))
def test_optimal_discriminator_has_density_ratio_as_odds(optimal_discriminator, p_data, p_generator):
    """logit D* = log(p_data / p_g), and D* is 1/2, with a gradient of 0, where both miss an outcome."""
    p_data.requires_grad_()
    observed = optimal_discriminator(p_data, p_generator)
    nobody = p_data + p_generator == 0
    (slope,) = torch.autograd.grad(observed.sum(), p_data)
    odds = torch.where(nobody, 1, p_data.detach() / p_generator)
    assert_close(observed, torch.where(odds == math.inf, 1, odds / (1 + odds)))
    expected = p_generator / torch.where(nobody, 1, (p_data + p_generator) ** 2)
    assert_close(slope.to(observed.dtype), torch.where(nobody, 0, expected), 1 / (p_data + p_generator))


@given(p_data=simplex(2, 5), p_generator=simplex(2, 5), other=dyadics(0, 4096, 3, 2, 10))
def test_optimal_discriminator_maximises_value(
    optimal_discriminator, gan_value, jensen_shannon_divergence, p_data, p_generator, other
):
    """V(D*, G) = -log 4 + 2 JSD(p_data, p_g), and no other D has more: -log 4 for p_g = p_data, 0 if none is shared."""
    nowhere = torch.zeros_like(p_data)
    pairs = ((p_generator, nowhere), (p_data, nowhere), (nowhere, p_generator))
    generators = torch.stack([torch.cat(pair, -1) for pair in pairs])
    data = torch.cat([p_data, nowhere], -1).expand_as(generators)
    best, size = gan_value(data, generators, optimal_discriminator(data, generators)), 1 + 2 * math.log(128)
    assert_close(best, 2 * jensen_shannon_divergence(data, generators) - math.log(4), size)
    assert_close(best[1:], torch.tensor([[-math.log(4)], [0]], dtype=torch.float64), size)
    assert_at_most(gan_value(data, generators, other), best, 1 + 2 * LARGEST_LOG)


@given(real_logits=far(2, 3), fake_logits=far(5))
def test_discriminator_loss_equals_sum_of_two_means(discriminator_loss, real_logits, fake_logits):
    """It is -mean log D(real) - mean log(1 - D(fake)), to all digits also where D is next to 0 or 1."""
    expected = -log_expit(real_logits).mean() - log_expit(-fake_logits).mean()
    assert_close(discriminator_loss(real_logits, fake_logits), expected)


@pytest.mark.autograd
@given(real_logits=normals(2, 3), fake_logits=normals(5))
def test_discriminator_loss_has_probabilities_of_error_as_slopes(discriminator_loss, real_logits, fake_logits):
    """The slope at a real logit is -(1 - D) over the number of real samples, at a fake one D over that of fakes."""
    logits = real_logits.requires_grad_(), fake_logits.requires_grad_()
    loss = discriminator_loss(*logits)
    slopes = [slope.to(loss.dtype) for slope in torch.autograd.grad(loss, logits)]
    assert_close(slopes[0], -torch.special.expit(-real_logits) / 6, 1 / 6)
    assert_close(slopes[1], torch.special.expit(fake_logits) / 5, 1 / 5)


@given(logits=far(2, 3))
def test_generator_loss_saturating_equals_mean_log_probability_of_being_caught(generator_loss_saturating, logits):
    """It is the mean of log(1 - D), to all digits also where D is next to 0 or 1."""
    assert_close(generator_loss_saturating(logits), log_expit(-logits).mean())


@given(logits=far(2, 3))
def test_generator_loss_non_saturating_equals_mean_surprise_of_passing(generator_loss_non_saturating, logits):
    """It is the mean of -log D, to all digits also where D is next to 0 or 1."""
    assert_close(generator_loss_non_saturating(logits), -log_expit(logits).mean())


@pytest.mark.autograd
@given(logits=normals(5))
def test_generator_loss_non_saturating_has_steeper_slope_where_discriminator_is_sure(
    generator_loss_non_saturating, generator_loss_saturating, logits
):
    """The slopes of the losses are D - 1 and -D over the number of samples: both fall as D rises, at a ratio of
    (1 - D) / D.
    """
    logits.requires_grad_()
    strong, weak = generator_loss_non_saturating(logits), generator_loss_saturating(logits)
    slopes = [torch.autograd.grad(loss, logits)[0].to(loss.dtype) for loss in (strong, weak)]
    assert_close(slopes[0], -torch.special.expit(-logits) / 5, 1 / 5)
    assert_close(slopes[1], -torch.special.expit(logits) / 5, 1 / 5)
    # Slopes are off by roundings of 1 / 5, the ratio by those over the slope below.
    assert_close(slopes[0] / slopes[1], torch.exp(-logits), (1 + torch.exp(-logits)) / torch.special.expit(logits))


def test_discriminator_loss_rejects_empty_batches(
    discriminator_loss, generator_loss_saturating, generator_loss_non_saturating
):
    """A mean needs a sample, a real one and a generated one."""
    some, none = torch.zeros(2, dtype=torch.float64), torch.zeros(3, 0, dtype=torch.float64)
    assert_close(discriminator_loss(some, some[:1]), math.log(4))
    assert_rejects(discriminator_loss, some, none)
    assert_rejects(discriminator_loss, none, some)
    assert_rejects(generator_loss_saturating, none)
    assert_rejects(generator_loss_non_saturating, none)


@pytest.mark.autograd
@pytest.mark.parametrize("num_steps", [0, 2])
@given(d=normals(2), g=normals(3), samples=unit(2, 5, 2), latents=dyadics(-4096, 4096, 3, 7, 1))
def test_gan_training_round_descends_each_loss_in_turn(gan_training_round, num_steps, d, g, samples, latents):
    """k times d falls against grad_d of its loss on new fakes while g rests; then g falls against grad_g of -log D."""
    real, noise = samples[:num_steps], latents[: num_steps + 1]
    observed = gan_training_round(discriminate, generate, GanParameters(d, g), real, noise, 1 / 16)
    expected = round_of_training(d, g, real, noise, 1 / 16)
    # Samples are shorter than 9, logits below 64. The curvature of the loss in d is below 1 / rate: no error grows.
    size = 4 + 9 * num_steps
    assert_close(observed.discriminator, expected[0], size)
    assert_close(observed.generator, expected[1], 9 + size)


@pytest.mark.autograd
@pytest.mark.parametrize("rate", [-0.125, math.nan])
def test_gan_training_round_rejects_negative_rates(gan_training_round, rate):
    """A rate below 0 climbs; at 0 both players stay where they are."""
    real, noise = torch.ones(1, 5, 2, dtype=torch.float64), torch.ones(2, 7, 1, dtype=torch.float64)
    parameters = GanParameters(real[0, 0] / 2, noise[0, :3, 0] / 4)
    observed = gan_training_round(discriminate, generate, parameters, real, noise, 0.0)
    assert_equal(observed.discriminator, parameters.discriminator)
    assert_equal(observed.generator, parameters.generator)
    assert_rejects(gan_training_round, discriminate, generate, parameters, real, noise, rate)
