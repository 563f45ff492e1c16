"""Laws of `reference.diffusion.discrete`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from torch.nn.functional import pad

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import every_path, relative_entropy
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, levels, normals, simplex

IDENTITY = torch.eye(4, dtype=torch.float64)
LAZY = simplex(3, 4, 4).map(lambda drawn: (drawn + IDENTITY) / 2)
# No product of four probabilities in 64ths, or three in 128ths, is below 64^-4.
LARGEST_LOG = 4 * math.log(64)


def table(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def absorbing(keep):
    """Chains of four classes, the last of them MASK, that keep a token with the given probability."""
    moved = keep * IDENTITY
    moved[..., 3] = 1 - keep[..., 0]
    moved[..., 3, 3] = 1
    return moved


def keep_mask_or_replace(shares):
    """Chains over four tokens and MASK that keep, mask or replace a token with the given probabilities."""
    keep, mask, replace = shares.T[..., None, None]
    tokens = torch.cat([keep * IDENTITY + replace / 4, mask.expand(-1, 4, 1)], 2)
    return torch.cat([tokens, torch.eye(5)[4:].expand(len(shares), 1, 5)], 1)


def totals(shares):
    """Probabilities to be kept by all of the steps, and to be masked by one of them."""
    keep, mask, _ = shares.unbind(-1)
    return keep.prod(-1)[..., None, None], 1 - (1 - mask).prod(-1)[..., None, None]


def last_step(transitions):
    """q(x_s = j, x_t = i | x_0 = k) by all paths, as [k, j, i], where the last of the steps leads from s to t."""
    paths = every_path(torch.cat([torch.stack([IDENTITY, IDENTITY]), transitions]))
    return paths.sum(tuple(range(1, paths.ndim - 2)))


def posteriors(pairs):
    """q(x_s = j | x_t = i, x_0 = k) as [i, k, j], by Bayes' rule; 0 for impossible pairs."""
    return (pairs / pairs.sum(1, keepdim=True)).nan_to_num().permute(2, 0, 1)


def mixture(pairs, probabilities, x_t):
    """Mean of the posteriors over the x_0 that can reach x_t."""
    mean = (probabilities[..., None] * posteriors(pairs)[x_t]).sum(-2)
    return mean / mean.sum(-1, keepdim=True)


def assert_wins_race(winner, probabilities, uniform):
    """No class finishes an exponential race, at -log(u) / p, before the winner, by more than float32 can tell apart."""
    finish = (-uniform.log() / probabilities).log().float()
    assert_at_most(finish.gather(-1, winner[..., None])[..., 0], finish.amin(-1), 2 * LARGEST_LOG)


@given(transitions=simplex(3, 4, 4))
def test_cumulative_transitions_equals_sum_over_paths(cumulative_transitions, transitions):
    """Q_bar_t[i, j] is the probability of all paths of t steps from i to j together."""
    expected = torch.stack([last_step(transitions[: t + 1]).sum(1) for t in range(3)])
    assert_close(cumulative_transitions(transitions), expected)


@pytest.mark.parametrize(("s", "t"), [(-1, -1), (-1, 0), (-1, 2), (0, 1), (0, 2), (1, 2), (2, 2)])
@given(transitions=simplex(3, 4, 4))
def test_transition_between_equals_sum_over_paths(transition_between, transitions, s, t):
    """The paths from the result of one step to that of another take the steps between them, and none if s = t."""
    expected = last_step(torch.cat([transitions[s + 1 : t + 1], IDENTITY[None]])).sum(1)
    assert_close(transition_between(transitions, s, t), expected)


@pytest.mark.parametrize(("s", "t"), [(0, 1), (0, 2), (1, 2)])
@given(transitions=simplex(3, 4, 4))
def test_transition_between_composes(cumulative_transitions, transition_between, transitions, s, t):
    """Chapman-Kolmogorov: from the data to s, and on from there to t, is from the data to t, and nobody gets lost."""
    cumulative = cumulative_transitions(transitions)
    assert_close(cumulative[t], cumulative[s].double() @ transition_between(transitions, s, t).double())
    assert_close(cumulative[t].sum(-1), 1)


@pytest.mark.parametrize(("s", "t"), [(-2, 1), (1, 0), (0, 3), (0, 4), (3, 3), (-2, -2)])
def test_transition_between_rejects_times_outside_the_table(transition_between, s, t):
    """A table of three steps has the times -1, for the data, to 2, and time does not run backwards."""
    assert_rejects(transition_between, torch.full((3, 2, 2), 0.5, dtype=torch.float64), s, t)


@pytest.mark.parametrize(
    "row", [[0.5, 0.25], [0.75, 0.5], [1.5, -0.5], [math.nan, 0.5], [0.5, 0.5 + 2**-11], [0.5, 0.5 - 2**-11]]
)
def test_cumulative_transitions_rejects_rows_that_are_no_probabilities(cumulative_transitions, transition_between, row):
    """There is no chain where a row does not sum to 1, as in a transposed matrix, or an entry is negative or NaN."""
    transitions = table([[0.5, 0.5], [0.25, 0.75]], [[0.5, 0.5], row])
    assert_rejects(cumulative_transitions, transitions)
    assert_rejects(transition_between, transitions, -1, 0)


@pytest.mark.parametrize("error", [2.0**-26, -(2.0**-26), 0.0])
def test_cumulative_transitions_accepts_rounded_rows(cumulative_transitions, transition_between, error):
    """Rows need to sum to 1 only up to the root of the rounding unit, and may hold 0 and 1."""
    transitions = table([[0.5, 0.5 + error], [0, 1]], [[0.25, 0.75], [1, 0]])
    expected = table([0.5 * 0.25 + 0.5 + error, 0.5 * 0.75], [1, 0])
    assert_close(cumulative_transitions(transitions)[1], expected)
    assert_close(transition_between(transitions, -1, 1), expected)


@given(x_0=simplex(2, 5, 4), transitions=simplex(2, 4, 4))
def test_categorical_marginal_equals_sum_over_paths(categorical_marginal, x_0, transitions):
    """The marginal of the marginal is reached along every path, from every class with its probability."""
    expected = (x_0[..., None, None] * every_path(transitions)).sum((-3, -2))
    assert_close(categorical_marginal(categorical_marginal(x_0, transitions[0]), transitions[1]), expected)


@given(x_0=indices(4, 2, 5), cumulative=simplex(4, 4))
def test_categorical_marginal_reduces_to_a_row_for_one_hot_data(categorical_marginal, x_0, cumulative):
    """Data that is certain goes where the row of its class says."""
    assert_close(categorical_marginal(IDENTITY[x_0], cumulative), cumulative[x_0])


@given(uniform=levels(2, 3))
def test_gumbel_noise_inverts_its_distribution_function(gumbel_noise, uniform):
    """P(G <= g) = exp(-exp(-g)), out to u = 2^-100 and u = 1 - 2^-24, where G is 16.6."""
    uniform = torch.cat([uniform, table([2.0**-100, 1 - 2.0**-24, 0.5])])
    expected = torch.as_tensor(stats.gumbel_r.ppf(uniform))
    assert_close(gumbel_noise(uniform), expected, 1 + expected.abs())


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_gumbel_noise_is_finite_at_both_ends(gumbel_noise, dtype):
    """In every precision, 0 and 1 give finite noise beyond that of all numbers between them, the last below 1 too."""
    last = 1 - max(torch.finfo(dtype).eps, 2.0**-23) / 2
    between = torch.tensor([2.0**-13, 0.5, last], dtype=dtype)
    lowest, *noise, highest = gumbel_noise(torch.cat([between.new_zeros(1), between, between.new_ones(1)]))
    expected = torch.as_tensor(stats.gumbel_r.ppf(between.double()))
    assert_close(torch.stack(noise), expected, 1 + expected.abs())
    assert_at_most(torch.stack([lowest, -highest]), torch.stack([expected.min(), -expected.max()]))
    assert_equal(torch.stack([lowest, highest]).isfinite(), torch.ones(2, dtype=torch.bool))


@given(
    probabilities=simplex(2, 3, 5, least=1),
    winner=indices(5, 2, 3),
    time=dyadics(1, 128, 2, 3, 1, grid=4),
    constant=dyadics(-16384, 16384, 2, 3, 1),
)
def test_gumbel_max_equals_exponential_race(gumbel_max, probabilities, winner, time, constant):
    """The class whose time -log(u) / p is a thousandth less than that of all others is chosen, however logits shift."""
    lead = torch.eye(5, dtype=torch.float64)[winner] / 1024
    uniform = torch.exp(-time * probabilities * (1 - lead))
    assert_equal(gumbel_max(probabilities.log() + constant, uniform), winner)


@pytest.mark.parametrize("impossible", [0, 1, 2])
@given(logits=normals(2, 3), ends=indices(2, 2, 3))
def test_gumbel_max_never_chooses_the_impossible(gumbel_max, impossible, logits, ends):
    """A logit of -inf is not chosen, even if its uniform number is 1 and the others, at logits far below 0, have 0."""
    logits, uniform = logits - table([0], [256]), ends.double()
    logits[:, impossible] = -math.inf
    uniform[:, impossible] = 1
    assert_equal(gumbel_max(logits, uniform) == impossible, torch.zeros(2, dtype=torch.bool))


@given(x=normals(2, 3), y=normals(2, 3))
def test_log_add_exp_equals_log_of_sum(log_add_exp, x, y):
    """It is log(e^x + e^y) for ties and for thousands too, and the other one where one is -inf."""
    x = torch.cat([x, x, table([2048, -2048, -2048], [-math.inf, 1, -math.inf])])
    y = torch.cat([y, x[:2], table([2047, -2049, 2048], [0.5, -math.inf, -math.inf])])
    expected = torch.as_tensor(special.logsumexp(torch.stack([x, y]), axis=0))
    assert_close(log_add_exp(x, y), expected, 1 + torch.maximum(x, y).abs().nan_to_num(posinf=0))


@pytest.mark.autograd
@given(x=normals(2, 3), y=normals(2, 3))
def test_log_add_exp_has_the_gradient_of_softmax(log_add_exp, x, y):
    """Its gradient is softmax([x, y]), 1/2 each where they are equal, and (0, 1) if the first is -inf."""
    x = torch.cat([x, y, torch.full((1, 3), -math.inf)])
    y = torch.cat([y, y, y[:1]])
    expected = torch.as_tensor(special.softmax(torch.stack([x, y]), axis=0))
    inputs = x.requires_grad_(), y.requires_grad_()
    value = log_add_exp(*inputs)
    gradient = torch.stack(torch.autograd.grad(value.sum(), inputs)).to(value.dtype)
    assert_close(gradient, expected, 1 + expected)


@given(transitions=simplex(3, 4, 4, least=1), x_t=indices(4, 2, 5), x_0=indices(4, 2, 5))
def test_categorical_posterior_equals_bayes_rule_over_paths(categorical_posterior, transitions, x_t, x_0):
    """q(x_s | x_t, x_0) is the share of the paths from x_0 to x_t that pass through x_s."""
    pairs = every_path(transitions).sum(2)
    between = every_path(transitions[1:]).sum(1)
    assert_close(categorical_posterior(x_t, x_0, between, transitions[0]), posteriors(pairs)[x_t, x_0])


@given(transition=simplex(4, 4, least=1), x_t=indices(4, 2, 5), x_0=indices(4, 2, 5))
def test_categorical_posterior_reduces_to_x_0_at_the_data(categorical_posterior, transition, x_t, x_0):
    """Before the first step the state is the data."""
    assert_close(categorical_posterior(x_t, x_0, transition, IDENTITY), IDENTITY[x_0])


@given(keep=levels(2, 1, 1))
def test_categorical_posterior_stays_where_nothing_is_masked(categorical_posterior, keep):
    """A token at t was there at s; MASK at t was MASK at s with odds of 1 - keep_s to keep_s (1 - step)."""
    keep_s, step = keep
    x_t, x_0 = torch.tensor([0, 1, 2, 3, 3, 3]), torch.tensor([0, 1, 2, 0, 2, 3])
    masked = (1 - keep_s) / (1 - keep_s * step) * IDENTITY[3]
    token = keep_s * (1 - step) / (1 - keep_s * step) * IDENTITY
    expected = torch.cat([IDENTITY[:3], masked + token[:1], masked + token[2:3], IDENTITY[3:]])
    assert_close(categorical_posterior(x_t, x_0, absorbing(step), absorbing(keep_s)), expected)


@given(keep=levels(2, 1, 1), token=st.integers(0, 2))
def test_categorical_posterior_makes_nothing_up(
    categorical_posterior, reverse_from_joint, reverse_from_mixture, keep, token
):
    """Data that is MASK was MASK at s; where a token is seen at t there is no such data, and no probability either."""
    matrices = absorbing(keep[0]), absorbing(keep[1])
    x_t, x_0 = torch.tensor([3, token]), torch.tensor([3, 3])
    answers = [
        categorical_posterior(x_t, x_0, *matrices),
        reverse_from_joint(x_t, IDENTITY[x_0], *matrices),
        reverse_from_mixture(x_t, IDENTITY[x_0], *matrices),
    ]
    assert_close(torch.stack(answers)[:, 0], IDENTITY[3])
    assert_equal(torch.stack(answers)[:, 1] > 0, torch.zeros(3, 4, dtype=torch.bool))


@given(transitions=LAZY, data=simplex(4, least=1), x_t=indices(4, 2, 5))
def test_reverse_from_joint_is_exact_for_the_distribution_of_data(reverse_from_joint, transitions, data, x_t):
    """With the distribution of the data it is q(x_s | x_t), the share of all paths to x_t that pass through x_s."""
    pairs = (data[:, None, None, None] * every_path(transitions)).sum((0, 2))
    expected = (pairs / pairs.sum(0))[:, x_t].movedim(0, -1)
    probabilities = data.expand(2, 5, 4)
    assert_close(reverse_from_joint(x_t, probabilities, every_path(transitions[1:]).sum(1), transitions[0]), expected)


@given(transitions=LAZY, data=simplex(4, least=1), x_t=indices(4, 2, 5))
def test_reverse_from_mixture_is_exact_for_the_true_posterior(reverse_from_mixture, transitions, data, x_t):
    """With q(x_0 | x_t) it is q(x_s | x_t), the share of all paths to x_t that pass through x_s."""
    paths = data[:, None, None, None] * every_path(transitions)
    pairs, ends = paths.sum((0, 2)), paths.sum((1, 2))
    expected = (pairs / pairs.sum(0))[:, x_t].movedim(0, -1)
    probabilities = (ends / ends.sum(0))[:, x_t].movedim(0, -1)
    assert_close(reverse_from_mixture(x_t, probabilities, every_path(transitions[1:]).sum(1), transitions[0]), expected)


@given(transitions=LAZY, probabilities=simplex(2, 5, 4, least=1), x_t=indices(4, 2, 5))
def test_reverse_from_mixture_equals_mean_of_posteriors(reverse_from_mixture, transitions, probabilities, x_t):
    """It is the mean of q(x_s | x_t, x_0) over the x_0 that can reach x_t, by their probabilities among themselves."""
    expected = mixture(every_path(transitions).sum(2), probabilities, x_t)
    between = every_path(transitions[1:]).sum(1)
    assert_close(reverse_from_mixture(x_t, probabilities, between, transitions[0]), expected)


@given(
    transitions=simplex(3, 4, 4, least=1),
    probabilities=simplex(2, 5, 4, least=1),
    x_t=indices(3, 2, 5),
    x_0=indices(4, 2, 5),
)
def test_reverse_from_mixture_depends_on_ratios_alone(
    reverse_from_mixture, reverse_from_joint, categorical_posterior, transitions, probabilities, x_t, x_0
):
    """Where every class reaches x_t 2^60 times more rarely than before, x_s has the same distribution as before."""
    pairs = every_path(transitions).sum(2)
    joint = (probabilities[..., None] * pairs.permute(2, 0, 1)[x_t]).sum(-2)
    between = every_path(transitions[1:]).sum(1)
    rarely = torch.cat([between[:, :3] * 2.0**-60, torch.ones(4, 1, dtype=torch.float64)], 1)
    matrices = rarely, transitions[0]
    # Logarithms around -60 log 2 are rounded by so much more.
    for observed, expected in (
        (reverse_from_mixture(x_t, probabilities, *matrices), mixture(pairs, probabilities, x_t)),
        (reverse_from_joint(x_t, probabilities, *matrices), joint / joint.sum(-1, keepdim=True)),
        (categorical_posterior(x_t, x_0, *matrices), posteriors(pairs)[x_t, x_0]),
    ):
        assert_close(observed, expected, 60 * expected)


@given(keep=levels(2, 1, 1), tokens=simplex(3, least=1))
def test_reverse_from_joint_equals_mixture_for_masked_chains(reverse_from_joint, reverse_from_mixture, keep, tokens):
    """From MASK, not in the data, token i gets its p_i of what is unmasked, as is due to it; a token stays for sure."""
    keep_s, step = keep
    probabilities = torch.cat([tokens, torch.zeros(1)])
    unmasked = keep_s * (1 - step) * probabilities + (1 - keep_s) * IDENTITY[3]
    expected = torch.cat([IDENTITY[:3], unmasked / (1 - keep_s * step)])
    arguments = torch.arange(4), probabilities.expand(4, 4), absorbing(step), absorbing(keep_s)
    assert_close(reverse_from_joint(*arguments), expected)
    assert_close(reverse_from_mixture(*arguments), expected)


@pytest.mark.autograd
@given(keep=levels(2, 1, 1), tokens=simplex(4, least=1))
def test_reverse_from_mixture_has_finite_gradient(reverse_from_mixture, keep, tokens):
    """From MASK, token 0 gets p_0 / sum_i p_i of what is unmasked, and what cannot reach x_t has a gradient of 0."""
    inputs = tokens.expand(2, 4).clone().requires_grad_()
    reverse = reverse_from_mixture(torch.tensor([0, 3]), inputs, absorbing(keep[1]), absorbing(keep[0]))
    (gradient,) = torch.autograd.grad(reverse[:, 0].sum(), inputs)
    unmasked = (keep[0] * (1 - keep[1]) / (1 - keep[0] * keep[1])).flatten()
    expected = torch.stack([torch.zeros(4), unmasked * (IDENTITY[0] - tokens[0])])
    assert_close(gradient.to(reverse.dtype), expected, 1 / tokens[0])


@given(
    logits=normals(2, 5, 4) | dyadics(-4096, 4096, 2, 5, 4, grid=1),
    x_0=indices(4, 2, 5),
    constant=dyadics(-(2**22), 2**22, 2, 5, 1),
)
def test_auxiliary_cross_entropy_equals_log_of_softmax(auxiliary_cross_entropy, logits, x_0, constant):
    """It is -log softmax(logits)[x_0], whatever is added to all logits, and so never negative."""
    expected = -special.log_softmax(logits, axis=-1)
    wanted = torch.as_tensor(expected).gather(-1, x_0[..., None])[..., 0]
    size = 4 + logits.abs().amax(-1) + constant[..., 0].abs()
    assert_close(auxiliary_cross_entropy(logits + constant, x_0), wanted, size)
    assert_close(auxiliary_cross_entropy((logits + constant)[:1], x_0[:1]), wanted[:1], size[:1])


@pytest.mark.autograd
@given(logits=normals(2, 5, 4), x_0=indices(4, 2, 5))
def test_auxiliary_cross_entropy_has_gradient_of_softmax_less_data(auxiliary_cross_entropy, logits, x_0):
    """The logits are pulled by the predicted probabilities, less 1 at the class of the data."""
    inputs = logits.clone().requires_grad_()
    loss = auxiliary_cross_entropy(inputs, x_0)
    (gradient,) = torch.autograd.grad(loss.sum(), inputs)
    assert_close(gradient.to(loss.dtype), torch.as_tensor(special.softmax(logits, axis=-1)) - IDENTITY[x_0], 8)


@given(transitions=simplex(3, 4, 4), data=simplex(4, least=1))
def test_discrete_variational_bound_is_tight_for_the_exact_reverse(discrete_variational_bound, transitions, data):
    """With q(x_{t-1} | x_t) and q(x_T) for the model, it is -log of the probability of x_0 for every x_0."""
    pairs = [data @ last_step(transitions[: t + 1]).movedim(1, 0) for t in range(3)]
    reverse = torch.stack([(joint / joint.sum(0)).T.nan_to_num(0.25) for joint in pairs])
    x_0 = torch.tensor([2, 0, 3, 1, 2])
    bound = discrete_variational_bound(x_0, transitions, reverse, pairs[-1].sum(0))
    assert_close(bound.terms.sum(0) + bound.prior, -data[x_0].log(), 4 * 2 * LARGEST_LOG)


@given(transitions=simplex(3, 4, 4), reverse=simplex(3, 4, 4, least=1), prior=simplex(4, least=1), x_0=indices(4, 5))
def test_discrete_variational_bound_has_the_mean_divergence_of_every_step(
    discrete_variational_bound, transitions, reverse, prior, x_0
):
    """terms[t - 1] is the mean over x_t of KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)), prior that of x_T."""
    bound = discrete_variational_bound(x_0, transitions, reverse, prior)
    pairs = [last_step(transitions[: t + 1]) for t in range(3)]
    true = torch.stack([posteriors(joint) for joint in pairs])
    divergence = relative_entropy(true, reverse[:, :, None]).mT
    means = (torch.stack(pairs).sum(2) * divergence).sum(-1)
    to_prior = relative_entropy(pairs[-1].sum(1), prior)
    assert_close(bound.terms, means[:, x_0], 2 * LARGEST_LOG)
    assert_close(bound.prior, to_prior[x_0], 2 * LARGEST_LOG)


@pytest.mark.parametrize("missed", [0, 1])
def test_discrete_variational_bound_is_infinite_where_the_model_misses_a_step(discrete_variational_bound, missed):
    """A step that the chain can take and the model cannot costs infinitely much, and the other terms stay finite."""
    even = torch.full((2, 2, 2), 0.5, dtype=torch.float64)
    reverse = torch.stack([even[0], torch.eye(2, dtype=torch.float64)[1 - missed].expand(2, 2)])
    bound = discrete_variational_bound(torch.tensor([0, 1]), even, reverse, even[0, 0])
    assert_close(bound.terms[0], math.log(2))
    assert_equal(bound.terms[1], torch.full((2,), math.inf))
    assert_close(bound.prior, 0, 1)


@pytest.mark.parametrize("t", [0, 1, 2])
@given(
    transitions=LAZY,
    x_0=indices(4, 2, 5),
    uniform=levels(2, 5, 4),
    logits=normals(3, 4, 4),
    coefficient=st.sampled_from([0.0, 0.25, 3.0]),
)
def test_d3pm_loss_adds_bound_and_cross_entropy(d3pm_loss, transitions, x_0, uniform, logits, coefficient, t):
    """For the x_t that it draws it is KL(q(x_s | x_t, x_0) || p(x_s | x_t)) - coefficient log p(x_0 | x_t), summed."""
    calls = []

    def denoiser(x_t, index):
        calls.append((x_t, index))
        return logits[index][x_t]

    loss = d3pm_loss(denoiser, x_0, t, uniform, transitions, coefficient)
    ((x_t, index),) = calls
    assert_equal(index, t)
    pairs = last_step(transitions[: t + 1])
    assert_wins_race(x_t, pairs.sum(1)[x_0], uniform)
    true, seen = posteriors(pairs)[x_t, x_0], logits[t][x_t]
    model = mixture(pairs, torch.as_tensor(special.softmax(seen, axis=-1)), x_t)
    kl = relative_entropy(true, model)
    cross_entropy = -torch.as_tensor(special.log_softmax(seen, axis=-1)).gather(-1, x_0[..., None])[..., 0]
    size = 5 * (2 * LARGEST_LOG + 16) * (1 + coefficient)
    assert_close(loss, (kl + coefficient * cross_entropy).sum(1), size)


@pytest.mark.autograd
@given(
    keep=levels(2, 1, 1),
    x_0=indices(3, 2, 5),
    uniform=levels(2, 5, 4),
    logits=normals(2, 5, 3),
    coefficient=st.sampled_from([0.0, 0.25]),
)
def test_d3pm_loss_has_finite_gradient(d3pm_loss, keep, x_0, uniform, logits, coefficient):
    """Of a masked chain it is softmax less data, times what is unmasked, 0 where a token is seen, + coefficient."""
    inputs, seen = pad(logits, (0, 1), value=-math.inf).requires_grad_(), []

    def denoiser(x_t, _):
        seen.append(x_t)
        return inputs

    loss = d3pm_loss(denoiser, x_0, 1, uniform, absorbing(keep), coefficient)
    (gradient,) = torch.autograd.grad(loss.sum(), inputs)
    unmasked = keep[0] * (1 - keep[1]) / (1 - keep[0] * keep[1]) * (seen[0] == 3)
    error = pad(torch.as_tensor(special.softmax(logits, axis=-1)), (0, 1)) - IDENTITY[x_0]
    assert_close(gradient.to(loss.dtype), (unmasked + coefficient)[..., None] * error, 16)


@pytest.mark.parametrize(("t", "coefficient"), [(-1, 0.5), (2, 0.5), (3, 0.5), (0, -0.25), (1, math.nan)])
def test_d3pm_loss_rejects_what_has_no_loss(d3pm_loss, t, coefficient):
    """A table of two steps has the indices 0 and 1, and the auxiliary loss is never subtracted."""
    transitions, uniform = torch.full((2, 2, 2), 0.5), torch.full((1, 3, 2), 0.5)
    arguments = torch.zeros(1, 3, dtype=torch.int64), t, uniform.double(), transitions.double()
    assert_rejects(d3pm_loss, lambda x_t, _: torch.zeros(*x_t.shape, 2, dtype=torch.float64), *arguments, coefficient)


@pytest.mark.parametrize("absorbing", [0, 1, 3])
@given(logits=normals(2, 5, 4), x_t=indices(4, 2, 5))
def test_substitution_log_probabilities_equals_softmax_without_mask(
    substitution_log_probabilities, logits, x_t, absorbing
):
    """A token stays as it is for sure; MASK becomes every other class by the softmax of their logits alone."""
    others = [token for token in range(4) if token != absorbing]
    predicted = torch.zeros_like(logits)
    predicted[..., others] = torch.as_tensor(special.softmax(logits[..., others], axis=-1))
    expected = torch.where((x_t == absorbing)[..., None], predicted, IDENTITY[x_t])
    assert_close(substitution_log_probabilities(logits, x_t, absorbing).exp(), expected, 16 * expected)


@given(logits=dyadics(-4096, 4096, 2, 4, grid=1), x_t=indices(3, 2))
def test_substitution_log_probabilities_is_finite_in_float16(substitution_log_probabilities, logits, x_t):
    """In float16 every token but MASK has a finite log probability, however large the logits are."""
    logits = logits.half()
    masked = substitution_log_probabilities(logits, torch.full((2,), 3), 3)[:, :3]
    carried = substitution_log_probabilities(logits, x_t, 3).gather(-1, x_t[:, None])
    expected = torch.as_tensor(special.log_softmax(logits[:, :3].double(), axis=-1))
    assert_close(masked, expected, 1 + expected.abs())
    assert_equal(carried, torch.zeros(2, 1, dtype=torch.float16))


@pytest.mark.parametrize("absorbing", [-1, 4, 5])
def test_substitution_log_probabilities_rejects_a_mask_that_is_no_class(substitution_log_probabilities, absorbing):
    """MASK is one of the classes 0 to 3."""
    logits = torch.zeros(2, 4, dtype=torch.float64)
    assert_rejects(substitution_log_probabilities, logits, torch.tensor([0, 3]), absorbing)


@given(x_0=simplex(2, 3, 4), shares=simplex(3, 3, grid=16))
def test_mask_and_replace_marginal_equals_sum_over_paths(mask_and_replace_marginal, x_0, shares):
    """After two and three steps it is where the paths of the chain lead that keeps, masks or replaces each token."""
    transitions = keep_mask_or_replace(shares)
    marginals = every_path(transitions[:2]).sum(1), every_path(transitions).sum((1, 2))
    expected = (x_0[..., None] * torch.stack(marginals)[:, None, :4]).sum(-2)
    levels_t = zip(totals(shares[:2]), totals(shares), strict=True)
    keep_bar, mask_bar = (torch.stack(pair) for pair in levels_t)
    assert_close(mask_and_replace_marginal(x_0, keep_bar, mask_bar), expected, 1)


@pytest.mark.parametrize("s", [1, 2])
@given(shares=simplex(2, 3, 3, least=1, grid=16), probabilities=simplex(2, 5, 4, least=1), x_t=indices(5, 2, 5))
def test_mask_and_replace_reverse_equals_bayes_rule_over_paths(mask_and_replace_reverse, shares, probabilities, x_t, s):
    """It is the mean of q(x_s | x_t, x_0), each the share of the paths from x_0 to x_t that pass through x_s.

    Each sample may have a chain of its own.
    """
    pairs = [every_path(keep_mask_or_replace(chain)).sum(3 - s)[:4] for chain in shares]
    levels_s, levels = totals(shares[:, :s]), totals(shares[:, s:])
    expected = torch.stack([mixture(*sample) for sample in zip(pairs, probabilities, x_t, strict=True)])
    assert_close(mask_and_replace_reverse(x_t, probabilities, *levels, *levels_s), expected)


@given(shares=simplex(2, 3, least=1), weights=simplex(3, least=1), seen=st.sampled_from([0, 4097, 8190, 8191, 8192]))
def test_mask_and_replace_reverse_equals_mean_of_posteriors_for_8192_tokens(
    mask_and_replace_reverse, shares, weights, seen
):
    """Bayes' rule for three of many tokens gives each of the 8192, however rare it is, and MASK its share of 1."""
    data, every = torch.tensor([0, 4096, 8191]), torch.arange(8193)
    (keep_s, mask_s, replace_s), (keep, mask, replace) = shares
    prior = keep_s * (data[:, None] == every) + replace_s / 8192
    prior[:, 8192] = mask_s
    likelihood = keep * (every == seen) + replace / 8192 if seen < 8192 else mask.repeat(8193)
    likelihood[8192] = float(seen == 8192)
    joint = prior * likelihood
    expected = weights @ (joint / joint.sum(1, keepdim=True))
    probabilities = torch.zeros(1, 8192, dtype=torch.float64)
    probabilities[:, data] = weights
    reverse = mask_and_replace_reverse(torch.tensor([seen]), probabilities, *totals(shares[1:]), *totals(shares[:1]))
    assert_close(reverse[0], expected)
    assert_close(reverse.sum(1), 1)


@given(shares=simplex(2, 3, least=1), tokens=simplex(4, least=1))
def test_mask_and_replace_reverse_reduces_to_x_0_at_the_data(mask_and_replace_reverse, shares, tokens):
    """Before the first step the state is the data, for x_t replaced or MASK, and nothing of it is MASK."""
    levels, data = totals(shares[:1]), totals(shares[:0])
    reverse = mask_and_replace_reverse(torch.arange(5), tokens.expand(5, 4), *levels, *data)
    assert_close(reverse, torch.cat([tokens, torch.zeros(1)]))


@given(keep=levels(2, 1, 1), tokens=simplex(3, least=1))
def test_mask_and_replace_reverse_makes_nothing_up(mask_and_replace_reverse, keep, tokens):
    """Without replacement a token stays, MASK becomes token i by its p_i, and the impossible has no probability."""
    keep_s, step = keep
    unmasked = torch.cat([keep_s * (1 - step) * tokens, 1 - keep_s], 1) / (1 - keep_s * step)
    masking = step, 1 - step, keep_s, 1 - keep_s
    possible = mask_and_replace_reverse(torch.arange(4), tokens.expand(4, 3), *masking)
    assert_close(possible, torch.cat([IDENTITY[:3], unmasked]))
    one, none = torch.ones_like(step), torch.zeros_like(step)
    other = mask_and_replace_reverse(torch.tensor([1]), IDENTITY[:1, :3], *masking)
    never_masked = mask_and_replace_reverse(torch.tensor([3]), tokens[None], one, none, one, none)
    assert_equal(torch.cat([other, never_masked]) > 0, torch.zeros(2, 4, dtype=torch.bool))


@pytest.mark.autograd
@given(keep=levels(2, 1, 1), tokens=simplex(3, least=1))
def test_mask_and_replace_reverse_has_finite_gradient(mask_and_replace_reverse, keep, tokens):
    """From MASK, token 0 gets p_0 / sum_i p_i of what is unmasked, and what cannot reach x_t has a gradient of 0."""
    keep_s, step = keep
    inputs = tokens.expand(2, 3).clone().requires_grad_()
    reverse = mask_and_replace_reverse(torch.tensor([0, 3]), inputs, step, 1 - step, keep_s, 1 - keep_s)
    (gradient,) = torch.autograd.grad(reverse[:, 0].sum(), inputs)
    unmasked = (keep_s * (1 - step) / (1 - keep_s * step)).flatten()
    expected = torch.stack([torch.zeros(3), unmasked * (IDENTITY[0, :3] - tokens[0])])
    assert_close(gradient.to(reverse.dtype), expected, 1 / tokens[0])


@given(transitions=LAZY, x_T=indices(4, 2, 5), uniform=levels(3, 2, 5, 4), logits=normals(3, 4, 4))
def test_discrete_sample_goes_back_one_step_at_a_time(discrete_sample, transitions, x_T, uniform, logits):
    """For t = T-1..0 the class wins the race of uniform[t] among p(x_s | x_t), with noise at the last step too."""
    calls = []

    def denoiser(x_t, index):
        calls.append((x_t, index))
        return logits[index][x_t]

    x_0 = discrete_sample(denoiser, x_T, uniform, transitions)
    states = [x_t for x_t, _ in calls] + [x_0]
    assert_equal([index for _, index in calls], [2, 1, 0])
    assert_equal(states[0], x_T)
    for t, x_t, x_s in zip([2, 1, 0], states, states[1:], strict=False):
        predicted = torch.as_tensor(special.softmax(logits[t][x_t], axis=-1))
        assert_wins_race(x_s, mixture(last_step(transitions[: t + 1]), predicted, x_t), uniform[t])


@given(transitions=LAZY, x_0=indices(4, 2, 5), uniform=levels(3, 2, 5, 4))
def test_discrete_sample_recovers_what_the_denoiser_knows(discrete_sample, transitions, x_0, uniform):
    """From a state that the data can reach, a denoiser that is certain of the data leads to it, whatever the noise."""
    assert_equal(discrete_sample(lambda x_t, t: IDENTITY[x_0].log(), x_0, uniform, transitions), x_0)
