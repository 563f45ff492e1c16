"""Markov random fields on few variables with few states: potentials of cliques, summed over all assignments.

Variable v takes the states 0..num_states[v] - 1. Potentials enter as logarithms, which may be -inf.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class Clique(NamedTuple):
    """Variables that depend on each other directly, and log phi of their states: one axis for each, in their order."""

    variables: tuple[int, ...]
    log_potential: Float[Tensor, "..."]


def field_log_potential(
    cliques: Sequence[Clique], assignment: Int64[Tensor, "*batch variables"]
) -> Float[Tensor, "*batch"]:
    """Logarithm of the product of all potentials at an assignment: its log probability, but for log Z.

        log prod_C phi_C(y_C) = sum_C log phi_C(y_C)

    Domain: at least one clique; each of at least one variable, all among those assigned, and a table with one axis for
    each; else ValueError.
    Source: Hammersley & Clifford 1971; Bishop 2006, eq. 8.39.
    Notes: R004-051, R004-052.
    """
    _check_cliques(cliques, assignment.shape[-1])
    terms = [table[tuple(assignment[..., v, None] for v in variables)] for variables, table in cliques]
    return torch.stack(terms).sum((0, -1))


def field_log_partition(cliques: Sequence[Clique], num_states: Sequence[int]) -> Float[Tensor, ""]:
    """Logarithm of the partition function: the sum over all assignments of the product of potentials.

        Z = sum_y prod_C phi_C(y_C)

    Domain: as for `field_log_potential`; each num_states[v] at least 1, and as many entries along the axis of v in
    every table; else ValueError. -inf if every assignment is forbidden.
    Source: Bishop 2006, eq. 8.40.
    Notes: R004-051.
    """
    return torch.logsumexp(_log_potential_table(cliques, num_states).flatten(), 0)


def field_probability_table(cliques: Sequence[Clique], num_states: Sequence[int]) -> Float[Tensor, "..."]:
    """Probability of every assignment, one axis for each variable.

        P(y) = prod_C phi_C(y_C) / Z

    Variables that are connected only by way of others are independent given these.

    Domain: as for `field_log_partition`; NaN if every assignment is forbidden.
    Source: Hammersley & Clifford 1971; Bishop 2006, eq. 8.39.
    Notes: R004-050, R004-051, R004-052.
    """
    return torch.exp(_log_potential_table(cliques, num_states) - field_log_partition(cliques, num_states))


def field_conditional(
    cliques: Sequence[Clique], num_states: Sequence[int], variable: int, assignment: Int64[Tensor, "variables"]
) -> Float[Tensor, "states"]:
    """Probability of each state of one variable given all others, for which the cliques that hold it suffice.

        P(y_v | all others) = P(y_v | neighbours) ~ prod_{C: v in C} phi_C(y_C)

    What is assigned to the variable itself is ignored. A variable in no clique has equally likely states.

    Domain: as for `field_log_partition`; 0 <= variable < number of variables, else ValueError.
    Source: Geman & Geman 1984, "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images".
    Notes: R004-050.
    """
    _check_states(cliques, num_states)
    if not 0 <= variable < len(num_states):
        raise ValueError(f"variable must be one of 0..{len(num_states) - 1}; got {variable}")
    states = torch.arange(num_states[variable], device=assignment.device)
    places = list(torch.split(assignment, 1))
    places[variable] = states
    terms = [
        table[tuple(places[v] for v in variables)] if variable in variables else table.new_zeros(len(states))
        for variables, table in cliques
    ]
    return torch.stack(terms).sum(0).softmax(0)


def _log_potential_table(cliques: Sequence[Clique], num_states: Sequence[int]) -> Tensor:
    """`field_log_potential` of every assignment, one axis for each variable."""
    _check_states(cliques, num_states)
    states = [torch.arange(count) for count in num_states]
    return field_log_potential(cliques, torch.stack(torch.meshgrid(states, indexing="ij"), -1))


def _check_states(cliques: Sequence[Clique], num_states: Sequence[int]) -> None:
    _check_cliques(cliques, len(num_states))
    if min(num_states) < 1:
        raise ValueError(f"each variable needs at least one state; got {tuple(num_states)}")
    for variables, table in cliques:
        if table.shape != tuple(num_states[v] for v in variables):
            raise ValueError(f"a table of shape {tuple(table.shape)} does not fit the states of {variables}")


def _check_cliques(cliques: Sequence[Clique], num_variables: int) -> None:
    if not cliques:
        raise ValueError(f"a field needs at least one clique; got {len(cliques)}")
    for variables, table in cliques:
        if not variables or not all(0 <= v < num_variables for v in variables):
            raise ValueError(f"a clique has variables, all of them in 0..{num_variables - 1}; got {variables}")
        if table.ndim != len(variables):
            raise ValueError(f"a table of shape {tuple(table.shape)} does not fit the variables {variables}")
