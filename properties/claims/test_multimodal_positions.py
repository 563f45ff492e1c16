"""Worked numbers of positions of text, images and videos, and statements about them that are often met and wrong."""

import itertools

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from reference.transformer.multimodal_positions import (
    VisionGrid,
    axial_rope_angles,
    axial_rope_frequencies,
    interleaved_axes,
    mrope_angles,
    mrope_delta,
    mrope_position_ids,
    mrope_position_ids_by_extent,
    raster_id,
    sectioned_axes,
    segment_raster_id,
    temporal_position_ids,
    vision_position_ids,
)
from reference.transformer.positions import rope_frequencies


def cells(frames, rows, columns):
    return torch.tensor(list(itertools.product(range(frames), range(rows), range(columns))))


@pytest.mark.claim("E003-098", "R003-221")
def test_alternating_pairs_are_disjoint_and_cover_the_channels():
    """When the axes take turns on 1024 channels in neighbouring pairs, x has 1, 2, 5, 6, ..., 1021, 1022 and y has
    3, 4, 7, 8, ..., 1023, 1024; contiguous halves are another layout.
    """
    axis_of_channel = interleaved_axes((256, 256)).repeat_interleave(2).tolist()
    x, y = ([channel for channel, axis in enumerate(axis_of_channel, 1) if axis == wanted] for wanted in (0, 1))
    assert (x[:6], x[-2:], y[:4], y[-2:]) == ([1, 2, 5, 6, 9, 10], [1021, 1022], [3, 4, 7, 8], [1023, 1024])
    assert sorted(x + y) == list(range(1, 1025))
    assert sectioned_axes((256, 256)).tolist() != interleaved_axes((256, 256)).tolist()


@pytest.mark.claim("E003-099", "R003-221")
def test_the_diagonal_is_one_dimensional_for_a_shared_table_only():
    """On x = y the angles are those of 1-D RoPE if the axes split one table, and not if each has a table of its own."""
    positions, frequencies = torch.arange(7)[:, None].repeat(1, 2), rope_frequencies(8)
    one_axis = torch.arange(7)[:, None] * frequencies
    for axes in (sectioned_axes((2, 2)), interleaved_axes((2, 2))):
        assert_close(mrope_angles(positions, frequencies, axes), one_axis)
    own = axial_rope_angles(positions, axial_rope_frequencies(8, 2))
    assert_equal(own[:, :2], own[:, 2:])
    assert (own[1:] - one_axis[1:]).abs().max() > 0.5


@pytest.mark.claim("E003-100")
def test_the_second_component_is_the_row():
    """Ids are (time, row, column): of 2 rows and 3 columns the second component reaches 1 and the third 2."""
    ids = vision_position_ids(VisionGrid(1, 4, 6), 2)
    assert_equal(ids, [[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 1, 0], [0, 1, 1], [0, 1, 2]])


@pytest.mark.claim("E003-101", "R003-223")
def test_text_after_a_video_starts_after_the_largest_component():
    """After a 2 x 2 x 2 video text has (2, 2, 2), (3, 3, 3) in Qwen2-VL, not the raster ids 8 and 9; in Qwen2.5-VL, at
    4 temporal ids a second, frames have 0 and 4, and text 5 and 6, or 2 and 3 by transformers 5.
    """
    video = VisionGrid(2, 4, 4)
    assert_equal(mrope_position_ids([video, 2], 2)[8:], [[2] * 3, [3] * 3])
    assert_equal(raster_id(cells(2, 2, 2), 2, 2).amax() + 1, 8)
    slower = video._replace(interval=4.0)
    assert mrope_position_ids([slower, 2], 2)[:, 0].tolist() == [0] * 4 + [4] * 4 + [5, 6]
    assert mrope_position_ids_by_extent([slower, 2], 2)[:, 0].tolist() == [0] * 4 + [4] * 4 + [2, 3]


@pytest.mark.claim("R003-223")
def test_an_image_of_six_rows_is_followed_by_six():
    """Text after 6 x 5 cells at the start has (6, 6, 6), (7, 7, 7)."""
    assert_equal(mrope_position_ids([VisionGrid(1, 12, 10), 2], 2)[-2:], [[6] * 3, [7] * 3])


@pytest.mark.claim("R003-223")
@pytest.mark.parametrize("grid", [VisionGrid(1, 4, 6), VisionGrid(1, 6, 4), VisionGrid(3, 4, 6), VisionGrid(1, 2, 2)])
def test_both_rules_agree_while_time_is_shorter_than_a_side(grid):
    """Where no temporal id reaches max(H, W) / m, as for all images, both rules give the same ids."""
    assert_equal(mrope_position_ids([2, grid, 3], 2), mrope_position_ids_by_extent([2, grid, 3], 2))


@pytest.mark.claim("R003-223")
def test_extent_alone_lets_text_collide_with_a_long_video():
    """After 5 frames of one cell transformers 5 gives text the id 1, which the second frame has in time; the paper's
    rule gives 5.
    """
    video = VisionGrid(5, 2, 2)
    assert mrope_position_ids([video, 1], 2)[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert mrope_position_ids_by_extent([video, 1], 2)[:, 0].tolist() == [0, 1, 2, 3, 4, 1]


@pytest.mark.claim("R003-223")
@pytest.mark.parametrize(("interval", "start", "delta", "delta_by_extent"), [(1.0, 11, -24, -28), (2.0, 18, -17, -21)])
def test_delta_of_a_long_video(interval, start, delta, delta_by_extent):
    """After 3 tokens of text and 8 frames of 4 x 4 patches, text starts at 11, or at 18 with 2 temporal ids a frame,
    and by transformers 5 at 5. There the delta depends on how much text follows, as the largest id is not the last:
    after 4 tokens with ids 5 to 8, the next one gets the id 11 or 18.
    """
    segments = [3, VisionGrid(8, 4, 4, interval), 4]
    ids, by_extent = mrope_position_ids(segments, 2), mrope_position_ids_by_extent(segments, 2)
    assert (len(ids), ids[35, 0], by_extent[35, 0], by_extent[-1, 0]) == (39, start, 5, 8)
    assert (mrope_delta(ids), mrope_delta(ids[:35]), mrope_delta(by_extent)) == (delta, delta, delta_by_extent)
    assert len(by_extent) + mrope_delta(by_extent) == start


@pytest.mark.claim("R003-223")
def test_short_frames_share_temporal_ids():
    """With 2 temporal ids a second and frames of a quarter of a second, 16 tokens of 4 frames have 8 distinct ids."""
    ids = vision_position_ids(VisionGrid(4, 4, 4, 0.25 * 2), 2)
    assert (len(ids), len(ids.unique(dim=0))) == (16, 8)


@pytest.mark.claim("R003-223")
def test_temporal_ids_are_truncated_after_multiplying():
    """Frames of half a second at 2 ids a second have 0, 1, 2, 3; truncated seconds would make all of them 0. Frames of
    2 seconds at 25 a second have 0, 50, 100.
    """
    assert_equal(temporal_position_ids(4, 0.5, 2.0), [0, 1, 2, 3])
    assert_equal(temporal_position_ids(3, 2.0, 25.0), [0, 50, 100])


@pytest.mark.claim("R003-222")
def test_sections_of_128_channels():
    """Sections (16, 24, 24) count pairs, 64 of 128 channels, and time has the highest frequencies. Taking turns, the
    axes would get 22, 21 and 21 of them, so that interleaved layouts need other sections, such as (24, 20, 20).
    """
    assert sectioned_axes((16, 24, 24)).bincount().tolist() == [16, 24, 24]
    assert [len(range(axis, 64, 3)) for axis in range(3)] == [22, 21, 21]
    with pytest.raises(ValueError, match="16, 24, 24"):
        interleaved_axes((16, 24, 24))
    assert interleaved_axes((24, 20, 20)).bincount().tolist() == [24, 20, 20]


@pytest.mark.claim("R003-224")
@pytest.mark.parametrize(("frames", "following"), [(2, [8, 9]), (3, [12, 13])])
def test_raster_ids_are_followed_by_their_number(frames, following):
    """Two frames of 2 x 2 have 0 to 7 and text 8 and 9; a third has 8 to 11, and text 12 and 13."""
    ids = raster_id(cells(frames, 2, 2), 2, 2)
    assert_equal(ids, list(range(4 * frames)))
    assert [int(ids.max()) + 1, int(ids.max()) + 2] == following


@pytest.mark.claim("E003-102", "R003-225")
def test_segments_need_common_sizes():
    """With sizes of their own, segments of 2 x 2 x 2 and 1 x 2 x 2 have ids 0 to 7 and 4 to 7, which collide; with the
    largest of both they do not. That suffices and is not needed: 1 x 1 x 3 and 1 x 1 x 2 are apart in rows of 2.
    """
    first, second = cells(2, 2, 2), cells(1, 2, 2)
    zero, one = torch.zeros(8, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    assert_equal(segment_raster_id(zero, first, 2, 2, 2), list(range(8)))
    assert_equal(segment_raster_id(one, second, 1, 2, 2), [4, 5, 6, 7])
    assert_equal(segment_raster_id(one, second, 2, 2, 2), [8, 9, 10, 11])
    narrow = [segment_raster_id(zero[:3], cells(1, 1, 3), 2, 1, 2), segment_raster_id(one[:2], cells(1, 1, 2), 2, 1, 2)]
    assert_equal(torch.cat(narrow), [0, 1, 2, 4, 5])
