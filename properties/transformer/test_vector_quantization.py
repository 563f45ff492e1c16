"""Laws of `reference.transformer.vector_quantization`."""

import itertools
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals

BETAS = st.sampled_from([(), (0.0,), (0.5,), (2.0,)])


def whole(*shape):
    """Small whole numbers, of which distances are exact and often equal."""
    return dyadics(-3, 3, *shape, grid=1)


def squared_cosine(z, code):
    """The cosine of two vectors of whole numbers times its size times |z|^2, 0 for a zero code."""
    z, code = [int(x) for x in z], [int(x) for x in code]
    inner, length = sum(x * y for x, y in zip(z, code, strict=True)), sum(y * y for y in code)
    return Fraction(inner * abs(inner), length) if length else Fraction(0)


@given(z=whole(2, 3, 2), codebook=whole(5, 2))
def test_nearest_code_equals_first_of_all_distances(nearest_code, z, codebook):
    """It is the first code with the smallest sum of squared differences, which whole numbers have exactly.

    Eighths far from 0 have the same order.
    """
    rows = [
        [sum((x - y) ** 2 for x, y in zip(vector, code, strict=True)) for code in codebook.tolist()]
        for vector in z.reshape(-1, 2).tolist()
    ]
    expected = torch.tensor([row.index(min(row)) for row in rows]).reshape(2, 3)
    assert_equal(nearest_code(z, codebook), expected)
    assert_equal(nearest_code(z / 8 + 4096, codebook / 8 + 4096), expected)


@given(z=whole(2, 3, 3), codebook=whole(5, 3))
def test_nearest_code_by_cosine_equals_largest_exact_cosine(nearest_code_by_cosine, z, codebook):
    """No code has a larger cosine, compared as a fraction, however short; and a zero vector gets the first code."""
    z[0, 1] = 0
    chosen = nearest_code_by_cosine(z, codebook / 2**20)
    for vector, index in zip(z.reshape(-1, 3).tolist(), chosen.flatten().tolist(), strict=True):
        cosines = [squared_cosine(vector, code) for code in codebook.tolist()]
        assert_equal(cosines[index], max(cosines))
    assert_equal(chosen[0, 1], 0)


def test_nearest_code_rejects_empty_codebook(nearest_code, nearest_code_by_cosine):
    """Without a code nothing is near; a single one is nearest to everything."""
    z, codes = torch.ones(3, 2, dtype=torch.float64), -torch.ones(1, 2, dtype=torch.float64)
    for nearest in (nearest_code, nearest_code_by_cosine):
        assert_rejects(nearest, z, codes[:0])
        assert_equal(nearest(z, codes), torch.zeros(3))


@pytest.mark.autograd
@given(z=normals(2, 3), quantized=normals(2, 3), pull=normals(2, 3))
def test_straight_through_has_value_of_codes_and_gradient_of_input(straight_through, z, quantized, pull):
    """The value is the quantised one; what pulls at it pulls at z just so, and not at the codes."""
    z, quantized = z.requires_grad_(), quantized.requires_grad_()
    out = straight_through(z, quantized)
    at_z, at_codes = torch.autograd.grad((out * pull).sum(), [z, quantized], materialize_grads=True)
    assert_close(out, quantized, z.abs() + quantized.abs())
    assert_equal(at_z, pull)
    assert_equal(at_codes, torch.zeros(2, 3))


@given(f=normals(2, 3), errors=normals(5, 2, 3), scales=st.sampled_from([5, 1]), given_beta=BETAS)
def test_multiscale_vq_loss_equals_mean_of_both_errors(multiscale_vq_loss, f, errors, scales, given_beta):
    """Its value is 1 + beta, beta being 1/4 unless given, times the mean over scales of the mean squared error."""
    (beta,), errors = given_beta or (0.25,), errors[:scales]
    means = [sum(Fraction(error) ** 2 for error in scale) / 6 for scale in errors.flatten(1).tolist()]
    loss = multiscale_vq_loss(f, f + errors, *given_beta)
    assert_close(loss, (1 + beta) * float(sum(means) / scales), (1 + beta) * (f.abs() + errors.abs()).square().mean())


@pytest.mark.autograd
@given(f=normals(2, 3), errors=normals(5, 2, 3), given_beta=BETAS)
def test_multiscale_vq_loss_weighs_the_pull_on_features_only(multiscale_vq_loss, f, errors, given_beta):
    """Codes are pulled by 2 error / n whatever beta; features by beta times that, summed over scales, the other way."""
    (beta,) = given_beta or (0.25,)
    f, f_hat = f.requires_grad_(), (f + errors).detach().requires_grad_()
    loss = multiscale_vq_loss(f, f_hat, *given_beta)
    at_features, at_codes = torch.autograd.grad(loss, [f, f_hat], materialize_grads=True)
    size = 2 * (f.abs() + errors.abs()) / 30
    assert_close(at_codes.to(loss.dtype), 2 * errors / 30, size)
    assert_close(at_features.to(loss.dtype), -beta * 2 * errors.sum(0) / 30, beta * size.sum(0))


def test_multiscale_vq_loss_rejects_negative_beta(multiscale_vq_loss):
    """A negative beta drives the features away from the codes."""
    assert_rejects(multiscale_vq_loss, torch.ones(2, 3), torch.zeros(5, 2, 3), -0.25)


@pytest.mark.parametrize(("num_updates", "decay"), [(0, "0"), (1, "0.9"), (99, "0.9"), (100, "0.99"), (101, "0.99")])
@given(usage=dyadics(0, 512, 5, grid=64), chosen=indices(5, 2, 7))
def test_update_code_usage_averages_the_counts(update_code_usage, num_updates, decay, usage, chosen):
    """The first batch gives the counts themselves, the next 99 count for a tenth each, all later for a hundredth."""
    keep = Fraction(decay)
    counts = [sum(index == code for row in chosen.tolist() for index in row) for code in range(5)]
    expected = [float(keep * Fraction(old) + (1 - keep) * new) for old, new in zip(usage.tolist(), counts, strict=True)]
    assert_close(update_code_usage(usage, chosen, num_updates), expected, usage + 14)


def test_update_code_usage_rejects_negative_count(update_code_usage):
    """There is no update before the first."""
    assert_rejects(update_code_usage, torch.ones(5, dtype=torch.float64), torch.tensor([[1, 2]]), -1)


@given(
    usage=dyadics(0, 64, 5, grid=64), num_positions=st.integers(20, 40), given_threshold=st.sampled_from([(), (0.125,)])
)
def test_used_code_share_counts_codes_above_threshold(used_code_share, usage, num_positions, given_threshold):
    """A code is in use from threshold, 8 % unless given, times the counts that codes have on average."""
    threshold = Fraction(*given_threshold) if given_threshold else Fraction(8, 100)
    margin = threshold * num_positions / 5
    share = used_code_share(usage, num_positions, *given_threshold)
    assert_close(share, sum(Fraction(count) >= margin for count in usage.tolist()) / 5)


@pytest.mark.parametrize("threshold", [0.125, 0.25])
def test_used_code_share_counts_codes_at_threshold(used_code_share, threshold):
    """With 8 positions a code on average, one chosen 8 threshold times is in use; 8 % unless given are 2 of 25."""
    usage = torch.tensor([8 * threshold, 8 * threshold - 0.125, 9.0, 0.0], dtype=torch.float64)
    assert_close(used_code_share(usage, 32, threshold), 0.5)
    assert_close(used_code_share(torch.tensor([1.0, 0.0], dtype=torch.float64), 1, threshold), 0.5)
    around_8_per_cent = torch.tensor([2.125, 1.875, 9.0, 0.0], dtype=torch.float64)
    assert_close(used_code_share(around_8_per_cent, 100), 0.5)


@pytest.mark.parametrize(("num_positions", "threshold"), [(0, 0.125), (32, 0.0), (32, -0.125)])
def test_used_code_share_rejects_margin_of_nothing(used_code_share, num_positions, threshold):
    """Without positions, or from a threshold of 0, every code is in use."""
    assert_rejects(used_code_share, torch.ones(4, dtype=torch.float64), num_positions, threshold)


@given(counts=dyadics(0, 64, 2, 3, 5, grid=8), epsilon=st.sampled_from([2.0**-10, 0.5, 3.0]))
def test_smoothed_code_counts_preserve_total_of_each_codebook(smoothed_code_counts, counts, epsilon):
    """Each codebook keeps its total, and epsilon is added to each count before: shares are as after V epsilon more."""
    smoothed = smoothed_code_counts(counts, epsilon)
    totals = counts.sum(-1)
    assert_close(smoothed.sum(-1), totals)
    for book, place in enumerate(itertools.product(range(2), range(3))):
        row = [Fraction(count) for count in counts.reshape(6, 5)[book].tolist()]
        seen = [count + Fraction(epsilon) for count in row]
        assert_close(smoothed[place], [float(sum(row) * count / sum(seen)) for count in seen])


@pytest.mark.parametrize("epsilon", [0.0, -0.5])
def test_smoothed_code_counts_reject_epsilon_of_nothing(smoothed_code_counts, epsilon):
    """Without epsilon a code that was never chosen keeps the count 0, by which its sum is divided."""
    assert_rejects(smoothed_code_counts, torch.ones(2, 5, dtype=torch.float64), epsilon)


@given(z=dyadics(-5 * 4096, 5 * 4096, 2, 4))
def test_fsq_bound_equals_sum_formula_of_tanh(fsq_bound, z):
    """With t = tanh z and k = o / h, h tanh(z + atanh k) - o = h t (1 - k^2) / (1 + k t), hence 0 at 0."""
    z = z * torch.tensor([[1], [256]])
    half = torch.tensor([1, 1.5, 2, 3.5], dtype=torch.float64)
    k, t = torch.tensor([0, 0.5, 0, 0.5]) / half, z.tanh()
    bounded = fsq_bound(z, (3, 4, 5, 8))
    assert_close(bounded, half * t * (1 - k**2) / (1 + k * t), half * (1 + z.abs() + torch.atanh(k)) + 1)
    assert_close(fsq_bound(torch.zeros(4, dtype=torch.float64), (3, 4, 5, 8)), torch.zeros(4), half)


@pytest.mark.parametrize("levels", [3, 4, 5, 8])
def test_fsq_bound_rounds_to_its_number_of_levels(fsq_bound, levels):
    """Over all z the rounded value takes the whole numbers -floor(L / 2)..ceil(L / 2) - 1, in order."""
    rounded = fsq_bound(torch.arange(-80, 81, dtype=torch.float64)[:, None] / 16, (levels,)).round().flatten()
    assert_equal(rounded.unique_consecutive(), torch.arange(levels) - levels // 2)


@pytest.mark.parametrize(("channels", "levels"), [(2, (3, 2)), (2, (3, 1)), (2, (3,)), (1, (3, 4))])
def test_fsq_bound_rejects_wrong_levels(fsq_bound, channels, levels):
    """Each channel has a number of levels, and two levels have none at 0 that rounding would find."""
    assert_rejects(fsq_bound, torch.ones(5, channels, dtype=torch.float64), levels)
