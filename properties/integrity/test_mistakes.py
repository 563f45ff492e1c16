"""Every known mistake is caught, every law catches one, and nothing useless passes a law."""

import functools
import itertools

import pytest
import torch

from properties.harness.contracts import map_tensors, reference_in
from properties.harness.laws import Law, laws
from properties.harness.stand_ins import USELESS, useless
from properties.harness.vocabulary import Function
from properties.mistakes import mistakes, variants

MISTAKES = {known.name: known for known in mistakes()}
VARIANTS = {known.name: known for known in variants()}


def _laws_of(function: str) -> list[Law]:
    """The laws that constrain a function, those that bear its name first: they tell most."""
    found = [law for law in laws().values() if function in law.functions]
    return sorted(found, key=lambda law: not law.name.startswith(f"test_{function}_"))


@functools.cache
def _catches(law: str, mistake: str) -> bool:
    known = MISTAKES[mistake]
    return laws()[law].catches({known.of: known.function})


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_caught(name, request):
    """At least one law of its function fails on it; a report wants to know of each law whether it does."""
    known = MISTAKES[name]
    catching = (law.name for law in _laws_of(known.of) if _catches(law.name, name))
    caught_by = list(catching if request.config.getoption("--report") else itertools.islice(catching, 1))
    record = {"mistake": name, "of": known.of, "sentence": known.sentence, "seen": known.seen, "caught_by": caught_by}
    request.node.user_properties.append(("assay_mistake", record))
    assert caught_by, f"no law of {known.of} notices that {known.sentence}"


@pytest.mark.parametrize("name", laws())
def test_law_catches_a_mistake(name):
    """A law that catches none of the mistakes of its functions is vacuous."""
    law = laws()[name]
    candidates = [known for known in mistakes() if known.of in law.functions]
    candidates.sort(key=lambda known: not name.startswith(f"test_{known.of}_"))
    assert any(_catches(name, known.name) for known in candidates)


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_is_accepted(name):
    """What looks wrong and is right passes every law."""
    known = VARIANTS[name]
    for law in _laws_of(known.of):
        law.run({known.of: known.function})


@pytest.mark.parametrize("name", laws())
def test_law_rejects_useless_functions(name):
    """Zeros, NaN, a constant or the input handed back pass no law."""
    law = laws()[name]
    passed = [kind for kind in USELESS if not law.catches({of: useless(of, kind) for of in law.functions})]
    assert not passed


@pytest.mark.parametrize("name", laws())
def test_law_holds_in_float32(name):
    """The tolerance is derived: it also fits the reference on float32 inputs, without gradients unless marked so."""
    law = laws()[name]
    implementations = {function: reference_in(function, torch.float32) for function in law.functions}
    if not any(mark.name == "autograd" for mark in getattr(law.test, "pytestmark", [])):
        implementations = {of: _without_gradient(function) for of, function in implementations.items()}
    law.run(implementations)


def _without_gradient(function: Function) -> Function:
    """What a subject that is no PyTorch returns."""
    return lambda *args, **kwargs: map_tensors(function(*args, **kwargs), torch.Tensor.detach)
