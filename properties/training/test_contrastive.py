"""Laws of `reference.training.contrastive`."""

import itertools
import math

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, masks, normals, numbers, simplex, steps

VECTORS = dyadics(-16, 16, 3, 5, grid=8)
ITEMS = dyadics(-16, 16, 6, 3, grid=8)
LABELS = indices(3, 6)
LOG_SCALES = dyadics(-16, 56, grid=8)
MARGINS = st.sampled_from([0.0, 0.75, 6.0])
TEMPERATURES = st.sampled_from([2.0**-10, 0.125, 0.75, 2.0])


def distances(first, second):
    """Euclidean distance of each row of the one to its row of the other."""
    return numbers(*map(math.dist, first.tolist(), second.tolist()))


def turned(x):
    """The same motion of every row: coordinates change places and signs, and are moved by eighths."""
    return x.roll(1, -1) * torch.tensor([1, -1, 1, 1, -1])[: x.shape[-1]] + torch.arange(x.shape[-1]) / 8


def triplets(labels):
    """All (anchor, positive, negative)."""
    y = labels.tolist()
    return [t for t in itertools.permutations(range(len(y)), 3) if y[t[0]] == y[t[1]] != y[t[2]]]


def cosines(first, second):
    lengths = [[math.hypot(*row) or 1.0 for row in side.tolist()] for side in (first, second)]
    products = [[math.fsum(a * b for a, b in zip(x, y, strict=True)) for y in second.tolist()] for x in first.tolist()]
    return [
        [z / a / b for z, b in zip(row, lengths[1], strict=True)] for row, a in zip(products, lengths[0], strict=True)
    ]


def surprisal(logits, k):
    """-log of the share of exp(a_k) in the sum of all exp(a), of which exp(max a) is a factor."""
    highest = max(logits)
    return highest - logits[k] + math.log(math.fsum(math.exp(a - highest) for a in logits))


@given(first=VECTORS, second=VECTORS, is_pair=masks(3), margin=MARGINS)
def test_contrastive_loss_equals_square_of_what_is_amiss(contrastive_loss, first, second, is_pair, margin):
    """A pair should have distance 0, others at least m; the loss is the square of what is amiss."""
    lengths = distances(first, second)
    amiss = [d if y else max(0, margin - d) for d, y in zip(lengths.tolist(), is_pair.tolist(), strict=True)]
    expected = torch.tensor(amiss, dtype=torch.float64) ** 2
    loss = contrastive_loss(first[None], second[None], is_pair[None], margin)[0]
    assert_close(loss, expected, (lengths + margin) ** 2)
    assert_close(contrastive_loss(turned(second), turned(first), is_pair, margin), loss, (lengths + margin) ** 2)


@pytest.mark.autograd
@given(first=VECTORS, second=VECTORS, is_pair=masks(3), margin=MARGINS)
def test_contrastive_loss_has_slope_along_the_difference(contrastive_loss, first, second, is_pair, margin):
    """The slope is 2 (x - y) for a pair, else -2 (m - d) (x - y) / d within the margin, and 0, not NaN, at d = 0."""
    first[0] = second[0]
    inputs = first.clone().requires_grad_()
    loss = contrastive_loss(inputs, second, is_pair, margin)
    (slope,) = torch.autograd.grad(loss.sum(), inputs)
    d = distances(first, second)
    factor = torch.where(is_pair, 2, -2 * (margin - d).clamp(min=0) / torch.where(d > 0, d, 1))
    assert_close(slope.to(loss.dtype), factor[:, None] * (first - second), 2 * (d + margin)[:, None])
    assert_close(loss[0], torch.where(is_pair[0], 0, margin**2))


@pytest.mark.parametrize("margin", [0.0, 0.75, 6.0])
@given(anchor=VECTORS, positive=VECTORS, negative=VECTORS)
def test_triplet_loss_equals_lack_of_distance(triplet_loss, anchor, positive, negative, margin):
    """It is what the negative's distance lacks to the positive's and m, which is m itself if those coincide."""
    near, far = distances(anchor, positive), distances(anchor, negative)
    lacks = [max(0, m) for m in (near - far + margin).tolist()]
    loss = triplet_loss(anchor[None], positive[None], negative[None], margin)[0]
    size = near + far + margin
    assert_close(loss, lacks, size)
    assert_close(triplet_loss(turned(anchor), turned(positive), turned(negative), margin), loss, size)
    assert_close(triplet_loss(anchor, negative, negative, margin), margin, far + margin)
    assert_equal(triplet_loss(anchor, anchor, anchor, 0.75), torch.full((3,), 0.75))


@pytest.mark.autograd
@given(anchor=VECTORS, positive=VECTORS, negative=VECTORS)
def test_triplet_loss_has_slopes_of_length_1(triplet_loss, anchor, positive, negative):
    """Within the margin the positive is drawn along a unit vector and the negative driven, or not at all at d = 0."""
    positive[0], negative[1] = anchor[0], anchor[1]
    inputs = [x.clone().requires_grad_() for x in (anchor, positive, negative)]
    loss = triplet_loss(*inputs, 32.0)
    slopes = torch.autograd.grad(loss.sum(), inputs)
    near, far = (x / torch.where(x.any(1), x.norm(dim=1), 1)[:, None] for x in (anchor - positive, anchor - negative))
    for slope, expected in zip(slopes, (near - far, -near, far), strict=True):
        assert_close(slope.to(loss.dtype), expected, 2)


@pytest.mark.parametrize("margin", [-0.125, math.nan])
def test_contrastive_loss_rejects_negative_margins(contrastive_loss, triplet_loss, batch_hard_triplet_loss, margin):
    """A margin is a distance."""
    x, is_pair = steps(3, 5), torch.tensor([True, False, True])
    assert_rejects(contrastive_loss, x, x + 1, is_pair, margin)
    assert_rejects(triplet_loss, x, x + 1, x - 1, margin)
    assert_rejects(batch_hard_triplet_loss, x, torch.tensor([0, 1, 0]), margin)


@given(table=dyadics(0, 9, 6, 6, grid=8), labels=LABELS, unit=st.sampled_from([1, 2**20, 2**40]))
def test_hardest_triplets_are_extreme_among_all_triplets(hardest_triplets, table, labels, unit):
    """Of all triplets of an anchor the positive is the farthest and the negative the nearest, the first of equals."""
    table, labels = unit * table, 256 * labels
    positive, negative, kept = hardest_triplets(table, labels)
    d, of_anchor = table.tolist(), {a: [t for t in triplets(labels) if t[0] == a] for a in range(6)}
    expected = [
        (
            min(of_anchor[a], key=lambda t: (-d[a][t[1]], t[1]))[1],
            min(of_anchor[a], key=lambda t: (d[a][t[2]], t[2]))[2],
        )
        if of_anchor[a]
        else (a, a)
        for a in range(6)
    ]
    assert_equal(list(zip(positive.tolist(), negative.tolist(), strict=True)), expected)
    assert_equal(kept.tolist(), [bool(of_anchor[a]) for a in range(6)])


@given(embeddings=ITEMS, labels=LABELS, margin=MARGINS)
def test_batch_hard_triplet_loss_equals_largest_loss_of_each_anchor(
    batch_hard_triplet_loss, embeddings, labels, margin
):
    """It is the mean over anchors of the largest loss of all their triplets, and 0 if there is no triplet."""
    x, worst = embeddings.tolist(), {}
    for a, p, n in triplets(labels):
        loss = max(0.0, math.dist(x[a], x[p]) - math.dist(x[a], x[n]) + margin)
        worst[a] = max(worst.get(a, 0.0), loss)
    expected = math.fsum(worst.values()) / max(len(worst), 1)
    assert_close(batch_hard_triplet_loss(embeddings, labels, margin), expected, 8 + margin)


@pytest.mark.autograd
@pytest.mark.parametrize(("labels", "expected"), [((0, 0, 1, 1), 0.75), ((0, 0, 1, 2), 0.75), ((0, 0, 0, 0), 0.0)])
def test_batch_hard_triplet_loss_of_one_place_is_the_margin(batch_hard_triplet_loss, labels, expected):
    """Where all items coincide every anchor costs m, without an anchor nothing is lost, and no slope is NaN."""
    inputs = torch.ones(4, 3, dtype=torch.float64).requires_grad_()
    loss = batch_hard_triplet_loss(inputs, torch.tensor(labels), 0.75)
    (slope,) = torch.autograd.grad(loss, inputs)
    assert_equal(loss, torch.tensor(expected))
    assert_equal(slope, torch.zeros(4, 3))


@given(anchors=VECTORS, positives=VECTORS, scale=st.sampled_from([1, 256]))
def test_n_pair_loss_equals_mean_log_of_odds(n_pair_loss, anchors, positives, scale):
    """It is the mean of log(1 + sum_{j != i} exp(f_i . g_j - f_i . g_i)), and finite however large the products."""
    f, g = (scale * anchors).tolist(), positives.tolist()
    z = [[math.fsum(a * b for a, b in zip(x, y, strict=True)) for y in g] for x in f]
    odds = [mpmath.fsum(mpmath.exp(z[i][j] - z[i][i]) for j in range(3) if j != i) for i in range(3)]
    expected = math.fsum(float(mpmath.log1p(odd)) for odd in odds) / 3
    size = 2 + 2 * (scale * anchors.abs() @ positives.abs().T).max()
    assert_close(n_pair_loss(scale * anchors, positives), expected, size)


@pytest.mark.parametrize("pairs", [1, 2, 7])
def test_n_pair_loss_of_equal_products_is_log_of_their_number(n_pair_loss, pairs):
    """Where all products are equal the loss is log N, and 0 for a single pair; there is no loss of no pair."""
    ones = torch.ones(pairs, 3, dtype=torch.float64)
    assert_close(n_pair_loss(ones, 2 * ones), math.log(pairs), 12)
    eye = torch.eye(2, dtype=torch.float64)
    assert_close(n_pair_loss(eye, eye), math.log1p(math.exp(-1)))
    assert_rejects(n_pair_loss, ones[:0], ones[:0])


@given(scores=normals(2, 5), positive=indices(5, 2), temperature=TEMPERATURES, shift=st.sampled_from([-1000, 0, 1000]))
def test_info_nce_loss_equals_surprisal(info_nce_loss, scores, positive, temperature, shift):
    """It is the surprisal of the positive among all candidates by exp(s / tau), whatever is added to all scores."""
    rows = [[z / temperature for z in row] for row in scores.tolist()]
    expected = [surprisal(row, k) for row, k in zip(rows, positive.tolist(), strict=True)]
    loss = info_nce_loss((scores + shift)[None], positive[None], temperature)[0]
    assert_close(loss, expected, 4 + (8 + 2 * abs(shift)) / temperature)


@given(table=normals(2, 3), joint=simplex(6, least=1), trust=st.sampled_from([0, 1]))
def test_info_nce_loss_bounds_mutual_information(info_nce_loss, table, joint, trust):
    """log N less the mean loss, over all draws of a positive and two negatives, is at most I(X; Y), for any scores."""
    joint = joint.reshape(2, 3)
    independent = joint.sum(1, keepdim=True) * joint.sum(0)
    scores = table + trust * (joint / independent).log()
    x, *y = torch.cartesian_prod(torch.arange(2), *[torch.arange(3)] * 3).T
    chance = joint[x, y[1]] * joint.sum(0)[y[0]] * joint.sum(0)[y[2]]
    losses = info_nce_loss(torch.stack([scores[x, k] for k in y], 1), torch.ones_like(x), 1.0)
    bound = math.log(3) - (chance.to(losses.dtype) * losses).sum()
    assert_at_most(bound, special.rel_entr(joint.numpy(), independent.numpy()).sum(), 32)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_info_nce_loss_rejects_other_temperatures(
    info_nce_loss, nt_xent_loss, supervised_contrastive_loss, temperature
):
    """A temperature is above 0."""
    assert_rejects(info_nce_loss, steps(2, 5), torch.tensor([3, 1]), temperature)
    assert_rejects(nt_xent_loss, steps(3, 5), steps(3, 5).flip(0), temperature)
    assert_rejects(supervised_contrastive_loss, steps(3, 5), torch.tensor([0, 1, 0]), temperature)


@given(first=VECTORS, second=VECTORS, log_scale=LOG_SCALES)
def test_clip_loss_equals_mean_surprisal_of_partners(clip_loss, first, second, log_scale):
    """Each of the six vectors is asked for its partner among three, by cosines times exp(log_scale), at most 100."""
    scale = min(math.exp(log_scale.item()), 100)
    rows = [[scale * z for z in row] for row in cosines(first, second)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    expected = math.fsum(surprisal(side[i], i) for side in (rows, columns) for i in range(3)) / 6
    assert_close(clip_loss(first, second, log_scale), expected, 2 + 2 * scale * (1 + abs(log_scale.item())))


@given(
    first=VECTORS, second=VECTORS, log_scale=dyadics(-16, 16, grid=8), factor=st.sampled_from([2.0**-50, 0.125, 4.0])
)
def test_clip_loss_is_invariant_to_towers_order_and_lengths(clip_loss, first, second, log_scale, factor):
    """Swapped towers, pairs in another order and vectors of other lengths change nothing, but other partners do."""
    loss, size = clip_loss(first, second, log_scale), 2 + 6 * math.exp(2)
    assert_close(clip_loss(second.roll(1, 0), factor * first.roll(1, 0), log_scale), loss, size)
    eye = torch.eye(3, 5, dtype=torch.float64)
    own, other = clip_loss(eye, eye, log_scale), clip_loss(eye, eye.roll(1, 0), log_scale)
    assert_close(other - own, log_scale.exp().to(loss.dtype), size)


@pytest.mark.parametrize("pairs", [1, 2, 7])
def test_clip_loss_of_equal_cosines_is_log_of_their_number(clip_loss, pairs):
    """Where nothing tells the partners apart, zero vectors included, the loss is log N, and 0 for a single pair."""
    ones = torch.ones(pairs, 3, dtype=torch.float64)
    log_scale = torch.tensor(2.0, dtype=torch.float64)
    assert_close(clip_loss(ones, 2 * ones, log_scale), math.log(pairs), 2 + 2 * math.exp(2))
    assert_close(clip_loss(ones, 0 * ones, log_scale), math.log(pairs), 2 + 2 * math.exp(2))
    assert_close(
        clip_loss(torch.eye(2, dtype=torch.float64), torch.eye(2, dtype=torch.float64), 0 * log_scale),
        math.log1p(math.exp(-1)),
    )


@pytest.mark.parametrize("log_scale", [4.0, 5.0, 90.0])
def test_clip_loss_bounds_the_scale(clip_loss, log_scale):
    """Two orthogonal pairs with swapped partners cost the scale itself, which is exp(log_scale) up to 100."""
    eye = torch.eye(2, dtype=torch.float64)
    loss = clip_loss(eye, eye.flip(0), torch.tensor(log_scale, dtype=torch.float64))
    assert_close(loss, min(math.exp(log_scale), 100), 100 * (1 + log_scale))


@pytest.mark.autograd
@pytest.mark.parametrize("log_scale", [-1.0, 0.5, 4.0])
def test_clip_loss_has_a_slope_along_the_scale(clip_loss, log_scale):
    """Two orthogonal pairs with swapped partners cost log(1 + e^s) at the scale s = exp(log_scale), so that the slope
    in log_scale is s / (1 + e^-s): the scale is learned.
    """
    eye, learned = torch.eye(2, dtype=torch.float64), torch.tensor(log_scale, dtype=torch.float64).requires_grad_()
    loss = clip_loss(eye, eye.flip(0), learned)
    (slope,) = torch.autograd.grad(loss, learned)
    scale = math.exp(log_scale)
    assert_close(slope.to(loss.dtype), scale / (1 + math.exp(-scale)), 2 * scale * (1 + scale))


def test_clip_loss_rejects_empty_batches(clip_loss):
    """Without pairs there is nothing to find."""
    empty = torch.zeros(0, 3, dtype=torch.float64)
    assert_rejects(clip_loss, empty, empty, torch.tensor(0.0, dtype=torch.float64))


@given(first=VECTORS, second=VECTORS, temperature=TEMPERATURES)
def test_nt_xent_loss_equals_mean_surprisal_of_other_views(nt_xent_loss, first, second, temperature):
    """Each of six views is asked for the other view of its image among the five others, by cosines over tau."""
    views = torch.cat([first, second])
    rows = [[z / temperature for z in row] for row in cosines(views, views)]
    expected = math.fsum(surprisal(rows[i][:i] + rows[i][i + 1 :], (i + 3) % 6 - (i < 3)) for i in range(6)) / 6
    size = 4 + 4 / temperature
    loss = nt_xent_loss(first, second, temperature)
    assert_close(loss, expected, size)
    assert_close(nt_xent_loss(second.roll(1, 0), 2.0**-50 * first.roll(1, 0), temperature), loss, size)


@pytest.mark.parametrize("pairs", [1, 2, 7])
def test_nt_xent_loss_of_equal_cosines_is_log_of_their_number(nt_xent_loss, pairs):
    """Where all cosines are equal the loss is log(2 N - 1), and 0 for a single pair; there is no loss of no pair."""
    ones = torch.ones(pairs, 3, dtype=torch.float64)
    assert_close(nt_xent_loss(ones, 2 * ones, 0.5), math.log(2 * pairs - 1), 8)
    assert_close(nt_xent_loss(0 * ones, 0 * ones, 0.5), math.log(2 * pairs - 1), 4)
    eye = torch.eye(2, dtype=torch.float64)
    assert_close(nt_xent_loss(eye, eye, 0.5), math.log1p(2 * math.exp(-2)), 8)
    assert_rejects(nt_xent_loss, ones[:0], ones[:0], 0.5)


@given(embeddings=ITEMS, labels=LABELS, temperature=TEMPERATURES)
def test_supervised_contrastive_loss_equals_mean_surprisal_of_positives(
    supervised_contrastive_loss, embeddings, labels, temperature
):
    """Each item is asked for every other of its label in turn, among all others; those that have none do not ask."""
    rows, y, means = cosines(embeddings, embeddings), labels.tolist(), []
    for i in range(6):
        others = [k for k in range(6) if k != i]
        logits = [rows[i][k] / temperature for k in others]
        surprisals = [surprisal(logits, place) for place, k in enumerate(others) if y[k] == y[i]]
        means += [math.fsum(surprisals) / len(surprisals)] if surprisals else []
    expected = math.fsum(means) / max(len(means), 1)
    assert_close(supervised_contrastive_loss(embeddings, labels, temperature), expected, 4 + 4 / temperature)


@given(first=VECTORS, second=VECTORS, order=st.permutations(range(6)))
def test_supervised_contrastive_loss_reduces_to_nt_xent_for_pairs(
    supervised_contrastive_loss, nt_xent_loss, first, second, order
):
    """Of two items of each label, in any order, it is the loss of two views; without any two alike it is 0."""
    views, labels = torch.cat([first, second]), torch.tensor([7, -1, 4] * 2)
    loss = supervised_contrastive_loss(2.0**-50 * views[order], 256 * labels[order], 0.75)
    assert_close(loss, nt_xent_loss(first, second, 0.75), 10)
    assert_close(loss, supervised_contrastive_loss(views, labels, 0.75), 10)
    assert_equal(supervised_contrastive_loss(views, torch.arange(6), 0.75), torch.zeros(()))
    eye = torch.eye(2, dtype=torch.float64).repeat(2, 1)
    assert_close(supervised_contrastive_loss(eye, torch.tensor([0, 1] * 2), 0.5), math.log1p(2 * math.exp(-2)), 8)
