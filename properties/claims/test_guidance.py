"""Worked numbers of guidance and conditioning, and statements about them that are often met and wrong."""

import pytest
import torch
from scipy import integrate, special, stats
from torch import Tensor

from properties.closeness import assert_close, assert_equal
from reference.diffusion.conditioning import cross_attention
from reference.diffusion.forward import q_mean_variance
from reference.diffusion.guidance import classifier_free_guidance, classifier_gradient, classifier_guided_mean
from reference.diffusion.parameterizations import epsilon_from_x_0, x_0_from_epsilon


def table(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


@pytest.mark.claim("R003-149", "R004-104")
@pytest.mark.parametrize(("noise", "exact", "guided"), [(1.0, 0.0198, 0.02), (0.1, 0.1818, 0.2), (0.01, 1.0, 2.0)])
def test_guided_mean_overshoots_where_the_likelihood_is_narrow(noise, exact, guided):
    """For N(0, 0.01) and y = 2 seen with variance t^2 the guided mean is 1 + 0.01 / t^2 times the exact one, so twice
    as far at t^2 = 0.01: guidance is right to first order in the variance only.
    """
    density = stats.norm(scale=0.1)
    moments = [
        integrate.quad(lambda x, k=k: x**k * density.pdf(x) * stats.norm.pdf(2, x, noise**0.5), -1, 3, points=[0, 1])[0]
        for k in (0, 1)
    ]
    shifted = classifier_guided_mean(table(0), table(2 / noise), table(0.01), 1.0)
    assert moments[1] / moments[0] == pytest.approx(exact, rel=1e-3)
    assert shifted == pytest.approx(guided)
    assert shifted == pytest.approx(moments[1] / moments[0] * (1 + 0.01 / noise), rel=1e-6)


@pytest.mark.claim("R004-105")
def test_shifted_mean_is_not_that_of_the_tilted_density():
    """N(0, 1) sigmoid(x)^10 has the mean 1.712, and the mean shifted by 10 d/dx log sigmoid(0) is 5: they agree for log
    p(y | x) linear in x only.
    """
    tilted = [
        integrate.quad(lambda x, k=k: x**k * stats.norm.pdf(x) * special.expit(x) ** 10, -12, 12)[0] for k in (0, 1)
    ]
    slope = classifier_gradient(lambda x: torch.cat([torch.zeros_like(x), x], 1), table(0)[:, None], torch.tensor([1]))
    shifted = classifier_guided_mean(table(0)[:, None], slope, table(1)[:, None], 10.0)
    assert tilted[1] / tilted[0] == pytest.approx(1.712, abs=5e-4)
    assert_close(shifted, [[5.0]])


@pytest.mark.claim("R004-106")
@pytest.mark.parametrize(("alpha_bar", "accuracy"), [(0.99, 1.0), (0.5, 0.9772), (0.1, 0.7475), (4.0358e-5, 0.5051)])
def test_classifier_of_noisy_data_cannot_beat_the_noise(alpha_bar, accuracy):
    """Of two points at distance 4 the best classifier of x_t finds Phi(2 sqrt(alpha_bar_t / (1 - alpha_bar_t))), which
    falls to a half: one trained on clean data is always sure.
    """
    means, variance = q_mean_variance(table(-2, 2)[:, None], table(alpha_bar)[:, None])
    scale = variance.sqrt().item()
    densities = [stats.norm(mean, scale) for mean in means.flatten().tolist()]
    best = integrate.quad(lambda x: max(d.pdf(x) for d in densities) / 2, -16, 16, points=[-2, 0, 2], limit=200)[0]
    assert best == pytest.approx(accuracy, abs=5e-5)
    assert best == pytest.approx(stats.norm.cdf(2 * (alpha_bar / (1 - alpha_bar)) ** 0.5), rel=1e-6)


@pytest.mark.claim("R003-150")
def test_clipped_forms_of_guidance_differ():
    """Clean data predicted as 1.5 without and as 1 with a condition is guided to 0.5 at scale 2, as noise or as data;
    clipped to [-1, 1] first, the predictions are equal and stay at 1.
    """
    unconditional, conditional, x_t, level = table(1.5), table(1), table(0.25), table(0.5)
    noises = [epsilon_from_x_0(x_t, x_0, level) for x_0 in (unconditional, conditional)]
    assert_close(x_0_from_epsilon(x_t, classifier_free_guidance(*noises, 2.0), level), table(0.5), 4.0)
    assert_equal(classifier_free_guidance(unconditional, conditional, 2.0), table(0.5))
    assert_equal(classifier_free_guidance(unconditional.clamp(-1, 1), conditional.clamp(-1, 1), 2.0), table(1))


@pytest.mark.claim("E003-052")
def test_text_to_image_blocks_keep_self_attention():
    """Blocks of Stable Diffusion 1.5 have self-attention, cross-attention and a feed-forward part: with the text's
    values at zero their image tokens still mix, which cross-attention alone never does.
    """
    image, text = table(*range(15)).sin().reshape(3, 5), table(*range(28)).cos().reshape(4, 7)
    query, to_text = table(*range(30)).cos().reshape(6, 5), table(*range(42)).sin().reshape(6, 7)
    to_image, silent = query.flip(0), torch.zeros(5, 7, dtype=torch.float64)

    def cross(tokens, values):
        return tokens + cross_attention(tokens, text, query, to_text, values)

    def block(tokens):
        attended = tokens + cross_attention(tokens, tokens, query, to_image, torch.eye(5, dtype=torch.float64))
        return cross(attended, silent)

    def reach(layer):
        jacobian = torch.autograd.functional.jacobian(layer, image)
        return jacobian.abs().amax((1, 3)) > 0

    assert_equal(reach(lambda tokens: cross(tokens, silent + 1)), torch.eye(3, dtype=torch.bool))
    assert_equal(reach(block), torch.ones(3, 3, dtype=torch.bool))
