"""Laws of `reference.transformer.lora`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals

SCALINGS = st.sampled_from([-0.25, 0.0, 0.5, 1.5, 4.0])


def small(*shape):
    return dyadics(-64, 64, *shape, grid=64)


def low_rank(A, B):
    """B A entry by entry in Python floats."""
    return torch.tensor(
        [[math.fsum(b * a for b, a in zip(row, column, strict=True)) for column in A.T.tolist()] for row in B.tolist()],
        dtype=torch.float64,
    )


@pytest.mark.parametrize(
    ("alpha", "rank", "scaling"), [(16.0, 8, 2.0), (16.0, 64, 0.25), (16.0, 16, 1.0), (0.5, 1, 0.5)]
)
def test_lora_scaling_equals_worked_example(lora_scaling, alpha, rank, scaling):
    """alpha 16 at the ranks 8, 64 and 16 gives 2, 1/4 and 1."""
    assert_close(lora_scaling(alpha, rank), scaling)


@given(alpha=st.integers(1, 64).map(float), rank=st.integers(2, 64))
def test_rank_stabilized_scaling_equals_lora_scaling_at_the_root_of_the_rank(
    rank_stabilized_scaling, lora_scaling, alpha, rank
):
    """Its square is alpha^2 / rank; at the rank r^2 it is what alpha / rank is at r."""
    assert_close(rank_stabilized_scaling(alpha, rank) ** 2, alpha**2 / rank)
    assert_close(rank_stabilized_scaling(alpha, rank**2), alpha / rank)
    assert_close(lora_scaling(alpha, rank), alpha / rank)


@pytest.mark.parametrize("rank", [0, -1])
def test_lora_scaling_rejects_impossible_ranks(lora_scaling, rank_stabilized_scaling, lora_parameter_count, rank):
    """An adapter has a rank of 1 or more."""
    assert_rejects(lora_scaling, 16.0, rank)
    assert_rejects(rank_stabilized_scaling, 16.0, rank)
    assert_rejects(lora_parameter_count, 3, 5, rank)


@given(x=small(2, 3, 5), weight=normals(7, 5), A=small(4, 5), B=normals(7, 4), scaling=SCALINGS)
def test_lora_forward_adds_each_rank_of_the_adapter(lora_forward, x, weight, A, B, scaling):
    """Beside W x, each row of A is measured in x and sends its column of B, times the scaling."""
    expected, size = (x[..., None, :] * weight).sum(-1), (x.abs()[..., None, :] * weight.abs()).sum(-1)
    for row, column in zip(A, B.T, strict=True):
        expected = expected + scaling * (x * row).sum(-1)[..., None] * column
        size = size + abs(scaling) * (x.abs() * row.abs()).sum(-1)[..., None] * column.abs()
    assert_close(lora_forward(x, weight, A, B, scaling), expected, size)


@given(weight=normals(7, 5), A=normals(4, 5), B=normals(7, 4), scaling=SCALINGS)
def test_lora_merge_equals_forward_on_every_basis_vector(lora_merge, lora_forward, weight, A, B, scaling):
    """Column i of the merged weight is what the layer and its adapter make of the basis vector i."""
    expected = weight + scaling * low_rank(A, B)
    size = weight.abs() + abs(scaling) * low_rank(A.abs(), B.abs())
    assert_close(lora_merge(weight, A, B, scaling), expected, size)
    assert_close(lora_forward(torch.eye(5, dtype=torch.float64), weight, A, B, scaling), expected.T, size.T)


@given(weight=normals(7, 5), A=normals(4, 5), B=normals(7, 4), scaling=SCALINGS)
def test_lora_unmerge_inverts_merge(lora_unmerge, weight, A, B, scaling):
    """The weight that the adapter was added to comes out again, up to rounding."""
    merged = weight + scaling * low_rank(A, B)
    size = weight.abs() + abs(scaling) * low_rank(A.abs(), B.abs())
    assert_close(lora_unmerge(merged, A, B, scaling), weight, size)


@pytest.mark.autograd
@given(x=small(3, 5), weight=small(7, 5), A=small(4, 5), gradient=small(3, 7), scaling=SCALINGS)
def test_lora_forward_moves_by_the_square_of_its_scaling(lora_forward, lora_merge, x, weight, A, gradient, scaling):
    """From B = 0, A has no gradient and B has s G A', G being that of W; a step of descent by 1/2 turns W into
    W - s^2 G A' A / 2.
    """
    B = torch.zeros(7, 4, dtype=torch.float64, requires_grad=True)
    out = lora_forward(x, weight, A.requires_grad_(), B, scaling)
    for_A, for_B = torch.autograd.grad((gradient.to(out.dtype) * out).sum(), (A, B))
    A, per_weight, size = A.detach(), gradient.T @ x, gradient.abs().T @ x.abs()
    assert_equal(for_A, torch.zeros(4, 5))
    assert_close(for_B.to(out.dtype), scaling * per_weight @ A.T, abs(scaling) * size @ A.abs().T)
    expected = weight - scaling**2 / 2 * per_weight @ A.T @ A
    moved = weight.abs() + scaling**2 * size @ A.abs().T @ A.abs()
    assert_close(lora_merge(weight, A, -for_B / 2, scaling), expected, moved)


@pytest.mark.parametrize("count", [3, 1])
@given(A=small(6, 5), B=normals(7, 6), scalings=st.permutations([-0.25, 0.5, 3.0]))
def test_concatenate_adapters_sums_their_updates(concatenate_adapters, A, B, scalings, count):
    """Adapters of the ranks 1, 2 and 3, or the first of them, become one whose B A is the sum of all s_i B_i A_i."""
    parts_A, parts_B = A.split([1, 2, 3])[:count], B.split([1, 2, 3], dim=1)[:count]
    scalings = scalings[:count]
    whole = concatenate_adapters([*parts_A], [*parts_B], scalings)
    pairs = list(zip(scalings, parts_A, parts_B, strict=True))
    expected = sum(s * low_rank(a, b) for s, a, b in pairs)
    size = sum(abs(s) * low_rank(a.abs(), b.abs()) for s, a, b in pairs)
    assert_close(whole[1] @ whole[0], expected, size)


@pytest.mark.parametrize("counts", [(0, 0, 0), (1, 2, 2), (2, 1, 2), (2, 2, 1), (2, 1, 1)])
def test_concatenate_adapters_rejects_unequal_counts(concatenate_adapters, counts):
    """Every adapter has an A, a B and a scaling, and there is at least one."""
    A, B, scalings = torch.ones(1, 5, dtype=torch.float64), torch.ones(7, 1, dtype=torch.float64), 0.5
    assert_rejects(concatenate_adapters, [A] * counts[0], [B] * counts[1], [scalings] * counts[2])


@given(weight=normals(7, 5), multipliers=small(3, 5, 5), offsets=normals(3, 7, 5), count=st.integers(0, 3))
def test_glora_merge_sums_what_each_adapter_makes_of_the_frozen_weight(
    glora_merge, weight, multipliers, offsets, count
):
    """Each adapter adds W A_i + B_i for the W before any of them; without adapters W stays."""
    pairs = list(zip(multipliers, offsets, strict=True))[:count]
    expected = weight + sum(low_rank(a, weight) + b for a, b in pairs)
    size = weight.abs() + sum(low_rank(a.abs(), weight.abs()) + b.abs() for a, b in pairs)
    assert_close(glora_merge(weight, [*multipliers[:count]], [*offsets[:count]]), expected, size)


@pytest.mark.parametrize("counts", [(1, 2), (2, 1), (1, 0)])
def test_glora_merge_rejects_unequal_counts(glora_merge, counts):
    """Every adapter has a multiplier and an offset."""
    multiplier, offset = torch.eye(5, dtype=torch.float64), torch.ones(7, 5, dtype=torch.float64)
    assert_rejects(glora_merge, offset, [multiplier] * counts[0], [offset] * counts[1])


@given(outputs=st.integers(1, 9), inputs=st.integers(1, 9), rank=st.integers(1, 9))
def test_lora_parameter_count_equals_entries_of_both_matrices(lora_parameter_count, outputs, inputs, rank):
    """It is the number of entries of A and B."""
    entries = torch.empty(rank, inputs).numel() + torch.empty(outputs, rank).numel()
    assert_equal(lora_parameter_count(outputs, inputs, rank), entries)


@pytest.mark.parametrize(("outputs", "inputs"), [(0, 5), (3, 0)])
def test_lora_parameter_count_rejects_empty_weights(lora_parameter_count, outputs, inputs):
    """A weight has at least one row and one column."""
    assert_rejects(lora_parameter_count, outputs, inputs, 2)
