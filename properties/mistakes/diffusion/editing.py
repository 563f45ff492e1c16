"""Wrong variants of `reference.diffusion.editing`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.editing import (
    InpaintingNoise,
    image_to_image,
    inpaint,
    inpainting_blend,
    strength_timesteps,
    textual_inversion_gradient,
    textual_inversion_step,
)
from reference.diffusion.forward import q_between, q_sample
from reference.diffusion.posteriors import gaussian_posterior
from reference.diffusion.respacing import step_levels
from reference.diffusion.samplers import ddim_sample


def _first(timesteps, count):
    return tuple(sorted(timesteps)[:count])


@mistake(of=strength_timesteps, seen="huggingface/diffusers#1653")
def strength_timesteps_from_a_product_of_floats(timesteps, strength):
    """the product strength n is cut off, which loses a step where it falls short of a whole number"""
    strength_timesteps(timesteps, strength)
    return _first(timesteps, int(strength * len(timesteps)))


@mistake(of=strength_timesteps, seen="black-forest-labs/flux#36")
def strength_timesteps_that_floors_the_steps_left_out(timesteps, strength):
    """floor((1 - strength) n) steps are left out, so that one step too many is run"""
    strength_timesteps(timesteps, strength)
    return _first(timesteps, len(timesteps) - int((1 - strength) * len(timesteps)))


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_rounded(timesteps, strength):
    """the number of steps is rounded to the nearest instead of down"""
    strength_timesteps(timesteps, strength)
    return _first(timesteps, round(strength * len(timesteps) + 0.001))


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_off_by_one(timesteps, strength):
    """one step fewer is run than the strength says"""
    return strength_timesteps(timesteps, strength)[:-1]


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_at_the_noisy_end(timesteps, strength):
    """the noisiest timesteps are kept instead of the cleanest"""
    count = len(strength_timesteps(timesteps, strength))
    return tuple(sorted(timesteps)[len(timesteps) - count :])


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_inverted(timesteps, strength):
    """strength 0 changes most and strength 1 nothing"""
    return strength_timesteps(timesteps, 1 - strength)


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_in_the_given_order(timesteps, strength):
    """the first timesteps of the list are kept, though samplers list them from the last down"""
    return tuple(timesteps[: len(strength_timesteps(timesteps, strength))])


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_of_one_at_least(timesteps, strength):
    """one step is run even at strength 0"""
    return strength_timesteps(timesteps, strength) or _first(timesteps, 1)


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_without_check(timesteps, strength):
    """a strength outside [0, 1] is moved to the nearest end"""
    return strength_timesteps(timesteps, min(max(strength, 0.0), 1.0))


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_with_coarse_tolerance(timesteps, strength):
    """a thousandth of a step is forgiven, which takes a strength of 0.2999 for three steps of ten"""
    strength_timesteps(timesteps, strength)
    return _first(timesteps, int(strength * len(timesteps) + 1e-3))


@mistake(of=strength_timesteps, seen="catalogue R003-152")
def strength_timesteps_with_slack(timesteps, strength):
    """a strength that falls short of a whole share by less than 1e-6 takes it all the same"""
    strength_timesteps(timesteps, strength)
    return _first(timesteps, int(strength * len(timesteps) + 1e-6))


@variant(of=strength_timesteps, seen="arXiv:2108.01073, section 3")
def strength_timesteps_with_tolerance(timesteps, strength):
    """floor(strength n) of a product rounded to nine decimals keeps the same steps"""
    strength_timesteps(timesteps, strength)
    return _first(timesteps, math.floor(round(strength * len(timesteps), 9)))


def _edit(denoiser, x_0, noise, alpha_bar, timesteps, strength, start_at=-1, steps=slice(None), eta=0.0):
    """Image-to-image with the start at another kept timestep, fewer steps, or stochastic ones."""
    kept = strength_timesteps(timesteps, strength)
    if not kept[steps]:
        return x_0.clone()
    start = step_levels(alpha_bar, kept).alpha_bar_t[max(start_at, -len(kept))]
    x_t = q_sample(x_0, noise, start.reshape([1] * x_0.ndim))
    return ddim_sample(denoiser, x_t, noise.expand(len(kept[steps]), *noise.shape), alpha_bar, kept[steps], eta)


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_noised_one_level_too_little(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """the image is noised to the timestep below the one at which denoising begins"""
    return _edit(denoiser, x_0, noise, alpha_bar, timesteps, strength, start_at=-2)


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_that_skips_the_first_step(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """denoising begins one timestep below the level to which the image was noised"""
    return _edit(denoiser, x_0, noise, alpha_bar, timesteps, strength, steps=slice(-1))


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_that_stops_early(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """the step to the clean level starts at the second timestep instead of the first"""
    return _edit(denoiser, x_0, noise, alpha_bar, timesteps, strength, steps=slice(1, None))


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_with_stochastic_steps(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """the steps add noise of their own, as with eta = 1"""
    return _edit(denoiser, x_0, noise, alpha_bar, timesteps, strength, eta=1.0)


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_of_full_strength(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """the whole chain is run, whatever the strength"""
    strength_timesteps(timesteps, strength)
    return image_to_image(denoiser, x_0, noise, alpha_bar, timesteps, 1.0)


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_without_noise(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """the image is scaled down but no noise is added to it"""
    return image_to_image(denoiser, x_0, 0 * noise, alpha_bar, timesteps, strength)


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_of_unscaled_input(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """noise is added to the image without scaling the image down"""
    kept = strength_timesteps(timesteps, strength)
    if not kept:
        return x_0.clone()
    scaled = x_0 / step_levels(alpha_bar, kept).alpha_bar_t[-1].clamp(min=1e-3).sqrt()
    return image_to_image(denoiser, scaled, noise, alpha_bar, timesteps, strength)


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_without_check(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """a strength outside [0, 1] is moved to the nearest end"""
    return image_to_image(denoiser, x_0, noise, alpha_bar, timesteps, min(max(strength, 0.0), 1.0))


@mistake(of=image_to_image, seen="catalogue R003-152")
def image_to_image_from_a_product_of_floats(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    """the product strength n is cut off, which loses a step where it falls short of a whole number"""
    strength_timesteps(timesteps, strength)
    kept = _first(timesteps, int(strength * len(timesteps)))
    return image_to_image(denoiser, x_0, noise, alpha_bar, kept, 1.0) if kept else x_0.clone()


@mistake(of=inpainting_blend, seen="catalogue R003-156")
def inpainting_blend_with_inverted_mask(x_s, x_0, noise, alpha_bar_s, known):
    """the mask is taken to mark the part to be made instead of the part to be kept"""
    return inpainting_blend(x_s, x_0, noise, alpha_bar_s, ~known)


@mistake(of=inpainting_blend, seen="huggingface/diffusers#10185")
def inpainting_blend_with_variance_for_scale(x_s, x_0, noise, alpha_bar_s, known):
    """the noise of the known part is scaled by 1 - alpha_bar_s instead of its root, as algorithm 1 prints it"""
    return inpainting_blend(x_s, x_0, (1 - alpha_bar_s).sqrt() * noise, alpha_bar_s, known)


@mistake(of=inpainting_blend, seen="catalogue R003-156")
def inpainting_blend_with_clean_image(x_s, x_0, noise, alpha_bar_s, known):
    """the known part is put in without noise, while the rest is at level s"""
    return inpainting_blend(x_s, x_0, noise, torch.ones_like(alpha_bar_s), known)


@mistake(of=inpainting_blend, seen="catalogue R003-156")
def inpainting_blend_without_noise(x_s, x_0, noise, alpha_bar_s, known):
    """the known part is scaled down but gets no noise"""
    return inpainting_blend(x_s, x_0, 0 * noise, alpha_bar_s, known)


@mistake(of=inpainting_blend, seen="catalogue R003-156")
def inpainting_blend_without_root_of_signal(x_s, x_0, noise, alpha_bar_s, known):
    """the image is scaled by alpha_bar_s instead of its root"""
    return inpainting_blend(x_s, alpha_bar_s.sqrt() * x_0, noise, alpha_bar_s, known)


@mistake(of=inpainting_blend, seen="catalogue R003-156")
def inpainting_blend_that_keeps_the_sample(x_s, x_0, noise, alpha_bar_s, known):
    """the known part is averaged with the sample instead of replacing it"""
    return (inpainting_blend(x_s, x_0, noise, alpha_bar_s, known) + x_s) / 2


@mistake(of=inpainting_blend, seen="catalogue R003-156")
def inpainting_blend_with_levels_in_a_column(x_s, x_0, noise, alpha_bar_s, known):
    """the levels are brought into one column, which fits rows of features but no images"""
    return inpainting_blend(x_s, x_0, noise, alpha_bar_s.reshape(-1, 1), known)


@variant(of=inpainting_blend, seen="andreas128/RePaint")
def inpainting_blend_by_multiplication(x_s, x_0, noise, alpha_bar_s, known):
    """a mask of numbers 0 and 1 that multiplies gives the same for finite samples"""
    kept = known.to(x_s.dtype)
    return kept * q_sample(x_0, noise, alpha_bar_s) + (1 - kept) * x_s


def _repaint(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples, **changed):
    """Inpainting in which one of its decisions can be changed."""
    inpaint(lambda x_t, t: 0 * x_t, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples)
    kept, levels = sorted(timesteps), step_levels(alpha_bar, timesteps)
    decisions = {
        "known_level": lambda level_t, level_s: level_s,
        "visits": lambda i: num_resamples,
        "goes_up": lambda i, u: u < num_resamples - 1 and i > 0,
        "up": q_between,
        "scale": torch.sqrt,
        "again": lambda x_t, x_s: x_t,
        "blends": lambda i: True,
    } | changed
    x_t, one = x_T, [1] * x_T.ndim
    for i in reversed(range(len(kept))):
        level_t, level_s = levels.alpha_bar_t[i].reshape(one), levels.alpha_bar_s[i].reshape(one)
        for u in range(decisions["visits"](i)):
            mean, variance = gaussian_posterior(x_t, denoiser(x_t, kept[i]), level_t, level_s)
            x_s = mean + decisions["scale"](variance) * noise.reverse[i, u]
            if decisions["blends"](i):
                level = decisions["known_level"](level_t, level_s)
                x_s = inpainting_blend(x_s, x_0, noise.known[i, u], level, known)
            following = noise.jump[i, (u + 1) % num_resamples]
            goes_up = decisions["goes_up"](i, u)
            x_t = decisions["up"](x_s, following, level_s, level_t) if goes_up else decisions["again"](x_t, x_s)
        x_t = x_t if goes_up else x_s
    return x_t


@mistake(of=inpaint, seen="E003-053, huggingface/diffusers#1582")
def inpaint_with_known_part_at_level_t(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the known part of x_s is noised to level t, the one above, except at the end"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples),
        known_level=lambda level_t, level_s: torch.where(level_s == 1, level_s, level_t),
    )


@mistake(of=inpaint, seen="lucidrains/denoising-diffusion-pytorch#322")
def inpaint_that_ends_with_noise(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the known part of the result is at the first level of noise, not x_0"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples),
        known_level=lambda level_t, level_s: torch.where(level_s == 1, level_t, level_s),
    )


@mistake(of=inpaint, seen="lucidrains/denoising-diffusion-pytorch#322")
def inpaint_with_generated_end(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the last step is not blended, so that the known part of the result is the model's"""
    return _repaint(*(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), blends=lambda i: i > 0)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_blended_at_the_end_only(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the model never sees the known part: it is pasted into the finished sample"""
    return _repaint(*(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), blends=lambda i: i == 0)


@mistake(of=inpaint, seen="lucidrains/denoising-diffusion-pytorch#319")
def inpaint_resampled_after_the_chain(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the repeated visits come all at the last timestep, after the chain has run once"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples),
        visits=lambda i: num_resamples if i == 0 else 1,
        goes_up=lambda i, u: False,
    )


@mistake(of=inpaint, seen="lucidrains/imagen-pytorch commit fac59d7")
def inpaint_with_last_step_test_at_the_wrong_end(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the noisiest timestep is taken for the last, so that it is not noised again and the cleanest is"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples),
        goes_up=lambda i, u: u < num_resamples - 1 and i < len(timesteps) - 1,
    )


@mistake(of=inpaint, seen="lucidrains/imagen-pytorch commit fac59d7")
def inpaint_noised_after_every_visit(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the last visit to a timestep is followed by a step back up too"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), goes_up=lambda i, u: i > 0
    )


@mistake(of=inpaint, seen="lucidrains/imagen-pytorch commit fac59d7")
def inpaint_that_denoises_its_own_result(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """repeated visits to the last timestep start from the clean result as if it were noisy"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), again=lambda x_t, x_s: x_s
    )


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_without_resampling(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """every timestep is visited once, whatever num_resamples says"""
    return _repaint(*(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), visits=lambda i: 1)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_resampled_once_too_often(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """U is taken for the number of repetitions, so that a timestep is visited U + 1 times"""
    more = InpaintingNoise(*(torch.cat([kind, kind[:, :1]], 1) for kind in noise))
    inpaint(lambda x_t, t: 0 * x_t, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples)
    return inpaint(denoiser, x_T, x_0, known, more, alpha_bar, timesteps, num_resamples + 1)


@mistake(of=inpaint, seen="lucidrains/denoising-diffusion-pytorch#290")
def inpaint_with_deviations_added(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the step back up adds standard deviations where variances add"""

    def up(x_s, noise, level_s, level_t):
        ratio = (level_t / level_s).sqrt()
        return ratio * x_s + ((1 - level_t).sqrt() - (1 - level_s).sqrt() * ratio) * noise

    return _repaint(*(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), up=up)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_that_goes_up_from_clean(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the step back up treats x_s as clean data and scales it down by sqrt(alpha_bar_t)"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples),
        up=lambda x_s, noise, level_s, level_t: q_sample(x_s, noise, level_t),
    )


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_scaled_by_variance(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the noise of the step down is scaled by the variance instead of the standard deviation"""
    return _repaint(
        *(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples), scale=lambda variance: variance
    )


@mistake(of=inpaint, seen="huggingface/diffusers#974")
def inpaint_with_one_noise_for_both_parts(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the noise of the step down is used again for the known part"""
    shared = noise._replace(known=noise.reverse)
    return inpaint(denoiser, x_T, x_0, known, shared, alpha_bar, timesteps, num_resamples)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_with_one_noise_for_all_visits(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """every visit to a timestep takes the same noise, so that nothing is sampled anew"""
    same = InpaintingNoise(*(kind[:, :1].expand_as(kind).clone() for kind in noise))
    return inpaint(denoiser, x_T, x_0, known, same, alpha_bar, timesteps, num_resamples)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_with_inverted_mask(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the mask is taken to mark the part to be made instead of the part to be kept"""
    return inpaint(denoiser, x_T, x_0, ~known, noise, alpha_bar, timesteps, num_resamples)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_with_position_for_timestep(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """the denoiser is told the position in the shortened chain instead of the timestep"""
    return inpaint(
        lambda x_t, t: denoiser(x_t, sorted(timesteps).index(t)),
        *(x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples),
    )


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_without_check(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """noise of another shape, or fewer visits than one, are accepted"""
    visits = max(num_resamples, 1)
    shape = (len(timesteps), visits, *x_T.shape)
    fitting = InpaintingNoise(*(kind if kind.shape == shape else kind.new_zeros(shape) for kind in noise))
    return inpaint(denoiser, x_T, x_0, known, fitting, alpha_bar, timesteps, visits)


@mistake(of=inpaint, seen="catalogue R003-156")
def inpaint_that_does_not_count_noise_of_jumps(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    """noise of jumps for more visits than there are is accepted"""
    noise = noise._replace(jump=noise.jump[:, : noise.reverse.shape[1]])
    return inpaint(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples)


@mistake(of=textual_inversion_gradient, seen="E003-054, huggingface/diffusers#507")
def textual_inversion_gradient_of_every_word(loss, embeddings, token):
    """all words of the prompt get their gradient, not the new one alone"""
    textual_inversion_gradient(loss, embeddings, token)
    return torch.func.grad(loss)(embeddings)


@mistake(of=textual_inversion_gradient, seen="E003-054")
def textual_inversion_gradient_through_a_copy(loss, embeddings, token):
    """the loss is taken of a copy without gradient, so that the new embedding never moves"""
    return 0 * textual_inversion_gradient(loss, embeddings, token)


@mistake(of=textual_inversion_gradient, seen="catalogue R003-157")
def textual_inversion_gradient_of_the_other_words(loss, embeddings, token):
    """the mask is inverted: the new word is frozen and the old ones are trained"""
    return torch.func.grad(loss)(embeddings) - textual_inversion_gradient(loss, embeddings, token)


@mistake(of=textual_inversion_gradient, seen="catalogue R003-157")
def textual_inversion_gradient_that_counts_from_the_end(loss, embeddings, token):
    """a token outside the table is counted from its end or ignored"""
    gradient = torch.func.grad(loss)(embeddings)
    word = torch.arange(len(embeddings))[:, None]
    return torch.where(word == token % len(embeddings), gradient, 0)


@mistake(of=textual_inversion_gradient, seen="catalogue R003-157")
def textual_inversion_gradient_multiplied_by_mask(loss, embeddings, token):
    """gradients of other words are multiplied by 0, which leaves NaN as it is"""
    textual_inversion_gradient(loss, embeddings, token)
    return torch.func.grad(loss)(embeddings) * (torch.arange(len(embeddings))[:, None] == token)


@mistake(of=textual_inversion_step, seen="huggingface/diffusers#1009")
def textual_inversion_step_with_decay_of_every_word(embeddings, gradient, token, learning_rate, weight_decay=0.0):
    """rows without gradient are shrunk by weight decay, until the old words are 0"""
    stepped = textual_inversion_step(embeddings, gradient, token, learning_rate, weight_decay)
    frozen = torch.arange(len(embeddings))[:, None] != token
    return torch.where(frozen, embeddings - learning_rate * weight_decay * embeddings, stepped)


@mistake(of=textual_inversion_step, seen="huggingface/diffusers#507")
def textual_inversion_step_of_every_word(embeddings, gradient, token, learning_rate, weight_decay=0.0):
    """all words move, not the new one alone"""
    textual_inversion_step(embeddings, gradient, token, learning_rate, weight_decay)
    return embeddings - learning_rate * (gradient + weight_decay * embeddings)


@mistake(of=textual_inversion_step, seen="catalogue R003-157")
def textual_inversion_step_uphill(embeddings, gradient, token, learning_rate, weight_decay=0.0):
    """the step follows the gradient upwards"""
    return textual_inversion_step(embeddings, -gradient, token, learning_rate, weight_decay)


@mistake(of=textual_inversion_step, seen="catalogue R003-157")
def textual_inversion_step_with_growth(embeddings, gradient, token, learning_rate, weight_decay=0.0):
    """weight decay makes the row grow"""
    decayed = gradient - 2 * weight_decay * embeddings
    return textual_inversion_step(embeddings, decayed, token, learning_rate, weight_decay)


@mistake(of=textual_inversion_step, seen="catalogue R003-157")
def textual_inversion_step_with_decay_apart_from_rate(embeddings, gradient, token, learning_rate, weight_decay=0.0):
    """weight decay is not multiplied by the learning rate"""
    shrunk = textual_inversion_step(embeddings, embeddings, token, weight_decay)
    return textual_inversion_step(shrunk, gradient, token, learning_rate)


@mistake(of=textual_inversion_step, seen="huggingface/diffusers#1176")
def textual_inversion_step_with_default_decay(embeddings, gradient, token, learning_rate, weight_decay=0.01):
    """weight decay is 0.01 unless told otherwise, as in AdamW"""
    return textual_inversion_step(embeddings, gradient, token, learning_rate, weight_decay)


@mistake(of=textual_inversion_step, seen="catalogue R003-157")
def textual_inversion_step_without_check(embeddings, gradient, token, learning_rate, weight_decay=0.0):
    """any learning rate, decay and token are accepted"""
    stepped = embeddings - learning_rate * (gradient + weight_decay * embeddings)
    return torch.where(torch.arange(len(embeddings))[:, None] == token, stepped, embeddings)
