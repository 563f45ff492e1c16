"""Laws of `reference.diffusion.conditioning`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals


def small(*shape):
    return dyadics(-64, 64, *shape, grid=64)


def read(token, text, query_weight, key_weight, value_weight):
    """What one image token reads from a text, in Python floats."""

    def times(weight, vector):
        return [math.fsum(w * x for w, x in zip(row, vector, strict=True)) for row in weight]

    query = times(query_weight, token)
    logits = times([times(key_weight, word) for word in text], query)
    weights = [math.exp((logit - max(logits)) / math.sqrt(len(query))) for logit in logits]
    values = zip(*[times(value_weight, word) for word in text], strict=True)
    return [math.fsum(w * v for w, v in zip(weights, column, strict=True)) / math.fsum(weights) for column in values]


def magnitude(image, text, query_weight, key_weight, value_weight):
    """Size of the largest value, times one plus that of the largest logit, which is how far its weight may be off."""
    queries, keys = image.abs() @ query_weight.abs().T, text.abs() @ key_weight.abs().T
    return (1 + (queries @ keys.mT).max()) * (text.abs() @ value_weight.abs().T).max()


@pytest.mark.parametrize(
    ("probability", "dropped"), [(0.0, []), (0.5, [1, 3]), (0.625, [1, 2, 3]), (1.0, [0, 1, 2, 3])]
)
@given(condition=normals(4, 3), null=normals(3))
def test_drop_conditions_replaces_the_stated_share(drop_conditions, condition, null, probability, dropped):
    """The draws 3/4, 0, 1/2, 1/4 drop a condition, as a whole, if below the probability: none at 0, and all at 1."""
    uniform = torch.tensor([0.75, 0.0, 0.5, 0.25], dtype=torch.float64)
    expected = condition.clone()
    expected[dropped] = null
    assert_equal(drop_conditions(condition, null, uniform, probability), expected)


@pytest.mark.parametrize("probability", [-0.125, 1.125, math.nan])
def test_drop_conditions_rejects_impossible_probabilities(drop_conditions, probability):
    """A probability lies in [0, 1]."""
    uniform = torch.tensor([0.25, 0.75], dtype=torch.float64)
    assert_rejects(drop_conditions, torch.eye(2, dtype=torch.float64), uniform, uniform, probability)


@given(
    image=normals(2, 3, 5),
    text=small(2, 4, 7),
    query_weight=normals(6, 5),
    key_weight=small(6, 7),
    value_weight=small(1, 7),
)
def test_cross_attention_equals_loop_over_tokens(cross_attention, image, text, query_weight, key_weight, value_weight):
    """Each image token reads the mean of the values, weighted by exp(q k / sqrt(width)), a token of zeros included."""
    text = torch.cat([text, torch.zeros(2, 1, 7)], 1)
    weights = query_weight, key_weight, value_weight
    rows = [weight.tolist() for weight in weights]
    expected = [[read(token, text[b].tolist(), *rows) for token in image[b].tolist()] for b in range(2)]
    assert_close(cross_attention(image, text, *weights), expected, magnitude(image, text, *weights))


@given(
    image=normals(2, 3, 5),
    token=dyadics(-4096, 4096, 2, 1, 7, grid=1),
    query_weight=normals(6, 5),
    key_weight=normals(6, 7),
    value_weight=normals(4, 7),
    copies=st.integers(1, 3),
)
def test_cross_attention_gives_value_of_a_single_token(
    cross_attention, image, token, query_weight, key_weight, value_weight, copies
):
    """A text of one token, or of copies of it, gives its value to every image token, however large the logits are."""
    out = cross_attention(image, token.expand(2, copies, 7), query_weight, key_weight, value_weight)
    expected, size = token @ value_weight.T, token.abs() @ value_weight.abs().T
    assert_close(out, expected.expand(2, 3, 4), size.expand(2, 3, 4))


@given(
    image=small(3, 5),
    text=small(4, 7),
    query_weight=small(6, 5),
    key_weight=small(6, 7),
    value_weight=small(2, 7),
)
def test_cross_attention_is_blind_to_order_and_to_other_image_tokens(
    cross_attention, image, text, query_weight, key_weight, value_weight
):
    """Image tokens alone, before the text in another order, read the same as together; a constant 1 is read as 1."""
    text = torch.cat([text, torch.ones(4, 1)], 1)
    key_weight = torch.cat([key_weight, torch.zeros(6, 1)], 1)
    value_weight = torch.block_diag(value_weight, torch.ones(1, 1, dtype=torch.float64))
    weights = query_weight, key_weight, value_weight
    together = cross_attention(image, text, *weights)
    alone = cross_attention(image[:, None], text[[2, 0, 3, 1]].expand(3, 4, 8), *weights)
    assert_close(alone[:, 0], together, magnitude(image, text, *weights))
    assert_close(together[:, 2], torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("batch", [(), (2,)])
def test_cross_attention_rejects_empty_texts(cross_attention, batch):
    """Without a token there is nothing to read."""
    weight = torch.ones(2, 3, dtype=torch.float64)
    image, text = torch.ones(*batch, 5, 3, dtype=torch.float64), torch.ones(*batch, 0, 3, dtype=torch.float64)
    assert_rejects(cross_attention, image, text, weight, weight, weight)
