"""Wrong variants of `reference.training.meters`."""

import numpy as np

from properties.mistakes import mistake, variant
from reference.training.meters import Meter, empty_meter, read_meter, synchronize_meters, update_meter


@mistake(of=empty_meter, seen="catalogue R001-074")
def empty_meter_with_longer_window(window=30):
    """the window that is not given holds 30 values instead of 20"""
    return empty_meter(window)


@mistake(of=empty_meter, seen="catalogue R001-074")
def empty_meter_that_has_seen_zero(window=20):
    """the meter starts with a value of 0, which the first means include"""
    return update_meter(empty_meter(window), 0.0)


@mistake(of=empty_meter, seen="catalogue R001-074")
def empty_meter_without_check(window=20):
    """a window of no values is accepted, and keeps all of them"""
    return Meter(window)


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_without_forgetting(meter, value, samples=1):
    """old values never leave the window"""
    return update_meter(meter, value, samples)._replace(recent=(*meter.recent, value))


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_that_keeps_the_first(meter, value, samples=1):
    """the window keeps the first values instead of the last"""
    return update_meter(meter, value, samples)._replace(recent=(*meter.recent, value)[: meter.window])


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_with_weighted_window(meter, value, samples=1):
    """a value enters the window once for each of its samples"""
    recent = (*meter.recent, *[value] * samples)[-meter.window :]
    return update_meter(meter, value, samples)._replace(recent=recent)


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_with_unweighted_total(meter, value, samples=1):
    """the value is added once to a total that is divided by the number of samples"""
    return update_meter(meter, value, samples)._replace(total=meter.total + value)


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_by_calls(meter, value, samples=1):
    """every update counts once: the global mean is that of the batches and not of the samples"""
    update_meter(meter, value, samples)
    return update_meter(meter, value)


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_without_check(meter, value, samples=1):
    """a value that stands for no samples counts as one"""
    return update_meter(meter, value, max(samples, 1))


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_with_lower_median(meter):
    """of an even number of values the lower of the middle two is the median, as torch.median has it"""
    return read_meter(meter)._replace(median=sorted(meter.recent)[(len(meter.recent) - 1) // 2])


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_with_unsorted_median(meter):
    """the median is the value in the middle of the window as it came in"""
    return read_meter(meter)._replace(median=meter.recent[len(meter.recent) // 2])


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_with_mean_of_the_window(meter):
    """the global mean is that of the window"""
    reading = read_meter(meter)
    return reading._replace(global_mean=reading.mean)


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_divided_by_window(meter):
    """the sum of the window is divided by its full length while it is not yet full"""
    return read_meter(meter)._replace(mean=sum(meter.recent) / meter.window)


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_with_oldest_value(meter):
    """the oldest value of the window is shown as the latest"""
    return read_meter(meter)._replace(latest=meter.recent[0])


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_with_minimum(meter):
    """the smallest value of the window is shown as the maximum"""
    return read_meter(meter)._replace(maximum=min(meter.recent))


@mistake(of=read_meter, seen="catalogue R001-074")
def read_meter_of_nothing(meter):
    """a meter without values shows zeros"""
    return read_meter(meter if meter.recent else update_meter(meter, 0.0))


@mistake(of=synchronize_meters, seen="catalogue R001-074")
def synchronize_meters_by_mean_of_means(meters):
    """the global means are averaged whatever the number of samples"""
    joint = synchronize_meters(meters)
    means = [meter.total / meter.samples for meter in meters if meter.samples]
    samples = max(sum(meter.samples for meter in meters), 1)
    return [meter._replace(total=sum(means) / max(len(means), 1) * samples) for meter in joint]


@mistake(of=synchronize_meters, seen="catalogue R001-074")
def synchronize_meters_with_samples_of_the_rank(meters):
    """totals are joined and numbers of samples are not"""
    joint = synchronize_meters(meters)
    return [one._replace(samples=meter.samples) for one, meter in zip(joint, meters, strict=True)]


@mistake(of=synchronize_meters, seen="catalogue R001-074")
def synchronize_meters_with_the_window_of_the_first(meters):
    """the window of the first rank is handed to all"""
    return [meter._replace(recent=meters[0].recent or meter.recent) for meter in synchronize_meters(meters)]


@mistake(of=synchronize_meters, seen="catalogue R001-074")
def synchronize_meters_of_the_first_alone(meters):
    """only the first rank receives the joint numbers"""
    return [*synchronize_meters(meters)[:1], *meters[1:]]


@mistake(of=synchronize_meters, seen="catalogue R001-074")
def synchronize_meters_in_one_window(meters):
    """all ranks get the window of the first"""
    return [meter._replace(window=meters[0].window) for meter in synchronize_meters(meters)]


@variant(of=synchronize_meters, seen="catalogue R001-074")
def synchronize_meters_in_reverse(meters):
    """the order in which ranks are added up does not matter"""
    return synchronize_meters(meters[::-1])[::-1]


@mistake(of=update_meter, seen="catalogue R001-074")
def update_meter_in_float32(meter, value, samples=1):
    """values are rounded to float32"""
    return update_meter(meter, float(np.float32(value)), samples)
