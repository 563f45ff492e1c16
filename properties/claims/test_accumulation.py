"""Worked numbers of accumulated gradients and of learning rates, and statements about them that are wrong."""

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from properties.strategies import numbers
from reference.training.accumulation import accumulated_gradient, steps_optimizer, weighted_gradient
from reference.training.learning_rates import linear_epoch_rate


@pytest.mark.claim("R001-045")
def test_backward_adds_to_what_is_there():
    """Two backward calls on one loss leave twice its gradient, and with another loss the sum, until it is cleared."""
    weights = numbers(3.0, -2.0).requires_grad_()
    losses = [lambda: weights.square().sum(), lambda: weights.prod()]
    gradients = [torch.autograd.grad(loss(), weights)[0] for loss in losses]
    for order in ((0, 0), (0, 1), (1, 0)):
        weights.grad = None
        for index in order:
            losses[index]().backward()
        assert_equal(weights.grad, gradients[order[0]] + gradients[order[1]])


@pytest.mark.claim("R001-010")
def test_a_mean_of_means_is_no_mean_of_unequal_parts():
    """Samples with gradients 1, 1, 1 and 5 have the mean 2; cut into three and one, the mean of their means is 3."""
    parts = numbers(1.0, 5.0)
    assert_close(weighted_gradient(parts, [3, 1]), 2.0)
    assert_close(accumulated_gradient(parts), 3.0)


@pytest.mark.claim("R001-083")
@pytest.mark.parametrize(("iterations", "micro_batches", "num_steps"), [(10, 4, 2), (12, 4, 3), (3, 4, 0)])
def test_the_last_incomplete_accumulation_is_not_stepped(iterations, micro_batches, num_steps):
    """Ten iterations with four micro-batches each have two steps, and leave the gradients of two iterations over."""
    stepped = [steps_optimizer(0, iteration, iterations, micro_batches) for iteration in range(iterations)]
    assert_equal(sum(stepped), num_steps)


@pytest.mark.claim("R003-141")
@pytest.mark.parametrize(("epoch", "rate"), [(0, 1e-3), (4, 8.75e-4), (31, 3.125e-5)])
def test_linear_decay_of_32_epochs_has_these_rates(epoch, rate):
    """From 1e-3 over 32 epochs, epoch 4 has 8.75e-4 and the last one, 31, has 3.125e-5."""
    assert_close(linear_epoch_rate(1e-3, epoch, 32), rate)
