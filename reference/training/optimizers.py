"""One step of an optimizer on one parameter: the new parameter, and the state that the next step takes.

Velocities, means and sums start as zeros, and counted states at step 0.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class MomentumState(NamedTuple):
    """Number of steps so far, and the velocity."""

    step: int
    velocity: Float[Tensor, "*shape"]


class CenteredState(NamedTuple):
    """Moving averages of the gradient and of its square."""

    mean: Float[Tensor, "*shape"]
    square: Float[Tensor, "*shape"]


class AdamState(NamedTuple):
    """Number of steps so far, and moving averages of the gradient and of its square, both biased towards 0."""

    step: int
    mean: Float[Tensor, "*shape"]
    square: Float[Tensor, "*shape"]


class AmsgradState(NamedTuple):
    """As `AdamState`, with the largest average of squares so far."""

    step: int
    mean: Float[Tensor, "*shape"]
    square: Float[Tensor, "*shape"]
    largest: Float[Tensor, "*shape"]


def _require_not_negative(**numbers: float) -> None:
    for name, number in numbers.items():
        if not number >= 0:
            raise ValueError(f"{name} must not be negative; got {number}")


def _require_share(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 <= number < 1:
            raise ValueError(f"{name} must be in [0, 1); got {number}")


def sgd_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    learning_rate: float,
    weight_decay: float = 0.0,
) -> Float[Tensor, "*shape"]:
    """Parameter after a step of gradient descent on the loss plus weight_decay |theta|^2 / 2.

        theta := theta - lr (g + lambda theta)

    Domain: learning_rate >= 0 and weight_decay >= 0, else ValueError.
    Source: textbook; PyTorch, `torch.optim.SGD`.
    Notes: R001-007, R001-008, R003-039, R004-005.
    """
    _require_not_negative(learning_rate=learning_rate, weight_decay=weight_decay)
    return parameter - learning_rate * (gradient + weight_decay * parameter)


def minibatch_sgd_step(
    parameter: Float[Tensor, "*shape"],
    gradient_sum: Float[Tensor, "*shape"],
    learning_rate: float,
    batch_size: int,
) -> Float[Tensor, "*shape"]:
    """Parameter after a step on the mean loss of a batch, from the gradient of the summed loss.

        theta := theta - lr g / B

    Domain: learning_rate >= 0 and batch_size >= 1, else ValueError. With the gradient of a mean loss use `sgd_step`.
    Source: Zhang et al., "Dive into Deep Learning", arXiv:2106.11342, linear regression from scratch.
    Notes: R004-006.
    """
    if batch_size < 1:
        raise ValueError(f"a batch has at least one sample; got {batch_size}")
    return sgd_step(parameter, gradient_sum / batch_size, learning_rate)


def momentum_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    velocity: Float[Tensor, "*shape"],
    learning_rate: float,
    beta: float,
    weight_decay: float = 0.0,
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Parameter and velocity after a step of gradient descent with momentum.

        v := beta v + g + lambda theta
        theta := theta - lr v

    For a constant gradient v tends to g / (1 - beta).

    Domain: learning_rate, beta and weight_decay >= 0, else ValueError.
    Source: PyTorch, `torch.optim.SGD`.
    Differs: `heavy_ball_step` has the learning rate inside the velocity, as in Keras. Optimizers that average,
    v := beta v + (1 - beta) g, take steps 1 - beta times as long.
    Notes: R001-007, R001-008, R003-040.
    """
    _require_not_negative(learning_rate=learning_rate, beta=beta, weight_decay=weight_decay)
    velocity = beta * velocity + gradient + weight_decay * parameter
    return parameter - learning_rate * velocity, velocity


def dampened_momentum_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    state: MomentumState,
    learning_rate: float,
    beta: float,
    dampening: float,
) -> tuple[Float[Tensor, "*shape"], MomentumState]:
    """Parameter and state after a step with momentum in which all gradients but the first count less.

        v := g at the first step,   beta v + (1 - dampening) g at later ones
        theta := theta - lr v

    Domain: learning_rate and beta >= 0, else ValueError. Dampening 0 is `momentum_step`.
    Source: PyTorch, `torch.optim.SGD`.
    Differs: MLX dampens the first gradient too.
    Notes: R003-040.
    """
    _require_not_negative(learning_rate=learning_rate, beta=beta)
    share = 1.0 if state.step == 0 else 1 - dampening
    velocity = beta * state.velocity + share * gradient
    return parameter - learning_rate * velocity, MomentumState(state.step + 1, velocity)


def heavy_ball_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    velocity: Float[Tensor, "*shape"],
    learning_rate: float,
    beta: float,
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Parameter and velocity after a step of classical momentum, whose velocity is the last change of the parameter.

        v := beta v - lr g
        theta := theta + v

    Domain: learning_rate and beta >= 0, else ValueError. While the learning rate is constant, theta is that of
    `momentum_step`; after a change of it the old velocity keeps its size here and is rescaled there.
    Source: Polyak 1964; Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning",
    eqs. 1-2.
    Notes: R003-040.
    """
    _require_not_negative(learning_rate=learning_rate, beta=beta)
    velocity = beta * velocity - learning_rate * gradient
    return parameter + velocity, velocity


def nesterov_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    velocity: Float[Tensor, "*shape"],
    learning_rate: float,
    beta: float,
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Parameter and velocity after a step of Nesterov's accelerated gradient, kept at the point that looks ahead.

        v := beta v + g
        theta := theta - lr (g + beta v)

    Domain: learning_rate and beta >= 0, else ValueError.
    Source: PyTorch, `torch.optim.SGD` with `nesterov`; Sutskever et al. 2013, eqs. 3-4.
    Differs: the paper keeps theta' and takes the gradient at theta' - lr beta v. That point is theta here, so the
    gradient is the one at the parameter.
    Notes: R003-040.
    """
    _require_not_negative(learning_rate=learning_rate, beta=beta)
    velocity = beta * velocity + gradient
    return parameter - learning_rate * (gradient + beta * velocity), velocity


def adagrad_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    square_sum: Float[Tensor, "*shape"],
    learning_rate: float,
    epsilon: float,
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Parameter and sum of squared gradients after a step of Adagrad.

        r := r + g^2
        theta := theta - lr g / (sqrt(r) + epsilon)

    Domain: learning_rate and epsilon >= 0, else ValueError; epsilon = 0 only where a gradient was not 0.
    Source: Duchi et al. 2011, "Adaptive subgradient methods for online learning and stochastic optimization",
    diagonal form.
    Differs: Keras starts r at 0.1 and has epsilon inside the root.
    Notes: R003-041.
    """
    _require_not_negative(learning_rate=learning_rate, epsilon=epsilon)
    square_sum = square_sum + gradient.square()
    return parameter - learning_rate * gradient / (square_sum.sqrt() + epsilon), square_sum


def rmsprop_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    square: Float[Tensor, "*shape"],
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Parameter and moving average of squared gradients after a step of RMSProp.

        v := rho v + (1 - rho) g^2
        theta := theta - lr g / (sqrt(v) + epsilon)

    The average is not corrected for its start at 0: the first step is lr / sqrt(1 - rho) long.

    Domain: learning_rate and epsilon >= 0 and 0 <= rho < 1, else ValueError; epsilon = 0 only where a gradient was
    not 0.
    Source: Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning".
    Differs: Keras and TensorFlow have epsilon inside the root.
    Notes: R003-042.
    """
    _require_not_negative(learning_rate=learning_rate, epsilon=epsilon)
    _require_share(rho=rho)
    square = rho * square + (1 - rho) * gradient.square()
    return parameter - learning_rate * gradient / (square.sqrt() + epsilon), square


def centered_rmsprop_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    state: CenteredState,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> tuple[Float[Tensor, "*shape"], CenteredState]:
    """Parameter and state after a step of RMSProp by the variance of the gradient in place of its square.

        m := rho m + (1 - rho) g
        v := rho v + (1 - rho) g^2
        theta := theta - lr g / (sqrt(max(v - m^2, 0)) + epsilon)

    Domain: as for `rmsprop_step`. A variance below 0, which only rounding produces, counts as 0.
    Source: Graves 2013, arXiv:1308.0850, section 4 (experiments).
    Differs: the paper adds epsilon inside the root. PyTorch takes the root of v - m^2 as it is, which under a constant
    gradient becomes NaN once rounding makes it negative.
    Notes: R003-042.
    """
    _require_not_negative(learning_rate=learning_rate, epsilon=epsilon)
    _require_share(rho=rho)
    mean = rho * state.mean + (1 - rho) * gradient
    square = rho * state.square + (1 - rho) * gradient.square()
    deviation = (square - mean.square()).clamp(min=0).sqrt()
    return parameter - learning_rate * gradient / (deviation + epsilon), CenteredState(mean, square)


def adam_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    state: AdamState,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Float[Tensor, "*shape"], AdamState]:
    """Parameter and state after a step of Adam.

        t := t + 1
        m := beta_1 m + (1 - beta_1) g
        v := beta_2 v + (1 - beta_2) g^2
        theta := theta - lr (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    The divisions make both averages those of the gradients alone, without the zeros from which they start.

    Domain: learning_rate and epsilon >= 0 and both betas in [0, 1), else ValueError; epsilon = 0 only where a gradient
    was not 0.
    Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1.
    Differs: the form at the end of section 2 of the paper, which TensorFlow has, adds epsilon to the uncorrected
    sqrt(v), so that it is larger by 1 / sqrt(1 - beta_2^t).
    Notes: R001-007, R003-043.
    """
    _require_not_negative(learning_rate=learning_rate, epsilon=epsilon)
    _require_share(beta_1=beta_1, beta_2=beta_2)
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient.square()
    size = (square / (1 - beta_2**step)).sqrt() + epsilon
    return parameter - learning_rate * mean / (1 - beta_1**step) / size, AdamState(step, mean, square)


def amsgrad_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    state: AmsgradState,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Float[Tensor, "*shape"], AmsgradState]:
    """Parameter and state after a step of AMSGrad: Adam by the largest average of squares that there was.

        t, m, v as in `adam_step`
        u := max(u, v)
        theta := theta - lr (m / (1 - beta_1^t)) / (sqrt(u / (1 - beta_2^t)) + epsilon)

    Domain: as for `adam_step`.
    Source: Reddi et al. 2018, arXiv:1904.09237, algorithm 2, with the corrections of Adam, as in PyTorch.
    Differs: the paper corrects neither average. A maximum of corrected averages would keep that of the first gradient,
    to which the correction gives the most weight.
    Notes: R003-043.
    """
    _require_not_negative(learning_rate=learning_rate, epsilon=epsilon)
    _require_share(beta_1=beta_1, beta_2=beta_2)
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient.square()
    largest = state.largest.maximum(square)
    size = (largest / (1 - beta_2**step)).sqrt() + epsilon
    return parameter - learning_rate * mean / (1 - beta_1**step) / size, AmsgradState(step, mean, square, largest)


def decoupled_decay(
    parameter: Float[Tensor, "*shape"], learning_rate: float, weight_decay: float
) -> Float[Tensor, "*shape"]:
    """Parameter that shrank by the decay of one step, whatever its gradient: what comes before the step itself.

        theta := (1 - lr lambda) theta

    Domain: learning_rate >= 0 and weight_decay >= 0, else ValueError.
    Source: Loshchilov & Hutter 2017, arXiv:1711.05101, algorithms 1-2.
    Differs: the paper multiplies by 1 - eta lambda with a schedule eta that does not contain the learning rate.
    Notes: R001-008, R003-044.
    """
    _require_not_negative(learning_rate=learning_rate, weight_decay=weight_decay)
    return (1 - learning_rate * weight_decay) * parameter


def adamw_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    state: AdamState,
    learning_rate: float,
    weight_decay: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[Float[Tensor, "*shape"], AdamState]:
    """Parameter and state after a step of Adam with decoupled decay, which neither average sees.

        theta := (1 - lr lambda) theta - lr (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Domain: as for `adam_step`, and weight_decay >= 0, else ValueError.
    Source: Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2, as in PyTorch (see `decoupled_decay`).
    Notes: R001-008, R003-044.
    """
    decayed = decoupled_decay(parameter, learning_rate, weight_decay)
    return adam_step(decayed, gradient, state, learning_rate, beta_1, beta_2, epsilon)


def lion_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    mean: Float[Tensor, "*shape"],
    learning_rate: float,
    weight_decay: float,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Parameter and moving average after a step of Lion, which moves every coordinate by the learning rate or not.

        theta := (1 - lr lambda) theta - lr sign(beta_1 m + (1 - beta_1) g)
        m := beta_2 m + (1 - beta_2) g

    Domain: learning_rate and weight_decay >= 0 and both betas in [0, 1), else ValueError; sign(0) = 0.
    Source: Chen et al. 2023, arXiv:2302.06675, algorithm 2.
    Notes: none.
    """
    _require_share(beta_1=beta_1, beta_2=beta_2)
    direction = (beta_1 * mean + (1 - beta_1) * gradient).sign()
    decayed = decoupled_decay(parameter, learning_rate, weight_decay)
    return decayed - learning_rate * direction, beta_2 * mean + (1 - beta_2) * gradient


def adabelief_step(
    parameter: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    state: AdamState,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Float[Tensor, "*shape"], AdamState]:
    """Parameter and state after a step of AdaBelief: Adam by how far the gradient is from its own average.

        m := beta_1 m + (1 - beta_1) g
        s := beta_2 s + (1 - beta_2) (g - m)^2 + epsilon
        theta := theta - lr (m / (1 - beta_1^t)) / (sqrt(s / (1 - beta_2^t)) + epsilon)

    with m already updated in the second line; `state.square` holds s.

    Domain: as for `adam_step`.
    Source: Zhuang et al. 2020, arXiv:2010.07468, algorithm 2.
    Notes: none.
    """
    _require_not_negative(learning_rate=learning_rate, epsilon=epsilon)
    _require_share(beta_1=beta_1, beta_2=beta_2)
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * (gradient - mean).square() + epsilon
    size = (square / (1 - beta_2**step)).sqrt() + epsilon
    return parameter - learning_rate * mean / (1 - beta_1**step) / size, AdamState(step, mean, square)
