"""Laws of `reference.numerics.loss_scaling`."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from properties.closeness import assert_close, assert_equal, assert_identical
from properties.machines import SavedMachine, run_machine
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers, steps
from reference.numerics.loss_scaling import LossScale

GOOD, BAD = torch.tensor(False), torch.tensor(True)


def state_of(scale, tracker):
    return LossScale(torch.tensor(scale, dtype=torch.float64), torch.tensor(tracker))


class LossScaling(SavedMachine):
    """Good and bad steps; the model is the exponent of the scale and the length of the run of good steps."""

    def __init__(self, update, exponent, interval, rise, fall):
        super().__init__(state_of(2.0**exponent, 0), (exponent, 0))
        self.update, self.interval, self.rise, self.fall = update, interval, rise, fall

    @rule(count=st.integers(1, 4))
    def good(self, count):
        for _ in range(count):
            (exponent, run), self.state = self.model, self.update(self.state, GOOD)
            self.model = exponent + (self.rise if (run + 1) % self.interval == 0 else 0), run + 1

    @rule()
    def bad(self):
        (exponent, _), self.state = self.model, self.update(self.state, BAD)
        self.model = exponent - self.fall, 0

    @invariant()
    def agrees(self):
        exponent, run = self.model
        assert_equal(self.state.scale, 2.0**exponent)
        assert_equal(self.state.tracker, run % self.interval)


@given(true=dyadics(-2048, 2048, 2, 3, grid=2048), exponent=st.integers(-14, 15), least=st.integers(-40, 0))
def test_unscale_gradient_inverts_a_power_of_two_exactly(unscale_gradient, true, exponent, least):
    """A float16 gradient of 2^k times the loss gives the gradient to the last bit, also where float16 has none."""
    gradient = true * 2.0**least
    scaled = (gradient * 2.0 ** (exponent - least)).half()
    scale = torch.tensor(2.0 ** (exponent - least), dtype=torch.float64)
    assert_equal(unscale_gradient(scaled, scale), scaled.double() * 2.0 ** (least - exponent))
    if exponent >= 0:
        assert_equal(unscale_gradient(scaled, scale), gradient)


def test_unscale_gradient_keeps_the_wider_precision(unscale_gradient):
    """A float32 gradient of 2^10 times the loss is beyond float16, though its scale is not, and stays float32."""
    gradient = (steps(2, 3) * 2.0**20).float()
    unscaled = unscale_gradient(2**10 * gradient, torch.tensor(1024.0).half())
    assert_equal(unscaled.dtype, torch.float32)
    assert_equal(unscaled, gradient)


def test_unscale_gradient_hides_no_overflow(unscale_gradient):
    """Infinity and NaN stay what they are, so that the step can still be skipped."""
    gradient = numbers(math.inf, -math.inf, math.nan, 512)
    for scaled in (gradient, gradient.half()):
        unscaled = unscale_gradient(scaled, torch.tensor(256.0, dtype=torch.float64))
        assert_identical(unscaled, numbers(math.inf, -math.inf, math.nan, 2))


@given(gradient=normals(2, 3), scale=st.sampled_from([3.0, 1000.0, 0.75]))
def test_unscale_gradient_divides_by_any_scale(unscale_gradient, gradient, scale):
    """S times the result is the scaled gradient."""
    unscaled = unscale_gradient(gradient, torch.tensor(scale, dtype=torch.float64))
    assert_close(scale * unscaled, gradient)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 65504.0])
@given(place=st.integers(0, 10), first=normals(2, 3), second=normals(5))
def test_found_nonfinite_sees_every_entry(found_nonfinite, place, first, second, value):
    """One infinity or NaN in any entry is found; entries that are large, even if their sum is infinite, are not."""
    gradients = [first.half(), torch.full((0,), math.inf), second.half(), torch.full((2,), 2.0**127)]
    assert_equal(found_nonfinite(gradients), GOOD)
    gradients[0 if place < 6 else 2].view(-1)[place % 6] = value
    gradients[2][-1] = 65504.0 if place != 10 else value
    assert_equal(found_nonfinite(gradients), torch.tensor(value != 65504.0))


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_found_on_any_rank_makes_all_agree(found_on_any_rank, ranks):
    """All ranks skip if one of them has found something, and none does if none has; each has a flag of its own."""
    for flags in itertools.product([False, True], repeat=ranks):
        agreed = found_on_any_rank(torch.tensor(flags))
        assert_equal(agreed, torch.tensor([True in flags] * ranks))
        agreed[0] = not any(flags)
        assert_equal(agreed[1:], torch.tensor([True in flags] * (ranks - 1)))


@pytest.mark.parametrize(("factors", "rise", "fall"), [((), 1, 1), ((4.0, 0.125), 2, 3)])
@given(interval=st.integers(1, 3), exponent=st.integers(-8, 8), data=st.data())
def test_update_loss_scale_follows_its_events(update_loss_scale, interval, exponent, factors, rise, fall, data):
    """Of any sequence of good steps, bad steps and saving and loading in between, 2^exponent grows after each run of
    `interval` good steps and falls at each bad one.
    """

    def update(state, found):
        return update_loss_scale(state, found, *factors, growth_interval=interval)

    run_machine(LossScaling(update, exponent, interval, rise, fall), data)


@pytest.mark.parametrize(
    ("tracker", "found", "scale", "next_tracker"),
    [(1998, GOOD, 1024, 1999), (1999, GOOD, 2048, 0), (1999, BAD, 512, 0), (0, BAD, 512, 0)],
)
def test_update_loss_scale_doubles_after_two_thousand_good_steps(
    update_loss_scale, tracker, found, scale, next_tracker
):
    """Unless told otherwise it doubles after the 2000th good step, and halves at a bad one."""
    state = update_loss_scale(state_of(1024.0, tracker), found)
    assert_equal(state.scale, scale)
    assert_equal(state.tracker, next_tracker)


@pytest.mark.parametrize(("factor", "scale"), [(2.0**27, 2.0**127), (2.0**1000, 2.0**100)])
def test_update_loss_scale_stays_finite(update_loss_scale, factor, scale):
    """A scale that would be infinite stays as it is, and the run of good steps starts anew."""
    state = update_loss_scale(state_of(2.0**100, 4), GOOD, growth_factor=factor, growth_interval=5)
    assert_equal(state.scale, scale)
    assert_equal(state.tracker, 0)


def test_update_loss_scale_has_no_least(update_loss_scale):
    """However small, a scale is halved at a bad step."""
    assert_equal(update_loss_scale(state_of(2.0**-126, 4), BAD).scale, 2.0**-127)


@pytest.mark.parametrize("value", [math.nan, math.inf, 5.0])
@given(before=normals(2, 3), after=normals(2, 3))
def test_keep_if_found_leaves_nothing_of_a_skipped_step(keep_if_found, before, after, value):
    """A skipped step changes nothing, even if its result is not finite; any other is taken to the last bit, whatever
    it was before.
    """
    assert_equal(keep_if_found(before, after + 16, GOOD), after + 16)
    after[1, 0] = value
    assert_equal(keep_if_found(before + 32, after, BAD), before + 32)
    assert_identical(keep_if_found(before + 2.0**60, after, GOOD), after)
    assert_identical(keep_if_found(after, before, BAD), after)


@pytest.mark.parametrize(
    "settings",
    [
        *({"growth_factor": factor} for factor in (1.0, 0.5, math.nan)),
        *({"backoff_factor": factor} for factor in (1.0, 2.0, 0.0, -0.5)),
        {"growth_interval": 0},
    ],
)
def test_update_loss_scale_rejects_factors_that_do_not_adapt(update_loss_scale, settings):
    """Growth is above 1, backoff between 0 and 1, and an interval at least 1."""
    assert_rejects(update_loss_scale, state_of(1024.0, 5), GOOD, **settings)


def test_found_nonfinite_rejects_nothing_to_look_at(found_nonfinite, found_on_any_rank):
    """There is a gradient, and a rank."""
    assert_equal(found_nonfinite([steps(2, 3), numbers(math.inf)]), BAD)
    assert_rejects(found_nonfinite, [])
    assert_equal(found_on_any_rank(torch.tensor([True])), torch.tensor([True]))
    assert_rejects(found_on_any_rank, torch.tensor([], dtype=torch.bool))
