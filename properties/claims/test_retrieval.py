"""Worked numbers of retrieval, and statements about it that are often met and wrong."""

import itertools
import math

import pytest
import torch
from scipy import stats

from properties.closeness import assert_close
from reference.language.retrieval import (
    inverse_document_frequency,
    merge_answers,
    smoothed_inverse_document_frequency,
    two_tower_scores,
    yes_no_score,
)


@pytest.mark.claim("E003-108", "R003-239")
def test_reranker_reads_two_logits_and_no_embedding():
    """Logits 2 and -1 of yes and no score 1 / (1 + exp(-3)) = .9526, with 100 added too; the shares of yes and no add
    up to 1, as no two components of an embedding of length 1 need to.
    """
    logits = torch.tensor([[2.0, -1.0, 5.0], [102.0, 99.0, 0.0]], dtype=torch.float64)
    assert_close(yes_no_score(logits, 0, 1), 1 / (1 + math.exp(-3)), 1 + 102)
    assert_close(yes_no_score(logits, 0, 1) + yes_no_score(logits, 1, 0), 1, 103)
    assert float(yes_no_score(logits, 0, 1)[0]) == pytest.approx(0.9526, abs=5e-5)


@pytest.mark.claim("E003-111", "R003-247")
def test_majority_of_zeros_outvotes_one_answer():
    """Months of (39, 0, 0) merge to 0 in any order by the median, which leaves (39, 39, 39) as it is: a result of 0
    says nothing against a rule that ignores order and keeps what all say.
    """
    merged = [merge_answers([{"months": months} for months in order]) for order in itertools.permutations((39, 0, 0))]
    assert merged == [{"months": 0}] * 6
    assert merge_answers([{"months": 39}] * 3) == {"months": 39}


@pytest.mark.claim("R003-259")
def test_term_of_all_documents_counts_in_scikit_learn_only():
    """Its idf is log 1 = 0 by the textbook, and 1 in scikit-learn, which adds 1 to the logarithm."""
    documents = [["the", "cat"], ["the", "dog"], ["the"]]
    assert inverse_document_frequency(documents)["the"] == 0
    assert smoothed_inverse_document_frequency(documents)["the"] == 1


@pytest.mark.claim("R003-240")
@pytest.mark.parametrize("dim", [2, 3, 10, 300])
def test_cosines_concentrate_around_zero(dim):
    """(1 + cos) / 2 of two uniform directions has the beta distribution with a = b = (d - 1) / 2, hence cos the mean 0
    and the standard deviation 1 / sqrt(d); so have the cosines of any vector and the 2 d directions along the axes.
    """
    angle = stats.beta((dim - 1) / 2, (dim - 1) / 2)
    assert 2 * angle.mean() - 1 == pytest.approx(0)
    assert 2 * angle.std() == pytest.approx(1 / math.sqrt(dim))
    axes = torch.cat([torch.eye(dim, dtype=torch.float64), -torch.eye(dim, dtype=torch.float64)])
    names = [str(place) for place in range(2 * dim)]
    query = torch.arange(dim, dtype=torch.float64) - 0.75
    cosines = two_tower_scores(lambda _: query, lambda name: axes[int(name)], ["query"], names)[0]
    assert_close(cosines.mean(), 0, 1)
    assert_close(cosines.square().mean(), 1 / dim)
