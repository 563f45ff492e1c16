"""Convexity as inequalities that can be evaluated, kinds of stationary points, and gradient descent on a quadratic."""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor


def convexity_gap(
    f: Callable[[Tensor], Tensor], x: Float[Tensor, "*batch dim"], y: Float[Tensor, "*batch dim"], weight: float
) -> Float[Tensor, "*batch"]:
    """Height of the chord from (x, f(x)) to (y, f(y)) above the graph of f.

        weight f(x) + (1 - weight) f(y) - f(weight x + (1 - weight) y)

    f is convex iff it is never negative. A set is convex iff the function that is 0 in it and inf outside is: between
    members the gap is 0, and -inf where the chord leaves the set.

    Domain: 0 <= weight <= 1, else ValueError; f maps (..., dim) to (...) and is finite at x and y.
    Source: Boyd & Vandenberghe 2004, Convex Optimization, sections 2.1.4, 3.1.1 and 3.1.2.
    Notes: R004-023, R004-024, R004-026.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight must be in [0, 1]; got {weight}")
    return weight * f(x) + (1 - weight) * f(y) - f(weight * x + (1 - weight) * y)


def jensen_gap(
    f: Callable[[Tensor], Tensor], probabilities: Float[Tensor, "outcomes"], values: Float[Tensor, "outcomes dim"]
) -> Float[Tensor, ""]:
    """How far the mean of f lies above f at the mean.

        E[f(X)] - f(E[X])

    Never negative for convex f, never positive for concave f, 0 for affine f whatever X is. The variance for f = x^2.

    Domain: probabilities that sum to 1; f maps (..., dim) to (...) and is finite at every value, also where the
    probability is 0.
    Source: Jensen 1906; Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.8.
    Notes: R003-097, R004-025.
    """
    return probabilities @ f(values) - f(probabilities @ values)


def stationary_point_kind(hessian: Float[Tensor, "dim dim"]) -> Literal["minimum", "maximum", "saddle", "undecided"]:
    """What a point of zero gradient is, as far as the eigenvalues of the Hessian there tell.

        all > 0: minimum;   all < 0: maximum;   some > 0 and some < 0: saddle;   else: undecided

    A saddle is neither a local minimum nor a local maximum. Undecided are points as different as 0 for x^4, -x^4 and
    x^3, which is neither of the two and has no indefinite Hessian.

    Domain: a finite matrix, symmetric up to the root of the rounding unit; else ValueError. Eigenvalues of at most dim
    rounding units times the largest one count as 0.
    Source: Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.4; textbook.
    Notes: R004-022, R004-026.
    """
    eps = torch.finfo(hessian.dtype).eps
    if not hessian.isfinite().all() or ((hessian - hessian.mT).abs() > eps**0.5 * hessian.abs().max()).any():
        raise ValueError(f"a Hessian is finite and symmetric; got {hessian.tolist()}")
    eigenvalues = torch.linalg.eigvalsh(hessian)
    least = len(hessian) * eps * eigenvalues.abs().max()
    up, down = eigenvalues > least, eigenvalues < -least
    if up.any() and down.any():
        return "saddle"
    if up.all():
        return "minimum"
    return "maximum" if down.all() else "undecided"


def gradient_descent_contraction(
    eigenvalues: Float[Tensor, "*batch dim"], learning_rate: float
) -> Float[Tensor, "*batch"]:
    """Largest factor by which a step of gradient descent on a quadratic function multiplies a part of the error.

        max_i |1 - learning_rate lambda_i|

    The part along the eigenvector i is multiplied by 1 - learning_rate lambda_i at every step. Descent on x^T A x / 2
    diverges, for learning_rate > 0, iff the start has a part with lambda_i > 2 / learning_rate or lambda_i < 0.

    Domain: learning_rate >= 0, else ValueError. Eigenvalues of the Hessian, in any order.
    Source: Goh 2017, "Why momentum really works", doi:10.23915/distill.00006.
    Notes: R003-033.
    """
    if not learning_rate >= 0:
        raise ValueError(f"learning_rate must not be negative; got {learning_rate}")
    return (1 - learning_rate * eigenvalues).abs().amax(-1)


def best_quadratic_learning_rate(eigenvalues: Float[Tensor, "dim"]) -> Float[Tensor, ""]:
    """Learning rate of least contraction on a quadratic function.

        2 / (lambda_min + lambda_max),   which contracts by (kappa - 1) / (kappa + 1),   kappa = lambda_max / lambda_min

    For kappa = 1, as after whitening, one step arrives.

    Domain: eigenvalues > 0, in any order; else ValueError.
    Source: Goh 2017, "Why momentum really works", doi:10.23915/distill.00006.
    Notes: R003-033.
    """
    if not (eigenvalues > 0).all():
        raise ValueError(f"eigenvalues must be positive; got {eigenvalues.tolist()}")
    return 2 / (eigenvalues.amin() + eigenvalues.amax())


def descend_quadratic(
    matrix: Float[Tensor, "dim dim"], start: Float[Tensor, "dim"], learning_rate: float, num_steps: int
) -> Float[Tensor, "dim"]:
    """Point that gradient descent on f(x) = x^T A x / 2 reaches from the start.

        num_steps times:   x := x - learning_rate (A + A^T) x / 2

    Domain: learning_rate >= 0 and num_steps >= 0, else ValueError; at 0 the start.
    Source: Cauchy 1847; textbook.
    Notes: R003-033, R004-026.
    """
    if not learning_rate >= 0 or num_steps < 0:
        raise ValueError(f"learning rate and steps cannot be negative; got {learning_rate}, {num_steps}")
    x = start.clone()
    for _ in range(num_steps):
        x = x - learning_rate * (matrix @ x + x @ matrix) / 2
    return x
