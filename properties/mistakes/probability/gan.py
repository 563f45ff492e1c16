"""Wrong variants of `reference.probability.gan`."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from properties.mistakes import mistake, variant
from reference.probability.gan import (
    GanParameters,
    discriminator_loss,
    gan_training_round,
    gan_value,
    generator_loss_non_saturating,
    generator_loss_saturating,
    optimal_discriminator,
)
from reference.probability.information import cross_entropy


@mistake(of=gan_value, seen="catalogue R003-116")
def gan_value_with_sign_of_loss(p_data, p_generator, discriminator):
    """the cross-entropy that the discriminator lowers is returned, which is -V"""
    return -gan_value(p_data, p_generator, discriminator)


@mistake(of=gan_value, seen="E003-039")
def gan_value_with_generated_samples_real(p_data, p_generator, discriminator):
    """log D is taken of generated samples and log(1 - D) of the data"""
    return gan_value(p_generator, p_data, discriminator)


@mistake(of=gan_value, seen="catalogue R003-119")
def gan_value_with_logarithm_of_fakes(p_data, p_generator, discriminator):
    """the second term is -E log D, which the generator's other loss has"""
    return cross_entropy(p_generator, discriminator) - cross_entropy(p_data, discriminator)


@mistake(of=gan_value, seen="catalogue R003-116")
def gan_value_averaged(p_data, p_generator, discriminator):
    """the mean of both terms is taken instead of their sum, so that D = 1/2 gives -log 2"""
    return gan_value(p_data, p_generator, discriminator) / 2


@mistake(of=gan_value, seen="catalogue R003-116")
def gan_value_with_logarithm_of_zero(p_data, p_generator, discriminator):
    """an outcome that does not occur and has D = 0 or 1 gives 0 log 0 = NaN"""
    return (p_data * discriminator.log() + p_generator * (1 - discriminator).log()).sum(-1)


@mistake(of=gan_value, seen="catalogue R003-116")
def gan_value_with_epsilon(p_data, p_generator, discriminator):
    """1e-8 is added inside the logarithms, which makes finite what is infinite"""
    terms = p_data * (discriminator + 1e-8).log() + p_generator * (1 - discriminator + 1e-8).log()
    return terms.sum(-1)


@mistake(of=optimal_discriminator, seen="catalogue R003-117")
def optimal_discriminator_halved(p_data, p_generator):
    """p_data is divided by the mean of both, twice as much"""
    return 2 * optimal_discriminator(p_data, p_generator)


@mistake(of=optimal_discriminator, seen="catalogue R003-117")
def optimal_discriminator_of_generated_samples(p_data, p_generator):
    """the probability of being generated is returned"""
    return optimal_discriminator(p_generator, p_data)


@mistake(of=optimal_discriminator, seen="catalogue R003-117")
def optimal_discriminator_undefined_outside_supports(p_data, p_generator):
    """outcomes that neither has give 0 / 0 = NaN"""
    return p_data / (p_data + p_generator)


@mistake(of=optimal_discriminator, seen="catalogue R003-117")
def optimal_discriminator_that_never_errs(p_data, p_generator):
    """the likelier source gets all, as a classifier decides"""
    return torch.where(p_data == p_generator, 0.5, (p_data > p_generator).to(p_data.dtype)) + 0 * p_data


@mistake(of=optimal_discriminator, seen="catalogue R003-117")
def optimal_discriminator_with_epsilon(p_data, p_generator):
    """1e-8 in the denominator makes D = 0, not 1/2, of outcomes that neither has, and moves all others"""
    return p_data / (p_data + p_generator + 1e-8)


@mistake(of=optimal_discriminator, seen="catalogue R003-117")
def optimal_discriminator_of_squares(p_data, p_generator):
    """the odds are the square of the density ratio, as if the classes came with the ratio as prior"""
    return optimal_discriminator(p_data**2, p_generator**2)


@mistake(of=discriminator_loss, seen="catalogue R003-117")
def discriminator_loss_over_one_batch(real_logits, fake_logits):
    """the mean goes over all samples, so that the larger batch counts more, and the sum is lost"""
    discriminator_loss(real_logits, fake_logits)
    return softplus(torch.cat([-real_logits.flatten(), fake_logits.flatten()])).mean()


@mistake(of=discriminator_loss, seen="catalogue R003-116")
def discriminator_loss_averaged(real_logits, fake_logits):
    """half of the sum is returned"""
    return discriminator_loss(real_logits, fake_logits) / 2


@mistake(of=discriminator_loss, seen="catalogue R003-116")
def discriminator_loss_with_swapped_labels(real_logits, fake_logits):
    """real samples are labelled 0 and generated ones 1"""
    return discriminator_loss(-real_logits, -fake_logits)


@mistake(of=discriminator_loss, seen="catalogue R003-116")
def discriminator_loss_of_value(real_logits, fake_logits):
    """the value itself is returned, which descent would lower although the discriminator raises it"""
    return -discriminator_loss(real_logits, fake_logits)


@mistake(of=discriminator_loss, seen="catalogue R003-116")
def discriminator_loss_summed(real_logits, fake_logits):
    """the terms are added up over each batch instead of averaged"""
    real, fake = real_logits.numel(), fake_logits.numel()
    discriminator_loss(real_logits, fake_logits)
    return -torch.nn.functional.logsigmoid(real_logits).mean() * real + softplus(fake_logits).mean() * fake


@mistake(of=discriminator_loss, seen="catalogue R003-116")
def discriminator_loss_of_probabilities(real_logits, fake_logits):
    """the logarithm of a rounded D is taken, which is -inf for a logit of 1024"""
    discriminator_loss(real_logits, fake_logits)
    return -real_logits.sigmoid().log().mean() - (1 - fake_logits.sigmoid()).log().mean()


@mistake(of=discriminator_loss, seen="catalogue R003-116")
def discriminator_loss_of_empty_batches(real_logits, fake_logits):
    """a batch without samples counts as 0"""
    parts = [part.nan_to_num() for part in (softplus(-real_logits).mean(), softplus(fake_logits).mean())]
    return parts[0] + parts[1]


@variant(of=discriminator_loss, seen="torch.nn.BCEWithLogitsLoss")
def discriminator_loss_by_binary_cross_entropy(real_logits, fake_logits):
    """the binary cross-entropies with labels 1 and 0 are the same two means"""
    discriminator_loss(real_logits, fake_logits)
    real = binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    return real + binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


@mistake(of=generator_loss_saturating, seen="catalogue R003-119")
def generator_loss_saturating_with_wrong_sign(logits):
    """-log(1 - D) is lowered, so that the generator helps the discriminator"""
    return -generator_loss_saturating(logits)


@mistake(of=generator_loss_saturating, seen="E003-039")
def generator_loss_saturating_of_passing(logits):
    """log D is lowered, as if 1 - D were the probability of being real"""
    return generator_loss_saturating(-logits)


@mistake(of=generator_loss_saturating, seen="catalogue R003-119")
def generator_loss_saturating_of_probabilities(logits):
    """the logarithm of a rounded 1 - D is taken, which is -inf from a logit of 37 on"""
    generator_loss_saturating(logits)
    return (1 - logits.sigmoid()).log().mean()


@mistake(of=generator_loss_saturating, seen="torch.nn.functional.softplus")
def generator_loss_saturating_with_threshold(logits):
    """softplus returns logits above its threshold of 20 as they are, which is off by up to 2e-9"""
    generator_loss_saturating(logits)
    return -softplus(logits).mean()


@mistake(of=generator_loss_saturating, seen="catalogue R003-119")
def generator_loss_saturating_summed(logits):
    """the sum is taken over the samples instead of the mean"""
    return generator_loss_saturating(logits) * logits.numel()


@mistake(of=generator_loss_saturating, seen="catalogue R003-119")
def generator_loss_saturating_of_nothing(logits):
    """a batch without samples gets a loss of NaN"""
    return torch.nn.functional.logsigmoid(-logits).mean()


@mistake(of=generator_loss_non_saturating, seen="catalogue R003-119")
def generator_loss_non_saturating_by_maximising_the_other(logits):
    """-log(1 - D) takes the place of -log D, which grows with D"""
    return -generator_loss_saturating(logits)


@mistake(of=generator_loss_non_saturating, seen="catalogue R003-119")
def generator_loss_non_saturating_that_saturates(logits):
    """the loss of the minimax game is returned, whose slope vanishes at D = 0"""
    return generator_loss_saturating(logits)


@mistake(of=generator_loss_non_saturating, seen="catalogue R003-119")
def generator_loss_non_saturating_with_wrong_sign(logits):
    """log D is returned, which descent lowers"""
    return -generator_loss_non_saturating(logits)


@mistake(of=generator_loss_non_saturating, seen="catalogue R003-119")
def generator_loss_non_saturating_with_epsilon(logits):
    """1e-8 is added to D, which bounds the loss and takes its slope away"""
    generator_loss_non_saturating(logits)
    return -(logits.sigmoid() + 1e-8).log().mean()


@mistake(of=generator_loss_non_saturating, seen="catalogue R003-119")
def generator_loss_non_saturating_summed(logits):
    """the sum is taken over the samples instead of the mean"""
    return generator_loss_non_saturating(logits) * logits.numel()


def _round(discriminate, generate, parameters, real, noise, learning_rate, **changes):
    """A round in which `changes` replace what belongs there."""
    d, g = parameters
    loss_of_d = changes.get("loss_of_d", discriminator_loss)
    loss_of_g = changes.get("loss_of_g", generator_loss_non_saturating)
    fakes = changes.get("fakes", noise)
    for x, z in zip(real, fakes[: len(real)], strict=True):
        d = d - learning_rate * torch.func.grad(
            lambda d, x, z: loss_of_d(discriminate(d, x), discriminate(d, generate(g, z)))
        )(d, x, z)
    judge = parameters.discriminator if changes.get("at_once") else d
    rate = changes.get("rate_of_g", learning_rate)
    step = torch.func.grad(lambda g: loss_of_g(discriminate(judge, generate(g, fakes[-1]))))(g)
    return GanParameters(d, g - rate * step)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_at_once(discriminate, generate, parameters, real, noise, learning_rate):
    """the generator descends against the discriminator from before the round"""
    gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    return _round(discriminate, generate, parameters, real, noise, learning_rate, at_once=True)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_with_one_noise(discriminate, generate, parameters, real, noise, learning_rate):
    """every step sees the same generated samples"""
    return gan_training_round(discriminate, generate, parameters, real, noise[:1].expand_as(noise), learning_rate)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_that_climbs_with_generator(discriminate, generate, parameters, real, noise, learning_rate):
    """the generator climbs its loss, away from what the discriminator takes for real"""
    d, g = gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    return GanParameters(d, 2 * parameters.generator - g)


@mistake(of=gan_training_round, seen="catalogue R003-119")
def gan_training_round_with_saturating_loss(discriminate, generate, parameters, real, noise, learning_rate):
    """the generator lowers log(1 - D) instead of -log D"""
    gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    changed = {"loss_of_g": generator_loss_saturating}
    return _round(discriminate, generate, parameters, real, noise, learning_rate, **changed)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_with_mean_of_batches(discriminate, generate, parameters, real, noise, learning_rate):
    """the discriminator gets half of its loss"""
    gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    changed = {"loss_of_d": lambda real, fake: discriminator_loss(real, fake) / 2}
    return _round(discriminate, generate, parameters, real, noise, learning_rate, **changed)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_with_one_step(discriminate, generate, parameters, real, noise, learning_rate):
    """the discriminator makes one step whatever the number of batches"""
    return gan_training_round(
        discriminate, generate, parameters, real[-1:], noise[-1 - len(real[-1:]) :], learning_rate
    )


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_with_generator_in_every_step(discriminate, generate, parameters, real, noise, learning_rate):
    """the generator moves after every step of the discriminator instead of once"""
    parameters = gan_training_round(
        discriminate, generate, parameters, real[:1], noise[: 1 + len(real[:1])], learning_rate
    )
    for i in range(1, len(real)):
        parameters = gan_training_round(
            discriminate, generate, parameters, real[i : i + 1], noise[i : i + 2], learning_rate
        )
    return parameters


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_without_detached_fakes(discriminate, generate, parameters, real, noise, learning_rate):
    """the gradients that the discriminator's steps leave in the generator are added to its own"""
    d, g = gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    current = parameters.discriminator
    for x, z in zip(real, noise[:-1], strict=True):
        both = torch.func.grad(
            lambda d, g, x, z: discriminator_loss(discriminate(d, x), discriminate(d, generate(g, z))), (0, 1)
        )(current, parameters.generator, x, z)
        current, g = current - learning_rate * both[0], g - learning_rate * both[1]
    return GanParameters(d, g)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_that_moves_discriminator_twice(discriminate, generate, parameters, real, noise, learning_rate):
    """the generator's step moves the discriminator too, which learns to let generated samples pass"""
    d, g = gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    fakes = generate(parameters.generator, noise[-1])
    step = torch.func.grad(lambda d: generator_loss_non_saturating(discriminate(d, fakes)))(d)
    return GanParameters(d - learning_rate * step, g)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_without_generator(discriminate, generate, parameters, real, noise, learning_rate):
    """the generated samples are detached in the generator's step too, so that it never moves"""
    d, _ = gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    return GanParameters(d, parameters.generator.clone())


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_with_swapped_labels(discriminate, generate, parameters, real, noise, learning_rate):
    """the discriminator takes real samples for generated ones"""
    gan_training_round(discriminate, generate, parameters, real, noise, learning_rate)
    changed = {"loss_of_d": lambda real, fake: discriminator_loss(-real, -fake)}
    return _round(discriminate, generate, parameters, real, noise, learning_rate, **changed)


@mistake(of=gan_training_round, seen="catalogue R003-120")
def gan_training_round_without_check(discriminate, generate, parameters, real, noise, learning_rate):
    """a negative rate makes both players climb their losses"""
    return _round(discriminate, generate, parameters, real, noise, learning_rate)
