"""Worked numbers of convolutions, and statements about them that are often met and wrong."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad

from properties.closeness import assert_close
from properties.strategies import steps
from reference.vision.convolution import causal_convolution, convolution_weight_count, correlation


@pytest.mark.claim("R003-036")
def test_a_strided_convolution_commutes_with_shifts_by_multiples_of_its_stride():
    """On a ring of pixels a convolution commutes with every shift at stride 1, and with even ones alone at stride 2."""

    def on_a_ring(x: Tensor, stride: int) -> Tensor:
        return correlation(pad(x, (0, 2, 0, 2), mode="circular"), steps(3, 2, 3, 3), stride)

    x = steps(1, 2, 6, 8)
    for stride, shift, moved in ((1, 1, 1), (2, 2, 1), (2, 4, 2)):
        assert_close(on_a_ring(x.roll(shift, -1), stride), on_a_ring(x, stride).roll(moved, -1), 72)
    odd = on_a_ring(x.roll(1, -1), 2)
    assert all((odd - on_a_ring(x, 2).roll(moved, -1)).abs().max() > 1 for moved in range(4))


@pytest.mark.claim("R003-037", "R003-038")
def test_groups_divide_the_number_of_weights():
    """From 8 to 8 channels 3 x 3 kernels have 576 weights, in two groups half of them, and depthwise 72."""
    assert [convolution_weight_count(3, 8, 8, groups) for groups in (1, 2, 8)] == [576, 288, 72]


@pytest.mark.claim("E003-123")
def test_convolutions_read_text():
    """A convolution along the embedded words of a text finds phrases: its maximum over time tells "not good" from
    "good, not" wherever it stands.
    """
    words = {"it": 0, "is": 1, "not": 2, "good": 3}
    embedding = torch.eye(4, dtype=torch.float64)
    kernel = torch.stack([embedding[words["not"]], embedding[words["good"]]], -1)[None]

    def found(text: str) -> float:
        sentence = one_hot(torch.tensor([words[word] for word in text.split()]), 4).double() @ embedding
        return causal_convolution(sentence.mT, kernel).max().item()

    assert [found(text) for text in ("it is not good", "not good it is", "good it is not")] == [2, 2, 1]
