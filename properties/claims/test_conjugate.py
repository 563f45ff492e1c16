"""Worked numbers of conjugate priors, and statements about them that are often met and wrong, each with a witness."""

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from reference.probability.conjugate import (
    BetaState,
    NormalState,
    bernoulli_log_likelihood,
    beta_bernoulli_update,
    beta_mean,
    beta_mode,
    beta_variance,
    dirichlet_marginal,
    normal_mean_update,
)

TOSSES = torch.tensor([True, False, True, True, False])


@pytest.mark.claim("E003-018", "R003-064")
def test_mean_and_mode_of_beta_differ():
    """Beta(3, 8) has mean 0.2727 and mode 0.2222, Beta(8, 4) mean 0.6667 and mode 0.7."""
    alpha, beta = table(3, 8), table(8, 4)
    assert beta_mean(alpha, beta).tolist() == [printed("0.2727"), printed("0.6667")]
    assert beta_mode(alpha, beta).tolist() == [printed("0.2222"), printed("0.7000")]
    assert beta_variance(alpha, beta).tolist() == [printed("0.01653"), printed("0.01709")]


@pytest.mark.claim("E003-019", "R003-067")
def test_beta_1_2_is_highest_at_0():
    """Beta(1, 2) falls from its mode 0: [0, 0.1] holds 0.19 and [0.2, 0.3] only 0.15, though its mean is 1/3."""
    assert beta_mode(table(1, 2, 2), table(2, 1, 2)).tolist() == [0, 1, 0.5]
    assert beta_mean(table(1), table(2)) == printed("0.3333")
    below = stats.beta.cdf([0, 0.1, 0.2, 0.3], 1, 2)
    assert [below[1] - below[0], below[3] - below[2]] == [printed("0.19"), printed("0.15")]


@pytest.mark.claim("E003-020", "R003-068")
def test_tosses_add_to_the_prior():
    """Three heads and two tails make Beta(4, 3), of mean 4/7, of a uniform prior; Beta(3, 2), of mean 3/5, would need
    the improper Beta(0, 0).
    """
    uniform = BetaState(*table(1, 1))
    posterior = beta_bernoulli_update(uniform, TOSSES)
    assert posterior == (4, 3)
    assert beta_mean(*posterior) == printed("0.571429")
    assert beta_mode(*posterior) == printed("0.6")
    with pytest.raises(ValueError, match="positive"):
        beta_bernoulli_update(BetaState(*table(0, 0)), TOSSES)


@pytest.mark.claim("R003-065")
def test_variance_of_a_draw_is_at_most_a_quarter():
    """E[x] = theta and Var[x] = theta (1 - theta), by adding over x = 0 and 1: 0.1875 at 1/4, and most, 1/4, at 1/2."""
    theta = table(0, 0.25, 0.5, 0.75, 1)
    success, failure = (bernoulli_log_likelihood(theta, x, 1).exp() for x in (1, 0))
    assert success.tolist() == pytest.approx(theta.tolist())
    variance = (1 - theta) ** 2 * success + theta**2 * failure
    assert variance.tolist() == pytest.approx([0, 0.1875, 0.25, 0.1875, 0])


@pytest.mark.claim("R003-066")
def test_posterior_mean_is_not_weighted_by_plug_in_precisions():
    """Beta(2, 2) and three successes in four give 0.625, by the weights 4 and 4 of the counts. Inverse variances do so
    too if that of the share is E[theta (1 - theta)] / 4 under the prior, but give 0.629 with the share plugged in.
    """
    prior_mean, share = 0.5, 0.75
    posterior = beta_bernoulli_update(BetaState(*table(2, 2)), torch.tensor([True, True, False, True]))
    precision = 1 / beta_variance(*table(2, 2)).item()
    expected, plugged_in = 4 / (prior_mean * (1 - prior_mean) - 1 / precision), 4 / (share * (1 - share))
    weighted = [(precision * prior_mean + p * share) / (precision + p) for p in (expected, plugged_in)]
    assert [beta_mean(*posterior).item(), *weighted] == [printed("0.625"), printed("0.625"), printed("0.629")]


@pytest.mark.claim("R003-069")
def test_marginal_of_a_flat_dirichlet_is_not_flat():
    """Under Dir(1, 1, 1) all p are equally likely, but each p_k is Beta(1, 2), of mean 1/3 and highest at 0."""
    marginal = dirichlet_marginal(table(1, 1, 1), 1)
    assert marginal == (1, 2)
    assert (beta_mean(*marginal), beta_mode(*marginal)) == (printed("0.3333"), 0)


@pytest.mark.claim("R003-078")
def test_posterior_mean_is_the_grid_maximum():
    """For the data 1.2, 1.9, 1.4 with variance 0.5 and the prior N(0, 2) MAP is 18/13, the best of a fine grid too."""
    data = table(1.2, 1.9, 1.4)
    mean, precision = normal_mean_update(NormalState(*table(0, 0.5)), data, 0.5)
    grid = torch.arange(-1000, 3001, dtype=torch.float64)[:, None] / 1000
    log_posterior = stats.norm.logpdf(data, grid, 0.5**0.5).sum(1) + stats.norm.logpdf(grid[:, 0], 0, 2**0.5)
    assert mean == printed("1.38462")
    assert precision == 6.5
    assert grid[log_posterior.argmax()].item() == printed("1.385")
