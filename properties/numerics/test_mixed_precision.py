"""Laws of `reference.numerics.mixed_precision`."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from properties.closeness import assert_equal
from properties.machines import SavedMachine, run_machine
from properties.rejection import assert_rejects
from properties.strategies import dyadics, numbers, steps
from reference.numerics.loss_scaling import LossScale
from reference.numerics.mixed_precision import MixedPrecisionState


def state_of(master, scale, tracker=0, taken=0):
    scale = LossScale(torch.tensor(scale, dtype=torch.float64), torch.tensor(tracker))
    return MixedPrecisionState(master, scale, torch.tensor(taken))


class MixedPrecision(SavedMachine):
    """Good steps and overflows; the model is the weights, the scale, the run of good steps and how many were taken."""

    def __init__(self, step, master, interval, rate):
        weights = [*map(Fraction, master.flatten().tolist())]
        super().__init__(state_of(master, 2.0**12), (weights, Fraction(2**12), 0, 0))
        self.take, self.interval, self.rate = step, interval, Fraction(rate)

    @rule(gradient=dyadics(-64, 64, 2, 3, grid=1))
    def step(self, gradient):
        self.state, (weights, scale, run, taken) = self.take(self.state, gradient.half()), self.model
        moves = [self.rate * int(entry) / scale for entry in gradient.flatten().tolist()]
        weights = [weight - move for weight, move in zip(weights, moves, strict=True)]
        self.model = weights, scale * (2 if (run + 1) % self.interval == 0 else 1), run + 1, taken + 1

    @rule(gradient=dyadics(-64, 64, 2, 3, grid=1), value=st.sampled_from([math.inf, -math.inf, math.nan]))
    def overflow(self, gradient, value):
        gradient[1, 0] = value
        self.state, (weights, scale, _, taken) = self.take(self.state, gradient.half()), self.model
        self.model = weights, scale / 2, 0, taken

    @invariant()
    def agrees(self):
        weights, scale, run, taken = self.model
        assert_equal(self.state.master, torch.tensor([*map(float, weights)], dtype=torch.float64).reshape(2, 3))
        assert_equal(self.state.loss_scale.scale, float(scale))
        assert_equal(self.state.loss_scale.tracker, run % self.interval)
        assert_equal(self.state.steps, taken)


@given(
    master=dyadics(-64, 64, 2, 3, grid=64),
    interval=st.integers(1, 3),
    rate=st.sampled_from([0.25, 2.0]),
    data=st.data(),
)
def test_mixed_precision_step_follows_its_events(mixed_precision_step, master, interval, rate, data):
    """Of any sequence of good steps, overflows and saving and loading in between, good ones move the weights by
    rate g / S and are counted, even if float16 would lose them, and overflows only halve S.
    """

    def step(state, scaled):
        return mixed_precision_step(state, scaled, rate, interval)

    run_machine(MixedPrecision(step, master, interval, rate), data)


def test_mixed_precision_step_grows_after_two_thousand_good_steps(mixed_precision_step):
    """Unless told otherwise the 2000th good step in a row doubles the scale, and not the one before."""
    gradient = steps(2, 3).half()
    before = mixed_precision_step(state_of(steps(2, 3), 64.0, 1998, 7), gradient, 0.5)
    after = mixed_precision_step(before, gradient, 0.5)
    assert_equal([before.loss_scale.scale.item(), after.loss_scale.scale.item()], [64, 128])
    assert_equal(after.steps, 9)


@pytest.mark.parametrize(("size", "rate", "scale"), [(2.0**-10, 2.0**-14, 2.0**12), (2.0**12, 0.25, 0.5)])
def test_mixed_precision_step_takes_steps_of_every_size(mixed_precision_step, size, rate, scale):
    """A step that float16 would round to 0 moves the weight, and one of half its size is not cut."""
    weights, gradient = size * numbers(1, -2, 3), numbers(512, -1024, 1) if size > 1 else numbers(1, -1, 0)
    moved = mixed_precision_step(state_of(weights, scale), gradient.half(), rate)
    assert_equal(moved.master, weights - rate / scale * gradient)


@given(
    exponent=st.integers(-4, 4),
    significand=st.integers(0, 1023),
    sign=st.sampled_from([-1, 1]),
    down=st.booleans(),
    nudge=st.sampled_from([-1, 0, 1]),
)
def test_lost_updates_are_those_that_round_back(lost_updates, exponent, significand, sign, down, nudge):
    """In float16 an update is lost up to half the way to the next number on its side, and at exactly half if the
    weight is even.
    """
    weight = np.float16(sign * math.ldexp(1024 + significand, exponent - 10))
    neighbour = np.nextafter(weight, np.float16(-math.inf if down else math.inf))
    half_way = (Fraction(float(weight)) - Fraction(float(neighbour))) / 2
    update = np.nextafter(np.float16(float(half_way)), np.float16(nudge * math.inf)) if nudge else np.float16(half_way)
    size, limit = abs(Fraction(float(update))), abs(half_way)
    expected = size < limit or (size == limit and significand % 2 == 0)
    lost = lost_updates(torch.tensor([weight.item(), 1.0]).half(), torch.tensor([update.item(), 0.5]).half())
    assert_equal(lost, torch.tensor([expected, False]))


def test_lost_updates_of_nothing_are_lost(lost_updates):
    """An update of 0 changes nothing, and one as large as the weight does, unless both are 0."""
    weights = numbers(1, -0.5, 0)
    assert_equal(lost_updates(weights, 0 * weights), torch.tensor([True, True, True]))
    assert_equal(lost_updates(weights, weights), torch.tensor([False, False, True]))


@pytest.mark.parametrize(("dtype", "digits"), [(torch.float16, 11), (torch.bfloat16, 8), (torch.float32, 24)])
def test_lost_updates_are_those_of_the_precision_of_the_weights(lost_updates, dtype, digits):
    """With p digits 1 loses 2^-p / 2 on the way down and 2^-p on the way up, and twice as much of either is seen; so is
    a step of the smallest number from any other that small.
    """
    sizes = 2.0**-digits * numbers(0.5, 1, -1, -2)
    lost = lost_updates(torch.ones(4, dtype=dtype), sizes.to(dtype))
    assert_equal(lost, torch.tensor([True, False, True, False]))
    smallest = torch.finfo(dtype).smallest_normal * 2.0 ** (1 - digits)
    weights = torch.tensor([1.0, 3.0, 2.0 ** (digits - 1)], dtype=torch.float64) * smallest
    lost = lost_updates(weights.to(dtype), torch.full((3,), smallest, dtype=dtype))
    assert_equal(lost, torch.tensor([False, False, False]))


@pytest.mark.parametrize(("trained", "frozen"), [((3, 5), None), ((7,), (2, 11)), ((0,), (13,))])
def test_mixed_precision_adam_bytes_are_those_of_its_tensors(mixed_precision_adam_bytes, trained, frozen):
    """Weight and gradient in float16, master weight and two moments in float32 for what is trained; a weight else."""
    of_all = [torch.zeros(shape).half() for shape in (trained, frozen) if shape]
    of_trained = [torch.zeros(trained).half(), *(torch.zeros(trained) for _ in range(3))]
    counts = [tensor.numel() for tensor in of_all]
    assert_equal(mixed_precision_adam_bytes(*counts), sum(tensor.nbytes for tensor in [*of_all, *of_trained]))


@given(first=st.integers(0, 10**12), second=st.integers(0, 10**12), frozen=st.integers(0, 10**12))
def test_mixed_precision_adam_bytes_of_two_parts_add(mixed_precision_adam_bytes, first, second, frozen):
    """One trained and one frozen parameter need 18 bytes, and two models as many as one with the parameters of both."""
    assert_equal(mixed_precision_adam_bytes(1, 1), 18)
    apart = mixed_precision_adam_bytes(first, frozen) + mixed_precision_adam_bytes(second, 1)
    assert_equal(mixed_precision_adam_bytes(first + second, frozen + 1), apart)


@pytest.mark.parametrize("counts", [(-1,), (5, -1)])
def test_mixed_precision_adam_bytes_rejects_negative_counts(mixed_precision_adam_bytes, counts):
    """A model has no parameters or some."""
    assert_equal(mixed_precision_adam_bytes(1, 0), 16)
    assert_rejects(mixed_precision_adam_bytes, *counts)
