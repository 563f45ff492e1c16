"""Worked numbers of attention in windows, and statements about it that are often met and wrong."""

import pytest
import torch

from properties.closeness import assert_equal
from reference.transformer.multimodal_positions import VisionGrid
from reference.transformer.windows import (
    cyclic_shift,
    patch_merging,
    relative_position_index,
    shifted_window_attention,
    vision_windows,
    window_partition,
)


@pytest.mark.claim("R004-072")
def test_image_of_224_pixels_has_64_windows_of_49():
    """Patches of 4 pixels make 56 x 56 tokens, hence 64 windows of 49, which score 153664 pairs and not 9834496."""
    windows = window_partition(torch.zeros(224 // 4, 224 // 4, 96), 7)
    assert windows.shape == (64, 49, 96)
    assert 64 * 49**2 == 56 * 56 * 7**2 == 153664
    assert (64 * 49) ** 2 == 9834496


@pytest.mark.claim("E003-104")
@pytest.mark.parametrize(("tokens", "scores"), [(64, 4096), (1024, 65536)])
def test_windows_of_side_m_score_n_m_squared_pairs(tokens, scores):
    """Windows of 8 x 8 tokens score 64 n pairs; 8 n would be those of windows of 8 tokens. At n = 64 there is but one
    window, and so nothing saved.
    """
    windows = window_partition(torch.zeros(8, tokens // 8, 1), 8)
    assert windows.shape[0] * windows.shape[1] ** 2 == tokens * 8**2 == scores
    assert (scores == tokens**2) == (tokens == 64)


@pytest.mark.claim("R004-073")
def test_relative_position_index_of_a_window_of_7():
    """Offsets are numbered from 0 to 168, 84 on the diagonal, and a pair and its mirror image add up to 168."""
    index = relative_position_index(7)
    assert (index.min(), index.max(), index.diagonal().unique().tolist()) == (0, 168, [84])
    assert_equal(index + index.T, torch.full((49, 49), 168))


def read(hidden):
    """Self-attention that adds a number to the scores of tokens of other regions."""

    def attend(windows, mask):
        scores = windows @ windows.transpose(-2, -1) + torch.where(mask, 0.0, hidden)
        return scores.softmax(-1) @ windows

    return attend


@pytest.mark.claim("E004-22", "R004-073")
def test_shift_is_a_translation_that_needs_a_mask():
    """The cyclic shift is no rotation and no reflection; what it brings together from opposite edges must be masked."""
    x = torch.arange(48, dtype=torch.float64).reshape(4, 4, 3) * 7 % 48 / 24 - 1
    moved = cyclic_shift(x, 1)
    assert_equal(moved[3, 3], x[0, 0])
    assert not any(torch.equal(moved, other) for other in (x.rot90(1), x.rot90(2), x.rot90(3), x.flip(0), x.flip(1)))
    masked, unmasked = (shifted_window_attention(x, 2, 1, read(hidden)) for hidden in (-torch.inf, 0.0))
    assert (masked - unmasked).abs().max() > 0.25
    assert_equal(masked[1:3, 1:3], unmasked[1:3, 1:3])


@pytest.mark.claim("R004-073")
def test_mask_of_minus_100_leaks_where_scores_differ_by_more():
    """Swin adds -100 to scores that are to be hidden, which is not enough where they are higher by more than that."""
    x = torch.tensor([1.0, 2.0, -1.0, 3.0], dtype=torch.float64).repeat(4, 1)[..., None]
    hidden, added = (shifted_window_attention(x, 2, 1, read(number)) for number in (-torch.inf, -100.0))
    assert (hidden - added).abs().max() < 1e-15
    hidden, added = (shifted_window_attention(16 * x, 2, 1, read(number)) for number in (-torch.inf, -100.0))
    assert (hidden - added).abs().max() > 1


@pytest.mark.claim("E004-23", "R004-074")
def test_patch_merging_doubles_channels():
    """Swin's stages have 96, 192, 384 and 768 channels: 4 C become 2 C, not C, by 8 C^2 weights, 73728 at C = 96."""
    x, channels = torch.zeros(8, 8, 96), [96]
    weights = [torch.zeros(2 * width, 4 * width) for width in (96, 192, 384)]
    for weight in weights:
        x = patch_merging(x, lambda stacked: stacked, weight)
        channels.append(x.shape[-1])
    assert channels == [96, 192, 384, 768]
    assert (x.shape[0], weights[0].numel()) == (1, 73728)


@pytest.mark.claim("R003-206")
def test_vision_windows_of_112_pixels():
    """An image of 224 x 224 pixels has 16 x 16 patches of 14, hence 64 cells, in four windows of 112 pixels, each of
    4 x 4 cells or 64 patches.
    """
    order, boundaries = vision_windows([VisionGrid(1, 16, 16)], 2, 112 // 14 // 2)
    assert boundaries.tolist() == [0, 64, 128, 192, 256]
    assert order[:16].tolist() == [row * 8 + column for row in range(4) for column in range(4)]
    assert_equal(order.sort().values, torch.arange(64))
