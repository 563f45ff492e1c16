"""Judges torch.optim and what trains with it: torch.amp, torch.nn.init, torch.utils.checkpoint.

    gradient descent, momentum            SGD with weight_decay, momentum, dampening, nesterov
    adaptive steps                        Adagrad, RMSprop, also centered, Adam, also with amsgrad, AdamW
    decoupled decay                       AdamW without a gradient
    norm and clipping of gradients        get_total_norm, clip_grad_norm_, clip_grad_value_ of nn.utils
    clipping over ranks                   clip_grads_with_norm_ by the norm of the norms
    learning rates                        LinearLR, CosineAnnealingLR, PolynomialLR, stepped from the start
    moving average                        swa_utils.get_ema_avg_fn
    average of a model                    AveragedModel with get_ema_multi_avg_fn and use_buffers
    loss scaling, mixed precision         amp.GradScaler on SGD
    fans, gain                            nn.init._calculate_fan_in_and_fan_out, calculate_gain
    deviations, bounds of weights         what nn.init.kaiming_*_ and xavier_*_, and nn.Linear, tell the generator
    gradients along chains and paths      autograd, with stages as autograd.Function
    the same with less memory             utils.checkpoint.checkpoint of each segment, without re-entry

An optimizer is made anew for each step, with the state that was handed over, and takes its own constants where none are
given. SGD knows its first step by having no velocity yet. It refuses Nesterov without momentum, which is then left out.
Gradients in float16 become those of the master weights, as autograd makes them, before they are unscaled.
"""

from unittest.mock import patch

import torch
import torch._dynamo  # an optimizer imports it at its first step, which would be in every child
from torch import nn, optim
from torch.amp import GradScaler
from torch.nn import init, utils
from torch.nn.parameter import Parameter
from torch.optim import lr_scheduler, swa_utils
from torch.utils.checkpoint import checkpoint

from reference.numerics.loss_scaling import LossScale
from reference.numerics.mixed_precision import MixedPrecisionState
from reference.training.checkpointing import ChainGradient
from reference.training.clipping import ClippedGradients
from reference.training.initialization import Fans
from reference.training.optimizers import AdamState, CenteredState, MomentumState

PACKAGES = ("torch",)


def _parameter(value, gradient):
    parameter = Parameter(value.clone())
    parameter.grad = gradient.to(value.dtype, copy=True)
    return parameter


# Optimizers


def _stepped(optimizer, parameter, gradient, state, **settings):
    """The parameter after one step of an optimizer that is in a state, and the state after."""
    moved = _parameter(parameter, gradient)
    stepper = optimizer([moved], **settings)
    stepper.state[moved].update({name: tensor.clone() for name, tensor in state.items()})
    stepper.step()
    return moved.detach(), stepper.state[moved]


def sgd_step(parameter, gradient, learning_rate, **settings):
    return _stepped(optim.SGD, parameter, gradient, {}, lr=learning_rate, **settings)[0]


def momentum_step(parameter, gradient, velocity, learning_rate, beta, **settings):
    state = {"momentum_buffer": velocity}
    moved, after = _stepped(optim.SGD, parameter, gradient, state, lr=learning_rate, momentum=beta, **settings)
    return moved, after["momentum_buffer"]


def dampened_momentum_step(parameter, gradient, state, learning_rate, beta, dampening):
    before = {"momentum_buffer": state.velocity} if state.step else {}
    settings = {"lr": learning_rate, "momentum": beta, "dampening": dampening}
    moved, after = _stepped(optim.SGD, parameter, gradient, before, **settings)
    return moved, MomentumState(state.step + 1, after.get("momentum_buffer", state.velocity.clone()))


def nesterov_step(parameter, gradient, velocity, learning_rate, beta):
    return momentum_step(parameter, gradient, velocity, learning_rate, beta, nesterov=beta != 0)


def _steps(step):
    return torch.tensor(float(step))


def adagrad_step(parameter, gradient, square_sum, learning_rate, epsilon):
    state = {"step": _steps(0), "sum": square_sum}
    moved, after = _stepped(optim.Adagrad, parameter, gradient, state, lr=learning_rate, eps=epsilon)
    return moved, after["sum"]


def _rmsprop(parameter, gradient, state, learning_rate, rho, epsilon, **settings):
    settings |= {"lr": learning_rate, "alpha": rho, "eps": epsilon}
    return _stepped(optim.RMSprop, parameter, gradient, {"step": _steps(0)} | state, **settings)


def rmsprop_step(parameter, gradient, square, learning_rate, rho, epsilon):
    moved, after = _rmsprop(parameter, gradient, {"square_avg": square}, learning_rate, rho, epsilon)
    return moved, after["square_avg"]


def centered_rmsprop_step(parameter, gradient, state, learning_rate, rho, epsilon):
    before = {"grad_avg": state.mean, "square_avg": state.square}
    moved, after = _rmsprop(parameter, gradient, before, learning_rate, rho, epsilon, centered=True)
    return moved, CenteredState(after["grad_avg"], after["square_avg"])


def _adam(optimizer, parameter, gradient, state, learning_rate, beta_1=None, beta_2=None, epsilon=None, **settings):
    names = ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    before = dict(zip(names, (_steps(state.step), *state[1:]), strict=False))
    settings |= {} if beta_1 is None else {"betas": (beta_1, beta_2)}
    settings |= {} if epsilon is None else {"eps": epsilon}
    moved, after = _stepped(optimizer, parameter, gradient, before, lr=learning_rate, **settings)
    return moved, type(state)(int(after["step"]), *(after[name] for name in names[1 : len(state)]))


def adam_step(parameter, gradient, state, learning_rate, **constants):
    return _adam(optim.Adam, parameter, gradient, state, learning_rate, **constants)


def amsgrad_step(parameter, gradient, state, learning_rate, **constants):
    return _adam(optim.Adam, parameter, gradient, state, learning_rate, amsgrad=True, **constants)


def adamw_step(parameter, gradient, state, learning_rate, weight_decay, **constants):
    return _adam(optim.AdamW, parameter, gradient, state, learning_rate, weight_decay=weight_decay, **constants)


def decoupled_decay(parameter, learning_rate, weight_decay):
    zero = torch.zeros_like(parameter)
    return adamw_step(parameter, zero, AdamState(0, zero, zero), learning_rate, weight_decay)[0]


# Clipping


def global_norm(gradients):
    return utils.get_total_norm(gradients)


def clip_by_global_norm(gradients, max_norm):
    parameters = [_parameter(gradient, gradient) for gradient in gradients]
    norm = utils.clip_grad_norm_(parameters, max_norm)
    return ClippedGradients([parameter.grad for parameter in parameters], norm)


def clip_shards(shards, max_norm):
    norm = utils.get_total_norm([utils.get_total_norm(shard) for shard in shards])
    ranks = [[_parameter(gradient, gradient) for gradient in shard] for shard in shards]
    for parameters in ranks:
        utils.clip_grads_with_norm_(parameters, max_norm, norm)
    return [ClippedGradients([parameter.grad for parameter in parameters], norm.clone()) for parameters in ranks]


def clip_by_value(gradient, bound):
    parameter = _parameter(gradient, gradient)
    utils.clip_grad_value_(parameter, bound)
    return parameter.grad


# Learning rates


def _rate(scheduler, learning_rate, step, *settings):
    if step < 0:
        raise NotImplementedError("torch.optim has no schedule that steps back")
    optimizer = optim.SGD([Parameter(torch.zeros(()))], lr=learning_rate)
    course = scheduler(optimizer, *settings)
    for _ in range(step):
        optimizer.step()
        course.step()
    return course.get_last_lr()[0]


def warmup_rate(learning_rate, step, warmup_steps):
    if warmup_steps < 0:
        raise NotImplementedError("torch.optim has no warm-up by its length, but by the share that it begins with")
    return _rate(lr_scheduler.LinearLR, learning_rate, step, 1 / (warmup_steps + 1), 1.0, warmup_steps)


def cosine_rate(learning_rate, least_rate, step, num_steps):
    return _rate(lr_scheduler.CosineAnnealingLR, learning_rate, step, num_steps, least_rate)


def linear_epoch_rate(learning_rate, epoch, num_epochs):
    return _rate(lr_scheduler.PolynomialLR, learning_rate, epoch, num_epochs)


# Averages of weights


def moving_average_step(average, value, decay):
    return swa_utils.get_ema_avg_fn(decay)(average, value, 1)


def _model(tensors):
    """A module with tensors as buffers under dotted names."""
    model = nn.Module()
    for name, tensor in tensors.items():
        path, _, leaf = name.rpartition(".")
        if path and not hasattr(model, path):
            model.add_module(path, nn.Module())
        model.get_submodule(path).register_buffer(leaf, tensor)
    return model


def averaged_weights(averages, current, decay):
    model = _model(current)
    averaged = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(decay), use_buffers=True)
    averaged.module.load_state_dict(averages)
    averaged.n_averaged.fill_(1)
    averaged.update_parameters(model)
    return dict(averaged.module.state_dict())


# Loss scaling


def _scaler(state, **settings):
    scaler = GradScaler("cpu", state.scale.item(), **settings)
    scaler.load_state_dict(scaler.state_dict() | {"_growth_tracker": state.tracker.item()})
    scaler.scale(torch.ones(()))
    return scaler


def _loss_scale(scaler, before):
    scale = before.scale.new_tensor(scaler.get_scale())
    return LossScale(scale, before.tracker.new_tensor(scaler.state_dict()["_growth_tracker"]))


def _stand_in(found):
    """A gradient that is infinite if something was found."""
    return torch.zeros(()).masked_fill(found, torch.inf)


def unscale_gradient(gradient, scale):
    parameter = _parameter(gradient.to(torch.promote_types(gradient.dtype, scale.dtype)), gradient)
    _scaler(LossScale(scale, torch.tensor(0))).unscale_(optim.SGD([parameter]))
    return parameter.grad


def found_nonfinite(gradients):
    optimizer = optim.SGD([_parameter(gradient.double(), gradient) for gradient in gradients])
    scaler = GradScaler("cpu", 1.0)
    scaler.scale(torch.ones(()))
    scaler.unscale_(optimizer)
    scaler.update()
    return torch.tensor(scaler.get_scale() < 1)


def update_loss_scale(state, found, **settings):
    gradient = _stand_in(found)
    scaler = _scaler(state, **settings)
    scaler.unscale_(optim.SGD([_parameter(gradient, gradient)]))
    scaler.update()
    return _loss_scale(scaler, state)


def _counted(parameter, learning_rate, hook):
    """Gradient descent that calls a function after each step that is not skipped."""
    optimizer = optim.SGD([parameter], lr=learning_rate)
    optimizer.register_step_post_hook(lambda *_: hook())
    return optimizer


def keep_if_found(before, after, found):
    kept = _parameter(before, _stand_in(found).expand_as(before))
    scaler = GradScaler("cpu")
    scaler.scale(torch.ones(()))
    scaler.step(_counted(kept, 0.0, lambda: kept.data.copy_(after)))
    return kept.detach()


def mixed_precision_step(state, scaled_gradient, learning_rate, **settings):
    master, steps = _parameter(state.master, scaled_gradient), state.steps.clone()
    scaler = _scaler(state.loss_scale, **settings)
    scaler.step(_counted(master, learning_rate, lambda: steps.add_(1)))
    scaler.update()
    return MixedPrecisionState(master.detach(), _loss_scale(scaler, state.loss_scale), steps)


# Initialization


def fans(weight_shape):
    return Fans(*init._calculate_fan_in_and_fan_out(torch.empty(weight_shape, device="meta")))


def leaky_relu_gain(negative_slope):
    return init.calculate_gain("leaky_relu", negative_slope)


def _drawn(method, make, *args, **settings):
    """The last number that the weights are drawn with: a standard deviation, or the upper bound."""
    with patch.object(torch.Tensor, method) as draw:
        make(*args, **settings)
    return draw.call_args_list[0].args[-1]


def _weight(fan_in, fan_out):
    return torch.empty((fan_out, fan_in), device="meta")


def kaiming_std(fan, negative_slope=0):
    return _drawn("normal_", init.kaiming_normal_, _weight(fan, 1), negative_slope)


def kaiming_bound(fan, negative_slope=0):
    return _drawn("uniform_", init.kaiming_uniform_, _weight(fan, 1), negative_slope)


def xavier_std(fan_in, fan_out, **settings):
    return _drawn("normal_", init.xavier_normal_, _weight(fan_in, fan_out), **settings)


def xavier_bound(fan_in, fan_out, **settings):
    return _drawn("uniform_", init.xavier_uniform_, _weight(fan_in, fan_out), **settings)


def linear_bound(fan_in):
    return _drawn("uniform_", nn.Linear, fan_in, 1)


# Checkpointing


class _Differentiable(torch.autograd.Function):
    @staticmethod
    def forward(ctx, stage, x):
        ctx.stage = stage
        ctx.save_for_backward(x)
        return stage.forward(x)

    @staticmethod
    def backward(ctx, y_bar):
        return None, ctx.stage.vjp(*ctx.saved_tensors, y_bar)


def _run(stages, x):
    for stage in stages:
        x = _Differentiable.apply(stage, x)
    return x


def _pulled_back(y, x, y_bar):
    return ChainGradient(y.detach(), torch.autograd.grad(y, x, y_bar)[0])


def path_gradients(derivatives):
    if not len(derivatives):
        raise NotImplementedError("torch.autograd has no graph without nodes")
    inputs = derivatives.new_zeros(len(derivatives), requires_grad=True)
    nodes = []
    for node, value in enumerate(inputs):
        nodes.append(value + sum(derivatives[i, node] * before for i, before in enumerate(nodes)))
    return torch.autograd.grad(nodes[-1], inputs)[0]


def chain_backward(stages, x, y_bar):
    if not stages:
        raise NotImplementedError("torch.autograd has no chain without stages")
    x = x.detach().requires_grad_()
    return _pulled_back(_run(stages, x), x, y_bar)


def checkpointed_backward(stages, x, y_bar, segment):
    if not stages or segment < 1:
        raise NotImplementedError("torch.utils.checkpoint takes segments, and not their length")
    y = x = x.detach().requires_grad_()
    for start in range(0, len(stages), segment):
        y = checkpoint(_run, stages[start : start + segment], y, use_reentrant=False)
    return _pulled_back(y, x, y_bar)
