"""Wrong variants of `reference.transformer.patches`."""

import math

import torch
from torch.nn.functional import conv2d, linear

from properties.mistakes import mistake, variant
from reference.transformer.patches import (
    class_feature,
    drop_registers,
    insert_registers,
    merge_patches,
    pad_to_multiple,
    padding_to_multiple,
    patch_count,
    patch_embedding,
    patch_embedding_by_convolution,
    patch_grid,
    patchify,
    prepend_class_token,
    unpatchify,
)


@mistake(of=patch_grid, seen="facebookresearch/dinov2#582")
def patch_grid_of_width_by_height(height, width, patch_size):
    """columns and rows are exchanged, which no square image shows"""
    return patch_grid(width, height, patch_size)


@mistake(of=patch_grid, seen="catalogue R003-176")
def patch_grid_rounded_down(height, width, patch_size):
    """a rest at the right or at the bottom is dropped in silence"""
    side = max(patch_size, 1)
    return height // side, width // side


@mistake(of=patch_count, seen="E003-097")
def patch_count_of_one_side(height, width, patch_size):
    """only the patches along one side are counted, so that 1000 x 1000 pixels have 10 patches of 100 x 100"""
    patch_count(height, width, patch_size)
    return height // patch_size


@mistake(of=patch_count, seen="E003-103")
def patch_count_per_side_length(height, width, patch_size):
    """the area is divided by the side of a patch instead of its area"""
    patch_count(height, width, patch_size)
    return height * width // patch_size


@mistake(of=patch_count, seen="catalogue R003-226")
def patch_count_rounded_up(height, width, patch_size):
    """patches that stick out of the image are counted"""
    side = max(patch_size, 1)
    return math.ceil(height / side) * math.ceil(width / side)


@mistake(of=padding_to_multiple, seen="usnistgov/SP800-90B_EntropyAssessment#6, Qwen2.5-VL's windows")
def padding_to_multiple_of_a_whole_multiple(length, multiple):
    """a whole multiple is added where nothing is missing"""
    padding_to_multiple(length, multiple)
    return multiple - length % multiple


@mistake(of=padding_to_multiple, seen="catalogue R001-089")
def padding_to_multiple_that_is_the_rest(length, multiple):
    """the rest of the division is padded instead of what is missing"""
    padding_to_multiple(length, multiple)
    return length % multiple


@mistake(of=padding_to_multiple, seen="catalogue R001-089")
def padding_to_multiple_without_check(length, multiple):
    """no multiple at all gives no padding at all"""
    return -length % multiple if multiple else 0


@mistake(of=pad_to_multiple, seen="catalogue R001-089")
def pad_to_multiple_without_mask(tokens, multiple):
    """the mask lets every query see the padding"""
    padded, mask = pad_to_multiple(tokens, multiple)
    return padded, torch.ones_like(mask)


@mistake(of=pad_to_multiple, seen="catalogue R001-089")
def pad_to_multiple_with_inverted_mask(tokens, multiple):
    """the mask is True where there is padding"""
    padded, mask = pad_to_multiple(tokens, multiple)
    return padded, ~mask


@mistake(of=pad_to_multiple, seen="catalogue R001-089")
def pad_to_multiple_on_the_left(tokens, multiple):
    """the padding comes first, which moves every token"""
    padded, mask = pad_to_multiple(tokens, multiple)
    missing = len(mask) - tokens.shape[-2]
    return padded.roll(missing, -2), mask.roll(missing)


@mistake(of=pad_to_multiple, seen="catalogue R001-089")
def pad_to_multiple_of_batches_alone(tokens, multiple):
    """the second axis is padded, whatever the number of axes"""
    count = padding_to_multiple(tokens.shape[1], multiple)
    padded = torch.cat([tokens, tokens.new_zeros(len(tokens), count, tokens.shape[-1])], 1)
    return padded, torch.arange(padded.shape[1]) < tokens.shape[1]


@mistake(of=patchify, seen="DarshanDeshpande/jax-models#2")
def patchify_without_swapped_axes(images, patch_size):
    """rows and columns of patches are not brought together, so that patches are horizontal stripes"""
    good = patchify(images, patch_size)
    return images.movedim(-3, -1).reshape(*images.shape[:-3], *good.shape[-2:])


@mistake(of=patchify, seen="gupta-abhay/pytorch-vit#7")
def patchify_that_mixes_channels(images, patch_size):
    """the channels are not moved behind the patches, so that a patch holds pixels of several places"""
    good = patchify(images, patch_size)
    squares = images.unfold(-2, patch_size, patch_size).unfold(-2, patch_size, patch_size)
    return squares.reshape(good.shape).clone()


@mistake(of=patchify, seen="catalogue R003-264, MAE and DiT")
def patchify_with_channels_last(images, patch_size):
    """within a patch the channel varies fastest, which is another convention"""
    patches = patchify(images, patch_size).unflatten(-1, (-1, patch_size**2))
    return patches.mT.contiguous().flatten(-2)


@mistake(of=patchify, seen="NVIDIA/flashdreams#284")
def patchify_transposed_within(images, patch_size):
    """rows and columns are exchanged inside each patch"""
    patches = patchify(images, patch_size).unflatten(-1, (-1, patch_size, patch_size))
    return patches.mT.contiguous().flatten(-3)


@mistake(of=patchify, seen="catalogue R003-176")
def patchify_column_by_column(images, patch_size):
    """patches are numbered column by column"""
    rows, columns = patch_grid(images.shape[-2], images.shape[-1], patch_size)
    return patchify(images, patch_size).unflatten(-2, (rows, columns)).transpose(-3, -2).flatten(-3, -2).clone()


@mistake(of=patchify, seen="catalogue R003-176")
def patchify_that_crops(images, patch_size):
    """a rest at the right or at the bottom is dropped in silence"""
    side = max(patch_size, 1)
    rows, columns = images.shape[-2] // side, images.shape[-1] // side
    return patchify(images[..., : rows * side, : columns * side], side) if rows * columns else images.flatten(-2)


@variant(of=patchify, seen="catalogue R004-068")
def patchify_by_unfold(images, patch_size):
    """torch.nn.functional.unfold with stride P keeps the channel slowest too"""
    patch_grid(images.shape[-2], images.shape[-1], patch_size)
    return torch.nn.functional.unfold(images, patch_size, stride=patch_size).mT.clone()


@mistake(of=unpatchify, seen="cloneofsimo/minRF#6")
def unpatchify_with_channels_last(patches, height, width, patch_size):
    """the values of a patch are read as if the channel varied fastest"""
    good = unpatchify(patches, height, width, patch_size)
    values = patches.unflatten(-1, (patch_size**2, good.shape[-3])).mT.flatten(-2)
    return unpatchify(values, height, width, patch_size)


@mistake(of=unpatchify, seen="catalogue R001-132")
def unpatchify_without_swapped_axes(patches, height, width, patch_size):
    """the axes are reshaped without being put in order first"""
    return patches.reshape(unpatchify(patches, height, width, patch_size).shape).clone()


@mistake(of=unpatchify, seen="catalogue R001-132")
def unpatchify_of_a_square_image(patches, height, width, patch_size):
    """the patches are laid out as if the image were as high as it is wide the other way round"""
    good = unpatchify(patches, height, width, patch_size)
    return unpatchify(patches, width, height, patch_size).reshape(good.shape)


@mistake(of=unpatchify, seen="catalogue R003-176")
def unpatchify_without_check(patches, height, width, patch_size):
    """patches that do not fit the image are cut or left out"""
    rows, columns = height // patch_size, width // patch_size
    channels = max(patches.shape[-1] // patch_size**2, 1)
    count = min(rows * columns, patches.shape[-2])
    fitting = torch.zeros(len(patches), rows * columns, channels * patch_size**2, dtype=patches.dtype)
    values = min(patches.shape[-1], fitting.shape[-1])
    fitting[:, :count, :values] = patches[:, :count, :values]
    return unpatchify(fitting, rows * patch_size, columns * patch_size, patch_size)


@mistake(of=patch_embedding, seen="catalogue R003-264")
def patch_embedding_of_channels_last(images, weight, bias, patch_size):
    """the weight of a convolution is applied to patches whose channel varies fastest"""
    patches = patchify(images, patch_size).unflatten(-1, (-1, patch_size**2)).mT.flatten(-2)
    return linear(patches, weight, bias)


@mistake(of=patch_embedding, seen="catalogue R004-068")
def patch_embedding_without_bias(images, weight, bias, patch_size):
    """the bias is left out"""
    return linear(patchify(images, patch_size), weight, 0 * bias)


@mistake(of=patch_embedding, seen="catalogue R003-176")
def patch_embedding_that_crops(images, weight, bias, patch_size):
    """a rest at the right or at the bottom is dropped in silence"""
    if patch_size < 1 or min(images.shape[-2:]) < patch_size:
        return bias.expand(len(images), 1, -1).clone()
    return patch_embedding(images[..., : -(images.shape[-2] % patch_size) or None, :], weight, bias, patch_size)


@mistake(of=patch_embedding_by_convolution, seen="catalogue R003-176")
def patch_embedding_by_convolution_that_crops(images, weight, bias, patch_size):
    """a rest at the right or at the bottom is dropped in silence, as convolutions do"""
    side = max(patch_size, 1)
    kernel = weight.reshape(len(weight), -1, side, side)
    return conv2d(images, kernel, bias, stride=side).flatten(-2).mT.clone()


@mistake(of=patch_embedding_by_convolution, seen="catalogue R004-068")
def patch_embedding_by_convolution_column_by_column(images, weight, bias, patch_size):
    """the patches come out column by column"""
    patch_embedding_by_convolution(images, weight, bias, patch_size)
    kernel = weight.reshape(len(weight), -1, patch_size, patch_size)
    return conv2d(images, kernel, bias, stride=patch_size).mT.flatten(-2).mT.clone()


@mistake(of=patch_embedding_by_convolution, seen="catalogue R004-068")
def patch_embedding_by_convolution_with_channels_last_kernel(images, weight, bias, patch_size):
    """the rows of the matrix are read as kernels whose channel varies fastest"""
    values = weight.unflatten(-1, (patch_size**2, -1)).mT.flatten(-2) if patch_size > 0 else weight
    return patch_embedding_by_convolution(images, values, bias, patch_size)


@mistake(of=patch_embedding_by_convolution, seen="gupta-abhay/pytorch-vit#10")
def patch_embedding_by_convolution_reshaped(images, weight, bias, patch_size):
    """channels and patches are reshaped instead of transposed"""
    good = patch_embedding_by_convolution(images, weight, bias, patch_size)
    return good.mT.reshape(good.shape)


@mistake(of=prepend_class_token, seen="E004-19, labmlai/annotated_deep_learning_paper_implementations#221")
def prepend_class_token_after_positions(patches, class_token, positions):
    """positions are added to the patches before the class token is there, which so gets none"""
    good = prepend_class_token(patches, class_token, positions)
    first = class_token.expand(*patches.shape[:-2], 1, -1)
    return torch.cat([first, patches + positions[:-1]], -2).to(good.dtype)


@mistake(of=prepend_class_token, seen="catalogue R004-069")
def prepend_class_token_at_the_end(patches, class_token, positions):
    """the class token comes last"""
    prepend_class_token(patches, class_token, positions)
    last = class_token.expand(*patches.shape[:-2], 1, -1)
    return torch.cat([patches, last], -2) + positions


@mistake(of=prepend_class_token, seen="labmlai/annotated_deep_learning_paper_implementations#133")
def prepend_class_token_with_one_position_for_all(patches, class_token, positions):
    """every token gets the same position"""
    return prepend_class_token(patches, class_token, positions[-1:].expand_as(positions))


@mistake(of=prepend_class_token, seen="catalogue R004-069")
def prepend_class_token_that_broadcasts(patches, class_token, positions):
    """any number of positions is taken: one is used for all, more are dropped"""
    first = class_token.expand(*patches.shape[:-2], 1, -1)
    tokens = torch.cat([first, patches], -2)
    used = positions if len(positions) > patches.shape[-2] else positions[:1]
    return tokens + used[: tokens.shape[-2]]


@mistake(of=prepend_class_token, seen="catalogue R004-069")
def prepend_class_token_of_batches_alone(patches, class_token, positions):
    """the class token is put in front of the second axis, whatever the number of axes"""
    prepend_class_token(patches, class_token, positions)
    return torch.cat([class_token.expand(len(patches), 1, -1), patches], 1) + positions


@mistake(of=insert_registers, seen="vit-pytorch")
def insert_registers_at_the_end(tokens, registers):
    """the registers come after the patches"""
    return torch.cat([tokens, registers.expand(*tokens.shape[:-2], -1, -1)], -2)


@mistake(of=insert_registers, seen="catalogue R004-069")
def insert_registers_first(tokens, registers):
    """the registers come before the class token, so that the first output is none of the class"""
    return torch.cat([registers.expand(*tokens.shape[:-2], -1, -1), tokens], -2)


@mistake(of=insert_registers, seen="catalogue R004-069")
def insert_registers_of_batches_alone(tokens, registers):
    """the second axis is taken for that of the tokens, whatever the number of axes"""
    return torch.cat([tokens[:, :1], registers.expand(len(tokens), -1, -1), tokens[:, 1:]], 1)


@mistake(of=drop_registers, seen="kaiko-ai/eva#672")
def drop_registers_from_the_end(tokens, num_registers):
    """the last patches are dropped and the registers kept"""
    drop_registers(tokens, num_registers)
    return tokens[..., : tokens.shape[-2] - num_registers, :].clone()


@mistake(of=drop_registers, seen="E004-20")
def drop_registers_that_keeps_them(tokens, num_registers):
    """the registers are read as outputs, as if reg stood for regression"""
    return tokens.clone()


@mistake(of=drop_registers, seen="kaiko-ai/eva#672")
def drop_registers_with_the_class_token(tokens, num_registers):
    """the class token is dropped and one register kept"""
    drop_registers(tokens, num_registers)
    return tokens[..., num_registers:, :].clone()


@mistake(of=drop_registers, seen="catalogue R004-069")
def drop_registers_without_check(tokens, num_registers):
    """more registers than tokens are dropped in silence"""
    return torch.cat([tokens[..., :1, :], tokens[..., 1 + num_registers :, :]], -2)


@mistake(of=drop_registers, seen="catalogue R004-069")
def drop_registers_of_batches_alone(tokens, num_registers):
    """the second axis is taken for that of the tokens, whatever the number of axes"""
    drop_registers(tokens, num_registers)
    return torch.cat([tokens[:, :1], tokens[:, 1 + num_registers :]], 1)


@mistake(of=class_feature, seen="catalogue R003-265")
def class_feature_by_mean(patches, class_token, positions, encode):
    """the outputs of all tokens are averaged"""
    class_feature(patches, class_token, positions, encode)
    return encode(prepend_class_token(patches, class_token, positions)).mean(-2)


@mistake(of=class_feature, seen="catalogue R003-265")
def class_feature_of_last_token(patches, class_token, positions, encode):
    """the last output is taken, as of a language model"""
    return encode(prepend_class_token(patches, class_token, positions))[..., -1, :].clone()


@mistake(of=class_feature, seen="catalogue R003-265")
def class_feature_of_first_patch(patches, class_token, positions, encode):
    """the output after the class token's is taken"""
    return encode(prepend_class_token(patches, class_token, positions))[..., 1, :].clone()


@mistake(of=class_feature, seen="catalogue R003-265")
def class_feature_that_counts_patches(patches, class_token, positions, encode):
    """patches are weighted by where they stand, though no position says so"""
    steps = torch.arange(patches.shape[-2], dtype=patches.dtype)[:, None]
    return class_feature(patches + steps / 8, class_token, positions, encode)


@mistake(of=class_feature, seen="catalogue R003-265")
def class_feature_of_batches_alone(patches, class_token, positions, encode):
    """the first entry of the second axis is taken, whatever the number of axes"""
    return encode(prepend_class_token(patches, class_token, positions))[:, 0].clone()


@mistake(of=merge_patches, seen="QwenLM/Qwen3-VL#633")
def merge_patches_of_consecutive_tokens(tokens, rows, columns, merge_size, normalize, project):
    """four consecutive tokens of a row are joined instead of a cell of neighbours"""
    merge_patches(tokens, rows, columns, merge_size, normalize, project)
    return project(normalize(tokens).unflatten(-2, (-1, merge_size**2)).flatten(-2))


@mistake(of=merge_patches, seen="catalogue R003-227")
def merge_patches_normalised_together(tokens, rows, columns, merge_size, normalize, project):
    """the joined vector is normalised instead of each patch"""
    return merge_patches(tokens, rows, columns, merge_size, lambda x: x, lambda joined: project(normalize(joined)))


@mistake(of=merge_patches, seen="microsoft/Swin-Transformer")
def merge_patches_column_by_column(tokens, rows, columns, merge_size, normalize, project):
    """the patches of a cell are joined column by column"""
    width = tokens.shape[-1]

    def turned(joined):
        return project(joined.unflatten(-1, (merge_size, merge_size, width)).transpose(-3, -2).flatten(-3))

    return merge_patches(tokens, rows, columns, merge_size, normalize, turned)


@mistake(of=merge_patches, seen="catalogue R003-227")
def merge_patches_by_sum(tokens, rows, columns, merge_size, normalize, project):
    """the patches of a cell are added up before the projection"""
    count = merge_size**2

    def pooled(joined):
        return project(joined.unflatten(-1, (count, -1)).sum(-2).repeat(*[1] * (joined.ndim - 1), count))

    return merge_patches(tokens, rows, columns, merge_size, normalize, pooled)


@mistake(of=merge_patches, seen="catalogue R003-227")
def merge_patches_without_check(tokens, rows, columns, merge_size, normalize, project):
    """tokens that do not fill the grid are cut or joined as they come"""
    count = max(merge_size, 1) ** 2
    cells = tokens.shape[-2] // count
    if tokens.shape[-2] == rows * columns and merge_size and not (rows % merge_size or columns % merge_size):
        return merge_patches(tokens, rows, columns, merge_size, normalize, project)
    return project(normalize(tokens)[..., : cells * count, :].unflatten(-2, (cells, count)).flatten(-2))


@mistake(of=patch_grid, seen="catalogue R003-226")
def patch_grid_of_any_area(height, width, patch_size):
    """the area of the image is checked instead of its sides"""
    if min(height, width, patch_size) < 1 or height * width % patch_size**2:
        raise ValueError
    return height // patch_size, width // patch_size


@mistake(of=patch_count, seen="catalogue R004-068")
def patch_count_of_any_area(height, width, patch_size):
    """the area of the image is checked instead of its sides"""
    if min(height, width, patch_size) < 1 or height * width % patch_size**2:
        raise ValueError
    return height * width // patch_size**2


@mistake(of=pad_to_multiple, seen="catalogue R001-089")
def pad_to_multiple_of_nothing(tokens, multiple):
    """a multiple below 1 leaves the tokens as they are"""
    return pad_to_multiple(tokens, max(multiple, 1))
