"""Laws of `reference.diffusion.guidance`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_close, assert_equal
from properties.oracles import implied
from properties.rejection import assert_rejects
from properties.strategies import distributions, dyadics, levels, levels_and, normals

SHAPE = (2, 5, 3)
SCALES = st.integers(-12, 20).map(lambda k: k / 4)


def gaussians(*shape):
    """Means, and variances that are powers of two, so that scores are exact in float32."""
    return st.tuples(normals(*shape), dyadics(-2, 2, *shape, grid=1).map(torch.exp2))


def score(x, mean, variance):
    return (mean - x) / variance


def score_of_product(x, *factors):
    """Score of the product of N(mean, variance)^power at x, for natural parameters add up, and its largest term."""
    precision = sum(power / variance for (_, variance), power in factors)
    pull = sum(power * mean / variance for (mean, variance), power in factors)
    size = sum(abs(power) * (mean.abs() + x.abs()) / variance for (mean, variance), power in factors)
    return pull - precision * x, size


def spread(values):
    """Standard deviation of each sample: half the mean squared difference over all pairs is the variance."""
    flat = values.flatten(1)
    return ((flat[:, :, None] - flat[:, None]).square().mean((1, 2)) / 2).sqrt()[:, None, None, None]


@given(
    x_t=normals(3, 2),
    mean=normals(5, 2),
    variance=dyadics(-2, 2, 5, 1, grid=1).map(torch.exp2),
    prior=distributions(5, 5),
    labels=dyadics(0, 4, 3, grid=1).map(torch.Tensor.long),
)
def test_classifier_gradient_leads_from_mixture_to_class(classifier_gradient, x_t, mean, variance, prior, labels):
    """By Bayes the gradient is the score of the class less that of the mixture, whatever all logits have in common."""

    def logits_of(x):
        density = -(x[:, None] - mean).square() / (2 * variance) - variance.log() / 2
        return density.sum(2) + prior.log() + x.square().sum(1, keepdim=True)

    of_class, logits = score(x_t[:, None], mean, variance), logits_of(x_t)
    weight = torch.as_tensor(special.softmax(logits.numpy(), 1))
    of_mixture = (weight[..., None] * of_class).sum(1)
    terms = (of_class.abs() + 2 * x_t[:, None].abs()).sum(1)
    size = (1 + logits.abs().amax(1, keepdim=True) + 2 * x_t.square().sum(1, keepdim=True)) * terms
    assert_close(classifier_gradient(logits_of, x_t, labels), of_class[range(3), labels] - of_mixture, size)


@given(
    x_t=dyadics(-64, 64, 2, 3, 5, grid=64),
    weight=dyadics(-64, 64, 3, 5, grid=64),
    bias=dyadics(-64, 64, grid=64),
    steepness=st.sampled_from([1, 4096]),
)
def test_classifier_gradient_equals_that_of_logistic_regression(classifier_gradient, x_t, weight, bias, steepness):
    """Of two classes at log odds w x + b = z, one has the gradient w / (1 + e^z) and the other -w / (1 + e^-z)."""
    weight, bias = steepness * weight, steepness * bias
    odds = (x_t * weight).sum((1, 2)) + bias

    def logits_of(x):
        return torch.stack([x.sum((1, 2)), x.sum((1, 2)) + (x * weight).sum((1, 2)) + bias], 1)

    expected = torch.tensor([-1, 1]) * torch.as_tensor(special.expit((odds * torch.tensor([1, -1])).numpy()))
    gradient = classifier_gradient(logits_of, x_t, torch.tensor([0, 1]))
    size = (1 + x_t.abs().sum((1, 2), keepdim=True)) * (1 + weight.abs())
    assert_close(gradient, expected[:, None, None] * weight, size)


@given(mean=normals(2, 3), slope=dyadics(-64, 64, 2, 3, grid=64), deviation=dyadics(0, 64, 2, 3, grid=64), scale=SCALES)
def test_classifier_guided_mean_equals_mean_of_tilted_density(classifier_guided_mean, mean, slope, deviation, scale):
    """N(mean, variance) p(y | x)^scale with log p(y | x) linear in x, normalised on a grid, has the guided mean."""
    grid = torch.arange(-48, 49, dtype=torch.float64)[:, None, None] / 2
    weight = torch.softmax(scale * slope * deviation * grid - grid**2 / 2, 0)
    expected = mean + deviation * (weight * grid).sum(0)
    size = mean.abs() + deviation * (1 + (scale * slope * deviation).abs())
    assert_close(classifier_guided_mean(mean, slope, deviation**2, scale), expected, size)


@given(
    mean=normals(2, 3),
    slope=normals(2, 3),
    curvature=dyadics(0, 256, 2, 3, grid=64),
    variance=dyadics(1, 256, 2, 1, grid=64),
    scale=SCALES.map(abs),
)
def test_classifier_guided_mean_exceeds_product_by_square_of_variance(
    classifier_guided_mean, mean, slope, curvature, variance, scale
):
    """For log p(y | x) of slope g and curvature -a the mean is too far by just variance^2 a g / (1 + a variance)."""
    g, a = scale * slope, scale * curvature
    exact = (mean / variance + g + a * mean) / (1 / variance + a)
    error = variance**2 * a * g / (1 + a * variance)
    guided = classifier_guided_mean(mean, slope, variance, scale)
    assert_close(guided, exact + error, mean.abs() + variance * g.abs())


@given(
    x_t=normals(4, 2, 3),
    prior=gaussians(4, 2, 3),
    likelihood=gaussians(4, 2, 3),
    alpha_bar_t=levels_and(0.0, 1.0, axes=2),
    scale=SCALES,
)
def test_classifier_guided_epsilon_multiplies_by_likelihood(
    classifier_guided_epsilon, x_t, prior, likelihood, alpha_bar_t, scale
):
    """-epsilon / sqrt(1 - alpha_bar_t) becomes the score of q(x_t) p(y | x_t)^scale; without noise nothing changes."""
    root = (1 - alpha_bar_t).sqrt()
    expected, size = score_of_product(x_t, (prior, 1), (likelihood, scale))
    guided = classifier_guided_epsilon(-root * score(x_t, *prior), score(x_t, *likelihood), alpha_bar_t, scale)
    assert_close(guided, -root * expected, root * size)


@given(x=normals(*SHAPE), unconditional=gaussians(*SHAPE), conditional=gaussians(*SHAPE), scale=SCALES)
def test_classifier_free_guidance_tempers_likelihood(classifier_free_guidance, x, unconditional, conditional, scale):
    """Guided scores are those of p(x) p(y | x)^scale = p(x)^(1 - scale) p(x | y)^scale, in each of five channels."""
    expected, size = score_of_product(x, (unconditional, 1 - scale), (conditional, scale))
    guided = classifier_free_guidance(score(x, *unconditional), score(x, *conditional), scale)
    assert_close(guided, expected, size + abs(scale) * score(x, *unconditional).abs())


@pytest.mark.parametrize(("scale", "which"), [(0.0, 0), (1.0, 1)])
@given(predictions=normals(2, 2, 3, 5))
def test_classifier_free_guidance_reduces_to_a_prediction_at_ends(classifier_free_guidance, predictions, scale, which):
    """Scale 0 is the unconditional prediction, and scale 1 the conditional one."""
    guided = classifier_free_guidance(*predictions, scale)
    assert_close(guided, predictions[which], predictions.abs().sum(0))


@given(
    x_t=normals(2, 3),
    predictions=normals(2, 2, 3),
    alpha_bar_t=levels(2, 1),
    scale=SCALES,
    wanted=st.sampled_from(["x_0", "v", "score"]),
)
def test_classifier_free_guidance_commutes_with_conversion(
    classifier_free_guidance, x_t, predictions, alpha_bar_t, scale, wanted
):
    """Guided clean data, velocities and scores are what the guided noise implies: coefficients that sum to one."""

    def converted(noise):
        return implied(wanted, alpha_bar_t, epsilon=noise, x_t=x_t)

    unconditional, conditional = predictions
    mixed = (1 - scale) * unconditional + scale * conditional
    gain = 1 / (alpha_bar_t * (1 - alpha_bar_t)).sqrt()
    size = (1 + abs(scale)) * gain * (x_t.abs() + predictions.abs().sum(0))
    assert_close(classifier_free_guidance(*map(converted, predictions), scale), converted(mixed), size)


@given(x=normals(*SHAPE), unconditional=gaussians(*SHAPE), conditional=gaussians(*SHAPE), weight=SCALES)
def test_classifier_free_guidance_by_weight_sharpens_condition(
    classifier_free_guidance_by_weight, x, unconditional, conditional, weight
):
    """Guided scores are those of p(x | y) p(y | x)^weight = p(x | y)^(1 + weight) / p(x)^weight."""
    expected, size = score_of_product(x, (unconditional, -weight), (conditional, 1 + weight))
    guided = classifier_free_guidance_by_weight(score(x, *unconditional), score(x, *conditional), weight)
    assert_close(guided, expected, size + abs(weight) * score(x, *conditional).abs())


@pytest.mark.parametrize(("weight", "scale"), [(-2.0, -1.0), (-1.0, 0.0), (0.0, 1.0), (6.5, 7.5)])
@given(predictions=normals(2, 2, 3))
def test_guidance_scale_from_weight_joins_both_forms(
    guidance_scale_from_weight,
    classifier_free_guidance,
    classifier_free_guidance_by_weight,
    predictions,
    weight,
    scale,
):
    """A weight of w is a scale of 1 + w: -1 and 0 are unconditional, 0 and 1 conditional."""
    unconditional, conditional = predictions
    expected = conditional + weight * (conditional - unconditional)
    size = (2 + abs(weight)) * predictions.abs().sum(0)
    assert_equal(guidance_scale_from_weight(weight), scale)
    assert_close(classifier_free_guidance(unconditional, conditional, scale), expected, size)
    assert_close(classifier_free_guidance_by_weight(unconditional, conditional, weight), expected, size)


@given(x=normals(*SHAPE), negative=gaussians(*SHAPE), positive=gaussians(*SHAPE), scale=SCALES)
def test_negative_prompt_guidance_divides_by_negative(negative_prompt_guidance, x, negative, positive, scale):
    """Guided scores are those of p(x | positive)^scale / p(x | negative)^(scale - 1)."""
    expected, size = score_of_product(x, (negative, 1 - scale), (positive, scale))
    guided = negative_prompt_guidance(score(x, *negative), score(x, *positive), scale)
    assert_close(guided, expected, size + abs(scale) * score(x, *negative).abs())


@given(prompts=normals(2, 2, 5, 3), scale=SCALES)
def test_negative_prompt_guidance_is_symmetric_about_the_middle(negative_prompt_guidance, prompts, scale):
    """Exchanged prompts at 1 - scale give the same, so that the results at both scales add up to the two prompts."""
    here, there = negative_prompt_guidance(*prompts, scale), negative_prompt_guidance(*prompts.flip(0), 1 - scale)
    opposite = negative_prompt_guidance(*prompts, 1 - scale)
    size = (2 + 2 * abs(scale)) * prompts.abs().sum(0)
    assert_close(here - there, torch.zeros_like(here), size)
    assert_close(here + opposite, prompts.sum(0), size)


@given(
    x=normals(*SHAPE),
    unconditional=gaussians(*SHAPE),
    positive=gaussians(*SHAPE),
    negative=gaussians(*SHAPE),
    positive_scale=SCALES,
    negative_scale=SCALES,
)
def test_negative_and_unconditional_guidance_multiplies_and_divides(
    negative_and_unconditional_guidance, x, unconditional, positive, negative, positive_scale, negative_scale
):
    """Guided scores are those of p(x) p(positive | x)^positive_scale / p(negative | x)^negative_scale."""
    rest = 1 - positive_scale + negative_scale
    expected, size = score_of_product(x, (unconditional, rest), (positive, positive_scale), (negative, -negative_scale))
    scores = [score(x, *each) for each in (unconditional, positive, negative)]
    guided = negative_and_unconditional_guidance(*scores, positive_scale, negative_scale)
    size = size + (1 + abs(positive_scale) + abs(negative_scale)) * scores[0].abs()
    assert_close(guided, expected, size)


@given(unconditional=normals(2, 3), prompts=normals(2, 2, 3), scale=SCALES)
def test_negative_and_unconditional_guidance_reduces_to_negative_prompt(
    negative_and_unconditional_guidance, negative_prompt_guidance, unconditional, prompts, scale
):
    """At negative_scale = positive_scale - 1 both forms are positive_scale positive - negative_scale negative."""
    negative, positive = prompts
    guided = negative_and_unconditional_guidance(unconditional, positive, negative, scale, scale - 1)
    expected = scale * positive - (scale - 1) * negative
    size = (2 + 2 * abs(scale)) * (unconditional.abs() + prompts.abs().sum(0))
    assert_close(guided, expected, size)
    assert_close(negative_prompt_guidance(negative, positive, scale), expected, size)


@given(guided=normals(2, 5, 3, 2), conditional=normals(2, 5, 3, 2), phi=dyadics(0, 4, grid=4).map(float))
def test_rescale_guidance_mixes_standard_deviations(rescale_guidance, guided, conditional, phi):
    """Each sample keeps its direction, and its deviation becomes phi times the conditional one plus 1 - phi its own."""
    flat = spread(guided) == 0
    own, other = torch.where(flat, 1, spread(guided)), torch.where(flat, 1, spread(conditional))
    largest = [each.abs().amax((1, 2, 3), keepdim=True) for each in (guided, conditional)]
    size = phi * (largest[1] + other * largest[0] / own) / own + 1
    expected = guided * (phi * other + (1 - phi) * own) / own
    assert_close(rescale_guidance(guided, conditional, phi), expected, guided.abs() * size)


@pytest.mark.parametrize(
    ("shape", "value", "factor"), [((1, 9), 0.1, 1.0), ((3, 1), -3.0, 1.0), ((2, 5, 3), 0.625, 2.0)]
)
@given(data=st.data())
def test_rescale_guidance_keeps_predictions_without_spread(rescale_guidance, shape, value, factor, data):
    """A sample of equal elements stays as it is; at phi = 1/2 one with a third of the wanted deviation is doubled."""
    guided = torch.full(shape, value, dtype=torch.float64)
    guided[1:] += torch.arange(guided[1:].numel()).reshape(guided[1:].shape)
    conditional = torch.cat([data.draw(normals(1, *shape[1:])), 3 * guided[1:]])
    rescaled = rescale_guidance(guided, conditional, 0.5)
    assert_close(rescaled[:1], guided[:1])
    assert_close(rescaled[1:], factor * guided[1:])


@pytest.mark.parametrize("phi", [-0.25, 1.25, math.nan])
def test_rescale_guidance_rejects_impossible_mixtures(rescale_guidance, phi):
    """A phi outside [0, 1] mixes nothing."""
    assert_rejects(rescale_guidance, torch.eye(3, dtype=torch.float64), torch.eye(3, dtype=torch.float64), phi)


@given(x_0=normals(*SHAPE), sixteenths=st.integers(0, 16))
def test_dynamic_threshold_clips_at_sorted_quantile(dynamic_threshold, x_0, sixteenths):
    """The bound, at least 1, lies at `quantile` of the way through the sorted |x_0| of a sample."""
    place = Fraction(sixteenths, 16) * 14
    below, share = place.numerator // place.denominator, float(place % 1)
    ordered = x_0.abs().flatten(1).sort(1).values
    s = ordered[:, below] * (1 - share) + ordered[:, min(below + 1, 14)] * share
    s = torch.where(s > 1, s, 1)[:, None, None]
    expected = torch.where(x_0.abs() < s, x_0 / s, x_0.sign())
    assert_close(dynamic_threshold(x_0, sixteenths / 16), expected, expected.abs())


@given(within=dyadics(-4096, 4096, 1, 5, 3, 2), outside=normals(1, 5, 3, 2), quantile=dyadics(0, 8, grid=8).map(float))
def test_dynamic_threshold_keeps_data_in_range(dynamic_threshold, within, outside, quantile):
    """Samples in [-1, 1] stay as they are; at quantile 1 others are divided by their own largest value."""
    x_0 = torch.cat([within, outside + 5])
    assert_equal(dynamic_threshold(x_0, quantile)[:1], within)
    assert_close(dynamic_threshold(x_0, 1.0)[1:], (outside + 5) / (outside + 5).max())


@pytest.mark.parametrize("quantile", [-0.125, 1.125, math.nan])
def test_dynamic_threshold_rejects_impossible_quantiles(dynamic_threshold, quantile):
    """A percentile in percent, or a negative one, is no quantile."""
    assert_rejects(dynamic_threshold, torch.eye(3, dtype=torch.float64), quantile)


@given(
    x_t=normals(2, 3),
    mean=normals(3, 3),
    exponent=dyadics(-2, 2, 3, 1, grid=1),
    scale=SCALES,
)
def test_guided_prediction_tempers_condition(guided_prediction, x_t, mean, exponent, scale):
    """A denoiser that knows the score of a Gaussian from mean and log2 variance gives that of the tempered product.

    It is handed a condition for each sample, also where there is none.
    """

    def denoiser(x, c):
        assert_equal(len(c), len(x))
        return score(x, c[:, 1:], c[:, :1].exp2())

    table, variance = torch.cat([exponent, mean], 1), exponent.exp2()
    expected, size = score_of_product(x_t, ((mean[2], variance[2]), 1 - scale), ((mean[:2], variance[:2]), scale))
    guided = guided_prediction(denoiser, x_t, table[:2], table[2], scale)
    assert_close(guided, expected, size + abs(scale) * score(x_t, mean[2], variance[2]).abs())


@pytest.mark.parametrize(("scale", "conditional"), [(0.0, False), (1.0, True)])
@given(x_t=normals(2, 5, 3), condition=normals(2, 3), null=normals(3))
def test_guided_prediction_reduces_to_a_prediction_at_ends(guided_prediction, x_t, condition, null, scale, conditional):
    """Scale 1 is what the denoiser says with every condition in place, and scale 0 with none."""

    def denoiser(x, c):
        return x * c[:, None].square() - c[:, None]

    expected = denoiser(x_t, condition if conditional else null.expand(2, 3))
    size = x_t.abs() * (condition**2 + null**2)[:, None] + (condition.abs() + null.abs())[:, None]
    assert_close(guided_prediction(denoiser, x_t, condition, null, scale), expected, size)
