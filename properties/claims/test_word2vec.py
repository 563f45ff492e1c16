"""Worked numbers of word2vec, and statements about it that are often met and wrong."""

import math
from fractions import Fraction

import pytest
import torch

from properties.claims.test_diffusion import printed, table
from reference.language.word2vec import (
    cbow_contexts,
    hierarchical_softmax_log_probability,
    huffman_paths,
    negative_sampling_loss,
    negative_sampling_optimum,
    noise_distribution,
    subsampling_drop_probability,
    subsampling_keep_probability,
)

COUNTS = [7, 2, 1, 4, 2]


@pytest.mark.claim("E004-10", "R004-047", "R004-048")
def test_subsampling_deletes_words_and_negative_sampling_none():
    """Of a word that is 1 in 20 of a text subsampling at t = 1e-5 deletes 98.6 %; negative sampling deletes no word: it
    adds k logistic losses to that of each pair, of log 2 each for vectors of 0, whatever the frequency.
    """
    assert subsampling_drop_probability(table(0.05), 1e-5) == printed("0.9859")
    zero = torch.zeros(3, dtype=torch.float64)
    assert negative_sampling_loss(zero, zero, zero.expand(5, 3)) == pytest.approx(6 * math.log(2))


@pytest.mark.claim("R004-048")
def test_code_keeps_all_up_to_the_square_of_the_golden_ratio():
    """sqrt(t / f) + t / f is 1 at f = 2.618 t: for t = 1e-3 all are kept up to f = .0026, by the paper up to .001."""
    golden = (3 + math.sqrt(5)) / 2
    assert golden * 1e-3 == printed("0.0026")
    keep = subsampling_keep_probability(table(golden * 0.999, golden * 1.001) * 1e-3, 1e-3)
    assert keep[0] == 1
    assert keep[1] < 1
    assert subsampling_drop_probability(table(golden, 1) * 1e-3, 1e-3).tolist() == [pytest.approx(0.381966), 0]


@pytest.mark.claim("R004-047")
def test_optimum_is_mutual_information_for_unigram_noise_only():
    """A pair that is 1 of 17, of a word that is 4 and a context that is 1 of them, has PMI log(17/4) = 1.4469, for
    k = 1 the optimum with noise 1 : 16, as contexts occur; with its 3/4 power, 1 : 8, it is log(9/4) = .8109.
    """
    joint = table(1, 3, 0, 13).reshape(2, 2) / 17
    contexts = joint.sum(0)
    assert negative_sampling_optimum(joint, contexts, 1)[0, 0] == printed("1.4469")
    assert negative_sampling_optimum(joint, contexts, 5)[0, 0] == pytest.approx(math.log(17 / 4) - math.log(5))
    assert negative_sampling_optimum(joint, noise_distribution(17 * contexts), 1)[0, 0] == printed("0.8109")


@pytest.mark.claim("R004-045")
def test_window_of_one_gives_two_words_of_context():
    """Every word that has neighbours on both sides is predicted from two."""
    assert [len(context) for _, context in cbow_contexts("abcdef", 1)] == [1, 2, 2, 2, 2, 1]


@pytest.mark.claim("R004-046")
def test_tree_of_the_softmax_is_a_huffman_code():
    """For counts 7, 2, 1, 4, 2 the lengths' sum of 2^-length is 1 and their mean 33/16 bits, less than a bit above the
    entropy; for node vectors of 0 the softmax has the probabilities 2^-length.
    """
    paths = huffman_paths(COUNTS)
    lengths = [len(path.bits) for path in paths]
    assert sum(Fraction(1, 2**length) for length in lengths) == 1
    mean = sum(count * length for count, length in zip(COUNTS, lengths, strict=True)) / 16
    entropy = -sum(count / 16 * math.log2(count / 16) for count in COUNTS)
    assert entropy <= mean == 33 / 16 < entropy + 1
    zero = torch.zeros(4, 3, dtype=torch.float64)
    assert [hierarchical_softmax_log_probability(zero[0], zero, path) / -math.log(2) for path in paths] == [
        pytest.approx(length) for length in lengths
    ]
