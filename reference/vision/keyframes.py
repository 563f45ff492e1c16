"""Key frames of a video: those that differ much from the frame before."""

from jaxtyping import Bool, Int64, UInt8
from torch import Tensor
from torch.nn.functional import pad


def frame_differences(frames: UInt8[Tensor, "frames *channels height width"]) -> Int64[Tensor, "changes"]:
    """Sum over all pixels of how much each changes from a frame to the next, however the changes point.

        D_t = sum |f_t - f_{t-1}|,   t = 1..n-1

    Pixels are subtracted as signed numbers: as bytes 0 - 200 would be 56.

    Domain: a frame or more; else ValueError. Of one frame the result is empty.
    Source: Zhang et al. 1993, "Automatic partitioning of full-motion video", for comparisons of successive frames.
    Notes: R003-266.
    """
    if len(frames) < 1:
        raise ValueError(f"a video needs at least one frame; got {len(frames)}")
    return frames.long().diff(dim=0).abs().flatten(1).sum(1)


def key_frames(frames: UInt8[Tensor, "frames *channels height width"], threshold: float) -> Bool[Tensor, "frames"]:
    """True at the frames behind a cut: those that differ from the one before by more than the threshold.

        out_t = D_t > threshold,   out_0 = False,   D_t as `frame_differences`

    A reversed video has the same cuts, but a key frame is then the one that was before its cut: t becomes n - t.

    Domain: a threshold of 0 or more; else ValueError. A static video has no key frame at any threshold.
    Source: Zhang et al. 1993, "Automatic partitioning of full-motion video", for comparisons of successive frames.
    Differs: players and codecs count the first frame as a key frame.
    Notes: R003-266.
    """
    if not threshold >= 0:
        raise ValueError(f"the threshold must be at least 0; got {threshold}")
    return pad(frame_differences(frames) > threshold, (1, 0), value=False)
