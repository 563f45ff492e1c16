"""Worked numbers of key frames, and a statement about them that is often met and wrong."""

import pytest
import torch

from reference.vision.keyframes import frame_differences, key_frames


@pytest.mark.claim("E003-124", "R003-266")
def test_a_moving_pixel_cancels_out_unless_sizes_are_added():
    """A pixel of 200 that moves changes the picture by 400; with signs the sum is 0, and as bytes it is 256."""
    frames = torch.zeros(2, 3, 4, dtype=torch.uint8)
    frames[0, 1, 1] = frames[1, 1, 2] = 200
    assert frame_differences(frames).tolist() == [400]
    assert (frames[1].long() - frames[0].long()).sum() == 0
    assert (frames[1] - frames[0]).sum() == 256


@pytest.mark.claim("R003-266")
def test_a_reversed_video_has_the_same_cuts_and_other_key_frames():
    """Of the five frames A A B B B the key frame is the first B, and of B B B A A it is an A."""
    first, second = torch.zeros(3, 4, dtype=torch.uint8), torch.ones(3, 4, dtype=torch.uint8)
    video = torch.stack([first, first, second, second, second])
    assert key_frames(video, 0.0).nonzero().tolist() == [[2]]
    assert key_frames(video.flip(0), 0.0).nonzero().tolist() == [[3]]
    assert (video[2] == second).all()
    assert (video.flip(0)[3] == first).all()
