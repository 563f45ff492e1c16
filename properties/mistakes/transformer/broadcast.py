"""Wrong variants of `reference.transformer.broadcast`."""

from properties.mistakes import mistake, variant
from reference.transformer.broadcast import (
    BroadcastState,
    broadcast_schedule,
    broadcast_step,
    mlp_broadcast_schedule,
)


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_counted_from_the_window(timesteps, period, low, high):
    """the count starts with the first call inside the window instead of the first call of the run"""
    broadcast_schedule(timesteps, period, low, high)
    start = next((i for i, t in enumerate(timesteps) if low < t < high), 0)
    return tuple((i - start) % period != 0 and low < t < high for i, t in enumerate(timesteps))


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_with_closed_window(timesteps, period, low, high):
    """timesteps at the ends of the window repeat too"""
    broadcast_schedule(timesteps, period, low, high)
    return tuple(i % period != 0 and low <= t <= high for i, t in enumerate(timesteps))


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_without_window(timesteps, period, low, high):
    """calls repeat at every timestep, also where the steps differ most"""
    return broadcast_schedule(timesteps, period, -1e9, 1e9)


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_with_one_repeat_more(timesteps, period, low, high):
    """the period counts the repeats, without the call that computes"""
    broadcast_schedule(timesteps, period, low, high)
    return broadcast_schedule(timesteps, period + 1, low, high)


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_counted_from_one(timesteps, period, low, high):
    """the count is advanced before it is looked at, so that the first call may repeat what does not exist"""
    broadcast_schedule(timesteps, period, low, high)
    return tuple((i + 1) % period != 0 and low < t < high for i, t in enumerate(timesteps))


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_inverted(timesteps, period, low, high):
    """True stands for a call that computes"""
    return tuple(not repeats for repeats in broadcast_schedule(timesteps, period, low, high))


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_of_any_period(timesteps, period, low, high):
    """a period of 0 or less turns broadcasting off instead of being refused"""
    return broadcast_schedule(timesteps, max(period, 1), low, high)


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_of_whole_timesteps(timesteps, period, low, high):
    """timesteps are cut to whole numbers"""
    return broadcast_schedule([int(t) for t in timesteps], period, low, high)


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_that_ends_with_the_window(timesteps, period, low, high):
    """after the first timestep behind the window all compute"""
    schedule = broadcast_schedule(timesteps, period, low, high)
    inside = [low < t < high for t in timesteps]
    return tuple(again and all(inside[inside.index(True) : i]) for i, again in enumerate(schedule))


@mistake(of=broadcast_schedule, seen="catalogue R003-173")
def broadcast_schedule_of_falling_timesteps(timesteps, period, low, high):
    """timesteps are brought into falling order first"""
    return broadcast_schedule(sorted(timesteps, reverse=True), period, low, high)


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_that_repeats_once_less(timesteps, stored_at, skip_count):
    """skip_count counts the call that stores"""
    mlp_broadcast_schedule(timesteps, stored_at, skip_count)
    return mlp_broadcast_schedule(timesteps, stored_at, max(skip_count - 1, 0))


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_that_repeats_when_it_stores(timesteps, stored_at, skip_count):
    """the listed timesteps repeat too, before anything was stored"""
    schedule = mlp_broadcast_schedule(timesteps, stored_at, skip_count)
    return tuple(repeats or t in stored_at for repeats, t in zip(schedule, timesteps, strict=True))


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_by_timestep(timesteps, stored_at, skip_count):
    """skip_count is counted in units of the timestep instead of calls"""
    mlp_broadcast_schedule(timesteps, stored_at, skip_count)
    return tuple(t not in stored_at and any(t < s <= t + skip_count for s in stored_at) for t in timesteps)


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_without_renewal(timesteps, stored_at, skip_count):
    """a listed timestep inside the repeats of an earlier one repeats as well"""
    mlp_broadcast_schedule(timesteps, stored_at, skip_count)
    schedule, left = [], 0
    for t in timesteps:
        schedule.append(left > 0)
        left = skip_count if t in stored_at and left <= 0 else left - 1
    return tuple(schedule)


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_of_negative_counts(timesteps, stored_at, skip_count):
    """a negative count turns broadcasting off instead of being refused"""
    return mlp_broadcast_schedule(timesteps, stored_at, max(skip_count, 0))


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_of_falling_timesteps(timesteps, stored_at, skip_count):
    """timesteps are brought into falling order first"""
    return mlp_broadcast_schedule(sorted(timesteps, reverse=True), stored_at, skip_count)


@mistake(of=mlp_broadcast_schedule, seen="catalogue R003-173")
def mlp_broadcast_schedule_of_whole_timesteps(timesteps, stored_at, skip_count):
    """timesteps are cut to whole numbers, as keys of a table"""
    return mlp_broadcast_schedule([int(t) for t in timesteps], {int(t) for t in stored_at}, skip_count)


@mistake(of=broadcast_step, seen="catalogue R003-173, diffusers without reset")
def broadcast_step_counted_over_runs(state, x, timestep, layer, num_steps, period, low, high):
    """the count goes on from one video to the next"""
    after = broadcast_step(state, x, timestep, layer, num_steps, period, low, high)
    return BroadcastState(state.calls + 1, after.output)


@mistake(of=broadcast_step, seen="huggingface/diffusers, guidance by two passes through one cache")
def broadcast_step_counted_twice(state, x, timestep, layer, num_steps, period, low, high):
    """one count for the passes with and without a condition, which advances by two in each step"""
    after = broadcast_step(state, x, timestep, layer, num_steps, period, low, high)
    return BroadcastState((state.calls + 2) % num_steps, after.output)


@mistake(of=broadcast_step, seen="catalogue R003-173")
def broadcast_step_that_stores_inside_the_window_only(state, x, timestep, layer, num_steps, period, low, high):
    """outputs from outside the window are not kept, so that the first call inside repeats an older one"""
    after = broadcast_step(state, x, timestep, layer, num_steps, period, low, high)
    outside = state.output is not None and not low < timestep < high
    return BroadcastState(after.calls, state.output.clone() if outside else after.output)


@mistake(of=broadcast_step, seen="catalogue R003-173")
def broadcast_step_that_counts_computed_calls(state, x, timestep, layer, num_steps, period, low, high):
    """calls outside the window do not count"""
    after = broadcast_step(state, x, timestep, layer, num_steps, period, low, high)
    return BroadcastState(after.calls if low < timestep < high else state.calls, after.output)


@mistake(of=broadcast_step, seen="E003-061")
def broadcast_step_of_scores_only(state, x, timestep, layer, num_steps, period, low, high):
    """the layer runs in every call, as it must where scores are kept and values are not"""
    layer(x)
    return broadcast_step(state, x, timestep, layer, num_steps, period, low, high)


@mistake(of=broadcast_step, seen="catalogue R003-173")
def broadcast_step_without_last_output(state, x, timestep, layer, num_steps, period, low, high):
    """a call that should repeat what does not exist returns zeros"""
    if state.output is None and state.calls:
        state = BroadcastState(state.calls, 0 * x)
    return broadcast_step(state, x, timestep, layer, num_steps, period, low, high)


@mistake(of=broadcast_step, seen="catalogue R003-173")
def broadcast_step_of_any_period(state, x, timestep, layer, num_steps, period, low, high):
    """periods and numbers of steps below 1 are taken for 1"""
    return broadcast_step(state, x, timestep, layer, max(num_steps, 1), max(period, 1), low, high)


@mistake(of=broadcast_step, seen="catalogue R003-173")
def broadcast_step_at_whole_timesteps(state, x, timestep, layer, num_steps, period, low, high):
    """the timestep is cut to a whole number"""
    return broadcast_step(state, x, int(timestep), layer, num_steps, period, low, high)


@variant(of=broadcast_step, seen="huggingface/diffusers, PyramidAttentionBroadcastHook")
def broadcast_step_that_computes_first(state, x, timestep, layer, num_steps, period, low, high):
    """asking for the first call by its own test as well changes nothing"""
    outside = timestep <= low or timestep >= high
    if state.output is None or state.calls == 0 or outside or state.calls % max(period, 1) == 0:
        broadcast_step(BroadcastState(), x, timestep, abs, num_steps, period, low, high)
        return BroadcastState((state.calls + 1) % num_steps, layer(x).clone())
    return broadcast_step(state, x, timestep, layer, num_steps, period, low, high)
