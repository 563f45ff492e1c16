"""One small valid input of every function in `reference.numerics`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from properties.strategies import steps
from reference.numerics.loss_scaling import LossScale
from reference.numerics.mixed_precision import MixedPrecisionState
from reference.numerics.quantization import FixedPoint

_scale, _codes = torch.tensor(0.25, dtype=torch.float64), (steps(2, 3, 5) * 60).long()
_loss_scale = LossScale(torch.tensor(1024.0, dtype=torch.float64), torch.tensor(5))

EXAMPLES = {
    # formats
    "decode_float": {"codes": torch.tensor([[0, 3, 56], [129, 254, 250]]), "format": "E4M3"},
    "encode_float": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E5M2"},
    "decode_float_lookup": {"codes": torch.tensor([[0, 3, 56], [129, 241, 186]]), "format": "E5M2"},
    "encode_float_bitwise": {"x": (steps(2, 3) * 1.1875 + 0.03125).float(), "format": "E4M3"},
    "largest_finite": {"format": "E4M3"},
    "smallest_normal": {"format": "E5M2FNUZ"},
    "smallest_subnormal": {"format": "BF16"},
    "spacing": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E4M3"},
    # rounding
    "round_nearest_even": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E5M2"},
    "round_nearest_away": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E5M2"},
    "round_towards_zero": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E4M3"},
    "round_towards_positive": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E5M2"},
    "round_towards_negative": {"x": steps(2, 3) * 1.1875 + 0.03125, "format": "E2M1"},
    "round_stochastic": {
        "x": steps(2, 3) * 1.1875 + 0.03125,
        "bits": torch.tensor([[5, 0, 3], [1, 7, 2]]),
        "num_bits": 3,
        "format": "E5M2",
    },
    "saturate": {"x": steps(2, 3) * 5, "format": "E2M1"},
    "bfloat16_bits": {
        "float32_bits": torch.tensor([[0x3F80_8000, 0x3F81_8000, 0x4048_F5C3], [0x7F80_0001, 5, 0xBF80_FFFF]])
    },
    # quantization
    "symmetric_scale": {"x": steps(2, 3, 5), "bits": 5},
    "symmetric_channel_scale": {"x": steps(2, 3, 5), "axis": 1, "bits": 5},
    "quantize_symmetric": {"x": steps(2, 3, 5), "scale": steps(3, 1).abs() + 0.125, "bits": 4},
    "dequantize_symmetric": {"codes": _codes, "scale": steps(3, 1).abs() + 0.125},
    "affine_parameters": {"low": steps(3, 1) - 0.5, "high": steps(3, 1) + 1.5, "lowest": 0, "highest": 30},
    "quantize_affine": {
        "x": steps(2, 3, 5),
        "scale": steps(3, 1).abs() + 0.125,
        "zero_point": torch.tensor([[3], [-5], [0]]),
        "lowest": -8,
        "highest": 7,
    },
    "dequantize_affine": {"codes": _codes, "scale": _scale, "zero_point": torch.tensor(7)},
    "quantize_blocks": {"x": steps(3, 10), "block": 5, "bits": 5},
    "dequantize_blocks": {"codes": _codes.reshape(3, 10), "scale": steps(3, 2).abs() + 0.125},
    "integer_matmul": {
        "left": _codes,
        "right": (steps(5, 7) * 60).long(),
        "left_zero": torch.tensor(7),
        "right_zero": torch.tensor(-11),
    },
    "safe_accumulation_length": {"largest_left": 255, "largest_right": 127, "bits": 24},
    "quantize_bias": {"bias": steps(3, 5), "input_scale": _scale, "weight_scale": _scale / 8},
    "fixed_point_multiplier": {"multiplier": 0.3},
    "requantize": {
        "accumulator": _codes // 8,
        "multiplier": FixedPoint(1288490189, 1),
        "zero_point": 3,
        "lowest": -8,
        "highest": 7,
    },
    # scaled_formats
    "float_scale": {"x": steps(2, 3), "format": "E5M2"},
    "float_block_scale": {"x": steps(2, 3, 10), "block": 5, "format": "E5M2"},
    "mx_scale": {"x": steps(2, 3, 10), "block": 5, "format": "E5M2"},
    "mx_scale_up": {"x": steps(2, 3, 10), "block": 5, "format": "E5M2"},
    "quantize_float": {"x": steps(2, 3, 5), "scale": steps(3, 1).abs() / 64 + 0.0078125, "format": "E5M2"},
    "dequantize_float": {"codes": _codes % 120, "scale": steps(3, 1).abs() / 64 + 0.0078125, "format": "E5M2"},
    "scaled_matmul": {
        "left": _codes[0, :, :4] % 120,
        "right": (steps(4, 7) * 59).long() % 120,
        "left_scale": steps(3, 4).abs() + 0.125,
        "right_scale": steps(2, 7).abs() + 0.125,
        "left_format": "E5M2",
        "right_format": "E4M3",
    },
    # low_precision
    "unit_roundoff": {"significand_bits": 11},
    "rounding_growth": {"count": 5, "roundoff": 0.03125},
    "product_error_bound": {"left": steps(2, 3, 5), "right": steps(5, 7), "roundoff": 0.03125},
    "mixed_product_error_bound": {
        "left": steps(2, 3, 5),
        "right": steps(5, 7),
        "roundoff": 0.03125,
        "accumulator_roundoff": 0.0078125,
    },
    "dot_condition": {"x": steps(2, 3, 5), "y": steps(2, 3, 5).flip(-1) - 0.5},
    "running_dot": {"x": steps(2, 3, 5), "y": steps(2, 3, 5).flip(-1) - 0.5},
    "excess_error": {
        "observed": steps(2, 3) + 0.125,
        "exact": steps(2, 3) + 0.25,
        "condition": steps(3).abs() + 1,
        "roundoff": 0.03125,
    },
    # loss_scaling
    "unscale_gradient": {"gradient": steps(2, 3), "scale": _scale},
    "found_nonfinite": {"gradients": [steps(2, 3), steps(5)]},
    "found_on_any_rank": {"found": torch.tensor([False, True, False])},
    "update_loss_scale": {
        "state": _loss_scale,
        "found": torch.tensor(False),
        "growth_factor": 3.0,
        "backoff_factor": 0.25,
        "growth_interval": 6,
    },
    "keep_if_found": {"before": steps(2, 3), "after": steps(3, 2).T.contiguous(), "found": torch.tensor(False)},
    # mixed_precision
    "mixed_precision_step": {
        "state": MixedPrecisionState(steps(2, 3), _loss_scale, torch.tensor(4)),
        "scaled_gradient": steps(3, 2).T.contiguous() * 512,
        "learning_rate": 0.125,
        "growth_interval": 6,
    },
    "lost_updates": {"weights": steps(2, 3), "updates": steps(2, 3) * torch.tensor([1e-20, 1.0, 0.5])},
    "mixed_precision_adam_bytes": {"trained": 7, "frozen": 100},
}
