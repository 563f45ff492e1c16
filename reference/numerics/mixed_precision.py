"""Training in mixed precision: low-precision passes, master weights in float32, and what the state weighs."""

from typing import NamedTuple

from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reference.numerics.loss_scaling import (
    LossScale,
    found_nonfinite,
    keep_if_found,
    unscale_gradient,
    update_loss_scale,
)


class MixedPrecisionState(NamedTuple):
    """Master weights in float32, the loss scale, and the number of steps that were taken and not skipped.

    The passes use a copy of the master weights in low precision, made anew after each step.
    """

    master: Float[Tensor, "*shape"]
    loss_scale: LossScale
    steps: Int64[Tensor, ""]


def mixed_precision_step(
    state: MixedPrecisionState,
    scaled_gradient: Float[Tensor, "*shape"],
    learning_rate: float,
    growth_interval: int = 2000,
) -> MixedPrecisionState:
    """State after a step of gradient descent with the low-precision gradient of the scaled loss.

        w' = w - learning_rate g_scaled / S,   steps' = steps + 1

    If g_scaled / S is not finite w and steps stay as they are. S adapts in both cases. A schedule of the learning rate
    is to count steps, so that a skipped step does not move it.

    Domain: S > 0; as `update_loss_scale`.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, sections 3.1-3.2.
    Notes: R001-052, R003-255, R003-256.
    """
    gradient = unscale_gradient(scaled_gradient, state.loss_scale.scale)
    found = found_nonfinite([gradient])
    master = keep_if_found(state.master, state.master - learning_rate * gradient, found)
    loss_scale = update_loss_scale(state.loss_scale, found, growth_interval=growth_interval)
    return MixedPrecisionState(master, loss_scale, state.steps + ~found)


def lost_updates(weights: Float[Tensor, "*shape"], updates: Float[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
    """Which weights stay the same to the last bit when the update is subtracted in their own precision.

        lost = (fl(w - update) = w)

    In FP16 1 - 2e-4 is 1. Spacings halve below a power of two, so that less is lost on the way down from it than up.

    Domain: every finite number, both of one precision. An update of 0 is lost.
    Source: Micikevicius et al. 2017, arXiv:1710.03740, section 3.1.
    Differs: "smaller than half the spacing" is wrong below a power of two, and half a spacing is lost if the last bit
    of the weight is 0.
    Notes: R003-256.
    """
    return weights - updates == weights


def mixed_precision_adam_bytes(trained: int, frozen: int = 0) -> int:
    """Bytes of weights, gradients and optimiser state for mixed-precision Adam.

        16 trained + 2 frozen

    A trained parameter has 2 for the weight, 2 for the gradient, 4 for the master weight and 8 for two moments in
    float32; a frozen one, as under LoRA, is a weight only. Not in it: activations, which grow with batch and length
    and are often more; buffers, gradients accumulated in float32 (2 more), temporary copies and fragmentation.

    Domain: counts >= 0, else ValueError.
    Source: Rajbhandari et al. 2019, arXiv:1910.02054, section 3.1.
    Notes: R003-257.
    """
    if trained < 0 or frozen < 0:
        raise ValueError(f"numbers of parameters are not negative; got {trained} and {frozen}")
    return 16 * trained + 2 * frozen
