"""Laws of `reference.language.word2vec`."""

import functools
import itertools
import math
from collections import Counter
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import indices, levels, masks, normals, simplex
from reference.language.word2vec import TreePath

SENTENCES = st.text("abc", max_size=7).map(list)
COUNTS = st.lists(st.integers(1, 9), min_size=2, max_size=5)


@st.composite
def trees(draw, leaves):
    """The paths of the leaves of any binary tree."""
    paths, groups = [TreePath((), ())] * leaves, [[leaf] for leaf in range(leaves)]
    for node in range(leaves - 1):
        first, second, *others = draw(st.permutations(groups))
        for bit, group in enumerate((first, second)):
            for leaf in group:
                paths[leaf] = TreePath((node, *paths[leaf].nodes), (bit, *paths[leaf].bits))
        groups = [first + second, *others]
    return paths


@functools.cache
def least_cost(weights):
    """Least total of weight times depth over all orders in which the leaves can be joined in pairs."""
    pairs = itertools.combinations(range(len(weights)), 2)
    joined = ((weights[i] + weights[j], (*weights[:i], *weights[i + 1 : j], *weights[j + 1 :])) for i, j in pairs)
    return min((weight + least_cost(tuple(sorted((weight, *rest)))) for weight, rest in joined), default=0)


@given(sentence=SENTENCES, window=st.integers(1, 9))
def test_skip_gram_pairs_equals_neighbours_among_all_pairs(skip_gram_pairs, sentence, window):
    """Of all pairs of places (i, j) they are those with 0 < |i - j| <= c."""
    places = itertools.product(range(len(sentence)), repeat=2)
    expected = [(sentence[i], sentence[j]) for i, j in places if i != j and abs(i - j) <= window]
    assert_equal(list(skip_gram_pairs(sentence, window)), expected)


@given(sentence=st.text("abc", min_size=3, max_size=9).map(list), window=st.integers(1, 3))
def test_skip_gram_pairs_form_a_symmetric_relation(skip_gram_pairs, sentence, window):
    """With (a, b) there is (b, a), every word is in a pair, and N >= c words have 2 c N - c (c + 1) pairs."""
    pairs = skip_gram_pairs(sentence, window)
    assert_equal({word for pair in pairs for word in pair}, set(sentence))
    assert_equal(Counter(pairs), Counter((b, a) for a, b in pairs))
    assert_equal(len(pairs), 2 * window * len(sentence) - window * (window + 1))


@pytest.mark.parametrize("length", [0, 1, 2, 7])
@given(window=st.integers(1, 9))
def test_cbow_contexts_equal_windows_of_a_padded_sentence(cbow_contexts, length, window):
    """Between c words of padding on either side each word is in the middle of 2 c + 1, and a lone word has none."""
    padded = [None] * window + [str(place) for place in range(length)] + [None] * window
    windows = [padded[start : start + 2 * window + 1] for start in range(length)]
    expected = [(str(i), tuple(w for w in words if w not in (None, str(i)))) for i, words in enumerate(windows)]
    assert_equal(list(cbow_contexts([str(place) for place in range(length)], window)), expected if length > 1 else [])


@given(sentence=SENTENCES, window=st.integers(1, 3))
def test_cbow_contexts_hold_the_pairs_of_skip_gram(cbow_contexts, skip_gram_pairs, sentence, window):
    """Each word of each context makes one pair with its centre, so that a window of 1 has up to two of them."""
    contexts = cbow_contexts(sentence, window)
    pairs = [(centre, word) for centre, context in contexts for word in context]
    assert_equal(Counter(pairs), Counter(skip_gram_pairs(sentence, window)))
    assert_equal([centre for centre, _ in contexts], sentence if len(sentence) > 1 else [])


@pytest.mark.parametrize("window", [0, -1])
def test_skip_gram_pairs_rejects_empty_windows(skip_gram_pairs, cbow_contexts, window):
    """A window of no words has no context."""
    assert_rejects(skip_gram_pairs, ["a", "b"], window)
    assert_rejects(cbow_contexts, ["a", "b"], window)


@given(vectors=normals(2, 5, 3), kept=masks(2, 5), order=st.permutations(range(5)))
def test_context_mean_equals_exact_mean(context_mean, vectors, kept, order):
    """It is the mean of the vectors that are kept, in any order and whatever else there is, and 0 if none is kept."""
    padded = torch.where(kept[..., None], vectors, math.nan)
    rows = [one[keep].T.tolist() for one, keep in zip(vectors, kept, strict=True)]
    expected = [[float(sum(map(Fraction, row)) / max(len(row), 1)) for row in columns] for columns in rows]
    assert_close(context_mean(padded[None, :, order], kept[None, :, order])[0], expected, 4)
    assert_close(context_mean(padded[0], kept[0]), expected[0], 4)


@pytest.mark.parametrize("scale", [1, 1024])
@given(vectors=normals(2, 4, 3), kept=masks(2, 4), output=normals(5, 3), target=indices(5, 2))
def test_cbow_loss_equals_surprisal_of_mean_logits(cbow_loss, vectors, kept, output, target, scale):
    """The logits are the means, over the context, of those that each of its words would give."""
    output = scale * output
    logits = [one[keep] @ output.T for one, keep in zip(vectors, kept, strict=True)]
    means = torch.stack([rows.sum(0) / max(len(rows), 1) for rows in logits])
    expected = -special.log_softmax(means.numpy(), -1)[[0, 1], target]
    padded = torch.where(kept[..., None], vectors, math.nan)
    assert_close(cbow_loss(padded, kept, output, target), expected, 48 * scale)


@pytest.mark.autograd
@given(vectors=normals(2, 4, 3), kept=masks(2, 4), output=normals(5, 3), target=indices(5, 2))
def test_cbow_loss_shares_its_gradient_equally(cbow_loss, vectors, kept, output, target):
    """Each of n vectors of a context gets 1/n of the gradient U^T (p - onehot) in their mean, and padding gets none."""
    inputs = vectors.clone().requires_grad_()
    loss = cbow_loss(inputs, kept, output, target)
    (gradient,) = torch.autograd.grad(loss.sum(), inputs)
    share = kept.double() / kept.sum(-1, keepdim=True).clamp(min=1)
    excess = special.softmax(((share[..., None] * vectors).sum(1) @ output.T).numpy(), -1)
    excess[[0, 1], target] -= 1
    expected = share[..., None] * (torch.as_tensor(excess) @ output)[:, None]
    assert_close(gradient.to(loss.dtype), expected, 48 * 12)


@pytest.mark.parametrize("scale", [1, 1024])
@given(centre=normals(2, 3), output=normals(5, 3), context=indices(5, 2, 4), kept=masks(2, 4))
def test_skip_gram_loss_equals_sum_of_surprisals(skip_gram_loss, centre, output, context, kept, scale):
    """Every word that is kept adds -log softmax(U v), and padding adds nothing, whichever id stands in it."""
    output = scale * output
    surprisals = -special.log_softmax((centre @ output.T).numpy(), -1)
    words = [[w for w, keep in zip(*row, strict=True) if keep] for row in zip(context.tolist(), kept, strict=True)]
    expected = [sum(surprisals[row, word] for word in chosen) for row, chosen in enumerate(words)]
    loss = skip_gram_loss(centre, output, context, kept)
    assert_close(skip_gram_loss(centre[None], output, context[None], kept[None])[0], expected, 4 * 48 * scale)
    assert_equal(skip_gram_loss(centre, output, torch.where(kept, context, 4 - context), kept), loss)


@given(centre=normals(3), output=normals(3, 3))
def test_skip_gram_loss_is_that_of_a_distribution_over_contexts(skip_gram_loss, centre, output):
    """exp(-loss) sums to 1 over all 3^2 contexts of two words."""
    contexts = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    loss = skip_gram_loss(centre.expand(9, 3), output, contexts, torch.ones(9, 2, dtype=torch.bool))
    assert_close(torch.exp(-loss).sum(), 1, 2 * 48)


@pytest.mark.parametrize("scale", [1, 1024])
@given(centre=normals(2, 3), context=normals(2, 3), negatives=normals(2, 5, 3))
def test_negative_sampling_loss_equals_surprisal_of_labels(negative_sampling_loss, centre, context, negatives, scale):
    """For P(true | u) = 1 / (1 + exp(-u . v)) it is the surprise that u is true and the negatives are not. There may
    be no negatives, and u may be among them.
    """
    negatives[:, 0] = context
    positive = (context * scale * centre).sum(-1)
    negative = torch.einsum("bkd,bd->bk", negatives, scale * centre)
    log_chances = special.log_expit(torch.cat([positive[:, None], -negative], -1).numpy())
    expected = -log_chances.sum(-1)
    loss = negative_sampling_loss(scale * centre[None], context[None], negatives[None])
    assert_close(loss[0], expected, 6 * 48 * scale)
    alone = negative_sampling_loss(scale * centre, context, negatives[:, :0])
    assert_close(alone, -log_chances[:, 0], 48 * scale)


@given(rows=simplex(2, 3), words=simplex(2, least=1), noise=simplex(3, least=1), num_negatives=st.integers(1, 5))
def test_negative_sampling_optimum_tells_data_from_noise_as_bayes_does(
    negative_sampling_optimum, rows, words, noise, num_negatives
):
    """1 / (1 + exp(-u . v)) is the share of data, P(w, c), among a pair's occurrences as data and as k P(w) P_n(c)."""
    joint = rows * words[:, None]
    expected = rows / (rows + num_negatives * noise)
    products = negative_sampling_optimum(joint, noise, num_negatives)
    assert_close(products.sigmoid(), expected, expected * (1 + math.log(64 * 64)))


@pytest.mark.autograd
@pytest.mark.parametrize("num_negatives", [1, 2])
@given(rows=simplex(2, 3, least=1), words=simplex(2, least=1), noise=simplex(3, least=1))
def test_negative_sampling_optimum_is_stationary(
    negative_sampling_optimum, negative_sampling_loss, rows, words, noise, num_negatives
):
    """There the loss, averaged over all pairs and all draws of k negatives, has no slope in any product u_c . v_w."""
    products = negative_sampling_optimum(rows * words[:, None], noise, num_negatives).detach().requires_grad_()
    draws = torch.tensor([*itertools.product(range(2), range(3), *[range(3)] * num_negatives)])
    word, context, negatives = draws[:, 0], draws[:, 1], draws[:, 2:]
    chance = words[word] * rows[word, context] * noise[negatives].prod(-1)
    centre = torch.eye(2, dtype=products.dtype)[word]
    loss = negative_sampling_loss(centre, products.T[context], products.T[negatives])
    (slope,) = torch.autograd.grad((chance.to(loss.dtype) * loss).sum(), products)
    assert_close(slope.to(loss.dtype), torch.zeros(2, 3), 1 + math.log(64 * 64))


@pytest.mark.parametrize("num_negatives", [0, -1])
def test_negative_sampling_optimum_rejects_missing_negatives(negative_sampling_optimum, num_negatives):
    """Without negatives the products grow without end."""
    half = torch.tensor([0.5, 0.5], dtype=torch.float64)
    assert_rejects(negative_sampling_optimum, half[:, None] * half, half, num_negatives)


@pytest.mark.parametrize(("given_power", "exponent"), [((), 3), ((0.75,), 3), ((1.0,), 4), ((0.5,), 2), ((0.0,), 0)])
@given(roots=indices(8, 5))
def test_noise_distribution_is_proportional_to_a_power_of_the_count(noise_distribution, roots, given_power, exponent):
    """Counts n^4 in any unit have the weights n^(4 power): n^3 by default, n^4 as they are, 1 for all at power 0."""
    roots = torch.cat([roots, torch.tensor([3])])
    total = sum(n**exponent for n in roots.tolist())
    expected = [float(Fraction(n**exponent, total)) for n in roots.tolist()]
    assert_close(noise_distribution(roots.double() ** 4 / 4096, *given_power), expected)
    assert_close(noise_distribution(torch.tensor([1.0, 2.0], dtype=torch.float64), 2.0), [0.2, 0.8])


@pytest.mark.parametrize(
    ("counts", "power"),
    [
        ([], 0.75),
        ([0, 0], 0.75),
        ([2, -1], 0.75),
        ([2, math.nan], 0.75),
        ([2, math.inf], 0.75),
        ([2, 1], -0.25),
        ([2, 1], math.inf),
        ([2, 1], math.nan),
    ],
)
def test_noise_distribution_rejects_impossible_counts(noise_distribution, counts, power):
    """Some word must occur, none less than 0 times, and the power is a number from 0 on."""
    assert_rejects(noise_distribution, torch.tensor(counts, dtype=torch.float64), power)


@pytest.mark.parametrize("exponent", [6, 10, 20])
@given(roots=indices(8, 5))
def test_subsampling_drop_probability_thins_by_the_root_of_the_excess(subsampling_drop_probability, roots, exponent):
    """A word n^2 times as frequent as the threshold t stays with probability 1/n, and one of t or less always."""
    threshold = 2.0**-exponent
    frequency = torch.cat([roots.double() ** 2, torch.tensor([1, 0.25], dtype=torch.float64)]) * threshold
    expected = [float(max(0, 1 - Fraction(1, max(n, 1)))) for n in roots.tolist()] + [0, 0]
    assert_close(subsampling_drop_probability(frequency, threshold), expected, 1)


@given(frequency=levels(5))
def test_subsampling_drop_probability_leaves_a_geometric_mean(subsampling_drop_probability, frequency):
    """Of N f occurrences N sqrt(t f) are left if f > t, so that frequent words keep their order, and N f if not."""
    left = torch.minimum(frequency, (frequency / 4).sqrt())
    assert_close(subsampling_drop_probability(frequency, 0.25), 1 - left / frequency, 1)


@pytest.mark.parametrize("exponent", [6, 10, 20])
@given(roots=indices(8, 5))
def test_subsampling_keep_probability_exceeds_that_of_the_paper(subsampling_keep_probability, roots, exponent):
    """At n^2 times the threshold a word is kept with probability 1/n + 1/n^2, at the threshold and below always."""
    threshold = 2.0**-exponent
    frequency = torch.cat([roots.double() ** 2, torch.tensor([1, 0.25], dtype=torch.float64)]) * threshold
    expected = [float(min(1, Fraction(n + 1, n**2))) if n else 1 for n in roots.tolist()] + [1, 1]
    assert_close(subsampling_keep_probability(frequency, threshold), expected, 1)


@pytest.mark.parametrize("threshold", [0.0, -0.25, math.nan])
def test_subsampling_drop_probability_rejects_other_thresholds(
    subsampling_drop_probability, subsampling_keep_probability, threshold
):
    """A threshold of 0 would leave no word."""
    frequency = torch.tensor([0.5, 0.25], dtype=torch.float64)
    assert_rejects(subsampling_drop_probability, frequency, threshold)
    assert_rejects(subsampling_keep_probability, frequency, threshold)


@given(counts=COUNTS)
def test_huffman_paths_form_the_tree_of_least_mean_length(huffman_paths, counts):
    """The turns up to each of V - 1 inner nodes and V words differ, and no other way to join groups of words in pairs
    gives a smaller total of count times length.
    """
    paths = huffman_paths(counts)
    assert_equal(sum(Fraction(1, 2 ** len(path.bits)) for path in paths), 1)
    places = {(bits[:depth], node) for nodes, bits in paths for depth, node in enumerate(nodes)}
    assert_equal(sorted(node for _, node in places), list(range(len(counts) - 1)))
    assert_equal(len({turns for turns, _ in places} | {path.bits for path in paths}), 2 * len(counts) - 1)
    total = sum(count * len(path.nodes) for count, path in zip(counts, paths, strict=True))
    assert_equal(total, least_cost(tuple(sorted(counts))))


@given(counts=COUNTS)
def test_huffman_paths_number_nodes_by_weight(huffman_paths, counts):
    """A node joins no less than those before it, so that the last is the root, and its lighter part is at 0."""
    weights, parts = Counter(), Counter()
    for path, count in zip(huffman_paths(counts), counts, strict=True):
        weights.update(dict.fromkeys(path.nodes, count))
        parts.update(dict.fromkeys(zip(path.nodes, path.bits, strict=True), count))
    nodes = range(len(counts) - 1)
    assert_equal([weights[node] for node in nodes], sorted(weights.values()))
    assert_equal([node for node in nodes if parts[node, 0] > parts[node, 1]], [])


def test_huffman_paths_need_no_turn_for_a_single_word(huffman_paths):
    """The root of a tree of one word is the word; of two, the rarer is at 0, and of equal groups that whose lightest
    word comes first.
    """
    assert_equal(huffman_paths([3]), (TreePath((), ()),))
    assert_equal(huffman_paths([3, 2]), (TreePath((0,), (1,)), TreePath((0,), (0,))))
    assert_equal(huffman_paths([2, 2]), (TreePath((0,), (0,)), TreePath((0,), (1,))))
    crossed = (TreePath((1, 0), (1, 1)), TreePath((1,), (0,)), TreePath((1, 0), (1, 0)))
    assert_equal(huffman_paths([2, 3, 1]), crossed)
    last = TreePath((2,), (0,))
    inner = (TreePath((2, 1), (1, 0)), TreePath((2, 1, 0), (1, 1, 0)), TreePath((2, 1, 0), (1, 1, 1)))
    assert_equal(huffman_paths([2, 1, 1, 2]), (*inner, last))


@pytest.mark.parametrize("counts", [[], [0], [2, 0, 1], [2, -1]])
def test_huffman_paths_reject_words_that_never_occur(huffman_paths, counts):
    """There must be a word, and each must occur."""
    assert_rejects(huffman_paths, counts)


@pytest.mark.parametrize("scale", [1, 1024])
@given(centre=normals(2, 3), nodes=normals(4, 3), path=trees(5).map(max))
def test_hierarchical_softmax_log_probability_equals_sum_over_turns(
    hierarchical_softmax_log_probability, centre, nodes, path, scale
):
    """At each node the two turns have the softmax of (theta . v, 0), and the log probabilities of a path's add up."""
    logits = torch.stack([scale * centre @ nodes.T, torch.zeros(2, 4)], -1).numpy()
    turns = special.log_softmax(logits, -1)
    expected = sum(torch.as_tensor(turns[:, node, bit]) for node, bit in zip(*path, strict=True))
    observed = hierarchical_softmax_log_probability(scale * centre[None], nodes, path)
    assert_close(observed[0], expected, 4 * 48 * scale)


@given(centre=normals(2, 3), nodes=normals(4, 3), paths=trees(5))
def test_hierarchical_softmax_log_probability_sums_to_one(hierarchical_softmax_log_probability, centre, nodes, paths):
    """Over the leaves of any tree the probabilities add up to 1."""
    leaves = torch.stack([hierarchical_softmax_log_probability(centre, nodes, path) for path in paths])
    assert_close(leaves.exp().sum(0), [1, 1], 4 * 48)


@given(centre=normals(2, 3), nodes=normals(4, 3))
def test_hierarchical_softmax_log_probability_is_0_for_the_only_word(
    hierarchical_softmax_log_probability, centre, nodes
):
    """The empty path has probability 1, and turns 0 and 1 at one node share the rest."""
    assert_equal(hierarchical_softmax_log_probability(centre, nodes, TreePath((), ())), torch.zeros(2))
    both = [hierarchical_softmax_log_probability(centre, nodes, TreePath((2,), (bit,))) for bit in (0, 1)]
    assert_close(both[0] - both[1], centre @ nodes[2], 48)
