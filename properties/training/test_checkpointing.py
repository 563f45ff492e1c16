"""Laws of `reference.training.checkpointing`."""

import itertools
import math
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, numbers
from reference.training.checkpointing import Stage


def whole(*shape):
    return dyadics(-2, 2, *shape, grid=1)


def linear(matrix):
    """x -> A x."""
    return Stage(lambda x: matrix.to(x) @ x, lambda x, y_bar: matrix.T.to(x) @ y_bar)


def five_stages(matrices):
    """x -> (C B (A x)^2)^2."""
    first, *others = map(linear, matrices)
    return [first, SQUARE, *others, SQUARE]


def output(stages, x):
    for stage in stages:
        x = stage.forward(x)
    return x


SQUARE = Stage(torch.square, lambda x, y_bar: 2 * x * y_bar)
MATRICES = st.tuples(whole(3, 2), whole(5, 3), whole(2, 5))


@given(derivatives=whole(5, 5))
def test_path_gradients_sum_products_over_all_paths(path_gradients, derivatives):
    """The gradient of a node is the sum over every path to the last node of the derivatives along it, multiplied;
    numbers elsewhere than above the diagonal are not read.
    """
    edge, last = derivatives.tolist(), 4
    expected = [0.0] * last + [1.0]
    for node in range(last):
        for size in range(last - node):
            for between in itertools.combinations(range(node + 1, last), size):
                path = itertools.pairwise([node, *between, last])
                expected[node] += math.prod(edge[start][end] for start, end in path)
    backwards = torch.ones(5, 5).tril().bool()
    assert_equal(path_gradients(derivatives.masked_fill(backwards, math.nan)), numbers(*expected))


@pytest.mark.parametrize(("nodes", "expected"), [(1, [1.0]), (2, [3.0, 1.0])])
def test_path_gradients_of_the_last_node_is_one(path_gradients, nodes, expected):
    """A graph of one node has the gradient 1, and of two the derivative of their edge."""
    assert_equal(path_gradients(torch.full((nodes, nodes), 3.0).double()), numbers(*expected))


@given(x=whole(2), direction=whole(2), first=whole(3, 2), second=whole(5, 3), y_bar=whole(5))
def test_chain_backward_is_adjoint_of_the_derivative_forwards(chain_backward, x, direction, first, second, y_bar):
    """Pushed forwards through (B (A x)^2)^2, a direction v becomes J v, and x_bar . v = y_bar . J v."""
    stages = [linear(first), SQUARE, linear(second), SQUARE]
    y, x_bar = chain_backward(stages, x, y_bar)
    inner, moved = first @ x, first @ direction
    outer, moved = second @ inner**2, second @ (2 * inner * moved)
    assert_equal(y, outer**2)
    assert_equal(x_bar @ direction.to(x_bar), y_bar @ (2 * outer * moved))


@given(x=whole(2), matrices=MATRICES, y_bar=whole(2), cut=st.integers(1, 4))
def test_chain_backward_may_be_split_anywhere(chain_backward, x, matrices, y_bar, cut):
    """The rear part of a chain, run on what the front part returns, hands the front part its y_bar; whole, each stage
    runs once.
    """
    stages, runs = five_stages(matrices), []
    y, between_bar = chain_backward(stages[cut:], output(stages[:cut], x), y_bar)
    _, x_bar = chain_backward(stages[:cut], x, between_bar)

    def counted(stage):
        return Stage(lambda v: (runs.append(stage), stage.forward(v))[1], stage.vjp)

    unsplit = chain_backward([*map(counted, stages)], x, y_bar)
    assert_equal(len(runs), len(stages))
    assert_equal(y, output(stages, x))
    assert_equal(unsplit.y, y)
    assert_equal(unsplit.x_bar, x_bar)


@given(x=whole(2), matrices=MATRICES, y_bar=whole(2), segment=st.integers(1, 7))
def test_checkpointed_backward_equals_backward(checkpointed_backward, chain_backward, x, matrices, y_bar, segment):
    """Output and gradient are the same to the last bit, however long the segments."""
    stages = five_stages(matrices)
    y, x_bar = checkpointed_backward(stages, x, y_bar, segment)
    assert_equal(y, output(stages, x))
    assert_equal(x_bar, chain_backward(stages, x, y_bar).x_bar)


@pytest.mark.parametrize(("num_stages", "segment"), [(9, 3), (9, 2), (7, 4), (5, 5), (5, 1), (3, 7)])
def test_checkpointed_backward_holds_what_it_says(checkpointed_backward, checkpoint_storage, num_stages, segment):
    """No more inputs of stages are alive at once than `checkpoint_storage` says; no stage runs forward more than twice,
    and each runs backward once.
    """
    alive, most, forward, backward = {}, [0], [0] * num_stages, [0] * num_stages

    def hold(x):
        alive[id(x)] = weakref.ref(x)
        most[0] = max(most[0], sum(reference() is not None for reference in alive.values()))

    def double(index):
        def run(x):
            hold(x)
            forward[index] += 1
            return 2 * x

        def pull(x, y_bar):
            hold(x)
            backward[index] += 1
            return 2 * y_bar

        return Stage(run, pull)

    y, x_bar = checkpointed_backward([double(i) for i in range(num_stages)], numbers(1), numbers(3), segment)
    assert_equal(y, [2.0**num_stages])
    assert_equal(x_bar, [3 * 2.0**num_stages])
    assert_at_most(most[0], checkpoint_storage(num_stages, segment), 0)
    assert_at_most(forward, 2, 0)
    assert_equal(backward, [1] * num_stages)


@given(num_stages=st.integers(1, 200), segment=st.integers(1, 200))
def test_checkpoint_storage_counts_segments_and_one_inside(checkpoint_storage, num_stages, segment):
    """One value for each segment is kept, and the values inside one segment are."""
    stages = range(num_stages)
    kept, inside = len(stages[::segment]), len(stages[:segment])
    assert_equal(checkpoint_storage(num_stages, segment), kept + inside)


@given(root=st.integers(1, 50), segment=st.integers(1, 2500))
def test_checkpoint_storage_is_least_at_the_root(checkpoint_storage, root, segment):
    """n = r^2 stages in segments of r need 2 r values, and no other segments need fewer."""
    least = checkpoint_storage(root**2, root)
    assert_equal(least, 2 * root)
    assert_at_most(least, checkpoint_storage(root**2, segment), 0)


@pytest.mark.parametrize(("num_stages", "segment"), [(0, 1), (3, 0), (3, -1)])
def test_checkpointed_backward_rejects_empty_chains_and_segments(
    checkpointed_backward, checkpoint_storage, num_stages, segment
):
    """There is a stage, and a segment holds at least one."""
    assert_rejects(checkpointed_backward, [SQUARE] * num_stages, numbers(1, 2), numbers(3, 4), segment)
    assert_rejects(checkpoint_storage, num_stages, segment)


def test_chain_backward_rejects_nothing_to_go_through(chain_backward, path_gradients):
    """A chain has a stage, and a graph has a node."""
    assert_rejects(chain_backward, [], numbers(1, 2), numbers(3, 4))
    assert_rejects(path_gradients, torch.ones(0, 0, dtype=torch.float64))
