"""What a network may predict (x_0, epsilon, v, the score), the way from each to each, and the weights of their losses.

With x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon given, each determines the others:

    v = sqrt(alpha_bar_t) epsilon - sqrt(1 - alpha_bar_t) x_0,   score = -epsilon / sqrt(1 - alpha_bar_t)
"""

import torch
from jaxtyping import Float
from torch import Tensor

from reference.diffusion.schedules import snr


def v_target(
    x_0: Float[Tensor, "*batch dim"], epsilon: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """The velocity d x_t / d phi as the angle phi = atan(sigma) turns data into noise.

        v = sqrt(alpha_bar_t) epsilon - sqrt(1 - alpha_bar_t) x_0

    Domain: 0 <= alpha_bar_t <= 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D.
    Notes: R004-095.
    """
    return alpha_bar_t.sqrt() * epsilon - (1 - alpha_bar_t).sqrt() * x_0


def x_0_from_epsilon(
    x_t: Float[Tensor, "*batch dim"], epsilon: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Clean data that the given noise explains.

        x_0 = (x_t - sqrt(1 - alpha_bar_t) epsilon) / sqrt(alpha_bar_t)

    Domain: 0 < alpha_bar_t <= 1; errors in epsilon grow as 1 / sqrt(alpha_bar_t).
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 15.
    Notes: R001-105, R001-111, R002-004, R002-012, R003-125.
    """
    return (x_t - (1 - alpha_bar_t).sqrt() * epsilon) / alpha_bar_t.sqrt()


def x_0_from_v(
    x_t: Float[Tensor, "*batch dim"], v: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Clean data from the velocity.

        x_0 = sqrt(alpha_bar_t) x_t - sqrt(1 - alpha_bar_t) v

    Domain: 0 <= alpha_bar_t <= 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D.
    Notes: R001-105, R004-095.
    """
    return alpha_bar_t.sqrt() * x_t - (1 - alpha_bar_t).sqrt() * v


def x_0_from_score(
    x_t: Float[Tensor, "*batch dim"], score: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Posterior mean of the clean data from the score of x_t: Tweedie's formula.

        x_0 = (x_t + (1 - alpha_bar_t) score) / sqrt(alpha_bar_t)

    Domain: 0 < alpha_bar_t <= 1.
    Source: Song et al. 2020, arXiv:2011.13456, with Efron 2011 (Tweedie).
    Notes: R001-105, R003-148.
    """
    return (x_t + (1 - alpha_bar_t) * score) / alpha_bar_t.sqrt()


def epsilon_from_x_0(
    x_t: Float[Tensor, "*batch dim"], x_0: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Noise that leads from the given clean data to x_t.

        epsilon = (x_t - sqrt(alpha_bar_t) x_0) / sqrt(1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1.
    Source: Ho et al. 2020, arXiv:2006.11239, eq. 4, solved for the noise.
    Notes: R001-105, R001-111, R002-004.
    """
    return (x_t - alpha_bar_t.sqrt() * x_0) / (1 - alpha_bar_t).sqrt()


def epsilon_from_v(
    x_t: Float[Tensor, "*batch dim"], v: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Noise from the velocity.

        epsilon = sqrt(1 - alpha_bar_t) x_t + sqrt(alpha_bar_t) v

    Domain: 0 <= alpha_bar_t <= 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D.
    Notes: R001-105, R004-095.
    """
    return (1 - alpha_bar_t).sqrt() * x_t + alpha_bar_t.sqrt() * v


def epsilon_from_score(
    score: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Noise from the score of x_t.

        epsilon = -sqrt(1 - alpha_bar_t) score

    Domain: 0 <= alpha_bar_t <= 1.
    Source: Song et al. 2020, arXiv:2011.13456, section 3.1; Dhariwal & Nichol 2021, arXiv:2105.05233, eq. 11.
    Notes: R001-105.
    """
    return -(1 - alpha_bar_t).sqrt() * score


def v_from_x_0(
    x_t: Float[Tensor, "*batch dim"], x_0: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Velocity from the clean data.

        v = (sqrt(alpha_bar_t) x_t - x_0) / sqrt(1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D, with x_t substituted.
    Notes: R001-105, R004-095.
    """
    return (alpha_bar_t.sqrt() * x_t - x_0) / (1 - alpha_bar_t).sqrt()


def v_from_epsilon(
    x_t: Float[Tensor, "*batch dim"], epsilon: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Velocity from the noise.

        v = (epsilon - sqrt(1 - alpha_bar_t) x_t) / sqrt(alpha_bar_t)

    Domain: 0 < alpha_bar_t <= 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D, with x_t substituted.
    Notes: R001-105, R004-095.
    """
    return (epsilon - (1 - alpha_bar_t).sqrt() * x_t) / alpha_bar_t.sqrt()


def v_from_score(
    x_t: Float[Tensor, "*batch dim"], score: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Velocity from the score of x_t.

        v = -sqrt((1 - alpha_bar_t) / alpha_bar_t) (x_t + score)

    Domain: 0 < alpha_bar_t <= 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D, with epsilon = -sqrt(1 - alpha_bar_t) score.
    Notes: R001-105.
    """
    return -((1 - alpha_bar_t) / alpha_bar_t).sqrt() * (x_t + score)


def score_from_x_0(
    x_t: Float[Tensor, "*batch dim"], x_0: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Score of q(x_t | x_0).

        score = (sqrt(alpha_bar_t) x_0 - x_t) / (1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1.
    Source: Song et al. 2020, arXiv:2011.13456, eq. 7.
    Notes: R001-105.
    """
    return (alpha_bar_t.sqrt() * x_0 - x_t) / (1 - alpha_bar_t)


def score_from_epsilon(
    epsilon: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Score of x_t from the noise.

        score = -epsilon / sqrt(1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1.
    Source: Dhariwal & Nichol 2021, arXiv:2105.05233, eq. 11.
    Notes: R001-105.
    """
    return -epsilon / (1 - alpha_bar_t).sqrt()


def score_from_v(
    x_t: Float[Tensor, "*batch dim"], v: Float[Tensor, "*batch dim"], alpha_bar_t: Float[Tensor, "*#batch 1"]
) -> Float[Tensor, "*batch dim"]:
    """Score of x_t from the velocity.

        score = -x_t - sqrt(alpha_bar_t / (1 - alpha_bar_t)) v

    Domain: 0 <= alpha_bar_t < 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D, with score = -epsilon / sqrt(1 - alpha_bar_t).
    Notes: R001-105.
    """
    return -x_t - (alpha_bar_t / (1 - alpha_bar_t)).sqrt() * v


def clipped_prediction(
    x_t: Float[Tensor, "*batch dim"],
    x_0: Float[Tensor, "*batch dim"],
    alpha_bar_t: Float[Tensor, "*#batch 1"],
    bound: float = 1.0,
) -> tuple[Float[Tensor, "*batch dim"], Float[Tensor, "*batch dim"]]:
    """Predicted data clipped to its range, and the noise that then still explains x_t.

        x_0' = clip(x_0, -bound, bound),   epsilon' = (x_t - sqrt(alpha_bar_t) x_0') / sqrt(1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1, bound > 0.
    Source: Ho et al. 2020, arXiv:2006.11239, code; Nichol et al. 2021 (GLIDE), arXiv:2112.10741, code.
    Differs: samplers that keep the unclipped noise step off the line through x_0' and x_t.
    Notes: R001-110, R001-111.
    """
    clipped = x_0.clamp(-bound, bound)
    return clipped, epsilon_from_x_0(x_t, clipped, alpha_bar_t)


def x_0_weight_of_epsilon_loss(alpha_bar_t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Weight under which the squared error of x_0 equals the squared error of epsilon: the SNR.

        |epsilon - epsilon'|^2 = w |x_0 - x_0'|^2,   w = alpha_bar_t / (1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, section 4.
    Notes: R002-004.
    """
    return snr(alpha_bar_t)


def x_0_weight_of_v_loss(alpha_bar_t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Weight under which the squared error of x_0 equals the squared error of v: SNR + 1.

        |v - v'|^2 = w |x_0 - x_0'|^2,   w = 1 / (1 - alpha_bar_t)

    Domain: 0 <= alpha_bar_t < 1.
    Source: Salimans & Ho 2022, arXiv:2202.00512, section 4.
    Notes: R004-095.
    """
    return 1 / (1 - alpha_bar_t)


def x_0_weight_of_score_loss(alpha_bar_t: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Weight under which the squared error of x_0 equals the squared error of the score.

        |score - score'|^2 = w |x_0 - x_0'|^2,   w = alpha_bar_t / (1 - alpha_bar_t)^2

    Domain: 0 <= alpha_bar_t < 1.
    Source: Song et al. 2020, arXiv:2011.13456, eq. 7.
    Notes: R002-004.
    """
    return alpha_bar_t / (1 - alpha_bar_t) ** 2


def min_snr_weight_x_0(alpha_bar_t: Float[Tensor, "*shape"], gamma: float = 5.0) -> Float[Tensor, "*shape"]:
    """Min-SNR weight of the squared error of x_0.

        w = min(SNR, gamma)

    Domain: 0 <= alpha_bar_t <= 1, gamma > 0.
    Source: Hang et al. 2023, arXiv:2303.09556, section 3.4.
    Notes: R004-081.
    """
    return snr(alpha_bar_t).clamp(max=gamma)


def min_snr_weight_epsilon(alpha_bar_t: Float[Tensor, "*shape"], gamma: float = 5.0) -> Float[Tensor, "*shape"]:
    """Min-SNR weight of the squared error of epsilon.

        w = min(SNR, gamma) / SNR = min(1, gamma / SNR)

    Domain: 0 <= alpha_bar_t <= 1, gamma > 0; 1 where there is no signal.
    Source: Hang et al. 2023, arXiv:2303.09556, section 3.4.
    Notes: R004-081.
    """
    return (gamma * (1 - alpha_bar_t) / alpha_bar_t).clamp(max=1)


def min_snr_weight_v(alpha_bar_t: Float[Tensor, "*shape"], gamma: float = 5.0) -> Float[Tensor, "*shape"]:
    """Min-SNR weight of the squared error of v.

        w = min(SNR, gamma) / (SNR + 1)

    Domain: 0 <= alpha_bar_t <= 1, gamma > 0; 0 where there is no signal.
    Source: Hang et al. 2023, arXiv:2303.09556, section 3.4.
    Notes: R004-081.
    """
    return torch.minimum(alpha_bar_t, gamma * (1 - alpha_bar_t))
