"""Laws of `reference.vision.keyframes`."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_equal
from properties.rejection import assert_rejects
from properties.strategies import pixels


def frames(*shape):
    return pixels(*shape).map(torch.Tensor.byte)


def changes(video):
    """What each frame differs by from the one before, pixel by pixel in Python's integers."""
    flat = [frame.flatten().tolist() for frame in video]
    return [sum(abs(b - a) for a, b in zip(*pair, strict=True)) for pair in itertools.pairwise(flat)]


@given(video=frames(5, 2, 3, 4))
def test_frame_differences_equal_sums_over_pixels(frame_differences, video):
    """Of each pixel the size of its change counts, rise or fall."""
    assert_equal(frame_differences(video), changes(video))


@given(video=frames(5, 3, 2), chosen=st.integers(0, 3), above=st.sampled_from([-0.5, 0.0, 0.5]))
def test_key_frames_exceed_threshold(key_frames, video, chosen, above):
    """A frame is one if its difference is above the threshold, not if it equals it; the first has none."""
    differences = changes(video)
    threshold = max(differences[chosen] + above, 0.0)
    assert_equal(key_frames(video, threshold), [False, *(difference > threshold for difference in differences)])


@given(shots=frames(3, 2, 4), lengths=st.tuples(*[st.integers(1, 3)] * 3), offset=st.integers(0, 63))
def test_key_frames_lie_behind_cuts(key_frames, shots, lengths, offset):
    """Of still shots the first frame after each cut is one; played backwards the cuts are the same, and so they are in
    a lighter video.
    """
    shots = shots // 4 + torch.tensor([0, 64, 128], dtype=torch.uint8)[:, None, None]
    expected = [False] * sum(lengths)
    expected[lengths[0]] = expected[lengths[0] + lengths[1]] = True
    video = shots.repeat_interleave(torch.tensor(lengths), 0)
    assert_equal(key_frames(video, 0.0), expected)
    assert_equal(key_frames(video + offset, 0.0), expected)
    assert_equal(key_frames(video.flip(0), 0.0), [False, *expected[:0:-1]])


def test_frame_differences_of_large_frames_are_exact(frame_differences, key_frames):
    """White after black, but for one pixel, is 255 times the area less 1, beyond what 16 bits or a float32 count."""
    video = torch.zeros(2, 260, 260, dtype=torch.uint8)
    video[1], video[1, 0, 0] = 255, 254
    assert_equal(frame_differences(video), [255 * 260**2 - 1])
    assert_equal(key_frames(video, 255.0 * 260**2 - 2), [False, True])
    assert_equal(key_frames(video, math.inf), [False, False])


@pytest.mark.parametrize("threshold", [-1.0, -0.25, math.nan])
def test_key_frames_reject_impossible_thresholds(key_frames, threshold):
    """Below 0 a frame would be one that does not differ at all."""
    assert_rejects(key_frames, torch.ones(3, 2, 4, dtype=torch.uint8), threshold)


def test_frame_differences_reject_videos_without_frames(frame_differences, key_frames):
    """A single frame differs from none before it, and without frames there is no video."""
    assert_equal(frame_differences(torch.ones(1, 2, 4, dtype=torch.uint8)).shape, (0,))
    assert_equal(key_frames(torch.ones(1, 2, 4, dtype=torch.uint8), 0.0), [False])
    assert_rejects(frame_differences, torch.ones(0, 2, 4, dtype=torch.uint8))
    assert_rejects(key_frames, torch.ones(0, 2, 4, dtype=torch.uint8), 1.0)
