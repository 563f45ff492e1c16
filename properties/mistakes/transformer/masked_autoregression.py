"""Wrong variants of `reference.transformer.masked_autoregression`."""

import itertools
import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.posteriors import sample_gaussian
from reference.transformer.masked_autoregression import (
    GenerationState,
    constant_guidance_schedule,
    generate_tokens,
    generation_order,
    generation_step,
    guided_token_output,
    linear_guidance_schedule,
    mask_by_order,
    masked_counts,
    masked_decoder,
    masked_diffusion_loss,
    masked_encoder,
    masking_rate,
    num_masked_tokens,
    predicted_counts,
    tempered_sample,
    tokens_to_predict,
    visible_positions,
)


@mistake(of=generation_order, seen="E001-16")
def generation_order_with_repetitions(uniform):
    """positions are drawn one by one, so that some come twice and others never"""
    return (uniform * uniform.shape[-1]).floor().long().clamp(0, uniform.shape[-1] - 1)


@mistake(of=generation_order, seen="argsort taken for ranks")
def generation_order_of_ranks(uniform):
    """the rank of each position is returned instead of the positions in order"""
    return uniform.argsort(dim=-1, stable=True).argsort(dim=-1)


@mistake(of=generation_order, seen="catalogue R001-129")
def generation_order_shared_by_batch(uniform):
    """all samples follow the order of the first one"""
    return generation_order(uniform[:1]).expand(uniform.shape).clone()


@mistake(of=masking_rate, seen="catalogue R001-127")
def masking_rate_uniform(uniform, least=0.7, deviation=0.25):
    """the rate is uniform between its bounds"""
    masking_rate(uniform, least, deviation)
    return least + (1 - least) * uniform


@mistake(of=masking_rate, seen="scipy.stats.truncnorm, whose bounds count in standard deviations")
def masking_rate_with_bound_in_units_of_the_rate(uniform, least=0.7, deviation=0.25):
    """the lower bound is handed to the standard normal without division by the deviation"""
    return masking_rate(uniform, 1 + (least - 1) * deviation, deviation)


@mistake(of=masking_rate, seen="catalogue R001-127")
def masking_rate_clipped(uniform, least=0.7, deviation=0.25):
    """a normal variable is clipped to its bounds instead of cut, so that much of it sits on them"""
    masking_rate(uniform, least, deviation)
    return min(1.0, max(least, 1 + deviation * math.sqrt(2) * torch.erfinv(torch.tensor(2 * uniform - 1)).item()))


@mistake(of=masking_rate, seen="catalogue R001-127")
def masking_rate_beyond_one(uniform, least=0.7, deviation=0.25):
    """the normal variable is cut at its lower bound only"""
    below = 0.5 * math.erfc((1 - least) / deviation / math.sqrt(2))
    masking_rate(uniform, least, deviation)
    return 1 + deviation * torch.special.ndtri(torch.tensor(below + uniform * (1 - below)).double()).item()


@mistake(of=masking_rate, seen="scipy.stats.truncnorm")
def masking_rate_without_check(uniform, least=0.7, deviation=0.25):
    """numbers outside the unit interval and impossible bounds get a rate all the same"""
    clipped = 0.5 if math.isnan(uniform) else min(max(uniform, 0.0), 1.0)
    return masking_rate(clipped, 0.7 if not least < 1 else least, 0.25 if not deviation > 0 else deviation)


@mistake(of=num_masked_tokens, seen="catalogue R001-127")
def num_masked_tokens_rounded_down(num_tokens, rate):
    """the number is rounded down instead of up"""
    num_masked_tokens(num_tokens, rate)
    return math.floor(num_tokens * rate)


@mistake(of=num_masked_tokens, seen="catalogue R001-127")
def num_masked_tokens_rounded(num_tokens, rate):
    """the number is rounded to the nearest instead of up"""
    num_masked_tokens(num_tokens, rate)
    return round(num_tokens * rate)


@mistake(of=num_masked_tokens, seen="LTH14/mar, random_masking")
def num_masked_tokens_without_check(num_tokens, rate):
    """a rate outside [0, 1] gives a number all the same"""
    return 0 if math.isnan(rate) else math.ceil(num_tokens * rate)


@mistake(of=num_masked_tokens, seen="catalogue R001-127")
def num_masked_tokens_rounded_up_from_a_hundredth(num_tokens, rate):
    """fractions below a hundredth are rounded down"""
    num_masked_tokens(num_tokens, rate)
    return int(num_tokens * rate + 0.99)


@mistake(of=mask_by_order, seen="E001-14")
def mask_by_order_along_the_batch(order, num_masked):
    """the mask is scattered along the first axis, whose indices are samples and not positions"""
    mask_by_order(order, num_masked)
    rows = order.reshape(-1, order.shape[-1])
    mask = torch.zeros(order.shape[-1] + len(rows), order.shape[-1], dtype=torch.bool)
    return mask.scatter(0, rows[:, :num_masked], True)[: len(rows)].reshape(order.shape)


@mistake(of=mask_by_order, seen="catalogue R001-129")
def mask_by_order_hiding_the_last(order, num_masked):
    """the last entries of the order are hidden instead of the first"""
    mask_by_order(order, num_masked)
    return mask_by_order(order.flip(-1), num_masked)


@mistake(of=mask_by_order, seen="MAE, whose mask is 1 where a patch is removed")
def mask_by_order_inverted(order, num_masked):
    """the mask is True at the visible positions"""
    return ~mask_by_order(order, num_masked)


@mistake(of=mask_by_order, seen="argsort taken for ranks")
def mask_by_order_of_ranks(order, num_masked):
    """the order is read as the rank of each position"""
    mask_by_order(order, num_masked)
    return order < num_masked


@mistake(of=mask_by_order, seen="slices of Python, which wrap and clip")
def mask_by_order_without_check(order, num_masked):
    """a negative length counts from the end, and one beyond the tokens hides them all"""
    return torch.zeros_like(order, dtype=torch.bool).scatter(-1, order[..., :num_masked], True)


@variant(of=mask_by_order, seen="argsort of an order gives the rank of each position")
def mask_by_order_by_inverse(order, num_masked):
    """the inverse permutation is the rank, which is below the length where a position is masked"""
    mask_by_order(order, num_masked)
    return order.argsort(-1) < num_masked


@mistake(of=visible_positions, seen="catalogue R001-123")
def visible_positions_in_generation_order(order, num_masked):
    """the positions are listed as in the order and not as in the sequence"""
    visible_positions(order, num_masked)
    return order[..., num_masked:].clone()


@mistake(of=visible_positions, seen="catalogue R001-123")
def visible_positions_that_are_masked(order, num_masked):
    """the positions that are masked are listed, as many as are visible"""
    visible_positions(order, num_masked)
    return order[..., : order.shape[-1] - num_masked].sort(-1).values


@mistake(of=visible_positions, seen="slices of Python, which wrap and clip")
def visible_positions_without_check(order, num_masked):
    """lengths outside the number of tokens get a result all the same"""
    return order[..., num_masked:].sort(-1).values


@mistake(of=masked_encoder, seen="E001-13")
def masked_encoder_with_classes_along_the_buffer(tokens, class_embedding, positions, visible, encoder):
    """the class is not given an axis for the slots, so that slot j of every sample holds the class of sample j"""
    slots = len(positions) - tokens.shape[-2]
    own = masked_encoder(tokens, class_embedding, positions, visible, lambda x: x)
    buffer = class_embedding[torch.arange(slots) % len(class_embedding)] + positions[:slots]
    return encoder(torch.cat([buffer.expand(len(tokens), -1, -1), own[..., slots:, :]], -2))


@mistake(of=masked_encoder, seen="catalogue R001-123")
def masked_encoder_with_positions_after_dropping(tokens, class_embedding, positions, visible, encoder):
    """positions are added after the masked tokens are dropped, and so count the visible tokens"""
    slots = len(positions) - tokens.shape[-2]
    own = masked_encoder(tokens, class_embedding, 0 * positions, visible, lambda x: x)
    return encoder(own + positions[: slots + visible.shape[-1]])


@mistake(of=masked_encoder, seen="catalogue R001-123")
def masked_encoder_with_positions_from_the_start(tokens, class_embedding, positions, visible, encoder):
    """tokens take the positions of the buffer, which comes before them"""
    slots = len(positions) - tokens.shape[-2]
    shifted = torch.cat([positions[:slots], positions[: tokens.shape[-2]]])
    return masked_encoder(tokens, class_embedding, shifted, visible, encoder)


@mistake(of=masked_encoder, seen="catalogue R001-123")
def masked_encoder_with_class_in_one_slot(tokens, class_embedding, positions, visible, encoder):
    """the class stands in the first slot only, and the others hold zeros"""
    slots = len(positions) - tokens.shape[-2]

    def cleared(x):
        first = torch.arange(x.shape[-2])[:, None] < 1
        rest = torch.arange(x.shape[-2])[:, None] >= slots
        return torch.where(first | rest, x, x - class_embedding[..., None, :])

    return masked_encoder(tokens, class_embedding, positions, visible, lambda x: encoder(cleared(x)))


@mistake(of=masked_encoder, seen="catalogue R001-123")
def masked_encoder_with_attention_to_all(tokens, class_embedding, positions, visible, encoder):
    """the encoder runs over all tokens, and the masked ones are dropped after it"""
    slots = len(positions) - tokens.shape[-2]
    masked_encoder(tokens, class_embedding, positions, visible, encoder)
    every = torch.arange(tokens.shape[-2]).expand(tokens.shape[:-1])
    encoded = masked_encoder(tokens, class_embedding, positions, every, encoder)
    shown = torch.take_along_dim(encoded[..., slots:, :], visible[..., None], -2)
    return torch.cat([encoded[..., :slots, :], shown], -2)


@mistake(of=masked_encoder, seen="slices of Python, which wrap and clip")
def masked_encoder_without_check(tokens, class_embedding, positions, visible, encoder):
    """tokens beyond the positions go without one"""
    missing = max(0, tokens.shape[-2] - len(positions))
    padded = torch.cat([positions, positions.new_zeros(missing, positions.shape[-1])])
    return masked_encoder(tokens, class_embedding, padded, visible, encoder)


@mistake(of=masked_decoder, seen="E001-17")
def masked_decoder_filling_where_zero(encoded, visible, mask_token, positions, output_positions, decoder):
    """encodings go where the padded sequence is 0, which is nowhere, as it is full of mask tokens"""
    slots = len(positions) - len(output_positions)
    masked_decoder(encoded, visible, mask_token, positions, output_positions, decoder)
    padded = mask_token.expand(*encoded.shape[:-2], *positions.shape)
    return decoder(padded + positions)[..., slots:, :] + output_positions


@mistake(of=masked_decoder, seen="catalogue R001-124")
def masked_decoder_without_gaps(encoded, visible, mask_token, positions, output_positions, decoder):
    """the encodings are put at the front and the mask tokens behind them"""
    front = torch.arange(visible.shape[-1]).expand_as(visible)
    return masked_decoder(encoded, front, mask_token, positions, output_positions, decoder)


@mistake(of=masked_decoder, seen="catalogue R001-124")
def masked_decoder_that_drops_from_the_end(encoded, visible, mask_token, positions, output_positions, decoder):
    """as many tokens as the buffer has are dropped from the end instead of the front"""
    masked_decoder(encoded, visible, mask_token, positions, output_positions, decoder)
    whole = []

    def keep(x):
        whole.append(decoder(x))
        return whole[0]

    masked_decoder(encoded, visible, mask_token, positions, output_positions, keep)
    return whole[0][..., : len(output_positions), :] + output_positions


@mistake(of=masked_decoder, seen="catalogue R001-124")
def masked_decoder_without_output_positions(encoded, visible, mask_token, positions, output_positions, decoder):
    """the positions for the denoiser are not added"""
    return masked_decoder(encoded, visible, mask_token, positions, 0 * output_positions, decoder)


@mistake(of=masked_decoder, seen="catalogue R001-124")
def masked_decoder_with_zeros_for_mask_token(encoded, visible, mask_token, positions, output_positions, decoder):
    """hidden tokens are zeros instead of the mask token"""
    return masked_decoder(encoded, visible, 0 * mask_token, positions, output_positions, decoder)


@mistake(of=masked_decoder, seen="catalogue R001-124")
def masked_decoder_without_check(encoded, visible, mask_token, positions, output_positions, decoder):
    """a wrong number of encodings is cut or repeated until it fits"""
    if len(positions) < len(output_positions):
        return encoded.new_zeros(*visible.shape[:-1], *output_positions.shape)
    wanted = len(positions) - len(output_positions) + visible.shape[-1]
    fitted = encoded[..., torch.arange(wanted) % encoded.shape[-2], :]
    return masked_decoder(fitted, visible, mask_token, positions, output_positions, decoder)


@mistake(of=masked_diffusion_loss, seen="E001-11")
def masked_diffusion_loss_with_channels_in_the_mask(token_loss, target, z, masked, timesteps, noise):
    """the mask has an axis behind that of the tokens, so that every loss meets the mask of every token"""
    copies = len(noise)
    rows = (x.flatten(0, -2).repeat(copies, 1) for x in (target, z))
    losses = token_loss(*rows, timesteps.flatten(), noise.flatten(0, -2))
    weights = masked.flatten().repeat(copies)[:, None].to(losses.dtype)
    return (losses * weights).sum() / weights.sum().clamp(min=1)


@mistake(of=masked_diffusion_loss, seen="E001-12")
def masked_diffusion_loss_with_a_timestep_per_sample(token_loss, target, z, masked, timesteps, noise):
    """all tokens of a sample share one timestep"""
    shared = timesteps[..., :1].expand(timesteps.shape)
    return masked_diffusion_loss(token_loss, target, z, masked, shared, noise)


@mistake(of=masked_diffusion_loss, seen="catalogue R001-125")
def masked_diffusion_loss_with_interleaved_targets(token_loss, target, z, masked, timesteps, noise):
    """targets are repeated token by token, and conditions as a whole, so that they no longer belong together"""
    copies = len(noise)
    x_0 = target.flatten(0, -2).repeat_interleave(copies, 0)
    losses = token_loss(x_0, z.flatten(0, -2).repeat(copies, 1), timesteps.flatten(), noise.flatten(0, -2))
    weights = masked.flatten().repeat(copies).to(losses.dtype)
    return (losses * weights).sum() / weights.sum().clamp(min=1)


@mistake(of=masked_diffusion_loss, seen="catalogue R001-125")
def masked_diffusion_loss_summed_over_copies(token_loss, target, z, masked, timesteps, noise):
    """the masked tokens are counted once, however many copies of them there are"""
    return len(noise) * masked_diffusion_loss(token_loss, target, z, masked, timesteps, noise)


@mistake(of=masked_diffusion_loss, seen="catalogue R001-126")
def masked_diffusion_loss_over_all_tokens(token_loss, target, z, masked, timesteps, noise):
    """the sum over masked tokens is divided by the number of all tokens"""
    return masked_diffusion_loss(token_loss, target, z, masked, timesteps, noise) * masked.sum() / masked.numel()


@mistake(of=masked_diffusion_loss, seen="catalogue R001-126")
def masked_diffusion_loss_of_visible_tokens(token_loss, target, z, masked, timesteps, noise):
    """the mask is inverted, so that the tokens that the encoder has seen are learned"""
    return masked_diffusion_loss(token_loss, target, z, ~masked, timesteps, noise)


@mistake(of=masked_diffusion_loss, seen="LTH14/mar, DiffLoss")
def masked_diffusion_loss_undefined_without_masked_tokens(token_loss, target, z, masked, timesteps, noise):
    """a batch without masked tokens gives 0 / 0"""
    loss = masked_diffusion_loss(token_loss, target, z, masked, timesteps, noise)
    return loss * masked.sum() / masked.sum()


@mistake(of=masked_diffusion_loss, seen="catalogue R001-125")
def masked_diffusion_loss_with_one_noise(token_loss, target, z, masked, timesteps, noise):
    """all copies of a token share one noise"""
    return masked_diffusion_loss(token_loss, target, z, masked, timesteps, noise[:1].expand(noise.shape))


@mistake(of=masked_diffusion_loss, seen="catalogue R001-126")
def masked_diffusion_loss_per_sample(token_loss, target, z, masked, timesteps, noise):
    """each sample is averaged by itself, so that a token counts more where fewer are masked"""
    if target.ndim < 3:
        return masked_diffusion_loss(token_loss, target, z, masked, timesteps, noise)
    rows = zip(target, z, masked, timesteps.movedim(1, 0), noise.movedim(1, 0), strict=True)
    return torch.stack([masked_diffusion_loss_per_sample(token_loss, *row) for row in rows]).mean()


@variant(of=masked_diffusion_loss, seen="LTH14/mar#63")
def masked_diffusion_loss_of_selected_tokens(token_loss, target, z, masked, timesteps, noise):
    """to select the masked tokens before the network is the same as to weigh their losses after it"""
    rows = [(target[masked], z[masked], t[masked], e[masked]) for t, e in zip(timesteps, noise, strict=True)]
    losses = torch.cat([token_loss(*row) for row in rows])
    return losses.sum() / max(1, len(losses))


@mistake(of=masked_counts, seen="catalogue R001-128")
def masked_counts_of_the_step_before(num_tokens, num_steps):
    """the share of step i - 1 is taken for step i, so that the first step predicts one token only"""
    masked_counts(num_tokens, num_steps)
    left, counts = num_tokens, []
    for step in range(num_steps):
        left = max(1, min(left - 1, math.floor(num_tokens * math.cos(math.pi * step / (2 * num_steps)))))
        counts.append(left)
    return tuple(counts)


@mistake(of=masked_counts, seen="catalogue R001-128")
def masked_counts_without_clamps(num_tokens, num_steps):
    """mask lengths are those of the cosine, so that a step may predict nothing and the last has nothing left to do"""
    masked_counts(num_tokens, num_steps)
    steps = range(1, num_steps + 1)
    return tuple(math.floor(num_tokens * math.cos(math.pi * step / (2 * num_steps))) for step in steps)


@mistake(of=masked_counts, seen="catalogue R001-128")
def masked_counts_rounded_up(num_tokens, num_steps):
    """the cosine is rounded up instead of down"""
    masked_counts(num_tokens, num_steps)
    left, counts = num_tokens, []
    for step in range(1, num_steps + 1):
        left = max(1, min(left - 1, math.ceil(num_tokens * math.cos(math.pi * step / (2 * num_steps)) - 1e-9)))
        counts.append(left)
    return tuple(counts)


@mistake(of=masked_counts, seen="MaskGIT's linear schedule")
def masked_counts_linear(num_tokens, num_steps):
    """mask lengths fall along a line instead of a cosine"""
    masked_counts(num_tokens, num_steps)
    left, counts = num_tokens, []
    for step in range(1, num_steps + 1):
        left = max(1, min(left - 1, num_tokens * (num_steps - step) // num_steps))
        counts.append(left)
    return tuple(counts)


@mistake(of=masked_counts, seen="catalogue R001-128")
def masked_counts_of_what_is_left(num_tokens, num_steps):
    """the cosine is a share of the tokens that are still masked instead of all"""
    masked_counts(num_tokens, num_steps)
    left, counts = num_tokens, []
    for step in range(1, num_steps + 1):
        left = max(1, min(left - 1, math.floor(left * math.cos(math.pi * step / (2 * num_steps)))))
        counts.append(left)
    return tuple(counts)


@mistake(of=masked_counts, seen="catalogue R001-128")
def masked_counts_down_to_zero(num_tokens, num_steps):
    """the last length is 0, with which the linear guidance schedule reaches its scale"""
    return (*masked_counts(num_tokens, num_steps)[:-1], 0)


@mistake(of=masked_counts, seen="LTH14/mar, sample_tokens")
def masked_counts_without_check(num_tokens, num_steps):
    """no tokens, or no steps, give a schedule all the same"""
    return masked_counts(max(1, num_tokens), max(1, num_steps))


@mistake(of=predicted_counts, seen="catalogue R001-128")
def predicted_counts_that_leave_one(num_tokens, num_steps):
    """the last step predicts what the mask lengths say, so that one token is never predicted"""
    left = (num_tokens, *masked_counts(num_tokens, num_steps))
    return tuple(before - after for before, after in itertools.pairwise(left))


@mistake(of=predicted_counts, seen="catalogue R001-128")
def predicted_counts_equal_in_every_step(num_tokens, num_steps):
    """every step predicts the same number of tokens, as far as they can be shared out"""
    predicted_counts(num_tokens, num_steps)
    ends = [num_tokens * step // num_steps for step in range(num_steps + 1)]
    return tuple(after - before for before, after in itertools.pairwise(ends))


@mistake(of=predicted_counts, seen="LTH14/mar, sample_tokens")
def predicted_counts_without_check(num_tokens, num_steps):
    """no tokens, or no steps, give a schedule all the same"""
    return predicted_counts(max(1, num_tokens), max(1, num_steps))


@mistake(of=tokens_to_predict, seen="catalogue R001-128")
def tokens_to_predict_that_are_still_masked(masked, masked_next):
    """the tokens that stay masked are predicted"""
    return masked & masked_next


@mistake(of=tokens_to_predict, seen="catalogue R001-128")
def tokens_to_predict_among_visible_ones(masked, masked_next):
    """tokens that are visible already are predicted again"""
    return ~masked_next


@variant(of=tokens_to_predict, seen="LTH14/mar, sample_tokens")
def tokens_to_predict_by_difference(masked, masked_next):
    """as masks are nested, what is masked now and not next is their symmetric difference"""
    return masked & ~masked_next


@mistake(of=generation_step, seen="LTH14/mar, cur_tokens")
def generation_step_that_replaces_all_masked(state, num_masked_next, sample):
    """all masked tokens are replaced, also those that stay masked"""
    done = generation_step(state, num_masked_next, sample)
    masked = mask_by_order(state.order, state.num_masked)
    tokens = torch.where(masked[..., None], sample(state.tokens, masked, masked), state.tokens)
    return GenerationState(tokens, done.order, done.num_masked)


@mistake(of=generation_step, seen="LTH14/mar, mask_to_pred")
def generation_step_that_asks_for_all_masked(state, num_masked_next, sample):
    """the sampler is told to predict all masked tokens, of which most are thrown away"""
    return generation_step(state, num_masked_next, lambda tokens, masked, predicted: sample(tokens, masked, masked))


@mistake(of=generation_step, seen="catalogue R001-128")
def generation_step_that_keeps_its_mask(state, num_masked_next, sample):
    """the mask does not shrink, so that the next step predicts the same tokens again"""
    done = generation_step(state, num_masked_next, sample)
    return GenerationState(done.tokens, done.order, state.num_masked)


@mistake(of=generation_step, seen="catalogue R001-128")
def generation_step_from_the_start_of_the_order(state, num_masked_next, sample):
    """the first entries of the order are predicted first, while the mask covers them until the end"""
    done = generation_step(state, num_masked_next, sample)
    masked = mask_by_order(state.order, state.num_masked)
    predicted = mask_by_order(state.order, state.num_masked - num_masked_next)
    tokens = torch.where(predicted[..., None], sample(state.tokens, masked, predicted), state.tokens)
    return GenerationState(tokens, done.order, done.num_masked)


@mistake(of=generation_step, seen="LTH14/mar, sample_tokens with num_iter above the number of tokens")
def generation_step_without_check(state, num_masked_next, sample):
    """a mask that grows again, or of negative length, changes nothing and is passed on"""
    if 0 <= num_masked_next <= state.num_masked:
        return generation_step(state, num_masked_next, sample)
    return GenerationState(state.tokens.clone(), state.order.clone(), num_masked_next)


@mistake(of=generate_tokens, seen="catalogue R001-128")
def generate_tokens_that_leaves_one(tokens, order, num_steps, sample):
    """the last step keeps one token masked, which is never predicted"""
    state = GenerationState(tokens, order, tokens.shape[-2])
    for num_masked_next in masked_counts(tokens.shape[-2], num_steps):
        state = generation_step(state, num_masked_next, sample)
    return state.tokens


@mistake(of=generate_tokens, seen="LTH14/mar, cur_tokens")
def generate_tokens_in_parallel(tokens, order, num_steps, sample):
    """every step starts from the given tokens, so that no step sees what the ones before it have predicted"""
    generate_tokens(tokens, order, num_steps, sample)
    return generate_tokens(tokens, order, num_steps, lambda _, masked, predicted: sample(tokens, masked, predicted))


@mistake(of=generate_tokens, seen="catalogue R001-128")
def generate_tokens_from_the_start_of_the_order(tokens, order, num_steps, sample):
    """positions are predicted in the order given, and not backwards"""
    return generate_tokens(tokens, order.flip(-1), num_steps, sample)


@mistake(of=generate_tokens, seen="catalogue R001-128")
def generate_tokens_of_batches_alone(tokens, order, num_steps, sample):
    """the second axis is taken for that of the tokens, whatever the number of axes"""
    state = GenerationState(tokens, order, tokens.shape[1])
    for count in (*masked_counts(tokens.shape[1], num_steps)[:-1], 0):
        state = generation_step(state, count, sample)
    return state.tokens


@mistake(of=linear_guidance_schedule, seen="catalogue R001-130")
def linear_guidance_schedule_that_reaches_its_scale(scale, num_tokens, num_steps):
    """the last step uses the given scale, as if no token were masked after it"""
    return (*linear_guidance_schedule(scale, num_tokens, num_steps)[:-1], float(scale))


@mistake(of=linear_guidance_schedule, seen="catalogue R001-130")
def linear_guidance_schedule_from_zero(scale, num_tokens, num_steps):
    """the schedule rises from 0, where the condition has no effect, instead of 1"""
    left = masked_counts(num_tokens, num_steps)
    return tuple(scale * (num_tokens - masked) / num_tokens for masked in left)


@mistake(of=linear_guidance_schedule, seen="catalogue R001-130")
def linear_guidance_schedule_that_falls(scale, num_tokens, num_steps):
    """guidance falls with the number of visible tokens"""
    left = masked_counts(num_tokens, num_steps)
    return tuple(1 + (scale - 1) * masked / num_tokens for masked in left)


@mistake(of=linear_guidance_schedule, seen="catalogue R001-130")
def linear_guidance_schedule_in_steps(scale, num_tokens, num_steps):
    """the schedule is linear in the steps instead of the visible tokens"""
    linear_guidance_schedule(scale, num_tokens, num_steps)
    return tuple(1 + (scale - 1) * step / num_steps for step in range(1, num_steps + 1))


@mistake(of=linear_guidance_schedule, seen="catalogue R001-130")
def linear_guidance_schedule_before_the_step(scale, num_tokens, num_steps):
    """the tokens that are masked before a step are counted instead of those after it"""
    left = (num_tokens, *masked_counts(num_tokens, num_steps)[:-1])
    return tuple(1 + (scale - 1) * (num_tokens - masked) / num_tokens for masked in left)


@mistake(of=constant_guidance_schedule, seen="catalogue R001-130")
def constant_guidance_schedule_above_one(scale, num_steps):
    """the scale is counted from the conditional prediction"""
    return tuple(1 + value for value in constant_guidance_schedule(scale, num_steps))


@mistake(of=constant_guidance_schedule, seen="LTH14/mar, sample_tokens")
def constant_guidance_schedule_without_check(scale, num_steps):
    """no steps give an empty schedule"""
    return (scale,) * num_steps


@mistake(of=guided_token_output, seen="catalogue R001-131")
def guided_token_output_with_guided_variance(unconditional, conditional, scale):
    """the learned variance is guided like the noise"""
    guided_token_output(unconditional, conditional, scale)
    return unconditional + scale * (conditional - unconditional)


@mistake(of=guided_token_output, seen="catalogue R001-131")
def guided_token_output_with_unconditional_variance(unconditional, conditional, scale):
    """the variance is that of the unconditional half of the batch, which is dropped at the end"""
    half = conditional.shape[-1] // 2
    guided = guided_token_output(unconditional, conditional, scale)
    return torch.cat([guided[..., :half], unconditional[..., half:]], -1)


@mistake(of=guided_token_output, seen="facebookresearch/DiT, forward_with_cfg")
def guided_token_output_that_skips_channels(unconditional, conditional, scale):
    """a channel of the noise is not guided, as the last one of four in DiT"""
    half = conditional.shape[-1] // 2
    guided = guided_token_output(unconditional, conditional, scale)
    return torch.cat([guided[..., : half - 1], conditional[..., half - 1 :]], -1)


@mistake(of=guided_token_output, seen="catalogue R001-131")
def guided_token_output_from_the_conditional(unconditional, conditional, scale):
    """the scale is counted from the conditional prediction"""
    return guided_token_output(unconditional, conditional, scale + 1)


@mistake(of=guided_token_output, seen="LTH14/mar, forward_with_cfg")
def guided_token_output_without_check(unconditional, conditional, scale):
    """an odd number of channels is split unevenly"""
    half = conditional.shape[-1] // 2
    noise = unconditional[..., :half] + scale * (conditional[..., :half] - unconditional[..., :half])
    return torch.cat([noise, conditional[..., half:]], -1)


@mistake(of=tempered_sample, seen="catalogue R001-131")
def tempered_sample_scaling_the_variance(mean, log_variance, noise, temperature):
    """the temperature scales the variance instead of the standard deviation"""
    tempered_sample(mean, log_variance, noise, temperature)
    return sample_gaussian(mean, log_variance, math.sqrt(temperature) * noise)


@mistake(of=tempered_sample, seen="catalogue R001-131")
def tempered_sample_dividing(mean, log_variance, noise, temperature):
    """the noise is divided by the temperature, as logits are"""
    tempered_sample(mean, log_variance, noise, temperature)
    return sample_gaussian(mean, log_variance, noise / temperature if temperature else 0 * noise)


@mistake(of=tempered_sample, seen="catalogue R001-131")
def tempered_sample_scaling_the_mean(mean, log_variance, noise, temperature):
    """the mean is scaled along with the noise"""
    return temperature * sample_gaussian(mean, log_variance, noise)


@mistake(of=tempered_sample, seen="LTH14/mar, p_sample")
def tempered_sample_without_check(mean, log_variance, noise, temperature):
    """a negative temperature turns the noise around"""
    return sample_gaussian(mean, log_variance, temperature * noise)


@mistake(of=tempered_sample, seen="catalogue R001-131")
def tempered_sample_with_bounded_variance(mean, log_variance, noise, temperature):
    """the logarithm of the variance is held between -30 and 20"""
    return tempered_sample(mean, log_variance.clamp(-30, 20), noise, temperature)


@mistake(of=masking_rate, seen="catalogue R001-127")
def masking_rate_cut_at_zero(uniform, least=0.7, deviation=0.25):
    """a least rate below 0 is taken for 0"""
    return masking_rate(uniform, max(least, 0.0), deviation)


@mistake(of=masked_diffusion_loss, seen="catalogue R001-126")
def masked_diffusion_loss_of_products(token_loss, target, z, masked, timesteps, noise):
    """losses are multiplied by the mask, so that NaN at a visible position comes through"""
    seen = masked[..., None].to(target.dtype)
    loss = masked_diffusion_loss(token_loss, torch.nan_to_num(target), z, masked, timesteps, noise)
    return loss + 0 * (target * (1 - seen)).sum()


@mistake(of=guided_token_output, seen="facebookresearch/DiT, forward_with_cfg")
def guided_token_output_of_three_channels(unconditional, conditional, scale):
    """only the first three channels are guided, and the rest of the noise is the conditional one"""
    guided = guided_token_output(unconditional, conditional, scale)
    return torch.cat([guided[..., :3], conditional[..., 3:]], -1)


@mistake(of=linear_guidance_schedule, seen="catalogue R001-130")
def linear_guidance_schedule_without_negative_scales(scale, num_tokens, num_steps):
    """scales below 0 are taken for 0"""
    return tuple(max(guidance, 0.0) for guidance in linear_guidance_schedule(scale, num_tokens, num_steps))
