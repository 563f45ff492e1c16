"""Laws of `reference.vision.resampling`."""

import functools
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers, steps

SIZES = [(7, 2), (1, 9), (3, 1)]
SLOPES = st.sampled_from([-1.0, -0.75, -0.5, -0.25, 0.0, 0.5])


def centres(size, side):
    return np.array([float(Fraction((2 * i + 1) * size, 2 * side) - Fraction(1, 2)) for i in range(side)])


def corners(size, side):
    return np.linspace(0, size - 1, side)


@functools.cache
def linear_shares(size, side, places):
    """What each pixel gives to each of `side` places by straight lines between pixels, and by the border beyond it."""
    return torch.from_numpy(np.stack([np.interp(places(size, side), range(size), pixel) for pixel in np.eye(size)], -1))


@functools.cache
def cubic_shares(size, side, places, a):
    """As `linear_shares`, by cubic pieces whose slope at a pixel is -a times the difference of its neighbours."""
    pixels = np.eye(size)[np.arange(-2, size + 2).clip(0, size - 1)]
    spline = CubicHermiteSpline(range(-1, size + 1), pixels[1:-1], -a * (pixels[2:] - pixels[:-2]))
    return torch.from_numpy(spline(places(size, side)))


def size_of_sum(image):
    """Weights are made of places, which are numbers up to the size; along two axes their sizes sum to 9/4 at most."""
    return 4 * max(image.shape[-2:]) * image.abs().amax()


def surface(coefficients, rows, columns, powers):
    """Image sum_n coefficient_n i^p_n j^q_n at the places i of its rows and j of its columns."""
    rows, columns = torch.as_tensor(rows)[:, None], torch.as_tensor(columns)
    return sum(c * rows**p * columns**q for c, (p, q) in zip(coefficients, powers, strict=True))


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@given(image=normals(2, 5, 4))
def test_nearest_resize_takes_pixels_under_corners(nearest_resize, rows, columns, image):
    """A pixel is the one in which the upper left corner of its cell lies, or begins."""
    i, j = ([size * place // side for place in range(side)] for size, side in ((5, rows), (4, columns)))
    assert_equal(nearest_resize(image, rows, columns), image[:, i][:, :, j])


@pytest.mark.parametrize(("size", "side"), [(14, 46), (26, 22), (3, 123)])
def test_nearest_resize_takes_pixels_that_begin_at_a_corner(nearest_resize, size, side):
    """Where a corner lies on the border of two pixels, it is in the second one, whatever the quotient rounds to."""
    pixels, places = torch.arange(size).double(), [size * place // side for place in range(side)]
    assert_equal(nearest_resize(pixels.expand(2, size), 3, side), numbers(*places).expand(3, side))
    assert_equal(nearest_resize(pixels[:, None].expand(size, 2), side, 3), numbers(*places)[:, None].expand(side, 3))


@pytest.mark.parametrize(("size", "side"), [(18, 33), (26, 23), (30, 11)])
def test_nearest_centre_resize_takes_pixels_that_begin_under_a_centre(nearest_centre_resize, size, side):
    """Where a centre lies on the border of two pixels, it is in the second one, whatever the quotient rounds to."""
    pixels, places = torch.arange(size).double(), [(2 * place + 1) * size // (2 * side) for place in range(side)]
    assert_equal(nearest_centre_resize(pixels.expand(2, size), 3, side), numbers(*places).expand(3, side))
    assert_equal(
        nearest_centre_resize(pixels[:, None].expand(size, 2), side, 3), numbers(*places)[:, None].expand(side, 3)
    )


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@given(image=normals(2, 5, 4))
def test_nearest_centre_resize_takes_pixels_under_centres(nearest_centre_resize, rows, columns, image):
    """A pixel is the one in which the centre of its cell lies, or begins."""
    places = ((5, rows), (4, columns))
    i, j = ([int(Fraction(2 * place + 1, 2) * size / side) for place in range(side)] for size, side in places)
    assert_equal(nearest_centre_resize(image, rows, columns), image[:, i][:, :, j])


@given(image=normals(2, 5, 3), high=st.integers(1, 3), wide=st.integers(1, 3))
def test_nearest_resize_repeats_pixels_at_whole_factors(nearest_resize, nearest_centre_resize, image, high, wide):
    """At whole factors it is the Kronecker product with a matrix of ones."""
    expected = torch.kron(image, torch.ones(1, high, wide, dtype=torch.float64))
    assert_equal(nearest_resize(image, 5 * high, 3 * wide), expected)
    assert_equal(nearest_centre_resize(image, 5 * high, 3 * wide), expected)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@given(image=normals(2, 5, 4))
def test_bilinear_resize_follows_straight_lines(bilinear_resize, aligned_bilinear_resize, rows, columns, image):
    """Along each axis it lies on the lines between pixels, at the centres of cells, or between aligned corners."""
    for resize, places in ((bilinear_resize, centres), (aligned_bilinear_resize, corners)):
        high, wide = linear_shares(5, rows, places), linear_shares(4, columns, places)
        assert_close(resize(image, rows, columns), high @ image @ wide.T, size_of_sum(image))


@pytest.mark.parametrize("a", [-1.0, -0.75, -0.5, 0.0])
@pytest.mark.parametrize(("rows", "columns"), SIZES)
@given(image=normals(2, 5, 4))
def test_cubic_resize_follows_cubic_pieces(cubic_resize, aligned_cubic_resize, rows, columns, image, a):
    """Along each axis it is the cubic spline whose slope at a pixel is -a times the difference of its neighbours."""
    for resize, places in ((cubic_resize, centres), (aligned_cubic_resize, corners)):
        high, wide = cubic_shares(5, rows, places, a), cubic_shares(4, columns, places, a)
        assert_close(resize(image, rows, columns, a), high @ image @ wide.T, size_of_sum(image))


@pytest.mark.parametrize(("rows", "columns"), [(11, 4)])
@given(coefficients=dyadics(-32, 32, 4, grid=16))
def test_bilinear_resize_preserves_affine_images(bilinear_resize, aligned_bilinear_resize, rows, columns, coefficients):
    """What is affine in i and in j stays so: inside the outermost centres, and everywhere between aligned corners."""
    powers = [(0, 0), (1, 0), (0, 1), (1, 1)]
    image = surface(coefficients, range(7), range(6), powers)
    for resize, places in ((bilinear_resize, centres), (aligned_bilinear_resize, corners)):
        i, j = places(7, rows), places(6, columns)
        high, wide = np.flatnonzero((i >= 0) & (i <= 6)), np.flatnonzero((j >= 0) & (j <= 5))
        inside = resize(image, rows, columns)[high][:, wide]
        assert_close(inside, surface(coefficients, i[high], j[wide], powers), 4 * 7 * image.abs().amax())


@pytest.mark.parametrize(("rows", "columns"), [(11, 9)])
@given(coefficients=dyadics(-32, 32, 5, grid=16))
def test_cubic_resize_of_keys_preserves_quadratic_images(
    cubic_resize, aligned_cubic_resize, rows, columns, coefficients
):
    """With a = -1/2 quadratic images stay, where all four pixels along each axis are in the image."""
    powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 2)]
    image = surface(coefficients, range(7), range(6), powers)
    for resize, places in ((cubic_resize, centres), (aligned_cubic_resize, corners)):
        i, j = places(7, rows), places(6, columns)
        high, wide = np.flatnonzero((i >= 1) & (i <= 5)), np.flatnonzero((j >= 1) & (j <= 4))
        inside = resize(image, rows, columns, -0.5)[high][:, wide]
        assert_close(inside, surface(coefficients, i[high], j[wide], powers), size_of_sum(image))


@pytest.mark.parametrize(("rows", "columns"), [(3, 8), (6, 2)])
def test_bilinear_resize_preserves_constants_and_size(
    bilinear_resize,
    aligned_bilinear_resize,
    nearest_resize,
    nearest_centre_resize,
    cubic_resize,
    aligned_cubic_resize,
    rows,
    columns,
):
    """A pixel, and every constant, fills the image with itself, and an image that has its size already stays."""
    level, image = steps(2, 3, 1, 1) - 0.25, steps(2, 5, 4)
    for resize in (bilinear_resize, aligned_bilinear_resize, nearest_resize, nearest_centre_resize):
        assert_close(resize(level, rows, columns), level.expand(2, 3, rows, columns))
        assert_close(resize(level.expand(2, 3, 5, 4), rows, columns), level.expand(2, 3, rows, columns))
        assert_equal(resize(image[:, None, None], rows, columns)[:, 0, 0], resize(image, rows, columns).double())
        assert_equal(resize(image, 5, 4), image)
    for resize in (cubic_resize, aligned_cubic_resize):
        assert_close(resize(level, rows, columns, -0.75), level.expand(2, 3, rows, columns), 9)
        assert_close(resize(level.expand(2, 3, 5, 4), rows, columns, -0.75), level.expand(2, 3, rows, columns), 9)
        assert_equal(resize(image, 5, 4, -0.75), image)
        nested = resize(image[:, None, None], rows, columns, -0.75)[:, 0, 0]
        assert_equal(nested, resize(image, rows, columns, -0.75).double())


@given(distance=dyadics(-3 * 64, 3 * 64, 2, 5, grid=64), a=SLOPES)
def test_cubic_kernel_equals_hermite_spline(cubic_kernel, distance, a):
    """It is 1 at 0 and 0 at all other whole numbers, with slope a at 1, -a at -1 and 0 at 0, and cubic between."""
    spline = CubicHermiteSpline(range(-3, 4), [0, 0, 0, 1, 0, 0, 0], [0, 0, -a, 0, a, 0, 0])
    assert_close(cubic_kernel(distance, a), torch.from_numpy(spline(distance.numpy())), 32)
    third = distance[0, 0] / 3
    assert_close(cubic_kernel(third, a), float(spline(third.item())), 32)


@given(fraction=dyadics(0, 63, 5, grid=64), a=SLOPES)
def test_cubic_kernel_sums_to_one(cubic_kernel, fraction, a):
    """The weights of the four pixels around a place sum to 1; their mean place is the place only for a = -1/2."""
    offsets = torch.tensor([[-1.0], [0], [1], [2]], dtype=torch.float64)
    weights = cubic_kernel(fraction - offsets, a)
    assert_close(weights.sum(0), torch.ones(5), 32)
    missed = -(2 * a + 1) * fraction * (1 - fraction) * (1 - 2 * fraction)
    assert_close((weights * offsets.to(weights.dtype)).sum(0), fraction + missed, 64)


@pytest.mark.parametrize(
    ("height", "width", "rows", "columns"), [(5, 4, 0, 3), (5, 4, 3, 0), (5, 4, 3, -1), (0, 4, 2, 3), (5, 0, 2, 3)]
)
def test_bilinear_resize_rejects_images_without_pixels(
    bilinear_resize,
    aligned_bilinear_resize,
    nearest_resize,
    nearest_centre_resize,
    cubic_resize,
    aligned_cubic_resize,
    height,
    width,
    rows,
    columns,
):
    """Both images have a pixel; that there may be no image at all is another matter."""
    image = torch.ones(2, height, width, dtype=torch.float64)
    for resize in (bilinear_resize, aligned_bilinear_resize, nearest_resize, nearest_centre_resize):
        assert_rejects(resize, image, rows, columns)
        assert_equal(resize(torch.ones(0, 5, 4, dtype=torch.float64), 2, 3).shape, (0, 2, 3))
    for resize in (cubic_resize, aligned_cubic_resize):
        assert_rejects(resize, image, rows, columns, -0.75)
        assert_equal(resize(torch.ones(0, 5, 4, dtype=torch.float64), 2, 3, -0.75).shape, (0, 2, 3))
