"""Wrong variants of `reference.diffusion.parameterizations`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.parameterizations import (
    clipped_prediction,
    epsilon_from_score,
    epsilon_from_v,
    epsilon_from_x_0,
    min_snr_weight_epsilon,
    min_snr_weight_v,
    min_snr_weight_x_0,
    score_from_epsilon,
    score_from_v,
    score_from_x_0,
    v_from_epsilon,
    v_from_score,
    v_from_x_0,
    v_target,
    x_0_from_epsilon,
    x_0_from_score,
    x_0_from_v,
    x_0_weight_of_epsilon_loss,
    x_0_weight_of_score_loss,
    x_0_weight_of_v_loss,
)


@mistake(of=v_target, seen="catalogue R004-095")
def v_target_with_plus(x_0, epsilon, alpha_bar_t):
    """the data is added instead of subtracted"""
    return alpha_bar_t.sqrt() * epsilon + (1 - alpha_bar_t).sqrt() * x_0


@mistake(of=v_target, seen="catalogue R004-095")
def v_target_with_opposite_sign(x_0, epsilon, alpha_bar_t):
    """the velocity points from the noise to the data"""
    return -v_target(x_0, epsilon, alpha_bar_t)


@mistake(of=v_target, seen="catalogue R004-095")
def v_target_with_swapped_weights(x_0, epsilon, alpha_bar_t):
    """the noise is weighted by sqrt(1 - alpha_bar) and the data by sqrt(alpha_bar)"""
    return (1 - alpha_bar_t).sqrt() * epsilon - alpha_bar_t.sqrt() * x_0


@mistake(of=v_target, seen="catalogue R004-095")
def v_target_without_roots(x_0, epsilon, alpha_bar_t):
    """alpha_bar and 1 - alpha_bar are used without their square roots"""
    return alpha_bar_t * epsilon - (1 - alpha_bar_t) * x_0


@mistake(of=v_target, seen="Liu et al. 2022, arXiv:2209.03003")
def v_target_of_rectified_flow(x_0, epsilon, alpha_bar_t):
    """epsilon - x_0, the velocity along a straight line instead of an arc"""
    return epsilon - x_0 + 0 * alpha_bar_t


@mistake(of=v_target, seen="crowsonkb/k-diffusion commit 2ce2bb3")
def v_target_by_the_clock(x_0, epsilon, alpha_bar_t):
    """the derivative by the time 2 phi / pi that runs from 0 to 1, which is larger by pi / 2"""
    return v_target(x_0, epsilon, alpha_bar_t) * torch.pi / 2


@mistake(of=v_target, seen="catalogue R004-095")
def v_target_with_levels_in_a_column(x_0, epsilon, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return v_target(x_0, epsilon, alpha_bar_t.reshape(-1, 1))


@mistake(of=x_0_from_epsilon, seen="labmlai/annotated_deep_learning_paper_implementations#152")
def x_0_from_epsilon_scaled_by_variance(x_t, epsilon, alpha_bar_t):
    """the noise is weighted by 1 - alpha_bar instead of its square root"""
    return (x_t - (1 - alpha_bar_t) * epsilon) / alpha_bar_t.sqrt()


@mistake(of=x_0_from_epsilon, seen="catalogue R002-004")
def x_0_from_epsilon_divided_by_alpha_bar(x_t, epsilon, alpha_bar_t):
    """divided by alpha_bar instead of its square root"""
    return (x_t - (1 - alpha_bar_t).sqrt() * epsilon) / alpha_bar_t


@mistake(of=x_0_from_epsilon, seen="EDAPINENUT/GNTPP#2")
def x_0_from_epsilon_with_lost_parentheses(x_t, epsilon, alpha_bar_t):
    """the noise is divided by sqrt(1 - alpha_bar) instead of multiplied with sqrt((1 - alpha_bar) / alpha_bar)"""
    return x_t / alpha_bar_t.sqrt() - epsilon / (1 - alpha_bar_t).clamp(min=1e-12).sqrt()


@mistake(of=x_0_from_epsilon, seen="jcwang-gh/classifier-free-diffusion-guidance-Pytorch#12")
def x_0_from_epsilon_with_root_lost_in_logs(x_t, epsilon, alpha_bar_t):
    """the noise is weighted by (1 - alpha_bar) / sqrt(alpha_bar), after a half that is missing in the exponent"""
    return x_t / alpha_bar_t.sqrt() - torch.exp(torch.log1p(-alpha_bar_t) - alpha_bar_t.log() / 2) * epsilon


@mistake(of=x_0_from_epsilon, seen="catalogue R002-012")
def x_0_from_epsilon_with_added_noise(x_t, epsilon, alpha_bar_t):
    """the noise is added instead of subtracted"""
    return x_0_from_epsilon(x_t, -epsilon, alpha_bar_t)


@mistake(of=x_0_from_epsilon, seen="DSaurus/threestudio-3dgs#17")
def x_0_from_epsilon_with_levels_along_the_last_axis(x_t, epsilon, alpha_bar_t):
    """levels of the batch are broadcast along the last axis, which goes unnoticed where both have one size"""
    return x_0_from_epsilon(x_t, epsilon, alpha_bar_t.flatten())


@mistake(of=x_0_from_epsilon, seen="E002-6")
def x_0_from_epsilon_with_squeezed_prediction(x_t, epsilon, alpha_bar_t):
    """a last axis of size 1 is squeezed away from the prediction, so that samples are mixed by broadcasting"""
    return (x_t - (1 - alpha_bar_t).sqrt() * epsilon.squeeze(-1)) / alpha_bar_t.sqrt()


@mistake(of=x_0_from_epsilon, seen="catalogue R001-105")
def x_0_from_epsilon_with_floor_under_signal(x_t, epsilon, alpha_bar_t):
    """the level is kept above 1e-4, which the last of a thousand linear steps is not"""
    return (x_t - (1 - alpha_bar_t).sqrt() * epsilon) / alpha_bar_t.clamp(min=1e-4).sqrt()


@variant(of=x_0_from_epsilon, seen="openai/improved-diffusion, _predict_xstart_from_eps")
def x_0_from_epsilon_by_reciprocals(x_t, epsilon, alpha_bar_t):
    """sqrt(1 / alpha_bar) x_t - sqrt(1 / alpha_bar - 1) epsilon is the same"""
    return (1 / alpha_bar_t).sqrt() * x_t - (1 / alpha_bar_t - 1).sqrt() * epsilon


@mistake(of=x_0_from_v, seen="catalogue R004-095")
def x_0_from_v_with_plus(x_t, v, alpha_bar_t):
    """the velocity is added instead of subtracted"""
    return alpha_bar_t.sqrt() * x_t + (1 - alpha_bar_t).sqrt() * v


@mistake(of=x_0_from_v, seen="claudiom4sir/StableVSR#17")
def x_0_from_v_with_swapped_weights(x_t, v, alpha_bar_t):
    """the weights of the target v stand where those of x_0 belong"""
    return alpha_bar_t.sqrt() * v - (1 - alpha_bar_t).sqrt() * x_t


@mistake(of=x_0_from_v, seen="catalogue R001-105")
def x_0_from_v_as_from_epsilon(x_t, v, alpha_bar_t):
    """the velocity is taken for the noise"""
    return x_0_from_epsilon(x_t, v, alpha_bar_t.clamp(min=1e-8))


@mistake(of=x_0_from_v, seen="catalogue R001-105")
def x_0_from_v_with_levels_in_a_column(x_t, v, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return x_0_from_v(x_t, v, alpha_bar_t.reshape(-1, 1))


@mistake(of=x_0_from_score, seen="catalogue R001-105")
def x_0_from_score_with_standard_deviation(x_t, score, alpha_bar_t):
    """the score is weighted by the standard deviation instead of the variance"""
    return (x_t + (1 - alpha_bar_t).sqrt() * score) / alpha_bar_t.sqrt()


@mistake(of=x_0_from_score, seen="catalogue R001-105")
def x_0_from_score_with_minus(x_t, score, alpha_bar_t):
    """the score is subtracted, which leads away from the data"""
    return x_0_from_score(x_t, -score, alpha_bar_t)


@mistake(of=x_0_from_score, seen="Efron 2011 for noise added to unscaled data")
def x_0_from_score_not_rescaled(x_t, score, alpha_bar_t):
    """the denoised x_t is not divided by sqrt(alpha_bar)"""
    return x_t + (1 - alpha_bar_t) * score


@mistake(of=x_0_from_score, seen="catalogue R001-105")
def x_0_from_score_with_levels_in_a_column(x_t, score, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return x_0_from_score(x_t, score, alpha_bar_t.reshape(-1, 1))


@mistake(of=epsilon_from_x_0, seen="lucidrains/denoising-diffusion-pytorch commit 37334ae")
def epsilon_from_x_0_with_opposite_sign(x_t, x_0, alpha_bar_t):
    """x_t is subtracted from the data instead of the data from x_t"""
    return (alpha_bar_t.sqrt() * x_0 - x_t) / (1 - alpha_bar_t).sqrt()


@mistake(of=epsilon_from_x_0, seen="catalogue R002-004")
def epsilon_from_x_0_divided_by_variance(x_t, x_0, alpha_bar_t):
    """divided by the variance instead of the standard deviation"""
    return (x_t - alpha_bar_t.sqrt() * x_0) / (1 - alpha_bar_t)


@mistake(of=epsilon_from_x_0, seen="catalogue R001-111")
def epsilon_from_x_0_without_scaling_the_data(x_t, x_0, alpha_bar_t):
    """the data is subtracted as it is, not scaled by sqrt(alpha_bar)"""
    return (x_t - x_0) / (1 - alpha_bar_t).sqrt()


@mistake(of=epsilon_from_x_0, seen="catalogue R001-105")
def epsilon_from_x_0_with_levels_in_a_column(x_t, x_0, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return epsilon_from_x_0(x_t, x_0, alpha_bar_t.reshape(-1, 1))


@mistake(of=epsilon_from_x_0, seen="catalogue R002-004")
def epsilon_from_x_0_with_floor_under_noise(x_t, x_0, alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return (x_t - alpha_bar_t.sqrt() * x_0) / (1 - alpha_bar_t).clamp(min=1e-4).sqrt()


@mistake(of=epsilon_from_v, seen="threestudio-project/threestudio#126")
def epsilon_from_v_with_x_t_for_x_0(x_t, v, alpha_bar_t):
    """v = alpha epsilon - sigma x_0 is solved with x_t in the place of x_0"""
    return (v + (1 - alpha_bar_t).sqrt() * x_t) / alpha_bar_t.clamp(min=1e-8).sqrt()


@mistake(of=epsilon_from_v, seen="catalogue R004-095")
def epsilon_from_v_with_minus(x_t, v, alpha_bar_t):
    """x_t is subtracted instead of added"""
    return alpha_bar_t.sqrt() * v - (1 - alpha_bar_t).sqrt() * x_t


@mistake(of=epsilon_from_v, seen="catalogue R001-105")
def epsilon_from_v_unconverted(x_t, v, alpha_bar_t):
    """the velocity is handed on as the noise"""
    return v + 0 * alpha_bar_t


@mistake(of=epsilon_from_v, seen="catalogue R001-105")
def epsilon_from_v_with_levels_in_a_column(x_t, v, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return epsilon_from_v(x_t, v, alpha_bar_t.reshape(-1, 1))


@mistake(of=epsilon_from_score, seen="catalogue R001-105")
def epsilon_from_score_with_plus(score, alpha_bar_t):
    """the minus sign is lost"""
    return (1 - alpha_bar_t).sqrt() * score


@mistake(of=epsilon_from_score, seen="catalogue R001-105")
def epsilon_from_score_with_variance(score, alpha_bar_t):
    """the score is scaled by the variance instead of the standard deviation"""
    return -(1 - alpha_bar_t) * score


@mistake(of=epsilon_from_score, seen="catalogue R001-105")
def epsilon_from_score_with_levels_in_a_column(score, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return epsilon_from_score(score, alpha_bar_t.reshape(-1, 1))


@mistake(of=v_from_x_0, seen="catalogue R004-095")
def v_from_x_0_as_target(x_t, x_0, alpha_bar_t):
    """x_t stands in the place of the noise in v = sqrt(alpha_bar) epsilon - sqrt(1 - alpha_bar) x_0"""
    return v_target(x_0, x_t, alpha_bar_t)


@mistake(of=v_from_x_0, seen="catalogue R004-095")
def v_from_x_0_with_opposite_sign(x_t, x_0, alpha_bar_t):
    """the velocity points from the noise to the data"""
    return -v_from_x_0(x_t, x_0, alpha_bar_t)


@mistake(of=v_from_x_0, seen="catalogue R001-105")
def v_from_x_0_divided_by_variance(x_t, x_0, alpha_bar_t):
    """divided by 1 - alpha_bar instead of its square root"""
    return (alpha_bar_t.sqrt() * x_t - x_0) / (1 - alpha_bar_t)


@mistake(of=v_from_x_0, seen="catalogue R001-105")
def v_from_x_0_with_levels_in_a_column(x_t, x_0, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return v_from_x_0(x_t, x_0, alpha_bar_t.reshape(-1, 1))


@mistake(of=v_from_x_0, seen="catalogue R001-105")
def v_from_x_0_with_floor_under_noise(x_t, x_0, alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return (alpha_bar_t.sqrt() * x_t - x_0) / (1 - alpha_bar_t).clamp(min=1e-4).sqrt()


@mistake(of=v_from_epsilon, seen="catalogue R004-095")
def v_from_epsilon_as_target(x_t, epsilon, alpha_bar_t):
    """x_t stands in the place of the data in v = sqrt(alpha_bar) epsilon - sqrt(1 - alpha_bar) x_0"""
    return v_target(x_t, epsilon, alpha_bar_t)


@mistake(of=v_from_epsilon, seen="catalogue R001-105")
def v_from_epsilon_multiplied(x_t, epsilon, alpha_bar_t):
    """multiplied with sqrt(alpha_bar) instead of divided by it"""
    return (epsilon - (1 - alpha_bar_t).sqrt() * x_t) * alpha_bar_t.sqrt()


@mistake(of=v_from_epsilon, seen="catalogue R001-105")
def v_from_epsilon_with_levels_in_a_column(x_t, epsilon, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return v_from_epsilon(x_t, epsilon, alpha_bar_t.reshape(-1, 1))


@mistake(of=v_from_score, seen="catalogue R001-105")
def v_from_score_as_from_epsilon(x_t, score, alpha_bar_t):
    """the score is taken for the noise"""
    return v_from_epsilon(x_t, score, alpha_bar_t)


@mistake(of=v_from_score, seen="catalogue R001-105")
def v_from_score_without_root(x_t, score, alpha_bar_t):
    """the ratio of noise to signal is used without its square root"""
    return -(1 - alpha_bar_t) / alpha_bar_t * (x_t + score)


@mistake(of=v_from_score, seen="catalogue R001-105")
def v_from_score_with_opposite_sign(x_t, score, alpha_bar_t):
    """the velocity points from the noise to the data"""
    return -v_from_score(x_t, score, alpha_bar_t)


@mistake(of=v_from_score, seen="catalogue R001-105")
def v_from_score_with_levels_in_a_column(x_t, score, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return v_from_score(x_t, score, alpha_bar_t.reshape(-1, 1))


@variant(of=v_from_score, seen="Salimans & Ho 2022, arXiv:2202.00512, appendix D")
def v_from_score_by_noise_and_data(x_t, score, alpha_bar_t):
    """the detour over the noise and the data is the same"""
    epsilon = -(1 - alpha_bar_t).sqrt() * score
    return v_target(x_0_from_epsilon(x_t, epsilon, alpha_bar_t), epsilon, alpha_bar_t)


@mistake(of=score_from_x_0, seen="catalogue R001-105")
def score_from_x_0_with_opposite_sign(x_t, x_0, alpha_bar_t):
    """the score points away from the data"""
    return (x_t - alpha_bar_t.sqrt() * x_0) / (1 - alpha_bar_t)


@mistake(of=score_from_x_0, seen="catalogue R001-105")
def score_from_x_0_divided_by_standard_deviation(x_t, x_0, alpha_bar_t):
    """divided by the standard deviation instead of the variance"""
    return (alpha_bar_t.sqrt() * x_0 - x_t) / (1 - alpha_bar_t).sqrt()


@mistake(of=score_from_x_0, seen="catalogue R001-105")
def score_from_x_0_without_scaling_the_data(x_t, x_0, alpha_bar_t):
    """the mean of x_t is taken for x_0, not sqrt(alpha_bar) x_0"""
    return (x_0 - x_t) / (1 - alpha_bar_t)


@mistake(of=score_from_x_0, seen="catalogue R001-105")
def score_from_x_0_with_levels_in_a_column(x_t, x_0, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return score_from_x_0(x_t, x_0, alpha_bar_t.reshape(-1, 1))


@mistake(of=score_from_x_0, seen="catalogue R001-105")
def score_from_x_0_with_floor_under_noise(x_t, x_0, alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return (alpha_bar_t.sqrt() * x_0 - x_t) / (1 - alpha_bar_t).clamp(min=1e-4)


@mistake(of=score_from_epsilon, seen="catalogue R001-105")
def score_from_epsilon_with_plus(epsilon, alpha_bar_t):
    """the minus sign is lost"""
    return epsilon / (1 - alpha_bar_t).sqrt()


@mistake(of=score_from_epsilon, seen="catalogue R001-105")
def score_from_epsilon_divided_by_variance(epsilon, alpha_bar_t):
    """divided by the variance instead of the standard deviation"""
    return -epsilon / (1 - alpha_bar_t)


@mistake(of=score_from_epsilon, seen="catalogue R001-105")
def score_from_epsilon_not_rescaled(epsilon, alpha_bar_t):
    """the noise with a minus sign is handed on as the score"""
    return -epsilon + 0 * alpha_bar_t


@mistake(of=score_from_epsilon, seen="catalogue R001-105")
def score_from_epsilon_with_levels_in_a_column(epsilon, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return score_from_epsilon(epsilon, alpha_bar_t.reshape(-1, 1))


@mistake(of=score_from_epsilon, seen="catalogue R001-105")
def score_from_epsilon_with_floor_under_noise(epsilon, alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return -epsilon / (1 - alpha_bar_t).clamp(min=1e-4).sqrt()


@mistake(of=score_from_v, seen="catalogue R001-105")
def score_from_v_as_from_epsilon(x_t, v, alpha_bar_t):
    """the velocity is taken for the noise"""
    return score_from_epsilon(v, alpha_bar_t)


@mistake(of=score_from_v, seen="catalogue R001-105")
def score_from_v_with_inverted_ratio(x_t, v, alpha_bar_t):
    """the velocity is weighted by the ratio of noise to signal instead of signal to noise"""
    return -x_t - ((1 - alpha_bar_t) / alpha_bar_t.clamp(min=1e-8)).sqrt() * v


@mistake(of=score_from_v, seen="catalogue R001-105")
def score_from_v_with_lost_minus(x_t, v, alpha_bar_t):
    """x_t enters with a plus sign"""
    return x_t - (alpha_bar_t / (1 - alpha_bar_t)).sqrt() * v


@mistake(of=score_from_v, seen="catalogue R001-105")
def score_from_v_with_levels_in_a_column(x_t, v, alpha_bar_t):
    """the levels are brought into one column, which fits rows of features but no images"""
    return score_from_v(x_t, v, alpha_bar_t.reshape(-1, 1))


@mistake(of=score_from_v, seen="catalogue R001-105")
def score_from_v_with_floor_under_noise(x_t, v, alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return -x_t - (alpha_bar_t / (1 - alpha_bar_t).clamp(min=1e-4)).sqrt() * v


@mistake(of=clipped_prediction, seen="lucidrains/denoising-diffusion-pytorch#84")
def clipped_prediction_that_keeps_the_noise(x_t, x_0, alpha_bar_t, bound=1.0):
    """the data is clipped, but the noise is still that of the data before"""
    clipped, _ = clipped_prediction(x_t, x_0, alpha_bar_t, bound)
    return clipped, epsilon_from_x_0(x_t, x_0, alpha_bar_t)


@mistake(of=clipped_prediction, seen="catalogue R001-110")
def clipped_prediction_that_clips_the_noise(x_t, x_0, alpha_bar_t, bound=1.0):
    """the noise is clipped, too"""
    clipped, epsilon = clipped_prediction(x_t, x_0, alpha_bar_t, bound)
    return clipped, epsilon.clamp(-bound, bound)


@mistake(of=clipped_prediction, seen="catalogue R001-110")
def clipped_prediction_that_clips_x_t(x_t, x_0, alpha_bar_t, bound=1.0):
    """the noisy sample is clipped as if it were data"""
    return clipped_prediction(x_t.clamp(-bound, bound), x_0, alpha_bar_t, bound)


@mistake(of=clipped_prediction, seen="catalogue R001-110")
def clipped_prediction_with_fixed_bound(x_t, x_0, alpha_bar_t, bound=1.0):
    """the bound is 1 whatever was asked for"""
    return clipped_prediction(x_t, x_0, alpha_bar_t)


@mistake(of=clipped_prediction, seen="catalogue R001-110")
def clipped_prediction_from_zero(x_t, x_0, alpha_bar_t, bound=1.0):
    """the data is clipped to [0, bound], as for images that were not rescaled to [-1, 1]"""
    clipped = x_0.clamp(0, bound)
    return clipped, epsilon_from_x_0(x_t, clipped, alpha_bar_t)


@mistake(of=clipped_prediction, seen="Saharia et al. 2022, arXiv:2205.11487, section 2.3")
def clipped_prediction_by_threshold(x_t, x_0, alpha_bar_t, bound=1.0):
    """data beyond the bound is scaled into it as a whole, which is dynamic thresholding"""
    largest = x_0.abs().amax(-1, keepdim=True).clamp(min=bound)
    return clipped_prediction(x_t, x_0 * bound / largest, alpha_bar_t, bound)


@mistake(of=clipped_prediction, seen="catalogue R001-110")
def clipped_prediction_by_tanh(x_t, x_0, alpha_bar_t, bound=1.0):
    """the data is squashed into its range, which also moves what was inside"""
    return clipped_prediction(x_t, bound * torch.tanh(x_0 / bound), alpha_bar_t, bound)


@mistake(of=clipped_prediction, seen="catalogue R001-110")
def clipped_prediction_with_levels_in_a_column(x_t, x_0, alpha_bar_t, bound=1.0):
    """the levels are brought into one column, which fits rows of features but no images"""
    return clipped_prediction(x_t, x_0, alpha_bar_t.reshape(-1, 1), bound)


@mistake(of=clipped_prediction, seen="catalogue R001-111")
def clipped_prediction_with_floor_under_noise(x_t, x_0, alpha_bar_t, bound=1.0):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    clipped = x_0.clamp(-bound, bound)
    return clipped, (x_t - alpha_bar_t.sqrt() * clipped) / (1 - alpha_bar_t).clamp(min=1e-4).sqrt()


@mistake(of=x_0_weight_of_epsilon_loss, seen="huggingface/diffusers#1733")
def x_0_weight_of_epsilon_loss_inverted(alpha_bar_t):
    """the weight is (1 - alpha_bar) / alpha_bar, so that it grows with the noise"""
    return (1 - alpha_bar_t) / alpha_bar_t.clamp(min=1e-8)


@mistake(of=x_0_weight_of_epsilon_loss, seen="catalogue R002-004")
def x_0_weight_of_epsilon_loss_left_out(alpha_bar_t):
    """the two losses are taken to be equal"""
    return torch.ones_like(alpha_bar_t)


@mistake(of=x_0_weight_of_epsilon_loss, seen="catalogue R004-081")
def x_0_weight_of_epsilon_loss_with_root(alpha_bar_t):
    """the ratio of standard deviations instead of variances"""
    return (alpha_bar_t / (1 - alpha_bar_t)).sqrt()


@mistake(of=x_0_weight_of_epsilon_loss, seen="catalogue R002-004")
def x_0_weight_of_epsilon_loss_with_floor_under_noise(alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return alpha_bar_t / (1 - alpha_bar_t).clamp(min=1e-4)


@mistake(of=x_0_weight_of_v_loss, seen="catalogue R004-095")
def x_0_weight_of_v_loss_of_epsilon(alpha_bar_t):
    """SNR instead of SNR + 1"""
    return alpha_bar_t / (1 - alpha_bar_t)


@mistake(of=x_0_weight_of_v_loss, seen="catalogue R004-095")
def x_0_weight_of_v_loss_inverted(alpha_bar_t):
    """the weight is 1 - alpha_bar, that of the other way round"""
    return 1 - alpha_bar_t


@mistake(of=x_0_weight_of_v_loss, seen="catalogue R004-095")
def x_0_weight_of_v_loss_with_floor_under_noise(alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return 1 / (1 - alpha_bar_t).clamp(min=1e-4)


@mistake(of=x_0_weight_of_score_loss, seen="catalogue R002-004")
def x_0_weight_of_score_loss_of_epsilon(alpha_bar_t):
    """the score is taken for the noise, which is smaller by sqrt(1 - alpha_bar)"""
    return alpha_bar_t / (1 - alpha_bar_t)


@mistake(of=x_0_weight_of_score_loss, seen="catalogue R002-004")
def x_0_weight_of_score_loss_with_squared_ratio(alpha_bar_t):
    """the SNR is squared as a whole"""
    return (alpha_bar_t / (1 - alpha_bar_t)) ** 2


@mistake(of=x_0_weight_of_score_loss, seen="catalogue R002-004")
def x_0_weight_of_score_loss_with_floor_under_noise(alpha_bar_t):
    """the variance of the noise is kept above 1e-4, which that of the first of a thousand cosine steps is not"""
    return alpha_bar_t / (1 - alpha_bar_t).clamp(min=1e-4) ** 2


@mistake(of=min_snr_weight_x_0, seen="catalogue R004-081")
def min_snr_weight_x_0_from_below(alpha_bar_t, gamma=5.0):
    """the larger of SNR and gamma instead of the smaller"""
    return (alpha_bar_t / (1 - alpha_bar_t)).clamp(min=gamma)


@mistake(of=min_snr_weight_x_0, seen="catalogue R004-081")
def min_snr_weight_x_0_of_standard_deviations(alpha_bar_t, gamma=5.0):
    """the SNR is taken of standard deviations instead of variances"""
    return (alpha_bar_t / (1 - alpha_bar_t)).sqrt().clamp(max=gamma)


@mistake(of=min_snr_weight_x_0, seen="arXiv:2303.09556, ablation of gamma")
def min_snr_weight_x_0_with_another_default(alpha_bar_t, gamma=1.0):
    """the default of gamma is 1"""
    return min_snr_weight_x_0(alpha_bar_t, gamma)


@mistake(of=min_snr_weight_x_0, seen="arXiv:2303.09556, section 3.4, for a network that predicts epsilon")
def min_snr_weight_x_0_for_epsilon(alpha_bar_t, gamma=5.0):
    """the weight of the epsilon loss, min(SNR, gamma) / SNR, is used for x_0"""
    return min_snr_weight_epsilon(alpha_bar_t, gamma)


@mistake(of=min_snr_weight_x_0, seen="Crowson et al. 2024, arXiv:2401.11605")
def min_snr_weight_x_0_softened(alpha_bar_t, gamma=5.0):
    """the soft minimum SNR gamma / (SNR + gamma) instead of the smaller of the two"""
    return gamma * alpha_bar_t / (alpha_bar_t + gamma * (1 - alpha_bar_t))


@mistake(of=min_snr_weight_epsilon, seen="arXiv:2303.09556, section 3.4, for a network that predicts x_0")
def min_snr_weight_epsilon_for_x_0(alpha_bar_t, gamma=5.0):
    """the weight of the x_0 loss, min(SNR, gamma), is used for epsilon"""
    return min_snr_weight_x_0(alpha_bar_t, gamma)


@mistake(of=min_snr_weight_epsilon, seen="TiankaiHang/Min-SNR-Diffusion-Training#4")
def min_snr_weight_epsilon_by_division(alpha_bar_t, gamma=5.0):
    """min(SNR, gamma) / SNR is 0 / 0 where there is no signal"""
    snr = alpha_bar_t / (1 - alpha_bar_t)
    return torch.where(alpha_bar_t == 1, 0, snr.clamp(max=gamma) / snr)


@mistake(of=min_snr_weight_epsilon, seen="catalogue R004-081")
def min_snr_weight_epsilon_uncapped(alpha_bar_t, gamma=5.0):
    """gamma / SNR, also where that is more than 1"""
    return (gamma * (1 - alpha_bar_t) / alpha_bar_t).clamp(max=1e8)


@mistake(of=min_snr_weight_v, seen="huggingface/diffusers#5654")
def min_snr_weight_v_of_snr_plus_one(alpha_bar_t, gamma=5.0):
    """1 is added to the SNR before it is compared with gamma, so the weight does not vanish with the signal"""
    snr_plus_one = 1 / (1 - alpha_bar_t)
    return torch.where(alpha_bar_t == 1, 0, snr_plus_one.clamp(max=gamma) / snr_plus_one)


@mistake(of=min_snr_weight_v, seen="huggingface/diffusers#5238")
def min_snr_weight_v_with_one_added(alpha_bar_t, gamma=5.0):
    """1 is added to the weight instead of the SNR"""
    return min_snr_weight_epsilon(alpha_bar_t, gamma) + 1


@mistake(of=min_snr_weight_v, seen="kohya-ss/sd-scripts#673")
def min_snr_weight_v_of_epsilon(alpha_bar_t, gamma=5.0):
    """divided by the SNR instead of SNR + 1, which is the weight of the epsilon loss"""
    return min_snr_weight_epsilon(alpha_bar_t, gamma)


@mistake(of=min_snr_weight_v, seen="kohya-ss/sd-scripts#934")
def min_snr_weight_v_in_two_factors(alpha_bar_t, gamma=5.0):
    """min(SNR, gamma) / SNR times SNR / (SNR + 1) is 0 / 0 where there is no signal"""
    snr = alpha_bar_t / (1 - alpha_bar_t)
    return torch.where(alpha_bar_t == 1, 0, snr.clamp(max=gamma) / snr * alpha_bar_t)


@variant(of=min_snr_weight_v, seen="huggingface/diffusers#6307")
def min_snr_weight_v_by_division(alpha_bar_t, gamma=5.0):
    """min(SNR, gamma) / (SNR + 1) is the same"""
    snr = alpha_bar_t / (1 - alpha_bar_t)
    return snr.clamp(max=gamma) / (snr + 1)
