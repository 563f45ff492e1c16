"""Worked numbers of variational inference, and statements about it that are often met and wrong."""

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from reference.diffusion.likelihood import multivariate_normal_kl
from reference.probability.variational import (
    cavi_gaussian_sweep,
    elbo,
    evidence,
    exact_posterior,
    mean_field_variances,
)

HALVES = table(0.5, 0.5)


@pytest.mark.claim("E003-026")
def test_bound_may_exceed_the_joint_of_a_single_latent():
    """For two equal components with p(x | z) = 0.4 the bound is log p(x) = -0.916, above log p(x, z) = -1.609."""
    log_joint = table(0.2, 0.2).log()
    bound = elbo(HALVES, log_joint)
    assert bound == printed("-0.916")
    assert evidence(HALVES, table(0.4, 0.4).log()) == printed("-0.916")
    assert (log_joint < bound).all()
    assert log_joint[0] == printed("-1.609")


@pytest.mark.claim("E003-030", "R003-099")
def test_raising_a_loose_bound_can_lower_the_likelihood():
    """For data 0 and 4 and q = (1/2, 1/2), means (0, 4) -> (2, 2) raise the bound from -9.838 to -5.838 and lower
    log p from -3.224 to -5.838; with the posterior as q the bound would fall too.
    """
    data = table(0, 4)[:, None]
    before, after = (torch.as_tensor(stats.norm.logpdf(data, means)) for means in (table(0, 4), table(2, 2)))
    log_joint, moved = HALVES.log() + before, HALVES.log() + after
    assert elbo(HALVES.expand(2, 2), log_joint).sum() == printed("-9.838")
    assert elbo(HALVES.expand(2, 2), moved).sum() == printed("-5.838")
    assert evidence(HALVES, before).sum() == printed("-3.224")
    assert evidence(HALVES, after).sum() == printed("-5.838")
    posterior = exact_posterior(log_joint)
    assert elbo(posterior, log_joint).sum() == printed("-3.224")
    assert elbo(posterior, moved).sum() < elbo(posterior, log_joint).sum()


@pytest.mark.claim("R003-103")
def test_mean_field_finds_means_and_understates_variances():
    """A Gaussian of precision (2, 1.2; 1.2, 1.5) has the variances (0.9615, 1.2821); the best factorised q has the
    right means and the variances (0.5, 0.6667), at a divergence of 0.327.
    """
    precision, mean = table(2, 1.2, 1.2, 1.5).reshape(2, 2), table(3, -1)
    covariance = torch.linalg.inv(precision)
    assert covariance[0, 0] == printed("0.9615")
    assert covariance[1, 1] == printed("1.2821")
    variances = mean_field_variances(precision)
    assert variances[0] == printed("0.5")
    assert variances[1] == printed("0.6667")
    means = table(0, 0)
    for _ in range(60):
        means = cavi_gaussian_sweep(mean, precision, means)
    assert means.tolist() == pytest.approx(mean.tolist(), rel=1e-12)
    assert multivariate_normal_kl(means, variances.diag(), mean, covariance) == printed("0.327")
