"""Laws of `reference.vision.crnn`."""

import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given

from properties.closeness import assert_close, assert_equal
from properties.oracles import correlated
from properties.rejection import assert_rejects
from properties.strategies import dyadics

PATHS = [path for length in range(6) for path in itertools.product(range(3), repeat=length)]
AFFINE = ((-1, 3), (2, -5), (-0.5, 1))


def whole(bound, *shape):
    """Whole numbers, small enough for sums of their products to be exact."""
    return dyadics(-bound, bound, *shape, grid=1)


def affine(factor, offset):
    """A norm in evaluation: a fixed map of every number."""
    return lambda images: images * factor + offset


def largest(images, step, edge):
    """The largest of two by two pixels, every second row and every `step` columns, with `edge` empty columns beside."""
    padded = np.pad(images.numpy(), [(0, 0), (0, 0), (0, 0), (edge, edge)], constant_values=-np.inf)
    pairs = np.maximum(padded[:, :, :-1:2], padded[:, :, 1::2])
    return torch.as_tensor(np.maximum(pairs[..., :-1:step], pairs[..., 1::step]))


def described(x, kernels, biases, norms):
    """The seven layers, one after the other; an even kernel has its centre at the end, and the last row has none."""
    pools = {0: (2, 0), 1: (2, 0), 3: (1, 1), 5: (1, 1)}
    for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        odd = kernel if layer < 6 else torch.nn.functional.pad(kernel, (1, 0, 1, 0))
        x = correlated(x, odd) + bias[:, None, None]
        x = x if layer < 6 else x[..., :-1, :-1]
        x = norms[layer // 2 - 1](x) if layer in (2, 4, 6) else x
        x = x.clamp(min=0)
        x = largest(x, *pools[layer]) if layer in pools else x
    return x


@given(x=whole(4, 1, 2, 33, 6), weights=whole(1, 240), offsets=whole(2, 15))
def test_crnn_features_equal_seven_layers(crnn_features, x, weights, offsets):
    """Norms stand behind the convolutions 2, 4 and 6 and before their relu, and pools behind 0, 1, 3 and 5."""
    x = torch.cat([x, -x])
    shapes = (2, 2, 3, 3), *[(2, 2, 3, 3)] * 5, (3, 2, 2, 2)
    sizes = [torch.Size(shape).numel() for shape in shapes]
    kernels = [part.reshape(shape) for part, shape in zip(weights.split(sizes), shapes, strict=True)]
    biases = [*offsets.split([2] * 6 + [3])]
    expected = described(x, kernels, biases, [affine(*pair) for pair in AFFINE])
    sized = [[part.abs() for part in parts] for parts in (kernels, biases)]
    size = described(x.abs(), *sized, [affine(abs(factor), abs(offset)) for factor, offset in AFFINE])
    assert_close(crnn_features(x, kernels, biases, [affine(*pair) for pair in AFFINE]), expected, size)


@pytest.mark.parametrize(("height", "width"), [(32, 4), (47, 7), (48, 8), (65, 9)])
def test_crnn_features_have_their_sizes(crnn_features, crnn_sizes, height, width):
    """The features are as high and wide as foretold, with a row for every 16 rows but one, and as many channels as
    kernels.
    """
    kernels = [torch.ones(2, 1 if layer == 0 else 2, 3 - layer // 6, 3 - layer // 6) for layer in range(7)]
    kernels, biases = [kernel.double() for kernel in kernels], [torch.ones(2).double()] * 7
    features = crnn_features(torch.ones(3, 1, height, width).double(), kernels, biases, [affine(0.125, 1)] * 3)
    expected = {(32, 4): (1, 2), (47, 7): (1, 2), (48, 8): (2, 3), (65, 9): (3, 3)}[height, width]
    assert_equal(tuple(features.shape), (3, 2, *expected))
    assert_equal(crnn_sizes(height, width), expected)
    assert_equal(bool((features > 0).all()), True)


@pytest.mark.parametrize(
    ("kernels", "biases", "norms"), [(6, 6, 3), (8, 8, 3), (7, 6, 3), (7, 8, 3), (7, 7, 2), (7, 7, 4)]
)
def test_crnn_features_reject_other_numbers_of_layers(crnn_features, kernels, biases, norms):
    """There are seven convolutions and three norms."""
    kernel = [torch.ones(1, 1, 3, 3).double()] * kernels
    assert_rejects(
        crnn_features,
        torch.ones(2, 1, 64, 8).double(),
        kernel,
        [torch.ones(1).double()] * biases,
        [affine(2, 1)] * norms,
    )


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(32, 100, (1, 26)), (32, 160, (1, 41)), (32, 64, (1, 17)), (64, 128, (3, 33)), (64, 600, (3, 151))],
)
def test_crnn_sizes_equal_worked_examples(crnn_sizes, height, width, expected):
    """They are those of images that readers of crnn.pytorch have fed to it (issues 4 and 84)."""
    assert_equal(crnn_sizes(height, width), expected)


@pytest.mark.parametrize(("height", "width"), [(31, 100), (16, 4), (32, 3), (0, 100), (32, 0), (-32, -4)])
def test_crnn_sizes_reject_images_without_features(crnn_sizes, crnn_features, height, width):
    """An image has at least 32 rows and 4 columns."""
    assert_rejects(crnn_sizes, height, width)
    if min(height, width) > 0:
        kernels, biases = [torch.ones(1, 1, 2, 2).double()] * 7, [torch.ones(1).double()] * 7
        assert_rejects(crnn_features, torch.ones(1, 1, height, width).double(), kernels, biases, [affine(2, 1)] * 3)


@given(features=whole(8, 2, 3, 1, 5))
def test_crnn_columns_run_from_left_to_right(crnn_columns, features):
    """Step t of each sample holds the channels of its column t."""
    expected = [[[image[c][0][t] for c in range(3)] for t in range(5)] for image in features.tolist()]
    assert_equal(crnn_columns(features), torch.tensor(expected))
    assert_equal(crnn_columns(features[:1, :1]), torch.tensor(expected)[:1, :, :1])
    assert_equal(crnn_columns(features[..., :1]), torch.tensor(expected)[:, :1])


@pytest.mark.parametrize("height", [0, 2, 3])
def test_crnn_columns_reject_other_heights(crnn_columns, height):
    """A column of two rows is no vector of channels."""
    assert_rejects(crnn_columns, torch.ones(2, 3, height, 5).double())


@given(x=whole(8, 2, 5, 3), weight=whole(4, 4, 6), bias=whole(8, 4))
def test_bidirectional_layer_reads_both_ways(bidirectional_layer, x, weight, bias):
    """Running sums make W (x_1 + ... + x_t, 3 (x_t + ... + x_n)) + b at step t."""
    y = bidirectional_layer(x, lambda v: v.cumsum(1), lambda v: 3 * v.cumsum(1), weight, bias)
    expected = [torch.cat([x[:, : t + 1].sum(1), 3 * x[:, t:].sum(1)], -1) @ weight.T + bias for t in range(5)]
    assert_equal(y, torch.stack(expected, 1))
    single = bidirectional_layer(x[:, :1], lambda v: v.cumsum(1), lambda v: 3 * v.cumsum(1), weight, bias)
    assert_equal(single[:, 0], torch.cat([x[:, 0], 3 * x[:, 0]], -1) @ weight.T + bias)


@given(x=whole(8, 2, 5, 3), weight=whole(4, 4, 6), bias=whole(8, 4))
def test_bidirectional_layer_is_symmetric_in_directions(bidirectional_layer, x, weight, bias):
    """If the layers and their weights change places, a reversed sequence returns a reversed one; at W = 0 it is b."""

    def forward(v):
        return v.cumsum(1)

    def backward(v):
        return torch.cat([v[:, :1] * 0 + 2, v[:, :-1]], 1) * v

    y = bidirectional_layer(x, forward, backward, weight, bias)
    turned = bidirectional_layer(x.flip(1), backward, forward, weight.roll(3, 1), bias)
    assert_equal(turned.flip(1), y.double())
    assert_equal(bidirectional_layer(x, forward, backward, 0 * weight, bias), bias.expand(2, 5, 4))


@pytest.mark.parametrize("given_blank", [(), (0,), (1,), (2,)])
def test_ctc_collapse_equals_substitution_of_patterns(ctc_collapse, given_blank):
    """In all paths of up to five labels every run becomes one label, and blanks then nothing; label 0 is blank if no
    other is given.
    """
    blank = str(given_blank[0] if given_blank else 0)
    others = [1000 * choice for choice in given_blank]
    for path in PATHS:
        merged = re.sub(r"(.)\1*", r"\1", "".join(map(str, path)))
        text = [1000 * int(label) for label in merged.replace(blank, "")]
        assert_equal(ctc_collapse([1000 * label for label in path], *others), text)
