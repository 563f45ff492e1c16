"""Moving averages of the weights of a model."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor


def moving_average_step(
    average: Float[Tensor, "*shape"], value: Float[Tensor, "*shape"], decay: float
) -> Float[Tensor, "*shape"]:
    """Exponential moving average with one more value in it.

        a := decay a + (1 - decay) x

    Domain: 0 <= decay <= 1, else ValueError; at 0 the value, at 1 the average as it was.
    Source: textbook.
    Differs: batch norm counts its momentum from the other side, as 1 - decay.
    Notes: none.
    """
    if not 0 <= decay <= 1:
        raise ValueError(f"decay must be in [0, 1]; got {decay}")
    return decay * average + (1 - decay) * value


def debiased_average(average: Float[Tensor, "*shape"], decay: float, num_values: int) -> Float[Tensor, "*shape"]:
    """Average of the values alone, from a moving average of them that began at 0.

        a / (1 - decay^n)

    Domain: num_values n >= 1 and 0 <= decay < 1, else ValueError. For n = 1 it is the first value.
    Source: Kingma & Ba 2014, arXiv:1412.6980, section 3.
    Differs: an average that began at the first weights is not corrected, and contains them with the share decay^n.
    Notes: R003-043.
    """
    if num_values < 1 or not 0 <= decay < 1:
        raise ValueError(f"an average needs a value and a decay in [0, 1); got {num_values} and {decay}")
    return average / (1 - decay**num_values)


def averaged_weights(averages: Mapping[str, Tensor], current: Mapping[str, Tensor], decay: float) -> dict[str, Tensor]:
    """Moving average of a model's parameters and buffers by their names, with one more state of it.

        a := decay a + (1 - decay) x for real numbers,   a := x for whole ones, such as counts

    Domain: the same names in both, else ValueError; decay as for `moving_average_step`.
    Source: code of lucidrains/ema-pytorch.
    Notes: none.
    """
    if averages.keys() != current.keys():
        raise ValueError(f"averages and current weights differ in names: {sorted(averages.keys() ^ current.keys())}")
    return {
        name: moving_average_step(averages[name], value, decay) if value.is_floating_point() else value.clone()
        for name, value in current.items()
    }
