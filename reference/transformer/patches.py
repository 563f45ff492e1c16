"""Images as sequences of patches, and what is prepended, appended and merged on the way through a vision transformer.

Patches are numbered row by row. Within a patch the channel varies slowest: (channel, row, column), as in the weight of
a convolution.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import conv2d, linear


def patch_grid(height: int, width: int, patch_size: int) -> tuple[int, int]:
    """Rows and columns of patches in an image, or of cells in a grid of patches.

        rows = height / patch_size,   columns = width / patch_size

    Domain: positive sizes, both multiples of the patch size; else ValueError.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, section 3.1.
    Notes: R003-226.
    """
    if min(height, width, patch_size) < 1 or height % patch_size or width % patch_size:
        raise ValueError(f"patches of side {patch_size} do not tile {height} x {width}")
    return height // patch_size, width // patch_size


def patch_count(height: int, width: int, patch_size: int) -> int:
    """Number of patches in an image.

        N = H W / P^2

        >>> patch_count(224, 224, 16), patch_count(1000, 1000, 50)
        (196, 400)

    Domain: as `patch_grid`.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, section 3.1.
    Notes: R003-226, R004-068.
    """
    rows, columns = patch_grid(height, width, patch_size)
    return rows * columns


def padding_to_multiple(length: int, multiple: int) -> int:
    """Number of tokens that are missing from a multiple.

        n = (-length) mod multiple,   so that 0 <= n < multiple

    Domain: length >= 0, multiple >= 1; else ValueError. 0 if the length is a multiple already.
    Source: Han et al. 2024 (Infinity), arXiv:2412.04431, code (`need_to_pad`).
    Differs: multiple - length mod multiple, often met, pads a whole multiple where nothing is missing: the windows of
    Qwen2.5-VL do, and drop the empty ones later.
    Notes: R001-089.
    """
    if length < 0 or multiple < 1:
        raise ValueError(f"there is no padding of {length} tokens to a multiple of {multiple}")
    return -length % multiple


def pad_to_multiple(
    tokens: Float[Tensor, "*batch tokens channels"], multiple: int
) -> tuple[Float[Tensor, "*batch padded channels"], Bool[Tensor, "padded"]]:
    """Tokens with zeros appended up to a multiple, and the mask of the keys: True where a token was.

        out = [x, 0, ..., 0],   mask = [True, ..., True, False, ..., False]

    As long as no query attends to a masked key, the first outputs of attention are those without padding. The padded
    queries attend to the same keys as the others, so that no row is empty.

    Domain: multiple >= 1; else ValueError.
    Source: Han et al. 2024 (Infinity), arXiv:2412.04431, code (`need_to_pad`).
    Notes: R001-089.
    """
    *batch, length, channels = tokens.shape
    missing = padding_to_multiple(length, multiple)
    mask = torch.arange(length + missing, device=tokens.device) < length
    return torch.cat([tokens, tokens.new_zeros(*batch, missing, channels)], -2), mask


def patchify(
    images: Float[Tensor, "*batch channels height width"], patch_size: int
) -> Float[Tensor, "*batch patches values"]:
    """Patches of an image, row by row, each flattened.

        out[r W/P + c, (k P + i) P + j] = x[k, r P + i, c P + j]

    Domain: height and width are multiples of the patch size; else ValueError.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, section 3.1; Li et al. 2024 (MAR), arXiv:2406.11838, code.
    Differs: MAE, vit-pytorch and the output of DiT let the channel vary fastest, (i P + j) C + k. A linear layer takes
    up the permutation, but trained weights fit one order only.
    Notes: R001-132, R003-176, R003-264, R004-068.
    """
    *batch, channels, height, width = images.shape
    rows, columns = patch_grid(height, width, patch_size)
    cells = images.reshape(*batch, channels, rows, patch_size, columns, patch_size)
    patches = cells.movedim((-4, -2), (-5, -4)).clone(memory_format=torch.contiguous_format)
    return patches.flatten(-5, -4).flatten(-3)


def unpatchify(
    patches: Float[Tensor, "*batch patches values"], height: int, width: int, patch_size: int
) -> Float[Tensor, "*batch channels height width"]:
    """Image of the given patches: the inverse of `patchify`.

        x[k, r P + i, c P + j] = patches[r W/P + c, (k P + i) P + j]

    Domain: H W / P^2 patches, H and W multiples of P; else ValueError. C P^2 values each; torch refuses others.
    Source: Li et al. 2024 (MAR), arXiv:2406.11838, code (`unpatchify`).
    Differs: as `patchify`.
    Notes: R001-132, R003-176.
    """
    rows, columns = patch_grid(height, width, patch_size)
    *batch, count, values = patches.shape
    if count != rows * columns:
        raise ValueError(f"{rows} x {columns} patches were expected; got {count}")
    cells = patches.reshape(*batch, rows, columns, values // patch_size**2, patch_size, patch_size)
    images = cells.movedim((-5, -4), (-4, -2)).clone(memory_format=torch.contiguous_format)
    return images.flatten(-4, -3).flatten(-2)


def patch_embedding(
    images: Float[Tensor, "batch channels height width"],
    weight: Float[Tensor, "embedding values"],
    bias: Float[Tensor, "embedding"],
    patch_size: int,
) -> Float[Tensor, "batch patches embedding"]:
    """Embedding of each patch by one matrix.

        out_n = W patch_n + b,   W of shape (D, C P^2)

    Domain: as `patchify`.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, eq. 1.
    Notes: R003-176, R003-264, R004-068.
    """
    return linear(patchify(images, patch_size), weight, bias)


def patch_embedding_by_convolution(
    images: Float[Tensor, "batch channels height width"],
    weight: Float[Tensor, "embedding values"],
    bias: Float[Tensor, "embedding"],
    patch_size: int,
) -> Float[Tensor, "batch patches embedding"]:
    """Embedding of each patch by a convolution whose kernel and stride are the patch: equal to `patch_embedding`.

        out[:, r, c] = b + sum_{k, i, j} K[:, k, i, j] x[k, r P + i, c P + j],   K = W as (D, C, P, P)

    Domain: height and width are multiples of the patch size; else ValueError, where a convolution would drop the rest.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, code.
    Notes: R003-176, R003-264, R004-068.
    """
    _, _, height, width = images.shape
    patch_grid(height, width, patch_size)
    kernel = weight.reshape(len(weight), -1, patch_size, patch_size)
    return conv2d(images, kernel, bias, stride=patch_size).flatten(2).mT


def prepend_class_token(
    patches: Float[Tensor, "*batch patches channels"],
    class_token: Float[Tensor, "channels"],
    positions: Float[Tensor, "tokens channels"],
) -> Float[Tensor, "*batch tokens channels"]:
    """Input of a vision transformer: the class token is prepended first, then all N + 1 positions are added.

        z_0 = [x_class; x_1 E; ...; x_N E] + E_pos,   E_pos of shape (N + 1, D)

    Domain: one position more than patches; else ValueError. The class token is shared by the batch.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, eq. 1.
    Differs: timm's `no_embed_class` adds N positions to the patches alone.
    Notes: R004-069.
    """
    if len(positions) != patches.shape[-2] + 1:
        raise ValueError(f"{patches.shape[-2]} patches and a class token need a position each; got {len(positions)}")
    first = class_token.expand(*patches.shape[:-2], 1, -1)
    return torch.cat([first, patches], -2) + positions


def insert_registers(
    tokens: Float[Tensor, "*batch tokens channels"], registers: Float[Tensor, "registers channels"]
) -> Float[Tensor, "*batch more channels"]:
    """Tokens with register tokens after the class token: learned, without a position, and discarded at the end.

        out = [z_class; r_1; ...; r_R; z_1; ...; z_N]

    Domain: the first token is the class token; positions have been added.
    Source: Darcet et al. 2023, arXiv:2309.16588, section 2.2; order of DINOv2's code and timm.
    Differs: vit-pytorch appends them after the patches.
    Notes: R004-069.
    """
    between = registers.expand(*tokens.shape[:-2], -1, -1)
    return torch.cat([tokens[..., :1, :], between, tokens[..., 1:, :]], -2)


def drop_registers(
    tokens: Float[Tensor, "*batch tokens channels"], num_registers: int
) -> Float[Tensor, "*batch fewer channels"]:
    """Outputs at the class token and the patches: what is left without the register tokens.

        out = [z_class; z_1; ...; z_N]

    Domain: 0 <= num_registers < tokens; else ValueError.
    Source: Darcet et al. 2023, arXiv:2309.16588, section 2.2; order of DINOv2's code and timm.
    Notes: R004-069.
    """
    if not 0 <= num_registers < tokens.shape[-2]:
        raise ValueError(f"there are no {num_registers} registers beside the class token in {tokens.shape[-2]} tokens")
    return torch.cat([tokens[..., :1, :], tokens[..., 1 + num_registers :, :]], -2)


def class_feature(
    patches: Float[Tensor, "*batch patches channels"],
    class_token: Float[Tensor, "channels"],
    positions: Float[Tensor, "tokens channels"],
    encode: Callable[[Tensor], Tensor],
) -> Float[Tensor, "*batch channels"]:
    """Feature of an image: the encoder's output at the class token.

        out = encode([x_class; x_1 E; ...; x_N E] + E_pos)_0

    If the encoder treats tokens alike and the patches' positions are equal, the order of the patches does not matter.

    Domain: as `prepend_class_token`; `encode` maps tokens to as many outputs.
    Source: Dosovitskiy et al. 2020 (ViT), arXiv:2010.11929, eqs. 1 and 4, without the last norm.
    Notes: R003-265.
    """
    return encode(prepend_class_token(patches, class_token, positions))[..., 0, :].clone()


def merge_patches(
    tokens: Float[Tensor, "*batch tokens channels"],
    rows: int,
    columns: int,
    merge_size: int,
    normalize: Callable[[Tensor], Tensor],
    project: Callable[[Tensor], Tensor],
) -> Float[Tensor, "*batch cells merged"]:
    """One token for each cell of m x m neighbouring patches, by way of their concatenation.

        out[R, C] = project([norm(x_{m R, m C}), norm(x_{m R, m C + 1}), ..., norm(x_{m R + m - 1, m C + m - 1})])

    Each patch is normalised by itself. The joined vector has m^2 channels' worth of values, patches row by row.

    Domain: m divides rows and columns; else ValueError. rows x columns tokens, row by row; torch refuses other numbers.
    Frames of a video are a batch.
    Source: Wang et al. 2024 (Qwen2-VL), arXiv:2409.12191, section 2.1 and code (`PatchMerger`).
    Differs: that code joins four consecutive tokens, as its image processor has put them in `merge_order`. Swin joins
    the patches of a cell column by column, and normalises after joining.
    Notes: R003-226, R003-227.
    """
    high, wide = patch_grid(rows, columns, merge_size)
    *batch, _, channels = tokens.shape
    cells = normalize(tokens).reshape(*batch, high, merge_size, wide, merge_size, channels).transpose(-4, -3)
    return project(cells.flatten(-5, -4).flatten(-3))
