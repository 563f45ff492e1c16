"""Probability tables of a cause and an outcome: product rule, sum rule and Bayes' theorem.

A table holds causes z along its last axis but one, and outcomes x along its last. What everything is conditioned on
as well, a third variable c, is a batch axis.
"""

from jaxtyping import Float
from torch import Tensor


def joint_from_conditional(
    prior: Float[Tensor, "*batch causes"], likelihood: Float[Tensor, "*batch causes outcomes"]
) -> Float[Tensor, "*batch causes outcomes"]:
    """Joint table, by the product rule.

        p(z, x) = p(z) p(x | z)

    Domain: rows with entries >= 0 that sum to 1.
    Source: Bishop 2006, eq. 1.11.
    Notes: R003-046, R003-047.
    """
    return prior[..., None] * likelihood


def marginals(
    joint: Float[Tensor, "*batch causes outcomes"],
) -> tuple[Float[Tensor, "*batch causes"], Float[Tensor, "*batch outcomes"]]:
    """Probabilities of the causes and of the outcomes, by the sum rule.

        p(z) = sum_x p(z, x),   p(x) = sum_z p(z, x)

    Domain: entries >= 0 that sum to 1.
    Source: Bishop 2006, eq. 1.10.
    Notes: R003-048.
    """
    return joint.sum(-1), joint.sum(-2)


def conditional_from_joint(joint: Float[Tensor, "*batch causes outcomes"]) -> Float[Tensor, "*batch causes outcomes"]:
    """Probabilities of the outcomes given each cause; of the causes given each outcome, if the table is transposed.

        p(x | z) = p(z, x) / p(z)

    Domain: entries >= 0, such as probabilities or counts. NaN for a cause of probability 0: nothing is left to divide.
    Source: Bishop 2006, eq. 1.11.
    Notes: R003-046.
    """
    return joint / joint.sum(-1, keepdim=True)


def posterior_table(
    prior: Float[Tensor, "*batch causes"], likelihood: Float[Tensor, "*batch causes outcomes"]
) -> Float[Tensor, "*batch outcomes causes"]:
    """Probabilities of the causes given each outcome, one row for each outcome.

        p(z | x) = p(x | z) p(z) / p(x),   p(x) = sum_z p(x | z) p(z)

    With a third variable, every factor is given c: p(z | x, c) = p(x | z, c) p(z | c) / p(x | c).

    Domain: entries >= 0. An outcome's likelihoods may be scaled alike, as densities are. NaN for an outcome of
    probability 0: no cause has it.
    Source: Bishop 2006, eq. 1.12.
    Notes: R003-045, R003-047.
    """
    return conditional_from_joint(joint_from_conditional(prior, likelihood).mT)
