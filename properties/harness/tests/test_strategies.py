"""Inputs are inside their bounds, exact in float32, and not all alike."""

import pytest
import torch
from hypothesis import find, given
from hypothesis import strategies as st

from properties import strategies
from properties.harness.laws import QUICK


@pytest.mark.parametrize(("low", "high"), [(-7, 12), (0, 5), (3, 9), (-9, -2), (-4096 * 4, 4096 * 4), (4, 4)])
@QUICK
@given(data=st.data())
def test_dyadics_stay_within_bounds_on_the_grid(low, high, data):
    drawn = data.draw(strategies.dyadics(low, high, 2, 3, grid=64)) * 64
    assert drawn.shape == (2, 3)
    assert drawn.dtype == torch.float64
    assert (drawn >= low).all()
    assert (drawn <= high).all()
    assert torch.equal(drawn, drawn.round())


@pytest.mark.parametrize(("low", "high", "wanted"), [(-7, 12, [-7, -1, 0, 1, 12]), (3, 9, [3, 4, 8, 9])])
def test_dyadics_reach_every_part_of_the_range(low, high, wanted):
    for number in wanted:
        assert (
            find(strategies.dyadics(low, high, 1, grid=1), lambda drawn, n=number: drawn.item() == n).item() == number
        )


def test_dyadics_shrink_towards_zero():
    found = find(strategies.normals(2, 3), lambda drawn: bool(drawn.max() > 1))
    assert (found == 0).sum() == 5
    assert 1 < found.max() < 2


@pytest.mark.parametrize(
    "strategy",
    [
        strategies.normals(2, 3),
        strategies.levels(2, 1),
        strategies.unit(5),
        strategies.betas(),
        strategies.level_tables(2, 8, grid=256, least=1),
        strategies.pixels(3),
        strategies.covariances(3),
        strategies.distributions(),
        strategies.levels_and(0.0, 1.0),
        strategies.simplex(2, 3, 4),
    ],
)
@QUICK
@given(data=st.data())
def test_numbers_are_exact_in_float32(strategy, data):
    drawn = data.draw(strategy)
    assert torch.equal(drawn, drawn.float().double())


@QUICK
@given(alpha_bar_s=strategies.levels(2, 1), step=strategies.levels(2, 1))
def test_products_and_complements_of_levels_are_exact_in_float32(alpha_bar_s, step):
    assert torch.equal(step * alpha_bar_s, (step.float() * alpha_bar_s.float()).double())
    assert torch.equal(1 - alpha_bar_s, (1 - alpha_bar_s.float()).double())


@QUICK
@given(levels=strategies.level_tables(), probabilities=strategies.distributions(), covariance=strategies.covariances(3))
def test_tables_are_what_they_are_called(levels, probabilities, covariance):
    assert (levels.diff() < 0).all()
    assert probabilities.sum() == 1
    assert (probabilities > 0).all()
    assert torch.linalg.eigvalsh(covariance).min() >= 0.5 - 1e-12


@pytest.mark.parametrize("least", [0, 3])
@QUICK
@given(data=st.data())
def test_simplex_holds_probabilities_along_the_last_axis(least, data):
    drawn = data.draw(strategies.simplex(2, 5, 4, least=least)) * 64
    assert drawn.shape == (2, 5, 4)
    assert drawn.dtype == torch.float64
    assert (drawn >= least).all()
    assert (drawn.sum(-1) == 64).all()


def test_simplex_reaches_certainty():
    assert find(strategies.simplex(3), lambda drawn: drawn[1].item() == 1).tolist() == [0, 1, 0]


@QUICK
@given(chain=strategies.chains(strategies.level_tables(3), 2))
def test_chains_keep_distinct_timesteps_of_their_table(chain):
    table, timesteps = chain
    assert 2 <= len(timesteps) == len(set(timesteps))
    assert set(timesteps) <= set(range(len(table)))


@pytest.mark.parametrize("least", [0, 1])
def test_piece_weights_are_positive_and_may_lack_a_letter_only_if_it_may_weigh_nothing(least):
    found = find(strategies.piece_weights(least), lambda weights: len(weights) > 4 and max(weights.values()) == 8)
    assert min(found.values()) > 0
    assert max(map(len, found)) <= 3
    assert least == 0 or set("ab") <= set(found)
    assert find(strategies.piece_weights(least), lambda weights: True) == ({"a": 1, "b": 1} if least else {})
