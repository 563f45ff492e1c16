"""Attention in windows of a grid of tokens: Swin's, shifted by part of a window, and that of Qwen2.5-VL's vision tower.

Grids are laid out as "height width channels". Windows and the tokens in them are counted row by row.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import linear

from reference.transformer.masks import cumulative_lengths
from reference.transformer.multimodal_positions import VisionGrid
from reference.transformer.patches import patch_grid


class VisionWindows(NamedTuple):
    """Merged cells window by window, and where in the sequence of patches each window begins and the last one ends."""

    order: Int64[Tensor, "cells"]
    boundaries: Int64[Tensor, "windows+1"]


def window_partition(
    x: Float[Tensor, "*batch height width channels"], size: int
) -> Float[Tensor, "*batch windows tokens channels"]:
    """Windows of size x size tokens that tile a grid.

        out[R w + C, i size + j] = x[R size + i, C size + j],   w = width / size

    Attention within them scores height width size^2 pairs instead of (height width)^2.

    Domain: size >= 1 divides height and width; else ValueError.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2.
    Differs: Swin's code folds the windows into the batch, and keeps the two axes of tokens.
    Notes: R004-072.
    """
    return _windows(x, size)


def window_reverse(
    windows: Float[Tensor, "*batch windows tokens channels"], height: int, width: int
) -> Float[Tensor, "*batch height width channels"]:
    """Grid of which `window_partition` made the windows.

        out[R size + i, C size + j] = windows[R w + C, i size + j],   size^2 = tokens,   w = width / size

    Domain: size >= 1 divides height and width, else ValueError; a square number of tokens, and as many windows as fill
    the grid, else RuntimeError.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, code.
    Notes: R004-072.
    """
    size = math.isqrt(windows.shape[-2])
    high, wide = patch_grid(height, width, size)
    grid = torch.unflatten(torch.unflatten(windows, -2, (size, size)), -4, (high, wide)).transpose(-4, -3)
    return grid.flatten(-5, -4).flatten(-3, -2).clone()


def cyclic_shift(
    x: Float[Tensor, "*batch height width channels"], shift: int
) -> Float[Tensor, "*batch height width channels"]:
    """Grid moved up and to the left, where what leaves at one edge enters at the opposite one.

        out[i, j] = x[(i + shift) mod height, (j + shift) mod width]

    A translation, not a rotation about the centre.

    Domain: every integer; -shift undoes it.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2 and figure 4.
    Notes: R004-073.
    """
    return x.roll((-shift, -shift), (-3, -2))


def shifted_window_mask(height: int, width: int, size: int, shift: int) -> Bool[Tensor, "windows tokens tokens"]:
    """Pairs of tokens in each window of a shifted grid that were neighbours before the shift.

        out[window, a, b] = (a wrapped around the top edge iff b did) and (a around the left edge iff b did)

    where rows i >= height - shift and columns j >= width - shift have wrapped. So only windows of the last row and
    column are parted. The diagonal is True: no token is without any.

    Domain: size >= 1 divides height and width and 0 <= shift < size; else ValueError. All True at shift = 0.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2 and figure 4.
    Differs: Swin's code adds -100 to the scores where this is False, which leaks where scores differ by as much. It
    numbers 3 x 3 regions, which part the windows in the same way.
    Notes: R004-073.
    """
    if not 0 <= shift < size:
        raise ValueError(f"shift must be in 0..{size - 1}; got {shift}")
    wrapped = torch.cartesian_prod(torch.arange(height) >= height - shift, torch.arange(width) >= width - shift)
    windows = _windows(wrapped.reshape(height, width, 2), size)
    return (windows[:, :, None] == windows[:, None]).all(-1)


def window_and_shift(height: int, width: int, size: int, block: int) -> tuple[int, int]:
    """Window size and shift of a block: every other block is shifted by half a window, unless one window fills a side.

        (size, 0) for even blocks,   (size, floor(size / 2)) for odd ones,   (min(height, width), 0) if that is <= size

    Domain: height, width and size at least 1, block counted from 0; else ValueError. On a grid of 7 x 14 with size 7
    the two windows are never joined.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2 and code.
    Notes: R004-073.
    """
    if min(height, width, size) < 1 or block < 0:
        raise ValueError(f"no window of size {size} on a {height} x {width} grid in block {block}")
    if min(height, width) <= size:
        return min(height, width), 0
    return size, size // 2 * (block % 2)


def relative_position_index(size: int) -> Int64[Tensor, "tokens tokens"]:
    """Number of the offset of each token of a window from each other.

        out[a, b] = (dh + size - 1) (2 size - 1) + dw + size - 1,   (dh, dw) = place of a - place of b

    It runs from 0 to (2 size - 1)^2 - 1, is half of that on the diagonal, and out[a, b] + out[b, a] is all of it.

        >>> relative_position_index(2).tolist()
        [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]

    Domain: size >= 1; else ValueError.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2, eq. 4, and code.
    Notes: R004-073.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1; got {size}")
    token = torch.arange(size * size)
    row, column = token // size, token % size
    down, right = row[:, None] - row, column[:, None] - column
    return (down + size - 1) * (2 * size - 1) + right + size - 1


def relative_position_bias(table: Float[Tensor, "offsets heads"], size: int) -> Float[Tensor, "heads tokens tokens"]:
    """Bias of each head for each pair of tokens in a window, which depends on their offset only.

        out[h, a, b] = table[relative_position_index(size)[a, b], h]

    Domain: size >= 1 and (2 size - 1)^2 offsets; else ValueError.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2, eq. 4.
    Notes: R004-073.
    """
    index = relative_position_index(size)
    if len(table) != (2 * size - 1) ** 2:
        raise ValueError(f"a window of side {size} has {(2 * size - 1) ** 2} offsets; got {len(table)}")
    return table.T[:, index]


def shifted_window_attention(
    x: Float[Tensor, "*batch height width channels"],
    size: int,
    shift: int,
    attend: Callable[[Tensor, Tensor], Tensor],
) -> Float[Tensor, "*batch height width out"]:
    """Attention among the tokens of each window of a grid that is cut `shift` tokens down and to the right.

        out = cyclic_shift(window_reverse(attend(window_partition(cyclic_shift(x, shift)), mask)), -shift)

    with the mask of `shifted_window_mask`. `attend(windows, mask)` gets "*batch windows tokens channels" and the mask
    for each window, True where a token may attend to another. Tokens i and j of an axis meet only if
    floor((i - shift) / size) = floor((j - shift) / size): windows at the edges are smaller.

    Domain: size >= 1 divides height and width and 0 <= shift < size; else ValueError.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.2 and figure 4.
    Notes: R004-072, R004-073.
    """
    height, width = x.shape[-3:-1]
    mask = shifted_window_mask(height, width, size, shift).to(x.device)
    windows = attend(window_partition(cyclic_shift(x, shift), size), mask)
    return cyclic_shift(window_reverse(windows, height, width), -shift)


def stack_patches(
    x: Float[Tensor, "*batch height width channels"],
) -> Float[Tensor, "*batch half_height half_width stacked"]:
    """Channels of each 2 x 2 tokens side by side, column by column.

        out[R, C] = [x[2R, 2C], x[2R + 1, 2C], x[2R, 2C + 1], x[2R + 1, 2C + 1]]

    Domain: even height and width; else ValueError.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.1 and code (`PatchMerging`).
    Differs: Swin's versions for detection pad an odd side with zeros. Unfolding, as in mmdetection, counts
    the place within the cell faster than the channel.
    Notes: R004-074.
    """
    cells = _windows(x, 2)[..., [0, 2, 1, 3], :].flatten(-2)
    return torch.unflatten(cells, -2, (x.shape[-3] // 2, x.shape[-2] // 2))


def patch_merging(
    x: Float[Tensor, "*batch height width channels"],
    normalize: Callable[[Tensor], Tensor],
    reduction: Float[Tensor, "merged stacked"],
) -> Float[Tensor, "*batch half_height half_width merged"]:
    """Grid of half the height and width, in which one token stands for 2 x 2.

        out = normalize(stack_patches(x)) reduction^T

    From C channels Swin stacks 4 C and keeps 2 C. Without the normalisation it is a convolution with 2 x 2 kernels and
    stride 2.

    Domain: even height and width, else ValueError; stacked = 4 channels.
    Source: Liu et al. 2021 (Swin), arXiv:2103.14030, section 3.1 and code (`PatchMerging`).
    Differs: Swin V2 normalises after the reduction.
    Notes: R004-074.
    """
    return linear(normalize(stack_patches(x)), reduction)


def vision_windows(grids: Sequence[VisionGrid], merge_size: int, window: int) -> VisionWindows:
    """Order in which the merged cells of images and videos lie window by window, and boundaries in patches.

        cells by (grid, frame, floor(row / window), floor(column / window), row, column)

    A cell is merge_size x merge_size patches, a window at most window x window cells; those at the right and lower edge
    hold what is left. Patches are in `merge_order` within each frame, so that merge_size^2 of them follow each other.

        >>> [part.tolist() for part in vision_windows([VisionGrid(1, 4, 6)], 2, 2)]
        [[0, 1, 3, 4, 2, 5], [0, 16, 24]]

    Domain: at least one grid, frames >= 1, window >= 1, merge_size >= 1 divides rows and columns; else ValueError. A
    window that covers the grid leaves the order alone, and boundaries are those of the frames.
    Source: Bai et al. 2025 (Qwen2.5-VL), arXiv:2502.13923, section 2.1.1 and code (`get_window_index`; 112 pixels of
    14 per patch and 2 patches per cell make windows of 4 cells).
    Differs: that code also has empty windows, one row and column of them even where window divides the grid; the
    boundaries that they repeat are removed afterwards.
    Notes: R003-206.
    """
    if not grids or min(window, *(grid.frames for grid in grids)) < 1:
        raise ValueError(f"a window of {window} cells cannot cut {grids}")
    windows: list[Tensor] = []
    for frames, rows, columns, _ in grids:
        high, wide = patch_grid(rows, columns, merge_size)
        start = sum(map(len, windows))
        cells = torch.arange(start, start + frames * high * wide).reshape(frames, high, wide)
        windows += [part.flatten() for frame in cells for band in frame.split(window) for part in band.split(window, 1)]
    lengths = torch.tensor([merge_size**2 * len(part) for part in windows])
    return VisionWindows(torch.cat(windows), cumulative_lengths(lengths))


def cells_by_window(
    patches: Float[Tensor, "*batch patches channels"], order: Int64[Tensor, "cells"]
) -> Float[Tensor, "*batch patches channels"]:
    """Patches with their cells in the order of `vision_windows`.

        out[k m^2 + r] = patches[order[k] m^2 + r],   m^2 = patches / cells

    The positions of patches are moved along.

    Domain: patches a multiple of the number of cells; else ValueError.
    Source: Bai et al. 2025 (Qwen2.5-VL), arXiv:2502.13923, code.
    Notes: R003-206.
    """
    cell, rest = divmod(patches.shape[-2], len(order))
    if rest:
        raise ValueError(f"{len(order)} cells need a multiple of as many patches; got {patches.shape[-2]}")
    return torch.unflatten(patches, -2, (len(order), cell))[..., order, :, :].flatten(-3, -2)


def cells_by_raster(
    merged: Float[Tensor, "*batch cells channels"], order: Int64[Tensor, "cells"]
) -> Float[Tensor, "*batch cells channels"]:
    """Merged cells, one token each, back from the order of `vision_windows` into their own.

        out[order[k]] = merged[k]

    Domain: order a permutation.
    Source: Bai et al. 2025 (Qwen2.5-VL), arXiv:2502.13923, code (argsort of the window index).
    Notes: R003-206.
    """
    return merged[..., order.argsort(), :]


def _windows(x: Tensor, size: int) -> Tensor:
    high, wide = patch_grid(x.shape[-3], x.shape[-2], size)
    cut = torch.unflatten(torch.unflatten(x, -2, (wide, size)), -4, (high, size)).transpose(-4, -3)
    return cut.flatten(-5, -4).flatten(-3, -2).clone()
