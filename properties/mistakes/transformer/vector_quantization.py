"""Wrong variants of `reference.transformer.vector_quantization`."""

import torch

from properties.mistakes import mistake, variant
from reference.transformer.vector_quantization import (
    fsq_bound,
    multiscale_vq_loss,
    nearest_code,
    nearest_code_by_cosine,
    smoothed_code_counts,
    straight_through,
    update_code_usage,
    used_code_share,
)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_by_largest_product(z, codebook):
    """the largest inner product is taken, which prefers long codes"""
    return (z @ codebook.T).argmax(-1)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_without_length_of_codes(z, codebook):
    """the term |e|^2 of the expanded distance is left out"""
    return (z.square().sum(-1, keepdim=True) - 2 * z @ codebook.T).argmin(-1)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_by_sum_of_distances(z, codebook):
    """the absolute differences are summed instead of their squares"""
    return (z[..., None, :] - codebook).abs().sum(-1).argmin(-1)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_that_is_last(z, codebook):
    """of equally near codes the last one is taken"""
    return len(codebook) - 1 - nearest_code(z, codebook.flip(0))


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_that_is_farthest(z, codebook):
    """the largest distance is taken"""
    return (z[..., None, :] - codebook).square().sum(-1).argmax(-1)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_without_check(z, codebook):
    """an empty codebook has a nearest code too"""
    return nearest_code(z, codebook) if len(codebook) else torch.zeros(z.shape[:-1], dtype=torch.int64)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_in_half_precision(z, codebook):
    """vectors and codes are rounded to float16"""
    return nearest_code(z.half(), codebook.half())


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_by_expanded_distance_in_single_precision(z, codebook):
    """the terms of |z|^2 - 2 z e + |e|^2 are float32, and cancel where the vectors are long"""
    nearest_code(z, codebook)
    z, codebook = z.float(), codebook.float()
    return (z.square().sum(-1, keepdim=True) - 2 * z @ codebook.T + codebook.square().sum(-1)).argmin(-1)


@mistake(of=nearest_code, seen="catalogue R001-085")
def nearest_code_of_rounded_numbers(z, codebook):
    """vectors and codes are rounded to whole numbers"""
    return nearest_code(z.round(), codebook.round())


@variant(of=nearest_code, seen="FoundationVision/VAR, models/quant.py")
def nearest_code_by_expanded_distance(z, codebook):
    """|z|^2 - 2 z . e + |e|^2 is the same distance"""
    nearest_code(z, codebook)
    return (z.square().sum(-1, keepdim=True) + codebook.square().sum(-1) - 2 * z @ codebook.T).argmin(-1)


@variant(of=nearest_code, seen="lucidrains/vector-quantize-pytorch")
def nearest_code_without_length_of_vector(z, codebook):
    """|z|^2 is the same for all codes and decides nothing"""
    nearest_code(z, codebook)
    return (codebook.square().sum(-1) - 2 * z @ codebook.T).argmin(-1)


@mistake(of=nearest_code_by_cosine, seen="catalogue R001-085")
def nearest_code_by_cosine_with_long_codes(z, codebook):
    """the vectors are normalised and the codes are not"""
    return (torch.nn.functional.normalize(z, dim=-1) @ codebook.T).argmax(-1)


@mistake(of=nearest_code_by_cosine, seen="catalogue R001-085")
def nearest_code_by_cosine_by_distance(z, codebook):
    """neither is normalised"""
    return nearest_code(z, codebook)


@mistake(of=nearest_code_by_cosine, seen="catalogue R001-085")
def nearest_code_by_cosine_over_codes(z, codebook):
    """the codebook is normalised along the codes instead of the channels"""
    return (z @ torch.nn.functional.normalize(codebook, dim=0).T).argmax(-1)


@mistake(of=nearest_code_by_cosine, seen="catalogue R001-085")
def nearest_code_by_cosine_without_sign(z, codebook):
    """the opposite direction counts as near"""
    return (z @ torch.nn.functional.normalize(codebook, dim=-1).T).abs().argmax(-1)


@mistake(of=nearest_code_by_cosine, seen="catalogue R001-085")
def nearest_code_by_cosine_with_least_lengths(z, codebook):
    """1e-6 is added to lengths, so that the cosines of short codes are smaller"""
    nearest_code_by_cosine(z, codebook)
    unit = codebook / (codebook.norm(dim=-1, keepdim=True) + 1e-6)
    return (z @ unit.T).argmax(-1)


@variant(of=nearest_code_by_cosine, seen="lucidrains/vector-quantize-pytorch")
def nearest_code_by_cosine_of_codes_alone(z, codebook):
    """the length of z scales all products alike, so that z needs no normalising"""
    nearest_code_by_cosine(z, codebook)
    return (z @ torch.nn.functional.normalize(codebook, dim=-1).T).argmax(-1)


@mistake(of=straight_through, seen="catalogue R001-085")
def straight_through_without_detach(z, quantized):
    """the gradient goes to the codes and not to z"""
    return z.detach() + (quantized - z.detach())


@mistake(of=straight_through, seen="catalogue R001-085")
def straight_through_with_both_gradients(z, quantized):
    """the gradient goes to z and to the codes"""
    return quantized + z - z.detach()


@mistake(of=straight_through, seen="catalogue R001-085")
def straight_through_that_is_not_quantized(z, quantized):
    """the value is that of z"""
    return z + (quantized - z).detach() * 0


@mistake(of=straight_through, seen="facebookresearch/encodec#25")
def straight_through_without_gradient(z, quantized):
    """z gets no gradient, since the whole sum is detached"""
    return (z + (quantized - z)).detach() + 0 * z


@variant(of=straight_through, seen="FoundationVision/VAR, models/quant.py")
def straight_through_by_difference(z, quantized):
    """z + sg(quantized - z) has the same value up to rounding"""
    return z + (quantized - z).detach()


@mistake(of=multiscale_vq_loss, seen="CompVis/taming-transformers#46")
def multiscale_vq_loss_with_beta_on_the_codes(f, f_hat, beta=0.25):
    """beta weighs the term that trains the codes instead of the commitment of the encoder"""
    if beta < 0:
        raise ValueError(beta)
    return (f_hat.detach() - f).square().mean() + beta * (f_hat - f.detach()).square().mean()


@mistake(of=multiscale_vq_loss, seen="andylolu2/jax-vqvae-gpt#2")
def multiscale_vq_loss_after_straight_through(f, f_hat, beta=0.25):
    """the straight-through value enters the loss, so that the codes get no gradient"""
    return multiscale_vq_loss(f, f + (f_hat - f).detach(), beta)


@mistake(of=multiscale_vq_loss, seen="catalogue R001-085")
def multiscale_vq_loss_without_stop_gradient(f, f_hat, beta=0.25):
    """both terms pull at codes and features"""
    return multiscale_vq_loss(f, f_hat, beta) * 0 + (1 + beta) * (f_hat - f).square().mean()


@mistake(of=multiscale_vq_loss, seen="clementchadebec/benchmark_VAE#124")
def multiscale_vq_loss_summed_over_channels(f, f_hat, beta=0.25):
    """the squared errors of a position are summed instead of meaned"""
    return multiscale_vq_loss(f, f_hat, beta) * f.shape[-1]


@mistake(of=multiscale_vq_loss, seen="catalogue R001-085")
def multiscale_vq_loss_summed_over_scales(f, f_hat, beta=0.25):
    """the losses of the scales are summed instead of meaned"""
    return multiscale_vq_loss(f, f_hat, beta) * len(f_hat)


@mistake(of=multiscale_vq_loss, seen="catalogue R001-085")
def multiscale_vq_loss_of_last_scale(f, f_hat, beta=0.25):
    """only the reconstruction after the last scale is compared"""
    return multiscale_vq_loss(f, f_hat[-1:], beta)


@mistake(of=multiscale_vq_loss, seen="lucidrains/vector-quantize-pytorch#22")
def multiscale_vq_loss_with_commitment_alone(f, f_hat, beta=0.25):
    """the term that draws the codes to the features is missing"""
    return beta * (f_hat.detach() - f).square().mean()


@mistake(of=multiscale_vq_loss, seen="VQ-GAN, where beta was 1")
def multiscale_vq_loss_with_equal_weights(f, f_hat, beta=1.0):
    """beta is 1 unless it is given"""
    return multiscale_vq_loss(f, f_hat, beta)


@mistake(of=multiscale_vq_loss, seen="catalogue R001-085")
def multiscale_vq_loss_without_check(f, f_hat, beta=0.25):
    """a negative beta is accepted"""
    return (f_hat - f.detach()).square().mean() + beta * (f_hat.detach() - f).square().mean()


@mistake(of=multiscale_vq_loss, seen="catalogue R001-085")
def multiscale_vq_loss_summed_for_one_scale(f, f_hat, beta=0.25):
    """the squares of a single scale are added up instead of averaged"""
    return multiscale_vq_loss(f, f_hat, beta) * (f.numel() if len(f_hat) == 1 else 1)


@mistake(of=update_code_usage, seen="FoundationVision/VAR, models/quant.py")
def update_code_usage_from_nothing(usage, indices, num_updates):
    """the first update counts for a tenth, as for every scale but the first in VAR's code"""
    return update_code_usage(usage, indices, num_updates or 1)


@mistake(of=update_code_usage, seen="catalogue R001-085")
def update_code_usage_with_swapped_weights(usage, indices, num_updates):
    """the new counts get the weight of the old ones"""
    counts = update_code_usage(usage, indices, 0)
    kept = 0.9 if num_updates < 100 else 0.99
    return (1 - kept) * usage + kept * counts if num_updates else counts


@mistake(of=update_code_usage, seen="catalogue R001-085")
def update_code_usage_slow_too_late(usage, indices, num_updates):
    """the slow decay begins one update late"""
    return update_code_usage(usage, indices, num_updates - (num_updates == 100))


@mistake(of=update_code_usage, seen="catalogue R001-085")
def update_code_usage_of_presence(usage, indices, num_updates):
    """a code counts once a batch however often it is chosen"""
    return update_code_usage(usage, indices.unique(), num_updates)


@mistake(of=update_code_usage, seen="catalogue R001-085")
def update_code_usage_before_first(usage, indices, num_updates):
    """a negative number of updates is taken for none"""
    return update_code_usage(usage, indices, max(num_updates, 0))


@mistake(of=update_code_usage, seen="catalogue R001-085")
def update_code_usage_that_warms_up(usage, indices, num_updates):
    """the first batches count alike, as in a mean, until each is a tenth"""
    update_code_usage(usage, indices, num_updates)
    decay = 0.99 if num_updates >= 100 else min(0.9, num_updates / (num_updates + 1))
    counts = torch.bincount(indices.flatten(), minlength=len(usage)).to(usage.dtype)
    return decay * usage + (1 - decay) * counts


@mistake(of=used_code_share, seen="catalogue R001-085")
def used_code_share_strictly_above(usage, num_positions, threshold=0.08):
    """a code at the threshold counts as unused"""
    used_code_share(usage, num_positions, threshold)
    return (usage > threshold * num_positions / len(usage)).to(usage.dtype).mean()


@mistake(of=used_code_share, seen="FoundationVision/VAR, models/quant.py")
def used_code_share_in_per_cent(usage, num_positions, threshold=0.08):
    """the share is a percentage"""
    return 100 * used_code_share(usage, num_positions, threshold)


@mistake(of=used_code_share, seen="catalogue R001-085")
def used_code_share_of_positions(usage, num_positions, threshold=0.08):
    """the threshold is a share of the positions and not of their number for each code"""
    return used_code_share(usage, num_positions, threshold * len(usage))


@mistake(of=used_code_share, seen="catalogue R001-085")
def used_code_share_of_codes_ever_chosen(usage, num_positions, threshold=0.08):
    """every code that was ever chosen counts as used"""
    return (usage > 0).to(usage.dtype).mean()


@mistake(of=smoothed_code_counts, seen="lucidrains/vector-quantize-pytorch, commit cfcb4ee")
def smoothed_code_counts_over_all_codebooks(counts, epsilon):
    """the total runs over all codebooks"""
    return smoothed_code_counts(counts.flatten(), epsilon).reshape(counts.shape)


@mistake(of=smoothed_code_counts, seen="lucidrains/vector-quantize-pytorch, commit cfcb4ee")
def smoothed_code_counts_as_shares(counts, epsilon):
    """the shares are not multiplied by the total again"""
    smoothed = smoothed_code_counts(counts, epsilon)
    return smoothed / counts.sum(-1, keepdim=True).clamp(min=1)


@mistake(of=smoothed_code_counts, seen="lucidrains/vector-quantize-pytorch, commit cfcb4ee")
def smoothed_code_counts_that_grow(counts, epsilon):
    """epsilon is added to every count, and the total grows"""
    smoothed_code_counts(counts, epsilon)
    return counts + epsilon


@mistake(of=smoothed_code_counts, seen="lucidrains/vector-quantize-pytorch, commit cfcb4ee")
def smoothed_code_counts_without_check(counts, epsilon):
    """an epsilon of 0 or below is accepted"""
    total = counts.sum(-1, keepdim=True)
    return total * (counts + epsilon) / (total + counts.shape[-1] * epsilon)


@mistake(of=fsq_bound, seen="lucidrains/vector-quantize-pytorch, commit 92a895b")
def fsq_bound_shifted_by_tan(z, levels):
    """the shift is tan instead of atanh, so that 0 is not mapped to 0 for even numbers of levels"""
    fsq_bound(z, levels)
    half = (torch.tensor(levels, dtype=z.dtype) - 1) / 2
    offset = half % 1
    return half * torch.tanh(z + torch.tan(offset / half)) - offset


@mistake(of=fsq_bound, seen="arXiv:2309.15505, section 3.1")
def fsq_bound_by_floor(z, levels):
    """the range is that of floor(L / 2) tanh z, which rounds to L + 1 numbers for even L"""
    fsq_bound(z, levels)
    return (torch.tensor(levels, dtype=z.dtype) // 2) * torch.tanh(z)


@mistake(of=fsq_bound, seen="arXiv:2309.15505, section 3.1")
def fsq_bound_without_shift(z, levels):
    """the offset is taken off without a shift before, so that 0 lies on the edge between two levels"""
    fsq_bound(z, levels)
    half = (torch.tensor(levels, dtype=z.dtype) - 1) / 2
    return half * torch.tanh(z) - half % 1


@mistake(of=fsq_bound, seen="arXiv:2309.15505, section 3.1")
def fsq_bound_without_check(z, levels):
    """two levels, or a wrong number of them, are accepted"""
    fitting = [max(level, 3) for level in levels][: z.shape[-1]]
    return fsq_bound(z, fitting + [3] * (z.shape[-1] - len(fitting)))


@mistake(of=fsq_bound, seen="arXiv:2309.15505, section 3.1")
def fsq_bound_by_exponentials(z, levels):
    """the hyperbolic tangent is a quotient of exponentials, which overflow"""
    fsq_bound(z, levels)
    half = (torch.tensor(levels, dtype=z.dtype) - 1) / 2
    shares = torch.exp(2 * (z + torch.atanh(half % 1 / half)))
    return half * (shares - 1) / (shares + 1) - half % 1
