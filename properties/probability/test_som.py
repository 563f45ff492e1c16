"""Laws of `reference.probability.som`.

Which node is nearest must not be left to roundings: weights and data are such that their distances are exact, or far
apart.
"""

import itertools
import math
from fractions import Fraction
from statistics import fmean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_close, assert_equal
from properties.oracles import closest
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals

ROWS, COLUMNS, SAMPLES = 3, 5, 4
NODES = list(itertools.product(range(ROWS), range(COLUMNS)))
HADAMARD = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=torch.float64)


def maps(origin, unit):
    """A map and samples around (origin, 0), in steps of 1 along the first axis and of `unit` along the second."""
    steps, centre = torch.tensor([[1, unit], [origin, 0]], dtype=torch.float64)

    def split(points):
        points = points * steps + centre
        return points[:-SAMPLES].reshape(ROWS, COLUMNS, 2), points[-SAMPLES:]

    return dyadics(-5, 5, len(NODES) + SAMPLES, 2, grid=1).map(split)


NEAR_AND_FAR = maps(0, 1) | maps(2**23, 1 / 64)


def ranked(weights, data):
    """For each sample the nodes by their distance; of equals the first row, then the first column."""
    squared = (data[:, None, None] - weights).square().sum(3).tolist()
    return [sorted(NODES, key=lambda node: rows[node[0]][node[1]]) for rows in squared]


def proximity(unit, sigma):
    """The Gaussian density at the distance of each node from the unit, over that at 0."""
    distance = [math.dist(node, unit) for node in NODES]
    ratio = stats.norm.logpdf(distance, scale=sigma) - stats.norm.logpdf(0, scale=sigma)
    return torch.as_tensor(ratio).exp().reshape(ROWS, COLUMNS, 1)


@given(drawn=NEAR_AND_FAR)
def test_som_map_finds_the_first_of_the_nearest_nodes(som_map, best_matching_unit, drawn):
    """No node is nearer, wherever the origin lies; of equals the first row counts, and in it the first column."""
    weights, data = drawn
    expected = [nodes[0] for nodes in ranked(weights, data)]
    assert_equal(som_map(weights, data), expected)
    for x, unit in zip(data, expected, strict=True):
        assert_equal(best_matching_unit(weights, x), unit)


@given(drawn=NEAR_AND_FAR)
def test_quantization_error_is_mean_distance_from_the_map(quantization_error, drawn):
    """Each sample is as far from the map as from the nearest of its nodes."""
    weights, data = drawn
    nodes = weights.flatten(0, 1).tolist()
    expected = fmean(min(math.dist(x, node) for node in nodes) for x in data.tolist())
    assert_close(quantization_error(weights, data), expected)


@given(drawn=NEAR_AND_FAR)
def test_topographic_error_counts_samples_between_distant_nodes(topographic_error, drawn):
    """A sample counts if a king needs more than one move from its nearest node to the second nearest."""
    weights, data = drawn
    pairs = [nodes[:2] for nodes in ranked(weights, data)]
    expected = fmean(max(abs(a - c), abs(b - d)) > 1 for (a, b), (c, d) in pairs)
    assert_equal(topographic_error(weights, data), expected)


@pytest.mark.parametrize(("rows", "columns", "samples"), [(0, 5, 4), (3, 0, 4), (3, 5, 0)])
def test_quantization_error_rejects_empty_maps_and_data(
    quantization_error, topographic_error, som_map, best_matching_unit, rows, columns, samples
):
    """Without a node nothing is nearest, and without a sample there is no mean."""
    weights, data = torch.ones(rows, columns, 2), torch.ones(samples, 2)
    assert_rejects(quantization_error, weights, data)
    assert_rejects(topographic_error, weights, data)
    if samples:
        assert_rejects(som_map, weights, data)
        assert_rejects(best_matching_unit, weights, data[0])


@pytest.mark.parametrize(("rows", "columns", "distance"), [(1, 2, 0.0), (1, 3, 1.0), (3, 1, 1.0), (2, 2, 0.0)])
def test_topographic_error_needs_two_nodes(topographic_error, rows, columns, distance):
    """One node has no neighbour; of two or more, the first and the last count by their place."""
    assert_rejects(topographic_error, torch.ones(1, 1, 2), torch.ones(4, 2))
    weights = torch.ones(rows, columns, 2, dtype=torch.float64)
    weights[0, 0] = weights[-1, -1] = 0
    assert_equal(topographic_error(weights, torch.zeros(4, 2, dtype=torch.float64)), distance)


@pytest.mark.parametrize("unit", [(0, 0), (1, 3), (2, 4)])
def test_squared_grid_distances_equal_those_of_the_places(squared_grid_distances, unit):
    """Nodes lie at the whole numbers of the plane, whatever their weights."""
    expected = [[round(math.dist((row, column), unit) ** 2) for column in range(COLUMNS)] for row in range(ROWS)]
    assert_equal(squared_grid_distances(ROWS, COLUMNS, torch.tensor(unit)), expected)


@given(squared_distance=dyadics(0, 64, 7, grid=1), sigma=st.sampled_from([0.5, 1.25, 3.0]))
def test_gaussian_neighborhood_equals_ratio_of_densities(gaussian_neighborhood, squared_distance, sigma):
    """theta is the normal density at the distance over that at 0: 1 for the winner, exp(-1/2) at distance sigma."""
    top = stats.norm.logpdf(0, scale=sigma)
    log_theta = torch.as_tensor(stats.norm.logpdf(squared_distance.sqrt(), scale=sigma) - top)
    size = 1 + abs(top) + log_theta.abs()
    assert_close(gaussian_neighborhood(squared_distance, sigma), log_theta.exp(), log_theta.exp() * size)


@pytest.mark.parametrize(("num_steps", "initial"), [(1, 1.25), (5, 2.5), (7, 1.0)])
def test_linear_decay_falls_in_equal_steps(linear_decay, asymptotic_decay, linear_radius, num_steps, initial):
    """The rate falls from 1 to 0, or its inverse rises from 1 to 3; the radius falls from its start to 1."""
    done = [Fraction(step, num_steps) for step in range(num_steps + 1)]
    rates = [linear_decay(step, num_steps) for step in range(num_steps + 1)]
    inverses = [1 / asymptotic_decay(step, num_steps) for step in range(num_steps + 1)]
    radii = [linear_radius(initial, step, num_steps) for step in range(num_steps + 1)]
    assert_close(torch.tensor(rates, dtype=torch.float64), [float(1 - s) for s in done], 1)
    assert_close(torch.tensor(inverses, dtype=torch.float64), [float(1 + 2 * s) for s in done])
    assert_close(
        torch.tensor(radii, dtype=torch.float64), [float(1 + (Fraction(initial) - 1) * (1 - s)) for s in done], initial
    )


@pytest.mark.parametrize(("step", "num_steps"), [(-1, 5), (6, 5), (0, 0), (-3, -1)])
def test_linear_decay_rejects_steps_outside_training(linear_decay, asymptotic_decay, linear_radius, step, num_steps):
    """Training has a step at least, and none before its first or after its last."""
    assert_rejects(linear_decay, step, num_steps)
    assert_rejects(asymptotic_decay, step, num_steps)
    assert_rejects(linear_radius, 2.5, step, num_steps)


@given(
    weights=normals(ROWS, COLUMNS, 2),
    x=normals(2),
    unit=st.sampled_from(NODES),
    learning_rate=st.sampled_from([0.0, 0.375, 1.0]),
    sigma=st.sampled_from([0.0625, 0.75, 2.0]),
)
def test_som_update_moves_nodes_by_their_share(som_update, weights, x, unit, learning_rate, sigma):
    """A node goes learning_rate theta of its way to x: at rate 1 the winner lands there, alone if sigma is small."""
    share = learning_rate * proximity(unit, sigma)
    observed = som_update(weights, x, torch.tensor(unit), learning_rate, sigma)
    assert_close(observed, (1 - share) * weights + share * x, weights.abs() + x.abs())


@given(
    noise=dyadics(-4096, 4096, len(NODES) + SAMPLES, 2),
    winners=indices(len(NODES), SAMPLES),
    order=st.lists(st.integers(0, SAMPLES - 1), max_size=5),
    learning_rate=st.sampled_from([0.015625, 0.0625]),
    sigma=st.sampled_from([1.0, 1.75]),
)
def test_som_train_pulls_the_map_to_each_sample_in_order(som_train, noise, winners, order, learning_rate, sigma):
    """Where each sample has a node of its own, far from the others, training is a chain of weighted means."""
    places = 64 * torch.tensor(NODES, dtype=torch.float64)
    weights = (places + noise[:-SAMPLES]).reshape(ROWS, COLUMNS, 2)
    data = places[winners] + noise[-SAMPLES:]
    expected = weights
    for step, sample in enumerate(order):
        left = Fraction(len(order) - step, len(order))
        theta = proximity(NODES[winners[sample]], float(1 + (Fraction(sigma) - 1) * left))
        share = learning_rate * float(left) * theta
        expected = (1 - share) * expected + share * data[sample]
    observed = som_train(weights, data, torch.tensor(order, dtype=torch.int64), learning_rate, sigma)
    assert_close(observed, expected, weights.abs() + data.abs().amax(0))


def test_som_train_finds_winners_on_the_moved_map(som_train):
    """A sample at -6 leaves the node at 0 there and the one at 10 near 0, so that it wins the sample at 2."""
    weights, data = torch.tensor([[[0.0], [10.0]]]).double(), torch.tensor([[2.0], [-6.0]]).double()
    theta = math.exp(-1 / 2)
    expected = [[[-6 + 4 * theta], [6 - 8 * theta]]]
    assert_close(som_train(weights, data, torch.tensor([1, 0]), 1.0, 1.0), expected, 16)


@pytest.mark.parametrize("learning_rate", [-0.125, 1.125, math.nan])
def test_som_update_rejects_rates_outside_the_unit_interval(som_update, som_train, learning_rate):
    """A node that goes further than to x, or away from it, leaves the hull of map and data."""
    weights, x = torch.ones(ROWS, COLUMNS, 2), torch.ones(2)
    assert_rejects(som_update, weights, x, torch.tensor([1, 2]), learning_rate, 1.5)
    assert_rejects(som_train, weights, x.expand(SAMPLES, 2), torch.tensor([1, 0]), learning_rate, 1.5)


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan])
def test_gaussian_neighborhood_rejects_impossible_radii(gaussian_neighborhood, som_update, sigma):
    """A radius is positive."""
    assert_rejects(gaussian_neighborhood, torch.ones(7), sigma)
    assert_rejects(som_update, torch.ones(ROWS, COLUMNS, 2), torch.ones(2), torch.tensor([1, 2]), 0.5, sigma)


@pytest.mark.parametrize("sigma", [0.9375, math.nan, math.inf])
def test_linear_radius_rejects_radii_that_cannot_shrink_to_one(linear_radius, som_train, sigma):
    """A radius that shrinks to 1 starts at a number of at least 1."""
    assert_rejects(linear_radius, sigma, 2, 5)
    assert_rejects(som_train, torch.ones(ROWS, COLUMNS, 2), torch.ones(SAMPLES, 2), torch.tensor([1, 0]), 0.5, sigma)


@given(
    mean=normals(4),
    order=st.permutations(range(4)),
    scale=st.sampled_from([0.0, 2.0**-8, 1.0, 2.0**8]),
    grid=st.sampled_from([(3, 5), (1, 2), (4, 1)]),
)
def test_som_pca_start_spreads_over_the_two_widest_axes(som_pca_start, mean, order, scale, grid):
    """Data at mean +- v_k, the v_k four orthogonal axes, reaches v_k / 2 along each; the map spans the longest two."""
    axes = scale * HADAMARD[list(order)] * torch.tensor([8, 2, 0.5, 0.125], dtype=torch.float64)[:, None]
    down, across = (
        torch.linspace(-1, 1, count, dtype=torch.float64) if count > 1 else torch.zeros(1) for count in grid
    )
    first, second = down[:, None, None] * axes[0] / 2, across[:, None] * axes[1] / 2
    sheets = tuple(mean + one * first + other * second for one in (1, -1) for other in (1, -1))
    observed = som_pca_start(mean + torch.cat([axes, -axes]), *grid)
    assert_close(observed, closest(observed, sheets), mean.abs().max() + axes.abs().max())


@given(data=normals(2, 2))
def test_som_pca_start_ends_at_two_samples(som_pca_start, data):
    """Two samples are the ends of a single column of nodes."""
    nodes = som_pca_start(data, 2, 1)
    ends = data[:, None], data.flip(0)[:, None]
    assert_close(nodes, closest(nodes, ends), data.abs().sum())


@pytest.mark.parametrize(
    ("samples", "dim", "rows", "columns"), [(1, 4, 2, 3), (0, 4, 2, 3), (5, 1, 2, 3), (5, 4, 0, 3), (5, 4, 2, 0)]
)
def test_som_pca_start_rejects_what_spans_no_map(som_pca_start, squared_grid_distances, samples, dim, rows, columns):
    """Two components need two samples of two dimensions, and a map needs a node."""
    assert_rejects(som_pca_start, torch.ones(samples, dim), rows, columns)
    if rows * columns == 0:
        assert_rejects(squared_grid_distances, rows, columns, torch.tensor([0, 0]))
