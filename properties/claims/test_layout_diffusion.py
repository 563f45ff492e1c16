"""Worked numbers of LayoutDiffusion's chain."""

from itertools import pairwise

import pytest
import torch

from reference.diffusion.discrete import cumulative_transitions
from reference.diffusion.layout_diffusion import blur_widths, layout_transitions, two_stage_schedule
from reference.diffusion.transitions import discretized_gaussian_transition

CATEGORIES, COORDINATES, MASK = slice(5, 10), slice(10, 138), 138


@pytest.fixture(scope="module")
def marginals():
    """Where each of the 139 tokens of PubLayNet is after each of 200 steps."""
    return cumulative_transitions(layout_transitions(200, 5))


@pytest.mark.claim("R000-015", "R000-016")
def test_widths_span_fifteen_orders_of_magnitude():
    """Over 200 steps the blur widens from 1.2e-14, the identity, to 11.5, nearly uniform."""
    widths = blur_widths(200)
    assert len(widths) == 160
    assert widths[[0, 1, 100, 158, 159]].tolist() == pytest.approx([1.24e-14, 3.89e-5, 4.441e-4, 2.11, 11.51], rel=2e-3)


@pytest.mark.claim("R000-016")
def test_blurred_coordinates_are_nearly_uniform(marginals):
    """After the first stage a coordinate from the worst start is 0.062 away from uniform in total variation."""
    among_coordinates = marginals[159, COORDINATES, COORDINATES] / (1 - marginals[159, COORDINATES, MASK, None])
    distance = (among_coordinates - 1 / 128).abs().sum(-1).max() / 2
    assert distance.item() == pytest.approx(0.062, abs=5e-4)


@pytest.mark.claim("R000-018")
def test_tokens_are_masked_in_the_last_fifth(marginals):
    """At most 9e-5 of the tokens are masked before step 160 of 200, and 0.9999 and 0.9998 at the end."""
    assert marginals[159, 5:138, MASK].max().item() == pytest.approx(9e-5)
    assert marginals[199, COORDINATES, MASK].tolist() == pytest.approx([0.9999] * 128)
    assert marginals[199, CATEGORIES, MASK].tolist() == pytest.approx([0.9998] * 5)


@pytest.mark.claim("R000-015", "R000-018")
def test_published_masking_rates_do_not_multiply_up_to_the_table():
    """Masking by 1 - keep - replaced, as published code does, masks 0.0225 in a stage whose table ends at 9e-5."""
    schedule = two_stage_schedule(200)
    kept, masked = schedule.coordinate_keep[:160].tolist(), schedule.coordinate_mask[:160].tolist()
    left = 1.0
    for (keep_before, mask_before), (keep, mask) in pairwise([(1.0, 0.0), *zip(kept, masked, strict=True)]):
        replaced = 1 - (keep + mask) / (keep_before + mask_before)
        left *= keep / keep_before + replaced
    assert 1 - left == pytest.approx(0.0225, abs=5e-5)
    assert masked[-1] == pytest.approx(9e-5)


@pytest.mark.claim("R000-017")
def test_masking_added_to_a_stochastic_blur_gains_mass():
    """Rows of coordinates that sum to 1 and get MASK on top sum to 1.0137 at step 160 of the published chain."""
    schedule = two_stage_schedule(200)
    keep, mask = (line[158:160].tolist() for line in (schedule.coordinate_keep, schedule.coordinate_mask))
    published = 1 - keep[1] / keep[0] - (1 - (keep[1] + mask[1]) / (keep[0] + mask[0]))
    row = discretized_gaussian_transition(blur_widths(200)[159], 128)[0]
    assert row.sum().item() + published == pytest.approx(1.0137, abs=5e-5)


@pytest.mark.claim("R000-017")
def test_layouts_keep_their_number_of_elements(marginals):
    """Specials are where they were after all steps, so that the number of separators never changes."""
    assert torch.equal(marginals[199, :5, :5], torch.eye(5, dtype=torch.float64))
