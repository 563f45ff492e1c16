"""Laws of `reference.diffusion.respacing`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import nearest_integers
from properties.rejection import assert_rejects
from properties.strategies import betas, level_tables


@st.composite
def sections(draw):
    """The length of a chain, and how many steps to keep in each of its sections."""
    num_sections = draw(st.integers(1, 3))
    num_steps = draw(st.integers(num_sections, 40))
    lengths = map(len, torch.arange(num_steps).tensor_split(num_sections))
    return num_steps, [draw(st.integers(0, length)) for length in lengths]


@st.composite
def counts(draw, least=1, most=60):
    """The length of a chain, and how many of its steps to keep."""
    num_steps = draw(st.integers(least, most))
    return num_steps, draw(st.integers(least, num_steps))


@st.composite
def exact_strides(draw):
    """A stride above 1 in halves or quarters, and a number of strides that ends on a whole step."""
    denominator = draw(st.sampled_from([2, 4]))
    odd = draw(st.integers(denominator // 2, 9)) * 2 + 1
    return Fraction(odd, denominator), denominator * draw(st.integers(1, 4))


@st.composite
def with_kept_steps(draw, tables):
    """A table, and some of its timesteps in any order."""
    table = draw(tables)
    steps = st.lists(st.integers(0, len(table) - 1), min_size=1, max_size=len(table), unique=True)
    return table, draw(steps)


@given(chain=sections())
def test_space_timesteps_equals_nearest_to_equal_spacing(space_timesteps, chain):
    """In each section, of which the first are the longer ones, the kept steps are nearest to equal spacing."""
    num_steps, section_counts = chain
    cut = torch.arange(num_steps).tensor_split(len(section_counts))
    spaced = [
        int(section[0]) + j * Fraction(len(section) - 1, max(count - 1, 1))
        for section, count in zip(cut, section_counts, strict=True)
        for j in range(count)
    ]
    kept = space_timesteps(num_steps, section_counts)
    assert_equal(kept, nearest_integers(spaced, kept))


@given(spacing=exact_strides())
def test_space_timesteps_rounds_halves_to_even(space_timesteps, spacing):
    """With a stride of whole quarters, a place between two steps goes to the even one, counted from the section."""
    stride, num_strides = spacing
    length = int(stride * num_strides) + 1
    kept = space_timesteps(2 * length, [0, num_strides + 1])
    assert_equal(kept, tuple(length + round(j * stride) for j in range(num_strides + 1)))


@pytest.mark.parametrize(
    ("num_steps", "section_counts", "expected"),
    [
        (6, [3], (0, 2, 5)),
        (1000, [5], (0, 250, 500, 749, 999)),
        (30, [10, 1, 0], (*range(10), 10)),
        (7, [1, 1, 2], (0, 3, 5, 6)),
    ],
)
def test_space_timesteps_equals_worked_examples(space_timesteps, num_steps, section_counts, expected):
    """Ends of a section are kept, a count of 1 keeps its first step, and a count of 0 none."""
    assert_equal(space_timesteps(num_steps, section_counts), expected)


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("lengths", [[4, 3, 3], [3, 3, 2], [2, 2, 2]])
def test_space_timesteps_keeps_no_more_than_all_steps(space_timesteps, lengths, index):
    """Counts equal to the lengths of the sections keep the whole chain, and one more in any section is refused."""
    assert_equal(space_timesteps(sum(lengths), lengths), tuple(range(sum(lengths))))
    assert_rejects(space_timesteps, sum(lengths), [*lengths[:index], lengths[index] + 1, *lengths[index + 1 :]])


@pytest.mark.parametrize("section_counts", [[], [-1], [3, -1]])
def test_space_timesteps_rejects_impossible_counts(space_timesteps, section_counts):
    """A chain has at least one section, and no section keeps fewer than no steps."""
    assert_rejects(space_timesteps, 10, section_counts)


@given(chain=counts(least=2))
def test_ddim_timesteps_has_smallest_stride_that_fits(ddim_timesteps, chain):
    """Of the strides that leave n steps the smallest is T / n rounded up, and its multiples below T are kept."""
    num_steps, stride = chain[0], chain[1] - 1
    count = len(range(0, num_steps, stride))
    kept = ddim_timesteps(num_steps, count)
    assert_equal(len(kept), count)
    assert_equal(kept, tuple(range(0, num_steps, math.ceil(num_steps / count))))


@pytest.mark.parametrize(
    ("count", "stride"),
    [(2, 500), (3, 334), (9, 112), (25, 40), (50, 20), (100, 10), (250, 4), (334, 3), (500, 2), (1000, 1)],
)
def test_ddim_timesteps_equals_strides_of_a_thousand(ddim_timesteps, count, stride):
    """A thousand steps are cut into these strides."""
    assert_equal(ddim_timesteps(1000, count), tuple(j * stride for j in range(count)))


@pytest.mark.parametrize(("num_steps", "count"), [(1, 1), (2, 1), (7, 1), (7, 5), (7, 6), (1000, 300), (1000, 999)])
def test_ddim_timesteps_rejects_counts_without_stride(ddim_timesteps, num_steps, count):
    """No whole stride leaves a single step, 5 or 6 steps of 7, or 300 or 999 of 1000."""
    assert_rejects(ddim_timesteps, num_steps, count)


@pytest.mark.parametrize("count", [-1, 0, 11])
def test_ddim_timesteps_rejects_impossible_counts(ddim_timesteps, count):
    """Ten steps hold between 1 and 10."""
    assert_rejects(ddim_timesteps, 10, count)


@given(chain=counts(), quarters=st.integers(0, 4))
def test_leading_timesteps_equals_first_of_each_stretch(leading_timesteps, chain, quarters):
    """T steps, less a remainder, fill `count` rows of equal length: their first column is kept, moved by the offset."""
    num_steps, count = chain
    rows = torch.arange(num_steps // count * count).reshape(count, -1)
    offset = quarters * (num_steps - 1 - int(rows[-1, 0])) // 4
    assert_equal(leading_timesteps(num_steps, count, offset), tuple((rows[:, 0] + offset).tolist()))


@pytest.mark.parametrize(("num_steps", "count"), [(10, 3), (10, 10), (12, 4), (7, 1)])
def test_leading_timesteps_starts_at_zero_by_default(leading_timesteps, num_steps, count):
    """Without an offset the cleanest step is kept."""
    assert_equal(leading_timesteps(num_steps, count), tuple(j * (num_steps // count) for j in range(count)))


@pytest.mark.parametrize(("num_steps", "count", "room"), [(10, 3, 3), (10, 10, 0), (12, 4, 2), (7, 1, 6)])
def test_leading_timesteps_rejects_offsets_past_the_end(leading_timesteps, num_steps, count, room):
    """The offset may move the last kept step to T - 1 but no further, and not below 0."""
    assert_equal(leading_timesteps(num_steps, count, room)[-1], num_steps - 1)
    assert_rejects(leading_timesteps, num_steps, count, room + 1)
    assert_rejects(leading_timesteps, num_steps, count, room + 5)
    assert_rejects(leading_timesteps, num_steps, count, -1)


@given(chain=counts(least=2))
def test_linspace_timesteps_equals_nearest_to_equal_spacing(linspace_timesteps, chain):
    """The kept steps are nearest to `count` points at equal distances, the first at 0 and the last at T - 1."""
    num_steps, count = chain
    kept = linspace_timesteps(num_steps, count)
    assert_equal(kept, nearest_integers([Fraction(j * (num_steps - 1), count - 1) for j in range(count)], kept))


@given(spacing=exact_strides())
def test_linspace_timesteps_rounds_halves_to_even(linspace_timesteps, spacing):
    """With a stride of whole quarters, a point between two steps goes to the even one."""
    stride, num_strides = spacing
    kept = linspace_timesteps(int(stride * num_strides) + 1, num_strides + 1)
    assert_equal(kept, tuple(round(j * stride) for j in range(num_strides + 1)))


@given(chain=counts())
def test_trailing_timesteps_equals_last_of_each_stretch(trailing_timesteps, chain):
    """T steps are cut into stretches of length T / n, and the step that ends nearest to the end of each is kept."""
    num_steps, count = chain
    kept = trailing_timesteps(num_steps, count)
    ends = [Fraction(j * num_steps, count) for j in range(1, count + 1)]
    assert_equal(tuple(step + 1 for step in kept), nearest_integers(ends, [step + 1 for step in kept]))


@given(spacing=exact_strides())
def test_trailing_timesteps_rounds_halves_to_even(trailing_timesteps, spacing):
    """With a stride of whole quarters, an end between two steps goes to the even one, counted from 1."""
    stride, num_strides = spacing
    kept = trailing_timesteps(int(stride * num_strides), num_strides)
    assert_equal(kept, tuple(round(j * stride) - 1 for j in range(1, num_strides + 1)))


@pytest.mark.parametrize("count", [13, 61, 103, 201])
def test_trailing_timesteps_keeps_count_where_stride_is_inexact(trailing_timesteps, count):
    """A stride that float64 cannot hold adds no step before the first stretch: the kept ones are within 0..T-1."""
    kept = trailing_timesteps(1000, count)
    assert_equal(len(kept), count)
    assert_equal((kept[0] >= 0, kept[-1]), (True, 999))


@given(stretch=st.integers(1, 9), count=st.integers(2, 7))
def test_trailing_timesteps_mirrors_leading_timesteps(trailing_timesteps, leading_timesteps, stretch, count):
    """Where stretches are whole, the last steps of them seen from T are their first steps seen from 0."""
    num_steps = stretch * count
    mirrored = tuple(num_steps - 1 - step for step in reversed(leading_timesteps(num_steps, count)))
    assert_equal(trailing_timesteps(num_steps, count), mirrored)


@pytest.mark.parametrize("count", [-1, 0, 11])
def test_leading_timesteps_rejects_impossible_counts(leading_timesteps, linspace_timesteps, trailing_timesteps, count):
    """Ten steps hold between 1 and 10."""
    assert_rejects(leading_timesteps, 10, count)
    assert_rejects(linspace_timesteps, 10, count)
    assert_rejects(trailing_timesteps, 10, count)


def test_linspace_timesteps_rejects_a_single_step(linspace_timesteps):
    """One point cannot be both the first and the last."""
    assert_rejects(linspace_timesteps, 10, 1)


@given(chain=with_kept_steps(level_tables(min_steps=3)))
def test_step_levels_equals_kept_level_and_next_cleaner_one(step_levels, chain):
    """A step starts at a kept level and arrives at the least of the kept levels above it, or at 1."""
    alpha_bar, steps = chain
    kept = alpha_bar[steps].sort(descending=True).values
    cleaner = [min([1.0, *(other for other in kept.tolist() if other > level)]) for level in kept.tolist()]
    levels = step_levels(alpha_bar, steps)
    assert_equal(levels.alpha_bar_t, kept)
    assert_equal(levels.alpha_bar_s, cleaner)


@given(chain=with_kept_steps(level_tables(min_steps=3)))
def test_step_levels_telescopes_to_noisiest_level(step_levels, chain):
    """Each step raises the level, and the ratios of all of them multiply to the level that sampling starts from."""
    alpha_bar, steps = chain
    levels = step_levels(alpha_bar, steps)
    ratios = levels.alpha_bar_t / levels.alpha_bar_s
    assert_close(ratios.prod(), alpha_bar[steps].min())
    assert_equal(ratios < 1, torch.ones(len(steps), dtype=torch.bool))


@given(chain=with_kept_steps(betas(min_steps=3)))
def test_respace_equals_signal_lost_between_kept_steps(respace, chain):
    """beta'_j is the part of the signal that the steps after tau_{j-1}, up to and with tau_j, take away together."""
    table, steps = chain
    ends = sorted(steps)
    lost = [1 - math.prod((1 - table[s + 1 : t + 1]).tolist()) for s, t in zip([-1, *ends], ends, strict=False)]
    respaced = respace(table, steps)
    assert_close(respaced.betas, lost, 1.0, roundings=4 * len(table))
    assert_equal(respaced.timestep_map, ends)


@given(chain=with_kept_steps(betas(min_steps=3)))
def test_respace_preserves_levels(respace, chain):
    """The shorter chain has at each of its steps the signal that the full one has there."""
    table, steps = chain
    respaced = respace(table, steps)
    levels = torch.cumprod(1 - table, 0)
    assert_close(torch.cumprod(1 - respaced.betas, 0), levels[sorted(steps)], roundings=16 * len(table))


@given(table=betas().map(lambda table: table / 64))
def test_respace_reduces_to_same_chain_with_all_steps(respace, table):
    """A chain of which every step is kept stays as it is."""
    respaced = respace(table, range(len(table)))
    assert_close(respaced.betas, table, 1.0, roundings=4 * len(table))
    assert_equal(respaced.timestep_map, range(len(table)))


def test_respace_reaches_pure_noise(respace):
    """A chain that ends without signal still does so when shortened: beta may be 1."""
    respaced = respace(torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64), [0, 2])
    assert_close(respaced.betas, [0.25, 1.0], 1.0)


@pytest.mark.parametrize("timesteps", [[], [1, 1], [0, 3, 0], [-1], [-1, 0], [5], [0, 9]])
def test_respace_rejects_impossible_timesteps(respace, step_levels, timesteps):
    """Of five steps at least one is kept, each at most once, and none that is not there."""
    assert_rejects(respace, torch.full((5,), 0.25, dtype=torch.float64), timesteps)
    assert_rejects(step_levels, torch.linspace(0.75, 0.25, 5, dtype=torch.float64), timesteps)


@pytest.mark.parametrize("beta", [0.0, -0.25, 1.25, math.nan])
def test_respace_rejects_impossible_betas(respace, beta):
    """A beta outside (0, 1] has no chain, also at a step that is not kept."""
    assert_rejects(respace, torch.tensor([0.5, beta, 0.25, 0.5], dtype=torch.float64), [0, 2])
