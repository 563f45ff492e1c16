"""Worked numbers of information theory, and statements about it that are often met and wrong."""

import math

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from reference.probability.information import cross_entropy, entropy, huffman_code_lengths, kl_divergence

BIT = math.log(2)
ONE_HOT = table(1, 0, 0)


@pytest.mark.claim("E003-022", "R003-074")
def test_larger_entropy_is_more_average_information():
    """A fair die has 2.585 bits a throw, a loaded one, (0.9, 0.02, ..., 0.02), 0.701, and only that one can be coded in
    1.2 bits.
    """
    fair, loaded = table(*[1 / 6] * 6), table(0.9, *[0.02] * 5)
    assert entropy(fair) / BIT == printed("2.58496")
    assert entropy(loaded) / BIT == printed("0.701")
    mean_lengths = [
        sum(p * n for p, n in zip(die, huffman_code_lengths(die), strict=True))
        for die in (fair.tolist(), loaded.tolist())
    ]
    assert mean_lengths == [pytest.approx(16 / 6), pytest.approx(0.9 + 0.02 * 17)]


@pytest.mark.claim("E003-023", "R003-076")
def test_equal_entropy_does_not_make_distributions_equal():
    """(0.9, 0.1) and (0.1, 0.9) have 0.4690 bits each, and a divergence of 1.7578 nats."""
    p, q = table(0.9, 0.1), table(0.1, 0.9)
    assert entropy(p) / BIT == printed("0.4690")
    assert entropy(q) / BIT == printed("0.4690")
    assert kl_divergence(p, q) == printed("1.75778")


@pytest.mark.claim("E004-16", "E004-17", "R004-063")
def test_cross_entropy_of_a_label_is_its_surprise_alone():
    """For p = (1, 0, 0) and q = (0.5, 0.4, 0.1) it is 0.6931, a number and not one for each outcome; the sum of -log q
    over all outcomes is 3.912. The better q = (0.8, 0.1, 0.1) has 0.2231.
    """
    q = table(0.5, 0.4, 0.1)
    assert cross_entropy(ONE_HOT, q) == printed("0.693147")
    assert -q.log().sum() == printed("3.912")
    assert cross_entropy(ONE_HOT, table(0.8, 0.1, 0.1)) == printed("0.223144")


@pytest.mark.claim("R003-073")
def test_maximum_likelihood_minimises_divergence_from_the_data_not_to_it():
    """For frequencies (0.5, 0.1, 0.4) of 0, 1, 2 and binomial models the likelihood is largest at theta = 0.45, half of
    the mean, where KL(data || model) is least; KL(model || data) is least at 0.18.
    """
    data, thetas = table(0.5, 0.1, 0.4), torch.arange(1, 100) / 100
    models = torch.as_tensor(stats.binom.pmf(torch.arange(3), 2, thetas[:, None].double()))
    likelihood = cross_entropy(data.expand(99, 3), models)
    assert thetas[likelihood.argmin()] == pytest.approx(0.45)
    assert thetas[kl_divergence(data.expand(99, 3), models).argmin()] == pytest.approx(0.45)
    assert thetas[kl_divergence(models, data.expand(99, 3)).argmin()] == pytest.approx(0.18)
