"""Wrong variants of `reference.transformer.windows`."""

import torch

from properties.mistakes import mistake, variant
from reference.transformer.windows import (
    VisionWindows,
    cells_by_raster,
    cells_by_window,
    cyclic_shift,
    patch_merging,
    relative_position_bias,
    relative_position_index,
    shifted_window_attention,
    shifted_window_mask,
    stack_patches,
    vision_windows,
    window_and_shift,
    window_partition,
    window_reverse,
)


@mistake(of=window_partition, seen="ByChelsea/CMOS#4")
def window_partition_without_permutation(x, size):
    """the grid is viewed as windows without a transposition, so that a window holds a stretch of rows"""
    return x.reshape(window_partition(x, size).shape).clone()


@mistake(of=window_partition, seen="catalogue R004-072")
def window_partition_column_by_column(x, size):
    """windows are counted down the columns"""
    rows = x.shape[-3] // size
    windows = window_partition(x, size)
    return windows.unflatten(-3, (rows, -1)).transpose(-4, -3).flatten(-4, -3).clone()


@mistake(of=window_partition, seen="dilated windows, as in MaxViT's grid attention")
def window_partition_dilated(x, size):
    """a window takes every n-th token of the whole grid instead of neighbours"""
    high, wide = (side // size for side in x.shape[-3:-1])
    window_partition(x, size)
    cut = x.unflatten(-2, (size, wide)).unflatten(-4, (size, high))
    return cut.movedim((-4, -2), (-5, -4)).flatten(-5, -4).flatten(-3, -2).clone()


@mistake(of=window_partition, seen="catalogue R004-072")
def window_partition_that_drops_the_rest(x, size):
    """tokens that do not fill a window are dropped"""
    height, width = (max(1, side // max(1, size)) * max(1, size) for side in x.shape[-3:-1])
    return window_partition(x[..., :height, :width, :], min(max(1, size), *x.shape[-3:-1]))


@mistake(of=window_reverse, seen="ByChelsea/CMOS#4")
def window_reverse_without_permutation(windows, height, width):
    """the windows are viewed as a grid without a transposition"""
    return windows.reshape(window_reverse(windows, height, width).shape).clone()


@mistake(of=window_reverse, seen="catalogue R004-072")
def window_reverse_of_the_transposed_grid(windows, height, width):
    """height and width are exchanged"""
    transposed = window_reverse(windows, width, height)
    return transposed.reshape(window_reverse(windows, height, width).shape).clone()


@mistake(of=window_reverse, seen="microsoft/Swin-Transformer, window_reverse, which takes any batch that comes out")
def window_reverse_without_check(windows, height, width):
    """windows that do not fill the grid, or that are not square, are cut or repeated until they fit"""
    size = 1
    while (size + 1) ** 2 <= windows.shape[-2] and height % (size + 1) == width % (size + 1) == 0:
        size += 1
    wanted = torch.arange(height * width // size**2) % windows.shape[-3]
    return window_reverse(windows[..., wanted, : size * size, :], height, width)


@mistake(of=cyclic_shift, seen="E004-22")
def cyclic_shift_that_rotates(x, shift):
    """the grid is turned by half a turn about its centre instead of moved"""
    return x.flip(-3, -2).clone() if shift else x.clone()


@mistake(of=cyclic_shift, seen="catalogue R004-073")
def cyclic_shift_the_other_way(x, shift):
    """the grid is moved down and to the right"""
    return x.roll((shift, shift), (-3, -2))


@mistake(of=cyclic_shift, seen="catalogue R004-073")
def cyclic_shift_of_channels(x, shift):
    """the last two axes are moved, of which one holds the channels"""
    return x.roll((-shift, -shift), (-2, -1))


@mistake(of=cyclic_shift, seen="catalogue R004-073")
def cyclic_shift_of_the_sequence(x, shift):
    """the grid is flattened and moved as one sequence, so that rows run into each other"""
    return x.flatten(-3, -2).roll(-shift * (x.shape[-2] + 1), -2).reshape(x.shape)


@mistake(of=cyclic_shift, seen="catalogue R004-073")
def cyclic_shift_of_single_grids(x, shift):
    """the first two axes are rolled, which are those of a grid only without a batch"""
    return x.roll((-shift, -shift), (0, 1))


@mistake(of=shifted_window_mask, seen="zsyOAOA/ResShift#81")
def shifted_window_mask_of_columns(height, width, size, shift):
    """regions are told apart by their columns only, as the axis of rows is missed"""
    shifted_window_mask(height, width, size, shift)
    column = (torch.arange(width) >= width - shift).double()
    region = window_partition(column.expand(height, width)[..., None], size)
    return region == region.transpose(-2, -1)


@mistake(of=shifted_window_mask, seen="catalogue R004-073")
def shifted_window_mask_of_nothing(height, width, size, shift):
    """every token may attend to all of its window, also to those from the opposite edge"""
    return torch.ones_like(shifted_window_mask(height, width, size, shift))


@mistake(of=shifted_window_mask, seen="huggingface/pytorch-image-models#2438")
def shifted_window_mask_at_the_first_edge(height, width, size, shift):
    """the tokens that wrapped are sought at the top and left edge"""
    return shifted_window_mask(height, width, size, shift).flip(0, 1, 2).clone()


@mistake(of=shifted_window_mask, seen="HVision-NKU/SRFormer#14")
def shifted_window_mask_with_shift_and_rest_exchanged(height, width, size, shift):
    """size - shift rows and columns are taken for the wrapped ones"""
    mask = shifted_window_mask(height, width, size, shift)
    return shifted_window_mask(height, width, size, size - shift) if shift else mask


@mistake(of=shifted_window_mask, seen="catalogue R004-073")
def shifted_window_mask_where_one_axis_suffices(height, width, size, shift):
    """two tokens belong together if they lie on the same side in one of the axes"""
    rows = shifted_window_mask_of_columns(width, height, size, shift).unflatten(0, (width // size, -1))
    places = torch.arange(size * size).reshape(size, size).T.flatten()
    rows = rows.transpose(0, 1).flatten(0, 1)[:, places][:, :, places]
    return rows | shifted_window_mask_of_columns(height, width, size, shift)


@mistake(of=shifted_window_mask, seen="microsoft/Swin-Transformer#52")
def shifted_window_mask_of_two_regions(height, width, size, shift):
    """what wrapped at the top, at the left or at both is one region, so that the last window has two parts, not four"""
    shifted_window_mask(height, width, size, shift)
    wrapped = (torch.arange(height) >= height - shift)[:, None] | (torch.arange(width) >= width - shift)
    region = window_partition(wrapped[..., None].double(), size)
    return region == region.transpose(-2, -1)


@mistake(of=shifted_window_mask, seen="microsoft/Swin-Transformer, whose slices of Python wrap and clip")
def shifted_window_mask_without_check(height, width, size, shift):
    """a shift by a window or more, or backwards, gets a mask all the same"""
    return shifted_window_mask(height - height % size, width - width % size, size, min(max(shift, 0), size - 1))


@variant(of=shifted_window_mask, seen="microsoft/Swin-Transformer")
def shifted_window_mask_of_nine_regions(height, width, size, shift):
    """to number the rows before the last window apart changes nothing, as no window holds both"""
    shifted_window_mask(height, width, size, shift)
    rows, columns = (
        (torch.arange(side) >= side - size).double() + (torch.arange(side) >= side - shift) for side in (height, width)
    )
    region = window_partition((3 * rows[:, None] + columns)[..., None], size)
    return region == region.transpose(-2, -1)


@mistake(of=window_and_shift, seen="pytorch/vision#6222")
def window_and_shift_on_small_grids_too(height, width, size, block):
    """a grid that is no larger than the window is cut and shifted like any other"""
    window_and_shift(height, width, size, block)
    return size, size // 2 if block % 2 else 0


@mistake(of=window_and_shift, seen="catalogue R004-073")
def window_and_shift_by_the_longer_side(height, width, size, block):
    """the longer side decides whether one window is enough"""
    window_and_shift(height, width, size, block)
    if max(height, width) <= size:
        return min(height, width), 0
    return size, size // 2 if block % 2 else 0


@mistake(of=window_and_shift, seen="catalogue R004-073")
def window_and_shift_in_even_blocks(height, width, size, block):
    """the even blocks are shifted instead of the odd ones"""
    window_and_shift(height, width, size, block)
    return window_and_shift(height, width, size, block + 1)


@mistake(of=window_and_shift, seen="catalogue R004-073")
def window_and_shift_rounded_up(height, width, size, block):
    """half of an odd window is rounded up"""
    window, shift = window_and_shift(height, width, size, block)
    return window, (window + 1) // 2 if shift else 0


@mistake(of=window_and_shift, seen="catalogue R004-073")
def window_and_shift_of_larger_grids_only(height, width, size, block):
    """a grid just as large as the window is shifted"""
    window, shift = window_and_shift(height, width, size, block)
    return (size, size // 2 * (block % 2)) if min(height, width) == size else (window, shift)


@mistake(of=window_and_shift, seen="microsoft/Swin-Transformer")
def window_and_shift_without_check(height, width, size, block):
    """an empty grid or window, or a block before the first, gets a window all the same"""
    return window_and_shift(max(1, height), max(1, width), max(1, size), abs(block))


@mistake(of=relative_position_index, seen="282857341/nnFormer#88")
def relative_position_index_with_colliding_offsets(size):
    """rows are weighted by the side of the window and not by the number of offsets, so that offsets share a number"""
    relative_position_index(size)
    token = torch.arange(size * size)
    row, column = token // size, token % size
    return (row[:, None] - row + size - 1) * size + column[:, None] - column + size - 1


@mistake(of=relative_position_index, seen="catalogue R004-073")
def relative_position_index_of_the_key(size):
    """the offset is counted from the query to the key"""
    return relative_position_index(size).T.clone()


@mistake(of=relative_position_index, seen="catalogue R004-073")
def relative_position_index_column_first(size):
    """the offset of columns counts as the slower one"""
    places = torch.arange(max(size, 1) ** 2).reshape(max(size, 1), -1).T.flatten()
    return relative_position_index(size)[places][:, places]


@mistake(of=relative_position_index, seen="catalogue R004-073")
def relative_position_index_of_distances(size):
    """offsets lose their sign"""
    relative_position_index(size)
    token = torch.arange(size * size)
    row, column = token // size, token % size
    return (row[:, None] - row).abs() * (2 * size - 1) + (column[:, None] - column).abs()


@mistake(of=relative_position_index, seen="microsoft/Swin-Transformer")
def relative_position_index_without_check(size):
    """a window without tokens has an empty table"""
    return relative_position_index(size) if size > 0 else torch.zeros(0, 0, dtype=torch.int64)


@mistake(of=relative_position_bias, seen="catalogue R004-073")
def relative_position_bias_of_swapped_pairs(table, size):
    """the table is read for the key minus the query"""
    return relative_position_bias(table, size).transpose(-2, -1).clone()


@mistake(of=relative_position_bias, seen="microsoft/Swin-Transformer, view without permute")
def relative_position_bias_with_heads_last(table, size):
    """the heads are brought to the front by a view instead of a transposition"""
    bias = relative_position_bias(table, size)
    return bias.permute(1, 2, 0).reshape(bias.shape).clone()


@mistake(of=relative_position_bias, seen="a table made for another window")
def relative_position_bias_without_check(table, size):
    """offsets beyond the table take its last entry"""
    return table.T[:, relative_position_index(max(1, size)).clamp(max=len(table) - 1)]


@mistake(of=relative_position_bias, seen="catalogue R004-073")
def relative_position_bias_of_swapped_pairs_in_even_windows(table, size):
    """queries and keys are exchanged in windows of even sides"""
    bias = relative_position_bias(table, size)
    return bias.mT.clone() if size % 2 == 0 else bias


@mistake(of=shifted_window_attention, seen="catalogue R004-073")
def shifted_window_attention_without_mask(x, size, shift, attend):
    """tokens from opposite edges attend to each other"""
    return shifted_window_attention(x, size, shift, lambda windows, mask: attend(windows, torch.ones_like(mask)))


@mistake(of=shifted_window_attention, seen="catalogue R004-073")
def shifted_window_attention_that_does_not_return(x, size, shift, attend):
    """the grid is not moved back"""
    return cyclic_shift(shifted_window_attention(x, size, shift, attend), shift)


@mistake(of=shifted_window_attention, seen="huggingface/pytorch-image-models#2438")
def shifted_window_attention_the_other_way(x, size, shift, attend):
    """the grid is moved down and to the right, and the mask is that of a move up and to the left"""
    moved = shifted_window_attention(cyclic_shift(x, -2 * shift), size, shift, attend)
    return cyclic_shift(moved, 2 * shift)


@mistake(of=shifted_window_attention, seen="berniwal/swin-transformer-pytorch#10")
def shifted_window_attention_rolled_within_windows(x, size, shift, attend):
    """tokens are moved around within their windows, so that windows stay what they were"""
    height, width = x.shape[-3:-1]
    mask = shifted_window_mask(height, width, size, shift).to(x.device)
    inner = window_partition(x, size).unflatten(-2, (size, size))
    read = attend(cyclic_shift(inner, shift).flatten(-3, -2), mask).unflatten(-2, (size, size))
    return window_reverse(cyclic_shift(read, -shift).flatten(-3, -2), height, width)


@mistake(of=shifted_window_attention, seen="microsoft/Swin-Transformer, whose other blocks are shifted")
def shifted_window_attention_without_shift(x, size, shift, attend):
    """no block is shifted, so that no window ever hears of another"""
    shifted_window_attention(x, size, shift, attend)
    return shifted_window_attention(x, size, 0, attend)


@mistake(of=shifted_window_attention, seen="microsoft/Swin-Transformer, whose slices of Python wrap and clip")
def shifted_window_attention_without_check(x, size, shift, attend):
    """a shift by a window or more, or backwards, is brought into range, and what does not fill a window is dropped"""
    height, width = (side - side % size for side in x.shape[-3:-1])
    return shifted_window_attention(x[..., :height, :width, :], size, min(max(shift, 0), size - 1), attend)


@mistake(of=shifted_window_attention, seen="catalogue R004-072")
def shifted_window_attention_of_batches_alone(x, size, shift, attend):
    """the second and third axis are rolled, whatever the number of axes"""
    height, width = x.shape[-3:-1]
    mask = shifted_window_mask(height, width, size, shift)
    read = attend(window_partition(x.roll((-shift, -shift), (1, 2)), size), mask)
    return window_reverse(read, height, width).roll((shift, shift), (1, 2))


@mistake(of=stack_patches, seen="HuCaoFighting/Swin-Unet#48")
def stack_patches_row_by_row(x):
    """the upper right token comes before the lower left one"""
    a, b, c, d = stack_patches(x).unflatten(-1, (4, -1)).unbind(-2)
    return torch.cat([a, c, b, d], -1)


@mistake(of=stack_patches, seen="berniwal/swin-transformer-pytorch#22, open-mmlab/mmdetection#6747")
def stack_patches_by_unfolding(x):
    """the place in the cell runs faster than the channel"""
    return stack_patches(x).unflatten(-1, (4, -1)).transpose(-2, -1).flatten(-2).clone()


@mistake(of=stack_patches, seen="catalogue R004-074")
def stack_patches_of_quadrants(x):
    """the four quarters of the grid are stacked instead of neighbours"""
    stack_patches(x)
    high, wide = x.shape[-3] // 2, x.shape[-2] // 2
    corners = [x[..., i * high : (i + 1) * high, j * wide : (j + 1) * wide, :] for j in (0, 1) for i in (0, 1)]
    return torch.cat(corners, -1)


@mistake(of=stack_patches, seen="Project-MONAI/MONAI#4696")
def stack_patches_that_drops_the_rest(x):
    """an odd row or column is dropped"""
    return stack_patches(x[..., : x.shape[-3] // 2 * 2, : x.shape[-2] // 2 * 2, :])


@mistake(of=stack_patches, seen="catalogue R004-074")
def stack_patches_of_single_grids(x):
    """the first two axes are taken for those of the grid"""
    stack_patches(x)
    return torch.cat([x[i::2, j::2] for j in (0, 1) for i in (0, 1)], -1)


@variant(of=stack_patches, seen="huggingface/pytorch-image-models, PatchMerging")
def stack_patches_by_permutation(x):
    """one view and one permutation put the column before the row, as the four slices do"""
    stack_patches(x)
    cut = x.unflatten(-2, (-1, 2)).unflatten(-4, (-1, 2))
    return cut.movedim((-4, -2), (-2, -3)).flatten(-3).clone()


@mistake(of=patch_merging, seen="catalogue R004-074")
def patch_merging_that_normalizes_last(x, normalize, reduction):
    """the normalisation comes after the reduction, as in Swin V2"""
    return normalize(patch_merging(x, lambda stacked: stacked.clone(), reduction))


@mistake(of=patch_merging, seen="catalogue R004-074")
def patch_merging_that_normalizes_tokens(x, normalize, reduction):
    """each token is normalised before the four are stacked"""
    return patch_merging(normalize(x), lambda stacked: stacked.clone(), reduction)


@mistake(of=patch_merging, seen="E004-23")
def patch_merging_to_as_many_channels(x, normalize, reduction):
    """the reduction keeps as many channels as there were instead of twice as many, and the others are 0"""
    kept = torch.arange(len(reduction))[:, None] < x.shape[-1]
    return patch_merging(x, normalize, torch.where(kept, reduction, 0))


@mistake(of=patch_merging, seen="HuCaoFighting/Swin-Unet#48")
def patch_merging_row_by_row(x, normalize, reduction):
    """the weights of the upper right and the lower left token are exchanged"""
    a, b, c, d = reduction.unflatten(-1, (4, -1)).unbind(-2)
    return patch_merging(x, normalize, torch.cat([a, c, b, d], -1))


@mistake(of=patch_merging, seen="Project-MONAI/MONAI#4696")
def patch_merging_that_drops_the_rest(x, normalize, reduction):
    """an odd row or column is dropped"""
    return patch_merging(x[..., : x.shape[-3] // 2 * 2, : x.shape[-2] // 2 * 2, :], normalize, reduction)


@mistake(of=patch_merging, seen="catalogue R004-074")
def patch_merging_of_batches_alone(x, normalize, reduction):
    """the second and third axis are taken for those of the grid"""
    patch_merging(x, normalize, reduction)
    return normalize(torch.cat([x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)], -1)) @ reduction.T


@mistake(of=vision_windows, seen="catalogue R003-206")
def vision_windows_in_raster_order(grids, merge_size, window):
    """the cells keep their order, while the boundaries are those of windows"""
    order, boundaries = vision_windows(grids, merge_size, window)
    return VisionWindows(order.sort().values, boundaries)


@mistake(of=vision_windows, seen="alibaba/Pai-Megatron-Patch#552")
def vision_windows_with_boundaries_of_cells(grids, merge_size, window):
    """the boundaries count merged cells instead of patches"""
    order, boundaries = vision_windows(grids, merge_size, window)
    return VisionWindows(order, boundaries // merge_size**2)


@mistake(of=vision_windows, seen="huggingface/transformers#37535")
def vision_windows_with_empty_windows(grids, merge_size, window):
    """the empty windows of a padding by a whole window stay, each as a boundary that comes twice"""
    order, boundaries = vision_windows(grids, merge_size, window)
    return VisionWindows(order, torch.cat([boundaries, boundaries[-1:]]))


@mistake(of=vision_windows, seen="transformers, whose window_index_id is the number of cells so far")
def vision_windows_that_start_anew(grids, merge_size, window):
    """each grid counts its cells from 0"""
    order, boundaries = vision_windows(grids, merge_size, window)
    starts = [vision_windows([grid], merge_size, window).order for grid in grids]
    return VisionWindows(torch.cat(starts) + 0 * order, boundaries)


@mistake(of=vision_windows, seen="video grids taken for images")
def vision_windows_across_frames(grids, merge_size, window):
    """a window reaches through all frames of a video"""
    order, _ = vision_windows(grids, merge_size, window)
    parts, start, ends = [], 0, [0]
    for frames, rows, columns, _ in grids:
        area = rows * columns // merge_size**2
        one, edges = vision_windows([type(grids[0])(1, rows, columns)], merge_size, window)
        for low, high in zip(edges[:-1] // merge_size**2, edges[1:] // merge_size**2, strict=True):
            parts += [start + area * frame + one[low:high] for frame in range(frames)]
            ends.append(ends[-1] + int(high - low) * frames * merge_size**2)
        start += area * frames
    return VisionWindows(torch.cat(parts) + 0 * order, torch.tensor(ends))


@mistake(of=vision_windows, seen="catalogue R003-206")
def vision_windows_of_patches(grids, merge_size, window):
    """the side of a window is taken as a number of patches instead of cells"""
    return vision_windows(grids, merge_size, max(1, window // max(1, merge_size)) if window > 0 else window)


@mistake(of=vision_windows, seen="transformers, get_window_index")
def vision_windows_without_check(grids, merge_size, window):
    """no grid, no frame or no cell gives an empty order, and what does not fill a cell is dropped"""
    whole = [
        type(grid)(grid.frames, *(side // max(1, merge_size) * max(1, merge_size) for side in grid[1:3]))
        for grid in grids
        if grid.frames
    ]
    if not whole:
        return VisionWindows(torch.zeros(0, dtype=torch.int64), torch.zeros(1, dtype=torch.int64))
    return vision_windows(whole, max(1, merge_size), max(1, window))


@variant(of=vision_windows, seen="huggingface/transformers#35569")
def vision_windows_by_padding(grids, merge_size, window):
    """the padded grid has empty windows even where the window divides it, which vanish with the repeated boundaries"""
    vision_windows(grids, merge_size, window)
    orders, lengths, start = [], [], 0
    for frames, rows, columns, _ in grids:
        high, wide = rows // merge_size, columns // merge_size
        cells = torch.arange(frames * high * wide).reshape(frames, high, wide) + start
        extra = (0, window - wide % window, 0, window - high % window)
        padded = torch.nn.functional.pad(cells, extra, value=-100)
        cut = padded.unflatten(2, (-1, window)).unflatten(1, (-1, window)).transpose(2, 3).flatten(3).flatten(0, 2)
        orders.append(cut[cut >= 0])
        lengths.append((cut >= 0).sum(-1) * merge_size**2)
        start += cells.numel()
    ends = torch.cat(lengths).cumsum(0)
    return VisionWindows(torch.cat(orders), torch.cat([ends.new_zeros(1), ends]).unique_consecutive())


@mistake(of=cells_by_window, seen="catalogue R003-206")
def cells_by_window_patch_by_patch(patches, order):
    """patches are moved as if each of them were a cell, so that only the first ones move"""
    count = patches.shape[-2] // len(order)
    cells_by_window(patches, order)
    return torch.cat([patches[..., order, :], patches[..., len(order) :, :]], -2) if count > 1 else patches.flip(-2)


@mistake(of=cells_by_window, seen="lablup/mlxcel#1600")
def cells_by_window_inverted(patches, order):
    """cells go to the place order[k] instead of coming from it"""
    return cells_by_window(patches, order.argsort())


@mistake(of=cells_by_window, seen="catalogue R003-206")
def cells_by_window_that_drops_the_rest(patches, order):
    """patches that do not fill a cell are dropped"""
    return cells_by_window(patches[..., : patches.shape[-2] // len(order) * len(order), :], order)


@mistake(of=cells_by_raster, seen="lablup/mlxcel#1600")
def cells_by_raster_of_the_same_order(merged, order):
    """the order is applied a second time instead of undone"""
    return merged[..., order, :]


@mistake(of=cells_by_raster, seen="catalogue R003-206")
def cells_by_raster_left_in_windows(merged, order):
    """the cells stay in the order of windows"""
    return merged.clone() + 0 * cells_by_raster(merged, order)


@mistake(of=cells_by_raster, seen="catalogue R003-206")
def cells_by_raster_of_batches_alone(merged, order):
    """the second axis is taken for that of the cells, whatever the number of axes"""
    return merged[:, order.argsort()]


@mistake(of=cyclic_shift, seen="catalogue R004-073")
def cyclic_shift_of_the_first_axes(x, shift):
    """the axes are counted from the front, where there may be more than one for the batch"""
    return x.roll((-shift, -shift), (1, 2) if x.ndim > 3 else (0, 1))


@mistake(of=vision_windows, seen="Qwen2.5-VL code")
def vision_windows_with_empty_ones(grids, merge_size, window):
    """a row of empty windows repeats the last boundary where windows fill the height"""
    order, boundaries = vision_windows(grids, merge_size, window)
    filled = grids[-1].rows // merge_size % window == 0
    return VisionWindows(order, torch.cat([boundaries, boundaries[-1:]]) if filled else boundaries)
