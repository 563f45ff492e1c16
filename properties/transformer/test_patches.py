"""Laws of `reference.transformer.patches`."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import avg_pool2d

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals

# Side of a patch, rows and columns of patches: the last tiles an image by itself.
GRIDS = [(2, 2, 3), (1, 3, 2), (3, 1, 1)]
UNTILED = [(6, 4, 4), (4, 6, 4), (2, 8, 4), (4, 6, 0), (0, 4, 2), (4, 0, 2), (-4, 4, 2), (4, 4, -2)]


def _cells(images, side):
    """The patches of an image, row by row, each as an image of its own."""
    rows = images.split(side, -2)
    return [cell for row in rows for cell in row.split(side, -1)]


@pytest.mark.parametrize(("side", "rows", "columns"), GRIDS)
def test_patch_count_equals_number_of_corners(patch_count, patch_grid, side, rows, columns):
    """There are as many patches, rows and columns as multiples of the side inside the image."""
    height, width = rows * side, columns * side
    corners = list(itertools.product(range(0, height, side), range(0, width, side)))
    assert_equal(patch_count(height, width, side), len(corners))
    assert_equal(patch_grid(height, width, side), (rows, columns))


@pytest.mark.parametrize(("height", "width", "side"), UNTILED)
def test_patch_count_rejects_what_patches_do_not_tile(patch_count, patch_grid, height, width, side):
    """Both sizes of the image are positive multiples of the patch size."""
    assert_rejects(patch_count, height, width, side)
    assert_rejects(patch_grid, height, width, side)


@given(length=st.integers(0, 40), multiple=st.integers(1, 9))
def test_padding_to_multiple_equals_least_number_that_completes(padding_to_multiple, length, multiple):
    """It is the least n >= 0 for which length + n is a multiple; of a multiple, 0 among them, none is missing."""
    least = next(number for number in itertools.count() if (length + number) % multiple == 0)
    assert_equal(padding_to_multiple(length, multiple), least)
    assert_equal(padding_to_multiple(length * multiple, multiple), 0)
    assert_equal(padding_to_multiple(length * multiple + 1, multiple), multiple - 1)


@pytest.mark.parametrize(("length", "multiple"), [(-1, 4), (5, 0), (5, -4)])
def test_padding_to_multiple_rejects_negative_numbers(padding_to_multiple, pad_to_multiple, length, multiple):
    """A length is not negative, and a multiple is positive."""
    assert_rejects(padding_to_multiple, length, multiple)
    if length > 0:
        assert_rejects(pad_to_multiple, torch.ones(2, length, 3, dtype=torch.float64), multiple)


@pytest.mark.parametrize("multiple", [1, 3, 4, 5, 7])
@given(tokens=dyadics(-16, 16, 2, 5, 3, grid=16))
def test_pad_to_multiple_preserves_attention(pad_to_multiple, tokens, multiple):
    """With the padding masked as keys, the first outputs of attention are those without padding, and none is NaN."""
    padded, mask = pad_to_multiple(tokens, multiple)
    size = -(-5 // multiple) * multiple
    assert_equal(mask, [True] * 5 + [False] * (size - 5))
    assert_equal(padded[:, :5], tokens)
    assert_equal(pad_to_multiple(tokens[0], multiple)[0], padded[0])
    assert_equal(padded[:, 5:], torch.zeros(2, size - 5, 3))
    padded = padded.double()
    scores = (padded @ padded.mT).masked_fill(~mask, -torch.inf)
    expected = (tokens @ tokens.mT).softmax(-1) @ tokens
    assert_close((scores.softmax(-1) @ padded)[:, :5], expected, 1)


@pytest.mark.parametrize(("side", "rows", "columns"), GRIDS)
@given(images=normals(2, 3, 6, 6))
def test_patchify_equals_slices_of_the_image(patchify, images, side, rows, columns):
    """Patch n is the square at row n // columns and column n mod columns, flattened channel by channel, row by row."""
    images = images[..., : rows * side, : columns * side]
    assert_equal(patchify(images, side), torch.stack([cell.flatten(1) for cell in _cells(images, side)], 1))


@pytest.mark.parametrize(("side", "rows", "columns"), GRIDS)
@given(patches=normals(2, 6, 27))
def test_unpatchify_inverts_patchify(unpatchify, patchify, patches, side, rows, columns):
    """The squares of the image are the patches it was made of, and both ways round nothing changes."""
    patches = patches[:, : min(6, rows * columns), : 3 * side**2].repeat(1, 3, 1)[:, : rows * columns]
    image = unpatchify(patches, rows * side, columns * side, side)
    assert_equal(tuple(image.shape), (2, 3, rows * side, columns * side))
    assert_equal(unpatchify(patches[1], rows * side, columns * side, side), image[1])
    assert_equal(torch.stack([cell.flatten(1) for cell in _cells(image, side)], 1), patches)
    assert_equal(patchify(image, side), patches)


@pytest.mark.parametrize(("height", "width", "side"), UNTILED)
def test_patchify_rejects_what_patches_do_not_tile(
    patchify, patch_embedding, patch_embedding_by_convolution, height, width, side
):
    """A rest at the right or at the bottom is not dropped."""
    images = torch.ones(2, 3, max(height, 0), max(width, 0), dtype=torch.float64)
    weight, bias = torch.ones(5, 3 * side**2, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    if min(height, width) >= 0:
        assert_rejects(patchify, images, side)
        assert_rejects(patch_embedding, images, weight, bias, side)
        assert_rejects(patch_embedding_by_convolution, images, weight, bias, side)


@pytest.mark.parametrize(
    ("count", "values", "height", "width"), [(5, 12, 4, 6), (7, 12, 4, 6), (4, 6, 4, 6), (6, 6, 4, 6), (6, 12, 4, 5)]
)
def test_unpatchify_rejects_patches_of_another_image(unpatchify, count, values, height, width):
    """The number of patches is that of the image, and their size a multiple of the patch's area."""
    assert_rejects(unpatchify, torch.ones(2, count, values, dtype=torch.float64), height, width, 2)


@pytest.mark.parametrize(("side", "rows", "columns"), GRIDS)
@given(
    images=dyadics(-32, 32, 2, 3, 6, 6, grid=16),
    weight=dyadics(-32, 32, 5, 27, grid=16),
    bias=dyadics(-32, 32, 5, grid=16),
)
def test_patch_embedding_equals_inner_products(
    patch_embedding, patch_embedding_by_convolution, images, weight, bias, side, rows, columns
):
    """Each output is the bias and the inner product of a patch and a kernel, by matrix as by convolution."""
    images, weight = images[..., : rows * side, : columns * side], weight[:, : 3 * side**2]
    kernels = weight.reshape(5, 3, side, side)
    products = [torch.tensordot(cell, kernels, ([1, 2, 3], [1, 2, 3])) for cell in _cells(images, side)]
    expected = torch.stack(products, 1) + bias
    size = 2 + 4 * 3 * side**2
    assert_close(patch_embedding(images, weight, bias, side), expected, size)
    assert_close(patch_embedding_by_convolution(images, weight, bias, side), expected, size)


@given(patches=normals(2, 3, 5), class_token=normals(5), positions=normals(4, 5))
def test_prepend_class_token_equals_sums_of_rows(prepend_class_token, patches, class_token, positions):
    """Position 0 is added to the class token, and position n to patch n."""
    first = (class_token + positions[0]).expand(2, 1, 5)
    rest = torch.stack([patches[:, n] + positions[n + 1] for n in range(3)], 1)
    expected = torch.cat([first, rest], 1)
    assert_close(prepend_class_token(patches, class_token, positions), expected, 8)
    assert_close(prepend_class_token(patches[0], class_token, positions), expected[0], 8)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_prepend_class_token_rejects_other_numbers_of_positions(prepend_class_token, class_feature, count):
    """Three patches need four positions."""
    patches, class_token = torch.ones(2, 3, 3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    positions = torch.ones(count, 3, dtype=torch.float64)
    assert_rejects(prepend_class_token, patches, class_token, positions)
    assert_rejects(class_feature, patches, class_token, positions, lambda tokens: tokens)


@pytest.mark.parametrize("count", [0, 1, 2])
@given(tokens=normals(2, 5, 3), registers=normals(2, 3))
def test_insert_registers_follows_the_class_token(insert_registers, drop_registers, tokens, registers, count):
    """Class token, registers, patches; without the registers again the tokens are as before."""
    registers = registers[:count]
    rows = [tokens[:, 0], *(row.expand(2, 3) for row in registers), *tokens.unbind(1)[1:]]
    more = torch.stack(rows, 1)
    assert_equal(insert_registers(tokens, registers), more)
    assert_equal(drop_registers(more, count), tokens)
    assert_equal(insert_registers(tokens[0], registers), more[0])
    assert_equal(drop_registers(more[0], count), tokens[0])


@pytest.mark.parametrize("count", [-1, 3, 4])
def test_drop_registers_rejects_impossible_numbers(drop_registers, count):
    """Of three tokens one is the class token, so that two may be registers."""
    tokens = torch.arange(18, dtype=torch.float64).reshape(2, 3, 3)
    assert_rejects(drop_registers, tokens, count)
    assert_equal(drop_registers(tokens, 2), tokens[:, :1])


@given(patches=normals(2, 4, 3), class_token=normals(3), positions=normals(5, 3))
def test_class_feature_equals_first_output(class_feature, patches, class_token, positions):
    """An encoder that hands its tokens back in reverse makes the last patch, with its position, the feature."""
    feature = class_feature(patches, class_token, positions, lambda tokens: tokens.flip(-2))
    assert_close(feature, patches[:, 3] + positions[4], 8)
    alone = class_feature(patches[0], class_token, positions, lambda tokens: tokens.flip(-2))
    assert_close(alone, patches[0, 3] + positions[4], 8)


@given(
    patches=dyadics(-16, 16, 2, 4, 3, grid=16),
    class_token=dyadics(-16, 16, 3, grid=16),
    shift=dyadics(-16, 16, 2, 3, grid=16),
    order=st.permutations(range(4)),
)
def test_class_feature_is_invariant_to_order_of_patches(class_feature, patches, class_token, shift, order):
    """Attention without positions that tell patches apart sees a set of patches."""
    first, others = class_token + shift[0], patches + shift[1]
    tokens = torch.cat([first.expand(2, 1, 3), others], 1)
    expected = ((tokens @ first).softmax(-1)[..., None] * tokens).sum(1)
    positions = shift[[0, 1, 1, 1, 1]]
    feature = class_feature(patches[:, order], class_token, positions, lambda x: (x @ x.mT).softmax(-1) @ x)
    assert_close(feature, expected, 1 + 2 * 12 * 2, roundings=4)


@given(images=dyadics(-64, 64, 2, 3, 4, 6, grid=16))
def test_merge_patches_reduces_to_average_pool_for_the_mean(merge_patches, images):
    """A projection that takes the mean of the joined patches is 2 x 2 average pooling of the grid."""
    merged = merge_patches(
        images.flatten(2).mT, 4, 6, 2, lambda tokens: tokens, lambda joined: joined.unflatten(-1, (4, 3)).mean(-2)
    )
    assert_close(merged, avg_pool2d(images, 2).flatten(2).mT, 4)


@pytest.mark.parametrize(("side", "rows", "columns"), [(2, 2, 3), (1, 3, 2), (3, 1, 2)])
@given(tokens=dyadics(-64, 64, 2, 3, 6, 6, grid=16))
def test_merge_patches_equals_projection_of_each_cell(merge_patches, tokens, side, rows, columns):
    """The patches of a cell, row by row, are normalised one by one, joined, and then projected together."""
    images = tokens[..., : rows * side, : columns * side]
    high, wide = rows * side, columns * side

    def normalize(tokens):
        return tokens - tokens.amax(-1, keepdim=True) / 2

    def project(joined):
        return joined + joined.flip(-1) / 2 + joined.amin(-1, keepdim=True)

    cells = [[cell[:, :, y, x] for y in range(side) for x in range(side)] for cell in _cells(images, side)]
    expected = torch.stack([project(torch.cat([normalize(token) for token in cell], -1)) for cell in cells], 1)
    tokens = images.flatten(2).mT
    assert_close(merge_patches(tokens, high, wide, side, normalize, project), expected, 32)
    assert_close(merge_patches(tokens[1], high, wide, side, normalize, project), expected[1], 32)


@pytest.mark.parametrize(
    ("tokens", "rows", "columns", "side"), [(24, 4, 6, 4), (24, 6, 4, 4), (24, 4, 6, 0), (23, 4, 6, 2), (48, 4, 6, 2)]
)
def test_merge_patches_rejects_other_grids(merge_patches, tokens, rows, columns, side):
    """The tokens fill the grid, and cells tile it."""
    identity = [lambda tokens: tokens] * 2
    assert_rejects(merge_patches, torch.ones(2, tokens, 3, dtype=torch.float64), rows, columns, side, *identity)
