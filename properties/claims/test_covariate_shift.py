"""Worked numbers of covariate shift, and statements about it that are often met and wrong, each with a witness."""

import math

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.probability.covariate_shift import effective_sample_size, importance_weights, weighted_risk


@pytest.mark.claim("E004-3", "R004-008")
def test_exp_of_logit_holds_the_odds_of_the_samples():
    """For 40000 draws of N(0, 1) and 8000 of N(1, 1) the logit is x - 2.109, and exp of it a fifth of p / q, so that a
    cap of 1 cuts at x = 2.109 instead of 0.5.
    """
    intercept = -0.5 + math.log(8000 / 40000)
    assert intercept == printed("-2.109")
    x = table(-1, 0.5, 2.109)
    logits = x + intercept
    ratio = torch.as_tensor(stats.norm.pdf(x, 1) / stats.norm.pdf(x, 0))
    assert_close(importance_weights(logits, 40000, 8000), ratio, 8 * ratio)
    assert_close(logits.exp(), ratio / 5, 8 * ratio)
    assert ratio[1] == printed("1.000")
    assert logits[2].exp() == printed("1.000")


@pytest.mark.claim("R004-007")
def test_weights_need_a_source_that_covers_the_target():
    """With source U(0, 1) and target U(0, 2) the weights on the source are 1/2 and average to 1/2, not to 1."""
    weights = torch.full((5,), 0.5, dtype=torch.float64)
    assert weighted_risk(torch.ones_like(weights), weights) == 0.5
    assert_close(effective_sample_size(weights), 5)
