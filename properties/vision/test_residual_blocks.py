"""Laws of `reference.vision.residual_blocks`."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import correlated
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers

AFFINE = ((2, 1), (3, -2), (-1, 5))


def whole(bound, *shape):
    """Whole numbers, small enough for sums of their products to be exact."""
    return dyadics(-bound, bound, *shape, grid=1)


def mixed(matrix, images):
    """The channels of each pixel through a matrix."""
    return torch.as_tensor(np.tensordot(matrix.numpy(), images.numpy(), (1, 1))).transpose(0, 1)


def channelwise(matrix):
    """The layer that sends the channels of each pixel through a matrix."""
    return lambda images: mixed(matrix, images).to(images.dtype)


def positive(numbers_):
    """The larger one of each number and 0."""
    return torch.as_tensor(np.maximum(numbers_.numpy(), 0))


def affine(factor, offset):
    """A norm in evaluation: a fixed map of every number."""
    return lambda images: images * factor + offset


def same(images):
    """The identity."""
    return images


@given(x=whole(4096, 5, 3, 2, 4), matrix=whole(2, 3, 3))
def test_post_activation_block_rectifies_the_sum(post_activation_block, x, matrix):
    """A linear branch A makes the positive part of (I + A) x, and no branch that of x, which is its own."""
    assert_equal(post_activation_block(x, channelwise(matrix)), positive(x + mixed(matrix, x)))
    y = post_activation_block(x, torch.zeros_like)
    assert_equal(y, positive(x))
    assert_equal(post_activation_block(y, torch.zeros_like), positive(x))


@given(x=whole(4096, 5, 3, 2, 4), matrix=whole(2, 3, 3))
def test_pre_activation_block_adds_the_branch_of_what_is_rectified(pre_activation_block, x, matrix):
    """A branch A behind the norm 2 v - 3 makes x + A max(0, 2 x - 3), and no branch leaves x as it is."""
    y = pre_activation_block(x, affine(2, -3), channelwise(matrix))
    assert_equal(y, x + mixed(matrix, positive(2 * x - 3)))
    assert_equal(pre_activation_block(x, affine(2, -3), torch.zeros_like), x)


@pytest.mark.parametrize("shape", [(2, 1), (3,), (1, 2, 3), ()])
def test_post_activation_block_rejects_branches_that_change_the_shape(
    post_activation_block, pre_activation_block, shape
):
    """A sum that broadcasts is no residual."""
    x, other = torch.ones(2, 3).double(), torch.ones(shape).double()
    assert_rejects(post_activation_block, x, lambda v: other)
    assert_rejects(pre_activation_block, x, same, lambda v: other)


@pytest.mark.parametrize("stride", [1, 2, 3])
@given(
    x=whole(4096, 2, 3, 4, 5),
    weight=whole(4, 6, 3),
    bias=whole(8, 6),
    branch=whole(8, 2, 6, 4, 5),
    out=st.sampled_from([6, 3]),
)
def test_projected_block_shortcuts_one_pixel_of_each_square(projected_block, x, weight, bias, stride, branch, out):
    """The shortcut to output pixel (i, j) is W x[s i, s j] + b, under a branch of the same ceil(n / s) pixels."""
    weight, bias, branch = weight[:out], bias[:out], branch[:, :out]
    rows, columns = range(0, 4, stride), range(0, 5, stride)
    branch = branch[..., : len(rows), : len(columns)]
    picked = torch.stack([x[:, :, i, j] for i in rows for j in columns], -1)
    shortcut = mixed(weight, picked).unflatten(-1, (len(rows), len(columns))) + bias[:, None, None]
    y = projected_block(x, lambda v: (v.sum() - x.sum() + branch).to(v.dtype), weight, bias, stride)
    assert_equal(y, positive(shortcut + branch))


@pytest.mark.parametrize(
    ("stride", "shape"), [(0, (2, 4, 3, 5)), (-1, (2, 4, 3, 5)), (2, (2, 4, 3, 5)), (1, (2, 1, 3, 5))]
)
def test_projected_block_rejects_what_cannot_be_added(projected_block, stride, shape):
    """The stride is at least 1, and the branch has the channels and the sides of the shortcut."""
    x, branch = torch.ones(2, 3, 3, 5).double(), torch.ones(shape).double()
    assert_rejects(projected_block, x, lambda v: branch, torch.ones(4, 3).double(), torch.ones(4).double(), stride)


@pytest.mark.parametrize("given_stride", [(), (2,)])
@given(x=whole(4, 2, 3, 4, 5), reduce=whole(2, 6, 3), kernel=whole(2, 6, 2, 3, 3), expand=whole(2, 7, 6))
def test_bottleneck_branch_equals_correlations(bottleneck_branch, x, reduce, kernel, expand, given_stride):
    """It is two linear maps of channels around a 3 x 3 correlation with stride, each behind its own norm, of which the
    first two are rectified; the stride is 1 if not given.
    """
    (a, b), (c, d), (e, f) = AFFINE
    stride = given_stride[0] if given_stride else 1
    narrow = positive(mixed(reduce, x) * a + b)
    seen = positive(correlated(narrow, kernel)[..., ::stride, ::stride] * c + d)
    norms = tuple(affine(*pair) for pair in AFFINE)
    assert_equal(bottleneck_branch(x, reduce, kernel, expand, norms, *given_stride), mixed(expand, seen) * e + f)
    images = norms[0], lambda v: v + v.sum((2, 3), keepdim=True), norms[2]
    strided = correlated(narrow, kernel)[..., ::stride, ::stride]
    seen = positive(strided + strided.sum((2, 3), keepdim=True))
    square = bottleneck_branch(x, reduce, kernel, expand[:3], images, *given_stride)
    assert_equal(square, mixed(expand[:3], seen) * e + f)


@given(
    x=whole(4, 2, 3, 4, 5),
    reduce=whole(2, 6, 3),
    kernel=whole(2, 6, 2, 3, 3),
    expand=whole(2, 7, 6),
    bias=whole(8, 7),
)
def test_summed_branches_equal_dense_block_diagonal_weights(
    summed_branches, concatenated_branches, bottleneck_branch, x, reduce, kernel, expand, bias
):
    """Branches that are added up, joined, or grouped are one dense bottleneck whose kernel is 0 between groups."""
    dense = torch.zeros(6, 6, 3, 3, dtype=torch.float64)
    for o, c in itertools.product(range(6), range(2)):
        dense[o, 2 * (o // 2) + c] = kernel[o, c]
    expected = mixed(expand, positive(correlated(positive(mixed(reduce, x)), dense))) + bias[:, None, None]
    assert_equal(summed_branches(x, reduce, kernel, expand, bias), expected)
    assert_equal(concatenated_branches(x, reduce, kernel, expand, bias), expected)
    last = affine(1, bias[:, None, None])
    grouped = bottleneck_branch(x, reduce, kernel, expand, (same, same, lambda v: last(v).to(v.dtype)))
    assert_equal(grouped, expected)


@given(x=whole(4, 2, 3, 4, 5), reduce=whole(2, 6, 3), kernel=whole(2, 6, 2, 3, 3), change=whole(4, 6, 3))
def test_bottleneck_branch_keeps_groups_apart(
    bottleneck_branch, summed_branches, concatenated_branches, x, reduce, kernel, change
):
    """What is read from the second of three groups does not depend on the weights that lead to the others."""
    expand, bias = torch.zeros(2, 6, dtype=torch.float64), numbers(3, -5)
    expand[0, 2] = expand[1, 3] = 1
    changed = reduce + change * numbers(1, 1, 0, 0, 1, 1)[:, None]
    narrow = positive(mixed(reduce[2:4], x))
    expected = positive(correlated(narrow, kernel[2:4]))
    grouped = bottleneck_branch(x, changed, kernel, expand, (same, same, same))
    assert_equal(grouped, expected)
    for branches in (summed_branches, concatenated_branches):
        assert_equal(branches(x, changed, kernel, expand, bias), expected + bias[:, None, None])


@pytest.mark.parametrize(("group_width", "stride"), [(4, 1), (2, 0), (2, -1)])
def test_bottleneck_branch_rejects_impossible_groups_and_strides(
    bottleneck_branch, summed_branches, concatenated_branches, group_width, stride
):
    """Groups have equal widths, and a stride is at least 1."""
    x, reduce, expand = torch.ones(2, 3, 4, 5).double(), torch.ones(6, 3).double(), torch.ones(7, 6).double()
    kernel, bias = torch.ones(6, group_width, 3, 3).double(), torch.ones(7).double()
    assert_rejects(bottleneck_branch, x, reduce, kernel, expand, (same, same, same), stride)
    if stride == 1:
        assert_rejects(summed_branches, x, reduce, kernel, expand, bias)
        assert_rejects(concatenated_branches, x, reduce, kernel, expand, bias)


@pytest.mark.parametrize("given_groups", [(), (1,), (2,), (5,)])
@given(channels=st.integers(1, 9), group_width=st.integers(1, 9))
def test_bottleneck_parameter_count_equals_entries(bottleneck_parameter_count, channels, group_width, given_groups):
    """It is the number of entries of the three weights, with one group if none is given."""
    width = group_width * (given_groups[0] if given_groups else 1)
    shapes = (width, channels), (width, group_width, 3, 3), (channels, width)
    expected = sum(torch.empty(shape).numel() for shape in shapes)
    assert_equal(bottleneck_parameter_count(channels, width, *given_groups), expected)


@pytest.mark.parametrize(("channels", "width", "groups"), [(0, 4, 1), (3, 0, 1), (3, 4, 0), (3, 4, 3), (3, 4, 8)])
def test_bottleneck_parameter_count_rejects_impossible_weights(bottleneck_parameter_count, channels, width, groups):
    """There are channels, and groups of equal widths."""
    assert_rejects(bottleneck_parameter_count, channels, width, groups)


@given(planes=st.integers(1, 300), groups=st.integers(1, 40), base_width=st.integers(1, 200))
def test_resnext_width_fills_every_group(resnext_width, planes, groups, base_width):
    """A group has the largest whole number of channels that is at most planes base_width / 64."""
    planes = max(planes, -(-64 // base_width))
    each, left = divmod(resnext_width(planes, groups, base_width), groups)
    assert_equal(left, 0)
    assert_equal(64 * each <= planes * base_width < 64 * (each + 1), True)


@pytest.mark.parametrize(("arguments", "expected"), [((64, 32, 4), 128), ((64, 1, 64), 64), ((16, 3, 4), 3)])
def test_resnext_width_starts_at_one_channel(resnext_width, arguments, expected):
    """ResNeXt-50 32x4d begins with 128 channels and ResNet-50 with 64; planes base_width = 64 fills each with one."""
    assert_equal(resnext_width(*arguments), expected)


@pytest.mark.parametrize("arguments", [(0, 1, 64), (64, 0, 4), (64, 1, 0), (15, 3, 4), (9, 3, 7), (-64, 1, -64)])
def test_resnext_width_rejects_empty_groups(resnext_width, arguments):
    """A group has at least one channel."""
    assert_rejects(resnext_width, *arguments)


@given(x=whole(4096, 3, 8, 1, 5), matrices=whole(2, 3, 2, 2))
def test_res2net_split_sums_over_all_paths(res2net_split, res2net_split_keeping_last, x, matrices):
    """With linear layers part i is the sum over all earlier starts j of M_i ... M_j x_j, and the kept part is left out
    of every sum.
    """
    parts, layers = x.split(2, 1), [channelwise(matrix) for matrix in matrices]

    def summed(starts):
        ends = []
        for i in range(3):
            paths = [(torch.eye(2).double(), start) for start in starts[: i + 1]]
            for j, (path, start) in enumerate(paths):
                for step in range(j, i + 1):
                    path = matrices[step] @ path
                paths[j] = path, start
            ends.append(sum(mixed(path, start) for path, start in paths))
        return ends

    assert_equal(res2net_split(x, layers), torch.cat([parts[0], *summed(parts[1:])], 1))
    assert_equal(res2net_split_keeping_last(x, layers), torch.cat([*summed(parts[:3]), parts[3]], 1))


@pytest.mark.parametrize(("scales", "width"), [(1, 4), (2, 3), (5, 2)])
@given(x=whole(4096, 1, 10, 2, 3))
def test_res2net_split_adds_up_partial_sums(res2net_split, res2net_split_keeping_last, scales, width, x):
    """With the identity for every layer y_i = x_2 + ... + x_i, or x_1 + ... + x_i if the last part is kept; a single
    part stays.
    """
    x = x[:, : scales * width] + 0.5
    parts = x.unflatten(1, (scales, width))
    layers = [same] * (scales - 1)
    first = torch.cat([parts[:, :1], parts[:, 1:].cumsum(1)], 1).flatten(1, 2)
    last = torch.cat([parts[:, :-1].cumsum(1), parts[:, -1:]], 1).flatten(1, 2)
    assert_equal(res2net_split(x, layers), first)
    assert_equal(res2net_split_keeping_last(x, layers), last)


@given(x=whole(4096, 2, 5, 1, 3))
def test_res2net_split_keeping_last_may_keep_a_narrower_part(res2net_split_keeping_last, x):
    """Five channels in three parts are 2, 2 and 1."""
    first, second, third = x.split(2, 1)
    expected = torch.cat([3 * first, 7 * (second + 3 * first), third], 1)
    assert_equal(res2net_split_keeping_last(x, [affine(3, 0), affine(7, 0)]), expected)


@pytest.mark.parametrize(("channels", "scales"), [(5, 3), (2, 3), (7, 2)])
def test_res2net_split_rejects_unequal_parts(res2net_split, channels, scales):
    """The number of parts divides the channels."""
    assert_rejects(res2net_split, torch.ones(2, channels, 1, 3).double(), [affine(1, 0)] * (scales - 1))


@pytest.mark.parametrize(("channels", "scales"), [(5, 4), (2, 3), (9, 6)])
def test_res2net_split_keeping_last_rejects_missing_parts(res2net_split_keeping_last, channels, scales):
    """Five channels in parts of ceil(5 / 4) = 2 are three parts and not four."""
    assert_rejects(res2net_split_keeping_last, torch.ones(2, channels, 1, 3).double(), [affine(1, 0)] * (scales - 1))


@pytest.mark.parametrize(("place", "channels"), [(0, 1), (1, 1), (1, 3)])
def test_res2net_split_rejects_layers_that_change_the_shape(res2net_split, res2net_split_keeping_last, place, channels):
    """A layer returns as many channels as it is given: fewer would broadcast in the next sum."""
    x, layers = torch.ones(2, 6, 1, 3).double(), [affine(1, 0)] * 2
    layers[place] = lambda part: torch.cat([part, part], 1)[:, :channels]
    assert_rejects(res2net_split, x, layers)
    assert_rejects(res2net_split_keeping_last, x, layers)


@given(x=normals(2, 5, 4, 2), weight_in=dyadics(-64, 64, 3, 5, grid=64), weight_out=dyadics(-64, 64, 5, 3, grid=64))
def test_squeeze_excitation_gates_each_channel_by_all_means(squeeze_excitation, x, weight_in, weight_out):
    """The gate of a channel is 1 / (1 + exp(-z)), where z adds up the positive parts of weighted means of pixels."""
    expected, size = [], []
    for image in x.tolist():
        means = [math.fsum(itertools.chain(*channel)) / 8 for channel in image]
        hidden = [max(0, math.fsum(w * m for w, m in zip(row, means, strict=True))) for row in weight_in.tolist()]
        scores = [math.fsum(w * h for w, h in zip(row, hidden, strict=True)) for row in weight_out.tolist()]
        expected.append([1 / (1 + math.exp(-score)) for score in scores])
        size.append(1 + weight_out.abs() @ weight_in.abs() @ numbers(*[4.0] * 5))
    gates = torch.tensor(expected, dtype=torch.float64)[..., None, None]
    assert_close(squeeze_excitation(x, weight_in, weight_out), gates * x, torch.stack(size)[..., None, None] * x)


@given(x=normals(2, 5, 3, 4), order=st.permutations(range(12)), weight=dyadics(-64, 64, 5, 3, grid=64))
def test_squeeze_excitation_halves_at_zero_weights(squeeze_excitation, x, order, weight):
    """If either weight is 0 each gate is 1/2, and a permutation of the pixels permutes the output in any case; for
    large scores each gate is 1.
    """
    none, bright = torch.zeros_like(weight), x.abs() + 1000
    assert_close(squeeze_excitation(bright, weight.T.abs() + 1, weight.abs() + 1), bright)
    assert_close(squeeze_excitation(x, none.T, weight), x / 2)
    assert_close(squeeze_excitation(x, weight.T, none), x / 2)
    moved = x.flatten(2)[..., order].unflatten(2, (3, 4))
    y = squeeze_excitation(x, weight.T, weight)
    size = (1 + 4 * weight.abs() @ weight.abs().sum(0))[:, None, None] * x.abs()
    expected = y.flatten(2)[..., order].unflatten(2, (3, 4))
    assert_close(
        squeeze_excitation(moved, weight.T, weight), expected, size.flatten(2)[..., order].unflatten(2, (3, 4))
    )
