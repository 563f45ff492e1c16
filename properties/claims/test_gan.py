"""Worked numbers of adversarial training, and statements about it that are often met and wrong."""

import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from reference.probability.gan import (
    GanParameters,
    gan_training_round,
    gan_value,
    generator_loss_non_saturating,
    generator_loss_saturating,
    optimal_discriminator,
)
from reference.probability.information import jensen_shannon_divergence


@pytest.mark.claim("R003-118", "R003-116", "R004-108")
def test_value_at_the_optimum_is_a_jensen_shannon_divergence():
    """For p_data = (0.5, 0.3, 0.2) and p_g = (0.2, 0.2, 0.6) both forms are -1.205163; if they agree, -1.386294."""
    p_data, p_generator = table(0.5, 0.3, 0.2), table(0.2, 0.2, 0.6)
    assert gan_value(p_data, p_generator, optimal_discriminator(p_data, p_generator)) == printed("-1.205163")
    assert 2 * jensen_shannon_divergence(p_data, p_generator) - math.log(4) == printed("-1.205163")
    assert gan_value(p_data, p_data, optimal_discriminator(p_data, p_data)) == printed("-1.386294")


@pytest.mark.claim("E003-039", "R003-119")
def test_generator_that_passes_has_the_smaller_loss():
    """1 - D is the probability of being generated: from D = 0.1 to 0.9, where the generator fools D, log(1 - D) falls
    from -0.105 to -2.303, and -log D from 2.303 to 0.105.
    """
    caught, passed = (torch.logit(table(d)) for d in (0.1, 0.9))
    assert generator_loss_saturating(caught) == printed("-0.105")
    assert generator_loss_saturating(passed) == printed("-2.303")
    assert generator_loss_non_saturating(caught) == printed("2.303")
    assert generator_loss_non_saturating(passed) == printed("0.105")


@pytest.mark.claim("E003-038")
def test_generator_is_no_encoder_and_discriminator_no_decoder():
    """The generator maps noise, here of one dimension, to data of two, as a decoder does; the discriminator maps a
    sample to one logit, and reconstructs nothing.
    """
    shapes = set()

    def discriminate(d, x):
        shapes.add(("discriminate", x.shape, (x @ d).shape))
        return x @ d

    def generate(g, z):
        shapes.add(("generate", z.shape, (z * g).shape))
        return z * g

    real, noise = torch.ones(1, 3, 2, dtype=torch.float64), torch.ones(2, 5, 1, dtype=torch.float64)
    gan_training_round(discriminate, generate, GanParameters(table(1, 2), table(3, 4)), real, noise, 0.5)
    assert shapes == {("generate", (5, 1), (5, 2)), ("discriminate", (3, 2), (3,)), ("discriminate", (5, 2), (5,))}


@pytest.mark.claim("R003-117", "R003-120")
def test_discriminator_converges_to_the_density_ratio():
    """For one-hot samples of frequencies (3/4, 1/4) and (1/4, 3/4) many steps lead to D = (3/4, 1/4)."""
    outcomes = torch.eye(2, dtype=torch.float64)
    real, fake = outcomes[[0, 0, 0, 1]].expand(60, 4, 2), outcomes[[0, 1, 1, 1]].expand(61, 4, 2)
    start = GanParameters(table(0, 0), table(1))
    trained = gan_training_round(lambda d, x: x @ d, lambda g, z: z * g, start, real, fake, 2.0)
    best = optimal_discriminator(table(0.75, 0.25), table(0.25, 0.75))
    assert trained.discriminator.sigmoid().tolist() == pytest.approx(best.tolist())
