"""Laws of `reference.training.collectives`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import normals, steps


def held_by(ranks, size):
    """Tensors of as many ranks, whose sums have no rounding in any order."""
    return normals(ranks, size, 5, 2)


WORLD_SIZES = st.sampled_from([2, 3, 4, 1])
TENSORS = WORLD_SIZES.flatmap(lambda ranks: held_by(ranks, 2 * ranks))
TENSORS_AND_RANK = TENSORS.flatmap(lambda x: st.tuples(st.just(x), st.integers(0, len(x) - 1)))
PAIRS = WORLD_SIZES.flatmap(lambda ranks: st.tuples(held_by(ranks, 2), held_by(ranks, 2 * ranks)))
GROUPS = st.permutations(range(5)).flatmap(
    lambda order: st.tuples(st.integers(0, 3), st.integers(0, 2)).map(lambda n: [order[: n[0]], order[n[0] : sum(n)]])
)


def combined(matrix, tensors):
    """Each rank's tensor as the combination of all of them that its row of the matrix states."""
    return torch.tensordot(matrix, tensors, 1)


@given(tensors=TENSORS)
def test_all_reduce_sum_puts_the_sum_on_every_rank(all_reduce_sum, all_reduce_mean, tensors):
    """All ranks hold what the matrix of ones makes of the tensors, and their mean is that divided by W."""
    ones = torch.ones(len(tensors), len(tensors), dtype=torch.float64)
    assert_equal(all_reduce_sum(tensors), combined(ones, tensors))
    thirds = tensors / 3
    assert_close(all_reduce_sum(thirds), combined(ones, thirds), combined(ones, thirds.abs()))
    mean = combined(ones / len(tensors), tensors)
    assert_close(all_reduce_mean(tensors), mean, combined(ones, tensors.abs()) / len(tensors))


@given(case=TENSORS_AND_RANK)
def test_reduce_sum_puts_the_sum_on_one_rank(reduce_sum, case):
    """The tensors are multiplied by the identity with a row of ones: the others keep theirs."""
    tensors, rank = case
    matrix = torch.eye(len(tensors), dtype=torch.float64)
    matrix[rank] = 1
    assert_equal(reduce_sum(tensors, rank), combined(matrix, tensors))
    thirds = tensors / 3
    assert_close(reduce_sum(thirds, rank), combined(matrix, thirds), combined(matrix, thirds.abs()))


@given(case=TENSORS_AND_RANK)
def test_broadcast_copies_one_rank_to_all(broadcast, case):
    """The tensors are multiplied by a matrix with a single column of ones; what others hold, NaN too, is lost."""
    tensors, rank = case
    matrix = torch.zeros(len(tensors), len(tensors), dtype=torch.float64)
    matrix[:, rank] = 1
    expected = combined(matrix, tensors)
    assert_equal(broadcast(tensors, rank), expected)
    tensors[rank - 1 : rank] = math.nan
    assert_equal(broadcast(tensors, rank), expected)


@given(case=TENSORS_AND_RANK)
def test_reduce_sum_and_broadcast_make_an_all_reduce(reduce_sum, broadcast, case):
    """The sum on any one rank, sent to all from there, is the sum on every rank."""
    tensors, rank = case
    ones = torch.ones(len(tensors), len(tensors), dtype=torch.float64)
    assert_equal(broadcast(reduce_sum(tensors, rank), rank), combined(ones, tensors))


@given(tensors=TENSORS)
def test_reduce_scatter_sum_and_all_gather_make_an_all_reduce(reduce_scatter_sum, all_gather, tensors):
    """Each rank's part of the sum, gathered by all, is the sum on every rank."""
    ones = torch.ones(len(tensors), len(tensors), dtype=torch.float64)
    assert_equal(all_gather(reduce_scatter_sum(tensors)), combined(ones, tensors))


@given(tensors=TENSORS)
def test_all_gather_joins_in_the_order_of_ranks(all_gather, tensors):
    """Every rank holds the tensors of rank 0, of rank 1 and so on, one behind the other."""
    joined = [row for tensor in tensors.tolist() for row in tensor]
    assert_equal(all_gather(tensors).tolist(), [joined] * len(tensors))


@given(tensors=TENSORS)
def test_reduce_scatter_sum_cuts_in_the_order_of_ranks(reduce_scatter_sum, tensors):
    """Of the sum, two of each rank's 2 W rows, rank 0 gets the first ones."""
    sums = torch.tensordot(torch.ones(len(tensors), dtype=torch.float64), tensors, 1).tolist()
    expected = [[sums[2 * rank], sums[2 * rank + 1]] for rank in range(len(tensors))]
    assert_equal(reduce_scatter_sum(tensors).tolist(), expected)


@pytest.mark.autograd
@given(pair=PAIRS)
def test_all_gather_passes_gradients_to_every_rank(all_gather, all_reduce_sum, broadcast, pair):
    """A rank's gradient is the sum over all ranks of theirs for its part; what is broadcast has that of all of them."""
    x, y = (tensor.clone().requires_grad_() for tensor in pair)
    z = pair[1]
    (gathered,) = torch.autograd.grad((all_gather(x) * z).sum(), x)
    (reduced,) = torch.autograd.grad((all_reduce_sum(y) * z).sum(), y)
    (sent,) = torch.autograd.grad((broadcast(y, len(y) - 1) * z).sum(), y)
    back = torch.tensordot(torch.ones(len(y), dtype=torch.float64), z, 1)
    assert_equal(gathered, torch.stack(back.chunk(len(x))))
    assert_equal(reduced, torch.stack([back] * len(y)))
    assert_equal(sent, torch.stack([0 * back] * (len(y) - 1) + [back]))


@given(tensors=TENSORS)
def test_all_to_all_transposes_the_table_of_parts(all_to_all, tensors):
    """Part q of rank r becomes part r of rank q; done twice, nothing has moved."""
    table = [tensor.chunk(len(tensors)) for tensor in tensors]
    expected = torch.stack([torch.cat(column) for column in zip(*table, strict=True)])
    moved = all_to_all(tensors)
    assert_equal(moved, expected)
    assert_equal(all_to_all(moved), tensors)


@given(tensors=held_by(5, 3), groups=GROUPS)
def test_grouped_all_reduce_sum_stays_within_groups(grouped_all_reduce_sum, tensors, groups):
    """Ranks of one group hold its sum, and those of no group keep theirs."""
    matrix = torch.eye(5, dtype=torch.float64)
    for group in groups:
        for rank in group:
            matrix[rank, [*group]] = 1
    assert_equal(grouped_all_reduce_sum(tensors, groups), combined(matrix, tensors))
    assert_equal(grouped_all_reduce_sum(tensors, []), tensors)


@given(tensors=TENSORS)
def test_ring_all_reduce_sends_two_shares_for_each_other_rank(ring_all_reduce, tensors):
    """Every rank ends with the sum, and has sent 2 (W - 1) / W of the number of elements that it holds."""
    result = ring_all_reduce(tensors)
    ranks = len(tensors)
    assert_equal(result.tensors, combined(torch.ones(ranks, ranks, dtype=torch.float64), tensors))
    assert_equal(result.elements_sent.tolist(), [Fraction(2 * (ranks - 1), ranks) * tensors[0].numel()] * ranks)


@pytest.mark.parametrize("rank", [-1, 3, 4])
def test_broadcast_rejects_ranks_outside_the_world(broadcast, reduce_sum, grouped_all_reduce_sum, rank):
    """Three ranks are called 0, 1 and 2."""
    assert_rejects(broadcast, steps(3, 2, 5), rank)
    assert_rejects(reduce_sum, steps(3, 2, 5), rank)
    assert_rejects(grouped_all_reduce_sum, steps(3, 2, 5), [[0, rank]])


@pytest.mark.parametrize("groups", [[[0, 1], [2, 1]], [[2, 2]]])
def test_grouped_all_reduce_sum_rejects_ranks_in_two_places(grouped_all_reduce_sum, groups):
    """A rank holds one result."""
    assert_rejects(grouped_all_reduce_sum, steps(3, 2, 5), groups)


@pytest.mark.parametrize("size", [1, 4, 5])
def test_reduce_scatter_sum_rejects_uneven_parts(reduce_scatter_sum, all_to_all, ring_all_reduce, size):
    """Three ranks share three rows or six, and no rows, but not one, four or five."""
    assert_equal([reduce_scatter_sum(steps(3, rows, 7)).shape for rows in (0, 3)], [(3, 0, 7), (3, 1, 7)])
    for function in (reduce_scatter_sum, all_to_all, ring_all_reduce):
        assert_rejects(function, steps(3, size, 7))
