"""A wrong answer is traced to the known mistake that gives it, and a right or unknown one to none."""

import pytest
import torch

from properties.diffusion.examples import EXAMPLES
from properties.harness.diagnosis import looks_like
from properties.harness.trial import Call
from properties.harness.vocabulary import vocabulary
from properties.mistakes import mistakes
from properties.numerics.examples import EXAMPLES as OF_NUMERICS
from properties.training.examples import EXAMPLES as OF_TRAINING

EXAMPLE = EXAMPLES["sample_gaussian"]


def test_known_mistake_is_named():
    wrong = {known.name: known for known in mistakes()}["sample_gaussian_scaled_by_variance"]
    call = Call("sample_gaussian", EXAMPLE, wrong.function(**EXAMPLE))
    assert [known.name for known in looks_like([call])] == ["sample_gaussian_scaled_by_variance"]


@pytest.mark.parametrize("name", ["clip_by_global_norm_per_tensor", "averaged_weights_with_averaged_counts"])
def test_known_mistake_in_a_list_or_a_mapping_is_named(name):
    wrong = {known.name: known for known in mistakes()}[name]
    example = OF_TRAINING[wrong.of]
    call = Call(wrong.of, example, wrong.function(**example))
    assert [known.name for known in looks_like([call])] == [name]


def test_unknown_mistake_and_right_answer_are_not_named():
    right = vocabulary()["sample_gaussian"](**EXAMPLE)
    assert looks_like([Call("sample_gaussian", EXAMPLE, right)]) == []
    assert looks_like([Call("sample_gaussian", EXAMPLE, right + 7)]) == []


def test_right_answer_of_small_numbers_in_float32_is_not_named():
    example = OF_NUMERICS["float_block_scale"]
    right = vocabulary()["float_block_scale"](**example).float()
    assert right.max() < 1e-4
    assert looks_like([Call("float_block_scale", example, right)]) == []


def test_input_on_which_a_mistake_is_right_does_not_name_it():
    unit = {**EXAMPLE, "log_variance": torch.zeros_like(EXAMPLE["log_variance"])}
    call = Call("sample_gaussian", unit, vocabulary()["sample_gaussian"](**unit))
    assert looks_like([call]) == []
