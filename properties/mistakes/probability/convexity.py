"""Wrong variants of `reference.probability.convexity`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.convexity import (
    best_quadratic_learning_rate,
    convexity_gap,
    descend_quadratic,
    gradient_descent_contraction,
    jensen_gap,
    stationary_point_kind,
)


@mistake(of=convexity_gap, seen="catalogue R004-024")
def convexity_gap_with_swapped_weights(f, x, y, weight):
    """the chord weights x by 1 - weight, the point does not"""
    return convexity_gap(f, y, x, weight) + f(weight * y + (1 - weight) * x) - f(weight * x + (1 - weight) * y)


@mistake(of=convexity_gap, seen="catalogue R004-025")
def convexity_gap_with_wrong_sign(f, x, y, weight):
    """the chord is subtracted from the function, which is never negative for concave f"""
    return f(weight * x + (1 - weight) * y) - (weight * f(x) + (1 - weight) * f(y)) + 0 * weight


@mistake(of=convexity_gap, seen="catalogue R004-024")
def convexity_gap_of_midpoint(f, x, y, weight):
    """only the middle of the chord is looked at"""
    return convexity_gap(f, x, y, weight * 0 + 0.5)


@mistake(of=convexity_gap, seen="catalogue R004-024")
def convexity_gap_beyond_the_chord(f, x, y, weight):
    """weights outside [0, 1] are taken, where the inequality turns round"""
    return weight * f(x) + (1 - weight) * f(y) - f(weight * x + (1 - weight) * y)


@mistake(of=convexity_gap, seen="catalogue R004-026")
def convexity_gap_of_sublevel_sets(f, x, y, weight):
    """the function is compared with its larger end, which tests for quasi-convexity"""
    return torch.maximum(f(x), f(y)) - f(weight * x + (1 - weight) * y)


@mistake(of=jensen_gap, seen="catalogue R004-025")
def jensen_gap_for_concave_functions(f, probabilities, values):
    """f at the mean minus the mean of f"""
    return -jensen_gap(f, probabilities, values)


@mistake(of=jensen_gap, seen="catalogue R003-097")
def jensen_gap_unweighted(f, probabilities, values):
    """every value counts alike"""
    return jensen_gap(f, torch.full_like(probabilities, 1 / len(probabilities)), values)


@mistake(of=jensen_gap, seen="catalogue R003-097")
def jensen_gap_with_plain_mean(f, probabilities, values):
    """the mean of f is weighted, the mean at which f is taken is not"""
    return probabilities @ f(values) - f(values.mean(0))


@mistake(of=jensen_gap, seen="catalogue R003-057")
def jensen_gap_without_mean_of_f(f, probabilities, values):
    """E[f(X)] is replaced by f(E[X]), so that there is no gap"""
    return 0 * jensen_gap(f, probabilities, values)


@mistake(of=jensen_gap, seen="E003-029")
def jensen_gap_zero_only_for_constants(f, probabilities, values):
    """the distances from the mean are added, as if equality needed a constant X"""
    return jensen_gap(f, probabilities, values) + probabilities @ (values - probabilities @ values).square().sum(-1)


@mistake(of=stationary_point_kind, seen="E004-6")
def stationary_point_kind_that_calls_maxima_saddles(hessian):
    """whatever is no minimum is a saddle"""
    kind = stationary_point_kind(hessian)
    return "saddle" if kind == "maximum" else kind


@mistake(of=stationary_point_kind, seen="catalogue R004-022")
def stationary_point_kind_by_determinant(hessian):
    """a negative determinant means a saddle and a positive one an extremum, which holds in two dimensions only"""
    stationary_point_kind(hessian)
    determinant = torch.linalg.det(hessian)
    if determinant < 0:
        return "saddle"
    if determinant == 0:
        return "undecided"
    return "minimum" if hessian[0, 0] > 0 else "maximum"


@mistake(of=stationary_point_kind, seen="catalogue R004-022")
def stationary_point_kind_by_diagonal(hessian):
    """the signs of the diagonal are read, as if the axes were eigenvectors"""
    return stationary_point_kind(hessian.diagonal().diag()) + stationary_point_kind(hessian)[:0]


@mistake(of=stationary_point_kind, seen="catalogue R004-026")
def stationary_point_kind_that_decides_all(hessian):
    """a semidefinite Hessian is taken for a definite one"""
    kind = stationary_point_kind(hessian)
    if kind != "undecided":
        return kind
    return "minimum" if torch.linalg.eigvalsh(hessian).sum() >= 0 else "maximum"


@mistake(of=stationary_point_kind, seen="catalogue R004-022")
def stationary_point_kind_with_undecided_saddles(hessian):
    """a zero eigenvalue leaves all undecided, also if others have either sign"""
    kind = stationary_point_kind(hessian)
    eigenvalues = torch.linalg.eigvalsh(hessian)
    return "undecided" if (eigenvalues.abs() <= 1e-6 * eigenvalues.abs().max()).any() else kind


@mistake(of=stationary_point_kind, seen="catalogue R004-022")
def stationary_point_kind_with_exact_zeros(hessian):
    """rounding errors of a zero eigenvalue count as curvature"""
    stationary_point_kind(hessian)
    eigenvalues = torch.linalg.eigvalsh(hessian)
    if (eigenvalues > 0).all():
        return "minimum"
    if (eigenvalues < 0).all():
        return "maximum"
    return "saddle" if (eigenvalues > 0).any() and (eigenvalues < 0).any() else "undecided"


@mistake(of=stationary_point_kind, seen="catalogue R004-022")
def stationary_point_kind_with_absolute_tolerance(hessian):
    """eigenvalues below 1e-6 count as 0, however small all are"""
    return stationary_point_kind(hessian * (hessian.abs() > 1e-6))


@mistake(of=stationary_point_kind, seen="catalogue R004-022")
def stationary_point_kind_without_check(hessian):
    """an asymmetric matrix is read by its lower triangle"""
    return stationary_point_kind(hessian.tril() + hessian.tril(-1).mT)


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_of_largest_eigenvalue(eigenvalues, learning_rate):
    """only the largest eigenvalue is looked at, although the smallest one is the slowest at small rates"""
    gradient_descent_contraction(eigenvalues, learning_rate)
    return (1 - learning_rate * eigenvalues.amax(-1)).abs()


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_without_absolute_value(eigenvalues, learning_rate):
    """steps that overshoot count as good"""
    gradient_descent_contraction(eigenvalues, learning_rate)
    return (1 - learning_rate * eigenvalues).amax(-1)


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_of_x_a_x(eigenvalues, learning_rate):
    """the function is taken to be x^T A x, whose gradient is twice as large"""
    return gradient_descent_contraction(2 * eigenvalues, learning_rate)


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_of_values(eigenvalues, learning_rate):
    """the factor of the function, which is the square, is returned"""
    return gradient_descent_contraction(eigenvalues, learning_rate) ** 2


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_at_best(eigenvalues, learning_rate):
    """the part that falls fastest is looked at"""
    gradient_descent_contraction(eigenvalues, learning_rate)
    return (1 - learning_rate * eigenvalues).abs().amin(-1)


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_without_check(eigenvalues, learning_rate):
    """a negative rate is taken for a step uphill"""
    return (1 - learning_rate * eigenvalues).abs().amax(-1)


@mistake(of=gradient_descent_contraction, seen="catalogue R003-033")
def gradient_descent_contraction_of_the_whole_batch(eigenvalues, learning_rate):
    """every function of a batch gets the largest factor of all"""
    contraction = gradient_descent_contraction(eigenvalues, learning_rate)
    return contraction.amax().expand(contraction.shape).clone()


@mistake(of=best_quadratic_learning_rate, seen="catalogue R003-033")
def best_quadratic_learning_rate_of_largest_eigenvalue(eigenvalues):
    """1 / lambda_max, which contracts by 1 - 1 / kappa only"""
    best_quadratic_learning_rate(eigenvalues)
    return 1 / eigenvalues.amax()


@mistake(of=best_quadratic_learning_rate, seen="catalogue R003-033")
def best_quadratic_learning_rate_at_the_bound(eigenvalues):
    """2 / lambda_max, beyond which descent diverges"""
    best_quadratic_learning_rate(eigenvalues)
    return 2 / eigenvalues.amax()


@mistake(of=best_quadratic_learning_rate, seen="catalogue R003-033")
def best_quadratic_learning_rate_of_trace(eigenvalues):
    """2 / trace, which is safe and too small as soon as there are more than two eigenvalues"""
    best_quadratic_learning_rate(eigenvalues)
    return 2 / eigenvalues.sum()


@mistake(of=best_quadratic_learning_rate, seen="catalogue R003-033")
def best_quadratic_learning_rate_of_mean(eigenvalues):
    """the mean of all eigenvalues takes the place of that of the least and the largest"""
    best_quadratic_learning_rate(eigenvalues)
    return 1 / eigenvalues.mean()


@mistake(of=best_quadratic_learning_rate, seen="catalogue R003-033")
def best_quadratic_learning_rate_in_order(eigenvalues):
    """the first and the last eigenvalue are taken for the least and the largest"""
    best_quadratic_learning_rate(eigenvalues)
    return 2 / (eigenvalues[0] + eigenvalues[-1])


@mistake(of=best_quadratic_learning_rate, seen="catalogue R003-033")
def best_quadratic_learning_rate_without_check(eigenvalues):
    """a function without a minimum gets a rate all the same"""
    return 2 / (eigenvalues.amin() + eigenvalues.amax())


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_of_x_a_x(matrix, start, learning_rate, num_steps):
    """the factor 1/2 of the function is forgotten, and the gradient twice as large"""
    return descend_quadratic(2 * matrix, start, learning_rate, num_steps)


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_of_rows(matrix, start, learning_rate, num_steps):
    """the gradient is A x, which an A that is not symmetric does not have"""
    x = descend_quadratic(matrix, start, learning_rate, 0 * num_steps)
    for _ in range(num_steps):
        x = x - learning_rate * matrix @ x
    return x


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_uphill(matrix, start, learning_rate, num_steps):
    """the gradient is added"""
    return descend_quadratic(-matrix, start, learning_rate, num_steps)


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_one_step_short(matrix, start, learning_rate, num_steps):
    """the last step is left out"""
    return descend_quadratic(matrix, start, learning_rate, num_steps - (num_steps > 0))


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_along_first_gradient(matrix, start, learning_rate, num_steps):
    """the gradient of the start is used at every step"""
    return start + num_steps * (descend_quadratic(matrix, start, learning_rate, min(num_steps, 1)) - start)


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_one_coordinate_at_a_time(matrix, start, learning_rate, num_steps):
    """each coordinate moves with the others already moved, as in Gauss-Seidel"""
    x = descend_quadratic(matrix, start, learning_rate, 0 * num_steps)
    for _ in range(num_steps):
        for i, axis in enumerate(torch.eye(len(x), dtype=x.dtype)):
            x = x - learning_rate * (matrix[i] @ x + x @ matrix[:, i]) / 2 * axis
    return x


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_without_check(matrix, start, learning_rate, num_steps):
    """a negative rate climbs and a negative number of steps is none"""
    x = start.clone()
    for _ in range(num_steps):
        x = x - learning_rate * (matrix @ x + x @ matrix) / 2
    return x


@mistake(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_with_tolerance(matrix, start, learning_rate, num_steps):
    """descent ends as soon as no part of the gradient is above 1e-6, whatever the unit is"""
    x = descend_quadratic(matrix, start, learning_rate, min(num_steps, 0))
    for _ in range(num_steps):
        if ((matrix + matrix.T) @ x / 2).abs().max() < 1e-6:
            break
        x = descend_quadratic(matrix, x, learning_rate, 1)
    return 1 * x


@variant(of=descend_quadratic, seen="catalogue R003-033")
def descend_quadratic_by_eigenvectors(matrix, start, learning_rate, num_steps):
    """the parts along the eigenvectors shrink on their own"""
    descend_quadratic(matrix, start, learning_rate, num_steps)
    values, vectors = torch.linalg.eigh((matrix + matrix.mT) / 2)
    return vectors @ ((1 - learning_rate * values) ** num_steps * (vectors.mT @ start))
