"""Laws of `reference.vision.graph`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import attended, dot_products
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, numbers, steps
from reference.vision.graph import Graph

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])


def whole(bound, *shape):
    """Whole numbers, small enough for sums of their products to be exact."""
    return dyadics(-bound, bound, *shape, grid=1)


def edges(*, num_edges=7):
    """Edges among five nodes, to which a self-loop and a pair that occurs twice may belong; none reaches node 4."""
    return st.tuples(indices(5, num_edges), indices(4, num_edges)).map(torch.stack)


def sources(edge_index, num_nodes):
    """The sources of the edges that arrive at each node."""
    pairs = list(zip(*edge_index.tolist(), strict=True))
    return [[j for j, i in pairs if i == node] for node in range(num_nodes)]


def both_ways(edge_index):
    """The edges and their reversals."""
    return torch.cat([edge_index, edge_index.flip(0)], 1)


def gathered(rows, width):
    """Sum of each of several lists of vectors."""
    return torch.stack([torch.stack([torch.zeros(width).double(), *row]).sum(0) for row in rows])


@given(x=whole(4096, 5, 3), edge_index=edges())
def test_checked_graph_returns_what_it_is_given(checked_graph, x, edge_index):
    """Features and edges come back as they are, in this order; with the last node and without any edge too."""
    for ends in (edge_index, torch.tensor([[4], [0]]), torch.zeros(2, 0).long()):
        graph = checked_graph(x, ends)
        assert_equal(graph.x, x)
        assert_equal(graph.edge_index, ends)


@pytest.mark.parametrize(
    "ends",
    [
        [[0], [5]],
        [[5], [0]],
        [[-1], [0]],
        [[1, 2], [3, -2]],
        [[9], [1]],
        [[0]],
        [[0], [1], [2]],
        [[0, 1], [1, 2], [2, 3]],
    ],
)
def test_checked_graph_rejects_ends_that_are_no_nodes(checked_graph, ends):
    """An edge leads from one of the nodes 0 to 4 to another."""
    assert_rejects(checked_graph, steps(5, 3), torch.tensor(ends))


@given(edge_index=edges())
def test_adjacency_matrix_counts_edges_by_target(adjacency_matrix, in_degrees, add_self_loops, edge_index):
    """Row i counts the edges to i by their sources, the degree is their number, and self-loops add I behind all."""
    rows = sources(edge_index, 5)
    expected = torch.tensor([[row.count(j) for j in range(5)] for row in rows])
    assert_equal(adjacency_matrix(edge_index, 5), expected)
    assert_equal(in_degrees(edge_index, 5), torch.tensor([len(row) for row in rows]))
    loops = [[*row.tolist(), 0, 1, 2, 3, 4] for row in edge_index]
    assert_equal(add_self_loops(edge_index, 5), torch.tensor(loops))
    assert_equal(adjacency_matrix(torch.tensor(loops), 5), expected + torch.eye(5).long())
    assert_equal(adjacency_matrix(edge_index[:, :0], 5), torch.zeros(5, 5).long())


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([[0, 1, 1, 2], [1, 0, 2, 1]], True),
        ([[0, 1], [1, 2]], False),
        ([[0, 1, 2], [1, 2, 0]], False),
        ([[1], [1]], True),
        ([[0, 0, 1], [1, 1, 0]], False),
        ([[0, 0, 1, 1], [1, 1, 0, 0]], True),
        ([[], []], True),
    ],
)
def test_is_undirected_equals_worked_examples(is_undirected, ends, expected):
    """Every edge needs one back, a second one a second; a cycle lacks it, a self-loop is its own."""
    assert_equal(is_undirected(torch.tensor(ends).long(), 4), expected)


@given(first=edges(), second=edges(num_edges=3), x=whole(8, 5, 3), y=whole(8, 5, 3), z=whole(8, 2, 3))
def test_join_graphs_numbers_nodes_on(join_graphs, first, second, x, y, z):
    """Behind graphs of five nodes, of two without edges, and of none, the nodes of the next are counted from 7."""
    none = torch.zeros(2, 0).long()
    batch = join_graphs([Graph(x, first), Graph(z, none), Graph(z[:0], none), Graph(y, second)])
    assert_equal(batch.x, torch.cat([x, z, y]))
    moved = [[*one, *(end + 7 for end in other)] for one, other in zip(first.tolist(), second.tolist(), strict=True)]
    assert_equal(batch.edge_index, torch.tensor(moved))
    assert_equal(batch.graph_of_node, torch.tensor([0] * 5 + [1] * 2 + [3] * 5))


def test_join_graphs_rejects_none(join_graphs):
    """There is at least one graph."""
    assert_rejects(join_graphs, [])


@given(x=whole(4096, 5, 3), y=whole(8, 4, 3), edge_index=edges(), weight=whole(4, 2, 3), bias=whole(8, 2))
def test_graph_convolution_treats_joined_graphs_as_alone(
    graph_convolution, join_graphs, scatter_mean, x, y, edge_index, weight, bias
):
    """Layer and pooling of a batch are those of its graphs, one by one; on a directed cycle, where all degrees are 2, a
    node gets half of its own W x and half of that before it, plus b.
    """
    cycle = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    batch = join_graphs([Graph(x, edge_index), Graph(y, cycle)])
    together = graph_convolution(batch.x, batch.edge_index, weight, bias)
    alone = [graph_convolution(*graph, weight, bias).double() for graph in (Graph(x, edge_index), Graph(y, cycle))]
    size = 1 + 64 * torch.cat([x, y]).abs().max() * weight.abs().sum() + bias.abs().max()
    assert_close(together, torch.cat(alone), size)
    mapped = dot_products(y, weight)
    assert_close(together[5:], (mapped + mapped.roll(1, 0)) / 2 + bias, size)
    pooled = torch.stack([features.sum(0) / len(features) for features in alone])
    assert_close(scatter_mean(together.double(), batch.graph_of_node, 2), pooled, size)


@pytest.mark.parametrize("features", [(), (3,), (1, 3)])
@given(values=whole(8, 7, 3), index=indices(4, 7))
def test_scatter_sum_adds_up_by_index(scatter_sum, scatter_mean, features, values, index):
    """Out come the sum and the mean of the values of each index, and 0 where there is none; large values of one index
    leave the others their digits.
    """
    values = values[:, : math.prod(features)].reshape(7, *features)
    groups = [[value for value, i in zip(values, index.tolist(), strict=True) if i == k] for k in range(5)]
    sums = gathered([[value.reshape(-1) for value in group] for group in groups], math.prod(features))
    assert_equal(scatter_sum(values, index, 5), sums.reshape(5, *features))
    means = sums / torch.tensor([max(1, len(group)) for group in groups])[:, None]
    assert_close(scatter_mean(values, index, 5), means.reshape(5, *features))
    large = (2.0**40 * (index == 0)).reshape(7, *[1] * len(features))
    others, size = sums[1:].reshape(4, *features) / 3, 7 * 8
    assert_close(scatter_sum(values / 3 + large, index, 5)[1:], others, size)
    assert_equal(scatter_sum(values[:0], index[:0], 5), torch.zeros(5, *features))
    assert_equal(scatter_mean(values[:0], index[:0], 5), torch.zeros(5, *features))


@given(scores=whole(16, 7), index=indices(4, 7), shifts=whole(1024, 5))
def test_scatter_softmax_is_a_softmax_of_each_index(scatter_softmax, scores, index, shifts):
    """Scores of one index make a softmax, which is the same when all of them are moved, however far."""
    expected = torch.zeros(7).double()
    for k in set(index.tolist()):
        expected[index == k] = torch.as_tensor(special.softmax(scores[index == k].numpy()))
    size = expected * (1 + 2 * scores.abs().max())
    assert_close(scatter_softmax(scores, index, 5), expected, size)
    assert_close(scatter_softmax(scores + shifts[index], index, 5), expected, size)
    assert_equal(scatter_softmax(scores[:0], index[:0], 5).shape, (0,))


@given(x=whole(4096, 5, 3), edge_index=edges(), weight=whole(4, 2, 3))
def test_graph_sum_layer_equals_dense_product(graph_sum_layer, adjacency_matrix, x, edge_index, weight):
    """Every edge brings W x of its source to its target, which is A X W^T; self-loops alone make W x of every node."""
    mapped = dot_products(x, weight)
    expected = gathered([[mapped[j] for j in row] for row in sources(edge_index, 5)], 2)
    assert_equal(graph_sum_layer(x, edge_index, weight), expected)
    assert_close(graph_sum_layer(x / 3, edge_index, weight), expected / 3, 1 + 7 * x.abs().amax() * weight.abs().sum())
    assert_equal(adjacency_matrix(edge_index, 5).double() @ mapped, expected)
    assert_equal(graph_sum_layer(x, torch.arange(5).expand(2, -1), weight), mapped)


@given(x=whole(4096, 5, 3), edge_index=edges(), weight=whole(4, 2, 3), bias=whole(8, 2))
def test_graph_mean_layer_divides_by_arriving_edges(graph_mean_layer, x, edge_index, weight, bias):
    """A node gets the mean of W x over its arriving edges, plus b, and b alone without any."""
    mapped, rows = dot_products(x, weight), sources(edge_index, 5)
    sums = gathered([[mapped[j] for j in row] for row in rows], 2)
    means = sums / torch.tensor([max(1, len(row)) for row in rows])[:, None]
    assert_close(graph_mean_layer(x, edge_index, weight, bias), means + bias, sums.abs() + bias.abs())


@given(x=whole(4096, 5, 3), edge_index=edges(), weight=whole(4, 2, 3), bias=whole(8, 2))
def test_graph_convolution_divides_by_roots_of_degrees(graph_convolution, x, edge_index, weight, bias):
    """Each edge, and one from every node to itself, weighs 1 / sqrt(d_i d_j), d counting what arrives with the loop."""
    mapped, rows = dot_products(x, weight), sources(edge_index, 5)
    degrees = [len(row) + 1 for row in rows]
    terms = [[mapped[j] / math.sqrt(degrees[i] * degrees[j]) for j in [*row, i]] for i, row in enumerate(rows)]
    size = gathered([[term.abs() for term in row] for row in terms], 2) + bias.abs()
    assert_close(graph_convolution(x, edge_index, weight, bias), gathered(terms, 2) + bias, size)


@given(edge_index=edges(num_edges=4))
def test_graph_convolution_has_its_spectrum_above_minus_one(graph_convolution, edge_index):
    """Of an undirected graph it is a symmetric matrix with sqrt(d) as an eigenvector of 1, and all eigenvalues lie in
    (-1, 1]: 2 / d or more above -1.
    """
    undirected, eye, none = both_ways(edge_index), torch.eye(5).double(), torch.zeros(5).double()
    matrix = graph_convolution(eye, undirected, 2 * eye, none) / 2
    degrees = torch.tensor([len(row) + 1 for row in sources(undirected, 5)]).double()
    assert_close(matrix, matrix.T, 1)
    assert_close(matrix @ degrees.sqrt().to(matrix.dtype), degrees.sqrt(), 8)
    eigenvalues = torch.linalg.eigvalsh(matrix)
    assert_at_most(eigenvalues, 1, 8)
    assert_at_most(-eigenvalues, 1 - 2 / degrees.max(), 8)


@pytest.mark.parametrize("slope", [(), (0.5,)])
@given(x=whole(4, 5, 3), edge_index=edges(), weight=whole(1, 2, 3), scorers=dyadics(-8, 8, 2, 2, grid=8))
def test_graph_attention_reads_arriving_edges(graph_attention, slope, x, edge_index, weight, scorers):
    """A node reads W x of its sources with scores a_source . W x_j + a_target . W x_i, of which negative ones count a
    fifth if nothing else is said, and 0 if no edge arrives; without scores it reads the mean.
    """
    mapped, rows = dot_products(x, weight), sources(edge_index, 5)
    from_source, from_target = dot_products(mapped, scorers).T
    share = slope[0] if slope else 0.2

    def read(scores):
        kept = [torch.tensor([scores(j, i) for j in row], dtype=torch.float64)[None] for i, row in enumerate(rows)]
        return torch.cat([attended(one, mapped[row]) for one, row in zip(kept, rows, strict=True)])

    def score(j, i):
        raw = from_source[j].item() + from_target[i].item()
        return raw if raw > 0 else share * raw

    size = (1 + 4 * dot_products(mapped.abs(), scorers.abs()).max()) * mapped.abs().max()
    assert_close(graph_attention(x, edge_index, weight, *scorers, *slope), read(score), size)
    assert_close(graph_attention(x, edge_index, weight, *0 * scorers, *slope), read(lambda j, i: 0.0), size)


@given(x=whole(8, 5, 3), edge_index=edges(), weight=whole(2, 2, 3), bias=whole(8, 2), order=st.permutations(range(5)))
def test_graph_sum_layer_commutes_with_renumbering(
    graph_sum_layer, graph_mean_layer, graph_convolution, graph_attention, x, edge_index, weight, bias, order
):
    """Nodes have no order: every layer returns the renumbered features for the renumbered graph, and the sums of all
    nodes are what their edges carry.
    """
    order = torch.tensor(order)
    moved = (x[order], order.argsort()[edge_index], weight)
    sums = graph_sum_layer(x, edge_index, weight)
    assert_equal(graph_sum_layer(*moved), sums[order].double())
    assert_equal(sums.sum(0), dot_products(x[edge_index[0]], weight).sum(0))
    size = 1 + 64 * x.abs().max() * weight.abs().sum() + bias.abs().max()
    for layer in (graph_mean_layer, graph_convolution):
        assert_close(layer(*moved, bias), layer(x, edge_index, weight, bias)[order], size)
    scorers = bias / 8, bias.flip(0) / 4
    assert_close(graph_attention(*moved, *scorers), graph_attention(x, edge_index, weight, *scorers)[order], size**2)


def test_graph_mean_layer_keeps_constants(graph_sum_layer, graph_mean_layer, graph_convolution, graph_attention):
    """Ones on a path of three nodes become 1, 2, 1 by sums, and stay by means; roots of degrees give 1 / 2 + 1 / sqrt 6
    at the ends and 1 / 3 + 2 / sqrt 6 between them. Attention to itself alone keeps a number, however large its score.
    """
    x, weight, bias = torch.ones(3, 1).double(), torch.ones(1, 1).double(), torch.zeros(1).double()
    assert_equal(graph_sum_layer(x, PATH, weight), numbers(1, 2, 1)[:, None])
    assert_equal(graph_mean_layer(x, PATH, weight, bias), x)
    end, middle = 1 / 2 + 1 / math.sqrt(6), 1 / 3 + 2 / math.sqrt(6)
    assert_close(graph_convolution(x, PATH, weight, bias), numbers(end, middle, end)[:, None])
    assert_close(graph_attention(x, PATH, weight, bias + 2, bias - 1), x)
    far = numbers(1, 2048, 1)[:, None]
    assert_close(graph_attention(far, torch.arange(3).expand(2, -1), weight, bias + 1, bias), far)


@given(x=whole(8, 5, 3), weight=whole(4, 2, 3), bias=whole(8, 2))
def test_graph_sum_layer_of_no_edges_is_zero(
    graph_sum_layer, graph_mean_layer, graph_convolution, graph_attention, x, weight, bias
):
    """Where no edge arrives sums and attention are 0 and means the bias; a node that counts itself is mapped alone."""
    none = torch.zeros(2, 0).long()
    assert_equal(graph_sum_layer(x, none, weight), torch.zeros(5, 2))
    assert_equal(graph_attention(x, none, weight, bias, bias), torch.zeros(5, 2))
    assert_equal(graph_mean_layer(x, none, weight, bias), bias.expand(5, 2))
    assert_equal(graph_convolution(x, none, weight, bias), dot_products(x, weight) + bias)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_graph_sum_layer_sees_one_hop_further(graph_sum_layer, graph_mean_layer, graph_convolution, layers):
    """On a path from node 0 to node 4 a change at node 0 reaches node k by k layers, and no node beyond; where a node
    counts itself it reaches all up to k.
    """
    ends = torch.stack([torch.arange(4), torch.arange(1, 5)])
    x, weight, bias = steps(5, 1) + 3, torch.ones(1, 1).double(), torch.zeros(1).double()
    changed = x + numbers(1, 0, 0, 0, 0)[:, None]

    def reached(layer, *parameters):
        before, after = x, changed
        for _ in range(layers):
            before, after = (layer(features, ends, *parameters).double() for features in (before, after))
        return (before != after)[:, 0].tolist()

    assert_equal(reached(graph_sum_layer, weight), [k == layers for k in range(5)])
    assert_equal(reached(graph_mean_layer, weight, bias), [k == layers for k in range(5)])
    assert_equal(reached(graph_convolution, weight, bias), [k <= layers for k in range(5)])
