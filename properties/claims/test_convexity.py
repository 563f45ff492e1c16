"""Worked numbers of convexity and descent, and statements about them that are often met and wrong."""

import pytest
from torch import Tensor
from torch.autograd.functional import hessian

from properties.claims.test_diffusion import table
from reference.probability.convexity import (
    best_quadratic_learning_rate,
    convexity_gap,
    descend_quadratic,
    gradient_descent_contraction,
    jensen_gap,
    stationary_point_kind,
)

HALVES = table(0.5, 0.5)


def first(x: Tensor) -> Tensor:
    return x[..., 0]


@pytest.mark.claim("E004-6", "R004-022")
def test_maximum_is_no_saddle():
    """At 0, x^2 - y^2 has a saddle and -x^2 - y^2 a maximum, though neither is a local minimum; the Hessian of x^3,
    x^4 and -x^4 is 0 and decides nothing.
    """
    functions = {
        "saddle": lambda x: x[0] ** 2 - x[1] ** 2,
        "maximum": lambda x: -(x[0] ** 2) - x[1] ** 2,
        "minimum": lambda x: x[0] ** 2 + x[0] * x[1] + x[1] ** 2,
    }
    for kind, f in functions.items():
        assert stationary_point_kind(hessian(f, table(0, 0))) == kind
    for f in (lambda x: x[0] ** 3, lambda x: x[0] ** 4, lambda x: -(x[0] ** 4)):
        assert stationary_point_kind(hessian(f, table(0))) == "undecided"


@pytest.mark.claim("E003-029", "R003-097", "R003-057")
def test_jensen_is_an_equality_for_more_than_constants():
    """X is 1 or 5: 2 E[X] + 1 = E[2 X + 1] = 7, and E|X| = |E X| too, although |.| is not affine; only a strictly
    convex f, such as x^2, needs a constant X.
    """
    values = table(1, 5)[:, None]
    assert HALVES @ (2 * first(values) + 1) == 7
    assert jensen_gap(lambda x: 2 * first(x) + 1, HALVES, values) == 0
    assert jensen_gap(lambda x: first(x).abs(), HALVES, values) == 0
    assert jensen_gap(lambda x: first(x) ** 2, HALVES, values) == 4
    assert jensen_gap(lambda x: first(x) ** 2, HALVES, values[[1, 1]]) == 0


@pytest.mark.claim("R004-024", "R004-026")
def test_convex_sublevel_sets_do_not_make_a_function_convex():
    """The sublevel sets of the root of |x| are intervals, and its chord from 0 to 1 lies below it by 1/4 at 1/4; x^3
    and the sine have chords on both sides.
    """

    def root(x: Tensor) -> Tensor:
        return first(x).abs().sqrt()

    assert convexity_gap(root, table(1), table(0), 0.25) == -0.25
    for f in (lambda x: first(x) ** 3, lambda x: first(x).sin()):
        gaps = [convexity_gap(f, table(0), table(end), 0.5).item() for end in (-1, 1)]
        assert min(gaps) < 0 < max(gaps)


@pytest.mark.claim("R003-033")
def test_rate_above_the_bound_diverges_only_with_a_part_along_the_eigenvector():
    """For eigenvalues 1 and 10 a rate of 1/4 exceeds 2 / 10: (1, 0) still comes to 0, and (1, 0.001) runs away. The
    rate 2/11 is best, with 9/11; 2 / trace is the same for two eigenvalues and too small for three.
    """
    eigenvalues = table(1, 10)
    assert gradient_descent_contraction(eigenvalues, 0.25) == 1.5
    assert descend_quadratic(eigenvalues.diag(), table(1, 0), 0.25, 100).norm() < 1e-12
    assert descend_quadratic(eigenvalues.diag(), table(1, 0.001), 0.25, 100).norm() > 1e14
    rate = best_quadratic_learning_rate(eigenvalues)
    assert rate == pytest.approx(2 / 11)
    assert gradient_descent_contraction(eigenvalues, rate.item()) == pytest.approx(9 / 11)
    assert rate == 2 / eigenvalues.sum()
    three = table(1, 10, 10)
    assert gradient_descent_contraction(three, 2 / three.sum().item()) == pytest.approx(19 / 21)
