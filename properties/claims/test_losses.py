"""Worked numbers of losses, and statements about them that are often met and wrong."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.training.losses import (
    label_smoothing_loss,
    label_smoothing_loss_over_others,
    mean_and_tail_mean,
    mean_flat,
    softmax_focal_loss,
    softmax_log_loss,
)
from reference.transformer.vector_quantization import used_code_share


@pytest.mark.claim("R001-061")
def test_mean_over_no_axes_is_the_mean_of_all():
    """torch takes an empty list of axes for all of them: the mean of a vector over axes 1, 2, ... is one number."""
    x = table(1, 2, 6)
    assert x.mean(dim=list(range(1, x.ndim))) == 3
    assert mean_flat(x).tolist() == [1, 2, 6]


@pytest.mark.claim("R001-062")
def test_smoothed_labels_cannot_be_learned_to_a_loss_of_zero():
    """With 7 classes and a smoothing of 0.1 the least loss is 0.446088 where the label leads by log 64, and 0.504259
    where the share is spread over the 6 other classes; torch does the first.
    """
    label = torch.tensor([0])
    by_all, by_others = (table(lead, *[0] * 6)[None] for lead in (math.log(64), math.log(54)))
    assert label_smoothing_loss(by_all, label, 0.1) == printed("0.446088")
    assert label_smoothing_loss_over_others(by_others, label, 0.1) == printed("0.504259")
    assert_close(cross_entropy(by_all, label, label_smoothing=0.1), label_smoothing_loss(by_all, label, 0.1), 8)
    assert label_smoothing_loss(1000 * by_all, label, 0.1) > 300


@pytest.mark.claim("R001-063")
def test_codebook_usage_counts_codes_above_a_thousandth_of_their_share():
    """All of 8 codes are in use if chosen alike and 1 if one is always chosen; the counts of ranks add up, if each has
    8 of them, which bincount does only with `minlength`.
    """
    ranks = torch.arange(6), torch.tensor([7] * 5995 + [6] * 10)
    counts = sum(torch.bincount(indices, minlength=8) for indices in ranks)
    assert counts.tolist() == torch.bincount(torch.cat(ranks), minlength=8).tolist() == [1] * 6 + [10, 5995]
    assert len(torch.bincount(ranks[0])) == 6
    assert 100 * used_code_share(counts.double(), 6011, 0.001) == 100
    assert 100 * used_code_share(torch.full((8,), 3.0).double(), 24, 0.001) == 100
    assert 100 * used_code_share(8 * (torch.arange(8) == 2).double(), 8, 0.001) == 12.5
    assert 100 * used_code_share(table(1, 0, 0, 0, 0, 0, 0, 7999), 8000, 0.001) == 25
    assert 100 * used_code_share(table(1, 0, 0, 0, 0, 0, 0, 8001), 8002, 0.001) == 12.5


@pytest.mark.claim("R001-096", "E001-9")
def test_metrics_of_scales_are_means_of_head_and_tail():
    """680 tokens have a head of 424 and a tail of 256; without knowledge of 4096 codes the loss is 8.3178, and a
    percentage of right tokens is no whole number.
    """
    sides = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16)
    assert (sum(side**2 for side in sides), sides[-1] ** 2) == (680, 256)
    losses = softmax_log_loss(torch.zeros(1, 680, 4096, dtype=torch.float64), torch.arange(680)[None])
    assert mean_and_tail_mean(losses, 256) == (printed("8.3178"), printed("8.3178"))
    right = torch.cat([torch.zeros(424), torch.ones(256)])[None].double()
    assert mean_and_tail_mean(right, 256) == (printed("0.37647"), 1)
    assert isinstance(100 * mean_and_tail_mean(right, 256)[1].item(), float)
    assert 100 * mean_and_tail_mean(right, 256)[0] == printed("37.647")


@pytest.mark.claim("R003-014", "E003-006")
def test_focal_loss_raises_no_loss():
    """With gamma = 2 it is 0.00105 for 0.10536 at p = 0.9, 0.1733 for 0.6931 at 0.5 and 1.8651 for 2.3026 at 0.1: hard
    samples keep most of their loss, easy ones lose nearly all, and none gains.
    """
    p, target = table(0.9, 0.5, 0.1), torch.tensor([0, 0, 0])
    logits = torch.stack([p, 1 - p], 1).log()
    plain, focal = (softmax_focal_loss(logits, target, table(1, 1), gamma) for gamma in (0.0, 2.0))
    assert plain.tolist() == [printed("0.10536"), printed("0.6931"), printed("2.3026")]
    assert focal.tolist() == [printed("0.00105"), printed("0.1733"), printed("1.8651")]
