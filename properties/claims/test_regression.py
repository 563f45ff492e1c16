"""A network that learns in-context regression, held against Bayes, and worked numbers of its loss.

A task is y_i = w x_i + 5/8 noise_i with w ~ N(0, 1/2) and x_i in [1/2, 2]; two pairs are context and a third is the
target. Given the context, the target is Gaussian, with moments in closed form. Networks see standardised numbers.
"""

import functools
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from properties.closeness import assert_close
from properties.harness.contracts import map_tensors
from reference.diffusion.posteriors import fixed_large_log_variance
from reference.diffusion.regression import (
    Denoiser,
    Predictor,
    init_denoiser,
    predict_noise,
    regression_loss,
    sample_targets,
)
from reference.diffusion.schedules import alpha_bar_from_betas, extract, linear_beta_schedule
from reference.diffusion.standardization import standardize, unstandardize

WEIGHT_STD, NOISE_STD, STEPS = 0.5**0.5, 0.625, 8
BETAS = linear_beta_schedule(STEPS, 0.05, 0.8)
ALPHA_BAR = alpha_bar_from_betas(BETAS)


Moments = tuple[Tensor, Tensor]


class Tasks(NamedTuple):
    """Standardised inputs and responses; the last pair of each task is the target."""

    x: Tensor
    y: Tensor


def table(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


DRAWS = 256
X_SCALE = table(1.25), table(1.5 / 12**0.5)
Y_SCALE = table(0.0), table((1.75 * WEIGHT_STD**2 + NOISE_STD**2) ** 0.5)


def normal(*shape: int, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def uniform(count: int, generator: torch.Generator) -> Tensor:
    return 0.5 + 1.5 * torch.rand(count, 3, 1, generator=generator, dtype=torch.float64)


def tasks_at(x: Tensor, generator: torch.Generator) -> Tasks:
    weight = WEIGHT_STD * normal(len(x), 1, 1, generator=generator)
    y = x * weight + NOISE_STD * normal(*x.shape, generator=generator)
    return Tasks(standardize(x, *X_SCALE), standardize(y, *Y_SCALE))


def in_own_units(tasks: Tasks) -> Tasks:
    return Tasks(unstandardize(tasks.x, *X_SCALE)[..., 0], unstandardize(tasks.y, *Y_SCALE)[..., 0])


def contexts(count: int) -> Tensor:
    return torch.tensor([True, True, False]).expand(count, 3)


@functools.cache
def trained(seed: int = 0, updates: int = 800, batch: int = 256) -> Denoiser:
    """A network after training on fresh tasks, with timesteps and noise drawn anew for each."""
    generator = torch.Generator().manual_seed(seed)
    leaves: list[Tensor] = []
    parameters = map_tensors(init_denoiser(1, 1, 16, generator), lambda leaf: leaf.requires_grad_())
    map_tensors(parameters, leaves.append)
    optimizer = torch.optim.Adam(leaves, lr=0.01)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    for _ in range(updates):
        x, y = tasks_at(uniform(batch, generator), generator)
        noise = normal(batch, 3, 1, generator=generator)
        timesteps = torch.randint(STEPS, (batch,), generator=generator)
        predict = functools.partial(predict_noise, parameters)
        loss = regression_loss(predict, x, y, noise, ALPHA_BAR, timesteps, contexts(batch)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
    return map_tensors(parameters, Tensor.detach)


def bayes(given: Tasks) -> Moments:
    """Mean and variance of each target given its context."""
    x, y = in_own_units(given)
    precision = 1 / WEIGHT_STD**2 + (x[:, :2] ** 2).sum(1) / NOISE_STD**2
    mean = x[:, 2] * (x[:, :2] * y[:, :2]).sum(1) / NOISE_STD**2 / precision
    return mean, x[:, 2] ** 2 / precision + NOISE_STD**2


def prior(given: Tasks) -> Moments:
    """Mean and variance of each target without its context."""
    x, _ = in_own_units(given)
    return 0 * x[:, 2], WEIGHT_STD**2 * x[:, 2] ** 2 + NOISE_STD**2


def least_squares(given: Tasks) -> Moments:
    """Mean and variance of each target given its context alone, with no prior."""
    x, y = in_own_units(given)
    gain = x[:, 2] / (x[:, :2] ** 2).sum(1)
    return gain * (x[:, :2] * y[:, :2]).sum(1), NOISE_STD**2 * (1 + gain * x[:, 2])


def certain(given: Tasks) -> Moments:
    """Mean and variance of each target if the weight had its posterior mean for certain."""
    return bayes(given)[0], torch.full((len(given.x),), NOISE_STD**2, dtype=torch.float64)


def best_network(moments: Moments) -> Predictor:
    """The noise that is expected in targets of the given means and variances."""
    mean, variance = (part.repeat_interleave(DRAWS)[:, None, None] for part in moments)

    def predict(x: Tensor, y_t: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        alpha_bar_t = extract(ALPHA_BAR, timesteps, 3)
        centred = y_t - alpha_bar_t.sqrt() * mean / Y_SCALE[1]
        return (1 - alpha_bar_t).sqrt() * centred / (alpha_bar_t * variance / Y_SCALE[1] ** 2 + 1 - alpha_bar_t)

    return predict


def best_network_without_mask(x: Tensor, y_t: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
    """The noise that is expected if all of y_t is taken to be at level t, as in training without a context."""
    alpha_bar_t, one = extract(ALPHA_BAR, timesteps, 3), torch.eye(3, dtype=torch.float64)
    x = unstandardize(x, *X_SCALE)
    covariance = (WEIGHT_STD**2 * x @ x.mT + NOISE_STD**2 * one) / Y_SCALE[1] ** 2
    return (1 - alpha_bar_t).sqrt() * torch.linalg.solve(alpha_bar_t * covariance + (1 - alpha_bar_t) * one, y_t)


@functools.cache
def tasks() -> Tasks:
    """Eight tasks at each of four choices of inputs."""
    inputs = torch.stack([table(0.5, 0.5, 2), table(0.5, 2, 2), table(1, 1, 2), table(2, 2, 2)])
    return tasks_at(inputs.repeat(8, 1)[..., None], torch.Generator().manual_seed(2))


def distance(predict: Predictor, noise_scale: float = 1.0) -> float:
    """Mean KL divergence of the Gaussian that fits the samples of each task from its Bayes posterior, in nats."""
    generator = torch.Generator().manual_seed(3)
    x, y = (part.repeat_interleave(DRAWS, 0) for part in tasks())
    y_T, noise = normal(*y.shape, generator=generator), noise_scale * normal(STEPS, *y.shape, generator=generator)
    rest = ALPHA_BAR, range(STEPS), fixed_large_log_variance(BETAS)
    targets = unstandardize(sample_targets(predict, x, y, contexts(len(x)), y_T, noise, *rest), *Y_SCALE)[:, 2]
    samples, (mean, variance) = targets.reshape(-1, DRAWS), bayes(tasks())
    ratio = samples.var(1) / variance
    return ((ratio - ratio.log() - 1 + (samples.mean(1) - mean) ** 2 / variance) / 2).mean().item()


@pytest.mark.claim("R002-018")
def test_trained_network_samples_the_bayes_posterior():
    """After 800 updates the samples of a target have the mean and variance that Bayes gives it, to 0.05 nats of KL.

    The best network is at 0.005, of which 0.004 are owed to samples of 256. Training from 18 seeds ended at 0.0138 on
    average, with a standard deviation of 0.0035 and a maximum of 0.0226: the limit is ten standard deviations away,
    and below every flaw of the next claim.
    """
    assert distance(functools.partial(predict_noise, trained())) < 0.05


@pytest.mark.claim("E002-7")
@pytest.mark.parametrize(
    ("predict", "noise_scale"),
    [
        (best_network(prior(tasks())), 1.0),
        (best_network(least_squares(tasks())), 1.0),
        (best_network(certain(tasks())), 1.0),
        (best_network_without_mask, 1.0),
        (best_network(bayes(tasks())), 0.0),
    ],
    ids=["no context", "no prior", "certain weight", "no mask", "no noise"],
)
def test_flawed_samplers_miss_the_bayes_posterior(predict, noise_scale):
    """Samples of a network that is best without the context, without the prior, for a weight that is certain, or for a
    context at the level of the targets, as in training without a mask, or samples without noise on the way, are more
    than 0.08 nats from the posterior; those of the best network are within 0.01.
    """
    assert distance(predict, noise_scale) > 0.08
    assert distance(best_network(bayes(tasks()))) < 0.01


@pytest.mark.claim("R002-023")
@pytest.mark.parametrize(("alpha_bar", "loss"), [(0.9, 0.9003), (0.5, 0.6657), (0.01, 0.4930)])
def test_first_loss_depends_on_the_noise_in_the_prediction(alpha_bar, loss):
    """E[(epsilon - out)^2] = 1 + E[out^2] - 2 E[epsilon out]: for out = 0.3 y_t and unit-variance data 0.900, 0.666 and
    0.493 at alpha_bar = 0.9, 0.5 and 0.01, not 1 + Var(out) = 1.09, which holds for outputs independent of the noise.
    """
    y_0, noise = torch.cartesian_prod(table(-1, 1), table(-1, 1)).T[:, :, None, None]
    level, timesteps = table(alpha_bar), torch.zeros(4, dtype=torch.int64)
    context, other = torch.zeros(4, 1, dtype=torch.bool), 0.3 * table(1, -1, -1, 1)[:, None, None]
    given = y_0, y_0, noise, level, timesteps, context
    losses = regression_loss(lambda x, y_t, t, context: 0.3 * y_t, *given)
    assert losses.mean().item() == pytest.approx(loss, abs=5e-5)
    assert_close(losses.mean(), 1 + 0.09 - 0.6 * (1 - alpha_bar) ** 0.5, 2)
    assert_close(regression_loss(lambda *_: other, *given).mean(), 1.09, 2)
    assert_close(regression_loss(lambda *_: torch.zeros_like(noise), *given).mean(), 1, 1)
