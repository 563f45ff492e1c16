"""Laws of `reference.probability.information`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from scipy import special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import relative_entropy
from properties.rejection import assert_rejects
from properties.strategies import indices, simplex

# No probability in 64ths is below 1/64, and no product of two below 64^-2.
LARGEST_LOG = math.log(64)
NOBODY = torch.zeros(2, 1, dtype=torch.float64)
WEIGHTS = simplex(6, least=1, grid=32).map(torch.Tensor.tolist)


def gradients(function, *tables):
    """The value, and the gradients of its sum, in its own dtype."""
    inputs = [table.clone().requires_grad_() for table in tables]
    value = function(*inputs)
    return value, *(part.to(value.dtype) for part in torch.autograd.grad(value.sum(), inputs))


def surprisals(p):
    """-p log p of every outcome, where 0 log 0 = 0."""
    return torch.as_tensor(special.entr(p.numpy()))


def code_trees(leaves):
    """Lengths of the words, from the shortest, of every binary code tree with so many leaves."""
    trees = {(0,)}
    for _ in range(leaves - 1):
        trees = {
            tuple(sorted((*tree[:i], *tree[i + 1 :], tree[i] + 1, tree[i] + 1)))
            for tree in trees
            for i in range(len(tree))
        }
    return trees


def mean_length(weights, lengths):
    return sum(Fraction(weight) * length for weight, length in zip(weights, lengths, strict=True))


@given(p=simplex(2, 3, 5))
def test_entropy_equals_sum_of_surprisals(entropy, p):
    """It is the sum of -p log p, where 0 log 0 = 0, and at most log 5, which five equal probabilities have."""
    assert_close(entropy(p), surprisals(p).sum(-1), LARGEST_LOG)
    assert_at_most(entropy(p), math.log(5), LARGEST_LOG)
    assert_close(entropy(torch.full((2, 5), 0.2, dtype=torch.float64)), math.log(5))


@given(p=simplex(5), rows=simplex(5, 3))
def test_entropy_obeys_chain_rule(entropy, p, rows):
    """H(X, Y) = H(X) + sum_x p(x) H(Y | x), so that entropies of independent variables add up."""
    total = entropy(p) + (p * surprisals(rows).sum(-1)).sum()
    assert_close(entropy((p[:, None] * rows).flatten()), total, 2 * LARGEST_LOG)
    assert_close(entropy(torch.outer(p, rows[0]).flatten()), entropy(p) + entropy(rows[0]), 2 * LARGEST_LOG)


@pytest.mark.parametrize("exponent", [54, 62])
def test_entropy_counts_rare_outcomes(entropy, cross_entropy, kl_divergence, jensen_shannon_divergence, exponent):
    """An outcome of probability 2^-k adds 2^-k k log 2 to H(p), twice that to H(p, q) where q has 4^-k, and so as much
    to KL(p || q) as to H(p); where r has 0 it adds 2^-k log 2 / 2 to JSD(p, r).
    """
    p, q, r = (torch.tensor([1, rare], dtype=torch.float64) for rare in (2.0**-exponent, 4.0**-exponent, 0))
    bit = p[1] * math.log(2)
    assert_close(entropy(p), exponent * bit)
    assert_close(cross_entropy(p, q), 2 * exponent * bit)
    assert_close(kl_divergence(p, q), exponent * bit, 2 * exponent * bit)
    assert_close(jensen_shannon_divergence(p, r), bit / 2, exponent * bit)


@pytest.mark.autograd
@given(p=simplex(2, 4), q=simplex(2, 4, least=1))
def test_entropy_has_finite_gradient(entropy, cross_entropy, p, q):
    """dH(p)/dp = -log p - 1, dH(p, q)/dp = -log q and dH(p, q)/dq = -p / q, and all are 0 for what p misses."""
    p, q = torch.cat([p, NOBODY], -1), torch.cat([q, NOBODY], -1)
    _, slope = gradients(entropy, p)
    assert_close(slope, torch.where(p == 0, 0, -p.log() - 1), 2 * LARGEST_LOG)
    _, in_p, in_q = gradients(cross_entropy, p, q)
    assert_close(in_p, torch.where(p == 0, 0, -q.log()), LARGEST_LOG)
    assert_close(in_q, torch.where(p == 0, 0, -p / q))


@given(data=indices(5, 2, 8), q=simplex(2, 5))
def test_cross_entropy_equals_mean_surprise_of_data(cross_entropy, data, q):
    """For p the frequencies of data it is the mean of -log q over them; a value that q excludes makes it infinite."""
    frequencies = torch.nn.functional.one_hot(data, 5).double().mean(1)
    assert_close(cross_entropy(frequencies, q), -q.gather(1, data).log().mean(1), LARGEST_LOG)


@given(p=simplex(2, 3, 5), q=simplex(2, 3, 5, least=1))
def test_cross_entropy_exceeds_entropy_by_divergence(cross_entropy, entropy, kl_divergence, p, q):
    """H(p, q) = H(p) + KL(p || q), so that over q both have their minimum at p."""
    expected = surprisals(p).sum(-1) + relative_entropy(p, q)
    assert_close(entropy(p) + kl_divergence(p, q), expected, 2 * LARGEST_LOG)
    assert_close(cross_entropy(p, q), expected, 2 * LARGEST_LOG)


@given(p=simplex(2, 3, 5), q=simplex(2, 3, 5))
def test_kl_divergence_equals_sum_of_relative_entropies(kl_divergence, p, q):
    """It is the sum of p log(p / q), where 0 log 0 = 0, and infinite where q misses an outcome that p has."""
    assert_close(kl_divergence(p, q), relative_entropy(p, q), 2 * LARGEST_LOG)


@pytest.mark.autograd
@given(p=simplex(2, 4), q=simplex(2, 4, least=1))
def test_kl_divergence_has_finite_gradient(kl_divergence, p, q):
    """The gradient is log(p / q) + 1 in p and -p / q in q, and 0 in both for outcomes that p misses, as q may too."""
    p, q = torch.cat([p, NOBODY], -1), torch.cat([q, NOBODY], -1)
    _, in_p, in_q = gradients(kl_divergence, p, q)
    assert_close(in_p, torch.where(p == 0, 0, (p / q).log() + 1), 2 * LARGEST_LOG)
    assert_close(in_q, torch.where(p == 0, 0, -p / q))


@given(p=simplex(5), q=simplex(5), rows=simplex(5, 3), others=simplex(5, 3, least=1))
def test_kl_divergence_obeys_chain_rule(kl_divergence, p, q, rows, others):
    """KL of a joint is that of the first variable plus the mean of that of the second given it; a shared channel adds
    nothing, and what comes out of it differs no more than what went in.
    """
    q = (p + q) / 2
    first, size = relative_entropy(p, q), 4 * LARGEST_LOG

    def joint(marginal, conditional):
        return (marginal[:, None] * conditional).flatten()

    expected = first + (p * relative_entropy(rows, others)).sum()
    assert_close(kl_divergence(joint(p, rows), joint(q, others)), expected, size)
    assert_close(kl_divergence(joint(p, others), joint(q, others)), first, size)
    assert_at_most(kl_divergence(p @ others, q @ others), first, size)


@given(p=simplex(2, 3, 5), q=simplex(2, 3, 5))
def test_total_variation_equals_largest_difference_of_an_event(total_variation, p, q):
    """No event has probabilities that differ by more, of all 2^5 events, and one has a difference of just this."""
    events = torch.tensor([[event >> x & 1 for x in range(5)] for event in range(2**5)], dtype=torch.float64)
    assert_close(total_variation(p, q), ((p - q) @ events.T).amax(-1), 1)


@given(p=simplex(2, 3, 5), q=simplex(2, 3, 5))
def test_total_variation_is_bounded_by_divergence(total_variation, kl_divergence, p, q):
    """2 TV^2 <= KL(p || q), Pinsker's inequality, and TV is 1 if no outcome has probability under both."""
    assert_at_most(2 * total_variation(p, q) ** 2, kl_divergence(p, q), LARGEST_LOG)
    nowhere = torch.zeros_like(p)
    assert_close(total_variation(torch.cat([p, nowhere], -1), torch.cat([nowhere, q], -1)), 1)


@given(p=simplex(2, 3, 5), q=simplex(2, 3, 5))
def test_jensen_shannon_divergence_equals_gain_of_entropy(jensen_shannon_divergence, p, q):
    """JSD(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2, at most log 2, which it is if no outcome is common to both."""
    average, first, second = (surprisals(table).sum(-1) for table in ((p + q) / 2, p, q))
    observed = jensen_shannon_divergence(p, q)
    assert_close(observed, average - (first + second) / 2, 2 * LARGEST_LOG)
    assert_at_most(observed, math.log(2), LARGEST_LOG)
    nowhere = torch.zeros_like(p)
    apart = jensen_shannon_divergence(torch.cat([p, nowhere], -1), torch.cat([nowhere, q], -1))
    assert_close(apart, math.log(2), LARGEST_LOG)


@given(joint=simplex(2, 15))
def test_joint_mutual_information_equals_divergence_from_independence(joint_mutual_information, joint):
    """I(X; Y) = KL(p(x, y) || p(x) p(y)), for X and Y in either order."""
    joint = joint.reshape(2, 3, 5)
    expected = relative_entropy(joint.flatten(1), (joint.sum(2)[:, :, None] * joint.sum(1)[:, None]).flatten(1))
    assert_close(joint_mutual_information(joint), expected, 3 * LARGEST_LOG)
    assert_close(joint_mutual_information(joint.mT), expected, 3 * LARGEST_LOG)


@pytest.mark.parametrize("exponent", [100, 600])
def test_joint_mutual_information_equals_entropy_of_what_is_shared(joint_mutual_information, exponent):
    """For Y = X it is H(X), to all digits also if one of two values has the probability p = 2^-k: p k log 2."""
    joint = torch.tensor([1, 2.0**-exponent], dtype=torch.float64).diag()
    assert_close(joint_mutual_information(joint), 2.0**-exponent * exponent * math.log(2))


@given(weights=WEIGHTS)
def test_huffman_code_lengths_have_the_least_mean_of_all_code_trees(huffman_code_lengths, weights):
    """Among all trees with six leaves, the likeliest symbol on the nearest leaf, none has a lower mean length."""
    falling = sorted(weights, reverse=True)
    least = min(mean_length(falling, tree) for tree in code_trees(6))
    lengths = huffman_code_lengths(weights)
    assert_equal(mean_length(weights, lengths), least)
    assert_equal(sum(Fraction(1, 2**length) for length in lengths), 1)


@given(weights=WEIGHTS)
def test_huffman_code_lengths_exceed_entropy_by_less_than_a_bit(huffman_code_lengths, weights):
    """H <= L < H + 1 in bits, also for counts."""
    information = surprisals(torch.tensor(weights, dtype=torch.float64)).sum() / math.log(2)
    mean = float(mean_length(weights, huffman_code_lengths([32 * weight for weight in weights])))
    assert_at_most(information, mean, 3)
    assert_at_most(mean - information, 1, 3)


@pytest.mark.parametrize(
    ("weights", "lengths"),
    [
        ([1.0], (0,)),
        ([0.875, 0.125], (1, 1)),
        ([0.125, 0.5, 0.0625, 0.25, 0.0625], (3, 1, 4, 2, 4)),
        ([15.0, 7.0, 6.0, 6.0, 5.0], (1, 3, 3, 3, 3)),
        ([*(2.0**-k for k in range(1, 41)), 2.0**-40], (*range(1, 41), 40)),
    ],
)
def test_huffman_code_lengths_equal_worked_examples(huffman_code_lengths, weights, lengths):
    """One symbol needs no bit, powers of 1/2 get their information, 15, 7, 6, 6, 5 less than Fano's 2, 2, 2, 3, 3."""
    assert_equal(huffman_code_lengths(weights), lengths)


@pytest.mark.parametrize("weights", [[], [0.5, 0.0, 0.5], [1.5, -0.5], [0.5, math.nan], [0.5, float("inf")]])
def test_huffman_code_lengths_reject_impossible_weights(huffman_code_lengths, weights):
    """There must be a symbol, and each must occur."""
    assert_rejects(huffman_code_lengths, weights)
