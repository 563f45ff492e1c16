"""Dynamic loss scaling: gradients of S times the loss, so that small ones survive FP16, and the S that adapts."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


class LossScale(NamedTuple):
    """The factor of the loss, 65536 to begin with, and the number of good steps since it last changed."""

    scale: Float[Tensor, ""]
    tracker: Int64[Tensor, ""]


def unscale_gradient(gradient: Float[Tensor, "*shape"], scale: Float[Tensor, ""]) -> Float[Tensor, "*shape"]:
    """Gradient of the loss from that of the scaled loss, in the wider of the two precisions.

        g = g_scaled / S

    If S is a power of two it is exact, unless g_scaled has over- or underflowed before.

    Domain: S > 0. To be done once a step, before gradients are clipped or compared.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, section 3.2.
    Differs: PyTorch multiplies by 1 / S, which rounds twice unless S is a power of two.
    Notes: R001-052, R003-255.
    """
    return gradient.to(torch.promote_types(gradient.dtype, scale.dtype)) / scale


def found_nonfinite(gradients: Sequence[Float[Tensor, "..."]]) -> Bool[Tensor, ""]:
    """Whether any entry of any gradient is infinite or NaN.

    Domain: at least one gradient, else ValueError; gradients without entries have none.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, section 3.2.
    Notes: R001-052.
    """
    if not gradients:
        raise ValueError(f"gradients of at least one parameter are needed; got {len(gradients)}")
    return torch.stack([~gradient.isfinite().all() for gradient in gradients]).any()


def found_on_any_rank(found: Bool[Tensor, "ranks"]) -> Bool[Tensor, "ranks"]:
    """What each rank has to go by: whether any rank has found a gradient that is not finite.

    All ranks then skip or none does, and their parameters stay equal. It is the maximum, or the sum > 0, of the flags.

    Domain: at least one rank, else ValueError.
    Source: PyTorch, `torch.distributed.fsdp.sharded_grad_scaler` (an all-reduce of `found_inf` before the step).
    Notes: R001-053.
    """
    if len(found) < 1:
        raise ValueError(f"there must be at least one rank; got {len(found)}")
    return found.any().expand(len(found)).clone()


def update_loss_scale(
    state: LossScale,
    found: Bool[Tensor, ""],
    growth_factor: float = 2.0,
    backoff_factor: float = 0.5,
    growth_interval: int = 2000,
) -> LossScale:
    """State after a step: a smaller scale if a gradient was not finite, a larger one after a run of good steps.

        found:       S' = backoff S,   tracker' = 0
        otherwise:   tracker' = tracker + 1;  at growth_interval S' = growth S if that is finite, and tracker' = 0

    Domain: growth_factor > 1, 0 < backoff_factor < 1, growth_interval >= 1, else ValueError; tracker in
    0..growth_interval - 1. S has no lower bound.
    Source: PyTorch, `torch.amp.GradScaler`; the skipped step is in Micikevicius et al. 2017, arXiv:1710.03740, 3.2.
    Differs: Megatron-LM shrinks S only after several bad steps (hysteresis) and bounds it from below.
    Notes: R001-052, R003-255.
    """
    if not growth_factor > 1 or not 0 < backoff_factor < 1:
        raise ValueError(f"growth by {growth_factor} and backoff by {backoff_factor} are not above and below 1")
    if growth_interval < 1:
        raise ValueError(f"growth interval {growth_interval} is not at least 1")
    run = (state.tracker + 1) % growth_interval
    grown = growth_factor * state.scale
    after_good = torch.where((run == 0) & grown.isfinite(), grown, state.scale)
    scale = torch.where(found, backoff_factor * state.scale, after_good)
    return LossScale(scale, torch.where(found, 0, run))


def keep_if_found(
    before: Float[Tensor, "*shape"], after: Float[Tensor, "*shape"], found: Bool[Tensor, ""]
) -> Float[Tensor, "*shape"]:
    """Parameters, or a moment of the optimiser, after a step that is skipped if a gradient was not finite.

        out = before if found else after

    Nothing of `after` remains in a skipped step, not even its NaN.

    Domain: every number; `after` may be infinite or NaN.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, section 3.2.
    Notes: R001-052.
    """
    return torch.where(found, before, after)
