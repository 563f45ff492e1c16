"""Wrong variants of `reference.probability.random_field`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.random_field import (
    field_conditional,
    field_log_partition,
    field_log_potential,
    field_probability_table,
)


def every_assignment(num_states):
    return torch.stack(torch.meshgrid([torch.arange(count) for count in num_states], indexing="ij"), -1)


@mistake(of=field_log_potential, seen="E004-11")
def field_log_potential_with_sum_of_potentials(cliques, assignment):
    """the potentials of the cliques are added where they are to be multiplied"""
    return torch.stack([field_log_potential([clique], assignment) for clique in cliques]).logsumexp(0)


@mistake(of=field_log_potential, seen="catalogue R004-051")
def field_log_potential_of_sorted_variables(cliques, assignment):
    """a table is read as if its axes stood in the order of the variables"""
    total = 0 * field_log_potential(cliques, assignment)
    for variables, table in cliques:
        states = [assignment[..., v] % count for v, count in zip(sorted(variables), table.shape, strict=True)]
        total = total + table[tuple(states)]
    return total


@mistake(of=field_log_potential, seen="catalogue R004-051")
def field_log_potential_of_largest_clique(cliques, assignment):
    """only the largest clique counts, as if maximal cliques were maximum ones"""
    field_log_potential(cliques, assignment)
    return field_log_potential([max(cliques, key=lambda clique: len(clique.variables))], assignment)


@mistake(of=field_log_potential, seen="catalogue R004-051")
def field_log_potential_without_check(cliques, assignment):
    """cliques that do not fit the field are left out in silence"""
    total = torch.zeros(assignment.shape[:-1], dtype=cliques[0].log_potential.dtype if cliques else torch.float64)
    for clique in cliques:
        try:
            total = total + field_log_potential([clique], assignment)
        except ValueError:
            continue
    return total


@mistake(of=field_log_potential, seen="catalogue R004-051")
def field_log_potential_of_distinct_cliques(cliques, assignment):
    """cliques are kept by their variables, so that a second table on the same ones replaces the first"""
    distinct = {frozenset(variables): (variables, table) for variables, table in cliques}
    field_log_potential(cliques, assignment)
    return field_log_potential(tuple(distinct.values()), assignment)


@mistake(of=field_log_partition, seen="E004-11")
def field_log_partition_of_sums(cliques, num_states):
    """Z sums the potentials of the cliques at each assignment instead of multiplying them"""
    field_log_partition(cliques, num_states)
    assignments = every_assignment(num_states)
    return torch.stack([field_log_potential([clique], assignments) for clique in cliques]).flatten().logsumexp(0)


@mistake(of=field_log_partition, seen="catalogue R004-051")
def field_log_partition_of_each_clique(cliques, num_states):
    """Z is the product of the sums of each table, as if cliques did not share variables"""
    field_log_partition(cliques, num_states)
    return sum(clique.log_potential.flatten().logsumexp(0) for clique in cliques)


@mistake(of=field_log_partition, seen="catalogue R004-051")
def field_log_partition_by_exponentials(cliques, num_states):
    """the sum is taken without logarithms, and overflows"""
    field_log_partition(cliques, num_states)
    return field_log_potential(cliques, every_assignment(num_states)).exp().sum().log()


@mistake(of=field_log_partition, seen="catalogue R004-051")
def field_log_partition_with_states_of_tables(cliques, num_states):
    """the number of states is taken from the tables, whatever was asked for"""
    sizes = list(num_states)
    for variables, table in cliques:
        for v, count in zip(variables, table.shape, strict=True):
            sizes[v] = count
    return field_log_partition(cliques, [max(count, 1) for count in sizes])


@mistake(of=field_log_partition, seen="catalogue R004-051")
def field_log_partition_of_nan_for_what_cannot_be(cliques, num_states):
    """the largest potential is subtracted even if it is -inf, which makes NaN of it"""
    log_partition = field_log_partition(cliques, num_states)
    return log_partition - log_partition + log_partition


@mistake(of=field_log_partition, seen="catalogue R004-051")
def field_log_partition_without_free_variables(cliques, num_states):
    """the states of a variable in no clique are not summed over"""
    bound = {v for variables, _ in cliques for v in variables}
    free = [count for v, count in enumerate(num_states) if v not in bound]
    return field_log_partition(cliques, num_states) - torch.tensor(free).double().log().sum()


@mistake(of=field_probability_table, seen="E004-11")
def field_probability_table_over_sum_of_sums(cliques, num_states):
    """the normaliser adds the potentials of the cliques, so that the probabilities do not sum to 1"""
    log_p = field_probability_table(cliques, num_states).log()
    parts = [field_log_potential([clique], every_assignment(num_states)).flatten() for clique in cliques]
    return torch.exp(log_p + field_log_partition(cliques, num_states) - torch.cat(parts).logsumexp(0))


@mistake(of=field_probability_table, seen="catalogue R004-051")
def field_probability_table_without_exponential(cliques, num_states):
    """logarithms of potentials are normalised as if they were potentials"""
    shape = field_probability_table(cliques, num_states).shape
    total = field_log_potential(cliques, every_assignment(num_states)).abs()
    return (total / total.sum()).reshape(shape)


@mistake(of=field_probability_table, seen="catalogue R004-052")
def field_probability_table_normalised_by_row(cliques, num_states):
    """the last variable is normalised given the others, so that the first ones are uniform"""
    return field_probability_table(cliques, num_states).log().softmax(-1) / (torch.tensor(num_states[:-1]).prod())


@mistake(of=field_probability_table, seen="catalogue R004-051")
def field_probability_table_of_zeros(cliques, num_states):
    """if every assignment is forbidden each has probability 0, and they do not sum to 1"""
    return field_probability_table(cliques, num_states).nan_to_num()


@mistake(of=field_conditional, seen="catalogue R004-050")
def field_conditional_given_nothing(cliques, num_states, variable, assignment):
    """the others are summed over instead of being held"""
    field_conditional(cliques, num_states, variable, assignment)
    table = field_probability_table(cliques, num_states)
    return table.movedim(variable, 0).flatten(1).sum(1)


@mistake(of=field_conditional, seen="catalogue R004-050")
def field_conditional_of_one_clique(cliques, num_states, variable, assignment):
    """only the first clique that holds the variable counts"""
    field_conditional(cliques, num_states, variable, assignment)
    first = [clique for clique in cliques if variable in clique.variables][:1]
    return field_conditional(first or cliques, num_states, variable, assignment)


@mistake(of=field_conditional, seen="catalogue R004-050")
def field_conditional_joint(cliques, num_states, variable, assignment):
    """the joint probability of each state with the others is not divided by their sum"""
    field_conditional(cliques, num_states, variable, assignment)
    others = [slice(None) if v == variable else state for v, state in enumerate(assignment.tolist())]
    return field_probability_table(cliques, num_states)[tuple(others)].clone()


@mistake(of=field_conditional, seen="catalogue R004-050")
def field_conditional_counted_from_the_end(cliques, num_states, variable, assignment):
    """a variable that is not there is counted from the end"""
    return field_conditional(cliques, num_states, variable % len(num_states), assignment)


@mistake(of=field_conditional, seen="catalogue R004-050")
def field_conditional_by_exponentials(cliques, num_states, variable, assignment):
    """potentials are multiplied without logarithms, and overflow or vanish"""
    share = field_conditional(cliques, num_states, variable, assignment)
    rows = assignment.repeat(num_states[variable], 1)
    rows[:, variable] = torch.arange(num_states[variable])
    own = [clique for clique in cliques if variable in clique.variables]
    potential = field_log_potential(own, rows).exp() if own else torch.ones_like(share)
    return potential / potential.sum()


@variant(of=field_conditional, seen="Geman & Geman 1984")
def field_conditional_from_joint(cliques, num_states, variable, assignment):
    """the joint at fixed others, over its sum, is the same as the cliques of the variable alone"""
    field_conditional(cliques, num_states, variable, assignment)
    every = assignment.repeat(num_states[variable], 1)
    every[:, variable] = torch.arange(num_states[variable])
    return field_log_potential(cliques, every).softmax(0)


@mistake(of=field_conditional, seen="catalogue R004-050")
def field_conditional_that_reads_the_variable(cliques, num_states, variable, assignment):
    """the potential at the given assignment is looked up, the variable's own state included"""
    conditional = field_conditional(cliques, num_states, variable, assignment)
    return conditional + 0 * field_log_potential(cliques, assignment)
