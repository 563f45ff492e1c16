"""Wrong variants of `reference.vision.keyframes`."""

import torch
from torch.nn.functional import pad

from properties.mistakes import mistake, variant
from reference.vision.keyframes import frame_differences, key_frames


@mistake(of=frame_differences, seen="E003-124")
def frame_differences_as_bytes(frames):
    """pixels are subtracted as bytes, so that what falls below 0 wraps around"""
    frame_differences(frames)
    return frames.diff(dim=0).long().flatten(1).sum(1)


@mistake(of=frame_differences, seen="E003-124")
def frame_differences_with_sign(frames):
    """signed differences are added up, so that a moving object cancels out"""
    frame_differences(frames)
    return frames.long().diff(dim=0).flatten(1).sum(1)


@mistake(of=frame_differences, seen="E003-124")
def frame_differences_of_sums(frames):
    """the sums of the frames are compared instead of their pixels"""
    frame_differences(frames)
    return frames.long().flatten(1).sum(1).diff().abs()


@mistake(of=frame_differences, seen="catalogue R003-266")
def frame_differences_squared(frames):
    """differences are squared"""
    frame_differences(frames)
    return frames.long().diff(dim=0).square().flatten(1).sum(1)


@mistake(of=frame_differences, seen="catalogue R003-266")
def frame_differences_to_the_first(frames):
    """every frame is compared with the first"""
    frame_differences(frames)
    return (frames[1:].long() - frames[:1].long()).abs().flatten(1).sum(1)


@mistake(of=frame_differences, seen="catalogue R003-266")
def frame_differences_of_no_frames(frames):
    """a video without frames is accepted"""
    return frames.long().diff(dim=0).abs().flatten(1).sum(1)


@mistake(of=frame_differences, seen="catalogue R003-266")
def frame_differences_in_sixteen_bits(frames):
    """differences are added up in 16 bits and wrap around"""
    frame_differences(frames)
    return frames.short().diff(dim=0).abs().flatten(1).sum(1, dtype=torch.int16).long()


@mistake(of=frame_differences, seen="catalogue R003-266")
def frame_differences_in_single_precision(frames):
    """differences are added up as single-precision numbers, which are exact up to 2^24"""
    frame_differences(frames)
    return frames.float().diff(dim=0).abs().flatten(1).sum(1).long()


@variant(of=frame_differences, seen="OpenCV, absdiff")
def frame_differences_of_extremes(frames):
    """the larger byte less the smaller one cannot wrap around"""
    frame_differences(frames)
    first, second = frames[:-1], frames[1:]
    return (torch.maximum(first, second) - torch.minimum(first, second)).long().flatten(1).sum(1)


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_with_the_first(frames, threshold):
    """the first frame is always one"""
    out = key_frames(frames, threshold)
    return torch.cat([~out[:1], out[1:]])


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_before_the_cut(frames, threshold):
    """the last frame before a cut is marked instead of the first one behind it"""
    return key_frames(frames, threshold).roll(-1)


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_at_threshold(frames, threshold):
    """a difference equal to the threshold is enough, so that a static video has key frames at 0"""
    differences = frame_differences(frames) >= threshold
    return torch.cat([torch.zeros_like(key_frames(frames, threshold)[:1]), differences])


@mistake(of=key_frames, seen="E003-124")
def key_frames_by_signed_sums(frames, threshold):
    """signed differences are added up, so that a moving object cancels out"""
    changed = frames.long().diff(dim=0).flatten(1).sum(1) > threshold
    return torch.cat([torch.zeros_like(key_frames(frames, threshold)[:1]), changed])


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_by_mean(frames, threshold):
    """the mean over the pixels is compared with the threshold instead of their sum"""
    mean = frame_differences(frames) / frames[0].numel()
    return torch.cat([torch.zeros_like(key_frames(frames, threshold)[:1]), mean > threshold])


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_without_check(frames, threshold):
    """a threshold below 0, or NaN, is accepted"""
    return torch.cat([torch.zeros(1, dtype=torch.bool), frame_differences(frames) > threshold])


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_of_two_frames_at_least(frames, threshold):
    """a single frame is refused"""
    if len(frames) == 1:
        raise ValueError("needs two frames")
    return key_frames(frames, threshold)


@mistake(of=key_frames, seen="catalogue R003-266")
def key_frames_in_sixteen_bits(frames, threshold):
    """differences are added up in 16 bits and wrap around"""
    key_frames(frames, threshold)
    return pad(frames.short().diff(dim=0).abs().flatten(1).sum(1, dtype=torch.int16) > threshold, (1, 0))
