"""Laws of `reference.transformer.contrastive`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close
from properties.rejection import assert_rejects
from properties.strategies import dyadics

VECTORS = dyadics(-16, 16, 3, 5, grid=8)
LOG_SCALES = dyadics(-16, 56, grid=8)


def cosines(first, second):
    lengths = [[math.hypot(*row) or 1.0 for row in side.tolist()] for side in (first, second)]
    products = [[math.fsum(a * b for a, b in zip(x, y, strict=True)) for y in second.tolist()] for x in first.tolist()]
    return [
        [z / a / b for z, b in zip(row, lengths[1], strict=True)] for row, a in zip(products, lengths[0], strict=True)
    ]


def surprisal(logits, k):
    """-log of the share of exp(a_k) in the sum of all exp(a)."""
    return math.log(math.fsum(math.exp(a - logits[k]) for a in logits))


@given(first=VECTORS, second=VECTORS, log_scale=LOG_SCALES)
def test_clip_loss_equals_mean_surprisal_of_partners(clip_loss, first, second, log_scale):
    """Each of the six vectors is asked for its partner among three, by cosines times exp(log_scale), at most 100."""
    scale = min(math.exp(log_scale.item()), 100)
    rows = [[scale * z for z in row] for row in cosines(first, second)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    expected = math.fsum(surprisal(side[i], i) for side in (rows, columns) for i in range(3)) / 6
    assert_close(clip_loss(first, second, log_scale), expected, 2 + 2 * scale * (1 + abs(log_scale.item())))


@given(first=VECTORS, second=VECTORS, log_scale=dyadics(-16, 16, grid=8), factor=st.sampled_from([0.125, 4.0]))
def test_clip_loss_is_invariant_to_towers_order_and_lengths(clip_loss, first, second, log_scale, factor):
    """Swapped towers, pairs in another order and longer vectors change nothing, but other partners do."""
    loss, size = clip_loss(first, second, log_scale), 2 + 6 * math.exp(2)
    assert_close(clip_loss(second.roll(1, 0), factor * first.roll(1, 0), log_scale), loss, size)
    eye = torch.eye(3, 5, dtype=torch.float64)
    own, other = clip_loss(eye, eye, log_scale), clip_loss(eye, eye.roll(1, 0), log_scale)
    assert_close(other - own, log_scale.exp().to(loss.dtype), size)


@pytest.mark.parametrize("pairs", [1, 2, 7])
def test_clip_loss_of_equal_cosines_is_log_of_their_number(clip_loss, pairs):
    """Where nothing tells the partners apart, zero vectors included, the loss is log N, and 0 for a single pair."""
    ones = torch.ones(pairs, 3, dtype=torch.float64)
    log_scale = torch.tensor(2.0, dtype=torch.float64)
    assert_close(clip_loss(ones, 2 * ones, log_scale), math.log(pairs), 2 + 2 * math.exp(2))
    assert_close(clip_loss(ones, 0 * ones, log_scale), math.log(pairs), 2 + 2 * math.exp(2))
    assert_close(
        clip_loss(torch.eye(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64), 0 * log_scale),
        math.log1p(math.exp(-1)),
    )


@pytest.mark.parametrize("log_scale", [4.0, 5.0, 90.0])
def test_clip_loss_bounds_the_scale(clip_loss, log_scale):
    """Two orthogonal pairs with swapped partners cost the scale itself, which is exp(log_scale) up to 100."""
    eye = torch.eye(2, dtype=torch.float64)
    loss = clip_loss(eye, eye.flip(0), torch.tensor(log_scale, dtype=torch.float64))
    assert_close(loss, min(math.exp(log_scale), 100), 100 * (1 + log_scale))


def test_clip_loss_rejects_empty_batches(clip_loss):
    """Without pairs there is nothing to find."""
    empty = torch.zeros(0, 3, dtype=torch.float64)
    assert_rejects(clip_loss, empty, empty, torch.tensor(0.0, dtype=torch.float64))
