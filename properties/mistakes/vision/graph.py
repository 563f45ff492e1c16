"""Wrong variants of `reference.vision.graph`."""

import torch
from torch.nn.functional import leaky_relu, linear

from properties.mistakes import mistake, variant
from reference.vision.graph import (
    Graph,
    GraphBatch,
    add_self_loops,
    adjacency_matrix,
    checked_graph,
    graph_attention,
    graph_convolution,
    graph_mean_layer,
    graph_sum_layer,
    in_degrees,
    is_undirected,
    join_graphs,
    scatter_mean,
    scatter_softmax,
    scatter_sum,
)


def _distinct(edge_index):
    return torch.unique(edge_index, dim=1)


def _dense(edge_index, num_nodes, dtype):
    return adjacency_matrix(edge_index, num_nodes).to(dtype)


@mistake(of=checked_graph, seen="catalogue R004-060")
def checked_graph_unchecked(x, edge_index):
    """edges to nodes that do not exist are accepted"""
    return Graph(x.clone(), edge_index.clone())


@mistake(of=checked_graph, seen="catalogue R004-060")
def checked_graph_that_counts_from_the_end(x, edge_index):
    """a negative index is taken for a node counted from the end"""
    checked_graph(x, edge_index.clamp(min=0))
    return Graph(x.clone(), edge_index.clone())


@mistake(of=checked_graph, seen="catalogue R004-060")
def checked_graph_with_nodes_from_1(x, edge_index):
    """the number of nodes is accepted as the index of the last one"""
    checked_graph(torch.cat([x, x[:1]]), edge_index)
    return Graph(x.clone(), edge_index.clone())


@mistake(of=checked_graph, seen="catalogue R004-060")
def checked_graph_both_ways(x, edge_index):
    """every edge is made undirected"""
    checked_graph(x, edge_index)
    return Graph(x.clone(), torch.cat([edge_index, edge_index.flip(0)], 1))


@mistake(of=adjacency_matrix, seen="catalogue R004-060")
def adjacency_matrix_by_source(edge_index, num_nodes):
    """the source is the row, so that A X sends features against the edges"""
    return adjacency_matrix(edge_index.flip(0), num_nodes)


@mistake(of=adjacency_matrix, seen="catalogue R004-060")
def adjacency_matrix_of_a_set(edge_index, num_nodes):
    """an edge that occurs twice counts once"""
    return adjacency_matrix(edge_index, num_nodes).clamp(max=1)


@mistake(of=adjacency_matrix, seen="catalogue R004-060")
def adjacency_matrix_both_ways(edge_index, num_nodes):
    """every edge is entered in both directions"""
    return adjacency_matrix(torch.cat([edge_index, edge_index.flip(0)], 1), num_nodes)


@mistake(of=adjacency_matrix, seen="catalogue R004-062")
def adjacency_matrix_with_self_loops(edge_index, num_nodes):
    """every node is its own neighbour"""
    return adjacency_matrix(add_self_loops(edge_index, num_nodes), num_nodes)


@mistake(of=in_degrees, seen="catalogue R004-062")
def in_degrees_of_sources(edge_index, num_nodes):
    """edges that leave a node are counted"""
    return in_degrees(edge_index.flip(0), num_nodes)


@mistake(of=in_degrees, seen="catalogue R004-062")
def in_degrees_of_both_ends(edge_index, num_nodes):
    """edges are counted at both ends"""
    return in_degrees(edge_index, num_nodes) + in_degrees(edge_index.flip(0), num_nodes)


@mistake(of=in_degrees, seen="catalogue R004-062")
def in_degrees_of_neighbours(edge_index, num_nodes):
    """neighbours are counted instead of edges"""
    return in_degrees(_distinct(edge_index), num_nodes)


@mistake(of=is_undirected, seen="catalogue R004-060")
def is_undirected_by_degrees(edge_index, num_nodes):
    """as many edges leave each node as arrive there, which a cycle fulfils too"""
    return bool((in_degrees(edge_index, num_nodes) == in_degrees(edge_index.flip(0), num_nodes)).all())


@mistake(of=is_undirected, seen="catalogue R004-060")
def is_undirected_as_a_set(edge_index, num_nodes):
    """edges that occur twice need only one back"""
    return is_undirected(_distinct(edge_index), num_nodes)


@mistake(of=is_undirected, seen="catalogue R004-060")
def is_undirected_without_self_loops(edge_index, num_nodes):
    """a self-loop is taken for a directed edge"""
    return is_undirected(edge_index, num_nodes) and bool((edge_index[0] != edge_index[1]).all())


@mistake(of=add_self_loops, seen="catalogue R004-062")
def add_self_loops_that_remain(edge_index, num_nodes):
    """self-loops that are there already are not added again"""
    loops = edge_index[:, edge_index[0] == edge_index[1]]
    missing = [node for node in range(num_nodes) if node not in loops[0]]
    return torch.cat([edge_index, torch.tensor(missing).long().expand(2, -1)], 1)


@mistake(of=add_self_loops, seen="catalogue R004-062")
def add_self_loops_of_nodes_with_edges(edge_index, num_nodes):
    """nodes without edges get no self-loop"""
    return torch.cat([edge_index, torch.unique(edge_index).expand(2, -1)], 1)


@mistake(of=add_self_loops, seen="catalogue R004-062")
def add_self_loops_in_front(edge_index, num_nodes):
    """the self-loops stand before the edges, so that features of edges belong to others"""
    return add_self_loops(edge_index, num_nodes).roll(num_nodes, 1)


@mistake(of=join_graphs, seen="catalogue R004-060")
def join_graphs_without_offset(graphs):
    """edges of all graphs lead between the nodes of the first"""
    batch = join_graphs(graphs)
    return batch._replace(edge_index=torch.cat([graph.edge_index for graph in graphs], 1))


@mistake(of=join_graphs, seen="catalogue R004-060")
def join_graphs_offset_by_the_last(graphs):
    """nodes are numbered on from the last graph alone"""
    batch = join_graphs(graphs)
    offsets = [0, *(len(graph.x) for graph in graphs[:-1])]
    edges = [graph.edge_index + offset for graph, offset in zip(graphs, offsets, strict=True)]
    return batch._replace(edge_index=torch.cat(edges, 1))


@mistake(of=join_graphs, seen="catalogue R004-060")
def join_graphs_offset_by_edges(graphs):
    """nodes are numbered on from the largest index in the edges before, so that nodes without edges are overlooked"""
    edges, offset = [], 0
    for graph in graphs:
        edges.append(graph.edge_index + offset)
        offset += int(graph.edge_index.max()) + 1 if graph.edge_index.numel() else 0
    return join_graphs(graphs)._replace(edge_index=torch.cat(edges, 1))


@mistake(of=join_graphs, seen="catalogue R004-060")
def join_graphs_counted_from_1(graphs):
    """the graph of each node is counted from 1"""
    batch = join_graphs(graphs)
    return batch._replace(graph_of_node=batch.graph_of_node + 1)


@mistake(of=join_graphs, seen="catalogue R004-060")
def join_graphs_of_none(graphs):
    """no graphs at all make an empty one"""
    return join_graphs(graphs) if graphs else GraphBatch(torch.zeros(0, 1), torch.zeros(2, 0), torch.zeros(0))


@mistake(of=scatter_sum, seen="catalogue R004-061")
def scatter_sum_that_overwrites(values, index, size):
    """of several values with one index only one is kept, as by assignment to an index"""
    out = values.new_zeros(size, *values.shape[1:])
    out[index] = values
    return out


@mistake(of=scatter_sum, seen="catalogue R004-061")
def scatter_sum_of_mean(values, index, size):
    """the mean is returned"""
    return scatter_mean(values, index, size)


@mistake(of=scatter_mean, seen="catalogue R004-062")
def scatter_mean_with_0_by_0(values, index, size):
    """an index without values gets 0 / 0"""
    return scatter_sum(values, index, size) / scatter_sum(torch.ones_like(values), index, size)


@mistake(of=scatter_mean, seen="catalogue R004-062")
def scatter_mean_of_all(values, index, size):
    """sums are divided by the number of all values"""
    return scatter_sum(values, index, size) / len(values)


@mistake(of=scatter_mean, seen="catalogue R004-062")
def scatter_mean_with_one_more(values, index, size):
    """counts are one too large, so that none is 0"""
    return scatter_sum(values, index, size) / (scatter_sum(torch.ones_like(values), index, size) + 1)


@mistake(of=scatter_softmax, seen="catalogue R004-061")
def scatter_softmax_over_all(scores, index, size):
    """the softmax runs over all items, whatever their index"""
    return scores.softmax(0)


@mistake(of=scatter_softmax, seen="catalogue R004-061")
def scatter_softmax_that_overflows(scores, index, size):
    """exponentials are taken without the largest score subtracted"""
    weights = scores.exp()
    return weights / scatter_sum(weights, index, size)[index]


@mistake(of=scatter_softmax, seen="catalogue R004-061")
def scatter_softmax_from_one_maximum(scores, index, size):
    """the largest score of all is subtracted, which leaves nothing of an index whose scores are far below"""
    weights = (scores - scores.max()).exp()
    return weights / scatter_sum(weights, index, size)[index]


@mistake(of=scatter_softmax, seen="catalogue R004-061")
def scatter_softmax_from_positive_maximum(scores, index, size):
    """the maximum starts from 0, so that scores far below 0 vanish"""
    highest = scores.new_zeros(size).scatter_reduce(0, index, scores, "amax")
    weights = (scores - highest[index]).exp()
    return weights / scatter_sum(weights, index, size)[index]


@mistake(of=scatter_softmax, seen="catalogue R004-061")
def scatter_softmax_with_epsilon(scores, index, size):
    """1e-6 is added to the sum, so that shares do not add up to 1"""
    share = scatter_softmax(scores, index, size)
    return share / (1 + 1e-6)


@mistake(of=graph_sum_layer, seen="catalogue R004-061")
def graph_sum_layer_against_the_edges(x, edge_index, weight):
    """features flow from target to source"""
    return graph_sum_layer(x, edge_index.flip(0), weight)


@mistake(of=graph_sum_layer, seen="E004-15")
def graph_sum_layer_that_averages(x, edge_index, weight):
    """the mean is taken, which is another operator"""
    return graph_mean_layer(x, edge_index, weight, torch.zeros_like(weight[:, 0]))


@mistake(of=graph_sum_layer, seen="catalogue R004-061")
def graph_sum_layer_with_itself(x, edge_index, weight):
    """every node gets its own features too"""
    return graph_sum_layer(x, add_self_loops(edge_index, len(x)), weight)


@mistake(of=graph_sum_layer, seen="catalogue R004-061")
def graph_sum_layer_of_a_set(x, edge_index, weight):
    """an edge that occurs twice counts once"""
    return graph_sum_layer(x, _distinct(edge_index), weight)


@mistake(of=graph_sum_layer, seen="catalogue R004-061")
def graph_sum_layer_in_half_precision(x, edge_index, weight):
    """features are added up in half precision"""
    return graph_sum_layer(x.half().to(x.dtype), edge_index, weight)


@mistake(of=graph_sum_layer, seen="catalogue R004-061")
def graph_sum_layer_of_some_edges(x, edge_index, weight):
    """without edges the features are only mapped"""
    return graph_sum_layer(x, edge_index, weight) if edge_index.numel() else linear(x, weight)


@variant(of=graph_sum_layer, seen="catalogue R004-061")
def graph_sum_layer_mapped_last(x, edge_index, weight):
    """features are added up first and mapped once per node: the map is linear"""
    return linear(_dense(edge_index, len(x), x.dtype) @ x, weight)


@mistake(of=graph_mean_layer, seen="E004-15")
def graph_mean_layer_that_sums(x, edge_index, weight, bias):
    """the sum is taken, which is another operator"""
    return graph_sum_layer(x, edge_index, weight) + bias


@mistake(of=graph_mean_layer, seen="E004-15")
def graph_mean_layer_by_roots(x, edge_index, weight, bias):
    """the symmetric normalisation is used, which is the GCN of Kipf & Welling"""
    return graph_convolution(x, edge_index, weight, bias)


@mistake(of=graph_mean_layer, seen="catalogue R004-062")
def graph_mean_layer_with_0_by_0(x, edge_index, weight, bias):
    """a node that no edge reaches gets 0 / 0"""
    return graph_sum_layer(x, edge_index, weight) / in_degrees(edge_index, len(x))[:, None] + bias


@mistake(of=graph_mean_layer, seen="catalogue R004-062")
def graph_mean_layer_with_averaged_bias(x, edge_index, weight, bias):
    """the bias is added to the sum and divided with it"""
    return (graph_sum_layer(x, edge_index, weight) + bias) / in_degrees(edge_index, len(x)).clamp(min=1)[:, None]


@mistake(of=graph_mean_layer, seen="catalogue R004-062")
def graph_mean_layer_by_degree_of_sources(x, edge_index, weight, bias):
    """features are divided by the degree of the node that they come from, A D^-1"""
    degrees = in_degrees(edge_index.flip(0), len(x)).clamp(min=1)
    return graph_sum_layer(x / degrees[:, None], edge_index, weight) + bias


@mistake(of=graph_mean_layer, seen="catalogue R004-062")
def graph_mean_layer_with_itself(x, edge_index, weight, bias):
    """every node counts among its own neighbours"""
    return graph_mean_layer(x, add_self_loops(edge_index, len(x)), weight, bias)


@mistake(of=graph_mean_layer, seen="catalogue R004-062")
def graph_mean_layer_against_the_edges(x, edge_index, weight, bias):
    """features flow from target to source"""
    return graph_mean_layer(x, edge_index.flip(0), weight, bias)


@mistake(of=graph_mean_layer, seen="catalogue R004-062")
def graph_mean_layer_of_some_edges(x, edge_index, weight, bias):
    """without edges the bias is left out"""
    y = graph_mean_layer(x, edge_index, weight, bias)
    return y if edge_index.numel() else y - bias


def _normalized(x, edges, weight, bias, degrees):
    source, target = edges
    root = degrees.clamp(min=1).to(x.dtype).rsqrt()
    return scatter_sum((root[source] * root[target])[:, None] * linear(x, weight)[source], target, len(x)) + bias


@mistake(of=graph_convolution, seen="E004-15")
def graph_convolution_without_self_loops(x, edge_index, weight, bias):
    """nodes do not see themselves, and a path of two has the eigenvalue -1"""
    return _normalized(x, edge_index, weight, bias, in_degrees(edge_index, len(x)))


@mistake(of=graph_convolution, seen="catalogue R004-062")
def graph_convolution_with_degrees_before_self_loops(x, edge_index, weight, bias):
    """degrees do not count the self-loops"""
    return _normalized(x, add_self_loops(edge_index, len(x)), weight, bias, in_degrees(edge_index, len(x)))


@mistake(of=graph_convolution, seen="E004-15")
def graph_convolution_by_mean(x, edge_index, weight, bias):
    """sums are divided by the degree, D^-1 (A + I), and not by the roots of both degrees"""
    return graph_mean_layer(x, add_self_loops(edge_index, len(x)), weight, bias)


@mistake(of=graph_convolution, seen="catalogue R004-062")
def graph_convolution_without_roots(x, edge_index, weight, bias):
    """sums are divided by both degrees instead of their roots"""
    edges = add_self_loops(edge_index, len(x))
    return _normalized(x, edges, weight, bias, in_degrees(edges, len(x)) ** 2)


@mistake(of=graph_convolution, seen="catalogue R004-062")
def graph_convolution_with_normalized_bias(x, edge_index, weight, bias):
    """the bias is added before features are sent"""
    y = graph_convolution(x, edge_index, weight, 0 * bias)
    return y + graph_convolution(0 * x[:, :1] + 1, edge_index, torch.ones_like(bias)[:, None], 0 * bias) * bias


@mistake(of=graph_convolution, seen="catalogue R004-062")
def graph_convolution_by_leaving_edges(x, edge_index, weight, bias):
    """degrees count the edges that leave"""
    edges = add_self_loops(edge_index, len(x))
    return _normalized(x, edges, weight, bias, in_degrees(edges.flip(0), len(x)))


@mistake(of=graph_convolution, seen="catalogue R004-062")
def graph_convolution_against_the_edges(x, edge_index, weight, bias):
    """features flow from target to source"""
    edges = add_self_loops(edge_index, len(x))
    return _normalized(x, edges.flip(0), weight, bias, in_degrees(edges, len(x)))


@mistake(of=graph_convolution, seen="catalogue R004-062")
def graph_convolution_of_some_edges(x, edge_index, weight, bias):
    """without edges nothing is added up, not even a node's own features"""
    y = graph_convolution(x, edge_index, weight, bias)
    return y if edge_index.numel() else bias.expand(y.shape).clone()


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_over_leaving_edges(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    """the softmax runs over the edges that leave a node instead of those that arrive"""
    source, target = edge_index
    mapped = linear(x, weight)
    scores = leaky_relu((mapped @ score_source)[source] + (mapped @ score_target)[target], negative_slope)
    return scatter_sum(scatter_softmax(scores, source, len(x))[:, None] * mapped[source], target, len(x))


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_with_exchanged_scores(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    """source and target exchange their scoring vectors"""
    return graph_attention(x, edge_index, weight, score_target, score_source, negative_slope)


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_with_slope_of_torch(x, edge_index, weight, score_source, score_target, negative_slope=0.01):
    """the slope for negative scores is 0.01 unless another is given, as in torch"""
    return graph_attention(x, edge_index, weight, score_source, score_target, negative_slope)


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_without_leaky_relu(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    """scores are not rectified, so that all nodes rank their neighbours by a_source alone"""
    return graph_attention(x, edge_index, weight, score_source, score_target, 1.0)


@mistake(of=graph_attention, seen="arXiv:1710.10903, section 2.1")
def graph_attention_with_itself(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    """every node attends to itself without a self-loop"""
    edges = add_self_loops(edge_index, len(x))
    return graph_attention(x, edges, weight, score_source, score_target, negative_slope)


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_to_the_target(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    """what is read are the features of the target itself"""
    source, target = edge_index
    mapped = linear(x, weight)
    scores = leaky_relu((mapped @ score_source)[source] + (mapped @ score_target)[target], negative_slope)
    return scatter_sum(scatter_softmax(scores, target, len(x))[:, None] * mapped[target], target, len(x))


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_that_overflows(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    """exponentials are formed without taking the largest score out"""
    graph_attention(x, edge_index, weight, score_source, score_target, negative_slope)
    (source, target), mapped = edge_index, linear(x, weight)
    scores = leaky_relu((mapped @ score_source)[source] + (mapped @ score_target)[target], negative_slope).exp()
    shares = scores / scatter_sum(scores, target, len(x))[target]
    return scatter_sum(shares[:, None] * mapped[source], target, len(x))


@mistake(of=graph_attention, seen="catalogue R004-061")
def graph_attention_below_the_largest_score_of_all(
    x, edge_index, weight, score_source, score_target, negative_slope=0.2
):
    """the largest score of the whole graph is taken out, so that all of a node with low scores vanish"""
    graph_attention(x, edge_index, weight, score_source, score_target, negative_slope)
    (source, target), mapped = edge_index, linear(x, weight)
    scores = leaky_relu((mapped @ score_source)[source] + (mapped @ score_target)[target], negative_slope)
    scores = (scores - scores.amax(0, keepdim=True) if len(scores) else scores).exp()
    shares = scores / (scatter_sum(scores, target, len(x))[target] + 1e-16)
    return scatter_sum(shares[:, None] * mapped[source], target, len(x))


@mistake(of=scatter_sum, seen="catalogue R004-061")
def scatter_sum_by_differences_of_running_sums(values, index, size):
    """the sums are differences of running sums, in which large values of one index drown the others"""
    order = index.argsort(stable=True)
    running = torch.cat([values.new_zeros(1, *values.shape[1:]), values[order].cumsum(0)])
    ends = torch.searchsorted(index[order].contiguous(), torch.arange(size + 1))
    return running[ends[1:]] - running[ends[:-1]]


@mistake(of=join_graphs, seen="catalogue R004-060")
def join_graphs_without_empty_ones(graphs):
    """a graph without nodes is not counted, and those behind it have another number"""
    return join_graphs([graph for graph in graphs if len(graph.x)] or graphs)


@mistake(of=checked_graph, seen="catalogue R004-060")
def checked_graph_of_edges_in_rows(x, edge_index):
    """edges in rows are taken for edges in columns"""
    return checked_graph(x, edge_index.T if len(edge_index) != 2 == edge_index.shape[1] else edge_index)
