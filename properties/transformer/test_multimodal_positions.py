"""Laws of `reference.transformer.multimodal_positions`."""

import itertools
import math
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, levels, normals
from reference.transformer.multimodal_positions import VisionGrid

MERGE = 2
MERGES = st.integers(1, 3)
SIZES = [(2, 3, 5), (3, 1, 2), (1, 2, 7), (2, 4, 1)]


def grids():
    """Images and videos of up to 2 x 3 cells; frames are between a quarter and two steps of time apart."""
    sizes = [st.integers(1, most).map(lambda cells: cells * MERGE) for most in (2, 3)]
    return st.builds(VisionGrid, st.integers(1, 5), *sizes, st.integers(1, 8).map(lambda steps: steps / 4))


def sequences():
    """Up to two texts, images and videos, then one more image or video, and a text."""
    start = st.lists(st.one_of(st.integers(1, 3), grids()), max_size=2)
    return st.tuples(start, grids(), st.integers(1, 3)).map(lambda parts: [*parts[0], *parts[1:]])


def of_cells(merge, grid):
    """The same cells of merge x merge patches; a text stays as it is."""
    if isinstance(grid, int):
        return grid
    return grid._replace(rows=grid.rows // MERGE * merge, columns=grid.columns // MERGE * merge)


def triples(segment):
    """Position ids of one segment that starts at 0, token by token."""
    if isinstance(segment, int):
        return [[step] * 3 for step in range(segment)]
    frames, rows, columns, interval = segment
    times = [math.floor(frame * Fraction(interval)) for frame in range(frames)]
    return [[t, y, x] for t in times for y in range(rows // MERGE) for x in range(columns // MERGE)]


def shifted(segment, start):
    return [[start + component for component in triple] for triple in triples(segment)]


def after_largest_id(segments):
    """Position ids of a sequence: each segment starts after the largest id anywhere before it."""
    ids = []
    for segment in segments:
        ids += shifted(segment, max(itertools.chain.from_iterable(ids), default=-1) + 1)
    return ids


def after_extent(segments):
    """Position ids of a sequence: each segment starts after as many as its longest side before it, or its text, has."""
    lengths = [part if isinstance(part, int) else max(part.rows, part.columns) // MERGE for part in segments]
    starts = itertools.accumulate(lengths, initial=0)
    return [triple for segment, start in zip(segments, starts, strict=False) for triple in shifted(segment, start)]


@pytest.mark.parametrize(
    ("channels", "num_axes", "given_base"), [(4, 2, ()), (20, 2, ()), (18, 3, ()), (16, 2, (81.0,)), (6, 1, (500.0,))]
)
def test_axial_rope_frequencies_equals_powers_of_the_base(axial_rope_frequencies, channels, num_axes, given_base):
    """Axes that share d channels have base^(-2 i A / d) for each of d / (2 A) pairs, of base 10000 if none is given."""
    base = mpmath.mpf(given_base[0] if given_base else 10000)
    pairs = range(channels // (2 * num_axes))
    expected = [float(base ** (-mpmath.mpf(2 * i * num_axes) / channels)) for i in pairs]
    assert_close(axial_rope_frequencies(channels, num_axes, *given_base), expected)


@pytest.mark.parametrize(
    ("channels", "num_axes"), [(10, 2), (2, 2), (16, 3), (8, 3), (0, 2), (-4, 2), (8, 0), (8, -2), (7, 1)]
)
def test_axial_rope_frequencies_rejects_what_axes_cannot_share(axial_rope_frequencies, channels, num_axes):
    """Every axis gets the same number of whole pairs of channels."""
    assert_rejects(axial_rope_frequencies, channels, num_axes)


@given(positions=indices(64, 2, 5, 3), frequencies=levels(2))
def test_axial_rope_angles_equals_products_axis_by_axis(axial_rope_angles, positions, frequencies):
    """The angles are each position times each frequency: all of the first axis before all of the second."""
    frequencies = frequencies / 3
    expected = [[[p * f for p in token for f in frequencies.tolist()] for token in row] for row in positions.tolist()]
    assert_close(axial_rope_angles(positions, frequencies), expected)


@given(positions=indices(64, 2, 2), shift=indices(64, 2), frequencies=levels(3), q=normals(6, 2), k=normals(6, 2))
def test_axial_rope_angles_turn_scores_by_differences(axial_rope_angles, positions, shift, frequencies, q, k):
    """Turned, a query and a key score Re(q conj(k) e^(i dp f)), with dp the rows between them, then the columns."""
    rows, columns = (positions[0] - positions[1]).tolist()
    turn = torch.cat([rows * frequencies, columns * frequencies])
    product = torch.view_as_complex(q) * torch.view_as_complex(k).conj()
    expected = (product * torch.polar(torch.ones_like(turn), turn)).real.sum()
    angles = axial_rope_angles(positions + shift, frequencies)
    phases = torch.polar(torch.ones_like(angles), angles)
    score = (product.to(phases.dtype) * phases[0] * phases[1].conj()).real.sum()
    assert_close(score, expected, 2 * (product.abs() * (1 + 128 * frequencies.repeat(2))).sum())


@pytest.mark.parametrize(
    ("sections", "expected"),
    [((2, 3, 1), "001112"), ((1, 2), "011"), ((3,), "000"), ((16, 24, 24), "0" * 16 + "1" * 24 + "2" * 24)],
)
def test_sectioned_axes_equals_one_run_per_axis(sectioned_axes, sections, expected):
    """The first axis turns the first sections[0] pairs, the second the next sections[1], and so on."""
    assert_equal(sectioned_axes(sections), list(map(int, expected)))


@pytest.mark.parametrize("sections", [(), (0, 2, 3), (3, 0, 1), (2, 3, -1)])
def test_sectioned_axes_rejects_axes_without_pairs(sectioned_axes, interleaved_axes, sections):
    """Every axis turns a pair of channels at least."""
    assert_rejects(sectioned_axes, sections)
    assert_rejects(interleaved_axes, sections)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ((24, 20, 20), "012" * 20 + "0000"),
        ((11, 11, 10), "012" * 10 + "01"),
        ((5, 1, 2), "01200200"),
        ((4, 4, 3), "01201201201"),
        ((3, 2), "01010"),
        ((2,), "00"),
    ],
)
def test_interleaved_axes_equals_turns_while_pairs_are_left(interleaved_axes, sections, expected):
    """Pairs go to the axes in turn; where an axis has all of its own, its turn is the first one's."""
    assert_equal(interleaved_axes(sections), list(map(int, expected)))


@pytest.mark.parametrize("sections", [(3, 4, 3), (3, 3, 4), (3, 4, 4), (16, 24, 24), (1, 3), (1, 1, 3)])
def test_interleaved_axes_rejects_sections_that_turns_cannot_give(interleaved_axes, sections):
    """An axis other than the first cannot have more pairs than it has turns."""
    assert_rejects(interleaved_axes, sections)


@given(positions=indices(64, 2, 5, 3), frequencies=levels(7), axis_of_pair=indices(3, 7))
def test_mrope_angles_equals_position_on_the_axis_of_each_pair(mrope_angles, positions, frequencies, axis_of_pair):
    """Pair i turns by its frequency times the position on its axis; no other axis has any part in it."""
    pairs = list(zip(frequencies.tolist(), axis_of_pair.tolist(), strict=True))
    expected = [[[token[axis] * f for f, axis in pairs] for token in row] for row in positions.tolist()]
    assert_close(mrope_angles(positions, frequencies, axis_of_pair), expected)


@given(positions=indices(64, 5, 1), frequencies=levels(7), axis_of_pair=indices(3, 7))
def test_mrope_angles_reduces_to_one_axis_for_text(mrope_angles, positions, frequencies, axis_of_pair):
    """Where time, row and column are equal, the angles are those of 1-D RoPE, however the pairs are shared out."""
    observed = mrope_angles(positions.repeat(1, 3), frequencies, axis_of_pair)
    assert_close(observed, torch.outer(positions[:, 0].double(), frequencies))


@given(
    positions=indices(32, 2, 3),
    shift=indices(32, 3),
    frequencies=levels(5),
    axis_of_pair=indices(3, 5),
    q=normals(10),
    k=normals(10),
)
def test_mrope_cosine_sine_turn_scores_by_differences(
    mrope_cosine_sine, positions, shift, frequencies, axis_of_pair, q, k
):
    """Rotated, [a, b] and [c, d] score Re((a + i b) conj(c + i d) e^(i dp f)) with dp on each pair's axis."""
    pair = mrope_cosine_sine((positions + shift)[:, None], frequencies, axis_of_pair)
    cosine, sine = (table.squeeze(1) for table in pair)
    vectors = torch.stack([q, k])
    half = torch.cat([-vectors[:, 5:], vectors[:, :5]], -1)
    rotated = vectors.to(cosine.dtype) * cosine + half.to(cosine.dtype) * sine
    turn = (positions[0] - positions[1])[axis_of_pair] * frequencies
    product = torch.complex(q[:5], q[5:]) * torch.complex(k[:5], k[5:]).conj()
    expected = (product * torch.polar(torch.ones_like(turn), turn)).real.sum()
    size = (product.abs() * (1 + 64 * frequencies)).sum() * 2
    assert_close((rotated[0] * rotated[1]).sum(), expected, size)
    assert_close(cosine**2 + sine**2, torch.ones_like(cosine))


@given(frames=st.integers(1, 6), seconds=dyadics(1, 64, 1, grid=16), rate=dyadics(1, 32, 1, grid=4))
def test_temporal_position_ids_equals_whole_steps_of_time(temporal_position_ids, frames, seconds, rate):
    """The id of frame k is the number of whole steps of time in k frames, rounded down once, at the end."""
    step = Fraction(seconds.item()) * Fraction(rate.item())
    expected = [math.floor(frame * step) for frame in range(frames)]
    assert_equal(temporal_position_ids(frames, seconds.item(), rate.item()), expected)


def test_temporal_position_ids_rounds_times_just_short_of_a_step_down(temporal_position_ids):
    """With 2^-30 less than a step between frames, each but the first has the id before its number."""
    assert_equal(temporal_position_ids(3, 1 - 2.0**-30, 1.0), [0, 0, 1])


@pytest.mark.parametrize(
    ("frames", "seconds", "rate"),
    [
        (0, 1.0, 2.0),
        (-1, 1.0, 2.0),
        (3, 0.0, 2.0),
        (3, 1.0, 0.0),
        (3, -1.0, -2.0),
        (3, math.nan, 2.0),
        (3, math.inf, 2.0),
    ],
)
def test_temporal_position_ids_rejects_impossible_videos(temporal_position_ids, frames, seconds, rate):
    """A video has a frame at least, and time passes."""
    assert_rejects(temporal_position_ids, frames, seconds, rate)


@given(grid=grids(), merge=MERGES)
def test_vision_position_ids_equals_enumeration_of_cells(vision_position_ids, grid, merge):
    """Cells after merging are counted frame by frame, row by row; distinct ids are those of distinct times."""
    assert_equal(vision_position_ids(of_cells(merge, grid), merge), triples(grid))


@pytest.mark.parametrize(
    ("grid", "merge_size"),
    [
        (VisionGrid(0, 2, 4), 2),
        (VisionGrid(1, 3, 4), 2),
        (VisionGrid(1, 4, 3), 2),
        (VisionGrid(1, 0, 4), 2),
        (VisionGrid(1, 4, 6), 4),
        (VisionGrid(1, 2, 4), 0),
        (VisionGrid(2, 2, 4, 0.0), 2),
    ],
)
def test_vision_position_ids_rejects_other_grids(
    vision_position_ids, mrope_position_ids, mrope_position_ids_by_extent, grid, merge_size
):
    """There is a frame at least, and cells of the merge size tile it."""
    assert_rejects(vision_position_ids, grid, merge_size)
    assert_rejects(mrope_position_ids, [2, grid], merge_size)
    assert_rejects(mrope_position_ids_by_extent, [2, grid], merge_size)


@given(segments=sequences(), merge=MERGES)
def test_mrope_position_ids_starts_after_largest_id(mrope_position_ids, segments, merge):
    """Texts count on all three axes, cells by time, row and column, from one more than all ids before."""
    merged = [of_cells(merge, segment) for segment in segments]
    assert_equal(mrope_position_ids(merged, merge), after_largest_id(segments))


@given(segments=sequences(), merge=MERGES)
def test_mrope_position_ids_by_extent_starts_after_longest_side(mrope_position_ids_by_extent, segments, merge):
    """A segment starts after the lengths of the texts and the longer sides of the images and videos before it."""
    merged = [of_cells(merge, segment) for segment in segments]
    assert_equal(mrope_position_ids_by_extent(merged, merge), after_extent(segments))


@pytest.mark.parametrize("segments", [[], [0], [2, 0], [-1]])
def test_mrope_position_ids_rejects_nothing(mrope_position_ids, mrope_position_ids_by_extent, segments):
    """A sequence has a segment at least, and a text a token."""
    assert_rejects(mrope_position_ids, segments, MERGE)
    assert_rejects(mrope_position_ids_by_extent, segments, MERGE)


@given(ids=indices(32, 5, 2, 3))
def test_mrope_delta_equals_next_position_less_tokens(mrope_delta, ids):
    """Of each sequence, the largest component of any token, and one more, less the number of tokens."""
    assert_equal(mrope_delta(ids), [max(map(max, sequence)) + 1 - 2 for sequence in ids.tolist()])


@given(prompts=st.tuples(sequences(), sequences()), cached=st.integers(0, 3), count=st.integers(1, 3))
def test_continued_position_ids_equals_ids_of_the_whole_sequence(
    continued_position_ids, mrope_delta, prompts, cached, count
):
    """Text in chunks, or generated, has the ids that it would have in one sequence with the prompt."""
    prompts = [after_largest_id(prompt) for prompt in prompts]
    delta = torch.stack([mrope_delta(torch.tensor(prompt)) for prompt in prompts])
    starts = [max(map(max, prompt)) + 1 + cached for prompt in prompts]
    observed = [continued_position_ids(delta, len(prompt) + cached, count)[row] for row, prompt in enumerate(prompts)]
    expected = [[[start + step] * 3 for step in range(count)] for start in starts]
    assert_equal(torch.stack(observed), expected)


@pytest.mark.parametrize(("cached", "count"), [(-1, 2), (3, 0), (3, -1)])
def test_continued_position_ids_rejects_negative_numbers(continued_position_ids, cached, count):
    """Tokens may follow none, but there are some."""
    assert_rejects(continued_position_ids, torch.tensor([2, -3]), cached, count)
    assert_equal(continued_position_ids(torch.tensor(2), 0, 1), [[2, 2, 2]])


@pytest.mark.parametrize(("frames", "rows", "columns"), SIZES)
def test_raster_id_enumerates_cells(raster_id, raster_coordinates, frames, rows, columns):
    """Cells in reading order are numbered 0, 1, ... without gaps, however many, and a number leads back to its cell."""
    cells = torch.tensor(list(itertools.product(range(frames), range(rows), range(columns))))
    cells = cells.reshape(frames, rows * columns, 3)
    numbers = torch.arange(frames * rows * columns).reshape(frames, rows * columns)
    assert_equal(raster_id(cells, rows, columns), numbers)
    assert_equal(raster_coordinates(numbers, rows, columns), cells)
    late = 2**40 * torch.tensor([[1, 0, 0]]) + cells
    assert_equal(raster_id(late, rows, columns), 2**40 * rows * columns + numbers)
    assert_equal(raster_coordinates(2**40 * rows * columns + numbers, rows, columns), late)


@pytest.mark.parametrize(("frames", "rows", "columns"), SIZES)
def test_segment_raster_id_enumerates_cells_of_segments(segment_raster_id, frames, rows, columns):
    """Segments of a common size are numbered one after the other, each cell once."""
    cells = torch.tensor(list(itertools.product(range(3), range(frames), range(rows), range(columns))))
    observed = segment_raster_id(cells[:, 0], cells[:, 1:], frames, rows, columns)
    assert_equal(observed, torch.arange(len(cells)))


@pytest.mark.parametrize(("frames", "rows", "columns"), [(2, 0, 3), (2, 3, 0), (2, -1, 3), (2, -1, -3), (0, 2, 3)])
def test_segment_raster_id_rejects_empty_segments(
    segment_raster_id, raster_id, raster_coordinates, frames, rows, columns
):
    """Without rows, columns or frames there is nothing to number."""
    assert_rejects(segment_raster_id, torch.tensor([0]), torch.tensor([[0, 0, 0]]), frames, rows, columns)
    if frames > 0:
        assert_rejects(raster_id, torch.tensor([[0, 0, 0]]), rows, columns)
        assert_rejects(raster_coordinates, torch.tensor([0]), rows, columns)


@pytest.mark.parametrize(("rows", "columns", "merge_size"), [(2, 4, 2), (6, 2, 2), (3, 6, 3), (2, 3, 1), (2, 2, 2)])
def test_merge_order_makes_cells_contiguous(merge_order, rows, columns, merge_size):
    """Cell by cell in reading order, and in reading order within each, all patches occur, whatever was asked before."""
    patches = itertools.product(range(rows), range(columns))
    by_cell = sorted(patches, key=lambda patch: (patch[0] // merge_size, patch[1] // merge_size, patch))
    assert_equal(merge_order(rows, columns, 1), list(range(rows * columns)))
    assert_equal(merge_order(rows, columns, merge_size), [row * columns + column for row, column in by_cell])


@pytest.mark.parametrize(("rows", "columns", "merge_size"), [(3, 4, 2), (4, 3, 2), (4, 4, 0), (0, 4, 2)])
def test_merge_order_rejects_what_cells_do_not_tile(merge_order, rows, columns, merge_size):
    """Both sizes are positive multiples of the merge size."""
    assert_rejects(merge_order, rows, columns, merge_size)
