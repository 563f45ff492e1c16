"""Laws of `reference.diffusion.regression`.

What a network is asked is part of the result: a spy keeps the arguments of every call.
"""

import itertools
import math
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given
from scipy import special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import product_of_gaussians, signal_and_noise
from properties.rejection import assert_rejects
from properties.strategies import chains, dyadics, indices, level_tables, levels, masks, normals
from reference.diffusion.regression import Attention, Denoiser, Perceptron

MISSHAPEN = [
    ((4, 4, 1), (4, 4)),
    ((1, 4, 1), (1, 4)),
    ((4, 1, 1), (4, 1)),
    ((2, 3, 1), (2, 3, 4)),
    ((2, 3, 4), (2, 3, 1)),
    ((2, 3, 4), (1, 3, 4)),
]


def perceptron_shapes(inputs, hidden, outputs):
    return Perceptron((hidden, inputs), (hidden,), (outputs, hidden), (outputs,))


def denoiser_shapes(inputs, outputs, width):
    heads, layers = Attention(*[(width, width)] * 3), perceptron_shapes(width, width, width)
    read = (perceptron_shapes(size, width, width) for size in (inputs, outputs, width))
    return Denoiser(*read, (width,), heads, layers, heads, layers, (outputs, width))


def parameters_of(shapes):
    """Parameters in [-1/2, 1/2], all cut from one tensor."""

    def leaves(shape):
        return itertools.chain.from_iterable(map(leaves, shape)) if hasattr(shape, "_fields") else [shape]

    def shaped(shape, numbers):
        if hasattr(shape, "_fields"):
            return type(shape)(*(shaped(part, numbers) for part in shape))
        return torch.tensor(list(itertools.islice(numbers, math.prod(shape))), dtype=torch.float64).reshape(shape)

    count = sum(map(math.prod, leaves(shapes)))
    return dyadics(-2048, 2048, count).map(lambda drawn: shaped(shapes, iter(drawn.tolist())))


# The network on one list of all tokens of a batch, first those of x, where masks say who hears whom. Tokens come with
# their sizes: no value exceeds its size, nor its error a number of roundings of it.


def exactly(values):
    return np.asarray(values), np.abs(np.asarray(values))


def plus(*tokens):
    return sum(values for values, _ in tokens), sum(sizes for _, sizes in tokens)


def mapped(weight, tokens, bias=0.0):
    weight, bias = np.asarray(weight), np.asarray(bias)
    return tokens[0] @ weight.T + bias, tokens[1] @ np.abs(weight).T + np.abs(bias)


def through(layers, tokens):
    """The slope of the SiLU is at most 1.1."""
    values, sizes = mapped(layers.weight_in, tokens, layers.bias_in)
    return mapped(layers.weight_out, (values * special.expit(values), 1.1 * sizes), layers.bias_out)


def heard(head, tokens, heeded):
    """An error of a score changes the weights by at most twice as much, relatively, and a score has two factors."""
    queries, keys, values = (mapped(weight, tokens) for weight in head)
    scores, sizes = (query @ key.T / math.sqrt(len(head.query)) for query, key in zip(queries, keys, strict=True))
    weights = special.softmax(np.where(heeded, scores, -np.inf), 1)
    return weights @ values[0], heeded @ values[1] * (1 + 4 * sizes.max())


def embedded(timesteps, width):
    angles = np.outer(timesteps, [10000 ** (-i / (width // 2)) for i in range(width // 2)])
    odd = np.zeros((len(angles), width % 2))
    return np.hstack([np.sin(angles), np.cos(angles), odd]), np.hstack([1 + angles, 1 + angles, odd])


def seen(parameters, x, y_t, timesteps, context):
    """The noise that the network sees, and its size."""
    shape, pair = y_t.shape, np.tile(np.arange(context.numel()), 2)
    sample = pair // shape[1]
    marks = exactly(np.outer(context.flatten(), parameters.known))
    of_x = through(parameters.read_x, exactly(x.flatten(0, 1)))
    of_y = plus(through(parameters.read_y, exactly(y_t.flatten(0, 1))), marks)
    tokens = tuple(map(np.vstack, zip(of_x, of_y, strict=True)))
    tokens = plus(tokens, through(parameters.read_time, embedded(timesteps.numpy()[sample], len(parameters.known))))
    tokens = plus(tokens, heard(parameters.within_pairs, tokens, pair[:, None] == pair))
    tokens = plus(tokens, through(parameters.after_pairs, tokens))
    tokens = plus(tokens, heard(parameters.across_pairs, tokens, sample[:, None] == sample))
    tokens = plus(tokens, through(parameters.after_all, tokens))
    return tuple(
        torch.from_numpy(part[-context.numel() :]).reshape(shape) for part in mapped(parameters.read_out, tokens)
    )


# Other networks


def mixing(x, y_t, timesteps, context):
    """A network that heeds all that it is told, and mixes the pairs; larger for larger input."""
    around = y_t.mean((1, 2), keepdim=True) / 4 + x.sum(2, keepdim=True) / 16
    return y_t * 0.75 + around + (timesteps / 8)[:, None, None] + (context * 0.5)[..., None]


def spied(predict):
    """The network, and a list that fills with what it is asked."""
    calls = []

    def spy(*asked):
        calls.append([argument.clone() for argument in asked])
        return predict(*asked)

    return spy, calls


@given(x=normals(2, 3, 5), y=normals(2, 3, 5))
def test_interleave_alternates_tokens(interleave, x, y):
    """The sequence of each sample is x_0, y_0, x_1, y_1, and so on."""
    expected = [
        list(itertools.chain.from_iterable(zip(*tokens, strict=True)))
        for tokens in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert_equal(interleave(x, y), expected)


@given(tokens=normals(2, 6, 5))
def test_deinterleave_takes_turns(deinterleave, tokens):
    """Tokens 0, 2, 4 are those of x, and tokens 1, 3, 5 those of y."""
    x, y = deinterleave(tokens)
    assert_equal(x, torch.stack([tokens[:, 0], tokens[:, 2], tokens[:, 4]], 1))
    assert_equal(y, torch.stack([tokens[:, 1], tokens[:, 3], tokens[:, 5]], 1))


@given(x=normals(2, 4, 5), y=normals(2, 4, 5))
def test_deinterleave_inverts_interleave(deinterleave, interleave, x, y):
    """The tokens that were interleaved come apart again."""
    x_again, y_again = deinterleave(interleave(x, y))
    assert_equal(x_again, x)
    assert_equal(y_again, y)


@pytest.mark.parametrize("count", [1, 5])
def test_deinterleave_rejects_odd_sequences(deinterleave, count):
    """A token without a partner belongs to no pair."""
    assert_rejects(deinterleave, torch.ones(2, count, 3, dtype=torch.float64))


@given(
    values=normals(2, 4, 3) | dyadics(-4096, 4096, 2, 4, 3, grid=1),
    parameters=parameters_of(perceptron_shapes(3, 5, 7)),
)
def test_perceptron_equals_sum_over_hidden_units_at_each_position(perceptron, values, parameters):
    """Hidden unit k adds w_k z_k times the logistic function of z_k, z_k affine in the values at the position alone."""
    expected, size = map(torch.from_numpy, through(parameters, exactly(values)))
    assert_close(perceptron(values, parameters), expected, size)


def test_init_denoiser_predicts_nothing_from_tokens_of_unit_gain(init_denoiser, predict_noise):
    """Read-out, marks and biases are 0; weights fill (-sqrt(3 / fan_in), sqrt(3 / fan_in)), of variance 1 / fan_in.

    Each sign of each matrix reaches 0.85 of the bound, which 640 or more fair draws fail to do with probability
    0.925^640 = 1.5e-11 at most, 3e-11 in all; bounds that are too low by a factor of 0.85 or too high are noticed.
    """
    inputs, outputs = 5, 7
    parameters = init_denoiser(inputs, outputs, 64, torch.Generator().manual_seed(5))
    read = parameters.read_x, parameters.read_y, parameters.read_time
    layers = [*read, parameters.after_pairs, parameters.after_all]
    for weight in (
        *(matrix for each in layers for matrix in (each.weight_in, each.weight_out)),
        *parameters.within_pairs,
        *parameters.across_pairs,
    ):
        scaled = weight / math.sqrt(3 / weight.shape[1])
        assert_at_most(scaled.abs(), 1.0)
        assert_at_most(-scaled.max(), -0.85)
        assert_at_most(scaled.min(), -0.85)
    sizes = [tuple(each.weight_in.shape) for each in layers]
    assert_equal(sizes, [(64, inputs), (64, outputs), (64, 64), (64, 64), (64, 64)])
    assert_equal(parameters.known, torch.zeros(64))
    for each in layers:
        assert_equal(each.bias_in, torch.zeros(64))
        assert_equal(each.bias_out, torch.zeros(64))
    x, y = torch.ones(2, 3, inputs, dtype=torch.float64), torch.ones(2, 3, outputs, dtype=torch.float64)
    context = torch.tensor([[True, False, True], [False, False, True]])
    prediction = predict_noise(parameters, x, y, torch.tensor([1, 7]), context)
    assert_equal(prediction, torch.zeros(2, 3, outputs))


def test_init_denoiser_depends_on_generator_alone(init_denoiser):
    """The same state of the generator gives the same weights, the next one others, and no two matrices are alike."""
    generator = torch.Generator().manual_seed(3)
    first, second = init_denoiser(7, 7, 7, generator), init_denoiser(7, 7, 7, generator)
    again = init_denoiser(7, 7, 7, torch.Generator().manual_seed(3))
    layers = first.read_x, first.read_y, first.read_time, first.after_pairs, first.after_all
    matrices = [matrix for each in layers for matrix in (each.weight_in, each.weight_out)]
    matrices += [*first.within_pairs, *first.across_pairs, second.read_x.weight_in]
    for one, other in itertools.combinations(matrices, 2):
        assert_at_most(-(one - other).abs().max(), -(2.0**-10))
    for one, other in zip(first.read_x + first.across_pairs, again.read_x + again.across_pairs, strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize("sizes", [(0, 3, 5), (2, 0, 5), (2, 3, 1), (-1, 3, 5)])
def test_init_denoiser_rejects_impossible_sizes(init_denoiser, sizes):
    """There is something to read and to predict, and an embedding of the timestep has two entries at least."""
    assert_rejects(init_denoiser, *sizes, torch.Generator().manual_seed(1))


def test_init_denoiser_accepts_smallest_sizes(init_denoiser):
    """One input, one output and a width of two will do."""
    parameters = init_denoiser(1, 1, 2, torch.Generator().manual_seed(1))
    assert_equal(tuple(parameters.read_x.weight_in.shape), (2, 1))
    assert_equal(parameters.read_out, torch.zeros(1, 2))
    assert_at_most(-parameters.read_time.weight_in.abs().max(), -(2.0**-10))


@pytest.mark.parametrize(("batch", "pairs", "outputs"), [(4, 2, 5), (2, 3, 1)])
@given(
    parameters=parameters_of(denoiser_shapes(6, 5, 5)),
    x=normals(4, 3, 6),
    y_t=normals(4, 3, 5),
    t=indices(10, 4) | indices(1000, 4),
    context=masks(4, 3),
)
def test_predict_noise_equals_network_on_one_list_of_tokens(
    predict_noise, parameters, x, y_t, t, context, batch, pairs, outputs
):
    """A token hears its partner, then all tokens, in proportion to exp(query . key / sqrt(width)); all know the time.

    The y tokens, each of which gives a prediction of the shape of its y, are marked where y is known.
    """
    read_y = parameters.read_y._replace(weight_in=parameters.read_y.weight_in[:, :outputs].contiguous())
    parameters = parameters._replace(read_y=read_y, read_out=parameters.read_out[:outputs].clone())
    asked = x[:batch, :pairs], y_t[:batch, :pairs, :outputs], t[:batch], context[:batch, :pairs]
    expected, size = seen(parameters, *asked)
    assert_close(predict_noise(parameters, *asked), expected, size, roundings=64)


@given(
    x=normals(3, 2, 5),
    y_0=normals(3, 2, 4),
    noise=normals(3, 2, 4),
    alpha_bar=levels(6),
    timesteps=indices(6, 3),
    some=masks(2, 2),
)
def test_regression_loss_equals_mean_over_noised_entries(regression_loss, x, y_0, noise, alpha_bar, timesteps, some):
    """The network sees the context bit by bit and targets at their sample's own level, and pays for targets only.

    A sample without targets has no loss, which is not a loss of 0.
    """
    context = torch.cat([some, torch.ones(1, 2, dtype=torch.bool)])
    spy, calls = spied(mixing)
    loss = regression_loss(spy, x, y_0, noise, alpha_bar, timesteps, context)
    signal, rest = (part[:, None, None] for part in signal_and_noise(alpha_bar[timesteps]))
    y_t = torch.where(context[..., None], y_0, signal * y_0 + rest * noise)
    assert len(calls) == 1
    assert_equal(calls[0][0], x)
    assert_close(calls[0][1], y_t, torch.where(context[..., None], 0, y_0.abs() + noise.abs()))
    assert_equal(calls[0][2], timesteps)
    assert_equal(calls[0][3], context)
    errors = (noise - mixing(x, y_t, timesteps, context)).square()
    sizes = (mixing(x.abs(), y_0.abs() + noise.abs(), timesteps, context) + noise.abs()).square()
    expected = [
        statistics.fmean(error[~kept].flatten().tolist() or [0]) for error, kept in zip(errors, context, strict=True)
    ]
    assert_equal(loss.isnan(), context.all(1))
    assert_close(loss.nan_to_num(), expected, sizes.amax((1, 2)))


@pytest.mark.autograd
@given(prediction=normals(3, 2, 4), y_0=normals(3, 2, 4), noise=normals(3, 2, 4), some=masks(3))
def test_regression_loss_has_no_gradient_in_context(regression_loss, prediction, y_0, noise, some):
    """What is predicted for the context costs and teaches nothing; each other entry pulls with its error."""
    context = torch.stack([some, ~some], 1)
    prediction = prediction.requires_grad_()
    alpha_bar, timesteps = torch.tensor([0.75, 0.25], dtype=torch.float64), torch.tensor([1, 0, 1])
    loss = regression_loss(lambda *_: prediction, y_0, y_0, noise, alpha_bar, timesteps, context)
    (gradient,) = torch.autograd.grad(loss.sum(), prediction)
    pull = torch.where(context[..., None], 0, 2 * (prediction - noise)) / 4
    assert_close(gradient.to(loss.dtype), pull, (prediction.abs() + noise.abs()) / 2)


@pytest.mark.parametrize(("shape", "predicted"), MISSHAPEN)
def test_regression_loss_rejects_predictions_that_broadcast(regression_loss, shape, predicted):
    """A prediction of another shape than the noise, as without a last axis of size one, has no loss."""
    y = torch.linspace(-1, 1, math.prod(shape), dtype=torch.float64).reshape(shape)
    context, timesteps = torch.zeros(shape[:2], dtype=torch.bool), torch.zeros(shape[0], dtype=torch.int64)
    alpha_bar = torch.tensor([0.5], dtype=torch.float64)
    assert_rejects(
        regression_loss,
        lambda *_: torch.ones(predicted, dtype=torch.float64),
        y,
        y,
        y / 2,
        alpha_bar,
        timesteps,
        context,
    )


@given(
    chain=chains(level_tables(1, 4, least=4)),
    x=normals(2, 3, 1),
    y=normals(2, 3, 5),
    y_T=normals(2, 3, 5),
    noise=normals(4, 2, 3, 5),
    log_variance=dyadics(-8192, 4096, 4),
    context=masks(2, 3),
)
def test_sample_targets_moves_targets_by_products_of_gaussians(
    sample_targets, chain, x, y, y_T, noise, log_variance, context
):
    """Each step draws from the product of q(y_t | y_s) and q(y_s | y_0), y_0 from the prediction, and the last is y_0.

    The network is asked at the kept timesteps, the noisiest first, and sees the context bit by bit as it is.
    """
    alpha_bar, timesteps = chain
    kept, log_variance = sorted(timesteps), log_variance[: len(alpha_bar)].contiguous()
    spy, calls = spied(mixing)
    out = sample_targets(spy, x, y, context, y_T, noise[: len(kept)], alpha_bar, timesteps, log_variance)
    clean = context[..., None]
    y_t, size = torch.where(clean, y, y_T), torch.where(clean, y, y_T).abs()
    for i, asked in zip(reversed(range(len(kept))), calls, strict=True):
        t, alpha_bar_t, alpha_bar_s = kept[i], alpha_bar[kept[i]], alpha_bar[kept[i - 1]]
        times = torch.tensor([t, t])
        assert_equal(asked[0], x)
        assert_close(asked[1], y_t, torch.where(clean, 0, size), roundings=64)
        assert_equal(asked[2], times)
        assert_equal(asked[3], context)
        signal, rest = signal_and_noise(alpha_bar_t)
        y_0 = (y_t - rest * mixing(x, y_t, times, context)) / signal
        size_0 = (size + rest * mixing(x.abs(), size, times, context)) / signal
        if i > 0:
            spread = (log_variance[t] / 2).exp()
            step = alpha_bar_t / alpha_bar_s
            mean, _ = product_of_gaussians(y_t, y_0, step, alpha_bar_s)
            size, _ = product_of_gaussians(size, size_0, step, alpha_bar_s)
            y_t, size = mean + spread * noise[i], size + spread * noise[i].abs()
        else:
            y_t, size = y_0, size_0
        y_t, size = torch.where(clean, y, y_t), torch.where(clean, y.abs(), size)
    assert_close(out, y_t, torch.where(clean, 0, size), roundings=64)


@given(alpha_bar=level_tables(2, 5, least=4), x=normals(4, 2), y=normals(4, 1))
def test_sample_targets_ends_in_bayes_posterior(sample_targets, alpha_bar, x, y):
    """With the best network and exact reverse variances, the target has the mean and variance of y given the context.

    y = w x + 3/4 noise with w ~ N(0, 2 I); the posterior comes from the joint Gaussian of all y. The step to the clean
    level, which adds no noise, returns E[y_0 | y_1], so that Var(y_0 | y_1) is missing from the variance, and nothing
    else. Start and noises move the sample one standard deviation each in a row of the batch of their own.
    """
    steps = len(alpha_bar)
    joint = 2 * x @ x.T + 9 / 16 * torch.eye(4, dtype=torch.float64)
    weights = torch.linalg.solve(joint[:3, :3], joint[:3, 3])
    mean, variance = weights @ y[:3, 0], joint[3, 3] - weights @ joint[:3, 3]

    def best(x, y_t, timesteps, context):
        signal, rest = (part[:, None, None] for part in signal_and_noise(alpha_bar[timesteps]))
        return rest * (y_t - signal * mean) / (signal**2 * variance + rest**2)

    level = alpha_bar * variance + 1 - alpha_bar
    ratio = torch.cat([alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1]])
    below = torch.cat([variance[None], level[:-1]])
    reverse = 1 / (1 / below + ratio / (1 - ratio))
    basis = torch.eye(steps, steps + 1, dtype=torch.float64)[:, :, None, None].expand(-1, -1, 4, 1)
    start = alpha_bar[-1].sqrt() * mean + level[-1].sqrt() * basis[0]
    batch = (part.expand(steps + 1, 4, part.shape[-1]) for part in (x, y))
    context = torch.tensor([True, True, True, False]).expand(steps + 1, 4)
    samples = sample_targets(best, *batch, context, start, basis, alpha_bar, range(steps), reverse.log())[:, 3, 0]
    size = (1 + mean.abs() + variance.sqrt()) / alpha_bar[-1].sqrt()
    assert_close(samples[-1], mean, size, roundings=64)
    spread = (samples[:-1] - samples[-1]).square().sum()
    assert_close(spread, variance - reverse[0], size**2, roundings=64)


@pytest.mark.parametrize(("shape", "predicted"), MISSHAPEN)
def test_sample_targets_rejects_predictions_that_broadcast(sample_targets, shape, predicted):
    """A prediction of another shape than y, as without a last axis of size one, explains no y."""
    y = torch.linspace(-1, 1, math.prod(shape), dtype=torch.float64).reshape(shape)
    context, table = torch.zeros(shape[:2], dtype=torch.bool), torch.tensor([0.75, 0.5], dtype=torch.float64)
    noise = torch.stack([y, y])
    arguments = y, y, context, y, noise, table, (0, 1), -table
    assert_rejects(sample_targets, lambda *_: torch.ones(predicted, dtype=torch.float64), *arguments)
