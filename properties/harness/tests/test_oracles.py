"""The oracles agree with numbers that can be worked out by hand or by quadrature."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from properties import oracles
from properties.closeness import assert_identical


def column(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def test_mean_log_ratio_equals_quadrature():
    first, second = stats.norm(0.5, 2), stats.norm(-1, 3)
    expected, _ = integrate.quad(lambda x: first.pdf(x) * (first.logpdf(x) - second.logpdf(x)), -30, 30)
    found = oracles.mean_log_ratio(column(0.5), column(4.0), column(-1.0), column(9.0))
    assert found.item() == pytest.approx(expected, rel=1e-9)


def test_product_of_gaussians_is_normalised_product():
    step, level, x_t, x_0 = 0.5, 0.8, 1.25, -0.75
    mean, variance = oracles.product_of_gaussians(column(x_t), column(x_0), column(step), column(level))

    def product(x):
        return stats.norm.pdf(x_t, step**0.5 * x, (1 - step) ** 0.5) * stats.norm.pdf(x, level**0.5 * x_0, 0.2**0.5)

    total, moment = (integrate.quad(lambda x, k=k: x**k * product(x), -9, 9)[0] for k in (0, 1))
    square, _ = integrate.quad(lambda x: (x - moment / total) ** 2 * product(x), -9, 9)
    assert mean.item() == pytest.approx(moment / total, rel=1e-7)
    assert variance.item() == pytest.approx(square / total, rel=1e-7)


def test_pixel_probabilities_sum_to_one_in_both_forms():
    pixels = torch.arange(256, dtype=torch.float64)
    for form in oracles.pixel_probabilities(pixels, torch.tensor(0.25), torch.tensor(0.125)):
        assert form.sum().item() == pytest.approx(1, abs=3e-10)


def test_closest_takes_the_nearer_candidate():
    near, far = column(1.0, 2.0), column(1.5, 2.0)
    assert oracles.closest(column(1.1, 2.0), (far, near)) is near


def test_nearest_integers_leave_ties_to_the_observed_side():
    numbers = [Fraction(1, 3), Fraction(5, 2), Fraction(7, 2), Fraction(9, 2)]
    assert oracles.nearest_integers(numbers, (0, 3, 3, 7)) == (0, 3, 3, 4)


def test_signal_and_noise_are_cosine_and_sine():
    cos, sin = oracles.signal_and_noise(column(0.0, 0.36, 1.0))
    assert cos.flatten().tolist() == pytest.approx([0, 0.6, 1])
    assert sin.flatten().tolist() == pytest.approx([1, 0.8, 0])


def test_implied_solves_for_any_two_knowns():
    x_0, epsilon = column(2.0), column(-1.0)
    x_t, v, score = 0.6 * x_0 + 0.8 * epsilon, 0.6 * epsilon - 0.8 * x_0, -epsilon / 0.8
    values = {"x_0": x_0, "epsilon": epsilon, "x_t": x_t, "v": v, "score": score}
    for wanted in values:
        for known in ({"x_t": x_t, "x_0": x_0}, {"x_t": x_t, "v": v}, {"x_t": x_t, "score": score}):
            assert oracles.implied(wanted, column(0.36), **known).item() == pytest.approx(values[wanted].item())


def test_signal_left_multiplies_exactly():
    assert oracles.signal_left(torch.tensor([0.5, 0.25, 1.0])).tolist() == [0.5, 0.375, 0.0]


def test_every_path_multiplies_its_steps():
    first, second = torch.tensor([[0.25, 0.75], [0.0, 1.0]]), torch.tensor([[0.5, 0.5], [0.125, 0.875]])
    paths = oracles.every_path(torch.stack([first, second]))
    assert paths[0].tolist() == [[0.25 * 0.5, 0.25 * 0.5], [0.75 * 0.125, 0.75 * 0.875]]
    assert paths[1].tolist() == [[0, 0], [0.125, 0.875]]


def test_segmentations_are_all_the_ways_to_cut_a_word():
    assert sorted(oracles.segmentations("abc")) == [("a", "b", "c"), ("a", "bc"), ("ab", "c"), ("abc",)]
    assert oracles.segmentations("") == [()]
    assert all("".join(pieces) == "abcde" for pieces in oracles.segmentations("abcde"))
    assert len(set(oracles.segmentations("abcde"))) == 2**4


def test_word_probability_adds_the_products_of_shares():
    weights = {"a": 1, "b": 2, "ab": 5}
    assert oracles.segmentation_probability(("a", "b"), weights) == Fraction(2, 64)
    assert oracles.word_probability("ab", weights) == Fraction(2, 64) + Fraction(5, 8)
    assert oracles.word_probability("c", weights) == 0
    assert oracles.log_shares(weights)["a"] == pytest.approx(oracles.log_fraction(Fraction(1, 8)))
    assert oracles.log_fraction(Fraction(0)) == -torch.inf


def test_attended_weighs_values_by_exponentials():
    scores, value = torch.tensor([[0.0, 2.0], [-torch.inf, -torch.inf]]), torch.tensor([[1.0, 0.0], [4.0, 8.0]])
    share = 2.718281828459045**2 / (1 + 2.718281828459045**2)
    assert oracles.attended(scores, value)[0].tolist() == pytest.approx([1 + 3 * share, 8 * share], rel=1e-12)
    assert oracles.attended(scores, value)[1].tolist() == [0, 0]
    assert oracles.attended(scores[None], value[None]).shape == (1, 2, 2)
    assert oracles.dot_products(value, value + 1).tolist() == [[2, 5], [16, 92]]
    assert oracles.attended_magnitude(torch.tensor([3.0, -4.0]), value).item() == (1 + 2 * 4) * 8


def test_cell_weights_share_out_one_to_every_pixel_that_is_touched():
    assert oracles.cell_weights(3, 2).tolist() == [[0.5, 0.5, 0], [0, 0.5, 0.5]]
    assert oracles.cell_weights(4, 2).tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    assert oracles.cell_weights(1, 2).tolist() == [[1], [1]]


def test_cubic_weights_share_out_one_and_clamp_at_the_border():
    assert oracles.cubic_weights(3, 3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert oracles.cubic_weights(4, 2)[0].tolist() == [-0.09375 + 0.59375, 0.59375, -0.09375, 0]
    assert oracles.cubic_weights(5, 7).sum(1).tolist() == pytest.approx([1] * 7)


def test_correlated_sees_neighbours_of_its_own_group_alone():
    images = torch.tensor([[[[1, 2, 3]], [[10, 20, 30]]]]).double()
    kernel = torch.tensor([1, 0, 0, 0, 0, 5]).double().reshape(2, 1, 1, 3)
    assert oracles.correlated(images, kernel).tolist() == [[[[0, 1, 2]], [[100, 150, 0]]]]
    both = torch.tensor([1, 0, 0, 0, 1, 0]).double().reshape(1, 2, 1, 3)
    assert oracles.correlated(images, both).tolist() == [[[[10, 21, 32]]]]


def test_sums_under_kernels_see_zeros_beyond_the_border():
    image = torch.tensor([[[1, 2, 3], [4, 5, 6]], [[10, 20, 30], [40, 50, 60]]]).double()
    kernel = torch.tensor([1, 0, 0, 0, 0, 1]).double().reshape(1, 2, 1, 3)
    assert oracles.sums_under_kernels(image, kernel).tolist() == [[[31], [64]]]
    assert oracles.sums_under_kernels(image, kernel[..., 1:], 2, 1, 2).tolist() == [[[0, 0], [50, 0]]]


def test_rungs_and_numbers_of_formats_are_those_of_the_machine():
    patterns = torch.from_numpy(np.arange(2**16).astype(np.uint16).view(np.float16)).double()
    assert_identical(oracles.float_numbers("FP16"), patterns)
    assert oracles.rungs("E2M1").tolist() == [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    assert oracles.float_numbers("E2M1").tolist()[8:] == [-0.0, -0.5, -1, -1.5, -2, -3, -4, -6]
    assert oracles.rungs("E8M0")[[0, 1, 127, -1]].tolist() == [2.0**-127, 2.0**-126, 1, 2.0**127]
    assert [int(oracles.float_numbers(name).isnan().sum()) for name in ("E4M3", "E5M2", "E4M3FNUZ")] == [2, 6, 1]


def test_numbers_around_lie_where_they_are_placed():
    x = torch.tensor([0.25, -1.625, 7.5, -0.0]).double()
    index, part = oracles.place_among(x, "E2M1")
    assert (index.tolist(), part.tolist()) == ([0, 3, 7, 0], [0.5, 0.25, 0.75, 0])
    assert oracles.gap_above(index, "E2M1").tolist() == [0.5, 0.5, 2, 0.5]
    assert_identical(oracles.signed_rung(x, index + 1, "E2M1"), torch.tensor([0.5, -2, 6, -0.5]))
    assert_identical(oracles.signed_rung(-x, 0 * index, "E5M2FNUZ"), torch.zeros(4))
    for format in ("E4M3", "TF32", "E8M0"):
        around, ladder = oracles.numbers_around(format).abs(), oracles.rungs(format)
        assert {0.0, float(ladder[1]), float(ladder[-1])} - {0.0} <= set(around.tolist())
        assert ladder[-1] < around.max() < ladder[-1] + oracles.gap_above(torch.tensor(len(ladder) - 1), format)
