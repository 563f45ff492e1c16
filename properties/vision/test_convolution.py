"""Laws of `reference.vision.convolution`."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, signal

from properties.closeness import assert_close, assert_equal
from properties.oracles import sums_under_kernels
from properties.rejection import assert_rejects
from properties.strategies import normals, steps

# Stride, padding and dilation, as far as they are given.
OPTIONS = [(), (2,), (3, 2, 1), (2, 1, 2)]
UNFIT = [(6, 1, 0, 1), (0, 1, 0, 1), (3, 0, 0, 1), (3, -1, 0, 1), (3, 1, -1, 1), (3, 1, 0, 0), (3, 1, 0, 3)]


def block_diagonal(weight, groups):
    """At every place of the kernel the matrix from all channels to all outputs, with a block for each group."""
    columns = weight.flatten(2).unbind(-1)
    dense = [torch.from_numpy(linalg.block_diag(*(block.numpy() for block in w.chunk(groups)))) for w in columns]
    return torch.stack(dense, -1).reshape(*dense[0].shape, *weight.shape[2:])


@pytest.mark.parametrize("size", [5, 6, 8])
@pytest.mark.parametrize("options", [(1,), (5,), (3, 2), (2, 3, 1), (3, 1, 0, 2), (3, 2, 2, 3), (1, 4, 3)])
def test_convolution_size_equals_number_of_places(convolution_size, size, options):
    """There is an output for every stride-th place at which the first and the last weight lie in the padded image."""
    kernel_size, stride, padding, dilation = (*options, *(1, 0, 1)[len(options) - 1 :])
    first = range(-padding, size + padding, stride)
    last = [place + dilation * (kernel_size - 1) for place in first]
    assert_equal(convolution_size(size, *options), sum(place < size + padding for place in last))


@pytest.mark.parametrize(("kernel_size", "stride", "padding", "dilation"), UNFIT)
def test_correlation_rejects_what_does_not_fit(
    correlation,
    image_windows,
    convolution_size,
    grouped_correlation,
    depthwise_correlation,
    convolution_layer,
    kernel_size,
    stride,
    padding,
    dilation,
):
    """A kernel has a pixel and fits into the padded image; strides and dilations are at least 1, paddings 0."""
    x = torch.ones(2, 5, 5, dtype=torch.float64)
    weight = torch.ones(3, 2, kernel_size, kernel_size, dtype=torch.float64)
    assert_rejects(convolution_size, 5, kernel_size, stride, padding, dilation)
    assert_rejects(correlation, x, weight, stride, padding, dilation)
    assert_rejects(grouped_correlation, x, weight, 1, stride, padding, dilation)
    assert_rejects(depthwise_correlation, x, weight[:2, 0], stride, padding, dilation)
    assert_rejects(convolution_layer, x, weight, x[0, 0, :3], stride, padding, dilation)
    if padding == 0:
        assert_rejects(image_windows, x, kernel_size, 1, stride, dilation)
        assert_rejects(image_windows, x, 1, kernel_size, stride, dilation)


@pytest.mark.parametrize("options", [(2, 3), (1, 2, 2), (3, 2, 1, 2), (2, 1, 3, 3)])
def test_image_windows_equal_pixels_cut_out(image_windows, options):
    """Every window holds the pixels, dilation apart, that begin at its place."""
    x, (high, wide, stride, dilation) = steps(2, 3, 5, 7), (*options, *(1, 1)[len(options) - 2 :])
    tops = range(0, 5 - dilation * (high - 1), stride)
    lefts = range(0, 7 - dilation * (wide - 1), stride)
    windows = image_windows(x, *options)
    assert_equal(windows.shape, (2, 3, len(tops), len(lefts), high, wide))
    for (i, top), (j, left) in itertools.product(enumerate(tops), enumerate(lefts)):
        rows, columns = [top + dilation * u for u in range(high)], [left + dilation * v for v in range(wide)]
        assert_equal(windows[..., i, j, :, :], x[..., rows, :][..., columns])
    assert_equal(image_windows(x[0, 0], *options), windows[0, 0])
    assert_equal(image_windows(x[:, None], *options), windows[:, None])


@pytest.mark.parametrize("options", OPTIONS)
@given(x=normals(2, 2, 5, 6), weight=normals(4, 2, 3, 2))
def test_correlation_equals_sum_over_pixels_under_the_kernel(correlation, x, weight, options):
    """Every output is the sum, over channels and places of its kernel, of the weight times the pixel under it."""
    expected, size = (
        torch.stack([sums_under_kernels(one, kernels, *options) for one in images])
        for images, kernels in ((x, weight), (x.abs(), weight.abs()))
    )
    assert_close(correlation(x, weight, *options), expected, size)
    assert_close(correlation(x[:, None], weight, *options), expected[:, None], size[:, None])


@pytest.mark.parametrize("stride", [1, 2])
@given(x=normals(3, 6, 7))
def test_correlation_with_a_single_weight_picks_pixels(correlation, stride, x):
    """A kernel that is 1 in one place returns the channel and the pixels under that place, moved by it."""
    weight = torch.zeros(2, 3, 2, 3, dtype=torch.float64)
    weight[0, 2, 0, 1] = weight[1, 0, 1, 2] = 1
    expected = torch.stack([x[2, 0:5:stride, 1:6:stride], x[0, 1:6:stride, 2:7:stride]])
    assert_equal(correlation(x, weight, stride), expected)


def valid(x, weight):
    """Sum over channels of their correlations where the kernel lies inside the image, by scipy."""
    kernels = [[signal.correlate2d(c.numpy(), w.numpy(), "valid") for c, w in zip(x, k, strict=True)] for k in weight]
    return torch.tensor(np.array(kernels)).sum(1)


@given(x=normals(2, 5, 4), weight=normals(3, 2, 2, 3), bias=normals(3))
def test_convolution_layer_equals_sum_of_correlations_of_channels(convolution_layer, x, weight, bias):
    """Channels are correlated one by one, no kernel is flipped, and their sum is moved by one bias for each output."""
    expected = valid(x, weight) + bias[:, None, None]
    size = valid(x.abs(), weight.abs()) + bias.abs()[:, None, None]
    assert_close(convolution_layer(x, weight, bias), expected, size)


@pytest.mark.parametrize("options", OPTIONS[1:])
@given(x=normals(2, 5, 6), weight=normals(3, 2, 3, 2), bias=normals(3))
def test_convolution_layer_hands_its_options_on(convolution_layer, x, weight, bias, options):
    """Stride, padding and dilation are those of the correlation; the bias does not lie in the padding."""
    expected = sums_under_kernels(x, weight, *options) + bias[:, None, None]
    size = sums_under_kernels(x.abs(), weight.abs(), *options) + bias.abs()[:, None, None]
    both = torch.stack([expected, 2 * bias[:, None, None] - expected])
    assert_close(convolution_layer(torch.stack([x, -x]), weight, bias, *options), both, size)
    assert_close(convolution_layer(torch.stack([x, -x])[None], weight, bias, *options)[0], both, size)


@pytest.mark.parametrize("options", OPTIONS)
@given(x=normals(6, 5, 4), weight=normals(8, 3, 3, 2))
def test_grouped_correlation_equals_dense_one_with_blocks(grouped_correlation, x, weight, options):
    """Outputs of a group see the channels of the group alone: elsewhere the dense kernels are 0."""
    dense = block_diagonal(weight, 2)
    size = sums_under_kernels(x.abs(), dense.abs(), *options)
    expected = sums_under_kernels(x, dense, *options)
    observed = grouped_correlation(torch.stack([x, -x, x]), weight, 2, *options)
    assert_close(observed, torch.stack([expected, -expected, expected]), size)
    one, size = (sums_under_kernels(v[:3], w, *options) for v, w in ((x, weight), (x.abs(), weight.abs())))
    assert_close(grouped_correlation(x[None, None, :3], weight, 1, *options), one[None, None], size)
    assert_close(grouped_correlation(x[:3], weight[:2], 1, *options), one[:2], size[:2])


@pytest.mark.parametrize(("out", "groups"), [(6, 2), (6, 3), (4, 1), (3, 3)])
def test_block_diagonal_weight_equals_blocks_at_every_place(block_diagonal_weight, out, groups):
    """At each place of the kernel the blocks stand on the diagonal, in order, and all else is 0."""
    weight = steps(out, 2, 5, 3) + 3
    assert_equal(block_diagonal_weight(weight, groups), block_diagonal(weight, groups))


@pytest.mark.parametrize(
    ("channels", "out", "groups"), [(6, 6, 4), (6, 4, 3), (4, 6, 0), (4, 6, -2), (4, 6, 4), (0, 6, 1), (6, 0, 1)]
)
def test_grouped_correlation_rejects_uneven_groups(
    grouped_correlation, convolution_weight_count, convolution_multiply_adds, channels, out, groups
):
    """Both the channels and the outputs fall into equal groups."""
    weight = torch.ones(out, max(channels // max(groups, 1), 1), 2, 2, dtype=torch.float64)
    assert_rejects(grouped_correlation, torch.ones(channels, 3, 3, dtype=torch.float64), weight, groups)
    assert_rejects(convolution_weight_count, 3, channels, out, groups)
    assert_rejects(convolution_multiply_adds, 2, 2, 3, channels, out, groups)


@pytest.mark.parametrize("groups", [0, -2, 4])
def test_block_diagonal_weight_rejects_uneven_groups(block_diagonal_weight, groups):
    """Outputs fall into equal groups."""
    assert_rejects(block_diagonal_weight, torch.ones(6, 2, 3, 3, dtype=torch.float64), groups)


@pytest.mark.parametrize(("channels", "seen"), [(1, 2), (3, 1), (3, 2)])
def test_correlation_rejects_kernels_of_other_channels(correlation, grouped_correlation, channels, seen):
    """A kernel has a weight for every channel, or for every channel of its group; none is repeated."""
    weight = torch.ones(6, seen, 2, 3, dtype=torch.float64)
    assert_rejects(correlation, torch.ones(channels, 4, 5, dtype=torch.float64), weight)
    assert_rejects(grouped_correlation, torch.ones(2 * channels, 4, 5, dtype=torch.float64), weight, 2)


@pytest.mark.parametrize("options", OPTIONS)
@given(x=normals(3, 5, 6), weight=normals(3, 3, 2))
def test_depthwise_correlation_equals_correlation_of_each_channel(depthwise_correlation, x, weight, options):
    """Each channel is correlated with its own kernel, as an image by itself."""
    expected, size = (
        torch.cat([sums_under_kernels(image[c, None], kernels[c, None, None], *options) for c in range(3)])
        for image, kernels in ((x, weight), (x.abs(), weight.abs()))
    )
    batch, both = torch.stack([x, -x]), torch.stack([expected, -expected])
    assert_close(depthwise_correlation(batch, weight, *options), both, size)
    assert_close(depthwise_correlation(batch[:, None], weight, *options)[:, 0], both, size)
    assert_close(depthwise_correlation(x, weight, *options), expected, size)


@pytest.mark.parametrize("options", [(), (2,)])
@given(x=normals(2, 7), weight=normals(3, 2, 3), taps=st.sampled_from([3, 1]))
def test_causal_convolution_equals_sum_over_the_past(causal_convolution, x, weight, options, taps):
    """The last weight is that of the present, the one before it that of a dilation ago, and 0 came before all."""
    dilation = options[0] if options else 1
    expected, size = torch.zeros(3, 7, dtype=torch.float64), torch.zeros(3, 7, dtype=torch.float64)
    for t, age in itertools.product(range(7), range(taps)):
        if t >= dilation * age:
            terms = weight[:, :, 2 - age] * x[:, t - dilation * age]
            expected[:, t] += terms.sum(1)
            size[:, t] += terms.abs().sum(1)
    observed = causal_convolution(torch.stack([x, -x]), weight[:, :, 3 - taps :], *options)
    assert_close(observed, torch.stack([expected, -expected]), size)
    short = causal_convolution(x[None, None, :, :2], weight[:, :, 3 - taps :], *options)
    assert_close(short, expected[None, None, :, :2], size[:, :2])


@pytest.mark.parametrize("dilation", [1, 2])
@given(weight=normals(3, 2, 4))
def test_causal_convolution_of_an_impulse_is_the_flipped_kernel_behind_it(causal_convolution, dilation, weight):
    """A single 1 is seen from its own time on, by the last weight first, and never before."""
    impulse = torch.zeros(2, 9, dtype=torch.float64)
    impulse[1, 2] = 1
    expected = torch.zeros(3, 9, dtype=torch.float64)
    expected[:, 2 : 3 + 3 * dilation : dilation] = weight[:, 1].flip(-1)
    assert_equal(causal_convolution(impulse, weight, dilation), expected)


@pytest.mark.parametrize(("kernel_size", "dilation"), [(0, 1), (3, 0), (2, -1)])
def test_causal_convolution_rejects_what_does_not_fit(causal_convolution, depthwise_correlation, kernel_size, dilation):
    """A kernel has a weight, and a dilation is at least 1."""
    ones = torch.ones(2, 5, dtype=torch.float64)
    weight = torch.ones(3, 2, kernel_size, dtype=torch.float64)
    assert_rejects(causal_convolution, ones, weight, dilation)
    assert_rejects(depthwise_correlation, ones[..., None], weight[0, :, :, None], 1, 0, dilation)


@pytest.mark.parametrize(
    ("kernel_sizes", "strides", "dilations"),
    [((), (), ()), ((3,), (2,), (1,)), ((3, 2, 5), (2, 3, 1), (1, 1, 1)), ((2, 4, 3), (1, 2, 2), (3, 1, 2))],
)
def test_receptive_field_equals_span_of_pixels_reached(receptive_field, kernel_sizes, strides, dilations):
    """From layer to layer back, the pixels under the kernels at all places so far reach this far at most."""
    reached = {0}
    for kernel_size, stride, dilation in reversed(list(zip(kernel_sizes, strides, dilations, strict=True))):
        reached = {stride * place + dilation * u for place in reached for u in range(kernel_size)}
    assert_equal(receptive_field(kernel_sizes, strides, dilations), max(reached) - min(reached) + 1)


@pytest.mark.parametrize(
    ("kernel_sizes", "strides", "dilations"),
    [
        *[((0,), (1,), (1,)), ((-3,), (1,), (1,)), ((3, 3), (1, 0), (1, 1)), ((3,), (-1,), (1,))],
        *[((3,), (1,), (-1,)), ((3,), (1,), (0,)), ((3, 3), (1,), (1, 1)), ((3,), (1,), ())],
    ],
)
def test_receptive_field_rejects_impossible_layers(receptive_field, kernel_sizes, strides, dilations):
    """Each layer has a kernel, a stride and a dilation, of at least 1."""
    assert_rejects(receptive_field, kernel_sizes, strides, dilations)


@pytest.mark.parametrize("options", [(6, 4), (6, 4, 2), (3, 6, 3), (1, 2, 1)])
@pytest.mark.parametrize(("rows", "columns", "kernel_size"), [(2, 5, 3), (4, 1, 1)])
def test_convolution_multiply_adds_equal_number_of_products(
    convolution_multiply_adds, convolution_weight_count, rows, columns, kernel_size, options
):
    """A weight joins an output and a channel of one group at a place of the kernel; each acts once for every pixel."""
    channels, out, groups = (*options, 1)[:3]
    pairs = itertools.product(range(out), range(channels))
    shared = sum(math.floor(o * groups / out) == math.floor(c * groups / channels) for o, c in pairs)
    weights = sum(shared for _ in itertools.product(range(kernel_size), repeat=2))
    assert_equal(convolution_weight_count(kernel_size, *options), weights)
    products = sum(weights for _ in itertools.product(range(rows), range(columns)))
    assert_equal(convolution_multiply_adds(rows, columns, kernel_size, *options), products)


@pytest.mark.parametrize(("rows", "columns", "kernel_size"), [(0, 2, 3), (2, 0, 3), (-2, -2, 3), (2, 2, 0), (2, 2, -3)])
def test_convolution_multiply_adds_reject_empty_images_and_kernels(
    convolution_multiply_adds, convolution_weight_count, rows, columns, kernel_size
):
    """An output has a pixel, and a kernel has a weight."""
    assert_rejects(convolution_multiply_adds, rows, columns, kernel_size, 4, 6)
    if kernel_size < 1:
        assert_rejects(convolution_weight_count, kernel_size, 4, 6)
