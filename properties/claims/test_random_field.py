"""Worked numbers of Markov random fields, and a statement about them that is wrong."""

import math

import pytest
import torch

from properties.closeness import assert_close
from reference.probability.random_field import Clique, field_log_partition, field_probability_table

PHI = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
CHAIN = tuple(Clique((v, v + 1), PHI.log()) for v in range(3))


@pytest.mark.claim("E004-11", "R004-051")
def test_partition_function_sums_products():
    """On A - E - F - B with phi = [[1, 2], [3, 4]] Z is 290; the sum of sums is 120, with which P sums to 29 / 12."""
    assert_close(field_log_partition(CHAIN, (2, 2, 2, 2)), math.log(290))
    sum_of_sums = len(CHAIN) * 4 * PHI.sum()
    assert sum_of_sums == 120
    probabilities = field_probability_table(CHAIN, (2, 2, 2, 2))
    assert_close(probabilities[0, 0, 0, 0], 1 / 290)
    assert_close((probabilities * 290 / sum_of_sums).sum(), 29 / 12)


@pytest.mark.claim("R004-050", "R004-052")
def test_ends_of_a_chain_depend_on_each_other():
    """On this chain P(A = 0 | B) is 37 / 118 or 54 / 172 as B is 0 or 1, but given E = 1 as well it is 1 / 3."""
    table = field_probability_table(CHAIN, (2, 2, 2, 2))
    given_b = table.sum((1, 2)) / table.sum((0, 1, 2))
    assert_close(given_b[0], [37 / 118, 54 / 172])
    given_e_and_b = table.sum(2)[:, 1] / table.sum((0, 2))[1]
    assert_close(given_e_and_b[0], [1 / 3, 1 / 3])
