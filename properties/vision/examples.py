"""One small valid input of every function in `reference.vision`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps
from reference.vision.convnext import InvertedBottleneck
from reference.vision.graph import Graph
from reference.vision.recurrent import LstmState

# Six narrow channels in three groups; no sum that is rectified is 0.
_bottleneck = {
    "x": steps(2, 5, 4, 3).sin(),
    "reduce": steps(6, 5) / 2,
    "kernel": steps(6, 2, 3, 3) / 4,
    "expand": steps(7, 6) / 2,
}

_convolved = {"x": steps(2, 4, 6, 5)}
_video = (torch.arange(60) * 77 % 256).to(torch.uint8).reshape(5, 3, 4)
_inverted = InvertedBottleneck(
    gain=steps(3) / 2 + 1.5,
    bias=steps(3) / 4,
    weight_in=steps(7, 3) / 2,
    bias_in=steps(7) / 4,
    weight_out=steps(3, 7) / 2,
    bias_out=steps(3) + 0.25,
    layer_scale=steps(3) / 4 + 0.75,
)

_sequence = {"x": steps(2, 4, 3), "state": steps(2, 5) / 2}
_recurrent = {"weight_x": steps(5, 3) / 2, "weight_h": steps(5, 5) / 4, "bias": steps(5) / 4}
# The last node is reached by no edge, and the edge from 0 to 1 is there twice.
_edges = torch.tensor([[0, 0, 1, 2, 4, 0, 3], [1, 3, 2, 1, 2, 1, 0]])


def _reader(x, h):
    return (h.flip(-1) / 2 + x.sum(-1, keepdim=True) / 4 - x[..., :1]).sin()


EXAMPLES = {
    # convolution
    "convolution_size": {"size": 8, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2},
    "image_windows": {"x": steps(2, 6, 7), "kernel_height": 3, "kernel_width": 2, "stride": 2, "dilation": 2},
    "correlation": {**_convolved, "weight": steps(3, 4, 3, 2), "stride": 2, "padding": 1, "dilation": 2},
    "convolution_layer": {**_convolved, "weight": steps(3, 4, 3, 2), "bias": steps(3) + 0.5, "stride": 2, "padding": 1},
    "grouped_correlation": {**_convolved, "weight": steps(6, 2, 3, 2), "groups": 2, "stride": 2, "padding": 1},
    "block_diagonal_weight": {"weight": steps(6, 4, 3, 5), "groups": 2},
    "depthwise_correlation": {**_convolved, "weight": steps(4, 3, 2), "stride": 2, "padding": 1, "dilation": 2},
    "causal_convolution": {"x": steps(2, 3, 7), "weight": steps(5, 3, 4) / 2, "dilation": 2},
    "receptive_field": {"kernel_sizes": (3, 2, 5), "strides": (2, 3, 2), "dilations": (2, 1, 3)},
    "convolution_weight_count": {"kernel_size": 3, "channels": 4, "out": 6, "groups": 2},
    "convolution_multiply_adds": {"rows": 5, "columns": 7, "kernel_size": 3, "channels": 4, "out": 6, "groups": 2},
    # convolution_adjoint
    "convolution_matrix": {"weight": steps(3, 2, 3, 2), "height": 5, "width": 4, "stride": 2, "padding": 1},
    "transposed_convolution_size": {"size": 4, "kernel_size": 3, "stride": 2, "dilation": 2, "output_padding": 1},
    "transposed_convolution": {
        **_convolved,
        "weight": steps(4, 3, 3, 2),
        "stride": 2,
        "padding": 1,
        "output_padding": 1,
    },
    "overlap_counts": {"size": 4, "kernel_size": 5, "stride": 2},
    # pooling
    "max_pool": {"x": steps(2, 3, 6, 7), "kernel_size": 3, "stride": 2, "padding": 1},
    "average_pool": {"x": steps(2, 3, 6, 7), "kernel_size": 3, "stride": 2, "padding": 1},
    "average_pool_of_pixels": {"x": steps(2, 3, 6, 7), "kernel_size": 3, "stride": 2, "padding": 1},
    "global_average_pool": {"x": steps(2, 3, 4, 5) + 0.25},
    # resampling
    "nearest_resize": {"image": steps(2, 3, 5, 4), "rows": 7, "columns": 3},
    "nearest_centre_resize": {"image": steps(2, 3, 5, 4), "rows": 7, "columns": 3},
    "bilinear_resize": {"image": steps(2, 3, 5, 4), "rows": 7, "columns": 3},
    "aligned_bilinear_resize": {"image": steps(2, 3, 5, 4), "rows": 7, "columns": 3},
    "cubic_kernel": {"distance": steps(3, 5), "a": -0.75},
    "cubic_resize": {"image": steps(2, 3, 5, 4), "rows": 7, "columns": 3, "a": -0.625},
    "aligned_cubic_resize": {"image": steps(2, 3, 5, 4), "rows": 7, "columns": 3, "a": -0.625},
    # residual_blocks
    "post_activation_block": {"x": steps(2, 3, 5, 4), "branch": lambda x: x.flip(1) * 0.75 - 0.25},
    "projected_block": {
        "x": steps(2, 3, 5, 4),
        "branch": lambda x: x[:, :1, ::2, ::2] * (torch.arange(7) / 4 - 0.5).to(x.dtype)[:, None, None],
        "weight": steps(7, 3) / 2,
        "bias": steps(7) / 4,
        "stride": 2,
    },
    "pre_activation_block": {
        "x": steps(2, 3, 5, 4),
        "normalize": lambda x: x * 0.75 + 0.15625,
        "branch": lambda x: x.flip(1) / 2 - 0.25,
    },
    "bottleneck_branch": {
        **_bottleneck,
        "norms": (lambda x: x * 0.75 + 0.125, lambda x: 0.5 - x / 4, lambda x: x * 1.25 - 0.5),
        "stride": 2,
    },
    "summed_branches": {**_bottleneck, "bias": steps(7) / 4},
    "concatenated_branches": {**_bottleneck, "bias": steps(7) / 4},
    "bottleneck_parameter_count": {"channels": 7, "width": 6, "groups": 3},
    "resnext_width": {"planes": 40, "groups": 3, "base_width": 5},
    "res2net_split": {"x": steps(2, 6, 3, 5), "layers": [lambda x: x * 0.75 + 0.125, lambda x: x.flip(1) / 2 - 0.25]},
    "res2net_split_keeping_last": {
        "x": steps(2, 5, 3, 4),
        "layers": [lambda x: x * 0.75 + 0.125, lambda x: x.flip(1) / 2 - 0.25],
    },
    "squeeze_excitation": {"x": steps(2, 5, 3, 4) + 0.5, "weight_in": steps(3, 5) / 2, "weight_out": steps(5, 3)},
    # convnext
    "gelu_perceptron": {
        "x": steps(2, 3),
        "weight_in": steps(5, 3) / 2,
        "bias_in": steps(5) / 4,
        "weight_out": steps(4, 5) / 2,
        "bias_out": steps(4),
    },
    "inverted_bottleneck": {"x": steps(2, 4, 3) + 0.5, "parameters": _inverted, "epsilon": 0.125},
    "convnext_block": {
        "x": steps(2, 3, 4, 6),
        "kernel": steps(3, 1, 5, 7) / 4,
        "kernel_bias": steps(3) / 2,
        "parameters": _inverted,
        "epsilon": 0.125,
    },
    "split_depthwise": {
        "x": steps(2, 8, 5, 4),
        "kernels": [*(steps(2, 3, 1, 3, 3) / 2)],
        "biases": [*(steps(2, 3) / 4)],
    },
    "transposed_attention": {
        "query": steps(2, 3, 5, 4),
        "key": steps(2, 3, 5, 4).flip(-2) + 0.25,
        "value": steps(2, 3, 5, 4) / 2 + 0.5,
        "temperature": steps(3) + 1.25,
    },
    "sdta_encoder": {
        "x": steps(2, 3, 4, 5),
        "split": lambda image: image.flip(1) * 0.75 + 0.125,
        "attend": lambda tokens: tokens.cumsum(1) / 4,
        "feed_forward": lambda tokens: tokens.square() / 4 - 0.5,
    },
    # unet
    "embed_fc": {
        "x": steps(2, 3),
        "weight_in": steps(5, 3) / 2,
        "bias_in": steps(5) / 4,
        "weight_out": steps(4, 5) / 2,
        "bias_out": steps(4),
    },
    "conv_norm_gelu": {
        "x": steps(2, 3, 5, 4),
        "kernel": steps(7, 3, 3, 3) / 8,
        "bias": steps(7) / 4,
        "normalize": lambda x: x * 0.75 + 0.125,
    },
    "residual_conv_block": {
        "x": steps(2, 3, 5, 4),
        "first": lambda x: torch.cat([x, x.square() / 4], 1) * 0.75,
        "second": lambda x: x.flip(1) / 2 - 0.25,
    },
    "unet_down": {"x": steps(2, 3, 4, 6), "block": lambda x: torch.cat([x, x.square() / 4], 1)},
    "join_skip": {"x": steps(2, 3, 5, 4), "skip": steps(2, 6, 5, 4) / 2},
    "unet_up": {
        "x": steps(2, 3, 5, 4),
        "skip": steps(2, 6, 5, 4) / 2,
        "kernel": steps(9, 7, 2, 2) / 4,
        "bias": steps(7) / 4,
        "block": lambda x: x * 0.75 + 0.125,
    },
    "unet_middle": {
        "x": steps(2, 3, 7, 5),
        "pool": 2,
        "kernel": steps(3, 4, 3, 2) / 2,
        "bias": steps(4) / 4,
        "normalize": lambda x: x * 0.75 + 0.125,
    },
    "modulate_features": {
        "x": steps(2, 3, 5, 4),
        "context_embedding": steps(2, 3) / 2,
        "time_embedding": steps(2, 3).flip(0) + 0.25,
    },
    "masked_context": {"context": steps(2, 3), "mask": torch.tensor([True, False])},
    "unet": {
        "x": steps(2, 3, 4, 8),
        "downs": [lambda x: x[..., ::2, ::2] * 0.75, lambda x: x[..., ::2, ::2] / 2 + 0.125],
        "middle": lambda x: x.flip(1) / 4 - 0.25,
        "ups": [
            lambda x, skip: (x + skip.square() / 4).repeat_interleave(2, -1).repeat_interleave(2, -2),
            lambda x, skip: (x - skip / 2).repeat_interleave(2, -1).repeat_interleave(2, -2),
        ],
    },
    "unet_sides": {"side": 20, "levels": 2, "pool": 4, "growth": 5},
    # crnn
    "crnn_features": {
        "x": steps(2, 1, 33, 6).sin(),
        "kernels": [steps(2, 1, 3, 3) / 4, *(steps(5, 2, 2, 3, 3) / 4), steps(3, 2, 2, 2) / 2],
        "biases": [*(steps(6, 2) / 4 + 0.5), steps(3)],
        "norms": [lambda x: x * 0.75 + 0.125, lambda x: 0.5 - x / 4, lambda x: x * 1.25 - 0.5],
    },
    "crnn_sizes": {"height": 50, "width": 103},
    "crnn_columns": {"features": steps(2, 3, 1, 5)},
    "bidirectional_layer": {
        "x": steps(2, 5, 3),
        "forward": lambda x: x.cumsum(1) / 4,
        "backward": lambda x: (x.square().cumsum(1) / 4)[..., :1],
        "weight": steps(6, 4) / 2,
        "bias": steps(6) / 4,
    },
    "ctc_collapse": {"path": [2, 2, 1, 0, 0, 1, 2, 1, 2], "blank": 1},
    # keyframes
    "frame_differences": {"frames": _video},
    "key_frames": {"frames": _video, "threshold": 800.5},
    # recurrent
    "autoregressive_predictions": {"x": steps(2, 7, 3), "order": 4, "predict": lambda x: x.cumsum(1)[:, 2, 1:] / 2},
    "latent_autoregressive_predictions": {**_sequence, "step": _reader, "predict": lambda h: h[:, 1:].square() - 0.25},
    "recurrent_step": {"x": steps(2, 3), "state": steps(2, 5) / 2, **_recurrent},
    "joined_recurrent_step": {
        "x": steps(2, 3),
        "state": steps(2, 5) / 2,
        "weight": steps(5, 8) / 2,
        "bias": steps(5) / 4,
    },
    "recurrent_states": {**_sequence, "step": _reader},
    "recurrent_states_of_lengths": {**_sequence, "lengths": torch.tensor([2, 3]), "step": _reader},
    "recurrent_network": {**_sequence, "step": _reader, "weight": steps(4, 5) / 2, "bias": steps(4) / 4},
    "greedy_continuation": {
        "prefix": torch.tensor([[1, 0, 3], [2, 2, 0]]),
        "num_predictions": 4,
        "state": steps(2, 5),
        "step": lambda token, h: (h.flip(-1) / 2 + token[:, None] - 0.75).sin(),
        "predict": lambda h: h[:, 1:] - h[:, :1],
    },
    "recurrent_gradient": {**_sequence, **_recurrent, "states_bar": steps(2, 4, 5).flip(1) + 0.25},
    "truncated_recurrent_gradient": {
        **_sequence,
        **_recurrent,
        "states_bar": steps(2, 4, 5).flip(1) + 0.25,
        "window": 3,
    },
    "lstm_step": {
        "x": steps(2, 3),
        "state": LstmState(steps(2, 5) / 2, steps(2, 5).flip(0)),
        "weight_x": steps(20, 3) / 2,
        "weight_h": steps(20, 5) / 4,
        "bias": steps(20),
    },
    "gru_step": {
        "x": steps(2, 3),
        "state": steps(2, 5) / 2,
        "weight_x": steps(15, 3) / 2,
        "weight_h": steps(15, 5) / 4,
        "bias_x": steps(15),
        "bias_h": steps(15).flip(0) / 2,
    },
    # graph
    "checked_graph": {"x": steps(5, 3), "edge_index": _edges},
    "adjacency_matrix": {"edge_index": _edges, "num_nodes": 5},
    "in_degrees": {"edge_index": _edges, "num_nodes": 5},
    "is_undirected": {"edge_index": torch.cat([_edges, _edges.flip(0)], 1), "num_nodes": 5},
    "add_self_loops": {"edge_index": _edges, "num_nodes": 5},
    "join_graphs": {"graphs": [Graph(steps(5, 3), _edges), Graph(steps(4, 3) + 0.25, _edges.flip(0) % 4)]},
    "scatter_sum": {"values": steps(6, 3), "index": torch.tensor([1, 4, 1, 0, 1, 3]), "size": 5},
    "scatter_mean": {"values": steps(6, 3), "index": torch.tensor([1, 4, 1, 0, 1, 3]), "size": 5},
    "scatter_softmax": {"scores": steps(6), "index": torch.tensor([1, 4, 1, 0, 1, 3]), "size": 5},
    "graph_sum_layer": {"x": steps(5, 3), "edge_index": _edges, "weight": steps(4, 3) / 2},
    "graph_mean_layer": {"x": steps(5, 3), "edge_index": _edges, "weight": steps(4, 3) / 2, "bias": steps(4) + 0.25},
    "graph_convolution": {"x": steps(5, 3), "edge_index": _edges, "weight": steps(4, 3) / 2, "bias": steps(4) + 0.25},
    "graph_attention": {
        "x": steps(5, 3),
        "edge_index": _edges,
        "weight": steps(4, 3) / 2,
        "score_source": steps(4),
        "score_target": steps(4).flip(0) / 2,
        "negative_slope": 0.25,
    },
}
