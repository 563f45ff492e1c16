"""The line that reproduces a failure is Python, whatever the function was handed."""

import dataclasses
import math

import pytest
import torch

from properties.harness.contracts import Conventions
from properties.harness.laws import laws
from properties.harness.page import layout, reproduction
from properties.harness.smoke import examples
from properties.harness.subjects import reference_subject
from properties.harness.trial import Call
from properties.harness.vocabulary import vocabulary
from reference.probability.conjugate import BetaState

LAW = laws()["test_sample_gaussian_equals_shift_by_standard_deviation"]


def reproduced(name, arguments):
    return reproduction(LAW, [Call(name, arguments, None)], reference_subject("cpu")).splitlines()


# A tensor, a named tuple, a list of named tuples, a string and numbers, named tuples within one.
@pytest.mark.parametrize(
    "name", ["gaussian_posterior", "record_losses", "encode_layout", "linear_beta_schedule", "predict_noise"]
)
def test_line_runs_and_prints_the_result(name, capsys):
    _, line = reproduced(name, examples()[name])
    exec(line, {})
    assert capsys.readouterr().out.strip() == str(vocabulary()[name](**examples()[name]))


def test_infinities_and_nan_survive(capsys):
    tensor = torch.tensor([[torch.inf, -torch.inf, torch.nan]])
    _, line = reproduced("sample_gaussian", {"mean": tensor, "log_variance": -torch.inf, "noise": torch.zeros(1, 3)})
    exec(line.replace("sample_gaussian(", "dict("), {})
    assert "[[inf, -inf, nan]]" in capsys.readouterr().out


def test_dictionaries_are_written_down_with_what_is_in_them(capsys):
    tables = {"a": -math.inf, ("b",): torch.tensor([0.5]), "c": BetaState(torch.tensor(2.0), torch.tensor(0.5))}
    _, line = reproduced("sample_gaussian", {"mean": tables})
    exec(line.replace("sample_gaussian(", "dict("), {})
    assert capsys.readouterr().out.strip() == str({"mean": tables})


@pytest.mark.parametrize("name", ["init_denoiser", "ddim_sample"])
def test_functions_and_generators_are_not_written_down(name):
    assert len(reproduced(name, examples()[name])) == 1


def test_numpy_subject_is_handed_arrays(capsys):
    subject = dataclasses.replace(
        reference_subject("cpu"), conventions=Conventions(arrays="numpy"), module="numpy_adapter", name="numpy_adapter"
    )
    call = Call("sample_gaussian", examples()["sample_gaussian"], None)
    line = reproduction(LAW, [call], subject).splitlines()[1]
    assert "torch" not in line
    exec(line.replace("from numpy_adapter import sample_gaussian; ", "").replace("sample_gaussian(", "dict("), {})
    assert "array(" in capsys.readouterr().out


def test_page_can_be_written_whatever_text_is_on_it():
    page = layout(LAW, "", [("OBSERVED", "a\ud800b \u00e9")])
    assert "a\\ud800b \u00e9" in page
    assert page.encode("utf-8")
