"""Wrong variants of `reference.training.checkpointing`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.training.checkpointing import (
    ChainGradient,
    chain_backward,
    checkpoint_storage,
    checkpointed_backward,
    path_gradients,
)


@mistake(of=path_gradients, seen="catalogue R001-014")
def path_gradients_that_overwrite(derivatives):
    """a node that several others read keeps the gradient of one reader instead of the sum"""
    bars = path_gradients(derivatives)
    for node in reversed(range(len(derivatives) - 1)):
        readers = [reader for reader in range(node + 1, len(derivatives)) if derivatives[node, reader] != 0]
        bars[node] = derivatives[node, readers[0]] * bars[readers[0]] if readers else 0
    return bars


@mistake(of=path_gradients, seen="catalogue R001-014")
def path_gradients_along_direct_edges(derivatives):
    """only edges into the last node count, and no path through other nodes"""
    bars = derivatives[:, -1].clone()
    bars[-1] = path_gradients(derivatives)[-1]
    return bars


@mistake(of=path_gradients, seen="catalogue R001-014")
def path_gradients_of_sums(derivatives):
    """derivatives along a path are added instead of multiplied"""
    bars = path_gradients(derivatives)
    for node in reversed(range(len(derivatives) - 1)):
        edges = derivatives[node, node + 1 :]
        bars[node] = torch.where(edges != 0, edges + bars[node + 1 :], 0).sum()
    return bars


@mistake(of=path_gradients, seen="catalogue R001-014")
def path_gradients_forwards(derivatives):
    """derivatives of every node with respect to the first one are returned: forward mode"""
    return path_gradients(derivatives.flip(0, 1).T).flip(0)


@mistake(of=path_gradients, seen="catalogue R001-014")
def path_gradients_of_nothing(derivatives):
    """a graph without nodes gets an empty gradient"""
    return path_gradients(derivatives) if len(derivatives) else derivatives[:, 0:].sum(1)


@mistake(of=path_gradients, seen="catalogue R001-014")
def path_gradients_of_masked_products(derivatives):
    """entries on and below the diagonal are multiplied by 0, which NaN survives"""
    path_gradients(derivatives)
    above, bars = derivatives * torch.ones_like(derivatives).triu(1), derivatives.new_zeros(len(derivatives))
    bars[-1] = 1
    for node in reversed(range(len(bars) - 1)):
        bars[node] = above[node] @ bars
    return bars


@variant(of=path_gradients, seen="catalogue R001-014")
def path_gradients_by_a_linear_system(derivatives):
    """(I - D) bar = e_n adds up the powers of D, of which every one holds the paths of one length"""
    path_gradients(derivatives)
    last = torch.eye(len(derivatives), dtype=derivatives.dtype)[:, -1:]
    edges = derivatives.triu(1)
    return sum(torch.linalg.matrix_power(edges, length) @ last for length in range(len(derivatives))).squeeze(1)


@mistake(of=chain_backward, seen="catalogue R001-014")
def chain_backward_at_the_outputs(stages, x, y_bar):
    """derivatives are taken at the output of each stage instead of its input"""
    values = [x]
    for stage in stages:
        values.append(stage.forward(values[-1]))
    for stage, entered, left in zip(reversed(stages), values[-2::-1], values[:0:-1], strict=True):
        y_bar = stage.vjp(left if left.shape == entered.shape else entered, y_bar)
    return ChainGradient(values[-1], y_bar)


@mistake(of=chain_backward, seen="catalogue R001-014")
def chain_backward_at_zero(stages, x, y_bar):
    """derivatives are taken at an input that was overwritten with zeros in the meantime"""
    y = chain_backward(stages, x, y_bar).y
    return ChainGradient(y, chain_backward(stages, 0 * x, y_bar).x_bar)


@mistake(of=chain_backward, seen="catalogue R001-014")
def chain_backward_from_the_output(stages, x, y_bar):
    """the chain starts back from its output instead of y_bar"""
    y = chain_backward(stages, x, y_bar).y
    return chain_backward(stages, x, y)


@mistake(of=chain_backward, seen="catalogue R001-019")
def chain_backward_of_the_sum(stages, x, y_bar):
    """y_bar is ignored: the gradient of the sum of the outputs is returned"""
    return chain_backward(stages, x, torch.ones_like(y_bar))


@mistake(of=chain_backward, seen="catalogue R001-019")
def chain_backward_without_stages(stages, x, y_bar):
    """a chain without stages hands everything through"""
    return chain_backward(stages, x, y_bar) if stages else ChainGradient(x.clone(), y_bar.clone())


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_without_the_rest(stages, x, y_bar, segment):
    """stages after the last full segment are left out of the backward pass"""
    y = checkpointed_backward(stages, x, y_bar, segment).y
    full = len(stages) // segment * segment or len(stages)
    front = chain_backward(stages[:full], x, y_bar)
    return ChainGradient(y, front.x_bar)


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_in_forward_order(stages, x, y_bar, segment):
    """segments are gone through from the first to the last"""
    y = checkpointed_backward(stages, x, y_bar, segment).y
    starts = list(range(0, len(stages), segment))
    inputs = [x]
    for stage in stages:
        inputs.append(stage.forward(inputs[-1]))
    for start in starts:
        part, entered = stages[start : start + segment], inputs[start]
        fitting = (
            y_bar if y_bar.shape == inputs[start + len(part)].shape else torch.ones_like(inputs[start + len(part)])
        )
        y_bar = chain_backward(part, entered, fitting).x_bar
    return ChainGradient(y, y_bar)


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_that_keeps_everything(stages, x, y_bar, segment):
    """nothing is computed again, and every input is kept"""
    checkpoint_storage(len(stages), segment)
    return chain_backward(stages, x, y_bar)


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_from_the_start(stages, x, y_bar, segment):
    """every stage is computed again from the very start, so that the number of runs grows with the square of n"""
    y = checkpointed_backward(stages, x, y_bar, segment).y
    for end in reversed(range(len(stages))):
        entered = x
        for stage in stages[:end]:
            entered = stage.forward(entered)
        y_bar = stages[end].vjp(entered, y_bar)
    return ChainGradient(y, y_bar)


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_in_as_many_segments(stages, x, y_bar, segment):
    """`segment` is taken as the number of segments instead of their length"""
    return checkpointed_backward(stages, x, y_bar, math.ceil(len(stages) / max(segment, 1)) or segment)


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_without_check(stages, x, y_bar, segment):
    """a segment of no stages counts as one of one, and a chain of none hands everything through"""
    if not stages:
        return ChainGradient(x.clone(), y_bar.clone())
    return checkpointed_backward(stages, x, y_bar, max(segment, 1))


@mistake(of=checkpointed_backward, seen="catalogue R001-047")
def checkpointed_backward_with_other_noise(stages, x, y_bar, segment):
    """the second run draws other random numbers: what is differentiated is not what was computed"""
    y = checkpointed_backward(stages, x, y_bar, segment).y
    return ChainGradient(y, checkpointed_backward(stages, 1.5 * x, y_bar, segment).x_bar)


@mistake(of=checkpoint_storage, seen="catalogue R001-047")
def checkpoint_storage_without_the_segment(num_stages, segment):
    """what is held inside a segment while it is gone through is not counted"""
    return checkpoint_storage(num_stages, segment) - min(segment, num_stages)


@mistake(of=checkpoint_storage, seen="catalogue R001-047")
def checkpoint_storage_rounded_down(num_stages, segment):
    """the last, shorter segment is not counted"""
    checkpoint_storage(num_stages, segment)
    return num_stages // segment + min(segment, num_stages)


@mistake(of=checkpoint_storage, seen="catalogue R001-047")
def checkpoint_storage_of_long_segments(num_stages, segment):
    """a segment longer than the chain counts in full"""
    return checkpoint_storage(num_stages, segment) - min(segment, num_stages) + segment


@mistake(of=checkpoint_storage, seen="catalogue R001-047")
def checkpoint_storage_without_check(num_stages, segment):
    """no stages, or segments of none, count all the same"""
    return checkpoint_storage(max(num_stages, 1), max(segment, 1))


@mistake(of=chain_backward, seen="catalogue R001-014")
def chain_backward_that_runs_forward_twice(stages, x, y_bar):
    """the output is computed by a run of its own before the one that keeps the inputs"""
    chain_backward(stages, x, y_bar)
    return chain_backward(stages, x, y_bar)
