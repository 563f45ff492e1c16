"""Worked numbers of the unigram model, and statements about it that are often met and wrong, each with a witness.

The corpus is that of the Hugging Face course: hug 10, pug 5, pun 12, bun 4, hugs 5.
"""

import math

import pytest
import torch

from properties.closeness import assert_close, assert_equal
from reference.language.unigram import (
    unigram_log_likelihood,
    unigram_n_best,
    unigram_segmentation_log_probability,
    unigram_viterbi,
)
from reference.language.unigram_training import (
    unigram_em_step,
    unigram_expected_counts,
    unigram_final_model,
    unigram_loss,
    unigram_loss_increases,
    unigram_m_step,
    unigram_pruned_model,
    unigram_required_characters,
    unigram_seed_model,
    unigram_substring_counts,
    unigram_viterbi_counts,
    unigram_viterbi_loss,
    unigram_word_counts,
)
from reference.probability.information import cross_entropy, entropy

CORPUS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
PRINTED = ("h", "u", "g", "hu", "ug", "p", "pu", "n", "un", "b", "bu", "s", "hug", "gs", "ugs")
COUNTS = {piece: count for piece, count in unigram_substring_counts(CORPUS).items() if piece in PRINTED}
MODEL = unigram_m_step(COUNTS)
# The course, and notes that copied it, count p five times.
SLIP = {piece: math.log((5 if piece in ("p", "pu") else count) / 210) for piece, count in COUNTS.items()}


def without(model, piece):
    return {kept: value for kept, value in model.items() if kept != piece}


def trained(word_counts, model, steps):
    for _ in range(steps):
        model = unigram_em_step(word_counts, model)
    return model


@pytest.mark.claim("R003-188", "E003-078")
def test_words_are_counted_over_all_sentences():
    """Words are split at whitespace and counted over all sentences; a sentence is not one word with a count of about 1,
    and no piece contains a space.
    """
    counts = unigram_word_counts(["I have a banana", "I and banana"])
    assert_equal(counts, {"I": 2, "have": 1, "a": 1, "banana": 2, "and": 1})
    assert not any(" " in piece for piece in unigram_seed_model(counts, 99))


@pytest.mark.claim("R003-187", "E003-080", "E003-081")
def test_p_occurs_seventeen_times_in_the_corpus():
    """p and pu occur 17 times, all substrings 236 times and the printed ones 210 times, which omit pug 5, pun 12, bun 4
    and hugs 5; with p = 5 the printed ones sum to 198.
    """
    counts = unigram_substring_counts(CORPUS)
    assert_equal((counts["p"], counts["pu"], sum(counts.values()), sum(COUNTS.values())), (17, 17, 236, 210))
    omitted = {piece: count for piece, count in counts.items() if piece not in COUNTS}
    assert_equal(omitted, {"pug": 5, "pun": 12, "bun": 4, "hugs": 5})
    assert_equal(sum(COUNTS.values()) - 17 + 5, 198)
    assert_close(math.fsum(map(math.exp, MODEL.values())), 1)


@pytest.mark.claim("R003-186", "E003-081", "E003-084")
@pytest.mark.parametrize(
    ("pieces", "p"),
    [
        (["pu", "g"], 0.0077098),
        (["p", "ug"], 0.0077098),
        (["pu", "n"], 0.006168),
        (["bu", "n"], 0.001451),
        (["hug"], 0.071429),
        (["hug", "s"], 0.001701),
        (["hu", "g"], 0.0068027),
        (["h", "u", "g"], 0.0011662),
    ],
)
def test_probability_of_a_segmentation_is_a_product_of_shares(pieces, p):
    """[pu, g] has probability 17 20 / 210^2 = 0.0077098 and not 0.0022676, [hu, g] 0.0068027, [h, u, g] 0.0011662."""
    assert math.exp(unigram_segmentation_log_probability(pieces, MODEL)) == pytest.approx(p, abs=5e-7)


@pytest.mark.claim("R003-189")
def test_three_segmentations_of_hugs_are_equally_good():
    """[hug, s], [hu, gs] and [h, ugs] tie for hugs, with 15 5 / 210^2 = 0.001701."""
    best = unigram_n_best("hugs", MODEL, 4)
    values = [unigram_segmentation_log_probability(pieces, MODEL) for pieces in best]
    assert_equal({*best[:3]}, {("hug", "s"), ("hu", "gs"), ("h", "ugs")})
    assert_close(values[:3], [math.log(75 / 210**2)] * 3, 16)
    assert values[3] < values[0] - 1


@pytest.mark.claim("R003-190")
def test_probability_of_a_word_is_a_sum():
    """p(pug) = 0.0167412 over its three segmentations; with 5 for p and pu the sum would be 0.0049239."""
    assert math.exp(unigram_log_likelihood("pug", MODEL)) == pytest.approx(0.0167412, abs=5e-8)
    assert math.exp(unigram_log_likelihood("pug", SLIP)) == pytest.approx(0.0049239, abs=5e-8)


@pytest.mark.claim("R003-191", "E003-081")
def test_loss_of_the_corpus_is_169_803():
    """The Viterbi loss is 169.803 with the true counts; it is 175.92 only if p counts 5 in pug and pu 17 in pun."""
    assert unigram_viterbi_loss(CORPUS, MODEL) == pytest.approx(169.803, abs=5e-4)
    assert unigram_viterbi_loss(CORPUS, MODEL) + 5 * math.log(17 / 5) == pytest.approx(175.92, abs=5e-3)


@pytest.mark.claim("R003-192", "E003-083", "E003-085")
def test_deletion_of_hug_raises_the_loss_by_23_5138():
    """Without hug, hug is [hu, g] or [h, ug] and never [b, ug], and the Viterbi loss is 193.317: 10 log 10.5 more. Each
    other piece is tied or unused: its deletion raises the marginal loss alone.
    """
    rest = without(MODEL, "hug")
    assert unigram_viterbi("hug", rest) in {("hu", "g"), ("h", "ug")}
    assert unigram_viterbi_loss(CORPUS, rest) == pytest.approx(193.317, abs=5e-4)
    assert_close(unigram_viterbi_loss(CORPUS, rest) - unigram_viterbi_loss(CORPUS, MODEL), 10 * math.log(10.5), 200)
    increases = unigram_loss_increases(CORPUS, MODEL)
    for piece in ("hu", "ug", "pu", "un", "bu", "gs", "ugs"):
        assert_close(unigram_viterbi_loss(CORPUS, without(MODEL, piece)), unigram_viterbi_loss(CORPUS, MODEL))
        assert increases[piece] > 0.5


@pytest.mark.claim("R003-193", "E003-082")
def test_pruning_deletes_what_raises_the_loss_least():
    """The aim is the smallest rise of the loss, so hug stays longest, and at fixed probabilities no loss after a
    deletion is below the one before it.
    """
    increases = unigram_loss_increases(CORPUS, MODEL)
    assert_equal(max(increases, key=increases.get), "hug")
    assert min(increases.values()) > 0
    assert "bug" not in increases
    assert_equal(set(unigram_pruned_model(MODEL, increases, 8)), {*"hugpnbs", "hug"})


@pytest.mark.claim("R003-194")
def test_em_on_the_corpus_stops_at_a_saddle():
    """EM lowers the loss from 145.5532 to 126.8833 in one step and then to 115.652, a saddle, because the start has
    p ug = pu g, p un = pu n and b un = bu n and EM keeps these ties. A start off the ties leads to 101.0960.
    """
    assert unigram_loss(CORPUS, MODEL) == pytest.approx(145.5532, abs=5e-5)
    assert unigram_loss(CORPUS, trained(CORPUS, MODEL, 1)) == pytest.approx(126.8833, abs=5e-5)
    assert unigram_loss(CORPUS, trained(CORPUS, MODEL, 25)) == pytest.approx(115.652, abs=5e-4)
    tilted = unigram_m_step(COUNTS | {"pu": 20, "bu": 5})
    assert unigram_loss(CORPUS, trained(CORPUS, tilted, 40)) == pytest.approx(101.0960, abs=5e-5)


@pytest.mark.claim("E003-082", "R003-194")
def test_deletion_can_lower_the_loss_that_em_reaches():
    """From the symmetric start EM ends at 115.652; without pu it ends lower, so a deletion need not raise the loss that
    EM converges to.
    """
    assert unigram_loss(CORPUS, trained(CORPUS, without(MODEL, "pu"), 25)) < 115.6


@pytest.mark.claim("R003-195", "E003-079")
def test_soft_em_counts_every_segmentation():
    """Soft EM takes no single path: the best split of hug is hug alone, and the expected counts hold hu and g too."""
    assert_equal(unigram_viterbi_counts({"hug": 10}, MODEL), dict.fromkeys(MODEL, 0) | {"hug": 10})
    soft = unigram_expected_counts({"hug": 10}, MODEL)
    assert 0 < soft["hu"] < soft["hug"] < 10


@pytest.mark.claim("R003-196", "E003-075")
@pytest.mark.parametrize("k", [2, 3])
def test_product_of_distinct_tokens_has_a_bound(k):
    """k distinct pieces have a joint probability of at most k^-k, 1/4 for two and 1/27 for three: [p, u, g] cannot have
    0.5, nor this and [th, is] 0.91 and 0.11 together, as these exceed 1.
    """
    equal = unigram_m_step(dict.fromkeys("pug"[:k], 1))
    tilted = unigram_m_step(dict(zip("pug"[:k], (3, 4, 5), strict=False)))
    assert_close(unigram_segmentation_log_probability("pug"[:k], equal), -k * math.log(k))
    assert unigram_segmentation_log_probability("pug"[:k], tilted) < -k * math.log(k)
    assert math.log(0.5) > -k * math.log(k)


@pytest.mark.claim("R003-197", "E003-076")
def test_loss_of_an_unterminated_model_can_be_below_the_entropy():
    """With the piece a alone the words a and aa both have probability 1: the loss is 0, below their entropy log 2."""
    assert_equal(unigram_loss({"a": 1, "aa": 1}, {"a": 0.0}), 0)
    assert entropy(torch.tensor([0.5, 0.5], dtype=torch.float64)) > 0.69


@pytest.mark.claim("E003-074")
def test_cross_entropy_and_not_the_entropy_of_the_model_exceeds_that_of_the_data():
    """For p = (0.5, 0.5) and q = (0.9, 0.1): H(q) = 0.469 < H(p) = 1 <= H(p, q) = 1.737 bits."""
    p, q = torch.tensor([0.5, 0.5], dtype=torch.float64), torch.tensor([0.9, 0.1], dtype=torch.float64)
    bits = [entropy(q).item(), entropy(p).item(), cross_entropy(p, q).item()]
    assert [value / math.log(2) for value in bits] == pytest.approx([0.469, 1, 1.737], abs=5e-4)


@pytest.mark.claim("R003-198", "E003-077")
def test_training_starts_from_more_than_the_characters_and_keeps_them():
    """The first vocabulary holds many substrings besides the characters; pruning and the final choice keep every
    character, so that every string over the alphabet can be segmented.
    """
    seeds = unigram_seed_model(CORPUS, 99)
    alphabet = set("hugpnbs")
    assert len(seeds) > len(alphabet)
    pruned = unigram_pruned_model(seeds, unigram_loss_increases(CORPUS, seeds), 9)
    final = unigram_final_model(pruned, unigram_required_characters(CORPUS), 8)
    assert alphabet <= set(pruned)
    assert alphabet <= set(final)
    assert_equal("".join(unigram_viterbi("snbpguh", final)), "snbpguh")
