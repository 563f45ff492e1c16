"""Laws of `reference.transformer.windows`."""

import itertools

import pytest
import torch
from hypothesis import given

from properties.closeness import assert_close, assert_equal
from properties.oracles import attended_magnitude
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals
from reference.transformer.multimodal_positions import VisionGrid

TILINGS = [(4, 6, 2), (6, 3, 3), (3, 2, 1), (2, 2, 2), (4, 8, 4)]
SHIFTED = [(4, 6, 2, 1), (3, 6, 3, 2), (6, 3, 3, 1), (4, 6, 2, 0), (4, 4, 4, 3), (2, 3, 1, 0)]
VIDEOS = [
    ([VisionGrid(1, 6, 10)], 2, 2),
    ([VisionGrid(2, 4, 6), VisionGrid(1, 2, 8)], 2, 3),
    ([VisionGrid(2, 3, 2), VisionGrid(3, 1, 5)], 1, 2),
    ([VisionGrid(1, 3, 6)], 3, 4),
    ([VisionGrid(2, 4, 4), VisionGrid(1, 8, 4)], 2, 2),
]


def numbered(*shape):
    """Distinct numbers, so that where each of them goes can be seen."""
    return torch.arange(1, torch.Size(shape).numel() + 1, dtype=torch.float64).reshape(shape)


def read(tokens, mask):
    """Self-attention whose queries, keys and values are the tokens."""
    scores = (tokens @ tokens.transpose(-2, -1)).masked_fill(~mask, -torch.inf)
    return scores.softmax(-1) @ tokens


def cells_in_order(grids, merge_size, window):
    """Numbers of the merged cells sorted by grid, frame, window and place, and with each cell its window."""
    places = [
        (number, frame, row // window, column // window, row, column)
        for number, grid in enumerate(grids)
        for frame in range(grid.frames)
        for row in range(grid.rows // merge_size)
        for column in range(grid.columns // merge_size)
    ]
    order = sorted(range(len(places)), key=places.__getitem__)
    return order, [places[cell][:4] for cell in order]


@pytest.mark.parametrize(("height", "width", "size"), TILINGS)
def test_window_partition_equals_tiling(window_partition, height, width, size):
    """Token (i, j) of the window in row R and column C is the one at (R size + i, C size + j)."""
    x = numbered(2, height, width, 3)
    corners = itertools.product(range(0, height, size), range(0, width, size))
    expected = [x[:, top : top + size, left : left + size].reshape(2, -1, 3) for top, left in corners]
    assert_equal(window_partition(x, size), torch.stack(expected, 1))


@pytest.mark.parametrize(("height", "width", "size"), TILINGS)
def test_window_reverse_inverts_partition(window_reverse, window_partition, height, width, size):
    """Windows laid side by side, and these rows below each other, make the grid that is cut into them again."""
    windows = numbered(height * width // size**2, size**2, 3)
    squares = windows.reshape(-1, width // size, size, size, 3)
    rows = [torch.cat(list(row), 1) for row in squares]
    grid = window_reverse(windows, height, width)
    assert_equal(grid, torch.cat(rows))
    assert_equal(window_reverse(torch.stack([windows, -windows]), height, width), torch.stack([grid, -grid]))
    assert_equal(window_partition(grid, size), windows)


@pytest.mark.parametrize(("height", "width", "size"), [(4, 5, 2), (5, 4, 2), (4, 4, 0), (2, 2, 4)])
def test_window_partition_rejects_what_windows_do_not_tile(window_partition, height, width, size):
    """A window has a side of at least one and divides both sides of the grid."""
    assert_rejects(window_partition, numbered(2, height, width, 3), size)


@pytest.mark.parametrize(
    ("count", "tokens", "height", "width"), [(6, 5, 4, 6), (5, 4, 4, 6), (7, 4, 4, 6), (6, 4, 3, 8)]
)
def test_window_reverse_rejects_what_does_not_fill_the_grid(window_reverse, count, tokens, height, width):
    """Windows are square, and as many as the grid has."""
    assert_rejects(window_reverse, numbered(2, count, tokens, 3), height, width)


@pytest.mark.parametrize("shift", [-7, -1, 0, 1, 2, 4])
def test_cyclic_shift_translates_on_the_torus(cyclic_shift, shift):
    """What comes to (i, j) was at (i + shift, j + shift), counted around the grid, and the opposite shift undoes it."""
    x = numbered(4, 5, 3)
    expected = [[x[(i + shift) % 4, (j + shift) % 5] for j in range(5)] for i in range(4)]
    shifted = cyclic_shift(x, shift)
    assert_equal(shifted, torch.stack([torch.stack(row) for row in expected]))
    assert_equal(cyclic_shift(shifted, -shift), x)
    assert_equal(cyclic_shift(torch.stack([x, -x]), shift), torch.stack([shifted, -shifted]))
    assert_equal(cyclic_shift(torch.stack([x, -x])[None], shift), torch.stack([shifted, -shifted])[None])


@pytest.mark.parametrize(("height", "width", "size", "shift"), SHIFTED)
def test_shifted_window_mask_joins_former_neighbours(shifted_window_mask, height, width, size, shift):
    """Two tokens of a window belong together if, before the shift, no cut lay between them; at shift 0 none does."""
    before = [((i + shift) % height, (j + shift) % width) for i in range(height) for j in range(width)]
    regions = [((i - shift) // size, (j - shift) // size) for i, j in before]
    windows = [[] for _ in range(height * width // size**2)]
    for place, region in enumerate(regions):
        row, column = divmod(place, width)
        windows[row // size * (width // size) + column // size].append(region)
    expected = [[[first == second for second in window] for first in window] for window in windows]
    assert_equal(shifted_window_mask(height, width, size, shift), torch.tensor(expected))


@pytest.mark.parametrize(
    ("height", "width", "size", "shift"), [(4, 6, 2, 2), (4, 6, 2, 3), (4, 6, 2, -1), (4, 5, 2, 1), (5, 4, 2, 1)]
)
def test_shifted_window_mask_rejects_impossible_shifts(shifted_window_mask, height, width, size, shift):
    """Windows tile the grid, and are shifted by less than their side."""
    assert_rejects(shifted_window_mask, height, width, size, shift)


@pytest.mark.parametrize(
    ("height", "width", "size", "block", "expected"),
    [
        (56, 56, 7, 0, (7, 0)),
        (56, 56, 7, 1, (7, 3)),
        (56, 56, 7, 6, (7, 0)),
        (24, 12, 4, 3, (4, 2)),
        (8, 9, 7, 1, (7, 3)),
        (7, 14, 7, 1, (7, 0)),
        (9, 5, 7, 2, (5, 0)),
        (5, 9, 7, 3, (5, 0)),
        (2, 1, 1, 1, (1, 0)),
    ],
)
def test_window_and_shift_alternate(window_and_shift, height, width, size, block, expected):
    """Odd blocks are shifted by half a window, and a window as long as a side of the grid is that side, unshifted."""
    assert_equal(window_and_shift(height, width, size, block), expected)


@pytest.mark.parametrize(
    ("height", "width", "size", "block"), [(0, 4, 2, 1), (4, 0, 2, 1), (4, 4, 0, 1), (4, 4, 2, -1)]
)
def test_window_and_shift_rejects_nothing_to_cut(window_and_shift, height, width, size, block):
    """Sides are at least 1 and blocks are counted from 0."""
    assert_rejects(window_and_shift, height, width, size, block)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_relative_position_index_numbers_the_offsets(relative_position_index, size):
    """Offsets, sorted, are numbered from 0, so that a pair and its mirror image add up to the largest number."""
    places = list(itertools.product(range(size), repeat=2))
    offsets = sorted({(a[0] - b[0], a[1] - b[1]) for a in places for b in places})
    expected = [[offsets.index((a[0] - b[0], a[1] - b[1])) for b in places] for a in places]
    index = relative_position_index(size)
    assert_equal(index, torch.tensor(expected))
    assert_equal(index + index.T, torch.full_like(index, len(offsets) - 1))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_relative_position_bias_depends_on_the_offset_alone(relative_position_bias, size):
    """Tokens at (i, j) and (m, n) have the entry of the table at row i - m and column j - n from the middle."""
    square, middle = numbered(2 * size - 1, 2 * size - 1, 2), size - 1
    places = list(itertools.product(range(size), repeat=2))
    rows = [[square[i - m + middle, j - n + middle] for m, n in places] for i, j in places]
    expected = torch.stack([torch.stack(row) for row in rows])
    assert_equal(relative_position_bias(square.flatten(0, 1), size), expected.permute(2, 0, 1))


@pytest.mark.parametrize(("offsets", "size"), [(8, 2), (10, 2), (9, 3), (1, 0)])
def test_relative_position_bias_rejects_tables_of_another_window(
    relative_position_bias, relative_position_index, offsets, size
):
    """A window of side M has (2 M - 1)^2 offsets, and a side of at least 1."""
    assert_rejects(relative_position_bias, numbered(offsets, 3), size)
    assert_rejects(relative_position_index, min(size, 0))


@pytest.mark.parametrize(("height", "width", "size", "shift"), SHIFTED[:3])
@given(x=dyadics(-16, 16, 2, 6, 6, 3, grid=8))
def test_shifted_window_attention_equals_attention_within_regions(
    shifted_window_attention, x, height, width, size, shift
):
    """Tokens attend to those from which no cut at shift, shift + size, ... of either axis parts them, and no others."""
    x = x[:, :height, :width]

    regions = [((i - shift) // size, (j - shift) // size) for i in range(height) for j in range(width)]
    together = torch.tensor([[first == second for second in regions] for first in regions])
    seen = shifted_window_attention(x, size, shift, read)
    # Scores are sums of three products of numbers up to 2.
    assert_close(seen, read(x.flatten(1, 2), together).reshape(x.shape), attended_magnitude(12, x))


@pytest.mark.parametrize(("height", "width", "size", "shift"), SHIFTED)
def test_shifted_window_attention_knows_places_in_windows(shifted_window_attention, height, width, size, shift):
    """The token at (i, j) has the place (i - shift, j - shift) modulo the side of the window, and returns to (i, j)."""
    x = numbered(2, height, width, 3)
    place = numbered(size * size, 3)

    def attend(windows, mask):
        return windows + 1000 * place

    seen = shifted_window_attention(x, size, shift, attend)
    places = [[((i - shift) % size) * size + (j - shift) % size for j in range(width)] for i in range(height)]
    assert_equal(seen, x + 1000 * place[torch.tensor(places)])
    assert_equal(shifted_window_attention(x[0], size, shift, attend), seen[0])


@pytest.mark.parametrize(("height", "width", "size", "shift"), [(4, 6, 2, 2), (4, 6, 2, -1), (4, 5, 2, 1)])
def test_shifted_window_attention_rejects_impossible_shifts(shifted_window_attention, height, width, size, shift):
    """Windows tile the grid, and are shifted by less than their side."""
    x = numbered(2, height, width, 3)
    assert_rejects(shifted_window_attention, x, size, shift, lambda windows, mask: 2 * windows)


def test_stack_patches_goes_down_each_column(stack_patches):
    """A cell's channels are those of its tokens (0, 0), (1, 0), (0, 1) and (1, 1), so that nothing is lost."""
    x = numbered(6, 8, 3)
    cells = itertools.product(range(0, 6, 2), range(0, 8, 2))
    expected = [torch.cat([x[i, j], x[i + 1, j], x[i, j + 1], x[i + 1, j + 1]]) for i, j in cells]
    stacked = torch.stack(expected).reshape(3, 4, 12)
    assert_equal(stack_patches(x), stacked)
    assert_equal(stack_patches(torch.stack([x, -x])), torch.stack([stacked, -stacked]))


@given(x=normals(2, 4, 6, 3), reduction=normals(5, 12))
def test_patch_merging_equals_strided_convolution(patch_merging, x, reduction):
    """With cells multiplied by their sum of squares it is a convolution of stride 2 multiplied by these sums."""
    image, kernel = x.permute(0, 3, 1, 2), reduction.reshape(5, 2, 2, 3).permute(0, 3, 2, 1)
    squares = torch.nn.functional.avg_pool2d(image.square().sum(1, keepdim=True), 2, divisor_override=1)
    expected = (torch.nn.functional.conv2d(image, kernel, stride=2) * squares).permute(0, 2, 3, 1)
    # Twelve products of numbers up to 4, and twelve squares.
    size = 12 * 16 * (1 + squares.permute(0, 2, 3, 1))

    def normalize(stacked):
        return stacked * stacked.square().sum(-1, keepdim=True)

    assert_close(patch_merging(x, normalize, reduction), expected, size)
    assert_close(patch_merging(x[0], normalize, reduction), expected[0], size[0])


@pytest.mark.parametrize(("height", "width"), [(3, 4), (4, 5)])
def test_stack_patches_rejects_odd_sides(stack_patches, patch_merging, height, width):
    """Cells of 2 x 2 need even sides."""
    x = numbered(height, width, 6)
    assert_rejects(stack_patches, x)
    assert_rejects(patch_merging, x, lambda stacked: 2 * stacked, numbered(5, 24))


@pytest.mark.parametrize(("grids", "merge_size", "window"), VIDEOS)
def test_vision_windows_sort_cells_by_window(vision_windows, grids, merge_size, window):
    """Cells are sorted by grid, frame, window and place in it; a boundary in patches is where the window changes."""
    order, windows = cells_in_order(grids, merge_size, window)
    seen = vision_windows(grids, merge_size, window)
    assert_equal(seen.order, torch.tensor(order))
    lengths = [merge_size**2 * len(list(cells)) for _, cells in itertools.groupby(windows)]
    assert_equal(seen.boundaries, torch.tensor([0, *itertools.accumulate(lengths)]))


def test_vision_windows_reduces_to_frames_at_large_windows(vision_windows):
    """A window that covers the grid leaves the order alone and parts frames only, which is full attention per frame."""
    seen = vision_windows([VisionGrid(2, 4, 6), VisionGrid(1, 2, 2)], 2, 3)
    assert_equal(seen.order, torch.arange(13))
    assert_equal(seen.boundaries, torch.tensor([0, 24, 48, 52]))


@pytest.mark.parametrize(
    ("grids", "merge_size", "window"),
    [
        ([], 2, 2),
        ([VisionGrid(1, 4, 6)], 2, 0),
        ([VisionGrid(1, 4, 5)], 2, 2),
        ([VisionGrid(1, 4, 6)], 0, 2),
        ([VisionGrid(1, 4, 6), VisionGrid(0, 4, 6)], 2, 2),
    ],
)
def test_vision_windows_rejects_nothing_to_cut(vision_windows, grids, merge_size, window):
    """There is a grid, each has a frame and whole cells, and a window holds at least one cell."""
    assert_rejects(vision_windows, grids, merge_size, window)


@pytest.mark.parametrize("patches_per_cell", [1, 4])
@pytest.mark.parametrize("order", [[2, 0, 4, 1, 3], [1, 2, 3, 4, 0]])
def test_cells_by_window_moves_cells_as_a_whole(cells_by_window, cells_by_raster, order, patches_per_cell):
    """Cell order[k] comes to place k with all its patches, and from there, merged, back to where it was."""
    patches = numbered(2, 5 * patches_per_cell, 3)
    cells = patches.reshape(2, 5, patches_per_cell, 3)
    moved = cells_by_window(patches, torch.tensor(order))
    assert_equal(moved, torch.stack([cells[:, cell] for cell in order], 1).reshape(2, -1, 3))
    merged = numbered(2, 5, 3)
    back = cells_by_raster(merged, torch.tensor(order))
    assert_equal(torch.stack([back[:, cell] for cell in order], 1), merged)
    assert_equal(cells_by_raster(merged[0], torch.tensor(order)), back[0])


@pytest.mark.parametrize(("grids", "merge_size", "window"), VIDEOS)
def test_cells_by_window_makes_windows_contiguous(cells_by_window, vision_windows, grids, merge_size, window):
    """Between two boundaries lie all patches of one window, cell by cell, if they were in merge order before."""
    patches = [
        (number, frame, row * merge_size + i, column * merge_size + j)
        for number, grid in enumerate(grids)
        for frame in range(grid.frames)
        for row in range(grid.rows // merge_size)
        for column in range(grid.columns // merge_size)
        for i, j in itertools.product(range(merge_size), repeat=2)
    ]
    order, boundaries = vision_windows(grids, merge_size, window)
    moved = cells_by_window(torch.tensor(patches, dtype=torch.float64), order).long().tolist()
    side = window * merge_size
    places = [(number, frame, row // side, column // side) for number, frame, row, column in moved]
    found = [set(places[start:end]) for start, end in itertools.pairwise(boundaries.tolist())]
    assert_equal([len(windows) for windows in found], [1] * len(found))
    assert_equal(len(set.union(*found)), len(found))


@pytest.mark.parametrize("patches", [7, 4])
def test_cells_by_window_rejects_broken_cells(cells_by_window, patches):
    """Three cells have a multiple of three patches."""
    assert_rejects(cells_by_window, numbered(2, patches, 5), torch.tensor([2, 0, 1]))
