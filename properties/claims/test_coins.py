"""The worked example of EM for two coins."""

import pytest
import torch

from properties.claims.test_diffusion import printed
from reference.probability.coins import TwoCoins, coin_em_step, coin_log_likelihood, coin_responsibilities


@pytest.mark.claim("R004-049")
def test_two_coins_of_do_and_batzoglou():
    """Five trials of ten tosses with 5, 9, 8, 4 and 7 heads lead EM from (0.6, 0.5) to (0.71, 0.58) in one step and to
    (0.80, 0.52) in ten.
    """
    coins = TwoCoins(torch.tensor(0.6, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64))
    heads, trace = torch.tensor([5, 9, 8, 4, 7]), []
    shares = coin_responsibilities(coins, heads, 10)[:, 0]
    assert [printed(digits) for digits in ("0.45", "0.80", "0.73", "0.35", "0.65")] == shares.tolist()
    for _ in range(10):
        before = coin_log_likelihood(coins, heads, 10).sum()
        coins = coin_em_step(coins, heads, 10)
        assert coin_log_likelihood(coins, heads, 10).sum() > before
        trace.append(coins)
    assert trace[0] == (printed("0.7130"), printed("0.5813"))
    assert trace[-1] == (printed("0.7967"), printed("0.5197"))
