"""Worked numbers of padding, masks and packs, and statements about them that are often met and wrong."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from properties.closeness import assert_close
from reference.language.batching import (
    first_fit_packs,
    masked_scores,
    packed_causal_mask,
    pad_left,
    pad_right,
    padding_mask,
    position_ids,
    sorted_batches,
    tokens_processed,
)

TOKENS = torch.linspace(-3, 5, 10, dtype=torch.float64).sin().reshape(5, 2)
PLACES = torch.linspace(-2, 7, 10, dtype=torch.float64).cos().reshape(5, 2)


def outputs(ids, kept, positions):
    """Causal attention over token and position."""
    states = TOKENS[ids] + PLACES[positions]
    mask = packed_causal_mask(kept.long() - 1)
    return masked_scores(states @ states.mT, mask).softmax(-1) @ states


@pytest.mark.claim("R003-250", "E003-112", "E003-113")
def test_padding_is_hidden_by_a_mask_and_positions_alone():
    """Left padding is seen unless there are mask and positions; with right padding the last position is no token."""
    text = [3, 1, 4]
    alone = outputs(torch.tensor([text]), torch.ones(1, 3, dtype=torch.bool), torch.arange(3))[0]
    ids, kept = pad_left([text, [1] * 5], 0)
    everything, counted = torch.ones_like(kept), torch.arange(5).expand(2, 5)
    assert_close(outputs(ids, kept, position_ids(kept))[0, 2:], alone, 1)
    for unmasked in (outputs(ids, everything, counted), outputs(ids, everything, position_ids(kept))):
        assert (unmasked[0, -1] - alone[-1]).abs().max() > 0.01
    ids, kept = pad_right([text, [1] * 5], 0)
    right = outputs(ids, torch.ones_like(kept), counted)[0]
    assert_close(right[2], alone[-1], 1)
    assert (right[-1] - alone[-1]).abs().max() > 0.01


@pytest.mark.claim("R003-252", "E003-119")
def test_a_padding_mask_blocks_a_column():
    """If the second key is padding its column is masked; ((0, -1e9), (0, 0)) is the causal mask of two tokens."""
    kept = torch.tensor([True, False])
    assert padding_mask(kept).tolist() == [[True, False], [True, False]]
    assert packed_causal_mask(torch.tensor([0, 0])).tolist() == [[True, False], [True, True]]


@pytest.mark.claim("R003-252", "E003-114")
def test_minus_1e9_leaves_no_noise_but_is_infinite_in_half_precision():
    """In FP32 -1e9 gives weight 0, uniform if all are masked; in FP16 it is -inf and such a row is NaN."""
    scores = torch.tensor([1.0, 2.0, 3.0])
    assert (scores + torch.tensor([0.0, 0.0, -1e9])).softmax(-1)[2] == 0
    assert_close((scores - 1e9).softmax(-1), 1 / 3)
    half = torch.tensor(-1e9).half()
    assert half == -torch.inf
    assert (scores.half() + half).softmax(-1).isnan().all()
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    assert_close(masked_scores(scores.half()[None], nothing).softmax(-1), 1 / 3)


@pytest.mark.claim("R003-252", "E003-114")
def test_the_least_number_may_be_put_in_but_not_added():
    """In FP16 -65504 plus a score of -16 is -inf, so that a fully masked row is NaN again; -15 is absorbed."""
    least = torch.tensor(torch.finfo(torch.float16).min, dtype=torch.float16)
    assert least == -65504
    assert least + torch.tensor(-16.0).half() == -torch.inf
    assert least + torch.tensor(-15.0).half() == least


@pytest.mark.claim("R003-251")
def test_sorted_batches_may_lose_if_one_is_not_full():
    """Lengths 1, 5, 5 in sorted pairs take 15 tokens, in another order 11: the batch size must divide their number."""
    assert tokens_processed([1, 5, 5], 2).in_sorted_batches == 15
    assert tokens_processed([5, 5, 1], 2).in_order == 11
    assert sorted_batches([1, 5, 5], 2) == ((0, 1), (2,))


@pytest.mark.claim("R003-251")
def test_packs_of_fixed_length_may_lose_to_padding():
    """Three sequences of 3 fill 3 packs of 5, which are 15 tokens; a padded batch of them has 9."""
    packs = first_fit_packs([3, 3, 3], 5)
    assert 5 * len(packs) == 15
    assert tuple(tokens_processed([3, 3, 3], 3)) == (9, 9, 9, 9)


@pytest.mark.claim("R003-251", "E003-115")
def test_pack_padded_sequence_keeps_sequences_apart():
    """An RNN over pack_padded_sequence gives each sequence what it gets alone: nothing is joined, padding is cut."""
    generator = torch.Generator().manual_seed(0)
    network = nn.RNN(2, 3, batch_first=True)
    texts = [torch.randn(length, 2, generator=generator) for length in (4, 2, 1)]
    batch = nn.utils.rnn.pad_sequence(texts, batch_first=True)
    packed = pack_padded_sequence(batch, torch.tensor([4, 2, 1]), batch_first=True)
    assert packed.data.shape == (4 + 2 + 1, 2)
    seen, lengths = pad_packed_sequence(network(packed)[0], batch_first=True)
    for row, length, text in zip(seen, lengths, texts, strict=True):
        assert_close(row[:length].detach(), network(text)[0].detach(), 1)
