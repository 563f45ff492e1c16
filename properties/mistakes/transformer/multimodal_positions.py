"""Wrong variants of `reference.transformer.multimodal_positions`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.transformer.multimodal_positions import (
    VisionGrid,
    axial_rope_angles,
    axial_rope_frequencies,
    continued_position_ids,
    interleaved_axes,
    merge_order,
    mrope_angles,
    mrope_cosine_sine,
    mrope_delta,
    mrope_position_ids,
    mrope_position_ids_by_extent,
    raster_coordinates,
    raster_id,
    sectioned_axes,
    segment_raster_id,
    temporal_position_ids,
    vision_position_ids,
)

_orders = {}


def _as_image(segment):
    return segment if isinstance(segment, int) else segment._replace(interval=1.0)


@mistake(of=axial_rope_frequencies, seen="catalogue R003-221")
def axial_rope_frequencies_of_all_channels(channels, num_axes, base=10000.0):
    """the exponents are counted over all channels instead of the share of one axis"""
    pairs = len(axial_rope_frequencies(channels, num_axes, base))
    return base ** (-2 * torch.arange(pairs, dtype=torch.float64) / channels)


@mistake(of=axial_rope_frequencies, seen="huggingface/diffusers#10115")
def axial_rope_frequencies_with_default_base(channels, num_axes, base=10000.0):
    """the base is 10000 whatever was asked for"""
    return axial_rope_frequencies(channels, num_axes)


@mistake(of=axial_rope_frequencies, seen="catalogue R003-222")
def axial_rope_frequencies_rounded_down(channels, num_axes, base=10000.0):
    """channels that the axes cannot share in pairs are left out in silence"""
    share = max(channels // (2 * max(num_axes, 1)), 0)
    return base ** (-torch.arange(share, dtype=torch.float64) / max(share, 1))


@mistake(of=axial_rope_angles, seen="Meituan-AutoML/VisionLLaMA#4")
def axial_rope_angles_with_columns_first(positions, frequencies):
    """the first part of the channels turns by the column and the last by the row"""
    return axial_rope_angles(positions.flip(-1), frequencies)


@mistake(of=axial_rope_angles, seen="naver-ai/rope-vit#27")
def axial_rope_angles_alternating(positions, frequencies):
    """the axes take turns, frequency by frequency"""
    return (positions[..., None, :] * frequencies[:, None]).flatten(-2)


@mistake(of=axial_rope_angles, seen="Tencent/ncnn#6833")
def axial_rope_angles_of_rows_twice(positions, frequencies):
    """every part of the channels turns by the row"""
    return axial_rope_angles(positions[..., :1].expand_as(positions), frequencies)


@mistake(of=axial_rope_angles, seen="catalogue R003-221")
def axial_rope_angles_of_raster_positions(positions, frequencies):
    """the products of positions are added up, so that axes cannot be told apart"""
    return axial_rope_angles(positions.sum(-1, keepdim=True).expand_as(positions), frequencies)


@mistake(of=sectioned_axes, seen="QwenLM/Qwen3-VL#1800, Blaizzy/mlx-vlm#576")
def sectioned_axes_interleaved(sections):
    """the axes take turns, which is the layout of other weights"""
    if not sections or min(sections) < 1:
        return sectioned_axes(sections)
    return torch.tensor([i % len(sections) for i in range(sum(sections))])


@mistake(of=sectioned_axes, seen="catalogue R003-222")
def sectioned_axes_of_channels(sections):
    """sections are taken to count channels instead of pairs"""
    return sectioned_axes(sections).repeat_interleave(2)[: sum(sections)]


@mistake(of=sectioned_axes, seen="catalogue R003-222")
def sectioned_axes_without_check(sections):
    """an axis without pairs is left out in silence"""
    return torch.tensor([axis for axis, pairs in enumerate(sections) for _ in range(pairs)])


@mistake(of=interleaved_axes, seen="alibaba/MNN#4133, vllm-project/vllm-gaudi#1437")
def interleaved_axes_sectioned(sections):
    """each axis has a contiguous section, which is the layout of other weights"""
    interleaved_axes(sections)
    return sectioned_axes(sections)


@mistake(of=interleaved_axes, seen="XPU-Forces/mojo_opset#276")
def interleaved_axes_to_the_end(sections):
    """the axes take turns to the end, whatever their sections"""
    return torch.arange(len(interleaved_axes(sections))) % len(sections)


@mistake(of=interleaved_axes, seen="ohdearquant/lattice#1101")
def interleaved_axes_without_check(sections):
    """sections that turns cannot give are cut down in silence"""
    count = max(len(sections), 1)
    pairs = range(sum(sections))
    return torch.tensor([i % count if i // count < sections[i % count] else 0 for i in pairs], dtype=torch.int64)


@mistake(of=interleaved_axes, seen="QwenLM/Qwen3-VL#1800")
def interleaved_axes_of_which_the_first_repeats(sections):
    """the order is time, row, time, column, as a comment in the code had it"""
    axes = interleaved_axes(sections)
    order = [axis for axis in (0, 1, 0, 2) if axis < len(sections)]
    return torch.tensor([order[i % len(order)] for i in range(len(axes))])


@mistake(of=mrope_angles, seen="catalogue R003-223")
def mrope_angles_with_rows_and_columns_exchanged(positions, frequencies, axis_of_pair):
    """ids are read as (time, column, row)"""
    return mrope_angles(positions[..., [0, 2, 1]] if positions.shape[-1] == 3 else positions, frequencies, axis_of_pair)


@mistake(of=mrope_angles, seen="E003-099")
def mrope_angles_with_a_table_for_each_axis(positions, frequencies, axis_of_pair):
    """each axis starts at the highest frequency, so that text is no 1-D RoPE"""
    rank = [(axis_of_pair[:i] == axis).sum() for i, axis in enumerate(axis_of_pair)]
    return mrope_angles(positions, frequencies[torch.stack(rank)], axis_of_pair)


@mistake(of=mrope_angles, seen="kekzl/imp#1172")
def mrope_angles_of_time_alone(positions, frequencies, axis_of_pair):
    """all pairs turn by the first axis, which text does not show"""
    return mrope_angles(positions, frequencies, 0 * axis_of_pair)


@mistake(of=mrope_angles, seen="catalogue R003-222")
def mrope_angles_by_mean_position(positions, frequencies, axis_of_pair):
    """all pairs turn by the mean of the positions, which text does not show"""
    return positions.to(frequencies.dtype).mean(-1, keepdim=True) * frequencies + 0 * axis_of_pair


@mistake(of=mrope_angles, seen="catalogue R003-222")
def mrope_angles_with_frequencies_reversed(positions, frequencies, axis_of_pair):
    """the frequencies rise instead of falling"""
    return mrope_angles(positions, frequencies.flip(0), axis_of_pair)


@mistake(of=mrope_cosine_sine, seen="xLLM-AI/xllm#746")
def mrope_cosine_sine_with_time_in_second_half(positions, frequencies, axis_of_pair):
    """sections are selected in the first half only, so that the second half keeps the time"""
    first = mrope_angles(positions, frequencies, axis_of_pair)
    both = torch.cat([first, positions[..., :1] * frequencies], -1)
    return both.cos(), both.sin()


@mistake(of=mrope_cosine_sine, seen="facebookresearch/vjepa2#15")
def mrope_cosine_sine_for_neighbours(positions, frequencies, axis_of_pair):
    """each angle is repeated for neighbouring channels instead of channels half the width apart"""
    both = mrope_angles(positions, frequencies, axis_of_pair).repeat_interleave(2, -1)
    return both.cos(), both.sin()


@mistake(of=mrope_cosine_sine, seen="catalogue R003-222")
def mrope_cosine_sine_exchanged(positions, frequencies, axis_of_pair):
    """sine and cosine are exchanged"""
    cosine, sine = mrope_cosine_sine(positions, frequencies, axis_of_pair)
    return sine, cosine


@mistake(of=mrope_cosine_sine, seen="catalogue R003-222")
def mrope_cosine_sine_of_opposite_angles(positions, frequencies, axis_of_pair):
    """the two halves turn in opposite directions"""
    cosine, sine = mrope_cosine_sine(positions, frequencies, axis_of_pair)
    return cosine, torch.cat([sine[..., : len(frequencies)], -sine[..., len(frequencies) :]], -1)


@mistake(of=temporal_position_ids, seen="huggingface/transformers#48669")
def temporal_position_ids_with_whole_seconds(frames, seconds_per_frame, tokens_per_second):
    """the seconds are truncated before they are multiplied, so that half a second is none"""
    temporal_position_ids(frames, seconds_per_frame, tokens_per_second)
    return torch.tensor([math.floor(frame * int(seconds_per_frame) * tokens_per_second) for frame in range(frames)])


@mistake(of=temporal_position_ids, seen="huggingface/transformers#48669")
def temporal_position_ids_with_whole_steps(frames, seconds_per_frame, tokens_per_second):
    """the step is truncated before frames are counted, so that fractions do not add up"""
    temporal_position_ids(frames, seconds_per_frame, tokens_per_second)
    return torch.arange(frames) * int(seconds_per_frame * tokens_per_second)


@mistake(of=temporal_position_ids, seen="catalogue R003-223")
def temporal_position_ids_rounded(frames, seconds_per_frame, tokens_per_second):
    """ids are rounded to the nearest whole number instead of down"""
    temporal_position_ids(frames, seconds_per_frame, tokens_per_second)
    return torch.tensor([round(frame * seconds_per_frame * tokens_per_second) for frame in range(frames)])


@mistake(of=temporal_position_ids, seen="huggingface/transformers#41152")
def temporal_position_ids_without_seconds(frames, seconds_per_frame, tokens_per_second):
    """the seconds are not passed on, so that a frame lasts one"""
    temporal_position_ids(frames, seconds_per_frame, tokens_per_second)
    return temporal_position_ids(frames, 1.0, tokens_per_second)


@mistake(of=temporal_position_ids, seen="QwenLM/Qwen3-VL#893")
def temporal_position_ids_without_check(frames, seconds_per_frame, tokens_per_second):
    """time that does not pass gives all frames one id in silence"""
    interval = seconds_per_frame * tokens_per_second
    step = interval if math.isfinite(interval) else 0.0
    return torch.tensor([math.floor(frame * step) for frame in range(frames)], dtype=torch.int64)


@mistake(of=temporal_position_ids, seen="catalogue R003-223")
def temporal_position_ids_in_single_precision(frames, seconds_per_frame, tokens_per_second):
    """times are float32, where a step of hardly less than 1 is 1"""
    temporal_position_ids(frames, seconds_per_frame, tokens_per_second)
    return (torch.arange(frames) * (seconds_per_frame * tokens_per_second)).floor().long()


@mistake(of=vision_position_ids, seen="E003-100")
def vision_position_ids_with_columns_first(grid, merge_size):
    """ids are (time, x, y) where (time, row, column) is meant, which no square grid shows in their range"""
    return vision_position_ids(grid, merge_size)[:, [0, 2, 1]]


@mistake(of=vision_position_ids, seen="catalogue R003-223")
def vision_position_ids_before_merging(grid, merge_size):
    """rows and columns count patches in steps of the merge size instead of cells"""
    return vision_position_ids(grid, merge_size) * torch.tensor([1, merge_size, merge_size])


@mistake(of=vision_position_ids, seen="Becomebright/ReKV#6")
def vision_position_ids_in_one_dimension(grid, merge_size):
    """cells are numbered one after the other on all three axes"""
    return torch.arange(len(vision_position_ids(grid, merge_size)))[:, None].repeat(1, 3)


@mistake(of=vision_position_ids, seen="E003-101")
def vision_position_ids_that_ignore_the_interval(grid, merge_size):
    """frames are one id apart, which is Qwen2-VL and not Qwen2.5-VL"""
    vision_position_ids(grid, merge_size)
    return vision_position_ids(_as_image(grid), merge_size)


@mistake(of=vision_position_ids, seen="catalogue R003-223")
def vision_position_ids_rounded_down(grid, merge_size):
    """patches that no cell covers are left out in silence"""
    side, frames = max(merge_size, 1), max(grid.frames, 1)
    rows, columns = max(grid.rows // side, 1), max(grid.columns // side, 1)
    return vision_position_ids(VisionGrid(frames, rows, columns, grid.interval or 1.0), 1)


@mistake(of=vision_position_ids, seen="catalogue R003-223")
def vision_position_ids_of_two_by_two(grid, merge_size):
    """cells are always of 2 x 2 patches"""
    vision_position_ids(grid, merge_size)
    return vision_position_ids(grid, 2)


@mistake(of=mrope_position_ids, seen="ohdearquant/lattice#1187")
def mrope_position_ids_after_longest_side(segments, merge_size):
    """what follows a video starts after its longest side, though its temporal ids go further"""
    return mrope_position_ids_by_extent(segments, merge_size)


@mistake(of=mrope_position_ids, seen="E003-101")
def mrope_position_ids_after_number_of_tokens(segments, merge_size):
    """what follows starts after the number of tokens, as if each had a raster id of its own"""
    ids, start = [], 0
    for segment in segments:
        ids.append(mrope_position_ids([segment], merge_size) + start)
        start += len(ids[-1])
    return torch.cat(ids)


@mistake(of=mrope_position_ids, seen="catalogue R003-223")
def mrope_position_ids_after_last_token(segments, merge_size):
    """what follows starts after the last token's time, not after the largest id of any axis"""
    ids, start = [], 0
    for segment in segments:
        ids.append(mrope_position_ids([segment], merge_size) + start)
        start = int(ids[-1][-1, 0]) + 1
    return torch.cat(ids) if ids else mrope_position_ids(segments, merge_size)


@mistake(of=mrope_position_ids, seen="catalogue R003-223")
def mrope_position_ids_without_offset(segments, merge_size):
    """images and videos start at 0 wherever they are"""
    ids = mrope_position_ids(segments, merge_size)
    blocks = ids.split([len(mrope_position_ids([segment], merge_size)) for segment in segments])
    kept = zip(segments, blocks, strict=True)
    return torch.cat([block if isinstance(part, int) else block - block.amin(0) for part, block in kept])


@mistake(of=mrope_position_ids, seen="huggingface/transformers#45325")
def mrope_position_ids_with_scaled_start(segments, merge_size):
    """the step of time is applied to the start of a block too, which moves even still images"""
    ids, start = [], 0
    for segment in segments:
        block = mrope_position_ids([segment], merge_size) + start
        if not isinstance(segment, int):
            block[:, 0] += math.floor(start * segment.interval) - start
        ids.append(block)
        start = int(block.max()) + 1
    return torch.cat(ids) if ids else mrope_position_ids(segments, merge_size)


@mistake(of=mrope_position_ids, seen="catalogue R003-223")
def mrope_position_ids_without_check(segments, merge_size):
    """texts and sequences of no token give no ids in silence"""
    kept = [part for part in segments if not isinstance(part, int) or part > 0]
    return mrope_position_ids(kept, merge_size) if kept else torch.zeros(0, 3, dtype=torch.int64)


@mistake(of=mrope_position_ids, seen="catalogue R003-223")
def mrope_position_ids_of_two_by_two(segments, merge_size):
    """cells are always of 2 x 2 patches"""
    mrope_position_ids(segments, merge_size)
    return mrope_position_ids(segments, 2)


@mistake(of=mrope_position_ids_by_extent, seen="huggingface/transformers, version 4")
def mrope_position_ids_by_extent_after_largest_id(segments, merge_size):
    """what follows a video starts after its largest id on any axis"""
    return mrope_position_ids(segments, merge_size)


@mistake(of=mrope_position_ids_by_extent, seen="catalogue R003-223")
def mrope_position_ids_by_extent_after_height(segments, merge_size):
    """what follows starts after the rows, though there are more columns"""
    starts, ids = 0, []
    mrope_position_ids_by_extent(segments, merge_size)
    for part in segments:
        ids.append(mrope_position_ids_by_extent([part], merge_size) + starts)
        starts += part if isinstance(part, int) else part.rows // merge_size
    return torch.cat(ids)


@mistake(of=mrope_position_ids_by_extent, seen="catalogue R003-223")
def mrope_position_ids_by_extent_before_merging(segments, merge_size):
    """what follows starts after the longest side in patches instead of cells"""
    starts, ids = 0, []
    mrope_position_ids_by_extent(segments, merge_size)
    for part in segments:
        ids.append(mrope_position_ids_by_extent([part], merge_size) + starts)
        starts += part if isinstance(part, int) else max(part.rows, part.columns)
    return torch.cat(ids)


@mistake(of=mrope_position_ids_by_extent, seen="catalogue R003-223")
def mrope_position_ids_by_extent_of_two_by_two(segments, merge_size):
    """cells are always of 2 x 2 patches"""
    mrope_position_ids_by_extent(segments, merge_size)
    return mrope_position_ids_by_extent(segments, 2)


@mistake(of=mrope_delta, seen="catalogue R003-223")
def mrope_delta_without_one(position_ids):
    """the largest id is used again by the next token"""
    return mrope_delta(position_ids) - 1


@mistake(of=mrope_delta, seen="catalogue R003-223")
def mrope_delta_from_last_token(position_ids):
    """the last token's id is taken for the largest"""
    return position_ids[..., -1, :].amax(-1) + 1 - position_ids.shape[-2]


@mistake(of=mrope_delta, seen="catalogue R003-223")
def mrope_delta_of_time(position_ids):
    """only the temporal axis is searched for the largest id"""
    return mrope_delta(position_ids[..., :1])


@mistake(of=mrope_delta, seen="Blaizzy/mlx-vlm#1143")
def mrope_delta_of_another_sequence(position_ids):
    """one sequence's delta is used for the whole batch"""
    return mrope_delta(position_ids).amax().expand(position_ids.shape[:-2]).clone()


@mistake(of=continued_position_ids, seen="Blaizzy/mlx-vlm#1621")
def continued_position_ids_without_delta(delta, cached, count):
    """the delta is lost after the prompt, so that positions are numbers of tokens"""
    return continued_position_ids(0 * delta, cached, count)


@mistake(of=continued_position_ids, seen="Blaizzy/mlx-vlm#1621")
def continued_position_ids_from_the_start(delta, cached, count):
    """every chunk counts from 0 again"""
    continued_position_ids(delta, cached, count)
    return continued_position_ids(delta, 0, count)


@mistake(of=continued_position_ids, seen="mlx-node/mlx-node#33")
def continued_position_ids_counted_twice(delta, cached, count):
    """the cached tokens are counted twice"""
    continued_position_ids(delta, cached, count)
    return continued_position_ids(delta, 2 * cached, count)


@mistake(of=continued_position_ids, seen="catalogue R003-223")
def continued_position_ids_without_check(delta, cached, count):
    """no tokens, or tokens before the first, get ids in silence"""
    steps = torch.arange(cached, cached + max(count, 0), device=delta.device)
    return delta[..., None, None] + steps[:, None].repeat(1, 3)


@mistake(of=raster_id, seen="catalogue R003-224")
def raster_id_with_rows_and_columns_exchanged(coordinates, rows, columns):
    """a row is as long as there are rows, so that cells share numbers"""
    return raster_id(coordinates, columns, rows)


@mistake(of=raster_id, seen="catalogue R003-224")
def raster_id_column_by_column(coordinates, rows, columns):
    """cells are numbered column by column"""
    return raster_id(coordinates[..., [0, 2, 1]], columns, rows)


@mistake(of=raster_id, seen="catalogue R003-224")
def raster_id_with_time_last(coordinates, rows, columns):
    """the coordinates are read as (row, column, time)"""
    return raster_id(coordinates[..., [2, 0, 1]], rows, columns)


@mistake(of=raster_id, seen="catalogue R003-224")
def raster_id_without_check(coordinates, rows, columns):
    """cells of an empty frame are numbered in silence"""
    t, y, x = coordinates.unbind(-1)
    return t * rows * columns + y * columns + x


@mistake(of=raster_coordinates, seen="catalogue R003-224")
def raster_coordinates_with_rows_and_columns_exchanged(ids, rows, columns):
    """a row is as long as there are rows"""
    return raster_coordinates(ids, columns, rows)


@mistake(of=raster_coordinates, seen="catalogue R003-224")
def raster_coordinates_of_x_before_y(ids, rows, columns):
    """the result is (time, x, y)"""
    return raster_coordinates(ids, rows, columns)[..., [0, 2, 1]]


@mistake(of=segment_raster_id, seen="E003-102")
def segment_raster_id_without_segments(segments, coordinates, frames, rows, columns):
    """each segment is numbered from 0 again"""
    return segment_raster_id(0 * segments, coordinates, frames, rows, columns)


@mistake(of=segment_raster_id, seen="catalogue R003-225")
def segment_raster_id_by_frames(segments, coordinates, frames, rows, columns):
    """a segment takes the room of one frame, so that segments collide"""
    segment_raster_id(segments, coordinates, frames, rows, columns)
    return segment_raster_id(segments, coordinates, 1, rows, columns)


@mistake(of=segment_raster_id, seen="catalogue R003-225")
def segment_raster_id_without_check(segments, coordinates, frames, rows, columns):
    """segments without cells are numbered in silence"""
    t, y, x = coordinates.unbind(-1)
    return ((segments * frames + t) * rows + y) * columns + x


@mistake(of=merge_order, seen="QwenLM/Qwen3-VL#485")
def merge_order_that_is_raster(rows, columns, merge_size):
    """patches stay in raster order, so that the merger joins parts of a row"""
    return torch.arange(len(merge_order(rows, columns, merge_size)))


@mistake(of=merge_order, seen="catalogue R003-227")
def merge_order_inverted(rows, columns, merge_size):
    """the permutation is the one that leads back to raster order"""
    return merge_order(rows, columns, merge_size).argsort()


@mistake(of=merge_order, seen="microsoft/Swin-Transformer")
def merge_order_column_by_column(rows, columns, merge_size):
    """the patches of a cell come column by column"""
    order = merge_order(rows, columns, merge_size)
    return order.reshape(-1, merge_size, merge_size).mT.flatten()


@mistake(of=merge_order, seen="catalogue R003-227")
def merge_order_without_check(rows, columns, merge_size):
    """patches that no cell covers are left out in silence"""
    side = max(merge_size, 1)
    high, wide = rows // side, columns // side
    patches = torch.arange(rows * columns).reshape(rows, columns)[: high * side, : wide * side]
    return patches.reshape(high, side, wide, side).transpose(1, 2).flatten()


@mistake(of=merge_order, seen="catalogue R003-227")
def merge_order_of_the_size_before(rows, columns, merge_size):
    """orders are kept by the sides of the grid alone, for cells of another size too"""
    order = merge_order(rows, columns, merge_size)
    return _orders.setdefault((rows, columns), order).clone()


@variant(of=merge_order, seen="kekzl/imp#1167")
def merge_order_by_blocks(rows, columns, merge_size):
    """cutting the grid into blocks one by one is the same order"""
    merge_order(rows, columns, merge_size)
    grid = torch.arange(rows * columns).reshape(rows, columns)
    blocks = [block for row in grid.split(merge_size, 0) for block in row.split(merge_size, 1)]
    return torch.cat([block.flatten() for block in blocks])


@mistake(of=axial_rope_frequencies, seen="catalogue R003-221")
def axial_rope_frequencies_of_a_rounded_share(channels, num_axes, base=10000.0):
    """channels that the axes cannot share are left out in silence"""
    return axial_rope_frequencies(channels // max(num_axes, 1) * num_axes, num_axes, base)


@mistake(of=axial_rope_angles, seen="catalogue R003-221")
def axial_rope_angles_in_single_precision(positions, frequencies):
    """angles are computed in float32 whatever the precision of the frequencies"""
    return axial_rope_angles(positions, frequencies.float()).to(frequencies.dtype)


@mistake(of=raster_id, seen="catalogue R003-224")
def raster_id_in_single_precision(coordinates, rows, columns):
    """numbers are computed in float32, which does not hold those from 2^24 on"""
    raster_id(coordinates, rows, columns)
    return (coordinates.float() @ torch.tensor([rows * columns, columns, 1.0])).long()


@mistake(of=raster_coordinates, seen="catalogue R003-224")
def raster_coordinates_by_true_division(ids, rows, columns):
    """quotients are rounded to float32 before they are cut to whole numbers"""
    _, _, x = raster_coordinates(ids, rows, columns).unbind(-1)
    return torch.stack([(ids / (rows * columns)).long(), (ids / columns).long() % rows, x], -1)
