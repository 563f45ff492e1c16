"""Laws of `reference.probability.convexity`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import relative_entropy
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, levels, normals, simplex

SYMMETRIC = dyadics(-16, 16, 3, 3, grid=16).map(lambda drawn: drawn + drawn.T)
WEIGHTS = st.integers(0, 16).map(lambda sixteenths: sixteenths / 16)
RATES = st.integers(0, 256).map(lambda parts: parts / 256)
STEPS = st.integers(0, 6)
DIAGONALS = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]), min_size=3, max_size=3)


def quadratic(matrix, pull):
    return lambda x: ((x @ matrix.to(x.dtype)) * x).sum(-1) / 2 + x @ pull.to(x.dtype)


def spread(x, y):
    """The largest term of a quadratic function with coefficients up to 4 at x or y in three dimensions."""
    return 4 * 9 * (x.abs().amax(-1) + y.abs().amax(-1) + 1) ** 2


@given(x=normals(2, 3), y=normals(2, 3), weight=WEIGHTS, matrix=SYMMETRIC, pull=normals(3))
def test_convexity_gap_equals_quadratic_form_of_difference(convexity_gap, x, y, weight, matrix, pull):
    """For x^T A x / 2 + b^T x it is w (1 - w) (x - y)^T A (x - y) / 2, whatever b is: the sign is that of A."""
    expected = weight * (1 - weight) * torch.einsum("bi,ij,bj->b", x - y, matrix, x - y) / 2
    assert_close(convexity_gap(quadratic(matrix, pull), x, y, weight), expected, spread(x, y))


@given(x=dyadics(-4096, 4096, 2, 3), y=dyadics(-4096, 4096, 2, 3), weight=WEIGHTS)
def test_convexity_gap_tells_convex_sets(convexity_gap, x, y, weight):
    """Chords of an intersection of a cube and a half-space stay inside; one across a hollow cube leaves it."""

    def outside_half_cube(point):
        return torch.where((point.abs().amax(-1) <= 1) & (point.sum(-1) <= 1), 0, math.inf).to(point.dtype)

    def outside_hollow_cube(point):
        return torch.where((point.abs().amax(-1) <= 1) & (point.abs().amax(-1) >= 0.5), 0, math.inf).to(point.dtype)

    x, y = (torch.where(point.sum(-1, keepdim=True) > 1, -point, point) for point in (x, y))
    assert_equal(convexity_gap(outside_half_cube, x, y, weight), torch.zeros(2))
    x[:, 1] = 0.75
    assert_equal(convexity_gap(outside_hollow_cube, x, -x, 0.5), torch.full((2,), -math.inf))


@given(x=normals(2, 3), y=normals(2, 3), weight=WEIGHTS)
def test_convexity_gap_is_positive_for_sums_and_maxima(convexity_gap, x, y, weight):
    """Sums and maxima of convex functions are convex: the gap of f = max_i |x_i| + log sum_i exp x_i is at least 0 and,
    halfway from x to -x, max_i |x_i|; at most it is 4 w (1 - w) max_i |x_i - y_i|, as f has slopes of at most 2.
    """

    def f(point):
        return point.abs().amax(-1) + point.logsumexp(-1)

    gap, size = convexity_gap(f, x, y, weight), 8 + math.log(3)
    assert_at_most(-gap, 0, size)
    assert_at_most(gap, 4 * weight * (1 - weight) * (x - y).abs().amax(-1), size)
    assert_at_most(x.abs().amax(-1) - convexity_gap(f, x, -x, 0.5), 0, size)


@pytest.mark.parametrize("weight", [-0.25, 1.25, math.nan])
def test_convexity_gap_rejects_points_beyond_the_chord(convexity_gap, weight):
    """Outside [0, 1] the point is not between x and y, and the inequality turns round; both ends have no gap."""
    x, y = torch.ones(1, 3, dtype=torch.float64), torch.zeros(1, 3, dtype=torch.float64)
    gaps = [convexity_gap(lambda point: point.exp().sum(-1), x, y, inside) for inside in (0.0, 0.25, 1.0)]
    assert_close(torch.cat(gaps), [0, 3 * (math.e / 4 + 3 / 4 - math.exp(1 / 4)), 0], 3 * math.e)
    assert_rejects(convexity_gap, lambda point: point.exp().sum(-1), x, y, weight)


@given(p=simplex(5), values=normals(5, 3), matrix=SYMMETRIC, pull=normals(3))
def test_jensen_gap_equals_mean_of_quadratic_form_about_the_mean(jensen_gap, p, values, matrix, pull):
    """For x^T A x / 2 + b^T x it is half the trace of A times the covariance; for an affine function 0."""
    off = values - p @ values
    expected = (p * torch.einsum("ni,ij,nj->n", off, matrix, off)).sum() / 2
    size = spread(values, values).max()
    assert_close(jensen_gap(quadratic(matrix, pull), p, values), expected, size)
    assert_close(jensen_gap(lambda x: x @ pull.to(x.dtype), p, values), 0, size)


@given(p=simplex(5, least=1), q=simplex(5, least=1))
def test_jensen_gap_of_minus_logarithm_is_divergence(jensen_gap, p, q):
    """E[-log(q / p)] + log E[q / p] = KL(p || q), which is so never negative."""
    gap = jensen_gap(lambda ratio: -ratio[..., 0].log(), p, (q / p)[:, None])
    assert_close(gap, relative_entropy(p, q), 2 + 2 * math.log(64))
    assert_at_most(-gap, 0, 2 + 2 * math.log(64))


@given(signs=DIAGONALS, factor=dyadics(-2, 2, 3, 3, grid=1))
def test_stationary_point_kind_is_that_of_descent(stationary_point_kind, gradient_descent_contraction, signs, factor):
    """A^T D A has the signs of D for every invertible A, and a small step of descent contracts at minima only."""
    factor = factor.tril(-1) + torch.eye(3, dtype=torch.float64)
    hessian = factor.T @ torch.tensor(signs, dtype=torch.float64).diag() @ factor
    up, down = (any(side * sign > 0 for sign in signs) for side in (1, -1))
    flat = 0.0 in signs
    expected = "saddle" if up and down else "undecided" if flat else "minimum" if up else "maximum"
    assert_equal(stationary_point_kind(hessian), expected)
    contraction = gradient_descent_contraction(torch.tensor(signs, dtype=torch.float64), 0.25)
    slowest = 1 - min(signs) / 4
    assert_close(contraction, slowest)
    assert_equal((contraction < 1).item(), expected == "minimum")


@pytest.mark.parametrize("scale", [2.0**-40, 1.0, 2.0**40])
@pytest.mark.parametrize(
    ("largest", "curvature", "kind"),
    [(1, 2.0**-18, "minimum"), (1, -(2.0**-18), "saddle"), (1, 2.0**-54, "undecided"), (0, 0, "undecided")],
)
def test_stationary_point_kind_ignores_rounding_errors(
    stationary_point_kind, gradient_descent_contraction, scale, largest, curvature, kind
):
    """A curvature that is small beside another one counts, unless it is as small as a rounding error, and so does a
    difference of second derivatives that ought to be the same.
    """
    curvatures = torch.tensor([largest, curvature, largest], dtype=torch.float64)
    hessian = curvatures.diag()
    hessian[0, 2] = largest * 2.0**-28
    assert_equal(stationary_point_kind(hessian * scale), kind)
    assert_close(gradient_descent_contraction(curvatures, 0.5), 1 - min(curvature, largest) / 2)


@pytest.mark.parametrize("scale", [2.0**-40, 1.0, 2.0**40])
@pytest.mark.parametrize("entry", [2.0**-8, -(2.0**-8), math.nan, math.inf])
def test_stationary_point_kind_rejects_what_is_no_hessian(stationary_point_kind, scale, entry):
    """Second derivatives are the same in either order."""
    hessian = torch.eye(3, dtype=torch.float64)
    hessian[0, 2] = entry
    assert_rejects(stationary_point_kind, hessian * scale)


@given(matrix=SYMMETRIC, rate=RATES)
def test_gradient_descent_contraction_equals_norm_of_step(gradient_descent_contraction, matrix, rate):
    """It is the largest singular value of I - rate A, by which a step can stretch a vector at most, for each A."""
    values = torch.linalg.eigvalsh(matrix)
    step = torch.eye(3, dtype=torch.float64) - rate * matrix
    each = gradient_descent_contraction(torch.stack([values, values.flip(0), 0 * values]), rate)
    assert_close(each[:2], torch.linalg.matrix_norm(step, 2), 1 + 6 * rate)
    assert_equal(each[2], 1)


@given(eigenvalues=levels(3), multiple=dyadics(0, 12288, 1))
def test_best_quadratic_learning_rate_contracts_most(
    best_quadratic_learning_rate, gradient_descent_contraction, eigenvalues, multiple
):
    """It contracts by (kappa - 1) / (kappa + 1), and no other rate by more; equal eigenvalues need one step."""
    rate = best_quadratic_learning_rate(eigenvalues).item()
    contraction = gradient_descent_contraction(eigenvalues, rate)
    kappa = eigenvalues.max() / eigenvalues.min()
    assert_close(contraction, (kappa - 1) / (kappa + 1), 2)
    assert_at_most(contraction, gradient_descent_contraction(eigenvalues, rate * multiple.item()), 2 * 3)
    alike = eigenvalues[:1].expand(5)
    assert_close(gradient_descent_contraction(alike, best_quadratic_learning_rate(alike).item()), 0, 2)


@pytest.mark.parametrize("eigenvalue", [0.0, -0.25, math.nan])
def test_best_quadratic_learning_rate_rejects_functions_without_minimum(best_quadratic_learning_rate, eigenvalue):
    """Where an eigenvalue is 0 or below no rate contracts."""
    assert_rejects(best_quadratic_learning_rate, torch.tensor([2, eigenvalue, 1], dtype=torch.float64))


@pytest.mark.parametrize("unit", [1, 2.0**-30])
@given(matrix=dyadics(-16, 16, 3, 3, grid=16), start=normals(3), rate=RATES, num_steps=STEPS)
def test_descend_quadratic_equals_power_of_step(descend_quadratic, matrix, start, rate, num_steps, unit):
    """After k steps the start is multiplied by (I - rate H)^k, where H = (A + A^T) / 2 is the Hessian."""
    start = unit * start
    step = torch.eye(3, dtype=torch.float64) - rate * (matrix + matrix.T) / 2
    observed = descend_quadratic(matrix, start, rate, num_steps)
    size = (num_steps + 1) * (1 + 3 * rate) ** num_steps * start.abs().sum()
    assert_close(observed, torch.linalg.matrix_power(step, num_steps) @ start, size)


@given(matrix=covariances(3), x=normals(3), y=normals(3), rate=RATES, num_steps=STEPS)
def test_descend_quadratic_is_bounded_by_contraction(
    descend_quadratic, gradient_descent_contraction, matrix, x, y, rate, num_steps
):
    """Two starts come together, at the one minimum, by at least the contraction at every step, and by just that if they
    differ along the worst eigenvector: descent diverges only from starts with a part along one that it stretches.
    """
    values, vectors = torch.linalg.eigh(matrix)
    worst = (1 - rate * values).abs().argmax()
    contraction = gradient_descent_contraction(values, rate) ** num_steps
    size = (num_steps + 1) * (1 + 10 * rate) ** num_steps
    apart = descend_quadratic(matrix, x, rate, num_steps) - descend_quadratic(matrix, y, rate, num_steps)
    assert_at_most(apart.norm() - contraction * (x - y).norm().to(contraction.dtype), 0, size * (x.norm() + y.norm()))
    along = descend_quadratic(matrix, vectors[:, worst], rate, num_steps)
    assert_close(along.norm() - contraction, 0, size)


@pytest.mark.parametrize(("rate", "num_steps"), [(-0.25, 2), (math.nan, 2), (0.25, -1)])
def test_descend_quadratic_rejects_negative_rates(descend_quadratic, gradient_descent_contraction, rate, num_steps):
    """A rate below 0 climbs, and there are no steps back; at 0 nothing moves."""
    matrix, start = torch.eye(2, dtype=torch.float64), torch.tensor([0.5, -3], dtype=torch.float64)
    assert_equal(descend_quadratic(matrix, start, 0.0, 2), start)
    assert_equal(descend_quadratic(matrix, start, 0.25, 0), start)
    assert_equal(gradient_descent_contraction(start, 0.0), 1.0)
    assert_rejects(descend_quadratic, matrix, start, rate, num_steps)
    assert_rejects(gradient_descent_contraction, start, -0.25)
    assert_rejects(gradient_descent_contraction, start, math.nan)
