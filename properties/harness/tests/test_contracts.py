"""The wrapper around a function under test notices every way to misbehave."""

import numpy as np
import pytest
import torch

from properties.diffusion.examples import EXAMPLES
from properties.harness.contracts import Breach, Conventions, under_contract
from properties.harness.trial import recording
from properties.harness.vocabulary import vocabulary

EXAMPLE = EXAMPLES["q_sample"]
right = vocabulary()["q_sample"]


def changes_input(x_0, noise, alpha_bar_t):
    result = right(x_0, noise, alpha_bar_t)
    noise.zero_()
    return result


def returns_view(x_0, noise, alpha_bar_t):
    return x_0[:]


def returns_float32(x_0, noise, alpha_bar_t):
    return right(x_0, noise, alpha_bar_t).float()


def exits(x_0, noise, alpha_bar_t):
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (changes_input, "changed its input noise"),
        (returns_view, "view of its input x_0"),
        (returns_float32, "returned torch.float32"),
        (exits, "tried to end the process"),
    ],
)
def test_breach_is_named(function, words):
    with pytest.raises(Breach, match=words):
        under_contract("q_sample", function, Conventions())(**EXAMPLE)


@pytest.mark.parametrize("result", [torch.zeros(3, 2, dtype=torch.float64), 1.0, None])
def test_wrong_shape_or_type_is_refused(result):
    with pytest.raises(Exception, match="return value"):
        under_contract("q_sample", lambda **_: result, Conventions())(**EXAMPLE)


def test_numpy_subject_gets_and_returns_arrays():
    def numpy_q_sample(x_0, noise, alpha_bar_t):
        assert all(isinstance(value, np.ndarray) for value in (x_0, noise, alpha_bar_t))
        return np.sqrt(alpha_bar_t) * x_0 + np.sqrt(1 - alpha_bar_t) * noise

    result = under_contract("q_sample", numpy_q_sample, Conventions(arrays="numpy"))(**EXAMPLE)
    assert torch.allclose(result, right(**EXAMPLE))


def test_bfloat16_reaches_torch_and_not_numpy():
    example = {name: value.bfloat16() for name, value in EXAMPLE.items()}
    assert under_contract("q_sample", right, Conventions())(**example).dtype == torch.bfloat16
    with pytest.raises(NotImplementedError, match="bfloat16"):
        under_contract("q_sample", right, Conventions(arrays="numpy"))(**example)


def test_numpy_view_is_noticed():
    with pytest.raises(Breach, match="view of its input x_0"):
        under_contract("q_sample", lambda x_0, **_: x_0[::-1], Conventions(arrays="numpy"))(**EXAMPLE)


def test_callable_arguments_are_translated():
    def numpy_betas(alpha_bar, num_steps):
        levels = alpha_bar(np.linspace(0, 1, num_steps + 1))
        assert isinstance(levels, np.ndarray)
        return 1 - levels[1:] / levels[:-1]

    wrapped = under_contract("betas_for_alpha_bar", numpy_betas, Conventions(arrays="numpy"))
    example = EXAMPLES["betas_for_alpha_bar"]
    assert torch.allclose(wrapped(**example), vocabulary()["betas_for_alpha_bar"](**example))


def test_float32_subject_gets_float32():
    seen = []

    def narrow(x_0, noise, alpha_bar_t):
        seen.append(x_0.dtype)
        return right(x_0, noise, alpha_bar_t)

    assert under_contract("q_sample", narrow, Conventions(dtype=torch.float32))(**EXAMPLE).dtype == torch.float32
    assert seen == [torch.float32]


def test_plain_tuple_becomes_the_named_one():
    def plain(**arguments):
        return tuple(vocabulary()["respace"](**arguments))

    chain = under_contract("respace", plain, Conventions())(**EXAMPLES["respace"])
    assert chain.timestep_map.tolist() == [0, 2, 3]


def test_calls_are_recorded():
    with recording() as trial:
        under_contract("q_sample", right, Conventions())(**EXAMPLE)
    assert [call.name for call in trial.calls] == ["q_sample"]


def test_tensor_on_another_device_is_named():
    with pytest.raises(Breach, match="returned a tensor on meta for inputs on cpu"):
        under_contract("q_sample", lambda x_0, **_: torch.empty_like(x_0, device="meta"), Conventions())(**EXAMPLE)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda categories, **_: categories.append("list"), "changed its input categories"),
        (lambda categories, **_: categories.reverse(), "changed its input categories"),
        (lambda categories, **_: {"names": [categories]}, "view of its input categories"),
    ],
)
def test_breach_on_a_list_is_named(function, words):
    with pytest.raises(Breach, match=words):
        under_contract("encode_layout", function, Conventions())(**EXAMPLES["encode_layout"])
