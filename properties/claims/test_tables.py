"""Worked numbers of Bayes' theorem, and statements about conditional probability that are often met and wrong."""

import pytest
import torch

from properties.claims.test_diffusion import table
from properties.closeness import assert_close
from reference.probability.tables import conditional_from_joint, joint_from_conditional, marginals, posterior_table


@pytest.mark.claim("E003-014", "R003-045")
def test_prior_likelihood_and_posterior_are_three_numbers():
    """With P(brown) = 0.7, P(horse) = 0.5 and P(horse | brown) = 0.7, P(brown | horse) is 0.98; the joint is 0.49."""
    prior, likelihood = table(0.7, 0.3), table(0.7, 0.3, 1 / 30, 29 / 30).reshape(2, 2)
    joint = joint_from_conditional(prior, likelihood)
    assert_close(marginals(joint)[1][0], 0.5)
    assert_close(joint[0, 0], 0.49)
    assert_close(posterior_table(prior, likelihood)[0, 0], 0.98)


@pytest.mark.claim("E003-015", "R003-046")
def test_conditionals_agree_only_for_equal_marginals():
    """With P(A, B) = 0.2, P(A) = 0.5 and P(B) = 0.3, P(B | A) is 0.4 and P(A | B) 2/3; with P(B) = 0.5 both are 0.4."""
    joint, equal = table(0.2, 0.3, 0.1, 0.4).reshape(2, 2), table(0.2, 0.3, 0.3, 0.2).reshape(2, 2)
    assert_close(
        torch.stack([conditional_from_joint(joint)[0, 0], conditional_from_joint(joint.T)[0, 0]]), [0.4, 2 / 3]
    )
    assert_close(torch.stack([conditional_from_joint(equal)[0, 0], conditional_from_joint(equal.T)[0, 0]]), [0.4, 0.4])


@pytest.mark.claim("R003-047")
def test_better_in_each_context_can_be_worse_in_all():
    """Treatment A cures 81/87 small and 192/263 large kidney stones, B 234/270 and 55/80; of all, 0.78 and 0.83."""
    cases = table(81, 6, 234, 36, 192, 71, 55, 25).reshape(2, 2, 2)
    within, pooled = conditional_from_joint(cases)[..., 0], conditional_from_joint(cases.sum(0))[..., 0]
    assert bool((within[:, 0] > within[:, 1]).all())
    assert pooled[0] < pooled[1]
    assert_close(pooled, [273 / 350, 289 / 350])


@pytest.mark.claim("R003-048")
def test_sum_rule_weighs_with_the_prior():
    """Rates 0.9 and 0.1 of causes with probabilities 1/4 and 3/4 make an outcome 0.3 probable, not 0.5 or 1."""
    likelihood = table(0.9, 0.1, 0.1, 0.9).reshape(2, 2)
    assert_close(marginals(joint_from_conditional(table(0.25, 0.75), likelihood))[1], [0.3, 0.7])
