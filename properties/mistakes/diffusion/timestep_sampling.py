"""Wrong variants of `reference.diffusion.timestep_sampling`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.timestep_sampling import (
    LossHistory,
    WeightedTimesteps,
    cubic_timesteps,
    empty_loss_history,
    importance_timesteps,
    loss_second_moment_probabilities,
    record_losses,
    uniform_timesteps,
)


@mistake(of=uniform_timesteps, seen="catalogue R002-019")
def uniform_timesteps_from_one(uniform, num_steps):
    """timesteps run from 1 to T, so that the cleanest is never drawn and the last is past the end"""
    return uniform_timesteps(uniform, num_steps) + 1


@mistake(of=uniform_timesteps, seen="Stability-AI/StableCascade#142")
def uniform_timesteps_of_one_for_all(uniform, num_steps):
    """one timestep is drawn for the whole batch"""
    return uniform_timesteps(uniform, num_steps)[:1].expand(len(uniform)).clone()


@mistake(of=uniform_timesteps, seen="catalogue R003-140")
def uniform_timesteps_without_last(uniform, num_steps):
    """the upper bound is excluded twice, so that the noisiest timestep is never drawn"""
    uniform_timesteps(uniform, num_steps)
    return (uniform * (num_steps - 1)).long()


@mistake(of=uniform_timesteps, seen="catalogue R002-019")
def uniform_timesteps_rounded(uniform, num_steps):
    """the nearest timestep is taken, so that the first and the last are drawn half as often"""
    uniform_timesteps(uniform, num_steps)
    return (uniform * (num_steps - 1)).round().long()


@mistake(of=uniform_timesteps, seen="catalogue R003-140")
def uniform_timesteps_rounded_up(uniform, num_steps):
    """the product is rounded to the nearest integer, which may be T"""
    uniform_timesteps(uniform, num_steps)
    return (uniform * num_steps).round().long()


@mistake(of=uniform_timesteps, seen="catalogue R003-140")
def uniform_timesteps_without_check(uniform, num_steps):
    """a chain without steps gets timesteps all the same"""
    return (uniform * num_steps).long()


@variant(of=uniform_timesteps, seen="catalogue R002-019")
def uniform_timesteps_by_counting(uniform, num_steps):
    """the number of shares that end at or before u is the same timestep"""
    uniform_timesteps(uniform, num_steps)
    ends = torch.arange(1, num_steps, dtype=uniform.dtype)
    return torch.searchsorted(ends, uniform * num_steps, right=True)


@mistake(of=cubic_timesteps, seen="TencentARC/T2I-Adapter#126")
def cubic_timesteps_past_the_end(uniform, num_steps):
    """at u = 0, and where u^3 is lost beside 1, the timestep is T, past the end of the tables"""
    cubic_timesteps(uniform, num_steps)
    return ((1 - uniform**3) * num_steps).long()


@mistake(of=cubic_timesteps, seen="TencentARC/T2I-Adapter#126")
def cubic_timesteps_without_last(uniform, num_steps):
    """the product is taken with T - 1, so that the last timestep is drawn at u = 0 only"""
    cubic_timesteps(uniform, num_steps)
    return ((1 - uniform**3) * (num_steps - 1)).long()


@mistake(of=cubic_timesteps, seen="arXiv:2302.08453, section 3.4")
def cubic_timesteps_that_come_early(uniform, num_steps):
    """early timesteps are drawn more often than late ones"""
    cubic_timesteps(uniform, num_steps)
    return (uniform**3 * num_steps).long()


@mistake(of=cubic_timesteps, seen="arXiv:2302.08453, section 3.4")
def cubic_timesteps_of_cubed_complement(uniform, num_steps):
    """1 - u is cubed instead of u, which makes late timesteps rare"""
    cubic_timesteps(uniform, num_steps)
    return ((1 - uniform) ** 3 * num_steps).long().clamp(max=num_steps - 1)


@mistake(of=cubic_timesteps, seen="arXiv:2302.08453, section 3.4")
def cubic_timesteps_squared(uniform, num_steps):
    """u is squared instead of cubed"""
    cubic_timesteps(uniform, num_steps)
    return ((1 - uniform**2) * num_steps).long().clamp(max=num_steps - 1)


@mistake(of=cubic_timesteps, seen="TencentARC/T2I-Adapter#126")
def cubic_timesteps_rounded(uniform, num_steps):
    """the product is rounded to the nearest integer instead of down"""
    cubic_timesteps(uniform, num_steps)
    return ((1 - uniform**3) * num_steps).round().long().clamp(max=num_steps - 1)


@mistake(of=cubic_timesteps, seen="TencentARC/T2I-Adapter#126")
def cubic_timesteps_without_check(uniform, num_steps):
    """a chain without steps gets timestep -1"""
    return ((1 - uniform**3) * num_steps).long().clamp(max=num_steps - 1)


@mistake(of=importance_timesteps, seen="catalogue R004-096")
def importance_timesteps_with_inverse_probability(probabilities, uniform):
    """the weight is 1 / p, which makes losses T times too large"""
    timesteps, weights = importance_timesteps(probabilities, uniform)
    return WeightedTimesteps(timesteps, weights * len(probabilities))


@mistake(of=importance_timesteps, seen="catalogue R004-096")
def importance_timesteps_with_ratio_upside_down(probabilities, uniform):
    """the weight is T p instead of its inverse, which doubles the imbalance instead of taking it out"""
    timesteps, weights = importance_timesteps(probabilities, uniform)
    return WeightedTimesteps(timesteps, 1 / weights)


@mistake(of=importance_timesteps, seen="rlcode/per#3")
def importance_timesteps_without_weights(probabilities, uniform):
    """all weights are 1, so that the loss favours the timesteps that are drawn more often"""
    timesteps, weights = importance_timesteps(probabilities, uniform)
    return WeightedTimesteps(timesteps, torch.ones_like(weights))


@mistake(of=importance_timesteps, seen="justinlovelace/STAR-LDM#3")
def importance_timesteps_drawn_uniformly(probabilities, uniform):
    """timesteps are drawn uniformly, and only the weights know of the probabilities"""
    timesteps = uniform_timesteps(uniform, len(probabilities))
    return WeightedTimesteps(timesteps, 1 / (len(probabilities) * probabilities[timesteps]))


@mistake(of=importance_timesteps, seen="catalogue R004-096")
def importance_timesteps_with_weights_by_position(probabilities, uniform):
    """a sample gets the weight of its position in the batch instead of that of its timestep"""
    timesteps, _ = importance_timesteps(probabilities, uniform)
    positions = torch.arange(len(uniform)) % len(probabilities)
    return WeightedTimesteps(timesteps, 1 / (len(probabilities) * probabilities[positions]))


@mistake(of=importance_timesteps, seen="Schaul et al. 2015, arXiv:1511.05952, section 3.4")
def importance_timesteps_with_normalised_weights(probabilities, uniform):
    """weights are divided by the largest of the batch, which is biased"""
    timesteps, weights = importance_timesteps(probabilities, uniform)
    return WeightedTimesteps(timesteps, weights / weights.max())


@mistake(of=importance_timesteps, seen="catalogue R004-096")
def importance_timesteps_with_closed_ends(probabilities, uniform):
    """a u that equals a partial sum picks the timestep below it, so that u = 0.5 may be drawn from [0, 0.5)"""
    cumulative = probabilities.cumsum(0)
    timesteps = torch.searchsorted(cumulative, uniform).clamp(max=len(probabilities) - 1)
    return WeightedTimesteps(timesteps, 1 / (len(probabilities) * probabilities[timesteps]))


@mistake(of=importance_timesteps, seen="catalogue R004-096")
def importance_timesteps_past_the_end(probabilities, uniform):
    """a u above the rounded sum of the probabilities picks timestep T, past the end"""
    timesteps = torch.searchsorted(probabilities.cumsum(0), uniform, right=True)
    weights = 1 / (len(probabilities) * probabilities[timesteps.clamp(max=len(probabilities) - 1)])
    return WeightedTimesteps(timesteps, weights)


@mistake(of=empty_loss_history, seen="catalogue R004-096")
def empty_loss_history_of_hundred(num_steps, length=100):
    """a hundred losses are kept of each timestep unless told otherwise"""
    return empty_loss_history(num_steps, length)


@mistake(of=empty_loss_history, seen="catalogue R004-096")
def empty_loss_history_that_counts_zeros(num_steps, length=10):
    """the zeros of the empty table count as losses that were seen"""
    losses, counts = empty_loss_history(num_steps, length)
    return LossHistory(losses, counts + length)


@mistake(of=empty_loss_history, seen="catalogue R004-096")
def empty_loss_history_transposed(num_steps, length=10):
    """timesteps and places are exchanged in the table"""
    losses, counts = empty_loss_history(num_steps, length)
    return LossHistory(losses.T.contiguous(), counts)


@mistake(of=empty_loss_history, seen="catalogue R004-096")
def empty_loss_history_without_check(num_steps, length=10):
    """a history that can keep nothing is made all the same"""
    return empty_loss_history(max(num_steps, 1), max(length, 1))


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_newest_first(history, timesteps, losses):
    """the newest loss is put first"""
    recorded, counts = record_losses(history, timesteps, losses)
    for t, count in enumerate(counts.tolist()):
        recorded[t, :count] = recorded[t, :count].flip(0)
    return LossHistory(recorded, counts)


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_counted_by_value(history, timesteps, losses):
    """places that hold 0 count as empty, so that a loss of 0 is forgotten"""
    kept = losses != 0
    return record_losses(history, timesteps[kept], losses[kept])


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_until_full(history, timesteps, losses):
    """a full history takes no more losses, so that the first ones stay for ever"""
    recorded, counts = history.losses.clone(), history.counts.clone()
    for t, loss in zip(timesteps.tolist(), losses, strict=True):
        if counts[t] < recorded.shape[1]:
            recorded[t, counts[t]] = loss
            counts[t] += 1
    return LossHistory(recorded, counts)


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_over_the_newest(history, timesteps, losses):
    """where the history is full the newest loss makes room instead of the oldest"""
    recorded, counts = history.losses.clone(), history.counts.clone()
    for t, loss in zip(timesteps.tolist(), losses, strict=True):
        counts[t] = min(int(counts[t]) + 1, recorded.shape[1])
        recorded[t, counts[t] - 1] = loss
    return LossHistory(recorded, counts)


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_all_at_once(history, timesteps, losses):
    """of several losses of one timestep in a batch only one is recorded"""
    last = {t: index for index, t in enumerate(timesteps.tolist())}
    chosen = torch.tensor(list(last.values()), dtype=torch.int64)
    return record_losses(history, timesteps[chosen], losses[chosen])


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_of_all_timesteps(history, timesteps, losses):
    """one history is shared by all timesteps"""
    recorded, counts = record_losses(history, torch.zeros_like(timesteps), losses)
    return LossHistory(recorded[:1].expand_as(recorded).clone(), counts[:1].expand_as(counts).clone())


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_in_a_ring(history, timesteps, losses):
    """the newest loss is written where the oldest stood, so that they are no longer in order"""
    recorded, seen = history.losses.clone(), history.counts.clone()
    for t, loss in zip(timesteps.tolist(), losses, strict=True):
        recorded[t, seen[t] % recorded.shape[1]] = loss
        seen[t] += 1
    return LossHistory(recorded, seen.clamp(max=recorded.shape[1]))


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_that_moves_all(history, timesteps, losses):
    """where one history is full the oldest loss of every timestep is dropped"""
    recorded, counts = history.losses.clone(), history.counts.clone()
    for t, loss in zip(timesteps.tolist(), losses, strict=True):
        if counts[t] == recorded.shape[1]:
            recorded = recorded.roll(-1, dims=1)
            counts[t] -= 1
        recorded[t, counts[t]] = loss
        counts[t] += 1
    return LossHistory(recorded, counts)


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_that_counts_on(history, timesteps, losses):
    """the number of losses goes on growing when the history is full"""
    recorded, _ = record_losses(history, timesteps, losses)
    return LossHistory(recorded, history.counts + torch.bincount(timesteps, minlength=len(recorded)))


@mistake(of=record_losses, seen="catalogue R004-096")
def record_losses_that_forgets(history, timesteps, losses):
    """every batch starts from an empty history"""
    return record_losses(LossHistory(history.losses, torch.zeros_like(history.counts)), timesteps, losses)


@mistake(of=loss_second_moment_probabilities, seen="arXiv:2102.09672, eq. 18")
def loss_second_moment_probabilities_without_root(history, uniform_fraction=0.001):
    """the mean square is taken for its root"""
    loss_second_moment_probabilities(history, uniform_fraction)
    squares = history.losses.square()
    means = squares.mean(1, True).expand_as(squares)
    return loss_second_moment_probabilities(LossHistory(means, history.counts), uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="arXiv:2102.09672, eq. 18")
def loss_second_moment_probabilities_of_first_moment(history, uniform_fraction=0.001):
    """the mean loss is taken for the root mean square"""
    means = history.losses.mean(1, True).expand_as(history.losses)
    return loss_second_moment_probabilities(LossHistory(means, history.counts), uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="arXiv:2102.09672, eq. 18")
def loss_second_moment_probabilities_of_deviation(history, uniform_fraction=0.001):
    """the standard deviation of the losses is taken for their root mean square"""
    loss_second_moment_probabilities(history, uniform_fraction)
    deviations = history.losses - history.losses.mean(1, True) + 1e-9
    return loss_second_moment_probabilities(LossHistory(deviations, history.counts), uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_of_last_loss(history, uniform_fraction=0.001):
    """only the latest loss of each timestep counts"""
    latest = history.losses[:, -1:].expand_as(history.losses)
    return loss_second_moment_probabilities(LossHistory(latest, history.counts), uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_from_first_full_history(history, uniform_fraction=0.001):
    """the warm-up ends as soon as one timestep has a full history"""
    length = history.losses.shape[1]
    counts = torch.where((history.counts == length).any(), length, history.counts)
    return loss_second_moment_probabilities(LossHistory(history.losses, counts), uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_from_first_losses(history, uniform_fraction=0.001):
    """the warm-up ends as soon as every timestep has seen one loss"""
    length = history.losses.shape[1]
    counts = torch.where((history.counts > 0).all(), length, history.counts)
    return loss_second_moment_probabilities(LossHistory(history.losses, counts), uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_without_uniform_part(history, uniform_fraction=0.001):
    """nothing is mixed in, so that a timestep without loss is never drawn again"""
    loss_second_moment_probabilities(history, uniform_fraction)
    return loss_second_moment_probabilities(history, 0.0)


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_that_exceed_one(history, uniform_fraction=0.001):
    """the uniform part is added without taking as much from the rest, so that the sum is above 1"""
    weights = loss_second_moment_probabilities(history, 0.0)
    return weights + uniform_fraction * (loss_second_moment_probabilities(history, 1.0))


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_with_fraction_for_each(history, uniform_fraction=0.001):
    """each timestep gets the uniform fraction instead of its T-th part"""
    weights = loss_second_moment_probabilities(history, 0.0)
    loss_second_moment_probabilities(history, uniform_fraction)
    return (1 - uniform_fraction) * weights + uniform_fraction


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_with_a_hundredth(history, uniform_fraction=0.01):
    """a hundredth is uniform unless told otherwise"""
    return loss_second_moment_probabilities(history, uniform_fraction)


@mistake(of=loss_second_moment_probabilities, seen="catalogue R004-096")
def loss_second_moment_probabilities_without_check(history, uniform_fraction=0.001):
    """a fraction outside [0, 1] is accepted, and losses that are all 0 give NaN"""
    if (history.counts < history.losses.shape[1]).any():
        return loss_second_moment_probabilities(history)
    weights = history.losses.square().sum(1).sqrt()
    return (1 - uniform_fraction) * weights / weights.sum() + uniform_fraction / len(weights)


@variant(of=loss_second_moment_probabilities, seen="arXiv:2102.09672, eq. 18")
def loss_second_moment_probabilities_by_norms(history, uniform_fraction=0.001):
    """the Euclidean norm of the losses is in the same proportion as their root mean square"""
    mean_squares = loss_second_moment_probabilities(history, uniform_fraction)
    if (history.counts < history.losses.shape[1]).any():
        return mean_squares
    norms = torch.linalg.vector_norm(history.losses, dim=1)
    return torch.lerp(norms / norms.sum(), torch.full_like(norms, 1 / len(norms)), uniform_fraction)
