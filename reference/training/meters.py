"""Smoothed values of a training log: the last few values and the mean of all, on one process or joined over several."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Meter(NamedTuple):
    """The last values, at most `window` of them, and the sum of all values so far, each as often as it has samples."""

    window: int
    recent: tuple[float, ...] = ()
    total: float = 0.0
    samples: int = 0


class Reading(NamedTuple):
    """Median, mean, maximum and last of the values in the window, and the weighted mean of all values."""

    median: float
    mean: float
    maximum: float
    latest: float
    global_mean: float


def empty_meter(window: int = 20) -> Meter:
    """Meter that has seen nothing.

    Domain: window >= 1, else ValueError.
    Source: torchvision references, `SmoothedValue`.
    Notes: R001-074.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1; got {window}")
    return Meter(window)


def update_meter(meter: Meter, value: float, samples: int = 1) -> Meter:
    """Meter after one more value, which is the mean of as many samples.

        recent = last `window` of (recent, value),   total + value n,   samples + n

    The window does not weigh its values by their samples.

    Domain: samples >= 1, else ValueError.
    Source: torchvision references, `SmoothedValue.update`.
    Notes: R001-074.
    """
    if samples < 1:
        raise ValueError(f"a value stands for at least one sample; got {samples}")
    recent = (*meter.recent, value)[-meter.window :]
    return Meter(meter.window, recent, meter.total + value * samples, meter.samples + samples)


def read_meter(meter: Meter) -> Reading:
    """What a meter shows.

        median, mean, maximum, latest of the window;   global mean = sum v n / sum n

    The global mean does not depend on how a stream is cut into updates or over processes.

    Domain: at least one value in the window, else ValueError.
    Source: torchvision references, `SmoothedValue`.
    Differs: of an even number of values the median is the mean of the middle two, as in NumPy; torchvision takes
    `torch.median`, the lower of them.
    Notes: R001-074.
    """
    if not meter.recent:
        raise ValueError(f"an empty meter has no mean; got {meter}")
    median, mean = statistics.median(meter.recent), sum(meter.recent) / len(meter.recent)
    return Reading(median, mean, max(meter.recent), meter.recent[-1], meter.total / meter.samples)


def synchronize_meters(meters: Sequence[Meter]) -> list[Meter]:
    """Meters of all processes with the joint total and number of samples; each keeps its own window.

        total = sum over ranks of total_r,   samples = sum over ranks of samples_r

    The global mean is then that of the joined streams. It is for reading: meters that are synchronised, updated and
    synchronised again count what was joined before once per process.

    Domain: every list of meters.
    Source: torchvision references, `SmoothedValue.synchronize_between_processes`.
    Notes: R001-074.
    """
    total, samples = sum(meter.total for meter in meters), sum(meter.samples for meter in meters)
    return [meter._replace(total=total, samples=samples) for meter in meters]
