"""Sinusoidal embeddings of the timestep."""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def timestep_embedding_cos_sin(
    timesteps: Float[Tensor, "batch"], width: int, max_period: float = 10000.0
) -> Float[Tensor, "batch width"]:
    """Embedding of each timestep with all cosines before all sines.

        out = [cos(t f_0), ..., cos(t f_{h-1}), sin(t f_0), ..., sin(t f_{h-1})],   f_i = max_period^(-i / h)

    with h = width // 2; an odd width ends in a zero.

    Domain: width >= 2, 0 < max_period < infinity; else ValueError. Timesteps need not be whole.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5; order of guided-diffusion and DiT.
    Differs: `timestep_embedding_sin_cos` has the other order. The code of Ho et al. 2020 divides i by h - 1 instead of
    h, so that the slowest frequency is exactly 1 / max_period (`downscale_freq_shift=1` in diffusers).
    Notes: R002-007, R003-177.
    """
    angles = _angles(timesteps, width, max_period)
    return torch.cat([angles.cos(), angles.sin(), angles.new_zeros(len(angles), width % 2)], dim=1)


def timestep_embedding_sin_cos(
    timesteps: Float[Tensor, "batch"], width: int, max_period: float = 10000.0
) -> Float[Tensor, "batch width"]:
    """Embedding of each timestep with all sines before all cosines.

        out = [sin(t f_0), ..., sin(t f_{h-1}), cos(t f_0), ..., cos(t f_{h-1})],   f_i = max_period^(-i / h)

    with h = width // 2; an odd width ends in a zero.

    Domain: width >= 2, 0 < max_period < infinity; else ValueError. Timesteps need not be whole.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5; order of the code of Ho et al. 2020.
    Differs: as `timestep_embedding_cos_sin`, which has the other order.
    Notes: R002-007, R003-177.
    """
    angles = _angles(timesteps, width, max_period)
    return torch.cat([angles.sin(), angles.cos(), angles.new_zeros(len(angles), width % 2)], dim=1)


def _angles(timesteps: Float[Tensor, "batch"], width: int, max_period: float) -> Float[Tensor, "batch half"]:
    if width < 2:
        raise ValueError(f"width must be at least 2; got {width}")
    if max_period <= 0 or not math.isfinite(max_period):
        raise ValueError(f"max_period must be positive and finite; got {max_period}")
    half = width // 2
    exponents = torch.arange(half, dtype=timesteps.dtype, device=timesteps.device) / half
    return timesteps[:, None] * max_period**-exponents
