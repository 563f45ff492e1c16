"""Worked numbers of interpolation, and where libraries part from what is expected of them."""

import pytest
import torch
from torch.nn.functional import interpolate

from properties.closeness import assert_close, assert_equal
from reference.vision.resampling import bilinear_resize, cubic_kernel, cubic_resize, nearest_resize


@pytest.mark.claim("R003-165")
def test_four_pixels_by_bilinear_interpolation():
    """[[1, 2], [3, 4]] becomes the rows 1 1.25 1.75 2, and the same plus 0.5, 1.5 and 2."""
    image = torch.tensor([[1.0, 2], [3, 4]], dtype=torch.float64)
    row = torch.tensor([1, 1.25, 1.75, 2], dtype=torch.float64)
    expected = row + torch.tensor([0, 0.5, 1.5, 2], dtype=torch.float64)[:, None]
    assert_equal(bilinear_resize(image, 4, 4), expected)


@pytest.mark.claim("R003-165")
def test_bicubic_interpolation_of_torch_bends_straight_lines():
    """With a = -3/4, as in torch and OpenCV, a ramp is off by 0.046875 at twice its size, and by 0.0481 between pixels
    at the most; with a = -1/2 it stays.
    """
    ramp = torch.arange(8, dtype=torch.float64).expand(8, 8)
    line = torch.arange(16, dtype=torch.float64) / 2 - 0.25
    inside = slice(4, -4)
    by_torch = interpolate(ramp[None, None], (16, 16), mode="bicubic")[0, 0]
    assert_close(cubic_resize(ramp, 16, 16, -0.75), by_torch, 64)
    assert_close((by_torch[8, inside] - line[inside]).abs(), 0.046875, 64)
    assert_close(cubic_resize(ramp, 16, 16, -0.5)[8, inside], line[inside], 64)
    place = torch.arange(1001, dtype=torch.float64) / 1000
    missed = sum(u * cubic_kernel(place - u, -0.75) for u in (-1, 0, 1, 2)) - place
    assert round(missed.abs().max().item(), 4) == 0.0481


@pytest.mark.claim("R003-165")
def test_antialiasing_changes_the_kernel_of_torch_too():
    """With antialias=True torch takes a = -1/2: a ramp that grows stays a ramp inside."""
    ramp = torch.arange(8, dtype=torch.float64).expand(1, 1, 8, 8)
    line = torch.arange(16, dtype=torch.float64) / 2 - 0.25
    grown = interpolate(ramp, (16, 16), mode="bicubic", antialias=True)[0, 0, 8]
    assert_close(grown[4:-4], line[4:-4], 64)


@pytest.mark.claim("R003-165")
def test_nearest_interpolation_of_torch_rounds_its_factor():
    """From 14 to 46 pixels number 23 begins exactly at pixel 7, of which torch makes 6: its factor is rounded to
    float32.
    """
    row = torch.arange(14, dtype=torch.float64)[None]
    assert (23 * 14 // 46, nearest_resize(row, 1, 46)[0, 23].item()) == (7, 7)
    assert interpolate(row[None, None], (1, 46), mode="nearest")[0, 0, 0, 23] == 6
