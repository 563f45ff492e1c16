"""Shorter chains: which timesteps of a trained chain are kept, and the betas between them.

Kept timesteps are zero-based indices into the tables of the full chain, ascending.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.diffusion.schedules import alpha_bar_from_betas, betas_from_alpha_bar


class RespacedChain(NamedTuple):
    """A chain of n steps, and the timestep of the full chain that the network must be told at each."""

    betas: Float[Tensor, "kept"]
    timestep_map: Int64[Tensor, "kept"]


class StepLevels(NamedTuple):
    """For each step of a chain, the level it starts from and the cleaner one it arrives at."""

    alpha_bar_t: Float[Tensor, "kept"]
    alpha_bar_s: Float[Tensor, "kept"]


def space_timesteps(num_steps: int, section_counts: Sequence[int]) -> tuple[int, ...]:
    """Timesteps kept when the chain is cut into equal sections and a count of steps is kept in each.

    The first num_steps mod n sections are one longer. In a section of m steps from a, the kept ones are
    a + round(j (m - 1) / (k - 1)) for j < k, halves to even, the stride added up in float64.

        >>> space_timesteps(6, [3])
        (0, 2, 5)
        >>> len(space_timesteps(300, [10, 15, 20]))
        45

    Domain: at least one count, each between 0 and the length of its section; else ValueError. A count of 1 keeps the
    first step, 0 none.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 4; `space_timesteps` in its code.
    Differs: rounding j (m - 1) / (k - 1) exactly gives another set for 283 of the 999 counts of one section of 1000,
    always at a tie.
    Notes: R001-101.
    """
    if not section_counts:
        raise ValueError(f"section_counts must hold at least one count; got {section_counts}")
    size, longer = divmod(num_steps, len(section_counts))
    kept, start = [], 0
    for index, count in enumerate(section_counts):
        length = size + (index < longer)
        if not 0 <= count <= length:
            raise ValueError(f"cannot keep {count} of the {length} steps of section {index}")
        stride, position = (length - 1) / max(count - 1, 1), 0.0
        for _ in range(count):
            kept.append(start + round(position))
            position += stride
        start += length
    return tuple(kept)


def ddim_timesteps(num_steps: int, count: int) -> tuple[int, ...]:
    """Multiples of the smallest whole stride that leaves exactly `count` timesteps: "ddimN".

        stride = min {i in 1..T-1 : ceil(T / i) = count},   kept = 0, stride, 2 stride, ...

        >>> ddim_timesteps(10, 4)
        (0, 3, 6, 9)

    Domain: a count for which such a stride exists; else ValueError. A count of 1 has none, nor has any from
    ceil(T / 2) + 1 to T - 1.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, section 4.2; `space_timesteps` of arXiv:2102.09672.
    Notes: R001-101.
    """
    for stride in range(1, num_steps):
        if math.ceil(num_steps / stride) == count:
            return tuple(range(0, num_steps, stride))
    raise ValueError(f"no whole stride through {num_steps} steps keeps exactly {count}")


def leading_timesteps(num_steps: int, count: int, offset: int = 0) -> tuple[int, ...]:
    """The first timestep of each of `count` equal stretches, moved up by an offset.

        kept_j = j floor(T / n) + offset

    Domain: 1 <= count <= num_steps, 0 <= offset, last kept < num_steps; else ValueError.
    Source: Lin et al. 2023, arXiv:2305.08891, table 2 ("leading", there counted from 1).
    Differs: diffusers lets count = num_steps with offset 1 run past the end of its tables.
    Notes: R001-101.
    """
    _check_count(num_steps, count)
    last = (count - 1) * (num_steps // count) + offset
    if offset < 0 or last >= num_steps:
        raise ValueError(f"offset {offset} moves the timesteps outside 0..{num_steps - 1}: the last would be {last}")
    return tuple(range(offset, last + 1, num_steps // count))


def linspace_timesteps(num_steps: int, count: int) -> tuple[int, ...]:
    """Timesteps at equal distances that include the first and the last.

        kept_j = round(j (T - 1) / (n - 1)),   halves to even

    Domain: 2 <= count <= num_steps; else ValueError.
    Source: Lin et al. 2023, arXiv:2305.08891, table 2 ("linspace", there counted from 1).
    Differs: numpy.linspace(0, T - 1, n).round(), as in diffusers, gives another set for 92 of the 999 counts of
    T = 1000, always at a tie.
    Notes: R001-101.
    """
    _check_count(num_steps, count, least=2)
    return tuple(round(j * (num_steps - 1) / (count - 1)) for j in range(count))


def trailing_timesteps(num_steps: int, count: int) -> tuple[int, ...]:
    """The last timestep of each of `count` equal stretches, so that sampling begins at the noisiest level.

        kept_j = round((j + 1) T / n) - 1,   halves to even

    Domain: 1 <= count <= num_steps; else ValueError.
    Source: Lin et al. 2023, arXiv:2305.08891, table 2 ("trailing", there counted from 1).
    Differs: numpy.arange(T, 0, -T / n).round() - 1, as in diffusers, returns a surplus timestep -1 for 62 of the 1000
    counts of T = 1000, such as 61, and another set for 49, always at a tie.
    Notes: R001-101.
    """
    _check_count(num_steps, count)
    return tuple(round((j + 1) * num_steps / count) - 1 for j in range(count))


def step_levels(alpha_bar: Float[Tensor, "steps"], timesteps: Iterable[int]) -> StepLevels:
    """Levels between which each step of a shortened chain moves; the last step of sampling arrives at 1.

        alpha_bar_t = alpha_bar[tau_j],   alpha_bar_s = alpha_bar[tau_{j-1}],   alpha_bar[tau_{-1}] = 1

    Domain: distinct timesteps in 0..T-1, at least one, in any order; else ValueError. Ascending in t.
    Source: Song et al. 2020 (DDIM), arXiv:2010.02502, section 4.2.
    Notes: R001-103, R001-107.
    """
    kept = _sorted(timesteps, len(alpha_bar)).to(alpha_bar.device)
    levels = alpha_bar[kept]
    return StepLevels(levels, torch.cat([levels.new_ones(1), levels[:-1]]))


def respace(betas: Float[Tensor, "steps"], timesteps: Iterable[int]) -> RespacedChain:
    """The chain that visits only the kept timesteps, with the same levels at each.

        beta'_j = 1 - alpha_bar[tau_j] / alpha_bar[tau_{j-1}],   timestep_map[j] = tau_j

    Domain: betas in (0, 1]; distinct timesteps in 0..T-1, at least one, in any order; else ValueError.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, section 4.
    Notes: R001-102, R001-103, R001-104.
    """
    kept = _sorted(timesteps, len(betas)).to(betas.device)
    return RespacedChain(betas_from_alpha_bar(alpha_bar_from_betas(betas)[kept]), kept)


def _check_count(num_steps: int, count: int, least: int = 1) -> None:
    if not least <= count <= num_steps:
        raise ValueError(f"count must lie in {least}..{num_steps}; got {count}")


def _sorted(timesteps: Iterable[int], num_steps: int) -> Int64[Tensor, "kept"]:
    kept = sorted(timesteps)
    if not kept or kept[0] < 0 or kept[-1] >= num_steps or kept != sorted(set(kept)):
        raise ValueError(f"timesteps must be distinct and within 0..{num_steps - 1}, at least one; got {kept}")
    return torch.tensor(kept)
