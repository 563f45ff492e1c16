"""Laws of `reference.probability.random_field`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals
from reference.probability.random_field import Clique

A, E, F, B = range(4)
STATES = (2, 3, 4, 5)


def cliques(*variables):
    """Cliques of the given variables, each with a table of potentials."""
    shapes = [[STATES[v] for v in each] for each in variables]
    sizes = [math.prod(shape) for shape in shapes]

    def tables(numbers):
        parts = zip(variables, numbers.split(sizes), shapes, strict=True)
        return tuple(Clique(each, part.reshape(shape)) for each, part, shape in parts)

    return normals(sum(sizes)).map(tables)


CHAIN = cliques((E, A), (E, F), (B, F))
TRIANGLE = cliques((F, A, E), (B, A), (E,), (A, B))


def joint(cliques):
    """The product of all potentials, in the order A, E, F, B."""
    terms = [part for variables, table in cliques for part in (table.exp(), list(variables))]
    return torch.einsum(*terms, [A, E, F, B])


def size(cliques):
    """Sum of the sizes of the logarithms of potentials; 1 for the exponential."""
    return 1 + sum(table.abs().max() for _, table in cliques)


def raised(clique, constant):
    return clique._replace(log_potential=clique.log_potential + constant)


@given(cliques=TRIANGLE, assignment=indices(2, 7, 3, 4), high=st.booleans())
def test_field_log_potential_adds_one_entry_of_each_table(field_log_potential, cliques, assignment, high):
    """Each clique contributes the entry of its table at the states of its variables, in its own order."""
    assignment = assignment + torch.tensor(STATES) - 2 if high else assignment
    expected = [
        [sum(table[tuple(y[v] for v in variables)] for variables, table in cliques) for y in row]
        for row in assignment.tolist()
    ]
    assert_close(field_log_potential(cliques, assignment), expected, size(cliques))


@given(cliques=CHAIN, far=dyadics(-(2**14), 2**14, grid=1))
def test_field_log_partition_equals_product_of_transfer_matrices(field_log_partition, cliques, far):
    """On the chain A - E - F - B, Z = 1^T exp(f) exp(g) exp(h) 1; a factor of one potential is one of Z, be it 0.

    So is the number of states of a variable in no clique.
    """
    first, second, third = (table.exp() for _, table in cliques)
    expected = (first.T @ second @ third.T).sum().log() + far
    observed = field_log_partition((cliques[0], raised(cliques[1], far), cliques[2]), STATES)
    assert_close(observed, expected, size(cliques) + far.abs())
    assert_close(field_log_partition(cliques, (*STATES, 7)), expected - far + math.log(7), size(cliques) + far.abs())
    assert_equal(field_log_partition((*cliques, raised(cliques[1], -math.inf)), STATES), -math.inf)


@given(cliques=TRIANGLE, far=dyadics(-(2**14), 2**14, grid=1))
def test_field_probability_table_is_share_of_product(field_probability_table, cliques, far):
    """P is the product of all potentials over its sum; a factor of one potential changes nothing, unless it is 0."""
    product = joint(cliques)
    expected = product / product.sum()
    observed = field_probability_table((raised(cliques[0], far), *cliques[1:]), STATES)
    assert_close(observed, expected, expected * (size(cliques) + far.abs()))
    assert field_probability_table((raised(cliques[0], -math.inf), *cliques[1:]), STATES).isnan().all()


@given(cliques=CHAIN)
def test_field_probability_table_separates_ends_of_a_chain(field_probability_table, cliques):
    """On A - E - F - B, A is independent of F and B given E: P(a, e, f, b) P(e) = P(a, e) P(e, f, b); P sums to 1."""
    table = field_probability_table(cliques, STATES)
    with_a, with_rest = table.sum((F, B), keepdim=True), table.sum(A, keepdim=True)
    product = with_a * with_rest
    assert_close(table * table.sum((A, F, B), keepdim=True), product, product * size(cliques))
    assert_close(table.sum(), 1, size(cliques))


@given(
    cliques=TRIANGLE,
    assignment=indices(2, 4),
    high=st.booleans(),
    variable=st.sampled_from([A, E, F, B]),
    far=dyadics(-(2**14), 2**14, grid=1),
)
def test_field_conditional_equals_conditional_of_the_joint(field_conditional, cliques, assignment, high, variable, far):
    """Given all other variables, whatever was assigned to it, a state's probability is its share of the joint.

    A factor of one potential changes nothing.
    """
    assignment = assignment + torch.tensor(STATES) - 2 if high else assignment
    others = [slice(None) if v == variable else state for v, state in enumerate(assignment.tolist())]
    row = joint(cliques)[tuple(others)]
    share = row / row.sum()
    assignment[variable] = 99
    observed = field_conditional((raised(cliques[0], far), *cliques[1:]), STATES, variable, assignment)
    assert_close(observed, share, share * (size(cliques) + far.abs()))


@given(table=normals(2, 3), far=dyadics(-4096, 4096, 3), state=st.integers(0, 1))
def test_field_conditional_needs_neighbours_only(field_conditional, table, far, state):
    """Given its neighbour a variable does not depend on the rest; without a clique its states are equally likely."""
    cliques = Clique((0, 1), table), Clique((0, 3), far.expand(2, 3))
    assignment = torch.tensor([state, 0, 0, 2, 0])
    share = table[state].exp() / table[state].exp().sum()
    assert_close(field_conditional(cliques, (2, 3, 4, 3, 1), 1, assignment), share, share * (1 + table.abs().max()))
    assert_close(field_conditional(cliques, (2, 3, 4, 3, 1), 2, assignment), torch.full((4,), 0.25))


@pytest.mark.parametrize(
    ("variables", "shape"),
    [(None, ()), ((), ()), ((0, 3), (2, 4)), ((0, 4), (2, 4)), ((-1, 0), (4, 2)), ((0, 1), (2,)), ((0,), (2, 3))],
)
def test_field_log_potential_rejects_tables_without_variables(
    field_log_potential, field_log_partition, field_probability_table, field_conditional, variables, shape
):
    """A clique has variables of the field, one for each axis of its table, and a field has a clique."""
    cliques = () if variables is None else (Clique(variables, torch.ones(shape)),)
    assignment = torch.tensor([1, 1, 1])
    assert_rejects(field_log_potential, cliques, assignment)
    assert_rejects(field_log_partition, cliques, (2, 3, 4))
    assert_rejects(field_probability_table, cliques, (2, 3, 4))
    assert_rejects(field_conditional, cliques, (2, 3, 4), 2, assignment)


@pytest.mark.parametrize("num_states", [(2, 3, 3), (2, 3, 5), (4, 3, 2), (2, 0, 4)])
def test_field_log_partition_rejects_tables_of_other_states(
    field_log_partition, field_probability_table, field_conditional, num_states
):
    """A table has one entry for each state of its variables, and every variable has a state."""
    cliques = (Clique((0, 2), torch.ones(2, 4)),)
    assert_rejects(field_log_partition, cliques, num_states)
    assert_rejects(field_probability_table, cliques, num_states)
    assert_rejects(field_conditional, cliques, num_states, 1, torch.tensor([1, 1, 1]))


@pytest.mark.parametrize("variable", [-1, 3, 4])
def test_field_conditional_rejects_other_variables(field_conditional, variable):
    """The variable is one of the field's."""
    cliques = (Clique((0, 2), torch.ones(2, 4)),)
    assert_rejects(field_conditional, cliques, (2, 3, 4), variable, torch.tensor([1, 1, 1]))
