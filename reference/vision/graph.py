"""Graphs: features of nodes, edges as pairs of their indices, and the layers that send features along the edges.

edge_index holds the source of each edge in row 0 and its target in row 1. An edge may occur more than once and counts
as often; an edge from a node to itself is a self-loop. An undirected edge is two edges, one each way.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import leaky_relu, linear


class Graph(NamedTuple):
    """Features of each node, and the source and target of each edge."""

    x: Float[Tensor, "nodes features"]
    edge_index: Int64[Tensor, "2 edges"]


class GraphBatch(NamedTuple):
    """Several graphs as one whose parts are not connected, and the graph of each node."""

    x: Float[Tensor, "nodes features"]
    edge_index: Int64[Tensor, "2 edges"]
    graph_of_node: Int64[Tensor, "nodes"]


def checked_graph(x: Float[Tensor, "nodes features"], edge_index: Int64[Tensor, "ends edges"]) -> Graph:
    """The graph of these features and edges, if they are one; the layers below do not check.

    Domain: two ends of each edge, and nodes 0..N-1 as ends; else ValueError. A graph may have no edges.
    Source: Fey & Lenssen 2019, arXiv:1903.02428; PyTorch Geometric (`Data`).
    Notes: R004-060.
    """
    if len(edge_index) != 2:
        raise ValueError(f"edges have two ends; got {len(edge_index)}")
    missing = edge_index[(edge_index < 0) | (edge_index >= len(x))]
    if len(missing):
        raise ValueError(f"edges must end at nodes from 0 to {len(x) - 1}; got {missing[0]}")
    return Graph(x.clone(), edge_index.clone())


def adjacency_matrix(edge_index: Int64[Tensor, "2 edges"], num_nodes: int) -> Int64[Tensor, "{num_nodes} {num_nodes}"]:
    """Number of edges between each two nodes, the target being the row.

        A[i, j] = number of edges from j to i

    so that (A X)_i adds up what arrives at node i.

        >>> adjacency_matrix(torch.tensor([[0, 2, 0], [1, 1, 1]]), 3).tolist()
        [[0, 0, 0], [2, 0, 1], [0, 0, 0]]

    Domain: a graph as in `checked_graph`.
    Source: textbook.
    Differs: to_dense_adj of PyTorch Geometric and networkx have the source as the row, A^T. Where edges are a set every
    entry is 0 or 1.
    Notes: R004-060, R004-061.
    """
    source, target = edge_index
    return _counts(target * num_nodes + source, num_nodes**2).reshape(num_nodes, num_nodes)


def in_degrees(edge_index: Int64[Tensor, "2 edges"], num_nodes: int) -> Int64[Tensor, "{num_nodes}"]:
    """Number of edges that arrive at each node.

        d_i = sum_j A[i, j]

    Domain: a graph as in `checked_graph`.
    Source: textbook.
    Notes: R004-060, R004-062.
    """
    return _counts(edge_index[1], num_nodes)


def is_undirected(edge_index: Int64[Tensor, "2 edges"], num_nodes: int) -> bool:
    """Whether every edge has a counterpart: as many edges lead from i to j as from j to i.

        A = A^T

    Domain: a graph as in `checked_graph`; without edges it is undirected.
    Source: textbook.
    Notes: R004-060.
    """
    adjacency = adjacency_matrix(edge_index, num_nodes)
    return bool((adjacency == adjacency.T).all())


def add_self_loops(edge_index: Int64[Tensor, "2 edges"], num_nodes: int) -> Int64[Tensor, "2 more_edges"]:
    """The edges, and behind them one from each node to itself: A + I.

    Domain: a graph as in `checked_graph`. A node that has a self-loop gets another one.
    Source: Kipf & Welling 2016, arXiv:1609.02907, section 2.
    Differs: add_remaining_self_loops of PyTorch Geometric, which its GCNConv uses, leaves a node with one.
    Notes: R004-062.
    """
    nodes = torch.arange(num_nodes, device=edge_index.device)
    return torch.cat([edge_index, nodes.expand(2, -1)], 1)


def join_graphs(graphs: Sequence[Graph]) -> GraphBatch:
    """Several graphs as one whose parts are not connected: layers treat each as if it were alone.

        nodes of graph k are numbered from n_0 + ... + n_{k-1} on

    Domain: at least one graph; else ValueError. All have the same number of features.
    Source: Fey & Lenssen 2019, arXiv:1903.02428, section 2; PyTorch Geometric (`Batch`).
    Notes: R004-060.
    """
    if not graphs:
        raise ValueError(f"at least one graph is wanted; got {graphs}")
    edges, owners, num_nodes = [], [], 0
    for k, graph in enumerate(graphs):
        edges.append(graph.edge_index + num_nodes)
        owners.append(graph.edge_index.new_full((len(graph.x),), k))
        num_nodes += len(graph.x)
    return GraphBatch(torch.cat([graph.x for graph in graphs]), torch.cat(edges, 1), torch.cat(owners))


def scatter_sum(
    values: Float[Tensor, "items *features"], index: Int64[Tensor, "items"], size: int
) -> Float[Tensor, "{size} *features"]:
    """Sum of the values of each index, 0 for an index without any.

        out[i] = sum over k with index[k] = i of values[k]

    With values of edges and their targets it is what arrives at each node; with values of nodes and their graphs it is
    the pooled graph.

    Domain: indices 0..size-1.
    Source: Gilmer et al. 2017, arXiv:1704.01212, eq. 1; PyTorch Geometric (`scatter`, `global_add_pool`).
    Notes: R004-061.
    """
    return values.new_zeros(size, *values.shape[1:]).index_add(0, index, values)


def scatter_mean(
    values: Float[Tensor, "items *features"], index: Int64[Tensor, "items"], size: int
) -> Float[Tensor, "{size} *features"]:
    """Mean of the values of each index, 0 for an index without any.

        out[i] = sum over k with index[k] = i of values[k] / max(1, number of them)

    Domain: indices 0..size-1.
    Source: PyTorch Geometric (`scatter`, `global_mean_pool`).
    Notes: R004-062.
    """
    counts = _counts(index, size).clamp(min=1).to(values.dtype)
    return scatter_sum(values, index, size) / counts.reshape(-1, *[1] * (values.ndim - 1))


def scatter_softmax(scores: Float[Tensor, "items"], index: Int64[Tensor, "items"], size: int) -> Float[Tensor, "items"]:
    """Share of each item in the exponentials of its own index.

        out[k] = exp(scores[k]) / sum over l with index[l] = index[k] of exp(scores[l])

    Domain: finite scores of any size, indices 0..size-1.
    Source: Velickovic et al. 2017, arXiv:1710.10903, eq. 2; PyTorch Geometric (`softmax`).
    Notes: R004-061.
    """
    highest = scores.new_zeros(size).scatter_reduce(0, index, scores, "amax", include_self=False)
    weights = torch.exp(scores - highest[index])
    return weights / scatter_sum(weights, index, size)[index]


def graph_sum_layer(
    x: Float[Tensor, "nodes channels"], edge_index: Int64[Tensor, "2 edges"], weight: Float[Tensor, "out channels"]
) -> Float[Tensor, "nodes out"]:
    """What each node receives if every edge carries the features of its source through one linear map.

        y_i = sum over edges from j to i of W x_j,   Y = A X W^T

    Each node sees its neighbours alone, and itself only by a self-loop; at A = I it is a linear layer on each node.

    Domain: a graph as in `checked_graph`. A node that no edge reaches gets 0.
    Source: textbook.
    Differs: textbooks write A X W, with the weight transposed, and an activation around it.
    Notes: R004-061.
    """
    source, target = edge_index
    return scatter_sum(linear(x, weight)[source], target, len(x))


def graph_mean_layer(
    x: Float[Tensor, "nodes channels"],
    edge_index: Int64[Tensor, "2 edges"],
    weight: Float[Tensor, "out channels"],
    bias: Float[Tensor, "out"],
) -> Float[Tensor, "nodes out"]:
    """Mean of what arrives at each node, plus a bias.

        y_i = sum over edges from j to i of W x_j / d_i + b,   Y = D^-1 A X W^T + b

    Features that are equal at all nodes stay equal.

    Domain: a graph as in `checked_graph`. A node that no edge reaches gets b.
    Source: textbook.
    Differs: GraphSAGE adds a second linear map of the node itself. The same formula is also called GCN; that of Kipf &
    Welling is `graph_convolution`.
    Notes: R004-062.
    """
    source, target = edge_index
    return scatter_mean(linear(x, weight)[source], target, len(x)) + bias


def graph_convolution(
    x: Float[Tensor, "nodes channels"],
    edge_index: Int64[Tensor, "2 edges"],
    weight: Float[Tensor, "out channels"],
    bias: Float[Tensor, "out"],
) -> Float[Tensor, "nodes out"]:
    """What arrives at each node and what it has itself, divided by the roots of the degrees of both ends.

        y_i = sum over edges from j to i, self-loops added, of W x_j / sqrt(d_i d_j) + b
        Y = D^-1/2 (A + I) D^-1/2 X W^T + b,   d_i = sum_j (A + I)[i, j]

    The matrix has its eigenvalues in (-1, 1] if the graph is undirected.

    Domain: a graph as in `checked_graph`. A node that no edge reaches keeps its own W x.
    Source: Kipf & Welling 2016, arXiv:1609.02907, eq. 2.
    Differs: for directed edges d counts arriving ones at both ends, as in PyTorch Geometric. Self-loops that are there
    already are counted too; see `add_self_loops`.
    Notes: R004-062.
    """
    edges = add_self_loops(edge_index, len(x))
    source, target = edges
    root = in_degrees(edges, len(x)).to(x.dtype).rsqrt()
    messages = (root[source] * root[target])[:, None] * linear(x, weight)[source]
    return scatter_sum(messages, target, len(x)) + bias


def graph_attention(
    x: Float[Tensor, "nodes channels"],
    edge_index: Int64[Tensor, "2 edges"],
    weight: Float[Tensor, "out channels"],
    score_source: Float[Tensor, "out"],
    score_target: Float[Tensor, "out"],
    negative_slope: float = 0.2,
) -> Float[Tensor, "nodes out"]:
    """Mean of what arrives at each node, weighted by a softmax over the edges that arrive there: one head.

        e_ij = leaky_relu(a_source . W x_j + a_target . W x_i)
        y_i = sum over edges from j to i of softmax_j(e_ij) W x_j

    Domain: a graph as in `checked_graph`. A node that no edge reaches gets 0.
    Source: Velickovic et al. 2017, arXiv:1710.10903, eqs. 1-4.
    Differs: there, and in GATConv of PyTorch Geometric, each node attends to itself too, as after `add_self_loops`.
    Notes: R004-061.
    """
    source, target = edge_index
    mapped = linear(x, weight)
    scores = leaky_relu((mapped @ score_source)[source] + (mapped @ score_target)[target], negative_slope)
    return scatter_sum(scatter_softmax(scores, target, len(x))[:, None] * mapped[source], target, len(x))


def _counts(index: Tensor, size: int) -> Tensor:
    return index.new_zeros(size).index_add(0, index, torch.ones_like(index))
