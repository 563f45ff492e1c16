"""Three layers that are confused on graphs, and the field that holds the features of nodes."""

import math
import types

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from properties.strategies import numbers, steps
from reference.vision.graph import Graph, graph_convolution, graph_mean_layer, graph_sum_layer

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
ONES, WEIGHT, BIAS = torch.ones(3, 1).double(), torch.ones(1, 1).double(), torch.zeros(1).double()


@pytest.mark.claim("E004-15", "R004-061", "R004-062")
def test_sum_mean_and_convolution_are_three_operators():
    """Ones on a path of three nodes become 1, 2, 1 by A, stay by D^-1 A, and become 0.908, 1.150, 0.908 by Kipf &
    Welling's D^-1/2 (A + I) D^-1/2.
    """
    assert_equal(graph_sum_layer(ONES, PATH, WEIGHT)[:, 0], numbers(1, 2, 1))
    assert_equal(graph_mean_layer(ONES, PATH, WEIGHT, BIAS)[:, 0], numbers(1, 1, 1))
    seen = graph_convolution(ONES, PATH, WEIGHT, BIAS)[:, 0].tolist()
    assert [round(value, 3) for value in seen] == [0.908, 1.15, 0.908]


@pytest.mark.claim("R004-062")
def test_only_self_loops_keep_the_spectrum_above_minus_one():
    """Two linked nodes with 1 and -1 change signs for ever under D^-1 A, and meet at 0 at once with self-loops."""
    pair, x = torch.tensor([[0, 1], [1, 0]]), numbers(1, -1)[:, None]
    assert_equal(graph_mean_layer(x, pair, WEIGHT, BIAS), -x)
    assert_close(graph_convolution(x, pair, WEIGHT, BIAS), 0 * x, 1)


@pytest.mark.claim("R004-062")
def test_many_convolutions_forget_the_features():
    """Repeated, the layer leaves a multiple of sqrt(d): 60 of them on a path of three end at (sqrt 2, sqrt 3, sqrt 2)
    times their product with the features, over 7.
    """
    x = start = steps(3, 1) + 0.5
    for _ in range(60):
        x = graph_convolution(x, PATH, WEIGHT, BIAS)
    roots = numbers(math.sqrt(2), math.sqrt(3), math.sqrt(2))
    assert_close(x[:, 0], roots * (roots @ start[:, 0]) / 7, 8, roundings=64)


@pytest.mark.claim("E004-14", "R004-060")
def test_features_are_lower_case():
    """Features are data.x: an object that takes any field takes data.X in silence and has no x, a named tuple has one
    and no other.
    """
    data = types.SimpleNamespace(x=None, edge_index=PATH)
    data.X = ONES
    assert data.x is None
    assert_equal(Graph(x=ONES, edge_index=PATH).x, ONES)
    with pytest.raises(TypeError):
        Graph(X=ONES, edge_index=PATH)
