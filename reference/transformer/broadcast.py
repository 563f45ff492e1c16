"""Pyramid attention broadcast: in the middle of a sampling run a layer's last output stands in for its next ones.

Spatial attention changes most from step to step, temporal attention less and cross-attention least, and so the period
grows from one to the next: 2, 4 and 6 in Open-Sora, between the timesteps 450 and 930.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from torch import Tensor


class BroadcastState(NamedTuple):
    """What one layer keeps: how many calls of this run it has had, and its last output; `BroadcastState()` at first."""

    calls: int = 0
    output: Tensor | None = None


def broadcast_schedule(timesteps: Sequence[float], period: int, low: float, high: float) -> tuple[bool, ...]:
    """For each call of a layer in a sampling run, whether it is answered by the last output: False where it computes.

        out[i] = i mod period != 0 and low < timesteps[i] < high

    The count starts with the run, not with the window: the first call inside the window may repeat the last one before
    it. No more than period - 1 calls in a row repeat.

    Domain: period >= 1, else ValueError. At period 1, and at low >= high, all compute.
    Source: Zhao et al. 2024, arXiv:2408.12588; VideoSys code (`PABManager`).
    Differs: diffusers goes on counting over runs, until its cache is reset, and counts both calls of a step that runs
    with and without the condition one after the other.
    Notes: R003-173.
    """
    _check("period", period)
    return tuple(i % period != 0 and low < t < high for i, t in enumerate(timesteps))


def mlp_broadcast_schedule(
    timesteps: Sequence[float], stored_at: Collection[float], skip_count: int
) -> tuple[bool, ...]:
    """For each call of a feed-forward layer, whether it is answered by the last output that was stored.

        out[i] = timesteps[i] not in stored_at and timesteps[j] in stored_at for some j in i - skip_count..i - 1

    Domain: skip_count >= 0, else ValueError. Timesteps to store at that the run does not visit have no effect.
    Source: VideoSys code (`if_skip_mlp`).
    Differs: that code has such a table for each block, keyed by the timestep to store at.
    Notes: R003-173.
    """
    if skip_count < 0:
        raise ValueError(f"skip_count must be at least 0; got {skip_count}")
    schedule, left = [], 0
    for t in timesteps:
        store = t in stored_at
        schedule.append(not store and left > 0)
        left = skip_count if store else left - 1
    return tuple(schedule)


def broadcast_step(
    state: BroadcastState,
    x: Tensor,
    timestep: float,
    layer: Callable[[Tensor], Tensor],
    num_steps: int,
    period: int,
    low: float,
    high: float,
) -> BroadcastState:
    """State after one call of a layer, with the output of this call: computed from x, or the last one once more.

        output' = output if calls mod period != 0 and low < timestep < high, else layer(x)
        calls' = (calls + 1) mod num_steps

    A call that repeats does not look at x. The next run of num_steps calls starts from 0 again. Layers, and the passes
    with and without a condition, need a state each.

    Domain: num_steps >= 1 and period >= 1, else ValueError. Without a last output it computes.
    Source: Zhao et al. 2024, arXiv:2408.12588; VideoSys code (`PABManager`).
    Differs: what is kept is the output of `layer`, never scores or values. For Open-Sora and Latte the gate of the
    residual branch belongs to the layer, so that an old gate comes back with an old output; in CogVideoX and diffusers
    it does not, and the gate of the present step multiplies the output.
    Notes: R003-173.
    """
    _check("period", period)
    _check("num_steps", num_steps)
    repeats = state.calls % period != 0 and low < timestep < high
    output = state.output if repeats and state.output is not None else layer(x)
    return BroadcastState((state.calls + 1) % num_steps, output.clone())


def _check(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} must be at least 1; got {value}")
