"""A state machine is put through its operations, saved and loaded, and a failure says what it was put through."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from properties.harness.contracts import Conventions, under_contract
from properties.harness.laws import DEFAULT, laws
from properties.harness.subjects import Subject
from properties.harness.verdicts import judge
from properties.harness.vocabulary import vocabulary
from properties.machines import SavedMachine, run_machine


class Count:
    """A counter; a forgetful one loses what it has counted when it is saved."""

    def __init__(self, forgetful):
        self.forgetful, self.number = forgetful, 0

    def __getstate__(self):
        return {"forgetful": self.forgetful, "number": 0 if self.forgetful else self.number}


class Counting(SavedMachine):
    def __init__(self, forgetful, seen):
        super().__init__(Count(forgetful), 0)
        self.seen = seen

    @rule(by=st.integers(1, 3))
    def add(self, by):
        self.state.number += by
        self.model += by

    @invariant()
    def agrees(self):
        self.seen.append(self.model)
        assert self.state.number == self.model


def run(forgetful):
    """All numbers that machines have counted to, a list for each."""
    counts = []

    @settings(DEFAULT)
    @given(data=st.data())
    def test(data):
        counts.append([])
        run_machine(Counting(forgetful, counts[-1]), data)

    test()
    return counts


def test_state_that_survives_saving_agrees_with_its_model_throughout():
    counts = run(forgetful=False)
    assert max(map(len, counts)) == 13
    assert any(later < earlier and later for count in counts for earlier, later in itertools.pairwise(count))


def test_state_that_is_lost_by_saving_is_found():
    with pytest.raises(AssertionError):
        run(forgetful=True)


def page_of_one_without_backoff(limit):
    """The page on an implementation that leaves the scale as it is after a bad step."""

    def update_loss_scale(state, found, *args, **kwargs):
        after = vocabulary()["update_loss_scale"](state, found, *args, **kwargs)
        return after._replace(scale=1 * state.scale) if found else after

    functions = {"update_loss_scale": update_loss_scale}
    subject = Subject("theirs", "theirs.py", functions, Conventions(), "theirs", {}, None)
    law = laws()["test_update_loss_scale_follows_its_events"]
    function = under_contract("update_loss_scale", update_loss_scale, Conventions())
    return judge(law, "", {"update_loss_scale": function, **law.cases[0]}, DEFAULT, subject, limit).page


def test_page_lists_the_operations():
    page = page_of_one_without_backoff(limit=math.inf)
    assert "    exponent = 0\n    state = LossScaling()" in page
    assert "    state.bad()\n" in page
    assert "data" not in page.split("OBSERVED")[0]


def test_page_lists_the_calls_where_there_was_no_time_to_shrink():
    page = page_of_one_without_backoff(limit=0.0)
    assert "    update_loss_scale(state = LossScale(scale=" in page
    assert "state.bad()" not in page
