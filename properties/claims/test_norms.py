"""Worked numbers of norms and scalings, and statements about them that are often met and wrong, each with a witness."""

import math

import pytest
import torch
from scipy import stats

from properties.claims.test_diffusion import printed, table
from properties.closeness import assert_close
from reference.diffusion.standardization import fit_standardization, standardize
from reference.probability.norms import cosine_similarity, l2_normalize, p_norm, standardize_vector

DATA = table(1, 40, 2, 10, 4, -30, 8, 0, 20, 25).reshape(5, 2)


@pytest.mark.claim("R003-018")
def test_below_one_a_sum_can_be_longer_than_its_parts():
    """With p = 1/2 the vectors (1, 0) and (0, 1) have length 1 and their sum 4; l_0 does not grow with its vector."""
    assert sum(abs(v) ** 0.5 for v in (1, 1)) ** 2 == 4
    assert torch.linalg.vector_norm(table(3, 0, 4), 0) == torch.linalg.vector_norm(table(6, 0, 8), 0)
    assert p_norm(table(1, 1), 1.0) == 2


@pytest.mark.claim("E003-007", "R003-021", "R003-024")
def test_l2_normalisation_does_not_standardise():
    """(3, 4) becomes (0.6, 0.8), of length 1, mean 0.7 and variance 0.01; mean^2 + variance is 1/d = 1/2."""
    y = l2_normalize(table(3, 4))
    assert y.tolist() == [printed("0.6"), printed("0.8")]
    assert (y.mean(), y.var(correction=0)) == (printed("0.70"), printed("0.010"))
    assert_close(y.mean().square() + y.var(correction=0), 0.5)


@pytest.mark.claim("E003-008")
def test_lengths_disturb_dot_products_and_no_cosine():
    """(10 a, b) has the cosine of (a, b) and ten times their dot product; (10 a, 0.1 b) has their dot product too."""
    a, b = table(1, -2, 0.5), table(0.25, 1, 3)
    assert_close(cosine_similarity(10 * a, b), cosine_similarity(a, b), 1)
    assert_close(cosine_similarity(10 * a, 0.1 * b), cosine_similarity(a, b), 1)
    assert_close((10 * a) @ b, 10 * (a @ b))
    assert_close((10 * a) @ (0.1 * b), a @ b, 3)


@pytest.mark.claim("E003-009")
def test_standardising_a_vector_fixes_its_length():
    """Vectors of 7 elements all get length sqrt(7) = 2.6458; standardised over the data set, rows keep theirs apart."""
    data = (torch.arange(35, dtype=torch.float64) * 11 % 17).reshape(5, 7)
    assert p_norm(standardize_vector(data), 2.0).tolist() == [printed("2.6458")] * 5
    over_samples = standardize(data, *fit_standardization(data))
    lengths = p_norm(over_samples, 2.0)
    assert lengths.max() > 1.1 * lengths.min()


@pytest.mark.claim("R003-020")
def test_z_scores_keep_the_shape_of_the_distribution():
    """Columns get mean 0, variance 1 and, together, the squared norm N d; skewness and kurtosis stay what they were."""
    scores = standardize(DATA, *fit_standardization(DATA))
    assert_close(scores.square().sum(), 10)
    for moment in (stats.skew, stats.kurtosis):
        assert moment(scores) == pytest.approx(moment(DATA), abs=1e-12)
    assert stats.skew(scores)[0] > 1


@pytest.mark.claim("R003-034")
def test_units_decide_nearest_neighbours_of_raw_features():
    """Another unit of one feature changes raw neighbours, not those of z-scores, nor what least squares predicts."""
    scaled = DATA * table(100, 1) + table(3, -7)
    scores = [standardize(data, *fit_standardization(data)) for data in (DATA, scaled)]
    raw, other, *standardised = (_nearest(data) for data in (DATA, scaled, *scores))
    assert raw != other
    assert standardised[0] == standardised[1]
    y = table(1, -2, 0.5, 3, 2)
    assert_close(_least_squares(scaled, y), _least_squares(DATA, y), 100)


def _nearest(data):
    return torch.cdist(data, data).fill_diagonal_(math.inf).argmin(1).tolist()


def _least_squares(data, y):
    design = torch.cat([torch.ones(len(data), 1, dtype=torch.float64), data], 1)
    return design @ torch.linalg.lstsq(design, y[:, None]).solution[:, 0]
