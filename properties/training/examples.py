"""One small valid input of every function in `reference.training`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps
from reference.training.checkpointing import Stage
from reference.training.meters import Meter
from reference.training.optimizers import AdamState, AmsgradState, CenteredState, MomentumState
from reference.training.samplers import SamplerState
from reference.transformer.norms import RunningMoments

_stages = [
    Stage(lambda x: steps(3, 2).to(x) @ x, lambda x, y_bar: steps(3, 2).T.to(x) @ y_bar),
    Stage(torch.tanh, lambda x, y_bar: y_bar * (1 - torch.tanh(x) ** 2)),
    Stage(lambda x: steps(5, 3).to(x) @ x, lambda x, y_bar: steps(5, 3).T.to(x) @ y_bar),
]
_meter = Meter(3, (0.25, 2.0), 4.25, 3)

_moved = {"parameter": steps(2, 3), "gradient": steps(2, 3).flip(1) / 2 + 0.125, "learning_rate": 0.375}
_average, _square = steps(2, 3).flip(0) / 4, steps(2, 3).square() / 2 + 1.5
_constants = {"beta_1": 0.75, "beta_2": 0.875, "epsilon": 0.125}

# Two rows of three labels out of five, of which two are ignored.
_ignored = {"logits": steps(2, 3, 5), "labels": torch.tensor([[4, -100, 0], [-100, 1, 3]]), "smoothing": 0.375}
_ranks = {"x": steps(7, 3), "counts": [4, 1, 2], "gain": steps(3) + 3, "epsilon": 0.25}

EXAMPLES = {
    # losses
    "softmax_log_loss": {"logits": steps(2, 5), "target": torch.tensor([3, 1])},
    "softmax_log_loss_gradient": {"logits": steps(2, 5), "target": torch.tensor([3, 1])},
    "soft_target_loss": {"logits": steps(2, 3), "target": torch.tensor([[1, 5, 2], [3, 1, 4]]).double() / 8},
    "label_smoothing_loss": _ignored,
    "label_smoothing_loss_over_others": _ignored,
    "sigmoid_log_loss": {"logits": steps(2, 3), "target": steps(2, 3).flip(1) / 4 + 0.5, "positive_weight": 2.5},
    "sigmoid_focal_loss": {"logits": steps(2, 3) + 0.125, "positive": steps(2, 3) > 0.5, "alpha": 0.375, "gamma": 1.5},
    "softmax_focal_loss": {
        "logits": steps(2, 5),
        "target": torch.tensor([3, 1]),
        "class_weights": steps(5) / 4 + 0.75,
        "gamma": 1.5,
    },
    "huber_loss": {"prediction": steps(2, 3), "target": steps(2, 3).flip(0) / 2 + 0.125, "delta": 0.75},
    "smooth_l1_loss": {"prediction": steps(2, 3), "target": steps(2, 3).flip(0) / 2 + 0.125, "beta": 0.75},
    "mean_of_kept": {"values": steps(2, 5), "kept": steps(2, 5) > 0.25},
    "mean_flat": {"x": steps(2, 3, 5)},
    "mean_and_tail_mean": {"values": steps(3, 5), "tail": 2},
    # contrastive
    "contrastive_loss": {
        "first": steps(4, 3),
        "second": steps(4, 3).flip(0) / 2,
        "is_pair": torch.tensor([True, False, True, False]),
        "margin": 2.5,
    },
    "triplet_loss": {
        "anchor": steps(4, 3),
        "positive": steps(4, 3).flip(0) / 2,
        "negative": steps(4, 3).roll(1, 0) + 0.125,
        "margin": 1.5,
    },
    "hardest_triplets": {"distances": steps(5, 5) + 2, "labels": torch.tensor([1, 0, 1, 1, 2])},
    "batch_hard_triplet_loss": {"embeddings": steps(5, 3), "labels": torch.tensor([1, 0, 1, 0, 2]), "margin": 1.5},
    "n_pair_loss": {"anchors": steps(3, 2), "positives": steps(3, 2).flip(0) / 2 + 0.25},
    "info_nce_loss": {"scores": steps(2, 5), "positive": torch.tensor([3, 1]), "temperature": 0.75},
    "clip_loss": {
        "first": torch.tensor([[2, -1, 0], [0, 3, 1]], dtype=torch.float64) / 2,
        "second": torch.tensor([[1, 1, -3], [-2, 1, 1]], dtype=torch.float64) / 4,
        "log_scale": torch.tensor(1.5, dtype=torch.float64),
    },
    "nt_xent_loss": {"first": steps(3, 2) + 0.125, "second": steps(3, 2).flip(0) / 2 + 0.25, "temperature": 0.75},
    "supervised_contrastive_loss": {
        "embeddings": steps(5, 3),
        "labels": torch.tensor([1, 0, 1, 1, 2]),
        "temperature": 0.75,
    },
    # optimizers
    "sgd_step": {**_moved, "weight_decay": 0.25},
    "minibatch_sgd_step": {
        "parameter": steps(2, 3),
        "gradient_sum": steps(2, 3).flip(1) * 2,
        "learning_rate": 0.375,
        "batch_size": 5,
    },
    "momentum_step": {**_moved, "velocity": _average, "beta": 0.75, "weight_decay": 0.25},
    "dampened_momentum_step": {**_moved, "state": MomentumState(4, _average), "beta": 0.75, "dampening": 0.625},
    "heavy_ball_step": {**_moved, "velocity": _average, "beta": 0.75},
    "nesterov_step": {**_moved, "velocity": _average, "beta": 0.75},
    "adagrad_step": {**_moved, "square_sum": _square, "epsilon": 0.125},
    "rmsprop_step": {**_moved, "square": _square, "rho": 0.75, "epsilon": 0.125},
    "centered_rmsprop_step": {**_moved, "state": CenteredState(_average, _square), "rho": 0.75, "epsilon": 0.125},
    "adam_step": {**_moved, "state": AdamState(4, _average, _square), **_constants},
    "amsgrad_step": {**_moved, "state": AmsgradState(4, _average, _square, _square.flip(0)), **_constants},
    "decoupled_decay": {"parameter": steps(2, 3), "learning_rate": 0.375, "weight_decay": 0.25},
    "adamw_step": {**_moved, "state": AdamState(4, _average, _square), "weight_decay": 0.25, **_constants},
    "lion_step": {**_moved, "mean": _average, "weight_decay": 0.25, "beta_1": 0.75, "beta_2": 0.875},
    "adabelief_step": {**_moved, "state": AdamState(4, _average, _square), **_constants},
    # averaging
    "moving_average_step": {"average": steps(2, 3), "value": steps(2, 3).flip(1) / 2, "decay": 0.875},
    "debiased_average": {"average": steps(2, 3), "decay": 0.875, "num_values": 3},
    "averaged_weights": {
        "averages": {"weight": steps(2, 3), "norm.running_mean": steps(3), "norm.count": torch.tensor(3)},
        "current": {"weight": steps(2, 3) / 2, "norm.running_mean": steps(3) + 1, "norm.count": torch.tensor(5)},
        "decay": 0.875,
    },
    # learning_rates
    "warmup_rate": {"learning_rate": 0.75, "step": 2, "warmup_steps": 5},
    "cosine_rate": {"learning_rate": 0.75, "least_rate": 0.125, "step": 2, "num_steps": 5},
    "linear_epoch_rate": {"learning_rate": 0.75, "epoch": 2, "num_epochs": 5},
    "layer_rate": {"learning_rate": 0.75, "decay": 0.625, "layer": 2, "num_layers": 5},
    "decay_groups": {
        "shapes": {"embedding": (5, 3), "weight": (2, 3), "bias": (2,), "scale": ()},
        "exempt": ["embed"],
    },
    "progressive_stage": {
        "iteration": 11,
        "warmup_end": 3,
        "growth_end": 20,
        "first_stage": 1,
        "last_stage": 6,
    },
    # clipping
    "global_norm": {"gradients": [steps(2, 3), steps(5)]},
    "clip_by_global_norm": {"gradients": [steps(2, 3), steps(5)], "max_norm": 1.5},
    "clip_shards": {"shards": [[steps(2, 3)], [steps(5), steps(7)]], "max_norm": 1.5},
    "clip_by_value": {"gradient": steps(2, 3), "bound": 0.75},
    # accumulation
    "accumulated_gradient": {"gradients": steps(3, 2, 5)},
    "weighted_gradient": {"gradients": steps(3, 2, 5), "counts": [1, 5, 2]},
    "steps_optimizer": {"epoch": 2, "iteration": 3, "iterations_per_epoch": 5, "micro_batches": 4},
    # dropout
    "dropout": {"x": steps(2, 3, 5), "rate": 0.375, "uniform": steps(2, 3, 5) / 4 + 0.5},
    "drop_channels": {"x": steps(2, 3, 5, 7), "rate": 0.375, "uniform": steps(2, 3) / 4 + 0.5},
    # initialization
    "fans": {"weight_shape": (2, 3, 5, 7)},
    "leaky_relu_gain": {"negative_slope": 0.25},
    "kaiming_std": {"fan": 5, "negative_slope": 0.25},
    "kaiming_bound": {"fan": 5, "negative_slope": 0.25},
    "xavier_std": {"fan_in": 3, "fan_out": 5, "gain": 1.5},
    "xavier_bound": {"fan_in": 3, "fan_out": 5, "gain": 1.5},
    "linear_bound": {"fan_in": 5},
    "uniform_initialization": {"uniform": steps(2, 3) / 4 + 0.5, "bound": 0.375},
    "truncated_normal": {"uniform": steps(2, 3) / 8 + 0.5, "std": 0.75, "bound": 1.5},
    "truncated_normal_std": {"std": 0.75, "bound": 1.5},
    # checkpointing
    "path_gradients": {"derivatives": steps(5, 5)},
    "chain_backward": {"stages": _stages, "x": steps(2), "y_bar": steps(5)},
    "checkpointed_backward": {"stages": _stages, "x": steps(2), "y_bar": steps(5), "segment": 2},
    "checkpoint_storage": {"num_stages": 7, "segment": 3},
    # collectives
    "reduce_sum": {"tensors": steps(3, 2, 5), "destination": 1},
    "broadcast": {"tensors": steps(3, 2, 5), "source": 1},
    "all_reduce_sum": {"tensors": steps(3, 2, 5)},
    "all_reduce_mean": {"tensors": steps(3, 2, 5)},
    "grouped_all_reduce_sum": {"tensors": steps(5, 2, 3), "groups": [[3, 0], [1, 4]]},
    "reduce_scatter_sum": {"tensors": steps(3, 6, 5)},
    "all_gather": {"tensors": steps(3, 2, 5)},
    "all_to_all": {"tensors": steps(3, 6, 5)},
    "ring_all_reduce": {"tensors": steps(3, 6, 5)},
    # data_parallel
    "data_parallel_gradient": {"gradients": steps(3, 2, 5), "counts": [4, 1, 2]},
    "data_parallel_gradient_from_sums": {"gradients": steps(3, 2, 5), "counts": [4, 1, 2]},
    "clipped_data_parallel_gradient": {"gradients": steps(3, 2, 5), "counts": [4, 1, 2], "max_norm": 1.5},
    "pooled_moments": {"means": steps(3, 5), "variances": steps(3, 5).abs() + 0.5, "counts": [4, 1, 2]},
    "synchronized_batch_norm": {
        **_ranks,
        "moments": RunningMoments(steps(3), steps(3).abs() + 0.5),
        "bias": steps(3) - 1,
        "momentum": 0.25,
    },
    "synchronized_batch_norm_gradient": {**_ranks, "gradient": steps(3, 7).T.contiguous()},
    # samplers
    "epoch_order": {"num_samples": 7, "seed": 3, "epoch": 2},
    "repeat_to_multiple": {"items": [11, 12, 13, 14, 15, 16, 17], "multiple": 5},
    "contiguous_shard": {"items": [11, 12, 13, 14, 15, 16, 17], "rank": 1, "world_size": 3},
    "padded_shard": {"items": [11, 12, 13, 14, 15, 16, 17], "rank": 1, "world_size": 3},
    "truncated_shard": {"items": [11, 12, 13, 14, 15, 16, 17], "rank": 1, "world_size": 3},
    "consecutive_batches": {"items": [11, 12, 13, 14, 15, 16, 17], "batch_size": 3},
    "full_batches": {"items": [11, 12, 13, 14, 15, 16, 17], "batch_size": 3},
    "num_batches": {"num_samples": 17, "batch_size": 2, "world_size": 3},
    "endless_batch": {
        "state": SamplerState(1, 1),
        "order_of": lambda epoch: [(3 * place + epoch) % 11 for place in range(11)],
        "global_batch": 6,
        "rank": 1,
        "world_size": 3,
    },
    # meters
    "empty_meter": {"window": 3},
    "update_meter": {"meter": _meter, "value": 0.5, "samples": 2},
    "read_meter": {"meter": _meter},
    "synchronize_meters": {"meters": [_meter, Meter(3, (1.5,), 1.5, 1)]},
}
