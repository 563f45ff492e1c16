"""State machines: sequences of operations that Hypothesis chooses, held to a plain model of what they lead to."""

import copy
import pickle
from typing import Any

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test, precondition, rule
from hypothesis.strategies import DataObject

_OPERATIONS = settings(stateful_step_count=12)
_moved = precondition(lambda machine: machine.model != machine.saved_model)


class SavedMachine(RuleBasedStateMachine):
    """A state that is saved and loaded between its operations, and the model of it: plain data that can be compared.

    Operations are rules of a subclass, which take `state` and `model` one step further; its invariants compare the two.
    """

    def __init__(self, state: Any, model: Any) -> None:
        super().__init__()
        self.state, self.model = state, model
        self.save()

    @_moved
    @rule()
    def save(self) -> None:
        self.saved_state, self.saved_model = pickle.dumps(self.state), copy.deepcopy(self.model)

    @_moved
    @rule()
    def load(self) -> None:
        self.state, self.model = pickle.loads(self.saved_state), copy.deepcopy(self.saved_model)


def run_machine(machine: RuleBasedStateMachine, data: DataObject) -> None:
    """Runs a new machine through as many operations as `data` holds: twelve, or fewer while Hypothesis shrinks."""
    _to_run.append(machine)
    _RUN(data)


_to_run: list[RuleBasedStateMachine] = []
_RUN = get_state_machine_test(lambda: _to_run.pop(), settings=_OPERATIONS).hypothesis.inner_test  # type: ignore
