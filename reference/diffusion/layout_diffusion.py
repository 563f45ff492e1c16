"""LayoutDiffusion: a chain that first blurs the coordinates of a layout and then masks all of it, and sampling from it.

Tokens are numbered as in `layout`: five specials, the categories, the coordinates, MASK.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.diffusion.discrete import cumulative_transitions, discrete_sample, gumbel_max
from reference.diffusion.layout import END, NUM_COORDINATES, PAD, SEPARATOR, SPECIALS, START
from reference.diffusion.transitions import discretized_gaussian_transition, mask_and_replace_transition


class LayoutSchedule(NamedTuple):
    """Probabilities that a category or a coordinate is still as it was, or is MASK, after each step."""

    category_keep: Float[Tensor, "steps"]
    category_mask: Float[Tensor, "steps"]
    coordinate_keep: Float[Tensor, "steps"]
    coordinate_mask: Float[Tensor, "steps"]


def two_stage_schedule(num_steps: int) -> LayoutSchedule:
    """Cumulative schedule "gaussian_refine_pow2.5": four fifths of the steps blur coordinates, the rest mask all.

    With S = floor(4 T / 5) and lines of S and of T - S points,

        category keep    0.99999 .. 0.9999   then   0.9999 .. 9e-6
        category mask    9e-6 .. 9e-5        then   9e-5 .. 0.9998
        coordinate keep  0.99999 .. 1e-4     then   9e-5 .. 9e-6
        coordinate mask  9e-6 .. 9e-5        then   1e-4 .. 0.9999

    Domain: num_steps >= 6, so that both stages have two points; else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.3; the ends as in its code.
    Notes: R000-015, R000-018.
    """
    if num_steps < 6:
        raise ValueError(f"a schedule of two stages needs at least 6 steps; got {num_steps}")
    refine = 4 * num_steps // 5

    def stages(start: float, end: float, next_start: float, next_end: float) -> Float[Tensor, "steps"]:
        first = torch.linspace(start, end, refine, dtype=torch.float64)
        return torch.cat([first, torch.linspace(next_start, next_end, num_steps - refine, dtype=torch.float64)])

    return LayoutSchedule(
        category_keep=stages(0.99999, 0.9999, 0.9999, 9e-6),
        category_mask=stages(9e-6, 9e-5, 9e-5, 0.9998),
        coordinate_keep=stages(0.99999, 1e-4, 9e-5, 9e-6),
        coordinate_mask=stages(9e-6, 9e-5, 1e-4, 0.9999),
    )


def blur_widths(num_steps: int, scale: float = 12.4, power: float = 2.5) -> Float[Tensor, "refine_steps"]:
    """Width of the discretised Gaussian that moves coordinates at each step of the first stage.

        beta_t = scale b_t^power,   1 - b_t = (keep_t + mask_t) / (keep_{t-1} + mask_{t-1})

    b_t is the share of what has not been replaced before that is replaced at step t.

    Domain: num_steps >= 6; else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.3; scale and power as in its code.
    Notes: R000-015, R000-016.
    """
    schedule = two_stage_schedule(num_steps)
    not_replaced = (schedule.coordinate_keep + schedule.coordinate_mask)[: 4 * num_steps // 5]
    return scale * (1 - _ratios(not_replaced)) ** power


def layout_transitions(
    num_steps: int, num_categories: int, num_coordinates: int = NUM_COORDINATES
) -> Float[Tensor, "steps classes classes"]:
    """Transition matrix Q[from, to] of each step over all K = 5 + categories + coordinates + 1 tokens.

        specials     stay
        categories   stay, become another category, or MASK, as `mask_and_replace_transition` says
        coordinates  become MASK with probability c_t; else move by a discretised Gaussian of width `blur_widths` in the
                     first stage, and to any coordinate alike in the second
        MASK         stays

    where 1 - c_t = (1 - mask_t) / (1 - mask_{t-1}).

    Domain: num_steps >= 6, else ValueError; at least 2 categories and 2 coordinates. Rows sum to 1.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.3.
    Differs: the code holds the transpose and adds c_t to columns of coordinates that already sum to 1; it spreads
    categories over 25 whatever their number; and it tabulates cumulative matrices that are not products of these.
    Notes: R000-015, R000-016, R000-017, R000-018.
    """
    schedule = two_stage_schedule(num_steps)
    masking = 1 - _ratios(1 - schedule.category_mask)
    categories = mask_and_replace_transition(_ratios(schedule.category_keep), masking, num_categories)
    blur = discretized_gaussian_transition(blur_widths(num_steps), num_coordinates)
    anywhere = torch.full_like(blur[:1], 1 / num_coordinates).expand(num_steps - len(blur), -1, -1)
    not_masked = _ratios(1 - schedule.coordinate_mask)

    first = len(SPECIALS) + num_categories
    mask = first + num_coordinates
    q = torch.eye(mask + 1, dtype=torch.float64).repeat(num_steps, 1, 1)
    q[:, len(SPECIALS) : first, len(SPECIALS) : first] = categories[:, :-1, :-1]
    q[:, len(SPECIALS) : first, mask] = categories[:, :-1, -1]
    q[:, first:mask, first:mask] = not_masked[:, None, None] * torch.cat([blur, anywhere])
    q[:, first:mask, mask] = 1 - not_masked[:, None]
    return q


def masked_layout(
    num_elements: int, num_categories: int, length: int = 121, num_coordinates: int = NUM_COORDINATES
) -> Int64[Tensor, "length"]:
    """Where sampling starts: START, five MASK for each element with separators between them, END, PAD.

    Domain: 1 <= num_elements <= (length - 1) // 6; else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.4.
    Notes: R000-002, R000-017.
    """
    if not 1 <= num_elements <= (length - 1) // 6:
        raise ValueError(f"{length} tokens hold 1 to {(length - 1) // 6} elements; got {num_elements}")
    mask = len(SPECIALS) + num_categories + num_coordinates
    element = [SEPARATOR, *[mask] * 5]
    tokens = [START, *(element * num_elements)[1:], END]
    return torch.tensor(tokens + [PAD] * (length - len(tokens)))


def layout_given_categories(
    categories: Int64[Tensor, "elements"],
    uniform: Float[Tensor, "elements 4"],
    num_categories: int,
    length: int = 121,
    num_coordinates: int = NUM_COORDINATES,
) -> Int64[Tensor, "length"]:
    """Where sampling with given categories starts, at the end of the first stage: coordinates anywhere.

    coordinate = floor(uniform num_coordinates)

    Domain: category tokens; uniform in [0, 1); 1 to (length - 1) // 6 elements, else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.4.
    Notes: R000-002, R000-018.
    """
    start = masked_layout(len(categories), num_categories, length, num_coordinates).to(categories.device)
    coordinates = len(SPECIALS) + num_categories + (uniform * num_coordinates).floor().long()
    end = 6 * len(categories)
    elements = torch.cat([start[:end:6, None], categories[:, None], coordinates], 1)
    return torch.cat([elements.flatten(), start[end:]])


def sample_given_categories(
    denoiser: Callable[[Tensor, int], Tensor],
    start: Int64[Tensor, "length"],
    uniform: Float[Tensor, "steps_left length classes"],
    transitions: Float[Tensor, "steps classes classes"],
    num_categories: int,
) -> Int64[Tensor, "length"]:
    """Sampled tokens whose specials and categories are those of the start: `discrete_sample` over the first steps.

    `denoiser(x, t)` returns logits of x_0 and always sees the given specials and categories, t = steps_left - 1 .. 0.

    Domain: steps_left <= steps; uniform in [0, 1].
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.4.
    Differs: the code leaves out the last step here, which puts the given tokens back.
    Notes: R000-012, R000-017.
    """
    given = start < len(SPECIALS) + num_categories

    def informed(x: Tensor, t: int) -> Tensor:
        return denoiser(torch.where(given, start, x), t)

    return torch.where(given, start, discrete_sample(informed, start, uniform, transitions[: len(uniform)]))


def refine_layout(
    denoiser: Callable[[Tensor, int], Tensor],
    tokens: Int64[Tensor, "length"],
    uniform: Float[Tensor, "steps_left length classes"],
    transitions: Float[Tensor, "steps classes classes"],
) -> Int64[Tensor, "length"]:
    """Tokens of an imprecise layout, taken for a noised one and sampled back: `discrete_sample` over the first steps.

    `denoiser(x, t)` returns logits of x_0, t = steps_left - 1 .. 0.

    Domain: steps_left <= steps; uniform in [0, 1].
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.4.
    Notes: R000-012, R000-018.
    """
    return discrete_sample(denoiser, tokens, uniform, transitions[: len(uniform)])


def complete_layout(
    denoiser: Callable[[Tensor, int], Tensor],
    start: Int64[Tensor, "length"],
    known: Int64[Tensor, "known"],
    uniform: Float[Tensor, "steps length classes"],
    known_uniform: Float[Tensor, "steps known classes"],
    transitions: Float[Tensor, "steps classes classes"],
) -> Int64[Tensor, "length"]:
    """Sampled tokens that begin with the known ones.

    `denoiser(x, t)` returns logits of x_0 and sees the known tokens as a sample of q(x | x_0) after step t, by
    `gumbel_max` of known_uniform[t], so that one level of noise is everywhere. At the end they are put back.

    Domain: row-stochastic transitions, else ValueError; uniform in [0, 1].
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, section 3.4.
    Differs: the code takes the most probable token instead of a sample.
    Notes: R000-011, R000-012.
    """
    noised = gumbel_max(cumulative_transitions(transitions)[:, known].log(), known_uniform)

    def informed(x: Tensor, t: int) -> Tensor:
        return denoiser(torch.cat([noised[t], x[len(known) :]]), t)

    return torch.cat([known, discrete_sample(informed, start, uniform, transitions)[len(known) :]])


def _ratios(cumulative: Float[Tensor, "steps"]) -> Float[Tensor, "steps"]:
    """What each step contributes to a product that begins at 1."""
    return cumulative / torch.cat([cumulative.new_ones(1), cumulative[:-1]])
