"""Worked numbers of drawing the next token, and statements about it that are often met and wrong."""

import itertools
import math

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.language.sampling import sampling_probabilities, temperature_logits, top_k_filter, top_p_filter
from reference.language.speculative import rejection_bound, residual_distribution
from reference.probability.information import entropy


@pytest.mark.claim("R003-232", "R004-040", "E003-106")
@pytest.mark.parametrize(
    ("temperature", "sum_of_exponentials", "probabilities"),
    [
        (1.0, "11.2125", ("0.6590", "0.2424", "0.0986")),
        (2.0, "5.4183", ("0.502", "0.304", "0.194")),
        (0.5, "63.2086", ("0.864", "0.117", "0.019")),
    ],
)
def test_softmax_of_three_logits_at_three_temperatures(temperature, sum_of_exponentials, probabilities):
    """Logits (2, 1, 0.1) at T = 2 give (0.502, 0.304, 0.194), of which the first is often printed as 0.501."""
    logits = table(2, 1, 0.1)
    assert (logits / temperature).exp().sum().item() == printed(sum_of_exponentials)
    found = torch.softmax(temperature_logits(logits, temperature), -1).tolist()
    assert found == [printed(digits) for digits in probabilities]


@pytest.mark.claim("R003-232")
def test_entropy_rises_with_temperature_unless_all_are_alike():
    """Entropy rises strictly with T for logits that differ, and is log V at every T for those that do not."""
    temperatures = (0.0, 0.5, 1.0, 2.0, 8.0)
    different, alike = (
        [entropy(torch.softmax(temperature_logits(logits, temperature), -1)).item() for temperature in temperatures]
        for logits in (table(2, 1, 0.1), table(3, 3, 3))
    )
    assert all(below < above for below, above in itertools.pairwise(different))
    assert_close(alike, math.log(3))


@pytest.mark.claim("R001-099", "R003-233")
def test_top_k_may_keep_more_than_k():
    """A threshold at the k-th logit keeps five of five equal logits for k = 2; k = 1 is greedy only if one is best."""
    assert top_k_filter(torch.zeros(5, dtype=torch.float64), 2).isfinite().sum() == 5
    assert top_k_filter(table(1, 3, 3, 0), 1).isfinite().tolist() == [False, True, True, False]


@pytest.mark.claim("R003-234")
def test_sum_of_probabilities_reaches_one_early():
    """In float32 the sum over (0, -20, -30) is 1 after two tokens; p = 1 keeps the third all the same."""
    logits = torch.tensor([0.0, -20.0, -30.0])
    assert torch.softmax(logits, -1).cumsum(-1)[1] == 1
    assert torch.equal(top_p_filter(logits, 1.0), logits)


@pytest.mark.claim("R003-236")
def test_order_of_filters_matters():
    """(.4, .3, .2, .1) with k = 3 then p = .75 leaves (4/7, 3/7); with p = .75 first it leaves (4/9, 3/9, 2/9)."""
    logits = table(0.4, 0.3, 0.2, 0.1).log()
    assert_close(sampling_probabilities(logits, 1.0, 3, 0.75), [4 / 7, 3 / 7, 0, 0])
    assert_close(torch.softmax(top_k_filter(top_p_filter(logits, 0.75), 3), -1), [4 / 9, 3 / 9, 2 / 9, 0])


@pytest.mark.claim("R003-235")
def test_too_small_a_bound_draws_from_another_distribution():
    """Draws of q = (1/2, 1/2) are accepted for p = (3/4, 1/4) at the rate 1 / M = 2/3; M = 1 gives (2/3, 1/3)."""
    p, q = table(0.75, 0.25), table(0.5, 0.5)
    bound = rejection_bound(p, q)
    accepted, biased = (q * (p / (m * q)).clamp(max=1) for m in (bound, 1))
    assert bound == 1.5
    assert_close(accepted.sum(), 2 / 3)
    assert_close(accepted / accepted.sum(), p)
    assert_close(biased / biased.sum(), [2 / 3, 1 / 3])


@pytest.mark.claim("R003-235")
def test_speculative_acceptance_rate_is_one_minus_total_variation():
    """With a residual no bound is needed: sum min(p, q) = 3/4 of the draws are kept, and the rest makes up p."""
    p, q = table(0.75, 0.25), table(0.5, 0.5)
    kept = torch.minimum(p, q)
    assert kept.sum() == 0.75
    assert_close(kept + (1 - kept.sum()) * residual_distribution(p, q), p)
