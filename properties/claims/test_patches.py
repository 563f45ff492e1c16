"""Worked numbers of patches, and statements about them that are often met and wrong."""

import pytest
import torch

from properties.closeness import assert_equal
from reference.transformer.patches import (
    class_feature,
    drop_registers,
    insert_registers,
    merge_patches,
    patch_count,
    patch_embedding,
    patchify,
    prepend_class_token,
)


@pytest.mark.claim("E003-097", "R003-226")
def test_a_thousand_pixels_square_hold_a_hundred_patches():
    """1000 x 1000 pixels are 10 rows of 10 patches of 100 x 100, which is 100, not 10."""
    assert patch_count(1000, 1000, 100) == 100
    assert patchify(torch.zeros(3, 1000, 1000), 100).shape == (100, 30000)


@pytest.mark.claim("E003-103", "R003-226")
def test_patches_of_side_fifty_are_four_hundred():
    """1000 x 1000 pixels at side 50 are 400 patches, and 100 tokens after merging 2 x 2; not 4000 and 1000."""
    assert patch_count(1000, 1000, 50) == 400
    merged = merge_patches(torch.zeros(400, 3), 20, 20, 2, lambda tokens: tokens, lambda joined: joined)
    assert merged.shape == (100, 12)


@pytest.mark.claim("R003-227")
def test_merger_joins_5120_values():
    """Four patches of 1280 channels are joined to 5120 values and projected to 3584."""
    joined = merge_patches(torch.zeros(24, 1280), 4, 6, 2, lambda tokens: tokens, lambda joined: joined)
    assert joined.shape == (6, 5120)
    projection = torch.zeros(5120, 3584)
    merged = merge_patches(torch.zeros(24, 1280), 4, 6, 2, lambda tokens: tokens, lambda joined: joined @ projection)
    assert merged.shape == (6, 3584)


@pytest.mark.claim("R003-264", "R004-068")
@pytest.mark.parametrize(
    ("image", "side", "patches", "values", "width"), [(60, 20, 9, 1200, 128), (224, 16, 196, 768, 768)]
)
def test_shapes_of_patch_projections(image, side, patches, values, width):
    """60 x 60 pixels are 9 patches of 1200 values, projected to 128; 224 x 224 are 196 of 16 x 16 x 3 = 768."""
    images = torch.zeros(1, 3, image, image)
    assert patchify(images, side).shape == (1, patches, values)
    assert patch_embedding(images, torch.zeros(width, values), torch.zeros(width), side).shape == (1, patches, width)


@pytest.mark.claim("E004-19", "R004-069")
def test_positions_are_added_after_the_class_token():
    """197 positions for 196 patches need the class token to come first: to the patches alone they cannot be added."""
    patches, positions = torch.zeros(196, 5), torch.arange(197.0)[:, None].expand(197, 5)
    with pytest.raises(RuntimeError, match="196"):
        patches + positions
    assert_equal(prepend_class_token(patches, torch.zeros(5), positions), positions)


@pytest.mark.claim("E004-20", "R004-069")
def test_register_tokens_are_discarded():
    """reg stands for registers, not for regression: 196 patches, a class token and 4 registers are 201 tokens, of which
    the 4 are in no output.
    """
    tokens = torch.arange(197.0)[:, None]
    more = insert_registers(tokens, torch.full((4, 1), -1.0))
    assert (len(more), int((more == -1).sum())) == (201, 4)
    assert_equal(drop_registers(more, 4), tokens)


@pytest.mark.claim("R003-265")
def test_positions_tell_the_order_of_patches():
    """The feature at the class token does not depend on the order of patches, unless positions do."""
    patches, class_token = torch.arange(12, dtype=torch.float64).reshape(4, 3) / 8, torch.ones(3, dtype=torch.float64)

    def encode(tokens):
        return (tokens @ tokens.mT).softmax(-1) @ tokens

    def change(positions):
        features = [class_feature(given, class_token, positions, encode) for given in (patches, patches.flip(0))]
        return float((features[0] - features[1]).abs().max())

    steps = torch.arange(15, dtype=torch.float64).reshape(5, 3) / 8
    assert change(0 * steps) < 1e-12 < 0.1 < change(steps.square())
