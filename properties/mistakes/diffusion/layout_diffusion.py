"""Wrong variants of `reference.diffusion.layout_diffusion`."""

import torch

from properties.mistakes import mistake
from reference.diffusion.discrete import cumulative_transitions, discrete_sample, gumbel_max, reverse_from_joint
from reference.diffusion.layout_diffusion import (
    LayoutSchedule,
    blur_widths,
    complete_layout,
    layout_given_categories,
    layout_transitions,
    masked_layout,
    refine_layout,
    sample_given_categories,
    two_stage_schedule,
)


@mistake(of=two_stage_schedule, seen="catalogue R000-018")
def two_stage_schedule_that_begins_to_mask_a_step_late(num_steps):
    """the first stage has one step more than floor(4 T / 5)"""
    right, refine = two_stage_schedule(num_steps), 4 * num_steps // 5 + 1

    def stages(line):
        first = torch.linspace(line[0], line[refine - 2], refine, dtype=line.dtype)
        return torch.cat([first, torch.linspace(line[refine - 1], line[-1], num_steps - refine, dtype=line.dtype)])

    return LayoutSchedule(*map(stages, right))


@mistake(of=two_stage_schedule, seen="catalogue R000-015")
def two_stage_schedule_with_swapped_tokens(num_steps):
    """categories are blurred early and coordinates kept"""
    category_keep, category_mask, coordinate_keep, coordinate_mask = two_stage_schedule(num_steps)
    return LayoutSchedule(coordinate_keep, coordinate_mask, category_keep, category_mask)


@mistake(of=two_stage_schedule, seen="catalogue R000-015")
def two_stage_schedule_of_few_steps(num_steps):
    """a chain whose second stage has a single step, which never masks, is accepted"""
    if num_steps >= 6:
        return two_stage_schedule(num_steps)
    line = torch.linspace(0.99999, 9e-5, max(num_steps, 0), dtype=torch.float64)
    return LayoutSchedule(line, 1 - line, line.clone(), 1 - line)


@mistake(of=blur_widths, seen="catalogue R000-015")
def blur_widths_of_cumulative_share(num_steps, scale=12.4, power=2.5):
    """the width grows with the share replaced so far instead of that of the step"""
    schedule = two_stage_schedule(num_steps)
    replaced = 1 - schedule.coordinate_keep - schedule.coordinate_mask
    return scale * replaced[: 4 * num_steps // 5].clamp(min=0) ** power


@mistake(of=blur_widths, seen="catalogue R000-015")
def blur_widths_of_lost_signal(num_steps, scale=12.4, power=2.5):
    """what is masked counts as replaced: b_t = 1 - keep_t / keep_{t-1}"""
    keep = two_stage_schedule(num_steps).coordinate_keep[: 4 * num_steps // 5]
    return scale * (1 - keep / torch.cat([keep.new_ones(1), keep[:-1]])) ** power


@mistake(of=blur_widths, seen="catalogue R000-016")
def blur_widths_with_fixed_power(num_steps, scale=12.4, power=2.5):
    """scale and power are those of the name of the schedule, whatever was asked for"""
    return blur_widths(num_steps)


@mistake(of=layout_transitions, seen="catalogue R000-017")
def layout_transitions_with_masking_on_top(num_steps, num_categories, num_coordinates=128):
    """the probability of MASK is added to rows of coordinates that already sum to 1"""
    q = layout_transitions(num_steps, num_categories, num_coordinates)
    block = slice(5 + num_categories, -1)
    q[:, block, block] /= q[:, block, block].sum(-1, keepdim=True)
    return q


@mistake(of=layout_transitions, seen="microsoft/LayoutGeneration, 25 categories whatever their number")
def layout_transitions_that_leak_over_25_categories(num_steps, num_categories, num_coordinates=128):
    """a category moves to each other with the probability for 25 categories, so that rows do not sum to 1"""
    q = layout_transitions(num_steps, num_categories, num_coordinates)
    block = q[:, 5 : 5 + num_categories, 5 : 5 + num_categories]
    leak = block[:, :1, 1:2]
    eye = torch.eye(num_categories, dtype=q.dtype)
    q[:, 5 : 5 + num_categories, 5 : 5 + num_categories] = block + leak * (num_categories / 25 - 1) * (1 + 0 * eye)
    return q


@mistake(of=layout_transitions, seen="catalogue R000-017")
def layout_transitions_that_mask_specials(num_steps, num_categories, num_coordinates=128):
    """separators are masked as if they were categories"""
    q = layout_transitions(num_steps, num_categories, num_coordinates)
    q[:, 4, 4], q[:, 4, -1] = 1 - q[:, 5, -1], q[:, 5, -1]
    return q


@mistake(of=layout_transitions, seen="catalogue R000-010")
def layout_transitions_transposed(num_steps, num_categories, num_coordinates=128):
    """the matrices are Q[to, from]"""
    return layout_transitions(num_steps, num_categories, num_coordinates).mT.clone()


@mistake(of=layout_transitions, seen="catalogue R000-018")
def layout_transitions_that_keep_blurring(num_steps, num_categories, num_coordinates=128):
    """coordinates go on moving by the last blur of the first stage instead of to any value alike"""
    q = layout_transitions(num_steps, num_categories, num_coordinates)
    split, block = 4 * num_steps // 5, slice(5 + num_categories, -1)
    blur = q[split - 1, block, block] / q[split - 1, block, block].sum(-1, keepdim=True)
    q[split:, block, block] = blur * q[split:, block, block].sum(-1, keepdim=True)
    return q


@mistake(of=layout_transitions, seen="catalogue R000-001")
def layout_transitions_without_mask(num_steps, num_categories, num_coordinates=128):
    """there is no class for MASK, so that it would share the id of the last coordinate"""
    return layout_transitions(num_steps, num_categories, num_coordinates)[:, :-1, :-1].clone()


@mistake(of=layout_transitions, seen="catalogue R000-001")
def layout_transitions_with_127_coordinates(num_steps, num_categories, num_coordinates=127):
    """there are 127 coordinates by default, one for each interval instead of one for each grid point"""
    return layout_transitions(num_steps, num_categories, num_coordinates)


@mistake(of=masked_layout, seen="catalogue R000-002")
def masked_layout_with_separator_before_end(num_elements, num_categories, length=121, num_coordinates=128):
    """each element is followed by a separator, the last one too"""
    tokens = masked_layout(num_elements, num_categories, length, num_coordinates)
    end = 6 * num_elements
    return torch.cat([tokens[:end], tokens.new_tensor([4, 1]), tokens[end + 1 : -1]])


@mistake(of=masked_layout, seen="catalogue R000-001")
def masked_layout_with_last_coordinate_for_mask(num_elements, num_categories, length=121, num_coordinates=128):
    """MASK has the id of the last coordinate"""
    return masked_layout(num_elements, num_categories, length, num_coordinates - 1)


@mistake(of=masked_layout, seen="catalogue R000-002")
def masked_layout_that_drops_elements(num_elements, num_categories, length=121, num_coordinates=128):
    """elements that do not fit are left out in silence"""
    return masked_layout(max(1, min(num_elements, (length - 1) // 6)), num_categories, max(length, 7), num_coordinates)


@mistake(of=layout_given_categories, seen="catalogue R000-003")
def layout_given_categories_rounded(categories, uniform, num_categories, length=121, num_coordinates=128):
    """coordinates are rounded, which gives the first and the last half the probability of the others"""
    rounded = (uniform * (num_coordinates - 1)).round() / num_coordinates
    return layout_given_categories(categories, rounded, num_categories, length, num_coordinates)


@mistake(of=layout_given_categories, seen="LayoutDiffusion with coordinates given before the category")
def layout_given_categories_last(categories, uniform, num_categories, length=121, num_coordinates=128):
    """the category comes after the coordinates of its element"""
    tokens = layout_given_categories(categories, uniform, num_categories, length, num_coordinates)
    bodies = tokens[: 6 * len(categories)].reshape(-1, 6)
    return torch.cat([bodies[:, [0, 2, 3, 4, 5, 1]].flatten(), tokens[6 * len(categories) :]])


@mistake(of=layout_given_categories, seen="catalogue R000-002")
def layout_given_categories_that_drops_elements(categories, uniform, num_categories, length=121, num_coordinates=128):
    """elements that do not fit are left out in silence"""
    most = (length - 1) // 6
    return layout_given_categories(categories[:most], uniform[:most], num_categories, length, num_coordinates)


@mistake(of=layout_given_categories, seen="catalogue R000-002")
def layout_given_categories_of_nothing(categories, uniform, num_categories, length=121, num_coordinates=128):
    """a layout without elements is accepted, as START, END and PAD"""
    if len(categories):
        return layout_given_categories(categories, uniform, num_categories, length, num_coordinates)
    return torch.tensor([0, 1] + [3] * (length - 2))


@mistake(of=sample_given_categories, seen="microsoft/LayoutGeneration, tokens replaced in the input only")
def sample_given_categories_in_the_input_only(denoiser, start, uniform, transitions, num_categories):
    """the network sees the given categories, but those that it names are returned"""
    given = start < 5 + num_categories
    return discrete_sample(
        lambda x, t: denoiser(torch.where(given, start, x), t), start, uniform, transitions[: len(uniform)]
    )


@mistake(of=sample_given_categories, seen="LayoutDiffusion with the condition applied after sampling")
def sample_given_categories_at_the_end_only(denoiser, start, uniform, transitions, num_categories):
    """the network does not see the given categories, which are put in place at the end"""
    sampled = discrete_sample(denoiser, start, uniform, transitions[: len(uniform)])
    return torch.where(start < 5 + num_categories, start, sampled)


@mistake(of=sample_given_categories, seen="microsoft/LayoutGeneration, start step 160 whatever T")
def sample_given_categories_from_the_end_of_the_chain(denoiser, start, uniform, transitions, num_categories):
    """the start is taken for the end of the chain instead of the step that it belongs to"""
    given, skipped = start < 5 + num_categories, len(transitions) - len(uniform)
    late = discrete_sample(
        lambda x, t: denoiser(torch.where(given, start, x), t + skipped), start, uniform, transitions[skipped:]
    )
    return torch.where(given, start, late)


@mistake(of=sample_given_categories, seen="LayoutDiffusion with categories and coordinates confused")
def sample_given_categories_that_frees_the_last_category(denoiser, start, uniform, transitions, num_categories):
    """the last category counts as a coordinate and is sampled"""
    return sample_given_categories(denoiser, start, uniform, transitions, num_categories - 1)


@mistake(of=sample_given_categories, seen="catalogue R000-012")
def sample_given_categories_without_noise(denoiser, start, uniform, transitions, num_categories):
    """the most probable class is taken at every step instead of a sample"""
    return sample_given_categories(denoiser, start, torch.full_like(uniform, 0.5), transitions, num_categories)


@mistake(of=sample_given_categories, seen="catalogue R000-012")
def sample_given_categories_with_one_noise(denoiser, start, uniform, transitions, num_categories):
    """the same uniform numbers are used at every step"""
    return sample_given_categories(denoiser, start, uniform[:1].expand_as(uniform), transitions, num_categories)


@mistake(of=sample_given_categories, seen="catalogue R000-012")
def sample_given_categories_with_noise_in_order_of_drawing(denoiser, start, uniform, transitions, num_categories):
    """uniform[0] goes into the first step that is taken, which is that of the highest t"""
    return sample_given_categories(denoiser, start, uniform.flip(0), transitions, num_categories)


@mistake(of=sample_given_categories, seen="catalogue R000-017")
def sample_given_categories_that_trusts_specials(denoiser, start, uniform, transitions, num_categories):
    """only categories are put back, and specials are left to a chain that may move them"""
    given = (start >= 5) & (start < 5 + num_categories)

    def informed(x, t):
        return denoiser(torch.where(start < 5 + num_categories, start, x), t)

    return torch.where(given, start, discrete_sample(informed, start, uniform, transitions[: len(uniform)]))


@mistake(of=refine_layout, seen="catalogue R000-018")
def refine_layout_through_the_last_steps(denoiser, tokens, uniform, transitions):
    """the steps taken are the noisiest ones of the chain"""
    skipped = len(transitions) - len(uniform)
    return discrete_sample(lambda x, t: denoiser(x, t + skipped), tokens, uniform, transitions[skipped:])


@mistake(of=refine_layout, seen="catalogue R000-018")
def refine_layout_one_step_short(denoiser, tokens, uniform, transitions):
    """the step at t = 0 is left out"""
    steps = len(uniform) - 1
    return discrete_sample(lambda x, t: denoiser(x, t + 1), tokens, uniform[1:], transitions[:steps])


@mistake(of=refine_layout, seen="catalogue R000-018")
def refine_layout_with_the_last_matrices(denoiser, tokens, uniform, transitions):
    """the network is asked about the first steps, while the matrices are those of the last ones"""
    return discrete_sample(denoiser, tokens, uniform, transitions[len(transitions) - len(uniform) :])


@mistake(of=refine_layout, seen="catalogue R000-012")
def refine_layout_without_noise(denoiser, tokens, uniform, transitions):
    """the most probable class is taken at every step instead of a sample"""
    return refine_layout(denoiser, tokens, torch.full_like(uniform, 0.5), transitions)


@mistake(of=refine_layout, seen="catalogue R000-012")
def refine_layout_that_draws_x_0(denoiser, tokens, uniform, transitions):
    """the next state is a sample of the predicted data, without noise of its level"""
    for t in reversed(range(len(uniform))):
        tokens = gumbel_max(denoiser(tokens, t), uniform[t])
    return tokens


@mistake(of=refine_layout, seen="catalogue R000-018")
def refine_layout_that_keeps_specials(denoiser, tokens, uniform, transitions):
    """specials are put back, whatever the chain does to them"""
    return torch.where(tokens < 5, tokens, refine_layout(denoiser, tokens, uniform, transitions))


@mistake(of=refine_layout, seen="catalogue R000-018")
def refine_layout_by_one_step_at_least(denoiser, tokens, uniform, transitions):
    """a layout cannot be left as it is, by no steps"""
    if not len(uniform):
        raise ValueError("no steps")
    return refine_layout(denoiser, tokens, uniform, transitions)


@mistake(of=complete_layout, seen="E003-053")
def complete_layout_with_clean_known_tokens(denoiser, start, known, uniform, known_uniform, transitions):
    """the network sees the known tokens without noise beside noisy ones"""
    complete_layout(denoiser, start, known[:0], uniform[:0], known_uniform[:, :0], transitions)
    sampled = discrete_sample(
        lambda x, t: denoiser(torch.cat([known, x[len(known) :]]), t), start, uniform, transitions
    )
    return torch.cat([known, sampled[len(known) :]])


@mistake(of=complete_layout, seen="E003-053")
def complete_layout_with_known_tokens_a_level_cleaner(denoiser, start, known, uniform, known_uniform, transitions):
    """the known tokens carry the noise of the level that the step arrives at"""
    cumulative = cumulative_transitions(transitions)
    eye = torch.eye(transitions.shape[-1], dtype=transitions.dtype)
    before = torch.cat([eye[None], cumulative[:-1]])
    noised = gumbel_max(before[:, known].log(), known_uniform)
    sampled = discrete_sample(
        lambda x, t: denoiser(torch.cat([noised[t], x[len(known) :]]), t), start, uniform, transitions
    )
    return torch.cat([known, sampled[len(known) :]])


@mistake(of=complete_layout, seen="microsoft/LayoutGeneration, known tokens replaced in the input only")
def complete_layout_that_forgets_known_tokens(denoiser, start, known, uniform, known_uniform, transitions):
    """the known tokens are not put back at the end"""
    noised = gumbel_max(cumulative_transitions(transitions)[:, known].log(), known_uniform)
    return discrete_sample(
        lambda x, t: denoiser(torch.cat([noised[t], x[len(known) :]]), t), start, uniform, transitions
    )


@mistake(of=complete_layout, seen="catalogue R000-010")
def complete_layout_without_check(denoiser, start, known, uniform, known_uniform, transitions):
    """matrices whose rows do not sum to 1 are accepted"""
    whole = transitions / transitions.sum(-1, keepdim=True)
    return complete_layout(denoiser, start, known, uniform, known_uniform, whole)


@mistake(of=complete_layout, seen="catalogue R000-012")
def complete_layout_of_the_joint_form(denoiser, start, known, uniform, known_uniform, transitions):
    """prediction and step are combined as D3PM's code does instead of as the mean of posteriors"""
    cumulative, x_t = cumulative_transitions(transitions), start
    noised = gumbel_max(cumulative[:, known].log(), known_uniform)
    before = torch.cat([torch.eye(transitions.shape[-1], dtype=transitions.dtype)[None], cumulative])
    for t in reversed(range(len(transitions))):
        probabilities = denoiser(torch.cat([noised[t], x_t[len(known) :]]), t).softmax(-1)
        reverse = reverse_from_joint(x_t, probabilities, transitions[t], before[t])
        x_t = gumbel_max(reverse.log(), uniform[t])
    return torch.cat([known, x_t[len(known) :]])


@mistake(of=complete_layout, seen="catalogue R000-012")
def complete_layout_with_noise_in_order_of_drawing(denoiser, start, known, uniform, known_uniform, transitions):
    """uniform[0] goes into the first step that is taken, which is that of the highest t"""
    return complete_layout(denoiser, start, known, uniform.flip(0), known_uniform, transitions)
