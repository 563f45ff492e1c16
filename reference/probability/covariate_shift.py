"""Risk on a target distribution from samples of a source, weighted by what a classifier makes of the two.

Labels are True for samples of the target, False for those of the source.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def logistic_regression_step(
    weights: Float[Tensor, "features"],
    features: Float[Tensor, "samples features"],
    labels: Bool[Tensor, "samples"],
    penalty: float,
) -> Float[Tensor, "features"]:
    """Weights after one Newton step on the loss of a logistic regression.

        L(w) = -sum_i log p(label_i | x_i) + lambda |w|^2 / 2,   p = sigmoid(X w)
        w'   = w - inv(X^T diag(p (1 - p)) X + lambda I) (X^T (p - labels) + lambda w)

    Domain: penalty >= 0, else ValueError; all weights are penalised. torch.linalg.LinAlgError where the matrix is
    singular. Steps are not damped: from weights far off they may diverge.
    Source: Bishop 2006, eqs. 4.92 and 4.96-4.98.
    Differs: scikit-learn's LogisticRegression weighs the data by C = 1 / lambda, and spares the intercept.
    Notes: R004-008.
    """
    if not penalty >= 0:
        raise ValueError(f"penalty must not be negative; got {penalty}")
    p = torch.sigmoid(features @ weights)
    gradient = features.T @ (p - labels.to(p.dtype)) + penalty * weights
    identity = torch.eye(len(weights), dtype=weights.dtype, device=weights.device)
    curvature = (features.T * p * (1 - p)) @ features + penalty * identity
    return weights - torch.linalg.solve(curvature, gradient)


def fit_logistic_regression(
    features: Float[Tensor, "samples features"], labels: Bool[Tensor, "samples"], penalty: float, num_steps: int
) -> Float[Tensor, "features"]:
    """Weights after Newton steps from 0: x w approaches log p(True | x) / p(False | x).

    The limit has X^T (labels - p) = lambda w. A penalty draws the weights to 0; at 0 the classes must overlap, or the
    weights grow without bound.

    Domain: penalty >= 0, as each step checks, and num_steps >= 0; else ValueError.
    Source: Bishop 2006, section 4.3.3.
    Notes: R004-008.
    """
    if num_steps < 0:
        raise ValueError(f"num_steps must not be negative; got {num_steps}")
    weights = features.new_zeros(features.shape[1])
    for _ in range(num_steps):
        weights = logistic_regression_step(weights, features, labels, penalty)
    return weights


def importance_weights(
    logits: Float[Tensor, "*samples"], num_source: int, num_target: int
) -> Float[Tensor, "*samples"]:
    """Ratio of target to source density, from the logits of a classifier trained on samples of both.

        p(x) / q(x) = (n / m) exp(h(x)),   h = log P(target | x) / P(source | x),   n of the source q, m of the target p

    Domain: num_source, num_target >= 1; else ValueError. Unbounded where the target is certain.
    Source: textbook; Bayes' rule for the label.
    Differs: often exp(h), which is right for n = m, or min(exp(h), c), which a missing factor cuts at another place.
    Notes: R004-008.
    """
    if num_source < 1 or num_target < 1:
        raise ValueError(f"both distributions need samples; got {num_source} and {num_target}")
    return num_source / num_target * logits.exp()


def weighted_risk(
    losses: Float[Tensor, "*batch samples"], weights: Float[Tensor, "*batch samples"]
) -> Float[Tensor, "*batch"]:
    """Estimate of the risk under the target from losses on samples of the source.

        1 / n sum_i w_i l_i,   E_q[(p / q) l] = E_p[l]

    Unbiased at w = p / q if q > 0 wherever p > 0.

    Domain: at least one sample; else ValueError.
    Source: Shimodaira 2000, Improving predictive inference under covariate shift.
    Differs: the self-normalised sum_i w_i l_i / sum_i w_i does not depend on the scale of w, but is biased.
    Notes: R004-007.
    """
    if losses.shape[-1] < 1:
        raise ValueError(f"a risk needs at least one sample; got {losses.shape[-1]}")
    return (weights * losses).mean(-1)


def effective_sample_size(weights: Float[Tensor, "*batch samples"]) -> Float[Tensor, "*batch"]:
    """Number of equally weighted samples that are worth as much as these.

        (sum_i w_i)^2 / sum_i w_i^2

    It lies between 1, where one weight is all, and n, where all are equal; the scale of the weights does not matter.

    Domain: weights >= 0 of any size; NaN where all are 0.
    Source: Kong 1992.
    Notes: R004-007.
    """
    share = weights / weights.sum(-1, keepdim=True)
    return 1 / share.square().sum(-1)
