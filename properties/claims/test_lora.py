"""Worked numbers of low-rank adapters, and statements about them that are often met and wrong."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.language.retrieval import last_token_pool
from reference.transformer.lora import lora_forward, lora_merge, lora_parameter_count, lora_scaling, lora_unmerge


def ramp(*shape: int) -> Tensor:
    """Distinct numbers in [-1, 1), in no simple order."""
    return steps(*shape) / 2


def descent(gradient: Tensor) -> Tensor:
    """Step of gradient descent with learning rate 1."""
    return -gradient


def adam(gradient: Tensor) -> Tensor:
    """First step of Adam with learning rate 1 and epsilon 1e-8, whose means are the gradient and its square."""
    return -gradient / (gradient.abs() + 1e-8)


def first_move(optimizer: Callable[[Tensor], Tensor], scaling: float) -> tuple[Tensor, Tensor]:
    """Update of the merged weight by the first step of an optimizer from B = 0, and A."""
    x, weight = ramp(4, 5), ramp(7, 5)
    A, B = (0.5 * ramp(3, 5)).requires_grad_(), torch.zeros(7, 3, dtype=torch.float64, requires_grad=True)
    loss = lora_forward(x, weight, A, B, scaling).square().sum()
    to_A, to_B = torch.autograd.grad(loss, (A, B))
    with torch.no_grad():
        assert not to_A.any()
        return lora_merge(weight, A, 0.001 * optimizer(to_B), scaling) - weight, A.detach()


@pytest.mark.claim("R003-242", "E003-121")
@pytest.mark.parametrize(("optimizer", "power"), [(descent, 2), (adam, 1)])
def test_scaling_of_an_adapter_is_no_learning_rate(optimizer, power):
    """From B = 0 the first step moves the weight in proportion to (alpha / r)^2 under gradient descent and to alpha / r
    under Adam.
    """
    first, *others = (first_move(optimizer, scaling)[0].norm().item() for scaling in (1.0, 2.0, 4.0))
    assert others == [pytest.approx(factor**power * first, rel=1e-6) for factor in (2, 4)]


@pytest.mark.claim("R003-242")
@pytest.mark.parametrize("scaling", [0.5, 2.0])
def test_first_step_of_gradient_descent_has_a_closed_form(scaling):
    """Under gradient descent the first update is -lr s^2 G A' A, where G is the gradient of the merged weight."""
    moved, A = first_move(descent, scaling)
    weight = ramp(7, 5).requires_grad_()
    (ramp(4, 5) @ weight.T).square().sum().backward()
    assert_close(moved, -0.001 * scaling**2 * weight.grad @ A.T @ A, 1)


@pytest.mark.claim("R003-241")
def test_merged_adapter_has_no_more_than_its_rank():
    """B A has rank r at most, B and A stand for M B and inv(M) A alike, and unmerging in float32 returns W up to
    rounding only.
    """
    weight, A, B, M = ramp(7, 5), ramp(2, 5), ramp(7, 2), torch.tensor([[2.0, 1.0], [0.5, 1.5]], dtype=torch.float64)
    update = lora_merge(0 * weight, A, B, lora_scaling(16.0, 2))
    assert int(torch.linalg.matrix_rank(update)) == 2
    assert_close(lora_merge(0 * weight, M @ A, B @ torch.linalg.inv(M), 8.0), update, 64)
    tenth, large = torch.tensor([[0.1]]), torch.tensor([[3.0]])
    restored = lora_unmerge(lora_merge(tenth, large, large, 1.0), large, large, 1.0)
    assert restored != tenth
    assert_close(restored, tenth, 9)


QWEN_1_5B = {"q_proj": (1536, 1536), "k_proj": (256, 1536), "v_proj": (256, 1536), "o_proj": (1536, 1536)}


@pytest.mark.claim("R003-243", "E003-110")
@pytest.mark.parametrize(
    ("targets", "parameters", "share"),
    [
        (("q_proj", "v_proj"), 2_179_072, "0.141"),
        (("k_proj", "v_proj"), 1_605_632, "0.104"),
        (("q_proj",), 1_376_256, "0.089"),
    ],
)
def test_adapters_of_queries_and_values_have_this_many_parameters(targets, parameters, share):
    """Rank 16 on q and v of 28 layers, hidden size 1536 and 256 key and value channels, trains 2179072 parameters,
    0.141 % of 1.54 billion; k and v, or q alone, are other numbers.
    """
    count = 28 * sum(lora_parameter_count(*QWEN_1_5B[target], rank=16) for target in targets)
    assert count == parameters
    assert f"{100 * count / 1.54e9:.3f}" == share


@pytest.mark.claim("R003-244")
@pytest.mark.parametrize(("kept", "last"), [([1, 1, 1, 0, 0], 2), ([0, 0, 1, 1, 1], 4), ([0, 1, 1, 0, 0], 2)])
def test_classifier_reads_the_last_real_token(kept, last):
    """The scores come from the last token that is not padding, which stands at index -1 only without padding on the
    right.
    """
    hidden, head = ramp(1, 5, 4), ramp(3, 4)
    pooled = last_token_pool(hidden, torch.tensor([kept], dtype=torch.bool))
    assert_close(pooled @ head.T, (hidden[:, last] / hidden[:, last].norm()) @ head.T, 4)
    assert torch.equal(hidden[:, last], hidden[:, -1]) == (kept[-1] == 1)


@pytest.mark.claim("R003-244")
def test_head_is_lost_unless_it_is_saved_beside_the_adapter():
    """Loaded onto the same base with a new head, adapters alone give other scores; with the trained head the same."""
    x, weight = ramp(2, 5), ramp(7, 5)
    trained = {"lora_A": ramp(3, 5), "lora_B": ramp(7, 3) / 2, "score": ramp(4, 7)}

    def scores(state: dict[str, Tensor]) -> Tensor:
        return lora_forward(x, weight, state["lora_A"], state["lora_B"], 1.5) @ state["score"].T

    new = {"lora_A": ramp(3, 5) / 3, "lora_B": 0 * ramp(7, 3), "score": ramp(4, 7).flip(0)}
    adapter = {name: tensor for name, tensor in trained.items() if name.startswith("lora_")}
    assert_equal(scores(new | trained), scores(trained))
    assert not torch.allclose(scores(new | adapter), scores(trained))


@pytest.mark.claim("R003-241")
def test_training_cannot_start_where_both_matrices_are_zero():
    """At A = 0 and B = 0 neither has a gradient; at B = 0 alone, B has one."""
    x, weight = ramp(4, 5), ramp(7, 5)
    for start in (0.0, 1.0):
        A, B = (start * ramp(3, 5)).requires_grad_(), torch.zeros(7, 3, dtype=torch.float64, requires_grad=True)
        lora_forward(x, weight, A, B, 2.0).square().sum().backward()
        assert not A.grad.any()
        assert B.grad.any() == (start != 0)
