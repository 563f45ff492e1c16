"""Wrong variants of `reference.training.optimizers`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.training.optimizers import (
    AdamState,
    AmsgradState,
    CenteredState,
    MomentumState,
    adabelief_step,
    adagrad_step,
    adam_step,
    adamw_step,
    amsgrad_step,
    centered_rmsprop_step,
    dampened_momentum_step,
    decoupled_decay,
    heavy_ball_step,
    lion_step,
    minibatch_sgd_step,
    momentum_step,
    nesterov_step,
    rmsprop_step,
    sgd_step,
)


@mistake(of=sgd_step, seen="ml-explore/mlx#440")
def sgd_step_without_decay(parameter, gradient, learning_rate, weight_decay=0.0):
    """weight decay is ignored, as where a step without momentum returns early"""
    return sgd_step(parameter, gradient, learning_rate) + 0 * weight_decay


@mistake(of=sgd_step, seen="catalogue R003-039")
def sgd_step_uphill(parameter, gradient, learning_rate, weight_decay=0.0):
    """the step goes along the gradient, and up"""
    return sgd_step(parameter, -gradient, learning_rate, weight_decay)


@mistake(of=sgd_step, seen="catalogue R001-008")
def sgd_step_with_decay_twice_the_rate(parameter, gradient, learning_rate, weight_decay=0.0):
    """the decay is multiplied by the learning rate twice"""
    return sgd_step(parameter, gradient, learning_rate, learning_rate * weight_decay)


@mistake(of=sgd_step, seen="catalogue R001-008")
def sgd_step_with_decay_of_the_sign(parameter, gradient, learning_rate, weight_decay=0.0):
    """the decay pulls by a constant, which is the gradient of |theta| and not of its square"""
    return sgd_step(parameter, gradient + weight_decay * parameter.sign(), learning_rate)


@mistake(of=sgd_step, seen="catalogue R003-039")
def sgd_step_of_the_sign(parameter, gradient, learning_rate, weight_decay=0.0):
    """every step has the length of the learning rate, whatever the size of the gradient"""
    return sgd_step(parameter, gradient.sign(), learning_rate, weight_decay)


@mistake(of=sgd_step, seen="catalogue R003-039")
def sgd_step_without_check(parameter, gradient, learning_rate, weight_decay=0.0):
    """a negative learning rate climbs in silence"""
    return parameter - learning_rate * (gradient + weight_decay * parameter)


@mistake(of=sgd_step, seen="catalogue R003-039")
def sgd_step_of_a_coarse_rate(parameter, gradient, learning_rate, weight_decay=0.0):
    """the learning rate is rounded to bfloat16"""
    return sgd_step(parameter, gradient, torch.tensor(learning_rate).bfloat16().item(), weight_decay)


@variant(of=sgd_step, seen="catalogue R001-008")
def sgd_step_by_shrinking_first(parameter, gradient, learning_rate, weight_decay=0.0):
    """without momentum decoupled decay is L2, by the same lambda"""
    return sgd_step(decoupled_decay(parameter, learning_rate, weight_decay), gradient, learning_rate)


@mistake(of=minibatch_sgd_step, seen="catalogue R004-006")
def minibatch_sgd_step_of_the_sum(parameter, gradient_sum, learning_rate, batch_size):
    """the sum of the gradients is not divided by the batch size"""
    return minibatch_sgd_step(parameter, gradient_sum, learning_rate, max(batch_size, 0) // max(batch_size, 1))


@mistake(of=minibatch_sgd_step, seen="catalogue R004-006")
def minibatch_sgd_step_divided_twice(parameter, gradient_sum, learning_rate, batch_size):
    """the gradient is divided by the batch size although it is that of a mean already"""
    return minibatch_sgd_step(parameter, gradient_sum, learning_rate, batch_size**2)


@mistake(of=minibatch_sgd_step, seen="catalogue R004-006")
def minibatch_sgd_step_divided_by_root(parameter, gradient_sum, learning_rate, batch_size):
    """the sum is divided by the root of the batch size"""
    return sgd_step(parameter, gradient_sum / max(batch_size, 1) ** 0.5, learning_rate)


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_by_average(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """the velocity is an average of gradients, 1 - beta times as large"""
    gradient = gradient + weight_decay * parameter
    return momentum_step(parameter, (1 - beta) * gradient, velocity, learning_rate, beta)


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_with_rate_inside(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """the learning rate is inside the velocity, which keeps old rates when the rate changes"""
    return heavy_ball_step(parameter, gradient + weight_decay * parameter, velocity, learning_rate, beta)


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_that_looks_ahead(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """it is Nesterov's step"""
    return nesterov_step(parameter, gradient + weight_decay * parameter, velocity, learning_rate, beta)


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_with_old_velocity(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """the parameter moves before the gradient has come into the velocity"""
    _, after = momentum_step(parameter, gradient, velocity, learning_rate, beta, weight_decay)
    return parameter - learning_rate * velocity, after


@mistake(of=momentum_step, seen="catalogue R001-008")
def momentum_step_with_decoupled_decay(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """the decay is decoupled, so that the velocity does not gather it"""
    decayed = decoupled_decay(parameter, learning_rate, weight_decay)
    return momentum_step(decayed, gradient, velocity, learning_rate, beta)


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_without_check(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """a negative momentum is accepted"""
    velocity = beta * velocity + gradient + weight_decay * parameter
    return parameter - learning_rate * velocity, velocity


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_of_a_coarse_beta(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """beta is rounded to bfloat16, where all shares close to 1 are 1"""
    return momentum_step(
        parameter, gradient, velocity, learning_rate, torch.tensor(beta).bfloat16().item(), weight_decay
    )


@mistake(of=dampened_momentum_step, seen="ml-explore/mlx#473")
def dampened_momentum_step_from_the_first(parameter, gradient, state, learning_rate, beta, dampening):
    """the first gradient is dampened too"""
    later = state._replace(step=max(state.step, 1))
    moved, after = dampened_momentum_step(parameter, gradient, later, learning_rate, beta, dampening)
    return moved, after._replace(step=state.step + 1)


@mistake(of=dampened_momentum_step, seen="pytorch/pytorch#152833")
def dampened_momentum_step_by_dampening(parameter, gradient, state, learning_rate, beta, dampening):
    """gradients are multiplied by the dampening instead of 1 - dampening"""
    return dampened_momentum_step(parameter, gradient, state, learning_rate, beta, 1 - dampening)


@mistake(of=dampened_momentum_step, seen="catalogue R003-040")
def dampened_momentum_step_that_restarts(parameter, gradient, state, learning_rate, beta, dampening):
    """steps are not counted, so that no gradient is dampened"""
    moved, after = dampened_momentum_step(parameter, gradient, state, learning_rate, beta, dampening)
    return moved, after._replace(step=0)


@mistake(of=dampened_momentum_step, seen="catalogue R003-040")
def dampened_momentum_step_without_check(parameter, gradient, state, learning_rate, beta, dampening):
    """a negative momentum is accepted"""
    velocity = beta * state.velocity + (gradient if state.step == 0 else (1 - dampening) * gradient)
    return parameter - learning_rate * velocity, MomentumState(state.step + 1, velocity)


@mistake(of=heavy_ball_step, seen="catalogue R003-040")
def heavy_ball_step_with_rate_outside(parameter, gradient, velocity, learning_rate, beta):
    """the learning rate is outside the velocity, which is rescaled when the rate changes"""
    return momentum_step(parameter, gradient, velocity, learning_rate, beta)


@mistake(of=heavy_ball_step, seen="catalogue R003-040")
def heavy_ball_step_with_rate_twice(parameter, gradient, velocity, learning_rate, beta):
    """the velocity holds the learning rate and is multiplied by it again"""
    _, velocity = heavy_ball_step(parameter, gradient, velocity, learning_rate, beta)
    return parameter + learning_rate * velocity, velocity


@mistake(of=heavy_ball_step, seen="catalogue R003-040")
def heavy_ball_step_uphill(parameter, gradient, velocity, learning_rate, beta):
    """the velocity is subtracted although it holds the minus already"""
    _, velocity = heavy_ball_step(parameter, gradient, velocity, learning_rate, beta)
    return parameter - velocity, velocity


@mistake(of=nesterov_step, seen="google-deepmind/optax commit 82326d6f")
def nesterov_step_that_keeps_the_look_ahead(parameter, gradient, velocity, learning_rate, beta):
    """what looks ahead is stored as the velocity"""
    moved, after = nesterov_step(parameter, gradient, velocity, learning_rate, beta)
    return moved, gradient + beta * after


@mistake(of=nesterov_step, seen="catalogue R003-040")
def nesterov_step_without_looking_ahead(parameter, gradient, velocity, learning_rate, beta):
    """it is the step of plain momentum"""
    return momentum_step(parameter, gradient, velocity, learning_rate, beta)


@mistake(of=nesterov_step, seen="catalogue R003-040")
def nesterov_step_with_old_velocity(parameter, gradient, velocity, learning_rate, beta):
    """the velocity from before the step looks ahead"""
    _, after = nesterov_step(parameter, gradient, velocity, learning_rate, beta)
    return parameter - learning_rate * (gradient + beta * velocity), after


@variant(of=nesterov_step, seen="pytorch/pytorch#5920")
def nesterov_step_by_two_momenta(parameter, gradient, velocity, learning_rate, beta):
    """g + beta v with the new v is a second step of the same velocity"""
    _, after = momentum_step(parameter, gradient, velocity, learning_rate, beta)
    moved, _ = momentum_step(parameter, gradient, after, learning_rate, beta)
    return moved, after


@mistake(of=adagrad_step, seen="E003-013")
def adagrad_step_without_root(parameter, gradient, square_sum, learning_rate, epsilon):
    """the gradient is divided by the sum of squares instead of its root"""
    _, square_sum = adagrad_step(parameter, gradient, square_sum, learning_rate, epsilon)
    return parameter - learning_rate * gradient / (square_sum + epsilon), square_sum


@mistake(of=adagrad_step, seen="E003-013")
def adagrad_step_by_earlier_gradients(parameter, gradient, square_sum, learning_rate, epsilon):
    """the current gradient is missing from the sum of squares by which it is divided"""
    _, after = adagrad_step(parameter, gradient, square_sum, learning_rate, epsilon)
    return parameter - learning_rate * gradient / (square_sum.sqrt() + max(epsilon, 1e-30)), after


@mistake(of=adagrad_step, seen="keras-team/keras#17391")
def adagrad_step_with_epsilon_inside_the_root(parameter, gradient, square_sum, learning_rate, epsilon):
    """epsilon is added to the sum of squares, before the root"""
    _, after = adagrad_step(parameter, gradient, square_sum, learning_rate, epsilon)
    return parameter - learning_rate * gradient / (after + epsilon).sqrt(), after


@mistake(of=adagrad_step, seen="catalogue R003-041")
def adagrad_step_by_average(parameter, gradient, square_sum, learning_rate, epsilon):
    """squares are averaged, as RMSProp does, so that old gradients are forgotten"""
    return rmsprop_step(parameter, gradient, square_sum, learning_rate, 0.5, epsilon)


@mistake(of=adagrad_step, seen="catalogue R003-041")
def adagrad_step_with_one_size_for_all(parameter, gradient, square_sum, learning_rate, epsilon):
    """all coordinates are divided by the length of the gradient vector"""
    _, square_sum = adagrad_step(parameter, gradient, square_sum, learning_rate, epsilon)
    return parameter - learning_rate * gradient / (square_sum.sum().sqrt() + epsilon), square_sum


@mistake(of=rmsprop_step, seen="catalogue R003-042")
def rmsprop_step_with_bias_correction(parameter, gradient, square, learning_rate, rho, epsilon):
    """the average of squares is corrected for its start at 0, as Adam does at the first step"""
    moved, after = rmsprop_step(parameter, gradient, square, learning_rate, rho, epsilon)
    corrected = parameter - learning_rate * gradient / ((after / (1 - rho)).sqrt() + epsilon)
    return torch.where(square == 0, corrected, moved), after


@mistake(of=rmsprop_step, seen="catalogue R003-042")
def rmsprop_step_with_exchanged_shares(parameter, gradient, square, learning_rate, rho, epsilon):
    """rho is the share of the new square instead of the old average"""
    return rmsprop_step(parameter, gradient, square, learning_rate, 1 - rho if 0 < rho < 1 else rho, epsilon)


@mistake(of=rmsprop_step, seen="pytorch/pytorch#23796")
def rmsprop_step_with_epsilon_inside_the_root(parameter, gradient, square, learning_rate, rho, epsilon):
    """epsilon is added to the average of squares, before the root"""
    _, after = rmsprop_step(parameter, gradient, square, learning_rate, rho, epsilon)
    return parameter - learning_rate * gradient / (after + epsilon).sqrt(), after


@mistake(of=rmsprop_step, seen="catalogue R003-042")
def rmsprop_step_without_root(parameter, gradient, square, learning_rate, rho, epsilon):
    """the gradient is divided by the average of squares instead of its root"""
    _, after = rmsprop_step(parameter, gradient, square, learning_rate, rho, epsilon)
    return parameter - learning_rate * gradient / (after + epsilon), after


@mistake(of=rmsprop_step, seen="catalogue R003-042")
def rmsprop_step_without_check(parameter, gradient, square, learning_rate, rho, epsilon):
    """an average that takes nothing new is accepted"""
    square = rho * square + (1 - rho) * gradient.square()
    return parameter - learning_rate * gradient / (square.sqrt() + epsilon), square


@mistake(of=centered_rmsprop_step, seen="UselessToys/Ecosystem_WebUI#383")
def centered_rmsprop_step_that_centers_its_state(parameter, gradient, state, learning_rate, rho, epsilon):
    """the squared mean is subtracted in place, from the average of squares itself"""
    moved, after = centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon)
    return moved, CenteredState(after.mean, (after.square - after.mean.square()).clamp(min=0))


@mistake(of=centered_rmsprop_step, seen="catalogue R003-042")
def centered_rmsprop_step_without_centering(parameter, gradient, state, learning_rate, rho, epsilon):
    """the mean is kept and not used"""
    _, after = centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon)
    moved, _ = rmsprop_step(parameter, gradient, state.square, learning_rate, rho, epsilon)
    return moved, after


@mistake(of=centered_rmsprop_step, seen="catalogue R003-042")
def centered_rmsprop_step_with_centered_gradient(parameter, gradient, state, learning_rate, rho, epsilon):
    """the mean is subtracted from the gradient of the step as well"""
    moved, after = centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon)
    deviation = (after.square - after.mean.square()).clamp(min=0).sqrt()
    return moved + learning_rate * after.mean / (deviation + max(epsilon, 1e-30)), after


@mistake(of=centered_rmsprop_step, seen="catalogue R003-042")
def centered_rmsprop_step_with_old_mean(parameter, gradient, state, learning_rate, rho, epsilon):
    """the mean from before the step is subtracted"""
    _, after = centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon)
    deviation = (after.square - state.mean.square()).clamp(min=0).sqrt()
    return parameter - learning_rate * gradient / (deviation + epsilon), after


@mistake(of=centered_rmsprop_step, seen="CanReader/FastNN#12")
def centered_rmsprop_step_with_variance_below_zero(parameter, gradient, state, learning_rate, rho, epsilon):
    """the root of a variance that rounding has made negative is NaN"""
    _, after = centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon)
    deviation = (after.square - after.mean.square()).sqrt()
    return parameter - learning_rate * gradient / (deviation + epsilon), after


@mistake(of=adam_step, seen="tensorflow/tensorflow#9047, karpathy/nanochat#304")
def adam_step_with_epsilon_before_correction(
    parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """epsilon is added before the average of squares is corrected, and becomes larger in the first steps"""
    corrected = epsilon / math.sqrt(1 - beta_2 ** (state.step + 1))
    return adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, corrected)


@mistake(of=adam_step, seen="kozistr/pytorch_optimizer#398")
def adam_step_with_epsilon_inside_the_root(
    parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """epsilon is added to the average of squares, before the root"""
    _, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    size = (after.square / (1 - beta_2**after.step) + epsilon).sqrt()
    return parameter - learning_rate * after.mean / (1 - beta_1**after.step) / size, after


@mistake(of=adam_step, seen="karpathy/convnetjs#107")
def adam_step_multiplied_by_corrections(
    parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the averages are multiplied by 1 - beta^t instead of divided"""
    _, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    size = (after.square * (1 - beta_2**after.step)).sqrt() + epsilon
    return parameter - learning_rate * after.mean * (1 - beta_1**after.step) / size, after


@mistake(of=adam_step, seen="kozistr/pytorch_optimizer#305")
def adam_step_with_doubled_minus_one(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the average of squares is divided by 1 - (1 - beta^t), which tends to 0"""
    _, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    size = (after.square / beta_2**after.step).sqrt() + epsilon
    return parameter - learning_rate * after.mean / (1 - beta_1**after.step) / size, after


@mistake(of=adam_step, seen="catalogue R003-043")
def adam_step_counted_in_bfloat16(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the number of steps is a bfloat16, in which 256 + 1 is 256 again"""
    counted = AdamState(int(torch.tensor(state.step + 1).bfloat16()) - 1, state.mean, state.square)
    moved, after = adam_step(parameter, gradient, counted, learning_rate, beta_1, beta_2, epsilon)
    return moved, after._replace(step=state.step + 1)


@mistake(of=adam_step, seen="catalogue R003-043")
def adam_step_without_corrections(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the averages are not corrected for their start at 0"""
    _, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    return parameter - learning_rate * after.mean / (after.square.sqrt() + epsilon), after


@mistake(of=adam_step, seen="catalogue R003-043")
def adam_step_that_does_not_count(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the count of steps stays at 0, so that every step is corrected as the first"""
    moved, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    return moved, after._replace(step=0)


@mistake(of=adam_step, seen="catalogue R003-043")
def adam_step_counted_from_two(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the count is one too high in the corrections"""
    later = state._replace(step=state.step + 1)
    moved, after = adam_step(parameter, gradient, later, learning_rate, beta_1, beta_2, epsilon)
    return moved, after._replace(step=state.step + 1)


@mistake(of=adam_step, seen="catalogue R003-043")
def adam_step_with_exchanged_betas(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """beta_1 averages the squares, and beta_2 the gradients"""
    return adam_step(parameter, gradient, state, learning_rate, beta_2, beta_1, epsilon)


@mistake(of=adam_step, seen="pytorch/pytorch#22628")
def adam_step_with_other_epsilon(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """epsilon is 1e-7 unless given, as in Keras"""
    return adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)


@mistake(of=adam_step, seen="catalogue R003-043")
def adam_step_without_check(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """impossible constants are accepted"""
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient.square()
    size = (square / ((1 - beta_2**step) or 1)).sqrt() + epsilon
    return parameter - learning_rate * mean / ((1 - beta_1**step) or 1) / size, AdamState(step, mean, square)


@mistake(of=amsgrad_step, seen="pytorch/pytorch#142323, google-deepmind/optax#1423")
def amsgrad_step_by_largest_corrected_average(
    parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the maximum is taken of corrected averages, and keeps that of the first gradient"""
    _, after = amsgrad_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    largest = state.largest.maximum(after.square / (1 - beta_2**after.step))
    moved = parameter - learning_rate * after.mean / (1 - beta_1**after.step) / (largest.sqrt() + epsilon)
    return moved, after._replace(largest=largest)


@mistake(of=amsgrad_step, seen="google-deepmind/optax#1389")
def amsgrad_step_that_is_adam(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the maximum is stored and not used"""
    _, after = amsgrad_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    plain = AdamState(state.step, state.mean, state.square)
    moved, _ = adam_step(parameter, gradient, plain, learning_rate, beta_1, beta_2, epsilon)
    return moved, after


@mistake(of=amsgrad_step, seen="catalogue R003-043")
def amsgrad_step_that_averages_from_the_maximum(
    parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the average of squares goes on from the maximum instead of itself"""
    moved, after = amsgrad_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    return moved, after._replace(square=after.largest)


@mistake(of=amsgrad_step, seen="catalogue R003-043")
def amsgrad_step_of_the_paper(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """neither average is corrected for its start at 0"""
    _, after = amsgrad_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    return parameter - learning_rate * after.mean / (after.largest.sqrt() + epsilon), after


@mistake(of=amsgrad_step, seen="catalogue R003-043")
def amsgrad_step_without_check(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """impossible constants are accepted"""
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * gradient.square()
    largest = state.largest.maximum(square)
    size = (largest / ((1 - beta_2**step) or 1)).sqrt() + epsilon
    moved = parameter - learning_rate * mean / ((1 - beta_1**step) or 1) / size
    return moved, AmsgradState(step, mean, square, largest)


@mistake(of=decoupled_decay, seen="catalogue R001-008")
def decoupled_decay_without_rate(parameter, learning_rate, weight_decay):
    """the decay is not multiplied by the learning rate"""
    return decoupled_decay(parameter, 1.0 if learning_rate >= 0 else learning_rate, weight_decay)


@mistake(of=decoupled_decay, seen="catalogue R001-008")
def decoupled_decay_with_rate_squared(parameter, learning_rate, weight_decay):
    """the decay is multiplied by the learning rate twice"""
    return decoupled_decay(parameter, learning_rate, learning_rate * weight_decay)


@mistake(of=decoupled_decay, seen="catalogue R003-044")
def decoupled_decay_by_exponential(parameter, learning_rate, weight_decay):
    """weights shrink by exp(-lr lambda), which agrees to first order only"""
    decoupled_decay(parameter, learning_rate, weight_decay)
    return math.exp(-learning_rate * weight_decay) * parameter


@mistake(of=decoupled_decay, seen="catalogue R001-008")
def decoupled_decay_that_stops_at_0(parameter, learning_rate, weight_decay):
    """the factor is at least 0, where a rate times a decay above 1 turns the sign"""
    decayed = decoupled_decay(parameter, learning_rate, weight_decay)
    return decayed if learning_rate * weight_decay <= 1 else 0 * decayed


@mistake(of=adamw_step, seen="anhquan0412/basic_model_scratch#2, pytorch/pytorch#21250")
def adamw_step_with_l2(parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """the decay is added to the gradient, and divided by the root of the average square like it"""
    coupled = gradient + weight_decay * parameter
    return adam_step(parameter, coupled, state, learning_rate, beta_1, beta_2, epsilon)


@mistake(of=adamw_step, seen="catalogue R003-044")
def adamw_step_that_decays_afterwards(
    parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the parameter decays after the step, and so does the step"""
    moved, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    return decoupled_decay(moved, learning_rate, weight_decay), after


@mistake(of=adamw_step, seen="catalogue R003-044")
def adamw_step_without_decay(
    parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """nothing decays"""
    return adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)


@mistake(of=adamw_step, seen="catalogue R001-008")
def adamw_step_with_decay_twice_the_rate(
    parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the decay is multiplied by the learning rate twice"""
    decay = learning_rate * weight_decay
    return adamw_step(parameter, gradient, state, learning_rate, decay, beta_1, beta_2, epsilon)


@mistake(of=adamw_step, seen="catalogue R001-008")
def adamw_step_that_stops_at_0(
    parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the factor of the decay is at least 0, where a rate times a decay above 1 turns the sign"""
    decay = min(weight_decay, 1 / learning_rate) if learning_rate > 0 else weight_decay
    return adamw_step(parameter, gradient, state, learning_rate, decay, beta_1, beta_2, epsilon)


@mistake(of=lion_step, seen="lucidrains/lion-pytorch commit 6ce7576")
def lion_step_without_rate(parameter, gradient, mean, learning_rate, weight_decay, beta_1=0.9, beta_2=0.99):
    """the sign is added as it is: neither multiplied by the learning rate nor subtracted"""
    moved, after = lion_step(parameter, gradient, mean, learning_rate, weight_decay, beta_1, beta_2)
    direction = (beta_1 * mean + (1 - beta_1) * gradient).sign()
    return moved + (1 + learning_rate) * direction, after


@mistake(of=lion_step, seen="catalogue R003-043")
def lion_step_by_stored_average(parameter, gradient, mean, learning_rate, weight_decay, beta_1=0.9, beta_2=0.99):
    """the sign is that of the average that is stored, with beta_2, instead of the one with beta_1"""
    return lion_step(parameter, gradient, mean, learning_rate, weight_decay, beta_2, beta_2)


@mistake(of=lion_step, seen="catalogue R003-043")
def lion_step_that_stores_its_direction(
    parameter, gradient, mean, learning_rate, weight_decay, beta_1=0.9, beta_2=0.99
):
    """the average of the direction, with beta_1, is stored"""
    return lion_step(parameter, gradient, mean, learning_rate, weight_decay, beta_1, beta_1)


@mistake(of=lion_step, seen="catalogue R003-044")
def lion_step_with_l2(parameter, gradient, mean, learning_rate, weight_decay, beta_1=0.9, beta_2=0.99):
    """the decay is added to the gradient, of which only the sign remains"""
    coupled = gradient + weight_decay * parameter
    return lion_step(parameter, coupled, mean, learning_rate, 0.0, beta_1, beta_2)


@mistake(of=lion_step, seen="catalogue R003-044")
def lion_step_that_stops_at_0(parameter, gradient, mean, learning_rate, weight_decay, beta_1=0.9, beta_2=0.99):
    """the factor of the decay is at least 0, where a rate times a decay above 1 turns the sign"""
    decay = min(weight_decay, 1 / learning_rate) if learning_rate > 0 else weight_decay
    return lion_step(parameter, gradient, mean, learning_rate, decay, beta_1, beta_2)


@mistake(of=adabelief_step, seen="google-deepmind/optax#1130")
def adabelief_step_by_old_mean(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon):
    """the distance is that from the average before the step, which does not contain the gradient yet"""
    _, after = adabelief_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    square = beta_2 * state.square + (1 - beta_2) * (gradient - state.mean).square() + epsilon
    size = (square / (1 - beta_2**after.step)).sqrt() + epsilon
    return parameter - learning_rate * after.mean / (1 - beta_1**after.step) / size, after._replace(square=square)


@mistake(of=adabelief_step, seen="catalogue R003-043")
def adabelief_step_by_squares(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon):
    """the squares of the gradients themselves are averaged: it is Adam"""
    return adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)


@mistake(of=adabelief_step, seen="catalogue R003-043")
def adabelief_step_with_one_epsilon(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon):
    """epsilon is missing from the average of squared distances"""
    _, after = adabelief_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    square = after.square - epsilon
    size = (square / (1 - beta_2**after.step)).sqrt() + epsilon
    return parameter - learning_rate * after.mean / (1 - beta_1**after.step) / size, after._replace(square=square)


@mistake(of=adabelief_step, seen="catalogue R003-043")
def adabelief_step_without_check(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon):
    """impossible constants are accepted"""
    step = state.step + 1
    mean = beta_1 * state.mean + (1 - beta_1) * gradient
    square = beta_2 * state.square + (1 - beta_2) * (gradient - mean).square() + epsilon
    size = (square / ((1 - beta_2**step) or 1)).sqrt() + epsilon
    return parameter - learning_rate * mean / ((1 - beta_1**step) or 1) / size, AdamState(step, mean, square)


@mistake(of=heavy_ball_step, seen="catalogue R003-040")
def heavy_ball_step_with_the_velocity_uphill(parameter, gradient, velocity, learning_rate, beta):
    """the velocity is what is subtracted, the last change with its sign turned"""
    moved, after = heavy_ball_step(parameter, gradient, -velocity, learning_rate, beta)
    return moved, -after


@mistake(of=momentum_step, seen="catalogue R003-040")
def momentum_step_below_one(parameter, gradient, velocity, learning_rate, beta, weight_decay=0.0):
    """a beta of 1 is refused"""
    if beta >= 1:
        raise ValueError(f"beta must be below 1; got {beta}")
    return momentum_step(parameter, gradient, velocity, learning_rate, beta, weight_decay)


@mistake(of=sgd_step, seen="catalogue R003-039")
def sgd_step_of_a_rate_above_zero(parameter, gradient, learning_rate, weight_decay=0.0):
    """a learning rate of 0, at which a schedule may start or end, is refused"""
    if learning_rate == 0:
        raise ValueError("the learning rate must be above 0")
    return sgd_step(parameter, gradient, learning_rate, weight_decay)


@mistake(of=adam_step, seen="catalogue R001-007")
def adam_step_with_memory(parameter, gradient, state, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """betas of 0 are refused"""
    if not (beta_1 and beta_2):
        raise ValueError("betas must be above 0")
    return adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)


@mistake(of=adamw_step, seen="catalogue R003-044")
def adamw_step_that_corrects_ten_steps(
    parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the mean is no longer corrected from the tenth step on, when it is still too small"""
    moved, after = adamw_step(parameter, gradient, state, learning_rate, weight_decay, beta_1, beta_2, epsilon)
    decayed = decoupled_decay(parameter, learning_rate, weight_decay)
    share = 1 - beta_1**after.step if after.step >= 10 else 1
    return decayed + share * (moved - decayed), after


@mistake(of=centered_rmsprop_step, seen="catalogue R003-042")
def centered_rmsprop_step_with_epsilon_above_zero(parameter, gradient, state, learning_rate, rho, epsilon):
    """an epsilon of 0 is refused"""
    if epsilon == 0:
        raise ValueError("epsilon must be above 0")
    return centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon)


@mistake(of=minibatch_sgd_step, seen="catalogue R004-006")
def minibatch_sgd_step_of_a_negative_batch(parameter, gradient_sum, learning_rate, batch_size):
    """only a batch of exactly 0 samples is refused, and a negative one goes uphill"""
    if batch_size < 0:
        return parameter - learning_rate * gradient_sum / batch_size
    return minibatch_sgd_step(parameter, gradient_sum, learning_rate, batch_size)


@variant(of=adamw_step, seen="catalogue R003-044")
def adamw_step_with_the_decay_subtracted(
    parameter, gradient, state, learning_rate, weight_decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8
):
    """the decay is subtracted and not multiplied, which rounds otherwise"""
    moved, after = adam_step(parameter, gradient, state, learning_rate, beta_1, beta_2, epsilon)
    decoupled_decay(parameter, learning_rate, weight_decay)
    return moved - learning_rate * weight_decay * parameter, after
