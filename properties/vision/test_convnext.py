"""Laws of `reference.vision.convnext`."""

import math
import operator
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import attended, attended_magnitude, correlated
from properties.rejection import assert_rejects
from properties.strategies import dyadics, numbers
from reference.vision.convnext import InvertedBottleneck

NORMAL = statistics.NormalDist()


def whole(bound, *shape):
    """Whole numbers, small enough for sums of their products to be exact."""
    return dyadics(-bound, bound, *shape, grid=1)


def halves(*shape):
    """Multiples of 1/16 in [-1, 1]."""
    return dyadics(-16, 16, *shape, grid=16)


def bottlenecks(channels, hidden):
    """Parameters of a feed-forward layer."""
    shapes = (channels,), (channels,), (hidden, channels), (hidden,), (channels, hidden), (channels,), (channels,)
    return st.tuples(*(halves(*shape) for shape in shapes)).map(lambda drawn: InvertedBottleneck(*drawn))


def product(first, second):
    """The dot product of two lists of numbers."""
    return math.fsum(map(operator.mul, first, second))


def layer(weight, bias):
    """The affine map of a list of numbers."""
    rows = list(zip(weight.tolist(), bias.tolist(), strict=True))
    return lambda vector: [product(row, vector) + offset for row, offset in rows]


def widened(vector, weight_in, bias_in, weight_out, bias_out):
    """Affine map, each number times the probability that a standard normal is below it, affine map."""
    hidden = [number * NORMAL.cdf(number) for number in layer(weight_in, bias_in)(vector)]
    return layer(weight_out, bias_out)(hidden)


def widened_size(size, weight_in, bias_in, weight_out, bias_out):
    """Size of the terms behind `widened` for numbers of this size; the slope of GELU is at most 1.13."""
    hidden = 1.13 * (size @ weight_in.abs().T + bias_in.abs())
    return hidden @ weight_out.abs().T + bias_out.abs()


def through(vectors, parameters, epsilon):
    """Each vector standardised over its entries, through the feed-forward layer, and scaled; and the size of its terms.

    A standardised number is off by the roundings of its vector, divided by the deviation.
    """
    rows, sizes = [], []
    for vector in vectors.tolist():
        mean, deviation = statistics.fmean(vector), math.sqrt(statistics.pvariance(vector) + epsilon)
        pairs = zip(vector, parameters.gain.tolist(), parameters.bias.tolist(), strict=True)
        rows.append(widened([g * (v - mean) / deviation + b for v, g, b in pairs], *parameters[2:6]))
        size = 2 * max(map(abs, vector)) / deviation * parameters.gain.abs() + parameters.bias.abs()
        sizes.append(widened_size(size, *parameters[2:6]))
    scale = parameters.layer_scale
    return torch.tensor(rows, dtype=torch.float64) * scale, torch.stack(sizes) * scale.abs()


@given(x=dyadics(-64, 64, 2, 3, grid=16), w=halves(5, 3), b=halves(5), w_out=halves(4, 5), b_out=halves(4))
def test_gelu_perceptron_weighs_hidden_numbers_by_their_probability(gelu_perceptron, x, w, b, w_out, b_out):
    """Between two affine maps each number is multiplied by the probability that a standard normal is below it."""
    expected = torch.tensor([widened(row, w, b, w_out, b_out) for row in x.tolist()], dtype=torch.float64)
    size = widened_size(x.abs(), w, b, w_out, b_out)
    assert_close(gelu_perceptron(x, w, b, w_out, b_out), expected, size)
    assert_close(gelu_perceptron(x[0], w, b, w_out, b_out), expected[0], size[0])
    assert_close(gelu_perceptron(x[None, :, None], w, b, w_out, b_out)[0, :, 0], expected, size)


@given(
    x=dyadics(-64, 64, 2, 5, 3, grid=16), parameters=bottlenecks(3, 7), epsilon=st.sampled_from([2.0**-20, 0.25, 1.0])
)
def test_inverted_bottleneck_equals_loop_over_vectors(inverted_bottleneck, x, parameters, epsilon):
    """Each vector is standardised, widened and scaled alone."""
    expected, size = through(x.flatten(0, 1), parameters, epsilon)
    assert_close(inverted_bottleneck(x, parameters, epsilon), expected.reshape(x.shape), size.reshape(x.shape))
    assert_close(inverted_bottleneck(x[0, 0], parameters, epsilon), expected[0], size[0])
    spread = x[0] + numbers(0, 16, 64)
    expected, size = through(spread, parameters, 0.0)
    assert_close(inverted_bottleneck(spread, parameters, 0.0), expected, size)


@given(
    x=whole(4, 2, 3, 2, 4),
    kernel=whole(2, 3, 1, 7, 5),
    kernel_bias=whole(4, 3),
    parameters=bottlenecks(3, 5),
    epsilon=st.sampled_from([2.0**-20, 1.0, 4.0]),
)
def test_convnext_block_equals_correlation_and_loop_over_pixels(
    convnext_block, x, kernel, kernel_bias, parameters, epsilon
):
    """Each channel is correlated with its own kernel, each pixel then goes through the feed-forward layer, and x is
    added.
    """
    mixed = correlated(x, kernel) + kernel_bias[:, None, None]
    pixels = torch.stack([image[:, i, j] for image in mixed for i in range(2) for j in range(4)])
    branch, size = (
        rows.reshape(2, 8, 3).transpose(1, 2).reshape(x.shape) for rows in through(pixels, parameters, epsilon)
    )
    assert_close(convnext_block(x, kernel, kernel_bias, parameters, epsilon), x + branch, x.abs() + size)


@given(x=whole(8, 2, 3, 5, 4), kernel=whole(2, 3, 1, 3, 3), bias=whole(4, 3), parameters=bottlenecks(3, 5))
def test_convnext_block_reduces_to_identity_at_zero_scale(convnext_block, x, kernel, bias, parameters):
    """At layer scale 0 the block returns x, and without the last weights it adds the scaled last bias to each."""
    off = parameters._replace(layer_scale=0 * parameters.layer_scale)
    assert_equal(convnext_block(x, kernel, bias, off, 0.25), x)
    cut = parameters._replace(weight_out=0 * parameters.weight_out, bias_out=parameters.bias_out + 2)
    shift = cut.layer_scale * cut.bias_out
    assert_equal(convnext_block(x, kernel, bias, cut, 0.25), x + shift[:, None, None])


@pytest.mark.parametrize(("sides", "epsilon"), [((2, 3), 0.25), ((3, 4), 0.25), ((3, 3), -0.25), ((3, 3), math.nan)])
def test_convnext_block_rejects_even_kernels_and_negative_epsilon(convnext_block, inverted_bottleneck, sides, epsilon):
    """A kernel with a centre keeps the image's sides, and a variance plus epsilon has a root."""
    shapes = (3,), (3,), (5, 3), (5,), (3, 5), (3,), (3,)
    parameters = InvertedBottleneck(*(torch.ones(shape, dtype=torch.float64) for shape in shapes))
    x, kernel = torch.ones(2, 3, 1, 1).double(), torch.ones(3, 1, *sides).double()
    assert_rejects(convnext_block, x, kernel, torch.ones(3).double(), parameters, epsilon)
    if epsilon != 0.25:
        assert_rejects(inverted_bottleneck, x.transpose(1, 3), parameters, epsilon)


@given(x=whole(4, 2, 8, 4, 5), kernels=whole(2, 2, 3, 1, 3, 3), biases=whole(4, 2, 3))
def test_split_depthwise_equals_correlations_in_a_row(split_depthwise, x, kernels, biases):
    """Of 3 + 3 + 2 channels the first are correlated one by one, the next together with these, and the last kept."""
    first = correlated(x[:, :3], kernels[0]) + biases[0, :, None, None]
    second = correlated(x[:, 3:6] + first, kernels[1]) + biases[1, :, None, None]
    assert_equal(split_depthwise(x, [*kernels], [*biases]), torch.cat([first, second, x[:, 6:]], 1))


@pytest.mark.parametrize("channel", [1, 5, 7])
@given(change=whole(8, 3, 5), kernels=whole(2, 2, 3, 1, 3, 3))
def test_split_depthwise_keeps_places_apart(split_depthwise, change, kernels, channel):
    """A channel shows through its own kernel, and at its own place in the parts behind; a kept one only as it is."""
    x, none = torch.zeros(1, 8, 3, 5, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
    x[0, channel] = change
    y = split_depthwise(x, [*kernels], [*none])
    part, place = divmod(channel, 3)
    own = correlated(x[:, [channel]], kernels[part, [place]]) if part < 2 else x[:, [channel]]
    assert_equal(y[:, [channel]], own)
    others = [other for other in range(8) if other not in range(channel, 6 if part < 2 else 8, 3)]
    assert_equal(y[:, others], torch.zeros(1, len(others), 3, 5))


@pytest.mark.parametrize(("channels", "kernels", "biases"), [(4, 2, 1), (4, 1, 2), (5, 3, 3)])
def test_split_depthwise_rejects_unequal_counts(split_depthwise, channels, kernels, biases):
    """Each kernel has a bias, and each part a channel: five channels are not four parts of two."""
    x, kernel, bias = torch.ones(1, channels, 3, 4).double(), torch.ones(2, 1, 3, 3).double(), torch.ones(2).double()
    assert_rejects(split_depthwise, x, [kernel] * kernels, [bias] * biases)


@given(
    query=dyadics(-64, 64, 2, 5, 3, grid=16),
    key=dyadics(-64, 64, 2, 5, 3, grid=16),
    value=dyadics(-64, 64, 2, 5, 3, grid=16),
    temperature=dyadics(-64, 64, 2, grid=16),
)
def test_transposed_attention_averages_channels_by_their_cosine(transposed_attention, query, key, value, temperature):
    """Channel i of a head is the mean of its channels j, weighted by exp(temperature cos(q_i, k_j)) over all tokens."""
    temperature = temperature * numbers(1, 4096)
    expected = []
    for q, k, v, factor in zip(query, key, value, temperature.tolist(), strict=True):
        rows = [[product(a, b) / (math.hypot(*a) * math.hypot(*b) or 1.0) for b in k.T.tolist()] for a in q.T.tolist()]
        expected.append(attended(factor * torch.tensor(rows, dtype=torch.float64), v.T).T)
    heads = torch.stack(expected)
    batch = torch.stack([2.0**-50 * query, query]), torch.stack([key, key]), torch.stack([value, -value])
    observed = transposed_attention(*batch, temperature)
    size = attended_magnitude(temperature, value)
    assert_close(observed, torch.stack([heads, -heads]), size)
    assert_close(transposed_attention(query, key, value, temperature), heads, size)
    nested = transposed_attention(query[None, None], key[None, None], value[None, None], temperature)
    assert_close(nested[0, 0], heads, size)


@given(
    query=dyadics(-64, 64, 1, 2, 5, 3, grid=16),
    key=dyadics(-64, 64, 1, 2, 5, 3, grid=16),
    value=dyadics(-64, 64, 1, 2, 5, 3, grid=16),
    order=st.permutations(range(5)),
)
def test_transposed_attention_commutes_with_permuting_tokens(transposed_attention, query, key, value, order):
    """Tokens may change places and come twice; channels may be scaled; and equal channels of values stay equal."""
    temperature = torch.tensor([0.5, -3.0], dtype=torch.float64)
    y = transposed_attention(query, key, value, temperature)
    size = attended_magnitude(temperature, value)
    twice = [torch.cat([tensor[..., order, :]] * 2, -2) for tensor in (query * 2.0**-20, 3 * key, value)]
    assert_close(transposed_attention(*twice, temperature), torch.cat([y[..., order, :]] * 2, -2), size)
    constant = value[..., :1].expand(value.shape) + 5
    assert_close(transposed_attention(query, key, constant, temperature), constant, attended_magnitude(1, constant))


@given(
    x=whole(8, 2, 3, 2, 5),
    matrices=whole(1, 3, 3, 3),
    mixing=whole(1, 10, 10),
)
def test_sdta_encoder_adds_its_branch_to_its_input(sdta_encoder, x, matrices, mixing):
    """With linear layers y is x plus the image of (T + P T A) F, where T are the tokens of S x in raster order."""
    S, A, F = matrices

    def split(image):
        return torch.einsum("oc,bchw->bohw", S.to(image.dtype), image)

    def attend(tokens):
        return (mixing @ tokens.double() @ A).to(tokens.dtype)

    tokens = torch.stack([split(x)[:, :, i, j] for i in range(2) for j in range(5)], 1)
    branch = (tokens + mixing @ tokens @ A) @ F
    expected = x + torch.stack([branch[:, 5 * i : 5 * i + 5].transpose(1, 2) for i in range(2)], 2)
    y = sdta_encoder(x, split, attend, lambda tokens: (tokens.double() @ F).to(tokens.dtype))
    assert_equal(y, expected)


@pytest.mark.parametrize("place", [1, 2])
def test_sdta_encoder_rejects_layers_that_change_the_shape(sdta_encoder, place):
    """A sum that broadcasts is no residual."""
    layers = [lambda image: 2 * image, lambda tokens: 2 * tokens, lambda tokens: 2 * tokens]
    layers[place] = lambda tokens: tokens[..., :1]
    assert_rejects(sdta_encoder, torch.ones(2, 3, 2, 5).double(), *layers)
