"""Laws of `reference.diffusion.latents`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, levels, normals

SCALES, SHIFTS = st.sampled_from([0.125, 0.75, 3.0, -1.5]), st.sampled_from([-2.5, -0.0625, 0.5])


@given(
    mean=normals(2, 3),
    noise=normals(2, 3),
    exponent=dyadics(-16, 16, 3, grid=1),
    scale=SCALES,
    shift=SHIFTS | st.none(),
)
def test_encode_latents_equals_scaled_distance_from_shift(encode_latents, mean, noise, exponent, scale, shift):
    """Of variance 4^k, the sample is mean + 2^k noise; its distance from the shift, 0 if not given, is scaled."""
    log_variance = torch.stack([exponent * math.log(4), torch.full_like(exponent, -math.inf)])
    spread = torch.stack([2.0**exponent * noise[0], 0 * noise[1]])
    latents = encode_latents(mean, log_variance, noise, scale, *([] if shift is None else [shift]))
    size = (mean.abs() + spread.abs() * (1 + exponent.abs()) + abs(shift or 0)) * abs(scale)
    assert_close(latents, (mean + spread) * scale - (shift or 0) * scale, size)


@given(data=normals(5, 3))
def test_encode_latents_has_unit_variance_at_reciprocal_deviation(encode_latents, data):
    """Scaled by 1 over their standard deviation and shifted by their mean, latents have mean 0 and variance 1."""
    data = torch.cat([data, torch.tensor([[8.0, -8.0, 1.0]], dtype=torch.float64)])
    scale, shift = 1 / data.std(correction=0).item(), data.mean().item()
    latents = encode_latents(data, torch.full_like(data, -math.inf), torch.ones_like(data), scale, shift)
    assert_close(latents.mean(), 0, 8 * scale)
    assert_close(latents.var(correction=0), 1, (8 * scale) ** 2)


@given(mean=normals(2, 3), noise=normals(2, 3), exponent=st.integers(-4, 4), scale=SCALES, shift=SHIFTS | st.none())
def test_decode_latents_inverts_scaling(decode_latents, encode_latents, mean, noise, exponent, scale, shift):
    """The decoder gets back the encoder's sample, the mean at zero noise, with whatever scale and shift."""
    scaling = [scale] if shift is None else [scale, shift]
    log_variance = torch.tensor([[exponent * math.log(4)], [-math.inf]], dtype=torch.float64)
    spread = torch.stack([2.0**exponent * noise[0], 0 * noise[1]])
    sample = decode_latents(encode_latents(mean, log_variance, noise, *scaling), *scaling)
    assert_close(sample, mean + spread, mean.abs() + spread.abs() * (1 + abs(exponent)) + abs(shift or 0))


@given(
    mean=normals(2, 3), noise=normals(2, 3), epsilon=normals(2, 3), alpha_bar_t=levels(2, 1), scale=SCALES, shift=SHIFTS
)
def test_decode_latents_returns_encoded_sample_after_exact_prediction(
    decode_latents, encode_latents, q_sample, x_0_from_epsilon, mean, noise, epsilon, alpha_bar_t, scale, shift
):
    """Latents that are noised, and denoised with the exact noise, are decoded as if nothing had happened."""
    x_t = q_sample(encode_latents(mean, torch.zeros_like(mean), noise, scale, shift), epsilon, alpha_bar_t)
    observed = decode_latents(x_0_from_epsilon(x_t, epsilon, alpha_bar_t), scale, shift)
    size = mean.abs() + noise.abs() + abs(shift) + epsilon.abs() / alpha_bar_t.sqrt() / abs(scale)
    assert_close(observed, mean + noise, size)


@pytest.mark.parametrize("scale", [0.0, math.nan, math.inf])
def test_encode_latents_rejects_impossible_scales(encode_latents, decode_latents, scale):
    """A scale that cannot be undone is refused on both ways."""
    latents = torch.ones(2, 3, dtype=torch.float64)
    assert_rejects(encode_latents, latents, latents, latents, scale)
    assert_rejects(decode_latents, latents, scale)


@pytest.mark.parametrize("factor", [1, 2, 3])
@given(image=dyadics(-4096, 4096, 2, 6, 12))
def test_area_downsample_equals_averages_of_rows_and_columns(area_downsample, image, factor):
    """The small image is A x B^T, where a row of A or B holds 1 / factor in the places of its block."""
    weights = torch.ones(1, factor, dtype=torch.float64) / factor
    rows, columns = (torch.kron(torch.eye(size // factor, dtype=torch.float64), weights) for size in (6, 12))
    assert_close(area_downsample(image, factor), rows @ image @ columns.T, rows @ image.abs() @ columns.T)


@given(image=dyadics(-4096, 4096, 2, 6, 12))
def test_area_downsample_preserves_mean_and_composes(area_downsample, image):
    """Halved and then cut to a third, an image of 6 x 12 has the 1 x 2 pixels of a sixth, and the mean that it had."""
    small = area_downsample(area_downsample(image, 2), 3)
    size = image.abs().mean((-2, -1))
    assert_equal(small.shape, (2, 1, 2))
    assert_close(small, area_downsample(image, 6), size[:, None, None] * 2)
    assert_close(small.mean((-2, -1)), image.mean((-2, -1)), size)


@pytest.mark.parametrize("factor", [0, -1, 3, 4, 5])
def test_area_downsample_rejects_incomplete_blocks(area_downsample, factor):
    """Of an image of 4 x 6, neither blocks of 3, which fit its width, nor of 4, which fit its height, make a whole."""
    assert_rejects(area_downsample, torch.ones(2, 4, 6, dtype=torch.float64), factor)
