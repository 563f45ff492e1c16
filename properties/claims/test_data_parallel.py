"""Statements about models on several devices and the statistics of batches that are spread over them."""

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.training.data_parallel import pooled_moments


@pytest.mark.claim("R001-019")
def test_a_model_split_in_two_has_the_gradients_of_the_whole():
    """f2(f1(x)), of which only the value at the cut and its gradient go from one part to the other."""
    first, second = torch.nn.Linear(3, 5, dtype=torch.float64), torch.nn.Linear(5, 2, dtype=torch.float64)
    weights = [first.weight, second.weight]
    x = steps(7, 3).requires_grad_()
    whole = second(first(x).tanh())
    expected = torch.autograd.grad(whole.square().sum(), [x, *weights])

    at_cut = first(x).tanh()
    received = at_cut.detach().requires_grad_()
    output = second(received)
    sent_back, of_second = torch.autograd.grad(output.square().sum(), [received, second.weight])
    of_x, of_first = torch.autograd.grad(at_cut, [x, first.weight], sent_back)
    assert_equal(output, whole)
    for seen, wanted in zip([of_x, of_first, of_second], expected, strict=True):
        assert_close(seen, wanted, wanted.abs() + 1)


@pytest.mark.claim("R001-003")
def test_the_average_of_variances_leaves_out_the_spread_of_means():
    """Ranks with 0, 0, 0 and 4 have variances 0, and 3 together; running variances then take 3 N / (N - 1) = 4."""
    joined = torch.tensor([[0.0], [0.0], [0.0], [4.0]], dtype=torch.float64)
    means = torch.tensor([[0.0], [4.0]], dtype=torch.float64)
    mean, variance = pooled_moments(means, torch.zeros(2, 1, dtype=torch.float64), [3, 1])
    assert (mean.item(), variance.item()) == (1, 3)
    norm = torch.nn.BatchNorm1d(1, momentum=1.0, dtype=torch.float64)
    norm(joined)
    assert_close(norm.running_mean, mean)
    assert_close(norm.running_var, variance * 4 / 3)
