"""Learning rates by the step of training, by the epoch, and by the place of a parameter in the network."""

import math
from collections.abc import Collection, Mapping
from typing import NamedTuple

from reference.probability.som import linear_decay


class DecayGroups(NamedTuple):
    """Names of the parameters that weight decay shrinks, and of those that it leaves alone."""

    decayed: list[str]
    not_decayed: list[str]


def warmup_rate(learning_rate: float, step: int, warmup_steps: int) -> float:
    """Learning rate that grows in equal parts over the first steps, counted from 0, and then stays.

        lr min((step + 1) / (warmup_steps + 1), 1)

    The first step has lr / (warmup_steps + 1), not 0, and step warmup_steps is the first with all of lr.

    Domain: step >= 0 and warmup_steps >= 0, else ValueError.
    Source: code of karpathy/nanoGPT (`get_lr`).
    Differs: Hugging Face divides step by warmup_steps, so that the first step has no rate.
    Notes: none.
    """
    if step < 0 or warmup_steps < 0:
        raise ValueError(f"steps are counted from 0; got step {step} of a warm-up of {warmup_steps}")
    return learning_rate * min((step + 1) / (warmup_steps + 1), 1.0)


def cosine_rate(learning_rate: float, least_rate: float, step: int, num_steps: int) -> float:
    """Learning rate that falls along half a cosine.

        least + (lr - least) (1 + cos(pi step / num_steps)) / 2

    Domain: 0 <= step <= num_steps and num_steps >= 1, else ValueError. At step 0 lr, at num_steps the least rate.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983, eq. 5; PyTorch, `CosineAnnealingLR`.
    Notes: none.
    """
    if not 0 <= step <= num_steps or num_steps < 1:
        raise ValueError(f"step {step} is not in a course of {num_steps} steps")
    return least_rate + (learning_rate - least_rate) * (1 + math.cos(math.pi * step / num_steps)) / 2


def linear_epoch_rate(learning_rate: float, epoch: int, num_epochs: int) -> float:
    """Learning rate of an epoch, counted from 0, that falls in equal parts and is never 0.

        lr (1 - epoch / num_epochs)

    Domain: 0 <= epoch < num_epochs, else ValueError. The last epoch has lr / num_epochs.
    Source: DeepLearning.AI, "How diffusion models work", training code.
    Notes: R003-141.
    """
    if epoch >= num_epochs:
        raise ValueError(f"epoch {epoch} is none of the {num_epochs}, which are counted from 0")
    return learning_rate * linear_decay(epoch, num_epochs)


def layer_rate(learning_rate: float, decay: float, layer: int, num_layers: int) -> float:
    """Learning rate of a layer, smaller by the same factor from each layer to the one below.

        lr decay^(num_layers - layer)

    Domain: 0 <= layer <= num_layers and 0 < decay <= 1, else ValueError. Layer 0 is usually the embedding and
    layer num_layers the head, which has all of lr.
    Source: Howard & Ruder 2018, arXiv:1801.06146, section 3.2; code of BEiT.
    Notes: R001-009.
    """
    if not 0 <= layer <= num_layers:
        raise ValueError(f"layer {layer} is not in 0..{num_layers}")
    if not 0 < decay <= 1:
        raise ValueError(f"decay must be in (0, 1]; got {decay}")
    return learning_rate * decay ** (num_layers - layer)


def decay_groups(shapes: Mapping[str, tuple[int, ...]], exempt: Collection[str] = ()) -> DecayGroups:
    """Names of the parameters with and without weight decay, each in one group, in the order given.

    Those with fewer than two axes, which are biases and gains, those whose names end in "bias", and those whose names
    contain an exempt word are not decayed.

    >>> decay_groups({"pos_embed": (1, 4, 8), "head.weight": (5, 8), "head.bias": (5,)}, ["embed"])
    DecayGroups(decayed=['head.weight'], not_decayed=['pos_embed', 'head.bias'])

    Domain: names and shapes of the parameters that are trained.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`filter_params`).
    Differs: that code decays single numbers, which have no axis. karpathy/nanoGPT goes by the number of axes alone.
    Notes: R001-049.
    """
    spared = {
        name
        for name, shape in shapes.items()
        if len(shape) < 2 or name.endswith("bias") or any(word in name for word in exempt)
    }
    return DecayGroups([name for name in shapes if name not in spared], [name for name in shapes if name in spared])


def progressive_stage(iteration: int, warmup_end: int, growth_end: int, first_stage: int, last_stage: int) -> int:
    """Scale up to which an autoregression by scale is trained at an iteration.

        first   for iteration <= warmup_end
        last    for iteration >= growth_end
        first + round((last - first) (iteration - warmup_end) / (growth_end - warmup_end))   in between

    with halves rounded to the even number.

    Domain: iteration >= 0 and first_stage <= last_stage, else ValueError. At an iteration that is both, the first.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`train.py`, `prog_si`).
    Notes: R001-084.
    """
    if iteration < 0 or first_stage > last_stage:
        raise ValueError(f"no stage at iteration {iteration} between stages {first_stage} and {last_stage}")
    if iteration <= warmup_end:
        return first_stage
    if iteration >= growth_end:
        return last_stage
    progress = (iteration - warmup_end) / (growth_end - warmup_end)
    return first_stage + round(progress * (last_stage - first_stage))
