"""Laws of `reference.vision.pooling`."""

import math

import pytest
import torch
from hypothesis import given
from scipy import signal

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import normals

# Kernel size, stride and padding, if it is given.
WINDOWS = [(2, 2), (3, 1), (2, 3, 1), (3, 2, 1)]
UNFIT = [(0, 1, 0), (2, 0, 0), (2, -1, 0), (2, 1, -1), (2, 1, 2), (3, 1, 2), (6, 1, 0), (7, 1, 0), (8, 1, 1)]


def pixels_in_windows(x, kernel_size, stride, padding=0):
    """For each window of an image the pixels of the image that lie in it."""
    height, width = x.shape
    tops = range(-padding, height + padding - kernel_size + 1, stride)
    lefts = range(-padding, width + padding - kernel_size + 1, stride)
    return [
        [x[max(i, 0) : i + kernel_size, max(j, 0) : j + kernel_size].flatten().tolist() for j in lefts] for i in tops
    ]


def pooled(x, pool, *window):
    rows = [[[pool(inside) for inside in row] for row in pixels_in_windows(channel, *window)] for channel in x]
    return torch.tensor(rows, dtype=torch.float64)


def mean(inside):
    return math.fsum(inside) / len(inside)


@pytest.mark.parametrize("window", WINDOWS)
@given(x=normals(2, 5, 7))
def test_max_pool_equals_largest_pixel(max_pool, x, window):
    """Each output is the largest pixel of the image in its window; of negative ones too, at the border too."""
    assert_equal(max_pool(x, *window), pooled(x, max, *window))
    dark = x.floor() - 2**17
    assert_equal(max_pool(dark, *window), pooled(dark, max, *window))
    assert_equal(max_pool(x[0], *window), pooled(x, max, *window)[0])
    assert_equal(max_pool(x[None, None], *window), pooled(x, max, *window)[None, None])


@pytest.mark.parametrize("increasing", [torch.exp, lambda x: x.floor() - 0.25])
@given(x=normals(2, 3, 5, 4))
def test_max_pool_commutes_with_increasing_maps(max_pool, increasing, x):
    """The largest pixel stays the largest under a map that keeps the order, so pooling may come before or after it."""
    largest = max_pool(x, 3, 2, 1)
    assert_equal(largest.shape, (2, 3, 3, 2))
    assert_equal(max_pool(increasing(x), 3, 2, 1), increasing(largest.double()))


@pytest.mark.parametrize("window", WINDOWS)
@given(x=normals(2, 5, 7))
def test_average_pool_equals_correlation_with_equal_weights(average_pool, x, window):
    """It is the correlation with a kernel of 1 / k^2 of the image with zeros around it, at every stride-th place."""
    kernel_size, stride, padding = (*window, 0)[:3]
    framed = torch.zeros(2, 5 + 2 * padding, 7 + 2 * padding, dtype=torch.float64)
    framed[:, padding : padding + 5, padding : padding + 7] = x
    kernel = torch.full((kernel_size, kernel_size), 1 / kernel_size**2, dtype=torch.float64).numpy()
    expected, size = (
        torch.stack([torch.from_numpy(signal.correlate2d(channel.numpy(), kernel, "valid")) for channel in image])
        for image in (framed, framed.abs())
    )
    expected, size = expected[:, ::stride, ::stride], size[:, ::stride, ::stride]
    assert_close(average_pool(x[:, None], *window)[:, 0], expected, size)
    assert_close(average_pool(x[0], *window), expected[0], size[0])
    assert_close(average_pool(x[None, None, None], *window)[0, 0, 0], expected, size)


@pytest.mark.parametrize("window", WINDOWS)
@given(x=normals(2, 5, 7))
def test_average_pool_of_pixels_equals_mean_of_pixels_inside(average_pool_of_pixels, x, window):
    """The pixels of the image in a window are averaged, and where it reaches beyond the border these are fewer."""
    expected, size = pooled(x, mean, *window), pooled(x.abs(), mean, *window)
    assert_close(average_pool_of_pixels(x[:, None], *window)[:, 0], expected, size)
    assert_close(average_pool_of_pixels(x[0], *window), expected[0], size[0])
    assert_close(average_pool_of_pixels(x[None, None, None], *window)[0, 0, 0], expected, size)


@given(x=normals(2, 3, 5, 7))
def test_global_average_pool_equals_mean_of_each_channel(global_average_pool, x):
    """All pixels of a channel count equally."""
    expected = [[mean(channel.flatten().tolist()) for channel in image] for image in x]
    assert_close(global_average_pool(x), expected, x.abs().mean((-2, -1)))
    assert_equal(global_average_pool(x[:, :0]).shape, (2, 0))
    assert_close(global_average_pool(x[0, 0]), expected[0][0], x[0, 0].abs().mean())


@pytest.mark.parametrize(("kernel_size", "stride", "padding"), UNFIT)
def test_max_pool_rejects_what_does_not_fit(
    max_pool, average_pool, average_pool_of_pixels, kernel_size, stride, padding
):
    """A window fits into the padded image, and at most half of it is padding; else one would have no pixel."""
    for pool in (max_pool, average_pool, average_pool_of_pixels):
        assert_rejects(pool, torch.ones(2, 5, 7, dtype=torch.float64), kernel_size, stride, padding)


@pytest.mark.parametrize(("height", "width"), [(0, 3), (3, 0)])
def test_global_average_pool_rejects_images_without_pixels(global_average_pool, height, width):
    """An image without pixels has no mean."""
    assert_rejects(global_average_pool, torch.ones(2, height, width, dtype=torch.float64))
