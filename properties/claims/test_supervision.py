"""Worked numbers of labels and rewards, and statements about what a model is taught that are often met and wrong."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from properties.claims.test_diffusion import table
from properties.closeness import assert_close, assert_equal
from reference.language.batching import pad_left, pad_right
from reference.language.supervision import (
    Turn,
    masked_embedding,
    masked_token_loss,
    multi_document_labels,
    multi_turn_labels,
    next_token_labels,
    packed_next_token_labels,
    prompt_completion_labels,
    ranking_loss,
    seq2seq_example,
)

# Logits after each token of a vocabulary of five, of which 0 pads.
LOGITS = torch.linspace(-2, 2, 25, dtype=torch.float64).sin().reshape(5, 5)
TEXT = torch.tensor([3, 1, 4, 2])


@pytest.mark.claim("R003-202", "E003-089")
def test_labels_of_two_documents_count_the_start_token():
    """Documents of 3 and 2 tokens and a summary of 3 make 12 tokens, of which 3 + 2 + 3, not 3 + 2 + 2, are ignored."""
    ids, labels = multi_document_labels([(5, 6, 7), (8, 9)], (5, 8, 6), bos=1, eos=2)
    assert (len(ids), len(labels), labels.count(-100)) == (12, 12, 8)
    assert len([-100] * (3 + 2 + 2) + [5, 8, 6, 2]) == 11


@pytest.mark.claim("R003-203", "E003-090")
def test_first_end_token_behind_the_prefix_does_not_end_the_source():
    """In E 5 6 7 E 8 9 E 10 11 E the search for an end token from index 2 finds 4: the source 8 9 would be learned."""
    ids = [1, 5, 6, 7, 1, 8, 9, 1, 10, 11, 1]
    assert (ids.index(1, 2), ids.index(1, 5)) == (4, 7)
    assert ids[5:] == [8, 9, 1, 10, 11, 1]
    assert seq2seq_example((5, 6, 7, 8, 9), (10, 11), eos=1, pad=0).labels == (10, 11, 1)


@pytest.mark.claim("R003-200", "E003-086")
def test_no_end_token_stands_between_prompt_and_answer():
    """The prompt is read as it is given: one end token in the sequence, at its end."""
    assert prompt_completion_labels((1, 5, 6), (7, 8), eos=2).ids == (1, 5, 6, 7, 8, 2)


@pytest.mark.claim("R003-201", "E003-087")
def test_a_dialogue_has_a_start_token_only_if_one_is_given():
    """Labels of a dialogue add end tokens and no start token: that is in the first header, or nowhere."""
    turns = [Turn((3,), (5,), False), Turn((4,), (6,), True)]
    assert multi_turn_labels(turns, eos=2).ids == (3, 5, 4, 6, 2)
    assert multi_turn_labels([Turn((1, 3), (5,), False), turns[1]], eos=2).ids == (1, 3, 5, 4, 6, 2)


@pytest.mark.claim("R003-250", "R003-253", "E003-122")
def test_a_pad_id_does_not_mask_the_loss():
    """Labels of -100 in right padding give the loss without padding; pad ids as labels, and left padding, do not."""
    alone = masked_token_loss(LOGITS[TEXT], next_token_labels(TEXT))
    other = [*TEXT.tolist(), 1, 1]
    right, left = (pad([TEXT.tolist(), other], 0) for pad in (pad_right, pad_left))
    losses = {}
    for side, (ids, kept) in {"right": right, "left": left}.items():
        logits, ids, kept = LOGITS[ids[0]], ids[0], kept[0]
        losses[side, "pad"] = masked_token_loss(logits, next_token_labels(ids))
        losses[side, "-100"] = masked_token_loss(logits, next_token_labels(torch.where(kept, ids, -100)))
        losses[side, "documents"] = masked_token_loss(logits, packed_next_token_labels(ids, kept.long() - 1))
    for way in (("right", "-100"), ("right", "documents"), ("left", "documents")):
        assert_close(losses[way], alone)
    for way in (("right", "pad"), ("left", "pad"), ("left", "-100")):
        assert abs(losses[way] - alone) > 0.01


@pytest.mark.claim("R003-253")
def test_cross_entropy_of_nothing_is_nan():
    """cross_entropy of torch agrees with the mean over kept labels, but is NaN where all are ignored."""
    labels = torch.tensor([3, -100, 4, -100])
    assert_close(masked_token_loss(LOGITS[TEXT], labels), cross_entropy(LOGITS[TEXT], labels))
    nothing = torch.full((4,), -100)
    assert cross_entropy(LOGITS[TEXT], nothing).isnan()
    assert masked_token_loss(LOGITS[TEXT], nothing) == 0


@pytest.mark.claim("R004-016")
def test_a_copying_model_has_no_low_loss():
    """Logits that point at the token just read have a loss near 0 only if the labels are not shifted."""
    logits = 50 * torch.eye(5, dtype=torch.float64)[TEXT]
    assert masked_token_loss(logits, TEXT) < 1e-9
    assert_close(masked_token_loss(logits, next_token_labels(TEXT)), 50)


@pytest.mark.claim("R003-254", "E003-120")
def test_embedding_of_a_pad_id_is_random_without_padding_idx():
    """nn.Embedding(10, 5) of (2, 3) ids is (2, 3, 5); row 0 is 0 and without gradient only given padding_idx=0."""
    ids = torch.tensor([[4, 0, 7], [0, 0, 9]])
    plain, padded = nn.Embedding(10, 5), nn.Embedding(10, 5, padding_idx=0)
    for layer in (plain, padded):
        layer(ids).sum().backward()
    assert plain(ids).shape == (2, 3, 5)
    assert plain.weight[0].norm() > 0
    assert plain.weight.grad[0].tolist() == [3] * 5
    assert padded.weight[0].tolist() == padded.weight.grad[0].tolist() == [0] * 5
    assert_equal(masked_embedding(padded.weight, ids, 0), padded(ids))


@pytest.mark.claim("R003-179")
def test_equal_rewards_cost_log_2():
    """The loss is log 2 for rankings of 2 and of 9 equal answers; without the mean over pairs it would be 36 log 2."""
    assert_close(ranking_loss(table(3, 3)), math.log(2))
    assert_close(ranking_loss(torch.full((9,), 3, dtype=torch.float64)), math.log(2))
    assert math.comb(9, 2) == 36
