"""Laws of `reference.probability.crf`.

Scores are small multiples of powers of two, so that the score of a sequence is exact and equal scores are equal.
"""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals
from reference.probability.crf import LinearChain

TAGS, STEPS = 3, 4
LENGTHS = (4, 2)
BATCH = len(LENGTHS)
MASK = torch.arange(STEPS) < torch.tensor(LENGTHS)[:, None]


def small_integers(*shape):
    return dyadics(-2, 2, *shape, grid=1)


def chains(entries=normals):
    return entries(TAGS + 2, TAGS).map(lambda rows: LinearChain(rows[0], rows[2:], rows[1]))


def emissions(entries=normals):
    """Scores of sequences of every length; those after the end count for nothing."""
    return entries(BATCH, STEPS, TAGS)


def score(chain, rows, tags):
    start, transitions, end = (table.tolist() for table in chain)
    moves = sum(transitions[one][other] for one, other in itertools.pairwise(tags))
    return start[tags[0]] + sum(row[tag] for row, tag in zip(rows, tags, strict=True)) + moves + end[tags[-1]]


def every_score(chain, emissions):
    """For each sequence of the batch, the score of every sequence of tags that is as long."""
    for rows, length in zip(emissions.tolist(), LENGTHS, strict=True):
        paths = itertools.product(range(TAGS), repeat=length)
        yield {path: score(chain, rows[:length], path) for path in paths}


def log_sum(scores):
    highest = max(scores)
    return highest + math.log(math.fsum(math.exp(one - highest) for one in scores))


def size(chain, emissions):
    """Sum of the sizes of all scores that can enter a sequence of tags; 1 for the logarithm."""
    chosen = [table.abs().nan_to_num(posinf=0).max() for table in chain]
    return 1 + chosen[0] + STEPS * chosen[1] + chosen[2] + emissions.abs().amax(2).sum(1)


@given(chain=chains(), emissions=emissions(), tags=indices(TAGS, BATCH, STEPS), padding=st.sampled_from([-100, -1, 7]))
def test_crf_score_adds_up_the_steps_of_the_sequence(crf_score, crf_log_likelihood, chain, emissions, tags, padding):
    """The score is that of the first tag, of each emission, of each pair of neighbours in order, and of the last."""
    expected = [
        score(chain, rows[:length], path[:length])
        for rows, path, length in zip(emissions.tolist(), tags.tolist(), LENGTHS, strict=True)
    ]
    tags = torch.where(MASK, tags, padding)
    assert_close(crf_score(chain, emissions, tags, MASK), expected, size(chain, emissions))
    known = zip(expected, every_score(chain, emissions), strict=True)
    log_p = [one - log_sum(scores.values()) for one, scores in known]
    assert_close(crf_log_likelihood(chain, emissions, tags, MASK), log_p, 2 * size(chain, emissions))


@given(chain=chains(), emissions=emissions())
def test_crf_log_partition_sums_over_every_sequence(crf_log_partition, chain, emissions):
    """Z is the sum of exp(score) over all sequences of tags that are as long as the sequence, padding apart."""
    expected = [log_sum(scores.values()) for scores in every_score(chain, emissions)]
    assert_close(crf_log_partition(chain, emissions, MASK), expected, size(chain, emissions))


@given(chain=chains(), emissions=emissions(), shift=dyadics(-(2**20), 2**20, BATCH, STEPS, grid=1))
def test_crf_log_partition_shifts_with_emissions(
    crf_log_partition, crf_log_likelihood, crf_marginals, chain, emissions, shift
):
    """A constant added to all emissions of a step is added to log Z, however large, and nothing is after the end.

    Probabilities stay what they are.
    """
    expected = [
        log_sum(scores.values()) + sum(row[:length])
        for scores, row, length in zip(every_score(chain, emissions), shift.tolist(), LENGTHS, strict=True)
    ]
    shifted, limit = emissions + shift[:, :, None], size(chain, emissions) + shift.abs().sum(1)
    assert_close(crf_log_partition(chain, shifted, MASK), expected, limit)
    assert_close(crf_marginals(chain, shifted, MASK), crf_marginals(chain, emissions, MASK), limit[:, None, None])
    first = torch.zeros(BATCH, STEPS, dtype=torch.int64)
    log_p = crf_log_likelihood(chain, emissions, first, MASK)
    assert_close(crf_log_likelihood(chain, shifted, first, MASK), log_p, limit)


@given(chain=chains(), emissions=normals(1, STEPS, TAGS), length=st.integers(1, STEPS))
def test_crf_log_likelihood_sums_to_one(crf_log_likelihood, chain, emissions, length):
    """The probabilities of all sequences of tags sum to 1, and are as far apart as their scores."""
    tags = torch.tensor(list(itertools.product(range(TAGS), repeat=length)))
    padded = torch.nn.functional.pad(tags, (0, STEPS - length))
    mask = (torch.arange(STEPS) < length).expand(len(tags), STEPS)
    log_p = crf_log_likelihood(chain, emissions.expand(len(tags), STEPS, TAGS), padded, mask)
    scores = [score(chain, emissions[0, :length].tolist(), path) for path in tags.tolist()]
    assert_close(log_p.exp().sum(), 1, size(chain, emissions)[0])
    assert_close(log_p, torch.tensor(scores, dtype=torch.float64) - log_sum(scores), 2 * size(chain, emissions))


@given(chain=chains(), emissions=emissions())
def test_crf_marginals_sum_over_sequences_through_a_tag(crf_marginals, chain, emissions):
    """p(y_t = k) is the share of Z that sequences with tag k at step t hold; after the end it is 0."""
    shares = [[[0.0] * TAGS for _ in range(STEPS)] for _ in range(BATCH)]
    for share, scores in zip(shares, every_score(chain, emissions), strict=True):
        total = log_sum(scores.values())
        for path, one in scores.items():
            for at_step, tag in zip(share, path, strict=False):
                at_step[tag] += math.exp(one - total)
    expected = torch.tensor(shares, dtype=torch.float64)
    marginals = crf_marginals(chain, emissions, MASK)
    assert_close(marginals, expected, expected * size(chain, emissions)[:, None, None])


@given(
    chain=chains(),
    emissions=emissions(),
    step=st.integers(0, STEPS - 1),
    tag=st.integers(0, TAGS - 1),
    raised=dyadics(-(2**12), 2**12, BATCH),
)
def test_crf_marginals_tell_how_log_partition_grows(
    crf_marginals, crf_log_partition, chain, emissions, step, tag, raised
):
    """c more for tag k at step t makes Z grow by the factor 1 + p(y_t = k) (exp(c) - 1); at every step p sums to 1."""
    marginals = crf_marginals(chain, emissions, MASK)
    more = emissions.clone()
    more[:, step, tag] += raised
    before, after = crf_log_partition(chain, emissions, MASK), crf_log_partition(chain, more, MASK)
    growth = torch.log1p(marginals[:, step, tag].double() * torch.expm1(raised))
    assert_close(after - before, growth, size(chain, emissions) * raised.abs().exp())
    assert_close(marginals.sum(2), MASK.double(), size(chain, emissions)[:, None])


@pytest.mark.autograd
@given(chain=chains(), emissions=emissions(), tag=st.integers(0, TAGS - 1))
def test_crf_log_partition_has_the_marginals_as_gradient(crf_log_partition, crf_marginals, chain, emissions, tag):
    """d log Z / d emissions is the share of Z that goes through a tag, also if one tag can neither start nor follow.

    With respect to a score of the chain it is the number of times that the score is expected to be used.
    """
    chain.start[tag] = chain.transitions[:, tag] = -math.inf
    expected = torch.zeros(BATCH, STEPS, TAGS, dtype=torch.float64)
    counts = [torch.zeros_like(table) for table in chain]
    for share, scores in zip(expected, every_score(chain, emissions), strict=True):
        total = log_sum(scores.values())
        for path, one in scores.items():
            p = math.exp(one - total)
            share[range(len(path)), path] += p
            counts[0][path[0]] += p
            counts[2][path[-1]] += p
            for before, after in itertools.pairwise(path):
                counts[1][before, after] += p
    tolerance = expected * size(chain, emissions)[:, None, None]
    assert_close(crf_marginals(chain, emissions, MASK), expected, tolerance)
    given_scores = [table.requires_grad_() for table in (emissions, *chain)]
    log_partition = crf_log_partition(chain, emissions, MASK)
    gradient, *uses = torch.autograd.grad(log_partition.sum(), given_scores)
    assert_close(gradient.to(log_partition.dtype), expected, tolerance)
    for seen, count in zip(uses, counts, strict=True):
        assert_close(seen.to(log_partition.dtype), count, STEPS * tolerance.detach().max())


@given(chain=chains(small_integers), emissions=emissions(small_integers))
def test_crf_viterbi_finds_the_first_of_the_best_sequences(crf_viterbi, chain, emissions):
    """No sequence scores higher; of equals the last tag is the lowest, then the one before; padding is -1."""
    paths, scores = crf_viterbi(chain, emissions, MASK)
    for tags, best, known in zip(paths, scores, every_score(chain, emissions), strict=True):
        highest = max(known.values())
        first = min(path[::-1] for path, one in known.items() if one == highest)[::-1]
        assert_equal(tags, torch.tensor([*first, *[-1] * (STEPS - len(first))]))
        assert_equal(best, highest)


@given(
    chain=chains(),
    emissions=emissions(),
    forbidden=st.permutations(range(TAGS)),
    padding=st.sampled_from([-math.inf, math.nan]),
)
def test_crf_viterbi_never_takes_a_forbidden_transition(
    crf_viterbi, crf_log_partition, crf_log_likelihood, crf_marginals, crf_score, chain, emissions, forbidden, padding
):
    """With scores of -inf only the other sequences count, and the best of them is found.

    A forbidden sequence has log probability -inf. After the end of a sequence nothing is forbidden.
    """
    one, other, last = forbidden
    chain.start[last] = chain.transitions[one, other] = -math.inf
    padded = torch.where(MASK[:, :, None], emissions, padding)
    paths, scores = crf_viterbi(chain, padded, MASK)
    known = list(every_score(chain, emissions))
    best, sums = [max(each.values()) for each in known], [log_sum(each.values()) for each in known]
    assert_close(scores, best, size(chain, emissions))
    assert_close(crf_score(chain, padded, paths, MASK), best, size(chain, emissions))
    assert_close(crf_log_partition(chain, padded, MASK), sums, size(chain, emissions))
    refused = torch.full((BATCH, STEPS), last)
    assert_equal(crf_score(chain, padded, refused, MASK), torch.full((BATCH,), -math.inf))
    assert_equal(crf_log_likelihood(chain, padded, refused, MASK), torch.full((BATCH,), -math.inf))
    through = [sum(math.exp(s) for path, s in each.items() if path[1] == other) for each in known]
    shares = torch.tensor(through, dtype=torch.float64) / torch.tensor(sums, dtype=torch.float64).exp()
    assert_close(crf_marginals(chain, padded, MASK)[:, 1, other], shares, size(chain, emissions))


@given(chain=chains(), emissions=emissions())
def test_crf_log_partition_is_minus_infinity_for_what_cannot_be(
    crf_log_partition, crf_log_likelihood, crf_marginals, crf_viterbi, chain, emissions
):
    """If no tag may come first, log Z and the best score are -inf, and probabilities have no answer but NaN.

    After the end they are 0 all the same.
    """
    chain.start[:] = -math.inf
    assert_equal(crf_log_partition(chain, emissions, MASK), torch.full((BATCH,), -math.inf))
    assert_equal(crf_viterbi(chain, emissions, MASK)[1], torch.full((BATCH,), -math.inf))
    assert crf_log_likelihood(chain, emissions, torch.where(MASK, 0, -1), MASK).isnan().all()
    marginals = crf_marginals(chain, emissions, MASK)
    assert marginals[MASK].isnan().all()
    assert_equal(marginals[~MASK], torch.zeros(int((~MASK).sum()), TAGS))


@given(emissions=normals(2, 4, 1), ends=normals(3, 1), steps=st.sampled_from([1, 3, 4]))
def test_crf_score_of_a_single_tag_is_log_partition(
    crf_score, crf_log_partition, crf_log_likelihood, crf_marginals, crf_viterbi, emissions, ends, steps
):
    """With one tag there is one sequence: log Z is its score, and it is certain, be there more steps than any has."""
    chain, emissions = LinearChain(ends[0], ends[1:2], ends[2]), emissions[:, :steps]
    mask = (torch.arange(4) < torch.tensor([[3], [1]]))[:, :steps]
    tags = torch.where(mask, 0, -1)
    lengths = mask.sum(1)
    expected = ends[0] + torch.where(mask, emissions[:, :, 0], 0).sum(1) + (lengths - 1) * ends[1] + ends[2]
    magnitude = ends.abs().sum() * steps + emissions.abs().sum((1, 2))
    assert_close(crf_score(chain, emissions, tags, mask), expected, magnitude)
    assert_close(crf_log_partition(chain, emissions, mask), expected, magnitude)
    assert_close(crf_log_likelihood(chain, emissions, tags, mask), 0, magnitude)
    assert_close(crf_marginals(chain, emissions, mask)[:, :, 0], mask.double(), 1 + magnitude[:, None])
    assert_equal(crf_viterbi(chain, emissions, mask)[0], tags)


@pytest.mark.parametrize(
    ("start", "to", "end", "steps", "tags"),
    [
        (1, 3, 3, 4, 3),
        (3, 1, 3, 4, 3),
        (3, 3, 1, 4, 3),
        (3, 1, 1, 4, 1),
        (1, 3, 1, 4, 1),
        (1, 1, 3, 4, 1),
        (3, 3, 3, 0, 3),
    ],
)
def test_crf_score_rejects_chains_that_do_not_fit(
    crf_score, crf_log_likelihood, crf_log_partition, crf_marginals, crf_viterbi, start, to, end, steps, tags
):
    """A chain has as many tags as the emissions, and a sequence has a step."""
    chain = LinearChain(torch.ones(start), torch.ones(to, to), torch.ones(end))
    emissions, path = torch.ones(2, steps, tags), torch.zeros(2, steps, dtype=torch.int64)
    assert_rejects(crf_score, chain, emissions, path, path == 0)
    assert_rejects(crf_log_likelihood, chain, emissions, path, path == 0)
    assert_rejects(crf_log_partition, chain, emissions, path == 0)
    assert_rejects(crf_marginals, chain, emissions, path == 0)
    assert_rejects(crf_viterbi, chain, emissions, path == 0)
