"""Judges PyTorch Geometric: its graphs, its scatter and its convolutions.

    validity                              Data.validate
    adjacency, degrees                    utils.to_dense_adj transposed, utils.degree of the targets
    undirected, self-loops                utils.is_undirected, add_self_loops
    joined graphs                         Batch.from_data_list
    sums, means, softmax by index         utils.scatter, softmax
    layer of sums                         GCNConv with normalize=False
    layer of means                        SAGEConv with root_weight=False
    layer of Kipf & Welling               GCNConv with add_self_loops=False, after utils.add_self_loops
    attention                             GATConv with one head and add_self_loops=False

A layer gets its parameters by functional_call. What would be the input itself is copied.
"""

from torch.func import functional_call
from torch_geometric import utils
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GATConv, GCNConv, SAGEConv

from reference.vision.graph import Graph, GraphBatch

PACKAGES = ("torch_geometric",)

# Graphs


def checked_graph(x, edge_index):
    data = Data(x, edge_index)
    data.validate()
    return Graph(data.x.clone(), data.edge_index.clone())


def adjacency_matrix(edge_index, num_nodes):
    return utils.to_dense_adj(edge_index, max_num_nodes=num_nodes)[0].T.long()


def in_degrees(edge_index, num_nodes):
    return utils.degree(edge_index[1], num_nodes, dtype=edge_index.dtype)


def is_undirected(edge_index, num_nodes):
    return utils.is_undirected(edge_index, num_nodes=num_nodes)


def add_self_loops(edge_index, num_nodes):
    return utils.add_self_loops(edge_index, num_nodes=num_nodes)[0]


def join_graphs(graphs):
    batch = Batch.from_data_list([Data(*graph) for graph in graphs])
    return GraphBatch(batch.x, batch.edge_index, batch.batch)


# Values by index


def scatter_sum(values, index, size):
    return utils.scatter(values, index, dim_size=size, reduce="sum")


def scatter_mean(values, index, size):
    return utils.scatter(values, index, dim_size=size, reduce="mean")


def scatter_softmax(scores, index, size):
    return utils.softmax(scores, index, num_nodes=size)


# Layers


def _layer(kind, weight, x, edge_index, parameters, **settings):
    layer = kind(*weight.T.shape, **settings)
    return functional_call(layer, parameters, (x, edge_index))


def graph_sum_layer(x, edge_index, weight):
    return _layer(GCNConv, weight, x, edge_index, {"lin.weight": weight}, normalize=False, bias=False)


def graph_mean_layer(x, edge_index, weight, bias):
    parameters = {"lin_l.weight": weight, "lin_l.bias": bias}
    return _layer(SAGEConv, weight, x, edge_index, parameters, root_weight=False)


def graph_convolution(x, edge_index, weight, bias):
    loops, parameters = add_self_loops(edge_index, len(x)), {"lin.weight": weight, "bias": bias}
    return _layer(GCNConv, weight, x, loops, parameters, add_self_loops=False)


def graph_attention(x, edge_index, weight, score_source, score_target, negative_slope=0.2):
    parameters = {"lin.weight": weight, "att_src": score_source[None, None], "att_dst": score_target[None, None]}
    settings = {"negative_slope": negative_slope, "add_self_loops": False, "bias": False}
    return _layer(GATConv, weight, x, edge_index, parameters, **settings)
