"""Worked numbers of smoothed values."""

import numpy as np
import pytest
import torch

from properties.strategies import numbers
from reference.training.meters import empty_meter, read_meter, synchronize_meters, update_meter


@pytest.mark.claim("R001-074")
def test_medians_of_pytorch_and_numpy_differ():
    """Of 1, 2, 3 and 4 torch.median is 2, the lower of the middle two, and NumPy's is 2.5, their mean."""
    meter = empty_meter(4)
    for value in (3.0, 1.0, 4.0, 2.0):
        meter = update_meter(meter, value)
    assert numbers(1, 2, 3, 4).median() == 2
    assert torch.quantile(numbers(1, 2, 3, 4), 0.5) == 2.5
    assert np.median([1, 2, 3, 4]) == 2.5
    assert read_meter(meter).median == 2.5


@pytest.mark.claim("R001-074")
def test_meters_synchronised_twice_count_twice():
    """Ranks that saw 1 once and 4 twice share the mean 3, where the mean of their means is 2.5; synchronised once more
    they count every sample twice, which shows in the next value.
    """
    ranks = [update_meter(empty_meter(), 1.0), update_meter(empty_meter(), 4.0, 2)]
    once = synchronize_meters(ranks)
    twice = synchronize_meters(once)
    assert [read_meter(meter).global_mean for meter in (*once, *twice)] == [3.0] * 4
    after = [update_meter(meter[0], 7.0) for meter in (once, twice)]
    assert [read_meter(meter).global_mean for meter in after] == [(9 + 7) / 4, (18 + 7) / 7]
