"""Laws of `reference.vision.convolution_adjoint`."""

import itertools
from collections import Counter

import pytest
import torch
from hypothesis import given

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import normals, steps

# Stride, padding, dilation and output padding, as far as they are given.
OPTIONS = [(), (3, 0, 1, 1), (3, 1, 1, 2), (2, 2, 2, 1), (3, 2, 1, 2)]

IMPOSSIBLE = [
    *[(0, 3), (0, 5, 2), (2, 0), (2, 3, 0), (2, 3, 1, -1), (2, 3, 1, 0, 0)],
    *[(2, 3, 2, 0, 1, 2), (2, 3, 2, 0, 1, 3), (2, 3, 2, 0, 1, -1), (2, 3, 1, 0, 2, 1)],
    *[(1, 2, 1, 1), (1, 1, 1, 1), (2, 3, 2, 3, 1, 1), (-1, 5)],
]


def placed(weight, height, width, stride=1, padding=0, dilation=1):
    """The matrix of a correlation, one weight after the other put where its output meets its pixel."""
    out, channels, high, wide = weight.shape
    tops = range(-padding, height + padding - dilation * (high - 1), stride)
    lefts = range(-padding, width + padding - dilation * (wide - 1), stride)
    matrix = torch.zeros(out, len(tops), len(lefts), channels, height, width, dtype=torch.float64)
    for (i, top), (j, left) in itertools.product(enumerate(tops), enumerate(lefts)):
        for u, v in itertools.product(range(high), range(wide)):
            row, column = top + dilation * u, left + dilation * v
            if 0 <= row < height and 0 <= column < width:
                matrix[:, i, j, :, row, column] = weight[:, :, u, v]
    return matrix.flatten(3).flatten(0, 2)


def grown(size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0):
    """The number of pixels from the first to the last that is stamped, less the padding, plus what is added."""
    stamped = {stride * i + dilation * u for i in range(size) for u in range(kernel_size)}
    return max(stamped) + 1 - 2 * padding + output_padding


@pytest.mark.parametrize("options", [(), (2,), (3, 2, 1), (2, 1, 2)])
def test_convolution_matrix_holds_a_weight_where_output_meets_pixel(convolution_matrix, options):
    """A row holds the kernel of its output at the pixels under it, channel by channel, and 0 elsewhere."""
    weight = steps(3, 2, 3, 2) + 3
    assert_equal(convolution_matrix(weight, 5, 4, *options), placed(weight, 5, 4, *options))


@pytest.mark.parametrize(("height", "width", "padding"), [(2, 4, 0), (4, 1, 0), (4, 4, -1)])
def test_convolution_matrix_rejects_what_does_not_fit(convolution_matrix, height, width, padding):
    """The kernel fits into the padded image."""
    assert_rejects(convolution_matrix, torch.ones(2, 1, 3, 2, dtype=torch.float64), height, width, 1, padding)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("options", [(2,), (3, 2), (3, 3, 1), (3, 4, 1, 2)])
def test_transposed_convolution_size_inverts_convolution_size(
    transposed_convolution_size, convolution_size, size, options
):
    """The sizes of which a convolution makes n are s, and output_padding counts through them from the smallest."""
    kernel_size, stride, padding, dilation = (*options, *(1, 0, 1)[len(options) - 1 :])
    reach = dilation * (kernel_size - 1)
    candidates = range(max(reach + 1 - 2 * padding, 1), 40)
    starts = {n: len(range(-padding, n + padding - reach, stride)) for n in candidates}
    wanted = [n for n, places in starts.items() if places == size]
    more = range(1, stride)
    sizes = [transposed_convolution_size(size, *options)]
    sizes += [transposed_convolution_size(size, kernel_size, stride, padding, dilation, extra) for extra in more]
    assert_equal(sizes, wanted)
    assert_equal([convolution_size(n, kernel_size, stride, padding, dilation) for n in sizes], [size] * stride)


@pytest.mark.parametrize(
    "impossible",
    IMPOSSIBLE,
)
def test_transposed_convolution_size_rejects_impossible_layers(
    transposed_convolution_size, transposed_convolution, impossible
):
    """What is rejected is an output padding beyond the stride, a layer that no convolution has, and an empty result."""
    assert_rejects(transposed_convolution_size, *impossible)
    size, kernel_size, *options = impossible
    if size > 0:
        for high, wide in ((kernel_size, 7), (7, kernel_size)):
            weight = torch.ones(3, 2, high, wide, dtype=torch.float64)
            x = torch.ones(3, size if high != 7 else 9, size if wide != 7 else 9, dtype=torch.float64)
            assert_rejects(transposed_convolution, x, weight, *options)


@pytest.mark.parametrize(("least", "size"), [((1, 3, 1, 1), 1), ((1, 2, 2, 1, 1, 1), 1), ((2, 1, 3, 2, 1, 1), 1)])
def test_transposed_convolution_size_reaches_one_pixel(transposed_convolution_size, least, size):
    """A padding may leave a single pixel."""
    assert_equal(transposed_convolution_size(*least), size)


@pytest.mark.parametrize("options", OPTIONS)
@given(x=normals(2, 3, 3, 2), weight=normals(3, 2, 2, 3))
def test_transposed_convolution_equals_transposed_matrix(transposed_convolution, x, weight, options):
    """It is C' x, where C x is the correlation with the same kernels of images of the larger size."""
    height, width = grown(3, 2, *options), grown(2, 3, *options)
    matrix = placed(weight, height, width, *options[:3])
    expected, size = x.flatten(1) @ matrix, x.flatten(1).abs() @ matrix.abs()
    observed = transposed_convolution(x, weight, *options)
    assert_close(observed, expected.reshape(2, 2, height, width), size.reshape(2, 2, height, width))
    nested = transposed_convolution(x[:, None], weight, *options)
    assert_close(nested, expected.reshape(2, 1, 2, height, width), size.reshape(2, 1, 2, height, width))


@pytest.mark.autograd
@pytest.mark.parametrize("options", OPTIONS[1::2])
@given(x=normals(2, 4, 3), weight=normals(2, 3, 2, 2))
def test_transposed_convolution_is_gradient_of_correlation(transposed_convolution, correlation, x, weight, options):
    """The derivative of <correlation(a), x> by a is the transposed convolution of x, whatever a is."""
    a = torch.zeros(3, grown(4, 2, *options), grown(3, 2, *options), dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(correlation(a, weight, *options[:3]), a, x)
    (size,) = torch.autograd.grad(correlation(a, weight.abs(), *options[:3]), a, x.abs())
    assert_close(transposed_convolution(x, weight, *options), expected, size)


@pytest.mark.parametrize(("size", "kernel_size", "stride"), [(2, 3, 1), (3, 2, 2), (3, 5, 2), (4, 3, 2), (2, 2, 3)])
def test_overlap_counts_equal_number_of_stamps(overlap_counts, size, kernel_size, stride):
    """Each pixel stamps the k pixels from s times its place on, and the stamps on every pixel are counted."""
    stamps = Counter(stride * i + u for i in range(size) for u in range(kernel_size))
    assert_equal(overlap_counts(size, kernel_size, stride), tuple(stamps[pixel] for pixel in range(max(stamps) + 1)))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 6])
def test_overlap_counts_are_even_iff_stride_divides_kernel(overlap_counts, kernel_size, stride):
    """Where a whole kernel lies on either side all counts are k / s if it is whole, and the whole numbers beside it."""
    inside = overlap_counts(7, kernel_size, stride)[kernel_size - 1 : 6 * stride + 1]
    assert_equal(set(inside), {kernel_size // stride, -(-kernel_size // stride)})


@pytest.mark.parametrize(("size", "kernel_size", "stride"), [(0, 3, 2), (3, 0, 2), (3, 2, 0), (3, 2, -1)])
def test_overlap_counts_reject_impossible_layers(overlap_counts, size, kernel_size, stride):
    """There are pixels, and the kernel and the stride are at least 1."""
    assert_rejects(overlap_counts, size, kernel_size, stride)
