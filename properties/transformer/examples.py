"""One small valid input of every function in `reference.transformer`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps
from reference.transformer.broadcast import BroadcastState
from reference.transformer.cache import KeyValueCache
from reference.transformer.conditioning import Modulation
from reference.transformer.masked_autoregression import GenerationState
from reference.transformer.multimodal_positions import VisionGrid
from reference.transformer.norms import RunningMoments

# Five tokens, six channels in three pairs. Positions are not whole, and no pair stands still.
_positions = torch.tensor([0.5, 1.0, 2.25, 4.0, 7.5], dtype=torch.float64)
_frequencies = torch.tensor([0.75, 0.25, 0.0625], dtype=torch.float64)
_position_angles = _positions[:, None] * _frequencies
_position_pairs = {
    "x": (torch.arange(60, dtype=torch.float64) * 7 % 60 / 16 - 1.5).reshape(2, 5, 6),
    "cosine": _position_angles.cos(),
    "sine": _position_angles.sin(),
}
_position_wide = torch.cat([_position_pairs["x"], _position_pairs["x"] / 2], -1)
_position_weight = (torch.arange(36, dtype=torch.float64) * 5 % 36 / 8).reshape(12, 3)
_yarn = {"channels": 14, "base": 50.0, "factor": 2.5, "original_length": 40}


_norm_images = {"x": steps(2, 4, 3, 5), "gain": steps(4) + 3, "bias": steps(4) / 2, "epsilon": 0.125}
_norm_moments = RunningMoments(steps(4) / 4, steps(4) / 2 + 1.5)
_norm_block = {
    "x": steps(2, 3, 5),
    "attend": lambda x: x.cumsum(1) / 2,
    "feed_forward": lambda x: x.square() / 4,
    "attention_norm": lambda x: x / (1 + x.abs()),
    "feed_forward_norm": lambda x: x * 0.75 + 0.125,
}

# Five codes of two channels; scales of 1, 9 and 16 tokens, a batch of three.
_codebook = steps(5, 2)
_scales = {"codebook": _codebook, "sides": (1, 3, 4), "phi": lambda h, k: h * (0.75 + k / 4) + h.mean() / 8}
_scale_indices = (torch.arange(78) * 7 % 5).reshape(3, 26)
_scale_features = steps(3, 2, 4, 4) * 1.25 + 0.375


def _scale_step(tokens: torch.Tensor, scale: int, cache: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits from the mean of all tokens so far."""
    cache = torch.cat([cache, tokens], -2)
    return (tokens + cache.mean(-2, keepdim=True) * (scale + 1)) @ _codebook.mT, cache


# Two sequences in a batch, three queries, five keys; the second query of the first sequence may attend to nothing.
_attention_mask = torch.tensor([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 0, 1]], dtype=torch.bool)
_attention = {"query": steps(2, 3, 7), "key": steps(2, 5, 7) / 2, "value": steps(2, 5, 4) + 0.5}
_attention_masked = {**_attention, "mask": torch.stack([_attention_mask[:3], _attention_mask[1:].roll(1, -1)])}
_attention_heads = {"query": steps(4, 3, 5), "mask": _attention_mask[[0, 1, 3]]}
_attention_heads |= {"key": steps(2, 5, 5) / 2, "value": steps(2, 5, 6) + 0.5}
_attention_scored = {
    **_attention,
    "score_mod": lambda scores, i, j: scores**2 / 2 - (i + 2 * j) / 8 + torch.where((i - j) % 3 == 1, -torch.inf, 0),
}
_cached = {"query": steps(3, 7), "key": steps(3, 7) / 2, "value": steps(3, 4) + 0.5}
_cache = KeyValueCache(steps(2, 7) / 4, steps(2, 4) - 0.25)

# Ids (time, row, column) of two sequences of five tokens; images of 2 x 3 patches.
_grid_ids = (torch.arange(30) * 7 % 5).reshape(2, 5, 3)
_mrope = {"positions": _grid_ids, "frequencies": _frequencies, "axis_of_pair": torch.tensor([2, 0, 1])}
_patch_images = steps(2, 3, 4, 6)
_patch_embedding = {"images": _patch_images, "weight": steps(5, 12) / 2, "bias": steps(5), "patch_size": 2}
_patch_tokens = {"patches": steps(2, 6, 5), "class_token": steps(5) / 4, "positions": steps(7, 5) / 2}


# Two samples of five tokens behind a buffer of two slots, of which three are masked.
_mar_order = torch.tensor([[3, 0, 4, 1, 2], [1, 2, 0, 4, 3]])
_mar_visible = torch.tensor([[1, 2], [3, 4]])
_mar_tokens = (
    torch.tensor([0.5, -1.25, 0.75, 1.5, -0.25]).double()[:, None]
    * torch.tensor([[[1.0, -2.0, 0.5]], [[0.25, 1.5, -1.0]]]).double()
)
_mar_positions = (
    torch.tensor([0.25, -0.5, 1.0, 0.125, -0.75, 0.625, 1.25]).double()[:, None]
    + torch.tensor([0.5, -0.25, 0.0]).double()
)

# Two samples of three tokens and five channels, conditions of four numbers, and texts of one, no and three tokens.
_condition = {"condition": steps(2, 4) / 2}
_condition_six = {**_condition, "weight": steps(30, 4) / 2, "bias": steps(30) / 4}
_condition_norm = {"x": steps(2, 3, 5), **_condition, "epsilon": 0.125}
_condition_drop = {"uniform": steps(3) / 4 + 0.5, "probability": 0.625}
_control_weights = {
    "weight_in": steps(3, 5),
    "bias_in": steps(3) / 2,
    "weight_out": steps(4, 6),
    "bias_out": steps(4) / 2,
}

_low_rank = {"A": steps(4, 5), "B": steps(7, 4) / 2, "scaling": 1.5}
_low_ranks = {"A": [steps(2, 5), steps(3, 5)], "B": [steps(7, 2), steps(7, 3)], "scalings": [0.5, 1.5]}
_broadcast = {"period": 3, "low": 2.0, "high": 8.0}

_window_grid = (torch.arange(144, dtype=torch.float64) * 29 % 144 / 48 - 1.5).reshape(2, 4, 6, 3)

EXAMPLES = {
    # attention
    "attention": _attention_masked,
    "biased_attention": {
        **_attention,
        "bias": torch.where(_attention_masked["mask"], steps(2, 3, 5) / 2, -torch.inf),
    },
    "score_modified_attention": _attention_scored,
    "upcast_softmax": {"scores": steps(2, 3, 5)},
    "online_softmax_attention": {**_attention_masked, "block_size": 2},
    "cosine_attention": {
        "query": steps(2, 4, 7),
        "key": steps(2, 5, 7).roll(3),
        "value": steps(2, 5, 3),
        "log_scale": torch.tensor([0.75, 5.25], dtype=torch.float64),
        "mask": _attention_mask,
    },
    "split_heads": {"x": steps(2, 5, 6), "heads": 3},
    "merge_heads": {"x": steps(2, 3, 5, 7)},
    "split_qkv": {"packed": steps(2, 5, 18), "heads": 3},
    "multi_head_attention": {
        "queries_from": steps(2, 3, 5),
        "memory": steps(2, 5, 7) + 0.25,
        "query_weight": steps(6, 5) / 2,
        "key_weight": steps(6, 7) / 2,
        "value_weight": steps(8, 7) / 2,
        "out_weight": steps(9, 8) / 4,
        "heads": 2,
        "mask": _attention_masked["mask"],
    },
    "packed_multi_head_attention": {
        "x": steps(2, 5, 7),
        "qkv_weight": steps(18, 7) / 2,
        "qkv_bias": steps(18) / 2,
        "out_weight": steps(4, 6) / 2,
        "out_bias": steps(4) / 4,
        "heads": 3,
        "mask": _attention_mask[[0, 1, 3, 2, 0]],
    },
    "grouped_query_attention": _attention_heads,
    "attention_pool": {
        "tokens": steps(2, 5, 7),
        "query": steps(2, 3),
        "key_weight": steps(6, 7) / 2,
        "value_weight": steps(8, 7) / 2,
        "out_weight": steps(9, 8) / 4,
        "kept": _attention_mask[[0, 3]],
    },
    # masks
    "relative_positions": {"queries": 3, "keys": 5},
    "causal_mask": {"queries": 3, "keys": 5},
    "sliding_window_mask": {"queries": 3, "keys": 7, "window": 2},
    "local_mask": {"tokens": 5, "radius": 2},
    "block_mask": {"mask": _attention_mask, "query_block": 3, "key_block": 2},
    "cumulative_lengths": {"lengths": torch.tensor([3, 0, 2, 4])},
    "segment_ids": {"boundaries": torch.tensor([0, 3, 3, 5]), "tokens": 7},
    "segment_mask": {
        "query_segments": torch.tensor([[0, 2, 2], [1, 0, -1]]),
        "key_segments": torch.tensor([[0, 0, 1, 2, -1], [0, 1, 1, 1, 2]]),
    },
    "packed_attention": {
        "query": steps(2, 5, 7),
        "key": steps(2, 8, 7) / 2,
        "value": steps(2, 8, 3) + 0.5,
        "query_boundaries": torch.tensor([0, 1, 3, 4]),
        "key_boundaries": torch.tensor([0, 4, 4, 7]),
    },
    # relative_bias
    "alibi_slopes": {"heads": 6},
    "alibi_bias": {"slopes": torch.tensor([0.5, 0.125], dtype=torch.float64), "queries": 3, "keys": 5},
    "t5_causal_buckets": {
        "relative": torch.tensor([[-40, 3, -2], [-9, 0, -17]]),
        "num_buckets": 10,
        "max_distance": 30,
    },
    "t5_bidirectional_buckets": {
        "relative": torch.tensor([[-40, 3, -2], [9, 0, 17]]),
        "num_buckets": 10,
        "max_distance": 30,
    },
    # cache
    "append_to_cache": {"cache": _cache, "key": _cached["key"], "value": _cached["value"]},
    "trim_cache": {"cache": _cache, "length": 1},
    "cached_attention": {**_cached, "cache": _cache},
    "cached_window_attention": {**_cached, "cache": _cache, "window": 2},
    # positions
    "learned_position_embedding": {
        "table": (torch.arange(35, dtype=torch.float64) * 3 % 35 / 8).reshape(7, 5),
        "positions": torch.tensor([[4, 0, 6], [1, 4, 2]]),
    },
    "sinusoidal_position_embedding": {"positions": _positions, "channels": 6, "base": 50.0},
    "rope_frequencies": {"channels": 6, "base": 50.0},
    "partial_rope_frequencies": {"channels": 8, "fraction": 0.75, "base": 50.0},
    "proportional_rope_frequencies": {"channels": 8, "fraction": 0.75, "base": 50.0},
    "rope_angles": {"positions": _positions, "frequencies": _frequencies},
    "rope_wavelengths": {"frequencies": _frequencies},
    "rope_interleaved": _position_pairs,
    "rope_half_split": _position_pairs,
    "partial_rope_interleaved": {**_position_pairs, "x": _position_wide},
    "partial_rope_half_split": {**_position_pairs, "x": _position_wide},
    "half_split_channels": {"x": _position_pairs["x"]},
    "interleaved_channels": {"x": _position_pairs["x"]},
    "half_split_projection": {"weight": _position_weight, "heads": 2},
    "interleaved_projection": {"weight": _position_weight, "heads": 2},
    "xpos_scales": {"positions": _positions, "center": 2.0, "channels": 6, "gamma": 0.25, "scale_base": 16.0},
    # rope_scaling
    "linear_scaled_frequencies": {"frequencies": _frequencies, "factor": 2.5},
    "ntk_aware_base": {"channels": 6, "base": 50.0, "factor": 2.5},
    "ntk_aware_frequencies": {"channels": 6, "base": 50.0, "factor": 2.5},
    "dynamic_ntk_frequencies": {"channels": 6, "base": 50.0, "factor": 2.5, "length": 70, "original_length": 40},
    "ntk_by_parts_frequencies": {
        "frequencies": _frequencies,
        "factor": 2.5,
        "original_length": 40,
        "alpha": 0.75,
        "beta": 4.0,
    },
    "part_ntk_frequencies": _yarn,
    "yarn_frequencies": {**_yarn, "beta_fast": 4.0, "beta_slow": 0.75},
    "yarn_frequencies_untruncated": {**_yarn, "beta_fast": 4.0, "beta_slow": 0.75},
    "yarn_attention_factor": {"factor": 2.5},
    "yarn_attention_factor_by_mscale": {"factor": 2.5, "mscale": 0.75, "mscale_all_dim": 0.5},
    "llama3_frequencies": {
        "frequencies": _frequencies,
        "factor": 2.5,
        "low_factor": 0.75,
        "high_factor": 4.0,
        "original_length": 40,
    },
    "longrope_frequencies": {
        "frequencies": _frequencies,
        "short_factors": torch.tensor([1.0, 1.25, 1.5], dtype=torch.float64),
        "long_factors": torch.tensor([1.125, 2.0, 7.0], dtype=torch.float64),
        "length": 70,
        "original_length": 40,
    },
    "longrope_attention_factor": {"factor": 2.5, "original_length": 40},
    # multimodal_positions
    "axial_rope_frequencies": {"channels": 12, "num_axes": 2, "base": 50.0},
    "axial_rope_angles": {"positions": _grid_ids, "frequencies": _frequencies},
    "sectioned_axes": {"sections": (3, 2, 1)},
    "interleaved_axes": {"sections": (5, 3, 2)},
    "mrope_angles": _mrope,
    "mrope_cosine_sine": _mrope,
    "temporal_position_ids": {"frames": 5, "seconds_per_frame": 0.75, "tokens_per_second": 3.0},
    "vision_position_ids": {"grid": VisionGrid(3, 4, 6, 1.5), "merge_size": 2},
    "mrope_position_ids": {"segments": [4, VisionGrid(5, 4, 6, 1.5), 3], "merge_size": 2},
    "mrope_position_ids_by_extent": {"segments": [4, VisionGrid(5, 4, 6, 1.5), 3], "merge_size": 2},
    "mrope_delta": {"position_ids": _grid_ids},
    "continued_position_ids": {"delta": torch.tensor([-3, 4]), "cached": 7, "count": 5},
    "raster_id": {"coordinates": _grid_ids, "rows": 5, "columns": 8},
    "raster_coordinates": {"ids": torch.tensor([[17, 3, 41], [5, 99, 60]]), "rows": 4, "columns": 6},
    "segment_raster_id": {
        "segments": torch.tensor([[0, 0, 1, 1, 1], [0, 1, 2, 2, 3]]),
        "coordinates": _grid_ids,
        "frames": 7,
        "rows": 5,
        "columns": 8,
    },
    "merge_order": {"rows": 4, "columns": 6, "merge_size": 2},
    # patches
    "patch_grid": {"height": 6, "width": 9, "patch_size": 3},
    "patch_count": {"height": 6, "width": 9, "patch_size": 3},
    "padding_to_multiple": {"length": 11, "multiple": 4},
    "pad_to_multiple": {"tokens": steps(2, 5, 3), "multiple": 4},
    "patchify": {"images": _patch_images, "patch_size": 2},
    "unpatchify": {"patches": steps(2, 6, 12), "height": 4, "width": 6, "patch_size": 2},
    "patch_embedding": _patch_embedding,
    "patch_embedding_by_convolution": _patch_embedding,
    "prepend_class_token": _patch_tokens,
    "insert_registers": {"tokens": steps(2, 5, 3), "registers": steps(4, 3) / 4},
    "drop_registers": {"tokens": steps(2, 7, 3), "num_registers": 4},
    "class_feature": {**_patch_tokens, "encode": lambda tokens: tokens.cumsum(-2).flip(-2) / 2},
    "merge_patches": {
        "tokens": steps(2, 24, 3),
        "rows": 4,
        "columns": 6,
        "merge_size": 2,
        "normalize": lambda tokens: tokens / (1 + tokens.square().sum(-1, keepdim=True)),
        "project": lambda joined: joined.cumsum(-1)[..., 5:] / 4,
    },
    # norms
    "standardize_tokens": {"x": steps(2, 3, 5), "epsilon": 0.125},
    "layer_norm": {"x": steps(2, 3, 5), "gain": steps(5) + 3, "bias": steps(5) / 2, "epsilon": 0.125},
    "rms_norm": {"x": steps(2, 3, 5), "gain": steps(5) + 3, "epsilon": 0.125},
    "image_layer_norm": {
        "x": steps(2, 3, 5, 7),
        "gain": steps(3, 5, 7) + 3,
        "bias": steps(3, 5, 7) / 2,
        "epsilon": 0.125,
    },
    "group_norm": {**_norm_images, "groups": 2},
    "instance_norm": _norm_images,
    "batch_norm_in_training": {**_norm_images, "moments": _norm_moments, "momentum": 0.25},
    "batch_norm_in_evaluation": {**_norm_images, "moments": _norm_moments},
    # activations
    "relu": {"x": steps(2, 3) + 0.125},
    "silu": {"x": steps(2, 3)},
    "gelu": {"x": steps(2, 3)},
    "gelu_tanh": {"x": steps(2, 3)},
    "swiglu": {
        "x": steps(2, 3),
        "gate_weight": steps(5, 3),
        "gate_bias": steps(5) / 2,
        "up_weight": steps(5, 3) / 2 + 1,
        "up_bias": steps(5) + 3,
    },
    "swiglu_feed_forward": {
        "x": steps(2, 3),
        "gate_weight": steps(5, 3),
        "up_weight": steps(5, 3) / 2 + 1,
        "down_weight": steps(3, 5),
    },
    # residual
    "residual_block": {"x": steps(2, 3), "branch": lambda x: x.square() / 2},
    "pre_norm_block": _norm_block,
    "post_norm_block": _norm_block,
    "drop_path": {"branch": steps(3, 2, 5), "rate": 0.375, "uniform": torch.tensor([0.25, 0.5, 0.875]).double()},
    "drop_path_rates": {"depth": 5, "last_rate": 0.375},
    "residual_scale": {"depth": 12},
    # conditioning
    "adaptive_layer_norm": {"x": steps(2, 3, 5), "scale": steps(2, 5), "shift": steps(2, 5) / 2, "epsilon": 0.125},
    "dit_modulation": _condition_six,
    "var_modulation": _condition_six,
    "shared_var_modulation": {**_condition_six, "block_constant": steps(6, 5) / 4},
    "adaln_zero_block": {
        "x": steps(2, 3, 5),
        "modulation": Modulation(*steps(6, 2, 5)),
        "attend": lambda x: x.cumsum(-2) / 2,
        "feed_forward": lambda x: x.square() / 4,
        "epsilon": 0.125,
    },
    "dit_final_layer": {
        **_condition_norm,
        "modulation_weight": steps(10, 4) / 2,
        "modulation_bias": steps(10) / 4,
        "weight": steps(7, 5),
        "bias": steps(7) / 2,
    },
    "var_final_norm": {**_condition_norm, "weight": steps(10, 4) / 2, "bias": steps(10) / 4},
    "dit_condition": {
        "time_embedding": steps(2, 4),
        "label": torch.tensor([5, 1]),
        "label_table": steps(6, 4) / 2,
    },
    "drop_labels": {"label": torch.tensor([4, 1, 3]), **_condition_drop, "num_classes": 5},
    "drop_text_conditions": {
        "tokens": steps(4, 2),
        "lengths": torch.tensor([1, 0, 3]),
        "null_tokens": steps(5, 2) / 2,
        **_condition_drop,
    },
    "pointwise_convolution": {"x": steps(2, 3, 5, 4), "weight": steps(7, 3), "bias": steps(7) / 2},
    "controlled_block": {
        "x": steps(3, 2, 7),
        "control": steps(5, 2, 7) / 2,
        "block": lambda x: torch.cat([x, x[:1] / 2 - 1]),
        "trained_copy": lambda x: torch.cat([x.square() / 4, -2 * x]),
        **_control_weights,
    },
    # lora
    "lora_scaling": {"alpha": 16.0, "rank": 6},
    "rank_stabilized_scaling": {"alpha": 16.0, "rank": 6},
    "lora_forward": {"x": steps(2, 3, 5), "weight": steps(7, 5), **_low_rank},
    "lora_merge": {"weight": steps(7, 5), **_low_rank},
    "lora_unmerge": {"merged": steps(7, 5), **_low_rank},
    "concatenate_adapters": _low_ranks,
    "glora_merge": {
        "weight": steps(7, 5),
        "multipliers": [steps(5, 5), steps(5, 5) / 2 + 0.25],
        "offsets": [steps(7, 5) / 4, steps(7, 5) + 0.5],
    },
    "lora_parameter_count": {"outputs": 7, "inputs": 5, "rank": 3},
    # broadcast
    "broadcast_schedule": {"timesteps": [9.0, 7.0, 6.0, 4.0, 2.0, 1.0], **_broadcast},
    "mlp_broadcast_schedule": {"timesteps": [9.0, 7.0, 6.0, 4.0, 2.0, 1.0], "stored_at": [7.0, 2.0], "skip_count": 2},
    "broadcast_step": {
        "state": BroadcastState(5, steps(2, 3)),
        "x": steps(2, 3) / 2,
        "timestep": 6.0,
        "layer": lambda x: x.square() - 1,
        "num_steps": 7,
        **_broadcast,
    },
    # vector_quantization
    "nearest_code": {"z": steps(3, 7, 2) + 0.125, "codebook": _codebook},
    "nearest_code_by_cosine": {"z": steps(3, 7, 2) + 0.125, "codebook": _codebook},
    "straight_through": {"z": steps(2, 3), "quantized": steps(2, 3).round()},
    "multiscale_vq_loss": {"f": steps(2, 5), "f_hat": steps(3, 2, 5) / 2, "beta": 0.375},
    "update_code_usage": {
        "usage": torch.tensor([3.5, 0.25, 1.0, 0.0, 2.0], dtype=torch.float64),
        "indices": torch.tensor([[1, 4, 1], [0, 4, 4]]),
        "num_updates": 7,
    },
    "used_code_share": {
        "usage": torch.tensor([3.5, 0.25, 1.0, 0.0, 2.0], dtype=torch.float64),
        "num_positions": 21,
        "threshold": 0.125,
    },
    "smoothed_code_counts": {"counts": steps(2, 5) + 3, "epsilon": 0.375},
    "fsq_bound": {"z": steps(5, 3), "levels": (3, 4, 8)},
    # residual_vq
    "scale_bounds": {"sides": (1, 3, 4)},
    "area_resize": {"image": steps(2, 3, 4, 5), "side": 3},
    "bicubic_resize": {"image": steps(2, 3, 4, 5), "side": 7},
    "blended_convolution": {
        "h": steps(3, 2, 4, 5),
        "weight": steps(2, 2, 3, 3),
        "bias": torch.tensor([0.5, -0.75], dtype=torch.float64),
        "ratio": 0.375,
    },
    "shared_phi_indices": {"num_scales": 7, "num_modules": 3},
    "scale_contribution": {"indices": _scale_indices[:, 1:10], "scale": 1, **_scales},
    "multiscale_encode": {"f": _scale_features, **_scales},
    "multiscale_decode": {"indices": _scale_indices, **_scales},
    # scale_autoregression
    "scale_causal_mask": {"sides": (1, 3, 2)},
    "next_scale_input": {"f_hat": _scale_features, "indices": _scale_indices[:, 1:10], "scale": 1, **_scales},
    "teacher_forcing_inputs": {"indices": _scale_indices, **_scales},
    "scale_guided_logits": {
        "unconditional": steps(2, 3, 5),
        "conditional": steps(2, 3, 5).flip(0) / 2,
        "scale": 2,
        "num_scales": 6,
        "weight": 1.5,
    },
    "progressive_token_weights": {"sides": (1, 2, 3, 4), "stage": 2, "ramp": 0.375},
    "next_scale_loss": {
        "logits": steps(2, 3, 5),
        "targets": torch.tensor([[4, 0, 1], [2, 4, 3]]),
        "weights": torch.tensor([0.5, 0.25, 0.125], dtype=torch.float64),
    },
    "generate_by_scale": {
        "start": steps(3, 1, 2),
        "cache": steps(3, 2, 2) / 2,
        "step": _scale_step,
        "choose": lambda logits, scale: logits.argmax(-1),
        **_scales,
    },
    # masked_autoregression
    "generation_order": {"uniform": torch.tensor([[0.75, 0.125, 0.5], [0.25, 0.875, 0.0]]).double()},
    "masking_rate": {"uniform": 0.375, "least": 0.5, "deviation": 0.5},
    "num_masked_tokens": {"num_tokens": 7, "rate": 0.8125},
    "mask_by_order": {"order": _mar_order, "num_masked": 3},
    "visible_positions": {"order": _mar_order, "num_masked": 3},
    "masked_encoder": {
        "tokens": _mar_tokens,
        "class_embedding": torch.tensor([[1.0, 0.5, -0.75], [-1.5, 0.25, 2.0]]).double(),
        "positions": _mar_positions,
        "visible": _mar_visible,
        "encoder": lambda x: x * 2 + x.cumsum(-2),
    },
    "masked_decoder": {
        "encoded": _mar_tokens[:, :4] / 2 + 1,
        "visible": _mar_visible,
        "mask_token": torch.tensor([-1.0, 0.375, 0.5]).double(),
        "positions": _mar_positions,
        "output_positions": _mar_positions[1:6] / 2,
        "decoder": lambda x: x * 2 + x.cumsum(-2),
    },
    "masked_diffusion_loss": {
        "token_loss": lambda x_0, z, t, noise: (x_0 + t[:, None] * noise).square().sum(-1) + z.sum(-1),
        "target": _mar_tokens,
        "z": _mar_tokens[..., :2] + 1,
        "masked": torch.tensor([[True, False, False, True, True], [True, True, True, False, False]]),
        "timesteps": torch.arange(30).reshape(3, 2, 5) * 7 % 4,
        "noise": torch.stack([_mar_tokens + 0.5, 1 - _mar_tokens, _mar_tokens / 2]),
    },
    "masked_counts": {"num_tokens": 11, "num_steps": 4},
    "predicted_counts": {"num_tokens": 11, "num_steps": 4},
    "tokens_to_predict": {
        "masked": torch.tensor([[True, True, False], [True, False, True]]),
        "masked_next": torch.tensor([[True, False, False], [False, False, True]]),
    },
    "generation_step": {
        "state": GenerationState(_mar_tokens, _mar_order, 4),
        "num_masked_next": 2,
        "sample": lambda tokens, masked, predicted: tokens.sum(-2, keepdim=True) / 4 + masked[..., None],
    },
    "generate_tokens": {
        "tokens": _mar_tokens,
        "order": _mar_order,
        "num_steps": 3,
        "sample": lambda tokens, masked, predicted: tokens.sum(-2, keepdim=True) / 4 + masked[..., None],
    },
    "linear_guidance_schedule": {"scale": 2.5, "num_tokens": 11, "num_steps": 4},
    "constant_guidance_schedule": {"scale": 2.5, "num_steps": 4},
    "guided_token_output": {
        "unconditional": _mar_tokens[0, :, :2] + 0.5,
        "conditional": 1 - _mar_tokens[1, :, :2],
        "scale": 1.75,
    },
    "tempered_sample": {
        "mean": _mar_tokens[0],
        "log_variance": _mar_positions[:5, :1] - 1,
        "noise": 1 - _mar_tokens[1],
        "temperature": 0.875,
    },
    # windows
    "window_partition": {"x": _window_grid, "size": 2},
    "window_reverse": {"windows": _window_grid.reshape(2, 6, 4, 3), "height": 4, "width": 6},
    "cyclic_shift": {"x": _window_grid, "shift": 1},
    "shifted_window_mask": {"height": 3, "width": 6, "size": 3, "shift": 1},
    "window_and_shift": {"height": 12, "width": 9, "size": 5, "block": 3},
    "relative_position_index": {"size": 3},
    "relative_position_bias": {"table": _window_grid.flatten()[:27].reshape(9, 3), "size": 2},
    "shifted_window_attention": {
        "x": _window_grid,
        "size": 2,
        "shift": 1,
        "attend": lambda windows, mask: mask.to(windows.dtype) @ windows / 4,
    },
    "stack_patches": {"x": _window_grid},
    "patch_merging": {
        "x": _window_grid,
        "normalize": lambda x: x / (1 + x.square().sum(-1, keepdim=True)),
        "reduction": _window_grid.flatten()[:60].reshape(5, 12),
    },
    "vision_windows": {"grids": [VisionGrid(2, 4, 6), VisionGrid(1, 2, 8)], "merge_size": 2, "window": 2},
    "cells_by_window": {"patches": _window_grid.reshape(2, 24, 3)[:, :20], "order": torch.tensor([2, 0, 4, 1, 3])},
    "cells_by_raster": {"merged": _window_grid.reshape(2, 24, 3)[:, :5], "order": torch.tensor([2, 0, 4, 1, 3])},
}
