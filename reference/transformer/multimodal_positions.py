"""Positions of text, images and videos in one sequence, and rotary angles from positions on several axes.

The axes are time, row and column, in this order. The frames of a video are counted after temporal patching: each is
what the vision tower makes one step of time of.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.transformer.patches import patch_grid
from reference.transformer.positions import rope_frequencies


class VisionGrid(NamedTuple):
    """Patches of an image (one frame) or a video; `interval` is the step of the temporal id from frame to frame."""

    frames: int
    rows: int
    columns: int
    interval: float = 1.0


def axial_rope_frequencies(channels: int, num_axes: int, base: float = 10000.0) -> Float[Tensor, "pairs"]:
    """Frequencies of one axis when each axis turns an equal share of the channels and has a table of its own.

        f_i = base^(-2 i A / d),   i = 0..d / (2 A) - 1,   for A axes and d channels

    Domain: channels a positive multiple of 2 num_axes, num_axes >= 1, 1 < base < infinity; else ValueError.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, code (`VisionRotaryEmbedding`).
    Differs: exponents over all channels, -2 i / d, are those of one table that the axes split: see `mrope_angles`.
    Notes: R003-221.
    """
    if num_axes < 1 or channels % num_axes:
        raise ValueError(f"{num_axes} axes cannot share {channels} channels")
    return rope_frequencies(channels // num_axes, base)


def axial_rope_angles(
    positions: Int64[Tensor, "*tokens axes"], frequencies: Float[Tensor, "pairs"]
) -> Float[Tensor, "*tokens angles"]:
    """Angles of 2-D and 3-D RoPE whose axes turn equal shares of the channels, one after the other.

        angles = [p_1 f, p_2 f, ...],   in 2-D [row f, column f]

    Domain: `frequencies` as `axial_rope_frequencies` returns them; pair i of the channels turns by angle i. Which
    channels make a pair is up to the rotation: neighbours, or channels half the width apart.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, section 2.1 and code (`rot_pos_emb`).
    Differs: VisionLLaMA and rope-vit put the column first. Infinity pairs neighbouring channels, Qwen2-VL halves.
    Notes: R003-221.
    """
    return (positions[..., None] * frequencies).flatten(-2)


def sectioned_axes(sections: tuple[int, ...]) -> Int64[Tensor, "pairs"]:
    """Axis that turns each pair of channels when each axis has a contiguous section.

        out = [0, ..., 0, 1, ..., 1, 2, ..., 2],   axis a occurring sections[a] times

    Domain: at least one section, each of at least one pair; else ValueError. Sections count pairs, so that they add up
    to half of the channels: (16, 24, 24) for 128.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, code (`mrope_section`).
    Differs: `interleaved_axes`, of Qwen3-VL. Weights are trained for one of the two.
    Notes: R003-222.
    """
    if not sections or min(sections) < 1:
        raise ValueError(f"each axis needs at least one pair of channels; got sections {sections}")
    return torch.tensor([axis for axis, pairs in enumerate(sections) for _ in range(pairs)])


def interleaved_axes(sections: tuple[int, ...]) -> Int64[Tensor, "pairs"]:
    """Axis that turns each pair of channels when the axes take turns, so that each has high and low frequencies.

        out_i = i mod A   if floor(i / A) < sections[i mod A],   else 0

        >>> interleaved_axes((4, 2, 1)).tolist()
        [0, 1, 2, 0, 1, 0, 0]

    Domain: sections that the rule gives: axis a > 0 needs its last pair, a + A (sections[a] - 1), to exist, and the
    first axis takes what is left; else ValueError. (24, 20, 20) and (11, 11, 10) are fine, (16, 24, 24) is not.
    Source: Qwen3-VL, arXiv:2511.21631, code (`apply_interleaved_mrope`).
    Differs: that code does not check, so that with (16, 24, 24) the axes get 22, 21 and 21 pairs.
    Notes: R003-222.
    """
    num_axes, pairs = len(sections), range(sum(sections))
    axes = [i % num_axes if i // num_axes < sections[i % num_axes] else 0 for i in pairs]
    if not sections or [axes.count(axis) for axis in range(num_axes)] != list(sections) or min(sections) < 1:
        raise ValueError(f"the axes cannot take turns to get sections {sections}")
    return torch.tensor(axes)


def mrope_angles(
    positions: Int64[Tensor, "*tokens axes"], frequencies: Float[Tensor, "pairs"], axis_of_pair: Int64[Tensor, "pairs"]
) -> Float[Tensor, "*tokens pairs"]:
    """Angles of RoPE whose one table of frequencies is split among the axes: M-RoPE.

        angle_i = p_{axis_of_pair[i]} f_i

    Where a token's positions are equal, as those of text, the angles are those of 1-D RoPE.

    Domain: `frequencies` of 1-D RoPE, base^(-2 i / d); `axis_of_pair` as `sectioned_axes` or `interleaved_axes`.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, section 2.1.
    Differs: libraries keep positions as (axes, batch, tokens).
    Notes: R003-221, R003-222.
    """
    return positions[..., axis_of_pair] * frequencies


def mrope_cosine_sine(
    positions: Int64[Tensor, "*tokens axes"], frequencies: Float[Tensor, "pairs"], axis_of_pair: Int64[Tensor, "pairs"]
) -> tuple[Float[Tensor, "*tokens channels"], Float[Tensor, "*tokens channels"]]:
    """Cosines and sines of M-RoPE for channels that are paired half the width apart, each half the same.

        cosine = cos([angles, angles]),   sine = sin([angles, angles]),   x' = x cosine + [-x_2, x_1] sine

    Domain: as `mrope_angles`. Both halves of the channels turn with the same axis.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, code (`apply_multimodal_rotary_pos_emb`).
    Notes: R003-222.
    """
    angles = mrope_angles(positions, frequencies, axis_of_pair)
    both = torch.cat([angles, angles], -1)
    return both.cos(), both.sin()


def temporal_position_ids(frames: int, seconds_per_frame: float, tokens_per_second: float) -> Int64[Tensor, "frames"]:
    """Temporal ids of the frames of a video, from 0, in steps of time.

        id_k = floor(k seconds_per_frame tokens_per_second)

        >>> temporal_position_ids(4, 0.5, 3.0).tolist()
        [0, 1, 3, 4]

    Domain: frames >= 1, positive and finite numbers; else ValueError. Ids repeat if a frame is less than one step.
    Source: Bai et al. 2025 (Qwen2.5-VL), arXiv:2502.13923, section 2.1 and code. Qwen2-VL counts frames: a step of 1.
    Differs: some versions of transformers truncate the seconds before they multiply: 0.5 becomes 0, and all frames
    share one id. `tokens_per_second` is 4 by default, 2 in the published 7B, 25 in the docstring.
    Notes: R003-223.
    """
    interval = seconds_per_frame * tokens_per_second
    if frames < 1 or not min(seconds_per_frame, tokens_per_second) > 0 or not math.isfinite(interval):
        raise ValueError(
            f"no temporal ids for {frames} frames of {seconds_per_frame} s at {tokens_per_second} per second"
        )
    return torch.tensor([math.floor(frame * interval) for frame in range(frames)])


def vision_position_ids(grid: VisionGrid, merge_size: int) -> Int64[Tensor, "tokens 3"]:
    """Position ids (time, row, column) of an image or a video that starts at 0, after merging, row by row.

        (floor(k interval), i, j)   for frame k, row i < H / m, column j < W / m

    Tokens differ in their ids unless frames share a temporal id.

    Domain: at least one frame, rows and columns multiples of merge_size >= 1, interval > 0; else ValueError.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, section 2.1 and code (`get_rope_index`).
    Notes: R003-223.
    """
    rows, columns = patch_grid(grid.rows, grid.columns, merge_size)
    times = temporal_position_ids(grid.frames, grid.interval, 1.0)
    return torch.cartesian_prod(times, torch.arange(rows), torch.arange(columns))


def mrope_position_ids(segments: Sequence[int | VisionGrid], merge_size: int) -> Int64[Tensor, "tokens 3"]:
    """Position ids (time, row, column) of a sequence of texts, given by their lengths, and images or videos.

        text: (p, p, p), (p + 1, p + 1, p + 1), ...   vision: p + (time, row, column)
        p = 0 at first, then the largest id so far on any axis + 1

        >>> mrope_position_ids([1, VisionGrid(1, 2, 4), 2], 2).tolist()
        [[0, 0, 0], [1, 1, 1], [1, 1, 2], [3, 3, 3], [4, 4, 4]]

    Domain: at least one segment, texts of at least one token, grids as `vision_position_ids`; else ValueError.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, section 2.1; transformers 4, vLLM.
    Differs: transformers 5 has `mrope_position_ids_by_extent`. Libraries keep (axes, batch, tokens), and give padding
    the id 1 (transformers 4) or 0 (5). Qwen3-VL makes of each frame an image with its time written before it.
    Notes: R003-223.
    """
    start, ids = 0, []
    for segment in segments:
        ids.append(start + _segment_ids(segment, merge_size))
        start = int(ids[-1].max()) + 1
    return _joined(ids)


def mrope_position_ids_by_extent(segments: Sequence[int | VisionGrid], merge_size: int) -> Int64[Tensor, "tokens 3"]:
    """Position ids of texts, images and videos when time does not count for what follows a video.

        text: (p, p, p), ...   vision: p + (time, row, column)
        p = 0 at first, then p + length after a text, p + max(H, W) / m after vision

    The ids are those of `mrope_position_ids` as long as no temporal id reaches max(H, W) / m, so for all images. The
    text after a longer video has temporal ids that the video has used.

    Domain: as `mrope_position_ids`.
    Source: transformers 5 (`get_rope_index`), found in 5.23.0.
    Notes: R003-223.
    """
    start, ids = 0, []
    for segment in segments:
        ids.append(start + _segment_ids(segment, merge_size))
        start += segment if isinstance(segment, int) else max(segment.rows, segment.columns) // merge_size
    return _joined(ids)


def mrope_delta(position_ids: Int64[Tensor, "*batch tokens 3"]) -> Int64[Tensor, "*batch"]:
    """What the position of the next token is ahead of the number of tokens; negative after most images.

        delta = max id + 1 - tokens

    Domain: a sequence without padding, of at least one token. 0 for text.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, code (`get_rope_index`).
    Differs: with padding, transformers 4 subtracts the padded length, 5 that without padding. After
    `mrope_position_ids_by_extent`, the largest id need not be the last one.
    Notes: R003-223.
    """
    return position_ids.amax((-2, -1)) + 1 - position_ids.shape[-2]


def continued_position_ids(delta: Int64[Tensor, "*batch"], cached: int, count: int) -> Int64[Tensor, "*batch count 3"]:
    """Position ids of the tokens that follow the cached ones: generated text, or a later chunk of the text.

        (n + i + delta) on all three axes,   i = 0..count - 1,   for n cached tokens

    Domain: cached >= 0, count >= 1; else ValueError. `delta` is that of the prompt up to its last image or video.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, code (`prepare_inputs_for_generation`).
    Notes: R003-223.
    """
    if cached < 0 or count < 1:
        raise ValueError(f"no position ids of {count} tokens after {cached}")
    steps = torch.arange(cached, cached + count, device=delta.device)
    return delta[..., None, None] + steps[:, None].repeat(1, 3)


def raster_id(coordinates: Int64[Tensor, "*shape 3"], rows: int, columns: int) -> Int64[Tensor, "*shape"]:
    """Number of a cell (t, y, x) of a video that is read frame by frame and row by row.

        id = t H W + y W + x

    It numbers T H W cells from 0 without gaps, so that what follows starts at T H W.

    Domain: rows, columns >= 1; else ValueError. 0 <= y < rows, 0 <= x < columns; not checked.
    Source: textbook; numpy.ravel_multi_index.
    Differs: Qwen2-VL and Qwen2.5-VL have no such id: theirs is (t, y, x), and text goes on after the largest component.
    Notes: R003-224.
    """
    if min(rows, columns) < 1:
        raise ValueError(f"a frame needs rows and columns; got {rows} x {columns}")
    t, y, x = coordinates.unbind(-1)
    return (t * rows + y) * columns + x


def raster_coordinates(ids: Int64[Tensor, "*shape"], rows: int, columns: int) -> Int64[Tensor, "*shape 3"]:
    """Cell (t, y, x) of a number: the inverse of `raster_id`.

        t = floor(id / (H W)),   y = floor(id / W) mod H,   x = id mod W

    Domain: rows, columns >= 1; else ValueError. ids >= 0; not checked.
    Source: textbook; numpy.unravel_index.
    Notes: R003-224.
    """
    if min(rows, columns) < 1:
        raise ValueError(f"a frame needs rows and columns; got {rows} x {columns}")
    return torch.stack([ids // (rows * columns), ids // columns % rows, ids % columns], -1)


def segment_raster_id(
    segments: Int64[Tensor, "*shape"], coordinates: Int64[Tensor, "*shape 3"], frames: int, rows: int, columns: int
) -> Int64[Tensor, "*shape"]:
    """Number of a cell (t, y, x) of segment m, unique over all segments.

        id = m T H W + t H W + y W + x

    Domain: frames, rows, columns >= 1; else ValueError. It is unique if they bound the sizes of every segment; sizes of
    the segment itself make numbers collide. Not checked.
    Source: textbook; numpy.ravel_multi_index.
    Notes: R003-225.
    """
    if frames < 1:
        raise ValueError(f"a segment needs frames; got {frames}")
    return segments * (frames * rows * columns) + raster_id(coordinates, rows, columns)


def merge_order(rows: int, columns: int, merge_size: int) -> Int64[Tensor, "patches"]:
    """Patches of one frame, by their raster ids, in the order in which each cell to be merged is contiguous.

        reshape (H / m, m, W / m, m), swap the middle two, flatten

        >>> merge_order(2, 4, 2).tolist()
        [0, 1, 4, 5, 2, 3, 6, 7]

    m^2 consecutive patches then make a cell. Rows and columns for the RoPE of the vision tower are put in this order
    too.

    Domain: rows and columns are multiples of merge_size >= 1; else ValueError.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, code (`rot_pos_emb`, image processor).
    Notes: R003-227.
    """
    high, wide = patch_grid(rows, columns, merge_size)
    return torch.arange(rows * columns).reshape(high, merge_size, wide, merge_size).transpose(1, 2).flatten()


def _segment_ids(segment: int | VisionGrid, merge_size: int) -> Int64[Tensor, "tokens 3"]:
    if isinstance(segment, VisionGrid):
        return vision_position_ids(segment, merge_size)
    if segment < 1:
        raise ValueError(f"a text has at least one token; got {segment}")
    return torch.arange(segment)[:, None].repeat(1, 3)


def _joined(ids: list[Int64[Tensor, "_ 3"]]) -> Int64[Tensor, "tokens 3"]:
    if not ids:
        raise ValueError(f"a sequence has at least one segment; got {len(ids)}")
    return torch.cat(ids)
