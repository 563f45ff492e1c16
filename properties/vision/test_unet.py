"""Laws of `reference.vision.unet`."""

import itertools
import math
import operator
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import correlated
from properties.rejection import assert_rejects
from properties.strategies import dyadics, masks

PROBABILITY_BELOW = np.vectorize(statistics.NormalDist().cdf)


def whole(bound, *shape):
    """Whole numbers, small enough for sums of their products to be exact."""
    return dyadics(-bound, bound, *shape, grid=1)


def halves(*shape):
    """Multiples of 1/16 in [-1, 1]."""
    return dyadics(-16, 16, *shape, grid=16)


def weighed(numbers):
    """Each number times the probability that a standard normal is below it."""
    return numbers * torch.as_tensor(PROBABILITY_BELOW(numbers.numpy()))


def affine(factor, offset):
    """A layer that maps every number alone."""
    return lambda images: images * factor + offset


def channelwise(matrix):
    """The layer that sends the channels of each pixel through a matrix."""
    return lambda images: torch.einsum("oc,bchw->bohw", matrix.to(images.dtype), images)


def painted(images, kernel):
    """Every pixel replaced by a square: the sum of the squares (out, rows, columns) of its channels, times them."""
    squares = [
        [sum(np.kron(plane, kernel[c, o]) for c, plane in enumerate(image)) for o in range(kernel.shape[1])]
        for image in images.numpy()
    ]
    return torch.as_tensor(np.array(squares))


def corners(images, size):
    """The pixels of every square of this size, along a new last axis."""
    rows, columns = (range(0, n - size + 1, size) for n in images.shape[2:])
    squares = [images[:, :, i : i + size, j : j + size].flatten(2) for i in rows for j in columns]
    return torch.stack(squares, 2).unflatten(2, (len(rows), len(columns)))


@pytest.mark.parametrize("shape", [(1, 4, 3), (3,)])
@given(x=dyadics(-64, 64, 4, 3, grid=16), w=halves(5, 3), b=halves(5), w_out=halves(2, 5), b_out=halves(2))
def test_embed_fc_embeds_every_sample_alone(embed_fc, x, w, b, w_out, b_out, shape):
    """A sample is mapped linearly, weighed by the normal distribution function, and mapped linearly again."""
    x = x[: math.prod(shape) // 3]
    samples = []
    for row in x.tolist():
        hidden = [math.fsum(map(operator.mul, r, row)) + o for r, o in zip(w.tolist(), b.tolist(), strict=True)]
        samples.append(weighed(torch.tensor(hidden, dtype=torch.float64)))
    size = (1.13 * (x.abs() @ w.abs().T + b.abs())) @ w_out.abs().T + b_out.abs()
    expected = torch.stack([torch.as_tensor(w_out.numpy() @ sample.numpy()) for sample in samples]) + b_out
    assert_close(embed_fc(x.reshape(shape), w, b, w_out, b_out), expected, size)


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2), ()])
@given(t=dyadics(0, 64, 4, grid=64), w=halves(3, 1), b=halves(3), w_out=halves(2, 3), b_out=halves(2))
def test_embed_fc_takes_times_of_any_shape(embed_fc, t, w, b, w_out, b_out, shape):
    """Each time is a sample of one number, wherever it stands."""
    t = t[: math.prod(shape)]
    expected = [weighed(w[:, 0] * time + b) for time in t.tolist()]
    size = 1.13 * (w_out.abs() @ (w.abs()[:, 0] + b.abs())) + b_out.abs()
    observed = embed_fc(t.reshape(shape), w, b, w_out, b_out)
    assert_close(observed, torch.stack([(w_out * hidden).sum(1) + b_out for hidden in expected]), size)


@pytest.mark.parametrize(("inputs", "shape"), [(3, (3, 4)), (3, (6,)), (3, ()), (3, (2, 3, 1)), (2, (2, 3))])
def test_embed_fc_rejects_samples_along_another_axis(embed_fc, inputs, shape):
    """Samples of 3 numbers have them along the last axis."""
    ones = torch.ones(5, inputs, dtype=torch.float64)
    assert_rejects(embed_fc, torch.ones(shape).double(), ones, ones[:, 0], ones.T[:1], ones[:1, 0])


@given(x=whole(4, 2, 3, 4, 5), kernel=whole(1, 7, 3, 3, 3), bias=whole(4, 7))
def test_conv_norm_gelu_weighs_what_is_normalised(conv_norm_gelu, x, kernel, bias):
    """The norm comes behind the convolution and its bias, and GELU behind the norm."""
    normalized = (correlated(x, kernel) + bias[:, None, None]) * -0.125 + 0.5
    assert_close(conv_norm_gelu(x, kernel, bias, affine(-0.125, 0.5)), weighed(normalized), normalized.abs())


@given(x=whole(4096, 5, 3, 2, 4), same=whole(2, 3, 3), wider=whole(2, 7, 3), second=whole(2, 7, 7))
def test_residual_conv_block_shortcuts_what_has_its_channels(residual_conv_block, x, same, wider, second):
    """1.414 y is x + B A x for square A, and A x + B A x if A changes the channels; at B = 0 it is the shortcut."""
    square = second[:3, :3]
    y = residual_conv_block(x, channelwise(same), channelwise(square))
    assert_close(y, (x + channelwise(square @ same)(x)) / 1.414)
    y = residual_conv_block(x, channelwise(wider), channelwise(second))
    assert_close(y, (channelwise(wider)(x) + channelwise(second @ wider)(x)) / 1.414)
    y = residual_conv_block(x, channelwise(wider[:2]), channelwise(second[:2, :2]))
    assert_close(y, (channelwise(wider[:2])(x) + channelwise(second[:2, :2] @ wider[:2])(x)) / 1.414)
    assert_close(residual_conv_block(x, channelwise(same), torch.zeros_like), x / 1.414)


@pytest.mark.parametrize(("channels", "second"), [(3, (3, 1)), (7, (1, 5)), (3, (1, 5)), (7, (3, 5))])
def test_residual_conv_block_rejects_what_would_broadcast(residual_conv_block, channels, second):
    """The second layer returns what the shortcut has."""
    x = torch.ones(2, 3, 4, 5).double()
    first, last = torch.ones(2, channels, 4, 5).double(), torch.ones(2, second[0], 4, second[1]).double()
    assert_rejects(residual_conv_block, x, lambda v: first, lambda v: last)


@given(x=whole(64, 2, 3, 6, 10), matrix=whole(2, 5, 3))
def test_unet_down_takes_the_largest_of_four(unet_down, x, matrix):
    """Every square of two pixels a side becomes its maximum, behind the block."""
    pixels = corners(channelwise(matrix)(x), 2)
    assert_equal(unet_down(x, channelwise(matrix)), torch.as_tensor(np.max(pixels.numpy(), -1)))


@pytest.mark.parametrize("sides", [(4, 5), (3, 6), (1, 2)])
def test_unet_down_rejects_odd_sides(unet_down, sides):
    """A row that is dropped on the way down is missing on the way up."""
    assert_rejects(unet_down, torch.ones(2, 3, *sides).double(), affine(2, 1))


@given(x=whole(4096, 2, 3, 4, 5), skip=whole(8, 2, 7, 4, 5))
def test_join_skip_stacks_channels(join_skip, x, skip):
    """The channels of x come first, and those of the skip behind them."""
    joined = join_skip(x, skip)
    assert_equal(joined[:, :3], x)
    assert_equal(joined[:, 3:], skip)
    assert_equal(tuple(joined.shape), (2, 10, 4, 5))
    assert_equal(join_skip(x, x + 1), torch.cat([x, x + 1], 1))


@pytest.mark.parametrize("shape", [(1, 7, 4, 5), (2, 7, 4, 1), (2, 7, 1, 5), (2, 7, 5, 4), (2, 7, 8, 10)])
def test_join_skip_rejects_other_sides(join_skip, unet_up, shape):
    """Sides and batch are equal, and nothing is cropped, padded or broadcast."""
    x, skip = torch.ones(2, 3, 4, 5).double(), torch.ones(shape).double()
    assert_rejects(join_skip, x, skip)
    assert_rejects(unet_up, x, skip, torch.ones(10, 2, 2, 2).double(), torch.ones(2).double(), affine(2, 1))


@given(x=whole(4096, 2, 1, 3, 4), skip=whole(8, 2, 2, 3, 4), kernel=whole(4, 3, 5, 2, 2), bias=whole(8, 5))
def test_unet_up_paints_a_square_for_every_pixel(unet_up, x, skip, kernel, bias):
    """A pixel of the joined channels becomes two by two pixels, which do not overlap with others; the block is last."""
    expected = painted(torch.cat([x, skip], 1), kernel) + bias[:, None, None]
    assert_equal(unet_up(x, skip, kernel, bias, affine(2, 1)), 2 * expected + 1)


@pytest.mark.parametrize(("pool", "sides"), [(2, (3, 2)), (4, (2, 3))])
@given(x=whole(64, 2, 3, 4, 5), kernel=halves(3, 5, 3, 3), bias=halves(5))
def test_unet_middle_paints_weighed_means(unet_middle, x, kernel, bias, pool, sides):
    """The mean of each square, through GELU, is painted over a rectangle, and the rest is lost."""
    kernel = kernel[..., : sides[0], : sides[1]]
    vector = corners(x, pool).mean(-1)
    painting = painted(weighed(vector), kernel.numpy()) + bias[:, None, None]
    size = painted(vector.abs(), kernel.abs().numpy()) + bias.abs()[:, None, None]
    expected = (2 * painting - 0.5).clamp(min=0)
    assert_close(unet_middle(x, pool, kernel, bias, affine(2, -0.5)), expected, 2 * size + 0.5)


@pytest.mark.parametrize("pool", [0, -1, 5, 6])
def test_unet_middle_rejects_squares_that_do_not_fit(unet_middle, pool):
    """A square of five pixels does not fit into 4 x 5."""
    x, kernel, bias = torch.ones(2, 3, 4, 5).double(), torch.ones(3, 5, 2, 2).double(), torch.ones(5).double()
    assert_rejects(unet_middle, x, pool, kernel, bias, affine(2, 1))


@given(x=whole(4096, 2, 3, 4, 5), context=whole(8, 2, 3), time=whole(8, 2, 3))
def test_modulate_features_scales_and_shifts_channels(modulate_features, x, context, time):
    """Each channel of each sample is multiplied by its context and moved by its time, in all its pixels."""
    channels = itertools.product(range(2), range(3))
    expected = [x[b, c] * float(context[b, c]) + float(time[b, c]) for b, c in channels]
    assert_equal(modulate_features(x, context, time), torch.stack(expected).reshape(x.shape))


@given(context=whole(8, 5, 3), mask=masks(5))
def test_masked_context_keeps_or_clears_whole_samples(masked_context, context, mask):
    """A sample keeps its context where the mask is True, and has zeros elsewhere."""
    context = context + 0.5
    rows = [row if kept else [0.0] * 3 for row, kept in zip(context.tolist(), mask.tolist(), strict=True)]
    assert_equal(masked_context(context, mask), torch.tensor(rows))


@given(x=whole(4096, 1, 2, 3, 4), factors=st.permutations([2, 3, 5, 7, 11, 13, 17]))
def test_unet_meets_every_skip_on_the_way_up(unet, x, factors):
    """With down_i(v) = a_i v + i and up(y, h) = b y + c h^2 the skips come back in reverse, and the input is none."""
    a1, a2, b1, b2, c1, c2, m = factors
    h_1 = a1 * x + 1
    h_2 = a2 * h_1 + 2
    last = b1 * (m * h_2 + 4) + c1 * h_2 * h_2
    ups = [lambda y, skip: b1 * y + c1 * skip * skip, lambda y, skip: b2 * y + c2 * skip * skip]
    y = unet(x, [affine(a1, 1), affine(a2, 2)], affine(m, 4), ups)
    size = b2 * (b1 * (m * h_2.abs() + 4) + c1 * h_2 * h_2) + c2 * h_1 * h_1
    assert_close(y, b2 * last + c2 * h_1 * h_1, size)
    assert_equal(unet(x, [], affine(m, 4), []), m * x + 4)


@pytest.mark.parametrize(("downs", "ups"), [(2, 1), (1, 2), (0, 1)])
def test_unet_rejects_unequal_ways(unet, downs, ups):
    """As many layers lead up as down."""
    x = torch.ones(1, 2, 3, 4).double()
    assert_rejects(unet, x, [affine(2, 1)] * downs, affine(3, 1), [lambda y, skip: y + skip] * ups)


@given(middle=st.integers(1, 30), extra=st.integers(0, 3), slack=st.integers(1, 5), levels=st.integers(0, 3))
def test_unet_sides_lead_back(unet_sides, middle, extra, slack, levels):
    """`middle` squares of `pool` pixels may leave `middle extra` < pool pixels over, and each then grows by `extra`."""
    pool = middle * extra + slack
    smallest = middle * (pool + extra)
    down = [smallest * 2**level for level in range(levels + 1)]
    sides = unet_sides(down[-1], levels, pool, pool + extra)
    assert_equal(list(sides), [*reversed(down), middle, *down])
    if extra:
        assert_rejects(
            unet_sides, middle * (middle + 1) * extra * 2**levels, levels, middle * extra, (middle + 1) * extra
        )


@pytest.mark.parametrize(
    ("side", "levels", "pool", "growth"),
    [
        *((18, 2, 4, 4), (20, 3, 2, 2), (22, 1, 4, 4), (30, 2, 7, 7)),
        *((8, 2, 4, 2), (32, 2, 4, 8), (28, 2, 7, 6)),
        *((0, 2, 4, 4), (16, -1, 4, 4), (16, 2, 0, 4), (16, 2, 4, 0)),
        *((-16, 2, 4, 4), (-16, 2, -4, 4), (16, 2, -4, -4)),
    ],
)
def test_unet_sides_rejects_what_does_not_lead_back(unet_sides, side, levels, pool, growth):
    """Odd sides, squares that do not fit, and growth to another side leave a skip without its like."""
    assert_rejects(unet_sides, side, levels, pool, growth)
