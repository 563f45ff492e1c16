"""Laws of `reference.diffusion.editing`.

Noise enters linearly. A batch that holds no noise in its first row, and one unit of a single noise in each other row,
therefore shows the mean and every coefficient, and with them all covariances.
"""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import signal_and_noise
from properties.rejection import assert_rejects
from properties.strategies import dyadics, level_tables, levels_and, masks, normals
from reference.diffusion.editing import InpaintingNoise

REVERSE, KNOWN, JUMP = range(3)


@given(timesteps=st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=12), share=st.integers(0, 99))
def test_strength_timesteps_keeps_cleanest_steps(strength_timesteps, timesteps, share):
    """A strength of (k + 1/2) / n keeps the k cleanest of n timesteps, in whatever order they are given."""
    count, ascending = share % len(timesteps), sorted(timesteps)
    assert_equal(strength_timesteps(timesteps, (count + 0.5) / len(timesteps)), tuple(ascending[:count]))


@pytest.mark.parametrize(
    ("count", "strength", "kept"),
    [(100, 0.29, 29), (50, 0.58, 29), (3, 1 / 3, 1), (10, 0.7, 7), (10, 0.3 - 2**-30, 2), (7, 1.0, 7), (7, 0.0, 0)],
)
def test_strength_timesteps_counts_whole_shares(strength_timesteps, count, strength, kept):
    """A strength of k / n keeps k of n timesteps, also where the product of the floats falls short of k."""
    assert_equal(strength_timesteps(range(count), strength), tuple(range(kept)))


@pytest.mark.parametrize(("count", "strength", "kept"), [(100, 0.29, 29), (50, 0.58, 29), (3, 1 / 3, 1), (10, 0.7, 7)])
def test_image_to_image_takes_whole_shares(image_to_image, count, strength, kept):
    """A strength of k / n takes k of n steps, also where the product of the floats falls short of k; the last step
    returns what the denoiser says.
    """
    asked, x_0 = [], torch.ones(2, 3, dtype=torch.float64)

    def denoiser(x_t, t):
        asked.append(t)
        return torch.full_like(x_t, t + 2)

    alpha_bar = torch.arange(count, 0, -1, dtype=torch.float64) / 128
    assert_close(image_to_image(denoiser, x_0, x_0, alpha_bar, range(count), strength), 2 * x_0)
    assert_equal(asked, [*range(kept)][::-1])


@pytest.mark.parametrize("strength", [-0.125, 1.125, math.nan])
def test_strength_timesteps_rejects_impossible_strengths(strength_timesteps, image_to_image, strength):
    """There is no less than nothing of a chain, and no more than all of it."""
    x_0, alpha_bar = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.75, 0.5, 0.25], dtype=torch.float64)
    assert_rejects(strength_timesteps, (0, 1, 2), strength)
    assert_rejects(image_to_image, lambda x_t, t: x_t, x_0, x_0, alpha_bar, (0, 1, 2), strength)


@given(
    alpha_bar=level_tables(6, 6),
    x_0=normals(2, 3),
    noise=normals(2, 3),
    centre=normals(3),
    variance=dyadics(1024, 16384, 3),
    count=st.integers(1, 4),
)
def test_image_to_image_shrinks_distance_from_mean_of_gaussian_data(
    image_to_image, alpha_bar, x_0, noise, centre, variance, count
):
    """With the best denoiser of N(m, v), out = m + C (cos(phi_k) (x_0 - m) + sin(phi_k) sqrt(v) noise), where
    tan(phi_j)^2 = (1 - alpha_bar_j) / (alpha_bar_j v) and C is the product of cos(phi_j - phi_{j-1}), phi_0 = 0.

    The gain of the input, C cos(phi_k), falls with k. Only the k cleanest timesteps are asked for, from the last down.
    """
    timesteps, seen = (4, 0, 5, 2), []
    kept = sorted(timesteps)[:count]

    def denoiser(x_t, t):
        seen.append(t)
        level = alpha_bar[t]
        gain = level.sqrt() * variance / (level * variance + 1 - level)
        return centre + gain * (x_t - level.sqrt() * centre)

    out = image_to_image(denoiser, x_0, noise, alpha_bar, timesteps, (count + 0.25) / 4.25)
    level = alpha_bar[kept][:, None]
    phi = torch.cat([torch.zeros(1, 3), torch.atan2((1 - level).sqrt(), (level * variance).sqrt())])
    shrunk = phi.diff(dim=0).cos().prod(0)
    expected = centre + shrunk * (phi[-1].cos() * (x_0 - centre) + phi[-1].sin() * variance.sqrt() * noise)
    size = (centre.abs() + x_0.abs() + noise.abs()) * (1 + variance.sqrt())
    assert_close(out, expected, size, roundings=16 * count)
    assert_equal(seen, kept[::-1])


@pytest.mark.parametrize("strength", [0.0, 0.25])
@given(x_0=normals(2, 3), noise=normals(2, 3), alpha_bar=level_tables(3, 3))
def test_image_to_image_returns_input_where_no_step_is_left(image_to_image, x_0, noise, alpha_bar, strength):
    """At strength 0, or any below 1 / n, the image comes back as it was and the denoiser is not asked."""
    calls = []

    def denoiser(x_t, t):
        calls.append(t)
        return torch.zeros_like(x_t)

    assert_equal(image_to_image(denoiser, x_0, noise, alpha_bar, (0, 1, 2), strength), x_0)
    assert_equal(calls, [])


@given(
    x_s=normals(4, 2, 3),
    x_0=normals(4, 2, 3),
    noise=normals(4, 2, 3),
    level=levels_and(0.0, 1.0, axes=2),
    known=masks(4, 2, 3),
)
def test_inpainting_blend_replaces_known_part_only(inpainting_blend, x_s, x_0, noise, level, known):
    """The known part is cos(phi) x_0 + sin(phi) noise, cos(phi)^2 = alpha_bar_s, x_0 itself at 1; the rest is x_s."""
    out = inpainting_blend(x_s, x_0, noise, level, known)
    cos, sin = signal_and_noise(level)
    assert_equal(out[~known], x_s[~known])
    assert_close(out[known], (cos * x_0 + sin * noise)[known], (x_0.abs() + noise.abs())[known])
    assert_equal(out[3][known[3]], x_0[3][known[3]])


@given(x_s=normals(2, 3), x_0=normals(2, 3), noise=normals(2, 3), level=levels_and(), known=masks(2, 1))
def test_inpainting_blend_commutes_with_exchange_of_parts(inpainting_blend, x_s, x_0, noise, level, known):
    """The blend and the blend with the inverted mask add up to both images, for a mask shared along an axis too."""
    both = inpainting_blend(x_s, x_0, noise, level, known) + inpainting_blend(x_s, x_0, noise, level, ~known)
    cos, sin = signal_and_noise(level)
    assert_close(both, x_s + cos * x_0 + sin * noise, x_s.abs() + x_0.abs() + noise.abs())


@pytest.mark.parametrize("visits", [1, 3])
@given(alpha_bar=level_tables(5, 5, least=1), given_value=dyadics(-4096, 4096), point=dyadics(-4096, 4096))
def test_inpaint_keeps_marginals_of_known_part_and_of_data_at_a_point(inpaint, alpha_bar, given_value, point, visits):
    """Whenever the denoiser is asked at level t, x_t has mean sqrt(alpha_bar_t) x_0 and variance 1 - alpha_bar_t: the
    known part, from noise drawn for the visit before and for the jump, and the rest if all data lie at one point.
    """
    kept, count = (1, 2, 4), 9 * visits
    rows = torch.cat([torch.zeros(1, count + 1), torch.eye(count + 1)]).double()
    noise = rows[:, 1:].T.reshape(3, 3, visits, count + 2, 1).expand(-1, -1, -1, -1, 2)
    x_0 = torch.stack([given_value, point]).expand(count + 2, 2)
    level, above = alpha_bar[[1, 2, 4]], torch.cat([torch.ones(1), alpha_bar[[1, 2]]])
    x_T = level[2].sqrt() * x_0 + (1 - level[2]).sqrt() * rows[:, :1]
    seen, asked = [], []

    def denoiser(x_t, t):
        seen.append(x_t)
        asked.append(t)
        return torch.stack([0 * x_t[:, 0], 0 * x_t[:, 1] + point], 1)

    known = torch.tensor([[True, False]])
    out = inpaint(denoiser, x_T, x_0, known, InpaintingNoise(*noise), alpha_bar, (4, 1, 2), visits)
    assert_equal(asked, [t for t in kept[::-1] for _ in range(visits)])
    condition = (1 + x_0.abs().max()) / (1 - level[0])
    assert_close(out, x_0, condition)

    x = torch.stack(seen).unflatten(0, (3, visits)).flip(0)
    assert_close(x[:, :, 0], (level.sqrt()[:, None] * x_0[0])[:, None], condition)
    gain = x[:, :, 1:] - x[:, :, :1]
    assert_close(gain.square().sum(2), (1 - level)[:, None, None], condition)

    of_known = torch.zeros(3, visits, 3, 3, visits, dtype=torch.float64)
    step = level / above
    for i, u in itertools.product((1, 2), range(1, visits)):
        of_known[i, u, KNOWN, i, u - 1] = (step[i] * (1 - above[i])).sqrt()
        of_known[i, u, JUMP, i, u] = (1 - step[i]).sqrt()
    for i in (0, 1):
        of_known[i, 0, KNOWN, i + 1, -1] = (1 - level[i]).sqrt()
    of_known[0, 1:] = of_known[0, :1]
    of_rest = ((1 - step[1:]) * (1 - level[:2]) / (1 - level[1:])).sqrt()
    drawn = gain[:, :, 1:].reshape(3, visits, 3, 3, visits, 2)
    assert_close(drawn[..., 0], of_known, condition)
    assert_close(drawn[[0, 1], 0, REVERSE, [1, 2], -1, 1], of_rest, condition)


@given(alpha_bar=level_tables(4, 4), x_T=normals(2, 3), noise=normals(3, 1, 2, 3), other=normals(2, 3))
def test_inpaint_reduces_to_ancestral_sampling_where_nothing_is_known(
    inpaint, ancestral_sample, alpha_bar, x_T, noise, other
):
    """Taken once per timestep and with nothing to keep, the steps are those of DDPM with the posterior variance, which
    end at the last prediction.
    """
    timesteps, predictions = (0, 2, 3), []
    level = alpha_bar[[0, 2, 3]]
    below = torch.cat([torch.ones(1), level[:-1]])
    variance = dict(zip(timesteps, (1 - level / below) * (1 - below) / (1 - level), strict=True))

    def denoiser(x_t, t):
        predictions.append(x_t.roll(1, 1) / 2 + t / 8)
        return predictions[-1]

    def with_variance(x_t, t):
        return denoiser(x_t, t), variance[t].log().expand(2, 3)

    nothing = torch.zeros(2, 1, dtype=torch.bool)
    every = InpaintingNoise(noise, noise.flip(0), noise.flip(2))
    out = inpaint(denoiser, x_T, other, nothing, every, alpha_bar, timesteps, 1)
    size = (4 + x_T.abs().max() + noise.abs().max()) / (1 - level[0])
    assert_close(out, predictions[2], size)
    assert_close(out, ancestral_sample(with_variance, x_T, noise[:, 0], alpha_bar, timesteps), size)


@given(
    alpha_bar=level_tables(3, 3), x_0=normals(2, 3), noise=normals(3, 3, 2, 2, 3), known=masks(2, 3), lie=normals(2, 3)
)
def test_inpaint_returns_x_0_where_known_whatever_is_predicted_there(inpaint, alpha_bar, x_0, noise, known, lie):
    """The known part is x_0 to the last bit, and what is predicted there changes nothing anywhere else."""

    def denoiser(x_t, t):
        return x_t / 2 + t / 8

    def liar(x_t, t):
        return torch.where(known, lie.to(x_t), denoiser(x_t, t))

    rest = (x_0.flip(0), x_0, known, InpaintingNoise(*noise), alpha_bar, (0, 1, 2), 2)
    out = inpaint(denoiser, *rest)
    assert_equal(out[known], x_0[known])
    assert_equal(inpaint(liar, *rest), out)


@pytest.mark.parametrize(
    ("timesteps", "num_resamples", "shape"),
    [
        ((0, 2), 0, (2, 0, 2, 3)),
        ((0, 2), -1, (2, 1, 2, 3)),
        ((0, 2), 1, (2, 2, 2, 3)),
        ((0, 2), 1, (3, 1, 2, 3)),
        ((0, 2), 1, (2, 1, 1, 3)),
        ((2, 2), 1, (2, 1, 2, 3)),
        ((0, 3), 1, (2, 1, 2, 3)),
        ((), 1, (0, 1, 2, 3)),
    ],
)
def test_inpaint_rejects_impossible_chains(inpaint, timesteps, num_resamples, shape):
    """Every timestep is visited at least once, is there once, is in the table, and has its noise for every visit."""
    x_0, alpha_bar = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.75, 0.5, 0.25], dtype=torch.float64)
    noise = InpaintingNoise(*torch.zeros(3, *shape, dtype=torch.float64))
    known = torch.ones(2, 3, dtype=torch.bool)
    assert_rejects(inpaint, lambda x_t, t: x_t, x_0, x_0, known, noise, alpha_bar, timesteps, num_resamples)


@pytest.mark.parametrize("kind", [REVERSE, KNOWN, JUMP])
def test_inpaint_rejects_noise_for_other_visits(inpaint, kind):
    """Noise of each kind is there for two visits, neither more nor less."""
    x_0, alpha_bar = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.75, 0.5], dtype=torch.float64)
    noise = [torch.zeros(2, 3 if kind == other else 2, 2, 3, dtype=torch.float64) for other in range(3)]
    known = torch.ones(2, 3, dtype=torch.bool)
    assert_rejects(inpaint, lambda x_t, t: x_t, x_0, x_0, known, InpaintingNoise(*noise), alpha_bar, (0, 1), 2)


@given(embeddings=normals(5, 2), weight=dyadics(-64, 64, 3, 2, grid=32), target=normals(3), token=st.integers(0, 4))
def test_textual_inversion_gradient_equals_central_difference_in_one_row(
    textual_inversion_gradient, embeddings, weight, target, token
):
    """A quadratic loss one step up and one down differs by twice its slope; all other rows, also of words that the
    prompt holds, get exactly 0, also one whose gradient is NaN.
    """
    prompt = torch.tensor([token, 1, 3, token])

    def loss(table):
        return (weight.to(table) @ table[prompt].sum(0) - target.to(table)).square().sum()

    def loss_with_nan(table):
        return loss(table) + (0 * table[(token + 1) % 5]).sqrt().sum()

    gradient = textual_inversion_gradient(loss_with_nan, embeddings, token)
    steps = torch.zeros(2, 5, 2, dtype=torch.float64)
    steps[:, token] = torch.eye(2)
    slope = torch.stack([(loss(embeddings + step) - loss(embeddings - step)) / 2 for step in steps])
    size = 8 * weight.abs().T @ (weight.abs() @ embeddings[prompt].abs().sum(0) + target.abs())
    assert_close(gradient[token], slope, size)
    others = torch.arange(5) != token
    assert_equal(gradient[others], torch.zeros(4, 2))


@pytest.mark.parametrize("decay", [(), (0.5,), (3.0,)])
@given(
    embeddings=normals(5, 3),
    target=normals(5, 2),
    token=st.integers(0, 4),
    rate=st.sampled_from([0.0, 0.25, 0.75]),
)
def test_textual_inversion_step_contracts_one_row_towards_optimum(
    textual_inversion_step, embeddings, target, token, rate, decay
):
    """On the loss |e - y|^2 / 2 with decay w, 0 if not given, the distance from y / (1 + w) shrinks by the factor
    1 - rate (1 + w) in the row of the token, also where the gradient is 0; all other rows stay as they were.
    """
    target = torch.cat([embeddings[:, :1], target], 1)
    stepped = textual_inversion_step(embeddings, embeddings - target, token, rate, *decay)
    curvature = 1 + sum(decay)
    optimum = target[token] / curvature
    expected = optimum + (1 - rate * curvature) * (embeddings[token] - optimum)
    assert_close(stepped[token], expected, (embeddings[token].abs() + target[token].abs()) * curvature)
    others = torch.arange(5) != token
    assert_equal(stepped[others], embeddings[others])


@pytest.mark.parametrize("token", [-1, 5, 6])
def test_textual_inversion_gradient_rejects_words_outside_the_table(
    textual_inversion_gradient, textual_inversion_step, token
):
    """A table of 5 rows has the words 0 to 4."""
    embeddings = torch.ones(5, 3, dtype=torch.float64)
    assert_rejects(textual_inversion_gradient, torch.sum, embeddings, token)
    assert_rejects(textual_inversion_step, embeddings, embeddings, token, 0.5)


@pytest.mark.parametrize("numbers", [(-0.125,), (math.nan,), (0.5, -0.125), (0.5, math.nan)])
def test_textual_inversion_step_rejects_negative_rates(textual_inversion_step, numbers):
    """Neither the learning rate nor the weight decay is negative."""
    assert_rejects(textual_inversion_step, *torch.ones(2, 5, 3, dtype=torch.float64), 3, *numbers)
