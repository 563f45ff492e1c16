"""Laws of `reference.training.dropout`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers, unit


def eighths(*shape):
    """Uniform numbers that meet the rates k / 8 exactly."""
    return dyadics(0, 7, *shape, grid=8)


def kept_or_dropped(values, rate, draws):
    pairs = zip(values.flatten().tolist(), draws.flatten().tolist(), strict=True)
    return numbers(*[value / (1 - rate) if draw >= rate else 0.0 for value, draw in pairs]).reshape(values.shape)


@given(x=normals(2, 3, 5), rate=st.integers(0, 4096), uniform=unit(2, 3, 5))
def test_dropout_keeps_or_drops_each_element(dropout, x, rate, uniform):
    """An element with uniform >= rate is divided by 1 - rate, and the others are 0: none at rate 0, all at rate 1."""
    uniform[0, 0, 0] = min(rate, 4095) / 4096
    assert_close(dropout(x, rate / 4096, uniform), kept_or_dropped(x, rate / 4096, uniform))


@given(x=normals(3), rate=st.integers(0, 7))
def test_dropout_preserves_the_mean(dropout, x, rate):
    """Over all uniform numbers the mean is x, and the variance x^2 rate / (1 - rate)."""
    uniform = (torch.arange(8, dtype=torch.float64) / 8)[:, None]
    y = dropout(x.expand(8, 3), rate / 8, uniform)
    assert_close(y.mean(0), x, 8 * x.abs())
    assert_close(y.var(0, correction=0), x.square() * rate / (8 - rate), 64 * x.square())


@given(x=normals(2, 3, 5, 7), rate=st.integers(0, 8), uniform=eighths(2, 3))
def test_drop_channels_keeps_or_drops_whole_channels(drop_channels, dropout, x, rate, uniform):
    """All pixels of a channel share its uniform number, whether images come alone, in a batch or in batches."""
    shared = torch.tensor([[[[u] * 7] * 5 for u in row] for row in uniform.tolist()], dtype=torch.float64)
    expected = kept_or_dropped(x, rate / 8, shared)
    assert_close(drop_channels(x, rate / 8, uniform), expected)
    assert_close(drop_channels(x[1], rate / 8, uniform[1]), expected[1])
    assert_close(drop_channels(x[:, None], rate / 8, uniform[:, None]), expected[:, None])
    assert_close(dropout(x, rate / 8, uniform[:, :, None, None]), expected)


@pytest.mark.parametrize("rate", [-0.125, 1.125, math.nan])
def test_dropout_rejects_impossible_rates(dropout, drop_channels, rate):
    """A rate is a probability."""
    image = torch.ones(2, 3, 5, dtype=torch.float64)
    assert_rejects(dropout, image, rate, image / 2)
    assert_rejects(drop_channels, image, rate, image[:, 0, 0] / 2)
