"""Laws of `reference.training.losses`."""

import math
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects, assert_rejects_index
from properties.strategies import dyadics, indices, masks, normals, numbers, simplex, unit

KEPT = masks(2, 3) | st.integers(0, 6).map(lambda place: torch.arange(6).reshape(2, 3) == place)
LABELS = indices(6, 2, 3).map(lambda drawn: torch.where(drawn == 5, -100, drawn))
SHIFTS = st.sampled_from([-1000, 0, 1000])
FAR_APART = numbers(-1000, 0, 24, 1000)
GAMMAS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0])


def probabilities(rows):
    """The softmax of each row, with fifty digits."""
    with mpmath.workdps(50):
        weights = [[mpmath.exp(logit) for logit in row] for row in rows.tolist()]
        return [[weight / mpmath.fsum(row) for weight in row] for row in weights]


def two_chances(logits):
    """Probabilities of positive and of negative, each the share of its exponential, for every logit."""
    return [probabilities(torch.stack([logit, 0 * logit])[None])[0] for logit in logits.flatten()]


def focal(p, miss, gamma):
    """-miss^gamma log p, and its slope in the log odds of p."""
    with mpmath.workdps(50):
        loss = -(miss**gamma) * mpmath.log(p)
        return float(loss), float(-(miss ** (gamma + 1)) + gamma * miss**gamma * p * mpmath.log(p))


def smoothed(labels, classes, smoothing, spread_over):
    """Each label with what is left of it, and the rest spread over that many classes, as one row per label."""
    rows = torch.full((len(labels), classes), smoothing / spread_over, dtype=torch.float64)
    rows[range(len(labels)), labels] = 1 - smoothing + (smoothing / spread_over if spread_over == classes else 0)
    return rows


def cross_entropies(target, logits):
    """H(q, p) = H(q) + KL(q || p) of each row, with p the softmax of the logits."""
    p = special.softmax(logits.numpy(), -1)
    return torch.as_tensor(special.entr(target.numpy()) + special.rel_entr(target.numpy(), p)).sum(-1)


@given(logits=normals(2, 5), target=indices(5, 2), shift=SHIFTS, ahead=SHIFTS)
def test_softmax_log_loss_equals_surprisal(softmax_log_loss, logits, target, shift, ahead):
    """It is -log(exp(a_k) / sum_n exp(a_n)), whatever is added to all logits."""
    logits[:, 3] += ahead
    p = probabilities(logits)
    expected = [float(-mpmath.log(row[k])) for row, k in zip(p, target.tolist(), strict=True)]
    size = 16 + abs(shift) + abs(ahead)
    assert_close(softmax_log_loss((logits + shift)[None], target[None])[0], expected, size)
    assert_close(softmax_log_loss(logits[0] + shift, target[0]), expected[0], size)
    assert_close(softmax_log_loss(logits[:, :1] + shift, 0 * target), [0.0, 0.0], size)


@given(logits=normals(2, 5), target=indices(5, 2), shift=SHIFTS)
def test_softmax_log_loss_gradient_equals_excess_probability(softmax_log_loss_gradient, logits, target, shift):
    """It is p - onehot, whatever is added to all logits: as much less for the target as more for the others."""
    logits[:, 3] += 24
    p = torch.tensor([[float(value) for value in row] for row in probabilities(logits)], dtype=torch.float64)
    expected = p - torch.eye(5, dtype=torch.float64)[target]
    gradient = softmax_log_loss_gradient((logits + shift)[None], target[None])[0]
    assert_close(gradient, expected, 16 + abs(shift))
    assert_close(gradient.sum(-1), [0, 0], 1)


@pytest.mark.autograd
@given(logits=normals(2, 5), target=indices(5, 2))
def test_softmax_log_loss_gradient_equals_derivative(softmax_log_loss_gradient, softmax_log_loss, logits, target):
    """The derivative of the loss is the gradient."""
    inputs = logits.clone().requires_grad_()
    (derivative,) = torch.autograd.grad(softmax_log_loss(inputs, target).sum(), inputs)
    gradient = softmax_log_loss_gradient(logits, target)
    assert_close(gradient, derivative, 16)


@given(logits=normals(2, 5), target=simplex(2, 5), shift=SHIFTS)
def test_soft_target_loss_equals_entropy_and_divergence(soft_target_loss, logits, target, shift):
    """It is H(q) + KL(q || p), whatever is added to all logits; a class that q misses may have the logit -inf."""
    logits[:, 3] += 500
    possible = torch.where(target > 0, logits, -math.inf)
    for allowed in (logits, possible):
        expected = cross_entropies(target, allowed)
        assert_close(soft_target_loss((allowed + shift)[None], target[None])[0], expected, 516 + abs(shift))


@given(logits=normals(2, 5), target=simplex(2, 5), place=st.integers(0, 4))
def test_soft_target_loss_is_bounded_by_entropy(soft_target_loss, logits, target, place):
    """No logits have a smaller loss than log q, whose loss is the entropy of q; an impossible class costs infinity."""
    entropy = special.entr(target.numpy()).sum(-1)
    best = soft_target_loss(target.log(), target)
    assert_close(best, entropy, 4)
    assert_at_most(best, soft_target_loss(logits, target), 16)
    logits[:, place] = -math.inf
    assert_equal(soft_target_loss(logits, target).isinf(), target[:, place] > 0)


@pytest.mark.autograd
@given(logits=normals(2, 5), target=simplex(2, 5))
def test_soft_target_loss_has_slope_of_excess_probability(soft_target_loss, logits, target):
    """The slope is p - q in the logits, and the surprisal -log p in q, but 0 in a class that q misses."""
    logits, q = torch.where(target > 0, logits, -math.inf).requires_grad_(), target.clone().requires_grad_()
    loss = soft_target_loss(logits, q)
    slopes = torch.autograd.grad(loss.sum(), [logits, q])
    p = special.softmax(logits.detach().numpy(), -1)
    surprisal = torch.where(target > 0, -torch.as_tensor(p).log(), 0)
    for slope, expected in zip(slopes, (torch.as_tensor(p) - target, surprisal), strict=True):
        assert_close(slope.to(loss.dtype), expected, 16)


@pytest.mark.parametrize("smoothing", [0.0, 0.375, 1.0])
@given(logits=normals(2, 3, 5), labels=LABELS)
def test_label_smoothing_loss_equals_mean_over_smoothed_labels(label_smoothing_loss, logits, labels, smoothing):
    """It is the mean of H(q) + KL(q || p) with q = (1 - s) onehot + s / V; NaN at ignored labels has no influence."""
    learned = labels != -100
    logits[..., 3] += 500
    target = smoothed(labels[learned], 5, smoothing, 5)
    expected = cross_entropies(target, logits[learned]).sum() / max(len(target), 1)
    loss = label_smoothing_loss(torch.where(learned[..., None], logits + 1000, math.nan), labels, smoothing)
    assert_close(loss, expected, 1516)


@pytest.mark.parametrize(("classes", "smoothing"), [(7, 0.125), (2, 0.5), (3, 0.875)])
def test_label_smoothing_loss_is_least_at_log_of_target(label_smoothing_loss, classes, smoothing):
    """The least loss is the entropy of q, where the label leads by log((1 - s + s / V) / (s / V))."""
    share = smoothing / classes
    gap = math.log((1 - smoothing + share) / share)
    entropy = special.entr([1 - smoothing + share, *[share] * (classes - 1)]).sum()
    losses = [
        label_smoothing_loss(numbers(lead, *[0] * (classes - 1))[None], torch.tensor([0]), smoothing)
        for lead in (gap - 0.5, gap, gap + 0.5)
    ]
    assert_close(losses[1], entropy, 1 + gap)
    assert min(losses[0], losses[2]) > losses[1]


@pytest.mark.autograd
@given(logits=normals(2, 3, 5), labels=LABELS)
def test_label_smoothing_loss_has_slope_of_excess_probability(label_smoothing_loss, logits, labels):
    """With n labels the slope is (p - q) / n; positions without one have none, whatever is there."""
    learned = labels != -100
    inputs = torch.where(learned[..., None], logits, math.nan).requires_grad_()
    loss = label_smoothing_loss(inputs, labels, 0.375)
    (slope,) = torch.autograd.grad(loss, inputs)
    expected = torch.zeros_like(logits)
    excess = torch.as_tensor(special.softmax(logits[learned].numpy(), -1)) - smoothed(labels[learned], 5, 0.375, 5)
    expected[learned] = excess / max(len(excess), 1)
    assert_close(slope.to(loss.dtype), expected, 16 * learned[..., None])


@given(logits=normals(2, 3, 5))
def test_label_smoothing_loss_of_nothing_to_learn_is_zero(label_smoothing_loss, logits):
    """Where all labels are -100, or there is one class, the loss is 0; one other label alone has its own loss."""
    labels = torch.full((2, 3), -100)
    assert_equal(label_smoothing_loss(logits, labels, 0.375), torch.zeros(()))
    labels[1, 0] = 2
    expected = cross_entropies(smoothed([2], 5, 0.375, 5), logits[1, 0])[0]
    assert_close(label_smoothing_loss(logits, labels, 0.375), expected, 16)
    assert_equal(label_smoothing_loss(logits[..., :1], labels.clamp(max=0), 0.375), torch.zeros(()))


@pytest.mark.parametrize("smoothing", [-0.125, 1.125, math.nan])
def test_label_smoothing_loss_rejects_other_shares(label_smoothing_loss, smoothing):
    """The share is between 0 and 1."""
    assert_rejects(label_smoothing_loss, torch.zeros(3, 5, dtype=torch.float64), torch.tensor([0, 4, 1]), smoothing)


@pytest.mark.parametrize("label", [-101, -99, -1, 5])
def test_label_smoothing_loss_rejects_other_labels(label_smoothing_loss, label_smoothing_loss_over_others, label):
    """Labels are -100 or one of the five classes."""
    logits = torch.zeros(3, 5, dtype=torch.float64)
    for loss in (label_smoothing_loss, label_smoothing_loss_over_others):
        assert_rejects_index(loss, logits, torch.tensor([0, label, 4]), 0.25)


@pytest.mark.parametrize(("classes", "smoothing"), [(5, 0.0), (5, 0.375), (5, 0.8), (2, 0.25)])
@given(logits=normals(2, 3, 5), labels=indices(10, 2, 3))
def test_label_smoothing_loss_over_others_spares_the_label(
    label_smoothing_loss_over_others, logits, labels, classes, smoothing
):
    """It is the mean of H(q) + KL(q || p) where q is 1 - s for the label and s / (V - 1) for each other class; 0
    if all labels are ignored, and NaN at those has no influence.
    """
    logits, labels = logits[..., :classes], labels % classes
    labels[1, 0] = -100
    learned = labels != -100
    logits[..., 1] += 500
    expected = cross_entropies(smoothed(labels[learned], classes, smoothing, classes - 1), logits[learned]).mean()
    kept = torch.where(learned[..., None], logits + 1000, math.nan)
    assert_close(label_smoothing_loss_over_others(kept, labels, smoothing), expected, 1516)
    assert_equal(label_smoothing_loss_over_others(kept[1:, :1], labels[1:, :1], smoothing), torch.zeros(()))


@pytest.mark.parametrize(("classes", "smoothing"), [(5, -0.125), (5, 0.8125), (5, math.nan), (2, 0.625), (1, 0.0)])
def test_label_smoothing_loss_over_others_rejects_other_shares(label_smoothing_loss_over_others, classes, smoothing):
    """Another class exists, and none is likelier than the label."""
    logits = torch.zeros(3, classes, dtype=torch.float64)
    assert_rejects(label_smoothing_loss_over_others, logits, torch.zeros(3, dtype=torch.int64), smoothing)


@pytest.mark.parametrize("given_weight", [(), (0.125,), (3.0,)])
@given(logits=normals(2, 4), target=unit(2, 4))
def test_sigmoid_log_loss_equals_weighted_surprisal(sigmoid_log_loss, logits, target, given_weight):
    """It is -w y log p - (1 - y) log(1 - p) with p / (1 - p) = exp(a), finite for every a; w is 1 if not given."""
    target[0, 0], weight, logits = 1, *(given_weight or (1,)), logits + FAR_APART
    with mpmath.workdps(50):
        expected = [
            float(-weight * y * mpmath.log(positive) - (1 - y) * mpmath.log(negative))
            for y, (positive, negative) in zip(target.flatten().tolist(), two_chances(logits), strict=True)
        ]
    loss = sigmoid_log_loss(logits, target, *given_weight)
    assert_close(loss, numbers(*expected).reshape(2, 4), (1 + weight) * (1 + logits.abs()))


@given(size=normals(2, 4).map(lambda size: 8 * size.abs()))
def test_sigmoid_log_loss_keeps_its_digits_where_it_is_small(sigmoid_log_loss, size):
    """On the right side of 0 the loss of a label is log(1 + exp(-|a|)), off by roundings of |a| and of itself only."""
    with mpmath.workdps(50):
        expected = numbers(*[float(mpmath.log1p(mpmath.exp(-a))) for a in size.flatten().tolist()]).reshape(2, 4)
    for label, sign in ((0, -1), (1, 1)):
        loss = sigmoid_log_loss(sign * size, torch.full((2, 4), label, dtype=torch.float64))
        assert_close(loss, expected, expected * (1 + size))


@pytest.mark.autograd
@given(logits=normals(2, 4), target=unit(2, 4))
def test_sigmoid_log_loss_has_slope_of_excess_probability(sigmoid_log_loss, logits, target):
    """The slope is p - y, and with a weight of 3 that of three positives y and one negative 1 - y."""
    logits = (logits + FAR_APART).requires_grad_()
    p = torch.as_tensor(special.expit(logits.detach().numpy()))
    for weight, expected in ((1.0, p - target), (3.0, 3 * target * (p - 1) + (1 - target) * p)):
        loss = sigmoid_log_loss(logits, target, weight)
        (slope,) = torch.autograd.grad(loss.sum(), logits)
        assert_close(slope.to(loss.dtype), expected, 4)


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan])
def test_sigmoid_log_loss_rejects_other_weights(sigmoid_log_loss, weight):
    """Positives count for something."""
    assert_rejects(sigmoid_log_loss, torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64), weight)


@given(logits=normals(2, 4), positive=masks(2, 4), gamma=GAMMAS, alpha=st.sampled_from([0.0, 0.375, 1.0]))
def test_sigmoid_focal_loss_equals_weighted_surprisal(sigmoid_focal_loss, logits, positive, gamma, alpha):
    """It is -alpha_t (1 - p_t)^gamma log p_t, by fifty digits, finite for every logit."""
    logits, expected = logits + FAR_APART, []
    for is_positive, (p, miss) in zip(positive.flatten().tolist(), two_chances(logits), strict=True):
        expected.append(alpha * focal(p, miss, gamma)[0] if is_positive else (1 - alpha) * focal(miss, p, gamma)[0])
    expected = numbers(*expected).reshape(2, 4)
    loss = sigmoid_focal_loss(logits, positive, alpha, gamma)
    assert_close(loss, expected, expected * (1 + gamma * (1 + logits.abs())))


@given(logits=normals(2, 3), positive=masks(2, 3), gamma=GAMMAS, more=st.sampled_from([0.0, 0.5, 3.0]))
def test_sigmoid_focal_loss_is_bounded_by_cross_entropy(sigmoid_focal_loss, logits, positive, gamma, more):
    """alpha and 1 - alpha add up to the loss without them, which falls as gamma grows from that of cross-entropy."""
    low, high = (sigmoid_focal_loss(logits, positive, alpha, gamma) for alpha in (0.25, 0.75))
    surprisal = special.log1p(torch.where(positive, -logits, logits).exp().numpy())
    assert_at_most(low + high, surprisal, (1 + 5 * gamma) * surprisal)
    assert_at_most(sigmoid_focal_loss(logits, positive, 0.25, gamma + more), low, (1 + 5 * (gamma + more)) * low)
    assert_close(sigmoid_focal_loss(-logits, ~positive, 0.75, gamma), low)
    assert_close(sigmoid_focal_loss(logits, positive, 0.5, 0.0), surprisal / 2)


@pytest.mark.autograd
@given(logits=normals(4), gamma=GAMMAS)
def test_sigmoid_focal_loss_has_finite_slope(sigmoid_focal_loss, logits, gamma):
    """The slope of a positive is alpha (1 - p)^gamma (gamma p log p - 1 + p), which no logit and no gamma makes NaN."""
    inputs = (logits + FAR_APART).requires_grad_()
    loss = sigmoid_focal_loss(inputs, torch.tensor([True] * 4), 0.25, gamma)
    (slope,) = torch.autograd.grad(loss.sum(), inputs)
    size = (1 + gamma) * (1 + gamma * (1 + inputs.abs()))
    assert_close(slope.to(loss.dtype), [focal(*pair, gamma)[1] / 4 for pair in two_chances(inputs.detach())], size)


@pytest.mark.parametrize(
    ("alpha", "gamma"), [(-0.25, 2.0), (1.25, 2.0), (math.nan, 2.0), (0.25, -0.5), (0.25, math.nan)]
)
def test_sigmoid_focal_loss_rejects_other_parameters(sigmoid_focal_loss, alpha, gamma):
    """alpha is a share, and hard samples do not count less than easy ones."""
    assert_rejects(sigmoid_focal_loss, torch.zeros(3, dtype=torch.float64), torch.tensor([True] * 3), alpha, gamma)


@given(logits=normals(2, 5), target=indices(5, 2), weights=dyadics(1, 16, 5, grid=8), shift=SHIFTS, gamma=GAMMAS)
def test_softmax_focal_loss_equals_weighted_surprisal(softmax_focal_loss, logits, target, weights, shift, gamma):
    """It is -w_k (1 - p_k)^gamma log p_k, by fifty digits, also where a class is 1000 ahead or behind."""
    logits[:, 3] += shift
    rows = [(row[k], mpmath.fsum(row[:k] + row[k + 1 :])) for row, k in zip(probabilities(logits), target, strict=True)]
    losses = numbers(*(focal(p, miss, gamma)[0] for p, miss in rows))
    factors = numbers(*(float(miss**gamma) for _, miss in rows))
    loss = softmax_focal_loss(logits[None], target[None], weights, gamma)[0]
    assert_close(loss, weights[target] * losses, weights[target] * (16 + abs(shift)) * (factors + gamma * losses))


@given(logits=normals(3), positive=masks(3), gamma=GAMMAS)
def test_softmax_focal_loss_reduces_to_sigmoid_at_two_classes(
    softmax_focal_loss, sigmoid_focal_loss, logits, positive, gamma
):
    """Of logits a and 0 it is the binary loss of a, with weights alpha and 1 - alpha."""
    pairs, target = torch.stack([logits, 0 * logits], -1), (~positive).long()
    chances = zip(positive.tolist(), two_chances(logits), strict=True)
    expected = [focal(p, q, gamma)[0] / 4 if first else focal(q, p, gamma)[0] * 3 / 4 for first, (p, q) in chances]
    assert_close(softmax_focal_loss(pairs, target, numbers(0.25, 0.75), gamma), expected, 16 * (1 + gamma))
    assert_close(sigmoid_focal_loss(logits, positive, 0.25, gamma), expected, 16 * (1 + gamma))


@pytest.mark.autograd
@given(logits=normals(3, 5), gamma=GAMMAS)
def test_softmax_focal_loss_has_finite_slope(softmax_focal_loss, logits, gamma):
    """The target's slope is that of one against the rest, the others share what it gains, and nothing is NaN."""
    ahead = numbers(1000, 1000, 0)
    logits[:, 3] += ahead
    inputs, target = logits.clone().requires_grad_(), torch.tensor([3, 1, 3])
    loss = softmax_focal_loss(inputs, target, torch.ones(5, dtype=torch.float64), gamma)
    (slope,) = torch.autograd.grad(loss.sum(), inputs)
    p = probabilities(logits)
    rows = [(row[k], mpmath.fsum(row[:k] + row[k + 1 :])) for row, k in zip(p, target.tolist(), strict=True)]
    expected = numbers(*(focal(p, miss, gamma)[1] for p, miss in rows))
    size = (16 + ahead) * (1 + gamma) ** 2
    assert_close(slope[range(3), target].to(loss.dtype), expected, size)
    assert_close(slope.sum(-1).to(loss.dtype), [0, 0, 0], size)


@pytest.mark.parametrize(("classes", "gamma"), [(5, -0.5), (5, math.nan), (1, 2.0)])
def test_softmax_focal_loss_rejects_other_parameters(softmax_focal_loss, classes, gamma):
    """There is something to miss, and hard samples do not count less than easy ones."""
    logits, target = torch.zeros(3, classes, dtype=torch.float64), torch.zeros(3, dtype=torch.int64)
    assert_rejects(softmax_focal_loss, logits, target, torch.ones(classes, dtype=torch.float64), gamma)


@given(prediction=normals(2, 3), target=normals(2, 3), delta=st.sampled_from([0.125, 1.5, 16.0, 2.0**60]))
def test_huber_loss_equals_envelope_of_absolute_value(huber_loss, prediction, target, delta):
    """It is the least (r - b)^2 / 2 + delta |b| over all b, of which 0, r - delta and r + delta suffice."""
    expected, bound = [], Fraction(delta)
    for r in map(Fraction, (prediction - target).flatten().tolist()):
        expected.append(float(min((r - b) ** 2 / 2 + bound * abs(b) for b in (Fraction(0), r - bound, r + bound))))
    assert_close(huber_loss(prediction, target, delta), numbers(*expected).reshape(2, 3))


@given(prediction=normals(2, 3), target=normals(2, 3), beta=st.sampled_from([0.125, 1.5, 16.0]))
def test_smooth_l1_loss_equals_largest_blunted_slope(smooth_l1_loss, prediction, target, beta):
    """It is the largest u r - beta u^2 / 2 over all slopes u from -1 to 1, of which -1, 1 and r / beta suffice."""
    expected, blunt = [], Fraction(beta)
    for r in map(Fraction, (prediction - target).flatten().tolist()):
        slopes = [Fraction(-1), Fraction(1), *([r / blunt] if abs(r) <= blunt else [])]
        expected.append(float(max(u * r - blunt * u**2 / 2 for u in slopes)))
    assert_close(smooth_l1_loss(prediction, target, beta), numbers(*expected).reshape(2, 3))


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan])
def test_huber_loss_rejects_empty_ranges(huber_loss, smooth_l1_loss, bound):
    """Some errors are small."""
    zeros = torch.zeros(3, dtype=torch.float64)
    assert_rejects(huber_loss, zeros, zeros + 1, bound)
    assert_rejects(smooth_l1_loss, zeros, zeros + 1, bound)


@given(values=normals(2, 3), kept=KEPT)
def test_mean_of_kept_equals_mean_of_what_is_left(mean_of_kept, values, kept):
    """It is the mean of the kept values and 0 of none; NaN elsewhere has no influence, and among the kept all."""
    chosen = [Fraction(value) for value in values[kept].tolist()]
    assert_close(mean_of_kept(torch.where(kept, values, math.nan), kept), float(sum(chosen) / max(len(chosen), 1)), 4)
    assert_equal(mean_of_kept(torch.where(kept, math.nan, values), kept).isnan(), kept.any())


@pytest.mark.autograd
@given(values=normals(2, 3), kept=KEPT)
def test_mean_of_kept_has_equal_slopes(mean_of_kept, values, kept):
    """Each of the n kept values has 1/n of the gradient, and what is left out has none, not even NaN."""
    inputs = torch.where(kept, values, math.nan).requires_grad_()
    observed = mean_of_kept(inputs, kept)
    (slope,) = torch.autograd.grad(observed, inputs)
    assert_close(slope.to(observed.dtype), kept.double() / max(int(kept.sum()), 1))


@pytest.mark.parametrize("first", [(0, 0), (0,), ()])
@given(x=normals(2, 3, 5))
def test_mean_flat_equals_mean_of_each_sample(mean_flat, x, first):
    """It is the exact mean of each sample, however many axes that has, and the mean of all means is that of all."""
    x = x[(slice(None), *first)]
    means = [sum(map(Fraction, row)) / len(row) for row in x.reshape(2, -1).tolist()]
    observed = mean_flat(x)
    assert_close(observed, [float(value) for value in means], 4)
    assert_close(observed.mean(), float(sum(map(Fraction, x.flatten().tolist())) / x.numel()), 4)
    if x.ndim == 3:
        assert_close(mean_flat(x[:, None, :, None]), observed, 4)
        assert_equal(mean_flat(x[:, :0]).isnan().tolist(), [True, True])


@given(values=normals(3, 5), tail=st.integers(1, 5))
def test_mean_and_tail_mean_weigh_head_and_tail(mean_and_tail_mean, values, tail):
    """T times the mean of all is T - tail times that of the head and tail times that of the tail, in exact numbers."""
    rows = [[Fraction(value) for value in row] for row in values.tolist()]
    of_tail = sum(sum(row[::-1][:tail]) for row in rows) / (3 * tail)
    of_head = sum(sum(row[: 5 - tail]) for row in rows) / (3 * max(5 - tail, 1))
    mean, tail_mean = mean_and_tail_mean(values, tail)
    assert_close(tail_mean, float(of_tail), 4)
    assert_close(mean, float(((5 - tail) * of_head + tail * of_tail) / 5), 4)


@pytest.mark.parametrize(("samples", "tail"), [(3, 0), (3, -1), (3, 6), (0, 2)])
def test_mean_and_tail_mean_rejects_empty_tails(mean_and_tail_mean, samples, tail):
    """The tail is some or all of the tokens of some sample."""
    assert_rejects(mean_and_tail_mean, torch.zeros(samples, 5, dtype=torch.float64), tail)
