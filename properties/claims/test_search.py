"""Worked numbers of greedy and beam search, and statements about them that are often met and wrong."""

import math

import pytest
import torch

from properties.claims.test_diffusion import table
from properties.closeness import assert_close
from reference.language.search import beam_search, greedy_search, length_normalized_score

A, B, C, EOS = range(4)
FIRST, SECOND = table(0.5, 0.2, 0.2, 0.1).log(), table(0.1, 0.4, 0.3, 0.2).log()
AFTER_B = (table(0.2, 0.2, 0.4, 0.2).log(), table(0, 0.2, 0.2, 0.6).log())
AFTER_C = (table(0.1, 0.6, 0.2, 0.1).log(), table(0.1, 0.2, 0.1, 0.6).log())


def four_steps(prefix):
    """The third and the fourth table depend only on whether the second token is C."""
    if len(prefix) < 2:
        return (FIRST, SECOND)[len(prefix)]
    return (AFTER_C if prefix[1] == C else AFTER_B)[len(prefix) - 2]


@pytest.mark.claim("R004-018", "R004-019")
def test_greedy_search_misses_a_better_sequence():
    """Greedy search finds A B C <eos> of 0.5 0.4 0.4 0.6 = 0.048, and A C B <eos> has 0.5 0.3 0.6 0.6 = 0.054."""
    greedy = greedy_search(four_steps, EOS, 4)
    assert greedy.tokens == (A, B, C, EOS)
    assert_close(greedy.log_probability.exp(), 0.048)
    found = {one.tokens: one.log_probability for one in beam_search(four_steps, EOS, 4, 4 * 3**3, 0.0)}
    assert_close(found[A, C, B, EOS].exp(), 0.054)
    assert max((one for one in found if len(one) == 4), key=found.__getitem__) == (A, C, B, EOS)


@pytest.mark.claim("R004-019")
def test_likeliest_sequence_ends_early():
    """Where <eos> ends a sequence, <eos> and A <eos> are the likeliest, of 0.1 each, and A C B <eos> is third."""
    best = beam_search(four_steps, EOS, 4, 4 * 3**3, 0.0)[:3]
    assert {one.tokens for one in best[:2]} == {(EOS,), (A, EOS)}
    assert_close(torch.stack([one.log_probability for one in best]).exp(), [0.1, 0.1, 0.054])
    assert best[2].tokens == (A, C, B, EOS)


@pytest.mark.claim("R004-020")
def test_wider_beam_may_find_less():
    """A beam of two drops the beginning A A of 0.18 for B A and B B of 0.2, and ends at 0.08, one alone at 0.162."""
    tables = {(): (0.45, 0.4, 0.15), (A,): (0.4, 0.3, 0.3), (B,): (0.5, 0.5, 0.0), (A, A): (0.05, 0.05, 0.9)}

    def model(prefix):
        return table(*tables.get(prefix, (0.4, 0.3, 0.3))).log()

    best = {width: beam_search(model, 2, 3, width, 0.0)[0].log_probability.exp().item() for width in (1, 2, 9)}
    assert_close([best[1], best[2], best[9]], [0.162, 0.08, 0.162])


@pytest.mark.claim("R004-020")
def test_beam_of_two_holds_six_beginnings():
    """A beam of two over five letters holds two beginnings of each length: A, C; A B, C E; A B D, C E D."""
    liked = {"": "AC", "A": "B", "C": "E", "AB": "D", "CE": "D"}
    held = []

    def model(prefix):
        word = "".join("ABCDE"[token] for token in prefix)
        held.append(word)
        return torch.tensor([0.0 if letter in liked[word] else -9.0 for letter in "ABCDE"] + [-math.inf])

    held += ["".join("ABCDE"[token] for token in one.tokens) for one in beam_search(model, 5, 3, 2, 0.75)]
    assert held == ["", "A", "C", "AB", "CE", "ABD", "CED"]


@pytest.mark.claim("R004-021", "E004-5", "E004-38")
def test_dividing_by_length_favours_long_sequences():
    """P = 0.4 in one token beats P = 0.1 in four as a product, -0.916 to -2.303; at alpha = 0.75 it loses to -0.814."""
    short, long = table(0.4).log(), table(0.1).log()
    scores = {
        alpha: [length_normalized_score(short, 1, alpha), length_normalized_score(long, 4, alpha)]
        for alpha in (0.0, 0.75)
    }
    assert [round(score.item(), 3) for score in scores[0.0]] == [-0.916, -2.303]
    assert [round(score.item(), 3) for score in scores[0.75]] == [-0.916, -0.814]
