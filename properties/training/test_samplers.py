"""Laws of `reference.training.samplers`."""

import itertools
import random
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from properties.closeness import assert_equal
from properties.machines import SavedMachine, run_machine
from properties.rejection import assert_rejects
from reference.training.samplers import SamplerState

SHARED = pytest.mark.parametrize(
    ("count", "shares"),
    [(0, 3), (1, 4), (2, 5), (3, 5), (6, 3), (7, 3), (8, 5), (10, 5), (13, 5), (4, 1), (15, 11), (122, 14)],
)
ORDERS = st.integers(1, 7).flatmap(lambda count: st.tuples(*[st.permutations(range(count))] * 3))


def items_of(count):
    """As many items, which are not their places."""
    return list(range(100, 100 + count))


def on_all_ranks(shard, count, world_size):
    """The shares of all ranks."""
    return [shard(items_of(count), rank, world_size) for rank in range(world_size)]


def epoch_of(order, batch_size, world_size):
    """What each rank reads in an epoch: the order, begun again until it is long enough, in blocks of blocks."""
    source, needed = itertools.cycle(order), 0
    while needed < len(order):
        needed += batch_size * world_size
    take = [next(source) for _ in range(needed)]
    return [
        [tuple(take.pop(0) for _ in range(batch_size)) for _ in range(needed // world_size // batch_size)]
        for _ in range(world_size)
    ]


class Reading(SavedMachine):
    """Ranks that read batch after batch, or go on to the next epoch; the model is their epoch and place in it."""

    def __init__(self, endless_batch, orders, batch_size, world_size):
        super().__init__([SamplerState()] * world_size, (0, 0))
        self.next_batch, self.orders, self.batch_size, self.world_size = endless_batch, orders, batch_size, world_size

    def order_of(self, epoch):
        return self.orders[epoch % 3]

    @rule()
    def read(self):
        epoch, position = self.model
        shares = epoch_of(self.order_of(epoch), self.batch_size, self.world_size)
        for rank, share in enumerate(shares):
            batch, self.state[rank] = self.next_batch(
                self.state[rank], self.order_of, self.batch_size * self.world_size, rank, self.world_size
            )
            assert_equal(batch, share[position])
        self.model = (epoch + 1, 0) if position + 1 == len(shares[0]) else (epoch, position + 1)

    @rule()
    def go_to_next_epoch(self):
        self.state = [SamplerState(state.epoch + 1) for state in self.state]
        self.model = self.model[0] + 1, 0

    @invariant()
    def agrees(self):
        assert_equal(self.state, [self.model] * self.world_size)


@given(count=st.integers(0, 9), seed=st.integers(0, 99), epoch=st.integers(0, 9), shift=st.integers(-9, 9))
def test_epoch_order_depends_on_seed_plus_epoch(epoch_order, count, seed, epoch, shift):
    """It is a permutation, the same for all ways to split the sum, and no global generator has moved."""
    before, by_numpy = torch.get_rng_state(), np.random.get_state()[1].tolist()
    order = epoch_order(count, seed, epoch)
    assert_equal(sorted(order), list(range(count)))
    assert_equal(epoch_order(count, seed + shift, epoch - shift), order)
    assert_equal(torch.get_rng_state(), before)
    assert_equal(np.random.get_state()[1].tolist(), by_numpy)
    drawn = []
    for other in (1, 2):
        random.seed(other)
        epoch_order(count, seed, epoch)
        drawn.append(random.random())
    assert_equal(len({*drawn}), 2)


@pytest.mark.parametrize("others", [[(3, 1), (3, 2), (4, 2)], [(0, 1), (0, 3), (2, 0)]])
def test_epoch_order_changes_from_epoch_to_epoch(epoch_order, others):
    """Fifty samples have another order for every sum of seed and epoch."""
    orders = [tuple(epoch_order(50, seed, epoch)) for seed, epoch in [(0, 0), *others]]
    assert_equal(len({*orders, tuple(range(50))}), 5)


def test_epoch_order_rejects_negative_numbers(epoch_order):
    """There are no fewer samples than none."""
    assert_equal(len(epoch_order(3, 1, 1)), 3)
    assert_equal(epoch_order(1, 1, 1), (0,))
    assert_rejects(epoch_order, -1, 1, 1)


@SHARED
def test_repeat_to_multiple_begins_again_where_items_lack(repeat_to_multiple, count, shares):
    """The items come round and round, up to the first multiple that holds all of them."""
    length = next(length for length in itertools.count(count) if length % shares == 0)
    assert_equal(
        repeat_to_multiple(items_of(count), shares), tuple(itertools.islice(itertools.cycle(items_of(count)), length))
    )


@pytest.mark.parametrize("multiple", [0, -2])
def test_repeat_to_multiple_rejects_impossible_multiples(
    repeat_to_multiple, consecutive_batches, full_batches, num_batches, multiple
):
    """A batch holds at least one item, and there is at least one rank."""
    assert_equal(repeat_to_multiple([7, 8], 1), (7, 8))
    assert_equal(consecutive_batches([7, 8], 1), full_batches([7, 8], 1))
    for function in (repeat_to_multiple, consecutive_batches, full_batches):
        assert_rejects(function, [7, 8, 9], multiple)
    assert_rejects(num_batches, 3, multiple, 1)
    assert_rejects(num_batches, 3, 1, multiple)


@SHARED
def test_contiguous_shard_divides_the_items_evenly(contiguous_shard, count, shares):
    """Joined, the shares are the items, and the ranks before r hold as many as there are multiples of W up to r N."""
    dealt = on_all_ranks(contiguous_shard, count, shares)
    assert_equal([item for share in dealt for item in share], items_of(count))
    before = [len(range(shares, rank * count + 1, shares)) for rank in range(shares + 1)]
    assert_equal([len(share) for share in dealt], [after - at for at, after in itertools.pairwise(before)])
    assert_equal([contiguous_shard(range(number), 7, 14)[0] for number in (122, 128)], [61, 64])


@SHARED
def test_padded_shard_deals_until_all_have_equally_many(padded_shard, count, shares):
    """Items are dealt in turn, from the first again when none are left, until the last round is complete."""
    dealt, source, number = [[] for _ in range(shares)], itertools.cycle(items_of(count)), 0
    while number < count or number % shares:
        dealt[number % shares].append(next(source))
        number += 1
    assert_equal(on_all_ranks(padded_shard, count, shares), [tuple(share) for share in dealt])


@SHARED
def test_truncated_shard_deals_complete_rounds(truncated_shard, count, shares):
    """Items are dealt in turn as long as there is one for every rank."""
    rounds = list(zip(*[iter(items_of(count))] * shares, strict=False))
    expected = [tuple(dealt[rank] for dealt in rounds) for rank in range(shares)]
    assert_equal(on_all_ranks(truncated_shard, count, shares), expected)


@pytest.mark.parametrize(("rank", "world_size"), [(-1, 3), (3, 3), (4, 3), (0, 0), (-1, 0), (-2, -1)])
def test_contiguous_shard_rejects_ranks_outside_the_world(
    contiguous_shard, padded_shard, truncated_shard, rank, world_size
):
    """Of three ranks the last is number 2, and there is at least one."""
    for shard in (contiguous_shard, padded_shard, truncated_shard):
        assert_equal(shard([7, 8, 9], 2, 3), (9,))
        assert_rejects(shard, [7, 8, 9], rank, world_size)


@SHARED
def test_consecutive_batches_cut_the_items(consecutive_batches, full_batches, count, shares):
    """Joined, the batches are the items; those of B items are the full ones, and at most one, the last, holds fewer."""
    items = items_of(count)
    full = tuple(zip(*[iter(items)] * shares, strict=False))
    rest = tuple(items[len(full) * shares :])
    assert_equal(consecutive_batches(items, shares), (*full, rest) if rest else full)
    assert_equal(full_batches(items, shares), full)


@SHARED
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_num_batches_counts_what_the_longest_share_takes(num_batches, count, shares, batch_size):
    """A rank with every W-th item, from the first on, starts a batch at every B-th of them."""
    assert_equal(num_batches(count, batch_size, shares), len(range(count)[::shares][::batch_size]))


def test_num_batches_rejects_negative_numbers(num_batches):
    """No samples make no batches, and fewer make no sense; of very many each is counted."""
    assert_equal(num_batches(0, 2, 3), 0)
    assert_equal(num_batches(7, 2, 3), 2)
    assert_equal(num_batches(2**40 + 1, 2, 4), 2**37 + 1)
    assert_rejects(num_batches, -1, 2, 3)
    assert_rejects(num_batches, 7, -2, -3)


@given(orders=ORDERS, batch_size=st.integers(1, 3), world_size=st.integers(1, 3), data=st.data())
def test_endless_batch_follows_a_model(endless_batch, orders, batch_size, world_size, data):
    """Whatever is read, skipped, saved and loaded, each rank reads what it would have read without a break."""
    run_machine(Reading(endless_batch, orders, batch_size, world_size), data)


@given(orders=ORDERS, batch_size=st.integers(1, 3), world_size=st.integers(1, 3))
def test_endless_batch_covers_the_samples_on_all_ranks_together(endless_batch, orders, batch_size, world_size):
    """In an epoch the ranks read each sample equally often, or once more if the order has begun again."""
    read, size = Counter(), batch_size * world_size
    count = len(epoch_of(orders[0], batch_size, world_size)[0])
    for rank in range(world_size):
        state = SamplerState()
        for _ in range(count):
            batch, state = endless_batch(state, lambda e: orders[e], size, rank, world_size)
            read.update(batch)
        assert_equal(state, (1, 0))
    rounds, more = divmod(count * size, len(orders[0]))
    assert_equal(read, Counter({item: rounds + (place < more) for place, item in enumerate(orders[0])}))


@pytest.mark.parametrize(
    ("position", "global_batch", "rank", "world_size", "count"),
    [
        (3, 4, 1, 2, 9),
        (4, 4, 1, 2, 9),
        (-1, 4, 1, 2, 9),
        (0, 4, 1, 2, 0),
        (0, 4, 2, 2, 9),
        (0, 4, -1, 2, 9),
        (0, 5, 1, 2, 9),
        (0, 1, 1, 2, 9),
        (0, 0, 1, 2, 9),
        (0, -4, 1, 2, 9),
        (0, 4, 0, 0, 9),
        (0, 4, -1, -2, 9),
    ],
)
def test_endless_batch_rejects_impossible_places(endless_batch, position, global_batch, rank, world_size, count):
    """Nine samples are three batches of four, number 0 to 2, of which two ranks, number 0 and 1, read a half each."""
    batch, _ = endless_batch(SamplerState(5, 2), lambda epoch: range(9), 4, 1, 2)
    assert_equal(batch, (1, 2))
    order = list(range(count))
    assert_rejects(endless_batch, SamplerState(5, position), lambda epoch: order, global_batch, rank, world_size)
