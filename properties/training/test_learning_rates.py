"""Laws of `reference.training.learning_rates`."""

import cmath
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects

RATES = st.sampled_from([0.25, 1.5])
NAMES = ["head.bias", "norm.weight", "pos_embed.table", "block.weight", "bias_table", "scale", "q_bias"]
SHAPES = st.lists(st.lists(st.integers(1, 5), max_size=4).map(tuple), min_size=7, max_size=7)


@given(rate=RATES, warmup_steps=st.integers(0, 7))
def test_warmup_rate_grows_in_equal_parts_from_above_zero(warmup_rate, rate, warmup_steps):
    """A warm-up of n steps has n + 1 equal parts, of which the first step has one and step n all, as later ones."""
    part = Fraction(rate) / (warmup_steps + 1)
    for step in range(warmup_steps + 3):
        assert_close(warmup_rate(rate, step, warmup_steps), float(min(part * (step + 1), Fraction(rate))))


@pytest.mark.parametrize("num_steps", [1, 2, 5, 6])
@given(rate=RATES, least=st.sampled_from([0.0, 0.125, 2.0]))
def test_cosine_rate_follows_half_a_turn(cosine_rate, rate, least, num_steps):
    """The rates are the heights of a point that turns from the highest to the lowest place of a circle evenly."""
    turn, point = cmath.exp(1j * cmath.pi / num_steps), 1 + 0j
    for step in range(num_steps + 1):
        expected = (rate + least) / 2 + (rate - least) / 2 * point.real
        assert_close(cosine_rate(rate, least, step, num_steps), expected, rate + least)
        point *= turn


@given(rate=RATES, num_epochs=st.integers(1, 12))
def test_linear_epoch_rate_falls_in_equal_parts_to_one_part(linear_epoch_rate, rate, num_epochs):
    """The n epochs have n, n - 1, ..., 1 parts of lr / n: never nothing."""
    parts = [Fraction(rate) * (num_epochs - epoch) / num_epochs for epoch in range(num_epochs)]
    for epoch, part in enumerate(parts):
        assert_close(linear_epoch_rate(rate, epoch, num_epochs), float(part), rate)


@given(rate=RATES, decay=st.sampled_from([0.25, 0.75, 1.0]), num_layers=st.integers(0, 6))
def test_layer_rate_falls_by_decay_from_the_head_down(layer_rate, rate, decay, num_layers):
    """The last layer has all of the rate, and each layer below the product of its upper neighbour's and decay."""
    expected = Fraction(rate)
    for layer in reversed(range(num_layers + 1)):
        assert_close(layer_rate(rate, decay, layer, num_layers), float(expected))
        expected *= Fraction(decay)


@given(shapes=SHAPES)
def test_decay_groups_partitions_the_parameters(decay_groups, shapes):
    """Every name is in one group; matrices are decayed unless they are a bias or exempt, vectors and numbers never."""
    by_name = dict(zip(NAMES, shapes, strict=True))
    decayed, not_decayed = decay_groups(by_name, ["nothing", "norm.w.", "embed"])
    assert_equal(sorted([*decayed, *not_decayed]), sorted(NAMES))
    may_decay = [name for name in NAMES if name in ("norm.weight", "block.weight", "bias_table", "scale")]
    assert_equal(decayed, [name for name in may_decay if len(by_name[name]) in (2, 3, 4)])
    assert_equal(not_decayed, [name for name in NAMES if name not in decayed])


def test_decay_groups_exempts_nothing_by_default(decay_groups):
    """Without exempt words the axes and the name bias decide; axes of size 1 count, and so does the case of letters."""
    groups = decay_groups({"embed": (2, 3), "head.bias": (2, 3), "gain": (3,), "scale": ()})
    assert_equal(list(groups), [["embed"], ["head.bias", "gain", "scale"]])
    assert_equal(list(decay_groups({"Embed": (1, 3), "head": (1, 1)}, ["embed", "Head"])), [["Embed", "head"], []])


@given(start=st.integers(0, 5), length=st.integers(1, 12), first=st.integers(0, 3), stages=st.integers(0, 5))
def test_progressive_stage_is_nearest_to_a_straight_line(progressive_stage, start, length, first, stages):
    """Up to the end of the warm-up it is the first stage, from the end of growth on the last, and in between the whole
    number nearest to the line, the even one of two; it never falls.
    """
    seen = [progressive_stage(i, start, start + length, first, first + stages) for i in range(start + length + 3)]
    line = [min(max(Fraction(i - start, length), 0), 1) * stages for i in range(len(seen))]
    assert_equal(seen, [first + round(place) for place in line])
    assert_equal(seen, sorted(seen))
    assert_equal([progressive_stage(2, 1, 3, of_two, of_two + 1) for of_two in (1, 2)], [1, 2])


def test_progressive_stage_without_growth_begins_at_the_first(progressive_stage):
    """Where growth ends with the warm-up or before, that iteration still has the first stage, and the next the last."""
    assert_equal([progressive_stage(i, 3, 3, 1, 5) for i in (2, 3, 4)], [1, 1, 5])
    assert_equal([progressive_stage(i, 5, 3, 1, 5) for i in (4, 5, 6)], [1, 1, 5])


@pytest.mark.parametrize(("step", "length"), [(-1, 3), (2, -1)])
def test_warmup_rate_rejects_negative_steps(warmup_rate, step, length):
    """Steps are counted from 0."""
    assert_rejects(warmup_rate, 0.5, step, length)


@pytest.mark.parametrize(("step", "length"), [(-1, 3), (4, 3), (0, 0), (0, -1)])
def test_cosine_rate_rejects_steps_outside_its_course(cosine_rate, step, length):
    """The course has at least one step, and ends with its last."""
    assert_rejects(cosine_rate, 0.5, 0.25, step, length)


@pytest.mark.parametrize(("epoch", "num_epochs"), [(-1, 3), (3, 3), (5, 3), (0, 0)])
def test_linear_epoch_rate_rejects_epochs_outside_training(linear_epoch_rate, epoch, num_epochs):
    """The last epoch of n is n - 1."""
    assert_rejects(linear_epoch_rate, 0.5, epoch, num_epochs)


@pytest.mark.parametrize(("decay", "layer"), [(0.5, -1), (0.5, 4), (0.0, 2), (-0.5, 2), (1.25, 2), (math.nan, 2)])
def test_layer_rate_rejects_missing_layers_and_impossible_decays(layer_rate, decay, layer):
    """Layers are counted from 0 to 3, and rates neither vanish nor grow downwards."""
    assert_rejects(layer_rate, 0.5, decay, layer, 3)


@pytest.mark.parametrize(("iteration", "first", "last"), [(-1, 0, 3), (2, 3, 2)])
def test_progressive_stage_rejects_impossible_stages(progressive_stage, iteration, first, last):
    """Iterations are counted from 0, and stages grow."""
    assert_rejects(progressive_stage, iteration, 1, 5, first, last)
