"""Generative adversarial networks: their value on finitely many outcomes, their losses, and a round of training.

D is the probability that the discriminator gives to a sample being real; losses take its logit.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from reference.probability.information import cross_entropy


class GanParameters(NamedTuple):
    """Parameters of the two players, each in one vector."""

    discriminator: Float[Tensor, "discriminator"]
    generator: Float[Tensor, "generator"]


def gan_value(
    p_data: Float[Tensor, "*batch outcomes"],
    p_generator: Float[Tensor, "*batch outcomes"],
    discriminator: Float[Tensor, "*batch outcomes"],
) -> Float[Tensor, "*batch"]:
    """Value of the game, which the discriminator raises and the generator lowers, in nats.

        V(D, G) = sum_x p_data(x) log D(x) + p_g(x) log(1 - D(x)),   0 log 0 = 0

    Concave in D and never positive; -log 4 at D = 1/2 everywhere.

    Domain: 0 <= D <= 1; rows of probabilities. -inf where D is 0 and data occurs, or 1 and generated samples do.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.
    Notes: R003-116, R003-118, R004-108.
    """
    return -cross_entropy(p_data, discriminator) - cross_entropy(p_generator, 1 - discriminator)


def optimal_discriminator(
    p_data: Float[Tensor, "*batch outcomes"], p_generator: Float[Tensor, "*batch outcomes"]
) -> Float[Tensor, "*batch outcomes"]:
    """The discriminator of largest value for a given generator.

        D*(x) = p_data(x) / (p_data(x) + p_g(x)),   logit D*(x) = log(p_data(x) / p_g(x)),
        V(D*, G) = -log 4 + 2 JSD(p_data, p_g)

    Domain: entries >= 0. Where both are 0 every D is as good, and 1/2 is returned, with a gradient of 0.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, proposition 1 and theorem 1.
    Notes: R003-117, R003-118, R004-108.
    """
    total = p_data + p_generator
    occurs = total > 0
    return torch.where(occurs, p_data, 1) / torch.where(occurs, total, 2)


def discriminator_loss(real_logits: Float[Tensor, "*real"], fake_logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """Loss of the discriminator on a batch of real and one of generated samples, in nats.

        -mean log D(real) - mean log(1 - D(fake)),   D = 1 / (1 + exp(-logit))

    It estimates -V: each batch has a mean of its own, so that their sizes do not matter. log 4 at D = 1/2.

    Domain: every real logit; at least one in each batch, else ValueError.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
    Differs: some implementations return half of it, the mean over both batches.
    Notes: R003-116, R003-120.
    """
    _require_samples(real_logits)
    _require_samples(fake_logits)
    return -logsigmoid(real_logits).mean() - logsigmoid(-fake_logits).mean()


def generator_loss_saturating(logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """The generator's part of the value, which it lowers, in nats: the loss of the minimax game.

        mean log(1 - D(fake)),   d/dlogit log(1 - D) = -D

    The slope vanishes at D = 0, where the discriminator is sure that the sample is generated.

    Domain: every real logit; at least one, else ValueError.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.
    Notes: R003-119.
    """
    _require_samples(logits)
    return logsigmoid(-logits).mean()


def generator_loss_non_saturating(logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """Mean negative log probability that the discriminator takes generated samples for real, in nats.

        -mean log D(fake),   d/dlogit (-log D) = -(1 - D)

    Both losses of the generator fall as D rises; this one has (1 - D) / D times the slope.

    Domain: every real logit; at least one, else ValueError.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, section 3.
    Notes: R003-119.
    """
    _require_samples(logits)
    return -logsigmoid(logits).mean()


def gan_training_round(
    discriminate: Callable[[Tensor, Tensor], Tensor],
    generate: Callable[[Tensor, Tensor], Tensor],
    parameters: GanParameters,
    real: Float[Tensor, "steps batch *dims"],
    noise: Float[Tensor, "steps+1 fakes *latents"],
    learning_rate: float,
) -> GanParameters:
    """Parameters after k steps of gradient descent of the discriminator, and then one of the generator.

        k times, on real[i] and G(noise[i]):   d := d - learning_rate grad_d discriminator_loss
        once, on G(noise[k]) with that d:      g := g - learning_rate grad_g generator_loss_non_saturating

    discriminate(d, x) returns logits and generate(g, z) samples. Each gradient is that of one player alone: for the
    discriminator the generated samples are constants, and for the generator d is one.

    Domain: learning_rate >= 0, else ValueError. For k = 0 only the generator moves.
    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 and section 3.
    Differs: algorithm 1 is printed with the saturating loss.
    Notes: R003-120.
    """
    if not learning_rate >= 0:
        raise ValueError(f"learning_rate must not be negative; got {learning_rate}")

    def loss_of_discriminator(d: Tensor, x: Tensor, z: Tensor) -> Tensor:
        return discriminator_loss(discriminate(d, x), discriminate(d, generate(parameters.generator, z)))

    def loss_of_generator(g: Tensor, d: Tensor, z: Tensor) -> Tensor:
        return generator_loss_non_saturating(discriminate(d, generate(g, z)))

    d, g = parameters.discriminator.clone(), parameters.generator
    for x, z in zip(real, noise[:-1], strict=True):
        d = d - learning_rate * torch.func.grad(loss_of_discriminator)(d, x, z)
    return GanParameters(d, g - learning_rate * torch.func.grad(loss_of_generator)(g, d, noise[-1]))


def _require_samples(logits: Tensor) -> None:
    if logits.numel() < 1:
        raise ValueError(f"a mean needs at least one logit; got shape {tuple(logits.shape)}")
