"""Laws of `reference.transformer.masked_autoregression`."""

import functools
import itertools
import math
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import indices, masks, normals, unit
from reference.transformer.masked_autoregression import GenerationState

# At two thirds of all steps the cosine is 1 / 2, and its last bit decides.
STEPS_WITHOUT_TIES = [1, 2, 4, 5, 8]


def orders(*batch):
    """Orders of five tokens."""
    return unit(*batch, 5).map(lambda uniform: uniform.argsort(dim=-1, stable=True))


@functools.cache
def left_masked(num_tokens, num_steps):
    """Tokens masked after each step, counted as those whose angle acos(k / n) is not below that of the step."""
    left, counts = num_tokens, []
    for step in range(1, num_steps + 1):
        angle = mpmath.pi * step / (2 * num_steps)
        aimed = sum(mpmath.acos(mpmath.mpf(k) / num_tokens) >= angle for k in range(1, num_tokens + 1))
        left = sorted([1, left - 1, aimed])[1] if left > 1 else 1
        counts.append(left)
    return counts


def left_after_last(num_tokens, num_steps):
    return [num_tokens, *left_masked(num_tokens, num_steps)[:-1], 0]


@given(uniform=unit(2, 3, 5))
def test_generation_order_sorts_the_uniform_numbers(generation_order, uniform):
    """Read in order the uniform numbers of each sample ascend, and equal ones stay in raster order."""
    expected = [sorted(range(5), key=row.__getitem__) for row in uniform.flatten(0, 1).tolist()]
    assert_equal(generation_order(uniform), torch.tensor(expected).reshape(2, 3, 5))


def test_generation_order_takes_every_permutation_once(generation_order):
    """The 24 ways to rank four uniform numbers, which are equally likely, give the 24 permutations."""
    ranks = torch.tensor(list(itertools.permutations(range(4))), dtype=torch.float64)
    order = generation_order(ranks / 8 + 0.0625)
    assert_equal(sorted(map(tuple, order.tolist())), list(itertools.permutations(range(4))))


@pytest.mark.parametrize("given_shape", [(), (0.25, 0.125), (-0.5, 1.0)])
@given(uniform=st.sampled_from([0.0, 1.0]) | st.integers(0, 64).map(lambda k: k / 64))
def test_masking_rate_equals_quantile_of_truncated_normal(masking_rate, uniform, given_shape):
    """The rate is the quantile of N(1, 0.25^2), or as given, between 0.7, or as given, and 1."""
    least, deviation = given_shape or (0.7, 0.25)
    expected = stats.truncnorm.ppf(uniform, (least - 1) / deviation, 0, 1, deviation)
    assert_close(masking_rate(uniform, *given_shape), expected, 1)


@pytest.mark.parametrize(
    "arguments", [(-0.125,), (1.125,), (math.nan,), (0.5, 1.0), (0.5, math.nan), (0.5, 0.5, 0.0), (0.5, 0.5, math.nan)]
)
def test_masking_rate_rejects_what_is_no_distribution(masking_rate, arguments):
    """A uniform number lies in [0, 1], the least rate below 1, and a deviation above 0."""
    assert_rejects(masking_rate, *arguments)


@given(num_tokens=st.integers(1, 40), sixteenths=st.integers(0, 16))
def test_num_masked_tokens_is_the_least_that_reaches_the_rate(num_masked_tokens, num_tokens, sixteenths):
    """m tokens are at least the share that the rate asks for, and m - 1 are less."""
    enough = (m for m in range(num_tokens + 1) if Fraction(m, num_tokens) >= Fraction(sixteenths, 16))
    assert_equal(num_masked_tokens(num_tokens, sixteenths / 16), next(enough))
    assert_equal(num_masked_tokens(num_tokens, 2.0**-20), 1)


@pytest.mark.parametrize(("num_tokens", "rate"), [(0, 0.5), (3, -0.125), (3, 1.125), (3, math.nan)])
def test_num_masked_tokens_rejects_impossible_rates(num_masked_tokens, num_tokens, rate):
    """A share of at least one token lies in [0, 1]."""
    assert_rejects(num_masked_tokens, num_tokens, rate)


@given(order=orders(2, 3), num_masked=st.integers(0, 5))
def test_mask_by_order_hides_the_first_entries(mask_by_order, order, num_masked):
    """A position is masked if it is among the first of its own sample's order, so longer masks contain shorter ones."""
    expected = [[place in row[:num_masked] for place in range(5)] for row in order.flatten(0, 1).tolist()]
    assert_equal(mask_by_order(order, num_masked), torch.tensor(expected).reshape(2, 3, 5))


@given(order=orders(2, 3), num_masked=st.integers(0, 5))
def test_visible_positions_are_the_rest_in_raster_order(visible_positions, order, num_masked):
    """What is not among the first entries of the order is visible, listed in raster order."""
    expected = [[place for place in range(5) if place not in row[:num_masked]] for row in order.flatten(0, 1).tolist()]
    expected = torch.tensor(expected, dtype=torch.int64).reshape(2, 3, 5 - num_masked)
    assert_equal(visible_positions(order, num_masked), expected)


@pytest.mark.parametrize("num_masked", [-1, 6])
def test_mask_by_order_rejects_impossible_lengths(mask_by_order, visible_positions, num_masked):
    """Of five tokens none to five can be masked."""
    order = torch.tensor([2, 0, 4, 1, 3])
    assert_rejects(mask_by_order, order, num_masked)
    assert_rejects(visible_positions, order, num_masked)


@given(tokens=normals(2, 5, 3), label=normals(2, 3), positions=normals(11, 3), order=orders(2), shown=st.integers(0, 5))
def test_masked_encoder_sees_the_buffer_and_the_visible_tokens(masked_encoder, tokens, label, positions, order, shown):
    """The encoder runs over the class in each slot and then the visible tokens, each with its own position."""
    visible = order[:, :shown].sort(-1).values
    expected = []
    for sample, places in enumerate(visible.tolist()):
        rows = [label[sample] + positions[slot] for slot in range(6)]
        rows += [tokens[sample, place] + positions[6 + place] for place in places]
        expected.append(torch.stack(list(itertools.accumulate(rows))))
    encoded = masked_encoder(tokens, label, positions, visible, lambda x: x.cumsum(-2))
    assert_close(encoded, torch.stack(expected), 8 * 11)


@given(tokens=normals(2, 5, 3), others=normals(2, 5, 3), label=normals(2, 3), positions=normals(11, 3), order=orders(2))
def test_masked_encoder_is_invariant_to_masked_tokens(masked_encoder, tokens, others, label, positions, order):
    """What stands at masked positions has no influence, and all that the encoder returns is passed on."""
    visible = order[:, 2:].sort(-1).values
    changed = tokens.scatter(1, order[:, :2, None].expand(2, 2, 3), others)
    encoded = masked_encoder(changed, label, positions, visible, lambda x: x * x.sum(-2, keepdim=True) + 1)
    seen = masked_encoder(tokens, label, positions, visible, lambda x: x)
    assert_equal(encoded, seen * seen.sum(-2, keepdim=True) + 1)


def test_masked_encoder_rejects_missing_positions(masked_encoder):
    """Five tokens need five positions; with no more there is no buffer."""
    tokens, label, visible = torch.ones(2, 5, 3).double(), torch.ones(2, 3).double(), torch.tensor([[0, 3], [1, 4]])
    without_buffer = masked_encoder(tokens, label, torch.ones(5, 3).double(), visible, lambda x: 2 * x)
    assert_equal(without_buffer, torch.full((2, 2, 3), 4.0))
    assert_rejects(masked_encoder, tokens, label, torch.ones(4, 3).double(), visible, lambda x: 2 * x)


@given(
    encoded=normals(2, 9, 3),
    order=orders(2),
    mask_token=normals(3),
    positions=normals(11, 3),
    output_positions=normals(5, 3),
)
def test_masked_decoder_puts_encodings_back_in_place(
    masked_decoder, encoded, order, mask_token, positions, output_positions
):
    """The decoder sees the buffer, then each visible token at its place and the mask token at all others."""
    visible = order[:, :3].sort(-1).values
    expected = []
    for sample, places in enumerate(visible.tolist()):
        known = dict(zip(places, encoded[sample, 6:], strict=True))
        rows = [*encoded[sample, :6], *(known.get(place, mask_token) for place in range(5))]
        summed = itertools.accumulate(row + position for row, position in zip(rows, positions, strict=True))
        expected.append(torch.stack(list(summed)[6:]) + output_positions)
    z = masked_decoder(encoded, visible, mask_token, positions, output_positions, lambda x: x.cumsum(-2))
    assert_close(z, torch.stack(expected), 8 * 11 + 4)


@given(tokens=normals(5, 3), label=normals(3), mask_token=normals(3), order=orders())
def test_masked_decoder_inverts_masked_encoder(masked_decoder, masked_encoder, tokens, label, mask_token, order):
    """Without positions and layers visible tokens come back where they were, and the others are the mask token."""
    visible, nowhere = order[2:].sort().values, torch.zeros(11, 3, dtype=torch.float64)
    encoded = masked_encoder(tokens, label, nowhere, visible, lambda x: x)
    z = masked_decoder(encoded, visible, mask_token, nowhere, nowhere[:5], lambda x: x)
    hidden = torch.tensor([[place in order[:2]] for place in range(5)])
    assert_equal(z, torch.where(hidden, mask_token, tokens))


@pytest.mark.parametrize(("encodings", "positions"), [(4, 9), (6, 9), (0, 4)])
def test_masked_decoder_rejects_wrong_numbers_of_encodings(masked_decoder, encodings, positions):
    """Four slots and one visible token make five encodings, and five tokens need five positions, without any slot."""
    visible, ones = torch.tensor([[3], [1]]), torch.ones(9, 3, dtype=torch.float64)
    without_buffer = masked_decoder(
        5 * ones[None, :1].expand(2, 1, 3), visible, ones[0], ones[:5], ones[:5], torch.clone
    )
    assert_equal(without_buffer.sum(), torch.tensor(2 * 3 * (4 * 3.0 + 7)))
    encoded = torch.ones(2, encodings, 3, dtype=torch.float64)
    assert_rejects(masked_decoder, encoded, visible, ones[0], ones[:positions], ones[:5], torch.clone)


def mixed_loss(x_0, z, t, noise):
    """A loss of each row in which every argument, and which argument it is, matters."""
    return (x_0 + t[:, None] * noise).square().sum(-1) + z.sum(-1)


@given(
    target=normals(2, 5, 3),
    z=normals(2, 5, 7),
    masked=masks(2, 5),
    timesteps=indices(4, 3, 2, 5),
    noise=normals(3, 2, 5, 3),
)
def test_masked_diffusion_loss_averages_over_masked_tokens_and_copies(
    masked_diffusion_loss, target, z, masked, timesteps, noise
):
    """The loss is the mean over copies and masked tokens, each with its own timestep and noise, and 0 without any."""
    losses = [
        mixed_loss(target[b, i][None], z[b, i][None], timesteps[c, b, i][None], noise[c, b, i][None])
        for c, b, i in itertools.product(range(3), range(2), range(5))
        if masked[b, i]
    ]
    expected = torch.cat(losses).mean() if losses else torch.tensor(0.0)
    # Each of three squares is at most (4 + 3 * 4)^2.
    assert_close(masked_diffusion_loss(mixed_loss, target, z, masked, timesteps, noise), expected, 3 * 256 + 28)


@given(
    target=normals(5, 3),
    others=normals(5, 3),
    z=normals(5, 7),
    masked=masks(5),
    timesteps=indices(4, 3, 5),
    noise=normals(3, 5, 3),
)
def test_masked_diffusion_loss_is_invariant_to_visible_targets(
    masked_diffusion_loss, target, others, z, masked, timesteps, noise
):
    """Tokens that are not masked may be anything, and doubling every masked token's loss doubles the loss."""
    others[0] = math.nan
    changed = torch.where(masked[..., None], target, others)
    loss = masked_diffusion_loss(mixed_loss, changed, z, masked, timesteps, noise)
    doubled = masked_diffusion_loss(lambda *rows: 2 * mixed_loss(*rows) + 1, target, z, masked, timesteps, noise)
    assert_close(doubled, 2 * loss.double() + masked.any(), 6 * 256 + 57, roundings=32)


@pytest.mark.parametrize("num_steps", STEPS_WITHOUT_TIES)
def test_masked_counts_follow_a_cosine(masked_counts, num_steps):
    """As many stay masked as have an angle beyond that of the step, but fewer than before and at least one."""
    for_all = [list(masked_counts(num_tokens, num_steps)) for num_tokens in range(1, 13)]
    assert_equal(for_all, [left_masked(num_tokens, num_steps) for num_tokens in range(1, 13)])


@pytest.mark.parametrize("num_steps", STEPS_WITHOUT_TIES)
def test_predicted_counts_sum_to_all_tokens(predicted_counts, num_steps):
    """Each step predicts what stays masked no longer, at least one token if there are no more steps than tokens."""
    for_all = [list(predicted_counts(num_tokens, num_steps)) for num_tokens in range(1, 13)]
    left = [left_after_last(num_tokens, num_steps) for num_tokens in range(1, 13)]
    assert_equal(for_all, [[before - after for before, after in itertools.pairwise(counts)] for counts in left])
    assert_equal([min(counts) > 0 for counts in for_all], [num_steps <= num_tokens for num_tokens in range(1, 13)])


@pytest.mark.parametrize(("num_tokens", "num_steps"), [(0, 3), (3, 0)])
def test_masked_counts_rejects_empty_schedules(masked_counts, predicted_counts, num_tokens, num_steps):
    """There is no schedule without tokens or without steps."""
    assert_rejects(masked_counts, num_tokens, num_steps)
    assert_rejects(predicted_counts, num_tokens, num_steps)


@given(masked=masks(2, 5), masked_next=masks(2, 5))
def test_tokens_to_predict_are_masked_only_now(tokens_to_predict, masked, masked_next):
    """A token is predicted if it is masked now and visible next, so that in the last step all masked tokens are."""
    masked_next = masked & masked_next
    pairs = zip(masked.flatten().tolist(), masked_next.flatten().tolist(), strict=True)
    expected = torch.tensor([now and not then for now, then in pairs]).reshape(2, 5)
    assert_equal(tokens_to_predict(masked, masked_next), expected)
    assert_equal(tokens_to_predict(masked, torch.zeros_like(masked)), masked)


@given(tokens=normals(2, 5, 3), order=orders(2), lengths=st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted))
def test_generation_step_changes_the_predicted_tokens_only(generation_step, tokens, order, lengths):
    """Entries of the order between the two lengths are replaced; sample is told what is masked and what it predicts."""
    masked_next, masked_now = lengths
    place = torch.tensor([1, 2, 4, 8, 16])

    def sample(tokens, masked, predicted):
        codes = (place * (masked + 32 * predicted)).sum(-1)
        return 2 * tokens + codes[:, None, None]

    state = generation_step(GenerationState(tokens, order, masked_now), masked_next, sample)
    expected = tokens.clone()
    for row, entries in enumerate(order.tolist()):
        predicted = entries[masked_next:masked_now]
        code = sum(2**k for k in entries[:masked_now]) + 32 * sum(2**k for k in predicted)
        expected[row, predicted] = 2 * tokens[row, predicted] + code
    assert_equal(state.tokens, expected)
    assert_equal(state.order, order)
    assert_equal(state.num_masked, masked_next)


@pytest.mark.parametrize("num_masked_next", [-1, 4])
def test_generation_step_rejects_growing_masks(generation_step, num_masked_next):
    """No mask is longer than the one before it, or shorter than nothing."""
    state = GenerationState(torch.ones(1, 5, 3).double(), torch.tensor([[2, 0, 4, 1, 3]]), 3)
    assert_rejects(generation_step, state, num_masked_next, lambda tokens, masked, predicted: tokens)


@given(tokens=normals(2, 5, 3), order=orders(2), num_steps=st.sampled_from([1, 2, 4, 5, 8]))
def test_generate_tokens_predicts_each_token_once(generate_tokens, tokens, order, num_steps):
    """The order is filled from its end to its start, in strides of the cosine, and each stride sees those before it."""

    def sample(tokens, masked, predicted):
        return tokens.sum(-2, True) / 4 + 1

    left = left_after_last(5, num_steps)
    expected = tokens.clone()
    for before, after in itertools.pairwise(left):
        value = expected.sum(1) / 4 + 1
        for row, entries in enumerate(order.tolist()):
            expected[row, entries[after:before]] = value[row]
    # The sum of sizes is 20 at first, and each of five new tokens adds at most a quarter of it and 1.
    assert_close(generate_tokens(tokens, order, num_steps, sample), expected, 24 * 1.25**5)
    assert_close(generate_tokens(tokens[0], order[0], num_steps, sample), expected[0], 24 * 1.25**5)


@pytest.mark.parametrize("num_steps", [1, 4, 8])
@given(aim=st.integers(-8, 32).map(lambda k: k / 4), num_tokens=st.integers(1, 12))
def test_linear_guidance_schedule_rises_with_visible_tokens(linear_guidance_schedule, aim, num_tokens, num_steps):
    """The scale is linear in the share of tokens that are visible: 1 at none, and as given if all were."""
    shares = [1 - Fraction(left, num_tokens) for left in left_masked(num_tokens, num_steps)]
    for scale in (aim, -aim):
        expected = [float(1 + (Fraction(scale) - 1) * share) for share in shares]
        assert_close(linear_guidance_schedule(scale, num_tokens, num_steps), expected, 1 + abs(aim))


@given(scale=st.integers(-4, 16).map(lambda k: k / 4), num_steps=st.integers(1, 5))
def test_constant_guidance_schedule_repeats_the_scale(constant_guidance_schedule, scale, num_steps):
    """Every step has the given scale."""
    assert_equal(list(constant_guidance_schedule(scale, num_steps)), [scale for _ in range(num_steps)])


def test_constant_guidance_schedule_rejects_empty_schedules(constant_guidance_schedule):
    """There is no schedule without steps."""
    assert_rejects(constant_guidance_schedule, 2.0, 0)


@given(unconditional=normals(2, 3, 10), conditional=normals(2, 3, 10), scale=st.integers(-8, 16).map(lambda k: k / 4))
def test_guided_token_output_guides_the_noise_alone(guided_token_output, unconditional, conditional, scale):
    """The noise lies on the line from the unconditional to the conditional one; the variance is the conditional one."""
    guided = guided_token_output(unconditional, conditional, scale)
    noise = scale * conditional[..., :5] + (1 - scale) * unconditional[..., :5]
    assert_close(guided[..., :5], noise, 4 * (1 + 2 * abs(scale)))
    assert_equal(guided[..., 5:], conditional[..., 5:])


@pytest.mark.parametrize("channels", [1, 5])
def test_guided_token_output_rejects_odd_channels(guided_token_output, channels):
    """An odd number of channels cannot be split into noise and variance."""
    output = torch.ones(2, channels).double()
    assert_rejects(guided_token_output, output, 2 * output, 1.5)


@given(
    mean=normals(2, 3),
    noise=normals(2, 3),
    exponent=st.sampled_from([-24, -1, 0, 3, 24]),
    temperature=st.sampled_from([0.0, 0.5, 3.0]),
)
def test_tempered_sample_scales_the_standard_deviation(tempered_sample, mean, noise, exponent, temperature):
    """A variance of 4^k and temperature T move the mean by 2^k T standard normals, which is nothing at T = 0."""
    log_variance = torch.tensor([[exponent * math.log(4)], [-exponent * math.log(4)]], dtype=torch.float64)
    spread = temperature * torch.tensor([[2.0**exponent], [2.0**-exponent]]).double() * noise
    condition = mean.abs() + spread.abs() * (1 + abs(exponent))
    assert_close(tempered_sample(mean, log_variance, noise, temperature), mean + spread, condition)


@pytest.mark.parametrize("temperature", [-0.5, math.nan])
def test_tempered_sample_rejects_negative_temperatures(tempered_sample, temperature):
    """A temperature is at least 0."""
    one = torch.ones(2, 3).double()
    assert_rejects(tempered_sample, one, one, one, temperature)
