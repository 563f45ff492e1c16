"""Laws of `reference.probability.hmm`.

The sums over all paths are taken over all paths. In the models drawn some probabilities are 0, but state 0 can always
be reached, and emits everything.
"""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, masks, simplex
from reference.probability.hmm import CategoricalHiddenMarkovModel, HiddenMarkovModel

IMPOSSIBLE = -3.0
SHARED = HiddenMarkovModel(
    torch.tensor([0.25, 0.75], dtype=torch.float64), torch.tensor([[0.875, 0.125], [0.5, 0.5]], dtype=torch.float64)
)
# State 0 is followed by 1 and 1 by 0; no state shows what came second.
ALTERNATING = HiddenMarkovModel(torch.tensor([1, 0.0], dtype=torch.float64), torch.eye(2, dtype=torch.float64).flip(0))
UNSEEN = torch.tensor([[0, -1], [-math.inf, -math.inf], [-2, -3]], dtype=torch.float64)


def towards_state_0(rows):
    first = torch.zeros_like(rows[0])
    first[0] = 1
    return (15 * rows + first) / 16


def models(states):
    """Models in which every state may lead to state 0, and the other probabilities may be 0."""
    rows = simplex(states + 1, states).map(towards_state_0)
    return rows.map(lambda rows: HiddenMarkovModel(rows[0].clone(), rows[1:].clone()))


def categorical_models(states, symbols):
    """Such models with emissions, of which some are impossible, though none from state 0."""

    def emission(rows):
        return torch.cat([(rows[:1] + 1 / symbols) / 2, rows[1:]])

    emissions = simplex(states, symbols).map(emission)
    return st.builds(lambda chain, table: CategoricalHiddenMarkovModel(*chain, table), models(states), emissions)


def log_emissions(states, max_steps=4):
    """Log emissions of 1..max_steps observations, some -inf, though none in state 0."""

    def impossible(drawn):
        return drawn.where((drawn > IMPOSSIBLE) | (torch.arange(states) == 0), -math.inf)

    lengths = st.integers(1, max_steps)
    return lengths.flatmap(lambda steps: dyadics(int(16 * IMPOSSIBLE), 16, steps, states, grid=16).map(impossible))


def every_path(initial, transition, emission):
    """Probability of every path of hidden states together with the observations; axis t is the state at step t."""
    paths = initial * emission[0]
    for row in emission[1:]:
        paths = paths[..., None] * transition * row
    return paths


def paths_of(model, log_emission):
    return every_path(*model, log_emission.exp())


def marginal(paths, *steps):
    """The paths summed over all but the given steps."""
    others = [step for step in range(paths.ndim) if step not in steps]
    return paths.sum(others) if others else paths


def size(model, log_emission):
    """Largest sum of logarithms along a path that is possible."""
    logs = [table[table > 0].log().abs().max() for table in model[:2]]
    return 1 + len(log_emission) * (sum(logs) + log_emission[log_emission.isfinite()].abs().max())


@given(model=models(3), log_emission=log_emissions(3))
def test_hmm_forward_equals_sum_over_paths_that_end_there(hmm_forward, model, log_emission):
    """alpha_t(i) is the sum over all paths of t states that end in i, and its log -inf if none can."""
    first = (paths_of(model, log_emission[: t + 1]) for t in range(len(log_emission)))
    expected = torch.stack([marginal(paths, paths.ndim - 1) for paths in first]).log()
    assert_close(hmm_forward(model, log_emission), expected, size(model, log_emission))


@given(model=models(3), log_emission=log_emissions(3))
def test_hmm_backward_equals_sum_over_paths_that_begin_there(hmm_backward, model, log_emission):
    """beta_t(i) is the sum over all continuations of a path that is in i, and 1 where nothing is left to see."""
    anywhere = model._replace(initial=torch.ones_like(model.initial))
    unseen = torch.zeros_like(log_emission[:1])
    rest = (paths_of(anywhere, torch.cat([unseen, log_emission[t + 1 :]])) for t in range(len(log_emission)))
    expected = torch.stack([marginal(paths, 0) for paths in rest]).log()
    assert_close(hmm_backward(model, log_emission), expected, size(model, log_emission))


@given(model=models(3), log_emission=log_emissions(3))
def test_hmm_backward_completes_forward_at_every_step(hmm_backward, hmm_forward, model, log_emission):
    """The sum over states of alpha_t beta_t is the likelihood, whichever t is taken."""
    total = torch.logsumexp(hmm_forward(model, log_emission) + hmm_backward(model, log_emission), 1)
    assert_close(total, paths_of(model, log_emission).sum().log(), size(model, log_emission))


@given(model=models(3), log_emission=log_emissions(3), shift=dyadics(-2000, 2000, 4, 1, grid=1))
def test_hmm_log_likelihood_equals_sum_over_paths(hmm_log_likelihood, model, log_emission, shift):
    """It is the log of the sum over all paths, and emissions that are exp(c_t) times as likely add sum c_t to it."""
    shift = shift[: len(log_emission)]
    expected = paths_of(model, log_emission).sum().log() + shift.sum()
    condition = size(model, log_emission) + shift.abs().sum()
    assert_close(hmm_log_likelihood(model, log_emission + shift), expected, condition)


@given(cycle=simplex(4), log_emission=log_emissions(4))
def test_hmm_log_likelihood_is_invariant_to_time_reversal(hmm_log_likelihood, cycle, log_emission):
    """A stationary chain that runs backwards, with its flow transposed, is as likely to emit the observations reversed.

    The rows of a circulant matrix are shifted copies, so that its stationary distribution is uniform.
    """
    transition = torch.stack([towards_state_0(cycle[None])[0].roll(shift) for shift in range(4)])
    uniform = torch.full((4,), 0.25, dtype=torch.float64)
    there = hmm_log_likelihood(HiddenMarkovModel(uniform, transition), log_emission)
    back = hmm_log_likelihood(HiddenMarkovModel(uniform, transition.T.contiguous()), log_emission.flip(0))
    condition = size((uniform, transition), log_emission)
    assert_close(there, back, condition)
    assert_at_most(there, log_emission.amax(1).sum(), condition)


def test_hmm_log_likelihood_does_not_underflow_on_long_chains(
    hmm_log_likelihood, hmm_forward, hmm_backward, hmm_posteriors
):
    """After 200 steps, where probabilities are near exp(-20000), the likelihood is that of exact arithmetic."""
    steps = 200
    bits = 150 - torch.arange(2 * steps).reshape(steps, 2) * 7 % 11
    log_emission = -(bits.double() * math.log(2))
    initial, transition = (
        [[Fraction(p) for p in row] for row in table.tolist()] for table in (SHARED[0][None], SHARED[1])
    )
    weights = [p / 2**bit for p, bit in zip(initial[0], bits[0].tolist(), strict=True)]
    for row in bits[1:].tolist():
        arrivals = [sum(w * transition[i][j] for i, w in enumerate(weights)) for j in range(2)]
        weights = [p / 2**bit for p, bit in zip(arrivals, row, strict=True)]
    total = sum(weights)
    expected = math.log(total.numerator) - math.log(total.denominator)
    log_likelihood = hmm_log_likelihood(SHARED, log_emission)
    assert_close(log_likelihood, expected, roundings=4 * steps)
    both = hmm_forward(SHARED, log_emission) + hmm_backward(SHARED, log_emission)
    assert_close(torch.logsumexp(both, 1), expected, roundings=4 * steps)
    gamma, xi = hmm_posteriors(SHARED, log_emission)
    assert_close(gamma.sum(1), 1, abs(expected), roundings=4 * steps)
    assert_close(xi.sum((1, 2)), 1, abs(expected), roundings=4 * steps)


@pytest.mark.parametrize("log_emission", [UNSEEN, UNSEEN[[1]], UNSEEN[[0, 2, 1]]])
def test_hmm_log_likelihood_is_minus_infinity_for_what_cannot_be(
    hmm_log_likelihood, hmm_forward, hmm_backward, hmm_viterbi, hmm_posteriors, log_emission
):
    """Observations that no path can emit have log likelihood -inf, no best path, and no posterior but NaN."""
    assert_equal(hmm_log_likelihood(ALTERNATING, log_emission), -math.inf)
    assert_equal(hmm_viterbi(ALTERNATING, log_emission)[1], -math.inf)
    assert_equal(hmm_forward(ALTERNATING, log_emission)[-1], torch.full((2,), -math.inf))
    assert not hmm_backward(ALTERNATING, log_emission).isnan().any()
    assert all(table.isnan().all() for table in hmm_posteriors(ALTERNATING, log_emission))


@given(model=models(3), log_emission=log_emissions(3))
def test_hmm_posteriors_equal_shares_of_paths(hmm_posteriors, model, log_emission):
    """gamma_t(i) is the share of the paths that are in i at t, and xi_t(i, j) of those that go from there to j."""
    gamma, xi = hmm_posteriors(model, log_emission)
    paths = paths_of(model, log_emission)
    shares, condition = paths / paths.sum(), size(model, log_emission)
    steps = range(len(log_emission))
    expected = torch.stack([marginal(shares, t) for t in steps])
    pairs = torch.stack([marginal(shares, t, t + 1) for t in steps[:-1]]) if steps[:-1] else torch.zeros(0, 3, 3)
    assert_close(gamma, expected, expected * condition)
    assert_equal(xi.shape, pairs.shape)
    assert_close(xi, pairs, pairs * condition)


@given(model=models(3), log_emission=log_emissions(3), order=st.permutations(range(3)))
def test_hmm_posteriors_commute_with_relabelling(hmm_posteriors, model, log_emission, order):
    """Permuted states have permuted posteriors, and xi sums to gamma over the state before as over the one after."""
    relabelled = HiddenMarkovModel(model.initial[order], model.transition[order][:, order])
    gamma, xi = hmm_posteriors(relabelled, log_emission[:, order])
    plain, _ = hmm_posteriors(model, log_emission)
    condition = size(model, log_emission)
    assert_close(gamma, plain[:, order], plain[:, order] * condition)
    assert_close(gamma.sum(1), 1, condition)
    assert_close(xi.sum(2), gamma[:-1], gamma[:-1] * condition)
    assert_close(xi.sum(1), gamma[1:], gamma[1:] * condition)


@given(model=models(3), log_emission=log_emissions(3))
def test_hmm_viterbi_equals_best_of_all_paths(hmm_viterbi, model, log_emission):
    """No path is more probable than the one that is found, and that one has the probability that is returned."""
    path, log_probability = hmm_viterbi(model, log_emission)
    paths, condition = paths_of(model, log_emission), size(model, log_emission)
    assert_close(log_probability, paths.max().log(), condition)
    assert_close(log_probability, paths[tuple(path)].log(), condition)


@given(best=masks(6, 4), always=indices(4, 6))
def test_hmm_viterbi_takes_the_lowest_of_equal_states(hmm_viterbi, best, always):
    """If all paths through the best states are equally probable, the one through the lowest of them is taken."""
    best = best | torch.nn.functional.one_hot(always, 4).bool()
    model = HiddenMarkovModel(torch.full((4,), 0.25), torch.full((4, 4), 0.25))
    path, _ = hmm_viterbi(model, best.double() - 1)
    assert_equal(path, torch.tensor([row.index(True) for row in best.tolist()]))


@given(steps=st.integers(2, 6), shown=st.integers(0, 5), state=st.integers(0, 3))
def test_hmm_viterbi_goes_round_a_cycle(hmm_viterbi, steps, shown, state):
    """If each state leads to the next with certainty, one step that shows the state tells the path, likely or not."""
    shown %= steps
    expected = torch.tensor([(state + t - shown) % 4 for t in range(steps)])
    log_emission = -1000 * torch.nn.functional.one_hot(expected, 4).double()
    log_emission[shown] = (torch.arange(4) == state).double().log()
    cycle = torch.eye(4, dtype=torch.float64).roll(1, 1)
    path, log_probability = hmm_viterbi(HiddenMarkovModel(torch.full((4,), 0.25).double(), cycle), log_emission)
    assert_equal(path, expected)
    assert_close(log_probability, math.log(0.25) - 1000 * (steps - 1))


@pytest.mark.parametrize(
    ("initial", "transition", "steps", "columns"),
    [(2, 2, 0, 2), (2, 2, 3, 1), (1, 1, 3, 2), (1, 2, 3, 1), (2, 1, 3, 2)],
)
def test_hmm_forward_rejects_shapes_that_do_not_fit(
    hmm_forward, hmm_backward, hmm_viterbi, initial, transition, steps, columns
):
    """There must be an observation, and as many columns as states in all tables of the model."""
    model = HiddenMarkovModel(
        torch.full((initial,), 1 / initial).double(), torch.full((transition, transition), 1 / transition).double()
    )
    for function in (hmm_forward, hmm_backward, hmm_viterbi):
        assert_rejects(function, model, torch.zeros(steps, columns, dtype=torch.float64))


def counted(model, sequences):
    """Expected numbers of first states, of steps from state to state, and of symbols from states, over all paths."""
    counts = [torch.zeros_like(table) for table in model]
    for symbols in sequences:
        paths = every_path(model.initial, model.transition, model.emission.T[symbols])
        shares = paths / paths.sum()
        counts[0] += marginal(shares, 0)
        for t, symbol in enumerate(symbols):
            counts[2][:, symbol] += marginal(shares, t)
            if t:
                counts[1] += marginal(shares, t - 1, t)
    return counts


def log_likelihood(model, sequences):
    totals = [every_path(model.initial, model.transition, model.emission.T[symbols]).sum() for symbols in sequences]
    return torch.stack(totals).log().sum()


def largest(model, sequences):
    logs = sum(table[table > 0].log().abs().max() for table in model)
    return 1 + logs * max(map(len, sequences))


SEQUENCES = st.lists(indices(5, 3) | indices(5, 1) | indices(5, 4), min_size=1, max_size=3)


@given(model=categorical_models(3, 5), sequences=SEQUENCES, rarity=st.sampled_from([0, 40]))
def test_baum_welch_step_equals_shares_of_expected_counts(baum_welch_step, model, sequences, rarity):
    """Each row is made of the expected counts over all paths and sequences, small as they may be, or stays as it was
    without any.
    """
    shown = model.emission * torch.tensor([[1], [1], [2.0**-rarity]])
    model = model._replace(emission=torch.cat([shown, 1 - shown.sum(1, keepdim=True)], 1))
    condition = largest(model, sequences)
    first, *rest = counted(model, sequences)
    expected = [first / len(sequences)]
    for counts, row in zip(rest, model[1:], strict=True):
        expected.append(torch.where(counts.sum(1, keepdim=True) > 0, counts / counts.sum(1, keepdim=True), row))
    for seen, wanted in zip(baum_welch_step(model, sequences), expected, strict=True):
        assert_close(seen, wanted, wanted * condition)


@given(model=categorical_models(3, 5), other=categorical_models(3, 5), sequences=SEQUENCES)
def test_baum_welch_step_maximises_what_it_expects(baum_welch_step, model, other, sequences):
    """Of the paths as expected no model is the better account, and the sequences are at least as likely as before."""
    after = baum_welch_step(model, sequences)
    nearby = [(3 * table + moved) / 4 for table, moved in zip(model, other, strict=True)]
    counts, condition = counted(model, sequences), 6 * largest(model, sequences)
    gained, best = (
        sum(torch.xlogy(count, table).sum() for count, table in zip(counts, tables, strict=True))
        for tables in (after, nearby)
    )
    assert_at_most(-gained, -best, condition)
    assert_at_most(-log_likelihood(after, sequences), -log_likelihood(model, sequences), condition)
    for table in after:
        assert_close(table.sum(-1), 1, condition)


@given(model=models(3), sequences=SEQUENCES)
def test_baum_welch_step_counts_states_that_are_seen(baum_welch_step, model, sequences):
    """If symbols 0 and 1 mean state 0, 2 and 3 state 1, and 4 state 2, one step returns relative frequencies."""
    emission = torch.tensor([[0.25, 0.75, 0, 0, 0], [0, 0, 0.5, 0.5, 0], [0, 0, 0, 0, 1]], dtype=torch.float64)
    model = CategoricalHiddenMarkovModel(*((table + 1 / 3) / 2 for table in model), emission)
    states = [[symbol // 2 for symbol in symbols.tolist()] for symbols in sequences]
    expected = [table.clone() for table in model]
    for i in range(3):
        expected[0][i] = sum(path[0] == i for path in states) / len(states)
        after = [following for path in states for before, following in itertools.pairwise(path) if before == i]
        if after:
            expected[1][i] = torch.tensor([after.count(j) for j in range(3)], dtype=torch.float64) / len(after)
        shown = [symbol for symbols in sequences for symbol in symbols.tolist() if symbol // 2 == i]
        if shown:
            expected[2][i] = torch.tensor([shown.count(k) for k in range(5)], dtype=torch.float64) / len(shown)
    condition = largest(model, sequences)
    for seen, wanted in zip(baum_welch_step(model, sequences), expected, strict=True):
        assert_close(seen, wanted, wanted * condition)


def test_baum_welch_step_does_not_underflow_on_long_sequences(baum_welch_step):
    """In 1200 steps around 0, 1, 0, each state shown, 0 is followed 399 times by 0 and 400 times by 1."""
    shown = torch.eye(2, dtype=torch.float64)
    initial, transition, emission = baum_welch_step(
        CategoricalHiddenMarkovModel(*SHARED, shown), [torch.arange(1200) % 3 % 2]
    )
    assert_close(initial, shown[0], 2000)
    assert_close(transition, torch.tensor([[399, 400], [799, 0]]).double() / 799, 2000)
    assert_close(emission, shown, 2000)


@pytest.mark.parametrize("steps", [1, 3])
def test_baum_welch_step_is_nan_for_what_cannot_be(baum_welch_step, steps):
    """A sequence that no path can emit has no posterior, and leaves no probability that could be mistaken for one."""
    emission = torch.tensor([[0.25, 0.25, 0.25, 0.125, 0.125, 0]] * 2, dtype=torch.float64)
    model = CategoricalHiddenMarkovModel(*SHARED, emission)
    possible, impossible = torch.tensor([3, 0, 4]), torch.full((steps,), 5)
    assert_close(baum_welch_step(model, [possible])[0].sum(), 1, size(SHARED, emission[:, :3].log().T))
    initial, _, emission = baum_welch_step(model, [possible, impossible])
    assert initial.isnan().all()
    assert emission.isnan().all()


@pytest.mark.parametrize("lengths", [(), (0,), (3, 0)])
def test_baum_welch_step_rejects_what_holds_no_observation(baum_welch_step, lengths):
    """There must be a sequence, and none may be empty."""
    model = CategoricalHiddenMarkovModel(*SHARED, torch.full((2, 3), 1 / 3, dtype=torch.float64))
    assert_rejects(baum_welch_step, model, [torch.zeros(length, dtype=torch.int64) for length in lengths])
