"""Sizes of CRNN's features, and what its recurrent layers and its text are."""

import pytest
import torch

from properties.closeness import assert_close
from properties.strategies import steps
from reference.vision.crnn import bidirectional_layer, crnn_sizes, ctc_collapse


@pytest.mark.claim("R004-076")
def test_sixteen_heights_leave_one_row():
    """Heights from 32 to 47 do; 100, 160 and 64 columns of pixels become 26, 41 and 17."""
    assert [height for height in range(32, 200) if crnn_sizes(height, 100)[0] == 1] == list(range(32, 48))
    assert [crnn_sizes(32, width)[1] for width in (100, 160, 64)] == [26, 41, 17]


@pytest.mark.claim("R004-076")
def test_a_bidirectional_lstm_is_two_of_one_direction():
    """PyTorch's bidirectional LSTM is one that reads x beside one, with the weights called reverse, for x turned."""
    torch.manual_seed(0)
    both = torch.nn.LSTM(3, 4, bidirectional=True, batch_first=True).double()
    ways = []
    for suffix in ("", "_reverse"):
        one = torch.nn.LSTM(3, 4, batch_first=True).double()
        one.load_state_dict({name: getattr(both, name + suffix) for name in one.state_dict()})
        ways.append(lambda x, lstm=one: lstm(x)[0])
    x, weight, bias = steps(2, 5, 3), steps(6, 8), steps(6)
    expected = torch.nn.functional.linear(both(x)[0], weight, bias)
    assert_close(bidirectional_layer(x, *ways, weight, bias), expected, 10)


@pytest.mark.claim("R004-076")
def test_doubled_letters_need_a_blank():
    """'hheel-lloo' spells hello, and 'hheelllloo' helo."""
    assert "".join(map(chr, ctc_collapse([*b"hheel-lloo"], ord("-")))) == "hello"
    assert "".join(map(chr, ctc_collapse([*b"hheelllloo"], ord("-")))) == "helo"
